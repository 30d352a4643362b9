/* stages/prepare/bin.c -- activity in frames of the width that the analysis wants.
 *
 * Spikes become counts: count(i, b) = number of spikes of neuron i in [start + b D, start + (b + 1) D), in bins of D seconds that lie
 * whole inside an observed interval; every observed interval is a segment of the recording. Rule `paper` repeats the published
 * bins: from the earliest spike of all on, bin = round-half-to-even(t / D), one segment (methods S1).
 * Frames become wider frames: the mean (or sum) of w frames side by side, within segments, where w is the whole number next to the
 * width asked for; more than 1 % from it is an error, for nobody asked for that width. Rule `paper` joins them as if there were one segment.
 * What is dropped at the ends of intervals and segments is reported. Cost: one pass over spikes or samples. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "numeric/binning.h"
#include "rumble/parallel.h"
#include "rumble/stage.h"
#include "rumble/units.h"

struct settings {
	double rate, width; /* NaN: not set; exactly one is */
	const char *rule, *how;
};

static const struct rmb_param params[] = {
	{ .name = "rate", .kind = RMB_REAL, .at = offsetof(struct settings, rate), .def = "none", .none = true, .unit = "Hz",
	  .min = 1e-6, .max = 1e6, .help = "frames per second wanted (or give width)" },
	{ .name = "width", .kind = RMB_REAL, .at = offsetof(struct settings, width), .def = "none", .none = true, .unit = "s",
	  .min = 1e-6, .max = 1e6, .help = "length of a frame wanted (or give rate)" },
	{ .name = "rule", .kind = RMB_WORD, .at = offsetof(struct settings, rule), .def = "floor", .words = "floor|paper",
	  .help = "bins from the start of each observed interval or segment, or the published ones, which run on through all of them" },
	{ .name = "how", .kind = RMB_WORD, .at = offsetof(struct settings, how), .def = "mean", .words = "mean|sum",
	  .help = "frames: mean or sum of those that are joined; spikes are always counted" },
	{ 0 },
};

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING | RMB_SPIKES, .help = "spikes to count, or activity in narrower frames" },
	{ 0 },
};

static const struct rmb_port out[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "activity in frames" },
	{ 0 },
};

enum { ROWS = 16, READ = 16384 }; /* neurons in a piece of work; frames read at a time */

static double
wanted_width(const struct settings *set)
{
	return isnan(set->width) ? 1 / set->rate : set->width;
}

/* What both kinds of input share: who is binned into how many frames, and where each thread works. */
struct job {
	struct rmb_call *call;
	int64_t nneurons, nframes;
	float *row;             /* [thread][nframes] */
	/* spikes */
	const struct rmb_spikes *spikes;
	const struct rmb_binning *binning;
	int64_t *counted;       /* [thread] */
	/* frames */
	const struct rmb_recording *recording;
	int64_t factor, joined; /* frames of a bin; bins made at a time */
	bool sum;
	double *wide, *narrow;  /* [thread][joined], [thread][joined * factor] */
};

static int
job_run(struct job *job, int (*work)(void *argument, int64_t piece, int thread))
{
	return rmb_parallel(rmb_threads(job->call), (job->nneurons + ROWS - 1) / ROWS, work, job);
}

/* The description of the samples that are about to be written. */
static struct rmb_recording
describe(const struct rmb_neurons *neurons, int64_t nframes, double rate, const int64_t *segment, const double *time, int64_t nsegments)
{
	return (struct rmb_recording){
		.neurons = *neurons, .nframes = nframes, .rate = rate, .segment = segment, .nsegments = nsegments,
		.segment_time = time, .scaling = "none", .stored_rows = neurons->n, .stored_frames = nframes,
	};
}

/* ---- spikes ------------------------------------------------------------------------------------------------------- */

static int
count_piece(void *argument, int64_t piece, int thread)
{
	struct job *job = argument;
	const struct rmb_spikes *spikes = job->spikes;
	float *row = job->row + thread * job->nframes;
	int64_t end = (piece + 1) * ROWS < job->nneurons ? (piece + 1) * ROWS : job->nneurons;
	for (int64_t i = piece * ROWS; i < end; i++) {
		int64_t first = spikes->first[i], n = spikes->first[i + 1] - first;
		memset(row, 0, (size_t)job->nframes * sizeof *row);
		if (n > 0)
			job->counted[thread] += rmb_bin_spikes(job->binning, spikes->time + first, n, row);
		int code = rmb_write_block(job->call, "recording", i, 1, 0, job->nframes, row);
		if (code)
			return code;
	}
	rmb_drop_spikes(spikes, piece * ROWS, end - piece * ROWS);
	return rmb_progress(job->call, (double)end, (double)job->nneurons);
}

/* Earliest and latest spike of all. */
static void
spike_range(const struct rmb_spikes *spikes, double *earliest, double *latest)
{
	*earliest = INFINITY;
	*latest = -INFINITY;
	for (int64_t i = 0; i < spikes->neurons.n; i++)
		if (spikes->first[i] < spikes->first[i + 1]) {
			*earliest = fmin(*earliest, spikes->time[spikes->first[i]]);
			*latest = fmax(*latest, spikes->time[spikes->first[i + 1] - 1]);
		}
}

static int
no_bin(struct rmb_call *call, const struct rmb_spikes *spikes, double width, double observed)
{
	char bin[32], together[32];
	rmb_quantity_print(width, "s", bin, sizeof bin);
	rmb_quantity_print(observed, "s", together, sizeof together);
	if (!(observed > 0))
		return rmb_fail(call, RMB_EDATA, "no bin of %s fits: the spikes of '%s' span no time; give `window` where it is loaded", bin,
		                rmb_recording_name(call));
	return rmb_fail(call, RMB_EDATA, "no bin of %s fits into the observed time of '%s' (%s in all; intervals: %" PRId64 "); choose a smaller "
	                "width, or give `window` where it is loaded", bin, rmb_recording_name(call), together, spikes->nobserved);
}

/* The bins under the rule asked for; *rest becomes the time that belongs to no bin. */
static int
lay_bins(struct rmb_call *call, const struct rmb_spikes *spikes, struct rmb_binning *binning, double *rest)
{
	const struct settings *set = rmb_settings(call);
	double width = wanted_width(set), earliest, latest;
	const double *observed = spikes->observed;
	struct rmb_bins *run = rmb_scratch(call, (size_t)spikes->nobserved, sizeof *run);
	if (!run)
		return RMB_ELIMIT;
	if (spikes->nspikes == 0 || spikes->nobserved == 0)
		return rmb_fail(call, RMB_EDATA, "'%s' holds no spikes: there is nothing to count", rmb_recording_name(call));
	spike_range(spikes, &earliest, &latest);
	double span = fmax(latest, observed[2 * spikes->nobserved - 1]) - fmin(earliest, observed[0]);
	if (span / width > 0x1p40)
		return rmb_fail(call, RMB_ELIMIT, "%g bins of %g s would be needed for the %g s of '%s'; choose a larger width, and look at the "
		                "unit of the spike times", span / width, width, span, rmb_recording_name(call));
	*rest = 0;
	if (strcmp(set->rule, "paper") == 0 && spikes->nobserved > 1)
		rmb_warn(call, "rule paper: bins run on through the gaps between the %" PRId64 " observed intervals of '%s', and count 0 there",
		         spikes->nobserved, rmb_recording_name(call));
	if (strcmp(set->rule, "paper") == 0)
		*binning = rmb_bins_published(earliest, latest, width, run);
	else
		*binning = rmb_bins_observed(observed, spikes->nobserved, width, run, rest);
	return binning->nbins ? 0 : no_bin(call, spikes, width, *rest);
}

/* A matrix that the disk cannot hold is refused with what makes it so large; where space is claimed only its size is known. */
static int
check_room(struct rmb_call *call, const struct rmb_binning *binning, int64_t nneurons)
{
	double size = (double)sizeof(float) * (double)nneurons * (double)binning->nbins, room = rmb_free_disk(call);
	char width[32], needs[32], has[32];
	if (!(size > room))
		return 0;
	rmb_quantity_print(binning->width, "s", width, sizeof width);
	rmb_quantity_print(size, "B", needs, sizeof needs);
	rmb_quantity_print(room, "B", has, sizeof has);
	return rmb_fail(call, RMB_EOUTPUT, "bins of %s over the %.6g s of '%s' make %" PRId64 " frames for each of its neurons (%" PRId64 "), in all %s; %s is "
	                "free: choose a larger width, load a part with `window`, or look at the unit of the spike times (`clock`)", width,
	                (double)binning->nbins * binning->width, rmb_recording_name(call), binning->nbins, nneurons, needs, has);
}

static void
warn_uncounted(struct rmb_call *call, const struct job *job, double rest)
{
	int64_t counted = 0, n = job->spikes->nspikes;
	char width[32], left[32];
	for (int t = 0; t < rmb_threads(call); t++)
		counted += job->counted[t];
	rmb_quantity_print(job->binning->width, "s", width, sizeof width);
	rmb_quantity_print(rest, "s", left, sizeof left);
	if (counted == n)
		return;
	if (rest > 1e-9 * job->binning->width)
		rmb_warn(call, "spikes dropped because they lie in no whole bin: %" PRId64 " of %" PRId64 " (bins of %s leave %s of the observed "
		         "time over)", n - counted, n, width, left);
	else
		rmb_warn(call, "spikes dropped because they lie in no whole bin: %" PRId64 " of %" PRId64 " (on the very end of the observed time, "
		         "where no bin of %s begins)", n - counted, n, width);
}

static int
bin_spikes(struct rmb_call *call, const struct rmb_spikes *spikes)
{
	const struct settings *set = rmb_settings(call);
	struct rmb_binning binning;
	double rest;
	int code = lay_bins(call, spikes, &binning, &rest);
	if (code || (code = check_room(call, &binning, spikes->neurons.n)))
		return code;
	size_t threads = (size_t)rmb_threads(call);
	int64_t *segment = rmb_scratch(call, (size_t)binning.nruns, sizeof *segment);
	double *time = rmb_scratch(call, (size_t)binning.nruns, sizeof *time);
	struct job job = { .call = call, .nneurons = spikes->neurons.n, .nframes = binning.nbins, .spikes = spikes, .binning = &binning,
		           .row = rmb_scratch(call, threads * (size_t)binning.nbins, sizeof *job.row),
		           .counted = rmb_scratch(call, threads, sizeof *job.counted) };
	if (!segment || !time || !job.row || !job.counted)
		return RMB_ELIMIT;
	for (int64_t r = 0; r < binning.nruns; r++) {
		segment[r] = binning.run[r].first;
		time[r] = binning.run[r].start - (binning.nearest ? binning.width / 2 : 0);
	}
	double rate = isnan(set->rate) ? 1 / set->width : set->rate;
	struct rmb_recording made = describe(&spikes->neurons, binning.nbins, rate, segment, time, binning.nruns);
	if (spikes->nstates) {
		int64_t *state = rmb_scratch(call, (size_t)binning.nbins, sizeof *state);
		if (!state)
			return RMB_ELIMIT;
		rmb_bin_epochs(&binning, spikes->stated, spikes->state, spikes->nstates, state);
		made.state = state;
	}
	if ((code = rmb_output_recording(call, "recording", &made)) == 0 && (code = job_run(&job, count_piece)) == 0)
		warn_uncounted(call, &job, rest);
	return code;
}

/* ---- frames ------------------------------------------------------------------------------------------------------- */

/* One row, segment by segment, a few bins at a time. */
static void
join_row(const struct job *job, int64_t i, double *narrow, double *wide, float *row)
{
	const struct rmb_recording *recording = job->recording;
	for (int64_t s = 0; s < recording->nsegments; s++) {
		int64_t nbins = rmb_segment_length(recording, s) / job->factor, start = recording->segment[s];
		for (int64_t done = 0, n; done < nbins; done += n, row += n) {
			n = nbins - done < job->joined ? nbins - done : job->joined;
			rmb_read_block_double(recording, i, 1, start + done * job->factor, n * job->factor, narrow);
			rmb_bin_frames(narrow, n, job->factor, job->sum, wide);
			for (int64_t b = 0; b < n; b++)
				row[b] = (float)wide[b];
		}
	}
}

static int
join_piece(void *argument, int64_t piece, int thread)
{
	struct job *job = argument;
	float *row = job->row + thread * job->nframes;
	int64_t first = piece * ROWS, end = first + ROWS < job->nneurons ? first + ROWS : job->nneurons;
	for (int64_t i = first; i < end; i++) {
		join_row(job, i, job->narrow + thread * job->joined * job->factor, job->wide + thread * job->joined, row);
		int code = rmb_write_block(job->call, "recording", i, 1, 0, job->nframes, row);
		if (code)
			return code;
	}
	rmb_drop_rows(job->recording, first, end - first);
	return rmb_progress(job->call, (double)end, (double)job->nneurons);
}

/* The whole number of frames to join, or 0 and a sentence that names the nearest widths. */
static int64_t
find_factor(struct rmb_call *call, const struct rmb_recording *recording)
{
	const char *name = rmb_recording_name(call);
	double width = wanted_width(rmb_settings(call)), factor = width * recording->rate;
	char frame[32], asked[32], below[32], above[32];
	if (isnan(recording->rate)) {
		rmb_fail(call, RMB_EDATA, "the frame rate of '%s' is unknown; give `rate` where it is loaded", name);
		return 0;
	}
	int64_t whole = rmb_bin_factor(factor);
	if (whole)
		return whole;
	rmb_quantity_print(1 / recording->rate, "s", frame, sizeof frame);
	rmb_quantity_print(width, "s", asked, sizeof asked);
	rmb_quantity_print(floor(factor) / recording->rate, "s", below, sizeof below);
	rmb_quantity_print(ceil(factor) / recording->rate, "s", above, sizeof above);
	if (factor < 1)
		rmb_fail(call, RMB_EDATA, "frames of %s ('%s') cannot be split into %s; the narrowest width is %s (%.6g Hz)", frame, name, asked,
		         frame, recording->rate);
	else
		rmb_fail(call, RMB_EDATA, "frames of %s ('%s') do not join to %s; the nearest widths are %s (%.6g Hz) and %s (%.6g Hz)", frame,
		         name, asked, below, recording->rate / floor(factor), above, recording->rate / ceil(factor));
	return 0;
}

/* Segments of the binned recording; those without a whole bin vanish. Returns how many; *nframes becomes the frames in all. */
static int64_t
bin_segments(const struct rmb_recording *recording, int64_t factor, int64_t *segment, double *time, int64_t *nframes)
{
	int64_t n = 0;
	*nframes = 0;
	for (int64_t s = 0; s < recording->nsegments; s++) {
		int64_t nbins = rmb_segment_length(recording, s) / factor;
		if (nbins > 0) {
			time[n] = rmb_frame_time(recording, recording->segment[s]);
			segment[n++] = *nframes;
		}
		*nframes += nbins;
	}
	return n;
}

static void
bin_states(const struct rmb_recording *recording, int64_t factor, int64_t *state)
{
	for (int64_t s = 0; s < recording->nsegments; s++) {
		int64_t nbins = rmb_segment_length(recording, s) / factor;
		rmb_bin_states(recording->state + recording->segment[s], nbins, factor, state);
		state += nbins;
	}
}

static void
warn_joined(struct rmb_call *call, const struct rmb_recording *recording, int64_t factor, int64_t nframes)
{
	double asked = wanted_width(rmb_settings(call)), made = (double)factor / recording->rate;
	int64_t dropped = recording->nframes - nframes * factor;
	if (dropped)
		rmb_warn(call, "frames dropped because they make no whole bin of %" PRId64 " at the end of a segment: %" PRId64 " of %" PRId64
		         " (segments: %" PRId64 ")", factor, dropped, recording->nframes, recording->nsegments);
	if (fabs(asked - made) > 1e-6 * made)
		rmb_warn(call, "bins are %.6g s wide (%" PRId64 " frame%s); %.6g s were asked for", made, factor, factor == 1 ? "" : "s", asked);
}

/* What join_piece needs, in scratch. False: no memory. */
static bool
job_frames(struct job *job, const struct rmb_recording *recording, int64_t factor, int64_t nframes, bool sum)
{
	size_t threads = (size_t)rmb_threads(job->call);
	job->recording = recording;
	job->nneurons = recording->neurons.n;
	job->nframes = nframes;
	job->factor = factor;
	job->joined = factor < READ ? READ / factor : 1;
	job->sum = sum;
	job->row = rmb_scratch(job->call, threads * (size_t)nframes, sizeof *job->row);
	job->wide = rmb_scratch(job->call, threads * (size_t)job->joined, sizeof *job->wide);
	job->narrow = rmb_scratch(job->call, threads * (size_t)(job->joined * factor), sizeof *job->narrow);
	return job->row && job->wide && job->narrow;
}

/* What rule `paper` bins: runs joined end to end, as the published simulations are. */
static struct rmb_recording
without_joints(struct rmb_call *call, const struct rmb_recording *recording)
{
	struct rmb_recording joined = *recording;
	if (recording->nsegments > 1)
		rmb_warn(call, "rule paper: bins run on over the joints of the %" PRId64 " segments of '%s', and the result is one segment",
		         recording->nsegments, rmb_recording_name(call));
	joined.nsegments = 1;
	return joined;
}

static int
bin_frames(struct rmb_call *call, const struct rmb_recording *recording)
{
	const struct settings *set = rmb_settings(call);
	struct rmb_recording joined;
	struct job job = { .call = call };
	int64_t nframes, factor = find_factor(call, recording);
	if (factor == 0)
		return RMB_EDATA;
	if (factor == 1) {
		warn_joined(call, recording, 1, recording->nframes);
		return rmb_output_recording(call, "recording", recording); /* a view of all of it */
	}
	if (strcmp(set->rule, "paper") == 0) {
		joined = without_joints(call, recording);
		recording = &joined;
	}
	int64_t *segment = rmb_scratch(call, (size_t)recording->nsegments, sizeof *segment);
	double *time = rmb_scratch(call, (size_t)recording->nsegments, sizeof *time);
	if (!segment || !time)
		return RMB_ELIMIT;
	int64_t nsegments = bin_segments(recording, factor, segment, time, &nframes);
	if (nframes == 0)
		return rmb_fail(call, RMB_EDATA, "no segment of '%s' is as long as a bin of %" PRId64 " frames; its frames: %" PRId64
		                ", in segments: %" PRId64, rmb_recording_name(call), factor, recording->nframes, recording->nsegments);
	struct rmb_recording made = describe(&recording->neurons, nframes, recording->rate / (double)factor, segment, recording->shift ? NULL : time,
	                                       nsegments);
	snprintf(made.recipe_of_view, sizeof made.recipe_of_view, "%s", recording->recipe_of_view);
	int64_t *state = recording->state ? rmb_scratch(call, (size_t)nframes, sizeof *state) : NULL;
	if (!job_frames(&job, recording, factor, nframes, strcmp(set->how, "sum") == 0) || (recording->state && !state))
		return RMB_ELIMIT;
	if (state)
		bin_states(recording, factor, state);
	made.state = state;
	int code = rmb_output_recording(call, "recording", &made);
	if (code == 0 && (code = job_run(&job, join_piece)) == 0)
		warn_joined(call, recording, factor, nframes);
	return code;
}

/* ---- the stage ---------------------------------------------------------------------------------------------------- */

static int
run(struct rmb_call *call)
{
	if (rmb_input_kind(call, "recording", 0) == RMB_SPIKES)
		return bin_spikes(call, rmb_input_spikes(call, "recording", 0));
	return bin_frames(call, rmb_input_recording(call, "recording", 0));
}

static int
check(const void *settings, struct rmb_error *error)
{
	const struct settings *set = settings;
	if (isnan(set->rate) == isnan(set->width))
		return rmb_error_set(error, RMB_ERECIPE, "bin needs either rate (such as 22 Hz) or width (such as 45 ms)%s",
		                     isnan(set->rate) ? "" : "; found both");
	return 0;
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	/* Of a recording whose length is not known, as many frames as it has are the most there can be. */
	double frames = floor(size->seconds / wanted_width(settings));
	if (frames > 0 && frames < 1e10) /* run() says what is wrong with more */
		cost->out.frames = frames;
	double samples = size->neurons * fmax(size->frames, cost->out.frames);
	cost->out.spikes = 0;
	if (cost->out.frames == 0) /* how long the spikes last is not known */
		cost->out = (struct rmb_size){ 0 };
	cost->bytes = 8 * samples + 8 * size->spikes;
	cost->disk = 4 * size->neurons * cost->out.frames;
	cost->memory = 8 * (size->frames + 3 * READ);
}

const struct rmb_stage rmb_stage_bin = {
	.name = "bin", .version = 4, .folder = "prepare", .run = run, .check = check, .estimate = estimate,
	.brief = "count spikes in frames, or join frames to wider ones",
	.about = "Spikes are counted in bins of the width asked for that lie whole inside an observed interval; every observed interval "
	         "becomes a segment. Rule `paper` takes the published bins instead: they begin at the earliest spike of all neurons present, "
	         "a spike belongs to the nearest bin edge (ties to the even one), so that the first bin is half as wide as the others. "
	         "Frames are joined to the whole number that is within 1 % of the width asked for, inside segments, or with rule `paper` "
	         "as if there were one; if there is none, the message names the nearest widths. What is left over at the ends is dropped and reported. Z-scores do not survive joining: "
	         "bin before zscore.",
	.cite = "Pachitariu et al. 2025, methods",
	.caption = "Activity in frames (rate {rate}, width {width}, rule {rule}).",
	.params = params, .in = in, .out = out, .settings_size = sizeof(struct settings),
};

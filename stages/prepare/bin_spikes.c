/* stages/prepare/bin_spikes.c -- spikes counted in frames: half of the stage `bin`. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "numeric/binning.h"
#include "prepare/bin.h"
#include "rumble/parallel.h"
#include "rumble/units.h"

enum { ROWS = 16 }; /* neurons in a piece of work */

struct job {
	struct rmb_call *call;
	const struct rmb_spikes *spikes;
	const struct rmb_binning *binning;
	int64_t nframes;
	float *row;       /* [thread][nframes] */
	int64_t *counted; /* [thread] */
};

static int
count_piece(void *argument, int64_t piece, int thread)
{
	struct job *job = argument;
	const struct rmb_spikes *spikes = job->spikes;
	float *row = job->row + thread * job->nframes;
	int64_t end = (piece + 1) * ROWS < spikes->neurons.n ? (piece + 1) * ROWS : spikes->neurons.n;
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
	return rmb_progress(job->call, (double)end, (double)spikes->neurons.n);
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
		return rmb_fail(call, RMB_EDATA,
		                "no bin of %s fits: the spikes of '%s' span no time; give `window` where it is loaded", bin,
		                rmb_recording_name(call));
	return rmb_fail(call, RMB_EDATA,
	                "no bin of %s fits into the observed time of '%s' (%s in all; intervals: %" PRId64
	                "); choose a smaller width, or give `window` where it is loaded",
	                bin, rmb_recording_name(call), together, spikes->nobserved);
}

/* The bins under the rule asked for; *rest becomes the time that belongs to no bin. */
static int
lay_bins(struct rmb_call *call, const struct rmb_spikes *spikes, struct rmb_binning *binning, double *rest)
{
	const struct bin_settings *set = rmb_settings(call);
	double width = rmb_bin_width(set), earliest, latest;
	const double *observed = spikes->observed;
	struct rmb_bins *run = rmb_scratch(call, (size_t)spikes->nobserved, sizeof *run);
	if (!run)
		return RMB_ELIMIT;
	if (spikes->nspikes == 0 || spikes->nobserved == 0)
		return rmb_fail(call, RMB_EDATA, "'%s' holds no spikes: there is nothing to count", rmb_recording_name(call));
	spike_range(spikes, &earliest, &latest);
	double span = fmax(latest, observed[2 * spikes->nobserved - 1]) - fmin(earliest, observed[0]);
	if (span / width > 0x1p40)
		return rmb_fail(call, RMB_ELIMIT,
		                "%g bins of %g s would be needed for the %g s of '%s'; choose a larger width, and look at "
		                "the unit of the spike times",
		                span / width, width, span, rmb_recording_name(call));
	*rest = 0;
	if (strcmp(set->rule, "paper") == 0 && spikes->nobserved > 1)
		rmb_warn(call,
		         "rule paper: bins run on through the gaps between the %" PRId64
		         " observed intervals of '%s', and count 0 there",
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
	return rmb_fail(call, RMB_EOUTPUT,
	                "bins of %s over the %.6g s of '%s' make %" PRId64 " frames for each of its neurons (%" PRId64
	                "), in all %s; %s is free: choose a larger width, load a part with `window`, or look at the unit of "
	                "the spike times (`clock`)",
	                width, (double)binning->nbins * binning->width, rmb_recording_name(call), binning->nbins, nneurons,
	                needs, has);
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
		rmb_warn(call,
		         "spikes dropped because they lie in no whole bin: %" PRId64 " of %" PRId64
		         " (bins of %s leave %s of the observed time over)",
		         n - counted, n, width, left);
	else
		rmb_warn(call,
		         "spikes dropped because they lie in no whole bin: %" PRId64 " of %" PRId64
		         " (on the very end of the observed time, where no bin of %s begins)",
		         n - counted, n, width);
}

int
rmb_bin_count(struct rmb_call *call, const struct rmb_spikes *spikes)
{
	const struct bin_settings *set = rmb_settings(call);
	struct rmb_binning binning;
	double rest;
	int code = lay_bins(call, spikes, &binning, &rest);
	if (code || (code = check_room(call, &binning, spikes->neurons.n)))
		return code;
	size_t threads = (size_t)rmb_threads(call);
	int64_t *segment = rmb_scratch(call, (size_t)binning.nruns, sizeof *segment);
	double *time = rmb_scratch(call, (size_t)binning.nruns, sizeof *time);
	struct job job = { .call = call, .spikes = spikes, .binning = &binning, .nframes = binning.nbins,
		           .row = rmb_scratch(call, threads * (size_t)binning.nbins, sizeof *job.row),
		           .counted = rmb_scratch(call, threads, sizeof *job.counted) };
	if (!segment || !time || !job.row || !job.counted)
		return RMB_ELIMIT;
	for (int64_t r = 0; r < binning.nruns; r++) {
		segment[r] = binning.run[r].first;
		time[r] = binning.run[r].start - (binning.nearest ? binning.width / 2 : 0);
	}
	double rate = isnan(set->rate) ? 1 / set->width : set->rate;
	struct rmb_recording made = rmb_bin_made(&spikes->neurons, binning.nbins, rate, segment, time, binning.nruns);
	if (spikes->nstates) {
		int64_t *state = rmb_scratch(call, (size_t)binning.nbins, sizeof *state);
		if (!state)
			return RMB_ELIMIT;
		rmb_bin_epochs(&binning, spikes->stated, spikes->state, spikes->nstates, state);
		made.state = state;
	}
	if ((code = rmb_output_recording(call, "recording", &made)) == 0 &&
	    (code = rmb_parallel(rmb_threads(call), (spikes->neurons.n + ROWS - 1) / ROWS, count_piece, &job)) == 0)
		warn_uncounted(call, &job, rest);
	return code;
}

/* stages/prepare/bin_frames.c -- frames joined to wider ones: the other half of the stage `bin`. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "numeric/binning.h"
#include "prepare/bin.h"
#include "rumble/parallel.h"
#include "rumble/units.h"

enum { ROWS = 16 }; /* neurons in a piece of work */

struct job {
	struct rmb_call *call;
	const struct rmb_recording *recording;
	int64_t nframes;        /* made */
	int64_t factor, joined; /* frames of a bin; bins made at a time */
	bool sum;
	float *row;             /* [thread][nframes] */
	double *wide, *narrow;  /* [thread][joined], [thread][joined * factor] */
};

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
	int64_t first = piece * ROWS, end = first + ROWS < job->recording->neurons.n ? first + ROWS : job->recording->neurons.n;
	for (int64_t i = first; i < end; i++) {
		join_row(job, i, job->narrow + thread * job->joined * job->factor, job->wide + thread * job->joined, row);
		int code = rmb_write_block(job->call, "recording", i, 1, 0, job->nframes, row);
		if (code)
			return code;
	}
	return rmb_progress(job->call, (double)end, (double)job->recording->neurons.n);
}

/* The whole number of frames to join, or 0 and a sentence that names the nearest widths. */
static int64_t
find_factor(struct rmb_call *call, const struct rmb_recording *recording)
{
	const char *name = rmb_recording_name(call);
	double width = rmb_bin_width(rmb_settings(call)), factor = width * recording->rate;
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
		rmb_fail(call, RMB_EDATA, "frames of %s ('%s') cannot be split into %s; the narrowest width is %s (%.6g Hz)",
		         frame, name, asked, frame, recording->rate);
	else
		rmb_fail(call, RMB_EDATA,
		         "frames of %s ('%s') do not join to %s; the nearest widths are %s (%.6g Hz) and %s (%.6g Hz)", frame,
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
	double asked = rmb_bin_width(rmb_settings(call)), made = (double)factor / recording->rate;
	int64_t dropped = recording->nframes - nframes * factor;
	if (dropped)
		rmb_warn(call,
		         "frames dropped because they make no whole bin of %" PRId64 " at the end of a segment: %" PRId64
		         " of %" PRId64 " (segments: %" PRId64 ")",
		         factor, dropped, recording->nframes, recording->nsegments);
	if (fabs(asked - made) > 1e-6 * made)
		rmb_warn(call, "bins are %.6g s wide (%" PRId64 " frame%s); %.6g s were asked for", made, factor,
		         factor == 1 ? "" : "s", asked);
}

/* What join_piece needs, in scratch. False: no memory. */
static bool
job_frames(struct job *job, const struct rmb_recording *recording, int64_t factor, int64_t nframes, bool sum)
{
	size_t threads = (size_t)rmb_threads(job->call);
	job->recording = recording;
	job->nframes = nframes;
	job->factor = factor;
	job->joined = factor < RMB_BIN_READ ? RMB_BIN_READ / factor : 1;
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
		rmb_warn(call,
		         "rule paper: bins run on over the joints of the %" PRId64
		         " segments of '%s', and the result is one segment",
		         recording->nsegments, rmb_recording_name(call));
	joined.nsegments = 1;
	return joined;
}

int
rmb_bin_join(struct rmb_call *call, const struct rmb_recording *recording)
{
	const struct bin_settings *set = rmb_settings(call);
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
		return rmb_fail(call, RMB_EDATA,
		                "no segment of '%s' is as long as a bin of %" PRId64 " frames; its frames: %" PRId64
		                ", in segments: %" PRId64 "; choose a narrower bin",
		                rmb_recording_name(call), factor, recording->nframes, recording->nsegments);
	struct rmb_recording made = rmb_bin_made(&recording->neurons, nframes, recording->rate / (double)factor, segment,
	                                         recording->shift ? NULL : time, nsegments);
	snprintf(made.recipe_of_view, sizeof made.recipe_of_view, "%s", recording->recipe_of_view);
	int64_t *state = recording->state ? rmb_scratch(call, (size_t)nframes, sizeof *state) : NULL;
	if (!job_frames(&job, recording, factor, nframes, strcmp(set->how, "sum") == 0) || (recording->state && !state))
		return RMB_ELIMIT;
	if (state)
		bin_states(recording, factor, state);
	made.state = state;
	int code = rmb_output_recording(call, "recording", &made);
	if (code == 0 &&
	    (code = rmb_parallel(rmb_threads(call), (recording->neurons.n + ROWS - 1) / ROWS, join_piece, &job)) == 0)
		warn_joined(call, recording, factor, nframes);
	return code;
}

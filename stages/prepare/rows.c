#include "prepare/rows.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include "rumble/parallel.h"
#include "rumble/units.h"

/* ---- times as frames */

int64_t
rmb_frames_of(struct rmb_call *call, const struct rmb_recording *recording, const char *setting, double seconds)
{
	const char *name = rmb_recording_name(call);
	char asked[32], has[32];
	if (isnan(recording->rate)) {
		rmb_fail(call, RMB_EDATA,
		         "the frame rate of '%s' is unknown, so %s cannot be taken in frames; give `rate` where it is loaded",
		         name, setting);
		return 0;
	}
	double frames = seconds * recording->rate;
	rmb_quantity_print(seconds, "s", asked, sizeof asked);
	rmb_quantity_print((double)recording->nframes / recording->rate, "s", has, sizeof has);
	if (frames * (1 - 1e-9) > (double)recording->nframes) {
		rmb_fail(call, RMB_EDATA,
		         "%s is %s, but '%s' lasts %s in all (%" PRId64
		         " frames at %.6g Hz); choose a shorter one, and look at the rate",
		         setting, asked, name, has, recording->nframes, recording->rate);
		return 0;
	}
	return frames < 1 ? 1 : (int64_t)(frames * (1 + 1e-12));
}

int64_t
rmb_window_of(struct rmb_call *call, const struct rmb_recording *recording, double seconds)
{
	int64_t width = rmb_frames_of(call, recording, "window", seconds), shorter = 0;
	for (int64_t s = 0; s < recording->nsegments; s++)
		shorter += rmb_segment_length(recording, s) < width;
	if (shorter)
		rmb_warn(call,
		         "%" PRId64 " of the %" PRId64
		         " segments of '%s' are shorter than the window of %g s: within those the baseline hardly moves",
		         shorter, recording->nsegments, rmb_recording_name(call), seconds);
	return width;
}

/* ---- neurons that are left out, or warned of */

void
rmb_blame(struct rmb_fault *fault, const struct rmb_neurons *neurons, int64_t i)
{
	const char *comma = fault->n ? ", " : "";
	int room = (int)sizeof fault->names - fault->length, n = 0;
	if (fault->n < 10)
		n = snprintf(fault->names + fault->length, (size_t)room, "%s%" PRId64, comma, neurons->id ? neurons->id[i] : i);
	else if (fault->n == 10)
		snprintf(fault->names + fault->length, (size_t)room, ", ...");
	fault->length += n < room ? n : room - 1;
	fault->n++;
}

void
rmb_warn_fault(struct rmb_call *call, const struct rmb_neurons *neurons, const struct rmb_fault *fault, const char *what)
{
	if (fault->n)
		rmb_warn(call, "neurons %s: %" PRId64 " of %" PRId64 " (%s: %s)", what, fault->n, neurons->n,
		         neurons->id ? "numbers in the file" : "indices", fault->names);
}

/* ---- rows */

enum { ROWS = 4 }; /* neurons in a piece of work */
enum { SOUND, CONSTANT, UNFIT, INFINITE };

struct job {
	struct rmb_call *call;
	const struct rmb_recording *recording;
	const struct rmb_remake *remake;
	double *x, *y;       /* [thread][nframes] */
	float *row;          /* [thread][nframes] */
	unsigned char *room; /* [thread][room_size] */
	int64_t room_size;   /* of whole cache lines */
	unsigned char *fate; /* [neuron] */
};

static bool
all_finite(const double *x, int64_t n)
{
	for (int64_t t = 0; t < n; t++)
		if (!isfinite(x[t]))
			return false;
	return true;
}

/* The row as it is stored, and what became of it. */
static unsigned char
round_row(const double *y, int64_t n, float *row)
{
	bool flat = true, finite = true;
	for (int64_t t = 0; t < n; t++) {
		row[t] = (float)y[t];
		flat &= row[t] == row[0];
		finite &= isfinite(row[t]) != 0;
	}
	return !finite ? INFINITE : flat ? CONSTANT : SOUND;
}

static int
remake_row(const struct job *job, int64_t i, int thread)
{
	const struct rmb_recording *recording = job->recording;
	int64_t nframes = recording->nframes;
	double *x = job->x + thread * nframes, *y = job->y + thread * nframes;
	float *row = job->row + thread * nframes;
	bool finite, fit = true;
	rmb_read_block_double(recording, i, 1, 0, nframes, x);
	if ((finite = all_finite(x, nframes)))
		for (int64_t s = 0; s < recording->nsegments && fit; s++)
			fit = job->remake->segment(job->remake->how, x + recording->segment[s],
			                           rmb_segment_length(recording, s), job->room + thread * job->room_size,
			                           y + recording->segment[s]);
	for (int64_t t = 0; job->remake->zeros && t < nframes; t++)
		job->remake->zeros[i] += x[t] == 0;
	job->fate[i] = round_row(finite && fit ? y : x, nframes, row);
	if (!fit)
		job->fate[i] = UNFIT;
	return rmb_write_block(job->call, "recording", i, 1, 0, nframes, row);
}

static int
remake_piece(void *argument, int64_t piece, int thread)
{
	struct job *job = argument;
	int64_t n = job->recording->neurons.n, end = (piece + 1) * ROWS < n ? (piece + 1) * ROWS : n;
	for (int64_t i = piece * ROWS; i < end; i++) {
		int code = remake_row(job, i, thread);
		if (code)
			return code;
	}
	return rmb_progress(job->call, (double)end, (double)n);
}

/* Leaves out what is not finite, and says what was found. */
static int
judge(struct rmb_call *call, const struct rmb_recording *recording, const unsigned char *fate, const char *unfit)
{
	const struct rmb_neurons *all = &recording->neurons;
	struct rmb_fault fault[INFINITE + 1] = { 0 };
	struct rmb_neurons neurons;
	int64_t kept = 0, *rows = rmb_scratch(call, (size_t)all->n, sizeof *rows);
	if (!rows)
		return RMB_ELIMIT;
	for (int64_t i = 0; i < all->n; i++) {
		if (fate[i] == SOUND || fate[i] == CONSTANT)
			rows[kept++] = i;
		if (fate[i] != SOUND)
			rmb_blame(&fault[fate[i]], all, i);
	}
	const char *because = unfit ? rmb_arena_printf(rmb_call_arena(call), "dropped because they %s", unfit) : "";
	if (kept == 0)
		return rmb_fail(call, RMB_EDATA,
		                "none of the %" PRId64 " neurons of '%s' is left: %" PRId64
		                " hold samples that are not finite%s%s",
		                all->n, rmb_recording_name(call), fault[INFINITE].n, unfit ? ", the others " : "",
		                unfit ? unfit : "");
	rmb_warn_fault(call, all, &fault[INFINITE], "dropped because they hold samples that are not finite");
	rmb_warn_fault(call, all, &fault[UNFIT], because ? because : "dropped");
	rmb_warn_fault(call, all, &fault[CONSTANT], "that are constant now");
	if (kept == all->n)
		return 0;
	int code = rmb_neurons_select(rmb_call_arena(call), all, rows, kept, &neurons, rmb_call_error(call));
	return code ? code : rmb_output_rows(call, "recording", rows, &neurons);
}

int
rmb_rows_remake(struct rmb_call *call, const struct rmb_recording *recording, const struct rmb_remake *remake)
{
	size_t threads = (size_t)rmb_threads(call), frames = threads * (size_t)recording->nframes,
	       n = (size_t)recording->neurons.n;
	struct rmb_recording made = {
		.neurons = recording->neurons, .nframes = recording->nframes, .rate = recording->rate,
		.nsegments = recording->nsegments,
		.segment = recording->segment, .segment_time = recording->segment_time, .state = recording->state,
		.scaling = "none", .stored_rows = recording->neurons.n, .stored_frames = recording->nframes,
	};
	snprintf(made.recipe_of_view, sizeof made.recipe_of_view, "%s", recording->recipe_of_view);
	size_t room = (remake->room + 63) / 64 * 64;
	struct job job = { .call = call, .recording = recording, .remake = remake, .room_size = (int64_t)room,
		           .x = rmb_scratch(call, frames, sizeof *job.x), .y = rmb_scratch(call, frames, sizeof *job.y),
		           .row = rmb_scratch(call, frames, sizeof *job.row), .room = rmb_scratch(call, threads, room),
		           .fate = rmb_scratch(call, n, 1) };
	if (!job.x || !job.y || !job.row || !job.room || !job.fate)
		return RMB_ELIMIT;
	int code = rmb_output_recording(call, "recording", &made);
	if (!code)
		code = rmb_parallel((int)threads, (recording->neurons.n + ROWS - 1) / ROWS, remake_piece, &job);
	return code ? code : judge(call, recording, job.fate, remake->unfit);
}

void
rmb_rows_estimate(const struct rmb_size *size, double room, struct rmb_cost *cost)
{
	cost->bytes = 8 * size->neurons * size->frames;
	cost->disk = 4 * size->neurons * size->frames + 100 * size->neurons;
	cost->memory = 2 * (20 + room) * size->frames + 256 * size->neurons;
}

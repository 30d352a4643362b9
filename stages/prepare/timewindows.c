/* stages/prepare/timewindows.c -- the part of a recording that lies in a state, or in intervals of time.
 *
 * A frame stays if its state is one of `states` and if it lies as a whole in one of `intervals` (whichever are given); runs
 * of such frames shorter than `shortest` go. With `as_many_as` only the first n frames stay, n being the smallest number that
 * `states` and each of the states listed there have: running against rest is compared on equal amounts (methods S19). Spikes
 * are treated alike, with time in place of frames. The result is a view with a segment for every run, so that no analysis
 * takes frames on two sides of a joint for neighbours: pairs of dmd have both ends in the state. Z-scores were of all frames
 * and are outdated: zscore comes after.
 * Cost: a few passes over the states. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "numeric/intervals.h"
#include "rumble/stage.h"

struct settings {
	struct rmb_ints states, as_many_as;
	struct rmb_reals intervals;
	double shortest;
};

#define AT(field) .at = offsetof(struct settings, field)
static const struct rmb_param params[] = {
	{ .name = "states", .kind = RMB_INTS, AT(states), .def = "none", .none = true,
	  .help = "keep what is in one of these states" },
	{ .name = "intervals", .kind = RMB_REALS, AT(intervals), .def = "none", .none = true, .unit = "s",
	  .help = "[a, b, c, d, ...]: keep what lies from a to before b, from c to before d, ... on the recording's own clock" },
	{ .name = "shortest", .kind = RMB_REAL, AT(shortest), .def = "0 s", .unit = "s", .min = 0, .max = 1e9,
	  .help = "leave out runs shorter than this" },
	{ .name = "as_many_as", .kind = RMB_INTS, AT(as_many_as), .def = "none", .none = true,
	  .help = "keep the first frames only, as many as the scarcest of these states and of `states` has" },
	{ 0 },
};

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING | RMB_SPIKES, .help = "recording or spikes to take a part of" },
	{ 0 },
};

static const struct rmb_port out[] = {
	{ .name = "recording", .kinds = RMB_AS_INPUT, .help = "the part of it, a segment for every run" },
	{ 0 },
};

static bool
listed(const struct rmb_ints *list, int64_t value)
{
	for (int64_t i = 0; i < list->n; i++)
		if (list->v[i] == value)
			return true;
	return list->n < 0;
}

struct share { int64_t state; double amount; };

static int
by_state(const void *a, const void *b)
{
	const struct share *x = a, *y = b;
	return (x->state > y->state) - (x->state < y->state);
}

/* "0 (812), 1 (188)": some states that there are, with how much of each; amount[n][2] NULL: one of each entry. */
static const char *
describe_states(struct rmb_arena *arena, const int64_t *state, const double *amount, int64_t n)
{
	enum { SHOWN = 12 };
	struct share share[SHOWN] = { 0 };
	int known = 0, k;
	const char *text = "";
	for (int64_t t = 0; t < n; t++) {
		for (k = 0; k < known && share[k].state != state[t]; k++)
			;
		if (k == SHOWN)
			continue;
		known += k == known;
		share[k].state = state[t];
		share[k].amount += amount ? amount[2 * t + 1] - amount[2 * t] : 1;
	}
	qsort(share, (size_t)known, sizeof *share, by_state);
	for (k = 0; k < known && text; k++)
		text = rmb_arena_printf(arena, "%s%s%" PRId64 " (%.6g)", text, k ? ", " : "", share[k].state, share[k].amount);
	return text ? text : "";
}

static int
no_states(struct rmb_call *call)
{
	return rmb_fail(call, RMB_EDATA,
	                "recording '%s' has no states; name them where it is loaded (`state` for frames, `epochs` for frames "
	                "or spikes), or give `intervals`",
	                rmb_recording_name(call));
}

/* ---- frames ------------------------------------------------------------------------------------------------------- */

/* Whether a frame lies in an interval as a whole; edges may be missed by a millionth of a frame. */
static bool
inside(const struct rmb_recording *recording, int64_t t, const double *interval, int64_t n)
{
	double start = rmb_frame_time(recording, t), end = start + 1 / recording->rate, slack = 1e-6 / recording->rate;
	int64_t low = 0;
	for (int64_t high = n; low < high;) { /* the first interval that ends at or behind the end of the frame */
		int64_t middle = low + (high - low) / 2;
		if (interval[2 * middle + 1] + slack < end)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && interval[2 * low] - slack <= start;
}

struct windows {
	const double *interval; /* [n][2], joined */
	int64_t n;
};

/* Runs of frames that stay, into run[nframes]; runs end at the edges of segments. Returns how many, *nframes how many frames. */
static int64_t
find_runs(const struct settings *set, const struct rmb_recording *recording, const struct rmb_ints *states,
          const struct windows *windows, struct rmb_interval *run, int64_t *nframes)
{
	double shortest = set->shortest * recording->rate * (1 - 1e-9);
	int64_t n = 0;
	*nframes = 0;
	for (int64_t s = 0; s < recording->nsegments; s++) {
		int64_t end = recording->segment[s] + rmb_segment_length(recording, s), length = 0;
		for (int64_t t = recording->segment[s]; t <= end; t++) {
			if (t < end && (states->n < 0 || listed(states, recording->state[t])) &&
			    (!windows->interval || inside(recording, t, windows->interval, windows->n))) {
				length++;
				continue;
			}
			if (length > 0 && !((double)length < shortest)) {
				run[n++] = (struct rmb_interval){ t - length, length };
				*nframes += length;
			}
			length = 0;
		}
	}
	return n;
}

/* Cuts runs behind the first `most` frames. Returns how many are left. */
static int64_t
first_frames(struct rmb_interval *run, int64_t n, int64_t most)
{
	int64_t kept = 0;
	for (; kept < n && most > 0; most -= run[kept++].n)
		if (run[kept].n > most)
			run[kept].n = most;
	return kept;
}

static int
no_frames(struct rmb_call *call, const struct rmb_recording *recording, const struct rmb_ints *states)
{
	const char *there =
		recording->state ? describe_states(rmb_call_arena(call), recording->state, NULL, recording->nframes) : "";
	return rmb_fail(call, RMB_EDATA, "no frame of recording '%s' %s%s%s%s; it runs from %g s to %g s",
	                rmb_recording_name(call),
	                states->n < 0 ? "lies in the intervals as a whole" : "is in the states, intervals and runs asked for",
	                *there ? " (its states, with the frames of each: " : "", there, *there ? ")" : "",
	                rmb_frame_time(recording, 0),
	                rmb_frame_time(recording, recording->nframes - 1) + 1 / recording->rate);
}

static int
window_frames(struct rmb_call *call, const struct rmb_recording *recording, const struct windows *windows)
{
	const struct settings *set = rmb_settings(call);
	const char *name = rmb_recording_name(call);
	struct rmb_recording view;
	if (recording->shift)
		return rmb_fail(call, RMB_EDATA,
		                "the neurons of recording '%s' are shifted against each other in time, so its frames have no "
		                "state and no time of their own; put timewindows before the shuffle",
		                name);
	if (set->states.n > 0 && !recording->state)
		return no_states(call);
	if (isnan(recording->rate) && (windows->interval || set->shortest > 0))
		return rmb_fail(call, RMB_EDATA,
		                "the frame rate of recording '%s' is unknown, so its frames have no times; give `rate` where "
		                "it is loaded",
		                name);
	struct rmb_interval *run = rmb_scratch(call, (size_t)recording->nframes, sizeof *run), *other = NULL;
	int64_t most, length;
	if (!run || (set->as_many_as.n > 0 && !(other = rmb_scratch(call, (size_t)recording->nframes, sizeof *other))))
		return RMB_ELIMIT;
	int64_t n = find_runs(set, recording, &set->states, windows, run, &most);
	for (int64_t i = 0; n > 0 && i < set->as_many_as.n; i++) {
		struct rmb_ints one = { 1, &set->as_many_as.v[i] };
		if (find_runs(set, recording, &one, windows, other, &length) == 0)
			return no_frames(call, recording, &one);
		most = length < most ? length : most;
	}
	n = first_frames(run, n, most);
	if (n == 0)
		return no_frames(call, recording, &set->states);
	int code = rmb_view_frames(rmb_call_arena(call), recording, run, n, &view, rmb_call_error(call));
	return code ? code : rmb_output_recording(call, "recording", &view);
}

/* ---- spikes ------------------------------------------------------------------------------------------------------- */

/* Observed intervals that stay, into to[nobserved + nstates + windows->n][2]; `room` holds as many twice. Returns how
 * many, *length their sum. */
static int64_t
find_stretches(const struct settings *set, const struct rmb_spikes *spikes, const struct rmb_ints *states,
               const struct windows *windows, double *room, double *to, double *length)
{
	static const double always[] = { -INFINITY, INFINITY };
	double *chosen = room, *both = room + 2 * (spikes->nstates + 1);
	int64_t nchosen = 0, n = 0;
	for (int64_t i = 0; states->n >= 0 && i < spikes->nstates; i++)
		if (listed(states, spikes->state[i]))
			memcpy(chosen + 2 * nchosen++, spikes->stated + 2 * i, sizeof always);
	if (states->n < 0)
		memcpy(chosen + 2 * nchosen++, always, sizeof always);
	nchosen = rmb_intervals_join(chosen, nchosen);
	int64_t nboth = rmb_intervals_intersect(chosen, nchosen, windows->interval ? windows->interval : always,
	                                        windows->interval ? windows->n : 1, both, NULL);
	int64_t nto = rmb_intervals_intersect(spikes->observed, spikes->nobserved, both, nboth, to, NULL);
	*length = 0;
	for (int64_t i = 0; i < nto; i++) {
		if (to[2 * i + 1] - to[2 * i] < set->shortest * (1 - 1e-9))
			continue;
		*length += to[2 * i + 1] - to[2 * i];
		memmove(to + 2 * n++, to + 2 * i, sizeof always);
	}
	return n;
}

/* Cuts stretches behind the first `most` seconds. Returns how many are left. */
static int64_t
first_seconds(double *stretch, int64_t n, double most)
{
	int64_t kept = 0;
	for (; kept < n && most > 0; kept++) {
		double length = stretch[2 * kept + 1] - stretch[2 * kept];
		if (length > most)
			stretch[2 * kept + 1] = stretch[2 * kept] + most;
		most -= length;
	}
	return kept;
}

static int
window_spikes(struct rmb_call *call, const struct rmb_spikes *spikes, const struct windows *windows)
{
	const struct settings *set = rmb_settings(call);
	size_t most = (size_t)(spikes->nobserved + spikes->nstates + windows->n + 2);
	double *room = rmb_scratch(call, 4 * most, sizeof *room), *stretch = rmb_scratch(call, 2 * most, sizeof *stretch);
	double *other = rmb_scratch(call, 2 * most, sizeof *other), least, length;
	struct rmb_spikes some;
	if (set->states.n > 0 && spikes->nstates == 0)
		return no_states(call);
	if (!room || !stretch || !other)
		return RMB_ELIMIT;
	int64_t n = find_stretches(set, spikes, &set->states, windows, room, stretch, &least);
	for (int64_t i = 0; i < set->as_many_as.n; i++) {
		struct rmb_ints one = { 1, &set->as_many_as.v[i] };
		find_stretches(set, spikes, &one, windows, room, other, &length);
		least = fmin(least, length);
	}
	if (set->as_many_as.n > 0)
		n = first_seconds(stretch, n, least);
	int code = n ? rmb_spikes_window(rmb_call_arena(call), spikes, stretch, n, &some, rmb_call_error(call)) : 0;
	if (code)
		return code;
	if (n == 0 || some.nspikes == 0)
		return rmb_fail(call, RMB_EDATA,
		                "no spike of recording '%s' is in the states and intervals asked for (its states, with the "
		                "seconds of each: %s); it was observed from %g s to %g s",
		                rmb_recording_name(call),
		                describe_states(rmb_call_arena(call), spikes->state, spikes->stated, spikes->nstates),
		                spikes->observed[0], spikes->observed[2 * spikes->nobserved - 1]);
	return rmb_output_spikes(call, "recording", &some);
}

/* ---- the stage ---------------------------------------------------------------------------------------------------- */

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	struct windows windows = { NULL, 0 };
	if (set->intervals.n > 0) {
		double *interval = rmb_scratch(call, (size_t)set->intervals.n, sizeof *interval);
		if (!interval)
			return RMB_ELIMIT;
		memcpy(interval, set->intervals.v, (size_t)set->intervals.n * sizeof *interval);
		windows = (struct windows){ interval, rmb_intervals_join(interval, set->intervals.n / 2) };
	}
	if (rmb_input_kind(call, "recording", 0) == RMB_SPIKES)
		return window_spikes(call, rmb_input_spikes(call, "recording", 0), &windows);
	return window_frames(call, rmb_input_recording(call, "recording", 0), &windows);
}

static int
check(const void *settings, struct rmb_error *error)
{
	const struct settings *set = settings;
	if (set->states.n < 0 && set->intervals.n < 0 && set->shortest <= 0)
		return rmb_error_set(error, RMB_ERECIPE,
		                     "timewindows needs `states` (such as [1]), `intervals` (such as [0 s, 600 s]) or "
		                     "`shortest`");
	if (set->states.n == 0 || set->as_many_as.n == 0)
		return rmb_error_set(error, RMB_ERECIPE, "`%s` is an empty list; list at least one state, or write none",
		                     set->states.n == 0 ? "states" : "as_many_as");
	if (set->as_many_as.n > 0 && set->states.n < 0)
		return rmb_error_set(error, RMB_ERECIPE, "`as_many_as` compares with `states`, which is not given");
	return rmb_intervals_check("intervals", &set->intervals, error);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	(void)settings;
	cost->bytes = 24 * size->frames + 16 * size->spikes;
	cost->memory = 64 * size->frames + 8 * size->spikes + 1e6;
	cost->disk = 40 * size->frames + 100 * size->neurons + 8 * size->spikes;
}

const struct rmb_stage rmb_stage_timewindows = {
	.name = "timewindows", .version = 1, .folder = "prepare", .run = run, .check = check, .estimate = estimate,
	.brief = "keep the part of a recording that is in a state, or in intervals of time",
	.about = "Keeps the frames (or spikes) that are in one of the states listed, inside the intervals listed, or both. "
	         "Every run that stays is a segment: no later stage takes frames on two sides of a joint for neighbours. "
	         "`as_many_as` makes conditions comparable: `states: [1], as_many_as: [0]` keeps the first n frames of state "
	         "1, n being the smaller of the numbers of both states. Intervals are in seconds on the recording's own "
	         "clock: that of its frame or spike times, else from the first frame on. Put it before zscore, for z-scores "
	         "of all frames do not hold for some of them, and before shuffle. On frames the result is a view and takes "
	         "no room.",
	.cite = "Pachitariu et al. 2025, bioRxiv 2025.01.10.632397, revision of 2026: running against rest",
	.caption = "Frames in the states {states}, in the intervals {intervals}, in runs of {shortest} or longer (as many as "
	           "of states {as_many_as}).",
	.params = params, .in = in, .out = out, .settings_size = sizeof(struct settings),
};

/* load/frames.c -- which frames of a recording are used, when each was taken, and in which state.
 *
 * The samples are stored whole; frames that are left out (bad ones, and those that a dropped interval touches) are only not in
 * the view. The view has segments: runs of frames without a gap, which end where frames were left out and where the file's frame
 * times jump by more than half a frame. Every later stage honours them. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "load/parts.h"
#include "numeric/binning.h"

/* Frames per second that only voltage is sampled with. */
#define SWIFTEST 5000
#define SLOWEST 0.1

/* Part of a frame by which times may miss an edge and still lie on it. */
static const double slack = 1e-6;

/* ---- when frames were taken */

/* Frame times that can be used for nothing are left out; what is wrong with them is noted if somebody counts on them. */
static int
read_clock(const struct rmb_layout *layout, const struct rmb_load_settings *set, int64_t nframes, struct rmb_arena *arena,
           double **time, double *rate, struct rmb_load_notes *notes, struct rmb_error *error)
{
	const struct rmb_found *found = &layout->times;
	const char *name = found->member ? found->member->name : "";
	struct rmb_load_notes unread = { .arena = arena };
	double shown = NAN;
	*time = NULL;
	*rate = layout->activity.file->rate;
	int code = rmb_written_rate(layout, rate, error);
	if (code)
		return code;
	*rate = isnan(set->rate) ? *rate : set->rate;
	bool wanted = isnan(*rate) || found->asked;
	if (found->member && found->member->count == nframes) {
		if ((code = rmb_load_doubles(found->file, found->member, time, error)))
			return code;
		shown = rmb_load_rate(name, *time, nframes, arena, wanted ? notes : &unread);
	} else if (found->member && wanted)
		rmb_load_note(notes,
		              "the frame times '%s' were not used for the rate: there are %" PRId64 " for %" PRId64 " frames",
		              name, found->member->count, nframes);
	if (isnan(*rate))
		*rate = shown;
	if (!isnan(shown) && fabs(shown / *rate - 1) > 0.01) {
		rmb_load_note(notes, "the frame times '%s' were not used: they show %.6g frames per second, and `rate` says %.6g",
		              name, shown, *rate);
		shown = NAN;
	}
	if (isnan(shown))
		*time = NULL;
	if (isnan(*rate))
		rmb_load_note(notes, "the frame rate is unknown; analyses that need it want `rate: 22 Hz`, or whatever it was, "
		                     "beside the recording");
	return 0;
}

/* Segments of the whole recording: they begin where the times jump. */
static int
find_gaps(const struct rmb_layout *layout, const double *time, struct rmb_arena *arena, struct rmb_recording *r,
          struct rmb_load_notes *notes, struct rmb_error *error)
{
	enum { OFTEN = 20 }; /* times that jump more often than every 20th frame have no rate */
	static const int64_t start = 0;
	int64_t ngaps = 0;
	double longest = 0;
	r->nsegments = 1;
	r->segment = &start;
	for (int64_t t = 1; time && t < r->nframes; t++) {
		ngaps += time[t] - time[t - 1] > 1.5 / r->rate;
		longest = fmax(longest, time[t] - time[t - 1]);
	}
	if (!time)
		return rmb_written_segments(layout, r, error);
	if (ngaps > r->nframes / OFTEN) {
		rmb_load_note(notes,
		              "%" PRId64 " of the %" PRId64
		              " steps between the frame times '%s' are more than half a frame too long: that is no "
		              "steady rate, and they were not taken for gaps",
		              ngaps, r->nframes - 1, layout->times.member->name);
		ngaps = 0;
	} else if (ngaps)
		rmb_load_note(notes,
		              "the frame times '%s' have %" PRId64
		              " gap%s, the longest of %.6g s: no analysis takes frames on two sides of one for "
		              "neighbours",
		              layout->times.member->name, ngaps, ngaps == 1 ? "" : "s", longest);
	int64_t *segment = rmb_arena_alloc(arena, (size_t)(ngaps + 1), sizeof *segment), n = 1;
	double *begins = rmb_arena_alloc(arena, (size_t)(ngaps + 1), sizeof *begins);
	if (!segment || !begins)
		return rmb_error_nomem(error, "segments");
	begins[0] = time[0];
	for (int64_t t = 1; n <= ngaps; t++)
		if (time[t] - time[t - 1] > 1.5 / r->rate) {
			segment[n] = t;
			begins[n++] = time[t];
		}
	r->nsegments = n;
	r->segment = segment;
	r->segment_time = begins;
	return 0;
}

/* ---- frames left out */

/* A mask with one entry per frame, as booleans or as numbers that are all 0 or 1; else indices of frames. */
static int
mark_bad(const struct rmb_found *found, int64_t nframes, bool *dropped, struct rmb_error *error)
{
	const struct rmb_member *m = found->member;
	int64_t *v;
	int code = rmb_load_integers(found->file, m, &v, error);
	bool mask = m->number == RMB_BOOLEAN || m->count == nframes;
	for (int64_t i = 0; !code && i < m->count && m->number != RMB_BOOLEAN; i++)
		mask = mask && (v[i] == 0 || v[i] == 1);
	if (!code && mask && m->count != nframes)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: '%s' has %" PRId64 " entries, one for each frame, and the activity %" PRId64 " frames",
		                     found->file->path, m->name, m->count, nframes);
	for (int64_t i = 0; !code && i < m->count; i++) {
		if (!mask && (v[i] < 0 || v[i] >= nframes))
			return rmb_error_set(error, RMB_EINPUT,
			                     "%s: '%s' lists frame %" PRId64 ", and the frames are 0 to %" PRId64,
			                     found->file->path, m->name, v[i], nframes - 1);
		if (!mask)
			dropped[v[i]] = true;
		else if (v[i])
			dropped[i] = true;
	}
	return code;
}

/* Frames that lie in [a, b) at least in part. Returns how many. */
static int64_t
mark_interval(const struct rmb_recording *r, double a, double b, bool *dropped)
{
	double length = 1 / r->rate, tolerance = slack * length;
	int64_t first = 0, end = r->nframes, n = 0;
	while (first < end) { /* there may be as many intervals as frames */
		int64_t middle = first + (end - first) / 2;
		if (rmb_frame_time(r, middle) + length <= a + tolerance)
			first = middle + 1;
		else
			end = middle;
	}
	for (int64_t t = first; t < r->nframes && rmb_frame_time(r, t) < b - tolerance; t++, n++)
		dropped[t] = true;
	return n;
}

static int
mark(const struct rmb_layout *layout, const struct rmb_load_settings *set, const struct rmb_recording *r, bool *dropped,
     struct rmb_load_notes *notes, struct rmb_error *error)
{
	if (set->drop.n > 0 && isnan(r->rate))
		return rmb_error_set(error, RMB_EDATA, "`drop` is in seconds, and the frame rate is unknown; give `rate`");
	for (int64_t i = 0; i + 1 < set->drop.n; i += 2) {
		double a = set->drop.v[i], b = set->drop.v[i + 1];
		if (mark_interval(r, a, b, dropped) == 0)
			rmb_load_note(notes, "`drop` of %g s to %g s meets no frame: the recording runs from %g s to %g s", a, b,
			              rmb_frame_time(r, 0), rmb_frame_time(r, r->nframes - 1) + 1 / r->rate);
	}
	const struct rmb_load_file *file = layout->activity.file;
	int64_t invalid = 0;
	for (int64_t i = 0; i < file->ninvalid && !isnan(r->rate); i++)
		invalid += mark_interval(r, file->invalid[2 * i], file->invalid[2 * i + 1], dropped);
	if (file->ninvalid > 0)
		rmb_load_note(notes,
		              isnan(r->rate) ? "the %" PRId64 " intervals that the file calls invalid were not used, for the frame rate "
		                               "is unknown"
		                             : "%" PRId64 " intervals that the file calls invalid were left out, %" PRId64 " frames",
		              file->ninvalid, invalid);
	return layout->bad_frames.member ? mark_bad(&layout->bad_frames, r->nframes, dropped, error) : 0;
}

/* What is left becomes a view of all frames. */
static int
leave_out(const char *path, const bool *dropped, struct rmb_arena *arena, struct rmb_recording *r,
          struct rmb_load_notes *notes, struct rmb_error *error)
{
	int64_t kept = 0, n = 0;
	for (int64_t t = 0; t < r->nframes; t++) {
		kept += !dropped[t];
		n += !dropped[t] && (t == 0 || dropped[t - 1]);
	}
	if (kept == 0)
		return rmb_error_set(error, RMB_EDATA,
		                     "%s: all %" PRId64 " frames are bad, by the file or `bad_frames`, or dropped; nothing is left to "
		                     "analyse",
		                     path, r->nframes);
	if (kept == r->nframes)
		return 0;
	struct rmb_interval *run = rmb_arena_alloc(arena, (size_t)n, sizeof *run);
	struct rmb_recording whole = *r;
	if (!run)
		return rmb_error_nomem(error, "frames left out");
	n = 0;
	for (int64_t t = 0; t < r->nframes; t++) {
		if (dropped[t])
			continue;
		if (t == 0 || dropped[t - 1])
			run[n++].start = t;
		run[n - 1].n++;
	}
	int code = rmb_view_frames(arena, &whole, run, n, r, error);
	if (!code)
		rmb_load_note(notes, "left out %" PRId64 " of %" PRId64 " frames that are bad or dropped; segments: %" PRId64,
		              whole.nframes - kept, whole.nframes, r->nsegments);
	return code;
}

/* ---- states */

/* n states from numbers: whole ones as they are, others by the threshold; missing ones are no state. */
static int
read_states(const struct rmb_found *found, double threshold, int64_t n, const char *what, int64_t **out, struct rmb_error *error)
{
	const struct rmb_member *m = found->member;
	const char *path = found->file->path;
	double *v;
	if (m->count != n)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: the states '%s' have %" PRId64 " entries; one for each of the %" PRId64 " %s is needed",
		                     path, m->name, m->count, n, what);
	int code = rmb_load_doubles(found->file, m, &v, error);
	*out = code ? NULL : rmb_arena_alloc(found->file->arena, (size_t)n, sizeof **out);
	if (code || !*out)
		return code ? code : rmb_error_nomem(error, "states");
	for (int64_t i = 0; i < n; i++) {
		if (isnan(v[i]))
			(*out)[i] = RMB_NO_STATE;
		else if (!isnan(threshold))
			(*out)[i] = v[i] > threshold;
		else if (v[i] == rint(v[i]) && fabs(v[i]) < 0x1p53)
			(*out)[i] = (int64_t)v[i];
		else
			return rmb_error_set(error, RMB_EINPUT,
			                     "%s: entry %" PRId64
			                     " of the states '%s' is %g, and a state is a whole number; for a speed or "
			                     "the like give `threshold`: above it the state is 1, else 0",
			                     path, i, m->name, v[i]);
	}
	return 0;
}

/* epoch[n][2] must ascend without overlap. */
static int
check_epochs(const struct rmb_found *found, const double *epoch, int64_t n, struct rmb_error *error)
{
	for (int64_t i = 0; i < n; i++)
		if (!isfinite(epoch[2 * i]) || !(epoch[2 * i + 1] > epoch[2 * i]) || !isfinite(epoch[2 * i + 1]) ||
		    (i > 0 && epoch[2 * i] < epoch[2 * i - 1]))
			return rmb_error_set(error, RMB_EINPUT,
			                     "%s: epoch %" PRId64
			                     " of '%s' runs from %g s to %g s; epochs must run forwards, in order and "
			                     "without overlap",
			                     found->file->path, i, found->member->name, epoch[2 * i], epoch[2 * i + 1]);
	return 0;
}

/* Start and end by epoch from M x 2 or 2 x M. */
static int
read_epochs(const struct rmb_found *found, double **out, int64_t *n, struct rmb_error *error)
{
	const struct rmb_member *m = found->member;
	bool by_epoch = m->naxes == 2 && m->axis[1] == 2;
	double *v, *epoch;
	if (m->naxes != 2 || (!by_epoch && m->axis[0] != 2) || m->count == 0)
		return rmb_error_set(error, RMB_EINPUT, "%s: '%s' has the shape %s; epochs are M x 2, start and end of each in s",
		                     found->file->path, m->name, rmb_member_shape(found->file->arena, m));
	int code = rmb_load_doubles(found->file, m, &v, error);
	if (code)
		return code;
	*n = m->count / 2;
	*out = epoch = rmb_arena_alloc(found->file->arena, (size_t)m->count, sizeof *epoch);
	for (int64_t i = 0; epoch && i < *n; i++) {
		epoch[2 * i] = v[by_epoch ? 2 * i : i];
		epoch[2 * i + 1] = v[by_epoch ? 2 * i + 1 : *n + i];
	}
	return epoch ? check_epochs(found, epoch, *n, error) : rmb_error_nomem(error, "epochs");
}

/* Epochs without labels are state 1, and the time between them, from `low` to `high`, is state 0. */
static int
fill_between(const double *epoch, int64_t n, double low, double high, struct rmb_arena *arena, struct rmb_spikes *out,
             struct rmb_error *error)
{
	double *stated = rmb_arena_alloc(arena, (size_t)(4 * n + 2), sizeof *stated), at = fmin(low, epoch[0]);
	int64_t *state = rmb_arena_alloc(arena, (size_t)(2 * n + 1), sizeof *state), k = 0;
	if (!stated || !state)
		return rmb_error_nomem(error, "epochs");
	for (int64_t i = 0; i <= n; i++) {
		double next = i < n ? epoch[2 * i] : fmax(high, at);
		if (next > at) {
			stated[2 * k] = at;
			stated[2 * k + 1] = next;
			state[k++] = 0;
		}
		if (i == n)
			break;
		stated[2 * k] = epoch[2 * i];
		stated[2 * k + 1] = at = epoch[2 * i + 1];
		state[k++] = 1;
	}
	out->nstates = k;
	out->stated = stated;
	out->state = state;
	return 0;
}

int
rmb_load_epochs(const struct rmb_layout *layout, const struct rmb_load_settings *set, double low, double high,
                struct rmb_arena *arena, struct rmb_spikes *out, struct rmb_error *error)
{
	double *epoch = NULL;
	int64_t n = 0, *state = NULL;
	int code = read_epochs(&layout->epochs, &epoch, &n, error);
	if (code || !layout->state.member)
		return code ? code : fill_between(epoch, n, low, high, arena, out, error);
	code = read_states(&layout->state, set->threshold, n, "epochs", &state, error);
	out->nstates = n;
	out->stated = epoch;
	out->state = state;
	return code;
}

/* The state of a frame is that of the epoch that it lies in as a whole. */
static int
states_from_epochs(const struct rmb_layout *layout, const struct rmb_load_settings *set, struct rmb_arena *arena,
                   struct rmb_recording *r, struct rmb_error *error)
{
	struct rmb_spikes epochs = { 0 };
	if (isnan(r->rate))
		return rmb_error_set(error, RMB_EDATA, "`epochs` are in seconds, and the frame rate is unknown; give `rate`");
	int64_t *state = rmb_arena_alloc(arena, (size_t)r->nframes, sizeof *state);
	struct rmb_bins *run = rmb_arena_alloc(arena, (size_t)r->nsegments, sizeof *run);
	if (!state || !run)
		return rmb_error_nomem(error, "states");
	int code = rmb_load_epochs(layout, set, rmb_frame_time(r, 0), rmb_frame_time(r, r->nframes - 1) + 1 / r->rate, arena,
	                           &epochs, error);
	for (int64_t s = 0; s < r->nsegments; s++)
		run[s] = (struct rmb_bins){ rmb_frame_time(r, r->segment[s]), r->segment[s], rmb_segment_length(r, s) };
	struct rmb_binning binning = { .width = 1 / r->rate, .nruns = r->nsegments, .run = run, .nbins = r->nframes };
	if (!code)
		rmb_bin_epochs(&binning, epochs.stated, epochs.state, epochs.nstates, state);
	r->state = state;
	return code;
}

/* ---- */

int
rmb_load_frames_fit(const struct rmb_layout *layout, int64_t nframes, struct rmb_error *error)
{
	const struct rmb_member *state = layout->epochs.member ? NULL : layout->state.member, *bad = layout->bad_frames.member;
	const struct rmb_found *wrong = state && state->count != nframes ? &layout->state : NULL;
	if (layout->times.asked && layout->times.member->count != nframes)
		wrong = &layout->times;
	if (bad && bad->number == RMB_BOOLEAN && bad->count != nframes)
		wrong = &layout->bad_frames;
	if (!wrong)
		return 0;
	return rmb_error_set(error, RMB_EINPUT,
	                     "%s: '%s' has %" PRId64 " entries; one for each of the %" PRId64 " frames is needed",
	                     wrong->file->path, wrong->member->name, wrong->member->count, nframes);
}

int
rmb_load_frames(const struct rmb_layout *layout, const struct rmb_load_settings *set, struct rmb_arena *arena,
                struct rmb_recording *r, const bool **dropped, struct rmb_load_notes *notes, struct rmb_error *error)
{
	double *time;
	int64_t *state = NULL;
	bool *out = rmb_arena_alloc(arena, (size_t)r->nframes, sizeof *out);
	*dropped = out;
	if (!out)
		return rmb_error_nomem(error, "frames");
	int code = rmb_load_frames_fit(layout, r->nframes, error);
	if (!code)
		code = read_clock(layout, set, r->nframes, arena, &time, &r->rate, notes, error);
	if (!code && r->rate > SWIFTEST)
		rmb_load_note(notes,
		              "at a rate of %g Hz all %" PRId64
		              " frames take %.4g s: that is quicker than activity is taken, so look at the unit of `rate`",
		              r->rate, r->nframes, (double)r->nframes / r->rate);
	if (!code && r->rate < SLOWEST)
		rmb_load_note(notes,
		              "at a rate of %g Hz all %" PRId64
		              " frames take %.4g hours: that is slower than activity is taken, so look at the unit of %s",
		              r->rate, r->nframes, (double)r->nframes / r->rate / 3600, isnan(set->rate) ? "the frames' times" : "`rate`");
	if (!code)
		code = find_gaps(layout, time, arena, r, notes, error);
	if (!code && layout->epochs.member)
		code = states_from_epochs(layout, set, arena, r, error);
	else if (!code && layout->state.member) {
		code = read_states(&layout->state, set->threshold, r->nframes, "frames", &state, error);
		r->state = state;
	}
	if (!code)
		code = mark(layout, set, r, out, notes, error);
	return code ? code : leave_out(layout->activity.file->path, out, arena, r, notes, error);
}

int
rmb_load_without_frames(const struct rmb_layout *layout, struct rmb_error *error)
{
	const char *setting = layout->bad_frames.asked ? "bad_frames" : layout->times.asked ? "times" :
	                      layout->state.member && !layout->epochs.member ? "state" : NULL;
	if (!setting)
		return 0;
	return rmb_error_set(error, RMB_EINPUT,
	                     "%s: `%s` is about frames, and '%s' is a list of spikes; spikes take `drop` and `epochs`",
	                     layout->spikes.file->path, setting, layout->spikes.member->name);
}

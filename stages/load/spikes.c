/* load/spikes.c -- spike times, neuron by neuron.
 *
 * A file tells whose each spike is in one of three ways: `unit` (a number beside each time), `counts` (so many of the list for
 * each neuron, in order) or `ends` (where each neuron's part of the list ends). All three become: times sorted by neuron,
 * ascending within each. Times are in s; with `clock` they are ticks of it. Lists are gone through in pieces (pieces.c), three
 * times: to judge the times, to count each neuron's, and to bring them to their places, which are in the object being made, so
 * that memory does not grow with the list. What is left out by `window`, by the intervals that the file says were observed,
 * and by `drop` is known before the second time. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "load/spike_list.h"
#include "numeric/intervals.h"

int
rmb_load_units_fit(const struct rmb_layout *layout, struct rmb_error *error)
{
	const struct rmb_member *m = layout->unit.member, *spikes = layout->spikes.member;
	if (!m || m->count == spikes->count)
		return 0;
	return rmb_error_set(error, RMB_EINPUT,
	                     "%s: %" PRId64 " spike times, but '%s' has %" PRId64 " entries; each spike needs one",
	                     layout->unit.file->path, spikes->count, rmb_member_called(m), m->count);
}

/* ---- what was observed, and what is left out ---- */

/* Spikes outside interval[n] are left out, and what was observed ends there, too; at the very end of an interval that stays whole
 * they are kept. `seen` has no spikes yet, only what was observed and in which state. */
static int
cut(struct rmb_spike_sort *s, enum rmb_spike_cause why, const double *interval, int64_t n, struct rmb_arena *arena,
    struct rmb_spikes *seen, struct rmb_error *error)
{
	struct rmb_spikes before = *seen;
	int code = rmb_spikes_window(arena, &before, interval, n, seen, error);
	bool *closed = code ? NULL : rmb_arena_alloc(arena, (size_t)seen->nobserved, sizeof *closed);
	if (!closed)
		return code ? code : rmb_error_nomem(error, "observed intervals");
	for (int64_t i = 0, k = 0; i < seen->nobserved; i++) {
		double end = seen->observed[2 * i + 1];
		while (before.observed[2 * k + 1] < end)
			k++;
		closed[i] = before.observed[2 * k + 1] == end;
	}
	s->cut[s->ncuts++] = (struct rmb_spike_cut){ why, seen->nobserved, seen->observed, closed, 0 };
	return 0;
}

static int
cut_to_window(struct rmb_spike_sort *s, const double *window, struct rmb_arena *arena, struct rmb_error *error)
{
	bool *closed = rmb_arena_alloc(arena, 1, sizeof *closed);
	if (!closed)
		return rmb_error_nomem(error, "the window");
	if (s->times->low < window[0] || s->times->high >= window[1])
		s->cut[s->ncuts++] = (struct rmb_spike_cut){ RMB_BY_WINDOW, 1, window, closed, 0 };
	return 0;
}

/* The user's window, else first to last spike and what the file says around them. Where the file has gaps only what lies in its
 * intervals is read: they are segments. */
static int
observe(const struct rmb_load_settings *set, const struct rmb_load_file *file, struct rmb_spike_sort *s,
        struct rmb_arena *arena, struct rmb_spikes *seen, struct rmb_error *error)
{
	const double *said = file->observed;
	double *observed = rmb_arena_alloc(arena, 2, sizeof *observed);
	if (!observed)
		return rmb_error_nomem(error, "observed intervals");
	observed[0] = s->times->low;
	observed[1] = s->times->high;
	if (file->nobserved > 0) {
		observed[0] = fmin(observed[0], said[0]);
		observed[1] = fmax(observed[1], said[2 * file->nobserved - 1]);
	}
	if (set->window.n == 2)
		memcpy(observed, set->window.v, 2 * sizeof *observed);
	seen->observed = observed;
	seen->nobserved = 1;
	int code = set->window.n == 2 ? cut_to_window(s, observed, arena, error) : 0;
	return code || file->nobserved < 2 ? code : cut(s, RMB_BY_FILE, said, file->nobserved, arena, seen, error);
}

/* Takes interval[n] out of what was observed: that of `drop`, or what the file calls invalid. */
static int
drop(struct rmb_spike_sort *s, enum rmb_spike_cause why, const double *interval, int64_t n, struct rmb_arena *arena,
     struct rmb_spikes *seen, struct rmb_error *error)
{
	double *out = rmb_arena_copy(arena, interval, (size_t)(2 * n), sizeof *out),
	       *left = rmb_arena_alloc(arena, (size_t)(2 * n + 2), sizeof *left);
	if (!out || !left)
		return rmb_error_nomem(error, "dropped intervals");
	n = rmb_intervals_between(out, rmb_intervals_join(out, n), left);
	return cut(s, why, left, n, arena, seen, error);
}

/* What was left out, and the failure if that is everything. */
static int
tell_cuts(const struct rmb_spike_sort *s, const struct rmb_spikes *spikes, const char *path, struct rmb_load_notes *notes,
          struct rmb_error *error)
{
	static const char *const said[] = { [RMB_BY_WINDOW] = "outside the window",
		                            [RMB_BY_FILE] = "outside the intervals that the file says were observed",
		                            [RMB_BY_INVALID] = "in intervals that the file calls invalid" };
	int64_t left = s->nspikes;
	for (int i = 0; i < s->ncuts; i++) {
		const struct rmb_spike_cut *c = &s->cut[i];
		int64_t before = left;
		left -= c->left_out;
		if (left == 0 && c->why == RMB_BY_WINDOW)
			return rmb_error_set(error, RMB_EDATA,
			                     "%s: none of the %" PRId64 " spikes lies in the window of %g s to %g s", path,
			                     before, c->interval[0], c->interval[1]);
		if (left == 0 && c->why == RMB_BY_FILE)
			return rmb_error_set(error, RMB_EDATA,
			                     "%s: no spike lies in the intervals that the file says were observed; give `window`",
			                     path);
		if (left == 0 && c->why == RMB_BY_INVALID)
			return rmb_error_set(error, RMB_EDATA, "%s: all %" PRId64 " spikes lie in intervals that the file calls invalid",
			                     path, before);
		if (left == 0)
			return rmb_error_set(error, RMB_EDATA, "`drop` leaves none of the %" PRId64 " spikes", before);
		if (c->why == RMB_BY_DROP)
			rmb_load_note(notes,
			              "left out %" PRId64 " of %" PRId64
			              " spikes, which lie in dropped intervals; observed intervals: %" PRId64,
			              c->left_out, before, spikes->nobserved);
		else if (c->left_out > 0)
			rmb_load_note(notes, "left out %" PRId64 " of %" PRId64 " spikes, which lie %s", c->left_out,
			              before,
			              said[c->why]);
	}
	return 0;
}

/* Whose the spikes are, and where they go. */
static int
sort_spikes(const struct rmb_layout *layout, int64_t *nneurons, const int64_t *ids, const struct rmb_load_times *to,
            struct rmb_spike_sort *s, struct rmb_spike_owners *owners, struct rmb_arena *arena, struct rmb_spikes *spikes,
            struct rmb_load_notes *notes, struct rmb_error *error)
{
	int code = rmb_load_units_fit(layout, error);
	s->owners = owners;
	if (!code && layout->unit.member)
		code = rmb_spike_owners_by_unit(&layout->unit, to, layout->parts, s->nspikes, nneurons, ids, arena, s->owner,
		                                owners, error);
	else if (!code)
		code = rmb_spike_owners_by_parts(layout->ends.member ? &layout->ends : &layout->counts,
		                                 layout->ends.member != NULL, s->nspikes, owners, error);
	if (!code && owners->base)
		rmb_load_note(notes, "'%s' counts neurons from 1", rmb_member_called(layout->unit.member));
	if (!code)
		code = rmb_spike_sort(s, to, arena, spikes, error);
	spikes->neurons.n = *nneurons;
	return code;
}

int
rmb_load_spikes(const struct rmb_layout *layout, const struct rmb_load_settings *set, int64_t *nneurons, const int64_t *ids,
                const struct rmb_load_times *to, struct rmb_arena *arena, struct rmb_spikes *spikes, struct rmb_load_notes *notes,
                struct rmb_error *error)
{
	const struct rmb_member *m = layout->spikes.member;
	const struct rmb_load_file *file = layout->spikes.file;
	struct rmb_spike_times times = { .clock = file->in_seconds ? NAN : set->clock };
	struct rmb_spike_owners owners;
	struct rmb_spikes seen = { 0 }; /* without spikes */
	struct rmb_spike_sort s = { .times = &times,
		                    .nspikes = m->count,
		                    .time = rmb_arena_alloc(arena, RMB_PIECE, sizeof *s.time),
		                    .owner = rmb_arena_alloc(arena, RMB_PIECE, sizeof *s.owner) };
	int code = s.time && s.owner ? rmb_spike_times_survey(&layout->spikes, to, &times, s.time, notes, error)
	                             : rmb_error_nomem(error, "spike times");
	if (!code)
		code = observe(set, file, &s, arena, &seen, error);
	if (!code)
		code = rmb_written_observed(layout, set->window.n == 2 ? set->window.v : NULL, arena, &seen, error);
	if (!code && layout->epochs.member && seen.nobserved > 0)
		code = rmb_load_epochs(layout, set, seen.observed[0], seen.observed[2 * seen.nobserved - 1], arena, &seen, error);
	if (!code && file->ninvalid > 0)
		code = drop(&s, RMB_BY_INVALID, file->invalid, file->ninvalid, arena, &seen, error);
	if (!code && set->drop.n > 0)
		code = drop(&s, RMB_BY_DROP, set->drop.v, set->drop.n / 2, arena, &seen, error);
	spikes->nobserved = seen.nobserved;
	spikes->observed = seen.observed;
	spikes->nstates = seen.nstates;
	spikes->stated = seen.stated;
	spikes->state = seen.state;
	if (!code)
		code = sort_spikes(layout, nneurons, ids, to, &s, &owners, arena, spikes, notes, error);
	if (!code)
		code = tell_cuts(&s, spikes, file->path, notes, error);
	if (!code && s.disorder)
		rmb_load_note(notes,
		              "sorted the spike times '%s': found %" PRId64 " of %" PRId64
		              " earlier than the one before of the same neuron, the "
		              "first at index %" PRId64,
		              rmb_member_called(m), s.disorder, s.nspikes, s.where);
	return code;
}

/* load/spikes.c -- spike times, neuron by neuron.
 *
 * A file tells whose each spike is in one of three ways: `unit` (a number beside each time), `counts` (so many of the list for
 * each neuron, in order) or `ends` (where each neuron's part of the list ends). All three become: times sorted by neuron,
 * ascending within each. Times are in s; with `clock` they are ticks of it.
 * Lists are read in pieces, three times: to judge the times, to count each neuron's, and to bring them to their places, which are
 * in the object being made, so that memory does not grow with the list (unless its file must be unpacked, or intervals cut it).
 */
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

/* The user's window, else first to last spike and what the file says around them. Where the file has gaps only what lies in its
 * intervals is read: they are segments. */
static int
observe(const struct rmb_load_settings *set, const struct rmb_load_file *file, const struct rmb_spike_sort *s,
        struct rmb_arena *arena, struct rmb_spikes *out, struct rmb_load_notes *notes, struct rmb_error *error)
{
	const double *said = file->observed;
	int64_t before = out->nspikes;
	double *observed = rmb_arena_alloc(arena, 2, sizeof *observed);
	if (!observed)
		return rmb_error_nomem(error, "observed intervals");
	observed[0] = s->earliest;
	observed[1] = s->latest;
	if (file->nobserved > 0) {
		observed[0] = fmin(observed[0], said[0]);
		observed[1] = fmax(observed[1], said[2 * file->nobserved - 1]);
	}
	if (set->window.n == 2)
		memcpy(observed, set->window.v, 2 * sizeof *observed);
	out->observed = observed;
	out->nobserved = 1;
	if (file->nobserved < 2)
		return 0;
	int code = rmb_spikes_window(arena, out, said, file->nobserved, out, error);
	if (!code && out->nspikes == 0)
		return rmb_error_set(error, RMB_EDATA,
		                     "%s: no spike lies in the %" PRId64
		                     " intervals that the file says were observed; give `window`",
		                     file->path, file->nobserved);
	if (!code && out->nspikes < before)
		rmb_load_note(notes,
		              "left out %" PRId64 " of %" PRId64
		              " spikes, which lie outside the intervals that the file says were observed",
		              before - out->nspikes, before);
	return code;
}

/* Takes the intervals of `drop` out of what was observed. */
static int
drop(const struct rmb_load_settings *set, struct rmb_arena *arena, struct rmb_spikes *spikes, struct rmb_load_notes *notes,
     struct rmb_error *error)
{
	int64_t n = set->drop.n / 2, before = spikes->nspikes;
	double *out = rmb_arena_copy(arena, set->drop.v, (size_t)(2 * n), sizeof *out),
	       *left = rmb_arena_alloc(arena, (size_t)(2 * n + 2), sizeof *left);
	if (!out || !left)
		return rmb_error_nomem(error, "dropped intervals");
	n = rmb_intervals_between(out, rmb_intervals_join(out, n), left);
	int code = rmb_spikes_window(arena, spikes, left, n, spikes, error);
	if (!code && spikes->nspikes == 0)
		return rmb_error_set(error, RMB_EDATA, "`drop` leaves none of the %" PRId64 " spikes", before);
	if (!code)
		rmb_load_note(notes,
		              "left out %" PRId64 " of %" PRId64
		              " spikes, which lie in dropped intervals; observed intervals: %" PRId64,
		              before - spikes->nspikes, before, spikes->nobserved);
	return code;
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
		code = rmb_spike_owners_by_unit(&layout->unit, layout->parts, s->nspikes, nneurons, ids, arena, s->owner, owners,
		                                error);
	else if (!code)
		code = rmb_spike_owners_by_parts(layout->ends.member ? &layout->ends : &layout->counts,
		                                 layout->ends.member != NULL, s->nspikes, owners, error);
	if (!code && owners->base)
		rmb_load_note(notes, "'%s' counts neurons from 1", rmb_member_called(layout->unit.member));
	if (!code)
		code = rmb_spike_sort(s, to, arena, spikes, error);
	if (!code && spikes->nspikes == 0)
		code = rmb_error_set(error, RMB_EDATA, "%s: none of the %" PRId64 " spikes lies in the window of %g s to %g s",
		                     layout->spikes.file->path, s->nspikes, s->low, s->high);
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
	bool cut = set->window.n == 2,
	     later = file->nobserved > 1 || set->drop.n > 0; /* some are left out once it is known what was observed */
	struct rmb_spike_times times = { .clock = file->in_seconds ? NAN : set->clock };
	struct rmb_spike_owners owners;
	struct rmb_spike_sort s = { .times = &times,
		                    .low = cut ? set->window.v[0] : -INFINITY,
		                    .high = cut ? set->window.v[1] : INFINITY,
		                    .nspikes = m->count,
		                    .time = rmb_arena_alloc(arena, RMB_PIECE, sizeof *s.time),
		                    .owner = rmb_arena_alloc(arena, RMB_PIECE, sizeof *s.owner) };
	int code = s.time && s.owner ? rmb_spike_times_survey(&layout->spikes, &times, s.time, notes, error)
	                             : rmb_error_nomem(error, "spike times");
	if (!code)
		code = sort_spikes(layout, nneurons, ids, later ? NULL : to, &s, &owners, arena, spikes, notes, error);
	if (!code)
		code = observe(set, file, &s, arena, spikes, notes, error);
	if (!code)
		code = rmb_written_observed(layout, cut ? set->window.v : NULL, arena, spikes, error);
	if (!code && cut && spikes->nspikes < s.nspikes)
		rmb_load_note(notes, "left out %" PRId64 " of %" PRId64 " spikes, which lie outside the window",
		              s.nspikes - spikes->nspikes, s.nspikes);
	if (!code && layout->epochs.member)
		code = rmb_load_epochs(layout, set, spikes->observed[0], spikes->observed[1], arena, spikes, error);
	if (!code && set->drop.n > 0)
		code = drop(set, arena, spikes, notes, error);
	if (!code && s.disorder)
		rmb_load_note(notes,
		              "sorted the spike times '%s': found %" PRId64 " of %" PRId64
		              " earlier than the one before of the same neuron, the "
		              "first at index %" PRId64,
		              rmb_member_called(m), s.disorder, s.nspikes, s.where);
	return code;
}

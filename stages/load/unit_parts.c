/* load/unit_parts.c -- units of several probes in one list, as an array of structs with one element a probe holds them.
 *
 * MATLAB's spks(k).st and spks(k).clu become lists end to end, and clu begins anew in each part: unit 7 of the second probe is
 * not unit 7 of the first. With `parts: probes` part p's numbers get p * 1,000,000 more, as those of several folders of phy do.
 * Arrays with one entry per neuron (spks.Wheights) tell of units 1 .. n of each part, or 0 .. n - 1, or of those that have
 * spikes, whichever fits. Layout: Stringer et al. 2019, Science 364:eaav7893, the recordings with eight probes. */
#include <inttypes.h>
#include <string.h>
#include "load/parts.h"

struct numbering {
	struct rmb_unit_parts parts;
	struct part {
		int64_t low, high, distinct, entries;
	} * part;                    /* numbers in it; entries of the arrays with one per neuron, -1: not known */
	bool *seen;                  /* [RMB_PART_STEP] in this part, ... */
	int32_t *where;              /* ... and in which part first, from 1 */
	int64_t twice;               /* a number that two parts have; -1: there is none */
};

/* How long the parts of a list are; *n 0: it has none. */
static int
part_lengths(const struct rmb_found *list, int64_t **length, int64_t *n, struct rmb_error *error)
{
	const struct rmb_member *m = NULL;
	const char *name = rmb_arena_printf(list->file->arena, "%s.counts", list->member->name);
	int code = name ? list->file->format->find(list->file, name, &m, error) : rmb_error_nomem(error, list->member->name);
	*n = 0;
	if (code || !m || m->refusal)
		return code;
	*n = m->count;
	return rmb_load_integers(list->file, m, length, error);
}

/* Ends of the parts of `unit`, which are those of the times. */
static int
find_parts(const struct rmb_layout *layout, struct numbering *x, struct rmb_error *error)
{
	int64_t *unit, *time, n, ntimes, at = 0;
	int code = part_lengths(&layout->unit, &unit, &n, error);
	if (!code && n > 1)
		code = part_lengths(&layout->spikes, &time, &ntimes, error);
	if (code || n < 2)
		return code;
	for (int64_t i = 0; i < n; i++) {
		if (n != ntimes || unit[i] != time[i])
			return rmb_error_set(error, RMB_EINPUT,
			                     "%s: '%s' and '%s' do not fall into the same parts (%" PRId64 " and %" PRId64
			                     "%s); each spike needs "
			                     "one of both",
			                     layout->unit.file->path, layout->spikes.member->name, layout->unit.member->name,
			                     ntimes, n, n == ntimes ? ", of other lengths" : "");
		if (unit[i] < 0 || unit[i] > layout->unit.member->count - at)
			return rmb_error_set(error, RMB_EINPUT,
			                     "%s: part %" PRId64 " of '%s' is said to have %" PRId64 " of %" PRId64 " entries",
			                     layout->unit.file->path, i + 1, layout->unit.member->name, unit[i],
			                     layout->unit.member->count);
		unit[i] = at += unit[i];
	}
	if (at != layout->unit.member->count)
		return rmb_error_set(error, RMB_EINPUT, "%s: the parts of '%s' have %" PRId64 " of its %" PRId64 " entries",
		                     layout->unit.file->path, layout->unit.member->name, at, layout->unit.member->count);
	x->parts.n = n;
	x->parts.end = unit;
	return 0;
}

/* Which numbers a part has. */
static int
look_at_part(const struct rmb_pieces *pieces, struct numbering *x, int64_t p, struct rmb_error *error)
{
	struct part *part = &x->part[p];
	const double *number;
	int64_t from = p ? x->parts.end[p - 1] : 0;
	*part = (struct part){ .low = RMB_PART_STEP, .high = -1, .entries = -1 };
	memset(x->seen, 0, RMB_PART_STEP);
	for (int64_t at = from, n; at < x->parts.end[p]; at += n) {
		n = x->parts.end[p] - at < RMB_PIECE ? x->parts.end[p] - at : RMB_PIECE;
		int code = rmb_pieces_whole(pieces, at, n, &number, error);
		for (int64_t i = 0; i < n && !code; i++) {
			if (!(number[i] >= 0 && number[i] < RMB_PART_STEP - 1))
				return rmb_error_set(
					error, RMB_EINPUT,
					"%s: entry %" PRId64 " of '%s' is %g; rumble reads numbers of units from 0 to %d",
					pieces->file->path, at + i, pieces->member->name, number[i], RMB_PART_STEP - 2);
			int64_t u = (int64_t)number[i];
			part->low = u < part->low ? u : part->low;
			part->high = u > part->high ? u : part->high;
			part->distinct += !x->seen[u];
			x->seen[u] = true;
			x->where[u] = x->where[u] ? x->where[u] : (int32_t)(p + 1);
			x->twice = x->where[u] != p + 1 && x->twice < 0 ? u : x->twice;
		}
		if (code)
			return code;
	}
	return 0;
}

/* The neurons of a part, behind those that are listed. */
static int
list_part(const struct rmb_pieces *pieces, struct numbering *x, int64_t p, int64_t *id, struct rmb_error *error)
{
	struct part *part = &x->part[p], again = *part;
	int64_t all = part->entries < 0 ? part->distinct : part->entries;
	bool only = all == part->distinct, from_1 = part->low >= 1 && part->high <= all;
	if (!only && !from_1 && part->high >= all)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: part %" PRId64 " of '%s' has numbers from %" PRId64 " to %" PRId64 ", %" PRId64
		                     " of them, and the arrays with one "
		                     "entry per neuron have %" PRId64 " there; name only arrays with an entry for each",
		                     pieces->file->path, p + 1, pieces->member->name, part->low, part->high, part->distinct, all);
	int code = only ? look_at_part(pieces, x, p, error) : 0;
	*part = again;
	for (int64_t u = only ? 0 : from_1, left = all; left > 0 && !code; u++)
		if (!only || x->seen[u]) {
			id[x->parts.nneurons++] = p * RMB_PART_STEP + u;
			left--;
		}
	return code;
}

static int
number(struct rmb_layout *layout, const struct rmb_found *whose, const struct rmb_pieces *pieces, struct numbering *x,
       struct rmb_arena *arena, int64_t *n, struct rmb_error *error)
{
	int64_t *entries = NULL, nentries = 0, all = 0;
	int code = whose ? part_lengths(whose, &entries, &nentries, error) : 0;
	if (code)
		return code;
	for (int64_t p = 0; p < x->parts.n; p++) {
		bool known = nentries == x->parts.n;
		if (known && (entries[p] < 0 || entries[p] > *n - all))
			return rmb_error_set(error, RMB_EINPUT, "%s: part %" PRId64 " of '%s' is said to have %" PRId64 " of %" PRId64 " entries",
			                     whose->file->path, p + 1, whose->member->name, entries[p], *n);
		x->part[p].entries = known ? entries[p] : -1;
		all += known ? entries[p] : x->part[p].distinct;
	}
	if (!code && whose && all != *n)
		code = rmb_error_set(error, RMB_EINPUT,
		                     "%s: '%s' is for %" PRId64 " neurons, but the parts of '%s' have %" PRId64 " numbers",
		                     whose->file->path, whose->member->name, *n, layout->unit.member->name, all);
	int64_t *id = code ? NULL : rmb_arena_alloc(arena, (size_t)all, sizeof *id);
	if (!id)
		return code ? code : rmb_error_nomem(error, "neuron numbers");
	for (int64_t p = 0; p < x->parts.n && !code; p++)
		code = list_part(pieces, x, p, id, error);
	x->parts.id = id;
	*n = x->parts.nneurons;
	layout->parts = code ? NULL : &x->parts;
	return code;
}

int
rmb_load_numbering(struct rmb_layout *layout, const struct rmb_load_settings *set, struct rmb_arena *arena, int64_t *n,
                   struct rmb_load_notes *notes, struct rmb_error *error)
{
	const struct rmb_found *whose, *unit = &layout->unit;
	bool wanted = strcmp(set->parts, "probes") == 0;
	struct rmb_pieces pieces;
	struct numbering *x = rmb_arena_alloc(arena, 1, sizeof *x);
	int code = x ? rmb_load_companions(layout, n, &whose, error) : rmb_error_nomem(error, "parts");
	if (!code && unit->member && !layout->id.member && strcmp(set->parts, "same") != 0)
		code = find_parts(layout, x, error);
	if (code || (x->parts.n < 2 && !wanted))
		return code;
	if (x->parts.n < 2)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: `parts: probes` is for numbers of units (`unit`) in several cells, or in an array of "
		                     "structs, without `id`; "
		                     "there are no such parts here",
		                     layout->spikes.file->path);
	x->part = rmb_arena_alloc(arena, (size_t)x->parts.n, sizeof *x->part);
	x->seen = rmb_arena_alloc(arena, RMB_PART_STEP, sizeof *x->seen);
	x->where = rmb_arena_alloc(arena, RMB_PART_STEP, sizeof *x->where);
	x->twice = -1;
	code = x->part && x->seen && x->where ? rmb_load_units_fit(layout, error) : rmb_error_nomem(error, "parts");
	if (!code)
		code = rmb_pieces_open(unit->file, unit->member, &pieces, error);
	for (int64_t p = 0; p < x->parts.n && !code; p++)
		code = look_at_part(&pieces, x, p, error);
	if (code || (!wanted && x->twice < 0))
		return code;
	if (!wanted)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: '%s' comes in %" PRId64 " parts, and two of them have a unit %" PRId64
		                     ": write `parts: probes` if these are probes "
		                     "whose numbers begin anew, or `parts: same` if it is the same neuron",
		                     unit->file->path, unit->member->name, x->parts.n, x->twice);
	code = number(layout, whose, &pieces, x, arena, n, error);
	if (!code)
		rmb_load_note(notes,
		              "the %" PRId64
		              " parts of '%s' were taken as probes: numbers of units have %d more for every probe before theirs",
		              x->parts.n, unit->member->name, RMB_PART_STEP);
	return code;
}

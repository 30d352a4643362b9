/* load/spikes.c -- spike times, neuron by neuron.
 *
 * A file tells whose each spike is in one of three ways: `unit` (a number beside each time), `counts` (so many of the list for
 * each neuron, in order) or `ends` (where each neuron's part of the list ends). All three become: times sorted by neuron,
 * ascending within each. Times are in s; with `clock` they are ticks of it. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "load/parts.h"
#include "numeric/intervals.h"

/* Without an array that says how many neurons there are, larger unit numbers than this are not believed. */
#define MOST_NEURONS ((int64_t)1 << 23)
/* Nor are more neurons than FEW, if there are more than SILENT of them for each spike: nearly all would be silent, and a matrix
 * of them all fills a disk. */
enum { FEW = 100000, SILENT = 100 };
/* s; sorted recordings are shorter. */
#define LONGEST 1e6

/* Whole numbers are more likely ticks of a clock than seconds: always if the file stores them as such, and if they are stored
 * as floating-point numbers (all of MATLAB's are) when none has a fraction and they go further than a test by hand would. */
static bool
look_like_ticks(const struct rmb_member *m, bool fraction, double high)
{
	bool whole_type = m->number == RMB_SIGNED || m->number == RMB_UNSIGNED;
	return !fraction && high > (whole_type ? 1 : 1000);
}

/* Times in s; every one finite. */
static int
read_times(const struct rmb_found *found, double clock, double **out, struct rmb_load_notes *notes, struct rmb_error *error)
{
	const struct rmb_member *m = found->member;
	const char *path = found->file->path;
	int code = rmb_load_doubles(found->file, m, out, error);
	double *time = *out, low = INFINITY, high = -INFINITY;
	int64_t negative = 0, first = -1;
	bool fraction = false;
	if (!code && m->count == 0)
		code = rmb_error_set(error, RMB_EDATA, "%s: '%s' holds no spikes", path, m->name);
	for (int64_t i = 0; !code && i < m->count; i++) {
		time[i] = isnan(clock) ? time[i] : time[i] / clock;
		if (!isfinite(time[i]))
			code = rmb_error_set(error, RMB_EDATA, "%s: spike time %" PRId64 " of '%s' is %s; every time must be a finite number", path, i,
			                     m->name, isnan(time[i]) ? "not a number" : "infinite");
		if (time[i] < 0 && negative++ == 0)
			first = i;
		if (!fraction) /* by far most lists show one at once */
			fraction = time[i] != rint(time[i]);
		low = time[i] < low ? time[i] : low;
		high = time[i] > high ? time[i] : high;
	}
	if (code)
		return code;
	if (isnan(clock) && look_like_ticks(m, fraction, high))
		return rmb_error_set(error, RMB_EINPUT, "%s: the spike times '%s' are all whole numbers (%s) up to %.15g, perhaps ticks of a clock: "
		                     "say so with `clock: 30 kHz`, or `clock: 1 Hz` if they are seconds", path, m->name, m->type, high);
	if (isnan(clock) && high - low > LONGEST)
		return rmb_error_set(error, RMB_EINPUT, "%s: the spike times '%s' span %.6g s, that is %.4g days: did you mean samples at 30 kHz? Then write "
		                     "`clock: 30 kHz`, or whatever it was; `clock: 1 Hz` if they are seconds", path, m->name, high - low, (high - low) / 86400);
	if (negative)
		rmb_load_note(notes, "kept %" PRId64 " negative of %" PRId64 " spike times in '%s', the first at index %" PRId64, negative, m->count,
		              m->name, first);
	return 0;
}

/* ---- owners ---- */

struct labelled { int64_t id, place; };

static int
compare_labels(const void *a, const void *b)
{
	const struct labelled *x = a, *y = b;
	return (x->id > y->id) - (x->id < y->id);
}

/* Numbers up to here are looked up in a list of all of them, which is twenty times as quick as to search. */
enum { LISTED = 1 << 22 };

/* list[LISTED]: the place of each number in the sorted table, -1: it is not there. NULL: no memory, or a number is too large. */
static int32_t *
list_places(struct rmb_arena *arena, const struct labelled *table, int64_t n)
{
	int32_t *list = n > 0 && table[0].id >= 0 && table[n - 1].id < LISTED ? rmb_arena_alloc(arena, LISTED, sizeof *list) : NULL;
	if (list)
		memset(list, 255, LISTED * sizeof *list);
	for (int64_t i = 0; list && i < n; i++)
		list[table[i].id] = (int32_t)table[i].place;
	return list;
}

/* The place of a number; -1: it is not there. */
static int64_t
place_of(const struct labelled *table, int64_t n, const int32_t *list, int64_t number)
{
	if (list)
		return number >= 0 && number < LISTED ? list[number] : -1;
	struct labelled key = { number, 0 }, *hit = bsearch(&key, table, (size_t)n, sizeof *table, compare_labels);
	return hit ? hit->place : -1;
}

/* Replaces each unit[i] by the place of that number in ids[n]. */
static int
places_of(const struct rmb_found *found, int64_t *unit, int64_t count, const int64_t *ids, int64_t n, struct rmb_arena *arena,
          struct rmb_error *error)
{
	struct labelled *table = rmb_arena_alloc(arena, (size_t)n, sizeof *table);
	if (!table)
		return rmb_error_nomem(error, "neuron numbers");
	for (int64_t i = 0; i < n; i++)
		table[i] = (struct labelled){ ids[i], i };
	qsort(table, (size_t)n, sizeof *table, compare_labels);
	for (int64_t i = 1; i < n; i++)
		if (table[i].id == table[i - 1].id)
			return rmb_error_set(error, RMB_EINPUT, "%s: two neurons have the number %" PRId64, found->file->path, table[i].id);
	const int32_t *list = count > LISTED / 64 ? list_places(arena, table, n) : NULL;
	for (int64_t i = 0; i < count; i++) {
		int64_t place = place_of(table, n, list, unit[i]);
		if (place < 0)
			return rmb_error_set(error, RMB_EINPUT, "%s: spike %" PRId64 " in '%s' is of neuron %" PRId64 ", which is not among the %" PRId64
			                     " neurons of `id`", found->file->path, i, found->member->name, unit[i], n);
		unit[i] = place;
	}
	return 0;
}

int
rmb_load_units_fit(const struct rmb_layout *layout, struct rmb_error *error)
{
	const struct rmb_member *m = layout->unit.member, *spikes = layout->spikes.member;
	if (!m || m->count == spikes->count)
		return 0;
	return rmb_error_set(error, RMB_EINPUT, "%s: %" PRId64 " spike times, but '%s' has %" PRId64 " entries; each spike needs one",
	                     layout->unit.file->path, spikes->count, m->name, m->count);
}

static int
by_unit(const struct rmb_found *found, int64_t nspikes, int64_t *n, const int64_t *ids, struct rmb_arena *arena, int64_t **out,
        struct rmb_error *error)
{
	const struct rmb_member *m = found->member;
	const char *path = found->file->path;
	int code = rmb_load_integers(found->file, m, out, error);
	int64_t *unit = *out, most = -1;
	if (!code && ids)
		return places_of(found, unit, nspikes, ids, *n, arena, error);
	for (int64_t i = 0; i < nspikes && !code; i++) {
		most = unit[i] > most ? unit[i] : most;
		if (unit[i] < 0 || (*n && unit[i] >= *n))
			code = rmb_error_set(error, RMB_EINPUT, *n ? "%s: spike %" PRId64 " in '%s' is of neuron %" PRId64 "; there are %" PRId64 ", numbered from 0 "
			                     "(if these are labels, name the array of labels with `id`)" : "%s: spike %" PRId64 " in '%s' is of neuron %" PRId64
			                     "; neurons are numbered from 0", path, i, m->name, unit[i], *n);
	}
	if (!code && !*n && most >= MOST_NEURONS)
		return rmb_error_set(error, RMB_ELIMIT, "%s: '%s' numbers neurons up to %" PRId64 ", more than rumble believes without an array that has "
		                     "one entry per neuron; if these are labels, name the array of labels with `id`", path, m->name, most);
	if (!code && !*n && most >= FEW && most >= SILENT * nspikes)
		return rmb_error_set(error, RMB_EINPUT, "%s: '%s' numbers neurons up to %" PRId64 ", that is %" PRId64 " neurons, but there are only %" PRId64
		                     " spikes; if these are labels, name the array of labels with `id`", path, m->name, most, most + 1, nspikes);
	*n = *n ? *n : most + 1;
	return code;
}

/* unit[nspikes] from counts or ends, one per neuron. */
static int
by_parts(const struct rmb_found *found, bool ends, int64_t nspikes, struct rmb_arena *arena, int64_t **out, struct rmb_error *error)
{
	const struct rmb_member *m = found->member;
	const char *path = found->file->path;
	int64_t *part, at = 0;
	int code = rmb_load_integers(found->file, m, &part, error);
	int64_t *unit = rmb_arena_alloc(arena, (size_t)nspikes, sizeof *unit);
	if (code || !unit)
		return code ? code : rmb_error_nomem(error, m->name);
	for (int64_t i = 0; i < m->count; i++) {
		int64_t count = ends ? part[i] - at : part[i];
		if (count < 0)
			return rmb_error_set(error, RMB_EINPUT, "%s: entry %" PRId64 " of '%s' is %" PRId64 "%s", path, i, m->name, part[i],
			                     ends ? ", less than the one before it; ends must ascend" : "; a number of spikes cannot be negative");
		for (int64_t k = 0; k < count && k < nspikes - at; k++)
			unit[at + k] = i;
		at = count > INT64_MAX - at ? INT64_MAX : at + count;
	}
	if (at != nspikes)
		return rmb_error_set(error, RMB_EINPUT, ends ? "%s: '%s' ends at spike %" PRId64 ", but there are %" PRId64 " spike times" :
		                     "%s: the entries of '%s' add up to %" PRId64 ", but there are %" PRId64 " spike times", path, m->name, at, nspikes);
	*out = unit;
	return 0;
}

/* ---- by neuron ---- */

static int
compare_times(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Counting sort by neuron of the spikes with a <= time < b; then each neuron's times ascending. */
static int
group(const double *time, const int64_t *unit, int64_t nspikes, int64_t n, double a, double b, struct rmb_arena *arena,
      struct rmb_spikes *out, int64_t *disorder, int64_t *where, struct rmb_error *error)
{
	int64_t *first = rmb_arena_alloc(arena, (size_t)n + 1, sizeof *first), *next = rmb_arena_alloc(arena, (size_t)n, sizeof *next);
	double *sorted = rmb_arena_alloc(arena, (size_t)nspikes, sizeof *sorted);
	bool *mixed = rmb_arena_alloc(arena, (size_t)n, sizeof *mixed);
	if (!first || !next || !sorted || !mixed)
		return rmb_error_nomem(error, "spike times");
	for (int64_t i = 0; i < nspikes; i++)
		first[unit[i] + 1] += time[i] >= a && time[i] < b;
	for (int64_t i = 0; i < n; i++) {
		next[i] = first[i];
		first[i + 1] += first[i];
	}
	*disorder = 0;
	for (int64_t i = 0; i < nspikes; i++) {
		int64_t u = unit[i];
		if (!(time[i] >= a && time[i] < b))
			continue;
		if (next[u] > first[u] && time[i] < sorted[next[u] - 1]) {
			mixed[u] = true;
			*where = (*disorder)++ == 0 ? i : *where;
		}
		sorted[next[u]++] = time[i];
	}
	for (int64_t i = 0; i < n; i++)
		if (mixed[i])
			qsort(sorted + first[i], (size_t)(first[i + 1] - first[i]), sizeof *sorted, compare_times);
	out->time = sorted;
	out->first = first;
	out->nspikes = first[n];
	return 0;
}

/* The user's window, else first to last spike and what the file says around them. Where the file has gaps only what lies in its intervals is
 * read: they are segments. */
static int
observe(const struct rmb_load_settings *set, const struct rmb_load_file *file, int64_t n, struct rmb_arena *arena, struct rmb_spikes *out,
        struct rmb_load_notes *notes, struct rmb_error *error)
{
	const double *said = file->observed;
	int64_t before = out->nspikes;
	double *observed = rmb_arena_alloc(arena, 2, sizeof *observed);
	if (!observed)
		return rmb_error_nomem(error, "observed intervals");
	observed[0] = INFINITY;
	observed[1] = -INFINITY;
	for (int64_t i = 0; i < n; i++)
		if (out->first[i] < out->first[i + 1]) {
			observed[0] = fmin(observed[0], out->time[out->first[i]]);
			observed[1] = fmax(observed[1], out->time[out->first[i + 1] - 1]);
		}
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
		return rmb_error_set(error, RMB_EDATA, "%s: no spike lies in the %" PRId64 " intervals that the file says were observed; give `window`", file->path,
		                     file->nobserved);
	if (!code && out->nspikes < before)
		rmb_load_note(notes, "left out %" PRId64 " of %" PRId64 " spikes, which lie outside the intervals that the file says were observed", before -
		              out->nspikes, before);
	return code;
}

/* Takes the intervals of `drop` out of what was observed. */
static int
drop(const struct rmb_load_settings *set, struct rmb_arena *arena, struct rmb_spikes *spikes, struct rmb_load_notes *notes,
     struct rmb_error *error)
{
	int64_t n = set->drop.n / 2, before = spikes->nspikes;
	double *out = rmb_arena_copy(arena, set->drop.v, (size_t)(2 * n), sizeof *out), *left = rmb_arena_alloc(arena, (size_t)(2 * n + 2), sizeof *left);
	if (!out || !left)
		return rmb_error_nomem(error, "dropped intervals");
	n = rmb_intervals_between(out, rmb_intervals_join(out, n), left);
	int code = rmb_spikes_window(arena, spikes, left, n, spikes, error);
	if (!code && spikes->nspikes == 0)
		return rmb_error_set(error, RMB_EDATA, "`drop` leaves none of the %" PRId64 " spikes", before);
	if (!code)
		rmb_load_note(notes, "left out %" PRId64 " of %" PRId64 " spikes, which lie in dropped intervals; observed intervals: %" PRId64,
		              before - spikes->nspikes, before, spikes->nobserved);
	return code;
}

int
rmb_load_spikes(const struct rmb_layout *layout, const struct rmb_load_settings *set, int64_t *nneurons, const int64_t *ids,
                struct rmb_arena *arena, struct rmb_spikes *spikes, struct rmb_load_notes *notes, struct rmb_error *error)
{
	const struct rmb_member *m = layout->spikes.member;
	const char *path = layout->spikes.file->path;
	bool cut = set->window.n == 2;
	double *time;
	int64_t *unit = NULL, disorder = 0, where = 0, nspikes = m->count;
	int code = read_times(&layout->spikes, set->clock, &time, notes, error);
	if (!code)
		code = rmb_load_units_fit(layout, error);
	if (!code && layout->unit.member)
		code = by_unit(&layout->unit, nspikes, nneurons, ids, arena, &unit, error);
	else if (!code)
		code = by_parts(layout->ends.member ? &layout->ends : &layout->counts, layout->ends.member != NULL, nspikes, arena, &unit, error);
	if (!code)
		code = group(time, unit, nspikes, *nneurons, cut ? set->window.v[0] : -INFINITY, cut ? set->window.v[1] : INFINITY, arena, spikes,
		             &disorder, &where, error);
	if (!code && spikes->nspikes == 0)
		code = rmb_error_set(error, RMB_EDATA, "%s: none of the %" PRId64 " spikes lies in the window of %g s to %g s", path, nspikes,
		                     set->window.v[0], set->window.v[1]);
	spikes->neurons.n = *nneurons;
	if (!code)
		code = observe(set, layout->spikes.file, *nneurons, arena, spikes, notes, error);
	if (!code)
		code = rmb_written_observed(layout, cut ? set->window.v : NULL, arena, spikes, error);
	if (!code && cut && spikes->nspikes < nspikes)
		rmb_load_note(notes, "left out %" PRId64 " of %" PRId64 " spikes, which lie outside the window", nspikes - spikes->nspikes, nspikes);
	if (!code && layout->epochs.member)
		code = rmb_load_epochs(layout, set, spikes->observed[0], spikes->observed[1], arena, spikes, error);
	if (!code && set->drop.n > 0)
		code = drop(set, arena, spikes, notes, error);
	if (!code && disorder)
		rmb_load_note(notes, "sorted the spike times '%s': found %" PRId64 " of %" PRId64 " earlier than the one before of the same neuron, the "
		              "first at index %" PRId64, m->name, disorder, nspikes, where);
	return code;
}

/* load/spike_owners.c -- whose each spike is: `unit`, `counts` or `ends` of the file. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "load/spike_list.h"

/* Without an array that says how many neurons there are, larger unit numbers than this are not believed. */
#define MOST_NEURONS ((int64_t)1 << 23)
/* Nor are more neurons than FEW, if there are more than SILENT of them for each spike: nearly all would be silent, and a matrix
 * of them all fills a disk. */
enum { FEW = 100000, SILENT = 100 };

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
	int32_t *list =
		n > 0 && table[0].id >= 0 && table[n - 1].id < LISTED ? rmb_arena_alloc(arena, LISTED, sizeof *list) : NULL;
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

/* The numbers that `unit` has for the neurons. */
static int
label_owners(struct rmb_spike_owners *o, const int64_t *ids, int64_t count, struct rmb_arena *arena, struct rmb_error *error)
{
	struct labelled *table = rmb_arena_alloc(arena, (size_t)o->n, sizeof *table);
	if (!table)
		return rmb_error_nomem(error, "neuron numbers");
	for (int64_t i = 0; i < o->n; i++)
		table[i] = (struct labelled){ ids[i], i };
	qsort(table, (size_t)o->n, sizeof *table, compare_labels);
	for (int64_t i = 1; i < o->n; i++)
		if (table[i].id == table[i - 1].id)
			return rmb_error_set(error, RMB_EINPUT, "%s: two neurons have the number %" PRId64, o->found->file->path,
			                     table[i].id);
	o->table = table;
	o->list = count > LISTED / 64 ? list_places(arena, table, o->n) : NULL;
	return 0;
}

/* The part, of n with these ends, in which entry `at` lies. */
static int64_t
part_at(const int64_t *end, int64_t n, int64_t at)
{
	int64_t low = 0, high = n - 1;
	while (low < high) {
		int64_t middle = (low + high) / 2;
		if (end[middle] <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int
rmb_spike_owners_get(const struct rmb_spike_owners *o, int64_t at, int64_t n, int64_t *out, struct rmb_error *error)
{
	const double *unit;
	if (o->end) {
		int64_t i = part_at(o->end, o->n, at);
		for (int64_t k = 0; k < n; out[k++] = i)
			while (o->end[i] <= at + k)
				i++;
		return 0;
	}
	int code = rmb_pieces_whole(&o->unit, at, n, &unit, error);
	int64_t part = o->parts ? part_at(o->parts->end, o->parts->n, at) : 0;
	for (int64_t i = 0; i < n && !code; i++) {
		while (o->parts && o->parts->end[part] <= at + i)
			part++;
		int64_t number = (int64_t)unit[i] + part * RMB_PART_STEP - o->base;
		out[i] = o->table ? place_of(o->table, o->n, o->list, number) : number;
		if (o->table && out[i] < 0)
			code = rmb_error_set(error, RMB_EINPUT,
			                     "%s: spike %" PRId64 " in '%s' is of neuron %.15g, which is not among the %" PRId64
			                     " neurons of `id`",
			                     o->found->file->path, at + i, rmb_member_called(o->found->member), unit[i], o->n);
		else if (out[i] < 0 || (o->n && out[i] >= o->n))
			code = rmb_error_set(error, RMB_EINPUT,
			                     o->n ? "%s: spike %" PRId64 " in '%s' is of neuron %" PRId64 "; there are %" PRId64
			                            ", numbered from 0 "
			                            "(if these are labels, name the array of labels with `id`)"
			                          : "%s: spike %" PRId64 " in '%s' is of neuron %" PRId64
			                            "; neurons are numbered from 0",
			                     o->found->file->path, at + i, rmb_member_called(o->found->member), out[i], o->n);
	}
	return code;
}

int
rmb_spike_owners_by_unit(const struct rmb_found *found, const struct rmb_load_times *to, const struct rmb_unit_parts *parts,
                         int64_t nspikes, int64_t *n, const int64_t *ids, struct rmb_arena *arena, int64_t *block,
                         struct rmb_spike_owners *o, struct rmb_error *error)
{
	const struct rmb_member *m = found->member;
	const char *path = found->file->path;
	int64_t least = INT64_MAX, most = -1;
	*o = (struct rmb_spike_owners){ .found = found, .parts = parts, .n = ids ? *n : 0 };
	int code = rmb_pieces_open(found->file, m, &o->unit, error);
	if (code || ids)
		return code ? code : label_owners(o, ids, nspikes, arena, error);
	for (int64_t at = 0, here; at < nspikes && !code; at += here) {
		code = rmb_spike_owners_get(o, at, here = rmb_spike_block(at, nspikes), block, error);
		if (!code)
			code = rmb_spike_progress(to, RMB_JUDGE_UNITS, at + here, nspikes);
		for (int64_t i = 0; i < here && !code; i++) {
			least = block[i] < least ? block[i] : least;
			most = block[i] > most ? block[i] : most;
		}
	}
	bool matlab = strncmp(found->file->format->name, "matlab", 6) == 0;
	o->base = least > 0 && (matlab || (*n > 0 && most == *n));
	if (!code && !*n && most >= MOST_NEURONS)
		return rmb_error_set(error, RMB_ELIMIT,
		                     "%s: '%s' numbers neurons up to %" PRId64
		                     ", more than rumble believes without an array that has "
		                     "one entry per neuron; if these are labels, name the array of labels with `id`",
		                     path, rmb_member_called(m), most);
	if (!code && !*n && most >= FEW && most >= SILENT * nspikes)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: '%s' numbers neurons up to %" PRId64 ", that is %" PRId64
		                     " neurons, but there are only %" PRId64
		                     " spikes; if these are labels, name the array of labels with `id`",
		                     path, rmb_member_called(m), most, most + 1, nspikes);
	o->n = *n = *n ? *n : most + 1 - o->base;
	return code;
}

int
rmb_spike_owners_by_parts(const struct rmb_found *found, bool ends, int64_t nspikes, struct rmb_spike_owners *o,
                          struct rmb_error *error)
{
	const struct rmb_member *m = found->member;
	const char *path = found->file->path;
	int64_t *part, at = 0;
	int code = rmb_load_integers(found->file, m, &part, error);
	for (int64_t i = 0; i < m->count && !code; i++) {
		int64_t count = ends ? part[i] - at : part[i];
		if (count < 0)
			return rmb_error_set(error, RMB_EINPUT, "%s: entry %" PRId64 " of '%s' is %" PRId64 "%s", path, i,
			                     rmb_member_called(m), part[i],
			                     ends ? ", less than the one before it; ends must ascend"
			                          : "; a number of spikes cannot be negative");
		part[i] = at = count > INT64_MAX - at ? INT64_MAX : at + count;
	}
	if (!code && at != nspikes)
		return rmb_error_set(error, RMB_EINPUT,
		                     ends ? "%s: '%s' ends at spike %" PRId64 ", but there are %" PRId64 " spike times"
		                          : "%s: the entries of '%s' add up to %" PRId64 ", but there are %" PRId64
		                            " spike times",
		                     path, rmb_member_called(m), at, nspikes);
	*o = (struct rmb_spike_owners){ .found = found, .n = m->count, .end = part };
	return code;
}

/* load/guess.c -- what could play a role in a file whose names say nothing: for `rumble inspect`, which proposes it; load never
 * guesses.
 *
 * A list NAME with NAME.counts (cells of MATLAB) is taken for spike times, and so are ascending lists of HDF5, one for each
 * unit, that a pattern names (before any matrix, if they are called after units or spikes); else the largest matrix of numbers
 * for the activity, and an array that is called after time and is as long as one of its axes for the frame times. What has an
 * entry for each neuron then and is called after a place is taken for the positions, or for the depth along a probe. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "load/parts.h"

enum { MOST = 500, SHOWN = 4, SHORT = 100 /* no recording is as short as that */, FEWEST_LISTS = 3, PEEKED = 1024 };

struct contents {
	struct rmb_load_file *file;
	const struct rmb_member *member[MOST];
	int n;
};

static bool
is_number(const struct rmb_member *m)
{
	return !m->refusal && m->number != RMB_NO_NUMBER && m->number != RMB_BYTES && m->number != RMB_UTF32 && m->count > 0;
}

static const struct rmb_member *
find(const struct contents *c, const char *name)
{
	for (int i = 0; i < c->n; i++)
		if (name && strcmp(c->member[i]->name, name) == 0)
			return c->member[i];
	return NULL;
}

/* Whether a name, or its last field, is what numbers of units are called. */
static bool
is_called_unit(const char *name)
{
	static const char *const words[] = { "clu",    "cluster", "clusters", "unit",  "units",
		                             "neuron", "neurons", "cell",     "cells", "spikeClusters" };
	const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(last, words[i]) == 0)
			return true;
	return false;
}

/* The numbers of units beside a list of times; NULL: there are none. */
static const struct rmb_member *
units_beside(const struct contents *c, const struct rmb_member *times)
{
	for (int i = 0; i < c->n; i++)
		if (c->member[i] != times && c->member[i]->count == times->count && is_number(c->member[i]) &&
		    is_called_unit(c->member[i]->name))
			return c->member[i];
	return NULL;
}

static bool
guess_spikes(const struct contents *c, struct rmb_load_settings *set, struct rmb_seen *seen)
{
	const struct rmb_member *best = NULL;
	for (int i = 0; i < c->n; i++) {
		const struct rmb_member *m = c->member[i];
		const char *counts = rmb_arena_printf(c->file->arena, "%s.counts", m->name);
		if (is_number(m) && m->number == RMB_FLOATING && find(c, counts) && !is_called_unit(m->name) &&
		    (!best || m->count > best->count))
			best = m;
	}
	const char *counts = best ? rmb_arena_printf(c->file->arena, "%s.counts", best->name) : NULL;
	if (!counts)
		return false;
	const struct rmb_member *unit = units_beside(c, best);
	set->spikes = best->name;
	rmb_see_advice(seen, "spikes", best->name, NULL);
	if (unit) {
		set->unit = unit->name;
		set->parts = "probes";
		rmb_see_advice(seen, "unit", unit->name, NULL);
		rmb_see_advice(seen, "parts", "probes", NULL);
	} else {
		set->counts = counts;
		rmb_see_advice(seen, "counts", counts, NULL);
	}
	rmb_see_caution(seen, false,
	                "nothing here has a name that rumble knows: '%s' was taken for the spike times, as it is the longest "
	                "list of lists%s. "
	                "This is a guess",
	                best->name, unit ? ", and its parts for probes" : "");
	return true;
}

static bool
is_called(const char *name, const char *const *word)
{
	for (; *word; word++)
		if (strcasestr(name, *word))
			return true;
	return false;
}

/* ---- a list for each unit ---- */

/* Whether it is a list, empty or ascending as far as its beginning tells. */
static bool
ascends(const struct contents *c, const struct rmb_member *m)
{
	int64_t n = m->count < PEEKED ? m->count : PEEKED, rows, columns;
	if (m->count == 0)
		return !m->refusal;
	rmb_member_matrix(m, &rows, &columns);
	if (!is_number(m) || m->pickle || m->naxes < 1 || (rows != 1 && columns != 1))
		return false;
	void *raw = rmb_arena_alloc(c->file->arena, (size_t)n, m->item);
	double *time = rmb_arena_alloc(c->file->arena, (size_t)n, sizeof *time);
	struct rmb_error ignored = { 0 };
	bool down = rows > 1;
	if (!raw || !time || c->file->format->read(c->file, m, 0, down ? n : 1, 0, down ? 1 : n, raw, &ignored))
		return false;
	rmb_member_decode(m, raw, n, time);
	bool ascending = isfinite(time[0]);
	for (int64_t i = 1; i < n; i++)
		ascending &= time[i] >= time[i - 1] && isfinite(time[i]);
	return ascending && (n == 1 || time[n - 1] > time[0]);
}

/* Whether FOLDER/STAR, or with a rest FOLDER/STAR/REST, names a list for everything that is in the folder, of more than one length;
 * `first` is the first of them. */
static bool
are_lists(const struct contents *c, const char *folder, const char *rest, const struct rmb_member *first)
{
	int lists = 0, groups = 0;
	int64_t shortest = INT64_MAX, longest = 0;
	size_t before = 0;
	const char *group = "";
	for (int i = 0; i < c->n; i++) {
		const struct rmb_member *m = c->member[i];
		if (strncmp(m->name, folder, strlen(folder)) != 0)
			continue;
		const char *name = m->name + strlen(folder);
		size_t length = strcspn(name, "/");
		if (!name[length] != !*rest)
			return false;
		groups += length != before || strncmp(name, group, length) != 0;
		group = name;
		before = length;
		if (*rest && strcmp(name + length + 1, rest) != 0)
			continue;
		if ((lists++ == 0 && m != first) || !ascends(c, m))
			return false;
		shortest = m->count < shortest ? m->count : shortest;
		longest = m->count > longest ? m->count : longest;
	}
	return lists >= FEWEST_LISTS && lists == groups && shortest < longest;
}

/* Lists in datasets or groups called after units or spikes, or else in numbered ones. */
static bool
guess_lists(const struct contents *c, bool called, struct rmb_load_settings *set, struct rmb_seen *seen)
{
	static const char *const units[] = { "unit", "neuron", "cell", "clu", "spike", NULL }, *const times[] = { "time", "spike", NULL };
	const char *best = NULL;
	int most = -1;
	for (int i = 0; i < c->n && strcmp(c->file->format->name, "hdf5") == 0; i++) {
		const char *name = c->member[i]->name, *last = strrchr(name, '/'), *before = last;
		if (!last || strchr(name, '*') || !(called ? is_called(name, units) : strpbrk(name, "0123456789") != NULL))
			continue;
		while (before > name && before[-1] != '/')
			before--;
		for (int deep = 0; deep <= (before > name); deep++) {
			const char *folder = rmb_arena_printf(c->file->arena, "%.*s", (int)((deep ? before : last + 1) - name), name),
				   *rest = deep ? last + 1 : "";
			int fit = 2 * is_called(rest, times) + (c->member[i]->number == RMB_FLOATING);
			if (!folder || fit <= most || !are_lists(c, folder, rest, c->member[i]))
				continue;
			best = rmb_arena_printf(c->file->arena, "%s*%s%s", folder, deep ? "/" : "", rest);
			most = best ? fit : most;
		}
	}
	if (!best)
		return false;
	set->spikes = best;
	rmb_see_advice(seen, "spikes", best, NULL);
	rmb_see_caution(seen, false, "nothing here has a name that rumble knows: '%s' was taken for the spike times of one unit each, as these "
	                             "are ascending lists. This is a guess",
	                best);
	return true;
}

/* ---- activity and places ---- */

/* "; other matrices as large: a, b" */
static const char *
rivals(const struct contents *c, const struct rmb_member *best)
{
	const char *text = "";
	int n = 0;
	for (int i = 0; i < c->n && text; i++)
		if (c->member[i] != best && is_number(c->member[i]) && c->member[i]->naxes == 2 &&
		    c->member[i]->count == best->count && n++ < SHOWN)
			text = rmb_arena_printf(c->file->arena, "%s%s%s", text, n == 1 ? "; as large are " : ", ",
			                        c->member[i]->name);
	return text ? text : "";
}

static bool
guess_activity(const struct contents *c, struct rmb_load_settings *set, struct rmb_seen *seen)
{
	const struct rmb_member *best = NULL, *times = NULL;
	for (int i = 0; i < c->n; i++) {
		const struct rmb_member *m = c->member[i];
		if (is_number(m) && m->naxes == 2 && m->axis[0] > 1 && m->axis[1] > 1 && m->axis[0] + m->axis[1] > SHORT &&
		    (!best || m->count > best->count))
			best = m;
	}
	for (int i = 0; i < c->n && best; i++) {
		const struct rmb_member *m = c->member[i];
		bool fits = is_number(m) && m->number == RMB_FLOATING && m != best &&
		            (m->count == best->axis[0] || m->count == best->axis[1]);
		if (fits && !times && strcasestr(m->name, "time"))
			times = m;
	}
	if (!best)
		return false;
	set->activity = best->name;
	rmb_see_advice(seen, "activity", best->name, NULL);
	if (times && !set->times) {
		set->times = times->name;
		rmb_see_advice(seen, "times", times->name, NULL);
	}
	rmb_see_caution(seen, false,
	                "nothing here has a name that rumble knows: '%s' was taken for the activity, as it is the largest "
	                "matrix%s. This is a guess",
	                best->name, rivals(c, best));
	return true;
}

/* Whether an array has n rows of `width` numbers, whichever way it lies. */
static bool
has_shape(const struct rmb_member *m, int64_t n, int64_t width)
{
	bool list = m->naxes == 1 && width == 1, pairs = m->naxes == 2;
	return (list && m->axis[0] == n) ||
	       (pairs && ((m->axis[0] == n && m->axis[1] == width) || (m->axis[0] == width && m->axis[1] == n)));
}

/* Places of n neurons, if the recipe names none. Those in mm are not meant: they are of the brain, and too coarse. */
static void
guess_places(const struct contents *c, int64_t n, struct rmb_load_settings *set, struct rmb_seen *seen)
{
	static const char *const coordinates[] = { "position", "coord", "centroid", "location", "_loc", NULL };
	static const char *const depths[] = { "depth", "dist_from_tip", "distance_from_tip", NULL };
	const struct { const char *setting, **value; const char *const *words; int least, most; } roles[] = {
		{ "positions", &set->positions, coordinates, 2, 3 }, { "y", &set->y, depths, 1, 1 } };
	bool given = set->x || set->y || set->positions || set->positions_file;
	for (size_t r = 0; r < sizeof roles / sizeof *roles && !given; r++)
		for (int i = 0; i < c->n && !given; i++) {
			const struct rmb_member *m = c->member[i];
			bool fits = false;
			for (int width = roles[r].least; width <= roles[r].most; width++)
				fits |= has_shape(m, n, width);
			if (!fits || !is_number(m) || m->pickle || !is_called(m->name, roles[r].words) ||
			    strcasestr(m->name, "mm"))
				continue;
			*roles[r].value = m->name;
			rmb_see_advice(seen, roles[r].setting, m->name, NULL);
			rmb_see_caution(seen, false,
			                "'%s' was taken for %s of the neurons, by its name and length, and must be in um. This "
			                "is a guess",
			                m->name, r == 0 ? "the positions" : "the depths");
			given = true;
		}
}

int
rmb_load_guess(const struct rmb_load_files *files, struct rmb_load_settings *set, struct rmb_seen *seen, struct rmb_error *error)
{
	struct contents c = { .file = files->main };
	if (set->activity || set->spikes || set->unit || set->counts || set->ends)
		return 0;
	int code = c.file->format->list(c.file, c.member, MOST, &c.n, error);
	c.n = c.n < MOST ? c.n : MOST;
	if (code || !(guess_spikes(&c, set, seen) || guess_lists(&c, true, set, seen) || guess_activity(&c, set, seen) ||
	              guess_lists(&c, false, set, seen)))
		return code;
	const struct rmb_member *m = find(&c, set->activity ? set->activity : set->counts);
	if (m && !set->activity)
		guess_places(&c, m->count, set, seen);
	for (int axis = 0; m && set->activity && axis < 2; axis++)
		guess_places(&c, m->axis[axis], set, seen);
	return 0;
}

/* load/table_spikes.c -- a table with a row for each spike: its time, its unit, and perhaps what is known of the unit.
 *
 * Units are whole numbers, which become the neurons' numbers in ascending order, or any texts, in the order in which they first
 * appear. Columns x, y, area, quality, plane and probe (or those that the recipe names) are of the unit if all its rows agree;
 * else they are left out, which is noted. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "load/table.h"

enum { MOST_EXTRAS = 16, MOST_UNITS = 1 << 23, LONGEST_LABEL = 64, FIRST_SLOTS = 1024 };

struct extra {
	int64_t column;
	const char *member;
	bool text, named, left_out;
	const char **of;             /* [nunits] the unit's cell, as text */
};
struct list {
	struct rmb_table *table;
	double *time;                /* [nrows] */
	int64_t *unit;               /* [nrows] in the order of first appearance */
	int64_t nunits;
	const char **label;          /* [nunits] */
	double *number;              /* [nunits] the label as one, NaN if it is none */
	int64_t *line;               /* [nunits] where it first appears */
	int64_t *slot;               /* [nslots] hash table: unit + 1, or 0 */
	size_t nslots;
	struct extra extra[MOST_EXTRAS];
	int nextra;
	bool fraction;               /* some time is not written as a whole number */
	double ticks;                /* of the times' unit in a second */
};

/* ---- units ---- */

static uint64_t
hash_of(const char *text)
{
	uint64_t hash = 14695981039346656037u; /* FNV-1a */
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211u;
	return hash ^ hash >> 29;
}

static int64_t *
slot_of(const struct list *l, const char *label)
{
	size_t at = hash_of(label) & (l->nslots - 1);
	while (l->slot[at] && strcmp(l->label[l->slot[at] - 1], label) != 0)
		at = (at + 1) & (l->nslots - 1);
	return &l->slot[at];
}

static bool
grow(struct list *l, struct rmb_arena *arena)
{
	if (l->nslots > 2 * (size_t)(l->nunits + 1))
		return true;
	l->nslots = l->nslots ? 4 * l->nslots : FIRST_SLOTS;
	l->slot = rmb_arena_alloc(arena, l->nslots, sizeof *l->slot);
	for (int64_t u = 0; u < l->nunits && l->slot; u++)
		*slot_of(l, l->label[u]) = u + 1;
	return l->slot;
}

/* Room for one unit more in every list; false: no memory. */
static bool
add_unit(struct list *l, const char *label, double number)
{
	struct rmb_arena *arena = l->table->lines.arena;
	size_t n = (size_t)l->nunits;
	const char **labels = rmb_arena_room(arena, l->label, n, sizeof *labels);
	double *numbers = rmb_arena_room(arena, l->number, n, sizeof *numbers);
	int64_t *lines = rmb_arena_room(arena, l->line, n, sizeof *lines);
	bool room = labels && numbers && lines && (labels[n] = rmb_arena_strdup(arena, label));
	for (int e = 0; e < l->nextra && room; e++) {
		struct extra *x = &l->extra[e];
		const struct rmb_cell *cell = &l->table->cell[x->column];
		const char **of = rmb_arena_room(arena, x->of, n, sizeof *of);
		room = of && (of[n] = rmb_load_printable(arena, cell->text, cell->n));
		x->of = of;
	}
	if (!room)
		return false;
	l->label = labels;
	l->number = numbers;
	l->line = lines;
	l->number[n] = number;
	l->line[n] = l->table->lines.number;
	return true;
}

/* Columns of which the unit's rows do not agree are not of the unit. */
static int
compare_extras(struct list *l, int64_t unit, struct rmb_load_file *file, struct rmb_error *error)
{
	for (int e = 0; e < l->nextra; e++) {
		struct extra *x = &l->extra[e];
		const struct rmb_cell *cell = &l->table->cell[x->column];
		if (x->left_out || (strlen(x->of[unit]) == cell->n && memcmp(x->of[unit], cell->text, cell->n) == 0))
			continue;
		const char *here = rmb_load_printable(file->arena, cell->text, cell->n);
		if (here && strcmp(here, x->of[unit]) == 0)
			continue;
		const char *said =
			rmb_arena_printf(file->arena, "'%.40s' for unit %s in line %" PRId64 " and '%.40s' in line %" PRId64,
		                         x->of[unit], l->label[unit], l->line[unit], here ? here : "?", l->table->lines.number);
		if (x->named)
			return rmb_error_set(error, RMB_EINPUT, "%s: the column '%s' is not of the units: it is %s", file->path,
			                     l->table->lines.name[x->column], said ? said : "?");
		x->left_out = true;
		rmb_load_file_note(file, "the column '%s' was left out: it is %s", l->table->lines.name[x->column],
		                   said ? said : "?");
	}
	return 0;
}

/* The unit of the row that was cut: 3, 3.0 and " 3" are one. */
static int
take_unit(struct list *l, int64_t column, int64_t *unit, struct rmb_load_file *file, struct rmb_error *error)
{
	const struct rmb_cell *cell = &l->table->cell[column];
	char label[LONGEST_LABEL];
	double number;
	if (cell->n == 0 || cell->n >= sizeof label)
		return rmb_error_set(error, RMB_EINPUT, "%s: a unit has a name of 1 to %d characters",
		                     rmb_lines_place(&l->table->lines, column), LONGEST_LABEL - 1);
	bool whole = rmb_cell_number(cell, &number) && number == rint(number) && fabs(number) < 0x1p53;
	if (whole)
		snprintf(label, sizeof label, "%.0f", number + 0.0); /* + 0.0: -0 is 0 */
	else {
		memcpy(label, cell->text, cell->n);
		label[cell->n] = '\0';
	}
	if (!grow(l, file->arena))
		return rmb_error_nomem(error, "units");
	int64_t *slot = slot_of(l, label);
	*unit = *slot - 1;
	if (*slot)
		return compare_extras(l, *unit, file, error);
	if (l->nunits == MOST_UNITS)
		return rmb_error_set(error, RMB_ELIMIT, "%s: more than %d different units",
		                     rmb_lines_place(&l->table->lines, column), MOST_UNITS);
	if (!add_unit(l, label, whole ? number : NAN))
		return rmb_error_nomem(error, "units");
	*unit = l->nunits++;
	*slot = *unit + 1;
	return 0;
}

/* ---- rows ---- */

static int
take_row(struct list *l, int64_t row, int64_t time, int64_t unit, struct rmb_load_file *file, struct rmb_error *error)
{
	struct rmb_lines *lines = &l->table->lines;
	const struct rmb_cell *cell = &l->table->cell[time];
	int code = rmb_lines_next(lines, error);
	if (!code && !lines->text)
		code = rmb_error_set(error, RMB_EINPUT, "%s has become shorter: does something still write it?", lines->path);
	if (!code)
		code = rmb_lines_cut(lines, l->table->cell, error);
	if (code)
		return code;
	if (!rmb_cell_number(cell, &l->time[row]) || !isfinite(l->time[row]))
		return cell->n == 0 ? rmb_error_set(error, RMB_EINPUT, "%s is empty; every spike has a time",
		                                    rmb_lines_place(lines, time))
		                    : rmb_lines_no_number(lines, time, cell, error);
	if (l->ticks != 1)
		l->time[row] /= l->ticks;
	l->fraction |= memchr(cell->text, '.', cell->n) || l->time[row] != rint(l->time[row]) || fabs(l->time[row]) > 0x1p53;
	return take_unit(l, unit, &l->unit[row], file, error);
}

/* Columns that may be of the units. */
static int
find_extras(struct rmb_load_file *file, struct list *l, int64_t time, int64_t unit, struct rmb_error *error)
{
	const struct rmb_lines *lines = &l->table->lines;
	for (int role = RMB_TABLE_X; role < RMB_TABLE_ROLES; role++) {
		int64_t c;
		int code = rmb_table_usual(lines, (enum rmb_table_role)role, &c, error);
		if (code)
			return code;
		if (c >= 0 && c != time && c != unit && !rmb_table_is_named(file, lines->name[c]))
			l->extra[l->nextra++] = (struct extra){ .column = c,
				                                .member = rmb_table_member((enum rmb_table_role)role),
				                                .text = role == RMB_TABLE_AREA };
	}
	for (int64_t c = 0; c < lines->ncolumns && l->nextra < MOST_EXTRAS; c++)
		if (c != time && c != unit && rmb_table_is_named(file, lines->name[c]))
			l->extra[l->nextra++] = (struct extra){ .column = c,
				                                .member = lines->name[c],
				                                .named = true,
				                                .text = rmb_table_plays(lines, c, RMB_TABLE_AREA) };
	return 0;
}

/* ---- members ---- */

struct ranked { double number; int64_t unit; };

static int
by_number(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	return (x->number > y->number) - (x->number < y->number);
}

static int
add_extra(struct rmb_table *t, const struct extra *x, const struct ranked *order, int64_t n, struct rmb_error *error)
{
	size_t width = 1;
	for (int64_t i = 0; i < n; i++)
		width = strlen(x->of[i]) + 1 > width ? strlen(x->of[i]) + 1 : width;
	char *text = rmb_arena_alloc(t->lines.arena, (size_t)n, width);
	double *number = rmb_arena_alloc(t->lines.arena, (size_t)n, sizeof *number);
	bool numbers = !x->text;
	if (!text || !number)
		return rmb_error_nomem(error, x->member);
	for (int64_t i = 0; i < n; i++) {
		const char *of = x->of[order[i].unit];
		memcpy(text + (size_t)i * width, of, strlen(of));
		numbers &= rmb_cell_number(&(struct rmb_cell){ of, strlen(of) }, &number[i]);
	}
	return numbers ? rmb_gathered_doubles(&t->made, x->member, number, n, error)
	               : rmb_gathered_texts(&t->made, x->member, text, width, n, error);
}

/* Times, as whole numbers if all are written as such: ticks of a clock are. */
static int
add_times(struct rmb_table *t, const char *name, const struct list *l, struct rmb_error *error)
{
	int64_t *whole = l->fraction ? NULL : rmb_arena_alloc(t->lines.arena, (size_t)t->nrows, sizeof *whole);
	if (!l->fraction && !whole)
		return rmb_error_nomem(error, name);
	for (int64_t i = 0; i < t->nrows && whole; i++)
		whole[i] = (int64_t)l->time[i];
	return whole ? rmb_gathered_integers(&t->made, name, whole, t->nrows, error)
	             : rmb_gathered_doubles(&t->made, name, l->time, t->nrows, error);
}

static int
add_members(struct rmb_load_file *file, struct rmb_table *t, struct list *l, int64_t time, int64_t unit, struct rmb_error *error)
{
	const struct rmb_load_wish *wish = file->wish;
	int64_t n = l->nunits, *id = rmb_arena_alloc(file->arena, (size_t)n, sizeof *id);
	struct ranked *order = rmb_arena_alloc(file->arena, (size_t)n, sizeof *order);
	bool numbered = true;
	if (!id || !order)
		return rmb_error_nomem(error, "units");
	for (int64_t u = 0; u < n; u++)
		numbered &= !isnan(l->number[u]);
	for (int64_t u = 0; u < n; u++)
		order[u] = (struct ranked){ numbered ? l->number[u] : (double)u, u };
	qsort(order, (size_t)n, sizeof *order, by_number);
	for (int64_t i = 0; i < n; i++)
		id[i] = (int64_t)order[i].number;
	for (int64_t row = 0; row < t->nrows; row++)
		l->unit[row] = numbered ? (int64_t)l->number[l->unit[row]] : l->unit[row];
	if (!numbered)
		rmb_load_file_note(file, "units are named by text and were numbered as they first appear: 0 is '%s'%s%s%s",
		                   l->label[0], n > 1 ? ", 1 is '" : "", n > 1 ? l->label[1] : "", n > 1 ? "'" : "");
	int code = add_times(t, wish && wish->spikes ? t->lines.name[time] : "st", l, error);
	if (!code)
		code = rmb_gathered_integers(&t->made, wish && wish->unit ? t->lines.name[unit] : "clu", l->unit, t->nrows,
		                             error);
	if (!code)
		code = rmb_gathered_integers(&t->made, "cluster", id, n, error);
	for (int e = 0; e < l->nextra && !code; e++)
		if (!l->extra[e].left_out)
			code = add_extra(t, &l->extra[e], order, n, error);
	return code;
}

int
rmb_table_spikes(struct rmb_load_file *file, struct rmb_table *t, int64_t time, int64_t unit, struct rmb_error *error)
{
	struct list *l = rmb_arena_alloc(file->arena, 1, sizeof *l);
	int code = l ? 0 : rmb_error_nomem(error, "spikes");
	if (code)
		return code;
	l->table = t;
	l->time = rmb_arena_alloc(file->arena, (size_t)t->nrows, sizeof *l->time);
	l->unit = rmb_arena_alloc(file->arena, (size_t)t->nrows, sizeof *l->unit);
	if (!l->time || !l->unit)
		return rmb_error_nomem(error, "spikes");
	double ticks = rmb_table_ticks(t->lines.name[time]);
	bool clocked = file->wish && file->wish->clock > 0; /* the recipe says what the unit is */
	l->ticks = isnan(ticks) || clocked ? 1 : ticks;
	if (!isnan(ticks) && !clocked)
		file->in_seconds = true;
	if (l->ticks != 1) {
		l->fraction = true;
		rmb_load_file_note(file, "times in the column '%s' were made seconds, each of which has %g of its unit",
		                   t->lines.name[time], l->ticks);
	}
	code = find_extras(file, l, time, unit, error);
	rmb_lines_seek(&t->lines, t->start[0], t->number[0]);
	for (int64_t row = 0; row < t->nrows && !code; row++)
		code = take_row(l, row, time, unit, file, error);
	return code ? code : add_members(file, t, l, time, unit, error);
}

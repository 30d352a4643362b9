/* load/table.c -- tables of text, .csv or .tsv, whose first line names the columns.
 *
 * A table is one of three. *Spikes*: it has a column of times and one of units, a row for each spike (table_spikes.c). *Frames by
 * neurons*: a row for each frame; its first column is the time of the frame or its number, every other one a neuron. *Neurons by
 * frames*: a row for each neuron; its first column is the neuron's number, columns called x, y, area, quality, plane and probe
 * tell of it, every other one is a frame. The first column's name decides between the last two, or `orientation` if it is no such
 * name. Columns that the recipe names for something else are no neurons, nor are cells that Inscopix's second line does not call
 * accepted. Activity is read in blocks of lines, never whole. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "load/table.h"

static enum rmb_sureness
table_recognises(const struct rmb_load_probe *probe)
{
	return rmb_probe_is_text(probe) && !rmb_probe_foreign(probe) ? RMB_PERHAPS : RMB_NOT_MINE;
}

/* ---- rows ---- */

/* Finds the rows, and that each has as many cells as there are columns. */
static int
find_rows(struct rmb_table *t, struct rmb_error *error)
{
	struct rmb_lines *l = &t->lines;
	int code;
	t->cell = rmb_arena_alloc(l->arena, (size_t)l->ncolumns, sizeof *t->cell);
	if (!t->cell)
		return rmb_error_nomem(error, l->path);
	while (!(code = rmb_lines_next(l, error)) && l->text && !(code = rmb_lines_cut(l, t->cell, error))) {
		int64_t *start = rmb_arena_room(l->arena, t->start, (size_t)t->nrows, sizeof *start);
		int64_t *number = rmb_arena_room(l->arena, t->number, (size_t)t->nrows, sizeof *number);
		if (!start || !number)
			return rmb_error_nomem(error, l->path);
		t->start = start;
		t->number = number;
		t->start[t->nrows] = l->start;
		t->number[t->nrows++] = l->number;
	}
	t->next = -1;
	return code || t->nrows > 0 ? code
	                            : rmb_error_set(error, RMB_EINPUT,
	                                            "%s is plain text of one line; a table has rows below its names", l->path);
}

/* Reads and cuts a row. */
static int
read_row(struct rmb_table *t, int64_t row, struct rmb_error *error)
{
	if (row != t->next)
		rmb_lines_seek(&t->lines, t->start[row], t->number[row]);
	t->next = row + 1;
	int code = rmb_lines_next(&t->lines, error);
	if (!code && !t->lines.text)
		code = rmb_error_set(error, RMB_EINPUT, "%s has become shorter: does something still write it?", t->lines.path);
	return code ? code : rmb_lines_cut(&t->lines, t->cell, error);
}

/* The cell of the row that was read, as a number. */
static int
take_number(const struct rmb_table *t, int64_t column, double *number, struct rmb_error *error)
{
	return rmb_cell_number(&t->cell[column], number) ? 0 : rmb_lines_no_number(&t->lines, column, &t->cell[column], error);
}

/* The cell as a text of RMB_LONGEST_AREA bytes, NUL-padded, at `area`. */
static int
take_area(const struct rmb_table *t, int64_t column, char *area, struct rmb_error *error)
{
	const struct rmb_cell *cell = &t->cell[column];
	if (cell->n >= RMB_LONGEST_AREA)
		return rmb_error_set(error, RMB_EINPUT, "%s: an area is a text of %zu bytes; rumble reads up to %d",
		                     rmb_lines_place(&t->lines, column), cell->n, RMB_LONGEST_AREA - 1);
	memcpy(area, cell->text, cell->n);
	return 0;
}

/* ---- columns as members ---- */

/* The items of a column: numbers, or texts of RMB_LONGEST_AREA bytes. */
static int
fill_column(struct rmb_load_file *made, const struct rmb_member *member, void *items, struct rmb_error *error)
{
	struct rmb_table *t = *rmb_gathered_own(made);
	int64_t column = t->apart[member->at];
	double ticks = rmb_table_ticks(t->lines.name[column]);
	bool convert = !isnan(ticks) && ticks != 1;
	int code = 0;
	for (int64_t row = 0; row < t->nrows && !code; row++) {
		code = read_row(t, row, error);
		if (!code && member->number == RMB_BYTES)
			code = take_area(t, column, (char *)items + row * RMB_LONGEST_AREA, error);
		else if (!code)
			code = take_number(t, column, (double *)items + row, error);
		if (convert && member->number != RMB_BYTES)
			((double *)items)[row] /= ticks;
	}
	return code;
}

/* A member for one column, an entry for each row. */
static int
add_column(struct rmb_table *t, const char *name, int64_t column, bool text, struct rmb_error *error)
{
	struct rmb_member m = rmb_gathered_numbers(name, t->nrows);
	m.effort = t->made.size;
	int64_t *apart = rmb_arena_room(t->lines.arena, t->apart, (size_t)t->napart, sizeof *apart);
	if (!apart)
		return rmb_error_nomem(error, name);
	t->apart = apart;
	t->apart[t->napart++] = column;
	if (text) {
		m.number = RMB_BYTES;
		m.item = RMB_LONGEST_AREA;
		m.type = "text";
	}
	return rmb_gathered_later(&t->made, &m, fill_column, error);
}

/* ---- activity ---- */

enum rows_are { UNKNOWN, FRAMES, NEURONS };

static enum rows_are
says(const struct rmb_lines *l, int64_t column)
{
	return rmb_table_plays(l, column, RMB_TABLE_TIME) || rmb_table_plays(l, column, RMB_TABLE_FRAME) ? FRAMES
	       : rmb_table_plays(l, column, RMB_TABLE_UNIT)                                              ? NEURONS
	                                                                                                 : UNKNOWN;
}

/* Numbers of rows, as pandas and R write them. */
static bool
is_index(const struct rmb_lines *l, int64_t column)
{
	return *l->name[column] == '\0' || strcasecmp(l->name[column], "index") == 0;
}

/* The column that says what a row is: the first, or the one behind an index. */
static int64_t
key_column(const struct rmb_lines *l)
{
	return is_index(l, 0) && l->ncolumns > 1 && says(l, 1) != UNKNOWN ? 1 : 0;
}

static bool
has_status(const struct rmb_table *t, int64_t column, const char *status)
{
	const struct rmb_cell *cell = &t->lines.status[column];
	return cell->n == strlen(status) && strncasecmp(cell->text, status, cell->n) == 0;
}

/* Of the *n cells of Inscopix those that it calls accepted, or, where nobody accepted any, those that are not rejected. */
static int
keep_accepted(struct rmb_load_file *file, struct rmb_table *t, int64_t *n, struct rmb_error *error)
{
	bool every = file->wish && strcmp(file->wish->rois, "all") == 0, accepted = false;
	int64_t kept = 0, all = *n, *number = rmb_arena_alloc(file->arena, (size_t)all, sizeof *number);
	if (!number)
		return rmb_error_nomem(error, "roi");
	for (int64_t i = 0; i < all; i++)
		accepted |= has_status(t, t->column[i], "accepted");
	for (int64_t i = 0; i < all; i++)
		if (every || (accepted ? has_status(t, t->column[i], "accepted") : !has_status(t, t->column[i], "rejected"))) {
			number[kept] = t->column[i] - 1;
			t->column[kept++] = t->column[i];
		}
	if (kept == 0)
		return rmb_error_set(error, RMB_EINPUT, "%s: every cell is rejected, by its second line; `rois: all` reads them",
		                     file->path);
	if (kept < all)
		rmb_load_file_note(file, "read the %" PRId64 " of %" PRId64 " cells that are %s; `rois: all` reads every one", kept, all,
		                   accepted ? "accepted" : "not rejected");
	*n = kept;
	return rmb_gathered_integers(&t->made, "roi", number, kept, error);
}

/* Columns that are no samples become members: those that the recipe names, and those with usual names. */
static int
set_columns_apart(struct rmb_load_file *file, struct rmb_table *t, enum rows_are rows, struct rmb_error *error)
{
	const struct rmb_lines *l = &t->lines;
	int64_t n = 0, key = key_column(l);
	bool apart_key = says(l, key) != UNKNOWN || is_index(l, key);
	int code = 0;
	t->column = rmb_arena_alloc(l->arena, (size_t)l->ncolumns, sizeof *t->column);
	if (!t->column)
		return rmb_error_nomem(error, l->path);
	for (int64_t c = 0; c < l->ncolumns && !code; c++) {
		enum rmb_table_role role = RMB_TABLE_ROLES;
		for (int r = RMB_TABLE_X; r < RMB_TABLE_ROLES && rows == NEURONS && c > key; r++)
			role = rmb_table_plays(l, c, (enum rmb_table_role)r) ? (enum rmb_table_role)r : role;
		role = c == key && rmb_table_plays(l, c, RMB_TABLE_TIME)   ? RMB_TABLE_TIME
		       : c == key && rmb_table_plays(l, c, RMB_TABLE_UNIT) ? RMB_TABLE_UNIT
		                                                           : role;
		bool named = rmb_table_is_named(file, l->name[c]);
		if (named)
			code = add_column(t, l->name[c], c, role == RMB_TABLE_AREA, error);
		else if (role != RMB_TABLE_ROLES)
			code = add_column(t, role == RMB_TABLE_UNIT ? "roi" : rmb_table_member(role), c, role == RMB_TABLE_AREA,
			                  error);
		else if (c > key || (c == key && !apart_key))
			t->column[n++] = c;
	}
	if (!code && n == 0)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s is plain text, a table of %" PRId64 " columns, none of which is left for activity",
		                     l->path, l->ncolumns);
	if (!code && l->status)
		code = keep_accepted(file, t, &n, error);
	t->matrix = (struct rmb_member){ .name = "activity",
		                         .type = "numbers in text",
		                         .number = RMB_FLOATING,
		                         .item = 8,
		                         .naxes = 2,
		                         .frames_first = rows == FRAMES,
		                         .axis = { t->nrows, n } };
	return code ? code : rmb_member_measure(l->arena, l->path, &t->matrix, error);
}

static int
open_activity(struct rmb_load_file *file, struct rmb_table *t, struct rmb_error *error)
{
	const struct rmb_lines *l = &t->lines;
	const char *wanted = file->wish && file->wish->orientation ? file->wish->orientation : "auto";
	int64_t key = key_column(l);
	enum rows_are shown = says(l, key), rows = strcmp(wanted, "frames-first") == 0    ? FRAMES
	                                               : strcmp(wanted, "neurons-first") == 0 ? NEURONS
	                                                                                      : shown;
	if (rows == UNKNOWN)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s is plain text, a table of %" PRId64 " columns and %" PRId64
		                     " rows, and its first column ('%s') does not say "
		                     "what a row is: write `orientation: frames-first` if a row is a frame, `orientation: "
		                     "neurons-first` if it is a neuron, or "
		                     "call that column time, frame or neuron. Spikes have a column time and a column unit, or "
		                     "name them with `spikes: "
		                     "NAME` and `unit: NAME`",
		                     l->path, l->ncolumns, t->nrows, l->name[0]);
	if (shown == FRAMES && strncasecmp(l->name[key], "spike", 5) == 0)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: a row is a spike, as the column '%s' says, and no column is called unit, cluster or "
		                     "neuron: name the one that says whose it is, `unit: NAME`",
		                     l->path, l->name[key]);
	if (shown != UNKNOWN && shown != rows)
		return rmb_error_set(
			error, RMB_EINPUT,
			"%s: the column '%s' says that a row is a %s, and the recipe says `orientation: %s`: rename the "
			"column or leave the setting out",
			l->path, l->name[key], shown == FRAMES ? "frame" : "neuron", wanted);
	return set_columns_apart(file, t, rows, error);
}

/* ---- the format ---- */

/* A column of units without one of times beside it, or with one of samples: a row may be something that is not read. *time: a
 * column that counts samples of the recipe's clock. */
static int
check_kind(const struct rmb_load_file *file, const struct rmb_lines *l, int64_t unit, int64_t *time, struct rmb_error *error)
{
	int64_t counted = -1, sample = -1;
	for (int64_t c = 0; c < l->ncolumns; c++) {
		bool other = c != unit && !rmb_table_is_named(file, l->name[c]);
		counted = other && counted < 0 && rmb_table_counts(l, c) ? c : counted;
		sample = other && sample < 0 && rmb_table_plays(l, c, RMB_TABLE_SAMPLE) ? c : sample;
	}
	int64_t when = *time >= 0 ? *time : counted;
	if (when >= 0 && sample >= 0)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: by the columns '%s', '%s' and '%s' a row is one sample of one neuron; a table of activity has "
		                     "a row for each frame and a column for each neuron (in Python `table.pivot(index='%s', "
		                     "columns='%s', values='%s')`). If a row is a spike, say so with `spikes: %s` and `unit: %s`",
		                     l->path, l->name[unit], l->name[when], l->name[sample], l->name[when], l->name[unit],
		                     l->name[sample], l->name[when], l->name[unit]);
	if (*time >= 0 || counted < 0)
		return 0;
	if (file->wish && file->wish->clock > 0) {
		*time = counted;
		return 0;
	}
	return rmb_error_set(error, RMB_EINPUT,
	                     "%s: a row is a spike by the columns '%s' and '%s', and the latter counts samples or frames: say how many "
	                     "there are in a second, `clock: 30 kHz`, or whatever it was",
	                     l->path, l->name[unit], l->name[counted]);
}

static int
is_list_of_spikes(const struct rmb_load_file *file, struct rmb_table *t, int64_t *time, int64_t *unit, struct rmb_error *error)
{
	const struct rmb_load_wish *wish = file->wish;
	struct rmb_lines *l = &t->lines;
	*time = rmb_table_column(l, wish ? wish->spikes : NULL);
	*unit = rmb_table_column(l, wish ? wish->unit : NULL);
	bool asked = wish && (wish->spikes || wish->unit);
	bool some_time = false, some_unit = false;
	for (int64_t c = 0; c < l->ncolumns; c++) {
		some_time |= rmb_table_plays(l, c, RMB_TABLE_TIME);
		some_unit |= rmb_table_plays(l, c, RMB_TABLE_UNIT);
	}
	int code = 0;
	if (*time < 0 && (asked || (some_time && some_unit)))
		code = rmb_table_usual(l, RMB_TABLE_TIME, time, error);
	if (!code && *unit < 0 && (asked || some_unit))
		code = rmb_table_usual(l, RMB_TABLE_UNIT, unit, error);
	if (!code && !asked && *unit >= 0)
		code = check_kind(file, l, *unit, time, error);
	if (code || !asked || (*time >= 0 && *unit >= 0))
		return code;
	return rmb_error_set(
		error, RMB_EINPUT,
		"%s: spikes need a column with the time of each and one with its unit; %s was found. The columns are %s%s%s%s",
		l->path, *time >= 0 ? "no unit (`unit: NAME`)" : "no time (`spikes: NAME`)", l->name[0],
		l->ncolumns > 1 ? ", " : "", l->ncolumns > 1 ? l->name[1] : "", l->ncolumns > 2 ? ", ..." : "");
}

static void
table_close(struct rmb_load_file *file)
{
	struct rmb_table *t = file->handle;
	rmb_lines_close(&t->lines);
}

static int
table_open(struct rmb_load_file *file, struct rmb_error *error)
{
	struct rmb_table *t = rmb_arena_alloc(file->arena, 1, sizeof *t);
	int64_t time = -1, unit = -1;
	if (!t)
		return rmb_error_nomem(error, file->path);
	file->handle = t;
	t->made = *file;
	int code = rmb_gathered_make(&t->made, error);
	if (code)
		return code;
	*rmb_gathered_own(&t->made) = t;
	code = rmb_lines_open(&t->lines, file->arena, file->path, error);
	if (!code && t->lines.remarks > 0)
		rmb_load_file_note(file, "left out %" PRId64 " line%s of remarks before the header", t->lines.remarks,
		                   t->lines.remarks == 1 ? "" : "s");
	if (!code)
		code = find_rows(t, error);
	if (!code)
		code = is_list_of_spikes(file, t, &time, &unit, error);
	if (!code)
		code = time >= 0 && unit >= 0 && !(file->wish && file->wish->activity)
		               ? rmb_table_spikes(file, t, time, unit, error)
		               : open_activity(file, t, error);
	if (code)
		table_close(file);
	return code;
}

static int
table_find(struct rmb_load_file *file, const char *name, const struct rmb_member **member, struct rmb_error *error)
{
	struct rmb_table *t = file->handle;
	*member = t->matrix.name && strcmp(name, t->matrix.name) == 0 ? &t->matrix : NULL;
	return *member ? 0 : rmb_gathered_find(&t->made, name, member, error);
}

static int
table_list(struct rmb_load_file *file, const struct rmb_member **member, int room, int *n, struct rmb_error *error)
{
	struct rmb_table *t = file->handle;
	int own = t->matrix.name != NULL, others = 0;
	if (own && room > 0)
		*member = &t->matrix;
	int code = rmb_gathered_list(&t->made, member + (room > 0 ? own : 0), room > own ? room - own : 0, &others, error);
	*n = own + others;
	return code;
}

static int
table_read(struct rmb_load_file *file, const struct rmb_member *member, int64_t row, int64_t nrows, int64_t column,
           int64_t ncolumns, void *raw, struct rmb_error *error)
{
	struct rmb_table *t = file->handle;
	double *out = raw;
	if (member != &t->matrix)
		return rmb_gathered_read(&t->made, member, row, nrows, column, ncolumns, raw, error);
	int code = 0;
	for (int64_t r = row; r < row + nrows && !code; r++) {
		code = read_row(t, r, error);
		for (int64_t c = column; c < column + ncolumns && !code; c++)
			code = take_number(t, t->column[c], out++, error);
	}
	return code;
}

const struct rmb_format rmb_format_table = {
	.name = "table",
	.title = "plain text",
	.holds_lists = true,
	.recognises = table_recognises,
	.open = table_open,
	.close = table_close,
	.find = table_find,
	.list = table_list,
	.read = table_read,
};

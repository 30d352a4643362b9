/* load/sheet.c -- small tables of text. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "load/sheet.h"

enum { MOST_COLUMNS = 1000 };

/* Ends the line at *at and moves on to the next; NULL: there is none. */
static char *
next_line(char **at)
{
	char *line = *at, *end = line ? strpbrk(line, "\r\n") : NULL;
	if (!line || !*line)
		return NULL;
	*at = end ? end + 1 + (end[0] == '\r' && end[1] == '\n') : NULL;
	if (end)
		*end = '\0';
	return line;
}

/* Ends the cell at *at and moves on; NULL: the line is over. */
static char *
next_cell(char **at, char separator)
{
	char *cell = *at;
	if (!cell)
		return NULL;
	bool quoted = *cell == '"' && strchr(cell + 1, '"');
	char *end = strchr(quoted ? strchr(cell + 1, '"') : cell, separator);
	*at = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	if (quoted) {
		*strchr(cell + 1, '"') = '\0';
		cell++;
	}
	return cell;
}

static int64_t
count_lines(const char *text)
{
	int64_t n = 1;
	for (; *text; text++)
		n += *text == '\n' || *text == '\r';
	return n;
}

static int64_t
cut(char *line, char separator, const char **cell, int64_t room)
{
	int64_t n = 0;
	for (char *one; (one = next_cell(&line, separator)); n++)
		if (n < room)
			cell[n] = one;
	return n;
}

int
rmb_sheet_read(struct rmb_arena *arena, const char *what, char *text, size_t n, char separator, struct rmb_sheet *sheet,
               struct rmb_error *error)
{
	*sheet = (struct rmb_sheet){ 0 };
	if (memchr(text, 0, n))
		return rmb_error_set(error, RMB_EINPUT, "%s is not a table of text: it holds a NUL byte", what);
	const char *name[MOST_COLUMNS];
	int64_t lines = count_lines(text);
	char *at = text + (strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0), *line = next_line(&at); /* behind a mark of UTF-8 */
	sheet->ncolumns = line ? cut(line, separator, name, MOST_COLUMNS) : 0;
	if (sheet->ncolumns == 0 || sheet->ncolumns > MOST_COLUMNS)
		return rmb_error_set(error, RMB_EINPUT, "%s has %" PRId64 " columns; its first line must name 1 to %d", what,
		                     sheet->ncolumns, MOST_COLUMNS);
	sheet->name = rmb_arena_copy(arena, name, (size_t)sheet->ncolumns, sizeof *name);
	sheet->cell = rmb_arena_alloc(arena, (size_t)lines * (size_t)sheet->ncolumns, sizeof *sheet->cell);
	if (!sheet->name || !sheet->cell)
		return rmb_error_nomem(error, what);
	for (int64_t number = 2; (line = next_line(&at)); number++) {
		const char **row = sheet->cell + sheet->nrows * sheet->ncolumns;
		int64_t here = *line ? cut(line, separator, row, sheet->ncolumns) : 0;
		if (here > sheet->ncolumns)
			return rmb_error_set(error, RMB_EINPUT,
			                     "%s: line %" PRId64 " has %" PRId64 " cells; the first line names %" PRId64
			                     " columns",
			                     what, number, here, sheet->ncolumns);
		for (int64_t c = here; here && c < sheet->ncolumns; c++)
			row[c] = "";
		sheet->nrows += here > 0;
	}
	return 0;
}

int64_t
rmb_sheet_column(const struct rmb_sheet *sheet, const char *name)
{
	for (int64_t c = 0; c < sheet->ncolumns; c++)
		if (strcmp(sheet->name[c], name) == 0)
			return c;
	return -1;
}

bool
rmb_sheet_number(const struct rmb_sheet *sheet, int64_t row, int64_t column, double *number)
{
	char *end;
	if (column < 0)
		return false;
	const char *cell = sheet->cell[row * sheet->ncolumns + column];
	*number = strtod(cell, &end);
	return end != cell && (*end == '\0' || *end == ' ');
}

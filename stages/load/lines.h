/* load/lines.h -- tables of text of any length, line by line: a line of column names, then a line for each row.
 *
 * Cells are separated by tabs if the first line has one, else by commas, else by semicolons; they may stand in double quotes,
 * with blanks around them. Lines end in either way, empty ones count for nothing. Lines that begin with # or % are remarks, which
 * may stand before the names; the last of them is the names if a row with as many cells follows it. (Small tables are simpler to
 * read whole: sheet.h.) */
#ifndef RMB_LOAD_LINES_H
#define RMB_LOAD_LINES_H
#include "load/format.h"

struct rmb_lines {
	struct rmb_arena *arena;
	const char *path;
	int fd;
	char separator;
	int64_t ncolumns;
	const char **name;           /* [ncolumns] printable */
	int64_t remarks;             /* lines before the names */
	struct rmb_cell *status;     /* [ncolumns] of Inscopix's second line, "accepted"; NULL: there is none */
	/* the line that was read last */
	int64_t number;              /* counted from 1 */
	int64_t start;               /* where it begins in the file */
	char *text;                  /* NUL behind it; NULL: the file is over */
	/* what was read ahead */
	char *buffer;
	size_t room, n, used;
	int64_t at;                  /* of the file, behind the buffer */
};
struct rmb_cell { const char *text; size_t n; };

/* Opens the file and reads what stands before the rows. Close with rmb_lines_close, also after a failure. */
int rmb_lines_open(struct rmb_lines *lines, struct rmb_arena *arena, const char *path, struct rmb_error *error) RMB_CHECKED;
void rmb_lines_close(struct rmb_lines *lines);
/* The next line that is not empty, as lines->text. */
int rmb_lines_next(struct rmb_lines *lines, struct rmb_error *error) RMB_CHECKED;
/* Goes to the line that begins at `start` and has this number; rmb_lines_next() then reads it. */
void rmb_lines_seek(struct rmb_lines *lines, int64_t start, int64_t number);
/* Cuts the line into exactly lines->ncolumns cells. */
int rmb_lines_cut(const struct rmb_lines *lines, struct rmb_cell *cell, struct rmb_error *error) RMB_CHECKED;
/* A cell as a number. Empty ones, NA, NaN, null and None are NaN; anything else that is no number is false. */
bool rmb_cell_number(const struct rmb_cell *cell, double *number);
/* "PATH: line 7, column 3 ('x')": for sentences about a cell of the line. */
const char *rmb_lines_place(const struct rmb_lines *lines, int64_t column);
/* Says that a cell is no number. */
int rmb_lines_no_number(const struct rmb_lines *lines, int64_t column, const struct rmb_cell *cell, struct rmb_error *error);
#endif

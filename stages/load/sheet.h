/* load/sheet.h -- small tables of text, as phy's cluster_info.tsv: a line of column names, then a line for each row. */
#ifndef RMB_LOAD_SHEET_H
#define RMB_LOAD_SHEET_H
#include "load/format.h"

struct rmb_sheet {
	int64_t ncolumns, nrows;
	const char **name;   /* [ncolumns] */
	const char **cell;   /* [nrows][ncolumns]; "" where a line is too short */
};

/* Cuts text[n] (NUL behind it; it is written into) at the separator and at ends of lines, of either kind. A cell may stand in
 * double quotes. Cells beyond the last column are an error, empty lines are left out. `what` names the text in sentences. */
int rmb_sheet_read(struct rmb_arena *arena, const char *what, char *text, size_t n, char separator, struct rmb_sheet *sheet,
                   struct rmb_error *error) RMB_CHECKED;
/* Index of a column, -1: there is none. */
int64_t rmb_sheet_column(const struct rmb_sheet *sheet, const char *name);
/* The cell as a number; what follows it ("12.3 spk/s") is let go. False: it does not begin with one. */
bool rmb_sheet_number(const struct rmb_sheet *sheet, int64_t row, int64_t column, double *number);
#endif

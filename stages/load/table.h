/* load/table.h -- between the files that read tables of text. */
#ifndef RMB_LOAD_TABLE_H
#define RMB_LOAD_TABLE_H
#include "load/gathered.h"
#include "load/lines.h"

struct rmb_table {
	struct rmb_load_file made;   /* columns as members */
	struct rmb_lines lines;
	int64_t nrows;
	int64_t *start, *number;     /* [nrows] of each line */
	struct rmb_cell *cell;       /* [lines.ncolumns] of the line that is being read */
	struct rmb_member matrix;    /* activity; name NULL: the table is a list of spikes */
	int64_t *column;             /* [columns of the matrix] of the table */
	int64_t *apart, napart;      /* [napart] column of each member that was made */
	int64_t next;                /* row of the line that comes next when read on */
};

/* table_names.c: which column one of the usual names of a role is; -1: none. RMB_EINPUT if two could be meant. */
enum rmb_table_role {
	RMB_TABLE_TIME,
	RMB_TABLE_UNIT,
	RMB_TABLE_FRAME,
	RMB_TABLE_X,
	RMB_TABLE_Y,
	RMB_TABLE_AREA,
	RMB_TABLE_QUALITY,
	RMB_TABLE_PLANE,
	RMB_TABLE_PROBE,
	RMB_TABLE_ROLES,                 /* those above have members */
	RMB_TABLE_SAMPLE = RMB_TABLE_ROLES /* of a neuron at one time */
};
int rmb_table_usual(const struct rmb_lines *lines, enum rmb_table_role role, int64_t *column,
                    struct rmb_error *error) RMB_CHECKED;
/* Whether the column has one of those names. */
bool rmb_table_plays(const struct rmb_lines *lines, int64_t column, enum rmb_table_role role);
/* How many of the unit that a name of times ends with (time_ms, "Time (s)") a second has; NAN: it ends with none. */
double rmb_table_ticks(const char *name);
/* Whether a column counts samples or frames. */
bool rmb_table_counts(const struct rmb_lines *lines, int64_t column);
/* The member's usual name ("xpos"). */
const char *rmb_table_member(enum rmb_table_role role);
/* Whether the recipe names it. */
bool rmb_table_is_named(const struct rmb_load_file *file, const char *name);
/* The column of that name; -1: there is none. */
int64_t rmb_table_column(const struct rmb_lines *lines, const char *name);

/* table_spikes.c: reads a list of spikes whole: st and clu of each, cluster and what else is known of each unit. */
int rmb_table_spikes(struct rmb_load_file *file, struct rmb_table *t, int64_t time, int64_t unit,
                     struct rmb_error *error) RMB_CHECKED;
#endif

/* load/nwb.h -- between the files that read NWB. */
#ifndef RMB_LOAD_NWB_H
#define RMB_LOAD_NWB_H
#include "load/gathered.h"
#include "load/hdf5.h"

/* A group that the walk met, with the neurodata_type of it and of the group around it. */
struct rmb_nwb_group {
	const char *path, *type, *around;
	haddr_t address;
};
enum rmb_nwb_kind { RMB_NWB_SERIES, RMB_NWB_PLANE, RMB_NWB_UNITS, RMB_NWB_OTHER, RMB_NWB_KINDS };
struct rmb_nwb_list { struct rmb_nwb_group *group; size_t n; };

struct rmb_nwb {
	struct rmb_load_file plain;          /* the same file as HDF5 */
	struct rmb_load_file made;           /* what was put together, under the usual names */
	struct rmb_nwb_list list[RMB_NWB_KINDS]; /* RoiResponseSeries, PlaneSegmentation, Units, other series */
	const char *wanted;                  /* what the recipe calls the activity or the spikes; NULL: nothing */
	const struct rmb_member *activity, *times,
		*start; /* of the series; NULL: not read, or without timestamps, without starting_time */
	/* a series of which only some columns are read, or whose numbers are scaled, as `activity` */
	struct rmb_member some;
	const struct rmb_member *source;
	const int64_t *column;               /* [neurons], ascending; NULL: all */
	double conversion, offset;
	bool scaled;
	void *own;                           /* of nwb_roi.c or nwb_units.c */
	struct rmb_nwb_stack *stack;         /* several series as one; NULL: one */
};

/* nwb_walk.c: every group with a neurodata_type that matters. */
int rmb_nwb_walk(struct rmb_load_file *file, struct rmb_nwb *nwb, struct rmb_error *error) RMB_CHECKED;
/* "a/b/data, a/c/data and 3 more": paths of a list, for sentences. */
const char *rmb_nwb_names(struct rmb_load_file *file, const struct rmb_nwb_list *list);
/* The dataset group/name; NULL: there is none, or (unless refused) it cannot be read, which is noted. */
int rmb_nwb_dataset(struct rmb_load_file *file, const char *group, const char *name, bool refused,
                    const struct rmb_member **member, struct rmb_error *error) RMB_CHECKED;

/* nwb_roi.c, nwb_units.c: members of a series or a table of units. */
int rmb_nwb_rois(struct rmb_load_file *file, const struct rmb_nwb_group *series, struct rmb_error *error) RMB_CHECKED;
int rmb_nwb_units(struct rmb_load_file *file, const struct rmb_nwb_group *units, struct rmb_error *error) RMB_CHECKED;
#define RMB_NWB_ELECTRODES "general/extracellular_ephys/electrodes"
/* The units row[n], ascending, of the `all` that a table has. */
struct rmb_nwb_chosen { const char *table; int64_t all, n; const int64_t *row; };
/* nwb_columns.c: a column of whole numbers; *out NULL: there is none that can be read. */
int rmb_nwb_whole_column(struct rmb_load_file *file, const char *table, const char *name, int64_t **out, int64_t *n,
                         struct rmb_error *error) RMB_CHECKED;
/* Fails unless the ends of a ragged column ascend up to `last`. */
int rmb_nwb_check_ends(struct rmb_load_file *file, const char *table, const char *name, const int64_t *end, int64_t n,
                       int64_t last, struct rmb_error *error) RMB_CHECKED;
/* The error of a column that has n entries, not one for each unit of the table. */
int rmb_nwb_uneven(struct rmb_load_file *file, const struct rmb_nwb_chosen *c, const char *name, int64_t n, const char *remedy,
                   struct rmb_error *error) RMB_CHECKED;
/* Members of the columns that the recipe names. */
int rmb_nwb_columns(struct rmb_load_file *file, const struct rmb_nwb_chosen *chosen, struct rmb_error *error) RMB_CHECKED;
/* nwb_observed.c: file->observed, as far as the units that are read agree; notes what is wrong with their intervals. */
int rmb_nwb_observed(struct rmb_load_file *file, const struct rmb_nwb_chosen *chosen, struct rmb_error *error) RMB_CHECKED;
/* nwb_stack.c: whether a name stands for several series; members of all that fit it; samples of their matrix. */
bool rmb_nwb_is_pattern(const char *name);
int rmb_nwb_stack(struct rmb_load_file *file, const char *pattern, struct rmb_error *error) RMB_CHECKED;
int rmb_nwb_stack_read(struct rmb_nwb *nwb, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, unsigned char *out,
                       struct rmb_error *error) RMB_CHECKED;
/* nwb_masks.c: centres of ROIs row[n] of a table, in pixels; *possible false, with a note: it has no masks that can be read;
 * *effort: bytes of the masks. */
int rmb_nwb_has_masks(struct rmb_load_file *file, const char *table, bool *possible, int64_t *effort,
                      struct rmb_error *error) RMB_CHECKED;
int rmb_nwb_centres(struct rmb_load_file *file, const char *table, const int64_t *row, int64_t n, double *x, double *y,
                    struct rmb_error *error) RMB_CHECKED;
#endif

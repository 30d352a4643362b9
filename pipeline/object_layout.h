/* pipeline/object_layout.h -- the HDF5 structure of an object: what h5py and MATLAB see. No other file writes HDF5 for the
 * cache. */
#ifndef RMB_OBJECT_LAYOUT_H
#define RMB_OBJECT_LAYOUT_H
#include "pipeline/object.h"

struct rmb_scale {              /* the dimension scale of one axis; arrays with the same axis share it */
	struct rmb_axis axis;
	char path[RMB_NAME_MAX + 32]; /* "axes/rank", "axes/rank_2" */
	bool integral;          /* int64 entries, else float64 */
	int64_t at;             /* offset in the file, -1: no bytes */
};
struct rmb_layout {             /* what stands in the file so far */
	char *path;
	int narrays, nscales, nattributes;
	struct rmb_array *array;
	int64_t *at;            /* offset of each array, -1: no bytes */
	struct rmb_scale *scale;
	const char **attribute; /* pairs */
	struct rmb_arena *arena;
};

/* Adds arrays and root attributes to the file at layout->path, which is created if it has no arrays and attributes yet, and
 * closes it. Space is claimed in the file's length only; nothing of the arrays' or scales' data is written. */
int rmb_layout_add(struct rmb_layout *layout, const struct rmb_array *array, int narrays, const char *const *attribute,
                   int nattributes, struct rmb_error *error) RMB_CHECKED;
#endif

/* load/leaves.h -- what lies in cells and structs of MATLAB, as members.
 *
 * A variable is walked through down to its arrays, the leaves. An array that is met once and in no cell is a member under its
 * name, with fields as struct.field. What lies in cells, or in structs that are arrays, is a list: the member NAME holds all its
 * numbers end to end, NAME.counts how many each part has, in MATLAB's order. Texts in cells are a list of texts. matlab.c and
 * matlab73.c walk. */
#ifndef RMB_LOAD_LEAVES_H
#define RMB_LOAD_LEAVES_H
#include "load/gathered.h"

enum { RMB_MOST_LEAVES = 2000, RMB_LEAF_DEEPEST = 12, RMB_LEAF_PARTS = 1 << 22, RMB_LEAF_TEXT = 64, RMB_LEAF_NAME = 1024 };

/* One name in the file, as it was met while walking. */
struct rmb_leaf {
	const char *name, *top;     /* top: the variable to read */
	bool list;                  /* met inside a cell or an array of structs */
	int64_t nparts, items;      /* how often it was met, and of how many items in all */
	struct rmb_member shape;    /* of the first; texts: RMB_BYTES of RMB_LEAF_TEXT bytes, one each */
};
struct rmb_leaves { int n; struct rmb_leaf *leaf; };

/* Makes name[RMB_LEAF_NAME], of which n bytes stay, that of its field, "NAME.field", or of a variable, if n is 0. RMB_ELIMIT: it
 * is longer than that. The walkers keep one, for an array of structs has millions of fields. */
int rmb_leaf_below(const struct rmb_load_file *file, char *name, size_t n, const char *field,
                   struct rmb_error *error) RMB_CHECKED;
/* Room for leaves. */
int rmb_leaves_make(struct rmb_load_file *file, struct rmb_leaves *leaves, struct rmb_error *error) RMB_CHECKED;
struct rmb_leaf *rmb_leaves_find(const struct rmb_leaves *leaves, const char *name);
/* Notes a leaf of n items (of a text: 1) that was met. */
int rmb_leaves_note(struct rmb_load_file *file, struct rmb_leaves *leaves, const char *name, const char *top, bool list,
                    const struct rmb_member *shape, int64_t n, struct rmb_error *error) RMB_CHECKED;
/* Makes the members of one leaf; fill() reads them. */
int rmb_leaves_members(struct rmb_load_file *file, const struct rmb_leaf *leaf, rmb_gathered_fill *fill,
                       struct rmb_error *error) RMB_CHECKED;
/* The name of the second member of a list. NULL: no memory. */
const char *rmb_leaves_counts(struct rmb_load_file *file, const struct rmb_leaf *leaf);

/* Filling a member: the walker begins, takes every leaf of that name in the same order, and ends. */
struct rmb_leaf_reading {
	const struct rmb_leaf *leaf;
	const struct rmb_member *member;
	bool counts;
	unsigned char *items;
	int64_t done;
};
int rmb_leaves_begin(struct rmb_load_file *file, const struct rmb_leaves *leaves, const struct rmb_member *member, void *items,
                     struct rmb_leaf_reading *reading, struct rmb_error *error) RMB_CHECKED;
/* n raw items as `shape` says, or a text of n bytes; they may be swapped in place. raw NULL: only counts are wanted. */
int rmb_leaves_take(struct rmb_load_file *file, struct rmb_leaf_reading *reading, const struct rmb_member *shape, void *raw,
                    int64_t n, struct rmb_error *error) RMB_CHECKED;
int rmb_leaves_end(struct rmb_load_file *file, const struct rmb_leaf_reading *reading, struct rmb_error *error) RMB_CHECKED;
#endif

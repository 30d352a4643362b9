/* pipeline/shape.h -- how often an entry of the recipe occurs in one recording, and what each occurrence reads.
 *
 * Every list at a port that takes one thing, and every `repeat`, is an axis. A row of an entry is one point on the axes that
 * reach it, so its rows are a relation: reading two inputs is their natural join (axes that both know must agree, all others
 * multiply), gathering drops an axis, naming a branch selects on one. Rows do not depend on the recording. */
#ifndef RMB_SHAPE_H
#define RMB_SHAPE_H
#include "pipeline/recipe.h"

enum { RMB_MAX_NODES = 1000000, RMB_MAX_EDGES = 10000000, RMB_MAX_NODE_NAME = 200 };

struct rmb_point { int axis, at; };      /* element `at` of an axis */

struct rmb_pick {                        /* one thing that a row reads */
	const struct rmb_use *use;           /* the port it goes to */
	const struct rmb_reference *reference;
	int row;                             /* row of the entry referred to */
};

struct rmb_row {
	int npoints;
	struct rmb_point *point;             /* by axis */
	int64_t npicks;
	struct rmb_pick *pick;               /* by port, then as written */
	const char *branch;                  /* "shuffled", "z,fast"; NULL: none */
	int replicate;                       /* 1.., 0: not repeated */
	int turn;                            /* 1.., of the entry's own repeat */
	const char *name;                    /* "svca2@shuffled#2" */
};

struct rmb_shape {                       /* of one entry */
	bool known;                          /* false: a mistake was told, here or in what it reads */
	bool group;                          /* one over all recordings, not one for each */
	int64_t nrows;
	struct rmb_row *row;
};

struct rmb_shapes {
	int norder;                          /* all entries but those in a cycle and what hangs on them */
	int *order;                          /* entries, what is read before what reads it, ties as written */
	struct rmb_shape *shape;             /* one per entry, in the recipe's order */
};

/* In the arena. NULL: no memory. Mistakes (branches and replicates that do not exist, too many nodes, names that would be the
 * same) go to m; the entries they touch are not `known`. */
struct rmb_shapes *rmb_shapes_make(struct rmb_arena *arena, const struct rmb_recipe *recipe, struct rmb_mistakes *m);

/* Whether a branch ("z,fast", NULL: none) is what `wanted` ("z", "fast", "z,fast") means: its parts occur in that order.
 * used[i] becomes true for each part i of the branch that was named; NULL: not asked. */
bool rmb_branch_matches(const char *branch, const char *wanted, bool *used);
#endif

/* pipeline/plan.h -- which nodes will run, why, and what that will cost. */
#ifndef RMB_PLAN_H
#define RMB_PLAN_H
#include "pipeline/cache.h"
#include "pipeline/graph.h"
#include "pipeline/journal.h"

enum rmb_todo {
	RMB_CACHED,   /* its object is in the cache */
	RMB_LET_GO,   /* keep: false, and nobody who will run needs it */
	RMB_RUN,      /* will run */
	RMB_LEFT_OUT  /* not asked for (--only, --until) */
};

struct rmb_step {
	struct rmb_node *node;
	enum rmb_todo todo;
	const char *why;              /* RMB_RUN: "never ran", "spacing: 25 um -> 40 um (recipe.yaml:14)", "input file changed", ... */
	struct rmb_measure expected;
	int64_t bytes;                /* RMB_CACHED: size of the object */
};
struct rmb_plan {
	struct rmb_graph *graph;
	int nsteps;
	struct rmb_step *step;        /* one per node, same order */
	double seconds, memory, disk; /* of what will run: critical path bound, largest node, all objects */
	struct rmb_arena *arena;
};

/* only[], until[]: names as in rmb_graph_find or of entries; both may be empty. `last` is the state file of the recipe's previous
 * run (results/.last.json: id -> description), which gives the reasons; NULL: none. */
struct rmb_plan *rmb_plan_make(struct rmb_graph *graph, const struct rmb_cache *cache, const struct rmb_journal *journal,
                               const char *const *only, int nonly, const char *const *until, int nuntil, const char *last,
                               struct rmb_error *error);
void rmb_plan_free(struct rmb_plan *plan); /* accepts NULL */
#endif

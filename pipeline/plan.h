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
	RMB_LEFT_OUT, /* not asked for (--only, --until) */
	RMB_WAITS     /* a driver whose sets are not all known yet, or what depends on one: planned again once they are */
};

struct rmb_step {
	struct rmb_node *node;
	enum rmb_todo todo;
	const char *why;              /* RMB_RUN: "never ran", "spacing: 25 um -> 40 um (recipe.yaml:14)", ...; RMB_WAITS:
	                               * "its 12 sets run first; more may follow" */
	const char *damage;           /* what was wrong with its object, which is set aside now; NULL: nothing */
	struct rmb_measure expected;
	int64_t bytes;                /* RMB_CACHED: size of the object */
};
struct rmb_plan {
	struct rmb_graph *graph;
	int nsteps;
	struct rmb_step *step;        /* one per node, same order */
	int nrun, ncached;            /* steps that will run; whose objects stand */
	double seconds;               /* rmb_plan_seconds() on all cores */
	double path, work;            /* s: longest chain of nodes to run, and all of them one after another */
	double memory, disk;          /* bytes: largest node, all objects together */
	double least_disk;            /* bytes that are needed in any case: objects that are kept, and the largest of the others */
	const struct rmb_journal *journal; /* what expectations are made of; NULL: of descriptors alone */
	struct rmb_arena *arena;
};

/* What is asked for. until[]: the nodes named and everything they depend on. only[]: the nodes named, with just those of their
 * inputs that are not in the cache. Both empty: all nodes. Names are as in rmb_graph_find, but what is left out means all: an
 * entry's name is that of its nodes in every recording. */
struct rmb_asked { const char *const *only; int nonly; const char *const *until; int nuntil; };
/* `last`: the state file of the previous run (results/.last.json: id -> description), from
 * which the reasons come; NULL: there is none. NULL: the error says why. */
struct rmb_plan *rmb_plan_make(struct rmb_graph *graph, const struct rmb_cache *cache, const struct rmb_journal *journal,
                               const struct rmb_asked *asked, const char *last, struct rmb_error *error);
void rmb_plan_free(struct rmb_plan *plan); /* accepts NULL */
/* plan_cost.c. Expects anew what lies behind a node that has just run, now that its object says how large the recording is.
 * Changes step[].expected and the totals. */
void rmb_plan_learn(struct rmb_plan *plan, const struct rmb_cache *cache, struct rmb_node *node);
/* Expected duration on `jobs` workers (0: as many as cores), s: the longest chain or the work shared out, whichever is longer. */
double rmb_plan_seconds(const struct rmb_plan *plan, int jobs);
/* How many nodes will run whose size is not known yet. If there are any, totals are lower bounds. */
int rmb_plan_guesses(const struct rmb_plan *plan);
/* Refuses a plan that cannot fit: RMB_EOUTPUT if its objects need more disk than free_bytes, RMB_ELIMIT if one node needs more
 * than `memory` bytes; the sentence names the node and the remedy. Negative or zero: not limited. */
int rmb_plan_fits(const struct rmb_plan *plan, double free_bytes, double memory, struct rmb_error *error) RMB_CHECKED;
/* true once the object of a keep: false node may go: every node that reads it, or a view of it, has ended. ended[]: by index. */
bool rmb_plan_may_let_go(const struct rmb_plan *plan, const struct rmb_node *node, const bool *ended);
#endif

/* pipeline/schedule.h -- which node may run next: what each still waits for, in which order, what goes into one worker.
 *
 * Knows nothing of processes: the run asks it for work and tells it what came of it. Only the first of several nodes with the
 * same key runs; its twins end with it. */
#ifndef RMB_SCHEDULE_H
#define RMB_SCHEDULE_H
#include "pipeline/plan.h"
#include "pipeline/run.h"

enum rmb_state {
	RMB_WAITING,  /* for its inputs */
	RMB_READY,
	RMB_RUNNING,  /* in a worker */
	RMB_ELSEWHERE, /* another run is at it */
	RMB_ENDED     /* done, failed, blocked, or never asked for */
};

enum { RMB_CHAIN_MAX = 64 };

struct rmb_turn {               /* what is known of one node, by its index */
	enum rmb_state state;
	double path;                /* expected seconds from its start to the end of the run along the longest chain, s */
	struct rmb_node *lost;      /* besides its inputs it waits for this one, whose object got lost; or NULL */
	int retries;                /* how often it was put back */
	bool alone;                 /* never in a chain again: one crashed with it */
	struct rmb_node *next_twin; /* the next node with the same key, or NULL */
};

struct rmb_schedule {
	const struct rmb_plan *plan;
	const struct rmb_cache *cache;
	struct rmb_result *result;
	struct rmb_turn *turn;      /* [plan->nsteps] */
	int jobs;                   /* slots in all */
	int left;                   /* nodes not ended */
	int remade;                 /* nodes that had ended and are made again */
};

struct rmb_chain {              /* what one worker gets */
	struct rmb_node *node[RMB_CHAIN_MAX];
	int n;
	double memory;              /* of the largest */
	int slots, threads;
};

/* Sets up turn[] and result[] from the plan (both given and zeroed, as are the counts). */
void rmb_schedule_begin(struct rmb_schedule *s);
/* Measures the paths again, after the plan has learnt. */
void rmb_schedule_expect(struct rmb_schedule *s);
/* Takes the ready node on the longest path that fits into `memory`, and with a quick one the quick ones that can follow it; they
 * become running. Threads are shared out among what is ready. chain->n = 0: nothing fits now. */
void rmb_schedule_take(struct rmb_schedule *s, int slots, double memory, struct rmb_chain *chain);
/* The object is there: users may become ready. `cached`: another run made it. */
void rmb_schedule_done(struct rmb_schedule *s, struct rmb_node *node, bool cached);
/* It failed: everything that depends on it is blocked. */
void rmb_schedule_failed(struct rmb_schedule *s, struct rmb_node *node, int code, const char *text);
/* Back into the queue as if it had never been taken. */
void rmb_schedule_again(struct rmb_schedule *s, struct rmb_node *node);
/* Its input with this key got lost: that one is made again (and what it needs in turn) before the node. Returns the lost one,
 * NULL if no node has the key. */
struct rmb_node *rmb_schedule_lost(struct rmb_schedule *s, struct rmb_node *node, const char *key);
/* The node whose object serves `node`: itself or its first twin. */
struct rmb_node *rmb_first_twin(struct rmb_node *node);
#endif

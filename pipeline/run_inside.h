/* pipeline/run_inside.h -- a run while it goes, for the files that make it up: run.c (the loop), run_crew.c (workers started and
 * ended), run_events.c (what workers say) and run_fate.c (what becomes of a node). */
#ifndef RMB_RUN_INSIDE_H
#define RMB_RUN_INSIDE_H
#include <jansson.h>
#include "pipeline/process.h"
#include "pipeline/schedule.h"

enum { RMB_RUN_RETRIES = 3 }; /* how often a node is put back at most */

struct rmb_run;

struct rmb_run_worker {
	struct rmb_run *run;
	struct rmb_process process;
	struct rmb_chain chain;
	int ndone;                  /* nodes of the chain that are settled */
	struct rmb_node *current;   /* the one it is at, or NULL */
	double since;               /* when that began, s */
	bool overdue;               /* ended by us: the time limit */
	double kill_at;             /* asked to stop; end it then. 0: not asked */
};

struct rmb_run {
	struct rmb_plan *plan;
	const struct rmb_cache *cache;
	const struct rmb_run_options *options;
	struct rmb_progress *progress;
	struct rmb_result *result;
	struct rmb_schedule schedule;
	char id[33];
	int nworkers, slots;        /* running; free */
	double budget, memory;      /* bytes: all; free */
	struct rmb_run_worker **worker; /* [jobs] */
	bool *ended, *gone, *told;  /* by node: ended; its object was let go; that it got lost was told */
	const char **named;         /* [nnamed]: keys that other results folders count on; NULL: not asked yet */
	int64_t nnamed;
	int failure;                /* code of the first failure */
	int stop;                   /* code with which everything stops, or 0 */
	bool at_once;               /* without waiting for workers to stop */
	double last_look;           /* when nodes held elsewhere were looked at */
};

/* ---- run_fate.c: what becomes of a node */

/* It failed; with --fail-fast everything stops. */
void rmb_run_failed(struct rmb_run *run, struct rmb_node *node, int code, const char *sentence);
/* Puts it back into the queue, unless it was put back too often for `reason`. */
void rmb_run_try_again(struct rmb_run *run, struct rmb_node *node, int code, const char *reason);
/* Lets go of objects with keep: false that nobody will read any more and no other results folder counts on. */
void rmb_run_settle(struct rmb_run *run);
/* The same for those that a stopped run left, at the end. */
void rmb_run_let_go_of_leftovers(struct rmb_run *run);

/* ---- run_crew.c: workers */

/* Starts what fits into the free slots and memory. */
int rmb_run_start_workers(struct rmb_run *run, struct rmb_error *error) RMB_CHECKED;
/* worker[i] has ended with this status of waitpid(): what it leaves undone is settled. The last one takes its place. */
void rmb_run_end_worker(struct rmb_run *run, int i, int status);
/* Ends workers that take longer than the time limit, or than they were given to stop. */
void rmb_run_enforce_limits(struct rmb_run *run);
/* Asks every worker to stop, and takes no more work; `code` is that of the run. */
void rmb_run_stop(struct rmb_run *run, int code);

/* ---- run_events.c */

/* An event of a worker (struct rmb_run_worker, as rmb_process_read() hands it on). */
void rmb_run_on_event(void *worker, const json_t *event);
#endif

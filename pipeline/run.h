/* pipeline/run.h -- the scheduler: worker processes, critical path first, within jobs and memory. */
#ifndef RMB_RUN_H
#define RMB_RUN_H
#include "pipeline/plan.h"
#include "pipeline/progress.h"

struct rmb_failed { char key[RMB_KEY_MAX]; int code; const char *text; };

struct rmb_run_options {
	int jobs;               /* 0: number of cores */
	double memory;          /* bytes; 0: 80 % of what is available */
	double time_limit;      /* seconds for one node; 0: none */
	bool fail_fast;
	const char *results;    /* absolute path of the results folder that this run writes; NULL: there is none yet */
	int nfailed;            /* nodes that failed in an earlier round of the same run: they are not tried again */
	const struct rmb_failed *failed;
};
enum rmb_outcome { RMB_NOT_RUN, RMB_DONE, RMB_FAILED, RMB_BLOCKED, RMB_CANCELLED };
struct rmb_result {             /* one per node of the plan */
	enum rmb_outcome outcome;
	bool cached;
	int code;               /* RMB_FAILED: finer class */
	const char *text;       /* RMB_FAILED: its sentence; RMB_BLOCKED: "needs svca2@z, which failed" */
	int nwarnings;
	const char **warning;
	struct rmb_measure measure;
};
/* Runs what the plan says; result[plan->nsteps]. 0, or the code of the first failure, or RMB_EINTERRUPTED / RMB_ETERMINATED. */
int rmb_run(struct rmb_plan *plan, const struct rmb_cache *cache, const struct rmb_run_options *options,
            struct rmb_progress *progress, struct rmb_result *result, struct rmb_error *error) RMB_CHECKED;
/* Processor time that a worker reading `bytes` of foreign files may use, s. */
double rmb_confined_seconds(double bytes);
/* The worker: `rumble node`, orders (JSON) on standard input, events (JSON lines) on descriptor 3. */
int rmb_worker_main(void);
#endif

/* pipeline/run_crew.c -- the workers of a run: started while slots and memory last, stopped when time is up, and what those
 * that have ended leave undone put back or failed with a sentence. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "pipeline/events.h"
#include "pipeline/machine.h"
#include "pipeline/orders.h"
#include "pipeline/run_inside.h"
#include "pipeline/verdict.h"
#include "rumble/units.h"

static const double GRACE_SECONDS = 5; /* between asking a worker to stop and ending it */

/* ---- starting */

static double
slots_memory(const struct rmb_run *run, const struct rmb_chain *chain)
{
	return chain->memory < run->memory ? chain->memory : run->memory;
}

static int
start_worker(struct rmb_run *run, const struct rmb_chain *chain, struct rmb_error *error)
{
	struct rmb_run_worker *w = calloc(1, sizeof *w);
	if (!w)
		return rmb_error_nomem(error, "a worker");
	*w = (struct rmb_run_worker){ .run = run, .chain = *chain, .since = rmb_machine_clock() };
	struct rmb_orders orders = { .cache = run->cache->root, .run = run->id, .parent = getpid(), .memory = run->budget,
	                             .confined = chain->node[0]->stage->reads_files };
	char *text = rmb_orders_write(&orders, chain->threads, run->plan->graph->recipe, chain->node, chain->n);
	int code = text ? rmb_process_start(&w->process, "node", text, error) : rmb_error_nomem(error, "the orders of a worker");
	free(text);
	if (code) {
		free(w);
		return code;
	}
	w->chain.memory = slots_memory(run, chain);
	run->memory -= w->chain.memory;
	run->slots -= chain->slots;
	run->worker[run->nworkers++] = w;
	return 0;
}

/* What cannot fit fails before any work starts, and stops only what depends on it; what is known only once an input is
 * loaded, then. */
static void
refuse_large(struct rmb_run *run)
{
	for (int i = 0; i < run->plan->nsteps; i++) {
		char text[256], need[64], cap[64];
		double bytes = run->plan->step[i].expected.peak_bytes;
		enum rmb_state state = run->schedule.turn[i].state;
		if ((state != RMB_READY && state != RMB_WAITING) || bytes <= run->budget)
			continue;
		snprintf(text, sizeof text,
		         "is expected to need %s of memory; %s are allowed. Allow more with --memory, or take fewer neurons "
		         "or frames",
		         rmb_quantity_print(bytes, "B", need, sizeof need),
		         rmb_quantity_print(run->budget, "B", cap, sizeof cap));
		rmb_run_failed(run, run->plan->step[i].node, RMB_ELIMIT, text);
	}
}

int
rmb_run_start_workers(struct rmb_run *run, struct rmb_error *error)
{
	refuse_large(run);
	while (!run->stop && run->slots > 0) {
		struct rmb_chain chain;
		rmb_schedule_take(&run->schedule, run->slots, run->nworkers ? run->memory : INFINITY, &chain);
		if (chain.n == 0)
			return 0;
		int code = start_worker(run, &chain, error);
		if (code)
			return code;
	}
	return 0;
}

/* ---- stopping */

void
rmb_run_stop(struct rmb_run *run, int code)
{
	if (!run->stop)
		run->stop = code;
	for (int i = 0; i < run->nworkers; i++) {
		struct rmb_run_worker *w = run->worker[i];
		if (w->kill_at <= 0)
			kill(w->process.pid, SIGTERM);
		w->kill_at = w->kill_at > 0 ? w->kill_at : rmb_machine_clock() + GRACE_SECONDS;
	}
}

void
rmb_run_enforce_limits(struct rmb_run *run)
{
	double now = rmb_machine_clock(), limit = run->options->time_limit;
	for (int i = 0; i < run->nworkers; i++) {
		struct rmb_run_worker *w = run->worker[i];
		if (limit > 0 && w->current && now - w->since > limit && w->kill_at <= 0) {
			w->overdue = true;
			kill(w->process.pid, SIGKILL);
			w->kill_at = now + GRACE_SECONDS;
		}
		if (w->kill_at > 0 && now > w->kill_at)
			kill(w->process.pid, SIGKILL);
	}
}

/* ---- ending */

/* Why a node's worker ended without having done it. */
static int
verdict_on(struct rmb_run_worker *w, const struct rmb_node *node, int status, char *text, size_t size)
{
	const struct rmb_end end = { .status = status, .overdue = w->overdue, .time_limit = w->run->options->time_limit,
	                             .memory = w->run->plan->step[node->index].expected.peak_bytes, .words = w->process.words };
	return rmb_verdict(&end, node, text, size);
}

/* Nodes of the chain that are not settled go back; the one at which it ended badly fails, or is tried alone. */
static void
settle_rest(struct rmb_run_worker *w, int status)
{
	struct rmb_run *run = w->run;
	char text[RMB_LAST_WORDS + 512];
	bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0, chained = w->chain.n > 1;
	for (int i = 0; i < w->chain.n; i++) {
		struct rmb_node *node = w->chain.node[i];
		if (!node)
			continue;
		rmb_progress_dropped(run->progress, node);
		bool culprit = !well && (node == w->current || (!w->current && w->ndone == 0));
		run->schedule.turn[node->index].alone |= !well;
		if (run->stop) {
			run->result[node->index].outcome = node == w->current ? RMB_CANCELLED : RMB_NOT_RUN;
		} else if (!culprit && w->ndone > 0) {
			rmb_schedule_again(&run->schedule, node);
		} else {
			int code = well ? RMB_EINTERNAL : verdict_on(w, node, status, text, sizeof text);
			bool again = well || (chained && !w->overdue) ||
			             (WIFEXITED(status) && WEXITSTATUS(status) == RMB_EXIT_VANISHED);
			if (again)
				rmb_run_try_again(run, node, code, well ? "the worker ended without having done it" : text);
			else
				rmb_run_failed(run, node, code, text);
		}
	}
}

void
rmb_run_end_worker(struct rmb_run *run, int i, int status)
{
	struct rmb_run_worker *w = run->worker[i];
	run->worker[i] = run->worker[--run->nworkers];
	run->slots += w->chain.slots;
	run->memory += w->chain.memory;
	rmb_process_read(&w->process, rmb_run_on_event, w);
	settle_rest(w, status);
	rmb_process_close(&w->process);
	free(w);
}

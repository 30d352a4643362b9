/* pipeline/run.c -- the scheduler's loop: workers started, listened to, ended; failures turned into sentences.
 *
 * What may run next is schedule.c's business, what a process is process.c's. Here they meet in one loop over poll(): take
 * work while slots and memory last, hear events, notice ends and limits, redraw. Signals arrive only while it waits. */
#include "pipeline/run.h"
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "pipeline/cache_folder.h"
#include "pipeline/events.h"
#include "pipeline/machine.h"
#include "pipeline/orders.h"
#include "pipeline/process.h"
#include "pipeline/schedule.h"
#include "pipeline/trust.h"
#include "pipeline/verdict.h"
#include "rumble/units.h"

enum { TICK_MS = 100, MAX_RETRIES = 3 };
static const double GRACE_SECONDS = 5; /* between asking a worker to stop and ending it */

struct run;
struct worker {
	struct run *run;
	struct rmb_process process;
	struct rmb_chain chain;
	int ndone;                  /* nodes of the chain that are settled */
	struct rmb_node *current;   /* the one it is at, or NULL */
	double since;               /* when that began, s */
	bool overdue;               /* ended by us: the time limit */
	double kill_at;             /* asked to stop; end it then. 0: not asked */
};

struct run {
	struct rmb_plan *plan;
	const struct rmb_cache *cache;
	const struct rmb_run_options *options;
	struct rmb_progress *progress;
	struct rmb_result *result;
	struct rmb_schedule schedule;
	char id[33];
	int nworkers, slots;        /* running; free */
	double budget, memory;      /* bytes: all; free */
	struct worker **worker;     /* [jobs] */
	bool *ended, *gone, *told;  /* by node: ended; its object was let go; that it got lost was told */
	int failure;                /* code of the first failure */
	int stop;                   /* code with which everything stops, or 0 */
	double last_look;           /* when nodes held elsewhere were looked at */
};

/* ---- signals */

static volatile sig_atomic_t asked_code, asked_times;

static void
on_signal(int signal)
{
	if (signal == SIGCHLD)
		return; /* its arrival ends the wait */
	asked_code = signal == SIGINT ? RMB_EINTERRUPTED : RMB_ETERMINATED;
	asked_times++;
}

static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };
enum { NCAUGHT = sizeof caught / sizeof *caught };

struct signals { sigset_t mask; struct sigaction action[NCAUGHT], pipe; };

static void
catch_signals(struct signals *before)
{
	struct sigaction mine = { .sa_handler = on_signal }, ignore = { .sa_handler = SIG_IGN };
	sigset_t block;
	sigemptyset(&block);
	asked_code = asked_times = 0;
	for (int i = 0; i < NCAUGHT; i++) {
		sigaddset(&block, caught[i]);
		sigaction(caught[i], &mine, &before->action[i]);
	}
	sigprocmask(SIG_BLOCK, &block, &before->mask);
	sigaction(SIGPIPE, &ignore, &before->pipe);
}

static void
release_signals(const struct signals *before)
{
	for (int i = 0; i < NCAUGHT; i++)
		sigaction(caught[i], &before->action[i], NULL);
	sigaction(SIGPIPE, &before->pipe, NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/* ---- small things */

static void
name_run(char id[33])
{
	unsigned char byte[16] = { 0 };
	if (getrandom(byte, sizeof byte, 0) != (ssize_t)sizeof byte)
		memcpy(byte, &(pid_t){ getpid() }, sizeof(pid_t));
	for (size_t i = 0; i < sizeof byte; i++)
		snprintf(id + 2 * i, 3, "%02x", byte[i]);
}

/* "recipe.yaml:14:3: fx26/svca2@z (svca2): sentence" */
static const char *
place_sentence(struct run *run, const struct rmb_node *node, const char *text)
{
	const struct rmb_place *place = &node->entry->place;
	return rmb_arena_printf(run->plan->arena, "%s:%d:%d: %s (%s): %s", place->file, place->line, place->column, node->id,
	                        node->stage->name, text);
}

static void
stop_all(struct run *run, int code)
{
	if (!run->stop)
		run->stop = code;
	for (int i = 0; i < run->nworkers; i++) {
		struct worker *w = run->worker[i];
		if (w->kill_at <= 0)
			kill(w->process.pid, SIGTERM);
		w->kill_at = w->kill_at > 0 ? w->kill_at : rmb_machine_clock() + GRACE_SECONDS;
	}
}

/* ---- what becomes of a node */

/* Objects with keep: false go once nobody will read them. */
static bool
may_let_go(const struct run *run, const struct rmb_node *first)
{
	if (first->twin || run->gone[first->index] || !run->ended[first->index] || run->result[first->index].outcome != RMB_DONE)
		return false;
	for (const struct rmb_node *twin = first; twin; twin = run->schedule.turn[twin->index].next_twin)
		if (twin->keep || !rmb_plan_may_let_go(run->plan, twin, run->ended))
			return false;
	return true;
}

static void
let_go(struct run *run, const struct rmb_node *first)
{
	struct rmb_error error = { 0 };
	run->gone[first->index] = true;
	if (rmb_cache_remove(run->cache, first->key, &error))
		rmb_progress_note(run->progress, "%s", error.text);
}

static void
settle(struct run *run)
{
	for (int i = 0; i < run->plan->nsteps; i++)
		run->ended[i] = run->schedule.turn[i].state == RMB_ENDED;
	for (int i = 0; i < run->plan->nsteps; i++)
		if (!run->result[i].cached && may_let_go(run, run->plan->step[i].node))
			let_go(run, run->plan->step[i].node);
}

static bool
named(const struct rmb_cache_entry *entry, int64_t n, const char *key)
{
	for (int64_t i = 0; i < n; i++)
		if (strcmp(entry[i].key, key) == 0)
			return entry[i].named;
	return true;
}

/* The same for those that a stopped run left, at the end and unless some results folder counts on them. */
static void
let_go_of_leftovers(struct run *run)
{
	struct rmb_cache_entry *entry = NULL;
	struct rmb_error error = { 0 };
	int64_t n = 0;
	for (int i = 0; i < run->plan->nsteps; i++) {
		const struct rmb_node *node = run->plan->step[i].node;
		if (!run->result[i].cached || !may_let_go(run, node))
			continue;
		if (!entry && rmb_cache_list(run->plan->arena, run->cache, &entry, &n, &error))
			return;
		if (!named(entry, n, node->key))
			let_go(run, node);
	}
}

static void
fail_node(struct run *run, struct rmb_node *node, int code, const char *sentence)
{
	const char *text = place_sentence(run, node, sentence);
	rmb_schedule_failed(&run->schedule, node, code, text ? text : sentence);
	rmb_progress_failed(run->progress, node, code, text ? text : sentence);
	rmb_journal_failed(run->cache, node, code, text ? text : sentence);
	if (!run->failure)
		run->failure = code;
	if (run->options->fail_fast)
		stop_all(run, code);
}

/* Puts a node back into the queue, unless it was put back too often for `reason`. */
static void
try_again(struct run *run, struct rmb_node *node, int code, const char *reason)
{
	if (run->schedule.turn[node->index].retries++ < MAX_RETRIES)
		rmb_schedule_again(&run->schedule, node);
	else
		fail_node(run, node, code, reason);
}

static void
add_warning(struct run *run, struct rmb_node *node, const char *text)
{
	struct rmb_result *result = &run->result[node->index];
	const char **list = rmb_arena_alloc(run->plan->arena, (size_t)result->nwarnings + 1, sizeof *list);
	if (!list)
		return;
	for (int i = 0; i < result->nwarnings; i++)
		list[i] = result->warning[i];
	list[result->nwarnings++] = rmb_arena_strdup(run->plan->arena, text);
	result->warning = list;
	rmb_progress_warned(run->progress, node, text);
}

/* ---- events of a worker; text is "" where the event has none */

static void
on_started(struct worker *w, struct rmb_node *node, const json_t *event, const char *text)
{
	(void)event, (void)text;
	w->current = node;
	w->since = rmb_machine_clock();
	rmb_progress_started(w->run->progress, node, &w->run->plan->step[node->index].expected);
}

static void
on_progress(struct worker *w, struct rmb_node *node, const json_t *event, const char *text)
{
	(void)text;
	rmb_progress_moved(w->run->progress, node, json_number_value(json_object_get(event, "fraction")));
}

static void
on_warning(struct worker *w, struct rmb_node *node, const json_t *event, const char *text)
{
	(void)event;
	add_warning(w->run, node, text);
}

static void
on_done(struct worker *w, struct rmb_node *node, const json_t *event, const char *text)
{
	struct rmb_measure *m = &w->run->result[node->index].measure;
	(void)text;
	m->seconds = json_number_value(json_object_get(event, "seconds"));
	m->cpu = json_number_value(json_object_get(event, "cpu"));
	m->peak_bytes = json_number_value(json_object_get(event, "peak"));
	m->object_bytes = json_number_value(json_object_get(event, "bytes"));
	m->threads = (int)json_integer_value(json_object_get(event, "threads"));
	rmb_journal_add(w->run->cache, node, m);
	rmb_plan_learn(w->run->plan, w->run->cache, node);
	rmb_schedule_expect(&w->run->schedule);
	rmb_schedule_done(&w->run->schedule, node, false);
	rmb_progress_done(w->run->progress, node, m);
}

static void
on_found(struct worker *w, struct rmb_node *node, const json_t *event, const char *text)
{
	(void)event, (void)text;
	rmb_plan_learn(w->run->plan, w->run->cache, node);
	rmb_schedule_expect(&w->run->schedule);
	rmb_schedule_done(&w->run->schedule, node, true);
	rmb_progress_done(w->run->progress, node, NULL);
}

static void
on_held(struct worker *w, struct rmb_node *node, const json_t *event, const char *text)
{
	(void)text;
	w->run->schedule.turn[node->index].state = RMB_ELSEWHERE;
	rmb_progress_dropped(w->run->progress, node);
	rmb_progress_note(w->run->progress, "%s is being computed by another run (%s); waiting for it", node->id,
	                  json_string_value(json_object_get(event, "owner")));
}

static void
on_lost(struct worker *w, struct rmb_node *node, const json_t *event, const char *text)
{
	const char *key = json_string_value(json_object_get(event, "key"));
	struct rmb_turn *turn = &w->run->schedule.turn[node->index];
	rmb_progress_dropped(w->run->progress, node);
	struct rmb_node *lost = key && turn->retries++ < MAX_RETRIES ? rmb_schedule_lost(&w->run->schedule, node, key) : NULL;
	if (!lost)
		fail_node(w->run, node, RMB_EOUTPUT, text);
	else if (!w->run->told[lost->index])
		rmb_progress_note(w->run->progress, "%s is computed again, for its cached object is damaged or gone: %s", lost->id, text);
	if (lost)
		w->run->told[lost->index] = true;
}

static void
on_failed(struct worker *w, struct rmb_node *node, const json_t *event, const char *text)
{
	int code = (int)json_integer_value(json_object_get(event, "code"));
	if (w->run->stop && (code == RMB_ETERMINATED || code == RMB_EINTERRUPTED)) {
		w->run->result[node->index].outcome = RMB_CANCELLED;
		rmb_progress_dropped(w->run->progress, node);
		return;
	}
	fail_node(w->run, node, code ? code : RMB_EINTERNAL, text);
}

static const struct handler {
	const char *name;
	void (*handle)(struct worker *w, struct rmb_node *node, const json_t *event, const char *text);
	bool settles; /* nothing more will come for this node */
} handlers[] = {
	{ "started", on_started, false }, { "progress", on_progress, false }, { "warning", on_warning, false }, { "done", on_done, true },
	{ "found", on_found, true }, { "held", on_held, true }, { "lost", on_lost, true }, { "failed", on_failed, true },
};

static int
place_in_chain(const struct rmb_chain *chain, json_int_t index)
{
	for (int i = 0; i < chain->n; i++)
		if (chain->node[i] && chain->node[i]->index == index)
			return i;
	return -1;
}

static void
on_event(void *self, const json_t *event)
{
	struct worker *w = self;
	const char *name = json_string_value(json_object_get(event, "event")), *text = json_string_value(json_object_get(event, "text"));
	int at = place_in_chain(&w->chain, json_integer_value(json_object_get(event, "node")));
	for (size_t h = 0; name && at >= 0 && h < sizeof handlers / sizeof *handlers; h++) {
		if (strcmp(handlers[h].name, name))
			continue;
		struct rmb_node *node = w->chain.node[at];
		if (handlers[h].settles) {
			w->chain.node[at] = NULL;
			w->ndone++;
			w->current = NULL;
		}
		handlers[h].handle(w, node, event, text ? text : "");
		return;
	}
}

/* ---- starting */

static double
slots_memory(const struct run *run, const struct rmb_chain *chain)
{
	return chain->memory < run->memory ? chain->memory : run->memory;
}

static int
start_worker(struct run *run, const struct rmb_chain *chain, struct rmb_error *error)
{
	struct worker *w = calloc(1, sizeof *w);
	if (!w)
		return rmb_error_nomem(error, "a worker");
	*w = (struct worker){ .run = run, .chain = *chain, .since = rmb_machine_clock() };
	struct rmb_orders orders = { .cache = run->cache->root, .run = run->id, .parent = getpid(), .memory = run->budget,
	                             .confined = chain->node[0]->stage->reads_files };
	char *text = rmb_orders_write(&orders, chain->threads, run->plan->graph->recipe, chain->node, chain->n);
	int code = text ? rmb_process_start(&w->process, text, error) : rmb_error_nomem(error, "the orders of a worker");
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

/* What a node needs may be known only once its input is loaded. */
static void
refuse_large(struct run *run)
{
	for (int i = 0; i < run->plan->nsteps; i++) {
		char text[256], need[64], cap[64];
		double bytes = run->plan->step[i].expected.peak_bytes;
		if (run->schedule.turn[i].state != RMB_READY || bytes <= run->budget)
			continue;
		snprintf(text, sizeof text, "is expected to need %s of memory; %s are allowed. Allow more with --memory, or take fewer neurons or frames",
		         rmb_quantity_print(bytes, "B", need, sizeof need), rmb_quantity_print(run->budget, "B", cap, sizeof cap));
		fail_node(run, run->plan->step[i].node, RMB_ELIMIT, text);
	}
}

/* Starts what fits. */
static int
start_workers(struct run *run, struct rmb_error *error)
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

/* ---- ending */

/* Why a node's worker ended without having done it. */
static int
verdict_on(struct worker *w, const struct rmb_node *node, int status, char *text, size_t size)
{
	const struct rmb_end end = { .status = status, .overdue = w->overdue, .time_limit = w->run->options->time_limit,
	                             .memory = w->run->plan->step[node->index].expected.peak_bytes, .words = w->process.words };
	return rmb_verdict(&end, node, text, size);
}

/* Nodes of the chain that are not settled go back; the one at which it ended badly fails, or is tried alone. */
static void
settle_rest(struct worker *w, int status)
{
	struct run *run = w->run;
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
			bool again = well || (chained && !w->overdue) || (WIFEXITED(status) && WEXITSTATUS(status) == RMB_EXIT_VANISHED);
			if (again)
				try_again(run, node, code, well ? "the worker ended without having done it" : text);
			else
				fail_node(run, node, code, text);
		}
	}
}

static void
end_worker(struct run *run, int i, int status)
{
	struct worker *w = run->worker[i];
	run->worker[i] = run->worker[--run->nworkers];
	run->slots += w->chain.slots;
	run->memory += w->chain.memory;
	rmb_process_read(&w->process, on_event, w);
	settle_rest(w, status);
	rmb_process_close(&w->process);
	free(w);
}

/* ---- the loop */

/* Nodes that another run computes: either their object has appeared, or nobody is at them any more. */
static void
look_elsewhere(struct run *run)
{
	if (rmb_machine_clock() - run->last_look < 0.15)
		return;
	run->last_look = rmb_machine_clock();
	for (int i = 0; i < run->plan->nsteps; i++) {
		struct rmb_node *node = run->plan->step[i].node;
		int64_t bytes;
		if (run->schedule.turn[i].state != RMB_ELSEWHERE)
			continue;
		if (rmb_cache_has(run->cache, node->key, &bytes)) {
			rmb_schedule_done(&run->schedule, node, true);
			rmb_progress_done(run->progress, node, NULL);
		} else if (!rmb_lease_held(run->cache, node->key)) {
			rmb_schedule_again(&run->schedule, node);
		}
	}
}

static void
enforce_limits(struct run *run)
{
	double now = rmb_machine_clock(), limit = run->options->time_limit;
	for (int i = 0; i < run->nworkers; i++) {
		struct worker *w = run->worker[i];
		if (limit > 0 && w->current && now - w->since > limit && w->kill_at <= 0) {
			w->overdue = true;
			kill(w->process.pid, SIGKILL);
			w->kill_at = now + GRACE_SECONDS;
		}
		if (w->kill_at > 0 && now > w->kill_at)
			kill(w->process.pid, SIGKILL);
	}
}

static void
wait_for_news(struct run *run)
{
	struct pollfd *fd = calloc(2 * (size_t)run->nworkers + 1, sizeof *fd);
	struct timespec tick = { 0, TICK_MS * 1000000L };
	sigset_t none;
	nfds_t n = 0;
	sigemptyset(&none);
	for (int i = 0; i < run->nworkers && fd; i++) {
		fd[n++] = (struct pollfd){ run->worker[i]->process.events, POLLIN, 0 };
		fd[n++] = (struct pollfd){ run->worker[i]->process.errors, POLLIN, 0 };
	}
	ppoll(fd, n, &tick, &none); /* what woke us is found out by looking */
	free(fd);
}

static void
hear_workers(struct run *run)
{
	for (int i = run->nworkers - 1; i >= 0; i--) { /* from the end: end_worker() moves the last one down */
		int status;
		bool ended = rmb_process_ended(&run->worker[i]->process, &status);
		if (ended)
			end_worker(run, i, status);
		else
			rmb_process_read(&run->worker[i]->process, on_event, run->worker[i]);
	}
}

static void
heed_signals(struct run *run)
{
	if (asked_times && !run->stop) {
		rmb_progress_note(run->progress, "stopping; what is finished is kept (again: at once)");
		stop_all(run, asked_code);
	}
	if (asked_times > 1)
		for (int i = 0; i < run->nworkers; i++)
			kill(run->worker[i]->process.pid, SIGKILL);
}

static int
loop(struct run *run, struct rmb_error *error)
{
	int code = 0;
	while (run->nworkers > 0 || (run->schedule.left > 0 && !run->stop)) {
		if ((code = start_workers(run, error)))
			stop_all(run, code);
		wait_for_news(run);
		hear_workers(run);
		heed_signals(run);
		look_elsewhere(run);
		enforce_limits(run);
		settle(run);
		rmb_progress_tick(run->progress);
	}
	return code;
}

/* ---- the whole */

static int
prepare(struct run *run, struct rmb_error *error)
{
	size_t n = (size_t)run->plan->nsteps;
	struct rmb_arena *arena = run->plan->arena;
	int jobs = run->options->jobs > 0 ? run->options->jobs : rmb_machine_cores();
	run->budget = rmb_machine_budget(run->options->memory);
	int code = rmb_plan_fits(run->plan, rmb_cache_free_bytes(run->cache), run->budget, error);
	if (code)
		return code;
	run->slots = jobs;
	run->memory = run->budget;
	run->worker = rmb_arena_alloc(arena, (size_t)jobs, sizeof *run->worker);
	run->ended = rmb_arena_alloc(arena, n, sizeof *run->ended);
	run->gone = rmb_arena_alloc(arena, n, sizeof *run->gone);
	run->told = rmb_arena_alloc(arena, n, sizeof *run->told);
	run->schedule = (struct rmb_schedule){ .plan = run->plan, .cache = run->cache, .result = run->result, .jobs = jobs,
	                                       .turn = rmb_arena_alloc(arena, n, sizeof *run->schedule.turn) };
	if (!run->worker || !run->ended || !run->gone || !run->told || !run->schedule.turn)
		return rmb_error_nomem(error, "the run");
	name_run(run->id);
	rmb_schedule_begin(&run->schedule);
	return 0;
}

int
rmb_run(struct rmb_plan *plan, const struct rmb_cache *cache, const struct rmb_run_options *options, struct rmb_progress *progress,
        struct rmb_result *result, struct rmb_error *error)
{
	struct run run = { .plan = plan, .cache = cache, .options = options, .progress = progress, .result = result };
	int code = prepare(&run, error);
	if (code || run.schedule.left == 0 || (code = rmb_trust_machine(cache, error)))
		return code;
	struct signals before;
	catch_signals(&before);
	code = loop(&run, error);
	if (!run.stop)
		let_go_of_leftovers(&run);
	release_signals(&before);
	rmb_folder_sweep(cache); /* what workers left that had to be killed */
	return code ? code : run.stop ? run.stop : run.failure;
}

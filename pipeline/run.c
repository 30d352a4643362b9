/* pipeline/run.c -- the loop of a run: take work, hear workers, notice ends, limits and signals, redraw.
 *
 * What may run next is schedule.c's business, what a process is process.c's; workers stand in run_crew.c, their events in
 * run_events.c, what becomes of a node in run_fate.c. Here they meet in one loop over poll(). Signals arrive only while it
 * waits. */
#include "pipeline/run.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include "pipeline/cache_folder.h"
#include "pipeline/drive.h"
#include "pipeline/machine.h"
#include "pipeline/run_inside.h"
#include "pipeline/trust.h"

enum { TICK_MS = 100 };

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
		sigaction(caught[i], NULL, &before->action[i]);
		if (caught[i] != SIGCHLD && before->action[i].sa_handler == SIG_IGN)
			continue; /* nohup, or in the background of a script: who started us wants it so */
		sigaddset(&block, caught[i]);
		sigaction(caught[i], &mine, NULL);
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

/* ---- one turn of the loop */

/* Nodes that another run computes: either their object has appeared, or nobody is at them any more. */
static void
look_elsewhere(struct rmb_run *run)
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
wait_for_news(struct rmb_run *run)
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
hear_workers(struct rmb_run *run)
{
	for (int i = run->nworkers - 1; i >= 0; i--) { /* from the end: rmb_run_end_worker() moves the last one down */
		int status;
		bool ended = rmb_process_ended(&run->worker[i]->process, &status);
		if (ended)
			rmb_run_end_worker(run, i, status);
		else
			rmb_process_read(&run->worker[i]->process, rmb_run_on_event, run->worker[i]);
	}
}

static void
heed_signals(struct rmb_run *run)
{
	if (asked_times && !run->stop) {
		rmb_progress_note(run->progress, "stopping; what is finished is kept (again: at once)");
		rmb_run_stop(run, asked_code);
	}
	if (asked_times > 1 && !run->at_once) {
		rmb_progress_note(run->progress, "asked again: what still runs is ended at once");
		run->at_once = true;
	}
	if (run->at_once)
		for (int i = 0; i < run->nworkers; i++)
			kill(run->worker[i]->process.pid, SIGKILL);
}

static int
loop(struct rmb_run *run, struct rmb_error *error)
{
	int code = 0;
	while (run->nworkers > 0 || (run->schedule.left > 0 && !run->stop)) {
		if ((code = rmb_run_start_workers(run, error)))
			rmb_run_stop(run, code);
		wait_for_news(run);
		hear_workers(run);
		heed_signals(run);
		look_elsewhere(run);
		rmb_run_enforce_limits(run);
		rmb_run_settle(run);
		rmb_progress_tick(run->progress);
	}
	return code;
}

/* ---- the whole */

static void
name_run(char id[33])
{
	unsigned char byte[16] = { 0 };
	if (getrandom(byte, sizeof byte, 0) != (ssize_t)sizeof byte)
		memcpy(byte, &(pid_t){ getpid() }, sizeof(pid_t));
	for (size_t i = 0; i < sizeof byte; i++)
		snprintf(id + 2 * i, 3, "%02x", byte[i]);
}

static int
prepare(struct rmb_run *run, struct rmb_error *error)
{
	size_t n = (size_t)run->plan->nsteps;
	struct rmb_arena *arena = run->plan->arena;
	int jobs = run->options->jobs > 0 ? run->options->jobs : rmb_machine_cores();
	run->budget = rmb_machine_budget(run->options->memory);
	int code = rmb_plan_fits(run->plan, rmb_cache_free_bytes(run->cache), 0, error);
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

/* What failed before in this run has failed, and was told then; so has a search that cannot go on. */
static void
fail_at_once(struct rmb_run *run)
{
	for (int i = 0; i < run->plan->nsteps; i++) {
		struct rmb_node *node = run->plan->step[i].node;
		const struct rmb_drive *drive = node->sets ? NULL : node->drive;
		for (int f = 0; f < run->options->nfailed && run->schedule.turn[i].state != RMB_ENDED; f++)
			if (strcmp(run->options->failed[f].key, node->key) == 0)
				rmb_schedule_failed(&run->schedule, node, run->options->failed[f].code,
				                    run->options->failed[f].text);
		if (drive && drive->code && run->schedule.turn[i].state != RMB_ENDED)
			rmb_run_failed(run, node, drive->code, drive->refusal);
	}
}

int
rmb_run(struct rmb_plan *plan, const struct rmb_cache *cache, const struct rmb_run_options *options,
        struct rmb_progress *progress, struct rmb_result *result, struct rmb_error *error)
{
	struct rmb_run run = { .plan = plan, .cache = cache, .options = options, .progress = progress, .result = result };
	int code = prepare(&run, error);
	if (code == 0)
		fail_at_once(&run);
	if (code || run.schedule.left == 0 || (code = rmb_trust_machine(cache, error)))
		return code ? code : run.failure;
	struct signals before;
	catch_signals(&before);
	code = loop(&run, error);
	if (!run.stop)
		rmb_run_let_go_of_leftovers(&run);
	release_signals(&before);
	rmb_folder_sweep(cache); /* what workers left that had to be killed */
	return code ? code : run.stop ? run.stop : run.failure;
}

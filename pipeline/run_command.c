/* pipeline/run_command.c -- `rumble run`: what is missing is computed, results get their names, the report is written. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pipeline/command.h"
#include "pipeline/inside.h"
#include "pipeline/report.h"
#include "pipeline/results.h"
#include "pipeline/run.h"
#include "pipeline/session.h"

enum { MAX_REPEATS = 2 };

/* Makes a directory and those above it. */
static int
make_directory(struct rmb_arena *arena, const char *path, struct rmb_error *error)
{
	char *part = rmb_arena_strdup(arena, path);
	if (!part)
		return rmb_error_nomem(error, "a path");
	for (char *slash = part + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		mkdir(part, 0777); /* the last one tells */
	}
	if (mkdir(part, 0777) && errno != EEXIST)
		return rmb_error_set(error, RMB_EOUTPUT, "cannot make the output directory %s: %s; choose another with --out", path, strerror(errno));
	struct stat stat_of;
	if (stat(part, &stat_of) || !S_ISDIR(stat_of.st_mode))
		return rmb_error_set(error, RMB_EOUTPUT, "%s is not a directory, so output cannot go there; choose another with --out", path);
	return 0;
}

/* Nothing is computed that could not be written where it was asked for. */
static int
check_output(const struct rmb_session *session, struct rmb_error *error)
{
	const char *report = session->recipe->report;
	int code = rmb_results_check(session->graph, session->out, error);
	if (code == 0 && report)
		code = rmb_inside_check(session->out, report, error);
	return code || !report ? code : rmb_inside_check(session->out, "figures/x", error);
}

/* What was computed gets its names and its report, also when something failed: the report says what. */
static int
write_output(const struct rmb_session *session, const struct rmb_options *options, const struct rmb_result *result,
             const char **report, struct rmb_error *error)
{
	bool changed;
	int code = make_directory(session->arena, session->out, error);
	if (code == 0)
		code = rmb_results_write(session->graph, &session->cache, session->out, options->copy, error);
	if (code || !session->recipe->report)
		return code;
	code = rmb_report_write(session->graph, &session->cache, result, session->out, &changed, error);
	if (code == 0)
		*report = rmb_arena_printf(session->arena, "%s/%s", session->out, session->recipe->report);
	return code;
}

/* Nodes that a worker will execute: of those with the same key only one. */
static int
count_executions(const struct rmb_plan *plan)
{
	int n = 0;
	for (int i = 0; i < plan->nsteps; i++) {
		const struct rmb_node *twin = plan->step[i].node->twin;
		n += plan->step[i].todo == RMB_RUN && !(twin && plan->step[twin->index].todo == RMB_RUN);
	}
	return n;
}

static int
run_and_write(const struct rmb_session *session, const struct rmb_options *options, struct rmb_plan *plan, struct rmb_progress *progress,
              struct rmb_result *result, const char **report, struct rmb_error *error)
{
	char results[PATH_MAX];
	const char *path = rmb_arena_printf(session->arena, "%s/results", session->out);
	if (!path)
		return rmb_error_nomem(error, "a path");
	struct rmb_run_options how = { options->jobs, options->memory, options->time_limit, options->fail_fast, realpath(path, results) };
	for (int i = 0; i < plan->nsteps; i++)
		if (plan->step[i].damage)
			rmb_progress_note(progress, "%s: its object was damaged and is made again: %s", plan->step[i].node->id, plan->step[i].damage);
	rmb_progress_begin(progress, count_executions(plan), plan->ncached, rmb_plan_seconds(plan, options->jobs));
	int code = rmb_run(plan, &session->cache, &how, progress, result, error);
	if (error->code == 0 && code != RMB_EINTERRUPTED && code != RMB_ETERMINATED) {
		int failed = write_output(session, options, result, report, error);
		code = code ? code : failed;
	}
	return code;
}

/* A node that counts as done and is to stay, but whose object proved bad while the output was written, or is gone. */
static const struct rmb_node *
find_lost(const struct rmb_session *session, const struct rmb_plan *plan, const struct rmb_result *result)
{
	for (int i = 0; i < plan->nsteps; i++) {
		const struct rmb_node *node = plan->step[i].node;
		const char *path = node->keep && result[i].outcome == RMB_DONE ? rmb_cache_path(session->arena, &session->cache, node->key) : NULL;
		if (path && access(path, F_OK))
			return node;
	}
	return NULL;
}

/* Runs the plan, and plans and runs again if what was there when it was planned proves damaged when it is read for the output. */
static int
run(const struct rmb_session *session, const struct rmb_options *options, struct rmb_plan *plan, struct rmb_progress *progress,
    struct rmb_error *error)
{
	const char *report = NULL;
	for (int attempt = 0;; attempt++) {
		struct rmb_plan *again = attempt ? rmb_session_plan_again(session, options, error) : NULL, *now = attempt ? again : plan;
		struct rmb_result *result = now ? rmb_arena_alloc(session->arena, (size_t)now->nsteps, sizeof *result) : NULL;
		int code = result ? run_and_write(session, options, now, progress, result, &report, error) : rmb_error_nomem(error, "the results of the run");
		const struct rmb_node *lost = code ? NULL : find_lost(session, now, result);
		rmb_plan_free(again);
		if (lost && attempt < MAX_REPEATS) {
			rmb_progress_note(progress, "%s is computed again, for its cached object was damaged or gone when the output was written", lost->id);
			continue;
		}
		if (lost)
			code = rmb_error_set(error, RMB_EOUTPUT, "%s was computed again, and again its cached object was damaged or gone when the output was "
			                     "written; is the disk failing, or does somebody clear the cache?", lost->id);
		rmb_progress_end(progress, code, report);
		return code;
	}
}

static int
run_plan(const struct rmb_session *session, struct rmb_plan *plan, const struct rmb_options *options)
{
	struct rmb_error error = { 0 };
	struct rmb_progress *progress = rmb_progress_new(options->json, options->quiet);
	int code = check_output(session, &error);
	if (code == 0)
		code = progress ? run(session, options, plan, progress, &error) : rmb_error_nomem(&error, "the display");
	if (error.code)
		rmb_complain(options, &error);
	rmb_progress_free(progress);
	return rmb_exit_code(code);
}

int
rmb_command_run(const struct rmb_options *options)
{
	signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is an error of write(), with a sentence */
	return rmb_session_plan(options, RMB_NEED_WRITABLE, run_plan);
}

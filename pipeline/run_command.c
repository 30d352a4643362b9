/* pipeline/run_command.c -- `rumble run`: what is missing is computed, results get their names, the report is written. */
#include <errno.h>
#include <libgen.h>
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
		return rmb_error_set(error, RMB_EOUTPUT, "cannot make the output directory %s: %s; choose another with --out",
		                     path, strerror(errno));
	struct stat stat_of;
	if (stat(part, &stat_of) || !S_ISDIR(stat_of.st_mode))
		return rmb_error_set(error, RMB_EOUTPUT,
		                     "%s is not a directory, so output cannot go there; choose another with --out", path);
	return 0;
}

/* Whether the directory is there or can be made: what stands nearest above it takes new files. */
static int
check_directory(const char *path, struct rmb_error *error)
{
	char part[PATH_MAX];
	struct stat stat_of;
	if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
		return rmb_error_set(error, RMB_EOUTPUT, "the path of the output directory is too long; choose another with --out");
	while (stat(part, &stat_of) && errno == ENOENT && strcmp(part, ".") != 0) {
		const char *above = dirname(part);
		memmove(part, above, strlen(above) + 1);
	}
	if (access(part, F_OK) == 0 && !S_ISDIR(stat_of.st_mode))
		errno = ENOTDIR;
	else if (access(part, W_OK | X_OK) == 0)
		return 0;
	return rmb_error_set(error, RMB_EOUTPUT, "nothing can be written to the output directory %s (%s: %s); choose another with "
	                     "--out", path, part, strerror(errno));
}

/* Nothing is computed that could not be written where it was asked for. */
static int
check_output(const struct rmb_session *session, struct rmb_error *error)
{
	const char *report = session->recipe->report;
	int code = check_directory(session->out, error);
	if (code == 0)
		code = rmb_results_check(session->graph, session->out, error);
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

/* Nodes that a worker will execute: of those with the same key only one, and none that failed in an earlier round. */
static int
count_executions(const struct rmb_plan *plan, const struct rmb_failed *failed, int nfailed)
{
	int n = 0;
	for (int i = 0; i < plan->nsteps; i++) {
		const struct rmb_node *twin = plan->step[i].node->twin;
		int f = 0;
		while (f < nfailed && strcmp(failed[f].key, plan->step[i].node->key))
			f++;
		n += plan->step[i].todo == RMB_RUN && !(twin && plan->step[twin->index].todo == RMB_RUN) && f == nfailed;
	}
	return n;
}

/* What one run of the command keeps from round to round: drivers are asked again once their sets have ended. */
struct whole {
	struct rmb_session *session;
	const struct rmb_options *options;
	struct rmb_progress *progress;
	struct rmb_plan *plan;      /* of the last round */
	struct rmb_result *result;
	int nfailed, failure;       /* nodes that failed in all of them, and the code of the first */
	struct rmb_failed *failed;
	bool begun;
};

/* Plans as the cache is now, in place of the plan before. */
static int
plan_again(struct whole *w, struct rmb_error *error)
{
	rmb_plan_free(w->plan);
	w->plan = rmb_session_plan_again(w->session, w->options, error);
	w->result = w->plan ? rmb_arena_alloc(w->session->arena, (size_t)w->plan->nsteps, sizeof *w->result) : NULL;
	return w->result ? 0 : w->plan ? rmb_error_nomem(error, "the results of the run") : error->code;
}

static void
tell_plan(struct whole *w)
{
	int n = count_executions(w->plan, w->failed, w->nfailed);
	for (int i = 0; i < w->plan->nsteps; i++)
		if (w->plan->step[i].damage)
			rmb_progress_note(w->progress, "%s: its object was damaged and is made again: %s",
			                  w->plan->step[i].node->id, w->plan->step[i].damage);
	if (!w->begun)
		rmb_progress_begin(w->progress, n, w->plan->ncached, rmb_plan_seconds(w->plan, w->options->jobs),
		                   rmb_plan_guesses(w->plan) > 0);
	else
		rmb_progress_again(w->progress, n);
	w->begun = true;
}

static int
remember_failures(struct whole *w, struct rmb_error *error)
{
	struct rmb_arena *arena = w->session->arena;
	w->nfailed = 0; /* what failed before has failed in this plan too */
	for (int i = 0; i < w->plan->nsteps; i++) {
		if (w->result[i].outcome != RMB_FAILED)
			continue;
		struct rmb_failed *failed =
			rmb_arena_room(arena, w->nfailed ? w->failed : NULL, (size_t)w->nfailed, sizeof *failed);
		if (!failed)
			return rmb_error_nomem(error, "the results of the run");
		w->failed = failed;
		failed = &w->failed[w->nfailed++];
		*failed = (struct rmb_failed){ .code = w->result[i].code, .text = rmb_arena_strdup(arena, w->result[i].text) };
		memcpy(failed->key, w->plan->step[i].node->key, sizeof failed->key);
	}
	return 0;
}

/* Carries out one plan. *more: a driver has gone on, so that there is a new graph to plan. */
static int
run_round(struct whole *w, bool *more, struct rmb_error *error)
{
	char results[PATH_MAX];
	const struct rmb_options *options = w->options;
	const char *path = rmb_arena_printf(w->session->arena, "%s/results", w->session->out);
	*more = false;
	if (!path)
		return rmb_error_nomem(error, "a path");
	struct rmb_run_options how = { options->jobs, options->memory, options->time_limit, options->fail_fast,
	                               realpath(path, results), w->nfailed, w->failed };
	tell_plan(w);
	int code = rmb_run(w->plan, &w->session->cache, &how, w->progress, w->result, error);
	w->failure = w->failure ? w->failure : code;
	if (error->code || code == RMB_EINTERRUPTED || code == RMB_ETERMINATED || (code && options->fail_fast))
		return code;
	code = remember_failures(w, error);
	return code ? code : rmb_session_advance(w->session, w->result, more, error);
}

/* Runs round after round until no driver has more sets, then writes. */
static int
run_and_write(struct whole *w, const char **report, struct rmb_error *error)
{
	int code = 0;
	for (bool more = true; more && code == 0;) {
		code = plan_again(w, error);
		code = code ? code : run_round(w, &more, error);
	}
	if (error->code || code == RMB_EINTERRUPTED || code == RMB_ETERMINATED)
		return code;
	int failed = write_output(w->session, w->options, w->result, report, error);
	return w->failure ? w->failure : failed;
}

/* A node that counts as done and is to stay, but whose object proved bad while the output was written, or is gone. */
static const struct rmb_node *
find_lost(const struct rmb_session *session, const struct rmb_plan *plan, const struct rmb_result *result)
{
	for (int i = 0; i < plan->nsteps; i++) {
		const struct rmb_node *node = plan->step[i].node;
		const char *path = node->keep && result[i].outcome == RMB_DONE
		                   ? rmb_cache_path(session->arena, &session->cache, node->key)
		                   : NULL;
		if (path && access(path, F_OK))
			return node;
	}
	return NULL;
}

/* Runs, and plans and runs again if what was there when it was planned proves damaged when it is read for the output. */
static int
run(struct whole *w, struct rmb_error *error)
{
	const char *report = NULL;
	for (int attempt = 0;; attempt++) {
		int code = run_and_write(w, &report, error);
		const struct rmb_node *lost = code ? NULL : find_lost(w->session, w->plan, w->result);
		if (lost && attempt < MAX_REPEATS) {
			rmb_progress_note(w->progress,
			                  "%s is computed again, for its cached object was damaged or gone when the output "
			                  "was written",
			                  lost->id);
			w->begun = false;
			continue;
		}
		if (lost)
			code = rmb_error_set(error, RMB_EOUTPUT,
			                     "%s was computed again, and again its cached object was damaged or gone when "
			                     "the output was written; is the disk failing, or does somebody clear the cache?",
			                     lost->id);
		if (w->begun)
			rmb_progress_end(w->progress, code, report);
		return code;
	}
}

static int
run_session(struct rmb_session *session, const struct rmb_options *options)
{
	struct rmb_error error = { 0 };
	struct whole w = { .session = session, .options = options, .progress = rmb_progress_new(options->json, options->quiet) };
	int code = check_output(session, &error);
	if (code == 0)
		code = w.progress ? run(&w, &error) : rmb_error_nomem(&error, "the display");
	if (error.code)
		rmb_complain(options, &error);
	rmb_plan_free(w.plan);
	rmb_progress_free(w.progress);
	return rmb_exit_code(code);
}

int
rmb_command_run(const struct rmb_options *options)
{
	struct rmb_session session;
	signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is an error of write(), with a sentence */
	int status = rmb_session_open(options, RMB_NEED_WRITABLE, &session);
	if (status)
		return status;
	status = run_session(&session, options);
	rmb_session_close(&session);
	return status;
}

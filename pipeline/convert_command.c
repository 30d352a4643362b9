/* pipeline/convert_command.c -- `rumble convert`: any recording, or any result of a recipe, as one file of its own.
 *
 * What is missing is run first, as `rumble run --until` would, without results by name and without a report; then it is an
 * export. A recording that is in no recipe gets one of a single entry, in a folder of its own that goes when all is done. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "pipeline/results.h"
#include "pipeline/run.h"
#include "pipeline/session.h"
#include "pipeline/table.h"
#include "pipeline/text.h"
#include "pipeline/missing.h"

enum { MOST_SETTINGS = 64 };

static bool
is_recipe(const char *path)
{
	const char *dot = strrchr(path, '.');
	return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

/* ---- a recipe of one recording */

struct made {                   /* the recipe, and the options with which it is opened */
	char folder[PATH_MAX], path[PATH_MAX + 16];
	struct rmb_options options;
	const char *argument[2], *set[MOST_SETTINGS];
};

/* A text between quotation marks, as YAML wants it. */
static void
write_quoted(FILE *file, const char *text)
{
	fputc('"', file);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', file);
		if ((unsigned char)*text < ' ')
			fprintf(file, "\\x%02x", *text);
		else
			fputc(*text, file);
	}
	fputc('"', file);
}

/* "rate=22Hz" is a setting of the recording; what has a dot before the '=' is meant for the recipe, such as
 * stages.load.nonfinite=fail. All stay with --set, so that mistakes in them are shown as what was typed, not as lines of
 * a recipe that nobody wrote. */
static int
take_settings(struct made *made, const struct rmb_options *options, struct rmb_error *error)
{
	made->options.nset = 0;
	made->options.set = made->set;
	for (int i = 0; i < options->nset; i++) {
		const char *equals = strchr(options->set[i], '='), *dot = strchr(options->set[i], '.');
		if (!equals || equals == options->set[i] || strpbrk(options->set[i], "\n\r"))
			return rmb_error_set(error, RMB_EUSAGE,
			                     "--set %s: a setting of the recording is meant, such as --set 'rate=22 Hz'",
			                     options->set[i]);
		if (i == MOST_SETTINGS)
			return rmb_error_set(error, RMB_EUSAGE, "there are more than %d times --set", MOST_SETTINGS);
		char *whole = NULL;
		if (asprintf(&whole, "%s%s", dot && dot < equals ? "" : "recordings.recording.", options->set[i]) < 0)
			return rmb_error_nomem(error, "settings");
		made->set[made->options.nset++] = whole;
	}
	return 0;
}

static int
write_recipe(struct made *made, const struct rmb_options *options, struct rmb_error *error)
{
	char source[PATH_MAX], why[RMB_MISSING_ROOM];
	if (!realpath(options->arg[0], source))
		return rmb_error_set(error, RMB_EUSAGE, "%s: %s", options->arg[0], rmb_missing(options->arg[0], errno, why));
	FILE *file = fopen(made->path, "we");
	if (!file)
		return rmb_error_set(error, RMB_EOUTPUT, "cannot write %s: %s; TMPDIR chooses another folder", made->path, strerror(errno));
	fputs("rumble: 1\nrecordings:\n  - name: recording\n    path: ", file);
	write_quoted(file, source);
	fputc('\n', file);
	int code = take_settings(made, options, error);
	fputs("stages:\n  loaded: {stage: load}\n", file);
	if (fclose(file) && code == 0)
		code = rmb_error_set(error, RMB_EOUTPUT, "cannot write %s: %s; TMPDIR chooses another folder", made->path, strerror(errno));
	return code;
}

static int
make_recipe(struct made *made, const struct rmb_options *options, struct rmb_error *error)
{
	const char *place = getenv("TMPDIR");
	int n = snprintf(made->folder, sizeof made->folder, "%s/rumble-XXXXXX", place && *place ? place : "/tmp");
	if (n >= PATH_MAX || !mkdtemp(made->folder)) {
		made->folder[0] = '\0';
		return rmb_error_set(error, RMB_EOUTPUT, "cannot make a temporary folder in %s: %s; TMPDIR chooses another",
		                     place && *place ? place : "/tmp", strerror(errno));
	}
	snprintf(made->path, sizeof made->path, "%s/convert.yaml", made->folder);
	made->options = *options;
	made->argument[0] = made->path;
	made->argument[1] = "loaded";
	made->options.arg = made->argument;
	made->options.nargs = 2;
	return write_recipe(made, options, error);
}

static void
remove_recipe(struct made *made)
{
	if (!made->folder[0])
		return;
	unlink(made->path);
	rmdir(made->folder);
	for (int i = 0; i < MOST_SETTINGS; i++)
		free((char *)(uintptr_t)made->set[i]);
}

/* ---- running and writing */

/* Runs the plan; what fails is told by the display. */
static int
run_plan(const struct rmb_session *session, const struct rmb_options *options, struct rmb_plan *plan, struct rmb_error *error)
{
	struct rmb_result *result = rmb_arena_alloc(session->arena, (size_t)plan->nsteps, sizeof *result);
	struct rmb_progress *progress = result ? rmb_progress_new(options->json, options->quiet) : NULL;
	struct rmb_run_options how = { .jobs = options->jobs, .memory = options->memory, .time_limit = options->time_limit };
	if (!progress)
		return rmb_error_nomem(error, "the display");
	rmb_progress_begin(progress, plan->nrun, plan->ncached, rmb_plan_seconds(plan, options->jobs),
	                   rmb_plan_guesses(plan) > 0);
	int code = rmb_run(plan, &session->cache, &how, progress, result, error);
	rmb_progress_end(progress, code, NULL);
	rmb_progress_free(progress);
	return code;
}

/* "mouse3.h5" of "data/mouse3.npz", "fx26_raw.h5" of the node fx26/raw. */
static const char *
name_for(const struct rmb_session *session, const char *source, const struct rmb_node *node, const char *ending)
{
	struct rmb_arena *arena = session->arena;
	char *name = rmb_arena_strdup(arena, is_recipe(source) ? node->id : source);
	for (char *end = name ? name + strlen(name) : NULL; end && end > name && end[-1] == '/';)
		*--end = '\0';
	char *slash = name ? strrchr(name, '/') : NULL, *dot;
	if (slash && is_recipe(source))
		*slash = '_';
	else if (slash)
		name = slash + 1;
	if (name && !is_recipe(source) && (dot = strrchr(name, '.')) && dot > name)
		*dot = '\0';
	name = name ? rmb_text_file_name(arena, name, "") : NULL;
	return name ? rmb_arena_printf(arena, "%s%s", name, ending) : NULL;
}

static int
convert(const struct rmb_session *session, const struct rmb_options *options, const char *source, struct rmb_error *error)
{
	const char *output = NULL, *ending = rmb_export_ending(options->format, error);
	const struct rmb_node *node = ending ? rmb_graph_find(session->graph, options->arg[1], &output, error) : NULL;
	if (!node)
		return error->code;
	const char *path = options->out ? options->out : name_for(session, source, node, ending), *until[] = { node->id };
	struct rmb_options one = *options;
	one.until = until;
	one.nuntil = 1;
	one.nonly = 0;
	int code = path ? rmb_export_check(options->format, path, error) : rmb_error_nomem(error, "a path");
	struct rmb_plan *plan = code ? NULL : rmb_session_plan_again(session, &one, error);
	if (!plan)
		return error->code;
	if (plan->nrun > 0)
		code = run_plan(session, options, plan, error);
	rmb_plan_free(plan);
	if (code == 0)
		code = rmb_export(session->graph, &session->cache, node, output, options->format, path, error);
	if (code == 0)
		printf("%s\n", rmb_harmless(session->arena, path));
	return code;
}

static int
convert_in_session(const struct rmb_options *options, const char *source)
{
	struct rmb_session session;
	struct rmb_error error = { 0 };
	int status = rmb_session_open(options, RMB_NEED_WRITABLE, &session);
	if (status)
		return status;
	for (int e = 0; !is_recipe(source) && e < session.recipe->nentries;
	     e++) /* sentences do not begin with a recipe that nobody wrote */
		session.recipe->entry[e].place = (struct rmb_place){ "convert", 0, 0 };
	int code = convert(&session, options, source, &error);
	status = error.code ? rmb_complain(options, &error) : rmb_exit_code(code);
	rmb_session_close(&session);
	return status;
}

int
rmb_command_convert(const struct rmb_options *options)
{
	struct rmb_error error = { 0 };
	bool recipe = is_recipe(options->arg[0]);
	if (recipe != (options->nargs == 2)) {
		rmb_error_set(&error, RMB_EUSAGE,
		              recipe ? "which recording or result of the recipe? Give its name, as in `rumble convert RECIPE "
		                       "mouse3/raw`"
		                     : "'%s' after a recording: a name belongs to a recipe, which ends in .yaml; the file to "
		                       "write is given with --out",
		              recipe ? "" : options->arg[1]);
		return rmb_complain(options, &error);
	}
	if (recipe)
		return convert_in_session(options, options->arg[0]);
	struct made made = { .folder = "" };
	int status = make_recipe(&made, options, &error) ? rmb_complain(options, &error)
	                                                 : convert_in_session(&made.options, options->arg[0]);
	remove_recipe(&made);
	return status;
}

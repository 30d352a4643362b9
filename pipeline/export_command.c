/* pipeline/export_command.c -- `rumble export RECIPE NODE`. */
#include <stdio.h>
#include <string.h>
#include "pipeline/results.h"
#include "pipeline/session.h"
#include "pipeline/table.h"
#include "pipeline/text.h"

/* "fx26/svca2@z.spectrum" as a file name in the current directory. */
static const char *
default_name(struct rmb_arena *arena, const struct rmb_node *node, const char *output, const char *ending)
{
	char *name = rmb_arena_printf(arena, "%s%s%s", node->id, output ? "." : "", output ? output : "");
	for (char *slash = name; slash && (slash = strchr(slash, '/'));)
		*slash = '_';
	name = name ? rmb_text_file_name(arena, name, "") : NULL;
	return name ? rmb_arena_printf(arena, "%s%s", name, ending) : NULL;
}

static int
export(const struct rmb_session *session, const struct rmb_options *options, struct rmb_error *error)
{
	const char *output = NULL;
	const struct rmb_node *node = rmb_graph_find(session->graph, options->arg[1], &output, error);
	const char *ending = node ? rmb_export_ending(options->format, error) : NULL;
	if (!ending)
		return error->code;
	if (options->out && strcmp(options->out, "-") == 0)
		return rmb_error_set(error, RMB_EUSAGE,
		                     "an export is written to a file, not to standard output; give its name with --out");
	const char *path = options->out ? options->out : default_name(session->arena, node, output, ending);
	if (!path)
		return rmb_error_nomem(error, "a path");
	int code = rmb_export(session->graph, &session->cache, node, output, options->format, path, error);
	if (code == 0)
		printf("%s\n", rmb_harmless(session->arena, path));
	return code;
}

int
rmb_command_export(const struct rmb_options *options)
{
	struct rmb_session session;
	struct rmb_error error = { 0 };
	struct rmb_options look = *options;
	look.out = NULL; /* which is the export's file here, not where a run's results lie */
	int status = rmb_session_open(&look, RMB_NEED_KEYS, &session);
	if (status)
		return status;
	if (export(&session, options, &error))
		status = rmb_complain(options, &error);
	rmb_session_close(&session);
	return status;
}

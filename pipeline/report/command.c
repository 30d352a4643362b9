/* pipeline/report/command.c -- `rumble report`: the report again, from the cache alone. */
#include <stdio.h>
#include "pipeline/report.h"
#include "pipeline/session.h"

int
rmb_command_report(const struct rmb_options *options)
{
	struct rmb_session session;
	struct rmb_error error = { 0 };
	bool changed = false;
	int missing = 0, code = rmb_session_open(options, RMB_NEED_KEYS, &session);
	if (code)
		return code;
	const struct rmb_graph *graph = session.graph;
	for (int i = 0; i < graph->nnodes; i++)
		missing += graph->node[i]->keep && !rmb_cache_has(&session.cache, graph->node[i]->key, NULL);
	if (!graph->recipe->report)
		rmb_error_set(&error, RMB_ERECIPE, "%s asks for no report; add `report: {output: report.html}`",
		              graph->recipe->path);
	else if (rmb_report_write(graph, &session.cache, NULL, session.out, &changed, &error) == 0) {
		if (missing)
			fprintf(stderr, "%d of %d results are missing; `rumble run %s` computes them\n", missing,
			        graph->nnodes, graph->recipe->path);
		if (!options->quiet)
			printf("%s/%s%s\n", session.out, graph->recipe->report, changed ? "" : " (unchanged)");
	}
	int status = error.code ? rmb_complain(options, &error) : 0;
	rmb_session_close(&session);
	return status;
}

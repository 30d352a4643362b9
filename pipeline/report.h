/* pipeline/report.h -- the report: one self-contained page from cached objects alone. It never computes science. */
#ifndef RMB_REPORT_H
#define RMB_REPORT_H
#include "pipeline/cache.h"
#include "pipeline/graph.h"
#include "pipeline/run.h"

/* Writes directory/recipe->report (temporary name, fsync, rename). result[graph->nnodes] may be NULL (report from the cache
 * alone: what is not cached is named as missing). An unchanged report is recognised and left alone: *changed says. */
int rmb_report_write(const struct rmb_graph *graph, const struct rmb_cache *cache, const struct rmb_result *result,
                     const char *directory, bool *changed, struct rmb_error *error) RMB_CHECKED;
#endif

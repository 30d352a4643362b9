/* pipeline/gone.h -- input files that are no longer there: what they were when a run last read them.
 *
 * Commands that only look at results (report, status, export, plan) need an input file for nothing but the names of recordings
 * and objects. A run therefore leaves in results/.last.json, under names that no node can have, "/files": {SHA-256 of the
 * absolute path: content}, and "/patterns": {SHA-256 of the absolute pattern: [path, ...]}, what wildcards found. */
#ifndef RMB_GONE_H
#define RMB_GONE_H
#include <jansson.h>
#include "pipeline/graph.h"

/* Adds to `state` what the graph's input files are and its recipe's patterns found, beside what `before` (a state; NULL: none)
 * says of others. 0 or -1: no memory. */
int rmb_gone_remember(json_t *state, const struct rmb_graph *graph, const json_t *before) RMB_CHECKED;
/* The content of a file that does not exist any more; NULL: it does, or none is remembered. `state` may be NULL. */
const char *rmb_gone_content(const json_t *state, const char *path);
/* The paths that a pattern found, an array of texts; NULL: none are remembered. `state` may be NULL. */
const json_t *rmb_gone_found(const json_t *state, const char *pattern);
#endif

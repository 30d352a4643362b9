/* pipeline/gone.h -- input files that are no longer there: what they were when a run last read them.
 *
 * Commands that only look at results (report, status, export, plan) need the content of an input file for nothing but the
 * names of objects. A run therefore leaves in results/.last.json, under "/files", which no node can be called, {SHA-256
 * of the absolute path: content}. */
#ifndef RMB_GONE_H
#define RMB_GONE_H
#include <jansson.h>
#include "pipeline/graph.h"

/* The contents of all files that the graph reads, beside those of `before` (NULL: none) that it does not (new reference;
 * NULL: no memory). */
json_t *rmb_gone_remember(const struct rmb_graph *graph, const json_t *before);
/* What the run before remembered; NULL: nothing. json_decref. */
json_t *rmb_gone_read(const char *last);
/* The content of a file that does not exist any more; NULL: it does, or none is remembered. `files` may be NULL. */
const char *rmb_gone_content(const json_t *files, const char *path);
#endif

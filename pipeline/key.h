/* pipeline/key.h -- what a node is, in canonical JSON; the SHA-256 of that text names its object.
 *
 * {"format":1,"stage":..,"version":..,"numeric":..,"parameters":{..},"inputs":[[port, key, output], ..]}, with "seed" and
 * "replicate" if the stage draws under these settings, and "labels" (one per input, null where there is no recording) if it
 * reads labels, and "sets" if it is a driver: what it varied, the values of each set, and which set and replicate each thing
 * that it reads of them is. Files are their content. Names, places and order of entries are in none of it. */
#ifndef RMB_KEY_H
#define RMB_KEY_H
#include "pipeline/graph.h"

enum { RMB_DESCRIPTION_FORMAT = 1 };

/* The description of a node whose inputs have keys and whose files are hashed; in the graph's arena. `numeric` is the version
 * of stages/numeric/. NULL: no memory. */
const char *rmb_node_describe(const struct rmb_graph *graph, const struct rmb_node *node, int numeric);
/* Key and description of every node, in dependency order, and twins; files must be hashed. RMB_ELIMIT: no memory. */
int rmb_graph_name(struct rmb_graph *graph, int numeric) RMB_CHECKED;
#endif

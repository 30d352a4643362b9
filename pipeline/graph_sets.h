/* pipeline/graph_sets.h -- nodes for the sets of drivers: what graph.c and graph_sets.c share. */
#ifndef RMB_GRAPH_SETS_H
#define RMB_GRAPH_SETS_H
#include "pipeline/graph.h"

/* driver[n]: all nodes of one driver entry, filled in, reading the node that the recipe names. Makes their sets: copies of
 * that node, of those that are varied and of all between, which then stand in driver[]->made and which the drivers read
 * instead. *mark counts the sets made so far in this graph. False: no memory, or a mistake was told. */
bool rmb_graph_make_sets(struct rmb_graph *graph, struct rmb_node **driver, int n, unsigned *mark, struct rmb_mistakes *m);
#endif

/* pipeline/graph_sets.h -- nodes for the sets of drivers: what graph.c and graph_sets.c share. */
#ifndef RMB_GRAPH_SETS_H
#define RMB_GRAPH_SETS_H
#include "pipeline/graph.h"

/* driver[n]: all nodes of one driver entry, filled in, reading the node that the recipe names. Makes their sets: copies of
 * that node, of those that are varied and of all between, which then stand in driver[]->made and which the drivers read
 * instead. *mark counts the sets made so far in this graph. False: no memory, or a mistake was told. */
bool rmb_graph_make_sets(struct rmb_graph *graph, struct rmb_node **driver, int n, unsigned *mark, struct rmb_mistakes *m);
/* Leaves what failed out of what a driver, or a copy of one, reads, if its stage goes on without. After all sets are made: copies
 * are made of drivers that read all. False: no memory. */
bool rmb_graph_leave_out_failed(struct rmb_graph *graph, struct rmb_node *node);
#endif

/* simulate/edges.h -- the exponent of symmetric networks against their distance from criticality, and a measured exponent
 * read off it. */
#ifndef RMB_SIMULATE_EDGES_H
#define RMB_SIMULATE_EDGES_H
#include "simulate/ensemble.h"

/* Edges 1 - 10^(-0.3 - 0.1 i): from 0.5 to 0.9999. */
enum { RMB_EDGES = 38 };

/* For the stage `theory`: its outputs distance, edge_exponent and edge_exponent_sd of a symmetric ensemble, from the same
 * draws at every edge; and, of the input `exponent` (with `exponent_error`), measured_exponent, critical_distance with
 * its interval, saturated and reading. */
int rmb_edges_publish(struct rmb_call *call, const struct ensemble *ensemble, struct rmb_range ranks) RMB_CHECKED;
#endif

/* simulate/sources.h -- neurons that only listen: weighted sums of a few signals that none of them has made. */
#ifndef RMB_SIMULATE_SOURCES_H
#define RMB_SIMULATE_SOURCES_H
#include "simulate/matched.h"

/* Source k = 1..n is an Ornstein-Uhlenbeck process: its autocorrelation falls by e in a time constant, evenly spaced in logarithm from `slowest`
 * (k = 1) to `fastest` (k = n), and its part of the variance goes as k^-exponent. Weights of neurons are standard normals, each its own. */
struct rmb_sources { int64_t n; double slowest, fastest, exponent; };

/* Makes the recording: see rmb_matched_make. Also the output `time_constant` [source]. */
int rmb_sources_make(struct rmb_matched *matched, const struct rmb_sources *sources) RMB_CHECKED;
/* Cost of that. */
void rmb_sources_estimate(const struct rmb_sources *sources, const struct measure_settings *settings, const struct rmb_size *size,
                          struct rmb_cost *cost);
#define RMB_SOURCES_OUT \
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "activity of the same neurons and frames" }, \
	{ .name = "time_constant", .kinds = RMB_ARRAY, .axes = "source", .type = RMB_FLOAT64, .unit = "s", .help = "of each source" }, \
	RMB_MEASURE_OUT
#endif

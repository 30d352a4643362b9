/* simulate/sources.h -- neurons that only listen: weighted sums of a few signals that none of them has made. */
#ifndef RMB_SIMULATE_SOURCES_H
#define RMB_SIMULATE_SOURCES_H
#include "simulate/matched.h"

/* Source k = 1..n is an Ornstein-Uhlenbeck process: its autocorrelation falls by e in a time constant, evenly spaced in
 * logarithm from `slowest` (k = 1) to `fastest` (k = n), and its part of the variance goes as k^-exponent. Weights of
 * neurons are standard normals, each its own. */
struct rmb_sources { int64_t n; double slowest, fastest, exponent; }; /* fastest 0: all are like the slowest */

/* Settings of the stages that are made of such sources, each with parameters of its own for them. */
struct source_settings {
	struct measure_settings measure;
	struct rmb_sources sources;
};
#define RMB_SOURCE_AT(member) .at = offsetof(struct source_settings, sources.member)

/* The stage itself, which sentences call `stage`: the recording (see rmb_matched_make), and the output `time_constant` [source]. */
int rmb_sources_run(struct rmb_call *call, const char *stage) RMB_CHECKED;
/* For the descriptor. */
int rmb_sources_check(const void *settings, struct rmb_error *error);
void rmb_sources_estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost);
#define RMB_SOURCES_IN { .name = "like", .kinds = RMB_RECORDING, .help = "what the simulation is to be like" }
#define RMB_SOURCES_OUT \
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "activity of the same neurons and frames" }, \
	{ .name = "time_constant", .kinds = RMB_ARRAY, .axes = "source", .type = RMB_FLOAT64, .unit = "s", \
	  .help = "of each source" }, \
	RMB_MEASURE_OUT
#endif

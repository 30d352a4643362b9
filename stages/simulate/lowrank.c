/* stages/simulate/lowrank.c -- activity of a few dimensions, and noise.
 *
 *     x_i(t) = sum over k = 1..rank of w_ik s_k(t) + noise,
 * w normal, s_k independent with one time constant and a variance that goes as k^-exponent. The covariance has `rank` large
 * eigenvalues and a flat floor: what a spectrum looks like that is no power law at all. Cost: 2 rank N T. */
#include "simulate/sources.h"

static const struct rmb_param params[] = {
	{ .name = "rank", .kind = RMB_INT, RMB_SOURCE_AT(n), .def = "10", .min = 1, .max = 26000,
	  .help = "dimensions of the activity" },
	{ .name = "time_constant", .kind = RMB_REAL, RMB_SOURCE_AT(slowest), .def = "500 ms", .unit = "s", .min = 1e-4,
	  .max = 1e5, .help = "of the activity along each" },
	{ .name = "exponent", .kind = RMB_REAL, RMB_SOURCE_AT(exponent), .def = "1", .unit = "1", .min = 0, .max = 10,
	  .help = "the variance of dimension k goes as k to minus this" },
	RMB_MEASURE_PARAMS(struct source_settings), { 0 } };

static const struct rmb_port in[] = { RMB_SOURCES_IN, { 0 } };
static const struct rmb_port out[] = { RMB_SOURCES_OUT, { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "raster", .kind = "raster", .x = "time", .y = "neuron", .image = "recording",
	  .caption = "Activity of {rank} dimensions, and noise." }, { 0 } };

static int
run(struct rmb_call *call)
{
	return rmb_sources_run(call, "lowrank");
}

const struct rmb_stage rmb_stage_lowrank = {
	.name = "lowrank", .version = 3, .folder = "simulate", .brief = "activity of a few dimensions and noise: a control",
	.about = "Every neuron is a random sum of a few signals with one time constant, and noise of its own: a covariance "
	         "with a few large eigenvalues over a flat floor. Neurons, positions, frames, segments, rate and scaling are "
	         "those of the recording at `like`; with `noise: matched` the reliable part of the variance is too.",
	.cite = "a control of rumble's own",
	.caption = "Control of low rank: {rank} dimensions with a time constant of {time_constant}, noise {noise}.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct source_settings),
	.draws = rmb_draws_always, .check = rmb_sources_check, .estimate = rmb_sources_estimate, .run = run,
};

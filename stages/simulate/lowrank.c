/* stages/simulate/lowrank.c -- activity of a few dimensions, and noise.
 *
 *     x_i(t) = sum over k = 1..rank of w_ik s_k(t) + noise,
 * w normal, s_k independent with one time constant and a variance that goes as k^-exponent. The covariance has `rank` large eigenvalues and a flat floor: what
 * a spectrum looks like that is no power law at all. Cost: 2 rank N T. */
#include "simulate/sources.h"

struct settings {
	struct measure_settings measure;
	int64_t rank;
	double time_constant, exponent;
};

static const struct rmb_param params[] = {
	{ .name = "rank", .kind = RMB_INT, .at = offsetof(struct settings, rank), .def = "10", .min = 1, .max = 26000, .help = "dimensions of the activity" },
	{ .name = "time_constant", .kind = RMB_REAL, .at = offsetof(struct settings, time_constant), .def = "500 ms", .unit = "s", .min = 1e-4, .max = 1e5,
	  .help = "of the activity along each" },
	{ .name = "exponent", .kind = RMB_REAL, .at = offsetof(struct settings, exponent), .def = "1", .unit = "1", .min = 0, .max = 10,
	  .help = "the variance of dimension k goes as k to minus this" },
	RMB_MEASURE_PARAMS(struct settings), { 0 } };

static const struct rmb_port in[] = {
	{ .name = "like", .kinds = RMB_RECORDING, .help = "what the simulation is to be like" }, { 0 } };
static const struct rmb_port out[] = { RMB_SOURCES_OUT, { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "raster", .kind = "raster", .x = "time", .y = "neuron", .image = "recording",
	  .caption = "Activity of {rank} dimensions, and noise." }, { 0 } };

static struct rmb_sources
sources_of(const struct settings *set)
{
	return (struct rmb_sources){ set->rank, set->time_constant, set->time_constant, set->exponent };
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	struct rmb_sources sources = sources_of(set);
	struct rmb_matched matched;
	int rc = rmb_matched_input(call, "lowrank", &set->measure, &matched);
	return rc ? rc : rmb_sources_make(&matched, &sources);
}

static bool
draws(const void *settings)
{
	(void)settings;
	return true;
}

static int
check(const void *settings, struct rmb_error *error)
{
	const struct settings *set = settings;
	return rmb_measure_check(&set->measure, error);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	struct rmb_sources sources = sources_of(set);
	rmb_sources_estimate(&sources, &set->measure, size, cost);
}

const struct rmb_stage rmb_stage_lowrank = {
	.name = "lowrank", .version = 1, .folder = "simulate", .brief = "activity of a few dimensions and noise: a control",
	.about = "Every neuron is a random sum of a few signals with one time constant, and noise of its own: a covariance with a few large eigenvalues over a "
	         "flat floor. Neurons, positions, frames, segments, rate and scaling are those of the recording at `like`; with `noise: matched` the reliable "
	         "part of the variance is too.",
	.cite = "a control of rumble's own",
	.caption = "Control of low rank: {rank} dimensions with a time constant of {time_constant}, noise {noise}.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings), .draws = draws, .check = check,
	.estimate = estimate, .run = run,
};

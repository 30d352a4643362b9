/* stages/simulate/latent.c -- neurons that share slow inputs, and do not speak to each other.
 *
 *     x_i(t) = sum over k of w_ik s_k(t) + noise,
 * w normal, s_k independent Ornstein-Uhlenbeck processes whose time constants lie evenly, in logarithm, between `fastest` and `slowest`. There is no
 * recurrence and nothing is critical, yet shared inputs of many time scales give covariances that fall off as power laws over a range and
 * long correlations in time (Morrell, Sederberg and Nemenman 2021): a power law alone does not tell the two apart. Each process is sampled exactly at
 * the frames. Cost: 2 K N T. */
#include "simulate/sources.h"

struct settings {
	struct measure_settings measure;
	int64_t latents;
	double fastest, slowest, exponent;
};

static const struct rmb_param params[] = {
	{ .name = "latents", .kind = RMB_INT, .at = offsetof(struct settings, latents), .def = "20", .min = 1, .max = 26000,
	  .help = "inputs that all neurons share" },
	{ .name = "slowest", .kind = RMB_REAL, .at = offsetof(struct settings, slowest), .def = "20 s", .unit = "s", .min = 1e-4, .max = 1e5,
	  .help = "time constant of the first input" },
	{ .name = "fastest", .kind = RMB_REAL, .at = offsetof(struct settings, fastest), .def = "100 ms", .unit = "s", .min = 1e-4, .max = 1e5,
	  .help = "time constant of the last input; the others lie between, evenly in logarithm" },
	{ .name = "exponent", .kind = RMB_REAL, .at = offsetof(struct settings, exponent), .def = "0", .unit = "1", .min = 0, .max = 10,
	  .help = "the variance of input k goes as k to minus this" },
	RMB_MEASURE_PARAMS(struct settings), { 0 } };

static const struct rmb_port in[] = {
	{ .name = "like", .kinds = RMB_RECORDING, .help = "what the simulation is to be like" }, { 0 } };
static const struct rmb_port out[] = { RMB_SOURCES_OUT, { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "raster", .kind = "raster", .x = "time", .y = "neuron", .image = "recording",
	  .caption = "Activity of neurons that share {latents} inputs." }, { 0 } };

static struct rmb_sources
sources_of(const struct settings *set)
{
	return (struct rmb_sources){ set->latents, set->slowest, set->fastest, set->exponent };
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	struct rmb_sources sources = sources_of(set);
	struct rmb_matched matched;
	int rc = rmb_matched_input(call, "latent", &set->measure, &matched);
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
	if (set->fastest > set->slowest)
		return rmb_error_set(error, RMB_ERECIPE, "fastest is a time constant of %g s and slowest one of %g s: exchange them", set->fastest, set->slowest);
	return rmb_measure_check(&set->measure, error);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	struct rmb_sources sources = sources_of(set);
	rmb_sources_estimate(&sources, &set->measure, size, cost);
}

const struct rmb_stage rmb_stage_latent = {
	.name = "latent", .version = 1, .folder = "simulate", .brief = "neurons that share slow inputs but are not connected: a control",
	.about = "Every neuron is a random sum of the same few slow signals, with noise of its own; neurons do not act on each other. Such inputs can look "
	         "critical without anything critical in them, so a verdict for a critical network has to hold against them. Neurons, positions, frames, "
	         "segments, rate and scaling are those of the recording at `like`; with `noise: matched` the reliable part of the variance is too.",
	.cite = "Morrell, Sederberg and Nemenman 2021, Physical Review Letters 126:118302: latent inputs as a source of apparent criticality",
	.caption = "Control without recurrence: {latents} shared inputs with time constants from {fastest} to {slowest}, noise {noise}.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings), .draws = draws, .check = check,
	.estimate = estimate, .run = run,
};

/* stages/simulate/latent.c -- neurons that share slow inputs, and do not speak to each other.
 *
 *     x_i(t) = sum over k of w_ik s_k(t) + noise,
 * w normal, s_k independent Ornstein-Uhlenbeck processes whose time constants lie evenly, in logarithm, between `fastest` and
 * `slowest`. There is no recurrence and nothing is critical, yet shared inputs of many time scales give covariances that fall
 * off as power laws over a range and long correlations in time (Morrell, Sederberg and Nemenman 2021): a power law alone does
 * not tell the two apart. Each process is sampled exactly at the frames. Cost: 2 K N T. */
#include "simulate/sources.h"

static const struct rmb_param params[] = {
	{ .name = "latents", .kind = RMB_INT, RMB_SOURCE_AT(n), .def = "20", .min = 1, .max = 26000,
	  .help = "inputs that all neurons share" },
	{ .name = "slowest", .kind = RMB_REAL, RMB_SOURCE_AT(slowest), .def = "20 s", .unit = "s", .min = 1e-4, .max = 1e5,
	  .help = "time constant of the first input" },
	{ .name = "fastest", .kind = RMB_REAL, RMB_SOURCE_AT(fastest), .def = "100 ms", .unit = "s", .min = 1e-4, .max = 1e5,
	  .help = "time constant of the last input; the others lie between, evenly in logarithm" },
	{ .name = "exponent", .kind = RMB_REAL, RMB_SOURCE_AT(exponent), .def = "0", .unit = "1", .min = 0, .max = 10,
	  .help = "the variance of input k goes as k to minus this" },
	RMB_MEASURE_PARAMS(struct source_settings), { 0 } };

static const struct rmb_port in[] = { RMB_SOURCES_IN, { 0 } };
static const struct rmb_port out[] = { RMB_SOURCES_OUT, { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "raster", .kind = "raster", .x = "time", .y = "neuron", .image = "recording",
	  .caption = "Activity of neurons that share {latents} inputs." }, { 0 } };

static int
run(struct rmb_call *call)
{
	return rmb_sources_run(call, "latent");
}

const struct rmb_stage rmb_stage_latent = {
	.name = "latent", .version = 3, .folder = "simulate",
	.brief = "neurons that share slow inputs but are not connected: a control",
	.about = "Every neuron is a random sum of the same few slow signals, with noise of its own; neurons do not act on "
	         "each other. Such inputs can look critical without anything critical in them, so a verdict for a critical "
	         "network has to hold against them. Neurons, positions, frames, segments, rate and scaling are those of the "
	         "recording at `like`; with `noise: matched` the reliable part of the variance is too.",
	.cite = "Morrell, Sederberg and Nemenman 2021, Physical Review Letters 126:118302: latent inputs as a source of "
	        "apparent criticality",
	.caption = "Control without recurrence: {latents} shared inputs with time constants from {fastest} to {slowest}, "
	           "noise {noise}.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct source_settings),
	.draws = rmb_draws_always, .check = rmb_sources_check, .estimate = rmb_sources_estimate, .run = run,
};

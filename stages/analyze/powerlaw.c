/* stages/analyze/powerlaw.c -- the exponent of a spectrum.
 *
 * Least squares of ln s on ln rank over a range of ranks, with weights 1/rank, so that every octave of ranks counts alike:
 *     ln s(rank) = intercept - exponent ln rank.
 * Values at or below 1e-10 of the largest are left out and counted: they are rounding, and wreck a fit. `variant: paper` takes
 * the modulus of every value and rounds weights to single precision instead, as the published figures do.
 * A straight line on log-log axes over a fixed range is a summary; it does not show that a power law holds.
 * Cost: one pass over the ranks. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "numeric/powerlaw.h"
#include "rumble/stage.h"

struct settings {
	struct rmb_range ranks;
	const char *variant;
};

static const struct rmb_param params[] = {
	{ .name = "ranks", .kind = RMB_RANGE, .at = offsetof(struct settings, ranks), .def = "11..500", .min = 1, .max = 1e9,
	  .help = "ranks fitted, both ends included; ends where the spectrum ends" },
	{ .name = "variant", .kind = RMB_WORD, .at = offsetof(struct settings, variant), .def = "default", .words = "default|paper",
	  .help = "paper: modulus of negative values, single-precision weights, r of the published program" }, { 0 } };

static const struct rmb_port in[] = {
	{ .name = "spectrum", .kinds = RMB_ARRAY, .axes = "rank", .help = "a spectrum, by rank" }, { 0 } };

static const struct rmb_port out[] = {
	{ .name = "exponent", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "1", .help = "exponent of the power law" },
	{ .name = "intercept", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "1",
	  .help = "logarithm of the fitted value at rank 1" },
	{ .name = "r", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "1",
	  .help = "correlation of the logarithms, weighted as the fit; under variant paper the published one" },
	{ .name = "used", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "1", .help = "ranks that entered the fit" },
	{ .name = "left_out", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "1",
	  .help = "ranks of the range left out, at rounding level or negative" },
	{ .name = "normalized", .kinds = RMB_ARRAY, .axes = "rank", .type = RMB_FLOAT64, .unit = "1",
	  .help = "spectrum divided by the fitted value at rank 1" },
	{ .name = "fit", .kinds = RMB_ARRAY, .axes = "rank", .type = RMB_FLOAT64, .unit = "1",
	  .help = "fitted line divided by its value at rank 1" }, { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "fit", .kind = "curve", .x = "rank", .y = "normalized variance", .logx = true, .logy = true,
	  .caption = "Spectrum divided by the fitted value at rank 1, and the fit to ranks {ranks}.",
	  .series = { { .y = "normalized", .style = "points", .label = "spectrum" },
	              { .y = "fit", .style = "line", .label = "fit, exponent {exponent}" } } }, { 0 } };

/* Published exponents come from 490 ranks of thousands of neurons. Near the end of a spectrum it falls more steeply, so
 * fewer ranks give larger exponents: 1.04 instead of 0.8 for 1,200 neurons. */
enum { ENOUGH_RANKS = 400 };

static void
warn(struct rmb_call *call, const struct settings *set, int64_t n, const struct rmb_powerlaw *fit, double r)
{
	char shortened[128] = "";
	if (n < set->ranks.last)
		snprintf(shortened, sizeof shortened, "the spectrum ends at rank %" PRId64 ", before %" PRId64 ": ", n, set->ranks.last);
	if (fit->used < ENOUGH_RANKS)
		rmb_warn(call, "%san exponent fitted to %" PRId64 " ranks (%" PRId64 "..%" PRId64 ") cannot be compared with the 0.7 to 0.85 of "
		         "recordings of thousands of neurons, fitted to ranks 11..500; it comes out too large where the range reaches the end "
		         "of the spectrum", shortened, fit->used, set->ranks.first, fit->last);
	else if (*shortened)
		rmb_warn(call, "%sranks %" PRId64 "..%" PRId64 " were fitted", shortened, set->ranks.first, fit->last);
	if (fit->left_out > 0)
		rmb_warn(call, "%" PRId64 " of the %" PRId64 " ranks to be fitted are at rounding level or negative and were left out",
		         fit->left_out, fit->left_out + fit->used);
	if (isnan(r))
		rmb_warn(call, "r is undefined: all ranks or all values that it compares are the same");
}

static int
publish(struct rmb_call *call, const struct rmb_array *spectrum, const struct rmb_powerlaw *fit, double r)
{
	int64_t n = spectrum->axis[0].n;
	const double *s = spectrum->data;
	const struct { const char *port; double value; } scalars[] = {
		{ "exponent", fit->alpha }, { "intercept", fit->intercept }, { "r", r },
		{ "used", (double)fit->used }, { "left_out", (double)fit->left_out },
	};
	for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++) {
		int rc = rmb_output_scalar(call, scalars[i].port, scalars[i].value);
		if (rc)
			return rc;
	}
	struct rmb_array *normalized = rmb_output(call, "normalized", spectrum->axis), *curve = rmb_output(call, "fit", spectrum->axis);
	if (!normalized || !curve)
		return RMB_ELIMIT;
	double one = exp(fit->intercept);
	for (int64_t k = 0; k < n; k++)
		((double *)normalized->data)[k] = s[k] / one;
	rmb_powerlaw_curve(fit->alpha, n, curve->data);
	return 0;
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	const struct rmb_array *spectrum = rmb_input_array(call, "spectrum", 0);
	if (!spectrum || spectrum->naxes != 1 || spectrum->type != RMB_FLOAT64)
		return rmb_fail(call, RMB_EDATA, "powerlaw: '%s' is not a spectrum: needs one axis of ranks, in double precision",
		                rmb_input_name(call, "spectrum", 0));
	bool paper = strcmp(set->variant, "paper") == 0;
	struct rmb_powerlaw_options options = {
		.first = set->ranks.first, .last = set->ranks.last, .modulus = paper, .single_weights = paper };
	struct rmb_powerlaw fit;
	int rc = rmb_powerlaw_fit(spectrum->data, spectrum->axis[0].n, &options, &fit, rmb_call_error(call));
	if (rc)
		return rc;
	double r = paper ? fit.r_paper : fit.r_weighted;
	warn(call, set, spectrum->axis[0].n, &fit, r);
	return publish(call, spectrum, &fit, r);
}

static int
check(const void *settings, struct rmb_error *error)
{
	const struct settings *set = settings;
	if (set->ranks.last <= set->ranks.first)
		return rmb_error_set(error, RMB_ERECIPE, "ranks: %" PRId64 "..%" PRId64 " holds fewer than two ranks; a fit needs two or more",
		                     set->ranks.first, set->ranks.last);
	return 0;
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	(void)settings;
	cost->bytes = 24 * size->neurons;
	cost->memory = 16 * size->neurons + 1e6;
	cost->disk = 16 * size->neurons + 16384;
}

const struct rmb_stage rmb_stage_powerlaw = {
	.name = "powerlaw", .version = 2, .folder = "analyze", .brief = "exponent of a spectrum",
	.about = "Fits a straight line to a spectrum on log-log axes by least squares with weights 1/rank, over ranks 11 to 500 unless "
	         "told otherwise. Values up to 1e-10 of the largest are left out and counted. The published r is "
	         "unweighted, of 100 ranks evenly spaced in their logarithm with the values one rank further on; r is not a number where all "
	         "ranks or all values compared are the same. Exponents fitted to the last ranks of a spectrum are "
	         "too large, so those of small recordings cannot be compared with published ones.",
	.cite = "Pachitariu et al. 2025, bioRxiv 2025.01.10.632397: power-law fit",
	.caption = "Power law fitted to ranks {ranks}: exponent {exponent}, r = {r}.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.check = check, .estimate = estimate, .run = run,
};

/* stages/analyze/powerlaw.c -- the exponent of a spectrum, and how far to trust it.
 *
 * Least squares of ln s on ln rank over a range of ranks, with weights 1/rank, so that every octave of ranks counts alike:
 *     ln s(rank) = intercept - exponent ln rank.
 * Values at or below 1e-10 of the largest are left out and counted: they are rounding, and wreck a fit. `variant: paper`
 * takes the modulus of every value and rounds weights to single precision instead, as the published figures do. A straight
 * line on log-log axes over a fixed range is a summary; it does not show that a power law holds. So the stage also gives: the
 * exponent of each octave of the range and the curvature of a parabola; the exponents of other ranges, a band instead of a
 * number; and those of the replicates of a spectrum (other halves of the neurons, other surrogates), if it is given any.
 * Cost: one pass over the ranks for each range tried, about a hundred. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "analyze/common.h"
#include "analyze/powerlaw_range.h"
#include "numeric/percentile.h"
#include "rumble/stage.h"

struct settings {
	struct rmb_range ranks, firsts, lasts;
	double reach, coverage;
	const char *variant;
};

static const struct rmb_param params[] = {
	{ .name = "ranks", .kind = RMB_RANGE, .at = offsetof(struct settings, ranks), .def = "11..500", .min = 1, .max = 1e9,
	  .help = "ranks fitted, both ends included; ends where the spectrum ends" },
	{ .name = "reach", .kind = RMB_REAL, .at = offsetof(struct settings, reach), .def = "1", .min = 1e-6, .max = 1,
	  .help = "part of the spectrum after which the fit ends, if ranks go further; the paper of 2026: 0.5 for parts of "
	          "recordings" },
	{ .name = "firsts", .kind = RMB_RANGE, .at = offsetof(struct settings, firsts), .def = "5..50", .min = 1, .max = 1e9,
	  .help = "other ranges tried: where they begin" },
	{ .name = "lasts", .kind = RMB_RANGE, .at = offsetof(struct settings, lasts), .def = "100..10000", .min = 2, .max = 1e9,
	  .help = "other ranges tried: where they end; from half of the resolved ranks on if that is earlier, and to the end "
	          "of the spectrum at most" },
	{ .name = "coverage", .kind = RMB_REAL, .at = offsetof(struct settings, coverage), .def = "0.95", .min = 0.01, .max = 1,
	  .help = "part of the replicates that lies between replicate_low and replicate_high" },
	{ .name = "variant", .kind = RMB_WORD, .at = offsetof(struct settings, variant), .def = "default",
	  .words = "default|paper",
	  .help = "paper: modulus of negative values, single-precision weights, r of the published program" }, { 0 } };

static const struct rmb_port in[] = {
	{ .name = "spectrum", .kinds = RMB_ARRAY, .axes = "rank", .help = "a spectrum, by rank" },
	{ .name = "replicates", .kinds = RMB_ARRAY, .gather = RMB_REPLICATES, .optional = true, .axes = "rank",
	  .help = "the same kind of spectrum from a node with a repeat: other halves, other surrogates; their exponents give "
	          "an interval" },
	{ .name = "chance", .kinds = RMB_ARRAY, .optional = true, .axes = "rank",
	  .help = "the same kind of spectrum of the shuffled recording: ranks that are not above its largest value are "
	          "noise, and warned of" },
	{ 0 } };

#define SCALAR(port, text) { .name = port, .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "1", .help = text }
#define VECTOR(port, over, text) { .name = port, .kinds = RMB_ARRAY, .axes = over, .type = RMB_FLOAT64, .unit = "1", .help = text }

static const struct rmb_port out[] = {
	SCALAR("exponent", "exponent of the power law"),
	SCALAR("standard_error", "of the exponent, were residuals independent; they are not, so a lower bound"),
	SCALAR("intercept", "logarithm of the fitted value at rank 1"),
	SCALAR("r", "correlation of the logarithms, weighted as the fit; under variant paper the published one"),
	SCALAR("r_squared", "part of the weighted variance of the logarithms that the line explains"),
	SCALAR("curvature", "change of the exponent over ten-fold ranks, from a parabola: 0 for a power law, positive if it "
	                    "steepens"),
	SCALAR("used", "ranks that entered the fit"),
	SCALAR("left_out", "ranks of the range left out, at rounding level or negative"),
	SCALAR("resolved", "last rank that the recording resolves: half of the components, or the last one above chance if "
	                   "that is less"),
	SCALAR("band_low", "least exponent of all ranges tried that end at a resolved rank; not a number if there is none"),
	SCALAR("band_high", "largest of them"),
	{ .name = "replicate_mean", .kinds = RMB_ARRAY, .optional = true, .axes = "", .type = RMB_FLOAT64, .unit = "1",
	  .help = "mean exponent of the replicates" },
	{ .name = "replicate_sd", .kinds = RMB_ARRAY, .optional = true, .axes = "", .type = RMB_FLOAT64, .unit = "1",
	  .help = "standard deviation of their exponents (divisor n - 1)" },
	{ .name = "replicate_low", .kinds = RMB_ARRAY, .optional = true, .axes = "", .type = RMB_FLOAT64, .unit = "1",
	  .help = "lower end of the interval that holds the middle part, `coverage`, of their exponents" },
	{ .name = "replicate_high", .kinds = RMB_ARRAY, .optional = true, .axes = "", .type = RMB_FLOAT64, .unit = "1",
	  .help = "its upper end" },
	{ .name = "replicate_exponent", .kinds = RMB_ARRAY, .optional = true, .axes = "replicate", .type = RMB_FLOAT64,
	  .unit = "1", .help = "exponent of each replicate; not a number where that cannot be fitted" },
	VECTOR("normalized", "rank", "spectrum divided by the fitted value at rank 1"),
	VECTOR("fit", "rank", "fitted line divided by its value at rank 1"),
	VECTOR("local_rank", "stretch", "geometric middle of each stretch of the range, of about a factor of two"),
	VECTOR("local_exponent", "stretch", "exponent fitted to the stretch alone; not a number if fewer than two of its "
	                                    "ranks can be used"),
	VECTOR("first_tried", "first", "first ranks of the ranges tried"),
	VECTOR("by_first", "first", "exponent of the range that begins there and ends where the fit does; not a number where band is"),
	VECTOR("last_tried", "last", "last ranks of the ranges tried"),
	VECTOR("by_last", "last", "exponent of the range that ends there and begins where the fit does; not a number where band is"),
	VECTOR("by_last_low", "last", "least exponent of all ranges tried that end there"),
	VECTOR("by_last_high", "last", "largest exponent of all ranges tried that end there"),
	VECTOR("band", "first last", "exponent of each range tried; not a number if it spans less than a factor of four"), { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "fit", .kind = "curve", .x = "rank", .y = "normalized variance", .logx = true, .logy = true,
	  .caption = "Spectrum divided by the fitted value at rank 1, and the fit to ranks {ranks} (shaded). The wedge lies "
	             "between n^-0.69 and n^-1.254, the published spectra of critical networks with symmetric and with "
	             "non-symmetric connections.",
	  .series = { { .y = "normalized", .style = "points", .label = "spectrum" },
	              { .y = "fit", .style = "line", .label = "fit, exponent {exponent}" } },
	  .guide = { { .shape = "wedge", .at = "0.69", .to = "1.254", .label = "critical networks, symmetric to not" },
	             { .shape = "span", .at = "ranks" } } },
	{ .name = "range", .kind = "curve", .x = "rank", .y = "exponent", .logx = true,
	  .caption = "Exponent against the range of ranks fitted: with another last rank (the band: and with any first "
	             "rank), with another first rank, and of each stretch of about a factor of two by itself. All ranges "
	             "that end by rank {resolved}, the last resolved one, give {band_low} to {band_high}.",
	  .series = { { .y = "by_last", .x = "last_tried", .style = "line", .label = "by last rank", .low = "by_last_low",
	                .high = "by_last_high" },
	              { .y = "by_first", .x = "first_tried", .style = "dashes", .label = "by first rank" },
	              { .y = "local_exponent", .x = "local_rank", .style = "points", .label = "of a stretch" } },
	  .guide = { { .shape = "vertical", .at = "resolved", .label = "last resolved rank" } } }, { 0 } };

/* ---- fits ---- */

static int
not_a_spectrum(struct rmb_call *call, const char *port, int i)
{
	return rmb_fail(call, RMB_EDATA, "powerlaw: '%s' is not a spectrum: needs one axis of ranks, in double precision",
	                rmb_input_name(call, port, i));
}

/* Thing i at a port, over the ranks asked for, to the end of its own `reach` at most; *why says why it cannot be fitted. */
static int
try_input(struct rmb_call *call, const struct settings *set, const char *port, int i, const struct rmb_powerlaw_options *options,
          struct rmb_powerlaw *fit, struct rmb_error *why)
{
	const struct rmb_array *spectrum = rmb_input_array(call, port, i);
	struct rmb_powerlaw_options range = *options;
	if (!spectrum || spectrum->naxes != 1 || spectrum->type != RMB_FLOAT64)
		return not_a_spectrum(call, port, i);
	int64_t end = (int64_t)(set->reach * (double)spectrum->axis[0].n + 1e-9);
	range.last = end < range.last ? end : range.last;
	return rmb_powerlaw_fit(spectrum->data, spectrum->axis[0].n, &range, fit, why);
}

/* ---- what the reader must know ---- */

/* Mixing by random weights leaves less than its share to the last components of a cross-covariance. Of neurons with an exact
 * n^-0.8, without noise and from many frames, svca2 gives, from rank 11 up to this part of K components per half:
 *                 1/10   1/4    1/2    4/5    all
 *     K = 1,200   0.88   0.92   0.98   1.05   1.15
 *     K = 200     0.91   1.00   1.10   1.25   1.46
 * Beyond one half the exponent of every case tried climbs, by 0.2 to 0.4 up to the end; before it rises slowly. So one limit
 * is one half, as in the published fits to parts of recordings. With fewer components than the published 500 ranks it is too
 * large even so.
 *
 * Private noise and few frames lift the tail and flatten it: with noise three times as strong as the signal and 20 frames for
 * each of 500 components the exponent up to one half is 0.55 instead of 1.02. What chance lifts cannot be seen in the
 * spectrum, but in that of the shuffled recording, whose largest value is sqrt(T) (sqrt(n1) + sqrt(n2)) without
 * autocorrelation. Up to the last rank above it the exponent is 0.67 instead of 0.88; with noise as strong as signal 0.82
 * instead of 0.91, with 100 frames a component 0.96 instead of 1.02. So that is the other limit, if `chance` is given. */
enum { RESOLVED_PART = 2, ENOUGH_COMPONENTS = 500 };

/* Ranks; above: INT64_MAX if there is no chance to compare with. control: the spectrum is that of the shuffle, its own chance. */
struct limits { int64_t half, above; bool control; };

static int
find_limits(struct rmb_call *call, const struct rmb_array *spectrum, const struct rmb_powerlaw *fit, struct limits *limits)
{
	const struct rmb_array *chance = rmb_input_array(call, "chance", 0);
	*limits = (struct limits){ .half = fit->components / RESOLVED_PART, .above = INT64_MAX };
	if (!chance)
		return 0;
	if (chance->naxes != 1 || chance->type != RMB_FLOAT64)
		return not_a_spectrum(call, "chance", 0);
	const double *s = spectrum->data, *other = chance->data;
	int64_t n = spectrum->axis[0].n, nother = chance->axis[0].n;
	limits->control = n == nother && memcmp(s, other, (size_t)n * sizeof *s) == 0;
	if (limits->control)
		return 0;
	double most = 0;
	for (int64_t k = 0; k < nother; k++)
		most = fmax(most, other[k]);
	for (limits->above = 0; limits->above < n && s[limits->above] > most; )
		limits->above++;
	return 0;
}

static int64_t
resolved(const struct limits *limits)
{
	return limits->half < limits->above ? limits->half : limits->above;
}

static void
warn(struct rmb_call *call, const struct settings *set, int64_t n, const struct rmb_powerlaw *fit,
     const struct limits *limits, double r)
{
	char ends[128] = "";
	if (n < set->ranks.last)
		snprintf(ends, sizeof ends, "the spectrum ends at rank %" PRId64 ", before %" PRId64 ": ", n, set->ranks.last);
	if (fit->last > limits->above)
		rmb_warn(call,
		         "%sranks %" PRId64 "..%" PRId64
		         " were fitted, but the spectrum is above chance, the largest value of %s, up to rank %" PRId64
		         " only. Values beyond are mostly noise left over by few frames, which flattens a spectrum: the "
		         "exponent comes out too small",
		         ends, set->ranks.first, fit->last, rmb_input_name(call, "chance", 0), limits->above);
	else if (fit->last > limits->half)
		rmb_warn(call,
		         "%sranks %" PRId64 "..%" PRId64 " were fitted, beyond half of the %" PRId64
		         " components. There the spectrum that two halves of the neurons share (svca2, svca) falls more "
		         "steeply, whatever the network, so that the exponent comes out too large and cannot be compared "
		         "with published ones; that of all neurons (spectrum) is mostly their own noise there; `reach: 0.5` "
		         "ends the fit at half",
		         ends, set->ranks.first, fit->last, fit->components);
	else if (fit->components < ENOUGH_COMPONENTS && !limits->control)
		rmb_warn(call,
		         "an exponent of %" PRId64
		         " components cannot be compared with the 0.7 to 0.85 of recordings of thousands of neurons, fitted "
		         "to ranks 11..500: that of shared variance comes out too large, by 0.1 to 0.3, if so few share it. "
		         "Compare it with that of surrogates of the same size",
		         fit->components);
	else if (*ends)
		rmb_warn(call, "%sranks %" PRId64 "..%" PRId64 " were fitted", ends, set->ranks.first, fit->last);
	if (fit->left_out > 0)
		rmb_warn(call,
		         "%" PRId64 " of the %" PRId64
		         " ranks to be fitted are at rounding level or negative and were left out",
		         fit->left_out, fit->left_out + fit->used);
	if (isnan(r))
		rmb_warn(call, "r is undefined: all ranks or all values that it compares are the same");
}

/* ---- the parts of the result ---- */

static int
publish_fit(struct rmb_call *call, const struct rmb_array *spectrum, const struct rmb_powerlaw *fit, int64_t resolved_rank,
            double r)
{
	const double *s = spectrum->data;
	const struct rmb_scalar scalars[] = {
		{ "exponent", fit->alpha }, { "standard_error", fit->standard_error }, { "intercept", fit->intercept },
		{ "r", r }, { "r_squared", fit->r_squared }, { "curvature", fit->curvature }, { "used", (double)fit->used },
		{ "left_out", (double)fit->left_out }, { "resolved", (double)resolved_rank },
	};
	struct rmb_array *normalized = rmb_output(call, "normalized", spectrum->axis),
	                 *curve = rmb_output(call, "fit", spectrum->axis);
	if (!normalized || !curve)
		return RMB_ELIMIT;
	double one = exp(fit->intercept);
	for (int64_t k = 0; k < spectrum->axis[0].n; k++)
		((double *)normalized->data)[k] = s[k] / one;
	rmb_powerlaw_curve(fit->alpha, spectrum->axis[0].n, curve->data);
	return rmb_output_scalars(call, scalars, sizeof scalars / sizeof *scalars);
}

/* exponent[n]: of the replicates, each fitted like the spectrum itself. One that cannot be fitted is left out and named:
 * not a number. */
static int
fit_replicates(struct rmb_call *call, const struct settings *set, const struct rmb_powerlaw_options *options, int n,
               double *exponent, int *nfitted)
{
	const char *without = "", *first = "";
	*nfitted = 0;
	for (int i = 0; i < n; i++) {
		struct rmb_powerlaw fit;
		struct rmb_error why = { 0 };
		int rc = try_input(call, set, "replicates", i, options, &fit, &why);
		exponent[i] = rc ? NAN : fit.alpha;
		*nfitted += !rc;
		if (rc && !why.text[0]) /* no spectrum at all: said already */
			return rc;
		if (!rc)
			continue;
		first = *first ? first : rmb_arena_printf(rmb_call_arena(call), "%s", why.text);
		without = rmb_arena_printf(rmb_call_arena(call), "%s%s%s", without ? without : "",
		                           without && *without ? ", " : "", rmb_input_name(call, "replicates", i));
		if (!first || !without)
			return RMB_ELIMIT;
	}
	if (*nfitted < 2)
		return rmb_fail(call, RMB_EDATA,
		                "powerlaw: an interval needs two replicates that can be fitted, and there %s: of %s, %s",
		                *nfitted ? "is one" : "is none", without, first);
	if (*without)
		rmb_warn(call, "%d of %d replicates cannot be fitted and are left out: %s (%s)", n - *nfitted, n, without, first);
	return 0;
}

/* The replicates' exponents; mean, standard deviation and percentiles. */
static int
publish_replicates(struct rmb_call *call, const struct settings *set, const struct rmb_powerlaw_options *options)
{
	int n = rmb_input_count(call, "replicates");
	if (n == 0)
		return 0;
	if (n == 1)
		return rmb_fail(call, RMB_EDATA,
		                "powerlaw: an interval needs two replicates or more, and there is one, '%s'; write `repeat: "
		                "20` where it is made",
		                rmb_input_name(call, "replicates", 0));
	struct rmb_axis axis = rmb_axis_index("replicate", n);
	axis.start = 1;
	struct rmb_array *exponents = rmb_output(call, "replicate_exponent", &axis);
	double *alpha = rmb_scratch(call, (size_t)n, sizeof *alpha), mean = 0, square = 0, outside = 50 * (1 - set->coverage);
	if (!exponents || !alpha)
		return RMB_ELIMIT;
	int nfitted, rc = fit_replicates(call, set, options, n, exponents->data, &nfitted);
	if (rc)
		return rc;
	for (int i = 0, k = 0; i < n; i++)
		if (!isnan(((double *)exponents->data)[i]))
			alpha[k++] = ((double *)exponents->data)[i];
	n = nfitted;
	for (int i = 0; i < n; i++)
		mean += alpha[i] / n;
	for (int i = 0; i < n; i++)
		square += (alpha[i] - mean) * (alpha[i] - mean);
	rmb_sort(alpha, n);
	if (alpha[0] == alpha[n - 1])
		rmb_warn(call,
		         "all %d replicates have the same exponent: what is repeated draws nothing at random, or nothing "
		         "that matters",
		         n);
	const struct rmb_scalar scalars[] = {
		{ "replicate_mean", mean }, { "replicate_sd", sqrt(square / (n - 1)) },
		{ "replicate_low", rmb_percentile(alpha, n, outside) },
		{ "replicate_high", rmb_percentile(alpha, n, 100 - outside) },
	};
	return rmb_output_scalars(call, scalars, sizeof scalars / sizeof *scalars);
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	bool paper = strcmp(set->variant, "paper") == 0;
	struct rmb_powerlaw_options options = {
		.first = set->ranks.first, .last = set->ranks.last, .modulus = paper, .single_weights = paper };
	struct rmb_powerlaw fit;
	struct rmb_error why = { 0 };
	int rc = try_input(call, set, "spectrum", 0, &options, &fit, &why);
	if (rc) /* what try_input said itself is kept */
		return rmb_fail(call, rc, "powerlaw: '%s': %s", rmb_input_name(call, "spectrum", 0), why.text);
	const struct rmb_array *spectrum = rmb_input_array(call, "spectrum", 0);
	double r = paper ? fit.r_paper : fit.r_weighted;
	struct limits limits;
	if ((rc = find_limits(call, spectrum, &fit, &limits)) != 0)
		return rc;
	warn(call, set, spectrum->axis[0].n, &fit, &limits, r);
	rc = publish_fit(call, spectrum, &fit, resolved(&limits), r);
	if (!rc)
		rc = rmb_publish_ranges(call, spectrum, &options, &fit, set->firsts, set->lasts, resolved(&limits));
	return rc ? rc : publish_replicates(call, set, &options);
}

static int
check(const void *settings, struct rmb_error *error)
{
	const struct settings *set = settings;
	return rmb_ranks_check(set->ranks.first, set->ranks.last, "a fit", error);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	(void)settings;
	cost->bytes = 24 * size->neurons;
	cost->memory = 16 * size->neurons + 1e6;
	cost->disk = 16 * size->neurons + 32768;
}

const struct rmb_stage rmb_stage_powerlaw = {
	.name = "powerlaw", .version = 5, .folder = "analyze", .brief = "exponent of a spectrum, and how far to trust it",
	.about = "Fits a straight line to a spectrum on log-log axes by least squares with weights 1/rank, over ranks 11 to "
	         "500 unless told otherwise. Values up to 1e-10 of the largest are left out and counted. The published r is "
	         "unweighted, of 100 ranks evenly spaced in their logarithm with the values one rank further on; r is not a "
	         "number where all ranks or all values compared are the same. Four things say how far to trust the exponent. "
	         "standard_error is that of the regression; residuals of neighbouring ranks are alike, so it is a lower "
	         "bound. curvature and local_exponent show whether there is one exponent at all. band holds the exponents of "
	         "other ranges of ranks, up to 8 beginnings and 12 ends; band_low and band_high are the extremes of those "
	         "that end by the last resolved rank. That is half of the components, for beyond it spectra fall more "
	         "steeply whatever the network; and, if the spectrum of the shuffled recording is given as chance, the last "
	         "rank above its largest value, for beyond it they are flattened by noise. replicates, if given, are spectra "
	         "of a node with a repeat, such as svca2 with halves: random, repeat: 20; the middle 95 % of their exponents "
	         "are an interval. Random halves share neurons and frames: their interval says how much the exponent depends "
	         "on the split, and is narrower than that of new recordings would be.",
	.cite = "Pachitariu et al. 2025, bioRxiv 2025.01.10.632397: power-law fit",
	.caption = "Power law fitted to ranks {ranks}: exponent {exponent} (standard error {standard_error}), R2 = "
	           "{r_squared}; other ranges of resolved ranks give {band_low} to {band_high}.",
	.summary = "exponent standard_error r curvature resolved replicate_low replicate_high",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.check = check, .estimate = estimate, .run = run,
};

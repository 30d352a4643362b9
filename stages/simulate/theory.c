/* stages/simulate/theory.c -- what a network at the edge of stability should show, beside what a recording shows.
 *
 * For networks of as many neurons as the recording has, seen through its bins, without simulating them:
 *     symmetric, independent entries   spectra of `draws` networks from tridiagonal matrices, every mode by itself
 *                                      (numeric/theory.h)
 *     other symmetric families         the same from the eigenvalues of drawn matrices
 *     not symmetric                    exact covariances of drawn networks (numeric/population.h), of at most `largest` neurons
 * gives the spectrum of the covariance (of the correlations, if not symmetric) with its spread over networks, its exponent,
 * the timescale index of each component, and what dynamic mode decomposition finds: the eigenvalues themselves (instrumented)
 * and their bias when bins are regressed on bins (standard), and the exponent in wider bins (simulate/widths.h). For
 * symmetric networks the exponent is computed for edges from 0.5 to 0.9999, and a measured exponent is read off that curve
 * as an interval of distances from criticality. All of it is for infinitely long recordings without noise.
 * Cost: symmetric, N = 10,000: 40 draws of 30 (4,000)^2 operations; others: each draw 4/3 N^3 operations, or some 80 N^3 if
 * not symmetric, and 8 N^3 for each wider bin. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "numeric/blas.h"
#include "numeric/percentile.h"
#include "numeric/powerlaw.h"
#include "numeric/rotation.h"
#include "numeric/statistics.h"
#include "numeric/variance.h"
#include "simulate/edges.h"
#include "simulate/widths.h"

struct settings {
	struct wiring_settings wiring;
	int64_t neurons, draws, largest, lag;
	const char *networks;
	double bin, time_constant, step;
	struct rmb_range ranks;
	struct rmb_ints widths;
};

static const struct rmb_param params[] = {
	RMB_WIRING_PARAMS,
	{ .name = "neurons", .kind = RMB_INT, .at = offsetof(struct settings, neurons), .def = "none", .none = true, .min = 2,
	  .max = 1e7, .help = "neurons of the network; none: as many as the recording it is like" },
	{ .name = "bin", .kind = RMB_REAL, .at = offsetof(struct settings, bin), .def = "none", .none = true, .unit = "s",
	  .min = 1e-6, .max = 1e6, .help = "length of a bin; none: a frame of the recording it is like" },
	{ .name = "time_constant", .kind = RMB_REAL, .at = offsetof(struct settings, time_constant), .def = "50 ms", .unit = "s",
	  .min = 1e-6, .max = 1e3, .help = "of a neuron without connections" },
	{ .name = "step", .kind = RMB_REAL, .at = offsetof(struct settings, step), .def = "2 ms", .unit = "s", .min = 1e-9,
	  .max = 1e3, .help = "time step of the network, adjusted so that a bin is a whole number of them" },
	{ .name = "draws", .kind = RMB_INT, .at = offsetof(struct settings, draws), .def = "none", .none = true, .min = 1,
	  .max = 10000, .help = "networks drawn; none: 40 where no matrix is needed, else 3; of one there is no spread" },
	{ .name = "networks", .kind = RMB_WORD, .at = offsetof(struct settings, networks), .def = "own", .words = "own|common",
	  .help = "common: the same draws whatever the other settings are, for networks of one size, so that a sweep changes "
	          "nothing else" },
	{ .name = "largest", .kind = RMB_INT, .at = offsetof(struct settings, largest), .def = "2000", .min = 2, .max = 20000,
	  .help = "neurons of a network that is not symmetric, at most" },
	{ .name = "lag", .kind = RMB_INT, .at = offsetof(struct settings, lag), .def = "5", .min = 1, .max = RMB_ENSEMBLE_LAG_MAX,
	  .help = "bins over which dynamic mode decomposition looks ahead" },
	{ .name = "ranks", .kind = RMB_RANGE, .at = offsetof(struct settings, ranks), .def = "11..500", .min = 1, .max = 1e7,
	  .help = "ranks that exponents are fitted to, both ends included" },
	{ .name = "widths", .kind = RMB_INTS, .at = offsetof(struct settings, widths), .def = "none", .none = true, .min = 1,
	  .max = 1e6, .help = "also the exponent in bins that are so many times as wide, of the same networks; none: in `bin` alone" },
	{ 0 } };

static const struct rmb_port in[] = {
	{ .name = "like", .kinds = RMB_RECORDING, .optional = true, .help = "the recording whose neurons and rate are taken" },
	{ .name = "spectrum", .kinds = RMB_ARRAY, .optional = true, .axes = "rank",
	  .help = "measured spectrum, to be drawn beside" },
	{ .name = "exponent", .kinds = RMB_ARRAY, .optional = true, .axes = "",
	  .help = "measured exponent, to be read off the curve of edges" },
	{ .name = "exponent_error", .kinds = RMB_ARRAY, .optional = true, .axes = "", .help = "its standard error" },
	{ .name = "timescale", .kinds = RMB_ARRAY, .optional = true, .axes = "rank",
	  .help = "measured timescale index, to be drawn beside" },
	{ .name = "eigenvalue_real", .kinds = RMB_ARRAY, .optional = true, .axes = "mode",
	  .help = "measured eigenvalues of the propagator (dmd), to be drawn beside: real parts" },
	{ .name = "eigenvalue_imaginary", .kinds = RMB_ARRAY, .optional = true, .axes = "mode",
	  .help = "imaginary parts" }, { 0 } };

#define OUT(port, axis, what) { .name = port, .kinds = RMB_ARRAY, .axes = axis, .type = RMB_FLOAT64, .unit = "1", .help = what }
#define MAYBE(port, axis, its_unit, what) \
	{ .name = port, .kinds = RMB_ARRAY, .axes = axis, .type = RMB_FLOAT64, .unit = its_unit, .optional = true, .help = what }
static const struct rmb_port out[] = {
	OUT("spectrum", "rank", "spectrum divided by its fitted value at rank 1: mean over networks"),
	OUT("spectrum_low", "rank", "5th percentile over networks"),
	OUT("spectrum_high", "rank", "95th percentile over networks"),
	MAYBE("semicircle", "rank", "1", "the same of the law that large networks follow (symmetric, independent entries)"),
	MAYBE("measured_spectrum", "rank", "1", "the measured spectrum divided by its fitted value at rank 1"),
	OUT("exponent", "", "exponent of the spectrum: mean over networks"),
	OUT("exponent_sd", "", "standard deviation over networks"),
	OUT("exponent_low", "", "lower end of the interval that holds 95 % of networks"),
	OUT("exponent_high", "", "upper end"),
	OUT("exponents", "draw", "exponent of each network"),
	OUT("participation", "", "participation ratio of the spectrum: mean over networks"),
	OUT("participation_sd", "", "standard deviation over networks"),
	OUT("timescale", "rank", "timescale index, mean correlation 4 to 6 bins apart: mean over networks"),
	OUT("timescale_low", "rank", "5th percentile over networks"),
	OUT("timescale_high", "rank", "95th percentile over networks"),
	MAYBE("measured_timescale", "rank", "1", "the measured index"),
	MAYBE("time_constant", "rank", "s", "time constant of each mode: mean over networks (symmetric)"),
	OUT("eigenvalue_real", "mode", "eigenvalues of the propagator over `lag` bins, first network: real parts"),
	OUT("eigenvalue_imaginary", "mode", "imaginary parts"),
	OUT("standard_real", "mode", "what regression of bins on bins finds of them: real parts"),
	OUT("standard_imaginary", "mode", "imaginary parts"),
	MAYBE("rotation_mean", "", "1", "mean rotations per ten-fold attenuation, of eigenvalues beyond 0.25 in modulus"),
	MAYBE("complex_fraction", "", "1", "part of those eigenvalues that are complex"),
	MAYBE("measured_real", "mode", "1", "measured eigenvalues: real parts"),
	MAYBE("measured_imaginary", "mode", "1", "imaginary parts"),
	MAYBE("distance", "edge", "1", "distances of the edge from 1, descending (symmetric)"),
	MAYBE("edge_exponent", "edge", "1", "exponent at that edge: mean over networks (symmetric)"),
	MAYBE("edge_exponent_sd", "edge", "1", "standard deviation over networks (symmetric)"),
	MAYBE("width", "width", "s", "length of the wider bins (`widths`)"),
	MAYBE("width_exponent", "width", "1", "exponent in those bins: mean over networks"),
	MAYBE("width_exponent_sd", "width", "1", "standard deviation over networks"),
	MAYBE("measured_exponent", "", "1", "the measured exponent"),
	MAYBE("critical_distance", "", "1", "distance from criticality that the measured exponent belongs to (symmetric)"),
	MAYBE("critical_distance_low", "", "1", "lower end of its 95 % interval; 0: open"),
	MAYBE("critical_distance_high", "", "1", "upper end"),
	MAYBE("saturated", "", "1", "1: no longer distance can be told from none, for the curve is flat there"),
	{ .name = "reading", .kinds = RMB_ARRAY, .axes = "", .type = RMB_TEXT, .unit = "1",
	  .help = "what the measured exponent says about the distance from criticality" }, { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "spectrum", .kind = "curve", .x = "rank", .y = "normalized variance", .logx = true, .logy = true,
	  .caption = "Spectrum of a network at edge {edge} ({connectivity}), mean and 5th to 95th percentile over networks: "
	             "exponent {exponent} +- {exponent_sd}. Infinitely long recording, no noise.",
	  .series = { { .y = "measured_spectrum", .style = "points", .label = "measured" },
	              { .y = "spectrum", .low = "spectrum_low", .high = "spectrum_high", .style = "line",
	                .label = "theory, exponent {exponent}" },
	              { .y = "semicircle", .style = "dashes", .label = "semicircle" } } },
	{ .name = "edges", .kind = "curve", .x = "distance from criticality, 1 - edge", .y = "exponent", .logx = true,
	  .caption = "Exponent of symmetric networks of this size in these bins against the distance of their edge from 1, "
	             "and its standard deviation over networks. {reading}",
	  .series = { { .y = "edge_exponent", .x = "distance", .spread = "edge_exponent_sd", .style = "line",
	                .label = "theory" } },
	  .guide = { { .shape = "horizontal", .at = "measured_exponent", .label = "measured" } } },
	{ .name = "widths", .kind = "curve", .x = "width of bins", .y = "exponent", .logx = true,
	  .caption = "Exponent of the same networks in wider bins, mean and standard deviation over networks.",
	  .series = { { .y = "width_exponent", .x = "width", .spread = "width_exponent_sd", .style = "line",
	                .label = "theory" } } },
	{ .name = "timescales", .kind = "curve", .x = "rank", .y = "timescale index", .logx = true, .logy = true,
	  .caption = "Mean correlation of each principal component with itself 4 to 6 bins later.",
	  .series = { { .y = "measured_timescale", .style = "points", .label = "measured" },
	              { .y = "timescale", .low = "timescale_low", .high = "timescale_high", .style = "line",
	                .label = "theory" } } },
	{ .name = "propagator", .kind = "curve", .x = "real part", .y = "imaginary part", .equal = true,
	  .caption = "Eigenvalues of the propagator over {lag} bins (what the instrumented estimator finds), and those that "
	             "regression of bins on bins finds.",
	  .series = { { .y = "measured_imaginary", .x = "measured_real", .style = "points", .label = "measured" },
	              { .y = "eigenvalue_imaginary", .x = "eigenvalue_real", .style = "points", .label = "propagator" },
	              { .y = "standard_imaginary", .x = "standard_real", .style = "points", .label = "standard estimator" } },
	  .guide = { { .shape = "circle", .at = "1" } } }, { 0 } };

/* ---- columns over networks ---- */

static double *
row(struct rmb_call *call, const char *port, const struct rmb_axis *axis)
{
	struct rmb_array *array = rmb_output(call, port, axis);
	return array ? array->data : NULL;
}

/* Mean and percentiles, over the draws, of table[ndraws][n]. */
static int
publish_spread(struct rmb_call *call, const double *table, int64_t ndraws, int64_t n, const char *port)
{
	char low_port[64], high_port[64];
	struct rmb_axis axis = rmb_axis_rank(n);
	snprintf(low_port, sizeof low_port, "%s_low", port);
	snprintf(high_port, sizeof high_port, "%s_high", port);
	double *mean = row(call, port, &axis), *low = row(call, low_port, &axis), *high = row(call, high_port, &axis);
	double *column = rmb_scratch(call, (size_t)ndraws, sizeof *column);
	if (!mean || !low || !high || !column)
		return RMB_ELIMIT;
	for (int64_t k = 0; k < n; k++) {
		for (int64_t d = 0; d < ndraws; d++)
			column[d] = table[d * n + k];
		rmb_sort(column, ndraws);
		mean[k] = rmb_mean(column, ndraws);
		low[k] = rmb_percentile(column, ndraws, 5);
		high[k] = rmb_percentile(column, ndraws, 95);
	}
	return 0;
}

/* Divides by the fitted value at rank 1. */
static int
normalise(double *s, int64_t n, const struct settings *set, double *exponent, struct rmb_error *error)
{
	struct rmb_powerlaw_options options = { .first = set->ranks.first, .last = set->ranks.last };
	struct rmb_powerlaw line;
	int rc = rmb_powerlaw_fit(s, n, &options, &line, error);
	for (int64_t k = 0; !rc && k < n; k++)
		s[k] /= exp(line.intercept);
	*exponent = rc ? NAN : line.alpha;
	return rc;
}

static int
publish_scalars(struct rmb_call *call, const double *exponent, const double *participation, int64_t ndraws)
{
	double mean = rmb_mean(exponent, ndraws), sd = rmb_deviation(exponent, ndraws);
	double reach = rmb_student_quantile(0.025, (double)(ndraws - 1)) * sd * sqrt(1 + 1 / (double)ndraws);
	const struct { const char *port; double value; } scalars[] = {
		{ "exponent", mean }, { "exponent_sd", sd }, { "exponent_low", mean - reach }, { "exponent_high", mean + reach },
		{ "participation", rmb_mean(participation, ndraws) },
		{ "participation_sd", rmb_deviation(participation, ndraws) } };
	int rc = 0;
	for (size_t i = 0; !rc && i < sizeof scalars / sizeof *scalars; i++)
		rc = rmb_output_scalar(call, scalars[i].port, scalars[i].value);
	return rc;
}

/* The law that large networks follow, its largest eigenvalue at the edge. */
static int
publish_semicircle(struct rmb_call *call, const struct settings *set, const struct ensemble *e)
{
	struct rmb_axis axis = rmb_axis_rank(e->n);
	double *s = row(call, "semicircle", &axis), exponent, *q = rmb_scratch(call, (size_t)e->n, sizeof *q);
	if (!s || !q)
		return RMB_ELIMIT;
	rmb_semicircle_quantiles(e->n, q);
	for (int64_t k = 0; k < e->n; k++)
		rmb_mode_binned(1 - e->edge * q[k] / q[0], e->steps, 1, &s[k]);
	return normalise(s, e->n, set, &exponent, rmb_call_error(call));
}

static int
publish_spectra(struct rmb_call *call, const struct settings *set, const struct ensemble *e, bool semicircle)
{
	struct rmb_axis draw = rmb_axis_index("draw", e->ndraws);
	double *exponent = row(call, "exponents", &draw),
	       *participation = rmb_scratch(call, (size_t)e->ndraws, sizeof *participation);
	if (!exponent || !participation)
		return RMB_ELIMIT;
	int rc = 0;
	for (int64_t d = 0; !rc && d < e->ndraws; d++) {
		participation[d] = rmb_participation(e->variance + d * e->n, e->n);
		rc = normalise(e->variance + d * e->n, e->n, set, &exponent[d], rmb_call_error(call));
	}
	if (!rc)
		rc = publish_scalars(call, exponent, participation, e->ndraws);
	if (!rc)
		rc = publish_spread(call, e->variance, e->ndraws, e->n, "spectrum");
	if (!rc && semicircle)
		rc = publish_semicircle(call, set, e);
	return rc ? rc : publish_spread(call, e->index, e->ndraws, e->n, "timescale");
}

/* ---- dynamics ---- */

static int
publish_rotations(struct rmb_call *call, const double *re, const double *im, int64_t n)
{
	double *scratch = rmb_scratch(call, (size_t)n, sizeof *scratch);
	struct rmb_rotations found;
	if (!scratch)
		return RMB_ELIMIT;
	rmb_rotations(re, im, n, 0.25, false, scratch, &found);
	int rc = found.n > 0 ? rmb_output_scalar(call, "rotation_mean", found.mean) : 0;
	return rc || !(found.complex_fraction >= 0) ? rc : rmb_output_scalar(call, "complex_fraction", found.complex_fraction);
}

static int
publish_dynamics(struct rmb_call *call, const struct settings *set, const struct ensemble *e)
{
	struct rmb_axis mode = rmb_axis_index("mode", e->n), rank = rmb_axis_rank(e->n);
	double *re = row(call, "eigenvalue_real", &mode), *im = row(call, "eigenvalue_imaginary", &mode);
	double *standard_re = row(call, "standard_real", &mode), *standard_im = row(call, "standard_imaginary", &mode);
	double *constant = e->symmetric ? row(call, "time_constant", &rank) : NULL;
	if (!re || !im || !standard_re || !standard_im || (e->symmetric && !constant))
		return RMB_ELIMIT;
	for (int64_t k = 0; k < e->n; k++)
		rmb_mode_decay(e->real[k], e->imaginary[k], e->first_steps, e->lag, &re[k], &im[k]);
	memcpy(standard_re, e->standard_real, (size_t)e->n * sizeof *standard_re);
	memcpy(standard_im, e->standard_imaginary, (size_t)e->n * sizeof *standard_im);
	double h = e->steps.step; /* |a|^(t / dt) = exp(-t / constant) */
	for (int64_t k = 0; constant && k < e->n; k++)
		for (int64_t d = 0; d < e->ndraws; d++) {
			double lost = h * (1 - e->real[d * e->n + k]), rate = lost < 1 ? -log1p(-lost) : -log(lost - 1);
			constant[k] += h * set->time_constant / rate / (double)e->ndraws;
		}
	return publish_rotations(call, re, im, e->n);
}

/* ---- what was measured ---- */

/* Inputs that are drawn beside theory, and the outputs that repeat them. */
static const struct { const char *from, *to; bool spectrum; } measured[] = {
	{ "spectrum", "measured_spectrum", true }, { "timescale", "measured_timescale", false },
	{ "eigenvalue_real", "measured_real", false }, { "eigenvalue_imaginary", "measured_imaginary", false } };

static int
copy_measured(struct rmb_call *call, const struct settings *set)
{
	int rc = 0;
	for (size_t i = 0; !rc && i < sizeof measured / sizeof *measured; i++) {
		const struct rmb_array *array = rmb_input_array(call, measured[i].from, 0);
		double exponent;
		if (!array)
			continue;
		if (array->naxes != 1 || array->type != RMB_FLOAT64)
			return rmb_fail(call, RMB_EDATA,
			                "theory: '%s' cannot be drawn beside a curve: needs one axis, in double precision",
			                rmb_input_name(call, measured[i].from, 0));
		double *copy = row(call, measured[i].to, array->axis);
		if (!copy)
			return RMB_ELIMIT;
		memcpy(copy, array->data, (size_t)array->axis[0].n * sizeof *copy);
		if (measured[i].spectrum)
			rc = normalise(copy, array->axis[0].n, set, &exponent, rmb_call_error(call));
	}
	return rc;
}

/* ---- */

/* Neurons of the networks that stand for n. */
static int64_t
solved(const struct settings *set, const struct rmb_network *net, int64_t n)
{
	return rmb_network_symmetric(net) || n < set->largest ? n : set->largest;
}

static bool
common(const struct settings *set)
{
	return strcmp(set->networks, "common") == 0;
}

static int
set_up(struct rmb_call *call, const struct settings *set, struct rmb_network *net, struct rmb_steps *steps)
{
	const struct rmb_recording *like = rmb_input_recording(call, "like", 0);
	int64_t n = set->neurons != INT64_MIN ? set->neurons : like ? like->neurons.n : 0;
	double bin = !isnan(set->bin) ? set->bin : like && like->rate > 0 ? 1 / like->rate : 0;
	if (n < 2)
		return rmb_fail(call, RMB_ERECIPE,
		                "theory: how many neurons? Give `neurons`, or `like` with a recording of 2 neurons or more");
	if (!(bin > 0))
		return rmb_fail(call, RMB_ERECIPE,
		                "theory: how long is a bin? Give `bin`, or `like` with a recording that has a rate");
	*net = rmb_wiring_network(&set->wiring);
	*steps = rmb_steps_of(bin, set->step, set->time_constant);
	net->n = solved(set, net, n);
	if (net->n < n)
		rmb_warn(call,
		         "networks that are not symmetric were solved for %" PRId64 " neurons, not for %" PRId64
		         " (`largest`); exponents change slowly with their number",
		         net->n, n);
	net->threads = rmb_threads(call);
	if (!rmb_ensemble_needs_matrix(net))
		return 0;
	struct rmb_neurons neurons = { 0 };
	if (like && like->neurons.n >= net->n)
		neurons = like->neurons;
	return rmb_wiring_make(call, "theory", &set->wiring, neurons.n > 0 ? &neurons : NULL, net->n,
	                       common(set) ? rmb_wiring_streams_common(call, net->n) : rmb_wiring_streams(call), net);
}

static int64_t
draws_of(const struct settings *set, const struct rmb_network *net)
{
	return set->draws != INT64_MIN ? set->draws : rmb_ensemble_needs_matrix(net) ? 3 : 40;
}

static int64_t
nwidths(const struct settings *set)
{
	return set->widths.n > 0 ? set->widths.n : 0;
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	struct rmb_network net;
	struct rmb_steps steps;
	int rc = set_up(call, set, &net, &steps);
	if (rc)
		return rc;
	struct ensemble e = { .ndraws = draws_of(set, &net), .lag = set->lag, .last = set->ranks.last, .common = common(set),
	                      .steps = steps, .widths = { nwidths(set), set->widths.v } };
	rc = rmb_ensemble_make(call, &net, &e);
	if (!rc)
		rc = publish_dynamics(call, set, &e);
	if (!rc)
		rc = rmb_widths_publish(call, &e, steps.step * (double)steps.width * set->time_constant, set->ranks);
	if (!rc)
		rc = rmb_edges_publish(call, &e, set->ranks);
	if (!rc)
		rc = publish_spectra(call, set, &e, !rmb_ensemble_needs_matrix(&net));
	return rc ? rc : copy_measured(call, set);
}

static int
check(const void *settings, struct rmb_error *error)
{
	const struct settings *set = settings;
	int rc = rmb_ranks_check(set->ranks.first, set->ranks.last, "a fit", error);
	if (rc)
		return rc;
	if (!(set->step < set->time_constant))
		return rmb_error_set(error, RMB_ERECIPE,
		                     "step of %g s must be shorter than time_constant (%g s), or every network is unstable",
		                     set->step, set->time_constant);
	struct rmb_network net = rmb_wiring_network(&set->wiring);
	rc = rmb_wiring_check(settings, error);
	if (rc || !rmb_ensemble_needs_matrix(&net))
		return rc;
	return rmb_wiring_check_size(&set->wiring, solved(set, &net, set->neurons), error);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	struct rmb_network net = rmb_wiring_network(&set->wiring);
	double n = set->neurons != INT64_MIN ? (double)set->neurons : size->neurons;
	if (!rmb_network_symmetric(&net))
		n = fmin(n, (double)set->largest);
	double ndraws = (double)draws_of(set, &net),
	       modes = rmb_network_symmetric(&net) ? 200 * ndraws * (n * (double)(1 + nwidths(set)) + RMB_EDGES * 500) : 0;
	cost->flops = ndraws * rmb_ensemble_flops(&net, n, set->ranks.last, nwidths(set)) + modes;
	cost->bytes = 64 * ndraws * n;
	cost->memory = rmb_ensemble_memory(&net, n, set->lag) + (40 + 8 * (double)nwidths(set)) * ndraws * n + 1e7;
	cost->disk = 120 * n + 65536;
	cost->blas_threads = rmb_ensemble_needs_matrix(&net) ? rmb_solver_threads((int64_t)n) : 1;
}

const struct rmb_stage rmb_stage_theory = {
	.name = "theory", .version = 3, .folder = "simulate",
	.brief = "what a network at the edge of stability should show, beside what was measured",
	.about = "For linear networks with as many neurons as the recording, seen through its frames: the spectrum of the "
	         "covariance with its spread over networks, its exponent, the timescale of every principal component and the "
	         "eigenvalues that dynamic mode decomposition should find, by theory, without a simulation. A measured "
	         "exponent is set against those of symmetric networks with edges from 0.5 to 0.9999 and gives an interval of "
	         "distances from criticality; near the edge that curve is flat, and the interval is open. All is for "
	         "infinitely long recordings without noise: exponents of real ones are biased, by noise, by few frames and "
	         "by halving the neurons, so judge a recording by surrogates of its own size, and use this to see what they "
	         "should approach.",
	.cite = "Pachitariu et al. 2025, A critical initialization for biological neural networks, bioRxiv "
	        "2025.01.10.632397; tridiagonal draws: Dumitriu and Edelman 2002, J. Math. Phys. 43: 5830",
	.caption = "Theory of {connectivity} networks at edge {edge}: exponent {exponent} +- {exponent_sd}. {reading}",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.draws = rmb_draws_always, .check = check, .estimate = estimate, .run = run,
};

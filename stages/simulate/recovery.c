/* stages/simulate/recovery.c -- would the strongest correlations of a network show who is connected to whom?
 *
 * The correlations are those that theory gives for a symmetric network, of infinitely many frames without noise:
 * covariance (1 - A)^-1 / 2. For shares of all neurons from 0.001 on, the share p of a neuron's strongest partners that
 * it is connected to (A > 0), over the share of all pairs that are connected, is the odds of a true connection. Published
 * (variant paper): a neuron is its own strongest partner, which it is never connected to, so that odds of k partners are
 * low by (k - 1) / k. Cost: 9 N^3, and N sorts of N; 16 N^2 bytes beside the matrix. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "numeric/blas.h"
#include "numeric/recovery.h"
#include "rumble/stage.h"

enum { NTOP = 12 }; /* 10^-3, 10^-2.75, ..., 10^-0.25 */

struct settings { const char *variant; };

static const struct rmb_param params[] = {
	{ .name = "variant", .kind = RMB_WORD, .at = offsetof(struct settings, variant), .def = "corrected",
	  .words = "corrected|paper", .help = "paper: a neuron is the first of its own strongest partners" }, { 0 } };

static const struct rmb_port in[] = {
	{ .name = "matrix", .kinds = RMB_ARRAY, .axes = "neuron neuron", .type = RMB_FLOAT64,
	  .help = "a symmetric network: connectivity with `matrix: true`" }, { 0 } };

static const struct rmb_port out[] = {
	{ .name = "odds", .kinds = RMB_ARRAY, .axes = "share", .type = RMB_FLOAT64, .unit = "1",
	  .help = "connected part of a neuron's strongest partners, over the connected part of all pairs; NaN: no partner" },
	{ .name = "fraction", .kinds = RMB_ARRAY, .axes = "share", .type = RMB_FLOAT64, .unit = "1",
	  .help = "connected part of a neuron's strongest partners; NaN: no partner" },
	{ .name = "top", .kinds = RMB_ARRAY, .axes = "share", .type = RMB_FLOAT64, .unit = "1",
	  .help = "how many partners that is, as a part of all neurons" },
	{ .name = "connected", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "1",
	  .help = "connected part of all pairs" },
	{ .name = "best", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "1",
	  .help = "odds of the fewest partners that are one or more" }, { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "odds", .kind = "curve", .x = "strongest partners, part of all neurons", .y = "odds of a true connection",
	  .logx = true, .logy = true,
	  .caption = "How much oftener than any pair a neuron and its strongest partners are connected.",
	  .series = { { .y = "odds", .x = "top", .style = "line" } },
	  .guide = { { .shape = "horizontal", .at = "1", .label = "chance" } } }, { 0 } };

/* Part of all pairs of different neurons that are connected. */
static double
connected_part(const double *a, int64_t n)
{
	int64_t connected = 0;
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j < n; j++)
			connected += i != j && a[i * n + j] > 0;
	return (double)connected / ((double)n * (double)(n - 1));
}

static bool
is_symmetric(const double *a, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j < i; j++)
			if (a[i * n + j] != a[j * n + i])
				return false;
	return true;
}

static int
publish(struct rmb_call *call, const double *top, const double *fraction, double connected)
{
	struct rmb_axis axis = rmb_axis_index("share", NTOP);
	struct rmb_array *tops = rmb_output(call, "top", &axis), *fractions = rmb_output(call, "fraction", &axis),
	                 *odds = rmb_output(call, "odds", &axis);
	double best = NAN;
	if (!tops || !fractions || !odds)
		return RMB_ELIMIT;
	memcpy(tops->data, top, NTOP * sizeof *top);
	memcpy(fractions->data, fraction, NTOP * sizeof *fraction);
	for (int k = NTOP - 1; k >= 0; k--) {
		((double *)odds->data)[k] = fraction[k] / connected;
		best = isnan(fraction[k]) ? best : fraction[k] / connected;
	}
	int rc = rmb_output_scalar(call, "connected", connected);
	return rc ? rc : rmb_output_scalar(call, "best", best);
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	const struct rmb_array *matrix = rmb_input_array(call, "matrix", 0);
	int64_t n = matrix->axis[0].n;
	const double *a = matrix->data;
	double connected = n > 1 ? connected_part(a, n) : 0, top[NTOP], fraction[NTOP];
	if (n < 2 || !is_symmetric(a, n))
		return rmb_fail(call, RMB_EDATA,
		                "recovery: needs a symmetric network of 2 neurons or more; this one has %" PRId64
		                " and is%s symmetric",
		                n, n < 2 ? "" : " not");
	if (!(connected > 0))
		return rmb_fail(call, RMB_EDATA,
		                "recovery: none of the %" PRId64 " neurons is connected, so that there is nothing to recover",
		                n);
	size_t square = (size_t)(n * n);
	double *vectors = rmb_scratch(call, square, sizeof *vectors),
	       *correlation = rmb_scratch(call, square, sizeof *correlation);
	double *value = rmb_scratch(call, (size_t)n, sizeof *value);
	if (!vectors || !correlation || !value)
		return RMB_ELIMIT;
	memcpy(vectors, a, square * sizeof *a);
	for (int k = 0; k < NTOP; k++)
		top[k] = pow(10, -3 + 0.25 * k);
	int rc = rmb_network_correlation(vectors, n, rmb_threads(call), value, correlation, rmb_call_error(call));
	if (!rc)
		rc = rmb_recovery(a, correlation, n, top, NTOP, strcmp(set->variant, "paper") == 0, rmb_threads(call),
		                  fraction, rmb_call_error(call));
	return rc ? rc : publish(call, top, fraction, connected);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	(void)settings;
	double n = size->neurons;
	cost->flops = 9 * n * n * n + 200 * n * n;
	cost->bytes = 24 * n * n;
	cost->memory = 24 * n * n + 200 * n + 1e6;
	cost->disk = 65536;
	cost->blas_threads = rmb_solver_threads((int64_t)n);
}

const struct rmb_stage rmb_stage_recovery = {
	.name = "recovery", .version = 1, .folder = "simulate",
	.brief = "whether the strongest correlations of a network show its connections",
	.about = "From the matrix of a symmetric network, the correlations of its activity that theory gives (infinitely "
	         "many frames, no noise), and from these how many of each neuron's strongest partners are really connected "
	         "to it: for twelve shares of all neurons, from 0.1 % to 56 %, relative to chance. A connection is an entry "
	         "above zero.",
	.cite = "Pachitariu et al. 2025, A critical initialization for biological neural networks, bioRxiv "
	        "2025.01.10.632397: figure 4",
	.caption = "Odds of a true connection among the strongest partners: {best} for the fewest.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.estimate = estimate, .run = run,
};

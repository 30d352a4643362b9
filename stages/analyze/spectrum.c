/* stages/analyze/spectrum.c -- eigenvalues of the covariance of all neurons.
 *
 *     spectrum = eigenvalues of Z Z' / T, descending, N of them
 * for the z-scored activity Z[neuron frame]. Nothing is cross-validated: noise that is private to neurons adds a floor, which
 * flattens the spectrum (svca2 has none). With fewer frames than neurons the same values come from Z' Z / T, and the rest are
 * zero.
 * Cost: N N T operations (half of the product, by symmetry) and an eigen-decomposition of the shorter side; 8 min(N, T)^2
 * bytes. */
#include <math.h>
#include <string.h>
#include "analyze/common.h"
#include "numeric/blas.h"
#include "numeric/product.h"

struct settings {
	int64_t components;
	const char *solver, *precision;
};

static const struct rmb_param params[] = {
	RMB_COMPONENTS_PARAM(struct settings), RMB_SOLVER_PARAM(struct settings), RMB_PRECISION_PARAM(struct settings), { 0 } };

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "z-scored activity" }, { 0 } };

static const struct rmb_port out[] = {
	{ .name = "spectrum", .kinds = RMB_ARRAY, .axes = "rank", .type = RMB_FLOAT64, .unit = "1",
	  .help = "eigenvalues of the covariance, descending" }, { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "spectrum", .kind = "curve", .x = "rank", .y = "variance", .logx = true, .logy = true,
	  .caption = "Eigenvalues of the covariance of all neurons.",
	  .series = { { .y = "spectrum", .style = "line", .label = "eigenvalues" } } }, { 0 } };

/* Scales to Z Z' / T and leaves nothing at rounding level; values[nside] descend. */
static int64_t
finish(double *values, int64_t nside, int64_t nframes, bool in_double)
{
	for (int64_t k = 0; k < nside; k++)
		values[k] /= (double)nframes;
	return rmb_clear_rounding(values, nside, in_double);
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	const struct rmb_recording *recording = rmb_zscored_input(call, "spectrum");
	if (!recording)
		return RMB_EDATA;
	int64_t nn = recording->neurons.n, nt = recording->nframes, nside = nn < nt ? nn : nt;
	int rc = rmb_decomposable(call, "spectrum", nside);
	if (rc)
		return rc;
	int64_t wanted = rmb_components_wanted(set->components, nn), nk = wanted < nside ? wanted : nside;
	struct rmb_axis axis = rmb_axis_rank(wanted);
	struct rmb_array *spectrum = rmb_output(call, "spectrum", &axis);
	double *c = rmb_scratch(call, (size_t)(nside * nside), sizeof *c),
	       *values = rmb_scratch(call, (size_t)nside, sizeof *values);
	if (!spectrum || !c || !values)
		return RMB_ELIMIT;

	struct rmb_part part = { call, 0, 0.6 };
	struct rmb_sweep sweep = {
		.first = recording, .by_neuron = nt < nn, .in_double = strcmp(set->precision, "double") == 0,
		.threads = rmb_threads(call), .progress = rmb_part_progress, .progress_argument = &part,
	};
	struct rmb_krylov how;
	rc = rmb_product(&sweep, c, rmb_call_error(call));
	if (!rc)
		rc = rmb_leading_eigenvalues(c, nside, nk, rmb_solver_of(set->solver, set->precision), sweep.in_double,
		                             sweep.threads, values, &how, rmb_call_error(call));
	if (rc)
		return rc;
	rmb_warn_rank(call, "eigenvalues", finish(values, nk, nt, sweep.in_double), wanted, sweep.in_double);
	rmb_warn_solver(call, set->solver, &how);
	memcpy(spectrum->data, values, (size_t)nk * sizeof *values);
	return rmb_progress(call, 1, 1);
}

static int
check(const void *settings, struct rmb_error *error)
{
	const struct settings *set = settings;
	return rmb_solver_check(set->solver, set->precision, error);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	bool in_double = strcmp(set->precision, "double") == 0;
	double side = fmin(size->neurons, size->frames), other = fmax(size->neurons, size->frames);
	cost->flops = (in_double ? 2 : 1) * side * side * other + 6 * side * side * side;
	cost->bytes = 4 * size->neurons * size->frames;
	cost->memory = 8 * side * side + rmb_sweep_memory(side, other, in_double) + 32e6;
	cost->disk = 8 * size->neurons + 8192;
	cost->blas_threads = rmb_solver_threads((int64_t)side);
}

const struct rmb_stage rmb_stage_spectrum = {
	.name = "spectrum", .version = 3, .folder = "analyze", .brief = "eigenvalues of the covariance of all neurons",
	.about = "The plain eigenspectrum of the z-scored activity: eigenvalues of Z Z' / T. Not cross-validated, so noise "
	         "of single neurons lifts its tail. Values " RMB_LEVEL_TEXT " are zero and "
	         "counted.",
	.cite = "Pachitariu et al. 2025, bioRxiv 2025.01.10.632397: direct eigenspectrum",
	.caption = "Eigenvalues of the covariance.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.check = check, .estimate = estimate, .run = run,
};

/* stages/analyze/spectrum.c -- eigenvalues of the covariance of all neurons.
 *
 *     spectrum = eigenvalues of Z Z' / T, descending, N of them
 * for the z-scored activity Z[neuron frame]. Nothing is cross-validated: noise that is private to neurons adds a floor, which
 * flattens the spectrum (svca2 has none). With fewer frames than neurons the same values come from Z' Z / T, and the rest are
 * zero.
 * Cost: N N T operations (half of the product, by symmetry) and an eigen-decomposition of the shorter side; 8 min(N, T)^2 bytes. */
#include <math.h>
#include <string.h>
#include "analyze/common.h"
#include "numeric/lapack.h"
#include "numeric/product.h"

struct settings { const char *precision; };

static const struct rmb_param params[] = { RMB_PRECISION_PARAM(struct settings), { 0 } };

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
	struct rmb_axis axis = rmb_axis_rank(nn);
	struct rmb_array *spectrum = rmb_output(call, "spectrum", &axis);
	double *c = rmb_scratch(call, (size_t)(nside * nside), sizeof *c);
	if (!spectrum || !c)
		return RMB_ELIMIT;

	struct rmb_part part = { call, 0, 0.6 };
	struct rmb_sweep sweep = {
		.first = recording, .by_neuron = nt < nn, .in_double = strcmp(set->precision, "double") == 0, .threads = rmb_threads(call),
		.progress = rmb_part_progress, .progress_argument = &part,
	};
	rc = rmb_product(&sweep, c, rmb_call_error(call));
	if (!rc)
		rc = rmb_eigenvalues(c, nside, spectrum->data, rmb_call_error(call));
	if (rc)
		return rc;
	rmb_warn_rank(call, "eigenvalues", finish(spectrum->data, nside, nt, sweep.in_double), nn, sweep.in_double);
	return rmb_progress(call, 1, 1);
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
}

const struct rmb_stage rmb_stage_spectrum = {
	.name = "spectrum", .version = 1, .folder = "analyze", .brief = "eigenvalues of the covariance of all neurons",
	.about = "The plain eigenspectrum of the z-scored activity: eigenvalues of Z Z' / T. Not cross-validated, so noise of single "
	         "neurons lifts its tail. Values " RMB_LEVEL_TEXT " are zero and "
	         "counted.",
	.cite = "Pachitariu et al. 2025, bioRxiv 2025.01.10.632397: direct eigenspectrum",
	.caption = "Eigenvalues of the covariance.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.estimate = estimate, .run = run,
};

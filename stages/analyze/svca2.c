/* stages/analyze/svca2.c -- the variance that two halves of the neurons share, from all frames.
 *
 * For the z-scored activity z1 and z2 of two halves,
 *     C = sum over t of z1(t + lag) z2(t)',    spectrum = singular values of C, descending,
 * over the t with both frames in one segment.
 * Noise that is private to neurons does not reach C on average, so the spectrum has no noise floor as the eigenvalues of the
 * whole covariance have. There is no 1/T: only the shape of a spectrum is read, and fits divide by its value at rank 1.
 * Reference: Pachitariu et al. 2025, SVCA2.
 * Cost: 2 n1 n2 T operations and a decomposition of the size of the smaller half; 8 n1 n2 + 8 K K bytes beyond blocks. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "analyze/common.h"
#include "numeric/blas.h"
#include "numeric/product.h"

struct settings {
	struct halves_settings halves; /* first: its parameters are shared */
	int64_t lag, components;
	const char *solver, *precision;
};

static const struct rmb_param params[] = {
	RMB_HALVES_PARAMS,
	{ .name = "lag", .kind = RMB_INT, .at = offsetof(struct settings, lag), .def = "0", .min = 0, .max = 1e9,
	  .help = "frames by which the first half leads" },
	RMB_COMPONENTS_PARAM(struct settings), RMB_SOLVER_PARAM(struct settings), RMB_PRECISION_PARAM(struct settings), { 0 } };

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "z-scored activity" }, { 0 } };

static const struct rmb_port out[] = {
	{ .name = "spectrum", .kinds = RMB_ARRAY, .axes = "rank", .type = RMB_FLOAT64, .unit = "1",
	  .help = "singular values of the cross-covariance of two halves, descending" }, { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "spectrum", .kind = "curve", .x = "rank", .y = "shared variance", .logx = true, .logy = true,
	  .caption = "Singular values of the cross-covariance of two halves of the neurons (SVCA2).",
	  .series = { { .y = "spectrum", .style = "line", .label = "SVCA2" } } }, { 0 } };

/* The t of pairs (t, t + lag) that lie in one segment: interval[nsegments]. Returns how many intervals; *left, how many pairs. */
static int64_t
pairs_inside(const struct rmb_recording *recording, int64_t lag, struct rmb_interval *interval, int64_t *left)
{
	int64_t n = 0;
	*left = 0;
	for (int64_t s = 0; s < recording->nsegments; s++) {
		int64_t length = rmb_segment_length(recording, s) - lag;
		if (length <= 0)
			continue;
		interval[n++] = (struct rmb_interval){ recording->segment[s], length };
		*left += length;
	}
	return n;
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	struct rmb_recording first, second;
	int rc = rmb_halves_input(call, "svca2", &set->halves, &first, &second);
	if (rc)
		return rc;
	struct rmb_interval *pairs = rmb_scratch(call, (size_t)first.nsegments, sizeof *pairs);
	if (!pairs)
		return RMB_ELIMIT;
	int64_t n1 = first.neurons.n, n2 = second.neurons.n, nk = n1 < n2 ? n1 : n2, left,
	        npairs = pairs_inside(&first, set->lag, pairs, &left);
	if (left < 2)
		return rmb_fail(call, RMB_EDATA,
		                "svca2: a lag of %" PRId64 " frame%s leaves %" PRId64 " of the %" PRId64
		                " frames of recording '%s' (segments: %" PRId64 "); needs 2 or more",
		                set->lag, set->lag == 1 ? "" : "s", left, first.nframes, rmb_recording_name(call),
		                first.nsegments);
	int64_t wanted = rmb_components_wanted(set->components, nk);
	struct rmb_axis axis = rmb_axis_rank(wanted);
	struct rmb_array *spectrum = rmb_output(call, "spectrum", &axis);
	double *c = rmb_scratch(call, (size_t)(n1 * n2), sizeof *c), *values = rmb_scratch(call, (size_t)nk, sizeof *values);
	if (!spectrum || !c || !values)
		return RMB_ELIMIT;

	bool in_double = strcmp(set->precision, "double") == 0;
	struct rmb_part part = { call, 0, in_double ? 0.3 : 0.6 };
	struct rmb_sweep sweep = {
		.first = &first, .second = &second, .lead = set->lag, .in_double = in_double, .threads = rmb_threads(call),
		.progress = rmb_part_progress, .progress_argument = &part,
	};
	if (set->lag > 0 && first.nsegments > 1) {
		sweep.interval = pairs;
		sweep.nintervals = npairs;
	}
	struct rmb_krylov how;
	rc = rmb_product(&sweep, c, rmb_call_error(call));
	if (!rc)
		rc = rmb_leading_values(c, n1, n2, wanted, rmb_solver_of(set->solver, set->precision), in_double,
		                        sweep.threads, values, &how, rmb_call_error(call));
	if (rc)
		return rc;
	rmb_warn_rank(call, "components", rmb_clear_rounding(values, wanted, in_double), wanted, in_double);
	rmb_warn_solver(call, set->solver, &how);
	memcpy(spectrum->data, values, (size_t)wanted * sizeof *values);
	return rmb_progress(call, 1, 1);
}

static int
check(const void *settings, struct rmb_error *error)
{
	const struct settings *set = settings;
	int rc = rmb_solver_check(set->solver, set->precision, error);
	return rc ? rc : rmb_halves_check(&set->halves, error);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	bool in_double = strcmp(set->precision, "double") == 0;
	double half = size->neurons / 2, squares = half * half;
	cost->flops = (in_double ? 4 : 2) * squares * size->frames + (in_double ? 40 : 8) * squares * half;
	cost->bytes = 4 * size->neurons * size->frames;
	cost->memory = 16 * squares + rmb_sweep_memory(size->neurons, size->frames, in_double) + 32e6;
	cost->disk = 8 * half + 8192;
	cost->blas_threads = rmb_solver_threads((int64_t)half);
}

const struct rmb_stage rmb_stage_svca2 = {
	.name = "svca2", .version = 2, .folder = "analyze",
	.brief = "spectrum of the variance that two halves of the neurons share",
	.about = "Splits the neurons in two halves that share no light and no contacts (squares of a checkerboard, when "
	         "positions are known) and gives the singular values of their cross-covariance over all frames. Noise of "
	         "single neurons does not add a floor, as it does to the eigenvalues of the covariance. "
	         "Values " RMB_LEVEL_TEXT " are set to zero and counted; svca leaves them out. In single precision values of "
	         "large halves (2,000 neurons or more) below 1e-4 of the largest are not resolved; `precision: double` resolves them.",
	.cite = "Pachitariu et al. 2025, A critical initialization for biological neural networks, bioRxiv "
	        "2025.01.10.632397: SVCA2",
	.caption = "SVCA2 spectrum; halves: {halves}, spacing {spacing}, lag {lag}.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.draws = rmb_halves_draw, .check = check, .estimate = estimate, .run = run,
};

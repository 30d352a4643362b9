/* stages/analyze/svca.c -- the variance that two halves of the neurons share, on frames held out.
 *
 * Components come from training frames, C = sum of z1(t) z2(t)' = U S V'; their variance from test frames: with p = u(k) . z1
 * and q = v(k) . z2,
 *     spectrum(k) = mean of p q (reliable variance),   total(k) = mean of (p^2 + q^2) / 2,
 * in order of descending S. The spectrum is not sorted again and may be negative where there is only noise.
 * Reference: Stringer et al. 2019; the blocks of frames are those of Pachitariu et al. 2025.
 * Cost: 2 n1 n2 T operations for C, an eigen-decomposition with vectors of the smaller half, 2 K N T_test for projections. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "analyze/common.h"
#include "numeric/blas.h"
#include "numeric/shared.h"
#include "numeric/split.h"

struct settings {
	struct halves_settings halves; /* first: its parameters are shared */
	double test_fraction;
	int64_t pad;
	const char *precision;
};

static const struct rmb_param params[] = {
	RMB_HALVES_PARAMS,
	{ .name = "test_fraction", .kind = RMB_REAL, .at = offsetof(struct settings, test_fraction), .def = "0.25", .min = 0.025,
	  .max = 0.5,
	  .help = "nominal part of the blocks of frames used for testing; 0.25 gives the published 11 of 40" },
	{ .name = "pad", .kind = RMB_INT, .at = offsetof(struct settings, pad), .def = "3", .min = 1, .max = 1e6,
	  .help = "frames by which blocks are shortened, so that training and test do not touch" },
	RMB_PRECISION_PARAM(struct settings), { 0 } };

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "z-scored activity" }, { 0 } };

static const struct rmb_port out[] = {
	{ .name = "spectrum", .kinds = RMB_ARRAY, .axes = "rank", .type = RMB_FLOAT64, .unit = "1",
	  .help = "reliable variance of each component on test frames, by training order" },
	{ .name = "total", .kinds = RMB_ARRAY, .axes = "rank", .type = RMB_FLOAT64, .unit = "1",
	  .help = "total variance of each component on test frames" },
	{ .name = "training", .kinds = RMB_ARRAY, .axes = "rank", .type = RMB_FLOAT64, .unit = "1",
	  .help = "singular values of the cross-covariance of training frames, descending" }, { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "variance", .kind = "curve", .x = "rank", .y = "variance on test frames", .logx = true, .logy = true,
	  .caption = "Reliable and total variance of shared components on frames held out (SVCA).",
	  .series = { { .y = "spectrum", .style = "line", .label = "reliable" },
	              { .y = "total", .style = "dashes", .label = "total" } } },
	{ 0 } };

enum { FEW_FRAMES = 400 }; /* below, a block of frames has fewer than ten, and the gaps take a third of them */

static int
publish(struct rmb_call *call, int64_t nk, const double *training, const double *scov, const double *varcov)
{
	struct rmb_axis axis = rmb_axis_rank(nk);
	const struct { const char *port; const double *values; } outputs[] = {
		{ "spectrum", scov }, { "total", varcov }, { "training", training } };
	for (int i = 0; i < 3; i++) {
		struct rmb_array *array = rmb_output(call, outputs[i].port, &axis);
		if (!array)
			return RMB_ELIMIT;
		memcpy(array->data, outputs[i].values, (size_t)nk * sizeof *outputs[i].values);
	}
	return 0;
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	struct rmb_recording first, second;
	struct rmb_time_split split;
	int rc = rmb_halves_input(call, "svca", &set->halves, &first, &second);
	if (!rc)
		rc = rmb_time_split_make(rmb_call_arena(call), first.nframes, set->test_fraction, set->pad, &split,
		                         rmb_call_error(call));
	if (rc)
		return rc;
	int64_t nk = first.neurons.n < second.neurons.n ? first.neurons.n : second.neurons.n, neff = 0;
	double *values = rmb_scratch(call, (size_t)(3 * nk), sizeof *values);
	if (!values)
		return RMB_ELIMIT;
	double *training = values, *scov = values + nk, *varcov = values + 2 * nk;

	struct rmb_part part = { call, 0, 1 };
	struct rmb_shared shared = {
		.sweep = { .first = &first, .second = &second, .in_double = strcmp(set->precision, "double") == 0,
		           .threads = rmb_threads(call), .progress = rmb_part_progress, .progress_argument = &part },
		.train = split.train, .ntrain = split.ntrain, .test = split.test, .ntest = split.ntest,
	};
	rc = rmb_shared_variance(&shared, training, scov, varcov, &neff, rmb_call_error(call));
	if (rc)
		return rc;
	if (neff < 1)
		return rmb_fail(call, RMB_EDATA, "svca: the halves of recording '%s' share no variance at all on training frames",
		                rmb_recording_name(call));
	if (first.nframes < FEW_FRAMES)
		rmb_warn(call,
		         "%" PRId64 " frames make training and test blocks of %" PRId64
		         " frame%s: too few to tell reliable variance from chance",
		         first.nframes, split.length, split.length == 1 ? "" : "s");
	rmb_warn_rank(call, "components", neff, nk, shared.sweep.in_double);
	return publish(call, neff, training, scov, varcov);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	bool in_double = strcmp(set->precision, "double") == 0;
	double half = size->neurons / 2, squares = half * half;
	cost->flops = (in_double ? 4 : 2) * squares * size->frames * (1 + set->test_fraction) +
	              (in_double ? 60 : 24) * squares * half;
	cost->bytes = 4 * size->neurons * size->frames;
	/* C, both sides of the components, and the workspace of the decomposition. */
	cost->memory = (in_double ? 80 : 40) * squares + rmb_sweep_memory(size->neurons, size->frames, in_double) + 32e6;
	cost->disk = 24 * half + 8192;
	cost->blas_threads = rmb_solver_threads((int64_t)half);
}

const struct rmb_stage rmb_stage_svca = {
	.name = "svca", .version = 2, .folder = "analyze", .brief = "reliable variance of shared components on frames held out",
	.about = "Finds the components that two halves of the neurons share on training frames, and measures on other frames "
	         "how much variance each of them carries and how much of it both halves agree on. The frames are cut into up "
	         "to 40 blocks with gaps between; the published labels decide which are for testing. Components "
	         RMB_LEVEL_TEXT
	         " are left out: the results end there, while svca2 and spectrum go on with zeros.",
	.cite = "Stringer et al. 2019, Science 364:255; Pachitariu et al. 2025, bioRxiv 2025.01.10.632397: SVCA",
	.caption = "SVCA; halves: {halves}, spacing {spacing}, test fraction {test_fraction}.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.draws = rmb_halves_draw, .check = rmb_halves_check, .estimate = estimate, .run = run,
};

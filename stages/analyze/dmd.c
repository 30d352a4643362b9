/* stages/analyze/dmd.c -- does activity decay, or turn while it decays?
 *
 * On the leading principal components x(t) of the z-scored activity, the linear map from now to `lag` frames later is
 *     standard      A = M(lag) (M(0) + ridge I)^-1,    M(l) = mean over pairs of x(t + l) x(t)',
 *     instrumented  A = M(lag + 1) M(1)^-1.
 * Its eigenvalues are real where the dynamics are symmetric, complex where they rotate. M(0) holds noise that is private to
 * frames, and frames that are means of faster samples resemble themselves too much, so the standard form shrinks eigenvalues
 * or lifts them; the instrumented form has neither M(0) nor the bias, but M(1) of weak components is noise: `truncate` ends
 * before them. Pairs lie in one block and one segment. `variant: paper` lets them cross both and drops what is beyond whole
 * blocks, `revised` takes sums over blocks instead of means, which makes the ridge negligible.
 * Reference: Pachitariu et al. 2025, figure 3; dynamic mode decomposition.
 * Cost: N N T + 2 N K T + 4 K K T operations, an eigen-decomposition of the shorter side and one of K x K that is not symmetric;
 * 8 min(N, T)^2 bytes and, with fewer frames than neurons, 4 K T. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "analyze/common.h"
#include "numeric/blas.h"
#include "numeric/lapack.h"
#include "numeric/propagator.h"
#include "numeric/rotation.h"

struct settings {
	int64_t lag, components, block;
	double ridge, floor;
	bool truncate;
	const char *variant, *estimator, *outside, *solver, *precision;
};

#define AT(field) .at = offsetof(struct settings, field)
static const struct rmb_param params[] = {
	{ .name = "lag", .kind = RMB_INT, AT(lag), .def = "5", .min = 1, .max = 1e9, .help = "frames from now to later" },
	{ .name = "ridge", .kind = RMB_REAL, AT(ridge), .def = "0.01", .min = 0, .max = 1e9,
	  .help = "added to the variance of every component; the paper: 0.1 for probes (standard estimator only)" },
	{ .name = "components", .kind = RMB_INT, AT(components), .def = "1000", .min = 1, .max = RMB_LAPACK_MAX,
	  .help = "principal components kept, the largest; fewer if there are not so many" },
	{ .name = "block", .kind = RMB_INT, AT(block), .def = "10000", .min = 2, .max = 1e12, .help = "frames in a block" },
	{ .name = "variant", .kind = RMB_WORD, AT(variant), .def = "blocks", .words = "blocks|paper|revised",
	  .help = "blocks: no pair crosses the edge of a block or segment; paper, revised: as published in 2025 and 2026" },
	{ .name = "estimator", .kind = RMB_WORD, AT(estimator), .def = "standard", .words = "standard|instrumented",
	  .help = "instrumented: free of noise that is independent from frame to frame, and of the bias of binning" },
	{ .name = "truncate", .kind = RMB_FLAG, AT(truncate), .def = "true",
	  .help = "instrumented: end at the first component whose variance one frame apart is not positive" },
	{ .name = "outside", .kind = RMB_WORD, AT(outside), .def = "drop", .words = "drop|keep",
	  .help = "eigenvalues of modulus 1 or more in the rotations: left out, or with a negative or infinite value as "
	          "published" },
	{ .name = "floor", .kind = RMB_REAL, AT(floor), .def = "0.25", .min = 0, .max = 1,
	  .help = "rotations are of eigenvalues beyond this modulus" },
	RMB_SOLVER_PARAM(struct settings), RMB_PRECISION_PARAM(struct settings), { 0 } };

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "z-scored activity (the paper: eps 0.001)" }, { 0 } };

#define VECTOR(port, axis, what) { .name = port, .kinds = RMB_ARRAY, .axes = axis, .type = RMB_FLOAT64, .unit = "1", .help = what }
static const struct rmb_port out[] = {
	VECTOR("eigenvalue_real", "mode", "real part of the eigenvalues of the propagator, descending"),
	VECTOR("eigenvalue_imaginary", "mode", "imaginary part"),
	{ .name = "timescale", .kinds = RMB_ARRAY, .optional = true, .axes = "mode", .type = RMB_FLOAT64, .unit = "s",
	  .help = "-lag / ln |eigenvalue|; not a number where the modulus is 1 or more" },
	VECTOR("rotation_percentiles", "percentile", "percentiles 5, 25, 50, 75, 95 of the rotations per ten-fold attenuation"),
	VECTOR("rotation_mean", "", "mean rotations per ten-fold attenuation"),
	VECTOR("rotation_sd", "", "standard deviation of the rotations (divisor n)"),
	VECTOR("rotation_count", "", "eigenvalues that entered, one of each conjugate pair"),
	VECTOR("complex_fraction", "", "part of the eigenvalues beyond the floor that are not real"),
	VECTOR("outside_count", "", "eigenvalues of modulus 1 or more, one of each conjugate pair"),
	VECTOR("spiral_real", "point", "eigenvalues that turn once per ten-fold attenuation"),
	VECTOR("spiral_imaginary", "point", "eigenvalues that turn once per ten-fold attenuation"), { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "eigenvalues", .kind = "curve", .x = "real part", .y = "imaginary part", .equal = true,
	  .xwindow = { -1.05, 1.05 }, .ywindow = { -1.05, 1.05 },
	  .caption = "Eigenvalues of the propagator over {lag} frames ({estimator}); rotations per ten-fold attenuation: "
	             "mean {rotation_mean}, sd {rotation_sd}.",
	  .series = { { .y = "eigenvalue_imaginary", .x = "eigenvalue_real", .style = "points", .label = "eigenvalues" },
	              { .y = "spiral_imaginary", .x = "spiral_real", .style = "guide",
	                .label = "one rotation per ten-fold attenuation" } },
	  .guide = { { .shape = "circle", .at = "1", .label = "modulus 1" },
	             { .shape = "circle", .at = "floor", .label = "modulus {floor}, below which none count" } } },
	{ .name = "timescales", .kind = "curve", .x = "mode", .y = "timescale", .logy = true,
	  .caption = "Time constants that the eigenvalues imply, by real part.",
	  .series = { { .y = "timescale", .style = "points", .label = "timescale" } } }, { 0 } };

/* ---- outputs ---- */

/* What to compare with: r exp(+-i 2 pi (-log10 r)), there and back along the conjugate. */
static int
publish_spiral(struct rmb_call *call)
{
	enum { POINTS = 200 };
	struct rmb_axis axis = rmb_axis_index("point", POINTS + 1);
	struct rmb_array *sr = rmb_output(call, "spiral_real", &axis), *si = rmb_output(call, "spiral_imaginary", &axis);
	if (!sr || !si)
		return RMB_ELIMIT;
	for (int i = 0; i <= POINTS; i++) {
		double side = i < POINTS / 2 ? -1 : 1, decades = fabs((double)i / (POINTS / 2) - 1);
		double radius = pow(10, -decades);
		((double *)sr->data)[i] = radius * cos(2 * M_PI * decades);
		((double *)si->data)[i] = side * radius * sin(2 * M_PI * decades);
	}
	return 0;
}

static int
publish_rotations(struct rmb_call *call, const struct settings *set, const struct rmb_propagator *found,
                  struct rmb_rotations *rotations)
{
	double *scratch = rmb_scratch(call, (size_t)found->n, sizeof *scratch);
	struct rmb_axis axis = rmb_axis_index("percentile", RMB_ROTATION_PERCENTILES);
	struct rmb_array *percentiles = rmb_output(call, "rotation_percentiles", &axis);
	if (!scratch || !percentiles)
		return RMB_ELIMIT;
	rmb_rotations(found->real, found->imaginary, found->n, set->floor, strcmp(set->outside, "keep") == 0, scratch, rotations);
	memcpy(percentiles->data, rotations->percentile, sizeof rotations->percentile);
	const struct rmb_scalar scalars[] = {
		{ "rotation_mean", rotations->mean }, { "rotation_sd", rotations->sd },
		{ "rotation_count", (double)rotations->n },
		{ "complex_fraction", rotations->complex_fraction }, { "outside_count", (double)rotations->outside },
	};
	return rmb_output_scalars(call, scalars, sizeof scalars / sizeof *scalars);
}

static int
publish(struct rmb_call *call, const struct settings *set, double rate, const struct rmb_propagator *found,
        struct rmb_rotations *rotations)
{
	struct rmb_axis axis = rmb_axis_index("mode", found->n);
	struct rmb_array *real = rmb_output(call, "eigenvalue_real", &axis),
	                 *imaginary = rmb_output(call, "eigenvalue_imaginary", &axis);
	struct rmb_array *timescale = rate > 0 ? rmb_output(call, "timescale", &axis) : NULL;
	if (!real || !imaginary || (rate > 0 && !timescale))
		return RMB_ELIMIT;
	memcpy(real->data, found->real, (size_t)found->n * sizeof *found->real);
	memcpy(imaginary->data, found->imaginary, (size_t)found->n * sizeof *found->imaginary);
	for (int64_t i = 0; timescale && i < found->n; i++) {
		double modulus = hypot(found->real[i], found->imaginary[i]);
		((double *)timescale->data)[i] = modulus < 1 ? -(double)set->lag / rate / log(modulus) : NAN;
	}
	int rc = publish_rotations(call, set, found, rotations);
	return rc ? rc : publish_spiral(call);
}

/* ---- what the reader must know ---- */

static void
warn_data(struct rmb_call *call, const struct settings *set, const struct rmb_recording *recording,
          const struct rmb_courses *courses)
{
	bool crossing = strcmp(set->variant, "blocks") != 0;
	if (courses->nk < recording->neurons.n && courses->nk < set->components)
		rmb_warn_rank(call, "principal components", courses->nk, recording->neurons.n,
		              strcmp(set->precision, "double") == 0);
	if (crossing && recording->nsegments > 1)
		rmb_warn(call, "variant %s: blocks and pairs run across joints of the recording (%" PRId64 " segments)",
		         set->variant, recording->nsegments);
	if (!(recording->rate > 0))
		rmb_warn(call, "recording '%s' has no rate, so there are no timescales in seconds", rmb_recording_name(call));
}

static void
warn_fit(struct rmb_call *call, const struct settings *set, const struct rmb_courses *courses, const struct rmb_propagator *found,
         const struct rmb_rotations *rotations)
{
	rmb_warn_solver(call, set->solver, &courses->how);
	if (found->n < courses->nk)
		rmb_warn(call,
		         "%" PRId64 " of %" PRId64
		         " components entered: the variance of the next, one frame apart, is not positive",
		         found->n, courses->nk);
	if (found->npairs < 2 * found->n)
		rmb_warn(call,
		         "%" PRId64 " pairs of frames for %" PRId64
		         " components: the propagator follows noise; ask for fewer components",
		         found->npairs, found->n);
	if (found->rcond < (courses->in_double ? 1e-9 : 1e-5))
		rmb_warn(call,
		         "the covariance that is inverted is nearly singular (reciprocal condition %.2g): weak modes are not "
		         "defined",
		         found->rcond);
	if (rotations->outside > 0)
		rmb_warn(call, "%" PRId64 " eigenvalues have modulus 1 or more and do not decay: they %s the rotations",
		         rotations->outside,
		         strcmp(set->outside, "keep") == 0 ? "enter with negative or infinite values in"
		                                           : "were left out of");
	if (rotations->n == 0)
		rmb_warn(call, "no eigenvalue has a modulus between %g and 1: rotations have no value", set->floor);
}

/* ---- */

static int
compute(struct rmb_call *call, const struct rmb_recording *recording, struct rmb_courses *courses, struct rmb_propagator *found,
        struct rmb_error *error)
{
	const struct settings *set = rmb_settings(call);
	struct rmb_part part = { call, 0, 0.8 };
	struct rmb_sweep sweep = {
		.first = recording, .in_double = strcmp(set->precision, "double") == 0, .threads = rmb_threads(call),
		.progress = rmb_part_progress, .progress_argument = &part,
	};
	struct rmb_propagator_options options = {
		.lag = set->lag, .block = set->block, .ridge = set->ridge,
		.instrumented = strcmp(set->estimator, "instrumented") == 0,
		.truncate = set->truncate, .nsegments = recording->nsegments, .segment = recording->segment,
		.threads = rmb_threads(call),
		.pairs = strcmp(set->variant, "paper") == 0     ? RMB_PAIRING_PAPER
		         : strcmp(set->variant, "revised") == 0 ? RMB_PAIRING_REVISED
		                                                : RMB_PAIRING_BLOCKS,
	};
	int rc = rmb_propagator_pairs(&options, recording->nframes, error);
	if (!rc)
		rc = rmb_principal_courses(&sweep, set->components, rmb_solver_of(set->solver, set->precision), true,
		                           rmb_call_arena(call), courses, error);
	return rc ? rc : rmb_propagator_make(courses, &options, rmb_call_arena(call), found, error);
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	const struct rmb_recording *recording = rmb_zscored_input(call, "dmd");
	if (!recording)
		return RMB_EDATA;
	int64_t nn = recording->neurons.n, nt = recording->nframes;
	int rc = rmb_decomposable(call, "dmd", nn < nt ? nn : nt);
	if (rc)
		return rc;
	struct rmb_courses courses;
	struct rmb_propagator found;
	struct rmb_rotations rotations;
	struct rmb_error error = { 0 };
	if ((rc = compute(call, recording, &courses, &found, &error)))
		return error.code ? rmb_fail(call, rc, "dmd: recording '%s': %s", rmb_recording_name(call), error.text) : rc;
	rc = publish(call, set, recording->rate, &found, &rotations);
	if (rc)
		return rc;
	warn_data(call, set, recording, &courses);
	warn_fit(call, set, &courses, &found, &rotations);
	return rmb_progress(call, 1, 1);
}

static int
check(const void *settings, struct rmb_error *error)
{
	const struct settings *set = settings;
	if (strcmp(set->estimator, "instrumented") == 0 && strcmp(set->variant, "blocks") != 0)
		return rmb_error_set(error, RMB_ERECIPE,
		                     "variant '%s' is of the standard estimator; `estimator: instrumented` goes with "
		                     "`variant: blocks`",
		                     set->variant);
	return rmb_solver_check(set->solver, set->precision, error);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	double item = strcmp(set->precision, "double") == 0 ? 8 : 4, side = fmin(size->neurons, size->frames);
	double other = fmax(size->neurons, size->frames), nk = fmin(side, (double)set->components);
	cost->flops = item / 4 * (side * side * other + 2 * nk * size->neurons * size->frames + 4 * nk * nk * size->frames)
	              + 2 * side * side * (side + nk) + 25 * nk * nk * nk;
	cost->bytes = 8 * size->neurons * size->frames;
	cost->memory = 8 * side * (side + nk) +
	               item * nk * (size->neurons > size->frames ? size->frames : size->neurons + 16384) + 16 * nk * nk +
	               rmb_sweep_memory(side, other, item > 4) + 32e6;
	cost->disk = 24 * nk + 32768;
	cost->blas_threads = rmb_solver_threads((int64_t)side);
}

const struct rmb_stage rmb_stage_dmd = {
	.name = "dmd", .version = 4, .folder = "analyze",
	.brief = "eigenvalues of the linear map from activity now to activity later",
	.about = "Dynamic mode decomposition: regresses the activity some frames later on the activity now, on the leading "
	         "principal components, and gives the eigenvalues of that map, rotations per ten-fold attenuation with "
	         "percentiles, the part of the eigenvalues that are complex, and implied timescales. The instrumented "
	         "estimator is free of noise that is independent from frame to frame and of the bias of binned data; the "
	         "standard one is the published one.",
	.cite = "Pachitariu et al. 2025, A critical initialization for biological neural networks, bioRxiv "
	        "2025.01.10.632397: figure 3",
	.caption = "Dynamic mode decomposition over {lag} frames ({estimator}, {variant}, ridge {ridge}); mean rotation "
	           "{rotation_mean} per ten-fold attenuation, complex fraction {complex_fraction}.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.check = check, .estimate = estimate, .run = run,
};

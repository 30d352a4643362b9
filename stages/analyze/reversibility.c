/* stages/analyze/reversibility.c -- whether the activity looks the same when time runs backwards.
 *
 * Symmetric connectivity with independent noise obeys detailed balance: the covariance of the components now with those k
 * frames later, C(k) = mean of x(t + k) x(t)', is a symmetric matrix for every k. Loops of cause and effect make it
 * antisymmetric in part. The components are principal ones, first..last, scaled to unit variance (`whiten`): near criticality
 * one or two slow modes otherwise outweigh all others, which turn. Noise makes every measured C(k) a little antisymmetric; so
 * the two halves of the recording are multiplied with each other (numeric/reversibility.h), after which nothing of it is left
 * on average.
 *     ratio(k) = <C1 - C1', C2 - C2'> / <C1 + C1', C2 + C2'>,  r(k) = its root,
 * 0 for symmetric connectivity, small but positive otherwise: 0.0016 to 0.06 for networks of 400 neurons, whole and not whitened.
 * Those scatter from network to network: judge a recording beside surrogates of its own size (compare).
 * Cost: the principal components as for dmd, and 4 K^2 T operations a lag. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "analyze/common.h"
#include "numeric/blas.h"
#include "numeric/propagator.h"
#include "numeric/reversibility.h"

struct settings {
	struct rmb_range components;
	int64_t lags;
	bool whiten;
	const char *precision;
};

#define AT(field) .at = offsetof(struct settings, field)
static const struct rmb_param params[] = {
	{ .name = "components", .kind = RMB_RANGE, AT(components), .def = "11..200", .min = 1, .max = 26000,
	  .help = "principal components compared, by rank; ends where they end" },
	{ .name = "lags", .kind = RMB_INT, AT(lags), .def = "10", .min = 1, .max = 10000,
	  .help = "lags looked at, from 1 frame on" },
	{ .name = "whiten", .kind = RMB_FLAG, AT(whiten), .def = "true",
	  .help = "scales components to unit variance, so that all count alike" },
	RMB_PRECISION_PARAM(struct settings), { 0 } };

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "z-scored activity" }, { 0 } };

#define OUT(port, axis, of, what) { .name = port, .kinds = RMB_ARRAY, .axes = axis, .type = RMB_FLOAT64, .unit = of, .help = what }
static const struct rmb_port out[] = {
	OUT("ratio", "lag", "1", "antisymmetric over symmetric part of the lagged covariance, squared, free of noise on "
	                         "average; may be negative"),
	OUT("r", "lag", "1", "its root; not a number where the ratio is negative"),
	OUT("plain", "lag", "1", "the same of all frames, without regard to noise, which makes it positive"),
	OUT("odd", "lag", "1", "product of the antisymmetric parts of the two halves"),
	OUT("even", "lag", "1", "product of their symmetric parts"),
	{ .name = "entropy_production", .kinds = RMB_ARRAY, .optional = true, .axes = "lag", .type = RMB_FLOAT64, .unit = "1/s",
	  .help = "entropy produced per component and second, free of noise on average; not a number where components do not "
	          "decay" },
	OUT("irreversibility", "", "1", "ratio of all lags together"),
	OUT("entropy_first", "", "1", "entropy produced per component and frame, at a lag of one frame"),
	OUT("components_used", "", "1", "components that entered"), { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "ratio", .kind = "curve", .x = "lag", .y = "antisymmetric / symmetric part",
	  .caption = "Antisymmetric over symmetric part of the lagged covariance of components {components}. Time-reversible "
	             "activity, as of symmetric connectivity, lies at zero but for chance; what noise alone adds is in the "
	             "dashed line and not in the points.",
	  .series = { { .y = "r", .style = "points", .label = "noise cancelled, squared {irreversibility}" },
	              { .y = "plain", .style = "dashes", .label = "noise included" } } }, { 0 } };

/* ---- */

static struct rmb_axis
lag_axis(const struct rmb_recording *recording, int64_t n)
{
	bool timed = recording->rate > 0;
	double frame = timed ? 1 / recording->rate : 1;
	return rmb_axis_make("lag", timed ? "s" : "1", n, frame, frame);
}

struct curves { double *ratio, *r, *plain, *odd, *even, *entropy; };

static int
make_curves(struct rmb_call *call, const struct rmb_axis *axis, bool timed, struct curves *c)
{
	const struct { const char *port; double **to; } all[] = {
		{ "ratio", &c->ratio }, { "r", &c->r }, { "plain", &c->plain }, { "odd", &c->odd }, { "even", &c->even },
		{ "entropy_production", &c->entropy } };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct rmb_array *array = i < 5 || timed ? rmb_output(call, all[i].port, axis) : NULL;
		*all[i].to = array ? array->data : NULL;
		if (!array && (i < 5 || timed))
			return RMB_ELIMIT;
	}
	return 0;
}

/* The courses of components first..last; last may be lowered. */
static int
take_components(struct rmb_call *call, const struct settings *set, const struct rmb_recording *recording,
                struct rmb_courses *courses, struct rmb_error *error)
{
	struct rmb_part part = { call, 0, 0.6 };
	struct rmb_sweep sweep = { .first = recording, .in_double = strcmp(set->precision, "double") == 0,
	                           .threads = rmb_threads(call), .progress = rmb_part_progress, .progress_argument = &part };
	int rc = rmb_principal_courses(&sweep, set->components.last, rmb_solver_of("auto", set->precision), false,
	                               rmb_call_arena(call), courses, error);
	if (rc)
		return rc;
	int64_t before = set->components.first - 1, n = courses->nk - before;
	if (courses->nk < 2)
		return rmb_error_set(error, RMB_EDATA, "needs two or more components, and the recording has %" PRId64
		                     "; use more neurons or frames", courses->nk);
	if (n < 2)
		return rmb_error_set(error, RMB_EDATA,
		                     "components %" PRId64 "..%" PRId64 " are wanted, and there are %" PRId64
		                     "; needs two or more of them: give "
		                     "smaller ranks, as `components: 1..%" PRId64 "`",
		                     set->components.first, set->components.last, courses->nk, courses->nk);
	if (courses->nk < set->components.last)
		rmb_warn(call, "components end at %" PRId64 ", before %" PRId64, courses->nk, set->components.last);
	size_t item = courses->in_double ? sizeof(double) : sizeof(float);
	courses->x = (const char *)courses->x + (size_t)(before * courses->nframes) * item;
	courses->nk = n;
	return 0;
}

static int
compute(struct rmb_call *call, const struct settings *set, const struct rmb_recording *recording, struct curves *c, double *sums,
        struct rmb_courses *courses, struct rmb_error *error)
{
	int rc = take_components(call, set, recording, courses, error);
	for (int64_t l = 0; l < set->lags && !rc; l++) {
		struct rmb_reversibility found;
		struct rmb_arena *arena = rmb_arena_new(); /* matrices of one lag */
		rc = arena ? rmb_reversibility(courses, set->whiten, recording->nsegments, recording->segment, l + 1,
		                               rmb_threads(call), arena, &found, error)
		           : rmb_error_nomem(error, "lagged covariances");
		rmb_arena_free(arena);
		if (rc || (rc = rmb_progress(call, 0.6 + 0.4 * (double)(l + 1) / (double)set->lags, 1)))
			return rc;
		c->ratio[l] = found.ratio;
		c->plain[l] = found.plain;
		c->odd[l] = found.odd;
		c->even[l] = found.even;
		c->r[l] = found.ratio >= 0 ? sqrt(found.ratio) : NAN;
		if (c->entropy)
			c->entropy[l] = found.entropy * recording->rate / (double)courses->nk;
		if (l == 0)
			sums[2] = found.entropy / (double)courses->nk;
		sums[0] += found.odd;
		sums[1] += found.even;
	}
	return rc;
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	const struct rmb_recording *recording = rmb_zscored_input(call, "reversibility");
	if (!recording)
		return RMB_EDATA;
	int64_t nn = recording->neurons.n, nt = recording->nframes;
	int rc = rmb_decomposable(call, "reversibility", nn < nt ? nn : nt);
	if (rc)
		return rc;
	struct rmb_axis axis = lag_axis(recording, set->lags);
	struct curves curves;
	struct rmb_courses courses;
	struct rmb_error error = { 0 };
	double sums[3] = { 0 }; /* odd, even, entropy at the first lag */
	if ((rc = make_curves(call, &axis, recording->rate > 0, &curves)))
		return rc;
	if ((rc = compute(call, set, recording, &curves, sums, &courses, &error)))
		return error.code
		       ? rmb_fail(call, rc, "reversibility: recording '%s': %s", rmb_recording_name(call), error.text)
		       : rc;
	if (isnan(sums[2]))
		rmb_warn(call, "components hardly change from one frame to the next, so their entropy production is not "
		               "defined; ask for faster ones");
	int64_t negative = 0, chance = 0;
	for (int64_t l = 0; l < set->lags; l++) {
		negative += isnan(curves.r[l]);
		chance += !isnan(curves.r[l]) && !(curves.even[l] > fabs(curves.odd[l]));
	}
	if (chance)
		rmb_warn(call,
		         "at %" PRId64 " of %" PRId64
		         " lags the symmetric part is not above the antisymmetric one: neither is more than chance, and r means "
		         "nothing there",
		         chance, set->lags);
	if (negative)
		rmb_warn(call,
		         "at %" PRId64 " of %" PRId64
		         " lags the ratio is negative, as chance around zero makes it: r has no value there",
		         negative, set->lags);
	rc = rmb_output_scalar(call, "irreversibility", sums[0] / sums[1]);
	rc = rc ? rc : rmb_output_scalar(call, "entropy_first", sums[2]);
	return rc ? rc : rmb_output_scalar(call, "components_used", (double)courses.nk);
}

static int
check(const void *settings, struct rmb_error *error)
{
	const struct settings *set = settings;
	if (set->components.last <= set->components.first)
		return rmb_error_set(error, RMB_ERECIPE,
		                     "components: %" PRId64 "..%" PRId64
		                     " holds fewer than two components; needs two or more",
		                     set->components.first, set->components.last);
	return 0;
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	double item = strcmp(set->precision, "double") == 0 ? 8 : 4, side = fmin(size->neurons, size->frames);
	double other = fmax(size->neurons, size->frames), nk = fmin(side, (double)set->components.last);
	cost->flops = side * side * other + 9 * side * side * side + 2 * nk * size->neurons * size->frames +
	              4 * (double)set->lags * nk * nk * size->frames;
	cost->bytes = 4 * size->neurons * size->frames;
	cost->memory = 8 * side * side + 8 * nk * side + item * nk * size->frames + 60 * nk * nk + 6e7;
	cost->disk = 48 * (double)set->lags + 16384;
	cost->blas_threads = rmb_solver_threads((int64_t)side);
}

const struct rmb_stage rmb_stage_reversibility = {
	.name = "reversibility", .version = 2, .folder = "analyze",
	.brief = "whether activity looks the same when time runs backwards",
	.about = "Compares the antisymmetric with the symmetric part of the covariance between principal components now and "
	         "some frames later, which symmetric connectivity makes symmetric. Components are scaled to unit variance, "
	         "and the two halves of the recording are multiplied with each other, so that noise adds nothing on average; "
	         "pairs of frames lie within segments. Also gives the entropy that a linear process with these covariances "
	         "produces, to leading order. Values of single non-symmetric networks scatter over a factor of ten: judge a "
	         "recording beside surrogates of its own size.",
	.cite = "Detailed balance of linear networks: Gardiner, Handbook of Stochastic Methods, 5.3; Pachitariu et al. 2025, "
	        "bioRxiv 2025.01.10.632397",
	.caption = "Time reversal of components {components}: antisymmetric over symmetric part, all lags, {irreversibility} "
	           "(squared).",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings), .check = check,
	.estimate = estimate, .run = run,
};

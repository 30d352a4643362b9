/* stages/analyze/autocorrelogram.c -- how long the components that two halves of the neurons share resemble themselves.
 *
 * The recording is cut into blocks (of equal width, side by side, none across a joint), each z-scored by itself. The
 * cross-covariance of two halves over the even blocks is C = U S V'. On every odd block, p = u(k)' z1 and q = v(k)' z2 give
 * the circular correlogram
 *     g(k, l) = sum over t of p((t + l) mod width) q(t),
 * averaged over the odd blocks and divided by its value at lag 0. Components are found and correlated in different frames and
 * in different neurons, so neither chance nor noise of single neurons makes a peak at lag 0. Index of a component: mean of
 * lags 4 to 6 (about 0.23 s at 22 Hz). Decay: least squares of a exp(-t / decay) from lag 1 on, with the jackknife's error
 * over the odd blocks.
 * Reference: Pachitariu et al. 2025, figure 3; `variant: paper` ignores joints and leaves no component out of r.
 * Cost: n1 n2 T + 2 N K T / 2 operations, a decomposition of the smaller half, and K T log T for the transforms; 8 n1 n2 + 8
 * K T / blocks bytes beyond what svca2 takes. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "analyze/common.h"
#include "numeric/blas.h"
#include "numeric/correlogram.h"
#include "numeric/lapack.h"
#include "numeric/powerlaw.h"
#include "numeric/timescale.h"
#include "rumble/parallel.h"

struct settings {
	struct halves_settings halves; /* first: its parameters are shared */
	double smooth;
	int64_t lags, components, blocks;
	const char *sort, *norm, *sided, *variant, *solver, *precision;
	struct rmb_range ranks;
};

#define AT(field) .at = offsetof(struct settings, field)
static const struct rmb_param params[] = {
	RMB_HALVES_PARAMS,
	{ .name = "smooth", .kind = RMB_REAL, AT(smooth), .def = "0", .min = 0, .max = RMB_SMOOTH_HALF,
	  .help = "sd in frames of the Gaussian that smooths the even blocks; 0: none (the paper: 2 for probes)" },
	{ .name = "lags", .kind = RMB_INT, AT(lags), .def = "100", .min = RMB_INDEX_LAST + 1, .max = 1e6,
	  .help = "lags kept, from 0 on" },
	{ .name = "components", .kind = RMB_INT, AT(components), .def = "1000", .min = 1, .max = RMB_LAPACK_MAX,
	  .help = "components kept, the largest; fewer if there are not so many" },
	{ .name = "blocks", .kind = RMB_INT, AT(blocks), .def = "10", .min = 2, .max = 1e6,
	  .help = "blocks that the recording is cut into" },
	{ .name = "sort", .kind = RMB_WORD, AT(sort), .def = "correct", .words = "correct|paper",
	  .help = "order of components found with smoothing: squared covariance of the pair, or the published sum of squares" },
	{ .name = "norm", .kind = RMB_WORD, AT(norm), .def = "lag0", .words = "lag0|unit",
	  .help = "lag0: divided by the value at lag 0; unit: projections of unit variance" },
	{ .name = "sided", .kind = RMB_WORD, AT(sided), .def = "one", .words = "one|both",
	  .help = "one: the first half later; both: the mean of that and the second half later" },
	{ .name = "ranks", .kind = RMB_RANGE, AT(ranks), .def = "1..400", .min = 1, .max = 1e9,
	  .help = "ranks that enter the correlation r; the paper: 1..400, for probes and hippocampus 1..100" },
	{ .name = "variant", .kind = RMB_WORD, AT(variant), .def = "default", .words = "default|paper",
	  .help = "paper: blocks and smoothing run across joints, and r has no value if one index is not positive" },
	RMB_SOLVER_PARAM(struct settings), RMB_PRECISION_PARAM(struct settings), { 0 } };

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "z-scored activity" }, { 0 } };

#define VECTOR(port, axis, of, what) \
	{ .name = port, .kinds = RMB_ARRAY, .axes = axis, .type = RMB_FLOAT64, .unit = of, .help = what }
static const struct rmb_port out[] = {
	VECTOR("autocorrelogram", "rank lag", "1", "correlogram of each component"),
	VECTOR("lag0", "rank", "1", "value at lag 0 before division"),
	{ .name = "flag", .kinds = RMB_ARRAY, .axes = "rank", .type = RMB_INT64, .unit = "1",
	  .help = "1 where lag 0 is not positive: the row means nothing" },
	VECTOR("timescale", "rank", "1", "index: mean of lags 4 to 6"),
	{ .name = "decay", .kinds = RMB_ARRAY, .optional = true, .axes = "rank", .type = RMB_FLOAT64, .unit = "s",
	  .help = "time constant of an exponential fitted from lag 1 on; not a number where none fits" },
	{ .name = "decay_error", .kinds = RMB_ARRAY, .optional = true, .axes = "rank", .type = RMB_FLOAT64, .unit = "s",
	  .help = "its standard error, by leaving out one odd block at a time" },
	VECTOR("r", "", "1", "correlation of the logarithms of index and rank"),
	VECTOR("left_out", "", "1", "ranks left out of r, flagged or with an index that is not positive"), { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "correlograms", .kind = "family", .x = "lag", .y = "autocorrelation", .z = "rank", .logx = true, .logz = true,
	  .ywindow = { -0.5, 1.1 },
	  .caption = "Correlograms of shared components, by rank: the slower a component, the farther to the right it falls off.",
	  .series = { { .y = "autocorrelogram", .style = "line", .flag = "flag" } },
	  .guide = { { .shape = "horizontal", .at = "0" } } },
	{ .name = "timescales", .kind = "curve", .x = "rank", .y = "mean of lags 4 to 6", .logx = true, .logy = true,
	  .caption = "Index of timescale of each component. The correlation r of the logarithms of index and rank is over "
	             "ranks {ranks} (shaded).",
	  .series = { { .y = "timescale", .style = "points", .label = "r = {r}" } },
	  .guide = { { .shape = "span", .at = "ranks" } } },
	{ .name = "decays", .kind = "curve", .x = "rank", .y = "decay", .logx = true, .logy = true,
	  .caption = "Time constants of exponentials fitted from lag 1 on, with their standard errors.",
	  .series = { { .y = "decay", .style = "points", .label = "decay", .spread = "decay_error" } } }, { 0 } };

/* ---- what is read off the correlograms ---- */

struct reading {
	int64_t flagged, near_zero, without_decay, without_error;
	double r;
	int64_t last, left_out;
};

/* A correlogram stays below about 1; a lag 0 near zero throws the other lags far beyond. */
static bool
beyond_reason(const double *g, int64_t nlags)
{
	for (int64_t l = 1; l < nlags; l++)
		if (fabs(g[l]) > 3)
			return true;
	return false;
}

static int
read_index(struct rmb_call *call, const struct settings *set, const struct rmb_correlograms *found, double *index, int64_t *flag,
           struct reading *reading)
{
	bool paper = strcmp(set->variant, "paper") == 0, divided = strcmp(set->norm, "lag0") == 0;
	bool *usable = rmb_scratch(call, (size_t)found->nk, sizeof *usable);
	if (!usable)
		return RMB_ELIMIT;
	for (int64_t k = 0; k < found->nk; k++) {
		const double *g = found->g + k * found->nlags;
		usable[k] = found->lag0[k] > 0;
		flag[k] = !usable[k];
		index[k] = rmb_timescale_index(g);
		reading->flagged += flag[k];
		reading->near_zero += usable[k] && divided && beyond_reason(g, found->nlags);
	}
	reading->last = set->ranks.last < found->nk ? set->ranks.last : found->nk;
	reading->r = reading->last > set->ranks.first ? rmb_timescale_r(index, paper ? NULL : usable, set->ranks.first,
	                                                                reading->last, &reading->left_out)
	                                              : NAN;
	return 0;
}

struct decays {
	const struct rmb_correlograms *found;
	double frame, *decay, *error, *scratch; /* s a frame; a thread: [nlags] */
};

static int
fit_one(void *argument, int64_t k, int thread)
{
	const struct decays *all = argument;
	const struct rmb_correlograms *found = all->found;
	struct rmb_decay fit = { NAN, NAN };
	if (found->lag0[k] > 0)
		fit = rmb_decay_fit(found->part + k * found->nlags, found->ntest, found->nk * found->nlags, found->nlags,
		                    all->scratch + thread * found->nlags);
	all->decay[k] = fit.tau * all->frame;
	all->error[k] = fit.error * all->frame;
	return 0;
}

static int
publish_decays(struct rmb_call *call, const struct rmb_correlograms *found, double rate, struct reading *reading)
{
	struct rmb_axis axis = rmb_axis_rank(found->nk);
	struct rmb_array *decay = rmb_output(call, "decay", &axis), *error = rmb_output(call, "decay_error", &axis);
	double *scratch = rmb_scratch(call, (size_t)(rmb_threads(call) * found->nlags), sizeof *scratch);
	if (!decay || !error || !scratch)
		return RMB_ELIMIT;
	struct decays all = { found, 1 / rate, decay->data, error->data, scratch };
	int rc = rmb_parallel(rmb_threads(call), found->nk, fit_one, &all);
	for (int64_t k = 0; k < found->nk; k++) {
		reading->without_decay += isnan(all.decay[k]);
		reading->without_error += !isnan(all.decay[k]) && isnan(all.error[k]);
	}
	return rc;
}

static int
publish(struct rmb_call *call, const struct settings *set, const struct rmb_correlograms *found, double rate,
        struct reading *reading)
{
	bool timed = rate > 0;
	struct rmb_axis axes[2] = { rmb_axis_rank(found->nk), rmb_axis_make("lag", timed ? "s" : "frames", found->nlags, 0,
	                                                                    timed ? 1 / rate : 1) };
	struct rmb_array *g = rmb_output(call, "autocorrelogram", axes), *lag0 = rmb_output(call, "lag0", axes);
	struct rmb_array *index = rmb_output(call, "timescale", axes), *flag = rmb_output(call, "flag", axes);
	if (!g || !lag0 || !index || !flag)
		return RMB_ELIMIT;
	memcpy(g->data, found->g, (size_t)(found->nk * found->nlags) * sizeof *found->g);
	memcpy(lag0->data, found->lag0, (size_t)found->nk * sizeof *found->lag0);
	int rc = read_index(call, set, found, index->data, flag->data, reading);
	if (!rc)
		rc = rmb_output_scalar(call, "r", reading->r);
	if (!rc)
		rc = rmb_output_scalar(call, "left_out", (double)reading->left_out);
	return rc || !timed ? rc : publish_decays(call, found, rate, reading);
}

static void
warn(struct rmb_call *call, const struct settings *set, const struct rmb_recording *recording, int64_t fewer,
     const struct rmb_correlograms *found, const struct reading *reading)
{
	if (recording->nsegments > 1 && strcmp(set->variant, "paper") == 0)
		rmb_warn(call,
		         "variant paper: blocks and smoothing run across joints of the recording (%" PRId64 " segments)",
		         recording->nsegments);
	if (!(recording->rate > 0))
		rmb_warn(call, "recording '%s' has no rate: lags are in frames, and there are no decays in seconds",
		         rmb_recording_name(call));
	if (found->defined < fewer && found->defined < set->components)
		rmb_warn_rank(call, "components", found->defined, fewer, strcmp(set->precision, "double") == 0);
	rmb_warn_solver(call, set->solver, &found->how);
	if (2 * found->nlags > found->width + 2)
		rmb_warn(call,
		         "correlograms are circular within blocks of %" PRId64
		         " frames: lags beyond half of that come round from the other end",
		         found->width);
	if (reading->flagged > 0)
		rmb_warn(call,
		         "%" PRId64 " of %" PRId64
		         " components have a lag 0 that is not positive: their correlograms mean nothing and are flagged",
		         reading->flagged, found->nk);
	if (reading->near_zero > 0)
		rmb_warn(call,
		         "%" PRId64 " of the others have a lag 0 near zero: their correlograms reach beyond 3 in modulus",
		         reading->near_zero);
	if (reading->last < set->ranks.last)
		rmb_warn(call, "r is over ranks %" PRId64 "..%" PRId64 ", for there are no more components than %" PRId64,
		         set->ranks.first, reading->last, found->nk);
	if (reading->left_out > 0)
		rmb_warn(call,
		         "%" PRId64 " of these ranks were left out of r: flagged, or with an index that is not positive",
		         reading->left_out);
	if (isnan(reading->r))
		rmb_warn(call, "r has no value: an index is not positive, or fewer than two ranks are left");
	if (reading->without_decay > reading->flagged)
		rmb_warn(call, "no exponential fits %" PRId64 " of the %" PRId64 " correlograms that are not flagged",
		         reading->without_decay - reading->flagged, found->nk - reading->flagged);
	if (reading->without_error > 0 && found->ntest < 2)
		rmb_warn(call, "decays have no standard error: it leaves out one odd block at a time, and there is one; use "
		               "4 `blocks` or more");
	else if (reading->without_error > 0)
		rmb_warn(call,
		         "%" PRId64 " decay%s no standard error: without one of the %" PRId64
		         " odd blocks no exponential fits",
		         reading->without_error, reading->without_error == 1 ? " has" : "s have", found->ntest);
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	struct rmb_recording first = { 0 }, second = { 0 };
	int rc = rmb_halves_input(call, "autocorrelogram", &set->halves, &first, &second);
	int64_t fewer = first.neurons.n < second.neurons.n ? first.neurons.n : second.neurons.n;
	if (!rc)
		rc = rmb_decomposable(call, "autocorrelogram", fewer);
	if (rc)
		return rc;
	struct rmb_correlogram_options options = {
		.nblocks = set->blocks, .nlags = set->lags, .components = set->components, .smooth = set->smooth,
		.square_inside = strcmp(set->sort, "paper") == 0, .unit = strcmp(set->norm, "unit") == 0,
		.both = strcmp(set->sided, "both") == 0, .joined = strcmp(set->variant, "paper") == 0,
		.solver = rmb_solver_of(set->solver, set->precision),
	};
	struct rmb_part part = { call, 0, 1 };
	struct rmb_sweep sweep = {
		.first = &first, .second = &second, .in_double = strcmp(set->precision, "double") == 0,
		.threads = rmb_threads(call), .progress = rmb_part_progress, .progress_argument = &part,
	};
	struct rmb_correlograms found;
	struct rmb_error error = { 0 };
	if ((rc = rmb_correlograms_make(&sweep, &options, rmb_call_arena(call), &found, &error)))
		return error.code ? rmb_fail(call, rc, "autocorrelogram: recording '%s': %s", rmb_recording_name(call),
		                             error.text)
		                  : rc;
	struct reading reading = { 0 };
	rc = publish(call, set, &found, first.rate, &reading);
	if (!rc)
		warn(call, set, &first, fewer, &found, &reading);
	return rc ? rc : rmb_progress(call, 1, 1);
}

static int
check(const void *settings, struct rmb_error *error)
{
	const struct settings *set = settings;
	int rc = rmb_ranks_check(set->ranks.first, set->ranks.last, "a correlation", error);
	if (!rc)
		rc = rmb_solver_check(set->solver, set->precision, error);
	if (!rc && set->smooth > 0 && strcmp(set->solver, "block") == 0)
		return rmb_error_set(error, RMB_ERECIPE,
		                     "solver: block finds the largest components only, and with `smooth` all of them are "
		                     "ranked again; leave solver away, or say `solver: exact`");
	return rc ? rc : rmb_halves_check(&set->halves, error);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	double item = strcmp(set->precision, "double") == 0 ? 8 : 4, half = size->neurons / 2,
	       nk = fmin(half, (double)set->components);
	double blocks = fmin((double)set->blocks, size->frames), width = size->frames / fmax(blocks, 1); /* run() refuses more */
	double passes = set->smooth > 0 ? 2 : 1, rows = nk * fmin((double)set->lags, width);
	cost->flops = item / 4 *
	              (passes * half * half * size->frames + size->neurons * nk * size->frames + 20 * half * half * half);
	cost->bytes = 8 * size->neurons * size->frames;
	cost->memory = 8 * 4 * half * half + 2 * item * nk * (half + width) + 8 * rows * (2 + blocks / 2)
	               + rmb_sweep_memory(size->neurons, size->frames, item > 4) + 32e6;
	cost->disk = 8 * rows + 64 * nk + 32768;
	cost->blas_threads = rmb_solver_threads((int64_t)half);
}

const struct rmb_stage rmb_stage_autocorrelogram = {
	.name = "autocorrelogram", .version = 3, .folder = "analyze",
	.brief = "how long the components shared by two halves last",
	.about = "Finds the components that two halves of the neurons share in every other block of the recording, and "
	         "correlates the two halves' projections on them in the blocks between. Private noise of neurons has no part "
	         "in it. Gives a correlogram for each component, an index of its timescale (mean of lags 4 to 6), an "
	         "exponential fit with its error, and the correlation of the logarithms of index and rank.",
	.cite = "Pachitariu et al. 2025, A critical initialization for biological neural networks, bioRxiv "
	        "2025.01.10.632397: figure 3",
	.caption = "Correlograms of components; {blocks} blocks, smoothing {smooth} frames, halves: {halves}, r = {r}.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.draws = rmb_halves_draw, .check = check, .estimate = estimate, .run = run,
};

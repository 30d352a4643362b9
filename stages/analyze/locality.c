/* stages/analyze/locality.c -- do the neurons that weigh most in a principal component lie close together?
 *
 * With w(i) the weight of neuron i in a component (a left singular vector of the z-scored activity) and p(i) its place,
 *     centre = sum of w^2 p / sum of w^2   (on a torus the angle of the sum of w^2 exp(i theta), theta = 2 pi p / box - pi),
 *     ratio = mean of w^2 over the neurons within `radius` of the centre / mean of w^2 over all neurons.
 * 1: no locality. The result is the mean ratio of the first components. A component with no neuron near its centre has no
 * ratio and is left out; with `variant: paper` it makes the mean NaN. `geometry: paper` wraps at 1 um, as was published; with
 * a box, its centres are those of the torus. Weights come from the covariance of the shorter side, by its leading
 * eigenvectors or, of a small one, all of them; those published are of a randomised decomposition with a random seed.
 * Reference: Pachitariu et al. 2025, figure 4.
 * Cost: N N T operations (or N T T, if frames are fewer) and a decomposition of the shorter side; 16 min(N, T)^2 bytes. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "analyze/common.h"
#include "analyze/positions.h"
#include "numeric/blas.h"
#include "numeric/lapack.h"
#include "numeric/locality.h"

struct settings {
	struct place_settings place; /* first: its parameters are shared */
	int64_t components, maps;
	double radius;
	const char *variant, *solver, *precision;
};

#define AT(field) .at = offsetof(struct settings, field)
static const struct rmb_param params[] = {
	{ .name = "components", .kind = RMB_INT, AT(components), .def = "100", .min = 1, .max = RMB_LAPACK_MAX,
	  .help = "components, the largest; fewer if the data do not define so many" },
	{ .name = "radius", .kind = RMB_REAL, AT(radius), .def = "375 um", .unit = "um", .min = 1e-6, .max = 1e9,
	  .help = "neurons at this distance from the centre or closer are near" },
	RMB_PLACE_PARAMS,
	{ .name = "variant", .kind = RMB_WORD, AT(variant), .def = "corrected", .words = "corrected|paper",
	  .help = "paper: a component without a neuron near its centre makes the mean NaN" },
	{ .name = "maps", .kind = RMB_INT, AT(maps), .def = "3", .min = 1, .max = 100,
	  .help = "components whose weights are kept" },
	RMB_SOLVER_PARAM(struct settings),
	{ .name = "precision", .kind = RMB_WORD, AT(precision), .def = "single", .words = "single|double",
	  .help = "of the matrix product" },
	{ 0 } };

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "z-scored activity of neurons with positions" }, { 0 } };

#define OUT(port, axis, of, what) { .name = port, .kinds = RMB_ARRAY, .axes = axis, .type = RMB_FLOAT64, .unit = of, .help = what }
static const struct rmb_port out[] = {
	OUT("locality", "", "1", "mean ratio of the components; NaN: none has a neuron near (paper: or one has none)"),
	OUT("ratio", "rank", "1", "mean square weight near the centre over that of all neurons; NaN: no neuron is near"),
	{ .name = "near", .kinds = RMB_ARRAY, .axes = "rank", .type = RMB_INT64, .unit = "1", .help = "neurons near the centre" },
	OUT("variance", "rank", "1", "variance of the component"),
	{ .name = "centre_x", .kinds = RMB_ARRAY, .optional = true, .axes = "rank", .type = RMB_FLOAT64, .unit = "um",
	  .help = "centre of the component along x, if neurons have an x" },
	{ .name = "centre_y", .kinds = RMB_ARRAY, .optional = true, .axes = "rank", .type = RMB_FLOAT64, .unit = "um",
	  .help = "centre of the component along y, if neurons have a y" },
	{ .name = "centre_z", .kinds = RMB_ARRAY, .optional = true, .axes = "rank", .type = RMB_FLOAT64, .unit = "um",
	  .help = "centre of the component along z, if neurons have a z" },
	OUT("weights", "rank neuron", "1", "weights of the first components, of unit length, skewed to the positive side"),
	{ .name = "x", .kinds = RMB_ARRAY, .optional = true, .axes = "neuron", .type = RMB_FLOAT64, .unit = "um",
	  .help = "where the neurons lie, if they have an x" },
	{ .name = "y", .kinds = RMB_ARRAY, .optional = true, .axes = "neuron", .type = RMB_FLOAT64, .unit = "um",
	  .help = "where the neurons lie, if they have a y" }, { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "ratio", .kind = "curve", .x = "rank", .y = "weight near the centre / anywhere", .logx = true,
	  .caption = "Mean square weight within {radius} of the centre of a component, over that of all neurons; 1: no locality.",
	  .series = { { .y = "ratio", .style = "points", .label = "mean {locality}" } },
	  .guide = { { .shape = "horizontal", .at = "1", .label = "no locality" } } },
	{ .name = "maps", .kind = "map", .x = "x", .y = "y", .z = "weight", .equal = true,
	  .caption = "Weights of the first components where the neurons lie, skewed to the positive side.",
	  .series = { { .y = "y", .x = "x", .style = "points", .z = "weights" } } }, { 0 } };

static int
publish_maps(struct rmb_call *call, const struct settings *set, const struct rmb_neurons *neurons, int64_t nk, double *w)
{
	int64_t n = neurons->n, nmaps = set->maps < nk ? set->maps : nk;
	struct rmb_axis axes[] = { rmb_axis_rank(nmaps), rmb_axis_index("neuron", n) };
	struct rmb_array *weights = rmb_output(call, "weights", axes);
	if (!weights)
		return RMB_ELIMIT;
	for (int64_t k = 0; k < nmaps; k++)
		rmb_weights_orient(w + k * n, n);
	memcpy(weights->data, w, (size_t)(nmaps * n) * sizeof *w);
	const struct { const char *port; const double *place; } places[] = { { "x", neurons->x }, { "y", neurons->y } };
	for (int i = 0; i < 2; i++) {
		struct rmb_array *to = places[i].place ? rmb_output(call, places[i].port, &axes[1]) : NULL;
		if (places[i].place && !to)
			return RMB_ELIMIT;
		if (to)
			memcpy(to->data, places[i].place, (size_t)n * sizeof *places[i].place);
	}
	return 0;
}

static int
publish(struct rmb_call *call, const struct settings *set, const struct rmb_recording *recording, const struct rmb_space *space,
        int64_t nk, const double *w, const double *value)
{
	struct rmb_axis axis = rmb_axis_rank(nk);
	struct rmb_array *ratio = rmb_output(call, "ratio", &axis), *near = rmb_output(call, "near", &axis);
	struct rmb_array *variance = rmb_output(call, "variance", &axis);
	const struct { const char *port; const double *place; } axes[] = {
		{ "centre_x", recording->neurons.x }, { "centre_y", recording->neurons.y },
		{ "centre_z", recording->neurons.z } };
	if (!ratio || !near || !variance)
		return RMB_ELIMIT;
	struct rmb_locality found = { .ratio = ratio->data, .near = near->data };
	for (int i = 0, a = 0; i < 3; i++) { /* in the order of rmb_place_input() */
		struct rmb_array *centre = axes[i].place ? rmb_output(call, axes[i].port, &axis) : NULL;
		if (axes[i].place && !centre)
			return RMB_ELIMIT;
		if (centre)
			found.centre[a++] = centre->data;
	}
	bool circular = space->geometry != RMB_PLANE && !isnan(space->box), paper = strcmp(set->variant, "paper") == 0;
	rmb_locality_find(w, nk, recording->neurons.n, space, circular, set->radius, &found);
	for (int64_t k = 0; k < nk; k++)
		((double *)variance->data)[k] = value[k] / (double)recording->nframes;
	if (found.empty)
		rmb_warn(call, "%" PRId64 " of %" PRId64 " components have no neuron within %g um of their centre and %s",
		         found.empty, nk, set->radius, paper ? "make the mean NaN" : "were left out of the mean");
	return rmb_output_scalar(call, "locality", paper ? found.published : found.mean);
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	const struct rmb_recording *recording = rmb_zscored_input(call, "locality");
	struct rmb_space space;
	if (!recording)
		return RMB_EDATA;
	int64_t n = recording->neurons.n, nt = recording->nframes, side = n < nt ? n : nt,
	        nk = set->components < side ? set->components : side;
	if (n < 2)
		return rmb_fail(call, RMB_EDATA, "locality: recording '%s' has %" PRId64 " neuron; needs 2 or more",
		                rmb_recording_name(call), n);
	int rc = rmb_place_input(call, "locality", &set->place, &recording->neurons, &space);
	if (!rc)
		rc = rmb_decomposable(call, "locality", side);
	double *w = rmb_scratch(call, (size_t)(nk * n), sizeof *w), *value = rmb_scratch(call, (size_t)nk, sizeof *value);
	if (rc || !w || !value)
		return rc ? rc : RMB_ELIMIT;
	struct rmb_part part = { call, 0, 0.5 };
	struct rmb_sweep activity = {
		.first = recording, .in_double = strcmp(set->precision, "double") == 0, .threads = rmb_threads(call),
		.progress = rmb_part_progress, .progress_argument = &part,
	};
	int64_t defined = nk;
	struct rmb_krylov how;
	rc = rmb_weights(&activity, rmb_solver_of(set->solver, set->precision), &defined, w, value, &how, rmb_call_error(call));
	if (rc)
		return rc;
	if (defined < 1)
		return rmb_fail(call, RMB_EDATA, "locality: recording '%s' has no variance at all", rmb_recording_name(call));
	rmb_warn_rank(call, "components", defined, nk, activity.in_double);
	rmb_warn_solver(call, set->solver, &how);
	rc = publish(call, set, recording, &space, defined, w, value);
	return rc ? rc : publish_maps(call, set, &recording->neurons, defined, w);
}

static int
check(const void *settings, struct rmb_error *error)
{
	const struct settings *set = settings;
	int rc = rmb_place_check(&set->place, true, error);
	return rc ? rc : rmb_solver_check(set->solver, set->precision, error);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	bool in_double = strcmp(set->precision, "double") == 0;
	double n = size->neurons, nt = size->frames, side = n < nt ? n : nt, nk = fmin(side, (double)set->components);
	cost->flops = (in_double ? 2 : 1) * side * n * nt + 6 * side * side * side;
	cost->bytes = 4 * n * nt;
	cost->memory = 8 * side * side + 16 * nk * (n + side) + 400 * side + 32e6
	               + (n < nt ? rmb_sweep_memory(n, nt, in_double) : rmb_sweep_memory(fmin(n, RMB_CHUNK), nt, in_double));
	cost->disk = 40 * nk + 8 * ((double)set->maps + 2) * n + 32768;
	cost->blas_threads = rmb_solver_threads((int64_t)side);
}

const struct rmb_stage rmb_stage_locality = {
	.name = "locality", .version = 3, .folder = "analyze", .brief = "how close together the neurons of a component lie",
	.about = "Finds the principal components of all neurons and compares the squared weights of neurons near the centre "
	         "of mass of a component with those of all. A ratio of 1 means that components are spread over all neurons. "
	         "The weights of the first components are kept for maps.",
	.cite = "Pachitariu et al. 2025, A critical initialization for biological neural networks, bioRxiv "
	        "2025.01.10.632397: figure 4",
	.caption = "Locality of the first {components} components within {radius}, geometry {geometry}: {locality}.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.check = check, .estimate = estimate, .run = run,
};

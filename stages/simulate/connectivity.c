/* stages/simulate/connectivity.c -- a random network at the edge of stability, and its eigenvalues.
 *
 * Draws a connectivity matrix A of N neurons (numeric/network.h says how) and scales it so that the largest real part of its
 * eigenvalues is `edge`. For a symmetric network the covariance of tau dx/dt = -x + A x + noise has the eigenvectors of A,
 * and eigenvalues that follow from those of A:
 *     spectrum = 0.5 / (1 - L),
 * and those of bin means (numeric/theory.h) as closely. Of a network that is not symmetric they do not follow from L alone:
 * `theory` solves for them.
 * Cost: 4/3 N^3 operations if symmetric, about 10 N^3 if not; 8 N^2 bytes (clipped: twice that). */
#include <math.h>
#include <string.h>
#include "numeric/blas.h"
#include "numeric/lapack.h"
#include "numeric/theory.h"
#include "simulate/wiring.h"

struct settings {
	struct wiring_settings wiring;
	int64_t neurons;
	double bin, time_constant, step;
	bool matrix;
};

static const struct rmb_param params[] = {
	RMB_WIRING_PARAMS,
	{ .name = "neurons", .kind = RMB_INT, .at = offsetof(struct settings, neurons), .def = "none", .none = true, .min = 2,
	  .max = RMB_LAPACK_MAX, .help = "neurons of the network; none: as many as the recording it is like" },
	{ .name = "bin", .kind = RMB_REAL, .at = offsetof(struct settings, bin), .def = "none", .none = true, .unit = "s",
	  .min = 1e-6,
	  .max = 1e6, .help = "length of a bin of the binned spectrum; none: a frame of the recording it is like" },
	{ .name = "time_constant", .kind = RMB_REAL, .at = offsetof(struct settings, time_constant), .def = "50 ms", .unit = "s",
	  .min = 1e-6, .max = 1e3, .help = "of a neuron without connections" },
	{ .name = "step", .kind = RMB_REAL, .at = offsetof(struct settings, step), .def = "2 ms", .unit = "s", .min = 1e-9,
	  .max = 1e3, .help = "time step of a simulation, adjusted so that a bin is a whole number of them" },
	{ .name = "matrix", .kind = RMB_FLAG, .at = offsetof(struct settings, matrix), .def = "false",
	  .help = "keep the matrix itself: 8 bytes for every pair of neurons" }, { 0 } };

static const struct rmb_port in[] = {
	{ .name = "like", .kinds = RMB_RECORDING, .optional = true,
	  .help = "a recording whose neurons, positions and rate are taken" }, { 0 } };

#define OUT(port, axis, what) { .name = port, .kinds = RMB_ARRAY, .axes = axis, .type = RMB_FLOAT64, .unit = "1", .help = what }
#define MAYBE(port, axis, its_unit, what) \
	{ .name = port, .kinds = RMB_ARRAY, .axes = axis, .type = RMB_FLOAT64, .unit = its_unit, .optional = true, .help = what }
static const struct rmb_port out[] = {
	OUT("eigenvalue_real", "mode", "real parts of the eigenvalues, descending"),
	OUT("eigenvalue_imaginary", "mode", "imaginary parts"),
	OUT("density", "value", "density of the real parts"),
	MAYBE("semicircle", "value", "1", "the density that many independent entries lead to (symmetric)"),
	MAYBE("spectrum", "rank", "1", "theoretical eigenvalues of the covariance, descending (symmetric)"),
	MAYBE("binned", "rank", "1", "the same of bin means, in the units of a simulation (symmetric, with a bin)"),
	{ .name = "largest_step", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "s",
	  .help = "time steps must be shorter than this" },
	OUT("excerpt", "row column", "strengths between the first neurons"),
	MAYBE("matrix", "neuron neuron", "1", "strength of the connection to each neuron from each neuron (matrix: true)"),
	MAYBE("x", "neuron", "um", "places of the neurons (local)"),
	MAYBE("y", "neuron", "um", "places of the neurons (local)"), { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "density", .kind = "curve", .x = "eigenvalue, real part", .y = "density",
	  .caption = "Density of the eigenvalues' real parts; the largest is {edge}.",
	  .series = { { .y = "density", .style = "points", .label = "{connectivity}" },
	              { .y = "semicircle", .style = "guide", .label = "semicircle" } },
	  .guide = { { .shape = "vertical", .at = "edge" } } },
	{ .name = "plane", .kind = "curve", .x = "real part", .y = "imaginary part", .equal = true,
	  .caption = "Eigenvalues in the complex plane: {connectivity} connectivity.",
	  .series = { { .y = "eigenvalue_imaginary", .x = "eigenvalue_real", .style = "points", .label = "{connectivity}" } },
	  .guide = { { .shape = "circle", .at = "1", .label = "modulus 1" }, { .shape = "vertical", .at = "edge" } } },
	{ .name = "spectrum", .kind = "curve", .x = "rank", .y = "variance", .logx = true, .logy = true,
	  .caption = "Eigenvalues of the covariance that theory gives for this very network.",
	  .series = { { .y = "spectrum", .style = "line", .label = "0.5 / (1 - eigenvalue)" } } },
	{ .name = "excerpt", .kind = "raster", .x = "from neuron", .y = "to neuron", .image = "excerpt",
	  .caption = "Strengths of the connections between the first neurons." }, { 0 } };

/* ---- plain functions ---- */

/* density[nbins] over -limit..limit, its integral 1. */
static void
histogram(const double *value, int64_t n, double limit, int64_t nbins, double *density)
{
	double width = 2 * limit / (double)nbins;
	for (int64_t i = 0; i < n; i++) {
		int64_t bin = (int64_t)floor((value[i] + limit) / width);
		density[bin < 0 ? 0 : bin < nbins ? bin : nbins - 1] += 1 / ((double)n * width);
	}
}

/* Mean of the semicircle of radius r over x - width / 2 .. x + width / 2. */
static double
semicircle(double x, double width, double r)
{
	double part[2];
	for (int i = 0; i < 2; i++) {
		double u = fmin(1, fmax(-1, (x + (i - 0.5) * width) / r));
		part[i] = 0.5 + (u * sqrt(1 - u * u) + asin(u)) / M_PI;
	}
	return (part[1] - part[0]) / width;
}

/* ---- outputs ---- */

static int
publish_density(struct rmb_call *call, const struct rmb_network *net, const double *real)
{
	enum { BINS = 80 };
	double limit = net->edge;
	for (int64_t i = 0; i < net->n; i++)
		limit = fmax(limit, fabs(real[i]));
	limit *= 1.05;
	double width = 2 * limit / BINS;
	struct rmb_axis axis = rmb_axis_make("value", "1", BINS, -limit + width / 2, width);
	bool even = rmb_network_symmetric(net) && net->family == RMB_DENSE;
	struct rmb_array *density = rmb_output(call, "density", &axis),
	                 *law = even ? rmb_output(call, "semicircle", &axis) : NULL;
	if (!density || (even && !law))
		return RMB_ELIMIT;
	histogram(real, net->n, limit, BINS, density->data);
	for (int64_t i = 0; even && i < BINS; i++)
		((double *)law->data)[i] = semicircle(axis.start + (double)i * width, width, net->edge);
	return 0;
}

static int
publish_spectrum(struct rmb_call *call, const struct settings *set, const double *real, int64_t n, double bin)
{
	struct rmb_axis axis = rmb_axis_rank(n);
	struct rmb_steps steps = rmb_steps_of(bin, set->step, set->time_constant);
	struct rmb_array *spectrum = rmb_output(call, "spectrum", &axis),
	                 *binned = bin > 0 ? rmb_output(call, "binned", &axis) : NULL;
	if (!spectrum || (bin > 0 && !binned))
		return RMB_ELIMIT;
	for (int64_t k = 0; k < n; k++) {
		((double *)spectrum->data)[k] = rmb_mode_variance(real[k]);
		if (binned)
			rmb_mode_binned(1 - real[k], steps, 1, (double *)binned->data + k);
	}
	return 0;
}

/* Room for the matrix: an output, or scratch. NULL: failed. */
static double *
matrix_room(struct rmb_call *call, bool kept, int64_t n)
{
	struct rmb_axis axes[] = { rmb_axis_index("neuron", n), rmb_axis_index("neuron", n) };
	struct rmb_array *matrix = kept ? rmb_output(call, "matrix", axes) : NULL;
	return matrix ? matrix->data : kept ? NULL : rmb_scratch(call, (size_t)(n * n), sizeof(double));
}

static int
publish_excerpt(struct rmb_call *call, const struct rmb_network *net, const double *a)
{
	enum { CORNER = 100 };
	int64_t side = net->n < CORNER ? net->n : CORNER;
	struct rmb_axis corner[] = { rmb_axis_index("row", side), rmb_axis_index("column", side) };
	struct rmb_axis neurons = rmb_axis_index("neuron", net->n);
	struct rmb_array *excerpt = rmb_output(call, "excerpt", corner);
	if (!excerpt)
		return RMB_ELIMIT;
	for (int64_t i = 0; i < side; i++)
		memcpy((double *)excerpt->data + i * side, a + i * net->n, (size_t)side * sizeof *a);
	static const char *const axis_names[] = { "x", "y" };
	for (int axis = 0; net->family == RMB_LOCAL && axis < net->space.naxes; axis++) {
		struct rmb_array *place = rmb_output(call, axis_names[axis], &neurons);
		if (!place)
			return RMB_ELIMIT;
		memcpy(place->data, net->space.axis[axis], (size_t)net->n * sizeof(double));
	}
	return 0;
}

/* ---- */

/* How many neurons, and the length of a bin (0: there is none). */
static int
sizes(struct rmb_call *call, const struct settings *set, const struct rmb_recording *like, int64_t *n, double *bin)
{
	*n = set->neurons != INT64_MIN ? set->neurons : like ? like->neurons.n : 0;
	*bin = !isnan(set->bin) ? set->bin : like && like->rate > 0 ? 1 / like->rate : 0;
	if (*n > 0)
		return 0;
	return rmb_fail(call, RMB_ERECIPE, "connectivity: how many neurons? Give `neurons`, or `like` with a recording");
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	const struct rmb_recording *like = rmb_input_recording(call, "like", 0);
	struct rmb_error error = { 0 };
	struct rmb_network net;
	int64_t n;
	double bin;
	int rc = sizes(call, set, like, &n, &bin);
	if (!rc)
		rc = rmb_wiring_make(call, "connectivity", &set->wiring, like && like->neurons.n == n ? &like->neurons : NULL, n,
		                     rmb_wiring_streams(call), &net);
	if (rc)
		return rc;
	struct rmb_axis modes = rmb_axis_index("mode", n);
	struct rmb_array *real = rmb_output(call, "eigenvalue_real", &modes),
	                 *imaginary = rmb_output(call, "eigenvalue_imaginary", &modes);
	double *a = matrix_room(call, set->matrix, n);
	if (!real || !imaginary || !a)
		return RMB_ELIMIT;
	if ((rc = rmb_network_matrix(&net, a, real->data, imaginary->data, &error)))
		return rmb_fail(call, rc, "connectivity: %s", error.text);
	double most = rmb_network_largest_step(real->data, imaginary->data, n) * set->time_constant;
	double step = bin > 0 ? rmb_steps_of(bin, set->step, set->time_constant).step * set->time_constant : set->step;
	if (!(step < most))
		rmb_warn(call,
		         "a simulation of this network in steps of %.4g ms is unstable; they must be shorter than %.4g ms",
		         1000 * step, 1000 * most);
	rc = rmb_output_scalar(call, "largest_step", most);
	if (!rc)
		rc = publish_density(call, &net, real->data);
	if (!rc && rmb_network_symmetric(&net))
		rc = publish_spectrum(call, set, real->data, n, step < most ? bin : 0);
	return rc ? rc : publish_excerpt(call, &net, a);
}

static int
check(const void *settings, struct rmb_error *error)
{
	const struct settings *set = settings;
	int rc = rmb_wiring_check(settings, error);
	return rc ? rc : rmb_wiring_check_size(&set->wiring, set->neurons, error);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	struct rmb_network net = rmb_wiring_network(&set->wiring);
	double n = set->neurons != INT64_MIN ? (double)set->neurons : size->neurons;
	bool symmetric = rmb_network_symmetric(&net), clipped = net.family == RMB_CLIPPED;
	cost->flops = n * n * n * (symmetric ? 4.0 / 3 : clipped ? 30 : 10) + 200 * n * n;
	cost->bytes = 24 * n * n;
	cost->memory = 8 * n * n * (clipped ? 2 : 1) + 2000 * n + 1e6;
	cost->disk = 8 * n * n * (set->matrix ? 1 : 0) + 48 * n + 131072;
	cost->blas_threads = symmetric ? rmb_solver_threads((int64_t)n) : 1;
}

const struct rmb_stage rmb_stage_connectivity = {
	.name = "connectivity", .version = 1, .folder = "simulate",
	.brief = "a random network at the edge of stability, and its eigenvalues",
	.about = "Draws the connectivity of a linear network (symmetric, partly symmetric or not; strengths of several "
	         "distributions; sparse, clustered or local connections) and scales it so that the largest real part of its "
	         "eigenvalues is `edge`, just below 1, where activity would grow without bound. Gives the eigenvalues and, "
	         "for a symmetric network, the spectrum of the covariance of its activity: 0.5 / (1 - eigenvalue) without "
	         "bins and its exact counterpart with them. The matrix itself is kept only if asked for. Clusters are of "
	         "consecutive neurons; those of an incomplete last cluster are in none.",
	.cite = "Pachitariu et al. 2025, A critical initialization for biological neural networks, bioRxiv "
	        "2025.01.10.632397: figures 1, 3 and 4",
	.caption = "Random connectivity ({connectivity}), eigenvalues up to {edge}; simulations need steps below {largest_step}.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.draws = rmb_draws_always, .check = check, .estimate = estimate, .run = run,
};

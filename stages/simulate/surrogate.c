/* stages/simulate/surrogate.c -- a recording from a critically normalised linear network, made like another recording.
 *
 * Steps x <- x + h (A x - x + e), h = step / time_constant, e standard normal and fresh; a frame is the mean of the steps
 * that fit into it, so the step is adjusted until a whole number does. The connectivity A is drawn as the connectivity stage
 * draws it. Three ways to the same law:
 *     exact    symmetric A: the modes of A are independent, and a frame of a mode takes two random numbers, however many
 *              steps it has (numeric/modes.h); one rotation makes neurons of them. Starts in the stationary law.
 *     blocks   any A: a frame is one linear map with correlated noise (numeric/propagate.h), found from the eigenvectors of A
 *              (numeric/eigenbasis.h) or, where these are nearly dependent, from its powers (numeric/blocks.h). Starts in the
 *              stationary law.
 *     steps    step by step, after a burn-in: what the others are tested against.
 * auto takes the cheaper exact one. Neurons, places, frames, segments, rate and scaling are those of the recording at `like`.
 * Cost: exact 9 N^3 once, then 2 N^2 T; blocks 95 N^3, then 8 N^2 T; steps 2 n N^2 T, n steps a frame. */
#include <math.h>
#include <string.h>
#include "numeric/eigenbasis.h"
#include "numeric/lapack.h"
#include "numeric/modes.h"
#include "numeric/propagate.h"
#include "numeric/theory.h"
#include "simulate/matched.h"
#include "simulate/wiring.h"

enum { BLAS_THREADS = 2 }; /* of the eigenvectors */

struct settings {
	struct wiring_settings wiring; /* first: its parameters are shared */
	struct measure_settings measure;
	double time_constant, step, burn_in;
	const char *method;
};

static const struct rmb_param params[] = {
	RMB_WIRING_PARAMS,
	{ .name = "time_constant", .kind = RMB_REAL, .at = offsetof(struct settings, time_constant), .def = "50 ms", .unit = "s",
	  .min = 1e-5, .max = 1e4, .help = "of a neuron without input" },
	{ .name = "step", .kind = RMB_REAL, .at = offsetof(struct settings, step), .def = "2 ms", .unit = "s", .min = 1e-6,
	  .max = 1e3, .help = "of the simulation; adjusted so that a frame is a whole number of steps" },
	{ .name = "method", .kind = RMB_WORD, .at = offsetof(struct settings, method), .def = "auto",
	  .words = "auto|exact|blocks|steps",
	  .help = "exact: by independent modes, for symmetric networks; blocks: frame by frame, exactly, for any; steps: "
	          "step by step" },
	{ .name = "burn_in", .kind = RMB_REAL, .at = offsetof(struct settings, burn_in), .def = "8 s", .unit = "s", .max = 1e5,
	  .help = "time that passes before the first frame of a run (steps); the others start in the stationary law" },
	RMB_MEASURE_PARAMS(struct settings), { 0 } };

static const struct rmb_port in[] = {
	{ .name = "like", .kinds = RMB_RECORDING, .help = "what the surrogate is to be like" }, { 0 } };

static const struct rmb_port out[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "activity of the network, of the same neurons and frames" },
	{ .name = "eigenvalue_real", .kinds = RMB_ARRAY, .axes = "mode", .type = RMB_FLOAT64, .unit = "1",
	  .help = "real parts of the eigenvalues of the connectivity, descending" },
	{ .name = "eigenvalue_imaginary", .kinds = RMB_ARRAY, .axes = "mode", .type = RMB_FLOAT64, .unit = "1",
	  .help = "their imaginary parts" },
	{ .name = "adjusted_step", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "s",
	  .help = "step of which a frame is a whole number" },
	{ .name = "steps", .kinds = RMB_ARRAY, .axes = "", .type = RMB_INT64, .unit = "1", .help = "steps of a frame" },
	{ .name = "used", .kinds = RMB_ARRAY, .axes = "", .type = RMB_TEXT, .unit = "1", .help = "method that was used" },
	{ .name = "break_even", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "1",
	  .help = "frames, of all runs, from which on that method costs less than steps" },
	RMB_MEASURE_OUT, { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "raster", .kind = "raster", .x = "time", .y = "neuron", .image = "recording",
	  .caption = "Activity of a simulated network ({connectivity}, edge {edge}). Method {used}; break-even with stepping "
	             "at {break_even} frames." }, { 0 } };

/* ---- which method ---- */

/* Cost in operations of a single-precision matrix product; other work is counted at what it takes in such. */
struct price { double once, frame; };

enum { EXACT, BLOCKS, STEPS, NMETHODS };
static const char *const words[NMETHODS] = { "exact", "blocks", "steps" };

/* A normal costs as much as so many operations of a product; measuring and writing a sample costs MEASURE. A product with
 * one vector runs at the speed of memory, so few runs side by side cost more an operation. */
enum { NORMAL = 110, MEASURE = 1000, NARROW = 16 };

static struct price
price(int method, double n, double runs, double width, double burn, double frames)
{
	double narrow = runs < NARROW ? NARROW / runs : 1, cube = n * n * n, square = n * n;
	if (method == EXACT)
		return (struct price){ 9 * cube, 2 * square + (2 * NORMAL + MEASURE) * n };
	if (method == BLOCKS)
		return (struct price){ 95 * cube + 45e3 * square, (6 + 2 * narrow) * square + (2 * NORMAL + MEASURE) * n };
	return (struct price){ 0, (2 * narrow * square + NORMAL * n) * (width + burn * runs / fmax(frames, 1)) + MEASURE * n };
}

static int
cheapest(const struct settings *set, bool symmetric, double n, double runs, double width, double burn, double frames)
{
	for (int m = 0; m < NMETHODS; m++)
		if (strcmp(set->method, words[m]) == 0)
			return m;
	struct price exact = price(EXACT, n, runs, width, burn, frames), blocks = price(BLOCKS, n, runs, width, burn, frames);
	return symmetric && exact.once + exact.frame * frames <= blocks.once + blocks.frame * frames ? EXACT : BLOCKS;
}

/* ---- one execution ---- */

struct making {
	struct rmb_call *call;
	const struct settings *set;
	struct rmb_matched matched;
	struct rmb_network network;
	int method;
	struct rmb_steps steps;
	int64_t burn;            /* steps of the burn-in */
	double *real, *imaginary;
};

/* Eigenvectors of the network in single precision, as rows, and its normalised eigenvalues. */
static int
find_modes(struct making *making, float *vectors)
{
	struct rmb_error *error = rmb_call_error(making->call);
	const struct rmb_network *net = &making->network;
	struct rmb_arena *arena = rmb_arena_new();
	double *a = arena ? rmb_arena_alloc(arena, (size_t)(net->n * net->n), sizeof *a) : NULL;
	int rc = a ? rmb_network_raw(net, a, error) : rmb_error_nomem(error, "a connectivity matrix");
	if (!rc)
		rc = rmb_network_shape(net, a, error);
	for (int64_t i = 0; !rc && i < net->n * net->n; i++)
		vectors[i] = (float)a[i];
	rmb_arena_free(arena);
	if (!rc)
		rc = rmb_eigenvectors_single(vectors, net->n, making->real, BLAS_THREADS, error);
	if (!rc && !(making->real[0] > 0))
		rc = rmb_fail(making->call, RMB_EDATA,
		              "surrogate: the network cannot be normalised, for its largest eigenvalue is %g",
		              making->real[0]);
	double factor = net->edge / making->real[0];
	for (int64_t k = 0; !rc && k < net->n; k++)
		making->real[k] *= factor;
	return rc;
}

struct modes_of { const struct rmb_modes *modes; const float *vectors; };

static int
simulate_modes(void *self, const struct rmb_simulation *what, struct rmb_error *error)
{
	const struct modes_of *of = self;
	return rmb_modes_simulate(what, of->modes, of->vectors, error);
}

static int
run_exact(struct making *making)
{
	struct rmb_call *call = making->call;
	int64_t n = making->network.n;
	float *vectors = rmb_scratch(call, (size_t)(n * n), sizeof *vectors);
	double *gap = rmb_scratch(call, (size_t)n, sizeof *gap);
	struct rmb_modes modes;
	int rc = vectors && gap ? find_modes(making, vectors) : RMB_ELIMIT;
	for (int64_t k = 0; !rc && k < n; k++)
		gap[k] = 1 - making->real[k];
	if (!rc)
		rc = rmb_modes_make(rmb_call_arena(call), gap, n, making->steps, &modes, rmb_call_error(call));
	if (rc)
		return rc;
	struct modes_of of = { &modes, vectors };
	return rmb_matched_make(&making->matched, &(struct rmb_signals){ &of, RMB_MODES_GROUP, simulate_modes });
}

/* Steps of the burn-in; a failure if there are more than random numbers have names for. */
static int
count_steps(struct making *making)
{
	double frames = (double)making->matched.like->nframes, width = (double)making->steps.width;
	double burn = ceil(making->set->burn_in / (making->steps.step * making->set->time_constant));
	if (!(frames * width + burn < RMB_LOCKSTEP_TIMES))
		return rmb_fail(making->call, RMB_ELIMIT,
		                "surrogate: %.3g frames of %.3g steps, after %.3g of burn-in, are too many for one "
		                "simulation; use a longer step",
		                frames, width, burn);
	making->burn = (int64_t)burn;
	return 0;
}

/* Eigenvalues with large imaginary parts need shorter steps. */
static int
shorten_steps(struct making *making)
{
	struct rmb_call *call = making->call;
	double tau = making->set->time_constant, before = making->steps.step * tau,
	       limit = rmb_network_largest_step(making->real, making->imaginary, making->network.n);
	if (!(limit > 1e-4)) /* unstable at any step, or nearly: with the sentence of the check */
		return rmb_network_stable(making->real, making->imaginary, making->network.n, making->steps.step,
		                          rmb_call_error(call));
	if (rmb_steps_shorten(&making->steps, limit) == 1)
		return 0;
	rmb_warn(call,
	         "steps of %.4g ms would diverge in this network, for it has eigenvalues with large imaginary parts: the "
	         "steps were shortened to %.4g ms",
	         1e3 * before, 1e3 * making->steps.step * tau);
	return count_steps(making);
}

/* The normalised matrix, in the arena, and its eigenvalues. The steps fit it then. */
static double *
find_matrix(struct making *making, struct rmb_arena *arena)
{
	struct rmb_error *error = rmb_call_error(making->call);
	int64_t n = making->network.n;
	double *a = rmb_arena_alloc(arena, (size_t)(n * n), sizeof *a);
	int rc = a ? rmb_network_matrix(&making->network, a, making->real, making->imaginary, error)
	           : rmb_error_nomem(error, "a connectivity matrix");
	if (!rc)
		rc = shorten_steps(making);
	return rc ? NULL : a;
}

/* Operators of a frame and the stationary covariance s[n][n] of the network, by powers of its matrix. Operators are made
 * in the arena. */
static int
blocks_of_matrix(struct making *making, struct rmb_arena *arena, struct rmb_blocks *blocks, double *s)
{
	struct rmb_error *error = rmb_call_error(making->call);
	int64_t n = making->network.n;
	int threads = rmb_threads(making->call), rc = 0;
	struct rmb_arena *early = rmb_arena_new();
	double *a = early ? find_matrix(making, early) : NULL,
	       *scratch = a ? rmb_arena_alloc(early, (size_t)(n * n), 3 * sizeof *scratch) : NULL;
	if (!scratch)
		rc = early && !a ? error->code : rmb_error_nomem(error, "the covariance of a network");
	if (!rc)
		rc = rmb_blocks_make(a, n, making->steps.step, making->steps.width, threads, arena, blocks, error);
	if (!rc)
		rc = rmb_stationary(a, n, making->steps.step, threads, s, scratch, error);
	rmb_arena_free(early);
	return rc;
}

/* The same by its eigenvectors. *sound: whether these could be used. */
static int
blocks_of_basis(struct making *making, struct rmb_arena *arena, struct rmb_blocks *blocks, double *s, bool *sound)
{
	struct rmb_error *error = rmb_call_error(making->call);
	int64_t n = making->network.n;
	size_t count = (size_t)(n * n);
	struct rmb_arena *early = rmb_arena_new();
	double *room = early ? rmb_arena_alloc(early, count, 2 * sizeof *room) : NULL;
	double *value = early ? rmb_arena_alloc(early, (size_t)n, 2 * sizeof *value) : NULL;
	struct rmb_eigenbasis basis = { .sound = false };
	int rc = room && value ? rmb_network_eigenvectors(&making->network, room, room + count, value, value + n, error)
	                       : rmb_error_nomem(error, "the eigenvectors of a network");
	if (!rc)
		rc = rmb_eigenbasis_make(room + count, value, value + n, n, rmb_threads(making->call), early, &basis, error);
	*sound = basis.sound;
	if (!rc && *sound) {
		memcpy(making->real, value, (size_t)n * sizeof *value);
		memcpy(making->imaginary, value + n, (size_t)n * sizeof *value);
		rc = rmb_sort_eigenvalues(making->real, making->imaginary, n, error);
		if (!rc)
			rc = shorten_steps(making);
		if (!rc)
			rc = rmb_eigenbasis_blocks(&basis, making->steps, arena, blocks, s, room, error);
	}
	rmb_arena_free(early);
	return rc;
}

static int
prepare_blocks(struct making *making, struct rmb_propagator_roots *roots)
{
	struct rmb_error *error = rmb_call_error(making->call);
	struct rmb_arena *arena = rmb_arena_new();
	int64_t n = making->network.n;
	double *s = arena ? rmb_arena_alloc(arena, (size_t)(n * n), sizeof *s) : NULL;
	struct rmb_blocks blocks;
	bool sound = true;
	int rc = s ? blocks_of_basis(making, arena, &blocks, s, &sound) : rmb_error_nomem(error, "the covariance of a network");
	if (!rc && !sound)
		rc = blocks_of_matrix(making, arena, &blocks, s);
	if (!rc)
		rc = rmb_progress(making->call, 0.15, 1);
	if (!rc)
		rc = rmb_propagate_roots(rmb_call_arena(making->call), &blocks, s, rmb_threads(making->call), roots, error);
	rmb_arena_free(arena);
	return rc;
}

/* The matrix in single precision. */
static int
prepare_steps(struct making *making, float **stepped)
{
	struct rmb_arena *arena = rmb_arena_new();
	int64_t n = making->network.n;
	double *a = arena ? find_matrix(making, arena) : NULL;
	int rc = a       ? 0
	         : arena ? rmb_call_error(making->call)->code
	                 : rmb_error_nomem(rmb_call_error(making->call), "a connectivity matrix");
	if (!rc && !(*stepped = rmb_scratch(making->call, (size_t)(n * n), sizeof **stepped)))
		rc = RMB_ELIMIT;
	for (int64_t i = 0; !rc && i < n * n; i++)
		(*stepped)[i] = (float)a[i];
	rmb_arena_free(arena);
	return rc;
}

static int
simulate_blocks(void *roots, const struct rmb_simulation *what, struct rmb_error *error)
{
	return rmb_propagate_blocks(what, roots, error);
}

static int
simulate_steps(void *stepping, const struct rmb_simulation *what, struct rmb_error *error)
{
	return rmb_propagate_steps(what, stepping, error);
}

static int
run_matrix(struct making *making)
{
	struct rmb_propagator_roots roots;
	float *a = NULL;
	int rc = making->method == BLOCKS ? prepare_blocks(making, &roots) : prepare_steps(making, &a);
	struct rmb_stepping stepping = { a, making->steps.step, making->steps.width, making->burn };
	struct rmb_signals blocks = { &roots, RMB_PROPAGATE_GROUP, simulate_blocks };
	struct rmb_signals steps = { &stepping, RMB_PROPAGATE_GROUP, simulate_steps };
	return rc ? rc : rmb_matched_make(&making->matched, making->method == BLOCKS ? &blocks : &steps);
}

/* ---- run ---- */

/* Places that were drawn for the network are those of the simulated neurons, if the recording has none. */
static void
take_places(struct making *making)
{
	const struct rmb_space *space = &making->network.space;
	struct rmb_neurons *neurons = &making->matched.out.neurons;
	*neurons = making->matched.like->neurons;
	if (making->network.family != RMB_LOCAL || neurons->x || neurons->y)
		return;
	neurons->x = space->axis[0];
	neurons->y = space->axis[1];
}

/* Network, steps and method. */
static int
plan(struct making *making)
{
	struct rmb_call *call = making->call;
	const struct settings *set = making->set;
	struct rmb_matched *matched = &making->matched;
	const struct rmb_recording *like = matched->like;
	int64_t n = like->neurons.n;
	bool common = strcmp(set->measure.draws, "common") == 0;
	int rc = rmb_wiring_make(call, "surrogate", &set->wiring, &like->neurons, n,
	                         common ? rmb_wiring_streams_common(call, n) : rmb_wiring_streams(call), &making->network);
	if (rc)
		return rc;
	take_places(making);
	making->steps = rmb_steps_of(1 / like->rate, set->step, set->time_constant);
	double frames = (double)like->nframes, runs = (double)matched->nruns, width = (double)making->steps.width;
	double burn = ceil(set->burn_in / (making->steps.step * set->time_constant));
	bool symmetric = rmb_network_symmetric(&making->network);
	making->method = cheapest(set, symmetric, (double)n, runs, width, burn, frames);
	if (making->method == EXACT && !symmetric)
		return rmb_fail(call, RMB_EDATA,
		                "surrogate: method exact is for symmetric networks; use blocks, which is exact for any");
	if ((rc = count_steps(making)))
		return rc;
	struct price price_here = price(making->method, (double)n, runs, width, burn, frames),
	             steps = price(STEPS, (double)n, runs, width, burn, frames);
	double gain = steps.frame - price_here.frame;
	if ((rc = rmb_output_text(call, "used", words[making->method])))
		return rc;
	return rmb_output_scalar(call, "break_even",
	                         making->method == STEPS ? 0
	                         : gain > 0              ? ceil(price_here.once / gain)
	                                                 : INFINITY);
}

static int
run(struct rmb_call *call)
{
	struct making making = { .call = call, .set = rmb_settings(call) };
	struct rmb_matched *matched = &making.matched;
	int rc = rmb_matched_input(call, "surrogate", &making.set->measure, matched);
	if (!rc)
		rc = plan(&making);
	if (rc)
		return rc;
	struct rmb_axis axis = rmb_axis_index("mode", making.network.n);
	struct rmb_array *real = rmb_output(call, "eigenvalue_real", &axis),
	                 *imaginary = rmb_output(call, "eigenvalue_imaginary", &axis);
	if (!real || !imaginary)
		return RMB_ELIMIT;
	making.real = real->data;
	making.imaginary = imaginary->data;
	rc = making.method == EXACT ? run_exact(&making) : run_matrix(&making);
	if (!rc)
		rc = rmb_output_scalar(call, "steps", (double)making.steps.width);
	return rc ? rc : rmb_output_scalar(call, "adjusted_step", making.steps.step * making.set->time_constant);
}

/* ---- descriptor ---- */

static int
check(const void *settings, struct rmb_error *error)
{
	const struct settings *set = settings;
	struct rmb_network net = rmb_wiring_network(&set->wiring);
	int rc = rmb_wiring_check(settings, error);
	if (!rc)
		rc = rmb_measure_check(&set->measure, error);
	if (!rc && strcmp(set->method, "exact") == 0 && !rmb_network_symmetric(&net))
		rc = rmb_error_set(error, RMB_ERECIPE,
		                   "method: exact is for symmetric networks; use `method: blocks`, which is exact for any");
	if (!rc && set->step >= set->time_constant)
		rc = rmb_error_set(error, RMB_ERECIPE, "step is %g s; it must be shorter than the time_constant of %g s",
		                   set->step, set->time_constant);
	return rc;
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	struct rmb_network net = rmb_wiring_network(&set->wiring);
	double n = size->neurons, frames = size->frames, runs = (double)set->measure.runs, width = 23,
	       burn = set->burn_in / set->step;
	int method = cheapest(set, rmb_network_symmetric(&net), n, runs, width, burn, frames);
	struct price p = price(method, n, runs, width, burn, frames);
	double eigenvalues = method == STEPS ? 25 * n * n * n : 0;
	cost->flops = p.once + p.frame * frames + eigenvalues;
	cost->bytes = 4 * n * frames;
	cost->disk = 4 * n * frames + 200 * n + 65536;
	/* Matrices before: exact, one in double and its vectors, or three times those; blocks, thirteen in double where
	 * eigenvectors do not serve. Then what stays of them, and blocks of frames. */
	double square = n * n, before = (method == EXACT ? 12 : method == BLOCKS ? 104 : 20) * square;
	double after = (method == EXACT || method == STEPS ? 4 : 24) * square +
	               (method == EXACT ? rmb_modes_memory(n, n) : rmb_propagate_memory(n)) +
	               rmb_measure_memory(&set->measure, size, method == EXACT ? RMB_MODES_GROUP : RMB_PROPAGATE_GROUP);
	cost->blas_threads = method == EXACT ? BLAS_THREADS : rmb_measure_blas_threads(&set->measure, size);
	cost->memory = 1.05 * fmax(before, after) + 64 * n + 16e6;
}

const struct rmb_stage rmb_stage_surrogate = {
	.name = "surrogate", .version = 4, .folder = "simulate",
	.brief = "a recording from a critical network, made like another recording",
	.about = "Simulates tau dx/dt = -x + A x + noise with a random connectivity A at the edge of stability, and makes of "
	         "it a recording with the neurons, positions, frames, segments, rate and scaling of the recording at `like`. "
	         "Every segment is an independent run (or `runs` of them). A symmetric network is sampled mode by mode, "
	         "others frame by frame: the law of the activity is exactly that of stepping, and runs start in the "
	         "stationary state, so there is nothing to burn in. `steps` does step, and is there to check. Measurement "
	         "can add noise, spikes, an indicator and smoothing. `repeat` draws independent networks.",
	.cite = "Pachitariu et al. 2025, bioRxiv 2025.01.10.632397: simulations",
	.caption = "Simulated network ({connectivity}, edge {edge}, time constant {time_constant}), measured as "
	           "{measurement}, noise {noise}.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.draws = rmb_draws_always, .check = check, .estimate = estimate, .run = run,
};

/* stages/simulate/surrogate.c -- a recording from a critically normalised linear network, made like another recording.
 *
 * Steps x <- x + h (A x - x + e), h = step / time_constant, e standard normal and fresh; a frame is the mean of the steps
 * that fit into it, so the step is adjusted until a whole number does. The connectivity A is drawn as the connectivity stage
 * draws it. The methods exact, blocks and steps are those of simulate/methods.h, all of one law; auto takes the cheaper of
 * the first two. Neurons, places, frames, segments, rate and scaling are those of the recording at `like`.
 * Cost: exact 9 N^3 once, then 2 N^2 T; blocks 95 N^3, then 8 N^2 T; steps 2 n N^2 T, n steps a frame. */
#include <math.h>
#include <string.h>
#include "numeric/modes.h"
#include "numeric/propagate.h"
#include "simulate/methods.h"
#include "simulate/wiring.h"

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

/* What is simulated: neurons, runs side by side, steps of a frame and of the burn-in, frames of all runs. */
struct load { double n, runs, width, burn, frames; };

/* Cost in operations of a single-precision matrix product, to which other work is converted by the time it takes. */
struct price { double once, frame; };

enum { EXACT, BLOCKS, STEPS, NMETHODS };
static const struct { const char *word; int (*run)(struct simulated *sim); } methods[NMETHODS] = {
	{ "exact", rmb_simulate_exact }, { "blocks", rmb_simulate_blocks }, { "steps", rmb_simulate_steps } };

/* A normal costs as much as so many operations of a product; measuring and writing a sample costs MEASURE. A product with
 * one vector runs at the speed of memory, so few runs side by side cost more an operation. */
enum { NORMAL = 110, MEASURE = 1000, NARROW = 16 };

static struct price
price(int method, const struct load *load)
{
	double narrow = load->runs < NARROW ? NARROW / load->runs : 1, square = load->n * load->n, cube = square * load->n;
	double drawn = 2 * NORMAL + MEASURE; /* of a neuron and frame, for the first two */
	if (method == EXACT)
		return (struct price){ 9 * cube, 2 * square + drawn * load->n };
	if (method == BLOCKS)
		return (struct price){ 95 * cube + 45e3 * square, (6 + 2 * narrow) * square + drawn * load->n };
	double steps = load->width + load->burn * load->runs / fmax(load->frames, 1);
	return (struct price){ 0, (2 * narrow * square + NORMAL * load->n) * steps + MEASURE * load->n };
}

static int
cheapest(const struct settings *set, bool symmetric, const struct load *load)
{
	for (int m = 0; m < NMETHODS; m++)
		if (strcmp(set->method, methods[m].word) == 0)
			return m;
	struct price exact = price(EXACT, load), blocks = price(BLOCKS, load);
	bool cheaper = exact.once + exact.frame * load->frames <= blocks.once + blocks.frame * load->frames;
	return symmetric && cheaper ? EXACT : BLOCKS;
}

/* ---- run ---- */

/* Places that were drawn for the network are those of the simulated neurons, if the recording has none. */
static void
take_places(struct simulated *sim, bool drawn)
{
	const struct rmb_space *space = &sim->network.space;
	struct rmb_neurons *neurons = &sim->matched.out.neurons;
	*neurons = sim->matched.like->neurons;
	if (sim->network.family != RMB_LOCAL)
		return;
	if (neurons->x || neurons->y) {
		if (drawn)
			rmb_warn(sim->call, "places of the network were drawn, and the simulated neurons have those of recording '%s': "
			                    "distances do not show the network", rmb_recording_name(sim->call));
		return;
	}
	neurons->x = space->axis[0];
	neurons->y = space->axis[1];
}

static int
find_network(struct simulated *sim, const struct settings *set)
{
	const struct rmb_neurons *neurons = &sim->matched.like->neurons;
	bool common = strcmp(set->measure.draws, "common") == 0;
	struct wiring_streams streams = common ? rmb_wiring_streams_common(sim->call, neurons->n) : rmb_wiring_streams(sim->call);
	int rc = rmb_wiring_make(sim->call, "surrogate", &set->wiring, neurons, neurons->n, streams, &sim->network);
	if (!rc)
		take_places(sim, strcmp(set->wiring.positions, "drawn") == 0);
	return rc;
}

/* Steps and method; says which method, and from how many frames on it is cheaper than stepping. */
static int
plan(struct simulated *sim, const struct settings *set, int *method)
{
	const struct rmb_recording *like = sim->matched.like;
	bool symmetric = rmb_network_symmetric(&sim->network);
	enum { MOST = 65536 };
	sim->steps = rmb_steps_of(1 / like->rate, set->step, set->time_constant);
	struct load load = { (double)like->neurons.n, (double)sim->matched.nruns, (double)sim->steps.width,
	                     ceil(set->burn_in / (sim->steps.step * set->time_constant)), (double)like->nframes };
	*method = cheapest(set, symmetric, &load);
	if (sim->steps.width > MOST)
		return rmb_fail(sim->call, RMB_EDATA,
		                "surrogate: a frame of recording '%s' lasts %g s, %.3g steps of %g s, and %d are the most; give a "
		                "longer `step`",
		                rmb_recording_name(sim->call), 1 / like->rate, (double)sim->steps.width, set->step, MOST);
	if (*method == EXACT && !symmetric)
		return rmb_fail(sim->call, RMB_EDATA,
		                "surrogate: method exact is for symmetric networks; use blocks, which is exact for any");
	int rc = rmb_simulate_count_steps(sim);
	if (!rc)
		rc = rmb_output_text(sim->call, "used", methods[*method].word);
	if (rc)
		return rc;
	struct price here = price(*method, &load), steps = price(STEPS, &load);
	double gain = steps.frame - here.frame;
	return rmb_output_scalar(sim->call, "break_even", *method == STEPS ? 0 : gain > 0 ? ceil(here.once / gain) : INFINITY);
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	struct simulated sim = { .call = call, .time_constant = set->time_constant, .burn_in = set->burn_in };
	int method, rc = rmb_matched_input(call, "surrogate", &set->measure, &sim.matched);
	if (!rc)
		rc = find_network(&sim, set);
	if (!rc)
		rc = plan(&sim, set, &method);
	if (rc)
		return rc;
	struct rmb_axis axis = rmb_axis_index("mode", sim.network.n);
	struct rmb_array *real = rmb_output(call, "eigenvalue_real", &axis),
	                 *imaginary = rmb_output(call, "eigenvalue_imaginary", &axis);
	if (!real || !imaginary)
		return RMB_ELIMIT;
	sim.real = real->data;
	sim.imaginary = imaginary->data;
	rc = methods[method].run(&sim);
	if (!rc)
		rc = rmb_output_scalar(call, "steps", (double)sim.steps.width);
	return rc ? rc : rmb_output_scalar(call, "adjusted_step", sim.steps.step * set->time_constant);
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
	double n = size->neurons, frames = size->frames, width = 23; /* steps of 2 ms at 22 Hz: the rate is not known here */
	struct load load = { n, (double)set->measure.runs, width, set->burn_in / set->step, frames };
	int method = cheapest(set, rmb_network_symmetric(&net), &load);
	struct price p = price(method, &load);
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
	cost->blas_threads = method == EXACT ? RMB_SIMULATE_BLAS_THREADS : rmb_measure_blas_threads(&set->measure, size);
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

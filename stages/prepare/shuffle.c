/* stages/prepare/shuffle.c -- the control without correlations between neurons.
 *
 * Row i becomes x_i((t - s_i) mod T): correlations between neurons go, each neuron keeps its own autocorrelation. The published
 * control rolls random halves of the neurons together, 500 times; rolls of a row add up, so it equals one shift per neuron, which
 * is near uniform (methods S8). Here the shifts are drawn
 *     independent   each uniform in [0, T), from the node's own stream: the default;
 *     paper         by the published rounds and generators, number for number.
 * Both are views: nothing is moved. Cost: N draws, or rounds x N for the published ones. */
#include <inttypes.h>
#include <string.h>
#include "numeric/published.h"
#include "rumble/stage.h"

struct settings { const char *draws; int64_t rounds; };

static const struct rmb_param params[] = {
	{ .name = "draws", .kind = RMB_WORD, .at = offsetof(struct settings, draws), .def = "independent",
	  .words = "independent|paper",
	  .help = "a shift for each neuron, or the published rounds of shifting random halves together" },
	{ .name = "rounds", .kind = RMB_INT, .at = offsetof(struct settings, rounds), .def = "500", .min = 1, .max = 1000000,
	  .help = "number of published rounds (draws: paper)" },
	{ 0 },
};

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "activity in frames" },
	{ 0 },
};

static const struct rmb_port out[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "the same with every neuron shifted in time" },
	{ 0 },
};

static bool
published(const struct settings *set)
{
	return strcmp(set->draws, "paper") == 0;
}

static bool
draws(const void *settings)
{
	return !published(settings);
}

static int
published_shifts(struct rmb_call *call, const struct rmb_recording *recording, int64_t rounds, int64_t *shift)
{
	int64_t n = recording->neurons.n, nframes = recording->nframes, most = (int64_t)1 << 32;
	if (nframes < 16 || nframes > most || n > most)
		return rmb_fail(call, RMB_EDATA,
		                "the published shuffle needs 16 to 2^32 frames and at most 2^32 neurons; '%s' has %" PRId64
		                " frames and %" PRId64 " neurons: use draws: independent",
		                rmb_recording_name(call), nframes, n);
	int64_t *order = rmb_scratch(call, (size_t)n, sizeof *order);
	if (!order)
		return RMB_ELIMIT;
	rmb_published_shifts(n, nframes, rounds, order, shift);
	return 0;
}

static void
independent_shifts(struct rmb_stream stream, int64_t n, int64_t nframes, int64_t *shift)
{
	for (int64_t i = 0; i < n; i++)
		shift[i] = rmb_random_below(stream, (uint64_t)i, nframes);
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	const struct rmb_recording *recording = rmb_input_recording(call, "recording", 0);
	struct rmb_recording shifted;
	int64_t *shift = rmb_scratch(call, (size_t)recording->neurons.n, sizeof *shift);
	if (!shift)
		return RMB_ELIMIT;
	int code = 0;
	if (published(set))
		code = published_shifts(call, recording, set->rounds, shift);
	else
		independent_shifts(rmb_node_stream(call, "shifts"), recording->neurons.n, recording->nframes, shift);
	if (code == 0 && recording->nsegments > 1)
		rmb_warn(call,
		         "every neuron of '%s' is shifted through all %" PRId64
		         " segments, so their joints lie elsewhere in each: pairs of frames that lie in one segment may come "
		         "from two in the recording",
		         rmb_recording_name(call), recording->nsegments);
	if (code == 0)
		code = rmb_view_shift(rmb_call_arena(call), recording, shift, &shifted, rmb_call_error(call));
	return code ? code : rmb_output_recording(call, "recording", &shifted);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	cost->flops = published(set) ? 10 * (double)set->rounds * size->neurons
	                             : 0; /* draws, each about as dear as ten operations */
	cost->disk = 136 * size->neurons;
	cost->memory = 256 * size->neurons;
}

const struct rmb_stage rmb_stage_shuffle = {
	.name = "shuffle", .version = 1, .folder = "prepare", .run = run, .draws = draws, .estimate = estimate,
	.brief = "shift every neuron in time by its own random lag: the control without correlations",
	.about = "Each neuron is rotated in time by a lag of its own, so that correlations between neurons go and each "
	         "neuron keeps its autocorrelation and its distribution. `independent` draws every lag uniformly over the "
	         "recording. `paper` repeats the published control number for number: in each of 500 rounds half of the "
	         "neurons, chosen at random, are rotated together. The two are the same control statistically. A rotation "
	         "joins the end of the recording to its beginning, leaves slow drifts in place, and moves the joints of a "
	         "recording of several segments to other places in every neuron. States of frames are gone after it. The "
	         "result is a view of the samples and takes no room.",
	.cite = "Pachitariu et al. 2025, fig. 2",
	.caption = "Every neuron shifted in time by its own lag (draws: {draws}).",
	.params = params, .in = in, .out = out, .settings_size = sizeof(struct settings),
};

/* stages/prepare/subset.c -- a smaller recording out of a larger one, to see what depends on its size (methods S19).
 *
 * Neurons: the first n = trunc(share N) of one random order of all N, which depends on the seed, the replicate and N
 * alone. So smaller subsets lie within larger ones, and those of all recordings of one size are the same. They keep their
 * places in the recording. Frames: those t with (t mod period) < frames, so that a shorter recording still spans the
 * whole session; they are parts without a gap, so they become segments. Frames taken from z-scored activity have other
 * means and deviations: the scaling is then called outdated, and what needs z-scores asks for zscore behind (the paper
 * adds eps 0.001 there).
 * The result is a view and takes no room. Cost: N draws. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include "rumble/stage.h"

struct settings {
	double neurons;          /* NaN: all */
	int64_t frames, period;  /* frames INT64_MIN: all */
};

static const struct rmb_param params[] = {
	{ .name = "neurons", .kind = RMB_REAL, .at = offsetof(struct settings, neurons), .def = "none", .none = true, .unit = "1",
	  .min = 1e-9, .max = 1, .help = "share of the neurons that stay, drawn at random; rounded down" },
	{ .name = "frames", .kind = RMB_INT, .at = offsetof(struct settings, frames), .def = "none", .none = true, .min = 1,
	  .max = 1e12, .help = "frames that stay of every period, its first" },
	{ .name = "period", .kind = RMB_INT, .at = offsetof(struct settings, period), .def = "4000", .min = 1, .max = 1e12,
	  .help = "frames in a period" },
	{ 0 },
};

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "activity in frames" },
	{ 0 },
};

static const struct rmb_port out[] = {
	{ .name = "recording", .kinds = RMB_RECORDING,
	  .help = "the neurons and frames that stay, with all that is known of them" },
	{ .name = "nneurons", .kinds = RMB_ARRAY, .axes = "", .type = RMB_INT64, .unit = "1", .help = "neurons that stay" },
	{ .name = "nframes", .kinds = RMB_ARRAY, .axes = "", .type = RMB_INT64, .unit = "1", .help = "frames that stay" },
	{ 0 },
};

static bool
draws(const void *settings)
{
	const struct settings *set = settings;
	return !isnan(set->neurons);
}

static int
check(const void *settings, struct rmb_error *error)
{
	const struct settings *set = settings;
	if (set->frames > set->period)
		return rmb_error_set(error, RMB_ERECIPE, "frames: %" PRId64 " of every period, but a period has %" PRId64,
		                     set->frames, set->period);
	return 0;
}

/* ---- which stay ---- */

/* Rounded down, but 0.29 of 100 is 29, though the product in binary is less. */
static int64_t
share_of(double share, int64_t n)
{
	return (int64_t)floor(share * (double)n * (1 + 1e-12));
}

static int
ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static int
take_neurons(struct rmb_call *call, double share, const struct rmb_recording *all, struct rmb_recording *some)
{
	int64_t n = all->neurons.n, keep = share_of(share, n);
	if (keep < 1)
		return rmb_fail(call, RMB_EDATA,
		                "a share of %g of the %" PRId64 " neurons of '%s' is less than one neuron; take %.2g or more",
		                share, n, rmb_recording_name(call), 1 / (double)n);
	int64_t *order = rmb_scratch(call, (size_t)n, sizeof *order);
	if (!order)
		return RMB_ELIMIT;
	rmb_random_permutation(rmb_shared_stream(call, "subset", n), n, order);
	qsort(order, (size_t)keep, sizeof *order, ascending);
	return rmb_view_neurons(rmb_call_arena(call), all, order, keep, some, rmb_call_error(call));
}

static int
take_frames(struct rmb_call *call, const struct settings *set, const struct rmb_recording *all, struct rmb_recording *some)
{
	int64_t nperiods = (all->nframes + set->period - 1) / set->period;
	struct rmb_interval *interval = rmb_scratch(call, (size_t)nperiods, sizeof *interval);
	if (!interval)
		return RMB_ELIMIT;
	for (int64_t p = 0; p < nperiods; p++) {
		int64_t left = all->nframes - p * set->period;
		interval[p] = (struct rmb_interval){ p * set->period, left < set->frames ? left : set->frames };
	}
	return rmb_view_frames(rmb_call_arena(call), all, interval, nperiods, some, rmb_call_error(call));
}

/* ---- the stage ---- */

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	struct rmb_recording some = *rmb_input_recording(call, "recording", 0), fewer;
	int code = 0;
	if (!isnan(set->neurons)) {
		code = take_neurons(call, set->neurons, &some, &fewer);
		some = code ? some : fewer;
	}
	if (code == 0 && set->frames > 0 && set->frames < set->period) {
		code = take_frames(call, set, &some, &fewer);
		some = code ? some : fewer;
	}
	code = code ? code : rmb_output_recording(call, "recording", &some);
	code = code ? code : rmb_output_scalar(call, "nneurons", (double)some.neurons.n);
	return code ? code : rmb_output_scalar(call, "nframes", (double)some.nframes);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	if (!isnan(set->neurons))
		cost->out.neurons = fmax(1, floor(size->neurons * set->neurons));
	if (set->frames > 0) {
		cost->out.frames = size->frames * (double)set->frames / (double)set->period;
		cost->out.seconds = size->seconds * (double)set->frames / (double)set->period;
	}
	cost->disk = 136 * size->neurons + 24 * size->frames / (double)set->period;
	cost->memory = 256 * size->neurons;
}

const struct rmb_stage rmb_stage_subset = {
	.name = "subset", .version = 1, .folder = "prepare", .run = run, .draws = draws, .check = check, .estimate = estimate,
	.brief = "a random share of the neurons, or the beginning of every period of frames",
	.about = "For results as a function of a recording's size. `neurons: 0.25` keeps a quarter of them, rounded down: "
	         "the first of one random order, so that smaller shares lie within larger ones; `repeat` draws other orders. "
	         "`frames: 50` keeps the first 50 frames of every 4000 (`period`), so that less time still spans the whole "
	         "session; each such piece becomes a segment. Put zscore behind it: what was z-scored over more frames than "
	         "stay does not count as z-scored. After `shuffle` frames cannot be taken: subset first. The result is a "
	         "view of the samples and takes no room.",
	.cite = "Pachitariu et al. 2025, revision of 2026: estimators against the number of neurons and the duration",
	.caption = "A part of the recording: {nneurons} neurons, {nframes} frames.",
	.params = params, .in = in, .out = out, .settings_size = sizeof(struct settings),
};

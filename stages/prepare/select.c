/* stages/prepare/select.c -- which neurons are analysed.
 *
 * A neuron stays if it meets every criterion that is set:
 *     quality > min_quality,   rate > min_rate,   x0 <= x <= x1 and y0 <= y <= y1,   it is listed under `neurons`.
 * Both limits are strict, as published (methods S0): snr > 0.3, mean count per frame > 0.01 Hz / frame rate. The rate of spikes is
 * their number over the time observed, that of frames the mean activity times the frame rate, as if frames held counts.
 * A recording becomes a view and moves no data; spikes are copied. Cost: nothing, but one reading of all samples (N T) for
 * min_rate on frames. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "numeric/moments.h"
#include "rumble/parallel.h"
#include "rumble/stage.h"

struct settings {
	double min_quality, min_rate; /* NaN: not set */
	struct rmb_ints neurons;
	struct rmb_reals box;
};

static const struct rmb_param params[] = {
	{ .name = "min_quality", .kind = RMB_REAL, .at = offsetof(struct settings, min_quality), .def = "none", .none = true,
	  .help = "keep neurons whose quality (snr, probability, ...) is greater than this" },
	{ .name = "min_rate", .kind = RMB_REAL, .at = offsetof(struct settings, min_rate), .def = "none", .none = true, .unit = "Hz",
	  .min = 0, .max = 1e6, .help = "keep neurons whose mean rate is greater than this" },
	{ .name = "neurons", .kind = RMB_INTS, .at = offsetof(struct settings, neurons), .def = "none", .none = true,
	  .min = 0, .max = 1e12, .help = "keep these neurons, in this order; indices of the input, from 0" },
	{ .name = "box", .kind = RMB_REALS, .at = offsetof(struct settings, box), .def = "none", .none = true, .unit = "um",
	  .help = "keep neurons inside [x0, x1, y0, y1], edges included" },
	{ 0 },
};

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING | RMB_SPIKES, .help = "recording or spikes to select neurons of" },
	{ 0 },
};

static const struct rmb_port out[] = {
	{ .name = "recording", .kinds = RMB_AS_INPUT, .help = "the selected neurons, with all that is known of them" },
	{ 0 },
};

/* ---- criteria: plain arrays in, counts out ---- */

struct removed {
	int64_t quality, quality_unknown, rate, box, box_unknown;
};

/* Strictly greater, where a difference at rounding level is none: 1/2200 per frame at 22 Hz is 0.01 Hz, not more. */
static bool
above(double rate, double limit)
{
	return rate > limit * (1 + 1e-12);
}

static bool
inside(const double *box, double x, double y)
{
	return x >= box[0] && x <= box[1] && y >= box[2] && y <= box[3];
}

/* Whether neuron i passes; counts what each criterion removes, whatever the others say. */
static bool
passes(const struct settings *set, const struct rmb_neurons *neurons, const double *rate, int64_t i, struct removed *removed)
{
	bool good = isnan(set->min_quality) || neurons->quality[i] > set->min_quality;
	bool active = isnan(set->min_rate) || above(rate[i], set->min_rate);
	bool here = set->box.n < 0 || inside(set->box.v, neurons->x[i], neurons->y[i]);
	removed->quality += !good;
	removed->quality_unknown += !good && isnan(neurons->quality[i]);
	removed->rate += !active;
	removed->box += !here;
	removed->box_unknown += !here && (isnan(neurons->x[i]) || isnan(neurons->y[i]));
	return good && active && here;
}

/* Fills keep; returns how many. */
static int64_t
choose(const struct settings *set, const struct rmb_neurons *neurons, const double *rate, int64_t *keep, struct removed *removed)
{
	int64_t nkeep = 0, n = set->neurons.n < 0 ? neurons->n : set->neurons.n;
	for (int64_t k = 0; k < n; k++) {
		int64_t i = set->neurons.n < 0 ? k : set->neurons.v[k];
		if (passes(set, neurons, rate, i, removed))
			keep[nkeep++] = i;
	}
	return nkeep;
}

/* ---- rates ---- */

static int
spike_rates(struct rmb_call *call, const struct rmb_spikes *spikes, double *rate)
{
	double observed = 0;
	for (int64_t i = 0; i < spikes->nobserved; i++)
		observed += spikes->observed[2 * i + 1] - spikes->observed[2 * i];
	if (!(observed > 0))
		return rmb_fail(call, RMB_EDATA, "min_rate needs to know how long '%s' was observed; its spikes span no time: give `window` where "
		                "it is loaded", rmb_recording_name(call));
	for (int64_t i = 0; i < spikes->neurons.n; i++)
		rate[i] = (double)(spikes->first[i + 1] - spikes->first[i]) / observed;
	return 0;
}

enum { ROWS = 16 }; /* a piece of work */

struct frame_rates {
	struct rmb_call *call;
	const struct rmb_recording *recording;
	double *chunk, *rate;
};

static int
rate_piece(void *argument, int64_t piece, int thread)
{
	struct frame_rates *job = argument;
	const struct rmb_recording *recording = job->recording;
	double *chunk = job->chunk + thread * RMB_MOMENTS_CHUNK;
	int64_t row = piece * ROWS, end = row + ROWS < recording->neurons.n ? row + ROWS : recording->neurons.n;
	for (int64_t i = row; i < end; i++) {
		struct rmb_moments moments = rmb_row_moments(recording, i, chunk);
		job->rate[i] = moments.finite ? moments.mean * recording->rate : NAN;
	}
	rmb_drop_rows(recording, row, end - row);
	return rmb_progress(job->call, (double)end, (double)recording->neurons.n);
}

static int
frame_rates(struct rmb_call *call, const struct rmb_recording *recording, double *rate)
{
	int threads = rmb_threads(call);
	if (strcmp(recording->scaling, "none") != 0)
		return rmb_fail(call, RMB_EDATA, "min_rate reads rates off the activity, but '%s' is scaled (%s); select before zscore",
		                rmb_recording_name(call), recording->scaling);
	if (isnan(recording->rate))
		return rmb_fail(call, RMB_EDATA, "min_rate needs the frame rate of '%s', which is unknown; give `rate` where it is loaded",
		                rmb_recording_name(call));
	struct frame_rates job = { call, recording, rmb_scratch(call, (size_t)threads * RMB_MOMENTS_CHUNK, sizeof *job.chunk), rate };
	if (!job.chunk)
		return RMB_ELIMIT;
	return rmb_parallel(threads, (recording->neurons.n + ROWS - 1) / ROWS, rate_piece, &job);
}

/* ---- the stage ---- */

/* Whether the recording has what the criteria ask for. */
static int
check_annotations(struct rmb_call *call, const struct settings *set, const struct rmb_neurons *neurons)
{
	const char *name = rmb_recording_name(call);
	if (!isnan(set->min_quality) && !neurons->quality)
		return rmb_fail(call, RMB_EDATA, "min_quality is %g, but '%s' has no quality for its neurons; name it where it is loaded "
		                "(`quality`), or set min_quality to none for this recording", set->min_quality, name);
	if (set->box.n >= 0 && (!neurons->x || !neurons->y))
		return rmb_fail(call, RMB_EDATA, "box needs positions, but '%s' has no %s; name it where it is loaded, or set box to none",
		                name, neurons->x ? "y" : neurons->y ? "x" : "x and y");
	return 0;
}

static int
check_indices(struct rmb_call *call, const struct rmb_ints *list, int64_t n)
{
	int64_t *entry = rmb_scratch(call, (size_t)n, sizeof *entry); /* 1 + where in the list a neuron was seen */
	if (!entry)
		return RMB_ELIMIT;
	for (int64_t k = 0; k < list->n; k++) {
		int64_t i = list->v[k];
		if (i < 0 || i >= n)
			return rmb_fail(call, RMB_EDATA, "neurons lists %" PRId64 ", but '%s' has %" PRId64 " neurons, 0 to %" PRId64,
			                i, rmb_recording_name(call), n, n - 1);
		if (entry[i])
			return rmb_fail(call, RMB_EDATA, "neurons lists %" PRId64 " twice, as entries %" PRId64 " and %" PRId64 "; a neuron can be "
			                "taken once", i, entry[i], k + 1);
		entry[i] = k + 1;
	}
	return 0;
}

static int
nothing_left(struct rmb_call *call, const struct settings *set, int64_t n, const struct removed *removed)
{
	struct rmb_arena *arena = rmb_call_arena(call);
	const char *text = "";
	if (!isnan(set->min_quality) && text)
		text = rmb_arena_printf(arena, "%s; %" PRId64 " have a quality of %g or less", text, removed->quality, set->min_quality);
	if (!isnan(set->min_rate) && text)
		text = rmb_arena_printf(arena, "%s; %" PRId64 " have a rate of %g Hz or less", text, removed->rate, set->min_rate);
	if (set->box.n >= 0 && text)
		text = rmb_arena_printf(arena, "%s; %" PRId64 " lie outside the box", text, removed->box);
	if (set->neurons.n >= 0 && text)
		text = rmb_arena_printf(arena, "%s; %" PRId64 " were listed", text, set->neurons.n);
	return rmb_fail(call, RMB_EDATA, "no neuron of '%s' is left of %" PRId64 "%s", rmb_recording_name(call), n, text ? text : "");
}

static void
warn_unknown(struct rmb_call *call, const struct removed *removed)
{
	if (removed->quality_unknown)
		rmb_warn(call, "neurons left out because they have no quality: %" PRId64, removed->quality_unknown);
	if (removed->box_unknown)
		rmb_warn(call, "neurons left out because they have no position: %" PRId64, removed->box_unknown);
}

static int
output_view(struct rmb_call *call, const struct rmb_recording *recording, const int64_t *keep, int64_t nkeep)
{
	struct rmb_recording view;
	int code = rmb_view_neurons(rmb_call_arena(call), recording, keep, nkeep, &view, rmb_call_error(call));
	return code ? code : rmb_output_recording(call, "recording", &view);
}

static int
output_spikes(struct rmb_call *call, const struct rmb_spikes *spikes, const int64_t *keep, int64_t nkeep)
{
	struct rmb_spikes some = *spikes;
	int64_t *first = rmb_scratch(call, (size_t)nkeep + 1, sizeof *first);
	int code = rmb_neurons_select(rmb_call_arena(call), &spikes->neurons, keep, nkeep, &some.neurons, rmb_call_error(call));
	if (code || !first)
		return code ? code : RMB_ELIMIT;
	for (int64_t k = 0; k < nkeep; k++)
		first[k + 1] = first[k] + spikes->first[keep[k] + 1] - spikes->first[keep[k]];
	double *time = rmb_scratch(call, (size_t)first[nkeep], sizeof *time);
	if (!time)
		return RMB_ELIMIT;
	for (int64_t k = 0; k < nkeep; k++)
		if (first[k + 1] > first[k])
			memcpy(time + first[k], spikes->time + spikes->first[keep[k]], (size_t)(first[k + 1] - first[k]) * sizeof *time);
	some.nspikes = first[nkeep];
	some.first = first;
	some.time = time;
	return rmb_output_spikes(call, "recording", &some);
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	bool frames = rmb_input_kind(call, "recording", 0) == RMB_RECORDING;
	const struct rmb_recording *recording = frames ? rmb_input_recording(call, "recording", 0) : NULL;
	const struct rmb_spikes *spikes = frames ? NULL : rmb_input_spikes(call, "recording", 0);
	const struct rmb_neurons *neurons = frames ? &recording->neurons : &spikes->neurons;
	struct removed removed = { 0 };
	double *rate = rmb_scratch(call, (size_t)neurons->n, sizeof *rate);
	int64_t *keep = rmb_scratch(call, (size_t)neurons->n, sizeof *keep);
	if (!rate || !keep)
		return RMB_ELIMIT;
	int code = check_annotations(call, set, neurons);
	if (code == 0)
		code = check_indices(call, &set->neurons, neurons->n);
	if (code == 0 && !isnan(set->min_rate))
		code = frames ? frame_rates(call, recording, rate) : spike_rates(call, spikes, rate);
	if (code)
		return code;
	int64_t nkeep = choose(set, neurons, rate, keep, &removed);
	if (nkeep == 0)
		return nothing_left(call, set, neurons->n, &removed);
	warn_unknown(call, &removed);
	return frames ? output_view(call, recording, keep, nkeep) : output_spikes(call, spikes, keep, nkeep);
}

static int
check(const void *settings, struct rmb_error *error)
{
	const struct settings *set = settings;
	const double *box = set->box.v;
	if (set->box.n >= 0 && set->box.n != 4)
		return rmb_error_set(error, RMB_ERECIPE, "box needs four lengths, [x0, x1, y0, y1]; found %" PRId64, set->box.n);
	if (set->box.n == 4 && !(box[0] <= box[1] && box[2] <= box[3]))
		return rmb_error_set(error, RMB_ERECIPE, "box needs x0 <= x1 and y0 <= y1; found x from %g um to %g um, y from %g um to %g um",
		                     box[0], box[1], box[2], box[3]);
	if (set->neurons.n == 0)
		return rmb_error_set(error, RMB_ERECIPE, "neurons is an empty list; list at least one, or write none for all");
	return 0;
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	cost->bytes = isnan(set->min_rate) ? 0 : 4 * size->neurons * size->frames;
	cost->disk = 100 * size->neurons + 8 * size->spikes; /* tables; times */
	cost->memory = cost->disk;
	if (set->neurons.n > 0)
		cost->out.neurons = (double)set->neurons.n;
}

const struct rmb_stage rmb_stage_select = {
	.name = "select", .version = 1, .folder = "prepare", .run = run, .check = check, .estimate = estimate,
	.brief = "keep neurons by quality, firing rate, position or number",
	.about = "Keeps the neurons that meet every criterion set, with all that is known of them. Limits are strict: a neuron exactly "
	         "at min_quality or min_rate is left out. The rate of spikes is their number divided by the time observed; that of frames "
	         "is the mean activity times the frame rate, which is a firing rate only where frames hold spike counts. A neuron "
	         "without quality or position does not pass a criterion that asks for it. A recording becomes a view and takes no room.",
	.cite = "Pachitariu et al. 2025, data: snr > 0.3 (two-photon), more than 0.01 spikes per second (probes)",
	.caption = "Neurons with quality above {min_quality}, rate above {min_rate}, inside {box}, of the list {neurons} (none: no such criterion).",
	.params = params, .in = in, .out = out, .settings_size = sizeof(struct settings),
};

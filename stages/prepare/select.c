/* stages/prepare/select.c -- which neurons are analysed.
 *
 * A neuron stays if it meets every criterion that is set:
 *     quality > min_quality,   rate > min_rate,   x0 <= x <= x1 and y0 <= y <= y1,   it is listed under `neurons`,
 *     its area, plane and probe are among those named,   the condition `where` holds (expression.h).
 * Both limits are strict, as published (methods S0): snr > 0.3, mean count per frame > 0.01 Hz / frame rate. The rate of
 * spikes is their number over the time observed, that of frames the mean activity times the frame rate, as if frames held
 * counts. A recording becomes a view and moves no data; spikes are copied. Cost: nothing, but one reading of all samples (N
 * T) for min_rate on frames. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "numeric/moments.h"
#include "prepare/expression.h"
#include "prepare/partition.h"
#include "rumble/parallel.h"
#include "rumble/stage.h"

struct settings {
	double min_quality, min_rate; /* NaN: not set */
	struct rmb_ints neurons, plane, probe;
	struct rmb_reals box;
	const char *area, *where; /* NULL: not set */
	int64_t min_neurons;
};

static const struct rmb_param params[] = {
	{ .name = "min_quality", .kind = RMB_REAL, .at = offsetof(struct settings, min_quality), .def = "none", .none = true,
	  .help = "keep neurons whose quality (snr, probability, ...) is greater than this" },
	{ .name = "min_rate", .kind = RMB_REAL, .at = offsetof(struct settings, min_rate), .def = "none", .none = true,
	  .unit = "Hz", .min = 0, .max = 1e6, .help = "keep neurons whose mean rate is greater than this" },
	{ .name = "neurons", .kind = RMB_INTS, .at = offsetof(struct settings, neurons), .def = "none", .none = true,
	  .min = 0, .max = 1e12, .help = "keep these neurons, in this order; indices of the input, from 0" },
	{ .name = "box", .kind = RMB_REALS, .at = offsetof(struct settings, box), .def = "none", .none = true, .unit = "um",
	  .help = "keep neurons inside [x0, x1, y0, y1], edges included" },
	{ .name = "area", .kind = RMB_STRING, .at = offsetof(struct settings, area), .def = "none", .none = true,
	  .help = "keep neurons of these areas: CP|LS, VIS*; * stands for any characters, ? for one, a name in quotes for "
	          "itself" },
	{ .name = "plane", .kind = RMB_INTS, .at = offsetof(struct settings, plane), .def = "none", .none = true,
	  .help = "keep neurons of these planes" },
	{ .name = "probe", .kind = RMB_INTS, .at = offsetof(struct settings, probe), .def = "none", .none = true,
	  .help = "keep neurons of these probes" },
	{ .name = "where", .kind = RMB_STRING, .at = offsetof(struct settings, where), .def = "none", .none = true,
	  .help = "keep neurons of which this holds: quality > 0.3 and area = CP|LS and not (plane = 2 or x < 25 um)" },
	{ .name = "min_neurons", .kind = RMB_INT, .at = offsetof(struct settings, min_neurons), .def = "1", .min = 1, .max = 1e12,
	  .help = "fail if fewer are left" },
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
	int64_t quality, quality_unknown, rate, box, box_unknown, area, plane, probe, where, where_unknown;
};

/* What a neuron is judged by. */
struct judge {
	const struct settings *set;
	const struct rmb_neurons *neurons;
	const double *rate;
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

static bool
listed(const struct rmb_ints *list, const int64_t *number, int64_t i)
{
	for (int64_t k = 0; k < list->n; k++)
		if (list->v[k] == number[i])
			return true;
	return list->n < 0;
}

static bool
in_area(const struct judge *judge, int64_t i)
{
	char name[256];
	return !judge->set->area || rmb_pattern_matches(judge->set->area, rmb_area_of(judge->neurons, i, name, sizeof name));
}

/* Whether neuron i passes; counts what each criterion removes, whatever the others say. */
static bool
passes(const struct judge *judge, int64_t i, struct removed *removed)
{
	const struct settings *set = judge->set;
	const struct rmb_neurons *neurons = judge->neurons;
	bool good = isnan(set->min_quality) || neurons->quality[i] > set->min_quality;
	bool active = isnan(set->min_rate) || above(judge->rate[i], set->min_rate);
	bool here = set->box.n < 0 || inside(set->box.v, neurons->x[i], neurons->y[i]);
	bool area = in_area(judge, i), plane = listed(&set->plane, neurons->plane, i),
	     probe = listed(&set->probe, neurons->probe, i);
	int holds = set->where ? rmb_condition_holds(set->where, &(struct rmb_known){ neurons, judge->rate }, i) : RMB_TRUE;
	removed->quality += !good;
	removed->quality_unknown += !good && isnan(neurons->quality[i]);
	removed->rate += !active;
	removed->box += !here;
	removed->box_unknown += !here && (isnan(neurons->x[i]) || isnan(neurons->y[i]));
	removed->area += !area;
	removed->plane += !plane;
	removed->probe += !probe;
	removed->where += holds != RMB_TRUE;
	removed->where_unknown += holds == RMB_UNKNOWN;
	return good && active && here && area && plane && probe && holds == RMB_TRUE;
}

/* Fills keep; returns how many. */
static int64_t
choose(const struct judge *judge, int64_t *keep, struct removed *removed)
{
	const struct rmb_ints *list = &judge->set->neurons;
	int64_t nkeep = 0, n = list->n < 0 ? judge->neurons->n : list->n;
	for (int64_t k = 0; k < n; k++) {
		int64_t i = list->n < 0 ? k : list->v[k];
		if (passes(judge, i, removed))
			keep[nkeep++] = i;
	}
	return nkeep;
}

/* ---- rates ---- */

static int
spike_rates(struct rmb_call *call, const struct rmb_spikes *spikes, double *rate)
{
	double observed = rmb_spikes_observed(spikes);
	if (!(observed > 0))
		return rmb_fail(call, RMB_EDATA,
		                "a rate needs to know how long '%s' was observed; its spikes span no time: give `window` "
		                "where it is loaded",
		                rmb_recording_name(call));
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
	return rmb_progress(job->call, (double)end, (double)recording->neurons.n);
}

static int
frame_rates(struct rmb_call *call, const struct rmb_recording *recording, double *rate)
{
	int threads = rmb_threads(call);
	if (strcmp(recording->scaling, "none") != 0)
		return rmb_fail(call, RMB_EDATA, "rates are read off the activity, but '%s' is scaled (%s); select before zscore",
		                rmb_recording_name(call), recording->scaling);
	if (isnan(recording->rate))
		return rmb_fail(call, RMB_EDATA,
		                "rates need the frame rate of '%s', which is unknown; give `rate` where it is loaded",
		                rmb_recording_name(call));
	struct frame_rates job = { call, recording, rmb_scratch(call, (size_t)threads * RMB_MOMENTS_CHUNK, sizeof *job.chunk),
	                           rate };
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
		return rmb_fail(call, RMB_EDATA,
		                "min_quality is %g, but '%s' has no quality for its neurons; name it where it is loaded "
		                "(`quality`), or set min_quality to none for this recording",
		                set->min_quality, name);
	if (set->area && !neurons->area)
		return rmb_fail(call, RMB_EDATA,
		                "area is %s, but '%s' has no areas for its neurons; name the array of its file that holds them, as "
		                "`raw: {stage: load, area: NAME}`, or set area to none for this recording",
		                set->area, name);
	const char *lacks = set->plane.n >= 0 && !neurons->plane ? "plane" : set->probe.n >= 0 && !neurons->probe ? "probe"
	                    : set->where ? rmb_condition_lacks(set->where, neurons) : NULL;
	if (lacks)
		return rmb_fail(call, RMB_EDATA,
		                "'%s' has no %s for its neurons; name it where it is loaded%s, or select by something else",
		                name, lacks, strcmp(lacks, "label") == 0 ? " (`unit_label`)" : "");
	if (set->box.n >= 0 && (!neurons->x || !neurons->y))
		return rmb_fail(call, RMB_EDATA,
		                "box needs positions, but '%s' has no %s; name it where it is loaded, or set box to none",
		                name,
		                neurons->x   ? "y"
		                : neurons->y ? "x"
		                             : "x and y");
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
			return rmb_fail(call, RMB_EDATA,
			                "neurons lists %" PRId64 ", but '%s' has %" PRId64 " neuron%s, 0 to %" PRId64, i,
			                rmb_recording_name(call), n, n == 1 ? "" : "s", n - 1);
		if (entry[i])
			return rmb_fail(call, RMB_EDATA,
			                "neurons lists %" PRId64 " twice, as entries %" PRId64 " and %" PRId64
			                "; a neuron can be taken once",
			                i, entry[i], k + 1);
		entry[i] = k + 1;
	}
	return 0;
}

/* Some areas that there are, by how many neurons: "CP (120), LS (33)". */
static const char *
areas_there(struct rmb_call *call, const struct rmb_neurons *neurons)
{
	int64_t n;
	const struct rmb_part *part = rmb_parts_find(rmb_call_arena(call), neurons, RMB_BY_AREA, &n);
	return part ? rmb_parts_print(rmb_call_arena(call), part, n) : "";
}

/* What each criterion that is set removed. */
static const char *
removals(struct rmb_call *call, const struct settings *set, const struct rmb_neurons *neurons, const struct removed *removed)
{
	struct rmb_arena *arena = rmb_call_arena(call);
	const char *text = "";
	if (!isnan(set->min_quality) && text)
		text = rmb_arena_printf(arena, "%s; %" PRId64 " have a quality of %g or less", text, removed->quality,
		                        set->min_quality);
	if (!isnan(set->min_rate) && text)
		text = rmb_arena_printf(arena, "%s; %" PRId64 " have a rate of %g Hz or less", text, removed->rate,
		                        set->min_rate);
	if (set->box.n >= 0 && text)
		text = rmb_arena_printf(arena, "%s; %" PRId64 " lie outside the box", text, removed->box);
	if (set->neurons.n >= 0 && text)
		text = rmb_arena_printf(arena, "%s; %" PRId64 " were listed", text, set->neurons.n);
	if (set->area && text)
		text = rmb_arena_printf(arena, "%s; %" PRId64 " are not in area %s (there are %s)", text, removed->area,
		                        set->area, areas_there(call, neurons));
	if (set->plane.n >= 0 && text)
		text = rmb_arena_printf(arena, "%s; %" PRId64 " are of other planes", text, removed->plane);
	if (set->probe.n >= 0 && text)
		text = rmb_arena_printf(arena, "%s; %" PRId64 " are of other probes", text, removed->probe);
	if (set->where && text)
		text = rmb_arena_printf(arena, "%s; of %" PRId64 " it does not hold that %s", text, removed->where, set->where);
	return text ? text : "";
}

static int
too_few(struct rmb_call *call, const struct settings *set, const struct rmb_neurons *neurons, int64_t nkeep,
        const struct removed *removed)
{
	if (nkeep == 0)
		return rmb_fail(call, RMB_EDATA, "no neuron of '%s' is left of %" PRId64 "%s", rmb_recording_name(call),
		                neurons->n, removals(call, set, neurons, removed));
	return rmb_fail(call, RMB_EDATA,
	                "%" PRId64 " neuron%s of '%s' %s left of %" PRId64 ", fewer than min_neurons, %" PRId64 "%s", nkeep,
	                nkeep == 1 ? "" : "s", rmb_recording_name(call), nkeep == 1 ? "is" : "are", neurons->n,
	                set->min_neurons, removals(call, set, neurons, removed));
}

static void
warn_unknown(struct rmb_call *call, const struct removed *removed)
{
	if (removed->quality_unknown)
		rmb_warn(call, "neurons left out because they have no quality: %" PRId64, removed->quality_unknown);
	if (removed->box_unknown)
		rmb_warn(call, "neurons left out because they have no position: %" PRId64, removed->box_unknown);
	if (removed->where_unknown)
		rmb_warn(call, "neurons left out because something that `where` asks for is not known of them: %" PRId64,
		         removed->where_unknown);
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
	some.nspikes = first[nkeep];
	some.first = first;
	some.time = NULL;
	some.written = true;
	code = rmb_claim_times(call, "recording", some.nspikes);
	for (int64_t k = 0; k < nkeep && !code; k++) {
		code = rmb_write_times(call, "recording", first[k], first[k + 1] - first[k],
		                       spikes->time + spikes->first[keep[k]]);
		rmb_drop_spikes(spikes, keep[k], 1);
	}
	return code ? code : rmb_output_spikes(call, "recording", &some);
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
	if (code == 0 && (!isnan(set->min_rate) || (set->where && rmb_condition_mentions(set->where, "rate"))))
		code = frames ? frame_rates(call, recording, rate) : spike_rates(call, spikes, rate);
	if (code)
		return code;
	int64_t nkeep = choose(&(struct judge){ set, neurons, rate }, keep, &removed);
	if (nkeep < set->min_neurons)
		return too_few(call, set, neurons, nkeep, &removed);
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
		return rmb_error_set(error, RMB_ERECIPE,
		                     "box needs x0 <= x1 and y0 <= y1; found x from %g um to %g um, y from %g um to %g um",
		                     box[0], box[1], box[2], box[3]);
	if (set->neurons.n == 0 || set->plane.n == 0 || set->probe.n == 0)
		return rmb_error_set(error, RMB_ERECIPE, "%s is an empty list; list at least one, or write none for all",
		                     set->neurons.n == 0 ? "neurons" : set->plane.n == 0 ? "plane" : "probe");
	int code = set->area ? rmb_pattern_check("area", set->area, error) : 0;
	return code || !set->where ? code : rmb_condition_check("where", set->where, error);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	cost->bytes = isnan(set->min_rate) && !set->where ? 0 : 4 * size->neurons * size->frames;
	cost->disk = 100 * size->neurons + 8 * size->spikes; /* tables; times */
	cost->memory = cost->disk;
	if (set->neurons.n > 0)
		cost->out.neurons = (double)set->neurons.n;
}

const struct rmb_stage rmb_stage_select = {
	.name = "select", .version = 1, .folder = "prepare", .run = run, .check = check, .estimate = estimate,
	.brief = "keep neurons by quality, firing rate, position, area, label of a unit, or any condition on these",
	.about = "Keeps the neurons that meet every criterion set, with all that is known of them. Limits are strict: a "
	         "neuron exactly at min_quality or min_rate is left out. The rate of spikes is their number divided by the "
	         "time observed; that of frames is the mean activity times the frame rate, which is a firing rate only where "
	         "frames hold spike counts. A neuron without quality or position does not pass a criterion that asks for it. "
	         "`area` takes names as the file has them, several with | between, with * for any characters: `area: "
	         "CP|VIS*`. `where` takes comparisons of id, x, y, z, quality, plane, probe, rate, area and label with and, or, not "
	         "and brackets: `where: quality > 0.3 and (probe = 0|1 or area != LS)`; lengths and rates carry units. "
	         "`label` is what a person or a spike sorter called a unit, where the file says it, as `label = good|mua`. A "
	         "comparison with something unknown neither holds nor fails. A recording becomes a view and takes no room.",
	.cite = "Pachitariu et al. 2025, data: snr > 0.3 (two-photon), more than 0.01 spikes per second (probes)",
	.caption = "Neurons with quality above {min_quality}, rate above {min_rate}, inside {box}, of the list {neurons}, "
	           "area {area}, plane {plane}, probe {probe}, where {where} (none: no such criterion).",
	.params = params, .in = in, .out = out, .settings_size = sizeof(struct settings),
};

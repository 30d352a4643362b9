/* stages/prepare/bin.c -- activity in frames of the width that the analysis wants.
 *
 * Spikes become counts (bin_spikes.c): count(i, b) = number of spikes of neuron i in [start + b D, start + (b + 1) D), in
 * bins of D seconds that lie whole inside an observed interval; every observed interval is a segment of the recording.
 * Rule `paper` repeats the published bins: from the earliest spike of all on, bin = round-half-to-even(t / D), one
 * segment (methods S1). Frames become wider frames (bin_frames.c): the mean (or sum) of w frames side by side, within
 * segments, where w is the whole number next to the width asked for; more than 1 % from it is an error, for nobody asked
 * for that width. Rule `paper` joins them as if there were one segment. What is dropped at the ends of intervals and
 * segments is reported. Cost: one pass over spikes or samples. */
#include <math.h>
#include "prepare/bin.h"

static const struct rmb_param params[] = {
	{ .name = "rate", .kind = RMB_REAL, .at = offsetof(struct bin_settings, rate), .def = "none", .none = true, .unit = "Hz",
	  .min = 1e-6, .max = 1e6, .help = "frames per second wanted (or give width)" },
	{ .name = "width", .kind = RMB_REAL, .at = offsetof(struct bin_settings, width), .def = "none", .none = true, .unit = "s",
	  .min = 1e-6, .max = 1e6, .help = "length of a frame wanted (or give rate)" },
	{ .name = "rule", .kind = RMB_WORD, .at = offsetof(struct bin_settings, rule), .def = "floor", .words = "floor|paper",
	  .help = "bins from the start of each observed interval or segment, or the published ones, which run on through all "
	          "of them" },
	{ .name = "how", .kind = RMB_WORD, .at = offsetof(struct bin_settings, how), .def = "mean", .words = "mean|sum",
	  .help = "frames: mean or sum of those that are joined; spikes are always counted" },
	{ 0 },
};

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING | RMB_SPIKES, .help = "spikes to count, or activity in narrower frames" },
	{ 0 },
};

static const struct rmb_port out[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "activity in frames" },
	{ 0 },
};

double
rmb_bin_width(const struct bin_settings *set)
{
	return isnan(set->width) ? 1 / set->rate : set->width;
}

struct rmb_recording
rmb_bin_made(const struct rmb_neurons *neurons, int64_t nframes, double rate, const int64_t *segment, const double *time,
             int64_t nsegments)
{
	return (struct rmb_recording){
		.neurons = *neurons, .nframes = nframes, .rate = rate, .segment = segment, .nsegments = nsegments,
		.segment_time = time, .scaling = "none", .stored_rows = neurons->n, .stored_frames = nframes,
	};
}

static int
run(struct rmb_call *call)
{
	if (rmb_input_kind(call, "recording", 0) == RMB_SPIKES)
		return rmb_bin_count(call, rmb_input_spikes(call, "recording", 0));
	return rmb_bin_join(call, rmb_input_recording(call, "recording", 0));
}

static int
check(const void *settings, struct rmb_error *error)
{
	const struct bin_settings *set = settings;
	if (isnan(set->rate) == isnan(set->width))
		return rmb_error_set(error, RMB_ERECIPE, "bin needs either rate (such as 22 Hz) or width (such as 45 ms)%s",
		                     isnan(set->rate) ? "" : "; found both");
	return 0;
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	/* Of a recording whose length is not known, as many frames as it has are the most there can be. */
	double frames = floor(size->seconds / rmb_bin_width(settings));
	if (size->spikes == 0 && size->frames > 0) /* frames are joined, never cut */
		frames = fmin(frames, size->frames);
	if (frames > 0 && frames < 1e10) /* run() says what is wrong with more */
		cost->out.frames = frames;
	double samples = size->neurons * fmax(size->frames, cost->out.frames);
	cost->out.spikes = 0;
	if (cost->out.frames == 0) /* how long the spikes last is not known */
		cost->out = (struct rmb_size){ 0 };
	cost->bytes = 8 * samples + 8 * size->spikes;
	cost->disk = 4 * size->neurons * cost->out.frames;
	cost->memory = 8 * (size->frames + 3 * RMB_BIN_READ);
}

const struct rmb_stage rmb_stage_bin = {
	.name = "bin", .version = 4, .folder = "prepare", .run = run, .check = check, .estimate = estimate,
	.brief = "count spikes in frames, or join frames to wider ones",
	.about = "Spikes are counted in bins of the width asked for that lie whole inside an observed interval; every "
	         "observed interval becomes a segment. Rule `paper` takes the published bins instead: they begin at the "
	         "earliest spike of all neurons present, a spike belongs to the nearest bin edge (ties to the even one), so "
	         "that the first bin is half as wide as the others. Frames are joined to the whole number that is within 1 % "
	         "of the width asked for, inside segments, or with rule `paper` as if there were one; if there is none, the "
	         "message names the nearest widths. What is left over at the ends is dropped and reported. Z-scores do not "
	         "survive joining: bin before zscore.",
	.cite = "Pachitariu et al. 2025, methods",
	.caption = "Activity in frames (rate {rate}, width {width}, rule {rule}).",
	.params = params, .in = in, .out = out, .settings_size = sizeof(struct bin_settings),
};

/* first.c -- the analyses to begin with, for recordings that somebody has never analysed: what `rumble init` writes under `stages`.
 *
 * Those of figures 2 and 3 of Pachitariu et al. 2025 (bioRxiv 2025.01.10.632397), on the recording and on its shuffle. The paper's settings
 * where the smallest recording bears them: ranks 11 to 500 take thousands of neurons, correlograms of 100 lags in ten blocks some
 * thousand frames. Smaller ones get shorter ranges; what would mean nothing at all is left out, and a remark says so. */
#include <inttypes.h>
#include <math.h>
#include "rumble/stage.h"

/* Of fewer neurons than this one of many random halves may be left without; fewer frames than this hold no correlogram. */
enum { LEAST_NEURONS = 20, LEAST_FRAMES = 200, LARGE = 50000000 }; /* of LARGE samples fewer halves */
static const double rate = 22; /* Hz, of frames made of spikes: that of the paper */

/* Neurons and frames of the smallest; 0: unknown. */
static void
smallest(unsigned kind, const struct rmb_size *size, int n, double *neurons, double *frames)
{
	*neurons = *frames = INFINITY;
	for (int i = 0; i < n; i++) {
		*neurons = fmin(*neurons, size[i].neurons);
		*frames = fmin(*frames, kind == RMB_SPIKES ? size[i].seconds * rate : size[i].frames);
	}
}

static const char *
halves_lines(struct rmb_arena *arena, double neurons, double frames, int spacing)
{
	int64_t most = (int64_t)(neurons / 2), last = most / 5 < 10 ? most < 10 ? most : 10 : most / 5 < 500 ? most / 5 : 500;
	int64_t first = last / 10 < 1 ? 1 : last / 10 < 11 ? last / 10 : 11, next = 2 * first < last / 4 ? 2 * first : first;
	first = last == 500 ? 11 : first;
	return rmb_arena_printf(arena,
		"\n"
		"  # the spectrum of what two halves of the neurons share, and its exponent with an interval from other pairs of halves\n"
		"  svca2:     {stage: svca2, recording: each, spacing: %d um}          # squares of the checkerboard; random halves where positions are unknown\n"
		"  halves:    {stage: svca2, recording: each, halves: random, repeat: %d}\n"
		"  alpha:     {stage: powerlaw, spectrum: svca2.spectrum, replicates: halves.spectrum, chance: svca2@shuffled.spectrum,\n"
		"              ranks: %" PRId64 "..%" PRId64 ", firsts: %" PRId64 "..%" PRId64 "}%s\n"
		"\n"
		"  # how many dimensions, and how much of their variance is reliable on frames held out\n"
		"  svca:      {stage: svca, recording: z, spacing: %d um}\n"
		"  reliable:  {stage: reliable, spectrum: svca.spectrum, total: svca.total}\n"
		"  dimension: {stage: dimension, spectrum: svca2.spectrum}\n",
		spacing, neurons * frames < LARGE ? 20 : 5, first, last, first, next, last < 500 ? "                     # the paper's 11..500 needs thousands of neurons" : "", spacing);
}

static const char *
time_lines(struct rmb_arena *arena, double neurons, double frames, int spacing)
{
	int64_t lags = frames / 20 < 100 ? (int64_t)(frames / 20) : 100, components = (int64_t)fmin(1000, floor(neurons / 2));
	return rmb_arena_printf(arena,
		"\n"
		"  # how long components last, and whether they turn while they decay\n"
		"  timescale: {stage: autocorrelogram, recording: z, spacing: %d um, lags: %" PRId64 ", components: %" PRId64 ", ranks: 1..%" PRId64 "}\n"
		"  dmd:       {stage: dmd, recording: each, ridge: 0.1, components: %" PRId64 "}\n",
		spacing, lags, components, components < 400 ? components : 400, (int64_t)fmin(1000, neurons));
}

const char *
rmb_first_stages(struct rmb_arena *arena, unsigned kind, const struct rmb_size *size, int n)
{
	double neurons, frames;
	bool spikes = kind == RMB_SPIKES;
	int spacing = spikes ? 40 : 25; /* probes, and fields of view */
	smallest(kind, size, n, &neurons, &frames);
	bool wide = neurons >= LEAST_NEURONS, deep = frames >= LEAST_FRAMES;
	const char *halves = wide ? halves_lines(arena, neurons, frames, spacing) : "\n  # neurons: too few for halves of them\n";
	const char *time = wide && deep ? time_lines(arena, neurons, frames, spacing) : "";
	return halves && time ? rmb_arena_printf(arena,
		"  raw:       {stage: load}\n"
		"%s"
		"  z:         {stage: zscore, recording: %s}\n"
		"  shuffled:  {stage: shuffle, recording: z}                         # each neuron shifted in time: correlations are gone\n"
		"  each:      {stage: select, recording: [z, shuffled]}              # a branch for each: all that follows is done with both\n"
		"\n"
		"  direct:    {stage: spectrum, recording: each}\n"
		"%s%s", spikes ?
		"  active:    {stage: select, recording: raw, min_rate: 0.01 Hz}\n"
		"  frames:    {stage: bin, recording: active, rate: 22 Hz}           # spike times to counts in frames\n" : "", spikes ? "frames" : "raw", halves, time)
		: NULL;
}

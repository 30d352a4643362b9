/* first.c -- the analyses to begin with, for recordings that somebody has never analysed: what `rumble init` writes under
 * `stages`.
 *
 * Those of figures 2 and 3 of Pachitariu et al. 2025 (bioRxiv 2025.01.10.632397), on the recording and on its shuffle.
 * The paper's settings where the smallest recording bears them: ranks 11 to 500 take thousands of neurons, correlograms
 * of 100 lags in ten blocks some thousand frames. Smaller ones get shorter ranges; what would mean nothing at all is left
 * out, and a remark says so. */
#include <inttypes.h>
#include <math.h>
#include "rumble/stage.h"

/* Of fewer neurons than this one of many random halves may be left without; fewer frames than this hold no correlogram. */
enum { LEAST_NEURONS = 20, LEAST_FRAMES = 200, LARGE = 50000000 }; /* of LARGE samples fewer halves */
enum { MOST_ENTRIES = 16 };
static const double rate = 22; /* Hz, of frames made of spikes: that of the paper */

struct list {
	struct rmb_arena *arena;
	struct rmb_first *entry;
	int n;
	bool lost; /* there was no memory for a value */
};

static void
add(struct list *list, const char *name, const char *stage, struct rmb_first entry)
{
	entry.name = name;
	entry.stage = stage;
	list->entry[list->n++] = entry;
}

static const char *
kept(struct list *list, const char *value)
{
	list->lost |= !value;
	return value ? value : "";
}

static const char *
number(struct list *list, int64_t value)
{
	return kept(list, rmb_arena_printf(list->arena, "%" PRId64, value));
}

static const char *
range(struct list *list, int64_t first, int64_t last)
{
	return kept(list, rmb_arena_printf(list->arena, "%" PRId64 "..%" PRId64, first, last));
}

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

static void
add_preparation(struct list *list, bool spikes)
{
	add(list, "raw", "load", (struct rmb_first){ 0 });
	if (spikes) {
		add(list, "active", "select", (struct rmb_first){ .has = { { "recording", "raw" }, { "min_rate", "0.01 Hz" } } });
		add(list, "frames", "bin", (struct rmb_first){ .has = { { "recording", "active" }, { "rate", "22 Hz" } },
		                                               .remark = "spike times to counts in frames" });
	}
	add(list, "z", "zscore", (struct rmb_first){ .has = { { "recording", spikes ? "frames" : "raw" } } });
	add(list, "shuffled", "shuffle", (struct rmb_first){ .has = { { "recording", "z" } },
	                                                     .remark = "each neuron shifted in time: correlations are gone" });
	add(list, "each", "select", (struct rmb_first){ .has = { { "recording", "[z, shuffled]" } },
		.remark = "a branch for each: all that follows is done with both" });
	add(list, "direct", "spectrum", (struct rmb_first){ .has = { { "recording", "each" } }, .heading = "" });
}

static int64_t
clamp(int64_t x, int64_t low, int64_t high)
{
	return x < low ? low : x > high ? high : x;
}

static void
add_halves(struct list *list, double neurons, double frames, const char *spacing)
{
	int64_t most = (int64_t)(neurons / 2), last = clamp(most / 5, most < 10 ? most : 10, 500);
	int64_t first = clamp(last / 10, 1, 11), next = 2 * first < last / 4 ? 2 * first : first;
	add(list, "svca2", "svca2", (struct rmb_first){ .has = { { "recording", "each" }, { "spacing", spacing } },
		.heading = "the spectrum of what two halves of the neurons share, and its exponent with an interval from "
		           "other pairs of halves",
		.remark = "squares of the checkerboard; random halves where positions are unknown" });
	add(list, "halves", "svca2", (struct rmb_first){
		.has = { { "recording", "each" }, { "halves", "random" },
		         { "repeat", neurons * frames < LARGE ? "20" : "5" } } });
	add(list, "alpha", "powerlaw", (struct rmb_first){
		.has = { { "spectrum", "svca2.spectrum" }, { "replicates", "halves.spectrum" },
		         { "chance", "svca2@shuffled.spectrum" },
		  { "ranks", range(list, first, last) }, { "firsts", range(list, first, next) } },
		.remark = last < 500 ? "the paper's 11..500 needs thousands of neurons" : NULL });
	add(list, "svca", "svca", (struct rmb_first){ .has = { { "recording", "z" }, { "spacing", spacing } },
		.heading = "how many dimensions, and how much of their variance is reliable on frames held out" });
	add(list, "reliable", "reliable", (struct rmb_first){ .has = { { "spectrum", "svca.spectrum" },
	                                                               { "total", "svca.total" } } });
	add(list, "dimension", "dimension", (struct rmb_first){ .has = { { "spectrum", "svca2.spectrum" } } });
}

static void
add_time(struct list *list, double neurons, double frames, const char *spacing)
{
	int64_t lags = frames / 20 < 100 ? (int64_t)(frames / 20) : 100, components = (int64_t)fmin(1000, floor(neurons / 2));
	add(list, "timescale", "autocorrelogram", (struct rmb_first){
		.has = { { "recording", "z" }, { "spacing", spacing }, { "lags", number(list, lags) },
		         { "components", number(list, components) },
		  { "ranks", range(list, 1, components < 400 ? components : 400) } },
		.heading = "how long components last, and whether they turn while they decay" });
	add(list, "dmd", "dmd", (struct rmb_first){
		.has = { { "recording", "each" }, { "ridge", "0.1" },
		         { "components", number(list, (int64_t)fmin(1000, neurons)) } } });
}

const struct rmb_first *
rmb_first_entries(struct rmb_arena *arena, unsigned kind, const struct rmb_size *size, int n)
{
	struct list list = { .arena = arena, .entry = rmb_arena_alloc(arena, MOST_ENTRIES + 1, sizeof *list.entry) };
	const char *spacing = kind == RMB_SPIKES ? "40 um" : "25 um"; /* probes, and fields of view */
	double neurons, frames;
	if (!list.entry)
		return NULL;
	smallest(kind, size, n, &neurons, &frames);
	add_preparation(&list, kind == RMB_SPIKES);
	if (neurons >= LEAST_NEURONS)
		add_halves(&list, neurons, frames, spacing);
	else
		add(&list, NULL, NULL, (struct rmb_first){ .heading = "neurons: too few for halves of them" });
	if (neurons >= LEAST_NEURONS && frames >= LEAST_FRAMES)
		add_time(&list, neurons, frames, spacing);
	return list.lost ? NULL : list.entry;
}

/* stages/analyze/distance.c -- do neurons that are close correlate more, and where are the partners that a neuron correlates
 * with most?
 *
 * R = Z Z' / T over all frames, d the distance between two neurons. Pairs with d <= min_distance are excluded, a neuron with
 * itself among them (neighbours share light and contacts). Per neuron, the round(top N) partners with the largest R are
 * strong, all others not; ties go to the lower index. In bins of distance k,
 *     correlation(k) = mean over neurons of the mean R with their partners in the bin,
 *     odds(k) = (strong pairs in k / all admitted strong pairs) / (other pairs in k / all admitted other pairs),
 *     near_far = odds(first bin) / mean odds of the last four.
 * `variant: paper` divides by all strong and other slots, excluded pairs too, and one neuron without partners in a bin makes
 * the correlation of that bin NaN.
 * Reference: Pachitariu et al. 2025, figure 4.
 * Cost: N N T operations, for every pair is made once and serves both neurons, in blocks that are used up at once. Memory
 * beyond blocks: the strong partners, 12 top N^2 bytes up to 1 GiB; neurons beyond that are done in bands, at up to twice the
 * time. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "analyze/common.h"
#include "analyze/positions.h"
#include "numeric/pairs.h"

struct settings {
	struct place_settings place; /* first: its parameters are shared */
	double top, bin, min_distance;
	int64_t bins, sample;
	const char *variant, *precision;
};

#define AT(field) .at = offsetof(struct settings, field)
static const struct rmb_param params[] = {
	{ .name = "top", .kind = RMB_REAL, AT(top), .def = "0.01", .min = 1e-9, .max = 0.5,
	  .help = "part of all neurons that are a neuron's strong partners" },
	{ .name = "bin", .kind = RMB_REAL, AT(bin), .def = "200 um", .unit = "um", .min = 1e-6, .max = 1e9,
	  .help = "width of a bin of distance" },
	{ .name = "bins", .kind = RMB_INT, AT(bins), .def = "15", .min = 2, .max = RMB_PAIR_BINS_MAX,
	  .help = "bins of distance, from 0 on" },
	{ .name = "min_distance", .kind = RMB_REAL, AT(min_distance), .def = "20 um", .unit = "um", .min = 0, .max = 1e9,
	  .help = "pairs at this distance or closer are excluded" },
	RMB_PLACE_PARAMS,
	{ .name = "variant", .kind = RMB_WORD, AT(variant), .def = "corrected", .words = "corrected|paper",
	  .help = "paper: excluded pairs count among the others, empty bins spoil means, and the sample keeps excluded pairs" },
	{ .name = "sample", .kind = RMB_INT, AT(sample), .def = "20000", .min = 0, .max = 1e7,
	  .help = "pairs drawn at random and reported one by one; 0: none" },
	{ .name = "precision", .kind = RMB_WORD, AT(precision), .def = "single", .words = "single|double",
	  .help = "of the matrix product" },
	{ 0 } };

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "z-scored activity of neurons with positions" }, { 0 } };

#define CURVE(port, what) { .name = port, .kinds = RMB_ARRAY, .axes = "distance", .type = RMB_FLOAT64, .unit = "1", .help = what }
static const struct rmb_port out[] = {
	CURVE("odds", "share of strong pairs in a bin over the share of others; NaN: no pairs, infinite: all of them strong"),
	CURVE("strong", "strong partners of a neuron in a bin, mean over neurons"),
	CURVE("other", "other partners of a neuron in a bin, mean over neurons"),
	CURVE("correlation", "mean over neurons of their mean correlation with partners in a bin; NaN: no pairs"),
	CURVE("correlation_sd", "its standard deviation over neurons (divisor n); NaN: no pairs"),
	CURVE("correlation_pooled", "mean correlation of all pairs of a bin; NaN: no pairs"),
	{ .name = "near_far", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "1",
	  .help = "odds of the first bin over the mean odds of the last four; NaN: one of them is empty" },
	{ .name = "sample_distance", .kinds = RMB_ARRAY, .optional = true, .axes = "pair", .type = RMB_FLOAT64, .unit = "um",
	  .help = "distance of pairs drawn at random; variant paper: NaN for excluded ones" },
	{ .name = "sample_correlation", .kinds = RMB_ARRAY, .optional = true, .axes = "pair", .type = RMB_FLOAT64, .unit = "1",
	  .help = "correlation of the same pairs; variant paper: minus infinity for excluded ones" }, { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "correlation", .kind = "curve", .x = "distance", .y = "correlation",
	  .caption = "Mean correlation of neurons with their partners at a distance, in bins of {bin}: mean over neurons, "
	             "and one standard deviation over neurons to either side.",
	  .series = { { .y = "correlation", .style = "line", .label = "mean over neurons", .spread = "correlation_sd" } },
	  .guide = { { .shape = "horizontal", .at = "0" } } },
	{ .name = "pairs", .kind = "curve", .x = "distance", .y = "correlation",
	  .caption = "Pairs of neurons drawn at random.",
	  .series = { { .y = "sample_correlation", .x = "sample_distance", .style = "points", .label = "pairs" } },
	  .guide = { { .shape = "horizontal", .at = "0" } } },
	{ .name = "odds", .kind = "curve", .x = "distance", .y = "odds of strong pairs", .logy = true,
	  .caption = "Odds that a pair at this distance is strong (top {top} of a neuron's partners), relative to other "
	             "pairs; near to far: {near_far}.",
	  .series = { { .y = "odds", .style = "line", .label = "near to far {near_far}" } },
	  .guide = { { .shape = "horizontal", .at = "1", .label = "no preference" } } }, { 0 } };

/* ---- outputs ---- */

static int
publish_counts(struct rmb_call *call, const struct rmb_pair_table *table, const struct rmb_axis *axis)
{
	const struct { const char *port; const int64_t *count; } counts[] = { { "strong", table->strong },
	                                                                      { "other", table->other } };
	for (size_t c = 0; c < 2; c++) {
		struct rmb_array *to = rmb_output(call, counts[c].port, axis);
		if (!to)
			return RMB_ELIMIT;
		double *mean = to->data;
		for (int64_t i = 0; i < table->n; i++)
			for (int64_t b = 0; b < table->nbins; b++)
				mean[b] += (double)counts[c].count[i * table->nbins + b];
		for (int64_t b = 0; b < table->nbins; b++)
			mean[b] /= (double)table->n;
	}
	return 0;
}

/* Where curves have no value, and why. */
static void
warn_gaps(struct rmb_call *call, const struct settings *set, const struct rmb_pair_curves *curves)
{
	int64_t empty = 0, spoiled = 0;
	for (int64_t b = 0; b < set->bins; b++) {
		empty += isnan(curves->pooled[b]);
		spoiled += isnan(curves->mean[b]) && !isnan(curves->pooled[b]);
	}
	if (empty)
		rmb_warn(call, "%" PRId64 " of %" PRId64 " bins of %g um hold no pairs: their entries are NaN%s", empty,
		         set->bins, set->bin,
		         !isnan(curves->near_far) ? ""
		                                  : ", and so is near_far; choose bin and bins so that the last four lie "
		                                    "within the recording");
	else if (!isfinite(curves->near_far))
		rmb_warn(call, "near_far is %s: %s", isnan(curves->near_far) ? "not a number" : "infinite",
		         isnan(curves->near_far) ? "the bins that it compares hold no pairs that are strong, or no others"
		                                 : "no pair of the last four bins is strong, or every pair of the first");
	if (spoiled)
		rmb_warn(call,
		         "variant paper: in %" PRId64 " of %" PRId64
		         " bins some neuron has no partners, so that the mean over neurons is NaN there; "
		         "`correlation_pooled` has a value",
		         spoiled, set->bins);
}

static int
publish_curves(struct rmb_call *call, const struct settings *set, const struct rmb_pair_table *table)
{
	/* entry k at the middle of bin k */
	struct rmb_axis axis = rmb_axis_make("distance", "um", set->bins, set->bin / 2, set->bin);
	struct rmb_array *odds = rmb_output(call, "odds", &axis), *mean = rmb_output(call, "correlation", &axis);
	struct rmb_array *sd = rmb_output(call, "correlation_sd", &axis), *pooled = rmb_output(call, "correlation_pooled", &axis);
	if (!odds || !mean || !sd || !pooled)
		return RMB_ELIMIT;
	struct rmb_pair_curves curves = { .odds = odds->data, .mean = mean->data, .sd = sd->data, .pooled = pooled->data };
	rmb_pair_curves(table, strcmp(set->variant, "paper") == 0, &curves);
	warn_gaps(call, set, &curves);
	int rc = publish_counts(call, table, &axis);
	return rc ? rc : rmb_output_scalar(call, "near_far", curves.near_far);
}

static int
publish_sample(struct rmb_call *call, const struct settings *set, const struct rmb_pair_table *table)
{
	bool paper = strcmp(set->variant, "paper") == 0;
	const double *distance = table->sample_distance, *correlation = table->sample_correlation;
	int64_t kept = 0, at = 0;
	for (int64_t s = 0; s < set->sample; s++)
		kept += paper || !isnan(distance[s]);
	if (set->sample > 0 && kept == 0)
		rmb_warn(call, "all %" PRId64 " pairs drawn at random are excluded: there is no sample", set->sample);
	if (kept == 0)
		return 0;
	struct rmb_axis axis = rmb_axis_index("pair", kept);
	struct rmb_array *to_distance = rmb_output(call, "sample_distance", &axis),
	                 *to = rmb_output(call, "sample_correlation", &axis);
	if (!to_distance || !to)
		return RMB_ELIMIT;
	for (int64_t s = 0; s < set->sample; s++) {
		if (!paper && isnan(distance[s]))
			continue;
		((double *)to_distance->data)[at] = distance[s];
		((double *)to->data)[at++] = correlation[s];
	}
	return 0;
}

/* ---- run ---- */

static int64_t *
draw(struct rmb_call *call, int64_t n, int64_t nsample)
{
	int64_t *pair = rmb_scratch(call, (size_t)nsample, sizeof *pair);
	struct rmb_stream stream = rmb_shared_stream(call, "pairs", n);
	for (int64_t s = 0; pair && s < nsample; s++)
		pair[s] = rmb_random_below(stream, (uint64_t)s, n * n);
	return pair;
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	const struct rmb_recording *recording = rmb_zscored_input(call, "distance");
	if (!recording)
		return RMB_EDATA;
	struct rmb_part part = { call, 0, 1 };
	struct rmb_pairs what = {
		.recording = recording, .top = set->top, .nearest = set->min_distance, .width = set->bin, .nbins = set->bins,
		.nsample = set->sample, .in_double = strcmp(set->precision, "double") == 0, .threads = rmb_threads(call),
		.progress = rmb_part_progress, .progress_argument = &part,
	};
	int64_t n = recording->neurons.n, strong = rmb_strong_count(set->top, n);
	if (n < 2 || strong < 1)
		return rmb_fail(call, RMB_EDATA,
		                "distance: recording '%s' has %" PRId64
		                " neuron%s, and the top %g of them is less than one; needs more neurons, or a larger top",
		                rmb_recording_name(call), n, n == 1 ? "" : "s", set->top);
	int rc = rmb_place_input(call, "distance", &set->place, &recording->neurons, &what.space);
	struct rmb_pair_table table;
	if (!rc)
		rc = rmb_pair_table_make(rmb_call_arena(call), &what, &table, rmb_call_error(call));
	if (!rc && !(what.sample = draw(call, n, set->sample)))
		rc = RMB_ELIMIT;
	if (!rc)
		rc = rmb_pairs_tabulate(&what, &table, rmb_call_error(call));
	if (!rc && table.admitted_strong + table.admitted_other == 0)
		rc = rmb_fail(call, RMB_EDATA,
		              "distance: all neurons of recording '%s' lie within min_distance of %g um of each other; if "
		              "positions are in pixels, give `pixel` where they are loaded",
		              rmb_recording_name(call), set->min_distance);
	if (!rc)
		rc = publish_curves(call, set, &table);
	return rc ? rc : publish_sample(call, set, &table);
}

static int
check(const void *settings, struct rmb_error *error)
{
	return rmb_place_check(&((const struct settings *)settings)->place, false, error);
}

static bool
draws(const void *settings)
{
	return ((const struct settings *)settings)->sample > 0;
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	bool in_double = strcmp(set->precision, "double") == 0;
	double n = size->neurons, slots = (double)set->bins + 1;
	cost->flops = (in_double ? 2 : 1) * n * n * size->frames;
	cost->bytes = 4 * n * size->frames + 20 * n * n;
	cost->memory = rmb_pairs_memory(n, size->frames, set->top, in_double) + 40 * n * slots + 24 * (double)set->sample + 32e6;
	cost->disk = 48 * slots + 16 * (double)set->sample + 32768;
}

const struct rmb_stage rmb_stage_distance = {
	.name = "distance", .version = 1, .folder = "analyze",
	.brief = "correlation against distance, and where strong pairs are",
	.about = "Correlates every two neurons over all frames and sets the result against the distance between them: the "
	         "mean in bins, and the odds that the strongest partners of a neuron (the top 1 %) are found at a distance. "
	         "Pairs within min_distance are excluded. Each pair is computed once, block by block; the matrix of all "
	         "pairs is never held.",
	.cite = "Pachitariu et al. 2025, A critical initialization for biological neural networks, bioRxiv "
	        "2025.01.10.632397: figure 4",
	.caption = "Correlation against distance; strong pairs: top {top}, pairs within {min_distance} excluded, geometry "
	           "{geometry}. Near to far: {near_far}.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.draws = draws, .check = check, .estimate = estimate, .run = run,
};

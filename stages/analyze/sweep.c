/* stages/analyze/sweep.c -- one number of an analysis as a function of its settings.
 *
 * A driver: it proposes the sets that `vary` lists, all at once, and gathers the number at its input for each,
 *     value = mean over replicates,   spread = sqrt(sum (v - mean)^2 / n),   n replicates,
 * with divisor n as in the paper's error bars (methods S9). Which settings are varied is the recipe's business: bin widths (S9),
 * neurons or duration by the stage subset (S19), or any other. A set of which nothing came is not a number and is named.
 * Cost: nothing; the analyses cost what they cost. */
#include <math.h>
#include <string.h>
#include "analyze/sets.h"

struct settings { const char *axis; };

static const struct rmb_param params[] = {
	{ .name = "axis", .kind = RMB_WORD, .at = offsetof(struct settings, axis), .def = "auto", .words = "auto|linear|log",
	  .help = "of the figure; auto: log if all settings are above zero and the largest is 20 times the smallest or more" },
	{ 0 } };

static const struct rmb_port in[] = {
	{ .name = "value", .kinds = RMB_ARRAY, .gather = RMB_SETS, .axes = "",
	  .help = "the number to follow, as alpha.exponent" }, { 0 } };

#define VECTOR(port, over, what, text) { .name = port, .kinds = RMB_ARRAY, .axes = over, .type = what, .unit = "1", .help = text }
#define X(port, text) \
	{ .name = port, .kinds = RMB_ARRAY, .optional = true, .axes = "set", .type = RMB_FLOAT64, .unit = "1", .help = text }

static const struct rmb_port out[] = {
	VECTOR("value", "set", RMB_FLOAT64, "mean over replicates; not a number where a set failed"),
	VECTOR("spread", "set", RMB_FLOAT64, "standard deviation over replicates, divisor n"),
	VECTOR("n", "set", RMB_INT64, "replicates that the mean is over"),
	VECTOR("setting", "varied set", RMB_FLOAT64,
	       "settings of each set in base units (s, Hz, um); not a number for words, ranges and lists"),
	VECTOR("text", "varied set", RMB_TEXT, "the same as one would write them"),
	X("linear", "first setting, or number of the set where that is no number, if the axis is linear"),
	X("log", "the same if the axis is logarithmic"),
	{ .name = "lowest", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "1", .help = "least value of all sets" },
	{ .name = "highest", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "1",
	  .help = "largest value of all sets" }, { 0 } };

#define FIGURE(at, islog) { .name = "sweep", .kind = "curve", .x = "{vary}", .y = "{value}", .logx = islog, \
	.caption = "{value} for each value of {vary}: from {lowest} to {highest}. With replicates, their mean and " \
	           "standard deviation.", \
	.series = { { .y = "value", .x = at, .spread = "spread", .style = "line", .label = "{value}" }, \
	            { .y = "value", .x = at, .style = "points", .label = "sets" } } }
static const struct rmb_figure figures[] = { FIGURE("linear", false), FIGURE("log", true), { 0 } };

/* ---- what to run */

/* Set k is value k of each list. */
static int
propose(struct rmb_search *search, struct rmb_error *error)
{
	int n = search->nvaried ? search->varied[0].n : 0;
	const char ***set = rmb_arena_alloc(search->arena, (size_t)n, sizeof *set);
	for (int s = 0; set && s < n; s++) {
		set[s] = rmb_arena_alloc(search->arena, (size_t)search->nvaried, sizeof **set);
		for (int v = 0; set[s] && v < search->nvaried; v++)
			set[s][v] = search->varied[v].text[s];
		if (!set[s])
			return rmb_error_nomem(error, "the sets of a sweep");
	}
	if (!set)
		return rmb_error_nomem(error, "the sets of a sweep");
	search->nsets = n;
	search->set = (const char *const *const *)set;
	search->done = true;
	return 0;
}

/* ---- what came of it */

static int
output_settings(struct rmb_call *call, int nsets)
{
	int nvaried = rmb_varied_count(call);
	struct rmb_axis axes[] = { rmb_axis_index("varied", nvaried), rmb_axis_make("set", "1", nsets, 1, 1) };
	int64_t n = (int64_t)nvaried * nsets;
	const char **text = rmb_scratch(call, (size_t)n, sizeof *text);
	struct rmb_array *setting = rmb_output(call, "setting", axes);
	if (!setting || !text)
		return RMB_ELIMIT;
	for (int v = 0; v < nvaried; v++)
		for (int s = 0; s < nsets; s++) {
			((double *)setting->data)[v * nsets + s] = rmb_varied_number(call, s, v);
			text[v * nsets + s] = rmb_varied_text(call, s, v);
		}
	return rmb_output_text_list(call, "text", axes, n, text);
}

/* Where the sets lie on the axis of the figure. */
static int
output_axis(struct rmb_call *call, int nsets)
{
	const struct settings *set = rmb_settings(call);
	double least = INFINITY, most = 0;
	bool numbers = true;
	for (int s = 0; s < nsets; s++) {
		double x = rmb_varied_number(call, s, 0);
		numbers &= isfinite(x);
		least = fmin(least, x);
		most = fmax(most, x);
	}
	bool positive = numbers && least > 0, wide = positive && most >= 20 * least;
	bool is_log = strcmp(set->axis, "log") == 0 ? positive : strcmp(set->axis, "auto") == 0 && wide;
	struct rmb_axis axis = rmb_axis_make("set", "1", nsets, 1, 1);
	struct rmb_array *x = rmb_output(call, is_log ? "log" : "linear", &axis);
	if (!x)
		return RMB_ELIMIT;
	if (strcmp(set->axis, "log") == 0 && !positive)
		rmb_warn(call,
		         "a logarithmic axis has no place for %s, which is not above zero in every set: the figure's is "
		         "linear",
		         rmb_varied_name(call, 0));
	if (numbers)
		strcpy(x->unit, rmb_varied_unit(call, 0));
	for (int s = 0; s < nsets; s++)
		((double *)x->data)[s] = numbers ? rmb_varied_number(call, s, 0) : s + 1;
	return 0;
}

static int
output_range(struct rmb_call *call, int nsets, const double *mean)
{
	double least = NAN, most = NAN;
	for (int s = 0; s < nsets; s++) { /* fmin and fmax pass over what is not a number */
		least = fmin(least, mean[s]);
		most = fmax(most, mean[s]);
	}
	int code = rmb_output_scalar(call, "lowest", least);
	return code ? code : rmb_output_scalar(call, "highest", most);
}

static int
run(struct rmb_call *call)
{
	int nsets = rmb_set_count(call);
	const double *value, *spread;
	const int64_t *n;
	int code = rmb_sets_gather(call, "sweep", "set", &value, &spread, &n);
	code = code ? code : output_settings(call, nsets);
	code = code ? code : output_axis(call, nsets);
	return code ? code : output_range(call, nsets, value);
}

const struct rmb_stage rmb_stage_sweep = {
	.name = "sweep", .version = 1, .folder = "analyze", .brief = "a number as a function of settings above it",
	.about = "Computes one number again for each of the values that `vary` lists, and everything on the way to it from "
	         "the varied setting on; what lies above is shared. A set with the settings that the recipe has anyway is "
	         "not computed twice. `vary: {frames.width: [50 ms, 100 ms], good.min_rate: [0.1 Hz, 0.05 Hz]}` varies two "
	         "settings together: the first values are one set, the second another. Replicates of the number become mean "
	         "and standard deviation (divisor n). A set that fails is not a number, and is named in a warning; the "
	         "others stand. The results of the sets are in results/ as NODE@SWEEP+1, NODE@SWEEP+2 and so on.",
	.cite = "Pachitariu et al. 2025, bioRxiv 2025.01.10.632397: time-bin sweep",
	.caption = "{value} for each value of {vary}: from {lowest} to {highest}.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.propose = propose, .goes_on = true, .run = run,
};

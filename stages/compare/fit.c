/* stages/compare/fit.c -- settings that make a number smallest: of a simulation, those that bring it nearest to a recording.
 *
 * A driver. `vary` gives two bounds for each setting; between them numeric/evolution.h searches by generations of sets, and
 * each set's value is its mean over replicates. Settings are searched on a line from 0 to 1 between the bounds, in the
 * coordinate in which they matter evenly (compare/coordinate.h). A set without value, or without that of some replicates,
 * counts as worse than all that have them. The search ends after `generations`, when candidates differ by less than
 * `tolerance` of the way between the bounds, or when a generation has one value throughout.
 * Cost: nothing; candidates cost what they cost. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "compare/coordinate.h"
#include "numeric/evolution.h"
#include "rumble/units.h"
#include "rumble/stage.h"

struct settings { int64_t generations, population; double tolerance; };

enum { MOST_SETS = 20000, ENOUGH = 20 };

#define AT(field) .at = offsetof(struct settings, field)
static const struct rmb_param params[] = {
	{ .name = "generations", .kind = RMB_INT, AT(generations), .def = "12", .min = 1, .max = 900,
	  .help = "rounds of candidates, at most" },
	{ .name = "population", .kind = RMB_INT, AT(population), .def = "none", .none = true, .min = 4,
	  .max = RMB_EVOLUTION_POPULATION,
	  .help = "candidates of a generation; none: 4 for one setting, 6 for two, 7 for three, more for more" },
	{ .name = "tolerance", .kind = RMB_REAL, AT(tolerance), .def = "0.01", .unit = "1", .max = 0.5,
	  .help = "standard deviation of candidates, as a part of the way between the bounds, at which the search ends; 0: "
	          "never" }, { 0 } };

static const struct rmb_port in[] = {
	{ .name = "value", .kinds = RMB_ARRAY, .gather = RMB_SETS, .axes = "",
	  .help = "the number to make small, as the misfit of a simulation" }, { 0 } };

#define VECTOR(port, over, what, text) { .name = port, .kinds = RMB_ARRAY, .axes = over, .type = what, .unit = "1", .help = text }
#define X(port, text) \
	{ .name = port, .kinds = RMB_ARRAY, .optional = true, .axes = "set", .type = RMB_FLOAT64, .unit = "1", .help = text }
static const struct rmb_port out[] = {
	VECTOR("best", "varied", RMB_FLOAT64, "settings of the best set in base units (s, Hz, um)"),
	VECTOR("name", "varied", RMB_TEXT, "what is varied"),
	VECTOR("best_text", "varied", RMB_TEXT, "the best set as one would write it"),
	VECTOR("low", "varied", RMB_FLOAT64, "smallest among the better half of the last generation"),
	VECTOR("high", "varied", RMB_FLOAT64,
	       "largest among them: how far the search has closed in, not an interval of confidence"),
	VECTOR("least", "", RMB_FLOAT64, "value of the best set"),
	VECTOR("sentence", "", RMB_TEXT, "the best set in words"),
	VECTOR("evaluated", "", RMB_INT64, "sets that were tried"),
	VECTOR("value", "set", RMB_FLOAT64, "mean over replicates; not a number where a set failed"),
	VECTOR("n", "set", RMB_INT64, "replicates that the mean is over"),
	VECTOR("generation", "set", RMB_INT64, "generation of the set: 1, 2, ..."),
	VECTOR("so_far", "set", RMB_FLOAT64, "least value up to the set"),
	VECTOR("setting", "varied set", RMB_FLOAT64, "settings of each set in base units"),
	VECTOR("text", "varied set", RMB_TEXT, "the same as they were written"),
	X("first", "first setting of each set"), X("second", "second setting"), X("third", "third setting"), { 0 } };

#define AGAINST(which, title) { .name = which, .kind = "curve", .x = title, .y = "{value}", \
	.caption = "{value} of every candidate against the " which " setting that is varied. {sentence}", \
	.series = { { .y = "value", .x = which, .style = "points", .label = "candidates" } } }
static const struct rmb_figure figures[] = {
	{ .name = "search", .kind = "curve", .x = "candidate", .y = "{value}",
	  .caption = "{value} of every candidate in the order tried. {sentence}",
	  .series = { { .y = "value", .style = "points", .label = "candidates" },
	              { .y = "so_far", .style = "line", .label = "least so far" } } },
	AGAINST("first", "{vary}"), AGAINST("second", "{vary2}"), AGAINST("third", "{vary3}"), { 0 } };

static int
population_of(const struct settings *set, int nvaried)
{
	return set->population > 0 ? (int)set->population : rmb_evolution_population(nvaried);
}

/* ---- what to try */

/* Value of a set as it counts: replicates that are missing before the mean of the others. */
struct score { int missing; double mean; };

static struct score
score_of(const struct rmb_tried *tried)
{
	struct score score = { 0, 0 };
	for (int k = 0; k < tried->n; k++)
		if (isnan(tried->value[k]))
			score.missing++;
		else
			score.mean += tried->value[k] / tried->n;
	score.mean = score.missing == tried->n ? INFINITY : score.mean * tried->n / (tried->n - score.missing);
	return score;
}

static bool
better(struct score a, struct score b)
{
	return a.missing < b.missing || (a.missing == b.missing && a.mean < b.mean);
}

/* Indices of a generation, best first, equals in the order tried. Whether they differ at all. */
static bool
sort(const struct rmb_tried *tried, int n, int *order)
{
	struct score score[RMB_EVOLUTION_POPULATION];
	for (int k = 0; k < n; k++) {
		int at = k;
		score[k] = score_of(&tried[k]);
		for (; at > 0 && better(score[k], score[order[at - 1]]); at--)
			order[at] = order[at - 1];
		order[at] = k;
	}
	return better(score[order[0]], score[order[n - 1]]);
}

/* The generation as sets. */
static int
lay_out(struct rmb_search *search, const struct rmb_evolution *e, const struct coordinate *c, struct rmb_error *error)
{
	const char ***set = rmb_arena_alloc(search->arena, (size_t)e->population, sizeof *set);
	for (int k = 0; set && k < e->population; k++) {
		double x[RMB_EVOLUTION_NUMBERS];
		rmb_evolution_point(e, k, x);
		set[k] = rmb_arena_alloc(search->arena, (size_t)e->n, sizeof **set);
		for (int v = 0; v < e->n; v++)
			if (!set[k] || !(set[k][v] = rmb_coordinate_text(search->arena, &c[v], rmb_evolution_fold(x[v]))))
				return rmb_error_nomem(error, "the candidates of a fit");
	}
	search->nsets = set ? e->population : 0;
	search->set = (const char *const *const *)set;
	return set ? 0 : rmb_error_nomem(error, "the candidates of a fit");
}

static int
propose(struct rmb_search *search, struct rmb_error *error)
{
	const struct settings *set = search->settings;
	struct coordinate c[RMB_EVOLUTION_NUMBERS];
	struct rmb_evolution e;
	int n = search->nvaried, population = population_of(set, n), order[RMB_EVOLUTION_POPULATION], code;
	if (n > RMB_EVOLUTION_NUMBERS)
		return rmb_error_set(error, RMB_ERECIPE, "vary names %d settings; a fit can search %d at most", n,
		                     RMB_EVOLUTION_NUMBERS);
	for (int v = 0; v < n; v++)
		if ((code = rmb_coordinate_of(&search->varied[v], &c[v], error)))
			return code;
	rmb_evolution_begin(&e, n, population, search->stream);
	bool differ = true;
	for (int first = 0; first + population <= search->ntried; first += population) {
		differ = sort(&search->tried[first], population, order);
		if (first == 0 && !isfinite(score_of(&search->tried[order[0]]).mean))
			return rmb_error_set(error, RMB_EDATA,
			                     "none of the %d candidates of the first generation has a value; look at why "
			                     "they failed or choose other bounds",
			                     population);
		rmb_evolution_learn(&e, order);
	}
	search->done = e.generation + 1 >= set->generations;
	if (e.generation >= set->generations || !differ || rmb_evolution_width(&e) < set->tolerance)
		return 0; /* no sets: done */
	return lay_out(search, &e, c, error);
}

/* ---- what came of it */

struct tries { struct rmb_call *call; int nsets, nvaried, population, best; double *value; int64_t *n; };

/* Means over replicates; the best set is the one that the search took for it: with all replicates, if any has them. */
static void
summarize(struct tries *t)
{
	int ninputs = rmb_input_count(t->call, "value");
	int64_t most = 0;
	for (int i = 0; i < ninputs; i++) {
		double v = *(const double *)rmb_input_array(t->call, "value", i)->data;
		t->value[rmb_input_set(t->call, i)] += isnan(v) ? 0 : v;
		t->n[rmb_input_set(t->call, i)] += !isnan(v);
	}
	t->best = -1;
	for (int s = 0; s < t->nsets; s++) {
		t->value[s] = t->n[s] ? t->value[s] / (double)t->n[s] : NAN;
		if (t->n[s] > most || (t->n[s] == most && most > 0 && t->value[s] < t->value[t->best])) {
			t->best = s;
			most = t->n[s];
		}
	}
}

static void
warn(const struct tries *t)
{
	int64_t without = 0, few = 0;
	for (int s = 0; s < t->nsets; s++) {
		without += t->n[s] == 0;
		few += t->n[s] > 0 && t->n[s] < t->n[t->best];
	}
	if (without)
		rmb_warn(t->call, "%" PRId64 " of %d candidates have no value", without, t->nsets);
	if (few)
		rmb_warn(t->call, "%" PRId64 " of %d candidates lack replicates and count as worse than the others", few,
		         t->nsets);
	double least = INFINITY, most = -INFINITY;
	for (int s = t->nsets - t->population; s < t->nsets; s++) {
		least = fmin(least, t->value[s]);
		most = fmax(most, t->value[s]);
	}
	if (least == most)
		rmb_warn(t->call, "all candidates of the last generation have the same value: it does not depend on what is "
		                  "varied, or only where nothing was tried");
}

/* Names and texts of the best set, and texts of all. */
static int
output_texts(const struct tries *t)
{
	struct rmb_call *call = t->call;
	struct rmb_axis axes[] = { rmb_axis_index("varied", t->nvaried), rmb_axis_make("set", "1", t->nsets, 1, 1) };
	size_t nvaried = (size_t)t->nvaried, nsets = (size_t)t->nsets;
	const char **name = rmb_scratch(call, nvaried * (nsets + 2), sizeof *name);
	if (!name)
		return RMB_ELIMIT;
	const char **best = name + nvaried, **text = best + nvaried;
	for (int v = 0; v < t->nvaried; v++) {
		name[v] = rmb_varied_name(call, v);
		best[v] = rmb_varied_text(call, t->best, v);
		for (int s = 0; s < t->nsets; s++)
			text[v * t->nsets + s] = rmb_varied_text(call, s, v);
	}
	int rc = rmb_output_text_list(call, "name", axes, t->nvaried, name);
	rc = rc ? rc : rmb_output_text_list(call, "best_text", axes, t->nvaried, best);
	return rc ? rc : rmb_output_text_list(call, "text", axes, (int64_t)(nvaried * nsets), text);
}

/* A setting of a set as a number. */
static double
number_at(const struct tries *t, int s, int v)
{
	double number = rmb_varied_number(t->call, s, v), read;
	return isnan(number) && !rmb_quantity_parse(rmb_varied_text(t->call, s, v), "1", &read, NULL) ? read : number;
}

/* Of the better half of the last generation. */
static bool
among_the_last(const struct tries *t, int s)
{
	int better_ones = 0;
	for (int other = t->nsets - t->population; other < t->nsets; other++)
		better_ones += t->value[other] < t->value[s];
	return s >= t->nsets - t->population && !isnan(t->value[s]) && better_ones < t->population / 2;
}

/* A best set with nothing tried beyond it: the bounds may be too narrow. Among few candidates one is always outermost. */
static void
warn_of_the_end(const struct tries *t, int v, const double *row)
{
	bool least = true, most = true;
	for (int s = 0; s < t->nsets; s++) {
		least &= row[t->best] <= row[s];
		most &= row[t->best] >= row[s];
	}
	if (t->nsets >= ENOUGH && least != most)
		rmb_warn(t->call, "the best %s, %s, is the %s of all that were tried: wider bounds may hold a better one",
		         rmb_varied_name(t->call, v), rmb_varied_text(t->call, t->best, v), least ? "smallest" : "largest");
}

static int
output_numbers(const struct tries *t)
{
	static const char *const axis_of[] = { "first", "second", "third" };
	struct rmb_call *call = t->call;
	struct rmb_axis axes[] = { rmb_axis_index("varied", t->nvaried), rmb_axis_make("set", "1", t->nsets, 1, 1) };
	struct rmb_array *best = rmb_output(call, "best", axes), *low = rmb_output(call, "low", axes),
	                 *high = rmb_output(call, "high", axes), *setting = rmb_output(call, "setting", axes);
	if (!best || !low || !high || !setting)
		return RMB_ELIMIT;
	for (int v = 0; v < t->nvaried; v++) {
		struct rmb_array *x = v < 3 ? rmb_output(call, axis_of[v], &axes[1]) : NULL;
		double least = NAN, most = NAN, *row = (double *)setting->data + (int64_t)v * t->nsets;
		if (v < 3 && !x)
			return RMB_ELIMIT;
		if (x)
			strcpy(x->unit, rmb_varied_unit(call, v));
		for (int s = 0; s < t->nsets; s++) {
			row[s] = number_at(t, s, v);
			if (x)
				((double *)x->data)[s] = row[s];
			if (among_the_last(t, s)) {
				least = fmin(least, row[s]);
				most = fmax(most, row[s]);
			}
		}
		warn_of_the_end(t, v, row);
		((double *)best->data)[v] = row[t->best];
		((double *)low->data)[v] = least;
		((double *)high->data)[v] = most;
	}
	return 0;
}

static int
output_history(const struct tries *t)
{
	struct rmb_axis axis = rmb_axis_make("set", "1", t->nsets, 1, 1);
	struct rmb_array *generation = rmb_output(t->call, "generation", &axis), *so_far = rmb_output(t->call, "so_far", &axis);
	double least = NAN;
	if (!generation || !so_far)
		return RMB_ELIMIT;
	for (int s = 0; s < t->nsets; s++) {
		((int64_t *)generation->data)[s] = s / t->population + 1;
		((double *)so_far->data)[s] = least = fmin(least, t->value[s]); /* fmin passes over what is not a number */
	}
	int code = rmb_output_scalar(t->call, "least", t->value[t->best]);
	return code ? code : rmb_output_scalar(t->call, "evaluated", t->nsets);
}

static int
output_sentence(const struct tries *t)
{
	struct rmb_arena *arena = rmb_call_arena(t->call);
	char number[64];
	const char *text = "Least";
	for (int v = 0; text && v < t->nvaried; v++) {
		double x = number_at(t, t->best, v);
		bool bare = strcmp(rmb_varied_unit(t->call, v), "1") == 0;
		if (bare)
			snprintf(number, sizeof number, "%.6g", x);
		text = rmb_arena_printf(arena, "%s %s %s = %s", text, v ? "and" : "with", rmb_varied_name(t->call, v),
		                        bare ? number
		                             : rmb_quantity_print(x, rmb_varied_unit(t->call, v), number, sizeof number));
	}
	if (text)
		text = rmb_arena_printf(arena, "%s: %.4g, of %d candidates in %d generations.", text, t->value[t->best],
		                        t->nsets, t->nsets / t->population);
	return text ? rmb_output_text(t->call, "sentence", text) : rmb_fail(t->call, RMB_ELIMIT, "no memory for a sentence");
}

static int
run(struct rmb_call *call)
{
	struct tries t = { .call = call, .nsets = rmb_set_count(call), .nvaried = rmb_varied_count(call) };
	struct rmb_axis axis = rmb_axis_make("set", "1", t.nsets, 1, 1);
	t.population = population_of(rmb_settings(call), t.nvaried);
	for (int i = 0; i < rmb_input_count(call, "value"); i++)
		if (rmb_input_array(call, "value", i)->type != RMB_FLOAT64 ||
		    rmb_array_count(rmb_input_array(call, "value", i)) != 1)
			return rmb_fail(call, RMB_EDATA, "fit: '%s' is not a number in double precision",
			                rmb_input_name(call, "value", i));
	struct rmb_array *value = rmb_output(call, "value", &axis), *n = rmb_output(call, "n", &axis);
	if (!value || !n)
		return RMB_ELIMIT;
	t.value = value->data;
	t.n = n->data;
	summarize(&t);
	if (t.best < 0)
		return rmb_fail(call, RMB_EDATA, "fit: none of its %d candidates has a value", t.nsets);
	warn(&t);
	int code = output_texts(&t);
	code = code ? code : output_numbers(&t);
	code = code ? code : output_history(&t);
	return code ? code : output_sentence(&t);
}

/* ---- descriptor */

static int
check(const void *settings, struct rmb_error *error)
{
	const struct settings *set = settings;
	if (set->population > 0 && set->generations * set->population > MOST_SETS)
		return rmb_error_set(error, RMB_ERECIPE,
		                     "%" PRId64 " generations of %" PRId64
		                     " candidates are more than the %d that a search can have",
		                     set->generations, set->population, MOST_SETS);
	return 0;
}

const struct rmb_stage rmb_stage_fit = {
	.name = "fit", .version = 1, .folder = "compare", .brief = "settings that bring a simulation nearest to a recording",
	.about = "Looks for the settings at which a number is smallest, such as the misfit of a simulation: `vary: "
	         "{network.edge: [0.9, 0.9999], network.time_constant: [10 ms, 200 ms]}` gives bounds, and generations of "
	         "candidates close in on the best, each computed and kept like any node, so that a search that was stopped "
	         "goes on. Settings whose bounds are a factor of ten apart are searched by their logarithm, those near 1, as "
	         "an edge, by that of their distance from 1. Simulations should have `draws: common`, so that candidates are "
	         "compared on the same random numbers, and some replicates, so that the best does not fit one draw. The "
	         "spread of the last generation says how far the search has closed in; how well the data determine a setting "
	         "it does not say: refit simulations made with the best settings for that. A best set at a bound asks for "
	         "wider bounds.",
	.cite = "Hansen 2016, The CMA Evolution Strategy: A Tutorial, arXiv 1604.00772; Krause, Arbones and Igel 2016, "
	        "NeurIPS 29: root by Cholesky",
	.caption = "{sentence}", .headline = "sentence", .summary = "sentence least evaluated",
	.tables = "varied",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.draws = rmb_draws_always, .check = check, .propose = propose, .goes_on = true, .run = run,
};

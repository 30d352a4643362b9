/* tests/search/stages.c -- the program with three stages more: a search that goes on for several rounds, the same that goes
 * on over failures, and a number to search for. Rounds, and what can go wrong with them, are tested with these before any
 * search of ours exists. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "rumble/stage.h"

/* ---- a number with a least value, which costs nothing: (x - 0.3 s)^2 + noise; of neuron k alone (x - 0.3 s - k s)^2 */

struct bowl { double x, fails_above, noise; };

static const struct rmb_param bowl_params[] = {
	{ .name = "x", .kind = RMB_REAL, .at = offsetof(struct bowl, x), .def = "1 s", .unit = "s", .min = 0, .max = 10, .help = "where" },
	{ .name = "fails_above", .kind = RMB_REAL, .at = offsetof(struct bowl, fails_above), .def = "10 s", .unit = "s",
	  .help = "no value beyond" },
	{ .name = "noise", .kind = RMB_REAL, .at = offsetof(struct bowl, noise), .def = "0", .help = "of each replicate" }, { 0 } };
static const struct rmb_port bowl_in[] = { { .name = "of", .kinds = RMB_RECORDING | RMB_ARRAY, .help = "anything" }, { 0 } };
static const struct rmb_port bowl_out[] = {
	{ .name = "depth", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "1", .help = "what is to be small" }, { 0 } };

static bool
bowl_draws(const void *settings)
{
	return ((const struct bowl *)settings)->noise > 0;
}

static int
bowl_run(struct rmb_call *call)
{
	const struct bowl *set = rmb_settings(call);
	const struct rmb_recording *of = rmb_input_kind(call, "of", 0) == RMB_RECORDING ? rmb_input_recording(call, "of", 0) : NULL;
	double d = set->x - 0.3 - (of && of->neurons.n == 1 && of->neurons.id ? (double)of->neurons.id[0] : 0);
	if (set->x > set->fails_above)
		return rmb_fail(call, RMB_EDATA, "bowl: there is nothing at %g s", set->x);
	return rmb_output_scalar(call, "depth", d * d + set->noise * rmb_random_uniform(rmb_node_stream(call, "noise"), 0));
}

static const struct rmb_stage bowl = {
	.name = "bowl", .version = 1, .folder = "analyze", .brief = "a number with a least value", .about = "Of tests.", .caption = "A number.",
	.params = bowl_params, .in = bowl_in, .out = bowl_out, .settings_size = sizeof(struct bowl), .draws = bowl_draws, .run = bowl_run };

/* ---- a search: points between two bounds, which close in on the best of all so far */

struct search { int64_t rounds, points; const char *mode; };

static const struct rmb_param search_params[] = {
	{ .name = "rounds", .kind = RMB_INT, .at = offsetof(struct search, rounds), .def = "4", .min = 1, .max = 1e9, .help = "questions" },
	{ .name = "points", .kind = RMB_INT, .at = offsetof(struct search, points), .def = "3", .min = 1, .max = 100, .help = "sets a round" },
	{ .name = "mode", .kind = RMB_WORD, .at = offsetof(struct search, mode), .def = "right",
	  .words = "right|outside|nonsense|error|late", .help = "how it goes wrong" },
	{ 0 } };
static const struct rmb_port search_in[] = { { .name = "value", .kinds = RMB_ARRAY, .gather = RMB_SETS, .axes = "",
                                               .help = "what is to be small" }, { 0 } };
static const struct rmb_port search_out[] = {
	{ .name = "best", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "1", .help = "least value" },
	{ .name = "at", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "1", .help = "where that is" },
	{ .name = "value", .kinds = RMB_ARRAY, .axes = "thing", .type = RMB_FLOAT64, .unit = "1", .help = "of everything read" },
	{ .name = "x", .kinds = RMB_ARRAY, .axes = "thing", .type = RMB_FLOAT64, .unit = "1", .help = "its first setting" },
	{ .name = "set", .kinds = RMB_ARRAY, .axes = "thing", .type = RMB_INT64, .unit = "1", .help = "its set" },
	{ .name = "replicate", .kinds = RMB_ARRAY, .axes = "thing", .type = RMB_INT64, .unit = "1", .help = "its replicate" },
	{ 0 } };

static bool
search_draws(const void *settings)
{
	(void)settings;
	return true;
}

static double
mean(const struct rmb_tried *tried)
{
	double sum = 0;
	int n = 0;
	for (int k = 0; k < tried->n; k++)
		if (!isnan(tried->value[k]))
			sum += tried->value[k], n++;
	return n ? sum / n : INFINITY;
}

/* The set that is best so far, by its number; the middle before any is. */
static double
best_so_far(const struct rmb_search *search, double middle)
{
	double best = INFINITY, at = middle;
	for (int s = 0; s < search->ntried; s++)
		if (mean(&search->tried[s]) < best) {
			best = mean(&search->tried[s]);
			sscanf(search->tried[s].text[0], "%lf", &at);
		}
	return at;
}

static const char *
text_of(const struct rmb_search *search, const struct search *set, int i, double center, double width)
{
	const struct rmb_varied *v = &search->varied[0];
	double jitter = rmb_random_uniform(search->stream, (uint64_t)(search->round * 100 + i)),
	       x = center + width * ((i + jitter) / (double)set->points - 0.5);
	x = fmin(fmax(x, v->number[0]), v->number[1]);
	bool wrong = search->round == 1;
	if (wrong && strcmp(set->mode, "outside") == 0)
		return "11 s";
	if (wrong && strcmp(set->mode, "nonsense") == 0)
		return "about one";
	return rmb_set_text(search->arena, v->param, x);
}

static int
propose(struct rmb_search *search, struct rmb_error *error)
{
	const struct search *set = search->settings;
	const struct rmb_varied *v = &search->varied[0];
	if (v->n != 2 || !(v->number[0] < v->number[1]))
		return rmb_error_set(error, RMB_ERECIPE, "%s needs two bounds, the lower first", v->name);
	if (search->round == 2 && strcmp(set->mode, "error") == 0)
		return rmb_error_set(error, RMB_EDATA, "the search has lost its way");
	double center = best_so_far(search, (v->number[0] + v->number[1]) / 2), width = (v->number[1] - v->number[0]) * pow(0.5, search->round);
	const char *const **sets = rmb_arena_alloc(search->arena, (size_t)set->points, sizeof *sets);
	for (int i = 0; sets && i < set->points; i++) {
		const char **text = rmb_arena_alloc(search->arena, (size_t)search->nvaried, sizeof *text);
		for (int k = 0; text && k < search->nvaried; k++)
			text[k] = text_of(search, set, i, center, width);
		if (!text)
			return rmb_error_nomem(error, "a search");
		sets[i] = text;
	}
	search->nsets = (int)set->points;
	search->set = sets;
	search->done = search->round + 1 == set->rounds && strcmp(set->mode, "late") != 0;
	if (search->round == set->rounds) /* says only now that it is done */
		search->nsets = 0;
	return sets ? 0 : rmb_error_nomem(error, "a search");
}

static int
search_run(struct rmb_call *call)
{
	int n = rmb_input_count(call, "value");
	struct rmb_axis axis = rmb_axis_index("thing", n);
	struct rmb_array *value = rmb_output(call, "value", &axis), *x = rmb_output(call, "x", &axis), *set = rmb_output(call, "set", &axis),
	                 *replicate = rmb_output(call, "replicate", &axis);
	double best = INFINITY, at = NAN;
	if (!value || !x || !set || !replicate)
		return RMB_ELIMIT;
	for (int i = 0; i < n; i++) {
		double v = ((double *)value->data)[i] = *(const double *)rmb_input_array(call, "value", i)->data;
		((int64_t *)set->data)[i] = rmb_input_set(call, i);
		((int64_t *)replicate->data)[i] = rmb_input_replicate(call, i);
		((double *)x->data)[i] = rmb_varied_number(call, rmb_input_set(call, i), 0);
		if (v < best)
			best = v, at = ((double *)x->data)[i];
	}
	int code = rmb_output_scalar(call, "best", best);
	return code ? code : rmb_output_scalar(call, "at", at);
}

#define SEARCH(called, over) { \
	.name = called, .version = 1, .folder = "compare", .brief = "where a number is least", .about = "Of tests.", \
	.caption = "Where {value} is least.", .params = search_params, .in = search_in, .out = search_out, \
	.settings_size = sizeof(struct search), \
	.draws = search_draws, .propose = propose, .goes_on = over, .run = search_run }
static const struct rmb_stage search = SEARCH("search", false), search_on = SEARCH("search_on", true);

/* ---- these among all others: the library's list is not linked where a program has its own */

#define RMB_STAGE(name) extern const struct rmb_stage rmb_stage_##name;
#include "stages/stages.def"
#undef RMB_STAGE

const struct rmb_stage *const rmb_stages[] = {
#define RMB_STAGE(name) &rmb_stage_##name,
#include "stages/stages.def"
#undef RMB_STAGE
	&bowl, &search, &search_on, NULL
};

const struct rmb_stage *
rmb_stage_find(const char *name)
{
	for (const struct rmb_stage *const *s = rmb_stages; *s; s++)
		if (strcmp((*s)->name, name) == 0)
			return *s;
	return NULL;
}

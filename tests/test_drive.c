/* Drivers without a run: what is asked, what is done with the answers, and where that ends. Results are given by hand. */
#include <math.h>
#include <string.h>
#include "pipeline/drive.h"
#include "pipeline/graph.h"
#include "support/check.h"

/* ---- stages that only have settings */

struct step { double x; int64_t n; bool flag; };
static const struct rmb_param step_params[] = {
	{ .name = "x", .kind = RMB_REAL, .at = offsetof(struct step, x), .def = "1 s", .unit = "s", .min = 0, .max = 10 },
	{ .name = "n", .kind = RMB_INT, .at = offsetof(struct step, n), .def = "3", .min = -10, .max = 10 },
	{ .name = "flag", .kind = RMB_FLAG, .at = offsetof(struct step, flag), .def = "true" }, { 0 } };
static const struct rmb_param no_params[] = { { 0 } };
static const struct rmb_port no_ports[] = { { 0 } };
static const struct rmb_port in_one[] = { { .name = "of", .kinds = RMB_RECORDING | RMB_ARRAY }, { 0 } };
static const struct rmb_port in_sets[] = { { .name = "value", .kinds = RMB_ARRAY, .gather = RMB_SETS, .axes = "" }, { 0 } };
static const struct rmb_port out_recording[] = { { .name = "recording", .kinds = RMB_RECORDING }, { 0 } };
static const struct rmb_port out_number[] = { { .name = "value", .kinds = RMB_ARRAY, .axes = "" }, { 0 } };
static const struct rmb_stage source = { .name = "source", .version = 1, .in = no_ports, .out = out_recording,
                                         .params = no_params, .reads_files = true };
static const struct rmb_stage step = { .name = "step", .version = 1, .in = in_one, .out = out_number, .params = step_params,
                                       .settings_size = sizeof(struct step) };

/* What the next answer is: texts of one set, as many rounds as wanted; and what was asked last. */
static struct asked {
	const char *text;
	int rounds, round, ntried, nvaried;
	double number, last;
	uint64_t draw;
} asked;

static int
propose(struct rmb_search *search, struct rmb_error *error)
{
	const char **set = rmb_arena_alloc(search->arena, (size_t)search->nvaried, sizeof *set);
	const char *const **sets = rmb_arena_alloc(search->arena, 1, sizeof *sets);
	(void)error;
	asked.round = search->round, asked.ntried = search->ntried, asked.nvaried = search->nvaried;
	asked.number = search->varied[0].number[0], asked.draw = rmb_random_bits(search->stream, 0);
	asked.last = search->ntried ? search->tried[search->ntried - 1].value[0] : NAN;
	set[0] = asked.text ? asked.text : rmb_set_text(search->arena, search->varied[0].param, 1 + 1e-3 * search->round);
	sets[0] = set;
	search->nsets = 1;
	search->set = sets;
	search->done = search->round + 1 == asked.rounds;
	return 0;
}

static const struct rmb_stage driver = { .name = "driver", .version = 1, .in = in_sets, .out = out_number, .params = no_params,
                                         .settings_size = 1, .propose = propose };

/* ---- raw -> step -> driver, varying step.x between 1 s and 2 s */

struct world {
	struct rmb_arena *arena;
	struct rmb_mistakes *m;
	struct rmb_recipe recipe;
	struct rmb_drives *drives;
	struct rmb_graph *graph;
	const struct rmb_node *node;   /* the driver */
};

static void
make_again(struct world *w)
{
	rmb_graph_free(w->graph);
	w->graph = rmb_graph_make_driven(&w->recipe, w->drives, w->m);
	for (int i = 0; w->graph && i < w->graph->nnodes; i++)
		if (w->graph->node[i]->drive)
			w->node = w->graph->node[i];
}

static struct rmb_use *
reads(struct world *w, int entry)
{
	struct rmb_use *use = rmb_arena_alloc(w->arena, 1, sizeof *use);
	*use = (struct rmb_use){ .nreferences = 1, .reference = rmb_arena_alloc(w->arena, 1, sizeof *use->reference) };
	use->reference[0] = (struct rmb_reference){ .entry = entry, .text = "x" };
	return use;
}

static void
build(struct world *w, const char *text, int rounds)
{
	static struct rmb_source recording = { .name = "r" };
	static struct rmb_value bounds[] = { { .real = 1, .written = "1 s" }, { .real = 2, .written = "2 s" } };
	memset(w, 0, sizeof *w);
	asked = (struct asked){ .text = text, .rounds = rounds };
	w->arena = rmb_arena_new();
	w->m = rmb_mistakes_new(w->arena);
	w->drives = rmb_drives_new(w->arena);
	w->recipe = (struct rmb_recipe){ .nsources = 1, .source = &recording, .seed = 1, .title = "", .path = "t", .nentries = 3,
	                                 .arena = w->arena, .entry = rmb_arena_alloc(w->arena, 3, sizeof *w->recipe.entry) };
	struct rmb_vary *vary = rmb_arena_alloc(w->arena, 1, sizeof *vary);
	*vary = (struct rmb_vary){ .entry = 1, .param = 0, .name = "step.x", .n = 2, .value = bounds };
	w->recipe.entry[0] = (struct rmb_entry){ .name = "raw", .stage = &source, .repeat = 1, .keep = true };
	w->recipe.entry[1] = (struct rmb_entry){ .name = "step", .stage = &step, .repeat = 1, .keep = true, .nuses = 1, .use = reads(w, 0) };
	w->recipe.entry[2] = (struct rmb_entry){ .name = "drive", .stage = &driver, .repeat = 1, .keep = true, .nuses = 1,
	                                         .use = reads(w, 1), .nvary = 1, .vary = vary };
	make_again(w);
}

static void
tear(struct world *w)
{
	rmb_graph_free(w->graph);
	rmb_arena_free(w->arena);
}

/* All sets get a result, and the driver is asked again. */
static bool
go_on(struct world *w, double result)
{
	struct rmb_cache none = { 0 };
	struct rmb_error error = { 0 };
	bool changed;
	for (int s = 0; s < w->node->drive->nsets; s++) {
		struct rmb_set *set = &w->node->drive->set[s];
		if (!set->ended[0])
			set->result[0] = result, set->ended[0] = true;
	}
	assert_int_equal(rmb_drives_advance(w->graph, &none, NULL, &changed, &error), 0);
	if (changed)
		make_again(w);
	return changed;
}

/* ---- tests */

static void
rounds_hand_back_what_came_of_the_sets(void **state)
{
	struct world w;
	(void)state;
	build(&w, NULL, 3);
	assert_int_equal(w.graph->nnodes, 4);
	assert_string_equal(w.graph->node[2]->id, "r/step@drive+1");
	assert_true(rmb_node_waits(w.node) && asked.round == 0 && asked.ntried == 0 && asked.nvaried == 1 && asked.number == 1);
	uint64_t draw = asked.draw;
	assert_true(go_on(&w, 7));
	assert_true(asked.round == 1 && asked.ntried == 1 && asked.last == 7 && asked.draw == draw);
	assert_true(go_on(&w, 8));
	assert_true(asked.round == 2 && asked.ntried == 2 && asked.last == 8);
	assert_false(rmb_node_waits(w.node));
	assert_false(go_on(&w, 9));
	assert_int_equal(w.node->nedges, 3);
	for (int i = 0; i < 3; i++) {
		assert_true(w.node->edge[i].set == i && w.node->edge[i].replicate == 0);
		assert_true(((const struct step *)w.node->edge[i].from->settings)->x == 1 + 1e-3 * i);
		assert_true(((const struct step *)w.node->edge[i].from->settings)->n == 3);
	}
	tear(&w);
}

static void
a_search_without_an_end_is_ended(void **state)
{
	struct world w;
	int n = 0;
	(void)state;
	build(&w, NULL, 0);
	while (go_on(&w, 1) && n++ < 2 * RMB_MAX_ROUNDS)
		continue;
	assert_int_equal(w.node->drive->round, RMB_MAX_ROUNDS);
	assert_false(rmb_node_waits(w.node));
	assert_int_equal(w.node->drive->code, RMB_ELIMIT);
	assert_non_null(strstr(w.node->drive->refusal, "has found no end after 999 sets in 1000 rounds"));
	tear(&w);
}

static void
a_set_that_cannot_be_ends_the_search(void **state)
{
	static const char *const wrong[][2] = { { "11 s", "step: x of 11 s is out of range; allowed: 0 s to 10 s" },
	                                        { "3", "a bare number" }, { "[1 s]", "x expects" }, { "", "found" } };
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct world w;
		build(&w, NULL, 3);
		asked.text = wrong[i][0];
		assert_true(go_on(&w, 1));
		assert_int_equal(w.node->drive->code, RMB_EDATA);
		assert_int_equal(w.node->drive->nsets, 1);
		if (!strstr(w.node->drive->refusal, wrong[i][1]))
			fail_msg("'%s' is refused with: %s", wrong[i][0], w.node->drive->refusal);
		assert_int_equal(rmb_mistakes_count(w.m), 0);
		tear(&w);
	}
	struct world w; /* with the first answer, nothing has run yet */
	build(&w, "11 s", 3);
	assert_null(w.graph);
	assert_int_equal(rmb_mistakes_code(w.m), RMB_ERECIPE);
	tear(&w);
}

static void
numbers_come_back_from_their_texts(void **state)
{
	struct rmb_arena *arena = rmb_arena_new();
	(void)state;
	static const double numbers[] = { 0.1, 1.0 / 3, 1e-7, 9.999999999999998, 3, 0 };
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct rmb_mistakes *m = rmb_mistakes_new(arena);
		struct rmb_value value;
		struct rmb_tree tree = { .kind = RMB_SCALAR, .text = rmb_set_text(arena, &step_params[0], numbers[i]) };
		assert_int_equal(rmb_value_read(arena, "step", &step_params[0], &tree, "", &value, m), 0);
		assert_true(rmb_value_number(&step_params[0], &value) == numbers[i]);
	}
	assert_string_equal(rmb_set_text(arena, &step_params[1], -2.6), "-3");
	assert_string_equal(rmb_set_text(arena, &step_params[1], -0.2), "0");
	assert_string_equal(rmb_set_text(arena, &step_params[2], 1), "true");
	struct rmb_value none = { .none = true };
	assert_true(isnan(rmb_value_number(&step_params[0], &none)));
	rmb_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rounds_hand_back_what_came_of_the_sets),
		cmocka_unit_test(a_search_without_an_end_is_ended),
		cmocka_unit_test(a_set_that_cannot_be_ends_the_search),
		cmocka_unit_test(numbers_come_back_from_their_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

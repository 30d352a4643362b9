/* Memory that runs out while a recipe is expanded and its nodes are named: at every allocation, one after another. The graph is
 * then refused and says so; it is never another graph. */
#include "support/check.h"
#include "pipeline/graph.h"
#include "support/recipes.h"
#include "support/scarce.h"

static const char text[] =
	"rumble: 1\nseed: 3\n"
	"recordings:\n  - {name: a, area: V1, path: a.npy, rate: 22 Hz}\n  - {name: b, area: CA1, path: a.npy, rate: 22 Hz}\n"
	"stages:\n  raw: {stage: load}\n  z: {stage: zscore, recording: raw}\n  s: {stage: shuffle, recording: z, repeat: 2}\n"
	"  v: {stage: svca2, recording: [z, s, s#2], halves: random, repeat: 2}\n  w: {stage: svca2, recording: [s#1, z], halves: random}\n"
	"  p: {stage: powerlaw, spectrum: [v@z.spectrum, w.spectrum]}\n"
	"  q: {stage: sweep, value: p.exponent, vary: {z.ddof: [0, 1], p.ranks: [11..500, 2..50]}}\n";

/* All that is said of the nodes; NULL if the graph was refused. */
static char *
expand(struct rmb_recipe *recipe, long allocations)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_mistakes *m = rmb_mistakes_new(arena);
	left = allocations;
	struct rmb_graph *graph = rmb_graph_make(recipe, m);
	int code = graph ? rmb_graph_keys(graph, NULL, NULL, m) : RMB_ELIMIT;
	char *said = NULL;
	size_t n;
	left = -1;
	if (code && rmb_mistakes_count(m) == 0)
		fail_msg("a graph is refused without a word");
	if (code == 0) {
		FILE *to = open_memstream(&said, &n);
		for (int i = 0; i < graph->nnodes; i++) {
			const struct rmb_node *node = graph->node[i];
			fprintf(to, "%s %s %s %d %d %u\n", node->id, node->key, node->description, node->nusers, node->turn, node->makes);
			for (int j = 0; j < node->nedges; j++)
				fprintf(to, "\t%s\n", node->edge[j].from->id);
		}
		fclose(to);
	}
	rmb_graph_free(graph);
	rmb_arena_free(arena);
	return said;
}

static void
a_graph_is_whole_or_refused(bool only_one)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_mistakes *m = rmb_mistakes_new(arena);
	struct rmb_recipe *recipe = rmb_recipe_read("recipe.yaml", NULL, 0, m);
	assert_non_null(recipe);
	char *whole = expand(recipe, -1);
	assert_non_null(whole);
	int refused = 0, in_a_row = 0;
	for (long k = 0; in_a_row < 300; k++) {
		once = only_one;
		char *said = expand(recipe, k);
		if (said && strcmp(said, whole) != 0)
			fail_msg("without allocation %ld the graph is\n%s\nnot\n%s", k, said, whole);
		in_a_row = said ? in_a_row + 1 : 0;
		refused += !said;
		free(said);
	}
	printf("%d allocations refuse the graph\n", refused);
	assert_true(refused > 300);
	free(whole);
	rmb_recipe_free(recipe);
	rmb_arena_free(arena);
}

static void
memory_that_runs_out(void **state)
{
	(void)state;
	a_graph_is_whole_or_refused(false);
}

static void
memory_that_fails_once(void **state)
{
	(void)state;
	a_graph_is_whole_or_refused(true);
}

static int
begin(void **state)
{
	if (rmb_test_enter(state))
		return 1;
	rmb_test_file("recipe.yaml", text);
	rmb_test_file("a.npy", "content");
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(memory_that_runs_out), cmocka_unit_test(memory_that_fails_once) };
	return cmocka_run_group_tests(tests, begin, rmb_test_leave);
}

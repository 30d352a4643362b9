/* The schedule: every node runs after its inputs and once, the longest path first, quick nodes together; failures block what
 * depends on them and nothing else; what gets lost is made again. */
#include "support/check.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pipeline/schedule.h"
#include "rumble/random.h"

enum { MOST = 64 };

struct world {
	char path[64];
	struct rmb_cache cache;
	struct rmb_arena *arena;
	struct rmb_node node[MOST];
	struct rmb_node *pointer[MOST];
	struct rmb_edge edge[MOST][4];
	struct rmb_node *user[MOST][4 * MOST];
	struct rmb_step step[MOST];
	struct rmb_graph graph;
	struct rmb_plan plan;
	struct rmb_turn turn[MOST];
	struct rmb_result result[MOST];
	struct rmb_schedule s;
};

static const struct rmb_stage plain = { .name = "plain" }, foreign = { .name = "foreign", .reads_files = true },
                              wide = { .name = "wide" };

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct rmb_error error = { 0 };
	char absolute[PATH_MAX];
	rmb_test_mkdir(w->path, sizeof w->path);
	assert_non_null(realpath(w->path, absolute));
	assert_int_equal(rmb_cache_open(absolute, &w->cache, &error), 0);
	w->arena = rmb_arena_new();
	w->plan = (struct rmb_plan){ .graph = &w->graph, .step = w->step, .arena = w->arena };
	w->graph = (struct rmb_graph){ .node = w->pointer };
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;
	rmb_arena_free(w->arena);
	rmb_cache_close(&w->cache);
	rmb_test_rmdir(w->path);
	free(w);
	return 0;
}

/* Adds a node that reads inputs[], which end with -1. */
static struct rmb_node *
add(struct world *w, const struct rmb_stage *stage, double seconds, const int *inputs)
{
	int i = w->plan.nsteps++;
	struct rmb_node *node = &w->node[i];
	*node = (struct rmb_node){ .index = i, .stage = stage, .id = rmb_arena_printf(w->arena, "n%d", i), .edge = w->edge[i],
	                           .user = w->user[i], .keep = true };
	snprintf(node->key, sizeof node->key, "%064x", i + 1);
	for (; *inputs >= 0; inputs++) {
		struct rmb_node *from = &w->node[*inputs];
		node->edge[node->nedges++] = (struct rmb_edge){ .from = from, .output = "out" };
		from->user[from->nusers++] = node;
	}
	w->pointer[i] = node;
	w->graph.nnodes = w->plan.nsteps;
	w->step[i] = (struct rmb_step){ .node = node, .todo = RMB_RUN,
	                                .expected = { .seconds = seconds, .peak_bytes = 10,
	                                              .blas_threads = stage == &wide ? 2 : 0 } };
	return node;
}

#define INPUTS(...) (const int[]){ __VA_ARGS__, -1 }
#define NOTHING (const int[]){ -1 }

static void
begin(struct world *w, int jobs)
{
	w->s = (struct rmb_schedule){ .plan = &w->plan, .cache = &w->cache, .result = w->result, .turn = w->turn, .jobs = jobs };
	rmb_schedule_begin(&w->s);
}

static struct rmb_chain
take(struct world *w, int slots)
{
	struct rmb_chain chain;
	rmb_schedule_take(&w->s, slots, 1e9, &chain);
	return chain;
}

static void
longest_path_first_and_ties_by_order(void **state)
{
	struct world *w = *state;
	add(w, &plain, 1, NOTHING);      /* 0 */
	add(w, &plain, 1, NOTHING);      /* 1 -> 3, the long way */
	add(w, &plain, 1, NOTHING);      /* 2 */
	add(w, &plain, 9, INPUTS(1));
	begin(w, 1);
	struct rmb_chain chain = take(w, 1);
	assert_int_equal(chain.node[0]->index, 1);
	assert_int_equal(chain.n, 1);
	assert_int_equal(take(w, 1).node[0]->index, 0);
	assert_int_equal(take(w, 1).node[0]->index, 2);
	assert_int_equal(take(w, 1).n, 0);
	rmb_schedule_done(&w->s, &w->node[1], false);
	assert_int_equal(take(w, 1).node[0]->index, 3);
}

static void
quick_nodes_share_a_worker_but_loaders_do_not(void **state)
{
	struct world *w = *state;
	add(w, &foreign, 0.001, NOTHING); /* 0 */
	add(w, &plain, 0.001, INPUTS(0)); /* 1 */
	add(w, &plain, 0.001, INPUTS(1)); /* 2 */
	add(w, &plain, 2, INPUTS(1));     /* 3: not quick, but on the longest path */
	add(w, &plain, 0.001, INPUTS(3)); /* 4: waits for it */
	add(w, &foreign, 0.001, NOTHING); /* 5 */
	begin(w, 2);
	assert_int_equal(take(w, 2).n, 1);
	assert_int_equal(take(w, 1).n, 1);
	rmb_schedule_done(&w->s, &w->node[0], false);
	rmb_schedule_done(&w->s, &w->node[5], false);
	struct rmb_chain chain = take(w, 2);
	assert_int_equal(chain.n, 2);
	assert_int_equal(chain.node[0]->index, 1);
	assert_int_equal(chain.node[1]->index, 2);
	assert_int_equal(chain.threads, 1);
	w->turn[4].alone = true;
	rmb_schedule_done(&w->s, &w->node[1], false);
	assert_int_equal(take(w, 1).node[0]->index, 3);
}

static void
threads_are_shared_out_and_blas_threads_take_slots(void **state)
{
	struct world *w = *state;
	add(w, &plain, 1, NOTHING);
	add(w, &wide, 2, INPUTS(0));
	add(w, &plain, 1, INPUTS(0));
	begin(w, 4);
	struct rmb_chain chain = take(w, 4);
	assert_int_equal(chain.threads, 4); /* nothing else is ready */
	assert_int_equal(chain.slots, 4);
	rmb_schedule_done(&w->s, &w->node[0], false);
	assert_int_equal(take(w, 1).node[0]->index, 2); /* the wide one has the longer path, but needs two */
	rmb_schedule_again(&w->s, &w->node[2]);
	chain = take(w, 2);
	assert_int_equal(chain.node[0]->index, 1);
	assert_int_equal(chain.slots, 2);
	assert_int_equal(chain.threads, 2); /* what it keeps it may use */
}

static void
memory_is_respected(void **state)
{
	struct world *w = *state;
	struct rmb_chain chain;
	add(w, &plain, 5, NOTHING);
	add(w, &plain, 1, NOTHING);
	w->step[0].expected.peak_bytes = 100;
	begin(w, 2);
	rmb_schedule_take(&w->s, 2, 50, &chain);
	assert_int_equal(chain.node[0]->index, 1);
	rmb_schedule_take(&w->s, 2, 50, &chain);
	assert_int_equal(chain.n, 0);
	rmb_schedule_take(&w->s, 2, 100, &chain);
	assert_int_equal(chain.node[0]->index, 0);
}

static void
a_failure_blocks_what_depends_on_it_and_nothing_else(void **state)
{
	struct world *w = *state;
	add(w, &plain, 1, NOTHING);
	add(w, &plain, 1, INPUTS(0));
	add(w, &plain, 1, INPUTS(1));
	add(w, &plain, 1, NOTHING);
	add(w, &plain, 1, INPUTS(3));
	add(w, &plain, 1, INPUTS(2, 4));
	begin(w, 1);
	rmb_schedule_failed(&w->s, &w->node[0], RMB_EDATA, "impossible");
	static const enum rmb_outcome outcome[] = { RMB_FAILED, RMB_BLOCKED, RMB_BLOCKED, RMB_NOT_RUN, RMB_NOT_RUN, RMB_BLOCKED };
	for (int i = 0; i < 6; i++)
		assert_int_equal(w->result[i].outcome, outcome[i]);
	assert_string_equal(w->result[5].text, "needs n0, which failed");
	assert_string_equal(w->result[0].text, "impossible");
	assert_int_equal(w->s.left, 2);
	assert_int_equal(take(w, 1).node[0]->index, 3);
	rmb_schedule_done(&w->s, &w->node[3], false);
	assert_int_equal(take(w, 1).node[0]->index, 4);
	rmb_schedule_done(&w->s, &w->node[4], false);
	assert_int_equal(w->s.left, 0);
}

static void
twins_end_with_the_first_of_them(void **state)
{
	struct world *w = *state;
	add(w, &plain, 1, NOTHING);
	add(w, &plain, 1, NOTHING);
	add(w, &plain, 7, INPUTS(1));
	add(w, &plain, 3, NOTHING);
	w->node[1].twin = &w->node[0];
	begin(w, 1);
	assert_int_equal(take(w, 1).node[0]->index, 0); /* for the sake of its twin's user */
	rmb_schedule_done(&w->s, &w->node[0], false);
	assert_int_equal(w->result[1].outcome, RMB_DONE);
	assert_int_equal(take(w, 1).node[0]->index, 2);
	assert_int_equal(take(w, 1).node[0]->index, 3);
	assert_int_equal(take(w, 1).n, 0);
	rmb_schedule_done(&w->s, &w->node[2], false);
	rmb_schedule_done(&w->s, &w->node[3], false);
	assert_int_equal(w->s.left, 0);
}

static void
what_gets_lost_is_made_again_with_what_it_needs(void **state)
{
	struct world *w = *state;
	add(w, &plain, 1, NOTHING);   /* 0: let go, so its object is not in the cache */
	add(w, &plain, 1, INPUTS(0)); /* 1: counted as cached, but damaged */
	add(w, &plain, 1, INPUTS(1)); /* 2 */
	w->step[0].todo = RMB_LET_GO;
	w->step[1].todo = RMB_CACHED;
	begin(w, 1);
	assert_int_equal(w->s.left, 1);
	assert_int_equal(take(w, 1).node[0]->index, 2);
	assert_non_null(rmb_schedule_lost(&w->s, &w->node[2], w->node[1].key));
	assert_int_equal(w->s.left, 3);
	assert_int_equal(w->s.remade, 2);
	for (int i = 0; i < 3; i++) {
		struct rmb_chain chain = take(w, 1);
		assert_int_equal(chain.n, 1);
		assert_int_equal(chain.node[0]->index, i);
		rmb_schedule_done(&w->s, &w->node[i], false);
	}
	assert_int_equal(w->s.left, 0);
	assert_null(rmb_schedule_lost(&w->s, &w->node[2], "no such key"));
}

static void
a_loss_that_cannot_be_made_good_fails_who_waits_for_it(void **state)
{
	struct world *w = *state;
	add(w, &plain, 1, NOTHING);
	add(w, &plain, 1, INPUTS(0)); /* a view: its samples are in 0 */
	add(w, &plain, 1, INPUTS(1)); /* reads 1, and 0 through it */
	w->step[0].todo = w->step[1].todo = RMB_CACHED;
	begin(w, 1);
	take(w, 1);
	w->result[1].outcome = RMB_DONE;
	assert_non_null(rmb_schedule_lost(&w->s, &w->node[2], w->node[0].key));
	assert_int_equal(take(w, 1).node[0]->index, 0);
	rmb_schedule_failed(&w->s, &w->node[0], RMB_EINPUT, "gone");
	assert_int_equal(w->result[2].outcome, RMB_FAILED);
	assert_int_equal(w->s.left, 0);
}

static void
a_loss_whose_inputs_cannot_be_made_blocks_who_waits_for_it(void **state)
{
	struct world *w = *state;
	add(w, &plain, 1, NOTHING);
	add(w, &plain, 1, INPUTS(0)); /* the samples */
	add(w, &plain, 1, INPUTS(1)); /* a view of them */
	add(w, &plain, 1, INPUTS(2)); /* reads 2, and 1 through it */
	w->step[0].todo = w->step[1].todo = w->step[2].todo = RMB_CACHED;
	begin(w, 1);
	take(w, 1);
	assert_non_null(rmb_schedule_lost(&w->s, &w->node[3], w->node[1].key));
	assert_int_equal(take(w, 1).node[0]->index, 0); /* nothing is in the cache, so 0 is made again, too */
	rmb_schedule_failed(&w->s, &w->node[0], RMB_EINPUT, "gone");
	assert_int_equal(w->result[1].outcome, RMB_BLOCKED);
	assert_int_equal(w->result[3].outcome, RMB_BLOCKED);
	assert_int_equal(w->s.left, 0);
}

/* Any graph, any failures, any losses: all ends, nothing runs before its inputs, nothing that could run is left. */
static void
random_graphs_end(void **state)
{
	struct world *w = *state;
	struct rmb_stream stream = rmb_stream_named("random graphs");
	uint64_t draw = 0;
	for (int round = 0; round < 300; round++) {
		memset(w->turn, 0, sizeof w->turn);
		memset(w->result, 0, sizeof w->result);
		w->plan.nsteps = 0;
		int n = 1 + (int)rmb_random_below(stream, draw++, MOST);
		for (int i = 0; i < n; i++) {
			int inputs[4] = { -1, -1, -1, -1 }, m = i ? (int)rmb_random_below(stream, draw++, 4) : 0;
			for (int e = 0; e < m; e++)
				inputs[e] = (int)rmb_random_below(stream, draw++, i);
			bool loads = rmb_random_below(stream, draw++, 5) == 0;
			add(w, loads ? &foreign : &plain, rmb_random_uniform(stream, draw++) * 0.1, inputs);
		}
		begin(w, 2);
		int steps = 0, failures = 0;
		for (struct rmb_chain chain; (chain = take(w, 2)).n > 0 && steps < 10000;)
			for (int i = 0; i < chain.n; i++, steps++) {
				struct rmb_node *node = chain.node[i];
				bool fed = true;
				for (int e = 0; e < node->nedges; e++)
					fed &= w->result[node->edge[e].from->index].outcome == RMB_DONE;
				int64_t what = rmb_random_below(stream, draw++, 20);
				if (!fed) /* an earlier node of the chain failed or was lost: the rest goes back */
					rmb_schedule_again(&w->s, node);
				else if (what == 0 && ++failures)
					rmb_schedule_failed(&w->s, node, RMB_EDATA, "unlucky");
				else if (what == 1 && node->nedges)
					rmb_schedule_lost(&w->s, node, node->edge[0].from->key);
				else
					rmb_schedule_done(&w->s, node, false);
			}
		assert_int_equal(w->s.left, 0);
		for (int i = 0; i < n; i++)
			assert_true(w->result[i].outcome == RMB_DONE || w->result[i].outcome == RMB_FAILED ||
			            w->result[i].outcome == RMB_BLOCKED);
		for (int i = 0; i < n && !failures; i++)
			assert_int_equal(w->result[i].outcome, RMB_DONE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(longest_path_first_and_ties_by_order, setup, teardown),
		cmocka_unit_test_setup_teardown(quick_nodes_share_a_worker_but_loaders_do_not, setup, teardown),
		cmocka_unit_test_setup_teardown(threads_are_shared_out_and_blas_threads_take_slots, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_is_respected, setup, teardown),
		cmocka_unit_test_setup_teardown(a_failure_blocks_what_depends_on_it_and_nothing_else, setup, teardown),
		cmocka_unit_test_setup_teardown(twins_end_with_the_first_of_them, setup, teardown),
		cmocka_unit_test_setup_teardown(what_gets_lost_is_made_again_with_what_it_needs, setup, teardown),
		cmocka_unit_test_setup_teardown(a_loss_whose_inputs_cannot_be_made_blocks_who_waits_for_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_loss_that_cannot_be_made_good_fails_who_waits_for_it, setup, teardown),
		cmocka_unit_test_setup_teardown(random_graphs_end, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

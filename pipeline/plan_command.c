/* pipeline/plan_command.c -- `rumble plan`: what would run, why, and what it will cost. */
#include <jansson.h>
#include "pipeline/events.h"
#include "pipeline/machine.h"
#include "pipeline/session.h"
#include "pipeline/table.h"
#include "rumble/units.h"

enum { FOUND_WORK = 4 }; /* exit status of --check */

static const char *const state_names[] = {
	[RMB_CACHED] = "cached", [RMB_LET_GO] = "let go", [RMB_RUN] = "run", [RMB_LEFT_OUT] = "left out", [RMB_WAITS] = "waits",
};

static const char *
quantity(struct rmb_arena *arena, double value, const char *base)
{
	char buffer[64];
	return rmb_arena_strdup(arena, rmb_quantity_print(value, base, buffer, sizeof buffer));
}

static void
print_table(const struct rmb_plan *plan)
{
	static const char *const head[] = { "NODE", "STATE", "TIME", "MEMORY", "DISK", "WHY" };
	struct rmb_table *table = rmb_table_new(plan->arena, "llrrrl");
	if (!table)
		return;
	rmb_table_row(table, head);
	for (int i = 0; i < plan->nsteps; i++) {
		const struct rmb_step *step = &plan->step[i];
		const char *cell[6] = { step->node->id, state_names[step->todo] };
		if (step->todo == RMB_CACHED)
			cell[4] = quantity(plan->arena, rmb_measure_rounded((double)step->bytes), "B");
		if (step->todo == RMB_RUN && step->expected.guess)
			cell[2] = cell[3] = cell[4] = "?";
		else if (step->todo == RMB_RUN && step->expected.seconds > 0) {
			cell[2] = quantity(plan->arena, rmb_measure_rounded(step->expected.seconds), "s");
			cell[3] = quantity(plan->arena, rmb_measure_rounded(step->expected.peak_bytes), "B");
			cell[4] = quantity(plan->arena, rmb_measure_rounded(step->expected.object_bytes), "B");
		}
		cell[5] = step->why;
		rmb_table_row(table, cell);
	}
	rmb_table_print(table, stdout);
}

static void
print_totals(const struct rmb_plan *plan, const struct rmb_session *session, const struct rmb_options *options)
{
	struct rmb_arena *arena = plan->arena;
	double free_bytes = rmb_cache_free_bytes(&session->cache);
	int guesses = rmb_plan_guesses(plan);
	if (plan->nrun == 0)
		printf("\nNothing to run: %d of %d nodes are cached.\n", plan->ncached, plan->nsteps);
	else
		printf("\n%d of %d nodes will run, %d cached: %s %s (longest chain %s), %s of memory for the largest node, "
		       "%s on disk.\n",
		       plan->nrun, plan->nsteps, plan->ncached, guesses ? "at least" : "about",
		       quantity(arena, rmb_measure_rounded(rmb_plan_seconds(plan, options->jobs)), "s"),
		       quantity(arena, rmb_measure_rounded(plan->path), "s"),
		       quantity(arena, rmb_measure_rounded(plan->memory), "B"),
		       quantity(arena, rmb_measure_rounded(plan->disk), "B"));
	if (guesses)
		printf("How large the recordings are is known once they are loaded: %d nodes (?) are planned again then.\n",
		       guesses);
	printf("Cache: %s (%s%s free)\n", rmb_harmless(arena, session->cache.root),
	       session->cache.absent ? "nothing there yet, " : "", quantity(arena, rmb_measure_rounded(free_bytes), "B"));
}

static void
print_line(json_t *object)
{
	if (object && json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6)) == 0)
		putchar('\n');
	json_decref(object);
}

static void
print_json(const struct rmb_plan *plan, const struct rmb_session *session, const struct rmb_options *options)
{
	for (int i = 0; i < plan->nsteps; i++) {
		const struct rmb_step *step = &plan->step[i];
		json_t *object = json_pack("{sssossss}", "event", "node", "node", rmb_json_text(step->node->id), "state",
		                           state_names[step->todo], "key", step->node->key);
		if (object && step->todo == RMB_RUN)
			json_object_update_new(object,
			                       json_pack("{sosfsfsfsb}", "why", rmb_json_text(step->why), "seconds",
			                                 step->expected.seconds, "memory", step->expected.peak_bytes, "disk",
			                                 step->expected.object_bytes, "guess", step->expected.guess));
		if (object && step->todo == RMB_WAITS)
			json_object_set_new(object, "why", rmb_json_text(step->why));
		if (object && step->todo == RMB_CACHED)
			json_object_set_new(object, "bytes", json_integer(step->bytes));
		print_line(object);
	}
	print_line(json_pack("{sssisisisfsfsfsfsosf}", "event", "plan", "nodes", plan->nsteps, "run", plan->nrun, "cached",
	                     plan->ncached, "seconds", rmb_plan_seconds(plan, options->jobs), "longest_chain", plan->path,
	                     "memory", plan->memory, "disk", plan->disk, "cache", rmb_json_text(session->cache.root), "free",
	                     rmb_cache_free_bytes(&session->cache)));
}

static int
print_plan(const struct rmb_session *session, struct rmb_plan *plan, const struct rmb_options *options)
{
	struct rmb_error error = { 0 };
	if (options->json) {
		print_json(plan, session, options);
	} else {
		print_table(plan);
		print_totals(plan, session, options);
	}
	if (rmb_plan_fits(plan, rmb_cache_free_bytes(&session->cache), rmb_machine_budget(options->memory), &error))
		return rmb_complain(options, &error);
	return options->check && plan->nrun ? FOUND_WORK : 0;
}

int
rmb_command_plan(const struct rmb_options *options)
{
	return rmb_session_plan(options, RMB_NEED_JOURNAL, print_plan);
}

/* pipeline/run_fate.c -- what becomes of a node: it failed, is tried again, or its object is let go since nobody will read it. */
#include <string.h>
#include "pipeline/run_inside.h"

/* What a stage says begins with its name, which the place names already. */
static const char *
without_stage(const char *text, const char *stage)
{
	size_t n = strlen(stage);
	return strncmp(text, stage, n) == 0 && strncmp(text + n, ": ", 2) == 0 ? text + n + 2 : text;
}

/* "recipe.yaml:14:3: fx26/svca2@z (svca2): sentence"; line 0: the file alone */
static const char *
place_sentence(struct rmb_run *run, const struct rmb_node *node, const char *text)
{
	const struct rmb_place *place = &node->entry->place;
	if (place->line == 0)
		return rmb_arena_printf(run->plan->arena, "%s: %s", place->file, without_stage(text, node->stage->name));
	return rmb_arena_printf(run->plan->arena, "%s:%d:%d: %s (%s): %s", place->file, place->line, place->column, node->id,
	                        node->stage->name, without_stage(text, node->stage->name));
}

void
rmb_run_failed(struct rmb_run *run, struct rmb_node *node, int code, const char *sentence)
{
	const char *text = place_sentence(run, node, sentence), *alone = without_stage(sentence, node->stage->name);
	rmb_schedule_failed(&run->schedule, node, code, alone); /* the report names place and nodes itself */
	rmb_progress_failed(run->progress, node, code, text ? text : sentence);
	rmb_journal_failed(run->cache, node, code, text ? text : sentence);
	if (!run->failure)
		run->failure = code;
	if (run->options->fail_fast)
		rmb_run_stop(run, code);
}

void
rmb_run_try_again(struct rmb_run *run, struct rmb_node *node, int code, const char *reason)
{
	if (run->schedule.turn[node->index].retries++ < RMB_RUN_RETRIES)
		rmb_schedule_again(&run->schedule, node);
	else
		rmb_run_failed(run, node, code, reason);
}

/* ---- objects with keep: false */

/* Objects with keep: false go once nobody will read them. */
static bool
may_let_go(const struct rmb_run *run, const struct rmb_node *first)
{
	if (first->twin || run->gone[first->index] || !run->ended[first->index] || run->result[first->index].outcome != RMB_DONE)
		return false;
	for (const struct rmb_node *twin = first; twin; twin = run->schedule.turn[twin->index].next_twin)
		if (twin->keep || !rmb_plan_may_let_go(run->plan, twin, run->ended))
			return false;
	return true;
}

/* Whether the results of another recipe count on an object. What cannot be found out is taken for yes. */
static bool
is_named(struct rmb_run *run, const char *key)
{
	struct rmb_error error = { 0 };
	if (!run->named &&
	    rmb_cache_named(run->plan->arena, run->cache, run->options->results, &run->named, &run->nnamed, &error)) {
		run->named = NULL;
		return true;
	}
	for (int64_t i = 0; i < run->nnamed; i++)
		if (strcmp(run->named[i], key) == 0)
			return true;
	return false;
}

static void
let_go(struct rmb_run *run, const struct rmb_node *first)
{
	struct rmb_error error = { 0 };
	run->gone[first->index] = true; /* or spared: decided once */
	if (!is_named(run, first->key) && rmb_cache_remove(run->cache, first->key, &error))
		rmb_progress_note(run->progress, "%s", error.text);
}

static void
let_go_of(struct rmb_run *run, bool cached)
{
	for (int i = 0; i < run->plan->nsteps; i++)
		if (run->result[i].cached == cached && may_let_go(run, run->plan->step[i].node))
			let_go(run, run->plan->step[i].node);
}

void
rmb_run_settle(struct rmb_run *run)
{
	for (int i = 0; i < run->plan->nsteps; i++)
		run->ended[i] = run->schedule.turn[i].state == RMB_ENDED;
	let_go_of(run, false);
}

void
rmb_run_let_go_of_leftovers(struct rmb_run *run)
{
	let_go_of(run, true);
}

/* pipeline/run_events.c -- what workers say, and what follows from it: one row of `handlers` an event. `text` is "" where an
 * event has none. */
#include <string.h>
#include "pipeline/machine.h"
#include "pipeline/run_inside.h"

static void
add_warning(struct rmb_run *run, struct rmb_node *node, const char *text)
{
	struct rmb_result *result = &run->result[node->index];
	const char **list = rmb_arena_alloc(run->plan->arena, (size_t)result->nwarnings + 1, sizeof *list);
	if (!list)
		return;
	for (int i = 0; i < result->nwarnings; i++)
		list[i] = result->warning[i];
	list[result->nwarnings++] = rmb_arena_strdup(run->plan->arena, text);
	result->warning = list;
	rmb_progress_warned(run->progress, node, text);
}

static void
on_started(struct rmb_run_worker *w, struct rmb_node *node, const json_t *event, const char *text)
{
	(void)event, (void)text;
	w->current = node;
	w->since = rmb_machine_clock();
	rmb_progress_started(w->run->progress, node, &w->run->plan->step[node->index].expected);
}

static void
on_progress(struct rmb_run_worker *w, struct rmb_node *node, const json_t *event, const char *text)
{
	(void)text;
	rmb_progress_moved(w->run->progress, node, json_number_value(json_object_get(event, "fraction")));
}

static void
on_warning(struct rmb_run_worker *w, struct rmb_node *node, const json_t *event, const char *text)
{
	(void)event;
	add_warning(w->run, node, text);
}

static void
on_done(struct rmb_run_worker *w, struct rmb_node *node, const json_t *event, const char *text)
{
	struct rmb_measure *m = &w->run->result[node->index].measure;
	(void)text;
	m->seconds = json_number_value(json_object_get(event, "seconds"));
	m->cpu = json_number_value(json_object_get(event, "cpu"));
	m->peak_bytes = json_number_value(json_object_get(event, "peak"));
	m->object_bytes = json_number_value(json_object_get(event, "bytes"));
	m->threads = (int)json_integer_value(json_object_get(event, "threads"));
	rmb_journal_add(w->run->cache, node, m);
	rmb_plan_learn(w->run->plan, w->run->cache, node);
	rmb_schedule_expect(&w->run->schedule);
	rmb_schedule_done(&w->run->schedule, node, false);
	rmb_progress_done(w->run->progress, node, m);
}

static void
on_found(struct rmb_run_worker *w, struct rmb_node *node, const json_t *event, const char *text)
{
	(void)event, (void)text;
	rmb_plan_learn(w->run->plan, w->run->cache, node);
	rmb_schedule_expect(&w->run->schedule);
	rmb_schedule_done(&w->run->schedule, node, true);
	rmb_progress_done(w->run->progress, node, NULL);
}

static void
on_taken(struct rmb_run_worker *w, struct rmb_node *node, const json_t *event, const char *text)
{
	(void)text;
	rmb_progress_note(w->run->progress,
	                  "%s was begun by %s, which is gone or has been silent for too long; it is taken over", node->id,
	                  json_string_value(json_object_get(event, "owner")));
}

static void
on_held(struct rmb_run_worker *w, struct rmb_node *node, const json_t *event, const char *text)
{
	(void)text;
	w->run->schedule.turn[node->index].state = RMB_ELSEWHERE;
	rmb_progress_dropped(w->run->progress, node);
	rmb_progress_note(w->run->progress, "%s is being computed by another run (%s); waiting for it", node->id,
	                  json_string_value(json_object_get(event, "owner")));
}

static void
on_lost(struct rmb_run_worker *w, struct rmb_node *node, const json_t *event, const char *text)
{
	const char *key = json_string_value(json_object_get(event, "key"));
	struct rmb_turn *turn = &w->run->schedule.turn[node->index];
	int remade = w->run->schedule.remade;
	rmb_progress_dropped(w->run->progress, node);
	struct rmb_node *lost = key && turn->retries++ < RMB_RUN_RETRIES ? rmb_schedule_lost(&w->run->schedule, node, key) : NULL;
	rmb_progress_more(w->run->progress, w->run->schedule.remade - remade);
	if (!lost)
		rmb_run_failed(w->run, node, RMB_EOUTPUT, text);
	else if (!w->run->told[lost->index])
		rmb_progress_note(w->run->progress, "%s is computed again, for its cached object is damaged or gone: %s",
		                  lost->id, text);
	if (lost)
		w->run->told[lost->index] = true;
}

static void
on_failed(struct rmb_run_worker *w, struct rmb_node *node, const json_t *event, const char *text)
{
	int code = (int)json_integer_value(json_object_get(event, "code"));
	if (w->run->stop && (code == RMB_ETERMINATED || code == RMB_EINTERRUPTED)) {
		w->run->result[node->index].outcome = RMB_CANCELLED;
		rmb_progress_dropped(w->run->progress, node);
		return;
	}
	rmb_run_failed(w->run, node, code ? code : RMB_EINTERNAL, text);
}

static const struct handler {
	const char *name;
	void (*handle)(struct rmb_run_worker *w, struct rmb_node *node, const json_t *event, const char *text);
	bool settles; /* nothing more will come for this node */
} handlers[] = {
	{ "started", on_started, false }, { "progress", on_progress, false }, { "warning", on_warning, false },
	{ "done", on_done, true },
	{ "found", on_found, true }, { "taken", on_taken, false }, { "held", on_held, true }, { "lost", on_lost, true },
	{ "failed", on_failed, true },
};

static int
place_in_chain(const struct rmb_chain *chain, json_int_t index)
{
	for (int i = 0; i < chain->n; i++)
		if (chain->node[i] && chain->node[i]->index == index)
			return i;
	return -1;
}

void
rmb_run_on_event(void *self, const json_t *event)
{
	struct rmb_run_worker *w = self;
	const char *name = json_string_value(json_object_get(event, "event")),
	           *text = json_string_value(json_object_get(event, "text"));
	int at = place_in_chain(&w->chain, json_integer_value(json_object_get(event, "node")));
	for (size_t h = 0; name && at >= 0 && h < sizeof handlers / sizeof *handlers; h++) {
		if (strcmp(handlers[h].name, name))
			continue;
		struct rmb_node *node = w->chain.node[at];
		if (handlers[h].settles) {
			w->chain.node[at] = NULL;
			w->ndone++;
			w->current = NULL;
		}
		handlers[h].handle(w, node, event, text ? text : "");
		return;
	}
}

/* pipeline/plan.c -- from the keys of a graph and what the cache holds to what will run. */
#include <string.h>
#include "pipeline/bundle.h"
#include "pipeline/drive.h"
#include "pipeline/plan_inside.h"
#include "pipeline/reason.h"

struct planner {
	struct rmb_plan *plan;
	struct rmb_graph *graph;
	const struct rmb_cache *cache;
	const struct rmb_journal *journal;
	bool *wanted;   /* asked for: all nodes, or what --only and --until name */
	bool *stands;   /* its object is in the cache and can be read */
	bool *needed;   /* somebody who will run reads it, or a view of it */
	bool *waits;    /* for sets that are not known yet */
	bool *looked;   /* its object was opened to see sizes and where samples are */
};

/* ---- what was asked for -------------------------------------------------------------------------------------------- */

static int
want_named(struct planner *p, const char *const *names, int n, struct rmb_error *error)
{
	for (int i = 0; i < n; i++) {
		struct rmb_node_name name;
		int code = rmb_graph_parse_name(p->graph, names[i], &name, error);
		if (code)
			return code;
		for (int j = 0; j < p->graph->nnodes; j++)
			p->wanted[j] |= rmb_node_is_named(p->graph, p->graph->node[j], &name);
	}
	return 0;
}

static int
find_wanted(struct planner *p, const struct rmb_asked *asked, struct rmb_error *error)
{
	int n = p->graph->nnodes;
	if (asked->nonly + asked->nuntil == 0) {
		memset(p->wanted, true, (size_t)n * sizeof *p->wanted);
		return 0;
	}
	int code = want_named(p, asked->until, asked->nuntil, error);
	if (code)
		return code;
	for (int i = n; i-- > 0;)
		for (int j = 0; p->wanted[i] && j < p->graph->node[i]->nedges; j++)
			p->wanted[p->graph->node[i]->edge[j].from->index] = true;
	return want_named(p, asked->only, asked->nonly, error);
}

/* ---- what must run ------------------------------------------------------------------------------------------------- */

/* Drivers whose sets are not all known, and what depends on them. What such a driver reads is needed to know more. */
static void
find_waiting(struct planner *p)
{
	for (int i = 0; i < p->graph->nnodes; i++) {
		const struct rmb_node *node = p->graph->node[i];
		p->waits[i] = rmb_node_waits(node);
		for (int e = 0; e < node->nedges; e++)
			p->waits[i] |= p->waits[node->edge[e].from->index];
		for (int e = 0; rmb_node_waits(node) && p->wanted[i] && e < node->nedges; e++)
			p->needed[node->edge[e].from->index] = true;
	}
}

/* From the last node to the first: a node runs if it is asked for and to be kept, or if somebody who runs reads it. */
static void
find_todo(struct planner *p)
{
	for (int i = p->graph->nnodes; i-- > 0;) {
		struct rmb_node *node = p->graph->node[i];
		struct rmb_step *step = &p->plan->step[i];
		bool read = p->needed[i];
		for (int j = 0; j < node->nusers; j++)
			read |= p->plan->step[node->user[j]->index].todo == RMB_RUN;
		step->todo = p->stands[i] ? RMB_CACHED
		             : p->waits[i] ? RMB_WAITS
		             : read || (p->wanted[i] && node->keep) ? RMB_RUN : p->wanted[i] ? RMB_LET_GO : RMB_LEFT_OUT;
		if (step->todo == RMB_RUN && node->twin)
			p->needed[node->twin->index] = true; /* the first of them runs for both */
	}
}

/* The node whose object has that key, if it can come before `node`. */
static struct rmb_node *
node_with_key(const struct rmb_graph *graph, const struct rmb_node *node, const char *key)
{
	for (int i = node->index; i-- > 0;)
		if (strcmp(graph->node[i]->key, key) == 0)
			return graph->node[i];
	return NULL;
}

/* A view is of use only while the object that holds its samples stands. If that was let go or collected, the node that made
 * it runs again; if no node of this recipe makes it, the view itself does. true: what must run has changed. */
static bool
look_inside(struct planner *p, struct rmb_node *node)
{
	const char *port = node->stage->out[0].name, *path = rmb_cache_path(p->plan->arena, p->cache, node->key);
	struct rmb_object *object;
	struct rmb_error error = {0};
	bool changed = false;
	p->looked[node->index] = true;
	if (!path || rmb_object_open(path, node->key, RMB_VERIFY_HEADER, &object, &error)) {
		p->stands[node->index] = false;
		return true;
	}
	rmb_plan_read_size(object, node);
	const char *source = rmb_bundle_kind(object, port) == RMB_RECORDING ? rmb_bundle_source(object, port) : node->key;
	if (source && *source && strcmp(source, node->key) != 0 && !rmb_cache_has(p->cache, source, NULL)) {
		struct rmb_node *maker = node_with_key(p->graph, node, source);
		if (maker) {
			changed = !p->needed[maker->index];
			p->needed[maker->index] = true;
		} else {
			changed = true;
			p->stands[node->index] = false;
		}
	}
	rmb_object_close(object);
	return changed;
}

/* Opens those cached recordings that somebody who runs will read; again while that makes more nodes run. */
static void
settle(struct planner *p)
{
	for (bool changed = true; changed;) {
		changed = false;
		find_todo(p);
		for (int i = 0; i < p->graph->nnodes; i++) {
			const struct rmb_node *node = p->graph->node[i];
			for (int j = 0; p->plan->step[i].todo == RMB_RUN && j < node->nedges; j++) {
				struct rmb_node *read = node->edge[j].from;
				if (!p->looked[read->index] && p->stands[read->index] &&
				    (read->makes & (RMB_RECORDING | RMB_SPIKES)))
					changed |= look_inside(p, read);
			}
		}
	}
}

/* Sizes seen in the cache reach all nodes behind. */
static void
carry_sizes(struct planner *p)
{
	for (int i = 0; i < p->graph->nnodes; i++) {
		struct rmb_node *node = p->graph->node[i];
		struct rmb_cost cost;
		if (p->looked[i] || p->stands[i])
			continue;
		rmb_node_estimate(node, &cost);
		node->size = cost.out;
	}
}

/* ---- why ---------------------------------------------------------------------------------------------------------- */

static int
say_what_waits(struct planner *p)
{
	for (int i = 0; i < p->plan->nsteps; i++) {
		const struct rmb_node *node = p->graph->node[i], *on = NULL;
		if (p->plan->step[i].todo != RMB_WAITS)
			continue;
		for (int e = 0; e < node->nedges && !on; e++)
			on = p->waits[node->edge[e].from->index] ? node->edge[e].from : NULL;
		p->plan->step[i].why = on ? rmb_arena_printf(p->plan->arena, "reads %s, which waits", on->name)
		                       : node->drive->fed && node->drive->round == 0
		                               ? rmb_arena_printf(p->plan->arena, "its sets are known once %s is there",
		                                                  rmb_drive_feed(node)->from->name)
		                               : rmb_arena_printf(p->plan->arena, "its %d sets run first; more may follow",
		                                                  node->drive->nsets);
		if (!p->plan->step[i].why)
			return RMB_ELIMIT;
	}
	return 0;
}

static int
give_reasons(struct planner *p, const char *last)
{
	if (say_what_waits(p))
		return RMB_ELIMIT;
	if (p->plan->nrun == 0)
		return 0;
	struct rmb_reasons *reasons = rmb_reasons_read(p->plan->arena, last);
	for (int i = 0; reasons && i < p->plan->nsteps; i++)
		if (p->plan->step[i].todo == RMB_RUN)
			p->plan->step[i].why = rmb_reason(reasons, p->plan, &p->plan->step[i]);
	rmb_reasons_close(reasons);
	return reasons ? 0 : RMB_ELIMIT;
}

/* ---- the whole ----------------------------------------------------------------------------------------------------- */

static void
look_at_cache(struct planner *p)
{
	for (int i = 0; i < p->graph->nnodes; i++) {
		struct rmb_step *step = &p->plan->step[i];
		step->node = p->graph->node[i];
		const struct rmb_node *twin = step->node->twin;
		struct rmb_error error = {0};
		p->stands[i] =
			twin ? p->stands[twin->index] : rmb_cache_check(p->cache, step->node->key, &step->bytes, &error) == 0;
		if (twin)
			step->bytes = p->plan->step[twin->index].bytes;
		else if (error.code == RMB_EDAMAGE)
			step->damage = rmb_arena_strdup(p->plan->arena, error.text);
	}
}

static struct rmb_plan *
new_plan(struct rmb_graph *graph, struct planner *p)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_plan *plan = arena ? rmb_arena_alloc(arena, 1, sizeof *plan) : NULL;
	size_t n = (size_t)graph->nnodes;
	if (plan) {
		*plan = (struct rmb_plan){ .graph = graph, .nsteps = graph->nnodes, .journal = p->journal, .arena = arena };
		plan->step = rmb_arena_alloc(arena, n, sizeof *plan->step);
		p->plan = plan;
		p->wanted = rmb_arena_alloc(arena, n, sizeof *p->wanted);
		p->stands = rmb_arena_alloc(arena, n, sizeof *p->stands);
		p->needed = rmb_arena_alloc(arena, n, sizeof *p->needed);
		p->looked = rmb_arena_alloc(arena, n, sizeof *p->looked);
		p->waits = rmb_arena_alloc(arena, n, sizeof *p->waits);
		if (p->waits && plan->step && p->wanted && p->stands && p->needed && p->looked)
			return plan;
	}
	rmb_arena_free(arena);
	return NULL;
}

struct rmb_plan *
rmb_plan_make(struct rmb_graph *graph, const struct rmb_cache *cache, const struct rmb_journal *journal,
              const struct rmb_asked *asked, const char *last, struct rmb_error *error)
{
	struct planner p = { .graph = graph, .cache = cache, .journal = journal };
	struct rmb_plan *plan = new_plan(graph, &p);
	if (!plan) {
		rmb_error_nomem(error, "the plan");
		return NULL;
	}
	if (find_wanted(&p, asked, error)) {
		rmb_plan_free(plan);
		return NULL;
	}
	look_at_cache(&p);
	find_waiting(&p);
	settle(&p);
	carry_sizes(&p);
	rmb_plan_expect(plan);
	if (rmb_plan_add_up(plan) || give_reasons(&p, last)) {
		rmb_error_nomem(error, "the plan");
		rmb_plan_free(plan);
		return NULL;
	}
	return plan;
}

void
rmb_plan_free(struct rmb_plan *plan)
{
	if (plan)
		rmb_arena_free(plan->arena);
}

bool
rmb_plan_may_let_go(const struct rmb_plan *plan, const struct rmb_node *node, const bool *ended)
{
	for (int i = 0; i < node->nusers; i++) {
		const struct rmb_node *user = node->user[i];
		if (plan->step[user->index].todo == RMB_RUN && !ended[user->index])
			return false;
		/* what makes a recording of a recording may have made a view, whose samples stay where they are */
		if ((user->makes & RMB_RECORDING) && (node->makes & RMB_RECORDING) && !rmb_plan_may_let_go(plan, user, ended))
			return false;
	}
	return true;
}

/* pipeline/plan.c -- from the keys of a graph and what the cache holds to what will run. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "pipeline/bundle.h"
#include "pipeline/drive.h"
#include "pipeline/machine.h"
#include "pipeline/plan.h"
#include "pipeline/reason.h"
#include "rumble/units.h"

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
find_wanted(struct planner *p, const char *const *only, int nonly, const char *const *until, int nuntil, struct rmb_error *error)
{
	int n = p->graph->nnodes;
	if (nonly + nuntil == 0) {
		memset(p->wanted, true, (size_t)n * sizeof *p->wanted);
		return 0;
	}
	int code = want_named(p, until, nuntil, error);
	if (code)
		return code;
	for (int i = n; i-- > 0;)
		for (int j = 0; p->wanted[i] && j < p->graph->node[i]->nedges; j++)
			p->wanted[p->graph->node[i]->edge[j].from->index] = true;
	return want_named(p, only, nonly, error);
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

/* The size of the recording or the spikes that a node made, if it made any. */
static void
read_size(struct rmb_arena *arena, const struct rmb_object *object, struct rmb_node *node)
{
	const char *port = node->stage->out[0].name;
	struct rmb_recording recording;
	struct rmb_spikes spikes;
	struct rmb_error error = {0};
	unsigned kind = rmb_bundle_kind(object, port);
	if (kind == RMB_RECORDING && rmb_unbundle_recording(arena, object, port, NULL, &recording, &error) == 0)
		node->size = (struct rmb_size){ .neurons = (double)recording.neurons.n, .frames = (double)recording.nframes,
		                                .seconds = isnan(recording.rate) ? 0 : (double)recording.nframes / recording.rate };
	else if (kind == RMB_SPIKES && rmb_unbundle_spikes(arena, object, port, &spikes, &error) == 0)
		node->size = (struct rmb_size){ .neurons = (double)spikes.neurons.n, .spikes = (double)spikes.nspikes, .seconds = rmb_spikes_observed(&spikes) };
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
	read_size(p->plan->arena, object, node);
	const char *source = rmb_bundle_kind(object, port) == RMB_RECORDING ? rmb_bundle_source(object, port) : node->key;
	if (source && *source && strcmp(source, node->key) != 0 && !rmb_cache_has(p->cache, source, NULL)) {
		struct rmb_node *maker = node_with_key(p->graph, node, source);
		if (maker)
			changed = !p->needed[maker->index], p->needed[maker->index] = true;
		else
			changed = true, p->stands[node->index] = false;
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
				if (!p->looked[read->index] && p->stands[read->index] && (read->makes & (RMB_RECORDING | RMB_SPIKES)))
					changed |= look_inside(p, read);
			}
		}
	}
}

/* ---- what it costs ------------------------------------------------------------------------------------------------- */

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

static bool
runs_itself(const struct rmb_plan *plan, const struct rmb_node *node)
{
	return plan->step[node->index].todo == RMB_RUN && !node->twin;
}

/* Totals from the expectations of the steps. */
static int
add_up(struct rmb_plan *plan)
{
	struct rmb_arena *scratch = rmb_arena_new();
	double *until = scratch ? rmb_arena_alloc(scratch, (size_t)plan->nsteps, sizeof *until) : NULL, let_go = 0;
	plan->path = plan->work = plan->memory = plan->disk = plan->least_disk = 0;
	for (int i = 0; until && i < plan->nsteps; i++) {
		const struct rmb_step *step = &plan->step[i];
		if (!runs_itself(plan, step->node)) {
			until[i] = step->node->twin ? until[step->node->twin->index] : 0;
			continue;
		}
		for (int j = 0; j < step->node->nedges; j++)
			until[i] = fmax(until[i], until[step->node->edge[j].from->index]);
		until[i] += step->expected.seconds;
		plan->path = fmax(plan->path, until[i]);
		plan->work += step->expected.seconds;
		plan->memory = fmax(plan->memory, step->expected.peak_bytes);
		plan->disk += step->expected.object_bytes;
		plan->least_disk += step->node->keep ? step->expected.object_bytes : 0;
		let_go = fmax(let_go, step->node->keep ? 0 : step->expected.object_bytes);
	}
	plan->least_disk += let_go;
	plan->seconds = rmb_plan_seconds(plan, 0);
	rmb_arena_free(scratch);
	return until ? 0 : RMB_ELIMIT;
}

static void
expect(struct rmb_plan *plan)
{
	for (int i = 0; i < plan->nsteps; i++) {
		struct rmb_step *step = &plan->step[i];
		plan->ncached += step->todo == RMB_CACHED;
		plan->nrun += step->todo == RMB_RUN;
		if (runs_itself(plan, step->node))
			rmb_journal_expect(plan->journal, step->node, &step->expected);
	}
}

/* Sizes go on to readers as long as that changes something. */
static void
pass_on(struct rmb_plan *plan, struct rmb_node *node)
{
	for (int i = 0; i < node->nusers; i++) {
		struct rmb_node *user = node->user[i];
		struct rmb_step *step = &plan->step[user->index];
		struct rmb_size before = user->size;
		struct rmb_cost cost;
		if (step->todo != RMB_RUN)
			continue;
		rmb_node_estimate(user, &cost);
		user->size = cost.out;
		if (runs_itself(plan, user))
			rmb_journal_expect(plan->journal, user, &step->expected);
		if (memcmp(&before, &user->size, sizeof before) != 0)
			pass_on(plan, user);
	}
}

void
rmb_plan_learn(struct rmb_plan *plan, const struct rmb_cache *cache, struct rmb_node *node)
{
	struct rmb_size before = node->size;
	struct rmb_error error = {0};
	struct rmb_object *object;
	struct rmb_arena *scratch = rmb_arena_new();
	const char *path = scratch ? rmb_cache_path(scratch, cache, node->key) : NULL;
	if ((node->makes & (RMB_RECORDING | RMB_SPIKES)) && path && rmb_object_open(path, node->key, RMB_VERIFY_HEADER, &object, &error) == 0) {
		read_size(scratch, object, node);
		rmb_object_close(object);
	}
	rmb_arena_free(scratch);
	if (memcmp(&before, &node->size, sizeof before) == 0)
		return;
	pass_on(plan, node);
	(void)!add_up(plan); /* without memory the totals, which are for people, are short */
}

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
		                          ? rmb_arena_printf(p->plan->arena, "its sets are known once %s is there", rmb_drive_feed(node)->from->name)
		                          : rmb_arena_printf(p->plan->arena, "its %d sets run first; more may follow", node->drive->nsets);
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
		p->stands[i] = twin ? p->stands[twin->index] : rmb_cache_check(p->cache, step->node->key, &step->bytes, &error) == 0;
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
              const char *const *only, int nonly, const char *const *until, int nuntil, const char *last,
              struct rmb_error *error)
{
	struct planner p = { .graph = graph, .cache = cache, .journal = journal };
	struct rmb_plan *plan = new_plan(graph, &p);
	if (!plan) {
		rmb_error_nomem(error, "the plan");
		return NULL;
	}
	if (find_wanted(&p, only, nonly, until, nuntil, error)) {
		rmb_plan_free(plan);
		return NULL;
	}
	look_at_cache(&p);
	find_waiting(&p);
	settle(&p);
	carry_sizes(&p);
	expect(plan);
	if (add_up(plan) || give_reasons(&p, last)) {
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

double
rmb_plan_seconds(const struct rmb_plan *plan, int jobs)
{
	return fmax(plan->path, plan->work / (jobs > 0 ? jobs : rmb_machine_cores()));
}

int
rmb_plan_fits(const struct rmb_plan *plan, double free_bytes, double memory, struct rmb_error *error)
{
	char needs[64], has[64];
	for (int i = 0; memory > 0 && plan->memory > memory && i < plan->nsteps; i++) {
		const struct rmb_step *step = &plan->step[i];
		if (step->todo != RMB_RUN || step->expected.peak_bytes <= memory)
			continue;
		return rmb_error_set(error, RMB_ELIMIT, "%s (stage %s) is expected to need %s of memory; %s are allowed. Allow more with --memory, "
		                     "or take fewer neurons or frames", step->node->id, step->node->stage->name,
		                     rmb_quantity_print(step->expected.peak_bytes, "B", needs, sizeof needs), rmb_quantity_print(memory, "B", has, sizeof has));
	}
	if (free_bytes > 0 && plan->least_disk > free_bytes)
		return rmb_error_set(error, RMB_EOUTPUT, "this run is expected to write %s; where the cache lies, %s are free. Collect old objects with "
		                     "`rumble cache gc`, choose another place with --cache, or set keep: false on what need not stay",
		                     rmb_quantity_print(plan->least_disk, "B", needs, sizeof needs), rmb_quantity_print(free_bytes, "B", has, sizeof has));
	return 0;
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

int
rmb_plan_guesses(const struct rmb_plan *plan)
{
	int n = 0;
	for (int i = 0; i < plan->nsteps; i++)
		n += plan->step[i].todo == RMB_RUN && plan->step[i].expected.guess;
	return n;
}

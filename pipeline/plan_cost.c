/* pipeline/plan_cost.c -- what a plan will cost: sizes of recordings, expectations of nodes, totals. */
#include <math.h>
#include <string.h>
#include "pipeline/bundle.h"
#include "pipeline/machine.h"
#include "pipeline/plan_inside.h"
#include "rumble/units.h"

/* ---- sizes -------------------------------------------------------------------------------------------------------- */

void
rmb_plan_read_size(const struct rmb_object *object, struct rmb_node *node)
{
	const char *port = node->stage->out[0].name;
	struct rmb_recording recording;
	struct rmb_spikes spikes;
	struct rmb_error error = {0};
	unsigned kind = rmb_bundle_kind(object, port);
	if (kind == RMB_RECORDING && rmb_unbundle_recording(object, port, NULL, &recording, &error) == 0)
		node->size = (struct rmb_size){ .neurons = (double)recording.neurons.n, .frames = (double)recording.nframes,
		                                .seconds = recording.rate > 0 ? (double)recording.nframes / recording.rate : 0 };
	else if (kind == RMB_SPIKES && rmb_unbundle_spikes(object, port, &spikes, &error) == 0)
		node->size = (struct rmb_size){ .neurons = (double)spikes.neurons.n, .spikes = (double)spikes.nspikes,
		                                .seconds = rmb_spikes_observed(&spikes) };
}

/* ---- expectations and totals -------------------------------------------------------------------------------------- */

static bool
runs_itself(const struct rmb_plan *plan, const struct rmb_node *node)
{
	return plan->step[node->index].todo == RMB_RUN && !node->twin;
}

int
rmb_plan_add_up(struct rmb_plan *plan)
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

void
rmb_plan_expect(struct rmb_plan *plan)
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
	if ((node->makes & (RMB_RECORDING | RMB_SPIKES)) && path &&
	    rmb_object_open(path, node->key, RMB_VERIFY_HEADER, &object, &error) == 0) {
		rmb_plan_read_size(object, node);
		rmb_object_close(object);
	}
	rmb_arena_free(scratch);
	if (memcmp(&before, &node->size, sizeof before) == 0)
		return;
	pass_on(plan, node);
	(void)!rmb_plan_add_up(plan); /* without memory the totals, which are for people, are short */
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
		return rmb_error_set(error, RMB_ELIMIT,
		                     "%s (stage %s) is expected to need %s of memory; %s are allowed. Allow more with "
		                     "--memory, or take fewer neurons or frames",
		                     step->node->id, step->node->stage->name,
		                     rmb_quantity_print(step->expected.peak_bytes, "B", needs, sizeof needs),
		                     rmb_quantity_print(memory, "B", has, sizeof has));
	}
	if (free_bytes > 0 && plan->least_disk > free_bytes)
		return rmb_error_set(error, RMB_EOUTPUT,
		                     "this run is expected to write %s; where the cache lies, %s are free. Collect old "
		                     "objects with `rumble cache gc`, choose another place with --cache, or set keep: false "
		                     "on what need not stay",
		                     rmb_quantity_print(plan->least_disk, "B", needs, sizeof needs),
		                     rmb_quantity_print(free_bytes, "B", has, sizeof has));
	return 0;
}

int
rmb_plan_guesses(const struct rmb_plan *plan)
{
	int n = 0;
	for (int i = 0; i < plan->nsteps; i++)
		n += plan->step[i].todo == RMB_RUN && plan->step[i].expected.guess;
	return n;
}

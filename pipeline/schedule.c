/* pipeline/schedule.c -- which node may run next. */
#include "pipeline/schedule.h"
#include <string.h>

/* Nodes quicker than this share a worker: starting one costs as much as several of them. */
static const double QUICK_SECONDS = 0.05, CHAIN_SECONDS = 0.3;

struct rmb_node *
rmb_first_twin(struct rmb_node *node)
{
	return node->twin ? node->twin : node;
}

static struct rmb_turn *
turn_of(const struct rmb_schedule *s, const struct rmb_node *node)
{
	return &s->turn[node->index];
}

static bool
there(const struct rmb_schedule *s, struct rmb_node *node)
{
	const struct rmb_node *first = rmb_first_twin(node);
	return turn_of(s, first)->state == RMB_ENDED && s->result[first->index].outcome == RMB_DONE;
}

/* A node waits until its inputs are there. Returns whether it became ready. */
static bool
consider(struct rmb_schedule *s, struct rmb_node *node)
{
	struct rmb_turn *turn = turn_of(s, node);
	if (turn->state != RMB_WAITING || node->twin)
		return false;
	for (int e = 0; e < node->nedges; e++)
		if (!there(s, node->edge[e].from))
			return false;
	if (turn->lost && !there(s, turn->lost))
		return false;
	turn->lost = NULL;
	turn->state = RMB_READY;
	return true;
}

/* Longest path: users come after their inputs in the graph, so one pass from the end does. A twin's users wait for the first. */
void
rmb_schedule_expect(struct rmb_schedule *s)
{
	for (int i = 0; i < s->plan->nsteps; i++)
		s->turn[i].path = 0;
	for (int i = s->plan->nsteps - 1; i >= 0; i--) {
		const struct rmb_step *step = &s->plan->step[i];
		double longest = s->turn[i].path;
		for (int u = 0; u < step->node->nusers; u++) {
			double path = turn_of(s, step->node->user[u])->path;
			longest = path > longest ? path : longest;
		}
		s->turn[i].path = longest + (step->todo == RMB_RUN && !step->node->twin ? step->expected.seconds : 0);
		if (step->node->twin && longest > turn_of(s, step->node->twin)->path)
			turn_of(s, step->node->twin)->path = longest;
	}
}

/* Marks a node as one that has to be made. */
static void
want(struct rmb_schedule *s, struct rmb_node *node)
{
	if (turn_of(s, node)->state == RMB_ENDED)
		s->left++;
	turn_of(s, node)->state = RMB_WAITING;
	s->result[node->index].outcome = RMB_NOT_RUN;
}

void
rmb_schedule_begin(struct rmb_schedule *s)
{
	for (int i = 0; i < s->plan->nsteps; i++) {
		struct rmb_node *node = s->plan->step[i].node;
		enum rmb_todo todo = s->plan->step[i].todo;
		s->turn[i].state = RMB_ENDED;
		s->result[i].cached = todo == RMB_CACHED;
		s->result[i].outcome = todo == RMB_CACHED ? RMB_DONE : RMB_NOT_RUN;
		if (todo == RMB_RUN) {
			want(s, node);
			want(s, rmb_first_twin(node));
		}
		if (node->twin) {
			turn_of(s, node)->next_twin = turn_of(s, node->twin)->next_twin;
			turn_of(s, node->twin)->next_twin = node;
		}
	}
	rmb_schedule_expect(s);
	for (int i = 0; i < s->plan->nsteps; i++)
		consider(s, s->plan->step[i].node);
}

/* ---- taking */

static const struct rmb_measure *
expected(const struct rmb_schedule *s, const struct rmb_node *node)
{
	return &s->plan->step[node->index].expected;
}

/* Slots that the BLAS threads of a node take; never more than there are. */
static int
slots_of(const struct rmb_schedule *s, const struct rmb_node *node)
{
	int n = expected(s, node)->blas_threads;
	return n < 1 ? 1 : n < s->jobs ? n : s->jobs;
}

static bool
quick(const struct rmb_schedule *s, const struct rmb_node *node)
{
	return !node->stage->reads_files && expected(s, node)->blas_threads <= 1 && !turn_of(s, node)->alone &&
	       !expected(s, node)->guess && expected(s, node)->seconds < QUICK_SECONDS;
}

/* All inputs there or earlier in the chain. */
static bool
can_follow(const struct rmb_schedule *s, const struct rmb_chain *chain, const struct rmb_node *node)
{
	for (int e = 0; e < node->nedges; e++) {
		bool found = there(s, node->edge[e].from);
		for (int i = 0; i < chain->n && !found; i++)
			found = chain->node[i] == rmb_first_twin(node->edge[e].from);
		if (!found)
			return false;
	}
	return !turn_of(s, node)->lost;
}

static void
append(struct rmb_schedule *s, struct rmb_chain *chain, struct rmb_node *node)
{
	double memory = expected(s, node)->peak_bytes;
	chain->node[chain->n++] = node;
	chain->memory = memory > chain->memory ? memory : chain->memory;
	turn_of(s, node)->state = RMB_RUNNING;
}

/* Seconds that the chain of one worker may take: quick work is shared out among the free slots. */
static double
chain_seconds(const struct rmb_schedule *s, const struct rmb_node *first, int slots)
{
	double seconds = expected(s, first)->seconds;
	for (int i = 0; i < s->plan->nsteps; i++) {
		const struct rmb_node *node = s->plan->step[i].node;
		if ((s->turn[i].state == RMB_READY || s->turn[i].state == RMB_WAITING) && !node->twin && quick(s, node))
			seconds += expected(s, node)->seconds;
	}
	return seconds / slots < CHAIN_SECONDS ? seconds / slots : CHAIN_SECONDS;
}

/* Quick nodes follow in the order of the graph, in which inputs come first; those of the same recording before others. */
static void
lengthen(struct rmb_schedule *s, struct rmb_chain *chain, int slots, double memory)
{
	double seconds = expected(s, chain->node[0])->seconds, most = chain_seconds(s, chain->node[0], slots);
	for (int i = 0; i < 2 * s->plan->nsteps && chain->n < RMB_CHAIN_MAX && seconds < most; i++) {
		struct rmb_node *node = s->plan->step[i % s->plan->nsteps].node;
		enum rmb_state state = turn_of(s, node)->state;
		bool others = i >= s->plan->nsteps;
		if ((state != RMB_READY && state != RMB_WAITING) || node->twin ||
		    (!others && node->source != chain->node[0]->source) || !quick(s, node) ||
		    expected(s, node)->peak_bytes > memory || !can_follow(s, chain, node))
			continue;
		seconds += expected(s, node)->seconds;
		append(s, chain, node);
	}
}

void
rmb_schedule_take(struct rmb_schedule *s, int slots, double memory, struct rmb_chain *chain)
{
	struct rmb_node *best = NULL;
	int nready = 0;
	*chain = (struct rmb_chain){ 0 };
	for (int i = 0; i < s->plan->nsteps; i++) {
		struct rmb_node *node = s->plan->step[i].node;
		if (s->turn[i].state != RMB_READY)
			continue;
		nready++;
		if (slots_of(s, node) <= slots && expected(s, node)->peak_bytes <= memory &&
		    (!best || s->turn[i].path > turn_of(s, best)->path))
			best = node;
	}
	if (!best)
		return;
	append(s, chain, best);
	if (quick(s, best))
		lengthen(s, chain, slots, memory);
	int share = slots / nready;
	chain->slots = chain->n > 1 || share < slots_of(s, best) ? slots_of(s, best) : share;
	chain->threads = chain->slots;
}

/* ---- what came of it */

static void
end(struct rmb_schedule *s, struct rmb_node *node)
{
	if (turn_of(s, node)->state != RMB_ENDED)
		s->left--;
	turn_of(s, node)->state = RMB_ENDED;
}

void
rmb_schedule_done(struct rmb_schedule *s, struct rmb_node *node, bool cached)
{
	struct rmb_node *first = rmb_first_twin(node);
	for (struct rmb_node *twin = first; twin; twin = turn_of(s, twin)->next_twin) {
		if (twin != first && turn_of(s, twin)->state == RMB_ENDED)
			continue;
		end(s, twin);
		s->result[twin->index].outcome = RMB_DONE;
		s->result[twin->index].cached = cached || twin != first;
	}
	for (struct rmb_node *twin = first; twin; twin = turn_of(s, twin)->next_twin)
		for (int u = 0; u < twin->nusers; u++)
			consider(s, twin->user[u]);
	for (int i = 0; i < s->plan->nsteps; i++)
		if (s->turn[i].lost == first)
			consider(s, s->plan->step[i].node);
}

static void block_users(struct rmb_schedule *s, struct rmb_node *node, struct rmb_node *culprit);

static void
block(struct rmb_schedule *s, struct rmb_node *node, struct rmb_node *culprit)
{
	struct rmb_result *result = &s->result[node->index];
	end(s, node);
	result->outcome = RMB_BLOCKED;
	result->code = s->result[culprit->index].code;
	result->text = rmb_arena_printf(s->plan->arena, "needs %s, which failed", culprit->id);
	block_users(s, node, culprit);
	for (int i = 0; s->remade && i < s->plan->nsteps; i++) /* those that wait for it only because it got lost */
		if (s->turn[i].lost == node && s->turn[i].state == RMB_WAITING) {
			s->turn[i].lost = NULL;
			block(s, s->plan->step[i].node, culprit);
		}
}

/* Users of a node that will never be there are blocked, and theirs. */
static void
block_users(struct rmb_schedule *s, struct rmb_node *node, struct rmb_node *culprit)
{
	for (int u = 0; u < node->nusers; u++)
		if (turn_of(s, node->user[u])->state == RMB_WAITING)
			block(s, node->user[u], culprit);
}

void
rmb_schedule_failed(struct rmb_schedule *s, struct rmb_node *node, int code, const char *text)
{
	struct rmb_node *first = rmb_first_twin(node);
	for (struct rmb_node *twin = first; twin; twin = turn_of(s, twin)->next_twin) {
		if (twin != first && turn_of(s, twin)->state == RMB_ENDED)
			continue;
		end(s, twin);
		s->result[twin->index].outcome = RMB_FAILED;
		s->result[twin->index].code = code;
		s->result[twin->index].text = rmb_arena_strdup(s->plan->arena, text);
		block_users(s, twin, first);
	}
	for (int i = 0; i < s->plan->nsteps; i++) /* those that wait for it only because it got lost */
		if (s->turn[i].lost == first && s->turn[i].state == RMB_WAITING) {
			s->turn[i].lost = NULL;
			rmb_schedule_failed(s, s->plan->step[i].node, code,
			                    rmb_arena_printf(s->plan->arena, "needs %s, which failed", first->id));
		}
}

/* Makes sure that the object of a node that counts as there (or was let go) will be there. */
static void
make_again(struct rmb_schedule *s, struct rmb_node *node)
{
	struct rmb_node *first = rmb_first_twin(node);
	struct rmb_turn *turn = turn_of(s, first);
	int64_t bytes;
	if (turn->state != RMB_ENDED)
		return;
	if (rmb_cache_has(s->cache, first->key, &bytes)) {
		s->result[first->index].outcome = RMB_DONE;
		return;
	}
	want(s, first);
	s->remade++;
	for (int e = 0; e < first->nedges; e++)
		make_again(s, first->edge[e].from);
	consider(s, first);
}

void
rmb_schedule_again(struct rmb_schedule *s, struct rmb_node *node)
{
	turn_of(s, node)->state = RMB_WAITING;
	for (int e = 0; e < node->nedges; e++) { /* an input may have been lost, made again, and failed meanwhile */
		struct rmb_node *from = rmb_first_twin(node->edge[e].from);
		enum rmb_outcome outcome = s->result[from->index].outcome;
		if (turn_of(s, from)->state == RMB_ENDED && (outcome == RMB_FAILED || outcome == RMB_BLOCKED)) {
			block(s, node, from);
			return;
		}
	}
	consider(s, node);
}

struct rmb_node *
rmb_schedule_lost(struct rmb_schedule *s, struct rmb_node *node, const char *key)
{
	for (int i = 0; i < s->plan->nsteps; i++) {
		struct rmb_node *lost = s->plan->step[i].node;
		if (strcmp(lost->key, key) || lost->twin)
			continue;
		make_again(s, lost);
		turn_of(s, node)->lost = lost;
		rmb_schedule_again(s, node);
		return lost;
	}
	return NULL;
}

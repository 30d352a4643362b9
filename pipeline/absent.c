#include "pipeline/absent.h"
#include <stdlib.h>
#include <string.h>

bool
rmb_is_absent(const struct rmb_drives *drives, const char *id)
{
	const struct rmb_absent *absent = drives->absent;
	while (absent && strcmp(absent->id, id) != 0)
		absent = absent->next;
	return absent != NULL;
}

static bool
may_lack(const struct rmb_node *node, const struct rmb_edge *edge)
{
	return node->stage->goes_on && node->source < 0 && node->stage->in[edge->port].gather == RMB_RECORDINGS;
}

static bool
of_sets(const struct rmb_node *node, const struct rmb_edge *edge)
{
	return node->stage->in[edge->port].gather == RMB_SETS;
}

/* Of a driver it is its sets that say so; a copy of it, made for a set of another driver, has failures of its own. */
static bool
is_set_aside(const struct rmb_node *node, const struct rmb_edge *edge)
{
	return node->drive && node->stage->goes_on && of_sets(node, edge);
}

static int
note(struct rmb_drives *drives, const char *id, bool *changed)
{
	struct rmb_absent *absent = rmb_is_absent(drives, id) ? NULL : rmb_arena_alloc(drives->arena, 1, sizeof *absent);
	if (rmb_is_absent(drives, id))
		return 0;
	if (!absent || !(absent->id = rmb_arena_strdup(drives->arena, id)))
		return RMB_ELIMIT;
	absent->next = drives->absent;
	drives->absent = absent;
	*changed = true;
	return 0;
}

int
rmb_absent_note(const struct rmb_graph *graph, const bool *lost, bool *changed)
{
	int code = 0;
	for (int i = 0; i < graph->nnodes; i++) {
		const struct rmb_node *node = graph->node[i];
		int left = 0;
		for (int e = 0; e < node->nedges; e++)
			left += may_lack(node, &node->edge[e]) && !lost[node->edge[e].from->index];
		for (int e = 0; e < node->nedges && left && code == 0; e++)
			if (may_lack(node, &node->edge[e]) && lost[node->edge[e].from->index])
				code = note(graph->drives, node->edge[e].from->id, changed);
		for (int e = 0; e < node->nedges && node->sets && code == 0; e++)
			if (is_set_aside(node, &node->edge[e]) && lost[node->edge[e].from->index])
				code = note(graph->drives, node->edge[e].from->id, changed);
	}
	return code;
}

/* Whether a lost node waits for inputs alone that it will be made anew without, or that will be tried again themselves. */
static bool
is_tried_again(const struct rmb_node *node, const bool *lost, const bool *again)
{
	int missing = 0, needed = 0, recordings = 0, there = 0;
	for (int e = 0; e < node->nedges; e++) {
		const struct rmb_edge *edge = &node->edge[e];
		bool gone = lost[edge->from->index], aside = gone && is_set_aside(node, edge);
		missing += gone || again[edge->from->index];
		needed += gone && !aside && !may_lack(node, edge);
		recordings += may_lack(node, edge);
		there += may_lack(node, edge) && !gone;
	}
	return missing && !needed && (there || !recordings);
}

int
rmb_lost_for_good(const struct rmb_graph *graph, bool *lost)
{
	bool *again = calloc((size_t)graph->nnodes + 1, sizeof *again);
	for (int i = 0; again && i < graph->nnodes; i++)
		if (lost[i] && is_tried_again(graph->node[i], lost, again)) {
			again[i] = true;
			lost[i] = false;
		}
	free(again);
	return again ? 0 : RMB_ELIMIT;
}

bool *
rmb_lost_after(const struct rmb_graph *graph, const struct rmb_result *result)
{
	bool *lost = calloc((size_t)graph->nnodes + 1, sizeof *lost);
	for (int i = 0; lost && i < graph->nnodes; i++)
		lost[i] = result[i].outcome == RMB_FAILED || result[i].outcome == RMB_BLOCKED;
	return lost;
}

bool *
rmb_lost_since(const struct rmb_graph *graph, const struct rmb_cache *cache, const struct rmb_journal *journal)
{
	bool *lost = calloc((size_t)graph->nnodes + 1, sizeof *lost);
	for (int i = 0; lost && i < graph->nnodes; i++) {
		const struct rmb_node *node = graph->node[i];
		int64_t bytes;
		if (rmb_cache_has(cache, node->key, &bytes))
			continue;
		lost[i] = rmb_journal_failure(journal, node) != NULL;
		for (int e = 0; e < node->nedges; e++)
			lost[i] |= lost[node->edge[e].from->index];
	}
	return lost;
}

/* pipeline/report/gathering.c -- what the report's parts are gathered from: objects, and what the descriptors say of them. */
#include <math.h>
#include <string.h>
#include "pipeline/report/gathering.h"

const char *
rmb_joined(struct rmb_arena *arena, const char *a, const char *between, const char *b)
{
	return a && *a ? rmb_arena_printf(arena, "%s%s%s", a, between, b) : b;
}

/* The node that a key belongs to first: twins share its object, and are not opened twice. */
struct rmb_object *
rmb_gather_object(struct rmb_gathering *g, const struct rmb_node *node)
{
	int i = node->twin ? node->twin->index : node->index;
	struct rmb_error error = { 0 };
	if (g->standing[node->index].stand != RMB_HERE || g->object[i])
		return g->standing[node->index].stand == RMB_HERE ? g->object[i] : NULL;
	if (rmb_cache_get(g->cache, node->key, NULL, &g->object[i], &error)) {
		g->object[i] = NULL;
		g->standing[node->index] = (struct rmb_standing){ RMB_MISSING, rmb_unusable(g->arena, error.text) };
	}
	return g->object[i];
}

void
rmb_gather_close(struct rmb_gathering *g)
{
	for (int i = 0; i < g->graph->nnodes; i++) {
		rmb_object_close(g->object[i]);
		g->object[i] = NULL;
	}
}

bool
rmb_gather_scalar(const struct rmb_object *object, const char *name, double *value)
{
	const struct rmb_array *a = object ? rmb_object_array(object, name) : NULL;
	if (!a || a->naxes != 0 || a->type == RMB_TEXT)
		return false;
	*value = rmb_gather_value(a, 0);
	return true;
}

struct rmb_group *
rmb_gather_groups(struct rmb_gathering *g, int source, const struct rmb_entry *entry, bool here, int *ngroups)
{
	int n = g->graph->nnodes;
	struct rmb_group *group = rmb_arena_alloc(g->arena, (size_t)n, sizeof *group);
	*ngroups = 0;
	for (int i = 0; group && i < n; i++) {
		const struct rmb_node *node = g->graph->node[i];
		int k = 0;
		if (node->source != source || node->entry != entry || node->hidden || (here && !rmb_gather_object(g, node)))
			continue;
		while (k < *ngroups &&
		       strcmp(group[k].node[0]->branch ? group[k].node[0]->branch : "", node->branch ? node->branch : ""))
			k++;
		*ngroups += k == *ngroups;
		group[k].node = rmb_arena_room(g->arena, group[k].node, (size_t)group[k].n, sizeof *group[k].node);
		if (!group[k].node)
			return NULL;
		group[k].node[group[k].n++] = node;
	}
	return group;
}

bool
rmb_gather_spread(struct rmb_gathering *g, const struct rmb_group *group, const char *name, struct rmb_spread *spread)
{
	double sum = 0, value;
	int n = 0, found = 0;
	*spread = (struct rmb_spread){ NAN, INFINITY, -INFINITY };
	for (int i = 0; i < group->n; i++) {
		if (!rmb_gather_scalar(rmb_gather_object(g, group->node[i]), name, &value))
			continue;
		found++;
		if (isnan(value))
			continue;
		sum += value, n++;
		spread->low = fmin(spread->low, value);
		spread->high = fmax(spread->high, value);
	}
	if (n)
		spread->mean = sum / n;
	else
		spread->low = spread->high = NAN;
	return found;
}

const char *
rmb_spread_print(struct rmb_arena *arena, const struct rmb_spread *spread, int digits)
{
	const char *from = rmb_number_print(arena, spread->low, digits), *to = rmb_number_print(arena, spread->high, digits);
	if (from && to && strcmp(from, to) == 0)
		return from;
	return rmb_arena_printf(arena, "%s [%s..%s]", rmb_number_print(arena, spread->mean, digits), from, to);
}

const char *
rmb_gather_text(const struct rmb_object *object, const char *name)
{
	const struct rmb_array *a = object ? rmb_object_array(object, name) : NULL;
	return a && a->naxes == 0 && a->type == RMB_TEXT && a->width > 0 && !((const char *)a->data)[a->width - 1] ? a->data
	                                                                                                           : NULL;
}

double
rmb_gather_value(const struct rmb_array *a, int64_t i)
{
	switch (a->type) {
	case RMB_FLOAT32: return (double)((const float *)a->data)[i];
	case RMB_FLOAT64: return ((const double *)a->data)[i];
	case RMB_INT64: return (double)((const int64_t *)a->data)[i];
	case RMB_UINT8: return ((const uint8_t *)a->data)[i];
	default: return NAN;
	}
}

json_t *
rmb_gather_warnings(const struct rmb_object *object)
{
	const char *text = object ? rmb_object_attribute(object, "warnings") : NULL;
	return text ? json_loads(text, 0, NULL) : NULL;
}

const struct rmb_figure *
rmb_figures_of(const struct rmb_node *node)
{
	return node->hidden ? NULL : node->stage->figures;
}

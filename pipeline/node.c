/* pipeline/node.c -- what can be said of one node: what it makes, how large that is, what it waits for. */
#include <string.h>
#include "pipeline/drive.h"
#include "pipeline/graph.h"

/* ---- what it makes ------------------------------------------------------------------------------------------------- */

const struct rmb_port *
rmb_output_port(const struct rmb_stage *stage, const char *name)
{
	for (const struct rmb_port *port = stage->out; port->name; port++)
		if (!name || strcmp(port->name, name) == 0)
			return port;
	return NULL;
}

unsigned
rmb_node_kinds(const struct rmb_node *node, const struct rmb_port *port)
{
	unsigned kinds = port->kinds;
	if (kinds & RMB_AS_INPUT) {
		kinds &= ~(unsigned)RMB_AS_INPUT;
		if (node->nedges) {
			const struct rmb_edge *edge = &node->edge[0];
			kinds |= strcmp(edge->output, edge->from->stage->out[0].name) == 0
			         ? edge->from->makes & node->stage->in[edge->port].kinds
			         : RMB_ARRAY;
		}
	}
	return kinds;
}

void
rmb_node_estimate(const struct rmb_node *node, struct rmb_cost *cost)
{
	struct rmb_size in = { 0 };
	for (int i = 0; i < node->nedges; i++)
		if (node->edge[i].from->size.neurons > 0) {
			in = node->edge[i].from->size;
			break;
		}
	if (node->nedges == 0) /* a source: of what it makes something may be known before it runs */
		in = node->size;
	*cost = (struct rmb_cost){ .out = in };
	if (node->stage->estimate)
		node->stage->estimate(node->settings, &in, cost);
}

void
rmb_node_finish(struct rmb_node *node)
{
	struct rmb_cost cost;
	node->makes = node->stage->makes ? node->stage->makes(node->settings) : rmb_node_kinds(node, &node->stage->out[0]);
	if (node->source >= 0 && node->entry->seen && (node->makes & node->entry->seen[node->source]))
		node->makes = node->entry->seen[node->source];
	rmb_node_estimate(node, &cost);
	node->size = cost.out;
}

/* ---- drivers and branches ------------------------------------------------------------------------------------------ */

bool
rmb_stage_is_fed(const struct rmb_stage *stage)
{
	for (const struct rmb_port *port = stage->in; port->name; port++)
		if (port->gather != RMB_SETS)
			return stage->propose != NULL;
	return false;
}

bool
rmb_node_waits(const struct rmb_node *node)
{
	return node->drive && !node->sets && !node->drive->done;
}

const char *
rmb_node_own_branch(const struct rmb_node *node)
{
	const char *branch = node->branch;
	for (int i = 0; i < node->sets && branch; i++)
		branch = strchr(branch, ',') ? strchr(branch, ',') + 1 : NULL;
	return branch ? branch : "";
}

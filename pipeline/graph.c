/* pipeline/graph.c -- from the rows of entries to nodes with settings, kinds, sizes and readers. */
#include <stdlib.h>
#include <string.h>
#include "pipeline/absent.h"
#include "pipeline/graph_sets.h"
#include "pipeline/shape.h"

struct builder {
	struct rmb_graph *graph;
	struct rmb_recipe *recipe;
	const struct rmb_shapes *shapes;
	struct rmb_mistakes *m;
	struct rmb_node **first;  /* of each entry: its nodes, recording by recording, row by row */
	int *level;               /* of each entry: group stages on the longest way down to it */
	bool *filled;             /* of each entry: its nodes are complete */
	int ntold;                /* references whose kinds were told not to fit */
	const struct rmb_reference *told[16];
	unsigned nsets;           /* sets made so far */
	bool failed;              /* out of memory */
};

static int
sources_of(const struct builder *b, int entry)
{
	return b->shapes->shape[entry].group ? 1 : b->recipe->nsources;
}

static struct rmb_node *
node_at(const struct builder *b, int entry, int source, int row)
{
	const struct rmb_shape *shape = &b->shapes->shape[entry];
	return b->first[entry] + (shape->group ? 0 : (int64_t)source * shape->nrows) + row;
}

static void *
grab(struct builder *b, int64_t n, size_t size)
{
	void *memory = rmb_arena_alloc(b->graph->arena, (size_t)n, size);
	if (!memory && !b->failed) {
		struct rmb_place nowhere = {0};
		rmb_mistake(b->m, RMB_ELIMIT, nowhere, "there is not enough memory for the nodes of this recipe");
	}
	b->failed |= !memory;
	return memory;
}

/* ---- settings ------------------------------------------------------------------------------------------------------ */

/* Settings of an entry in one recording, shared by its rows; the recipe has let the stage check them. */
static bool
resolve(struct builder *b, const struct rmb_entry *entry, int source, struct rmb_value **value, const void **settings)
{
	int n = rmb_nparams(entry->stage);
	if (entry->refused)
		return false;
	*value = grab(b, n, sizeof **value);
	if (!*value)
		return false;
	bool good = true;
	for (int i = 0; i < n; i++)
		good &= rmb_recipe_value(b->recipe, entry, i, source, &(*value)[i], b->m) == 0;
	if (!good)
		return false;
	*settings = rmb_settings_make(b->graph->arena, entry->stage, *value);
	return *settings != NULL;
}

static void
remark_on(struct builder *b, const struct rmb_entry *entry, const void *settings)
{
	if (entry->repeat > 1 && !(entry->stage->draws && entry->stage->draws(settings)))
		rmb_remark(b->m, entry->place,
		           "repeat: %d makes %d times the same, for with these settings %s draws no random numbers",
		           entry->repeat, entry->repeat, entry->stage->name);
}

/* ---- edges and kinds ----------------------------------------------------------------------------------------------- */

static void
check_kinds(struct builder *b, const struct rmb_node *node, const struct rmb_edge *edge, const struct rmb_reference *reference)
{
	const struct rmb_port *from = rmb_output_port(edge->from->stage, edge->output), *to = &node->stage->in[edge->port];
	unsigned kinds = from == edge->from->stage->out ? edge->from->makes : rmb_node_kinds(edge->from, from);
	bool said = kinds == 0 || reference->told ||
	            b->ntold == (int)(sizeof b->told / sizeof *b->told); /* nothing: told where it arose */
	for (int i = 0; i < b->ntold; i++)
		said |= b->told[i] == reference;
	if (said || (kinds & to->kinds))
		return;
	b->told[b->ntold++] = reference;
	const char *of = node->source < 0 ? "" : b->recipe->source[node->source].name;
	rmb_mistake(b->m, RMB_ERECIPE, reference->place, "%s of %s takes %s, but %s%s%s makes %s", to->name, node->entry->name,
	            rmb_kind_names(to->kinds), reference->text, *of ? " of recording " : "", of, rmb_kind_names(kinds));
}

/* A node over all recordings goes on without what failed, and remembers of which recordings. */
static bool
does_without(struct builder *b, struct rmb_node *node, int port, const struct rmb_node *read)
{
	if (node->source >= 0 || read->source < 0 || !node->stage->goes_on || node->stage->in[port].gather != RMB_RECORDINGS ||
	    !rmb_is_absent(b->graph->drives, read->id))
		return false;
	const char *name = b->recipe->source[read->source].name;
	for (int i = 0; i < node->nabsent; i++)
		if (strcmp(node->absent[i], name) == 0)
			return true;
	const char **room = rmb_arena_room(b->graph->arena, node->absent, (size_t)node->nabsent, sizeof *room);
	if (!room)
		return false;
	node->absent = room;
	node->absent[node->nabsent++] = name;
	return true;
}

static bool
connect(struct builder *b, struct rmb_node *node, const struct rmb_row *row)
{
	int64_t n = 0;
	for (int64_t p = 0; p < row->npicks; p++)
		n += node->source < 0 ? sources_of(b, row->pick[p].reference->entry) : 1;
	if (!(node->edge = grab(b, n, sizeof *node->edge)))
		return false;
	for (int64_t p = 0; p < row->npicks; p++) {
		const struct rmb_pick *pick = &row->pick[p];
		const struct rmb_reference *reference = pick->reference;
		int nsources = node->source < 0 ? sources_of(b, reference->entry) : 1;
		for (int s = 0; s < nsources; s++) {
			struct rmb_node *read = node_at(b, reference->entry, node->source < 0 ? s : node->source, pick->row);
			if (does_without(b, node, pick->use->port, read))
				continue;
			const struct rmb_port *port = rmb_output_port(read->stage, reference->output);
			node->edge[node->nedges++] = (struct rmb_edge){ .port = pick->use->port, .from = read,
			                                                .output = port->name };
			check_kinds(b, node, &node->edge[node->nedges - 1], reference);
		}
	}
	return true;
}

/* ---- nodes --------------------------------------------------------------------------------------------------------- */

static bool
fill_node(struct builder *b, struct rmb_node *node, const struct rmb_row *row)
{
	struct rmb_arena *arena = b->graph->arena;
	node->branch = row->branch;
	node->replicate = row->replicate;
	node->turn = row->turn;
	node->name = row->name;
	node->keep = node->entry->keep;
	node->id = node->source < 0 ? row->name
	                            : rmb_arena_printf(arena, "%s/%s", b->recipe->source[node->source].name, row->name);
	if (!node->id || !connect(b, node, row))
		return false;
	rmb_node_finish(node);
	return true;
}

static bool
inputs_are_filled(const struct builder *b, int e)
{
	const struct rmb_entry *entry = &b->recipe->entry[e];
	for (int u = 0; u < entry->nuses; u++)
		for (int i = 0; i < entry->use[u].nreferences; i++)
			if (!b->filled[entry->use[u].reference[i].entry])
				return false;
	return b->shapes->shape[e].known;
}

/* What the nodes of a driver read, once for each of its sets. */
static bool
make_sets(struct builder *b, int e)
{
	int64_t n = b->shapes->shape[e].nrows * sources_of(b, e);
	struct rmb_node **driver = grab(b, n, sizeof *driver);
	for (int64_t i = 0; driver && i < n; i++)
		driver[i] = b->first[e] + i;
	return driver && rmb_graph_make_sets(b->graph, driver, (int)n, &b->nsets, b->m);
}

/* Settings are resolved, so that their mistakes are told, even where a mistake elsewhere leaves no nodes to make. */
static void
fill_entry(struct builder *b, int e)
{
	struct rmb_entry *entry = &b->recipe->entry[e];
	const struct rmb_shape *shape = &b->shapes->shape[e];
	bool good = inputs_are_filled(b, e);
	for (int s = 0; s < sources_of(b, e) && !b->failed; s++) {
		struct rmb_value *value;
		const void *settings;
		int source = shape->group ? -1 : s;
		if (!resolve(b, entry, source, &value, &settings)) {
			good = false;
			continue;
		}
		if (s == 0)
			remark_on(b, entry, settings);
		for (int64_t r = 0; good && r < shape->nrows; r++) {
			struct rmb_node *node = node_at(b, e, s, (int)r);
			*node = (struct rmb_node){ .entry = entry, .stage = entry->stage, .source = source, .value = value,
			                           .settings = settings };
			good = fill_node(b, node, &shape->row[r]);
		}
	}
	b->filled[e] = good && !b->failed && (!entry->stage->propose || make_sets(b, e));
}

/* Levels part the graph where a group stage needs all recordings; inside one, a recording is finished before the next. */
static void
find_level(struct builder *b, int e)
{
	const struct rmb_entry *entry = &b->recipe->entry[e];
	for (int u = 0; u < entry->nuses; u++)
		for (int i = 0; i < entry->use[u].nreferences; i++) {
			int from = entry->use[u].reference[i].entry;
			int level = b->level[from] + (b->shapes->shape[e].group && !b->shapes->shape[from].group);
			b->level[e] = level > b->level[e] ? level : b->level[e];
		}
}

/* Adds the nodes of an entry in one recording (-1: over all): before a driver what was made for its sets. Returns how
 * many there are then. */
static int
add_nodes(const struct builder *b, int e, int source, int n)
{
	for (int64_t r = 0; r < b->shapes->shape[e].nrows; r++) {
		struct rmb_node *node = node_at(b, e, source < 0 ? 0 : source, (int)r);
		for (int k = 0; k < node->nmade; k++)
			b->graph->node[n++] = node->made[k];
		b->graph->node[n++] = node;
	}
	return n;
}

/* Puts the nodes in order: level by level, in each first the nodes over all recordings, then recording by recording. */
static bool
put_in_order(struct builder *b)
{
	struct rmb_graph *graph = b->graph;
	if (!(graph->node = grab(b, graph->nnodes, sizeof *graph->node)))
		return false;
	int n = 0;
	for (int level = 0; n < graph->nnodes; level++)
		for (int source = -1; source < b->recipe->nsources; source++)
			for (int i = 0; i < b->recipe->nentries; i++) {
				int e = b->shapes->order[i];
				if (b->level[e] == level && b->shapes->shape[e].group == (source < 0))
					n = add_nodes(b, e, source, n);
			}
	bool good = true;
	for (int i = 0; i < n; i++) {
		graph->node[i]->index = i;
		good &= rmb_graph_leave_out_failed(graph, graph->node[i]);
	}
	return good;
}

/* Who reads each node: every reader once, in dependency order. */
static bool
find_users(struct builder *b)
{
	struct rmb_graph *graph = b->graph;
	for (int pass = 0; pass < 2; pass++) {
		int *last = calloc((size_t)graph->nnodes + 1, sizeof *last); /* reader counted last, + 1 */
		if (!last)
			return false;
		for (int i = 0; i < graph->nnodes; i++)
			for (int j = 0; j < graph->node[i]->nedges; j++) {
				struct rmb_node *from = graph->node[i]->edge[j].from;
				if (last[from->index] == i + 1)
					continue;
				last[from->index] = i + 1;
				if (pass)
					from->user[from->nusers] = graph->node[i];
				from->nusers++;
			}
		free(last);
		for (int i = 0; !pass && i < graph->nnodes; i++) {
			graph->node[i]->user = grab(b, graph->node[i]->nusers, sizeof *graph->node[i]->user);
			if (!graph->node[i]->user)
				return false;
			graph->node[i]->nusers = 0;
		}
	}
	return true;
}

/* An entry with keep: false that nothing reads never runs, which nobody can mean. */
static void
remark_on_leaves(struct builder *b)
{
	for (int e = 0; e < b->recipe->nentries; e++) {
		const struct rmb_entry *entry = &b->recipe->entry[e];
		if (!entry->keep && b->shapes->shape[e].nrows && b->first[e]->nusers == 0)
			rmb_remark(b->m, entry->place,
			           "nothing reads %s and keep: false lets its result go, so it never runs", entry->name);
	}
}

static bool
make_nodes(struct builder *b)
{
	int n = b->recipe->nentries;
	b->first = grab(b, n, sizeof *b->first);
	b->level = grab(b, n, sizeof *b->level);
	b->filled = grab(b, n, sizeof *b->filled);
	if (b->failed)
		return false;
	for (int i = 0; i < b->shapes->norder; i++) {
		int e = b->shapes->order[i];
		if (!b->recipe->entry[e].stage)
			continue;
		int64_t nodes = b->shapes->shape[e].nrows * sources_of(b, e); /* 0 if the shape is not known */
		b->first[e] = grab(b, nodes, sizeof **b->first);
		if (b->failed)
			return false;
		b->graph->nnodes += (int)nodes;
		find_level(b, e);
		fill_entry(b, e);
		b->failed |= !b->filled[e] && rmb_mistakes_count(b->m) == 0; /* not one mistake, so there was no memory */
	}
	return !b->failed && rmb_mistakes_count(b->m) == 0;
}

struct rmb_graph *
rmb_graph_make(struct rmb_recipe *recipe, struct rmb_mistakes *m)
{
	return rmb_graph_make_driven(recipe, NULL, m);
}

struct rmb_graph *
rmb_graph_make_driven(struct rmb_recipe *recipe, struct rmb_drives *drives, struct rmb_mistakes *m)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_graph *graph = arena ? rmb_arena_alloc(arena, 1, sizeof *graph) : NULL;
	if (graph) {
		*graph = (struct rmb_graph){ .recipe = recipe, .arena = arena,
		                             .drives = drives ? drives : rmb_drives_new(arena) };
		struct builder b = { .graph = graph, .recipe = recipe, .m = m, .shapes = rmb_shapes_make(arena, recipe, m) };
		if (graph->drives && b.shapes && make_nodes(&b) && put_in_order(&b) && find_users(&b)) {
			remark_on_leaves(&b);
			return graph;
		}
	}
	if (rmb_mistakes_count(m) == 0)
		rmb_mistake(m, RMB_ELIMIT, (struct rmb_place){0}, "there is not enough memory for the nodes of this recipe");
	rmb_arena_free(arena);
	return NULL;
}

void
rmb_graph_free(struct rmb_graph *graph)
{
	if (graph)
		rmb_arena_free(graph->arena);
}

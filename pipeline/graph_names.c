/* pipeline/graph_names.c -- nodes by the names that people write. */
#include <stdlib.h>
#include <string.h>
#include "pipeline/graph.h"
#include "pipeline/shape.h"

/* "[recording/]entry[@branch][#replicate][.output]" in pieces, in the arena; what is left out is NULL or 0. */
static int
parse_name(struct rmb_arena *arena, const char *text, struct rmb_node_name *name, struct rmb_error *error)
{
	char *rest = rmb_arena_strdup(arena, text), *end;
	*name = (struct rmb_node_name){0};
	if (!rest)
		return rmb_error_nomem(error, "a name");
	if ((end = strrchr(rest, '/'))) { /* a recording's name may hold any of these characters, the rest no '/' */
		*end = 0;
		name->source = rest;
		rest = end + 1;
	}
	name->entry = rest;
	if ((end = strchr(rest, '.'))) {
		*end = 0;
		name->output = end + 1;
	}
	if ((end = strchr(rest, '#'))) {
		*end = 0;
		char *after;
		long n = strtol(end + 1, &after, 10);
		if (*after || n < 1 || n > RMB_MAX_NODES)
			return rmb_error_set(error, RMB_EUSAGE,
			                     "'%s' names no node: behind '#' stands the number of a replicate, such as #1",
			                     text);
		name->replicate = (int)n;
	}
	if ((end = strchr(rest, '@'))) {
		*end = 0;
		name->branch = end + 1;
	}
	return 0;
}

/* Nodes that were made for the sets of a driver are meant only where the set is named: `alpha` and `alpha@z` are those of
 * the recipe. */
static bool
names_sets(const struct rmb_node *node, const char *branch)
{
	bool used[RMB_MAX_NODE_NAME];
	if (!rmb_branch_matches(node->branch, branch, used))
		return false;
	for (int i = 0; i < node->sets; i++)
		if (!used[i])
			return false;
	return true;
}

bool
rmb_node_is_named(const struct rmb_graph *graph, const struct rmb_node *node, const struct rmb_node_name *name)
{
	if (strcmp(node->entry->name, name->entry) != 0 || (name->replicate && name->replicate != node->replicate))
		return false;
	if (name->source && (node->source < 0 || strcmp(graph->recipe->source[node->source].name, name->source) != 0))
		return false;
	if (!name->branch)
		return node->sets == 0;
	if (node->sets && !names_sets(node, name->branch))
		return false;
	return name->whole ? node->branch && strcmp(node->branch, name->branch) == 0
	                   : rmb_branch_matches(node->branch, name->branch, NULL);
}

/* The sets of a driver that an entry has under the name of one that it has not: "widths+1, widths+2", "widths+1 to
 * widths+40"; NULL: none. */
static const char *
sets_there_are(const struct rmb_graph *graph, const struct rmb_node_name *name)
{
	enum { LISTED = 8 };
	size_t length = name->branch ? strcspn(name->branch, "+") + 1 : 0;
	const char **set = rmb_arena_alloc(graph->arena, (size_t)graph->nnodes + 1, sizeof *set), *all = NULL;
	int n = 0;
	for (int i = 0; set && length && name->branch[length - 1] && i < graph->nnodes; i++) {
		const struct rmb_node *node = graph->node[i];
		int k = 0;
		if (!node->sets || strcmp(node->entry->name, name->entry) || strncmp(node->branch, name->branch, length))
			continue;
		set[n] = rmb_arena_printf(graph->arena, "%.*s", (int)strcspn(node->branch, ","), node->branch);
		while (set[n] && k < n && strcmp(set[k], set[n]))
			k++;
		n += set[n] && k == n;
	}
	for (int i = 0; i < n; i++)
		all = i ? rmb_arena_printf(graph->arena, "%s, %s", all ? all : "", set[i]) : set[i];
	return n > LISTED ? rmb_arena_printf(graph->arena, "%s to %s", set[0], set[n - 1]) : all;
}

/* The error for a name that fits nothing, with the nearest entry, or else the recordings or nodes there are. */
static int
nothing_named(const struct rmb_graph *graph, const char *text, const struct rmb_node_name *name, struct rmb_error *error)
{
	const struct rmb_recipe *recipe = graph->recipe;
	const char **names = rmb_arena_alloc(graph->arena, (size_t)recipe->nentries + 1, sizeof *names);
	const struct rmb_node *example = NULL;
	bool entry = false;
	for (int e = 0; names && e < recipe->nentries; e++) {
		names[e] = recipe->entry[e].name;
		entry |= strcmp(names[e], name->entry) == 0;
	}
	for (int i = 0; i < graph->nnodes && !example; i++)
		if (strcmp(graph->node[i]->entry->name, name->entry) == 0)
			example = graph->node[i];
	const char *nearest = names ? rmb_nearest(name->entry, names) : NULL;
	const char *sets = sets_there_are(graph, name);
	if (sets)
		return rmb_error_set(error, RMB_EUSAGE, "there is no node '%s'; the sets at %s are %s", text, name->entry, sets);
	if (entry && example)
		return rmb_error_set(error, RMB_EUSAGE,
		                     "there is no node '%s'; one of those of %s is %s; `rumble graph` lists all nodes", text,
		                     name->entry, example->id);
	return rmb_error_set(error, RMB_EUSAGE, "the recipe has no entry '%s'%s%s%s `rumble graph` lists all nodes", name->entry,
	                     nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : ";");
}

int
rmb_graph_parse_name(const struct rmb_graph *graph, const char *text, struct rmb_node_name *name, struct rmb_error *error)
{
	int code = parse_name(graph->arena, text, name, error);
	for (int i = 0; !code && name->branch && !name->whole && i < graph->nnodes; i++) {
		const struct rmb_node *node = graph->node[i];
		name->whole = strcmp(node->entry->name, name->entry) == 0 && node->branch &&
		              strcmp(node->branch, name->branch) == 0;
	}
	for (int i = 0; !code && i < graph->nnodes; i++)
		if (rmb_node_is_named(graph, graph->node[i], name)) {
			if (!name->output || rmb_output_port(graph->node[i]->stage, name->output))
				return 0;
			return rmb_error_set(error, RMB_EUSAGE, "%s (stage %s) has no output '%s'; its main output is %s",
			                     name->entry, graph->node[i]->stage->name, name->output,
			                     graph->node[i]->stage->out[0].name);
		}
	return code ? code : nothing_named(graph, text, name, error);
}

struct rmb_node *
rmb_graph_find(const struct rmb_graph *graph, const char *text, const char **output, struct rmb_error *error)
{
	struct rmb_node_name name;
	struct rmb_node *found = NULL;
	char others[512] = "";
	int n = 0;
	if (rmb_graph_parse_name(graph, text, &name, error))
		return NULL;
	for (int i = 0; i < graph->nnodes; i++) {
		struct rmb_node *node = graph->node[i];
		if (!rmb_node_is_named(graph, node, &name))
			continue;
		found = n++ ? found : node;
		size_t used = strlen(others);
		if (n <= 7)
			snprintf(others + used, sizeof others - used, "%s%s", used ? ", " : "", n <= 6 ? node->id : "...");
	}
	if (output)
		*output = name.output ? rmb_output_port(found->stage, name.output)->name : NULL;
	if (n == 1)
		return found;
	rmb_error_set(error, RMB_EUSAGE, "'%s' can be %d nodes; name one of %s", text, n, others);
	return NULL;
}

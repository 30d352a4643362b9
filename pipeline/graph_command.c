/* pipeline/graph_command.c -- `rumble graph`: the recipe as a tree for a terminal, as DOT, or drawn by Graphviz as SVG.
 *
 * All recordings have the same nodes, so the tree shows one of them; DOT shows all while that can be read. */
#include <errno.h>
#include <jansson.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "pipeline/events.h"
#include "pipeline/session.h"
#include "pipeline/table.h"

enum {
	DRAWN = 400, /* nodes: more are drawn for one recording alone */
	NAMED = 6    /* recordings named above the tree */
};

/* ---- text ---------------------------------------------------------------------------------------------------------- */

struct tree {
	const struct rmb_graph *graph;
	FILE *to;
};

static bool
is_shown_here(const struct rmb_node *node)
{
	return node->source <= 0; /* the first recording stands for all */
}

/* Nodes whose first input is `parent` (NULL: that read nothing) hang below it; other inputs are named behind. */
static const struct rmb_node *
parent_of(const struct rmb_node *node)
{
	return node->nedges ? node->edge[0].from : NULL;
}

static void
print_node(const struct tree *tree, const struct rmb_node *node)
{
	struct rmb_arena *arena = tree->graph->arena;
	fprintf(tree->to, "%s (%s)", rmb_harmless(arena, node->name), node->stage->name);
	if (node->source < 0)
		fprintf(tree->to, ", one over all recordings");
	const struct rmb_node *before = parent_of(node);
	const char *also = ", reads also ";
	for (int i = 1; i < node->nedges; i++) {
		const struct rmb_node *from = node->edge[i].from;
		if (from == before || !is_shown_here(from))
			continue;
		fprintf(tree->to, "%s%s", also, rmb_harmless(arena, from->name));
		also = ", ";
		before = from;
	}
	if (!node->keep)
		fprintf(tree->to, ", not kept");
	putc('\n', tree->to);
}

static const struct rmb_node *
next_child(const struct rmb_node *node, int *at)
{
	for (; *at < node->nusers; ++*at)
		if (is_shown_here(node->user[*at]) && parent_of(node->user[*at]) == node)
			return node->user[(*at)++];
	return NULL;
}

/* `rails` is what stands left of the children of this node. */
static void
print_below(const struct tree *tree, const struct rmb_node *node, const char *rails)
{
	int at = 0;
	for (const struct rmb_node *child = next_child(node, &at), *next; child; child = next) {
		next = next_child(node, &at);
		fprintf(tree->to, "%s%s", rails, next ? "├─ " : "└─ ");
		print_node(tree, child);
		const char *deeper = rmb_arena_printf(tree->graph->arena, "%s%s", rails, next ? "│  " : "   ");
		if (deeper)
			print_below(tree, child, deeper);
	}
}

static void
print_tree(const struct rmb_graph *graph, FILE *to)
{
	struct tree tree = { .graph = graph, .to = to };
	const struct rmb_recipe *recipe = graph->recipe;
	int n = recipe->nsources;
	if (n == 1)
		fprintf(to, "Recording ");
	else
		fprintf(to, "For each of %d recordings: ", n);
	for (int i = 0; i < n && i < NAMED; i++)
		fprintf(to, "%s%s", i ? ", " : "", rmb_harmless(graph->arena, recipe->source[i].name));
	fprintf(to, n > NAMED ? ", ...\n" : "\n");
	for (int i = 0; i < graph->nnodes; i++)
		if (!parent_of(graph->node[i]) && is_shown_here(graph->node[i])) {
			print_node(&tree, graph->node[i]);
			print_below(&tree, graph->node[i], "");
		}
}

/* ---- DOT ----------------------------------------------------------------------------------------------------------- */

/* A quoted DOT string: what steers a terminal is gone already, so quotes and backslashes are left. */
static void
print_quoted(const struct rmb_graph *graph, const char *text, FILE *to)
{
	putc('"', to);
	for (const char *c = rmb_harmless(graph->arena, text); *c; c++) {
		if (*c == '"' || *c == '\\')
			putc('\\', to);
		putc(*c, to);
	}
	putc('"', to);
}

static void
print_dot_node(const struct rmb_graph *graph, const struct rmb_node *node, FILE *to)
{
	const char *label = rmb_arena_printf(graph->arena, "%s (%s)", node->name, node->stage->name);
	fprintf(to, "    n%d [label=", node->index);
	print_quoted(graph, label ? label : node->name, to);
	fprintf(to, "%s];\n", node->keep ? "" : ", style=dashed");
}

static void
print_dot(const struct rmb_graph *graph, FILE *to)
{
	bool all = graph->nnodes <= DRAWN;
	int nsources = all || graph->recipe->nsources < 1 ? graph->recipe->nsources : 1;
	fprintf(to, "digraph rumble {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
	for (int source = -1; source < nsources; source++) {
		if (source >= 0) {
			const char *name = graph->recipe->source[source].name;
			const char *title = all ? name
			                        : rmb_arena_printf(graph->arena, "%s, and %d more alike", name,
			                                           graph->recipe->nsources - 1);
			fprintf(to, "  subgraph cluster_%d {\n    label=", source);
			print_quoted(graph, title ? title : name, to);
			fprintf(to, ";\n");
		}
		for (int i = 0; i < graph->nnodes; i++)
			if (graph->node[i]->source == source)
				print_dot_node(graph, graph->node[i], to);
		if (source >= 0)
			fprintf(to, "  }\n");
	}
	for (int i = 0; i < graph->nnodes; i++)
		for (int j = 0; j < graph->node[i]->nusers; j++)
			if (graph->node[i]->source < nsources && graph->node[i]->user[j]->source < nsources)
				fprintf(to, "  n%d -> n%d;\n", i, graph->node[i]->user[j]->index);
	fprintf(to, "}\n");
}

/* ---- SVG ----------------------------------------------------------------------------------------------------------- */

/* The DOT text in a file without a name, so that neither a shell nor a pipe that could block is needed. -1: errno says why. */
static int
dot_file(const struct rmb_graph *graph)
{
	int fd = memfd_create("rumble graph", MFD_CLOEXEC), copy = fd < 0 ? -1 : dup(fd);
	FILE *file = copy < 0 ? NULL : fdopen(copy, "w");
	if (!file) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	print_dot(graph, file);
	if (fclose(file) || lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
run_dot(int input, struct rmb_error *error)
{
	char *const arguments[] = { "dot", "-Tsvg", NULL };
	posix_spawn_file_actions_t actions;
	pid_t child;
	int status = 0, failed = posix_spawn_file_actions_init(&actions);
	if (!failed) {
		failed = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
		if (!failed)
			failed = posix_spawnp(&child, "dot", &actions, NULL, arguments, environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	if (failed == ENOENT)
		return rmb_error_set(error, RMB_EOUTPUT,
		                     "drawing the graph takes Graphviz, and there is no program `dot` here; install it "
		                     "(Debian: apt-get install graphviz) or take --format dot");
	if (failed)
		return rmb_error_set(error, RMB_EOUTPUT, "Graphviz (`dot`) cannot be started: %s", strerror(failed));
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return rmb_error_set(error, RMB_EOUTPUT, "Graphviz (`dot`) failed to draw the graph (status %d)", status);
	return 0;
}

static int
print_svg(const struct rmb_graph *graph, struct rmb_error *error)
{
	int input = dot_file(graph);
	if (input < 0)
		return rmb_error_set(error, RMB_EOUTPUT, "the graph cannot be handed to Graphviz: %s", strerror(errno));
	fflush(stdout);
	int code = run_dot(input, error);
	close(input);
	return code;
}

/* ---- the command --------------------------------------------------------------------------------------------------- */

static void
print_json(const struct rmb_graph *graph)
{
	for (int i = 0; i < graph->nnodes; i++) {
		const struct rmb_node *node = graph->node[i];
		json_t *reads = json_array();
		for (int j = 0; j < node->nedges; j++) {
			const struct rmb_edge *edge = &node->edge[j];
			json_array_append_new(reads, json_pack("{sssoss}", "port", node->stage->in[edge->port].name, "node",
			                                       rmb_json_text(edge->from->id), "output", edge->output));
		}
		json_t *object = json_pack("{sssosssbso}", "event", "node", "node", rmb_json_text(node->id), "stage",
		                           node->stage->name, "keep", node->keep, "reads", reads);
		rmb_json_line(stdout, object);
	}
}

int
rmb_command_graph(const struct rmb_options *options)
{
	struct rmb_session session;
	struct rmb_error error = {0};
	const char *format = options->format ? options->format : "text";
	bool svg = strcmp(format, "svg") == 0, dot = strcmp(format, "dot") == 0;
	if (!svg && !dot && strcmp(format, "text") != 0) {
		rmb_error_set(&error, RMB_EUSAGE, "there is no format '%s' for a graph; it can be text, dot or svg", format);
		return rmb_complain(options, &error);
	}
	int status = rmb_session_open(options, RMB_NEED_GRAPH, &session);
	if (status)
		return status;
	if (svg && print_svg(session.graph, &error))
		status = rmb_complain(options, &error);
	else if (dot)
		print_dot(session.graph, stdout);
	else if (!svg && options->json)
		print_json(session.graph);
	else if (!svg)
		print_tree(session.graph, stdout);
	rmb_session_close(&session);
	return status;
}

/* Expansion of recipes into nodes: recipes are built by hand from stages made for this test, so that every kind of port is met. */
#include <stdlib.h>
#include <string.h>
#include "pipeline/graph.h"
#include "pipeline/shape.h"
#include "support/check.h"

/* ---- stages that only have ports */

static unsigned either(const void *settings) { (void)settings; return RMB_RECORDING | RMB_SPIKES; }
static bool always(const void *settings) { (void)settings; return true; }
static void
half(const void *settings, const struct rmb_size *in, struct rmb_cost *cost)
{
	(void)settings;
	cost->out.neurons = in->neurons > 0 ? in->neurons / 2 : 1000;
}

#define IN(n, k, g) { .name = n, .kinds = k, .gather = g }
static const struct rmb_port no_ports[] = { {0} };
static const struct rmb_port in_one[] = { IN("recording", RMB_RECORDING | RMB_SPIKES, RMB_ONE), {0} };
static const struct rmb_port in_two[] = { IN("a", RMB_RECORDING | RMB_ARRAY, RMB_ONE), IN("b", RMB_RECORDING | RMB_ARRAY, RMB_ONE), {0} };
static const struct rmb_port in_list[] = { IN("a", RMB_RECORDING | RMB_ARRAY, RMB_ONE),
                                           IN("list", RMB_RECORDING | RMB_ARRAY, RMB_BRANCHES), {0} };
static const struct rmb_port in_all_of[] = { IN("of", RMB_RECORDING | RMB_ARRAY, RMB_REPLICATES), {0} };
static const struct rmb_port in_everything[] = { IN("of", RMB_RECORDING | RMB_ARRAY, RMB_ALL), {0} };
static const struct rmb_port in_group[] = { IN("value", RMB_RECORDING | RMB_ARRAY, RMB_RECORDINGS), {0} };
static const struct rmb_port in_spikes[] = { IN("spikes", RMB_SPIKES, RMB_ONE), {0} };
static const struct rmb_port out_as[] = { { .name = "recording", .kinds = RMB_AS_INPUT }, {0} };
static const struct rmb_port out_recording[] = { { .name = "recording", .kinds = RMB_RECORDING }, { .name = "extra", .kinds = RMB_ARRAY }, {0} };
static const struct rmb_port out_either[] = { { .name = "recording", .kinds = RMB_RECORDING | RMB_SPIKES }, {0} };
static const struct rmb_port out_array[] = { { .name = "value", .kinds = RMB_ARRAY, .axes = "" }, {0} };

static const struct rmb_param no_params[] = { {0} };
#define STAGE(n, i, o, ...) { .name = n, .version = 1, .in = i, .out = o, .params = no_params, __VA_ARGS__ }
static const struct rmb_stage source = STAGE("source", no_ports, out_recording, .reads_files = true, .estimate = half);
static const struct rmb_stage vague = STAGE("vague", no_ports, out_either, .reads_files = true, .makes = either);
static const struct rmb_stage one = STAGE("one", in_one, out_as, .draws = always, .estimate = half);
static const struct rmb_stage two = STAGE("two", in_two, out_array, .draws = NULL);
static const struct rmb_stage list = STAGE("list", in_list, out_array, .draws = NULL);
static const struct rmb_stage all_of = STAGE("all_of", in_all_of, out_array, .draws = NULL);
static const struct rmb_stage everything = STAGE("everything", in_everything, out_array, .draws = NULL);
static const struct rmb_stage group = STAGE("group", in_group, out_array, .draws = NULL);
static const struct rmb_stage of_spikes = STAGE("of_spikes", in_spikes, out_array, .draws = NULL);

/* ---- recipes by hand */

/* inputs: "recording: [z, alpha@x#2.value]; b: z", ports in any order. */
struct spec { const char *name; const struct rmb_stage *stage; const char *inputs; int repeat; bool let_go; };

struct world {
	struct rmb_arena *arena;
	struct rmb_mistakes *m;
	struct rmb_recipe recipe;
	struct rmb_graph *graph;
	char *said;            /* all mistakes as printed */
};

static int
entry_named(const struct spec *spec, const char *name)
{
	for (int i = 0; spec[i].name; i++)
		if (strcmp(spec[i].name, name) == 0)
			return i;
	fail_msg("the test names %s, which it does not have", name);
	return -1;
}

static struct rmb_reference
make_reference(struct rmb_arena *arena, const struct spec *spec, char *text)
{
	struct rmb_reference reference = { .text = rmb_arena_strdup(arena, text), .place = { "test.yaml", 1, 1 } };
	char *at;
	if ((at = strrchr(text, '.'))) {
		*at = 0;
		reference.output = at + 1;
	}
	if ((at = strchr(text, '#'))) {
		*at = 0;
		reference.replicate = atoi(at + 1);
	}
	if ((at = strchr(text, '@'))) {
		*at = 0;
		reference.branch = at + 1;
	}
	reference.entry = entry_named(spec, text);
	return reference;
}

static struct rmb_use
make_use(struct rmb_arena *arena, const struct spec *spec, const struct rmb_stage *stage, char *text)
{
	char *colon = strchr(text, ':'), *names = colon + 1, *name;
	struct rmb_use use = { .list = strchr(names, '[') != NULL, .reference = rmb_arena_alloc(arena, 400, sizeof *use.reference) };
	*colon = 0;
	text += strspn(text, " ");
	while (stage->in[use.port].name && strcmp(stage->in[use.port].name, text) != 0)
		use.port++;
	assert_non_null(stage->in[use.port].name);
	for (char *word = strtok_r(names, " [];", &name); word; word = strtok_r(NULL, " [];", &name))
		use.reference[use.nreferences++] = make_reference(arena, spec, word);
	return use;
}

static void
build(struct world *w, int nsources, const struct spec *spec)
{
	static struct rmb_source sources[] = { { .name = "r1" }, { .name = "r2" }, { .name = "r3" } };
	memset(w, 0, sizeof *w);
	w->arena = rmb_arena_new();
	w->m = rmb_mistakes_new(w->arena);
	w->recipe = (struct rmb_recipe){ .nsources = nsources, .source = sources, .seed = 1, .title = "", .path = "test.yaml",
	                                 .arena = w->arena };
	while (spec[w->recipe.nentries].name)
		w->recipe.nentries++;
	w->recipe.entry = rmb_arena_alloc(w->arena, (size_t)w->recipe.nentries, sizeof *w->recipe.entry);
	for (int i = 0; i < w->recipe.nentries; i++) {
		char *inputs = rmb_arena_strdup(w->arena, spec[i].inputs ? spec[i].inputs : ""), *rest;
		struct rmb_use *use = rmb_arena_alloc(w->arena, 4, sizeof *use);
		int n = 0;
		for (char *part = strtok_r(inputs, ";", &rest); part; part = strtok_r(NULL, ";", &rest))
			use[n++] = make_use(w->arena, spec, spec[i].stage, part);
		w->recipe.entry[i] = (struct rmb_entry){ .name = spec[i].name, .stage = spec[i].stage, .nuses = n, .use = use,
			.repeat = spec[i].repeat ? spec[i].repeat : 1, .keep = !spec[i].let_go, .place = { "test.yaml", i + 1, 1 } };
	}
	w->graph = rmb_graph_make(&w->recipe, w->m);
	size_t size;
	FILE *file = open_memstream(&w->said, &size);
	rmb_mistakes_print(w->m, file, false);
	fclose(file);
	if (w->graph)
		for (int i = 0; i < w->graph->nnodes; i++) {
			const struct rmb_node *node = w->graph->node[i];
			assert_int_equal(node->index, i);
			for (int j = 0; j < node->nedges; j++)
				assert_true(node->edge[j].from->index < i);
		}
}

static void
tear(struct world *w)
{
	rmb_graph_free(w->graph);
	rmb_arena_free(w->arena);
	free(w->said);
}

static void
add(char *text, size_t size, const char *more)
{
	size_t n = strlen(text);
	snprintf(text + n, size - n, "%s%s", n ? " " : "", more);
}

static void
assert_ids(const struct world *w, const char *expected)
{
	char ids[4096] = "";
	if (!w->graph)
		fail_msg("no graph: %s", w->said);
	for (int i = 0; i < w->graph->nnodes; i++)
		add(ids, sizeof ids, w->graph->node[i]->id);
	assert_string_equal(ids, expected);
}

static const struct rmb_node *
node_of(const struct world *w, const char *id)
{
	for (int i = 0; w->graph && i < w->graph->nnodes; i++)
		if (strcmp(w->graph->node[i]->id, id) == 0)
			return w->graph->node[i];
	fail_msg("there is no node %s: %s", id, w->said);
	return NULL;
}

/* What a node reads, as "a=r1/z b=r1/x.extra": outputs are named if they are not the main ones. */
static void
assert_reads(const struct world *w, const char *id, const char *expected)
{
	const struct rmb_node *node = node_of(w, id);
	char reads[4096] = "", one_read[512];
	for (int i = 0; i < node->nedges; i++) {
		const struct rmb_edge *edge = &node->edge[i];
		bool main_output = strcmp(edge->output, edge->from->stage->out[0].name) == 0;
		snprintf(one_read, sizeof one_read, "%s=%s%s%s", node->stage->in[edge->port].name, edge->from->id, main_output ? "" : ".",
		         main_output ? "" : edge->output);
		add(reads, sizeof reads, one_read);
	}
	assert_string_equal(reads, expected);
}

static void
assert_said(const struct world *w, const char *words)
{
	assert_null(w->graph);
	if (!strstr(w->said, words))
		fail_msg("said \"%s\", which lacks \"%s\"", w->said, words);
}

/* ---- tests */

static void
every_entry_is_a_node_for_every_recording(void **state)
{
	(void)state;
	struct world w;
	build(&w, 2, (struct spec[]){ { "raw", &source, NULL, 0, 0 }, { "z", &one, "recording: raw", 0, 0 }, {0} });
	assert_ids(&w, "r1/raw r1/z r2/raw r2/z");
	assert_reads(&w, "r2/z", "recording=r2/raw");
	const struct rmb_node *raw = node_of(&w, "r1/raw");
	assert_int_equal(raw->nusers, 1);
	assert_ptr_equal(raw->user[0], node_of(&w, "r1/z"));
	tear(&w);
}

static void
inputs_come_first_and_ties_go_by_the_recipe(void **state)
{
	(void)state;
	struct world w;
	build(&w, 1, (struct spec[]){ { "last", &two, "a: y; b: x", 0, 0 }, { "y", &one, "recording: raw", 0, 0 },
	                              { "x", &one, "recording: raw", 0, 0 }, { "raw", &source, NULL, 0, 0 }, {0} });
	assert_ids(&w, "r1/raw r1/y r1/x r1/last");
	tear(&w);
}

static void
a_list_makes_branches_that_readers_inherit(void **state)
{
	(void)state;
	struct world w;
	build(&w, 1, (struct spec[]){ { "raw", &source, NULL, 0, 0 }, { "z", &one, "recording: raw", 0, 0 },
	                              { "s", &one, "recording: [raw z]", 0, 0 }, { "t", &one, "recording: s", 0, 0 }, {0} });
	assert_ids(&w, "r1/raw r1/z r1/s@raw r1/s@z r1/t@raw r1/t@z");
	assert_reads(&w, "r1/t@z", "recording=r1/s@z");
	tear(&w);
}

static void
inputs_from_one_list_are_paired(void **state)
{
	(void)state;
	struct world w;
	build(&w, 1, (struct spec[]){ { "raw", &source, NULL, 0, 0 }, { "z", &one, "recording: raw", 0, 0 },
	                              { "s", &one, "recording: [raw z]", 0, 0 }, { "t", &one, "recording: s", 0, 0 },
	                              { "u", &two, "b: s; a: t", 0, 0 }, {0} });
	assert_ids(&w, "r1/raw r1/z r1/s@raw r1/s@z r1/t@raw r1/t@z r1/u@raw r1/u@z");
	assert_reads(&w, "r1/u@z", "a=r1/t@z b=r1/s@z");
	tear(&w);
}

static void
independent_lists_multiply(void **state)
{
	(void)state;
	struct world w;
	build(&w, 1, (struct spec[]){ { "raw", &source, NULL, 0, 0 }, { "z", &one, "recording: raw", 0, 0 },
	                              { "s", &one, "recording: [raw z]", 0, 0 }, { "t", &two, "a: s; b: [raw z s@z]", 0, 0 }, {0} });
	assert_ids(&w, "r1/raw r1/z r1/s@raw r1/s@z r1/t@raw,raw r1/t@raw,z r1/t@raw,s r1/t@z,raw r1/t@z,z r1/t@z,s");
	assert_reads(&w, "r1/t@raw,s", "a=r1/s@raw b=r1/s@z");
	tear(&w);
}

static void
elements_of_one_node_get_names_of_their_own(void **state)
{
	(void)state;
	struct world w;
	build(&w, 1, (struct spec[]){ { "raw", &source, NULL, 0, 0 }, { "s", &one, "recording: [raw]", 3, 0 },
	                              { "t", &two, "a: raw; b: [raw.recording raw.extra s#2 s@raw#3 s#1.recording]", 0, 0 }, {0} });
	assert_ids(&w, "r1/raw r1/s@raw#1 r1/s@raw#2 r1/s@raw#3 r1/t@raw+recording r1/t@raw+extra r1/t@raw,s+2 r1/t@s+raw+3 "
	               "r1/t@raw,s+1+recording");
	assert_reads(&w, "r1/t@raw+extra", "a=r1/raw b=r1/raw.extra");
	tear(&w);
	build(&w, 1, (struct spec[]){ { "raw", &source, NULL, 0, 0 }, { "t", &one, "recording: [raw raw]", 0, 0 }, {0} });
	assert_said(&w, "raw and raw would both be the branch 'raw' of t");
	tear(&w);
}

static void
a_branch_can_be_named(void **state)
{
	(void)state;
	struct world w;
	struct spec spec[] = { { "raw", &source, NULL, 0, 0 }, { "z", &one, "recording: raw", 0, 0 }, { "s", &one, "recording: [raw z]", 0, 0 },
	                       { "p", &two, "a: s; b: [raw z s@z]", 0, 0 }, { "t", &two, "a: p@z; b: z", 0, 0 }, {0} };
	build(&w, 1, spec);
	assert_said(&w, "p@z can mean several things");
	assert_non_null(strstr(w.said, "raw,raw, raw,z, raw,s"));
	tear(&w);
	spec[4].inputs = "a: p@z,s; b: z";
	build(&w, 1, spec);
	assert_reads(&w, "r1/t", "a=r1/p@z,s b=r1/z");
	tear(&w);
	spec[4].inputs = "a: p@s; b: z";
	build(&w, 1, spec);
	assert_reads(&w, "r1/t@raw", "a=r1/p@raw,s b=r1/z");
	assert_reads(&w, "r1/t@z", "a=r1/p@z,s b=r1/z");
	tear(&w);
	spec[4].inputs = "a: p@q; b: z";
	build(&w, 1, spec);
	assert_said(&w, "p has no branch 'q'; it has raw,raw, raw,z, raw,s, z,raw, z,z, z,s");
	tear(&w);
	spec[4].inputs = "a: raw@q; b: z";
	build(&w, 1, spec);
	assert_said(&w, "raw has no branches, so there is no raw@q");
	tear(&w);
}

static void
replicates_are_inherited_named_and_gathered(void **state)
{
	(void)state;
	struct world w;
	struct spec spec[] = { { "raw", &source, NULL, 0, 0 }, { "x", &one, "recording: raw", 3, 0 }, { "y", &one, "recording: [raw x]", 0, 0 },
	                       { "t", &two, "a: y; b: x", 0, 0 }, { "all", &all_of, "of: y", 0, 0 },
	                       { "p", &two, "a: x#2; b: y@x#3", 0, 0 }, {0} };
	build(&w, 1, spec);
	assert_ids(&w, "r1/raw r1/x#1 r1/x#2 r1/x#3 r1/y@raw r1/y@x#1 r1/y@x#2 r1/y@x#3 "
	               "r1/t@raw#1 r1/t@raw#2 r1/t@raw#3 r1/t@x#1 r1/t@x#2 r1/t@x#3 r1/all@raw r1/all@x r1/p");
	assert_reads(&w, "r1/t@x#2", "a=r1/y@x#2 b=r1/x#2");
	assert_reads(&w, "r1/t@raw#3", "a=r1/y@raw b=r1/x#3");
	assert_reads(&w, "r1/all@x", "of=r1/y@x#1 of=r1/y@x#2 of=r1/y@x#3");
	assert_reads(&w, "r1/all@raw", "of=r1/y@raw");
	assert_reads(&w, "r1/p", "a=r1/x#2 b=r1/y@x#3");
	assert_int_equal(node_of(&w, "r1/x#3")->turn, 3);
	assert_int_equal(node_of(&w, "r1/y@x#3")->turn, 1); /* its own repeat, not the one it reads */
	tear(&w);
	spec[5].inputs = "a: x#4; b: raw";
	build(&w, 1, spec);
	assert_said(&w, "there is no x#4: replicates of x go up to #3");
	tear(&w);
	spec[5].inputs = "a: raw#1; b: raw";
	build(&w, 1, spec);
	assert_said(&w, "raw is not repeated, so there is no raw#1");
	tear(&w);
}

static void
replicates_of_replicates_are_numbered_through(void **state)
{
	(void)state;
	struct world w;
	build(&w, 1,
	      (struct spec[]){ { "raw", &source, NULL, 0, 0 },
	                       { "x", &one, "recording: raw", 2, 0 }, { "y", &one, "recording: x", 2, 0 }, { 0 } });
	assert_ids(&w, "r1/raw r1/x#1 r1/x#2 r1/y#1 r1/y#2 r1/y#3 r1/y#4");
	assert_reads(&w, "r1/y#3", "recording=r1/x#2");
	assert_int_equal(node_of(&w, "r1/y#3")->turn, 1);
	assert_int_equal(node_of(&w, "r1/y#4")->turn, 2);
	tear(&w);
}

static void
a_port_can_take_the_list_as_it_is(void **state)
{
	(void)state;
	struct world w;
	build(&w, 1, (struct spec[]){ { "raw", &source, NULL, 0, 0 }, { "x", &one, "recording: raw", 2, 0 },
	                              { "s", &one, "recording: [raw x]", 0, 0 }, { "all", &list, "a: raw; list: s", 0, 0 },
	                              { "some", &list, "a: s; list: [s@raw s@x#2 raw]", 0, 0 }, {0} });
	assert_ids(&w, "r1/raw r1/x#1 r1/x#2 r1/s@raw r1/s@x#1 r1/s@x#2 r1/all#1 r1/all#2 r1/some@raw r1/some@x#1 r1/some@x#2");
	assert_reads(&w, "r1/all#2", "a=r1/raw list=r1/s@raw list=r1/s@x#2");
	assert_reads(&w, "r1/some@x#1", "a=r1/s@x#1 list=r1/s@raw list=r1/s@x#2 list=r1/raw");
	tear(&w);
}

static void
a_port_can_take_all_branches_and_replicates(void **state)
{
	(void)state;
	struct world w;
	build(&w, 2, (struct spec[]){ { "raw", &source, NULL, 0, 0 }, { "x", &one, "recording: raw", 2, 0 },
	                              { "s", &one, "recording: [raw x]", 0, 0 },
	                              { "all", &everything, "of: [s s@raw]", 0, 0 }, {0} });
	assert_ids(&w, "r1/raw r1/x#1 r1/x#2 r1/s@raw r1/s@x#1 r1/s@x#2 r1/all r2/raw r2/x#1 r2/x#2 r2/s@raw r2/s@x#1 r2/s@x#2 r2/all");
	assert_reads(&w, "r2/all", "of=r2/s@raw of=r2/s@x#1 of=r2/s@x#2 of=r2/s@raw");
	tear(&w);
}

static void
a_group_is_one_over_all_recordings(void **state)
{
	(void)state;
	struct world w;
	struct spec spec[] = { { "raw", &source, NULL, 0, 0 }, { "x", &one, "recording: [raw]", 2, 0 }, { "g", &group, "value: x", 0, 0 },
	                       { "h", &two, "a: g; b: raw", 0, 0 }, { "after", &group, "value: [h g]", 0, 0 },
	                       { "only", &two, "a: g; b: after", 0, 0 }, {0} };
	build(&w, 2, spec);
	assert_ids(&w, "r1/raw r1/x@raw#1 r1/x@raw#2 r2/raw r2/x@raw#1 r2/x@raw#2 g r1/h r2/h after only");
	assert_reads(&w, "g", "value=r1/x@raw#1 value=r2/x@raw#1 value=r1/x@raw#2 value=r2/x@raw#2");
	assert_reads(&w, "r2/h", "a=g b=r2/raw");
	assert_reads(&w, "after", "value=r1/h value=r2/h value=g");
	assert_reads(&w, "only", "a=g b=after");
	tear(&w);
	static const struct rmb_port mixed_ports[] = { IN("value", RMB_ARRAY, RMB_RECORDINGS), IN("like", RMB_RECORDING, RMB_ONE), {0} };
	static const struct rmb_stage mixed = STAGE("mixed", mixed_ports, out_array, .draws = NULL);
	build(&w, 2, (struct spec[]){ { "raw", &source, NULL, 0, 0 }, { "g", &mixed, "value: raw.extra; like: raw", 0, 0 }, {0} });
	assert_said(&w, "g is one over all recordings, but raw there is one for each; its input like takes");
	tear(&w);
}

static void
a_group_reads_recordings_in_the_recipes_order(void **state)
{
	(void)state;
	struct world w;
	struct spec spec[] = { { "raw", &source, NULL, 0, 0 }, { "g", &group, "value: raw", 0, 0 }, {0} };
	static struct rmb_source sources[] = { { .name = "GP10" }, { .name = "GP9" }, { .name = "A" } };
	build(&w, 3, spec);
	rmb_graph_free(w.graph);
	w.recipe.source = sources;
	assert_non_null(w.graph = rmb_graph_make(&w.recipe, w.m));
	assert_reads(&w, "g", "value=GP10/raw value=GP9/raw value=A/raw");
	tear(&w);
}

static void
kinds_pass_through_and_must_fit(void **state)
{
	(void)state;
	struct world w;
	struct spec spec[] = { { "raw", &vague, NULL, 0, 0 }, { "x", &one, "recording: raw", 0, 0 },
	                       { "n", &of_spikes, "spikes: x", 0, 0 }, {0} };
	build(&w, 3, spec);
	assert_int_equal(node_of(&w, "r1/x")->makes, RMB_RECORDING | RMB_SPIKES);
	assert_int_equal(node_of(&w, "r1/n")->makes, RMB_ARRAY);
	tear(&w);
	spec[0].stage = &source;
	build(&w, 3, spec);
	assert_said(&w, "spikes of n takes spikes, but x of recording r1 makes a recording");
	assert_int_equal(rmb_mistakes_count(w.m), 1); /* once, not once a recording */
	tear(&w);
}

static void
sizes_are_carried_to_readers(void **state)
{
	(void)state;
	struct world w;
	build(&w, 1, (struct spec[]){ { "raw", &source, NULL, 0, 0 }, { "x", &one, "recording: raw", 0, 0 }, { "y", &one, "recording: x", 0, 0 },
	                              { "n", &two, "a: y; b: raw", 0, 0 }, {0} });
	assert_true(node_of(&w, "r1/raw")->size.neurons == 1000);
	assert_true(node_of(&w, "r1/y")->size.neurons == 250);
	assert_true(node_of(&w, "r1/n")->size.neurons == 250);
	tear(&w);
}

static void
too_many_nodes_are_refused_by_name(void **state)
{
	(void)state;
	struct world w;
	build(&w, 3, (struct spec[]){ { "raw", &source, NULL, 0, 0 }, { "x", &one, "recording: raw", 1000, 0 },
	                              { "y", &one, "recording: [x raw]", 1000, 0 }, {0} });
	assert_said(&w, "y would bring the recipe to more than 1000000 nodes or 10000000 inputs (3 recordings times repeat: "
	                "1000 of x times a list of 2 at y.recording times repeat: 1000 of y)");
	tear(&w);
	build(&w, 1, (struct spec[]){ { "raw", &source, NULL, 0, 0 }, { "x", &one, "recording: raw", 50000, 0 },
	                              { "g", &group, "value: x", 1000, 0 }, {0} });
	assert_said(&w, "g would bring the recipe to more than");
	tear(&w);
	build(&w, 1, (struct spec[]){ { "raw", &source, NULL, 0, 0 }, { "x", &one, "recording: raw", 100000, 0 },
	                              { "y", &one, "recording: x", 0, 0 }, { "t", &two, "a: x; b: y", 0, 0 },
	                              { "all", &all_of, "of: t", 0, 0 }, {0} });
	assert_non_null(w.graph); /* pairing a hundred thousand with as many takes no square of it */
	assert_int_equal(w.graph->nnodes, 300002);
	assert_reads(&w, "r1/t#77777", "a=r1/x#77777 b=r1/y#77777");
	assert_int_equal(node_of(&w, "r1/all")->nedges, 100000);
	tear(&w);
}

static void
many_nodes_of_one_name_are_cut_short(void **state)
{
	(void)state;
	struct world w;
	struct rmb_error error = {0};
	build(&w, 1, (struct spec[]){ { "raw", &source, NULL, 0, 0 }, { "x", &one, "recording: raw", 9, 0 }, {0} });
	assert_null(rmb_graph_find(w.graph, "x", NULL, &error));
	assert_string_equal(error.text, "'x' can be 9 nodes; name one of r1/x#1, r1/x#2, r1/x#3, r1/x#4, r1/x#5, r1/x#6, ...");
	tear(&w);
}

static void
nodes_are_found_by_name(void **state)
{
	(void)state;
	struct world w;
	struct rmb_error error = {0};
	const char *output;
	build(&w, 2, (struct spec[]){ { "raw", &source, NULL, 0, 0 }, { "x", &one, "recording: raw", 2, 0 },
	                              { "y", &one, "recording: [raw x]", 0, 0 }, { "g", &group, "value: y", 0, 0 }, {0} });
	assert_ptr_equal(rmb_graph_find(w.graph, "r2/y@x#2", &output, &error), node_of(&w, "r2/y@x#2"));
	assert_null(output);
	assert_ptr_equal(rmb_graph_find(w.graph, "r1/raw.extra", &output, &error), node_of(&w, "r1/raw"));
	assert_string_equal(output, "extra");
	assert_ptr_equal(rmb_graph_find(w.graph, "g", NULL, &error), node_of(&w, "g"));
	assert_null(rmb_graph_find(w.graph, "y@raw", &output, &error));
	assert_string_equal(error.text, "'y@raw' can be 2 nodes; name one of r1/y@raw, r2/y@raw");
	static const char *const wrong[][2] = { { "yy", "no entry 'yy'; did you mean 'y'?" },
	                                        { "r3/y", "there is no node 'r3/y'; one of those of y is r1/y@raw" },
		{ "r1/raw.nope", "raw (stage source) has no output 'nope'; its main output is recording" },
		{ "r1/x#9", "one of those of x is r1/x#1" }, { "r1/x#z", "behind '#' stands the number of a replicate" } };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		error = (struct rmb_error){0};
		assert_null(rmb_graph_find(w.graph, wrong[i][0], &output, &error));
		assert_int_equal(error.code, RMB_EUSAGE);
		if (!strstr(error.text, wrong[i][1]))
			fail_msg("%s: said \"%s\"", wrong[i][0], error.text);
	}
	tear(&w);
}

static void
what_cannot_be_meant_is_remarked(void **state)
{
	(void)state;
	struct world w;
	build(&w, 2, (struct spec[]){ { "raw", &source, NULL, 0, 0 }, { "x", &two, "a: raw; b: raw", 3, true }, {0} });
	assert_non_null(w.graph);
	assert_non_null(strstr(w.said, "repeat: 3 makes 3 times the same"));
	assert_non_null(strstr(w.said, "nothing reads x and keep: false lets its result go, so it never runs"));
	tear(&w);
}

static void
long_names_are_refused(void **state)
{
	(void)state;
	struct world w;
	static const char name[] = "a_name_of_sixty_characters_________________________________x";
	build(&w, 1, (struct spec[]){ { name, &source, NULL, 0, 0 },
	                              { "b", &one, "recording: [a_name_of_sixty_characters_________________________________x]", 0,
	                                0 },
	                              { "c", &two, "a: b; b: [a_name_of_sixty_characters_________________________________x]", 0, 0 },
	                              { "d", &two, "a: c; b: [a_name_of_sixty_characters_________________________________x]", 0, 0 },
	                              { "e", &two, "a: d; b: [a_name_of_sixty_characters_________________________________x]", 0, 0 }, {0} });
	assert_said(&w, "gives a name of 245 bytes; 200 are allowed, for it names a file");
	tear(&w);
}

/* ---- random recipes */

enum { RANDOM = 9 };

/* Entry 0 is a source; each other reads entries before it: alone, as a list, named branches never. */
static void
random_spec(struct rmb_stream stream, struct spec *spec, char (*text)[256], char (*name)[8])
{
	static const struct rmb_stage *const stages[] = { &one, &two, &list, &all_of, &two, &one };
	static const char *const ports[][2] = { { "recording", NULL }, { "a", "b" }, { "a", "list" }, { "of", NULL },
	                                        { "a", "b" }, { "recording", NULL } };
	uint64_t draw = 0;
	for (int i = 0; i < RANDOM; i++) {
		int kind = (int)rmb_random_below(stream, draw++, 6);
		bool only_recordings = strcmp(ports[kind][0], "recording") == 0;
		snprintf(name[i], sizeof name[i], "n%d", i);
		spec[i] = (struct spec){ name[i], i ? stages[kind] : &source, NULL, 0, 0 };
		spec[i].repeat = rmb_random_below(stream, draw++, 4) == 0 ? 2 : 0;
		text[i][0] = 0;
		for (int p = 0; i && p < 2 && ports[kind][p]; p++) {
			int n = 1 + (int)rmb_random_below(stream, draw++, 2), begin = (int)rmb_random_below(stream, draw++, i);
			char element[64], all[128] = "";
			for (int j = begin; j < i && j < begin + n; j++)
				if (!only_recordings || j == 0 || spec[j].stage == &one)
					snprintf(element, sizeof element, "n%d", j), add(all, sizeof all, element);
			size_t used = strlen(text[i]);
			snprintf(text[i] + used, sizeof text[i] - used, "%s%s: %s%s%s", used ? "; " : "", ports[kind][p],
			         n > 1 ? "[" : "", *all ? all : "n0", n > 1 ? "]" : "");
		}
		spec[i].inputs = i ? text[i] : NULL;
	}
	spec[RANDOM] = (struct spec){0};
}

/* Every node of a says the same of itself and of what it reads as the node of that name in b. */
static void
assert_same_nodes(const struct world *a, const struct world *b)
{
	assert_int_equal(a->graph->nnodes, b->graph->nnodes);
	for (int i = 0; i < a->graph->nnodes; i++) {
		const struct rmb_node *x = a->graph->node[i], *y = node_of(b, x->id);
		assert_int_equal(x->nedges, y->nedges);
		assert_int_equal(x->turn, y->turn);
		for (int j = 0; j < x->nedges; j++) {
			assert_string_equal(x->edge[j].from->id, y->edge[j].from->id);
			assert_int_equal(x->edge[j].port, y->edge[j].port);
		}
	}
}

/* Two inputs, or inputs of inputs, that come from one branched node come from the same branch of it. */
static void
assert_paired(const struct world *w, const struct rmb_node *node)
{
	const struct rmb_node *seen[RANDOM] = { NULL }, *way[512];
	int n = 0;
	way[n++] = node;
	while (n) {
		const struct rmb_node *at = way[--n];
		for (int j = 0; j < at->nedges; j++) {
			const struct rmb_node *from = at->edge[j].from;
			const struct rmb_node **before = &seen[from->entry - w->recipe.entry];
			if (at->stage->in[at->edge[j].port].gather != RMB_ONE)
				return; /* behind what gathers, branches meet on purpose */
			if (*before && *before != from)
				fail_msg("%s reads both %s and %s", node->id, (*before)->id, from->id);
			*before = from;
			if (n < 512)
				way[n++] = from;
		}
	}
}

static void
the_order_of_entries_changes_no_node(void **state)
{
	(void)state;
	int made = 0, largest = 0;
	for (int trial = 0; trial < 300; trial++) {
		struct spec spec[RANDOM + 1], other[RANDOM + 1];
		char text[RANDOM][256], name[RANDOM][8], seed[64];
		struct world a, b;
		int64_t order[RANDOM];
		snprintf(seed, sizeof seed, "random recipe %d", trial);
		struct rmb_stream stream = rmb_stream_named(seed);
		random_spec(stream, spec, text, name);
		rmb_random_permutation(rmb_stream_named(seed + 1), RANDOM, order);
		for (int i = 0; i < RANDOM; i++)
			other[i] = spec[order[i]];
		other[RANDOM] = (struct spec){0};
		build(&a, 1, spec);
		build(&b, 1, other);
		if (!a.graph != !b.graph)
			fail_msg("%s: one order is refused, another is not: %s%s", seed, a.said, b.said);
		if (a.graph) {
			made++;
			largest = a.graph->nnodes > largest ? a.graph->nnodes : largest;
			assert_same_nodes(&a, &b);
			for (int i = 0; i < a.graph->nnodes; i++)
				assert_paired(&a, a.graph->node[i]);
		}
		tear(&a);
		tear(&b);
	}
	printf("%d of 300 random recipes could be expanded, the largest to %d nodes\n", made, largest);
	assert_true(made > 150 && largest > 100);
}

static void
parts_of_branches_match_in_order(void **state)
{
	(void)state;
	bool used[3];
	assert_true(rmb_branch_matches("a,b,c", "a,c", used));
	assert_true(used[0] && !used[1] && used[2]);
	assert_true(rmb_branch_matches("a,b,c", "b", NULL));
	assert_false(rmb_branch_matches("a,b,c", "c,a", NULL));
	assert_false(rmb_branch_matches("abc", "ab", NULL));
	assert_false(rmb_branch_matches("ab", "abc", NULL));
	assert_false(rmb_branch_matches(NULL, "a", NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_entry_is_a_node_for_every_recording),
		cmocka_unit_test(inputs_come_first_and_ties_go_by_the_recipe),
		cmocka_unit_test(a_list_makes_branches_that_readers_inherit),
		cmocka_unit_test(inputs_from_one_list_are_paired),
		cmocka_unit_test(independent_lists_multiply),
		cmocka_unit_test(elements_of_one_node_get_names_of_their_own),
		cmocka_unit_test(a_branch_can_be_named),
		cmocka_unit_test(replicates_are_inherited_named_and_gathered),
		cmocka_unit_test(replicates_of_replicates_are_numbered_through),
		cmocka_unit_test(a_port_can_take_the_list_as_it_is),
		cmocka_unit_test(a_port_can_take_all_branches_and_replicates),
		cmocka_unit_test(a_group_is_one_over_all_recordings),
		cmocka_unit_test(a_group_reads_recordings_in_the_recipes_order),
		cmocka_unit_test(kinds_pass_through_and_must_fit),
		cmocka_unit_test(sizes_are_carried_to_readers),
		cmocka_unit_test(too_many_nodes_are_refused_by_name),
		cmocka_unit_test(many_nodes_of_one_name_are_cut_short),
		cmocka_unit_test(nodes_are_found_by_name),
		cmocka_unit_test(what_cannot_be_meant_is_remarked),
		cmocka_unit_test(long_names_are_refused),
		cmocka_unit_test(parts_of_branches_match_in_order),
		cmocka_unit_test(the_order_of_entries_changes_no_node),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

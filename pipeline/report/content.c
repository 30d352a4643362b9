/* pipeline/report/content.c -- the page's parts, from descriptors, graph and cached objects. Names no stage. */
#include <math.h>
#include <string.h>
#include "pipeline/report/gathering.h"

/* ---- remarks ----------------------------------------------------------------------------------------------------- */

/* Whether texts differ in nothing but numbers. */
static bool
alike(const char *a, const char *b)
{
	while (*a && *b) {
		size_t na = strspn(a, "0123456789."), nb = strspn(b, "0123456789.");
		if ((na > 0) != (nb > 0) || (!na && *a != *b))
			return false;
		a += na ? na : 1;
		b += nb ? nb : 1;
	}
	return !*a && !*b;
}

/* A sentence that is said of several nodes stands once, with all their names. Sentences of one entry that differ in their
 * numbers alone count as the same, and a name is not repeated behind itself. entry NULL: it belongs to none. */
static void
remark(struct rmb_gathering *g, struct rmb_remark *list, int *n, int most, const char *who, const char *text,
       const struct rmb_entry *entry)
{
	enum { NAMED = 12 };
	for (int i = 0; i < *n; i++) {
		struct rmb_remark *one = &list[i];
		bool same = strcmp(one->text, text) == 0;
		if (!same && !(entry && one->of == entry && alike(one->text, text)))
			continue;
		one->varies = one->varies || !same;
		if (entry && strcmp(one->last, who) == 0)
			return;
		one->last = who;
		if (one->named == NAMED)
			one->more++;
		else {
			one->who = rmb_joined(g->arena, one->who, ", ", who);
			one->named++;
		}
		return;
	}
	if (*n < most)
		list[(*n)++] = (struct rmb_remark){ .who = who, .text = text, .named = 1, .last = who, .of = entry };
}

/* "alpha@shuffled" of any of its replicates. */
static const char *
without_replicate(struct rmb_gathering *g, const struct rmb_node *node)
{
	return node->replicate > 0 ? rmb_arena_printf(g->arena, "%.*s", (int)strcspn(node->name, "#"), node->name) : node->name;
}

static void
warnings(struct rmb_gathering *g, int source, struct rmb_section *section)
{
	enum { MOST = 200 };
	struct rmb_remark *list = rmb_arena_alloc(g->arena, MOST, sizeof *list);
	for (int i = 0; list && i < g->graph->nnodes; i++) {
		const struct rmb_node *node = g->graph->node[i];
		const struct rmb_object *object = node->source == source ? rmb_gather_object(g, node) : NULL;
		json_t *all = rmb_gather_warnings(object), *one;
		size_t k;
		json_array_foreach(all, k, one)
			if (json_is_string(one))
				remark(g, list, &section->nremarks, MOST, without_replicate(g, node),
				       rmb_arena_strdup(g->arena, json_string_value(one)), node->entry);
		json_decref(all);
	}
	section->remark = list;
}

static void
headlines(struct rmb_gathering *g, int source, struct rmb_section *section)
{
	struct rmb_remark *list = rmb_arena_alloc(g->arena, (size_t)g->graph->nnodes, sizeof *list);
	for (int i = 0; list && i < g->graph->nnodes; i++) {
		const struct rmb_node *node = g->graph->node[i];
		const char *text = node->source == source && node->stage->headline
		                   ? rmb_gather_text(rmb_gather_object(g, node), node->stage->headline)
		                   : NULL;
		if (text)
			list[section->nheadlines++] = (struct rmb_remark){ .who = node->name,
			                                                   .text = rmb_arena_strdup(g->arena, text), .named = 1 };
	}
	section->headline = list;
}

static void
problems(struct rmb_gathering *g, struct rmb_page *page)
{
	struct rmb_remark *list = rmb_arena_alloc(g->arena, (size_t)g->graph->nnodes, sizeof *list);
	for (int i = 0; list && i < g->graph->nnodes; i++)
		if (g->standing[i].stand >= RMB_MISSING) {
			const char *id = g->graph->node[i]->id, *text = g->standing[i].text;
			remark(g, list, &page->nproblems, g->graph->nnodes, strstr(text, id) ? "" : id, text, NULL);
		}
	page->problem = list;
}

/* ---- sections ---------------------------------------------------------------------------------------------------- */

static const char *
about(struct rmb_gathering *g, const struct rmb_source *source)
{
	const char *text = "";
	for (int i = 0; i < source->nlabels; i++)
		text = rmb_joined(g->arena, text, " \xc2\xb7 ",
		                  rmb_arena_printf(g->arena, "%s: %s", source->label[i].name, source->label[i].value));
	for (int i = 0; i < source->ntags; i++)
		text = rmb_joined(g->arena, text, i ? ", " : " \xc2\xb7 ",
		                  i ? source->tag[i] : rmb_arena_printf(g->arena, "tags: %s", source->tag[i]));
	return text;
}

/* The tables that nodes make themselves, an axis each. */
static void
result_tables(struct rmb_gathering *g, int source, struct rmb_section *section)
{
	struct rmb_table *table = NULL;
	for (int i = 0; i < g->graph->nnodes; i++) {
		const struct rmb_node *node = g->graph->node[i];
		char axis[RMB_NAME_MAX];
		int used;
		for (const char *axes = node->stage->tables;
		     node->source == source && axes && sscanf(axes, "%63s%n", axis, &used) == 1; axes += used) {
			struct rmb_table *larger = rmb_arena_room(g->arena, table, (size_t)section->ntables, sizeof *larger);
			if (!larger)
				return;
			table = larger;
			section->ntables += rmb_table_along(g, node, axis, &table[section->ntables]);
			section->table = table;
		}
	}
}

static bool
has_nodes(const struct rmb_gathering *g, int source)
{
	for (int i = 0; i < g->graph->nnodes; i++)
		if (g->graph->node[i]->source == source)
			return true;
	return false;
}

static int
sections(struct rmb_gathering *g, struct rmb_page *page, struct rmb_error *error)
{
	const struct rmb_recipe *recipe = g->graph->recipe;
	struct rmb_section *section = rmb_arena_alloc(g->arena, (size_t)recipe->nsources + 1, sizeof *section);
	if (!section)
		return rmb_error_nomem(error, "the report");
	for (int source = -1; source < recipe->nsources; source++) { /* results over all recordings come first */
		struct rmb_section *to = &section[page->nsections];
		if (!has_nodes(g, source))
			continue;
		to->all = source < 0;
		to->title = source < 0 ? "All recordings" : recipe->source[source].name;
		to->about = source < 0 ? "" : about(g, &recipe->source[source]);
		int code = rmb_drawings(g, source, &to->figure, &to->nfigures, error);
		if (code)
			return code;
		headlines(g, source, to);
		warnings(g, source, to);
		result_tables(g, source, to);
		rmb_table_numbers(g, source, &to->numbers);
		rmb_table_data(g, source, &to->data);
		rmb_gather_close(g);
		page->nsections++;
	}
	page->section = section;
	return 0;
}

static int
summaries(struct rmb_gathering *g, struct rmb_page *page, struct rmb_error *error)
{
	const struct rmb_recipe *recipe = g->graph->recipe;
	struct rmb_table *table = rmb_arena_alloc(g->arena, (size_t)recipe->nentries, sizeof *table);
	if (!table)
		return rmb_error_nomem(error, "the report");
	for (int pass = 0; pass < 2; pass++) { /* those that have a headline come first */
		for (int e = 0; e < recipe->nentries; e++) {
			const struct rmb_entry *entry = &recipe->entry[e];
			bool explained = false;
			for (int other = 0; other < e; other++)
				explained = explained || recipe->entry[other].stage == entry->stage;
			if (!rmb_count_scalars(entry->stage) || (entry->stage->headline != NULL) != (pass == 0))
				continue;
			rmb_table_summary(g, entry, explained, &table[page->nsummaries]);
			page->nsummaries += table[page->nsummaries].nrows > 0;
		}
		page->nverdicts = pass == 0 ? page->nsummaries : page->nverdicts;
	}
	rmb_gather_close(g);
	page->summary = table;
	return 0;
}

/* ---- the whole page ---------------------------------------------------------------------------------------------- */

/* What each stage goes back to, once a stage. */
static void
cites(struct rmb_gathering *g, struct rmb_page *page)
{
	const struct rmb_recipe *recipe = g->graph->recipe;
	page->cite = rmb_arena_alloc(g->arena, (size_t)recipe->nentries, sizeof *page->cite);
	for (int e = 0; page->cite && e < recipe->nentries; e++) {
		const struct rmb_stage *stage = recipe->entry[e].stage;
		int first = 0;
		while (recipe->entry[first].stage != stage)
			first++;
		if (stage->cite && first == e)
			page->cite[page->ncites++] = rmb_arena_printf(g->arena, "%s: %s", stage->name, stage->cite);
	}
}

static const char *
lead(struct rmb_gathering *g, const struct rmb_page *page)
{
	int here = 0, warned = 0, nsources = g->graph->recipe->nsources;
	for (int i = 0; i < g->graph->nnodes; i++)
		here += g->standing[i].stand == RMB_HERE;
	for (int i = 0; i < page->nsections; i++)
		warned += page->section[i].nremarks;
	return rmb_arena_printf(g->arena, "%d recording%s \xc2\xb7 %d of %d results \xc2\xb7 %d warning%s \xc2\xb7 %s",
	                        nsources, nsources == 1 ? "" : "s", here, g->graph->nnodes, warned, warned == 1 ? "" : "s",
	                        page->program);
}

/* The same branch looks the same in every figure: branches are counted as they first come up in the graph. What has none
 * is one itself where it stands beside parts that a driver made of it. */
static int *
looks(struct rmb_arena *arena, const struct rmb_graph *graph)
{
	int *look = rmb_arena_alloc(arena, (size_t)graph->nnodes, sizeof *look), n = 0;
	const char **seen = rmb_arena_alloc(arena, (size_t)graph->nnodes, sizeof *seen);
	bool parts = false;
	for (int i = 0; i < graph->nnodes; i++)
		parts |= graph->node[i]->sets && !graph->node[i]->hidden;
	for (int i = 0; look && seen && i < graph->nnodes; i++) {
		const char *branch = graph->node[i]->hidden   ? NULL
		                     : graph->node[i]->branch ? graph->node[i]->branch
		                     : parts                  ? ""
		                                              : NULL;
		while (branch && look[i] < n && strcmp(seen[look[i]], branch))
			look[i]++;
		if (branch && look[i] == n)
			seen[n++] = branch;
	}
	return seen ? look : NULL;
}

/* The more figures, the less of each: about 5 MB of images and as much of curves, whatever the number of recordings. */
static void
set_limits(struct rmb_gathering *g)
{
	enum { IMAGES = 4, CURVES = 64, LEAST_IMAGE = 100,
	       LEAST_LINE = 200 }; /* numbers that may have all; what each gets at least */
	double images = 0, curves = 0;
	for (int i = 0; i < g->graph->nnodes; i++)
		for (const struct rmb_figure *f = g->graph->node[i]->replicate <= 1 ? rmb_figures_of(g->graph->node[i])
		                                                                    : NULL;
		     f && f->name; f++)
			*(strcmp(f->kind, "raster") ? &curves : &images) += 1;
	g->image_limit = (int)fmax(LEAST_IMAGE, RMB_IMAGE_LIMIT * fmin(1, sqrt(IMAGES / fmax(images, 1))));
	g->line_limit = (int)fmax(LEAST_LINE, RMB_LINE_LIMIT * fmin(1, CURVES / fmax(curves, 1)));
}

struct rmb_page *
rmb_content(struct rmb_arena *arena, const struct rmb_graph *graph, const struct rmb_cache *cache, struct rmb_standing *standing,
            struct rmb_error *error)
{
	struct rmb_gathering g = { arena, graph, cache, standing, rmb_arena_alloc(arena, (size_t)graph->nnodes, sizeof *g.object),
	                           looks(arena, graph), 0, 0 };
	struct rmb_page *page = rmb_arena_alloc(arena, 1, sizeof *page);
	if (!g.object || !g.look || !page) {
		rmb_error_nomem(error, "the report");
		return NULL;
	}
	set_limits(&g);
	page->title = graph->recipe->title;
	page->program = "rumble " RUMBLE_VERSION;
	page->recipe_name = rmb_arena_printf(arena, "%s.yaml", graph->recipe->name);
	page->recipe = graph->recipe->text;
	int code = summaries(&g, page, error);
	if (!code)
		code = sections(&g, page, error);
	if (!code) {
		rmb_table_build(&g, &page->build);
		rmb_table_nodes(&g, &page->nodes);
		cites(&g, page);
		problems(&g, page);
		page->lead = lead(&g, page);
	}
	rmb_gather_close(&g);
	return code ? NULL : page;
}

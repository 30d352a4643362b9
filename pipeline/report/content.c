/* pipeline/report/content.c -- the page's parts, from descriptors, graph and cached objects. Names no stage. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "pipeline/bundle.h"
#include "pipeline/report/content.h"
#include "pipeline/report/drawing.h"

/* ---- small things ------------------------------------------------------------------------------------------------ */

static const char *
joined(struct rmb_arena *arena, const char *a, const char *between, const char *b)
{
	return a && *a ? rmb_arena_printf(arena, "%s%s%s", a, between, b) : b;
}

/* The node that a key belongs to first: twins share its object, and are not opened twice. */
const struct rmb_object *
rmb_gather_object(struct rmb_gathering *g, const struct rmb_node *node)
{
	int i = node->twin ? node->twin->index : node->index;
	struct rmb_error error = { 0 };
	if (g->standing[node->index].stand != RMB_HERE || g->object[i])
		return g->standing[node->index].stand == RMB_HERE ? g->object[i] : NULL;
	if (rmb_cache_get(g->cache, node->key, NULL, &g->object[i], &error)) {
		g->object[i] = NULL;
		g->standing[node->index] = (struct rmb_standing){ RMB_MISSING, rmb_arena_printf(g->arena, "cannot be used (%s); run again to compute it anew", error.text) };
	}
	return g->object[i];
}

static void
close_objects(struct rmb_gathering *g)
{
	for (int i = 0; i < g->graph->nnodes; i++) {
		rmb_object_close(g->object[i]);
		g->object[i] = NULL;
	}
}

static bool
is_scalar(const struct rmb_port *port)
{
	return port->kinds == RMB_ARRAY && port->axes && !*port->axes;
}

static int
count_scalars(const struct rmb_stage *stage)
{
	int n = 0;
	for (const struct rmb_port *p = stage->out; p && p->name; p++)
		n += is_scalar(p);
	return n;
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

static const char *
unit_of(const struct rmb_port *port)
{
	return port->unit && strcmp(port->unit, "1") ? port->unit : "";
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

/* node, quantity, value, unit, meaning: all scalars of the nodes of a recording (-1: group nodes). */
static void
numbers(struct rmb_gathering *g, int source, struct rmb_table *table)
{
	static const struct rmb_column column[] = { { "Result", NULL, false }, { "Quantity", NULL, false }, { "Value", NULL, true },
	                                            { "Unit", NULL, false }, { "Meaning", NULL, false } };
	int rows = 0;
	for (int i = 0; i < g->graph->nnodes; i++)
		rows += count_scalars(g->graph->node[i]->stage);
	*table = (struct rmb_table){ "Numbers", 5, 0, column, rmb_arena_alloc(g->arena, 5 * (size_t)rows, sizeof *table->cell) };
	for (int i = 0; table->cell && i < g->graph->nnodes; i++) {
		const struct rmb_node *node = g->graph->node[i];
		if (node->source != source || !count_scalars(node->stage))
			continue;
		const struct rmb_object *object = rmb_gather_object(g, node);
		double value;
		for (const struct rmb_port *p = node->stage->out; p->name; p++) {
			if (!is_scalar(p) || !rmb_gather_scalar(object, p->name, &value))
				continue;
			const char **cell = table->cell + 5 * table->nrows++;
			cell[0] = node->name, cell[1] = p->name, cell[2] = rmb_number_print(g->arena, value, 4), cell[3] = unit_of(p), cell[4] = p->help;
		}
	}
}

/* Neurons, frames, rate and scaling of a recording, or neurons, spikes and observed time: one row. */
static bool
data_row(struct rmb_gathering *g, const struct rmb_node *node, const char **cell)
{
	const struct rmb_object *object = rmb_gather_object(g, node);
	const char *port = node->stage->out[0].name;
	unsigned kind = object ? rmb_bundle_kind(object, port) : 0;
	struct rmb_recording r;
	struct rmb_spikes s;
	struct rmb_error error = { 0 };
	cell[0] = node->name;
	if (kind == RMB_RECORDING && rmb_unbundle_recording(g->arena, object, port, NULL, &r, &error) == 0) {
		cell[1] = rmb_arena_printf(g->arena, "%" PRId64, r.neurons.n), cell[2] = rmb_arena_printf(g->arena, "%" PRId64 " frames", r.nframes);
		if (r.rate > 0)
			cell[3] = rmb_number_print(g->arena, (double)r.nframes / r.rate, 4), cell[4] = rmb_number_print(g->arena, r.rate, 4);
		cell[5] = rmb_arena_printf(g->arena, "%s%s%s", r.scaling, *r.recipe_of_view ? ", " : "", r.recipe_of_view);
		return true;
	}
	if (kind == RMB_SPIKES && rmb_unbundle_spikes(g->arena, object, port, &s, &error) == 0) {
		double observed = 0;
		for (int64_t i = 0; i < s.nobserved; i++)
			observed += s.observed[2 * i + 1] - s.observed[2 * i];
		cell[1] = rmb_arena_printf(g->arena, "%" PRId64, s.neurons.n), cell[2] = rmb_arena_printf(g->arena, "%" PRId64 " spikes", s.nspikes);
		cell[3] = rmb_number_print(g->arena, observed, 4);
		return true;
	}
	return false;
}

/* What each recording or spike list on the way consists of: shows what selecting and binning left. */
static void
data_table(struct rmb_gathering *g, int source, struct rmb_table *table)
{
	static const struct rmb_column column[] = { { "Result", NULL, false }, { "Neurons", NULL, true }, { "Consists of", NULL, true },
	                                            { "Duration (s)", NULL, true }, { "Rate (Hz)", NULL, true }, { "Scaling and view", NULL, false } };
	*table = (struct rmb_table){ "Data on the way", 6, 0, column, rmb_arena_alloc(g->arena, 6 * (size_t)g->graph->nnodes, sizeof *table->cell) };
	for (int i = 0; table->cell && i < g->graph->nnodes; i++)
		if (g->graph->node[i]->source == source && (g->graph->node[i]->makes & (RMB_RECORDING | RMB_SPIKES)))
			table->nrows += data_row(g, g->graph->node[i], table->cell + 6 * table->nrows);
}

static json_t *
said(const struct rmb_object *object)
{
	const char *text = object ? rmb_object_attribute(object, "warnings") : NULL;
	return text ? json_loads(text, 0, NULL) : NULL;
}

/* The scalars of an entry, one row a node: recording, branch, a column for each, and how many warnings there are to mind. */
static void
summary(struct rmb_gathering *g, const struct rmb_entry *entry, struct rmb_table *table)
{
	int n = 3 + count_scalars(entry->stage), c = 2;
	struct rmb_column *column = rmb_arena_alloc(g->arena, (size_t)n, sizeof *column);
	*table = (struct rmb_table){ rmb_arena_printf(g->arena, "%s: %s", entry->name, entry->stage->brief), n, 0, column,
	                             rmb_arena_alloc(g->arena, (size_t)(n * g->graph->nnodes), sizeof *table->cell) };
	if (!column || !table->cell)
		return;
	column[0] = (struct rmb_column){ "Recording", NULL, false }, column[1] = (struct rmb_column){ "Result", NULL, false };
	for (const struct rmb_port *p = entry->stage->out; p->name; p++)
		if (is_scalar(p))
			column[c++] = (struct rmb_column){ *unit_of(p) ? rmb_arena_printf(g->arena, "%s (%s)", p->name, unit_of(p)) : p->name, p->help, true };
	column[c] = (struct rmb_column){ "Warnings", "to mind when reading, listed with each recording", true };
	for (int i = 0; i < g->graph->nnodes; i++) {
		const struct rmb_node *node = g->graph->node[i];
		const char **cell = table->cell + n * table->nrows;
		if (node->entry != entry)
			continue;
		const struct rmb_object *object = rmb_gather_object(g, node);
		cell[0] = node->source < 0 ? "all" : g->graph->recipe->source[node->source].name;
		cell[1] = node->name, c = 2;
		for (const struct rmb_port *p = entry->stage->out; p->name; p++) {
			double value;
			if (is_scalar(p))
				cell[c++] = rmb_gather_scalar(object, p->name, &value) ? rmb_number_print(g->arena, value, 4) : "\xe2\x80\x93";
		}
		json_t *list = said(object);
		cell[c] = object ? rmb_arena_printf(g->arena, "%d", (int)json_array_size(list)) : "\xe2\x80\x93";
		json_decref(list);
		table->nrows++;
	}
}

/* ---- remarks ----------------------------------------------------------------------------------------------------- */

/* The same sentence about several nodes stands once, with the first of their names. */
static void
remark(struct rmb_gathering *g, struct rmb_remark *list, int *n, int most, const char *who, const char *text)
{
	enum { NAMED = 12 };
	for (int i = 0; i < *n; i++)
		if (strcmp(list[i].text, text) == 0) {
			if (list[i].named == NAMED)
				list[i].more++;
			else {
				list[i].who = joined(g->arena, list[i].who, ", ", who);
				list[i].named++;
			}
			return;
		}
	if (*n < most)
		list[(*n)++] = (struct rmb_remark){ who, text, 1, 0 };
}

static void
warnings(struct rmb_gathering *g, int source, struct rmb_section *section)
{
	enum { MOST = 200 };
	struct rmb_remark *list = rmb_arena_alloc(g->arena, MOST, sizeof *list);
	for (int i = 0; list && i < g->graph->nnodes; i++) {
		const struct rmb_node *node = g->graph->node[i];
		const struct rmb_object *object = node->source == source ? rmb_gather_object(g, node) : NULL;
		json_t *all = said(object), *one;
		size_t k;
		json_array_foreach(all, k, one)
			if (json_is_string(one))
				remark(g, list, &section->nremarks, MOST, node->name, rmb_arena_strdup(g->arena, json_string_value(one)));
		json_decref(all);
	}
	section->remark = list;
}

static void
problems(struct rmb_gathering *g, struct rmb_page *page)
{
	struct rmb_remark *list = rmb_arena_alloc(g->arena, (size_t)g->graph->nnodes, sizeof *list);
	for (int i = 0; list && i < g->graph->nnodes; i++)
		if (g->standing[i].stand >= RMB_MISSING) {
			const char *id = g->graph->node[i]->id, *text = g->standing[i].text;
			remark(g, list, &page->nproblems, g->graph->nnodes, strstr(text, id) ? "" : id, text);
		}
	page->problem = list;
}

/* ---- sections ---------------------------------------------------------------------------------------------------- */

static const char *
about(struct rmb_gathering *g, const struct rmb_source *source)
{
	const char *text = "";
	for (int i = 0; i < source->nlabels; i++)
		text = joined(g->arena, text, " \xc2\xb7 ", rmb_arena_printf(g->arena, "%s: %s", source->label[i].name, source->label[i].value));
	for (int i = 0; i < source->ntags; i++)
		text = joined(g->arena, text, i ? ", " : " \xc2\xb7 ", i ? source->tag[i] : rmb_arena_printf(g->arena, "tags: %s", source->tag[i]));
	return text;
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
	for (int s = 0; s <= recipe->nsources; s++) {
		int source = s < recipe->nsources ? s : -1; /* results over all recordings come last */
		struct rmb_section *to = &section[page->nsections];
		if (!has_nodes(g, source))
			continue;
		to->title = source < 0 ? "All recordings" : recipe->source[s].name;
		to->about = source < 0 ? "" : about(g, &recipe->source[s]);
		int code = rmb_drawings(g, source, &to->figure, &to->nfigures, error);
		if (code)
			return code;
		warnings(g, source, to);
		numbers(g, source, &to->numbers);
		data_table(g, source, &to->data);
		close_objects(g);
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
	for (int e = 0; e < recipe->nentries; e++)
		if (count_scalars(recipe->entry[e].stage))
			summary(g, &recipe->entry[e], &table[page->nsummaries++]);
	close_objects(g);
	page->summary = table;
	return 0;
}

/* ---- provenance -------------------------------------------------------------------------------------------------- */

static const char *
settings(struct rmb_gathering *g, const struct rmb_node *node)
{
	const char *text = "";
	for (int p = 0; p < rmb_nparams(node->stage); p++)
		if (!node->value[p].none)
			text = joined(g->arena, text, ", ", rmb_arena_printf(g->arena, "%s: %s", node->stage->params[p].name,
			                                                     rmb_value_print(g->arena, &node->stage->params[p], &node->value[p])));
	if (node->stage->draws && node->stage->draws(node->settings))
		text = joined(g->arena, text, ", ", rmb_arena_printf(g->arena, "seed: %" PRId64 "%s", g->graph->recipe->seed,
		                                                     node->turn > 1 ? rmb_arena_printf(g->arena, " (turn %d)", node->turn) : ""));
	return text;
}

static void
node_table(struct rmb_gathering *g, struct rmb_table *table)
{
	static const struct rmb_column column[] = { { "Result", NULL, false }, { "Stage", NULL, false }, { "Settings", NULL, false }, { "Key", NULL, false } };
	*table = (struct rmb_table){ "Results", 4, 0, column, rmb_arena_alloc(g->arena, 4 * (size_t)g->graph->nnodes, sizeof *table->cell) };
	for (int i = 0; table->cell && i < g->graph->nnodes; i++) {
		const struct rmb_node *node = g->graph->node[i];
		const char **cell = table->cell + 4 * table->nrows++;
		cell[0] = node->id, cell[1] = rmb_arena_printf(g->arena, "%s, version %d", node->stage->name, node->stage->version);
		cell[2] = settings(g, node), cell[3] = node->key;
	}
}

/* With what the objects were computed: every attribute but what belongs to the node itself, and how many objects say so. */
static void
build_table(struct rmb_gathering *g, struct rmb_table *table)
{
	enum { MOST = 64 };
	static const struct rmb_column column[] = { { "Made with", NULL, false }, { "", NULL, false }, { "Results", NULL, true } };
	int count[MOST] = { 0 };
	*table = (struct rmb_table){ NULL, 3, 0, column, rmb_arena_alloc(g->arena, 3 * MOST, sizeof *table->cell) };
	for (int i = 0; table->cell && i < g->graph->nnodes; i++) {
		const struct rmb_object *object = rmb_gather_object(g, g->graph->node[i]);
		for (int a = 0; object && a < object->nattributes; a++) {
			const char *name = object->attribute[2 * a], *value = object->attribute[2 * a + 1];
			int r = 0;
			if (strcmp(name, "description") == 0 || strcmp(name, "warnings") == 0)
				continue;
			while (r < table->nrows && (strcmp(table->cell[3 * r], name) || strcmp(table->cell[3 * r + 1], value)))
				r++;
			if (r == MOST)
				continue;
			if (r == table->nrows) {
				table->cell[3 * r] = rmb_arena_strdup(g->arena, name), table->cell[3 * r + 1] = rmb_arena_strdup(g->arena, value);
				table->nrows++;
			}
			count[r]++;
		}
	}
	close_objects(g);
	for (int r = 0; r < table->nrows; r++)
		table->cell[3 * r + 2] = rmb_arena_printf(g->arena, "%d", count[r]);
}

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
	return rmb_arena_printf(g->arena, "%d recording%s \xc2\xb7 %d of %d results \xc2\xb7 %d warning%s \xc2\xb7 %s", nsources, nsources == 1 ? "" : "s",
	                        here, g->graph->nnodes, warned, warned == 1 ? "" : "s", page->program);
}

/* The same branch looks the same in every figure: branches are counted as they first come up in the graph. */
static int *
looks(struct rmb_arena *arena, const struct rmb_graph *graph)
{
	int *look = rmb_arena_alloc(arena, (size_t)graph->nnodes, sizeof *look), n = 0;
	const char **seen = rmb_arena_alloc(arena, (size_t)graph->nnodes, sizeof *seen);
	for (int i = 0; look && seen && i < graph->nnodes; i++) {
		const char *branch = graph->node[i]->branch;
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
	enum { IMAGES = 16, CURVES = 64, LEAST_IMAGE = 100, LEAST_LINE = 200 }; /* numbers that may have all; what each gets at least */
	double images = 0, curves = 0;
	for (int i = 0; i < g->graph->nnodes; i++)
		for (const struct rmb_figure *f = g->graph->node[i]->stage->figures; f && f->name; f++)
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
		build_table(&g, &page->build);
		node_table(&g, &page->nodes);
		cites(&g, page);
		problems(&g, page);
		page->lead = lead(&g, page);
	}
	close_objects(&g);
	return code ? NULL : page;
}

/* pipeline/report/drawing.c -- figures from descriptors: the branches of an entry share the axes, replicates share a line. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "pipeline/report/drawing.h"
#include "pipeline/text.h"

/* ---- words and numbers of a node --------------------------------------------------------------------------------- */

struct naming { const struct rmb_drawing *d; int group; };

/* What a recipe puts into an input, and what a driver varies ("vary", "vary2", ...), as written; NULL: neither is called so. */
static const char *
written(const struct rmb_entry *entry, const char *name)
{
	for (int u = 0; u < entry->nuses; u++)
		if (strcmp(entry->stage->in[entry->use[u].port].name, name) == 0)
			return entry->use[u].reference[0].text;
	int v = strcmp(name, "vary") == 0 ? 1 : strncmp(name, "vary", 4) == 0 ? atoi(name + 4) : 0;
	return v > 0 && v <= entry->nvary ? entry->vary[v - 1].name : NULL;
}

/* {name}: a scalar output of the group, number or text, one of its settings, or what stands in the recipe at an input or
 * under `vary`. */
static const char *
text_of(const struct rmb_drawing *d, const struct rmb_group *group, const char *name)
{
	const struct rmb_node *node = group->node[0];
	struct rmb_spread spread;
	if (rmb_gather_spread(d->g, group, name, &spread))
		return rmb_spread_print(d->g->arena, &spread, 3);
	const char *text = rmb_gather_text(rmb_gather_object(d->g, node), name);
	if (text)
		return rmb_arena_strdup(d->g->arena, text);
	int p = rmb_param_index(node->stage, name);
	return p < 0 ? written(node->entry, name) : rmb_value_print(d->g->arena, &node->stage->params[p], &node->value[p]);
}

/* Of all groups: once if they agree, else "1.25 (z), 2.25 (shuffled)". */
static const char *
text_of_all(const struct rmb_drawing *d, const char *name)
{
	const char *first = NULL, *all = "";
	bool agree = true;
	for (int i = 0; i < d->ngroups; i++) {
		const char *one = text_of(d, &d->group[i], name);
		if (!one)
			continue;
		agree = agree && (!first || strcmp(first, one) == 0);
		first = first ? first : one;
		all = rmb_joined(d->g->arena, all, ", ", rmb_arena_printf(d->g->arena, "%s (%s)", one, rmb_group_name(d, i)));
	}
	return agree ? first : all;
}

static const char *
look_up(void *from, const char *name)
{
	const struct naming *naming = from;
	return naming->group < 0 ? text_of_all(naming->d, name) : text_of(naming->d, &naming->d->group[naming->group], name);
}

const char *
rmb_drawing_fill(const struct rmb_drawing *d, int i, const char *text)
{
	struct naming naming = { d, i };
	return rmb_figure_fill(d->g->arena, text, look_up, &naming);
}

bool
rmb_drawing_number(const struct rmb_drawing *d, int i, const char *text, double *value, double *end, bool *scalar)
{
	const struct rmb_node *node = d->group[i].node[0];
	char *rest = NULL;
	struct rmb_spread spread;
	*value = *end = text ? strtod(text, &rest) : NAN;
	*scalar = false;
	if (text && rest != text && !*rest)
		return true;
	if (text && rmb_gather_spread(d->g, &d->group[i], text, &spread)) {
		*value = *end = spread.mean, *scalar = true;
		return isfinite(*value);
	}
	int p = text ? rmb_param_index(node->stage, text) : -1;
	if (p < 0 || node->value[p].none)
		return false;
	enum rmb_kind kind = node->stage->params[p].kind;
	const struct rmb_value *v = &node->value[p];
	*value = kind == RMB_RANGE ? (double)v->range.first : kind == RMB_INT ? (double)v->integer : v->real;
	*end = kind == RMB_RANGE ? (double)v->range.last : *value;
	return kind == RMB_RANGE || kind == RMB_INT || kind == RMB_REAL;
}

const char *
rmb_group_name(const struct rmb_drawing *d, int i)
{
	const char *branch = d->group[i].node[0]->branch;
	return branch ? branch : d->ngroups > 1 ? "whole" : ""; /* beside the parts that a driver made of it */
}

const char *
rmb_drawing_title(const struct rmb_drawing *d, const char *title, const char *unit)
{
	return *unit && strcmp(unit, "1") ? rmb_arena_printf(d->g->arena, "%s (%s)", title, unit)
	                                  : rmb_arena_strdup(d->g->arena, title);
}

void
rmb_drawing_note(const struct rmb_drawing *d, const char *sentence)
{
	if (!strstr(d->data->caption, sentence))
		d->data->caption = rmb_joined(d->g->arena, d->data->caption, " ", sentence);
}

const struct rmb_array *
rmb_drawing_array(const struct rmb_drawing *d, const struct rmb_node *node, const char *output, int naxes)
{
	const struct rmb_object *object = rmb_gather_object(d->g, node);
	const struct rmb_array *array = object && output ? rmb_object_array(object, output) : NULL;
	return array && array->naxes == naxes && array->type != RMB_TEXT ? array : NULL;
}

double *
rmb_drawing_values(const struct rmb_drawing *d, const struct rmb_array *array, int64_t first, int64_t n)
{
	double *value = rmb_arena_alloc(d->g->arena, (size_t)n, sizeof *value);
	for (int64_t i = 0; value && i < n; i++)
		value[i] = rmb_gather_value(array, first + i);
	return value;
}

struct rmb_trace *
rmb_traces_add(struct rmb_arena *arena, struct rmb_traces *list)
{
	list->trace = rmb_arena_room(arena, list->trace, (size_t)list->n, sizeof *list->trace);
	if (!list->trace)
		return NULL;
	list->trace[list->n] = (struct rmb_trace){ .label = "" };
	return &list->trace[list->n++];
}

/* ---- one figure -------------------------------------------------------------------------------------------------- */

/* A file name that any system takes; bytes of UTF-8 may stay. */
static const char *
file_name(struct rmb_gathering *g, int source, const char *node, const char *figure)
{
	char *name = source < 0 ? rmb_arena_printf(g->arena, "%s-%s", node, figure)
	                        : rmb_arena_printf(g->arena, "%s-%s-%s", g->graph->recipe->source[source].name, node, figure);
	return name ? rmb_text_file_name(g->arena, name, " \\:*?\"'`<>|&;$%{}") : NULL;
}

static bool
blank(struct rmb_drawing *d)
{
	struct rmb_arena *arena = d->g->arena;
	const struct rmb_figure *figure = d->figure;
	const struct rmb_node *node = d->group[0].node[0];
	const char *name = d->ngroups > 1 || d->group[0].n > 1 ? node->entry->name : node->name;
	const char *part = d->part ? d->part : "", *of = rmb_arena_printf(arena, "%s%s%s", figure->name, *part ? "-" : "", part);
	d->data = rmb_arena_alloc(arena, 1, sizeof *d->data);
	if (!d->data)
		return false;
	*d->data = (struct rmb_figure_data){
		.file = file_name(d->g, d->source, name, of), .title = rmb_arena_printf(arena, "%s: %s%s%s", name, figure->name,
		        *part ? ", " : "", part),
		.x = figure->x || !d->part ? rmb_drawing_fill(d, -1, figure->x) : d->part,
		.y = rmb_drawing_fill(d, -1, figure->y), .logx = figure->logx, .logy = figure->logy,
		.equal = figure->equal, .low = { figure->xwindow[0], figure->ywindow[0] },
		.high = { figure->xwindow[1], figure->ywindow[1] },
		.caption = rmb_drawing_fill(d, -1, figure->caption ? figure->caption : node->stage->caption) };
	return true;
}

static void
append(struct rmb_drawing *d, const struct rmb_traces *list)
{
	struct rmb_figure_data *data = d->data;
	if (list->n)
		memcpy(data->trace + data->ntraces, list->trace, (size_t)list->n * sizeof *list->trace);
	data->ntraces += list->n;
}

/* All traces in their order, guides lowest. */
static int
join(struct rmb_drawing *d, struct rmb_error *error)
{
	struct rmb_figure_data *data = d->data;
	data->trace = rmb_arena_alloc(d->g->arena, (size_t)(d->guides.n + d->bands.n + d->series.n), sizeof *data->trace);
	if (!data->trace)
		return rmb_error_nomem(error, "a figure");
	data->ntraces = 0;
	append(d, &d->guides);
	append(d, &d->bands);
	append(d, &d->series);
	return 0;
}

static const struct { const char *name; int (*draw)(struct rmb_drawing *, struct rmb_error *); } kinds[] = {
	{ "curve", rmb_draw_curve }, { "family", rmb_draw_family }, { "map", rmb_draw_map },
	{ "raster", rmb_draw_image }, { "forest", rmb_draw_forest } };

static int
draw(struct rmb_drawing *d, struct rmb_error *error)
{
	int code = blank(d) ? 0 : rmb_error_nomem(error, "a figure");
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !code; i++)
		if (strcmp(kinds[i].name, d->figure->kind) == 0)
			code = kinds[i].draw(d, error);
	if (!code && d->series.n) {
		if ((code = join(d, error)))
			return code;
		rmb_figure_range(d->data);
		code = rmb_draw_guides(d, error);
		code = code ? code : join(d, error);
	}
	if (!code && (d->series.n || d->data->image))
		rmb_figure_finish(d->g->arena, d->data);
	return code;
}

/* ---- all of a recording ------------------------------------------------------------------------------------------ */

struct list { int n; struct rmb_figure_data **figure; };

/* Kinds that do not put branches together. */
static bool
stands_alone(const struct rmb_figure *figure)
{
	return strcmp(figure->kind, "raster") == 0 || strcmp(figure->kind, "forest") == 0;
}

static int
add_figure(struct rmb_drawing *d, struct list *list, struct rmb_error *error)
{
	int code = draw(d, error);
	if (code || (!d->data->ntraces && !d->data->image))
		return code;
	list->figure = rmb_arena_room(d->g->arena, list->figure, (size_t)list->n, sizeof *list->figure);
	if (!list->figure)
		return rmb_error_nomem(error, "the report");
	list->figure[list->n++] = d->data;
	return 0;
}

/* One, or one for each text that splits it. */
static int
add_parts(struct rmb_drawing *d, struct list *list, struct rmb_error *error)
{
	int n = 0, code = 0;
	if (!d->figure->split)
		return add_figure(d, list, error);
	const char **part = rmb_forest_parts(d, &n);
	if (!part)
		return rmb_error_nomem(error, "the report");
	for (int i = 0; i < n && !code; i++) {
		struct rmb_drawing one = *d;
		one.part = part[i];
		code = add_figure(&one, list, error);
	}
	return code;
}

static int
figures_of(struct rmb_gathering *g, int source, const struct rmb_entry *entry, struct list *list, struct rmb_error *error)
{
	int ngroups = 0, code = 0;
	if (!entry->stage->figures)
		return 0;
	struct rmb_group *group = rmb_gather_groups(g, source, entry, true, &ngroups);
	if (!group)
		return rmb_error_nomem(error, "the report");
	for (const struct rmb_figure *f = ngroups ? entry->stage->figures : NULL; f && f->name && !code; f++)
		for (int i = 0; i < (stands_alone(f) ? ngroups : 1) && !code; i++) {
			if (strcmp(f->kind, "raster") == 0 && group[i].node[0]->sets)
				continue; /* a picture of the whole is there, and parts may be many */
			struct rmb_drawing d = { .g = g, .source = source, .figure = f, .ngroups = stands_alone(f) ? 1 : ngroups,
			                         .group = group + i };
			code = add_parts(&d, list, error);
		}
	return code;
}

int
rmb_drawings(struct rmb_gathering *g, int source, struct rmb_figure_data ***figure, int *n, struct rmb_error *error)
{
	const struct rmb_recipe *recipe = g->graph->recipe;
	struct list list = { 0 };
	int code = 0;
	for (int pass = 0; pass < 2; pass++) /* beside the headline what it rests on */
		for (int e = 0; e < recipe->nentries && !code; e++)
			if ((recipe->entry[e].stage->headline != NULL) == (pass == 0))
				code = figures_of(g, source, &recipe->entry[e], &list, error);
	*figure = list.figure, *n = list.n;
	return code;
}

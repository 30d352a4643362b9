/* pipeline/report/drawing.c -- figures from descriptors: the branches of an entry share the axes, an image is one node's. */
#include <string.h>
#include "pipeline/text.h"
#include "pipeline/bundle.h"
#include "pipeline/report/gathering.h"

enum { MOST_SERIES = sizeof ((struct rmb_figure *)0)->series / sizeof (struct rmb_series) };

struct naming { struct rmb_gathering *g; const struct rmb_node *node; };

/* What a recipe puts into an input, and what a driver varies first, as written; NULL: neither is called so. */
static const char *
written(const struct rmb_entry *entry, const char *name)
{
	for (int u = 0; u < entry->nuses; u++)
		if (strcmp(entry->stage->in[entry->use[u].port].name, name) == 0)
			return entry->use[u].reference[0].text;
	return entry->nvary && strcmp(name, "vary") == 0 ? entry->vary[0].name : NULL;
}

/* {name}: a scalar output of the node, one of its settings, or what stands in the recipe at an input or under `vary`. */
static const char *
look_up(void *from, const char *name)
{
	const struct naming *naming = from;
	const struct rmb_node *node = naming->node;
	double value;
	if (rmb_gather_scalar(rmb_gather_object(naming->g, node), name, &value))
		return rmb_number_print(naming->g->arena, value, 3);
	int p = rmb_param_index(node->stage, name);
	return p < 0 ? written(node->entry, name) : rmb_value_print(naming->g->arena, &node->stage->params[p], &node->value[p]);
}

static const char *
fill(struct rmb_gathering *g, const struct rmb_node *node, const char *text)
{
	struct naming naming = { g, node };
	return rmb_figure_fill(g->arena, text, look_up, &naming);
}

/* What tells a node from the others of its entry: "shuffled", "z#2"; "" if nothing does. */
static const char *
branch_name(struct rmb_gathering *g, const struct rmb_node *node)
{
	const char *branch = node->branch ? node->branch : "";
	return node->replicate ? rmb_arena_printf(g->arena, "%s#%d", branch, node->replicate) : branch;
}

/* The captions of several nodes: one if they agree. */
static const char *
caption(struct rmb_gathering *g, const struct rmb_figure *figure, const struct rmb_node *const *node, int n)
{
	const char *template = figure->caption ? figure->caption : node[0]->stage->caption, *first = fill(g, node[0], template), *all = "";
	bool agree = true;
	for (int i = 0; i < n; i++) {
		const char *one = fill(g, node[i], template);
		agree = agree && strcmp(first, one) == 0;
		all = rmb_arena_printf(g->arena, "%s%s%s: %s", all, i ? " " : "", node[i]->name, one);
	}
	return agree ? first : all;
}

/* A file name that any system takes; bytes of UTF-8 may stay. */
static const char *
file_name(struct rmb_gathering *g, int source, const char *node, const char *figure)
{
	char *name = source < 0 ? rmb_arena_printf(g->arena, "%s-%s", node, figure)
	                        : rmb_arena_printf(g->arena, "%s-%s-%s", g->graph->recipe->source[source].name, node, figure);
	return name ? rmb_text_file_name(g->arena, name, " \\:*?\"'`<>|&;$%{}") : NULL;
}

static struct rmb_figure_data *
blank(struct rmb_gathering *g, int source, const struct rmb_figure *figure, const struct rmb_node *const *node, int n)
{
	struct rmb_figure_data *data = rmb_arena_alloc(g->arena, 1, sizeof *data);
	const char *name = n > 1 ? node[0]->entry->name : node[0]->name;
	if (data)
		*data = (struct rmb_figure_data){ .file = file_name(g, source, name, figure->name),
		                                  .title = rmb_arena_printf(g->arena, "%s: %s", name, figure->name),
		                                  .x = fill(g, node[0], figure->x), .y = fill(g, node[0], figure->y), .logx = figure->logx,
		                                  .logy = figure->logy, .equal = figure->equal, .caption = caption(g, figure, node, n) };
	return data;
}

/* "lag" as "lag (s)", if that is what is drawn. */
static const char *
titled(struct rmb_gathering *g, const char *title, const char *unit)
{
	return *unit && strcmp(unit, "1") ? rmb_arena_printf(g->arena, "%s (%s)", title, unit) : title;
}

/* ---- curves ------------------------------------------------------------------------------------------------------ */

static double *
values(struct rmb_gathering *g, const struct rmb_array *array, int64_t n)
{
	double *value = rmb_arena_alloc(g->arena, (size_t)n, sizeof *value);
	for (int64_t i = 0; value && i < n; i++)
		value[i] = rmb_gather_value(array, i);
	return value;
}

/* One series of one node; an output that the node did not make adds none. */
static int
add_series(struct rmb_gathering *g, struct rmb_figure_data *data, const struct rmb_series *series, const struct rmb_node *node, bool alone,
           struct rmb_error *error)
{
	const struct rmb_object *object = rmb_gather_object(g, node);
	const struct rmb_array *y = object ? rmb_object_array(object, series->y) : NULL;
	const struct rmb_array *x = object && series->x ? rmb_object_array(object, series->x) : NULL;
	struct rmb_trace *trace = &data->trace[data->ntraces];
	if (!y || y->naxes != 1 || y->type == RMB_TEXT || (series->x && (!x || rmb_array_count(x) != rmb_array_count(y))))
		return 0;
	int64_t n = y->axis[0].n;
	const char *label = series->label ? fill(g, node, series->label) : series->y, *branch = branch_name(g, node);
	trace->label = alone || !*branch ? label : rmb_arena_printf(g->arena, "%s: %s", branch, label);
	trace->mark = rmb_mark_named(series->style);
	trace->look = g->look[node->index];
	for (int i = 0; alone && i < data->ntraces; i++) /* the lines of one node among themselves */
		trace->look += data->trace[i].mark == trace->mark;
	double *yv = values(g, y, n), *xv = x ? values(g, x, n) : NULL;
	if (!yv || (x && !xv) || !trace->label)
		return rmb_error_nomem(error, "a figure");
	if (data->ntraces++ == 0) {
		data->x = titled(g, data->x, x ? x->unit : y->axis[0].unit);
		data->y = titled(g, data->y, y->unit);
	}
	return rmb_trace_set(g->arena, xv, y->axis[0].start, y->axis[0].step, yv, n, data->logx, data->logy,
	                     trace->mark == RMB_POINTS ? g->line_limit * 5 / 2 : g->line_limit, trace, error);
}

static int
curve(struct rmb_gathering *g, int source, const struct rmb_figure *figure, const struct rmb_node *const *node, int n,
      struct rmb_figure_data **to, struct rmb_error *error)
{
	struct rmb_figure_data *data = blank(g, source, figure, node, n);
	struct rmb_trace *trace = rmb_arena_alloc(g->arena, (size_t)(n * MOST_SERIES), sizeof *trace);
	int code = 0;
	if (!data || !trace)
		return rmb_error_nomem(error, "a figure");
	data->trace = trace;
	for (int i = 0; i < n && !code; i++)
		for (int s = 0; s < MOST_SERIES && figure->series[s].y && !code; s++)
			code = add_series(g, data, &figure->series[s], node[i], n == 1, error);
	if (!code && data->ntraces) {
		rmb_figure_finish(g->arena, data);
		*to = data;
	}
	return code;
}

/* ---- images ------------------------------------------------------------------------------------------------------ */

/* The object with the samples of a recording: its own, or that of another node of the graph, or none of ours. */
static const struct rmb_object *
samples_of(struct rmb_gathering *g, const struct rmb_object *object, const char *port, struct rmb_object **opened, struct rmb_error *error)
{
	const char *key = rmb_bundle_source(object, port);
	if (!key || strcmp(key, object->key) == 0)
		return object;
	for (int i = 0; i < g->graph->nnodes; i++)
		if (strcmp(g->graph->node[i]->key, key) == 0 && g->standing[i].stand == RMB_HERE)
			return rmb_gather_object(g, g->graph->node[i]);
	return rmb_cache_get(g->cache, key, NULL, opened, error) ? NULL : *opened;
}

static void
read_array(const void *from, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, float *buffer)
{
	const struct rmb_array *array = from;
	for (int64_t r = 0; r < nrows; r++)
		for (int64_t c = 0; c < ncolumns; c++)
			buffer[r * ncolumns + c] = (float)rmb_gather_value(array, (row + r) * array->axis[1].n + column + c);
}

static struct rmb_image *
image_of_array(struct rmb_gathering *g, const struct rmb_array *array, struct rmb_figure_data *data, struct rmb_error *error)
{
	const struct rmb_axis *rows = &array->axis[0], *columns = &array->axis[1];
	struct rmb_image *image = rmb_image_make(g->arena, rows->n, columns->n, g->image_limit, read_array, array, error);
	if (image) {
		data->x = titled(g, data->x, columns->unit);
		data->y = titled(g, data->y, rows->unit);
		image->x = columns->start + image->x * columns->step, image->dx *= columns->step;
		image->y = rows->start + image->y * rows->step, image->dy *= rows->step;
	}
	return image;
}

/* The image of an output, if it is one that can be drawn; what cannot be read is a problem of that node, not of the report. */
static struct rmb_image *
image_of(struct rmb_gathering *g, const struct rmb_node *node, const char *port, struct rmb_figure_data *data, struct rmb_error *error)
{
	const struct rmb_object *object = rmb_gather_object(g, node), *samples;
	const struct rmb_array *array = object ? rmb_object_array(object, port) : NULL;
	struct rmb_object *opened = NULL;
	struct rmb_recording recording;
	struct rmb_image *image = NULL;
	if (array && array->naxes == 2 && array->type != RMB_TEXT)
		return image_of_array(g, array, data, error);
	if (!object || rmb_bundle_kind(object, port) != RMB_RECORDING)
		return NULL;
	if ((samples = samples_of(g, object, port, &opened, error))
	    && rmb_unbundle_recording(g->arena, object, port, samples, &recording, error) == 0) {
		data->x = titled(g, data->x, recording.rate > 0 ? "s" : "frames");
		image = rmb_image_recording(g->arena, &recording, g->image_limit, error);
	}
	rmb_object_close(opened);
	return image;
}

static int
raster(struct rmb_gathering *g, int source, const struct rmb_figure *figure, const struct rmb_node *node, struct rmb_figure_data **to,
       struct rmb_error *error)
{
	struct rmb_error unreadable = { 0 };
	struct rmb_figure_data *data = blank(g, source, figure, &node, 1);
	if (!data)
		return rmb_error_nomem(error, "a figure");
	data->image = image_of(g, node, figure->image, data, &unreadable);
	if (data->image) {
		rmb_figure_finish(g->arena, data);
		*to = data;
	} else if (unreadable.code)
		g->standing[node->index] = (struct rmb_standing){ RMB_MISSING, rmb_arena_printf(g->arena, "cannot be drawn: %s", unreadable.text) };
	return 0;
}

/* ---- all of a recording ------------------------------------------------------------------------------------------ */

static int
figures_of(struct rmb_gathering *g, int source, const struct rmb_entry *entry, const struct rmb_node **node, struct rmb_figure_data **list,
           int *n, struct rmb_error *error)
{
	int nnodes = 0, code = 0;
	for (int i = 0; i < g->graph->nnodes; i++) {
		const struct rmb_node *one = g->graph->node[i];
		if (one->source == source && one->entry == entry && one->sets == 0 && rmb_gather_object(g, one))
			node[nnodes++] = one;
	}
	for (const struct rmb_figure *f = nnodes ? entry->stage->figures : NULL; f && f->name && !code; f++) {
		bool image = strcmp(f->kind, "raster") == 0;
		for (int i = 0; i < (image ? nnodes : 1) && !code; i++) {
			list[*n] = NULL;
			code = image ? raster(g, source, f, node[i], &list[*n], error) : curve(g, source, f, node, nnodes, &list[*n], error);
			*n += list[*n] != NULL;
		}
	}
	return code;
}

int
rmb_drawings(struct rmb_gathering *g, int source, struct rmb_figure_data ***figure, int *n, struct rmb_error *error)
{
	const struct rmb_recipe *recipe = g->graph->recipe;
	size_t most = 1;
	for (int i = 0; i < g->graph->nnodes; i++)
		for (const struct rmb_figure *f = rmb_figures_of(g->graph->node[i]); f && f->name; f++)
			most++;
	const struct rmb_node **node = rmb_arena_alloc(g->arena, (size_t)g->graph->nnodes, sizeof *node);
	*figure = rmb_arena_alloc(g->arena, most, sizeof **figure);
	*n = 0;
	if (!node || !*figure)
		return rmb_error_nomem(error, "the report");
	int code = 0;
	for (int e = 0; e < recipe->nentries && !code; e++)
		code = figures_of(g, source, &recipe->entry[e], node, *figure, n, error);
	return code;
}

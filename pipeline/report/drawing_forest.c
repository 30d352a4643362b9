/* pipeline/report/drawing_forest.c -- estimates with their intervals in named rows, and lines to compare them with.
 *
 * A row has a lane for each of its estimates, so that bars do not lie on each other, and where there are several a gap to
 * the next. Lanes are counted from the top: lane i is at -1 - i. */
#include <math.h>
#include <string.h>
#include "pipeline/report/drawing.h"

enum { MOST_SERIES = sizeof ((struct rmb_figure *)0)->series / sizeof (struct rmb_series) };

/* A text output of a node, an entry at a time. */
struct texts { int64_t n; size_t width; const char *data; };

/* What a series is made of: n estimates; name.n 0: one name for all. */
struct forest {
	const struct rmb_series *series;
	struct texts row, name, part;
	const struct rmb_array *x, *low, *high;
};

struct lane { int64_t entry; const char *row, *name; }; /* row "": a gap between rows */

static struct texts
texts_of(const struct rmb_drawing *d, const char *output)
{
	const struct rmb_object *object = output ? rmb_gather_object(d->g, d->group[0].node[0]) : NULL;
	const struct rmb_array *a = object ? rmb_object_array(object, output) : NULL;
	return a && a->naxes == 1 && a->type == RMB_TEXT && a->width ? (struct texts){ a->axis[0].n, a->width, a->data }
	                                                             : (struct texts){ 0 };
}

/* Entry i; a copy, for texts go with their object. */
static const char *
text_at(const struct rmb_drawing *d, const struct texts *texts, int64_t i)
{
	return i < texts->n ? rmb_arena_printf(d->g->arena, "%.*s", (int)texts->width, texts->data + (size_t)i * texts->width)
	                    : "";
}

const char **
rmb_forest_parts(const struct rmb_drawing *d, int *n)
{
	struct texts texts = texts_of(d, d->figure->split);
	const char **part = rmb_arena_alloc(d->g->arena, (size_t)texts.n + 1, sizeof *part);
	*n = 0;
	for (int64_t i = 0; part && i < texts.n; i++) {
		int k = 0;
		part[*n] = text_at(d, &texts, i);
		while (part[*n] && k < *n && strcmp(part[k], part[*n]))
			k++;
		*n += part[*n] && k == *n;
	}
	return part;
}

static bool
find(const struct rmb_drawing *d, const struct rmb_series *series, struct forest *f)
{
	const struct rmb_node *node = d->group[0].node[0];
	*f = (struct forest){ series, texts_of(d, series->y), texts_of(d, series->z),
	                      texts_of(d, d->part ? d->figure->split : NULL),
	                      rmb_drawing_array(d, node, series->x, 1), rmb_drawing_array(d, node, series->low, 1),
	                      rmb_drawing_array(d, node, series->high, 1) };
	if (f->low && f->high && f->x && (f->low->axis[0].n != f->x->axis[0].n || f->high->axis[0].n != f->x->axis[0].n))
		f->low = f->high = NULL;
	return f->x && f->row.n == f->x->axis[0].n;
}

/* Whether entry i belongs to this figure and has a value that the axis can show. */
static bool
takes(const struct rmb_drawing *d, const struct forest *f, int64_t i)
{
	double x = rmb_gather_value(f->x, i);
	const char *part = d->part ? text_at(d, &f->part, i) : NULL;
	return isfinite(x) && !(d->data->logx && x <= 0) && (!d->part || (part && strcmp(part, d->part) == 0));
}

/* Lanes, row by row in the order in which rows come up. */
static int
find_lanes(const struct rmb_drawing *d, const struct forest *f, struct lane *lane)
{
	int n = 0;
	for (int64_t i = 0; i < f->row.n; i++) {
		const char *row = takes(d, f, i) ? text_at(d, &f->row, i) : NULL;
		int at = n;
		while (row && at > 0 && strcmp(lane[at - 1].row, row))
			at--;
		if (!row)
			continue;
		at = at ? at : n; /* behind the last of its row, or at the end */
		memmove(&lane[at + 1], &lane[at], (size_t)(n - at) * sizeof *lane);
		lane[at] = (struct lane){ i, row, f->name.n ? text_at(d, &f->name, i) : "" };
		n++;
	}
	return n;
}

/* Puts a gap between rows if one of them has more than a lane; lane[] has room for twice as many. */
static int
part_rows(struct lane *lane, int n)
{
	int rows = n > 0;
	for (int i = 1; i < n; i++)
		rows += strcmp(lane[i].row, lane[i - 1].row) != 0;
	if (rows == n || rows < 2)
		return n;
	int all = n + rows - 1;
	for (int i = n - 1, at = all - 1; i >= 0; i--) {
		lane[at--] = lane[i];
		if (i > 0 && strcmp(lane[i].row, lane[i - 1].row))
			lane[at--] = (struct lane){ -1, "", "" };
	}
	return all;
}

static int
name_lanes(struct rmb_drawing *d, const struct lane *lane, int n)
{
	d->data->lane = rmb_arena_alloc(d->g->arena, (size_t)n, sizeof *d->data->lane);
	for (int i = 0; d->data->lane && i < n; i++)
		d->data->lane[i] = lane[i].row;
	d->data->nlanes = n;
	d->data->low[1] = -n - 0.5;
	d->data->high[1] = -0.5;
	return d->data->lane ? 0 : RMB_ELIMIT;
}

/* The look of the branch of that name, as in all other figures; otherwise the next one. */
static int
look_of(const struct rmb_drawing *d, const char *name, int next)
{
	for (int i = 0; i < d->g->graph->nnodes; i++) {
		const struct rmb_node *node = d->g->graph->node[i];
		if (!node->sets && node->branch && strcmp(node->branch, name) == 0)
			return d->g->look[i];
	}
	return next;
}

/* A trace that is being written. */
struct pen { struct rmb_trace *trace; float *x, *y; int64_t n; };

static bool
begin(struct rmb_drawing *d, struct rmb_traces *list, enum rmb_mark mark, const char *label, int look, int64_t most,
      struct pen *pen)
{
	*pen = (struct pen){ rmb_traces_add(d->g->arena, list), rmb_arena_alloc(d->g->arena, (size_t)most, sizeof *pen->x),
	                     rmb_arena_alloc(d->g->arena, (size_t)most, sizeof *pen->y), 0 };
	if (!pen->trace || !pen->x || !pen->y)
		return false;
	*pen->trace = (struct rmb_trace){ .label = label, .mark = mark, .look = look, .x = pen->x, .y = pen->y };
	return true;
}

static void
put(struct pen *pen, double x, double y)
{
	pen->x[pen->n] = (float)x;
	pen->y[pen->n] = (float)y;
	pen->trace->n = pen->trace->count = ++pen->n;
}

/* All estimates of one name: their bars, and on top the points. */
static int
add_name(struct rmb_drawing *d, const struct forest *f, const struct lane *lane, int n, const char *name, int next)
{
	const char *label = f->name.n ? name : rmb_drawing_fill(d, 0, f->series->label);
	bool named_by_rows = f->series->z && strcmp(f->series->z, f->series->y) == 0;
	struct pen bars, points;
	int look = look_of(d, name, next);
	if (!begin(d, &d->bands, RMB_STROKES, label, look, 3 * (int64_t)n, &bars) ||
	    !begin(d, &d->series, RMB_POINTS, label, look, n, &points))
		return RMB_ELIMIT;
	points.trace->quiet = named_by_rows || !*label;
	bars.trace->quiet = true;
	for (int i = 0; i < n; i++) {
		if (lane[i].entry < 0 || strcmp(lane[i].name, name))
			continue;
		double low = f->low && f->high ? rmb_gather_value(f->low, lane[i].entry) : NAN,
		       high = isfinite(low) ? rmb_gather_value(f->high, lane[i].entry) : NAN;
		put(&points, rmb_gather_value(f->x, lane[i].entry), -1 - i);
		if (!isfinite(high) || (d->data->logx && low <= 0))
			continue;
		put(&bars, low, -1 - i), put(&bars, high, -1 - i), put(&bars, high, NAN);
	}
	return 0;
}

static int
add_names(struct rmb_drawing *d, const struct forest *f, const struct lane *lane, int n)
{
	int next = 0, code = 0;
	for (int i = 0; i < n && !code; i++) {
		int before = 0;
		while (before < i && (lane[before].entry < 0 || strcmp(lane[before].name, lane[i].name)))
			before++;
		if (before == i && lane[i].entry >= 0)
			code = add_name(d, f, lane, n, lane[i].name, next++);
	}
	return code;
}

/* A line from top to bottom at the first value there is. */
static int
add_line(struct rmb_drawing *d, const struct forest *f)
{
	int64_t i = 0;
	while (i < f->row.n && !takes(d, f, i))
		i++;
	struct pen line;
	if (i == f->row.n)
		return 0;
	if (!begin(d, &d->series, RMB_DASHES, rmb_drawing_fill(d, 0, f->series->label), 0, 2, &line))
		return RMB_ELIMIT;
	put(&line, rmb_gather_value(f->x, i), d->data->low[1]), put(&line, rmb_gather_value(f->x, i), d->data->high[1]);
	return 0;
}

int
rmb_draw_forest(struct rmb_drawing *d, struct rmb_error *error)
{
	const struct rmb_series *series = d->figure->series;
	struct forest f;
	if (!find(d, &series[0], &f))
		return 0;
	struct lane *lane = rmb_arena_alloc(d->g->arena, 2 * (size_t)f.row.n + 1, sizeof *lane);
	int n = lane ? part_rows(lane, find_lanes(d, &f, lane)) : 0, code = lane ? 0 : RMB_ELIMIT;
	if (n) {
		d->data->x = rmb_drawing_title(d, d->data->x, f.x->unit);
		code = name_lanes(d, lane, n);
		code = code ? code : add_names(d, &f, lane, n);
	}
	for (int s = 1; s < MOST_SERIES && series[s].y && n && !code; s++)
		if (find(d, &series[s], &f))
			code = add_line(d, &f);
	if (d->group[0].n > 1)
		rmb_drawing_note(d, "Of several replicates the first is shown.");
	return code ? rmb_error_nomem(error, "a figure") : 0;
}

/* pipeline/report/drawing_curve.c -- series of all branches on one pair of axes; replicates as their mean in a band. */
#include <math.h>
#include <string.h>
#include "pipeline/report/drawing.h"

enum { MOST_SERIES = sizeof ((struct rmb_figure *)0)->series / sizeof (struct rmb_series) };

/* One series of one group as numbers. */
struct curve {
	int64_t n;
	double *x;               /* or NULL: start, start + step, ... */
	double start, step;
	double *y;
	double *low, *high;      /* the band, or NULL */
	bool spread;             /* the band is of replicates */
	const char *xunit, *yunit;
};

struct sources { int n; const struct rmb_array **y, **x; }; /* of the replicates that have them */

/* The arrays of all replicates that can be drawn. Room for all in `to`. */
static void
find(const struct rmb_drawing *d, const struct rmb_group *group, const struct rmb_series *series, struct sources *to)
{
	for (int i = 0; i < group->n; i++) {
		const struct rmb_array *y = rmb_drawing_array(d, group->node[i], series->y, 1);
		const struct rmb_array *x = rmb_drawing_array(d, group->node[i], series->x, 1);
		if (!y || (series->x && (!x || x->axis[0].n != y->axis[0].n)))
			continue;
		to->y[to->n] = y;
		to->x[to->n++] = x;
	}
}

/* Whether all replicates have their values at the same places. */
static bool
in_step(const struct sources *from)
{
	for (int i = 1; i < from->n; i++) {
		const struct rmb_axis *a = &from->y[0]->axis[0], *b = &from->y[i]->axis[0];
		if (a->start != b->start || a->step != b->step || (from->x[0] && a->n != b->n))
			return false;
		for (int64_t k = 0; from->x[0] && k < a->n; k++)
			if (rmb_gather_value(from->x[0], k) != rmb_gather_value(from->x[i], k))
				return false;
	}
	return true;
}

/* Whether the points are a cloud, whose neighbours have nothing to do with each other. */
static bool
is_cloud(const struct rmb_series *series, const struct curve *c)
{
	if (rmb_mark_named(series->style) != RMB_POINTS)
		return false;
	for (int64_t k = 1; c->x && k < c->n; k++)
		if (!(c->x[k] > c->x[k - 1]))
			return true;
	return false;
}

/* Mean, smallest and largest of what is finite, as far as the shortest goes. */
static int
mean_of(const struct rmb_drawing *d, const struct sources *from, struct curve *c)
{
	for (int i = 0; i < from->n; i++)
		c->n = from->y[i]->axis[0].n < c->n ? from->y[i]->axis[0].n : c->n;
	c->low = rmb_arena_alloc(d->g->arena, (size_t)c->n, sizeof *c->low);
	c->high = rmb_arena_alloc(d->g->arena, (size_t)c->n, sizeof *c->high);
	if (!c->low || !c->high)
		return RMB_ELIMIT;
	for (int64_t k = 0; k < c->n; k++) {
		double sum = 0, low = INFINITY, high = -INFINITY;
		int n = 0;
		for (int i = 0; i < from->n; i++) {
			double value = rmb_gather_value(from->y[i], k);
			if (!isfinite(value))
				continue;
			sum += value, n++;
			low = fmin(low, value);
			high = fmax(high, value);
		}
		c->y[k] = n ? sum / n : NAN;
		c->low[k] = n ? low : NAN;
		c->high[k] = n ? high : NAN;
	}
	c->spread = true;
	rmb_drawing_note(d, "Replicates are drawn as their mean, in a band from the smallest to the largest.");
	return 0;
}

/* All points of all replicates as one cloud. */
static int
pool(const struct rmb_drawing *d, const struct sources *from, struct curve *c)
{
	int64_t n = 0;
	for (int i = 0; i < from->n; i++)
		n += from->y[i]->axis[0].n;
	c->x = rmb_arena_alloc(d->g->arena, (size_t)n, sizeof *c->x);
	c->y = rmb_arena_alloc(d->g->arena, (size_t)n, sizeof *c->y);
	c->n = 0;
	for (int i = 0; i < from->n && c->x && c->y; i++)
		for (int64_t k = 0; k < from->y[i]->axis[0].n; k++) {
			const struct rmb_axis *axis = &from->y[i]->axis[0];
			c->x[c->n] = from->x[i] ? rmb_gather_value(from->x[i], k) : axis->start + (double)k * axis->step;
			c->y[c->n++] = rmb_gather_value(from->y[i], k);
		}
	rmb_drawing_note(d, "Points are those of all replicates.");
	return c->x && c->y ? 0 : RMB_ELIMIT;
}

/* The band that the descriptor asks for. */
static int
band_of(const struct rmb_drawing *d, const struct rmb_node *node, const struct rmb_series *series, struct curve *c)
{
	const struct rmb_array *low = rmb_drawing_array(d, node, series->spread ? series->spread : series->low, 1);
	const struct rmb_array *high = rmb_drawing_array(d, node, series->spread ? series->spread : series->high, 1);
	if (!low || !high || low->axis[0].n != c->n || high->axis[0].n != c->n)
		return 0;
	c->low = rmb_drawing_values(d, low, 0, c->n);
	c->high = rmb_drawing_values(d, high, 0, c->n);
	for (int64_t k = 0; series->spread && c->low && c->high && k < c->n; k++) {
		c->low[k] = c->y[k] - c->low[k];
		c->high[k] = c->y[k] + c->high[k];
	}
	return c->low && c->high ? 0 : RMB_ELIMIT;
}

/* What is drawn of a series of a group. c->n 0: nothing. */
static int
gather(const struct rmb_drawing *d, const struct rmb_group *group, const struct rmb_series *series, struct curve *c)
{
	struct sources from = { 0, rmb_arena_alloc(d->g->arena, (size_t)group->n, sizeof *from.y),
	                        rmb_arena_alloc(d->g->arena, (size_t)group->n, sizeof *from.x) };
	*c = (struct curve){ 0 };
	if (!from.y || !from.x)
		return RMB_ELIMIT;
	find(d, group, series, &from);
	if (!from.n)
		return 0;
	const struct rmb_array *y = from.y[0], *x = from.x[0];
	c->n = y->axis[0].n;
	c->start = y->axis[0].start;
	c->step = y->axis[0].step;
	c->xunit = x ? x->unit : y->axis[0].unit;
	c->yunit = y->unit;
	c->y = rmb_drawing_values(d, y, 0, c->n);
	c->x = x ? rmb_drawing_values(d, x, 0, c->n) : NULL;
	if (!c->y || (x && !c->x))
		return RMB_ELIMIT;
	if (from.n == 1)
		return band_of(d, group->node[0], series, c);
	if (in_step(&from) && !is_cloud(series, c))
		return mean_of(d, &from, c);
	if (rmb_mark_named(series->style) == RMB_POINTS)
		return pool(d, &from, c);
	rmb_drawing_note(d, "Of several replicates the first is shown.");
	return 0;
}

static int
add_band(struct rmb_drawing *d, const struct curve *c, const struct rmb_trace *line, struct rmb_error *error)
{
	struct rmb_trace *band = rmb_traces_add(d->g->arena, &d->bands);
	if (!band)
		return rmb_error_nomem(error, "a figure");
	band->label = line->label;
	band->look = line->look;
	band->quiet = true;
	const struct rmb_points points = { c->x, c->start, c->step, c->high, c->low, c->n, d->data->logx, d->data->logy };
	int code = rmb_trace_set_band(d->g->arena, &points, d->g->line_limit, band, error);
	band->mark = line->mark == RMB_POINTS && !c->spread ? RMB_BARS : RMB_BAND;
	return code;
}

/* Whether a series has an entry in the legend for every branch, not for the first alone: if its label says something of the
 * branch or, where no label does, for the first series, whose entry then tells the colours. */
static bool
in_legend(const struct rmb_drawing *d, const struct rmb_series *series)
{
	bool any = false;
	for (int s = 0; s < MOST_SERIES && d->figure->series[s].y; s++)
		any = any || (d->figure->series[s].label && strchr(d->figure->series[s].label, '{'));
	return any ? series->label && strchr(series->label, '{') : series == d->figure->series;
}

static int
add_series(struct rmb_drawing *d, int group, const struct rmb_series *series, struct rmb_error *error)
{
	struct curve c;
	bool guide = strcmp(series->style, "guide") == 0, alone = d->ngroups == 1 || guide;
	if (gather(d, &d->group[group], series, &c))
		return rmb_error_nomem(error, "a figure");
	if (!c.n)
		return 0;
	struct rmb_trace *trace = rmb_traces_add(d->g->arena, guide ? &d->guides : &d->series);
	if (!trace)
		return rmb_error_nomem(error, "a figure");
	const char *label = series->label ? rmb_drawing_fill(d, group, series->label) : series->y,
	           *branch = rmb_group_name(d, group);
	trace->label = alone || !*branch ? label : rmb_arena_printf(d->g->arena, "%s: %s", branch, label);
	trace->mark = guide ? RMB_LINE : rmb_mark_named(series->style);
	trace->quiet = group > 0 && !guide && !in_legend(d, series);
	trace->look = guide ? RMB_LOOK_GUIDE(d->guides.n - 1) : d->g->look[d->group[group].node[0]->index];
	for (int i = 0; alone && !guide && i < d->series.n - 1; i++) /* the lines of one node among themselves */
		trace->look += d->series.trace[i].mark == trace->mark;
	if (d->series.n == 1 && !guide) {
		d->data->x = rmb_drawing_title(d, d->data->x, c.xunit);
		d->data->y = rmb_drawing_title(d, d->data->y, c.yunit);
	}
	const struct rmb_points points = { c.x, c.start, c.step, c.y, NULL, c.n, d->data->logx, d->data->logy };
	int code = rmb_trace_set(d->g->arena, &points, d->g->line_limit, trace, error);
	return code || !c.low ? code : add_band(d, &c, trace, error);
}

int
rmb_draw_curve(struct rmb_drawing *d, struct rmb_error *error)
{
	int code = 0;
	for (int i = 0; i < d->ngroups && !code; i++)
		for (int s = 0; s < MOST_SERIES && d->figure->series[s].y && !code; s++) {
			bool guide = strcmp(d->figure->series[s].style, "guide") == 0;
			if (!guide || i == 0)
				code = add_series(d, i, &d->figure->series[s], error);
		}
	return code;
}

/* pipeline/report/drawing_panels.c -- figures whose colours mean values, a panel for each branch: families of lines, maps of
 * points. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include "pipeline/report/drawing.h"

enum { MOST_LINES = 50, MOST_MAPS = 6, LEAST_LINE = 100, MOST_POINTS = 3000, LEAST_POINTS = 500, COLUMNS = 3 };

static int
add_panel(struct rmb_drawing *d, const char *title)
{
	const char **grown = rmb_arena_room(d->g->arena, d->data->panel, (size_t)d->data->npanels, sizeof *grown);
	if (!grown || !title)
		return RMB_ELIMIT;
	d->data->panel = grown;
	grown[d->data->npanels++] = title;
	d->data->ncolumns = d->data->npanels < COLUMNS ? d->data->npanels : COLUMNS;
	return 0;
}

/* ---- families ---------------------------------------------------------------------------------------------------- */

/* Row i of at most MOST_LINES: all, or evenly spaced ones, on a logarithmic axis in their logarithm (as often as they differ). */
static int64_t
chosen(int64_t n, int i, bool logarithmic)
{
	if (n <= MOST_LINES)
		return i < n ? i : -1;
	double part = (double)i / (MOST_LINES - 1);
	return (int64_t)rint(logarithmic ? 0.5 * pow((double)(n - 1) / 0.5, part) : part * (double)(n - 1));
}

/* Row `row` of the family, a mean over the replicates that have the same axes. NULL: no memory. */
static double *
row_of(const struct rmb_drawing *d, const struct rmb_group *group, const struct rmb_array *first, int64_t row)
{
	const char *output = d->figure->series[0].y;
	int64_t n = first->axis[1].n;
	int used = 1;
	double *mean = rmb_drawing_values(d, first, row * n, n);
	for (int i = 1; mean && i < group->n; i++) {
		const struct rmb_array *other = rmb_drawing_array(d, group->node[i], output, 2);
		if (!other || other->axis[0].n <= row || other->axis[1].n != n || other->axis[1].step != first->axis[1].step)
			continue;
		for (int64_t k = 0; k < n; k++)
			mean[k] += rmb_gather_value(other, row * n + k);
		used++;
	}
	for (int64_t k = 0; mean && k < n && used > 1; k++)
		mean[k] /= used;
	if (used > 1)
		rmb_drawing_note(d, "Of replicates the mean is drawn.");
	return mean;
}

static bool
left_out(const struct rmb_drawing *d, const struct rmb_group *group, int64_t row)
{
	const struct rmb_array *flag = rmb_drawing_array(d, group->node[0], d->figure->series[0].flag, 1);
	return flag && row < flag->axis[0].n && rmb_gather_value(flag, row) != 0;
}

static int
add_line(struct rmb_drawing *d, const struct rmb_group *group, const struct rmb_array *y, int64_t row, int panel,
         struct rmb_error *error)
{
	const struct rmb_axis *slow = &y->axis[0], *fast = &y->axis[1];
	const struct rmb_array *x = rmb_drawing_array(d, group->node[0], d->figure->series[0].x, 1);
	struct rmb_trace *trace = rmb_traces_add(d->g->arena, &d->series);
	double *value = row_of(d, group, y, row),
	       *xv = x && x->axis[0].n == fast->n ? rmb_drawing_values(d, x, 0, fast->n) : NULL;
	if (!trace || !value)
		return rmb_error_nomem(error, "a figure");
	int limit = d->g->line_limit / 10 > LEAST_LINE ? d->g->line_limit / 10 : LEAST_LINE;
	trace->scaled = true;
	trace->mark = RMB_LINE;
	trace->panel = panel;
	trace->value = slow->start + (double)row * slow->step;
	trace->label = rmb_arena_printf(d->g->arena, "%s %s", slow->name, rmb_number_print(d->g->arena, trace->value, 3));
	const struct rmb_points points = { xv, fast->start, fast->step, value, NULL, fast->n, d->data->logx, d->data->logy };
	return rmb_trace_set(d->g->arena, &points, limit, trace, error);
}

static int
add_family(struct rmb_drawing *d, int i, const struct rmb_array *y, struct rmb_error *error)
{
	int code = add_panel(d, rmb_group_name(d, i)) ? rmb_error_nomem(error, "a figure") : 0;
	int64_t n = y->axis[0].n, last = -1, flagged = 0, row;
	for (int k = MOST_LINES - 1; !code && k >= 0; k--) { /* the first on top */
		row = chosen(n, k, d->figure->logz);
		if (row < 0 || row == last)
			continue;
		last = row;
		if (left_out(d, &d->group[i], row))
			flagged++;
		else
			code = add_line(d, &d->group[i], y, row, d->data->npanels - 1, error);
	}
	if (n > MOST_LINES)
		rmb_drawing_note(d, d->figure->logz ? "Drawn are about fifty rows, evenly spaced in their logarithm."
		                                    : "Drawn are fifty rows, evenly spaced.");
	if (flagged)
		rmb_drawing_note(d, "Rows flagged as meaningless are left out.");
	return code;
}

static void
set_scale(struct rmb_drawing *d, const struct rmb_axis *slow)
{
	double low = INFINITY, high = -INFINITY;
	for (int i = 0; i < d->series.n; i++) {
		low = fmin(low, d->series.trace[i].value);
		high = fmax(high, d->series.trace[i].value);
	}
	d->data->scale = (struct rmb_scale){ rmb_drawing_title(d, d->figure->z ? d->figure->z : slow->name, slow->unit), low,
	                                     high > low ? high : low + 1, d->figure->logz && low > 0, &rmb_ramp_family };
}

int
rmb_draw_family(struct rmb_drawing *d, struct rmb_error *error)
{
	const struct rmb_array *first = NULL;
	int code = 0;
	for (int i = 0; i < d->ngroups && !code; i++) {
		const struct rmb_array *y = rmb_drawing_array(d, d->group[i].node[0], d->figure->series[0].y, 2);
		if (!y)
			continue;
		first = first ? first : y;
		code = add_family(d, i, y, error);
	}
	if (!code && d->series.n) {
		set_scale(d, &first->axis[0]);
		d->data->x = rmb_drawing_title(d, d->data->x, first->axis[1].unit);
		d->data->y = rmb_drawing_title(d, d->data->y, first->unit);
	}
	return code;
}

/* ---- maps -------------------------------------------------------------------------------------------------------- */

/* Where the points lie, and which of them are drawn. */
struct places { int64_t n, drawn; const int64_t *index; const struct rmb_array *x, *y; }; /* x or y NULL: not known */

static int
by_index(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* All points, or as many as the page has room for, chosen at random; the same for the same recipe seed and number. */
static const int64_t *
choose(const struct rmb_drawing *d, int64_t n, int64_t drawn)
{
	int64_t *index = rmb_arena_alloc(d->g->arena, (size_t)n, sizeof *index);
	if (!index)
		return NULL;
	for (int64_t i = 0; i < n; i++)
		index[i] = i;
	if (drawn < n) {
		rmb_random_permutation(rmb_stream_named(rmb_arena_printf(d->g->arena, "points of a map, seed %" PRId64,
		                                                         d->g->graph->recipe->seed)),
		                       n, index);
		qsort(index, (size_t)drawn, sizeof *index, by_index);
	}
	return index;
}

static int
add_map(struct rmb_drawing *d, const struct places *at, const struct rmb_array *z, int64_t row, struct rmb_error *error)
{
	struct rmb_arena *arena = d->g->arena;
	struct rmb_trace *trace = rmb_traces_add(arena, &d->series);
	float *x = rmb_arena_alloc(arena, (size_t)at->drawn, sizeof *x),
	      *y = rmb_arena_alloc(arena, (size_t)at->drawn, sizeof *y);
	float *value = rmb_arena_alloc(arena, (size_t)at->drawn, sizeof *value);
	if (!trace || !x || !y || !value)
		return rmb_error_nomem(error, "a figure");
	*trace = (struct rmb_trace){ .label = d->data->panel[d->data->npanels - 1], .mark = RMB_POINTS,
	                             .panel = d->data->npanels - 1, .quiet = true,
	                             .x = x, .y = y, .z = value, .count = at->n, .thinned = at->drawn < at->n };
	for (int64_t k = 0; k < at->drawn; k++) {
		double pz = rmb_gather_value(z, row * at->n + at->index[k]);
		double px = at->x ? rmb_gather_value(at->x, at->index[k]) : pz,
		       py = at->y ? rmb_gather_value(at->y, at->index[k]) : pz;
		if (!isfinite(px) || !isfinite(py) || !isfinite(pz))
			continue;
		x[trace->n] = (float)px;
		y[trace->n] = (float)py;
		value[trace->n++] = (float)pz;
	}
	return 0;
}

static int
add_maps(struct rmb_drawing *d, int i, const struct places *at, const struct rmb_array **drawn, struct rmb_error *error)
{
	const struct rmb_series *series = &d->figure->series[0];
	const struct rmb_node *node = d->group[i].node[0];
	const struct rmb_array *one = rmb_drawing_array(d, node, series->z, 1),
	                       *z = one ? one : rmb_drawing_array(d, node, series->z, 2);
	if (!z || z->axis[z->naxes - 1].n != at->n)
		return 0;
	*drawn = z;
	int64_t rows = one ? 1 : z->axis[0].n < MOST_MAPS ? z->axis[0].n : MOST_MAPS;
	int code = 0;
	for (int64_t row = 0; row < rows && !code; row++) {
		const char *name =
			one ? ""
			    : rmb_arena_printf(d->g->arena, "%s %s", z->axis[0].name,
		                               rmb_number_print(d->g->arena, z->axis[0].start + (double)row * z->axis[0].step,
		                                                3));
		const char *branch = rmb_group_name(d, i),
		           *title = d->ngroups > 1 && *branch ? rmb_joined(d->g->arena, branch, *name ? ": " : "", name)
		                                              : name;
		code = add_panel(d, title) ? rmb_error_nomem(error, "a figure") : add_map(d, at, z, row, error);
	}
	if (!one && rows < z->axis[0].n)
		rmb_drawing_note(d, rmb_arena_printf(d->g->arena, "Drawn are the first %d of %" PRId64 " rows.", MOST_MAPS,
		                                     z->axis[0].n));
	if (d->group[i].n > 1)
		rmb_drawing_note(d, "Of several replicates the first is shown.");
	return code;
}

static int
by_size(const void *a, const void *b)
{
	float x = fabsf(*(const float *)a), y = fabsf(*(const float *)b);
	return (x > y) - (x < y);
}

/* As far to either side of zero as all values but the outermost 1 %. */
static int
set_map_scale(struct rmb_drawing *d, const char *unit)
{
	size_t n = 0;
	for (int i = 0; i < d->series.n; i++)
		n += (size_t)d->series.trace[i].n;
	float *all = rmb_arena_alloc(d->g->arena, n, sizeof *all);
	n = 0;
	for (int i = 0; all && i < d->series.n; i++)
		for (int64_t k = 0; k < d->series.trace[i].n; k++)
			all[n++] = d->series.trace[i].z[k];
	if (!all)
		return RMB_ELIMIT;
	qsort(all, n, sizeof *all, by_size);
	double end = n ? fabs((double)all[n - 1 - n / 100]) : 0;
	end = end > 0 ? end : n && all[n - 1] != 0 ? fabs((double)all[n - 1]) : 1;
	d->data->scale = (struct rmb_scale){ rmb_drawing_title(d, d->figure->z ? d->figure->z : d->figure->series[0].z, unit),
	                                     -end, end, false, &rmb_ramp_map };
	rmb_drawing_note(d, "Colours leave out the outermost 1\xc2\xa0% of values.");
	return 0;
}

static bool
varies(const struct rmb_array *place)
{
	for (int64_t i = 1; place && i < place->axis[0].n; i++)
		if (rmb_gather_value(place, i) != rmb_gather_value(place, 0))
			return true;
	return false;
}

/* The places of a group. Where one coordinate says nothing, the value itself takes its axis. False: there are none. */
static bool
find_places(const struct rmb_drawing *d, const struct rmb_node *node, struct places *at)
{
	const struct rmb_series *series = &d->figure->series[0];
	const struct rmb_array *x = rmb_drawing_array(d, node, series->x, 1), *y = rmb_drawing_array(d, node, series->y, 1);
	*at = (struct places){ .x = varies(x) ? x : NULL, .y = varies(y) ? y : NULL };
	if ((!at->x && !at->y) || (x && y && x->axis[0].n != y->axis[0].n))
		return false;
	at->n = (at->x ? at->x : at->y)->axis[0].n;
	return true;
}

static const char *
place_title(const struct rmb_drawing *d, const char *title, const struct rmb_array *place)
{
	return place ? rmb_drawing_title(d, title, place->unit) : d->data->scale.title;
}

static void
set_axes(struct rmb_drawing *d, const struct places *at)
{
	enum { STRIP = 6 };
	struct rmb_figure_data *data = d->data;
	double low[2] = { INFINITY, INFINITY }, high[2] = { -INFINITY, -INFINITY };
	for (int i = 0; i < d->series.n; i++)
		for (int64_t k = 0; k < d->series.trace[i].n; k++) {
			const double value[2] = { (double)d->series.trace[i].x[k], (double)d->series.trace[i].y[k] };
			for (int a = 0; a < 2; a++) {
				low[a] = fmin(low[a], value[a]);
				high[a] = fmax(high[a], value[a]);
			}
		}
	double ratio = (high[0] - low[0]) / (high[1] - low[1]);
	data->x = place_title(d, data->x, at->x);
	data->y = place_title(d, data->y, at->y);
	if (!at->x || !at->y) {
		data->equal = false;
		rmb_drawing_note(d, "Places differ along one axis alone; the other shows the value.");
	} else if (data->equal && (ratio > STRIP || ratio < 1.0 / STRIP)) {
		data->equal = false;
		rmb_drawing_note(d, "The axes have different scales, for the places form a narrow strip.");
	}
}

int
rmb_draw_map(struct rmb_drawing *d, struct rmb_error *error)
{
	struct places first = { 0 }, at;
	const struct rmb_array *z = NULL;
	int code = 0, limit = d->g->line_limit * 3 / 2;
	limit = limit < LEAST_POINTS ? LEAST_POINTS : limit > MOST_POINTS ? MOST_POINTS : limit;
	for (int i = 0; i < d->ngroups && !code; i++) {
		if (!find_places(d, d->group[i].node[0], &at))
			continue;
		at.drawn = at.n < limit ? at.n : limit;
		if (!(at.index = choose(d, at.n, at.drawn)))
			return rmb_error_nomem(error, "a figure");
		if (at.drawn < at.n)
			rmb_drawing_note(d, rmb_arena_printf(d->g->arena,
			                                     "Drawn are %" PRId64 " of %" PRId64 " points, chosen at random.",
			                                     at.drawn, at.n));
		code = add_maps(d, i, &at, &z, error);
		first = first.n ? first : at;
	}
	if (code || !d->series.n)
		return code;
	if (set_map_scale(d, z->unit))
		return rmb_error_nomem(error, "a figure");
	set_axes(d, &first);
	return 0;
}

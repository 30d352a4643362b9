/* pipeline/report/trace.c -- from values to what a screen can show of them: thinning, gaps, bands.
 *
 * A line of 2,000 points keeps the smallest and largest value of each of 1,000 stretches of the axis (equal on screen, so
 * logarithmic where the axis is): every spike stays visible at a width of 1,000 pixels. */
#include <math.h>
#include "pipeline/report/figure.h"

static double
x_at(const struct rmb_points *p, int64_t i)
{
	return p->x ? p->x[i] : p->start + (double)i * p->step;
}

static bool
can_show(const struct rmb_points *p, int64_t i)
{
	double x = x_at(p, i);
	return isfinite(x) && isfinite(p->y[i]) && !(p->logx && x <= 0) && !(p->logy && p->y[i] <= 0);
}

/* Where a value lies along the axis as drawn. */
static double
along(const struct rmb_points *p, int64_t i)
{
	return p->logx ? log(x_at(p, i)) : x_at(p, i);
}

static void
put(const struct rmb_points *p, int64_t i, float *x, float *y, int64_t *n)
{
	x[*n] = (float)x_at(p, i);
	y[(*n)++] = (float)p->y[i];
}

static void
put_gap(float *x, float *y, int64_t *n)
{
	if (*n && !isnan(y[*n - 1])) {
		x[*n] = x[*n - 1];
		y[(*n)++] = NAN;
	}
}

/* Smallest and largest value of each of `bins` equal stretches of the axis, in their order; a gap ends its stretch. */
static int64_t
keep_extremes(const struct rmb_points *p, int64_t first, int64_t last, int64_t bins, float *x, float *y)
{
	double from = along(p, first), width = (along(p, last) - from) / (double)bins;
	int64_t m = 0, bin = -1, low = -1, high = -1;
	bool gap = false;
	for (int64_t i = first; i <= p->n; i++) {
		int64_t now = i < p->n && can_show(p, i) ? (int64_t)fmin((along(p, i) - from) / width, (double)(bins - 1)) : bin;
		if (i == p->n || now != bin) {
			if (low >= 0)
				put(p, low < high ? low : high, x, y, &m);
			if (high >= 0 && high != low)
				put(p, low < high ? high : low, x, y, &m);
			if (gap && i < p->n)
				put_gap(x, y, &m);
			bin = now;
			low = high = -1;
			gap = false;
		}
		if (i == p->n)
			break;
		if (!can_show(p, i)) {
			gap = true;
			continue;
		}
		low = low < 0 || p->y[i] < p->y[low] ? i : low;
		high = high < 0 || p->y[i] > p->y[high] ? i : high;
	}
	return m;
}

/* Every value, or each k-th of those that can be shown. */
static int64_t
keep_some(const struct rmb_points *p, int64_t shown, int64_t limit, float *x, float *y)
{
	int64_t m = 0, seen = 0, next = 0, taken = 0;
	for (int64_t i = 0; i < p->n; i++) {
		if (!can_show(p, i)) {
			if (shown <= limit)
				put_gap(x, y, &m);
			continue;
		}
		if (seen++ != next)
			continue;
		put(p, i, x, y, &m);
		next = shown <= limit ? next + 1 : ++taken * shown / limit;
	}
	while (m && isnan(y[m - 1]))
		m--;
	return m;
}

int
rmb_trace_set(struct rmb_arena *arena, const struct rmb_points *p, int limit, struct rmb_trace *trace, struct rmb_error *error)
{
	int64_t shown = 0, hidden = 0, first = -1, last = -1;
	bool ascending = true;
	for (int64_t i = 0; i < p->n; i++) {
		if (!can_show(p, i)) {
			hidden += isfinite(x_at(p, i)) && isfinite(p->y[i]);
			continue;
		}
		ascending = ascending && (last < 0 || x_at(p, i) > x_at(p, last));
		first = first < 0 ? i : first;
		last = i;
		shown++;
	}
	if (ascending && limit > RMB_LINE_LIMIT)
		limit = RMB_LINE_LIMIT;
	size_t room = 2 * (size_t)(shown < limit ? shown : limit) + 2;
	float *kept_x = rmb_arena_alloc(arena, room, sizeof *kept_x), *kept_y = rmb_arena_alloc(arena, room, sizeof *kept_y);
	if (!kept_x || !kept_y)
		return rmb_error_nomem(error, "a figure");
	trace->count = p->n;
	trace->hidden = hidden;
	trace->thinned = shown > limit;
	trace->x = kept_x;
	trace->y = kept_y;
	trace->n = shown > limit && ascending ? keep_extremes(p, first, last, limit / 2, kept_x, kept_y)
	                                      : keep_some(p, shown, limit, kept_x, kept_y);
	return 0;
}

/* ---- bands ------------------------------------------------------------------------------------------------------- */

/* Entries first .. end - 1 as one stretch of a band: its lowest low and highest high, or a gap. */
static void
put_stretch(const struct rmb_points *p, int64_t first, int64_t end, struct rmb_trace *trace, float *x, float *high)
{
	double lowest = NAN, highest = NAN; /* fmin and fmax take what is not NaN */
	int64_t at = -1;
	for (int64_t i = first; i < end; i++)
		if (can_show(p, i) && isfinite(p->low[i])) {
			at = at < 0 ? i : at;
			trace->hidden += p->logy && p->low[i] <= 0;
			lowest = fmin(lowest, p->logy ? fmax(p->low[i], 0) : p->low[i]);
			highest = fmax(highest, p->y[i]);
		}
	if (at < 0 && (!trace->n || isnan(high[trace->n - 1])))
		return;
	x[trace->n] = at < 0 ? x[trace->n - 1] : (float)x_at(p, at);
	trace->low[trace->n] = (float)lowest;
	high[trace->n++] = (float)highest;
}

int
rmb_trace_set_band(struct rmb_arena *arena, const struct rmb_points *p, int limit, struct rmb_trace *trace, struct rmb_error *error)
{
	int64_t n = p->n, first = 0, last = n - 1, bins = limit / 2;
	while (first < n && !can_show(p, first))
		first++;
	while (last > first && !can_show(p, last))
		last--;
	size_t room = (size_t)n; /* every value may stand between gaps */
	float *kept_x = rmb_arena_alloc(arena, room, sizeof *kept_x),
	      *kept_high = rmb_arena_alloc(arena, room, sizeof *kept_high);
	trace->low = rmb_arena_alloc(arena, room, sizeof *trace->low);
	if (!kept_x || !kept_high || !trace->low)
		return rmb_error_nomem(error, "a figure");
	trace->mark = RMB_BAND;
	trace->count = n;
	trace->n = trace->hidden = 0;
	trace->x = kept_x;
	trace->y = kept_high;
	double from = first < n ? along(p, first) : 0, width = first < n ? (along(p, last) - from) / (double)bins : 0;
	trace->thinned = n > bins && width > 0;
	for (int64_t i = first, end; i <= last && i < n; i = end) {
		int64_t bin = !trace->thinned || !can_show(p, i) ? -1 : (int64_t)((along(p, i) - from) / width);
		end = i + 1;
		while (bin >= 0 && end <= last && can_show(p, end) && (int64_t)((along(p, end) - from) / width) == bin)
			end++;
		put_stretch(p, i, end, trace, kept_x, kept_high);
	}
	return 0;
}

/* load/phy_twins.c -- whether two sortings are of one probe, by their spikes.
 *
 * Sorters that read the same voltages find most of the well isolated neurons at the same samples, whatever numbers they give
 * them; neurons of two probes meet by chance alone, a few per cent of their spikes. Two units agree if more than half of all
 * that either fired was fired by both within a millisecond (the agreement score by which sorters are compared: Buccino et al.
 * 2020, eLife 9:e61834). A tenth of the units is asked for, for a stimulation artefact may be a unit on each of two probes.
 * The first spikes of each are looked at, where both were recorded. */
#include <math.h>
#include <stdlib.h>
#include "load/phy.h"

#define TOGETHER 0.001                      /* s */
enum { SHARE = 10 };                        /* one unit in so many must agree */
#define MOST_MEETINGS ((int64_t)1 << 27)    /* more are no spike trains */

struct tick { double time; int64_t unit; };
struct train { int64_t n, nunits; struct tick *tick; int64_t *count; };

static int
by_time(const void *a, const void *b)
{
	double x = ((const struct tick *)a)->time, y = ((const struct tick *)b)->time;
	return (x > y) - (x < y);
}

static int
by_unit(const void *a, const void *b)
{
	int64_t x = ((const struct tick *)a)->unit, y = ((const struct tick *)b)->unit;
	return x != y ? (x > y) - (x < y) : by_time(a, b);
}

/* The first spikes of a sorting, ascending. */
static int
read_train(struct rmb_arena *arena, const struct rmb_sorting *s, struct train *t, struct rmb_error *error)
{
	const double *time, *cluster;
	int64_t n = s->nspikes < RMB_PIECE ? s->nspikes : RMB_PIECE;
	*t = (struct train){ .n = n, .nunits = s->nunits };
	t->tick = rmb_arena_alloc(arena, (size_t)n, sizeof *t->tick);
	t->count = rmb_arena_alloc(arena, (size_t)s->nunits, sizeof *t->count);
	if (!t->tick || !t->count)
		return rmb_error_nomem(error, s->folder);
	int code = rmb_pieces_get(&s->time, 0, n, &time, error);
	if (!code)
		code = rmb_pieces_get(&s->cluster, 0, n, &cluster, error);
	for (int64_t i = 0; i < n && !code; i++) {
		const struct rmb_unit *unit = rmb_sorted_unit(s, cluster[i]);
		t->tick[i].unit = unit ? unit - s->unit : 0;
		code = rmb_sorted_time(s, i, time[i], &t->tick[i].time, error);
	}
	qsort(t->tick, (size_t)n, sizeof *t->tick, by_time);
	return code;
}

/* Keeps what lies from `from` to `to`, and counts the spikes of each unit. Returns how many units have some. */
static int64_t
keep(struct train *t, double from, double to)
{
	int64_t kept = 0, units = 0;
	for (int64_t i = 0; i < t->n; i++)
		if (t->tick[i].time >= from && t->tick[i].time <= to) {
			t->tick[kept++] = t->tick[i];
			units += t->count[t->tick[i].unit]++ == 0;
		}
	t->n = kept;
	return units;
}

/* The first tick at or after a time. */
static int64_t
first_from(const struct train *t, double time)
{
	int64_t low = 0, high = t->n;
	while (low < high) {
		int64_t middle = (low + high) / 2;
		if (t->tick[middle].time < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How many units of a, whose ticks are ordered by unit, agree with one of b. together, last: [b->nunits], zero. -1: too many
 * meet. */
static int64_t
count_agreeing(const struct train *a, const struct train *b, int64_t *together, int64_t *last)
{
	int64_t agreeing = 0, met = 0;
	for (int64_t i = 0, next; i < a->n; i = next) {
		int64_t unit = a->tick[i].unit, begin = i;
		bool agrees = false;
		for (next = i; next < a->n && a->tick[next].unit == unit; next++)
			for (int64_t k = first_from(b, a->tick[next].time - TOGETHER);
			     k < b->n && b->tick[k].time <= a->tick[next].time + TOGETHER; k++) {
				int64_t other = b->tick[k].unit;
				if (++met > MOST_MEETINGS)
					return -1;
				together[other] = last[other] <= begin ? 0 : together[other]; /* of the unit before */
				together[other] += last[other] <= next;
				last[other] = next + 1;
				agrees |= 2 * together[other] > a->count[unit] + b->count[other] - together[other];
			}
		agreeing += agrees;
	}
	return agreeing;
}

int
rmb_phy_alike(struct rmb_arena *arena, const struct rmb_sorting *a, const struct rmb_sorting *b, bool *alike,
              struct rmb_error *error)
{
	struct train x, y;
	*alike = false;
	if (a->nspikes == 0 || b->nspikes == 0)
		return 0;
	int code = read_train(arena, a, &x, error);
	if (!code)
		code = read_train(arena, b, &y, error);
	if (code)
		return code;
	int64_t *together = rmb_arena_alloc(arena, (size_t)y.nunits, sizeof *together),
		*last = rmb_arena_alloc(arena, (size_t)y.nunits, sizeof *last);
	if (!together || !last)
		return rmb_error_nomem(error, a->folder);
	double from = fmax(x.tick[0].time, y.tick[0].time) - TOGETHER,
	       to = fmin(x.tick[x.n - 1].time, y.tick[y.n - 1].time) + TOGETHER;
	int64_t nx = keep(&x, from, to), ny = keep(&y, from, to), fewer = nx < ny ? nx : ny;
	qsort(x.tick, (size_t)x.n, sizeof *x.tick, by_unit);
	int64_t agreeing = count_agreeing(&x, &y, together, last);
	*alike = agreeing < 0 || (agreeing > 0 && SHARE * agreeing >= fewer);
	return 0;
}

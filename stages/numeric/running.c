#include "numeric/running.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- weighted means */

void
rmb_gaussian_taps(double exponent, int64_t half, double *tap)
{
	double sum = 0;
	for (int64_t d = 0; d <= half; d++) {
		tap[d] = d ? exp(-(double)(d * d) * exponent) : 1;
		sum += d ? 2 * tap[d] : tap[d];
	}
	for (int64_t d = 0; d <= half; d++)
		tap[d] /= sum;
}

double
rmb_gaussian_exponent(double sd)
{
	return 1 / (2 * sd * sd);
}

int64_t
rmb_gaussian_half(double sd)
{
	return (int64_t)floor(4 * sd + 0.5);
}

/* Frame t of the run mirrored at its ends, as often as it takes. */
static int64_t
mirrored(int64_t t, int64_t n)
{
	t %= 2 * n;
	t += t < 0 ? 2 * n : 0;
	return t < n ? t : 2 * n - 1 - t;
}

void
rmb_running_gaussian(const double *x, int64_t n, const double *tap, int64_t half, double *room, double *y)
{
	enum { PIECE = 512 }; /* frames that stay in the nearest cache for all weights */
	double *centre = room + half;
	for (int64_t t = -half; t < n + half; t++)
		centre[t] = x[mirrored(t, n)] - x[0]; /* so that a constant stays one to the last digit */
	for (int64_t from = 0, to; from < n; from = to) {
		to = from + PIECE < n ? from + PIECE : n;
		for (int64_t t = from; t < to; t++)
			y[t] = tap[0] * centre[t];
		for (int64_t d = 1; d <= half; d++)
			for (int64_t t = from; t < to; t++)
				y[t] += tap[d] * (centre[t - d] + centre[t + d]);
		for (int64_t t = from; t < to; t++)
			y[t] += x[0];
	}
}

/* ---- windows */

/* First frame of the window of frame t, and the first behind it. */
static int64_t
window_start(int64_t t, int64_t width)
{
	return t > width / 2 ? t - width / 2 : 0;
}

static int64_t
window_end(int64_t t, int64_t width, int64_t n)
{
	return n - t > width - width / 2 ? t - width / 2 + width : n;
}

/* The queue holds frames that may still be the extreme of a window: ascending in time, and none beyond a later one. */
void
rmb_running_extreme(const double *x, int64_t n, int64_t width, bool largest, int64_t *queue, double *y)
{
	int64_t head = 0, tail = 0, next = 0;
	double sign = largest ? -1 : 1;
	for (int64_t t = 0; t < n; t++) {
		for (int64_t end = window_end(t, width, n); next < end; next++) {
			while (tail > head && sign * x[queue[tail - 1]] >= sign * x[next])
				tail--;
			queue[tail++] = next;
		}
		while (queue[head] < window_start(t, width))
			head++;
		y[t] = x[queue[head]];
	}
}

/* Of differences from the first frame, for a constant to stay one. A sum that only ever runs on keeps the rounding of all
 * that left it; so it is made anew now and then. */
void
rmb_running_mean(const double *x, int64_t n, int64_t width, double *y)
{
	enum { ANEW = 1024 };
	double sum = 0;
	for (int64_t t = 0, start = 0, end = 0; t < n; t++) {
		int64_t first = window_start(t, width), behind = window_end(t, width, n);
		if (t % ANEW == 0) {
			sum = 0;
			start = end = first;
		}
		for (; end < behind; end++)
			sum += x[end] - x[0];
		for (; start < first; start++)
			sum -= x[start] - x[0];
		y[t] = x[0] + sum / (double)(behind - first);
	}
}

/* ---- order statistics: counts of the frames of a window by their rank in the whole run, in a binary indexed tree */

struct ranked { double x; int64_t t; };

static int
by_value(const void *a, const void *b)
{
	const struct ranked *p = a, *q = b;
	return p->x < q->x ? -1 : p->x > q->x ? 1 : (p->t > q->t) - (p->t < q->t);
}

static void
count(int64_t *tree, int64_t n, int64_t rank, int64_t by)
{
	for (int64_t i = rank + 1; i <= n; i += i & -i)
		tree[i] += by;
}

/* Rank in the run of the k-th smallest, k = 0, 1, ..., of what is counted. */
static int64_t
find(const int64_t *tree, int64_t n, int64_t k)
{
	int64_t at = 0, step = 1;
	while (2 * step <= n)
		step *= 2;
	for (; step > 0; step /= 2)
		if (at + step <= n && tree[at + step] <= k) {
			at += step;
			k -= tree[at];
		}
	return at;
}

void
rmb_running_percentile(const double *x, int64_t n, int64_t width, double percent, int64_t *room, double *y)
{
	int64_t *rank = room, *frame = room + n, *tree = room + 2 * n;
	struct ranked *sorted = (struct ranked *)room; /* 2 n entries: gone when rank and frame are written */
	for (int64_t t = 0; t < n; t++)
		sorted[t] = (struct ranked){ x[t], t };
	qsort(sorted, (size_t)n, sizeof *sorted, by_value);
	for (int64_t r = 0; r < n; r++)
		tree[r] = sorted[r].t;
	memcpy(frame, tree, (size_t)n * sizeof *frame);
	for (int64_t r = 0; r < n; r++)
		rank[frame[r]] = r;
	memset(tree, 0, (size_t)(n + 1) * sizeof *tree);
	for (int64_t t = 0, start = 0, end = 0; t < n; t++) {
		for (; end < window_end(t, width, n); end++)
			count(tree, n, rank[end], 1);
		for (; start < window_start(t, width); start++)
			count(tree, n, rank[start], -1);
		double at = percent / 100 * (double)(end - start - 1), part = at - floor(at);
		int64_t below = (int64_t)floor(at);
		y[t] = x[frame[find(tree, n, below)]];
		if (part > 0)
			y[t] += (x[frame[find(tree, n, below + 1)]] - y[t]) * part;
	}
}

#include "numeric/intervals.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

int
rmb_intervals_check(const char *setting, const struct rmb_reals *list, struct rmb_error *error)
{
	bool wrong = list->n == 0 || (list->n > 0 && list->n % 2);
	for (int64_t i = 0; !wrong && i < list->n; i += 2)
		wrong = !(list->v[i] < list->v[i + 1]);
	return !wrong ? 0
	              : rmb_error_set(error, RMB_ERECIPE,
	                              "`%s` must hold pairs, each with its start before its end, such as [0 s, 10 s, 60 s, "
	                              "65 s]",
	                              setting);
}

static int
by_start(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

int64_t
rmb_intervals_join(double *interval, int64_t n)
{
	int64_t kept = 0;
	if (n > 0)
		qsort(interval, (size_t)n, 2 * sizeof *interval, by_start);
	for (int64_t i = 0; i < n; i++) {
		if (kept > 0 && interval[2 * i] <= interval[2 * kept - 1])
			interval[2 * kept - 1] = fmax(interval[2 * kept - 1], interval[2 * i + 1]);
		else
			memmove(interval + 2 * kept++, interval + 2 * i, 2 * sizeof *interval);
	}
	return kept;
}

int64_t
rmb_intervals_between(const double *interval, int64_t n, double *out)
{
	for (int64_t i = 0; i <= n; i++) {
		out[2 * i] = i > 0 ? interval[2 * i - 1] : -INFINITY;
		out[2 * i + 1] = i < n ? interval[2 * i] : INFINITY;
	}
	return n + 1;
}

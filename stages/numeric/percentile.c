#include "numeric/percentile.h"
#include <math.h>
#include <stdlib.h>

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

void
rmb_sort(double *v, int64_t n)
{
	qsort(v, (size_t)n, sizeof *v, ascending);
}

double
rmb_percentile(const double *sorted, int64_t n, double percent)
{
	if (n == 0)
		return NAN;
	double at = percent / 100 * (double)(n - 1), part = at - floor(at);
	int64_t below = (int64_t)floor(at);
	return part > 0 ? sorted[below] + (sorted[below + 1] - sorted[below]) * part : sorted[below];
}

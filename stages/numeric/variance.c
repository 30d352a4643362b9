#include "numeric/variance.h"
#include <float.h>
#include <math.h>

double
rmb_participation(const double *s, int64_t n)
{
	double sum = 0, square = 0;
	for (int64_t k = 0; k < n; k++) {
		sum += s[k];
		square += s[k] * s[k];
	}
	return square > 0 ? sum * sum / square : NAN;
}

double
rmb_cumulative(const double *s, int64_t n, double *part)
{
	double total = 0, sum = 0;
	for (int64_t k = 0; k < n; k++)
		total += s[k];
	if (!(total > 0))
		return total;
	for (int64_t k = 0; k < n; k++) {
		sum += s[k];
		part[k] = sum / total;
	}
	return total;
}

/* A sum of n terms is off by n roundings at most: half of four equal values are two of them. */
int64_t
rmb_rank_of_part(const double *part, int64_t n, double wanted)
{
	for (int64_t k = 0; k < n; k++)
		if (part[k] >= wanted - (double)n * DBL_EPSILON)
			return k + 1;
	return n;
}

/* numeric/percentile.h -- order statistics of a few numbers. */
#ifndef RMB_NUMERIC_PERCENTILE_H
#define RMB_NUMERIC_PERCENTILE_H
#include <stdint.h>

/* Sorts v[n], none of which is NaN, ascending in place. */
void rmb_sort(double *v, int64_t n);
/* Between the two order statistics beside position percent/100 (n - 1), linearly; NaN if n = 0. sorted[n] ascends. */
double rmb_percentile(const double *sorted, int64_t n, double percent);
#endif

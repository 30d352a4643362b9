/* numeric/variance.h -- what a spectrum says in one number. */
#ifndef RMB_NUMERIC_VARIANCE_H
#define RMB_NUMERIC_VARIANCE_H
#include <stdint.h>

/* Participation ratio (sum s)^2 / sum s^2 of s[n]: n if all are equal, 1 if one stands alone. NaN if all are zero. */
double rmb_participation(const double *s, int64_t n);
/* part[k] = sum of s[0..k] over the sum of all. Values may be negative; returns the sum, and sets nothing unless it is positive. */
double rmb_cumulative(const double *s, int64_t n, double *part);
/* The first rank (from 1) whose part reaches `wanted`, to rounding. n if none does. */
int64_t rmb_rank_of_part(const double *part, int64_t n, double wanted);
#endif

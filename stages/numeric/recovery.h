/* numeric/recovery.h -- whether neurons that are connected are those that correlate most. */
#ifndef RMB_NUMERIC_RECOVERY_H
#define RMB_NUMERIC_RECOVERY_H
#include <stdbool.h>
#include <stdint.h>
#include "rumble/error.h"

/* The correlations [n][n] that theory gives for a symmetric network: covariance (1 - A)^-1 / 2, each divided by both
 * standard deviations. a[n][n] is destroyed, value[n] becomes its eigenvalues. RMB_EDATA: an eigenvalue is 1 or more. */
int rmb_network_correlation(double *a, int64_t n, int threads, double *value, double *correlation,
                            struct rmb_error *error) RMB_CHECKED;

/* fraction[k]: of the round(top[k] n) partners (halves to even) that a neuron correlates with most, the part that it is
 * connected to, a(i, j) > 0; mean over neurons. NaN if that is no partner. Ties: the partner that comes first is the
 * stronger. Corrected: a neuron is not its own partner. Published: it is, the strongest, and never connected. top[ntop]
 * ascends, at most 1. RMB_ELIMIT: no memory. */
int rmb_recovery(const double *a, const double *correlation, int64_t n, const double *top, int64_t ntop, bool published,
                 int threads, double *fraction, struct rmb_error *error) RMB_CHECKED;
#endif

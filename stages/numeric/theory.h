/* numeric/theory.h -- what a critically normalised linear network should show, without simulating it.
 *
 * One mode of a symmetric network with eigenvalue L has the gap g = 1 - L and, in steps h = dt / tau, the multiplier a = 1 - h g. Its
 * stationary variance is v = h / (g (2 - h g)). A bin is the mean of n steps; with G = 1 + a + ... + a^(n-1), the covariance of two bins
 * k apart is
 *     b(0) = (v / n^2) (n + 2 sum_{j=1..n-1} (n - j) a^j),    b(k) = (v / n^2) a^((k-1) n + 1) G^2.
 * Sums of positive terms: nothing cancels, however slow the mode. */
#ifndef RMB_NUMERIC_THEORY_H
#define RMB_NUMERIC_THEORY_H
#include <stdint.h>
#include "rumble/error.h"
#include "rumble/random.h"

/* How time is cut: h, and steps of a bin. */
struct rmb_steps { double step; int64_t width; };
/* A bin of that length in whole steps of about `step`: n = round(bin / step), at least 1, and h = bin / n / time_constant. All in s. */
struct rmb_steps rmb_steps_of(double bin, double step, double time_constant);

/* 0.5 / (1 - L): variance of a mode in continuous time, tau dx = (L - 1) x dt + unit white noise. */
double rmb_mode_variance(double eigenvalue);
/* covariance[k] = b(k), k = 0..nlags-1. 0 < gap < 2 / step. */
void rmb_mode_binned(double gap, struct rmb_steps steps, int64_t nlags, double *covariance);
#endif

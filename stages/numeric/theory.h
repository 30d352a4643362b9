/* numeric/theory.h -- what a critically normalised linear network should show, without simulating it.
 *
 * One mode of a symmetric network with eigenvalue L has the gap g = 1 - L and, in steps h = dt / tau, the multiplier a = 1 -
 * h g. Its stationary variance is v = h / (g (2 - h g)). A bin is the mean of n steps; with G = 1 + a + ... + a^(n-1), the
 * covariance of two bins k apart is
 *     b(0) = (v / n^2) (n + 2 sum_{j=1..n-1} (n - j) a^j),    b(k) = (v / n^2) a^((k-1) n + 1) G^2.
 * Sums of positive terms: nothing cancels, however slow the mode. */
#ifndef RMB_NUMERIC_THEORY_H
#define RMB_NUMERIC_THEORY_H
#include <stdint.h>
#include "rumble/error.h"
#include "rumble/random.h"

/* How time is cut: h, and steps of a bin. */
struct rmb_steps { double step; int64_t width; };
/* A bin of that length in whole steps of about `step`: n = round(bin / step), at least 1, and h = bin / n / time_constant.
 * All in s. */
struct rmb_steps rmb_steps_of(double bin, double step, double time_constant);

/* Where steps of h or longer make the network unstable, h = `most` (rmb_network_largest_step): cuts them in a whole
 * number of shorter ones, at most half as long as that. Returns how many, 1 if none was cut. */
int64_t rmb_steps_shorten(struct rmb_steps *steps, double most);

/* 0.5 / (1 - L): variance of a mode in continuous time, tau dx = (L - 1) x dt + unit white noise. */
double rmb_mode_variance(double eigenvalue);
/* covariance[k] = b(k), k = 0..nlags-1. 0 < gap < 2 / step. */
void rmb_mode_binned(double gap, struct rmb_steps steps, int64_t nlags, double *covariance);
/* a^(n lag): what a mode keeps over `lag` bins; of a mode that turns, real and imaginary part. */
void rmb_mode_decay(double real, double imaginary, struct rmb_steps steps, int64_t lag, double *decay_real,
                    double *decay_imaginary);

/* Quantiles of the semicircle of radius 1: q[k], k = 0..n-1, descending, has the upper tail (k + 1/2) / n. */
void rmb_semicircle_quantiles(int64_t n, double *q);

/* Eigenvalues of symmetric n x n matrices with independent entries, without the matrices: those of a normal one are those
 * of a tridiagonal one with diagonal sqrt(2) N(0, 1) and chi of n-1, ..., 1 degrees of freedom beside it, and those of
 * other distributions follow the same law. The leading `count` depend on its first rows only: an eigenvector of
 * eigenvalue 2 sqrt(n) x decays beyond row n (1 - x^2). */
int64_t rmb_symmetric_rows(int64_t n, int64_t count);
/* Draw number `draw` of the stream: eigenvalue[n], descending, the first 1. The leading `count` are those of the draw,
 * from `rows` rows (at least rmb_symmetric_rows); the rest, which fluctuate by 1/n only, are q[n], the quantiles.
 * RMB_EDATA: none is positive, as happens with a few neurons. */
int rmb_symmetric_draw(struct rmb_stream stream, int64_t draw, int64_t n, int64_t count, int64_t rows, const double *q,
                       double *eigenvalue, struct rmb_error *error) RMB_CHECKED;

/* Where a measured exponent lies on a curve of exponents mean[n] +- z spread[n] that belong to distance[n] from the edge,
 * descending, and rise as it falls. */
struct rmb_inversion {
	double distance;  /* where the mean is that exponent; NaN beyond the ends of the curve */
	double low, high; /* the distances whose band holds the exponent; both NaN: none does */
	int open_low, open_high; /* the band still holds it at the smallest, at the largest distance of the curve */
};
void rmb_exponent_inversion(const double *distance, const double *mean, const double *spread, int64_t n, double z,
                            double exponent, struct rmb_inversion *inversion);
#endif

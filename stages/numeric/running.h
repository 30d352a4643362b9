/* numeric/running.h -- a row seen around each of its frames: weighted means, means, extremes, order statistics.
 *
 * All work on one run of frames without a gap. A window of `width` frames around frame t is t - width / 2 .. t - width /
 * 2 + width - 1 (the division rounds down), cut off at the ends of the run. Gaussian weights find the run mirrored there,
 * its last frame twice: c b a | a b c. */
#ifndef RMB_NUMERIC_RUNNING_H
#define RMB_NUMERIC_RUNNING_H
#include <stdbool.h>
#include <stdint.h>

/* exp(-exponent d^2) of distance d = 0..half frames, scaled so that the sum over both sides is 1; of a standard
 * deviation, the exponent that rmb_gaussian_exponent() gives. */
void rmb_gaussian_taps(double exponent, int64_t half, double *tap);
double rmb_gaussian_exponent(double sd);
/* Weights as far as they matter: 4 sd, to the nearest frame. 0: too narrow to change anything. */
int64_t rmb_gaussian_half(double sd);
/* y[n], which is not x; room[n + 2 half] is scratch. */
void rmb_running_gaussian(const double *x, int64_t n, const double *tap, int64_t half, double *room, double *y);
/* The least (or largest) of each window; y is not x; queue[n] is scratch. */
void rmb_running_extreme(const double *x, int64_t n, int64_t width, bool largest, int64_t *queue, double *y);
/* y is not x. */
void rmb_running_mean(const double *x, int64_t n, int64_t width, double *y);
/* That percentile of each window, as rmb_percentile() has it; y is not x; room[3 n + 1] is scratch. O(n log n) whatever the
 * width. */
void rmb_running_percentile(const double *x, int64_t n, int64_t width, double percent, int64_t *room, double *y);
#endif

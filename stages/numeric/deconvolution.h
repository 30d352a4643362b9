/* numeric/deconvolution.h -- the spikes that explain a fluorescence trace.
 *
 * Calcium c decays by a factor `decay` from frame to frame and jumps where there are spikes, s(t) = c(t) - decay c(t - 1).
 * Found is the c next to the trace, in least squares, whose jumps are not negative:
 *     minimise sum over t of (x(t) - c(t))^2   with   c(t) >= decay c(t - 1),  t = 1 .. n - 1.
 * c(0) is free, as suite2p has it. The solution is exact and found in one pass (OASIS: Friedrich, Zhou & Paninski 2017, PLoS
 * Comput. Biol. 13, e1005423): frames form runs in which c only decays, and a run that would have to begin below the end of
 * the one before is joined to it.
 *
 * The baseline is suite2p's `maximin`: the trace smoothed by a Gaussian, its running minimum, and the running maximum of that
 * (Pachitariu et al. 2017, bioRxiv 061507). */
#ifndef RMB_NUMERIC_DECONVOLUTION_H
#define RMB_NUMERIC_DECONVOLUTION_H
#include <stdint.h>

struct rmb_decaying { double sum, weight; int64_t start; }; /* a run of frames; c begins with sum / weight */

/* spikes[n], at least 0, of x[n]; run[n] is scratch. decay > 0 and < 1. x and spikes may be the same. */
void rmb_deconvolve(const double *x, int64_t n, double decay, struct rmb_decaying *run, double *spikes);

/* Baseline of x[n], not in place: weights tap[half + 1] of rmb_gaussian_taps(), windows of `width` frames. room[2 n + 2
 * half] is scratch. */
void rmb_baseline_maximin(const double *x, int64_t n, const double *tap, int64_t half, int64_t width, double *room,
                          double *baseline);
#endif

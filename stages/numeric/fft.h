/* numeric/fft.h -- circular correlation by FFTW.
 *
 * Plans are made without measuring (FFTW_ESTIMATE), so that they do not depend on the machine's mood and results are the same
 * bytes from run to run. Making a plan is not safe from two threads, using it is. */
#ifndef RMB_NUMERIC_FFT_H
#define RMB_NUMERIC_FFT_H
#include <stdint.h>
#include "rumble/arena.h"
#include "rumble/error.h"

struct rmb_correlator; /* opaque: for sequences of one length */

/* NULL: n does not fit into FFTW's integers, or no memory. */
struct rmb_correlator *rmb_correlator_new(int64_t n, struct rmb_error *error);
/* NULL is accepted. */
void rmb_correlator_free(struct rmb_correlator *correlator);
/* Doubles of scratch that one correlation needs; it must be aligned to 64 bytes. */
int64_t rmb_correlator_scratch(const struct rmb_correlator *correlator);
/* Where in the scratch the two sequences x[n] and y[n] are written before the call. */
double *rmb_correlator_x(const struct rmb_correlator *correlator, double *scratch);
double *rmb_correlator_y(const struct rmb_correlator *correlator, double *scratch);
/* g(l) = sum over t of x((t + l) mod n) y(t), l = 0..n-1: left in place of x, which is returned. Destroys y. */
double *rmb_correlate(const struct rmb_correlator *correlator, double *scratch);
#endif

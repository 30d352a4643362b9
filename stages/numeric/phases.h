/* numeric/phases.h -- the same power at every frequency, nothing else: phase-randomised sequences. */
#ifndef RMB_NUMERIC_PHASES_H
#define RMB_NUMERIC_PHASES_H
#include <stdint.h>
#include "rumble/error.h"
#include "rumble/random.h"

struct rmb_phases; /* opaque: for sequences of one length */

/* NULL: n does not fit into FFTW's integers, or no memory. Not safe from two threads at once. */
struct rmb_phases *rmb_phases_new(int64_t n, struct rmb_error *error);
/* NULL is accepted. */
void rmb_phases_free(struct rmb_phases *phases);
/* Doubles of scratch that a sequence of n needs, aligned to 64 bytes: a multiple of as many. */
int64_t rmb_phases_scratch(int64_t n);
/* x[n], at the beginning of the scratch, gets random phases: that of frequency f is number first + f of the stream. Mean,
 * variance and circular autocorrelation stay as they are. */
void rmb_phases_draw(const struct rmb_phases *phases, struct rmb_stream stream, uint64_t first, double *scratch);
#endif

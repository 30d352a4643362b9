/* numeric/moments.h -- mean, spread and soundness of each row of a recording. */
#ifndef RMB_MOMENTS_H
#define RMB_MOMENTS_H
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include "rumble/recording.h"

enum { RMB_MOMENTS_CHUNK = 4096 }; /* frames read at a time; a constant, for the sums depend on it */

struct rmb_moments {
	double mean;
	double deviation; /* sum of (x - mean)^2 */
	double least, largest;
	bool finite;      /* every sample; if not, the others hold nothing */
};

/* Of view row `row`, in double, in two passes. chunk[RMB_MOMENTS_CHUNK] is scratch. */
struct rmb_moments rmb_row_moments(const struct rmb_recording *recording, int64_t row, double *chunk);
/* The same of a row that comes piece by piece: moments of `count` samples so far, at first RMB_MOMENTS_NONE and 0, become
 * those of the row with x[n] behind. To rounding what two passes give. */
#define RMB_MOMENTS_NONE ((struct rmb_moments){ .least = INFINITY, .largest = -INFINITY, .finite = true })
void rmb_moments_add(struct rmb_moments *moments, int64_t count, const double *x, int64_t n);
/* Whether max - min <= 1e-9 max|x|: such a neuron has no correlations. */
bool rmb_row_constant(const struct rmb_moments *moments);
#endif

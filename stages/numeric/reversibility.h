/* numeric/reversibility.h -- whether a process looks the same when time runs backwards.
 *
 * C(k) is the mean of x(t + k) x(t)' over pairs of frames inside segments. Of a reversible process every C(k) is symmetric.
 * With C1 and C2 from the two halves of the frames, whose noise has nothing to do with each other,
 *     odd = <C1 - C1', C2 - C2'>,  even = <C1 + C1', C2 + C2'>,  ratio = odd / even
 * have no noise term on average; odd and the ratio may come out negative. */
#ifndef RMB_NUMERIC_REVERSIBILITY_H
#define RMB_NUMERIC_REVERSIBILITY_H
#include <stdbool.h>
#include "numeric/propagator.h"

struct rmb_reversibility {
	double odd, even, ratio;
	double plain;    /* |C - C'| / |C + C'| of all frames: noise makes it positive */
	double entropy;  /* produced per frame, all components together; NaN if it is not defined */
};

/* At one lag. whiten: components are first scaled to unit mean square. The entropy is that of a linear Gaussian process that
 * moves in steps of the lag, to leading order in its antisymmetric part: tr(N^-1 (C1 - C1') (C2 - C2')') / 2 per step, with C
 * of components scaled so and N = I - (C C' + C' C)/2, the noise of a step; NaN if N is not positive definite. RMB_EDATA: no
 * pairs in a half. */
int
rmb_reversibility(const struct rmb_courses *courses, bool whiten, int64_t nsegments, const int64_t *segment, int64_t lag,
                  int threads, struct rmb_arena *arena, struct rmb_reversibility *to, struct rmb_error *error) RMB_CHECKED;
/* Scalar product of a - a', b - b' (sign -1) or of a + a', b + b' (sign 1), for a, b [n][n]. */
double rmb_parts_product(const double *a, const double *b, int64_t n, int sign);
/* The entropy of a step from the lagged covariances of scaled components: c of all frames, c1 and c2 of halves, [n][n]. */
int rmb_step_entropy(const double *c, const double *c1, const double *c2, int64_t n, struct rmb_arena *arena, double *entropy,
                     struct rmb_error *error) RMB_CHECKED;
#endif

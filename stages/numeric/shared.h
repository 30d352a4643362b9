/* numeric/shared.h -- how much variance two halves of the neurons share, component by component, on frames not used to find
 * the components (SVCA). */
#ifndef RMB_NUMERIC_SHARED_H
#define RMB_NUMERIC_SHARED_H
#include "numeric/sweep.h"

/* Of a sweep: first, second, in_double, threads, progress, progress_argument. Training and test are lists of frames. */
struct rmb_shared {
	struct rmb_sweep sweep;
	const struct rmb_interval *train, *test;
	int64_t ntrain, ntest;
};

/* C = sum over training frames of z1(t) z2(t)' = U S V'. For k = 0..*neff-1, in order of descending S:
 *     p = u(k) . z1(t), q = v(k) . z2(t),   scov[k] = mean of p q,   varcov[k] = mean of (p^2 + q^2) / 2   over test frames.
 * training[k] = S(k). The arrays have room for min(n1, n2); *neff of them are defined: S above rounding level of S(1). */
int rmb_shared_variance(const struct rmb_shared *what, double *training, double *scov, double *varcov, int64_t *neff,
                        struct rmb_error *error) RMB_CHECKED;
#endif

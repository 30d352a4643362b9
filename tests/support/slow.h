/* tests/support/slow.h -- the same by obvious loops: no BLAS, no blocks, no views. Small sizes only. */
#ifndef RMB_TEST_SLOW_H
#define RMB_TEST_SLOW_H
#include "rumble/recording.h"

/* Value of the view by its defining formula, in double. */
double slow_value(const struct rmb_recording *, int64_t row, int64_t frame);
/* c[n1][n2] = sum over the listed frames of z1(i, t + lead) z2(j, t). */
void slow_product(const struct rmb_recording *first, const struct rmb_recording *second, const struct rmb_interval *interval,
                  int64_t nintervals, int64_t lead, double *c);
/* Eigenvalues of a symmetric a[n][n], descending, and eigenvectors as rows of v[n][n] (NULL: not wanted): cyclic Jacobi
 * rotations until nothing is left off the diagonal. */
void slow_eigen(const double *a, int64_t n, double *w, double *v);
/* Singular values of c[m][n], descending, s[min(m, n)], rows u[k][m] and v[k][n]: one-sided Jacobi rotations. */
void slow_singular(const double *c, int64_t m, int64_t n, double *s, double *u, double *v);
/* SVCA over lists of frames, from the definition; arrays of min(n1, n2). */
void slow_shared(const struct rmb_recording *first, const struct rmb_recording *second, const struct rmb_interval *train, int64_t ntrain,
                 const struct rmb_interval *test, int64_t ntest, double *s, double *scov, double *varcov);
#endif

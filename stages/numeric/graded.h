/* numeric/graded.h -- singular values of large matrices in single precision, by a Gram matrix whose large entries stand first.
 *
 * A Gram matrix C C' squares the values, and rounding it to single precision loses those below 1e-4 of the largest. Not so if
 * orthogonal reflections first bring the strongest directions of C, found roughly by subspace iteration, into its first rows:
 * each of the other rows is then small and is rounded as what it is, and a reduction that begins at the large end keeps that
 * (Martin, Reinsch and Wilkinson 1968 on graded matrices). Reflections change no singular value, so nothing hangs on how well
 * the directions were found but digits. Half the time of the double-precision Gram matrix and its values. */
#ifndef RMB_NUMERIC_GRADED_H
#define RMB_NUMERIC_GRADED_H
#include <stdbool.h>
#include <stdint.h>
#include "rumble/error.h"

/* Smaller matrices take no time in double. */
enum { RMB_GRADED_FROM = 2000 };

/* Singular values of c[m][n], descending into s[min(m, n)]. To rank 500 they are good to 1e-3 of themselves (2e-6 where 2,000
 * or more fall as rank^-0.8); below 1e-4 of the largest they are not resolved. *accepted is false, and s without meaning,
 * where that would not do: rank 500 below 2e-4 of the first, or a fifth of all below 1e-5 of it, as of a matrix that lacks
 * rank. Beside c: 4 (m n + k k) bytes, k = min(m, n). The same bytes for any number of threads. RMB_EDATA: not finite, no
 * convergence; RMB_ELIMIT: no memory. */
int rmb_graded_values(const double *c, int64_t m, int64_t n, int threads, double *s, bool *accepted,
                      struct rmb_error *error) RMB_CHECKED;
#endif

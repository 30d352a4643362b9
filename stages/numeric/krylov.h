/* numeric/krylov.h -- the leading part of a large decomposition, without the rest of it.
 *
 * Block Lanczos with full orthogonalisation, in single precision (Golub and Underwood 1977; for singular values its two-sided
 * form, Golub, Luk and Overton 1981): a basis of m vectors, A applied to each once, and a small decomposition in double.
 * Takes 2 n^2 m + 6 n m^2 operations of large products where a full reduction takes 4/3 n^3, half of them bound by memory.
 *
 * A result is accepted when
 *   - 3 r^2 < 1e-4 at every rank wanted, where r = |A v - w v| / w; errors of values are about r^2, always downwards;
 *   - the last value wanted stands above RMB_KRYLOV_FLOOR of the first, or at none: below, single precision decides;
 *   - a fresh random block, orthogonal to the basis, finds nothing larger than the last value: a start block of b vectors may miss
 *     copies of a value that occurs more than b times.
 * Else the caller is told to decompose exactly; so too where no further block can be made, `residual` then being infinite.
 * Rows are eigenvectors of unit length, orthogonal to 1e-5. The start block is a stream of its own name, so the same matrix
 * gives the same bytes, for any number of threads. */
#ifndef RMB_NUMERIC_KRYLOV_H
#define RMB_NUMERIC_KRYLOV_H
#include <stdbool.h>
#include <stdint.h>
#include "rumble/error.h"

#define RMB_KRYLOV_FLOOR 1e-5

struct rmb_krylov {
	bool accepted;     /* else the results hold nothing */
	int64_t width;     /* vectors in the basis; 0: it would have been as wide as the matrix, nothing was tried */
	double residual;   /* the largest r of the ranks wanted */
};

/* Whether the block method is likely to pay: the matrix is large, and the part wanted small. */
bool rmb_krylov_pays(int64_t n, int64_t k);
/* The k largest eigenvalues of the symmetric, positive semi-definite a[n][n], all of it set, descending into w[k], and
 * eigenvectors as rows of v[k][n]. */
int rmb_krylov_eigen(const float *a, int64_t n, int64_t k, int threads, double *w, double *v, struct rmb_krylov *how,
                     struct rmb_error *error) RMB_CHECKED;
/* The k largest terms of c[n1][n2] = sum over k of s[k] u[k]' v[k], rows u[k][n1] and v[k][n2]; either may be NULL. */
int rmb_krylov_singular(const float *c, int64_t n1, int64_t n2, int64_t k, int threads, double *s, double *u, double *v,
                        struct rmb_krylov *how, struct rmb_error *error) RMB_CHECKED;
#endif

/* numeric/lapack.h -- eigenvalues and singular values, checked on both sides.
 *
 * Some drivers never return when they meet a NaN or an infinity, others return nonsense with info = 0; some answer a
 * workspace query with a number that has overflowed. So every matrix is tested before the call, workspaces follow the
 * documented formula in 64 bits (or the query if that is larger), sizes above RMB_LAPACK_MAX are refused, info becomes a
 * sentence and the results are tested too. Nearly everything is in double precision: the single-precision drivers under-report
 * their workspace from n = 2,895 and lose the tail of a spectrum.
 *
 * Failures: RMB_EDATA (not finite, no convergence), RMB_ELIMIT (too large, no memory). */
#ifndef RMB_NUMERIC_LAPACK_H
#define RMB_NUMERIC_LAPACK_H
#include <stdint.h>
#include "rumble/arena.h"
#include "rumble/error.h"

enum { RMB_LAPACK_MAX = 26000 };

/* Eigenvalues of the symmetric a[n][n], of which only a[i][j] with j >= i is read; descending into w[n]. Destroys a.
 * Reduction to three diagonals, of large matrices by way of a band: quicker than dsyevd by a third, values alone. */
int rmb_eigenvalues(double *a, int64_t n, double *w, struct rmb_error *error) RMB_CHECKED;
/* The same in single precision: of a matrix that differs from a by 1e-6 of its norm. Entries whose squares a float cannot hold
 * spoil it. */
int rmb_eigenvalues_single(float *a, int64_t n, double *w, struct rmb_error *error) RMB_CHECKED;
/* The same and the eigenvectors: row k of a becomes the one that belongs to w[k]. */
int rmb_eigenvectors(double *a, int64_t n, double *w, struct rmb_error *error) RMB_CHECKED;
/* The same in single precision, but for the values, which are the double-precision ones of a tridiagonal matrix: exact for a
 * matrix that differs from a by 1e-6 of its norm. All of a must be set; 8 n^2 bytes beside it are needed. blas_threads is a
 * constant of the stage: the last bits depend on it. */
int rmb_eigenvectors_single(float *a, int64_t n, double *w, int blas_threads, struct rmb_error *error) RMB_CHECKED;
/* The k largest in that precision, descending into w[k], and their eigenvectors as rows of v[k][n]. Destroys a; no more room
 * of its size. */
int rmb_top_eigenvectors_single(float *a, int64_t n, int64_t k, double *w, double *v, struct rmb_error *error) RMB_CHECKED;
/* The k largest, descending into w[k], and their eigenvectors as rows of v[k][n]. Destroys a. Less work than all of them, and
 * no room of the size of a beyond a itself. */
int rmb_top_eigenvectors(double *a, int64_t n, int64_t k, double *w, double *v, struct rmb_error *error) RMB_CHECKED;
/* A symmetric matrix reduced to three diagonals: most of the work of a decomposition, after which any of its eigenvectors can
 * be had. */
struct rmb_reduced { double *a, *d, *e, *tau; int64_t n; };
/* Of a[n][n], which becomes part of the result and must stay; the rest is made in the arena. */
int rmb_reduce(double *a, int64_t n, struct rmb_arena *arena, struct rmb_reduced *reduced, struct rmb_error *error) RMB_CHECKED;
/* All eigenvalues, descending into w[n]. */
int rmb_reduced_values(const struct rmb_reduced *reduced, double *w, struct rmb_error *error) RMB_CHECKED;
/* Those at places first .. first + k - 1 of that order into w[k], their eigenvectors into the rows of v[k][n]. */
int rmb_reduced_vectors(const struct rmb_reduced *reduced, int64_t first, int64_t k, double *w, double *v,
                        struct rmb_error *error) RMB_CHECKED;
/* The k largest, of vectors that are good to 1e-6: those of the three diagonals are found in double, and turned back in single
 * precision, in half the time. v has room for k n doubles and becomes float[k][n]. Destroys reduced->a. */
int rmb_reduced_vectors_single(const struct rmb_reduced *reduced, int64_t k, double *w, void *v,
                               struct rmb_error *error) RMB_CHECKED;
/* The same of a symmetric tridiagonal matrix, diagonal d[n] and e[n - 1] beside it. */
int rmb_tridiagonal_vectors(const double *d, const double *e, int64_t n, int64_t first, int64_t k, double *w, double *v,
                            struct rmb_error *error) RMB_CHECKED;
/* Singular values of c[m][n], descending into s[min(m, n)]. Destroys c. */
int rmb_singular_values(double *c, int64_t m, int64_t n, double *s, struct rmb_error *error) RMB_CHECKED;
/* The same and the vectors: c = sum over k of s[k] u[k]' v[k], with rows u[k][m] and v[k][n], k < min(m, n). Destroys c. */
int rmb_singular_vectors(double *c, int64_t m, int64_t n, double *s, double *u, double *v, struct rmb_error *error) RMB_CHECKED;
/* Eigenvalues of the symmetric tridiagonal matrix with that diagonal[n] and n - 1 entries beside it; descending into diagonal,
 * beside[n] is destroyed. */
int rmb_tridiagonal_eigenvalues(double *diagonal, double *beside, int64_t n, struct rmb_error *error) RMB_CHECKED;
/* Eigenvalues of a[n][n], not symmetric, by real part and then imaginary part, descending. Destroys a. */
int rmb_general_eigenvalues(double *a, int64_t n, double *real, double *imaginary, struct rmb_error *error) RMB_CHECKED;
/* Puts eigenvalues into that order. */
int rmb_sort_eigenvalues(double *real, double *imaginary, int64_t n, struct rmb_error *error) RMB_CHECKED;
/* The same in LAPACK's order, and right eigenvectors in the rows of v[n][n]: a v = e v. Of two conjugates, which stand side by
 * side with the positive imaginary part first, the first row holds the real part and the second the imaginary part of the
 * first one's vector. */
int rmb_general_eigenvectors(double *a, int64_t n, double *real, double *imaginary, double *v,
                             struct rmb_error *error) RMB_CHECKED;
/* The positive definite a[n][n], of which only a[i][j] with j <= i is read, becomes l[n][n] with a = l l', zero above the
 * diagonal. RMB_EDATA: it is not positive definite. */
int rmb_cholesky(double *a, int64_t n, struct rmb_error *error) RMB_CHECKED;
/* x becomes x (l')^-1 for x[m][n] and such an l[n][n]. */
int rmb_divide_root(double *x, int64_t m, const double *l, int64_t n, struct rmb_error *error) RMB_CHECKED;
/* x becomes x b^-1 for x[m][n], b[n][n]; destroys b. *rcond: reciprocal of b's condition number in the 1-norm, 0 if b is singular
 * (x is then undefined, and the call succeeds: say what that means for the data). */
int rmb_right_divide(double *x, int64_t m, double *b, int64_t n, double *rcond, struct rmb_error *error) RMB_CHECKED;
#endif

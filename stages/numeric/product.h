/* numeric/product.h -- sums over time of products of neurons, and the spectra of such sums.
 *
 * Tiles of RMB_TILE x RMB_TILE are independent pieces; within one the chunks of numeric/sweep.h follow each other. In single
 * precision a chunk is one sgemm and chunks are added up in double: twice as exact as one large sgemm. */
#ifndef RMB_NUMERIC_PRODUCT_H
#define RMB_NUMERIC_PRODUCT_H
#include "numeric/sweep.h"

enum { RMB_TILE = 1024 };

/* Of a sweep: first, second, interval, nintervals, lead, by_neuron, in_double, threads, progress, progress_argument.
 *
 * With a second recording c[n1][n2] = sum over t of z1(i, t + lead) z2(j, t). Without one c[n][n] = sum over t of z(i, t) z(j,
 * t), or, by_neuron, c[T][T] = sum over i of z(i, s) z(i, t); then only c[i][j] with j >= i is sure to be set. c may hold
 * anything before. */
int rmb_product(const struct rmb_sweep *what, double *c, struct rmb_error *error) RMB_CHECKED;

/* g[m][m] = c c' for c[m][n], only g[i][j] with j >= i; or, `columns`, g[n][n] = c' c. */
int rmb_gram(const double *c, int64_t m, int64_t n, bool columns, double *g, int threads, struct rmb_error *error) RMB_CHECKED;
/* g[m][m] = c c' in single precision, only g[i][j] with j >= i. */
int rmb_gram_single(const float *c, int64_t m, int64_t n, float *g, int threads, struct rmb_error *error) RMB_CHECKED;

/* Singular values of c[m][n], descending, s[min(m, n)]. In double: of c itself. Else square roots of the eigenvalues of a Gram
 * matrix, many times quicker: of the double-precision one, where values below 1e-8 of the largest are lost, but c has 1e-7
 * itself; or, of large matrices whose values fall slowly enough, of a graded one (numeric/graded.h). */
int rmb_spectrum_of(double *c, int64_t m, int64_t n, bool in_double, int threads, double *s, struct rmb_error *error) RMB_CHECKED;

/* Values at rounding level, relative to the largest: of a product made in single, and of one made in double. */
double rmb_rounding_level(bool in_double);
/* Sets values at or below that level, which no data determine, to zero. Returns how many stand. s[n] descends. */
int64_t rmb_clear_rounding(double *s, int64_t n, bool in_double);
#endif

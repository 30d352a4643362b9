/* numeric/blocks.h -- a linear network seen through bins, exactly: one bin of n steps is one linear map with correlated noise.
 *
 * Steps x <- M x + h e, M = I - h (I - A), e standard normal and fresh; the bin is the mean of n of them. With S(r) = I + M +
 * ... + M^r
 *     x after the bin = P x + noise,   P = M^n
 *     mean of the bin = B x + noise,   B = (M + M^2 + ... + M^n) / n
 *     ee = h^2 sum M^r M^r',  me = (h^2 / n) sum S(r) M^r',  mm = (h^2 / n^2) sum S(r) S(r)',   r = 0..n-1,
 * the covariances of the two noises (e: after the bin, m: of the mean). For any A; no eigenvectors are needed. Matrices are
 * row-major double[N][N]. Cost: 8 products of N x N for each bit of n and each that is set. */
#ifndef RMB_NUMERIC_BLOCKS_H
#define RMB_NUMERIC_BLOCKS_H
#include <stdbool.h>
#include <stdint.h>
#include "rumble/arena.h"
#include "rumble/error.h"

struct rmb_blocks {
	int64_t n;                    /* N, neurons */
	int64_t width;                /* steps of a bin */
	double *p, *b, *ee, *me, *mm;
};

/* Bytes that rmb_blocks_make needs beside the five matrices. */
double rmb_blocks_memory(double n);
/* a[n][n]; 0 < step; width >= 1. The matrices are made in the arena. RMB_EDATA: they overflowed, for the network is unstable. */
int rmb_blocks_make(const double *a, int64_t n, double step, int64_t width, int threads, struct rmb_arena *arena,
                    struct rmb_blocks *blocks, struct rmb_error *error) RMB_CHECKED;
/* s[n][n]: the stationary covariance, s = M s M' + h^2 I, by doubling; scratch[3 n n]. RMB_EDATA: it grows without bound, for
 * some |1 - h (1 - eigenvalue)| is not below 1. */
int rmb_stationary(const double *a, int64_t n, double step, int threads, double *s, double *scratch,
                   struct rmb_error *error) RMB_CHECKED;
/* c[nlags][n][n]: covariance of bin means t + k and t, k = 0..nlags-1. scratch[3 n n]. */
int rmb_blocks_covariances(const struct rmb_blocks *blocks, const double *s, int64_t nlags, int threads, double *c,
                           double *scratch, struct rmb_error *error) RMB_CHECKED;
/* c = a b (b' if `transposed`) + beta c, all n x n, on several threads: rows in pieces that do not depend on their number. */
int rmb_square_product(const double *a, const double *b, bool transposed, double beta, double *c, int64_t n, int threads,
                       struct rmb_error *error) RMB_CHECKED;
#endif

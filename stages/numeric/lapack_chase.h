/* numeric/lapack_chase.h -- a symmetric band brought to three diagonals. */
#ifndef RMB_NUMERIC_LAPACK_CHASE_H
#define RMB_NUMERIC_LAPACK_CHASE_H
#include "numeric/lapack_inside.h"

/* LAPACK's ?sb2st_kernels, which LAPACKE does not wrap; the last argument is the length of the word. */
typedef void rmb_chase_kernel(const char *, const lapack_int *vectors, const lapack_int *kind, const lapack_int *from,
                              const lapack_int *to, const lapack_int *sweep, const lapack_int *n, const lapack_int *width,
                              const lapack_int *, void *band, const lapack_int *ld, void *reflections, void *factors,
                              const lapack_int *, void *work, size_t);
extern rmb_chase_kernel LAPACK_GLOBAL(dsb2st_kernels, DSB2ST_KERNELS), LAPACK_GLOBAL(ssb2st_kernels, SSB2ST_KERNELS);

/* band[n][2 width + 1], width >= 2: in row i the diagonal entry i and the `width` entries right of it, then zeros. Afterwards
 * the first two of each row are those of three diagonals with the same eigenvalues. Numbers of `size` bytes, as the kernel
 * takes. The bytes of ?sytrd_sb2st, for any number of threads. RMB_ELIMIT: no memory. */
int rmb_chase_band(rmb_chase_kernel *kernel, size_t size, void *band, lapack_int n, lapack_int width, int threads,
                   struct rmb_error *error) RMB_CHECKED;
#endif

/* numeric/blas.h -- matrix products of OpenBLAS with 64-bit sizes.
 *
 * BLAS counts in 32 bits and a size that does not fit is answered by silence or a printed line, so every call goes through
 * these. Matrices are row-major; `ld` is the distance between rows. */
#ifndef RMB_NUMERIC_BLAS_H
#define RMB_NUMERIC_BLAS_H
#include <stdbool.h>
#include <stdint.h>
#include "rumble/error.h"

/* An operand: rows x columns as it enters the product; `transposed` if the memory holds its transpose. */
struct rmb_matrix { const void *data; int64_t ld; bool transposed; };

/* C = A B: C is m x n, A is m x k, B is k x n. RMB_ELIMIT if a size does not fit. */
int rmb_gemm_single(int64_t m, int64_t n, int64_t k, struct rmb_matrix a, struct rmb_matrix b, float *c, int64_t ldc,
                    struct rmb_error *error) RMB_CHECKED;
/* C = A B + beta C. */
int rmb_gemm_double(int64_t m, int64_t n, int64_t k, struct rmb_matrix a, struct rmb_matrix b, double beta, double *c,
                    int64_t ldc, struct rmb_error *error) RMB_CHECKED;
/* The upper triangle of C = A A' and of A A' + beta C: C is n x n, A is n x k. What lies below is left as it is. */
int rmb_square_single(int64_t n, int64_t k, struct rmb_matrix a, float *c, int64_t ldc, struct rmb_error *error) RMB_CHECKED;
int rmb_square_double(int64_t n, int64_t k, struct rmb_matrix a, double beta, double *c, int64_t ldc,
                      struct rmb_error *error) RMB_CHECKED;

/* Position of the first NaN or infinity among v[n]; -1: all are finite. */
int64_t rmb_first_nonfinite(const double *v, int64_t n);
/* 1 if every one of `sizes` fits into BLAS's integers, else 0 and a sentence that names `what`. */
int rmb_blas_fits(const char *what, const int64_t *sizes, int n, struct rmb_error *error);
/* Threads of OpenBLAS itself from now on, in the whole process. Must be 1 while several threads of ours call it: with more
 * they wait for each other spinning, a hundred times slower. Another number gives other last bits. */
void rmb_blas_threads(int n);
/* How many of them decompose a symmetric matrix of n a side. It depends on the size alone, not on the threads that a stage
 * was given, for the last bits depend on it; a stage states it in its cost, so that a run keeps slots for them. */
int rmb_solver_threads(int64_t n);
/* The kernel type that OpenBLAS chose ("Haswell"), and its build. */
const char *rmb_blas_kernel(void);
const char *rmb_blas_build(void);
#endif

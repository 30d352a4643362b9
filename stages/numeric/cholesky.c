#include <inttypes.h>
#include <cblas.h>
#include <lapacke.h>
#include <string.h>
#include "numeric/blas.h"
#include "numeric/lapack.h"

/* The lower triangle of a row-major matrix is LAPACK's upper one, whose factor u with a = u' u is l'. */
int
rmb_cholesky(double *a, int64_t n, struct rmb_error *error)
{
	if (n < 1 || n > RMB_LAPACK_MAX)
		return rmb_error_set(error, RMB_ELIMIT, "root of a covariance: a matrix of %" PRId64 " a side; needs 1 to %d",
		                     n, RMB_LAPACK_MAX);
	for (int64_t i = 0; i < n; i++)
		if (rmb_first_nonfinite(a + i * n, i + 1) >= 0)
			return rmb_error_set(error, RMB_EDATA,
			                     "root of a covariance: row %" PRId64 " of the matrix is not finite", i);
	rmb_blas_threads(1);
	lapack_int info = LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'U', (lapack_int)n, a, (lapack_int)n);
	if (info)
		return rmb_error_set(error, RMB_EDATA,
		                     "root of a covariance: the matrix is not positive definite (pivot %d of %" PRId64 ")",
		                     (int)info, n);
	for (int64_t i = 0; i < n; i++)
		memset(a + i * n + i + 1, 0, (size_t)(n - i - 1) * sizeof *a);
	return 0;
}

int
rmb_divide_root(double *x, int64_t m, const double *l, int64_t n, struct rmb_error *error)
{
	if (!rmb_blas_fits("triangular equations", (int64_t[]){ m, n }, 2, error))
		return RMB_ELIMIT;
	rmb_blas_threads(1);
	cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, (int)m, (int)n, 1, l, (int)n, x, (int)n);
	int64_t bad = rmb_first_nonfinite(x, m * n);
	return bad < 0 ? 0
	               : rmb_error_set(error, RMB_EDATA,
	                               "triangular equations: value (%" PRId64 ", %" PRId64 ") is not finite", bad / n,
	                               bad % n);
}

#include "numeric/blas.h"
#include <cblas.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>

int
rmb_blas_fits(const char *what, const int64_t *sizes, int n, struct rmb_error *error)
{
	for (int i = 0; i < n; i++) {
		if (sizes[i] >= 0 && sizes[i] <= INT_MAX)
			continue;
		rmb_error_set(error, RMB_ELIMIT, "%s: a size of %" PRId64 " does not fit the 32-bit integers of BLAS and LAPACK "
		              "(at most %d)", what, sizes[i], INT_MAX);
		return 0;
	}
	return 1;
}

static CBLAS_TRANSPOSE
side(struct rmb_matrix m)
{
	return m.transposed ? CblasTrans : CblasNoTrans;
}

int
rmb_gemm_single(int64_t m, int64_t n, int64_t k, struct rmb_matrix a, struct rmb_matrix b, float *c, int64_t ldc,
                struct rmb_error *error)
{
	if (!rmb_blas_fits("matrix product", (int64_t[]){ m, n, k, a.ld, b.ld, ldc }, 6, error))
		return RMB_ELIMIT;
	cblas_sgemm(CblasRowMajor, side(a), side(b), (int)m, (int)n, (int)k, 1, a.data, (int)a.ld, b.data, (int)b.ld, 0, c,
	            (int)ldc);
	return 0;
}

int
rmb_gemm_double(int64_t m, int64_t n, int64_t k, struct rmb_matrix a, struct rmb_matrix b, double beta, double *c, int64_t ldc,
                struct rmb_error *error)
{
	if (!rmb_blas_fits("matrix product", (int64_t[]){ m, n, k, a.ld, b.ld, ldc }, 6, error))
		return RMB_ELIMIT;
	cblas_dgemm(CblasRowMajor, side(a), side(b), (int)m, (int)n, (int)k, 1, a.data, (int)a.ld, b.data, (int)b.ld, beta, c,
	            (int)ldc);
	return 0;
}

int
rmb_square_single(int64_t n, int64_t k, struct rmb_matrix a, float *c, int64_t ldc, struct rmb_error *error)
{
	if (!rmb_blas_fits("matrix product", (int64_t[]){ n, k, a.ld, ldc }, 4, error))
		return RMB_ELIMIT;
	cblas_ssyrk(CblasRowMajor, CblasUpper, side(a), (int)n, (int)k, 1, a.data, (int)a.ld, 0, c, (int)ldc);
	return 0;
}

int
rmb_square_double(int64_t n, int64_t k, struct rmb_matrix a, double beta, double *c, int64_t ldc, struct rmb_error *error)
{
	if (!rmb_blas_fits("matrix product", (int64_t[]){ n, k, a.ld, ldc }, 4, error))
		return RMB_ELIMIT;
	cblas_dsyrk(CblasRowMajor, CblasUpper, side(a), (int)n, (int)k, 1, a.data, (int)a.ld, beta, c, (int)ldc);
	return 0;
}

int64_t
rmb_first_nonfinite(const double *v, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		if (!isfinite(v[i]))
			return i;
	return -1;
}

void
rmb_blas_threads(int n)
{
	if (openblas_get_num_threads() != n)
		openblas_set_num_threads(n);
}

/* Two halve the time of a decomposition from about here on. More would leave computers of two cores behind. */
int
rmb_solver_threads(int64_t n)
{
	return n >= 1000 ? 2 : 1;
}

const char *
rmb_blas_kernel(void)
{
	return openblas_get_corename();
}

const char *
rmb_blas_build(void)
{
	return openblas_get_config();
}

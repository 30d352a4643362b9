#include "numeric/lapack_inside.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include "numeric/blas.h"

int
rmb_lapack_work_make(struct rmb_lapack_work *work, const char *driver, double query, int64_t formula, int64_t nints,
                     struct rmb_error *error)
{
	work->nreals = query > (double)formula ? (int64_t)query : formula;
	work->nints = nints;
	if (!rmb_blas_fits(driver, (int64_t[]){ work->nreals, nints }, 2, error))
		return RMB_ELIMIT;
	work->reals = aligned_alloc(64, ((size_t)work->nreals * sizeof *work->reals + 63) / 64 * 64);
	work->ints = malloc((size_t)nints * sizeof *work->ints + 1);
	return work->reals && work->ints ? 0 : rmb_error_nomem(error, driver);
}

void
rmb_lapack_work_free(struct rmb_lapack_work *work)
{
	free(work->reals);
	free(work->ints);
}

static int
fits(const char *what, int64_t m, int64_t n, struct rmb_error *error)
{
	if (m < 1 || n < 1)
		return rmb_error_set(error, RMB_EDATA, "%s: the matrix is empty (%" PRId64 " x %" PRId64 ")", what, m, n);
	if (m > RMB_LAPACK_MAX || n > RMB_LAPACK_MAX)
		return rmb_error_set(error, RMB_ELIMIT,
		                     "%s: a matrix of %" PRId64 " x %" PRId64 " is larger than the %d a side that LAPACK "
		                     "handles safely; use fewer neurons",
		                     what, m, n, RMB_LAPACK_MAX);
	return 0;
}

static int
not_finite(const char *what, int64_t place, int64_t n, double value, struct rmb_error *error)
{
	return rmb_error_set(error, RMB_EDATA, "%s: entry (%" PRId64 ", %" PRId64 ") of the matrix is %s", what, place / n,
	                     place % n, isnan(value) ? "not a number" : "infinite");
}

int
rmb_lapack_input(const char *what, const double *a, int64_t m, int64_t n, struct rmb_error *error)
{
	int rc = fits(what, m, n, error);
	int64_t bad = rc ? -1 : rmb_first_nonfinite(a, m * n);
	return bad < 0 ? rc : not_finite(what, bad, n, a[bad], error);
}

int
rmb_lapack_input_single(const char *what, const float *a, int64_t m, int64_t n, struct rmb_error *error)
{
	int rc = fits(what, m, n, error);
	for (int64_t i = 0; !rc && i < m * n; i++)
		if (!isfinite(a[i]))
			return not_finite(what, i, n, (double)a[i], error);
	return rc;
}

int
rmb_lapack_output(const char *what, lapack_int info, const double *values, int64_t n, struct rmb_error *error)
{
	if (info < 0)
		return rmb_error_set(error, RMB_EINTERNAL, "%s: LAPACK refused argument %d", what, -(int)info);
	if (info > 0)
		return rmb_error_set(error, RMB_EDATA, "%s: LAPACK did not converge (info %d)", what, (int)info);
	int64_t bad = rmb_first_nonfinite(values, n);
	if (bad >= 0)
		return rmb_error_set(error, RMB_EDATA, "%s: value %" PRId64 " came out as %g", what, bad + 1, values[bad]);
	return 0;
}

/* c[m][n] row-major is C' column-major, n x m: C' = V S U'. The documented least workspace of each kind of job. */
static int
gesdd(char job, double *c, int64_t m, int64_t n, double *s, double *v, double *ut, struct rmb_error *error)
{
	static const char what[] = "singular values";
	struct rmb_lapack_work work = { 0 };
	int64_t k = m < n ? m : n, larger = m < n ? n : m;
	int64_t formula = job == 'N' ? 3 * k + (larger > 7 * k ? larger : 7 * k) : 4 * k * k + 7 * k + larger;
	int rc = rmb_lapack_input(what, c, m, n, error);
	if (rc)
		return rc;
	rmb_blas_threads(1);
	double query = 0;
	lapack_int one = 1;
	lapack_int info = LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, job, (lapack_int)n, (lapack_int)m, c, (lapack_int)n, s, v,
	                                      (lapack_int)n, ut, (lapack_int)k, &query, -1, &one);
	rc = rmb_lapack_output(what, info, &query, 1, error);
	if (!rc)
		rc = rmb_lapack_work_make(&work, what, query, formula, 8 * k, error);
	if (!rc) {
		info = LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, job, (lapack_int)n, (lapack_int)m, c, (lapack_int)n, s, v,
		                           (lapack_int)n, ut, (lapack_int)k, work.reals, (lapack_int)work.nreals, work.ints);
		rc = rmb_lapack_output(what, info, s, k, error);
	}
	rmb_lapack_work_free(&work);
	return rc;
}

int
rmb_singular_values(double *c, int64_t m, int64_t n, double *s, struct rmb_error *error)
{
	double none = 0;
	return gesdd('N', c, m, n, s, &none, &none, error);
}

int
rmb_singular_vectors(double *c, int64_t m, int64_t n, double *s, double *u, double *v, struct rmb_error *error)
{
	int64_t nk = m < n ? m : n;
	double *ut = malloc((size_t)(m > 0 ? m * nk : 1) * sizeof *ut); /* U' column-major: [m][nk] of ours */
	if (!ut)
		return rmb_error_nomem(error, "singular vectors");
	int rc = gesdd('S', c, m, n, s, v, ut, error);
	for (int64_t k = 0; !rc && k < nk; k++)
		for (int64_t i = 0; i < m; i++)
			u[k * m + i] = ut[i * nk + k];
	free(ut);
	if (!rc)
		rc = rmb_lapack_output("singular vectors", 0, u, nk * m, error);
	if (!rc)
		rc = rmb_lapack_output("singular vectors", 0, v, nk * n, error);
	return rc;
}

/* y = x b^-1 is b' y' = x', and b' and x' are what LAPACK sees. */
int
rmb_right_divide(double *x, int64_t m, double *b, int64_t n, double *rcond, struct rmb_error *error)
{
	static const char what[] = "linear equations";
	struct rmb_lapack_work work = { 0 };
	int rc = rmb_lapack_input(what, b, n, n, error);
	if (!rc)
		rc = rmb_lapack_input(what, x, m, n, error);
	if (!rc)
		rc = rmb_lapack_work_make(&work, what, 4 * (double)n, 4 * n, 2 * n, error);
	if (!rc) {
		rmb_blas_threads(1);
		lapack_int side = (lapack_int)n, *pivot = work.ints, *scratch = work.ints + n;
		double norm = LAPACKE_dlange_work(LAPACK_COL_MAJOR, '1', side, side, b, side, work.reals);
		lapack_int info = LAPACKE_dgetrf_work(LAPACK_COL_MAJOR, side, side, b, side, pivot);
		*rcond = 0;
		if (info == 0)
			info = LAPACKE_dgecon_work(LAPACK_COL_MAJOR, '1', side, b, side, norm, rcond, work.reals, scratch);
		if (info == 0 && *rcond > 0)
			info = LAPACKE_dgetrs_work(LAPACK_COL_MAJOR, 'N', side, (lapack_int)m, b, side, pivot, x, side);
		rc = rmb_lapack_output(what, info < 0 ? info : 0, rcond, 1, error);
	}
	rmb_lapack_work_free(&work);
	return rc || !(*rcond > 0) ? rc : rmb_lapack_output(what, 0, x, m * n, error);
}

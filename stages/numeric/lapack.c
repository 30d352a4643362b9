#include "numeric/lapack.h"
#include <inttypes.h>
#include <lapacke.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "numeric/blas.h"

/* Workspaces live for one call only. */
struct work {
	double *reals;
	lapack_int *ints;
	int64_t nreals, nints;
};

static int
work_make(struct work *work, const char *driver, double query, int64_t formula, int64_t nints, struct rmb_error *error)
{
	work->nreals = query > (double)formula ? (int64_t)query : formula;
	work->nints = nints;
	if (!rmb_blas_fits(driver, (int64_t[]){ work->nreals, nints }, 2, error))
		return RMB_ELIMIT;
	work->reals = aligned_alloc(64, ((size_t)work->nreals * sizeof *work->reals + 63) / 64 * 64);
	work->ints = malloc((size_t)nints * sizeof *work->ints + 1);
	return work->reals && work->ints ? 0 : rmb_error_nomem(error, driver);
}

static void
work_free(struct work *work)
{
	free(work->reals);
	free(work->ints);
}

static int
check_input(const char *what, const double *a, int64_t m, int64_t n, struct rmb_error *error)
{
	if (m < 1 || n < 1)
		return rmb_error_set(error, RMB_EDATA, "%s: the matrix is empty (%" PRId64 " x %" PRId64 ")", what, m, n);
	if (m > RMB_LAPACK_MAX || n > RMB_LAPACK_MAX)
		return rmb_error_set(error, RMB_ELIMIT, "%s: a matrix of %" PRId64 " x %" PRId64 " is larger than the %d a side that LAPACK "
		                     "handles safely; use fewer neurons", what, m, n, RMB_LAPACK_MAX);
	int64_t bad = rmb_first_nonfinite(a, m * n);
	if (bad >= 0)
		return rmb_error_set(error, RMB_EDATA, "%s: entry (%" PRId64 ", %" PRId64 ") of the matrix is %s", what, bad / n, bad % n,
		                     isnan(a[bad]) ? "not a number" : "infinite");
	return 0;
}

static int
check_output(const char *what, lapack_int info, const double *values, int64_t n, struct rmb_error *error)
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

static void
reverse(double *w, int64_t n)
{
	for (int64_t i = 0, j = n - 1; i < j; i++, j--) {
		double t = w[i];
		w[i] = w[j];
		w[j] = t;
	}
}

/* m rows of length n in the opposite order. */
static void
reverse_rows(double *a, int64_t m, int64_t n)
{
	for (int64_t i = 0, j = m - 1; i < j; i++, j--)
		for (int64_t k = 0; k < n; k++) {
			double t = a[i * n + k];
			a[i * n + k] = a[j * n + k];
			a[j * n + k] = t;
		}
}

/* LAPACK is column-major: the upper triangle of a row-major matrix is its 'L'. */
int
rmb_eigenvalues(double *a, int64_t n, double *w, struct rmb_error *error)
{
	static const char what[] = "eigenvalues";
	struct work work = { 0 };
	double query = 0;
	lapack_int side, nints = 0;
	int rc = check_input(what, a, n, n, error);
	if (rc)
		return rc;
	rmb_blas_threads(1);
	side = (lapack_int)n;
	lapack_int info = LAPACKE_dsyevd_2stage_work(LAPACK_COL_MAJOR, 'N', 'L', side, a, side, w, &query, -1, &nints, -1);
	rc = check_output(what, info, &query, 1, error);
	/* The documented size holds a band width that only the library knows; it is at least that of a band of one. */
	if (!rc)
		rc = work_make(&work, what, query, 6 * n + 2, nints > 1 ? nints : 1, error);
	if (!rc) {
		info = LAPACKE_dsyevd_2stage_work(LAPACK_COL_MAJOR, 'N', 'L', side, a, side, w, work.reals, (lapack_int)work.nreals,
		                                  work.ints, (lapack_int)work.nints);
		rc = check_output(what, info, w, n, error);
	}
	work_free(&work);
	reverse(w, rc ? 0 : n);
	return rc;
}

int
rmb_eigenvectors(double *a, int64_t n, double *w, struct rmb_error *error)
{
	static const char what[] = "eigenvectors";
	struct work work = { 0 };
	int rc = check_input(what, a, n, n, error);
	if (rc)
		return rc;
	rmb_blas_threads(1);
	double query = 0;
	lapack_int side = (lapack_int)n, nints = 0;
	lapack_int info = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'L', side, a, side, w, &query, -1, &nints, -1);
	rc = check_output(what, info, &query, 1, error);
	if (!rc)
		rc = work_make(&work, what, query, 1 + 6 * n + 2 * n * n, 3 + 5 * n, error);
	if (!rc) {
		info = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'L', side, a, side, w, work.reals, (lapack_int)work.nreals, work.ints,
		                           (lapack_int)work.nints);
		rc = check_output(what, info, w, n, error);
	}
	work_free(&work);
	if (rc)
		return rc;
	/* Column k of the column-major result is row k of ours. */
	reverse(w, n);
	reverse_rows(a, n, n);
	return check_output(what, 0, a, n * n, error);
}

/* Columns that LAPACK reduces or multiplies at a time, at most. */
enum { COLUMNS = 64 };

int
rmb_reduce(double *a, int64_t n, struct rmb_arena *arena, struct rmb_reduced *reduced, struct rmb_error *error)
{
	static const char what[] = "eigenvectors";
	struct work work = { 0 };
	double *room = rmb_arena_alloc(arena, (size_t)(3 * n), sizeof *room);
	*reduced = (struct rmb_reduced){ a, room, room + n, room + 2 * n, n };
	int rc = room ? check_input(what, a, n, n, error) : rmb_error_nomem(error, what);
	if (rc)
		return rc;
	rmb_blas_threads(1);
	lapack_int side = (lapack_int)n;
	rc = work_make(&work, what, 0, COLUMNS * n, 1, error);
	if (!rc)
		rc = check_output(what, LAPACKE_dsytrd_work(LAPACK_COL_MAJOR, 'L', side, a, side, reduced->d, reduced->e, reduced->tau, work.reals,
		                                            (lapack_int)work.nreals), reduced->d, n, error);
	work_free(&work);
	return rc;
}

int
rmb_reduced_values(const struct rmb_reduced *reduced, double *w, struct rmb_error *error)
{
	int64_t n = reduced->n;
	double *e = malloc((size_t)n * sizeof *e);
	if (!e)
		return rmb_error_nomem(error, "eigenvalues");
	memcpy(w, reduced->d, (size_t)n * sizeof *w);
	memcpy(e, reduced->e, (size_t)n * sizeof *e);
	int rc = check_output("eigenvalues", LAPACKE_dsterf_work((lapack_int)n, w, e), w, n, error);
	free(e);
	reverse(w, rc ? 0 : n);
	return rc;
}

/* LAPACK's own driver takes a slower way between the two steps when a part of the eigenvalues is wanted. `room` holds copies of the
 * diagonals, which the first step destroys, and the values, n each. */
static int
vectors_of(const struct rmb_reduced *reduced, int64_t first, int64_t k, double *room, double *v, struct work *work, struct rmb_error *error)
{
	static const char what[] = "eigenvectors";
	int64_t n = reduced->n;
	double *d = room, *e = room + n, *w = room + 2 * n;
	lapack_int side = (lapack_int)n, kept = (lapack_int)k, last = (lapack_int)(n - first), length = (lapack_int)work->nreals;
	lapack_int found = 0, careful = 1, *support = work->ints + 10 * n;
	memcpy(d, reduced->d, (size_t)n * sizeof *d);
	memcpy(e, reduced->e, (size_t)n * sizeof *e);
	lapack_int info = LAPACKE_dstemr_work(LAPACK_COL_MAJOR, 'V', 'I', side, d, e, 0, 0, last - kept + 1, last, &found, w, v, side, kept,
	                                      support, &careful, work->reals, length, work->ints, 10 * side);
	int rc = check_output(what, info, w, k, error);
	if (rc || found != kept)
		return rc ? rc : rmb_error_set(error, RMB_EDATA, "%s: LAPACK found %d of %d", what, (int)found, (int)kept);
	info = LAPACKE_dormtr_work(LAPACK_COL_MAJOR, 'L', 'L', 'N', side, kept, reduced->a, side, reduced->tau, v, side, work->reals, length);
	return check_output(what, info, v, n * k, error);
}

int
rmb_reduced_vectors(const struct rmb_reduced *reduced, int64_t first, int64_t k, double *w, double *v, struct rmb_error *error)
{
	static const char what[] = "eigenvectors";
	struct work work = { 0 };
	int64_t n = reduced->n;
	rmb_blas_threads(1);
	double *room = malloc((size_t)(3 * n) * sizeof *room);
	int rc = room ? work_make(&work, what, 0, (COLUMNS + 18) * n + COLUMNS * COLUMNS + COLUMNS, 12 * n, error) : rmb_error_nomem(error, what);
	if (!rc)
		rc = vectors_of(reduced, first, k, room, v, &work, error);
	if (!rc)
		memcpy(w, room + 2 * n, (size_t)k * sizeof *w);
	work_free(&work);
	free(room);
	reverse(w, rc ? 0 : k);
	reverse_rows(v, rc ? 0 : k, n);
	return rc;
}

int
rmb_top_eigenvectors(double *a, int64_t n, int64_t k, double *w, double *v, struct rmb_error *error)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_reduced reduced;
	int rc = arena ? rmb_reduce(a, n, arena, &reduced, error) : rmb_error_nomem(error, "eigenvectors");
	if (!rc)
		rc = rmb_reduced_vectors(&reduced, 0, k, w, v, error);
	rmb_arena_free(arena);
	return rc;
}

/* c[m][n] row-major is C' column-major, n x m: C' = V S U'. The documented least workspace of each kind of job. */
static int
gesdd(char job, double *c, int64_t m, int64_t n, double *s, double *v, double *ut, struct rmb_error *error)
{
	static const char what[] = "singular values";
	struct work work = { 0 };
	int64_t k = m < n ? m : n, larger = m < n ? n : m;
	int64_t formula = job == 'N' ? 3 * k + (larger > 7 * k ? larger : 7 * k) : 4 * k * k + 7 * k + larger;
	int rc = check_input(what, c, m, n, error);
	if (rc)
		return rc;
	rmb_blas_threads(1);
	double query = 0;
	lapack_int one = 1;
	lapack_int info = LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, job, (lapack_int)n, (lapack_int)m, c, (lapack_int)n, s, v, (lapack_int)n,
	                                      ut, (lapack_int)k, &query, -1, &one);
	rc = check_output(what, info, &query, 1, error);
	if (!rc)
		rc = work_make(&work, what, query, formula, 8 * k, error);
	if (!rc) {
		info = LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, job, (lapack_int)n, (lapack_int)m, c, (lapack_int)n, s, v, (lapack_int)n, ut,
		                           (lapack_int)k, work.reals, (lapack_int)work.nreals, work.ints);
		rc = check_output(what, info, s, k, error);
	}
	work_free(&work);
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
		rc = check_output("singular vectors", 0, u, nk * m, error);
	if (!rc)
		rc = check_output("singular vectors", 0, v, nk * n, error);
	return rc;
}

int
rmb_tridiagonal_eigenvalues(double *diagonal, double *beside, int64_t n, struct rmb_error *error)
{
	static const char what[] = "eigenvalues";
	if (!rmb_blas_fits(what, &n, 1, error))
		return RMB_ELIMIT;
	if (n < 1 || rmb_first_nonfinite(diagonal, n) >= 0 || rmb_first_nonfinite(beside, n - 1) >= 0)
		return rmb_error_set(error, RMB_EDATA, "%s: the tridiagonal matrix is empty or not finite", what);
	rmb_blas_threads(1);
	int rc = check_output(what, LAPACKE_dsterf_work((lapack_int)n, diagonal, beside), diagonal, n, error);
	reverse(diagonal, rc ? 0 : n);
	return rc;
}

struct eigenvalue { double real, imaginary; };

static int
descending(const void *a, const void *b)
{
	const struct eigenvalue *x = a, *y = b;
	if (x->real != y->real)
		return x->real < y->real ? 1 : -1;
	return (x->imaginary < y->imaginary) - (x->imaginary > y->imaginary);
}

int
rmb_sort_eigenvalues(double *real, double *imaginary, int64_t n, struct rmb_error *error)
{
	struct eigenvalue *e = malloc((size_t)n * sizeof *e);
	if (!e)
		return rmb_error_nomem(error, "eigenvalues");
	for (int64_t i = 0; i < n; i++)
		e[i] = (struct eigenvalue){ real[i], imaginary[i] };
	qsort(e, (size_t)n, sizeof *e, descending);
	for (int64_t i = 0; i < n; i++) {
		real[i] = e[i].real;
		imaginary[i] = e[i].imaginary;
	}
	free(e);
	return 0;
}

/* The transpose, which a row-major matrix is to LAPACK, has the same eigenvalues, and left eigenvectors where a has right ones. v[n][n], or
 * NULL. */
static int
geev(double *a, int64_t n, double *real, double *imaginary, double *v, struct rmb_error *error)
{
	static const char what[] = "eigenvalues";
	struct work work = { 0 };
	double query = 0, none = 0;
	int rc = check_input(what, a, n, n, error);
	if (rc)
		return rc;
	rmb_blas_threads(1);
	char job = v ? 'V' : 'N';
	lapack_int side = (lapack_int)n, rows = v ? side : 1;
	double *left = v ? v : &none;
	lapack_int info = LAPACKE_dgeev_work(LAPACK_COL_MAJOR, job, 'N', side, a, side, real, imaginary, left, rows, &none, 1, &query, -1);
	rc = check_output(what, info, &query, 1, error);
	if (!rc)
		rc = work_make(&work, what, query, 4 * n, 1, error);
	if (!rc) {
		info = LAPACKE_dgeev_work(LAPACK_COL_MAJOR, job, 'N', side, a, side, real, imaginary, left, rows, &none, 1, work.reals,
		                          (lapack_int)work.nreals);
		rc = check_output(what, info, real, n, error);
	}
	work_free(&work);
	return rc ? rc : check_output(what, 0, imaginary, n, error);
}

int
rmb_general_eigenvalues(double *a, int64_t n, double *real, double *imaginary, struct rmb_error *error)
{
	int rc = geev(a, n, real, imaginary, NULL, error);
	return rc ? rc : rmb_sort_eigenvalues(real, imaginary, n, error);
}

/* u^H a' = e u^H is a conj(u) = e conj(u). */
int
rmb_general_eigenvectors(double *a, int64_t n, double *real, double *imaginary, double *v, struct rmb_error *error)
{
	int rc = geev(a, n, real, imaginary, v, error);
	for (int64_t k = 1; !rc && k < n; k++)
		for (int64_t i = 0; imaginary[k] < 0 && i < n; i++)
			v[k * n + i] = -v[k * n + i];
	return rc ? rc : check_output("eigenvectors", 0, v, n * n, error);
}

/* y = x b^-1 is b' y' = x', and b' and x' are what LAPACK sees. */
int
rmb_right_divide(double *x, int64_t m, double *b, int64_t n, double *rcond, struct rmb_error *error)
{
	static const char what[] = "linear equations";
	struct work work = { 0 };
	int rc = check_input(what, b, n, n, error);
	if (!rc)
		rc = check_input(what, x, m, n, error);
	if (!rc)
		rc = work_make(&work, what, 4 * (double)n, 4 * n, 2 * n, error);
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
		rc = check_output(what, info < 0 ? info : 0, rcond, 1, error);
	}
	work_free(&work);
	return rc || !(*rcond > 0) ? rc : check_output(what, 0, x, m * n, error);
}

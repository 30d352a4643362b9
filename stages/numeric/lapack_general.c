/* numeric/lapack_general.c -- eigenvalues and eigenvectors of matrices that are not symmetric. */
#include <stdlib.h>
#include "numeric/blas.h"
#include "numeric/lapack_inside.h"

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

/* The transpose, which a row-major matrix is to LAPACK, has the same eigenvalues, and left eigenvectors where a has right
 * ones. v[n][n], or NULL. */
static int
geev(double *a, int64_t n, double *real, double *imaginary, double *v, struct rmb_error *error)
{
	static const char what[] = "eigenvalues";
	struct rmb_lapack_work work = { 0 };
	double query = 0, none = 0;
	int rc = rmb_lapack_input(what, a, n, n, error);
	if (rc)
		return rc;
	rmb_blas_threads(1);
	char job = v ? 'V' : 'N';
	lapack_int side = (lapack_int)n, rows = v ? side : 1;
	double *left = v ? v : &none;
	lapack_int info = LAPACKE_dgeev_work(LAPACK_COL_MAJOR, job, 'N', side, a, side, real, imaginary, left, rows, &none, 1,
	                                     &query, -1);
	rc = rmb_lapack_output(what, info, &query, 1, error);
	if (!rc)
		rc = rmb_lapack_work_make(&work, what, query, 4 * n, 1, error);
	if (!rc) {
		info = LAPACKE_dgeev_work(LAPACK_COL_MAJOR, job, 'N', side, a, side, real, imaginary, left, rows, &none, 1,
		                          work.reals, (lapack_int)work.nreals);
		rc = rmb_lapack_output(what, info, real, n, error);
	}
	rmb_lapack_work_free(&work);
	return rc ? rc : rmb_lapack_output(what, 0, imaginary, n, error);
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
	return rc ? rc : rmb_lapack_output("eigenvectors", 0, v, n * n, error);
}

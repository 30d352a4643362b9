/* numeric/lapack_tridiagonal.c -- eigenvalues and eigenvectors of symmetric tridiagonal matrices. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "numeric/blas.h"
#include "numeric/lapack_inside.h"
#include "rumble/parallel.h"

void
rmb_reverse(double *w, int64_t n)
{
	for (int64_t i = 0, j = n - 1; i < j; i++, j--) {
		double t = w[i];
		w[i] = w[j];
		w[j] = t;
	}
}

void
rmb_reverse_rows(double *a, int64_t m, int64_t n)
{
	for (int64_t i = 0, j = m - 1; i < j; i++, j--)
		for (int64_t k = 0; k < n; k++) {
			double t = a[i * n + k];
			a[i * n + k] = a[j * n + k];
			a[j * n + k] = t;
		}
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
	int rc = rmb_lapack_output(what, LAPACKE_dsterf_work((lapack_int)n, diagonal, beside), diagonal, n, error);
	rmb_reverse(diagonal, rc ? 0 : n);
	return rc;
}

struct wanted {
	const double *d, *e;
	int64_t n, first[2], k[2]; /* places in descending order, in two pieces, of which the second may be empty */
	double *w, *v;
	struct rmb_error *error[2];
};

/* One piece, by relatively robust representations: LAPACK counts from the smallest. */
static int
vectors_of(void *argument, int64_t piece, int thread)
{
	static const char what[] = "eigenvectors";
	const struct wanted *all = argument;
	struct rmb_error *error = all->error[piece];
	struct rmb_lapack_work work = { 0 };
	int64_t n = all->n, k = all->k[piece], before = all->first[piece] - all->first[0];
	lapack_int side = (lapack_int)n, kept = (lapack_int)k, last = (lapack_int)(n - all->first[piece]), found = 0, careful = 1;
	double *room = malloc((size_t)(3 * n) * sizeof *room), *values = room + 2 * n, *v = all->v + before * n;
	int rc = room ? rmb_lapack_work_make(&work, what, 0, 18 * n, 12 * n, error) : rmb_error_nomem(error, what);
	(void)thread;
	if (!rc) { /* the diagonals are destroyed */
		memcpy(room, all->d, (size_t)n * sizeof *room);
		memcpy(room + n, all->e, (size_t)(n - 1) * sizeof *room);
		lapack_int info = LAPACKE_dstemr_work(LAPACK_COL_MAJOR, 'V', 'I', side, room, room + n, 0, 0, last - kept + 1,
		                                      last, &found, values, v, side, kept, work.ints + 10 * n, &careful,
		                                      work.reals, (lapack_int)work.nreals, work.ints, 10 * side);
		rc = rmb_lapack_output(what, info, values, k, error);
	}
	if (!rc && found != kept)
		rc = rmb_error_set(error, RMB_EDATA, "%s: LAPACK found %d of %d", what, (int)found, (int)kept);
	if (!rc) {
		memcpy(all->w + before, values, (size_t)k * sizeof *values);
		rmb_reverse(all->w + before, k);
		rmb_reverse_rows(v, k, n);
	}
	rmb_lapack_work_free(&work);
	free(room);
	return rc;
}

/* Where k values from place `first` on may be cut in two: behind the widest gap near the middle, for vectors of the two sides
 * are at right angles only as far as their values differ. Returns how many come before; k: not at all. */
static int64_t
cut(const double *d, const double *e, int64_t n, int64_t first, int64_t k)
{
	enum { MANY = 400, NEAR = 8 };
	struct rmb_lapack_work work = { 0 };
	if (k < MANY || rmb_lapack_work_make(&work, "eigenvalues", 0, 5 * n, 5 * n, NULL))
		return k;
	lapack_int side = (lapack_int)n, middle = (lapack_int)(n - first - k / 2), found = 0, blocks, *ints = work.ints;
	double *w = work.reals + 4 * n, widest = 0, norm = 0;
	lapack_int info = LAPACKE_dstebz_work('I', 'E', side, 0, 0, middle - NEAR, middle + NEAR, 0, d, e, &found, &blocks, w,
	                                      ints, ints + n, work.reals, ints + 2 * n);
	int64_t best = k;
	for (int64_t i = 0; i < n; i++)
		norm = fmax(norm, fabs(d[i]) + (i + 1 < n ? fabs(e[i]) : 0));
	for (lapack_int i = 0; info == 0 && i + 1 < found; i++)
		if (w[i + 1] - w[i] > fmax(widest, 1e-9 * norm)) {
			widest = w[i + 1] - w[i];
			best = n - first - (middle - NEAR + i); /* w[i] counts middle - NEAR + i from the smallest */
		}
	rmb_lapack_work_free(&work);
	return best;
}

int
rmb_tridiagonal_vectors(const double *d, const double *e, int64_t n, int64_t first, int64_t k, double *w, double *v,
                        struct rmb_error *error)
{
	struct rmb_error second = { 0 };
	rmb_blas_threads(1);
	int64_t before = cut(d, e, n, first, k);
	struct wanted all = { d, e, n, { first, first + before }, { before, k - before }, w, v, { error, &second } };
	int rc = rmb_parallel(2, before < k ? 2 : 1, vectors_of, &all);
	if (rc && second.code && !error->code)
		*error = second;
	return rc;
}

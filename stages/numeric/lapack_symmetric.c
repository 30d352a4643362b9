/* numeric/lapack_symmetric.c -- eigenvectors of symmetric matrices. */
#include <stdlib.h>
#include <string.h>
#include "numeric/blas.h"
#include "numeric/components.h"
#include "numeric/lapack_inside.h"

/* OpenBLAS's threads while a symmetric matrix of n a side is decomposed. */
static void
threads_for(int64_t n)
{
	rmb_blas_threads(rmb_solver_threads(n));
}

int
rmb_eigenvectors(double *a, int64_t n, double *w, struct rmb_error *error)
{
	static const char what[] = "eigenvectors";
	struct rmb_lapack_work work = { 0 };
	int rc = rmb_lapack_input(what, a, n, n, error);
	if (rc)
		return rc;
	threads_for(n);
	double query = 0;
	lapack_int side = (lapack_int)n, nints = 0;
	lapack_int info = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'L', side, a, side, w, &query, -1, &nints, -1);
	rc = rmb_lapack_output(what, info, &query, 1, error);
	if (!rc)
		rc = rmb_lapack_work_make(&work, what, query, 1 + 6 * n + 2 * n * n, 3 + 5 * n, error);
	if (!rc) {
		info = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'L', side, a, side, w, work.reals, (lapack_int)work.nreals,
		                           work.ints, (lapack_int)work.nints);
		rc = rmb_lapack_output(what, info, w, n, error);
	}
	rmb_blas_threads(1);
	rmb_lapack_work_free(&work);
	if (rc)
		return rc;
	/* Column k of the column-major result is row k of ours. */
	rmb_reverse(w, n);
	rmb_reverse_rows(a, n, n);
	return rmb_lapack_output(what, 0, a, n * n, error);
}

/* Columns that LAPACK reduces or multiplies at a time, at most. */
enum { COLUMNS = 64 };

int
rmb_reduce(double *a, int64_t n, struct rmb_arena *arena, struct rmb_reduced *reduced, struct rmb_error *error)
{
	static const char what[] = "eigenvectors";
	struct rmb_lapack_work work = { 0 };
	double *room = rmb_arena_alloc(arena, (size_t)(3 * n), sizeof *room);
	*reduced = (struct rmb_reduced){ a, room, room + n, room + 2 * n, n };
	int rc = room ? rmb_lapack_input(what, a, n, n, error) : rmb_error_nomem(error, what);
	if (rc)
		return rc;
	lapack_int side = (lapack_int)n;
	rc = rmb_lapack_work_make(&work, what, 0, COLUMNS * n, 1, error);
	threads_for(n);
	if (!rc)
		rc = rmb_lapack_output(what,
		                       LAPACKE_dsytrd_work(LAPACK_COL_MAJOR, 'L', side, a, side, reduced->d, reduced->e,
		                                           reduced->tau, work.reals, (lapack_int)work.nreals),
		                       reduced->d, n, error);
	rmb_blas_threads(1);
	rmb_lapack_work_free(&work);
	return rc;
}

int
rmb_reduced_values(const struct rmb_reduced *reduced, double *w, struct rmb_error *error)
{
	size_t bytes = (size_t)reduced->n * sizeof(double);
	double *e = malloc(bytes);
	if (!e)
		return rmb_error_nomem(error, "eigenvalues");
	memcpy(w, reduced->d, bytes);
	memcpy(e, reduced->e, bytes);
	int rc = rmb_tridiagonal_eigenvalues(w, e, reduced->n, error);
	free(e);
	return rc;
}

/* LAPACK's own driver takes a slower way between reduction and this when a part of the eigenvalues is wanted. */
int
rmb_reduced_vectors(const struct rmb_reduced *reduced, int64_t first, int64_t k, double *w, double *v, struct rmb_error *error)
{
	static const char what[] = "eigenvectors";
	struct rmb_lapack_work work = { 0 };
	int64_t n = reduced->n;
	int rc = rmb_tridiagonal_vectors(reduced->d, reduced->e, n, first, k, w, v, error);
	if (!rc)
		rc = rmb_lapack_work_make(&work, what, 0, COLUMNS * (n + COLUMNS + 1), 1, error);
	if (!rc) {
		threads_for(n);
		lapack_int side = (lapack_int)n;
		lapack_int info = LAPACKE_dormtr_work(LAPACK_COL_MAJOR, 'L', 'L', 'N', side, (lapack_int)k, reduced->a, side,
		                                      reduced->tau, v, side, work.reals, (lapack_int)work.nreals);
		rmb_blas_threads(1);
		rc = rmb_lapack_output(what, info, v, n * k, error);
	}
	rmb_lapack_work_free(&work);
	return rc;
}

/* All eigenvectors of the three diagonals, by divide and conquer. */
static int
all_vectors(const struct rmb_reduced *reduced, double *w, double *v, struct rmb_error *error)
{
	static const char what[] = "eigenvectors";
	struct rmb_lapack_work work = { 0 };
	int64_t n = reduced->n;
	lapack_int side = (lapack_int)n;
	double *e = malloc((size_t)n * sizeof *e);
	int rc = e ? rmb_lapack_work_make(&work, what, 0, 1 + 4 * n + n * n, 3 + 5 * n, error) : rmb_error_nomem(error, what);
	if (!rc) {
		memcpy(w, reduced->d, (size_t)n * sizeof *w);
		memcpy(e, reduced->e, (size_t)n * sizeof *e);
		rc = rmb_lapack_output(what,
		                       LAPACKE_dstedc_work(LAPACK_COL_MAJOR, 'I', side, w, e, v, side, work.reals,
		                                           (lapack_int)work.nreals, work.ints, (lapack_int)work.nints),
		                       w, n, error);
	}
	if (!rc) {
		rmb_reverse(w, n);
		rmb_reverse_rows(v, n, n);
	}
	rmb_lapack_work_free(&work);
	free(e);
	return rc;
}

/* The way back in single precision: double v[k][n] of the three diagonals becomes float v[k][n] of the matrix. */
static int
turn_back_single(const struct rmb_reduced *reduced, int64_t k, void *v, struct rmb_error *error)
{
	static const char what[] = "eigenvectors";
	int64_t n = reduced->n, room = COLUMNS * (n + COLUMNS + 1);
	lapack_int side = (lapack_int)n;
	if (!rmb_blas_fits(what, &room, 1, error))
		return RMB_ELIMIT;
	float *tau = malloc((size_t)(n + room) * sizeof *tau);
	if (!tau)
		return rmb_error_nomem(error, what);
	for (int64_t i = 0; i < n - 1; i++)
		tau[i] = (float)reduced->tau[i];
	float *a = rmb_to_single(reduced->a, n * n), *narrow = rmb_to_single(v, k * n);
	lapack_int info = LAPACKE_sormtr_work(LAPACK_COL_MAJOR, 'L', 'L', 'N', side, (lapack_int)k, a, side, tau, narrow,
	                                      side, tau + n, (lapack_int)room);
	free(tau);
	int rc = rmb_lapack_output(what, info, NULL, 0, error);
	return rc ? rc : rmb_lapack_input_single(what, narrow, k, n, error);
}

int
rmb_reduced_vectors_single(const struct rmb_reduced *reduced, int64_t k, double *w, void *v, struct rmb_error *error)
{
	threads_for(reduced->n);
	int rc = k == reduced->n ? all_vectors(reduced, w, v, error)
	                         : rmb_tridiagonal_vectors(reduced->d, reduced->e, reduced->n, 0, k, w, v, error);
	threads_for(reduced->n);
	if (!rc)
		rc = turn_back_single(reduced, k, v, error);
	rmb_blas_threads(1);
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

/* numeric/lapack_symmetric.c -- eigenvalues and eigenvectors of symmetric matrices. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "numeric/blas.h"
#include "numeric/lapack_inside.h"

/* OpenBLAS's threads while a symmetric matrix of n a side is decomposed. */
static void
threads_for(int64_t n)
{
	rmb_blas_threads(rmb_solver_threads(n));
}

/* Reduction to a band and from it to three diagonals, which LAPACKE does not wrap; the last arguments are the lengths of the words. */
#define BAND_OF LAPACK_GLOBAL(dsytrd_sy2sb, DSYTRD_SY2SB)
#define TRIDIAGONAL_OF LAPACK_GLOBAL(dsytrd_sb2st, DSYTRD_SB2ST)
extern void BAND_OF(const char *, const lapack_int *, const lapack_int *, double *, const lapack_int *, double *, const lapack_int *, double *,
                    double *, const lapack_int *, lapack_int *, size_t);
extern void TRIDIAGONAL_OF(const char *, const char *, const char *, const lapack_int *, const lapack_int *, double *, const lapack_int *,
                           double *, double *, double *, const lapack_int *, double *, const lapack_int *, lapack_int *, size_t, size_t, size_t);

/* Diagonals of the band. Wider ones make the first step quicker and the second slower. */
enum { BAND = 32 };

/* One allocation: the band, and what each step needs. */
struct banded { double *band, *tau, *reflections, *work; lapack_int nreflections, nwork; };

static int
banded_make(struct banded *b, lapack_int n, struct rmb_error *error)
{
	static const lapack_int band = BAND, ask = -1, rows = BAND + 1;
	double query[2] = { 0 }, reflections = 0, none = 0;
	lapack_int info[2];
	BAND_OF("L", &n, &band, &none, &n, &none, &rows, &none, &query[0], &ask, &info[0], 1);
	TRIDIAGONAL_OF("Y", "N", "L", &n, &band, &none, &rows, &none, &none, &reflections, &ask, &query[1], &ask, &info[1], 1, 1, 1);
	int64_t nband = (int64_t)rows * n, work = (int64_t)fmax(fmax(query[0], query[1]), 1), nreflections = (int64_t)fmax(reflections, 4 * (double)n);
	if (!rmb_blas_fits("eigenvalues", (int64_t[]){ nband, work, nreflections }, 3, error))
		return RMB_ELIMIT;
	*b = (struct banded){ .nreflections = (lapack_int)nreflections, .nwork = (lapack_int)work };
	b->band = malloc((size_t)(nband + n + work + nreflections) * sizeof *b->band);
	b->tau = b->band + nband;
	b->work = b->tau + n;
	b->reflections = b->work + work;
	return b->band ? 0 : rmb_error_nomem(error, "eigenvalues");
}

/* Squares of entries must stay within the range of doubles: a power of two is taken away from others, which costs no bits. Returns it. */
static int
take_scale(double *a, int64_t n)
{
	enum { SAFE = 400 };
	double largest = 0;
	int power = 0;
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = i; j < n; j++)
			largest = fmax(largest, fabs(a[i * n + j]));
	frexp(largest, &power);
	if (abs(power) < SAFE)
		return 0;
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = i; j < n; j++)
			a[i * n + j] = ldexp(a[i * n + j], -power);
	return power;
}

/* LAPACK is column-major: the upper triangle of a row-major matrix is its 'L'. The second step makes many small calls, for which threads
 * are a loss. */
int
rmb_eigenvalues(double *a, int64_t n, double *w, struct rmb_error *error)
{
	static const char what[] = "eigenvalues";
	static const lapack_int band = BAND, rows = BAND + 1;
	struct banded b = { 0 };
	lapack_int side = (lapack_int)n, info = 0;
	int rc = rmb_lapack_input(what, a, n, n, error);
	if (!rc)
		rc = banded_make(&b, side, error);
	int power = rc ? 0 : take_scale(a, n);
	double *e = b.tau;
	if (!rc) {
		threads_for(n);
		BAND_OF("L", &side, &band, a, &side, b.band, &rows, b.tau, b.work, &b.nwork, &info, 1);
		rmb_blas_threads(1);
		rc = rmb_lapack_output(what, info, a, 1, error);
	}
	if (!rc) {
		TRIDIAGONAL_OF("Y", "N", "L", &side, &band, b.band, &rows, w, e, b.reflections, &b.nreflections, b.work, &b.nwork, &info, 1, 1, 1);
		rc = rmb_lapack_output(what, info, w, n, error);
	}
	if (!rc)
		rc = rmb_lapack_output(what, LAPACKE_dsterf_work(side, w, e), w, n, error);
	for (int64_t i = 0; !rc && power && i < n; i++)
		w[i] = ldexp(w[i], power);
	free(b.band);
	rmb_reverse(w, rc ? 0 : n);
	return rc;
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
		info = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'L', side, a, side, w, work.reals, (lapack_int)work.nreals, work.ints,
		                           (lapack_int)work.nints);
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
		rc = rmb_lapack_output(what, LAPACKE_dsytrd_work(LAPACK_COL_MAJOR, 'L', side, a, side, reduced->d, reduced->e, reduced->tau, work.reals,
		                                            (lapack_int)work.nreals), reduced->d, n, error);
	rmb_blas_threads(1);
	rmb_lapack_work_free(&work);
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
	int rc = rmb_lapack_output("eigenvalues", LAPACKE_dsterf_work((lapack_int)n, w, e), w, n, error);
	free(e);
	rmb_reverse(w, rc ? 0 : n);
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
		lapack_int info = LAPACKE_dormtr_work(LAPACK_COL_MAJOR, 'L', 'L', 'N', side, (lapack_int)k, reduced->a, side, reduced->tau, v, side,
		                                      work.reals, (lapack_int)work.nreals);
		rmb_blas_threads(1);
		rc = rmb_lapack_output(what, info, v, n * k, error);
	}
	rmb_lapack_work_free(&work);
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

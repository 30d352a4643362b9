/* numeric/lapack_band.c -- eigenvalues of symmetric matrices without eigenvectors: reduction to a band, and from it to three diagonals.
 *
 * The first step is made of matrix products, which a reduction straight to three diagonals is only by half: quicker where the matrix is too large
 * for the caches of a processor, slower below. All is done in the precision of the matrix but for the eigenvalues of the three diagonals, which
 * are found in double. */
#include <math.h>
#include <stdlib.h>
#include "numeric/blas.h"
#include "numeric/lapack_inside.h"

/* Reduction to a band and from it to three diagonals, which LAPACKE does not wrap; the last arguments are the lengths of the words. The numbers
 * are double or float, by the first letter. */
typedef void band_of(const char *, const lapack_int *, const lapack_int *, void *a, const lapack_int *, void *band, const lapack_int *,
                     void *tau, void *work, const lapack_int *, lapack_int *, size_t);
typedef void tridiagonal_of(const char *, const char *, const char *, const lapack_int *, const lapack_int *, void *band, const lapack_int *,
                            void *d, void *e, void *reflections, const lapack_int *, void *work, const lapack_int *, lapack_int *, size_t,
                            size_t, size_t);
extern band_of LAPACK_GLOBAL(dsytrd_sy2sb, DSYTRD_SY2SB), LAPACK_GLOBAL(ssytrd_sy2sb, SSYTRD_SY2SB);
extern tridiagonal_of LAPACK_GLOBAL(dsytrd_sb2st, DSYTRD_SB2ST), LAPACK_GLOBAL(ssytrd_sb2st, SSYTRD_SB2ST);

static double
double_of(const void *values, int64_t i)
{
	return ((const double *)values)[i];
}

static double
single_of(const void *values, int64_t i)
{
	return (double)((const float *)values)[i];
}

/* Wider bands make the first step quicker and the second slower: what is quickest depends on the precision. */
static const struct precision {
	size_t size;
	lapack_int band;
	band_of *reduce_to_band;
	tridiagonal_of *reduce_band;
	double (*number)(const void *values, int64_t i);
} in_double = { sizeof(double), 32, LAPACK_GLOBAL(dsytrd_sy2sb, DSYTRD_SY2SB), LAPACK_GLOBAL(dsytrd_sb2st, DSYTRD_SB2ST), double_of },
  in_single = { sizeof(float), 64, LAPACK_GLOBAL(ssytrd_sy2sb, SSYTRD_SY2SB), LAPACK_GLOBAL(ssytrd_sb2st, SSYTRD_SB2ST), single_of };

/* One allocation: the band, three diagonals, and what each step needs. e shares its place with tau, which is not needed again. */
struct banded { void *band, *d, *e, *work, *reflections; lapack_int rows, nwork, nreflections; };

static int
banded_make(struct banded *b, const struct precision *of, lapack_int n, struct rmb_error *error)
{
	static const lapack_int ask = -1;
	lapack_int rows = of->band + 1, info[2];
	union { double wide; float narrow; } query[2] = { { 0 } }, reflections = { 0 }, none = { 0 };
	of->reduce_to_band("L", &n, &of->band, &none, &n, &none, &rows, &none, &query[0], &ask, &info[0], 1);
	of->reduce_band("Y", "N", "L", &n, &of->band, &none, &rows, &none, &none, &reflections, &ask, &query[1], &ask, &info[1], 1, 1, 1);
	int64_t nband = (int64_t)rows * n, work = (int64_t)fmax(fmax(of->number(&query[0], 0), of->number(&query[1], 0)), 1);
	int64_t nreflections = (int64_t)fmax(of->number(&reflections, 0), 4 * (double)n);
	if (!rmb_blas_fits("eigenvalues", (int64_t[]){ nband, work, nreflections }, 3, error))
		return RMB_ELIMIT;
	char *room = malloc((size_t)(nband + 2 * n + work + nreflections) * of->size);
	*b = (struct banded){ .band = room, .rows = rows, .nwork = (lapack_int)work, .nreflections = (lapack_int)nreflections };
	if (!room)
		return rmb_error_nomem(error, "eigenvalues");
	b->d = room + (size_t)nband * of->size;
	b->e = (char *)b->d + (size_t)n * of->size;
	b->work = (char *)b->e + (size_t)n * of->size;
	b->reflections = (char *)b->work + (size_t)work * of->size;
	return 0;
}

/* LAPACK is column-major: the upper triangle of a row-major matrix is its 'L'. The second step makes many small calls, for which threads
 * are a loss. */
static int
reduce(const struct precision *of, void *a, lapack_int n, struct banded *b, struct rmb_error *error)
{
	static const char what[] = "eigenvalues";
	lapack_int info = 0;
	rmb_blas_threads(rmb_solver_threads(n));
	of->reduce_to_band("L", &n, &of->band, a, &n, b->band, &b->rows, b->e, b->work, &b->nwork, &info, 1);
	rmb_blas_threads(1);
	if (!info)
		of->reduce_band("Y", "N", "L", &n, &of->band, b->band, &b->rows, b->d, b->e, b->reflections, &b->nreflections, b->work, &b->nwork,
		                &info, 1, 1, 1);
	return rmb_lapack_output(what, info, NULL, 0, error);
}

static int
eigenvalues(const struct precision *of, void *a, int64_t n, double *w, struct rmb_error *error)
{
	struct banded b = { 0 };
	double *beside = malloc((size_t)n * sizeof *beside);
	int rc = beside ? banded_make(&b, of, (lapack_int)n, error) : rmb_error_nomem(error, "eigenvalues");
	if (!rc)
		rc = reduce(of, a, (lapack_int)n, &b, error);
	for (int64_t i = 0; !rc && i < n; i++) {
		w[i] = of->number(b.d, i);
		beside[i] = i < n - 1 ? of->number(b.e, i) : 0;
	}
	if (!rc)
		rc = rmb_tridiagonal_eigenvalues(w, beside, n, error);
	free(b.band);
	free(beside);
	return rc;
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

static int
straight_eigenvalues(double *a, int64_t n, double *w, struct rmb_error *error)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_reduced reduced;
	int rc = arena ? rmb_reduce(a, n, arena, &reduced, error) : rmb_error_nomem(error, "eigenvalues");
	if (!rc)
		rc = rmb_reduced_values(&reduced, w, error);
	rmb_arena_free(arena);
	return rc;
}

int
rmb_eigenvalues(double *a, int64_t n, double *w, struct rmb_error *error)
{
	enum { BAND_FROM = 2750 };
	int rc = rmb_lapack_input("eigenvalues", a, n, n, error);
	int power = rc ? 0 : take_scale(a, n);
	if (!rc)
		rc = n < BAND_FROM ? straight_eigenvalues(a, n, w, error) : eigenvalues(&in_double, a, n, w, error);
	for (int64_t i = 0; !rc && power && i < n; i++)
		w[i] = ldexp(w[i], power);
	return rc;
}

int
rmb_eigenvalues_single(float *a, int64_t n, double *w, struct rmb_error *error)
{
	int rc = rmb_lapack_input_single("eigenvalues", a, n, error);
	return rc ? rc : eigenvalues(&in_single, a, n, w, error);
}

/* numeric/lapack_band.c -- eigenvalues of symmetric matrices without eigenvectors: reduction to three diagonals, straight or
 * by way of a band.
 *
 * Reduction to a band is made of matrix products, the straight one only by half: that is slower where the matrix is too large
 * for the caches of a processor, and quicker below. Both are done in the precision of the matrix; the eigenvalues of the three
 * diagonals are found in double. Both begin at the first row, so that the small eigenvalues of a matrix whose large entries
 * stand first keep their digits. */
#include <math.h>
#include <stdlib.h>
#include "numeric/blas.h"
#include "numeric/lapack_chase.h"

/* Reduction to a band, which LAPACKE does not wrap; the last argument is the length of the word. Numbers are double or float, by
 * the first letter. */
typedef void band_of(const char *, const lapack_int *, const lapack_int *, void *a, const lapack_int *, void *band,
                     const lapack_int *, void *tau, void *work, const lapack_int *, lapack_int *, size_t);
extern band_of LAPACK_GLOBAL(dsytrd_sy2sb, DSYTRD_SY2SB), LAPACK_GLOBAL(ssytrd_sy2sb, SSYTRD_SY2SB);

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

/* Straight to three diagonals; work has WORK numbers a row. */
enum { WORK = 64 };

static lapack_int
straight_double(lapack_int n, void *a, void *d, void *e, void *tau, void *work)
{
	return LAPACKE_dsytrd_work(LAPACK_COL_MAJOR, 'L', n, a, n, d, e, tau, work, WORK * n);
}

static lapack_int
straight_single(lapack_int n, void *a, void *d, void *e, void *tau, void *work)
{
	return LAPACKE_ssytrd_work(LAPACK_COL_MAJOR, 'L', n, a, n, d, e, tau, work, WORK * n);
}

/* Wider bands make the first step quicker and the second slower: what is quickest depends on the precision, as does the size
 * from which a band pays. */
static const struct precision {
	size_t size;
	lapack_int band_from, band;
	lapack_int (*straight)(lapack_int n, void *a, void *d, void *e, void *tau, void *work);
	band_of *reduce_to_band;
	rmb_chase_kernel *kernel;
	double (*number)(const void *values, int64_t i);
} in_double = { sizeof(double), 2750, 32, straight_double, LAPACK_GLOBAL(dsytrd_sy2sb, DSYTRD_SY2SB),
                LAPACK_GLOBAL(dsb2st_kernels, DSB2ST_KERNELS), double_of },
  in_single = { sizeof(float), 3750, 64, straight_single, LAPACK_GLOBAL(ssytrd_sy2sb, SSYTRD_SY2SB),
                LAPACK_GLOBAL(ssb2st_kernels, SSB2ST_KERNELS), single_of };

/* The three diagonals, every `step`th number of two arrays, as doubles: d[n] and e[n], of which the last is 0. */
static void
widen(const struct precision *of, const char *from_d, const char *from_e, int64_t step, int64_t n, double *d, double *e)
{
	for (int64_t i = 0; i < n; i++) {
		d[i] = of->number(from_d, i * step);
		e[i] = i < n - 1 ? of->number(from_e, i * step) : 0;
	}
}

static int
diagonals_straight(const struct precision *of, void *a, lapack_int n, double *d, double *e, struct rmb_error *error)
{
	static const char what[] = "eigenvalues";
	int64_t room = (int64_t)WORK * n;
	if (!rmb_blas_fits(what, &room, 1, error))
		return RMB_ELIMIT;
	size_t row = (size_t)n * of->size;
	char *diagonals = malloc((3 + WORK) * row);
	if (!diagonals)
		return rmb_error_nomem(error, what);
	rmb_blas_threads(rmb_solver_threads(n));
	lapack_int info = of->straight(n, a, diagonals, diagonals + row, diagonals + 2 * row, diagonals + 3 * row);
	widen(of, diagonals, diagonals + row, 1, n, d, e);
	free(diagonals);
	return rmb_lapack_output(what, info, NULL, 0, error);
}

/* To a band, of which a row has as much room again for what is pushed out of it later. LAPACK is column-major: the upper
 * triangle of a row-major matrix is its 'L'. */
static int
to_band(const struct precision *of, void *a, lapack_int n, char *band, struct rmb_error *error)
{
	static const char what[] = "eigenvalues";
	static const lapack_int ask = -1;
	lapack_int ld = 2 * of->band + 1, info;
	union { double wide; float narrow; } query = { 0 };
	of->reduce_to_band("L", &n, &of->band, a, &n, band, &ld, &query, &query, &ask, &info, 1);
	int64_t room = (int64_t)fmax(of->number(&query, 0), 1);
	if (info || !rmb_blas_fits(what, &room, 1, error))
		return info ? rmb_lapack_output(what, info, NULL, 0, error) : RMB_ELIMIT;
	char *tau = malloc((size_t)(n + room) * of->size), *work = tau + (size_t)n * of->size;
	if (!tau)
		return rmb_error_nomem(error, what);
	lapack_int nwork = (lapack_int)room;
	rmb_blas_threads(rmb_solver_threads(n));
	of->reduce_to_band("L", &n, &of->band, a, &n, band, &ld, tau, work, &nwork, &info, 1);
	free(tau);
	return rmb_lapack_output(what, info, NULL, 0, error);
}

static int
diagonals_by_band(const struct precision *of, void *a, lapack_int n, double *d, double *e, struct rmb_error *error)
{
	int64_t ld = 2 * of->band + 1;
	char *band = calloc((size_t)(ld * n), of->size);
	int rc = band ? to_band(of, a, n, band, error) : rmb_error_nomem(error, "eigenvalues");
	if (!rc)
		rc = rmb_chase_band(of->kernel, of->size, band, n, of->band, rmb_solver_threads(n), error);
	if (!rc)
		widen(of, band, band + of->size, ld, n, d, e);
	free(band);
	return rc;
}

static int
eigenvalues(const struct precision *of, void *a, int64_t n, double *w, struct rmb_error *error)
{
	double *beside = malloc((size_t)n * sizeof *beside);
	int rc = beside ? 0 : rmb_error_nomem(error, "eigenvalues");
	if (!rc)
		rc = (n < of->band_from ? diagonals_straight : diagonals_by_band)(of, a, (lapack_int)n, w, beside, error);
	if (!rc)
		rc = rmb_tridiagonal_eigenvalues(w, beside, n, error);
	free(beside);
	return rc;
}

/* Squares of entries must stay within the range of doubles: a power of two is taken away from others, which costs no bits.
 * Returns it. */
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

int
rmb_eigenvalues(double *a, int64_t n, double *w, struct rmb_error *error)
{
	int rc = rmb_lapack_input("eigenvalues", a, n, n, error);
	int power = rc ? 0 : take_scale(a, n);
	if (!rc)
		rc = eigenvalues(&in_double, a, n, w, error);
	for (int64_t i = 0; !rc && power && i < n; i++)
		w[i] = ldexp(w[i], power);
	return rc;
}

int
rmb_eigenvalues_single(float *a, int64_t n, double *w, struct rmb_error *error)
{
	int rc = rmb_lapack_input_single("eigenvalues", a, n, n, error);
	return rc ? rc : eigenvalues(&in_single, a, n, w, error);
}

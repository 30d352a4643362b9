#include "numeric/population.h"
#include <math.h>
#include <string.h>
#include "numeric/lapack.h"
#include "numeric/timescale.h"

static const char what[] = "covariances of a network";

/* Covariances that the slower way keeps. */
static int64_t
lags(int64_t lag)
{
	return (lag > RMB_INDEX_LAST ? lag : RMB_INDEX_LAST) + 1;
}

/* The slower way's operators, S and scratch of them, and the lags. */
double
rmb_population_memory(double n, int64_t lag)
{
	return 8 * n * n * (9 + (double)lags(lag)) + rmb_blocks_memory(n);
}

/* Eigenvectors and their inverse, counted by their time; three covariances, their decompositions. */
double
rmb_population_flops(double n, bool standard)
{
	return n * n * n * (60 + 12 + 9 + (standard ? 14 : 0));
}

/* One covariance and its eigenvalues, counted by their time. */
double
rmb_population_spectrum_flops(double n)
{
	return 8 * n * n * n;
}

/* c becomes R: rows and columns over the roots of d. */
static void
correlate(double *c, const double *d, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j < n; j++)
			c[i * n + j] /= sqrt(d[i] * d[j]);
}

/* index[k] from eigenvectors in the rows of u and the mean r of R(4..6). t[n][n]: scratch. */
static int
make_index(const double *u, const double *value, const double *r, double *t, int64_t n, int threads, double *index,
           struct rmb_error *error)
{
	int rc = rmb_square_product(u, r, false, 0, t, n, threads, error);
	for (int64_t k = 0; !rc && k < n; k++) {
		double sum = 0;
		for (int64_t i = 0; i < n; i++)
			sum += t[k * n + i] * u[k * n + i];
		index[k] = sum / value[k];
	}
	return rc;
}

/* Spectrum and index from C(0) and the mean of C(4..6), both destroyed. t[n][n]: scratch. */
static int
components(double *zero, double *mean, double *t, int64_t n, int threads, struct rmb_population *p, struct rmb_error *error)
{
	for (int64_t i = 0; i < n; i++)
		t[i] = zero[i * n + i];
	correlate(mean, t, n);
	correlate(zero, t, n);
	int rc = rmb_eigenvectors(zero, n, p->spectrum, error);
	return rc ? rc : make_index(zero, p->spectrum, mean, t, n, threads, p->index, error);
}

/* delayed: C(lag); both are destroyed. */
static int
regress(double *zero, double *delayed, int64_t n, struct rmb_population *p, struct rmb_error *error)
{
	double rcond;
	int rc = rmb_right_divide(delayed, n, zero, n, &rcond, error);
	if (!rc && !(rcond > 0))
		rc = rmb_error_set(error, RMB_EDATA, "the covariance of the network's bins is singular");
	return rc ? rc : rmb_general_eigenvalues(delayed, n, p->standard_real, p->standard_imaginary, error);
}

static int
allocate(struct rmb_arena *arena, int64_t n, bool standard, struct rmb_population *p, struct rmb_error *error)
{
	double **results[] = { &p->spectrum, &p->index, &p->standard_real, &p->standard_imaginary };
	*p = (struct rmb_population){ 0 };
	for (int i = 0; i < (standard ? 4 : 2); i++)
		if (!(*results[i] = rmb_arena_alloc(arena, (size_t)n, sizeof(double))))
			return rmb_error_nomem(error, what);
	return 0;
}

int
rmb_population_spectrum(const struct rmb_eigenbasis *basis, struct rmb_steps steps, double *spectrum, struct rmb_error *error)
{
	int64_t n = basis->n;
	size_t count = (size_t)(n * n);
	struct rmb_arena *own = rmb_arena_new();
	double *c = own ? rmb_arena_alloc(own, count, sizeof *c) : NULL,
	       *scratch = own ? rmb_arena_alloc(own, count, 2 * sizeof *scratch) : NULL;
	int rc = c && scratch ? rmb_eigenbasis_covariance(basis, steps, 0, 0, c, scratch, error) : rmb_error_nomem(error, what);
	for (int64_t i = 0; !rc && i < n; i++)
		scratch[i] = c[i * n + i];
	if (!rc) {
		correlate(c, scratch, n);
		rc = rmb_eigenvalues(c, n, spectrum, error);
	}
	rmb_arena_free(own);
	return rc;
}

int
rmb_population_of_basis(const struct rmb_eigenbasis *basis, struct rmb_steps steps, int64_t lag, bool standard,
                        struct rmb_arena *arena, struct rmb_population *p, struct rmb_error *error)
{
	int64_t n = basis->n, count = n * n;
	struct rmb_arena *own = rmb_arena_new();
	double *zero = own ? rmb_arena_alloc(own, (size_t)count, sizeof *zero) : NULL,
	       *other = own ? rmb_arena_alloc(own, (size_t)count, sizeof *other) : NULL;
	double *scratch = own ? rmb_arena_alloc(own, (size_t)count, 2 * sizeof *scratch) : NULL;
	int rc = zero && other && scratch ? allocate(arena, n, standard, p, error) : rmb_error_nomem(error, what);
	if (!rc)
		rc = rmb_eigenbasis_covariance(basis, steps, 0, 0, zero, scratch, error);
	if (!rc && standard)
		rc = rmb_eigenbasis_covariance(basis, steps, lag, lag, other, scratch, error);
	if (!rc && standard) {
		memcpy(scratch, zero, (size_t)count * sizeof *zero);
		rc = regress(scratch, other, n, p, error);
	}
	if (!rc)
		rc = rmb_eigenbasis_covariance(basis, steps, RMB_INDEX_FIRST, RMB_INDEX_LAST, other, scratch, error);
	if (!rc)
		rc = components(zero, other, scratch, n, basis->threads, p, error);
	rmb_arena_free(own);
	return rc;
}

/* c[lags][n][n], destroyed: the mean of those of the index takes the first one's place. t[3][n][n]: scratch. */
static int
analyse(double *c, int64_t n, int64_t lag, bool standard, int threads, double *t, struct rmb_population *p,
        struct rmb_error *error)
{
	int64_t count = n * n;
	double *mean = c + RMB_INDEX_FIRST * count;
	int rc = 0;
	if (standard) {
		memcpy(t, c, (size_t)count * sizeof *c);
		memcpy(t + count, c + lag * count, (size_t)count * sizeof *c);
		rc = regress(t, t + count, n, p, error);
	}
	for (int64_t i = 0; i < count; i++) {
		double sum = 0;
		for (int64_t l = RMB_INDEX_FIRST; l <= RMB_INDEX_LAST; l++)
			sum += c[l * count + i] / (RMB_INDEX_LAST - RMB_INDEX_FIRST + 1);
		mean[i] = sum;
	}
	return rc ? rc : components(c, mean, t, n, threads, p, error);
}

int
rmb_population_make(const double *a, int64_t n, struct rmb_steps steps, int64_t lag, bool standard, int threads,
                    struct rmb_arena *arena, struct rmb_population *p, struct rmb_error *error)
{
	int64_t count = n * n, nlags = lags(lag);
	struct rmb_arena *own = rmb_arena_new();
	double *s = own ? rmb_arena_alloc(own, (size_t)count, sizeof *s) : NULL,
	       *t = own ? rmb_arena_alloc(own, (size_t)count, 3 * sizeof *t) : NULL;
	double *c = own ? rmb_arena_alloc(own, (size_t)(nlags * count), sizeof *c) : NULL;
	struct rmb_blocks blocks;
	int rc = s && t && c ? allocate(arena, n, standard, p, error) : rmb_error_nomem(error, what);
	if (!rc)
		rc = rmb_stationary(a, n, steps.step, threads, s, t, error);
	if (!rc)
		rc = rmb_blocks_make(a, n, steps.step, steps.width, threads, own, &blocks, error);
	if (!rc)
		rc = rmb_blocks_covariances(&blocks, s, nlags, threads, c, t, error);
	if (!rc)
		rc = analyse(c, n, lag, standard, threads, t, p, error);
	rmb_arena_free(own);
	return rc;
}

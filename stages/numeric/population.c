#include "numeric/population.h"
#include <math.h>
#include <string.h>
#include "numeric/blocks.h"
#include "numeric/lapack.h"
#include "numeric/timescale.h"

static const char what[] = "covariances of a network";

static int64_t
lags(int64_t lag, bool dynamics)
{
	int64_t most = lag > RMB_INDEX_LAST ? lag : RMB_INDEX_LAST;
	return dynamics ? most + 1 : 1;
}

/* Operators, S and scratch of them, and the lags. */
double
rmb_population_memory(double n, int64_t lag, bool dynamics)
{
	return 8 * n * n * (9 + (double)lags(lag, dynamics)) + rmb_blocks_memory(n);
}

/* 25 doublings and some 10 compositions, each lag, the decompositions. */
double
rmb_population_flops(double n, int64_t lag, bool dynamics)
{
	return n * n * n * (25 * 6 + 80 + 4 * (double)lags(lag, dynamics) + (dynamics ? 9 + 4 + 10 : 4.0 / 3));
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
make_index(const double *u, const double *value, const double *r, double *t, int64_t n, int threads, double *index, struct rmb_error *error)
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

/* c[nlags][n][n]; all of it is destroyed. t[3][n][n]: scratch. */
static int
dynamics_of(double *c, int64_t n, int64_t lag, int threads, double *t, struct rmb_population *p, struct rmb_error *error)
{
	int64_t count = n * n;
	double *zero = t, *delayed = t + count, *mean = c + RMB_INDEX_FIRST * count, rcond;
	memcpy(zero, c, (size_t)count * sizeof *c);
	memcpy(delayed, c + lag * count, (size_t)count * sizeof *c);
	int rc = rmb_right_divide(delayed, n, zero, n, &rcond, error);
	if (!rc && !(rcond > 0))
		rc = rmb_error_set(error, RMB_EDATA, "the covariance of the network's bins is singular");
	if (!rc)
		rc = rmb_general_eigenvalues(delayed, n, p->standard_real, p->standard_imaginary, error);
	if (rc)
		return rc;
	for (int64_t i = 0; i < count; i++) {
		double sum = 0;
		for (int64_t l = RMB_INDEX_FIRST; l <= RMB_INDEX_LAST; l++)
			sum += c[l * count + i] / (RMB_INDEX_LAST - RMB_INDEX_FIRST + 1);
		mean[i] = sum;
	}
	double *d = t;
	for (int64_t i = 0; i < n; i++)
		d[i] = c[i * n + i];
	correlate(mean, d, n);
	correlate(c, d, n);
	rc = rmb_eigenvectors(c, n, p->spectrum, error);
	return rc ? rc : make_index(c, p->spectrum, mean, t, n, threads, p->index, error);
}

static int
allocate(struct rmb_arena *arena, int64_t n, bool dynamics, struct rmb_population *p, struct rmb_error *error)
{
	double **results[] = { &p->spectrum, &p->index, &p->standard_real, &p->standard_imaginary };
	*p = (struct rmb_population){ 0 };
	for (int i = 0; i < (dynamics ? 4 : 1); i++)
		if (!(*results[i] = rmb_arena_alloc(arena, (size_t)n, sizeof(double))))
			return rmb_error_nomem(error, what);
	return 0;
}

int
rmb_population_make(const double *a, int64_t n, struct rmb_steps steps, int64_t lag, bool dynamics, int threads, struct rmb_arena *arena,
                    struct rmb_population *p, struct rmb_error *error)
{
	int64_t count = n * n, nlags = lags(lag, dynamics);
	struct rmb_arena *own = rmb_arena_new();
	double *s = own ? rmb_arena_alloc(own, (size_t)count, sizeof *s) : NULL, *t = own ? rmb_arena_alloc(own, (size_t)count, 3 * sizeof *t) : NULL;
	double *c = own ? rmb_arena_alloc(own, (size_t)(nlags * count), sizeof *c) : NULL;
	struct rmb_blocks blocks;
	int rc = s && t && c ? allocate(arena, n, dynamics, p, error) : rmb_error_nomem(error, what);
	if (!rc)
		rc = rmb_stationary(a, n, steps.step, threads, s, t, error);
	if (!rc)
		rc = rmb_blocks_make(a, n, steps.step, steps.width, threads, own, &blocks, error);
	if (!rc)
		rc = rmb_blocks_covariances(&blocks, s, nlags, threads, c, t, error);
	if (!rc && dynamics)
		rc = dynamics_of(c, n, lag, threads, t, p, error);
	if (!rc && !dynamics) {
		for (int64_t i = 0; i < n; i++)
			t[i] = c[i * n + i];
		correlate(c, t, n);
		rc = rmb_eigenvalues(c, n, p->spectrum, error);
	}
	rmb_arena_free(own);
	return rc;
}

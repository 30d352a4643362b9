#include "rumble/selftest.h"
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "numeric/blas.h"
#include "numeric/lapack.h"
#include "rumble/arena.h"
#include "rumble/random.h"

struct test {
	struct rmb_arena *arena;
	FILE *out;
	struct rmb_error *error;
};

/* One line a check; NaN never passes. */
static int
expect(const struct test *test, const char *what, int64_t m, int64_t n, double found, double allowed)
{
	bool good = found <= allowed;
	if (test->out)
		fprintf(test->out, "%-4s %-40s %4" PRId64 " x %-4" PRId64 " error %-8.2g allowed %.2g\n", good ? "ok" : "BAD",
		        what, m, n, found, allowed);
	return good ? 0
	            : rmb_error_set(test->error, RMB_EINTERNAL,
	                            "%s of %" PRId64 " x %" PRId64 " is wrong on this machine (error %g, "
	                            "allowed %g, %s): use another OpenBLAS or set OPENBLAS_CORETYPE",
	                            what, m, n, found, allowed, rmb_blas_build());
}

static double *
normal_matrix(const struct test *test, const char *name, int64_t m, int64_t n)
{
	struct rmb_stream stream = rmb_stream_named(name);
	double *a = rmb_arena_alloc(test->arena, (size_t)(m * n), sizeof *a);
	for (int64_t i = 0; a && i < m * n; i++)
		a[i] = rmb_random_normal(stream, (uint64_t)i);
	if (!a)
		rmb_error_nomem(test->error, "the self test");
	return a;
}

/* sum over t of a(i, t) b(j, t), by a plain loop */
static double
dot(const double *a, const double *b, int64_t n)
{
	double sum = 0;
	for (int64_t t = 0; t < n; t++)
		sum += a[t] * b[t];
	return sum;
}

/* C = A B' against loops, in both precisions, A and B of m x k. Errors of a sum of k products grow like sqrt(k). */
static int
check_product(const struct test *test, int64_t m, int64_t k)
{
	double *a = normal_matrix(test, "selftest a", m, k), *b = normal_matrix(test, "selftest b", m, k);
	double *c = rmb_arena_alloc(test->arena, (size_t)(m * m), sizeof *c);
	float *af = rmb_arena_alloc(test->arena, (size_t)(2 * m * k + m * m), sizeof *af);
	if (!a || !b || !c || !af)
		return rmb_error_nomem(test->error, "the self test");
	float *bf = af + m * k, *cf = bf + m * k;
	for (int64_t i = 0; i < m * k; i++) {
		af[i] = (float)a[i];
		bf[i] = (float)b[i];
	}
	int rc = rmb_gemm_double(m, m, k, (struct rmb_matrix){ a, k, false }, (struct rmb_matrix){ b, k, true }, 0, c, m,
	                         test->error);
	if (!rc)
		rc = rmb_gemm_single(m, m, k, (struct rmb_matrix){ af, k, false }, (struct rmb_matrix){ bf, k, true }, cf, m,
		                     test->error);
	double worst = 0, worstf = 0, root = sqrt((double)k);
	for (int64_t i = 0; !rc && i < m; i++)
		for (int64_t j = 0; j < m; j++) {
			double right = dot(a + i * k, b + j * k, k);
			worst = fmax(worst, isnan(c[i * m + j]) ? INFINITY : fabs(c[i * m + j] - right));
			worstf = fmax(worstf, isnan(cf[i * m + j]) ? INFINITY : fabs((double)cf[i * m + j] - right));
		}
	if (!rc)
		rc = expect(test, "product, double", m, k, worst, 64 * DBL_EPSILON * root);
	return rc ? rc : expect(test, "product, single", m, k, worstf, 64 * (double)FLT_EPSILON * root);
}

/* Largest entry of |V V' - 1| for rows V. */
static double
departure(const double *v, int64_t nk, int64_t n)
{
	double worst = 0;
	for (int64_t i = 0; i < nk; i++)
		for (int64_t j = i; j < nk; j++) {
			double d = fabs(dot(v + i * n, v + j * n, n) - (i == j));
			worst = fmax(worst, isnan(d) ? INFINITY : d);
		}
	return worst;
}

/* A v = w v, V V' = 1, the trace, and values alone against values with vectors. */
static int
check_eigen(const struct test *test, int64_t n)
{
	double *a = normal_matrix(test, "selftest eigen", n, n);
	double *v = rmb_arena_alloc(test->arena, (size_t)(2 * n * n + 2 * n), sizeof *v);
	if (!a || !v)
		return rmb_error_nomem(test->error, "the self test");
	double *x = v + n * n, *w = x + n * n, *only = w + n, trace = 0, sum = 0, worst = 0, differ = 0;
	for (int64_t i = 0; i < n; i++) {
		for (int64_t j = 0; j < i; j++)
			a[i * n + j] = a[j * n + i];
		trace += a[i * n + i];
	}
	memcpy(v, a, (size_t)(n * n) * sizeof *v);
	memcpy(x, a, (size_t)(n * n) * sizeof *x);
	int rc = rmb_eigenvectors(v, n, w, test->error);
	if (!rc)
		rc = rmb_eigenvalues(x, n, only, test->error);
	if (rc)
		return rc;
	for (int64_t k = 0; k < n; k++) {
		sum += w[k];
		differ = fmax(differ, fabs(w[k] - only[k]));
		for (int64_t i = 0; i < n; i++)
			worst = fmax(worst, fabs(dot(a + i * n, v + k * n, n) - w[k] * v[k * n + i]));
	}
	double scale = (double)n * DBL_EPSILON * 8;
	rc = expect(test, "eigenvectors, residual", n, n, worst, scale * fabs(w[0]));
	if (!rc)
		rc = expect(test, "eigenvectors, orthogonality", n, n, departure(v, n, n), scale);
	if (!rc)
		rc = expect(test, "eigenvalues, trace", n, n, fabs(sum - trace), scale * (double)n);
	return rc ? rc : expect(test, "eigenvalues alone", n, n, differ, scale * fabs(w[0]));
}

/* C v(k) = s(k) u(k), orthogonality on both sides, and values alone against values with vectors. */
static int
check_singular(const struct test *test, int64_t m, int64_t n)
{
	int64_t nk = m < n ? m : n;
	double *c = normal_matrix(test, "selftest singular", m, n);
	double *copy = rmb_arena_alloc(test->arena, (size_t)(m * n + nk * (m + n + 2)), sizeof *copy);
	if (!c || !copy)
		return rmb_error_nomem(test->error, "the self test");
	double *u = copy + m * n, *v = u + nk * m, *s = v + nk * n, *only = s + nk, worst = 0, differ = 0;
	memcpy(copy, c, (size_t)(m * n) * sizeof *copy);
	int rc = rmb_singular_vectors(copy, m, n, s, u, v, test->error);
	memcpy(copy, c, (size_t)(m * n) * sizeof *copy);
	if (!rc)
		rc = rmb_singular_values(copy, m, n, only, test->error);
	if (rc)
		return rc;
	for (int64_t k = 0; k < nk; k++) {
		differ = fmax(differ, fabs(s[k] - only[k]));
		for (int64_t i = 0; i < m; i++)
			worst = fmax(worst, fabs(dot(c + i * n, v + k * n, n) - s[k] * u[k * m + i]));
	}
	double scale = (double)(m > n ? m : n) * DBL_EPSILON * 8;
	rc = expect(test, "singular vectors, residual", m, n, worst, scale * s[0]);
	if (!rc)
		rc = expect(test, "singular vectors, orthogonality", m, n, fmax(departure(u, nk, m), departure(v, nk, n)), scale);
	return rc ? rc : expect(test, "singular values alone", m, n, differ, scale * s[0]);
}

int
rmb_selftest(bool quick, FILE *out, struct rmb_error *error)
{
	/* 5 x 625 was wrong on one pair of CPU and build, odd sizes around blocks of kernels on others. */
	static const int64_t products[][2] = { { 5, 625 }, { 33, 33 }, { 100, 100 }, { 333, 333 } };
	static const int64_t solvers[][2] = { { 33, 21 }, { 100, 100 }, { 100, 333 }, { 333, 333 } };
	struct test test = { rmb_arena_new(), out, error };
	int rc = test.arena ? 0 : rmb_error_nomem(error, "the self test");
	if (strstr(rmb_blas_build(), "SINGLE_THREADED"))
		rc = rmb_error_set(error, RMB_EINTERNAL,
		                   "this OpenBLAS (%s) is built without locks and gives wrong numbers when threads call it; "
		                   "install the pthread build (Debian: libopenblas0-pthread)",
		                   rmb_blas_build());
	rmb_blas_threads(1);
	for (int i = 0; !rc && i < (quick ? 3 : 4); i++)
		rc = check_product(&test, products[i][0], products[i][1]);
	for (int i = 0; !rc && i < (quick ? 2 : 4); i++) {
		rc = check_eigen(&test, solvers[i][0]);
		if (!rc)
			rc = check_singular(&test, solvers[i][0], solvers[i][1]);
	}
	rmb_arena_free(test.arena);
	return rc;
}

const char *
rmb_selftest_machine(char *buffer, int size)
{
	snprintf(buffer, (size_t)size, "%s, kernel %s", rmb_blas_build(), rmb_blas_kernel());
	return buffer;
}

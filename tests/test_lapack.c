/* Eigenvalues and singular values: closed forms, slow rotations, residuals, and what must never reach LAPACK. */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "numeric/blas.h"
#include "numeric/components.h"
#include "numeric/lapack.h"
#include "rumble/random.h"
#include "rumble/selftest.h"
#include "support/check.h"
#include "support/slow.h"

static double *
normal(const char *name, int64_t m, int64_t n)
{
	double *a = malloc((size_t)(m * n) * sizeof *a);
	struct rmb_stream stream = rmb_stream_named(name);
	for (int64_t i = 0; i < m * n; i++)
		a[i] = rmb_random_normal(stream, (uint64_t)i);
	return a;
}

static double *
symmetric(const char *name, int64_t n)
{
	double *a = normal(name, n, n);
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j < i; j++)
			a[i * n + j] = a[j * n + i];
	return a;
}

static double *
copy_of(const double *a, int64_t n)
{
	return memcpy(malloc((size_t)n * sizeof *a), a, (size_t)n * sizeof *a);
}

/* ---- right values ------------------------------------------------------------------------------------------------- */

static void
eigenvalues_agree_with_rotations(void **state)
{
	(void)state;
	const int64_t sizes[] = { 1, 2, 3, 17, 32, 33, 34, 40, 64 };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int64_t n = sizes[i];
		struct rmb_error error = { 0 };
		double *a = symmetric("rotations", n), *x = copy_of(a, n * n), w[64], slow[64];
		must(rmb_eigenvalues(x, n, w, &error), &error);
		slow_eigen(a, n, slow, NULL);
		rmb_test_close("eigenvalues", w, slow, n, 16 * (double)n * DBL_EPSILON);
		memcpy(x, a, (size_t)(n * n) * sizeof *x);
		must(rmb_eigenvectors(x, n, w, &error), &error);
		rmb_test_close("eigenvalues with vectors", w, slow, n, 16 * (double)n * DBL_EPSILON);
		free(a);
		free(x);
	}
}

static void
eigenvalues_in_single_precision_are_those_of_double(void **state)
{
	(void)state;
	const int64_t sizes[] = { 1, 2, 3, 63, 64, 65, 66, 200 };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int64_t n = sizes[i];
		struct rmb_error error = { 0 };
		double *a = symmetric("single", n), w[200], narrow[200];
		float f[200 * 200];
		for (int64_t j = 0; j < n * n; j++)
			f[j] = (float)a[j];
		must(rmb_eigenvalues_single(f, n, narrow, &error), &error);
		must(rmb_eigenvalues(a, n, w, &error), &error);
		rmb_test_close("eigenvalues", narrow, w, n, 1e-6);
		f[0] = NAN;
		assert_int_equal(rmb_eigenvalues_single(f, n, narrow, &error), RMB_EDATA);
		free(a);
	}
}

/* The lower half is another matrix: it must not matter. */
static void
only_the_upper_half_is_read(void **state)
{
	(void)state;
	int64_t n = 30;
	struct rmb_error error = { 0 };
	double *a = symmetric("upper", n), *b = copy_of(a, n * n), w[30], v[30];
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j < i; j++)
			b[i * n + j] = 99;
	must(rmb_eigenvalues(a, n, w, &error), &error);
	must(rmb_eigenvalues(b, n, v, &error), &error);
	assert_memory_equal(w, v, sizeof w);
	free(a);
	free(b);
}

/* Squares of such entries are zero or infinite. */
static void
scale_does_not_matter(void **state)
{
	enum { N = 50 };
	(void)state;
	struct rmb_error error = { 0 };
	double *a = symmetric("scale", N), *x = copy_of(a, N * N), w[N], scaled[N];
	must(rmb_eigenvalues(x, N, w, &error), &error);
	for (int power = -900; power <= 900; power += 1800) {
		for (int64_t i = 0; i < N * N; i++)
			x[i] = ldexp(a[i], power);
		must(rmb_eigenvalues(x, N, scaled, &error), &error);
		for (int64_t k = 0; k < N; k++)
			scaled[k] = ldexp(scaled[k], -power);
		rmb_test_close("eigenvalues", scaled, w, N, 16 * N * DBL_EPSILON);
	}
	free(a);
	free(x);
}

/* min(i, j), counted from 1, has eigenvalues 1 / (4 sin^2 p(k)) and eigenvectors sin(2 i p(k)), p(k) = (2 k - 1) pi / (4 N +
 * 2), k = 1, 2, ... So large that OpenBLAS takes several threads. */
static void
large_matrices_have_their_closed_form(void **state)
{
	enum { N = 1100, K = 450 };
	(void)state;
	struct rmb_error error = { 0 };
	double *a = malloc(sizeof(double) * N * N), *v = malloc(sizeof(double) * N * K), w[N], form[N];
	float *f = malloc(sizeof(float) * N * N);
	for (int64_t i = 0; i < N; i++)
		for (int64_t j = 0; j < N; j++) {
			a[i * N + j] = (double)(i < j ? i + 1 : j + 1);
			f[i * N + j] = (float)a[i * N + j];
		}
	for (int64_t k = 0; k < N; k++)
		form[k] = 0.25 / pow(sin((double)(2 * k + 1) * acos(-1) / (4 * N + 2)), 2);
	double *copy = copy_of(a, N * N);
	must(rmb_eigenvalues(copy, N, w, &error), &error);
	rmb_test_close("eigenvalues", w, form, N, 1e-13);
	free(copy);
	for (int single = 0; single < 2; single++) {
		double allowed = single ? 1e-5 : 1e-12, norm = 2 / sqrt(2 * N + 1.0);
		must(single ? rmb_top_eigenvectors_single(f, N, K, w, v, &error) : rmb_top_eigenvectors(a, N, K, w, v, &error), &error);
		rmb_test_close(single ? "in single" : "in double", w, form, K, allowed);
		for (int64_t k = 0; k < K; k++)
			for (int64_t i = 0; i < N; i++) {
				double wanted = norm * sin((double)((i + 1) * (2 * k + 1)) * acos(-1) / (2 * N + 1));
				bool apart = w[k] > 1e-4 * w[0]; /* rounding moves a vector by its part of the distance of values */
				if (apart && !(fabs(fabs(v[k * N + i]) - fabs(wanted)) < 1000 * allowed))
					fail_msg("vector %lld of neuron %lld is %g, not %g", (long long)k, (long long)i, v[k * N + i], wanted);
			}
	}
	free(a);
	free(f);
	free(v);
}

/* Many vectors are found in two pieces. Values that occur more than once must not be torn apart: both sides would find the
 * same vectors. */
static void
repeated_values_have_vectors_of_their_own(void **state)
{
	enum { N = 1000, K = 600 };
	(void)state;
	double *d = malloc(sizeof(double) * N), *e = calloc(N, sizeof *e), *v = malloc(sizeof(double) * N * K), w[K];
	struct rmb_error error = { 0 };
	for (int size = 8; size <= 64; size *= 8) {
		for (int64_t i = 0; i < N; i++)
			d[i] = (double)(i / size);
		must(rmb_tridiagonal_vectors(d, e, N, 100, K, w, v, &error), &error);
		for (int64_t k = 0; k < K; k++) {
			double sum = 0;
			assert_true(fabs(w[k] - (double)((N - 101 - k) / size)) < 1e-12 * N);
			for (int64_t i = 0; i < N; i++)
				sum += v[k * N + i] * v[k * N + i] * fabs(d[i] - w[k]);
			assert_true(sum < 1e-10);
			for (int64_t j = 0; j <= k; j++) {
				double dot = 0;
				for (int64_t i = 0; i < N; i++)
					dot += v[k * N + i] * v[j * N + i];
				assert_true(fabs(dot - (j == k)) < 1e-10);
			}
		}
	}
	free(d);
	free(e);
	free(v);
}

/* |A v - w v| <= level |A|, |V V' - 1| <= level for k rows v: any valid eigenvectors satisfy these, whatever their signs. */
static void
are_eigenvectors(const double *a, const double *v, const double *w, int64_t n, int64_t k, double norm, double level)
{
	double worst = 0, turn = 0;
	for (int64_t r = 0; r < k; r++) {
		for (int64_t i = 0; i < n; i++) {
			double off = -w[r] * v[r * n + i];
			for (int64_t j = 0; j < n; j++)
				off += a[i * n + j] * v[r * n + j];
			worst = fmax(worst, fabs(off));
		}
		for (int64_t i = 0; i < k; i++) {
			double off = -(double)(i == r);
			for (int64_t j = 0; j < n; j++)
				off += v[i * n + j] * v[r * n + j];
			turn = fmax(turn, fabs(off));
		}
	}
	printf("%lld of %lld: residual %.2g of the norm, orthogonality %.2g, allowed %.2g\n", (long long)k, (long long)n, worst / norm, turn, level);
	assert_true(worst <= level * norm);
	assert_true(turn <= level);
}

static void
eigenvectors_have_small_residuals(void **state)
{
	(void)state;
	int64_t n = 120;
	struct rmb_error error = { 0 };
	double *a = symmetric("residual", n), *v = copy_of(a, n * n), w[120];
	must(rmb_eigenvectors(v, n, w, &error), &error);
	are_eigenvectors(a, v, w, n, n, fmax(w[0], -w[n - 1]), 8 * 120 * DBL_EPSILON);
	free(a);
	free(v);
}

/* Values as in double; vectors but for rounding, all of them or the first. */
static void
vectors_turned_back_in_single_precision_are_rounded(void **state)
{
	(void)state;
	const int64_t sizes[][2] = { { 1, 1 }, { 2, 2 }, { 3, 1 }, { 65, 65 }, { 120, 120 }, { 120, 7 } };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int64_t n = sizes[i][0], k = sizes[i][1];
		struct rmb_error error = { 0 };
		struct rmb_arena *arena = rmb_arena_new();
		struct rmb_reduced reduced;
		double *a = symmetric("rounded", n), *x = copy_of(a, n * n), *v = copy_of(a, n * n), w[120], exact[120];
		must(rmb_reduce(x, n, arena, &reduced, &error), &error);
		must(rmb_reduced_vectors_single(&reduced, k, w, v, &error), &error);
		rmb_to_double(v, k * n);
		memcpy(x, a, (size_t)(n * n) * sizeof *x);
		must(rmb_eigenvalues(x, n, exact, &error), &error);
		double norm = fmax(exact[0], -exact[n - 1]);
		rmb_test_close("eigenvalues", w, exact, k, 16 * (double)n * DBL_EPSILON);
		are_eigenvectors(a, v, w, n, k, norm, 16 * FLT_EPSILON);
		rmb_arena_free(arena);
		free(a);
		free(x);
		free(v);
	}
}

static void
singular_values_agree_with_rotations(void **state)
{
	(void)state;
	const int64_t sizes[][2] = { { 1, 1 }, { 1, 9 }, { 9, 1 }, { 20, 31 }, { 31, 20 }, { 24, 24 } };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int64_t m = sizes[i][0], n = sizes[i][1], nk = m < n ? m : n;
		struct rmb_error error = { 0 };
		double *c = normal("singular", m, n), *x = copy_of(c, m * n), s[32], slow[32], u[1024], v[1024], worst = 0;
		slow_singular(c, m, n, slow, u, v);
		must(rmb_singular_values(x, m, n, s, &error), &error);
		rmb_test_close("singular values", s, slow, nk, 64 * DBL_EPSILON * 31);
		memcpy(x, c, (size_t)(m * n) * sizeof *x);
		must(rmb_singular_vectors(x, m, n, s, u, v, &error), &error);
		rmb_test_close("singular values with vectors", s, slow, nk, 64 * DBL_EPSILON * 31);
		for (int64_t a = 0; a < m; a++) /* c = sum over k of s u' v */
			for (int64_t b = 0; b < n; b++) {
				double r = -c[a * n + b];
				for (int64_t k = 0; k < nk; k++)
					r += s[k] * u[k * m + a] * v[k * n + b];
				worst = fmax(worst, fabs(r));
			}
		assert_true(worst <= 64 * 31 * DBL_EPSILON * s[0]);
		free(c);
		free(x);
	}
}

/* tridiag(-1, 2, -1) has the eigenvalues 2 - 2 cos(k pi / (n + 1)). At n = 3,000 the single-precision driver's own answer to
 * how much workspace it needs is too small; ours must not be. */
static void
three_thousand_eigenvalues_have_their_closed_form(void **state)
{
	(void)state;
	int64_t n = 3000;
	struct rmb_error error = { 0 };
	double *a = calloc((size_t)(n * n), sizeof *a), *w = malloc((size_t)n * sizeof *w), *exact = malloc((size_t)n * sizeof *exact);
	for (int64_t i = 0; i < n; i++) {
		a[i * n + i] = 2;
		if (i + 1 < n)
			a[i * n + i + 1] = -1;
		exact[i] = 2 - 2 * cos((double)(n - i) * acos(-1.0) / (double)(n + 1));
	}
	must(rmb_eigenvalues(a, n, w, &error), &error);
	rmb_test_close("tridiagonal, n = 3000", w, exact, n, 4 * (double)n * DBL_EPSILON);
	free(a);
	free(w);
	free(exact);
}

/* ---- refusals ----------------------------------------------------------------------------------------------------- */

/* Unchecked, LAPACK never returns from some of these. */
static void
what_is_not_finite_is_refused(void **state)
{
	(void)state;
	const double bad[] = { NAN, INFINITY, -INFINITY };
	const int64_t at[] = { 0, 4, 8 };
	for (int b = 0; b < 3; b++)
		for (int i = 0; i < 3; i++) {
			double a[9], s[3], u[9], v[9];
			struct rmb_error error[4] = { 0 };
			for (int k = 0; k < 9; k++)
				a[k] = k % 4 == 0;
			a[at[i]] = bad[b];
			assert_int_equal(rmb_eigenvalues(a, 3, s, &error[0]), RMB_EDATA);
			assert_int_equal(rmb_eigenvectors(a, 3, s, &error[1]), RMB_EDATA);
			assert_int_equal(rmb_singular_values(a, 3, 3, s, &error[2]), RMB_EDATA);
			assert_int_equal(rmb_singular_vectors(a, 3, 3, s, u, v, &error[3]), RMB_EDATA);
			assert_non_null(strstr(error[0].text, b == 0 ? "not a number" : "infinite"));
		}
}

static void
sizes_beyond_lapack_are_refused(void **state)
{
	(void)state;
	struct rmb_error error = { 0 }, empty = { 0 };
	double a = 1, w;
	assert_int_equal(rmb_eigenvalues(&a, RMB_LAPACK_MAX + 1, &w, &error), RMB_ELIMIT);
	assert_non_null(strstr(error.text, "26001"));
	assert_int_equal(rmb_singular_values(&a, 0, 3, &w, &empty), RMB_EDATA);
}

static void
sizes_beyond_blas_are_refused(void **state)
{
	(void)state;
	struct rmb_error error = { 0 };
	float a = 1, c = 0;
	struct rmb_matrix one = { &a, 1, false };
	int rc = rmb_gemm_single(1, 1, INT64_C(2500000000), one, one, &c, 1, &error);
	assert_int_equal(rc, RMB_ELIMIT);
	assert_non_null(strstr(error.text, "2500000000"));
	assert_true(c == 0);
}

static void
the_self_test_passes(void **state)
{
	(void)state;
	struct rmb_error error = { 0 };
	must(rmb_selftest(true, NULL, &error), &error);
	must(rmb_selftest(false, stdout, &error), &error);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eigenvalues_agree_with_rotations),
		cmocka_unit_test(eigenvalues_in_single_precision_are_those_of_double), cmocka_unit_test(only_the_upper_half_is_read),
		cmocka_unit_test(scale_does_not_matter), cmocka_unit_test(large_matrices_have_their_closed_form),
		cmocka_unit_test(repeated_values_have_vectors_of_their_own),
		cmocka_unit_test(eigenvectors_have_small_residuals),
		cmocka_unit_test(vectors_turned_back_in_single_precision_are_rounded), cmocka_unit_test(singular_values_agree_with_rotations),
		cmocka_unit_test(three_thousand_eigenvalues_have_their_closed_form), cmocka_unit_test(what_is_not_finite_is_refused),
		cmocka_unit_test(sizes_beyond_lapack_are_refused), cmocka_unit_test(sizes_beyond_blas_are_refused),
		cmocka_unit_test(the_self_test_passes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

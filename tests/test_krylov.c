/* The block method beside exact answers, on spectra of every kind, and its refusal where it cannot give them. */
#include <math.h>
#include <stdio.h>
#include "numeric/blas.h"
#include "numeric/leading.h"
#include "rumble/random.h"
#include "support/arena.h"

enum { N = 720, K = 64, N2 = 800 };

static void
at_most(const char *name, double found, double allowed)
{
	printf("%-40s %.2g, allowed %.2g\n", name, found, allowed);
	assert_true(found <= allowed);
}

/* Rows of x[m][n] turned by a few random reflections: x becomes x (1 - 2 h h')... */
static void
turn(double *x, int64_t m, int64_t n, const char *name)
{
	struct rmb_stream stream = rmb_stream_named(name);
	for (uint64_t r = 0; r < 3; r++) {
		double *h = reals(n), power = 0;
		for (int64_t i = 0; i < n; i++) {
			h[i] = rmb_random_normal(stream, r * (uint64_t)n + (uint64_t)i);
			power += h[i] * h[i];
		}
		for (int64_t i = 0; i < m; i++) {
			double along = 0;
			for (int64_t j = 0; j < n; j++)
				along += x[i * n + j] * h[j];
			for (int64_t j = 0; j < n; j++)
				x[i * n + j] -= 2 * along / power * h[j];
		}
	}
}

static void
transpose(const double *x, int64_t m, int64_t n, double *to)
{
	for (int64_t i = 0; i < m; i++)
		for (int64_t j = 0; j < n; j++)
			to[j * m + i] = x[i * n + j];
}

/* c[m][n] with singular values s[m], m <= n. With m = n and the same name on both sides, symmetric. */
static double *
with_spectrum(const double *s, int64_t m, int64_t n, const char *left, const char *right)
{
	double *c = reals(m * n), *t = reals(m * n);
	for (int64_t i = 0; i < m; i++)
		c[i * n + i] = s[i];
	turn(c, m, n, right);
	transpose(c, m, n, t);
	turn(t, n, m, left);
	transpose(t, n, m, c);
	return c;
}

/* ---- spectra ------------------------------------------------------------------------------------------------------ */

static double power_law(int64_t k) { return pow((double)k + 1, -0.8); }
static double steep(int64_t k) { return pow((double)k + 1, -1.6); }
static double with_floor(int64_t k) { return pow((double)k + 1, -0.8) + 0.02; }
static double flat(int64_t k) { (void)k; return 3; }
static double deficient(int64_t k) { return k < 40 ? pow((double)k + 1, -1) : 0; }
static double twins(int64_t k) { return pow((double)(k / 4) + 1, -1); }             /* every value four times */
static double gap(int64_t k) { return k < K ? 1 + 1e-5 * (double)(K - k) : 0.05; }  /* crowded, then nothing for long */
static double crowd(int64_t k) { return k < 2 * K ? 2 : pow((double)k, -0.8); }     /* one value, twice as often as is wanted */
static double copies(int64_t k) { return k < K - 10 ? 2 : pow((double)k, -0.8); }   /* one value, more often than a block is wide */
/* Many copies, so near the rest that rounding has no time to bring in those that the start block lacks. */
static double hidden(int64_t k) { return k < 50 ? 1 : k < 60 ? 0.98 : 0.1 * pow((double)k - 59, -0.5); }
static double
noise(int64_t k)
{
	return 1.6 - pow((double)k / N, 2); /* crowded at the top: no end to it near the last rank wanted */
}

struct kind { const char *name; double (*value)(int64_t); enum { ACCEPTED, REFUSED, EITHER } outcome; double tolerance; };

/* Tolerances are those that numeric/krylov.h states: 1e-4 by the check, and rounding, 1e-7 of the first value. */
static const struct kind kinds[] = {
	{ "power law", power_law, ACCEPTED, 1e-4 }, { "steep", steep, ACCEPTED, 2e-4 }, { "with a floor", with_floor, ACCEPTED, 1e-4 },
	{ "flat", flat, ACCEPTED, 1e-5 }, { "rank deficient", deficient, ACCEPTED, 1e-4 }, { "twins", twins, ACCEPTED, 1e-4 },
	{ "gap", gap, ACCEPTED, 1e-5 }, { "crowd", crowd, EITHER, 1e-4 }, { "copies", copies, EITHER, 1e-4 },
	{ "hidden copies", hidden, EITHER, 1e-4 }, { "noise", noise, REFUSED, 0 },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Largest relative error over values that stand above rounding. */
static double
error_of(const double *w, const struct kind *kind)
{
	double worst = 0;
	for (int64_t k = 0; k < K; k++) {
		double right = kind->value(k), level = 1e-6 * kind->value(0);
		double error = right > level ? fabs(w[k] / right - 1) : fmax(0, fabs(w[k]) / level - 1);
		worst = isnan(error) || error > worst ? error : worst;
	}
	return worst;
}

static void
outcome_is(const struct kind *kind, const struct rmb_krylov *how, const double *w)
{
	double error = how->accepted ? error_of(w, kind) : 0;
	printf("%-15s %-8s width %4lld residual %-8.2g error %.2g\n", kind->name, how->accepted ? "accepted" : "refused", (long long)how->width,
	              how->residual, error);
	if (kind->outcome != EITHER)
		assert_int_equal(how->accepted, kind->outcome == ACCEPTED);
	if (how->accepted)
		at_most(kind->name, error, kind->tolerance);
}

static const float *
narrow(const double *a, int64_t n)
{
	float *to = rmb_arena_alloc(arena, (size_t)n, sizeof *to);
	for (int64_t i = 0; i < n; i++)
		to[i] = (float)a[i];
	return to;
}

/* |A v - w v| of every accepted vector, and how far the vectors are from orthonormal. */
static void
vectors_fit(const double *a, const double *w, const double *v, int64_t nk, double tolerance)
{
	double *image = reals(nk * N), *gram = reals(nk * nk), worst = 0, skew = 0;
	struct rmb_error error = { 0 };
	must(rmb_gemm_double(nk, N, N, (struct rmb_matrix){ v, N, false }, (struct rmb_matrix){ a, N, false }, 0, image, N, &error), &error);
	must(rmb_gemm_double(nk, nk, N, (struct rmb_matrix){ v, N, false }, (struct rmb_matrix){ v, N, true }, 0, gram, nk, &error), &error);
	for (int64_t k = 0; k < nk; k++) {
		double power = 0;
		for (int64_t i = 0; i < N; i++)
			power += pow(image[k * N + i] - w[k] * v[k * N + i], 2);
		worst = fmax(worst, sqrt(power) / w[k]);
		for (int64_t j = 0; j < nk; j++)
			skew = fmax(skew, fabs(gram[k * nk + j] - (j == k)));
	}
	at_most("residual", worst, tolerance);
	at_most("orthogonality", skew, 1e-5);
}

static void
eigenvalues_are_right_or_refused(void **state)
{
	(void)state;
	for (int i = 0; i < KINDS; i++) {
		double *s = reals(N), *w = reals(K), *v = reals(K * N);
		for (int64_t k = 0; k < N; k++)
			s[k] = kinds[i].value(k);
		double *a = with_spectrum(s, N, N, "side", "side");
		struct rmb_error error = { 0 };
		struct rmb_krylov how;
		must(rmb_krylov_eigen(narrow(a, N * N), N, K, 1, w, v, &how, &error), &error);
		outcome_is(&kinds[i], &how, w);
		if (how.accepted)
			vectors_fit(a, w, v, kinds[i].value == deficient ? 40 : K, 6e-3);
	}
}

static void
singular_values_are_right_or_refused(void **state)
{
	(void)state;
	for (int i = 0; i < KINDS; i++) {
		double *s = reals(N), *w = reals(N), *u = reals(K * N2), *v = reals(K * N2);
		for (int64_t k = 0; k < N; k++)
			s[k] = kinds[i].value(k);
		double *c = with_spectrum(s, N, N2, "one", "other"), *across = reals(N * N2);
		struct rmb_error error = { 0 };
		struct rmb_krylov how;
		must(rmb_krylov_singular(narrow(c, N * N2), N, N2, K, 1, w, u, v, &how, &error), &error);
		outcome_is(&kinds[i], &how, w);
		transpose(c, N, N2, across);
		must(rmb_krylov_singular(narrow(across, N * N2), N2, N, K, 1, w, NULL, NULL, &how, &error), &error);
		outcome_is(&kinds[i], &how, w);
	}
}

/* ---- the way out -------------------------------------------------------------------------------------------------- */

/* What blocks refuse is decomposed exactly, with the same answer as without them but for the rounding of the matrix. */
static void
a_refusal_ends_in_the_exact_answer(void **state)
{
	(void)state;
	double *s = reals(N), *exact = reals(N), *w = reals(N), *v = reals(K * N), *u2, *v2;
	for (int64_t k = 0; k < N; k++)
		s[k] = noise(k);
	double *a = with_spectrum(s, N, N, "side", "side"), *b = rmb_arena_copy(arena, a, (size_t)(N * N), sizeof *a);
	double *c = with_spectrum(s, N, N2, "one", "other");
	struct rmb_error error = { 0 };
	struct rmb_krylov how;
	must(rmb_leading_eigenvectors(a, N, K, RMB_SOLVER_EXACT, true, 1, exact, v, &how, &error), &error);
	assert_false(how.accepted);
	assert_int_equal(how.width, 0);
	must(rmb_leading_eigenvectors(b, N, K, RMB_SOLVER_BLOCK, true, 1, w, v, &how, &error), &error);
	assert_false(how.accepted);
	assert_true(how.width > 0);
	rmb_test_close("eigenvalues", w, exact, K, 1e-6);
	rmb_test_close("as planted", w, s, K, 1e-6);
	must(rmb_leading_terms(c, N, N2, K, RMB_SOLVER_BLOCK, false, 1, arena, w, &u2, &v2, &how, &error), &error);
	assert_false(how.accepted);
	rmb_test_close("singular values", w, s, K, 1e-6);
}

/* Neurons that fire as one in groups: products stay within what the basis holds already, to the last bit, so that no further
 * block can be made of them. Such a matrix is refused, and decomposed exactly. */
static void
groups_of_equal_neurons_end_in_the_exact_answer(void **state)
{
	enum { SIZE = 8, GROUPS = N / SIZE };
	(void)state;
	double *a = reals(N * N), *c = reals(N * N), *planted = reals(N), *w = reals(N), *v = reals(K * N), *u2, *v2;
	for (int64_t i = 0; i < N; i++)
		for (int64_t j = 0; j < N; j++)
			a[i * N + j] = c[i * N + j] = i / SIZE == j / SIZE ? 1 + 1e-3 * (double)(i / SIZE) : 0;
	for (int64_t k = 0; k < K; k++)
		planted[k] = SIZE * (1 + 1e-3 * (double)(GROUPS - 1 - k));
	struct rmb_error error = { 0 };
	struct rmb_krylov how;
	must(rmb_leading_eigenvectors(a, N, K, RMB_SOLVER_BLOCK, true, 1, w, v, &how, &error), &error);
	assert_true(how.width > 0);
	rmb_test_close("eigenvalues", w, planted, K, 1e-4);
	must(rmb_leading_terms(c, N, N, K, RMB_SOLVER_BLOCK, false, 1, arena, w, &u2, &v2, &how, &error), &error);
	rmb_test_close("singular values", w, planted, K, 1e-4);
}

/* Off by at most a millionth of the largest, and a thousandth of themselves to rank 500: in single precision where that gives
 * it, which is where the spectrum is not steep and floats can hold it, else in double but for the rounding of the matrix. */
static void
large_matrices_keep_the_ranks_that_fits_read(void **state)
{
	enum { LARGE = 3000, RANKS = 500 };
	static const struct { const char *name; double (*value)(int64_t k), scale, allowed; } given[] = {
		{ "power law", power_law, 1, 1e-6 }, { "steep", steep, 1, 3e-8 }, { "huge", power_law, 1e30, 1e-10 } };
	(void)state;
	double *s = reals(LARGE), *w = reals(LARGE);
	for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
		for (int64_t k = 0; k < LARGE; k++)
			s[k] = given[i].scale * given[i].value(k);
		struct rmb_error error = { 0 };
		struct rmb_krylov how;
		double *a = with_spectrum(s, LARGE, LARGE, "side", "side"), worst = 0, off = 0;
		must(rmb_leading_eigenvalues(a, LARGE, LARGE, RMB_SOLVER_AUTO, false, 1, w, &how, &error), &error);
		for (int64_t k = 0; k < LARGE; k++) {
			off = fmax(off, fabs(w[k] - s[k]) / s[0]);
			worst = k < RANKS ? fmax(worst, fabs(w[k] / s[k] - 1)) : worst;
		}
		at_most(given[i].name, off, given[i].allowed);
		at_most("of themselves, to rank 500", worst, 1e-3);
	}
}

/* Nothing can be gained: not tried. And a matrix of zeros is nobody's. */
static void
what_cannot_pay_is_not_tried(void **state)
{
	(void)state;
	double *s = reals(N), *w = reals(N), *v = reals(N * N);
	for (int64_t k = 0; k < N; k++)
		s[k] = power_law(k);
	const float *a = narrow(with_spectrum(s, N, N, "side", "side"), N * N);
	struct rmb_error error = { 0 };
	struct rmb_krylov how;
	must(rmb_krylov_eigen(a, N, N / 2, 1, w, v, &how, &error), &error);
	assert_false(how.accepted);
	assert_int_equal(how.width, 0);
	must(rmb_krylov_eigen(narrow(reals(N * N), N * N), N, K, 1, w, v, &how, &error), &error);
	assert_false(how.accepted);
	assert_false(rmb_krylov_pays(N, K));
	assert_true(rmb_krylov_pays(10000, 1000));
	assert_false(rmb_krylov_pays(4000, 1000));
}

static void
bytes_do_not_depend_on_threads(void **state)
{
	(void)state;
	double *s = reals(N), *one = reals(2 * N), *many = reals(2 * N), *v1 = reals(K * N), *v2 = reals(K * N);
	for (int64_t k = 0; k < N; k++)
		s[k] = power_law(k);
	const float *a = narrow(with_spectrum(s, N, N, "side", "side"), N * N), *c = narrow(with_spectrum(s, N, N2, "one", "other"), N * N2);
	struct rmb_error error = { 0 };
	struct rmb_krylov how;
	must(rmb_krylov_eigen(a, N, K, 1, one, v1, &how, &error), &error);
	must(rmb_krylov_eigen(a, N, K, 5, many, v2, &how, &error), &error);
	assert_memory_equal(one, many, K * sizeof *one);
	assert_memory_equal(v1, v2, K * N * sizeof *v1);
	must(rmb_krylov_singular(c, N, N2, K, 1, one, v1, NULL, &how, &error), &error);
	must(rmb_krylov_singular(c, N, N2, K, 3, many, v2, NULL, &how, &error), &error);
	assert_memory_equal(one, many, K * sizeof *one);
	assert_memory_equal(v1, v2, K * N * sizeof *v1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(eigenvalues_are_right_or_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(singular_values_are_right_or_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_refusal_ends_in_the_exact_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(groups_of_equal_neurons_end_in_the_exact_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(large_matrices_keep_the_ranks_that_fits_read, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_pay_is_not_tried, setup, teardown),
		cmocka_unit_test_setup_teardown(bytes_do_not_depend_on_threads, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

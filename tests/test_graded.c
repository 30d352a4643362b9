/* Singular values by a graded Gram matrix in single precision, against those of the matrix in double. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "numeric/blas.h"
#include "numeric/graded.h"
#include "numeric/lapack.h"
#include "rumble/random.h"
#include "rumble/selftest.h"
#include "support/check.h"

enum { M = 560, N = 620 };

/* c[m][n]: `rank` terms that fall as rank^-steepness, the first `first` times as large, in random directions, and noise. */
static double *
planted(int64_t m, int64_t n, int64_t rank, double steepness, double first, double noise)
{
	struct rmb_stream stream = rmb_stream_named("graded");
	struct rmb_error error = { 0 };
	uint64_t drawn = 0;
	double *u = malloc((size_t)(rank * m) * sizeof *u), *v = malloc((size_t)(rank * n) * sizeof *v), *c = malloc((size_t)(m * n) * sizeof *c);
	for (int64_t k = 0; k < rank; k++) {
		double size = pow((double)(k + 1), -steepness) * (k == 0 ? first : 1);
		for (int64_t i = 0; i < m; i++)
			u[k * m + i] = size * rmb_random_normal(stream, drawn++);
		for (int64_t j = 0; j < n; j++)
			v[k * n + j] = rmb_random_normal(stream, drawn++);
	}
	for (int64_t i = 0; i < m * n; i++)
		c[i] = noise * rmb_random_normal(stream, drawn++);
	must(rmb_gemm_double(m, n, rank, (struct rmb_matrix){ u, m, true }, (struct rmb_matrix){ v, n, false }, 1, c, n, &error), &error);
	free(u);
	free(v);
	return c;
}

static void
ranks_to_500_keep_three_digits(void **state)
{
	(void)state;
	static const struct { int64_t m, n; double steepness, first, noise; } given[] = {
		{ M, N, 0.5, 1, 1 }, { M, N, 0.8, 1, 0.01 }, { N, M, 0.5, 10, 0.01 }, { M, M, 0.9, 1, 0.02 }, { M, N, 0.7, 3, 0.1 },
	};
	for (size_t g = 0; g < sizeof given / sizeof *given; g++) {
		struct rmb_error error = { 0 };
		double *c = planted(given[g].m, given[g].n, 540, given[g].steepness, given[g].first, given[g].noise), s[M], exact[M], worst = 0;
		bool accepted;
		must(rmb_graded_values(c, given[g].m, given[g].n, 2, s, &accepted, &error), &error);
		must(rmb_singular_values(c, given[g].m, given[g].n, exact, &error), &error);
		for (int64_t k = 0; k < 500; k++)
			worst = fmax(worst, fabs(s[k] / exact[k] - 1));
		printf("rank^-%g, first %g times, noise %g: rank 500 at %.1e of the first, %.1e off at most\n", given[g].steepness, given[g].first,
		       given[g].noise, exact[499] / exact[0], worst);
		assert_true(accepted);
		assert_true(worst <= 1e-3);
		for (int64_t k = 0; k < M; k++)
			assert_true(fabs(s[k] - exact[k]) <= 1e-4 * exact[0]);
		free(c);
	}
}

static void
what_it_cannot_resolve_it_refuses(void **state)
{
	(void)state;
	static const struct { const char *name; int64_t rank; double steepness, noise; } given[] = {
		{ "steep", 540, 2, 1e-6 }, { "400 terms and nothing else", 400, 0.8, 0 }, { "nothing", 1, 0, 0 },
	};
	for (size_t g = 0; g < sizeof given / sizeof *given; g++) {
		struct rmb_error error = { 0 };
		double *c = planted(M, N, given[g].rank, given[g].steepness, 1, given[g].noise), s[M];
		bool accepted = true;
		if (strcmp(given[g].name, "nothing") == 0)
			memset(c, 0, (size_t)M * N * sizeof *c);
		int rc = rmb_graded_values(c, M, N, 2, s, &accepted, &error);
		printf("%s: %s\n", given[g].name, accepted ? "accepted" : "refused");
		assert_int_equal(rc, 0);
		assert_false(accepted);
		free(c);
	}
}

/* Powers of two change no digit, and the number of threads no byte; what a float could not hold is no failure. */
static void
scale_and_threads_change_nothing(void **state)
{
	(void)state;
	struct rmb_error error = { 0 };
	double *c = planted(M, N, 540, 0.8, 1, 0.01), s[3][M];
	bool accepted[3];
	must(rmb_graded_values(c, M, N, 1, s[0], &accepted[0], &error), &error);
	must(rmb_graded_values(c, M, N, 3, s[1], &accepted[1], &error), &error);
	for (int64_t i = 0; i < M * N; i++)
		c[i] = ldexp(c[i], 300);
	must(rmb_graded_values(c, M, N, 2, s[2], &accepted[2], &error), &error);
	for (int64_t k = 0; k < M; k++)
		s[2][k] = ldexp(s[2][k], -300);
	assert_true(accepted[0] && accepted[1] && accepted[2]);
	assert_memory_equal(s[0], s[1], sizeof s[0]);
	assert_memory_equal(s[0], s[2], sizeof s[0]);
	c[5] = NAN;
	assert_int_equal(rmb_graded_values(c, M, N, 2, s[0], &accepted[0], &error), RMB_EDATA);
	assert_non_null(strstr(error.text, "singular values"));
	free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranks_to_500_keep_three_digits), cmocka_unit_test(what_it_cannot_resolve_it_refuses),
		cmocka_unit_test(scale_and_threads_change_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

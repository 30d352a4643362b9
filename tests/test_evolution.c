/* The evolutionary search on functions whose least value is known. Tolerances are what a normal law of that width can be
 * expected to reach. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "numeric/evolution.h"
#include "support/check.h"

typedef double function(const double *x, int n, uint64_t draw);

static double
bowl(const double *x, int n, uint64_t draw)
{
	double sum = 0;
	(void)draw;
	for (int i = 0; i < n; i++)
		sum += pow(10, i) * (x[i] - 0.1 * (i + 2)) * (x[i] - 0.1 * (i + 2));
	return sum;
}

/* The banana of Rosenbrock, in (2 u + 0.2, 2 v - 0.2): its bottom is at u = 0.4, v = 0.6. */
static double
banana(const double *x, int n, uint64_t draw)
{
	double sum = 0;
	(void)draw;
	for (int i = 0; i + 1 < n; i++)
		sum += 100 * pow(2 * x[i + 1] - 0.2 - pow(2 * x[i] + 0.2, 2), 2) + pow(0.8 - 2 * x[i], 2);
	return sum;
}

static double
noisy(const double *x, int n, uint64_t draw)
{
	struct rmb_stream stream = rmb_stream_named("noise of a test");
	return bowl(x, n, 0) + 0.01 * rmb_random_normal(stream, draw);
}

/* Least in a corner of the cube. */
static double
slope(const double *x, int n, uint64_t draw)
{
	double sum = 0;
	(void)draw;
	for (int i = 0; i < n; i++)
		sum += i % 2 ? x[i] : -x[i];
	return sum;
}

/* Nothing can be said of half of the cube. */
static double
broken(const double *x, int n, uint64_t draw)
{
	return x[0] > 0.5 ? NAN : bowl(x, n, draw);
}

/* Best point of all; NaN is worst. *width: that of the last generation. */
static double
find(function *f, int n, int population, int generations, const char *name, double *best, double *width)
{
	struct rmb_evolution e;
	double least = INFINITY;
	rmb_evolution_begin(&e, n, population, rmb_stream_named(name));
	for (int g = 0; g < generations; g++) {
		double value[RMB_EVOLUTION_POPULATION], x[RMB_EVOLUTION_NUMBERS];
		int order[RMB_EVOLUTION_POPULATION];
		for (int k = 0; k < population; k++) {
			rmb_evolution_point(&e, k, x);
			for (int i = 0; i < n; i++) {
				x[i] = rmb_evolution_fold(x[i]);
				assert_true(x[i] >= 0 && x[i] <= 1);
			}
			double v = f(x, n, (uint64_t)(g * population + k));
			value[k] = isnan(v) ? INFINITY : v;
			if (value[k] < least)
				least = value[k], memcpy(best, x, (size_t)n * sizeof *best);
			int at = k;
			for (; at > 0 && value[order[at - 1]] > value[k]; at--)
				order[at] = order[at - 1];
			order[at] = k;
		}
		rmb_evolution_learn(&e, order);
	}
	*width = rmb_evolution_width(&e);
	return least;
}

static void
places_beyond_the_cube_are_folded_into_it(void **state)
{
	(void)state;
	static const double pairs[][2] = { { 0, 0 }, { 0.25, 0.25 }, { 1, 1 }, { 1.25, 0.75 }, { -0.25, 0.25 }, { 2, 0 },
	                                   { 3.5, 0.5 }, { -1.75, 0.25 } };
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		assert_true(fabs(rmb_evolution_fold(pairs[i][0]) - pairs[i][1]) < 1e-15);
}

static void
a_bowl_is_found_in_one_to_ten_dimensions(void **state)
{
	(void)state;
	static const int sizes[] = { 1, 2, 3, 5 };
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		double best[RMB_EVOLUTION_NUMBERS], width;
		int n = sizes[s];
		double least = find(bowl, n, rmb_evolution_population(n), 60 * n + 40, "bowl", best, &width);
		printf("%d numbers: least value %.3g, width %.3g\n", n, least, width);
		for (int i = 0; i < n; i++)
			assert_true(fabs(best[i] - 0.1 * (i + 2)) < 1e-6);
		assert_true(width < 1e-6);
	}
	double best[RMB_EVOLUTION_NUMBERS], width;
	find(slope, 10, rmb_evolution_population(10), 400, "slope", best, &width);
	for (int i = 0; i < 10; i++)
		assert_true(fabs(best[i] - (i % 2 ? 0 : 1)) < 0.05);
}

static void
a_bent_valley_is_followed(void **state)
{
	(void)state;
	for (int seed = 0; seed < 5; seed++) {
		char name[24];
		double best[RMB_EVOLUTION_NUMBERS], width;
		snprintf(name, sizeof name, "banana %d", seed);
		double least = find(banana, 2, 8, 120, name, best, &width);
		printf("seed %d: least value %.3g at %.6f, %.6f\n", seed, least, best[0], best[1]);
		assert_true(least < 1e-6 && fabs(best[0] - 0.4) < 1e-3 && fabs(best[1] - 0.6) < 1e-3);
	}
}

static void
noise_and_missing_values_do_not_mislead(void **state)
{
	(void)state;
	double best[RMB_EVOLUTION_NUMBERS], width;
	/* noise of 0.01 hides the bowl within sqrt(0.01) of its bottom, of which the best of many points comes near by chance */
	find(noisy, 2, 12, 40, "noisy", best, &width);
	assert_true(fabs(best[0] - 0.2) < 0.25 && fabs(best[1] - 0.3) < 0.03);
	find(broken, 2, 8, 60, "broken", best, &width);
	assert_true(fabs(best[0] - 0.2) < 1e-3 && fabs(best[1] - 0.3) < 1e-4);
}

static void
a_search_is_a_function_of_stream_and_orders(void **state)
{
	(void)state;
	struct rmb_evolution a, b;
	int order[8] = { 3, 1, 2, 0, 7, 6, 5, 4 }, other[8] = { 1, 3, 2, 0, 7, 6, 5, 4 }, worse[8] = { 3, 1, 2, 0, 4, 5, 6, 7 };
	double x[2], y[2];
	for (int which = 0; which < 4; which++) { /* the same; the order of the worse half does not count; that of the better
		                                     half does; another stream */
		rmb_evolution_begin(&a, 2, 8, rmb_stream_named("a"));
		rmb_evolution_begin(&b, 2, 8, rmb_stream_named(which == 3 ? "b" : "a"));
		rmb_evolution_learn(&a, order);
		rmb_evolution_learn(&b, which == 1 ? worse : which == 2 ? other : order);
		rmb_evolution_point(&a, 5, x);
		rmb_evolution_point(&b, 5, y);
		assert_true((memcmp(x, y, sizeof x) == 0) == (which < 2));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_beyond_the_cube_are_folded_into_it),
		cmocka_unit_test(a_bowl_is_found_in_one_to_ten_dimensions),
		cmocka_unit_test(a_bent_valley_is_followed),
		cmocka_unit_test(noise_and_missing_values_do_not_mislead),
		cmocka_unit_test(a_search_is_a_function_of_stream_and_orders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

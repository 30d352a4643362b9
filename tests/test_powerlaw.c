/* Power-law fits: planted exponents, tails at rounding level, and what cannot be fitted. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "numeric/percentile.h"
#include "numeric/powerlaw.h"
#include "rumble/random.h"
#include "support/check.h"

enum { N = 1200 };
static const struct rmb_powerlaw_options usual = { .first = 11, .last = 500 };
static const struct rmb_powerlaw_options paper = { .first = 11, .last = 500, .modulus = true, .single_weights = true };

static void
plant(double *s, double alpha, double one)
{
	for (int k = 0; k < N; k++)
		s[k] = one * pow(k + 1, -alpha);
}

static struct rmb_powerlaw
fitted(const double *s, int64_t n, const struct rmb_powerlaw_options *options)
{
	struct rmb_error error = { 0 };
	struct rmb_powerlaw fit;
	if (rmb_powerlaw_fit(s, n, options, &fit, &error))
		fail_msg("%s", error.text);
	return fit;
}

static void
a_planted_exponent_is_found(void **state)
{
	(void)state;
	const double alphas[] = { 0, 0.7, 0.8, 1, 1.3, 2.5 };
	for (size_t i = 0; i < sizeof alphas / sizeof *alphas; i++) {
		double s[N];
		plant(s, alphas[i], 30);
		struct rmb_powerlaw fit = fitted(s, N, &usual), published = fitted(s, N, &paper);
		assert_true(fabs(fit.alpha - alphas[i]) < 1e-12 && fabs(fit.intercept - log(30)) < 1e-11);
		assert_true(fabs(published.alpha - fit.alpha) < 1e-9);
		assert_true(fit.used == 490 && fit.left_out == 0 && fit.last == 500);
		if (alphas[i] > 0)
			assert_true(fabs(fit.r_weighted + 1) < 1e-10);
	}
}

/* A factor moves the intercept by its logarithm and nothing else. */
static void
a_factor_leaves_the_exponent_alone(void **state)
{
	(void)state;
	double s[N], larger[N];
	struct rmb_stream stream = rmb_stream_named("noisy spectrum");
	plant(s, 0.8, 1);
	for (int k = 0; k < N; k++) {
		s[k] *= exp(0.1 * rmb_random_normal(stream, (uint64_t)k));
		larger[k] = 1e6 * s[k];
	}
	struct rmb_powerlaw a = fitted(s, N, &usual), b = fitted(larger, N, &usual);
	assert_true(fabs(a.alpha - b.alpha) < 1e-12 && fabs(b.intercept - a.intercept - log(1e6)) < 1e-10);
	assert_true(fabs(a.alpha - 0.8) < 0.02 && a.r_weighted < -0.98 && a.r_weighted > -1);
}

/* Least squares: weighted residuals are orthogonal to 1 and to ln rank. */
static void
residuals_are_orthogonal(void **state)
{
	(void)state;
	double s[N], one = 0, x = 0, size = 0;
	struct rmb_stream stream = rmb_stream_named("residuals");
	for (int k = 0; k < N; k++)
		s[k] = exp(rmb_random_normal(stream, (uint64_t)k)) / (k + 1);
	struct rmb_powerlaw fit = fitted(s, N, &usual);
	for (int rank = 11; rank <= 500; rank++) {
		double r = (log(s[rank - 1]) - fit.intercept + fit.alpha * log(rank)) / rank;
		one += r;
		x += r * log(rank);
		size += fabs(r) * log(rank);
	}
	assert_true(fabs(one) < 1e-13 * size && fabs(x) < 1e-13 * size);
}

/* Positive values at rounding level count as little as negative ones. */
static void
a_tail_at_rounding_level_is_left_out(void **state)
{
	(void)state;
	double s[N];
	plant(s, 0.8, 1);
	for (int k = 330; k < N; k++)
		s[k] = 1e-15 * (k % 2 ? 1 : -1) * (k % 7);
	struct rmb_powerlaw fit = fitted(s, N, &usual);
	assert_true(fabs(fit.alpha - 0.8) < 1e-12);
	assert_true(fit.used == 320 && fit.left_out == 170);
}

static void
a_short_spectrum_shortens_the_range(void **state)
{
	(void)state;
	double s[N];
	plant(s, 0.8, 1);
	struct rmb_powerlaw fit = fitted(s, 94, &usual);
	assert_true(fit.last == 94 && fit.used == 84 && fit.left_out == 0);
	assert_true(fabs(fit.alpha - 0.8) < 1e-12);
}

static void
what_cannot_be_fitted_says_why(void **state)
{
	(void)state;
	double s[N] = { 1 }, negative[N];
	struct rmb_powerlaw fit;
	struct rmb_error error = { 0 }, zero = { 0 }, nan = { 0 }, few = { 0 }, below = { 0 };
	assert_int_equal(rmb_powerlaw_fit(s, N, &usual, &fit, &error), RMB_EDATA);
	assert_non_null(strstr(error.text, "11..500"));
	assert_int_equal(rmb_powerlaw_fit(s, N, &paper, &fit, &zero), RMB_EDATA);
	assert_non_null(strstr(zero.text, "zero at rank 11"));
	assert_int_equal(rmb_powerlaw_fit(s, 11, &usual, &fit, &few), RMB_EDATA);
	for (int k = 0; k < N; k++)
		negative[k] = -1;
	assert_int_equal(rmb_powerlaw_fit(negative, N, &usual, &fit, &below), RMB_EDATA);
	s[7] = NAN;
	assert_int_equal(rmb_powerlaw_fit(s, N, &usual, &fit, &nan), RMB_EDATA);
	assert_non_null(strstr(nan.text, "rank 8"));
}

/* Fewer than two distinct ranks among the 100, or values that are all the same: no correlation, whatever rounding says. */
static void
a_correlation_of_one_rank_is_undefined(void **state)
{
	(void)state;
	double s[N], same[N];
	struct rmb_powerlaw_options range = paper;
	plant(s, 0.8, 1);
	plant(same, 0, 30);
	for (range.first = 1; range.first < 30; range.first++) {
		range.last = range.first + 1;
		assert_true(isnan(fitted(s, N, &range).r_paper));
		range.last = range.first + 3;
		assert_true(fitted(s, N, &range).r_paper < -0.99);
	}
	assert_true(isnan(fitted(same, N, &paper).r_paper) && isnan(fitted(same, N, &usual).r_weighted));
	assert_true(isnan(fitted(s, N, &usual).r_paper)); /* nobody asked */
}

/* The level is 1e-10 of the largest: a value above it counts. */
static void
the_level_of_rounding(void **state)
{
	(void)state;
	double s[] = { 1, 1e-2, 1e-4, 1.01e-10, 0.99e-10, 1e-10 };
	struct rmb_powerlaw fit = fitted(s, 6, &(struct rmb_powerlaw_options){ .first = 1, .last = 6 });
	assert_true(fit.used == 4 && fit.left_out == 2);
}

/* ln s = 3 - 0.8 x - 0.05 x^2, x = ln rank: the local exponent 0.8 + 0.1 x grows by 0.1 ln 10 over ten-fold ranks. */
static void
a_parabola_has_its_curvature(void **state)
{
	(void)state;
	double s[N], straight[N], larger[N];
	for (int k = 0; k < N; k++) {
		double x = log(k + 1);
		s[k] = exp(3 - 0.8 * x - 0.05 * x * x);
		larger[k] = 1e4 * s[k];
	}
	plant(straight, 0.8, 30);
	struct rmb_powerlaw bent = fitted(s, N, &usual), line = fitted(straight, N, &usual), scaled = fitted(larger, N, &usual);
	assert_true(fabs(bent.curvature - 0.1 * log(10)) < 1e-10);
	assert_true(fabs(line.curvature) < 1e-11 && line.standard_error < 1e-14 && fabs(line.r_squared - 1) < 1e-14);
	assert_true(bent.standard_error > 1e-4 && bent.r_squared < 1 && bent.r_squared > 0.99);
	assert_true(fabs(bent.r_squared - bent.r_weighted * bent.r_weighted) < 1e-12);
	assert_true(fabs(scaled.standard_error - bent.standard_error) < 1e-12 && fabs(scaled.curvature - bent.curvature) < 1e-10);
	assert_true(bent.components == N);
	struct rmb_powerlaw two = fitted(s, N, &(struct rmb_powerlaw_options){ .first = 3, .last = 4 });
	assert_true(isnan(two.standard_error) && isnan(two.curvature));
}

/* Residuals as regression takes them, independent with variance rank: their spread over draws is the standard error. */
static void
the_standard_error_is_the_spread_over_draws(void **state)
{
	(void)state;
	enum { DRAWS = 400 };
	double s[N], sum = 0, square = 0, error = 0;
	struct rmb_stream stream = rmb_stream_named("standard error");
	for (int d = 0; d < DRAWS; d++) {
		for (int k = 0; k < 500; k++)
			s[k] = exp(0.01 * sqrt(k + 1) * rmb_random_normal(stream, (uint64_t)(d * 500 + k)) - 0.8 * log(k + 1));
		struct rmb_powerlaw fit = fitted(s, 500, &usual);
		sum += fit.alpha / DRAWS;
		square += (fit.alpha - 0.8) * (fit.alpha - 0.8) / DRAWS;
		error += fit.standard_error / DRAWS;
	}
	double ratio = error / sqrt(square); /* the spread of 400 draws is known to 1 / sqrt(800) = 3.5 % */
	printf("standard error over spread: %.3f\n", ratio);
	assert_true(fabs(sum - 0.8) < 5 * error / sqrt(DRAWS) && fabs(ratio - 1) < 4 * 0.036);
}

static void
other_ranges_of_a_power_law_agree(void **state)
{
	(void)state;
	double s[N];
	int64_t rank[12];
	plant(s, 0.8, 30);
	assert_int_equal(rmb_log_spaced(5, 50, 8, rank), 8);
	const int64_t expected[] = { 5, 7, 10, 13, 19, 26, 36, 50 };
	for (int i = 0; i < 8; i++) {
		assert_int_equal(rank[i], expected[i]);
		assert_true(fabs(rmb_powerlaw_exponent(s, N, &usual, rank[i], 4 * rank[i]) - 0.8) < 1e-12);
		assert_true(isnan(rmb_powerlaw_exponent(s, N, &usual, rank[i], 4 * rank[i] - 1)));
	}
	assert_int_equal(rmb_log_spaced(1, 4, 12, rank), 4);
	assert_true(rank[0] == 1 && rank[3] == 4);
	assert_int_equal(rmb_log_spaced(7, 7, 12, rank), 1);
	assert_int_equal(rank[0], 7);
	assert_true(isnan(rmb_powerlaw_exponent(s, N, &usual, N + 1, 4 * N + 4)));
}

static void
stretches_cover_the_range(void **state)
{
	(void)state;
	for (int64_t first = 1; first < 40; first += 3)
		for (int64_t last = first + 1; last < 3000; last += last / 7 + 1) {
			int64_t end[RMB_STRETCHES], n = rmb_powerlaw_stretches(first, last, end), start = first;
			assert_true(n >= 1 && end[n - 1] == last);
			for (int64_t i = 0; i < n; start = end[i++] + 1) {
				assert_true(end[i] - start + 1 >= (last - first < 2 ? 2 : 3));
				assert_true(n == 1 || start < 12 || (double)end[i] / (double)start < 3);
			}
		}
	int64_t end[RMB_STRETCHES];
	assert_int_equal(rmb_powerlaw_stretches(11, 500, end), 5);
	assert_true(rmb_powerlaw_stretches(1, INT64_MAX / 2, end) <= RMB_STRETCHES);
}

static void
percentiles_lie_between_order_statistics(void **state)
{
	(void)state;
	double v[] = { 3, 1, 2, 10 };
	rmb_sort(v, 4);
	assert_true(v[0] == 1 && v[3] == 10);
	assert_true(rmb_percentile(v, 4, 0) == 1 && rmb_percentile(v, 4, 100) == 10 && rmb_percentile(v, 4, 50) == 2.5);
	assert_true(fabs(rmb_percentile(v, 4, 90) - 7.9) < 1e-12 && rmb_percentile(v, 1, 75) == 1 && isnan(rmb_percentile(v, 0, 50)));
}

static void
the_curve_is_one_at_rank_one(void **state)
{
	(void)state;
	double curve[4];
	rmb_powerlaw_curve(0.5, 4, curve);
	assert_true(curve[0] == 1 && fabs(curve[3] - 0.5) < 1e-15);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_planted_exponent_is_found), cmocka_unit_test(a_factor_leaves_the_exponent_alone),
		cmocka_unit_test(residuals_are_orthogonal), cmocka_unit_test(a_tail_at_rounding_level_is_left_out),
		cmocka_unit_test(a_short_spectrum_shortens_the_range), cmocka_unit_test(what_cannot_be_fitted_says_why),
		cmocka_unit_test(a_correlation_of_one_rank_is_undefined), cmocka_unit_test(the_level_of_rounding),
		cmocka_unit_test(the_curve_is_one_at_rank_one), cmocka_unit_test(a_parabola_has_its_curvature),
		cmocka_unit_test(the_standard_error_is_the_spread_over_draws), cmocka_unit_test(other_ranges_of_a_power_law_agree),
		cmocka_unit_test(stretches_cover_the_range), cmocka_unit_test(percentiles_lie_between_order_statistics),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

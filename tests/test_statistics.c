/* Statistics of few values: against scipy 1.10 (constants below), against slow enumeration, and the published table. */
#include <math.h>
#include <string.h>
#include "numeric/statistics.h"
#include "support/check.h"

/* scipy.stats.t.sf(t, freedom) */
static void
students_tail_is_that_of_scipy(void **state)
{
	(void)state;
	static const struct { double t, freedom, p; } known[] = {
		{ 0, 3, 0.5 }, { 0.5, 1, 0.35241638234956679 }, { 0.001, 4, 0.49962500007812499 }, { 2, 2.5, 0.078695747878982994 },
		{ 2.5, 5, 0.027245049671188102 }, { 12.3, 4, 0.00012548787052094832 }, { 40, 2, 0.0003122073360923703 },
		{ -1.7, 7, 0.93353555160872248 }, { 3, 1000, 0.0013833545221190939 }, { 6, 30, 6.9713843836023587e-07 } };
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		double p = rmb_student_tail(known[i].t, known[i].freedom);
		rmb_test_close("tail", &p, &known[i].p, 1, 1e-12);
	}
	assert_true(rmb_student_tail(INFINITY, 3) == 0 && rmb_student_tail(-INFINITY, 3) == 1);
}

/* Closed forms for one and two degrees of freedom; scipy.stats.t.isf(p, freedom), which is good to 1e-9. */
static void
students_quantile_is_known(void **state)
{
	(void)state;
	const struct { double p, freedom, t; } known[] = {
		{ 0.025, 1, tan(M_PI * 0.475) }, { 0.025, 2, 0.95 * sqrt(2 / (4 * 0.025 * 0.975)) }, { 0.025, 5, 2.5705818366147399 },
		{ 0.005, 12.5, 3.0324366521419663 }, { 0.25, 3, 0.76489232808089103 } };
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		double t = rmb_student_quantile(known[i].p, known[i].freedom);
		rmb_test_close("quantile", &t, &known[i].t, 1, i < 2 ? 1e-13 : 1e-9);
	}
}

/* Exponents of recordings and of their shuffles as the paper prints them. */
static const double v1[] = { .84, .79, .84, .78, .77, .79 }, v1_shuffled[] = { .50, .49, .55, .54, .52, .48 };
static const double ca1[] = { .51, .55, .53, .52 }, ca1_shuffled[] = { .43, .60, .41, .69 };
static const double probes[] = { .75, .75, .78 }, probes_shuffled[] = { .36, .42, .49 };

/* scipy.stats.ttest_rel(alternative='greater'), ttest_ind(equal_var=False); the printed p are 3.96e-06, 0.528, 0.00368. */
static void
t_tests_give_what_was_published(void **state)
{
	(void)state;
	struct { const double *x, *y; int64_t n; double t, p, printed; } known[] = {
		{ v1, v1_shuffled, 6, 18.764484601313761, 3.9579058617241808e-06, 3.96e-06 },
		{ ca1, ca1_shuffled, 4, -0.075882523611403449, 0.52785519132700376, 0.528 },
		{ probes, probes_shuffled, 3, 11.585494560463372, 0.0036840055878892635, 0.00368 } };
	for (int i = 0; i < 3; i++) {
		struct rmb_ttest one = rmb_paired_t(known[i].x, known[i].y, known[i].n, RMB_GREATER);
		struct rmb_ttest two = rmb_paired_t(known[i].x, known[i].y, known[i].n, RMB_TWO_SIDED);
		double both = 2 * fmin(known[i].p, 1 - known[i].p);
		rmb_test_close("t", &one.t, &known[i].t, 1, 1e-11);
		rmb_test_close("one-sided p", &one.p, &known[i].p, 1, 1e-11);
		rmb_test_close("two-sided p", &two.p, &both, 1, 1e-11);
		assert_true(fabs(one.p / known[i].printed - 1) < 2e-3);
	}
	static const struct { double t, p; } welch[] = { { 18.116344569753647, 1.0341915872064707e-07 },
	                                                 { 2.6036017102294502, 0.03690670995167971 } };
	struct rmb_ttest found[] = { rmb_welch_t(v1, 6, ca1, 4, RMB_TWO_SIDED), rmb_welch_t(v1, 6, probes, 3, RMB_TWO_SIDED) };
	for (int i = 0; i < 2; i++) {
		rmb_test_close("Welch's t", &found[i].t, &welch[i].t, 1, 1e-11);
		rmb_test_close("its p", &found[i].p, &welch[i].p, 1, 1e-10);
	}
	static const double same[] = { 1, 2, 3 }, one_more[] = { 2, 3, 4 };
	assert_true(rmb_paired_t(same, same, 3, RMB_TWO_SIDED).p == 1 && rmb_paired_t(one_more, same, 3, RMB_TWO_SIDED).p == 0);
}

static void
small_permutation_tests_are_exact(void **state)
{
	(void)state;
	struct rmb_stream stream = rmb_stream_named("exact");
	double difference[6], both[10];
	int64_t order[10];
	for (int i = 0; i < 6; i++)
		difference[i] = v1[i] - v1_shuffled[i];
	assert_true(rmb_sign_test(difference, 6, RMB_GREATER, stream) == 1. / 64 &&
	            rmb_sign_test(difference, 6, RMB_TWO_SIDED, stream) == 2. / 64);
	for (int i = 0; i < 4; i++)
		difference[i] = ca1[i] - ca1_shuffled[i]; /* 9 of the 16 sums are at least as large, counted by hand in sixteenths */
	assert_true(rmb_sign_test(difference, 4, RMB_GREATER, stream) == 9. / 16 && rmb_sign_test(difference, 4, RMB_TWO_SIDED, stream) == 1);
	memcpy(both, v1, sizeof v1);
	memcpy(both + 6, ca1, sizeof ca1); /* every V1 value is above every CA1 value: one choice of 210 */
	assert_true(rmb_choice_test(both, 10, 6, RMB_GREATER, stream, order) == 1. / 210);
	double few[] = { 1, 2, 4, 8 }; /* {1,2} against {4,8} and the reverse are the most extreme of 6 choices */
	assert_true(rmb_choice_test(few, 4, 2, RMB_TWO_SIDED, stream, order) == 2. / 6);
	double equal[] = { 0.1, 0.1, 0.1, 0.1, 0.1 };
	assert_true(rmb_choice_test(equal, 5, 2, RMB_TWO_SIDED, stream, order) == 1 && rmb_sign_test(few, 0, RMB_TWO_SIDED, stream) == 1);
}

/* Where not all arrangements are visited, p comes out as for the normal distribution that the sum then has. */
static void
large_permutation_tests_are_near_the_normal(void **state)
{
	(void)state;
	enum { MANY = 40 };
	double x[MANY], square = 0, sum = 0;
	int64_t order[MANY];
	struct rmb_stream values = rmb_stream_named("values"), draws = rmb_stream_named("draws");
	for (int i = 0; i < MANY; i++) {
		x[i] = 0.3 + rmb_random_normal(values, (uint64_t)i);
		sum += x[i], square += x[i] * x[i];
	}
	assert_false(rmb_signs_are_few(MANY) || rmb_choices_are_few(MANY, MANY / 2));
	double p = rmb_sign_test(x, MANY, RMB_GREATER, draws), normal = 0.5 * erfc(sum / sqrt(2 * square));
	assert_true(fabs(p - normal) < 0.01);
	struct rmb_ttest t = rmb_welch_t(x, MANY / 2, x + MANY / 2, MANY / 2, RMB_TWO_SIDED);
	assert_true(fabs(rmb_choice_test(x, MANY, MANY / 2, RMB_TWO_SIDED, draws, order) - t.p) < 0.02);
	for (int i = 0; i < MANY; i++)
		x[i] = 1 + i / 100.; /* nothing is as extreme: one in as many as were drawn, and itself */
	assert_true(rmb_sign_test(x, MANY, RMB_GREATER, draws) == 1. / (RMB_EXACT_MOST + 1));
}

static void
holm_takes_the_smallest_first(void **state)
{
	(void)state;
	double p[] = { 0.01, 0.04, 0.03, NAN, 0.005, 0.03 }, adjusted[6];
	static const double wanted[] = { 0.04, 0.09, 0.09, NAN, 0.025, 0.09 }; /* statsmodels multipletests(method='holm') */
	rmb_holm(p, 6, adjusted);
	rmb_test_close("Holm", adjusted, wanted, 6, 1e-15);
	double large[] = { 0.6, 0.7 };
	rmb_holm(large, 2, adjusted);
	assert_true(adjusted[0] == 1 && adjusted[1] == 1);
}

static void
ranks_and_stars(void **state)
{
	(void)state;
	static const double other[] = { 1, 2, 3, 3 };
	assert_true(rmb_rank_p(3, other, 4) == 3. / 5 && rmb_rank_p(4, other, 4) == 1. / 5 && rmb_rank_p(0, other, 4) == 1);
	assert_string_equal(rmb_stars(3.96e-6), "***");
	assert_string_equal(rmb_stars(0.00368), "**");
	assert_string_equal(rmb_stars(0.528), "n.s.");
	assert_string_equal(rmb_stars(NAN), "");
}

/* Of normal values the bootstrap's interval of the mean has the width of Student's, to what resampling leaves. */
static void
the_bootstrap_is_as_wide_as_students_interval(void **state)
{
	(void)state;
	enum { MANY = 400, DRAWS = 4000 };
	static double x[MANY], scratch[DRAWS];
	double low, high;
	for (int i = 0; i < MANY; i++)
		x[i] = rmb_random_normal(rmb_stream_named("bootstrap"), (uint64_t)i);
	rmb_bootstrap(x, MANY, NULL, 0, 0.95, DRAWS, rmb_stream_named("resamples"), scratch, &low, &high);
	double half = rmb_student_quantile(0.025, MANY - 1) * rmb_deviation(x, MANY) / sqrt(MANY), mean = rmb_mean(x, MANY);
	assert_true(fabs(low - (mean - half)) < 0.1 * half && fabs(high - (mean + half)) < 0.1 * half);
	struct rmb_ttest t = rmb_welch_t(x, MANY / 2, x + MANY / 2, MANY / 2, RMB_TWO_SIDED);
	rmb_bootstrap(x, MANY / 2, x + MANY / 2, MANY / 2, 0.95, DRAWS, rmb_stream_named("resamples"), scratch, &low, &high);
	half = rmb_student_quantile(0.025, t.freedom) * t.error;
	assert_true(fabs(low - (t.difference - half)) < 0.1 * half && fabs(high - (t.difference + half)) < 0.1 * half);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(students_tail_is_that_of_scipy),
		cmocka_unit_test(students_quantile_is_known),
		cmocka_unit_test(t_tests_give_what_was_published),
		cmocka_unit_test(small_permutation_tests_are_exact),
		cmocka_unit_test(large_permutation_tests_are_near_the_normal),
		cmocka_unit_test(holm_takes_the_smallest_first),
		cmocka_unit_test(ranks_and_stars),
		cmocka_unit_test(the_bootstrap_is_as_wide_as_students_interval),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Distances from replicates: their scale, exactness of ranks, Student's t for new values, intervals; and verdicts in words. */
#include <math.h>
#include <string.h>
#include "compare/verdict.h"
#include "numeric/likeness.h"
#include "numeric/statistics.h"
#include "support/check.h"

enum { MOST = 24, POINTS = 12 };

struct family { double value[MOST][POINTS]; const double *row[MOST]; };

/* Curves with a level of their own and noise at every point; element 0 is the one to compare. */
static struct rmb_likeness
draw(struct family *f, int n, int m, struct rmb_stream stream, uint64_t trial, double offset)
{
	for (int i = 0; i <= n; i++) {
		uint64_t at = (trial * MOST + (uint64_t)i) * (POINTS + 1);
		double level = rmb_random_normal(stream, at) + (i == 0 ? offset : 0);
		for (int j = 0; j < m; j++)
			f->value[i][j] = level + (1 + j) * 0.3 * rmb_random_normal(stream, at + 1 + (uint64_t)j);
		f->row[i] = f->value[i];
	}
	return (struct rmb_likeness){ n, m, f->row[0], f->row + 1 };
}

static void
one_more_replicate_is_at_distance_one(void **state)
{
	(void)state;
	struct rmb_stream stream = rmb_stream_named("distance one");
	static struct family f;
	static const int size[][2] = { { 23, 1 }, { 23, POINTS }, { 6, POINTS } };
	for (int c = 0; c < 3; c++) {
		double sum = 0;
		for (uint64_t trial = 0; trial < 1000; trial++) {
			struct rmb_likeness l = draw(&f, size[c][0], size[c][1], stream, trial, 0);
			double d = rmb_likeness_distance(&l);
			sum += d * d / 1000;
		}
		print_message("mean square distance of one of %d over %d points: %.3f\n", size[c][0], size[c][1], sum);
		assert_true(sum > 0.85 && sum < 1.35); /* the t's variance beyond the normal's, and what shrinking trades */
	}
}

static void
a_distance_by_hand(void **state)
{
	(void)state;
	static const double x[] = { 5, 1 }, a[] = { 1, 1 }, b[] = { 3, 1 };
	const double *row[] = { a, b };
	struct rmb_likeness number = { 2, 1, x, row }, curve = { 2, 2, x, row };
	/* mean 2, variance 2: off by 3; point 2 is the same everywhere, and the typical variance is that of point 1 */
	assert_true(fabs(rmb_likeness_distance(&number) - 3 / sqrt(2 * 1.5)) < 1e-14);
	assert_true(fabs(rmb_likeness_distance(&curve) - sqrt(9 / (2 * 1.5) / 2)) < 1e-14);
	struct rmb_likeness both[] = { number, curve };
	assert_true(fabs(rmb_likeness_joint(both, 2) - sqrt((3 + 1.5) / 2)) < 1e-14);
	const double *same[] = { a, a };
	struct rmb_likeness stuck = { 2, 1, x, same }, itself = { 2, 1, a, same };
	assert_true(rmb_likeness_distance(&stuck) == RMB_FARTHEST && rmb_likeness_distance(&itself) == 0);
}

/* Of 12 points one is off by a thousand spreads: it counts, but by its logarithm; a number counts in full. */
static void
a_wild_point_of_a_curve_does_not_decide(void **state)
{
	(void)state;
	static struct family f;
	struct rmb_likeness l = draw(&f, 20, POINTS, rmb_stream_named("wild"), 0, 0);
	double before = rmb_likeness_distance(&l);
	f.value[0][3] = 1000;
	double after = rmb_likeness_distance(&l);
	f.value[0][3] = 1e6;
	double wilder = rmb_likeness_distance(&l);
	assert_true(before < 2 && after > before && after < 4 && wilder > after && wilder < 6);
	l.m = 1, f.value[0][0] = 1000;
	assert_true(rmb_likeness_distance(&l) > 500);
}

/* Share of trials with p <= 0.05, by rank of 19 and by Student's t of 8. */
static void
tests_reject_the_true_family_as_often_as_they_say(void **state)
{
	(void)state;
	enum { TRIALS = 2000 };
	static struct family f;
	static const int points[] = { 1, POINTS };
	for (int c = 0; c < 2; c++) {
		int ranked = 0, normal = 0, power = 0;
		double score[MOST];
		const double *others[MOST];
		for (uint64_t trial = 0; trial < TRIALS; trial++) {
			struct rmb_likeness l = draw(&f, 19, points[c], rmb_stream_named("calibration"), trial, 0);
			rmb_likeness_scores(&l, 1, score, others);
			ranked += rmb_rank_p(rmb_likeness_distance(&l), score, 19) <= 0.05;
			l = draw(&f, 8, points[c], rmb_stream_named("calibration by t"), trial, 0);
			rmb_likeness_scores(&l, 0, score, others);
			normal += rmb_likeness_normal_p(&l, score) <= 0.05;
			l = draw(&f, 8, points[c], rmb_stream_named("power by t"), trial, 12);
			rmb_likeness_scores(&l, 0, score, others);
			power += rmb_likeness_normal_p(&l, score) <= 0.05;
		}
		print_message("%d points: ranked %.4f, by t %.4f, power %.3f\n", points[c], ranked / (double)TRIALS, normal / (double)TRIALS,
		              power / (double)TRIALS);
		assert_true(fabs(ranked / (double)TRIALS - 0.05) < 4 * sqrt(0.05 * 0.95 / TRIALS)); /* exact: 4 standard errors */
		assert_true(normal / (double)TRIALS < 0.08 && power / (double)TRIALS > 0.9);
	}
}

static void
intervals_hold_the_distance(void **state)
{
	(void)state;
	enum { DRAWS = 500 };
	static struct family f;
	static double distance[DRAWS];
	const double *others[2 * MOST];
	double low, high, wide_low, wide_high;
	struct rmb_likeness l[2] = { draw(&f, 20, POINTS, rmb_stream_named("interval"), 0, 6), { 0 } };
	l[1] = (struct rmb_likeness){ 20, 1, l[0].x, l[0].row };
	rmb_likeness_interval(l, 2, 0.5, DRAWS, rmb_stream_named("resamples"), distance, others, &low, &high);
	rmb_likeness_interval(l, 2, 0.95, DRAWS, rmb_stream_named("resamples"), distance, others, &wide_low, &wide_high);
	double d = rmb_likeness_joint(l, 2);
	assert_true(wide_low < low && low < high && high < wide_high && wide_low < d && d < wide_high);
}

/* In how many of TRIALS families an interval of 95 % holds the distance that a law known exactly gives: curves with z =
 * (offset, 0, ..., 0). */
static void
intervals_hold_the_true_distance_as_often_as_they_say(void **state)
{
	(void)state;
	enum { TRIALS = 300, DRAWS = 200, N = 19, NUMBERS = 6 };
	static double value[NUMBERS][N], distance[DRAWS], x[NUMBERS];
	const double *row[NUMBERS][N], *others[NUMBERS * N];
	struct rmb_stream stream = rmb_stream_named("coverage"), resamples = rmb_stream_named("coverage's resamples");
	for (int offset = 0; offset < 21; offset += 10) {
		int held = 0;
		for (uint64_t trial = 0; trial < TRIALS; trial++) {
			struct rmb_likeness l[NUMBERS];
			double square = 0, low, high;
			for (uint64_t c = 0; c < NUMBERS; c++) {
				uint64_t at = ((uint64_t)offset * TRIALS + trial) * NUMBERS * (N + 1) + c * (N + 1);
				x[c] = rmb_random_normal(stream, at + N) + (c == 0 ? offset : 0);
				square += x[c] * x[c] / NUMBERS;
				for (uint64_t i = 0; i < N; i++) {
					value[c][i] = rmb_random_normal(stream, at + i);
					row[c][i] = &value[c][i];
				}
				l[c] = (struct rmb_likeness){ N, 1, &x[c], row[c] };
			}
			rmb_likeness_interval(l, NUMBERS, 0.95, DRAWS, resamples, distance, others, &low, &high);
			held += low <= sqrt(square) && sqrt(square) <= high;
		}
		print_message("offset %d: held in %.3f\n", offset, held / (double)TRIALS);
		assert_true(held >= 0.90 * TRIALS && held <= 0.99 * TRIALS); /* 0.95 +- 4 standard errors of 0.0126 */
	}
}

/* Eleven points agree to a hundredth, one scatters by ten: being off by half at the others must not drown in its noise. */
static void
a_noisy_end_does_not_hide_the_rest_of_a_curve(void **state)
{
	(void)state;
	static struct family f;
	struct rmb_stream stream = rmb_stream_named("noisy end");
	for (int i = 0; i < 20; i++) {
		for (int j = 0; j < POINTS; j++)
			f.value[i][j] =
				(j == POINTS - 1 ? 10 : 0.01) * rmb_random_normal(stream, (uint64_t)(i * POINTS + j)) +
				(i == 0 && j < 3 ? 0.5 : 0);
		f.row[i] = f.value[i];
	}
	double d = rmb_likeness_distance(&(struct rmb_likeness){ 19, POINTS, f.row[0], f.row + 1 });
	assert_true(d > 3);
}

/* ---- verdicts */

static struct finding
finding_of(const char *family, double distance, double p, double attainable)
{
	return (struct finding){ "all", family, 19, NAN, NAN, NAN, NAN, NAN, distance, distance / 2, 2 * distance, p, p, attainable };
}

static void
assert_verdict(const struct finding *all, int n, const char *decision, const char *nearest, const char *sentence)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct finding table[8];
	for (int i = 0; i < n; i++) {
		table[2 * i] = all[i];
		table[2 * i].statistic = "alpha.exponent";
		table[2 * i + 1] = all[i];
	}
	struct verdict v = rmb_comparison_verdict(arena, table, n, 1, &(struct basis){ "krebs", 0.05, 0.95, 1 });
	assert_string_equal(v.decision, decision);
	assert_string_equal(v.nearest, nearest);
	if (!strstr(v.sentence, sentence))
		fail_msg("'%s' does not say '%s'", v.sentence, sentence);
	rmb_arena_free(arena);
}

static void
verdicts_say_no_more_than_they_know(void **state)
{
	(void)state;
	struct finding good = finding_of("symmetric", 0.9, 0.4, 0.05), bad = finding_of("shuffled", 123.4, 0.05, 0.05);
	struct finding also = finding_of("clustered", 1.5, 0.2, 0.05), few = finding_of("few", 0.5, 0.25, 0.25),
	               unknown = finding_of("new", NAN, NAN, NAN);
	assert_verdict((struct finding[]){ bad, good }, 2, "compatible", "symmetric",
	               "krebs is compatible with symmetric (distance 0.9, p = 0.4) alone: ruled out is shuffled (alpha.exponent, p = 0.05).");
	assert_verdict((struct finding[]){ good }, 1, "compatible", "symmetric", "symmetric (distance 0.9, p = 0.4), the only family compared.");
	assert_verdict((struct finding[]){ bad, good, also }, 3, "undecided", "symmetric",
	               "krebs is undecided between symmetric (distance 0.9, p = 0.4) and clustered (distance 1.5, p = 0.2), "
	               "nearest symmetric; ruled out is shuffled (alpha.exponent, p = 0.05).");
	/* ruled out, and nearer than the upper end of what is left */
	struct finding close = finding_of("partial", 1.6, 0.05, 0.05);
	assert_verdict((struct finding[]){ bad, good, close }, 3, "undecided", "symmetric",
	               "krebs is undecided: compatible with symmetric (distance 0.9, p = 0.4) alone, but about as near: "
	               "partial; ruled out are shuffled (alpha.exponent, p = 0.05) and partial (alpha.exponent, p = 0.05).");
	assert_verdict((struct finding[]){ bad }, 1, "none", "shuffled",
	               "krebs is like none of the families, nearest shuffled (distance 123): ruled out is shuffled (");
	assert_verdict((struct finding[]){ good, few }, 2, "undecided", "few",
	               "krebs is undecided: nothing can be concluded about few (distance 0.5, p = 0.25), for p below 0.05 "
	               "takes 19 replicates or more; compatible with symmetric (distance 0.9, p = 0.4).");
	assert_verdict((struct finding[]){ unknown }, 1, "undecided", "", "nothing can be concluded about new (nothing to compare)");
}

/* Ruled out by all together although no statistic does it alone; and beyond what any law is known for. */
static void
the_evidence_is_what_rules_a_family_out(void **state)
{
	(void)state;
	struct rmb_arena *arena = rmb_arena_new();
	struct finding table[] = { finding_of("latent", 2, 0.1, 0.05), finding_of("latent", 3, 0.05, 0.05),
	                           finding_of("lowrank", 9, 1e-9, 0), finding_of("lowrank", 9, 1e-9, 0) };
	table[0].statistic = table[2].statistic = "size.participation";
	struct verdict v = rmb_comparison_verdict(arena, table, 2, 1, &(struct basis){ "T1", 0.05, 0.95, 1 });
	assert_string_equal(v.sentence, "T1 is like none of the families, nearest latent (distance 3): ruled out are latent "
	                                "(all together, p = 0.05) and lowrank (size.participation, p below 1e-6).");
	assert_string_equal(v.basis,
	                    "By size.participation, ranked against 19 replicates a family (p = 0.05 is the least they "
	                    "allow), at a level of 0.05: a recording's own family is ruled out in 5 %, or somewhat more, for "
	                    "noise is matched. Distances are in units of the spread of a family's replicates, about 1 for "
	                    "one of them; intervals of 95 %.");
	rmb_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_more_replicate_is_at_distance_one),
		cmocka_unit_test(a_distance_by_hand),
		cmocka_unit_test(a_wild_point_of_a_curve_does_not_decide),
		cmocka_unit_test(tests_reject_the_true_family_as_often_as_they_say),
		cmocka_unit_test(intervals_hold_the_distance),
		cmocka_unit_test(intervals_hold_the_true_distance_as_often_as_they_say),
		cmocka_unit_test(a_noisy_end_does_not_hide_the_rest_of_a_curve),
		cmocka_unit_test(verdicts_say_no_more_than_they_know),
		cmocka_unit_test(the_evidence_is_what_rules_a_family_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Time reversal: closed forms of a rotation, pairs and halves by slow loops, and what noise does. */
#include <math.h>
#include <string.h>
#include "numeric/reversibility.h"
#include "rumble/random.h"
#include "support/check.h"

enum { K = 3, T = 401 };

/* A plane that turns by `turn` a step and decays by `decay`: C = decay R(turn), which is normal, so that all is known. */
static void
the_entropy_of_a_rotation_is_known(void **state)
{
	(void)state;
	static const double steps[] = { 0.3, 0.1, 0.001 };
	double entropy = 0;
	for (int i = 0; i < 3; i++) {
		double decay = exp(-0.6 * steps[i]), turn = 0.3 * steps[i];
		double c[] = { decay * cos(turn), -decay * sin(turn), decay * sin(turn), decay * cos(turn) };
		struct rmb_arena *arena = rmb_arena_new();
		struct rmb_error error = { 0 };
		assert_int_equal(rmb_step_entropy(c, c, c, 2, arena, &entropy, &error), 0);
		double expected = 4 * pow(decay * sin(turn), 2) / (1 - decay * decay);
		rmb_test_close("entropy of a step", &entropy, &expected, 1, 1e-12);
		double ratio = rmb_parts_product(c, c, 2, -1) / rmb_parts_product(c, c, 2, 1), tangent = pow(tan(turn), 2);
		rmb_test_close("tan^2 of the turn", &ratio, &tangent, 1, 1e-12);
		rmb_arena_free(arena);
	}
	/* Per neuron and time, in the limit of short steps: w^2 / (1 - a) for A = [a w; -w a], a = 0.4, w = 0.3 */
	assert_true(fabs(entropy / 2 / 0.001 - 0.15) < 1e-4);
}

static void
what_does_not_decay_has_no_entropy(void **state)
{
	(void)state;
	double c[] = { 1.01, 0, 0, 0.5 }, entropy;
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_error error = { 0 };
	assert_int_equal(rmb_step_entropy(c, c, c, 2, arena, &entropy, &error), 0);
	assert_true(isnan(entropy));
	rmb_arena_free(arena);
}

/* Mean of x(t + lag) x(t)' by loops over all pairs of frames that share a segment and lie in from..to-1. */
static void
slow_covariance(const double *x, const int64_t *segment, int64_t nsegments, int64_t lag, int64_t from, int64_t to, double *c)
{
	int64_t n = 0;
	memset(c, 0, K * K * sizeof *c);
	for (int64_t t = from; t + lag < to; t++) {
		bool joint = false;
		for (int64_t s = 0; s < nsegments; s++)
			joint |= segment[s] > t && segment[s] <= t + lag;
		if (joint)
			continue;
		n++;
		for (int i = 0; i < K; i++)
			for (int j = 0; j < K; j++)
				c[i * K + j] += x[i * T + t + lag] * x[j * T + t];
	}
	for (int i = 0; i < K * K; i++)
		c[i] /= (double)n;
}

static void
halves_and_joints_are_those_of_slow_loops(void **state)
{
	(void)state;
	static double x[K * T];
	static const int64_t segment[] = { 0, 150, 153, 260 };
	double c[3][K * K];
	for (int i = 0; i < K * T; i++)
		x[i] = (i < T ? 5 : 1) * rmb_random_normal(rmb_stream_named("courses"), (uint64_t)i);
	struct rmb_courses courses = { .nk = K, .nframes = T, .in_double = true, .x = x };
	for (int64_t lag = 1; lag <= 7; lag += 3) {
		struct rmb_arena *arena = rmb_arena_new();
		struct rmb_reversibility found;
		struct rmb_error error = { 0 };
		assert_int_equal(rmb_reversibility(&courses, false, 4, segment, lag, 2, arena, &found, &error), 0);
		slow_covariance(x, segment, 4, lag, 0, T, c[0]);
		slow_covariance(x, segment, 4, lag, 0, T / 2, c[1]);
		slow_covariance(x, segment, 4, lag, T / 2, T, c[2]);
		double expected[] = { rmb_parts_product(c[1], c[2], K, -1), rmb_parts_product(c[1], c[2], K, 1),
			sqrt(rmb_parts_product(c[0], c[0], K, -1) / rmb_parts_product(c[0], c[0], K, 1)) };
		double got[] = { found.odd, found.even, found.plain };
		rmb_test_close("odd, even and plain", got, expected, 3, 1e-12);
		assert_true(found.ratio == found.odd / found.even);
		rmb_arena_free(arena);
	}
}

static void
scaling_a_component_changes_nothing_once_whitened(void **state)
{
	(void)state;
	static double x[K * T];
	static const int64_t segment[] = { 0 };
	struct rmb_reversibility found[2];
	struct rmb_error error = { 0 };
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < K * T; i++)
			x[i] = (pass && i < T ? 50 : 1) * rmb_random_normal(rmb_stream_named("courses"), (uint64_t)i);
		struct rmb_courses courses = { .nk = K, .nframes = T, .in_double = true, .x = x };
		struct rmb_arena *arena = rmb_arena_new();
		assert_int_equal(rmb_reversibility(&courses, true, 1, segment, 2, 1, arena, &found[pass], &error), 0);
		rmb_arena_free(arena);
	}
	rmb_test_close("all of it", &found[0].odd, &found[1].odd, 4, 1e-11);
	rmb_test_close("entropy", &found[0].entropy, &found[1].entropy, 1, 1e-11);
}

static void
a_recording_without_pairs_is_refused(void **state)
{
	(void)state;
	static double x[K * 6];
	static const int64_t segment[] = { 0, 2, 4 };
	struct rmb_courses courses = { .nk = K, .nframes = 6, .in_double = true, .x = x };
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_reversibility found;
	struct rmb_error error = { 0 };
	assert_int_equal(rmb_reversibility(&courses, false, 3, segment, 2, 1, arena, &found, &error), RMB_EDATA);
	assert_non_null(strstr(error.text, "pairs of frames 2 apart are needed in each half of the recording"));
	rmb_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_entropy_of_a_rotation_is_known),
		cmocka_unit_test(what_does_not_decay_has_no_entropy),
		cmocka_unit_test(halves_and_joints_are_those_of_slow_loops),
		cmocka_unit_test(scaling_a_component_changes_nothing_once_whitened),
		cmocka_unit_test(a_recording_without_pairs_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Halves of the neurons and blocks of frames. */
#include <math.h>
#include <string.h>
#include "numeric/split.h"
#include "support/arena.h"

/* Every row in exactly one half. */
static void
assert_partition(const struct rmb_halves *halves, int64_t n)
{
	char seen[4096] = { 0 };
	assert_int_equal(halves->n1 + halves->n2, n);
	for (int64_t i = 0; i < halves->n1; i++)
		seen[halves->half1[i]]++;
	for (int64_t i = 0; i < halves->n2; i++)
		seen[halves->half2[i]]++;
	for (int64_t i = 0; i < n; i++)
		assert_int_equal(seen[i], 1);
}

/* Squares of 25 um: edges belong to the next square, negative positions go on in the same pattern, NaN is an odd stripe. */
static void
squares_alternate(void **state)
{
	(void)state;
	const struct { double x, y; int half; } places[] = {
		{ 0, 0, 1 }, { 24.9, 24.9, 1 }, { 25, 0, 2 }, { 0, 25, 2 }, { 25, 25, 1 }, { 50, 0, 1 }, { -1, 0, 2 }, { -25, 0, 2 },
		{ -26, 0, 1 }, { -1, -1, 1 }, { NAN, 0, 2 }, { NAN, 30, 1 }, { NAN, NAN, 1 },
	};
	enum { N = sizeof places / sizeof *places };
	double x[N], y[N];
	struct rmb_halves halves;
	struct rmb_error error = { 0 };
	for (int i = 0; i < N; i++) {
		x[i] = places[i].x;
		y[i] = places[i].y;
	}
	assert_int_equal(rmb_halves_checkerboard(arena, x, y, N, 25, &halves, &error), 0);
	assert_partition(&halves, N);
	for (int64_t i = 0; i < halves.n1; i++)
		assert_int_equal(places[halves.half1[i]].half, 1);
	for (int64_t i = 0; i < halves.n2; i++)
		assert_int_equal(places[halves.half2[i]].half, 2);
}

/* Probes know depth alone: strips. */
static void
one_axis_gives_strips(void **state)
{
	(void)state;
	double y[100];
	struct rmb_halves halves;
	struct rmb_error error = { 0 };
	for (int i = 0; i < 100; i++)
		y[i] = 20.0 * i;
	assert_int_equal(rmb_halves_checkerboard(arena, NULL, y, 100, 40, &halves, &error), 0);
	assert_partition(&halves, 100);
	assert_int_equal(halves.n1, 50);
	assert_true(halves.half1[0] == 0 && halves.half1[1] == 1 && halves.half2[0] == 2 && halves.half2[1] == 3);
}

static void
random_halves_are_the_same_for_the_same_stream(void **state)
{
	(void)state;
	struct rmb_halves a, b, c;
	struct rmb_error error = { 0 };
	assert_int_equal(rmb_halves_random(arena, rmb_stream_named("one"), 4000, &a, &error), 0);
	assert_int_equal(rmb_halves_random(arena, rmb_stream_named("one"), 4000, &b, &error), 0);
	assert_int_equal(rmb_halves_random(arena, rmb_stream_named("two"), 4000, &c, &error), 0);
	assert_partition(&a, 4000);
	assert_true(a.n1 == b.n1 && memcmp(a.half1, b.half1, (size_t)a.n1 * sizeof *a.half1) == 0);
	assert_true(a.n1 != c.n1 || memcmp(a.half1, c.half1, (size_t)a.n1 * sizeof *a.half1) != 0);
	assert_in_range(a.n1, 2000 - 160, 2000 + 160); /* five standard deviations */
}

static void
given_halves_are_checked(void **state)
{
	(void)state;
	const int64_t good[] = { 4, 0 }, high[] = { 1, 9 }, low[] = { -1, 2 }, twice[] = { 2, 2 }, shared[] = { 3, 4 };
	struct rmb_halves halves;
	struct rmb_error none = { 0 };
	assert_int_equal(rmb_halves_given(arena, good, 2, shared, 1, 9, &halves, &none), 0);
	assert_true(halves.n1 == 2 && halves.half1[0] == 4 && halves.n2 == 1 && halves.half2[0] == 3);
	const int64_t *wrong[] = { high, low, twice, shared };
	const char *says[] = { "neuron 9", "neuron -1", "neuron 2,", "neuron 4," };
	for (int i = 0; i < 4; i++) {
		struct rmb_error error = { 0 };
		assert_int_equal(rmb_halves_given(arena, good, 2, wrong[i], 2, 9, &halves, &error), RMB_EDATA);
		assert_non_null(strstr(error.text, says[i]));
	}
}

/* Blocks of any recording from the shortest on: in order, apart, inside. */
static void
blocks_never_touch(void **state)
{
	(void)state;
	for (int64_t nt = 16; nt < 3000; nt += nt < 300 ? 1 : 37) {
		struct rmb_time_split split;
		struct rmb_error error = { 0 };
		if (rmb_time_split_make(arena, nt, 0.25, 3, &split, &error))
			fail_msg("%d frames: %s", (int)nt, error.text);
		assert_int_equal(split.ntest + split.ntrain, split.nblocks);
		assert_true(split.start[0] == 0);
		for (int64_t i = 1; i < split.nblocks; i++)
			assert_true(split.start[i] > split.start[i - 1] + split.length);
		assert_int_equal(split.start[split.nblocks - 1] + split.length, nt - 5);
	}
}

static void
forty_blocks_have_the_published_labels(void **state)
{
	(void)state;
	const int64_t test[] = { 0, 3, 12, 15, 16, 17, 24, 29, 31, 33, 39 };
	struct rmb_time_split split;
	struct rmb_error error = { 0 };
	assert_int_equal(rmb_time_split_make(arena, 20000, 0.25, 3, &split, &error), 0);
	assert_true(split.nblocks == 40 && split.length == 497 && split.ntest == 11);
	for (int i = 0; i < 11; i++)
		assert_true(split.test[i].start == split.start[test[i]] && split.test[i].n == 497);
}

static void
too_few_frames_say_how_many_it_takes(void **state)
{
	(void)state;
	struct rmb_time_split split;
	struct rmb_error few = { 0 }, pad = { 0 }, none = { 0 };
	assert_int_equal(rmb_time_split_make(arena, 15, 0.25, 3, &split, &few), RMB_EDATA);
	assert_non_null(strstr(few.text, "testing: 15;"));
	assert_non_null(strstr(few.text, "16"));
	assert_int_equal(rmb_time_split_make(arena, 400, 0.25, 10, &split, &pad), RMB_EDATA);
	assert_non_null(strstr(pad.text, "smaller pad"));
	assert_int_equal(rmb_time_split_make(arena, 0, 0.25, 3, &split, &none), RMB_EDATA);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(squares_alternate, setup, teardown),
		cmocka_unit_test_setup_teardown(one_axis_gives_strips, setup, teardown),
		cmocka_unit_test_setup_teardown(random_halves_are_the_same_for_the_same_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(given_halves_are_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(blocks_never_touch, setup, teardown),
		cmocka_unit_test_setup_teardown(forty_blocks_have_the_published_labels, setup, teardown),
		cmocka_unit_test_setup_teardown(too_few_frames_say_how_many_it_takes, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

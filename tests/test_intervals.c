/* Intervals of time: joined, turned inside out and intersected, against a grid of points that asks each point by itself. */
#include <math.h>
#include <string.h>
#include "numeric/intervals.h"
#include "numeric/binning.h"
#include "rumble/random.h"
#include "rumble/recording.h"
#include "support/check.h"

enum { MOST = 12, GRID = 200 };

static bool
holds(const double *interval, int64_t n, double t)
{
	for (int64_t i = 0; i < n; i++)
		if (t >= interval[2 * i] && t < interval[2 * i + 1])
			return true;
	return false;
}

/* n intervals on whole numbers, in any order, overlapping as they like. */
static int64_t
draw(struct rmb_stream stream, uint64_t *at, double *interval)
{
	int64_t n = rmb_random_below(stream, (*at)++, MOST + 1);
	for (int64_t i = 0; i < n; i++) {
		interval[2 * i] = (double)rmb_random_below(stream, (*at)++, GRID - 1);
		interval[2 * i + 1] = interval[2 * i] + 1 + (double)rmb_random_below(stream, (*at)++, 30);
	}
	return n;
}

static void
assert_apart(const double *interval, int64_t n, bool may_touch)
{
	for (int64_t i = 0; i < n; i++) {
		assert_true(interval[2 * i] < interval[2 * i + 1]);
		assert_true(i == 0 || interval[2 * i] > interval[2 * i - 1] || (may_touch && interval[2 * i] == interval[2 * i - 1]));
	}
}

static void
joined_between_and_intersected_hold_the_right_points(void **state)
{
	struct rmb_stream stream = rmb_stream_named("intervals");
	uint64_t at = 0;
	(void)state;
	for (int round = 0; round < 2000; round++) {
		double a[2 * MOST], b[2 * MOST], before[2 * MOST], outside[2 * MOST + 2], both[4 * MOST];
		int64_t of[2 * MOST], n = draw(stream, &at, a), m = draw(stream, &at, b), given = n;
		memcpy(before, a, sizeof before);
		n = rmb_intervals_join(a, n);
		m = rmb_intervals_join(b, m);
		assert_apart(a, n, false);
		int64_t k = rmb_intervals_between(a, n, outside), nboth = rmb_intervals_intersect(a, n, b, m, both, of);
		assert_int_equal(k, n + 1);
		assert_apart(outside, k, false);
		assert_apart(both, nboth, true);
		for (double t = -1; t < GRID + 40; t += 0.5) {
			assert_int_equal(holds(a, n, t), holds(before, given, t));
			assert_int_equal(holds(outside, k, t), !holds(a, n, t));
			assert_int_equal(holds(both, nboth, t), holds(a, n, t) && holds(b, m, t));
		}
		for (int64_t i = 0; i < nboth; i++)
			assert_true(both[2 * i] >= a[2 * of[i]] && both[2 * i + 1] <= a[2 * of[i] + 1]);
	}
}

static void
lists_that_are_no_pairs_are_refused(void **state)
{
	static const double pairs[] = { 0, 1, 5, 7 }, backwards[] = { 0, 1, 7, 5 }, empty[] = { 3, 3 };
	const struct { struct rmb_reals list; int code; } cases[] = {
		{ { -1, NULL }, 0 }, { { 4, pairs }, 0 }, { { 2, pairs }, 0 }, { { 0, NULL }, RMB_ERECIPE }, { { 3, pairs }, RMB_ERECIPE },
		{ { 4, backwards }, RMB_ERECIPE }, { { 2, empty }, RMB_ERECIPE },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rmb_error error = { 0 };
		assert_int_equal(rmb_intervals_check("drop", &cases[i].list, &error), cases[i].code);
		assert_true(!cases[i].code || strstr(error.text, "`drop` must hold pairs"));
	}
}

/* Neuron 0 at 0, 1, 2, ..., 10 s, neuron 1 silent; observed to the last spike. */
static void
spikes_end_where_windows_end_but_for_the_last(void **state)
{
	static const double time[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, observed[] = { 0, 10 }, stated[] = { 1, 4, 4, 9 };
	static const double window[] = { -INFINITY, 2, 3, 6, 8, INFINITY };
	static const int64_t first[] = { 0, 11, 11 }, label[] = { 7, 8 };
	static const double want[] = { 0, 1, 3, 4, 5, 8, 9, 10 }, want_observed[] = { 0, 2, 3, 6, 8, 10 };
	static const double want_stated[] = { 1, 2, 3, 4, 4, 6, 8, 9 };
	static const int64_t want_state[] = { 7, 7, 8, 8 };
	struct rmb_spikes in = { .neurons = { .n = 2 }, .nspikes = 11, .time = time, .first = first, .nobserved = 1,
	                         .observed = observed, .nstates = 2, .stated = stated, .state = label }, out;
	struct rmb_error error = { 0 };
	struct rmb_arena *arena = rmb_arena_new();
	(void)state;
	assert_int_equal(rmb_spikes_window(arena, &in, window, 3, &out, &error), 0);
	assert_true(rmb_spikes_valid(&out, &error));
	assert_int_equal(out.nspikes, 8);
	assert_memory_equal(out.time, want, sizeof want);
	assert_int_equal(out.nobserved, 3);
	assert_memory_equal(out.observed, want_observed, sizeof want_observed);
	assert_int_equal(out.nstates, 4);
	assert_memory_equal(out.stated, want_stated, sizeof want_stated);
	assert_memory_equal(out.state, want_state, sizeof want_state);
	rmb_arena_free(arena);
}

static void
a_bin_has_the_state_that_covers_it(void **state)
{
	static const double epoch[] = { 0, 1, 1, 2.25, 2.5, 3, 3, 4 };
	static const int64_t label[] = { 5, 5, 5, 6 }, want[] = { 5, 5, 5, 5, -1, 5, 6, 6, -1 };
	struct rmb_bins run[] = { { 0, 0, 6 }, { 3, 6, 3 } };
	struct rmb_binning binning = { .width = 0.5, .nruns = 2, .run = run, .nbins = 9 };
	int64_t out[9];
	(void)state;
	rmb_bin_epochs(&binning, epoch, label, 4, out);
	assert_memory_equal(out, want, sizeof want);
	static const double near[] = { 0, 0.1 + 0.2, 0.1 + 0.2, 0.6 }; /* the edge is above 3 * 0.1 by rounding, that of the bin below it */
	static const int64_t two[] = { 0, 1 }, parted[] = { 0, 0, 0, 1, 1, 1 };
	struct rmb_bins thirds[] = { { 0, 0, 6 } };
	struct rmb_binning tenths = { .width = 0.3 / 3, .nruns = 1, .run = thirds, .nbins = 6 };
	rmb_bin_epochs(&tenths, near, two, 2, out);
	assert_memory_equal(out, parted, sizeof parted);
	binning.nearest = true; /* the first bin begins half a bin early */
	rmb_bin_epochs(&binning, epoch, label, 4, out);
	assert_int_equal(out[0], RMB_NO_STATE);
	assert_int_equal(out[1], 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joined_between_and_intersected_hold_the_right_points), cmocka_unit_test(lists_that_are_no_pairs_are_refused),
		cmocka_unit_test(spikes_end_where_windows_end_but_for_the_last), cmocka_unit_test(a_bin_has_the_state_that_covers_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

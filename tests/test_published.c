/* The published draws against printed numbers and the reference implementation: exactly. */
#include "numeric/published.h"
#include "support/check.h"
#include "support/golden.h"

enum { MOST = 4096 };

static void
the_generator_gives_its_first_words(void **state)
{
	static const uint32_t words[] = { 2357136044, 2546248239, 3071714933, 3626093760, 2588848963 };
	struct rmb_mt19937 generator;
	(void)state;
	rmb_mt19937_seed(&generator, 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(rmb_mt19937_next(&generator), words[i]);
	/* the 10,000th word of the seed everybody uses */
	rmb_mt19937_seed(&generator, 5489);
	for (int i = 1; i < 10000; i++)
		rmb_mt19937_next(&generator);
	assert_true(rmb_mt19937_next(&generator) == 4123659995);
}

static void
integers_are_masked_and_rejected(void **state)
{
	struct rmb_mt19937 a, b;
	(void)state;
	for (int64_t n = 1; n <= 70; n++) {
		rmb_mt19937_seed(&a, 3);
		rmb_mt19937_seed(&b, 3);
		uint32_t mask = 0, word = 0;
		while (mask < (uint32_t)n - 1)
			mask = mask << 1 | 1;
		for (int i = 0; i < 50; i++) {
			do
				word = n == 1 ? 0 : rmb_mt19937_next(&b) & mask;
			while (word >= (uint32_t)n);
			assert_int_equal(rmb_mt19937_below(&a, n), word);
		}
	}
	rmb_mt19937_seed(&a, 3);
	rmb_mt19937_seed(&b, 3);
	assert_int_equal(rmb_mt19937_below(&a, (int64_t)1 << 32), rmb_mt19937_next(&b));
}

static void
the_printed_labels_and_lags(void **state)
{
	const char *text = "0310333313120320002123320111101030312330";
	int64_t labels[40], lags[5];
	static const int64_t printed[] = { 179026, 155747, 108504, 31921, 131869 };
	(void)state;
	rmb_published_labels(rmb_published_segments(198623), rmb_published_classes(198623), labels);
	for (int i = 0; i < 40; i++)
		assert_int_equal(labels[i], text[i] - '0');
	rmb_published_lags(198623, 5, lags);
	assert_memory_equal(lags, printed, sizeof printed);
	assert_true(rmb_published_classes(15) == 0 && rmb_published_classes(16) == 4 && rmb_published_segments(61) == 15);
}

static void
one_split(const struct golden_case *golden)
{
	int64_t n, labels[40];
	int64_t *expected = golden_expected_ints(golden, "label", &n);
	int64_t nframes = golden_recording(golden).nframes;
	assert_int_equal(n, rmb_published_segments(nframes));
	rmb_published_labels(n, rmb_published_classes(nframes), labels);
	assert_memory_equal(labels, expected, (size_t)n * sizeof *labels);
}

static void
one_shuffle(const struct golden_case *golden)
{
	int64_t n = (int64_t)golden_number(golden, "n", 0), nframes = (int64_t)golden_number(golden, "t", 0), count;
	int64_t order[MOST], shifts[MOST], lags[500];
	struct rmb_mt19937 generator;
	assert_true(n > 0 && n <= MOST);
	int64_t *expected = golden_expected_ints(golden, "lags", &count);
	assert_int_equal(count, 500);
	rmb_published_lags(nframes, 500, lags);
	assert_memory_equal(lags, expected, sizeof lags);
	expected = golden_expected_ints(golden, "first_members", &count);
	assert_int_equal(count, n / 2);
	rmb_mt19937_seed(&generator, 0);
	rmb_mt19937_permutation(&generator, n, order);
	assert_memory_equal(order, expected, (size_t)count * sizeof *order);
	expected = golden_expected_ints(golden, "shifts", &count);
	assert_int_equal(count, n);
	rmb_published_shifts(n, nframes, 500, order, shifts);
	assert_memory_equal(shifts, expected, (size_t)n * sizeof *shifts);
}

static void
labels_of_every_golden_split(void **state)
{
	(void)state;
	assert_true(golden_each("split", one_split) >= 3);
}

static void
shifts_of_every_golden_shuffle(void **state)
{
	(void)state;
	assert_true(golden_each("publishedshifts", one_shuffle) >= 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_generator_gives_its_first_words),
		cmocka_unit_test(integers_are_masked_and_rejected),
		cmocka_unit_test(the_printed_labels_and_lags),
		cmocka_unit_test(labels_of_every_golden_split),
		cmocka_unit_test(shifts_of_every_golden_shuffle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Random streams: the published answer of the generator, ranges without bias, and nothing but the name and the number count. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rumble/random.h"
#include "support/check.h"

static void
philox_gives_its_known_answer(void **state)
{
	struct rmb_stream zero = { { 0, 0 }, { 0, 0 } };
	(void)state;
	assert_true(rmb_random_bits(zero, 0) == 0xe169c58d6627e8d5); /* words 0 and 1; Box-Muller takes 2 and 3 too */
	double u = (double)(0xe169c58d6627e8d5 >> 11) * 0x1p-53, v = (double)(0x9b00dbd8bc57ac4c >> 11) * 0x1p-53;
	assert_true(rmb_random_normal(zero, 0) == sqrt(-2 * log(1 - u)) * cos(2 * M_PI * v));
	assert_true(rmb_random_uniform(zero, 0) == u);
}

static void
streams_are_their_names(void **state)
{
	struct rmb_stream a = rmb_stream_named("shifts"), b = rmb_stream_named("shifts"), c = rmb_stream_named("shiftt");
	(void)state;
	assert_memory_equal(&a, &b, sizeof a);
	assert_memory_not_equal(&a, &c, sizeof a);
	/* SHA-256 of "abc" begins ba7816bf 8f01cfea 414140de 5dae2223; words are little-endian */
	struct rmb_stream abc = rmb_stream_named("abc");
	assert_true(abc.key[0] == 0xbf1678ba && abc.key[1] == 0xeacf018f && abc.high[0] == 0xde404141 && abc.high[1] == 0x2322ae5d);
	for (uint64_t i = 0; i < 100; i++)
		assert_true(rmb_random_bits(a, i) != rmb_random_bits(c, i) &&
		            rmb_random_bits(a, i) != rmb_random_bits(a, i + ((uint64_t)1 << 32)));
}

static void
integers_below_n_are_in_range_and_even(void **state)
{
	struct rmb_stream stream = rmb_stream_named("dice");
	enum { N = 7, DRAWS = 70000 };
	int64_t count[N] = { 0 };
	(void)state;
	for (uint64_t i = 0; i < DRAWS; i++) {
		int64_t k = rmb_random_below(stream, i, N);
		assert_true(k >= 0 && k < N);
		count[k]++;
	}
	double chi2 = 0;
	for (int k = 0; k < N; k++)
		chi2 += pow((double)count[k] - DRAWS / N, 2) / (DRAWS / N);
	assert_true(chi2 < 27.9); /* 6 degrees of freedom: exceeded once in 10,000 streams, and this stream is fixed */
	/* n = 2/5 of 2^64: a fifth of all tries is rejected; a mere remainder would favour the lower half */
	int64_t n = 7378697629483820646, low = 0;
	for (uint64_t i = 0; i < 10000; i++) {
		int64_t k = rmb_random_below(stream, i, n);
		assert_true(k >= 0 && k < n && k == rmb_random_below(stream, i, n));
		low += k < n / 3;
	}
	assert_true(labs(low - 3333) < 4 * 48); /* four standard errors; it would be 4,000 by remainder */
	assert_int_equal(rmb_random_below(stream, 5, 1), 0);
}

static void
permutations_hold_everyone_once(void **state)
{
	enum { N = 1000 };
	int64_t order[N], seen[N] = { 0 }, fixed = 0;
	(void)state;
	rmb_random_permutation(rmb_stream_named("order"), N, order);
	for (int i = 0; i < N; i++) {
		assert_true(order[i] >= 0 && order[i] < N && !seen[order[i]]++);
		fixed += order[i] == i;
	}
	assert_true(fixed < 8);
	/* all 6 orders of 3 are about as frequent */
	int64_t count[27] = { 0 };
	for (int i = 0; i < 6000; i++) {
		char name[32];
		snprintf(name, sizeof name, "order %d", i);
		rmb_random_permutation(rmb_stream_named(name), 3, order);
		count[order[0] * 9 + order[1] * 3 + order[2]]++;
	}
	for (int i = 0; i < 27; i++)
		assert_true(count[i] == 0 || labs(count[i] - 1000) < 5 * 29);
}

static void
normals_and_uniforms_have_their_moments(void **state)
{
	enum { N = 100000 };
	struct rmb_stream stream = rmb_stream_named("noise");
	double m[5] = { 0 }, u1 = 0, u2 = 0;
	(void)state;
	for (uint64_t i = 0; i < N; i++) {
		double z = rmb_random_normal(stream, i), u = rmb_random_uniform(stream, i);
		assert_true(isfinite(z) && u >= 0 && u < 1);
		for (int k = 1; k <= 4; k++)
			m[k] += pow(z, k) / N;
		u1 += u / N;
		u2 += u * u / N;
	}
	/* five standard errors each */
	assert_true(fabs(m[1]) < 5 * sqrt(1. / N) && fabs(m[2] - 1) < 5 * sqrt(2. / N) && fabs(m[3]) < 5 * sqrt(15. / N) &&
	            fabs(m[4] - 3) < 5 * sqrt(96. / N));
	assert_true(fabs(u1 - 0.5) < 5 * sqrt(1. / 12 / N) && fabs(u2 - 1. / 3) < 5 * sqrt(4. / 45 / N));
}

/* By the definition: words of a Philox block in pairs, radius from the first, angle from the second with its quadrant on top. */
static void
check_pair(uint64_t bits, double x, double y)
{
	double u = ((double)(uint32_t)bits + 0.5) * 0x1p-32, radius = sqrt(-2 * log(u)), angle = M_PI_2 * (double)(bits >> 62);
	angle += M_PI_2 * 0x1p-30 * (double)((int32_t)(uint32_t)((bits >> 32) << 2) >> 2);
	/* polynomials in single precision; u has 24 bits, so that small radii are uncertain by 2^-12 */
	assert_true(fabs(x - radius * cos(angle)) < 2e-6 * fmax(1, radius) + 0x1p-24 / fmax(radius, 0x1p-12));
	assert_true(fabs(y - radius * sin(angle)) < 2e-6 * fmax(1, radius) + 0x1p-24 / fmax(radius, 0x1p-12));
}

static void
normals_by_the_thousand_are_what_they_say(void **state)
{
	enum { N = 4000, LANES = 32 };
	struct rmb_stream stream = rmb_stream_named("many");
	float all[N], some[N];
	(void)state;
	rmb_random_normals(stream, 0, N, all);
	for (uint64_t i = 0; i + 4 * LANES <= N; i += 4 * LANES)
		for (uint64_t l = 0; l < LANES; l++)
			check_pair(rmb_random_bits(stream, i / 4 + l), (double)all[i + l], (double)all[i + LANES + l]);
	/* number i is number i, wherever one begins */
	for (int64_t first = 1; first < 300; first += 37)
		for (int64_t n = 0; n < 400; n += 61) {
			memset(some, 0, sizeof some);
			rmb_random_normals(stream, (uint64_t)first, n, some);
			assert_memory_equal(some, all + first, (size_t)n * sizeof *some);
			assert_true(some[n] == 0);
		}
	/* far out in the stream, across 2^32 blocks */
	rmb_random_normals(stream, ((uint64_t)1 << 34) - 128, 256, all);
	check_pair(rmb_random_bits(stream, (uint64_t)1 << 32), (double)all[128], (double)all[160]);
}

static int
ascending(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

static void
normals_by_the_thousand_are_normal(void **state)
{
	enum { N = 2000000, MOMENTS = 6 };
	static const double expected[MOMENTS + 1] = { 1, 0, 1, 0, 3, 0, 15 }, variance[MOMENTS + 1] = { 0, 1, 2, 15, 96, 945, 10170 };
	float *z = malloc(N * sizeof *z);
	double m[MOMENTS + 1] = { 0 }, tail[6] = { 0 }, lagged[4] = { 0 }, apart = 0;
	static const int lag[4] = { 1, 32, 64, 128 }; /* neighbours, and the numbers that share a block */
	(void)state;
	assert_non_null(z);
	rmb_random_normals(rmb_stream_named("normals"), 77, N, z);
	for (int i = 0; i < N; i++) {
		double x = (double)z[i], power = 1;
		for (int k = 1; k <= MOMENTS; k++)
			m[k] += (power *= x) / N;
		for (int k = 1; k <= 5; k++)
			tail[k] += fabs(x) > k;
		for (int l = 0; l < 4 && i >= lag[l]; l++)
			lagged[l] += x * (double)z[i - lag[l]] / N;
	}
	/* five standard errors each; of the tails, whose counts are Poisson where they are few */
	for (int k = 1; k <= MOMENTS; k++)
		if (!(fabs(m[k] - expected[k]) < 5 * sqrt(variance[k] / N)))
			fail_msg("moment %d is %g", k, m[k]);
	for (int k = 1; k <= 5; k++)
		if (!(fabs(tail[k] - N * erfc(k / sqrt(2))) < 5 * sqrt(N * erfc(k / sqrt(2)) + 1)))
			fail_msg("%g beyond %d", tail[k], k);
	for (int l = 0; l < 4; l++)
		assert_true(fabs(lagged[l]) < 5 / sqrt(N));
	/* Kolmogorov's distance, exceeded once in a thousand */
	qsort(z, N, sizeof *z, ascending);
	for (int i = 0; i < N; i++)
		apart = fmax(apart, fabs((i + 0.5) / N - 0.5 * erfc(-(double)z[i] / sqrt(2))));
	assert_true(apart < 1.95 / sqrt(N));
	free(z);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(philox_gives_its_known_answer),
		cmocka_unit_test(streams_are_their_names),
		cmocka_unit_test(integers_below_n_are_in_range_and_even),
		cmocka_unit_test(permutations_hold_everyone_once),
		cmocka_unit_test(normals_and_uniforms_have_their_moments),
		cmocka_unit_test(normals_by_the_thousand_are_what_they_say),
		cmocka_unit_test(normals_by_the_thousand_are_normal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

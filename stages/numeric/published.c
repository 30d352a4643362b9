#include "numeric/published.h"
#include <stdlib.h>

enum { WORDS = 624, MIDDLE = 397 };

void
rmb_mt19937_seed(struct rmb_mt19937 *generator, uint32_t seed)
{
	uint32_t *s = generator->state;
	s[0] = seed;
	for (uint32_t i = 1; i < WORDS; i++)
		s[i] = 1812433253u * (s[i - 1] ^ s[i - 1] >> 30) + i;
	generator->used = WORDS;
}

static void
refill(struct rmb_mt19937 *generator)
{
	uint32_t *s = generator->state;
	for (int i = 0; i < WORDS; i++) {
		uint32_t y = (s[i] & 0x80000000u) | (s[(i + 1) % WORDS] & 0x7fffffffu);
		s[i] = s[(i + MIDDLE) % WORDS] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
	}
	generator->used = 0;
}

uint32_t
rmb_mt19937_next(struct rmb_mt19937 *generator)
{
	if (generator->used == WORDS)
		refill(generator);
	uint32_t y = generator->state[generator->used++];
	y ^= y >> 11;
	y ^= y << 7 & 0x9d2c5680u;
	y ^= y << 15 & 0xefc60000u;
	return y ^ y >> 18;
}

int64_t
rmb_mt19937_below(struct rmb_mt19937 *generator, int64_t n)
{
	if (n < 1 || n > (int64_t)1 << 32) /* no such number: a loop that cannot end, were it let in */
		abort();
	uint64_t mask = (uint64_t)n - 1, value = 0;
	for (int shift = 1; shift < 64; shift *= 2)
		mask |= mask >> shift;
	while (n > 1 && (value = rmb_mt19937_next(generator) & mask) >= (uint64_t)n)
		continue;
	return (int64_t)value;
}

void
rmb_mt19937_permutation(struct rmb_mt19937 *generator, int64_t n, int64_t *order)
{
	for (int64_t i = 0; i < n; i++)
		order[i] = i;
	for (int64_t i = 0; i + 1 < n; i++) {
		int64_t j = i + rmb_mt19937_next(generator) % (n - i), swap = order[i];
		order[i] = order[j];
		order[j] = swap;
	}
}

int64_t
rmb_published_segments(int64_t nframes)
{
	return nframes / RMB_PUBLISHED_LEAST < RMB_PUBLISHED_MOST ? nframes / RMB_PUBLISHED_LEAST : RMB_PUBLISHED_MOST;
}

int64_t
rmb_published_classes(int64_t nframes)
{
	int64_t nsegments = rmb_published_segments(nframes), ntest = nsegments / 4;
	return ntest ? nsegments / ntest : 0;
}

void
rmb_published_labels(int64_t nsegments, int64_t nclasses, int64_t *labels)
{
	struct rmb_mt19937 generator;
	rmb_mt19937_seed(&generator, 0);
	for (int64_t i = 0; i < nsegments; i++)
		labels[i] = rmb_mt19937_below(&generator, nclasses);
}

/* The time split's generator, seed 0, after its draws: where the lags begin. */
static void
seed_lags(struct rmb_mt19937 *generator, int64_t nframes)
{
	rmb_mt19937_seed(generator, 0);
	for (int64_t i = 0; i < rmb_published_segments(nframes); i++)
		rmb_mt19937_below(generator, rmb_published_classes(nframes));
}

void
rmb_published_lags(int64_t nframes, int64_t rounds, int64_t *lags)
{
	struct rmb_mt19937 generator;
	seed_lags(&generator, nframes);
	for (int64_t j = 0; j < rounds; j++)
		lags[j] = rmb_mt19937_below(&generator, nframes);
}

void
rmb_published_shifts(int64_t nneurons, int64_t nframes, int64_t rounds, int64_t *order, int64_t *shifts)
{
	struct rmb_mt19937 members, lags;
	rmb_mt19937_seed(&members, 0);
	seed_lags(&lags, nframes);
	for (int64_t i = 0; i < nneurons; i++)
		shifts[i] = 0;
	for (int64_t j = 0; j < rounds; j++) {
		rmb_mt19937_permutation(&members, nneurons, order);
		int64_t lag = rmb_mt19937_below(&lags, nframes);
		for (int64_t i = 0; i < nneurons / 2; i++)
			shifts[order[i]] = (shifts[order[i]] + lag) % nframes;
	}
}

#include "rumble/random.h"
#include <assert.h>
#include <math.h>
#include <string.h>
#include <Random123/philox.h>
#include "rumble/hash.h"

/* One Philox block, 128 bits: counter = (i, high), key. */
static philox4x32_ctr_t
block(struct rmb_stream stream, uint64_t i)
{
	philox4x32_ctr_t counter = { { (uint32_t)i, (uint32_t)(i >> 32), stream.high[0], stream.high[1] } };
	philox4x32_key_t key = { { stream.key[0], stream.key[1] } };
	return philox4x32_R(10, counter, key);
}

static uint64_t
join(uint32_t low, uint32_t high)
{
	return (uint64_t)high << 32 | low;
}

/* 53 bits as a number in [0, 1). */
static double
fraction(uint64_t bits)
{
	return (double)(bits >> 11) * 0x1p-53;
}

struct rmb_stream
rmb_stream_named(const char *name)
{
	unsigned char digest[32];
	uint32_t word[4];
	rmb_sha256_bytes(name, strlen(name), digest);
	for (int i = 0; i < 4; i++)
		word[i] = (uint32_t)digest[4 * i] | (uint32_t)digest[4 * i + 1] << 8 | (uint32_t)digest[4 * i + 2] << 16 |
		          (uint32_t)digest[4 * i + 3] << 24;
	return (struct rmb_stream){ .key = { word[0], word[1] }, .high = { word[2], word[3] } };
}

uint64_t
rmb_random_bits(struct rmb_stream stream, uint64_t i)
{
	philox4x32_ctr_t b = block(stream, i);
	return join(b.v[0], b.v[1]);
}

double
rmb_random_uniform(struct rmb_stream stream, uint64_t i)
{
	return fraction(rmb_random_bits(stream, i));
}

int64_t
rmb_random_below(struct rmb_stream stream, uint64_t i, int64_t n)
{
	assert(n > 0);
	uint64_t range = (uint64_t)n, surplus = (0 - range) % range; /* 2^64 mod n */
	uint64_t bits = rmb_random_bits(stream, i);
	while (bits < surplus) {
		stream.high[1]++; /* another try at the same i: a neighbouring name */
		bits = rmb_random_bits(stream, i);
	}
	return (int64_t)(bits % range);
}

double
rmb_random_normal(struct rmb_stream stream, uint64_t i)
{
	philox4x32_ctr_t b = block(stream, i);
	double radius = sqrt(-2 * log(1 - fraction(join(b.v[0], b.v[1])))); /* 1 - u lies in (0, 1] */
	return radius * cos(2 * M_PI * fraction(join(b.v[2], b.v[3])));
}

void
rmb_random_permutation(struct rmb_stream stream, int64_t n, int64_t *permutation)
{
	for (int64_t i = 0; i < n; i++)
		permutation[i] = i;
	for (int64_t i = 0; i < n; i++) {
		int64_t j = i + rmb_random_below(stream, (uint64_t)i, n - i), swap = permutation[i];
		permutation[i] = permutation[j];
		permutation[j] = swap;
	}
}

bool
rmb_draws_always(const void *settings)
{
	(void)settings;
	return true;
}

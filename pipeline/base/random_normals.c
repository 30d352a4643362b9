/* pipeline/base/random_normals.c -- standard normals by the thousand.
 *
 * Samplers of networks ask for 10^8 normals and more, one at a time they would cost more than the matrix products. Here GROUP
 * of them are made at once in loops over LANES that compilers turn into vectors: one Philox block gives four words, each pair
 * of words by Box and Muller's transform two normals. Logarithm, sine and cosine are polynomials in single precision, with no
 * operation whose rounding depends on the width of a vector: the same bytes on every machine. */
#include <math.h>
#include <string.h>
#include "rumble/processor.h"
#include "rumble/random.h"

#define INSIDE static inline __attribute__((always_inline))

enum { LANES = 32, WORDS = 4, GROUP = LANES * WORDS };

/* Philox 4x32-10 (Salmon et al. 2011) of blocks first .. first + LANES - 1: word[w][lane]. */
INSIDE void
blocks(struct rmb_stream stream, uint64_t first, uint32_t word[WORDS][LANES])
{
	uint32_t key0 = stream.key[0], key1 = stream.key[1];
	for (int l = 0; l < LANES; l++) {
		uint64_t i = first + (uint64_t)l;
		word[0][l] = (uint32_t)i;
		word[1][l] = (uint32_t)(i >> 32);
		word[2][l] = stream.high[0];
		word[3][l] = stream.high[1];
	}
	for (int round = 0; round < 10; round++) {
		for (int l = 0; l < LANES; l++) {
			uint64_t p = (uint64_t)0xD2511F53u * word[0][l], q = (uint64_t)0xCD9E8D57u * word[2][l];
			word[0][l] = (uint32_t)(q >> 32) ^ word[1][l] ^ key0;
			word[1][l] = (uint32_t)q;
			word[2][l] = (uint32_t)(p >> 32) ^ word[3][l] ^ key1;
			word[3][l] = (uint32_t)p;
		}
		key0 += 0x9E3779B9u;
		key1 += 0xBB67AE85u;
	}
}

INSIDE uint32_t
bits_of(float v)
{
	uint32_t bits;
	memcpy(&bits, &v, sizeof bits);
	return bits;
}

INSIDE float
float_of(uint32_t bits)
{
	float v;
	memcpy(&v, &bits, sizeof v);
	return v;
}

/* ln x, x > 0 and normal, to 2e-7: x = 2^e m with m in [sqrt(1/2), sqrt(2)), ln m = 2 artanh((m - 1) / (m + 1)). */
INSIDE float
logarithm(float x)
{
	uint32_t shifted = bits_of(x) - 0x3F3504F3u; /* of sqrt(1/2): the exponent now counts from there */
	float e = (float)((int32_t)shifted >> 23), m = float_of((shifted & 0x007FFFFFu) + 0x3F3504F3u);
	float s = (m - 1) / (m + 1), t = s * s;
	float series = 2 + t * (2 / 3.f + t * (2 / 5.f + t * (2 / 7.f + t * (2 / 9.f))));
	return e * 0.693147181f + s * series;
}

/* Two normals of two words: the radius from one, the angle from the other, whose upper two bits are the quadrant. A radius is
 * at most 6.8, that of 2^-33: a normal beyond has a chance of 1e-11. */
INSIDE void
pair(uint32_t a, uint32_t b, float *x, float *y)
{
	float high = (float)(int32_t)(a >> 8), low = (float)(int32_t)(a & 0xFF);
	float u = (high + (low + 0.5f) * 0x1p-8f) * 0x1p-24f; /* (a + 1/2) 2^-32, small ones to the last bit */
	float radius = sqrtf(-2 * logarithm(u));
	float angle = (float)((int32_t)(b << 2) >> 2) * (float)(M_PI_2 * 0x1p-30); /* -pi/4 .. pi/4 */
	float t = angle * angle;
	float sine = angle * (1 + t * (-1 / 6.f + t * (1 / 120.f + t * (-1 / 5040.f))));
	float cosine = 1 + t * (-0.5f + t * (1 / 24.f + t * (-1 / 720.f + t * (1 / 40320.f))));
	uint32_t quadrant = b >> 30, odd = 0u - (quadrant & 1), c = bits_of(cosine), s = bits_of(sine);
	*x = radius * float_of(((c & ~odd) | (s & odd)) ^ ((quadrant + 1) >> 1 << 31));
	*y = radius * float_of(((s & ~odd) | (c & odd)) ^ (quadrant >> 1 << 31));
}

/* Normals group * GROUP .. of the stream, `n` groups. */
RMB_EVERY_CPU static void
groups(struct rmb_stream stream, uint64_t group, int64_t n, float *to)
{
	for (int64_t g = 0; g < n; g++, to += GROUP) {
		uint32_t word[WORDS][LANES];
		blocks(stream, (group + (uint64_t)g) * LANES, word);
		for (int l = 0; l < LANES; l++)
			pair(word[0][l], word[1][l], &to[l], &to[LANES + l]);
		for (int l = 0; l < LANES; l++)
			pair(word[2][l], word[3][l], &to[2 * LANES + l], &to[3 * LANES + l]);
	}
}

void
rmb_random_normals(struct rmb_stream stream, uint64_t first, int64_t n, float *to)
{
	float some[GROUP];
	int64_t skip = (int64_t)(first % GROUP);
	if (skip && n > 0) {
		int64_t take = GROUP - skip < n ? GROUP - skip : n;
		groups(stream, first / GROUP, 1, some);
		memcpy(to, some + skip, (size_t)take * sizeof *to);
		to += take;
		first += (uint64_t)take;
		n -= take;
	}
	if (n <= 0)
		return;
	groups(stream, first / GROUP, n / GROUP, to);
	int64_t whole = n / GROUP * GROUP;
	if (whole < n) {
		groups(stream, (first + (uint64_t)whole) / GROUP, 1, some);
		memcpy(to + whole, some, (size_t)(n - whole) * sizeof *to);
	}
}

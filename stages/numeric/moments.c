#include "numeric/moments.h"
#include <math.h>

enum { LANES = 8 }; /* sums run in fixed lanes: vectors of any width give the same bits */

static double
lanes_sum(const double *lane)
{
	return ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

/* Sum of (x - centre)^power, power 1 or 2. */
static double
chunk_sum(const double *x, int64_t n, double centre, int power)
{
	double lane[LANES] = { 0 };
	int64_t whole = n - n % LANES;
	for (int64_t i = 0; i < whole; i += LANES)
		for (int l = 0; l < LANES; l++) {
			double d = x[i + l] - centre;
			lane[l] += power == 2 ? d * d : d;
		}
	for (int64_t i = whole; i < n; i++) {
		double d = x[i] - centre;
		lane[i - whole] += power == 2 ? d * d : d;
	}
	return lanes_sum(lane);
}

static void
chunk_range(const double *x, int64_t n, struct rmb_moments *moments)
{
	double least[LANES], largest[LANES], nothing[LANES] = { 0 }; /* stays 0 unless a sample is not finite */
	int64_t whole = n - n % LANES;
	for (int l = 0; l < LANES; l++)
		least[l] = largest[l] = x[0];
	for (int64_t i = 0; i < whole; i += LANES)
		for (int l = 0; l < LANES; l++) {
			double v = x[i + l];
			least[l] = v < least[l] ? v : least[l];
			largest[l] = v > largest[l] ? v : largest[l];
			nothing[l] += v - v;
		}
	for (int64_t i = whole; i < n; i++) {
		least[0] = fmin(least[0], x[i]);
		largest[0] = fmax(largest[0], x[i]);
		nothing[0] += x[i] - x[i];
	}
	for (int l = 0; l < LANES; l++) {
		moments->least = fmin(moments->least, least[l]);
		moments->largest = fmax(moments->largest, largest[l]);
	}
	moments->finite = moments->finite && lanes_sum(nothing) == 0;
}

/* Sum of (x - centre)^power over a row; looks at range and finiteness too if `moments` is given. */
static double
row_sum(const struct rmb_recording *recording, int64_t row, double *chunk, double centre, int power, struct rmb_moments *moments)
{
	double sum = 0;
	for (int64_t t = 0, n; t < recording->nframes; t += n) {
		n = recording->nframes - t < RMB_MOMENTS_CHUNK ? recording->nframes - t : RMB_MOMENTS_CHUNK;
		rmb_read_block_double(recording, row, 1, t, n, chunk);
		sum += chunk_sum(chunk, n, centre, power);
		if (moments)
			chunk_range(chunk, n, moments);
	}
	return sum;
}

struct rmb_moments
rmb_row_moments(const struct rmb_recording *recording, int64_t row, double *chunk)
{
	struct rmb_moments moments = RMB_MOMENTS_NONE;
	moments.mean = row_sum(recording, row, chunk, 0, 1, &moments) / (double)recording->nframes;
	if (moments.finite)
		moments.deviation = row_sum(recording, row, chunk, moments.mean, 2, NULL);
	return moments;
}

/* Two parts with means a and b: the squares about the common mean are those about each, and (a - b)^2 times the harmonic
 * part of both. */
void
rmb_moments_add(struct rmb_moments *moments, int64_t count, const double *x, int64_t n)
{
	if (n < 1)
		return;
	double before = (double)count, after = (double)n, mean = chunk_sum(x, n, 0, 1) / after, apart = mean - moments->mean;
	chunk_range(x, n, moments);
	moments->deviation += chunk_sum(x, n, mean, 2) + apart * apart * before * after / (before + after);
	moments->mean += apart * after / (before + after);
}

bool
rmb_row_constant(const struct rmb_moments *moments)
{
	return moments->largest - moments->least <= 1e-9 * fmax(fabs(moments->least), fabs(moments->largest));
}

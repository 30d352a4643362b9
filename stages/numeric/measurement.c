#include "numeric/measurement.h"
#include <math.h>
#include <string.h>

/* ---- kernel ---- */

void
rmb_measurement_kernel(struct rmb_measurement *what, double sigma, int64_t half, bool published)
{
	double sum = 0, exponent = published ? sigma * sigma / 2 : 1 / (2 * sigma * sigma);
	what->half = sigma > 0 ? half : 0;
	for (int64_t d = 0; d <= what->half; d++) {
		what->tap[d] = what->half ? exp(-(double)(d * d) * exponent) : 1;
		sum += d ? 2 * what->tap[d] : what->tap[d];
	}
	for (int64_t d = 0; d <= what->half; d++)
		what->tap[d] /= sum;
}

void
rmb_measurement_smooth(struct rmb_measurement *what, double sigma)
{
	double half = ceil(4 * sigma);
	rmb_measurement_kernel(what, sigma, half < RMB_MEASURE_TAPS ? (int64_t)half : RMB_MEASURE_TAPS, false);
}

/* ---- counts ---- */

int64_t
rmb_random_poisson(struct rmb_stream stream, uint64_t i, double mean)
{
	enum { MANY = 60 };
	if (!(mean > 0))
		return 0;
	if (mean > MANY) {
		double count = floor(mean + sqrt(mean) * rmb_random_normal(stream, i) + 0.5);
		return count > 0 ? (int64_t)count : 0;
	}
	double u = rmb_random_uniform(stream, i), p = exp(-mean), sum = p;
	int64_t count = 0;
	while (u >= sum && count < 20 * MANY) {
		count++;
		p *= mean / (double)count;
		sum += p;
	}
	return count;
}

/* ---- one piece of a run of a neuron ---- */

enum { BASE = 400, BRIGHT = 8 }; /* of the published indicator: photons at rest, and for the mean count */

/* What goes on from piece to piece, before the frames that smoothing still needs. */
enum { FILTER, BRIGHTNESS, CARRIED };

int64_t
rmb_measurement_carry(const struct rmb_measurement *what)
{
	return CARRIED + 2 * what->half;
}

static void
add_noise(const struct rmb_measurement *what, uint64_t number, int64_t n, double *y)
{
	float z[256];
	for (int64_t t = 0, m; t < n; t += m) {
		m = n - t < 256 ? n - t : 256;
		rmb_random_normals(what->noise_stream, number + (uint64_t)t, m, z);
		for (int64_t j = 0; j < m; j++)
			y[t + j] += what->noise * (double)z[j];
	}
}

static void
spike(const struct rmb_measurement *what, int64_t i, uint64_t number, int64_t n, double *y)
{
	/* E max(y, 0) = sd / sqrt(2 pi) for a normal y, whose variance is that of signal and noise */
	double sd = sqrt((what->unit[i] > 0 ? 1 : 0) + what->noise * what->noise), factor = what->rate[i] * sqrt(2 * M_PI) / sd;
	for (int64_t t = 0; t < n; t++)
		y[t] = sd > 0 && y[t] > 0 ? (double)rmb_random_poisson(what->spike_stream, number + (uint64_t)t, factor * y[t]) : 0;
}

/* carry: the filter and the brightness of the frame before, which begin as they are on average. */
static void
image(const struct rmb_measurement *what, int64_t i, uint64_t number, bool first, int64_t n, double *carry, double *y)
{
	double rate = what->rate[i], gain = what->gain[i], decay = what->decay, rest = gain * (BASE + (rate > 0 ? BRIGHT : 0));
	if (first) {
		carry[FILTER] = rate / (1 - decay);
		carry[BRIGHTNESS] = rest;
	}
	for (int64_t t = 0; t < n; t++) {
		carry[FILTER] = decay * carry[FILTER] + y[t];
		double mean = gain * (BASE + (rate > 0 ? BRIGHT * (1 - decay) * carry[FILTER] / rate : 0));
		double brightness = (double)rmb_random_poisson(what->photon_stream, number + (uint64_t)t, mean);
		y[t] = (brightness - decay * carry[BRIGHTNESS]) / gain;
		carry[BRIGHTNESS] = brightness;
	}
}

/* Frames frame - half .. of the run from in[half + ...]: in[] begins 2 half frames before `frame`. */
static void
convolve(const struct rmb_measurement *what, const double *in, int64_t n, double *y)
{
	int64_t half = what->half;
	for (int64_t t = 0; t < n; t++) {
		const double *centre = in + half + t;
		double sum = what->tap[0] * centre[0];
		for (int64_t d = 1; d <= half; d++)
			sum += what->tap[d] * (centre[d] + centre[-d]);
		y[t] = sum;
	}
}

int64_t
rmb_measure(const struct rmb_measurement *what, int64_t i, int64_t start, int64_t frame, int64_t n, bool last, const double *x,
            double *carry, double *room, int64_t *from, double *y)
{
	int64_t half = what->half, before = 2 * half;
	uint64_t number = ((uint64_t)i << 36) + (uint64_t)(start + frame); /* 2^36 frames of a neuron */
	double *new = room + before, *tail = carry + CARRIED;
	for (int64_t t = 0; t < n; t++)
		new[t] = what->unit[i] > 0 ? x[t] / what->unit[i] : 0;
	if (what->noise > 0)
		add_noise(what, number, n, new);
	if (what->kind != RMB_SIGNAL)
		spike(what, i, number, n, new);
	if (what->kind == RMB_CALCIUM)
		image(what, i, number, frame == 0, n, carry, new);
	if (frame == 0)
		memset(tail, 0, (size_t)before * sizeof *tail);
	memcpy(room, tail, (size_t)before * sizeof *room);
	memcpy(tail, room + n, (size_t)before * sizeof *tail);
	memset(new + n, 0, (size_t)half * sizeof *new);
	/* Frame t needs t - half .. t + half: so far they came out up to frame - half. */
	int64_t first = frame > half ? frame - half : 0, end = last ? frame + n : frame + n - half;
	*from = first;
	if (end <= first)
		return 0;
	convolve(what, room + (first - (frame - half)), end - first, y);
	return end - first;
}

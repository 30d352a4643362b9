#include "numeric/measurement.h"
#include <math.h>
#include <string.h>
#include "numeric/running.h"

/* ---- kernel ---- */

void
rmb_measurement_kernel(struct rmb_measurement *what, double sigma, int64_t half, bool published)
{
	what->half = sigma > 0 ? half : 0;
	rmb_gaussian_taps(published ? sigma * sigma / 2 : rmb_gaussian_exponent(sigma), what->half, what->tap);
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

/* ---- a run of a neuron ---- */

enum { BASE = 400, BRIGHT = 8 }; /* of the published indicator: photons at rest, and for the mean count */

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

/* y of a run whose first frame has this number */
static void
disturb(const struct rmb_measurement *what, int64_t i, uint64_t number, int64_t n, const double *x, double *y)
{
	double middle = what->middle ? what->middle[i] : 0;
	for (int64_t t = 0; t < n; t++)
		y[t] = what->unit[i] > 0 ? (x[t] - middle) / what->unit[i] : 0;
	if (what->noise > 0)
		add_noise(what, number, n, y);
}

static uint64_t
number_of(int64_t i, int64_t start)
{
	return ((uint64_t)i << 36) + (uint64_t)start; /* 2^36 frames of a neuron */
}

double
rmb_measure_drive(const struct rmb_measurement *what, int64_t i, int64_t start, int64_t n, const double *x, double *room)
{
	double sum = 0;
	disturb(what, i, number_of(i, start), n, x, room);
	for (int64_t t = 0; t < n; t++)
		sum += room[t] > 0 ? room[t] : 0;
	return sum;
}

static void
spike(const struct rmb_measurement *what, int64_t i, uint64_t number, int64_t n, double *y)
{
	double factor = what->drive[i] > 0 ? what->rate[i] / what->drive[i] : 0;
	for (int64_t t = 0; t < n; t++)
		y[t] = y[t] > 0 ? (double)rmb_random_poisson(what->spike_stream, number + (uint64_t)t, factor * y[t]) : 0;
}

/* The filter and the brightness of the frame before begin as they are on average. */
static void
image(const struct rmb_measurement *what, int64_t i, uint64_t number, int64_t n, double *y)
{
	double rate = what->rate[i], gain = what->gain[i], decay = what->decay;
	double filter = rate / (1 - decay), before = gain * (BASE + (rate > 0 ? BRIGHT : 0));
	for (int64_t t = 0; t < n; t++) {
		filter = decay * filter + y[t];
		double mean = gain * (BASE + (rate > 0 ? BRIGHT * (1 - decay) * filter / rate : 0));
		double brightness = (double)rmb_random_poisson(what->photon_stream, number + (uint64_t)t, mean);
		y[t] = (brightness - decay * before) / gain;
		before = brightness;
	}
}

/* in[n + 2 half], half zeros at either end. */
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

void
rmb_measure(const struct rmb_measurement *what, int64_t i, int64_t start, int64_t n, const double *x, double *room, double *y)
{
	int64_t half = what->half;
	uint64_t number = number_of(i, start);
	double *made = room + half;
	memset(room, 0, (size_t)half * sizeof *room);
	memset(made + n, 0, (size_t)half * sizeof *made);
	disturb(what, i, number, n, x, made);
	if (what->kind != RMB_SIGNAL)
		spike(what, i, number, n, made);
	if (what->kind == RMB_CALCIUM)
		image(what, i, number, n, made);
	convolve(what, room, n, y);
}

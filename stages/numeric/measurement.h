/* numeric/measurement.h -- from what neurons do to what is recorded of them: noise, spikes, calcium, smoothing.
 *
 * A signal x with mean m and standard deviation u becomes y = (x - m) / u + noise z, z standard normal. Then
 *     RMB_SIGNAL   y itself;
 *     RMB_SPIKES_POISSON   counts, Poisson with mean rate max(y, 0) / <max(y, 0)>, so that the mean count is the rate. The
 *                  mean <> is that of the simulation itself, because slow activity is far from the mean of its law for minutes;
 *     RMB_CALCIUM  such counts through an indicator: c <- decay c + count, brightness Poisson with mean
 *                  gain (8 (1 - decay) c / rate + 400), from which the filter is taken back:
 *                  (brightness(t) - decay brightness(t - 1)) / gain. This is the published model but for two things: its
 *                  filter is not cut off at 50 frames, and the deconvolution is this plain one, as the published one is
 *                  not public.
 * and is convolved with a Gaussian of unit sum, with zeros beyond both ends of a run. All numbers drawn are named by neuron
 * and frame. */
#ifndef RMB_NUMERIC_MEASUREMENT_H
#define RMB_NUMERIC_MEASUREMENT_H
#include <stdbool.h>
#include <stdint.h>
#include "rumble/random.h"

enum rmb_measure { RMB_SIGNAL, RMB_SPIKES_POISSON, RMB_CALCIUM };
enum { RMB_MEASURE_TAPS = 256 }; /* most that a kernel has on either side */

struct rmb_measurement {
	enum rmb_measure kind;
	const double *unit;       /* [n] u; 0: the neuron has no signal */
	const double *middle;     /* [n] m; NULL: 0 */
	double noise;             /* standard deviation, in units of that of the signal */
	const double *rate;       /* [n] mean count of a frame; not RMB_SIGNAL */
	const double *drive;      /* [n] mean of rmb_measure_drive() over all frames; not RMB_SIGNAL */
	double decay;             /* RMB_CALCIUM, from frame to frame, below 1 */
	const double *gain;       /* [n] RMB_CALCIUM: photons of unit brightness */
	int64_t half;             /* taps of the kernel on either side; 0: no smoothing */
	double tap[RMB_MEASURE_TAPS + 1]; /* of distance 0..half */
	struct rmb_stream noise_stream, spike_stream, photon_stream;
};

/* A Gaussian with standard deviation sigma frames; half = 4 sigma, rounded up, at most RMB_MEASURE_TAPS. sigma 0: none. */
void rmb_measurement_smooth(struct rmb_measurement *what, double sigma);
/* The same with taps given on either side. published: exp(-(d^2 / 2) sigma^2), as printed; else exp(-d^2 / (2 sigma^2)). */
void rmb_measurement_kernel(struct rmb_measurement *what, double sigma, int64_t half, bool published);

/* Poisson number i of the stream with that mean: by inversion of one uniform number; above 60 by a rounded normal, cut off at 0. */
int64_t rmb_random_poisson(struct rmb_stream stream, uint64_t i, double mean);

/* Sum of max(y, 0) over a run of neuron i, as rmb_measure() has it. room[n]: scratch. */
double rmb_measure_drive(const struct rmb_measurement *what, int64_t i, int64_t start, int64_t n, const double *x, double *room);

/* A run of neuron i, of n frames from frame `start` of the recording on: y[n] is what is recorded of x[n]; both may be
 * the same. room[n + 2 half] is scratch. */
void rmb_measure(const struct rmb_measurement *what, int64_t i, int64_t start, int64_t n, const double *x, double *room,
                 double *y);
#endif

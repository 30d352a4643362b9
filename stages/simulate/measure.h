/* simulate/measure.h -- how signals are measured: the settings that all simulated families share. */
#ifndef RMB_SIMULATE_MEASURE_H
#define RMB_SIMULATE_MEASURE_H
#include "rumble/stage.h"

/* In a member `measure` of the settings of a family. */
struct measure_settings {
	const char *draws, *measurement, *noise;
	double spacing, mean_rate, indicator, brightness, smoothing;
	int64_t runs;
};

#define RMB_MEASURE_AT(type, member) .at = offsetof(type, measure.member)
#define RMB_MEASURE_PARAMS(type) \
	{ .name = "draws", .kind = RMB_WORD, RMB_MEASURE_AT(type, draws), .def = "own", .words = "own|common", \
	  .help = "random numbers of its own; or those that all simulations with this seed, replicate and size have in " \
	          "common, so that they differ by their settings alone" }, \
	{ .name = "runs", .kind = RMB_INT, RMB_MEASURE_AT(type, runs), .def = "1", .min = 1, .max = 100000, \
	  .help = "independent runs that every segment of the recording is made of; they become segments" }, \
	{ .name = "measurement", .kind = RMB_WORD, RMB_MEASURE_AT(type, measurement), .def = "gaussian", \
	  .words = "gaussian|poisson|calcium", \
	  .help = "gaussian: the signals; poisson: spikes at the recording's mean rates; calcium: such spikes seen through " \
	          "an indicator, deconvolved" }, \
	{ .name = "noise", .kind = RMB_STRING, RMB_MEASURE_AT(type, noise), .def = "none", .none = true, \
	  .help = "standard deviation of noise added to the signals, in units of that of each neuron's; matched: such that " \
	          "the reliable part of the variance (SVCA) equals the recording's" }, \
	{ .name = "spacing", .kind = RMB_REAL, RMB_MEASURE_AT(type, spacing), .def = "25 um", .unit = "um", .min = 1e-3, \
	  .max = 1e6, .help = "side of a square of the checkerboard that splits the neurons in halves (noise: matched)" }, \
	{ .name = "smoothing", .kind = RMB_REAL, RMB_MEASURE_AT(type, smoothing), .def = "0", .unit = "1", .max = 60, \
	  .help = "standard deviation, in frames, of the Gaussian that the result is convolved with; 0: none" }, \
	{ .name = "mean_rate", .kind = RMB_REAL, RMB_MEASURE_AT(type, mean_rate), .def = "none", .none = true, .unit = "Hz", \
	  .min = 1e-6, .max = 1e6, \
	  .help = "mean rate of all neurons (poisson, calcium); none: each neuron's own in the recording" }, \
	{ .name = "indicator", .kind = RMB_REAL, RMB_MEASURE_AT(type, indicator), .def = "250 ms", .unit = "s", .min = 1e-3, \
	  .max = 100, .help = "time constant of the indicator (calcium)" }, \
	{ .name = "brightness", .kind = RMB_REAL, RMB_MEASURE_AT(type, brightness), .def = "0.5", .unit = "1", .min = 1e-3, \
	  .max = 1e6, \
	  .help = "mean over neurons of the photons for a unit of brightness; each neuron's own is drawn from an exponential " \
	          "law (calcium)" }

#define RMB_MEASURE_OUT \
	{ .name = "added_noise", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "1", \
	  .help = "standard deviation of the noise added, in units of that of the signals" }, \
	{ .name = "reliable_part", .kinds = RMB_ARRAY, .optional = true, .axes = "", .type = RMB_FLOAT64, .unit = "1", \
	  .help = "reliable part of the recording's variance that the noise was matched to (noise: matched)" }, \
	{ .name = "reached_part", .kinds = RMB_ARRAY, .optional = true, .axes = "", .type = RMB_FLOAT64, .unit = "1", \
	  .help = "what it is with that noise, on the same neurons and frames (noise: matched)" }

/* For the descriptor. */
int rmb_measure_check(const struct measure_settings *settings, struct rmb_error *error);
/* The number that `noise` is; NaN: matched. */
double rmb_measure_noise(const struct measure_settings *settings);
/* Bytes that making a recording takes beside what simulates it, for runs side by side of which there are at most `group`. */
double rmb_measure_memory(const struct measure_settings *settings, const struct rmb_size *size, int64_t group);
/* BLAS threads that it takes: noise is matched by components of halves of the neurons. */
int rmb_measure_blas_threads(const struct measure_settings *settings, const struct rmb_size *size);
#endif

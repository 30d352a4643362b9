/* simulate/matched.h -- making a recording that is like another one: the same neurons, places, frames, segments, rate and
 * scaling.
 *
 * Shared by all simulated families. A family fills blocks of signals (numeric/lockstep.h); here they are written,
 * measured and scaled. Signals are measured in units of what was simulated, not of what the family's law would give in
 * infinite time: so the strength of noise, and how often a spike falls, do not depend on whether the slowest modes have
 * shown all of their variance. Hence a second pass over the samples, where there is something to measure. */
#ifndef RMB_SIMULATE_MATCHED_H
#define RMB_SIMULATE_MATCHED_H
#include "numeric/lockstep.h"
#include "numeric/measurement.h"
#include "numeric/moments.h"
#include "rumble/stage.h"

/* How the signals are measured: settings that all families share, in a member `measure` of theirs. */
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

/* A recording in the making. */
struct rmb_matched {
	struct rmb_call *call;
	const char *stage;                /* its name, for sentences */
	const struct measure_settings *set;
	const struct rmb_recording *like;
	struct rmb_recording out;
	int64_t nruns;                    /* of each: its first frame and how many it has */
	int64_t *start, *length;
	struct rmb_measurement measure;
	double *unit;                     /* [neuron] standard deviation of the signals: measure.unit */
	double *drive;                    /* [neuron] mean of what is above zero: measure.drive */
	struct rmb_moments *moments;      /* of each neuron as it was written... */
	int64_t *written;                 /* ...in so many frames so far */
	double *offset, *scale;
	double *room;                     /* three parts for each thread... */
	int64_t room_size;                /* ...of so many doubles each */
	const struct rmb_block *block;    /* the one that is being taken */
};

/* The recording at the port `like`; the runs, into which its segments are cut; and the measurement, but for units and noise. */
int rmb_matched_input(struct rmb_call *call, const char *stage, const struct measure_settings *settings,
                      struct rmb_matched *matched) RMB_CHECKED;
/* The stream of random numbers for a purpose, as `draws` has it. */
struct rmb_stream rmb_matched_stream(const struct rmb_matched *matched, const char *purpose);

/* A way to simulate signals: calls what->take with every block. group: runs side by side, at most. */
struct rmb_signals {
	void *self;
	int64_t group;
	int (*simulate)(void *self, const struct rmb_simulation *what, struct rmb_error *error);
};

/* Makes the outputs `recording` and those of RMB_MEASURE_OUT: claims the disk, simulates, finds the noise if it is to be
 * matched, measures and scales. */
int rmb_matched_make(struct rmb_matched *matched, const struct rmb_signals *signals) RMB_CHECKED;

/* Matching the noise: such that the reliable part of the variance, sum of scov over sum of varcov (SVCA), is that of the
 * recording. Both are taken on the same neurons and frames, at most RMB_PILOT_NEURONS and RMB_PILOT_FRAMES of them. */
enum { RMB_PILOT_NEURONS = 2000, RMB_PILOT_FRAMES = 20000 };
/* Before simulating: the part of the recording; in the call's scratch. One below what chance typically
 * gives is raised to that, with a warning. */
struct rmb_pilot;
int rmb_pilot_make(struct rmb_matched *matched, struct rmb_pilot **pilot) RMB_CHECKED;
/* Once signals are written and their units known: the noise, into matched->measure.noise. */
int rmb_pilot_find_noise(struct rmb_pilot *pilot) RMB_CHECKED;
#endif

/* simulate/matched.h -- making a recording that is like another one: the same neurons, places, frames, segments, rate and scaling.
 *
 * Shared by all simulated families. A family fills blocks of signals (numeric/lockstep.h); here they are measured, written and scaled. */
#ifndef RMB_SIMULATE_MATCHED_H
#define RMB_SIMULATE_MATCHED_H
#include "numeric/lockstep.h"
#include "numeric/measurement.h"
#include "numeric/moments.h"
#include "rumble/stage.h"

/* How the signals are measured: settings that all families share, in a member `measure` of theirs. */
struct measure_settings {
	const char *measurement, *noise;
	double mean_rate, indicator, brightness, smoothing;
	int64_t runs;
};

#define RMB_MEASURE_AT(type, member) .at = offsetof(type, measure.member)
#define RMB_MEASURE_PARAMS(type) \
	{ .name = "runs", .kind = RMB_INT, RMB_MEASURE_AT(type, runs), .def = "1", .min = 1, .max = 100000, \
	  .help = "independent runs that every segment of the recording is made of; they become segments" }, \
	{ .name = "measurement", .kind = RMB_WORD, RMB_MEASURE_AT(type, measurement), .def = "gaussian", .words = "gaussian|poisson|calcium", \
	  .help = "gaussian: the signals; poisson: spikes at the recording's mean rates; calcium: such spikes seen through an indicator, deconvolved" }, \
	{ .name = "noise", .kind = RMB_STRING, RMB_MEASURE_AT(type, noise), .def = "none", .none = true, \
	  .help = "standard deviation of noise added to the signals, in units of theirs; matched: such that the reliable part of the variance (SVCA) " \
	          "equals the recording's" }, \
	{ .name = "smoothing", .kind = RMB_REAL, RMB_MEASURE_AT(type, smoothing), .def = "0", .unit = "1", .max = 60, \
	  .help = "standard deviation, in frames, of the Gaussian that the result is convolved with; 0: none" }, \
	{ .name = "mean_rate", .kind = RMB_REAL, RMB_MEASURE_AT(type, mean_rate), .def = "none", .none = true, .unit = "Hz", .min = 1e-6, .max = 1e6, \
	  .help = "mean rate of all neurons (poisson, calcium); none: each neuron's own in the recording" }, \
	{ .name = "indicator", .kind = RMB_REAL, RMB_MEASURE_AT(type, indicator), .def = "250 ms", .unit = "s", .min = 1e-3, .max = 100, \
	  .help = "time constant of the indicator (calcium)" }, \
	{ .name = "brightness", .kind = RMB_REAL, RMB_MEASURE_AT(type, brightness), .def = "0.5", .unit = "1", .min = 1e-3, .max = 1e6, \
	  .help = "mean over neurons of the photons for a unit of brightness; each neuron's own is drawn from an exponential law (calcium)" }

/* For the descriptor. */
int rmb_measure_check(const struct measure_settings *settings, struct rmb_error *error);
/* The number that `noise` is; NaN: matched. */
double rmb_measure_noise(const struct measure_settings *settings);

/* A recording in the making. */
struct rmb_matched {
	struct rmb_call *call;
	const char *stage;                /* its name, for sentences */
	const struct rmb_recording *like;
	struct rmb_recording out;
	int64_t nruns;                    /* of each: its first frame and how many it has */
	int64_t *start, *length;
	struct rmb_measurement measure;
	double *unit;                     /* [neuron] standard deviation of the signals: measure.unit, 1 until a family sets it */
	struct rmb_moments *moments;      /* of each neuron as it was written... */
	int64_t *written;                 /* ...in so many frames so far */
	double *offset, *scale;
	double *carry, *room;             /* [group][neuron][] of rmb_measure; a thread's scratch */
	int64_t room_size;                /* doubles of each of its parts */
	const struct rmb_block *block;    /* the one that is being taken */
};

/* The recording at the port `like`; the runs, into which its segments are cut; and the measurement, but for units and noise. */
int rmb_matched_input(struct rmb_call *call, const char *stage, const struct measure_settings *settings, struct rmb_matched *matched) RMB_CHECKED;
/* Describes the output `recording` and claims its disk. matched->measure stands; its tables live as long as the call. group: runs that a
 * method has side by side. */
int rmb_matched_begin(struct rmb_matched *matched, int64_t group) RMB_CHECKED;
/* Measures and writes a block, for rmb_simulation.take. */
int rmb_matched_take(void *matched, const struct rmb_block *block);
/* Scales what was written as the recording is scaled. */
int rmb_matched_end(struct rmb_matched *matched) RMB_CHECKED;
#endif

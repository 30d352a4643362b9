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
#include "simulate/measure.h"

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
	double *unit, *middle;            /* [neuron] standard deviation and mean of the signals: measure.unit, measure.middle */
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
/* matched_scale.c: once all is written, offset[] and scale[] that give every neuron the mean and the variance that it has in
 * the recording, or z-scores where that has them. Counts stay what they are where the recording is not scaled. */
int rmb_matched_scale(struct rmb_matched *matched) RMB_CHECKED;

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

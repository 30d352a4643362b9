/* prepare/bin.h -- the stage `bin`: what its two halves share. */
#ifndef RMB_PREPARE_BIN_H
#define RMB_PREPARE_BIN_H
#include "rumble/stage.h"

enum { RMB_BIN_READ = 16384 }; /* frames read at a time */

struct bin_settings {
	double rate, width; /* NaN: not set; exactly one is */
	const char *rule, *how;
};

/* Seconds of the frames asked for. */
double rmb_bin_width(const struct bin_settings *settings);
/* The description of the samples that are about to be written. Tables are borrowed. */
struct rmb_recording rmb_bin_made(const struct rmb_neurons *neurons, int64_t nframes, double rate, const int64_t *segment,
                                  const double *time, int64_t nsegments);
/* bin_spikes.c, bin_frames.c: make the output of the stage. 0 or a failure. */
int rmb_bin_count(struct rmb_call *call, const struct rmb_spikes *spikes) RMB_CHECKED;
int rmb_bin_join(struct rmb_call *call, const struct rmb_recording *recording) RMB_CHECKED;
#endif

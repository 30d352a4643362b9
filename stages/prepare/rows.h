/* prepare/rows.h -- what stages share that make every row anew out of itself, segment by segment. */
#ifndef RMB_PREPARE_ROWS_H
#define RMB_PREPARE_ROWS_H
#include "rumble/stage.h"

/* One way to do so. */
struct rmb_remake {
	/* y[n] from x[n], a segment without a gap of one neuron, all finite. room: scratch of the thread. False: the neuron
	 * cannot be remade. */
	bool (*segment)(const void *how, const double *x, int64_t n, void *room, double *y);
	const void *how;
	size_t room;       /* bytes of scratch for the longest segment */
	const char *unfit; /* why a neuron cannot be: "have a baseline that is not above zero"; NULL: all can */
	int64_t *zeros;    /* [neuron]: becomes how many samples of it are exactly 0; NULL: not wanted */
};

/* Publishes the input at port `recording`, remade, at the output of that name: with all that is known of neurons and
 * frames, but unscaled. Neurons with a sample that is not finite, and those that cannot be remade, are left out with a
 * warning; rows that came out constant are warned of. RMB_EDATA: nothing is left. */
int rmb_rows_remake(struct rmb_call *call, const struct rmb_recording *recording, const struct rmb_remake *remake) RMB_CHECKED;
/* Cost of that, for a stage's estimate(); `room` bytes of scratch a frame. */
void rmb_rows_estimate(const struct rmb_size *size, double room, struct rmb_cost *cost);

/* A time as frames, at least 1, or 0 and a sentence: the rate is unknown, or the whole recording is shorter. */
int64_t rmb_frames_of(struct rmb_call *call, const struct rmb_recording *recording, const char *setting, double seconds);
/* The same of setting `window`; segments that are shorter are warned of. */
int64_t rmb_window_of(struct rmb_call *call, const struct rmb_recording *recording, double seconds);

/* What is wrong with some neurons: how many there are, and the first ten by their numbers. */
struct rmb_fault {
	int64_t n;
	char names[10 * 24];
	int length;
};
void rmb_blame(struct rmb_fault *fault, const struct rmb_neurons *neurons, int64_t i);
/* "neurons WHAT: 3 of 40 (numbers in the file: 2, 7, 9)", if there are any. */
void rmb_warn_fault(struct rmb_call *call, const struct rmb_neurons *neurons, const struct rmb_fault *fault, const char *what);
#endif

/* numeric/correlogram_inside.h -- the blocks of a recording that correlograms are made of: where they lie, and z-scored
 * by themselves. */
#ifndef RMB_NUMERIC_CORRELOGRAM_INSIDE_H
#define RMB_NUMERIC_CORRELOGRAM_INSIDE_H
#include "numeric/correlogram.h"

/* Added to the standard deviation of a neuron in a block, and of a projection: as published. */
#define RMB_CORRELOGRAM_EPSILON 1e-3

/* z = (x - offset) scale in each block: [block][row] of one half. */
struct rmb_half { const struct rmb_recording *recording; double *offset, *scale; };

struct rmb_correlogram_blocks {
	struct rmb_half half[2];
	int64_t *start, n, width;
	int64_t parity;      /* 0: the even blocks side by side are what is read, 1: the odd ones */
	int64_t stretch;     /* frames that are smoothed as one, out of which 2 RMB_SMOOTH_HALF fewer come */
	double kernel[2 * RMB_SMOOTH_HALF + 1];
};

/* Blocks of both halves of `what`, z-scored; tables are made in the arena. RMB_EDATA: too few frames for blocks, lags or the
 * kernel. */
int rmb_correlogram_blocks_make(const struct rmb_sweep *what, const struct rmb_correlogram_options *set, struct rmb_arena *arena,
                                struct rmb_correlogram_blocks *blocks, struct rmb_error *error) RMB_CHECKED;
/* For rmb_sweep.read, the reader being the blocks: frames frame.. of the even (or odd) blocks side by side. */
void rmb_correlogram_read(const void *reader, const struct rmb_recording *recording, int64_t row, int64_t frame, int64_t n,
                          double *to);
/* The same smoothed, where the kernel lies within a stretch as a whole. */
void rmb_correlogram_read_smooth(const void *reader, const struct rmb_recording *recording, int64_t row, int64_t frame,
                                 int64_t n, double *to);
#endif

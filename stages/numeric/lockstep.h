/* numeric/lockstep.h -- simulating many independent runs of a network side by side, block by block.
 *
 * Products of matrices are quick only when they have many columns, so runs advance together: a block holds the same few
 * frames of all runs that are still going. What a block holds depends on the number of neurons and on the lengths of the runs
 * alone, so results are the same bytes for any number of threads. Nothing is kept but the block. */
#ifndef RMB_NUMERIC_LOCKSTEP_H
#define RMB_NUMERIC_LOCKSTEP_H
#include <stdbool.h>
#include <stdint.h>
#include "rumble/arena.h"
#include "rumble/error.h"
#include "rumble/random.h"

/* Frames frame .. frame + nframes - 1 of the runs run[0..nruns-1]: frame + j of run[a] of neuron i is x[i * ld + j * nruns + a]. */
struct rmb_block {
	float *x;
	int64_t n, ld; /* neurons; numbers from one to the next */
	int64_t nruns, frame, nframes;
	const int64_t *run;
};

/* What is simulated, whatever the method. */
struct rmb_simulation {
	int64_t n;                /* neurons */
	int64_t nruns;
	const int64_t *length;    /* frames of each run */
	struct rmb_stream stream, beside; /* all noise comes from these two */
	int threads;
	/* Takes every block in turn; the blocks of a run come in its order. Non-zero stops, and is returned. */
	int (*take)(void *taker, const struct rmb_block *block);
	void *taker;
	/* Called after every block with the part done, 0..1; may be NULL. Non-zero stops, and is returned. */
	int (*progress)(void *argument, double part);
	void *progress_argument;
};

/* A way to simulate: */
struct rmb_method {
	void *self;
	int64_t group; /* runs that advance together, at most */
	/* Run run[a] becomes number a of the group, before its first frame. */
	int (*start)(void *self, const int64_t *run, int64_t nruns, struct rmb_error *error);
	/* Fills block->x with the next frames of the first block->nruns of the group. */
	int (*fill)(void *self, const struct rmb_block *block, struct rmb_error *error);
};

/* Columns of a block of n neurons, at most (one frame of a whole group may be more). */
int64_t rmb_lockstep_columns(int64_t n, int64_t group);
/* 0, or what start, fill, take or progress returned, or RMB_ELIMIT. */
int rmb_lockstep(const struct rmb_simulation *what, const struct rmb_method *method, struct rmb_error *error) RMB_CHECKED;

/* Where the noise of a run at some time (a frame or a step, below RMB_LOCKSTEP_TIMES) begins in a stream: n normals, one
 * for each neuron or mode. */
enum { RMB_LOCKSTEP_TIMES = 1 << 28 };
uint64_t rmb_lockstep_noise(int64_t n, int64_t run, int64_t time);

/* y[rows][columns] = x[rows][k] a' with a[columns][k], or with a[k][columns] if `across`; lower: only a[i][j], j <= i, is
 * used (to the next multiple of a piece). y' instead of y, [columns][rows], if `turned`. In single precision, pieces of
 * columns on several threads. */
struct rmb_apply {
	const float *a, *x;
	int64_t rows, columns, k;
	bool across, lower, turned;
	float *y;
};
int rmb_apply_matrix(const struct rmb_apply *apply, int threads, struct rmb_error *error) RMB_CHECKED;
#endif

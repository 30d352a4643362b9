/* numeric/correlogram.h -- how long the components that two halves of the neurons share resemble themselves.
 *
 * The recording is cut into blocks, each z-scored by itself. Even blocks give the components, singular vectors u(k), v(k) of the
 * cross-covariance of the halves; odd blocks, projected on them, give circular correlograms
 *     g(k, l) = mean over odd blocks of sum over t of p((t + l) mod width) q(t),   p = u(k) . z1, q = v(k) . z2.
 * Noise that is private to neurons is in p or in q, never in both, so lag 0 has no peak of noise. */
#ifndef RMB_NUMERIC_CORRELOGRAM_H
#define RMB_NUMERIC_CORRELOGRAM_H
#include "numeric/leading.h"
#include "numeric/sweep.h"
#include "rumble/arena.h"

enum { RMB_SMOOTH_HALF = 20 }; /* the smoothing kernel reaches so many frames to either side */

struct rmb_correlogram_options {
	int64_t nblocks, nlags, components;
	double smooth;            /* sd of the kernel exp(-t^2 / 2 smooth^2), frames; 0: none */
	bool square_inside;       /* with smoothing: order pairs by sum of squares (published), not by their covariance squared */
	bool unit;                /* projections of unit variance over the odd blocks; else divide by lag 0 */
	bool both;                /* the mean of g(l) and g(-l) */
	enum rmb_solver solver;   /* with smoothing always exact: the order without it may bring any component forward */
	bool joined;              /* blocks and smoothing run across the joints of the recording (published) */
};

struct rmb_correlograms {
	int64_t nk, nlags;        /* rows; fewer than asked if the data define fewer */
	int64_t defined;          /* components that the data define, of those asked for or more */
	int64_t width, nblocks, ntest;
	double *g;                /* [nk][nlags] */
	double *lag0;             /* [nk] before dividing */
	double *part;             /* [ntest][nk][nlags]: of each odd block, as they come */
	struct rmb_krylov how;    /* how the components were found */
};

/* Start of each block and their width: the largest of which the segments hold nblocks, side by side from the start of each. start
 * has room for nframes / width of them, and is made in the arena. RMB_EDATA: fewer frames than blocks. */
int rmb_correlogram_blocks(const int64_t *segment, int64_t nsegments, int64_t nframes, int64_t nblocks, struct rmb_arena *arena,
                           int64_t **start, int64_t *nstarts, int64_t *width, struct rmb_error *error) RMB_CHECKED;

/* Of a sweep: first, second (the halves), in_double, threads, progress, progress_argument. Results are made in the arena.
 * RMB_EDATA: too few frames for the blocks, the lags or the kernel. */
int rmb_correlograms_make(const struct rmb_sweep *what, const struct rmb_correlogram_options *options, struct rmb_arena *arena,
                          struct rmb_correlograms *correlograms, struct rmb_error *error) RMB_CHECKED;
#endif

/* numeric/propagator.h -- the linear map from the state of a population to its state some frames later.
 *
 * The state x(t) is the activity on its leading principal components. With moments M(l) = mean over pairs of x(t + l) x(t)',
 *     standard       A = M(lag) (M(0) + ridge I)^-1,
 *     instrumented   A = M(lag + 1) M(1)^-1,
 * of which the second is free of noise that is independent from frame to frame, and of the bias of frames that are means. */
#ifndef RMB_NUMERIC_PROPAGATOR_H
#define RMB_NUMERIC_PROPAGATOR_H
#include "numeric/leading.h"
#include "numeric/sweep.h"
#include "rumble/arena.h"

/* Time courses of components: x[nk][nframes], float, or double if in_double. Or x is NULL, and the courses are what the
 * rows basis[nk][neuron] make of the recordings of a sweep: memory for a window of frames at a time is then enough. */
struct rmb_courses {
	int64_t nk, nframes;
	bool in_double;
	const void *x;
	const void *basis;     /* of the precision of x */
	struct rmb_sweep sweep;
	struct rmb_krylov how; /* how the components were found */
};

/* The courses of the leading `components` principal components (not re-centred), fewer if the data do not define so many.
 * Of a sweep: first, in_double, threads, progress, progress_argument. With fewer frames than neurons all is done on the
 * side of the frames. Made in the arena; the covariance is gone when it returns. `later`: x may be left to those who read
 * the courses, as it is with fewer neurons than frames; the recording must stay. */
int rmb_principal_courses(const struct rmb_sweep *what, int64_t components, enum rmb_solver solver, bool later,
                          struct rmb_arena *arena, struct rmb_courses *courses, struct rmb_error *error) RMB_CHECKED;

/* m[nk][nk] = sum over pairs of x(t + lag) x(t)', divided; t goes through the intervals. */
int
rmb_courses_moment(const struct rmb_courses *courses, const struct rmb_interval *interval, int64_t nintervals, int64_t lag,
                   double divisor, int threads, double *m, struct rmb_arena *arena, struct rmb_error *error) RMB_CHECKED;

enum rmb_pairing {
	RMB_PAIRING_BLOCKS, /* both ends of a pair in one block and one segment; blocks start anew in every segment */
	RMB_PAIRING_PAPER,  /* whole blocks from the start, the far end beyond their edges, joints ignored */
	RMB_PAIRING_REVISED /* inside whole blocks, joints ignored; sums over a block instead of means */
};

struct rmb_propagator_options {
	int64_t lag, block;
	double ridge;              /* standard only */
	bool instrumented;         /* pairs are those of RMB_PAIRING_BLOCKS */
	bool truncate;             /* instrumented: end at the first component whose variance one frame apart is not positive */
	enum rmb_pairing pairs;
	int64_t nsegments;
	const int64_t *segment;    /* first frame of each */
	int threads;
};

struct rmb_propagator {
	int64_t n;                 /* eigenvalues: components that entered */
	double *real, *imaginary;  /* [n], by real part and then imaginary part, descending */
	double rcond;              /* of the matrix inverted */
	int64_t npairs;
};

/* 0 if a recording of so many frames has pairs under these options; to be asked before anything costly. RMB_EDATA */
int rmb_propagator_pairs(const struct rmb_propagator_options *options, int64_t nframes, struct rmb_error *error) RMB_CHECKED;
/* RMB_EDATA: no pairs, or the matrix to be inverted is singular. */
int rmb_propagator_make(const struct rmb_courses *courses, const struct rmb_propagator_options *options, struct rmb_arena *arena,
                        struct rmb_propagator *propagator, struct rmb_error *error) RMB_CHECKED;
#endif

/* numeric/split.h -- neurons in two halves, frames in training and test.
 *
 * Neurons that share light or a probe's contacts must not stand on both sides of a cross-covariance: hence squares of a
 * checkerboard. Frames of a test block must not touch training frames: hence gaps between the blocks. */
#ifndef RMB_NUMERIC_SPLIT_H
#define RMB_NUMERIC_SPLIT_H
#include "rumble/arena.h"
#include "rumble/random.h"
#include "rumble/recording.h"

struct rmb_halves {
	int64_t n1, n2;
	int64_t *half1, *half2; /* rows of the recording, ascending (given lists: as given) */
};

/* Half 1: (floor(x / spacing) + floor(y / spacing)) even. A coordinate that is NaN lies in an odd stripe; an axis without
 * coordinates (NULL) is 0 for all. RMB_ELIMIT: no memory. */
int rmb_halves_checkerboard(struct rmb_arena *arena, const double *x, const double *y, int64_t n, double spacing,
                            struct rmb_halves *halves, struct rmb_error *error) RMB_CHECKED;
/* Half 1: those whose uniform number of the stream is above 0.5. */
int rmb_halves_random(struct rmb_arena *arena, struct rmb_stream stream, int64_t n, struct rmb_halves *halves,
                      struct rmb_error *error) RMB_CHECKED;
/* RMB_EDATA if an entry lies outside 0..n-1, stands twice, or in both. */
int rmb_halves_given(struct rmb_arena *arena, const int64_t *half1, int64_t n1, const int64_t *half2, int64_t n2, int64_t n,
                     struct rmb_halves *halves, struct rmb_error *error) RMB_CHECKED;

struct rmb_time_split {
	int64_t nblocks, length;               /* blocks of `length` frames each */
	int64_t *start, *label;                /* [nblocks]; label 0 is test */
	int64_t ntest, ntrain;                 /* blocks of each */
	struct rmb_interval *test, *train;
};

/* Up to 40 blocks of T frames, `pad` fewer than fit, about `fraction` of them test: the published labels. RMB_EDATA if there
 * are too few frames for a test block and a training block, or if blocks would overlap. */
int rmb_time_split_make(struct rmb_arena *arena, int64_t nframes, double fraction, int64_t pad, struct rmb_time_split *split,
                        struct rmb_error *error) RMB_CHECKED;
#endif

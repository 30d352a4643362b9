/* numeric/published.h -- the draws of the published analyses, number for number.
 *
 * They come from MT19937 with fixed seeds. Nothing but modes that reproduce the paper may use them; all other draws are
 * counter-based (rumble/random.h). */
#ifndef RMB_PUBLISHED_H
#define RMB_PUBLISHED_H
#include <stdint.h>

struct rmb_mt19937 { uint32_t state[624]; int used; };

/* The classic seeding by one integer. */
void rmb_mt19937_seed(struct rmb_mt19937 *generator, uint32_t seed);
/* The next 32 bits. */
uint32_t rmb_mt19937_next(struct rmb_mt19937 *generator);
/* Uniform in [0, n), 1 <= n <= 2^32: words masked to the next power of two, those beyond n rejected. n = 1 draws nothing. */
int64_t rmb_mt19937_below(struct rmb_mt19937 *generator, int64_t n);
/* order[n] becomes a permutation of 0..n-1: from the front, partner = i + word mod (n - i). */
void rmb_mt19937_permutation(struct rmb_mt19937 *generator, int64_t n, int64_t *order);

/* At most 40 segments, each of 4 frames or more. */
enum { RMB_PUBLISHED_MOST = 40, RMB_PUBLISHED_LEAST = 4 };
/* Time split of the cross-validated analyses: number of segments and of classes for T frames at the published fraction of
 * 0.25; class 0 is the test set. 0 classes: T < 16, no test segment. */
int64_t rmb_published_segments(int64_t nframes);
int64_t rmb_published_classes(int64_t nframes);
/* The class of each segment, from seed 0. */
void rmb_published_labels(int64_t nsegments, int64_t nclasses, int64_t *labels);

/* Lag of each round of the published shuffle of T >= 16 frames: the time split's generator, after its draws. */
void rmb_published_lags(int64_t nframes, int64_t rounds, int64_t *lags);
/* Sum of all rounds: the shift of each of N neurons, in [0, T). order[N] is scratch. */
void rmb_published_shifts(int64_t nneurons, int64_t nframes, int64_t rounds, int64_t *order, int64_t *shifts);
#endif

/* rumble/random.h -- counter-based random numbers (Random123, Philox 4x32-10).
 *
 * A stream is a 256-bit name; number i of it depends on the name and on i alone, so results are the same for any number of
 * threads and any order. Draws that must differ between nodes are named by the node's key, draws that must be shared so
 * that results compare (neuron halves, time blocks, subsets) by seed, replicate, purpose and axis length only. */
#ifndef RMB_RANDOM_H
#define RMB_RANDOM_H
#include <stdbool.h>
#include <stdint.h>

struct rmb_stream { uint32_t key[2]; uint32_t high[2]; }; /* by value; no state */

/* The stream named by `name` (any text): SHA-256 of it, cut to 128 bits. */
struct rmb_stream rmb_stream_named(const char *name);
/* 64 random bits, number i. */
uint64_t rmb_random_bits(struct rmb_stream stream, uint64_t i);
/* Uniform in [0, 1), 53 bits. */
double rmb_random_uniform(struct rmb_stream stream, uint64_t i);
/* Uniform integer in [0, n), n > 0, without bias. */
int64_t rmb_random_below(struct rmb_stream stream, uint64_t i, int64_t n);
/* Standard normal (Box-Muller on one Philox block). */
double rmb_random_normal(struct rmb_stream stream, uint64_t i);
/* Standard normals of single precision, numbers first .. first + n - 1 of a numbering of their own; many times quicker
 * than one at a time. Number i depends on the stream and on i alone. Quickest when first is a multiple of 128. */
void rmb_random_normals(struct rmb_stream stream, uint64_t first, int64_t n, float *to);
/* permutation[n] becomes a uniform random order of 0..n-1 (Fisher-Yates, draws 0..n-1 of the stream). */
void rmb_random_permutation(struct rmb_stream stream, int64_t n, int64_t *permutation);
/* For .draws of a stage (stage.h) that draws under all its settings. */
bool rmb_draws_always(const void *settings);
#endif

/* numeric/lapack_chase.c -- from a band to three diagonals, on several threads.
 *
 * Each sweep brings one column to three diagonals and chases what that pushes out of the band down to its end, in steps that
 * are LAPACK's kernels (Haidar, Ltaief and Dongarra 2011). A step of one sweep may follow as soon as the sweep before is two
 * steps ahead: LAPACK's own ?sytrd_sb2st uses that with OpenMP alone, and does one step after the other without. Here GROUP
 * sweeps that follow each other closely, so that what they work on stays in the cache, are one piece of work. What a step
 * computes does not depend on when it is done, so the bytes are those of LAPACK for any number of threads. */
#include "numeric/lapack_chase.h"
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include "numeric/blas.h"
#include "rumble/parallel.h"

enum { GROUP = 16, AHEAD = 2 };
enum { MAX_THREADS = 64 };

struct chase {
	rmb_chase_kernel *kernel;
	lapack_int n, width, ld;
	char *band, *vectors, *factors, *work; /* [n][ld]; reflections of two sweeps, [2][n] twice; [threads][width] */
	size_t size;
	_Atomic int64_t *done;                 /* [groups]: rounds that each has behind it */
};

/* Step 1, 2, ... of a sweep 1..n-1, in LAPACK's numbers: the first makes a reflection and applies it, even ones carry on to
 * the next block, odd ones apply to the block itself what that left. True: it was the sweep's last. */
static bool
step(const struct chase *all, lapack_int sweep, lapack_int number, int thread)
{
	static const lapack_int no_vectors = 0, unused = 0;
	lapack_int kind = number == 1 ? 1 : number % 2 + 2, to = (number + number % 2) / 2 * all->width + sweep;
	lapack_int from = to - all->width + 1, last = to < all->n ? to : all->n;
	all->kernel("L", &no_vectors, &kind, &from, &last, &sweep, &all->n, &all->width, &unused, all->band, &all->ld,
	            all->vectors, all->factors, &unused, all->work + (size_t)thread * (size_t)all->width * all->size, 1);
	return kind == 2 ? to >= all->n - 1 : from >= all->n - 1;
}

/* Returns once a group has that many rounds behind it. */
static void
wait_for(const _Atomic int64_t *done, int64_t rounds)
{
	enum { PATIENCE = 1000 };
	for (int tries = 0; atomic_load_explicit(done, memory_order_acquire) < rounds; tries++)
		if (tries % PATIENCE == PATIENCE - 1)
			sched_yield();
}

/* In round r sweep g of the group does step r - AHEAD g. Groups begin in order, so that the one before has begun or is done. */
static int
chase_group(void *argument, int64_t group, int thread)
{
	const struct chase *all = argument;
	lapack_int first = (lapack_int)(group * GROUP) + 1, n = all->n - first < GROUP ? all->n - first : GROUP, ended = 0;
	for (lapack_int round = 1; ended < n; round++) {
		if (group > 0)
			wait_for(&all->done[group - 1], round + AHEAD * GROUP);
		/* Sweeps become shorter, so a later one never ends before an earlier one, but may with it. */
		for (lapack_int g = ended; g < n && round > AHEAD * g; g++)
			ended += step(all, first + g, round - AHEAD * g, thread);
		atomic_store_explicit(&all->done[group], round, memory_order_release);
	}
	atomic_store_explicit(&all->done[group], INT64_MAX, memory_order_release);
	return 0;
}

int
rmb_chase_band(rmb_chase_kernel *kernel, size_t size, void *band, lapack_int n, lapack_int width, int threads,
               struct rmb_error *error)
{
	struct chase all = { .kernel = kernel, .n = n, .width = width, .ld = 2 * width + 1, .band = band, .size = size };
	size_t side = (size_t)n, groups = (side + GROUP - 1) / GROUP;
	threads = threads < 1 ? 1 : threads > MAX_THREADS ? MAX_THREADS : threads;
	all.done = calloc(groups, sizeof *all.done);
	all.vectors = calloc(4 * side + (size_t)threads * (size_t)width, size);
	int rc = all.done && all.vectors ? 0 : rmb_error_nomem(error, "eigenvalues");
	if (!rc) {
		all.factors = all.vectors + 2 * side * size;
		all.work = all.factors + 2 * side * size;
		rmb_blas_threads(1);
		rc = rmb_parallel(threads, (n - 1 + GROUP - 1) / GROUP, chase_group, &all);
	}
	free(all.done);
	free(all.vectors);
	return rc;
}

/* rumble/parallel.h -- independent pieces of work on a few threads.
 *
 * Boundaries of pieces must not depend on the number of threads; then results are the same bytes for any. OpenBLAS is
 * held at one thread, so pieces may call it. */
#ifndef RMB_PARALLEL_H
#define RMB_PARALLEL_H
#include <stdint.h>

/* Calls work(argument, piece, thread) for piece = 0..npieces-1 on up to `threads` threads (thread = 0..threads-1, for
 * scratch of one's own); pieces are handed out in order. Returns 0, or the first non-zero value a piece returned (no new
 * pieces are begun after that). */
int rmb_parallel(int threads, int64_t npieces, int (*work)(void *argument, int64_t piece, int thread), void *argument);
#endif

/* numeric/sweep.h -- one pass over a recording, chunk by chunk.
 *
 * The samples of one or two recordings (two halves of one, say) are read once, view applied, into packed chunks of
 * RMB_CHUNK frames; each chunk is handed to `npieces` independent pieces of work. While the pieces of one chunk run, the next
 * is packed, by the same threads. What a piece computes depends on the chunk and on the piece alone, so results are the same
 * bytes for any number of threads. A recording is never in memory as a whole. */
#ifndef RMB_NUMERIC_SWEEP_H
#define RMB_NUMERIC_SWEEP_H
#include <stdbool.h>
#include <stdint.h>
#include "rumble/error.h"
#include "rumble/recording.h"

enum { RMB_CHUNK = 2048 };

struct rmb_chunk {
	const void *first, *second; /* [neuron][ld], float or double; frames (or neurons, see by_neuron) 0..n-1 of the chunk */
	int64_t n, ld;
	int64_t index;              /* 0 for the first chunk of the sweep */
};

struct rmb_sweep {
	const struct rmb_recording *first, *second; /* second may be NULL */
	const struct rmb_interval *interval;        /* frames of `second` (or of `first`, if alone) to visit... */
	int64_t nintervals;                         /* ... 0: all */
	int64_t lead;                               /* `first` is read this many frames later */
	/* Reads n <= RMB_CHUNK values of a row of `first` or `second` instead of rmb_read_block: what is swept is then what it
	 * makes of the samples, in frames of its own that `interval` must list. Not by_neuron. NULL: the samples as they are. */
	void (*read)(const void *reader, const struct rmb_recording *recording, int64_t row, int64_t frame, int64_t n,
	             double *to);
	const void *reader;
	bool by_neuron;                             /* chunks of RMB_CHUNK neurons of `first` instead, all frames each: [n][ld] */
	bool in_double;
	int threads;
	int64_t npieces;
	/* Piece 0..npieces-1 of a chunk, on thread 0..threads-1. 0 to go on. Pieces must not share what they write. */
	int (*work)(void *argument, const struct rmb_chunk *chunk, int64_t piece, int thread);
	void *argument;
	/* Called after every chunk with the part done, 0..1; may be NULL. Non-zero stops, and is returned. */
	int (*progress)(void *argument, double part);
	void *progress_argument;
};

/* 0, or what a piece or `progress` returned, or RMB_ELIMIT (no memory). */
int rmb_sweep_run(const struct rmb_sweep *sweep, struct rmb_error *error) RMB_CHECKED;
/* Progress of a sweep that is from..to of a whole that has a `progress`. */
struct rmb_stretch { const struct rmb_sweep *whole; double from, to; };
int rmb_stretch_progress(void *stretch, double part);
/* Bytes of the packed chunks, for estimates. by_neuron: rows and columns change places. */
double rmb_sweep_memory(double rows, double columns, bool in_double);
#endif

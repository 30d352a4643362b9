#include <inttypes.h>
#include <math.h>
#include "numeric/correlogram_inside.h"
#include "rumble/parallel.h"

/* ---- where they lie ------------------------------------------------------------------------------------------------ */

static int64_t
held(const int64_t *segment, int64_t nsegments, int64_t nframes, int64_t width)
{
	int64_t n = 0;
	for (int64_t s = 0; s < nsegments; s++)
		n += (rmb_segment_end(segment, nsegments, nframes, s) - segment[s]) / width;
	return n;
}

int
rmb_correlogram_blocks(const int64_t *segment, int64_t nsegments, int64_t nframes, int64_t nblocks, struct rmb_arena *arena,
                       int64_t **start, int64_t *nstarts, int64_t *width, struct rmb_error *error)
{
	if (nframes < nblocks)
		return rmb_error_set(error, RMB_EDATA,
		                     "%" PRId64 " blocks do not fit into %" PRId64 " frames; give fewer `blocks`", nblocks,
		                     nframes);
	for (*width = nframes / nblocks; held(segment, nsegments, nframes, *width) < nblocks;)
		--*width;
	*start = rmb_arena_alloc(arena, (size_t)held(segment, nsegments, nframes, *width), sizeof **start);
	if (!*start)
		return rmb_error_nomem(error, "the blocks of a recording");
	*nstarts = 0;
	for (int64_t s = 0; s < nsegments; s++)
		for (int64_t t = segment[s]; t + *width <= rmb_segment_end(segment, nsegments, nframes, s); t += *width)
			(*start)[(*nstarts)++] = t;
	return 0;
}

/* ---- z-scores ------------------------------------------------------------------------------------------------------ */

enum { ROWS = 16 }; /* rows whose means are taken by one piece of work */

struct scoring { const struct rmb_correlogram_blocks *blocks; const struct rmb_half *half; double *buffer; };

static int
score_rows(void *argument, int64_t piece, int thread)
{
	const struct scoring *scoring = argument;
	const struct rmb_correlogram_blocks *blocks = scoring->blocks;
	const struct rmb_half *half = scoring->half;
	int64_t n = half->recording->neurons.n, end = (piece + 1) * ROWS < n ? (piece + 1) * ROWS : n, width = blocks->width;
	double *x = scoring->buffer + (int64_t)thread * width;
	for (int64_t i = piece * ROWS; i < end; i++)
		for (int64_t b = 0; b < blocks->n; b++) {
			double sum = 0, square = 0;
			rmb_read_block_double(half->recording, i, 1, blocks->start[b], width, x);
			for (int64_t t = 0; t < width; t++)
				sum += x[t];
			double mean = sum / (double)width;
			for (int64_t t = 0; t < width; t++)
				square += (x[t] - mean) * (x[t] - mean);
			half->offset[b * n + i] = mean;
			half->scale[b * n + i] = 1 / (RMB_CORRELOGRAM_EPSILON + sqrt(square / (double)width));
		}
	return 0;
}

static int
score(struct rmb_correlogram_blocks *blocks, int threads, struct rmb_arena *arena, struct rmb_error *error)
{
	struct rmb_arena *early = rmb_arena_new();
	double *buffer = early ? rmb_arena_alloc(early, (size_t)(threads * blocks->width), sizeof *buffer) : NULL;
	int rc = buffer ? 0 : rmb_error_nomem(error, "a block of activity");
	for (int h = 0; !rc && h < 2; h++) {
		struct rmb_half *half = &blocks->half[h];
		size_t n = (size_t)(blocks->n * half->recording->neurons.n);
		half->offset = rmb_arena_alloc(arena, n, sizeof(double));
		half->scale = rmb_arena_alloc(arena, n, sizeof(double));
		struct scoring scoring = { blocks, half, buffer };
		rc = half->offset && half->scale
		     ? rmb_parallel(threads, (half->recording->neurons.n + ROWS - 1) / ROWS, score_rows, &scoring)
		     : rmb_error_nomem(error, "the scale of each block");
	}
	rmb_arena_free(early);
	return rc;
}

/* ---- reading ------------------------------------------------------------------------------------------------------- */

void
rmb_correlogram_read(const void *reader, const struct rmb_recording *recording, int64_t row, int64_t frame, int64_t n, double *to)
{
	const struct rmb_correlogram_blocks *blocks = reader;
	const struct rmb_half *half = &blocks->half[recording != blocks->half[0].recording];
	for (int64_t m; n > 0; frame += m, n -= m, to += m) {
		int64_t b = frame / blocks->width * 2 + blocks->parity, skip = frame % blocks->width;
		m = blocks->width - skip < n ? blocks->width - skip : n;
		double offset = half->offset[b * recording->neurons.n + row], scale = half->scale[b * recording->neurons.n + row];
		rmb_read_block_double(recording, row, 1, blocks->start[b] + skip, m, to);
		for (int64_t t = 0; t < m; t++)
			to[t] = (to[t] - offset) * scale;
	}
}

void
rmb_correlogram_read_smooth(const void *reader, const struct rmb_recording *recording, int64_t row, int64_t frame, int64_t n,
                            double *to)
{
	enum { WIDE = 2 * RMB_SMOOTH_HALF };
	const struct rmb_correlogram_blocks *blocks = reader;
	int64_t complete = blocks->stretch - WIDE;
	double x[RMB_CHUNK + WIDE];
	for (int64_t m; n > 0; frame += m, n -= m, to += m) {
		int64_t skip = frame % complete;
		m = complete - skip < n ? complete - skip : n;
		rmb_correlogram_read(reader, recording, row, frame / complete * blocks->stretch + skip, m + WIDE, x);
		for (int64_t t = 0; t < m; t++) {
			double sum = 0;
			for (int64_t k = 0; k <= WIDE; k++)
				sum += blocks->kernel[k] * x[t + k];
			to[t] = sum;
		}
	}
}

/* ---- both ---------------------------------------------------------------------------------------------------------- */

int
rmb_correlogram_blocks_make(const struct rmb_sweep *what, const struct rmb_correlogram_options *set, struct rmb_arena *arena,
                            struct rmb_correlogram_blocks *blocks, struct rmb_error *error)
{
	const struct rmb_recording *recording = what->first;
	*blocks = (struct rmb_correlogram_blocks){ .half = { { .recording = what->first }, { .recording = what->second } } };
	int rc = rmb_correlogram_blocks(recording->segment, set->joined ? 1 : recording->nsegments, recording->nframes,
	                                set->nblocks, arena, &blocks->start, &blocks->n, &blocks->width, error);
	if (rc)
		return rc;
	if (blocks->width < set->nlags)
		return rmb_error_set(error, RMB_EDATA,
		                     "%" PRId64 " lags need blocks of as many frames, and %" PRId64 " blocks of the %" PRId64
		                     " frames have %" PRId64 "; ask for fewer `lags` or `blocks`",
		                     set->nlags, set->nblocks, recording->nframes, blocks->width);
	blocks->stretch = set->joined ? (blocks->n + 1) / 2 * blocks->width : blocks->width;
	if (set->smooth > 0 && blocks->stretch <= 2 * RMB_SMOOTH_HALF)
		return rmb_error_set(error, RMB_EDATA,
		                     "blocks of %" PRId64 " frames are shorter than the %d of the smoothing kernel; use no "
		                     "`smooth` or fewer `blocks`",
		                     blocks->stretch, 2 * RMB_SMOOTH_HALF + 1);
	for (int t = 0; set->smooth > 0 && t <= 2 * RMB_SMOOTH_HALF; t++)
		blocks->kernel[t] = exp(-pow(t - RMB_SMOOTH_HALF, 2) / (2 * set->smooth * set->smooth));
	return score(blocks, what->threads, arena, error);
}

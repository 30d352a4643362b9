#include "numeric/sweep.h"
#include <stdatomic.h>
#include "numeric/blas.h"
#include "rumble/arena.h"
#include "rumble/parallel.h"

/* Rows packed by one piece of work, and floats between the rows: not a multiple of 4 KiB, for the sake of the cache. */
enum { PACK_ROWS = 64, ROW_PAD = 16 };
/* Pages of mapped samples are let go all at once whenever so many bytes have been touched: each time interrupts all threads, so
 * not row by row. A read of a few KiB makes the kernel map up to FAULT_AROUND bytes on either side. */
enum { DROP_BYTES = 32 << 20, FAULT_AROUND = 64 << 10 };
/* Chunks are packed a few at a time, as many as fit into so many bytes: fewer visits to each page. Changes no sum. */
enum { SPAN_BYTES = 96 << 20, MAX_SPAN = 4 };

struct start { int64_t interval, skip, n; }; /* a chunk begins `skip` frames into an interval and holds n frames */

struct state {
	const struct rmb_sweep *sweep;
	size_t item;
	int64_t nrows, ld;              /* of a packed chunk */
	int64_t nchunks, span, nspans;  /* chunks; chunks in a span; spans */
	struct start *start;            /* of each chunk, by frames */
	char *packed[2];                /* span s is in packed[s % 2], one chunk of nrows * ld after the other */
	int64_t current, npack;         /* the span being worked on, -1 before the first; pieces that pack the next */
	_Atomic int64_t touched;        /* bytes of the mapped samples so far */
};

static int64_t
visited(const struct rmb_sweep *sweep)
{
	int64_t n = sweep->nintervals ? 0 : (sweep->second ? sweep->second : sweep->first)->nframes - sweep->lead;
	for (int64_t i = 0; i < sweep->nintervals; i++)
		n += sweep->interval[i].n;
	return n;
}

/* Where each chunk begins in the list of intervals. */
static void
find_starts(struct state *state, int64_t nframes)
{
	const struct rmb_sweep *sweep = state->sweep;
	int64_t interval = 0, skip = 0;
	for (int64_t c = 0; c < state->nchunks; c++) {
		int64_t n = nframes - c * RMB_CHUNK < RMB_CHUNK ? nframes - c * RMB_CHUNK : RMB_CHUNK;
		state->start[c] = (struct start){ interval, skip, n };
		for (skip += n; sweep->nintervals && interval < sweep->nintervals && skip >= sweep->interval[interval].n;
		     interval++)
			skip -= sweep->interval[interval].n;
	}
}

/* What the sweep's own reader makes of a row, in the precision of the sweep. */
static void
read_made(const struct rmb_sweep *sweep, const struct rmb_recording *recording, int64_t row, int64_t frame, int64_t n, char *to)
{
	double value[RMB_CHUNK];
	sweep->read(sweep->reader, recording, row, frame, n, sweep->in_double ? (double *)(void *)to : value);
	for (int64_t t = 0; t < n && !sweep->in_double; t++)
		((float *)(void *)to)[t] = (float)value[t];
}

static void
read_row(const struct state *state, const struct rmb_recording *recording, int64_t row, int64_t frame, int64_t n, char *to)
{
	if (state->sweep->read)
		read_made(state->sweep, recording, row, frame, n, to);
	else if (state->sweep->in_double)
		rmb_read_block_double(recording, row, 1, frame, n, (double *)(void *)to);
	else
		rmb_read_block(recording, row, 1, frame, n, (float *)(void *)to);
}

static void
pack_frames(const struct state *state, const struct rmb_recording *recording, int64_t row, int64_t lead, int64_t chunk, char *to)
{
	const struct rmb_sweep *sweep = state->sweep;
	struct start at = state->start[chunk];
	if (!sweep->nintervals) {
		read_row(state, recording, row, at.skip + lead, at.n, to);
		return;
	}
	for (int64_t left = at.n; left > 0; at.interval++, at.skip = 0) {
		const struct rmb_interval *from = &sweep->interval[at.interval];
		int64_t n = from->n - at.skip < left ? from->n - at.skip : left;
		read_row(state, recording, row, from->start + at.skip + lead, n, to);
		to += (size_t)n * state->item;
		left -= n;
	}
}

static void
drop_all(const struct rmb_recording *recording)
{
	struct rmb_recording stored = {
		.neurons = { .n = recording->stored_rows }, .samples = recording->samples, .mapped = recording->mapped,
		.stored_rows = recording->stored_rows, .stored_frames = recording->stored_frames,
	};
	rmb_drop_rows(&stored, 0, stored.stored_rows);
}

static void
touch(struct state *state, int64_t bytes)
{
	const struct rmb_sweep *sweep = state->sweep;
	int64_t before = atomic_fetch_add(&state->touched, bytes);
	if (before / DROP_BYTES == (before + bytes) / DROP_BYTES)
		return;
	drop_all(sweep->first);
	if (sweep->second && sweep->second->samples != sweep->first->samples)
		drop_all(sweep->second);
}

/* Row r of a chunk is packed at its place. */
static void
pack_row(const struct state *state, const struct rmb_recording *from, int64_t row, int64_t lead, int64_t chunk, int64_t r)
{
	size_t at = (size_t)(((chunk % state->span) * state->nrows + r) * state->ld) * state->item;
	char *to = state->packed[chunk / state->span % 2] + at;
	if (state->sweep->by_neuron)
		read_row(state, from, row, 0, from->nframes, to);
	else
		pack_frames(state, from, row, lead, chunk, to);
}

static int64_t
last_chunk(const struct state *state, int64_t span)
{
	int64_t end = (span + 1) * state->span;
	return end < state->nchunks ? end : state->nchunks;
}

/* Some rows of all chunks of a span, row by row. */
static void
pack(struct state *state, int64_t span, int64_t piece)
{
	const struct rmb_sweep *sweep = state->sweep;
	int64_t n1 = sweep->first->neurons.n, begin = piece * PACK_ROWS, touched = 0;
	int64_t end = begin + PACK_ROWS < state->nrows ? begin + PACK_ROWS : state->nrows;
	for (int64_t r = begin; r < end; r++) {
		const struct rmb_recording *from = sweep->by_neuron || r < n1 ? sweep->first : sweep->second;
		for (int64_t c = span * state->span; c < last_chunk(state, span); c++) {
			if (!sweep->by_neuron)
				pack_row(state, from, r < n1 ? r : r - n1, r < n1 ? sweep->lead : 0, c, r);
			else if (c * RMB_CHUNK + r < n1)
				pack_row(state, from, c * RMB_CHUNK + r, 0, c, r);
		}
		int64_t length = from->stored_frames * (int64_t)sizeof(float), near = state->span * 2 * FAULT_AROUND;
		touched += sweep->by_neuron ? state->span * length : length < near ? length : near;
	}
	touch(state, touched);
}

static struct rmb_chunk
describe(const struct state *state, int64_t c)
{
	const struct rmb_sweep *sweep = state->sweep;
	int64_t n1 = sweep->first->neurons.n, left = n1 - c * RMB_CHUNK;
	char *data = state->packed[c / state->span % 2] + (size_t)(c % state->span * state->nrows * state->ld) * state->item;
	return (struct rmb_chunk){
		.first = data, .second = sweep->second ? data + (size_t)(n1 * state->ld) * state->item : data,
		.n = !sweep->by_neuron ? state->start[c].n : left < RMB_CHUNK ? left : RMB_CHUNK, .ld = state->ld, .index = c,
	};
}

/* Work on the current span first, then packing of the next: small pieces at the end keep all threads busy. */
static int
one_piece(void *argument, int64_t piece, int thread)
{
	struct state *state = argument;
	const struct rmb_sweep *sweep = state->sweep;
	int64_t nwork = state->current < 0 ? 0 : sweep->npieces;
	if (piece >= nwork) {
		pack(state, state->current + 1, piece - nwork);
		return 0;
	}
	int rc = 0;
	for (int64_t c = state->current * state->span; !rc && c < last_chunk(state, state->current); c++) {
		struct rmb_chunk chunk = describe(state, c);
		rc = sweep->work(sweep->argument, &chunk, piece, thread);
	}
	return rc;
}

static int
all_spans(struct state *state)
{
	const struct rmb_sweep *sweep = state->sweep;
	for (state->current = -1; state->current < state->nspans; state->current++) {
		int64_t npieces =
			(state->current < 0 ? 0 : sweep->npieces) + (state->current + 1 < state->nspans ? state->npack : 0);
		int rc = rmb_parallel(sweep->threads, npieces, one_piece, state);
		if (!rc && sweep->progress && state->current >= 0)
			rc = sweep->progress(sweep->progress_argument, (double)(state->current + 1) / (double)state->nspans);
		if (rc)
			return rc;
	}
	return 0;
}

static int64_t
span_of(double rows, double columns, size_t item)
{
	double fit = SPAN_BYTES / (rows * columns * (double)item);
	return fit < 1 ? 1 : fit > MAX_SPAN ? MAX_SPAN : (int64_t)fit;
}

int
rmb_sweep_run(const struct rmb_sweep *sweep, struct rmb_error *error)
{
	int64_t n = sweep->first->neurons.n + (sweep->second ? sweep->second->neurons.n : 0), nframes = visited(sweep);
	int64_t along = sweep->by_neuron ? n : nframes;
	struct state state = { .sweep = sweep, .item = sweep->in_double ? sizeof(double) : sizeof(float) };
	state.nrows = sweep->by_neuron && n > RMB_CHUNK ? RMB_CHUNK : n;
	state.ld = (sweep->by_neuron || nframes < RMB_CHUNK ? nframes : RMB_CHUNK) + ROW_PAD;
	state.nchunks = along > 0 ? (along + RMB_CHUNK - 1) / RMB_CHUNK : 0;
	state.span = span_of((double)state.nrows, (double)state.ld, state.item);
	if (state.span > state.nchunks && state.nchunks > 0)
		state.span = state.nchunks;
	state.nspans = (state.nchunks + state.span - 1) / state.span;
	state.npack = (state.nrows + PACK_ROWS - 1) / PACK_ROWS;

	struct rmb_arena *arena = rmb_arena_new();
	if (!arena)
		return rmb_error_nomem(error, "a block of activity");
	state.start = rmb_arena_alloc(arena, (size_t)state.nchunks, sizeof *state.start);
	for (int i = 0; i < 2; i++)
		state.packed[i] = rmb_arena_alloc(arena, (size_t)(state.span * state.nrows) * (size_t)state.ld, state.item);
	int rc = 0;
	if (!state.start || !state.packed[0] || !state.packed[1])
		rc = rmb_error_nomem(error, "a block of activity");
	if (!rc && !sweep->by_neuron)
		find_starts(&state, nframes);
	rmb_blas_threads(1);
	if (!rc)
		rc = all_spans(&state);
	touch(&state, DROP_BYTES);
	rmb_arena_free(arena);
	return rc;
}

int
rmb_stretch_progress(void *argument, double part)
{
	const struct rmb_stretch *stretch = argument;
	const struct rmb_sweep *whole = stretch->whole;
	return whole->progress
	               ? whole->progress(whole->progress_argument, stretch->from + (stretch->to - stretch->from) * part)
	               : 0;
}

double
rmb_sweep_memory(double rows, double columns, bool in_double)
{
	size_t item = in_double ? sizeof(double) : sizeof(float);
	double wide = (columns < RMB_CHUNK ? columns : RMB_CHUNK) + ROW_PAD;
	return 2 * (double)span_of(rows, wide, item) * rows * wide * (double)item + DROP_BYTES;
}

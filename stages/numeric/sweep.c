#include "numeric/sweep.h"
#include "numeric/blas.h"
#include "rumble/arena.h"
#include "rumble/parallel.h"

/* Rows packed by one piece of work, and floats between the rows: not a multiple of 4 KiB, for the sake of the cache. */
enum { PACK_ROWS = 64, ROW_PAD = 16 };
struct start { int64_t interval, skip, n; }; /* a chunk begins `skip` frames into an interval and holds n frames */

struct state {
	const struct rmb_sweep *sweep;
	size_t item;
	int64_t nrows, ld;              /* of a packed chunk */
	int64_t nchunks;
	struct start *start;            /* of each chunk, by frames */
	char *packed[2];                /* chunk c is in packed[c % 2] */
	int64_t current, npack;         /* the chunk being worked on, -1 before the first; pieces that pack the next */
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

/* Row r of a chunk is packed at its place. */
static void
pack_row(const struct state *state, const struct rmb_recording *from, int64_t row, int64_t lead, int64_t chunk, int64_t r)
{
	char *to = state->packed[chunk % 2] + (size_t)(r * state->ld) * state->item;
	if (state->sweep->by_neuron)
		read_row(state, from, row, 0, from->nframes, to);
	else
		pack_frames(state, from, row, lead, chunk, to);
}

/* Some rows of a chunk. */
static void
pack(struct state *state, int64_t chunk, int64_t piece)
{
	const struct rmb_sweep *sweep = state->sweep;
	int64_t n1 = sweep->first->neurons.n, first = sweep->by_neuron ? chunk * RMB_CHUNK : 0, begin = piece * PACK_ROWS;
	int64_t end = begin + PACK_ROWS < state->nrows ? begin + PACK_ROWS : state->nrows;
	for (int64_t r = begin; r < end; r++)
		if (first + r < n1)
			pack_row(state, sweep->first, first + r, sweep->lead, chunk, r);
		else if (!sweep->by_neuron)
			pack_row(state, sweep->second, r - n1, 0, chunk, r);
}

static struct rmb_chunk
describe(const struct state *state, int64_t c)
{
	const struct rmb_sweep *sweep = state->sweep;
	int64_t n1 = sweep->first->neurons.n, left = n1 - c * RMB_CHUNK;
	char *data = state->packed[c % 2];
	return (struct rmb_chunk){
		.first = data, .second = sweep->second ? data + (size_t)(n1 * state->ld) * state->item : data,
		.n = !sweep->by_neuron ? state->start[c].n : left < RMB_CHUNK ? left : RMB_CHUNK, .ld = state->ld, .index = c,
	};
}

/* Work on the current chunk first, then packing of the next: small pieces at the end keep all threads busy. */
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
	struct rmb_chunk chunk = describe(state, state->current);
	return sweep->work(sweep->argument, &chunk, piece, thread);
}

static int
all_chunks(struct state *state)
{
	const struct rmb_sweep *sweep = state->sweep;
	for (state->current = -1; state->current < state->nchunks; state->current++) {
		int64_t npieces =
			(state->current < 0 ? 0 : sweep->npieces) + (state->current + 1 < state->nchunks ? state->npack : 0);
		int rc = rmb_parallel(sweep->threads, npieces, one_piece, state);
		if (!rc && sweep->progress && state->current >= 0)
			rc = sweep->progress(sweep->progress_argument, (double)(state->current + 1) / (double)state->nchunks);
		if (rc)
			return rc;
	}
	return 0;
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
	state.npack = (state.nrows + PACK_ROWS - 1) / PACK_ROWS;

	struct rmb_arena *arena = rmb_arena_new();
	if (!arena)
		return rmb_error_nomem(error, "a block of activity");
	state.start = rmb_arena_alloc(arena, (size_t)state.nchunks, sizeof *state.start);
	for (int i = 0; i < 2; i++)
		state.packed[i] = rmb_arena_alloc(arena, (size_t)state.nrows * (size_t)state.ld, state.item);
	int rc = 0;
	if (!state.start || !state.packed[0] || !state.packed[1])
		rc = rmb_error_nomem(error, "a block of activity");
	if (!rc && !sweep->by_neuron)
		find_starts(&state, nframes);
	rmb_blas_threads(1);
	if (!rc)
		rc = all_chunks(&state);
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
	return 2 * rows * wide * (double)item;
}

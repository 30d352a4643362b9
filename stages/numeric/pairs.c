#include "numeric/pairs.h"
#include <math.h>
#include "numeric/product.h"
#include "rumble/arena.h"
#include "rumble/parallel.h"
#include "rumble/processor.h"

/* Rows, or columns, of a block that one piece of work goes through. The bins of so many neurons stay in the nearest cache. */
enum { BAND = 64 };
/* In place of a bin. Bin `nbins` holds what is admitted but lies beyond the last one. */
enum { EXCLUDED = 255, SLOTS = 256 };

static int64_t
shorter(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* ---- bins of distance --------------------------------------------------------------------------------------------- */

RMB_EVERY_CPU static void
find_bins(const double *restrict square, int64_t n, double nearest, double width, double nbins, uint8_t *restrict bin)
{
	for (int64_t j = 0; j < n; j++) {
		double distance = sqrt(square[j]), place = distance / width;
		place = place < nbins ? place : nbins;
		place = distance > nearest ? place : EXCLUDED;
		bin[j] = (uint8_t)(int)place;
	}
}

/* ---- strong partners ---------------------------------------------------------------------------------------------- */

/* The strong partners so far of a neuron: a heap with the weakest on top, filled up with minus infinity. */
struct strong { double *value; int32_t *column; int64_t n; };

static bool
weaker(double value, int32_t column, double than, int32_t than_column)
{
	return value < than || (value == than && column > than_column);
}

/* Replaces the weakest. */
static void
replace(const struct strong *heap, double value, int32_t column)
{
	int64_t at = 0;
	for (int64_t child = 1; child < heap->n; child = 2 * at + 1) {
		if (child + 1 < heap->n &&
		    weaker(heap->value[child + 1], heap->column[child + 1], heap->value[child], heap->column[child]))
			child++;
		if (!weaker(heap->value[child], heap->column[child], value, column))
			break;
		heap->value[at] = heap->value[child];
		heap->column[at] = heap->column[child];
		at = child;
	}
	heap->value[at] = value;
	heap->column[at] = column;
}

/* ---- one block of pairs ------------------------------------------------------------------------------------------- */

/* What is kept of a neuron's partners in a bin; together, for they are always needed together. */
struct cell { double sum; int64_t count; };

struct work {
	const struct rmb_pairs *what;
	struct rmb_pair_table *table;
	struct cell *cell;            /* [n][nbins + 1] */
	int64_t begin, end;           /* the band of neurons being done */
	double *least;                /* of each neuron of the band, the weakest of its strong partners */
	double *value;                /* their heaps, table->nstrong entries each */
	int32_t *column;

	int64_t row, nrows, col, ncols; /* the block: pairs (row.., col..); the diagonal block if row == col */
	double *c;                      /* T R of it, [nrows][ncols] */
	uint8_t *bin;                   /* [nrows][ncols] */
	double *square;                 /* [RMB_PAIR_BLOCK] for each thread */
};

static struct strong
heap_of(const struct work *work, int64_t neuron)
{
	int64_t n = work->table->nstrong, at = (neuron - work->begin) * n;
	return (struct strong){ work->value + at, work->column + at, n };
}

static void
meet(struct work *work, int64_t neuron, int64_t partner, double r)
{
	struct strong heap = heap_of(work, neuron);
	if (!weaker(heap.value[0], heap.column[0], r, (int32_t)partner))
		return;
	replace(&heap, r, (int32_t)partner);
	work->least[neuron - work->begin] = heap.value[0];
}

/* One neuron of the rows meets the columns of the block: those after itself. */
static void
one_row(struct work *work, int64_t i, double *square)
{
	const struct rmb_pairs *what = work->what;
	int64_t neuron = work->row + i, from = work->row == work->col ? i + 1 : 0, nslots = what->nbins + 1;
	double over = 1 / (double)what->recording->nframes;
	struct cell cell[2][SLOTS] = { 0 };
	uint8_t *bin = work->bin + i * work->ncols;
	const double *c = work->c + i * work->ncols;
	rmb_space_squares(&what->space, neuron, work->col + from, work->ncols - from, square);
	find_bins(square, work->ncols - from, what->nearest, what->width, (double)what->nbins, bin + from);
	for (int64_t j = from; j < work->ncols; j++) {
		/* two sets of sums: neighbours often share a bin, and one sum would wait for the other */
		cell[j & 1][bin[j]].sum += c[j] * over;
		cell[j & 1][bin[j]].count++;
	}
	const double *least = &work->least[neuron - work->begin];
	for (int64_t j = from; j < work->ncols; j++)
		if (c[j] * over >= *least && bin[j] != EXCLUDED)
			meet(work, neuron, work->col + j, c[j] * over);
	for (int64_t b = 0; b < nslots; b++) {
		work->cell[neuron * nslots + b].sum += cell[0][b].sum + cell[1][b].sum;
		work->cell[neuron * nslots + b].count += cell[0][b].count + cell[1][b].count;
	}
}

static int
rows_piece(void *argument, int64_t piece, int thread)
{
	struct work *work = argument;
	for (int64_t i = piece * BAND; i < shorter((piece + 1) * BAND, work->nrows); i++)
		one_row(work, i, work->square + thread * RMB_PAIR_BLOCK);
	return 0;
}

/* Some neurons of the columns meet the rows of the block: those before themselves. */
static int
columns_piece(void *argument, int64_t piece, int thread)
{
	(void)thread;
	struct work *work = argument;
	int64_t begin = piece * BAND, end = shorter(begin + BAND, work->ncols), nslots = work->what->nbins + 1;
	bool diagonal = work->row == work->col;
	double over = 1 / (double)work->what->recording->nframes;
	const double *least = work->least + (work->col - work->begin);
	struct cell *cell = work->cell + work->col * nslots;
	for (int64_t i = 0; i < (diagonal ? shorter(end, work->nrows) : work->nrows); i++) {
		const double *c = work->c + i * work->ncols;
		const uint8_t *bin = work->bin + i * work->ncols;
		for (int64_t j = diagonal && i >= begin ? i + 1 : begin; j < end; j++) {
			double r = c[j] * over;
			if (bin[j] == EXCLUDED)
				continue;
			cell[j * nslots + bin[j]].sum += r;
			cell[j * nslots + bin[j]].count++;
			if (r >= least[j])
				meet(work, work->col + j, work->row + i, r);
		}
	}
	return 0;
}

/* The pairs of the sample that lie in the block. */
static void
take_sample(const struct work *work)
{
	const struct rmb_pairs *what = work->what;
	int64_t n = what->recording->neurons.n;
	for (int64_t s = 0; s < what->nsample; s++) {
		int64_t a = what->sample[s] / n, b = what->sample[s] % n, i = shorter(a, b) - work->row,
		        j = (a > b ? a : b) - work->col;
		if (i < 0 || i >= work->nrows || j < 0 || j >= work->ncols || a == b)
			continue;
		double distance = rmb_space_distance(&what->space, a, b);
		if (!(distance > what->nearest))
			continue;
		work->table->sample_distance[s] = distance;
		work->table->sample_correlation[s] = work->c[i * work->ncols + j] / (double)what->recording->nframes;
	}
}

/* ---- all blocks --------------------------------------------------------------------------------------------------- */

/* Progress of the pairs of blocks done, and of the product under way. */
struct stretch { const struct rmb_pairs *what; double done, part, total; };

static int
pass_on(void *argument, double part)
{
	const struct stretch *stretch = argument;
	return stretch->what->progress(stretch->what->progress_argument, (stretch->done + stretch->part * part) / stretch->total);
}

static int
multiply(const struct work *work, const struct rmb_recording *rows, const struct rmb_recording *columns, struct stretch *stretch,
         struct rmb_error *error)
{
	struct rmb_sweep sweep = {
		.first = rows, .second = work->row == work->col ? NULL : columns, .in_double = work->what->in_double,
		.threads = work->what->threads, .progress = work->what->progress ? pass_on : NULL, .progress_argument = stretch,
	};
	return rmb_product(&sweep, work->c, error);
}

/* Every pair with a neuron of the band is met once; a pair of two of them serves both. */
static int
do_band(struct work *work, const struct rmb_recording *block, struct stretch *stretch, struct rmb_error *error)
{
	int64_t n = work->table->n, entries = (work->end - work->begin) * work->table->nstrong;
	for (int64_t e = 0; e < entries; e++) {
		work->value[e] = -INFINITY;
		work->column[e] = INT32_MAX;
	}
	for (int64_t i = 0; i < work->end - work->begin; i++)
		work->least[i] = -INFINITY;
	for (work->row = work->begin; work->row < work->end; work->row += RMB_PAIR_BLOCK)
		for (work->col = 0; work->col < n; work->col += RMB_PAIR_BLOCK) {
			bool both = work->col >= work->begin && work->col < work->end;
			if (both && work->col < work->row)
				continue;
			const struct rmb_recording *rows = &block[work->row / RMB_PAIR_BLOCK],
			                           *columns = &block[work->col / RMB_PAIR_BLOCK];
			work->nrows = rows->neurons.n;
			work->ncols = columns->neurons.n;
			stretch->part = (double)work->nrows * (double)work->ncols / (work->row == work->col ? 2 : 1);
			int rc = multiply(work, rows, columns, stretch, error);
			if (!rc)
				rc = rmb_parallel(work->what->threads, (work->nrows + BAND - 1) / BAND, rows_piece, work);
			if (!rc && both)
				rc = rmb_parallel(work->what->threads, (work->ncols + BAND - 1) / BAND, columns_piece, work);
			if (rc)
				return rc;
			take_sample(work);
			stretch->done += stretch->part;
		}
	return 0;
}

/* All partners of each bin become strong ones and others. */
static void
finish_band(const struct work *work)
{
	const struct rmb_pairs *what = work->what;
	struct rmb_pair_table *table = work->table;
	for (int64_t i = work->begin; i < work->end; i++) {
		struct strong heap = heap_of(work, i);
		for (int64_t s = 0; s < heap.n; s++) {
			if (heap.column[s] == INT32_MAX)
				continue;
			double square;
			uint8_t bin;
			rmb_space_squares(&what->space, i, heap.column[s], 1, &square);
			find_bins(&square, 1, what->nearest, what->width, (double)what->nbins, &bin);
			table->admitted_strong++;
			if (bin < what->nbins)
				table->strong[i * what->nbins + bin]++;
		}
		for (int64_t b = 0; b <= what->nbins; b++) {
			struct cell all = work->cell[i * (what->nbins + 1) + b];
			int64_t at = i * what->nbins + b;
			table->admitted_other += all.count;
			if (b == what->nbins)
				break;
			table->mean[at] = all.count ? all.sum / (double)all.count : NAN;
			table->other[at] = all.count - table->strong[at];
		}
	}
}

/* Neurons in a band: whole blocks, at least one. */
static int64_t
band_of(const struct rmb_pairs *what, int64_t n, int64_t nstrong)
{
	int64_t memory = what->memory ? what->memory : RMB_PAIR_MEMORY,
	        each = nstrong * (int64_t)(sizeof(double) + sizeof(int32_t));
	int64_t blocks = memory / each / RMB_PAIR_BLOCK;
	return shorter(n, (blocks < 1 ? 1 : blocks) * RMB_PAIR_BLOCK);
}

static int
check(const struct rmb_pairs *what, int64_t n, int64_t nstrong, struct rmb_error *error)
{
	if (n < 2 || n > INT32_MAX - 1)
		return rmb_error_set(error, RMB_EDATA, "%lld neurons make no pairs; needs 2 or more", (long long)n);
	if (nstrong < 1 || nstrong >= n)
		return rmb_error_set(error, RMB_EDATA,
		                     "the top %g of the partners of %lld neurons are %lld, and should be 1 or more, and "
		                     "fewer than all",
		                     what->top, (long long)n, (long long)nstrong);
	return 0;
}

int64_t
rmb_strong_count(double top, int64_t n)
{
	return (int64_t)nearbyint(top * (double)n);
}

double
rmb_pairs_memory(double n, double nframes, double top, bool in_double)
{
	double side = n < RMB_PAIR_BLOCK ? n : RMB_PAIR_BLOCK, strong = 12 * top * n * n, least = 12 * top * n * side;
	strong = strong < RMB_PAIR_MEMORY ? strong : least > RMB_PAIR_MEMORY ? least : RMB_PAIR_MEMORY;
	return 9 * side * side + strong + rmb_sweep_memory(n < 2 * side ? n : 2 * side, nframes, in_double);
}

int
rmb_pair_table_make(struct rmb_arena *arena, const struct rmb_pairs *what, struct rmb_pair_table *table, struct rmb_error *error)
{
	int64_t n = what->recording->neurons.n;
	size_t cells = (size_t)(n * what->nbins);
	*table = (struct rmb_pair_table){
		.n = n, .nbins = what->nbins, .strong = rmb_arena_alloc(arena, cells, sizeof(int64_t)),
		.other = rmb_arena_alloc(arena, cells, sizeof(int64_t)), .mean = rmb_arena_alloc(arena, cells, sizeof(double)),
		.sample_distance = rmb_arena_alloc(arena, (size_t)what->nsample, sizeof(double)),
		.sample_correlation = rmb_arena_alloc(arena, (size_t)what->nsample, sizeof(double)),
	};
	if (!table->strong || !table->other || !table->mean || !table->sample_distance || !table->sample_correlation)
		return rmb_error_nomem(error, "a table of pairs");
	return 0;
}

static int
make_blocks(struct rmb_arena *arena, const struct rmb_recording *recording, struct rmb_recording *block, struct rmb_error *error)
{
	int64_t n = recording->neurons.n, *rows = rmb_arena_alloc(arena, RMB_PAIR_BLOCK, sizeof *rows);
	int rc = rows ? 0 : rmb_error_nomem(error, "blocks of neurons");
	for (int64_t first = 0; !rc && first < n; first += RMB_PAIR_BLOCK) {
		int64_t length = shorter(RMB_PAIR_BLOCK, n - first);
		for (int64_t i = 0; i < length; i++)
			rows[i] = first + i;
		rc = rmb_view_neurons(arena, recording, rows, length, &block[first / RMB_PAIR_BLOCK], error);
	}
	return rc;
}

static int
all_bands(struct work *work, int64_t band, const struct rmb_recording *block, struct rmb_error *error)
{
	int64_t n = work->table->n;
	struct stretch stretch = { .what = work->what };
	for (int64_t begin = 0; begin < n; begin += band) {
		double rows = (double)shorter(band, n - begin);
		stretch.total += rows * ((double)n - rows / 2);
	}
	for (work->begin = 0; work->begin < n; work->begin += band) {
		work->end = shorter(n, work->begin + band);
		int rc = do_band(work, block, &stretch, error);
		if (rc)
			return rc;
		finish_band(work);
	}
	return 0;
}

int
rmb_pairs_tabulate(const struct rmb_pairs *given, struct rmb_pair_table *table, struct rmb_error *error)
{
	struct rmb_pairs what = *given;
	int64_t n = what.recording->neurons.n, side = shorter(n, RMB_PAIR_BLOCK);
	table->nstrong = rmb_strong_count(what.top, n);
	int rc = check(&what, n, table->nstrong, error);
	if (rc)
		return rc;
	what.threads = what.threads < 1 ? 1 : what.threads > 64 ? 64 : what.threads;
	struct rmb_arena *arena = rmb_arena_new();
	if (!arena)
		return rmb_error_nomem(error, "a table of pairs");
	int64_t band = band_of(&what, n, table->nstrong);
	struct work work = {
		.what = &what, .table = table, .cell = rmb_arena_alloc(arena, (size_t)(n * (what.nbins + 1)),
		                                                       sizeof(struct cell)),
		.least = rmb_arena_alloc(arena, (size_t)band, sizeof(double)),
		.value = rmb_arena_alloc(arena, (size_t)(band * table->nstrong), sizeof(double)),
		.column = rmb_arena_alloc(arena, (size_t)(band * table->nstrong), sizeof(int32_t)),
		.c = rmb_arena_alloc(arena, (size_t)(side * side), sizeof(double)),
		.bin = rmb_arena_alloc(arena, (size_t)(side * side), 1),
		.square = rmb_arena_alloc(arena, (size_t)what.threads * RMB_PAIR_BLOCK, sizeof(double)),
	};
	struct rmb_recording *block = rmb_arena_alloc(arena, (size_t)(n / RMB_PAIR_BLOCK + 1), sizeof *block);
	if (!work.cell || !work.least || !work.value || !work.column || !work.c || !work.bin || !work.square || !block)
		rc = rmb_error_nomem(error, "the pairs of a block of neurons");
	for (int64_t s = 0; !rc && s < what.nsample; s++) {
		table->sample_distance[s] = NAN;
		table->sample_correlation[s] = -INFINITY;
	}
	table->admitted_strong = table->admitted_other = 0;
	if (!rc)
		rc = make_blocks(arena, what.recording, block, error);
	if (!rc)
		rc = all_bands(&work, band, block, error);
	table->admitted_other -= table->admitted_strong;
	rmb_arena_free(arena);
	return rc;
}

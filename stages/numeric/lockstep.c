#include "numeric/lockstep.h"
#include <assert.h>
#include "numeric/blas.h"
#include "rumble/parallel.h"

enum {
	BLOCK = 1 << 25,        /* samples of a block, at most... */
	LEAST = 2048,           /* ... but so many columns, or products are slow */
	MOST = 16384,
	PIECE = 256,            /* rows or columns of a product that are one piece of work */
	PACK = 128,             /* normals that are drawn at once */
};

int64_t
rmb_lockstep_columns(int64_t n, int64_t group)
{
	int64_t columns = BLOCK / (n > 0 ? n : 1);
	columns = columns < LEAST ? LEAST : columns > MOST ? MOST : columns;
	return columns > group ? columns : group;
}

uint64_t
rmb_lockstep_noise(int64_t n, int64_t run, int64_t time)
{
	assert(time >= 0 && time < RMB_LOCKSTEP_TIMES);
	uint64_t row = (uint64_t)(n + PACK - 1) / PACK * PACK;
	return ((uint64_t)run * RMB_LOCKSTEP_TIMES + (uint64_t)time) * row;
}

/* Runs by length, longest first, so that those still going are always the first of a group. Few, and mostly in order. */
static void
order_runs(const struct rmb_simulation *what, int64_t *run)
{
	for (int64_t r = 0; r < what->nruns; r++) {
		int64_t at = r;
		for (; at > 0 && what->length[run[at - 1]] < what->length[r]; at--)
			run[at] = run[at - 1];
		run[at] = r;
	}
}

/* One group of runs from beginning to end. *done counts frames. */
static int
run_group(const struct rmb_simulation *what, const struct rmb_method *method, const int64_t *run, int64_t nruns, float *x,
          double total, double *done, struct rmb_error *error)
{
	int64_t columns = rmb_lockstep_columns(what->n, method->group);
	int rc = method->start(method->self, run, nruns, error);
	for (int64_t frame = 0, n; !rc; frame += n) {
		while (nruns > 0 && what->length[run[nruns - 1]] <= frame)
			nruns--;
		if (nruns == 0)
			return 0;
		n = what->length[run[nruns - 1]] - frame;
		n = n < columns / nruns ? n : columns / nruns;
		struct rmb_block block = { x, what->n, n * nruns, nruns, frame, n, run };
		rc = method->fill(method->self, &block, error);
		if (!rc)
			rc = what->take(what->taker, &block);
		*done += (double)(n * nruns);
		if (!rc && what->progress)
			rc = what->progress(what->progress_argument, *done / total);
	}
	return rc;
}

int
rmb_lockstep(const struct rmb_simulation *what, const struct rmb_method *method, struct rmb_error *error)
{
	struct rmb_arena *arena = rmb_arena_new();
	int64_t columns = rmb_lockstep_columns(what->n, method->group);
	int64_t *run = arena ? rmb_arena_alloc(arena, (size_t)what->nruns, sizeof *run) : NULL;
	float *x = arena ? rmb_arena_alloc(arena, (size_t)(what->n * columns), sizeof *x) : NULL;
	double total = 0, done = 0;
	int rc = run && x ? 0 : rmb_error_nomem(error, "a block of simulated frames");
	if (!rc) {
		order_runs(what, run);
		for (int64_t r = 0; r < what->nruns; r++)
			total += (double)what->length[r];
		rmb_blas_threads(1);
	}
	for (int64_t r = 0, n; !rc && r < what->nruns; r += n) {
		n = what->nruns - r < method->group ? what->nruns - r : method->group;
		rc = run_group(what, method, run + r, n, x, total, &done, error);
	}
	rmb_arena_free(arena);
	return rc;
}

static int
apply_piece(void *argument, int64_t piece, int thread)
{
	const struct rmb_apply *apply = argument;
	int64_t first = piece * PIECE, n = apply->columns - first < PIECE ? apply->columns - first : PIECE;
	int64_t k = apply->lower && first + n < apply->k ? first + n : apply->k;
	(void)thread;
	struct rmb_matrix a = apply->across ? (struct rmb_matrix){ apply->a + first, apply->columns, true }
	                                    : (struct rmb_matrix){ apply->a + first * apply->k, apply->k, false };
	struct rmb_matrix x = { apply->x, apply->k, false };
	if (apply->turned) { /* y' = a x' */
		x.transposed = true;
		return rmb_gemm_single(n, apply->rows, k, a, x, apply->y + first * apply->rows, apply->rows, NULL);
	}
	a.transposed = !a.transposed;
	return rmb_gemm_single(apply->rows, n, k, x, a, apply->y + first, apply->columns, NULL);
}

int
rmb_apply_matrix(const struct rmb_apply *apply, int threads, struct rmb_error *error)
{
	int64_t sizes[] = { apply->rows, apply->columns, apply->k };
	if (!rmb_blas_fits("matrix product", sizes, 3, error))
		return RMB_ELIMIT;
	return rmb_parallel(threads, (apply->columns + PIECE - 1) / PIECE, apply_piece, (void *)apply);
}

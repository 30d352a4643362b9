#include "numeric/product.h"
#include <math.h>
#include <stdlib.h>
#include "numeric/blas.h"
#include "numeric/graded.h"
#include "numeric/lapack.h"
#include "rumble/arena.h"
#include "rumble/parallel.h"

struct tile { int64_t i, ni, j, nj; };

struct product {
	const struct rmb_sweep *what;
	double *c;
	int64_t n2;           /* columns of c */
	struct tile *tile;
	float *sum[64];       /* one tile a thread, single precision */
};

static int64_t
shorter(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Tiles of a matrix, written down if there is room for them, and counted in any case. */
struct tiles { struct tile *tile; int64_t n; };

static void
put(struct tiles *tiles, int64_t i, int64_t ni, int64_t j, int64_t nj)
{
	if (tiles->tile)
		tiles->tile[tiles->n] = (struct tile){ i, ni, j, nj };
	tiles->n++;
}

/* A square on the diagonal, of which the half below is not needed: cut again until little of it is left. */
static void
put_square(struct tiles *tiles, int64_t i, int64_t n)
{
	enum { LEAST = 256 };
	int64_t half = n / 2 / LEAST * LEAST;
	if (half < LEAST) {
		put(tiles, i, n, i, n);
		return;
	}
	put_square(tiles, i, half);
	put(tiles, i, half, i + half, n - half);
	put_square(tiles, i + half, n - half);
}

/* The tiles of an n1 x n2 matrix, or of its upper half; NULL: only count. Returns how many. */
static int64_t
cut(int64_t n1, int64_t n2, bool upper, int64_t side, struct tile *tile)
{
	struct tiles tiles = { tile, 0 };
	for (int64_t i = 0; i < n1; i += side)
		for (int64_t j = upper ? i : 0; j < n2; j += side) {
			if (upper && i == j)
				put_square(&tiles, i, shorter(side, n1 - i));
			else
				put(&tiles, i, shorter(side, n1 - i), j, shorter(side, n2 - j));
		}
	return tiles.n;
}

/* The first time c is written, not read: fresh pages are then made once. */
static void
add_row(const float *restrict from, int64_t n, bool first, double *restrict to)
{
	if (first)
		for (int64_t j = 0; j < n; j++)
			to[j] = (double)from[j];
	else
		for (int64_t j = 0; j < n; j++)
			to[j] += (double)from[j];
}

/* c(tile) += sum over the chunk of first(i, t) second(j, t) */
static int
add_tile(void *argument, const struct rmb_chunk *chunk, int64_t piece, int thread)
{
	struct product *product = argument;
	const struct rmb_sweep *what = product->what;
	struct tile tile = product->tile[piece];
	int64_t step = what->by_neuron ? 1 : chunk->ld;  /* from one row or column of c to the next, in the packed chunk */
	double *c = product->c + tile.i * product->n2 + tile.j;
	if (what->in_double) {
		struct rmb_matrix a = { (const double *)chunk->first + tile.i * step, chunk->ld, what->by_neuron };
		struct rmb_matrix b = { (const double *)chunk->second + tile.j * step, chunk->ld, !what->by_neuron };
		return rmb_gemm_double(tile.ni, tile.nj, chunk->n, a, b, chunk->index > 0, c, product->n2, NULL);
	}
	struct rmb_matrix a = { (const float *)chunk->first + tile.i * step, chunk->ld, what->by_neuron };
	struct rmb_matrix b = { (const float *)chunk->second + tile.j * step, chunk->ld, !what->by_neuron };
	float *sum = product->sum[thread];
	int rc = rmb_gemm_single(tile.ni, tile.nj, chunk->n, a, b, sum, tile.nj, NULL);
	for (int64_t i = 0; !rc && i < tile.ni; i++)
		add_row(sum + i * tile.nj, tile.nj, chunk->index == 0, c + i * product->n2);
	return rc;
}

int
rmb_product(const struct rmb_sweep *what, double *c, struct rmb_error *error)
{
	int64_t n1 = what->by_neuron ? what->first->nframes : what->first->neurons.n;
	int64_t n2 = what->second ? what->second->neurons.n : n1;
	struct rmb_sweep sweep = *what;
	sweep.threads = what->threads < 1 ? 1 : what->threads > 64 ? 64 : what->threads;
	sweep.npieces = cut(n1, n2, !what->second, RMB_TILE, NULL);
	struct product product = { .what = &sweep, .c = c, .n2 = n2 };
	if (!rmb_blas_fits("matrix product", (int64_t[]){ n1, n2, what->first->nframes }, 3, error))
		return RMB_ELIMIT;

	struct rmb_arena *arena = rmb_arena_new();
	product.tile = arena ? rmb_arena_alloc(arena, (size_t)sweep.npieces, sizeof *product.tile) : NULL;
	int rc = product.tile ? 0 : rmb_error_nomem(error, "the tiles of a matrix product");
	for (int i = 0; !rc && !what->in_double && i < sweep.threads; i++)
		if (!(product.sum[i] =
		              rmb_arena_alloc(arena, (size_t)(shorter(n1, RMB_TILE) * shorter(n2, RMB_TILE)), sizeof(float))))
			rc = rmb_error_nomem(error, "the tiles of a matrix product");
	if (!rc) {
		cut(n1, n2, !what->second, RMB_TILE, product.tile);
		sweep.work = add_tile;
		sweep.argument = &product;
		rc = rmb_sweep_run(&sweep, error);
	}
	rmb_arena_free(arena);
	return rc;
}

struct gram {
	const void *c;
	int64_t m, n;
	bool columns, single;
	void *g;
	struct tile *tile;
};

static int
gram_tile(void *argument, int64_t piece, int thread)
{
	(void)thread;
	const struct gram *gram = argument;
	struct tile tile = gram->tile[piece];
	int64_t side = gram->columns ? gram->n : gram->m, along = gram->columns ? gram->m : gram->n;
	int64_t step = gram->columns ? 1 : gram->n, at = tile.i * side + tile.j;
	size_t item = gram->single ? sizeof(float) : sizeof(double);
	struct rmb_matrix a = { (const char *)gram->c + (size_t)(tile.i * step) * item, gram->n, gram->columns };
	struct rmb_matrix b = { (const char *)gram->c + (size_t)(tile.j * step) * item, gram->n, !gram->columns };
	return gram->single ? rmb_gemm_single(tile.ni, tile.nj, along, a, b, (float *)gram->g + at, side, NULL)
	                    : rmb_gemm_double(tile.ni, tile.nj, along, a, b, 0, (double *)gram->g + at, side, NULL);
}

static int
make_gram(struct gram *gram, int threads, struct rmb_error *error)
{
	enum { SIDE = RMB_TILE / 2 };
	int64_t side = gram->columns ? gram->n : gram->m, ntiles = cut(side, side, true, SIDE, NULL);
	if (!rmb_blas_fits("matrix product", (int64_t[]){ gram->m, gram->n }, 2, error))
		return RMB_ELIMIT;
	gram->tile = malloc((size_t)ntiles * sizeof *gram->tile);
	if (!gram->tile)
		return rmb_error_nomem(error, "the tiles of a matrix product");
	cut(side, side, true, SIDE, gram->tile);
	rmb_blas_threads(1);
	int rc = rmb_parallel(threads, ntiles, gram_tile, gram);
	free(gram->tile);
	return rc;
}

int
rmb_gram(const double *c, int64_t m, int64_t n, bool columns, double *g, int threads, struct rmb_error *error)
{
	return make_gram(&(struct gram){ .c = c, .m = m, .n = n, .columns = columns, .g = g }, threads, error);
}

int
rmb_gram_single(const float *c, int64_t m, int64_t n, float *g, int threads, struct rmb_error *error)
{
	return make_gram(&(struct gram){ .c = c, .m = m, .n = n, .single = true, .g = g }, threads, error);
}

int
rmb_spectrum_of(double *c, int64_t m, int64_t n, bool in_double, int threads, double *s, struct rmb_error *error)
{
	if (in_double)
		return rmb_singular_values(c, m, n, s, error);
	int64_t nk = shorter(m, n);
	if (nk > RMB_LAPACK_MAX)
		return rmb_error_set(error, RMB_ELIMIT,
		                     "a spectrum of %lld components is more than the %d that LAPACK handles safely; use "
		                     "fewer neurons",
		                     (long long)nk, RMB_LAPACK_MAX);
	bool graded = false;
	int rc = nk >= RMB_GRADED_FROM ? rmb_graded_values(c, m, n, threads, s, &graded, error) : 0;
	if (rc || graded)
		return rc;
	struct rmb_arena *arena = rmb_arena_new();
	double *g = arena ? rmb_arena_alloc(arena, (size_t)(nk * nk), sizeof *g) : NULL;
	rc = g ? 0 : rmb_error_nomem(error, "a Gram matrix");
	if (!rc)
		rc = rmb_gram(c, m, n, m > n, g, threads, error);
	if (!rc)
		rc = rmb_eigenvalues(g, nk, s, error);
	for (int64_t k = 0; !rc && k < nk; k++)
		s[k] = sqrt(fmax(s[k], 0));
	rmb_arena_free(arena);
	return rc;
}

double
rmb_rounding_level(bool in_double)
{
	return in_double ? 1e-10 : 1e-6;
}

int64_t
rmb_clear_rounding(double *s, int64_t n, bool in_double)
{
	int64_t stand = 0;
	while (stand < n && s[stand] > rmb_rounding_level(in_double) * s[0])
		stand++;
	for (int64_t k = stand; k < n; k++)
		s[k] = 0;
	return stand;
}

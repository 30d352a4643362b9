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

/* The tiles of an n1 x n2 matrix, or of its upper half; NULL: only count. Returns how many. */
static int64_t
cut(int64_t n1, int64_t n2, bool upper, int64_t side, struct tile *tile)
{
	int64_t n = 0;
	for (int64_t i = 0; i < n1; i += side)
		for (int64_t j = upper ? i : 0; j < n2; j += side, n++)
			if (tile)
				tile[n] = (struct tile){ i, shorter(side, n1 - i), j, shorter(side, n2 - j) };
	return n;
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

/* c(tile) += sum over the chunk of first(i, t) second(j, t); of a tile on the diagonal of a symmetric matrix the upper half. */
static int
add_tile(void *argument, const struct rmb_chunk *chunk, int64_t piece, int thread)
{
	struct product *product = argument;
	const struct rmb_sweep *what = product->what;
	struct tile tile = product->tile[piece];
	bool half = !what->second && tile.i == tile.j;
	size_t step = (size_t)(what->by_neuron ? 1 : chunk->ld) * (what->in_double ? sizeof(double) : sizeof(float));
	struct rmb_matrix a = { (const char *)chunk->first + (size_t)tile.i * step, chunk->ld, what->by_neuron };
	struct rmb_matrix b = { (const char *)chunk->second + (size_t)tile.j * step, chunk->ld, !what->by_neuron };
	double *c = product->c + tile.i * product->n2 + tile.j, beta = chunk->index > 0;
	if (what->in_double)
		return half ? rmb_square_double(tile.ni, chunk->n, a, beta, c, product->n2, NULL)
		            : rmb_gemm_double(tile.ni, tile.nj, chunk->n, a, b, beta, c, product->n2, NULL);
	float *sum = product->sum[thread];
	int rc = half ? rmb_square_single(tile.ni, chunk->n, a, sum, tile.nj, NULL)
	              : rmb_gemm_single(tile.ni, tile.nj, chunk->n, a, b, sum, tile.nj, NULL);
	for (int64_t i = 0; !rc && i < tile.ni; i++) {
		int64_t j = half ? i : 0;
		add_row(sum + i * tile.nj + j, tile.nj - j, chunk->index == 0, c + i * product->n2 + j);
	}
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
	int64_t step = gram->columns ? 1 : gram->n;
	size_t item = gram->single ? sizeof(float) : sizeof(double);
	struct rmb_matrix a = { (const char *)gram->c + (size_t)(tile.i * step) * item, gram->n, gram->columns };
	struct rmb_matrix b = { (const char *)gram->c + (size_t)(tile.j * step) * item, gram->n, !gram->columns };
	void *g = (char *)gram->g + (size_t)(tile.i * side + tile.j) * item;
	if (tile.i == tile.j)
		return gram->single ? rmb_square_single(tile.ni, along, a, g, side, NULL)
		                    : rmb_square_double(tile.ni, along, a, 0, g, side, NULL);
	return gram->single ? rmb_gemm_single(tile.ni, tile.nj, along, a, b, g, side, NULL)
	                    : rmb_gemm_double(tile.ni, tile.nj, along, a, b, 0, g, side, NULL);
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

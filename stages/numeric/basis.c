#include "numeric/basis.h"
#include <math.h>
#include <string.h>
#include "numeric/lapack.h"
#include "rumble/parallel.h"

/* Columns of a product that one piece of work makes. */
enum { COLUMNS = 512 };
/* Rounds of orthogonalisation before a block is given up: two are enough, more only where a block was deficient. */
enum { ROUNDS = 6 };

/* ---- products on all threads --------------------------------------------------------------------------------------- */

struct multiplying { int64_t m, n, k; struct rmb_matrix a, b; float *c; int64_t ldc; };

static int
multiply_columns(void *argument, int64_t piece, int thread)
{
	(void)thread;
	const struct multiplying *all = argument;
	int64_t j = piece * COLUMNS, n = all->n - j < COLUMNS ? all->n - j : COLUMNS;
	struct rmb_matrix b = all->b;
	b.data = (const float *)b.data + (b.transposed ? j * b.ld : j);
	return rmb_gemm_single(all->m, n, all->k, all->a, b, all->c + j, all->ldc, NULL);
}

int
rmb_basis_multiply(int threads, int64_t m, int64_t n, int64_t k, struct rmb_matrix a, struct rmb_matrix b, float *c)
{
	struct multiplying all = { m, n, k, a, b, c, n };
	return rmb_parallel(threads, (n + COLUMNS - 1) / COLUMNS, multiply_columns, &all);
}

/* ---- blocks of vectors --------------------------------------------------------------------------------------------- */

int
rmb_basis_work_make(struct rmb_basis_work *work, struct rmb_arena *arena, int64_t n, int64_t block, int64_t most,
                    const char *stream, int threads, struct rmb_error *error)
{
	size_t b = (size_t)block;
	*work = (struct rmb_basis_work){
		.threads = threads < 1 ? 1 : threads > 64 ? 64 : threads, .block = block, .stream = rmb_stream_named(stream),
		.error = error, .coefficient = rmb_arena_alloc(arena, b * (size_t)(most + block), sizeof(float)),
		.product = rmb_arena_alloc(arena, b * (size_t)n, sizeof(float)),
		.wide = rmb_arena_alloc(arena, 2 * b * (size_t)n, sizeof(double)),
		.gram = rmb_arena_alloc(arena, b * b, sizeof(double)), .turn = rmb_arena_alloc(arena, b * b, sizeof(float)),
		.power = rmb_arena_alloc(arena, b, sizeof(double)), .scale = rmb_arena_alloc(arena, b, sizeof(double)),
	};
	rmb_blas_threads(1);
	return work->coefficient && work->product && work->wide && work->gram && work->turn && work->power &&
	       work->scale ? 0 : rmb_error_nomem(error, "a block of vectors");
}

void
rmb_basis_draw(struct rmb_basis_work *work, float *x, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		x[i] = (float)rmb_random_normal(work->stream, work->drawn++);
}

/* x becomes x - (x Q') Q for rows x[b][n]; work->coefficient holds x Q', [b][m]. */
static int
project_out(struct rmb_basis_work *work, const struct rmb_basis *basis, float *x, int64_t b)
{
	struct rmb_matrix q = { basis->q, basis->n, false }, across = { basis->q, basis->n, true };
	if (basis->m == 0)
		return 0;
	int rc = rmb_basis_multiply(work->threads, b, basis->m, basis->n, (struct rmb_matrix){ x, basis->n, false }, across,
	                            work->coefficient);
	if (!rc)
		rc = rmb_basis_multiply(work->threads, b, basis->n, basis->m,
		                        (struct rmb_matrix){ work->coefficient, basis->m, false }, q, work->product);
	for (int64_t i = 0; !rc && i < b * basis->n; i++)
		x[i] -= work->product[i];
	return rc;
}

int
rmb_basis_gram(struct rmb_basis_work *work, const float *x, const float *y, int64_t b, int64_t n, double *gram)
{
	double *left = work->wide, *right = left + b * n;
	for (int64_t i = 0; i < b * n; i++) {
		left[i] = (double)x[i];
		right[i] = (double)y[i];
	}
	return rmb_gemm_double(b, b, n, (struct rmb_matrix){ left, n, false }, (struct rmb_matrix){ right, n, true }, 0, gram,
	                       b, work->error);
}

/* Rows of x become orthonormal, as good as their angles allow, by the eigenvectors of their Gram matrix scaled to unit diagonal
 * (Stathopoulos and Wu 2002). Rows that the others span are drawn anew. *good: they were nearly so before. */
static int
straighten(struct rmb_basis_work *work, float *x, int64_t b, int64_t n, bool *good)
{
	double *gram = work->gram, *scale = work->scale;
	int rc = rmb_basis_gram(work, x, x, b, n, gram);
	for (int64_t i = 0; i < b; i++)
		scale[i] = gram[i * b + i] > 0 ? 1 / sqrt(gram[i * b + i]) : 0;
	*good = true;
	for (int64_t i = 0; i < b; i++) {
		*good = *good && fabs(gram[i * b + i] - 1) < 0.5;
		for (int64_t j = 0; j < b; j++)
			gram[i * b + j] *= scale[i] * scale[j];
	}
	if (!rc)
		rc = rmb_eigenvectors(gram, b, work->power, work->error);
	if (rc)
		return rc;
	for (int64_t k = 0; k < b; k++)
		for (int64_t i = 0; i < b; i++)
			work->turn[k * b + i] =
				work->power[k] > 0 ? (float)(gram[k * b + i] * scale[i] / sqrt(work->power[k])) : 0;
	rc = rmb_basis_multiply(work->threads, b, n, b, (struct rmb_matrix){ work->turn, b, false },
	                        (struct rmb_matrix){ x, n, false }, work->product);
	memcpy(x, work->product, (size_t)(b * n) * sizeof *x);
	for (int64_t k = 0; k < b; k++) {
		*good = *good && work->power[k] > 0.5;
		if (!(work->power[k] > 1e-10 * work->power[0]))
			rmb_basis_draw(work, x + k * n, n);
	}
	return rc;
}

int
rmb_basis_orthogonalise(struct rmb_basis_work *work, const struct rmb_basis *basis, float *x, int64_t b, double *into,
                        int64_t ld, double *left)
{
	bool good = false;
	for (int round = 0; round < ROUNDS && !(good && round > 1); round++) {
		int rc = project_out(work, basis, x, b);
		for (int64_t i = 0; !rc && into && round == 0 && i < b * basis->m; i++)
			into[i / basis->m * ld + i % basis->m] = (double)work->coefficient[i];
		if (!rc && left && round == 0)
			rc = rmb_basis_gram(work, x, x, b, basis->n, left);
		if (!rc)
			rc = straighten(work, x, b, basis->n, &good);
		if (rc)
			return rc;
	}
	work->stuck = !good;
	return good ? 0 : RMB_EDATA;
}

float *
rmb_basis_next(const struct rmb_basis *basis)
{
	return basis->q + basis->m * basis->n;
}

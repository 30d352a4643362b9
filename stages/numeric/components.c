#include "numeric/components.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "numeric/blas.h"
#include "numeric/lapack.h"
#include "numeric/product.h"
#include "rumble/parallel.h"

/* Components handled by one piece of work. */
enum { BAND = 256 };

struct other_side {
	const float *c;      /* c[n1][n2] */
	const float *near;   /* rows u: eigenvectors of C C' (or of C' C) */
	float *far;          /* rows C' u / |C' u|, zero where C' u is */
	int64_t nk, ld, nnear, nfar;
	bool columns;        /* near is the side of the columns of c */
};

/* A band of components. */
static int
far_band(void *argument, int64_t piece, int thread)
{
	(void)thread;
	const struct other_side *side = argument;
	int64_t k0 = piece * BAND, nk = side->nk - k0 < BAND ? side->nk - k0 : BAND, n = side->nfar, m = side->nnear;
	float *far = side->far + k0 * n;
	int rc = rmb_gemm_single(nk, n, m, (struct rmb_matrix){ side->near + k0 * m, m, false },
	                         (struct rmb_matrix){ side->c, side->ld, side->columns }, far, n, NULL);
	for (int64_t k = 0; !rc && k < nk; k++, far += n) {
		double power = 0;
		for (int64_t i = 0; i < n; i++)
			power += (double)far[i] * (double)far[i];
		for (int64_t i = 0; i < n; i++)
			far[i] = power > 0 ? (float)((double)far[i] / sqrt(power)) : 0;
	}
	return rc;
}

/* Eigenvectors of the double-precision Gram matrix: rows of near[wanted][side]. */
static int
near_side(const double *c, int64_t n1, int64_t n2, int64_t wanted, int threads, double *s, float *near, struct rmb_error *error)
{
	bool columns = n1 > n2;
	int64_t side = columns ? n2 : n1;
	struct rmb_arena *arena = rmb_arena_new();
	double *gram = arena ? rmb_arena_alloc(arena, (size_t)(side * side), sizeof *gram) : NULL;
	double *room = gram ? rmb_arena_alloc(arena, (size_t)(wanted * side), sizeof *room) : NULL;
	struct rmb_reduced reduced;
	int rc = room ? rmb_gram(c, n1, n2, columns, gram, threads, error) : rmb_error_nomem(error, "a Gram matrix");
	if (!rc)
		rc = rmb_reduce(gram, side, arena, &reduced, error);
	if (!rc)
		rc = rmb_reduced_vectors_single(&reduced, wanted, s, room, error);
	if (!rc)
		memcpy(near, room, (size_t)(wanted * side) * sizeof *near);
	rmb_arena_free(arena);
	return rc;
}

int
rmb_components(double *c, int64_t n1, int64_t n2, int64_t wanted, int threads, double *s, float *u, float *v,
               struct rmb_error *error)
{
	bool columns = n1 > n2;
	float *near = columns ? v : u, *far = columns ? u : v;
	int rc = near_side(c, n1, n2, wanted, threads, s, near, error);
	if (rc)
		return rc;
	for (int64_t k = 0; k < wanted; k++)
		s[k] = sqrt(fmax(s[k], 0));
	struct other_side side = { rmb_to_single(c, n1 * n2), near, far, wanted, n2, columns ? n2 : n1, columns ? n1 : n2, columns };
	rc = rmb_parallel(threads, (wanted + BAND - 1) / BAND, far_band, &side);
	return rc ? rmb_error_nomem(error, "the components") : 0;
}

void *
rmb_to_single(double *v, int64_t n)
{
	char *bytes = (char *)(void *)v;
	for (int64_t i = 0; i < n; i++) {
		float f = (float)v[i];
		memcpy(bytes + (size_t)i * sizeof f, &f, sizeof f);
	}
	return v;
}

void
rmb_to_double(void *v, int64_t n)
{
	char *bytes = v;
	for (int64_t i = n - 1; i >= 0; i--) {
		float f;
		memcpy(&f, bytes + (size_t)i * sizeof f, sizeof f);
		double d = (double)f;
		memcpy(bytes + (size_t)i * sizeof d, &d, sizeof d);
	}
}

struct projecting { const struct rmb_projection *to; int64_t n1, n2; bool in_double; };

/* One band of the components of one side, one chunk. */
static int
project_side(const struct projecting *all, const void *basis, int64_t n, const void *z, const struct rmb_chunk *chunk,
             int64_t k0, void *to)
{
	int64_t nk = all->to->nk - k0 < BAND ? all->to->nk - k0 : BAND, at = k0 * all->to->ld + chunk->index * RMB_CHUNK;
	struct rmb_matrix activity = { z, chunk->ld, false };
	if (all->in_double)
		return rmb_gemm_double(nk, chunk->n, n, (struct rmb_matrix){ (const double *)basis + k0 * n, n, false },
		                       activity, 0, (double *)to + at, all->to->ld, NULL);
	return rmb_gemm_single(nk, chunk->n, n, (struct rmb_matrix){ (const float *)basis + k0 * n, n, false }, activity,
	                       (float *)to + at, all->to->ld, NULL);
}

static int
project_band(void *argument, const struct rmb_chunk *chunk, int64_t piece, int thread)
{
	(void)thread;
	const struct projecting *all = argument;
	int rc = project_side(all, all->to->u, all->n1, chunk->first, chunk, piece * BAND, all->to->p);
	return rc || !all->to->v ? rc : project_side(all, all->to->v, all->n2, chunk->second, chunk, piece * BAND, all->to->q);
}

int
rmb_project(const struct rmb_sweep *sweep, const struct rmb_projection *projection, struct rmb_error *error)
{
	struct projecting all = { projection, sweep->first->neurons.n, sweep->second ? sweep->second->neurons.n : 0,
	                          sweep->in_double };
	struct rmb_sweep own = *sweep;
	own.npieces = (projection->nk + BAND - 1) / BAND;
	own.work = project_band;
	own.argument = &all;
	return rmb_sweep_run(&own, error);
}

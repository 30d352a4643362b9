#include "numeric/shared.h"
#include <string.h>
#include "numeric/blas.h"
#include "numeric/components.h"
#include "numeric/lapack.h"
#include "numeric/product.h"
#include "rumble/arena.h"

/* Components projected by one piece of work. */
enum { BAND = 256 };

struct components {
	const struct rmb_sweep *sweep;
	int64_t n1, n2, nk;
	void *u, *v;             /* [nk][n1], [nk][n2]; float, or double when the sweep is */
	double *pq, *pp;         /* [nk]: sums of p q and of (p^2 + q^2) / 2 so far */
	char *scratch[64];       /* a thread: p and q of a band, [2][BAND][RMB_CHUNK] */
};

static void
add_single(const float *p, const float *q, int64_t n, double *pq, double *pp)
{
	double cross = 0, power = 0;
	for (int64_t t = 0; t < n; t++) {
		cross += (double)p[t] * (double)q[t];
		power += (double)p[t] * (double)p[t] + (double)q[t] * (double)q[t];
	}
	*pq += cross;
	*pp += power / 2;
}

static void
add_double(const double *p, const double *q, int64_t n, double *pq, double *pp)
{
	double cross = 0, power = 0;
	for (int64_t t = 0; t < n; t++) {
		cross += p[t] * q[t];
		power += p[t] * p[t] + q[t] * q[t];
	}
	*pq += cross;
	*pp += power / 2;
}

/* p = U z1 and q = V z2 for one band of components and one chunk of test frames. */
static int
project(void *argument, const struct rmb_chunk *chunk, int64_t piece, int thread)
{
	struct components *all = argument;
	int64_t k0 = piece * BAND, nk = all->nk - k0 < BAND ? all->nk - k0 : BAND, n = chunk->n;
	struct rmb_matrix z1 = { chunk->first, chunk->ld, false }, z2 = { chunk->second, chunk->ld, false };
	int rc;
	if (all->sweep->in_double) {
		double *p = (double *)(void *)all->scratch[thread], *q = p + BAND * RMB_CHUNK;
		struct rmb_matrix u = { (const double *)all->u + k0 * all->n1, all->n1, false };
		struct rmb_matrix v = { (const double *)all->v + k0 * all->n2, all->n2, false };
		rc = rmb_gemm_double(nk, n, all->n1, u, z1, 0, p, n, NULL);
		if (!rc)
			rc = rmb_gemm_double(nk, n, all->n2, v, z2, 0, q, n, NULL);
		for (int64_t k = 0; !rc && k < nk; k++)
			add_double(p + k * n, q + k * n, n, &all->pq[k0 + k], &all->pp[k0 + k]);
		return rc;
	}
	float *p = (float *)(void *)all->scratch[thread], *q = p + BAND * RMB_CHUNK;
	struct rmb_matrix u = { (const float *)all->u + k0 * all->n1, all->n1, false };
	struct rmb_matrix v = { (const float *)all->v + k0 * all->n2, all->n2, false };
	rc = rmb_gemm_single(nk, n, all->n1, u, z1, p, n, NULL);
	if (!rc)
		rc = rmb_gemm_single(nk, n, all->n2, v, z2, q, n, NULL);
	for (int64_t k = 0; !rc && k < nk; k++)
		add_single(p + k * n, q + k * n, n, &all->pq[k0 + k], &all->pp[k0 + k]);
	return rc;
}

static struct rmb_sweep
sweep_over(const struct rmb_sweep *whole, const struct rmb_interval *interval, int64_t n, struct rmb_stretch *stretch)
{
	struct rmb_sweep sweep = *whole;
	sweep.threads = whole->threads < 1 ? 1 : whole->threads > 64 ? 64 : whole->threads;
	sweep.interval = interval;
	sweep.nintervals = n;
	sweep.lead = 0;
	sweep.progress = rmb_stretch_progress;
	sweep.progress_argument = stretch;
	return sweep;
}

static int64_t
frames_of(const struct rmb_interval *interval, int64_t n)
{
	int64_t frames = 0;
	for (int64_t i = 0; i < n; i++)
		frames += interval[i].n;
	return frames;
}

static int
project_all(const struct rmb_shared *what, struct components *all, struct rmb_arena *arena, struct rmb_error *error)
{
	struct rmb_stretch stretch = { &what->sweep, 0.8, 1 };
	struct rmb_sweep sweep = sweep_over(&what->sweep, what->test, what->ntest, &stretch);
	sweep.npieces = (all->nk + BAND - 1) / BAND;
	sweep.work = project;
	sweep.argument = all;
	all->sweep = &sweep;
	size_t item = sweep.in_double ? sizeof(double) : sizeof(float);
	for (int i = 0; i < sweep.threads; i++)
		if (!(all->scratch[i] = rmb_arena_alloc(arena, (size_t)2 * BAND * RMB_CHUNK, item)))
			return rmb_error_nomem(error, "projections");
	return rmb_sweep_run(&sweep, error);
}

int
rmb_shared_variance(const struct rmb_shared *what, double *training, double *scov, double *varcov, int64_t *neff,
                    struct rmb_error *error)
{
	struct rmb_stretch stretch = { &what->sweep, 0, 0.4 };
	struct rmb_sweep sweep = sweep_over(&what->sweep, what->train, what->ntrain, &stretch);
	int64_t n1 = sweep.first->neurons.n, n2 = sweep.second->neurons.n, nk = n1 < n2 ? n1 : n2;
	int64_t train = frames_of(what->train, what->ntrain), test = frames_of(what->test, what->ntest);
	/* The cross-covariance is gone before the test frames are packed. */
	struct rmb_arena *arena = rmb_arena_new(), *early = rmb_arena_new();
	size_t item = sweep.in_double ? sizeof(double) : sizeof(float);
	double *c = early ? rmb_arena_alloc(early, (size_t)(n1 * n2), sizeof *c) : NULL;
	void *u = arena ? rmb_arena_alloc(arena, (size_t)(nk * n1), item) : NULL;
	void *v = arena ? rmb_arena_alloc(arena, (size_t)(nk * n2), item) : NULL;
	int rc = c && u && v ? 0 : rmb_error_nomem(error, "a cross-covariance");
	if (!rc)
		rc = rmb_product(&sweep, c, error);
	if (!rc)
		rc = sweep.in_double ? rmb_singular_vectors(c, n1, n2, training, u, v, error)
		                     : rmb_components(c, n1, n2, nk, sweep.threads, training, u, v, error);
	rmb_arena_free(early);
	if (!rc) {
		/* The rank is at most the number of training frames; below rounding level directions are undefined. */
		*neff = rmb_clear_rounding(training, nk, sweep.in_double);
		*neff = *neff < train ? *neff : train;
		struct components all = { .n1 = n1, .n2 = n2, .nk = *neff, .u = u, .v = v, .pq = scov, .pp = varcov };
		memset(scov, 0, (size_t)nk * sizeof *scov);
		memset(varcov, 0, (size_t)nk * sizeof *varcov);
		rc = project_all(what, &all, arena, error);
		for (int64_t k = 0; !rc && k < *neff; k++) {
			scov[k] /= (double)test;
			varcov[k] /= (double)test;
		}
	}
	rmb_arena_free(arena);
	return rc;
}

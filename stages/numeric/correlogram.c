#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "numeric/blas.h"
#include "numeric/components.h"
#include "numeric/correlogram_inside.h"
#include "numeric/fft.h"
#include "numeric/product.h"
#include "rumble/parallel.h"

/* ---- components ---------------------------------------------------------------------------------------------------- */

/* c[n1][n2] over the even blocks, smoothed if asked. */
static int
covariance(const struct rmb_sweep *what, struct rmb_correlogram_blocks *blocks, bool smooth, double from, double to,
           double *c, struct rmb_error *error)
{
	struct rmb_stretch stretch = { what, from, to };
	int64_t nfit = (blocks->n + 1) / 2, nframes = nfit * blocks->width;
	struct rmb_interval all = { 0, smooth ? nframes / blocks->stretch * (blocks->stretch - 2 * RMB_SMOOTH_HALF) : nframes };
	struct rmb_sweep sweep = *what;
	blocks->parity = 0;
	sweep.read = smooth ? rmb_correlogram_read_smooth : rmb_correlogram_read;
	sweep.reader = blocks;
	sweep.interval = &all;
	sweep.nintervals = 1;
	sweep.progress = rmb_stretch_progress;
	sweep.progress_argument = &stretch;
	return rmb_product(&sweep, c, error);
}

struct scored { double score; int64_t k; };

static int
descending(const void *a, const void *b)
{
	const struct scored *x = a, *y = b;
	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return (x->k > y->k) - (x->k < y->k);
}

enum { BAND = 256 }; /* components scored by one piece of work */

struct ranking {
	const double *d, *u, *v; /* d[n1][n2]; rows of the components */
	int64_t n1, n2, nk;
	bool square_inside;
	double *dv;              /* a thread: [BAND][n1] */
	struct scored *scored;
};

/* How much the pair u(k), v(k) covaries without smoothing. */
static int
rank_band(void *argument, int64_t piece, int thread)
{
	const struct ranking *all = argument;
	int64_t k0 = piece * BAND, nk = all->nk - k0 < BAND ? all->nk - k0 : BAND, n1 = all->n1;
	double *dv = all->dv + (int64_t)thread * BAND * n1;
	int rc = rmb_gemm_double(nk, n1, all->n2, (struct rmb_matrix){ all->v + k0 * all->n2, all->n2, false },
	                         (struct rmb_matrix){ all->d, all->n2, true }, 0, dv, n1, NULL);
	for (int64_t k = 0; !rc && k < nk; k++) {
		const double *u = all->u + (k0 + k) * n1;
		double sum = 0, squares = 0;
		for (int64_t i = 0; i < n1; i++) {
			double term = u[i] * dv[k * n1 + i];
			sum += term;
			squares += term * term;
		}
		all->scored[k0 + k] = (struct scored){ all->square_inside ? squares : sum * sum, k0 + k };
	}
	return rc;
}

static int
rank_again(const struct rmb_sweep *what, const struct rmb_correlogram_options *set, struct ranking *ranking,
           struct rmb_arena *arena, struct rmb_error *error)
{
	ranking->dv = rmb_arena_alloc(arena, (size_t)(what->threads * BAND * ranking->n1), sizeof(double));
	if (!ranking->dv)
		return rmb_error_nomem(error, "the order of components");
	ranking->square_inside = set->square_inside;
	rmb_blas_threads(1);
	int rc = rmb_parallel(what->threads, (ranking->nk + BAND - 1) / BAND, rank_band, ranking);
	qsort(ranking->scored, (size_t)ranking->nk, sizeof *ranking->scored, descending);
	return rc;
}

/* The chosen rows, in their order and in the precision of the sweep. */
static void *
chosen(const double *rows, int64_t n, const struct scored *order, int64_t nk, bool in_double, struct rmb_arena *arena)
{
	double *to = rmb_arena_alloc(arena, (size_t)(nk * n), sizeof *to);
	for (int64_t k = 0; to && k < nk; k++)
		memcpy(to + k * n, rows + order[k].k * n, (size_t)n * sizeof *to);
	return to && !in_double ? rmb_to_single(to, nk * n) : to;
}

/* basis[0][nk][n1], basis[1][nk][n2]: the leading components of the even blocks. */
static int
find_components(const struct rmb_sweep *what, const struct rmb_correlogram_options *set,
                struct rmb_correlogram_blocks *blocks, struct rmb_arena *early, struct rmb_arena *arena,
                struct rmb_correlograms *to, void *basis[2], struct rmb_error *error)
{
	int64_t n1 = what->first->neurons.n, n2 = what->second->neurons.n, nk = n1 < n2 ? n1 : n2;
	double *c = rmb_arena_alloc(early, (size_t)(n1 * n2), sizeof *c), *s = rmb_arena_alloc(early, (size_t)nk, sizeof *s),
	       *u, *v;
	struct scored *scored = rmb_arena_alloc(early, (size_t)nk, sizeof *scored);
	if (!c || !s || !scored)
		return rmb_error_nomem(error, "a cross-covariance");
	/* The order without smoothing may bring any of them forward. */
	int64_t wanted = set->smooth > 0 || set->components > nk ? nk : set->components;
	int rc = covariance(what, blocks, set->smooth > 0, 0, set->smooth > 0 ? 0.3 : 0.4, c, error);
	if (!rc)
		rc = rmb_leading_terms(c, n1, n2, wanted, set->smooth > 0 ? RMB_SOLVER_EXACT : set->solver, what->in_double,
		                       what->threads, early, s, &u, &v, &to->how, error);
	if (rc)
		return rc;
	to->defined = rmb_clear_rounding(s, wanted, what->in_double);
	to->nk = set->components < to->defined ? set->components : to->defined;
	if (to->nk < 1)
		return rmb_error_set(error, RMB_EDATA, "the two halves share nothing: their cross-covariance is zero");
	for (int64_t k = 0; k < nk; k++)
		scored[k].k = k;
	struct ranking ranking = { .d = c, .u = u, .v = v, .n1 = n1, .n2 = n2, .nk = to->defined, .scored = scored };
	if (set->smooth > 0) {
		memset(c, 0, (size_t)(n1 * n2) * sizeof *c);
		rc = covariance(what, blocks, false, 0.5, 0.7, c, error);
		if (!rc)
			rc = rank_again(what, set, &ranking, early, error);
	}
	if (rc)
		return rc;
	basis[0] = chosen(u, n1, scored, to->nk, what->in_double, arena);
	basis[1] = chosen(v, n2, scored, to->nk, what->in_double, arena);
	return basis[0] && basis[1] ? 0 : rmb_error_nomem(error, "components");
}

/* ---- correlograms -------------------------------------------------------------------------------------------------- */

struct correlating {
	const struct rmb_correlogram_options *set;
	const struct rmb_correlator *correlator;
	int64_t nk, nlags, width;
	bool in_double;
	const void *p, *q;       /* [nk][width], one odd block */
	double *part;            /* [nk][nlags] of this block */
	double *sum;             /* [nk][4]: sums of p, q, p^2, q^2 over the odd blocks so far */
	double *scratch;         /* a thread: of the correlator */
};

static void
fetch(const void *from, int64_t at, int64_t n, bool in_double, double *to, double *sum, double *square)
{
	for (int64_t t = 0; t < n; t++) {
		to[t] = in_double ? ((const double *)from)[at + t] : (double)((const float *)from)[at + t];
		*sum += to[t];
		*square += to[t] * to[t];
	}
}

static int
correlate_one(void *argument, int64_t k, int thread)
{
	const struct correlating *all = argument;
	double *scratch = all->scratch + thread * rmb_correlator_scratch(all->correlator), *sum = all->sum + 4 * k;
	fetch(all->p, k * all->width, all->width, all->in_double, rmb_correlator_x(all->correlator, scratch), &sum[0], &sum[2]);
	fetch(all->q, k * all->width, all->width, all->in_double, rmb_correlator_y(all->correlator, scratch), &sum[1], &sum[3]);
	const double *g = rmb_correlate(all->correlator, scratch);
	for (int64_t l = 0; l < all->nlags; l++)
		all->part[k * all->nlags + l] = all->set->both ? (g[l] + g[(all->width - l) % all->width]) / 2 : g[l];
	return 0;
}

/* Mean over the odd blocks, then one of the two scales. */
static void
finish(const struct rmb_correlogram_options *set, const double *sum, struct rmb_correlograms *to)
{
	int64_t row = to->nlags, size = to->nk * row;
	double width = (double)to->width, frames = width * (double)to->ntest;
	for (int64_t k = 0; k < to->nk; k++) {
		double *g = to->g + k * row, mp = sum[4 * k] / frames, mq = sum[4 * k + 1] / frames;
		for (int64_t b = 0; b < to->ntest; b++)
			for (int64_t l = 0; l < row; l++)
				g[l] += to->part[b * size + k * row + l] / (double)to->ntest;
		double sp = RMB_CORRELOGRAM_EPSILON + sqrt(fmax(sum[4 * k + 2] / frames - mp * mp, 0)),
		       sq = RMB_CORRELOGRAM_EPSILON + sqrt(fmax(sum[4 * k + 3] / frames - mq * mq, 0));
		for (int64_t l = 0; set->unit && l < row; l++)
			g[l] = (g[l] - width * mp * mq) / (sp * sq * width);
		to->lag0[k] = g[0];
		for (int64_t l = 0; !set->unit && l < row; l++)
			g[l] = to->lag0[k] != 0 ? g[l] / to->lag0[k] : 0;
	}
}

static int
correlate_block(const struct rmb_sweep *what, const struct rmb_correlogram_blocks *blocks, void *const basis[2], int64_t b,
                struct correlating *all, void *p, void *q, struct rmb_error *error)
{
	double ntest = (double)(blocks->n / 2);
	struct rmb_stretch stretch = { what, 0.7 + 0.3 * (double)b / ntest, 0.7 + 0.3 * (double)(b + 1) / ntest };
	struct rmb_interval one = { b * blocks->width, blocks->width };
	struct rmb_projection projection = { .nk = all->nk, .ld = blocks->width, .u = basis[0], .v = basis[1], .p = p, .q = q };
	struct rmb_sweep sweep = *what;
	sweep.read = rmb_correlogram_read;
	sweep.reader = blocks;
	sweep.interval = &one;
	sweep.nintervals = 1;
	sweep.progress = rmb_stretch_progress;
	sweep.progress_argument = &stretch;
	int rc = rmb_project(&sweep, &projection, error);
	return rc ? rc : rmb_parallel(what->threads, all->nk, correlate_one, all);
}

static int
correlate(const struct rmb_sweep *what, const struct rmb_correlogram_options *set, struct rmb_correlogram_blocks *blocks,
          void *const basis[2], struct rmb_correlator *correlator, struct rmb_arena *early, struct rmb_correlograms *to,
          struct rmb_error *error)
{
	size_t item = what->in_double ? sizeof(double) : sizeof(float), size = (size_t)(to->nk * blocks->width);
	void *p = rmb_arena_alloc(early, size, item), *q = rmb_arena_alloc(early, size, item);
	struct correlating all = { .set = set, .correlator = correlator, .nk = to->nk, .nlags = set->nlags,
	                           .width = blocks->width, .in_double = what->in_double, .p = p, .q = q };
	all.sum = rmb_arena_alloc(early, (size_t)(4 * to->nk), sizeof(double));
	all.scratch = rmb_arena_alloc(early, (size_t)(what->threads * rmb_correlator_scratch(correlator)), sizeof(double));
	if (!p || !q || !all.sum || !all.scratch)
		return rmb_error_nomem(error, "projections");
	blocks->parity = 1;
	int rc = 0;
	for (int64_t b = 0; !rc && b < to->ntest; b++) {
		all.part = to->part + b * to->nk * to->nlags;
		rc = correlate_block(what, blocks, basis, b, &all, p, q, error);
	}
	if (!rc)
		finish(set, all.sum, to);
	return rc;
}

static int
results_make(const struct rmb_correlogram_blocks *blocks, const struct rmb_correlogram_options *set, struct rmb_arena *arena,
             struct rmb_correlograms *to, struct rmb_error *error)
{
	to->nlags = set->nlags;
	to->width = blocks->width;
	to->nblocks = blocks->n;
	to->ntest = blocks->n / 2;
	to->g = rmb_arena_alloc(arena, (size_t)(to->nk * to->nlags), sizeof(double));
	to->lag0 = rmb_arena_alloc(arena, (size_t)to->nk, sizeof(double));
	to->part = rmb_arena_alloc(arena, (size_t)(to->ntest * to->nk * to->nlags), sizeof(double));
	return to->g && to->lag0 && to->part ? 0 : rmb_error_nomem(error, "correlograms");
}

int
rmb_correlograms_make(const struct rmb_sweep *what, const struct rmb_correlogram_options *options, struct rmb_arena *arena,
                      struct rmb_correlograms *correlograms, struct rmb_error *error)
{
	struct rmb_sweep sweep = *what;
	sweep.threads = what->threads < 1 ? 1 : what->threads > 64 ? 64 : what->threads;
	struct rmb_correlogram_blocks blocks;
	void *basis[2] = { NULL, NULL };
	struct rmb_correlator *correlator = NULL;
	*correlograms = (struct rmb_correlograms){ 0 };
	int rc = rmb_correlogram_blocks_make(&sweep, options, arena, &blocks, error);
	/* The cross-covariance and its decomposition are gone before the projections are made. */
	for (int step = 0; !rc && step < 2; step++) {
		struct rmb_arena *early = rmb_arena_new();
		if (!early)
			rc = rmb_error_nomem(error, "correlograms");
		else if (step == 0)
			rc = find_components(&sweep, options, &blocks, early, arena, correlograms, basis, error);
		else if (!(rc = results_make(&blocks, options, arena, correlograms, error)))
			rc = (correlator = rmb_correlator_new(blocks.width, error))
			     ? correlate(&sweep, options, &blocks, basis, correlator, early, correlograms, error)
			     : RMB_ELIMIT;
		rmb_arena_free(early);
	}
	rmb_correlator_free(correlator);
	return rc;
}

#include "numeric/recovery.h"
#include <math.h>
#include <stdlib.h>
#include "numeric/lapack.h"
#include "numeric/product.h"
#include "rumble/arena.h"
#include "rumble/parallel.h"

/* ---- correlations by theory ---- */

int
rmb_network_correlation(double *a, int64_t n, int threads, double *value, double *correlation, struct rmb_error *error)
{
	int rc = rmb_eigenvectors(a, n, value, error);
	if (!rc && !(value[0] < 1))
		rc = rmb_error_set(error, RMB_EDATA,
		                   "the network is unstable, for its largest eigenvalue is %g; it must be below 1", value[0]);
	for (int64_t k = 0; !rc && k < n; k++)
		for (int64_t i = 0; i < n; i++)
			a[k * n + i] *= sqrt(0.5 / (1 - value[k]));
	if (!rc)
		rc = rmb_gram(a, n, n, true, correlation, threads, error);
	for (int64_t i = 0; !rc && i < n; i++)
		for (int64_t j = i + 1; j < n; j++)
			correlation[j * n + i] = correlation[i * n + j] /= sqrt(correlation[i * n + i] * correlation[j * n + j]);
	for (int64_t i = 0; !rc && i < n; i++)
		correlation[i * n + i] = 1;
	return rc;
}

/* ---- the strongest partners ---- */

struct partner { double strength; int64_t index; };

struct ranking {
	const double *a, *correlation;
	int64_t n, ntop;
	const int64_t *count;    /* partners of each top */
	bool published;
	int64_t *hits;           /* [n][ntop]: connected ones among them */
	struct partner *partner; /* [threads][n] */
};

static int
strongest_first(const void *left, const void *right)
{
	const struct partner *a = left, *b = right;
	return a->strength != b->strength ? (a->strength < b->strength) - (a->strength > b->strength)
	                                  : (a->index > b->index) - (a->index < b->index);
}

static int
rank_one(void *argument, int64_t i, int thread)
{
	struct ranking *r = argument;
	struct partner *partner = r->partner + thread * r->n;
	for (int64_t j = 0; j < r->n; j++)
		partner[j] = (struct partner){ j != i ? r->correlation[i * r->n + j] : r->published ? INFINITY : -INFINITY, j };
	qsort(partner, (size_t)r->n, sizeof *partner, strongest_first);
	int64_t hits = 0, taken = 0;
	for (int64_t k = 0; k < r->ntop; k++) {
		for (; taken < r->count[k]; taken++)
			hits += r->a[i * r->n + partner[taken].index] > 0;
		r->hits[i * r->ntop + k] = hits;
	}
	return 0;
}

int
rmb_recovery(const double *a, const double *correlation, int64_t n, const double *top, int64_t ntop, bool published,
             int threads, double *fraction, struct rmb_error *error)
{
	struct rmb_arena *arena = rmb_arena_new();
	int64_t *count = arena ? rmb_arena_alloc(arena, (size_t)ntop, sizeof *count) : NULL;
	int64_t *hits = arena ? rmb_arena_alloc(arena, (size_t)(n * ntop), sizeof *hits) : NULL;
	struct partner *partner = arena ? rmb_arena_alloc(arena, (size_t)(threads * n), sizeof *partner) : NULL;
	struct ranking r = { a, correlation, n, ntop, count, published, hits, partner };
	int rc = count && hits && partner ? 0 : rmb_error_nomem(error, "the partners of neurons");
	for (int64_t k = 0; !rc && k < ntop; k++)
		count[k] = (int64_t)rint(top[k] * (double)n);
	if (!rc)
		rc = rmb_parallel(threads, n, rank_one, &r);
	for (int64_t k = 0; !rc && k < ntop; k++) {
		int64_t sum = 0;
		for (int64_t i = 0; i < n; i++)
			sum += hits[i * ntop + k];
		fraction[k] = count[k] > 0 ? (double)sum / ((double)count[k] * (double)n) : NAN;
	}
	rmb_arena_free(arena);
	return rc;
}

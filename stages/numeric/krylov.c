#include "numeric/krylov.h"
#include <math.h>
#include <string.h>
#include "numeric/basis.h"
#include "numeric/components.h"
#include "numeric/lapack.h"
#include "numeric/product.h"
#include "rumble/arena.h"

/* Rows of the probe for what was missed; vectors of the least and the widest block. */
enum { PROBE = 32, NARROW = 32, WIDE = 128 };
/* From here on a decomposition in full is slow enough to be worth avoiding, where the part wanted is this part of it. */
enum { LARGE = 2048, PART = 5 };
/* Steps of the probe. What it finds above the last value by more than this was missed. */
enum { STEPS = 4 };
#define MISSED 1e-3
/* A residual at the first look from which no basis short of the whole space is going to bring it down. */
#define HOPELESS 0.1

/* ---- when to stop -------------------------------------------------------------------------------------------------- */

/* Values that stand above rounding; those that do not are held against the level itself. */
static int64_t
standing(const double *w, int64_t k, double level)
{
	int64_t n = 0;
	while (n < k && w[n] > level * w[0])
		n++;
	return n;
}

/* The largest r = |A v - w v| / w: what A makes of a vector of the small problem leaves the basis only by the last block,
 * r^2 w^2 = y G y' with the end y of the small vector and the Gram matrix G of what was left. */
static double
residual_of(const double *w, const double *small, int64_t k, int64_t m, const double *left, int64_t b)
{
	double worst = 0;
	for (int64_t r = 0; r < k; r++) {
		const double *y = small + r * m + m - b;
		double power = 0;
		for (int64_t i = 0; i < b; i++)
			for (int64_t j = 0; j < b; j++)
				power += y[i] * left[i * b + j] * y[j];
		double found = sqrt(fmax(power, 0)) / w[r];
		worst = found > worst || isnan(found) ? found : worst;
	}
	return worst;
}

static bool
good_enough(double residual)
{
	return 3 * residual * residual < 1e-4;
}

/* How wide the basis is at the first look, and at most; blocks a multiple of which they are. */
struct plan { int64_t block, first, step, most; };

static struct plan
plan_for(int64_t n, int64_t k)
{
	int64_t b = k / 8 / NARROW * NARROW;
	b = b < NARROW ? NARROW : b > WIDE ? WIDE : b;
	struct plan plan = { b, ((5 * k / 2 + 2 * b) / b + 1) * b, (k / 2 / b + 1) * b, 7 * n / 10 / b * b };
	return plan;
}

bool
rmb_krylov_pays(int64_t n, int64_t k)
{
	return n >= LARGE && n / PART >= k;
}

/* v[k][n] = small[k][m] Q, rows. Destroys small. */
static int
lift(struct rmb_basis_work *work, double *small, int64_t k, const struct rmb_basis *basis, struct rmb_arena *arena, double *v)
{
	float *rows = rmb_arena_alloc(arena, (size_t)(k * basis->n), sizeof *rows);
	if (!rows)
		return rmb_error_nomem(work->error, "the components");
	int rc = rmb_basis_multiply(work->threads, k, basis->n, basis->m,
	                            (struct rmb_matrix){ rmb_to_single(small, k * basis->m), basis->m, false },
	                            (struct rmb_matrix){ basis->q, basis->n, false }, rows);
	for (int64_t i = 0; !rc && i < k * basis->n; i++)
		v[i] = (double)rows[i];
	return rc;
}

/* ---- the small problem --------------------------------------------------------------------------------------------- */

/* A symmetric: h = Q A Q', on and below its diagonal of blocks, and there is no P. C any: h = Q C P', zero above. The last
 * block of rows of Q has been applied; what that left outside the basis stands behind it, as the next block. */
struct problem {
	const float *a;          /* [n1][n2] */
	int64_t n1, n2;
	bool symmetric;
	struct rmb_basis q, p;       /* of n1 and of n2 */
	double *h, *left;        /* [ld][ld]; [block][block], the Gram matrix of what was left */
	int64_t ld;
	double *row;             /* [block][ld], scratch */
};

/* Rows x[b][n1] A, or x[b][n2] A' */
static int
apply(const struct rmb_basis_work *work, const struct problem *all, const float *x, int64_t b, bool across, float *to)
{
	int64_t n = across ? all->n2 : all->n1;
	return rmb_basis_multiply(work->threads, b, across ? all->n1 : all->n2, n, (struct rmb_matrix){ x, n, false },
	                (struct rmb_matrix){ all->a, all->n2, across }, to);
}

static int
extend_symmetric(struct rmb_basis_work *work, struct problem *all)
{
	int64_t at = all->q.m;
	float *x = rmb_basis_next(&all->q);
	all->q.m += work->block;
	int rc = apply(work, all, x, work->block, false, rmb_basis_next(&all->q));
	return rc ? rc
	          : rmb_basis_orthogonalise(work, &all->q, rmb_basis_next(&all->q), work->block, all->h + at * all->ld,
	                                    all->ld, all->left);
}

/* C' q(j) = sum over i <= j of h(j, i) p(i), which defines p(j); C p(j) = h(j, j) q(j) + h(j + 1, j) q(j + 1), which
 * defines q(j + 1). */
static int
extend_both(struct rmb_basis_work *work, struct problem *all)
{
	int64_t b = work->block, at = all->q.m;
	float *x = rmb_basis_next(&all->q), *y = rmb_basis_next(&all->p);
	all->q.m += b;
	int rc = apply(work, all, x, b, false, y);
	if (!rc)
		rc = rmb_basis_orthogonalise(work, &all->p, y, b, all->h + at * all->ld, all->ld, NULL);
	all->p.m += b;
	if (!rc)
		rc = apply(work, all, y, b, true, rmb_basis_next(&all->q));
	if (!rc)
		rc = rmb_basis_orthogonalise(work, &all->q, rmb_basis_next(&all->q), b, all->row, all->ld, all->left);
	for (int64_t i = 0; !rc && i < b; i++)
		for (int64_t j = 0; j < b; j++)
			all->h[(at + i) * all->ld + at + j] = all->row[j * all->ld + at + i];
	return rc;
}

/* The matrix whose eigenvectors are those of the small problem (on the side of P), m a side: h, or h' h. */
static int
small_matrix(const struct rmb_basis_work *work, const struct problem *all, double *h, double *to)
{
	int64_t m = all->q.m;
	for (int64_t i = 0; i < m; i++)
		for (int64_t j = 0; j < m && (j <= i || j / work->block == i / work->block); j++)
			if (!all->symmetric)
				h[i * m + j] = all->h[i * all->ld + j];
			else if (j <= i)
				to[j * m + i] = all->h[i * all->ld + j];
	return all->symmetric ? 0 : rmb_gram(h, m, m, true, to, work->threads, work->error);
}

/* left[k][m] = right h', rows of unit length. */
static int
other_side(const struct rmb_basis_work *work, const double *h, int64_t m, const double *right, int64_t k, double *left)
{
	int rc = rmb_gemm_double(k, m, m, (struct rmb_matrix){ right, m, false }, (struct rmb_matrix){ h, m, true }, 0, left,
	                         m, work->error);
	for (int64_t r = 0; !rc && r < k; r++) {
		double power = 0;
		for (int64_t i = 0; i < m; i++)
			power += left[r * m + i] * left[r * m + i];
		for (int64_t i = 0; i < m && power > 0; i++)
			left[r * m + i] /= sqrt(power);
	}
	return rc;
}

/* The largest value that a fresh random block finds outside the basis, by a few steps of subspace iteration. */
static int
probe(struct rmb_basis_work *work, const struct problem *all, struct rmb_arena *arena, double *largest)
{
	float *x = rmb_arena_alloc(arena, (size_t)(PROBE * all->n1), sizeof *x),
	      *y = rmb_arena_alloc(arena, (size_t)(PROBE * all->n2), sizeof *y);
	int rc = x && y ? 0 : rmb_error_nomem(work->error, "a block of vectors");
	for (int64_t i = 0; !rc && i < PROBE; i++)
		rmb_basis_draw(work, x + i * all->n1, all->n1);
	for (int step = 0; !rc && step < STEPS; step++) {
		if (step > 0 && all->symmetric)
			memcpy(x, y, (size_t)(PROBE * all->n1) * sizeof *x);
		else if (step > 0)
			rc = apply(work, all, y, PROBE, true, x);
		if (!rc)
			rc = rmb_basis_orthogonalise(work, &all->q, x, PROBE, NULL, 0, NULL);
		if (!rc)
			rc = apply(work, all, x, PROBE, false, y);
	}
	if (!rc)
		rc = rmb_basis_gram(work, all->symmetric ? x : y, y, PROBE, all->n2, work->gram);
	if (!rc)
		rc = rmb_eigenvalues(work->gram, PROBE, work->power, work->error);
	*largest = all->symmetric ? work->power[0] : sqrt(fmax(work->power[0], 0));
	return rc;
}

/* ---- both ---------------------------------------------------------------------------------------------------------- */

struct small {
	struct rmb_reduced reduced;
	double *h;             /* [m][m], not symmetric: for the other side */
	double *w, *v, *again; /* [m]: values; [k][m], [k]: vectors, and the values that come with them */
	int64_t nk;            /* values wanted that stand above rounding */
};

static int
small_make(const struct rmb_basis_work *work, const struct problem *all, int64_t k, struct rmb_arena *arena, struct small *small)
{
	int64_t m = all->q.m;
	double *matrix = rmb_arena_alloc(arena, (size_t)(m * m), sizeof *matrix);
	*small = (struct small){ .w = rmb_arena_alloc(arena, (size_t)m, sizeof(double)),
	                         .v = rmb_arena_alloc(arena, (size_t)(k * m), sizeof(double)),
	                         .again = rmb_arena_alloc(arena, (size_t)k, sizeof(double)) };
	small->h = all->symmetric ? NULL : rmb_arena_alloc(arena, (size_t)(m * m), sizeof(double));
	if (!matrix || !small->w || !small->v || !small->again || (!all->symmetric && !small->h))
		return rmb_error_nomem(work->error, "a small decomposition");
	int rc = small_matrix(work, all, small->h, matrix);
	if (!rc)
		rc = rmb_reduce(matrix, m, arena, &small->reduced, work->error);
	if (!rc)
		rc = rmb_reduced_values(&small->reduced, small->w, work->error);
	for (int64_t i = 0; !rc && !all->symmetric && i < m; i++)
		small->w[i] = sqrt(fmax(small->w[i], 0));
	small->nk = rc ? 0 : standing(small->w, k, rmb_rounding_level(false));
	return rc;
}

/* Vectors of the values first .. first + n - 1, and the residual of those that stand above rounding. */
static int
vectors_from(const struct rmb_basis_work *work, const struct problem *all, const struct small *small, int64_t first,
             int64_t n, double *residual)
{
	int rc = rmb_reduced_vectors(&small->reduced, first, n, small->again, small->v, work->error);
	if (!rc)
		*residual = residual_of(small->w + first, small->v, first + n < small->nk ? n : small->nk - first, all->q.m,
		                        all->left, work->block);
	return rc;
}

static int
publish(struct rmb_basis_work *work, const struct problem *all, const struct small *small, int64_t k, struct rmb_arena *arena,
        double *w, double *u, double *v)
{
	int64_t m = all->q.m;
	double *left = u ? rmb_arena_alloc(arena, (size_t)(k * m), sizeof *left) : NULL;
	if (u && !left)
		return rmb_error_nomem(work->error, "the components");
	memcpy(w, small->w, (size_t)k * sizeof *w);
	int rc = u ? other_side(work, small->h, m, small->v, k, left) : 0;
	if (!rc && u)
		rc = lift(work, left, k, &all->q, arena, u);
	return rc || !v ? rc : lift(work, small->v, k, all->symmetric ? &all->q : &all->p, arena, v);
}

/* Is the basis wide enough? If so, the results. The last few values, which come out worst, decide whether the others are
 * looked at. */
static int
look(struct rmb_basis_work *work, const struct problem *all, int64_t k, double *w, double *u, double *v, struct rmb_krylov *how)
{
	enum { FEW = 8 };
	struct rmb_arena *arena = rmb_arena_new();
	struct small small;
	double outside = 0, level = rmb_rounding_level(false);
	int rc = arena ? small_make(work, all, k, arena, &small) : rmb_error_nomem(work->error, "a small decomposition");
	if (!rc && small.nk > 0) {
		int64_t few = small.nk < FEW ? small.nk : FEW;
		rc = vectors_from(work, all, &small, small.nk - few, few, &how->residual);
		how->accepted = !rc && good_enough(how->residual) && small.w[small.nk - 1] > RMB_KRYLOV_FLOOR * small.w[0];
	}
	how->width = all->q.m;
	if (!rc && how->accepted)
		rc = vectors_from(work, all, &small, 0, k, &how->residual);
	if (!rc && how->accepted)
		rc = probe(work, all, arena, &outside);
	how->accepted = !rc && how->accepted && good_enough(how->residual) &&
	                outside <= fmax(small.w[k - 1] * (1 + MISSED), level * small.w[0]);
	if (how->accepted)
		rc = publish(work, all, &small, k, arena, w, u, v);
	rmb_arena_free(arena);
	return rc;
}

static int
problem_make(struct rmb_basis_work *work, struct problem *all, const struct plan *plan, struct rmb_arena *arena)
{
	size_t room = (size_t)(plan->most + plan->block), ld = (size_t)plan->most;
	all->ld = plan->most;
	all->q = (struct rmb_basis){ rmb_arena_alloc(arena, room * (size_t)all->n1, sizeof(float)), all->n1, 0 };
	all->p = (struct rmb_basis){ all->symmetric ? all->q.q : rmb_arena_alloc(arena, room * (size_t)all->n2, sizeof(float)),
	                             all->n2, 0 };
	all->h = rmb_arena_alloc(arena, ld * ld, sizeof *all->h);
	all->left = rmb_arena_alloc(arena, (size_t)(plan->block * plan->block), sizeof *all->left);
	all->row = rmb_arena_alloc(arena, (size_t)plan->block * ld, sizeof *all->row);
	if (!all->q.q || !all->p.q || !all->h || !all->left || !all->row)
		return rmb_error_nomem(work->error, "a basis");
	/* The start is what A makes of noise: one step nearer for one product. */
	for (int64_t i = 0; i < plan->block; i++)
		rmb_basis_draw(work, work->product + i * all->n2, all->n2);
	int rc = apply(work, all, work->product, plan->block, true, all->q.q);
	return rc ? rc : rmb_basis_orthogonalise(work, &all->q, all->q.q, plan->block, NULL, 0, NULL);
}

static int
solve(struct problem *all, int64_t k, int threads, double *w, double *u, double *v, struct rmb_krylov *how,
      struct rmb_error *error)
{
	struct plan plan = plan_for(all->n1 < all->n2 ? all->n1 : all->n2, k);
	struct rmb_basis_work work = { 0 };
	*how = (struct rmb_krylov){ .residual = INFINITY };
	if (plan.first > plan.most)
		return 0;
	struct rmb_arena *arena = rmb_arena_new();
	int rc = arena ? rmb_basis_work_make(&work, arena, all->n1 > all->n2 ? all->n1 : all->n2, plan.block, plan.most,
	                                     "block Krylov", threads, error)
	               : rmb_error_nomem(error, "a block of vectors");
	if (!rc)
		rc = problem_make(&work, all, &plan, arena);
	for (int64_t width = plan.first; !rc && width <= plan.most; width += plan.step) {
		while (!rc && all->q.m < width)
			rc = all->symmetric ? extend_symmetric(&work, all) : extend_both(&work, all);
		if (!rc)
			rc = look(&work, all, k, w, u, v, how);
		if (how->accepted || how->residual > HOPELESS)
			break;
	}
	rmb_arena_free(arena);
	if (rc && work.stuck)
		*how = (struct rmb_krylov){ .width = all->q.m, .residual = INFINITY };
	return rc && work.stuck ? 0 : rc;
}

int
rmb_krylov_eigen(const float *a, int64_t n, int64_t k, int threads, double *w, double *v, struct rmb_krylov *how,
                 struct rmb_error *error)
{
	struct problem all = { .a = a, .n1 = n, .n2 = n, .symmetric = true };
	return solve(&all, k, threads, w, NULL, v, how, error);
}

int
rmb_krylov_singular(const float *c, int64_t n1, int64_t n2, int64_t k, int threads, double *s, double *u, double *v,
                    struct rmb_krylov *how, struct rmb_error *error)
{
	struct problem all = { .a = c, .n1 = n1, .n2 = n2 };
	return solve(&all, k, threads, s, u, v, how, error);
}

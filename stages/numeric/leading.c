#include "numeric/leading.h"
#include <math.h>
#include <string.h>
#include "numeric/components.h"
#include "numeric/lapack.h"
#include "numeric/product.h"

/* From this side on what comes of a single-precision product is reduced in single precision too: half of a reduction is bound
 * by memory. */
enum { SINGLE_FROM = 3000 };

static bool
by_blocks(enum rmb_solver solver, int64_t n, int64_t k)
{
	return solver == RMB_SOLVER_BLOCK || (solver == RMB_SOLVER_AUTO && rmb_krylov_pays(n, k));
}

/* The part below the diagonal, in squares that fit into the cache. */
static void
mirror(float *a, int64_t n)
{
	enum { SIDE = 64 };
	for (int64_t i = 0; i < n; i += SIDE)
		for (int64_t j = 0; j <= i; j += SIDE)
			for (int64_t r = i; r < n && r < i + SIDE; r++)
				for (int64_t c = j; c < r && c < j + SIDE; c++)
					a[r * n + c] = a[c * n + r];
}

/* The block method on a[n][n], of which the upper half is set. Where it refuses, a stands as before but for single precision. */
static int
try_eigen(double *a, int64_t n, int64_t k, int threads, double *w, double *v, struct rmb_krylov *how, struct rmb_error *error)
{
	float *narrow = rmb_to_single(a, n * n);
	mirror(narrow, n);
	int rc = rmb_krylov_eigen(narrow, n, k, threads, w, v, how, error);
	if (!rc && !how->accepted)
		rmb_to_double(a, n * n);
	return rc;
}

int
rmb_leading_eigenvectors(double *a, int64_t n, int64_t k, enum rmb_solver solver, bool in_double, int threads, double *w,
                         double *v, struct rmb_krylov *how, struct rmb_error *error)
{
	*how = (struct rmb_krylov){ 0 };
	int rc = by_blocks(solver, n, k) ? try_eigen(a, n, k, threads, w, v, how, error) : 0;
	if (rc || how->accepted)
		return rc;
	if (in_double || n < SINGLE_FROM)
		return rmb_top_eigenvectors(a, n, k, w, v, error);
	float *narrow = rmb_to_single(a, n * n);
	mirror(narrow, n);
	return rmb_top_eigenvectors_single(narrow, n, k, w, v, error);
}

/* Whether values that are off by 1e-6 of the largest leave those that fits read, ranks up to 500, good to a thousandth of
 * themselves. */
static bool
good_enough(const double *w, int64_t k)
{
	enum { LAST_RANK = 500 };
	return w[(k < LAST_RANK ? k : LAST_RANK) - 1] >= 1e-3 * w[0];
}

/* The largest entry of such a matrix is on its diagonal; squares, sums of them and what is left of small ones must stay in the
 * range of floats. */
static bool
in_range(const double *a, int64_t n)
{
	double largest = 0;
	for (int64_t i = 0; i < n; i++)
		largest = fmax(largest, a[i * n + i]);
	return largest > 1e-9 && largest < 1e12;
}

/* In single precision, on a copy in the half of a that narrowing leaves free; else a stands as before but for single
 * precision. */
static int
try_single(double *a, int64_t n, int64_t k, double *w, bool *accepted, struct rmb_error *error)
{
	float *narrow = rmb_to_single(a, n * n), *copy = narrow + n * n;
	memcpy(copy, narrow, (size_t)(n * n) * sizeof *copy);
	int rc = rmb_eigenvalues_single(copy, n, w, error);
	*accepted = !rc && good_enough(w, k);
	if (!rc && !*accepted)
		rmb_to_double(a, n * n);
	return rc;
}

int
rmb_leading_eigenvalues(double *a, int64_t n, int64_t k, enum rmb_solver solver, bool in_double, int threads, double *w,
                        struct rmb_krylov *how, struct rmb_error *error)
{
	bool done = false;
	*how = (struct rmb_krylov){ 0 };
	int rc = by_blocks(solver, n, k) ? try_eigen(a, n, k, threads, w, NULL, how, error) : 0;
	if (!rc && !how->accepted && !in_double && n >= SINGLE_FROM && in_range(a, n))
		rc = try_single(a, n, k, w, &done, error);
	return rc || how->accepted || done ? rc : rmb_eigenvalues(a, n, w, error);
}

static int
try_singular(double *c, int64_t n1, int64_t n2, int64_t k, int threads, double *s, double *u, double *v, struct rmb_krylov *how,
             struct rmb_error *error)
{
	int rc = rmb_krylov_singular(rmb_to_single(c, n1 * n2), n1, n2, k, threads, s, u, v, how, error);
	rmb_to_double(c, n1 * n2);
	return rc;
}

int
rmb_leading_values(double *c, int64_t n1, int64_t n2, int64_t k, enum rmb_solver solver, bool in_double, int threads, double *s,
                   struct rmb_krylov *how, struct rmb_error *error)
{
	*how = (struct rmb_krylov){ 0 };
	bool blocks = !in_double && by_blocks(solver, n1 < n2 ? n1 : n2, k);
	int rc = blocks ? try_singular(c, n1, n2, k, threads, s, NULL, NULL, how, error) : 0;
	return rc || how->accepted ? rc : rmb_spectrum_of(c, n1, n2, in_double, threads, s, error);
}

int
rmb_leading_terms(double *c, int64_t n1, int64_t n2, int64_t k, enum rmb_solver solver, bool in_double, int threads,
                  struct rmb_arena *arena, double *s, double **u, double **v, struct rmb_krylov *how, struct rmb_error *error)
{
	int64_t least = n1 < n2 ? n1 : n2, made = in_double ? least : k;
	*how = (struct rmb_krylov){ 0 };
	*u = rmb_arena_alloc(arena, (size_t)(made * n1), sizeof **u);
	*v = rmb_arena_alloc(arena, (size_t)(made * n2), sizeof **v);
	if (!*u || !*v)
		return rmb_error_nomem(error, "the components");
	if (in_double)
		return rmb_singular_vectors(c, n1, n2, s, *u, *v, error);
	int rc = by_blocks(solver, least, k) ? try_singular(c, n1, n2, k, threads, s, *u, *v, how, error) : 0;
	if (rc || how->accepted)
		return rc;
	rc = rmb_components(c, n1, n2, k, threads, s, (float *)(void *)*u, (float *)(void *)*v, error);
	rmb_to_double(*u, rc ? 0 : k * n1);
	rmb_to_double(*v, rc ? 0 : k * n2);
	return rc;
}

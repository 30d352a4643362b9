#include "numeric/leading.h"
#include <string.h>
#include "numeric/components.h"
#include "numeric/lapack.h"

enum rmb_solver
rmb_solver_named(const char *word)
{
	return strcmp(word, "exact") == 0 ? RMB_SOLVER_EXACT : strcmp(word, "block") == 0 ? RMB_SOLVER_BLOCK : RMB_SOLVER_AUTO;
}

static bool
by_blocks(enum rmb_solver solver, int64_t n, int64_t k)
{
	return solver == RMB_SOLVER_BLOCK || (solver == RMB_SOLVER_AUTO && rmb_krylov_pays(n, k));
}

/* The other way round from rmb_to_single: n numbers become twice as wide, in place. What single precision takes from a sum of
 * single-precision products is less than it already lacks. */
static void
to_double(void *v, int64_t n)
{
	char *bytes = v;
	for (int64_t i = n - 1; i >= 0; i--) {
		float f;
		memcpy(&f, bytes + (size_t)i * sizeof f, sizeof f);
		double d = (double)f;
		memcpy(bytes + (size_t)i * sizeof d, &d, sizeof d);
	}
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

int
rmb_leading_eigenvectors(double *a, int64_t n, int64_t k, enum rmb_solver solver, int threads, double *w, double *v,
                         struct rmb_krylov *how, struct rmb_error *error)
{
	*how = (struct rmb_krylov){ 0 };
	if (!by_blocks(solver, n, k))
		return rmb_top_eigenvectors(a, n, k, w, v, error);
	float *narrow = rmb_to_single(a, n * n);
	mirror(narrow, n);
	int rc = rmb_krylov_eigen(narrow, n, k, threads, w, v, how, error);
	if (rc || how->accepted)
		return rc;
	to_double(a, n * n);
	return rmb_top_eigenvectors(a, n, k, w, v, error);
}

int
rmb_leading_terms(double *c, int64_t n1, int64_t n2, int64_t k, enum rmb_solver solver, int threads, struct rmb_arena *arena, double *s,
                  double **u, double **v, struct rmb_krylov *how, struct rmb_error *error)
{
	*how = (struct rmb_krylov){ 0 };
	if (!by_blocks(solver, n1 < n2 ? n1 : n2, k))
		return rmb_components(c, n1, n2, k, false, threads, arena, s, u, v, error);
	*u = rmb_arena_alloc(arena, (size_t)(k * n1), sizeof **u);
	*v = rmb_arena_alloc(arena, (size_t)(k * n2), sizeof **v);
	if (!*u || !*v)
		return rmb_error_nomem(error, "the components");
	int rc = rmb_krylov_singular(rmb_to_single(c, n1 * n2), n1, n2, k, threads, s, *u, *v, how, error);
	to_double(c, n1 * n2);
	return rc || how->accepted ? rc : rmb_components(c, n1, n2, k, false, threads, arena, s, u, v, error);
}

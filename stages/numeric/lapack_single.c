/* numeric/lapack_single.c -- eigenvectors in single precision, for rotations of samples that are in single precision anyway.
 *
 * Householder reflections make the matrix tridiagonal, T = Q' A Q. The eigenvalues are those of T in double; the eigenvectors
 * W of T by divide and conquer, then Q W. All of it belongs to a matrix that differs from A by rounding, 1e-6 of its norm.
 * Half the memory and a third of the time of the same in double. */
#include <stdlib.h>
#include <string.h>
#include "numeric/blas.h"
#include "numeric/components.h"
#include "numeric/lapack_inside.h"
#include "rumble/arena.h"

static const char what[] = "eigenvectors";

/* Bytes of arrays of the solver, all from one arena. */
struct solver {
	int64_t n, room;        /* side; numbers in `work` */
	float *d, *e, *tau, *z, *work;
	double *values, *beside;
	lapack_int *ints;
};

/* What the reduction and the way back need: s->room numbers in `work`, 64 n or more. */
static int
allocate(struct rmb_arena *arena, struct solver *s, struct rmb_error *error)
{
	size_t n = (size_t)s->n;
	if (!rmb_blas_fits(what, &s->room, 1, error))
		return RMB_ELIMIT;
	s->d = rmb_arena_alloc(arena, 3 * n, sizeof *s->d);
	s->work = rmb_arena_alloc(arena, (size_t)s->room, sizeof *s->work);
	s->values = rmb_arena_alloc(arena, 2 * n, sizeof *s->values);
	if (!s->d || !s->work || !s->values)
		return rmb_error_nomem(error, what);
	s->e = s->d + n;
	s->tau = s->d + 2 * n;
	s->beside = s->values + n;
	return 0;
}

static int
allocate_all(struct rmb_arena *arena, struct solver *s, struct rmb_error *error)
{
	size_t n = (size_t)s->n;
	int64_t documented = 1 + 4 * s->n + s->n * s->n; /* of sstedc */
	s->room = documented > 64 * s->n ? documented : 64 * s->n;
	s->z = rmb_arena_alloc(arena, n * n, sizeof *s->z);
	s->ints = rmb_arena_alloc(arena, 3 + 5 * n, sizeof *s->ints);
	return s->z && s->ints ? allocate(arena, s, error) : rmb_error_nomem(error, what);
}

static int
checked(lapack_int info, struct rmb_error *error)
{
	if (info < 0)
		return rmb_error_set(error, RMB_EINTERNAL, "%s: LAPACK refused argument %d", what, -(int)info);
	return info ? rmb_error_set(error, RMB_EDATA, "%s: LAPACK did not converge (info %d)", what, (int)info) : 0;
}

/* T, in single precision and widened. */
static int
reduce(float *a, struct solver *s, struct rmb_error *error)
{
	lapack_int n = (lapack_int)s->n;
	int rc =
		checked(LAPACKE_ssytrd_work(LAPACK_COL_MAJOR, 'L', n, a, n, s->d, s->e, s->tau, s->work, (lapack_int)s->room),
	                error);
	for (int64_t i = 0; i < s->n; i++) {
		s->values[i] = (double)s->d[i];
		s->beside[i] = (double)s->e[i];
	}
	return rc;
}

static int
solve(float *a, struct solver *s, struct rmb_error *error)
{
	lapack_int n = (lapack_int)s->n, room = (lapack_int)s->room;
	int rc = reduce(a, s, error);
	if (!rc)
		rc = checked(LAPACKE_dsterf_work(n, s->values, s->beside), error);
	if (!rc)
		rc = checked(LAPACKE_sstedc_work(LAPACK_COL_MAJOR, 'I', n, s->d, s->e, s->z, n, s->work, room, s->ints,
		                                 3 + 5 * n),
		             error);
	if (!rc)
		rc = checked(LAPACKE_sormtr_work(LAPACK_COL_MAJOR, 'L', 'L', 'N', n, n, a, n, s->tau, s->z, n, s->work, room),
		             error);
	return rc;
}

/* The k largest: values and eigenvectors W of T in double, the way back in single. v[k][n], of which the rows are narrowed in
 * place first. */
static int
solve_top(float *a, struct solver *s, int64_t k, double *w, double *v, struct rmb_error *error)
{
	lapack_int n = (lapack_int)s->n, room = (lapack_int)s->room;
	int threads = rmb_solver_threads(s->n);
	rmb_blas_threads(threads);
	int rc = reduce(a, s, error);
	if (!rc)
		rc = rmb_tridiagonal_vectors(s->values, s->beside, s->n, 0, k, w, v, error);
	if (rc)
		return rc;
	float *narrow = rmb_to_single(v, k * s->n);
	rmb_blas_threads(threads);
	rc = checked(LAPACKE_sormtr_work(LAPACK_COL_MAJOR, 'L', 'L', 'N', n, (lapack_int)k, a, n, s->tau, narrow, n, s->work,
	                                 room),
	             error);
	rmb_to_double(v, k * s->n);
	return rc;
}

int
rmb_eigenvectors_single(float *a, int64_t n, double *w, int blas_threads, struct rmb_error *error)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct solver s = { .n = n };
	int rc = rmb_lapack_input_single(what, a, n, n, error);
	if (!rc)
		rc = arena ? allocate_all(arena, &s, error) : rmb_error_nomem(error, what);
	if (!rc) {
		rmb_blas_threads(blas_threads);
		rc = solve(a, &s, error);
		rmb_blas_threads(1);
	}
	for (int64_t k = 0; !rc && k < n; k++) { /* ascending becomes descending; column k is row k of ours */
		w[k] = s.values[n - 1 - k];
		memcpy(a + k * n, s.z + (n - 1 - k) * n, (size_t)n * sizeof *a);
	}
	rmb_arena_free(arena);
	return rc ? rc : rmb_lapack_input_single(what, a, n, n, error);
}

int
rmb_top_eigenvectors_single(float *a, int64_t n, int64_t k, double *w, double *v, struct rmb_error *error)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct solver s = { .n = n, .room = 64 * n };
	int rc = rmb_lapack_input_single(what, a, n, n, error);
	if (!rc)
		rc = arena ? allocate(arena, &s, error) : rmb_error_nomem(error, what);
	if (!rc)
		rc = solve_top(a, &s, k, w, v, error);
	rmb_blas_threads(1);
	rmb_arena_free(arena);
	return rc;
}

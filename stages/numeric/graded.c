#include "numeric/graded.h"
#include <math.h>
#include "numeric/basis.h"
#include "numeric/lapack_inside.h"
#include "numeric/product.h"
#include "rumble/arena.h"

/* Directions that are brought first, and rounds in which they are found. */
enum { FIRST = 64, ROUNDS = 2 };
/* Columns that LAPACK multiplies at a time. */
enum { COLUMNS = 64 };

static const char what[] = "singular values";

struct graded {
	int64_t nk, nl;            /* rows, columns; nk <= nl */
	float *f;                  /* [nk][nl]: the matrix, by a power of two from where its largest entry is near 1 */
	int power;
	float *y, *z;              /* [FIRST][nk] directions; [FIRST][nl] */
	float *tau, *work;         /* [FIRST]; [COLUMNS][nl] */
	struct rmb_basis_work *basis;
};

/* ---- the matrix ---------------------------------------------------------------------------------------------------- */

/* c[m][n] or, where it has more rows than columns, its transpose. */
static void
narrow(const double *c, int64_t m, int64_t n, struct graded *all)
{
	enum { SIDE = 64 };
	double largest = 0;
	for (int64_t i = 0; i < m * n; i++)
		largest = fmax(largest, fabs(c[i]));
	frexp(largest, &all->power);
	double scale = ldexp(1, -all->power);
	int64_t across = m > n ? 1 : n, along = m > n ? n : 1; /* steps in c from row to row of f, and within a row */
	for (int64_t i0 = 0; i0 < all->nk; i0 += SIDE)
		for (int64_t j0 = 0; j0 < all->nl; j0 += SIDE)
			for (int64_t i = i0; i < all->nk && i < i0 + SIDE; i++)
				for (int64_t j = j0; j < all->nl && j < j0 + SIDE; j++)
					all->f[i * all->nl + j] = (float)(c[i * across + j * along] * scale);
}

/* ---- its strongest directions -------------------------------------------------------------------------------------- */

/* z = y F, or y = z F'. */
static int
apply(const struct graded *all, bool back)
{
	int64_t nk = all->nk, nl = all->nl;
	struct rmb_matrix f = { all->f, nl, back };
	return back ? rmb_basis_multiply(all->basis->threads, FIRST, nk, nl, (struct rmb_matrix){ all->z, nl, false }, f, all->y)
	            : rmb_basis_multiply(all->basis->threads, FIRST, nl, nk, (struct rmb_matrix){ all->y, nk, false }, f, all->z);
}

/* Rows of y, orthonormal, such that those of y F are at right angles, the longest first: y = U y with the eigenvectors U of
 * (y F)(y F)'. */
static int
sort(const struct graded *all, struct rmb_error *error)
{
	struct rmb_basis_work *basis = all->basis;
	int rc = apply(all, false);
	if (!rc)
		rc = rmb_basis_gram(basis, all->z, all->z, FIRST, all->nl, basis->gram);
	if (!rc)
		rc = rmb_eigenvectors(basis->gram, FIRST, basis->power, error);
	for (int64_t i = 0; !rc && i < FIRST * FIRST; i++)
		basis->turn[i] = (float)basis->gram[i];
	if (!rc)
		rc = rmb_basis_multiply(basis->threads, FIRST, all->nk, FIRST, (struct rmb_matrix){ basis->turn, FIRST, false },
		                        (struct rmb_matrix){ all->y, all->nk, false }, basis->product);
	for (int64_t i = 0; !rc && i < FIRST * all->nk; i++)
		all->y[i] = basis->product[i];
	return rc;
}

static int
find_strongest(const struct graded *all, struct rmb_error *error)
{
	struct rmb_basis none = { .q = all->y, .n = all->nk };
	rmb_basis_draw(all->basis, all->y, FIRST * all->nk);
	int rc = 0;
	for (int round = 0; !rc && round < ROUNDS; round++) {
		rc = apply(all, false);
		if (!rc)
			rc = apply(all, true);
		if (!rc)
			rc = rmb_basis_orthogonalise(all->basis, &none, all->y, FIRST, NULL, 0, NULL);
	}
	return rc ? rc : sort(all, error);
}

/* ---- the reflections and the values -------------------------------------------------------------------------------- */

/* F becomes H' F, where the first columns of the reflections H span those of y. To LAPACK, which is column-major, F is F' and
 * y is y'. */
static int
reflect(const struct graded *all, struct rmb_error *error)
{
	lapack_int nk = (lapack_int)all->nk, nl = (lapack_int)all->nl;
	int64_t room = COLUMNS * all->nl;
	if (!rmb_blas_fits(what, &room, 1, error))
		return RMB_ELIMIT;
	rmb_blas_threads(rmb_solver_threads(all->nk));
	lapack_int info = LAPACKE_sgeqrf_work(LAPACK_COL_MAJOR, nk, FIRST, all->y, nk, all->tau, all->work, (lapack_int)room);
	if (!info)
		info = LAPACKE_sormqr_work(LAPACK_COL_MAJOR, 'R', 'N', nl, nk, FIRST, all->y, nk, all->tau, all->f, nl,
		                           all->work, (lapack_int)room);
	rmb_blas_threads(1);
	return rmb_lapack_output(what, info, NULL, 0, error);
}

static bool
good_enough(const double *s, int64_t nk)
{
	enum { LAST_RANK = 500 };
	return s[0] > 0 && s[(nk < LAST_RANK ? nk : LAST_RANK) - 1] >= 2e-4 * s[0] && s[4 * nk / 5] >= 1e-5 * s[0];
}

static int
values(const struct graded *all, struct rmb_arena *arena, int threads, double *s, struct rmb_error *error)
{
	float *g = rmb_arena_alloc(arena, (size_t)(all->nk * all->nk), sizeof *g);
	int rc = g ? rmb_gram_single(all->f, all->nk, all->nl, g, threads, error) : rmb_error_nomem(error, what);
	if (!rc)
		rc = rmb_eigenvalues_single(g, all->nk, s, error);
	for (int64_t k = 0; !rc && k < all->nk; k++)
		s[k] = ldexp(sqrt(fmax(s[k], 0)), all->power);
	return rc;
}

int
rmb_graded_values(const double *c, int64_t m, int64_t n, int threads, double *s, bool *accepted, struct rmb_error *error)
{
	struct rmb_basis_work basis = { .stuck = false };
	struct graded all = { .nk = m < n ? m : n, .nl = m < n ? n : m, .basis = &basis };
	*accepted = false;
	int rc = rmb_lapack_input(what, c, m, n, error);
	struct rmb_arena *arena = rmb_arena_new();
	if (!rc)
		rc = arena ? rmb_basis_work_make(&basis, arena, all.nl, FIRST, 0, "strongest directions", threads, error)
		           : rmb_error_nomem(error, what);
	if (!rc) {
		all.f = rmb_arena_alloc(arena, (size_t)(m * n), sizeof *all.f);
		all.y = rmb_arena_alloc(arena, (size_t)(FIRST * (all.nk + 1)), sizeof *all.y);
		all.z = rmb_arena_alloc(arena, (size_t)(FIRST * all.nl), sizeof *all.z);
		all.tau = rmb_arena_alloc(arena, FIRST, sizeof *all.tau);
		all.work = rmb_arena_alloc(arena, (size_t)(COLUMNS * all.nl), sizeof *all.work);
		rc = all.f && all.y && all.z && all.tau && all.work ? 0 : rmb_error_nomem(error, what);
	}
	if (!rc) {
		narrow(c, m, n, &all);
		rc = find_strongest(&all, error);
	}
	if (!rc)
		rc = reflect(&all, error);
	if (!rc)
		rc = values(&all, arena, threads, s, error);
	*accepted = !rc && good_enough(s, all.nk);
	rmb_arena_free(arena);
	return rc && basis.stuck ? 0 : rc;
}

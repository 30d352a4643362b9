/* numeric/leading.h -- the largest terms of a decomposition, by the block method (numeric/krylov.h) or exactly
 * (numeric/lapack.h). */
#ifndef RMB_NUMERIC_LEADING_H
#define RMB_NUMERIC_LEADING_H
#include "numeric/krylov.h"
#include "rumble/arena.h"

enum rmb_solver {
	RMB_SOLVER_AUTO, /* by blocks where that is likely to pay, in single precision; exact otherwise, and if blocks do not
	                    get there */
	RMB_SOLVER_EXACT,
	RMB_SOLVER_BLOCK /* by blocks, whatever the size; exact if they do not get there */
};

/* The k largest eigenvalues of a[n][n], symmetric and positive semi-definite, of which a[i][j] with j >= i is read, descending
 * into w[k], and eigenvectors as rows of v[k][n]. Destroys a. how->accepted: they come from the block method. Of large
 * matrices that are not in double they are exact for one that differs from a by 1e-6 of its norm, else for a itself. */
int rmb_leading_eigenvectors(double *a, int64_t n, int64_t k, enum rmb_solver solver, bool in_double, int threads, double *w,
                             double *v, struct rmb_krylov *how, struct rmb_error *error) RMB_CHECKED;
/* The k largest terms of c[n1][n2] = sum over k of s[k] u[k]' v[k], rows in the arena; destroys c. s has room for min(n1, n2). In
 * double, always exact, and of c itself. */
int rmb_leading_terms(double *c, int64_t n1, int64_t n2, int64_t k, enum rmb_solver solver, bool in_double, int threads,
                      struct rmb_arena *arena, double *s, double **u, double **v, struct rmb_krylov *how,
                      struct rmb_error *error) RMB_CHECKED;
/* The values alone, s[k]; s has room for min(n1, n2). In double, always exact, and of c itself. Destroys c. */
int rmb_leading_values(double *c, int64_t n1, int64_t n2, int64_t k, enum rmb_solver solver, bool in_double, int threads,
                       double *s, struct rmb_krylov *how, struct rmb_error *error) RMB_CHECKED;
/* Of the symmetric, positive semi-definite a[n][n] as above; w has room for n. Large matrices that are not in double lose up
 * to 1e-6 of the largest value, unless that is more than a thousandth of a value up to rank 500: then none but what a has lost
 * itself. */
int rmb_leading_eigenvalues(double *a, int64_t n, int64_t k, enum rmb_solver solver, bool in_double, int threads, double *w,
                            struct rmb_krylov *how, struct rmb_error *error) RMB_CHECKED;
#endif

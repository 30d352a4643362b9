/* numeric/components.h -- the singular vectors of a cross-covariance, and activity projected on them. */
#ifndef RMB_NUMERIC_COMPONENTS_H
#define RMB_NUMERIC_COMPONENTS_H
#include "numeric/sweep.h"
#include "rumble/arena.h"

/* The `wanted` largest terms of c[n1][n2] = sum over k of s[k] u[k]' v[k], s descending; at most min(n1, n2), for which s has
 * room. Rows u[k][n1] and v[k][n2] are made in the arena; c is destroyed. In double: of c itself. Else from the eigenvectors
 * of the double-precision Gram matrix of the smaller side, many times quicker, and rounded: good to 1e-6; the larger side,
 * C' u, is found in single precision and undefined where s is at rounding level. */
int rmb_components(double *c, int64_t n1, int64_t n2, int64_t wanted, bool in_double, int threads, struct rmb_arena *arena,
                   double *s, double **u, double **v, struct rmb_error *error) RMB_CHECKED;

/* Halves the width of n numbers in place. */
void *rmb_to_single(double *v, int64_t n);
/* The other way round: n numbers of single precision become twice as wide, in place. */
void rmb_to_double(void *v, int64_t n);

/* p[nk][ld] = u[nk][n1] z1(t) and, with a second recording, q = v[nk][n2] z2(t), over the frames t that the sweep visits, one
 * after the other. All four in the precision of the sweep. */
struct rmb_projection { int64_t nk, ld; const void *u, *v; void *p, *q; };

/* Of a sweep: all but npieces, work and argument. */
int rmb_project(const struct rmb_sweep *sweep, const struct rmb_projection *projection, struct rmb_error *error) RMB_CHECKED;
#endif

/* numeric/components.h -- the singular vectors of a cross-covariance, and activity projected on them. */
#ifndef RMB_NUMERIC_COMPONENTS_H
#define RMB_NUMERIC_COMPONENTS_H
#include "numeric/sweep.h"

/* The `wanted` largest terms of c[n1][n2] = sum over k of s[k] u[k]' v[k], s descending: rows u[wanted][n1], v[wanted][n2].
 * Destroys c. Those of the smaller side are eigenvectors of its double-precision Gram matrix, many times quicker than singular
 * vectors of c (rmb_singular_vectors), and good to 1e-6; those of the larger side, C' u / |C' u|, are found in single precision
 * and undefined where s is at rounding level. */
int rmb_components(double *c, int64_t n1, int64_t n2, int64_t wanted, int threads, double *s, float *u, float *v,
                   struct rmb_error *error) RMB_CHECKED;

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

/* numeric/propagate.h -- frames of any linear network: by blocks of steps, or step by step.
 *
 * By blocks, exactly: with the operators of numeric/blocks.h a frame of n steps is
 *     m = B x + L21 z1 + L22 z2,   x <- P x + L11 z1,   z1, z2 standard normal,
 *     L11 L11' = ee,  L21 = me (L11')^-1,  L22 L22' = mm - L21 L21',
 * and begins in the stationary law, x = root(S) z. Step by step: x <- x + h (A x - x + e), the mean of n steps is a frame;
 * begins with standard normals and lets `burn` steps pass. That is what the other ways are tested against. Both in single
 * precision. */
#ifndef RMB_NUMERIC_PROPAGATE_H
#define RMB_NUMERIC_PROPAGATE_H
#include "numeric/blocks.h"
#include "numeric/lockstep.h"

/* Runs side by side, at most. */
enum { RMB_PROPAGATE_GROUP = 64 };

/* n x n each, row-major. */
struct rmb_propagator_roots { const float *p, *b, *l11, *l21, *l22, *start; };

/* From the operators and the stationary covariance s[n][n], which are destroyed; the roots are in the arena. RMB_EDATA:
 * not positive definite. */
int rmb_propagate_roots(struct rmb_arena *arena, struct rmb_blocks *blocks, double *s, int threads,
                        struct rmb_propagator_roots *roots, struct rmb_error *error) RMB_CHECKED;
/* Simulates by blocks. */
int rmb_propagate_blocks(const struct rmb_simulation *what, const struct rmb_propagator_roots *roots,
                         struct rmb_error *error) RMB_CHECKED;
/* One frame of `runs` runs: x[runs][n] goes on, m[runs][n] are the means. z1, z2: [runs][n]; y[runs][n] is scratch.
 * Frames of a whole block share their products; this is the same for one. */
int rmb_propagate_frame(const struct rmb_propagator_roots *roots, int64_t n, int64_t runs, const float *z1, const float *z2,
                        float *x, float *y, float *m, struct rmb_error *error) RMB_CHECKED;

/* Simulates the matrix a[n][n] step by step. h: step over time constant; width: steps of a frame. */
struct rmb_stepping { const float *a; double h; int64_t width, burn; };
int rmb_propagate_steps(const struct rmb_simulation *what, const struct rmb_stepping *stepping,
                        struct rmb_error *error) RMB_CHECKED;
/* One step: x[runs][n] goes on. e[runs][n]: standard normals; y[runs][n] is scratch. */
int rmb_propagate_step(const float *a, int64_t n, int64_t runs, double h, const float *e, float *x, float *y, int threads,
                       struct rmb_error *error) RMB_CHECKED;

/* Bytes that either needs beside its matrices. */
double rmb_propagate_memory(double n);
#endif

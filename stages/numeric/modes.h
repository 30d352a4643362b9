/* numeric/modes.h -- frames of a symmetric linear network, exactly, without stepping it.
 *
 * Steps x <- x + h (A x - x + e), e standard normal and fresh, h = step / time constant. The eigenvectors of a symmetric A
 * make modes that do not know of each other: with the gap g = 1 - eigenvalue a mode is s <- a s + h e, a = 1 - h g. A frame
 * is the mean of n steps. Given the state s before a frame, the state after it and the frame's mean are jointly normal:
 *     m = mean s + first z1 + second z2,   s <- decay s + kick z1,   z1, z2 standard normal.
 * So a frame takes two numbers instead of n, and starts in the stationary law: there is nothing to burn in. Coefficients
 * follow from 1 - a^r = -expm1(r log1p(-h g)); the variance of m is a sum over r, for its closed form cancels where modes are
 * slow. */
#ifndef RMB_NUMERIC_MODES_H
#define RMB_NUMERIC_MODES_H
#include <stdint.h>
#include "numeric/lockstep.h"
#include "numeric/theory.h"

/* Runs side by side, at most. */
enum { RMB_MODES_GROUP = 16 };

/* n entries each. */
struct rmb_modes {
	int64_t n;
	double *decay, *mean;            /* P, c_m */
	double *kick, *first, *second;   /* l11, l21, l22: the root of the covariance of state and mean */
	double *spread;                  /* stationary standard deviation of the state */
};

/* Of modes with gap[n], in the arena. RMB_EDATA: a gap that is not between 0 and 2 / h, so that the network is unstable. */
int rmb_modes_make(struct rmb_arena *arena, const double *gap, int64_t n, struct rmb_steps steps, struct rmb_modes *modes,
                   struct rmb_error *error) RMB_CHECKED;
/* One frame of modes k .. k + n - 1: their states s[n] go on, their means are m[n]. z1[n], z2[n]: standard normals. */
void rmb_modes_advance(const struct rmb_modes *modes, int64_t k, int64_t n, const float *z1, const float *z2, double *s,
                       float *m);

/* Simulates neurons that are sums of these modes: row k of vectors[modes->n][n] has what mode k adds to each neuron, in a
 * network its eigenvector. */
int rmb_modes_simulate(const struct rmb_simulation *what, const struct rmb_modes *modes, const float *vectors,
                       struct rmb_error *error) RMB_CHECKED;
/* Bytes that takes. */
double rmb_modes_memory(double n, double nmodes);
#endif

/* numeric/locality.h -- the weights of principal components over neurons, and how close together in space the heavy ones lie. */
#ifndef RMB_NUMERIC_LOCALITY_H
#define RMB_NUMERIC_LOCALITY_H
#include "numeric/leading.h"
#include "numeric/space.h"
#include "numeric/sweep.h"
#include "rumble/arena.h"

/* The first *nk components of the activity Z that a sweep visits (of it: first, in_double, threads, progress,
 * progress_argument): rows w[k] of unit length over neurons, w[k]' Z Z' w[k] = value[k], descending. Fewer are defined if Z
 * has a lower rank; *nk then becomes less. The eigenvectors are those of the shorter side of Z. w[*nk][neurons.n] and
 * value[*nk] are the caller's. */
int rmb_weights(const struct rmb_sweep *activity, enum rmb_solver solver, int64_t *nk, double *w, double *value,
                struct rmb_krylov *how, struct rmb_error *error) RMB_CHECKED;
/* A fixed sign: the skewness of the weights w[n] is positive or, where it is zero, the entry of largest magnitude. */
void rmb_weights_orient(double *w, int64_t n);

struct rmb_locality {
	double *ratio;      /* [nk]: mean square weight near the centre, over that of all neurons; NaN if none is near */
	double *centre[3];  /* [nk] for each axis: centre of mass of squared weights */
	int64_t *near;      /* [nk]: neurons within the radius */
	double mean;        /* of the ratios of components with a neuron near; NaN if there are none */
	double published;   /* of all ratios: NaN if one is */
	int64_t empty;      /* components without a neuron near */
};

/* Of rows w[nk][n]. On a torus, or `circular`, the centre is that of angles. RMB_UNIT_BOX: min(|d|, |1 - d|) with d = centre
 * - place, as was published. The arrays are the caller's. */
void rmb_locality_find(const double *w, int64_t nk, int64_t n, const struct rmb_space *space, bool circular, double radius,
                       struct rmb_locality *found);
#endif

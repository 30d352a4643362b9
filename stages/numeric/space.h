/* numeric/space.h -- how far apart neurons are. Coordinates and distances have one unit, um unless the caller says otherwise. */
#ifndef RMB_NUMERIC_SPACE_H
#define RMB_NUMERIC_SPACE_H
#include <stdint.h>

enum rmb_geometry {
	RMB_PLANE,    /* |d| along each axis */
	RMB_TORUS,    /* min(|d|, box - |d|) */
	RMB_UNIT_BOX  /* min(|d|, 1 - |d|): what was published, whatever the unit */
};

struct rmb_space {
	const double *axis[3]; /* coordinates of each neuron */
	int naxes;
	enum rmb_geometry geometry;
	double box;            /* side of the torus */
};

/* Root of the sum of squares over axes (not hypot, whose last bit would put exact multiples of a bin elsewhere). */
double rmb_space_distance(const struct rmb_space *space, int64_t i, int64_t j);
/* The squares of the distances from neuron i to neurons first .. first + n - 1: square[n]. */
void rmb_space_squares(const struct rmb_space *space, int64_t i, int64_t first, int64_t n, double *square);
#endif

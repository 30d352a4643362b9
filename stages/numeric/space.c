#include "numeric/space.h"
#include <math.h>
#include <string.h>
#include "rumble/processor.h"

/* square[j] += (gap between p and q[j] along one axis)^2 */
RMB_EVERY_CPU static void
add_plane(double p, const double *restrict q, int64_t n, double *restrict square)
{
	for (int64_t j = 0; j < n; j++)
		square[j] += (p - q[j]) * (p - q[j]);
}

RMB_EVERY_CPU static void
add_wrapped(double p, const double *restrict q, int64_t n, double box, double *restrict square)
{
	for (int64_t j = 0; j < n; j++) {
		double gap = fabs(p - q[j]), around = box - gap;
		gap = around < gap ? around : gap;
		square[j] += gap * gap;
	}
}

void
rmb_space_squares(const struct rmb_space *space, int64_t i, int64_t first, int64_t n, double *square)
{
	memset(square, 0, (size_t)n * sizeof *square);
	for (int a = 0; a < space->naxes; a++) {
		const double *p = space->axis[a];
		if (space->geometry == RMB_PLANE)
			add_plane(p[i], p + first, n, square);
		else
			add_wrapped(p[i], p + first, n, space->geometry == RMB_TORUS ? space->box : 1, square);
	}
}

double
rmb_space_distance(const struct rmb_space *space, int64_t i, int64_t j)
{
	double square;
	rmb_space_squares(space, i, j, 1, &square);
	return sqrt(square);
}

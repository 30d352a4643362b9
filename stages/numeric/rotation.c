#include "numeric/rotation.h"
#include <math.h>
#include "numeric/percentile.h"

const double rmb_rotation_percentiles[RMB_ROTATION_PERCENTILES] = { 5, 25, 50, 75, 95 };

static double
rotation(double re, double im)
{
	return fabs(atan2(im, re)) / (2 * M_PI) / -log10(hypot(re, im));
}

void
rmb_rotations(const double *real, const double *imaginary, int64_t n, double floor, bool keep, double *scratch,
              struct rmb_rotations *rotations)
{
	int64_t beyond = 0, turning = 0;
	double sum = 0, square = 0;
	*rotations = (struct rmb_rotations){ .mean = NAN, .sd = NAN, .complex_fraction = NAN };
	for (int64_t i = 0; i < n; i++) {
		double modulus = hypot(real[i], imaginary[i]);
		if (!(modulus > floor))
			continue;
		beyond++;
		turning += fabs(imaginary[i]) > 1e-9;
		if (imaginary[i] < 0)
			continue;
		rotations->outside += modulus >= 1;
		if (modulus < 1 || keep)
			scratch[rotations->n++] = rotation(real[i], imaginary[i]);
	}
	int64_t used = rotations->n;
	if (beyond > 0)
		rotations->complex_fraction = (double)turning / (double)beyond;
	rmb_sort(scratch, used);
	for (int i = 0; i < RMB_ROTATION_PERCENTILES; i++)
		rotations->percentile[i] = rmb_percentile(scratch, used, rmb_rotation_percentiles[i]);
	for (int64_t i = 0; i < used; i++)
		sum += scratch[i];
	if (used == 0)
		return;
	rotations->mean = sum / (double)used;
	for (int64_t i = 0; i < used; i++)
		square += (scratch[i] - rotations->mean) * (scratch[i] - rotations->mean);
	rotations->sd = sqrt(square / (double)used);
}

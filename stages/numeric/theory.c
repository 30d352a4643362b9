#include "numeric/theory.h"
#include <math.h>

struct rmb_steps
rmb_steps_of(double bin, double step, double time_constant)
{
	int64_t width = (int64_t)fmax(1, rint(bin / step));
	return (struct rmb_steps){ .step = bin / (double)width / time_constant, .width = width };
}

double
rmb_mode_variance(double eigenvalue)
{
	return 0.5 / (1 - eigenvalue);
}

void
rmb_mode_binned(double gap, struct rmb_steps steps, int64_t nlags, double *covariance)
{
	double h = steps.step, a = 1 - h * gap, n = (double)steps.width, v = h / (gap * (2 - h * gap)), power = 1, sum = 0, weighted = 0;
	for (int64_t j = 0; j < steps.width; j++) {
		sum += power;
		weighted += j > 0 ? (n - (double)j) * power : 0;
		power *= a;
	}
	covariance[0] = v / (n * n) * (n + 2 * weighted);
	for (int64_t k = 1; k < nlags; k++)
		covariance[k] = v / (n * n) * pow(a, (double)((k - 1) * steps.width + 1)) * sum * sum;
}

#include "numeric/theory.h"
#include <complex.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include "numeric/lapack.h"

/* ---- one mode ---- */

struct rmb_steps
rmb_steps_of(double bin, double step, double time_constant)
{
	int64_t width = (int64_t)fmax(1, rint(bin / step));
	return (struct rmb_steps){ .step = bin / (double)width / time_constant, .width = width };
}

int64_t
rmb_steps_shorten(struct rmb_steps *steps, double most)
{
	int64_t parts = steps->step < most ? 1 : (int64_t)ceil(2 * steps->step / most);
	steps->step /= (double)parts;
	steps->width *= parts;
	return parts;
}

double
rmb_mode_variance(double eigenvalue)
{
	return 0.5 / (1 - eigenvalue);
}

/* a^n, to the last digit where hg is small, a = 1 - hg. */
static double
power(double hg, double n)
{
	return hg < 1 ? exp(n * log1p(-hg)) : pow(1 - hg, n);
}

/* Over the n steps i, j of a part of a bin: sums of a^i and of a^|i - j|. */
struct sums { double n, once, twice; };

/* Of two parts, one after the other. */
static struct sums
join(struct sums first, struct sums second, double hg)
{
	return (struct sums){ first.n + second.n, first.once + power(hg, first.n) * second.once,
	                      first.twice + second.twice + 2 * (1 - hg) * first.once * second.once };
}

void
rmb_mode_binned(double gap, struct rmb_steps steps, int64_t nlags, double *covariance)
{
	double h = steps.step, hg = h * gap, n = (double)steps.width, v = h / (gap * (2 - hg));
	struct sums bin = { 0, 0, 0 }, part = { 1, 1, 1 };
	for (int64_t left = steps.width; left > 0; left /= 2) {
		if (left % 2)
			bin = join(bin, part, hg);
		part = join(part, part, hg);
	}
	covariance[0] = v / (n * n) * bin.twice;
	for (int64_t k = 1; k < nlags; k++)
		covariance[k] = v / (n * n) * power(hg, (double)((k - 1) * steps.width + 1)) * bin.once * bin.once;
}

void
rmb_mode_decay(double real, double imaginary, struct rmb_steps steps, int64_t lag, double *decay_real, double *decay_imaginary)
{
	double complex base = 1 - steps.step * (1 - real) + I * steps.step * imaginary, power = 1;
	for (int64_t left = lag * steps.width; left > 0; left /= 2) {
		if (left % 2)
			power *= base;
		base *= base;
	}
	*decay_real = creal(power);
	*decay_imaginary = cimag(power);
}

/* ---- the semicircle ---- */

/* The upper tail of cos t is (t - sin t cos t) / pi and rises with t. */
static double
upper_quantile(double tail)
{
	double low = 0, high = M_PI;
	for (int i = 0; i < 60; i++) {
		double t = (low + high) / 2;
		if ((t - sin(t) * cos(t)) / M_PI < tail)
			low = t;
		else
			high = t;
	}
	return cos(high);
}

void
rmb_semicircle_quantiles(int64_t n, double *q)
{
	for (int64_t k = 0; k < n; k++)
		q[k] = upper_quantile(((double)k + 0.5) / (double)n);
}

/* ---- draws without a matrix ---- */

/* Numbers of a stream that belong to one row: one for the diagonal, the rest for tries at the entry beside it. */
enum { NUMBERS = 64 };

/* Root of a chi-square variable. Few degrees of freedom: a sum of squares. Else twice a gamma variable of half as many
 * (Marsaglia and Tsang 2000, ACM Trans. Math. Softw. 26: 363), which takes 1.05 tries or fewer. */
static double
chi(struct rmb_stream stream, uint64_t first, int64_t degrees)
{
	enum { FEW = 8 };
	double sum = 0, d = (double)degrees / 2 - 1.0 / 3, c = 1 / sqrt(9 * d);
	for (int64_t i = 0; degrees <= FEW && i < degrees; i++) {
		double z = rmb_random_normal(stream, first + (uint64_t)i);
		sum += z * z;
	}
	for (uint64_t i = 0; degrees > FEW && i + 1 < NUMBERS - 1; i += 2) {
		double z = rmb_random_normal(stream, first + i), v = 1 + c * z;
		v = v * v * v;
		sum = 2 * d * v;
		if (v > 0 && log(1 - rmb_random_uniform(stream, first + i + 1)) < z * z / 2 + d - d * v + d * log(v))
			break;
	}
	return sqrt(sum);
}

int64_t
rmb_symmetric_rows(int64_t n, int64_t count)
{
	/* An eigenvector falls as exp(-(2/3) d^(3/2) / sqrt(n x^2)) over d rows beyond its turning point: until rounding level. */
	double x = upper_quantile(fmin(1, ((double)count + 0.5) / (double)n)), rest = (double)n * x * x,
	       beyond = pow(1.5 * 37 * sqrt(rest), 2.0 / 3), rows = (double)n - rest + 1.2 * beyond + 32;
	return x > 0 && rows < (double)n ? (int64_t)rows : n;
}

int
rmb_symmetric_draw(struct rmb_stream stream, int64_t draw, int64_t n, int64_t count, int64_t rows, const double *q,
                   double *eigenvalue, struct rmb_error *error)
{
	double *diagonal = malloc((size_t)(2 * rows) * sizeof *diagonal), *beside = diagonal + rows;
	if (!diagonal)
		return rmb_error_nomem(error, "eigenvalues of a random network");
	for (int64_t i = 0; i < rows; i++) {
		uint64_t first = (uint64_t)(draw * n + i) * NUMBERS;
		diagonal[i] = M_SQRT2 * rmb_random_normal(stream, first);
		beside[i] = i + 1 < n ? chi(stream, first + 1, n - 1 - i) : 0;
	}
	int rc = rmb_tridiagonal_eigenvalues(diagonal, beside, rows, error);
	if (!rc && !(diagonal[0] > 0))
		rc = rmb_error_set(error, RMB_EDATA,
		                   "no eigenvalue of a network of %" PRId64 " neurons that was drawn is above 0, so that it has no "
		                   "edge; use more neurons",
		                   n);
	for (int64_t k = 0; !rc && k < n; k++)
		eigenvalue[k] = (k < count ? diagonal[k] : 2 * sqrt((double)n) * q[k]) / diagonal[0];
	free(diagonal);
	return rc;
}

/* ---- an exponent on a curve ---- */

/* Where a quantity that goes from a to b over one piece of the curve is zero, in the logarithm of the distance. */
static double
crossing(double from, double to, double a, double b)
{
	return exp(log(from) + (log(to) - log(from)) * a / (a - b));
}

void
rmb_exponent_inversion(const double *distance, const double *mean, const double *spread, int64_t n, double z, double exponent,
                       struct rmb_inversion *out)
{
	*out = (struct rmb_inversion){ NAN, NAN, NAN, 0, 0 };
	for (int64_t i = 0; i < n; i++) {
		double under = mean[i] - z * spread[i] - exponent, over = mean[i] + z * spread[i] - exponent;
		if (under <= 0 &&
		    over >= 0) { /* inside: the outermost such points are ends, unless the band is left between two */
			out->high = isnan(out->high) ? distance[i] : out->high;
			out->low = distance[i];
			out->open_high |= i == 0;
			out->open_low |= i == n - 1;
		}
		if (i + 1 == n)
			break;
		double next_under = mean[i + 1] - z * spread[i + 1] - exponent,
		       next_over = mean[i + 1] + z * spread[i + 1] - exponent;
		if (over < 0 && next_over >= 0) {
			double at = crossing(distance[i], distance[i + 1], over, next_over);
			out->high = isnan(out->high) ? at : out->high;
			out->low = at;
		}
		if (under <= 0 && next_under > 0)
			out->low = crossing(distance[i], distance[i + 1], under, next_under);
		double here = mean[i] - exponent, next = mean[i + 1] - exponent;
		if (isnan(out->distance) && here <= 0 && next > 0)
			out->distance = crossing(distance[i], distance[i + 1], here, next);
	}
}

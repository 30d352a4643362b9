#include "numeric/powerlaw.h"
#include <inttypes.h>
#include <math.h>

/* Values at rounding level wreck a fit, positive or not: an exact n^-0.8 with such a tail gives 5.3 instead of 0.8. */
#define SMALL 1e-10

/* Sum of weights; weighted means; centred second moments; range of y. */
struct moments { double w, x, y, xx, xy, yy, least, most; };

static bool
enters(const double *s, int64_t rank, double largest, bool modulus)
{
	return modulus || s[rank - 1] > SMALL * largest;
}

static double
weight(int64_t rank, bool single)
{
	return single ? (double)(1.0f / (float)rank) : 1.0 / (double)rank;
}

/* Two passes: means, then centred moments. */
static struct moments
weigh(const double *s, const struct rmb_powerlaw_options *options, int64_t last, double largest)
{
	struct moments m = { .least = INFINITY, .most = -INFINITY };
	for (int pass = 0; pass < 2; pass++) {
		for (int64_t rank = options->first; rank <= last; rank++) {
			if (!enters(s, rank, largest, options->modulus))
				continue;
			double w = weight(rank, options->single_weights), x = log((double)rank), y = log(fabs(s[rank - 1]));
			if (pass == 0) {
				m.w += w;
				m.x += w * x;
				m.y += w * y;
				m.least = fmin(m.least, y);
				m.most = fmax(m.most, y);
			} else {
				m.xx += w * (x - m.x) * (x - m.x);
				m.xy += w * (x - m.x) * (y - m.y);
				m.yy += w * (y - m.y) * (y - m.y);
			}
		}
		if (pass == 0) {
			m.x /= m.w;
			m.y /= m.w;
		}
	}
	return m;
}

static bool
all_the_same(const double *v, int n)
{
	for (int i = 1; i < n; i++)
		if (v[i] != v[0])
			return false;
	return true;
}

double
rmb_published_r(const double *s, double low, double high)
{
	enum { POINTS = 100 };
	double step = (high - low) / (POINTS - 1);
	double x[POINTS], y[POINTS], mx = 0, my = 0, xx = 0, xy = 0, yy = 0;
	for (int i = 0; i < POINTS; i++) {
		int64_t k = (int64_t)exp(i == POINTS - 1 ? high : low + i * step);
		x[i] = log((double)k);
		y[i] = log(fabs(s[k]));
		mx += x[i] / POINTS;
		my += y[i] / POINTS;
	}
	if (all_the_same(x, POINTS) || all_the_same(y, POINTS)) /* what the sums below hold then is rounding */
		return NAN;
	for (int i = 0; i < POINTS; i++) {
		xx += (x[i] - mx) * (x[i] - mx);
		xy += (x[i] - mx) * (y[i] - my);
		yy += (y[i] - my) * (y[i] - my);
	}
	return xy / sqrt(xx * yy);
}

static int
check(const double *s, int64_t n, const struct rmb_powerlaw_options *options, struct rmb_powerlaw *fit, struct rmb_error *error)
{
	double largest = 0;
	fit->last = options->last < n ? options->last : n;
	for (int64_t k = 0; k < n; k++) {
		if (!isfinite(s[k]))
			return rmb_error_set(error, RMB_EDATA, "the spectrum is %g at rank %" PRId64, s[k], k + 1);
		largest = fmax(largest, s[k]);
	}
	for (int64_t rank = options->first; rank <= fit->last; rank++) {
		if (enters(s, rank, largest, options->modulus))
			fit->used++;
		if (options->modulus && s[rank - 1] == 0)
			return rmb_error_set(error, RMB_EDATA, "the spectrum is zero at rank %" PRId64 ", and the paper's fit takes its logarithm; "
			                     "end the range before it, use `variant: default`, or make the spectrum with `precision: double` if single "
			                     "precision lost it", rank);
	}
	fit->left_out = (fit->last < options->first ? 0 : fit->last - options->first + 1) - fit->used;
	if (fit->used < 2)
		return rmb_error_set(error, RMB_EDATA, "a power law needs 2 or more values above rounding level at ranks %" PRId64 "..%" PRId64
		                     "; the spectrum has %" PRId64 " ranks, and %" PRId64 " such values there", options->first, options->last,
		                     n, fit->used);
	return 0;
}

int
rmb_powerlaw_fit(const double *s, int64_t n, const struct rmb_powerlaw_options *options, struct rmb_powerlaw *fit,
                 struct rmb_error *error)
{
	*fit = (struct rmb_powerlaw){ 0 };
	int rc = check(s, n, options, fit, error);
	if (rc)
		return rc;
	double largest = 0;
	for (int64_t k = 0; k < n; k++)
		largest = fmax(largest, s[k]);
	struct moments m = weigh(s, options, fit->last, largest);
	fit->alpha = -m.xy / m.xx;
	fit->intercept = m.y + fit->alpha * m.x;
	fit->r_weighted = m.most > m.least ? m.xy / sqrt(m.xx * m.yy) : NAN;
	fit->r_paper = options->modulus ? rmb_published_r(s, log((double)options->first), log((double)(fit->last - 1))) : NAN;
	if (!isfinite(fit->alpha) || !isfinite(fit->intercept) || !isfinite(exp(fit->intercept)) || exp(fit->intercept) <= 0)
		return rmb_error_set(error, RMB_EDATA, "the fit gave an exponent of %g and %g at rank 1", fit->alpha, exp(fit->intercept));
	return 0;
}

void
rmb_powerlaw_curve(double alpha, int64_t n, double *curve)
{
	for (int64_t k = 0; k < n; k++)
		curve[k] = pow((double)(k + 1), -alpha);
}

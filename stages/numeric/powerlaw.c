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

/* Residuals of the line, and the parabola's coefficient: y regressed on the part of x^2 that 1 and x do not explain. */
static void
judge(const double *s, const struct rmb_powerlaw_options *options, double largest, const struct moments *m,
      struct rmb_powerlaw *fit)
{
	double third = 0, square = m->xx / m->w, residual = 0, qq = 0, qe = 0;
	for (int pass = 0; pass < 2; pass++)
		for (int64_t rank = options->first; rank <= fit->last; rank++) {
			if (!enters(s, rank, largest, options->modulus))
				continue;
			double w = weight(rank, options->single_weights), x = log((double)rank) - m->x;
			if (pass == 0) {
				third += w * x * x * x / m->xx;
				continue;
			}
			double q = x * x - third * x - square, e = log(fabs(s[rank - 1])) - m->y + fit->alpha * x;
			residual += w * e * e;
			qq += w * q * q;
			qe += w * q * e;
		}
	bool two = fit->used < 3;
	fit->standard_error = two ? NAN : sqrt(residual / (double)(fit->used - 2) / m->xx);
	fit->curvature = two ? NAN : -2 * qe / qq * log(10);
	fit->r_squared = m->most > m->least ? 1 - residual / m->yy : NAN;
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
	for (int64_t rank = 1; rank <= n; rank++)
		fit->components += fabs(s[rank - 1]) > SMALL * largest;
	for (int64_t rank = options->first; rank <= fit->last; rank++) {
		if (enters(s, rank, largest, options->modulus))
			fit->used++;
		if (options->modulus && s[rank - 1] == 0)
			return rmb_error_set(error, RMB_EDATA,
			                     "the spectrum is zero at rank %" PRId64
			                     ", and the paper's fit takes its logarithm; end the range before it, use "
			                     "`variant: default`, or make the spectrum with `precision: double` if single "
			                     "precision lost it",
			                     rank);
	}
	fit->left_out = (fit->last < options->first ? 0 : fit->last - options->first + 1) - fit->used;
	if (fit->last <= options->first)
		return rmb_error_set(error, RMB_EDATA,
		                     "a power law needs 2 or more ranks: the fit begins at rank %" PRId64
		                     ", and %s ends at rank %" PRId64 "; give lower `ranks`, or more neurons",
		                     options->first, fit->last < n ? "the part of the spectrum that is fitted" : "the spectrum",
		                     fit->last < n ? fit->last : n);
	if (fit->used < 2)
		return rmb_error_set(error, RMB_EDATA,
		                     "a power law needs 2 or more values above rounding level at ranks %" PRId64 "..%" PRId64
		                     "; the spectrum has %" PRId64 " ranks, and %" PRId64 " such values there; give other `ranks`, "
		                     "or more neurons and frames",
		                     options->first, options->last, n, fit->used);
	return 0;
}

int
rmb_ranks_check(int64_t first, int64_t last, const char *what, struct rmb_error *error)
{
	if (last <= first)
		return rmb_error_set(error, RMB_ERECIPE,
		                     "ranks: %" PRId64 "..%" PRId64 " holds fewer than two ranks; %s needs two or more",
		                     first, last, what);
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
	judge(s, options, largest, &m, fit);
	fit->r_weighted = m.most > m.least ? m.xy / sqrt(m.xx * m.yy) : NAN;
	fit->r_paper = options->modulus ? rmb_published_r(s, log((double)options->first), log((double)(fit->last - 1))) : NAN;
	if (!isfinite(fit->alpha) || !isfinite(fit->intercept) || !isfinite(exp(fit->intercept)) || exp(fit->intercept) <= 0)
		return rmb_error_set(error, RMB_EDATA, "the fit gave an exponent of %g and %g at rank 1", fit->alpha,
		                     exp(fit->intercept));
	return 0;
}

int64_t
rmb_log_spaced(int64_t low, int64_t high, int64_t most, int64_t *number)
{
	int64_t n = 0;
	double step = log((double)high / (double)low) / (double)(most - 1);
	for (int64_t i = 0; i < most; i++) {
		int64_t next = i == most - 1 ? high : (int64_t)round((double)low * exp((double)i * step));
		if (n == 0 || next > number[n - 1])
			number[n++] = next;
	}
	return n;
}

double
rmb_powerlaw_exponent(const double *s, int64_t n, const struct rmb_powerlaw_options *options, int64_t first, int64_t last)
{
	enum { LEAST_FACTOR = 4 };
	struct rmb_powerlaw_options range = *options;
	struct rmb_powerlaw fit;
	struct rmb_error error = { 0 };
	range.first = first;
	range.last = last;
	return last / LEAST_FACTOR < first || rmb_powerlaw_fit(s, n, &range, &fit, &error) ? NAN : fit.alpha;
}

int64_t
rmb_powerlaw_stretches(int64_t first, int64_t last, int64_t *end)
{
	enum { LEAST_RANKS = 3 };
	double octaves = log2((double)last / (double)first);
	int64_t most = octaves < 1 ? 1 : (int64_t)octaves, n = 0, start = first;
	for (int64_t i = 1; i <= most; i++) {
		double edge = (double)first * pow((double)(last + 1) / (double)first, (double)i / (double)most);
		int64_t stop = i == most ? last : (int64_t)round(edge) - 1;
		if (stop - start + 1 < LEAST_RANKS && i < most)
			continue;
		end[n++] = stop;
		start = stop + 1;
	}
	return n;
}

void
rmb_powerlaw_curve(double alpha, int64_t n, double *curve)
{
	for (int64_t k = 0; k < n; k++)
		curve[k] = pow((double)(k + 1), -alpha);
}

/* numeric/statistics.c -- tests and intervals for a few values.
 *
 * Student's tail is half of the regularised incomplete beta function I_x(freedom/2, 1/2) at x = freedom / (freedom + t^2), which
 * is computed from its continued fraction (NIST Handbook of Mathematical Functions, 8.17.22) by the modified Lentz algorithm, on
 * the side of the mean where that converges quickly. Holm: Scand. J. Statist. 6, 65 (1979). */
#include "numeric/statistics.h"
#include <float.h>
#include <math.h>
#include "numeric/percentile.h"

double
rmb_mean(const double *x, int64_t n)
{
	double sum = 0;
	for (int64_t i = 0; i < n; i++)
		sum += x[i];
	return sum / (double)n;
}

double
rmb_deviation(const double *x, int64_t n)
{
	double mean = rmb_mean(x, n), sum = 0;
	for (int64_t i = 0; i < n; i++)
		sum += (x[i] - mean) * (x[i] - mean);
	return n > 1 ? sqrt(sum / (double)(n - 1)) : NAN;
}

/* ---- Student's t ------------------------------------------------------------------------------------------------- */

static double
log_gamma(double x)
{
	int sign; /* lgamma() would write it to a global */
	return lgamma_r(x, &sign);
}

/* Keeps what is divided by away from zero. */
static double
off_zero(double x)
{
	return fabs(x) < DBL_MIN / DBL_EPSILON ? DBL_MIN / DBL_EPSILON : x;
}

/* I_x(a, b) for x below its mean. */
static double
beta_fraction(double a, double b, double x)
{
	enum { MOST = 10000 };
	double c = 1, d = 1 / off_zero(1 - (a + b) * x / (a + 1)), f = d;
	for (int m = 1; m < MOST; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		d = 1 / off_zero(1 + even * d), c = off_zero(1 + even / c), f *= c * d;
		d = 1 / off_zero(1 + odd * d), c = off_zero(1 + odd / c), f *= c * d;
		if (fabs(c * d - 1) < DBL_EPSILON)
			break;
	}
	return exp(a * log(x) + b * log1p(-x) + log_gamma(a + b) - log_gamma(a) - log_gamma(b)) / a * f;
}

/* I_x(a, b); rest is 1 - x, given apart since it may be tiny. */
static double
incomplete_beta(double a, double b, double x, double rest)
{
	if (!(x > 0))
		return 0;
	if (!(rest > 0))
		return 1;
	return x < (a + 1) / (a + b + 2) ? beta_fraction(a, b, x) : 1 - beta_fraction(b, a, rest);
}

double
rmb_student_tail(double t, double freedom)
{
	if (isinf(t))
		return t > 0 ? 0 : 1;
	double square = t * t, x = freedom / (freedom + square), rest = square / (freedom + square);
	double half = 0.5 * incomplete_beta(freedom / 2, 0.5, x, rest);
	return t >= 0 ? half : 1 - half;
}

double
rmb_student_quantile(double p, double freedom)
{
	double low = 0, high = 1;
	while (rmb_student_tail(high, freedom) > p && high < 1e300)
		low = high, high *= 2;
	for (int i = 0; i < 200 && high - low > DBL_EPSILON * high; i++) {
		double middle = low + (high - low) / 2;
		*(rmb_student_tail(middle, freedom) > p ? &low : &high) = middle;
	}
	return high;
}

static struct rmb_ttest
finish(double difference, double error, double freedom, enum rmb_sides sides)
{
	double t = error > 0 ? difference / error : difference > 0 ? INFINITY : difference < 0 ? -INFINITY : 0;
	double p = sides == RMB_GREATER ? rmb_student_tail(t, freedom) : 2 * rmb_student_tail(fabs(t), freedom);
	if (t == 0 && !(error > 0))
		p = 1;
	return (struct rmb_ttest){ t, freedom, difference, error, p };
}

struct rmb_ttest
rmb_paired_t(const double *x, const double *y, int64_t n, enum rmb_sides sides)
{
	double mean = 0, sum = 0;
	for (int64_t i = 0; i < n; i++)
		mean += (x[i] - y[i]) / (double)n;
	for (int64_t i = 0; i < n; i++)
		sum += (x[i] - y[i] - mean) * (x[i] - y[i] - mean);
	return finish(mean, sqrt(sum / (double)(n - 1) / (double)n), (double)(n - 1), sides);
}

struct rmb_ttest
rmb_welch_t(const double *x, int64_t nx, const double *y, int64_t ny, enum rmb_sides sides)
{
	double dx = rmb_deviation(x, nx), dy = rmb_deviation(y, ny), vx = dx * dx / (double)nx, vy = dy * dy / (double)ny,
	       v = vx + vy;
	double freedom = v > 0 ? v * v / (vx * vx / (double)(nx - 1) + vy * vy / (double)(ny - 1)) : (double)(nx + ny - 2);
	return finish(rmb_mean(x, nx) - rmb_mean(y, ny), sqrt(v), freedom, sides);
}

/* ---- permutations ------------------------------------------------------------------------------------------------ */

/* How often a statistic was at least as extreme as the one found, over arrangements that are told one by one. */
struct tally { double found, slack; enum rmb_sides sides; int64_t extreme, all; };

static void
count(struct tally *tally, double value)
{
	tally->all++;
	if (tally->sides == RMB_GREATER)
		tally->extreme += value >= tally->found - tally->slack;
	else
		tally->extreme += fabs(value) >= fabs(tally->found) - tally->slack;
}

static double
magnitude(const double *x, int64_t n)
{
	double sum = 0;
	for (int64_t i = 0; i < n; i++)
		sum += fabs(x[i]);
	return sum;
}

bool
rmb_signs_are_few(int64_t n)
{
	return n < 62 && ((int64_t)1 << n) <= RMB_EXACT_MOST;
}

double
rmb_sign_test(const double *x, int64_t n, enum rmb_sides sides, struct rmb_stream stream)
{
	bool exact = rmb_signs_are_few(n);
	struct tally tally = { n ? rmb_mean(x, n) * (double)n : 0, 8 * (double)n * DBL_EPSILON * magnitude(x, n), sides, 0, 0 };
	if (!exact)
		count(&tally, tally.found);
	int64_t arrangements = exact ? (int64_t)1 << n : RMB_EXACT_MOST, words = n / 64 + 1;
	for (int64_t a = 0; a < arrangements; a++) {
		double sum = 0;
		uint64_t bits = (uint64_t)a;
		for (int64_t i = 0; i < n; i++) {
			if (!exact && i % 64 == 0)
				bits = rmb_random_bits(stream, (uint64_t)(a * words + i / 64));
			sum += bits >> i % 64 & 1 ? -x[i] : x[i];
		}
		count(&tally, sum);
	}
	return (double)tally.extreme / (double)tally.all;
}

bool
rmb_choices_are_few(int64_t n, int64_t k)
{
	double choices = 1;
	for (int64_t i = 0; i < k; i++)
		choices *= (double)(n - i) / (double)(i + 1);
	return choices <= RMB_EXACT_MOST;
}

/* The difference of means that a choice of k makes, from the sum of those chosen. */
static double
apart(double chosen, double total, int64_t n, int64_t k)
{
	return chosen / (double)k - (total - chosen) / (double)(n - k);
}

/* The next k of 0..n-1 in order; false after the last. */
static bool
next_choice(int64_t *order, int64_t n, int64_t k)
{
	int64_t i = k - 1;
	while (i >= 0 && order[i] == n - k + i)
		i--;
	if (i < 0)
		return false;
	order[i]++;
	for (int64_t j = i + 1; j < k; j++)
		order[j] = order[j - 1] + 1;
	return true;
}

static void
draw_choice(int64_t *order, int64_t n, int64_t k, struct rmb_stream stream, int64_t draw)
{
	for (int64_t i = 0; i < k; i++) {
		int64_t j = i + rmb_random_below(stream, (uint64_t)(draw * k + i), n - i), held = order[i];
		order[i] = order[j], order[j] = held;
	}
}

double
rmb_choice_test(const double *x, int64_t n, int64_t k, enum rmb_sides sides, struct rmb_stream stream, int64_t *order)
{
	double total = rmb_mean(x, n) * (double)n, first = rmb_mean(x, k) * (double)k;
	double slack = 16 * (double)n * DBL_EPSILON * magnitude(x, n);
	struct tally tally = { apart(first, total, n, k), slack, sides, 0, 0 };
	bool exact = rmb_choices_are_few(n, k);
	for (int64_t i = 0; i < n; i++)
		order[i] = i;
	for (int64_t a = 0; exact || a <= RMB_EXACT_MOST; a++) {
		double chosen = 0;
		for (int64_t i = 0; i < k; i++)
			chosen += x[order[i]];
		count(&tally, apart(chosen, total, n, k));
		if (!exact)
			draw_choice(order, n, k, stream, a);
		else if (!next_choice(order, n, k))
			break;
	}
	return (double)tally.extreme / (double)tally.all;
}

double
rmb_rank_p(double x, const double *other, int64_t n)
{
	int64_t above = 1;
	for (int64_t i = 0; i < n; i++)
		above += other[i] >= x;
	return (double)above / (double)(n + 1);
}

/* ---- many tests, intervals --------------------------------------------------------------------------------------- */

void
rmb_holm(const double *p, int64_t n, double *adjusted)
{
	int64_t tests = 0;
	for (int64_t i = 0; i < n; i++)
		tests += !isnan(p[i]);
	for (int64_t i = 0; i < n; i++) {
		double worst = 0; /* largest of p[j] times the tests not below it, over p[j] <= p[i] */
		for (int64_t j = 0; j < n && !isnan(p[i]); j++) {
			if (isnan(p[j]) || p[j] > p[i])
				continue;
			int64_t before = 0;
			for (int64_t k = 0; k < n; k++)
				before += p[k] < p[j];
			worst = fmax(worst, (double)(tests - before) * p[j]);
		}
		adjusted[i] = isnan(p[i]) ? NAN : fmin(1, worst);
	}
}

static double
resampled_mean(const double *x, int64_t n, struct rmb_stream stream, uint64_t first)
{
	double sum = 0;
	for (int64_t i = 0; i < n; i++)
		sum += x[rmb_random_below(stream, first + (uint64_t)i, n)];
	return n ? sum / (double)n : 0;
}

void
rmb_bootstrap(const double *x, int64_t nx, const double *y, int64_t ny, double level, int64_t draws, struct rmb_stream stream,
              double *scratch, double *low, double *high)
{
	for (int64_t d = 0; d < draws; d++) {
		uint64_t first = (uint64_t)(d * (nx + ny));
		scratch[d] = resampled_mean(x, nx, stream, first) - resampled_mean(y, ny, stream, first + (uint64_t)nx);
	}
	rmb_sort(scratch, draws);
	*low = rmb_percentile(scratch, draws, 50 * (1 - level));
	*high = rmb_percentile(scratch, draws, 50 * (1 + level));
}

const char *
rmb_stars(double p)
{
	return isnan(p) ? "" : p < 0.001 ? "***" : p < 0.01 ? "**" : p < 0.05 ? "*" : "n.s.";
}

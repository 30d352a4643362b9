#include "numeric/timescale.h"
#include <math.h>
#include <string.h>

double
rmb_timescale_index(const double *g)
{
	double sum = 0;
	for (int l = RMB_INDEX_FIRST; l <= RMB_INDEX_LAST; l++)
		sum += g[l];
	return sum / (RMB_INDEX_LAST - RMB_INDEX_FIRST + 1);
}

static bool
enters(const double *index, const bool *usable, int64_t k)
{
	return !usable || (usable[k] && index[k] > 0);
}

double
rmb_timescale_r(const double *index, const bool *usable, int64_t first, int64_t last, int64_t *left_out)
{
	double n = 0, mx = 0, my = 0, xx = 0, xy = 0, yy = 0;
	*left_out = 0;
	for (int64_t k = first - 1; k < last; k++) {
		if (!enters(index, usable, k)) {
			++*left_out;
			continue;
		}
		/* means and sums about them, updated */
		double x = log((double)(k + 1)), y = index[k] > 0 ? log(index[k]) : NAN, dx = x - mx, dy = y - my;
		n++;
		mx += dx / n;
		my += dy / n;
		xx += dx * (x - mx);
		xy += dx * (y - my);
		yy += dy * (y - my);
	}
	return n >= 2 ? xy / sqrt(xx * yy) : NAN;
}

/* What a exp(-l / tau) with the best a > 0 takes off the sum of squares. */
static double
explained(const double *g, int64_t nlags, double log_tau)
{
	double factor = exp(-exp(-log_tau)), e = 1, eg = 0, ee = 0;
	for (int64_t l = 1; l < nlags; l++) {
		e *= factor;
		eg += e * g[l];
		ee += e * e;
	}
	return eg > 0 && ee > 0 ? eg * eg / ee : 0;
}

/* The best tau between a quarter of a lag and ten times all lags; NaN if there is none within. */
static double
best_tau(const double *g, int64_t nlags)
{
	enum { GRID = 48, STEPS = 48 };
	const double golden = 0.6180339887498949;
	double low = log(0.25), step = (log(10 * (double)nlags) - low) / (GRID - 1), most = 0;
	int best = 0;
	for (int i = 0; i < GRID; i++) {
		double found = explained(g, nlags, low + i * step);
		if (found > most) {
			most = found;
			best = i;
		}
	}
	if (best == 0 || best == GRID - 1)
		return NAN;
	double a = low + (best - 1) * step, b = low + (best + 1) * step, c = b - golden * (b - a), d = a + golden * (b - a);
	double at_c = explained(g, nlags, c), at_d = explained(g, nlags, d);
	for (int i = 0; i < STEPS; i++) {
		if (at_c > at_d) {
			b = d, d = c, at_d = at_c, c = b - golden * (b - a);
			at_c = explained(g, nlags, c);
		} else {
			a = c, c = d, at_c = at_d, d = a + golden * (b - a);
			at_d = explained(g, nlags, d);
		}
	}
	return exp((a + b) / 2);
}

/* Sum of all parts but one; without = -1: of all. */
static double
tau_without(const double *part, int64_t nparts, int64_t stride, int64_t nlags, int64_t without, double *scratch)
{
	memset(scratch, 0, (size_t)nlags * sizeof *scratch);
	for (int64_t i = 0; i < nparts; i++)
		for (int64_t l = 0; i != without && l < nlags; l++)
			scratch[l] += part[i * stride + l];
	return best_tau(scratch, nlags);
}

struct rmb_decay
rmb_decay_fit(const double *part, int64_t nparts, int64_t stride, int64_t nlags, double *scratch)
{
	struct rmb_decay decay = { tau_without(part, nparts, stride, nlags, -1, scratch), NAN };
	double n = 0, mean = 0, squares = 0;
	for (int64_t i = 0; i < nparts && nparts > 1 && !isnan(decay.tau); i++) {
		double tau = tau_without(part, nparts, stride, nlags, i, scratch), difference = tau - mean;
		mean += difference / ++n;
		squares += difference * (tau - mean);
	}
	if (n > 1)
		decay.error = sqrt((n - 1) / n * squares); /* NaN if one of them has no decay */
	return decay;
}

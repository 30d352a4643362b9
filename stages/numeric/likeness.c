/* numeric/likeness.c -- how far a number or a curve lies from replicates of one kind. The moderated variance is that of
 * Smyth, Stat. Appl. Genet. Mol. Biol. 3, 3 (2004), with its prior degrees of freedom fixed. */
#include "numeric/likeness.h"
#include <math.h>
#include <stdbool.h>
#include "numeric/statistics.h"

enum { PRIOR = 4 };

double
rmb_likeness_mean(const struct rmb_likeness *s, int64_t j)
{
	double sum = 0;
	for (int64_t i = 0; i < s->n; i++)
		sum += s->row[i][j];
	return sum / (double)s->n;
}

static double
variance_at(const struct rmb_likeness *s, int64_t j, double mean)
{
	double sum = 0;
	for (int64_t i = 0; i < s->n; i++)
		sum += (s->row[i][j] - mean) * (s->row[i][j] - mean);
	return sum / (double)(s->n - 1);
}

/* z^2 of a point, at most that of RMB_FARTHEST; of curves, beyond three spreads, by its logarithm. */
static double
weight(double square, int64_t m)
{
	square = fmin(square, (double)RMB_FARTHEST * RMB_FARTHEST);
	return m == 1 || square <= 9 ? square : 9 * (1 + log(square / 9));
}

/* Geometric mean over points; 0: no point has any. */
static double
typical_variance(const struct rmb_likeness *s)
{
	double sum = 0;
	int64_t count = 0;
	for (int64_t j = 0; j < s->m; j++) {
		double v = variance_at(s, j, rmb_likeness_mean(s, j));
		if (v > 0) {
			sum += log(v);
			count++;
		}
	}
	return count ? exp(sum / (double)count) : 0;
}

double
rmb_likeness_distance(const struct rmb_likeness *s)
{
	double pooled = typical_variance(s), sum = 0, freedom = (double)(s->n - 1);
	for (int64_t j = 0; j < s->m; j++) {
		double mean = rmb_likeness_mean(s, j), off = s->x[j] - mean, v = variance_at(s, j, mean);
		double spread = (PRIOR * pooled + freedom * v) / (PRIOR + freedom) * (1 + 1 / (double)s->n);
		sum += off == 0 ? 0 : weight(off * off / spread, s->m);
	}
	return sqrt(sum / (double)s->m);
}

double
rmb_likeness_joint(const struct rmb_likeness *s, int64_t count)
{
	double sum = 0;
	for (int64_t i = 0; i < count; i++) {
		double d = rmb_likeness_distance(&s[i]);
		sum += d * d;
	}
	return sqrt(sum / (double)count);
}

void
rmb_likeness_scores(const struct rmb_likeness *s, int with_x, double *score, const double **others)
{
	for (int64_t i = 0; i < s->n; i++) {
		int64_t n = 0;
		for (int64_t k = 0; k < s->n; k++)
			if (k != i)
				others[n++] = s->row[k];
		if (with_x)
			others[n++] = s->x;
		score[i] = rmb_likeness_distance(&(struct rmb_likeness){ n, s->m, s->row[i], others });
	}
}

double
rmb_likeness_normal_p(const struct rmb_likeness *s, const double *score)
{
	double d = rmb_likeness_distance(s), sum = 0, square = 0, n = (double)s->n;
	if (s->m == 1)
		return d < RMB_FARTHEST ? 2 * rmb_student_tail(d, n - 1) : 0;
	for (int64_t i = 0; i < s->n; i++)
		sum += log(score[i]);
	for (int64_t i = 0; i < s->n; i++)
		square += (log(score[i]) - sum / n) * (log(score[i]) - sum / n);
	double spread = sqrt(square / (n - 1) * (1 + 1 / n)), off = log(d) - sum / n;
	return spread > 0 ? rmb_student_tail(off / spread, n - 1) : off > 0 ? 0 : 1;
}

/* others[0..n) becomes a resample, the same choice for every statistic; false: one replicate alone. */
static bool
resample(const struct rmb_likeness *s, int64_t count, int64_t draw, struct rmb_stream stream, const double **others)
{
	bool several = false;
	int64_t n = s->n, first = 0;
	for (int64_t i = 0; i < n; i++) {
		int64_t one = rmb_random_below(stream, (uint64_t)(draw * n + i), n);
		first = i ? first : one;
		several |= one != first;
		for (int64_t c = 0; c < count; c++)
			others[c * n + i] = s[c].row[one];
	}
	return several;
}

void
rmb_likeness_interval(const struct rmb_likeness *s, int64_t count, double level, int64_t draws, struct rmb_stream stream,
                      double *distance, const double **others, double *low, double *high)
{
	int64_t n = s->n, kept = 0;
	for (int64_t draw = 0; draw < draws; draw++) {
		double sum = 0;
		if (!resample(s, count, draw, stream, others))
			continue;
		for (int64_t c = 0; c < count; c++) {
			double d = rmb_likeness_distance(&(struct rmb_likeness){ n, s[c].m, s[c].x, others + c * n });
			sum += d * d;
		}
		distance[kept++] = sqrt(sum / (double)count);
	}
	double own = rmb_likeness_joint(s, count), t = rmb_student_quantile((1 - level) / 2, (double)(n - 1));
	int64_t positive = 0;
	for (int64_t i = 0; i < kept; i++)
		if (distance[i] > 0)
			distance[positive++] = log(distance[i]);
	double middle = positive ? 2 * log(own) - rmb_mean(distance, positive) : 0;
	double spread = positive > 1 ? rmb_deviation(distance, positive) : 0;
	spread *= sqrt((double)(n * (n + 1)) / (double)((n - 1) * (n > 2 ? n - 2 : 1)));
	*low = own > 0 ? exp(middle - t * spread) : 0;
	*high = own > 0 ? exp(middle + t * spread) : 0;
}

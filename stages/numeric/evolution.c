#include "numeric/evolution.h"
#include <math.h>

static const double first_width = 0.3, widest = 0.5; /* wider, a law on the folded line is as good as even */

int
rmb_evolution_population(int n)
{
	return 4 + (int)floor(3 * log(n));
}

void
rmb_evolution_begin(struct rmb_evolution *e, int n, int population, struct rmb_stream stream)
{
	*e = (struct rmb_evolution){ .n = n, .population = population, .stream = stream, .sigma = first_width };
	for (int i = 0; i < n; i++) {
		e->mean[i] = 0.5;
		e->covariance[i][i] = e->root[i][i] = 1;
	}
}

/* Standard normal z and y = root z. */
static void
draw(const struct rmb_evolution *e, int k, double *z, double *y)
{
	uint64_t first = ((uint64_t)e->generation * (uint64_t)e->population + (uint64_t)k) * (uint64_t)e->n;
	for (int i = 0; i < e->n; i++) {
		z[i] = rmb_random_normal(e->stream, first + (uint64_t)i);
		y[i] = 0;
		for (int j = 0; j <= i; j++)
			y[i] += e->root[i][j] * z[j];
	}
}

void
rmb_evolution_point(const struct rmb_evolution *e, int k, double *x)
{
	double z[RMB_EVOLUTION_NUMBERS], y[RMB_EVOLUTION_NUMBERS];
	draw(e, k, z, y);
	for (int i = 0; i < e->n; i++)
		x[i] = e->mean[i] + e->sigma * y[i];
}

double
rmb_evolution_fold(double x)
{
	double t = fabs(fmod(x, 2));
	return t > 1 ? 2 - t : t;
}

/* Lower triangle l with l l' = covariance. It is positive definite, being a sum with positive weights; rounding may not
 * make it singular. */
static void
find_root(struct rmb_evolution *e)
{
	for (int i = 0; i < e->n; i++)
		for (int j = 0; j <= i; j++) {
			double sum = e->covariance[i][j];
			for (int k = 0; k < j; k++)
				sum -= e->root[i][k] * e->root[j][k];
			e->root[i][j] = i == j ? sqrt(fmax(sum, 1e-16 * e->covariance[i][i])) : sum / e->root[j][j];
		}
}

/* Weights of the better half, which sum to 1. Returns how many; *effective = 1 / sum of their squares. */
static int
weigh(const struct rmb_evolution *e, double *weight, double *effective)
{
	int mu = e->population / 2;
	double sum = 0, square = 0;
	for (int i = 0; i < mu; i++)
		sum += weight[i] = log((e->population + 1) / 2.0) - log(i + 1);
	for (int i = 0; i < mu; i++) {
		weight[i] /= sum;
		square += weight[i] * weight[i];
	}
	*effective = 1 / square;
	return mu;
}

/* What each of the better half adds to means of z and y, and to the covariance: the sum of w y y'. */
static void
gather(const struct rmb_evolution *e, const int *order, const double *weight, int mu, double *z, double *y,
       double rank_mu[RMB_EVOLUTION_NUMBERS][RMB_EVOLUTION_NUMBERS])
{
	double zk[RMB_EVOLUTION_NUMBERS], yk[RMB_EVOLUTION_NUMBERS];
	for (int k = 0; k < mu; k++) {
		draw(e, order[k], zk, yk);
		for (int i = 0; i < e->n; i++) {
			z[i] += weight[k] * zk[i];
			y[i] += weight[k] * yk[i];
			for (int j = 0; j < e->n; j++)
				rank_mu[i][j] += weight[k] * yk[i] * yk[j];
		}
	}
}

void
rmb_evolution_learn(struct rmb_evolution *e, const int *order)
{
	double weight[RMB_EVOLUTION_POPULATION], effective, n = e->n, square = 0;
	double length = sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n)); /* of a standard normal vector, expected */
	double z[RMB_EVOLUTION_NUMBERS] = { 0 }, y[RMB_EVOLUTION_NUMBERS] = { 0 };
	double rank_mu[RMB_EVOLUTION_NUMBERS][RMB_EVOLUTION_NUMBERS] = { { 0 } };
	int mu = weigh(e, weight, &effective);
	gather(e, order, weight, mu, z, y, rank_mu);
	double cs = (effective + 2) / (n + effective + 5), damping = 1 + 2 * fmax(0, sqrt((effective - 1) / (n + 1)) - 1) + cs;
	double cc = (4 + effective / n) / (n + 4 + 2 * effective / n), c1 = 2 / ((n + 1.3) * (n + 1.3) + effective);
	double cmu = fmin(1 - c1, 2 * (effective - 2 + 1 / effective) / ((n + 2) * (n + 2) + effective));
	e->generation++;
	for (int i = 0; i < e->n; i++) {
		e->mean[i] += e->sigma * y[i];
		e->sigma_path[i] = (1 - cs) * e->sigma_path[i] + sqrt(cs * (2 - cs) * effective) * z[i];
		square += e->sigma_path[i] * e->sigma_path[i];
	}
	/* no long jump under way */
	int steady = sqrt(square / (1 - pow(1 - cs, 2 * e->generation))) < (1.4 + 2 / (n + 1)) * length;
	for (int i = 0; i < e->n; i++)
		e->path[i] = (1 - cc) * e->path[i] + (steady ? sqrt(cc * (2 - cc) * effective) * y[i] : 0);
	double keep = 1 - c1 - cmu + (steady ? 0 : c1 * cc * (2 - cc));
	for (int i = 0; i < e->n; i++)
		for (int j = 0; j < e->n; j++)
			e->covariance[i][j] = keep * e->covariance[i][j] + c1 * e->path[i] * e->path[j] + cmu * rank_mu[i][j];
	find_root(e);
	e->sigma *= exp(cs / damping * (sqrt(square) / length - 1));
	e->sigma *= fmin(1, widest / rmb_evolution_width(e));
}

double
rmb_evolution_width(const struct rmb_evolution *e)
{
	double most = 0;
	for (int i = 0; i < e->n; i++)
		most = fmax(most, e->covariance[i][i]);
	return e->sigma * sqrt(most);
}

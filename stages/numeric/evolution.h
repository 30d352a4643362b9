/* numeric/evolution.h -- a search for the least value of a function of a few numbers, by values alone.
 *
 * (mu/mu_w, lambda)-CMA-ES (Hansen 2016, arXiv 1604.00772) on the unit cube: each generation draws `population` points
 * from a normal law, the better half of which moves its centre and, with the paths of evolution, its covariance and
 * width. Weights are positive; the root of the covariance is that of Cholesky, as in Krause, Arbones and Igel 2016. Only
 * the order of values counts, so a value may be anything that can be compared. A search starts in the middle with a
 * standard deviation of 0.3. The function goes on beyond the cube as in a mirror: points stay unfolded in the search,
 * which knows no bounds, and rmb_evolution_fold says where each lies in the cube.
 * Everything is a pure function of the stream and of the orders given. */
#ifndef RMB_NUMERIC_EVOLUTION_H
#define RMB_NUMERIC_EVOLUTION_H
#include "rumble/random.h"

enum { RMB_EVOLUTION_NUMBERS = 10, RMB_EVOLUTION_POPULATION = 200 }; /* at most */

struct rmb_evolution {
	int n, population, generation;
	struct rmb_stream stream;
	double sigma, mean[RMB_EVOLUTION_NUMBERS], path[RMB_EVOLUTION_NUMBERS], sigma_path[RMB_EVOLUTION_NUMBERS];
	double covariance[RMB_EVOLUTION_NUMBERS][RMB_EVOLUTION_NUMBERS], root[RMB_EVOLUTION_NUMBERS][RMB_EVOLUTION_NUMBERS];
};

/* Points of a generation that suit n numbers: 4 + floor(3 ln n). */
int rmb_evolution_population(int n);
/* A search over n numbers. population: 4 or more. */
void rmb_evolution_begin(struct rmb_evolution *evolution, int n, int population, struct rmb_stream stream);
/* Point k of this generation, unfolded. */
void rmb_evolution_point(const struct rmb_evolution *evolution, int k, double *x);
/* The place in 0..1 that x stands for. */
double rmb_evolution_fold(double x);
/* Goes on to the next generation. order[population]: points of this one, best first. */
void rmb_evolution_learn(struct rmb_evolution *evolution, const int *order);
/* The largest standard deviation along an axis. */
double rmb_evolution_width(const struct rmb_evolution *evolution);
#endif

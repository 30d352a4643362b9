/* numeric/powerlaw.h -- a straight line through a spectrum on log-log axes. */
#ifndef RMB_NUMERIC_POWERLAW_H
#define RMB_NUMERIC_POWERLAW_H
#include <stdbool.h>
#include <stdint.h>
#include "rumble/error.h"

struct rmb_powerlaw_options {
	int64_t first, last;  /* ranks, from 1, both included; `last` ends at the length of the spectrum */
	bool modulus;         /* negative values enter with their modulus, none is left out; else values <= 1e-10 of the largest are */
	bool single_weights;  /* weights 1/rank rounded to single precision */
};

struct rmb_powerlaw {
	double alpha, intercept; /* ln s = intercept - alpha ln rank; s at rank 1 is exp(intercept) */
	double r_weighted;       /* correlation of the logarithms with the weights of the fit; NaN if the values are all the same */
	double r_paper;          /* the published one: see below; NaN without `modulus` */
	int64_t last;            /* the last rank of the range that the spectrum has */
	int64_t used, left_out;  /* ranks of the range */
};

/* Weighted least squares of ln|s(rank)| on ln(rank), weights 1/rank, over the range. RMB_EDATA if fewer than two ranks are
 * left, or if a value whose logarithm is needed is zero. */
int rmb_powerlaw_fit(const double *s, int64_t n, const struct rmb_powerlaw_options *options, struct rmb_powerlaw *fit,
                     struct rmb_error *error) RMB_CHECKED;
/* The published correlation: k = trunc(exp(x)) at 100 values x spaced evenly from `low` to `high`, the last exactly `high`, paired
 * with s at *index* k, which is rank k + 1. A fit of first..last has ln first and ln(last - 1) for ends; where exp(ln k) comes
 * out a last bit below k, k is one less, as it is in published values. NaN if all k or all values are the same. */
double rmb_published_r(const double *s, double low, double high);
/* rank^-alpha for rank = 1..n: the fit over its value at rank 1. */
void rmb_powerlaw_curve(double alpha, int64_t n, double *curve);
#endif

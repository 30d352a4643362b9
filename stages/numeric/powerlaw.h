/* numeric/powerlaw.h -- a straight line through a spectrum on log-log axes. */
#ifndef RMB_NUMERIC_POWERLAW_H
#define RMB_NUMERIC_POWERLAW_H
#include <stdbool.h>
#include <stdint.h>
#include "rumble/error.h"

struct rmb_powerlaw_options {
	int64_t first, last;  /* ranks, from 1, both included; `last` ends at the length of the spectrum */
	bool modulus; /* negative values enter with their modulus, none is left out; else values <= 1e-10 of the largest are
	               */
	bool single_weights;  /* weights 1/rank rounded to single precision */
};

struct rmb_powerlaw {
	double alpha, intercept; /* ln s = intercept - alpha ln rank; s at rank 1 is exp(intercept) */
	double r_weighted; /* correlation of the logarithms with the weights of the fit; NaN if the values are all the same */
	double r_paper;          /* the published one: see below; NaN without `modulus` */
	/* sqrt(sum w e^2 / (used - 2) / sum w (x - <x>)^2), e the residuals, x = ln rank: what numpy.polyfit gives. It takes
	 * residuals for independent and their variance for 1/w; those of neighbouring ranks are alike, so it is a lower
	 * bound. NaN for two ranks. */
	double standard_error;
	double r_squared;        /* 1 - sum w e^2 / sum w (y - <y>)^2, y = ln s; NaN if the values are all the same */
	/* Twice the coefficient of x^2 in the weighted fit of a parabola, sign turned, times ln 10: the change of the local
	 * exponent over a ten-fold of ranks. 0 for a power law, positive where it steepens. NaN for two ranks. */
	double curvature;
	int64_t last;            /* the last rank of the range that the spectrum has */
	int64_t components;      /* values of the whole spectrum above rounding level, negative ones too */
	int64_t used, left_out;  /* ranks of the range */
};

/* Whether a range of ranks, as a setting has it, holds two or more. RMB_ERECIPE: "what" needs that ("a fit"). */
int rmb_ranks_check(int64_t first, int64_t last, const char *what, struct rmb_error *error) RMB_CHECKED;
/* Weighted least squares of ln|s(rank)| on ln(rank), weights 1/rank, over the range. RMB_EDATA if fewer than two ranks are
 * left, or if a value whose logarithm is needed is zero. */
int rmb_powerlaw_fit(const double *s, int64_t n, const struct rmb_powerlaw_options *options, struct rmb_powerlaw *fit,
                     struct rmb_error *error) RMB_CHECKED;
/* The published correlation: k = trunc(exp(x)) at 100 values x spaced evenly from `low` to `high`, the last exactly `high`,
 * paired with s at *index* k, which is rank k + 1. A fit of first..last has ln first and ln(last - 1) for ends; where exp(ln
 * k) comes out a last bit below k, k is one less, as it is in published values. NaN if all k or all values are the same. */
double rmb_published_r(const double *s, double low, double high);
/* Whole numbers from low to high >= low >= 1, evenly spaced in their logarithm, at most `most` of them and each once. */
int64_t rmb_log_spaced(int64_t low, int64_t high, int64_t most, int64_t *number);
/* The exponent fitted to first..last (in place of the range in `options`); NaN where that spans less than a factor of four, or
 * cannot be fitted. */
double rmb_powerlaw_exponent(const double *s, int64_t n, const struct rmb_powerlaw_options *options, int64_t first, int64_t last);
/* Cuts first..last in stretches of about a factor of two, each of three ranks or more where there are so many: stretch i ends
 * with rank end[i]. Returns how many; at most RMB_STRETCHES. */
enum { RMB_STRETCHES = 64 };
int64_t rmb_powerlaw_stretches(int64_t first, int64_t last, int64_t *end);
/* rank^-alpha for rank = 1..n: the fit over its value at rank 1. */
void rmb_powerlaw_curve(double alpha, int64_t n, double *curve);
#endif

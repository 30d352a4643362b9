/* numeric/likeness.h -- how far a number or a curve lies from replicates of one kind, and whether it could be one of them.
 *
 * For a curve x over m points (m = 1: a number) and n replicates with mean mu(j) and variance v(j) at point j, the distance is
 *     d^2 = mean over j of z(j)^2,  z(j)^2 = (x(j) - mu(j))^2 / (v'(j) (1 + 1/n)),
 * about 1 if x is one more replicate, whatever m and n. v' shrinks the variances of a curve towards the geometric mean of
 * those that are not zero, as if that had been seen with 4 degrees of freedom: of few replicates some point always has a
 * spread near zero by chance. (Not towards their arithmetic mean: where one end of a curve is noise, that would hide the
 * rest.) Points of a curve beyond |z| = 3 count 9 (1 + 2 ln(|z|/3)) instead of z^2: one wild point (a quotient of two small
 * numbers) must not decide. Several statistics together: the root mean square of their distances. */
#ifndef RMB_NUMERIC_LIKENESS_H
#define RMB_NUMERIC_LIKENESS_H
#include <stdint.h>
#include "rumble/random.h"

struct rmb_likeness {          /* one statistic; all values finite */
	int64_t n, m;          /* replicates, points */
	const double *x;       /* [m] */
	const double *const *row; /* [n][m] */
};

/* What a number is off, at most, in units of a spread that may be zero. */
enum { RMB_FARTHEST = 1000000 };
/* Mean of the replicates at point j. */
double rmb_likeness_mean(const struct rmb_likeness *likeness, int64_t j);
/* The distance; n >= 2. */
double rmb_likeness_distance(const struct rmb_likeness *likeness);
/* The root mean square of the distances of several statistics. */
double rmb_likeness_joint(const struct rmb_likeness *likeness, int64_t count);
/* score[i]: distance of replicate i from the other replicates, and from x too if with_x. At least two others. others[n] is
 * scratch. */
void rmb_likeness_scores(const struct rmb_likeness *likeness, int with_x, double *score, const double **others);
/* P that one more replicate lies as far away, if numbers (or logarithms of the distances of curves) are normal: Student's t for a
 * new value. score[n]: without x; not used for numbers. Curves take n >= 3. */
double rmb_likeness_normal_p(const struct rmb_likeness *likeness, const double *score);
/* Interval of the joint distance that infinitely many replicates would give, from resampled replicates, all statistics alike
 * (they have the same n). Resamples of one replicate alone have no spread and are not counted. Distances of resamples are too
 * large by about as much as the distance itself is: with m and s the mean and spread of their logarithms, the interval is
 * exp(2 ln d - m -+ t s f), t Student's with n - 1 degrees of freedom and f^2 = n (n + 1) / ((n - 1) (n - 2)), by which
 * resamples of normal values have less spread in the logarithm of their variance than new samples. (Percentiles of resamples
 * held the distance in 75 to 90 % instead of 95 %.) distance[draws], others[count][n] are scratch. */
void rmb_likeness_interval(const struct rmb_likeness *likeness, int64_t count, double level, int64_t draws,
                           struct rmb_stream stream, double *distance, const double **others, double *low, double *high);
#endif

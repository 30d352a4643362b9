/* numeric/statistics.h -- tests and intervals for a few values: Student's t, permutations, Holm's adjustment, the bootstrap.
 *
 * Values are finite; callers leave missing ones out and say so. */
#ifndef RMB_NUMERIC_STATISTICS_H
#define RMB_NUMERIC_STATISTICS_H
#include <stdbool.h>
#include <stdint.h>
#include "rumble/error.h"
#include "rumble/random.h"

enum rmb_sides { RMB_TWO_SIDED, RMB_GREATER };

double rmb_mean(const double *x, int64_t n);
/* Standard deviation, divisor n - 1; NaN below two values. */
double rmb_deviation(const double *x, int64_t n);

/* P(T > t) of Student's distribution; `freedom` > 0 need not be whole. Relative error 1e-14, growing to 1e-12 at 1,000 degrees. */
double rmb_student_tail(double t, double freedom);
/* The t with P(T > t) = p, 0 < p <= 0.5. */
double rmb_student_quantile(double p, double freedom);

struct rmb_ttest { double t, freedom, difference, error, p; }; /* error: standard error of the difference */
/* Of x[i] - y[i], n >= 2. All differences the same: p is 0, or 1 if they are zero. */
struct rmb_ttest rmb_paired_t(const double *x, const double *y, int64_t n, enum rmb_sides sides);
/* Welch's, for spreads that need not be equal; nx, ny >= 2. */
struct rmb_ttest rmb_welch_t(const double *x, int64_t nx, const double *y, int64_t ny, enum rmb_sides sides);

/* Up to RMB_EXACT_MOST arrangements all are visited; beyond, as many are drawn, and the arrangement that was found counts as one
 * of them, so that p is never below 1/(drawn + 1). Sums that differ by rounding count as equal. */
enum { RMB_EXACT_MOST = 1 << 18 };
/* Whether every sign may be visited, or every way to choose k of n. */
bool rmb_signs_are_few(int64_t n);
bool rmb_choices_are_few(int64_t n, int64_t k);
/* P of a mean difference as large as that of difference[n], if every sign were as likely. */
double rmb_sign_test(const double *difference, int64_t n, enum rmb_sides sides, struct rmb_stream stream);
/* P of a difference of means as large as that of the first k of x[n] from the others, if every choice of k were as likely.
 * order[n] is scratch. */
double rmb_choice_test(const double *x, int64_t n, int64_t k, enum rmb_sides sides, struct rmb_stream stream, int64_t *order);
/* (1 + how many of other[n] are at least x) / (1 + n): P of being as extreme, if x were one of them. */
double rmb_rank_p(double x, const double *other, int64_t n);

/* Holm: adjusted[i] <= level for all i that may be rejected together. NaN stays and counts for nothing. */
void rmb_holm(const double *p, int64_t n, double *adjusted);
/* Percentile interval of the mean of x[nx], less that of y[ny] unless ny is 0, from `draws` resamples; scratch[draws]. */
void rmb_bootstrap(const double *x, int64_t nx, const double *y, int64_t ny, double level, int64_t draws,
                   struct rmb_stream stream, double *scratch, double *low, double *high);
/* "***" below 0.001, "**" below 0.01, "*" below 0.05, else "n.s."; "" for NaN. */
const char *rmb_stars(double p);
#endif

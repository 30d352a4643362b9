/* numeric/intervals.h -- lists of intervals of time, as recipes give them: [a, b, c, d, ...] is a to before b, c to before d. */
#ifndef RMB_NUMERIC_INTERVALS_H
#define RMB_NUMERIC_INTERVALS_H
#include <stdint.h>
#include "rumble/stage.h"

/* For check(): whether a list that was given (n is not -1) holds pairs, each with its start before its end. RMB_ERECIPE */
int rmb_intervals_check(const char *setting, const struct rmb_reals *list, struct rmb_error *error) RMB_CHECKED;
/* Sorts interval[n][2] and joins those that overlap or touch, in place. Returns how many are left. */
int64_t rmb_intervals_join(double *interval, int64_t n);
/* What lies between interval[n][2], joined, and before and behind them up to infinity: out[n + 1][2]. Returns how many. */
int64_t rmb_intervals_between(const double *interval, int64_t n, double *out);
#endif

/* numeric/timescale.h -- one number for how long a correlogram lasts. */
#ifndef RMB_NUMERIC_TIMESCALE_H
#define RMB_NUMERIC_TIMESCALE_H
#include <stdbool.h>
#include <stdint.h>

enum { RMB_INDEX_FIRST = 4, RMB_INDEX_LAST = 6 }; /* lags whose mean is the published index: about 0.23 s at 22 Hz */

/* Mean of those lags of one correlogram. */
double rmb_timescale_index(const double *g);
/* Correlation of ln index with ln rank over ranks first..last (from 1). usable[] (NULL: all are): 0 leaves a rank out,
 * and so does an index that is not positive; *left_out counts them. With NULL an index that is not positive makes it NaN,
 * as fewer than two ranks do. */
double rmb_timescale_r(const double *index, const bool *usable, int64_t first, int64_t last, int64_t *left_out);

struct rmb_decay { double tau, error; }; /* in lags; NaN: no decay within reach, no error */

/* Least squares of a exp(-l / tau) through lags 1..nlags-1 of a correlogram that is the mean of part[0..nparts-1], each of
 * which is `stride` after the one before. The error is the jackknife's, leaving out one part at a time: neighbouring lags
 * share their noise, parts do not. scratch[nlags]. */
struct rmb_decay rmb_decay_fit(const double *part, int64_t nparts, int64_t stride, int64_t nlags, double *scratch);
#endif

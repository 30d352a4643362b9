/* analyze/powerlaw_range.h -- the exponent of other ranges than the one asked for. */
#ifndef RMB_ANALYZE_POWERLAW_RANGE_H
#define RMB_ANALYZE_POWERLAW_RANGE_H
#include "numeric/powerlaw.h"
#include "rumble/stage.h"

/* Makes the outputs local_rank, local_exponent (stretches of the range of `fit`), first_tried, by_first, last_tried,
 * by_last, by_last_low, by_last_high and band (ranges that begin in `firsts` and end in `lasts`), band_low and band_high
 * (of those that end by the rank `resolved`). 0 or a failure. */
int rmb_publish_ranges(struct rmb_call *call, const struct rmb_array *spectrum, const struct rmb_powerlaw_options *options,
                       const struct rmb_powerlaw *fit, struct rmb_range firsts, struct rmb_range lasts,
                       int64_t resolved) RMB_CHECKED;
#endif

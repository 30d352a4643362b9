/* analyze/sets.h -- what came of the sets of a driver that follows one number. */
#ifndef RMB_ANALYZE_SETS_H
#define RMB_ANALYZE_SETS_H
#include "rumble/stage.h"

/* Makes the outputs `value`, `spread` and `n` of a driver, along an axis of that name: mean over the replicates of each
 * set, standard deviation with divisor n, and how many. Warns of sets that failed. *value, *spread and *n are
 * borrowed. RMB_EDATA: what was read is no number, or all sets failed. */
int rmb_sets_gather(struct rmb_call *call, const char *stage, const char *axis, const double **value, const double **spread,
                    const int64_t **n) RMB_CHECKED;
#endif

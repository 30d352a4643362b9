/* compare/against.h -- a recording against the replicates of one family: distances, their intervals, and p. */
#ifndef RMB_COMPARE_AGAINST_H
#define RMB_COMPARE_AGAINST_H
#include "compare/members.h"
#include "compare/verdict.h"

struct against_how { bool rank; double confidence; }; /* as the settings of compare have them; rank: else by Student's t */

/* Fills row[nstatistics + 1]: one finding a statistic, and one of all together. Numbers that are not known are NaN; what is left
 * out is warned of. 0 or a failure. */
int rmb_against_family(struct rmb_call *call, const struct against_how *how, const struct members *members, int64_t family,
                       struct finding *row) RMB_CHECKED;
#endif

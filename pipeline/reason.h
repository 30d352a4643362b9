/* pipeline/reason.h -- why a node runs: its description beside that of the run before. */
#ifndef RMB_REASON_H
#define RMB_REASON_H
#include "pipeline/plan.h"

struct rmb_reasons; /* opaque */

/* Reads the state file (id -> description); NULL or unreadable: no run before. In the arena. NULL: no memory. */
struct rmb_reasons *rmb_reasons_read(struct rmb_arena *arena, const char *last);
void rmb_reasons_close(struct rmb_reasons *reasons); /* accepts NULL */
/* "never ran", "spacing: 25 um -> 40 um (recipe.yaml:14)", "reads z, which will run", ... of a step that will run. Lives as
 * long as the arena. */
const char *rmb_reason(struct rmb_reasons *reasons, const struct rmb_plan *plan, const struct rmb_step *step);
#endif

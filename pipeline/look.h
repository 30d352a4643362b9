/* pipeline/look.h -- what stages see in the files that a recipe names, before anything is run: `rumble check`.
 *
 * A stage looks in a process of its own, confined like every worker that meets foreign files: one that a file brings down
 * costs that file's look, and the next process goes on behind it. */
#ifndef RMB_LOOK_H
#define RMB_LOOK_H
#include "pipeline/settings.h"

struct rmb_looks; /* opaque */

/* Lives in the arena. NULL: no memory. */
struct rmb_looks *rmb_looks_new(struct rmb_arena *arena, struct rmb_mistakes *m);
/* The stage, which has look(), is to look with these settings, one per parameter; value[] stays until all was looked at. */
void rmb_looks_add(struct rmb_looks *looks, const struct rmb_stage *stage, const struct rmb_value *value);
/* Looks at all; what is wrong with a file is told at the place where the recipe names it. */
void rmb_looks_run(struct rmb_looks *looks);

/* ---- in the process that looks */

/* The orders, if that is what they are (new reference); NULL: they are another worker's. */
json_t *rmb_looks_ordered(const char *text, size_t length);
/* Looks in order and sends an event for each. 0, or RMB_EINTERNAL: the orders do not hold together. */
int rmb_looks_work(struct rmb_arena *arena, const json_t *orders, struct rmb_error *error) RMB_CHECKED;
#endif

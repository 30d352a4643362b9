/* prepare/partition.h -- the areas, planes or probes of a recording, and how many neurons each has. */
#ifndef RMB_PREPARE_PARTITION_H
#define RMB_PREPARE_PARTITION_H
#include "rumble/stage.h"

enum rmb_by { RMB_BY_AREA, RMB_BY_PLANE, RMB_BY_PROBE };
struct rmb_part { const char *name; int64_t number, n; }; /* "CP"; of a plane or probe its number, too; neurons */

/* Those there are, by name or number; neurons without an area belong to none. *n: how many; 0 also where nothing is
 * known. NULL: no memory. */
const struct rmb_part *rmb_parts_find(struct rmb_arena *arena, const struct rmb_neurons *neurons, enum rmb_by by, int64_t *n);
/* "CP (120), LS (33)": the largest ones, at most a dozen. Never NULL. */
const char *rmb_parts_print(struct rmb_arena *arena, const struct rmb_part *part, int64_t n);
#endif

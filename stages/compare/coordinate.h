/* compare/coordinate.h -- the line from 0 to 1 between two bounds of a setting, in the coordinate in which it matters evenly:
 *
 *     x            as a rule
 *     ln x         bounds a factor of ten or more apart: times, rates, sparse probabilities
 *     -ln(1 - x)   settings that cannot exceed 1, and whose bounds are so far apart in their distance from 1: an edge
 *     ln(x/(1-x))  both */
#ifndef RMB_COMPARE_COORDINATE_H
#define RMB_COMPARE_COORDINATE_H
#include "rumble/stage.h"

enum rmb_scale { RMB_LINEAR, RMB_LOG, RMB_LOG_REST, RMB_LOGIT };
struct coordinate { enum rmb_scale scale; const struct rmb_param *param; double low, high; };

/* RMB_ERECIPE and a sentence unless `vary` gives the setting two numbers, the smaller one first. */
int rmb_coordinate_of(const struct rmb_varied *varied, struct coordinate *coordinate, struct rmb_error *error) RMB_CHECKED;
/* The setting at a place from 0 to 1, as text for a set. NULL: no memory. */
const char *rmb_coordinate_text(struct rmb_arena *arena, const struct coordinate *coordinate, double place);
#endif

/* pipeline/plan_inside.h -- plan_cost.c, as plan.c uses it. */
#ifndef RMB_PLAN_INSIDE_H
#define RMB_PLAN_INSIDE_H
#include "pipeline/object.h"
#include "pipeline/plan.h"

/* The size of the recording or the spikes that a node made, if it made any, from its object. */
void rmb_plan_read_size(const struct rmb_object *object, struct rmb_node *node);
/* What is expected of each step that runs, and how many there are. */
void rmb_plan_expect(struct rmb_plan *plan);
/* Totals from the expectations of the steps. RMB_ELIMIT: no memory. */
int rmb_plan_add_up(struct rmb_plan *plan) RMB_CHECKED;
#endif

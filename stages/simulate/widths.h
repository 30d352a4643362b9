/* simulate/widths.h -- the exponent of networks in wider and wider bins. */
#ifndef RMB_SIMULATE_WIDTHS_H
#define RMB_SIMULATE_WIDTHS_H
#include "simulate/ensemble.h"

/* For the stage `theory`: its outputs width (s, of an ensemble in bins of `bin` seconds), width_exponent and
 * width_exponent_sd, if wider bins were asked for. */
int rmb_widths_publish(struct rmb_call *call, const struct ensemble *ensemble, double bin, struct rmb_range ranks) RMB_CHECKED;
#endif

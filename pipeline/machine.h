/* pipeline/machine.h -- what this process may use of the machine it runs on. */
#ifndef RMB_MACHINE_H
#define RMB_MACHINE_H

#include "rumble/error.h"

/* Cores this process may run on; at least 1. */
int rmb_machine_cores(void);
/* Memory that can be taken without swapping, within the limit of a container, bytes. */
double rmb_machine_memory(void);
/* RMB_ELIMIT if what limits this process (ulimit -v) leaves less than the linear algebra library takes for its threads: it asks
 * for that again and again, for ever. */
int rmb_machine_has_room(struct rmb_error *error) RMB_CHECKED;
/* Bytes that a run may take: what was asked for, or four fifths of that if it is 0. */
double rmb_machine_budget(double asked);
/* Seconds on a clock that never goes back; only differences mean anything. */
double rmb_machine_clock(void);
#endif

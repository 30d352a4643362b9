/* rumble/selftest.h -- does the linear algebra of this machine work?
 *
 * Pairs of a CPU and a BLAS build have been wrong before, silently. The test compares products, eigenvalues and singular
 * values of sizes that have shown such faults with plain loops and with what they must satisfy. */
#ifndef RMB_SELFTEST_H
#define RMB_SELFTEST_H
#include <stdbool.h>
#include <stdio.h>
#include "rumble/error.h"

/* 0, or RMB_EINTERNAL and a sentence that names the first check that failed. `quick`: the smaller sizes, about 50 ms. `out`: a
 * line for every check, with its error and what is allowed; NULL: silence. */
int rmb_selftest(bool quick, FILE *out, struct rmb_error *error) RMB_CHECKED;
/* The kernel type and build of the BLAS in use: what a passed test holds for. */
const char *rmb_selftest_machine(char *buffer, int size);
#endif

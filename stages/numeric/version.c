/* stages/numeric/version.c -- one number for all that stages share. It is in every key: raise it when equal inputs give other
 * numbers, beyond rounding (tile and chunk sizes, solvers, rounding levels). */
#include "rumble/stage.h"

const int rmb_numeric_version = 2;

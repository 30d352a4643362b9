/* rumble/units.h -- quantities as people write them: "45 ms", "22 Hz", "25 um", "1.5 GiB".
 *
 * The unit is applied to the decimal text, which is then converted once: "0.04545 s" and "45.45 ms" are the same double.
 * Base units are s, Hz, um, B and 1. */
#ifndef RMB_UNITS_H
#define RMB_UNITS_H
#include "rumble/error.h"

/* Reads `text` as a number with a unit of the kind of `base` ("s", "Hz", "um", "B"), or as a bare number if base is "1".
 * One spelling only: optional sign, digits, optional fraction, optional exponent, optional blanks, unit. No nan, inf, hex,
 * 1_000. The sentence of a failure says what is wrong and what fits ("expects a time, such as 45 ms; found a bare number"),
 * without naming the key. RMB_ERECIPE. */
int rmb_quantity_parse(const char *text, const char *base, double *value, struct rmb_error *error) RMB_CHECKED;
/* The same for a whole number. */
int rmb_integer_parse(const char *text, long long *value, struct rmb_error *error) RMB_CHECKED;
/* "a time, such as 45 ms" and the like; NULL if the base unit is not known. */
const char *rmb_unit_example(const char *base);
/* Name of unit i of `base`, as one may write it ("ms"); NULL: there are no more. */
const char *rmb_unit_name(const char *base, int i);
/* Writes value (in `base`) for people, with a prefix that suits: "45.45 ms", "2 s", "8.6 GB". Returns buffer. */
const char *rmb_quantity_print(double value, const char *base, char *buffer, int size);
#endif

/* pipeline/pattern.h -- the files that a pattern with * ? [] finds. */
#ifndef RMB_PATTERN_H
#define RMB_PATTERN_H
#include "pipeline/reading.h"

enum { RMB_MOST_RECORDINGS = 10000 };

/* The paths that fit, as they would be written in a recipe in the folder `base`, sorted, in the reading's arena; where nothing
 * fits, those that did in an earlier run. Returns how many, soon after RMB_MOST_RECORDINGS no more are looked for. Out of memory
 * was told, and is 0. */
int rmb_pattern_find(struct rmb_reading *r, const char *base, const char *pattern, const char ***path);
#endif

/* pipeline/place.h -- where in a recipe something stands, and the list of mistakes found in one pass. */
#ifndef RMB_PLACE_H
#define RMB_PLACE_H
#include <stdbool.h>
#include <stdio.h>
#include "rumble/arena.h"
#include "rumble/error.h"

/* file: path as shown to the user ("recipe.yaml", "--set"); lines and columns count from 1, 0: unknown. */
struct rmb_place { const char *file; int line, column; };

/* All mistakes of one reading, printed together. */
struct rmb_mistakes; /* opaque */

/* Lives in the arena. */
struct rmb_mistakes *rmb_mistakes_new(struct rmb_arena *arena);
/* The text of a file, so that its lines can be shown; copied. */
void rmb_mistakes_source(struct rmb_mistakes *m, const char *file, const char *text, size_t length);
/* Adds one, unless the same stands at the same place already. Characters that would steer a terminal are escaped. `code` is
 * RMB_ERECIPE, RMB_EINPUT for what a named file holds, or RMB_ELIMIT. */
void rmb_mistake(struct rmb_mistakes *m, int code, struct rmb_place place, const char *format, ...) RMB_PRINTF(4, 5);
/* A remark that does not refuse the recipe. */
void rmb_remark(struct rmb_mistakes *m, struct rmb_place place, const char *format, ...) RMB_PRINTF(3, 4);
/* Number of mistakes (remarks do not count), and the code of the first (0: none). */
int rmb_mistakes_count(const struct rmb_mistakes *m);
int rmb_mistakes_code(const struct rmb_mistakes *m);
/* The sentence of the first; "": none. */
const char *rmb_mistakes_first(const struct rmb_mistakes *m);
/* Prints the first 100 by place, each as file:line:col: message, the line, and a caret. json: up to 1000, one JSON event a line. */
void rmb_mistakes_print(const struct rmb_mistakes *m, FILE *to, bool json);
/* The candidate nearest to `word` if it is near enough to be what was meant, else NULL. names ends with NULL. */
const char *rmb_nearest(const char *word, const char *const *names);
#endif

/* pipeline/table.h -- columns of text for a terminal: as wide as they need to be, names made harmless. */
#ifndef RMB_TABLE_H
#define RMB_TABLE_H
#include <stdio.h>
#include "rumble/arena.h"

struct rmb_table; /* opaque */

/* align: a letter a column, 'l' left, 'r' right. In the arena. NULL: no memory. */
struct rmb_table *rmb_table_new(struct rmb_arena *arena, const char *align);
/* One cell per column (NULL: empty). What would steer a terminal is escaped. Lines that find no memory are left out. */
void rmb_table_row(struct rmb_table *table, const char *const *cell);
void rmb_table_print(const struct rmb_table *table, FILE *to);
/* A name as the table prints it, in the arena. */
const char *rmb_harmless(struct rmb_arena *arena, const char *text);
#endif

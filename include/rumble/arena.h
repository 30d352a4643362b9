/* rumble/arena.h -- memory that goes all at once.
 *
 * Everything that lives as long as a call, a recipe or a graph comes from an arena and is never freed by itself. */
#ifndef RMB_ARENA_H
#define RMB_ARENA_H
#include <stddef.h>

struct rmb_arena; /* opaque */

/* NULL: no memory. */
struct rmb_arena *rmb_arena_new(void);
/* Frees all that came from it; NULL is accepted. */
void rmb_arena_free(struct rmb_arena *arena);
/* n * size zeroed bytes, 64-byte aligned. NULL: no memory, or n * size overflows. n = 0 gives a pointer to nothing. */
void *rmb_arena_alloc(struct rmb_arena *arena, size_t n, size_t size);
char *rmb_arena_strdup(struct rmb_arena *arena, const char *text);
char *rmb_arena_printf(struct rmb_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A copy of n * size bytes. */
void *rmb_arena_copy(struct rmb_arena *arena, const void *from, size_t n, size_t size);
/* A list of n entries that is to get one more: the list itself while it has room, else a copy twice as long. NULL: no memory.
 * Every entry must have been added in this way, the first to a list of none. */
void *rmb_arena_room(struct rmb_arena *arena, void *list, size_t n, size_t size);
#endif

/* pipeline/base/list.c -- lists that grow in an arena. Nobody has to remember how much room there is: it follows from the
 * number of entries, for a list has room for four, and is copied to twice its length whenever it is full. */
#include <string.h>
#include "rumble/arena.h"

void *
rmb_arena_room(struct rmb_arena *arena, void *list, size_t n, size_t size)
{
	enum { FIRST = 4 };
	if (n > 0 && (n < FIRST || (n & (n - 1)) != 0))
		return list;
	void *longer = rmb_arena_alloc(arena, n < FIRST ? FIRST : 2 * n, size);
	if (longer && n > 0)
		memcpy(longer, list, n * size);
	return longer;
}

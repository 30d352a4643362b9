/* tests/support/arena.h -- an arena for each test of a program. Included by the one file of the program, so everything is
 * static. */
#ifndef RMB_TEST_ARENA_H
#define RMB_TEST_ARENA_H
#include "rumble/arena.h"
#include "support/check.h"

static struct rmb_arena *arena;

static inline int
setup(void **state)
{
	(void)state;
	arena = rmb_arena_new();
	return 0;
}

static inline int
teardown(void **state)
{
	(void)state;
	rmb_arena_free(arena);
	return 0;
}

/* n zeros, gone with the test. */
static inline double *
reals(int64_t n)
{
	return rmb_arena_alloc(arena, (size_t)n, sizeof(double));
}
#endif

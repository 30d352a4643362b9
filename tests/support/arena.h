/* tests/support/arena.h -- what a program of unit tests of numeric code begins with: an arena for each test, and must(). Included by the one file
 * of the program, so everything is static. */
#ifndef RMB_TEST_ARENA_H
#define RMB_TEST_ARENA_H
#include "rumble/arena.h"
#include "rumble/error.h"
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

/* Fails with the sentence unless rc is 0. */
static inline void
must(int rc, const struct rmb_error *error)
{
	if (rc)
		fail_msg("%d: %s", rc, error->text);
}
#endif

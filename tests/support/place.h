/* tests/support/place.h -- what a test of the cache stands on: a directory, an arena and, if it wants one, a cache; gone
 * afterwards. */
#ifndef RMB_TEST_PLACE_H
#define RMB_TEST_PLACE_H
#include "pipeline/cache.h"
#include "support/check.h"

struct rmb_test_place {
	char directory[64];
	struct rmb_arena *arena;
	struct rmb_cache cache; /* root NULL: none */
};

/* For the set-up of a test: makes the place, with a cache in that folder of its directory (NULL: none), and *state points to it. */
int rmb_test_begin(void **state, struct rmb_test_place *place, const char *cache);
/* The tear-down. */
int rmb_test_end(void **state);
#endif

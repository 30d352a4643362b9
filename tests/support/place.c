/* tests/support/place.c -- what a test of the cache stands on. */
#include "support/place.h"

int
rmb_test_begin(void **state, struct rmb_test_place *place, const char *cache)
{
	*state = place;
	*place = (struct rmb_test_place){ .arena = rmb_arena_new() };
	rmb_test_mkdir(place->directory, sizeof place->directory);
	return cache ? rmb_cache_open(rmb_arena_printf(place->arena, "%s/%s", place->directory, cache), &place->cache, NULL) : 0;
}

int
rmb_test_end(void **state)
{
	struct rmb_test_place *place = *state;
	if (place->cache.root)
		rmb_cache_close(&place->cache);
	rmb_arena_free(place->arena);
	rmb_test_rmdir(place->directory);
	return 0;
}

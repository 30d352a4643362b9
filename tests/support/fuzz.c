#include "support/fuzz.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rumble/seen.h"

const char *
rmb_test_fuzz_folder(void)
{
	static char folder[256];
	const char *place = getenv("RUMBLE_FUZZ_PLACE");
	if (folder[0])
		return folder;
	snprintf(folder, sizeof folder, "%s/rumble-XXXXXX", place ? place : "/tmp");
	if (!mkdtemp(folder))
		abort();
	return folder;
}

void
rmb_test_fuzz_read(const struct rmb_load_settings *set, bool look)
{
	static struct rmb_test_load got;
	struct rmb_error error = { 0 };
	int code;
	if (look) {
		struct rmb_seen seen = { .arena = rmb_arena_new(), .depth = RMB_SAMPLE };
		code = rmb_load_look(set, &seen, &error);
		rmb_arena_free(seen.arena);
	} else {
		rmb_test_load(set->path, set, &got);
		code = got.code;
		error = got.error;
	}
	if (code && !strstr(error.text, set->path) && !strchr(error.text, '`'))
		__builtin_trap();
}

void
rmb_test_fuzz(const uint8_t *bytes, size_t n, struct rmb_load_settings *set, bool look)
{
	char path[300];
	snprintf(path, sizeof path, "%s/recording", rmb_test_fuzz_folder());
	rmb_test_write(path, bytes, n);
	set->path = path;
	rmb_test_fuzz_read(set, look);
}

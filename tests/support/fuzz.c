#include "support/fuzz.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
rmb_test_fuzz(const uint8_t *bytes, size_t n, struct rmb_load_settings *set)
{
	static struct rmb_test_load got;
	char path[300];
	snprintf(path, sizeof path, "%s/recording", rmb_test_fuzz_folder());
	rmb_test_write(path, bytes, n);
	set->path = path;
	rmb_test_load(path, set, &got);
	if (got.code && !strstr(got.error.text, path) && !strchr(got.error.text, '`'))
		__builtin_trap(); /* neither the file nor a setting is named */
}

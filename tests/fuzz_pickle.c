/* Any bytes as a pickle, and then every question that may be asked of what it holds. */
#include "load/pickle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEEPEST = 20, MOST = 50 };

static double
ask(const struct rmb_pickled *value, int depth)
{
	static const char *const keys[] = { "med", "snr", "fs", "nplanes", "iplane", "ypix" };
	int64_t n = rmb_pickle_length(value);
	double sum = 0, number;
	size_t length;
	for (int64_t i = -1; i <= n && i < MOST; i++) {
		const char *text = rmb_pickle_text(value, i, &length);
		sum += rmb_pickle_number(value, i, &number) ? number : 0;
		sum += text && length > 0 ? text[length - 1] : 0;
		const struct rmb_pickled *item = depth < DEEPEST ? rmb_pickle_item(value, i) : NULL;
		sum += item ? ask(item, depth + 5) : 0;
	}
	for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
		const struct rmb_pickled *entry = depth < DEEPEST ? rmb_pickle_get(value, keys[k]) : NULL;
		sum += entry ? ask(entry, depth + 5) : 0;
	}
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	volatile double asked;
	const struct rmb_pickled *value = NULL;
	struct rmb_error error = { 0 };
	struct rmb_arena *arena = rmb_arena_new();
	int code = rmb_pickle_read(arena, "a pickle", data, size, &value, &error);
	if (code == 0)
		asked = ask(value, 0), (void)asked;
	else if (!error.text[0])
		__builtin_trap();
	rmb_arena_free(arena);
	return 0;
}

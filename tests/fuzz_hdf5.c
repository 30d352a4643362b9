/* Any bytes as an HDF5 recording: also NWB, MATLAB v7.3, and what `rumble convert` writes. The first byte says what is asked for and whether
 * it is loaded or looked at. The library has faults of its own that malformed files reach; a worker reads them for that reason, and here
 * fuzz.py says by the report of each crash whether it was the library's. */
#include <string.h>
#include "support/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char signature[] = "\x89HDF\r\n\x1a\n";
	struct rmb_load_settings set = rmb_test_settings("");
	if (size < 9 || (memcmp(data + 1, signature, 8) != 0 && (size < 521 || memcmp(data + 513, signature, 8) != 0)))
		return -1;
	set.activity = data[0] / 2 % 4 == 1 ? "Activity_*" : data[0] / 2 % 4 == 2 ? "s.x" : NULL;
	set.spikes = data[0] / 2 % 4 != 3 ? NULL : data[0] / 16 % 2 ? "*" : "times";
	set.wish.units = data[0] / 8 % 2 ? "all" : "good";
	rmb_test_fuzz(data + 1, size - 1, &set, data[0] % 2);
	return 0;
}

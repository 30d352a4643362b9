/* Any bytes as an HDF5 recording: also NWB, and what `rumble convert` writes. The library has faults of its own that malformed files reach;
 * a worker reads them for that reason, and here what the library does not survive is left to -ignore_crashes. */
#include <string.h>
#include "support/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rmb_load_settings set = rmb_test_settings("");
	if (size < 8 || memcmp(data, "\x89HDF\r\n\x1a\n", 8) != 0)
		return -1;
	rmb_test_fuzz(data, size, &set);
	return 0;
}

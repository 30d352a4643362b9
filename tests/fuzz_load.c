/* Any bytes as a recording in the formats that rumble parses itself: .npy, .npz, tables of text. HDF5 and MATLAB have their own. */
#include "support/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rmb_load_settings set = rmb_test_settings("");
	if (size > 0 && data[0] == 0x89)
		return -1;
	rmb_test_fuzz(data, size, &set);
	return 0;
}

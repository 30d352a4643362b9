/* Any bytes as a recording in the formats that rumble parses itself: .npy, .npz, tables of text. HDF5 and MATLAB have their own. Half
 * of them, by the parity of the bytes, is looked at instead of loaded. */
#include "support/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rmb_load_settings set = rmb_test_settings("");
	uint8_t parity = 0;
	if (size > 0 && data[0] == 0x89)
		return -1;
	for (size_t i = 0; i < size; i++)
		parity ^= data[i];
	rmb_test_fuzz(data, size, &set, parity % 2);
	return 0;
}

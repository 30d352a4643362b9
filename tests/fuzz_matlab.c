/* Any bytes as a MATLAB file up to version 7. The first byte says whether spikes are asked for, and whether it is loaded or looked at. */
#include "support/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rmb_load_settings set = rmb_test_settings("");
	set.format = "matlab";
	if (size < 2)
		return -1;
	if (data[0] % 2) {
		set.spikes = "times";
		set.counts = "times.counts";
	}
	rmb_test_fuzz(data + 1, size - 1, &set, data[0] / 2 % 2);
	return 0;
}

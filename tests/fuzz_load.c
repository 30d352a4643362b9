/* Any bytes as a recording: an error or a load, never a crash, a hang or a leak. Of the formats that rumble parses itself (.npy,
 * .npz); HDF5 files are passed over here, for the library is not built for this and has faults of its own.
 *
 *   cmake --preset fuzz && ninja -C build/fuzz fuzz_load
 *   build/fuzz/tests/fuzz_load CORPUS -max_len=4096 -timeout=5 -rss_limit_mb=512 -max_total_time=300
 * with CORPUS a folder of small arrays, such as those of the shared recordings' npy-conformance. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "support/loading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct rmb_test_load got;
	char path[64];
	if (size > 0 && data[0] == 0x89)
		return -1;
	if (fd < 0)
		fd = memfd_create("recording", MFD_CLOEXEC);
	if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		__builtin_trap();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	rmb_test_load(path, NULL, &got);
	if (got.code && !strstr(got.error.text, path))
		__builtin_trap();
	return 0;
}

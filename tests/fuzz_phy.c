/* Any text as params.py and the tables of a folder of Kilosort and phy: the first byte says which of the files it becomes. The folder has
 * five spikes of three clusters. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "support/fuzz.h"

static const char times[] = "\x93NUMPY\1\0\x38\0{'descr': '<i8', 'fortran_order': False, 'shape': (5,)}\n"
                            "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0";
static const char clusters[] = "\x93NUMPY\1\0\x38\0{'descr': '|u1', 'fortran_order': False, 'shape': (5,)}\n\0\2\0\4\2";
static const char clock_of[] = "sample_rate = 30000.\n";
static const char *const names[] = { "params.py", "cluster_info.tsv", "cluster_group.tsv", "cluster_group.csv", "cluster_KSLabel.tsv" };
enum { NAMES = sizeof names / sizeof *names };

static void
put(const char *folder, const char *name, const void *bytes, size_t n)
{
	char path[300];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	rmb_test_write(path, bytes, n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rmb_test_load got;
	static const char *folder;
	char path[300];
	if (!folder) {
		folder = rmb_test_fuzz_folder();
		put(folder, "spike_times.npy", times, sizeof times - 1);
		put(folder, "spike_clusters.npy", clusters, sizeof clusters - 1);
	}
	if (size < 1)
		return -1;
	const char *name = names[data[0] % NAMES];
	put(folder, names[0], clock_of, sizeof clock_of - 1);
	put(folder, name, data + 1, size - 1);
	struct rmb_load_settings set = rmb_test_settings(folder);
	set.format = "phy";
	set.wish.units = data[0] / NAMES % 2 ? "all" : "good";
	rmb_test_load(folder, &set, &got);
	if (got.code && !strstr(got.error.text, folder))
		__builtin_trap();
	snprintf(path, sizeof path, "%s/%s", folder, name);
	unlink(path);
	return 0;
}

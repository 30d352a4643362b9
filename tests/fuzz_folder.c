/* Any bytes as one of the files of a folder: texts and arrays of Kilosort and phy, of ALF, and the pickles of suite2p. The first byte says
 * which file they become, which units or ROIs are asked for, and whether the folder is loaded or looked at. Beside it the folders hold as
 * little as can be loaded: five spikes of three clusters, or three ROIs. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "support/fuzz.h"

#define ARRAY(header, items) "\x93NUMPY\1\0\x48\0" header items
static const char times[] = ARRAY("{'descr': '<i8', 'fortran_order': False, 'shape': (5,)}                \n",
                                  "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0");
static const char seconds[] = ARRAY("{'descr': '<f2', 'fortran_order': False, 'shape': (5,)}                \n", "\0\x30\0\x34\0\x38\0\x3a\0\x3c");
static const char clusters[] = ARRAY("{'descr': '|u1', 'fortran_order': False, 'shape': (5,)}                \n", "\0\2\0\4\2");
static const char depths[] = ARRAY("{'descr': '|u1', 'fortran_order': False, 'shape': (5,)}                \n", "\x14\x28\x3c\x50\x64");
static const char traces[] = ARRAY("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 4)}              \n", "\0\1\2\3\2\1\0\1\5\4\3\2");
static const char clock_of[] = "sample_rate = 30000.\n";

#define BYTES(array) array, sizeof array - 1
static const struct { const char *folder, *name, *bytes; size_t n; } needed[] = {
	{ "phy", "spike_times.npy", BYTES(times) }, { "phy", "spike_clusters.npy", BYTES(clusters) }, { "phy", "params.py", BYTES(clock_of) },
	{ "alf", "spikes.times.npy", BYTES(seconds) }, { "alf", "spikes.clusters.npy", BYTES(clusters) }, { "alf", "clusters.depths.npy", BYTES(depths) },
	{ "suite2p", "F.npy", BYTES(traces) }, { "suite2p", "Fneu.npy", BYTES(traces) }, { "suite2p", "spks.npy", BYTES(traces) },
};
static const struct { const char *folder, *name; } files[] = {
	{ "phy", "params.py" }, { "phy", "cluster_info.tsv" }, { "phy", "cluster_group.tsv" }, { "phy", "cluster_group.csv" }, { "phy", "cluster_KSLabel.tsv" },
	{ "phy", "spike_clusters.npy" }, { "phy", "templates.npy" }, { "phy", "channel_positions.npy" },
	{ "alf", "clusters.metrics.csv" }, { "alf", "clusters.acronym.npy" }, { "alf", "clusters.channels.npy" },
	{ "suite2p", "stat.npy" }, { "suite2p", "ops.npy" }, { "suite2p", "settings.npy" }, { "suite2p", "reg_outputs.npy" }, { "suite2p", "iscell.npy" },
};
enum { NEEDED = sizeof needed / sizeof *needed, FILES = sizeof files / sizeof *files };

static const char *
in_place(const char *folder, const char *name)
{
	static char path[400];
	snprintf(path, sizeof path, "%s/%s/%s", rmb_test_fuzz_folder(), folder, name);
	return path;
}

/* All files as they should be. */
static void
put_needed(void)
{
	for (size_t i = 0; i < NEEDED; i++) {
		mkdir(in_place(needed[i].folder, ""), 0700);
		rmb_test_write(in_place(needed[i].folder, needed[i].name), needed[i].bytes, needed[i].n);
	}
}

/* The file as it was: not there, or what is needed. */
static void
restore(const char *folder, const char *name)
{
	unlink(in_place(folder, name));
	for (size_t i = 0; i < NEEDED; i++)
		if (strcmp(needed[i].folder, folder) == 0 && strcmp(needed[i].name, name) == 0)
			rmb_test_write(in_place(folder, name), needed[i].bytes, needed[i].n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	char folder[400];
	if (!ready)
		put_needed();
	ready = true;
	if (size < 1)
		return -1;
	const char *kind = files[data[0] % FILES].folder, *name = files[data[0] % FILES].name;
	struct rmb_load_settings set = rmb_test_settings("");
	snprintf(folder, sizeof folder, "%s/%s", rmb_test_fuzz_folder(), kind);
	set.path = folder;
	set.format = kind;
	set.wish.units = data[0] / FILES % 2 ? "all" : "good";
	set.wish.rois = data[0] / FILES % 2 ? "all" : "cells";
	if (strcmp(kind, "suite2p") == 0 && data[0] / FILES / 4 % 2)
		set.quality = "probability";
	rmb_test_write(in_place(kind, name), data + 1, size - 1);
	rmb_test_fuzz_read(&set, data[0] / FILES / 2 % 2);
	restore(kind, name);
	return 0;
}

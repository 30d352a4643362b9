#include "support/damaged.h"
#include <dirent.h>
#include <errno.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "support/check.h"
#include "support/zipfile.h"

#define REC RUMBLE_SHARED "/recordings/"
#define SUITE2P(...) { .path = "suite2p-fissa23/suite2p/plane0", .part = __VA_ARGS__ }
#define MINISCOPE(...) { .path = "suite2p-miniscope219/suite2p/plane0", .part = __VA_ARGS__ }
#define PHY(...) { .path = "phy-template", .part = __VA_ARGS__ }
#define RAT(...) { .path = "phy-rat-m1-striatum196", .part = __VA_ARGS__ }
#define ALF(...) { .path = "alf", .made = true, .part = __VA_ARGS__ }
#define PROBES(...) { .path = "probes", .made = true, .part = __VA_ARGS__ }

const struct rmb_test_damaged rmb_test_damaged[] = {
	{ .path = "suite2p-fissa23/suite2p/plane0/F.npy" },
	{ .path = "critical-init-npz/F_miniscope219.npz", .checked = true },
	{ .path = "critical-init-npz/F_zftectum114.npz", .checked = true },
	{ .path = "critical-init-npz/T219_spks_face.npz", .checked = true },
	{ .path = "facemap-npz/spont_retina1240.npz", .checked = true },
	{ .path = "suite2p-npz-hippocampy20/fluo.npz", .activity = "spks", .checked = true },
	{ .path = "events.npz", .made = true, .checked = true },
	{ .path = "hdf5-conformance/userblock.h5", .activity = "a", .library = true },
	{ .path = "retina-waves-h5/Hennig2011_spikes_P5_Bic_10uM_16_Mar_2010_control_day1.h5", .library = true },
	{ .path = "retina-waves-h5/Maccione2014_P9_7March11_control_SpkTs_bursts_filtered.h5", .library = true },
	{ .path = "retina-waves-h5/Stafford2009_WT_37C_Nasal_2008-10-13-2.h5", .library = true },
	{ .path = "worm-wholebrain130-h5/2022-01-16-01-data.h5", .activity = "gcamp/trace_array", .times = "timing/timestamp_confocal",
	  .orientation = "frames-first", .library = true },
	{ .path = "written.h5", .made = true, .library = true },
	{ .path = "units.h5", .made = true, .spikes = "of/unit*", .library = true },
	{ .path = "nwb-units-postsubiculum3/A8604-211122.nwb", .library = true },
	{ .path = "nwb-units-postsubiculum3/A8604-211122.nwb", .spikes = "units/spike_times", .ends = "units/spike_times_index",
	  .library = true },
	{ .path = "nwb-units-thalamus4/sub_anm00239123_ses_20170627T093549_ecephys_and_ogen.nwb", .library = true },
	{ .path = "nwb-written-here/rat_units_249.nwb", .library = true },
	{ .path = "nwb-written-here/suite2p_export_219.nwb", .library = true },
	{ .path = "nwb-written-here/zebrafish_dff_114.nwb", .library = true },
	{ .path = "worm-moving62-nwb/AML175_moving_BrainScanner20180223_141721.nwb", .activity = "Activity_*", .library = true },
	{ .path = "zebrafish-tectum114/zf_20151104-f1.mat", .library = true },
	{ .path = "rat-ca1-tetrodes31-mat5/spikes.mat", .spikes = "spikes.time", .counts = "spikes.time.counts", .library = true },
	{ .path = "rat-neuropixels-mat73/T181_2019_11_11_bank0_Cells.mat", .spikes = "raw_spike_time_s", .library = true },
	{ .path = "rat-neuropixels-mat73/T219_2019_11_19_bank0_Cells.mat", .spikes = "raw_spike_time_s", .library = true },
	SUITE2P("F.npy"), SUITE2P("Fneu.npy", .activity = "F-0.7Fneu"), SUITE2P("spks.npy"), SUITE2P("iscell.npy"),
	SUITE2P("stat.npy"),
	SUITE2P("ops.npy"),
	MINISCOPE("F.npy"), MINISCOPE("spks.npy"), MINISCOPE("iscell.npy"), MINISCOPE("stat.npy"),
	PHY("params.py"), PHY("spike_times.npy"), PHY("spike_clusters.npy"), PHY("templates.npy"), PHY("channel_positions.npy"),
	PHY("cluster_group.tsv"),
	RAT("params.py"), RAT("spike_times.npy"), RAT("spike_clusters.npy"), RAT("cluster_group.tsv"),
	RAT("cluster_info.tsv"),
	PROBES("imec0/spike_times.npy"), PROBES("imec1/spike_clusters.npy"), PROBES("imec1/cluster_KSLabel.tsv"),
	ALF("spikes.times.npy"), ALF("spikes.clusters.npy"), ALF("clusters.depths.npy"), ALF("clusters.channels.npy"),
	ALF("channels.localCoordinates.npy"), ALF("clusters.metrics.csv"),
	{ .path = "spikes.csv", .made = true }, { .path = "frames.tsv", .made = true },
};
const int rmb_test_ndamaged = (int)(sizeof rmb_test_damaged / sizeof *rmb_test_damaged);

const char *
rmb_test_damaged_name(const struct rmb_test_damaged *recording)
{
	static char name[256];
	const char *by = recording->activity ? recording->activity : recording->spikes;
	snprintf(name, sizeof name, "%s%s%s%s%s", recording->path, recording->part ? ": " : "",
	         recording->part ? recording->part : "", by ? ", by name: " : "", by ? by : "");
	return name;
}

/* ---- those that are made ---- */

enum { SPIKES = 40, UNITS = 8 };

struct own {
	const char *folder;
	char text[16384];
	double time[SPIKES], depth[UNITS], place[2 * UNITS];
	int64_t tick[SPIKES], channel[UNITS];
	int32_t unit[SPIKES];
};

static void
write_text(const struct own *own, const char *name)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", own->folder, name);
	rmb_test_write(path, own->text, strlen(own->text));
}

static void
write_array(const struct own *own, const char *name, const char *descr, const char *shape, const void *data, size_t n)
{
	char path[512];
	size_t length;
	unsigned char *npy = rmb_test_npy(descr, shape, data, n, &length);
	snprintf(path, sizeof path, "%s/%s", own->folder, name);
	rmb_test_write(path, npy, length);
	free(npy);
}

static void
make_tables(struct own *own)
{
	char *at = own->text + sprintf(own->text, "time,unit,area,depth\n");
	for (int i = 0; i < SPIKES; i++)
		at += sprintf(at, "%.4f,%d,\"CA%d\",%d\n", own->time[i], own->unit[i], own->unit[i] % 3, 20 * own->unit[i]);
	write_text(own, "spikes.csv");
	at = own->text + sprintf(own->text, "time\ta\tb\n");
	for (int i = 0; i < SPIKES; i++)
		at += sprintf(at, "%.3f\t%d\t%.2e\n", own->time[i], i % 7, 1.5 * i);
	write_text(own, "frames.tsv");
}

static void
make_alf(struct own *own)
{
	char *at = own->text + sprintf(own->text, "cluster_id,label,ks2_label\n");
	for (int i = 0; i < UNITS; i++)
		at += sprintf(at, "%d,%.2f,%s\n", i, i % 2 ? 1.0 : 0.33, i % 3 ? "good" : "mua");
	write_text(own, "alf/clusters.metrics.csv");
	write_array(own, "alf/spikes.times.npy", "<f8", "(40,)", own->time, sizeof own->time);
	write_array(own, "alf/spikes.clusters.npy", "<i4", "(40,)", own->unit, sizeof own->unit);
	write_array(own, "alf/clusters.depths.npy", "<f8", "(8,)", own->depth, sizeof own->depth);
	write_array(own, "alf/clusters.channels.npy", "<i8", "(8,)", own->channel, sizeof own->channel);
	write_array(own, "alf/channels.localCoordinates.npy", "<f8", "(8, 2)", own->place, sizeof own->place);
}

static void
make_probes(struct own *own)
{
	static const char *const probes[] = { "probes/imec0", "probes/imec1" };
	char name[64];
	for (int p = 0; p < 2; p++) {
		write_array(own, (snprintf(name, sizeof name, "%s/spike_times.npy", probes[p]), name), "<i8", "(40,)",
		            own->tick, sizeof own->tick);
		write_array(own, (snprintf(name, sizeof name, "%s/spike_clusters.npy", probes[p]), name), "<i4", "(40, 1)",
		            own->unit, sizeof own->unit);
		strcpy(own->text, "dat_path = 'x.bin'\nsample_rate = 30000.\n");
		write_text(own, (snprintf(name, sizeof name, "%s/params.py", probes[p]), name));
		char *at = own->text + sprintf(own->text, "cluster_id\tKSLabel\n");
		for (int i = 0; i < UNITS; i++)
			at += sprintf(at, "%d\t%s\n", i, (i + p) % 3 ? "good" : "mua");
		write_text(own, (snprintf(name, sizeof name, "%s/cluster_KSLabel.tsv", probes[p]), name));
	}
}

static void
make_events(const struct own *own)
{
	char path[512];
	struct rmb_test_entry entry[3] = { { .name = "st.npy" }, { .name = "clu.npy" }, { .name = "ypos.npy", .method = 8 } };
	entry[0].data = rmb_test_npy("<f8", "(40,)", own->time, sizeof own->time, &entry[0].n);
	entry[1].data = rmb_test_npy("<i4", "(40,)", own->unit, sizeof own->unit, &entry[1].n);
	entry[2].data = rmb_test_npy("<f8", "(8,)", own->depth, sizeof own->depth, &entry[2].n);
	snprintf(path, sizeof path, "%s/events.npz", own->folder);
	rmb_test_zip(path, entry, 3);
	for (int i = 0; i < 3; i++)
		free((void *)(uintptr_t)entry[i].data);
}

static void
put(hid_t group, const char *name, hid_t type, int naxes, const hsize_t *axes, const void *data)
{
	hid_t space = H5Screate_simple(naxes, axes, NULL), set = H5Dcreate2(group, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	assert_true(set >= 0 && H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
	H5Dclose(set);
	H5Sclose(space);
}

/* As `rumble convert` writes it: docs/formats.md. */
static void
make_written(const struct own *own)
{
	char path[512];
	float sample[UNITS * 50];
	int64_t segment[] = { 0, 20 }, state[50];
	double rate = 20, begin[] = { 0, 9 };
	for (int i = 0; i < UNITS * 50; i++)
		sample[i] = (float)(i * 7 % 31) / 3;
	for (int i = 0; i < 50; i++)
		state[i] = i % 3;
	snprintf(path, sizeof path, "%s/written.h5", own->folder);
	hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
	      group = H5Gcreate2(file, "recording", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	put(group, "activity", H5T_NATIVE_FLOAT, 2, (hsize_t[]){ UNITS, 50 }, sample);
	put(group, "rate", H5T_NATIVE_DOUBLE, 0, NULL, &rate);
	put(group, "segment", H5T_NATIVE_INT64, 1, (hsize_t[]){ 2 }, segment);
	put(group, "segment_time", H5T_NATIVE_DOUBLE, 1, (hsize_t[]){ 2 }, begin);
	put(group, "state", H5T_NATIVE_INT64, 1, (hsize_t[]){ 50 }, state);
	put(group, "x", H5T_NATIVE_DOUBLE, 1, (hsize_t[]){ UNITS }, own->depth);
	put(group, "y", H5T_NATIVE_DOUBLE, 1, (hsize_t[]){ UNITS }, own->depth);
	H5Gclose(group);
	H5Fclose(file);
}

/* A dataset for each neuron, the last of them without spikes. */
static void
make_units(const struct own *own)
{
	char path[512], name[16];
	snprintf(path, sizeof path, "%s/units.h5", own->folder);
	hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
	      group = H5Gcreate2(file, "of", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	for (int i = 0; i < UNITS; i++) {
		snprintf(name, sizeof name, "unit%d", i);
		put(group, name, H5T_NATIVE_DOUBLE, 1, (hsize_t[]){ (hsize_t)(UNITS - 1 - i) }, own->time + i);
	}
	H5Gclose(group);
	H5Fclose(file);
}

void
rmb_test_damaged_make(const char *folder)
{
	static const char *const folders[] = { "alf", "probes", "probes/imec0", "probes/imec1" };
	struct own *own = calloc(1, sizeof *own);
	assert_non_null(own);
	own->folder = folder;
	for (int i = 0; i < SPIKES; i++) {
		own->time[i] = 0.25 * i + 0.125;
		own->tick[i] = 7500 * i + 3750;
		own->unit[i] = i * 5 % UNITS;
	}
	for (int i = 0; i < UNITS; i++) {
		own->depth[i] = own->place[2 * i + 1] = 20 * i;
		own->channel[i] = UNITS - 1 - i;
	}
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		char path[512];
		snprintf(path, sizeof path, "%s/%s", folder, folders[i]);
		assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
	}
	make_tables(own);
	make_alf(own);
	make_probes(own);
	make_events(own);
	make_written(own);
	make_units(own);
	free(own);
}

/* ---- cases ---- */

static void
copy_folder(const char *from, const char *to)
{
	char whole[1024], copied[1024];
	DIR *directory = opendir(from);
	if (!directory)
		fail_msg("missing %s: set RUMBLE_SHARED to the folder with the shared recordings", from);
	assert_true(mkdir(to, 0700) == 0 || errno == EEXIST);
	for (struct dirent *entry; (entry = readdir(directory));) {
		size_t size;
		struct stat what;
		snprintf(whole, sizeof whole, "%s/%s", from, entry->d_name);
		snprintf(copied, sizeof copied, "%s/%s", to, entry->d_name);
		if (stat(whole, &what) != 0 || !S_ISREG(what.st_mode))
			continue;
		unsigned char *bytes = rmb_test_slurp(whole, &size);
		rmb_test_write(copied, bytes, size);
		free(bytes);
	}
	closedir(directory);
}

/* What is made is damaged where it lies. */
void
rmb_test_ward_open(struct rmb_test_ward *ward, const struct rmb_test_damaged *recording, const char *folder)
{
	char from[512];
	const char *copy = recording->part ? "copy" : "case";
	*ward = (struct rmb_test_ward){ .recording = recording };
	snprintf(from, sizeof from, "%s%s", REC, recording->path);
	snprintf(ward->load, sizeof ward->load, "%s/%s", folder, recording->made ? recording->path : copy);
	snprintf(ward->change, sizeof ward->change, "%s%s%s", ward->load, recording->part ? "/" : "", recording->part ? recording->part : "");
	if (recording->part && !recording->made)
		copy_folder(from, ward->load);
	ward->whole = rmb_test_slurp(recording->part || recording->made ? ward->change : from, &ward->n);
	ward->copy = malloc(ward->n);
	assert_non_null(ward->copy);
	memcpy(ward->copy, ward->whole, ward->n);
	ward->set = rmb_test_settings(ward->load);
	ward->set.activity = recording->activity;
	ward->set.spikes = recording->spikes;
	ward->set.ends = recording->ends;
	ward->set.counts = recording->counts;
	ward->set.times = recording->times;
	ward->set.orientation = recording->orientation ? recording->orientation : "auto";
	ward->set.wish.units = "all";
}

static uint64_t
mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* Cut at i / CUTS of its length, or one byte changed: anywhere, near the start or the end, or in the first 256 bytes. */
void
rmb_test_ward_case(struct rmb_test_ward *ward, int i)
{
	size_t n = ward->n;
	if (i < 0 || i < RMB_TEST_CUTS) {
		rmb_test_write(ward->change, ward->whole, i < 0 ? n : n * (size_t)i / RMB_TEST_CUTS);
		return;
	}
	uint64_t a = mix((uint64_t)i), b = mix(a), edge = n < 8192 ? n : 8192;
	size_t at = i % 4 == 0 ? a % (n < 256 ? n : 256) : i % 2 ? a % n : a % 2 ? b % edge : n - 1 - b % edge;
	ward->copy[at] ^= (unsigned char)(1 + mix(b) % 255);
	rmb_test_write(ward->change, ward->copy, n);
	ward->copy[at] = ward->whole[at];
}

void
rmb_test_ward_close(struct rmb_test_ward *ward)
{
	rmb_test_ward_case(ward, -1);
	if (ward->recording->part && !ward->recording->made)
		rmb_test_rmdir(ward->load);
	free(ward->whole);
	free(ward->copy);
}

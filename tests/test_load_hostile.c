/* tests/test_load_hostile.c -- files that are cut, flipped, lying or laid as traps: each an error that names the file, or a
 * correct read; never a crash, a hang, a file made or another file opened.
 *
 * Mutated HDF5 files are read in child processes (this program again, with --cases), for the library itself has faults that
 * malformed files reach. Those are counted and printed; a fault in our own code fails the test. */
#include "support/check.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "support/loading.h"
#include "support/zipfile.h"

#define REC RUMBLE_SHARED "/recordings/"
#define SAYS(...) (const char *const[]){ __VA_ARGS__, NULL }

extern char **environ;
static const char *program;
static char folder[64];

static const char *
in_folder(const char *name)
{
	static char path[4][128];
	static int next;
	next = (next + 1) % 4;
	snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
	return path[next];
}

static void
refused(const char *path, const struct rmb_load_settings *set, int code, const char *const *words)
{
	struct rmb_test_load got;
	rmb_test_load(path, set, &got);
	if (got.code != code)
		fail_msg("%s gave %d (%s), expected %d", path, got.code, got.error.text, code);
	rmb_test_says(path, got.error.text, words);
	rmb_test_says(path, got.error.text, SAYS(path));
}

/* Peak memory of this process in bytes. */
static double
peak(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return 1024.0 * (double)usage.ru_maxrss;
}

/* ---- .npy ---- */

static void
d16_a_pickle_is_not_run(void **state)
{
	(void)state;
	const char pickle[] = "cos\nsystem\n(S'touch pwned'\ntR.";
	struct stat stat;
	size_t n;
	unsigned char *npy = rmb_test_npy("|O", "(1,)", pickle, sizeof pickle - 1, &n);
	rmb_test_write(in_folder("a.npy"), npy, n);
	free(npy);
	refused(in_folder("a.npy"), NULL, RMB_EINPUT, SAYS("pickle", "not loaded", "np.save"));
	rmb_test_write(in_folder("p.npy"), "\x80\4\x95", 3);
	refused(in_folder("p.npy"), NULL, RMB_EINPUT, SAYS("pickle", "not loaded"));
	assert_int_not_equal(lstat("pwned", &stat), 0);
}

static void
d17_a_shape_larger_than_any_memory_is_refused_before_allocating(void **state)
{
	(void)state;
	static const char *const shapes[] = { "(1099511627776, 1099511627776)", "(1048576, 1048576)", "(9223372036854775807, 2)", "(2147483648, 4)" };
	double before = peak();
	for (int i = 0; i < 4; i++) {
		size_t n;
		unsigned char *npy = rmb_test_npy("<f4", shapes[i], NULL, 0, &n);
		struct rmb_test_load got;
		rmb_test_write(in_folder("a.npy"), npy, n);
		free(npy);
		rmb_test_load(in_folder("a.npy"), NULL, &got);
		assert_true(got.code == RMB_EINPUT || got.code == RMB_ELIMIT);
		if (!strstr(got.error.text, "too large") && !strstr(got.error.text, "truncated"))
			fail_msg("%s: %s", shapes[i], got.error.text);
	}
	assert_true(peak() - before < 64e6);
}

static void
d18_a_cut_array_says_how_much_is_missing(void **state)
{
	(void)state;
	static const size_t cuts[] = { 1, 5, 6, 9, 60, 127, 128, 200, 79615 };
	size_t n;
	unsigned char *whole = rmb_test_slurp(REC "suite2p-fissa23/suite2p/plane0/F.npy", &n);
	for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
		char found[32];
		snprintf(found, sizeof found, "%zu", cuts[i]);
		rmb_test_write(in_folder("cut.npy"), whole, cuts[i]);
		refused(in_folder("cut.npy"), NULL, RMB_EINPUT, SAYS("truncated", found));
	}
	rmb_test_write(in_folder("cut.npy"), whole, 5);
	refused(in_folder("cut.npy"), NULL, RMB_EINPUT, SAYS("found 5 bytes", "64 or more"));
	rmb_test_write(in_folder("cut.npy"), whole, 79615);
	refused(in_folder("cut.npy"), NULL, RMB_EINPUT, SAYS("79616", "79615"));
	free(whole);
}

static void
d19_empty_files_are_called_empty(void **state)
{
	(void)state;
	static const char *const names[] = { "a.npy", "a.npz", "a.h5", "a.mat", "a" };
	for (int i = 0; i < 5; i++) {
		rmb_test_write(in_folder(names[i]), "", 0);
		refused(in_folder(names[i]), NULL, RMB_EINPUT, SAYS("empty"));
	}
}

static void
d21_files_of_another_format_are_called_what_they_are(void **state)
{
	(void)state;
	static const struct { const char *name, *bytes; size_t n; const char *says; } cases[] = {
		{ "a.npy", "x,y\n1,2\n", 8, "plain text" }, { "a.h5", "\x89PNG\r\n\x1a\n....", 12, "PNG" }, { "a.npz", "\x1f\x8b\x08....", 7, "gzip" },
		{ "a.mat", "MATLAB 5.0 MAT-file, Platform: x", 32, "MATLAB file" }, { "a.h5", "%PDF-1.5", 8, "PDF" }, { "a.npy", "\1\2\3\4", 4, "unknown" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		rmb_test_write(in_folder(cases[i].name), cases[i].bytes, cases[i].n);
		refused(in_folder(cases[i].name), NULL, RMB_EINPUT, SAYS(cases[i].says));
	}
	/* the content decides: an .npy called .mat is read as what it is, unless the recipe insists */
	size_t n;
	unsigned char *npy = rmb_test_npy("<f4", "(1, 2)", (float[]){ 1, 2 }, 8, &n);
	struct rmb_test_load got;
	struct rmb_load_settings set = rmb_test_settings("");
	rmb_test_write(in_folder("a.mat"), npy, n);
	free(npy);
	rmb_test_load(in_folder("a.mat"), NULL, &got);
	assert_true(got.code == 0 && got.sum == 3);
	set.format = "hdf5";
	refused(in_folder("a.mat"), &set, RMB_EINPUT, SAYS("NumPy .npy", "not hdf5", "format: npy"));
}

static void
what_is_no_file_is_refused(void **state)
{
	(void)state;
	refused(in_folder("nothing.npy"), NULL, RMB_EINPUT, SAYS("cannot open"));
	refused(folder, NULL, RMB_EINPUT, SAYS("a folder"));
	assert_int_equal(mkfifo(in_folder("pipe.npy"), 0600), 0);
	refused(in_folder("pipe.npy"), NULL, RMB_EINPUT, SAYS("not a plain file"));
}

/* ---- HDF5 ---- */

static hid_t
new_file(const char *path)
{
	hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
	assert_true(file >= 0);
	return file;
}

/* A dataset of this size with this creation list, nothing written. */
static void
add_dataset(hid_t file, const char *name, hid_t type, hsize_t rows, hsize_t columns, hid_t creation)
{
	hid_t space = H5Screate_simple(2, (hsize_t[]){ rows, columns }, NULL);
	hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
	assert_true(set >= 0);
	H5Dclose(set);
	H5Sclose(space);
}

static struct rmb_load_settings
activity(const char *name)
{
	struct rmb_load_settings set = rmb_test_settings("");
	set.activity = name;
	return set;
}

static void
d23_external_links_are_not_followed(void **state)
{
	(void)state;
	struct rmb_load_settings set = activity("away"), inside = activity("group/away/x"), soft = activity("detour/x");
	const char *path = in_folder("link.h5");
	hid_t file = new_file(path), group = H5Gcreate2(file, "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	H5Lcreate_external(REC "hdf5-conformance/userblock.h5", "/a", file, "away", H5P_DEFAULT, H5P_DEFAULT);
	H5Lcreate_external(REC "hdf5-conformance/userblock.h5", "/", group, "away", H5P_DEFAULT, H5P_DEFAULT);
	H5Lcreate_soft("/group/away", file, "detour", H5P_DEFAULT, H5P_DEFAULT);
	H5Gclose(group);
	H5Fclose(file);
	refused(path, &set, RMB_EINPUT, SAYS("'away'", "external link", "allow_external"));
	refused(path, &inside, RMB_EINPUT, SAYS("'away'", "external link"));
	refused(path, &soft, RMB_EINPUT, SAYS("'away'", "external link"));
	refused(path, NULL, RMB_EINPUT, SAYS("holds nothing"));
}

static void
d24_external_storage_is_not_read(void **state)
{
	(void)state;
	static const char secret[] = "root:x:0:0:a line of another file of the system:/root:/bin/sh\n.";
	struct rmb_load_settings set = activity("x");
	struct rmb_test_load got;
	char absolute[512], here[400];
	assert_non_null(getcwd(here, sizeof here));
	rmb_test_write(in_folder("secret.txt"), secret, 64);
	snprintf(absolute, sizeof absolute, "%s/%s", here, in_folder("secret.txt"));
	const char *path = in_folder("raw.h5");
	hid_t file = new_file(path), creation = H5Pcreate(H5P_DATASET_CREATE);
	H5Pset_external(creation, absolute, 0, 64);
	add_dataset(file, "x", H5T_NATIVE_UINT8, 8, 8, creation);
	H5Pclose(creation);
	H5Fclose(file);
	refused(path, &set, RMB_EINPUT, SAYS("activity: x", "external storage", "allow_external"));
	rmb_test_load(path, &set, &got);
	assert_null(strstr(got.error.text, "root"));
}

static void
virtual_datasets_are_not_put_together(void **state)
{
	(void)state;
	struct rmb_load_settings set = activity("x");
	const char *path = in_folder("virtual.h5");
	hid_t file = new_file(path), creation = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(2, (hsize_t[]){ 50, 300 }, NULL);
	H5Pset_virtual(creation, space, REC "hdf5-conformance/userblock.h5", "/a", space);
	add_dataset(file, "x", H5T_NATIVE_FLOAT, 50, 300, creation);
	H5Sclose(space);
	H5Pclose(creation);
	H5Fclose(file);
	refused(path, &set, RMB_EINPUT, SAYS("virtual dataset", "allow_external"));
}

static void
d25_a_size_that_the_file_cannot_hold_is_refused_before_allocating(void **state)
{
	(void)state;
	static const struct { hsize_t rows, columns, chunk; bool packed; } cases[] = {
		{ (hsize_t)1 << 31, (hsize_t)1 << 31, 0, false }, { 1 << 16, 1 << 16, 0, false }, { 1 << 20, 1 << 16, 64, false },
		{ 1 << 20, 1 << 16, 1024, true }, { 32768, 32768, 16384, true },
	};
	struct rmb_load_settings set = activity("x");
	double before = peak();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *path = in_folder("huge.h5");
		hid_t file = new_file(path), creation = H5Pcreate(H5P_DATASET_CREATE);
		H5Pset_alloc_time(creation, H5D_ALLOC_TIME_LATE);
		if (cases[i].chunk)
			H5Pset_chunk(creation, 2, (hsize_t[]){ cases[i].chunk, cases[i].chunk });
		if (cases[i].packed)
			H5Pset_deflate(creation, 1);
		add_dataset(file, "x", H5T_NATIVE_UINT8, cases[i].rows, cases[i].columns, creation);
		H5Pclose(creation);
		H5Fclose(file);
		struct rmb_test_load got;
		rmb_test_load(path, &set, &got);
		if (got.code != RMB_EINPUT && got.code != RMB_ELIMIT)
			fail_msg("case %zu gave %d: %s", i, got.code, got.error.text);
		if (!strstr(got.error.text, "size") && !strstr(got.error.text, "too large"))
			fail_msg("case %zu: %s", i, got.error.text);
	}
	assert_true(peak() - before < 64e6);
}

static void
d26_a_missing_path_is_answered_by_what_is_there(void **state)
{
	(void)state;
	struct rmb_load_settings set = activity("gcamp/traces");
	refused(REC "worm-wholebrain130-h5/2022-01-16-01-data.h5", &set, RMB_EINPUT, SAYS("gcamp/traces", "gcamp/trace_array (799 x 130, float64)"));
	refused(REC "worm-wholebrain130-h5/2022-01-16-01-data.h5", NULL, RMB_EINPUT, SAYS("activity: NAME", "gcamp/trace_array (799 x 130, float64)"));
	set.activity = "gcamp";
	refused(REC "worm-wholebrain130-h5/2022-01-16-01-data.h5", &set, RMB_EINPUT, SAYS("gcamp/trace_array (799 x 130, float64)"));
}

/* Runs this program with other arguments; its wait status. */
static int
run_child(const char *const *argument)
{
	pid_t pid;
	int status;
	assert_int_equal(posix_spawn(&pid, program, NULL, NULL, (char *const *)(uintptr_t)argument, environ), 0);
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return status;
}

static void
d27_an_unknown_filter_is_named_and_no_plug_in_is_loaded(void **state)
{
	(void)state;
	struct rmb_load_settings set = activity("x");
	const char *path = in_folder("filter.h5");
	hid_t file = new_file(path), creation = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(2, (hsize_t[]){ 8, 8 }, NULL);
	H5Pset_chunk(creation, 2, (hsize_t[]){ 8, 8 });
	H5Pset_filter(creation, 32015, H5Z_FLAG_OPTIONAL, 0, NULL);
	hid_t x = H5Dcreate2(file, "x", H5T_NATIVE_FLOAT, space, H5P_DEFAULT, creation, H5P_DEFAULT);
	float block[64] = { 1 };
	H5Dwrite_chunk(x, H5P_DEFAULT, 0, (hsize_t[]){ 0, 0 }, sizeof block, block);
	H5Dclose(x), H5Sclose(space), H5Pclose(creation), H5Fclose(file);
	refused(path, &set, RMB_EINPUT, SAYS("filter 32015", "Zstandard", "h5repack"));
	/* A plug-in planted where HDF5 looks for filters, here a pipe that never opens: the library alone opens it and waits for
	 * ever, the loader must not touch it. */
	assert_int_equal(mkdir(in_folder("plugins"), 0700), 0);
	assert_int_equal(mkfifo(in_folder("plugins/libtrap.so"), 0600), 0);
	setenv("HDF5_PLUGIN_PATH", in_folder("plugins"), 1);
	int guarded = run_child((const char *const[]){ program, "--filter", path, NULL });
	int bare = run_child((const char *const[]){ program, "--bare-filter", NULL });
	unsetenv("HDF5_PLUGIN_PATH");
	assert_true(WIFEXITED(guarded) && WEXITSTATUS(guarded) == 0);
	assert_true(WIFSIGNALED(bare) && WTERMSIG(bare) == SIGALRM);
}

static void
datasets_that_are_not_numbers_are_refused_by_name(void **state)
{
	(void)state;
	const char *path = in_folder("types.h5");
	hid_t file = new_file(path), record = H5Tcreate(H5T_COMPOUND, 8), text = H5Tcopy(H5T_C_S1), ragged = H5Tvlen_create(H5T_NATIVE_FLOAT);
	H5Tinsert(record, "a", 0, H5T_NATIVE_FLOAT);
	H5Tinsert(record, "b", 4, H5T_NATIVE_FLOAT);
	H5Tset_size(text, 4);
	add_dataset(file, "record", record, 4, 4, H5P_DEFAULT);
	add_dataset(file, "text", text, 4, 4, H5P_DEFAULT);
	add_dataset(file, "ragged", ragged, 4, 4, H5P_DEFAULT);
	add_dataset(file, "reference", H5T_STD_REF_OBJ, 4, 4, H5P_DEFAULT);
	add_dataset(file, "opaque", H5Tcreate(H5T_OPAQUE, 3), 4, 4, H5P_DEFAULT);
	hid_t null = H5Screate(H5S_NULL), deep = H5Screate_simple(3, (hsize_t[]){ 2, 2, 2 }, NULL);
	H5Dclose(H5Dcreate2(file, "null", H5T_NATIVE_FLOAT, null, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
	H5Dclose(H5Dcreate2(file, "deep", H5T_NATIVE_FLOAT, deep, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
	H5Lcreate_soft("/turn", file, "round", H5P_DEFAULT, H5P_DEFAULT);
	H5Lcreate_soft("/round", file, "turn", H5P_DEFAULT, H5P_DEFAULT);
	H5Lcreate_soft("/nowhere", file, "dangling", H5P_DEFAULT, H5P_DEFAULT);
	H5Lcreate_hard(file, "/", file, "loop", H5P_DEFAULT, H5P_DEFAULT);
	H5Fclose(file);
	static const struct { const char *name, *says; } cases[] = {
		{ "record", "compound" }, { "ragged", "varying length" }, { "reference", "object references" }, { "opaque", "opaque" },
		{ "text", "text" }, { "null", "is empty" }, { "deep", "size is past the limit" }, { "round", "soft link" }, { "dangling", "names nothing" }, { "loop/loop/loop/none", "names nothing" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rmb_load_settings set = activity(cases[i].name);
		refused(path, &set, RMB_EINPUT, SAYS(cases[i].says));
	}
}

/* ---- cut and flipped files ---- */

/* All cases are run by hand, with RUMBLE_EVERY=1; a tenth of them here. SANITIZER: exit status of a child that a sanitizer ended. */
enum { CUTS = 200, FLIPS = 2000, CASES = CUTS + FLIPS, TENTH = 10, SANITIZER = 99 };

/* checked: the file carries checksums; text: what is left of a cut is a table, too; part: of a folder, the file that is changed; made: it
 * lies in the test's own folder; heavy: a fortieth is enough here. */
struct base { const char *path, *activity, *spikes, *ends, *counts, *part; bool checked, library, text, made, heavy; };
#define SUITE2P(name) { .path = REC "suite2p-fissa23/suite2p/plane0", .part = name }
#define PHY(name, is_text) { .path = REC "phy-template", .part = name, .text = is_text }
#define ALF(name, is_text) { .path = "alf", .part = name, .text = is_text, .made = true }
static const struct base bases[] = {
	{ .path = REC "suite2p-fissa23/suite2p/plane0/F.npy" },
	{ .path = REC "critical-init-npz/T219_spks_face.npz", .checked = true },
	{ .path = REC "facemap-npz/spont_retina1240.npz", .checked = true },
	{ .path = REC "hdf5-conformance/userblock.h5", .activity = "a", .library = true },
	{ .path = REC "retina-waves-h5/Hennig2011_spikes_P5_Bic_10uM_16_Mar_2010_control_day1.h5", .library = true },
	{ .path = REC "nwb-units-postsubiculum3/A8604-211122.nwb", .spikes = "units/spike_times", .ends = "units/spike_times_index", .library = true },
	{ .path = REC "nwb-units-thalamus4/sub_anm00239123_ses_20170627T093549_ecephys_and_ogen.nwb", .library = true },
	{ .path = REC "zebrafish-tectum114/zf_20151104-f1.mat", .library = true },
	{ .path = REC "rat-ca1-tetrodes31-mat5/spikes.mat", .spikes = "spikes.time", .counts = "spikes.time.counts", .library = true },
	{ .path = REC "rat-neuropixels-mat73/T219_2019_11_19_bank0_Cells.mat", .spikes = "raw_spike_time_s", .library = true, .heavy = true },
	{ .path = REC "nwb-units-postsubiculum3/A8604-211122.nwb", .library = true },
	{ .path = REC "nwb-written-here/zebrafish_dff_114.nwb", .library = true, .heavy = true },
	{ .path = REC "worm-moving62-nwb/AML175_moving_BrainScanner20180223_141721.nwb", .activity = "Activity_*", .library = true },
	SUITE2P("F.npy"), SUITE2P("spks.npy"), SUITE2P("iscell.npy"), SUITE2P("stat.npy"), SUITE2P("ops.npy"),
	PHY("params.py", true), PHY("spike_times.npy", false), PHY("spike_clusters.npy", false), PHY("templates.npy", false), PHY("channel_positions.npy", false),
	PHY("cluster_group.tsv", true),
	ALF("spikes.times.npy", false), ALF("spikes.clusters.npy", false), ALF("clusters.depths.npy", false), ALF("clusters.metrics.csv", true),
	{ .path = "spikes.csv", .text = true, .made = true }, { .path = "frames.tsv", .text = true, .made = true },
};
enum { NBASES = sizeof bases / sizeof *bases };

static int
step_of(const struct base *base)
{
	const char *given = getenv("RUMBLE_EVERY");
	return given && atoi(given) > 0 ? atoi(given) : base->heavy ? 4 * TENTH : TENTH;
}

static void
write_array(const char *path, const char *descr, const char *shape, const void *data, size_t n)
{
	size_t length;
	unsigned char *npy = rmb_test_npy(descr, shape, data, n, &length);
	rmb_test_write(path, npy, length);
	free(npy);
}

/* A folder of ALF and two tables, in the test's folder. */
static void
make_own(void)
{
	double time[40], depth[8];
	int32_t cluster[40];
	char *text = malloc(16384), *at = text;
	assert_true(mkdir(in_folder("alf"), 0700) == 0 || errno == EEXIST);
	at += sprintf(at, "time,unit,area,depth\n");
	for (int i = 0; i < 40; i++) {
		time[i] = 0.25 * i + 0.125;
		cluster[i] = i * 5 % 8;
		at += sprintf(at, "%.4f,%d,\"CA%d\",%d\n", time[i], cluster[i], cluster[i] % 3, 20 * cluster[i]);
	}
	rmb_test_write(in_folder("spikes.csv"), text, (size_t)(at - text));
	at = text + sprintf(text, "time\ta\tb\n");
	for (int i = 0; i < 40; i++)
		at += sprintf(at, "%.3f\t%d\t%.2e\n", time[i], i % 7, 1.5 * i);
	rmb_test_write(in_folder("frames.tsv"), text, (size_t)(at - text));
	at = text + sprintf(text, "cluster_id,label,ks2_label\n");
	for (int i = 0; i < 8; i++) {
		depth[i] = 20 * i;
		at += sprintf(at, "%d,%.2f,%s\n", i, i % 2 ? 1.0 : 0.33, i % 3 ? "good" : "mua");
	}
	rmb_test_write(in_folder("alf/clusters.metrics.csv"), text, (size_t)(at - text));
	free(text);
	write_array(in_folder("alf/spikes.times.npy"), "<f8", "(40,)", time, sizeof time);
	write_array(in_folder("alf/spikes.clusters.npy"), "<i4", "(40,)", cluster, sizeof cluster);
	write_array(in_folder("alf/clusters.depths.npy"), "<f8", "(8,)", depth, sizeof depth);
}

static const char *
path_of(const struct base *base)
{
	return base->made ? in_folder(base->path) : base->path;
}

/* What is changed: a file, or one of a folder, which is copied first. `load`: what is then loaded, `change`: what is written. */
static unsigned char *
begin_base(const struct base *base, size_t *n, char *load, char *change, size_t room)
{
	snprintf(load, room, "%s/%s", folder, base->part ? "copy" : "case");
	snprintf(change, room, "%s%s%s", load, base->part ? "/" : "", base->part ? base->part : "");
	if (!base->part)
		return rmb_test_slurp(path_of(base), n);
	char whole[512], copied[512];
	DIR *directory = opendir(path_of(base));
	assert_non_null(directory);
	assert_true(mkdir(load, 0700) == 0 || errno == EEXIST);
	for (struct dirent *entry; (entry = readdir(directory));) {
		size_t size;
		snprintf(whole, sizeof whole, "%s/%s", path_of(base), entry->d_name);
		snprintf(copied, sizeof copied, "%s/%s", load, entry->d_name);
		struct stat stat_of;
		if (stat(whole, &stat_of) != 0 || !S_ISREG(stat_of.st_mode))
			continue;
		unsigned char *bytes = rmb_test_slurp(whole, &size);
		rmb_test_write(copied, bytes, size);
		free(bytes);
	}
	closedir(directory);
	snprintf(whole, sizeof whole, "%s/%s", path_of(base), base->part);
	return rmb_test_slurp(whole, n);
}

static void
end_base(const struct base *base, const char *load)
{
	if (base->part)
		rmb_test_rmdir(load);
}

static uint64_t
mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* Case i of a file: cut at i / CUTS of its length, or one byte changed: anywhere, near the start or the end, or in the first
 * 256 bytes. */
static void
mutate(const unsigned char *whole, size_t n, int i, const char *path)
{
	if (i < CUTS) {
		rmb_test_write(path, whole, n * (size_t)i / CUTS);
		return;
	}
	uint64_t a = mix((uint64_t)i), b = mix(a), edge = n < 8192 ? n : 8192;
	size_t at = i % 4 == 0 ? a % (n < 256 ? n : 256) : i % 2 ? a % n : a % 2 ? b % edge : n - 1 - b % edge;
	unsigned char *copy = malloc(n);
	memcpy(copy, whole, n);
	copy[at] ^= (unsigned char)(1 + mix(b) % 255);
	rmb_test_write(path, copy, n);
	free(copy);
}

/* Loads one case and judges what came of it; `sum` is that of the undamaged file. */
static void
try_case(const struct base *base, const unsigned char *whole, size_t n, int i, const char *path, const char *change, double sum, struct rmb_test_load *got)
{
	struct rmb_load_settings set = rmb_test_settings(path);
	set.activity = base->activity;
	set.spikes = base->spikes;
	set.ends = base->ends;
	set.counts = base->counts;
	set.wish.units = "all";
	mutate(whole, n, i, change);
	rmb_test_load(path, &set, got);
	if (i < CUTS && got->code == 0 && !base->text)
		fail_msg("%s cut at %d/%d was read", change, i, CUTS);
	if (got->code && (!strstr(got->error.text, path) || strlen(got->error.text) < strlen(path) + 8))
		fail_msg("%s %s case %d: '%s' does not name the file", base->path, base->part ? base->part : "", i, got->error.text);
	if (got->code == 0 && base->checked && got->sum != sum)
		fail_msg("%s case %d was read with the sum %.17g instead of %.17g", base->path, i, got->sum, sum);
}

static double
sum_of(const struct base *base)
{
	struct rmb_load_settings set = rmb_test_settings(path_of(base));
	struct rmb_test_load got;
	set.activity = base->activity;
	set.spikes = base->spikes;
	set.ends = base->ends;
	set.counts = base->counts;
	set.wish.units = "all";
	rmb_test_load(set.path, &set, &got);
	if (got.code)
		fail_msg("%s", got.error.text);
	return got.sum;
}

static void
cut_and_flipped_files_that_we_parse_give_an_error_or_the_truth(void **state)
{
	(void)state;
	make_own();
	for (int b = 0; b < NBASES; b++) {
		char load[128], change[192];
		size_t n;
		int errors = 0, cases = 0;
		if (bases[b].library)
			continue;
		double sum = sum_of(&bases[b]);
		unsigned char *whole = begin_base(&bases[b], &n, load, change, sizeof load);
		for (int i = 0; i < CASES; i += step_of(&bases[b]), cases++) {
			struct rmb_test_load got;
			try_case(&bases[b], whole, n, i, load, change, sum, &got);
			errors += got.code != 0;
		}
		free(whole);
		end_base(&bases[b], load);
		printf("%s: %d cuts and flips, %d errors\n", bases[b].part ? bases[b].part : strrchr(path_of(&bases[b]), '/') + 1, cases, errors);
	}
}

/* A child that reads cases first.. of base b and says on descriptor 3 how far it came. */
static int
child_cases(const char *where, int b, int first, int last)
{
	char load[128], change[192];
	size_t n;
	struct rlimit limit = { (rlim_t)4 << 30, (rlim_t)4 << 30 };
#ifndef RUMBLE_SANITIZED
	setrlimit(RLIMIT_AS, &limit);
#endif
	limit.rlim_cur = limit.rlim_max = 0;
	setrlimit(RLIMIT_CORE, &limit);
	snprintf(folder, sizeof folder, "%s", where);
	if (bases[b].made)
		make_own();
	unsigned char *whole = begin_base(&bases[b], &n, load, change, sizeof load);
	for (int i = first; i < last; i += step_of(&bases[b])) {
		struct rmb_test_load got;
		alarm(20);
		try_case(&bases[b], whole, n, i, load, change, 0, &got);
		unsigned char line[2] = { 'x', got.code != 0 };
		if (write(3, line, 2) != 2)
			return 1;
	}
	free(whole);
	end_base(&bases[b], load);
	return 0;
}

/* Whose fault a sanitizer's report shows: that of the first frame which is not the sanitizer's. */
static bool
is_ours(const char *report)
{
	size_t n;
	unsigned char *text = rmb_test_slurp(report, &n);
	char *copy = malloc(n + 1), *line, *rest = NULL;
	bool ours = false;
	memcpy(copy, text, n);
	copy[n] = 0;
	for (line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		const char *frame = strstr(line, "    #");
		if (strstr(line, "runtime error:") && strstr(line, "stages/load"))
			ours = true;
		if (frame && !strstr(line, "libasan") && !strstr(line, "sanitizer") && !strstr(line, "sysdeps/")) { /* memcpy is nobody's */
			ours |= !strstr(line, "libhdf5") && !strstr(line, "libmatio") && !strstr(line, "libz.so") && !strstr(line, "libc.so");
			break;
		}
	}
	free(copy);
	free(text);
	return ours;
}

/* Runs cases first.., every so often, of base b in one child; returns the first case that was not finished, counts errors. */
static int
run_cases(int b, int first, int last, int *errors, int *status)
{
	char from[16], to[16], which[16], report[128];
	int pipes[2];
	pid_t pid;
	unsigned char line[2];
	posix_spawn_file_actions_t actions;
	snprintf(which, sizeof which, "%d", b), snprintf(from, sizeof from, "%d", first), snprintf(to, sizeof to, "%d", last);
	snprintf(report, sizeof report, "%s", in_folder("report"));
	const char *const argument[] = { program, "--cases", folder, which, from, to, NULL };
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], 3);
	posix_spawn_file_actions_addopen(&actions, 2, report, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(posix_spawn(&pid, program, &actions, NULL, (char *const *)(uintptr_t)argument, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[1]);
	while (read(pipes[0], line, 2) == 2) {
		*errors += line[1];
		first += step_of(&bases[b]);
	}
	close(pipes[0]);
	while (waitpid(pid, status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return first;
}

static void
cut_and_flipped_hdf5_and_matlab_gives_an_error_or_a_read_and_faults_are_not_ours(void **state)
{
	(void)state;
	setenv("ASAN_OPTIONS", "allocator_may_return_null=1:detect_leaks=0:max_allocation_size_mb=4096:exitcode=99", 1);
	for (int b = 0; b < NBASES; b++) {
		int errors = 0, crashes = 0, hangs = 0, next = 0, status = 0;
		while (bases[b].library && next < CASES) {
			next = run_cases(b, next, CASES, &errors, &status);
			if (next >= CASES && WIFEXITED(status) && WEXITSTATUS(status) == 0)
				break;
			bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
			printf("%s, case %d: %s %d\n", bases[b].path, next, WIFSIGNALED(status) ? "signal" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
			if ((WIFEXITED(status) && WEXITSTATUS(status) != SANITIZER) || is_ours(in_folder("report"))) {
				size_t n;
				unsigned char *text = rmb_test_slurp(in_folder("report"), &n);
				fail_msg("%s, case %d: a fault of our own\n%.*s", bases[b].path, next, (int)n, (const char *)text);
			}
			crashes += !hung;
			hangs += hung;
			next += step_of(&bases[b]);
		}
		if (bases[b].library)
			printf("%s: %d cuts and flips, %d errors; the library crashed in %d and hung in %d\n", strrchr(bases[b].path, '/') + 1, CASES / step_of(&bases[b]),
			       errors, crashes, hangs);
	}
	unsetenv("ASAN_OPTIONS");
}

static int
make_folder(void **state)
{
	(void)state;
	rmb_test_mkdir(folder, sizeof folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	rmb_test_rmdir(folder);
	return 0;
}

/* The child's part of the test with the planted plug-in. */
static int
child_filter(const char *path)
{
	struct rmb_load_settings set = activity("x");
	struct rmb_test_load got;
	alarm(20);
	rmb_test_load(path, &set, &got);
	return got.code == RMB_EINPUT && strstr(got.error.text, "32015") ? 0 : 1;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(d16_a_pickle_is_not_run, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(d17_a_shape_larger_than_any_memory_is_refused_before_allocating, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(d18_a_cut_array_says_how_much_is_missing, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(d19_empty_files_are_called_empty, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(d21_files_of_another_format_are_called_what_they_are, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_refused, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(d23_external_links_are_not_followed, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(d24_external_storage_is_not_read, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(virtual_datasets_are_not_put_together, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(d25_a_size_that_the_file_cannot_hold_is_refused_before_allocating, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(d26_a_missing_path_is_answered_by_what_is_there, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(d27_an_unknown_filter_is_named_and_no_plug_in_is_loaded, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(datasets_that_are_not_numbers_are_refused_by_name, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(cut_and_flipped_files_that_we_parse_give_an_error_or_the_truth, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(cut_and_flipped_hdf5_and_matlab_gives_an_error_or_a_read_and_faults_are_not_ours, make_folder, remove_folder),
	};
	program = argv[0];
	if (argc == 6 && strcmp(argv[1], "--cases") == 0)
		return child_cases(argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
	if (argc == 3 && strcmp(argv[1], "--filter") == 0)
		return child_filter(argv[2]);
	if (argc == 2 && strcmp(argv[1], "--bare-filter") == 0) {
		alarm(1);
		return H5Zfilter_avail(32015) > 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

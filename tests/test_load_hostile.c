/* tests/test_load_hostile.c -- files that lie or are laid as traps: each an error that names the file; never a crash, a hang,
 * a file made or another file opened. Files that are cut or flipped: test_load_damaged.c. */
#include "support/check.h"
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
#include <zlib.h>
#include "rumble/seen.h"
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
	static const char *const shapes[] = { "(1099511627776, 1099511627776)", "(1048576, 1048576)", "(9223372036854775807, 2)",
	                                      "(2147483648, 4)" };
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
		{ "a.npy", "x,y\n1,2\n", 8, "plain text" }, { "a.h5", "\x89PNG\r\n\x1a\n....", 12, "PNG" },
		{ "a.npz", "\x1f\x8b\x08....", 7, "gzip" },
		{ "a.mat", "MATLAB 5.0 MAT-file, Platform: x", 32, "MATLAB file" }, { "a.h5", "%PDF-1.5", 8, "PDF" },
		{ "a.npy", "\1\2\3\4", 4, "unknown" },
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
	refused(path, &set, RMB_EINPUT, SAYS("'away'", "external link", "name the other file in `path`"));
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
	refused(path, &set, RMB_EINPUT, SAYS("activity: x", "external storage", "name that in `path`"));
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
	refused(path, &set, RMB_EINPUT, SAYS("virtual dataset", "name that in `path`"));
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
		struct rmb_seen seen = { .arena = rmb_arena_new(), .depth = RMB_SAMPLE };
		struct rmb_error error = { 0 };
		set.path = path;
		assert_int_not_equal(rmb_load_look(&set, &seen, &error), 0);
		rmb_test_says(path, error.text, SAYS(path, strstr(got.error.text, "too large") ? "too large" : "size"));
		rmb_arena_free(seen.arena);
	}
	assert_true(peak() - before < 64e6);
}

static void
d26_a_missing_path_is_answered_by_what_is_there(void **state)
{
	(void)state;
	struct rmb_load_settings set = activity("gcamp/traces");
	refused(REC "worm-wholebrain130-h5/2022-01-16-01-data.h5", &set, RMB_EINPUT,
	        SAYS("gcamp/traces", "gcamp/trace_array (799 x 130, float64)"));
	refused(REC "worm-wholebrain130-h5/2022-01-16-01-data.h5", NULL, RMB_EINPUT,
	        SAYS("activity: NAME", "gcamp/trace_array (799 x 130, float64)"));
	set.activity = "gcamp";
	refused(REC "worm-wholebrain130-h5/2022-01-16-01-data.h5", &set, RMB_EINPUT, SAYS("gcamp/trace_array (799 x 130, float64)"));
}

/* ---- MATLAB ---- */

/* A file of one element of n bytes, behind the header of version 5. */
static void
write_matlab(const char *path, uint32_t type, const void *bytes, size_t n)
{
	unsigned char file[512] = "MATLAB 5.0 MAT-file, made here";
	uint32_t tag[2] = { type, (uint32_t)n };
	memcpy(file + 124, "\0\1IM", 4);
	memcpy(file + 128, tag, sizeof tag);
	memcpy(file + 136, bytes, n);
	rmb_test_write(path, file, 136 + n);
}

static void
matlab_cells_and_structs_with_more_parts_than_fit_are_refused_before_they_are_made(void **state)
{
	(void)state;
	enum { MILLION = 1 << 20, CELL = 1, STRUCT = 2, MATRIX = 14, PACKED = 15 };
	const uint32_t cell[] = { 6, 8, CELL, 0, 5, 8, MILLION, 1, 1, 1, 'c', 0 };
	const uint32_t within[] = { 6, 8, CELL, 0, 5, 8, 1, 1, 1, 1, 'c', 0, MATRIX, sizeof cell, 6, 8, CELL, 0, 5, 8, MILLION, 1,
	                            1, 1, 'c', 0 };
	const uint32_t fields[] = { 6, 8, STRUCT, 0, 5, 8, MILLION, 1, 1, 1, 's', 0, 5 | 4u << 16, 8, 1, 8, 'x', 0 };
	const uint32_t whole[] = { MATRIX, sizeof within, 6, 8, CELL, 0, 5, 8, 1, 1, 1, 1, 'c', 0, MATRIX, sizeof cell, 6, 8,
	                           CELL, 0, 5, 8, MILLION, 1, 1, 1, 'c', 0 };
	unsigned char packed[256];
	uLongf n = sizeof packed;
	assert_int_equal(compress(packed, &n, (const Bytef *)whole, sizeof whole), Z_OK);
	const struct { uint32_t type; const void *bytes; size_t n; } cases[] = {
		{ MATRIX, cell, sizeof cell }, { MATRIX, within, sizeof within }, { MATRIX, fields, sizeof fields }, { PACKED, packed, n } };
	double before = peak();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		write_matlab(in_folder("a.mat"), cases[i].type, cases[i].bytes, cases[i].n);
		refused(in_folder("a.mat"), NULL, RMB_EINPUT, SAYS("more parts than fit"));
	}
	assert_true(peak() - before < 64e6);
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
		{ "text", "text" }, { "null", "is empty" }, { "deep", "size is past the limit" }, { "round", "soft link" },
		{ "dangling", "names nothing" }, { "loop/loop/loop/none", "names nothing" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rmb_load_settings set = activity(cases[i].name);
		refused(path, &set, RMB_EINPUT, SAYS(cases[i].says));
	}
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
		cmocka_unit_test_setup_teardown(matlab_cells_and_structs_with_more_parts_than_fit_are_refused_before_they_are_made, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(d27_an_unknown_filter_is_named_and_no_plug_in_is_loaded, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(datasets_that_are_not_numbers_are_refused_by_name, make_folder, remove_folder),
	};
	program = argv[0];
	if (argc == 3 && strcmp(argv[1], "--filter") == 0)
		return child_filter(argv[2]);
	if (argc == 2 && strcmp(argv[1], "--bare-filter") == 0) {
		alarm(1);
		return H5Zfilter_avail(32015) > 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Results by name, and exports: links people can follow, nothing of theirs touched, numbers that come back. */
#include "support/place.h"
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pipeline/bundle.h"
#include "pipeline/results.h"

static struct rmb_test_place here;

/* A graph made by hand: two recordings, of which one has an odd name, and a group node. */
enum { RAW, ALPHA, ODD, GROUP, NNODES };
static const struct rmb_port outputs[] = {
	{ .name = "recording", .kinds = RMB_RECORDING }, { .name = "s", .kinds = RMB_ARRAY }, { 0 } };
static const struct rmb_port array_outputs[] = { { .name = "s", .kinds = RMB_ARRAY }, { 0 } };
static const struct rmb_stage load = { .name = "load", .out = outputs }, powerlaw = { .name = "powerlaw", .out = array_outputs };
static struct rmb_source source[] = { { .name = "fx26" }, { .name = ".od\nd" } };
static struct rmb_recipe recipe = { .nsources = 2, .source = source };
static struct rmb_node node[NNODES] = {
	[RAW] = { .stage = &load, .source = 0, .name = "raw", .id = "fx26/raw", .keep = true },
	[ALPHA] = { .stage = &powerlaw, .source = 0, .name = "alpha@z,fast#2", .id = "fx26/alpha@z,fast#2", .keep = true },
	[ODD] = { .stage = &powerlaw, .source = 1, .name = "alpha", .id = ".od\nd/alpha", .keep = true },
	[GROUP] = { .stage = &powerlaw, .source = -1, .name = "areas", .id = "areas", .keep = true },
};
static struct rmb_node *nodes[] = { &node[RAW], &node[ALPHA], &node[ODD], &node[GROUP] };
static struct rmb_graph graph = { .recipe = &recipe, .nnodes = NNODES, .node = nodes };

static void
set_keys(int version)
{
	for (int i = 0; i < NNODES; i++) {
		node[i].index = i;
		snprintf(node[i].key, sizeof node[i].key, "%02x%061d%d", i, 0, version);
		node[i].description = rmb_arena_printf(here.arena, "{\"node\":%d,\"version\":%d}", i, version);
	}
}

static void
publish(const char *key, const struct rmb_array *array, int n)
{
	struct rmb_error error = { 0 };
	const char *attribute[] = { "description", "{\"stage\":\"x\"}" };
	struct rmb_object_writer *w = rmb_object_create(rmb_cache_scratch(here.arena, &here.cache), key, array, n, attribute, 1, &error);
	assert_string_equal(error.text, "");
	for (int i = 0; i < n; i++)
		assert_int_equal(rmb_object_write(w, i, 0, array[i].data,
		                                  (size_t)rmb_array_count(&array[i]) * rmb_array_item(&array[i]), &error),
		                 0);
	assert_int_equal(rmb_object_publish(w, rmb_cache_path(here.arena, &here.cache, key), 1, &error), 0);
}

static const double spectrum[3] = { 3, 0.1, 1e-300 };

static void
make(int i)
{
	struct rmb_array array = { "s", "um", "a spectrum", RMB_FLOAT64, 0, 1, { rmb_axis_rank(3) }, (void *)spectrum };
	publish(node[i].key, &array, 1);
}

static const char *
in_results(const char *name)
{
	return rmb_arena_printf(here.arena, "%s/out/results/%s", here.directory, name);
}

static void
write_results(bool copy)
{
	struct rmb_error error = { 0 };
	int code = rmb_results_write(&graph, &here.cache, rmb_arena_printf(here.arena, "%s/out", here.directory), copy, &error);
	assert_string_equal(error.text, "");
	assert_int_equal(code, 0);
}

/* Whether a name stands for node i, as a link or as a copy. */
static bool
stands_for(const char *name, int i, bool copy)
{
	struct stat stat;
	struct rmb_object *object;
	char target[4096];
	if (lstat(in_results(name), &stat) || S_ISLNK(stat.st_mode) == copy)
		return false;
	if (copy) {
		int code = rmb_object_open(in_results(name), node[i].key, RMB_VERIFY_ALL, &object, NULL);
		if (code == 0)
			rmb_object_close(object);
		return code == 0;
	}
	ssize_t n = readlink(in_results(name), target, sizeof target - 1);
	target[n] = '\0';
	return strcmp(target, rmb_cache_path(here.arena, &here.cache, node[i].key)) == 0;
}

static bool
is_there(const char *name)
{
	struct stat stat;
	return lstat(in_results(name), &stat) == 0;
}

static void
what_is_cached_gets_a_name(void **state)
{
	(void)state;
	set_keys(1);
	make(RAW), make(ALPHA), make(GROUP);
	write_results(false);
	assert_true(stands_for("fx26/raw.h5", RAW, false));
	assert_true(stands_for("fx26/alpha@z,fast#2.h5", ALPHA, false));
	assert_true(stands_for("areas.h5", GROUP, false));
	make(ODD); /* a name that no folder should have */
	write_results(false);
	assert_true(stands_for("_od_d_7030b171/alpha.h5", ODD, false));
	struct stat before, after;
	assert_int_equal(lstat(in_results("areas.h5"), &before), 0);
	write_results(false); /* nothing is made anew */
	assert_int_equal(lstat(in_results("areas.h5"), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	write_results(true); /* links become copies, and copies links */
	assert_true(stands_for("fx26/raw.h5", RAW, true));
	assert_int_equal(lstat(in_results("fx26/raw.h5"), &before), 0);
	assert_int_equal(before.st_mode & 0222, 0);
	write_results(false);
	assert_true(stands_for("fx26/raw.h5", RAW, false));
}

static void
stale_names_go_and_the_users_files_stay(void **state)
{
	(void)state;
	set_keys(1);
	make(RAW), make(ALPHA), make(ODD);
	write_results(false);
	close(open(in_results("fx26/notes.txt"), O_WRONLY | O_CREAT | O_EXCL, 0600));
	assert_int_equal(symlink("/etc/passwd", in_results("mine.h5")), 0);
	set_keys(2);
	make(RAW);
	write_results(true);
	assert_true(stands_for("fx26/raw.h5", RAW, true));
	assert_false(is_there("fx26/alpha@z,fast#2.h5"));
	assert_false(is_there("_od_d_7030b171")); /* the folder was empty */
	assert_true(is_there("fx26/notes.txt"));
	assert_true(is_there("mine.h5"));
	/* something of the user's where a name belongs: refused, not replaced */
	struct rmb_error error = { 0 };
	make(GROUP);
	close(open(in_results("areas.h5"), O_WRONLY | O_CREAT | O_EXCL, 0600));
	assert_int_equal(rmb_results_write(&graph, &here.cache, rmb_arena_printf(here.arena, "%s/out", here.directory), false,
	                                   &error),
	                 RMB_EOUTPUT);
	assert_non_null(strstr(error.text, "areas.h5"));
	struct stat stat;
	assert_int_equal(lstat(in_results("areas.h5"), &stat), 0);
	assert_int_equal(stat.st_size, 0);
}

static int
version_in_last(const char *id)
{
	json_t *last = json_load_file(in_results(".last.json"), 0, NULL);
	int version = (int)json_integer_value(json_object_get(json_object_get(last, id), "version"));
	json_decref(last);
	return version;
}

static void
the_state_file_remembers_what_stood_last(void **state)
{
	(void)state;
	set_keys(1);
	make(RAW), make(ALPHA);
	write_results(false);
	assert_int_equal(version_in_last("fx26/raw"), 1);
	assert_int_equal(version_in_last("areas"), 0); /* never made */
	set_keys(2);
	make(RAW);
	write_results(false);
	assert_int_equal(version_in_last("fx26/raw"), 2);
	assert_int_equal(version_in_last("fx26/alpha@z,fast#2"), 1); /* so the next plan can say what changed */
	/* let go, and all that read it stand */
	struct rmb_node *users[] = { &node[ALPHA] };
	node[RAW].keep = false;
	node[RAW].nusers = 1;
	node[RAW].user = users;
	set_keys(3);
	make(ALPHA);
	write_results(false);
	assert_int_equal(version_in_last("fx26/raw"), 3);
	node[RAW].keep = true;
	node[RAW].nusers = 0;
}

static void
gc_spares_what_is_named(void **state)
{
	(void)state;
	struct rmb_collected collected;
	set_keys(1);
	make(RAW), make(ALPHA);
	write_results(false);
	assert_int_equal(unlink(in_results("fx26/raw.h5")), 0); /* the user does not want it any more */
	assert_int_equal(rmb_cache_collect(&here.cache, 1, NAN, false, NULL, NULL, &collected, NULL), 0);
	assert_false(rmb_cache_has(&here.cache, node[RAW].key, NULL));
	assert_true(rmb_cache_has(&here.cache, node[ALPHA].key, NULL));
}

/* ---- exports */

static const char *
slurp(const char *path, size_t *n)
{
	struct stat stat;
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0 && fstat(fd, &stat) == 0);
	char *text = rmb_arena_alloc(here.arena, (size_t)stat.st_size + 1, 1);
	assert_int_equal(read(fd, text, (size_t)stat.st_size), stat.st_size);
	close(fd);
	*n = (size_t)stat.st_size;
	return text;
}

static const char *
export(int i, const char *output, const char *format, size_t *n)
{
	static int number;
	struct rmb_error error = { 0 };
	const char *path = rmb_arena_printf(here.arena, "%s/export.%d", here.directory, number++);
	int code = rmb_export(&graph, &here.cache, &node[i], output, format, path, &error);
	assert_string_equal(error.text, "");
	assert_int_equal(code, 0);
	return slurp(path, n);
}

static void
arrays_are_exported(void **state)
{
	(void)state;
	size_t n;
	static const char area[2][8] = { "V1,\"a\"", "=1+1" };
	struct rmb_array array[] = {
		{ "s", "um", "a spectrum", RMB_FLOAT64, 0, 1, { rmb_axis_make("lag", "s", 3, 0, 0.5) }, (void *)spectrum },
		{ "area", "1", NULL, RMB_TEXT, 8, 1, { rmb_axis_index("neuron", 2) }, (void *)area },
		{ "one", "1", NULL, RMB_FLOAT64, .data = (void *)spectrum },
		{ "cube", "1", NULL, RMB_UINT8, 0, 3, { rmb_axis_index("a", 2), rmb_axis_index("b", 1), rmb_axis_index("c", 2) }, (void *)area },
		{ "empty", "1", NULL, RMB_INT64, 0, 2, { rmb_axis_index("a", 0), rmb_axis_index("b", 4) }, NULL },
	};
	set_keys(1);
	publish(node[ALPHA].key, array, 5);
	assert_string_equal(export(ALPHA, NULL, "csv", &n), "lag (s),s (um)\n0,3\n0.5,0.1\n1,1e-300\n");
	assert_string_equal(export(ALPHA, "area", "csv", &n), "neuron,area\n0,\"V1,\"\"a\"\"\"\n1,\"'=1+1\"\n"); /* no formula */
	assert_string_equal(export(ALPHA, "one", "csv", &n), "one\n3\n");
	assert_string_equal(export(ALPHA, "cube", "csv", &n), "a,b,c,cube\n0,0,0,86\n0,0,1,49\n1,0,0,44\n1,0,1,34\n");
	assert_string_equal(export(ALPHA, "empty", "csv", &n), "a,0,1,2,3\n");
	const char *npy = export(ALPHA, NULL, "npy", &n);
	assert_int_equal(n, 128 + sizeof spectrum);
	assert_memory_equal(npy, "\x93NUMPY\1\0\x76\0{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }", 65);
	assert_memory_equal(npy + 128, spectrum, sizeof spectrum);
	assert_non_null(strstr(export(ALPHA, "one", "npy", &n) + 10, "'shape': (), }"));
	assert_non_null(strstr(export(ALPHA, "cube", "npy", &n) + 10, "'|u1', 'fortran_order': False, 'shape': (2,1,2), }"));
	assert_non_null(strstr(export(ALPHA, "area", "npy", &n) + 10, "'|S8'"));
	assert_non_null(strstr(export(ALPHA, "empty", "npy", &n) + 10, "(0,4)"));
	assert_memory_equal(export(ALPHA, NULL, "hdf5", &n) + 512, "\211HDF\r\n\032\n", 8);
}

static void
a_view_is_exported_as_the_matrix_it_shows(void **state)
{
	(void)state;
	enum { N = 2, T = 4 };
	static const float samples[3][5] = { { 0, 1, 2, 3, 4 }, { 10, 11, 12, 13, 14 }, { 20, 21, 22, 23, 24 } };
	static const int64_t segment[1] = { 0 }, row[N] = { 2, 0 }, shift[N] = { 1, 0 };
	static const double offset[N] = { 20, 0 }, scale[N] = { 0.5, -1 };
	static const struct rmb_interval interval[1] = { { 1, T } };
	static const float shown[N][T] = { { 2, 0.5f, 1, 1.5f }, { -1, -2, -3, -4 } };
	struct rmb_recording r = { .neurons = { .n = 3 }, .nframes = 5, .rate = NAN, .nsegments = 1, .segment = segment, .scaling = "none",
	                           .samples = samples[0], .stored_rows = 3, .stored_frames = 5 };
	struct rmb_array array[33];
	int n = 0;
	size_t length;
	set_keys(1);
	assert_int_equal(rmb_bundle_recording(here.arena, "recording", &r, array, &n, NULL), 0);
	publish(node[RAW].key, array, n);
	snprintf(r.source, sizeof r.source, "%s", node[RAW].key);
	r.neurons.n = N, r.nframes = T, r.row = row, r.shift = shift, r.offset = offset, r.scale = scale, r.nintervals = 1,
	r.interval = interval;
	n = 0;
	assert_int_equal(rmb_bundle_recording(here.arena, "recording", &r, array, &n, NULL), 0);
	node[GROUP].stage = &load;
	publish(node[GROUP].key, array, n);
	const char *npy = export(GROUP, NULL, "npy", &length);
	assert_int_equal(length, 128 + sizeof shown);
	assert_memory_equal(npy + 128, shown, sizeof shown);
	assert_string_equal(export(GROUP, "recording", "csv", &length), "neuron,0,1,2,3\n0,2,0.5,1,1.5\n1,-1,-2,-3,-4\n");
	node[GROUP].stage = &powerlaw;
	assert_int_equal(rmb_cache_remove(&here.cache, node[RAW].key, NULL), 0);
	struct rmb_error error = { 0 };
	assert_int_equal(rmb_export(&graph, &here.cache, &node[GROUP], "recording", "npy", in_results("x"), &error), RMB_EINPUT);
	assert_non_null(strstr(error.text, "run"));
}

static void
what_cannot_be_exported_is_said(void **state)
{
	(void)state;
	struct rmb_error error[5] = { { 0 } };
	const char *path = rmb_arena_printf(here.arena, "%s/x.npy", here.directory);
	set_keys(1);
	assert_int_equal(rmb_export(&graph, &here.cache, &node[ALPHA], NULL, NULL, path, &error[0]), RMB_EINPUT);
	assert_non_null(strstr(error[0].text, "fx26/alpha@z,fast#2"));
	make(ALPHA);
	assert_int_equal(rmb_export(&graph, &here.cache, &node[ALPHA], "t", NULL, path, &error[1]), RMB_EUSAGE);
	assert_int_equal(rmb_export(&graph, &here.cache, &node[ALPHA], NULL, "mat", path, &error[2]), RMB_EUSAGE);
	assert_int_equal(rmb_export(&graph, &here.cache, &node[ALPHA], NULL, NULL, "/dev/null/x.npy", &error[3]), RMB_EOUTPUT);
	assert_int_equal(rmb_export(&graph, &here.cache, &node[ALPHA], NULL, NULL, path, NULL), 0);
	assert_int_equal(rmb_export(&graph, &here.cache, &node[ALPHA], NULL, NULL, path, &error[4]), RMB_EOUTPUT);
	assert_non_null(strstr(error[4].text, "exists"));
	for (int i = 0; i < 5; i++)
		assert_true(error[i].text[0] != '\0');
}

static int
begin(void **state)
{
	int code = rmb_test_begin(state, &here, "cache");
	mkdir(rmb_arena_printf(here.arena, "%s/out", here.directory), 0700);
	return code;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, rmb_test_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_cached_gets_a_name),
		TEST(stale_names_go_and_the_users_files_stay),
		TEST(the_state_file_remembers_what_stood_last),
		TEST(gc_spares_what_is_named),
		TEST(arrays_are_exported),
		TEST(a_view_is_exported_as_the_matrix_it_shows),
		TEST(what_cannot_be_exported_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

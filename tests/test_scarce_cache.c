/* Memory that runs out while objects are written, opened, named, listed and exported: at every allocation, one after another.
 * Each time a sentence, never half of a result, and nothing left behind. */
#include "support/check.h"
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "pipeline/bundle.h"
#include "pipeline/results.h"
#include "support/scarce.h"

static const char key[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
static char directory[64];
static struct rmb_cache cache;
static const struct rmb_port outputs[] = { { .name = "recording", .kinds = RMB_RECORDING }, { 0 } };
static const struct rmb_stage load = { .name = "load", .out = outputs };
static struct rmb_source source[] = { { .name = "a" } };
static struct rmb_recipe recipe = { .nsources = 1, .source = source };
static struct rmb_node node = { .stage = &load, .name = "raw", .id = "a/raw", .keep = true, .description = "{\"stage\":\"load\"}" };
static struct rmb_node *nodes[] = { &node };
static struct rmb_graph graph = { .recipe = &recipe, .nnodes = 1, .node = nodes };

static const float samples[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
static const int64_t segment[1], id[2] = { 3, 4 };

static int
write_object(struct rmb_error *error)
{
	char path[256];
	struct rmb_array array[33];
	int n = 0;
	struct rmb_recording r = { .neurons = { .n = 2, .id = id, .area = "V1CA", .area_width = 2 }, .nframes = 3, .rate = 2, .nsegments = 1,
	                           .segment = segment, .scaling = "none", .samples = samples[0], .stored_rows = 2, .stored_frames = 3 };
	const char *attribute[] = { "description", node.description };
	struct rmb_arena *arena = calloc(1, sizeof *arena);
	snprintf(path, sizeof path, "%s/tmp", cache.root);
	int code = rmb_bundle_recording(arena, "recording", &r, array, &n, error);
	struct rmb_object_writer *w = code ? NULL : rmb_object_create(path, key, array, 1, NULL, 0, error);
	code = code ? code : w ? rmb_object_extend(w, array + 1, n - 1, attribute, 1, error) : error->code;
	for (int i = 0; i < n && code == 0; i++)
		code = rmb_object_write(w, i, 0, array[i].data, (size_t)rmb_array_count(&array[i]) * rmb_array_item(&array[i]), error);
	snprintf(path, sizeof path, "%s/objects/00/%s.h5", cache.root, key);
	if (code == 0)
		code = rmb_object_publish(w, path, 1, error);
	else
		rmb_object_abandon(w);
	rmb_arena_free(arena);
	return code;
}

static int
read_object(struct rmb_error *error)
{
	struct rmb_object *object;
	struct rmb_recording r;
	int code = rmb_cache_get(&cache, key, "run", &object, error);
	if (code)
		return code;
	code = rmb_unbundle_recording(object, "recording", NULL, &r, error);
	if (code == 0)
		assert_memory_equal(r.samples, samples, sizeof samples);
	rmb_object_close(object);
	return code;
}

static int
write_names(struct rmb_error *error)
{
	return rmb_results_write(&graph, &cache, directory, false, error);
}

static int
list_objects(struct rmb_error *error)
{
	struct rmb_collected c;
	int code = rmb_cache_collect(&cache, 1, NAN, true, NULL, NULL, &c, error);
	if (code == 0)
		assert_int_equal(c.spared_objects, 1);
	return code;
}

static int
export(struct rmb_error *error)
{
	static const char *const formats[] = { "hdf5", "npy", "csv" };
	int code = 0;
	for (int i = 0; i < 3 && code == 0; i++) {
		char path[256];
		snprintf(path, sizeof path, "%s/export", directory);
		code = rmb_export(&graph, &cache, &node, NULL, formats[i], path, error);
		if (code)
			assert_int_equal(access(path, F_OK), -1);
		unlink(path);
	}
	return code;
}

static int
count_files(const char *inner)
{
	char path[256];
	int n = 0;
	snprintf(path, sizeof path, "%s/%s", cache.root, inner);
	DIR *open = opendir(path);
	for (const struct dirent *entry; open && (entry = readdir(open));)
		n += entry->d_name[0] != '.';
	if (open)
		closedir(open);
	return n;
}

/* Fails allocation after allocation of `work` until it goes through. */
static void
starve(const char *name, int (*work)(struct rmb_error *error))
{
	for (int mode = 0; mode < 2; mode++) {
		int code = -1;
		long n = 0;
		for (; code; n++) {
			struct rmb_error error = { 0 };
			left = n;
			once = mode;
			code = work(&error);
			left = -1;
			assert_int_equal(code == 0, error.text[0] == '\0');
			if (code && code != RMB_ELIMIT)
				fail_msg("%s: allocation %ld failing gives %d: %s", name, n, code, error.text);
			assert_int_equal(count_files("tmp"), 0);
			assert_int_equal(count_files("bad"), 0); /* no memory is no damage */
		}
		printf("%s: %ld allocations\n", name, n - 1);
		assert_true(n > 1);
	}
}

static void
every_allocation_may_fail(void **state)
{
	(void)state;
	rmb_test_mkdir(directory, sizeof directory);
	char root[128];
	snprintf(root, sizeof root, "%s/cache", directory);
	snprintf(node.key, sizeof node.key, "%s", key);
	assert_int_equal(rmb_cache_open(root, &cache, NULL), 0);
	starve("writing", write_object);
	starve("reading", read_object);
	starve("naming", write_names);
	starve("listing", list_objects);
	starve("exporting", export);
	rmb_cache_close(&cache);
	rmb_test_rmdir(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_allocation_may_fail) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

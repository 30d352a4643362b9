/* Bundles: recordings and spikes come back from an object as they went in, and tables that lie are damage. */
#include "support/place.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "pipeline/bundle.h"

static const char key[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
static const char view_key[] = "1111111111111111111111111111111111111111111111111111111111111111";
static char path[128], view_path[128];
static struct rmb_test_place here;

enum { N = 3, ROWS = 4, T = 6 };
static const int64_t id[N] = { 7, 9, 11 }, plane[N] = { 0, 0, 1 }, row[N] = { 3, 0, 1 }, shift[N] = { 0, 5, 2 };
static const int64_t segment[2] = { 0, 4 }, state[T] = { 1, 1, 2, 2, 2, 3 };
static const double segment_time[2] = { -0.5, 17.25 };
static const double x[N] = { 1.5, NAN, 3 }, offset[N] = { 0, 1, 2 }, scale[N] = { 1, 0.5, 0 };
static const struct rmb_interval interval[2] = { { 1, 4 }, { 7, 2 } };
static const float samples[ROWS][9] = { { 1, 2, 3 }, { 4 }, { 5 }, { 6, 7, 8, 9 } };

static struct rmb_recording
recording(const char *source)
{
	struct rmb_recording r = {
		.neurons = { .n = N, .id = id, .x = x, .plane = plane, .area = "V1\0CA1V2\0", .area_width = 3,
		             .label = "good\0mua\0\0\0\0\0\0", .label_width = 5 },
		.nframes = T, .rate = 3.5, .nsegments = 2, .segment = segment, .segment_time = segment_time, .state = state,
		.scaling = "zscore ddof=0 eps=0",
		.recipe_of_view = "circular shifts", .samples = samples[0], .stored_rows = ROWS, .stored_frames = 9, .row = row,
		.nintervals = 2, .interval = interval, .shift = shift, .offset = offset, .scale = scale,
	};
	snprintf(r.source, sizeof r.source, "%s", source);
	return r;
}

static void
put(const char *to, const char *as, const struct rmb_array *array, int n)
{
	struct rmb_error error = { 0 };
	struct rmb_object_writer *w = rmb_object_create(here.directory, as, array, n, NULL, 0, &error);
	assert_string_equal(error.text, "");
	for (int i = 0; i < n; i++)
		assert_int_equal(rmb_object_write(w, i, 0, array[i].data,
		                                  (size_t)rmb_array_count(&array[i]) * rmb_array_item(&array[i]), &error),
		                 0);
	assert_int_equal(rmb_object_publish(w, to, 1, &error), 0);
}

static struct rmb_object *
get(const char *from, const char *as)
{
	struct rmb_object *object = NULL;
	assert_int_equal(rmb_object_open(from, as, RMB_VERIFY_ALL, &object, NULL), 0);
	return object;
}

static void
assert_same(const struct rmb_recording *a, const struct rmb_recording *b)
{
	assert_int_equal(a->neurons.n, b->neurons.n);
	assert_memory_equal(a->neurons.id, b->neurons.id, sizeof id);
	assert_memory_equal(a->neurons.x, b->neurons.x, sizeof x); /* NaN included */
	assert_memory_equal(a->neurons.plane, b->neurons.plane, sizeof plane);
	assert_memory_equal(a->neurons.area, b->neurons.area, N * 3);
	assert_int_equal(a->neurons.area_width, b->neurons.area_width);
	assert_memory_equal(a->neurons.label, b->neurons.label, N * 5);
	assert_int_equal(a->neurons.label_width, b->neurons.label_width);
	assert_null(b->neurons.y);
	assert_null(b->neurons.probe);
	assert_int_equal(a->nframes, b->nframes);
	assert_true(a->rate == b->rate);
	assert_int_equal(a->nsegments, b->nsegments);
	assert_memory_equal(a->segment, b->segment, sizeof segment);
	assert_memory_equal(a->segment_time, b->segment_time, sizeof segment_time);
	assert_memory_equal(a->state, b->state, sizeof state);
	assert_string_equal(a->scaling, b->scaling);
	assert_string_equal(a->recipe_of_view, b->recipe_of_view);
	assert_int_equal(a->stored_rows, b->stored_rows);
	assert_int_equal(a->stored_frames, b->stored_frames);
	assert_memory_equal(a->row, b->row, sizeof row);
	assert_memory_equal(a->shift, b->shift, sizeof shift);
	assert_memory_equal(a->offset, b->offset, sizeof offset);
	assert_memory_equal(a->scale, b->scale, sizeof scale);
	assert_int_equal(a->nintervals, b->nintervals);
	assert_memory_equal(a->interval, b->interval, sizeof interval);
}

static void
a_recording_comes_back_with_its_samples(void **unused)
{
	(void)unused;
	struct rmb_array array[RMB_BUNDLE_ARRAYS];
	struct rmb_recording in = recording(""), out;
	int n = 0;
	assert_int_equal(rmb_bundle_recording(here.arena, "recording", &in, array, &n, NULL), 0);
	assert_in_range(n, 1, 32);
	put(path, key, array, n);
	struct rmb_object *object = get(path, key);
	assert_int_equal(rmb_bundle_kind(object, "recording"), RMB_RECORDING);
	assert_int_equal(rmb_bundle_kind(object, "elsewhere"), 0);
	assert_string_equal(rmb_bundle_source(object, "recording"), key);
	assert_int_equal(rmb_unbundle_recording(object, "recording", NULL, &out, NULL), 0);
	assert_same(&in, &out);
	assert_string_equal(out.source, key); /* what a view of it must name */
	assert_memory_equal(out.samples, samples, sizeof samples);
	assert_int_equal((uintptr_t)out.samples % 64, 0);
	rmb_object_close(object);
}

static void
a_view_finds_its_samples_in_the_object_it_names(void **unused)
{
	(void)unused;
	struct rmb_array array[RMB_BUNDLE_ARRAYS];
	struct rmb_recording in = recording(""), out;
	struct rmb_error error = { 0 };
	int n = 0;
	assert_int_equal(rmb_bundle_recording(here.arena, "recording", &in, array, &n, NULL), 0);
	put(path, key, array, n);
	in = recording(key);
	n = 0;
	assert_int_equal(rmb_bundle_recording(here.arena, "zscored", &in, array, &n, NULL), 0);
	put(view_path, view_key, array, n);
	struct rmb_object *object = get(path, key), *view = get(view_path, view_key);
	assert_string_equal(rmb_bundle_source(view, "zscored"), key);
	assert_int_equal(rmb_unbundle_recording(view, "zscored", object, &out, NULL), 0);
	assert_same(&in, &out);
	assert_memory_equal(out.samples, samples, sizeof samples);
	assert_int_equal(rmb_unbundle_recording(view, "zscored", NULL, &out, NULL), 0); /* to look at annotations */
	assert_null(out.samples);
	assert_int_equal(rmb_unbundle_recording(view, "zscored", view, &out, &error), RMB_EDAMAGE); /* not the object it names */
	assert_non_null(strstr(error.text, "activity"));
	rmb_object_close(view);
	rmb_object_close(object);
}

static void
spikes_come_back(void **unused)
{
	static const double stated[] = { 0, 1, 1, 2.5 };
	static const int64_t epoch[] = { 1, 0 };
	(void)unused;
	static const double time[4] = { 0.5, 1, 1, 2.25 }, observed[2] = { 0, 3 };
	static const int64_t first[N + 1] = { 0, 1, 1, 4 };
	struct rmb_spikes in = { .neurons = { .n = N, .id = id }, .nspikes = 4, .time = time, .first = first, .nobserved = 1,
	                         .observed = observed,
	                          .nstates = 2, .stated = stated, .state = epoch }, out;
	struct rmb_array array[RMB_BUNDLE_ARRAYS];
	int n = 0;
	assert_int_equal(rmb_bundle_spikes(here.arena, "recording", &in, array, &n, NULL), 0);
	put(path, key, array, n);
	struct rmb_object *object = get(path, key);
	assert_int_equal(rmb_bundle_kind(object, "recording"), RMB_SPIKES);
	assert_int_equal(rmb_unbundle_spikes(object, "recording", &out, NULL), 0);
	assert_int_equal(out.nspikes, 4);
	assert_int_equal(out.nstates, 2);
	assert_memory_equal(out.stated, stated, sizeof stated);
	assert_memory_equal(out.state, epoch, sizeof epoch);
	assert_int_equal(out.nobserved, 1);
	assert_memory_equal(out.time, time, sizeof time);
	assert_memory_equal(out.first, first, sizeof first);
	assert_memory_equal(out.observed, observed, sizeof observed);
	assert_memory_equal(out.neurons.id, id, sizeof id);
	rmb_object_close(object);
}

/* What changes one member of a bundle into a lie. */
struct lie { const char *member; enum { DROP, SHORTEN, RETYPE, DEEPEN, BREAK } how; };

static void
tables_that_lie_are_damage(void **unused)
{
	(void)unused;
	static const int64_t far[N] = { 3, 0, ROWS };
	static const struct lie lies[] = {
		{ "nframes", DROP }, { "nframes", RETYPE }, { "rate", DROP }, { "rate", RETYPE }, { "nneurons", DROP }, { "scaling", DROP },
		{ "source", DROP }, { "source", RETYPE }, { "view", DROP }, { "stored_rows", DROP }, { "stored_frames", DEEPEN },
		{ "id", SHORTEN }, { "id", RETYPE }, { "x", SHORTEN }, { "x", DEEPEN }, { "area", SHORTEN }, { "area", RETYPE },
		{ "segment", DROP }, { "segment", RETYPE }, { "state", SHORTEN }, { "row", SHORTEN }, { "row", BREAK }, { "shift", SHORTEN },
		{ "offset", DROP }, { "scale", DROP }, { "scale", SHORTEN }, { "interval", DROP }, { "interval", SHORTEN },
		{ "interval", RETYPE }, { "activity", DROP }, { "activity", SHORTEN }, { "activity", RETYPE },
	};
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct rmb_array array[RMB_BUNDLE_ARRAYS];
		struct rmb_recording in = recording(""), out;
		struct rmb_error error = { 0 };
		char name[128];
		int n = 0, at = 0;
		assert_int_equal(rmb_bundle_recording(here.arena, "recording", &in, array, &n, NULL), 0);
		snprintf(name, sizeof name, "recording/%s", lies[i].member);
		while (at < n && strcmp(array[at].name, name))
			at++;
		assert_true(at < n);
		switch (lies[i].how) {
		case DROP: array[at] = array[--n]; break;
		case SHORTEN: array[at].axis[0].n--; break;
		case RETYPE: array[at].type = RMB_UINT8; break;
		case DEEPEN: array[at].axis[array[at].naxes++] = rmb_axis_index("more", 1); break;
		case BREAK: array[at].data = (void *)far; break;
		}
		put(path, key, array, n);
		struct rmb_object *object = get(path, key);
		if (rmb_unbundle_recording(object, "recording", NULL, &out, &error) != RMB_EDAMAGE ||
		    !strstr(error.text, "recording"))
			fail_msg("lie %zu about '%s' was believed", i, lies[i].member);
		rmb_object_close(object);
	}
}

/* Samples that stay in a file of 4 ROWS x FRAMES bytes behind 128. */
static void
a_place_in_a_file_is_within_it(void **unused)
{
	(void)unused;
	enum { ALL = 128 + (int)sizeof samples };
	static const struct { int64_t bytes, at; const char *sha256; bool right; } places[] = {
		{ ALL, 128, key, true }, { ALL, 0, key, true }, { ALL, 132, key, false }, { ALL, 126, key, false }, { ALL, -4, key, false },
		{ ALL - 1, 128, key, false }, { INT64_MAX, INT64_MAX - 3, key, false }, { 0, 128, key, false },
		{ -1, 128, key, false }, { ALL, 128, "abc", false } };
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct rmb_array array[RMB_BUNDLE_ARRAYS];
		struct rmb_recording in = recording(""), out;
		struct rmb_error error = { 0 };
		int n = 0;
		assert_int_equal(rmb_bundle_recording(here.arena, "recording", &in, array, &n, NULL), 0);
		array[0] = array[--n]; /* the samples are not in it */
		static const int64_t first = 0, stride = 9;
		char sha256[RMB_KEY_MAX] = "";
		strcpy(sha256, places[i].sha256);
		const struct rmb_bundle_place place = { .n = 1, .sha256 = sha256, .bytes = &places[i].bytes, .at = &places[i].at,
			                                .row = &first, .stride = &stride };
		assert_int_equal(rmb_bundle_place(here.arena, "recording", &place, array, &n, NULL), 0);
		put(path, key, array, n);
		struct rmb_object *object = get(path, key);
		int code = rmb_unbundle_recording(object, "recording", NULL, &out, &error);
		if (code != (places[i].right ? 0 : RMB_EDAMAGE))
			fail_msg("place %zu: code %d: %s", i, code, error.text);
		assert_true(code || !out.samples); /* nobody has mapped it */
		rmb_object_close(object);
	}
}

/* Samples that stay in two files in a folder: ROWS rows of 9 frames, the second file's two samples longer. */
static void
places_in_files_that_lie_are_damage(void **unused)
{
	(void)unused;
	enum { LIST = 128 };
	static const struct lie { const char *member; int64_t value; int i; } lies[] = {
		{ "none", 0, 0 }, { "file_row", 1, 0 }, { "file_row", -1, 0 }, { "file_row", 0, 1 }, { "file_row", -1, 1 },
		{ "file_row", ROWS, 1 }, { "file_row", ROWS + 1, 1 }, { "file_row", INT64_MAX, 1 }, { "file_row", 2, 1 },
		{ "file_stride", 8, 0 }, { "file_stride", 10, 0 }, { "file_stride", 12, 1 }, { "file_stride", -1, 1 },
		{ "file_stride", INT64_MAX, 1 }, { "file_at", 4, 0 }, { "file_at", -4, 1 }, { "file_at", 2, 1 },
		{ "file_at", INT64_MAX - 3, 1 }, { "file_bytes", 0, 1 }, { "file_bytes", INT64_MIN, 1 }, { "file_bytes", 35, 0 },
		{ "file", 0, 1 }, { "file", 'x', 1 }, { "inside", 'x', 1 }, { "inside", 'x', 0 },
	};
	static const char *const lists[] = { "file", "file_bytes", "file_at", "file_row", "file_stride", "inside", "folder" };
	for (size_t k = 0; k < sizeof lies / sizeof *lies + 3 * sizeof lists / sizeof *lists; k++) {
		struct lie lie = k < sizeof lies / sizeof *lies ? lies[k] : (struct lie){ .member = lists[(k - sizeof lies / sizeof *lies) / 3] };
		struct rmb_array array[RMB_BUNDLE_ARRAYS];
		struct rmb_recording in = recording(""), out;
		struct rmb_error error = { 0 };
		int64_t bytes[2] = { 36, 128 + 3 * 11 * 4 }, at[2] = { 0, 128 }, first[2] = { 0, 1 }, stride[2] = { 9, 11 };
		char sha256[2][RMB_KEY_MAX], inside[2][10] = { "p0/F.npy", "p11/F.npy" }, name[LIST];
		strcpy(sha256[0], key);
		strcpy(sha256[1], view_key);
		const struct rmb_bundle_place place = { .n = 2, .sha256 = sha256[0], .bytes = bytes, .at = at, .row = first, .stride = stride,
			                                .folder = key, .inside = inside[0], .inside_width = sizeof inside[0] };
		int n = 0, i = 0;
		assert_int_equal(rmb_bundle_recording(here.arena, "recording", &in, array, &n, NULL), 0);
		array[0] = array[--n]; /* the samples are not in it */
		assert_int_equal(rmb_bundle_place(here.arena, "recording", &place, array, &n, NULL), 0);
		snprintf(name, sizeof name, "recording/%s", lie.member);
		while (i < n && strcmp(array[i].name, name))
			i++;
		assert_true(i < n || strcmp(lie.member, "none") == 0);
		if (k >= sizeof lies / sizeof *lies)
			switch ((k - sizeof lies / sizeof *lies) % 3) {
			case 0: array[i] = array[--n]; break;
			case 1: array[i].type = array[i].type == RMB_TEXT ? RMB_UINT8 : RMB_FLOAT64; array[i].width = 0; break;
			case 2: /* as it was when there was but one file; or a list where there should be none */
				if (array[i].naxes)
					array[i].naxes = 0;
				else
					array[i].axis[array[i].naxes++] = rmb_axis_index("file", 1);
			}
		else if (i < n && array[i].type == RMB_INT64)
			((int64_t *)array[i].data)[lie.i] = lie.value;
		else if (i < n) /* the end of a text: cut short, or gone */
			((char *)array[i].data)[(size_t)(lie.i + 1) * array[i].width - (lie.value ? 1 : 2)] = (char)lie.value;
		put(path, key, array, n);
		struct rmb_object *object = get(path, key);
		int code = rmb_unbundle_recording(object, "recording", NULL, &out, &error);
		if (code != (k == 0 ? 0 : RMB_EDAMAGE))
			fail_msg("lie %zu about '%s': code %d: %s", k, lie.member, code, error.text);
		assert_true(code || (!out.samples && out.nparts == 0)); /* nobody has mapped it */
		rmb_object_close(object);
	}
}

static int
begin(void **to)
{
	int code = rmb_test_begin(to, &here, NULL);
	snprintf(path, sizeof path, "%s/object.h5", here.directory);
	snprintf(view_path, sizeof view_path, "%s/view.h5", here.directory);
	return code;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, rmb_test_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_recording_comes_back_with_its_samples),
		TEST(a_view_finds_its_samples_in_the_object_it_names),
		TEST(spikes_come_back),
		TEST(tables_that_lie_are_damage),
		TEST(a_place_in_a_file_is_within_it),
		TEST(places_in_files_that_lie_are_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

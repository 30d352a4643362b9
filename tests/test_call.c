/* Calls: what stages read and make passes through objects unchanged, equal orders give equal bytes, failures leave nothing. */
#include "support/check.h"
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pipeline/call.h"
#include "rumble/hash.h"

/* ---- stages of this test; what they do is steered by their settings */

enum { N = 5, T = 3000, KEPT = 3 };
struct make_settings { bool backwards, array_first, huge_warning; };

static float
sample(int64_t row, int64_t frame)
{
	return (float)row * 1000 + (float)frame * 0.25f;
}

/* Samples that were written can be read back, those that were not are zero; what is written then takes their place. */
static int
write_anew(struct rmb_call *call)
{
	static float block[2 * 1000], back[3 * 1000];
	for (int i = 0; i < 2 * 1000; i++)
		block[i] = 0.5f * (float)i;
	int code = rmb_write_block(call, "recording", 1, 2, 1000, 1000, block);
	if (!code)
		code = rmb_read_written(call, "recording", 0, 3, 1000, 1000, back);
	for (int i = 0; !code && i < 3 * 1000; i++)
		assert_true(back[i] == (i < 1000 ? 0 : block[i - 1000]));
	return code;
}

static int
write_rows(struct rmb_call *call, bool backwards)
{
	static float block[2 * 1000];
	for (int piece = 0; piece < 9; piece++) { /* 3 row groups x 3 frame groups */
		int at = backwards ? 8 - piece : piece;
		int64_t row = at / 3 * 2, frame = at % 3 * 1000, nrows = row + 2 <= N ? 2 : N - row;
		for (int64_t i = 0; i < nrows * 1000; i++)
			block[i] = sample(row + i / 1000, frame + i % 1000);
		int code = rmb_write_block(call, "recording", row, nrows, frame, 1000, block);
		if (code)
			return code;
	}
	return 0;
}

static int
make_array(struct rmb_call *call)
{
	struct rmb_axis rank = rmb_axis_rank(4);
	struct rmb_array *array = rmb_output(call, "numbers", &rank);
	if (!array)
		return RMB_ELIMIT;
	for (int i = 0; i < 4; i++)
		((double *)array->data)[i] = 1.0 / (i + 1);
	return rmb_output_scalar(call, "count", 7);
}

static int
run_make(struct rmb_call *call)
{
	const struct make_settings *set = rmb_settings(call);
	static const int64_t id[N] = { 10, 11, 12, 13, 14 }, first[1] = { 0 }, rows[KEPT] = { 4, 0, 2 };
	struct rmb_recording r = { .neurons = { .n = N, .id = id }, .nframes = T, .rate = 22, .nsegments = 1, .segment = first,
	                           .scaling = "none", .stored_rows = N, .stored_frames = T };
	if (set->array_first && make_array(call))
		return RMB_ELIMIT;
	int code = rmb_output_recording(call, "recording", &r);
	if (code || (code = write_anew(call)) || (code = write_rows(call, set->backwards)))
		return code;
	int64_t *kept_id = rmb_scratch(call, KEPT, sizeof *kept_id);
	for (int i = 0; i < KEPT; i++)
		kept_id[i] = id[rows[i]];
	struct rmb_neurons kept = { .n = KEPT, .id = kept_id };
	if ((code = rmb_output_rows(call, "recording", rows, &kept)))
		return code;
	rmb_warn(call, "dropped %d neurons, \"named\" caf\xc3\xa9 \xff", N - KEPT);
	for (int i = 0; i < 2000 && set->huge_warning; i++)
		rmb_warn(call, "warning %d of very many, which no attribute would hold", i);
	return set->array_first ? 0 : make_array(call);
}

static int
run_view(struct rmb_call *call)
{
	const struct rmb_recording *in = rmb_input_recording(call, "recording", 0);
	double *offset = rmb_scratch(call, (size_t)in->neurons.n, sizeof *offset),
	       *scale = rmb_scratch(call, (size_t)in->neurons.n, sizeof *scale);
	for (int64_t i = 0; i < in->neurons.n; i++) {
		offset[i] = (double)i;
		scale[i] = 2;
	}
	struct rmb_recording out;
	int code = rmb_view_scale(rmb_call_arena(call), in, offset, scale, "doubled", &out, rmb_call_error(call));
	return code ? code : rmb_output_recording(call, "recording", &out);
}

static int
run_read(struct rmb_call *call)
{
	const struct rmb_recording *in = rmb_input_recording(call, "recording", 0);
	const struct rmb_array *more = rmb_input_array(call, "more", 0);
	struct rmb_axis axes[2] = { rmb_axis_index("neuron", in->neurons.n), rmb_axis_index("frame", in->nframes) };
	struct rmb_array *out = rmb_output(call, "copy", axes);
	if (!out)
		return RMB_ELIMIT;
	assert_int_equal(rmb_input_count(call, "more"), more ? 1 : 0);
	rmb_read_block(in, 0, in->neurons.n, 0, in->nframes, out->data);
	return 0;
}

static int
run_texts(struct rmb_call *call)
{
	struct rmb_axis axis = rmb_axis_index("rank", 2);
	const struct rmb_origin *origin = rmb_input_origin(call, "recording", 0);
	int code = rmb_output_text_list(call, "names", &axis, 2, (const char *const[]){ "", "abc" });
	assert_null(rmb_input_origin(call, "recording", 1));
	return code ? code : rmb_output_text(call, "verdict", origin->branch);
}

static int
run_progress(struct rmb_call *call)
{
	for (int i = 0; i < 100; i++) {
		int code = rmb_progress(call, i, 100);
		if (code)
			return code;
	}
	return 0;
}

static int
run_bad_output(struct rmb_call *call)
{
	return rmb_output_scalar(call, "nonsense", 1);
}

static int
run_bad_axis(struct rmb_call *call)
{
	struct rmb_axis wrong = rmb_axis_index("frame", 3);
	return rmb_output(call, "numbers", &wrong) ? 0 : RMB_EINTERNAL;
}

static int
run_half(struct rmb_call *call)
{
	static const int64_t first[1] = { 0 };
	struct rmb_recording r = { .neurons = { .n = N }, .nframes = T, .rate = 22, .nsegments = 1, .segment = first, .scaling = "none",
	                           .stored_rows = N, .stored_frames = T };
	int code = rmb_output_recording(call, "recording", &r);
	return code ? code : rmb_fail(call, RMB_EINPUT, "the file ends after %d frames", 17);
}

static int
run_outside(struct rmb_call *call)
{
	static float block[10];
	(void)run_half(call);
	return rmb_write_block(call, "recording", N, 1, 0, 10, block);
}

static const struct rmb_port none[] = { { 0 } };
static const struct rmb_port one[] = { { "recording", .kinds = RMB_RECORDING }, { "more", .kinds = RMB_ARRAY, .optional = true }, { 0 } };
static const struct rmb_port spikes_in[] = { { "recording", .kinds = RMB_SPIKES }, { 0 } };
static const struct rmb_port made[] = {
	{ "numbers", .kinds = RMB_ARRAY, .axes = "rank", .type = RMB_FLOAT64, .unit = "um", .help = "some numbers" },
	{ "recording", .kinds = RMB_RECORDING }, { "count", .kinds = RMB_ARRAY, .axes = "", .type = RMB_INT64, .unit = "1" }, { 0 } };
static const struct rmb_port recording_out[] = { { "recording", .kinds = RMB_AS_INPUT | RMB_RECORDING }, { 0 } };
static const struct rmb_port copy_out[] = { { "copy", .kinds = RMB_ARRAY, .axes = "neuron frame", .type = RMB_FLOAT32, .unit = "1" }, { 0 } };

static const struct rmb_port texts_out[] = { { "verdict", .kinds = RMB_ARRAY, .axes = "", .type = RMB_TEXT, .unit = "1" },
	{ "names", .kinds = RMB_ARRAY, .axes = "rank", .type = RMB_TEXT, .unit = "1" }, { 0 } };

static const struct rmb_stage make = { .name = "make", .version = 1, .in = none, .out = made, .run = run_make };
static const struct rmb_stage view = { .name = "view", .version = 1, .in = one, .out = recording_out, .run = run_view };
static const struct rmb_stage reader = { .name = "reader", .version = 1, .in = one, .out = copy_out, .run = run_read };
static const struct rmb_stage texts = { .name = "texts", .version = 1, .in = one, .out = texts_out, .reads_names = true, .run = run_texts };
static const struct rmb_stage spiky = { .name = "spiky", .version = 1, .in = spikes_in, .out = copy_out, .run = run_read };
static const struct rmb_stage lazy = { .name = "lazy", .version = 1, .in = none, .out = made, .run = run_progress };
static const struct rmb_stage bad_output = { .name = "bad_output", .version = 1, .in = none, .out = made, .run = run_bad_output };
static const struct rmb_stage bad_axis = { .name = "bad_axis", .version = 1, .in = none, .out = made, .run = run_bad_axis };
static const struct rmb_stage half = { .name = "half", .version = 1, .in = none, .out = made, .run = run_half };
static const struct rmb_stage outside = { .name = "outside", .version = 1, .in = none, .out = made, .run = run_outside };

/* ---- a cache for each test, and one way to execute */

struct place { char path[64]; struct rmb_cache cache; };

static int
setup(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	struct rmb_error error = { 0 };
	char absolute[PATH_MAX];
	rmb_test_mkdir(place->path, sizeof place->path);
	assert_non_null(realpath(place->path, absolute));
	assert_int_equal(rmb_cache_open(absolute, &place->cache, &error), 0);
	*state = place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;
	rmb_cache_close(&place->cache);
	rmb_test_rmdir(place->path);
	free(place);
	return 0;
}

/* An order for a stage; the description only has to differ where keys should. */
static struct rmb_order
order_for(const struct rmb_stage *stage, const void *settings, const char *description, const struct rmb_order_input *input, int n)
{
	static char keys[16][RMB_KEY_MAX];
	static int next;
	char *key = keys[next++ % 16];
	rmb_sha256(description, strlen(description), key);
	return (struct rmb_order){ .stage = stage, .settings = settings, .key = key, .description = description, .id = stage->name,
	                           .recording = "r", .seed = 1, .replicate = 1, .threads = 1, .ninputs = n, .input = input };
}

/* Executes and publishes; the sentence of a failure goes to text[256]. */
static int
execute(const struct rmb_cache *cache, const struct rmb_order *order, const struct rmb_listener *listener, char *text, char *lost)
{
	int64_t bytes = 0;
	struct rmb_call *call = rmb_call_new(order, cache, listener);
	assert_non_null(call);
	int code = rmb_call_open(call, NULL);
	if (code == 0 && (code = rmb_call_run(call)) == 0)
		code = rmb_call_publish(call, &bytes);
	snprintf(text, 256, "%.255s", rmb_call_error(call)->text);
	if (lost)
		snprintf(lost, RMB_KEY_MAX, "%s", rmb_call_lost(call) ? rmb_call_lost(call) : "");
	rmb_call_free(call);
	return code;
}

static void
do_well(const struct rmb_cache *cache, const struct rmb_order *order)
{
	char text[256];
	int code = execute(cache, order, NULL, text, NULL);
	if (code)
		fail_msg("%s: code %d: %s", order->stage->name, code, text);
}

static struct rmb_object *
open_object(const struct rmb_cache *cache, const char *key)
{
	struct rmb_object *object = NULL;
	struct rmb_error error = { 0 };
	if (rmb_cache_get(cache, key, NULL, &object, &error))
		fail_msg("%s", error.text);
	return object;
}

static char *
file_bytes(const struct rmb_cache *cache, const char *key, size_t *n)
{
	struct rmb_arena *arena = rmb_arena_new();
	FILE *f = fopen(rmb_cache_path(arena, cache, key), "rb");
	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	*n = (size_t)ftell(f);
	rewind(f);
	char *bytes = malloc(*n);
	assert_int_equal(fread(bytes, 1, *n, f), *n);
	fclose(f);
	rmb_arena_free(arena);
	return bytes;
}

static int
scratch_files(const struct rmb_cache *cache)
{
	struct rmb_arena *arena = rmb_arena_new();
	int n = 0;
	DIR *folder = opendir(rmb_cache_scratch(arena, cache));
	for (struct dirent *entry; folder && (entry = readdir(folder));)
		n += entry->d_name[0] != '.';
	if (folder)
		closedir(folder);
	rmb_arena_free(arena);
	return n;
}

/* ---- tests */

static void
samples_and_tables_come_back(void **state)
{
	const struct rmb_cache *cache = &((struct place *)*state)->cache;
	struct make_settings set = { 0 };
	struct rmb_order order = order_for(&make, &set, "{\"made\":1}", NULL, 0);
	do_well(cache, &order);
	struct rmb_order_input input[] = { { 0, order.key, "recording", "r/made", 0, NULL, {0} },
	                                   { 1, order.key, "numbers", "r/made", 0, NULL, {0} } };
	struct rmb_order copy = order_for(&reader, NULL, "{\"copy\":1}", input, 2);
	do_well(cache, &copy);
	struct rmb_object *object = open_object(cache, copy.key), *source = open_object(cache, order.key);
	const struct rmb_array *array = rmb_object_array(object, "copy");
	static const int64_t rows[KEPT] = { 4, 0, 2 };
	assert_int_equal(array->axis[0].n, KEPT);
	for (int64_t i = 0; i < KEPT; i++)
		for (int64_t t = 0; t < T; t++)
			assert_true(((const float *)array->data)[i * T + t] == sample(rows[i], t));
	assert_string_equal(rmb_object_attribute(source, "description"), "{\"made\":1}");
	assert_string_equal(rmb_object_attribute(source, "warnings"), "[\"dropped 2 neurons, \\\"named\\\" caf\xc3\xa9 ?\"]");
	assert_non_null(rmb_object_attribute(source, "blas_kernel"));
	assert_string_equal(rmb_object_array(source, "numbers")->unit, "um");
	assert_true(*(const int64_t *)rmb_object_array(source, "count")->data == 7);
	rmb_object_close(object);
	rmb_object_close(source);
	assert_int_equal(scratch_files(cache), 0);
}

static void
texts_and_names_pass_through(void **state)
{
	const struct rmb_cache *cache = &((struct place *)*state)->cache;
	struct make_settings set = { 0 };
	struct rmb_order order = order_for(&make, &set, "{\"made\":9}", NULL, 0);
	do_well(cache, &order);
	struct rmb_order_input input = { 0, order.key, "recording", "r/made", 0, NULL, { .branch = "z,fast" } };
	struct rmb_order text = order_for(&texts, NULL, "{\"texts\":1}", &input, 1);
	do_well(cache, &text);
	struct rmb_object *object = open_object(cache, text.key);
	assert_string_equal(rmb_object_array(object, "verdict")->data, "z,fast");
	assert_memory_equal(rmb_object_array(object, "names")->data, "\0\0\0\0abc", 8);
	rmb_object_close(object);
}

static void
order_of_writing_changes_no_byte(void **state)
{
	const struct rmb_cache *cache = &((struct place *)*state)->cache;
	size_t n[4], i = 0;
	char *bytes[4];
	for (struct make_settings set = { 0 }; i < 4; i++) {
		set.backwards = i & 1;
		set.array_first = i & 2;
		struct rmb_order order = order_for(&make, &set, "{\"made\":2}", NULL, 0);
		struct rmb_error error = { 0 };
		do_well(cache, &order);
		bytes[i] = file_bytes(cache, order.key, &n[i]);
		assert_int_equal(rmb_cache_remove(cache, order.key, &error), 0);
		assert_int_equal(n[i], n[0]);
		assert_memory_equal(bytes[i], bytes[0], n[0]);
	}
	while (i-- > 0)
		free(bytes[i]);
}

static void
a_view_names_where_its_samples_are(void **state)
{
	const struct rmb_cache *cache = &((struct place *)*state)->cache;
	struct make_settings set = { 0 };
	struct rmb_order order = order_for(&make, &set, "{\"made\":3}", NULL, 0);
	do_well(cache, &order);
	struct rmb_order_input from_made = { 0, order.key, "recording", "r/made", 0, NULL, {0} };
	struct rmb_order first = order_for(&view, NULL, "{\"view\":1}", &from_made, 1);
	do_well(cache, &first);
	struct rmb_order_input from_first = { 0, first.key, "recording", "r/first", 0, NULL, {0} };
	struct rmb_order second = order_for(&view, NULL, "{\"view\":2}", &from_first, 1);
	do_well(cache, &second);
	struct rmb_order_input from_second = { 0, second.key, "recording", "r/second", 0, NULL, {0} };
	struct rmb_order copy = order_for(&reader, NULL, "{\"copy\":3}", &from_second, 1);
	do_well(cache, &copy);
	size_t whole, small;
	free(file_bytes(cache, order.key, &whole));
	free(file_bytes(cache, second.key, &small));
	assert_true(whole > sizeof(float) * N * T && small < whole / 2);
	struct rmb_object *object = open_object(cache, copy.key);
	const float *v = rmb_object_array(object, "copy")->data;
	static const int64_t rows[KEPT] = { 4, 0, 2 };
	for (int64_t i = 0; i < KEPT; i++)
		for (int64_t t = 0; t < T; t++) /* exact in binary, whatever the order of the two scalings */
			assert_true(v[i * T + t] == ((sample(rows[i], t) - (float)i) * 2 - (float)i) * 2);
	rmb_object_close(object);
}

static void
mistakes_of_a_stage_are_told(void **state)
{
	const struct rmb_cache *cache = &((struct place *)*state)->cache;
	static const struct { const struct rmb_stage *stage; int code; const char *says; } wrong[] = {
		{ &lazy, RMB_EINTERNAL, "did not make its output 'numbers'" }, { &bad_output, RMB_EINTERNAL, "an output 'nonsense'" },
		{ &bad_axis, RMB_EINTERNAL, "should be 'rank'" }, { &half, RMB_EINPUT, "the file ends after 17 frames" },
		{ &outside, RMB_EINPUT, "the file ends after 17 frames" },
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char text[256], description[32];
		snprintf(description, sizeof description, "{\"wrong\":%zu}", i);
		struct rmb_order order = order_for(wrong[i].stage, NULL, description, NULL, 0);
		int code = execute(cache, &order, NULL, text, NULL);
		if (!strstr(text, wrong[i].says) || (i < 4 && code != wrong[i].code))
			fail_msg("%s: code %d, says '%s'", wrong[i].stage->name, code, text);
		assert_false(rmb_cache_has(cache, order.key, &(int64_t){ 0 }));
		assert_int_equal(scratch_files(cache), 0);
	}
}

static void
a_kind_that_does_not_fit_is_told(void **state)
{
	const struct rmb_cache *cache = &((struct place *)*state)->cache;
	struct make_settings set = { 0 };
	struct rmb_order order = order_for(&make, &set, "{\"made\":4}", NULL, 0);
	do_well(cache, &order);
	struct rmb_order_input input = { 0, order.key, "recording", "r/made", 0, NULL, {0} };
	struct rmb_order wrong = order_for(&spiky, NULL, "{\"spiky\":1}", &input, 1);
	char text[256];
	assert_int_equal(execute(cache, &wrong, NULL, text, NULL), RMB_EDATA);
	assert_non_null(strstr(text, "r/made is a recording (frames), but input 'recording' of spiky takes spikes"));
}

static void
damage(const struct rmb_cache *cache, const char *key)
{
	struct rmb_arena *arena = rmb_arena_new();
	const char *path = rmb_cache_path(arena, cache, key);
	chmod(path, 0600);
	FILE *f = fopen(path, "r+b");
	assert_non_null(f);
	fseek(f, -100, SEEK_END);
	int c = fgetc(f);
	fseek(f, -100, SEEK_END);
	fputc(c ^ 4, f);
	fclose(f);
	rmb_arena_free(arena);
}

static void
lost_inputs_are_named(void **state)
{
	const struct rmb_cache *cache = &((struct place *)*state)->cache;
	struct make_settings set = { 0 };
	struct rmb_order order = order_for(&make, &set, "{\"made\":5}", NULL, 0);
	do_well(cache, &order);
	struct rmb_order_input from_made = { 0, order.key, "recording", "r/made", 0, NULL, {0} };
	struct rmb_order middle = order_for(&view, NULL, "{\"view\":5}", &from_made, 1);
	do_well(cache, &middle);
	struct rmb_order_input from_view = { 0, middle.key, "recording", "r/view", 0, NULL, {0} };
	struct rmb_order copy = order_for(&reader, NULL, "{\"copy\":5}", &from_view, 1);
	char text[256], lost[RMB_KEY_MAX];
	damage(cache, order.key); /* not the input, but where its samples are */
	assert_int_equal(execute(cache, &copy, NULL, text, lost), RMB_EDAMAGE);
	assert_string_equal(lost, order.key);
	assert_false(rmb_cache_has(cache, order.key, &(int64_t){ 0 }));
	assert_int_equal(execute(cache, &copy, NULL, text, lost), RMB_EDAMAGE); /* gone is as bad as damaged */
	assert_string_equal(lost, order.key);
	do_well(cache, &order);
	do_well(cache, &copy);
}

static void
an_input_that_changes_under_us_is_noticed(void **state)
{
	const struct rmb_cache *cache = &((struct place *)*state)->cache;
	struct make_settings set = { 0 };
	struct rmb_order order = order_for(&make, &set, "{\"made\":6}", NULL, 0);
	do_well(cache, &order);
	struct rmb_order_input input = { 0, order.key, "recording", "r/made", 0, NULL, {0} };
	struct rmb_order copy = order_for(&reader, NULL, "{\"copy\":6}", &input, 1);
	struct rmb_call *call = rmb_call_new(&copy, cache, NULL);
	int64_t bytes;
	assert_int_equal(rmb_call_open(call, NULL), 0);
	assert_int_equal(rmb_call_run(call), 0);
	damage(cache, order.key);
	assert_int_equal(rmb_call_publish(call, &bytes), RMB_EDAMAGE);
	assert_string_equal(rmb_call_lost(call), order.key);
	rmb_call_free(call);
	assert_false(rmb_cache_has(cache, copy.key, &bytes));
}

static int
stop_after_half(void *self, double fraction)
{
	*(double *)self = fraction;
	return fraction >= 0.5 ? RMB_ETERMINATED : 0;
}

static void
progress_can_cancel(void **state)
{
	const struct rmb_cache *cache = &((struct place *)*state)->cache;
	double reached = 0;
	struct rmb_listener listener = { &reached, stop_after_half, NULL };
	struct rmb_order order = order_for(&lazy, NULL, "{\"lazy\":1}", NULL, 0);
	char text[256];
	assert_int_equal(execute(cache, &order, &listener, text, NULL), RMB_ETERMINATED);
	assert_true(reached == 0.5);
}

static void
warnings_are_capped(void **state)
{
	const struct rmb_cache *cache = &((struct place *)*state)->cache;
	struct make_settings set = { .huge_warning = true };
	struct rmb_order order = order_for(&make, &set, "{\"made\":7}", NULL, 0);
	do_well(cache, &order);
	struct rmb_object *object = open_object(cache, order.key);
	const char *warnings = rmb_object_attribute(object, "warnings");
	assert_true(strlen(warnings) < 40000);
	assert_non_null(strstr(warnings, "more warnings\"]"));
	rmb_object_close(object);
}

static void
shared_draws_are_shared_and_others_are_not(void **state)
{
	const struct rmb_cache *cache = &((struct place *)*state)->cache;
	struct rmb_order a = order_for(&lazy, NULL, "{\"a\":1}", NULL, 0), b = order_for(&lazy, NULL, "{\"b\":1}", NULL, 0), c = a;
	c.replicate = 2;
	struct rmb_call *ca = rmb_call_new(&a, cache, NULL), *cb = rmb_call_new(&b, cache, NULL), *cc = rmb_call_new(&c, cache, NULL);
	uint64_t shared = rmb_random_bits(rmb_shared_stream(ca, "halves", 100), 0);
	assert_true(shared == rmb_random_bits(rmb_shared_stream(cb, "halves", 100), 0));
	assert_true(shared != rmb_random_bits(rmb_shared_stream(cb, "halves", 101), 0));
	assert_true(shared != rmb_random_bits(rmb_shared_stream(cb, "blocks", 100), 0));
	assert_true(shared != rmb_random_bits(rmb_shared_stream(cc, "halves", 100), 0));
	assert_true(rmb_random_bits(rmb_node_stream(ca, "noise"), 0) != rmb_random_bits(rmb_node_stream(cb, "noise"), 0));
	assert_true(rmb_random_bits(rmb_node_stream(ca, "noise"), 0) == rmb_random_bits(rmb_node_stream(cc, "noise"), 0));
	rmb_call_free(ca);
	rmb_call_free(cb);
	rmb_call_free(cc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(samples_and_tables_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(order_of_writing_changes_no_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(a_view_names_where_its_samples_are, setup, teardown),
		cmocka_unit_test_setup_teardown(texts_and_names_pass_through, setup, teardown),
		cmocka_unit_test_setup_teardown(mistakes_of_a_stage_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_kind_that_does_not_fit_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(lost_inputs_are_named, setup, teardown),
		cmocka_unit_test_setup_teardown(an_input_that_changes_under_us_is_noticed, setup, teardown),
		cmocka_unit_test_setup_teardown(progress_can_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(warnings_are_capped, setup, teardown),
		cmocka_unit_test_setup_teardown(shared_draws_are_shared_and_others_are_not, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/test_matlab.c -- MATLAB files: real ones and those that scipy is tested with, against what scipy reads. */
#include "support/check.h"
#include <math.h>
#include <string.h>
#include <unistd.h>
#include "support/loading.h"

#define REC RUMBLE_SHARED "/recordings/"
#define CONFORMANCE REC "mat-conformance/"

static void
arrays_are_what_scipy_reads(void **state)
{
	/* shape and sum of expected.tsv and of scipy.io.loadmat */
	static const struct { const char *file, *name, *shape; double sum; } cases[] = {
		{ CONFORMANCE "big_endian.mat", "floats", "2x2", 12 }, { CONFORMANCE "little_endian.mat", "floats", "2x2", 12 },
		{ CONFORMANCE "some_functions.mat", "a", "1x1", -3.9 },
		{ REC "zebrafish-tectum114/zf_20151104-f1.mat", "activity_matrix", "114x4245", 205178.280922 },
		{ REC "zebrafish-tectum114/zf_20151104-f1.mat", "cell_coordinates", "114x2", 41133 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rmb_test_member got;
		rmb_test_read(cases[i].file, cases[i].name, &got);
		if (got.code || strcmp(got.shape, cases[i].shape) != 0 || !(fabs(got.sum - cases[i].sum) <= 1e-11 * fabs(cases[i].sum)))
			fail_msg("%s %s: %s, sum %.12g; %s", cases[i].file, cases[i].name, got.shape, got.sum, got.error.text);
	}
}

static void
an_activity_is_found_by_its_name_the_right_way_round(void **state)
{
	struct rmb_test_load got;
	(void)state;
	rmb_test_load(REC "zebrafish-tectum114/zf_20151104-f1.mat", NULL, &got);
	assert_int_equal(got.code, 0);
	assert_true(got.neurons == 114 && got.frames == 4245);
}

/* spikes{day}{epoch}{tetrode}{cell}.time with empty slots: a list of vectors and how long each is. */
static void
nested_cells_and_structs_become_a_list(void **state)
{
	struct rmb_load_settings set = rmb_test_settings(REC "rat-ca1-tetrodes31-mat5/spikes.mat");
	struct rmb_test_member counts, times;
	struct rmb_test_load got;
	(void)state;
	set.spikes = "spikes.time";
	set.counts = "spikes.time.counts";
	rmb_test_load(set.path, &set, &got);
	assert_string_equal(got.error.text, "");
	rmb_test_read(set.path, set.counts, &counts);
	rmb_test_read(set.path, set.spikes, &times);
	assert_true(got.spikes == times.count && counts.sum == (double)times.count && got.neurons == counts.count);
	assert_true(times.first > 4397 && times.first < 6365);
}

/* Version 7.3: a cell of references, arrays that lie in reverse, and objects that are passed over. */
static void
cells_of_version_7_3_are_spike_times_of_each_unit(void **state)
{
	static const struct { const char *file; int64_t neurons, spikes; double sum, first, last, depths; } cases[] = {
		{ REC "rat-neuropixels-mat73/T181_2019_11_11_bank0_Cells.mat", 328, 292967, 87407130.3317, 94.1751274436,
		  602.366808843, 615880 },
		{ REC "rat-neuropixels-mat73/T219_2019_11_19_bank0_Cells.mat", 249, 387357, 111527163.533, 7.03806666667, 599.9645, 573105 },
	};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rmb_load_settings set = rmb_test_settings(cases[i].file);
		struct rmb_test_member times, depths;
		struct rmb_test_load got;
		set.spikes = "raw_spike_time_s";
		set.y = "dist_from_tip_um";
		set.quality = "is_single";
		rmb_test_load(set.path, &set, &got);
		assert_string_equal(got.error.text, "");
		assert_true(got.neurons == cases[i].neurons && got.spikes == cases[i].spikes && fabs(got.sum / cases[i].sum - 1) < 1e-11);
		rmb_test_read(set.path, set.spikes, &times);
		assert_true(fabs(times.first / cases[i].first - 1) < 1e-11 && fabs(times.last / cases[i].last - 1) < 1e-11);
		rmb_test_read(set.path, "dist_from_tip_um", &depths);
		assert_true(depths.count == cases[i].neurons && depths.sum == cases[i].depths);
		set.area = "cell_area";
		rmb_test_load(set.path, &set, &got);
		assert_true(got.code == RMB_EINPUT && strstr(got.error.text, "MATLAB object"));
	}
}

static void
what_cannot_be_read_is_said(void **state)
{
	static const struct { const char *file, *name, *says; } cases[] = {
		{ CONFORMANCE "logical_sparse.mat", "sp_log_5_4", "sparse" }, { CONFORMANCE "single_empty_string.mat", "a", "text" },
		{ CONFORMANCE "parabola.mat", "parabola", "function" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rmb_load_settings set = rmb_test_settings(cases[i].file);
		struct rmb_test_load got;
		set.activity = cases[i].name;
		rmb_test_load(set.path, &set, &got);
		if (got.code != RMB_EINPUT || !strstr(got.error.text, cases[i].says) || !strstr(got.error.text, set.path))
			fail_msg("%s: %d, %s", set.path, got.code, got.error.text);
	}
}

/* A version 4 matrix of 4,099 x 1,627,389,952 items in 24 bytes: the sentence names the file, as all do. */
static void
a_size_beyond_reason_is_said_of_the_file(void **state)
{
	static const unsigned char bytes[] = { 10, 0, 0, 0, 3, 16, 0, 0, 0, 0, 0, 97, 99, 116, 105, 86, 1, 0, 0, 0, 0, 0, 0, 1 };
	struct rmb_load_settings set = rmb_test_settings("beyond-reason.mat");
	struct rmb_test_load got;
	(void)state;
	set.format = "matlab";
	rmb_test_write(set.path, bytes, sizeof bytes);
	rmb_test_load(set.path, &set, &got);
	unlink(set.path);
	if (!got.code || !strstr(got.error.text, set.path) || !strstr(got.error.text, "than rumble reads"))
		fail_msg("%d, %s", got.code, got.error.text);
}

/* ---- made up: version 5, of elements that are a tag (type, bytes) and bytes ---- */

enum { INT8 = 1, INT32 = 5, UINT32 = 6, DOUBLE = 9, MATRIX = 14 };
struct written { unsigned char bytes[8192]; size_t n; };

static void
put(struct written *w, uint32_t type, const void *bytes, uint32_t n)
{
	const uint32_t tag[2] = { type, n };
	memcpy(w->bytes + w->n, tag, sizeof tag);
	memcpy(w->bytes + w->n + sizeof tag, bytes, n);
	w->n += sizeof tag + (n + 7) / 8 * 8;
}

/* What a matrix of a class begins with: flags (whose tag says that they have so many bytes), shape, name. */
static void
begin_matrix(struct written *w, uint32_t class, uint32_t flag_bytes, int32_t columns, const char *name)
{
	const uint32_t flags[2] = { class, 0 };
	const int32_t shape[2] = { 1, columns };
	size_t at = w->n;
	put(w, UINT32, flags, sizeof flags);
	memcpy(w->bytes + at + 4, &flag_bytes, sizeof flag_bytes);
	put(w, INT32, shape, sizeof shape);
	put(w, INT8, name, (uint32_t)strlen(name));
}

/* A file with one struct of two fields, whose names have so many bytes, and what lies in `parts`, read as it is. */
static void
load_struct(uint32_t flag_bytes, int32_t columns, int32_t name_bytes, const struct written *parts, struct rmb_test_load *got)
{
	static struct written file, body;
	static unsigned char names[4096];
	struct rmb_load_settings set = rmb_test_settings("made.mat");
	memset(&file, 0, sizeof file);
	memset(&body, 0, sizeof body);
	memset(names, 0, sizeof names);
	begin_matrix(&body, 2, flag_bytes, columns, "stat");
	const int32_t small[2] = { INT32 | 4 << 16, name_bytes };
	memcpy(body.bytes + body.n, small, sizeof small);
	body.n += sizeof small;
	memset(names, 'a', (size_t)name_bytes - 1);
	memset(names + name_bytes, 'b', (size_t)name_bytes - 1);
	put(&body, INT8, names, 2 * (uint32_t)name_bytes);
	memcpy(body.bytes + body.n, parts->bytes, parts->n);
	body.n += parts->n;
	memset(file.bytes, ' ', 124);
	memcpy(file.bytes, "MATLAB 5.0 MAT-file", 19);
	memcpy(file.bytes + 124, "\0\1IM", 4);
	file.n = 128;
	put(&file, MATRIX, body.bytes, (uint32_t)body.n);
	rmb_test_write(set.path, file.bytes, file.n);
	rmb_test_load(set.path, &set, got);
	unlink(set.path);
}

/* Two 1 x 2 arrays. */
static void
two_arrays(struct written *parts)
{
	static const double number[2] = { 1, 2 };
	memset(parts, 0, sizeof *parts);
	for (int i = 0; i < 2; i++) {
		struct written array = { .n = 0 };
		begin_matrix(&array, 6, 8, 2, "");
		put(&array, DOUBLE, number, sizeof number);
		put(parts, MATRIX, array.bytes, (uint32_t)array.n);
	}
}

static void
a_struct_claims_no_more_than_it_has(void **state)
{
	static struct written parts;
	static const struct { uint32_t flag_bytes; int32_t columns, name_bytes; int code; const char *says; } cases[] = {
		{ 8, 1, 32, RMB_EINPUT, "stat.aaaa" },            /* a good one: its members are listed, for none has a usual name */
		{ 8, 4000000, 32, RMB_EINPUT, "than fit into it" },
		{ 0, 4000000, 32, RMB_EINPUT, "than fit into it" }, /* matio takes the flags from where they should be */
		{ 0, 1, 32, RMB_EINPUT, "than fit into it" },
		{ 8, 1, 1500, RMB_ELIMIT, "longer than rumble reads" },
	};
	(void)state;
	two_arrays(&parts);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rmb_test_load got;
		load_struct(cases[i].flag_bytes, cases[i].columns, cases[i].name_bytes, &parts, &got);
		if (got.code != cases[i].code || !strstr(got.error.text, cases[i].says) || !strstr(got.error.text, "made.mat"))
			fail_msg("case %zu: %d, %s", i, got.code, got.error.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrays_are_what_scipy_reads), cmocka_unit_test(an_activity_is_found_by_its_name_the_right_way_round),
		cmocka_unit_test(nested_cells_and_structs_become_a_list), cmocka_unit_test(what_cannot_be_read_is_said),
		cmocka_unit_test(cells_of_version_7_3_are_spike_times_of_each_unit),
		cmocka_unit_test(a_size_beyond_reason_is_said_of_the_file), cmocka_unit_test(a_struct_claims_no_more_than_it_has),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

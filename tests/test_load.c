/* tests/test_load.c -- real recordings through the load stage's parts: shapes, sums, rates, what is found by itself. */
#include "support/check.h"
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/loading.h"
#include "support/zipfile.h"

extern const struct rmb_stage rmb_stage_load;

#define REC RUMBLE_SHARED "/recordings/"

static bool
near(double a, double b, double relative)
{
	return (isnan(a) && isnan(b)) || fabs(a - b) <= relative * fmax(1, fabs(b));
}

/* Sums are of expected-values.tsv; those of float64 files differ from ours by the rounding of each sample to float32. */
static const struct {
	const char *path, *activity, *spikes, *unit, *ends, *counts;
	int64_t neurons, frames, nspikes;
	double sum, tolerance;
} recordings[] = {
	{ "critical-init-npz/F_miniscope219.npz", .neurons = 219, .frames = 2000, .sum = 23221.724853, .tolerance = 1e-10 },
	{ "critical-init-npz/F_zftectum114.npz", .neurons = 114, .frames = 4245, .sum = 205178.28093, .tolerance = 1e-10 },
	{ "critical-init-npz/T219_spks_face.npz", .neurons = 196, .frames = 13487, .sum = 319857 },
	{ "facemap-npz/spont_retina1240.npz", .neurons = 1240, .frames = 5400, .sum = 448089 },
	{ "suite2p-npz-hippocampy20/fluo.npz", .neurons = 20, .frames = 18000, .sum = 2412234.60845, .tolerance = 1e-10 },
	{ "suite2p-npz-hippocampy20/fluo.npz", "F", .neurons = 20, .frames = 18000, .sum = 221074493.171, .tolerance = 1e-10 },
	{ "suite2p-miniscope219/suite2p/plane0/spks.npy", .neurons = 219, .frames = 2000, .sum = 23221.724853, .tolerance = 1e-10 },
	{ "suite2p-miniscope219/suite2p/plane0/F.npy", .neurons = 219, .frames = 2000, .sum = 11763546.9736, .tolerance = 1e-10 },
	{ "suite2p-fissa23/suite2p/plane0/F.npy", .neurons = 23, .frames = 864, .sum = 836438.793972, .tolerance = 1e-10 },
	{ "retina-waves-h5/Hennig2011_spikes_P5_Bic_10uM_16_Mar_2010_control_day1.h5", .neurons = 58, .nspikes = 133695,
	  .sum = 523657713.347, .tolerance = 1e-10 },
	{ "retina-waves-h5/Maccione2014_P9_7March11_control_SpkTs_bursts_filtered.h5", .neurons = 1240, .nspikes = 448089,
	  .sum = 413154808.82, .tolerance = 1e-10 },
	{ "retina-waves-h5/Stafford2009_WT_37C_Nasal_2008-10-13-2.h5", .neurons = 410, .nspikes = 872460, .sum = 3308958447.92,
	  .tolerance = 1e-10 },
	{ "worm-wholebrain130-h5/2022-01-16-01-data.h5", "gcamp/trace_array_original", .neurons = 130, .frames = 799,
	  .sum = 55964.0225203, .tolerance = 1e-7 },
	{ "nwb-written-here/suite2p_export_219.nwb", "processing/ophys/Deconvolved/plane0/data", .neurons = 219, .frames = 2000,
	  .sum = 23221.724853, .tolerance = 1e-10 },
	{ "nwb-written-here/zebrafish_dff_114.nwb", "processing/ophys/DfOverF/RoiResponseSeries/data", .neurons = 114,
	  .frames = 4245, .sum = 205178.28093, .tolerance = 1e-10 },
	{ "nwb-written-here/rat_units_249.nwb", .spikes = "units/spike_times", .ends = "units/spike_times_index", .neurons = 249,
	  .nspikes = 387357, .sum = 111527163.533, .tolerance = 1e-10 },
	{ "nwb-units-thalamus4/sub_anm00239123_ses_20170627T093549_ecephys_and_ogen.nwb", .spikes = "units/spike_times",
	  .ends = "units/spike_times_index", .neurons = 4, .nspikes = 34057, .sum = 87436293.5564, .tolerance = 1e-10 },
	{ "nwb-units-postsubiculum3/A8604-211122.nwb", .spikes = "units/spike_times", .ends = "units/spike_times_index",
	  .neurons = 3, .nspikes = 21354, .sum = 12284152.9652, .tolerance = 1e-10 },
};

static void
real_recordings_load_with_the_sums_they_should_have(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof recordings / sizeof *recordings; i++) {
		char path[512];
		struct rmb_test_load got;
		snprintf(path, sizeof path, REC "%s", recordings[i].path);
		struct rmb_load_settings set = rmb_test_settings(path);
		set.activity = recordings[i].activity;
		set.spikes = recordings[i].spikes;
		set.ends = recordings[i].ends;
		set.orientation = strstr(path, "/worm") || strstr(path, ".nwb") ? "frames-first" : "auto";
		rmb_test_load(path, &set, &got);
		if (got.code)
			fail_msg("%s: %s", recordings[i].path, got.error.text);
		if (got.neurons != recordings[i].neurons || got.frames != recordings[i].frames || got.spikes != recordings[i].nspikes)
			fail_msg("%s: %lld neurons, %lld frames, %lld spikes", recordings[i].path, (long long)got.neurons, (long long)got.frames,
			         (long long)got.spikes);
		if (!near(got.sum, recordings[i].sum, recordings[i].tolerance))
			fail_msg("%s: sum %.17g, expected %.17g", recordings[i].path, got.sum, recordings[i].sum);
		if (*got.notes)
			printf("%s", got.notes);
	}
}

static void
fixtures_load_as_spike_lists(void **state)
{
	(void)state;
	struct rmb_test_load got;
	rmb_test_load(RUMBLE_SOURCE "/fixtures/T181_2019_11_11.npz", NULL, &got);
	assert_int_equal(got.code, 0);
	assert_int_equal(got.neurons, 328);
	assert_int_equal(got.spikes, 292967);
	assert_true(near(got.sum, 87407130.3317, 1e-10));
	struct rmb_load_settings set = rmb_test_settings("");
	set.quality = "single";
	rmb_test_load(RUMBLE_SOURCE "/fixtures/T219_2019_11_19.npz", &set, &got);
	assert_int_equal(got.code, 0);
	assert_int_equal(got.neurons, 249);
	assert_int_equal(got.spikes, 387357);
	assert_true(near(got.sum, 111527163.533, 1e-10));
	assert_string_equal(got.notes, "");
}

/* ---- made up ---- */

struct made { char folder[64], path[96], other[96]; };

static int
begin(void **state)
{
	static struct made made;
	rmb_test_mkdir(made.folder, sizeof made.folder);
	snprintf(made.path, sizeof made.path, "%s/a.npz", made.folder);
	snprintf(made.other, sizeof made.other, "%s/b.npy", made.folder);
	*state = &made;
	return 0;
}

static int
end(void **state)
{
	rmb_test_rmdir(((struct made *)*state)->folder);
	return 0;
}

/* A member given as its numbers in C. */
struct array { const char *name, *descr, *shape; const void *data; size_t nbytes; };

static void
write_npz(const char *path, const struct array *array, int n)
{
	struct rmb_test_entry entry[8] = { { 0 } };
	char name[8][32];
	for (int i = 0; i < n; i++) {
		size_t length;
		snprintf(name[i], sizeof name[i], "%s.npy", array[i].name);
		unsigned char *file = rmb_test_npy(array[i].descr, array[i].shape, array[i].data, array[i].nbytes, &length);
		entry[i] = (struct rmb_test_entry){ name[i], file, length, 8, 0, false, 0, 0 };
	}
	rmb_test_zip(path, entry, n);
	for (int i = 0; i < n; i++)
		free((void *)(uintptr_t)entry[i].data);
}
#define NUMBERS(name, descr, shape, ...) { name, descr, shape, __VA_ARGS__, sizeof(__VA_ARGS__) }

static void
expect(const char *path, const struct rmb_load_settings *set, int code, const char *const *words, struct rmb_test_load *got)
{
	rmb_test_load(path, set, got);
	if (got->code != code)
		fail_msg("%s: gave %d (%s), expected %d", words[0] ? words[0] : path, got->code, got->error.text, code);
	rmb_test_says(path, code ? got->error.text : got->notes, words);
}
#define SAYS(...) (const char *const[]){ __VA_ARGS__, NULL }

static void
the_other_arrays_say_which_axis_is_the_neurons(void **state)
{
	struct made *made = *state;
	struct rmb_test_load got;
	const struct array wide[] = { NUMBERS("sp", "<f4", "(2, 3)", (float[]){ 1, 2, 3, 4, 5, 6 }),
	                              NUMBERS("xpos", "<f4", "(3,)", (float[]){ 0, 1, 2 }) };
	write_npz(made->path, wide, 2);
	rmb_test_load(made->path, NULL, &got);
	assert_true(got.code == 0 && got.neurons == 3 && got.frames == 2 && got.sum == 21);
	struct rmb_load_settings set = rmb_test_settings("");
	set.orientation = "neurons-first";
	expect(made->path, &set, RMB_EINPUT, SAYS("'xpos' is for 3 neurons", "has 2"), &got);

	const struct array timed[] = { NUMBERS("sp", "<f4", "(3, 2)", (float[]){ 1, 2, 3, 4, 5, 6 }),
	                               NUMBERS("tneural", "<f8", "(3,)", (double[]){ 0, .5, 1.1 }) };
	write_npz(made->path, timed, 2);
	rmb_test_load(made->path, NULL, &got);
	assert_true(got.code == 0 && got.neurons == 2 && got.frames == 3);

	write_npz(made->path, timed, 1);
	expect(made->path, NULL, 0, SAYS("3 x 2", "orientation: frames-first"), &got);
	assert_true(got.neurons == 3 && got.frames == 2);

	const struct array square[] = { NUMBERS("sp", "<f4", "(2, 2)", (float[]){ 1, 2, 3, 4 }),
	                                NUMBERS("xpos", "<f4", "(2,)", (float[]){ 0, 1 }) };
	for (int n = 1; n <= 2; n++) {
		write_npz(made->path, square, n);
		expect(made->path, NULL, 0, SAYS("2 x 2", "orientation: frames-first"), &got);
		expect(made->path, &set, 0, (const char *const[]){ NULL }, &got);
		assert_string_equal(got.notes, "");
	}

	const struct array odd[] = { wide[0], NUMBERS("xpos", "<f4", "(5,)", (float[5]){ 0 }) };
	write_npz(made->path, odd, 2);
	expect(made->path, NULL, RMB_EINPUT, SAYS("'xpos' is for 5 neurons", "2 x 3"), &got);
	const struct array quarrel[] = { wide[0], wide[1], NUMBERS("ypos", "<f4", "(2,)", (float[2]){ 0 }) };
	write_npz(made->path, quarrel, 3);
	expect(made->path, NULL, RMB_EINPUT, SAYS("'ypos' is for 2 neurons", "'xpos' for 3"), &got);
}

/* 5,000 neurons x 4,000 frames: more than one tile whichever way they lie. */
enum { NEURONS = 5000, FRAMES = 4000 };

static unsigned char *
pattern(bool frames_first)
{
	unsigned char *x = malloc((size_t)NEURONS * FRAMES);
	assert_non_null(x);
	for (int i = 0; i < NEURONS; i++)
		for (int t = 0; t < FRAMES; t++)
			x[frames_first ? t * NEURONS + i : i * FRAMES + t] = (unsigned char)((i * 7 + t * 13 + i * t / 1000) % 251);
	return x;
}

static void
every_way_to_lay_out_a_matrix_gives_the_same_recording(void **state)
{
	struct made *made = *state;
	static const hsize_t chunks[][2] = { { 0, 0 }, { 64, 100 }, { FRAMES, 1 }, { 1, FRAMES }, { 3000, 3000 } };
	struct rmb_load_settings set = rmb_test_settings("");
	struct rmb_test_load got;
	double truth = 0;
	for (int turned = 0; turned < 2; turned++) {
		unsigned char *x = pattern(turned);
		hsize_t rows = turned ? FRAMES : NEURONS, columns = turned ? NEURONS : FRAMES;
		set.activity = NULL;
		set.orientation = turned ? "frames-first" : "neurons-first";
		const struct array array = { "x", "|u1", turned ? "(4000, 5000)" : "(5000, 4000)", x, (size_t)NEURONS * FRAMES };
		write_npz(made->path, &array, 1);
		expect(made->path, &set, 0, (const char *const[]){ NULL }, &got);
		truth = truth == 0 ? got.placed : truth;
		assert_true(got.neurons == NEURONS && got.frames == FRAMES && got.placed == truth);
		set.activity = "x";
		for (size_t c = 0; c < sizeof chunks / sizeof *chunks; c++) {
			hid_t file = H5Fcreate(made->path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), creation = H5Pcreate(H5P_DATASET_CREATE);
			hid_t space = H5Screate_simple(2, (hsize_t[]){ rows, columns }, NULL);
			if (chunks[c][0])
				H5Pset_chunk(creation, 2, chunks[c]);
			hid_t data = H5Dcreate2(file, "x", H5T_STD_U8LE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
			assert_true(H5Dwrite(data, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) >= 0);
			H5Dclose(data), H5Sclose(space), H5Pclose(creation), H5Fclose(file);
			expect(made->path, &set, 0, (const char *const[]){ NULL }, &got);
			if (got.neurons != NEURONS || got.frames != FRAMES || got.placed != truth)
				fail_msg("turned %d, chunks %d x %d: %.17g instead of %.17g", turned, (int)chunks[c][0],
				         (int)chunks[c][1], got.placed, truth);
		}
		free(x);
	}
	/* Fortran order: what lies in the file as frames x neurons is meant as neurons x frames */
	unsigned char *x = pattern(true);
	size_t n;
	unsigned char *npy = rmb_test_npy("|u1", "(5000, 4000)", x, (size_t)NEURONS * FRAMES, &n);
	memcpy(strstr((char *)npy + 10, "False"), "True ", 5);
	rmb_test_write(made->other, npy, n);
	free(npy);
	free(x);
	set = rmb_test_settings("");
	set.orientation = "neurons-first";
	expect(made->other, &set, 0, (const char *const[]){ NULL }, &got);
	assert_true(got.neurons == NEURONS && got.frames == FRAMES && got.placed == truth);
}

static void
roles_that_clash_are_settled_by_what_was_asked_for(void **state)
{
	struct made *made = *state;
	struct rmb_test_load got;
	struct rmb_load_settings set = rmb_test_settings("");
	const struct array sp = NUMBERS("sp", "<f4", "(2, 3)", (float[]){ 1, 2, 3, 4, 5, 6 });
	const struct array both[] = { sp, NUMBERS("st", "<f8", "(1,)", (double[]){ .5 }), NUMBERS("clu", "<i4", "(1,)", (int32_t[]){ 0 }) };
	write_npz(made->path, both, 3);
	expect(made->path, NULL, RMB_EINPUT, SAYS("activity ('sp')", "spike times ('st')", "`spikes: st`"), &got);
	set.spikes = "st";
	expect(made->path, &set, 0, (const char *const[]){ NULL }, &got);
	assert_true(got.spikes == 1 && got.frames == 0);
	set.spikes = NULL;
	set.activity = "sp";
	expect(made->path, &set, 0, (const char *const[]){ NULL }, &got);
	assert_true(got.spikes == 0 && got.frames == 3);

	/* places of 3 neurons beside an xpos of 2: whichever is asked for is meant */
	const struct array places[] = { sp, NUMBERS("xpos", "<f4", "(2,)", (float[]){ 0, 1 }),
	                                NUMBERS("epos", "<f4", "(2, 3)", (float[6]){ 0 }) };
	write_npz(made->path, places, 3);
	set = rmb_test_settings("");
	rmb_test_load(made->path, &set, &got);
	assert_true(got.code == 0 && got.neurons == 2);
	set.positions = "epos";
	rmb_test_load(made->path, &set, &got);
	assert_true(got.code == 0 && got.neurons == 3);
	const struct array crooked[] = { sp, NUMBERS("xpos", "<f4", "(2, 4)", (float[8]){ 0 }) };
	write_npz(made->path, crooked, 2);
	expect(made->path, NULL, RMB_EINPUT, SAYS("'xpos' has the shape 2 x 4", "one entry per neuron"), &got);
	const struct array wide[] = { sp, NUMBERS("epos", "<f4", "(2, 4, 2)", (float[16]){ 0 }) };
	write_npz(made->path, wide, 2);
	expect(made->path, NULL, RMB_EINPUT, SAYS("'epos' has the shape 2 x 4 x 2", "N x 2 or 2 x N"), &got);
	const struct array deep[] = { sp, NUMBERS("xyz", "<f8", "(2, 3)", (double[]){ 1, 2, 3, 4, (double)INFINITY, 6 }) };
	write_npz(made->path, deep, 2);
	set = rmb_test_settings("");
	set.positions = "xyz";
	set.orientation = "frames-first";
	rmb_test_load(made->path, &set, &got);
	assert_true(got.code == 0 && got.neurons == 3 && !*got.notes); /* 2 x 3: x and y of three neurons */
	const struct array solid[] = { NUMBERS("sp", "<f4", "(4, 1)", (float[4]){ 0 }), NUMBERS("xyz", "<f8", "(4, 3)", (double[12]){ 0 }) };
	write_npz(made->path, solid, 2);
	set.activity = "sp";
	set.orientation = "auto";
	rmb_test_load(made->path, &set, &got); /* z is the third coordinate */
	assert_true(got.code == 0 && got.neurons == 4);
}

static void
positions_come_from_columns_rows_or_another_file(void **state)
{
	struct made *made = *state;
	static const float sample[6] = { 1, 2, 3, 4, 5, 6 };
	static const double by_neuron[6] = { 10, 1, 20, 2, 30, 3 }, by_axis[6] = { 10, 20, 30, 1, 2, 3 };
	const struct array activity = { "sp", "<f4", "(3, 2)", sample, sizeof sample };
	for (int way = 0; way < 4; way++) {
		const struct array members[] = { activity, { "epos", "<f8", way == 1 ? "(2, 3)" : "(3, 2)",
		                                             way == 1 ? by_axis : by_neuron, sizeof by_axis },
			NUMBERS("ypos", "<f8", "(3,)", (double[]){ 1, 2, 3 }) };
		struct rmb_load_settings set = rmb_test_settings(made->path);
		struct rmb_arena *arena = rmb_arena_new();
		struct rmb_load_notes notes = { .arena = arena };
		struct rmb_error error = { 0 };
		struct rmb_load_file *file, *other = NULL;
		struct rmb_layout layout;
		struct rmb_neurons neurons;
		size_t n;
		set.pixel = 2;
		unsigned char *npy = rmb_test_npy("<f8", "(3, 2)", by_neuron, sizeof by_neuron, &n);
		rmb_test_write(made->other, npy, n);
		free(npy);
		if (way == 3)
			write_npz(made->path, (const struct array[]){ activity, members[2] }, 2);
		else
			write_npz(made->path, members, way == 2 ? 1 : 2);
		assert_int_equal(rmb_load_open(arena, made->path, "auto", &file, &error), 0);
		if (way == 2)
			assert_int_equal(rmb_load_open(arena, made->other, "npy", &other, &error), 0);
		assert_int_equal(rmb_load_layout(&(struct rmb_load_files){ .main = file, .positions = other }, &set, &layout,
		                                 &notes, &error),
		                 0);
		assert_int_equal(rmb_load_neurons(&layout, &set, 3, arena, &neurons, &notes, &error), 0);
		for (int i = 0; i < 3; i++) {
			assert_true(neurons.x[i] == (way == 3 ? 0 : 20 * (i + 1))); /* a coordinate that nobody gives is 0 */
			assert_true(neurons.y[i] == 2 * (i + 1));
			assert_true(neurons.id[i] == i);
		}
		rmb_load_close(other);
		rmb_load_close(file);
		rmb_arena_free(arena);
	}
}

static void
names_of_areas_are_read_from_texts_of_either_kind(void **state)
{
	struct made *made = *state;
	static const float sample[4] = { 1, 2, 3, 4 };
	/* "V1" and "Ca\u00e9" as UTF-32; then as bytes, one of them not UTF-8 and with an escape character */
	static const uint32_t wide[8] = { 'V', '1', 0, 0, 'C', 'a', 0xe9, 0 };
	static const char bytes[8] = "V1\0\0C\x1b\xff";
	for (int way = 0; way < 2; way++) {
		const struct array members[] = { { "sp", "<f4", "(2, 2)", sample, sizeof sample },
			{ "areas", way ? "|S4" : "<U4", "(2,)", way ? (const void *)bytes : wide, way ? sizeof bytes : sizeof wide } };
		struct rmb_load_settings set = rmb_test_settings(made->path);
		struct rmb_arena *arena = rmb_arena_new();
		struct rmb_load_notes notes = { .arena = arena };
		struct rmb_error error = { 0 };
		struct rmb_load_file *file;
		struct rmb_layout layout;
		struct rmb_neurons neurons;
		write_npz(made->path, members, 2);
		assert_int_equal(rmb_load_open(arena, made->path, "npz", &file, &error), 0);
		assert_int_equal(rmb_load_layout(&(struct rmb_load_files){ .main = file }, &set, &layout, &notes, &error), 0);
		assert_int_equal(rmb_load_neurons(&layout, &set, 2, arena, &neurons, &notes, &error), 0);
		assert_string_equal(neurons.area, "V1");
		assert_string_equal(neurons.area + neurons.area_width, way ? "C??" : "Ca\xc3\xa9");
		rmb_load_close(file);
		rmb_arena_free(arena);
	}
}

static void
frame_times_give_the_rate_if_they_look_like_seconds(void **state)
{
	(void)state;
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_load_notes notes = { .arena = arena };
	assert_true(near(rmb_load_rate("t", (double[]){ 0, .25, .5, 2, 2.25, 2.5 }, 6, arena, &notes), 4, 1e-12));
	assert_int_equal(notes.n, 0);
	assert_true(isnan(rmb_load_rate("t", (double[]){ 0, 1, 2, 3 }, 4, arena, &notes)));
	assert_true(isnan(rmb_load_rate("t", (double[]){ 0, .5, .25 }, 3, arena, &notes)));
	assert_true(isnan(rmb_load_rate("t", (double[]){ 0, .5, NAN }, 3, arena, &notes)));
	assert_true(isnan(rmb_load_rate("t", (double[]){ 0.5 }, 1, arena, &notes)));
	assert_int_equal(notes.n, 4);
	rmb_test_says("note", notes.text[0], SAYS("may count frames"));
	rmb_arena_free(arena);
}

static void
samples_that_are_not_finite_are_named(void **state)
{
	struct made *made = *state;
	struct rmb_test_load got;
	const struct array members[] = { NUMBERS("sp", "<f8", "(3, 2)", (double[]){ 1, 2, 3, (double)NAN, 1e300, 6 }),
	                                 NUMBERS("xpos", "<f4", "(3,)", (float[3]){ 0 }) };
	write_npz(made->path, members, 2);
	rmb_test_load(made->path, NULL, &got);
	assert_true(got.code == 0 && got.nbad == 2 && got.firstbad == 1 && isnan(got.odd));
	const struct array large[] = { NUMBERS("sp", "<f8", "(3, 2)", (double[]){ 1, 2, -1e300, (double)NAN, 3, 6 }) };
	write_npz(made->path, large, 1);
	rmb_test_load(made->path, NULL, &got);
	assert_true(got.code == 0 && got.nbad == 1 && got.firstbad == 1 && got.odd == -INFINITY);
}

/* Deviation 1 on an offset of 1e5: float32 keeps two decimals. Both ways round, with one neuron that is fine. */
static void
rounding_that_is_large_against_the_spread_is_said(void **state)
{
	struct made *made = *state;
	struct rmb_load_settings set = rmb_test_settings("");
	for (int turned = 0; turned < 2; turned++) {
		struct rmb_test_load got;
		double x[2][300], y[300][2];
		for (int t = 0; t < 300; t++) {
			x[0][t] = y[t][0] = 1e3 + sin(t);
			x[1][t] = y[t][1] = 1e5 + sin(t);
		}
		set.orientation = turned ? "frames-first" : "neurons-first";
		write_npz(made->path,
		          &(struct array){ "sp", "<f8", turned ? "(300, 2)" : "(2, 300)", turned ? (void *)y : (void *)x,
		                           sizeof x },
		          1);
		expect(made->path, &set, 0,
		       SAYS("'sp' is float64", "1 of 2 neurons", "first neuron 1 (values near 100000, deviation 0.70"), &got);
		for (int t = 0; t < 300; t++)
			x[1][t] = y[t][1] = t % 2 ? 1e5 : 1e5 * (1 + 4e-16); /* constant but for the last digit */
		write_npz(made->path,
		          &(struct array){ "sp", "<f8", turned ? "(300, 2)" : "(2, 300)", turned ? (void *)y : (void *)x,
		                           sizeof x },
		          1);
		expect(made->path, &set, 0, (const char *const[]){ NULL }, &got);
		assert_string_equal(got.notes, "");
	}
}

static void
whole_numbers_become_the_same_floats(void **state)
{
	(void)state;
	const struct rmb_member member = { .number = RMB_SIGNED, .item = 8 };
	int64_t raw[3] = { -1, 1 << 24, -((int64_t)1 << 40) };
	double out[3];
	rmb_member_decode(&member, raw, 3, out);
	assert_true(out[0] == -1 && out[1] == 1 << 24 && out[2] == -0x1p40);
	const struct rmb_member half = { .number = RMB_FLOATING, .item = 2, .swapped = true };
	unsigned char halves[] = { 0x3c, 0, 0, 1, 0xfc, 0, 0x7b, 0xff, 0x7e, 0 };
	double value[5];
	rmb_member_decode(&half, halves, 5, value);
	assert_true(value[0] == 1 && value[1] == 0x1p-24 && value[2] == -INFINITY && value[3] == 65504 && isnan(value[4]));
}

/* ---- spikes ---- */

static void
spike_lists_in_three_forms_give_the_same_spikes(void **state)
{
	struct made *made = *state;
	static const double mixed[] = { .1, .2, .3, .4, .5 }, grouped[] = { .1, .4, .2, .3, .5 };
	const struct array forms[3][2] = {
		{ { "st", "<f8", "(5,)", mixed, sizeof mixed }, NUMBERS("clu", "<i4", "(5,)", (int32_t[]){ 0, 2, 2, 0, 3 }) },
		{ { "spikes", "<f8", "(5,)", grouped, sizeof grouped }, NUMBERS("sCount", "|u1", "(4,)", (uint8_t[]){ 2, 0, 2, 1 }) },
		{ { "spikes", "<f8", "(5,)", grouped, sizeof grouped },
		  NUMBERS("index", ">u2", "(4,)", (unsigned char[]){ 0, 2, 0, 2, 0, 4, 0, 5 }) },
	};
	for (int i = 0; i < 3; i++) {
		struct rmb_load_settings set = rmb_test_settings("");
		struct rmb_test_load got;
		set.ends = i == 2 ? "index" : NULL;
		write_npz(made->path, forms[i], 2);
		expect(made->path, &set, 0, (const char *const[]){ NULL }, &got);
		assert_true(got.neurons == 4 && got.spikes == 5 && near(got.sum, 1.5, 1e-15) && !*got.notes);
		set.window = (struct rmb_reals){ 2, (const double[]){ .2, .5 } };
		expect(made->path, &set, 0, SAYS("left out 2 of 5 spikes", "window"), &got);
		assert_true(got.neurons == 4 && got.spikes == 3 && near(got.sum, .9, 1e-15));
		set.window = (struct rmb_reals){ 2, (const double[]){ 7, 8 } };
		expect(made->path, &set, RMB_EDATA, SAYS("none of the 5 spikes", "7 s to 8 s"), &got);
	}
}

static void
wrong_spike_lists_are_refused_with_both_numbers(void **state)
{
	struct made *made = *state;
	static const double time[] = { .1, .2, .3 };
	const struct array st = { "st", "<f8", "(3,)", time, sizeof time };
	const struct { struct array member[3]; int n, code; const char *says[4]; } cases[] = {
		{ { st, NUMBERS("clu", "<i4", "(2,)", (int32_t[]){ 0, 1 }) }, 2, RMB_EINPUT, { "3 spike times", "'clu' has 2" } },
		{ { st, NUMBERS("clu", "<i4", "(3,)", (int32_t[]){ 0, -1, 0 }) }, 2, RMB_EINPUT, { "spike 1", "neuron -1" } },
		{ { st, NUMBERS("clu", "<f8", "(3,)", (double[]){ 0, .5, 0 }) }, 2, RMB_EINPUT, { "entry 1 of 'clu' is 0.5" } },
		{ { st, NUMBERS("clu", "<i8", "(3,)", (int64_t[]){ 0, (int64_t)1 << 50, 0 }) }, 2, RMB_ELIMIT, { "1125899906842624", "`id`" } },
		{ { st, NUMBERS("clu", "<i4", "(3,)", (int32_t[]){ 0, 7, 0 }), NUMBERS("ypos", "<f4", "(2,)", (float[2]){ 0 }) }, 3, RMB_EINPUT,
		  { "spike 1", "neuron 7", "there are 2" } },
		{ { st, NUMBERS("sCount", "<i4", "(2,)", (int32_t[]){ 1, 1 }) }, 2, RMB_EINPUT, { "add up to 2", "3 spike times" } },
		{ { st, NUMBERS("sCount", "<i4", "(2,)", (int32_t[]){ 4, -1 }) }, 2, RMB_EINPUT, { "entry 1 of 'sCount' is -1" } },
		{ { st, NUMBERS("sCount", "<i8", "(2,)", (int64_t[]){ (int64_t)1 << 53, 1 }) }, 2, RMB_EINPUT,
		  { "add up to 9007199254740993" } },
		{ { NUMBERS("st", "<f8", "(2,)", (double[]){ .1, (double)NAN }),
		    NUMBERS("clu", "<i4", "(2,)", (int32_t[]){ 0, 0 }) }, 2, RMB_EDATA,
		  { "spike time 1", "not a number" } },
		{ { NUMBERS("st", "<u8", "(2,)", (uint64_t[]){ 300, 270000000 }),
		    NUMBERS("clu", "<i4", "(2,)", (int32_t[]){ 0, 0 }) }, 2, RMB_EINPUT,
		  { "270000000", "clock: 30 kHz" } },
		{ { NUMBERS("st", "<f8", "(3,)", (double[]){ 300, 5000, 900000 }),
		    NUMBERS("clu", "<i4", "(3,)", (int32_t[3]){ 0 }) }, 2, RMB_EINPUT,
		  { "whole numbers (float64) up to 900000", "clock: 30 kHz", "`clock: 1 Hz`" } },
		{ { st, NUMBERS("clu", "<i4", "(3,)", (int32_t[]){ 0, 8000000, 0 }) }, 2, RMB_EINPUT,
		  { "8000001 neurons", "only 3 spikes", "`id`" } },
		{ { { "st", "<f8", "(0,)", NULL, 0 }, { "clu", "<i4", "(0,)", NULL, 0 } }, 2, RMB_EDATA, { "holds no spikes" } },
		{ { st, NUMBERS("clu", "<i4", "(3,)", (int32_t[3]){ 0 }), NUMBERS("sCount", "<i4", "(1,)", (int32_t[]){ 3 }) }, 3, RMB_EINPUT,
		  { "more than one array", "exactly one of" } },
		{ { st, NUMBERS("foo", "<i4", "(3,)", (int32_t[3]){ 0 }) }, 2, RMB_EINPUT, { "without an array", "foo (3, int32)" } },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rmb_test_load got;
		write_npz(made->path, cases[i].member, cases[i].n);
		expect(made->path, NULL, cases[i].code, cases[i].says, &got);
	}
}

static void
spikes_out_of_order_or_before_zero_are_sorted_and_said(void **state)
{
	struct made *made = *state;
	struct rmb_test_load got;
	struct rmb_load_settings set = rmb_test_settings("");
	const struct array members[] = { NUMBERS("st", "<f8", "(5,)", (double[]){ .5, .1, .4, -.2, .3 }),
	                                 NUMBERS("clu", "<i4", "(5,)", (int32_t[]){ 0, 1, 0, 1, 1 }) };
	write_npz(made->path, members, 2);
	expect(made->path, NULL, 0,
	       SAYS("kept 1 negative of 5 spike times", "the first at index 3", "sorted the spike times 'st'", "found 2 of 5",
	            "the first at index 2"),
	       &got);
	assert_true(got.spikes == 5 && near(got.sum, 1.1, 1e-15));

	const struct array ticks[] = { NUMBERS("st", "<u8", "(2,)", (uint64_t[]){ 30000, 60000 }),
	                               NUMBERS("clu", "<i4", "(2,)", (int32_t[]){ 184, 202 }),
		NUMBERS("label", "<i4", "(3,)", (int32_t[]){ 202, 7, 184 }) };
	write_npz(made->path, ticks, 3);
	set.clock = 30000;
	set.id = "label";
	expect(made->path, &set, 0, (const char *const[]){ NULL }, &got);
	assert_true(got.neurons == 3 && got.spikes == 2 && got.sum == 3);
}

static void
numbers_that_are_only_unusual_are_believed(void **state)
{
	struct made *made = *state;
	struct rmb_test_load got;
	struct rmb_load_settings set = rmb_test_settings("");
	const struct array clu = NUMBERS("clu", "<i4", "(3,)", (int32_t[]){ 0, 99999, 1 });
	const struct array fraction[] = { NUMBERS("st", "<f8", "(3,)", (double[]){ 300, 5000.5, 900000 }), clu };
	const struct array small[] = { NUMBERS("st", "<f8", "(3,)", (double[]){ 1, 2, 1000 }), clu };
	const struct array seconds[] = { NUMBERS("st", "<f8", "(3,)", (double[]){ 1, 2, 900000 }), clu };
	const struct array endless[] = { NUMBERS("st", "<f8", "(3,)", (double[]){ 0.5, 2, 1e300 }), clu };
	write_npz(made->path, fraction, 2);
	expect(made->path, NULL, 0, (const char *const[]){ NULL }, &got);
	assert_true(got.neurons == 100000 && got.sum == 905300.5 && strstr(got.notes, "if these times are ms"));
	write_npz(made->path, small, 2);
	expect(made->path, NULL, 0, (const char *const[]){ NULL }, &got);
	write_npz(made->path, seconds, 2);
	set.clock = 1;
	expect(made->path, &set, 0, (const char *const[]){ NULL }, &got);
	assert_true(got.sum == 900003 && !*got.notes);
	write_npz(made->path, endless, 2);
	expect(made->path, NULL, RMB_EINPUT, SAYS("span 1e+300 s", "did you mean samples at 30 kHz?", "clock: 1 Hz"), &got);
	expect(made->path, &set, 0, (const char *const[]){ NULL }, &got);
}

static void
settings_that_contradict_each_other_are_refused_without_a_file(void **state)
{
	(void)state;
	const struct rmb_load_settings none = rmb_test_settings("a.npz");
	const double backwards[] = { 2, 1 }, window[] = { 1, 2 };
	struct rmb_load_settings set[9];
	static const char *const says[9] = { NULL, "`activity`", "`unit`, `counts` and `ends`", "`positions` or `positions_file`",
		"`positions` or `x` and `y`", "`quality` or `quality_file`", "`window` must be", "`window` must be", NULL };
	for (int i = 0; i < 9; i++)
		set[i] = none;
	set[1].activity = "sp", set[1].clock = 30000;
	set[2].unit = "clu", set[2].counts = "n";
	set[3].positions = "xy", set[3].positions_file = "xy.npy";
	set[4].positions_file = "xy.npy", set[4].y = "ypos";
	set[5].quality = "snr", set[5].quality_file = "snr.npy";
	set[6].window = (struct rmb_reals){ 2, backwards };
	set[7].window = (struct rmb_reals){ 1, window };
	set[8].window = (struct rmb_reals){ 2, window };
	for (int i = 0; i < 9; i++) {
		struct rmb_error error = { 0 };
		assert_int_equal(rmb_stage_load.check(&set[i], &error), says[i] ? RMB_ERECIPE : 0);
		if (says[i])
			rmb_test_says("check", error.text, SAYS(says[i]));
	}
	assert_int_equal(rmb_stage_load.makes(&set[0]), RMB_RECORDING | RMB_SPIKES);
	assert_int_equal(rmb_stage_load.makes(&set[8]), RMB_SPIKES);
	set[0].activity = "sp";
	assert_int_equal(rmb_stage_load.makes(&set[0]), RMB_RECORDING);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_recordings_load_with_the_sums_they_should_have),
		cmocka_unit_test(fixtures_load_as_spike_lists),
		cmocka_unit_test_setup_teardown(the_other_arrays_say_which_axis_is_the_neurons, begin, end),
		cmocka_unit_test_setup_teardown(every_way_to_lay_out_a_matrix_gives_the_same_recording, begin, end),
		cmocka_unit_test_setup_teardown(roles_that_clash_are_settled_by_what_was_asked_for, begin, end),
		cmocka_unit_test_setup_teardown(positions_come_from_columns_rows_or_another_file, begin, end),
		cmocka_unit_test_setup_teardown(names_of_areas_are_read_from_texts_of_either_kind, begin, end),
		cmocka_unit_test_setup_teardown(frame_times_give_the_rate_if_they_look_like_seconds, begin, end),
		cmocka_unit_test_setup_teardown(samples_that_are_not_finite_are_named, begin, end),
		cmocka_unit_test_setup_teardown(rounding_that_is_large_against_the_spread_is_said, begin, end),
		cmocka_unit_test_setup_teardown(whole_numbers_become_the_same_floats, begin, end),
		cmocka_unit_test_setup_teardown(spike_lists_in_three_forms_give_the_same_spikes, begin, end),
		cmocka_unit_test_setup_teardown(wrong_spike_lists_are_refused_with_both_numbers, begin, end),
		cmocka_unit_test_setup_teardown(spikes_out_of_order_or_before_zero_are_sorted_and_said, begin, end),
		cmocka_unit_test_setup_teardown(numbers_that_are_only_unusual_are_believed, begin, end),
		cmocka_unit_test(settings_that_contradict_each_other_are_refused_without_a_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/test_recognise.c -- which format a file or folder is of, by its first bytes and by the names in it; samples of an
 * activity; and what a look saw on its way between processes. */
#include "support/check.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "pipeline/look.h"
#include "support/loading.h"
#include "support/zipfile.h"

static char folder[64];

static const char *
in_folder(const char *name)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

/* Name of the format of a file with those first bytes (NULL: the path is a folder); the sentence if there is none. */
static const char *
format_of(const char *path, const void *bytes, size_t n, const char *wanted)
{
	static char said[2100];
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_load_probe probe = { .arena = arena, .path = path, .folder = true };
	const struct rmb_format *format;
	struct rmb_error error = { 0 };
	if (bytes)
		rmb_test_write(path, bytes, n);
	int code = rmb_load_recognise(&probe, wanted, &format, &error);
	snprintf(said, sizeof said, "%s", code ? error.text : format->name);
	rmb_arena_free(arena);
	return said;
}

/* A variable of MATLAB v4: kind, rows, columns, complex, length of the name, the name. */
static size_t
version_4(unsigned char *to, bool big, uint32_t kind, uint32_t rows, const char *name)
{
	uint32_t field[5] = { kind, rows, 3, 0, (uint32_t)strlen(name) + 1 };
	for (size_t i = 0; i < 20; i++)
		to[i] = (unsigned char)(field[i / 4] >> (big ? 24 - 8 * (i % 4) : 8 * (i % 4)));
	memset(to + 20, 0, 128);
	memcpy(to + 20, name, strlen(name));
	return 20 + strlen(name) + 1 + 24;
}

static void
first_bytes_decide(void **state)
{
	(void)state;
	unsigned char behind[1024 + 8] = "MATLAB 5.0 MAT-file or not";
	const struct { const char *bytes; size_t n; const char *wanted, *is; } cases[] = {
		{ "\x93NUMPY\1\0", 8, "auto", "npy" }, { "\x93NUMPY\1\0", 8, "npy", "npy" }, { "\x93", 1, "auto", "npy" },
		{ "PK\3\4....", 8, "auto", "npz" }, { "PK\5\6....", 8, "auto", "npz" },
		{ "\x89HDF\r\n\x1a\n", 8, "auto", "nwb" }, { "\x89HDF\r\n\x1a\n", 8, "hdf5", "hdf5" }, { "\x89HDF\r\n\x1a\n", 8, "nwb", "nwb" },
		{ "MATLAB 5.0 MAT-file, made", 25, "auto", "matlab" },
		{ "\1\2\3\4\5\6\7\x0e", 8, "matlab", "matlab" }, { "\1\2\3\4\5\6\7\x0e", 8, "auto", "unknown kind of file" },
		{ "\x93NUMPY\1\0", 8, "matlab", "NumPy .npy, not matlab as the recipe says: write `format: npy`" },
		{ "\x93NUMPY\1\0", 8, "hdf5", "NumPy .npy, not hdf5" }, { "\x89HDF\r\n\x1a\n", 8, "npz", "write `format: hdf5`" },
		{ "\x80\4\x95....", 8, "auto", "Python pickle" }, { "\x1f\x8b\x08\0", 4, "auto", "unpack it first" },
		{ "%PDF-1.4", 8, "auto", "format PDF" },
		{ "PAR1\x15\x04\0\0", 8, "auto", "format Parquet: save it as text" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *said = format_of(in_folder("file"), cases[i].bytes, cases[i].n, cases[i].wanted);
		if (strchr(cases[i].is, ' ') ? !strstr(said, cases[i].is) : strcmp(said, cases[i].is) != 0) /* words, or a name */
			fail_msg("case %zu: '%s', expected '%s'", i, said, cases[i].is);
	}
	memcpy(behind + 1024, "\x89HDF\r\n\x1a\n", 8);
	assert_string_equal(format_of(in_folder("file"), behind, sizeof behind, "hdf5"), "hdf5");
}

static void
matlab_of_version_4_is_known_by_its_first_variable(void **state)
{
	(void)state;
	unsigned char bytes[256];
	size_t n = version_4(bytes, false, 0, 2, "speed");
	assert_string_equal(format_of(in_folder("file"), bytes, n, "auto"), "matlab");
	n = version_4(bytes, true, 1000, 2, "speed");
	assert_string_equal(format_of(in_folder("file"), bytes, n, "auto"), "matlab");
	const struct { bool big; uint32_t kind, rows; const char *name; } no[] = {
		{ true, 0, 2, "speed" }, { false, 70, 2, "speed" }, { false, 3, 2, "speed" }, { false, 100, 2, "speed" },
		{ false, 0, 0x80000001, "speed" }, { false, 0, 2, "sp eed" }, { false, 0, 2, "" } };
	for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
		n = version_4(bytes, no[i].big, no[i].kind, no[i].rows, no[i].name);
		if (strcmp(format_of(in_folder("file"), bytes, n, "auto"), "matlab") == 0)
			fail_msg("case %zu was taken for MATLAB v4", i);
	}
}

static void
folders_are_known_by_what_lies_in_them(void **state)
{
	(void)state;
	const struct { const char *name, *is; } cases[] = { { "spks.npy", "suite2p" }, { "spike_times.npy", "phy" },
	                                                    { "notes.npy", "suite2p (F.npy or spks.npy" } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char at[128], file[160];
		snprintf(at, sizeof at, "%s/f%zu", folder, i);
		snprintf(file, sizeof file, "%s/%s", at, cases[i].name);
		assert_int_equal(mkdir(at, 0700), 0);
		rmb_test_write(file, "x", 1);
		const char *said = format_of(at, NULL, 0, "auto");
		if (!strstr(said, cases[i].is))
			fail_msg("%s: '%s'", cases[i].name, said);
		assert_non_null(strstr(format_of(at, NULL, 0, "npy"), "is a folder"));
	}
}

/* ---- samples */

static void
a_sample_meets_all_parts_of_a_long_recording(void **state)
{
	(void)state;
	enum { N = 600, T = 20000 };
	struct rmb_arena *arena = rmb_arena_new();
	float *x = calloc((size_t)N * T, sizeof *x);
	struct rmb_seen seen[2] = { { .arena = arena, .depth = RMB_SAMPLE }, { .arena = arena, .depth = RMB_WHOLE } };
	struct rmb_load_settings set = rmb_test_settings(in_folder("long.npy"));
	struct rmb_error error = { 0 };
	size_t n;
	assert_non_null(x);
	for (size_t i = 0; i < (size_t)N * T; i++)
		x[i] = (float)(i % 7) + (float)(i / T % 3 == 0) * 1e9f;
	for (size_t t = 0; t < T; t++)
		x[(size_t)(N - 1) * T + t] = NAN;
	unsigned char *npy = rmb_test_npy("<f4", "(600, 20000)", x, (size_t)N * T * sizeof *x, &n);
	rmb_test_write(set.path, npy, n);
	free(npy);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rmb_load_look(&set, &seen[i], &error), 0);
		assert_true(seen[i].kind == RMB_RECORDING && seen[i].size.neurons == N && seen[i].size.frames == T &&
		            fabs(seen[i].size.seconds - T / 22.) < 1e-9);
		assert_true(!seen[i].lost && (rmb_seen_fact(&seen[i], "looked at") == NULL) == (i == 1));
	}
	assert_non_null(strstr(seen[1].caution[0].text, "1 of 600 neurons have samples that are not finite, the first is row 599 at frame 0"));
	assert_false(seen[1].caution[0].sampled);
	double met = 0, all = 0;
	assert_int_equal(sscanf(rmb_seen_fact(&seen[0], "looked at")->text, "about %lf of %lf", &met, &all), 2);
	assert_true(all == (double)N * T && met > 1e6 && met <= 4 << 20);
	free(x);
	rmb_arena_free(arena);
}

/* ---- between processes */

static void
what_was_seen_survives_the_way_between_processes(void **state)
{
	(void)state;
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_seen seen = { .arena = arena, .kind = RMB_SPIKES, .size = { .neurons = 3, .spikes = 1e9, .seconds = 0.125 } };
	struct rmb_seen back = { .arena = arena };
	rmb_see_text(&seen, "areas", "V1 (%d)", 3);
	rmb_see_number(&seen, "rate", 22.5, "Hz");
	rmb_see_number(&seen, "odd", NAN, "1");
	rmb_see_range(&seen, "x", -1e300, 0.1, "um");
	rmb_see_caution(&seen, true, "a sample");
	rmb_see_caution(&seen, false, "all");
	rmb_see_advice(&seen, "activity", "F", NULL);
	rmb_see_advice(&seen, "rate", "30 Hz", "unknown");
	json_t *json = rmb_seen_json(&seen);
	rmb_seen_from_json(json, &back);
	assert_true(!seen.lost && !back.lost && back.kind == RMB_SPIKES && memcmp(&back.size, &seen.size, sizeof seen.size) == 0);
	assert_true(back.nfacts == 4 && back.ncautions == 2 && back.nadvice == 2);
	assert_string_equal(rmb_seen_fact(&back, "areas")->text, "V1 (3)");
	const struct rmb_fact *x = rmb_seen_fact(&back, "x");
	assert_true(x->n == 2 && x->number[0] == -1e300 && x->number[1] == 0.1 && strcmp(x->unit, "um") == 0);
	assert_true(isnan(rmb_seen_fact(&back, "odd")->number[0]) && rmb_seen_fact(&back, "rate")->n == 1);
	assert_true(back.caution[0].sampled && !back.caution[1].sampled && !back.advice[0].why);
	assert_string_equal(back.advice[1].why, "unknown");
	json_decref(json);
	struct rmb_seen nothing = { .arena = arena };
	const char *const wrong[] = { "[]", "{}", "{\"kind\":7,\"facts\":3,\"neurons\":\"x\"}",
	                              "{\"facts\":[1,{},{\"name\":\"a\"}],\"cautions\":[{}],\"settings\":[[]]}" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json = json_loads(wrong[i], 0, NULL);
		rmb_seen_from_json(json, &nothing);
		json_decref(json);
	}
	assert_true(nothing.nfacts == 0 && nothing.ncautions == 0 && nothing.nadvice == 0 && nothing.kind == 0 && nothing.size.neurons == 0);
	rmb_arena_free(arena);
}

int
main(void)
{
	snprintf(folder, sizeof folder, "/tmp/rumble-test-recognise-XXXXXX");
	assert_non_null(mkdtemp(folder));
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_bytes_decide),
		cmocka_unit_test(matlab_of_version_4_is_known_by_its_first_variable),
		cmocka_unit_test(folders_are_known_by_what_lies_in_them),
		cmocka_unit_test(a_sample_meets_all_parts_of_a_long_recording),
		cmocka_unit_test(what_was_seen_survives_the_way_between_processes),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command) != 0 ? 1 : failed;
}

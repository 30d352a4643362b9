/* tests/test_hdf5.c -- HDF5 datasets of every layout, filter and type, against the sums that h5py finds. */
#include "support/check.h"
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/loading.h"

#define H5 RUMBLE_SHARED "/recordings/hdf5-conformance/"

/* file  dataset  shape  dtype  sum  note */
static void
every_dataset_of_the_conformance_set_reads_as_h5py_reads_it(void **state)
{
	(void)state;
	size_t n;
	char *table = (char *)rmb_test_slurp(H5 "expected.tsv", &n), *line, *rest = NULL, path[512];
	int readable = 0, refused = 0;
	table = realloc(table, n + 1);
	table[n] = 0;
	strtok_r(table, "\n", &rest);
	while ((line = strtok_r(NULL, "\n", &rest))) {
		char *field[5] = { 0 };
		for (int i = 0; i < 5; i++)
			field[i] = strsep(&line, "\t");
		struct rmb_test_member got;
		snprintf(path, sizeof path, H5 "%s", field[0]);
		rmb_test_read(path, field[1], &got);
		if (strcmp(field[1], "lzf") == 0) {
			assert_int_equal(got.code, RMB_EINPUT);
			rmb_test_says(field[0], got.error.text, (const char *const[]){ "32000", "lzf", "h5repack", NULL });
			refused++;
			continue;
		}
		if (got.code)
			fail_msg("%s %s: %s", field[0], field[1], got.error.text);
		assert_string_equal(got.shape, strcmp(field[2], "scalar") == 0 ? "" : field[2]);
		double sum = atof(field[4]), allowed = 1e-11 * fmax(1, fabs(sum)) * 100; /* twelve digits are printed */
		if (!(fabs(got.sum - sum) <= allowed))
			fail_msg("%s %s: sum %.17g, expected %s", field[0], field[1], got.sum, field[4]);
		readable++;
	}
	free(table);
	printf("%d datasets read, %d refused by filter\n", readable, refused);
	assert_int_equal(readable, 41);
	assert_int_equal(refused, 2);
}

/* A dataset of one or two axes, written whole. */
static void
put(hid_t file, const char *name, hid_t type, int naxes, hsize_t first, hsize_t second, const void *data)
{
	hid_t space = H5Screate_simple(naxes, (hsize_t[]){ first, second }, NULL);
	hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	assert_true(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
	H5Dclose(set);
	H5Sclose(space);
}

static void
areas_are_texts_of_fixed_or_variable_length(void **state)
{
	(void)state;
	static const char *const words[] = { "V1", "CA1 \x1b[31m", "" };
	static const char fixed[] = "V1\0\0CA1 ";
	char folder[64], path[96];
	rmb_test_mkdir(folder, sizeof folder);
	snprintf(path, sizeof path, "%s/a.h5", folder);
	for (int variable = 0; variable < 2; variable++) {
		hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), type = H5Tcopy(H5T_C_S1);
		struct rmb_arena *arena = rmb_arena_new();
		struct rmb_load_file *opened;
		struct rmb_error error = { 0 };
		const struct rmb_member *m;
		char *text;
		size_t width;
		H5Tset_size(type, variable ? H5T_VARIABLE : 4);
		put(file, "areas", type, 1, variable ? 3 : 2, 0, variable ? (const void *)words : fixed);
		H5Tclose(type);
		H5Fclose(file);
		assert_int_equal(rmb_load_open(arena, path, "auto", &opened, &error), 0);
		assert_int_equal(rmb_load_find(opened, "area", "areas", &m, &error), 0);
		assert_int_equal(rmb_load_texts(opened, m, &text, &width, &error), 0);
		assert_string_equal(text, "V1");
		assert_string_equal(text + width, variable ? "CA1 ?[31m" : "CA1 ");
		assert_int_equal(width, variable ? 10 : 5);
		rmb_load_close(opened);
		rmb_arena_free(arena);
	}
	rmb_test_rmdir(folder);
}

static void
matlab_files_and_soft_links_are_read_by_path(void **state)
{
	(void)state;
	struct rmb_test_member got;
	rmb_test_read(RUMBLE_SHARED "/recordings/rat-neuropixels-mat73/T181_2019_11_11_bank0_Cells.mat", "dist_from_tip_um", &got);
	assert_int_equal(got.code, 0);
	assert_string_equal(got.shape, "328x1"); /* as MATLAB shows it */
	assert_true(got.sum == 615880 && got.first == 225 && got.last == 3405);
	rmb_test_read(RUMBLE_SHARED "/recordings/rat-neuropixels-mat73/T181_2019_11_11_bank0_Cells.mat", "/meta/ap_meta//imSampRate", &got);
	assert_int_equal(got.code, 0);
	assert_true(fabs(got.sum - 30000.554) < 1e-3);
	rmb_test_read(RUMBLE_SHARED "/recordings/rat-neuropixels-mat73/T181_2019_11_11_bank0_Cells.mat", "raw_spike_time_s", &got);
	assert_int_equal(got.code, 0);
	assert_int_equal(got.count, 292967);
	rmb_test_read(RUMBLE_SHARED "/recordings/nwb-written-here/suite2p_export_219.nwb", "processing/ophys/Deconvolved/plane0/rois", &got);
	assert_int_equal(got.code, 0); /* a soft link */
	assert_int_equal(got.count, 219);
}

/* Samples whose every bit is inverted: the filter that turns them back is a plug-in, which runs only where the recipe allows it. */
static void
filters_of_plug_ins_run_only_where_they_are_allowed(void **state)
{
	(void)state;
	char folder[64], path[96];
	float block[6] = { 1, 2, 3, 4, 5, 6 };
	struct rmb_test_load got;
	rmb_test_mkdir(folder, sizeof folder);
	snprintf(path, sizeof path, "%s/x.h5", folder);
	for (size_t i = 0; i < sizeof block; i++)
		((unsigned char *)block)[i] ^= 0xff;
	hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), creation = H5Pcreate(H5P_DATASET_CREATE);
	hid_t space = H5Screate_simple(2, (hsize_t[]){ 2, 3 }, NULL);
	H5Pset_chunk(creation, 2, (hsize_t[]){ 2, 3 });
	H5Pset_filter(creation, 300, H5Z_FLAG_OPTIONAL, 0, NULL);
	hid_t x = H5Dcreate2(file, "x", H5T_NATIVE_FLOAT, space, H5P_DEFAULT, creation, H5P_DEFAULT);
	assert_true(H5Dwrite_chunk(x, H5P_DEFAULT, 0, (hsize_t[]){ 0, 0 }, sizeof block, block) >= 0);
	H5Dclose(x), H5Sclose(space), H5Pclose(creation), H5Fclose(file);
	struct rmb_load_settings set = rmb_test_settings(path);
	set.activity = "x";
	assert_true(H5PLprepend(PLUGINS) >= 0);
	rmb_test_load(path, &set, &got);
	assert_int_equal(got.code, RMB_EINPUT);
	rmb_test_says(path, got.error.text, (const char *const[]){ "filter 300", "plugins: installed", "h5repack", NULL });
	set.wish.plugins = "installed";
	rmb_test_load(path, &set, &got);
	assert_string_equal(got.error.text, "");
	assert_true(got.code == 0 && got.sum == 21);
	rmb_test_rmdir(folder);
}

static void
long_doubles_are_read_as_doubles(void **state)
{
	(void)state;
	static const long double sample[6] = { 1, -2.5L, 3, 4, 5, 0.125L };
	char folder[64], path[96];
	struct rmb_test_member got;
	rmb_test_mkdir(folder, sizeof folder);
	snprintf(path, sizeof path, "%s/a.h5", folder);
	hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
	put(file, "x", H5T_NATIVE_LDOUBLE, 2, 2, 3, sample);
	H5Fclose(file);
	rmb_test_read(path, "x", &got);
	assert_string_equal(got.error.text, "");
	assert_true(got.count == 6 && got.sum == 10.625 && got.second == -2.5);
	rmb_test_rmdir(folder);
}

/* 4 x 10 in chunks of 2 x 4: six chunks, of which one is written. */
static void
chunks_that_were_never_written_are_counted(void **state)
{
	(void)state;
	char folder[64], path[96];
	rmb_test_mkdir(folder, sizeof folder);
	snprintf(path, sizeof path, "%s/a.h5", folder);
	for (int all = 0; all < 2; all++) {
		struct rmb_test_load got;
		float sample[40];
		for (int i = 0; i < 40; i++)
			sample[i] = 1;
		hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), creation = H5Pcreate(H5P_DATASET_CREATE);
		hid_t space = H5Screate_simple(2, (hsize_t[]){ 4, 10 }, NULL), part = H5Screate_simple(2, (hsize_t[]){ 2, 4 }, NULL);
		H5Pset_chunk(creation, 2, (hsize_t[]){ 2, 4 });
		hid_t set = H5Dcreate2(file, "spks", H5T_NATIVE_FLOAT, space, H5P_DEFAULT, creation, H5P_DEFAULT);
		if (!all)
			H5Sselect_hyperslab(space, H5S_SELECT_SET, (hsize_t[]){ 0, 4 }, NULL, (hsize_t[]){ 2, 4 }, NULL);
		assert_true(H5Dwrite(set, H5T_NATIVE_FLOAT, all ? H5S_ALL : part, all ? H5S_ALL : space, H5P_DEFAULT, sample) >= 0);
		H5Dclose(set);
		H5Sclose(part);
		H5Sclose(space);
		H5Pclose(creation);
		H5Fclose(file);
		rmb_test_load(path, NULL, &got);
		assert_string_equal(got.error.text, "");
		assert_true(got.sum == (all ? 40 : 8));
		if (all)
			assert_string_equal(got.notes, "");
		else
			rmb_test_says("note", got.notes, (const char *const[]){ "'spks' is not whole", "5 of its 6 chunks", NULL });
	}
	rmb_test_rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_dataset_of_the_conformance_set_reads_as_h5py_reads_it),
		cmocka_unit_test(areas_are_texts_of_fixed_or_variable_length),
		cmocka_unit_test(matlab_files_and_soft_links_are_read_by_path),
		cmocka_unit_test(filters_of_plug_ins_run_only_where_they_are_allowed),
		cmocka_unit_test(long_doubles_are_read_as_doubles),
		cmocka_unit_test(chunks_that_were_never_written_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

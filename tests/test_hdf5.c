/* tests/test_hdf5.c -- HDF5 datasets of every layout, filter and type, against the sums that h5py finds. */
#include "support/check.h"
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_dataset_of_the_conformance_set_reads_as_h5py_reads_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

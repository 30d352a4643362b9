/* tests/test_npy.c -- .npy arrays of every type, order and version, against the sums that NumPy finds. */
#include "support/check.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/loading.h"

#define NPY RUMBLE_SHARED "/recordings/npy-conformance/"

static bool
same(double a, double b)
{
	return (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-12 * fmax(1, fabs(b));
}

/* file  descr  shape  order  sum  second  last */
static void
every_array_of_the_conformance_set_reads_as_numpy_reads_it(void **state)
{
	(void)state;
	size_t n;
	char *table = (char *)rmb_test_slurp(NPY "written-here/expected.tsv", &n), *line, *rest = NULL, path[512];
	int readable = 0, refused = 0;
	table = realloc(table, n + 1);
	table[n] = 0;
	strtok_r(table, "\n", &rest);
	while ((line = strtok_r(NULL, "\n", &rest))) {
		char *field[7] = { 0 };
		for (int i = 0; i < 7; i++)
			field[i] = strsep(&line, "\t");
		struct rmb_test_member got;
		snprintf(path, sizeof path, NPY "written-here/%s", field[0]);
		rmb_test_read(path, NULL, &got);
		if (!field[4] || !*field[4]) { /* no sum: complex numbers and text */
			assert_int_equal(got.code, RMB_EINPUT);
			rmb_test_says(field[0], got.error.text, (const char *const[]){ strstr(field[1], "c8") ? "c8" : "text", NULL });
			refused++;
			continue;
		}
		if (got.code)
			fail_msg("%s: %s", field[0], got.error.text);
		assert_string_equal(got.shape, strcmp(field[2], "scalar") == 0 ? "" : field[2]);
		bool fine = same(got.sum, atof(field[4])) && (!field[5] || !*field[5] || same(got.second, atof(field[5]))) &&
		            (!field[6] || !*field[6] || same(got.last, atof(field[6])));
		if (!fine)
			fail_msg("%s: sum %.17g, second %.17g, last %.17g", field[0], got.sum, got.second, got.last);
		readable++;
	}
	free(table);
	printf("%d arrays read, %d refused by type\n", readable, refused);
	assert_int_equal(readable, 30);
	assert_int_equal(refused, 2);
}

static void
headers_of_python_2_are_read(void **state)
{
	(void)state;
	struct rmb_test_member got;
	const char *const names[] = { "python3.npy", "win64python2.npy" };
	for (int i = 0; i < 2; i++) {
		char path[512];
		snprintf(path, sizeof path, NPY "numpy-own/%s", names[i]);
		rmb_test_read(path, NULL, &got);
		if (got.code)
			fail_msg("%s: %s", names[i], got.error.text);
		assert_string_equal(got.shape, "2");
		assert_true(same(got.sum, 2));
	}
}

static void
pickled_objects_are_refused_and_alternatives_named(void **state)
{
	(void)state;
	const char *const paths[] = { NPY "numpy-own/py2-objarr.npy", NPY "numpy-own/py3-objarr.npy", NPY "numpy-own/py3-objarr.npz" };
	for (int i = 0; i < 3; i++) {
		struct rmb_test_member got;
		rmb_test_read(paths[i], i == 2 ? "x" : NULL, &got);
		assert_int_equal(got.code, RMB_EINPUT);
		rmb_test_says(paths[i], got.error.text, (const char *const[]){ "pickle", "not loaded", "np.save", NULL });
	}
}

/* An .npy file with this header text (padded as NumPy does) and nbytes of data, all zero. */
static void
write_npy(const char *path, int version, const char *header, size_t nbytes)
{
	unsigned char *file = calloc(1, strlen(header) + 1024 + nbytes);
	size_t start = version == 1 ? 10 : 12, length = strlen(header) + 1;
	while ((start + length) % 64)
		length++;
	memcpy(file, "\x93NUMPY", 6);
	file[6] = (unsigned char)version;
	file[8] = (unsigned char)length;
	file[9] = (unsigned char)(length >> 8);
	memset(file + start, ' ', length);
	memcpy(file + start, header, strlen(header));
	file[start + length - 1] = '\n';
	rmb_test_write(path, file, start + length + nbytes);
	free(file);
}

static void
headers_are_read_strictly(void **state)
{
	(void)state;
	static const struct { const char *header; size_t nbytes; bool good; const char *says; } cases[] = {
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24, true, "" },
		{ "{\"shape\":(2,3),\"fortran_order\":True,\"descr\":\"<f4\"}", 24, true, "" },
		{ "{'shape': (2L, 3L,), 'descr': '|i1', 'fortran_order': False}", 6, true, "" },
		{ "{'descr': '=f8', 'fortran_order': False, 'shape': (3,)}", 24, true, "" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': ()}", 4, true, "" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (6)}", 24, false, "damaged" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3)}", 24, false, "damaged" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} + 1", 24, false, "damaged" },
		{ "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3)}", 24, false, "damaged" },
		{ "{'descr': '<f4', 'shape': (2, 3)}", 24, false, "damaged" },
		{ "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", 24, false, "damaged" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': 1}", 24, false, "damaged" },
		{ "{'descr': exit(), 'fortran_order': False, 'shape': (2, 3)}", 24, false, "damaged" },
		{ "{'descr': '<f3', 'fortran_order': False, 'shape': (2, 3)}", 18, false, "f3" },
		{ "{'descr': '|S0', 'fortran_order': False, 'shape': (2, 3)}", 0, false, "damaged" },
		{ "{'descr': '<f16', 'fortran_order': False, 'shape': (2, 3)}", 96, false, "f16" },
		{ "{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (2,)}", 16, false, "dates or durations" },
		{ "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", 8, false, "records" },
		{ "{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", 80, false, "pickle" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", 23, false, "truncated" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", 25, false, "found" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 1099511627776)}", 8, false, "too large" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999999, 1)}", 8, false, "too large" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1)}", 4, false, "5 axes" },
	};
	char folder[64], path[96];
	rmb_test_mkdir(folder, sizeof folder);
	snprintf(path, sizeof path, "%s/a.npy", folder);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rmb_test_member got;
		write_npy(path, 1, cases[i].header, cases[i].nbytes);
		rmb_test_read(path, NULL, &got);
		if ((got.code == 0) != cases[i].good || !strstr(got.error.text, cases[i].says))
			fail_msg("%s gave %d: %s", cases[i].header, got.code, got.error.text);
	}
	rmb_test_rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_array_of_the_conformance_set_reads_as_numpy_reads_it),
		cmocka_unit_test(headers_of_python_2_are_read),
		cmocka_unit_test(pickled_objects_are_refused_and_alternatives_named),
		cmocka_unit_test(headers_are_read_strictly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "support/golden.h"
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "support/check.h"

const char *const golden_files[] = { "tiny.h5", "symmetric200.h5", "ephys151.h5", "degenerate.h5", "short.h5", "rates.h5",
                                     "powerlaw.h5", "connectivity.h5", "simulate.h5", "theory.h5", NULL };

static bool
exists(hid_t file, const char *path)
{
	char part[512];
	for (const char *slash = strchr(path + 1, '/'); ; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof part, "%.*s", slash ? (int)(slash - path) : (int)strlen(path), path);
		if (H5Lexists(file, part, H5P_DEFAULT) <= 0)
			return false;
		if (!slash)
			return true;
	}
}

/* The dataset's entries converted to `type`, or NULL. */
static void *
read_as(const struct golden_case *test, const char *path, hid_t type, size_t size, struct golden_array *shape)
{
	*shape = (struct golden_array){ .n = -1 };
	if (!exists(test->handle, path))
		return NULL;
	hid_t set = H5Dopen2(test->handle, path, H5P_DEFAULT), space = H5Dget_space(set);
	hsize_t extent[3] = { 1, 1, 1 };
	int rank = H5Sget_simple_extent_ndims(space);
	assert_in_range(rank, 0, 3);
	H5Sget_simple_extent_dims(space, extent, NULL);
	shape->rows = (int64_t)extent[0];
	shape->columns = (int64_t)(extent[1] * extent[2]);
	shape->n = shape->rows * shape->columns;
	shape->leading = H5Aexists(set, "leading") > 0;
	void *data = rmb_arena_alloc(test->arena, (size_t)shape->n, size);
	assert_non_null(data);
	assert_true(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
	H5Sclose(space);
	H5Dclose(set);
	return data;
}

/* "input" of the case, else the shared one; "expected" is the case's alone. */
static void *
find(const struct golden_case *test, const char *group, const char *name, hid_t type, size_t size, struct golden_array *shape)
{
	char path[512];
	snprintf(path, sizeof path, "/cases/%s/%s/%s", test->name, group, name);
	void *data = read_as(test, path, type, size, shape);
	if (data || strcmp(group, "input") != 0)
		return data;
	snprintf(path, sizeof path, "/input/%s", name);
	return read_as(test, path, type, size, shape);
}

static struct golden_array
find_reals(const struct golden_case *test, const char *group, const char *name)
{
	struct golden_array array;
	double *data = find(test, group, name, H5T_NATIVE_DOUBLE, sizeof *data, &array);
	array.data = data;
	return array;
}

struct golden_array
golden_input(const struct golden_case *test, const char *name)
{
	return find_reals(test, "input", name);
}

struct golden_array
golden_expected(const struct golden_case *test, const char *name)
{
	return find_reals(test, "expected", name);
}

static int64_t *
find_ints(const struct golden_case *test, const char *group, const char *name, int64_t *n)
{
	struct golden_array shape;
	int64_t *data = find(test, group, name, H5T_NATIVE_INT64, sizeof *data, &shape);
	*n = shape.n;
	return data;
}

int64_t *
golden_input_ints(const struct golden_case *test, const char *name, int64_t *n)
{
	return find_ints(test, "input", name, n);
}

int64_t *
golden_expected_ints(const struct golden_case *test, const char *name, int64_t *n)
{
	return find_ints(test, "expected", name, n);
}

/* An attribute of the case's parameters; -1 if there is none. */
static hid_t
parameter(const struct golden_case *test, const char *name)
{
	char path[512];
	snprintf(path, sizeof path, "/cases/%s/params", test->name);
	if (!exists(test->handle, path) || H5Aexists_by_name(test->handle, path, name, H5P_DEFAULT) <= 0)
		return -1;
	return H5Aopen_by_name(test->handle, path, name, H5P_DEFAULT, H5P_DEFAULT);
}

double
golden_number(const struct golden_case *test, const char *name, double otherwise)
{
	hid_t attribute = parameter(test, name);
	double value = otherwise;
	if (attribute < 0)
		return otherwise;
	assert_true(H5Aread(attribute, H5T_NATIVE_DOUBLE, &value) >= 0);
	H5Aclose(attribute);
	return value;
}

static void
read_text(hid_t attribute, char *text, size_t size)
{
	hid_t type = H5Aget_type(attribute);
	memset(text, 0, size);
	assert_true(H5Tget_class(type) == H5T_STRING && H5Tget_size(type) < size);
	assert_true(H5Aread(attribute, type, text) >= 0);
	H5Tclose(type);
	H5Aclose(attribute);
}

bool
golden_is(const struct golden_case *test, const char *name, const char *text)
{
	hid_t attribute = parameter(test, name);
	char found[128];
	if (attribute < 0)
		return false;
	read_text(attribute, found, sizeof found);
	return strcmp(found, text) == 0;
}

static bool
is_of(hid_t file, const char *name, const char *analysis)
{
	char path[512], found[128];
	snprintf(path, sizeof path, "/cases/%s", name);
	read_text(H5Aopen_by_name(file, path, "analysis", H5P_DEFAULT, H5P_DEFAULT), found, sizeof found);
	return strcmp(found, analysis) == 0;
}

static int
each_in_file(const char *file, const char *analysis, void (*test)(const struct golden_case *))
{
	char path[4096], name[256];
	int n = 0;
	snprintf(path, sizeof path, "%s/reference/golden/%s", RUMBLE_SHARED, file);
	if (access(path, R_OK) != 0)
		fail_msg("golden file %s is missing or cannot be read", path);
	hid_t handle = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
	assert_true(handle >= 0);
	H5G_info_t info;
	assert_true(H5Gget_info_by_name(handle, "/cases", &info, H5P_DEFAULT) >= 0);
	for (hsize_t i = 0; i < info.nlinks; i++) {
		H5Lget_name_by_idx(handle, "/cases", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
		if (!is_of(handle, name, analysis))
			continue;
		struct golden_case one = { file, name, handle, rmb_arena_new() };
		printf("%s: %s (%s)\n", file, name, analysis);
		test(&one);
		rmb_arena_free(one.arena);
		n++;
	}
	H5Fclose(handle);
	return n;
}

static int compared;

int
golden_compared(void)
{
	int n = compared;
	compared = 0;
	return n;
}

int
golden_each(const char *analysis, void (*test)(const struct golden_case *))
{
	int n = 0;
	for (const char *const *file = golden_files; *file; file++)
		n += each_in_file(*file, analysis, test);
	return n;
}

double *
golden_reals(const struct golden_case *test, int64_t n)
{
	return rmb_arena_alloc(test->arena, (size_t)n, sizeof(double));
}

struct rmb_recording
golden_recording(const struct golden_case *test)
{
	struct golden_array shape;
	float *x = find(test, "input", "X", H5T_NATIVE_FLOAT, sizeof *x, &shape);
	assert_non_null(x);
	int64_t *segment = rmb_arena_alloc(test->arena, 1, sizeof *segment);
	return (struct rmb_recording){
		.neurons = { .n = shape.rows, .x = golden_input(test, "xpos").data, .y = golden_input(test, "ypos").data },
		.nframes = shape.columns, .rate = NAN, .nsegments = 1, .segment = segment, .scaling = "none",
		.samples = x, .stored_rows = shape.rows, .stored_frames = shape.columns,
	};
}

struct rmb_recording
golden_zscored(const struct golden_case *test, const int64_t *keep, int64_t nkeep, int ddof, double eps)
{
	struct rmb_recording raw = golden_recording(test), view = raw, scored;
	struct rmb_error error = { 0 };
	if (keep && rmb_view_neurons(test->arena, &raw, keep, nkeep, &view, &error))
		fail_msg("%s", error.text);
	int64_t nn = view.neurons.n, nt = view.nframes;
	double *offset = rmb_arena_alloc(test->arena, (size_t)nn, sizeof *offset);
	double *scale = rmb_arena_alloc(test->arena, (size_t)nn, sizeof *scale);
	for (int64_t i = 0; i < nn; i++) {
		const float *x = raw.samples + (keep ? keep[i] : i) * nt;
		double sum = 0, square = 0;
		for (int64_t t = 0; t < nt; t++)
			sum += (double)x[t];
		offset[i] = sum / (double)nt;
		for (int64_t t = 0; t < nt; t++)
			square += ((double)x[t] - offset[i]) * ((double)x[t] - offset[i]);
		scale[i] = 1 / (sqrt(square / (double)(nt - ddof)) + eps);
	}
	if (rmb_view_scale(test->arena, &view, offset, scale, "zscore", &scored, &error))
		fail_msg("%s", error.text);
	return scored;
}

struct golden_array
golden_must(const struct golden_case *test, const char *name)
{
	struct golden_array expected = golden_expected(test, name);
	if (!expected.data)
		fail_msg("case %s of %s expects no '%s'", test->name, test->file, name);
	return expected;
}

void
golden_close(const struct golden_case *test, const char *name, const double *values, int64_t n, double tolerance)
{
	struct golden_array expected = golden_must(test, name);
	if (expected.leading)
		assert_true(expected.n <= n);
	else
		assert_int_equal(expected.n, n);
	compared++;
	rmb_test_close(name, values, expected.data, expected.n, tolerance);
}

/* Objects: what is written comes back, equal input gives equal bytes, and no damage is ever taken for an object. */
#include "support/place.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <xxhash.h>
#include "pipeline/object.h"
#include "pipeline/object_block.h"
#include "rumble/hash.h"
#include "rumble/random.h"
#include "rumble/units.h"

static const char key[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
static const char other_key[] = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
static char path[128];
static struct rmb_test_place here;

static const float matrix[2][3] = { { 1, 2, 3 }, { -4, INFINITY, 0.5f } };
static const double spectrum[5] = { 5, 4, 3, 2, 1e-300 };
static const double exponent = 0.1;
static const int64_t id[2] = { INT64_MIN, INT64_MAX };
static const uint8_t flag[3] = { 0, 255, 7 };
static const char area[2][4] = { "V1", "CA\xc3\xa4" };
enum { NARRAYS = 8 };

static void
describe(struct rmb_array *array)
{
	struct rmb_axis neuron = rmb_axis_index("neuron", 2), frame = rmb_axis_make("frame", "s", 3, 0.25, 1.0 / 3);
	struct rmb_axis rank = rmb_axis_rank(5), none = rmb_axis_index("frame", 0);
	memset(array, 0, NARRAYS * sizeof *array);
	array[0] = (struct rmb_array){ "recording/activity", "1", "activity", RMB_FLOAT32, 0, 2, { neuron, frame }, (void *)matrix };
	array[1] = (struct rmb_array){ "spectrum", "1", "covariance spectrum", RMB_FLOAT64, 0, 1, { rank }, (void *)spectrum };
	array[2] = (struct rmb_array){ "exponent", "1", NULL, RMB_FLOAT64, 0, .data = (void *)&exponent };
	array[3] = (struct rmb_array){ "recording/id", "1", NULL, RMB_INT64, 0, 1, { neuron }, (void *)id };
	array[4] = (struct rmb_array){ "flag", "1", NULL, RMB_UINT8, 0, 1, { rmb_axis_index("frame", 3) }, (void *)flag };
	array[5] = (struct rmb_array){ "recording/area", "1", NULL, RMB_TEXT, 4, 1, { neuron }, (void *)area };
	array[6] = (struct rmb_array){ "empty", "um", NULL, RMB_FLOAT64, 0, 2, { neuron, none }, NULL };
	array[7] = (struct rmb_array){ "word", "1", NULL, RMB_TEXT, 4, .data = (void *)area };
}

static size_t
bytes_of(const struct rmb_array *array)
{
	return (size_t)rmb_array_count(array) * rmb_array_item(array);
}

static void
write_object(const char *to)
{
	struct rmb_error error = { 0 };
	struct rmb_array array[NARRAYS];
	const char *attribute[] = { "description", "{\"stage\":\"x\"}", "warnings", "[\"caf\xc3\xa9\"]" };
	describe(array);
	struct rmb_object_writer *w = rmb_object_create(here.directory, key, array, 1, attribute, 0, &error);
	assert_string_equal(error.text, "");
	assert_non_null(w);
	assert_int_equal(rmb_object_write(w, 0, 12, &matrix[1], 12, &error), 0);
	assert_int_equal(rmb_object_extend(w, array + 1, NARRAYS - 1, attribute, 2, &error), 0);
	assert_int_equal(rmb_object_write(w, 0, 0, &matrix[0], 12, &error), 0);
	for (int i = 1; i < NARRAYS; i++)
		assert_int_equal(rmb_object_write(w, i, 0, array[i].data, bytes_of(&array[i]), &error), 0);
	assert_int_equal(rmb_object_publish(w, to, 1, &error), 0);
	assert_string_equal(error.text, "");
}

static unsigned char *
slurp(const char *from, size_t *n)
{
	struct stat stat;
	int fd = open(from, O_RDONLY);
	assert_true(fd >= 0 && fstat(fd, &stat) == 0);
	unsigned char *bytes = malloc((size_t)stat.st_size + 1);
	*n = (size_t)stat.st_size;
	assert_int_equal(rmb_read_at(fd, bytes, *n, 0), 0);
	close(fd);
	return bytes;
}

static void
spill(const char *to, const unsigned char *bytes, size_t n)
{
	unlink(to);
	int fd = open(to, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(rmb_write_at(fd, bytes, n, 0), 0);
	close(fd);
}

/* The code of opening `from`; a sentence that names the file must come with a failure. */
static int
open_code(const char *from, const char *as)
{
	struct rmb_object *object = NULL;
	struct rmb_error error = { 0 };
	int code = rmb_object_open(from, as, RMB_VERIFY_ALL, &object, &error);
	assert_int_equal(code, error.code);
	if (code)
		assert_non_null(strstr(error.text, from));
	rmb_object_close(object);
	return code;
}

static void
what_is_written_comes_back(void **state)
{
	(void)state;
	struct rmb_object *object;
	struct rmb_array array[NARRAYS];
	write_object(path);
	describe(array);
	assert_int_equal(rmb_object_open(path, key, RMB_VERIFY_ALL, &object, NULL), 0);
	assert_int_equal(object->narrays, NARRAYS);
	for (int i = 0; i < NARRAYS; i++) {
		const struct rmb_array *read = rmb_object_array(object, array[i].name);
		assert_ptr_equal(read, &object->array[i]);
		assert_int_equal(read->type, array[i].type);
		assert_string_equal(read->unit, array[i].unit);
		assert_int_equal(read->naxes, array[i].naxes);
		assert_int_equal(read->width, array[i].width);
		for (int a = 0; a < read->naxes; a++)
			assert_memory_equal(&read->axis[a], &array[i].axis[a], sizeof read->axis[a]);
		assert_int_equal((uintptr_t)read->data % 64, 0);
		if (array[i].data)
			assert_memory_equal(read->data, array[i].data, bytes_of(read));
	}
	assert_string_equal(object->array[1].help, "covariance spectrum");
	assert_null(object->array[2].help);
	assert_string_equal(rmb_object_attribute(object, "warnings"), "[\"caf\xc3\xa9\"]");
	assert_null(rmb_object_attribute(object, "nothing"));
	assert_null(rmb_object_array(object, "nothing"));
	assert_int_equal(object->stat.st_mode & 0222, 0);
	rmb_object_close(object);
}

static void
equal_input_gives_equal_bytes(void **state)
{
	(void)state;
	char twin[128];
	size_t n, m;
	snprintf(twin, sizeof twin, "%s/sub/twin.h5", here.directory); /* the folder is made */
	write_object(path);
	sleep(1); /* a time in the file would show */
	write_object(twin);
	unsigned char *a = slurp(path, &n), *b = slurp(twin, &m);
	assert_int_equal(n, m);
	assert_memory_equal(a, b, n);
	free(a);
	free(b);
}

static void
checksum_is_that_of_the_bytes_in_memory(void **state)
{
	(void)state;
	size_t n = RMB_USER_BLOCK + 2 * (size_t)RMB_CHECK_PIECE + 12345;
	unsigned char *bytes = calloc(1, n), sum[16], same[16];
	char file[128];
	for (size_t i = 0; i < n; i += 97)
		bytes[i] = (unsigned char)(i / 97);
	snprintf(file, sizeof file, "%s/large", here.directory);
	spill(file, bytes, n);
	int fd = open(file, O_RDONLY);
	rmb_checksum(bytes + RMB_USER_BLOCK, n - RMB_USER_BLOCK, 1, sum);
	for (int threads = 1; threads <= 3; threads += 2) {
		assert_int_equal(rmb_block_checksum(fd, (int64_t)n, threads, same), 0);
		assert_memory_equal(sum, same, sizeof sum);
	}
	assert_int_equal(rmb_block_checksum(fd, (int64_t)n + 1, 1, same), EIO);
	close(fd);
	free(bytes);
}

static void
large_objects_are_mapped_and_proven(void **state)
{
	(void)state;
	enum { N = 300, T = 4001 };
	struct rmb_array array = { "recording/activity", "1", NULL, RMB_FLOAT32, 0, 2,
	                           { rmb_axis_index("neuron", N), rmb_axis_index("frame", T) }, NULL };
	float *row = malloc(T * sizeof *row);
	struct rmb_object *object;
	struct rmb_object_writer *w = rmb_object_create(here.directory, key, &array, 1, NULL, 0, NULL);
	assert_non_null(w);
	for (int i = N - 1; i >= 0; i--) {
		for (int t = 0; t < T; t++)
			row[t] = (float)(i * T + t);
		if (i % 7) /* what is never written is zero */
			assert_int_equal(rmb_object_write(w, 0, (int64_t)i * T * 4, row, T * sizeof *row, NULL), 0);
	}
	assert_int_equal(rmb_object_publish(w, path, 2, NULL), 0);
	assert_int_equal(rmb_object_open(path, key, RMB_VERIFY_ALL, &object, NULL), 0);
	const float *data = object->array[0].data;
	assert_int_equal((uintptr_t)data % 64, 0);
	for (int i = 0; i < N; i++)
		for (int t = 0; t < T; t++)
			if (data[i * T + t] != (i % 7 ? (float)(i * T + t) : 0))
				fail_msg("row %d frame %d holds %g", i, t, (double)data[i * T + t]);
	rmb_object_close(object);

	size_t n;
	unsigned char *bytes = slurp(path, &n);
	bytes[n / 2] ^= 1;
	spill(path, bytes, n);
	assert_int_equal(open_code(path, key), RMB_EDAMAGE);
	assert_int_equal(rmb_object_verify(path, key, 2, NULL), RMB_EDAMAGE);
	assert_int_equal(rmb_object_look(path, key, NULL, NULL, NULL), 0);
	assert_int_equal(rmb_object_open(path, key, RMB_VERIFY_HEADER, &object, NULL), 0);
	rmb_object_close(object);
	free(bytes);
	free(row);
}

static void
no_truncation_is_taken_for_an_object(void **state)
{
	(void)state;
	size_t n;
	write_object(path);
	unsigned char *bytes = slurp(path, &n);
	printf("an object of %zu bytes\n", n);
	chmod(path, 0600);
	for (size_t cut = n; cut-- > 0;) {
		assert_int_equal(truncate(path, (off_t)cut), 0);
		assert_int_equal(open_code(path, key), RMB_EDAMAGE);
	}
	bytes[n] = 0; /* one byte too many */
	spill(path, bytes, n + 1);
	assert_int_equal(open_code(path, key), RMB_EDAMAGE);
	free(bytes);
}

static void
no_flip_or_zeroed_page_is_taken_for_an_object(void **state)
{
	(void)state;
	size_t n;
	write_object(path);
	unsigned char *bytes = slurp(path, &n);
	struct rmb_stream stream = rmb_stream_named("flips");
	int fd = open(path, O_RDWR), flips = 0;
	if (fd < 0) {
		chmod(path, 0600);
		fd = open(path, O_RDWR);
	}
	assert_true(fd >= 0);
	for (uint64_t i = 0; i < 10000; i++, flips++) {
		/* the first rounds walk through the whole header, bit by bit */
		size_t bit = i < RMB_USER_BLOCK * 8 ? (size_t)i : (size_t)rmb_random_below(stream, i, (int64_t)n * 8);
		unsigned char wrong = (unsigned char)(bytes[bit / 8] ^ 1u << bit % 8);
		assert_int_equal(pwrite(fd, &wrong, 1, (off_t)(bit / 8)), 1);
		if (open_code(path, key) != RMB_EDAMAGE)
			fail_msg("flip of bit %zu was not noticed", bit);
		assert_int_equal(pwrite(fd, &bytes[bit / 8], 1, (off_t)(bit / 8)), 1);
	}
	static const unsigned char zero[4096];
	for (size_t at = 0; at < n; at += sizeof zero) {
		size_t step = n - at < sizeof zero ? n - at : sizeof zero;
		if (memcmp(bytes + at, zero, step) == 0)
			continue;
		assert_int_equal(pwrite(fd, zero, step, (off_t)at), (ssize_t)step);
		assert_int_equal(open_code(path, key), RMB_EDAMAGE);
		assert_int_equal(pwrite(fd, bytes + at, step, (off_t)at), (ssize_t)step);
	}
	assert_int_equal(open_code(path, key), 0);
	printf("%d flips noticed\n", flips);
	close(fd);
	free(bytes);
}

/* A file whose checksum is right although its index lies. */
static void
seal(unsigned char *bytes, size_t n, const char *index)
{
	struct rmb_block block;
	assert_null(rmb_block_read(bytes, key, (int64_t)n, &block));
	size_t room = n - (size_t)block.index, length = strlen(index);
	assert_true(length <= room);
	memset(bytes + block.index, ' ', room);
	memcpy(bytes + block.index, index, length);
	rmb_checksum(bytes + RMB_USER_BLOCK, n - RMB_USER_BLOCK, 1, block.checksum);
	rmb_block_write(&block, bytes);
	spill(path, bytes, n);
}

static void
a_right_checksum_over_a_lying_index_is_damage(void **state)
{
	(void)state;
	static const char *const index[] = {
		"", "7", "[]", "{}", "{\"arrays\":[]}", "{\"arrays\":{},\"attributes\":[]}", "{\"arrays\":[],\"attributes\":[\"odd\"]}",
		"{\"arrays\":[7],\"attributes\":[]}", "{\"arrays\":[],\"attributes\":[1,2]}", "{\"arrays\":[],\"arrays\":[],\"attributes\":[]}",
#define ARRAY(name, type, width, at, axes) \
	"{\"arrays\":[{\"name\":" name ",\"type\":" type ",\"width\":" width ",\"unit\":\"1\",\"help\":\"\",\"at\":" at ",\"axes\":" axes "}],\"attributes\":[]}"
		ARRAY("\"a\"", "\"complex\"", "0", "1024", "[]"),
		ARRAY("\"a\"", "\"float64\"", "0", "1000", "[]"),
		ARRAY("\"a\"", "\"float64\"", "0", "-64", "[]"),
		ARRAY("\"a\"", "\"float64\"", "0", "0", "[]"),
		ARRAY("\"a\"", "\"float64\"", "0", "9223372036854775744", "[]"),
		ARRAY("\"a\"", "\"float64\"", "0", "1024", "[[\"x\",\"1\",100000000,0,1]]"),
		ARRAY("\"a\"", "\"float64\"", "0", "1024", "[[\"x\",\"1\",9223372036854775807,0,1],[\"y\",\"1\",9223372036854775807,0,1]]"),
		ARRAY("\"a\"", "\"float64\"", "0", "1024", "[[\"x\",\"1\",-1,0,1]]"),
		ARRAY("\"a\"", "\"float64\"", "0", "1024", "[[\"x\",\"1\",1.5,0,1]]"),
		ARRAY("\"a\"", "\"float64\"", "0", "1024", "[[\"x\",\"1\"]]"),
		ARRAY("\"a\"", "\"float64\"", "0", "1024", "[[],[],[],[],[]]"),
		ARRAY("\"a\"", "\"text\"", "0", "1024", "[]"),
		ARRAY("\"a\"", "\"text\"", "-1", "1024", "[]"),
		ARRAY("\"a\"", "\"float64\"", "8", "1024", "[]"),
		ARRAY("7", "\"float64\"", "0", "1024", "[]"),
		ARRAY("\"a\\u0000b\"", "\"float64\"", "0", "1024", "[]"),
	};
	size_t n;
	char name[512];
	write_object(path);
	unsigned char *bytes = slurp(path, &n);
	for (size_t i = 0; i < sizeof index / sizeof *index; i++) {
		seal(bytes, n, index[i]);
		if (open_code(path, key) != RMB_EDAMAGE)
			fail_msg("index %zu was believed: %s", i, index[i]);
	}
	memset(name, 'n', sizeof name - 1); /* a name longer than an array can have */
	name[sizeof name - 1] = '\0';
	char *text = malloc(2048);
	snprintf(text, 2048, ARRAY("\"%s\"", "\"float64\"", "0", "1024", "[]"), name);
	seal(bytes, n, text);
	assert_int_equal(open_code(path, key), RMB_EDAMAGE);
	seal(bytes, n, ARRAY("\"a\"", "\"float64\"", "0", "1024", "[]")); /* so the lies above are what was refused */
	assert_int_equal(open_code(path, key), 0);
	free(text);
	free(bytes);
}

static void
other_things_in_its_place_are_refused(void **state)
{
	(void)state;
	char away[128];
	snprintf(away, sizeof away, "%s/away", here.directory);
	write_object(path);
	assert_int_equal(open_code(path, other_key), RMB_EDAMAGE);
	assert_int_equal(rename(path, away), 0);
	assert_int_equal(open_code(path, key), RMB_EINPUT);
	assert_int_equal(symlink("away", path), 0);
	assert_int_equal(open_code(path, key), RMB_EDAMAGE);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(open_code(path, key), RMB_EDAMAGE);
	rmdir(path);
	assert_int_equal(mkfifo(path, 0600), 0); /* must not hang */
	assert_int_equal(open_code(path, key), RMB_EDAMAGE);
	unlink(path);
	unsigned char foreign[4096] = "\211HDF\r\n\032\n";
	spill(path, foreign, sizeof foreign);
	assert_int_equal(open_code(path, key), RMB_EDAMAGE);
	spill(path, foreign, 0);
	assert_int_equal(open_code(path, key), RMB_EDAMAGE);
}

/* A list of spikes is half as large without an axis that says 0, 1, 2, ... */
static void
a_long_count_is_not_written_down(void **state)
{
	(void)state;
	struct stat stat_of;
	int64_t size[2];
	for (int i = 0; i < 2; i++) {
		int64_t n = (1 << 20) + i;
		struct rmb_array array = { "time", "s", NULL, RMB_UINT8, 0, 1, { rmb_axis_index("spike", n) }, NULL };
		struct rmb_object_writer *w = rmb_object_create(here.directory, key, &array, 1, NULL, 0, NULL);
		assert_non_null(w);
		assert_int_equal(rmb_object_publish(w, path, 1, NULL), 0);
		assert_int_equal(stat(path, &stat_of), 0);
		size[i] = stat_of.st_size;
		assert_int_equal(open_code(path, key), 0);
		unlink(path);
	}
	assert_true(size[0] > 9 << 20 && size[1] < 2 << 20);
}

static void
giving_up_leaves_nothing_behind(void **state)
{
	(void)state;
	struct rmb_array array[NARRAYS];
	struct rmb_error error = { 0 };
	char empty[128];
	snprintf(empty, sizeof empty, "%s/empty", here.directory);
	assert_int_equal(mkdir(empty, 0700), 0);
	describe(array);
	struct rmb_object_writer *w = rmb_object_create(empty, key, array, NARRAYS, NULL, 0, NULL);
	assert_non_null(w);
	rmb_object_abandon(w);
	w = rmb_object_create(empty, key, array, NARRAYS, NULL, 0, NULL);
	assert_int_equal(rmb_object_publish(w, "/dev/null/nowhere.h5", 1, &error), RMB_EOUTPUT);
	assert_non_null(strstr(error.text, "/dev/null/nowhere.h5"));
	snprintf(array[1].name, sizeof array[1].name, "axes/rank"); /* where dimension scales stand */
	assert_null(rmb_object_create(empty, key, array, NARRAYS, NULL, 0, NULL));
	snprintf(array[1].name, sizeof array[1].name, "exponent"); /* the same name twice */
	assert_null(rmb_object_create(empty, key, array, NARRAYS, NULL, 0, NULL));
	assert_null(rmb_object_create("/nowhere/at/all", key, array, 1, NULL, 0, &error));
	rmb_object_abandon(NULL);
	rmb_object_close(NULL);
	assert_int_equal(rmdir(empty), 0); /* only if it is empty */
}

static int
begin(void **state)
{
	int code = rmb_test_begin(state, &here, NULL);
	snprintf(path, sizeof path, "%s/object.h5", here.directory);
	return code;
}

/* The sentence is about the disk as it was before, and the disk is not filled to find out. */
static void
what_cannot_fit_is_not_begun(void **state)
{
	(void)state;
	struct rmb_error error = { 0 };
	struct statvfs disk;
	char said[64] = "";
	double free_bytes;
	assert_int_equal(statvfs(here.directory, &disk), 0);
	int64_t n = ((int64_t)disk.f_bavail * (int64_t)disk.f_frsize + ((int64_t)64 << 30)) / 4;
	struct rmb_array huge = { "recording/activity", "1", "activity", RMB_FLOAT32, 0, 2,
		                  { rmb_axis_index("neuron", 1), rmb_axis_index("frame", n) }, NULL };
	assert_null(rmb_object_create(here.directory, key, &huge, 1, NULL, 0, &error));
	assert_int_equal(error.code, RMB_EOUTPUT);
	const char *needs = strstr(error.text, "no space: the object needs ");
	assert_true(needs && sscanf(needs, "no space: the object needs %*[^,], %63[^(]", said) == 1);
	*strstr(said, " is free") = 0;
	assert_int_equal(rmb_quantity_parse(said, "B", &free_bytes, &error), 0);
	assert_true(free_bytes > 0.5 * (double)disk.f_bavail * (double)disk.f_frsize);
	assert_int_equal(rmdir(here.directory), 0); /* empty */
	assert_int_equal(mkdir(here.directory, 0700), 0);
}

/* Inputs keep their descriptors until half of those allowed are open: what comes later still finds some. */
static void
descriptors_are_kept_while_few_are_open(void **state)
{
	struct rlimit before, few;
	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 40;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	int kept[100], nkept = 0;
	for (int i = 0; i < 100; i++) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		kept[nkept] = rmb_keep_file(fd, true);
		nkept += kept[nkept] > 0;
	}
	assert_in_range(nkept, 1, 19);
	while (nkept > 0)
		close(kept[--nkept]);
	assert_int_equal(rmb_keep_file(open("/dev/null", O_RDONLY | O_CLOEXEC), false), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, rmb_test_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(descriptors_are_kept_while_few_are_open),
		TEST(what_is_written_comes_back),
		TEST(equal_input_gives_equal_bytes),
		TEST(checksum_is_that_of_the_bytes_in_memory),
		TEST(large_objects_are_mapped_and_proven),
		TEST(no_truncation_is_taken_for_an_object),
		TEST(no_flip_or_zeroed_page_is_taken_for_an_object),
		TEST(a_right_checksum_over_a_lying_index_is_damage),
		TEST(other_things_in_its_place_are_refused),
		TEST(a_long_count_is_not_written_down),
		TEST(giving_up_leaves_nothing_behind),
		TEST(what_cannot_fit_is_not_begun),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/test_pickle.c -- pickles as data: what Python wrote, what is refused, what is damaged.
 *
 * The texts were written by Python 3.11 and NumPy 1.24 with the protocol that stands beside each. */
#include "support/check.h"
#include <stdlib.h>
#include <string.h>
#include "load/pickle.h"
#include "rumble/random.h"
#include "support/loading.h"

struct read { struct rmb_arena *arena; const struct rmb_pickled *value; struct rmb_error error; int code; };

static struct read
read_bytes(const void *bytes, size_t n)
{
	struct read r = { .arena = rmb_arena_new() };
	r.code = rmb_pickle_read(r.arena, "stat.npy", bytes, n, &r.value, &r.error);
	return r;
}

static double
number(const struct rmb_pickled *value, int64_t i)
{
	double x;
	assert_true(rmb_pickle_number(value, i, &x));
	return x;
}

/* pickle.dumps({"fs": 15.5, "n": 70000, "big": -3000000000, "ok": True, "none": None, "med": [3, 4], "pair": (1, 2.5)}, protocol=3) */
static void
plain_values_are_read(void **state)
{
	static const char text[] = "\x80\x03}q\x00(X\x02\x00\x00\x00" "fsq\x01G@/\x00\x00\x00\x00\x00\x00X\x01\x00\x00\x00nq\x02Jp\x11\x01\x00X\x03\x00\x00\x00"
		"bigq\x03\x8a\x05\x00\xa2/M\xffX\x02\x00\x00\x00okq\x04\x88X\x04\x00\x00\x00noneq\x05NX\x03\x00\x00\x00medq\x06]q\x07(K\x03K\x04"
		"eX\x04\x00\x00\x00pairq\x08K\x01G@\x04\x00\x00\x00\x00\x00\x00\x86q\tu.";
	struct read r = read_bytes(text, sizeof text - 1);
	double ignored;
	(void)state;
	assert_int_equal(r.code, 0);
	assert_true(number(rmb_pickle_get(r.value, "fs"), 0) == 15.5);
	assert_true(number(rmb_pickle_get(r.value, "n"), 0) == 70000);
	assert_true(number(rmb_pickle_get(r.value, "big"), 0) == -3e9);
	assert_true(number(rmb_pickle_get(r.value, "ok"), 0) == 1);
	assert_false(rmb_pickle_number(rmb_pickle_get(r.value, "none"), 0, &ignored));
	assert_int_equal(rmb_pickle_length(rmb_pickle_get(r.value, "med")), 2);
	assert_true(number(rmb_pickle_get(r.value, "med"), 1) == 4);
	assert_true(number(rmb_pickle_get(r.value, "pair"), 1) == 2.5);
	assert_false(rmb_pickle_number(rmb_pickle_get(r.value, "pair"), 2, &ignored));
	assert_null(rmb_pickle_get(r.value, "absent"));
	rmb_arena_free(r.arena);
}

/* pickle.dumps({"med": np.array([7, 9], "int16"), "snr": np.float32(0.75)}, protocol=4), with NumPy 2's name of the module */
static void
arrays_and_scalars_are_built(void **state)
{
	static const char text[] = "\x80\x04}(\x8c\x03med\x8c\x16numpy._core.multiarray\x8c\x0c_reconstruct\x93\x8c\x05numpy\x8c\x07ndarray\x93K\x00\x85"
		"C\x01" "b\x87R(K\x01K\x02\x85\x8c\x05numpy\x8c\x05" "dtype\x93\x8c\x02i2\x89\x88\x87R(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
		"C\x04\x07\x00\x09\x00tb\x8c\x03snr\x8c\x16numpy._core.multiarray\x8c\x06scalar\x93\x8c\x05numpy\x8c\x05" "dtype\x93\x8c\x02" "f4\x89\x88\x87R"
		"(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb" "C\x04\x00\x00@?\x86Ru.";
	struct read r = read_bytes(text, sizeof text - 1);
	(void)state;
	assert_string_equal(r.error.text, "");
	assert_int_equal(rmb_pickle_length(rmb_pickle_get(r.value, "med")), 2);
	assert_true(number(rmb_pickle_get(r.value, "med"), 0) == 7 && number(rmb_pickle_get(r.value, "med"), 1) == 9);
	assert_true(number(rmb_pickle_get(r.value, "snr"), 0) == 0.75);
	rmb_arena_free(r.arena);
}

struct bad { const char *bytes; size_t n; const char *words; };
#define BAD(bytes, words) { bytes, sizeof bytes - 1, words }

static void
what_is_not_data_is_refused_by_name(void **state)
{
	static const struct bad bad[] = {
		BAD("\x80\x03" "cos\nsystem\nX\x02\x00\x00\x00ls\x85R.", "os.system"),
		BAD("\x80\x04\x8c\x08" "builtins\x8c\x04" "eval\x93\x8c\x03" "1+1\x85R.", "builtins.eval"),
		BAD("\x80\x03" "cnumpy\nload\nX\x01\x00\x00\x00x\x85R.", "numpy.load"),
		BAD("\x80\x03" "cnumpy.core.multiarray\n_reconstruct_\n.", "numpy.core.multiarray._reconstruct_"),
		BAD("\x80\x03" "cnumpy\nndarray\n)R.", "no builder"),
		BAD("\x80\x03K\x01K\x02\x85R.", "no builder"),
	};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct read r = read_bytes(bad[i].bytes, bad[i].n);
		assert_int_equal(r.code, RMB_EINPUT);
		assert_non_null(strstr(r.error.text, bad[i].words));
		assert_non_null(strstr(r.error.text, "stat.npy"));
		rmb_arena_free(r.arena);
	}
}

static void
damage_is_told(void **state)
{
	static const struct bad bad[] = {
		BAD("", "too early"), BAD("\x80\x03", "too early"), BAD("\x80\x01N.", "protocol"), BAD("\x80\x09N.", "protocol"), BAD("\x80\x03.", "one value"),
		BAD("\x80\x03NN.", "one value"), BAD("\x80\x03(.", "one value"), BAD("\x80\x03" "e.", "mark"), BAD("\x80\x03X\xff\xff\xff\xff" "a.", "too early"),
		BAD("\x80\x03\x8d\xff\xff\xff\xff\xff\xff\xff\xff" "a.", "too early"), BAD("\x80\x03h\x05.", "memo"), BAD("\x80\x03Nr\xff\xff\xff\xff.", "memo"),
		BAD("\x80\x03\x85.", "empty"), BAD("\x80\x03(N\x85\x86.", "empty"), BAD("\x80\x03]s.", "empty"), BAD("\x80\x03}(Nu.", "no list"),
		BAD("\x80\x03N]a.", "no list"), BAD("\x80\x03NNb.", "has none"), BAD("\x80\x03P.", "unknown"), BAD("\x80\x03\x8b\xff\xff\xff\x7f.", "too early"),
		BAD("\x80\x03" "cnumpy.core.multiarray\n_reconstruct\n)RK\x01\x85" "b.", "state of an array"),
		/* an array that says 2^60 items */
		BAD("\x80\x03" "cnumpy.core.multiarray\n_reconstruct\n)R(K\x01\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x10\x85" "cnumpy\ndtype\nX\x02\x00\x00\x00" "f8\x85R\x89"
		    "C\x08" "12345678tb.", "more or fewer"),
	};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct read r = read_bytes(bad[i].bytes, bad[i].n);
		if (r.code != RMB_EINPUT || !strstr(r.error.text, bad[i].words))
			fail_msg("case %zu: %d, %s; expected a word of %s", i, r.code, r.error.text, bad[i].words);
		rmb_arena_free(r.arena);
	}
}

/* A list that holds itself has no end for a reader that goes down into it. */
static void
a_list_within_itself_ends(void **state)
{
	static const char text[] = "\x80\x03]q\x00h\x00" "a.";
	struct read r = read_bytes(text, sizeof text - 1);
	double ignored;
	(void)state;
	assert_int_equal(r.code, 0);
	assert_false(rmb_pickle_number(r.value, 0, &ignored));
	rmb_arena_free(r.arena);
}

/* The real thing, cut and flipped: an error or values, within the sanitizers. */
static void
mutated_files_are_errors_or_values(void **state)
{
	enum { CUTS = 200, FLIPS = 400 };
	size_t n;
	struct rmb_stream stream = rmb_stream_named("mutations of a pickle");
	unsigned char *bytes = rmb_test_slurp(RUMBLE_SHARED "/recordings/suite2p-fissa23/suite2p/plane0/stat.npy", &n);
	size_t start = 10 + (size_t)bytes[8] + 256 * (size_t)bytes[9]; /* behind the header of the .npy */
	(void)state;
	for (int i = 0; i < CUTS; i++) {
		struct read r = read_bytes(bytes + start, (n - start) * (size_t)i / CUTS);
		assert_int_equal(r.code, RMB_EINPUT);
		rmb_arena_free(r.arena);
	}
	for (int i = 0; i < FLIPS; i++) {
		size_t at = start + (size_t)rmb_random_below(stream, 2 * (uint64_t)i, i % 2 ? (int64_t)(n - start) : 4000);
		unsigned char kept = bytes[at];
		bytes[at] ^= (unsigned char)(1 + rmb_random_below(stream, 2 * (uint64_t)i + 1, 255));
		struct read r = read_bytes(bytes + start, n - start);
		for (int64_t k = 0; !r.code && k < rmb_pickle_length(r.value); k++) {
			double x;
			(void)!rmb_pickle_number(rmb_pickle_get(rmb_pickle_item(r.value, k), "med"), 1, &x);
		}
		assert_true(r.code == 0 || r.code == RMB_EINPUT);
		rmb_arena_free(r.arena);
		bytes[at] = kept;
	}
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_values_are_read), cmocka_unit_test(arrays_and_scalars_are_built),
		cmocka_unit_test(what_is_not_data_is_refused_by_name), cmocka_unit_test(damage_is_told), cmocka_unit_test(a_list_within_itself_ends),
		cmocka_unit_test(mutated_files_are_errors_or_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

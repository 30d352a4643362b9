/* Hashes: known answers, the block structure as documented, files that are none. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include "rumble/hash.h"
#include "support/check.h"

static void
sha256_gives_its_known_answers(void **state)
{
	char hex[65];
	(void)state;
	rmb_sha256("abc", 3, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	rmb_sha256("", 0, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* The 32 bytes behind 64 hexadecimal digits. */
static void
digest_of(const void *data, size_t n, unsigned char *digest)
{
	char hex[65];
	rmb_sha256(data, n, hex);
	for (int i = 0; i < 32; i++) {
		unsigned byte;
		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		digest[i] = (unsigned char)byte;
	}
}

static void
a_file_is_the_hash_of_the_hashes_of_its_blocks(void **state)
{
	static const size_t sizes[] = { 0, 1, 1000000, RMB_HASH_BLOCK, (size_t)RMB_HASH_BLOCK + 3 };
	char directory[32], path[64], hex[65], expected[65];
	unsigned char *zeros = calloc(1, RMB_HASH_BLOCK), digest[64];
	(void)state;
	assert_non_null(zeros);
	rmb_test_mkdir(directory, sizeof directory);
	snprintf(path, sizeof path, "%s/file", directory);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
		assert_true(fd >= 0 && ftruncate(fd, (off_t)sizes[i]) == 0 && close(fd) == 0);
		size_t n = 0, left = sizes[i];
		for (; left > 0; n++, left -= left < RMB_HASH_BLOCK ? left : RMB_HASH_BLOCK)
			digest_of(zeros, left < RMB_HASH_BLOCK ? left : RMB_HASH_BLOCK, digest + 32 * n);
		rmb_sha256(digest, 32 * n, expected);
		assert_int_equal(rmb_hash_file(path, hex, NULL), 0);
		assert_string_equal(hex, expected);
	}
	free(zeros);
	rmb_test_rmdir(directory);
}

static void
what_is_not_a_file_is_refused_by_name(void **state)
{
	char directory[32], path[64], hex[65];
	(void)state;
	rmb_test_mkdir(directory, sizeof directory);
	snprintf(path, sizeof path, "%s/pipe", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	const char *const wrong[] = { directory, path, "no/such/file" };
	for (int i = 0; i < 3; i++) { /* a pipe without a writer must not block */
		struct rmb_error error = { 0 };
		assert_int_equal(rmb_hash_file(wrong[i], hex, &error), RMB_EINPUT);
		assert_non_null(strstr(error.text, wrong[i]));
	}
	rmb_test_rmdir(directory);
}

/* The definition: XXH3-128 over the canonical XXH3-128 of pieces of 16 MiB. */
static void
plain_checksum(const unsigned char *data, size_t n, unsigned char *sum)
{
	static unsigned char sums[100][16];
	size_t pieces = 0;
	XXH128_canonical_t canonical;
	for (size_t done = 0; done < n; done += RMB_CHECK_PIECE, pieces++) {
		XXH128_canonicalFromHash(&canonical, XXH3_128bits(data + done, n - done < RMB_CHECK_PIECE ? n - done : RMB_CHECK_PIECE));
		memcpy(sums[pieces], canonical.digest, 16);
	}
	XXH128_canonicalFromHash(&canonical, XXH3_128bits(sums, 16 * pieces));
	memcpy(sum, canonical.digest, 16);
}

static void
checksums_are_as_defined_for_any_number_of_threads(void **state)
{
	/* fresh pages read as zeros and take no memory; a few are marked so that every piece counts */
	size_t most = (size_t)70 * RMB_CHECK_PIECE;
	unsigned char *data = mmap(NULL, most, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	const size_t sizes[] = { 0, 1, RMB_CHECK_PIECE, (size_t)RMB_CHECK_PIECE + 1, (size_t)64 * RMB_CHECK_PIECE,
	                         (size_t)65 * RMB_CHECK_PIECE + 9 };
	(void)state;
	assert_true(data != MAP_FAILED);
	for (size_t piece = 0; piece < 70; piece++)
		data[piece * RMB_CHECK_PIECE + 77] = (unsigned char)(piece + 1);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		unsigned char expected[16], sum[16];
		plain_checksum(data, sizes[i], expected);
		for (int threads = 1; threads <= 3; threads++) {
			rmb_checksum(data, sizes[i], threads, sum);
			assert_memory_equal(sum, expected, 16);
		}
	}
	unsigned char before[16], after[16];
	rmb_checksum(data, (size_t)3 * RMB_CHECK_PIECE, 2, before);
	data[(size_t)2 * RMB_CHECK_PIECE + 5] ^= 4;
	rmb_checksum(data, (size_t)3 * RMB_CHECK_PIECE, 2, after);
	assert_memory_not_equal(before, after, 16);
	munmap(data, most);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_gives_its_known_answers),
		cmocka_unit_test(a_file_is_the_hash_of_the_hashes_of_its_blocks),
		cmocka_unit_test(what_is_not_a_file_is_refused_by_name),
		cmocka_unit_test(checksums_are_as_defined_for_any_number_of_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

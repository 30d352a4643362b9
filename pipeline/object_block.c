/* pipeline/object_block.c -- the user block of an object, its checksum, and reading and writing at a place. */
#include "pipeline/object_block.h"
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include "rumble/hash.h"
#include "rumble/parallel.h"

/* Chosen like PNG's: a high bit, line ends of both kinds and ^Z show what mangles files as text. */
static const unsigned char magic[16] = "\211rumble obj\r\n\032\n";
enum { VERSION = 1, AT_VERSION = 16, AT_LENGTH = 24, AT_KEY = RMB_BLOCK_KEY, AT_SUM = 96, AT_INDEX = 112, AT_CHECK = 120,
       AT_REST = 128 };
enum { SUM = 16, STEP = 1 << 20 };

const char *const rmb_type_name[RMB_TEXT + 1] = {
	[RMB_FLOAT32] = "float32", [RMB_FLOAT64] = "float64", [RMB_INT64] = "int64", [RMB_UINT8] = "uint8", [RMB_TEXT] = "text",
};

static void
put(unsigned char *to, uint64_t value)
{
	uint64_t little = htole64(value);
	memcpy(to, &little, sizeof little);
}

static uint64_t
get(const unsigned char *from)
{
	uint64_t little;
	memcpy(&little, from, sizeof little);
	return le64toh(little);
}

void
rmb_block_write(const struct rmb_block *block, unsigned char *bytes)
{
	memset(bytes, 0, RMB_USER_BLOCK);
	memcpy(bytes, magic, sizeof magic);
	put(bytes + AT_VERSION, VERSION);
	put(bytes + AT_LENGTH, (uint64_t)block->length);
	memcpy(bytes + AT_KEY, block->key, RMB_KEY_MAX - 1);
	memcpy(bytes + AT_SUM, block->checksum, SUM);
	put(bytes + AT_INDEX, (uint64_t)block->index);
	put(bytes + AT_CHECK, XXH3_64bits(bytes, AT_CHECK));
}

const char *
rmb_block_read(const unsigned char *bytes, const char *key, int64_t length, struct rmb_block *block)
{
	static const unsigned char zero[RMB_USER_BLOCK - AT_REST];
	if (memcmp(bytes, magic, sizeof magic))
		return "it is not an object of rumble";
	if (get(bytes + AT_CHECK) != XXH3_64bits(bytes, AT_CHECK) || memcmp(bytes + AT_REST, zero, sizeof zero))
		return "its header is damaged";
	if (get(bytes + AT_VERSION) != VERSION)
		return "it was written in another format";
	if (memcmp(bytes + AT_KEY, key, RMB_KEY_MAX - 1))
		return "it is the object of another key";
	if (get(bytes + AT_LENGTH) != (uint64_t)length)
		return "its length is not what it was when it was written";
	memcpy(block->key, bytes + AT_KEY, RMB_KEY_MAX - 1);
	block->key[RMB_KEY_MAX - 1] = '\0';
	memcpy(block->checksum, bytes + AT_SUM, SUM);
	block->length = length;
	block->index = (int64_t)get(bytes + AT_INDEX);
	if (block->index < RMB_USER_BLOCK || block->index >= length || length - block->index > RMB_OBJECT_INDEX_MAX)
		return "its index is out of place";
	return NULL;
}

int
rmb_read_at(int fd, void *buffer, size_t nbytes, int64_t offset)
{
	for (char *to = buffer; nbytes > 0;) {
		ssize_t n = pread(fd, to, nbytes < STEP ? nbytes : STEP, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		to += n;
		offset += n;
		nbytes -= (size_t)n;
	}
	return 0;
}

int
rmb_keep_file(int fd, bool wanted)
{
	if (wanted && fd > 0 && fd < sysconf(_SC_OPEN_MAX) / 2)
		return fd;
	close(fd);
	return 0;
}

int
rmb_write_at(int fd, const void *buffer, size_t nbytes, int64_t offset)
{
	for (const char *from = buffer; nbytes > 0;) {
		ssize_t n = pwrite(fd, from, nbytes < STEP ? nbytes : STEP, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		from += n;
		offset += n;
		nbytes -= (size_t)n;
	}
	return 0;
}

struct sums { int fd; int64_t length; unsigned char *digest; };

static int
sum_piece(void *argument, int64_t piece, int thread)
{
	(void)thread;
	struct sums *sums = argument;
	int64_t at = RMB_USER_BLOCK + piece * RMB_CHECK_PIECE, left = sums->length - at;
	if (left > RMB_CHECK_PIECE)
		left = RMB_CHECK_PIECE;
	int64_t step = left < STEP / 4 ? left : STEP / 4; /* stays in the cache of a core */
	void *buffer = malloc((size_t)step);
	XXH3_state_t *state = XXH3_createState();
	int code = buffer && state ? 0 : ENOMEM;
	if (code == 0)
		XXH3_128bits_reset(state);
	for (; left > 0 && code == 0; left -= step, at += step) {
		step = left < step ? left : step;
		code = rmb_read_at(sums->fd, buffer, (size_t)step, at);
		if (code == 0)
			XXH3_128bits_update(state, buffer, (size_t)step);
	}
	XXH128_canonical_t canonical;
	if (code == 0) {
		XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
		memcpy(sums->digest + SUM * piece, canonical.digest, SUM);
	}
	XXH3_freeState(state);
	free(buffer);
	return code;
}

int
rmb_block_checksum(int fd, int64_t length, int threads, unsigned char *sum)
{
	int64_t npieces = (length - RMB_USER_BLOCK + RMB_CHECK_PIECE - 1) / RMB_CHECK_PIECE;
	struct sums sums = { fd, length, malloc((size_t)npieces * SUM) };
	int code = sums.digest ? rmb_parallel(threads, npieces, sum_piece, &sums) : ENOMEM;
	if (code == 0) {
		XXH128_canonical_t canonical;
		XXH128_canonicalFromHash(&canonical, XXH3_128bits(sums.digest, (size_t)npieces * SUM));
		memcpy(sum, canonical.digest, SUM);
	}
	free(sums.digest);
	return code;
}

#include "rumble/hash.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_STATIC_LINKING_ONLY /* a hash state on the stack: a checksum then needs no memory and cannot fail */
#include <xxhash.h>
#include "rumble/parallel.h"

enum { DIGEST = 32, SUM = 16, READ = 1 << 20, GROUP = 64 };

static void
to_hex(const unsigned char *digest, char *hex)
{
	for (int i = 0; i < DIGEST; i++) {
		hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
	}
	hex[2 * DIGEST] = '\0';
}

void
rmb_sha256_bytes(const void *data, size_t n, unsigned char *digest)
{
	if (EVP_Digest(data, n, digest, NULL, EVP_sha256(), NULL))
		return;
	fputs("rumble: out of memory for a hash; give the run more memory or fewer jobs\n", stderr);
	_exit(rmb_exit_code(RMB_ELIMIT));
}

void
rmb_sha256(const void *data, size_t n, char *hex)
{
	unsigned char digest[DIGEST];
	rmb_sha256_bytes(data, n, digest);
	to_hex(digest, hex);
}

/* ---- the content of a file ---- */

/* Feeds the next `limit` bytes at most; sets *got. 0 or errno. */
static int
digest_block(int fd, EVP_MD_CTX *context, unsigned char *buffer, size_t limit, size_t *got)
{
	*got = 0;
	while (*got < limit) {
		ssize_t n = read(fd, buffer, limit - *got < READ ? limit - *got : READ);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			break;
		if (!EVP_DigestUpdate(context, buffer, (size_t)n))
			return ENOMEM;
		*got += (size_t)n;
	}
	return 0;
}

/* SHA-256 over the SHA-256 of the blocks. 0 or errno. */
static int
digest_file(int fd, EVP_MD_CTX *block, EVP_MD_CTX *whole, unsigned char *buffer, unsigned char *digest)
{
	if (!EVP_DigestInit_ex(whole, EVP_sha256(), NULL))
		return ENOMEM;
	for (size_t got = RMB_HASH_BLOCK; got == RMB_HASH_BLOCK;) {
		if (!EVP_DigestInit_ex(block, EVP_sha256(), NULL))
			return ENOMEM;
		int failed = digest_block(fd, block, buffer, RMB_HASH_BLOCK, &got);
		if (failed)
			return failed;
		if (got > 0 && (!EVP_DigestFinal_ex(block, digest, NULL) || !EVP_DigestUpdate(whole, digest, DIGEST)))
			return ENOMEM;
	}
	return EVP_DigestFinal_ex(whole, digest, NULL) ? 0 : ENOMEM;
}

static bool
same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       same_time(a->st_mtim, b->st_mtim) && same_time(a->st_ctim, b->st_ctim);
}

static int
hash_open(int fd, const char *path, char *hex, struct rmb_error *error)
{
	struct stat before, after, named;
	unsigned char digest[EVP_MAX_MD_SIZE];
	if (fstat(fd, &before))
		return rmb_error_set(error, RMB_EINPUT, "%s: cannot be examined: %s", path, strerror(errno));
	if (!S_ISREG(before.st_mode))
		return rmb_error_set(error, RMB_EINPUT, "%s: is not a file; a file was expected here", path);
	EVP_MD_CTX *block = EVP_MD_CTX_new(), *whole = EVP_MD_CTX_new();
	unsigned char *buffer = malloc(READ);
	int failed = block && whole && buffer ? digest_file(fd, block, whole, buffer, digest) : ENOMEM;
	EVP_MD_CTX_free(block);
	EVP_MD_CTX_free(whole);
	free(buffer);
	if (failed == ENOMEM)
		return rmb_error_nomem(error, "hashing a file");
	if (failed)
		return rmb_error_set(error, RMB_EINPUT, "%s: cannot be read: %s", path, strerror(failed));
	if (fstat(fd, &after) || !same_file(&before, &after) || stat(path, &named) || !same_file(&before, &named))
		return rmb_error_set(error, RMB_EINPUT, "%s: changed while it was being read; run again once it is complete",
		                     path);
	to_hex(digest, hex);
	return 0;
}

int
rmb_hash_file(const char *path, char *hex, struct rmb_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a pipe must not block us */
	if (fd < 0)
		return rmb_error_set(error, errno == EACCES || errno == EPERM ? RMB_EACCESS : RMB_EINPUT,
		                     "%s: cannot be opened: %s", path, strerror(errno));
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	int code = hash_open(fd, path, hex, error);
	close(fd);
	return code;
}

/* ---- checksum of bytes in memory ---- */

struct group {
	const unsigned char *data; /* of the group's first piece */
	size_t left;               /* bytes from there to the end */
	unsigned char sum[GROUP][SUM];
};

static int
sum_piece(void *argument, int64_t piece, int thread)
{
	struct group *group = argument;
	size_t start = (size_t)piece * RMB_CHECK_PIECE, left = group->left - start;
	XXH128_hash_t hash = XXH3_128bits(group->data + start, left < RMB_CHECK_PIECE ? left : RMB_CHECK_PIECE);
	XXH128_canonical_t canonical;
	XXH128_canonicalFromHash(&canonical, hash);
	memcpy(group->sum[piece], canonical.digest, SUM);
	(void)thread;
	return 0;
}

void
rmb_checksum(const void *data, size_t n, int threads, unsigned char *sum)
{
	struct group group;
	XXH3_state_t state;
	XXH3_INITSTATE(&state);
	XXH3_128bits_reset(&state);
	for (size_t done = 0, step; done < n; done += step) {
		step = n - done < (size_t)GROUP * RMB_CHECK_PIECE ? n - done : (size_t)GROUP * RMB_CHECK_PIECE;
		size_t pieces = (step - 1) / RMB_CHECK_PIECE + 1;
		group.data = (const unsigned char *)data + done;
		group.left = step;
		rmb_parallel(threads, (int64_t)pieces, sum_piece, &group);
		XXH3_128bits_update(&state, group.sum, pieces * SUM);
	}
	XXH128_canonical_t canonical;
	XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state));
	memcpy(sum, canonical.digest, SUM);
}

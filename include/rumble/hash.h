/* rumble/hash.h -- SHA-256 for names, XXH3-128 for noticing damage. */
#ifndef RMB_HASH_H
#define RMB_HASH_H
#include <stddef.h>
#include <stdint.h>
#include "rumble/error.h"

enum { RMB_HASH_BLOCK = 64 << 20, RMB_CHECK_PIECE = 16 << 20 };

/* The 32 bytes of SHA-256 into digest[32]. A name cannot be made up: out of memory ends the program, with a sentence. */
void rmb_sha256_bytes(const void *data, size_t n, unsigned char *digest);
/* The same as 64 hexadecimal digits and a NUL into hex[65]. */
void rmb_sha256(const void *data, size_t n, char *hex);
/* The content of a file: SHA-256 over the SHA-256 (32 bytes each) of its blocks of 64 MiB. Fails (RMB_EINPUT) if it
 * cannot be read or if size, mtime, ctime or inode change while reading. */
int rmb_hash_file(const char *path, char *hex, struct rmb_error *error) RMB_CHECKED;
/* XXH3-128 over the XXH3-128 of pieces of 16 MiB of data[n], pieces hashed by up to `threads` threads; canonical
 * (big-endian) bytes into sum[16]. */
void rmb_checksum(const void *data, size_t n, int threads, unsigned char *sum);
#endif

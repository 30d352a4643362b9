/* pipeline/object_block.h -- the bytes that the writer and the reader of objects agree on.
 *
 *     offset  bytes
 *          0     16  magic
 *         16      4  format version, little-endian as all numbers here
 *         20      4  zero
 *         24      8  length of the file
 *         32     64  key, hexadecimal
 *         96     16  checksum of everything behind the user block
 *        112      8  where the index begins
 *        120      8  XXH3-64 of bytes 0 to 119, for the checksum does not cover the user block
 *        128    384  zero
 *
 * The index ends where the file ends. It is a JSON object:
 *     {"arrays": [{"name", "type", "width", "unit", "help", "at", "axes": [[name, unit, n, start, step], ...]}, ...],
 *      "attributes": [name, value, name, value, ...]}
 * `at` is the array's offset in the file (-1: it has no bytes), a multiple of 64. */
#ifndef RMB_OBJECT_BLOCK_H
#define RMB_OBJECT_BLOCK_H
#include <stdint.h>
#include "pipeline/object.h"

enum { RMB_BLOCK_KEY = 32 }; /* where the key stands in the user block */
enum { RMB_OBJECT_ALIGN = 64, RMB_OBJECT_SMALL = 1 << 20, RMB_OBJECT_INDEX_MAX = 64 << 20 };

struct rmb_block {
	char key[RMB_KEY_MAX];
	int64_t length, index;
	unsigned char checksum[16];
};

/* Fills bytes[RMB_USER_BLOCK]. */
void rmb_block_write(const struct rmb_block *block, unsigned char *bytes);
/* NULL, or what is wrong with the user block of an object that should have that key and length. */
const char *rmb_block_read(const unsigned char *bytes, const char *key, int64_t length, struct rmb_block *block);
/* Checksum of a file behind its user block: what rmb_checksum gives for those bytes, read piece by piece so that none stay
 * in memory. 0 or errno (EIO: the file ended early). */
int rmb_block_checksum(int fd, int64_t length, int threads, unsigned char *sum);
/* Exactly nbytes at offset; 0 or errno. A file that ends early is EIO. */
int rmb_read_at(int fd, void *buffer, size_t nbytes, int64_t offset);
int rmb_write_at(int fd, const void *buffer, size_t nbytes, int64_t offset);
/* The descriptor, if it is wanted and fewer than half of those allowed are open, so that thousands of inputs leave some for what
 * must have one; else it is closed, and 0. */
int rmb_keep_file(int fd, bool wanted);
/* Name of each enum rmb_type in the index. */
extern const char *const rmb_type_name[RMB_TEXT + 1];
#endif

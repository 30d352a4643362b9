/* tests/support/zipfile.h -- zip files byte by byte, so that they can lie. */
#ifndef RMB_TEST_ZIPFILE_H
#define RMB_TEST_ZIPFILE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rmb_test_entry {
	const char *name;
	const void *data;
	size_t n;
	int method;            /* 0: stored; 8: deflated (in blocks that are not packed); others: written as stored */
	int flags;             /* 1: encrypted; 8: sizes only behind the data and in the directory */
	bool zip64;            /* the directory gives sizes and offset in a zip64 field */
	uint64_t claim;        /* 0: the truth; else the unpacked size that the directory states */
	uint32_t spoil;        /* added to the CRC */
};
/* Writes the entries and their directory to path. */
void rmb_test_zip(const char *path, const struct rmb_test_entry *entry, int n);
/* An .npy array (version 1) of this header and data; caller frees. */
unsigned char *rmb_test_npy(const char *descr, const char *shape, const void *data, size_t nbytes, size_t *n);
#endif

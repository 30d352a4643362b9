#include "support/zipfile.h"
#include "support/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer { FILE *file; };

static void
put(struct writer *w, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		fputc((int)(value >> (8 * i) & 255), w->file);
}

/* CRC-32 of ISO 3309, bit by bit. */
static uint32_t
crc(const unsigned char *p, size_t n)
{
	uint32_t c = 0xffffffff;
	for (size_t i = 0; i < n; i++) {
		c ^= p[i];
		for (int k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
	}
	return ~c;
}

/* The data, or a deflate stream of blocks that hold it as it is. Returns the bytes written. */
static uint64_t
put_data(struct writer *w, const struct rmb_test_entry *e)
{
	uint64_t written = 0;
	const unsigned char *data = e->data;
	size_t left = e->n;
	if (e->method != 8) {
		fwrite(data, 1, left, w->file);
		return left;
	}
	do {
		size_t block = left < 65535 ? left : 65535;
		put(w, block == left, 1);
		put(w, block, 2);
		put(w, ~block, 2);
		fwrite(data, 1, block, w->file);
		data += block;
		left -= block;
		written += 5 + block;
	} while (left > 0);
	return written;
}

void
rmb_test_zip(const char *path, const struct rmb_test_entry *entry, int n)
{
	struct writer w = { fopen(path, "wb") };
	assert_non_null(w.file);
	struct { uint64_t at, packed, size; uint32_t crc; } *done = calloc((size_t)n, sizeof *done);
	for (int i = 0; i < n; i++) {
		const struct rmb_test_entry *e = &entry[i];
		bool late = e->flags & 8;
		done[i].at = (uint64_t)ftell(w.file);
		done[i].size = e->claim ? e->claim : e->n;
		done[i].crc = crc(e->data, e->n) + e->spoil;
		uint64_t packed = e->method == 8 ? e->n + 5 * (e->n / 65535 + (e->n % 65535 || e->n == 0)) : e->n;
		put(&w, 0x04034b50, 4), put(&w, 20, 2), put(&w, (uint64_t)e->flags, 2), put(&w, (uint64_t)e->method, 2), put(&w, 0x210000, 4);
		put(&w, late ? 0 : done[i].crc, 4), put(&w, late ? 0 : packed, 4), put(&w, late ? 0 : done[i].size, 4);
		put(&w, strlen(e->name), 2), put(&w, 0, 2);
		fputs(e->name, w.file);
		done[i].packed = put_data(&w, e);
		assert_int_equal(done[i].packed, packed);
		if (late)
			put(&w, 0x08074b50, 4), put(&w, done[i].crc, 4), put(&w, packed, 4), put(&w, done[i].size, 4);
	}
	uint64_t directory = (uint64_t)ftell(w.file);
	for (int i = 0; i < n; i++) {
		const struct rmb_test_entry *e = &entry[i];
		put(&w, 0x02014b50, 4), put(&w, 45, 2), put(&w, 45, 2), put(&w, (uint64_t)e->flags, 2), put(&w, (uint64_t)e->method, 2);
		put(&w, 0x210000, 4), put(&w, done[i].crc, 4);
		put(&w, e->zip64 ? 0xffffffff : done[i].packed, 4), put(&w, e->zip64 ? 0xffffffff : done[i].size, 4);
		put(&w, strlen(e->name), 2), put(&w, e->zip64 ? 28 : 0, 2), put(&w, 0, 2), put(&w, 0, 2), put(&w, 0, 2), put(&w, 0, 4);
		put(&w, e->zip64 ? 0xffffffff : done[i].at, 4);
		fputs(e->name, w.file);
		if (e->zip64)
			put(&w, 1, 2), put(&w, 24, 2), put(&w, done[i].size, 8), put(&w, done[i].packed, 8), put(&w, done[i].at, 8);
	}
	uint64_t end = (uint64_t)ftell(w.file);
	put(&w, 0x06054b50, 4), put(&w, 0, 4), put(&w, (uint64_t)n, 2), put(&w, (uint64_t)n, 2);
	put(&w, end - directory, 4), put(&w, directory, 4), put(&w, 0, 2);
	assert_int_equal(fclose(w.file), 0);
	free(done);
}

unsigned char *
rmb_test_npy(const char *descr, const char *shape, const void *data, size_t nbytes, size_t *n)
{
	unsigned char *file = calloc(1, 128 + nbytes);
	char header[119];
	assert_non_null(file);
	snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
	memcpy(file, "\x93NUMPY\1\0\x76\0", 10);
	memset(file + 10, ' ', 118);
	memcpy(file + 10, header, strlen(header));
	file[127] = '\n';
	if (nbytes)
		memcpy(file + 128, data, nbytes);
	*n = 128 + nbytes;
	return file;
}

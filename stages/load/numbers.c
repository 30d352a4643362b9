/* load/numbers.c -- raw items of a file as numbers or text. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "load/format.h"
#include "load/pickle.h"

enum { MOST_TEXT = 1024 };

static void
swap_items(unsigned char *raw, int64_t n, size_t item)
{
	for (int64_t i = 0; i < n; i++, raw += item)
		for (size_t k = 0; k < item / 2; k++) {
			unsigned char byte = raw[k];
			raw[k] = raw[item - 1 - k];
			raw[item - 1 - k] = byte;
		}
}

/* IEEE 754 half precision: sign, 5 bits of exponent, 10 of fraction. */
static double
half(uint16_t bits)
{
	int exponent = (bits >> 10) & 31;
	double fraction = bits & 1023;
	double size = exponent == 0 ? ldexp(fraction, -24) : exponent == 31 ? (fraction > 0 ? NAN : INFINITY) :
	              ldexp(1024 + fraction, exponent - 25);
	return bits & 0x8000 ? -size : size;
}

#define DECODER(name, type, expression) \
	static void decode_##name(const unsigned char *raw, int64_t n, double *out) \
	{ \
		for (int64_t i = 0; i < n; i++) { \
			type v; \
			memcpy(&v, raw + (size_t)i * sizeof v, sizeof v); \
			out[i] = (expression); \
		} \
	}
DECODER(f2, uint16_t, half(v))
DECODER(f4, float, (double)v)
DECODER(f8, double, v)
DECODER(i1, int8_t, v)
DECODER(i2, int16_t, v)
DECODER(i4, int32_t, v)
DECODER(i8, int64_t, (double)v)
DECODER(u1, uint8_t, v)
DECODER(u2, uint16_t, v)
DECODER(u4, uint32_t, v)
DECODER(u8, uint64_t, (double)v)
DECODER(b1, uint8_t, v != 0)

static const struct {
	enum rmb_number number;
	size_t item;
	void (*decode)(const unsigned char *raw, int64_t n, double *out);
} decoders[] = {
	{ RMB_FLOATING, 2, decode_f2 }, { RMB_FLOATING, 4, decode_f4 }, { RMB_FLOATING, 8, decode_f8 },
	{ RMB_SIGNED, 1, decode_i1 },   { RMB_SIGNED, 2, decode_i2 },   { RMB_SIGNED, 4, decode_i4 },
	{ RMB_SIGNED, 8, decode_i8 },   { RMB_UNSIGNED, 1, decode_u1 }, { RMB_UNSIGNED, 2, decode_u2 },
	{ RMB_UNSIGNED, 4, decode_u4 }, { RMB_UNSIGNED, 8, decode_u8 }, { RMB_BOOLEAN, 1, decode_b1 },
};

bool
rmb_member_plain(const struct rmb_member *m)
{
	return m->number == RMB_FLOATING && m->item == sizeof(float) && !m->swapped;
}

void
rmb_member_decode(const struct rmb_member *member, void *raw, int64_t n, double *out)
{
	if (member->swapped)
		swap_items(raw, n, member->item);
	for (size_t i = 0; i < sizeof decoders / sizeof *decoders; i++)
		if (decoders[i].number == member->number && decoders[i].item == member->item)
			decoders[i].decode(raw, n, out);
}

/* Calls take(argument, row, nrows, column, ncolumns, raw) for every tile of the stored matrix, in the order of the file. */
static int
each_tile(struct rmb_load_file *file, const struct rmb_member *member,
          void (*take)(void *argument, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, void *raw), void *argument,
          struct rmb_error *error)
{
	int64_t rows, columns, nrows, ncolumns;
	int64_t budget = ((int64_t)4 << 20) / (int64_t)member->item;
	int code = 0;
	if (member->count == 0)
		return 0;
	rmb_member_matrix(member, &rows, &columns);
	rmb_load_tile(file, member, budget > 0 ? budget : 1, &nrows, &ncolumns);
	void *raw = rmb_arena_alloc(file->arena, (size_t)(nrows * ncolumns), member->item);
	if (!raw)
		return rmb_error_nomem(error, file->path);
	for (int64_t r = 0; r < rows && !code; r += nrows)
		for (int64_t c = 0; c < columns && !code; c += ncolumns) {
			int64_t nr = rows - r < nrows ? rows - r : nrows, nc = columns - c < ncolumns ? columns - c : ncolumns;
			code = file->format->read(file, member, r, nr, c, nc, raw, error);
			if (!code)
				take(argument, r, nr, c, nc, raw);
		}
	return code;
}

/* Where item `stored` of the file goes in C order. */
static int64_t
in_c_order(const struct rmb_member *member, int64_t stored)
{
	int64_t place = 0, step[RMB_MEMBER_AXES];
	if (!member->fortran)
		return stored;
	for (int i = member->naxes - 1, k = 1; i >= 0; i--, k++)
		step[i] = k == 1 ? 1 : step[i + 1] * member->axis[i + 1];
	for (int i = 0; i < member->naxes; i++) {
		place += stored % member->axis[i] * step[i];
		stored /= member->axis[i];
	}
	return place;
}

struct whole {
	const struct rmb_member *member;
	int64_t columns;
	double *number;
	char *text;
	size_t width;
};

static void
take_numbers(void *argument, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, void *raw)
{
	struct whole *whole = argument;
	double piece[1024];
	unsigned char *from = raw;
	if (!whole->member->fortran && (nrows == 1 || ncolumns == whole->columns)) {
		rmb_member_decode(whole->member, raw, nrows * ncolumns, whole->number + row * whole->columns + column);
		return;
	}
	for (int64_t r = 0; r < nrows; r++)
		for (int64_t c = 0; c < ncolumns;) {
			int64_t n = ncolumns - c < 1024 ? ncolumns - c : 1024;
			rmb_member_decode(whole->member, from, n, piece);
			for (int64_t i = 0; i < n; i++)
				whole->number[in_c_order(whole->member, (row + r) * whole->columns + column + c + i)] = piece[i];
			from += (size_t)n * whole->member->item;
			c += n;
		}
}

/* A member that is to be read whole must be readable, and there must be memory for it. */
static int
prepare(struct rmb_load_file *file, const struct rmb_member *member, bool text, size_t item, void **out, struct rmb_error *error)
{
	bool is_text = member->number == RMB_BYTES || member->number == RMB_UTF32;
	if (member->refusal)
		return rmb_error_set(error, RMB_EINPUT, "%s: '%s' %s", file->path, member->name, member->refusal);
	if (is_text && !text)
		return rmb_error_set(error, RMB_EINPUT, "%s: '%s' holds %s; numbers are needed", file->path, member->name,
		                     member->type);
	*out = rmb_arena_alloc(file->arena, (size_t)member->count, item);
	return *out ? 0 : rmb_error_nomem(error, member->name);
}

int
rmb_load_doubles(struct rmb_load_file *file, const struct rmb_member *member, double **out, struct rmb_error *error)
{
	int64_t rows, columns;
	int code = prepare(file, member, false, sizeof **out, (void **)out, error);
	rmb_member_matrix(member, &rows, &columns);
	struct whole whole = { .member = member, .columns = columns, .number = code ? NULL : *out };
	return code ? code : each_tile(file, member, take_numbers, &whole, error);
}

bool
rmb_is_whole(double number)
{
	return fabs(number) <= 9007199254740992.0 && number == rint(number);
}

int
rmb_not_whole(const struct rmb_load_file *file, const struct rmb_member *member, int64_t i, double number,
              struct rmb_error *error)
{
	return rmb_error_set(error, RMB_EINPUT, "%s: entry %" PRId64 " of '%s' is %g; whole numbers are needed", file->path, i,
	                     member->name, number);
}

int
rmb_load_integers(struct rmb_load_file *file, const struct rmb_member *member, int64_t **out, struct rmb_error *error)
{
	double *number = NULL;
	int code = rmb_load_doubles(file, member, &number, error);
	*out = (int64_t *)(void *)number;
	for (int64_t i = 0; !code && i < member->count; i++) {
		if (!rmb_is_whole(number[i]))
			return rmb_not_whole(file, member, i, number[i], error);
		int64_t whole = (int64_t)number[i];
		memcpy(&number[i], &whole, sizeof whole);
	}
	return code;
}

size_t
rmb_encode_utf8(uint32_t point, char *text)
{
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : point < 0x110000 ? 4 : 0;
	if (n == 0) {
		*text = '?';
		return 1;
	}
	for (size_t i = n; i-- > 1; point >>= 6)
		text[i] = (char)(0x80 | (point & 0x3f));
	text[0] = (char)(lead[n] | point);
	return n;
}

static void
take_texts(void *argument, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, void *raw)
{
	struct whole *whole = argument;
	const struct rmb_member *m = whole->member;
	for (int64_t i = 0; i < nrows * ncolumns; i++) {
		const unsigned char *from = (unsigned char *)raw + (size_t)i * m->item;
		int64_t stored = (row + i / ncolumns) * whole->columns + column + i % ncolumns;
		char *to = whole->text + (size_t)in_c_order(m, stored) * whole->width;
		size_t n = 0;
		for (size_t k = 0; m->number == RMB_UTF32 && k + 4 <= m->item; k += 4) {
			uint32_t point;
			memcpy(&point, from + k, 4);
			point = m->swapped ? __builtin_bswap32(point) : point;
			if (point == 0)
				break;
			n += rmb_encode_utf8(point, to + n);
		}
		if (m->number == RMB_BYTES)
			memcpy(to, from, strnlen((const char *)from, m->item));
	}
}

/* Makes the entries fit for printing, and no wider than the longest of them needs. */
static int
tidy(struct rmb_arena *arena, char *text, int64_t count, size_t *width, struct rmb_error *error)
{
	size_t longest = 0;
	for (int64_t i = 0; i < count; i++) {
		char *entry = text + (size_t)i * *width;
		size_t n = strlen(entry);
		char *clean = rmb_load_printable(arena, entry, n);
		if (!clean)
			return rmb_error_nomem(error, "texts");
		memcpy(entry, clean, n);
		longest = n > longest ? n : longest;
	}
	for (int64_t i = 0; i < count; i++)
		memmove(text + (size_t)i * (longest + 1), text + (size_t)i * *width, longest + 1);
	*width = longest + 1;
	return 0;
}

/* The value in a member that is a pickle. Its bytes stay in the arena. */
static int
unpickle(struct rmb_load_file *file, const struct rmb_member *member, const struct rmb_pickled **value, struct rmb_error *error)
{
	struct rmb_member raw = { .name = member->name,
		                  .type = "bytes",
		                  .number = RMB_BYTES,
		                  .item = 1,
		                  .naxes = 1,
		                  .axis = { member->pickle },
		                  .count = member->pickle,
		                  .at = member->at };
	const char *what = rmb_arena_printf(file->arena, "%s: '%s'", file->path, member->name);
	int64_t room = member->pickle < RMB_LYING_BYTES ? member->pickle : RMB_LYING_BYTES;
	if (room < member->pickle)
		return rmb_error_set(error, RMB_ELIMIT,
		                     "%s: '%s' is a pickle of %" PRId64 " bytes; rumble reads up to %" PRId64 " of texts",
		                     file->path, member->name, member->pickle, room);
	unsigned char *bytes = rmb_arena_alloc(file->arena, (size_t)room, 1);
	if (!bytes || !what)
		return rmb_error_nomem(error, member->name);
	int code = file->format->read(file, &raw, 0, 1, 0, room, bytes, error);
	return code ? code : rmb_pickle_read(file->arena, what, bytes, (size_t)room, value, error);
}

/* An array of objects that are texts, as np.array(list, dtype=object) makes them. */
static int
texts_of_objects(struct rmb_load_file *file, const struct rmb_member *member, char **out, size_t *width, struct rmb_error *error)
{
	const struct rmb_pickled *value = NULL;
	size_t length;
	int code = unpickle(file, member, &value, error);
	*width = 1;
	if (!code && rmb_pickle_length(value) != member->count)
		code = rmb_error_set(error, RMB_EINPUT,
		                     "%s: '%s' is damaged: its header says %" PRId64 " objects, the pickle holds %" PRId64,
		                     file->path, member->name, member->count, rmb_pickle_length(value));
	for (int64_t i = 0; !code && i < member->count; i++)
		if (!rmb_pickle_item(value, i) || !rmb_pickle_text(value, i, &length) || length > MOST_TEXT)
			code = rmb_error_set(error, RMB_EINPUT,
			                     "%s: entry %" PRId64
			                     " of '%s' is no text of up to %d characters: save the array as text, with dtype "
			                     "str",
			                     file->path, i, member->name, MOST_TEXT);
		else
			*width = length + 1 > *width ? length + 1 : *width;
	*out = code ? NULL : rmb_arena_alloc(file->arena, (size_t)member->count, *width);
	if (!code && !*out)
		code = rmb_error_nomem(error, member->name);
	for (int64_t i = 0; !code && i < member->count; i++) {
		const char *from = rmb_pickle_text(value, i, &length);
		memcpy(*out + (size_t)i * *width, from, length);
	}
	return code;
}

int
rmb_load_texts(struct rmb_load_file *file, const struct rmb_member *member, char **out, size_t *width, struct rmb_error *error)
{
	bool text = member->number == RMB_BYTES || member->number == RMB_UTF32;
	int64_t rows, columns;
	double *number = NULL;
	if (member->pickle) {
		int failed = texts_of_objects(file, member, out, width, error);
		return failed ? failed : tidy(file->arena, *out, member->count, width, error);
	}
	*width = text ? member->item + 1 : 32;
	int code = prepare(file, member, true, *width, (void **)out, error);
	rmb_member_matrix(member, &rows, &columns);
	struct whole whole = { .member = member, .columns = columns, .text = code ? NULL : *out, .width = *width };
	if (!code)
		code = text ? each_tile(file, member, take_texts, &whole, error) : rmb_load_doubles(file, member, &number, error);
	for (int64_t i = 0; !code && !text && i < member->count; i++)
		snprintf(*out + (size_t)i * *width, *width, "%.15g", number[i]);
	return code ? code : tidy(file->arena, *out, member->count, width, error);
}

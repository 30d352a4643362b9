/* load/npy.c -- NumPy's .npy: one array.
 *
 * "\x93NUMPY", two bytes of version (1.0, 2.0 or 3.0), the length of the header (2 bytes little-endian, from version 2 on 4),
 * the header, the items. The header is a Python dictionary such as
 *     {'descr': '<f4', 'fortran_order': False, 'shape': (219, 2000), }
 * with its three keys in any order, any spacing, and sizes like 5L from Python 2. It is parsed as exactly that and nothing
 * more; it is never evaluated. Types: b1, i and u of 1, 2, 4, 8 bytes, f of 2, 4, 8 bytes, either byte order, and the texts S
 * and U. Objects are pickles, that is programs, and are refused; so are records and complex numbers. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "load/format.h"

static const char magic[] = "\x93NUMPY";

/* ---- the header ---- */

struct cursor { const char *at, *end; };

static void
blanks(struct cursor *c)
{
	while (c->at < c->end && strchr(" \t\n", *c->at) && *c->at)
		c->at++;
}

/* Skips blanks and takes `token` if it comes next. */
static bool
take(struct cursor *c, const char *token)
{
	size_t n = strlen(token);
	blanks(c);
	if ((size_t)(c->end - c->at) < n || memcmp(c->at, token, n) != 0)
		return false;
	c->at += n;
	return true;
}

/* 'text' or "text" without escapes, into text[room]. */
static bool
quoted(struct cursor *c, char *text, size_t room)
{
	size_t n = 0;
	blanks(c);
	if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
		return false;
	char quote = *c->at++;
	while (c->at < c->end && *c->at != quote && *c->at != '\\' && *c->at >= 32 && n + 1 < room)
		text[n++] = *c->at++;
	text[n] = 0;
	return c->at < c->end && *c->at++ == quote;
}

/* Up to 19 digits and perhaps an L. Too large for int64_t: INT64_MAX, which no limit lets pass. */
static bool
whole(struct cursor *c, int64_t *value)
{
	const char *start;
	blanks(c);
	start = c->at;
	for (*value = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
		if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, *c->at - '0', value))
			*value = INT64_MAX / 10 * 10;
	if (c->at == start)
		return false;
	take(c, "L");
	return true;
}

/* (), (5,), (5, 7), (5L, 7L,). Axes beyond the fourth are counted, not kept. */
static bool
shape(struct cursor *c, struct rmb_member *m)
{
	int64_t n;
	if (!take(c, "("))
		return false;
	for (m->naxes = 0; !take(c, ")"); ) {
		if (m->naxes == 64 || !whole(c, &n))
			return false;
		if (m->naxes < RMB_MEMBER_AXES)
			m->axis[m->naxes] = n;
		m->naxes++;
		if (!take(c, ","))
			return m->naxes > 1 && take(c, ")");
	}
	return true;
}

/* The value of descr, as text; a list (a record) is only recognised. */
static bool
descr(struct cursor *c, char *type, size_t room)
{
	if (quoted(c, type, room))
		return true;
	if (!take(c, "["))
		return false;
	strcpy(type, "[");
	for (int depth = 1; depth > 0 && c->at < c->end; c->at++)
		depth += *c->at == '[' ? 1 : *c->at == ']' ? -1 : 0;
	return true;
}

static bool
truth(struct cursor *c, bool *value)
{
	*value = take(c, "True");
	return *value || take(c, "False");
}

/* The whole dictionary: three keys, each once. */
static bool
dictionary(struct cursor *c, struct rmb_member *m, char *type, size_t room)
{
	unsigned seen = 0;
	char key[16];
	if (!take(c, "{"))
		return false;
	while (!take(c, "}")) {
		if (!quoted(c, key, sizeof key) || !take(c, ":"))
			return false;
		unsigned bit = strcmp(key, "descr") == 0           ? 1
		               : strcmp(key, "fortran_order") == 0 ? 2
		               : strcmp(key, "shape") == 0         ? 4
		                                                   : 8;
		if (seen & bit || bit == 8)
			return false;
		if (!(bit == 1 ? descr(c, type, room) : bit == 2 ? truth(c, &m->fortran) : shape(c, m)))
			return false;
		seen |= bit;
		if (!take(c, ",")) {
			if (!take(c, "}"))
				return false;
			break;
		}
	}
	blanks(c);
	while (c->at < c->end && *c->at == 0) /* some writers pad with NULs */
		c->at++;
	return seen == 7 && c->at == c->end;
}

/* Letters of descr: what they are, and the sizes that are read (0 ends). */
static const struct {
	char letter;
	enum rmb_number number;
	const char *name;
	size_t size[5];
} kinds[] = {
	{ 'b', RMB_BOOLEAN, "bool", { 1 } },
	{ 'i', RMB_SIGNED, "int", { 1, 2, 4, 8 } },
	{ 'u', RMB_UNSIGNED, "uint", { 1, 2, 4, 8 } },
	{ 'f', RMB_FLOATING, "float", { 2, 4, 8 } },
};

/* Type, item size and byte order from descr: one of "<>|=", a letter, a size. Type NULL: no memory. */
static bool
type_of(struct rmb_arena *arena, const char *text, struct rmb_member *m)
{
	const uint16_t one = 1;
	bool little = *(const unsigned char *)&one == 1;
	m->type = rmb_load_printable(arena, text, strlen(text));
	m->item = 1;
	if (*text == '[') {
		m->type = "records";
		m->refusal =
			"holds records (a structured type), which rumble does not read: save each field as an array of its own";
	} else if (text[0] && text[1] == 'O') {
		m->type = "Python objects";
		m->refusal =
			"holds Python objects, that is a pickle, which is code and is not loaded: save it as plain numbers, for "
			"example with np.save(name, np.asarray(x, float)) or as text with dtype str";
	} else if (text[0] && (text[1] == 'M' || text[1] == 'm')) {
		m->type = "dates or durations";
		m->refusal = "holds dates or durations, which rumble does not read: save them as seconds, as in (x - x[0]) / "
		             "np.timedelta64(1, 's')";
	}
	if (m->refusal || !m->type)
		return m->type != NULL;
	char *end = NULL;
	bool formed = text[0] && strchr("<>|=", text[0]) && text[1] && text[2] >= '0' && text[2] <= '9';
	unsigned long size = formed ? strtoul(text + 2, &end, 10) : 0;
	if (!end || *end || size < 1 || size > 4096)
		return false;
	m->item = size;
	m->swapped = text[0] == (little ? '>' : '<');
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		for (const size_t *s = kinds[i].size; kinds[i].letter == text[1] && *s; s++)
			if (*s == size) {
				m->number = kinds[i].number;
				m->type = kinds[i].number == RMB_BOOLEAN
				                  ? "bool"
				                  : rmb_arena_printf(arena, "%s%zu", kinds[i].name, size * 8);
			}
	if ((text[1] == 'U' && size <= 1024) || text[1] == 'S') {
		m->number = text[1] == 'U' ? RMB_UTF32 : RMB_BYTES;
		m->type = rmb_arena_printf(arena, "text of %lu characters", size);
		m->item = text[1] == 'U' ? size * 4 : size;
	} else if (m->number == RMB_NO_NUMBER) {
		m->refusal = rmb_arena_printf(arena, "has the type %s, which rumble does not read: save it as float32 or float64",
		                              m->type);
		m->type = m->refusal ? m->type : NULL;
	}
	return m->type != NULL;
}

int
rmb_npy_header(struct rmb_arena *arena, const char *what, const unsigned char *bytes, size_t n, int64_t size,
               struct rmb_member *m, struct rmb_error *error)
{
	char type[256];
	size_t least = n > 6 && bytes[6] > 1 ? 12 : 10;
	if (n < least)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s is truncated: found %" PRId64 " bytes, the beginning of an .npy array; an empty one has "
		                     "64 or more, and how many this one needs is said by the header that is missing",
		                     what, size);
	if (memcmp(bytes, magic, 6) != 0)
		return rmb_error_set(error, RMB_EINPUT, "%s is not an .npy array: it does not begin with \\x93NUMPY", what);
	if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: version %d.%d of the .npy format is unknown; rumble reads 1.0, 2.0 and 3.0", what,
		                     bytes[6], bytes[7]);
	uint64_t length = (uint64_t)bytes[8] | (uint64_t)bytes[9] << 8;
	if (bytes[6] > 1)
		length |= (uint64_t)bytes[10] << 16 | (uint64_t)bytes[11] << 24;
	if (length > RMB_NPY_HEADER_MAX - 12)
		return rmb_error_set(error, RMB_EINPUT, "%s: an .npy header of %" PRIu64 " bytes; rumble reads up to 65536", what,
		                     length);
	if (n < least + length)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s is truncated: the .npy header ends at byte %" PRIu64 ", the file at %" PRId64, what,
		                     least + length, size);
	struct cursor c = { (const char *)bytes + least, (const char *)bytes + least + length };
	if (!dictionary(&c, m, type, sizeof type))
		return rmb_error_set(error, RMB_EINPUT, "%s: the .npy header is damaged near its byte %td", what,
		                     c.at - (const char *)bytes);
	if (m->naxes > RMB_MEMBER_AXES)
		return rmb_error_set(error, RMB_EINPUT, "%s: an array with %d axes; rumble reads up to %d", what, m->naxes,
		                     RMB_MEMBER_AXES);
	bool known = type_of(arena, type, m);
	if (!m->type)
		return rmb_error_nomem(error, what);
	if (!known)
		return rmb_error_set(error, RMB_EINPUT, "%s: the type in the .npy header ('%s') is damaged", what,
		                     rmb_load_printable(arena, type, strlen(type)));
	m->at = (int64_t)(least + length);
	int code = rmb_member_measure(arena, what, m, error);
	int64_t expected;
	if (!code && m->refusal && strcmp(m->type, "Python objects") == 0)
		m->pickle = size - m->at;
	if (code || m->refusal)
		return code;
	if (__builtin_mul_overflow(m->count, (int64_t)m->item, &expected) || __builtin_add_overflow(expected, m->at, &expected))
		return rmb_error_set(error, RMB_ELIMIT, "%s: a shape of %s is too large", what, rmb_member_shape(arena, m));
	if (expected != size)
		return rmb_error_set(
			error, RMB_EINPUT, "%s is %s: %s of %s need %" PRId64 " bytes with the header, found %" PRId64, what,
			size < expected ? "truncated" : "damaged", rmb_member_shape(arena, m), m->type, expected, size);
	return 0;
}

/* ---- the file ---- */

struct npy { int fd; struct rmb_member member; };

static void
npy_close(struct rmb_load_file *file)
{
	close(((struct npy *)file->handle)->fd);
}

/* Reads n bytes at `at`, or says what is missing. */
static int
read_at(struct rmb_load_file *file, int fd, void *to, size_t n, int64_t at, struct rmb_error *error)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(fd, (char *)to + done, n - done, (off_t)at + (off_t)done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return rmb_error_set(error, RMB_EINPUT, "cannot read %s: %s", file->path, strerror(errno));
		if (got == 0)
			return rmb_error_set(error, RMB_EINPUT,
			                     "%s is truncated: it ends at byte %" PRId64 ", %" PRId64 " were expected (does "
			                     "something still write it?)",
			                     file->path, at + (int64_t)done, at + (int64_t)n);
		done += (size_t)got;
	}
	return 0;
}

static int
npy_open(struct rmb_load_file *file, struct rmb_error *error)
{
	size_t n = file->size < RMB_NPY_HEADER_MAX ? (size_t)file->size : RMB_NPY_HEADER_MAX;
	struct npy *npy = rmb_arena_alloc(file->arena, 1, sizeof *npy);
	unsigned char *head = rmb_arena_alloc(file->arena, n, 1);
	if (!npy || !head)
		return rmb_error_nomem(error, file->path);
	file->handle = npy;
	npy->fd = open(file->path, O_RDONLY | O_CLOEXEC);
	if (npy->fd < 0)
		return rmb_error_set(error, RMB_EINPUT, "cannot open %s: %s", file->path, strerror(errno));
	npy->member.name = "array";
	int code = read_at(file, npy->fd, head, n, 0, error);
	if (!code)
		code = rmb_npy_header(file->arena, file->path, head, n, file->size, &npy->member, error);
	if (code)
		npy_close(file);
	return code;
}

/* An array in a file of its own has no name; not that of the file, on which no result may depend. */
static int
npy_find(struct rmb_load_file *file, const char *name, const struct rmb_member **member, struct rmb_error *error)
{
	struct npy *npy = file->handle;
	(void)error;
	*member = strcmp(name, npy->member.name) == 0 ? &npy->member : NULL;
	return 0;
}

static int
npy_list(struct rmb_load_file *file, const struct rmb_member **member, int room, int *n, struct rmb_error *error)
{
	(void)error;
	*n = 1;
	if (room > 0)
		*member = &((struct npy *)file->handle)->member;
	return 0;
}

static int
npy_read(struct rmb_load_file *file, const struct rmb_member *m, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns,
         void *raw, struct rmb_error *error)
{
	int64_t rows, columns;
	rmb_member_matrix(m, &rows, &columns);
	return read_at(file, ((struct npy *)file->handle)->fd, raw, (size_t)(nrows * ncolumns) * m->item,
	               m->at + (row * columns + column) * (int64_t)m->item, error);
}

static bool
npy_place(struct rmb_load_file *file, const struct rmb_member *m, struct rmb_load_place *place)
{
	return rmb_load_placed(file, m, m->at, place);
}

static enum rmb_sureness
npy_recognises(const struct rmb_load_probe *probe)
{
	return rmb_probe_begins(probe, 0, magic, 6) ? RMB_SURELY : RMB_NOT_MINE;
}

const struct rmb_format rmb_format_npy = {
	.name = "npy",
	.title = "NumPy .npy",
	.recognises = npy_recognises,
	.open = npy_open,
	.close = npy_close,
	.find = npy_find,
	.list = npy_list,
	.read = npy_read,
	.place = npy_place,
};

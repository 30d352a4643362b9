/* load/matlab_claims.c -- the skeleton of a MATLAB variable: an element is a tag and its bytes, and a matrix is elements again.
 * Numbers are passed over; of a packed variable only as much is unpacked as its cells and structs need. (MathWorks, MAT-File
 * Format, R2019b, chapter 1.) */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include "load/leaves.h"
#include "load/matlab_claims.h"

enum { WHOLE = 5, FLAGS = 6, MATRIX = 14, PACKED = 15, CELL = 1, STRUCT = 2, OBJECT = 3, MOST_AXES = 32, BUFFER = 16384 };

struct source {
	const char *path;
	int fd;
	int64_t at, end, first;     /* what is next, where the variable ends and began */
	bool little, packed;
	z_stream z;
	unsigned char in[BUFFER], waste[BUFFER];
	struct rmb_error *error;
};

uint32_t
rmb_matlab_number(const unsigned char *bytes, bool little)
{
	uint32_t n = 0;
	for (int i = 0; i < 4; i++)
		n |= (uint32_t)bytes[i] << (little ? 8 * i : 24 - 8 * i);
	return n;
}

static int
damaged(const struct source *s)
{
	return rmb_error_set(s->error, RMB_EINPUT,
	                     "%s is a truncated or damaged MATLAB file: its variable at byte %" PRId64
	                     " is not whole, or has cells or "
	                     "structs with more parts than fit into it",
	                     s->path, s->first);
}

static bool
unpack(struct source *s, unsigned char *to, size_t n)
{
	s->z.next_out = to;
	s->z.avail_out = (unsigned)n;
	while (s->z.avail_out > 0) {
		if (s->z.avail_in == 0) {
			int64_t left = s->end - s->at < BUFFER ? s->end - s->at : BUFFER;
			ssize_t got = left > 0 ? pread(s->fd, s->in, (size_t)left, (off_t)s->at) : 0;
			if (got <= 0)
				return false;
			s->at += got;
			s->z.next_in = s->in;
			s->z.avail_in = (unsigned)got;
		}
		int status = inflate(&s->z, Z_SYNC_FLUSH);
		if (status != Z_OK && (status != Z_STREAM_END || s->z.avail_out > 0))
			return false;
	}
	return true;
}

/* The next n bytes, at most BUFFER of them. */
static bool
take(struct source *s, unsigned char *to, int64_t n)
{
	if (s->packed)
		return unpack(s, to, (size_t)n);
	if (s->end - s->at < n || pread(s->fd, to, (size_t)n, (off_t)s->at) != (ssize_t)n)
		return false;
	s->at += n;
	return true;
}

static bool
pass(struct source *s, int64_t n)
{
	if (!s->packed) {
		s->at += n;
		return s->at <= s->end;
	}
	for (; n > BUFFER; n -= BUFFER)
		if (!unpack(s, s->waste, BUFFER))
			return false;
	return unpack(s, s->waste, (size_t)n);
}

/* A tag; bytes that are few stand in it. */
struct element { uint32_t type; int64_t n; bool in_tag; unsigned char bytes[4]; };

static bool
next_element(struct source *s, int64_t *room, struct element *e)
{
	unsigned char tag[RMB_MATLAB_TAG];
	if (*room < RMB_MATLAB_TAG || !take(s, tag, sizeof tag))
		return false;
	uint32_t first = rmb_matlab_number(tag, s->little);
	*room -= RMB_MATLAB_TAG;
	e->in_tag = first >> 16 != 0;
	e->type = e->in_tag ? first & 0xffff : first;
	e->n = e->in_tag ? first >> 16 : rmb_matlab_number(tag + 4, s->little);
	memcpy(e->bytes, tag + 4, sizeof e->bytes);
	return e->n <= (e->in_tag ? (int64_t)sizeof e->bytes : *room);
}

/* The bytes of an element that is no matrix, the first `most` of them into `to`; what fills them up to eight goes, too. */
static bool
bytes_of(struct source *s, int64_t *room, const struct element *e, unsigned char *to, int64_t most)
{
	int64_t kept = e->n < most ? e->n : most, all = (e->n + 7) / 8 * 8;
	memset(to, 0, (size_t)most);
	if (e->in_tag) {
		memcpy(to, e->bytes, (size_t)kept);
		return true;
	}
	all = all < *room ? all : *room;
	*room -= all;
	return take(s, to, kept) && pass(s, all - kept);
}

/* How many matrices the cell or struct holds, of what comes before them; -1: it cannot be told. */
static int64_t
parts_of(struct source *s, int class, int64_t *room)
{
	unsigned char axes[4 * MOST_AXES], name[4];
	struct element e;
	int64_t parts = 1, fields = 1;
	if (!next_element(s, room, &e) || e.type != WHOLE || e.in_tag || e.n % 4 || e.n > (int64_t)sizeof axes ||
	    !bytes_of(s, room, &e, axes, sizeof axes))
		return -1;
	for (int64_t i = 0; i < e.n / 4; i++)
		if (__builtin_mul_overflow(parts, (int64_t)rmb_matlab_number(axes + 4 * i, s->little), &parts))
			return -1;
	for (int names = 0; names < (class == OBJECT ? 2 : 1); names++) /* of the variable, of its class */
		if (!next_element(s, room, &e) || !bytes_of(s, room, &e, name, sizeof name))
			return -1;
	if (class != CELL) {
		if (!next_element(s, room, &e) || e.type != WHOLE || e.n != 4 || !bytes_of(s, room, &e, name, sizeof name))
			return -1;
		uint32_t length = rmb_matlab_number(name, s->little);
		if (!next_element(s, room, &e) || !bytes_of(s, room, &e, name, sizeof name))
			return -1;
		fields = length > 0 ? e.n / length : 0;
	}
	return __builtin_mul_overflow(parts, fields, &parts) ? -1 : parts;
}

/* A matrix of n bytes, behind its tag. What stands where must be what MATLAB writes there: matio does not look, and would take
 * other bytes for the numbers. */
static int
go_through(struct source *s, int64_t n, int depth)
{
	unsigned char flags[8];
	struct element e;
	int64_t room = n;
	if (n == 0)
		return 0;
	if (depth > RMB_LEAF_DEEPEST)
		return rmb_error_set(s->error, RMB_ELIMIT,
		                     "%s: its variable at byte %" PRId64 " has more parts within parts than rumble reads",
		                     s->path, s->first);
	if (!next_element(s, &room, &e) || e.type != FLAGS || e.n != sizeof flags || !bytes_of(s, &room, &e, flags, sizeof flags))
		return damaged(s);
	int class = (int)(rmb_matlab_number(flags, s->little) & 0xff), code = 0;
	if (class != CELL && class != STRUCT && class != OBJECT)
		return depth == 0 || pass(s, room) ? 0 : damaged(s);
	int64_t parts = parts_of(s, class, &room);
	if (parts < 0 || parts > room / RMB_MATLAB_TAG)
		return damaged(s);
	for (int64_t i = 0; i < parts && !code; i++) {
		if (!next_element(s, &room, &e) || e.in_tag || e.type != MATRIX)
			return damaged(s);
		room -= e.n;
		code = go_through(s, e.n, depth + 1);
	}
	return code ? code : pass(s, room) ? 0 : damaged(s);
}

int
rmb_matlab_claims(const char *path, int fd, int64_t at, bool little, struct rmb_error *error)
{
	unsigned char tag[RMB_MATLAB_TAG];
	struct source s = { .path = path, .fd = fd, .at = at, .first = at, .end = INT64_MAX, .little = little, .error = error };
	struct element e;
	int64_t room = INT64_MAX;
	if (pread(fd, tag, sizeof tag, (off_t)at) != (ssize_t)sizeof tag)
		return damaged(&s);
	uint32_t type = rmb_matlab_number(tag, little);
	if (type != MATRIX && type != PACKED)
		return 0;
	s.end = at + RMB_MATLAB_TAG + rmb_matlab_number(tag + 4, little);
	s.packed = type == PACKED;
	if (!s.packed)
		return next_element(&s, &room, &e) ? go_through(&s, e.n, 0) : damaged(&s);
	s.at += RMB_MATLAB_TAG;
	if (inflateInit(&s.z) != Z_OK)
		return rmb_error_nomem(error, path);
	int code = !next_element(&s, &room, &e) ? damaged(&s) : e.type == MATRIX ? go_through(&s, e.n, 0) : 0;
	inflateEnd(&s.z);
	return code;
}

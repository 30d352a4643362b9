/* load/matlab.c -- MATLAB files of the versions 4, 5, 6 and 7, through matio. (v7.3 is HDF5.)
 *
 * Members as leaves.h says: a 1 x N cell `times` of spike times loads with `spikes: times`, and
 * spikes{day}{epoch}{tetrode}{cell}.time with `spikes: spikes.time`. Complex and sparse arrays and functions are refused by name.
 * matio is not safe against malicious files: the process that reads is one of its own. */
#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <matio.h>
#include <string.h>
#include <unistd.h>
#include "load/leaves.h"
#include "load/matlab_claims.h"

struct matlab {
	mat_t *mat;
	struct rmb_leaves leaves;
};

static const struct { enum matio_classes class; enum rmb_number number; size_t item; const char *type;
} numeric[] = {
	{ MAT_C_DOUBLE, RMB_FLOATING, 8, "double" }, { MAT_C_SINGLE, RMB_FLOATING, 4, "single" },
	{ MAT_C_INT8, RMB_SIGNED, 1, "int8" },       { MAT_C_INT16, RMB_SIGNED, 2, "int16" },
	{ MAT_C_INT32, RMB_SIGNED, 4, "int32" },     { MAT_C_INT64, RMB_SIGNED, 8, "int64" },
	{ MAT_C_UINT8, RMB_UNSIGNED, 1, "uint8" },   { MAT_C_UINT16, RMB_UNSIGNED, 2, "uint16" },
	{ MAT_C_UINT32, RMB_UNSIGNED, 4, "uint32" }, { MAT_C_UINT64, RMB_UNSIGNED, 8, "uint64" },
};

/* ---- walking through a variable */

struct walk {
	struct rmb_load_file *file;
	char name[RMB_LEAF_NAME];   /* of where it stands */
	void *self;
	int (*visit)(void *self, const char *name, const matvar_t *leaf, bool list, struct rmb_error *error);
	struct rmb_error *error;
};

static int64_t
count_of(const matvar_t *v)
{
	int64_t n = 1;
	for (int i = 0; i < v->rank; i++)
		if (v->dims[i] > (size_t)INT64_MAX || __builtin_mul_overflow(n, (int64_t)v->dims[i], &n))
			return -1;
	return n;
}

/* Every leaf below v, in MATLAB's order; not by recursion through what a file says without an end. */
static int
walk_through(struct walk *w, matvar_t *v, int depth, bool list)
{
	size_t length = strlen(w->name);
	int64_t n = v ? count_of(v) : 0;
	int code = 0;
	if (!v || n < 0 || depth > RMB_LEAF_DEEPEST ||
	    n > RMB_LEAF_PARTS * (int64_t)(v->class_type != MAT_C_CELL && v->class_type != MAT_C_STRUCT ? 1 << 20 : 1))
		return v ? rmb_error_set(w->error, RMB_ELIMIT,
		                         "%s: '%s' has more parts, or parts within parts, than rumble reads", w->file->path,
		                         w->name)
		         : 0;
	if (v->class_type == MAT_C_CELL)
		for (int64_t i = 0; i < n && !code && v->data; i++)
			code = walk_through(w, Mat_VarGetCell(v, (int)i), depth + 1, true);
	else if (v->class_type == MAT_C_STRUCT) {
		unsigned nfields = Mat_VarGetNumberOfFields(v);
		char *const *field = Mat_VarGetStructFieldnames(v);
		for (int64_t i = 0; i < n && !code && v->data && field; i++)
			for (unsigned f = 0; f < nfields && !code; f++) {
				code = rmb_leaf_below(w->file, w->name, length, field[f], w->error);
				if (!code)
					code = walk_through(w, Mat_VarGetStructFieldByIndex(v, f, (size_t)i), depth + 1,
					                    list || n > 1);
				w->name[length] = '\0';
			}
	} else
		code = w->visit(w->self, w->name, v, list, w->error);
	return code;
}

/* ---- members */

/* How the items of a leaf lie; refusal set if they cannot be read. */
static struct rmb_member
shape_of(const matvar_t *v)
{
	struct rmb_member m = { .type = "MATLAB text, function or object", .item = 1, .fortran = true, .naxes = v->rank };
	for (size_t i = 0; i < sizeof numeric / sizeof *numeric; i++)
		if (numeric[i].class == v->class_type) {
			m.number = v->isLogical ? RMB_BOOLEAN : numeric[i].number;
			m.item = numeric[i].item;
			m.type = v->isLogical ? "logical" : numeric[i].type;
		}
	if (v->class_type == MAT_C_CHAR) {
		m.number = RMB_BYTES;
		m.item = RMB_LEAF_TEXT;
	}
	m.refusal = v->class_type == MAT_C_SPARSE ? "is a sparse array: save full(x)"
	            : m.number == RMB_BYTES && count_of(v) > 0 && (v->rank != 2 || v->dims[0] != 1) ? "is text of several lines"
	            : m.number == RMB_NO_NUMBER ? "is a MATLAB function, object or table: save its numbers as arrays"
	            : v->isComplex              ? "is complex: save its real part or its modulus"
	            : v->rank > RMB_MEMBER_AXES ? "has more than four axes"
	                                        : NULL;
	m.type = v->class_type == MAT_C_SPARSE ? "sparse" : v->class_type == MAT_C_CHAR ? "text" : m.type;
	for (int i = 0; i < v->rank && i < RMB_MEMBER_AXES; i++)
		m.axis[i] = (int64_t)v->dims[i];
	m.naxes = m.refusal ? 0 : m.naxes;
	return m;
}

/* top: the variable; bytes: of what it holds so far. */
struct listing { struct rmb_load_file *file; struct matlab *matlab; const char *top; int64_t bytes; };

/* A variable is unpacked as a whole: of a small file one this large is a trap, of a large one it is only unwise. */
static void
judge_size(struct listing *l, struct rmb_member *shape, int64_t n)
{
	int64_t bytes;
	if (__builtin_mul_overflow(n > 0 ? n : 0, (int64_t)shape->item, &bytes) || __builtin_add_overflow(l->bytes, bytes, &l->bytes) ||
	    (l->bytes > RMB_UNPACKED_BYTES && l->file->size < l->bytes / RMB_PLAUSIBLE_RATIO)) {
		shape->refusal = "is packed so tightly that a small file would take all memory: save it with `save(..., '-v7.3')`, "
				 "which is read in pieces";
		shape->naxes = 0;
	}
}

static int
note_leaf(void *self, const char *name, const matvar_t *leaf, bool list, struct rmb_error *error)
{
	struct listing *l = self;
	struct rmb_member shape = shape_of(leaf);
	int64_t n = count_of(leaf);
	judge_size(l, &shape, n);
	return rmb_leaves_note(l->file, &l->matlab->leaves, name, l->top, list, &shape, shape.number == RMB_BYTES ? n > 0 : n,
	                       error);
}

/* Headers of all variables; no samples are read. */
static int
list_variables(struct rmb_load_file *file, struct matlab *h, struct rmb_error *error)
{
	struct listing listing = { .file = file, .matlab = h };
	struct walk walk = { .file = file, .self = &listing, .visit = note_leaf, .error = error };
	int code = 0;
	for (matvar_t *v; !code && (v = Mat_VarReadNextInfo(h->mat)); Mat_VarFree(v)) {
		if (!v->name || strncmp(v->name, "__", 2) == 0)
			continue;
		listing.bytes = 0;
		listing.top = rmb_arena_strdup(file->arena, v->name);
		code = listing.top ? rmb_leaf_below(file, walk.name, 0, v->name, error) : rmb_error_nomem(error, file->path);
		if (!code)
			code = walk_through(&walk, v, 0, false);
	}
	return code;
}

/* ---- reading */

struct filling { struct rmb_load_file *file; struct rmb_leaf_reading reading; };

/* Characters as UTF-8 in text[RMB_LEAF_TEXT * 4 + 1]; NULL: they are not of a kind that is read. */
static char *
text_of(const matvar_t *leaf, char *text)
{
	size_t unit = leaf->data_size == 2 ? 2 : 1, n = leaf->data ? leaf->nbytes / unit : 0;
	char *to = text;
	n = n < RMB_LEAF_TEXT ? n : RMB_LEAF_TEXT;
	if (leaf->data_size != 1 && leaf->data_size != 2 && n > 0)
		return NULL;
	memset(text, 0, RMB_LEAF_TEXT * 4 + 1);
	if (unit == 1)
		return memcpy(text, leaf->data ? leaf->data : "", n);
	for (size_t i = 0; i < n; i++) {
		uint16_t point;
		memcpy(&point, (const unsigned char *)leaf->data + 2 * i, 2);
		to += rmb_encode_utf8(point, to);
	}
	return text;
}

/* One leaf of the name that is wanted. */
static int
take_leaf(void *self, const char *name, const matvar_t *leaf, bool list, struct rmb_error *error)
{
	struct filling *f = self;
	int64_t n = count_of(leaf);
	struct rmb_member shape = shape_of(leaf);
	(void)list;
	if (strcmp(name, f->reading.leaf->name) != 0)
		return 0;
	if (shape.number == RMB_BYTES && !shape.refusal && n >= 0) {
		char room[RMB_LEAF_TEXT * 4 + 1], *text = text_of(leaf, room);
		return rmb_leaves_take(f->file, &f->reading, &shape, text, text ? (int64_t)strlen(text) : -1, error);
	}
	bool whole = n >= 0 && !shape.refusal && leaf->nbytes / shape.item >= (size_t)n &&
	             (n == 0 || (leaf->data && (size_t)leaf->data_size == shape.item));
	return rmb_leaves_take(f->file, &f->reading, &shape, leaf->data, whole ? n : -1, error);
}

static int
fill(struct rmb_load_file *file, const struct rmb_member *member, void *items, struct rmb_error *error)
{
	struct matlab *h = *rmb_gathered_own(file);
	struct filling filling = { .file = file };
	struct walk walk = { .file = file, .self = &filling, .visit = take_leaf, .error = error };
	int code = rmb_leaves_begin(file, &h->leaves, member, items, &filling.reading, error);
	if (!code)
		code = rmb_leaf_below(file, walk.name, 0, filling.reading.leaf->top, error);
	matvar_t *v = code ? NULL : Mat_VarRead(h->mat, filling.reading.leaf->top);
	if (!code)
		code = v ? walk_through(&walk, v, 0, false)
		         : rmb_error_set(error, RMB_EINPUT, "%s: '%s' cannot be read; the file is truncated or damaged",
		                         file->path, member->name);
	Mat_VarFree(v);
	return code ? code : rmb_leaves_end(file, &filling.reading, error);
}

/* Since version 5 a file is a header of 128 bytes and elements that say how long they are: the last one must end where the file
 * does. matio stops quietly where a file was cut off, and believes what its cells and structs claim. */
static int
check_elements(struct rmb_load_file *file, struct rmb_error *error)
{
	unsigned char head[128], tag[RMB_MATLAB_TAG];
	int64_t at = sizeof head;
	int fd = open(file->path, O_RDONLY | O_CLOEXEC), code = 0;
	bool whole = fd >= 0 && pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head;
	bool little = whole && memcmp(head + 124, "\0\1IM", 4) == 0,
	     five = little || (whole && memcmp(head + 124, "\1\0MI", 4) == 0);
	while (five && whole && at < file->size && !code) {
		whole = pread(fd, tag, sizeof tag, (off_t)at) == (ssize_t)sizeof tag;
		int64_t end = whole ? at + RMB_MATLAB_TAG + rmb_matlab_number(tag + 4, little) : file->size;
		if (whole && end <= file->size)
			code = rmb_matlab_claims(file->path, fd, at, little, error);
		at = end;
	}
	if (fd >= 0)
		close(fd);
	if (!code && five && (!whole || at != file->size))
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s is a truncated or damaged MATLAB file: its last variable ends at byte %" PRId64
		                     ", the file at %" PRId64,
		                     file->path, at, file->size);
	return code;
}

static void
matlab_close(struct rmb_load_file *file)
{
	struct matlab *h = *rmb_gathered_own(file);
	if (h && h->mat)
		Mat_Close(h->mat);
	rmb_gathered_close(file);
}

static int
matlab_open(struct rmb_load_file *file, struct rmb_error *error)
{
	int code = rmb_gathered_make(file, error);
	struct matlab *h = rmb_arena_alloc(file->arena, 1, sizeof *h);
	if (!code)
		code = h ? rmb_leaves_make(file, &h->leaves, error) : rmb_error_nomem(error, file->path);
	if (code)
		return code;
	*rmb_gathered_own(file) = h;
	if ((code = check_elements(file, error)))
		return code;
	h->mat = Mat_Open(file->path, MAT_ACC_RDONLY);
	if (!h->mat)
		code = rmb_error_set(error, RMB_EINPUT, "%s cannot be read as a MATLAB file; it is truncated or damaged",
		                     file->path);
	if (!code)
		code = list_variables(file, h, error);
	for (int i = 0; i < h->leaves.n && !code; i++)
		code = rmb_leaves_members(file, &h->leaves.leaf[i], fill, error);
	if (!code && h->leaves.n == 0)
		code = rmb_error_set(error, RMB_EINPUT,
		                     "%s holds no variable that can be read; it is empty, truncated or damaged", file->path);
	if (code)
		matlab_close(file);
	return code;
}

/* Version 4 has no mark: a variable begins with its kind, rows, columns, whether it is complex, and the length of the name behind
 * them, which ends with a NUL. */
static bool
looks_like_version_4(const struct rmb_load_probe *probe)
{
	uint32_t field[2][5] = { { 0 } };
	for (size_t i = 0; i < 20 && probe->n > 20; i++) {
		field[0][i / 4] |= (uint32_t)probe->head[i] << 8 * (i % 4);
		field[1][i / 4] |= (uint32_t)probe->head[i] << (24 - 8 * (i % 4));
	}
	for (int big = 0; big < 2; big++) {
		const uint32_t *f = field[big];
		bool kind = f[0] / 1000 == (uint32_t)big && f[0] / 100 % 10 == 0 && f[0] / 10 % 10 <= 5 && f[0] % 10 <= 2;
		if (!kind || f[1] > INT32_MAX || f[2] > INT32_MAX || f[3] > 1 || f[4] < 2 || f[4] > 64 || probe->n < 20 + f[4] ||
		    probe->head[19 + f[4]])
			continue;
		bool name = true;
		for (uint32_t i = 0; i + 1 < f[4]; i++)
			name &= (bool)(isalnum(probe->head[20 + i]) || probe->head[20 + i] == '_');
		if (name)
			return true;
	}
	return false;
}

static enum rmb_sureness
matlab_recognises(const struct rmb_load_probe *probe)
{
	if (rmb_probe_begins(probe, 0, "MATLAB 5.0 MAT-file", 19))
		return RMB_SURELY;
	return looks_like_version_4(probe) ? RMB_LIKELY : probe->folder ? RMB_NOT_MINE : RMB_IF_ASKED;
}

const struct rmb_format rmb_format_matlab = {
	.name = "matlab",
	.title = "MATLAB",
	.holds_lists = true,
	.recognises = matlab_recognises,
	.open = matlab_open,
	.close = matlab_close,
	.find = rmb_gathered_find,
	.list = rmb_gathered_list,
	.read = rmb_gathered_read,
};

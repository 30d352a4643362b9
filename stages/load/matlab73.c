/* load/matlab73.c -- MATLAB files of version 7.3, which are HDF5 behind a user block.
 *
 * A variable is a dataset with the attribute MATLAB_class, its axes in reverse, so that an array N x T of MATLAB is stored T x
 * N; it is read as N x T. A struct is a group. A cell, and a field of an array of structs, is a dataset of references to
 * objects in /#refs#. Empty arrays have MATLAB_empty and hold their dimensions. Members as leaves.h says, the same as of older
 * versions, but numbers in cells are read from where they lie, piece by piece; paths may be written with dots or slashes.
 * Objects (string, table, datetime), functions and sparse arrays are refused by name. */
#include <hdf5.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "load/hdf5_joined.h"
#include "load/leaves.h"

/* The user block of a file that MATLAB wrote; others of that version are other HDF5. */
static const char title[] = "MATLAB 7.3 MAT-file";
enum { HDF5_AT = 512, CLASS = 32, MOST_OBJECTS = 1 << 18 };

/* A dataset in MATLAB's order. */
struct turned {
	struct rmb_member member;    /* first */
	const struct rmb_member *source;
	struct turned *next;
};
struct matlab73 {
	struct rmb_load_file plain;  /* the same file as HDF5 */
	struct rmb_load_file made;   /* lists */
	struct rmb_leaves leaves;
	struct rmb_joined **joined;  /* [leaves.n] of lists of numbers; NULL: it is none */
	struct turned *first;
};

static enum rmb_sureness
matlab73_recognises(const struct rmb_load_probe *probe)
{
	bool stored = probe->n > HDF5_AT && rmb_probe_begins(probe, HDF5_AT, "\x89HDF\r\n\x1a\n", 8);
	return stored && rmb_probe_begins(probe, 0, title, sizeof title - 1) ? RMB_SURELY : RMB_NOT_MINE;
}

/* ---- walking through a variable ---- */

struct walk {
	struct rmb_load_file *file;
	struct matlab73 *own;
	const char *top;
	char name[RMB_LEAF_NAME];         /* of where it stands */
	int64_t seen;
	bool list, links;                 /* links: some variables are no objects of the file itself */
	int depth;
	struct rmb_leaf_reading *reading; /* NULL: leaves are noted */
	struct rmb_error *error;
	int code;
};

static void walk_through(struct walk *w, hid_t object);

/* What a leaf is to MATLAB; its axes in MATLAB's order. */
static struct rmb_member
shape_of(const struct rmb_dataset *d, bool *empty)
{
	static const char *const numbers[] = { "",      "double", "single", "int8",   "uint8",   "int16", "uint16",
		                               "int32", "uint32", "int64",  "uint64", "logical", "char" };
	struct rmb_member m = d->member;
	char class[CLASS];
	bool known = false;
	rmb_hdf5_text(d->id, "MATLAB_class", class, sizeof class);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		known |= strcmp(class, numbers[i]) == 0;
	*empty = rmb_hdf5_number(d->id, "MATLAB_empty") == 1;
	m.fortran = true;
	for (int i = 0; i < m.naxes; i++)
		m.axis[i] = d->member.axis[m.naxes - 1 - i];
	if (!known) {
		m.refusal = "is a MATLAB object, such as a string or a table, or a function: save its numbers as arrays, texts "
		            "as a cell of characters";
	} else if (strcmp(class, "logical") == 0 && m.item == 1) {
		m.number = RMB_BOOLEAN;
		m.type = "logical";
	}
	else if (strcmp(class, "char") == 0) {
		bool line = *empty || (m.naxes == 2 && m.axis[0] == 1) || m.naxes == 1;
		m.refusal = line ? m.refusal : "is text of several lines";
		m.number = RMB_BYTES;
		m.item = RMB_LEAF_TEXT;
		m.type = "text";
	}
	if (*empty)
		for (int i = 0; i < m.naxes; i++)
			m.axis[i] = 0;
	m.count = *empty ? 0 : m.count;
	m.naxes = m.refusal ? 0 : m.naxes;
	m.item = m.refusal ? 1 : m.item;
	return m;
}

/* A line of characters, which are stored as numbers; of a long one the beginning. */
static int
take_text(struct walk *w, const struct rmb_dataset *d, const struct rmb_member *shape, int64_t n)
{
	const struct rmb_member *m = &d->member;
	char text[RMB_LEAF_TEXT * 4] = "", *to = text;
	unsigned char raw[RMB_LEAF_TEXT * sizeof(double)];
	double point[RMB_LEAF_TEXT];
	int64_t rows, columns;
	rmb_member_matrix(m, &rows, &columns);
	if (n > 0 && (m->refusal || m->number == RMB_BYTES || m->item > sizeof *point || (rows > 1 && columns > 1)))
		return rmb_error_set(w->error, RMB_EINPUT, "%s: '%s' is damaged, or is not what its header says", w->file->path,
		                     m->name);
	n = n < RMB_LEAF_TEXT - 1 ? n : RMB_LEAF_TEXT - 1;
	int code = n <= 0 ? 0 : rmb_format_hdf5.read(&w->own->plain, m, 0, rows > 1 ? n : 1, 0, rows > 1 ? 1 : n, raw, w->error);
	if (!code && n > 0)
		rmb_member_decode(m, raw, n, point);
	for (int64_t i = 0; i < n && !code; i++)
		to += rmb_encode_utf8(point[i] >= 1 && point[i] < 0x110000 ? (uint32_t)point[i] : '?', to);
	return code ? code : rmb_leaves_take(w->file, w->reading, shape, text, to - text, w->error);
}

/* Where the numbers of a list lie. */
static int
note_part(struct walk *w, const struct rmb_dataset *d, int64_t n)
{
	struct matlab73 *own = w->own;
	const struct rmb_leaf *leaf = rmb_leaves_find(&own->leaves, w->name);
	ptrdiff_t i = leaf ? leaf - own->leaves.leaf : -1;
	if (!leaf || !leaf->list)
		return 0;
	if (!own->joined[i] && !(own->joined[i] = rmb_arena_alloc(w->file->arena, 1, sizeof **own->joined)))
		return rmb_error_nomem(w->error, w->name);
	return rmb_joined_add(&own->plain, own->joined[i], d->id, leaf->name, n, w->error);
}

static void
visit(struct walk *w, const struct rmb_dataset *d)
{
	bool empty;
	struct rmb_member shape = shape_of(d, &empty);
	bool text = shape.number == RMB_BYTES;
	int64_t n = shape.refusal ? 0 : shape.count;
	if (!w->reading) {
		w->code = rmb_leaves_note(w->file, &w->own->leaves, w->name, w->top, w->list, &shape, text ? n > 0 : n,
		                          w->error);
		if (!w->code)
			w->code = note_part(w, d, text ? 0 : n);
	} else if (strcmp(w->name, w->reading->leaf->name) == 0)
		w->code = text && !shape.refusal ? take_text(w, d, &shape, n)
		                                 : rmb_leaves_take(w->file, w->reading, &shape, NULL, n, w->error);
}

/* The objects that a cell refers to, in MATLAB's order. */
static void
walk_cell(struct walk *w, const struct rmb_dataset *d)
{
	hid_t space = H5Dget_space(d->id);
	hssize_t n = space >= 0 ? H5Sget_simple_extent_npoints(space) : -1;
	H5Sclose(space);
	hobj_ref_t *reference = n >= 0 && n <= MOST_OBJECTS && !rmb_hdf5_records(&w->own->plain, d)
	                                ? rmb_arena_alloc(w->file->arena, (size_t)n, sizeof *reference)
	                                : NULL;
	if (!reference) {
		w->code = rmb_error_set(w->error, RMB_ELIMIT, "%s: the cell '%s' has more parts than rumble reads, or is damaged",
		                        w->file->path, w->name);
		return;
	}
	if (n > 0 && H5Dread(d->id, H5T_STD_REF_OBJ, H5S_ALL, H5S_ALL, H5P_DEFAULT, reference) < 0)
		w->code = rmb_error_set(w->error, RMB_EINPUT, "%s is truncated or damaged: the cell '%s' cannot be read",
		                        w->file->path, w->name);
	for (hssize_t i = 0; i < n && !w->code; i++) {
		bool list = w->list;
		hid_t part = H5Rdereference2(d->id, H5P_DEFAULT, H5R_OBJECT, &reference[i]);
		w->list = true;
		if (part < 0)
			w->code = rmb_error_set(w->error, RMB_EINPUT, "%s is damaged: part %lld of the cell '%s' is missing",
			                        w->file->path, (long long)i, w->name);
		else {
			walk_through(w, part);
			H5Oclose(part);
		}
		w->list = list;
	}
}

static void
walk_dataset(struct walk *w, hid_t object)
{
	struct rmb_dataset d;
	hid_t type = H5Dget_type(object);
	bool cell = type >= 0 && H5Tequal(type, H5T_STD_REF_OBJ) > 0;
	H5Tclose(type);
	w->code = rmb_hdf5_take(&w->own->plain, object, w->name, &d, w->error);
	if (w->code)
		return;
	if (cell && rmb_hdf5_number(d.id, "MATLAB_empty") != 1)
		walk_cell(w, &d);
	else if (!cell)
		visit(w, &d);
	rmb_hdf5_let_go(&d);
}

static herr_t
field(hid_t group, const char *name, const H5L_info_t *link, void *argument)
{
	struct walk *w = argument;
	size_t length = strlen(w->name);
	hid_t object = link->type == H5L_TYPE_HARD ? H5Oopen(group, name, H5P_DEFAULT) : -1;
	if (object < 0)
		return 0;
	w->code = rmb_leaf_below(w->file, w->name, length, name, w->error);
	if (!w->code)
		walk_through(w, object);
	w->name[length] = '\0';
	H5Oclose(object);
	return w->code ? 1 : 0;
}

static void
walk_through(struct walk *w, hid_t object)
{
	H5I_type_t kind = H5Iget_type(object);
	hsize_t at = 0;
	if (++w->depth > RMB_LEAF_DEEPEST || ++w->seen > MOST_OBJECTS)
		w->code = rmb_error_set(w->error, RMB_ELIMIT, "%s: '%s' has more parts, or parts within parts, than rumble reads",
		                        w->file->path, w->name);
	else if (kind == H5I_DATASET)
		walk_dataset(w, object);
	else if (kind == H5I_GROUP && H5Aexists(object, "MATLAB_sparse") <= 0) {
		if (H5Literate(object, H5_INDEX_NAME, H5_ITER_INC, &at, field, w) < 0 && !w->code)
			w->code = rmb_error_set(w->error, RMB_EINPUT, "%s is truncated or damaged: the fields of '%s' cannot be listed",
			                        w->file->path, w->name);
	} else if (kind == H5I_GROUP && !w->reading) {
		struct rmb_member sparse = { .type = "sparse", .item = 1, .refusal = "is a sparse array: save full(x)" };
		w->code = rmb_leaves_note(w->file, &w->own->leaves, w->name, w->top, w->list, &sparse, 0, w->error);
	}
	w->depth--;
}

/* One variable of the file. */
static herr_t
variable(hid_t root, const char *name, const H5L_info_t *link, void *argument)
{
	struct walk *w = argument;
	w->links |= link->type != H5L_TYPE_HARD;
	if (*name == '#' || link->type != H5L_TYPE_HARD || (w->reading && strcmp(name, w->top) != 0))
		return 0;
	hid_t object = H5Oopen(root, name, H5P_DEFAULT);
	const char *own = w->reading ? w->top : rmb_arena_strdup(w->file->arena, name);
	if (!own)
		w->code = rmb_error_nomem(w->error, name);
	else
		w->code = rmb_leaf_below(w->file, w->name, 0, own, w->error);
	w->top = own;
	if (object >= 0 && !w->code)
		walk_through(w, object);
	if (object >= 0)
		H5Oclose(object);
	return w->code ? 1 : 0;
}

static int
walk_file(struct walk *w)
{
	hsize_t at = 0;
	if (H5Literate(((struct rmb_hdf5 *)w->own->plain.handle)->file, H5_INDEX_NAME, H5_ITER_INC, &at, variable, w) < 0 &&
	    !w->code)
		w->code = rmb_error_set(w->error, RMB_EINPUT, "%s is truncated or damaged: its variables cannot be listed",
		                        w->file->path);
	return w->code;
}

static int
fill(struct rmb_load_file *made, const struct rmb_member *member, void *items, struct rmb_error *error)
{
	struct rmb_load_file *file = *rmb_gathered_own(made);
	struct rmb_leaf_reading reading;
	struct walk walk = { .file = file, .own = file->handle, .reading = &reading, .error = error };
	int code = rmb_leaves_begin(file, &walk.own->leaves, member, items, &reading, error);
	if (!code) {
		walk.top = reading.leaf->top;
		code = walk_file(&walk);
	}
	return code ? code : rmb_leaves_end(file, &reading, error);
}

/* ---- the format ---- */

static int
read_list(struct rmb_load_file *made, const struct rmb_member *member, int64_t at, int64_t n, void *items, struct rmb_error *error)
{
	struct matlab73 *own = ((struct rmb_load_file *)*rmb_gathered_own(made))->handle;
	const struct rmb_leaf *leaf = rmb_leaves_find(&own->leaves, member->name);
	return rmb_joined_read(&own->plain, own->joined[leaf - own->leaves.leaf], at, n, items, error);
}

/* The two members of a list of numbers. */
static int
offer_list(struct matlab73 *own, const struct rmb_leaf *leaf, const struct rmb_joined *joined, struct rmb_error *error)
{
	struct rmb_member all = rmb_gathered_numbers(leaf->name, leaf->items);
	const char *name = rmb_leaves_counts(&own->made, leaf);
	double *count = rmb_arena_alloc(own->made.arena, (size_t)joined->n, sizeof *count);
	if (!name || !count)
		return rmb_error_nomem(error, leaf->name);
	rmb_joined_counts(joined, count);
	all.packed = true;
	int code = rmb_gathered_pieces(&own->made, &all, read_list, error);
	return code ? code : rmb_gathered_doubles(&own->made, name, count, joined->n, error);
}

/* An array that lies in no cell, in MATLAB's order. */
static int
turn(struct rmb_load_file *file, const struct rmb_leaf *leaf, struct rmb_error *error)
{
	struct matlab73 *own = file->handle;
	struct turned *t = rmb_arena_alloc(file->arena, 1, sizeof *t);
	char *path = rmb_arena_strdup(file->arena, leaf->name);
	if (!t || !path)
		return rmb_error_nomem(error, leaf->name);
	for (char *at = path; *at; at++)
		*at = *at == '.' ? '/' : *at;
	int code = rmb_format_hdf5.find(&own->plain, path, &t->source, error);
	if (code || !t->source)
		return code;
	/* A name with a dot or an odd byte in it may lead to another dataset than was met: described is what will be read. */
	bool empty;
	t->member = shape_of((const struct rmb_dataset *)t->source, &empty);
	t->member.name = leaf->name;
	t->member.at = -1;
	if (t->member.number == RMB_BYTES)
		t->member.refusal = "is text: numbers are needed";
	t->next = own->first;
	own->first = t;
	return 0;
}

/* Lists of numbers, and arrays that lie in no cell, are read from where they are. */
static int
offer(struct rmb_load_file *file, int i, struct rmb_error *error)
{
	struct matlab73 *own = file->handle;
	const struct rmb_leaf *leaf = &own->leaves.leaf[i];
	if (own->joined[i] && leaf->shape.number != RMB_BYTES && !leaf->shape.refusal)
		return offer_list(own, leaf, own->joined[i], error);
	return leaf->list || leaf->shape.count == 0 || leaf->shape.refusal ? rmb_leaves_members(&own->made, leaf, fill, error)
	                                                                   : turn(file, leaf, error);
}

static int
matlab73_open(struct rmb_load_file *file, struct rmb_error *error)
{
	struct matlab73 *own = rmb_arena_alloc(file->arena, 1, sizeof *own);
	if (!own)
		return rmb_error_nomem(error, file->path);
	own->plain = own->made = *file;
	own->plain.format = &rmb_format_hdf5;
	struct walk walk = { .file = file, .own = own, .error = error };
	int code = rmb_format_hdf5.open(&own->plain, error);
	if (code)
		return code;
	file->handle = own;
	code = rmb_leaves_make(file, &own->leaves, error);
	if (!code && !(own->joined = rmb_arena_alloc(file->arena, RMB_MOST_LEAVES, sizeof *own->joined)))
		code = rmb_error_nomem(error, file->path);
	if (!code)
		code = rmb_gathered_make(&own->made, error);
	if (!code) {
		*rmb_gathered_own(&own->made) = file;
		code = walk_file(&walk);
	}
	for (int i = 0; i < own->leaves.n && !code; i++)
		code = offer(file, i, error);
	if (!code && own->leaves.n == 0)
		code = rmb_error_set(error, RMB_EINPUT,
		                     walk.links ? "%s holds only links to other places or files, which rumble does not follow in "
		                                  "MATLAB files: save the variables themselves"
		                                : "%s holds no variable that can be read; it is empty, truncated or damaged",
		                     file->path);
	if (code)
		rmb_format_hdf5.close(&own->plain);
	return code;
}

static void
matlab73_close(struct rmb_load_file *file)
{
	struct matlab73 *own = file->handle;
	for (int i = 0; i < own->leaves.n; i++)
		rmb_joined_close(own->joined[i]);
	rmb_format_hdf5.close(&own->plain);
}

static const struct turned *
find_turned(struct rmb_load_file *file, const char *name)
{
	const struct turned *t = ((struct matlab73 *)file->handle)->first;
	while (t && strcmp(t->member.name, name) != 0)
		t = t->next;
	return t;
}

static int
matlab73_find(struct rmb_load_file *file, const char *name, const struct rmb_member **member, struct rmb_error *error)
{
	char *dotted = rmb_arena_alloc(file->arena, strlen(name) + 1, 1);
	if (!dotted)
		return rmb_error_nomem(error, name);
	for (char *to = dotted; *name; name++)
		if (*name != '/')
			*to++ = *name;
		else if (to > dotted && to[-1] != '.')
			*to++ = '.';
	const struct turned *t = find_turned(file, dotted);
	*member = t ? &t->member : NULL;
	return t ? 0 : rmb_gathered_find(&((struct matlab73 *)file->handle)->made, dotted, member, error);
}

static int
matlab73_list(struct rmb_load_file *file, const struct rmb_member **member, int room, int *n, struct rmb_error *error)
{
	struct matlab73 *own = file->handle;
	int lists = 0;
	*n = 0;
	for (int i = 0; i < own->leaves.n; i++) { /* in the order of the file */
		const struct turned *t = find_turned(file, own->leaves.leaf[i].name);
		if (t && *n < room)
			member[*n] = &t->member;
		*n += t != NULL;
	}
	int left = *n < room ? room - *n : 0;
	int code = rmb_gathered_list(&own->made, member + (room - left), left, &lists, error);
	*n += lists;
	return code;
}

static void
matlab73_tile(struct rmb_load_file *file, const struct rmb_member *member, int64_t budget, int64_t *nrows, int64_t *ncolumns)
{
	struct matlab73 *own = file->handle;
	if (member->at < 0)
		rmb_format_hdf5.tile(&own->plain, ((const struct turned *)member)->source, budget, nrows, ncolumns);
}

static int
matlab73_read(struct rmb_load_file *file, const struct rmb_member *member, int64_t row, int64_t nrows, int64_t column,
              int64_t ncolumns, void *raw, struct rmb_error *error)
{
	struct matlab73 *own = file->handle;
	if (member->at >= 0)
		return rmb_gathered_read(&own->made, member, row, nrows, column, ncolumns, raw, error);
	return rmb_format_hdf5.read(&own->plain, ((const struct turned *)member)->source, row, nrows, column, ncolumns, raw,
	                            error);
}

const struct rmb_format rmb_format_matlab73 = {
	.name = "matlab73",
	.title = "MATLAB v7.3",
	.recognises = matlab73_recognises,
	.open = matlab73_open,
	.close = matlab73_close,
	.find = matlab73_find,
	.list = matlab73_list,
	.tile = matlab73_tile,
	.read = matlab73_read,
};

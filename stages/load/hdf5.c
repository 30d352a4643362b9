/* load/hdf5.c -- datasets of any HDF5 file, by path.
 *
 * Integers, booleans (enums), floating-point numbers of any order and size up to 8 bytes, and text; contiguous, compact or
 * chunked, through the filters that the library carries. Also MATLAB v7.3 files, which are HDF5 behind a user block.
 *
 * A foreign file is not trusted: plug-ins are never loaded; paths are walked link by link, so that no external link is
 * followed; virtual datasets and external raw storage, which would read other files, are refused by name; what a dataset
 * claims is compared with what the file stores before anything is allocated. The library itself can still be brought down
 * by a malformed file: the process that reads is one of its own. */
#include <hdf5.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "load/format.h"

enum { MOST_HOPS = 16, MOST_LISTED = 2000, DEEPEST = 12, LONGEST_TEXT = 1024 };

struct dataset {
	struct rmb_member member;    /* first: a member is a dataset */
	hid_t id, memory;            /* dataset, and the type its items are read as */
	bool variable;               /* text of variable length */
	hsize_t chunk[RMB_MEMBER_AXES]; /* [0] = 0: not chunked */
	struct dataset *next;
};

struct hdf5 {
	hid_t file;
	struct dataset *first;       /* all that were opened */
};

static void
hdf5_close(struct rmb_load_file *file)
{
	struct hdf5 *h = file->handle;
	for (struct dataset *d = h->first; d; d = d->next) {
		if (d->memory >= 0)
			H5Tclose(d->memory);
		H5Dclose(d->id);
	}
	H5Fclose(h->file);
}

/* The library's own innermost words for a failure, for the end of a sentence. */
static herr_t
first_words(unsigned n, const H5E_error2_t *one, void *words)
{
	(void)n;
	if (one->desc && *one->desc)
		snprintf(words, 200, " (%s)", one->desc);
	return *(char *)words ? 1 : 0;
}

static const char *
library_words(char *words)
{
	*words = 0;
	H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, first_words, words);
	return words;
}

/* No plug-ins, no external links, no messages on stderr: for the whole process, which only ever reads foreign files. */
static void
lock_down(void)
{
	H5open();
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	H5PLset_loading_state(0);
	H5Lunregister(H5L_TYPE_EXTERNAL);
	H5Eclear2(H5E_DEFAULT);
}

static int
hdf5_open(struct rmb_load_file *file, struct rmb_error *error)
{
	char words[200];
	struct hdf5 *h = rmb_arena_alloc(file->arena, 1, sizeof *h);
	if (!h)
		return rmb_error_nomem(error, file->path);
	lock_down();
	hid_t access = H5Pcreate(H5P_FILE_ACCESS);
	H5Pset_file_locking(access, 0, 1);
	H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
	h->file = H5Fopen(file->path, H5F_ACC_RDONLY, access);
	H5Pclose(access);
	file->handle = h;
	if (h->file < 0)
		return rmb_error_set(error, RMB_EINPUT, "%s is a truncated or damaged HDF5 file of %" PRId64 " bytes%s", file->path, file->size,
		                     library_words(words));
	return 0;
}

/* ---- paths ---- */

/* Opens `name` (no slash) in `group`; -1: not there, or an error was recorded. `hops` counts soft links. */
static hid_t walk(struct rmb_load_file *file, hid_t group, const char *path, int *hops, struct rmb_error *error);

static hid_t
follow_soft(struct rmb_load_file *file, hid_t group, const char *name, size_t length, int *hops, struct rmb_error *error)
{
	char *target = length < 65536 ? calloc(1, length + 1) : NULL;
	hid_t id = -1;
	if (++*hops > MOST_HOPS)
		rmb_error_set(error, RMB_EINPUT, "%s: the soft link '%s' leads through more than %d others", file->path,
		              rmb_load_printable(file->arena, name, strlen(name)), MOST_HOPS);
	else if (target && H5Lget_val(group, name, target, length, H5P_DEFAULT) >= 0)
		id = walk(file, *target == '/' ? ((struct hdf5 *)file->handle)->file : group, target, hops, error);
	free(target);
	return id;
}

static hid_t
step(struct rmb_load_file *file, hid_t group, const char *name, int *hops, struct rmb_error *error)
{
	H5L_info_t link;
	if (H5Iget_type(group) != H5I_GROUP && H5Iget_type(group) != H5I_FILE)
		return -1;
	if (H5Lexists(group, name, H5P_DEFAULT) <= 0 || H5Lget_info(group, name, &link, H5P_DEFAULT) < 0)
		return -1;
	if (link.type == H5L_TYPE_HARD)
		return H5Oopen(group, name, H5P_DEFAULT);
	if (link.type == H5L_TYPE_SOFT)
		return follow_soft(file, group, name, link.u.val_size, hops, error);
	rmb_error_set(error, RMB_EINPUT, "%s: '%s' is %s; rumble follows no links out of a file: name the other file in `path`, "
	              "or copy the data into one file (allow_external, an opt-in for such links, does not exist yet)", file->path,
	              rmb_load_printable(file->arena, name, strlen(name)),
	              link.type == H5L_TYPE_EXTERNAL ? "an external link to another file" : "a link of an unknown kind");
	return -1;
}

static hid_t
walk(struct rmb_load_file *file, hid_t group, const char *path, int *hops, struct rmb_error *error)
{
	char name[1024];
	hid_t here = H5Oopen(group, *path == '/' ? "/" : ".", H5P_DEFAULT);
	while (here >= 0 && *path) {
		size_t n = strcspn(path, "/");
		if (n > 0 && !(n == 1 && *path == '.')) {
			if (n >= sizeof name) {
				H5Oclose(here);
				return -1;
			}
			memcpy(name, path, n);
			name[n] = 0;
			hid_t next = step(file, here, name, hops, error);
			H5Oclose(here);
			here = next;
		}
		path += n + (path[n] == '/');
	}
	return here;
}

/* ---- what a dataset is ---- */

static const struct { H5Z_filter_t id; const char *name; } filters[] = {
	{ 1, "deflate" }, { 2, "shuffle" }, { 3, "fletcher32" }, { 4, "szip" }, { 5, "nbit" }, { 6, "scale-offset" }, { 305, "LZO" },
	{ 307, "bzip2" }, { 32000, "lzf" }, { 32001, "blosc" }, { 32004, "LZ4" }, { 32008, "bitshuffle" }, { 32013, "zfp" },
	{ 32015, "Zstandard" }, { 32017, "SZ" }, { 32026, "blosc2" }
};

static const char *
filter_name(H5Z_filter_t id)
{
	for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
		if (filters[i].id == id)
			return filters[i].name;
	return "unknown";
}

/* Fills in refusal if the dataset needs a filter that is not here or data from another file. */
static void
judge_storage(struct rmb_arena *arena, hid_t creation, struct rmb_member *m)
{
	H5D_layout_t layout = H5Pget_layout(creation);
	if (layout == H5D_VIRTUAL)
		m->refusal = "is a virtual dataset, put together from other files, which rumble does not read: copy it into one file "
		             "(allow_external, an opt-in for this, does not exist yet)";
	else if (H5Pget_external_count(creation) > 0)
		m->refusal = "lies in external storage, that is in another file, which rumble does not read: copy it into this file "
		             "(allow_external, an opt-in for this, does not exist yet)";
	else if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED)
		m->refusal = "has an unknown or damaged layout";
	int n = m->refusal ? 0 : H5Pget_nfilters(creation);
	for (int i = 0; i < n && !m->refusal; i++) {
		unsigned flags, config;
		size_t nvalues = 0;
		H5Z_filter_t id = H5Pget_filter2(creation, (unsigned)i, &flags, &nvalues, NULL, 0, NULL, &config);
		if (id < 0 || H5Zfilter_avail(id) <= 0)
			m->refusal = rmb_arena_printf(arena, "is packed with filter %d (%s), which the HDF5 library here does not carry and "
			                              "rumble loads no plug-ins: convert it where the filter is installed, for example with "
			                              "`h5repack -f GZIP=4 in.h5 out.h5`", (int)id, filter_name(id));
	}
}

/* The type its items are read as: the native one of the same meaning. */
static void
judge_type(struct rmb_arena *arena, hid_t type, struct dataset *d)
{
	static const struct { H5T_class_t class; const char *name; } others[] = {
		{ H5T_COMPOUND, "compound records" }, { H5T_REFERENCE, "object references (in MATLAB files a cell array)" }, { H5T_OPAQUE, "opaque bytes" },
		{ H5T_BITFIELD, "bit fields" }, { H5T_VLEN, "lists of varying length" }, { H5T_ARRAY, "arrays within an item" }, { H5T_TIME, "times" }
	};
	struct rmb_member *m = &d->member;
	H5T_class_t class = H5Tget_class(type);
	size_t size = H5Tget_size(type);
	d->memory = -1;
	if (class == H5T_FLOAT && size <= 8) {
		m->number = RMB_FLOATING;
		m->item = size <= 4 ? 4 : 8;
		d->memory = H5Tcopy(size <= 4 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE);
		m->type = rmb_arena_printf(arena, "float%zu", size * 8);
	} else if ((class == H5T_INTEGER || class == H5T_ENUM) && size <= 8 && (d->memory = H5Tget_native_type(type, H5T_DIR_ASCEND)) >= 0) {
		hid_t base = class == H5T_ENUM ? H5Tget_super(d->memory) : H5Tcopy(d->memory);
		m->number = H5Tget_sign(base) == H5T_SGN_NONE ? RMB_UNSIGNED : RMB_SIGNED;
		m->item = H5Tget_size(base);
		m->type = rmb_arena_printf(arena, "%s%zu", m->number == RMB_SIGNED ? "int" : "uint", m->item * 8);
		H5Tclose(base);
	} else if (class == H5T_STRING) {
		m->number = RMB_BYTES;
		d->variable = H5Tis_variable_str(type) > 0;
		m->item = d->variable ? LONGEST_TEXT : size;
		d->memory = H5Tcopy(type);
		m->type = "text";
		if (!d->variable && size > 65536)
			m->refusal = "holds texts of more than 65,536 characters";
	} else {
		m->type = "an unknown type";
		for (size_t i = 0; i < sizeof others / sizeof *others; i++)
			if (others[i].class == class)
				m->type = others[i].name;
		m->item = 1;
		m->refusal = rmb_arena_printf(arena, "holds %s, which rumble does not read: give the path of a dataset of plain numbers", m->type);
	}
	if (d->memory < 0 && !m->refusal)
		m->refusal = "has a damaged type";
}

/* Compares what the dataset claims with what the file stores for it. */
static void
judge_size(struct rmb_load_file *file, struct dataset *d, hid_t type, hid_t creation)
{
	struct rmb_member *m = &d->member;
	int64_t item = (int64_t)H5Tget_size(type), stored = (int64_t)H5Dget_storage_size(d->id), claimed = 0, chunk = item;
	bool packed = H5Pget_nfilters(creation) > 0, chunked = H5Pget_layout(creation) == H5D_CHUNKED;
	if (m->refusal || m->count == 0)
		return;
	bool huge = __builtin_mul_overflow(m->count, item, &claimed);
	for (int i = 0; chunked && i < m->naxes; i++)
		huge |= __builtin_mul_overflow(chunk, (int64_t)d->chunk[i], &chunk);
	huge |= chunked && chunk > (int64_t)1 << 32;
	/* Chunks that were never written are legal and read as the fill value; beyond a limit they are a trap. */
	int64_t most = !chunked ? stored : stored > file->size ? -1 : packed ? stored * RMB_DEFLATE_RATIO : stored;
	bool small = chunked && !huge && claimed <= RMB_LYING_BYTES && chunk <= RMB_LYING_BYTES;
	if (huge || stored < 0 || stored > file->size || (!small && (claimed > most || (chunked && chunk > most))))
		m->refusal = rmb_arena_printf(file->arena, "is said to hold %s of %s (%s bytes), but the file of %" PRId64 " bytes stores %" PRId64
		                              " for it: the size is past the limit; the file is damaged, unfinished or not what it seems",
		                              rmb_member_shape(file->arena, m), m->type,
		                              huge ? "more than 2^63" : rmb_arena_printf(file->arena, "%" PRId64, claimed), file->size, stored);
}

static int
measure(struct rmb_load_file *file, struct dataset *d, struct rmb_error *error)
{
	hsize_t axis[H5S_MAX_RANK];
	hid_t space = H5Dget_space(d->id), creation = H5Dget_create_plist(d->id), type = H5Dget_type(d->id);
	struct rmb_member *m = &d->member;
	int code = 0;
	m->naxes = space >= 0 && H5Sget_simple_extent_type(space) != H5S_NULL ? H5Sget_simple_extent_dims(space, axis, NULL) : -1;
	if (space < 0 || creation < 0 || type < 0)
		code = rmb_error_set(error, RMB_EINPUT, "%s is truncated or damaged: dataset '%s' cannot be described", file->path, m->name);
	else if (m->naxes < 0 || m->naxes > RMB_MEMBER_AXES) {
		m->refusal = rmb_arena_printf(file->arena, m->naxes < 0 ? "is empty" : "has %d axes; rumble reads up to %d", m->naxes, RMB_MEMBER_AXES);
		m->type = "not read";
		m->naxes = -1;
	} else {
		for (int i = 0; i < m->naxes; i++)
			m->axis[i] = axis[i] > (hsize_t)INT64_MAX ? INT64_MAX : (int64_t)axis[i];
		code = rmb_member_measure(file->arena, file->path, m, error);
		if (!code && H5Pget_layout(creation) == H5D_CHUNKED && H5Pget_chunk(creation, m->naxes, d->chunk) != m->naxes)
			code = rmb_error_set(error, RMB_EINPUT, "%s is damaged: dataset '%s' has impossible chunks", file->path, m->name);
	}
	if (!code && m->naxes >= 0) {
		judge_storage(file->arena, creation, m);
		const char *storage = m->refusal;
		judge_type(file->arena, type, d);
		m->refusal = storage ? storage : m->refusal;
		judge_size(file, d, type, creation);
	}
	H5Sclose(space);
	H5Pclose(creation);
	H5Tclose(type);
	return code;
}

/* The dataset's chunks are read by rows of chunks: the cache holds one such row if that is modest. */
static hid_t
open_for_reading(hid_t object)
{
	hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
	H5Pset_chunk_cache(access, 12421, (size_t)32 << 20, 1.0);
	hid_t id = H5Dopen2(object, ".", access);
	H5Pclose(access);
	return id;
}

static int
hdf5_find(struct rmb_load_file *file, const char *name, const struct rmb_member **member, struct rmb_error *error)
{
	struct hdf5 *h = file->handle;
	struct rmb_error why = { 0 };
	int hops = 0, code = 0;
	*member = NULL;
	const char *shown = rmb_load_printable(file->arena, name, strlen(name));
	for (struct dataset *d = h->first; d && shown; d = d->next)
		if (strcmp(d->member.name, shown) == 0) {
			*member = &d->member;
			return 0;
		}
	hid_t object = walk(file, h->file, name, &hops, &why);
	if (why.code)
		return rmb_error_set(error, why.code, "%s", why.text);
	struct dataset *d = rmb_arena_alloc(file->arena, 1, sizeof *d);
	if (!d || !shown)
		code = rmb_error_nomem(error, file->path);
	else if (object >= 0 && H5Iget_type(object) == H5I_DATASET && (d->id = open_for_reading(object)) >= 0) {
		d->member.name = shown;
		d->memory = -1;
		d->next = h->first;
		h->first = d;
		code = measure(file, d, error);
		*member = code ? NULL : &d->member;
	}
	if (object >= 0)
		H5Oclose(object);
	return code;
}

/* ---- lists ---- */

struct listing {
	struct rmb_load_file *file;
	const char *prefix;
	const struct rmb_member **member;
	int room, n, seen, depth;
};

/* One link: hard ones are looked into, others are named. */
static herr_t
list_one(hid_t group, const char *name, const H5L_info_t *link, void *argument)
{
	struct listing *l = argument;
	const char *path = rmb_arena_printf(l->file->arena, "%s%s", l->prefix, name);
	if (!path || ++l->seen > MOST_LISTED || strcmp(name, "#refs#") == 0 || strcmp(name, "#subsystem#") == 0)
		return 0;
	struct rmb_error ignored = { 0 };
	const struct rmb_member *member = NULL;
	hid_t object = link->type == H5L_TYPE_HARD ? H5Oopen(group, name, H5P_DEFAULT) : -1;
	H5I_type_t kind = object >= 0 ? H5Iget_type(object) : H5I_BADID;
	if (kind == H5I_GROUP && l->depth < DEEPEST) {
		struct listing below = *l;
		below.prefix = rmb_arena_printf(l->file->arena, "%s/", path);
		below.depth++;
		hsize_t at = 0;
		if (below.prefix)
			H5Literate(object, H5_INDEX_NAME, H5_ITER_INC, &at, list_one, &below);
		l->n = below.n;
		l->seen = below.seen;
	} else if (kind == H5I_DATASET && hdf5_find(l->file, path, &member, &ignored) == 0 && member) {
		if (l->n < l->room)
			l->member[l->n] = member;
		l->n++;
	}
	if (object >= 0)
		H5Oclose(object);
	return 0;
}

static int
hdf5_list(struct rmb_load_file *file, const struct rmb_member **member, int room, int *n, struct rmb_error *error)
{
	struct listing listing = { .file = file, .prefix = "", .member = member, .room = room };
	hsize_t at = 0;
	if (H5Literate(((struct hdf5 *)file->handle)->file, H5_INDEX_NAME, H5_ITER_INC, &at, list_one, &listing) < 0)
		return rmb_error_set(error, RMB_EINPUT, "%s is truncated or damaged: its root group cannot be read", file->path);
	*n = listing.n;
	return 0;
}

/* ---- reading ---- */

/* Tiles of whole chunks, so that each is unpacked once: full rows of chunks if they fit, else as many columns as do. A single
 * chunk larger than the budget is read whole as long as that is bearable. */
static void
hdf5_tile(struct rmb_load_file *file, const struct rmb_member *member, int64_t budget, int64_t *nrows, int64_t *ncolumns)
{
	const struct dataset *d = (const struct dataset *)member;
	int64_t rows, columns;
	(void)file;
	rmb_member_matrix(member, &rows, &columns);
	int64_t high = member->naxes > 1 ? (int64_t)d->chunk[0] : 1, wide = (int64_t)d->chunk[member->naxes == 2 ? 1 : 0];
	high = high < rows ? high : rows;
	wide = wide < columns ? wide : columns;
	if (member->naxes > 2) {
		*ncolumns = columns;
		*nrows = 1;
	} else if (wide > 0 && high * columns <= budget) {
		*ncolumns = columns;
		*nrows = budget / (high * columns) * high;
	} else if (wide > 0) {
		*nrows = high * wide <= 8 * budget ? high : budget / wide > 0 ? budget / wide : 1;
		*ncolumns = budget / *nrows / wide > 0 ? budget / *nrows / wide * wide : wide;
	}
	*nrows = *nrows < rows ? *nrows : rows;
	*ncolumns = *ncolumns < columns ? *ncolumns : columns;
}

/* Text of variable length comes as pointers, which are copied into items of a fixed size and given back. */
static herr_t
read_variable(const struct dataset *d, hid_t memory, hid_t space, int64_t n, char *raw)
{
	char **text = calloc((size_t)n, sizeof *text);
	herr_t status = text ? H5Dread(d->id, d->memory, memory, space, H5P_DEFAULT, text) : -1;
	for (int64_t i = 0; status >= 0 && i < n; i++) {
		memset(raw + (size_t)i * LONGEST_TEXT, 0, LONGEST_TEXT);
		if (text[i])
			memcpy(raw + (size_t)i * LONGEST_TEXT, text[i], strnlen(text[i], LONGEST_TEXT));
	}
	if (status >= 0)
		H5Dvlen_reclaim(d->memory, memory, H5P_DEFAULT, text);
	free(text);
	return status;
}

static int
hdf5_read(struct rmb_load_file *file, const struct rmb_member *m, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, void *raw,
          struct rmb_error *error)
{
	const struct dataset *d = (const struct dataset *)m;
	char words[200];
	hsize_t start[RMB_MEMBER_AXES] = { 0 }, count[RMB_MEMBER_AXES];
	for (int i = 0; i < m->naxes; i++)
		count[i] = (hsize_t)m->axis[i];
	if (m->naxes == 1) {
		start[0] = (hsize_t)column;
		count[0] = (hsize_t)ncolumns;
	} else if (m->naxes > 1) {
		start[0] = (hsize_t)row;
		count[0] = (hsize_t)nrows;
		if (m->naxes == 2) {
			start[1] = (hsize_t)column;
			count[1] = (hsize_t)ncolumns;
		}
	}
	/* memory of the same shape: then the library keeps one block per chunk, not one per row of it */
	hid_t space = H5Dget_space(d->id), memory = m->naxes ? H5Screate_simple(m->naxes, count, NULL) : H5Screate(H5S_SCALAR);
	herr_t status = space < 0 || memory < 0 ? -1 : 0;
	if (status >= 0 && m->naxes > 0)
		status = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
	if (status >= 0)
		status = d->variable ? read_variable(d, memory, space, nrows * ncolumns, raw) :
		                       H5Dread(d->id, d->memory, memory, space, H5P_DEFAULT, raw);
	H5Sclose(memory);
	H5Sclose(space);
	if (status < 0)
		return rmb_error_set(error, RMB_EINPUT, "%s is truncated or damaged: dataset '%s' cannot be read%s", file->path, m->name,
		                     library_words(words));
	return 0;
}

const struct rmb_format rmb_format_hdf5 = {
	.name = "hdf5", .open = hdf5_open, .close = hdf5_close, .find = hdf5_find, .list = hdf5_list, .tile = hdf5_tile, .read = hdf5_read,
};

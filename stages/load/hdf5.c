/* load/hdf5.c -- datasets of any HDF5 file, by path.
 *
 * Integers, booleans (enums), floating-point numbers of any order and size (long double as double), and text; contiguous, compact
 * or chunked, through the filters that the library carries. Also MATLAB v7.3 files, which are HDF5 behind a user block.
 *
 * A foreign file is not trusted: plug-ins are loaded only where the recipe says so; paths are walked link by link, so that no
 * external link is followed; virtual datasets and external raw storage, which would read other files, are refused by name; what a
 * dataset claims is compared with what the file stores before anything is allocated. The library itself can still be brought down
 * by a malformed file: the process that reads is one of its own. */
#include <hdf5.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "load/hdf5_joined.h"

enum { MOST_LISTED = 2000, DEEPEST = 12 };
/* Bytes of unpacked chunks that are kept. */
#define KEPT ((size_t)32 << 20)

static void
hdf5_close(struct rmb_load_file *file)
{
	struct rmb_hdf5 *h = file->handle;
	for (struct rmb_dataset *d = h->first; d; d = d->next)
		rmb_hdf5_let_go(d);
	H5Fclose(h->file);
}

/* The library's own innermost words for the failure of the last call, for the end of a sentence. */
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

/* No external links, no messages on stderr, and no plug-ins unless the user allows them: for the whole process, which only ever
 * reads foreign files. */
static void
lock_down(bool plugins)
{
	H5open();
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	H5PLset_loading_state(plugins ? H5PL_FILTER_PLUGIN : 0);
	H5Lunregister(H5L_TYPE_EXTERNAL);
	H5Eclear2(H5E_DEFAULT);
}

bool
rmb_hdf5_plugins(const struct rmb_load_file *file)
{
	return file->wish && file->wish->plugins && strcmp(file->wish->plugins, "installed") == 0;
}

static int
hdf5_open(struct rmb_load_file *file, struct rmb_error *error)
{
	char words[200];
	struct rmb_hdf5 *h = rmb_arena_alloc(file->arena, 1, sizeof *h);
	if (!h)
		return rmb_error_nomem(error, file->path);
	lock_down(rmb_hdf5_plugins(file));
	hid_t access = H5Pcreate(H5P_FILE_ACCESS);
	H5Pset_file_locking(access, 0, 1);
	H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
	h->file = H5Fopen(file->path, H5F_ACC_RDONLY, access);
	file->handle = h;
	int code = h->file >= 0
	                   ? 0
	                   : rmb_error_set(error, RMB_EINPUT, "%s is a truncated or damaged HDF5 file of %" PRId64 " bytes%s",
	                                   file->path, file->size, library_words(words));
	H5Pclose(access);
	return code;
}

/* ---- datasets ---- */

/* The dataset's chunks are read by rows of chunks: the cache holds one such row if that is modest. */
static hid_t
open_for_reading(hid_t object, size_t kept)
{
	hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
	H5Pset_chunk_cache(access, 12421, kept, 1.0);
	hid_t id = H5Dopen2(object, ".", access);
	H5Pclose(access);
	return id;
}

void
rmb_hdf5_let_go(struct rmb_dataset *d)
{
	rmb_joined_close(d->joined);
	if (d->memory >= 0)
		H5Tclose(d->memory);
	if (d->id >= 0)
		H5Dclose(d->id);
}

/* A list is read in pieces, so the chunk that a piece lies in must be kept, however large it is. */
static void
keep_chunk(hid_t object, struct rmb_dataset *d)
{
	int64_t rows, columns;
	rmb_member_matrix(&d->member, &rows, &columns);
	if (d->member.refusal || d->member.effort <= (int64_t)KEPT || (rows > 1 && columns > 1))
		return;
	hid_t id = open_for_reading(object, (size_t)d->member.effort);
	if (id >= 0) {
		H5Dclose(d->id);
		d->id = id;
	}
}

int
rmb_hdf5_take(struct rmb_load_file *file, hid_t object, const char *shown, struct rmb_dataset *d, struct rmb_error *error)
{
	*d = (struct rmb_dataset){ .member.name = shown, .memory = -1, .id = open_for_reading(object, KEPT) };
	int code = d->id < 0 ? rmb_error_set(error, RMB_EINPUT, "%s is truncated or damaged: '%s' cannot be opened", file->path,
	                                     shown)
	                     : rmb_hdf5_judge(file, d, error);
	if (code)
		rmb_hdf5_let_go(d);
	else
		keep_chunk(object, d);
	return code;
}

static const struct rmb_member *
find_known(const struct rmb_hdf5 *h, const char *shown)
{
	const struct rmb_dataset *d = h->first;
	while (d && strcmp(d->member.name, shown) != 0)
		d = d->next;
	return d ? &d->member : NULL;
}

static int
hdf5_find(struct rmb_load_file *file, const char *name, const struct rmb_member **member, struct rmb_error *error)
{
	struct rmb_hdf5 *h = file->handle;
	struct rmb_error why = { 0 };
	bool pattern = strchr(name, '*') && file->wish && file->wish->spikes && strcmp(name, file->wish->spikes) == 0;
	int hops = 0, code = 0;
	const char *shown = rmb_load_printable(file->arena, name, strlen(name));
	*member = shown ? find_known(h, shown) : NULL;
	if (*member)
		return 0;
	hid_t object = rmb_hdf5_walk(file, h->file, name, &hops, &why);
	if (why.code)
		return rmb_error_set(error, why.code, "%s", why.text);
	struct rmb_dataset *d = rmb_arena_alloc(file->arena, 1, sizeof *d);
	if (!d || !shown)
		code = rmb_error_nomem(error, file->path);
	else if (object >= 0 && H5Iget_type(object) == H5I_DATASET && !(code = rmb_hdf5_take(file, object, shown, d, error))) {
		d->next = h->first;
		h->first = d;
		*member = &d->member;
	} else if (!code && object < 0 && pattern && !(code = rmb_hdf5_lists(file, name, shown, error))) {
		*member = find_known(h, shown);
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
	if (H5Literate(((struct rmb_hdf5 *)file->handle)->file, H5_INDEX_NAME, H5_ITER_INC, &at, list_one, &listing) < 0)
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
	const struct rmb_dataset *d = (const struct rmb_dataset *)member;
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
read_variable(const struct rmb_dataset *d, hid_t memory, hid_t space, int64_t n, char *raw)
{
	char **text = calloc((size_t)n, sizeof *text);
	herr_t status = text ? H5Dread(d->id, d->memory, memory, space, H5P_DEFAULT, text) : -1;
	for (int64_t i = 0; status >= 0 && i < n; i++) {
		memset(raw + (size_t)i * RMB_LONGEST_TEXT, 0, RMB_LONGEST_TEXT);
		if (text[i])
			memcpy(raw + (size_t)i * RMB_LONGEST_TEXT, text[i], strnlen(text[i], RMB_LONGEST_TEXT));
	}
	if (status >= 0)
		H5Dvlen_reclaim(d->memory, memory, H5P_DEFAULT, text);
	free(text);
	return status;
}

static int
hdf5_read(struct rmb_load_file *file, const struct rmb_member *m, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns,
          void *raw, struct rmb_error *error)
{
	const struct rmb_dataset *d = (const struct rmb_dataset *)m;
	char words[200];
	hsize_t start[RMB_MEMBER_AXES] = { 0 }, count[RMB_MEMBER_AXES];
	if (d->value) {
		memcpy(raw, d->value + column, (size_t)ncolumns * sizeof *d->value);
		return 0;
	}
	if (d->joined)
		return rmb_joined_read(file, d->joined, column, ncolumns, raw, error);
	int64_t rows, columns;
	rmb_member_matrix(m, &rows, &columns);
	if (m->naxes > 2 && ncolumns != columns) /* a piece of such a row is no block of the dataset */
		return rmb_error_set(error, RMB_EINPUT, "%s: '%s' is %s; as a list it must have one axis, or two", file->path, m->name,
		                     rmb_member_shape(file->arena, m));
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
	int code = status >= 0 ? 0 : rmb_error_set(error, RMB_EINPUT, "%s is truncated or damaged: dataset '%s' cannot be read%s",
	                                           file->path, m->name, library_words(words));
	H5Sclose(memory);
	H5Sclose(space);
	return code;
}

/* Contiguous and of the type that it is read as. What is said of its place is checked against the file. */
static bool
hdf5_place(struct rmb_load_file *file, const struct rmb_member *m, struct rmb_load_place *place)
{
	const struct rmb_dataset *d = (const struct rmb_dataset *)m;
	if (d->value || d->joined)
		return false;
	hid_t creation = H5Dget_create_plist(d->id), type = H5Dget_type(d->id);
	int64_t bytes = m->count * (int64_t)m->item;
	bool plain = H5Pget_layout(creation) == H5D_CONTIGUOUS && H5Pget_external_count(creation) == 0 &&
	             H5Tequal(type, d->memory) > 0 && H5Dget_storage_size(d->id) == (hsize_t)bytes;
	haddr_t offset = plain ? H5Dget_offset(d->id) : HADDR_UNDEF;
	H5Tclose(type);
	H5Pclose(creation);
	return offset != HADDR_UNDEF && bytes <= file->size && offset <= (haddr_t)(file->size - bytes) &&
	       rmb_load_placed(file, m, (int64_t)offset, place);
}

/* HDF5 may stand behind a user block, which MATLAB v7.3 fills with text. */
enum rmb_sureness
rmb_hdf5_recognises(const struct rmb_load_probe *probe)
{
	static const size_t places[] = { 0, 512, 1024, 2048 };
	bool found = false;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		found |= rmb_probe_begins(probe, places[i], "\x89HDF\r\n\x1a\n", 8);
	return found ? RMB_PERHAPS : RMB_NOT_MINE;
}

const struct rmb_format rmb_format_hdf5 = {
	.name = "hdf5",
	.title = "HDF5",
	.recognises = rmb_hdf5_recognises,
	.open = hdf5_open,
	.close = hdf5_close,
	.find = hdf5_find,
	.list = hdf5_list,
	.tile = hdf5_tile,
	.read = hdf5_read,
	.place = hdf5_place,
};

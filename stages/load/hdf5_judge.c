/* load/hdf5_judge.c -- what a dataset is, and whether it can be read: its storage, its type, and its size against what the file
 * really holds. */
#include <inttypes.h>
#include "load/hdf5.h"

static const struct { H5Z_filter_t id; const char *name;
} filters[] = { { 1, "deflate" }, { 2, "shuffle" },       { 3, "fletcher32" }, { 4, "szip" },
	        { 5, "nbit" },    { 6, "scale-offset" },  { 305, "LZO" },      { 307, "bzip2" },
	        { 32000, "lzf" }, { 32001, "blosc" },     { 32004, "LZ4" },    { 32008, "bitshuffle" },
	        { 32013, "zfp" }, { 32015, "Zstandard" }, { 32017, "SZ" },     { 32026, "blosc2" } };

/* A refusal that there is no memory to word is still one. */
static const char *
reason(const char *text)
{
	return text ? text : "cannot be looked at: there is no memory";
}

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
judge_storage(struct rmb_load_file *file, hid_t creation, struct rmb_member *m)
{
	H5D_layout_t layout = H5Pget_layout(creation);
	if (layout == H5D_VIRTUAL)
		m->refusal =
			"is a virtual dataset, put together from other files, which rumble does not follow: copy it into a file "
			"of its own, in Python with `out['x'] = h5py.File('in.h5')['x'][:]`, and name that in `path`";
	else if (H5Pget_external_count(creation) > 0)
		m->refusal =
			"lies in external storage, that is in another file, which rumble does not follow: copy it into a file "
			"of its own, in Python with `out['x'] = h5py.File('in.h5')['x'][:]`, and name that in `path`";
	else if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED)
		m->refusal = "has an unknown or damaged layout";
	int n = m->refusal ? 0 : H5Pget_nfilters(creation);
	for (int i = 0; i < n && !m->refusal; i++) {
		unsigned flags, config;
		size_t nvalues = 0;
		H5Z_filter_t id = H5Pget_filter2(creation, (unsigned)i, &flags, &nvalues, NULL, 0, NULL, &config);
		if (id < 0 || H5Zfilter_avail(id) <= 0)
			m->refusal = reason(rmb_arena_printf(
				file->arena,
				"is packed with filter %d (%s), which %s: convert it where the filter is installed, for "
				"example with `h5repack -f GZIP=4 in.h5 out.h5`",
				(int)id, filter_name(id),
				rmb_hdf5_plugins(file) ? "neither the HDF5 library here carries nor a plug-in in its place for "
			                                 "them (HDF5_PLUGIN_PATH)"
						       : "the HDF5 library here does not carry; a plug-in for it is a program, "
			                                 "and is run only if you write "
							 "`plugins: installed`. Without one"));
	}
}

/* The type its items are read as: the native one of the same meaning. */
static void
judge_type(struct rmb_arena *arena, hid_t type, struct rmb_dataset *d)
{
	static const struct { H5T_class_t class; const char *name;
	} others[] = { { H5T_COMPOUND, "compound records" },
		       { H5T_REFERENCE, "object references (in MATLAB files a cell array)" },
		       { H5T_OPAQUE, "opaque bytes" },
		       { H5T_BITFIELD, "bit fields" },
		       { H5T_VLEN, "lists of varying length" },
		       { H5T_ARRAY, "arrays within an item" },
		       { H5T_TIME, "times" } };
	struct rmb_member *m = &d->member;
	H5T_class_t class = H5Tget_class(type);
	size_t size = H5Tget_size(type);
	d->memory = -1;
	if (class == H5T_FLOAT && size <= 16) { /* long double loses digits that no recording has */
		m->number = RMB_FLOATING;
		m->item = size <= 4 ? 4 : 8;
		d->memory = H5Tcopy(size <= 4 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE);
		m->type = rmb_arena_printf(arena, "float%zu", size * 8);
	} else if ((class == H5T_INTEGER || class == H5T_ENUM) && size <= 8 &&
	           (d->memory = H5Tget_native_type(type, H5T_DIR_ASCEND)) >= 0) {
		hid_t base = class == H5T_ENUM ? H5Tget_super(d->memory) : H5Tcopy(d->memory);
		m->number = H5Tget_sign(base) == H5T_SGN_NONE ? RMB_UNSIGNED : RMB_SIGNED;
		m->item = H5Tget_size(base);
		m->type = rmb_arena_printf(arena, "%s%zu", m->number == RMB_SIGNED ? "int" : "uint", m->item * 8);
		H5Tclose(base);
	} else if (class == H5T_STRING) {
		m->number = RMB_BYTES;
		d->variable = H5Tis_variable_str(type) > 0;
		m->item = d->variable ? RMB_LONGEST_TEXT : size;
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
		m->refusal = reason(rmb_arena_printf(
			arena, "holds %s, which rumble does not read: give the path of a dataset of plain numbers", m->type));
	}
	if (d->memory < 0 && !m->refusal)
		m->refusal = "has a damaged type";
}

/* A packed chunk is unpacked as a whole: of a small file one this large is a trap, of a large one it is only unwise. */
static void
judge_chunk(struct rmb_load_file *file, struct rmb_member *m, int64_t chunk)
{
	if (chunk > RMB_UNPACKED_BYTES && file->size < chunk / RMB_PLAUSIBLE_RATIO)
		m->refusal = reason(rmb_arena_printf(
			file->arena,
			"lies in packed chunks of %" PRId64 " bytes in a file of %" PRId64 ", and each takes that much memory at once: "
			"rumble goes up to %" PRId64 "; h5repack with `-l %s:CHUNK=...` makes smaller ones",
			chunk, file->size, RMB_UNPACKED_BYTES, m->name));
}

/* Compares what the dataset claims with what the file stores for it. */
static void
judge_size(struct rmb_load_file *file, struct rmb_dataset *d, hid_t type, hid_t creation)
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
	m->effort = packed && chunked && !huge ? chunk : 0;
	m->packed = chunked;
	/* Chunks that were never written are legal and read as the fill value; beyond a limit they are a trap. */
	int64_t most = !chunked ? stored : stored > file->size ? -1 : packed ? stored * RMB_DEFLATE_RATIO : stored;
	bool small = chunked && !huge && claimed <= RMB_LYING_BYTES && chunk <= RMB_LYING_BYTES;
	if (huge || stored < 0 || stored > file->size || (!small && (claimed > most || (chunked && chunk > most))))
		m->refusal = reason(rmb_arena_printf(
			file->arena,
			"is said to hold %s of %s (%s bytes), but the file of %" PRId64 " bytes stores %" PRId64
			" for it: the size is past the limit; the file is damaged, unfinished or not what it seems",
			rmb_member_shape(file->arena, m), m->type,
			huge ? "more than 2^63" : rmb_arena_printf(file->arena, "%" PRId64, claimed), file->size, stored));
	else if (packed && chunked)
		judge_chunk(file, m, chunk);
}

/* Chunks that were never written read as the fill value, 0 unless the file says otherwise: said, for it looks like data. */
static void
judge_chunks(struct rmb_arena *arena, struct rmb_dataset *d, hid_t space)
{
	struct rmb_member *m = &d->member;
	hsize_t written = 0;
	int64_t chunks = 1;
	for (int i = 0; i < m->naxes && d->chunk[i] > 0; i++)
		chunks *= m->axis[i] / (int64_t)d->chunk[i] + (m->axis[i] % (int64_t)d->chunk[i] != 0);
	if (H5Dget_num_chunks(d->id, space, &written) >= 0 && (int64_t)written < chunks)
		m->hollow = reason(rmb_arena_printf(
			arena, "%" PRId64 " of its %" PRId64 " chunks were never written, and read as 0 or the fill value",
			chunks - (int64_t)written, chunks));
}

int
rmb_hdf5_judge(struct rmb_load_file *file, struct rmb_dataset *d, struct rmb_error *error)
{
	hsize_t axis[H5S_MAX_RANK];
	hid_t space = H5Dget_space(d->id), creation = H5Dget_create_plist(d->id), type = H5Dget_type(d->id);
	struct rmb_member *m = &d->member;
	int code = 0;
	m->naxes = space >= 0 && H5Sget_simple_extent_type(space) != H5S_NULL ? H5Sget_simple_extent_dims(space, axis, NULL) : -1;
	if (space < 0 || creation < 0 || type < 0)
		code = rmb_error_set(error, RMB_EINPUT, "%s is truncated or damaged: dataset '%s' cannot be described",
		                     file->path, m->name);
	else if (m->naxes < 0 || m->naxes > RMB_MEMBER_AXES) {
		m->refusal =
			reason(rmb_arena_printf(file->arena, m->naxes < 0 ? "is empty" : "has %d axes; rumble reads up to %d",
		                                m->naxes, RMB_MEMBER_AXES));
		m->type = "not read";
		m->naxes = -1;
	} else {
		for (int i = 0; i < m->naxes; i++)
			m->axis[i] = axis[i] > (hsize_t)INT64_MAX ? INT64_MAX : (int64_t)axis[i];
		code = rmb_member_measure(file->arena, file->path, m, error);
		if (!code && H5Pget_layout(creation) == H5D_CHUNKED && H5Pget_chunk(creation, m->naxes, d->chunk) != m->naxes)
			code = rmb_error_set(error, RMB_EINPUT, "%s is damaged: dataset '%s' has impossible chunks", file->path,
			                     m->name);
	}
	if (!code && m->naxes >= 0) {
		judge_storage(file, creation, m);
		const char *storage = m->refusal;
		judge_type(file->arena, type, d);
		m->refusal = storage ? storage : m->refusal;
		judge_size(file, d, type, creation);
		if (!m->refusal && m->count > 0 && H5Pget_layout(creation) == H5D_CHUNKED)
			judge_chunks(file->arena, d, space);
	}
	H5Sclose(space);
	H5Pclose(creation);
	H5Tclose(type);
	return code;
}

const char *
rmb_hdf5_records(struct rmb_load_file *file, const struct rmb_dataset *d)
{
	struct rmb_dataset copy = *d;
	hid_t creation = H5Dget_create_plist(d->id), type = H5Dget_type(d->id);
	copy.member.refusal = d->member.naxes < 0 ? d->member.refusal : creation < 0 || type < 0 ? "cannot be described" : NULL;
	if (!copy.member.refusal)
		judge_storage(file, creation, &copy.member);
	if (!copy.member.refusal)
		judge_size(file, &copy, type, creation);
	H5Tclose(type);
	H5Pclose(creation);
	return copy.member.refusal;
}

/* load/nwb_masks.c -- centres of ROIs from their masks.
 *
 * A PlaneSegmentation has one of three: pixel_mask (records x, y, weight of all ROIs end to end, with pixel_mask_index: where
 * each ROI's part ends), voxel_mask (the same with z, which is left aside) and image_mask (an image per ROI; its last axis is x
 * here). The centre is the mean weighted by the mask; NaN where the weights add up to 0. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include "load/nwb.h"

enum { RECORDS = 65536 };
#define MOST_IMAGE ((int64_t)64 << 20) /* pixels */
static const char *const lists[] = { "pixel_mask", "voxel_mask" };

struct record { double x, y, weight; };

/* The type in memory of records with numbers x, y and weight; -1: these are none. */
static hid_t
record_type(hid_t dataset)
{
	static const struct { const char *name; size_t at;
	} fields[] = { { "x", offsetof(struct record, x) },
		       { "y", offsetof(struct record, y) },
		       { "weight", offsetof(struct record, weight) } };
	hid_t stored = H5Dget_type(dataset), memory = -1;
	bool good = stored >= 0 && H5Tget_class(stored) == H5T_COMPOUND;
	for (size_t i = 0; i < sizeof fields / sizeof *fields && good; i++) {
		int field = H5Tget_member_index(stored, fields[i].name);
		H5T_class_t class = field >= 0 ? H5Tget_member_class(stored, (unsigned)field) : H5T_NO_CLASS;
		good = class == H5T_INTEGER || class == H5T_FLOAT;
	}
	if (good)
		memory = H5Tcreate(H5T_COMPOUND, sizeof(struct record));
	for (size_t i = 0; i < sizeof fields / sizeof *fields && memory >= 0; i++)
		H5Tinsert(memory, fields[i].name, fields[i].at, H5T_NATIVE_DOUBLE);
	if (stored >= 0)
		H5Tclose(stored);
	return memory;
}

/* A mask of records and its index; *mask NULL: the table has none that can be read, which *why says if it has one. */
static int
find_list(struct rmb_load_file *file, const char *table, const char *name, const struct rmb_member **mask,
          const struct rmb_member **index, const char **why, struct rmb_error *error)
{
	const char *index_name = rmb_arena_printf(file->arena, "%s_index", name);
	*index = NULL;
	int code = index_name ? rmb_nwb_dataset(file, table, name, true, mask, error) : rmb_error_nomem(error, name);
	if (!code && *mask)
		code = rmb_nwb_dataset(file, table, index_name, true, index, error);
	if (code || !*mask)
		return code;
	const struct rmb_dataset *d = (const struct rmb_dataset *)*mask;
	hid_t type = record_type(d->id);
	const char *refusal = rmb_hdf5_records(file, d);
	if (type < 0 || (*mask)->naxes != 1)
		*why = "is no list of records with x, y and weight";
	else if (refusal)
		*why = refusal;
	else if (!*index || (*index)->refusal || (*index)->naxes != 1 || (*index)->number == RMB_BYTES)
		*why = "has no index that says where each ROI ends";
	if (type >= 0)
		H5Tclose(type);
	if (*why)
		*mask = NULL;
	return 0;
}

static int
find_images(struct rmb_load_file *file, const char *table, const struct rmb_member **mask, const char **why,
            struct rmb_error *error)
{
	int code = rmb_nwb_dataset(file, table, "image_mask", true, mask, error);
	const struct rmb_member *m = *mask;
	if (code || !m)
		return code;
	if (m->refusal)
		*why = m->refusal;
	else if (m->naxes != 3 || m->number == RMB_BYTES || m->axis[2] == 0 || m->axis[1] == 0 ||
	         m->axis[1] > MOST_IMAGE / m->axis[2])
		*why = "is not one image per ROI, of up to 67,108,864 pixels";
	if (*why)
		*mask = NULL;
	return 0;
}

/* Whichever mask can be read; index NULL: it is of images. */
static int
find_masks(struct rmb_load_file *file, const char *table, const struct rmb_member **mask, const struct rmb_member **index,
           struct rmb_error *error)
{
	const char *why = NULL, *which = NULL;
	int code = 0;
	*mask = *index = NULL;
	for (size_t i = 0; i < sizeof lists / sizeof *lists && !code && !*mask; i++) {
		const char *reason = NULL;
		code = find_list(file, table, lists[i], mask, index, &reason, error);
		why = reason ? reason : why;
		which = reason ? lists[i] : which;
	}
	if (!code && !*mask) {
		const char *reason = NULL;
		*index = NULL;
		code = find_images(file, table, mask, &reason, error);
		why = reason ? reason : why;
		which = reason ? "image_mask" : which;
	}
	if (!code && !*mask && why)
		rmb_load_file_note(file, "positions are unknown: '%s/%s' %s", table, which, why);
	return code;
}

int
rmb_nwb_has_masks(struct rmb_load_file *file, const char *table, bool *possible, int64_t *effort, struct rmb_error *error)
{
	const struct rmb_member *mask, *index;
	int code = find_masks(file, table, &mask, &index, error);
	*possible = !code && mask;
	*effort = *possible ? mask->count * (int64_t)(mask->refusal ? sizeof(struct record) : mask->item) : 0;
	return code;
}

static int
damaged(struct rmb_load_file *file, const struct rmb_member *mask, const char *what, struct rmb_error *error)
{
	return rmb_error_set(error, RMB_EINPUT, "%s: '%s' %s", file->path, mask->name, what);
}

/* ---- records ---- */

static int
read_records(struct rmb_load_file *file, const struct rmb_member *mask, hid_t type, int64_t from, int64_t n,
             struct record *record, struct rmb_error *error)
{
	const struct rmb_dataset *d = (const struct rmb_dataset *)mask;
	hsize_t start = (hsize_t)from, count = (hsize_t)n;
	hid_t space = H5Dget_space(d->id), memory = H5Screate_simple(1, &count, NULL);
	bool good = space >= 0 && memory >= 0 && H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &count, NULL) >= 0 &&
	            H5Dread(d->id, type, memory, space, H5P_DEFAULT, record) >= 0;
	H5Sclose(memory);
	H5Sclose(space);
	return good ? 0 : damaged(file, mask, "cannot be read: the file is truncated or damaged", error);
}

/* Sums of x, y and weight of every row of the table: sum[nrows]. */
static int
sum_records(struct rmb_load_file *file, const struct rmb_member *mask, const int64_t *end, int64_t nrows, struct record *sum,
            struct rmb_error *error)
{
	struct record *piece = malloc(RECORDS * sizeof *piece);
	hid_t type = record_type(((const struct rmb_dataset *)mask)->id);
	int code = !piece ? rmb_error_nomem(error, mask->name) : type < 0 ? damaged(file, mask, "has a damaged type", error) : 0;
	int64_t row = 0;
	for (int64_t at = 0; at < mask->count && !code; at += RECORDS) {
		int64_t here = mask->count - at < RECORDS ? mask->count - at : RECORDS;
		code = read_records(file, mask, type, at, here, piece, error);
		for (int64_t i = 0; i < here && !code; i++) {
			while (row < nrows && end[row] <= at + i)
				row++;
			if (row == nrows)
				break;
			sum[row].x += piece[i].x * piece[i].weight;
			sum[row].y += piece[i].y * piece[i].weight;
			sum[row].weight += piece[i].weight;
		}
	}
	if (type >= 0)
		H5Tclose(type);
	free(piece);
	return code;
}

static int
from_records(struct rmb_load_file *file, const struct rmb_member *mask, const struct rmb_member *index, const int64_t *row,
             int64_t n, double *x, double *y, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	int64_t *end;
	int code = rmb_load_integers(&nwb->plain, index, &end, error);
	for (int64_t i = 0; i < index->count && !code; i++)
		if (end[i] < (i > 0 ? end[i - 1] : 0) || end[i] > mask->count)
			code = rmb_error_set(error, RMB_EINPUT,
			                     "%s: entry %" PRId64 " of '%s' is %" PRId64 "; ends must ascend up to the %" PRId64
			                     " records of '%s'",
			                     file->path, i, index->name, end[i], mask->count, mask->name);
	struct record *sum = code ? NULL : rmb_arena_alloc(file->arena, (size_t)index->count, sizeof *sum);
	if (!sum)
		return code ? code : rmb_error_nomem(error, mask->name);
	code = sum_records(file, mask, end, index->count, sum, error);
	for (int64_t i = 0; i < n && !code; i++) {
		if (row[i] >= index->count)
			return damaged(file, index, "has fewer rows than the series names", error);
		const struct record *s = &sum[row[i]];
		x[i] = s->weight > 0 ? s->x / s->weight : NAN;
		y[i] = s->weight > 0 ? s->y / s->weight : NAN;
	}
	return code;
}

/* ---- images ---- */

static int
from_images(struct rmb_load_file *file, const struct rmb_member *mask, const int64_t *row, int64_t n, double *x, double *y,
            struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	int64_t npixels = mask->axis[1] * mask->axis[2];
	unsigned char *raw = malloc((size_t)npixels * mask->item);
	double *line = malloc((size_t)mask->axis[2] * sizeof *line);
	int code = raw && line ? 0 : rmb_error_nomem(error, mask->name);
	for (int64_t i = 0; i < n && !code; i++) {
		struct record sum = { 0 };
		code = row[i] >= mask->axis[0] ? damaged(file, mask, "has fewer images than the series names ROIs", error) :
		                                 rmb_format_hdf5.read(&nwb->plain, mask, row[i], 1, 0, npixels, raw, error);
		for (int64_t k = 0; k < mask->axis[1] && !code; k++) {
			rmb_member_decode(mask, raw + (size_t)(k * mask->axis[2]) * mask->item, mask->axis[2], line);
			for (int64_t j = 0; j < mask->axis[2]; j++) {
				sum.x += line[j] * (double)j;
				sum.y += line[j] * (double)k;
				sum.weight += line[j];
			}
		}
		x[i] = sum.weight > 0 ? sum.x / sum.weight : NAN;
		y[i] = sum.weight > 0 ? sum.y / sum.weight : NAN;
	}
	free(line);
	free(raw);
	return code;
}

int
rmb_nwb_centres(struct rmb_load_file *file, const char *table, const int64_t *row, int64_t n, double *x, double *y,
                struct rmb_error *error)
{
	const struct rmb_member *mask, *index;
	int code = find_masks(file, table, &mask, &index, error);
	if (code || !mask)
		return code ? code : rmb_error_set(error, RMB_EINPUT, "%s: the masks of '%s' cannot be read", file->path, table);
	return index ? from_records(file, mask, index, row, n, x, y, error) : from_images(file, mask, row, n, x, y, error);
}

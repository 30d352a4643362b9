/* load/hdf5_joined.c -- numbers that lie in many datasets as one list, end to end.
 *
 * Where the datasets lie and how long they are is noted; each is opened again when its numbers are asked for, and stays open until
 * those of another one are, so that a list read in order opens each once and none is held in memory. */
#include <inttypes.h>
#include <string.h>
#include "load/hdf5_joined.h"

int
rmb_joined_add(struct rmb_load_file *hdf5, struct rmb_joined *joined, hid_t object, const char *name, int64_t n,
               struct rmb_error *error)
{
	H5O_info_t info = { .addr = HADDR_UNDEF };
	struct rmb_joined_part *part = rmb_arena_room(hdf5->arena, joined->part, (size_t)joined->n, sizeof *part);
	if (!part)
		return rmb_error_nomem(error, name);
	if (n > 0 && H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0)
		return rmb_error_set(error, RMB_EINPUT, "%s is truncated or damaged: '%s' cannot be described", hdf5->path, name);
	joined->part = part;
	joined->items += n;
	joined->open = -1;
	part[joined->n++] = (struct rmb_joined_part){ info.addr, name, joined->items };
	return 0;
}

void
rmb_joined_counts(const struct rmb_joined *joined, double *count)
{
	for (int64_t i = 0; i < joined->n; i++)
		count[i] = (double)(joined->part[i].end - (i > 0 ? joined->part[i - 1].end : 0));
}

void
rmb_joined_close(struct rmb_joined *joined)
{
	if (joined && joined->n > 0 && joined->open >= 0)
		rmb_hdf5_let_go(&joined->dataset);
	if (joined)
		joined->open = -1;
}

static int64_t
part_begin(const struct rmb_joined *joined, int64_t part)
{
	return part > 0 ? joined->part[part - 1].end : 0;
}

/* The part in which number `at` lies. */
static int64_t
part_at(const struct rmb_joined *joined, int64_t at)
{
	int64_t low = 0, high = joined->n - 1;
	while (low < high) {
		int64_t middle = (low + high) / 2;
		if (joined->part[middle].end <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
open_part(struct rmb_load_file *hdf5, struct rmb_joined *joined, int64_t part, struct rmb_error *error)
{
	const struct rmb_joined_part *p = &joined->part[part];
	if (joined->open == part)
		return 0;
	rmb_joined_close(joined);
	hid_t object = H5Oopen_by_addr(((struct rmb_hdf5 *)hdf5->handle)->file, p->address);
	int code = object < 0 ? rmb_error_set(error, RMB_EINPUT, "%s is truncated or damaged: '%s' cannot be opened", hdf5->path,
	                                      p->name)
	                      : rmb_hdf5_take(hdf5, object, p->name, &joined->dataset, error);
	if (object >= 0)
		H5Oclose(object);
	if (code)
		return code;
	joined->open = part;
	if (joined->dataset.member.refusal || joined->dataset.member.number == RMB_BYTES ||
	    joined->dataset.member.count != p->end - part_begin(joined, part))
		code = rmb_error_set(error, RMB_EINPUT, "%s: '%s' is damaged, or changed while it was read", hdf5->path, p->name);
	return code;
}

/* Items of the open dataset as they lie, from `at` on: at most n, as many as one go takes, *got. What has more than two axes comes
 * in whole rows. */
static int
read_some(struct rmb_load_file *hdf5, struct rmb_joined *joined, int64_t at, int64_t n, double *out, int64_t *got,
          struct rmb_error *error)
{
	const struct rmb_member *m = &joined->dataset.member;
	int64_t rows, columns;
	rmb_member_matrix(m, &rows, &columns);
	int64_t row = at / columns, column = at % columns, most = n < RMB_PIECE ? n : RMB_PIECE;
	if (m->naxes > 2 && columns > RMB_PIECE)
		return rmb_error_set(error, RMB_ELIMIT, "%s: '%s' is %s; in a list of arrays rumble reads up to %d numbers of each row",
		                     hdf5->path, m->name, rmb_member_shape(hdf5->arena, m), RMB_PIECE);
	int64_t nrows = column == 0 && most >= columns ? most / columns : 1;
	int64_t from = m->naxes > 2 ? 0 : column, ncolumns = column == 0 && most >= columns ? columns : columns - column;
	*got = ncolumns < most ? nrows * ncolumns : most;
	ncolumns = m->naxes > 2 ? columns : *got / nrows;
	int code = rmb_format_hdf5.read(hdf5, m, row, nrows, from, ncolumns, joined->raw, error);
	if (!code)
		rmb_member_decode(m, joined->raw + (size_t)(column - from) * m->item, *got, out);
	return code;
}

int
rmb_joined_read(struct rmb_load_file *hdf5, struct rmb_joined *joined, int64_t at, int64_t n, double *out, struct rmb_error *error)
{
	int64_t part = n > 0 ? part_at(joined, at) : 0, got = 0;
	int code = 0;
	if (!joined->raw && !(joined->raw = rmb_arena_alloc(hdf5->arena, RMB_PIECE, sizeof(double))))
		return rmb_error_nomem(error, hdf5->path);
	for (; n > 0 && !code; at += got, out += got, n -= got) {
		while (joined->part[part].end <= at)
			part++;
		int64_t left = joined->part[part].end - at;
		code = open_part(hdf5, joined, part, error);
		if (!code)
			code = read_some(hdf5, joined, at - part_begin(joined, part), n < left ? n : left, out, &got, error);
	}
	return code;
}

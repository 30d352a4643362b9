/* load/neuropil.c -- fluorescence less that of the neuropil around each cell, F - 0.7 Fneu.
 *
 * Both are matrices of one shape: in one file, of any format, or in two. The first is read as if there were no other; of every
 * tile of it the same tile of the other is taken away, in double, before it is rounded. Reference for the factor: Chen et al.
 * 2013, Nature 499:295; suite2p has it as neucoeff. */
#include <math.h>
#include "load/parts.h"

int
rmb_load_open_neuropil(struct rmb_arena *arena, const struct rmb_load_settings *set, const struct rmb_load_wish *wish,
                       struct rmb_load_files *files, struct rmb_error *error)
{
	if (set->neuropil_file)
		return rmb_load_open(arena, set->neuropil_file, "npy", &files->neuropil, error);
	struct rmb_load_wish *other = set->neuropil ? rmb_arena_copy(arena, wish, 1, sizeof *other) : NULL;
	if (!other)
		return set->neuropil ? rmb_error_nomem(error, set->path) : 0;
	other->activity = set->neuropil;
	return rmb_load_open_as(arena, set->path, set->format, other, &files->neuropil, error);
}

/* The neuropil's matrix. */
static int
find(struct rmb_load_file *file, const struct rmb_load_settings *set, const struct rmb_member **member, struct rmb_error *error)
{
	int n = 0;
	if (set->neuropil)
		return rmb_load_find(file, "neuropil", set->neuropil, member, error);
	int code = file->format->list(file, member, 1, &n, error);
	return code || n == 1 ? code : rmb_error_set(error, RMB_EINPUT, "%s holds no array", file->path);
}

int
rmb_load_neuropil(const struct rmb_load_files *files, const struct rmb_load_settings *set, struct rmb_layout *layout,
                  struct rmb_error *error)
{
	struct rmb_load_file *file = files->neuropil;
	const struct rmb_member *a = layout->activity.member, *b;
	struct rmb_less *less = file ? rmb_arena_alloc(file->arena, 1, sizeof *less) : NULL;
	if (!less)
		return file ? rmb_error_nomem(error, file->path) : 0;
	int code = find(file, set, &b, error);
	if (code)
		return code;
	if (!a)
		return rmb_error_set(
			error, RMB_EINPUT,
			"%s: neuropil is taken away from activity, and this recording is a list of spikes; leave `neuropil` out",
			files->main->path);
	if (b->refusal || b->number == RMB_BYTES || b->number == RMB_UTF32)
		return rmb_error_set(error, RMB_EINPUT, "%s: the neuropil '%s' %s", file->path, b->name,
		                     b->refusal ? b->refusal : "holds text; numbers are needed");
	if (b->naxes != 2 || a->naxes != 2 || b->axis[0] != a->axis[0] || b->axis[1] != a->axis[1] || b->fortran != a->fortran)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: the neuropil '%s' is %s%s, but the activity '%s' is %s%s; they must be alike",
		                     file->path, b->name, rmb_member_shape(file->arena, b), b->fortran ? " in Fortran order" : "",
		                     a->name, rmb_member_shape(file->arena, a), a->fortran ? " in Fortran order" : "");
	*less = (struct rmb_less){ file, b, set->neuropil_factor };
	layout->activity.less = less;
	return 0;
}

int
rmb_less_read(const struct rmb_less *less, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, unsigned char *raw,
              struct rmb_error *error)
{
	const struct rmb_member *m = less->member;
	const struct rmb_format *format = less->file->format;
	int64_t rows, columns;
	rmb_member_matrix(m, &rows, &columns);
	if (format->tile || ncolumns == columns)
		return format->read(less->file, m, row, nrows, column, ncolumns, raw, error);
	int code = 0;
	for (int64_t i = 0; i < nrows && !code; i++) /* of the other's tile, pieces of rows */
		code = format->read(less->file, m, row + i, 1, column, ncolumns, raw + (size_t)(i * ncolumns) * m->item, error);
	return code;
}

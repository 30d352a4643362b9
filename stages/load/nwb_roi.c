/* load/nwb_roi.c -- a series of ROIs: its traces, its time base, and what the table of its ROIs says.
 *
 * data is frames x ROIs (a list for one ROI); a value is data * conversion + offset. rois has a row number of a PlaneSegmentation
 * for each column, in any order. Members: the traces, tneural, roi (the table's id), xpos and ypos (mask centres), iscell and
 * probability where the table has suite2p's column iscell; then only cells are read, unless `rois: all`. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include "load/nwb.h"

struct rois {
	const char *table;           /* path of the PlaneSegmentation; NULL: not known */
	const int64_t *row;          /* [n] of the table, of the ROIs that are read */
	int64_t n;
	double spacing[2];           /* um of a pixel, or 1 */
	double *x, *y;               /* NULL until they were worked out */
};

static hid_t
handle_of(const struct rmb_member *member)
{
	return ((const struct rmb_dataset *)member)->id;
}

/* ---- time ---- */

static int
frame_times(struct rmb_load_file *made, const struct rmb_member *member, void *items, struct rmb_error *error)
{
	struct rmb_load_file *file = *rmb_gathered_own(made);
	struct rmb_nwb *nwb = file->handle;
	double *time = items, *first;
	int code = rmb_load_doubles(&nwb->plain, nwb->start, &first, error);
	for (int64_t t = 0; t < member->count && !code; t++)
		time[t] = *first + (double)t / file->rate;
	return code;
}

/* starting_time with a rate, or timestamps. */
static int
time_base(struct rmb_load_file *file, const struct rmb_nwb_group *series, int64_t nframes, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	const struct rmb_member *start;
	int code = rmb_nwb_dataset(file, series->path, "timestamps", false, &nwb->times, error);
	if (!code)
		code = rmb_nwb_dataset(file, series->path, "starting_time", false, &start, error);
	if (code || nwb->times || !start)
		return code;
	double rate = rmb_hdf5_number(handle_of(start), "rate");
	if (!(rate > 0 && rate < 1e7)) {
		rmb_load_file_note(file, "'%s' has no rate that could be one of frames", start->name);
		return 0;
	}
	file->rate = rate;
	if (start->count != 1 || start->number == RMB_BYTES)
		return 0;
	nwb->start = start;
	struct rmb_member times = rmb_gathered_numbers("tneural", nframes);
	return rmb_gathered_later(&nwb->made, &times, frame_times, error);
}

/* ---- which ROIs ---- */

/* The table that `rois` refers to, else the only one there is. */
static const char *
table_of(const struct rmb_nwb *nwb, const struct rmb_member *rois)
{
	const struct rmb_nwb_list *planes = &nwb->list[RMB_NWB_PLANE];
	haddr_t address = rois ? rmb_hdf5_target(handle_of(rois), "table") : HADDR_UNDEF;
	for (size_t i = 0; i < planes->n && address != HADDR_UNDEF; i++)
		if (planes->group[i].address == address)
			return planes->group[i].path;
	return planes->n == 1 ? planes->group[0].path : NULL;
}

/* Row of each of n columns; *row NULL: not known. */
static int
read_rows(struct rmb_load_file *file, const struct rmb_nwb_group *series, const struct rmb_member *data, int64_t n,
          const char **table, int64_t **row, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	const struct rmb_member *rois, *id = NULL;
	*row = NULL;
	int code = rmb_nwb_dataset(file, series->path, "rois", false, &rois, error);
	*table = code || !rois ? NULL : table_of(nwb, rois);
	if (!code && !rois && strcmp(series->type, "RoiResponseSeries") == 0)
		rmb_load_file_note(file, "the series '%s' does not say which ROIs it is of, so nothing is known of them",
		                   series->path);
	if (code || !rois)
		return code;
	if (rois->count != n)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: '%s' is %s, which NWB reads as frames x ROIs, but '%s' names %" PRId64 " ROIs%s",
		                     file->path, data->name, rmb_member_shape(file->arena, data), rois->name, rois->count,
		                     data->naxes == 2 && rois->count == data->axis[0]
		                             ? "; if it was written the other way round, name the dataset: `activity: PATH/data` "
		                               "with `orientation: neurons-first`"
		                             : "");
	code = rmb_load_integers(&nwb->plain, rois, row, error);
	if (!code && *table)
		code = rmb_nwb_dataset(file, *table, "id", false, &id, error);
	for (int64_t i = 0; i < n && !code; i++)
		if ((*row)[i] < 0 || (id && (*row)[i] >= id->count))
			code = rmb_error_set(error, RMB_EINPUT,
			                     "%s: entry %" PRId64 " of '%s' is row %" PRId64 ", and the table '%s' has %" PRId64
			                     " rows",
			                     file->path, i, rois->name, (*row)[i], *table ? *table : "?", id ? id->count : 0);
	return code;
}

/* Column `at` of a table's numbers, by row; *out NULL: there is no such column, or one of another length. */
static int
column_of(struct rmb_load_file *file, const char *table, const char *name, int64_t at, double **out, int64_t *n,
          struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	const struct rmb_member *m = NULL;
	double *all;
	*out = NULL;
	*n = 0;
	int code = table ? rmb_nwb_dataset(file, table, name, false, &m, error) : 0;
	int64_t width = m && m->naxes == 2 ? m->axis[1] : 1;
	if (code || !m || m->naxes < 1 || m->naxes > 2 || at >= width || m->number == RMB_BYTES)
		return code;
	code = rmb_load_doubles(&nwb->plain, m, &all, error);
	*n = m->axis[0];
	*out = code ? NULL : rmb_arena_alloc(file->arena, (size_t)*n, sizeof **out);
	for (int64_t i = 0; i < *n && *out; i++)
		(*out)[i] = all[i * width + at];
	return code || *out ? code : rmb_error_nomem(error, name);
}

/* A member with the entries of a column for the ROIs that are read. */
static int
offer(struct rmb_load_file *file, const struct rois *r, const char *member, const char *name, int64_t at, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	double *column;
	int64_t n;
	int code = column_of(file, r->table, name, at, &column, &n, error);
	double *value = code || !column ? NULL : rmb_arena_alloc(file->arena, (size_t)r->n, sizeof *value);
	if (!value)
		return code || !column ? code : rmb_error_nomem(error, name);
	bool whole = true;
	for (int64_t i = 0; i < r->n; i++) {
		value[i] = r->row[i] < n ? column[r->row[i]] : NAN;
		whole &= value[i] == rint(value[i]) && fabs(value[i]) < 0x1p53;
	}
	if (strcmp(member, "roi") != 0)
		return rmb_gathered_doubles(&nwb->made, member, value, r->n, error);
	int64_t *id = whole ? rmb_arena_alloc(file->arena, (size_t)r->n, sizeof *id) : NULL;
	for (int64_t i = 0; i < r->n && id; i++)
		id[i] = (int64_t)value[i];
	return id ? rmb_gathered_integers(&nwb->made, member, id, r->n, error) : whole ? rmb_error_nomem(error, name) : 0;
}

/* Leaves out the columns whose ROI is no cell: by iscell, as suite2p writes it, else by Accepted, as NeuroConv does. */
static int
keep_cells(struct rmb_load_file *file, struct rois *r, const int64_t *row, int64_t n, struct rmb_error *error)
{
	static const char *const names[] = { "iscell", "Accepted", "accepted", NULL };
	struct rmb_nwb *nwb = file->handle;
	const char *const *name = names;
	double *cell = NULL;
	int64_t rows, kept = 0;
	int code = 0;
	for (bool all = strcmp(file->wish->rois, "all") == 0; *name && !all && !cell && !code;)
		if (!(code = column_of(file, r->table, *name, 0, &cell, &rows, error)) && !cell)
			name++;
	r->row = row;
	r->n = n;
	if (code || !cell)
		return code;
	int64_t *column = rmb_arena_alloc(file->arena, (size_t)n, sizeof *column),
		*left = rmb_arena_alloc(file->arena, (size_t)n, sizeof *left);
	if (!column || !left)
		return rmb_error_nomem(error, file->path);
	for (int64_t i = 0; i < n; i++) {
		if (row[i] >= rows)
			return rmb_error_set(error, RMB_EINPUT,
			                     "%s: the column %s of '%s' has %" PRId64 " rows, but the series is of row %" PRId64
			                     ", too; mend it, or write `rois: all` to read every ROI",
			                     file->path, *name, r->table, rows, row[i]);
		if (cell[row[i]] > 0.5) {
			left[kept] = row[i];
			column[kept++] = i;
		}
	}
	if (kept == 0)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: the column %s of '%s' calls none of %" PRId64 " ROIs a cell; write `rois: all`",
		                     file->path, *name, r->table, n);
	if (kept == n)
		return 0;
	rmb_load_file_note(file,
	                   "read the %" PRId64 " of %" PRId64
	                   " ROIs that the column %s of their table calls cells; `rois: all` reads every one",
	                   kept, n, *name);
	r->row = left;
	r->n = kept;
	nwb->column = column;
	return 0;
}

/* ---- where ---- */

/* um of a unit of length; 0: not known. */
static double
micrometres(const char *unit)
{
	static const struct { const char *name; double um;
	} units[] = {
		{ "um", 1 },           { "\xc2\xb5m", 1 },     { "\xce\xbcm", 1 },    { "micron", 1 },       { "microns", 1 },
		{ "micrometer", 1 },   { "micrometers", 1 },   { "micrometre", 1 },   { "micrometres", 1 },  { "m", 1e6 },
		{ "meter", 1e6 },      { "meters", 1e6 },      { "metre", 1e6 },      { "metres", 1e6 },     { "mm", 1e3 },
		{ "millimeter", 1e3 }, { "millimeters", 1e3 }, { "millimetre", 1e3 }, { "millimetres", 1e3 }
	};
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcasecmp(unit, units[i].name) == 0)
			return units[i].um;
	return 0;
}

/* grid_spacing of the imaging plane, if it is plausible and the recipe has no size of a pixel. */
static int
read_spacing(struct rmb_load_file *file, struct rois *r, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	const struct rmb_member *m;
	double *spacing;
	char unit[32];
	r->spacing[0] = r->spacing[1] = 1;
	file->in_pixels = true;
	int code = rmb_nwb_dataset(file, r->table, "imaging_plane/grid_spacing", false, &m, error);
	if (code || !m || m->count < 2 || m->count > 3 || m->number == RMB_BYTES || !isnan(file->wish->pixel))
		return code;
	code = rmb_load_doubles(&nwb->plain, m, &spacing, error);
	rmb_hdf5_text(handle_of(m), "unit", unit, sizeof unit);
	if (code)
		return code;
	double um = micrometres(unit), x = um * spacing[0], y = um * spacing[1];
	if (!(x > 0.01 && x < 1000 && y > 0.01 && y < 1000)) {
		rmb_load_file_note(file, "the size of a pixel in '%s' was not used: %g x %g in the unit '%s' is none", m->name,
		                   spacing[0], spacing[1], unit);
		return 0;
	}
	r->spacing[0] = x;
	r->spacing[1] = y;
	file->in_pixels = false;
	file->in_um = true;
	return 0;
}

static int
centres(struct rmb_load_file *made, const struct rmb_member *member, void *items, struct rmb_error *error)
{
	struct rmb_load_file *file = *rmb_gathered_own(made);
	struct rois *r = ((struct rmb_nwb *)file->handle)->own;
	int code = 0;
	if (!r->x) {
		double *x = rmb_arena_alloc(file->arena, (size_t)r->n, sizeof *x),
		       *y = rmb_arena_alloc(file->arena, (size_t)r->n, sizeof *y);
		code = x && y ? rmb_nwb_centres(file, r->table, r->row, r->n, x, y, error) : rmb_error_nomem(error, "positions");
		for (int64_t i = 0; i < r->n && !code; i++) {
			x[i] *= r->spacing[0];
			y[i] *= r->spacing[1];
		}
		r->x = code ? NULL : x;
		r->y = y;
	}
	if (!code)
		memcpy(items, strcmp(member->name, "xpos") == 0 ? r->x : r->y, (size_t)r->n * sizeof(double));
	return code;
}

static int
offer_positions(struct rmb_load_file *file, struct rois *r, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	bool possible = false;
	struct rmb_member x = rmb_gathered_numbers("xpos", r->n), y = rmb_gathered_numbers("ypos", r->n);
	int code = r->table ? rmb_nwb_has_masks(file, r->table, &possible, &x.effort, error) : 0;
	y.effort = x.effort;
	if (!code && possible)
		code = read_spacing(file, r, error);
	if (!code && possible)
		code = rmb_gathered_later(&nwb->made, &x, centres, error);
	return code || !possible ? code : rmb_gathered_later(&nwb->made, &y, centres, error);
}

/* ---- traces ---- */

/* A number by which samples are scaled; `none` where there is no such attribute, or, with a note, where it can be none. */
static double
scale(struct rmb_load_file *file, const struct rmb_member *data, const char *name, double none)
{
	double number = rmb_hdf5_number(handle_of(data), name);
	if (!isnan(number) && (number != 0 || none == 0))
		return number;
	if (H5Aexists(handle_of(data), name) > 0)
		rmb_load_file_note(file,
		                   "the attribute %s of '%s' was not used: it is no number that samples can be %s; samples are as "
		                   "they are stored",
		                   name, data->name, none == 0 ? "shifted by" : "multiplied by");
	return none;
}

/* The dataset itself if it is read as it is; else `some` of it. */
static int
offer_traces(struct rmb_load_file *file, const struct rmb_member *data, int64_t nframes, int64_t n, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	nwb->conversion = scale(file, data, "conversion", 1);
	nwb->offset = scale(file, data, "offset", 0);
	nwb->scaled = nwb->conversion != 1 || nwb->offset != 0;
	if (!isfinite(nwb->conversion) || !isfinite(nwb->offset))
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: '%s' is to be multiplied by %g, and %g added; neither may be infinite", file->path,
		                     data->name, nwb->conversion, nwb->offset);
	nwb->source = data;
	nwb->some = *data;
	nwb->some.frames_first = true;
	nwb->some.naxes = 2;
	nwb->some.axis[0] = nframes;
	nwb->some.axis[1] = n;
	if (nwb->scaled) {
		nwb->some.number = RMB_FLOATING;
		nwb->some.item = 8;
		nwb->some.type = "float64";
		rmb_load_file_note(file, "'%s' was multiplied by %g, and %g added, as its attributes say", data->name,
		                   nwb->conversion, nwb->offset);
	}
	nwb->activity = &nwb->some;
	return rmb_member_measure(file->arena, file->path, &nwb->some, error);
}

int
rmb_nwb_rois(struct rmb_load_file *file, const struct rmb_nwb_group *series, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	struct rois *r = rmb_arena_alloc(file->arena, 1, sizeof *r);
	const struct rmb_member *data;
	int64_t *row;
	int code = r ? rmb_nwb_dataset(file, series->path, "data", true, &data, error) : rmb_error_nomem(error, series->path);
	if (code)
		return code;
	nwb->own = r;
	if (!data || data->refusal)
		return rmb_error_set(error, RMB_EINPUT, data ? "%s: '%s/data' %s" : "%s: the series '%s' has no data", file->path,
		                     series->path, data ? data->refusal : "");
	if (data->naxes < 1 || data->naxes > 2 || data->count == 0 || data->number == RMB_BYTES)
		return rmb_error_set(error, RMB_EINPUT, "%s: '%s' is %s (%s); a series of ROIs must be numbers, frames x ROIs",
		                     file->path, data->name, rmb_member_shape(file->arena, data), data->type);
	int64_t nframes = data->axis[0], n = data->naxes == 2 ? data->axis[1] : 1;
	code = read_rows(file, series, data, n, &r->table, &row, error);
	r->n = n;
	if (!code && row)
		code = keep_cells(file, r, row, n, error);
	if (!code)
		code = offer_traces(file, data, nframes, r->n, error);
	if (!code)
		code = time_base(file, series, nframes, error);
	if (code || !row || !r->table)
		return code;
	code = offer_positions(file, r, error);
	if (!code)
		code = offer(file, r, "roi", "id", 0, error);
	if (!code)
		code = offer(file, r, "iscell", "iscell", 0, error);
	return code ? code : offer(file, r, "probability", "iscell", 1, error);
}

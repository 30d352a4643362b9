/* load/nwb.c -- NWB 2.x: activity of ROIs, or spike times of units, with what the file says of each neuron.
 *
 * An NWB file is HDF5 with conventions, and the root attribute nwb_version shows it. Groups carry their type in the attribute
 * neurodata_type, and are found by it, for names and places are free. Of the series of ROIs (RoiResponseSeries) those in a
 * container called Deconvolved come first, then dF/F, then fluorescence; neuropil last. Members are offered under the names that
 * layout.c finds by itself. Where a recipe names a dataset by its path the file is plain HDF5.
 * Layout: the NWB schema 2.0 to 2.8 (nwb-schema.readthedocs.io). */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "load/nwb.h"
#include "numeric/intervals.h"

enum { PIECE_BYTES = 16 << 20 };

/* ---- which series ---- */

/* Whether `name` is the path, or the last parts of it. */
static bool
ends_with(const char *path, const char *name)
{
	while (*name == '/')
		name++;
	size_t n = strlen(path), k = strlen(name);
	return k > 0 && k <= n && strcmp(path + n - k, name) == 0 && (k == n || path[n - k - 1] == '/');
}

static const char *
container_of(struct rmb_arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *around = slash ? rmb_arena_printf(arena, "%.*s", (int)(slash - path), path) : "";
	return around ? around : "";
}

/* 0: deconvolved, 1: dF/F, 2: fluorescence, 3: others, 4: neuropil. */
static int
rank_of(struct rmb_arena *arena, const struct rmb_nwb_group *series)
{
	const char *around = container_of(arena, series->path);
	if (strcasestr(around, "deconv"))
		return 0;
	if (strcasestr(around, "neuropil") || strcasestr(series->path, "neuropil"))
		return 4;
	return strcmp(series->around, "DfOverF") == 0 ? 1 : strcmp(series->around, "Fluorescence") == 0 ? 2 : 3;
}

/* The series that are meant: those that `wanted` names, else those of the best rank. */
static int
choose_series(struct rmb_load_file *file, struct rmb_nwb *nwb, struct rmb_nwb_list *chosen, struct rmb_error *error)
{
	const struct rmb_nwb_list *all = &nwb->list[RMB_NWB_SERIES];
	int best = 5;
	*chosen = (struct rmb_nwb_list){ rmb_arena_alloc(file->arena, all->n, sizeof *chosen->group), 0 };
	if (!chosen->group)
		return rmb_error_nomem(error, file->path);
	for (size_t i = 0; i < all->n; i++)
		best = rank_of(file->arena, &all->group[i]) < best ? rank_of(file->arena, &all->group[i]) : best;
	for (int by_container = 0; by_container < 2 && chosen->n == 0; by_container++)
		for (size_t i = 0; i < all->n; i++) {
			const char *path = by_container ? container_of(file->arena, all->group[i].path) : all->group[i].path;
			if (nwb->wanted ? ends_with(path, nwb->wanted)
			                : !by_container && rank_of(file->arena, &all->group[i]) == best)
				chosen->group[chosen->n++] = all->group[i];
		}
	return 0;
}

static int
open_series(struct rmb_load_file *file, struct rmb_nwb *nwb, struct rmb_error *error)
{
	struct rmb_nwb_list chosen;
	int code = choose_series(file, nwb, &chosen, error);
	if (code)
		return code;
	if (chosen.n == 0)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: `activity: %s` names neither a dataset nor one of its series of ROIs, which are %s",
		                     file->path, nwb->wanted, rmb_nwb_names(file, &nwb->list[RMB_NWB_SERIES]));
	if (chosen.n > 1)
		return rmb_error_set(
			error, RMB_EINPUT,
			"%s holds %zu series of ROIs that could be meant: %s. Say which one with `activity: NAME`; the last "
			"parts of its path suffice. If they are the planes of one recording, `activity: \"%s/*\"` reads them all",
			file->path, chosen.n, rmb_nwb_names(file, &chosen), container_of(file->arena, chosen.group[0].path));
	if (!nwb->wanted && nwb->list[RMB_NWB_SERIES].n > 1)
		rmb_load_file_note(file,
		                   "read the series '%s', one of %zu in the file (deconvolved before dF/F before fluorescence); "
		                   "`activity: NAME` "
		                   "chooses another",
		                   chosen.group[0].path, nwb->list[RMB_NWB_SERIES].n);
	return rmb_nwb_rois(file, &chosen.group[0], error);
}

/* ---- opening ---- */

/* Units that have spike times. */
static int
find_units(struct rmb_load_file *file, struct rmb_nwb *nwb, const struct rmb_nwb_group **units, struct rmb_error *error)
{
	const struct rmb_nwb_list *all = &nwb->list[RMB_NWB_UNITS];
	const struct rmb_member *times;
	int code = 0;
	*units = NULL;
	for (size_t i = 0; i < all->n && !code; i++) {
		code = rmb_nwb_dataset(file, all->group[i].path, "spike_times", true, &times, error);
		bool first = !code && times && (!*units || strcmp(all->group[i].path, "units") == 0);
		*units = first ? &all->group[i] : *units;
	}
	return code;
}

/* "acquisition/Activity_" of acquisition/Activity_0012. */
static const char *
stem_of(struct rmb_arena *arena, const char *path)
{
	size_t n = strlen(path);
	while (n > 0 && path[n - 1] >= '0' && path[n - 1] <= '9')
		n--;
	const char *stem = rmb_arena_printf(arena, "%.*s", (int)n, path);
	return stem ? stem : "";
}

static int
nothing_usable(struct rmb_load_file *file, const struct rmb_nwb *nwb, struct rmb_error *error)
{
	const struct rmb_nwb_list *other = &nwb->list[RMB_NWB_OTHER];
	if (other->n == 0)
		return rmb_error_set(
			error, RMB_EINPUT,
			"%s is an NWB file without activity: it holds no series of ROIs (RoiResponseSeries), no units with spike "
			"times, and no other series",
			file->path);
	return rmb_error_set(
		error, RMB_EINPUT,
		"%s is an NWB file without series of ROIs (RoiResponseSeries) and without units with spike times; it holds "
		"%zu other series: %s. One that is a matrix of neurons and frames can be read by its path, as in `activity: "
	        "%s/data`; series "
		"of one neuron each are put together with a pattern, as in `activity: \"%s*\"`",
		file->path, other->n, rmb_nwb_names(file, other), other->group[0].path,
		stem_of(file->arena, other->group[0].path));
}

/* The one kind that is meant. */
static int
open_parts(struct rmb_load_file *file, struct rmb_nwb *nwb, struct rmb_error *error)
{
	const struct rmb_load_wish *wish = file->wish;
	const struct rmb_nwb_group *units;
	int code = rmb_nwb_walk(file, nwb, error);
	if (!code)
		code = find_units(file, nwb, &units, error);
	if (code)
		return code;
	bool series = nwb->list[RMB_NWB_SERIES].n > 0;
	if (wish->spikes && !(units && ends_with(units->path, wish->spikes)))
		return 0; /* layout.c says that there is no such thing */
	if (!series && !units && !wish->activity)
		return nothing_usable(file, nwb, error);
	if (series && units && !wish->spikes && !wish->activity)
		return rmb_error_set(
			error, RMB_EINPUT,
			"%s holds activity of ROIs (%s) and spike times of units (%s): say which one is meant with `activity: "
			"NAME` or `spikes: %s`",
			file->path, rmb_nwb_names(file, &nwb->list[RMB_NWB_SERIES]), units->path, units->path);
	nwb->wanted = wish->spikes ? wish->spikes : wish->activity;
	if (!wish->spikes && rmb_nwb_is_pattern(wish->activity))
		return rmb_nwb_stack(file, wish->activity, error);
	if (wish->activity || !units)
		return series ? open_series(file, nwb, error) : 0;
	return rmb_nwb_units(file, units, error);
}

/* Whether the recipe names datasets by their paths, as of any HDF5 file. */
static int
is_by_path(struct rmb_load_file *file, struct rmb_nwb *nwb, bool *by_path, struct rmb_error *error)
{
	const char *name = file->wish->activity ? file->wish->activity : file->wish->spikes;
	const struct rmb_member *member = NULL;
	*by_path = file->wish->owners;
	int code = name ? rmb_format_hdf5.find(&nwb->plain, name, &member, error) : 0;
	*by_path |= member != NULL;
	return code;
}

/* NWB 1.x has a dataset where NWB 2 has an attribute. */
static int
refuse_old(struct rmb_load_file *file, struct rmb_nwb *nwb, bool *is_nwb, struct rmb_error *error)
{
	hid_t root = ((struct rmb_hdf5 *)nwb->plain.handle)->file;
	const struct rmb_member *version = NULL;
	*is_nwb = H5Aexists(root, "nwb_version") > 0;
	if (*is_nwb)
		return 0;
	int code = rmb_format_hdf5.find(&nwb->plain, "nwb_version", &version, error);
	if (code || !version || file->wish->activity || file->wish->spikes)
		return code;
	return rmb_error_set(
		error, RMB_EINPUT,
		"%s is of NWB 1, an older format than NWB 2 and unlike it, in which rumble finds nothing by itself: name its "
		"datasets, as in `{format: hdf5, activity: processing/MODULE/DfOverF/PLANE/data, rate: 30 Hz}`",
		file->path);
}

/* intervals/invalid_times: when what was recorded should not be used. */
static int
read_invalid(struct rmb_load_file *file, struct rmb_nwb *nwb, struct rmb_error *error)
{
	static const char table[] = "intervals/invalid_times";
	const struct rmb_member *start, *stop;
	double *from = NULL, *to = NULL;
	int64_t n = 0;
	int code = rmb_nwb_dataset(file, table, "start_time", false, &start, error);
	if (!code)
		code = rmb_nwb_dataset(file, table, "stop_time", false, &stop, error);
	if (code || !start || !stop || start->number == RMB_BYTES || stop->number == RMB_BYTES || start->count != stop->count)
		return code;
	code = rmb_load_doubles(&nwb->plain, start, &from, error);
	if (!code)
		code = rmb_load_doubles(&nwb->plain, stop, &to, error);
	double *list = code ? NULL : rmb_arena_alloc(file->arena, 2 * (size_t)start->count, sizeof *list);
	if (!list)
		return code ? code : rmb_error_nomem(error, table);
	for (int64_t i = 0; i < start->count; i++)
		if (isfinite(from[i]) && isfinite(to[i]) && from[i] < to[i]) {
			list[2 * n] = from[i];
			list[2 * n++ + 1] = to[i];
		}
	if (n < start->count)
		rmb_load_file_note(file, "%" PRId64 " of the %" PRId64 " intervals '%s' do not run forwards and were not used",
		                   start->count - n, start->count, table);
	file->invalid = list;
	file->ninvalid = rmb_intervals_join(list, n);
	return 0;
}

/* Opens any HDF5 file; one that is no NWB becomes one of the format hdf5. */
static int
nwb_open(struct rmb_load_file *file, struct rmb_error *error)
{
	struct rmb_nwb *nwb = rmb_arena_alloc(file->arena, 1, sizeof *nwb);
	if (!nwb)
		return rmb_error_nomem(error, file->path);
	nwb->plain = nwb->made = *file;
	nwb->plain.format = &rmb_format_hdf5;
	bool is_nwb = false, by_path = !file->wish;
	int code = rmb_format_hdf5.open(&nwb->plain, error);
	if (code)
		return code;
	file->handle = nwb;
	if (!by_path)
		code = refuse_old(file, nwb, &is_nwb, error);
	if (!code && is_nwb)
		code = is_by_path(file, nwb, &by_path, error);
	if (!code && is_nwb) {
		code = rmb_gathered_make(&nwb->made, error);
		if (!code)
			*rmb_gathered_own(&nwb->made) = file;
		if (!code && !by_path)
			code = open_parts(file, nwb, error);
		if (!code && !by_path)
			code = read_invalid(file, nwb, error);
	} else if (!code) {
		file->format = &rmb_format_hdf5;
		file->handle = nwb->plain.handle;
	}
	if (code)
		rmb_format_hdf5.close(&nwb->plain);
	return code;
}

static void
nwb_close(struct rmb_load_file *file)
{
	struct rmb_nwb *nwb = file->handle;
	rmb_format_hdf5.close(&nwb->plain);
}

/* ---- members ---- */

static int
nwb_find(struct rmb_load_file *file, const char *name, const struct rmb_member **member, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	bool wanted = nwb->wanted && strcmp(name, nwb->wanted) == 0;
	*member = NULL;
	if (nwb->activity && (wanted || strcmp(name, "spks") == 0))
		*member = nwb->activity;
	else if (nwb->times && strcmp(name, "tneural") == 0)
		*member = nwb->times;
	if (*member)
		return 0;
	int code = rmb_gathered_find(&nwb->made, wanted ? "st" : name, member, error);
	return code || *member ? code : rmb_format_hdf5.find(&nwb->plain, name, member, error);
}

/* Lists what was put together, then what lies in the file. */
static int
nwb_list(struct rmb_load_file *file, const struct rmb_member **member, int room, int *n, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	int own = 0, stored = 0;
	int code = rmb_gathered_list(&nwb->made, member, room, &own, error);
	int left = own < room ? room - own : 0;
	if (!code)
		code = rmb_format_hdf5.list(&nwb->plain, member + (room - left), left, &stored, error);
	*n = own + stored;
	return code;
}

static bool
is_made(struct rmb_nwb *nwb, const struct rmb_member *member)
{
	const struct rmb_member *found = NULL;
	struct rmb_error ignored = { 0 };
	return rmb_gathered_find(&nwb->made, member->name, &found, &ignored) == 0 && found == member;
}

static void
nwb_tile(struct rmb_load_file *file, const struct rmb_member *member, int64_t budget, int64_t *nrows, int64_t *ncolumns)
{
	struct rmb_nwb *nwb = file->handle;
	if (member != &nwb->some && !is_made(nwb, member)) {
		rmb_format_hdf5.tile(&nwb->plain, member, budget, nrows, ncolumns);
	} else if (member == &nwb->some && !nwb->stack && nwb->source->naxes == 2) {
		int64_t columns = member->axis[1];
		*ncolumns = nwb->source->axis[1];
		rmb_format_hdf5.tile(&nwb->plain, nwb->source, budget, nrows, ncolumns);
		*ncolumns = *ncolumns < columns ? *ncolumns : columns;
	}
}

/* Items of the source's rows row.. and columns low.. as items of the member. */
static void
take(const struct rmb_nwb *nwb, unsigned char *raw, int64_t nrows, int64_t width, int64_t low, int64_t column, int64_t ncolumns,
     unsigned char *out)
{
	size_t item = nwb->source->item;
	for (int64_t i = 0; i < nrows; i++)
		for (int64_t k = 0; k < ncolumns; k++, out += nwb->some.item) {
			int64_t from = i * width + (nwb->column ? nwb->column[column + k] : column + k) - low;
			double number;
			if (!nwb->scaled) {
				memcpy(out, raw + (size_t)from * item, item);
				continue;
			}
			rmb_member_decode(nwb->source, raw + (size_t)from * item, 1, &number);
			number = number * nwb->conversion + nwb->offset;
			memcpy(out, &number, sizeof number);
		}
}

static int
read_some(struct rmb_nwb *nwb, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, unsigned char *out,
          struct rmb_error *error)
{
	int64_t low = nwb->column ? nwb->column[column] : column,
		high = nwb->column ? nwb->column[column + ncolumns - 1] : column + ncolumns - 1;
	bool list = nwb->source->naxes == 1; /* a single ROI: its frames lie in one row */
	int64_t width = list ? 1 : high - low + 1, step = PIECE_BYTES / (width * (int64_t)nwb->source->item);
	step = step < 1 ? 1 : step < nrows ? step : nrows;
	unsigned char *raw = malloc((size_t)(step * width) * nwb->source->item);
	int code = raw ? 0 : rmb_error_nomem(error, nwb->some.name);
	for (int64_t at = 0; at < nrows && !code; at += step) {
		int64_t here = nrows - at < step ? nrows - at : step;
		code = list ? rmb_format_hdf5.read(&nwb->plain, nwb->source, 0, 1, row + at, here, raw, error) :
		              rmb_format_hdf5.read(&nwb->plain, nwb->source, row + at, here, low, width, raw, error);
		if (!code)
			take(nwb, raw, here, width, list ? 0 : low, list ? 0 : column, ncolumns,
			     out + (size_t)(at * ncolumns) * nwb->some.item);
	}
	free(raw);
	return code;
}

static int
nwb_read(struct rmb_load_file *file, const struct rmb_member *member, int64_t row, int64_t nrows, int64_t column,
         int64_t ncolumns, void *raw, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	if (member == &nwb->some && nwb->stack)
		return rmb_nwb_stack_read(nwb, row, nrows, column, ncolumns, raw, error);
	if (member == &nwb->some)
		return read_some(nwb, row, nrows, column, ncolumns, raw, error);
	if (is_made(nwb, member))
		return rmb_gathered_read(&nwb->made, member, row, nrows, column, ncolumns, raw, error);
	return rmb_format_hdf5.read(&nwb->plain, member, row, nrows, column, ncolumns, raw, error);
}

/* Of any HDF5 file, for an attribute decides: one that is no NWB is opened as plain HDF5. */
static enum rmb_sureness
nwb_recognises(const struct rmb_load_probe *probe)
{
	return rmb_hdf5_recognises(probe) ? RMB_LIKELY : RMB_NOT_MINE;
}

const struct rmb_format rmb_format_nwb = {
	.name = "nwb",
	.title = "NWB",
	.recognises = nwb_recognises,
	.open = nwb_open,
	.close = nwb_close,
	.find = nwb_find,
	.list = nwb_list,
	.tile = nwb_tile,
	.read = nwb_read,
};

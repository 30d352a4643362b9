/* load/suite2p.c -- the folder that suite2p writes: one recording of all its planes.
 *
 * Any of <root>, <root>/suite2p and <root>/suite2p/plane0 will do; of several planes each is a part of the neurons, `combined`
 * is left out unless it is all there is, and so are planes without ROIs. Members: spks, F, Fneu and F-0.7Fneu (as far as every
 * plane has the files), and of each ROI xpos and ypos (pixels, from `med` of stat.npy), snr (as suite2p 1.x has it in
 * stat.npy, else 1 - var(diff x) / (2 var x) of x = F - 0.7 Fneu), probability (iscell.npy), iplane, and roi, its number among
 * those of all planes. Only ROIs that iscell.npy calls cells are there, unless `rois: all`. The rate is `fs` of ops.npy (0.x)
 * or settings.npy (1.x), which suite2p gives for one plane; frames that its list `badframes` (ops.npy, of 1.x reg_outputs.npy)
 * marks in any plane are the member badframes. Layout: suite2p's documentation, "Outputs"; pickles are read as data
 * (pickle.h). */
#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "load/pickle.h"
#include "load/suite2p.h"

#define NEUROPIL 0.7
enum { MOST_PLANES = 1000 };
static const char corrected[] = "F-0.7Fneu";

struct folder {
	int nplanes;
	struct rmb_suite2p_plane *plane;
	int64_t n, nframes;                           /* ROIs that are read, frames that all planes have */
	struct rmb_gathered_row *place;               /* [n] of each ROI: row in its plane; `file` is unused */
	const struct rmb_suite2p_plane **home;        /* [n] */
};

/* ---- which planes */

static bool
holds(struct rmb_arena *arena, const char *folder, const char *name)
{
	const char *path = rmb_arena_printf(arena, "%s/%s", folder, name);
	return path && !rmb_gathered_absent(path);
}

static bool
is_plane(struct rmb_arena *arena, const char *folder)
{
	return holds(arena, folder, "spks.npy") || holds(arena, folder, "F.npy");
}

static int
by_number(const void *a, const void *b)
{
	const struct rmb_suite2p_plane *x = a, *y = b;
	return (x->number > y->number) - (x->number < y->number);
}

/* The numbered planes in a folder, up to `room`, ascending; list NULL: they are only counted. */
static int
list_planes(struct rmb_arena *arena, const char *folder, struct rmb_suite2p_plane *list, int room)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;
	int n = 0;
	while (directory && n < room && (entry = readdir(directory))) {
		const char *digits = entry->d_name + 5;
		const char *path =
			strncmp(entry->d_name, "plane", 5) == 0 ? rmb_arena_printf(arena, "%s/%s", folder, entry->d_name) : NULL;
		if (!path || !*digits || strlen(digits) > 6 || strspn(digits, "0123456789") != strlen(digits) ||
		    !is_plane(arena, path))
			continue;
		if (list)
			list[n] = (struct rmb_suite2p_plane){ .folder = path, .number = strtol(digits, NULL, 10) };
		n++;
	}
	if (directory)
		closedir(directory);
	if (list)
		qsort(list, (size_t)n, sizeof *list, by_number);
	return n;
}

/* The folder in which the planes lie; NULL: none here. */
static const char *
planes_in(struct rmb_arena *arena, const char *path)
{
	const char *below = rmb_arena_printf(arena, "%s/suite2p", path);
	return list_planes(arena, path, NULL, 1) > 0 ? path : below && list_planes(arena, below, NULL, 1) > 0 ? below : NULL;
}

/* The folder that is read by itself: a plane, or all planes combined where none is left; NULL: neither. */
static const char *
alone(struct rmb_arena *arena, const char *path)
{
	static const char *const below[] = { "combined", "suite2p/combined" };
	if (is_plane(arena, path))
		return path;
	for (size_t i = 0; i < sizeof below / sizeof *below && !planes_in(arena, path); i++) {
		const char *folder = rmb_arena_printf(arena, "%s/%s", path, below[i]);
		if (folder && is_plane(arena, folder))
			return folder;
	}
	return NULL;
}

static enum rmb_sureness
suite2p_recognises(const struct rmb_load_probe *probe)
{
	return alone(probe->arena, probe->path) || planes_in(probe->arena, probe->path) ? RMB_SURELY : RMB_NOT_MINE;
}

static int
find_planes(struct rmb_load_file *file, struct folder *f, struct rmb_error *error)
{
	const char *sole = alone(file->arena, file->path), *where = sole ? NULL : planes_in(file->arena, file->path);
	f->nplanes = 1;
	f->plane = rmb_arena_alloc(file->arena, MOST_PLANES, sizeof *f->plane);
	if (!f->plane)
		return rmb_error_nomem(error, file->path);
	f->plane[0].folder = sole ? sole : file->path;
	if (where) /* once, into room for any number: the folder may change */
		f->nplanes = list_planes(file->arena, where, f->plane, MOST_PLANES);
	return 0;
}

/* ---- all planes */

/* Which ROIs are read. */
static int
choose_rois(struct rmb_load_file *file, struct folder *f, struct rmb_error *error)
{
	int64_t all = 0;
	bool every = file->wish && strcmp(file->wish->rois, "all") == 0;
	f->nframes = f->plane[0].nframes;
	for (int p = 0; p < f->nplanes; p++) {
		all += f->plane[p].n;
		f->nframes = f->plane[p].nframes < f->nframes ? f->plane[p].nframes : f->nframes;
	}
	f->place = rmb_arena_alloc(file->arena, (size_t)all, sizeof *f->place);
	f->home = rmb_arena_alloc(file->arena, (size_t)all, sizeof *f->home);
	if (!f->place || !f->home)
		return rmb_error_nomem(error, file->path);
	for (int p = 0; p < f->nplanes; p++)
		for (int64_t i = 0; i < f->plane[p].n; i++)
			if (every || !f->plane[p].cell || f->plane[p].cell[2 * i] > 0.5) {
				f->place[f->n].row = i;
				f->home[f->n++] = &f->plane[p];
			}
	if (f->n == 0)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: suite2p's iscell.npy calls none of %" PRId64
		                     " ROIs a cell; curate them, or write `rois: all`",
		                     file->path, all);
	if (f->n < all)
		rmb_load_file_note(file,
		                   "read the %" PRId64 " of %" PRId64
		                   " ROIs that suite2p's iscell.npy calls cells; `rois: all` reads every one",
		                   f->n, all);
	for (int p = 0; p < f->nplanes; p++)
		if (f->plane[p].nframes > f->nframes)
			rmb_load_file_note(file,
			                   "plane %" PRId64 " has %" PRId64 " frames, of which the first %" PRId64
			                   " were read: as many as all planes have",
			                   f->plane[p].number, f->plane[p].nframes, f->nframes);
	return 0;
}

/* A matrix of one kind of trace, if every plane has it; less: of trace t less NEUROPIL times Fneu. */
static int
add_traces(struct rmb_load_file *file, const struct folder *f, int t, bool less, struct rmb_error *error)
{
	for (int p = 0; p < f->nplanes; p++)
		if (!f->plane[p].trace[t] || (less && !f->plane[p].trace[RMB_SUITE2P_FNEU]))
			return 0;
	struct rmb_gathered_row *row = rmb_arena_copy(file->arena, f->place, (size_t)f->n, sizeof *row);
	if (!row)
		return rmb_error_nomem(error, file->path);
	for (int64_t i = 0; i < f->n; i++) {
		row[i].file = f->home[i]->trace[t];
		row[i].member = rmb_gathered_sole(row[i].file);
		row[i].less_file = less ? f->home[i]->trace[RMB_SUITE2P_FNEU] : NULL;
		row[i].less = less ? rmb_gathered_sole(row[i].less_file) : NULL;
		row[i].factor = NEUROPIL;
	}
	return rmb_gathered_matrix(file, less ? corrected : rmb_suite2p_trace[t], row, f->n, f->nframes, error);
}

/* ROI i's entry `key`, item `at`, of stat.npy; NaN: not there. */
static double
stat_number(const struct folder *f, int64_t i, const char *key, int64_t at)
{
	double number;
	const struct rmb_pickled *roi = rmb_pickle_item(f->home[i]->stat, f->place[i].row);
	return rmb_pickle_number(rmb_pickle_get(roi, key), at, &number) ? number : NAN;
}

static double
probability(const struct folder *f, int64_t i, const char *key, int64_t at)
{
	(void)key;
	return f->home[i]->cell ? f->home[i]->cell[2 * f->place[i].row + at] : NAN;
}

/* One number per ROI, if at least one has it; *missing (may be NULL) counts the others. */
static int
add_numbers(struct rmb_load_file *file, const struct folder *f, const char *name,
            double (*number)(const struct folder *f, int64_t i, const char *key, int64_t at), const char *key, int64_t at,
            int64_t *missing, struct rmb_error *error)
{
	double *value = rmb_arena_alloc(file->arena, (size_t)f->n, sizeof *value);
	int64_t absent = 0;
	if (!value)
		return rmb_error_nomem(error, name);
	for (int64_t i = 0; i < f->n; i++) {
		value[i] = number(f, i, key, at);
		absent += isnan(value[i]);
	}
	if (missing)
		*missing = absent;
	return absent < f->n && (!missing || absent == 0) ? rmb_gathered_doubles(file, name, value, f->n, error) : 0;
}

/* 1 - var(diff x) / (2 var x): 1 for a slow trace, 0 for white noise (formats.md of the paper's data: `snr`). */
static double
snr_of(const float *x, int64_t n)
{
	double mean = 0, variance = 0, steps = 0, mean_step = n > 1 ? ((double)x[n - 1] - (double)x[0]) / (double)(n - 1) : 0;
	for (int64_t t = 0; t < n; t++)
		mean += (double)x[t];
	mean /= (double)n;
	for (int64_t t = 0; t < n; t++)
		variance += ((double)x[t] - mean) * ((double)x[t] - mean);
	for (int64_t t = 1; t < n; t++) {
		double step = (double)x[t] - (double)x[t - 1] - mean_step;
		steps += step * step;
	}
	return n > 1 && variance > 0 ? 1 - steps / (double)(n - 1) / (2 * variance / (double)n) : NAN;
}

static int
work_out_snr(struct rmb_load_file *file, const struct rmb_member *member, void *items, struct rmb_error *error)
{
	double *value = items;
	const struct rmb_member *m = NULL;
	int code = rmb_gathered_find(file, corrected, &m, error);
	float *trace = !code && m ? rmb_arena_alloc(file->arena, (size_t)m->axis[1], sizeof *trace) : NULL;
	if (!trace)
		return code ? code : rmb_error_nomem(error, "snr");
	for (int64_t i = 0; i < member->count && !code; i++) {
		code = rmb_gathered_read(file, m, i, 1, 0, m->axis[1], trace, error);
		value[i] = snr_of(trace, m->axis[1]);
	}
	return code;
}

static int
add_snr(struct rmb_load_file *file, const struct folder *f, struct rmb_error *error)
{
	int64_t missing = 0;
	const struct rmb_member *traces = NULL;
	int code = add_numbers(file, f, "snr", stat_number, "snr", 0, &missing, error);
	if (code || missing == 0)
		return code;
	code = rmb_gathered_find(file, corrected, &traces, error);
	struct rmb_member snr = rmb_gathered_numbers("snr", f->n);
	snr.effort = traces ? 2 * traces->count * (int64_t)traces->item : 0;
	return code || !traces ? code : rmb_gathered_later(file, &snr, work_out_snr, error);
}

static int
add_numbering(struct rmb_load_file *file, const struct folder *f, struct rmb_error *error)
{
	int64_t *roi = rmb_arena_alloc(file->arena, (size_t)f->n, sizeof *roi),
		*plane = rmb_arena_alloc(file->arena, (size_t)f->n, sizeof *plane);
	bool mosaic = false;
	if (!roi || !plane)
		return rmb_error_nomem(error, file->path);
	for (int64_t i = 0; i < f->n; i++) {
		roi[i] = f->place[i].row;
		for (const struct rmb_suite2p_plane *p = f->plane; p < f->home[i]; p++)
			roi[i] += p->n;
		double within = stat_number(f, i, "iplane", 0); /* in a folder of combined planes */
		plane[i] = f->nplanes > 1 || !(within >= 0 && within < MOST_PLANES) ? f->home[i]->number : (int64_t)within;
		mosaic |= f->nplanes == 1 && plane[i] != plane[0];
	}
	if (mosaic)
		rmb_load_file_note(file, "suite2p's combined planes lie side by side: positions are right within a plane, and not between "
		                         "planes");
	int code = rmb_gathered_integers(file, "roi", roi, f->n, error);
	return code ? code : rmb_gathered_integers(file, "iplane", plane, f->n, error);
}

/* Frames that are bad in any plane, by number. */
static int
add_bad_frames(struct rmb_load_file *file, const struct folder *f, struct rmb_error *error)
{
	int64_t *frame = rmb_arena_alloc(file->arena, (size_t)f->nframes, sizeof *frame), n = 0;
	if (!frame)
		return rmb_error_nomem(error, "badframes");
	for (int64_t t = 0; t < f->nframes; t++) {
		bool bad = false;
		for (int p = 0; p < f->nplanes; p++)
			bad |= f->plane[p].bad && f->plane[p].bad[t];
		if (bad)
			frame[n++] = t;
	}
	return n ? rmb_gathered_integers(file, "badframes", frame, n, error) : 0;
}

static int
add_members(struct rmb_load_file *file, const struct folder *f, struct rmb_error *error)
{
	int code = 0;
	for (int t = 0; t < RMB_SUITE2P_NTRACES && !code; t++)
		code = add_traces(file, f, t, false, error);
	if (!code)
		code = add_traces(file, f, RMB_SUITE2P_F, true, error);
	if (!code)
		code = add_numbers(file, f, "xpos", stat_number, "med", 1, NULL, error);
	if (!code)
		code = add_numbers(file, f, "ypos", stat_number, "med", 0, NULL, error);
	if (!code)
		code = add_numbers(file, f, "probability", probability, NULL, 1, NULL, error);
	if (!code)
		code = add_snr(file, f, error);
	if (!code)
		code = add_bad_frames(file, f, error);
	return code ? code : add_numbering(file, f, error);
}

/* Reads what there is of every plane, and keeps those in which suite2p found ROIs. */
static int
read_planes(struct rmb_load_file *file, struct folder *f, struct rmb_error *error)
{
	int kept = 0, code = 0;
	for (int i = 0; i < f->nplanes && !code; i++) {
		struct rmb_suite2p_plane *p = &f->plane[i];
		code = rmb_suite2p_plane(file, p, error);
		if (!code && p->n == 0)
			rmb_load_file_note(file, "plane %" PRId64 " was passed over: there are no ROIs in it", p->number);
		else
			f->plane[kept++] = *p;
	}
	if (!code && kept == 0)
		code = rmb_error_set(error, RMB_EINPUT,
		                     "%s: suite2p found no ROIs%s, so that there is no activity; run it again with a lower "
		                     "threshold_scaling",
		                     file->path, f->nplanes > 1 ? " in any plane" : "");
	f->nplanes = kept;
	return code;
}

static int
suite2p_open(struct rmb_load_file *file, struct rmb_error *error)
{
	struct folder f = { 0 };
	int code = rmb_gathered_make(file, error);
	if (!code)
		code = find_planes(file, &f, error);
	if (!code)
		code = read_planes(file, &f, error);
	if (!code)
		code = choose_rois(file, &f, error);
	file->in_pixels = true;
	if (!code)
		code = add_members(file, &f, error);
	if (code)
		rmb_gathered_close(file);
	return code;
}

const struct rmb_format rmb_format_suite2p = {
	.name = "suite2p",
	.title = "suite2p",
	.folder = "suite2p (F.npy or spks.npy, in it or in plane0)",
	.open = suite2p_open,
	.close = rmb_gathered_close,
	.find = rmb_gathered_find,
	.list = rmb_gathered_list,
	.read = rmb_gathered_read,
	.place = rmb_gathered_place,
	.recognises = suite2p_recognises,
};

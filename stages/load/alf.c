/* load/alf.c -- ALF folders, as of the International Brain Laboratory: files object.attribute.npy whose rows belong together.
 *
 * spikes.times (s) and spikes.clusters have a row for each spike; clusters.* one for each cluster, which spikes.clusters counts
 * from 0; channels.* one for each channel. Any of the session, its folder alf, the folder of a probe and that of one sorting will
 * do; several probes become one recording. Members are those of sorted.h. A file may have a namespace in front (_ibl_), more
 * words before its ending, and newer revisions in folders #2024-05-06#, of which the last that has it counts. Depth:
 * clusters.depths, else the channel's. Channel: clusters.channels from 0, clusters.peakChannel from 1; its place:
 * localCoordinates or sitePositions, um. Area: acronyms of clusters or of their channels, else the channels' column
 * allen_ontology, else atlas numbers. Labels: clusters.metrics.csv, whose `label` (the share of criteria met) is 1 for good units
 * and becomes the quality, else its ks2_label; clusters._phy_annotation (0 noise, 1 mua, 2 good, 3 unsorted). Tables in Parquet
 * are not read, which is said. Layout: IBL, "Open Neurophysiology Environment" (ALF); Steinmetz et al. 2019, Nature 576:266. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "load/alf.h"
#include "load/sheet.h"

#define MOST_TEXT ((int64_t)64 << 20)

static enum rmb_sureness
alf_recognises(const struct rmb_load_probe *probe)
{
	struct rmb_sorting list[RMB_MOST_SORTINGS];
	const char *root;
	return rmb_alf_sortings(probe->arena, probe->path, list, &root) > 0 ? RMB_SURELY : RMB_NOT_MINE;
}

/* ---- reading ---- */

struct column { struct rmb_load_file *part; const struct rmb_member *m; int64_t n; };

/* Opens the array of an attribute; column->m NULL: there is none that can be read, which is noted if it is there. */
static int
open_column(struct rmb_load_file *file, const char *folder, const char *attribute, struct column *column, struct rmb_error *error)
{
	const char *where, *name;
	*column = (struct column){ 0 };
	int code = rmb_alf_find(file->arena, folder, attribute, ".npy", &where, &name, error);
	if (!code && name)
		code = rmb_gathered_open(file, where, name, &column->part, error);
	if (code || !column->part)
		return code;
	column->m = rmb_gathered_sole(column->part);
	if (column->m->refusal && !column->m->pickle) {
		rmb_load_file_note(file, "%s was left out: it %s", attribute, column->m->refusal);
		column->m = NULL;
	} else
		column->n = column->m->naxes > 0 ? column->m->axis[0] : 1;
	return 0;
}

/* The same of numbers that are needed or may be missing, as a list. */
static int
read_numbers(struct rmb_load_file *file, const char *folder, const char *attribute, double **out, int64_t *n,
             struct rmb_error *error)
{
	struct column column;
	*out = NULL;
	int code = open_column(file, folder, attribute, &column, error);
	if (code || !column.m)
		return code;
	*n = column.m->count;
	code = rmb_sorted_is_list(column.part, column.m, error);
	return code ? code : rmb_load_doubles(column.part, column.m, out, error);
}

static int
read_spikes(struct rmb_load_file *file, struct rmb_sorting *s, struct rmb_error *error)
{
	struct column times, clusters;
	s->clock = NAN;
	int code = open_column(file, s->folder, "spikes.times", &times, error);
	if (!code)
		code = open_column(file, s->folder, "spikes.clusters", &clusters, error);
	if (!code && (!times.m || !clusters.m))
		code = rmb_error_set(error, RMB_EINPUT,
		                     "%s has no %s.npy that can be read: both times and clusters of spikes are needed", s->folder,
		                     times.m ? "spikes.clusters" : "spikes.times");
	return code ? code : rmb_sorted_spikes(file, s, times.part, clusters.part, error);
}

/* Fails if a spike is of a cluster that an array with a row for each cluster does not have. */
static int
check_rows(const struct rmb_sorting *s, const char *attribute, int64_t n, struct rmb_error *error)
{
	int64_t last = s->nunits > 0 ? s->unit[s->nunits - 1].cluster : -1;
	return last < n ? 0
	                : rmb_error_set(error, RMB_EINPUT,
	                                "%s: a spike is of cluster %" PRId64 ", and %s has %" PRId64 " rows, counted from 0",
	                                s->folder, last, attribute, n);
}

/* A number for each cluster that has spikes; *out NULL: there is no such array. */
static int
of_units(struct rmb_load_file *file, const struct rmb_sorting *s, const char *attribute, double **out, struct rmb_error *error)
{
	double *all;
	int64_t n = 0;
	*out = NULL;
	int code = read_numbers(file, s->folder, attribute, &all, &n, error);
	if (!code && all)
		code = check_rows(s, attribute, n, error);
	if (code || !all)
		return code;
	*out = rmb_arena_alloc(file->arena, (size_t)s->nunits, sizeof **out);
	for (int64_t u = 0; u < s->nunits && *out; u++)
		(*out)[u] = all[s->unit[u].cluster];
	return *out ? 0 : rmb_error_nomem(error, attribute);
}

/* ---- places ---- */

/* The channel of each unit, from 0; *out NULL: not known. */
static int
read_channels(struct rmb_load_file *file, const struct rmb_sorting *s, double **out, struct rmb_error *error)
{
	bool from_1 = false;
	int code = of_units(file, s, "clusters.channels", out, error);
	if (!code && !*out) {
		code = of_units(file, s, "clusters.peakChannel", out, error);
		from_1 = *out != NULL;
		for (int64_t u = 0; u < s->nunits && *out; u++)
			from_1 &= (*out)[u] >= 1;
		if (from_1)
			rmb_load_file_note(file, "clusters.peakChannel was taken to count channels from 1");
	}
	for (int64_t u = 0; u < s->nunits && from_1; u++)
		(*out)[u] -= 1;
	return code;
}

static bool
on(double channel, int64_t n)
{
	return channel >= 0 && channel < (double)n;
}

/* Columns x and y of the channels' places. */
static int
place_units(struct rmb_load_file *file, struct rmb_sorting *s, const double *channel, struct rmb_error *error)
{
	static const char *const names[] = { "channels.localCoordinates", "channels.sitePositions" };
	double *depth, *place = NULL;
	struct column column = { 0 };
	int code = of_units(file, s, "clusters.depths", &depth, error);
	for (size_t i = 0; i < 2 && !code && !column.m && channel; i++)
		code = open_column(file, s->folder, names[i], &column, error);
	if (!code && column.m && column.m->naxes == 2 && column.m->axis[1] == 2)
		code = rmb_load_doubles(column.part, column.m, &place, error);
	for (int64_t u = 0; u < s->nunits && !code; u++) {
		const double *at = place && on(channel[u], column.n) ? place + 2 * (int64_t)channel[u] : NULL;
		s->unit[u].x = at ? at[0] : NAN;
		s->unit[u].depth = depth && isfinite(depth[u]) ? depth[u] : at ? at[1] : NAN;
	}
	return code;
}

/* Areas by the rows of text[n] (or of a column of a sheet), one for each cluster or channel. */
static void
take_area(struct rmb_sorting *s, const double *channel, int64_t n, const char *text, size_t width, const struct rmb_sheet *sheet,
          int64_t column)
{
	for (int64_t u = 0; u < s->nunits; u++) {
		double row = channel ? channel[u] : (double)s->unit[u].cluster;
		if (on(row, n))
			s->unit[u].area = sheet ? sheet->cell[(int64_t)row * sheet->ncolumns + column] : text + (size_t)row * width;
	}
}

static int
name_areas(struct rmb_load_file *file, struct rmb_sorting *s, const double *channel, struct rmb_error *error)
{
	static const struct { const char *attribute; bool of_channels;
	} names[] = { { "clusters.acronym", false },
		      { "clusters.acronyms", false },
		      { "clusters.brainLocationAcronyms_ccf_2017", false },
		      { "channels.acronym", true },
		      { "channels.brainLocationAcronyms_ccf_2017", true },
		      { "clusters.brainLocationIds_ccf_2017", false },
		      { "channels.brainLocationIds_ccf_2017", true } };
	const char *where, *name;
	struct rmb_sheet sheet;
	unsigned char *bytes;
	size_t length;
	int code = channel ? rmb_alf_find(file->arena, s->folder, "channels.brainLocation", ".tsv", &where, &name, error) : 0;
	if (!code && channel && name && !(code = rmb_gathered_bytes(file, where, name, MOST_TEXT, &bytes, &length, error)) &&
	    bytes && !(code = rmb_sheet_read(file->arena, name, (char *)bytes, length, '\t', &sheet, error)) &&
	    rmb_sheet_column(&sheet, "allen_ontology") >= 0)
		take_area(s, channel, sheet.nrows, NULL, 0, &sheet, rmb_sheet_column(&sheet, "allen_ontology"));
	for (size_t i = sizeof names / sizeof *names; i-- > 0 && !code;) { /* the best last */
		struct column column;
		char *text;
		size_t width;
		if (names[i].of_channels && !channel)
			continue;
		code = open_column(file, s->folder, names[i].attribute, &column, error);
		if (code || !column.m)
			continue;
		if (!(code = rmb_load_texts(column.part, column.m, &text, &width, error)) && !names[i].of_channels)
			code = check_rows(s, names[i].attribute, column.m->count, error);
		if (!code)
			take_area(s, names[i].of_channels ? channel : NULL, column.m->count, text, width, NULL, 0);
	}
	return code;
}

/* ---- labels ---- */

/* Rows by cluster_id, or one after another. */
static int
read_metrics(struct rmb_load_file *file, struct rmb_sorting *s, struct rmb_error *error)
{
	const char *where, *name;
	struct rmb_sheet sheet;
	unsigned char *bytes;
	size_t length;
	int code = rmb_alf_find(file->arena, s->folder, "clusters.metrics", ".csv", &where, &name, error);
	if (code || !name) {
		code = code ? code : rmb_alf_find(file->arena, s->folder, "clusters.metrics", ".pqt", &where, &name, error);
		if (!code && name)
			rmb_load_file_note(file,
			                   "the labels and metrics in clusters.metrics.pqt were not read, for rumble reads no "
			                   "Parquet: save them beside it as text, as "
			                   "pandas.read_parquet('clusters.metrics.pqt').to_csv('clusters.metrics.csv') does");
		return code;
	}
	const char *what = rmb_arena_printf(file->arena, "%s/%s", where, name);
	code = rmb_gathered_bytes(file, where, name, MOST_TEXT, &bytes, &length, error);
	if (!code && !bytes) /* it is gone since it was found */
		return 0;
	if (!code)
		code = rmb_sheet_read(file->arena, what ? what : name, (char *)bytes, length, ',', &sheet, error);
	int64_t id = code ? -1 : rmb_sheet_column(&sheet, "cluster_id"), label = code ? -1 : rmb_sheet_column(&sheet, "label"),
		ks = -1;
	static const char *const sorters[] = { "ks2_label", "ks_label", "KSLabel" };
	for (size_t i = 0; i < 3 && !code && ks < 0; i++)
		ks = rmb_sheet_column(&sheet, sorters[i]);
	for (int64_t row = 0; !code && row < sheet.nrows; row++) {
		double cluster = (double)row, share;
		if (id >= 0 && !rmb_sheet_number(&sheet, row, id, &cluster))
			return rmb_error_set(error, RMB_EINPUT, "%s: cluster_id in row %" PRId64 " is no number", what, row + 1);
		struct rmb_unit *unit = rmb_sorted_unit(s, cluster);
		if (!unit)
			continue;
		if (rmb_sheet_number(&sheet, row, label, &share)) {
			unit->quality = share;
			rmb_sorted_label(unit, share >= 1 ? "good" : "mua", false);
		} else if (ks >= 0)
			rmb_sorted_label(unit, sheet.cell[row * sheet.ncolumns + ks], false);
	}
	return code;
}

static int
read_annotation(struct rmb_load_file *file, struct rmb_sorting *s, struct rmb_error *error)
{
	static const char *const words[] = { "noise", "mua", "good", "unsorted" };
	double *note;
	int code = of_units(file, s, "clusters._phy_annotation", &note, error);
	for (int64_t u = 0; u < s->nunits && !code && note; u++)
		if (note[u] >= 0 && note[u] <= 3)
			rmb_sorted_label(&s->unit[u], words[(int)note[u]], true);
	return code;
}

static int
read_sorting(struct rmb_load_file *file, struct rmb_sorting *s, struct rmb_error *error)
{
	double *channel = NULL, *probe = NULL;
	int code = read_spikes(file, s, error);
	if (!code)
		code = read_metrics(file, s, error);
	if (!code)
		code = read_annotation(file, s, error);
	if (!code)
		code = read_channels(file, s, &channel, error);
	if (!code)
		code = place_units(file, s, channel, error);
	if (!code)
		code = name_areas(file, s, channel, error);
	if (!code)
		code = of_units(file, s, "clusters.probes", &probe, error);
	for (int64_t u = 0; u < s->nunits && !code && probe; u++)
		s->unit[u].probe = probe[u] >= 0 && probe[u] < RMB_SORTED_STEP ? (int64_t)probe[u] : -1;
	return code;
}

static int
alf_open(struct rmb_load_file *file, struct rmb_error *error)
{
	struct rmb_sorting *sorting = rmb_arena_alloc(file->arena, RMB_MOST_SORTINGS, sizeof *sorting);
	int code = sorting ? rmb_gathered_make(file, error) : rmb_error_nomem(error, file->path);
	const char *root;
	int n = code ? 0 : rmb_alf_sortings(file->arena, file->path, sorting, &root);
	if (!code)
		code = rmb_alf_check(file, root, sorting, n, error);
	for (int i = 0; i < n && !code; i++)
		code = read_sorting(file, &sorting[i], error);
	if (!code)
		code = rmb_sorted_members(file, sorting, n, error);
	if (code && file->handle)
		rmb_gathered_close(file);
	return code;
}

const struct rmb_format rmb_format_alf = {
	.name = "alf",
	.title = "ALF",
	.folder = "ALF (spikes.times.npy and spikes.clusters.npy, in it or in folders of probes)",
	.recognises = alf_recognises,
	.open = alf_open,
	.close = rmb_gathered_close,
	.find = rmb_gathered_find,
	.list = rmb_gathered_list,
	.read = rmb_gathered_read,
};

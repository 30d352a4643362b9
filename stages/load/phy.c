/* load/phy.c -- what Kilosort 1 to 4 write and phy curates: a folder with spike_times.npy, or a folder of such folders, one a
 * probe, or of probes with one each, that become one recording.
 *
 * Members are those of sorted.h, with ypos (`depth` of cluster_info.tsv, else the place of the channel on which the unit's
 * template is largest), xpos and areas where known. A unit is good if its curated group (cluster_group, or `group` of
 * cluster_info) says so, or its KSLabel where nobody curated it. params.py is read line by line as text, never run. Layout: phy's
 * documentation, "Data format", and Kilosort's output. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "load/phy.h"
#include "load/sheet.h"

#define LONGEST 1e4      /* s, of samples that come slower than any sorter reads them: */
#define LEAST_CLOCK 1000 /* per second */

static enum rmb_sureness
phy_recognises(const struct rmb_load_probe *probe)
{
	struct rmb_sorting list[RMB_MOST_SORTINGS];
	bool deep;
	int n = rmb_phy_probes(probe->arena, probe->path, list, &deep);
	return n == 0 ? RMB_NOT_MINE : deep ? RMB_PERHAPS : RMB_SURELY;
}

/* ---- one probe */

/* The recipe's clock, else the number behind `sample_rate =` in params.py. */
static int
read_clock(struct rmb_load_file *file, struct rmb_sorting *p, struct rmb_error *error)
{
	const char *value;
	bool there;
	p->clock = file->wish && file->wish->clock > 0 ? file->wish->clock : NAN;
	if (!isnan(p->clock))
		return 0;
	int code = rmb_phy_param(file, p->folder, "sample_rate", &there, &value, error);
	char *end = NULL;
	double clock = !code && value ? strtod(value, &end) : NAN;
	if (clock > 0 && isfinite(clock) && strchr("#;", end[strspn(end, " \t")])) /* nothing more, or a remark */
		p->clock = clock;
	if (code || !isnan(p->clock))
		return code;
	if (value)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s/params.py: `sample_rate = %.60s` is no number above 0, and params.py is not run; give the rate "
		                     "of the samples here as `clock: 30 kHz`, or whatever it was",
		                     p->folder, rmb_load_printable(file->arena, value, strlen(value)));
	return rmb_error_set(
		error, RMB_EINPUT,
		there ? "%s/params.py has no line `sample_rate = 30000`, or whatever it was; spike times are counted in "
			"its samples; give it here as `clock: 30 kHz`"
		      : "%s has no params.py: spike times are counted in samples, whose rate stands there; give it here as "
			"`clock: 30 kHz`, or whatever it was",
		p->folder);
}

static int
read_spikes(struct rmb_load_file *file, struct rmb_sorting *p, struct rmb_error *error)
{
	struct rmb_load_file *times, *clusters = NULL;
	const double *tick;
	int code = rmb_gathered_open(file, p->folder, "spike_times.npy", &times, error);
	if (!code)
		code = rmb_gathered_open(file, p->folder, "spike_clusters.npy", &clusters, error);
	if (!code && !clusters) /* nobody has opened it in phy yet */
		code = rmb_gathered_open(file, p->folder, "spike_templates.npy", &clusters, error);
	if (!code && !clusters)
		code = rmb_error_set(
			error, RMB_EINPUT,
			"%s has neither spike_clusters.npy nor spike_templates.npy: whose the spikes are is not known",
			p->folder);
	if (!code)
		code = rmb_sorted_spikes(file, p, times, clusters, error);
	double ends[2] = { 0 };
	for (int i = 0; i < 2 && p->nspikes > 0 && !code; i++)
		if (!(code = rmb_pieces_get(&p->time, i ? p->nspikes - 1 : 0, 1, &tick, error)))
			code = rmb_sorted_time(p, i ? p->nspikes - 1 : 0, *tick, &ends[i], error);
	if (!code && ends[1] > LONGEST && p->clock < LEAST_CLOCK)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: by %g samples per second (`clock`, else sample_rate of params.py) the last spike comes "
		                     "after %.4g days: did you mean %g (samples at %g kHz)?",
		                     p->folder, p->clock, ends[1] / 86400, 1000 * p->clock, p->clock);
	return code;
}

/* ---- labels and depths */

static void
take_row(const struct rmb_sheet *s, int64_t row, struct rmb_unit *unit)
{
	static const struct { const char *name; bool curated; } labels[] = { { "KSLabel", false }, { "group", true } };
	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
		int64_t c = rmb_sheet_column(s, labels[i].name);
		if (c >= 0)
			rmb_sorted_label(unit, s->cell[row * s->ncolumns + c], labels[i].curated);
	}
	double depth;
	if (rmb_sheet_number(s, row, rmb_sheet_column(s, "depth"), &depth) && isfinite(depth))
		unit->depth = depth;
	int64_t area = rmb_sheet_column(s, "area");
	if (area >= 0)
		unit->area = s->cell[row * s->ncolumns + area];
}

static int
read_sheet(struct rmb_load_file *file, struct rmb_sorting *p, const char *name, struct rmb_error *error)
{
	unsigned char *bytes;
	size_t n;
	struct rmb_sheet sheet;
	int code = rmb_gathered_bytes(file, p->folder, name, RMB_PHY_TEXT, &bytes, &n, error);
	if (code || !bytes || n == 0)
		return code;
	const char *what = rmb_arena_printf(file->arena, "%s/%s", p->folder, name), *text = (char *)bytes;
	char separator = memchr(text, '\t', strcspn(text, "\r\n")) ? '\t' : ','; /* pandas writes the latter */
	code = rmb_sheet_read(file->arena, what ? what : name, (char *)bytes, n, separator, &sheet, error);
	if (code)
		return code;
	int64_t id = rmb_sheet_column(&sheet, "cluster_id") >= 0 ? rmb_sheet_column(&sheet, "cluster_id")
	                                                         : rmb_sheet_column(&sheet, "id");
	if (id < 0)
		return rmb_error_set(error, RMB_EINPUT, "%s has no column cluster_id (or id) in its first line", what);
	for (int64_t row = 0; row < sheet.nrows; row++) {
		double cluster;
		if (!rmb_sheet_number(&sheet, row, id, &cluster))
			return rmb_error_set(error, RMB_EINPUT, "%s: cluster_id in row %" PRId64 " is no number", what, row + 1);
		struct rmb_unit *unit = rmb_sorted_unit(p, cluster);
		if (unit)
			take_row(&sheet, row, unit);
	}
	return 0;
}

/* Column with the largest peak-to-peak of template u. templates: [ntemplates][nsamples][ncolumns] in C order. */
static int64_t
peak_column(const double *templates, const int64_t *axis, int64_t u)
{
	int64_t best = 0;
	double most = -1;
	for (int64_t c = 0; c < axis[2]; c++) {
		double low = INFINITY, high = -INFINITY;
		for (int64_t s = 0; s < axis[1]; s++) {
			double x = templates[(u * axis[1] + s) * axis[2] + c];
			low = fmin(low, x);
			high = fmax(high, x);
		}
		if (high - low > most) {
			most = high - low;
			best = c;
		}
	}
	return best;
}

/* The channel of each column of each template, where only some of the channels are kept; *out NULL: a column is a channel. */
static int
read_columns(struct rmb_load_file *file, struct rmb_sorting *p, const struct rmb_member *templates, double **out,
             struct rmb_error *error)
{
	struct rmb_load_file *columns;
	int code = rmb_gathered_open(file, p->folder, "templates_ind.npy", &columns, error);
	const struct rmb_member *m = code || !columns ? NULL : rmb_gathered_sole(columns);
	*out = NULL;
	return m && m->naxes == 2 && m->axis[0] == templates->axis[0] && m->axis[1] == templates->axis[2] &&
	                       m->count > 0
	               ? rmb_load_doubles(columns, m, out, error)
	               : code;
}

/* Units without a depth get the place of their template's channel; templates have no meaning for clusters that phy made. */
static int
place_by_templates(struct rmb_load_file *file, struct rmb_sorting *p, struct rmb_error *error)
{
	struct rmb_load_file *shapes, *places;
	double *templates, *place, *columns;
	bool needed = false;
	for (int64_t u = 0; u < p->nunits; u++)
		needed |= isnan(p->unit[u].depth);
	int code = needed ? rmb_gathered_open(file, p->folder, "templates.npy", &shapes, error) : 0;
	if (!code && needed)
		code = rmb_gathered_open(file, p->folder, "channel_positions.npy", &places, error);
	if (code || !needed || !shapes || !places)
		return code;
	const struct rmb_member *t = rmb_gathered_sole(shapes), *c = rmb_gathered_sole(places);
	if (t->naxes == 3 && (code = read_columns(file, p, t, &columns, error)))
		return code;
	if (t->naxes != 3 || c->naxes != 2 || c->axis[1] != 2 || (!columns && t->axis[2] != c->axis[0]))
		return rmb_error_set(
			error, RMB_EINPUT,
			"%s: templates.npy is %s and channel_positions.npy %s; templates x samples x channels and channels x 2 "
			"are needed, or templates_ind.npy must name the channels of each template",
			p->folder, rmb_member_shape(file->arena, t), rmb_member_shape(file->arena, c));
	code = rmb_load_doubles(shapes, t, &templates, error);
	if (!code)
		code = rmb_load_doubles(places, c, &place, error);
	for (int64_t u = 0; u < p->nunits && !code; u++) {
		int64_t cluster = p->unit[u].cluster;
		if (!isnan(p->unit[u].depth) || cluster >= t->axis[0])
			continue;
		int64_t column = peak_column(templates, t->axis, cluster);
		double channel = columns ? columns[cluster * t->axis[2] + column] : (double)column;
		if (channel >= 0 && channel < (double)c->axis[0]) {
			p->unit[u].x = place[2 * (int64_t)channel];
			p->unit[u].depth = place[2 * (int64_t)channel + 1];
		}
	}
	return code;
}

static int
read_probe(struct rmb_load_file *file, struct rmb_sorting *p, struct rmb_error *error)
{
	/* what stands later overrides what stands before it */
	static const char *const sheets[] = { "cluster_KSLabel.tsv", "cluster_info.tsv", "cluster_group.csv",
		                              "cluster_group.tsv" };
	int code = read_clock(file, p, error);
	if (!code)
		code = read_spikes(file, p, error);
	for (size_t i = 0; i < sizeof sheets / sizeof *sheets && !code; i++)
		code = read_sheet(file, p, sheets[i], error);
	return code ? code : place_by_templates(file, p, error);
}

static int
phy_open(struct rmb_load_file *file, struct rmb_error *error)
{
	struct rmb_sorting *probe = rmb_arena_alloc(file->arena, RMB_MOST_SORTINGS, sizeof *probe);
	int code = probe ? rmb_gathered_make(file, error) : rmb_error_nomem(error, file->path);
	file->in_seconds = true;
	bool deep = false;
	int n = code ? 0 : rmb_phy_probes(file->arena, file->path, probe, &deep);
	for (int i = 0; i < n && !code; i++)
		code = read_probe(file, &probe[i], error);
	if (!code)
		code = rmb_phy_check(file, probe, n, deep, error);
	if (!code)
		code = rmb_sorted_members(file, probe, n, error);
	if (code && file->handle)
		rmb_gathered_close(file);
	return code;
}

const struct rmb_format rmb_format_phy = {
	.name = "phy",
	.title = "Kilosort or phy",
	.folder = "Kilosort or phy (spike_times.npy)",
	.open = phy_open,
	.close = rmb_gathered_close,
	.find = rmb_gathered_find,
	.list = rmb_gathered_list,
	.read = rmb_gathered_read,
	.recognises = phy_recognises,
};

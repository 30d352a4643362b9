/* load/phy.c -- what Kilosort 1 to 4 write and phy curates: a folder with spike_times.npy, or a folder of such folders, one a
 * probe, that become one recording.
 *
 * Members: st (s) and clu of each spike of the units that are read, and of each unit cluster (its number; of probe p beyond the first
 * p * 1,000,000 more), iprobe, ypos (`depth` of cluster_info.tsv, else the place of the channel on which its template is largest), xpos
 * and areas (where known). Which units: `units: good` (the default) those whose curated group (cluster_group, or `group` of
 * cluster_info) is good, or whose KSLabel is good where nobody curated them; `good+mua` adds mua; `all` takes everything but noise. A
 * folder without any label gives all units. params.py is read line by line as text, never run.
 * Layout: phy's documentation, "Data format", and Kilosort's output. */
#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "load/gathered.h"
#include "load/sheet.h"

#define MOST_TEXT ((int64_t)256 << 20)
#define PROBE_STEP 1000000
enum { MOST_PROBES = 100, AREA_WIDTH = 32 };

struct unit {
	int64_t cluster, nspikes;
	char label;              /* 'g'ood, 'm'ua, 'n'oise, 'u'nsorted, 0: nobody said */
	bool curated;            /* by a person, not by KSLabel */
	double depth, x;
	char area[AREA_WIDTH];
};
struct probe {
	const char *folder;
	double clock;            /* samples per second */
	int64_t nspikes, nunits;
	double *time;            /* [nspikes] s */
	int64_t *cluster;        /* [nspikes] */
	struct unit *unit;       /* [nunits] of those with spikes, ascending */
};

static bool
has_spikes(struct rmb_arena *arena, const char *folder)
{
	const char *path = rmb_arena_printf(arena, "%s/spike_times.npy", folder);
	return path && access(path, F_OK) == 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct probe *)a)->folder, ((const struct probe *)b)->folder);
}

/* The folder itself, or those in it that hold spikes, by name. */
static int
list_probes(struct rmb_arena *arena, const char *folder, struct probe *list)
{
	int n = 0;
	if (has_spikes(arena, folder)) {
		list[0] = (struct probe){ .folder = folder };
		return 1;
	}
	DIR *directory = opendir(folder);
	for (struct dirent *entry; directory && n < MOST_PROBES && (entry = readdir(directory));) {
		const char *path = entry->d_name[0] == '.' ? NULL : rmb_arena_printf(arena, "%s/%s", folder, entry->d_name);
		if (path && has_spikes(arena, path))
			list[n++] = (struct probe){ .folder = path };
	}
	if (directory)
		closedir(directory);
	qsort(list, (size_t)n, sizeof *list, by_name);
	return n;
}

static enum rmb_sureness
phy_recognises(const struct rmb_load_probe *probe)
{
	struct probe list[MOST_PROBES];
	return list_probes(probe->arena, probe->path, list) > 0 ? RMB_SURELY : RMB_NOT_MINE;
}

/* ---- one probe */

/* The number behind `sample_rate =` in params.py. */
static int
read_clock(struct rmb_load_file *file, struct probe *p, struct rmb_error *error)
{
	unsigned char *bytes;
	size_t n;
	char *rest = NULL;
	int code = rmb_gathered_bytes(file, p->folder, "params.py", MOST_TEXT, &bytes, &n, error);
	p->clock = NAN;
	for (char *line = code || !bytes ? NULL : strtok_r((char *)bytes, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest)) {
		size_t name = strspn(line, " \t");
		char *end, *value = strncmp(line + name, "sample_rate", 11) == 0 ? line + name + 11 : NULL;
		value = value ? value + strspn(value, " \t") : NULL;
		double clock = value && *value == '=' ? strtod(value + 1, &end) : NAN;
		if (clock > 0 && isfinite(clock) && end[strspn(end, " \t")] == '\0')
			p->clock = clock;
	}
	if (!code && isnan(p->clock))
		code = rmb_error_set(error, RMB_EINPUT, bytes ? "%s/params.py has no line `sample_rate = 30000`, or whatever it was; spike times are counted in "
		                     "its samples" : "%s has no params.py: spike times are counted in samples, and their rate stands there as `sample_rate = "
		                     "30000`; write such a file", p->folder);
	return code;
}

/* The numbers of an .npy file as a list; *out NULL: there is no such file. */
static int
read_list(struct rmb_load_file *file, const char *folder, const char *name, int64_t **out, int64_t *n, struct rmb_error *error)
{
	struct rmb_load_file *part;
	*out = NULL;
	int code = rmb_gathered_open(file, folder, name, &part, error);
	if (code || !part)
		return code;
	const struct rmb_member *m = rmb_gathered_sole(part);
	if (m->naxes > 2 || (m->naxes == 2 && m->axis[0] != 1 && m->axis[1] != 1 && m->count > 0))
		return rmb_error_set(error, RMB_EINPUT, "%s is %s; it must be a list, one entry for each spike", part->path, rmb_member_shape(file->arena, m));
	*n = m->count;
	return rmb_load_integers(part, m, out, error);
}

static int
read_spikes(struct rmb_load_file *file, struct probe *p, struct rmb_error *error)
{
	int64_t *ticks, n = 0;
	int code = read_list(file, p->folder, "spike_times.npy", &ticks, &p->nspikes, error);
	const char *name = "spike_clusters.npy";
	if (!code)
		code = read_list(file, p->folder, name, &p->cluster, &n, error);
	if (!code && !p->cluster) /* nobody has opened it in phy yet */
		code = read_list(file, p->folder, name = "spike_templates.npy", &p->cluster, &n, error);
	if (!code && !p->cluster)
		code = rmb_error_set(error, RMB_EINPUT, "%s has neither spike_clusters.npy nor spike_templates.npy: whose the spikes are is not known", p->folder);
	if (!code && n != p->nspikes)
		code = rmb_error_set(error, RMB_EINPUT, "%s: spike_times.npy has %" PRId64 " entries, %s %" PRId64 "; each spike needs one of both", p->folder, p->nspikes,
		                     name, n);
	if (!code && !(p->time = rmb_arena_alloc(file->arena, (size_t)p->nspikes, sizeof *p->time)))
		code = rmb_error_nomem(error, p->folder);
	for (int64_t i = 0; i < p->nspikes && !code; i++) {
		if (p->cluster[i] < 0 || p->cluster[i] >= PROBE_STEP)
			code = rmb_error_set(error, RMB_EINPUT, "%s/%s: spike %" PRId64 " is of cluster %" PRId64 "; rumble reads numbers from 0 to %d", p->folder, name, i,
			                     p->cluster[i], PROBE_STEP - 1);
		else if (ticks[i] < 0)
			code = rmb_error_set(error, RMB_EINPUT, "%s/spike_times.npy: spike %" PRId64 " is at sample %" PRId64 "; samples are counted from 0", p->folder, i, ticks[i]);
		p->time[i] = (double)ticks[i] / p->clock;
	}
	return code;
}

static int
list_units(struct rmb_load_file *file, struct probe *p, struct rmb_error *error)
{
	int64_t *count = rmb_arena_alloc(file->arena, PROBE_STEP, sizeof *count);
	if (!count)
		return rmb_error_nomem(error, p->folder);
	for (int64_t i = 0; i < p->nspikes; i++)
		p->nunits += count[p->cluster[i]]++ == 0;
	p->unit = rmb_arena_alloc(file->arena, (size_t)p->nunits, sizeof *p->unit);
	if (!p->unit)
		return rmb_error_nomem(error, p->folder);
	for (int64_t c = 0, u = 0; c < PROBE_STEP; c++)
		if (count[c])
			p->unit[u++] = (struct unit){ .cluster = c, .nspikes = count[c], .depth = NAN, .x = NAN };
	return 0;
}

static struct unit *
find_unit(const struct probe *p, double cluster)
{
	int64_t low = 0, high = p->nunits;
	while (low < high) {
		int64_t middle = (low + high) / 2;
		if ((double)p->unit[middle].cluster < cluster)
			low = middle + 1;
		else
			high = middle;
	}
	return low < p->nunits && (double)p->unit[low].cluster == cluster ? &p->unit[low] : NULL;
}

/* ---- labels and depths */

static void
label(struct unit *unit, const char *word, bool curated)
{
	static const char *const words[] = { "good", "mua", "noise", "unsorted" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(word, words[i]) == 0 && (curated || !unit->curated) && (words[i][0] != 'u' || !unit->label)) {
			unit->label = words[i][0];
			unit->curated = curated && words[i][0] != 'u';
		}
}

static void
take_row(const struct rmb_sheet *s, int64_t row, struct unit *unit)
{
	static const struct { const char *name; bool curated; } labels[] = { { "KSLabel", false }, { "group", true } };
	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
		int64_t c = rmb_sheet_column(s, labels[i].name);
		if (c >= 0)
			label(unit, s->cell[row * s->ncolumns + c], labels[i].curated);
	}
	double depth;
	if (rmb_sheet_number(s, row, rmb_sheet_column(s, "depth"), &depth) && isfinite(depth))
		unit->depth = depth;
	int64_t area = rmb_sheet_column(s, "area");
	if (area >= 0) {
		strncpy(unit->area, s->cell[row * s->ncolumns + area], AREA_WIDTH - 1);
		for (char *at = unit->area; *at; at++)
			*at = *at < 32 || *at == 127 ? '?' : *at;
	}
}

static int
read_sheet(struct rmb_load_file *file, struct probe *p, const char *name, struct rmb_error *error)
{
	unsigned char *bytes;
	size_t n;
	struct rmb_sheet sheet;
	int code = rmb_gathered_bytes(file, p->folder, name, MOST_TEXT, &bytes, &n, error);
	if (code || !bytes || n == 0)
		return code;
	const char *what = rmb_arena_printf(file->arena, "%s/%s", p->folder, name);
	code = rmb_sheet_read(file->arena, what ? what : name, (char *)bytes, n, '\t', &sheet, error);
	if (code)
		return code;
	int64_t id = rmb_sheet_column(&sheet, "cluster_id") >= 0 ? rmb_sheet_column(&sheet, "cluster_id") : rmb_sheet_column(&sheet, "id");
	if (id < 0)
		return rmb_error_set(error, RMB_EINPUT, "%s has no column cluster_id (or id) in its first line", what);
	for (int64_t row = 0; row < sheet.nrows; row++) {
		double cluster;
		if (!rmb_sheet_number(&sheet, row, id, &cluster))
			return rmb_error_set(error, RMB_EINPUT, "%s: cluster_id in row %" PRId64 " is no number", what, row + 1);
		struct unit *unit = find_unit(p, cluster);
		if (unit)
			take_row(&sheet, row, unit);
	}
	return 0;
}

/* Channel with the largest peak-to-peak of template u. templates: [ntemplates][nsamples][nchannels] in C order. */
static int64_t
peak_channel(const double *templates, const int64_t *axis, int64_t u)
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

/* Units without a depth get the place of their template's channel; templates have no meaning for clusters that phy made. */
static int
place_by_templates(struct rmb_load_file *file, struct probe *p, struct rmb_error *error)
{
	struct rmb_load_file *shapes, *places;
	double *templates, *place;
	bool needed = false;
	for (int64_t u = 0; u < p->nunits; u++)
		needed |= isnan(p->unit[u].depth);
	int code = needed ? rmb_gathered_open(file, p->folder, "templates.npy", &shapes, error) : 0;
	if (!code && needed)
		code = rmb_gathered_open(file, p->folder, "channel_positions.npy", &places, error);
	if (code || !needed || !shapes || !places)
		return code;
	const struct rmb_member *t = rmb_gathered_sole(shapes), *c = rmb_gathered_sole(places);
	if (t->naxes != 3 || c->naxes != 2 || c->axis[1] != 2 || t->axis[2] != c->axis[0])
		return rmb_error_set(error, RMB_EINPUT, "%s: templates.npy is %s and channel_positions.npy %s; templates x samples x channels and channels x 2 "
		                     "are needed", p->folder, rmb_member_shape(file->arena, t), rmb_member_shape(file->arena, c));
	code = rmb_load_doubles(shapes, t, &templates, error);
	if (!code)
		code = rmb_load_doubles(places, c, &place, error);
	for (int64_t u = 0; u < p->nunits && !code; u++)
		if (isnan(p->unit[u].depth) && p->unit[u].cluster < t->axis[0]) {
			int64_t channel = peak_channel(templates, t->axis, p->unit[u].cluster);
			p->unit[u].x = place[2 * channel];
			p->unit[u].depth = place[2 * channel + 1];
		}
	return code;
}

static int
read_probe(struct rmb_load_file *file, struct probe *p, struct rmb_error *error)
{
	/* what stands later overrides what stands before it */
	static const char *const sheets[] = { "cluster_KSLabel.tsv", "cluster_info.tsv", "cluster_group.csv", "cluster_group.tsv" };
	int code = read_clock(file, p, error);
	if (!code)
		code = read_spikes(file, p, error);
	if (!code)
		code = list_units(file, p, error);
	for (size_t i = 0; i < sizeof sheets / sizeof *sheets && !code; i++)
		code = read_sheet(file, p, sheets[i], error);
	return code ? code : place_by_templates(file, p, error);
}

/* ---- all probes */

static bool
is_labelled(const struct probe *p, int n)
{
	for (int i = 0; i < n; i++)
		for (int64_t u = 0; u < p[i].nunits; u++)
			if (p[i].unit[u].label && p[i].unit[u].label != 'u')
				return true;
	return false;
}

static bool
is_wanted(const struct unit *unit, const char *units, bool labelled)
{
	if (!labelled)
		return true;
	if (strcmp(units, "all") == 0)
		return unit->label != 'n';
	return unit->label == 'g' || (unit->label == 'm' && strcmp(units, "good+mua") == 0);
}

/* The units that are read, as columns. */
struct columns {
	int64_t n, nspikes;
	int64_t *cluster, *probe;
	double *x, *depth;
	char *area;
	bool some_x, some_depth, some_area;
};

static int
make_columns(struct rmb_arena *arena, int64_t all, struct columns *c, struct rmb_error *error)
{
	size_t n = (size_t)all;
	*c = (struct columns){ .cluster = rmb_arena_alloc(arena, n, sizeof *c->cluster), .probe = rmb_arena_alloc(arena, n, sizeof *c->probe),
	                       .x = rmb_arena_alloc(arena, n, sizeof *c->x), .depth = rmb_arena_alloc(arena, n, sizeof *c->depth),
	                       .area = rmb_arena_alloc(arena, n, AREA_WIDTH) };
	return c->cluster && c->probe && c->x && c->depth && c->area ? 0 : rmb_error_nomem(error, "units");
}

static void
add_unit(struct columns *c, const struct unit *unit, int probe)
{
	c->cluster[c->n] = unit->cluster + (int64_t)probe * PROBE_STEP;
	c->probe[c->n] = probe;
	c->x[c->n] = unit->x;
	c->depth[c->n] = unit->depth;
	memcpy(c->area + c->n * AREA_WIDTH, unit->area, AREA_WIDTH);
	c->some_x |= isfinite(unit->x);
	c->some_depth |= isfinite(unit->depth);
	c->some_area |= unit->area[0] != '\0';
	c->nspikes += unit->nspikes;
	c->n++;
}

/* Spikes of the units in the columns, probe after probe, each in its own order. */
static int
gather_spikes(struct rmb_load_file *file, const struct probe *p, int nprobes, const struct columns *c, struct rmb_error *error)
{
	double *time = rmb_arena_alloc(file->arena, (size_t)c->nspikes, sizeof *time);
	int64_t *cluster = rmb_arena_alloc(file->arena, (size_t)c->nspikes, sizeof *cluster), at = 0, next = 0;
	bool *wanted = rmb_arena_alloc(file->arena, PROBE_STEP, sizeof *wanted);
	if (!time || !cluster || !wanted)
		return rmb_error_nomem(error, "spikes");
	for (int i = 0; i < nprobes; i++) {
		memset(wanted, 0, PROBE_STEP);
		for (; next < c->n && c->probe[next] == i; next++)
			wanted[c->cluster[next] - (int64_t)i * PROBE_STEP] = true;
		for (int64_t s = 0; s < p[i].nspikes; s++)
			if (wanted[p[i].cluster[s]]) {
				time[at] = p[i].time[s];
				cluster[at++] = p[i].cluster[s] + (int64_t)i * PROBE_STEP;
			}
	}
	int code = rmb_gathered_doubles(file, "st", time, at, error);
	return code ? code : rmb_gathered_integers(file, "clu", cluster, at, error);
}

static int
add_columns(struct rmb_load_file *file, const struct columns *c, struct rmb_error *error)
{
	int code = rmb_gathered_integers(file, "cluster", c->cluster, c->n, error);
	if (!code)
		code = rmb_gathered_integers(file, "iprobe", c->probe, c->n, error);
	if (!code && c->some_depth)
		code = rmb_gathered_doubles(file, "ypos", c->depth, c->n, error);
	if (!code && c->some_x)
		code = rmb_gathered_doubles(file, "xpos", c->x, c->n, error);
	return code || !c->some_area ? code : rmb_gathered_texts(file, "areas", c->area, AREA_WIDTH, c->n, error);
}

static int
choose_units(struct rmb_load_file *file, const struct probe *p, int nprobes, struct rmb_error *error)
{
	const char *units = file->wish ? file->wish->units : "good";
	bool labelled = is_labelled(p, nprobes);
	struct columns columns;
	int64_t all = 0;
	for (int i = 0; i < nprobes; i++)
		all += p[i].nunits;
	int code = make_columns(file->arena, all, &columns, error);
	for (int i = 0; i < nprobes && !code; i++)
		for (int64_t u = 0; u < p[i].nunits; u++)
			if (is_wanted(&p[i].unit[u], units, labelled))
				add_unit(&columns, &p[i].unit[u], i);
	if (!code && columns.n == 0)
		code = rmb_error_set(error, RMB_EINPUT, "%s: none of %" PRId64 " units is labelled %s; curate them in phy, or write `units: good+mua` or `units: "
		                     "all`", file->path, all, strcmp(units, "good") == 0 ? "good" : strcmp(units, "all") == 0 ? "anything but noise" : "good or mua");
	if (!code && !labelled)
		rmb_load_file_note(file, "no unit is labelled good, mua or noise, so all %" PRId64 " were read", all);
	else if (!code && columns.n < all)
		rmb_load_file_note(file, "read %" PRId64 " of %" PRId64 " units, those labelled %s (`units`)", columns.n, all,
		                   strcmp(units, "all") == 0 ? "anything but noise" : strcmp(units, "good") == 0 ? "good" : "good or mua");
	if (!code)
		code = gather_spikes(file, p, nprobes, &columns, error);
	return code ? code : add_columns(file, &columns, error);
}

static int
phy_open(struct rmb_load_file *file, struct rmb_error *error)
{
	struct probe *probe = rmb_arena_alloc(file->arena, MOST_PROBES, sizeof *probe);
	int code = probe ? rmb_gathered_make(file, error) : rmb_error_nomem(error, file->path);
	int n = code ? 0 : list_probes(file->arena, file->path, probe);
	for (int i = 0; i < n && !code; i++)
		code = read_probe(file, &probe[i], error);
	if (!code)
		code = choose_units(file, probe, n, error);
	if (code && file->handle)
		rmb_gathered_close(file);
	return code;
}

const struct rmb_format rmb_format_phy = {
	.name = "phy", .title = "Kilosort or phy", .folder = "Kilosort or phy (spike_times.npy)", .open = phy_open, .close = rmb_gathered_close, .find = rmb_gathered_find, .list = rmb_gathered_list,
	.read = rmb_gathered_read, .recognises = phy_recognises,
};

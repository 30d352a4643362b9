/* load/sorted.c -- units of a spike sorter as members. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include "load/sorted.h"

int
rmb_sorted_by_name(const void *a, const void *b)
{
	return strcmp(((const struct rmb_sorting *)a)->folder, ((const struct rmb_sorting *)b)->folder);
}

int
rmb_sorted_is_list(const struct rmb_load_file *part, const struct rmb_member *m, struct rmb_error *error)
{
	if (m->naxes > 2 || (m->naxes == 2 && m->axis[0] != 1 && m->axis[1] != 1 && m->count > 0))
		return rmb_error_set(error, RMB_EINPUT, "%s is %s; it must be a list", part->path,
		                     rmb_member_shape(part->arena, m));
	return 0;
}

/* ---- units */

/* A cluster that no spike can be of. */
static int
wrong_cluster(const struct rmb_sorting *s, int64_t spike, double cluster, struct rmb_error *error)
{
	return rmb_error_set(error, RMB_EINPUT, "%s: spike %" PRId64 " is of cluster %g; rumble reads whole numbers from 0 to %d",
	                     s->cluster.file->path, spike, cluster, RMB_SORTED_STEP - 1);
}

/* How many spikes each cluster has, count[RMB_SORTED_STEP]. */
static int
count_spikes(struct rmb_sorting *s, int64_t *count, struct rmb_error *error)
{
	const double *cluster;
	for (int64_t at = 0, n; at < s->nspikes; at += n) {
		n = s->nspikes - at < RMB_PIECE ? s->nspikes - at : RMB_PIECE;
		int code = rmb_pieces_get(&s->cluster, at, n, &cluster, error);
		if (code)
			return code;
		for (int64_t i = 0; i < n; i++) {
			if (!(cluster[i] >= 0 && cluster[i] < RMB_SORTED_STEP && cluster[i] == rint(cluster[i])))
				return wrong_cluster(s, at + i, cluster[i], error);
			s->nunits += count[(int64_t)cluster[i]]++ == 0;
		}
	}
	return 0;
}

int
rmb_sorted_spikes(struct rmb_load_file *file, struct rmb_sorting *s, struct rmb_load_file *times, struct rmb_load_file *clusters,
                  struct rmb_error *error)
{
	const struct rmb_member *t = rmb_gathered_sole(times), *c = rmb_gathered_sole(clusters);
	int64_t *count = rmb_arena_alloc(file->arena, RMB_SORTED_STEP, sizeof *count);
	int code = count ? rmb_sorted_is_list(times, t, error) : rmb_error_nomem(error, s->folder);
	if (!code)
		code = rmb_sorted_is_list(clusters, c, error);
	if (!code && t->count != c->count)
		code = rmb_error_set(error, RMB_EINPUT,
		                     "%s has %" PRId64 " entries, %s has %" PRId64 "; each spike needs one of both", times->path,
		                     t->count, clusters->path, c->count);
	s->nspikes = t->count;
	if (!code)
		code = rmb_pieces_open(times, t, &s->time, error);
	if (!code)
		code = rmb_pieces_open(clusters, c, &s->cluster, error);
	if (!code)
		code = count_spikes(s, count, error);
	if (code)
		return code;
	s->unit = rmb_arena_alloc(file->arena, (size_t)s->nunits, sizeof *s->unit);
	if (!s->unit)
		return rmb_error_nomem(error, s->folder);
	for (int64_t k = 0, u = 0; u < s->nunits; k++)
		if (count[k])
			s->unit[u++] = (struct rmb_unit){
				.cluster = k, .nspikes = count[k], .depth = NAN, .x = NAN, .quality = NAN, .probe = -1
			};
	return 0;
}

struct rmb_unit *
rmb_sorted_unit(const struct rmb_sorting *s, double cluster)
{
	int64_t low = 0, high = s->nunits;
	while (low < high) {
		int64_t middle = (low + high) / 2;
		if ((double)s->unit[middle].cluster < cluster)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->nunits && (double)s->unit[low].cluster == cluster ? &s->unit[low] : NULL;
}

static const char *const words[] = { "good", "mua", "noise", "unsorted" };
enum { NWORDS = sizeof words / sizeof *words };

const char *
rmb_sorted_word(const char *text)
{
	for (int i = 0; i < NWORDS; i++)
		if (strcasecmp(text, words[i]) == 0)
			return words[i];
	return NULL;
}

/* What the unit is labelled; NULL: nobody said. */
static const char *
word_of(const struct rmb_unit *unit)
{
	for (int i = 0; i < NWORDS; i++)
		if (unit->label == words[i][0])
			return words[i];
	return NULL;
}

void
rmb_sorted_label(struct rmb_unit *unit, const char *word, bool curated)
{
	const char *plain = rmb_sorted_word(word);
	if (plain && (curated || !unit->curated) && (*plain != 'u' || !unit->label)) {
		unit->label = *plain;
		unit->curated = curated && *plain != 'u';
	}
}

static bool
is_labelled(const struct rmb_sorting *s, int n)
{
	for (int i = 0; i < n; i++)
		for (int64_t u = 0; u < s[i].nunits; u++)
			if (s[i].unit[u].label && s[i].unit[u].label != 'u')
				return true;
	return false;
}

static bool
is_wanted(const struct rmb_unit *unit, const char *units, bool labelled)
{
	if (!labelled)
		return true;
	if (strcmp(units, "all") == 0)
		return unit->label != 'n';
	return unit->label == 'g' || (unit->label == 'm' && strcmp(units, "good+mua") == 0);
}

/* ---- members ---- */

/* The units that are read, as columns. */
struct columns {
	int64_t n, nspikes;
	int64_t *cluster, *probe, *home; /* home: which sorting */
	double *x, *depth, *quality;
	const char **area, **label; /* NULL: not known */
	bool some_x, some_depth, some_quality, some_area, some_label;
};

static int
make_columns(struct rmb_arena *arena, int64_t all, struct columns *c, struct rmb_error *error)
{
	size_t n = (size_t)all;
	*c = (struct columns){ .cluster = rmb_arena_alloc(arena, n, sizeof *c->cluster),
		               .probe = rmb_arena_alloc(arena, n, sizeof *c->probe),
		               .home = rmb_arena_alloc(arena, n, sizeof *c->home),
		               .x = rmb_arena_alloc(arena, n, sizeof *c->x),
		               .depth = rmb_arena_alloc(arena, n, sizeof *c->depth),
		               .quality = rmb_arena_alloc(arena, n, sizeof *c->quality),
		               .area = rmb_arena_alloc(arena, n, sizeof *c->area),
		               .label = rmb_arena_alloc(arena, n, sizeof *c->label) };
	bool made = c->cluster && c->probe && c->home && c->x && c->depth && c->quality && c->area && c->label;
	return made ? 0 : rmb_error_nomem(error, "units");
}

static void
add_unit(struct columns *c, const struct rmb_unit *unit, int home)
{
	c->cluster[c->n] = unit->cluster + (int64_t)home * RMB_SORTED_STEP;
	c->home[c->n] = home;
	c->probe[c->n] = unit->probe >= 0 ? unit->probe : home;
	c->x[c->n] = unit->x;
	c->depth[c->n] = unit->depth;
	c->quality[c->n] = unit->quality;
	c->area[c->n] = unit->area;
	c->label[c->n] = word_of(unit);
	c->some_x |= isfinite(unit->x);
	c->some_depth |= isfinite(unit->depth);
	c->some_quality |= isfinite(unit->quality);
	c->some_area |= unit->area && *unit->area;
	c->some_label |= c->label[c->n] != NULL;
	c->nspikes += unit->nspikes;
	c->n++;
}

static int
add_spikes(struct rmb_load_file *file, const struct rmb_sorting *s, int n, const struct columns *c, struct rmb_error *error)
{
	struct rmb_sorted_walk *walk = rmb_sorted_walk(file, s, n, error);
	for (int64_t u = 0; u < c->n && walk; u++)
		rmb_sorted_want(walk, (int)c->home[u], c->cluster[u] - c->home[u] * RMB_SORTED_STEP);
	return walk ? rmb_sorted_walk_members(file, walk, c->nspikes, error) : error->code;
}

static int
add_texts(struct rmb_load_file *file, const char *name, const char *const *of, int64_t n, struct rmb_error *error)
{
	size_t width = 1;
	for (int64_t u = 0; u < n; u++)
		width = of[u] && strlen(of[u]) >= width ? strlen(of[u]) + 1 : width;
	if (width > RMB_LONGEST_AREA)
		return rmb_error_set(error, RMB_EINPUT, "%s: the area of a unit is a text of %zu bytes; rumble reads up to %d",
		                     file->path, width - 1, RMB_LONGEST_AREA - 1);
	char *text = rmb_arena_alloc(file->arena, (size_t)n, width);
	for (int64_t u = 0; u < n && text; u++)
		if (of[u])
			rmb_load_make_printable(strcpy(text + (size_t)u * width, of[u]), strlen(of[u]));
	return text ? rmb_gathered_texts(file, name, text, width, n, error) : rmb_error_nomem(error, name);
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
	if (!code && c->some_quality)
		code = rmb_gathered_doubles(file, "quality", c->quality, c->n, error);
	if (!code && c->some_area)
		code = add_texts(file, "areas", c->area, c->n, error);
	return code || !c->some_label ? code : add_texts(file, "unit_labels", c->label, c->n, error);
}

int
rmb_sorted_members(struct rmb_load_file *file, const struct rmb_sorting *s, int n, struct rmb_error *error)
{
	const char *units = file->wish ? file->wish->units : "good";
	bool labelled = is_labelled(s, n);
	struct columns columns;
	int64_t all = 0;
	for (int i = 0; i < n; i++)
		all += s[i].nunits;
	int code = make_columns(file->arena, all, &columns, error);
	for (int i = 0; i < n && !code; i++)
		for (int64_t u = 0; u < s[i].nunits; u++)
			if (is_wanted(&s[i].unit[u], units, labelled))
				add_unit(&columns, &s[i].unit[u], i);
	if (!code && all == 0)
		code = rmb_error_set(error, RMB_EINPUT, "%s holds not one spike, so that there are no units", file->path);
	if (!code && columns.n == 0)
		code = rmb_error_set(error, RMB_EINPUT,
		                     "%s: none of %" PRId64
		                     " units is labelled %s; curate them, or write `units: good+mua` or `units: "
		                     "all`",
		                     file->path, all,
		                     strcmp(units, "good") == 0  ? "good"
		                     : strcmp(units, "all") == 0 ? "anything but noise"
		                                                 : "good or mua");
	if (!code && !labelled)
		rmb_load_file_note(file, "no unit is labelled good, mua or noise, so all %" PRId64 " were read", all);
	else if (!code && columns.n < all)
		rmb_load_file_note(file, "read %" PRId64 " of %" PRId64 " units, those labelled %s (`units`)", columns.n, all,
		                   strcmp(units, "all") == 0    ? "anything but noise"
		                   : strcmp(units, "good") == 0 ? "good"
		                                                : "good or mua");
	if (!code)
		code = add_spikes(file, s, n, &columns, error);
	return code ? code : add_columns(file, &columns, error);
}

/* load/nwb_stack.c -- several series as one recording: the planes of a recording, or series of one neuron each.
 *
 * Asked for with a pattern, `activity: Deconvolved/plane*`. Every series is opened as if it were the only one; its neurons follow
 * those of the one before, by name (plane10 after plane2). They must have been taken together: the same rate, or timestamps that
 * agree to half a frame. Of lengths that differ by one frame, as planes have, the shortest counts. What is known of ROIs is put
 * end to end, NaN where a series does not know it; iplane is the number of the series, from 0. */
#include <fnmatch.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "load/nwb.h"

#define PLANE_STEP 1000000 /* between the numbers of ROIs of two planes that number them alike */

struct rmb_nwb_stack {
	int64_t n;
	struct rmb_load_file *part;  /* [n] */
	int64_t *first;              /* [n + 1] neuron with which each begins */
};

static struct rmb_nwb *
nwb_of(const struct rmb_load_file *part)
{
	return part->handle;
}

bool
rmb_nwb_is_pattern(const char *name)
{
	return name && strpbrk(name, "*?[");
}

/* Whether the pattern fits the path, or as many of its last parts as the pattern has. */
static bool
fits(const char *path, const char *pattern)
{
	int parts = 0;
	const char *tail = path + strlen(path);
	pattern += *pattern == '/';
	for (const char *at = pattern; *at; at++)
		parts += *at == '/';
	for (; tail > path; tail--)
		if (tail[-1] == '/' && parts-- == 0)
			break;
	return fnmatch(pattern, tail, FNM_PATHNAME) == 0;
}

static int
by_path(const void *a, const void *b)
{
	return strverscmp(((const struct rmb_nwb_group *)a)->path, ((const struct rmb_nwb_group *)b)->path);
}

/* Series of ROIs that fit, else other series. */
static int
choose(struct rmb_load_file *file, const char *pattern, struct rmb_nwb_list *chosen, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	static const enum rmb_nwb_kind kinds[] = { RMB_NWB_SERIES, RMB_NWB_OTHER };
	chosen->n = 0;
	for (size_t k = 0; k < 2 && chosen->n == 0; k++) {
		const struct rmb_nwb_list *all = &nwb->list[kinds[k]];
		if (!(chosen->group = rmb_arena_alloc(file->arena, all->n, sizeof *chosen->group)))
			return rmb_error_nomem(error, file->path);
		for (size_t i = 0; i < all->n; i++)
			if (fits(all->group[i].path, pattern))
				chosen->group[chosen->n++] = all->group[i];
		if (chosen->n == 0 && k == 1)
			return rmb_error_set(error, RMB_EINPUT, "%s: no series fits `activity: %s`; there are %s%s%s", file->path,
			                     pattern, rmb_nwb_names(file, &nwb->list[RMB_NWB_SERIES]),
			                     nwb->list[RMB_NWB_SERIES].n && all->n ? ", " : "", rmb_nwb_names(file, all));
	}
	qsort(chosen->group, chosen->n, sizeof *chosen->group, by_path);
	return 0;
}

/* ---- parts ---- */

static int
open_part(struct rmb_load_file *file, const struct rmb_nwb_group *series, struct rmb_load_file *part, struct rmb_error *error)
{
	const struct rmb_nwb *whole = file->handle;
	struct rmb_nwb *nwb = rmb_arena_copy(file->arena, whole, 1, sizeof *whole);
	if (!nwb)
		return rmb_error_nomem(error, series->path);
	*part = *file;
	part->nnotes = 0;
	part->rate = NAN;
	part->handle = nwb;
	nwb->made.handle = NULL;
	int code = rmb_gathered_make(&nwb->made, error);
	if (code)
		return code;
	*rmb_gathered_own(&nwb->made) = part;
	code = rmb_nwb_rois(part, series, error);
	for (int i = 0; i < part->nnotes; i++)
		rmb_load_file_note(file, "%s", part->note[i]);
	file->in_pixels |= part->in_pixels;
	file->in_um |= part->in_um;
	return code;
}

/* First and last time stamp, s; NaN: it has none. No more is read: there may be thousands of series, with as many stamps each. */
static int
ends_of(struct rmb_load_file *part, int64_t nframes, double *first, double *last, struct rmb_error *error)
{
	struct rmb_nwb *nwb = part->handle;
	const struct rmb_member *m = nwb->times;
	unsigned char raw[sizeof(double)];
	*first = *last = NAN;
	if (!m || m->count < nframes || nframes < 1)
		return 0;
	if (m->naxes != 1 || m->number == RMB_BYTES)
		return rmb_error_set(error, RMB_EINPUT, "%s: '%s' is %s (%s); time stamps must be a list of numbers", part->path, m->name,
		                     rmb_member_shape(part->arena, m), m->type);
	int code = rmb_format_hdf5.read(&nwb->plain, m, 0, 1, 0, 1, raw, error);
	if (!code) {
		rmb_member_decode(m, raw, 1, first);
		code = rmb_format_hdf5.read(&nwb->plain, m, 0, 1, nframes - 1, 1, raw, error);
	}
	if (!code)
		rmb_member_decode(m, raw, 1, last);
	return code;
}

/* Fails unless the part was taken together with the first one. */
static int
compare(struct rmb_load_file *file, const struct rmb_nwb_list *chosen, struct rmb_nwb_stack *s, int64_t i, int64_t nframes,
        struct rmb_error *error)
{
	double first[2], last[2];
	int64_t here = nwb_of(&s->part[i])->some.axis[0];
	int code = ends_of(&s->part[0], nframes, &first[0], &last[0], error);
	if (!code)
		code = ends_of(&s->part[i], nframes, &first[1], &last[1], error);
	if (code)
		return code;
	if (here > nframes + 1)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: '%s' has %" PRId64 " frames and another series %" PRId64
		                     "; series of one recording are equally long",
		                     file->path, chosen->group[i].path, here, nframes);
	double step = nframes > 1 ? (last[0] - first[0]) / (double)(nframes - 1) : 0;
	bool rates = isnan(s->part[0].rate) == isnan(s->part[i].rate) && !(fabs(s->part[i].rate / s->part[0].rate - 1) > 1e-3);
	bool stamps =
		isnan(first[0]) == isnan(first[1]) && !(fabs(first[1] - first[0]) > step) && !(fabs(last[1] - last[0]) > step);
	if (rates && stamps)
		return 0;
	return rmb_error_set(error, RMB_EINPUT, "%s: '%s' and '%s' have different %s, so that they are no one recording",
	                     file->path, chosen->group[0].path, chosen->group[i].path, rates ? "timestamps" : "rates");
}

/* ---- what is known of the neurons ---- */

static int
end_to_end(struct rmb_load_file *made, const struct rmb_member *member, void *items, struct rmb_error *error)
{
	struct rmb_load_file *file = *rmb_gathered_own(made);
	const struct rmb_nwb_stack *s = nwb_of(file)->stack;
	double *out = items, *v;
	int code = 0;
	for (int64_t i = 0; i < s->n && !code; i++) {
		const struct rmb_member *m;
		code = rmb_gathered_find(&nwb_of(&s->part[i])->made, member->name, &m, error);
		if (!code && m)
			code = rmb_load_doubles(&s->part[i], m, &v, error);
		for (int64_t k = s->first[i]; k < s->first[i + 1] && !code; k++)
			out[k] = m ? v[k - s->first[i]] : NAN;
	}
	return code;
}

/* Frame times that the first series works out. */
static int
first_times(struct rmb_load_file *made, const struct rmb_member *member, void *items, struct rmb_error *error)
{
	struct rmb_load_file *part = &nwb_of(*rmb_gathered_own(made))->stack->part[0];
	const struct rmb_member *m = NULL;
	double *time;
	int code = rmb_gathered_find(&nwb_of(part)->made, member->name, &m, error);
	if (!code && m)
		code = rmb_load_doubles(part, m, &time, error);
	if (!code && m)
		memcpy(items, time, (size_t)member->count * sizeof *time);
	return code;
}

static int
offer_all(struct rmb_load_file *file, struct rmb_error *error)
{
	static const char *const names[] = { "xpos", "ypos", "iscell", "probability" };
	struct rmb_nwb *nwb = file->handle;
	const struct rmb_nwb_stack *s = nwb->stack;
	struct rmb_member times = rmb_gathered_numbers("tneural", nwb->some.axis[0]);
	const struct rmb_member *worked_out = NULL;
	int code = rmb_gathered_find(&nwb_of(&s->part[0])->made, times.name, &worked_out, error);
	if (!code && worked_out)
		code = rmb_gathered_later(&nwb->made, &times, first_times, error);
	for (size_t k = 0; k < sizeof names / sizeof *names && !code; k++) {
		struct rmb_member all = rmb_gathered_numbers(names[k], s->first[s->n]);
		bool some = false;
		for (int64_t i = 0; i < s->n && !code; i++) {
			const struct rmb_member *m = NULL;
			code = rmb_gathered_find(&nwb_of(&s->part[i])->made, names[k], &m, error);
			some |= m != NULL;
			all.effort += m ? m->effort : 0;
		}
		if (!code && some)
			code = rmb_gathered_later(&nwb->made, &all, end_to_end, error);
	}
	return code;
}

static int
by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* Numbers of the ROIs, if every series knows them, and the number of the series. */
static int
offer_numbers(struct rmb_load_file *file, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	const struct rmb_nwb_stack *s = nwb->stack;
	size_t n = (size_t)s->first[s->n];
	int64_t *id = rmb_arena_alloc(file->arena, n, sizeof *id), *plane = rmb_arena_alloc(file->arena, n, sizeof *plane), *own;
	bool known = true, twice = false;
	int code = id && plane ? 0 : rmb_error_nomem(error, "ROIs");
	for (int64_t i = 0; i < s->n && !code; i++) {
		const struct rmb_member *m;
		code = rmb_gathered_find(&nwb_of(&s->part[i])->made, "roi", &m, error);
		known &= !code && m;
		if (known)
			code = rmb_load_integers(&s->part[i], m, &own, error);
		for (int64_t k = s->first[i]; k < s->first[i + 1] && !code; k++) {
			id[k] = known ? own[k - s->first[i]] : 0;
			plane[k] = i;
		}
	}
	int64_t *sorted = code || !known ? NULL : rmb_arena_copy(file->arena, id, n, sizeof *id);
	if (sorted)
		qsort(sorted, n, sizeof *sorted, by_number);
	for (size_t k = 1; k < n && sorted; k++)
		twice |= sorted[k] == sorted[k - 1];
	for (size_t k = 0; k < n && twice; k++)
		id[k] += plane[k] * PLANE_STEP;
	if (!code && known)
		code = sorted ? rmb_gathered_integers(&nwb->made, "roi", id, (int64_t)n, error) : rmb_error_nomem(error, "ROIs");
	return code || !known ? code : rmb_gathered_integers(&nwb->made, "iplane", plane, (int64_t)n, error);
}

/* ---- samples ---- */

/* The matrix of all; numbers of different types, and scaled ones, become doubles. */
static int
offer_matrix(struct rmb_load_file *file, const char *name, int64_t nframes, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	const struct rmb_nwb_stack *s = nwb->stack;
	nwb->some = nwb_of(&s->part[0])->some;
	nwb->some.name = name;
	nwb->some.axis[0] = nframes;
	nwb->some.axis[1] = s->first[s->n];
	for (int64_t i = 1; i < s->n; i++) {
		const struct rmb_member *m = &nwb_of(&s->part[i])->some;
		nwb->some.effort += m->effort;
		nwb->some.hollow = nwb->some.hollow ? nwb->some.hollow : m->hollow;
		if (m->number != nwb->some.number || m->item != nwb->some.item || m->swapped != nwb->some.swapped) {
			nwb->some.number = RMB_FLOATING;
			nwb->some.item = 8;
			nwb->some.swapped = false;
			nwb->some.type = "float64";
		}
	}
	nwb->activity = &nwb->some;
	return rmb_member_measure(file->arena, file->path, &nwb->some, error);
}

int
rmb_nwb_stack_read(struct rmb_nwb *nwb, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, unsigned char *out,
                   struct rmb_error *error)
{
	const struct rmb_nwb_stack *s = nwb->stack;
	size_t to = nwb->some.item;
	int code = 0;
	for (int64_t i = 0; i < s->n && !code; i++) {
		struct rmb_load_file *part = &s->part[i];
		const struct rmb_member *m = &nwb_of(part)->some;
		int64_t low = column > s->first[i] ? column : s->first[i],
			high = column + ncolumns < s->first[i + 1] ? column + ncolumns : s->first[i + 1];
		if (low >= high)
			continue;
		bool same = m->number == nwb->some.number && m->item == to && m->swapped == nwb->some.swapped;
		unsigned char *raw = malloc((size_t)(nrows * (high - low)) * m->item);
		code = raw ? rmb_format_nwb.read(part, m, row, nrows, low - s->first[i], high - low, raw, error)
		           : rmb_error_nomem(error, m->name);
		for (int64_t r = 0; r < nrows && !code; r++) {
			unsigned char *here = out + (size_t)(r * ncolumns + low - column) * to,
				      *from = raw + (size_t)(r * (high - low)) * m->item;
			if (same)
				memcpy(here, from, (size_t)(high - low) * to);
			else
				rmb_member_decode(m, from, high - low, (double *)(void *)here);
		}
		free(raw);
	}
	return code;
}

/* ---- */

int
rmb_nwb_stack(struct rmb_load_file *file, const char *pattern, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	struct rmb_nwb_list chosen;
	struct rmb_nwb_stack *s = rmb_arena_alloc(file->arena, 1, sizeof *s);
	int64_t nframes = INT64_MAX, most = 0;
	int code = s ? choose(file, pattern, &chosen, error) : rmb_error_nomem(error, file->path);
	if (code)
		return code;
	s->part = rmb_arena_alloc(file->arena, chosen.n, sizeof *s->part);
	s->first = rmb_arena_alloc(file->arena, chosen.n + 1, sizeof *s->first);
	if (!s->part || !s->first)
		return rmb_error_nomem(error, file->path);
	for (s->n = 0; s->n < (int64_t)chosen.n && !code; s->n++) {
		code = open_part(file, &chosen.group[s->n], &s->part[s->n], error);
		if (code)
			break;
		const struct rmb_member *m = &nwb_of(&s->part[s->n])->some;
		s->first[s->n + 1] = s->first[s->n] + m->axis[1];
		nframes = m->axis[0] < nframes ? m->axis[0] : nframes;
		most = m->axis[0] > most ? m->axis[0] : most;
	}
	for (int64_t i = 1; i < s->n && !code; i++)
		code = compare(file, &chosen, s, i, nframes, error);
	if (!code)
		code = compare(file, &chosen, s, 0, nframes, error);
	if (code)
		return code;
	nwb->stack = s;
	file->rate = s->part[0].rate;
	nwb->times =
		nwb_of(&s->part[0])->times && nwb_of(&s->part[0])->times->count == nframes ? nwb_of(&s->part[0])->times : NULL;
	rmb_load_file_note(file, "put %" PRId64 " series together, '%s' to '%s'%s", s->n, chosen.group[0].path,
	                   chosen.group[s->n - 1].path, most > nframes ? ", and cut the longer ones to the shortest" : "");
	code = offer_matrix(file, pattern, nframes, error);
	if (!code)
		code = offer_all(file, error);
	return code ? code : offer_numbers(file, error);
}

/* load/nwb_observed.c -- when a table of units was recorded: what the obs_intervals of all units that are read have in common. */
#include <math.h>
#include <string.h>
#include "load/nwb.h"
#include "numeric/intervals.h"
#include "rumble/recording.h"

/* The intervals of one unit, joined, in `own`; -1: they do not all run forwards. */
static int64_t
intervals_of(const double *v, int64_t from, int64_t to, double *own)
{
	for (int64_t i = from; i < to; i++)
		if (!isfinite(v[2 * i]) || !isfinite(v[2 * i + 1]) || !(v[2 * i] < v[2 * i + 1]))
			return -1;
	memcpy(own, v + 2 * from, (size_t)(2 * (to - from)) * sizeof *own);
	return rmb_intervals_join(own, to - from);
}

static double
length_of(const double *interval, int64_t n)
{
	double sum = 0;
	for (int64_t i = 0; i < n; i++)
		sum += interval[2 * i + 1] - interval[2 * i];
	return sum;
}

/* What is common to the intervals of all units that are read: out[..][2]. Returns how many, -1: some do not run forwards. *some:
 * they differ. */
static int64_t
common_intervals(const struct rmb_nwb_chosen *c, const double *v, int64_t rows, const int64_t *end, double *own, double *out,
                 double *other, bool *some)
{
	int64_t n = -1;
	for (int64_t i = 0; i < c->n; i++) {
		int64_t unit = c->row[i],
			to = end              ? end[unit]
		             : rows == c->all ? unit + 1
		                              : rows,
			from = end              ? (unit > 0 ? end[unit - 1] : 0)
		               : rows == c->all ? unit
		                                : 0;
		int64_t here = intervals_of(v, from, to, own);
		if (here < 0)
			return -1;
		if (here == 0) /* nothing is said of it */
			continue;
		if (n < 0) {
			n = here;
			memcpy(out, own, (size_t)(2 * n) * sizeof *out);
		} else if (here != n || memcmp(own, out, (size_t)(2 * n) * sizeof *out) != 0) {
			*some = true;
			n = rmb_intervals_intersect(out, n, own, here, other, NULL);
			memcpy(out, other, (size_t)(2 * n) * sizeof *out);
		}
	}
	return n < 0 ? 0 : n;
}

int
rmb_nwb_observed(struct rmb_load_file *file, const struct rmb_nwb_chosen *c, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	const struct rmb_member *m;
	double *v;
	int64_t *end = NULL, nends = 0;
	bool differ = false;
	int code = rmb_nwb_dataset(file, c->table, "obs_intervals", false, &m, error);
	if (code || !m || m->naxes != 2 || m->axis[1] != 2 || m->axis[0] == 0 || m->number == RMB_BYTES)
		return code;
	code = rmb_load_doubles(&nwb->plain, m, &v, error);
	if (!code)
		code = rmb_nwb_whole_column(file, c->table, "obs_intervals_index", &end, &nends, error);
	if (!code && end)
		code = nends == c->all ? rmb_nwb_check_ends(file, c->table, "obs_intervals_index", end, nends, m->axis[0], error)
		                       : rmb_nwb_uneven(file, c, "obs_intervals_index", nends, "", error);
	if (code)
		return code;
	size_t room = (size_t)(4 * m->axis[0] + 2);
	double *own = rmb_arena_alloc(file->arena, room, sizeof *own), *out = rmb_arena_alloc(file->arena, room, sizeof *out);
	double *other = rmb_arena_alloc(file->arena, room, sizeof *other);
	if (!own || !out || !other)
		return rmb_error_nomem(error, m->name);
	int64_t n = common_intervals(c, v, m->axis[0], end, own, out, other, &differ);
	if (n <= 0) {
		rmb_load_file_note(file,
		                   "the intervals '%s' were not used: %s. Say what was observed with `window`, and leave out "
		                   "gaps with `drop`",
		                   m->name, n < 0 ? "some do not run forwards" : "the units have none in common");
		return 0;
	}
	if (differ)
		rmb_load_file_note(file,
		                   "the units' intervals '%s' differ: %.6g s, which they have in common, were taken as observed",
		                   m->name, length_of(out, n));
	file->observed = out;
	file->nobserved = n;
	return 0;
}

/* load/nwb_units.c -- a table of units: spike times, labels, places.
 *
 * spike_times holds the times of all units end to end, s; spike_times_index where each unit's part ends. Members: st, sCount,
 * cluster (the table's id), xpos, ypos and unit_labels. A unit's electrode is that of peak_channel_id, which is looked for in the
 * electrodes' column id, else those of `electrodes`, which are row numbers; of several the mean. Positions are the electrodes'
 * rel_x and rel_y, else the probe's, else x and y. Where a column quality or ks_label calls units good, only those are read
 * (`units`). */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "load/nwb.h"
#include "load/sorted.h"
#include "numeric/intervals.h"
#include "rumble/recording.h"

struct units {
	struct rmb_nwb_chosen chosen; /* units that are read */
	const struct rmb_member *times;
	int64_t nspikes;             /* of those that are read */
	int64_t *end;                /* [all] in spike_times */
	int64_t *last;               /* [n] ends of the parts of those that are read, of all that is read */
	struct rmb_pieces pieces;    /* of spike_times; open once a time was asked for */
};

static int
read_ends(struct rmb_load_file *file, struct units *u, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	const char *table = u->chosen.table;
	const struct rmb_member *index;
	int code = rmb_nwb_dataset(file, table, "spike_times", true, &u->times, error);
	if (!code)
		code = rmb_nwb_dataset(file, table, "spike_times_index", true, &index, error);
	if (code)
		return code;
	if (u->times->refusal || u->times->naxes != 1 || u->times->number == RMB_BYTES)
		return rmb_error_set(error, RMB_EINPUT, "%s: '%s' %s", file->path, u->times->name,
		                     u->times->refusal ? u->times->refusal : "is no list of numbers");
	if (!index || index->refusal || index->naxes != 1)
		return rmb_error_set(
			error, RMB_EINPUT,
			"%s: '%s/spike_times_index' %s; it must be numbers that say where each unit's spike times end",
			file->path, table,
			!index           ? "is not there"
			: index->refusal ? index->refusal
					 : "is no list");
	code = rmb_load_integers(&nwb->plain, index, &u->end, error);
	u->chosen.all = index->count;
	if (!code)
		code = rmb_nwb_check_ends(file, table, "spike_times_index", u->end, u->chosen.all, u->times->count, error);
	if (!code && (u->chosen.all == 0 || u->end[u->chosen.all - 1] != u->times->count))
		code = rmb_error_set(error, RMB_EINPUT,
		                     "%s: '%s' ends at spike %" PRId64 ", but there are %" PRId64 " spike times", file->path,
		                     index->name, u->chosen.all ? u->end[u->chosen.all - 1] : 0, u->times->count);
	return code;
}

/* ---- labels ---- */

static bool
is_wanted(const char *label, const char *units)
{
	if (strcmp(units, "all") == 0)
		return strcmp(label, "noise") != 0;
	return strcmp(label, "good") == 0 || (strcmp(units, "good+mua") == 0 && strcmp(label, "mua") == 0);
}

/* The text column with labels of units, if one of them is good, mua or noise; these words in small letters. */
static int
read_labels(struct rmb_load_file *file, const struct units *u, const char **name, char **label, size_t *width,
            struct rmb_error *error)
{
	static const char *const names[] = { "quality", "ks_label", "KSLabel" };
	struct rmb_nwb *nwb = file->handle;
	int code = 0;
	*label = NULL;
	for (size_t i = 0; i < sizeof names / sizeof *names && !code && !*label; i++) {
		const struct rmb_member *m;
		bool labelled = false;
		code = rmb_nwb_dataset(file, u->chosen.table, names[i], false, &m, error);
		if (code || !m || m->number != RMB_BYTES || m->naxes != 1)
			continue;
		if (m->count != u->chosen.all && strcmp(file->wish->units, "all") != 0)
			return rmb_nwb_uneven(file, &u->chosen, names[i], m->count,
			                      ": mend it, or write `units: all` to read all without labels", error);
		if (m->count != u->chosen.all)
			continue;
		code = rmb_load_texts(&nwb->plain, m, label, width, error);
		for (int64_t k = 0; k < u->chosen.all && !code; k++) {
			char *word = *label + (size_t)k * *width;
			const char *plain = rmb_sorted_word(word);
			if (plain)
				memcpy(word, plain, strlen(plain));
			labelled |= is_wanted(word, "good+mua") || strcmp(word, "noise") == 0;
		}
		*label = code || !labelled ? NULL : *label;
		*name = names[i];
	}
	return code;
}

static int
offer_labels(struct rmb_load_file *file, const struct units *u, const char *label, size_t width, struct rmb_error *error)
{
	char *chosen = rmb_arena_alloc(file->arena, (size_t)u->chosen.n, width);
	for (int64_t i = 0; i < u->chosen.n && chosen; i++)
		memcpy(chosen + (size_t)i * width, label + (size_t)u->chosen.row[i] * width, width);
	return chosen ? rmb_gathered_texts(&((struct rmb_nwb *)file->handle)->made, "unit_labels", chosen, width, u->chosen.n, error)
	              : rmb_error_nomem(error, "labels of units");
}

static int
choose_units(struct rmb_load_file *file, struct units *u, struct rmb_error *error)
{
	const char *units = file->wish->units, *name = "";
	size_t width;
	char *label;
	int code = read_labels(file, u, &name, &label, &width, error);
	int64_t *row = code ? NULL : rmb_arena_alloc(file->arena, (size_t)u->chosen.all, sizeof *row);
	if (!row)
		return code ? code : rmb_error_nomem(error, "units");
	for (int64_t i = 0; i < u->chosen.all; i++)
		if (!label || is_wanted(label + (size_t)i * width, units)) {
			row[u->chosen.n++] = i;
			u->nspikes += u->end[i] - (i > 0 ? u->end[i - 1] : 0);
		}
	u->chosen.row = row;
	if (!label)
		rmb_load_file_note(file, "no column quality or ks_label calls a unit good, mua or noise, so all %" PRId64 " were read",
		                   u->chosen.all);
	else if (u->chosen.n < u->chosen.all)
		rmb_load_file_note(file, "read %" PRId64 " of %" PRId64 " units, those that the column %s calls %s (`units`)",
		                   u->chosen.n, u->chosen.all, name,
		                   strcmp(units, "all") == 0    ? "anything but noise"
		                   : strcmp(units, "good") == 0 ? "good"
		                                                : "good or mua");
	return u->chosen.n ? (label ? offer_labels(file, u, label, width, error) : 0)
	            : rmb_error_set(error, RMB_EINPUT,
	                            "%s: none of %" PRId64 " units is called %s by the column %s of '%s'; write `units: good+mua` or "
	                            "`units: all`", file->path, u->chosen.all,
	                            strcmp(units, "all") == 0    ? "anything but noise"
	                            : strcmp(units, "good") == 0 ? "good"
	                                                         : "good or mua",
	                            name, u->chosen.table);
}

/* ---- times ---- */

/* Times at .. at + n - 1 of those of the units that are read. */
static int
chosen_times(struct rmb_load_file *made, const struct rmb_member *member, int64_t at, int64_t n, void *items,
             struct rmb_error *error)
{
	struct rmb_load_file *file = *rmb_gathered_own(made);
	struct units *u = ((struct rmb_nwb *)file->handle)->own;
	double *out = items;
	int64_t low = 0, high = u->chosen.n;
	int code = u->pieces.file ? 0 : rmb_pieces_open(&((struct rmb_nwb *)file->handle)->plain, u->times, &u->pieces, error);
	(void)member;
	while (low < high) {
		int64_t middle = (low + high) / 2;
		if (u->last[middle] <= at)
			low = middle + 1;
		else
			high = middle;
	}
	for (int64_t i = low; n > 0 && !code; i++) {
		int64_t here = u->last[i] - at < n ? u->last[i] - at : n, from = u->end[u->chosen.row[i]] - (u->last[i] - at);
		for (int64_t done = 0, some; done < here && !code; done += some) {
			const double *time;
			some = here - done < RMB_PIECE ? here - done : RMB_PIECE;
			code = rmb_pieces_get(&u->pieces, from + done, some, &time, error);
			if (!code)
				memcpy(out + done, time, (size_t)some * sizeof *out);
		}
		out += here;
		at += here;
		n -= here;
	}
	return code;
}

static int
offer_times(struct rmb_load_file *file, struct units *u, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	int64_t *count = rmb_arena_alloc(file->arena, (size_t)u->chosen.n, sizeof *count);
	struct rmb_member st = rmb_gathered_numbers("st", u->nspikes);
	st.called = u->times->name;
	u->last = rmb_arena_alloc(file->arena, (size_t)u->chosen.n, sizeof *u->last);
	if (!count || !u->last)
		return rmb_error_nomem(error, "units");
	for (int64_t i = 0; i < u->chosen.n; i++) {
		count[i] = u->end[u->chosen.row[i]] - (u->chosen.row[i] > 0 ? u->end[u->chosen.row[i] - 1] : 0);
		u->last[i] = count[i] + (i > 0 ? u->last[i - 1] : 0);
	}
	int code = rmb_gathered_pieces(&nwb->made, &st, chosen_times, error);
	return code ? code : rmb_gathered_integers(&nwb->made, "sCount", count, u->chosen.n, error);
}

static int
offer_ids(struct rmb_load_file *file, const struct units *u, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	int64_t *id, n = 0;
	int code = rmb_nwb_whole_column(file, u->chosen.table, "id", &id, &n, error);
	if (!code && id && n != u->chosen.all)
		return rmb_nwb_uneven(file, &u->chosen, "id", n, "", error);
	int64_t *chosen = code || !id ? NULL : rmb_arena_alloc(file->arena, (size_t)u->chosen.n, sizeof *chosen);
	for (int64_t i = 0; i < u->chosen.n && chosen; i++)
		chosen[i] = id[u->chosen.row[i]];
	return chosen ? rmb_gathered_integers(&nwb->made, "cluster", chosen, u->chosen.n, error) : code;
}

/* ---- places ---- */

struct places { int64_t n; double *x, *y; }; /* of electrodes; NULL: not known */

static int
read_places(struct rmb_load_file *file, struct places *p, struct rmb_error *error)
{
	static const char *const names[][2] = { { "rel_x", "rel_y" },
		                                { "probe_horizontal_position", "probe_vertical_position" },
		                                { "x", "y" } };
	struct rmb_nwb *nwb = file->handle;
	int code = 0;
	*p = (struct places){ 0 };
	for (size_t i = 0; i < sizeof names / sizeof *names && !code && !p->x; i++) {
		const struct rmb_member *x, *y;
		double *vx = NULL, *vy = NULL;
		code = rmb_nwb_dataset(file, RMB_NWB_ELECTRODES, names[i][0], false, &x, error);
		if (!code)
			code = rmb_nwb_dataset(file, RMB_NWB_ELECTRODES, names[i][1], false, &y, error);
		if (code || !x || !y || x->naxes != 1 || y->naxes != 1 || x->number == RMB_BYTES || y->number == RMB_BYTES)
			continue;
		if (x->count != y->count)
			return rmb_error_set(error, RMB_EINPUT,
			                     "%s: '%s' is for %" PRId64 " electrodes, but '%s' for %" PRId64, file->path, x->name,
			                     x->count, y->name, y->count);
		code = rmb_load_doubles(&nwb->plain, x, &vx, error);
		if (!code)
			code = rmb_load_doubles(&nwb->plain, y, &vy, error);
		bool some = false;
		for (int64_t k = 0; k < x->count && !code; k++)
			some |= isfinite(vx[k]) && isfinite(vy[k]);
		if (some)
			*p = (struct places){ x->count, vx, vy };
	}
	return code;
}

/* By peak_channel_id. */
static int
place_by_channel(struct rmb_load_file *file, const struct units *u, const struct places *p, double *x, double *y, bool *done,
                 struct rmb_error *error)
{
	int64_t *channel, *id, nchannels = 0, nids = 0;
	int code = rmb_nwb_whole_column(file, u->chosen.table, "peak_channel_id", &channel, &nchannels, error);
	if (!code)
		code = rmb_nwb_whole_column(file, RMB_NWB_ELECTRODES, "id", &id, &nids, error);
	*done = !code && channel && id && nchannels == u->chosen.all && nids == p->n;
	for (int64_t i = 0; i < u->chosen.n && *done; i++)
		for (int64_t k = 0; k < nids; k++)
			if (id[k] == channel[u->chosen.row[i]]) {
				x[i] = p->x[k];
				y[i] = p->y[k];
				break;
			}
	return code;
}

/* By `electrodes`, of which a unit can have several. */
static int
place_by_rows(struct rmb_load_file *file, const struct units *u, const struct places *p, double *x, double *y, bool *done,
              struct rmb_error *error)
{
	const char *table = u->chosen.table;
	int64_t *row, *end, nrows = 0, nends = 0, several = 0;
	int code = rmb_nwb_whole_column(file, table, "electrodes", &row, &nrows, error);
	if (!code)
		code = rmb_nwb_whole_column(file, table, "electrodes_index", &end, &nends, error);
	if (!code && row && end && nends != u->chosen.all)
		return rmb_nwb_uneven(file, &u->chosen, "electrodes_index", nends, "", error);
	*done = !code && row && (end || nrows == u->chosen.all);
	if (!code && row && !*done)
		rmb_load_file_note(file,
		                   "positions were not read: '%s/electrodes' has %" PRId64 " entries for %" PRId64
		                   " units, and no electrodes_index says whose they are",
		                   table, nrows, u->chosen.all);
	if (!*done)
		return code;
	code = end ? rmb_nwb_check_ends(file, table, "electrodes_index", end, nends, nrows, error) : 0;
	for (int64_t i = 0; i < u->chosen.n && !code; i++) {
		int64_t unit = u->chosen.row[i], from = end ? (unit > 0 ? end[unit - 1] : 0) : unit, to = end ? end[unit] : unit + 1;
		several += to - from > 1;
		x[i] = y[i] = to > from ? 0 : NAN;
		for (int64_t k = from; k < to && !code; k++) {
			if (row[k] < 0 || row[k] >= p->n)
				code = rmb_error_set(error, RMB_EINPUT,
				                     "%s: entry %" PRId64 " of '%s/electrodes' is row %" PRId64
				                     ", and there are %" PRId64 " electrodes",
				                     file->path, k, table, row[k], p->n);
			else {
				x[i] += p->x[row[k]] / (double)(to - from);
				y[i] += p->y[row[k]] / (double)(to - from);
			}
		}
	}
	if (!code && several)
		rmb_load_file_note(file,
		                   "%" PRId64 " of %" PRId64 " units have several electrodes; their place is the mean of those",
		                   several, u->chosen.n);
	return code;
}

static int
offer_places(struct rmb_load_file *file, const struct units *u, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	struct places places;
	bool done = false, some = false;
	int code = read_places(file, &places, error);
	if (code || !places.x)
		return code;
	double *x = rmb_arena_alloc(file->arena, (size_t)u->chosen.n, sizeof *x),
	       *y = rmb_arena_alloc(file->arena, (size_t)u->chosen.n, sizeof *y);
	if (!x || !y)
		return rmb_error_nomem(error, "positions");
	for (int64_t i = 0; i < u->chosen.n; i++)
		x[i] = y[i] = NAN;
	code = place_by_channel(file, u, &places, x, y, &done, error);
	if (!code && !done)
		code = place_by_rows(file, u, &places, x, y, &done, error);
	for (int64_t i = 0; i < u->chosen.n; i++)
		some |= isfinite(x[i]) && isfinite(y[i]);
	if (code || !done || !some)
		return code;
	code = rmb_gathered_doubles(&nwb->made, "xpos", x, u->chosen.n, error);
	return code ? code : rmb_gathered_doubles(&nwb->made, "ypos", y, u->chosen.n, error);
}

int
rmb_nwb_units(struct rmb_load_file *file, const struct rmb_nwb_group *group, struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	struct units *u = rmb_arena_alloc(file->arena, 1, sizeof *u);
	if (!u)
		return rmb_error_nomem(error, "units");
	u->chosen.table = group->path;
	nwb->own = u;
	int code = read_ends(file, u, error);
	if (!code)
		code = choose_units(file, u, error);
	if (!code)
		code = offer_times(file, u, error);
	if (!code)
		code = offer_ids(file, u, error);
	if (!code)
		code = offer_places(file, u, error);
	if (!code)
		code = rmb_nwb_columns(file, &u->chosen, error);
	return code ? code : rmb_nwb_observed(file, &u->chosen, error);
}

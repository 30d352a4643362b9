/* load/nwb_columns.c -- columns of a table of units, among them those that the recipe names, such as `quality: snr`, for the
 * units that are read.
 *
 * A column may be named alone or with the path of its table. `location`, unless the table has such a column, is the electrodes':
 * that of the electrode which peak_channel_id names, else of the first of the unit's `electrodes`. NWB wants it there, and it is
 * the brain area. */
#include <inttypes.h>
#include <string.h>
#include "load/nwb.h"

int
rmb_nwb_whole_column(struct rmb_load_file *file, const char *table, const char *name, int64_t **out, int64_t *n,
                     struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	const struct rmb_member *m;
	*out = NULL;
	int code = rmb_nwb_dataset(file, table, name, false, &m, error);
	if (code || !m || m->naxes != 1 || (m->number != RMB_SIGNED && m->number != RMB_UNSIGNED))
		return code;
	*n = m->count;
	return rmb_load_integers(&nwb->plain, m, out, error);
}

int
rmb_nwb_check_ends(struct rmb_load_file *file, const char *table, const char *name, const int64_t *end, int64_t n, int64_t last,
                   struct rmb_error *error)
{
	for (int64_t i = 0; i < n; i++)
		if (end[i] < (i > 0 ? end[i - 1] : 0) || end[i] > last)
			return rmb_error_set(error, RMB_EINPUT,
			                     "%s: entry %" PRId64 " of '%s/%s' is %" PRId64 "; ends must ascend up to %" PRId64,
			                     file->path, i, table, name, end[i], last);
	return 0;
}

int
rmb_nwb_uneven(struct rmb_load_file *file, const struct rmb_nwb_chosen *c, const char *name, int64_t n, const char *remedy,
               struct rmb_error *error)
{
	return rmb_error_set(error, RMB_EINPUT,
	                     "%s: '%s/%s' has %" PRId64 " entries, but spike_times_index is of %" PRId64
	                     " units; a column of their table has one for each%s",
	                     file->path, c->table, name, n, c->all, remedy);
}

/* The electrode of each of row[n], by its row; -1: it has none. NULL, also after a failure: the table does not say. */
static int64_t *
electrodes_of(struct rmb_load_file *file, const struct rmb_nwb_chosen *c, int64_t nelectrodes, struct rmb_error *error)
{
	int64_t *channel, *id, *row, *end, nchannels = 0, nids = 0, nrows = 0, nends = 0;
	int64_t *of = rmb_arena_alloc(file->arena, (size_t)c->n, sizeof *of);
	int code = of ? rmb_nwb_whole_column(file, c->table, "peak_channel_id", &channel, &nchannels, error)
	              : rmb_error_nomem(error, c->table);
	if (!code)
		code = rmb_nwb_whole_column(file, RMB_NWB_ELECTRODES, "id", &id, &nids, error);
	if (!code)
		code = rmb_nwb_whole_column(file, c->table, "electrodes", &row, &nrows, error);
	if (!code)
		code = rmb_nwb_whole_column(file, c->table, "electrodes_index", &end, &nends, error);
	if (code)
		return NULL;
	bool by_channel = channel && id && nchannels == c->all && nids == nelectrodes,
	     by_row = row && (end ? nends : nrows) == c->all;
	for (int64_t i = 0; i < c->n; i++) {
		int64_t unit = c->row[i], first = !end || !by_row || unit == 0 ? unit : end[unit - 1];
		of[i] = -1;
		for (int64_t k = 0; by_channel && k < nids && of[i] < 0; k++)
			of[i] = id[k] == channel[unit] ? k : -1;
		if (!by_channel && by_row && first >= 0 && first < nrows && (!end || first < end[unit]))
			of[i] = row[first] >= 0 && row[first] < nelectrodes ? row[first] : -1;
	}
	return by_channel || by_row ? of : NULL;
}

/* Items at[n] of a column (-1: nothing stands there), as a member called `name`. */
static int
offer(struct rmb_load_file *file, const char *name, const struct rmb_member *m, const int64_t *at, int64_t n,
      struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	bool text = m->number == RMB_BYTES || m->number == RMB_UTF32;
	size_t width = sizeof(double);
	char *all, *chosen = NULL;
	int code = text ? rmb_load_texts(&nwb->plain, m, &all, &width, error)
	                : rmb_load_doubles(&nwb->plain, m, (double **)(void *)&all, error);
	if (!code && !(chosen = rmb_arena_alloc(file->arena, (size_t)n, width)))
		code = rmb_error_nomem(error, name);
	for (int64_t i = 0; i < n && !code; i++)
		if (at[i] >= 0)
			memcpy(chosen + (size_t)i * width, all + (size_t)at[i] * width, width);
	if (code)
		return code;
	return text ? rmb_gathered_texts(&nwb->made, name, chosen, width, n, error)
	            : rmb_gathered_doubles(&nwb->made, name, (const double *)(const void *)chosen, n, error);
}

static bool
can_be_read(const struct rmb_member *m)
{
	return m && !m->refusal && m->naxes == 1;
}

static int
one_column(struct rmb_load_file *file, const struct rmb_nwb_chosen *c, const char *name, struct rmb_error *error)
{
	size_t table = strlen(c->table);
	const char *column = strncmp(name, c->table, table) == 0 && name[table] == '/' ? name + table + 1 : name;
	const struct rmb_member *m = NULL, *taken = NULL;
	int code = rmb_gathered_find(&((struct rmb_nwb *)file->handle)->made, name, &taken, error);
	if (!code && !taken)
		code = rmb_nwb_dataset(file, c->table, column, false, &m, error);
	if (code || taken)
		return code;
	if (can_be_read(m) && m->count == c->all && strncmp(column, "spike_times", 11) != 0)
		return offer(file, name, m, c->row, c->n, error);
	if (m || strcmp(name, "location") != 0)
		return 0;
	code = rmb_nwb_dataset(file, RMB_NWB_ELECTRODES, name, false, &m, error);
	const int64_t *of = !code && can_be_read(m) && m->number == RMB_BYTES ? electrodes_of(file, c, m->count, error) : NULL;
	return of ? offer(file, name, m, of, c->n, error) : code ? code : error->code;
}

int
rmb_nwb_columns(struct rmb_load_file *file, const struct rmb_nwb_chosen *chosen, struct rmb_error *error)
{
	int code = 0;
	for (const char *const *name = file->wish->named; name && *name && !code; name++)
		code = one_column(file, chosen, *name, error);
	return code;
}

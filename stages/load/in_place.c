/* load/in_place.c -- activity that lies in its file, or in several, as it would lie in the cache.
 *
 * It stays there and is only looked through for samples that are not finite: by read() in pieces that stay in the processor's own
 * cache, which is quicker than through a mapping whose every page has to be found first. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "load/parts.h"

enum { GLANCE = 1 << 16 };
/* Bytes below which a copy costs nothing and spares the reader of results the file. */
enum { LEAST_IN_PLACE = 16 << 20 };

bool
rmb_load_in_place(const struct rmb_found *activity, const struct rmb_load_settings *set, bool frames_first,
                  struct rmb_load_place *place)
{
	const struct rmb_format *format = activity->file->format;
	const struct rmb_member *m = activity->member;
	bool stays = activity->file->path == set->path && format->place && !activity->less && rmb_member_plain(m) &&
	             frames_first == m->fortran && m->count * (int64_t)m->item >= LEAST_IN_PLACE &&
	             format->place(activity->file, m, place);
	for (int i = 0; stays && i < place->n; i++)
		stays = place->part[i].at % (int64_t)sizeof(float) == 0;
	return stays;
}

/* Reads exactly n items. */
static int
read_items(const char *path, int fd, float *to, int64_t n, int64_t at, struct rmb_error *error)
{
	size_t size = (size_t)n * sizeof *to;
	for (size_t done = 0; done < size;) {
		ssize_t got = pread(fd, (char *)to + done, size - done, (off_t)at + (off_t)done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return rmb_error_set(error, RMB_EINPUT, "cannot read %s: %s", path, strerror(errno));
		if (got == 0)
			return rmb_error_set(error, RMB_EINPUT,
			                     "%s is truncated: it ends at byte %" PRId64 " (does something still write it?)",
			                     path, at + (int64_t)done);
		done += (size_t)got;
	}
	return 0;
}

/* What is looked through: rows of the member that lie in a part, whose first one is stored row `before` of all. */
struct glance {
	const struct rmb_load_place *place;
	const struct rmb_file_rows *part;
	int64_t before;
	int64_t n, columns;          /* of the member */
	float *piece;
	const struct rmb_load_sink *sink;
	struct rmb_load_row *seen;
};

static int64_t
stored_row(const struct glance *g, int64_t row)
{
	return g->place->row ? g->place->row[row] : row;
}

static bool
in_part(const struct glance *g, int64_t row)
{
	return row < g->n && stored_row(g, row) < g->before + g->part->rows;
}

/* How many rows from `row` on lie one after the other and make up a piece. */
static int64_t
rows_at_once(const struct glance *g, int64_t row)
{
	int64_t most = g->part->stride == g->columns ? GLANCE / g->columns : 1, i = 1;
	while (i < most && in_part(g, row + i) && stored_row(g, row + i) == stored_row(g, row) + i)
		i++;
	return i;
}

/* From row *row on, which becomes the first that is not in the part. */
static int
look_through(const struct glance *g, int fd, int64_t *row, struct rmb_error *error)
{
	int code = 0;
	for (int64_t nrows; in_part(g, *row) && !code; *row += nrows) {
		int64_t at = (stored_row(g, *row) - g->before) * g->part->stride;
		nrows = rows_at_once(g, *row);
		for (int64_t column = 0, here; column < g->columns && !code; column += here) {
			here = g->columns - column < GLANCE ? g->columns - column : GLANCE;
			code = read_items(g->part->path, fd, g->piece, nrows * here, g->part->at + 4 * (at + column), error);
			if (!code)
				rmb_load_gaps(g->piece, g->sink->dropped, *row, nrows, column, here, g->seen);
			if (!code)
				code = g->sink->progress(g->sink->argument,
				                         (double)*row * (double)g->columns + (double)nrows * (double)(column + here),
				                         (double)g->n * (double)g->columns);
		}
	}
	return code;
}

int
rmb_load_glance(const struct rmb_found *activity, const struct rmb_load_place *place, const struct rmb_load_sink *sink,
                struct rmb_load_row *seen, struct rmb_error *error)
{
	struct glance g = { .place = place, .sink = sink, .seen = seen };
	int code = 0;
	rmb_member_matrix(activity->member, &g.n, &g.columns);
	g.piece = rmb_arena_alloc(activity->file->arena, GLANCE, sizeof *g.piece);
	for (int64_t i = 0; i < g.n; i++)
		seen[i] = (struct rmb_load_row){ .bad = -1 };
	if (!g.piece)
		return rmb_error_nomem(error, activity->member->name);
	int64_t row = 0;
	for (int i = 0; i < place->n && !code; g.before += place->part[i++].rows) {
		g.part = &place->part[i];
		int fd = open(g.part->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd < 0)
			return rmb_error_set(error, RMB_EINPUT, "cannot open %s: %s", g.part->path, strerror(errno));
		code = look_through(&g, fd, &row, error);
		close(fd);
	}
	return code;
}

/* load/in_place.c -- activity that lies in its file as it would lie in the cache.
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
	return activity->file->path == set->path && format->place && !activity->less && rmb_member_plain(m) &&
	       frames_first == m->fortran && m->count * (int64_t)m->item >= LEAST_IN_PLACE &&
	       format->place(activity->file, m, place) && place->at % (int64_t)sizeof(float) == 0;
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

/* How many rows from `row` on, of n, lie one after the other and make up a piece. */
static int64_t
rows_at_once(const struct rmb_load_place *place, int64_t row, int64_t n, int64_t columns)
{
	int64_t most = GLANCE / columns, i = 1;
	while (i < most && row + i < n && (!place->row || place->row[row + i] == place->row[row] + i))
		i++;
	return i;
}

static int
look_through(const struct rmb_load_place *place, int fd, int64_t n, int64_t columns, float *piece,
             const struct rmb_load_sink *sink, struct rmb_load_row *seen, struct rmb_error *error)
{
	int code = 0;
	for (int64_t row = 0, nrows; row < n && !code; row += nrows) {
		int64_t stored = place->row ? place->row[row] : row;
		nrows = rows_at_once(place, row, n, columns);
		for (int64_t column = 0, here; column < columns && !code; column += here) {
			here = columns - column < GLANCE ? columns - column : GLANCE;
			code = read_items(place->path, fd, piece, nrows * here, place->at + 4 * (stored * columns + column),
			                  error);
			if (!code)
				rmb_load_gaps(piece, sink->dropped, row, nrows, column, here, seen);
			if (!code)
				code = sink->progress(sink->argument,
				                      (double)row * (double)columns + (double)nrows * (double)(column + here),
				                      (double)n * (double)columns);
		}
	}
	return code;
}

int
rmb_load_glance(const struct rmb_found *activity, const struct rmb_load_place *place, const struct rmb_load_sink *sink,
                struct rmb_load_row *seen, struct rmb_error *error)
{
	int64_t n, columns;
	rmb_member_matrix(activity->member, &n, &columns);
	float *piece = rmb_arena_alloc(activity->file->arena, GLANCE, sizeof *piece);
	for (int64_t i = 0; i < n; i++)
		seen[i] = (struct rmb_load_row){ .bad = -1 };
	if (!piece)
		return rmb_error_nomem(error, activity->member->name);
	int fd = open(place->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return rmb_error_set(error, RMB_EINPUT, "cannot open %s: %s", place->path, strerror(errno));
	int code = look_through(place, fd, n, columns, piece, sink, seen, error);
	close(fd);
	return code;
}

/* load/gathered.c -- members put together from the files of a folder. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "load/gathered.h"

enum { PIECE = 4096 };

struct gathered_member {
	struct rmb_member member;
	const struct rmb_gathered_row *row;  /* a matrix; else NULL */
	const void *value;                   /* numbers or texts; NULL until they were worked out */
	rmb_gathered_fill *fill;
	rmb_gathered_piece *piece;           /* makes any part anew; else NULL */
};
struct gathered {
	struct rmb_load_file **part;         /* opened; closed with the whole */
	size_t nparts;
	struct gathered_member **member;
	size_t nmembers;
	void *own;
};

int
rmb_gathered_make(struct rmb_load_file *file, struct rmb_error *error)
{
	file->handle = rmb_arena_alloc(file->arena, 1, sizeof(struct gathered));
	return file->handle ? 0 : rmb_error_nomem(error, file->path);
}

void **
rmb_gathered_own(struct rmb_load_file *file)
{
	return &((struct gathered *)file->handle)->own;
}

void
rmb_gathered_close(struct rmb_load_file *file)
{
	struct gathered *g = file->handle;
	for (size_t i = 0; g && i < g->nparts; i++)
		rmb_load_close(g->part[i]);
}

/* ---- files of the folder */

bool
rmb_gathered_absent(const char *path)
{
	struct stat of;
	return lstat(path, &of) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

int
rmb_gathered_open(struct rmb_load_file *file, const char *folder, const char *name, struct rmb_load_file **part,
                  struct rmb_error *error)
{
	struct gathered *g = file->handle;
	const char *path = rmb_arena_printf(file->arena, "%s/%s", folder, name);
	*part = NULL;
	if (!path)
		return rmb_error_nomem(error, name);
	if (rmb_gathered_absent(path))
		return 0;
	struct rmb_load_file **list = rmb_arena_room(file->arena, g->part, g->nparts, sizeof *list);
	if (!list)
		return rmb_error_nomem(error, name);
	g->part = list;
	int code = rmb_load_open(file->arena, path, "npy", part, error);
	if (!code)
		g->part[g->nparts++] = *part;
	return code;
}

const struct rmb_member *
rmb_gathered_sole(struct rmb_load_file *part)
{
	const struct rmb_member *member = NULL;
	struct rmb_error ignored = { 0 };
	int n = 0;
	return part->format->list(part, &member, 1, &n, &ignored) == 0 && n == 1 ? member : NULL;
}

/* Reads exactly n bytes. */
static bool
read_whole(int fd, unsigned char *to, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = read(fd, to + done, n - done);
		if (got == 0 || (got < 0 && errno != EINTR))
			return false;
		done += got > 0 ? (size_t)got : 0;
	}
	return true;
}

int
rmb_gathered_bytes(struct rmb_load_file *file, const char *folder, const char *name, int64_t most, unsigned char **bytes,
                   size_t *n, struct rmb_error *error)
{
	const char *path = rmb_arena_printf(file->arena, "%s/%s", folder, name);
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1, code = 0;
	struct stat stat_of;
	*bytes = NULL;
	*n = 0;
	if (!path)
		return rmb_error_nomem(error, name);
	if (fd < 0) {
		const char *why = errno == ENOENT ? "it is a link to a file that is not there" : strerror(errno);
		return rmb_gathered_absent(path) ? 0 : rmb_error_set(error, RMB_EINPUT, "cannot open %s: %s", path, why);
	}
	if (fstat(fd, &stat_of) != 0 || !S_ISREG(stat_of.st_mode))
		code = rmb_error_set(error, RMB_EINPUT, "%s is not a plain file", path);
	else if (stat_of.st_size > most)
		code = rmb_error_set(error, RMB_ELIMIT, "%s has %" PRId64 " bytes; rumble reads up to %" PRId64 " of such a file",
		                     path, (int64_t)stat_of.st_size, most);
	else if (!(*bytes = rmb_arena_alloc(file->arena, (size_t)stat_of.st_size + 1, 1)))
		code = rmb_error_nomem(error, path);
	else if (!read_whole(fd, *bytes, *n = (size_t)stat_of.st_size))
		code = rmb_error_set(error, RMB_EINPUT, "cannot read %s to its end: does something still write it?", path);
	close(fd);
	return code;
}

/* ---- members */

static int
add(struct rmb_load_file *file, const struct gathered_member *new, const char *name, struct rmb_error *error)
{
	struct gathered *g = file->handle;
	struct gathered_member **list = rmb_arena_room(file->arena, g->member, g->nmembers, sizeof *list);
	struct gathered_member *own = rmb_arena_copy(file->arena, new, 1, sizeof *new);
	if (!list || !own || !(own->member.name = rmb_arena_strdup(file->arena, name)))
		return rmb_error_nomem(error, name);
	own->member.at = (int64_t)g->nmembers;
	g->member = list;
	g->member[g->nmembers++] = own;
	return rmb_member_measure(file->arena, file->path, &own->member, error);
}

int
rmb_gathered_matrix(struct rmb_load_file *file, const char *name, const struct rmb_gathered_row *row, int64_t n, int64_t ncolumns,
                    struct rmb_error *error)
{
	struct rmb_member m = { .type = "float32", .number = RMB_FLOATING, .item = 4, .naxes = 2, .axis = { n, ncolumns } };
	return add(file, &(struct gathered_member){ .member = m, .row = row }, name, error);
}

int
rmb_gathered_doubles(struct rmb_load_file *file, const char *name, const double *value, int64_t n, struct rmb_error *error)
{
	return add(file, &(struct gathered_member){ .member = rmb_gathered_numbers(name, n), .value = value }, name, error);
}

int
rmb_gathered_integers(struct rmb_load_file *file, const char *name, const int64_t *value, int64_t n, struct rmb_error *error)
{
	struct rmb_member m = { .type = "int64", .number = RMB_SIGNED, .item = 8, .naxes = 1, .axis = { n } };
	return add(file, &(struct gathered_member){ .member = m, .value = value }, name, error);
}

int
rmb_gathered_texts(struct rmb_load_file *file, const char *name, const char *value, size_t width, int64_t n,
                   struct rmb_error *error)
{
	struct rmb_member m = { .type = "text", .number = RMB_BYTES, .item = width, .naxes = 1, .axis = { n } };
	return add(file, &(struct gathered_member){ .member = m, .value = value }, name, error);
}

struct rmb_member
rmb_gathered_numbers(const char *name, int64_t n)
{
	return (struct rmb_member){
		.name = name, .type = "float64", .number = RMB_FLOATING, .item = 8, .naxes = 1, .axis = { n }
	};
}

int
rmb_gathered_later(struct rmb_load_file *file, const struct rmb_member *shape, rmb_gathered_fill *fill, struct rmb_error *error)
{
	return add(file, &(struct gathered_member){ .member = *shape, .fill = fill }, shape->name, error);
}

int
rmb_gathered_pieces(struct rmb_load_file *file, const struct rmb_member *shape, rmb_gathered_piece *piece,
                    struct rmb_error *error)
{
	return add(file, &(struct gathered_member){ .member = *shape, .piece = piece }, shape->name, error);
}

int
rmb_gathered_find(struct rmb_load_file *file, const char *name, const struct rmb_member **member, struct rmb_error *error)
{
	const struct gathered *g = file->handle;
	(void)error;
	*member = NULL;
	for (size_t i = 0; i < g->nmembers && !*member; i++)
		if (strcmp(g->member[i]->member.name, name) == 0)
			*member = &g->member[i]->member;
	return 0;
}

int
rmb_gathered_list(struct rmb_load_file *file, const struct rmb_member **member, int room, int *n, struct rmb_error *error)
{
	const struct gathered *g = file->handle;
	(void)error;
	*n = (int)g->nmembers;
	for (int i = 0; i < *n && i < room; i++)
		member[i] = &g->member[i]->member;
	return 0;
}

/* ---- reading */

/* The file of a row, as the next part of a place. */
static bool
place_file(const struct rmb_gathered_row *row, int64_t ncolumns, struct rmb_file_rows *part)
{
	struct rmb_load_place one;
	const struct rmb_format *format = row->file->format;
	if (!rmb_member_plain(row->member) || row->member->axis[1] < ncolumns || !format->place ||
	    !format->place(row->file, row->member, &one))
		return false;
	*part = *one.part;
	return true;
}

bool
rmb_gathered_place(struct rmb_load_file *file, const struct rmb_member *member, struct rmb_load_place *place)
{
	const struct gathered *whole = file->handle;
	const struct rmb_gathered_row *from = whole->member[member->at]->row;
	int64_t n = from ? member->axis[0] : 0, before = 0, *row = rmb_arena_alloc(file->arena, (size_t)n, sizeof *row);
	struct rmb_file_rows *part = rmb_arena_alloc(file->arena, whole->nparts, sizeof *part);
	int nparts = 0;
	if (n == 0 || !row || !part)
		return false;
	for (int64_t i = 0; i < n; i++) {
		bool next = i == 0 || from[i].file != from[i - 1].file;
		if (next && i > 0)
			before += part[nparts - 1].rows;
		if (from[i].less || (next && (size_t)nparts == whole->nparts))
			return false;
		if (next && !place_file(&from[i], member->axis[1], &part[nparts++]))
			return false;
		row[i] = before + from[i].row;
	}
	*place = (struct rmb_load_place){ .n = nparts, .part = part, .row = row };
	return true;
}

/* Items column .. column + n - 1 of one row of a part, as float32. */
static int
read_row(struct rmb_load_file *part, const struct rmb_member *m, int64_t row, int64_t column, int64_t n, unsigned char *raw,
         double *exact, float *out, double factor, struct rmb_error *error)
{
	if (rmb_member_plain(m) && factor == 0)
		return part->format->read(part, m, row, 1, column, n, out, error);
	for (int64_t at = 0; at < n; at += PIECE) {
		int64_t here = n - at < PIECE ? n - at : PIECE;
		int code = part->format->read(part, m, row, 1, column + at, here, raw, error);
		if (code)
			return code;
		rmb_member_decode(m, raw, here, exact);
		for (int64_t k = 0; k < here; k++)
			out[at + k] = factor == 0 ? (float)exact[k] : (float)((double)out[at + k] - factor * exact[k]);
	}
	return 0;
}

static int
read_matrix(const struct gathered_member *g, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, float *out,
            struct rmb_error *error)
{
	unsigned char raw[PIECE * 8];
	double exact[PIECE];
	int code = 0;
	for (int64_t i = 0; i < nrows && !code; i++) {
		const struct rmb_gathered_row *r = &g->row[row + i];
		code = read_row(r->file, r->member, r->row, column, ncolumns, raw, exact, out + i * ncolumns, 0, error);
		if (!code && r->less)
			code = read_row(r->less_file, r->less, r->row, column, ncolumns, raw, exact, out + i * ncolumns,
			                r->factor, error);
	}
	return code;
}

static int
work_out(struct rmb_load_file *file, struct gathered_member *g, struct rmb_error *error)
{
	void *items = rmb_arena_alloc(file->arena, (size_t)g->member.count, g->member.item);
	int code = items ? g->fill(file, &g->member, items, error) : rmb_error_nomem(error, file->path);
	g->value = code ? NULL : items;
	return code;
}

int
rmb_gathered_read(struct rmb_load_file *file, const struct rmb_member *member, int64_t row, int64_t nrows, int64_t column,
                  int64_t ncolumns, void *raw, struct rmb_error *error)
{
	struct gathered_member *g = ((struct gathered *)file->handle)->member[member->at];
	if (g->row)
		return read_matrix(g, row, nrows, column, ncolumns, raw, error);
	int64_t rows, columns;
	rmb_member_matrix(member, &rows, &columns);
	if (g->piece)
		return g->piece(file, member, row * columns + column, nrows * ncolumns, raw, error);
	int code = g->value ? 0 : work_out(file, g, error);
	if (!code)
		memcpy(raw, (const unsigned char *)g->value + (size_t)(row * columns + column) * member->item,
		       (size_t)(nrows * ncolumns) * member->item);
	return code;
}

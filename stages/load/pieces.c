/* load/pieces.c -- a list of numbers, piece by piece, unpacked once.
 *
 * Lists are gone through several times. One that lies in its file as it is is read there each time. One that is packed stays in
 * memory if it is short; of a long one every block is written, when it is first asked for, to the scratch file of the wish, and
 * read there from then on. Where there is no such file, or no room in it, it is unpacked again. */
#include <inttypes.h>
#include <math.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "load/format.h"

/* Numbers of a packed list that are held in memory. */
enum { MOST_HELD = 4 << 20 };

struct rmb_list {
	const struct rmb_member *member;
	double *all;                 /* held in memory; else NULL */
	bool *written;               /* [blocks of RMB_PIECE items] which lie in the scratch file; NULL: it is not used */
	int64_t at;                  /* the byte of that file at which the list begins */
	struct rmb_list *next;
};

/* Items of the block that begins at `at`. */
static int64_t
block_items(const struct rmb_member *m, int64_t at)
{
	return m->count - at < RMB_PIECE ? m->count - at : RMB_PIECE;
}

/* Takes room for the list at the end of the scratch file, if the disk has it three times: for the list, for one beside it, and
 * for what is made of them. */
static void
claim_scratch(struct rmb_load_file *file, struct rmb_list *list)
{
	const struct rmb_member *m = list->member;
	struct stat scratch;
	struct statvfs disk;
	int64_t end;
	if (!m->packed || !file->wish || !file->wish->scratch || fstat(*file->wish->scratch, &scratch) != 0 ||
	    fstatvfs(*file->wish->scratch, &disk) != 0 ||
	    (disk.f_blocks > 0 && (double)disk.f_bavail * (double)disk.f_frsize < 3 * (double)sizeof(double) * (double)m->count) ||
	    __builtin_add_overflow((int64_t)scratch.st_size, m->count * (int64_t)m->item, &end) ||
	    ftruncate(*file->wish->scratch, (off_t)end) != 0)
		return;
	list->at = (int64_t)scratch.st_size;
	list->written = rmb_arena_alloc(file->arena, (size_t)(m->count / RMB_PIECE + 1), sizeof *list->written);
}

static int
open_list(struct rmb_load_file *file, const struct rmb_member *member, struct rmb_list **list, struct rmb_error *error)
{
	int64_t rows, columns;
	int code = 0;
	rmb_member_matrix(member, &rows, &columns);
	bool number = !member->refusal && member->number != RMB_BYTES && member->number != RMB_UTF32;
	bool whole = !number || (rows > 1 && columns > 1) || member->count <= (member->packed ? MOST_HELD : RMB_PIECE);
	if (!(*list = rmb_arena_alloc(file->arena, 1, sizeof **list)))
		return rmb_error_nomem(error, member->name);
	(*list)->member = member;
	if (whole)
		code = rmb_load_doubles(file, member, &(*list)->all, error);
	else
		claim_scratch(file, *list);
	if (code)
		return code;
	(*list)->next = file->lists;
	file->lists = *list;
	return 0;
}

int
rmb_pieces_open(struct rmb_load_file *file, const struct rmb_member *member, struct rmb_pieces *pieces, struct rmb_error *error)
{
	struct rmb_list *list = file->lists;
	*pieces = (struct rmb_pieces){ .file = file, .member = member };
	while (list && list->member != member)
		list = list->next;
	int code = list ? 0 : open_list(file, member, &list, error);
	if (code)
		return code;
	pieces->list = list;
	if (list->all)
		return 0;
	pieces->raw = rmb_arena_alloc(file->arena, RMB_PIECE, member->item);
	pieces->piece = rmb_arena_alloc(file->arena, RMB_PIECE, sizeof *pieces->piece);
	return pieces->raw && pieces->piece ? 0 : rmb_error_nomem(error, member->name);
}

/* Raw items from where they came in. */
static int
read_items(const struct rmb_pieces *pieces, int64_t at, int64_t n, struct rmb_error *error)
{
	int64_t rows, columns;
	rmb_member_matrix(pieces->member, &rows, &columns);
	return columns == 1 ? pieces->file->format->read(pieces->file, pieces->member, at, n, 0, 1, pieces->raw, error)
	                    : pieces->file->format->read(pieces->file, pieces->member, 0, 1, at, n, pieces->raw, error);
}

/* Bytes between pieces->raw and where item `at` lies in the scratch file; false: not all of them. */
static bool
move(const struct rmb_pieces *pieces, bool out, int64_t at, int64_t n)
{
	int fd = *pieces->file->wish->scratch;
	size_t size = (size_t)n * pieces->member->item;
	off_t from = (off_t)(pieces->list->at + at * (int64_t)pieces->member->item);
	for (size_t done = 0; done < size;) {
		ssize_t moved = out ? pwrite(fd, pieces->raw + done, size - done, from + (off_t)done)
		                    : pread(fd, pieces->raw + done, size - done, from + (off_t)done);
		if (moved <= 0)
			return false;
		done += (size_t)moved;
	}
	return true;
}

/* Raw items by way of the scratch file, to which blocks go that are not in it yet. */
static int
read_scratch(const struct rmb_pieces *pieces, int64_t at, int64_t n, struct rmb_error *error)
{
	struct rmb_list *list = pieces->list;
	int64_t held = -1;
	for (int64_t block = at / RMB_PIECE; block <= (at + n - 1) / RMB_PIECE; block++) {
		int64_t first = block * RMB_PIECE, items = block_items(list->member, first);
		if (list->written[block])
			continue;
		int code = read_items(pieces, first, items, error);
		if (code)
			return code;
		if (!move(pieces, true, first, items)) {
			list->written = NULL;
			return read_items(pieces, at, n, error);
		}
		list->written[block] = true;
		held = first;
	}
	if (held == at || move(pieces, false, at, n))
		return 0;
	list->written = NULL;
	return read_items(pieces, at, n, error);
}

int
rmb_pieces_get(const struct rmb_pieces *pieces, int64_t at, int64_t n, const double **items, struct rmb_error *error)
{
	const struct rmb_list *list = pieces->list;
	*items = list->all ? list->all + at : pieces->piece;
	if (list->all || n == 0)
		return 0;
	int code = list->written ? read_scratch(pieces, at, n, error) : read_items(pieces, at, n, error);
	if (!code)
		rmb_member_decode(pieces->member, pieces->raw, n, pieces->piece);
	return code;
}

int
rmb_pieces_whole(const struct rmb_pieces *pieces, int64_t at, int64_t n, const double **items, struct rmb_error *error)
{
	int code = rmb_pieces_get(pieces, at, n, items, error);
	for (int64_t i = 0; i < n && !code; i++)
		if (!rmb_is_whole((*items)[i]))
			code = rmb_not_whole(pieces->file, pieces->member, at + i, (*items)[i], error);
	return code;
}

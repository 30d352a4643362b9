/* load/gathered.h -- a format whose members are put together: from files of a folder, row by row, and from numbers that were
 * worked out when it was opened.
 *
 * A folder format opens what it needs, adds members, and takes its find, list, read and close from here. Numbers and texts that
 * are added are borrowed; they come from the file's arena. */
#ifndef RMB_LOAD_GATHERED_H
#define RMB_LOAD_GATHERED_H
#include "load/format.h"

/* One row of a gathered matrix: a row of a member, less `factor` times the same row of another one of the same shape (NULL: as it
 * is). Members are numeric, have two axes and are not in Fortran order. */
struct rmb_gathered_row {
	struct rmb_load_file *file, *less_file;
	const struct rmb_member *member, *less;
	int64_t row;
	double factor;
};

/* Makes file->handle. */
int rmb_gathered_make(struct rmb_load_file *file, struct rmb_error *error) RMB_CHECKED;
/* Whether nothing of that name is there. A link to what was never fetched, or what may not be looked at, is there: opening it says
 * so, where otherwise its part of the recording would be left out without a word. */
bool rmb_gathered_absent(const char *path);
/* Opens folder/name, an .npy file; *part NULL: there is none. It is closed with `file`. */
int rmb_gathered_open(struct rmb_load_file *file, const char *folder, const char *name, struct rmb_load_file **part,
                      struct rmb_error *error) RMB_CHECKED;
/* The only member of such a part. */
const struct rmb_member *rmb_gathered_sole(struct rmb_load_file *part);
/* All bytes of folder/name, NUL behind them; *bytes NULL: there is no such file. RMB_ELIMIT above `most`. */
int rmb_gathered_bytes(struct rmb_load_file *file, const char *folder, const char *name, int64_t most, unsigned char **bytes,
                       size_t *n, struct rmb_error *error) RMB_CHECKED;

/* Members: a matrix of float32 [n ncolumns]; n numbers, n whole numbers, n texts of `width` bytes. */
int rmb_gathered_matrix(struct rmb_load_file *file, const char *name, const struct rmb_gathered_row *row, int64_t n,
                        int64_t ncolumns, struct rmb_error *error) RMB_CHECKED;
int rmb_gathered_doubles(struct rmb_load_file *file, const char *name, const double *value, int64_t n,
                         struct rmb_error *error) RMB_CHECKED;
int rmb_gathered_integers(struct rmb_load_file *file, const char *name, const int64_t *value, int64_t n,
                          struct rmb_error *error) RMB_CHECKED;
int rmb_gathered_texts(struct rmb_load_file *file, const char *name, const char *value, size_t width, int64_t n,
                       struct rmb_error *error) RMB_CHECKED;
/* A member as `shape` says (its name, number, item, axes), whose raw items fill() works out when they are first asked for. */
typedef int rmb_gathered_fill(struct rmb_load_file *file, const struct rmb_member *member, void *items, struct rmb_error *error);
int rmb_gathered_later(struct rmb_load_file *file, const struct rmb_member *shape, rmb_gathered_fill *fill,
                       struct rmb_error *error) RMB_CHECKED;
/* A list as `shape` says of which piece() makes items at .. at + n - 1 each time they are asked for. */
typedef int rmb_gathered_piece(struct rmb_load_file *file, const struct rmb_member *member, int64_t at, int64_t n, void *items,
                               struct rmb_error *error);
int rmb_gathered_pieces(struct rmb_load_file *file, const struct rmb_member *shape, rmb_gathered_piece *piece,
                        struct rmb_error *error) RMB_CHECKED;
/* The shape of n doubles, for such. */
struct rmb_member rmb_gathered_numbers(const char *name, int64_t n);
/* What a format keeps beside the members; NULL until it is set. */
void **rmb_gathered_own(struct rmb_load_file *file);

int rmb_gathered_find(struct rmb_load_file *file, const char *name, const struct rmb_member **member, struct rmb_error *error);
int rmb_gathered_list(struct rmb_load_file *file, const struct rmb_member **member, int room, int *n, struct rmb_error *error);
/* Of a matrix whose rows are all of plain float32 files, as they are: file by file, and the first columns of longer ones. */
bool rmb_gathered_place(struct rmb_load_file *file, const struct rmb_member *member, struct rmb_load_place *place);
int rmb_gathered_read(struct rmb_load_file *file, const struct rmb_member *member, int64_t row, int64_t nrows, int64_t column,
                      int64_t ncolumns, void *raw, struct rmb_error *error);
void rmb_gathered_close(struct rmb_load_file *file);
#endif

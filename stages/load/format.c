/* load/format.c -- opening a file by what its first bytes say, and words for what is in it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "load/format.h"

/* What the first bytes of a file can be. A row with `format` is read, the others are named. HDF5 may stand behind a user
 * block, which MATLAB v7.3 fills with text: those rows come first. */
struct magic {
	size_t at, n;
	const char *bytes, *title;
	const struct rmb_format *format;
};
static const struct magic magics[] = {
	{ 0, 8, "\x89HDF\r\n\x1a\n", "HDF5", &rmb_format_hdf5 },
	{ 512, 8, "\x89HDF\r\n\x1a\n", "HDF5", &rmb_format_hdf5 },
	{ 1024, 8, "\x89HDF\r\n\x1a\n", "HDF5", &rmb_format_hdf5 },
	{ 2048, 8, "\x89HDF\r\n\x1a\n", "HDF5", &rmb_format_hdf5 },
	{ 0, 6, "\x93NUMPY", "NumPy .npy", &rmb_format_npy },
	{ 0, 4, "PK\3\4", "zip (.npz)", &rmb_format_npz },
	{ 0, 4, "PK\5\6", "zip (.npz)", &rmb_format_npz },
	{ 0, 20, "MATLAB 7.3 MAT-file,", "MATLAB v7.3 without its HDF5 part (truncated)", NULL },
	{ 0, 19, "MATLAB 5.0 MAT-file", "MATLAB v5", &rmb_format_matlab },
	{ 0, 8, "\x89PNG\r\n\x1a\n", "PNG image", NULL },
	{ 0, 3, "\xff\xd8\xff", "JPEG image", NULL },
	{ 0, 4, "II*\0", "TIFF image", NULL },
	{ 0, 4, "MM\0*", "TIFF image", NULL },
	{ 0, 5, "%PDF-", "PDF", NULL },
	{ 0, 2, "\x1f\x8b", "gzip: unpack it first", NULL },
	{ 0, 3, "BZh", "bzip2: unpack it first", NULL },
	{ 0, 6, "\xfd" "7zXZ\0", "xz: unpack it first", NULL },
	{ 0, 4, "\x28\xb5\x2f\xfd", "zstd: unpack it first", NULL },
	{ 0, 4, "\x7f" "ELF", "a program", NULL },
	{ 0, 2, "\x80\2", "a Python pickle, which is code and is not loaded", NULL },
	{ 0, 2, "\x80\3", "a Python pickle, which is code and is not loaded", NULL },
	{ 0, 2, "\x80\4", "a Python pickle, which is code and is not loaded", NULL },
	{ 0, 2, "\x80\5", "a Python pickle, which is code and is not loaded", NULL },
	{ 0, 0, NULL, NULL, NULL }
};

static bool
is_text(const unsigned char *head, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (head[i] < 32 && !strchr("\t\n\r\f", head[i]))
			return false;
	return n > 0;
}

/* The row that fits head[n]; a file shorter than a magic number fits if it is the beginning of it. */
static const struct magic *
look_up(const unsigned char *head, size_t n)
{
	for (const struct magic *m = magics; m->bytes; m++) {
		size_t here = n <= m->at ? 0 : n - m->at < m->n ? n - m->at : m->n;
		if (here > 0 && memcmp(head + m->at, m->bytes, here) == 0 && (here == m->n || m->at == 0))
			return m;
	}
	return NULL;
}

static int
read_head(const char *path, unsigned char *head, size_t room, size_t *n, int64_t *size, struct rmb_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat stat;
	ssize_t got = -1;
	int code = 0;
	if (fd < 0 || fstat(fd, &stat) != 0)
		code = rmb_error_set(error, RMB_EINPUT, "cannot open %s: %s", path, strerror(errno));
	else if (!S_ISREG(stat.st_mode))
		code = rmb_error_set(error, RMB_EINPUT, "%s is %s; a recording must be a file", path,
		                     S_ISDIR(stat.st_mode) ? "a folder" : "not a plain file");
	else if (stat.st_size == 0)
		code = rmb_error_set(error, RMB_EINPUT, "%s is empty (0 bytes)", path);
	else if ((got = pread(fd, head, room, 0)) <= 0)
		code = rmb_error_set(error, RMB_EINPUT, "cannot read %s: %s", path, got < 0 ? strerror(errno) : "no data");
	else {
		*n = (size_t)got;
		*size = stat.st_size;
	}
	if (fd >= 0)
		close(fd);
	return code;
}

void
rmb_load_file_note(struct rmb_load_file *file, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	const char *copy = rmb_arena_strdup(file->arena, text);
	if (copy && file->nnotes < RMB_FILE_NOTES)
		file->note[file->nnotes++] = copy;
}

static int
open_with(struct rmb_arena *arena, const struct rmb_format *format, const char *path, int64_t size, const struct rmb_load_wish *wish,
          struct rmb_load_file **file, struct rmb_error *error)
{
	struct rmb_load_file *f = rmb_arena_alloc(arena, 1, sizeof *f);
	if (!f)
		return rmb_error_nomem(error, path);
	*f = (struct rmb_load_file){ .format = format, .wish = wish, .path = path, .size = size, .arena = arena, .rate = NAN,
	                             .observed = { NAN, NAN } };
	int code = format->open(f, error);
	*file = code ? NULL : f;
	return code;
}

static int
open_folder(struct rmb_arena *arena, const char *path, const char *wanted, const struct rmb_load_wish *wish, struct rmb_load_file **file,
            struct rmb_error *error)
{
	static const struct rmb_format *const formats[] = { &rmb_format_suite2p, &rmb_format_phy };
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if ((strcmp(wanted, "auto") == 0 || strcmp(wanted, formats[i]->name) == 0) && formats[i]->recognises(arena, path))
			return open_with(arena, formats[i], path, 0, wish, file, error);
	return rmb_error_set(error, RMB_EINPUT, "%s is a folder, and not one that %s%s: load reads folders of suite2p (F.npy or spks.npy, in it "
	                     "or in plane0) and of Kilosort or phy (spike_times.npy)", path, strcmp(wanted, "auto") == 0 ? "rumble knows" : "is of the format ",
	                     strcmp(wanted, "auto") == 0 ? "" : wanted);
}

int
rmb_load_open(struct rmb_arena *arena, const char *path, const char *wanted, struct rmb_load_file **file, struct rmb_error *error)
{
	return rmb_load_open_as(arena, path, wanted, NULL, file, error);
}

int
rmb_load_open_as(struct rmb_arena *arena, const char *path, const char *wanted, const struct rmb_load_wish *wish, struct rmb_load_file **file,
                 struct rmb_error *error)
{
	unsigned char head[4096];
	size_t n = 0;
	int64_t size = 0;
	struct stat stat_of;
	*file = NULL;
	if (wish && stat(path, &stat_of) == 0 && S_ISDIR(stat_of.st_mode))
		return open_folder(arena, path, wanted, wish, file, error);
	int code = read_head(path, head, sizeof head, &n, &size, error);
	if (code)
		return code;
	const struct magic *found = look_up(head, n);
	const char *title = found ? found->title : is_text(head, n) ? "plain text" : "an unknown kind of file";
	if (!found && strcmp(wanted, rmb_format_matlab.name) == 0) /* MATLAB v4 begins with numbers */
		return open_with(arena, &rmb_format_matlab, path, size, wish, file, error);
	if (!found || !found->format)
		return rmb_error_set(error, RMB_EINPUT, "%s is %s%s; load reads npy, npz, HDF5 and MATLAB files", path, found ? "of the format " : "", title);
	const struct rmb_format *format = found->format == &rmb_format_hdf5 && strcmp(wanted, "hdf5") != 0 ? &rmb_format_nwb : found->format;
	if (strcmp(wanted, "auto") != 0 && strcmp(wanted, format->name) != 0)
		return rmb_error_set(error, RMB_EINPUT, "%s is of the format %s, not %s as the recipe says: write `format: %s` or leave it out",
		                     path, title, wanted, found->format->name);
	code = open_with(arena, format, path, size, wish, file, error);
	if (code || strcmp(wanted, format->name) != 0 || (*file)->format == format)
		return code;
	rmb_load_close(*file);
	*file = NULL;
	return rmb_error_set(error, RMB_EINPUT, "%s is HDF5, but not NWB 2 as the recipe says: it has no attribute nwb_version", path);
}

void
rmb_load_close(struct rmb_load_file *file)
{
	if (file)
		file->format->close(file);
}

/* Length of the well-formed UTF-8 sequence at text[n], or 0. */
static size_t
utf8_length(const unsigned char *text, size_t n)
{
	size_t length = text[0] < 0x80 ? 1 : text[0] >= 0xc2 && text[0] < 0xe0 ? 2 : text[0] >= 0xe0 && text[0] < 0xf0 ? 3 :
	                text[0] >= 0xf0 && text[0] < 0xf5 ? 4 : 0;
	if (length == 0 || length > n)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	bool overlong = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
	bool outside = (text[0] == 0xed && text[1] >= 0xa0) || (text[0] == 0xf4 && text[1] >= 0x90);
	/* U+0080..U+009F are control characters, U+2028.., U+202A.., U+2066.. turn lines and directions */
	bool control = (text[0] == 0xc2 && text[1] < 0xa0) || (text[0] == 0xe2 && text[1] == 0x80 && text[2] >= 0xa8 && text[2] <= 0xae) ||
	               (text[0] == 0xe2 && text[1] == 0x81 && text[2] >= 0xa6 && text[2] <= 0xa9);
	return overlong || outside || control ? 0 : length;
}

char *
rmb_load_printable(struct rmb_arena *arena, const char *text, size_t length)
{
	char *copy = rmb_arena_alloc(arena, length + 1, 1);
	const unsigned char *from = (const unsigned char *)text;
	for (size_t i = 0; copy && i < length;) {
		size_t n = from[i] < 32 || from[i] == 127 ? 0 : utf8_length(from + i, length - i);
		memcpy(copy + i, n ? text + i : "?", n ? n : 1);
		i += n ? n : 1;
	}
	return copy;
}

const char *
rmb_member_shape(struct rmb_arena *arena, const struct rmb_member *member)
{
	const char *text = member->naxes == 0 ? "a single number" : "";
	for (int i = 0; i < member->naxes && text; i++)
		text = rmb_arena_printf(arena, "%s%s%" PRId64, text, i ? " x " : "", member->axis[i]);
	return text ? text : "?";
}

const char *
rmb_load_contents(struct rmb_load_file *file)
{
	enum { SHOWN = 40 };
	const struct rmb_member *member[SHOWN];
	struct rmb_error ignored = { 0 };
	const char *text = "";
	int n = 0;
	if (file->format->list(file, member, SHOWN, &n, &ignored) != 0)
		return "nothing that can be listed";
	for (int i = 0; i < n && i < SHOWN && text; i++)
		text = rmb_arena_printf(file->arena, "%s%s%s (%s%s%s)", text, i ? ", " : "", member[i]->name,
		                        member[i]->naxes >= 0 ? rmb_member_shape(file->arena, member[i]) : "",
		                        member[i]->naxes >= 0 ? ", " : "", member[i]->type);
	if (n > SHOWN && text)
		text = rmb_arena_printf(file->arena, "%s, and %d more", text, n - SHOWN);
	return !text ? "?" : n == 0 ? "nothing" : text;
}

int
rmb_load_find(struct rmb_load_file *file, const char *setting, const char *name, const struct rmb_member **member,
              struct rmb_error *error)
{
	int code = file->format->find(file, name, member, error);
	if (code || *member)
		return code;
	return rmb_error_set(error, RMB_EINPUT, "%s: `%s: %s` names nothing in this file; it holds %s", file->path, setting, name,
	                     rmb_load_contents(file));
}

void
rmb_member_matrix(const struct rmb_member *member, int64_t *rows, int64_t *columns)
{
	int n = member->naxes;
	*rows = n < 2 ? 1 : member->axis[member->fortran ? n - 1 : 0];
	*columns = *rows > 0 ? member->count / *rows : 0;
}

int
rmb_member_measure(struct rmb_arena *arena, const char *path, struct rmb_member *member, struct rmb_error *error)
{
	member->count = 1;
	for (int i = 0; i < member->naxes; i++) {
		int64_t n = member->axis[i];
		if (n < 0 || n > RMB_MEMBER_ITEMS || (n > 0 && member->count > RMB_MEMBER_ITEMS / n))
			return rmb_error_set(error, RMB_ELIMIT, "%s: a shape of %s is too large: rumble reads arrays of up to 2^40 numbers", path,
			                     rmb_member_shape(arena, member));
		member->count *= n;
	}
	return 0;
}

void
rmb_load_tile(struct rmb_load_file *file, const struct rmb_member *member, int64_t budget, int64_t *nrows, int64_t *ncolumns)
{
	int64_t rows, columns;
	rmb_member_matrix(member, &rows, &columns);
	*ncolumns = columns > budget ? budget : columns > 0 ? columns : 1;
	*nrows = budget / *ncolumns < rows ? budget / *ncolumns : rows;
	if (*nrows < 1 || *ncolumns < columns)
		*nrows = 1;
	if (file->format->tile && member->count > 0)
		file->format->tile(file, member, budget, nrows, ncolumns);
}

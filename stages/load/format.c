/* load/format.c -- opening a file, and words for what is in it. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "load/format.h"

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
	else if (copy && (copy = rmb_arena_printf(file->arena, "and %d more such remarks", ++file->nunsaid + 1)))
		file->note[RMB_FILE_NOTES - 1] = copy;
}

static int
open_with(struct rmb_arena *arena, const struct rmb_format *format, const char *path, int64_t size,
          const struct rmb_load_wish *wish, struct rmb_load_file **file, struct rmb_error *error)
{
	struct rmb_load_file *f = rmb_arena_alloc(arena, 1, sizeof *f);
	if (!f)
		return rmb_error_nomem(error, path);
	*f = (struct rmb_load_file){ .format = format, .wish = wish, .path = path, .size = size, .arena = arena, .rate = NAN };
	int code = format->open(f, error);
	*file = code ? NULL : f;
	return code;
}

int
rmb_load_open(struct rmb_arena *arena, const char *path, const char *wanted, struct rmb_load_file **file, struct rmb_error *error)
{
	return rmb_load_open_as(arena, path, wanted, NULL, file, error);
}

int
rmb_load_open_as(struct rmb_arena *arena, const char *path, const char *wanted, const struct rmb_load_wish *wish,
                 struct rmb_load_file **file, struct rmb_error *error)
{
	struct rmb_load_probe probe = { .arena = arena, .path = path, .folder = wish != NULL };
	const struct rmb_format *format;
	*file = NULL;
	int code = rmb_load_recognise(&probe, wanted, &format, error);
	if (!code)
		code = open_with(arena, format, path, probe.size, wish, file, error);
	if (code || strcmp(wanted, format->name) != 0 || (*file)->format == format)
		return code;
	rmb_load_close(*file);
	*file = NULL;
	return rmb_error_set(error, RMB_EINPUT, "%s is HDF5, but not NWB 2 as the recipe says: it has no attribute nwb_version",
	                     path);
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
	bool control = (text[0] == 0xc2 && text[1] < 0xa0) ||
	               (text[0] == 0xe2 && text[1] == 0x80 && text[2] >= 0xa8 && text[2] <= 0xae) ||
	               (text[0] == 0xe2 && text[1] == 0x81 && text[2] >= 0xa6 && text[2] <= 0xa9);
	return overlong || outside || control ? 0 : length;
}

char *
rmb_load_printable(struct rmb_arena *arena, const char *text, size_t length)
{
	char *copy = rmb_arena_alloc(arena, length + 1, 1);
	if (copy) {
		memcpy(copy, text, length);
		rmb_load_make_printable(copy, length);
	}
	return copy;
}

void
rmb_load_make_printable(char *text, size_t length)
{
	const unsigned char *from = (const unsigned char *)text;
	for (size_t i = 0; i < length;) {
		size_t n = from[i] < 32 || from[i] == 127 ? 0 : utf8_length(from + i, length - i);
		text[i] = n ? text[i] : '?';
		i += n ? n : 1;
	}
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
			return rmb_error_set(error, RMB_ELIMIT,
			                     "%s: a shape of %s is too large: rumble reads arrays of up to 2^40 numbers", path,
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

bool
rmb_load_placed(struct rmb_load_file *file, const struct rmb_member *member, int64_t at, struct rmb_load_place *place)
{
	struct rmb_file_rows *part = rmb_arena_alloc(file->arena, 1, sizeof *part);
	*place = (struct rmb_load_place){ .n = 1, .part = part };
	if (!part)
		return false;
	part->path = file->path;
	part->at = at;
	rmb_member_matrix(member, &part->rows, &part->stride);
	return true;
}

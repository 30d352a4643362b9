/* pipeline/export_rows.c -- a heading and then rows, as a file that appears under its name when it is whole. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "pipeline/export_inside.h"
#include "pipeline/owner.h"
#include "pipeline/vanished.h"

static int
cannot_write(const char *path, struct rmb_error *error)
{
	return rmb_error_set(error, RMB_EOUTPUT, "%s: cannot be written: %s", path, strerror(errno));
}

static int
begin_file(struct rmb_out *out, char temporary[PATH_MAX], const char *path, struct rmb_error *error)
{
	char name[RMB_TEMPORARY_MAX];
	const char *slash = strrchr(path, '/');
	rmb_owner_temporary(slash ? slash + 1 : path, name);
	int n = snprintf(temporary, PATH_MAX, "%.*s%s", slash ? (int)(slash + 1 - path) : 0, path, name);
	int fd = n >= PATH_MAX ? -1 : open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	out->file = fd < 0 ? NULL : fdopen(fd, "w");
	rmb_vanished_remove(fd < 0 ? NULL : temporary);
	if (!out->file && fd >= 0)
		close(fd);
	return out->file ? 0 : cannot_write(path, error);
}

static int
end_file(struct rmb_out *out, const char *temporary, const char *path, int code, struct rmb_error *error)
{
	bool wrong = fflush(out->file) || ferror(out->file) || fsync(fileno(out->file));
	if (code == 0 && (wrong || rename(temporary, path)))
		code = cannot_write(path, error);
	fclose(out->file);
	if (code)
		unlink(temporary);
	rmb_vanished_remove(NULL);
	return code;
}

int
rmb_export_rows(const struct rmb_sheet *sheet, const char *path, void (*heading)(const struct rmb_sheet *sheet, FILE *file),
                int (*take)(void *self, const void *rows, int64_t first, int64_t n), struct rmb_error *error)
{
	struct rmb_out out = { .sheet = sheet };
	char temporary[PATH_MAX];
	int code = begin_file(&out, temporary, path, error);
	if (code)
		return code;
	heading(sheet, out.file);
	code = rmb_sheet_rows(sheet, take, &out, error);
	return end_file(&out, temporary, path, code == RMB_EOUTPUT ? 0 : code, error);
}

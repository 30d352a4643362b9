/* load/recognise.c -- which format a file or a folder is of.
 *
 * Every format looks at the first bytes of a file, or at what lies in a folder, and says how sure it is that this is its own; the
 * surest reads it. Names of files count for nothing. What no format knows is named, if its first bytes are those of something
 * that is often met. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "load/format.h"

static const struct rmb_format *const formats[] = {
#define RMB_FORMAT(name, inside) &rmb_format_##name,
#include "load/formats.def"
#undef RMB_FORMAT
};
enum { NFORMATS = sizeof formats / sizeof *formats };

/* What files that hold no recording begin with. */
static const struct { size_t n; const char *bytes, *title; } foreign[] = {
	{ 20, "MATLAB 7.3 MAT-file,", "MATLAB v7.3 without its HDF5 part (truncated)" },
	{ 8, "\x89PNG\r\n\x1a\n", "PNG image" },
	{ 3, "\xff\xd8\xff", "JPEG image" },
	{ 4, "II*\0", "TIFF image" },
	{ 4, "MM\0*", "TIFF image" },
	{ 5, "%PDF-", "PDF" },
	{ 4, "PAR1", "Parquet: save it as text, as pandas.read_parquet('x.parquet').to_csv('x.csv') does" },
	{ 2, "\xff\xfe", "text in UTF-16: save it as UTF-8" },
	{ 2, "\xfe\xff", "text in UTF-16: save it as UTF-8" },
	{ 2, "\x1f\x8b", "gzip: unpack it first" },
	{ 3, "BZh", "bzip2: unpack it first" },
	{ 6, "\xfd" "7zXZ\0", "xz: unpack it first" },
	{ 4, "\x28\xb5\x2f\xfd", "zstd: unpack it first" },
	{ 4, "\x7f" "ELF", "a program" },
	{ 2, "\x80\2", "a Python pickle, which is code and is not loaded" },
	{ 2, "\x80\3", "a Python pickle, which is code and is not loaded" },
	{ 2, "\x80\4", "a Python pickle, which is code and is not loaded" },
	{ 2, "\x80\5", "a Python pickle, which is code and is not loaded" },
};

bool
rmb_probe_begins(const struct rmb_load_probe *probe, size_t at, const char *bytes, size_t n)
{
	size_t here = probe->folder || probe->n <= at ? 0 : probe->n - at < n ? probe->n - at : n;
	return here > 0 && memcmp(probe->head + at, bytes, here) == 0 && (here == n || at == 0);
}

bool
rmb_probe_is_text(const struct rmb_load_probe *probe)
{
	for (size_t i = 0; i < probe->n; i++)
		if (probe->head[i] < 32 && !strchr("\t\n\r\f", probe->head[i]))
			return false;
	return probe->n > 0;
}

const char *
rmb_probe_foreign(const struct rmb_load_probe *probe)
{
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		if (rmb_probe_begins(probe, 0, foreign[i].bytes, foreign[i].n))
			return foreign[i].title;
	return NULL;
}

static int
read_head(struct rmb_load_probe *probe, struct rmb_error *error)
{
	const char *path = probe->path;
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
	else if ((got = pread(fd, probe->head, sizeof probe->head, 0)) <= 0)
		code = rmb_error_set(error, RMB_EINPUT, "cannot read %s: %s", path, got < 0 ? strerror(errno) : "no data");
	else {
		probe->n = (size_t)got;
		probe->size = stat.st_size;
	}
	if (fd >= 0)
		close(fd);
	return code;
}

/* "npy, npz and hdf5 files", "folders of suite2p (F.npy or spks.npy), or of ...": what is read of one kind. */
static const char *
known(struct rmb_arena *arena, bool folders)
{
	const char *text = "";
	int n = 0, here = 0;
	for (int i = 0; i < NFORMATS; i++)
		n += folders == (formats[i]->folder != NULL);
	for (int i = 0; i < NFORMATS && text; i++)
		if (folders == (formats[i]->folder != NULL)) {
			here++;
			text = rmb_arena_printf(arena, "%s%s%s", text,
			                        here == 1   ? ""
			                        : here == n ? " and "
			                                    : ", ",
			                        folders ? formats[i]->folder : formats[i]->name);
		}
	return text ? text : "?";
}

static int
unknown(const struct rmb_load_probe *probe, const char *wanted, struct rmb_error *error)
{
	bool any = strcmp(wanted, "auto") == 0;
	if (probe->folder)
		return rmb_error_set(error, RMB_EINPUT, "%s is a folder, and not one that %s%s: load reads folders of %s",
		                     probe->path, any ? "rumble knows" : "is of the format ", any ? "" : wanted,
		                     known(probe->arena, true));
	const char *title = rmb_probe_foreign(probe);
	return rmb_error_set(error, RMB_EINPUT, "%s is %s%s; load reads %s files", probe->path, title ? "of the format " : "",
	                     title ? title : "an unknown kind of file", known(probe->arena, false));
}

int
rmb_load_recognise(struct rmb_load_probe *probe, const char *wanted, const struct rmb_format **format, struct rmb_error *error)
{
	const struct rmb_format *first = NULL;
	enum rmb_sureness most = RMB_NOT_MINE;
	struct stat stat_of;
	*format = NULL;
	probe->folder = probe->folder && stat(probe->path, &stat_of) == 0 && S_ISDIR(stat_of.st_mode);
	int code = !probe->folder ? read_head(probe, error) : access(probe->path, R_OK | X_OK) == 0 ? 0 :
	           rmb_error_set(error, RMB_EINPUT, "cannot look into the folder %s: %s", probe->path, strerror(errno));
	for (int i = 0; i < NFORMATS && !code; i++) {
		bool asked = strcmp(wanted, formats[i]->name) == 0;
		enum rmb_sureness sure =
			probe->folder == (formats[i]->folder != NULL) ? formats[i]->recognises(probe) : RMB_NOT_MINE;
		first = !first && sure > RMB_IF_ASKED ? formats[i] : first;
		if (asked && sure > RMB_IF_ASKED) {
			*format = formats[i];
			return 0;
		}
		if (sure > most && (sure > RMB_IF_ASKED || asked)) {
			*format = formats[i];
			most = sure;
		}
	}
	if (code || (*format && (strcmp(wanted, "auto") == 0 || strcmp(wanted, (*format)->name) == 0)))
		return code;
	if (!*format || probe->folder)
		return unknown(probe, wanted, error);
	return rmb_error_set(error, RMB_EINPUT,
	                     "%s is of the format %s, not %s as the recipe says: write `format: %s` or leave it out", probe->path,
	                     first->title, wanted, first->name);
}

/* pipeline/export.c -- one result as a file of its own: HDF5, npy, csv or NWB.
 *
 * Everything is written row by row from a `sheet`, so a recording of any size, seen through its view, needs a few megabytes.
 * The file appears under its name when it is whole, and what stands there already is never replaced. */
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pipeline/export_inside.h"
#include "pipeline/owner.h"

struct format {
	const char *name, *ending;
	int (*write)(struct rmb_sheet *sheet, const char *path, struct rmb_error *error);
};

static const struct format formats[] = {
	{ "hdf5", ".h5", rmb_export_hdf5 }, { "npy", ".npy", rmb_export_npy }, { "csv", ".csv", rmb_export_csv },
	{ "nwb", ".nwb", rmb_export_nwb },
};
enum { NFORMATS = sizeof formats / sizeof *formats };

static bool
ends_with(const char *text, const char *ending)
{
	size_t n = strlen(text), m = strlen(ending);
	return n >= m && strcmp(text + n - m, ending) == 0;
}

static const struct format *
find_format(const char *name, const char *path, struct rmb_error *error)
{
	for (int i = 0; i < NFORMATS; i++)
		if (name ? strcmp(formats[i].name, name) == 0 : path && ends_with(path, formats[i].ending))
			return &formats[i];
	const char *last = path ? strrchr(path, '/') : NULL, *dot = path ? strrchr(last ? last : path, '.') : NULL;
	if (!name && (!dot || strcasecmp(dot, ".hdf5") == 0 || strcasecmp(dot, ".hdf") == 0))
		return &formats[0];
	if (!name) {
		rmb_error_set(error, RMB_EUSAGE, "%s: what ends in %s is none of .h5, .npy, .csv and .nwb; end it so, or add `--format hdf5` or "
		                                 "whatever it is to be", path, dot);
		return NULL;
	}
	rmb_error_set(error, RMB_EUSAGE, "there is no format '%s' to export to; there are hdf5, npy, csv and nwb%s", name,
	              strcmp(name, "mat") == 0 ? " (MATLAB reads the hdf5 file with h5read)" : "");
	return NULL;
}

const char *
rmb_export_ending(const char *format, struct rmb_error *error)
{
	const struct format *found = find_format(format, NULL, error);
	return found ? found->ending : NULL;
}

/* Exports that were killed leave temporary files beside their name: the next one there takes them away. */
static void
sweep_beside(struct rmb_arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/'),
	           *folder = slash ? rmb_arena_printf(arena, "%.*s", (int)(slash - path) + 1, path) : ".";
	int at = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (at < 0)
		return; /* what cannot be opened is told by whoever writes there */
	rmb_owner_sweep(at, RMB_TEMPORARY_AGE);
	close(at);
}

int
rmb_export_check(const char *format, const char *path, struct rmb_error *error)
{
	struct stat stat;
	if (!find_format(format, path, error))
		return RMB_EUSAGE;
	if (lstat(path, &stat) == 0)
		return rmb_error_set(error, RMB_EOUTPUT,
		                     "%s exists and is not replaced; remove it or give another name with --out", path);
	return 0;
}

int
rmb_export(const struct rmb_graph *graph, const struct rmb_cache *cache, const struct rmb_node *node, const char *output,
           const char *format, const char *path, struct rmb_error *error)
{
	struct rmb_object *object = NULL, *samples = NULL;
	int code = rmb_export_check(format, path, error);
	if (code)
		return code;
	struct rmb_sheet sheet = { .arena = rmb_arena_new(), .port = output ? output : node->stage->out[0].name };
	struct rmb_error why = { 0 };
	code = sheet.arena ? rmb_cache_get(cache, node->key, NULL, &object, &why) : rmb_error_nomem(&why, "an export");
	if (code == RMB_EINPUT || code == RMB_EDAMAGE)
		rmb_error_set(error, code, "%s is not in the cache%s%s: run it first, with `rumble run RECIPE --until '%s'`",
		              node->id, code == RMB_EDAMAGE ? " any more, for it was damaged: " : "",
		              code == RMB_EDAMAGE ? why.text : "", node->id);
	else if (code)
		rmb_error_set(error, code, "%s", why.text);
	sheet.object = object;
	if (code == 0)
		code = rmb_sheet_open(&sheet, graph, cache, node, &samples, error);
	if (code == 0) {
		sweep_beside(sheet.arena, path);
		code = find_format(format, path, error)->write(&sheet, path, error);
	}
	rmb_object_close(samples);
	rmb_object_close(object);
	rmb_arena_free(sheet.arena);
	return code;
}

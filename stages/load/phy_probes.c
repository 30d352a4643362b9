/* load/phy_probes.c -- which folders of Kilosort or phy are the probes of a recording.
 *
 * Several folders are several probes. But one probe may have been sorted twice, and then every neuron would count twice:
 * folders that were made of the same channels of the same file are refused, and so are those that are named after nothing but
 * a sorter and its version (kilosort2, kilosort4; imec0_ks2, imec0_ks4) or lie together in what may be the folder of one
 * probe, unless their spikes say that they are of two probes that somebody called ks1 and ks2. */
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "load/phy.h"

static bool
has_spikes(struct rmb_arena *arena, const char *folder)
{
	const char *path = rmb_arena_printf(arena, "%s/spike_times.npy", folder);
	return path && !rmb_gathered_absent(path);
}

/* Adds those of the folders in `folder` (deep: of the folders in these) that hold spikes to the n of the list. */
static int
add_probes(struct rmb_arena *arena, const char *folder, bool deep, struct rmb_sorting *list, int n)
{
	DIR *directory = opendir(folder);
	for (struct dirent *entry; directory && n < RMB_MOST_SORTINGS && (entry = readdir(directory));) {
		const char *path = entry->d_name[0] == '.' ? NULL : rmb_arena_printf(arena, "%s/%s", folder, entry->d_name);
		if (path && deep)
			n = add_probes(arena, path, false, list, n);
		else if (path && has_spikes(arena, path))
			list[n++] = (struct rmb_sorting){ .folder = path };
	}
	if (directory)
		closedir(directory);
	return n;
}

int
rmb_phy_probes(struct rmb_arena *arena, const char *folder, struct rmb_sorting *list, bool *deep)
{
	*deep = false;
	if (has_spikes(arena, folder)) {
		list[0] = (struct rmb_sorting){ .folder = folder };
		return 1;
	}
	int n = add_probes(arena, folder, false, list, 0);
	*deep = n == 0;
	if (*deep)
		n = add_probes(arena, folder, true, list, 0);
	qsort(list, (size_t)n, sizeof *list, rmb_sorted_by_name);
	return n;
}

/* ---- params.py */

int
rmb_phy_param(struct rmb_load_file *file, const char *folder, const char *name, bool *there, const char **value,
              struct rmb_error *error)
{
	unsigned char *bytes;
	size_t n, length = strlen(name);
	char *rest = NULL;
	*value = NULL;
	int code = rmb_gathered_bytes(file, folder, "params.py", RMB_PHY_TEXT, &bytes, &n, error);
	*there = !code && bytes;
	for (char *line = *there ? strtok_r((char *)bytes, "\r\n", &rest) : NULL; line; line = strtok_r(NULL, "\r\n", &rest)) {
		char *at = line + strspn(line, " \t");
		if (strncmp(at, name, length) != 0)
			continue;
		at += length + strspn(at + length, " \t");
		if (*at == '=')
			*value = at + 1 + strspn(at + 1, " \t");
	}
	return code;
}

/* The file that was sorted, as far as params.py says and its folder is there; *path NULL: not known. */
static int
sorted_file(struct rmb_load_file *file, const char *folder, const char **path, struct rmb_error *error)
{
	const char *value;
	bool there;
	int code = rmb_phy_param(file, folder, "dat_path", &there, &value, error);
	*path = NULL;
	const char *quote = value ? strpbrk(value, "'\"") : NULL;
	if (code || !quote)
		return code;
	char *name = rmb_arena_printf(file->arena, "%.*s", (int)strcspn(quote + 1, "'\""), quote + 1);
	if (!name)
		return rmb_error_nomem(error, folder);
	if (*name == '/' || (isalpha((unsigned char)*name) && name[1] == ':')) {
		*path = name;
		return 0;
	}
	char *slash = strrchr(name, '/'), *around;
	const char *last = slash ? slash + 1 : name;
	if (slash)
		*slash = 0;
	const char *from = rmb_arena_printf(file->arena, "%s/%s", folder, slash ? name : "");
	around = from ? realpath(from, NULL) : NULL;
	*path = around ? rmb_arena_printf(file->arena, "%s/%s", around, last) : NULL;
	free(around);
	return 0;
}

/* ---- sorted twice */

static const char *
last_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* A folder's name without a sorter's name and the digits of its version. NULL: no sorter is in it, or no memory. */
static char *
without_sorter(struct rmb_arena *arena, const char *folder)
{
	static const char *const sorters[] = { "pykilosort", "kilosort", "spykingcircus", "mountainsort", "ironclust",
		                               "tridesclous", "herdingspikes", "yass", "klusta", "ks" };
	const char *name = last_name(folder);
	for (size_t i = 0; i < sizeof sorters / sizeof *sorters; i++)
		for (const char *at = name; *at; at++) {
			size_t length = strlen(sorters[i]);
			bool begins = at == name || !isalpha((unsigned char)at[-1]);
			if (!begins || strncasecmp(at, sorters[i], length) != 0 || isalpha((unsigned char)at[length]))
				continue;
			const char *behind = at + length + strspn(at + length, ".0123456789");
			return rmb_arena_printf(arena, "%.*s%s", (int)(at - name), name, behind);
		}
	return NULL;
}

/* Whether both folders have the same channels, as far as they say. */
static int
same_channels(struct rmb_load_file *file, const char *a, const char *b, bool *same, struct rmb_error *error)
{
	unsigned char *x, *y = NULL;
	size_t nx, ny = 0;
	int code = rmb_gathered_bytes(file, a, "channel_map.npy", RMB_PHY_TEXT, &x, &nx, error);
	if (!code)
		code = rmb_gathered_bytes(file, b, "channel_map.npy", RMB_PHY_TEXT, &y, &ny, error);
	*same = !code && nx == ny && (nx == 0 || memcmp(x, y, nx) == 0);
	return code;
}

static int
twice(const char *a, const char *b, const char *why, struct rmb_error *error)
{
	return rmb_error_set(error, RMB_EINPUT,
	                     "%s and %s are two sortings of one probe%s, and units would count twice: give the path of one of them, "
	                     "or of a folder that holds one for each probe",
	                     a, b, why ? why : "");
}

/* Those that may be of one probe by their names. */
static int
check_spikes(struct rmb_load_file *file, const struct rmb_sorting *a, const struct rmb_sorting *b, struct rmb_error *error)
{
	bool alike;
	int code = rmb_phy_alike(file->arena, a, b, &alike, error);
	if (code || alike)
		return code ? code : twice(a->folder, b->folder, ", for many of their units fire together", error);
	rmb_load_file_note(file,
	                   "took %s and %s as two probes: by their names they could be two sortings of one, but their units do "
	                   "not fire together",
	                   last_name(a->folder), last_name(b->folder));
	return 0;
}

int
rmb_phy_check(struct rmb_load_file *file, const struct rmb_sorting *list, int n, bool deep, struct rmb_error *error)
{
	const char *raw[RMB_MOST_SORTINGS], *rest[RMB_MOST_SORTINGS];
	int code = 0;
	for (int i = 0; i < n && n > 1 && !code; i++) {
		const char *a = list[i].folder, *slash = strrchr(a, '/');
		rest[i] = without_sorter(file->arena, a);
		code = sorted_file(file, a, &raw[i], error);
		for (int k = 0; k < i && !code; k++) {
			const char *b = list[k].folder;
			bool together = strncmp(a, b, (size_t)(slash - a) + 1) == 0 && strchr(b + (slash - a) + 1, '/') == NULL, same;
			if (raw[i] && raw[k] && strcmp(raw[i], raw[k]) == 0) {
				code = same_channels(file, a, b, &same, error);
				if (!code && same)
					return twice(b, a, rmb_arena_printf(file->arena, " (both of %s)", raw[i]), error);
			}
			if (!code && together && (deep || (rest[i] && rest[k] && strcasecmp(rest[i], rest[k]) == 0)))
				code = check_spikes(file, &list[k], &list[i], error);
		}
	}
	return code;
}

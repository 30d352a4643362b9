/* load/alf_find.c -- files and sortings in ALF folders, by their names. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "load/alf.h"

enum { MOST_NAMES = 2000, DEEPEST = 2 };

/* Whether `name` is that of the attribute ("spikes.times") with that ending: bare, behind a _namespace_, with more words between.
 */
static bool
is_named(const char *name, const char *attribute, const char *ending)
{
	const char *bare = *name == '_' && strchr(name + 1, '_') ? strchr(name + 1, '_') + 1 : name;
	size_t n = strlen(attribute), length = strlen(bare), tail = strlen(ending);
	return length >= n + tail && strncmp(bare, attribute, n) == 0 && bare[n] == '.' &&
	       strcmp(bare + length - tail, ending) == 0;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Up to MOST_NAMES entries of a folder that pass, sorted; -1: it is there and cannot be read. */
static int
list_names(struct rmb_arena *arena, const char *folder,
           bool (*passes)(const char *name, const char *attribute, const char *ending), const char *attribute, const char *ending,
           const char **name)
{
	DIR *directory = opendir(folder);
	int n = directory || errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	for (struct dirent *entry; directory && n < MOST_NAMES && (entry = readdir(directory));)
		if (passes(entry->d_name, attribute, ending) && (name[n] = rmb_arena_strdup(arena, entry->d_name)))
			n++;
	if (directory)
		closedir(directory);
	if (n > 0)
		qsort(name, (size_t)n, sizeof *name, compare_names);
	return n;
}

static bool
is_revision(const char *name, const char *attribute, const char *ending)
{
	(void)attribute, (void)ending;
	size_t n = strlen(name);
	return n > 2 && name[0] == '#' && name[n - 1] == '#';
}

static bool
is_visible(const char *name, const char *attribute, const char *ending)
{
	return *name != '.' && !is_revision(name, attribute, ending);
}

int
rmb_alf_find(struct rmb_arena *arena, const char *folder, const char *attribute, const char *ending, const char **where,
             const char **name, struct rmb_error *error)
{
	const char *revision[MOST_NAMES], *found[MOST_NAMES];
	int n = list_names(arena, folder, is_revision, NULL, NULL, revision);
	*name = NULL;
	if (n < 0)
		return rmb_error_set(error, RMB_EINPUT, "%s cannot be read: %s", folder, strerror(errno));
	for (int i = n; i >= 0 && !*name; i--) {
		*where = i > 0 ? rmb_arena_printf(arena, "%s/%s", folder, revision[i - 1]) : folder;
		int here = *where ? list_names(arena, *where, is_named, attribute, ending, found) : 0;
		if (here > 1)
			return rmb_error_set(error, RMB_EINPUT, "%s holds both %s and %s: move one of them away", *where,
			                     found[0], found[1]);
		*name = here > 0 ? found[0] : NULL;
	}
	return 0;
}

static bool
has_spikes(struct rmb_arena *arena, const char *folder)
{
	const char *where, *name;
	struct rmb_error ambiguous = { 0 };
	return rmb_alf_find(arena, folder, "spikes.times", ".npy", &where, &name, &ambiguous) != 0 || name;
}

/* Sortings in the folder, else those below it. */
static int
list_below(struct rmb_arena *arena, const char *folder, int depth, struct rmb_sorting *list, int n)
{
	const char *name[MOST_NAMES];
	if (n < RMB_MOST_SORTINGS && has_spikes(arena, folder))
		list[n++] = (struct rmb_sorting){ .folder = folder };
	int found = depth < DEEPEST ? list_names(arena, folder, is_visible, NULL, NULL, name) : 0;
	for (int i = 0; i < found; i++) {
		const char *path = rmb_arena_printf(arena, "%s/%s", folder, name[i]);
		struct stat stat_of;
		if (path && stat(path, &stat_of) == 0 && S_ISDIR(stat_of.st_mode))
			n = list_below(arena, path, depth + 1, list, n);
	}
	return n;
}

int
rmb_alf_sortings(struct rmb_arena *arena, const char *folder, struct rmb_sorting *list, const char **root)
{
	struct stat stat_of;
	const char *alf = rmb_arena_printf(arena, "%s/alf", folder);
	*root = folder;
	if (has_spikes(arena, folder)) {
		list[0] = (struct rmb_sorting){ .folder = folder };
		return 1;
	}
	*root = alf && stat(alf, &stat_of) == 0 && S_ISDIR(stat_of.st_mode) ? alf : folder;
	return list_below(arena, *root, 0, list, 0);
}

/* Below the root a folder and what lies in it are one probe. */
int
rmb_alf_check(const struct rmb_load_file *file, const char *root, const struct rmb_sorting *s, int n, struct rmb_error *error)
{
	size_t skip = strlen(root) + 1;
	for (int i = 1; i < n; i++) {
		const char *before = s[i - 1].folder, *here = s[i].folder;
		size_t probe = strlen(here) > skip ? skip + strcspn(here + skip, "/") : skip;
		if (strncmp(before, here, probe) == 0 && (before[probe] == '/' || before[probe] == '\0'))
			return rmb_error_set(error, RMB_EINPUT,
			                     "%s holds two sortings of what may be one probe, %s and %s: give the path of one",
			                     file->path, before, here);
	}
	return 0;
}

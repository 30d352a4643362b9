/* pipeline/pattern.c -- files by pattern. */
#include "pipeline/pattern.h"
#include <dirent.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "pipeline/gone.h"

static int
by_name(const void *left, const void *right)
{
	return strverscmp(*(const char *const *)left, *(const char *const *)right); /* s9 before s10 */
}

/* glob() goes on to the end of a disk however much it has found; its own way of reading folders lets us end it. It hands those
 * functions nothing of ours, so what they have to know stands here. */
struct folder {
	DIR *entries;
	bool last; /* what fits in it fits the whole pattern */
};
static _Thread_local struct {
	const char *name; /* last part of the pattern */
	int depth, fits;
} walk;

static int
depth_of(const char *path)
{
	int n = 0;
	for (; *path; path++)
		n += *path != '/' && (path[1] == '/' || path[1] == 0);
	return n;
}

static void *
open_folder(const char *path)
{
	struct folder *folder = walk.fits <= RMB_MOST_RECORDINGS ? calloc(1, sizeof *folder) : NULL;
	if (!folder)
		return NULL;
	folder->entries = opendir(path);
	folder->last = depth_of(path) == walk.depth;
	if (folder->entries)
		return folder;
	free(folder);
	return NULL;
}

static struct dirent *
read_folder(void *opened)
{
	struct folder *folder = opened;
	struct dirent *entry = walk.fits <= RMB_MOST_RECORDINGS ? readdir(folder->entries) : NULL;
	walk.fits += entry && folder->last && fnmatch(walk.name, entry->d_name, FNM_PERIOD) == 0;
	return entry;
}

static void
close_folder(void *opened)
{
	struct folder *folder = opened;
	closedir(folder->entries);
	free(folder);
}

/* The same as glob() without order, but that it ends soon after more was found than a recipe can hold. */
static void
find(const char *pattern, glob_t *found)
{
	const char *slash = strrchr(pattern, '/');
	*found = (glob_t){ .gl_opendir = open_folder,
		           .gl_readdir = read_folder,
		           .gl_closedir = close_folder,
		           .gl_stat = stat,
		           .gl_lstat = lstat };
	walk.name = slash ? slash + 1 : pattern;
	walk.depth = slash ? depth_of(pattern) - 1 : depth_of(".");
	walk.fits = 0;
	if (glob(pattern, GLOB_NOSORT | GLOB_ALTDIRFUNC, NULL, found) != 0)
		found->gl_pathc = 0;
}

/* What the pattern found in an earlier run. */
static int
recall(struct rmb_reading *r, const char *whole, const char ***path)
{
	const json_t *paths = rmb_gone_found(r->gone, whole);
	size_t n = json_array_size(paths);
	const char **list = n ? rmb_arena_alloc(r->arena, n, sizeof *list) : NULL;
	for (size_t i = 0; list && i < n; i++) {
		const char *text = json_string_value(json_array_get(paths, i));
		if (!text || !*text || !(list[i] = rmb_arena_strdup(r->arena, text)))
			return 0;
	}
	*path = list;
	return list && n <= RMB_MOST_RECORDINGS ? (int)n : 0;
}

/* For the memory of the next run. */
static void
note(struct rmb_reading *r, struct rmb_pattern pattern)
{
	struct rmb_recipe *recipe = r->recipe;
	struct rmb_pattern *longer = rmb_arena_room(r->arena, recipe->pattern, (size_t)recipe->npatterns, sizeof *longer);
	if (!longer) {
		rmb_reading_nomem(r);
		return;
	}
	recipe->pattern = longer;
	recipe->pattern[recipe->npatterns++] = pattern;
}

int
rmb_pattern_find(struct rmb_reading *r, const char *base, const char *pattern, const char ***path)
{
	bool joined = *pattern != '/' && strcmp(base, ".") != 0;
	char *whole = rmb_arena_alloc(r->arena, 2 * strlen(base) + strlen(pattern) + 2, 1), *end = whole;
	*path = NULL;
	for (const char *c = base; whole && joined && *c; c++) { /* the directory is meant as it stands */
		if (strchr("*?[]\\", *c))
			*end++ = '\\';
		*end++ = *c;
	}
	if (!whole) {
		rmb_reading_nomem(r);
		return 0;
	}
	sprintf(end, "%s%s", joined ? "/" : "", pattern);
	glob_t found;
	find(whole, &found);
	int n = (int)found.gl_pathc;
	const char **list = rmb_arena_alloc(r->arena, (size_t)n, sizeof *list);
	for (int i = 0; list && i < n; i++)
		list[i] = rmb_arena_strdup(r->arena, found.gl_pathv[i] + (joined ? strlen(base) + 1 : 0));
	globfree(&found);
	for (int i = 0; i < n; i++)
		if (!list || !list[i]) {
			rmb_reading_nomem(r);
			return 0;
		}
	if (n == 0)
		return recall(r, whole, path);
	qsort(list, (size_t)n, sizeof *list, by_name);
	note(r, (struct rmb_pattern){ whole, n, list });
	*path = list;
	return n;
}

/* pipeline/missing.c -- what to say of a path that cannot be read. */
#include "pipeline/missing.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "pipeline/place.h"

enum { MOST_NAMES = 4096 };

/* The name in a folder that is nearest to this one, into near[NAME_MAX + 1]. */
static bool
find_near(const char *folder, const char *name, char *near)
{
	struct rmb_arena *arena = rmb_arena_new();
	const char **names = arena ? rmb_arena_alloc(arena, MOST_NAMES + 1, sizeof *names) : NULL;
	DIR *directory = names ? opendir(folder) : NULL;
	struct dirent *entry;
	for (int n = 0; directory && n < MOST_NAMES && (entry = readdir(directory));)
		if (entry->d_name[0] != '.' && (names[n] = rmb_arena_strdup(arena, entry->d_name)))
			n++;
	const char *found = directory ? rmb_nearest(name, names) : NULL;
	if (found)
		snprintf(near, NAME_MAX + 1, "%s", found);
	if (directory)
		closedir(directory);
	rmb_arena_free(arena);
	return found != NULL;
}

/* Cuts the last part off a path: "" for the folder one is in. */
static const char *
cut_last(char *path)
{
	size_t n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;
	if (slash)
		*slash = '\0';
	return last;
}

const char *
rmb_missing(const char *path, int why, char *text)
{
	char folder[PATH_MAX], near[NAME_MAX + 1];
	if (why != ENOENT || snprintf(folder, sizeof folder, "%s", path) >= (int)sizeof folder) {
		snprintf(text, RMB_MISSING_ROOM, "%s; %s", strerror(why),
		         why == EACCES ? "let it be read (chmod, or ask whose it is)" : "correct the path");
		return text;
	}
	const char *last = cut_last(folder), *around = last == folder ? "." : *folder ? folder : "/";
	if (access(around, F_OK) != 0)
		snprintf(text, RMB_MISSING_ROOM, "there is no such file or folder, for there is no folder '%.400s'; correct the path",
		         around);
	else if (find_near(around, last, near))
		snprintf(text, RMB_MISSING_ROOM, "there is no such file or folder; did you mean '%s', which is there?", near);
	else
		snprintf(text, RMB_MISSING_ROOM, "there is no such file or folder; correct the path");
	return text;
}

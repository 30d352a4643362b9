/* pipeline/input_folder.c -- the content of a folder that stands for a recording.
 *
 * Only the files that the setting's patterns name count: a recording's folder may hold hundreds of gigabytes of raw data
 * that no stage reads. The content is the SHA-256 over "hash name\0" of each, in the order of their names. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "pipeline/inputs.h"
#include "rumble/arena.h"
#include "rumble/array.h"
#include "rumble/hash.h"

enum { MOST_PARTS = 10000 };

struct parts { int n; const char **path; };

/* The folder's name with a backslash before whatever glob() would take for a pattern, and a slash. */
static char *
literally(struct rmb_arena *arena, const char *folder)
{
	char *text = rmb_arena_alloc(arena, 2 * strlen(folder) + 2, 1), *to = text;
	for (const char *from = folder; text && *from; from++) {
		if (strchr("\\*?[]{},~", *from))
			*to++ = '\\';
		*to++ = *from;
	}
	if (text && to > text && to[-1] != '/')
		*to++ = '/';
	return text;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
is_file(const char *path)
{
	struct stat stat_of;
	return stat(path, &stat_of) == 0 && S_ISREG(stat_of.st_mode);
}

/* The plain files that fit the blank-separated patterns, sorted, each once. */
static int
find_parts(struct rmb_arena *arena, const char *folder, const char *inside, struct parts *parts, struct rmb_error *error)
{
	char *base = literally(arena, folder), *patterns = rmb_arena_strdup(arena, inside), *rest = patterns;
	glob_t found = { 0 };
	int code = base && patterns ? 0 : RMB_ELIMIT;
	for (char *pattern; !code && (pattern = strtok_r(NULL, " ", &rest));) {
		bool instead = *pattern == '|';
		if (instead && found.gl_pathc > 0)
			continue;
		const char *whole = rmb_arena_printf(arena, "%s%s", base, pattern + instead);
		int status = whole ? glob(whole, GLOB_BRACE | (found.gl_pathc ? GLOB_APPEND : 0), NULL, &found) : GLOB_NOSPACE;
		code = status == GLOB_NOSPACE ? RMB_ELIMIT : 0;
	}
	parts->path = code ? NULL : rmb_arena_alloc(arena, found.gl_pathc + 1, sizeof *parts->path);
	for (size_t i = 0; parts->path && i < found.gl_pathc && parts->n < MOST_PARTS; i++)
		if (is_file(found.gl_pathv[i]) && !(parts->path[parts->n++] = rmb_arena_strdup(arena, found.gl_pathv[i])))
			code = RMB_ELIMIT;
	if (parts->path && !code)
		qsort(parts->path, (size_t)parts->n, sizeof *parts->path, compare);
	globfree(&found);
	return code || !parts->path ? rmb_error_nomem(error, folder) : 0;
}

static int
hash_parts(struct rmb_inputs *inputs, struct rmb_arena *arena, size_t skip, const struct parts *parts, char *hex,
           struct rmb_error *error)
{
	size_t size = 0, at = 0;
	for (int i = 0; i < parts->n; i++)
		size += RMB_KEY_MAX + strlen(parts->path[i]) + 1;
	char *text = rmb_arena_alloc(arena, size, 1);
	if (!text)
		return rmb_error_nomem(error, "the content of a folder");
	for (int i = 0; i < parts->n; i++) {
		if (i > 0 && strcmp(parts->path[i], parts->path[i - 1]) == 0) /* two patterns may fit one file */
			continue;
		int code = rmb_inputs_hash(inputs, parts->path[i], hex, error);
		if (code)
			return code;
		const char *name = parts->path[i] + skip;
		memcpy(text + at, hex, RMB_KEY_MAX - 1);
		text[at + RMB_KEY_MAX - 1] = ' ';
		memcpy(text + at + RMB_KEY_MAX, name, strlen(name) + 1);
		at += RMB_KEY_MAX + strlen(name) + 1;
	}
	rmb_sha256(text, at, hex);
	return 0;
}

static int
hash_folder(struct rmb_inputs *inputs, const char *folder, const char *inside, char *hex, struct rmb_error *error)
{
	struct parts parts = { 0, NULL };
	struct rmb_arena *arena = rmb_arena_new();
	size_t length = strlen(folder), skip = length + (length > 0 && folder[length - 1] != '/');
	int code = arena ? find_parts(arena, folder, inside, &parts, error) : rmb_error_nomem(error, folder);
	if (!code && parts.n == 0)
		code = rmb_error_set(error, RMB_EINPUT,
		                     "%s is a folder, and nothing in it is a file that is looked for in folders: name a "
		                     "file, or the folder that the files lie in",
		                     folder);
	if (!code && parts.n == MOST_PARTS)
		code = rmb_error_set(error, RMB_ELIMIT,
		                     "%s is a folder with more than %d files of a recording; name one of its folders", folder,
		                     MOST_PARTS);
	if (!code)
		code = hash_parts(inputs, arena, skip, &parts, hex, error);
	rmb_arena_free(arena);
	return code;
}

int
rmb_inputs_hash_content(struct rmb_inputs *inputs, const char *path, const char *inside, char *hex, struct rmb_error *error)
{
	struct stat stat_of;
	bool folder = stat(path, &stat_of) == 0 && S_ISDIR(stat_of.st_mode);
	if (folder && !inside)
		return rmb_error_set(error, RMB_EINPUT, "%s is a folder; this setting wants a file", path);
	return folder ? hash_folder(inputs, path, inside, hex, error) : rmb_inputs_hash(inputs, path, hex, error);
}

double
rmb_inputs_bytes(const char *path, const char *inside)
{
	struct stat stat_of;
	struct parts parts = { 0, NULL };
	if (stat(path, &stat_of))
		return 0;
	if (!S_ISDIR(stat_of.st_mode) || !inside)
		return (double)stat_of.st_size;
	double bytes = 0;
	struct rmb_arena *arena = rmb_arena_new();
	int code = arena ? find_parts(arena, path, inside, &parts, NULL) : RMB_ELIMIT;
	for (int i = 0; !code && i < parts.n; i++)
		if (stat(parts.path[i], &stat_of) == 0)
			bytes += (double)stat_of.st_size;
	rmb_arena_free(arena);
	return bytes;
}

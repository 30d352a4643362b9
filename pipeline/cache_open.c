/* pipeline/cache_open.c -- where the cache is, and whether it can be used: found, made if need be, its version compared. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "pipeline/cache_folder.h"

static const char version_text[] = "rumble cache 1\n";
static const char *const folders[] = { "objects", "leases", "tmp", "bad", "runs", "roots", NULL };

/* Ends every sentence about a place that does not work. */
#define REMEDY "; choose another place with --cache DIR or RUMBLE_CACHE"

/* The place asked for, or the default; malloc'ed. NULL: no home, or no memory. */
static char *
choose_root(const char *root)
{
	const char *cache = getenv("RUMBLE_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *text = NULL;
	int n = -1;
	if (root || (cache && cache[0]))
		return strdup(root ? root : cache);
	if (xdg && xdg[0] == '/')
		n = asprintf(&text, "%s/rumble", xdg);
	else if (home && home[0])
		n = asprintf(&text, "%s/.cache/rumble", home);
	return n < 0 ? NULL : text;
}

/* Makes a folder and those above it. What cannot be made above is told by the last one. */
static int
make_path(char *path)
{
	for (char *slash = path; *slash && (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		(void)!mkdir(path, 0777);
		*slash = '/';
	}
	return mkdir(path, 0777) && errno != EEXIST ? -1 : 0;
}

static int
cannot_use(const char *path, const char *what, int number, struct rmb_error *error)
{
	return rmb_error_set(error, RMB_EOUTPUT, "cache %s: %s: %s" REMEDY, path, what, strerror(number));
}

static int
make_folders(const struct rmb_cache *cache, struct rmb_error *error)
{
	char path[PATH_MAX];
	struct stat stat;
	for (const char *const *folder = folders; *folder; folder++) {
		if (snprintf(path, sizeof path, "%s/%s", cache->root, *folder) >= (int)sizeof path)
			return cannot_use(cache->root, "its path is too long", ENAMETOOLONG, error);
		if (mkdir(path, 0777) && errno != EEXIST)
			return cannot_use(cache->root, "cannot be written", errno, error);
		if (folder != folders && lstat(path, &stat) == 0 && !S_ISDIR(stat.st_mode)) /* objects may lie elsewhere */
			return rmb_error_set(error, RMB_EOUTPUT,
			                     "cache %s: it is a symbolic link or no folder, and what lies behind it would be swept; "
			                     "remove it" REMEDY, path);
		if (faccessat(AT_FDCWD, path, R_OK | W_OK | X_OK, AT_EACCESS))
			return cannot_use(path, "cannot be written", errno, error);
	}
	return 0;
}

/* A cache begins with its file 'version': without it there is none yet. One that names no version was damaged; objects tell for
 * themselves what they are. */
static int
check_version(struct rmb_cache *cache, bool *damaged, struct rmb_error *error)
{
	int another = 0;
	char path[PATH_MAX], text[sizeof version_text + 1] = "";
	snprintf(path, sizeof path, "%s/version", cache->root);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cache->absent = fd < 0 && errno == ENOENT;
	if (cache->absent)
		return 0;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	int number = errno;
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return cannot_use(path, "cannot be read", number, error);
	*damaged = sscanf(text, "rumble cache %d", &another) != 1;
	if (!*damaged && strcmp(text, version_text))
		return rmb_error_set(error, RMB_EOUTPUT, "cache %s was made by another version of rumble (%s)" REMEDY,
		                     cache->root, "its file 'version' says so");
	return 0;
}

static int
make_version(struct rmb_cache *cache, struct rmb_error *error)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/version", cache->root);
	cache->absent = false;
	return rmb_folder_put(cache, path, version_text, error);
}

static int
no_place(struct rmb_error *error)
{
	return rmb_error_set(error, RMB_EOUTPUT, "there is no place for the cache: HOME is not set" REMEDY);
}

int
rmb_cache_open(const char *root, struct rmb_cache *cache, struct rmb_error *error)
{
	*cache = (struct rmb_cache){ 0 };
	char *chosen = choose_root(root);
	if (!chosen)
		return no_place(error);
	if (make_path(chosen) == 0)
		cache->root = realpath(chosen, NULL);
	bool damaged = false;
	int code = cache->root ? make_folders(cache, error) : cannot_use(chosen, "cannot be made", errno, error);
	free(chosen);
	if (code == 0)
		code = check_version(cache, &damaged, error);
	if (code == 0 && (cache->absent || damaged))
		code = make_version(cache, error);
	if (code)
		rmb_cache_close(cache);
	else
		rmb_folder_sweep(cache);
	return code;
}

/* The absolute path of something that does not exist; malloc'ed. */
static char *
absolute(const char *path)
{
	char here[PATH_MAX], *text = NULL;
	if (path[0] == '/' || !getcwd(here, sizeof here))
		return strdup(path);
	return asprintf(&text, "%s/%s", here, path) < 0 ? NULL : text;
}

static int
check_readable(const struct rmb_cache *cache, struct rmb_error *error)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s/objects/", cache->root) >= (int)sizeof path)
		return cannot_use(cache->root, "its path is too long", ENAMETOOLONG, error);
	if (faccessat(AT_FDCWD, path, R_OK | X_OK, AT_EACCESS) && errno != ENOENT)
		return cannot_use(cache->root, "cannot be read", errno, error);
	return 0;
}

int
rmb_cache_look(const char *root, struct rmb_cache *cache, struct rmb_error *error)
{
	*cache = (struct rmb_cache){ 0 };
	char *chosen = choose_root(root);
	bool damaged = false;
	int code = 0;
	if (!chosen)
		return no_place(error);
	cache->root = realpath(chosen, NULL);
	if (!cache->root && (errno != ENOENT || !chosen[0]))
		code = cannot_use(chosen, "cannot be read", errno, error);
	else if (!cache->root && !(cache->root = absolute(chosen)))
		code = rmb_error_nomem(error, "the cache");
	free(chosen);
	if (code == 0)
		code = check_readable(cache, error);
	if (code == 0)
		code = check_version(cache, &damaged, error);
	if (code)
		rmb_cache_close(cache);
	return code;
}

void
rmb_cache_close(struct rmb_cache *cache)
{
	free(cache->root);
	cache->root = NULL;
}

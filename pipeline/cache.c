/* pipeline/cache.c -- the objects of a cache: whether one is there and whole, how it comes out, and how a bad one is set aside.
 *
 * No lock, no index, no shared statistics: an object is there if its file is there and proves itself. */
#include "pipeline/cache.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "pipeline/cache_folder.h"
#include "pipeline/machine.h"
#include "pipeline/object_block.h"
#include "pipeline/owner.h"
#include "pipeline/record.h"

bool
rmb_is_key(const char *key)
{
	return strspn(key, "0123456789abcdef") == RMB_KEY_MAX - 1 && key[RMB_KEY_MAX - 1] == '\0';
}

const char *
rmb_cache_path(struct rmb_arena *arena, const struct rmb_cache *cache, const char *key)
{
	return rmb_arena_printf(arena, "%s/objects/%.2s/%s.h5", cache->root, key, key);
}

const char *
rmb_cache_scratch(struct rmb_arena *arena, const struct rmb_cache *cache)
{
	return rmb_arena_printf(arena, "%s/tmp", cache->root);
}

double
rmb_cache_free_bytes(const struct rmb_cache *cache)
{
	struct statvfs disk;
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s", cache->root);
	while (statvfs(path, &disk)) { /* where it would be made */
		char *slash = strrchr(path, '/');
		if (errno != ENOENT || !slash || !path[1])
			return NAN;
		slash[slash == path] = '\0';
	}
	return (double)disk.f_bavail * (double)disk.f_frsize;
}

/* objects/ab/KEY and an ending; -1: not a key, or too long. */
static int
object_path(const struct rmb_cache *cache, const char *key, const char *ending, char *path)
{
	if (!rmb_is_key(key))
		return -1;
	return snprintf(path, PATH_MAX, "%s/objects/%.2s/%s%s", cache->root, key, key, ending) < PATH_MAX ? 0 : -1;
}

/* Whether what stands there may be used. A large object is believed if it is as it was when it was last verified whole; else its
 * header is, or with `whole` all of it is verified now and remembered. */
static int
check_once(const struct rmb_cache *cache, const char *path, const char *key, bool whole, struct stat *stat,
           struct rmb_error *error)
{
	char stamp[PATH_MAX], line[RMB_RECORD_LINE];
	unsigned char checksum[16];
	int code = rmb_object_look(path, key, stat, checksum, error);
	if (code || stat->st_size <= RMB_OBJECT_SMALL)
		return code ? code : rmb_object_verify(path, key, 1, error);
	if (!whole || object_path(cache, key, ".used", stamp))
		return 0;
	rmb_record_line(key, stat, checksum, line);
	if (rmb_record_has(stamp, line))
		return 0;
	code = rmb_object_verify(path, key, rmb_machine_cores() < 4 ? rmb_machine_cores() : 4, error);
	if (code == 0)
		rmb_record_put(stamp, line);
	return code;
}

int
rmb_cache_check(const struct rmb_cache *cache, const char *key, int64_t *bytes, struct rmb_error *error)
{
	char path[PATH_MAX];
	struct stat stat;
	struct rmb_error first = { 0 };
	if (object_path(cache, key, ".h5", path))
		return rmb_error_set(error, RMB_EINPUT, "'%.80s' is not a key", key);
	int code = check_once(cache, path, key, true, &stat, &first);
	if (code == RMB_EDAMAGE &&
	    (code = check_once(cache, path, key, true, &stat, NULL)) == RMB_EDAMAGE) /* not just replaced by somebody */
		rmb_cache_set_aside(cache, key, first.text);
	if (code)
		return rmb_error_set(error, code, "%s", first.text);
	if (bytes)
		*bytes = (int64_t)stat.st_size;
	return 0;
}

bool
rmb_cache_has(const struct rmb_cache *cache, const char *key, int64_t *bytes)
{
	char path[PATH_MAX];
	struct stat stat;
	if (object_path(cache, key, ".h5", path) || check_once(cache, path, key, false, &stat, NULL))
		return false;
	if (bytes)
		*bytes = (int64_t)stat.st_size;
	return true;
}

/* ---- what was verified whole: by a run, one line an object in runs/RUN; by anybody, the line in the object's stamp */

static int
record_path(const struct rmb_cache *cache, const char *run, char *path)
{
	int n = snprintf(path, PATH_MAX, "%s/runs/", cache->root), m = snprintf(path + n, (size_t)(PATH_MAX - n), "%s", run);
	if (m <= 0 || n + m >= PATH_MAX)
		return -1;
	for (char *c = path + n; *c; c++)
		if (*c == '/' || (unsigned char)*c < ' ' || (*c == '.' && c == path + n))
			*c = '_';
	return 0;
}

void
rmb_cache_remember(const struct rmb_cache *cache, const char *key)
{
	char path[PATH_MAX], stamp[PATH_MAX], line[RMB_RECORD_LINE];
	struct stat stat;
	unsigned char checksum[16];
	if (object_path(cache, key, ".h5", path) || object_path(cache, key, ".used", stamp) ||
	    rmb_object_look(path, key, &stat, checksum, NULL) || stat.st_size <= RMB_OBJECT_SMALL)
		return;
	rmb_record_line(key, &stat, checksum, line);
	rmb_record_put(stamp, line);
}

/* ---- objects out of the cache */

static int
get_once(const char *path, const char *key, const char *record_in, const char *stamp, struct rmb_object **object,
         struct rmb_error *error)
{
	char line[RMB_RECORD_LINE];
	struct stat stat;
	unsigned char checksum[16];
	int code = rmb_object_look(path, key, &stat, checksum, error);
	if (code)
		return code;
	bool large = stat.st_size > RMB_OBJECT_SMALL;
	rmb_record_line(key, &stat, checksum, line);
	bool known = large && record_in && rmb_record_has(record_in, line);
	code = rmb_object_open(path, key, known ? RMB_VERIFY_HEADER : RMB_VERIFY_ALL, object, error);
	if (code || !large || known)
		return code;
	rmb_record_line(key, &(*object)->stat, checksum, line);
	rmb_record_put(stamp, line);
	if (record_in)
		rmb_record_add(record_in, line);
	return 0;
}

int
rmb_cache_get(const struct rmb_cache *cache, const char *key, const char *run, struct rmb_object **object,
              struct rmb_error *error)
{
	char path[PATH_MAX], stamp[PATH_MAX], record_in[PATH_MAX];
	struct rmb_error first = { 0 };
	if (object_path(cache, key, ".h5", path) || object_path(cache, key, ".used", stamp))
		return rmb_error_set(error, RMB_EDAMAGE, "'%.80s' is not a key", key);
	const char *remember = run && record_path(cache, run, record_in) == 0 ? record_in : NULL;
	int code = get_once(path, key, remember, stamp, object, &first);
	if (code == RMB_EDAMAGE) { /* somebody may just have replaced it: only what is bad twice is bad */
		struct rmb_error again = { 0 };
		code = get_once(path, key, NULL, stamp, object, &again);
		if (code == RMB_EDAMAGE)
			rmb_cache_set_aside(cache, key, first.text);
		first = again;
	}
	if (code)
		return rmb_error_set(error, code, "%s", first.text);
	rmb_cache_touch(cache, key);
	return 0;
}

bool
rmb_cache_set_aside(const struct rmb_cache *cache, const char *key, const char *why)
{
	char path[PATH_MAX], bad[PATH_MAX], reason[1024];
	uint64_t number = rmb_owner_random();
	if (object_path(cache, key, ".h5", path) ||
	    snprintf(bad, sizeof bad, "%s/bad/%s.%016" PRIx64 ".h5", cache->root, key, number) >= (int)sizeof bad)
		return false;
	if (rename(path, bad)) /* a symbolic link is moved itself, whatever it points to */
		return false;
	snprintf(reason, sizeof reason, "%s\n", why ? why : "no reason given");
	strcpy(bad + strlen(bad) - 2, "txt");
	(void)!rmb_folder_put(cache, bad, reason, NULL); /* the object is out of the way: that was the point */
	return true;
}

/* Moves what is no directory, or what is one, out of the way. */
static void
move_away(const struct rmb_cache *cache, const char *path, bool directories)
{
	char bad[PATH_MAX];
	struct stat stat;
	if (lstat(path, &stat) || S_ISDIR(stat.st_mode) != directories ||
	    snprintf(bad, sizeof bad, "%s/bad/%s.%016" PRIx64, cache->root, strrchr(path, '/') + 1, rmb_owner_random()) >=
	            (int)sizeof bad)
		return;
	if (directories)
		(void)!chmod(path, 0700); /* one that is closed cannot be moved */
	(void)!rename(path, bad); /* what cannot be moved is told by who needs the place */
}

int
rmb_cache_make_room(const struct rmb_cache *cache, const char *key, struct rmb_error *error)
{
	char path[PATH_MAX], folder[PATH_MAX];
	if (object_path(cache, key, ".h5", path))
		return rmb_error_set(error, RMB_EINTERNAL, "'%.80s' is not a key", key);
	move_away(cache, path, true);
	snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
	if (mkdir(folder, 0777) == 0)
		return 0;
	move_away(cache, folder, false);
	if (mkdir(folder, 0777) && errno != EEXIST)
		return rmb_error_set(error, RMB_EOUTPUT, "cannot make %s in the cache: %s; choose another cache with --cache", folder, strerror(errno));
	return 0;
}

int
rmb_cache_remove(const struct rmb_cache *cache, const char *key, struct rmb_error *error)
{
	char path[PATH_MAX];
	if (object_path(cache, key, ".h5", path))
		return rmb_error_set(error, RMB_EINTERNAL, "'%.80s' is not a key", key);
	if (unlink(path) && errno != ENOENT)
		return rmb_error_set(error, RMB_EOUTPUT, "%s: cannot be removed: %s", path, strerror(errno));
	if (object_path(cache, key, ".used", path) == 0)
		unlink(path);
	return 0;
}

void
rmb_cache_touch(const struct rmb_cache *cache, const char *key)
{
	char path[PATH_MAX];
	if (object_path(cache, key, ".used", path) || utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW) == 0 ||
	    errno != ENOENT)
		return;
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd >= 0)
		close(fd);
}

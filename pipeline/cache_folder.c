/* pipeline/cache_folder.c -- small files in the cache, and sweeping out what the dead left. */
#include "pipeline/cache_folder.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "pipeline/object_block.h"
#include "pipeline/owner.h"

/* How long a record must lie still before we believe that its run is over. */
enum { RUN_AGE = 7 * 86400 };

int
rmb_folder_put(const struct rmb_cache *cache, const char *path, const char *text, struct rmb_error *error)
{
	char ending[RMB_ENDING_MAX], temporary[PATH_MAX];
	rmb_owner_ending(ending);
	if (snprintf(temporary, sizeof temporary, "%s/tmp/text%s", cache->root, ending) >= (int)sizeof temporary)
		return rmb_error_set(error, RMB_EOUTPUT, "%s: its path is too long", path);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int number = fd < 0 ? errno : rmb_write_at(fd, text, strlen(text), 0);
	if (fd >= 0 && close(fd) && !number)
		number = errno;
	if (!number && rename(temporary, path))
		number = errno;
	if (!number)
		return 0;
	unlink(temporary);
	return rmb_error_set(error, RMB_EOUTPUT, "%s: cannot be written: %s", path, strerror(number));
}

long
rmb_folder_read(int folder, const char *name, char *text, size_t size)
{
	struct stat stat;
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	long n = -1;
	if (fd >= 0 && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode))
		n = (long)read(fd, text, size - 1);
	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return n;
}

DIR *
rmb_folder_open(const struct rmb_cache *cache, const char *name)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s/%s", cache->root, name) >= (int)sizeof path) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	/* what lies behind a link is not ours to sweep; only objects may lie on another disk */
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (strcmp(name, "objects") ? O_NOFOLLOW : 0));
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	if (!folder && fd >= 0)
		close(fd);
	return folder;
}

/* Names that we give: NAME.tmp.OWNER.RANDOM in tmp/, 32 digits in runs/. Whatever else lies there is somebody's. */
static bool
is_ours(const char *name)
{
	return strstr(name, ".tmp.") || (strspn(name, "0123456789abcdef") == 32 && !name[32]);
}

static void
sweep(const struct rmb_cache *cache, const char *name, time_t age)
{
	DIR *folder = rmb_folder_open(cache, name);
	for (const struct dirent *entry; folder && (entry = readdir(folder));)
		if (is_ours(entry->d_name) && rmb_owner_abandoned(dirfd(folder), entry->d_name, age))
			unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder)
		closedir(folder);
}

void
rmb_folder_sweep(const struct rmb_cache *cache)
{
	DIR *root = opendir(cache->root);
	if (root) {
		rmb_owner_sweep(dirfd(root), RMB_TEMPORARY_AGE);
		closedir(root);
	}
	sweep(cache, "tmp", RMB_TEMPORARY_AGE);
	sweep(cache, "runs", RUN_AGE);
	rmb_lease_sweep(cache);
}

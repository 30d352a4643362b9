/* pipeline/inside.c -- writing into the output directory and nowhere else.
 *
 * The directory itself is the user's choice and may be a link; below it every part is opened by its own name, never through
 * a symbolic link. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pipeline/inside.h"

static int
outside(struct rmb_error *error, const char *directory, const char *name, const char *why)
{
	return rmb_error_set(error, RMB_ERECIPE, "%s lies outside the output directory %s (%s); name a file below it", name,
	                     directory, why);
}

static int
through_link(struct rmb_error *error, const char *directory, const char *name, size_t length)
{
	return rmb_error_set(error, RMB_ERECIPE,
	                     "%s/%.*s is a symbolic link or no directory, so what is written below it may land outside the "
	                     "output directory %s; remove it, or choose another directory with --out",
	                     directory, (int)length, name, directory);
}

/* All parts of a path, made where missing. */
static int
make_path(const char *directory)
{
	char path[4096];
	if (snprintf(path, sizeof path, "%s", directory) >= (int)sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0777) && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	return mkdir(path, 0777) && errno != EEXIST ? -1 : 0;
}

/* One part further down; closes `at`. `name` is the whole, of which `part` is the end so far. */
static int
step(int at, const char *part, const char *directory, const char *name, size_t length, struct rmb_error *error)
{
	int below = -1;
	if (mkdirat(at, part, 0777) == 0 || errno == EEXIST)
		below = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int problem = errno;
	close(at);
	if (below >= 0)
		return below;
	if (problem == ELOOP || problem == ENOTDIR)
		return through_link(error, directory, name, length);
	return rmb_error_set(error, RMB_EOUTPUT, "%s/%.*s cannot be made (%s)", directory, (int)length, name, strerror(problem));
}

int
rmb_inside_open(const char *directory, const char *name, const char **last, struct rmb_error *error)
{
	if (!*name || *name == '/')
		return outside(error, directory, name, *name ? "it is absolute" : "it is empty");
	if (make_path(directory))
		return rmb_error_set(error, RMB_EOUTPUT, "the output directory %s cannot be made (%s)", directory,
		                     strerror(errno));
	int at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return rmb_error_set(error, RMB_EOUTPUT, "the output directory %s cannot be opened (%s)", directory,
		                     strerror(errno));
	const char *whole = name;
	for (const char *slash; ; name = slash + 1) {
		char part[256];
		size_t length = strcspn(name, "/");
		slash = name[length] ? name + length : NULL;
		if (length == 0 || length >= sizeof part || (length <= 2 && strncmp(name, "..", length) == 0)) {
			close(at);
			return outside(error, directory, name, "every part of it must be a plain name");
		}
		*last = name;
		if (!slash)
			return at;
		memcpy(part, name, length);
		part[length] = '\0';
		if ((at = step(at, part, directory, whole, (size_t)(slash - whole), error)) < 0)
			return at;
	}
}

int
rmb_inside_check(const char *directory, const char *name, struct rmb_error *error)
{
	char path[4096];
	struct stat stat_of;
	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/'))
		if (snprintf(path, sizeof path, "%s/%.*s", directory, (int)(slash - name), name) < (int)sizeof path &&
		    lstat(path, &stat_of) == 0 && !S_ISDIR(stat_of.st_mode))
			return through_link(error, directory, name, (size_t)(slash - name));
	return 0;
}

static int
write_all(int file, const char *data, size_t n)
{
	while (n) {
		ssize_t written = write(file, data, n < 1 << 20 ? n : 1 << 20);
		if (written < 0 && errno != EINTR)
			return -1;
		if (written > 0) {
			data += written;
			n -= (size_t)written;
		}
	}
	return fsync(file);
}

/* A file of ours that nobody else has: without a name where the file system can do that, so that nothing stays if we are killed;
 * else (temporary not "") with one. */
static int
open_temporary(int at, const char *last, char *temporary, size_t size)
{
	*temporary = '\0';
	int file = access("/proc/self/fd", X_OK) ? -1 : openat(at, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
	for (int attempt = 0; file < 0 && attempt < 100; attempt++) {
		snprintf(temporary, size, ".%.200s.%d.%d", last, (int)getpid(), attempt);
		file = openat(at, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (file < 0 && errno != EEXIST)
			break;
	}
	return file;
}

/* Gives a complete file that has no name the name `last`. Linking cannot replace what stands there, renaming can, so it goes by
 * way of a name that all writers share. A writer that finds that name taken, by one at work or a dead one, renames that file
 * for them (it is complete, too) and tries again. */
static int
give_name(int at, int file, const char *last)
{
	char descriptor[64], shared[256];
	snprintf(descriptor, sizeof descriptor, "/proc/self/fd/%d", file);
	snprintf(shared, sizeof shared, ".%.200s.new", last);
	for (int attempt = 0; linkat(AT_FDCWD, descriptor, at, shared, AT_SYMLINK_FOLLOW); attempt++)
		if (errno != EEXIST || attempt == 1000 || (renameat(at, shared, at, last) && errno != ENOENT))
			return -1;
	return renameat(at, shared, at, last) && errno != ENOENT ? -1 : 0;
}

int
rmb_inside_write(const char *directory, const char *name, const void *data, size_t n, struct rmb_error *error)
{
	char temporary[256];
	const char *last;
	int at = rmb_inside_open(directory, name, &last, error);
	if (at < 0)
		return at;
	int file = open_temporary(at, last, temporary, sizeof temporary), problem = file < 0 ? errno : 0;
	if (file >= 0 &&
	    (write_all(file, data, n) || (*temporary ? renameat(at, temporary, at, last) : give_name(at, file, last))))
		problem = errno;
	if (file >= 0 && close(file) && !problem)
		problem = errno;
	if (problem && *temporary)
		unlinkat(at, temporary, 0);
	if (!problem && fsync(at))
		problem = errno;
	close(at);
	return problem ? rmb_error_set(error, RMB_EOUTPUT, "%s/%s cannot be written (%s; %zu bytes are needed)", directory,
	                               name, strerror(problem), n)
	               : 0;
}

int
rmb_inside_mkdir(const char *directory, const char *name, struct rmb_error *error)
{
	const char *last;
	int at = rmb_inside_open(directory, name, &last, error);
	if (at < 0)
		return at;
	return step(at, last, directory, name, strlen(name), error);
}

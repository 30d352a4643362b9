/* pipeline/owner.c -- processes named by boot, pid namespace, pid and start time. */
#include "pipeline/owner.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static size_t
read_small(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, size - 1);
	if (fd >= 0)
		close(fd);
	n = n < 0 ? 0 : n;
	text[n] = '\0';
	return (size_t)n;
}

/* Start time of a process, 0: it cannot be read, 1: it has ended and waits for its parent. A first thread that has ended while
 * others have not looks the same but for their number, and may still hold files open. */
static uint64_t
process_start(int64_t pid)
{
	char path[64], text[1024], state;
	int threads;
	uint64_t start = 0;
	snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
	if (read_small(path, text, sizeof text) == 0)
		return 0;
	const char *rest = strrchr(text, ')'); /* the program's name may hold anything */
	if (!rest || sscanf(rest, ") %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %d %*s %" SCNu64,
	                    &state, &threads, &start) != 3)
		return 0;
	return (state == 'Z' || state == 'X') && threads <= 1 ? 1 : start;
}

static struct rmb_owner self;

static void
find_self(void)
{
	struct stat space;
	self = (struct rmb_owner){ .pid = getpid() };
	if (read_small("/proc/sys/kernel/random/boot_id", self.boot, sizeof self.boot) == 0)
		strcpy(self.boot, "unknown");
	self.boot[strcspn(self.boot, "\n./")] = '\0';
	if (stat("/proc/self/ns/pid", &space) == 0)
		self.space = space.st_ino;
	self.start = process_start(self.pid);
}

void
rmb_owner_self(struct rmb_owner *owner)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&mutex);
	if (self.pid != getpid())
		find_self();
	*owner = self;
	pthread_mutex_unlock(&mutex);
}

enum rmb_life
rmb_owner_life(const struct rmb_owner *owner)
{
	struct rmb_owner here;
	rmb_owner_self(&here);
	if (strcmp(here.boot, "unknown") == 0 || here.space == 0 || strcmp(here.boot, owner->boot) || here.space != owner->space)
		return RMB_ELSEWHERE;
	if (owner->pid <= 0 || (kill((pid_t)owner->pid, 0) && errno == ESRCH))
		return RMB_GONE;
	uint64_t start = process_start(owner->pid);
	return start == 0 || owner->start == 0 || start == owner->start ? RMB_ALIVE : RMB_GONE;
}

void
rmb_owner_print(const struct rmb_owner *owner, char *text)
{
	snprintf(text, RMB_OWNER_MAX, "%s.%" PRIu64 ".%" PRId64 ".%" PRIu64, owner->boot, owner->space, owner->pid, owner->start);
}

int
rmb_owner_read(const char *text, struct rmb_owner *owner)
{
	memset(owner, 0, sizeof *owner);
	if (sscanf(text, "%39[^.].%" SCNu64 ".%" SCNd64 ".%" SCNu64, owner->boot, &owner->space, &owner->pid, &owner->start) == 4)
		return 0;
	return -1;
}

uint64_t
rmb_owner_random(void)
{
	uint64_t bits;
	struct timespec now;
	if (getrandom(&bits, sizeof bits, 0) == (ssize_t)sizeof bits)
		return bits;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)getpid() << 40 ^ (uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec;
}

void
rmb_owner_ending(char *ending)
{
	struct rmb_owner owner;
	char by[RMB_OWNER_MAX];
	rmb_owner_self(&owner);
	rmb_owner_print(&owner, by);
	snprintf(ending, RMB_ENDING_MAX, ".tmp.%s.%016" PRIx64, by, rmb_owner_random());
}

void
rmb_owner_temporary(const char *name, char *buffer)
{
	char ending[RMB_ENDING_MAX];
	rmb_owner_ending(ending);
	snprintf(buffer, RMB_TEMPORARY_MAX, ".%.64s%s", name, ending);
}

/* Whose a temporary file is; false: it is none of ours. */
static bool
maker(const char *name, struct rmb_owner *owner)
{
	const char *by = strstr(name, ".tmp.");
	return by && rmb_owner_read(by + strlen(".tmp."), owner) == 0;
}

bool
rmb_owner_abandoned(int folder, const char *name, time_t age)
{
	struct rmb_owner owner;
	struct stat stat;
	enum rmb_life life = maker(name, &owner) ? rmb_owner_life(&owner) : RMB_ELSEWHERE;
	if (life != RMB_ELSEWHERE)
		return life == RMB_GONE;
	return fstatat(folder, name, &stat, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - stat.st_mtime > age;
}

void
rmb_owner_remove(int folder, const char *name)
{
	if (unlinkat(folder, name, 0) == 0)
		return;
	int below = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *open = below < 0 ? NULL : fdopendir(below);
	if (!open && below >= 0)
		close(below);
	for (const struct dirent *entry; open && (entry = readdir(open));)
		unlinkat(below, entry->d_name, 0); /* its own . and .. stay */
	if (open)
		closedir(open);
	unlinkat(folder, name, AT_REMOVEDIR);
}

void
rmb_owner_sweep(int folder, time_t age)
{
	struct rmb_owner owner;
	int copy = dup(folder);
	DIR *open = copy < 0 ? NULL : fdopendir(copy);
	if (!open && copy >= 0)
		close(copy);
	if (open)
		rewinddir(open); /* the copy shares its place with the original */
	for (const struct dirent *entry; open && (entry = readdir(open));)
		if (maker(entry->d_name, &owner) && rmb_owner_abandoned(folder, entry->d_name, age))
			rmb_owner_remove(folder, entry->d_name);
	if (open) {
		rewinddir(open);
		closedir(open);
	}
}

/* pipeline/record.c -- lines about objects that were verified whole. */
#include "pipeline/record.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
rmb_record_line(const char *key, const struct stat *s, const unsigned char *checksum, char *line)
{
	int n = snprintf(line, RMB_RECORD_LINE, "%s %" PRIu64 " %" PRId64 " %lld.%09ld %lld.%09ld ", key, (uint64_t)s->st_ino,
	                 (int64_t)s->st_size, (long long)s->st_mtim.tv_sec, s->st_mtim.tv_nsec, (long long)s->st_ctim.tv_sec,
	                 s->st_ctim.tv_nsec);
	for (int i = 0; i < 16; i++)
		n += snprintf(line + n, (size_t)(RMB_RECORD_LINE - n), "%02x", checksum[i]);
	snprintf(line + n, (size_t)(RMB_RECORD_LINE - n), "\n");
}

bool
rmb_record_has(const char *path, const char *line)
{
	char read[RMB_RECORD_LINE];
	bool found = false;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	while (file && !found && fgets(read, sizeof read, file))
		found = strcmp(read, line) == 0;
	if (file)
		fclose(file);
	else if (fd >= 0)
		close(fd);
	return found;
}

/* By a single write, so that lines of several processes do not mix; one that did would match nothing. */
static void
write_line(const char *path, const char *line, int how)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | how, 0666);
	if (fd < 0)
		return;
	(void)!write(fd, line, strlen(line));
	close(fd);
}

void
rmb_record_add(const char *path, const char *line)
{
	write_line(path, line, O_APPEND);
}

void
rmb_record_put(const char *path, const char *line)
{
	write_line(path, line, O_TRUNC);
}

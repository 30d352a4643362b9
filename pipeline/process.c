/* pipeline/process.c -- a worker process as the run sees it. */
#include "pipeline/process.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "pipeline/events.h"

extern char **environ;

/* Descriptors that are handed on lie above those they become, so that none overwrites another. */
enum { FIRST_DESCRIPTOR = 16 };

static int
lift(int fd)
{
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR);
	if (fd >= 0)
		close(fd);
	return high;
}

/* end[0] is read by us without waiting, end[1] is the worker's. */
static int
make_pipe(int end[2])
{
	if (pipe2(end, O_CLOEXEC))
		return -1;
	end[0] = lift(end[0]);
	end[1] = lift(end[1]);
	return end[0] < 0 || end[1] < 0 || fcntl(end[0], F_SETFL, O_NONBLOCK) ? -1 : 0;
}

/* Orders as a file without a name: the worker reads it at leisure and nobody waits for a full pipe. */
static int
orders_file(const char *orders)
{
	int fd = lift(memfd_create("orders", MFD_CLOEXEC));
	size_t length = strlen(orders), at = 0;
	while (fd >= 0 && at < length) {
		ssize_t n = write(fd, orders + at, length - at);
		if (n < 0 && errno != EINTR) {
			close(fd);
			return -1;
		}
		at += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

/* The worker starts with default signals, none of them blocked, and in its own group. */
static int
spawn(pid_t *pid, const char *as, int in, int events, int errors)
{
	char *argv[] = { "rumble", (char *)(uintptr_t)as, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
	posix_spawn_file_actions_adddup2(&actions, events, RMB_EVENTS_FD);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setpgroup(&attributes, 0);
	int failed = posix_spawn(pid, "/proc/self/exe", &actions, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return failed;
}

static void
close_all(int *fd, int n)
{
	for (int i = 0; i < n; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}

int
rmb_process_start(struct rmb_process *p, const char *as, const char *orders, struct rmb_error *error)
{
	int fd[5] = { -1, -1, -1, -1, -1 }; /* orders, events (ours, the worker's), errors (ours, the worker's) */
	*p = (struct rmb_process){ .events = -1, .errors = -1 };
	int failed = (fd[0] = orders_file(orders)) < 0 || make_pipe(&fd[1]) || make_pipe(&fd[3]) ? errno : 0;
	if (!failed)
		failed = spawn(&p->pid, as, fd[0], fd[2], fd[4]);
	if (failed) {
		close_all(fd, 5);
		return rmb_error_set(error, RMB_ELIMIT,
		                     "cannot start a worker process: %s; lower --jobs or raise the limits on processes and "
		                     "open files",
		                     strerror(failed));
	}
	p->events = fd[1];
	p->errors = fd[3];
	close_all((int[]){ fd[0], fd[2], fd[4] }, 3);
	return 0;
}

/* Reads up to `room` bytes; 0: nothing there now. Closes the descriptor at its end. */
static size_t
read_some(int *fd, char *buffer, size_t room)
{
	if (*fd < 0)
		return 0;
	ssize_t n = read(*fd, buffer, room);
	if (n > 0)
		return (size_t)n;
	if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close(*fd);
		*fd = -1;
	}
	return 0;
}

/* Keeps the end of what the worker says. */
static void
read_words(struct rmb_process *p)
{
	char piece[RMB_LAST_WORDS];
	size_t n, had = strlen(p->words);
	while ((n = read_some(&p->errors, piece, sizeof piece - 1))) {
		size_t keep = had + n < sizeof p->words ? had : sizeof p->words - 1 - n;
		memmove(p->words, p->words + had - keep, keep);
		memcpy(p->words + keep, piece, n);
		had = keep + n;
		p->words[had] = '\0';
	}
}

static void
take_lines(struct rmb_process *p, void (*event)(void *self, const json_t *event), void *self)
{
	char *from = p->line, *end;
	while ((end = memchr(from, '\n', p->length - (size_t)(from - p->line)))) {
		json_t *json = json_loadb(from, (size_t)(end - from), 0, NULL);
		if (json)
			event(self, json);
		json_decref(json);
		from = end + 1;
	}
	p->length -= (size_t)(from - p->line);
	memmove(p->line, from, p->length);
}

void
rmb_process_read(struct rmb_process *p, void (*event)(void *self, const json_t *event), void *self)
{
	read_words(p);
	for (;;) {
		if (p->room - p->length < 4096) {
			char *grown = realloc(p->line, p->room + 65536);
			if (!grown)
				return;
			p->line = grown;
			p->room += 65536;
		}
		size_t n = read_some(&p->events, p->line + p->length, p->room - p->length);
		if (n == 0)
			return;
		p->length += n;
		take_lines(p, event, self);
	}
}

bool
rmb_process_ended(struct rmb_process *p, int *status)
{
	return waitpid(p->pid, status, WNOHANG) == p->pid;
}

void
rmb_process_close(struct rmb_process *p)
{
	close_all((int[]){ p->events, p->errors }, 2);
	free(p->line);
	*p = (struct rmb_process){ .events = -1, .errors = -1 };
}

/* pipeline/vanished.c -- the end of a process whose mapped file was cut short. Only what is safe in a signal handler. */
#include "pipeline/vanished.h"
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static const char *last_words;
static size_t length;
static int last_status;
static char temporary[PATH_MAX];
static volatile sig_atomic_t is_temporary; /* whether the path is whole */

static void
on_bus_error(int signal)
{
	(void)signal;
	(void)!write(STDERR_FILENO, last_words, length);
	if (is_temporary)
		unlink(temporary);
	_exit(last_status);
}

void
rmb_vanished_watch(const char *sentence, int status)
{
	struct sigaction action = { .sa_handler = on_bus_error };
	last_words = sentence;
	length = strlen(sentence);
	last_status = status;
	sigaction(SIGBUS, &action, NULL);
}

void
rmb_vanished_remove(const char *path)
{
	is_temporary = false;
	if (!path || strlen(path) >= sizeof temporary)
		return;
	strcpy(temporary, path);
	is_temporary = true;
}

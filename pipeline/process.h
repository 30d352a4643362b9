/* pipeline/process.h -- a worker process as the run sees it: orders in, events and last words out, how it ended. */
#ifndef RMB_PROCESS_H
#define RMB_PROCESS_H
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>
#include "rumble/error.h"

enum { RMB_LAST_WORDS = 1024 };

struct rmb_process {
	pid_t pid;
	int events, errors;         /* descriptors to read; -1: closed */
	char *line;                 /* what has been read of the next event */
	size_t length, room;
	char words[RMB_LAST_WORDS]; /* end of what it wrote to standard error */
};

/* Starts this program again as `rumble node` (or `rumble look`, for people to tell them apart) with the orders on its
 * standard input, in a process group of its own so that Ctrl-C reaches the run alone. Started by posix_spawn, never by a
 * bare fork. */
int rmb_process_start(struct rmb_process *p, const char *as, const char *orders, struct rmb_error *error) RMB_CHECKED;
/* Reads what is there and calls event() for each whole line. */
void rmb_process_read(struct rmb_process *p, void (*event)(void *self, const json_t *event), void *self);
/* true once it has ended; *status is that of waitpid(). */
bool rmb_process_ended(struct rmb_process *p, int *status);
/* Closes descriptors and frees; the process must have ended. */
void rmb_process_close(struct rmb_process *p);
#endif

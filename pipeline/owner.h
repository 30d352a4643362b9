/* pipeline/owner.h -- which process made a file, and whether it still runs. */
#ifndef RMB_OWNER_H
#define RMB_OWNER_H
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* A process, named so that no other ever has the same name: a host's name can be shared, a pid is used again. */
struct rmb_owner {
	char boot[40];          /* the kernel's boot id */
	uint64_t space;         /* its pid namespace */
	int64_t pid;
	uint64_t start;         /* when it started, in clock ticks since boot */
};
enum rmb_life {
	RMB_GONE,      /* it ran here and is no more */
	RMB_ALIVE,     /* it runs here */
	RMB_ELSEWHERE  /* another host, boot or container: nobody here can tell */
};
enum { RMB_OWNER_MAX = 128, RMB_ENDING_MAX = RMB_OWNER_MAX + 32, RMB_TEMPORARY_MAX = 256,
       RMB_TEMPORARY_AGE = 2 * 86400 /* s that a file must lie still if nobody here can tell */ };

void rmb_owner_self(struct rmb_owner *owner);
enum rmb_life rmb_owner_life(const struct rmb_owner *owner);
/* "BOOT.SPACE.PID.START", fit for a file name, and back; read gives 0 if text begins with one, else -1. */
void rmb_owner_print(const struct rmb_owner *owner, char *text);
int rmb_owner_read(const char *text, struct rmb_owner *owner);
/* 64 bits that nobody else has. */
uint64_t rmb_owner_random(void);
/* ".tmp.OWNER.RANDOM" into ending[RMB_ENDING_MAX]: what every temporary file of ours ends in, so that whoever comes after a kill
 * can tell that it may go. */
void rmb_owner_ending(char *ending);
/* ".NAME.tmp.OWNER.RANDOM" into buffer[RMB_TEMPORARY_MAX], NAME cut short if need be: a temporary file beside NAME that tells
 * whose it is. */
void rmb_owner_temporary(const char *name, char *buffer);
/* Whether NAME.tmp.OWNER... in a folder was left by a process that is gone, or nobody here can tell and it has lain still for
 * `age` seconds. */
bool rmb_owner_abandoned(int folder, const char *name, time_t age);
/* Removes a temporary file of ours, or folder of such files; never through a link. */
void rmb_owner_remove(int folder, const char *name);
/* Removes what dead processes left in a folder; nothing but temporary files and folders of ours, so it may be the user's. */
void rmb_owner_sweep(int folder, time_t age);
#endif

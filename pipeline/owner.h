/* pipeline/owner.h -- which process made a file, and whether it still runs. */
#ifndef RMB_OWNER_H
#define RMB_OWNER_H
#include <stdint.h>

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
enum { RMB_OWNER_MAX = 128 };

void rmb_owner_self(struct rmb_owner *owner);
enum rmb_life rmb_owner_life(const struct rmb_owner *owner);
/* "BOOT.SPACE.PID.START", fit for a file name, and back; read gives 0 if text begins with one, else -1. */
void rmb_owner_print(const struct rmb_owner *owner, char *text);
int rmb_owner_read(const char *text, struct rmb_owner *owner);
/* 64 bits that nobody else has. */
uint64_t rmb_owner_random(void);
#endif

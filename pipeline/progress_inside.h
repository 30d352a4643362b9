/* pipeline/progress_inside.h -- what progress.c and its live display share. */
#ifndef RMB_PROGRESS_INSIDE_H
#define RMB_PROGRESS_INSIDE_H
#include <stdio.h>
#include "pipeline/progress.h"

enum { RMB_PROGRESS_LINE = 1024, RMB_TOLD_NAME = 256 }; /* bytes of a line, and of a node's name that is remembered */

/* A warning that was printed, and the nodes of which the same was to be said since. */
struct rmb_told { char *text; char first[RMB_TOLD_NAME], second[RMB_TOLD_NAME]; int more; };

struct rmb_running { const struct rmb_node *node; double since, expected, fraction; };

struct rmb_progress {
	bool json, quiet, live;
	int torun, cached, done, failed, warned;
	FILE *screen;               /* standard error, buffered, so that a drawing arrives in one piece */
	double expected, start, drawn; /* s: of the whole run; when it began; when last drawn */
	int lines;                  /* that the live display takes on the screen now */
	int nrunning, room;
	struct rmb_running *running;
	int ntold, room_told;
	struct rmb_told *told;
};

/* A line that stays, above the live display. */
void rmb_progress_say(struct rmb_progress *p, const char *format, ...) RMB_PRINTF(2, 3);
/* Takes the live display off the screen. */
void rmb_progress_erase(struct rmb_progress *p);
/* "0.25 s", "12:30" */
void rmb_progress_duration(char *buffer, size_t size, double seconds);
#endif

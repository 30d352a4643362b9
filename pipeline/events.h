/* pipeline/events.h -- what a worker tells the run that started it: one JSON object a line on descriptor 3.
 *
 * {"event": "started" | "found" | "held" | "progress" | "warning" | "lost" | "failed" | "done", "node": index, ...}: "found",
 * another run made the object meanwhile; "held", another run is at it ("owner"); "lost", an input ("key") is gone or damaged. */
#ifndef RMB_EVENTS_H
#define RMB_EVENTS_H
#include <jansson.h>
#include <stdio.h>
#include "rumble/arena.h"

enum { RMB_EVENTS_FD = 3, RMB_EXIT_VANISHED = 86 }; /* exit status of a worker whose mapped input vanished */

/* A JSON string (new reference; NULL: no memory); bytes that are not UTF-8 become '?'. */
json_t *rmb_json_text(const char *text);
/* A path as JSON, every byte of it: a string, or the list of its bytes where they are not UTF-8 (new reference; NULL: no
 * memory). */
json_t *rmb_json_path(const char *path);
/* The path back; NULL: it is none, or there is no memory. */
const char *rmb_json_path_value(struct rmb_arena *arena, const json_t *json);
/* Writes it as one line and lets it go. NULL (no memory) is accepted: then nothing is written. */
void rmb_json_line(FILE *to, json_t *json);
/* The same to the run, on descriptor 3. */
void rmb_event_send(json_t *event);
#endif

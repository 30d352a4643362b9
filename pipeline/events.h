/* pipeline/events.h -- what a worker tells the run that started it: one JSON object a line. */
#ifndef RMB_EVENTS_H
#define RMB_EVENTS_H
#include <jansson.h>

/* A JSON string (new reference; NULL: no memory); bytes that are not UTF-8 become '?'. */
json_t *rmb_json_text(const char *text);
#endif

/* pipeline/events.c -- what a worker tells the run that started it: one JSON object a line. */
#include "pipeline/events.h"
#include "pipeline/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

json_t *
rmb_json_text(const char *text)
{
	char *clean = strdup(text);
	if (!clean)
		return NULL;
	uint32_t point;
	size_t left = strlen(clean), n;
	for (char *s = clean; left > 0; s += n, left -= n)
		if ((n = rmb_text_decode(s, left, &point)) == 0) {
			*s = '?';
			n = 1;
		}
	json_t *json = json_string(clean);
	free(clean);
	return json;
}

void
rmb_json_line(FILE *to, json_t *json)
{
	if (json && json_dumpf(json, to, JSON_COMPACT) == 0)
		putc('\n', to);
	json_decref(json);
}

void
rmb_event_send(json_t *event)
{
	char *text = event ? json_dumps(event, JSON_COMPACT) : NULL;
	size_t length = text ? strlen(text) : 0, at = 0;
	if (text)
		text[length++] = '\n'; /* in place of the NUL */
	while (at < length) {
		ssize_t n = write(RMB_EVENTS_FD, text + at, length - at);
		if (n < 0 && errno != EINTR)
			break;
		at += n > 0 ? (size_t)n : 0;
	}
	free(text);
	json_decref(event);
}

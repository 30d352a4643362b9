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

json_t *
rmb_json_path(const char *path)
{
	json_t *json = json_string(path); /* refuses what is not UTF-8 */
	if (json)
		return json;
	json = json_array();
	for (const char *byte = path; json && *byte; byte++)
		json_array_append_new(json, json_integer((unsigned char)*byte));
	return json;
}

const char *
rmb_json_path_value(struct rmb_arena *arena, const json_t *json)
{
	size_t n = json_array_size(json);
	char *path = json_is_array(json) ? rmb_arena_alloc(arena, n + 1, 1) : NULL;
	for (size_t i = 0; path && i < n; i++)
		path[i] = (char)(unsigned char)json_integer_value(json_array_get(json, i));
	return json_is_string(json) ? rmb_arena_strdup(arena, json_string_value(json)) : path;
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

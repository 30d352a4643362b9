/* pipeline/events.c -- what a worker tells the run that started it: one JSON object a line. */
#include "pipeline/events.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Length of the well-formed UTF-8 sequence at s, 0: there is none. */
static int
sequence(const unsigned char *s)
{
	static const struct { unsigned char first, last, low, high; int n; } form[] = { /* low, high: range of the second byte */
		{ 0x00, 0x7f, 0, 0, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	for (size_t f = 0; f < sizeof form / sizeof *form; f++) {
		if (*s < form[f].first || *s > form[f].last)
			continue;
		if (form[f].n > 1 && (s[1] < form[f].low || s[1] > form[f].high))
			return 0;
		for (int i = 2; i < form[f].n; i++)
			if ((s[i] & 0xc0) != 0x80)
				return 0;
		return form[f].n;
	}
	return 0;
}

json_t *
rmb_json_text(const char *text)
{
	char *clean = strdup(text);
	if (!clean)
		return NULL;
	for (char *s = clean; *s;) {
		int n = sequence((unsigned char *)s);
		if (n == 0)
			*s = '?';
		s += n ? n : 1;
	}
	json_t *json = json_string(clean);
	free(clean);
	return json;
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

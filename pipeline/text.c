/* pipeline/text.c -- text from outside on its way to JSON and to terminals. */
#include "pipeline/text.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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

/* C0 and DEL are one byte, C1 (U+0080..U+009F) starts with c2. */
static bool
control(const unsigned char *s, int n)
{
	return (n == 1 && (*s < 0x20 || *s == 0x7f)) || (n == 2 && *s == 0xc2 && s[1] < 0xa0);
}

int
rmb_text_plain(char *buffer, size_t size, const char *text, int columns)
{
	size_t at = 0, last = 0; /* last: where the last character began */
	int count = 0;
	const unsigned char *s = (const unsigned char *)text;
	for (; *s && at + 8 < size; count++) {
		int n = sequence(s);
		if (count == columns) {
			at = last + strlen(strcpy(buffer + last, "\xe2\x80\xa6"));
			break;
		}
		last = at;
		if (n == 0 || control(s, n))
			buffer[at++] = '?';
		else
			memcpy(buffer + at, s, (size_t)n), at += (size_t)n;
		s += n ? n : 1;
	}
	buffer[at] = '\0';
	return count;
}

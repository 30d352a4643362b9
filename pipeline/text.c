/* pipeline/text.c -- UTF-8 by the rules of RFC 3629; widths are those of the common terminals. */
#include "pipeline/text.h"
#include <stdio.h>
#include <string.h>
#include "rumble/hash.h"

size_t
rmb_text_decode(const char *text, size_t length, uint32_t *point)
{
	static const struct { unsigned char mask, lead; uint32_t least; } form[] = {
		{ 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };
	const unsigned char *byte = (const unsigned char *)text;
	for (size_t n = 1; n <= 4 && n <= length; n++) {
		if ((byte[0] & form[n - 1].mask) != form[n - 1].lead)
			continue;
		uint32_t c = byte[0] & (unsigned char)~form[n - 1].mask;
		for (size_t i = 1; i < n; i++) {
			if ((byte[i] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (byte[i] & 0x3f);
		}
		if (c < form[n - 1].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return 0;
		*point = c;
		return n;
	}
	return 0;
}

struct span { uint32_t first, last; };

static bool
within(uint32_t point, const struct span *span, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (point >= span[i].first && point <= span[i].last)
			return true;
	return false;
}

int
rmb_text_width(uint32_t point)
{
	static const struct span none[] = { { 0x300, 0x36f }, { 0x200b, 0x200f }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f },
	                                    { 0xfe20, 0xfe2f } };
	static const struct span wide[] = { { 0x1100, 0x115f }, { 0x2e80, 0x303e }, { 0x3041, 0xa4cf }, { 0xac00, 0xd7a3 },
	                                    { 0xf900, 0xfaff },
		{ 0xfe30, 0xfe6f }, { 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f }, { 0x1f900, 0x1f9ff },
		{ 0x20000, 0x3fffd } };
	if (point < 0x300)
		return 1;
	return within(point, none, sizeof none / sizeof *none) ? 0 : within(point, wide, sizeof wide / sizeof *wide) ? 2 : 1;
}

bool
rmb_text_steers(uint32_t point)
{
	static const struct span steering[] = { { 0, 0x1f }, { 0x7f, 0x9f }, { 0x61c, 0x61c }, { 0x200e, 0x200f },
	                                        { 0x2028, 0x202e },
		{ 0x2066, 0x2069 }, { 0xfeff, 0xfeff } };
	return within(point, steering, sizeof steering / sizeof *steering);
}

char *
rmb_text_escape(struct rmb_arena *arena, const char *text, size_t length, const char *tab)
{
	char *out = rmb_arena_alloc(arena, length * 6 + 1, 1), *end = out;
	if (!out)
		return NULL;
	for (size_t i = 0, n; i < length; i += n) {
		uint32_t point = 0;
		n = rmb_text_decode(text + i, length - i, &point);
		if (n == 0) {
			n = 1;
			end += sprintf(end, "\\x%02x", (unsigned char)text[i]);
		} else if (point == '\t' && strlen(tab) <= 6) {
			end = stpcpy(end, tab);
		} else if (rmb_text_steers(point)) {
			end += sprintf(end, point < 0x80 ? "\\x%02x" : "\\u%04x", (unsigned)point);
		} else {
			memcpy(end, text + i, n);
			end += n;
		}
	}
	*end = '\0';
	return out;
}

char *
rmb_text_file_name(struct rmb_arena *arena, const char *text, const char *also)
{
	enum { LONGEST = 200 };
	char *name = rmb_arena_printf(arena, "%.*s", LONGEST, text), hash[65];
	bool changed = strlen(text) > LONGEST;
	for (char *c = name; c && *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127 || *c == '/' || (*c == '.' && c == name) || strchr(also, *c)) {
			*c = '_';
			changed = true;
		}
	if (!name || !changed)
		return name;
	rmb_sha256(text, strlen(text), hash);
	return rmb_arena_printf(arena, "%s_%.8s", name, hash);
}

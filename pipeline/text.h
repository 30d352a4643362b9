/* pipeline/text.h -- text that came from somebody else: is it UTF-8, how wide is it, and what must not reach a terminal. */
#ifndef RMB_TEXT_H
#define RMB_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "rumble/arena.h"

/* Decodes the character at text[0 .. length); *point gets it. Number of bytes it takes; 0: these bytes are not UTF-8
 * (overlong forms and surrogates are not) or length is 0. */
size_t rmb_text_decode(const char *text, size_t length, uint32_t *point);
/* Columns of a terminal that a character takes: 0 (combining), 1 or 2 (East Asian wide). */
int rmb_text_width(uint32_t point);
/* Whether a character would steer a terminal or reorder the text around it: C0, DEL, C1, direction marks. */
bool rmb_text_steers(uint32_t point);
/* text[length) with such characters as \x1b or \u202e and bytes that are not UTF-8 as \xff; a tab becomes `tab`. */
char *rmb_text_escape(struct rmb_arena *arena, const char *text, size_t length, const char *tab);
/* text as one part of a path: no '/', no control characters, none of the characters in `also`, no '.' in front, not long. What
 * had to be changed is followed by eight digits of the hash of `text`, so that no two become one. NULL: no memory. */
char *rmb_text_file_name(struct rmb_arena *arena, const char *text, const char *also);
#endif

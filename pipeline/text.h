/* pipeline/text.h -- text from outside on its way to JSON and to terminals. */
#ifndef RMB_TEXT_H
#define RMB_TEXT_H
#include <jansson.h>
#include <stddef.h>

/* A JSON string (new reference; NULL: no memory); bytes that are not UTF-8 become '?'. */
json_t *rmb_json_text(const char *text);
/* Copies text into buffer[size] with control characters and bytes that are not UTF-8 replaced by '?', cut to at most `columns`
 * characters (the last is then an ellipsis). Returns the number of characters. */
int rmb_text_plain(char *buffer, size_t size, const char *text, int columns);
#endif

/* pipeline/report/html.h -- the one way by which text gets into a page. */
#ifndef RMB_REPORT_HTML_H
#define RMB_REPORT_HTML_H
#include <jansson.h>
#include <stdio.h>
#include "rumble/arena.h"
#include "rumble/error.h"

/* Writes `format`, in which %s stands for text that is escaped for an element or a quoted attribute (NULL: nothing), %d for
 * an int and %% for a percent sign; nothing else is known. Bytes that are not UTF-8 become '?', control characters U+FFFD. */
void rmb_html(FILE *to, const char *format, ...) RMB_PRINTF(2, 3);
/* JSON for the inside of a <script>: ASCII, keys sorted, every < as \u003c. 0 or RMB_ELIMIT. */
int rmb_html_json(FILE *to, const json_t *json) RMB_CHECKED;
/* Base64 of data[n]. NULL: no memory. */
char *rmb_base64(struct rmb_arena *arena, const void *data, size_t n);
#endif

/* pipeline/report/svg.h -- pictures as gnuplot writes them, made smaller, and put into a page. */
#ifndef RMB_REPORT_SVG_H
#define RMB_REPORT_SVG_H
#include <stdio.h>
#include "rumble/arena.h"

/* The same picture with coordinates of paths rounded to a tenth of a pixel, without blanks between elements: about half
 * as long. *length becomes its length. NULL: no memory. */
char *rmb_svg_small(struct rmb_arena *arena, const char *svg, size_t n, size_t *length);
/* Writes it as a data URI of plain characters, which an attribute may hold as it is: a quarter shorter than in Base64. */
void rmb_svg_uri(FILE *to, const char *svg, size_t n);
#endif

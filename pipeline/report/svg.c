/* pipeline/report/svg.c -- pictures as gnuplot writes them, made smaller, and put into a page. */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "pipeline/report/svg.h"

/* A coordinate to a tenth: "12.3", "7". Returns behind it. */
static char *
put_number(char *to, double value)
{
	int n = sprintf(to, "%.1f", value);
	if (to[n - 1] == '0')
		n -= 2;
	if (strncmp(to, "-0", (size_t)n) == 0 && n == 2) /* -0.04 */
		n = sprintf(to, "0");
	return to + n;
}

/* The data of one path, if it is made of M, L and Z alone, the way gnuplot does; a line that goes nowhere, which with
 * round ends is a dot, becomes "h0". Returns behind what was written; NULL: it is something else. */
static char *
put_path(char *to, const char *from, const char *end)
{
	double point[2] = { 0, 0 }, value[2];
	char command = 0;
	bool first = false;
	while (from < end) {
		if (isspace((unsigned char)*from) || *from == ',') {
			from++;
			continue;
		}
		if (*from == 'M' || *from == 'L' || *from == 'Z') {
			command = *from++;
			first = true;
			if (command == 'Z')
				*to++ = 'Z';
			continue;
		}
		if (command != 'M' && command != 'L')
			return NULL;
		for (int i = 0; i < 2; i++) {
			char *rest;
			from += strspn(from, " \t\n,");
			value[i] = strtod(from, &rest);
			if (rest == from || rest > end)
				return NULL;
			from = rest;
		}
		double dx = value[0] - point[0], dy = value[1] - point[1];
		if (command == 'L' && dx * dx + dy * dy < 0.04 && first &&
		    (from[strspn(from, " \t\n")] == 'M' || from + strspn(from, " \t\n") == end)) {
			memcpy(to, "h0", 2);
			to += 2;
		} else {
			*to++ = first ? command : ',';
			to = put_number(to, value[0]);
			*to++ = ',';
			to = put_number(to, value[1]);
		}
		first = false;
		memcpy(point, value, sizeof point);
	}
	return to;
}

/* gnuplot leaves ">" as it is, which XML allows anywhere but in "]]>". */
char *
rmb_svg_small(struct rmb_arena *arena, const char *svg, size_t n, size_t *length)
{
	static const char mark[] = " d='";
	const char *end = svg + n, *symbols = memmem(svg, n, "</defs>", 7), *from = svg;
	char *small = rmb_arena_alloc(arena, 2 * n + 1, 1), *to = small;
	while (small && from < end) {
		const char *close = from > symbols && symbols && end - from > 4 && memcmp(from, mark, 4) == 0
		                    ? memchr(from + 4, '\'', (size_t)(end - from - 4))
		                    : NULL;
		char *path = NULL;
		if (close) {
			memcpy(to, mark, 4);
			path = put_path(to + 4, from + 4, close);
		}
		if (path) {
			to = path;
			from = close;
		} else if ((*from == '\n' || *from == '\t') && (to == small || to[-1] == '>' || to[-1] == '\n'))
			from++;
		else if (end - from > 3 && memcmp(from, "]]>", 3) == 0) {
			to = stpcpy(to, "]]&gt;");
			from += 3;
		} else
			*to++ = *from++;
	}
	*length = small ? (size_t)(to - small) : 0;
	return small;
}

void
rmb_svg_uri(FILE *to, const char *svg, size_t n)
{
	fputs("data:image/svg+xml,", to);
	for (size_t i = 0; i < n; i++)
		if (isalnum((unsigned char)svg[i]) || (svg[i] && strchr(",:;=/'()!*+@-._~", svg[i]) && svg[i] != '\''))
			fputc(svg[i], to);
		else
			fprintf(to, "%%%02X", (unsigned char)svg[i]);
}

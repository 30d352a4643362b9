#include <assert.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <string.h>
#include "pipeline/events.h"
#include "pipeline/report/html.h"

/* What a byte becomes; NULL: itself. */
static const char *
entity(char c)
{
	if (((unsigned char)c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
		return "&#xfffd;";
	return c == '&'    ? "&amp;"
	       : c == '<'  ? "&lt;"
	       : c == '>'  ? "&gt;"
	       : c == '"'  ? "&quot;"
	       : c == '\'' ? "&#39;"
	       : c == '`'  ? "&#96;"
	                   : NULL;
}

static void
escaped(FILE *to, const char *text)
{
	json_t *clean = text ? rmb_json_text(text) : NULL; /* UTF-8, whatever came in */
	const char *c = json_string_value(clean), *begin = c;
	for (; c && *c; c++) {
		const char *name = entity(*c);
		if (!name)
			continue;
		fwrite(begin, 1, (size_t)(c - begin), to);
		fputs(name, to);
		begin = c + 1;
	}
	if (c)
		fwrite(begin, 1, (size_t)(c - begin), to);
	json_decref(clean);
}

void
rmb_html(FILE *to, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	for (const char *mark; (mark = strchr(format, '%')); format = mark + 2) {
		fwrite(format, 1, (size_t)(mark - format), to);
		assert(mark[1] == 's' || mark[1] == 'd' || mark[1] == '%');
		if (mark[1] == 's')
			escaped(to, va_arg(args, const char *));
		else if (mark[1] == 'd')
			fprintf(to, "%d", va_arg(args, int));
		else
			fputc('%', to);
	}
	fputs(format, to);
	va_end(args);
}

static int
without_less(const char *text, size_t n, void *to)
{
	const char *end = text + n, *less;
	for (; (less = memchr(text, '<', (size_t)(end - text))); text = less + 1) {
		fwrite(text, 1, (size_t)(less - text), to);
		fputs("\\u003c", to);
	}
	fwrite(text, 1, (size_t)(end - text), to);
	return ferror(to) ? -1 : 0;
}

int
rmb_html_json(FILE *to, const json_t *json)
{
	if (json && json_dump_callback(json, without_less, to, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_SORT_KEYS) == 0)
		return 0;
	return RMB_ELIMIT;
}

char *
rmb_base64(struct rmb_arena *arena, const void *data, size_t n)
{
	static const size_t piece = 3 << 20; /* EVP_EncodeBlock counts in int */
	char *text = rmb_arena_alloc(arena, (n + 2) / 3 * 4 + 1, 1), *end = text;
	for (size_t done = 0; text && done < n; done += piece)
		end += EVP_EncodeBlock((unsigned char *)end, (const unsigned char *)data + done,
		                       (int)(n - done < piece ? n - done : piece));
	return text;
}

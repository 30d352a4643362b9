/* pipeline/tree_refuse.c -- sentences for text that is no YAML: characters that have no business there, looked at before the
 * parser sees them, and what the parser refuses, in plain words and with where it began. */
#include <stdint.h>
#include <string.h>
#include "pipeline/text.h"
#include "pipeline/tree_inside.h"

enum { LONGEST_KEY = 1024 }; /* of libyaml */

/* ---- the text before it is parsed */

static int
bad_character(struct rmb_tree_reader *r, const char *at_byte, uint32_t point, struct rmb_place place)
{
	if (!point && *at_byte)
		rmb_mistake(r->m, RMB_ERECIPE, place, "the text is not UTF-8: byte 0x%02x; save the file as UTF-8",
		            (unsigned char)*at_byte);
	else if (!point)
		rmb_mistake(r->m, RMB_ERECIPE, place, "a NUL character inside the text; is this a text file saved as UTF-8?");
	else
		rmb_mistake(r->m, RMB_ERECIPE, place,
		            "the character U+%04X is not allowed here; remove it, or write it in double quotes as \"\\u%04x\"",
		            (unsigned)point, (unsigned)point);
	return RMB_ERECIPE;
}

int
rmb_tree_check_kind(struct rmb_tree_reader *r)
{
	static const struct { size_t n; const char *bytes, *kind; } kinds[] = {
		{ 4, "PK\3\4", "a zip file" },         { 4, "PK\5\6", "a zip file" },
		{ 8, "\x89HDF\r\n\x1a\n", "an HDF5 file" }, { 6, "\x93NUMPY", "an .npy file" },
		{ 19, "MATLAB 5.0 MAT-file", "a MATLAB file" }, { 19, "MATLAB 7.3 MAT-file", "a MATLAB file" },
		{ 2, "\x1f\x8b", "a gzip file" },      { 4, "\x89PNG", "an image" },
		{ 5, "%PDF-", "a PDF" },
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (r->length >= kinds[i].n && memcmp(r->text, kinds[i].bytes, kinds[i].n) == 0) {
			rmb_mistake(r->m, RMB_ERECIPE, (struct rmb_place){ r->file, 0, 0 },
			            "this is %s, not a recipe; to look at a recording: rumble inspect PATH", kinds[i].kind);
			return RMB_ERECIPE;
		}
	return 0;
}

/* Encoding and control characters. What libyaml takes for a line end besides \n (a lone \r, U+0085, U+2028, U+2029) would shift
 * every line number after it, so it is refused. */
int
rmb_tree_check_text(struct rmb_tree_reader *r)
{
	struct rmb_place place = { r->file, 1, 1 };
	const unsigned char *byte = (const unsigned char *)r->text;
	if (r->length >= 2 && ((byte[0] == 0xff && byte[1] == 0xfe) || (byte[0] == 0xfe && byte[1] == 0xff))) {
		rmb_mistake(r->m, RMB_ERECIPE, place, "the text is UTF-16; save the file as UTF-8");
		return RMB_ERECIPE;
	}
	for (size_t i = 0, n; i < r->length; i += n) {
		uint32_t point = 0;
		n = rmb_text_decode(r->text + i, r->length - i, &point);
		bool ends_line = point == '\n' || (point == '\r' && i + 1 < r->length && r->text[i + 1] == '\n');
		bool plain = n > 0 && (point == '\t' || ends_line || !rmb_text_steers(point));
		if (!plain || point == 0xfffe || point == 0xffff)
			return bad_character(r, r->text + i, point, place);
		place.column++;
		if (point == '\n')
			place = (struct rmb_place){ r->file, place.line + 1, 1 };
	}
	return 0;
}

/* ---- what the parser refuses */

static const struct { const char *problem, *sentence; bool begun; } plain_words[] = {
	{ "did not find expected ',' or ']'", "missing ',' or ']' in a list", true },
	{ "did not find expected ',' or '}'", "missing ',' or '}' in a mapping", true },
	{ "did not find expected key", "expected a key here; look at the indentation and at quotes", true },
	{ "did not find expected '-' indicator", "expected '- ' here, as for the other items of the list", true },
	{ "mapping values are not allowed in this context",
	  "a ': ' does not belong here; put the text in quotes or look at the indentation", false },
	{ "block sequence entries are not allowed in this context", "a '- ' does not belong here; lists begin on a new line",
	  false },
	{ "block mapping entries are not allowed in this context", "a '? ' does not belong here", false },
	{ "could not find expected ':'", "missing ':' after a key", true },
	{ "did not find expected node content", "a value is missing here", false },
	{ "found unexpected end of stream", "a quote that was opened is never closed", true },
	{ "did not find expected <document start>", "this does not belong to the mapping above; look at the indentation", false },
	{ "found character that cannot start any token", "a text cannot begin with this character; put it in quotes", false },
	{ "found unknown escape character", "unknown escape in a text in double quotes; use single quotes for backslashes",
	  false },
};

/* Where a mark points to in the text; one at its end points to the NUL or the end. */
static const char *
pointer(const struct rmb_tree_reader *r, yaml_mark_t mark)
{
	const char *at = r->text, *end = r->text + r->length;
	for (size_t line = 0; line < mark.line && at < end; line++) {
		const char *next = memchr(at, '\n', (size_t)(end - at));
		at = next ? next + 1 : end;
	}
	for (size_t column = 0; column < mark.column && at < end; column++) {
		uint32_t point;
		at += rmb_text_decode(at, (size_t)(end - at), &point);
	}
	return at;
}

/* Column (from 1) of a tab among the blanks that begin the line of a mark, or 0. */
static int
tab_in_indentation(const struct rmb_tree_reader *r, yaml_mark_t mark)
{
	mark.column = 0;
	const char *line = pointer(r, mark), *end = r->text + r->length;
	int column = 1;
	for (; line < end && *line == ' '; line++)
		column++;
	return line < end && *line == '\t' ? column : 0;
}

/* Behind the last character of the text that is no blank. */
static struct rmb_place
end_of_text(const struct rmb_tree_reader *r)
{
	struct rmb_place place = { r->file, 1, 1 }, end = place;
	for (size_t i = 0, n; i < r->length; i += n) {
		uint32_t point;
		n = rmb_text_decode(r->text + i, r->length - i, &point);
		place.column++;
		if (point == '\n')
			place = (struct rmb_place){ r->file, place.line + 1, 1 };
		else if (point != ' ' && point != '\t' && point != '\r')
			end = place;
	}
	return end;
}

void
rmb_tree_syntax(struct rmb_tree_reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "unreadable", *sentence = NULL, *where = pointer(r, p->problem_mark);
	struct rmb_place place = rmb_tree_at(r, p->problem_mark);
	int tab = tab_in_indentation(r, p->problem_mark);
	bool begun = false, ended = where == r->text + r->length;
	size_t begins = p->context_mark.index, ends = p->problem_mark.index;
	bool is_long = p->context && p->problem_mark.line == p->context_mark.line && !ended && *where == ':' && ends > begins + LONGEST_KEY;
	if (ended) /* the parser counts a line more */
		place = end_of_text(r);
	for (size_t i = 0; i < sizeof plain_words / sizeof *plain_words && !sentence; i++)
		if (strcmp(problem, plain_words[i].problem) == 0) {
			sentence = plain_words[i].sentence;
			begun = plain_words[i].begun && p->context;
		}
	if (p->error == YAML_MEMORY_ERROR)
		rmb_tree_nomem(r);
	else if (tab > 0 && tab <= place.column)
		rmb_mistake(r->m, RMB_ERECIPE, (struct rmb_place){ r->file, place.line, tab },
		            "a tab is used for indentation; use spaces");
	else if (where > r->text && !ended && *where == '{' && where[-1] == '$')
		rmb_mistake(r->m, RMB_ERECIPE, place,
		            "between braces or brackets YAML takes this '{' for a mapping; put the text in quotes: "
		            "\"${name}\"");
	else if (is_long && strcmp(problem, "could not find expected ':'") == 0)
		rmb_mistake(r->m, RMB_ERECIPE, rmb_tree_at(r, p->context_mark), "a key may have up to %d characters; this one has %zu",
		            LONGEST_KEY, ends - begins);
	else if (begun)
		rmb_mistake(r->m, RMB_ERECIPE, ended ? rmb_tree_at(r, p->context_mark) : place,
		            "%s (begun at line %d, column %d)", sentence, (int)p->context_mark.line + 1,
		            (int)p->context_mark.column + 1);
	else
		rmb_mistake(r->m, RMB_ERECIPE, place, "%s%s", sentence ? "" : "not valid YAML: ", sentence ? sentence : problem);
}

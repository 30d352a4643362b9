/* pipeline/place.c -- mistakes gathered in one pass, shown with their line and a caret; and what a misspelt word may have meant. */
#include "pipeline/place.h"
#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "pipeline/events.h"
#include "pipeline/text.h"

enum {
	MOST_KEPT = 1000,   /* mistakes beyond are counted only */
	MOST_SHOWN = 100,   /* on a terminal */
	LINE_BEFORE = 60,   /* of a long line, characters shown before the caret ... */
	LINE_SHOWN = 110    /* ... and in all */
};

struct source { const char *file, *text; size_t length; struct source *next; };
struct mistake { int code; struct rmb_place place; const char *text; int rank, order; }; /* code 0: a remark */

struct rmb_mistakes {
	struct rmb_arena *arena;
	struct source *first, **last;
	struct mistake *kept;
	int nkept, count, code;
};

struct rmb_mistakes *
rmb_mistakes_new(struct rmb_arena *arena)
{
	struct rmb_mistakes *m = rmb_arena_alloc(arena, 1, sizeof *m);
	if (!m)
		return NULL;
	m->arena = arena;
	m->last = &m->first;
	return m;
}

static const struct source *
find_source(const struct rmb_mistakes *m, const char *file, int *rank)
{
	*rank = 0;
	for (const struct source *s = m->first; s; s = s->next, ++*rank)
		if (file && strcmp(s->file, file) == 0)
			return s;
	return NULL;
}

void
rmb_mistakes_source(struct rmb_mistakes *m, const char *file, const char *text, size_t length)
{
	struct source *s = rmb_arena_alloc(m->arena, 1, sizeof *s);
	if (!s)
		return;
	*s = (struct source){ rmb_arena_strdup(m->arena, file), rmb_arena_copy(m->arena, text, length, 1), length, NULL };
	if (!s->file || !s->text)
		return;
	*m->last = s;
	m->last = &s->next;
}

static bool
same(const struct mistake *a, const struct mistake *b)
{
	return a->place.line == b->place.line && a->place.column == b->place.column && a->rank == b->rank && a->code == b->code &&
	       strcmp(a->text, b->text) == 0;
}

/* The same sentence at the same place (one setting, many recordings) is said once. */
static void
keep(struct rmb_mistakes *m, int code, struct rmb_place place, const char *format, va_list args)
{
	char text[2048];
	vsnprintf(text, sizeof text, format, args);
	struct mistake one = { code, place, rmb_text_escape(m->arena, text, strlen(text), "\\t"), 0, m->nkept };
	const struct source *source = find_source(m, place.file, &one.rank);
	one.place.file = source ? source->file : place.file ? rmb_arena_strdup(m->arena, place.file) : NULL;
	for (int i = 0; one.text && i < m->nkept; i++)
		if (same(&one, &m->kept[i]))
			return;
	if (!m->kept)
		m->kept = rmb_arena_alloc(m->arena, MOST_KEPT, sizeof *m->kept);
	if (m->kept && one.text && m->nkept < MOST_KEPT)
		m->kept[m->nkept++] = one;
	if (code && m->count++ == 0)
		m->code = code;
}

void
rmb_mistake(struct rmb_mistakes *m, int code, struct rmb_place place, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	keep(m, code, place, format, args);
	va_end(args);
}

void
rmb_remark(struct rmb_mistakes *m, struct rmb_place place, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	keep(m, RMB_OK, place, format, args);
	va_end(args);
}

int
rmb_mistakes_count(const struct rmb_mistakes *m)
{
	return m->count;
}

const char *
rmb_mistakes_first(const struct rmb_mistakes *m)
{
	return m->nkept ? m->kept[0].text : "";
}

int
rmb_mistakes_code(const struct rmb_mistakes *m)
{
	return m->code;
}

static int
by_place(const void *left, const void *right)
{
	const struct mistake *a = left, *b = right;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->place.line != b->place.line)
		return a->place.line < b->place.line ? -1 : 1;
	if (a->place.column != b->place.column)
		return a->place.column < b->place.column ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* Line `number` (from 1) of a source without its end; false: there is none. */
static bool
find_line(const struct source *source, int number, const char **line, size_t *length)
{
	const char *at = source->text, *end = source->text + source->length;
	for (int i = 1; i < number; i++) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			return false;
		at++;
	}
	const char *stop = memchr(at, '\n', (size_t)(end - at));
	*line = at;
	*length = (size_t)((stop ? stop : end) - at);
	if (*length > 0 && at[*length - 1] == '\r')
		--*length;
	return *length > 0;
}

/* Bytes of the first `n` characters of text[length). */
static size_t
skip(const char *text, size_t length, int n)
{
	size_t at = 0;
	for (int i = 0; i < n && at < length; i++) {
		uint32_t point;
		size_t step = rmb_text_decode(text + at, length - at, &point);
		at += step ? step : 1;
	}
	return at;
}

/* Terminal columns of an escaped text. */
static int
columns(const char *text)
{
	int wide = 0;
	for (size_t at = 0, left = strlen(text); at < left;) {
		uint32_t point = 0;
		size_t step = rmb_text_decode(text + at, left - at, &point);
		wide += rmb_text_width(point);
		at += step ? step : 1;
	}
	return wide;
}

/* The line and a caret under the column; of a very long line, what surrounds the caret. */
static void
print_line(const struct rmb_mistakes *m, const struct mistake *mistake, FILE *to)
{
	int rank;
	const struct source *source = find_source(m, mistake->place.file, &rank);
	const char *line;
	size_t length;
	if (!source || mistake->place.line < 1 || !find_line(source, mistake->place.line, &line, &length))
		return;
	int column = mistake->place.column > 0 ? mistake->place.column : 1,
	    from = column > LINE_SHOWN - 30 ? column - LINE_BEFORE : 1;
	size_t begin = skip(line, length, from - 1), caret = skip(line, length, column - 1),
	       stop = skip(line, length, from - 1 + LINE_SHOWN);
	struct rmb_arena *scratch = rmb_arena_new();
	char *before = scratch ? rmb_text_escape(scratch, line + begin, caret - begin, " ") : NULL;
	char *after = scratch ? rmb_text_escape(scratch, line + caret, stop - caret, " ") : NULL;
	if (before && after) {
		const char *cut = begin > 0 ? "..." : "";
		fprintf(to, "%6d | %s%s%s%s\n", mistake->place.line, cut, before, after, stop < length ? "..." : "");
		if (mistake->place.column > 0)
			fprintf(to, "       | %*s^\n", columns(before) + (int)strlen(cut), "");
	}
	rmb_arena_free(scratch);
}

static void
print_text(const struct rmb_mistakes *m, const struct mistake *mistake, FILE *to)
{
	struct rmb_place place = mistake->place;
	if (place.file && *place.file) {
		char *file = rmb_text_escape(m->arena, place.file, strlen(place.file), "\\t");
		fputs(file ? file : "?", to);
		if (place.line > 0)
			fprintf(to, ":%d", place.line);
		if (place.line > 0 && place.column > 0)
			fprintf(to, ":%d", place.column);
		fputs(": ", to);
	}
	fprintf(to, "%s%s\n", mistake->code ? "" : "remark: ", mistake->text);
	print_line(m, mistake, to);
}

static void
print_json(const struct rmb_mistakes *m, const struct mistake *mistake, FILE *to)
{
	struct rmb_place place = mistake->place;
	const char *name = place.file ? place.file : "";
	char *file = rmb_text_escape(m->arena, name, strlen(name), "\t");
	json_t *event = json_pack("{s:s, s:s, s:s, s:i, s:i, s:s}", "event", mistake->code ? "mistake" : "remark", "class",
	                          mistake->code ? rmb_code_name(mistake->code) : "remark", "file", file ? file : "", "line",
	                          place.line, "column", place.column, "message", mistake->text);
	rmb_json_line(to, event);
}

void
rmb_mistakes_print(const struct rmb_mistakes *m, FILE *to, bool json)
{
	if (m->nkept > 0)
		qsort(m->kept, (size_t)m->nkept, sizeof *m->kept, by_place);
	int shown = json || m->nkept < MOST_SHOWN ? m->nkept : MOST_SHOWN;
	for (int i = 0; i < shown; i++)
		(json ? print_json : print_text)(m, &m->kept[i], to);
	if (!json && m->count > shown)
		fprintf(to, "... and %d more\n", m->count - shown);
}

/* ---- suggestions: Damerau-Levenshtein distance, upper and lower case alike */

enum { LONGEST_WORD = 63 };

static int
least(int a, int b)
{
	return a < b ? a : b;
}

static int
distance(const char *a, const char *b)
{
	int row[3][LONGEST_WORD + 2], na = (int)strlen(a), nb = (int)strlen(b);
	int *last = row[0], *this = row[1], *spare = row[2];
	for (int j = 0; j <= nb; j++)
		last[j] = j;
	memcpy(spare, last, sizeof row[0]);
	for (int i = 1; i <= na; i++) {
		this[0] = i;
		for (int j = 1; j <= nb; j++) {
			int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
			this[j] = least(least(last[j] + 1, this[j - 1] + 1), last[j - 1] + (ca != cb));
			if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) && cb == tolower((unsigned char)a[i - 2]))
				this[j] = least(this[j], spare[j - 2] + 1);
		}
		int *free = spare;
		spare = last;
		last = this;
		this = free;
	}
	return last[nb];
}

const char *
rmb_nearest(const char *word, const char *const *names)
{
	const char *best = NULL;
	size_t length = strlen(word);
	int allowed = length < 3 ? 1 : (int)(length + 2) / 3, smallest = allowed + 1;
	if (length == 0 || length > LONGEST_WORD)
		return NULL;
	for (; *names; names++) {
		if (strlen(*names) > LONGEST_WORD)
			continue;
		int d = distance(word, *names);
		if (d < smallest && d < (int)length) {
			smallest = d;
			best = *names;
		}
	}
	return best;
}

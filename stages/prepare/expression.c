#include "prepare/expression.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "rumble/units.h"

/* One walk through the text does everything: without a neuron it only looks whether it is a condition, or which fields
 * are mentioned. */
struct walk {
	const char *text, *at;
	const struct rmb_known *known; /* NULL: no neuron */
	int64_t neuron;
	int depth;                     /* of brackets and of not */
	bool failed;
	char wrong[200];               /* the first mistake */
	const char *field;             /* looked for; NULL: none */
	const struct rmb_neurons *lacking; /* fields that it lacks are looked for */
	const char *found;
};

enum { DEEPEST = 50, LONGEST_TEXT = 256 };

static int
fail(struct walk *w, const char *needed)
{
	if (!w->failed && *w->at)
		snprintf(w->wrong, sizeof w->wrong, "at \"%.20s\" (character %d) %s", w->at, (int)(w->at - w->text) + 1, needed);
	else if (!w->failed)
		snprintf(w->wrong, sizeof w->wrong, "at its end %s", needed);
	w->failed = true;
	return RMB_UNKNOWN;
}

/* ---- words and signs */

static void
skip(struct walk *w)
{
	while (isspace((unsigned char)*w->at))
		w->at++;
}

static bool
is_text(char c)
{
	return c && !isspace((unsigned char)c) && !strchr("()|=<>!\"'", c);
}

/* The word there, not yet passed; its length. */
static size_t
peek(struct walk *w)
{
	size_t n = 0;
	skip(w);
	while (is_text(w->at[n]))
		n++;
	return n;
}

static bool
take_word(struct walk *w, const char *word)
{
	size_t n = peek(w);
	if (n != strlen(word) || memcmp(w->at, word, n) != 0)
		return false;
	w->at += n;
	return true;
}

static bool
take_sign(struct walk *w, const char *sign)
{
	skip(w);
	if (strncmp(w->at, sign, strlen(sign)) != 0)
		return false;
	w->at += strlen(sign);
	return true;
}

/* ---- patterns */

/* Stars are tried shortest first; a later star takes up what an earlier one left, so that one place to come back to is enough. */
static bool
matches(const char *pattern, size_t n, bool literal, const char *text)
{
	size_t p = 0, star = n + 1, back = 0, t = 0, length = strlen(text);
	if (literal)
		return length == n && memcmp(pattern, text, n) == 0;
	while (t < length) {
		if (p < n && pattern[p] == '*') {
			star = ++p;
			back = t;
		} else if (p < n && (pattern[p] == '?' || pattern[p] == text[t])) {
			p++;
			t++;
		} else if (star <= n) {
			p = star;
			t = ++back;
		} else
			return false;
	}
	while (p < n && pattern[p] == '*')
		p++;
	return p == n;
}

/* One alternative; whether it matches. */
static bool
alternative(struct walk *w, bool blanks, const char *text)
{
	size_t n = 0;
	skip(w);
	char quote = *w->at;
	if (quote == '"' || quote == '\'') {
		const char *start = ++w->at, *end = strchr(start, quote);
		w->at = end ? end + 1 : start - 1;
		if (!end)
			(void)fail(w, "a quote is opened and not closed");
		return end && text && matches(start, (size_t)(end - start), true, text);
	}
	while (is_text(w->at[n]) || (blanks && w->at[n] && w->at[n] != '|' && w->at[n] != '"' && w->at[n] != '\''))
		n++;
	while (n && isspace((unsigned char)w->at[n - 1]))
		n--;
	if (n == 0)
		(void)fail(w, "a text is missing, such as CP or VIS*");
	const char *start = w->at;
	w->at += n;
	return n && text && matches(start, n, false, text);
}

static bool
any_alternative(struct walk *w, bool blanks, const char *text)
{
	bool found = false;
	do
		found |= alternative(w, blanks, text);
	while (!w->failed && take_sign(w, "|"));
	return found;
}

/* ---- fields */

enum field { ID, X, Y, Z, QUALITY, PLANE, PROBE, RATE, AREA, LABEL, NFIELDS };
static const struct { const char *name, *unit; } fields[NFIELDS] = {
	{ "id", "1" }, { "x", "um" }, { "y", "um" }, { "z", "um" }, { "quality", "1" }, { "plane", "1" }, { "probe", "1" },
	{ "rate", "Hz" }, { "area", NULL }, { "label", NULL } }; /* without a unit: texts */

static double
number_of(const struct rmb_known *known, enum field field, int64_t i)
{
	const struct rmb_neurons *n = known->neurons;
	const double *real = field == X         ? n->x
	                     : field == Y       ? n->y
	                     : field == Z       ? n->z
	                     : field == QUALITY ? n->quality
	                     : field == RATE    ? known->rate
	                                        : NULL;
	const int64_t *whole = field == ID ? n->id : field == PLANE ? n->plane : field == PROBE ? n->probe : NULL;
	return real ? real[i] : whole ? (double)whole[i] : NAN;
}

static bool
is_known(const struct rmb_neurons *n, enum field field)
{
	const void *const table[NFIELDS] = { n->id, n->x, n->y, n->z, n->quality, n->plane, n->probe, n, n->area, n->label };
	return table[field] != NULL;
}

/* Text i of those of `width` bytes, in place. */
static const char *
text_of(const char *text, size_t width, int64_t i, char *place, size_t size)
{
	size_t n = width < size ? width : size - 1;
	memcpy(place, text + (size_t)i * width, n);
	place[n] = '\0';
	return place;
}

const char *
rmb_area_of(const struct rmb_neurons *neurons, int64_t i, char *place, size_t size)
{
	return text_of(neurons->area, neurons->area_width, i, place, size);
}

/* ---- comparisons */

/* A number with the unit of the field behind it, perhaps after blanks. */
static double
number(struct walk *w, enum field field)
{
	const char *unit = fields[field].unit;
	char text[80], needed[120];
	double value = NAN;
	struct rmb_error error = { 0 };
	size_t n = peek(w), behind = 0;
	const char *start = w->at, *rest = start + n;
	if (n && isdigit((unsigned char)rest[-1]) && strcmp(unit, "1") != 0) {
		w->at = rest;
		behind = peek(w);
	}
	w->at = behind ? w->at + behind : rest;
	snprintf(text, sizeof text, "%.*s", (int)(w->at - start), start);
	if (w->at - start < (int64_t)sizeof text && rmb_quantity_parse(text, unit, &value, &error) == 0)
		return value;
	w->at = start;
	snprintf(needed, sizeof needed, "%s wants %s", fields[field].name, rmb_unit_example(unit));
	(void)fail(w, needed);
	return NAN;
}

enum sign { EQUAL, UNEQUAL, LESS_EQUAL, GREATER_EQUAL, LESS, GREATER };
static const struct { const char *text; enum sign sign; } signs[] = { /* longer ones first */
	{ "!=", UNEQUAL }, { "<=", LESS_EQUAL }, { ">=", GREATER_EQUAL }, { "==", EQUAL }, { "=", EQUAL }, { "<", LESS },
	{ ">", GREATER } };
enum { NSIGNS = sizeof signs / sizeof *signs };

static bool
compare(double a, enum sign sign, double b)
{
	switch (sign) {
	case EQUAL: case UNEQUAL: return a == b;
	case LESS_EQUAL: return a <= b;
	case GREATER_EQUAL: return a >= b;
	case LESS: return a < b;
	case GREATER: return a > b * (b > 0 ? 1 + 1e-12 : 1); /* a difference at rounding level is none, as for min_rate */
	}
	return false;
}

static int
numbers(struct walk *w, enum field field, enum sign sign)
{
	double value = w->known ? number_of(w->known, field, w->neuron) : NAN;
	bool holds = false;
	do
		holds |= compare(value, sign, number(w, field));
	while (!w->failed && sign <= UNEQUAL && take_sign(w, "|"));
	return w->failed || isnan(value) ? RMB_UNKNOWN : holds != (sign == UNEQUAL) ? RMB_TRUE : RMB_FALSE;
}

static int
texts(struct walk *w, enum field field, enum sign sign)
{
	char place[LONGEST_TEXT];
	const struct rmb_neurons *n = w->known ? w->known->neurons : NULL;
	const char *all = !n ? NULL : field == AREA ? n->area : n->label;
	const char *text = all ? text_of(all, field == AREA ? n->area_width : n->label_width, w->neuron, place, sizeof place) : NULL;
	bool holds = any_alternative(w, false, text);
	return w->failed || !text || !*text ? RMB_UNKNOWN : holds != (sign == UNEQUAL) ? RMB_TRUE : RMB_FALSE;
}

static void
mention(struct walk *w, enum field field)
{
	if (w->field && strcmp(w->field, fields[field].name) == 0)
		w->found = w->field;
	if (w->lacking && !w->found && !is_known(w->lacking, field))
		w->found = fields[field].name;
}

static int
comparison(struct walk *w)
{
	size_t f = 0, s = 0;
	char needed[40];
	while (f < NFIELDS && !take_word(w, fields[f].name))
		f++;
	if (f == NFIELDS)
		return fail(w, "one of id, x, y, z, quality, plane, probe, rate, area, label is missing, as in \"quality > 0.3\"");
	mention(w, (enum field)f);
	while (s < NSIGNS && !take_sign(w, signs[s].text))
		s++;
	bool text = !fields[f].unit;
	snprintf(needed, sizeof needed, "%s wants = or !=", fields[f].name);
	if (s == NSIGNS || (text && signs[s].sign > UNEQUAL))
		return fail(w, text ? needed : "one of = != < <= > >= is missing");
	return text ? texts(w, (enum field)f, signs[s].sign) : numbers(w, (enum field)f, signs[s].sign);
}

/* ---- and, or, not */

static int condition(struct walk *w);

static int
factor(struct walk *w)
{
	int value;
	if (++w->depth > DEEPEST)
		return fail(w, "brackets and nots are too deep");
	if (take_word(w, "not")) {
		value = factor(w);
		value = value == RMB_UNKNOWN ? value : !value;
	} else if (take_sign(w, "(")) {
		value = condition(w);
		if (!w->failed && !take_sign(w, ")"))
			return fail(w, "a bracket is not closed");
	} else
		value = comparison(w);
	w->depth--;
	return value;
}

static int
part(struct walk *w)
{
	int value = factor(w);
	while (!w->failed && take_word(w, "and")) {
		int other = factor(w);
		value = value == RMB_FALSE || other == RMB_FALSE ? RMB_FALSE : value == RMB_UNKNOWN ? value : other;
	}
	return value;
}

static int
condition(struct walk *w)
{
	int value = part(w);
	while (!w->failed && take_word(w, "or")) {
		int other = part(w);
		value = value == RMB_TRUE || other == RMB_TRUE ? RMB_TRUE : value == RMB_UNKNOWN ? value : other;
	}
	return value;
}

static int
whole(struct walk *w)
{
	int value = condition(w);
	skip(w);
	return !w->failed && *w->at ? fail(w, "and, or or the end was expected") : value;
}

/* ---- what is asked */

enum { MOST_TEXT = 4096 }; /* bytes of a condition: it is read anew for every neuron */

static int
answer(const char *setting, const char *text, const struct walk *w, struct rmb_error *error)
{
	if (strlen(text) > MOST_TEXT)
		return rmb_error_set(error, RMB_ERECIPE, "%s is %zu characters long; %d are allowed", setting, strlen(text),
		                     MOST_TEXT);
	return w->failed ? rmb_error_set(error, RMB_ERECIPE, "%s cannot be read: \"%s\": %s", setting, text, w->wrong) : 0;
}

int
rmb_condition_check(const char *setting, const char *text, struct rmb_error *error)
{
	struct walk w = { .text = text, .at = text };
	(void)whole(&w);
	return answer(setting, text, &w, error);
}

int
rmb_pattern_check(const char *setting, const char *text, struct rmb_error *error)
{
	struct walk w = { .text = text, .at = text };
	(void)any_alternative(&w, true, NULL);
	skip(&w);
	if (!w.failed && *w.at)
		(void)fail(&w, "| or the end was expected");
	return answer(setting, text, &w, error);
}

bool
rmb_condition_mentions(const char *text, const char *field)
{
	struct walk w = { .text = text, .at = text, .field = field };
	(void)whole(&w);
	return w.found != NULL;
}

const char *
rmb_condition_lacks(const char *text, const struct rmb_neurons *neurons)
{
	struct walk w = { .text = text, .at = text, .lacking = neurons };
	(void)whole(&w);
	return w.found;
}

int
rmb_condition_holds(const char *text, const struct rmb_known *known, int64_t i)
{
	struct walk w = { .text = text, .at = text, .known = known, .neuron = i };
	return whole(&w);
}

bool
rmb_pattern_matches(const char *pattern, const char *text)
{
	struct walk w = { .text = pattern, .at = pattern };
	return any_alternative(&w, true, text) && !w.failed;
}

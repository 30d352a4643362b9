/* pipeline/settings.c -- the values of a stage's parameters. One row of `kinds` says everything about a kind: how its text is
 * read, how it is written as canonical JSON and read back, where it lies in the settings struct and how it is printed. */
#include "pipeline/settings.h"
#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "rumble/units.h"

/* Who reads which parameter of which text, for the sentences. */
struct read {
	struct rmb_arena *arena;
	const char *owner, *base;
	const struct rmb_param *param;
	struct rmb_mistakes *m;
};

static const char *
unit_of(const struct rmb_param *param)
{
	return param->unit ? param->unit : "1";
}

/* "svca2: spacing ": how every sentence about a setting begins. */
static int
refuse(const struct read *r, const struct rmb_tree *tree, const char *format, ...) RMB_PRINTF(3, 4);

static int
refuse(const struct read *r, const struct rmb_tree *tree, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	rmb_mistake(r->m, RMB_ERECIPE, tree->place, "%s: %s %s", r->owner, r->param->name, text);
	return RMB_ERECIPE;
}

static int
nomem(const struct read *r, const struct rmb_tree *tree)
{
	rmb_mistake(r->m, RMB_ELIMIT, tree->place, "out of memory while reading %s", r->param->name);
	return RMB_ELIMIT;
}

/* What was found instead, short enough for a sentence. */
static const char *
found(const struct read *r, const struct rmb_tree *tree)
{
	if (tree->kind != RMB_SCALAR || !*tree->text)
		return rmb_tree_kind_name(tree);
	const char *text = rmb_arena_printf(r->arena, "%s'%.60s'%s", tree->quoted ? "the text " : "", tree->text, strlen(tree->text) > 60 ? "..." : "");
	return text ? text : "?";
}

/* ---- ranges of allowed values */

static const char *
bound(struct rmb_arena *arena, const struct rmb_param *param, double value)
{
	char buffer[64];
	bool whole = param->kind == RMB_INT || param->kind == RMB_RANGE || param->kind == RMB_INTS;
	if (whole && fabs(value) < 1e15)
		snprintf(buffer, sizeof buffer, "%.0f", value);
	else
		rmb_quantity_print(value, unit_of(param), buffer, sizeof buffer);
	return rmb_arena_strdup(arena, buffer);
}

const char *
rmb_param_range(struct rmb_arena *arena, const struct rmb_param *param)
{
	bool below = isfinite(param->min), above = isfinite(param->max);
	if ((param->min == 0 && param->max == 0) || (!below && !above))
		return NULL;
	const char *min = below ? bound(arena, param, param->min) : "", *max = above ? bound(arena, param, param->max) : "";
	if (!min || !max)
		return NULL;
	return below && above ? rmb_arena_printf(arena, "%s to %s", min, max)
	                      : rmb_arena_printf(arena, below ? "%s or more" : "%s or less", below ? min : max);
}

static int
check_range(const struct read *r, const struct rmb_tree *tree, double value, const char *written)
{
	const struct rmb_param *p = r->param;
	if ((p->min == 0 && p->max == 0) || (value >= p->min && value <= p->max))
		return 0;
	const char *allowed = rmb_param_range(r->arena, p);
	return refuse(r, tree, "of %.60s is out of range; allowed: %s", written, allowed ? allowed : "?");
}

/* ---- numbers */

static int
number(const struct read *r, const struct rmb_tree *tree, double *value)
{
	const char *unit = unit_of(r->param), *example = rmb_unit_example(unit);
	bool bare = strcmp(unit, "1") == 0;
	struct rmb_error error = { 0 };
	if (tree->kind != RMB_SCALAR || !*tree->text || (bare && tree->quoted))
		return refuse(r, tree, "expects %s; found %s", example, found(r, tree));
	if (rmb_quantity_parse(tree->text, unit, value, &error))
		return refuse(r, tree, "%s", error.text);
	*value += 0.0; /* one zero: -0 would be another key */
	return check_range(r, tree, *value, tree->text);
}

static int
whole(const struct read *r, const struct rmb_tree *tree, int64_t *value)
{
	struct rmb_error error = { 0 };
	long long n = 0;
	if (tree->kind != RMB_SCALAR || !*tree->text || tree->quoted)
		return refuse(r, tree, "expects a whole number, such as 5; found %s", found(r, tree));
	if (rmb_integer_parse(tree->text, &n, &error))
		return refuse(r, tree, "%s", error.text);
	*value = n;
	return check_range(r, tree, (double)n, tree->text);
}

static int
read_real(const struct read *r, const struct rmb_tree *tree, struct rmb_value *value)
{
	return number(r, tree, &value->real);
}

static json_t *
real_json(const struct rmb_value *value)
{
	return json_real(value->real);
}

static bool
real_back(struct rmb_arena *arena, const json_t *json, const json_t *files, struct rmb_value *value)
{
	(void)arena, (void)files;
	value->real = json_number_value(json);
	return json_is_number(json);
}

static void
real_store(void *field, const struct rmb_value *value)
{
	*(double *)field = value->none ? NAN : value->real;
}

static const char *
real_print(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value)
{
	char buffer[64];
	return rmb_arena_strdup(arena, rmb_quantity_print(value->real, unit_of(param), buffer, sizeof buffer));
}

static int
read_int(const struct read *r, const struct rmb_tree *tree, struct rmb_value *value)
{
	return whole(r, tree, &value->integer);
}

static json_t *
int_json(const struct rmb_value *value)
{
	return json_integer(value->integer);
}

static bool
int_back(struct rmb_arena *arena, const json_t *json, const json_t *files, struct rmb_value *value)
{
	(void)arena, (void)files;
	value->integer = json_integer_value(json);
	return json_is_integer(json);
}

static void
int_store(void *field, const struct rmb_value *value)
{
	*(int64_t *)field = value->none ? INT64_MIN : value->integer;
}

static const char *
int_print(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value)
{
	(void)param;
	return rmb_arena_printf(arena, "%lld", (long long)value->integer);
}

/* ---- flags and texts */

static int
read_flag(const struct read *r, const struct rmb_tree *tree, struct rmb_value *value)
{
	bool text = tree->kind == RMB_SCALAR && !tree->quoted;
	value->flag = text && strcmp(tree->text, "true") == 0;
	if (text && (value->flag || strcmp(tree->text, "false") == 0))
		return 0;
	return refuse(r, tree, "expects true or false; found %s", found(r, tree));
}

static json_t *
flag_json(const struct rmb_value *value)
{
	return json_boolean(value->flag);
}

static bool
flag_back(struct rmb_arena *arena, const json_t *json, const json_t *files, struct rmb_value *value)
{
	(void)arena, (void)files;
	value->flag = json_is_true(json);
	return json_is_boolean(json);
}

static void
flag_store(void *field, const struct rmb_value *value)
{
	*(bool *)field = value->flag;
}

static const char *
flag_print(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value)
{
	(void)arena, (void)param;
	return value->flag ? "true" : "false";
}

const char **
rmb_param_words(struct rmb_arena *arena, const struct rmb_param *param)
{
	int n = 1;
	for (const char *c = param->words; *c; c++)
		n += *c == '|';
	const char **word = rmb_arena_alloc(arena, (size_t)n + 1, sizeof *word);
	char *text = rmb_arena_strdup(arena, param->words);
	for (int i = 0; word && text && i < n; i++)
		word[i] = strsep(&text, "|");
	return word && word[0] ? word : NULL;
}

static int
read_word(const struct read *r, const struct rmb_tree *tree, struct rmb_value *value)
{
	const char **word = rmb_param_words(r->arena, r->param);
	if (!word)
		return nomem(r, tree);
	char list[512] = "";
	for (int i = 0; word[i]; i++) {
		if (tree->kind == RMB_SCALAR && strcmp(word[i], tree->text) == 0) {
			value->text = word[i];
			return 0;
		}
		size_t used = strlen(list);
		snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : word[i + 1] ? ", " : " or ", word[i]);
	}
	const char *near = tree->kind == RMB_SCALAR ? rmb_nearest(tree->text, word) : NULL;
	return refuse(r, tree, near ? "expects %s; found %s; did you mean '%s'?" : "expects %s; found %s", list, found(r, tree), near);
}

static int
read_string(const struct read *r, const struct rmb_tree *tree, struct rmb_value *value)
{
	if (tree->kind != RMB_SCALAR || (!*tree->text && !tree->quoted))
		return refuse(r, tree, "expects a text; found %s", found(r, tree));
	value->text = tree->text;
	return 0;
}

static json_t *
text_json(const struct rmb_value *value)
{
	return json_string(value->text);
}

static bool
text_back(struct rmb_arena *arena, const json_t *json, const json_t *files, struct rmb_value *value)
{
	(void)files;
	value->text = json_is_string(json) ? rmb_arena_strdup(arena, json_string_value(json)) : NULL;
	return value->text != NULL;
}

static void
text_store(void *field, const struct rmb_value *value)
{
	*(const char **)field = value->none ? NULL : value->text;
}

static const char *
text_print(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value)
{
	(void)arena, (void)param;
	return value->text;
}

static int
read_file(const struct read *r, const struct rmb_tree *tree, struct rmb_value *value)
{
	if (tree->kind != RMB_SCALAR || !*tree->text)
		return refuse(r, tree, "expects the path of a file; found %s", found(r, tree));
	value->text = tree->text;
	bool joined = *tree->text != '/' && r->base && *r->base && strcmp(r->base, ".") != 0;
	value->path = joined ? rmb_arena_printf(r->arena, "%s/%s", r->base, tree->text) : tree->text;
	return value->path ? 0 : nomem(r, tree);
}

static json_t *
file_json(const struct rmb_value *value)
{
	return value->sha256 ? json_string(value->sha256) : NULL;
}

static bool
file_back(struct rmb_arena *arena, const json_t *json, const json_t *files, struct rmb_value *value)
{
	const char *path = json_is_string(json) ? json_string_value(json_object_get(files, json_string_value(json))) : NULL;
	if (!path)
		return false;
	value->sha256 = rmb_arena_strdup(arena, json_string_value(json));
	value->path = value->text = rmb_arena_strdup(arena, path);
	return value->sha256 && value->path;
}

static void
file_store(void *field, const struct rmb_value *value)
{
	*(const char **)field = value->none ? NULL : value->path;
}

/* ---- ranges and lists */

static int
read_span(const struct read *r, const struct rmb_tree *tree, struct rmb_value *value)
{
	struct rmb_error error = { 0 };
	long long first = 0, last = 0;
	const char *dots = tree->kind == RMB_SCALAR ? strstr(tree->text, "..") : NULL;
	char *left = dots ? rmb_arena_strdup(r->arena, tree->text) : NULL;
	if (dots && !left)
		return nomem(r, tree);
	if (left)
		left[dots - tree->text] = '\0';
	if (!left || rmb_integer_parse(left, &first, &error) || rmb_integer_parse(dots + 2, &last, &error))
		return refuse(r, tree, "expects a range of whole numbers, such as 11..500; found %s", found(r, tree));
	if (first > last)
		return refuse(r, tree, "of %s ends before it begins", tree->text);
	value->range = (struct rmb_range){ first, last };
	int code = check_range(r, tree, (double)first, tree->text);
	return code ? code : check_range(r, tree, (double)last, tree->text);
}

static json_t *
span_json(const struct rmb_value *value)
{
	return json_pack("[I, I]", (json_int_t)value->range.first, (json_int_t)value->range.last);
}

static bool
span_back(struct rmb_arena *arena, const json_t *json, const json_t *files, struct rmb_value *value)
{
	(void)arena, (void)files;
	json_int_t first = 0, last = 0;
	bool fits = json_is_array(json) && json_unpack((json_t *)json, "[I, I!]", &first, &last) == 0;
	value->range = (struct rmb_range){ first, last };
	return fits;
}

static void
span_store(void *field, const struct rmb_value *value)
{
	*(struct rmb_range *)field = value->none ? (struct rmb_range){ INT64_MIN, INT64_MIN } : value->range;
}

static const char *
span_print(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value)
{
	(void)param;
	return rmb_arena_printf(arena, "%lld..%lld", (long long)value->range.first, (long long)value->range.last);
}

static int
read_ints(const struct read *r, const struct rmb_tree *tree, struct rmb_value *value)
{
	if (tree->kind != RMB_SEQUENCE)
		return refuse(r, tree, "expects a list of whole numbers, such as [0, 4, 7]; found %s", found(r, tree));
	int64_t *v = rmb_arena_alloc(r->arena, (size_t)tree->n, sizeof *v);
	int code = v ? 0 : nomem(r, tree);
	for (int i = 0; v && i < tree->n; i++) {
		int this = whole(r, tree->item[i], &v[i]);
		code = code ? code : this;
	}
	value->ints = (struct rmb_ints){ tree->n, v };
	return code;
}

static json_t *
ints_json(const struct rmb_value *value)
{
	json_t *list = json_array();
	for (int64_t i = 0; list && i < value->ints.n; i++)
		json_array_append_new(list, json_integer(value->ints.v[i]));
	return list;
}

static bool
ints_back(struct rmb_arena *arena, const json_t *json, const json_t *files, struct rmb_value *value)
{
	(void)files;
	size_t n = json_array_size(json);
	int64_t *v = rmb_arena_alloc(arena, n, sizeof *v);
	bool fits = v && json_is_array(json);
	for (size_t i = 0; fits && i < n; i++) {
		fits = json_is_integer(json_array_get(json, i));
		v[i] = json_integer_value(json_array_get(json, i));
	}
	value->ints = (struct rmb_ints){ (int64_t)n, v };
	return fits;
}

static void
ints_store(void *field, const struct rmb_value *value)
{
	*(struct rmb_ints *)field = value->none ? (struct rmb_ints){ -1, NULL } : value->ints;
}

enum { ITEMS_PRINTED = 8 };

static const char *
ints_print(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value)
{
	(void)param;
	const char *text = "[";
	int64_t n = value->ints.n < ITEMS_PRINTED ? value->ints.n : ITEMS_PRINTED;
	for (int64_t i = 0; text && i < n; i++)
		text = rmb_arena_printf(arena, "%s%s%lld", text, i ? ", " : "", (long long)value->ints.v[i]);
	if (text && n < value->ints.n)
		return rmb_arena_printf(arena, "%s, ...] (%lld in all)", text, (long long)value->ints.n);
	return text ? rmb_arena_printf(arena, "%s]", text) : NULL;
}

static int
read_reals(const struct read *r, const struct rmb_tree *tree, struct rmb_value *value)
{
	if (tree->kind != RMB_SEQUENCE)
		return refuse(r, tree, "expects a list in brackets, each %s; found %s", rmb_unit_example(unit_of(r->param)), found(r, tree));
	double *v = rmb_arena_alloc(r->arena, (size_t)tree->n, sizeof *v);
	int code = v ? 0 : nomem(r, tree);
	for (int i = 0; v && i < tree->n; i++) {
		int this = number(r, tree->item[i], &v[i]);
		code = code ? code : this;
	}
	value->reals = (struct rmb_reals){ tree->n, v };
	return code;
}

static json_t *
reals_json(const struct rmb_value *value)
{
	json_t *list = json_array();
	for (int64_t i = 0; list && i < value->reals.n; i++)
		json_array_append_new(list, json_real(value->reals.v[i]));
	return list;
}

static bool
reals_back(struct rmb_arena *arena, const json_t *json, const json_t *files, struct rmb_value *value)
{
	(void)files;
	size_t n = json_array_size(json);
	double *v = rmb_arena_alloc(arena, n, sizeof *v);
	bool fits = v && json_is_array(json);
	for (size_t i = 0; fits && i < n; i++) {
		fits = json_is_number(json_array_get(json, i));
		v[i] = json_number_value(json_array_get(json, i));
	}
	value->reals = (struct rmb_reals){ (int64_t)n, v };
	return fits;
}

static void
reals_store(void *field, const struct rmb_value *value)
{
	*(struct rmb_reals *)field = value->none ? (struct rmb_reals){ -1, NULL } : value->reals;
}

static const char *
reals_print(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value)
{
	const char *text = "[";
	int64_t n = value->reals.n < ITEMS_PRINTED ? value->reals.n : ITEMS_PRINTED;
	for (int64_t i = 0; text && i < n; i++) {
		char buffer[64];
		text = rmb_arena_printf(arena, "%s%s%s", text, i ? ", " : "", rmb_quantity_print(value->reals.v[i], unit_of(param), buffer, sizeof buffer));
	}
	if (text && n < value->reals.n)
		return rmb_arena_printf(arena, "%s, ...] (%lld in all)", text, (long long)value->reals.n);
	return text ? rmb_arena_printf(arena, "%s]", text) : NULL;
}

/* ---- the kinds */

struct kind {
	int (*read)(const struct read *r, const struct rmb_tree *tree, struct rmb_value *value);
	json_t *(*json)(const struct rmb_value *value);
	bool (*back)(struct rmb_arena *arena, const json_t *json, const json_t *files, struct rmb_value *value);
	void (*store)(void *field, const struct rmb_value *value);
	const char *(*print)(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value);
	bool any_text; /* any text is a value, so that a quoted "none" is that word */
};

static const struct kind kinds[] = {
	[RMB_REAL] = { read_real, real_json, real_back, real_store, real_print, false },
	[RMB_INT] = { read_int, int_json, int_back, int_store, int_print, false },
	[RMB_FLAG] = { read_flag, flag_json, flag_back, flag_store, flag_print, false },
	[RMB_WORD] = { read_word, text_json, text_back, text_store, text_print, false },
	[RMB_STRING] = { read_string, text_json, text_back, text_store, text_print, true },
	[RMB_FILE] = { read_file, file_json, file_back, file_store, text_print, true },
	[RMB_RANGE] = { read_span, span_json, span_back, span_store, span_print, false },
	[RMB_INTS] = { read_ints, ints_json, ints_back, ints_store, ints_print, false },
	[RMB_REALS] = { read_reals, reals_json, reals_back, reals_store, reals_print, false },
};

int
rmb_value_read(struct rmb_arena *arena, const char *owner, const struct rmb_param *param, const struct rmb_tree *tree,
               const char *base, struct rmb_value *value, struct rmb_mistakes *m)
{
	struct read r = { arena, owner, base, param, m };
	const struct kind *kind = &kinds[param->kind];
	*value = (struct rmb_value){ .place = tree->place };
	if (param->none && tree->kind == RMB_SCALAR && strcmp(tree->text, "none") == 0 && !(tree->quoted && kind->any_text)) {
		value->none = true;
		value->written = "none";
		return 0;
	}
	int code = kind->read(&r, tree, value);
	if (code == 0)
		value->written = tree->kind == RMB_SCALAR ? tree->text : kind->print(arena, param, value);
	return code == 0 && !value->written ? nomem(&r, tree) : code;
}

int
rmb_value_default(struct rmb_arena *arena, const struct rmb_param *param, struct rmb_value *value)
{
	assert(param->def);
	struct rmb_mistakes *m = rmb_mistakes_new(arena);
	struct rmb_tree scalar = { .kind = RMB_SCALAR, .text = param->def }, *tree = &scalar;
	if (m && *param->def == '[')
		tree = rmb_tree_parse(arena, "", param->def, strlen(param->def), m);
	int code = m && tree ? rmb_value_read(arena, param->name, param, tree, "", value, m) : RMB_ELIMIT;
	if (m && code == RMB_ERECIPE)
		rmb_mistakes_print(m, stderr, false);
	assert(code != RMB_ERECIPE);
	value->place = (struct rmb_place){ NULL, 0, 0 };
	value->written = param->def;
	return code;
}

json_t *
rmb_value_json(const struct rmb_param *param, const struct rmb_value *value)
{
	return value->none ? json_null() : kinds[param->kind].json(value);
}

int
rmb_value_from_json(struct rmb_arena *arena, const struct rmb_param *param, const json_t *json, const json_t *files,
                    struct rmb_value *value, struct rmb_error *error)
{
	*value = (struct rmb_value){ .none = param->none && json_is_null(json) };
	if (!json || (!value->none && !kinds[param->kind].back(arena, json, files, value)))
		return rmb_error_set(error, RMB_EINTERNAL, "the orders hold no usable value for '%s'", param->name);
	value->written = rmb_value_print(arena, param, value);
	return value->written ? 0 : rmb_error_nomem(error, "the settings of a stage");
}

void *
rmb_settings_make(struct rmb_arena *arena, const struct rmb_stage *stage, const struct rmb_value *values)
{
	char *settings = rmb_arena_alloc(arena, 1, stage->settings_size);
	for (int i = 0; settings && i < rmb_nparams(stage); i++)
		kinds[stage->params[i].kind].store(settings + stage->params[i].at, &values[i]);
	return settings;
}

const char *
rmb_value_print(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value)
{
	return value->none ? "none" : kinds[param->kind].print(arena, param, value);
}

int
rmb_nparams(const struct rmb_stage *stage)
{
	int n = 0;
	while (stage->params && stage->params[n].name)
		n++;
	return n;
}

int
rmb_param_index(const struct rmb_stage *stage, const char *name)
{
	for (int i = 0; stage->params && stage->params[i].name; i++)
		if (strcmp(stage->params[i].name, name) == 0)
			return i;
	return -1;
}

/* pipeline/settings_read.c -- a value from the text of a recipe: one row of `readers` a kind. What does not fit is refused in
 * a sentence that says what was found and what was expected. */
#include "pipeline/settings.h"
#include <assert.h>
#include <stdarg.h>
#include <string.h>
#include "rumble/units.h"

/* Who reads which parameter of which text, for the sentences. */
struct read {
	struct rmb_arena *arena;
	const char *owner, *base;
	const struct rmb_param *param;
	struct rmb_mistakes *m;
};

/* "svca2: spacing ": how every sentence about a setting begins. */
static int
refuse(const struct read *r, const struct rmb_tree *tree, const char *format, ...) RMB_PRINTF(3, 4);

static int
refuse(const struct read *r, const struct rmb_tree *tree, const char *format, ...)
{
	char text[1024];
	va_list args;
	if (tree->told)
		return RMB_ERECIPE;
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
	const char *text = rmb_arena_printf(r->arena, "%s'%.60s'%s", tree->quoted ? "the text " : "", tree->text,
	                                    strlen(tree->text) > 60 ? "..." : "");
	return text ? text : "?";
}

/* Long, so that 2^53 + 1 is not 2^53. */
static int
check_range(const struct read *r, const struct rmb_tree *tree, long double value, const char *written)
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
	const char *unit = rmb_param_unit(r->param), *example = rmb_unit_example(unit);
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
	return check_range(r, tree, n, tree->text);
}

static int
read_real(const struct read *r, const struct rmb_tree *tree, struct rmb_value *value)
{
	return number(r, tree, &value->real);
}

static int
read_int(const struct read *r, const struct rmb_tree *tree, struct rmb_value *value)
{
	return whole(r, tree, &value->integer);
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
	return refuse(r, tree, near ? "expects %s; found %s; did you mean '%s'?" : "expects %s; found %s", list,
	              found(r, tree), near);
}

static int
read_string(const struct read *r, const struct rmb_tree *tree, struct rmb_value *value)
{
	if (tree->kind != RMB_SCALAR || (!*tree->text && !tree->quoted))
		return refuse(r, tree, "expects a text; found %s", found(r, tree));
	value->text = tree->text;
	return 0;
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
	int code = check_range(r, tree, first, tree->text);
	return code ? code : check_range(r, tree, last, tree->text);
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

static int
read_reals(const struct read *r, const struct rmb_tree *tree, struct rmb_value *value)
{
	if (tree->kind != RMB_SEQUENCE)
		return refuse(r, tree, "expects a list in brackets, each %s; found %s",
		              rmb_unit_example(rmb_param_unit(r->param)), found(r, tree));
	double *v = rmb_arena_alloc(r->arena, (size_t)tree->n, sizeof *v);
	int code = v ? 0 : nomem(r, tree);
	for (int i = 0; v && i < tree->n; i++) {
		int this = number(r, tree->item[i], &v[i]);
		code = code ? code : this;
	}
	value->reals = (struct rmb_reals){ tree->n, v };
	return code;
}

/* ---- the kinds */

static const struct {
	int (*read)(const struct read *r, const struct rmb_tree *tree, struct rmb_value *value);
	bool any_text; /* any text is a value, so that a quoted "none" is that word */
} readers[] = {
	[RMB_REAL] = { read_real, false }, [RMB_INT] = { read_int, false }, [RMB_FLAG] = { read_flag, false },
	[RMB_WORD] = { read_word, false }, [RMB_STRING] = { read_string, true }, [RMB_FILE] = { read_file, true },
	[RMB_RANGE] = { read_span, false }, [RMB_INTS] = { read_ints, false }, [RMB_REALS] = { read_reals, false },
};

int
rmb_value_read(struct rmb_arena *arena, const char *owner, const struct rmb_param *param, const struct rmb_tree *tree,
               const char *base, struct rmb_value *value, struct rmb_mistakes *m)
{
	struct read r = { arena, owner, base, param, m };
	*value = (struct rmb_value){ .place = tree->place };
	if (param->none && tree->kind == RMB_SCALAR && strcmp(tree->text, "none") == 0 &&
	    !(tree->quoted && readers[param->kind].any_text)) {
		value->none = true;
		value->written = "none";
		return 0;
	}
	int code = readers[param->kind].read(&r, tree, value);
	if (code == 0)
		value->written = tree->kind == RMB_SCALAR ? tree->text : rmb_value_print(arena, param, value);
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

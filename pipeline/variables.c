/* pipeline/variables.c -- ${name} in the values of a recipe, from its vars. */
#include <string.h>
#include "pipeline/reading.h"

enum { MOST_EXPANDED = 1 << 20, DEEPEST = 64 };

struct expansion { struct rmb_reading *r; const char **name; size_t bytes; };

static void
check_vars(struct rmb_reading *r)
{
	for (int i = 0; i < r->vars.n; i++) {
		const struct rmb_item *var = &r->vars.item[i];
		if (!rmb_name_valid(var->key->text))
			rmb_mistake(r->m, RMB_ERECIPE, var->key->place,
			            "'%s' cannot name a variable: a letter, then letters, digits, '_' and '-'",
			            var->key->text);
		if (var->value->kind != RMB_SCALAR)
			rmb_mistake(r->m, RMB_ERECIPE, var->value->place, "vars: %s expects one text or number; found %s",
			            var->key->text, rmb_tree_kind_name(var->value));
		else if (strstr(var->value->text, "${"))
			rmb_mistake(r->m, RMB_ERECIPE, var->value->place,
			            "vars: %s refers to another variable, which vars cannot do", var->key->text);
	}
}

/* The variable named in "${name}" at `at`; *length gets the characters of that. NULL: told. */
static const struct rmb_tree *
variable(struct expansion *e, const struct rmb_tree *tree, const char *at, size_t *length)
{
	struct rmb_reading *r = e->r;
	const char *end = strchr(at, '}');
	char name[RMB_NAME_MAX] = "";
	*length = end ? (size_t)(end - at) + 1 : strlen(at);
	if (end && *length - 3 < sizeof name)
		memcpy(name, at + 2, *length - 3);
	const struct rmb_item *item = end ? rmb_items_find(&r->vars, name) : NULL;
	if (item && item->value->kind == RMB_SCALAR)
		return item->value;
	if (!end)
		rmb_mistake(r->m, RMB_ERECIPE, tree->place, "'${' without '}'; write $${ for the characters themselves");
	else if (!item)
		rmb_mistake(r->m, RMB_ERECIPE, tree->place, "there is no variable '%s'%s", name,
		            e->name && *name ? rmb_did_you_mean(r, name, e->name) : "");
	return NULL;
}

/* The text as it stands, which is wrong. */
static const struct rmb_tree *
unexpanded(struct expansion *e, const struct rmb_tree *tree)
{
	struct rmb_tree *told = rmb_arena_copy(e->r->arena, tree, 1, sizeof *tree);
	if (!told) {
		rmb_reading_nomem(e->r);
		return tree;
	}
	told->told = true;
	return told;
}

/* "$${" stands for "${". A text that is one variable and nothing else is what the variable is: a number, say. */
static const struct rmb_tree *
expand_scalar(struct expansion *e, const struct rmb_tree *tree)
{
	struct rmb_reading *r = e->r;
	const char *text = "", *at = tree->text, *dollar;
	bool quoted = tree->quoted;
	while (text && (dollar = strstr(at, "${"))) {
		size_t length;
		if (dollar > at && dollar[-1] == '$') {
			text = rmb_arena_printf(r->arena, "%s%.*s${", text, (int)(dollar - at - 1), at);
			at = dollar + 2;
			continue;
		}
		const struct rmb_tree *value = variable(e, tree, dollar, &length);
		if (!value)
			return unexpanded(e, tree);
		if (dollar == tree->text && dollar[length] == '\0')
			quoted = value->quoted;
		text = rmb_arena_printf(r->arena, "%s%.*s%s", text, (int)(dollar - at), at, value->text);
		e->bytes += text ? strlen(text) : 0;
		if (e->bytes > MOST_EXPANDED) {
			rmb_mistake(r->m, RMB_ERECIPE, tree->place, "variables expand to more than 1 MiB of text");
			return unexpanded(e, tree);
		}
		at = dollar + length;
	}
	struct rmb_tree *expanded = rmb_arena_copy(r->arena, tree, 1, sizeof *tree);
	text = text ? rmb_arena_printf(r->arena, "%s%s", text, at) : NULL;
	if (!expanded || !text) {
		rmb_reading_nomem(r);
		return tree;
	}
	expanded->text = text;
	expanded->quoted = quoted;
	return expanded;
}

static const struct rmb_tree *
expand(struct expansion *e, const struct rmb_tree *tree, int depth)
{
	if (!tree || e->bytes > MOST_EXPANDED || depth == DEEPEST)
		return tree;
	if (tree->kind == RMB_SCALAR)
		return strstr(tree->text, "${") ? expand_scalar(e, tree) : tree;
	struct rmb_tree **item = NULL;
	for (int i = 0; i < tree->n; i++) {
		const struct rmb_tree *new = expand(e, tree->item[i], depth + 1);
		if (new == tree->item[i])
			continue;
		if (!item && !(item = rmb_arena_copy(e->r->arena, tree->item, (size_t)tree->n, sizeof *item))) {
			rmb_reading_nomem(e->r);
			return tree;
		}
		item[i] = (struct rmb_tree *)new;
	}
	struct rmb_tree *copy = item ? rmb_arena_copy(e->r->arena, tree, 1, sizeof *tree) : NULL;
	if (item && !copy)
		rmb_reading_nomem(e->r);
	if (!copy)
		return tree;
	copy->item = item;
	return copy;
}

static void
expand_items(struct expansion *e, struct rmb_items *items)
{
	for (int i = 0; i < items->n; i++)
		items->item[i].value = expand(e, items->item[i].value, 0);
}

void
rmb_reading_variables(struct rmb_reading *r)
{
	struct expansion e = { r, rmb_arena_alloc(r->arena, (size_t)r->vars.n + 1, sizeof(char *)), 0 };
	for (int i = 0; e.name && i < r->vars.n; i++)
		e.name[i] = r->vars.item[i].key->text;
	check_vars(r);
	r->title = expand(&e, r->title, 0);
	r->seed = expand(&e, r->seed, 0);
	r->report = expand(&e, r->report, 0);
	for (int i = 0; i < r->nset; i++)
		r->set[i].value = expand(&e, r->set[i].value, 0);
	expand_items(&e, &r->stages);
	expand_items(&e, &r->recordings);
}

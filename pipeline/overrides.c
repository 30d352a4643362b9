/* pipeline/overrides.c -- what changes a recipe without editing it: --set NAME=VALUE, and ${name} from vars.
 *
 * An assignment is text as one would write it at that place of the recipe (a list and {by: ...} too), relative paths
 * included. The text of --set is shown like a file of that name, one assignment a line, so mistakes in it point as well. */
#include <string.h>
#include "pipeline/reading.h"

enum { MOST_EXPANDED = 1 << 20, DEEPEST = 64 };

/* ---- --set */

static const char *const sections[] = { "title", "seed", "report", "vars", "stages", "recordings", NULL };

static int
characters(const char *text, size_t length)
{
	int n = 0;
	for (size_t i = 0; i < length; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

/* The value as a tree. The text before it becomes blanks, so that every place in it is right by itself. */
static const struct rmb_tree *
parse_value(struct rmb_reading *r, const char *text, int number)
{
	const char *value = strchr(text, '=') + 1;
	int before = characters(text, (size_t)(value - text));
	size_t length = (size_t)(number - 1 + before) + strlen(value);
	char *padded = rmb_arena_alloc(r->arena, length + 1, 1);
	if (!padded) {
		rmb_reading_nomem(r);
		return NULL;
	}
	memset(padded, '\n', (size_t)(number - 1));
	memset(padded + number - 1, ' ', (size_t)before);
	strcpy(padded + number - 1 + before, value);
	if (value[strspn(value, " ")] != '\0')
		return rmb_tree_parse(r->arena, "--set", padded, length, r->m);
	struct rmb_tree *empty = rmb_arena_alloc(r->arena, 1, sizeof *empty);
	if (!empty)
		rmb_reading_nomem(r);
	else
		*empty = (struct rmb_tree){ .kind = RMB_SCALAR, .place = { "--set", number, before + 1 }, .text = "",
		                            .quoted = true };
	return empty;
}

static struct rmb_tree *
key_tree(struct rmb_reading *r, const char *text, struct rmb_place place)
{
	struct rmb_tree *key = rmb_arena_alloc(r->arena, 1, sizeof *key);
	if (!key)
		rmb_reading_nomem(r);
	else
		*key = (struct rmb_tree){ .kind = RMB_SCALAR, .place = place, .text = text };
	return key;
}

/* "NAME.KEY" of a recording, whose name may hold dots: the last dot counts, or the one before ".labels.". */
static char *
end_of_recording(char *path)
{
	char *labels = strstr(path, ".labels.");
	return labels ? labels : strrchr(path, '.');
}

/* Splits "stages.svca2.spacing" into section, name and keys. False: a mistake was told. */
static bool
split(struct rmb_reading *r, char *path, struct rmb_assignment *a)
{
	char *rest = strchr(path, '.'), *start = path;
	if (rest)
		*rest++ = '\0';
	a->section = path;
	int known = 0;
	while (sections[known] && strcmp(sections[known], path) != 0)
		known++;
	if (!sections[known] || (known >= 2 && !rest) || (known < 2 && rest)) {
		rmb_mistake(r->m, RMB_ERECIPE, a->place,
		            "--set knows title, seed, report.output, vars.NAME, stages.NAME.KEY and recordings.NAME.KEY; "
		            "found '%s%s%s'",
		            path, rest ? "." : "", rest ? rest : "");
		return false;
	}
	bool named = known >= 3;
	a->name = named ? rest : NULL;
	if (known == 4)
		rest = strchr(rest, '.');
	else if (known == 5)
		rest = end_of_recording(rest);
	else if (known == 3)
		rest = NULL;
	if (named && rest)
		*rest++ = '\0';
	if (known >= 4 && !rest) {
		rmb_mistake(r->m, RMB_ERECIPE, a->place, "--set %s.%s needs the key to set, as in %s.%s.KEY=VALUE", path,
		            a->name, path, a->name);
		return false;
	}
	for (char *next = rest; next; ) {
		char *word = next;
		if ((next = strchr(word, '.')))
			*next++ = '\0';
		struct rmb_place place = a->place;
		place.column += characters(start, (size_t)(word - start));
		if (a->nkeys == (int)(sizeof a->key / sizeof *a->key) || !*word) {
			rmb_mistake(r->m, RMB_ERECIPE, place, "--set: this path is too deep or has an empty part");
			return false;
		}
		if (!(a->key[a->nkeys++] = key_tree(r, word, place)))
			return false;
	}
	return true;
}

static bool
parse_assignment(struct rmb_reading *r, const char *text, int number, struct rmb_assignment *a)
{
	const char *equals = strchr(text, '=');
	*a = (struct rmb_assignment){ .place = { "--set", number, 1 } };
	if (!equals || equals == text || strpbrk(text, "\n\r")) {
		rmb_mistake(r->m, RMB_ERECIPE, a->place,
		            "--set expects NAME=VALUE on one line, such as stages.svca2.spacing=40um");
		return false;
	}
	char *path = rmb_arena_strdup(r->arena, text);
	if (!path) {
		rmb_reading_nomem(r);
		return false;
	}
	path[equals - text] = '\0';
	return split(r, path, a) && (a->value = parse_value(r, text, number));
}

/* Where a mapping has a key that holds dots, as `frames.width` under `vary`, keys from i on may be that one. */
static void
join_keys(struct rmb_reading *r, const struct rmb_tree *map, struct rmb_assignment *a, int i)
{
	const char *text = a->key[i]->text;
	for (int k = i + 1; text && k < a->nkeys; k++)
		text = rmb_arena_printf(r->arena, "%s.%s", text, a->key[k]->text);
	struct rmb_tree *key = text && map && map->kind == RMB_MAPPING && rmb_tree_get(map, text)
	                       ? key_tree(r, text, a->key[i]->place)
	                       : NULL;
	if (!key)
		return;
	a->key[i] = key;
	a->nkeys = i + 1;
}

const struct rmb_tree *
rmb_assigned(struct rmb_reading *r, const struct rmb_tree *tree, struct rmb_assignment *a)
{
	const struct rmb_tree *value = a->value;
	const struct rmb_tree *way[8] = { tree };
	a->used = true;
	for (int i = 0; i < a->nkeys; i++) {
		if (way[i] && way[i]->kind != RMB_MAPPING) {
			rmb_mistake(r->m, RMB_ERECIPE, a->key[i]->place,
			            "there is no '%s' to set: %s stands here, not a mapping", a->key[i]->text,
			            rmb_tree_kind_name(way[i]));
			return tree;
		}
		join_keys(r, way[i], a, i);
		if (i + 1 < a->nkeys)
			way[i + 1] = way[i] ? rmb_tree_get(way[i], a->key[i]->text) : NULL;
	}
	for (int i = a->nkeys - 1; i >= 0; i--) {
		const struct rmb_tree *old = way[i];
		int n = old ? old->n : 0, at = 0;
		struct rmb_tree *map = rmb_arena_alloc(r->arena, 1, sizeof *map);
		struct rmb_tree **item = rmb_arena_alloc(r->arena, (size_t)n + 1, sizeof *item),
		                **key = rmb_arena_alloc(r->arena, (size_t)n + 1, sizeof *key);
		if (!map || !item || !key) {
			rmb_reading_nomem(r);
			return tree;
		}
		*map = (struct rmb_tree){ .kind = RMB_MAPPING, .place = old ? old->place : a->place, .text = "", .n = n,
		                          .item = item, .key = key };
		for (int k = 0; k < n; k++) {
			item[k] = old->item[k];
			key[k] = old->key[k];
		}
		while (at < n && strcmp(key[at]->text, a->key[i]->text) != 0)
			at++;
		map->n = at == n ? n + 1 : n;
		key[at] = at == n ? a->key[i] : key[at];
		item[at] = (struct rmb_tree *)value;
		value = map;
	}
	return value;
}

static void
assign_item(struct rmb_reading *r, struct rmb_items *items, struct rmb_assignment *a)
{
	struct rmb_item *item = rmb_items_find(items, a->name);
	const char **name = rmb_arena_alloc(r->arena, (size_t)items->n + 1, sizeof *name);
	for (int i = 0; name && i < items->n; i++)
		name[i] = items->item[i].key->text;
	if (item)
		item->value = rmb_assigned(r, item->value, a);
	else
		rmb_mistake(r->m, RMB_ERECIPE, a->place, "the recipe has nothing named '%s' under %s%s", a->name, a->section,
		            name ? rmb_did_you_mean(r, a->name, name) : "");
}

/* ---- vars */

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

static void
expand_all(struct rmb_reading *r)
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

/* ---- both, in order: variables can be set, and what is set may use variables */

static void
read_assignments(struct rmb_reading *r, const char *const *set, int nset)
{
	const char *all = "";
	for (int i = 0; all && i < nset; i++)
		all = rmb_arena_printf(r->arena, "%s%s\n", all, set[i]);
	r->set = rmb_arena_alloc(r->arena, (size_t)nset, sizeof *r->set);
	if (!all || !r->set) {
		rmb_reading_nomem(r);
		return;
	}
	rmb_mistakes_source(r->m, "--set", all, strlen(all));
	for (int i = 0; i < nset; i++)
		r->nset += parse_assignment(r, set[i], i + 1, &r->set[r->nset]);
}

void
rmb_reading_overrides(struct rmb_reading *r, const char *const *set, int nset)
{
	if (nset > 0)
		read_assignments(r, set, nset);
	for (int i = 0; i < r->nset; i++)
		if (strcmp(r->set[i].section, "vars") == 0)
			assign_item(r, &r->vars, &r->set[i]);
	expand_all(r);
	for (int i = 0; i < r->nset; i++) {
		struct rmb_assignment *a = &r->set[i];
		if (strcmp(a->section, "stages") == 0)
			assign_item(r, &r->stages, a);
		else if (strcmp(a->section, "title") == 0)
			r->title = rmb_assigned(r, r->title, a);
		else if (strcmp(a->section, "seed") == 0)
			r->seed = rmb_assigned(r, r->seed, a);
		else if (strcmp(a->section, "report") == 0)
			r->report = rmb_assigned(r, r->report, a);
	}
}

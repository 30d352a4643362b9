/* pipeline/overrides.c -- what changes a recipe without editing it: --set NAME=VALUE.
 *
 * An assignment is text as one would write it at that place of the recipe (a list and {by: ...} too), relative paths
 * included. The text of --set is shown like a file of that name, one assignment a line, so mistakes in it point as well. */
#include <string.h>
#include "pipeline/reading.h"

/* What can be set: a section of the recipe, and what must follow it. */
static const struct section { const char *name; bool named, keyed; } sections[] = {
	{ "title", false, false }, { "seed", false, false }, { "report", false, true },
	{ "vars", true, false },   { "stages", true, true }, { "recordings", true, true },
};

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

static const struct section *
find_section(const char *name)
{
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
		if (strcmp(sections[i].name, name) == 0)
			return &sections[i];
	return NULL;
}

/* "a.b.c" into keys; `start` is where the path begins. False: a mistake was told. */
static bool
split_keys(struct rmb_reading *r, const char *start, char *keys, struct rmb_assignment *a)
{
	for (char *next = keys; next;) {
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

/* What a path without its section was meant to be, as a question; "" if nothing in the recipe is called so. */
static const char *
meant(struct rmb_reading *r, const char *name, const char *rest)
{
	bool entry = rest && rmb_items_find(&r->stages, name), variable = !rest && rmb_items_find(&r->vars, name);
	const char *text = entry || variable ? rmb_arena_printf(r->arena, "; did you mean '%s.%s%s%s'?", entry ? "stages" : "vars", name,
	                                                        rest ? "." : "", rest ? rest : "")
	                                     : "";
	return text ? text : "";
}

/* Splits "stages.svca2.spacing" into section, name and keys. False: a mistake was told. */
static bool
split(struct rmb_reading *r, char *path, struct rmb_assignment *a)
{
	char *rest = strchr(path, '.');
	if (rest)
		*rest++ = '\0';
	const struct section *section = find_section(path);
	if (!section || (section->named || section->keyed) != (rest != NULL)) {
		rmb_mistake(r->m, RMB_ERECIPE, a->place,
		            "--set knows title, seed, report.output, vars.NAME, stages.NAME.KEY and recordings.NAME.KEY; "
		            "found '%s%s%s'%s",
		            path, rest ? "." : "", rest ? rest : "", meant(r, path, rest));
		return false;
	}
	a->section = section->name;
	if (section->named) {
		a->name = rest;
		rest = !section->keyed ? NULL : strcmp(path, "recordings") == 0 ? end_of_recording(rest) : strchr(rest, '.');
		if (rest)
			*rest++ = '\0';
	}
	if (section->keyed && !rest) {
		rmb_mistake(r->m, RMB_ERECIPE, a->place, "--set %s.%s needs the key to set, as in %s.%s.KEY=VALUE", path,
		            a->name, path, a->name);
		return false;
	}
	return split_keys(r, path, rest, a);
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
	rmb_reading_variables(r);
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

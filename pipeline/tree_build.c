/* pipeline/tree_build.c -- nodes put where they stand: items into lists, keys and values into mappings, each key once. A key
 * or value that is no good is told and left out, so that the rest can still be read. */
#include <stdlib.h>
#include <string.h>
#include "pipeline/tree_inside.h"

struct rmb_tree_node *
rmb_tree_make(struct rmb_tree_reader *r, enum rmb_tree_kind kind, yaml_mark_t mark)
{
	struct rmb_tree_node *node = rmb_arena_alloc(r->arena, 1, sizeof *node);
	if (!node) {
		rmb_tree_nomem(r);
		return NULL;
	}
	node->tree.kind = kind;
	node->tree.place = rmb_tree_at(r, mark);
	node->tree.text = "";
	node->size = node->height = 1;
	return node;
}

static int
add(struct rmb_tree_reader *r, struct rmb_tree *parent, struct rmb_tree *key, struct rmb_tree *item)
{
	struct rmb_tree **keys = rmb_arena_room(r->arena, parent->key, (size_t)parent->n, sizeof *keys);
	struct rmb_tree **items = rmb_arena_room(r->arena, parent->item, (size_t)parent->n, sizeof *items);
	if (!keys || !items)
		return rmb_tree_nomem(r);
	parent->key = keys;
	parent->item = items;
	parent->key[parent->n] = key;
	parent->item[parent->n++] = item;
	return 0;
}

/* A key is a text; merge keys are not in our language. Sets what to do with the value that follows. */
static void
take_key(struct rmb_tree_reader *r, struct rmb_tree_node *key, struct rmb_place place)
{
	int top = r->depth - 1;
	r->key[top] = &key->tree;
	r->skip[top] = true;
	if (key->tree.kind != RMB_SCALAR)
		rmb_mistake(r->m, RMB_ERECIPE, place, "a key must be a text; found %s", rmb_tree_kind_name(&key->tree));
	else if (!key->tree.quoted && strcmp(key->tree.text, "<<") == 0)
		rmb_mistake(r->m, RMB_ERECIPE, place, "merge keys (<<) are not part of the recipe language; use vars or include");
	else if (!*key->tree.text)
		rmb_mistake(r->m, RMB_ERECIPE, place, "a key is missing before ':'");
	else
		r->skip[top] = false;
}

int
rmb_tree_place(struct rmb_tree_reader *r, struct rmb_tree_node *node, struct rmb_place place)
{
	if (r->depth == 0) {
		r->root = node;
		return 0;
	}
	int top = r->depth - 1;
	struct rmb_tree_node *parent = r->stack[top];
	if (parent->tree.kind == RMB_MAPPING && !r->key[top]) {
		take_key(r, node, place);
		return 0;
	}
	struct rmb_tree *key = r->key[top];
	r->key[top] = NULL;
	if (parent->tree.kind == RMB_MAPPING && r->skip[top])
		return 0;
	if (key && !key->quoted && strchr(key->text, ':') && node->tree.kind == RMB_SCALAR && !node->tree.quoted &&
	    !*node->tree.text) {
		rmb_mistake(r->m, RMB_ERECIPE, key->place, "a blank is missing after the ':' in '%s'", key->text);
		return 0;
	}
	return add(r, &parent->tree, key, &node->tree);
}

int
rmb_tree_leave_out(struct rmb_tree_reader *r, yaml_mark_t mark)
{
	int top = r->depth - 1;
	if (top >= 0 && r->stack[top]->tree.kind == RMB_MAPPING && !r->key[top]) {
		struct rmb_tree_node *nothing = rmb_tree_make(r, RMB_SCALAR, mark);
		if (!nothing)
			return RMB_ELIMIT;
		r->key[top] = &nothing->tree;
		r->skip[top] = true;
	} else if (top >= 0) {
		r->key[top] = NULL;
	}
	return 0;
}

struct entry { const struct rmb_tree *key; int index; };

static int
by_text(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = strcmp(a->key->text, b->key->text);
	return order ? order : a->index - b->index;
}

int
rmb_tree_drop_duplicates(struct rmb_tree_reader *r, struct rmb_tree *map)
{
	struct entry *entry = rmb_arena_alloc(r->arena, (size_t)map->n, sizeof *entry);
	if (!entry)
		return rmb_tree_nomem(r);
	for (int i = 0; i < map->n; i++)
		entry[i] = (struct entry){ map->key[i], i };
	qsort(entry, (size_t)map->n, sizeof *entry, by_text);
	for (int i = 1, first = 0; i < map->n; i++) {
		if (strcmp(entry[i].key->text, entry[first].key->text) != 0) {
			first = i;
			continue;
		}
		rmb_mistake(r->m, RMB_ERECIPE, entry[i].key->place,
		            "duplicate key '%s': it stands at line %d already, and again at line %d", entry[i].key->text,
		            entry[first].key->place.line, entry[i].key->place.line);
		map->item[entry[i].index] = NULL;
	}
	int kept = 0;
	for (int i = 0; i < map->n; i++) {
		map->key[kept] = map->key[i];
		map->item[kept] = map->item[i];
		kept += map->item[i] != NULL;
	}
	map->n = kept;
	return 0;
}

/* pipeline/tree.c -- YAML text as a tree, from libyaml's events.
 *
 * libyaml has no limits of its own (100,000 open brackets keep it busy for minutes, an alias bomb for ever) and accepts things
 * that each need a decision: duplicate keys, several documents, NUL characters, tags, merge keys, UTF-16. The decisions:
 * all of them are mistakes, told with their place. Text and encoding are looked at before the parser sees them; depth and
 * numbers are counted as events arrive, so that a hostile text is left at the event that passes a limit. Scalars stay text:
 * what they mean is decided by whoever knows what was expected there. */
#include <string.h>
#include "pipeline/tree_inside.h"

enum { MOST_TEXT = 1 << 20, MOST_NODES = 10000 };

struct rmb_place
rmb_tree_at(const struct rmb_tree_reader *r, yaml_mark_t mark)
{
	return (struct rmb_place){ r->file, (int)mark.line + 1, (int)mark.column + 1 };
}

int
rmb_tree_nomem(struct rmb_tree_reader *r)
{
	rmb_mistake(r->m, RMB_ELIMIT, (struct rmb_place){ r->file, 0, 0 }, "out of memory while reading");
	return RMB_ELIMIT;
}

/* ---- limits */

static int
too_much(struct rmb_tree_reader *r, struct rmb_place place, const char *what, int limit)
{
	rmb_mistake(r->m, RMB_ERECIPE, place, "%s; the limit is %d", what, limit);
	return RMB_ERECIPE;
}

static int
count_up(struct rmb_tree_reader *r, int more, struct rmb_place place, bool alias)
{
	r->nodes += more;
	if (r->nodes > MOST_NODES)
		return too_much(r, place, alias ? "aliases expand to too many values" : "too many values", MOST_NODES);
	return 0;
}

static int
anchor(struct rmb_tree_reader *r, const yaml_char_t *name, struct rmb_tree_node *node)
{
	if (!name)
		return 0;
	if (r->nanchors == RMB_TREE_ANCHORS)
		return too_much(r, node->tree.place, "too many anchors", RMB_TREE_ANCHORS);
	r->anchor[r->nanchors] = (struct rmb_tree_anchor){ rmb_arena_strdup(r->arena, (const char *)name), node };
	return r->anchor[r->nanchors++].name ? 0 : rmb_tree_nomem(r);
}

/* Tags are how other programs are made to run code; ours means nothing by them. */
static void
refuse_tag(struct rmb_tree_reader *r, const yaml_char_t *tag, struct rmb_tree *tree)
{
	tree->told = tag != NULL;
	if (tag)
		rmb_mistake(r->m, RMB_ERECIPE, tree->place, "tag not allowed: '%s'; recipes hold plain values only", (const char *)tag);
}

/* ---- events */

/* What YAML's core schema reads as nothing at all. */
static bool
is_null(const char *text)
{
	static const char *const spelling[] = { "~", "null", "Null", "NULL" };
	for (size_t i = 0; i < sizeof spelling / sizeof *spelling; i++)
		if (strcmp(text, spelling[i]) == 0)
			return true;
	return false;
}

static int
on_scalar(struct rmb_tree_reader *r, const yaml_event_t *event)
{
	struct rmb_tree_node *node = rmb_tree_make(r, RMB_SCALAR, event->start_mark);
	if (!node)
		return RMB_ELIMIT;
	const char *value = (const char *)event->data.scalar.value;
	refuse_tag(r, event->data.scalar.tag, &node->tree);
	node->tree.text = rmb_arena_strdup(r->arena, value);
	node->tree.quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (!node->tree.text)
		return rmb_tree_nomem(r);
	if (!node->tree.quoted && is_null(value))
		node->tree.text = "";
	if (strlen(value) != event->data.scalar.length)
		rmb_mistake(r->m, RMB_ERECIPE, node->tree.place, "a NUL character inside a text");
	int code = count_up(r, 1, node->tree.place, false);
	code = code ? code : anchor(r, event->data.scalar.anchor, node);
	return code ? code : rmb_tree_place(r, node, node->tree.place);
}

static int
on_begin(struct rmb_tree_reader *r, const yaml_event_t *event, enum rmb_tree_kind kind, const yaml_char_t *name,
         const yaml_char_t *tag)
{
	struct rmb_tree_node *node = rmb_tree_make(r, kind, event->start_mark);
	if (!node)
		return RMB_ELIMIT;
	refuse_tag(r, tag, &node->tree);
	if (r->depth == RMB_TREE_DEPTH)
		return too_much(r, node->tree.place, "nesting is too deep", RMB_TREE_DEPTH);
	int code = count_up(r, 1, node->tree.place, false);
	code = code ? code : anchor(r, name, node);
	code = code ? code : rmb_tree_place(r, node, node->tree.place);
	if (code)
		return code;
	node->open = true;
	r->key[r->depth] = NULL;
	r->skip[r->depth] = false;
	r->stack[r->depth++] = node;
	return 0;
}

static int
on_end(struct rmb_tree_reader *r)
{
	struct rmb_tree_node *node = r->stack[--r->depth];
	node->open = false;
	for (int i = 0; i < node->tree.n; i++) {
		const struct rmb_tree_node *child = (const struct rmb_tree_node *)node->tree.item[i];
		node->size += child->size;
		node->height = child->height + 1 > node->height ? child->height + 1 : node->height;
	}
	return node->tree.kind == RMB_MAPPING && node->tree.n > 1 ? rmb_tree_drop_duplicates(r, &node->tree) : 0;
}

static int
on_alias(struct rmb_tree_reader *r, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct rmb_place place = rmb_tree_at(r, event->start_mark);
	struct rmb_tree_node *node = NULL;
	for (int i = r->nanchors - 1; i >= 0 && !node; i--)
		if (strcmp(r->anchor[i].name, name) == 0)
			node = r->anchor[i].node;
	if (node && !node->open) {
		if (r->depth + node->height > RMB_TREE_DEPTH)
			return too_much(r, place, "nesting is too deep when aliases are expanded", RMB_TREE_DEPTH);
		int code = count_up(r, node->size, place, true);
		return code ? code : rmb_tree_place(r, node, place);
	}
	if (node)
		rmb_mistake(r->m, RMB_ERECIPE, place, "alias '*%s' refers to itself: it stands inside what it names", name);
	else
		rmb_mistake(r->m, RMB_ERECIPE, place, "unknown alias '*%s'; nothing above is marked '&%s'", name, name);
	return rmb_tree_leave_out(r, event->start_mark);
}

/* One event; 1: the stream has ended. */
static int
on_event(struct rmb_tree_reader *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(r, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_begin(r, event, RMB_SEQUENCE, event->data.sequence_start.anchor, event->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return on_begin(r, event, RMB_MAPPING, event->data.mapping_start.anchor, event->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_end(r);
	case YAML_ALIAS_EVENT:
		return on_alias(r, event);
	case YAML_DOCUMENT_START_EVENT:
		if (!r->root)
			return 0;
		rmb_mistake(r->m, RMB_ERECIPE, rmb_tree_at(r, event->start_mark),
		            "a second document begins here; a recipe is one document");
		return 1;
	default:
		return event->type == YAML_STREAM_END_EVENT;
	}
}

static bool
read_events(struct rmb_tree_reader *r)
{
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)r->text, r->length);
	for (int code = 0; code == 0;) {
		yaml_event_t event;
		if (!yaml_parser_parse(&r->parser, &event)) {
			rmb_tree_syntax(r);
			return false;
		}
		code = on_event(r, &event);
		yaml_event_delete(&event);
		if (code < 0)
			return false;
	}
	if (!r->root)
		rmb_mistake(r->m, RMB_ERECIPE, (struct rmb_place){ r->file, 1, 1 },
		            "empty recipe: nothing but blanks and comments");
	return r->root != NULL;
}

/* ---- the whole */

struct rmb_tree *
rmb_tree_parse(struct rmb_arena *arena, const char *file, const char *text, size_t length, struct rmb_mistakes *m)
{
	struct rmb_tree_reader *r = rmb_arena_alloc(arena, 1, sizeof *r);
	if (!r) {
		rmb_mistake(m, RMB_ELIMIT, (struct rmb_place){ file, 0, 0 }, "out of memory while reading");
		return NULL;
	}
	r->arena = arena;
	r->m = m;
	r->file = file;
	bool marked = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0; /* a byte order mark in UTF-8 says nothing */
	r->text = text + (marked ? 3 : 0);
	r->length = length - (marked ? 3 : 0);
	if (rmb_tree_check_kind(r))
		return NULL;
	if (length > MOST_TEXT) {
		rmb_mistake(m, RMB_ERECIPE, (struct rmb_place){ file, 0, 0 },
		            "longer than 1 MiB, which is the limit for a recipe");
		return NULL;
	}
	if (rmb_tree_check_text(r))
		return NULL;
	if (!yaml_parser_initialize(&r->parser)) {
		rmb_tree_nomem(r);
		return NULL;
	}
	bool whole = read_events(r);
	yaml_parser_delete(&r->parser);
	return whole ? &r->root->tree : NULL;
}

struct rmb_tree *
rmb_tree_get(const struct rmb_tree *mapping, const char *key)
{
	if (mapping->kind != RMB_MAPPING)
		return NULL;
	for (int i = 0; i < mapping->n; i++)
		if (strcmp(mapping->key[i]->text, key) == 0)
			return mapping->item[i];
	return NULL;
}

const char *
rmb_tree_kind_name(const struct rmb_tree *tree)
{
	static const char *const name[] = { [RMB_SCALAR] = "a text", [RMB_SEQUENCE] = "a list", [RMB_MAPPING] = "a mapping" };
	return tree->kind == RMB_SCALAR && !*tree->text ? "nothing" : name[tree->kind];
}

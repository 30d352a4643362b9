/* pipeline/tree.c -- YAML text as a tree, from libyaml's events.
 *
 * libyaml has no limits of its own (100,000 open brackets keep it busy for minutes, an alias bomb for ever) and accepts things
 * that each need a decision: duplicate keys, several documents, NUL characters, tags, merge keys, UTF-16. The decisions:
 * all of them are mistakes, told with their place. Text and encoding are looked at before the parser sees them; depth and
 * numbers are counted as events arrive, so that a hostile text is left at the event that passes a limit. Scalars stay text:
 * what they mean is decided by whoever knows what was expected there. */
#include "pipeline/tree.h"
#include <stdlib.h>
#include <string.h>
#include <yaml.h>
#include "pipeline/text.h"

enum { MOST_TEXT = 1 << 20, MOST_DEPTH = 32, MOST_NODES = 10000, MOST_ANCHORS = 1000 };

struct node {                /* a tree and what its reader alone needs to know */
	struct rmb_tree tree;    /* first: a tree is its node */
	int size, height;        /* with everything below, aliases expanded */
	bool open;               /* its end was not seen yet */
	int room;
};

struct anchor { const char *name; struct node *node; };

struct reader {
	yaml_parser_t parser;
	struct rmb_arena *arena;
	struct rmb_mistakes *m;
	const char *file, *text;
	size_t length;
	struct node *stack[MOST_DEPTH]; /* collections that are open */
	struct rmb_tree *key[MOST_DEPTH]; /* mappings: the key whose value comes next */
	bool skip[MOST_DEPTH];   /* mappings: that key is no good, drop the value */
	int depth, nodes, nanchors;
	struct anchor anchor[MOST_ANCHORS];
	struct node *root;
};

static struct rmb_place
at(const struct reader *r, yaml_mark_t mark)
{
	return (struct rmb_place){ r->file, (int)mark.line + 1, (int)mark.column + 1 };
}

static int
nomem(struct reader *r)
{
	rmb_mistake(r->m, RMB_ELIMIT, (struct rmb_place){ r->file, 0, 0 }, "out of memory while reading");
	return RMB_ELIMIT;
}

/* ---- the text before it is parsed */

static int
bad_character(struct reader *r, const char *at_byte, uint32_t point, struct rmb_place place)
{
	if (!point && *at_byte)
		rmb_mistake(r->m, RMB_ERECIPE, place, "the text is not UTF-8: byte 0x%02x; save the file as UTF-8", (unsigned char)*at_byte);
	else if (!point)
		rmb_mistake(r->m, RMB_ERECIPE, place, "a NUL character inside the text; is this a text file saved as UTF-8?");
	else
		rmb_mistake(r->m, RMB_ERECIPE, place, "the character U+%04X is not allowed here; remove it, or write it in double quotes as \"\\u%04x\"",
		            (unsigned)point, (unsigned)point);
	return RMB_ERECIPE;
}

/* Encoding and control characters. What libyaml takes for a line end besides \n (a lone \r, U+0085, U+2028, U+2029) would shift
 * every line number after it, so it is refused. */
static int
check_characters(struct reader *r)
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

/* ---- what the parser refuses, in plain words */

static const struct { const char *problem, *sentence; bool begun; } plain_words[] = {
	{ "did not find expected ',' or ']'", "missing ',' or ']' in a list", true },
	{ "did not find expected ',' or '}'", "missing ',' or '}' in a mapping", true },
	{ "did not find expected key", "expected a key here; look at the indentation and at quotes", true },
	{ "did not find expected '-' indicator", "expected '- ' here, as for the other items of the list", true },
	{ "mapping values are not allowed in this context", "a ': ' does not belong here; put the text in quotes or look at the indentation", false },
	{ "block sequence entries are not allowed in this context", "a '- ' does not belong here; lists begin on a new line", false },
	{ "block mapping entries are not allowed in this context", "a '? ' does not belong here", false },
	{ "could not find expected ':'", "missing ':' after a key", true },
	{ "did not find expected node content", "a value is missing here", false },
	{ "found unexpected end of stream", "a quote that was opened is never closed", true },
	{ "did not find expected <document start>", "this does not belong to the mapping above; look at the indentation", false },
	{ "found character that cannot start any token", "a text cannot begin with this character; put it in quotes", false },
	{ "found unknown escape character", "unknown escape in a text in double quotes; use single quotes for backslashes", false },
};

/* Where a mark points to in the text; one at its end points to the NUL or the end. */
static const char *
pointer(const struct reader *r, yaml_mark_t mark)
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
tab_in_indentation(const struct reader *r, yaml_mark_t mark)
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
end_of_text(const struct reader *r)
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

/* What the parser complains about, in plain words and with where it began. */
static void
syntax(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "unreadable", *sentence = NULL, *where = pointer(r, p->problem_mark);
	struct rmb_place place = at(r, p->problem_mark);
	int tab = tab_in_indentation(r, p->problem_mark);
	bool begun = false, ended = where == r->text + r->length;
	if (ended) /* the parser counts a line more */
		place = end_of_text(r);
	for (size_t i = 0; i < sizeof plain_words / sizeof *plain_words && !sentence; i++)
		if (strcmp(problem, plain_words[i].problem) == 0) {
			sentence = plain_words[i].sentence;
			begun = plain_words[i].begun && p->context;
		}
	if (p->error == YAML_MEMORY_ERROR)
		nomem(r);
	else if (tab > 0 && tab <= place.column)
		rmb_mistake(r->m, RMB_ERECIPE, (struct rmb_place){ r->file, place.line, tab }, "a tab is used for indentation; use spaces");
	else if (where > r->text && !ended && *where == '{' && where[-1] == '$')
		rmb_mistake(r->m, RMB_ERECIPE, place, "between braces or brackets YAML takes this '{' for a mapping; put the text in quotes: \"${name}\"");
	else if (begun)
		rmb_mistake(r->m, RMB_ERECIPE, ended ? at(r, p->context_mark) : place, "%s (begun at line %d, column %d)", sentence,
		            (int)p->context_mark.line + 1, (int)p->context_mark.column + 1);
	else
		rmb_mistake(r->m, RMB_ERECIPE, place, "%s%s", sentence ? "" : "not valid YAML: ", sentence ? sentence : problem);
}

/* ---- building */

static int
too_much(struct reader *r, struct rmb_place place, const char *what, int limit)
{
	rmb_mistake(r->m, RMB_ERECIPE, place, "%s; the limit is %d", what, limit);
	return RMB_ERECIPE;
}

static struct node *
make(struct reader *r, enum rmb_tree_kind kind, yaml_mark_t mark)
{
	struct node *node = rmb_arena_alloc(r->arena, 1, sizeof *node);
	if (!node) {
		nomem(r);
		return NULL;
	}
	node->tree.kind = kind;
	node->tree.place = at(r, mark);
	node->tree.text = "";
	node->size = node->height = 1;
	return node;
}

static int
grow(struct reader *r, struct node *node)
{
	int room = node->room ? node->room * 2 : 8;
	struct rmb_tree **item = rmb_arena_alloc(r->arena, (size_t)room, sizeof *item), **key = rmb_arena_alloc(r->arena, (size_t)room, sizeof *key);
	if (!item || !key)
		return nomem(r);
	if (node->tree.n > 0) {
		memcpy(item, node->tree.item, (size_t)node->tree.n * sizeof *item);
		memcpy(key, node->tree.key, (size_t)node->tree.n * sizeof *key);
	}
	node->tree.item = item;
	node->tree.key = key;
	node->room = room;
	return 0;
}

/* A key is a text; merge keys are not in our language. Sets what to do with the value that follows. */
static void
take_key(struct reader *r, struct node *key, struct rmb_place place)
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

/* Hands a finished or just opened node to what it stands in. */
static int
place_node(struct reader *r, struct node *node, struct rmb_place place)
{
	if (r->depth == 0) {
		r->root = node;
		return 0;
	}
	int top = r->depth - 1;
	struct node *parent = r->stack[top];
	if (parent->tree.kind == RMB_MAPPING && !r->key[top]) {
		take_key(r, node, place);
		return 0;
	}
	struct rmb_tree *key = r->key[top];
	r->key[top] = NULL;
	if (parent->tree.kind == RMB_MAPPING && r->skip[top])
		return 0;
	if (key && !key->quoted && strchr(key->text, ':') && node->tree.kind == RMB_SCALAR && !node->tree.quoted && !*node->tree.text) {
		rmb_mistake(r->m, RMB_ERECIPE, key->place, "a blank is missing after the ':' in '%s'", key->text);
		return 0;
	}
	if (parent->tree.n == parent->room && grow(r, parent))
		return RMB_ELIMIT;
	parent->tree.key[parent->tree.n] = key;
	parent->tree.item[parent->tree.n++] = &node->tree;
	return 0;
}

/* As place_node for something that is no good: nothing stands there then. */
static int
leave_out(struct reader *r, yaml_mark_t mark)
{
	int top = r->depth - 1;
	if (top >= 0 && r->stack[top]->tree.kind == RMB_MAPPING && !r->key[top]) {
		struct node *nothing = make(r, RMB_SCALAR, mark);
		if (!nothing)
			return RMB_ELIMIT;
		r->key[top] = &nothing->tree;
		r->skip[top] = true;
	} else if (top >= 0) {
		r->key[top] = NULL;
	}
	return 0;
}

static int
count_up(struct reader *r, int more, struct rmb_place place, bool alias)
{
	r->nodes += more;
	if (r->nodes > MOST_NODES)
		return too_much(r, place, alias ? "aliases expand to too many values" : "too many values", MOST_NODES);
	return 0;
}

static int
anchor(struct reader *r, const yaml_char_t *name, struct node *node)
{
	if (!name)
		return 0;
	if (r->nanchors == MOST_ANCHORS)
		return too_much(r, node->tree.place, "too many anchors", MOST_ANCHORS);
	r->anchor[r->nanchors] = (struct anchor){ rmb_arena_strdup(r->arena, (const char *)name), node };
	return r->anchor[r->nanchors++].name ? 0 : nomem(r);
}

/* Tags are how other programs are made to run code; ours means nothing by them. */
static void
refuse_tag(struct reader *r, const yaml_char_t *tag, struct rmb_place place)
{
	if (tag)
		rmb_mistake(r->m, RMB_ERECIPE, place, "tag not allowed: '%s'; recipes hold plain values only", (const char *)tag);
}

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
on_scalar(struct reader *r, const yaml_event_t *event)
{
	struct node *node = make(r, RMB_SCALAR, event->start_mark);
	if (!node)
		return RMB_ELIMIT;
	const char *value = (const char *)event->data.scalar.value;
	refuse_tag(r, event->data.scalar.tag, node->tree.place);
	node->tree.text = rmb_arena_strdup(r->arena, value);
	node->tree.quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (!node->tree.text)
		return nomem(r);
	if (!node->tree.quoted && is_null(value))
		node->tree.text = "";
	if (strlen(value) != event->data.scalar.length)
		rmb_mistake(r->m, RMB_ERECIPE, node->tree.place, "a NUL character inside a text");
	int code = count_up(r, 1, node->tree.place, false);
	code = code ? code : anchor(r, event->data.scalar.anchor, node);
	return code ? code : place_node(r, node, node->tree.place);
}

static int
on_begin(struct reader *r, const yaml_event_t *event, enum rmb_tree_kind kind, const yaml_char_t *name, const yaml_char_t *tag)
{
	struct node *node = make(r, kind, event->start_mark);
	if (!node)
		return RMB_ELIMIT;
	refuse_tag(r, tag, node->tree.place);
	if (r->depth == MOST_DEPTH)
		return too_much(r, node->tree.place, "nesting is too deep", MOST_DEPTH);
	int code = count_up(r, 1, node->tree.place, false);
	code = code ? code : anchor(r, name, node);
	code = code ? code : place_node(r, node, node->tree.place);
	if (code)
		return code;
	node->open = true;
	r->key[r->depth] = NULL;
	r->skip[r->depth] = false;
	r->stack[r->depth++] = node;
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

/* Tells of keys that stand twice and takes all but the first out. */
static int
drop_duplicates(struct reader *r, struct rmb_tree *map)
{
	struct entry *entry = rmb_arena_alloc(r->arena, (size_t)map->n, sizeof *entry);
	if (!entry)
		return nomem(r);
	for (int i = 0; i < map->n; i++)
		entry[i] = (struct entry){ map->key[i], i };
	qsort(entry, (size_t)map->n, sizeof *entry, by_text);
	for (int i = 1, first = 0; i < map->n; i++) {
		if (strcmp(entry[i].key->text, entry[first].key->text) != 0) {
			first = i;
			continue;
		}
		rmb_mistake(r->m, RMB_ERECIPE, entry[i].key->place, "duplicate key '%s': it stands at line %d already, and again at line %d",
		            entry[i].key->text, entry[first].key->place.line, entry[i].key->place.line);
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

static int
on_end(struct reader *r)
{
	struct node *node = r->stack[--r->depth];
	node->open = false;
	for (int i = 0; i < node->tree.n; i++) {
		const struct node *child = (const struct node *)node->tree.item[i];
		node->size += child->size;
		node->height = child->height + 1 > node->height ? child->height + 1 : node->height;
	}
	return node->tree.kind == RMB_MAPPING && node->tree.n > 1 ? drop_duplicates(r, &node->tree) : 0;
}

static int
on_alias(struct reader *r, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct rmb_place place = at(r, event->start_mark);
	struct node *node = NULL;
	for (int i = r->nanchors - 1; i >= 0 && !node; i--)
		if (strcmp(r->anchor[i].name, name) == 0)
			node = r->anchor[i].node;
	if (node && !node->open) {
		if (r->depth + node->height > MOST_DEPTH)
			return too_much(r, place, "nesting is too deep when aliases are expanded", MOST_DEPTH);
		int code = count_up(r, node->size, place, true);
		return code ? code : place_node(r, node, place);
	}
	if (node)
		rmb_mistake(r->m, RMB_ERECIPE, place, "alias '*%s' refers to itself: it stands inside what it names", name);
	else
		rmb_mistake(r->m, RMB_ERECIPE, place, "unknown alias '*%s'; nothing above is marked '&%s'", name, name);
	return leave_out(r, event->start_mark);
}

/* One event; 1: the stream has ended. */
static int
on_event(struct reader *r, const yaml_event_t *event)
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
		rmb_mistake(r->m, RMB_ERECIPE, at(r, event->start_mark), "a second document begins here; a recipe is one document");
		return 1;
	default:
		return event->type == YAML_STREAM_END_EVENT;
	}
}

static bool
read_events(struct reader *r)
{
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)r->text, r->length);
	for (int code = 0; code == 0;) {
		yaml_event_t event;
		if (!yaml_parser_parse(&r->parser, &event)) {
			syntax(r);
			return false;
		}
		code = on_event(r, &event);
		yaml_event_delete(&event);
		if (code < 0)
			return false;
	}
	if (!r->root)
		rmb_mistake(r->m, RMB_ERECIPE, (struct rmb_place){ r->file, 1, 1 }, "empty recipe: nothing but blanks and comments");
	return r->root != NULL;
}

struct rmb_tree *
rmb_tree_parse(struct rmb_arena *arena, const char *file, const char *text, size_t length, struct rmb_mistakes *m)
{
	struct reader *r = rmb_arena_alloc(arena, 1, sizeof *r);
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
	if (length > MOST_TEXT) {
		rmb_mistake(m, RMB_ERECIPE, (struct rmb_place){ file, 0, 0 }, "longer than 1 MiB, which is the limit for a recipe");
		return NULL;
	}
	if (check_characters(r))
		return NULL;
	if (!yaml_parser_initialize(&r->parser)) {
		nomem(r);
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

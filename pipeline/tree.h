/* pipeline/tree.h -- YAML text as a tree that remembers where everything stands.
 *
 * Read from libyaml's events under our own limits (1 MiB of text, depth 32, 10,000 nodes, 1,000 anchors, expansion of
 * aliases counted, no self-reference, one document, no tags, no merge keys, UTF-8 only). Knows nothing of recipes. */
#ifndef RMB_TREE_H
#define RMB_TREE_H
#include "pipeline/place.h"

enum rmb_tree_kind { RMB_SCALAR = 1, RMB_SEQUENCE, RMB_MAPPING };

struct rmb_tree {
	enum rmb_tree_kind kind;
	struct rmb_place place;
	const char *text;         /* scalar: its characters, NUL-terminated (a NUL inside is a mistake); "" also for ~ and null */
	bool told;                /* something is wrong with it, and that was told: nothing more need be said of its value */
	bool quoted;              /* scalar: "..." or '...': always text, never none or a number */
	int n;                    /* sequence, mapping: number of items */
	struct rmb_tree **item;   /* the items, or the values of a mapping */
	struct rmb_tree **key;    /* mapping: the keys, scalars, no two alike */
};

/* Parses text[length]; mistakes are told to m. NULL if it cannot be read (syntax, limits, encoding); after lesser mistakes
 * (duplicate keys, tags) the rest of the tree, so that what it means can be checked in the same pass. An alias is the
 * very tree it names. Everything lives in the arena. */
struct rmb_tree *rmb_tree_parse(struct rmb_arena *arena, const char *file, const char *text, size_t length,
                                struct rmb_mistakes *m);
/* Value of a key of a mapping, or NULL. */
struct rmb_tree *rmb_tree_get(const struct rmb_tree *mapping, const char *key);
/* "a mapping", "a list", "a text": for messages. */
const char *rmb_tree_kind_name(const struct rmb_tree *tree);
#endif

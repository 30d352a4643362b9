/* pipeline/tree_inside.h -- a tree while it is read, for the files that read it: tree.c (events and limits), tree_build.c (what
 * stands where) and tree_refuse.c (sentences for text that is no YAML). */
#ifndef RMB_TREE_INSIDE_H
#define RMB_TREE_INSIDE_H
#include <yaml.h>
#include "pipeline/tree.h"

enum { RMB_TREE_DEPTH = 32, RMB_TREE_ANCHORS = 1000 };

struct rmb_tree_node {     /* a tree and what its reader alone needs to know */
	struct rmb_tree tree;    /* first: a tree is its node */
	int size, height;        /* with everything below, aliases expanded */
	bool open;               /* its end was not seen yet */
};

struct rmb_tree_anchor { const char *name; struct rmb_tree_node *node; };

struct rmb_tree_reader {
	yaml_parser_t parser;
	struct rmb_arena *arena;
	struct rmb_mistakes *m;
	const char *file, *text;
	size_t length;
	struct rmb_tree_node *stack[RMB_TREE_DEPTH]; /* collections that are open */
	struct rmb_tree *key[RMB_TREE_DEPTH]; /* mappings: the key whose value comes next */
	bool skip[RMB_TREE_DEPTH]; /* mappings: that key is no good, drop the value */
	int depth, nodes, nanchors;
	struct rmb_tree_anchor anchor[RMB_TREE_ANCHORS];
	struct rmb_tree_node *root;
};

/* Where a mark of the parser is. */
struct rmb_place rmb_tree_at(const struct rmb_tree_reader *r, yaml_mark_t mark);
/* Tells that memory ran out. RMB_ELIMIT. */
int rmb_tree_nomem(struct rmb_tree_reader *r);
/* tree_refuse.c: what its first bytes say that it is instead of a text. 0 or RMB_ERECIPE. */
int rmb_tree_check_kind(struct rmb_tree_reader *r) RMB_CHECKED;
/* tree_refuse.c: encoding and control characters, before the parser sees the text. 0 or RMB_ERECIPE. */
int rmb_tree_check_text(struct rmb_tree_reader *r) RMB_CHECKED;
/* tree_refuse.c: what the parser complains about, in plain words and with where it began. */
void rmb_tree_syntax(struct rmb_tree_reader *r);
/* tree_build.c: a node of its own, in no tree yet; NULL: no memory. */
struct rmb_tree_node *rmb_tree_make(struct rmb_tree_reader *r, enum rmb_tree_kind kind, yaml_mark_t mark);
/* tree_build.c: hands a finished or just opened node to what it stands in. */
int rmb_tree_place(struct rmb_tree_reader *r, struct rmb_tree_node *node, struct rmb_place place) RMB_CHECKED;
/* tree_build.c: the same for something that is no good: nothing stands there then. */
int rmb_tree_leave_out(struct rmb_tree_reader *r, yaml_mark_t mark) RMB_CHECKED;
/* tree_build.c: tells of keys that stand twice and takes all but the first out. */
int rmb_tree_drop_duplicates(struct rmb_tree_reader *r, struct rmb_tree *map) RMB_CHECKED;
#endif

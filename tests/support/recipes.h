/* tests/support/recipes.h -- a graph from a recipe written in a test, and what was said about it. */
#ifndef RMB_TEST_RECIPES_H
#define RMB_TEST_RECIPES_H
#include "pipeline/graph.h"
#include "support/check.h"

struct rmb_test_recipe {
	struct rmb_arena *arena;
	struct rmb_mistakes *m;
	struct rmb_recipe *recipe;
	struct rmb_graph *graph; /* NULL: there are mistakes */
	char *said;              /* all mistakes and remarks as printed */
};

/* Writes a file of that text. */
void rmb_test_file(const char *path, const char *text);
/* All mistakes and remarks as printed; free() it. */
char *rmb_test_said(const struct rmb_mistakes *m, bool json);
/* Reads a recipe; with keys unless memo is "" (NULL: keys, without a memo). */
void rmb_test_recipe_open(struct rmb_test_recipe *r, const char *path, const char *memo);
void rmb_test_recipe_close(struct rmb_test_recipe *r);
/* The node with that id; fails the test if there is none. */
struct rmb_node *rmb_test_node(const struct rmb_test_recipe *r, const char *id);
#endif

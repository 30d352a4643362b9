#include "support/recipes.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
rmb_test_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	if (!file || fputs(text, file) == EOF || fclose(file))
		fail_msg("cannot write %s", path);
}

char *
rmb_test_said(const struct rmb_mistakes *m, bool json)
{
	char *said = NULL;
	size_t size;
	FILE *to = open_memstream(&said, &size);
	rmb_mistakes_print(m, to, json);
	fclose(to);
	return said;
}

void
rmb_test_recipe_open(struct rmb_test_recipe *r, const char *path, const char *memo)
{
	memset(r, 0, sizeof *r);
	r->arena = rmb_arena_new();
	r->m = rmb_mistakes_new(r->arena);
	r->recipe = rmb_recipe_read(path, NULL, 0, r->m);
	r->graph = r->recipe ? rmb_graph_make(r->recipe, r->m) : NULL;
	if (r->graph && (!memo || *memo) && rmb_graph_keys(r->graph, memo, NULL, r->m)) {
		rmb_graph_free(r->graph);
		r->graph = NULL;
	}
	r->said = rmb_test_said(r->m, false);
}

void
rmb_test_recipe_close(struct rmb_test_recipe *r)
{
	rmb_graph_free(r->graph);
	rmb_recipe_free(r->recipe);
	rmb_arena_free(r->arena);
	free(r->said);
}

struct rmb_node *
rmb_test_node(const struct rmb_test_recipe *r, const char *id)
{
	if (!r->graph)
		fail_msg("no graph: %s", r->said);
	for (int i = 0; i < r->graph->nnodes; i++)
		if (strcmp(r->graph->node[i]->id, id) == 0)
			return r->graph->node[i];
	fail_msg("there is no node %s", id);
	return NULL;
}

/* pipeline/check.c -- `rumble check`: every mistake in a recipe and in the files it names; nothing is run. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pipeline/command.h"
#include "pipeline/events.h"
#include "pipeline/graph.h"
#include "pipeline/look.h"
#include "pipeline/missing.h"

/* Whether a stage will be able to open this file or folder. A pipe cannot be read twice, so it is no input. */
static bool
check_file(const struct rmb_value *value, struct rmb_mistakes *m)
{
	struct stat stat_now;
	char why[RMB_MISSING_ROOM];
	if (stat(value->path, &stat_now) || access(value->path, R_OK))
		rmb_mistake(m, RMB_EINPUT, value->place, "cannot read '%s': %s (paths start at the recipe unless they begin with /)",
		            value->path, rmb_missing(value->path, errno, why));
	else if (!S_ISREG(stat_now.st_mode) && !S_ISDIR(stat_now.st_mode))
		rmb_mistake(m, RMB_EINPUT, value->place, "'%s' is neither a file nor a folder; a stage can read only those", value->path);
	else if (S_ISREG(stat_now.st_mode) && stat_now.st_size == 0)
		rmb_mistake(m, RMB_EINPUT, value->place, "'%s' is empty", value->path);
	else
		return true;
	return false;
}

/* Files of an entry for one recording; whether all are there and the settings are right, so that the stage will look into them. */
static bool
check_entry(struct rmb_recipe *recipe, const struct rmb_entry *entry, int source, struct rmb_looks *looks, struct rmb_mistakes *m)
{
	int n = rmb_nparams(entry->stage);
	bool good = !entry->refused;
	struct rmb_value *value = rmb_arena_alloc(recipe->arena, (size_t)n, sizeof *value);
	for (int p = 0; value && p < n; p++)
		if (rmb_recipe_value(recipe, entry, p, source, &value[p], m))
			good = false;
		else if (entry->stage->params[p].kind == RMB_FILE && !value[p].none)
			good &= check_file(&value[p], m);
	if (!value || !good || !entry->stage->look)
		return false;
	rmb_looks_add(looks, entry->stage, value);
	return true;
}

/* Of every entry for every recording, whatever mistakes there are elsewhere. What the files hold is noted in the recipe, so that
 * its graph shows who cannot read that. */
static void
check_files(struct rmb_recipe *recipe, struct rmb_mistakes *m)
{
	struct rmb_looks *looks = rmb_looks_new(recipe->arena, RMB_HEADERS);
	struct rmb_error error = { 0 };
	unsigned **seen = rmb_arena_alloc(recipe->arena, (size_t)recipe->nentries * (size_t)recipe->nsources, sizeof *seen);
	for (int e = 0; looks && e < recipe->nentries; e++) {
		struct rmb_entry *entry = &recipe->entry[e];
		if (!entry->stage || !entry->stage->reads_files)
			continue;
		entry->seen = rmb_arena_alloc(recipe->arena, (size_t)recipe->nsources, sizeof *entry->seen);
		for (int s = 0; s < recipe->nsources; s++)
			if (check_entry(recipe, entry, s, looks, m) && seen && entry->seen && !looks->lost)
				seen[looks->n - 1] = &entry->seen[s];
	}
	if (!looks || rmb_looks_run(looks, &error))
		rmb_mistake(m, looks ? error.code : RMB_ELIMIT, (struct rmb_place){ 0 }, "%s", looks ? error.text :
		            "there is not enough memory to look at the files of this recipe");
	for (int i = 0; looks && i < looks->n; i++) {
		if (seen && seen[i] && looks->look[i].code == 0)
			*seen[i] = looks->look[i].seen.kind;
		if (*looks->look[i].sentence)
			rmb_mistake(m, RMB_EINPUT, rmb_look_place(&looks->look[i]), "%s", looks->look[i].sentence);
	}
}

static const char *
plural(int n)
{
	return n == 1 ? "" : "s";
}

static void
summarise(const struct rmb_options *options, const struct rmb_recipe *recipe, const struct rmb_graph *graph)
{
	if (options->json) {
		rmb_json_line(stdout,
		              json_pack("{s:s, s:s, s:i, s:i, s:i}", "event", "checked", "recipe", recipe->path, "recordings",
		                        recipe->nsources, "stages", recipe->nentries, "nodes", graph->nnodes));
	} else if (!options->quiet) {
		printf("%s: no mistakes; %d recording%s, %d stage%s, %d node%s\n", recipe->path, recipe->nsources,
		       plural(recipe->nsources), recipe->nentries, plural(recipe->nentries), graph->nnodes,
		       plural(graph->nnodes));
	}
}

int
rmb_command_check(const struct rmb_options *options)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_mistakes *m = arena ? rmb_mistakes_new(arena) : NULL;
	struct rmb_recipe *recipe = m ? rmb_recipe_read_parts(options->arg[0], options->set, options->nset, NULL, m) : NULL;
	if (recipe)
		check_files(recipe, m);
	struct rmb_graph *graph = recipe ? rmb_graph_make(recipe, m) : NULL;
	if (m)
		rmb_mistakes_print(m, options->json ? stdout : stderr, options->json);
	bool good = graph && rmb_mistakes_count(m) == 0;
	if (good)
		summarise(options, recipe, graph);
	int code = !m ? RMB_ELIMIT : good ? RMB_OK : rmb_mistakes_code(m) == RMB_ELIMIT ? RMB_ELIMIT : RMB_ERECIPE;
	rmb_graph_free(graph);
	rmb_recipe_free(recipe);
	rmb_arena_free(arena);
	return rmb_exit_code(code);
}

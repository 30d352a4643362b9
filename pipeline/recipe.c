/* pipeline/recipe.c -- a recipe from its file: the order of reading, the few keys of its top, and what a setting is in the end. */
#include "pipeline/recipe.h"
#include <string.h>
#include "pipeline/reading.h"

enum { MOST_SUGGESTED = 100 };

/* ---- helpers that the other files of the reader share */

void
rmb_reading_nomem(struct rmb_reading *r)
{
	r->failed = true;
	rmb_mistake(r->m, RMB_ELIMIT, (struct rmb_place){ r->recipe->path, 0, 0 }, "out of memory while reading the recipe");
}

bool
rmb_items_add(struct rmb_reading *r, struct rmb_items *items, struct rmb_item item)
{
	struct rmb_item *list = rmb_arena_room(r->arena, items->item, (size_t)items->n, sizeof *list);
	if (!list) {
		rmb_reading_nomem(r);
		return false;
	}
	items->item = list;
	items->item[items->n++] = item;
	return true;
}

struct rmb_item *
rmb_items_find(const struct rmb_items *items, const char *key)
{
	for (int i = 0; i < items->n; i++)
		if (items->item[i].key && strcmp(items->item[i].key->text, key) == 0)
			return &items->item[i];
	return NULL;
}

const char *
rmb_did_you_mean(struct rmb_reading *r, const char *word, const char *const *names)
{
	const char *near = r->nsuggested++ < MOST_SUGGESTED ? rmb_nearest(word, names) : NULL;
	const char *text = near ? rmb_arena_printf(r->arena, "; did you mean '%s'?", near) : NULL;
	return text ? text : "";
}

bool
rmb_name_valid(const char *name)
{
	bool letter = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z');
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	return letter && name[n] == '\0' && n < RMB_NAME_MAX;
}

const char *
rmb_scalar(struct rmb_reading *r, const struct rmb_tree *tree, const char *expects)
{
	if (tree->kind == RMB_SCALAR && *tree->text)
		return tree->text;
	rmb_mistake(r->m, RMB_ERECIPE, tree->place, "%s; found %s", expects, rmb_tree_kind_name(tree));
	return NULL;
}

/* ---- the top of a recipe */

static const struct rmb_param title_param = { "title", RMB_STRING, 0, NULL, false, NULL, 0, 0, .words = NULL };
static const struct rmb_param seed_param = { "seed", RMB_INT, 0, "0", false, NULL, 0, 9007199254740992.0, .words = NULL };

const char *
rmb_recipe_name(struct rmb_arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = rmb_arena_strdup(arena, slash ? slash + 1 : path), *dot = name ? strrchr(name, '.') : NULL;
	if (dot && dot > name && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0))
		*dot = '\0';
	return name && !*name ? "recipe" : name;
}

/* A file name and nothing else: what a recipe writes stays in its output directory. */
static void
read_report_name(struct rmb_reading *r, const struct rmb_tree *tree)
{
	const char *name = rmb_scalar(r, tree, "report: output expects a file name, such as report.html");
	size_t n = name ? strlen(name) : 0;
	if (!name)
		return;
	if (strchr(name, '/'))
		rmb_mistake(r->m, RMB_ERECIPE, tree->place,
		            "report: output '%s' would lie outside the output directory; give a file name, and --out to "
		            "choose the directory",
		            name);
	else if (n < 6 || n > 200 || *name == '.' || strcmp(name + n - 5, ".html") != 0)
		rmb_mistake(r->m, RMB_ERECIPE, tree->place,
		            "report: output expects a file name that ends in .html; found '%s'", name);
	else
		r->recipe->report = name;
}

static void
read_report(struct rmb_reading *r)
{
	static const char *const keys[] = { "output", NULL };
	const struct rmb_tree *tree = r->report;
	if (tree && tree->kind == RMB_SCALAR && !tree->quoted && strcmp(tree->text, "none") == 0)
		return;
	r->recipe->report = "report.html";
	if (!tree)
		return;
	if (tree->kind != RMB_MAPPING) {
		rmb_mistake(r->m, RMB_ERECIPE, tree->place,
		            "report expects none or a mapping such as {output: report.html}; found %s",
		            rmb_tree_kind_name(tree));
		return;
	}
	for (int i = 0; i < tree->n; i++)
		if (strcmp(tree->key[i]->text, "output") == 0)
			read_report_name(r, tree->item[i]);
		else
			rmb_mistake(r->m, RMB_ERECIPE, tree->key[i]->place, "report has no key '%s'%s", tree->key[i]->text,
			            rmb_did_you_mean(r, tree->key[i]->text, keys));
}

static void
read_top(struct rmb_reading *r)
{
	struct rmb_value value;
	if (r->title && rmb_value_read(r->arena, "recipe", &title_param, r->title, "", &value, r->m) == 0)
		r->recipe->title = value.text;
	r->recipe->seed = 0;
	if (r->seed && rmb_value_read(r->arena, "recipe", &seed_param, r->seed, "", &value, r->m) == 0)
		r->recipe->seed = value.integer;
	read_report(r);
}

/* Where a section of the recipe stands, or would: for what the recipe lacks. */
static struct rmb_place
place_of_section(const struct rmb_tree *top, const char *name)
{
	for (int i = 0; i < top->n; i++)
		if (strcmp(top->key[i]->text, name) == 0)
			return top->key[i]->place;
	return top->place;
}

static bool
read_all(struct rmb_reading *r, const char *path, const char *const *set, int nset)
{
	if (!rmb_reading_files(r, path))
		return false;
	rmb_reading_overrides(r, set, nset);
	read_top(r);
	if (r->recordings.n == 0 && !r->lost)
		rmb_mistake(r->m, RMB_ERECIPE, place_of_section(r->top, "recordings"),
		            "the recipe has no recordings; add 'recordings:' with a list of '- {name: ..., path: ...}'");
	if (r->stages.n == 0 && !r->lost)
		rmb_mistake(r->m, RMB_ERECIPE, place_of_section(r->top, "stages"),
		            "the recipe has no stages; add 'stages:' with entries such as 'raw: {stage: load}'");
	rmb_reading_recordings(r);
	rmb_reading_entries(r);
	rmb_reading_wiring(r);
	return !r->failed;
}

struct rmb_recipe *
rmb_recipe_read_parts(const char *path, const char *const *set, int nset, const json_t *gone, struct rmb_mistakes *m)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_recipe *recipe = arena ? rmb_arena_alloc(arena, 1, sizeof *recipe) : NULL;
	if (!recipe) {
		rmb_mistake(m, RMB_ELIMIT, (struct rmb_place){ path, 0, 0 }, "out of memory while reading the recipe");
		rmb_arena_free(arena);
		return NULL;
	}
	recipe->arena = arena;
	struct rmb_reading reading = { .arena = arena, .m = m, .recipe = recipe, .gone = gone };
	recipe->path = rmb_arena_strdup(arena, path);
	recipe->name = recipe->title = rmb_recipe_name(arena, path);
	if (!recipe->path || !recipe->name)
		rmb_reading_nomem(&reading);
	else if (read_all(&reading, recipe->path, set, nset))
		return recipe;
	rmb_recipe_free(recipe);
	return NULL;
}

struct rmb_recipe *
rmb_recipe_read(const char *path, const char *const *set, int nset, struct rmb_mistakes *m)
{
	int before = rmb_mistakes_count(m);
	struct rmb_recipe *recipe = rmb_recipe_read_parts(path, set, nset, NULL, m);
	if (rmb_mistakes_count(m) == before)
		return recipe;
	rmb_recipe_free(recipe);
	return NULL;
}

void
rmb_recipe_free(struct rmb_recipe *recipe)
{
	if (recipe)
		rmb_arena_free(recipe->arena);
}

/* ---- the value of a setting */

const char *
rmb_source_label(const struct rmb_source *source, const char *name)
{
	for (int i = 0; i < source->nlabels; i++)
		if (strcmp(source->label[i].name, name) == 0)
			return source->label[i].value;
	return strcmp(name, "name") == 0 ? source->name : NULL;
}

static int
choose(struct rmb_recipe *recipe, const struct rmb_entry *entry, const struct rmb_setting *setting, int source,
       struct rmb_value *value, struct rmb_mistakes *m)
{
	const char *param = entry->stage->params[setting->param].name;
	if (setting->nchoices == 0) /* told when it was read */
		return RMB_ERECIPE;
	if (!setting->by) {
		*value = setting->choice[0].value;
		return 0;
	}
	if (source < 0) {
		rmb_mistake(m, RMB_ERECIPE, setting->place,
		            "%s: %s cannot depend on '%s': this node stands for all recordings at once", entry->name, param,
		            setting->by);
		return RMB_ERECIPE;
	}
	const char *label = rmb_source_label(&recipe->source[source], setting->by);
	const struct rmb_choice *other = NULL;
	for (int i = 0; i < setting->nchoices; i++) {
		if (!setting->choice[i].when)
			other = &setting->choice[i];
		else if (label && strcmp(setting->choice[i].when, label) == 0) {
			*value = setting->choice[i].value;
			return 0;
		}
	}
	if (other) {
		*value = other->value;
		return 0;
	}
	if (!label && recipe->source[source].misspelt)
		return RMB_ERECIPE;
	rmb_mistake(m, RMB_ERECIPE, setting->place,
	            label ? "%s: %s has no value for recording '%s', whose %s is '%s'; add it, or 'else'"
	                  : "%s: %s has no value for recording '%s', which has no %s; add 'else'",
	            entry->name, param, recipe->source[source].name, setting->by, label);
	return RMB_ERECIPE;
}

int
rmb_recipe_value(struct rmb_recipe *recipe, const struct rmb_entry *entry, int param, int source, struct rmb_value *value,
                 struct rmb_mistakes *m)
{
	const struct rmb_param *p = &entry->stage->params[param];
	const struct rmb_source *from = entry->stage->reads_files && source >= 0 ? &recipe->source[source] : NULL;
	for (int i = 0; i < entry->nsettings; i++)
		if (entry->setting[i].param == param)
			return choose(recipe, entry, &entry->setting[i], source, value, m);
	for (int i = 0; from && i < from->ngiven; i++)
		if (strcmp(from->given[i].name, p->name) == 0)
			return !from->given[i].tree ? RMB_ERECIPE
			                            : rmb_value_read(recipe->arena, entry->stage->name, p,
			                                             from->given[i].tree, from->base, value, m);
	if (p->def) {
		int code = rmb_value_default(recipe->arena, p, value);
		if (code)
			rmb_mistake(m, code, entry->place, "out of memory while reading the default of %s", p->name);
		return code;
	}
	if (from && from->misspelt)
		return RMB_ERECIPE;
	if (from)
		rmb_mistake(m, RMB_ERECIPE, from->place, "recording '%s' needs '%s', which '%s' (%s) reads: %s", from->name,
		            p->name, entry->name, entry->stage->name, p->help ? p->help : "it has no default");
	else
		rmb_mistake(m, RMB_ERECIPE, entry->place, "%s: %s needs the setting '%s': %s", entry->name,
		            entry->stage->name, p->name, p->help ? p->help : "it has no default");
	return RMB_ERECIPE;
}

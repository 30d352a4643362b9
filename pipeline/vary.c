/* pipeline/vary.c -- `vary` of a driver: which settings of which nodes it may change, and the values that it is given for each.
 *
 * Written {NODE.SETTING: [..]} or {NODE: {SETTING: [..]}}, which --set writes; all lists are equally long. What the settings
 * belong to is looked at while entries are read; whether the nodes lie above what the driver reads, once all entries are. */
#include <string.h>
#include "pipeline/graph.h"
#include "pipeline/reading.h"

struct varying {
	struct rmb_reading *r;
	struct rmb_entry *entry;
	const char *base;
};

/* ---- one setting */

static const struct rmb_entry *
find_node(struct rmb_reading *r, const struct rmb_tree *key, const char *word)
{
	const struct rmb_recipe *recipe = r->recipe;
	const char **name = rmb_arena_alloc(r->arena, (size_t)recipe->nentries + 1, sizeof *name);
	for (int i = 0; i < recipe->nentries; i++) {
		if (strcmp(recipe->entry[i].name, word) == 0)
			return &recipe->entry[i];
		if (name)
			name[i] = recipe->entry[i].name;
	}
	rmb_mistake(r->m, RMB_ERECIPE, key->place, "vary: unknown node '%s'%s; write NODE.SETTING: [..]", word,
	            name ? rmb_did_you_mean(r, word, name) : "");
	return NULL;
}

/* Index of the setting, or -1 after a mistake. */
static int
find_setting(struct rmb_reading *r, const struct rmb_tree *key, const struct rmb_entry *of, const char *word)
{
	int n = rmb_nparams(of->stage), param = rmb_param_index(of->stage, word);
	const char **name = rmb_arena_alloc(r->arena, (size_t)n + 1, sizeof *name);
	for (int i = 0; name && i < n; i++)
		name[i] = of->stage->params[i].name;
	if (param < 0)
		rmb_mistake(r->m, RMB_ERECIPE, key->place, "vary: '%s' (%s) has no setting '%s'%s", of->name, of->stage->name,
		            word, name ? rmb_did_you_mean(r, word, name) : "");
	else if (of->stage->params[param].kind == RMB_FILE) {
		rmb_mistake(r->m, RMB_ERECIPE, key->place,
		            "vary: %s of '%s' names a file, and files are not varied; list them as recordings", word,
		            of->name);
		return -1;
	}
	return param;
}

static void
read_values(const struct varying *v, const struct rmb_tree *tree, struct rmb_vary *vary)
{
	struct rmb_reading *r = v->r;
	const struct rmb_stage *stage = r->recipe->entry[vary->entry].stage;
	if (rmb_stage_is_fed(v->entry->stage) && tree->kind == RMB_SCALAR && strcmp(tree->text, "all") == 0)
		return;
	if (tree->kind != RMB_SEQUENCE || tree->n == 0) {
		rmb_mistake(r->m, RMB_ERECIPE, tree->place, "vary: %s expects a list of values in brackets%s; found %s",
		            vary->name, rmb_stage_is_fed(v->entry->stage) ? ", or all" : "",
		            tree->kind == RMB_SEQUENCE ? "an empty list" : rmb_tree_kind_name(tree));
		return;
	}
	if (!(vary->value = rmb_arena_alloc(r->arena, (size_t)tree->n, sizeof *vary->value)))
		rmb_reading_nomem(r);
	for (int i = 0; vary->value && i < tree->n; i++) /* a wrong one is told, here or before, and leaves no sets to make */
		v->entry->partial |= rmb_value_read(r->arena, stage->name, &stage->params[vary->param], tree->item[i], v->base,
		                                    &vary->value[i], r->m) != 0;
	vary->n = vary->value ? tree->n : 0;
}

static void
read_one(const struct varying *v, const struct rmb_tree *key, const char *node, const char *setting, const struct rmb_tree *tree)
{
	struct rmb_reading *r = v->r;
	const struct rmb_entry *of = find_node(r, key, node);
	int param = of && of->stage ? find_setting(r, key, of, setting) : -1;
	if (param < 0)
		return;
	struct rmb_vary *vary = &v->entry->vary[v->entry->nvary];
	*vary = (struct rmb_vary){ .entry = (int)(of - r->recipe->entry), .param = param, .place = key->place,
	                           .name = rmb_arena_printf(r->arena, "%s.%s", node, setting) };
	if (!vary->name) {
		rmb_reading_nomem(r);
		return;
	}
	for (int i = 0; i < v->entry->nvary; i++)
		if (strcmp(v->entry->vary[i].name, vary->name) == 0) {
			rmb_mistake(r->m, RMB_ERECIPE, key->place, "vary: %s stands here twice", vary->name);
			return;
		}
	v->entry->nvary++;
	if (of->stage->propose)
		rmb_mistake(r->m, RMB_ERECIPE, key->place,
		            "vary: '%s' (%s) is itself a driver, whose settings cannot be varied", of->name, of->stage->name);
	read_values(v, tree, vary);
}

/* ---- the whole */

static void
read_key(const struct varying *v, const struct rmb_tree *key, const struct rmb_tree *tree)
{
	char *node = rmb_arena_strdup(v->r->arena, key->text), *dot = node ? strchr(node, '.') : NULL;
	if (!node)
		rmb_reading_nomem(v->r);
	else if (dot) {
		*dot = '\0';
		read_one(v, key, node, dot + 1, tree);
	} else if (tree->kind == RMB_MAPPING) {
		for (int i = 0; i < tree->n; i++)
			read_one(v, tree->key[i], node, tree->key[i]->text, tree->item[i]);
	} else
		rmb_mistake(v->r->m, RMB_ERECIPE, key->place,
		            "vary: '%s' names no setting; write NODE.SETTING: [..], as in %s.SETTING", node, node);
}

static int
count_settings(const struct rmb_tree *tree)
{
	int n = tree->n;
	for (int i = 0; i < tree->n; i++)
		n += tree->item[i]->kind == RMB_MAPPING ? tree->item[i]->n : 0;
	return n;
}

/* Set k of a driver is value k of each list. */
static void
check_lengths(struct rmb_reading *r, const struct rmb_entry *entry)
{
	for (int i = 1; i < entry->nvary; i++)
		if (entry->vary[0].n && entry->vary[i].n && entry->vary[i].n != entry->vary[0].n)
			rmb_mistake(r->m, RMB_ERECIPE, entry->vary[i].place,
			            "vary: %s has %d value%s and %s has %d; they go together one by one, so the lists must "
			            "be equally long",
			            entry->vary[i].name, entry->vary[i].n, entry->vary[i].n == 1 ? "" : "s",
			            entry->vary[0].name, entry->vary[0].n);
}

void
rmb_reading_vary(struct rmb_reading *r, struct rmb_entry *entry, const struct rmb_tree *tree, const char *base)
{
	struct varying v = { r, entry, base };
	int before = rmb_mistakes_count(r->m);
	entry->vary_place = tree->place;
	if (tree->kind != RMB_MAPPING || tree->n == 0) {
		rmb_mistake(r->m, RMB_ERECIPE, tree->place,
		            "%s: vary expects a mapping such as {frames.width: [50 ms, 100 ms]}; found %s",
		            entry->stage->name, tree->kind == RMB_MAPPING ? "an empty one" : rmb_tree_kind_name(tree));
		entry->partial = true;
		return;
	}
	if (!(entry->vary = rmb_arena_alloc(r->arena, (size_t)count_settings(tree), sizeof *entry->vary))) {
		rmb_reading_nomem(r);
		return;
	}
	for (int i = 0; i < tree->n; i++)
		read_key(&v, tree->key[i], tree->item[i]);
	check_lengths(r, entry);
	entry->partial |= rmb_mistakes_count(r->m) > before;
}

/* ---- what it varies lies above what it reads */

/* Marks an entry and all that it depends on. */
static void
mark_above(const struct rmb_reading *r, int entry, bool *above)
{
	if (above[entry])
		return;
	above[entry] = true;
	for (int u = 0; u < r->recipe->entry[entry].nuses; u++)
		for (int i = 0; i < r->recipe->entry[entry].use[u].nreferences; i++)
			mark_above(r, r->recipe->entry[entry].use[u].reference[i].entry, above);
}

/* "alpha, svca2, z, frames, raw": the entry and what it reads first, upwards. */
static const char *
way_up(struct rmb_reading *r, int entry)
{
	const char *text = r->recipe->entry[entry].name;
	for (int i = 0; i < 30 && text && r->recipe->entry[entry].nuses && r->recipe->entry[entry].use[0].nreferences;
	     i++) { /* it may be a cycle */
		entry = r->recipe->entry[entry].use[0].reference[0].entry;
		text = rmb_arena_printf(r->arena, "%s, %s", text, r->recipe->entry[entry].name);
	}
	return text ? text : "";
}

/* A search above another driver would have to be made anew for each of its sets; a setting that two drivers vary has no one
 * value. */
static void
check_nested(struct rmb_reading *r, const struct rmb_vary *vary, const bool *above)
{
	for (int e = 0; e < r->recipe->nentries; e++)
		for (int v = 0; above[e] && v < r->recipe->entry[e].nvary; v++)
			if (r->recipe->entry[e].vary[v].entry == vary->entry && r->recipe->entry[e].vary[v].param == vary->param)
				rmb_mistake(r->m, RMB_ERECIPE, vary->place,
				            "vary: %s is varied by '%s' already, on which this depends", vary->name,
				            r->recipe->entry[e].name);
}

void
rmb_reading_vary_above(struct rmb_reading *r, struct rmb_entry *entry)
{
	const struct rmb_use *use = NULL;
	int before = rmb_mistakes_count(r->m);
	for (int u = 0; u < entry->nuses; u++)
		use = entry->stage->in[entry->use[u].port].gather == RMB_SETS ? &entry->use[u] : use;
	if (!entry->vary_place.file)
		rmb_mistake(r->m, RMB_ERECIPE, entry->place,
		            "'%s' does not say what %s is to vary: add 'vary: {NODE.SETTING: [..]}'", entry->name,
		            entry->stage->name);
	if (use && use->list)
		rmb_mistake(r->m, RMB_ERECIPE, use->reference ? use->reference[0].place : entry->place,
		            "%s of %s takes one node, not a list", entry->stage->in[use->port].name, entry->stage->name);
	bool *above = rmb_arena_alloc(r->arena, (size_t)r->recipe->nentries, sizeof *above);
	if (!above)
		rmb_reading_nomem(r);
	if (above && use && use->nreferences)
		mark_above(r, use->reference[0].entry, above);
	for (int v = 0; above && use && use->nreferences && v < entry->nvary; v++) {
		if (above[entry->vary[v].entry])
			check_nested(r, &entry->vary[v], above);
		else if (!r->recipe->entry[entry->vary[v].entry].stage->propose) /* else that was told */
			rmb_mistake(r->m, RMB_ERECIPE, entry->vary[v].place,
			            "vary: %s cannot change %s, which does not depend on it; it comes from %s",
			            entry->vary[v].name, use->reference[0].text, way_up(r, use->reference[0].entry));
	}
	entry->partial |= rmb_mistakes_count(r->m) > before;
}

/* pipeline/entries.c -- what stands under `stages`: for every entry its stage, its settings and what it puts into each input. */
#include <string.h>
#include "pipeline/reading.h"

static const struct rmb_param repeat_param = { "repeat", RMB_INT, 0, "1", false, NULL, 1, 10000, .words = NULL };
static const struct rmb_param keep_param = { "keep", RMB_FLAG, 0, "true", false, NULL, 0, 0, .words = NULL };

/* ---- {by: label, value: ..., else: ...} */

static bool
label_known(const struct rmb_recipe *recipe, const char *label)
{
	for (int i = 0; i < recipe->nsources; i++)
		if (rmb_source_label(&recipe->source[i], label))
			return true;
	return false;
}

/* All labels, or all values of one label that no case names; each once, ending with NULL. */
static const char **
labels_in_use(struct rmb_reading *r, const char *label, const struct rmb_tree *cases)
{
	const struct rmb_recipe *recipe = r->recipe;
	size_t room = 2;
	int n = 0;
	for (int i = 0; i < recipe->nsources; i++)
		room += (size_t)recipe->source[i].nlabels + 1;
	const char **list = rmb_arena_alloc(r->arena, room, sizeof *list);
	for (int i = 0; list && i < recipe->nsources; i++) {
		const struct rmb_source *source = &recipe->source[i];
		for (int k = 0; k < (label ? 1 : source->nlabels); k++) {
			const char *word = label ? rmb_source_label(source, label) : source->label[k].name;
			bool new = word && !(cases && rmb_tree_get(cases, word));
			for (int j = 0; new && j < n; j++)
				new = strcmp(list[j], word) != 0;
			if (new)
				list[n++] = word;
		}
	}
	if (list && !label)
		list[n] = "name";
	return list;
}

/* A case that no recording has may serve another recording list; but if it looks like a value that no case names, it is
 * that value misspelt. */
static void
check_case(struct rmb_reading *r, const char *label, const struct rmb_tree *key, const struct rmb_tree *cases)
{
	for (int i = 0; i < r->recipe->nsources; i++) {
		const char *value = rmb_source_label(&r->recipe->source[i], label);
		if (value && strcmp(value, key->text) == 0)
			return;
	}
	if (r->lost) /* it may be among the recordings that were not read */
		return;
	const char **left = labels_in_use(r, label, cases);
	const char *near = left && r->nsuggested++ < 1000 ? rmb_nearest(key->text, left) : NULL;
	if (near)
		rmb_mistake(r->m, RMB_ERECIPE, key->place, "no recording has the %s '%s'; did you mean '%s'?", label,
		            key->text, near);
	else
		rmb_remark(r->m, key->place, "no recording has the %s '%s'", label, key->text);
}

static const char *
read_label_name(struct rmb_reading *r, const struct rmb_tree *tree)
{
	const char *label = rmb_scalar(r, tree, "by expects the name of a label, such as area");
	if (!label || label_known(r->recipe, label) || r->recipe->nsources == 0 || r->lost)
		return label;
	const char **known = labels_in_use(r, NULL, NULL), *near = known ? rmb_did_you_mean(r, label, known) : "", *list = "";
	for (int i = 0; known && known[i] && !*near && list; i++)
		list = rmb_arena_printf(r->arena, "%s%s%s", list, i ? ", " : "; they have ", known[i]);
	rmb_mistake(r->m, RMB_ERECIPE, tree->place, "no recording has a label '%s'%s%s", label, near, list ? list : "");
	return NULL;
}

static void
read_cases(struct rmb_reading *r, const struct rmb_entry *entry, const struct rmb_tree *tree, const char *base,
           struct rmb_setting *setting)
{
	const struct rmb_param *param = &entry->stage->params[setting->param];
	const struct rmb_tree *by = rmb_tree_get(tree, "by");
	if (!by) {
		rmb_mistake(r->m, RMB_ERECIPE, tree->place,
		            "%s: %s: a mapping here begins with by, as in {by: area, V1: 0.3, else: none}",
		            entry->stage->name, param->name);
		return;
	}
	bool good = (setting->by = read_label_name(r, by)) != NULL;
	setting->choice = rmb_arena_alloc(r->arena, (size_t)tree->n, sizeof *setting->choice);
	if (!setting->choice)
		rmb_reading_nomem(r);
	for (int i = 0; setting->choice && i < tree->n; i++) {
		const struct rmb_tree *key = tree->key[i];
		if (tree->item[i] == by)
			continue;
		struct rmb_choice *choice = &setting->choice[setting->nchoices];
		choice->when = strcmp(key->text, "else") == 0 ? NULL : key->text;
		if (choice->when && setting->by)
			check_case(r, setting->by, key, tree);
		good = rmb_value_read(r->arena, entry->stage->name, param, tree->item[i], base, &choice->value, r->m) == 0 &&
		       good;
		setting->nchoices++;
	}
	if (!good)
		setting->nchoices = 0;
	if (tree->n < 2)
		rmb_mistake(r->m, RMB_ERECIPE, tree->place, "%s: %s names no value for any %s", entry->stage->name,
		            param->name, by->text);
}

/* A setting that is wrong stays without choices, so that it does not count as missing: what is wrong was told. */
static void
read_setting(struct rmb_reading *r, struct rmb_entry *entry, int param, const struct rmb_tree *tree, const char *base)
{
	struct rmb_setting *setting = &entry->setting[entry->nsettings++];
	*setting = (struct rmb_setting){ .param = param, .place = tree->place };
	if (tree->kind == RMB_MAPPING) {
		read_cases(r, entry, tree, base, setting);
		return;
	}
	if (entry->stage->params[param].label && !read_label_name(r, tree))
		return;
	setting->choice = rmb_arena_alloc(r->arena, 1, sizeof *setting->choice);
	if (!setting->choice)
		rmb_reading_nomem(r);
	else if (rmb_value_read(r->arena, entry->stage->name, &entry->stage->params[param], tree, base,
	                        &setting->choice[0].value, r->m) == 0)
		setting->nchoices = 1;
}

/* ---- inputs */

static bool
refuse_twice(struct rmb_reading *r, const struct rmb_use *use)
{
	bool twice = false;
	for (int i = 1; i < use->nreferences; i++)
		for (int k = 0; k < i; k++)
			if (strcmp(use->reference[i].text, use->reference[k].text) == 0) {
				rmb_mistake(r->m, RMB_ERECIPE, use->reference[i].place, "'%s' stands twice in this list",
				            use->reference[i].text);
				twice = true;
				break;
			}
	return twice;
}

static void
read_use(struct rmb_reading *r, struct rmb_entry *entry, int port, const struct rmb_tree *tree)
{
	struct rmb_use *use = &entry->use[entry->nuses];
	*use = (struct rmb_use){ .port = port, .list = tree->kind == RMB_SEQUENCE };
	int n = use->list ? tree->n : 1;
	use->reference = rmb_arena_alloc(r->arena, (size_t)n, sizeof *use->reference);
	if (!use->reference) {
		rmb_reading_nomem(r);
		return;
	}
	entry->nuses++;
	if (n == 0)
		rmb_mistake(r->m, RMB_ERECIPE, tree->place, "%s: %s is an empty list; name a node", entry->stage->name,
		            entry->stage->in[port].name);
	for (int i = 0; i < n; i++)
		if (rmb_reference_read(r, use->list ? tree->item[i] : tree, &use->reference[use->nreferences]))
			use->nreferences++;
	entry->partial |= use->nreferences < n || n == 0 || refuse_twice(r, use);
}

/* ---- one entry */

static int
port_index(const struct rmb_port *ports, const char *name)
{
	for (int i = 0; ports && ports[i].name; i++)
		if (strcmp(ports[i].name, name) == 0)
			return i;
	return -1;
}

static int
nports(const struct rmb_port *ports)
{
	int n = 0;
	while (ports && ports[n].name)
		n++;
	return n;
}

/* The setting or input that a misspelt key probably means counts as written and wrong, so that it is not called missing too. */
static void
unknown_key(struct rmb_reading *r, struct rmb_entry *entry, const struct rmb_tree *key)
{
	const struct rmb_stage *stage = entry->stage;
	int n = 0, nparams = rmb_nparams(stage), nin = nports(stage->in);
	const char **known = rmb_arena_alloc(r->arena, (size_t)(nparams + nin) + 5, sizeof *known);
	if (port_index(stage->out, key->text) >= 0) {
		rmb_mistake(r->m, RMB_ERECIPE, key->place,
		            "'%s' is an output of %s, not a setting; another entry reads it as %s.%s", key->text, stage->name,
		            entry->name, key->text);
		return;
	}
	for (int i = 0; known && i < nparams; i++)
		known[n++] = stage->params[i].name;
	for (int i = 0; known && i < nin; i++)
		known[n++] = stage->in[i].name;
	if (known) {
		known[n++] = "stage";
		known[n++] = "repeat";
		known[n++] = "keep";
		known[n] = stage->propose ? "vary" : NULL;
	}
	const char *near = "", *word = key->text;
	for (const char *part = key->text; known && !*near && part; part = strchr(part, '_') ? strchr(part, '_') + 1 : NULL)
		near = rmb_did_you_mean(r, word = part, known); /* of `bin_width` or `max_lag`, the last word may be meant */
	if (strcmp(key->text, "vary") == 0) {
		rmb_mistake(r->m, RMB_ERECIPE, key->place,
		            "%s varies nothing: vary belongs to drivers, which say there what they change", stage->name);
		return;
	}
	const char *kind = nin > 0 ? "parameter or input" : "parameter";
	const char *meant = known && *near ? rmb_nearest(word, known) : "";
	int param = rmb_param_index(stage, meant), port = port_index(stage->in, meant);
	if (param >= 0)
		entry->setting[entry->nsettings++] = (struct rmb_setting){ .param = param, .place = key->place };
	if (port >= 0) {
		entry->use[entry->nuses++] = (struct rmb_use){ .port = port };
		entry->partial = true;
	}
	rmb_mistake(r->m, RMB_ERECIPE, key->place, "%s has no %s '%s'%s", stage->name, param >= 0 ? "parameter" : kind,
	            key->text, near);
}

static void
read_key(struct rmb_reading *r, struct rmb_entry *entry, const struct rmb_tree *key, const struct rmb_tree *tree,
         const char *base)
{
	struct rmb_value value;
	const struct rmb_stage *stage = entry->stage;
	int param = rmb_param_index(stage, key->text), port = port_index(stage->in, key->text);
	if (strcmp(key->text, "stage") == 0)
		return;
	if (param >= 0)
		read_setting(r, entry, param, tree, base);
	else if (port >= 0)
		read_use(r, entry, port, tree);
	else if (strcmp(key->text, "vary") == 0 && stage->propose)
		rmb_reading_vary(r, entry, tree, base);
	else if (strcmp(key->text, "keep") == 0)
		entry->keep =
			rmb_value_read(r->arena, entry->name, &keep_param, tree, base, &value, r->m) == 0 ? value.flag : true;
	else if (strcmp(key->text, "repeat") == 0)
		entry->repeat = rmb_value_read(r->arena, entry->name, &repeat_param, tree, base, &value, r->m) == 0
		                ? (int)value.integer
		                : 1;
	else
		unknown_key(r, entry, key);
}

/* Name and stage; entry->stage stays NULL if there is none to check against. */
static void
begin_entry(struct rmb_reading *r, const struct rmb_item *item, struct rmb_entry *entry)
{
	*entry = (struct rmb_entry){ .name = item->key->text, .repeat = 1, .keep = true, .place = item->key->place };
	entry->partial = !rmb_name_valid(entry->name);
	if (entry->partial)
		rmb_mistake(r->m, RMB_ERECIPE, item->key->place,
		            "'%s' cannot name a node: a letter, then letters, digits, '_' and '-', at most %d in all",
		            entry->name, RMB_NAME_MAX - 1);
	if (item->value->kind != RMB_MAPPING) {
		rmb_mistake(r->m, RMB_ERECIPE, item->value->place, "'%s' expects a mapping such as {stage: load}; found %s",
		            entry->name, rmb_tree_kind_name(item->value));
		return;
	}
	const struct rmb_tree *tree = rmb_tree_get(item->value, "stage");
	const char *name = tree ? rmb_scalar(r, tree, "stage expects the name of a stage") : NULL;
	if (!tree)
		rmb_mistake(r->m, RMB_ERECIPE, item->key->place,
		            "'%s' does not say its stage, as in {stage: load}; `rumble stages` lists them", entry->name);
	entry->stage = name ? rmb_stage_find(name) : NULL;
	if (!name || entry->stage)
		return;
	const char *known[256] = { NULL };
	for (int i = 0; i < 255 && rmb_stages[i]; i++)
		known[i] = rmb_stages[i]->name;
	const char *near = rmb_did_you_mean(r, name, known);
	rmb_mistake(r->m, RMB_ERECIPE, tree->place, "there is no stage '%s'%s", name,
	            *near ? near : "; `rumble stages` lists them");
}

static void
read_entry(struct rmb_reading *r, const struct rmb_item *item, struct rmb_entry *entry)
{
	const struct rmb_tree *tree = item->value;
	if (!entry->stage)
		return;
	entry->setting = rmb_arena_alloc(r->arena, (size_t)tree->n, sizeof *entry->setting);
	entry->use = rmb_arena_alloc(r->arena, (size_t)tree->n, sizeof *entry->use);
	if (!entry->setting || !entry->use) {
		rmb_reading_nomem(r);
		return;
	}
	for (int i = 0; i < tree->n; i++)
		read_key(r, entry, tree->key[i], tree->item[i], item->base);
}

void
rmb_reading_entries(struct rmb_reading *r)
{
	struct rmb_recipe *recipe = r->recipe;
	recipe->entry = rmb_arena_alloc(r->arena, (size_t)r->stages.n, sizeof *recipe->entry);
	if (!recipe->entry) {
		rmb_reading_nomem(r);
		return;
	}
	recipe->nentries = r->stages.n;
	for (int i = 0; i < r->stages.n; i++)
		begin_entry(r, &r->stages.item[i], &recipe->entry[i]);
	for (int i = 0; i < r->stages.n; i++)
		read_entry(r, &r->stages.item[i], &recipe->entry[i]);
}

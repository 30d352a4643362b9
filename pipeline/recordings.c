/* pipeline/recordings.c -- the recordings of a recipe: each gets its labels, tags and settings.
 *
 * Besides name, path, glob, area, tags and labels an entry may hold any setting of the stages that read files; `path` is one
 * of those. */
#include <string.h>
#include "pipeline/found.h"

/* ---- one recording */

static const char *const own_keys[] = { "name", "path", "glob", "area", "tags", "labels", NULL };

/* The first stage that reads files and has this setting. */
static const struct rmb_stage *
reader_of(const char *key, int *param)
{
	for (const struct rmb_stage *const *s = rmb_stages; *s; s++)
		if ((*s)->reads_files && (*param = rmb_param_index(*s, key)) >= 0)
			return *s;
	return NULL;
}

static const char **
known_keys(struct rmb_reading *r)
{
	int n = 0, room = 8;
	for (const struct rmb_stage *const *s = rmb_stages; *s; s++)
		room += (*s)->reads_files ? rmb_nparams(*s) : 0;
	const char **names = rmb_arena_alloc(r->arena, (size_t)room, sizeof *names);
	for (; names && own_keys[n]; n++)
		names[n] = own_keys[n];
	for (const struct rmb_stage *const *s = rmb_stages; names && *s; s++)
		for (int i = 0; (*s)->reads_files && i < rmb_nparams(*s); i++)
			names[n++] = (*s)->params[i].name;
	return names;
}

static void
add_label(struct rmb_reading *r, struct rmb_source *source, const char *name, const struct rmb_tree *tree)
{
	const char *value = rmb_scalar(r, tree, "a label expects a text, such as V1");
	for (int i = 0; value && i < source->nlabels; i++)
		if (strcmp(source->label[i].name, name) == 0)
			value = NULL;
	if (value)
		source->label[source->nlabels++] = (struct rmb_label){ name, value };
}

static void
read_labels(struct rmb_reading *r, struct rmb_source *source, const struct rmb_tree *area, const struct rmb_tree *labels)
{
	bool mapping = labels && labels->kind == RMB_MAPPING;
	source->label = rmb_arena_alloc(r->arena, (mapping ? (size_t)labels->n : 0) + 1, sizeof *source->label);
	if (!source->label)
		rmb_reading_nomem(r);
	if (labels && !mapping)
		rmb_mistake(r->m, RMB_ERECIPE, labels->place, "labels expects a mapping such as {state: awake}; found %s",
		            rmb_tree_kind_name(labels));
	if (area && source->label)
		add_label(r, source, "area", area);
	for (int i = 0; mapping && source->label && i < labels->n; i++) {
		const char *name = labels->key[i]->text;
		if (strcmp(name, "name") == 0 || strcmp(name, "tags") == 0 || strcmp(name, "by") == 0 ||
		    (area && strcmp(name, "area") == 0))
			rmb_mistake(r->m, RMB_ERECIPE, labels->key[i]->place,
			            "a label cannot be called '%s' here; it has that meaning already", name);
		else
			add_label(r, source, name, labels->item[i]);
	}
}

static void
read_tags(struct rmb_reading *r, struct rmb_source *source, const struct rmb_tree *tags)
{
	bool list = tags && tags->kind == RMB_SEQUENCE;
	int n = !tags ? 0 : list ? tags->n : 1;
	source->tag = rmb_arena_alloc(r->arena, (size_t)n, sizeof *source->tag);
	if (!source->tag)
		rmb_reading_nomem(r);
	for (int i = 0; source->tag && i < n; i++) {
		const char *tag = rmb_scalar(r, list ? tags->item[i] : tags, "tags expects a list of texts, such as [awake, V1]");
		if (tag)
			source->tag[source->ntags++] = tag;
	}
}

/* A setting of the stage that will read the file: looked at now, so that it is told even if no stage reads it. */
static void
add_given(struct rmb_reading *r, struct rmb_source *source, const struct rmb_tree *key, const struct rmb_tree *tree)
{
	int param;
	bool good = false;
	struct rmb_value value;
	const struct rmb_stage *stage = reader_of(key->text, &param);
	if (!stage) {
		const char **known = known_keys(r);
		const char *near = known ? rmb_did_you_mean(r, key->text, known) : "";
		source->misspelt |= *near != '\0';
		r->lost |= source->misspelt;
		rmb_mistake(r->m, RMB_ERECIPE, key->place, "a recording has no key '%s'%s", key->text, near);
	} else if (tree->kind == RMB_MAPPING) {
		rmb_mistake(r->m, RMB_ERECIPE, tree->place,
		            "%s expects one value here; {by: ...} belongs to an entry under stages", key->text);
	} else if (rmb_value_read(r->arena, stage->name, &stage->params[param], tree, source->base, &value, r->m) == 0) {
		good = true;
	}
	source->given[source->ngiven].name = key->text;
	source->given[source->ngiven++].tree = good ? tree : NULL;
}

bool
rmb_source_key(const char *key)
{
	const char *const *own = own_keys;
	while (*own && strcmp(*own, key) != 0)
		own++;
	return *own != NULL;
}

/* Applies what --set says of this recording. */
static void
assign(struct rmb_reading *r, const struct rmb_found *found, const struct rmb_tree **tree, const struct rmb_tree **path)
{
	for (int i = 0; i < r->nset; i++) {
		struct rmb_assignment *a = &r->set[i];
		if (strcmp(a->section, "recordings") != 0 || strcmp(a->name, found->name) != 0)
			continue;
		const char *key = a->key[0]->text;
		a->used = true;
		if (strcmp(key, "name") == 0 || strcmp(key, "glob") == 0)
			rmb_mistake(r->m, RMB_ERECIPE, a->place, "--set cannot change the %s of a recording", key);
		else
			*tree = rmb_assigned(r, *tree, a);
		if (strcmp(key, "path") == 0)
			*path = a->value;
	}
}

static void
add_path(struct rmb_reading *r, struct rmb_source *source, const struct rmb_tree *path, bool lost)
{
	struct rmb_tree *key = path ? rmb_arena_alloc(r->arena, 1, sizeof *key) : NULL;
	if (path && !key) {
		rmb_reading_nomem(r);
	} else if (key) {
		*key = (struct rmb_tree){ .kind = RMB_SCALAR, .text = "path", .place = path->place };
		add_given(r, source, key, path);
	} else if (lost) {
		source->given[source->ngiven++].name = "path";
	}
}

static void
read_one(struct rmb_reading *r, const struct rmb_found *found, struct rmb_source *source)
{
	const struct rmb_tree *tree = found->tree, *path = found->path;
	*source = (struct rmb_source){ .name = found->name, .base = found->base, .place = found->place };
	assign(r, found, &tree, &path);
	source->given = rmb_arena_alloc(r->arena, (size_t)tree->n + 1, sizeof *source->given);
	if (!source->given) {
		rmb_reading_nomem(r);
		return;
	}
	read_labels(r, source, rmb_tree_get(tree, "area"), rmb_tree_get(tree, "labels"));
	read_tags(r, source, rmb_tree_get(tree, "tags"));
	add_path(r, source, path, found->lost);
	for (int i = 0; i < tree->n; i++)
		if (!rmb_source_key(tree->key[i]->text))
			add_given(r, source, tree->key[i], tree->item[i]);
}

/* ---- all of them */

void
rmb_reading_recordings(struct rmb_reading *r)
{
	struct rmb_found_list list = { 0 };
	rmb_find_recordings(r, &list);
	r->recipe->source = rmb_arena_alloc(r->arena, (size_t)list.n, sizeof *r->recipe->source);
	if (!r->recipe->source) {
		rmb_reading_nomem(r);
		return;
	}
	const char **name = rmb_arena_alloc(r->arena, (size_t)list.n + 1, sizeof *name);
	for (int i = 0; i < list.n; i++) {
		read_one(r, &list.found[i], &r->recipe->source[r->recipe->nsources++]);
		if (name)
			name[i] = list.found[i].name;
	}
	for (int i = 0; i < r->nset; i++)
		if (strcmp(r->set[i].section, "recordings") == 0 && !r->set[i].used)
			rmb_mistake(r->m, RMB_ERECIPE, r->set[i].place, "the recipe has no recording '%s'%s", r->set[i].name,
			            name ? rmb_did_you_mean(r, r->set[i].name, name) : "");
}

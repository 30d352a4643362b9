/* pipeline/recordings.c -- the recordings of a recipe: globs become recordings, recordings get names, labels and settings.
 *
 * Besides name, path, glob, area, tags and labels an entry may hold any setting of the stages that read files; `path` is one
 * of those. A path may hold * ? [] if exactly one file fits. A recording without a name is called after its file. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "pipeline/reading.h"
#include "pipeline/text.h"

enum { MOST_RECORDINGS = 10000, LONGEST_NAME = 200 };

struct found {                     /* one recording-to-be */
	const struct rmb_tree *tree;   /* its mapping as written */
	const struct rmb_tree *path;   /* its path as a text, wildcards resolved; NULL: none */
	bool lost;                     /* its path is wrong or missing, and that was told */
	const char *base, *name;       /* name NULL: to be derived */
	struct rmb_place place;
};
struct found_list { int n; struct found *found; };

static bool
add(struct rmb_reading *r, struct found_list *list, struct found one)
{
	struct found *longer = rmb_arena_room(r->arena, list->found, (size_t)list->n, sizeof *longer);
	if (!longer) {
		rmb_reading_nomem(r);
		return false;
	}
	list->found = longer;
	list->found[list->n++] = one;
	return true;
}

/* ---- files by pattern */

static int
by_name(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The paths that fit a pattern, as they would be written in the recipe, sorted. */
static int
match(struct rmb_reading *r, const char *base, const char *pattern, const char ***path)
{
	bool joined = *pattern != '/' && strcmp(base, ".") != 0;
	char *whole = rmb_arena_alloc(r->arena, 2 * strlen(base) + strlen(pattern) + 2, 1), *end = whole;
	*path = NULL;
	for (const char *c = base; whole && joined && *c; c++) { /* the directory is meant as it stands */
		if (strchr("*?[]\\", *c))
			*end++ = '\\';
		*end++ = *c;
	}
	if (!whole) {
		rmb_reading_nomem(r);
		return 0;
	}
	sprintf(end, "%s%s", joined ? "/" : "", pattern);
	glob_t found = { 0 };
	int n = glob(whole, GLOB_NOSORT, NULL, &found) == 0 ? (int)found.gl_pathc : 0;
	const char **list = rmb_arena_alloc(r->arena, (size_t)n, sizeof *list);
	for (int i = 0; list && i < n; i++)
		list[i] = rmb_arena_strdup(r->arena, found.gl_pathv[i] + (joined ? strlen(base) + 1 : 0));
	globfree(&found);
	for (int i = 0; i < n; i++)
		if (!list || !list[i]) {
			rmb_reading_nomem(r);
			return 0;
		}
	if (n > 0)
		qsort(list, (size_t)n, sizeof *list, by_name);
	*path = list;
	return n;
}

static struct rmb_tree *
path_tree(struct rmb_reading *r, const char *path, struct rmb_place place)
{
	struct rmb_tree *tree = rmb_arena_alloc(r->arena, 1, sizeof *tree);
	if (!tree)
		rmb_reading_nomem(r);
	else
		*tree = (struct rmb_tree){ .kind = RMB_SCALAR, .place = place, .text = path, .quoted = true };
	return tree;
}

/* A path with wildcards that is no file by that very name must fit exactly one. */
static const struct rmb_tree *
one_path(struct rmb_reading *r, const struct rmb_tree *tree, const char *base)
{
	struct stat stat_now;
	const char **path;
	if (tree->kind != RMB_SCALAR || !tree->text[strcspn(tree->text, "*?[")])
		return tree;
	const char *literal = *tree->text == '/' ? tree->text : rmb_arena_printf(r->arena, "%s/%s", base, tree->text);
	if (!literal)
		rmb_reading_nomem(r);
	if (literal && lstat(literal, &stat_now) == 0)
		return tree;
	int n = match(r, base, tree->text, &path);
	if (n == 1)
		return path_tree(r, path[0], tree->place);
	if (n == 0)
		rmb_mistake(r->m, RMB_ERECIPE, tree->place, "no file in '%s' fits '%s'", base, tree->text);
	else
		rmb_mistake(r->m, RMB_ERECIPE, tree->place, "'%s' fits %d files, among them '%s' and '%s'; a path is one file, use glob for many", tree->text, n,
		            path[0], path[1]);
	return NULL;
}

static void
expand_glob(struct rmb_reading *r, struct found_list *list, struct found one, const struct rmb_tree *tree)
{
	const char **path;
	const char *pattern = rmb_scalar(r, tree, "glob expects a pattern for paths, such as \"data/*.npz\"");
	int n = pattern ? match(r, one.base, pattern, &path) : 0;
	r->lost |= n == 0;
	if (pattern && n == 0)
		rmb_mistake(r->m, RMB_ERECIPE, tree->place, "no file in '%s' fits '%s'", one.base, pattern);
	if (one.path)
		rmb_mistake(r->m, RMB_ERECIPE, one.path->place, "a recording has a path or a glob, not both");
	if (n > 1 && one.name)
		rmb_mistake(r->m, RMB_ERECIPE, one.place, "'%s' fits %d files, which cannot all be named '%s'; leave the name out", pattern, n, one.name);
	if (n > MOST_RECORDINGS - list->n) {
		rmb_mistake(r->m, RMB_ERECIPE, tree->place, "'%s' fits %d files; a recipe holds at most %d recordings", pattern, n, MOST_RECORDINGS);
		return;
	}
	for (int i = 0; i < n; i++) {
		one.path = path_tree(r, path[i], tree->place);
		if (!one.path || !add(r, list, one))
			return;
	}
}

/* ---- names */

static bool
name_usable(const char *name)
{
	uint32_t point = 0;
	size_t length = strlen(name);
	for (size_t i = 0, n; i < length; i += n) {
		n = rmb_text_decode(name + i, length - i, &point);
		if (n == 0 || rmb_text_steers(point))
			return false;
	}
	return length > 0 && length <= LONGEST_NAME;
}

/* Base name without extension; what a name cannot hold becomes '_'. */
static char *
derive(struct rmb_reading *r, const char *path)
{
	size_t end = strlen(path);
	while (end > 1 && path[end - 1] == '/')
		end--;
	size_t begin = end;
	while (begin > 0 && path[begin - 1] != '/')
		begin--;
	for (size_t dot = end; dot-- > begin + 1;)
		if (path[dot] == '.') {
			end = dot;
			break;
		}
	if (end - begin > LONGEST_NAME - 8)
		end = begin + LONGEST_NAME - 8;
	char *name = rmb_arena_alloc(r->arena, end - begin + 2, 1);
	if (!name) {
		rmb_reading_nomem(r);
		return NULL;
	}
	for (size_t i = begin, n; i < end; i += n) {
		uint32_t point = 0;
		n = rmb_text_decode(path + i, end - i, &point);
		bool good = n > 0 && !rmb_text_steers(point) && !strchr("/@#", path[i]) && !(i == begin && path[i] == '.');
		n = n ? n : 1;
		strncat(name, good ? path + i : "_", good ? n : 1);
	}
	return *name ? name : strcpy(name, "_");
}

struct names { int n; const struct found **sorted; }; /* those that have a name, by name */

static int
by_found_name(const void *left, const void *right)
{
	const struct found *const *a = left, *const *b = right;
	int order = strcmp((*a)->name, (*b)->name);
	return order ? order : *a < *b ? -1 : *a > *b;
}

/* Two recordings that are given the same name. */
static void
refuse_duplicates(struct rmb_reading *r, const struct found_list *list)
{
	struct names names = { 0, rmb_arena_alloc(r->arena, (size_t)list->n, sizeof(struct found *)) };
	if (!names.sorted)
		rmb_reading_nomem(r);
	for (int i = 0; names.sorted && i < list->n; i++)
		if (list->found[i].name)
			names.sorted[names.n++] = &list->found[i];
	if (names.n > 1)
		qsort(names.sorted, (size_t)names.n, sizeof *names.sorted, by_found_name);
	for (int i = 1; i < names.n; i++) {
		const struct found *a = names.sorted[i - 1], *b = names.sorted[i];
		if (strcmp(a->name, b->name) == 0 && a->tree != b->tree)
			rmb_mistake(r->m, RMB_ERECIPE, b->place, "duplicate: a recording named '%s' stands at %s:%d:%d already", b->name, a->place.file,
			            a->place.line, a->place.column);
	}
}

static bool
taken(const struct found_list *list, const char *name)
{
	for (int i = 0; i < list->n; i++)
		if (list->found[i].name && strcmp(list->found[i].name, name) == 0)
			return true;
	return false;
}

/* Recordings without a name are called after their file; those of equal names get -2, -3, ... in their order. */
static void
name_all(struct rmb_reading *r, struct found_list *list)
{
	const char *last_stem = "";
	int k = 2;
	refuse_duplicates(r, list);
	for (int i = 0; i < list->n; i++) {
		struct found *f = &list->found[i];
		if (f->name)
			continue;
		const char *stem = f->path && f->path->kind == RMB_SCALAR && *f->path->text ? derive(r, f->path->text) : NULL, *name = stem;
		if (!stem) {
			stem = name = "?";
			if (!f->lost && !f->path)
				rmb_mistake(r->m, RMB_ERECIPE, f->place, "a recording needs a name, or a path to be called after");
			f->lost = true;
		}
		for (k = stem && strcmp(stem, last_stem) == 0 ? k : 2; name && taken(list, name); k++)
			name = rmb_arena_printf(r->arena, "%s-%d", stem, k);
		if (!name)
			rmb_reading_nomem(r);
		f->name = name ? name : "?";
		last_stem = stem ? stem : "";
	}
}

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
		rmb_mistake(r->m, RMB_ERECIPE, labels->place, "labels expects a mapping such as {state: awake}; found %s", rmb_tree_kind_name(labels));
	if (area && source->label)
		add_label(r, source, "area", area);
	for (int i = 0; mapping && source->label && i < labels->n; i++) {
		const char *name = labels->key[i]->text;
		if (strcmp(name, "name") == 0 || strcmp(name, "tags") == 0 || strcmp(name, "by") == 0 || (area && strcmp(name, "area") == 0))
			rmb_mistake(r->m, RMB_ERECIPE, labels->key[i]->place, "a label cannot be called '%s' here; it has that meaning already", name);
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
		rmb_mistake(r->m, RMB_ERECIPE, tree->place, "%s expects one value here; {by: ...} belongs to an entry under stages", key->text);
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
assign(struct rmb_reading *r, const struct found *found, const struct rmb_tree **tree, const struct rmb_tree **path)
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
read_one(struct rmb_reading *r, const struct found *found, struct rmb_source *source)
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

static void
find_one(struct rmb_reading *r, struct found_list *list, const struct rmb_item *item)
{
	const struct rmb_tree *tree = item->value;
	struct found one = { .tree = tree, .base = item->base, .place = tree->place };
	if (tree->kind != RMB_MAPPING) {
		r->lost = true;
		rmb_mistake(r->m, RMB_ERECIPE, tree->place, "a recording is a mapping such as {name: fx26, path: data/fx26.npz}; found %s",
		            rmb_tree_kind_name(tree));
		return;
	}
	const struct rmb_tree *name = rmb_tree_get(tree, "name"), *glob_tree = rmb_tree_get(tree, "glob");
	one.name = name ? rmb_scalar(r, name, "name expects a text") : NULL;
	one.path = rmb_tree_get(tree, "path");
	if (name)
		one.place = name->place;
	if (one.name && !name_usable(one.name)) {
		rmb_mistake(r->m, RMB_ERECIPE, name->place, "'%s' cannot name a recording: UTF-8 without control characters, at most %d bytes", one.name,
		            LONGEST_NAME);
		one.name = NULL;
	}
	if (glob_tree) {
		expand_glob(r, list, one, glob_tree);
		return;
	}
	if (name && !one.name)
		one.name = "?";
	if (one.path)
		one.lost = !(one.path = one_path(r, one.path, item->base));
	add(r, list, one);
}

void
rmb_reading_recordings(struct rmb_reading *r)
{
	struct found_list list = { 0 };
	for (int i = 0; i < r->recordings.n; i++)
		find_one(r, &list, &r->recordings.item[i]);
	name_all(r, &list);
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

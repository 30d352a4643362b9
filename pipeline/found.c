/* pipeline/found.c -- which recordings a recipe speaks of: globs become recordings, and each gets a name.
 *
 * A path may hold * ? [] if exactly one file fits. A recording without a name is called after its file. */
#include "pipeline/found.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "pipeline/pattern.h"
#include "pipeline/text.h"

enum { LONGEST_NAME = 200 };

static bool
add(struct rmb_reading *r, struct rmb_found_list *list, struct rmb_found one)
{
	struct rmb_found *longer = rmb_arena_room(r->arena, list->found, (size_t)list->n, sizeof *longer);
	if (!longer) {
		rmb_reading_nomem(r);
		return false;
	}
	list->found = longer;
	list->found[list->n++] = one;
	return true;
}

/* ---- files by pattern */

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
	int n = rmb_pattern_find(r, base, tree->text, &path);
	if (n == 1)
		return path_tree(r, path[0], tree->place);
	if (n == 0)
		rmb_mistake(r->m, RMB_ERECIPE, tree->place, "no file in '%s' fits '%s'", base, tree->text);
	else
		rmb_mistake(r->m, RMB_ERECIPE, tree->place,
		            "'%s' fits %d files, among them '%s' and '%s'; a path is one file, use glob for many", tree->text,
		            n, path[0], path[1]);
	return NULL;
}

static void
expand_glob(struct rmb_reading *r, struct rmb_found_list *list, struct rmb_found one, const struct rmb_tree *tree)
{
	const char **path;
	const char *pattern = rmb_scalar(r, tree, "glob expects a pattern for paths, such as \"data/*.npz\"");
	int n = pattern ? rmb_pattern_find(r, one.base, pattern, &path) : 0;
	r->lost |= n == 0;
	if (pattern && n == 0)
		rmb_mistake(r->m, RMB_ERECIPE, tree->place, "no file in '%s' fits '%s'", one.base, pattern);
	if (one.path)
		rmb_mistake(r->m, RMB_ERECIPE, one.path->place, "a recording has a path or a glob, not both");
	if (n > 1 && one.name)
		rmb_mistake(r->m, RMB_ERECIPE, one.place,
		            "'%s' fits %d%s files, which cannot all be named '%s'; leave the name out", pattern, n,
		            n > RMB_MOST_RECORDINGS ? " and more" : "", one.name);
	if (n > RMB_MOST_RECORDINGS - list->n) {
		rmb_mistake(r->m, RMB_ERECIPE, tree->place, "'%s' fits %s%d files; a recipe holds at most %d recordings",
		            pattern, n > RMB_MOST_RECORDINGS ? "more than " : "", n > RMB_MOST_RECORDINGS ? RMB_MOST_RECORDINGS : n,
		            RMB_MOST_RECORDINGS);
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

struct names { int n; const struct rmb_found **sorted; }; /* those that have a name, by name */

static int
by_found_name(const void *left, const void *right)
{
	const struct rmb_found *const *a = left, *const *b = right;
	int order = strcmp((*a)->name, (*b)->name);
	return order ? order : *a < *b ? -1 : *a > *b;
}

/* Two recordings that are given the same name. */
static void
refuse_duplicates(struct rmb_reading *r, const struct rmb_found_list *list)
{
	struct names names = { 0, rmb_arena_alloc(r->arena, (size_t)list->n, sizeof(struct rmb_found *)) };
	if (!names.sorted)
		rmb_reading_nomem(r);
	for (int i = 0; names.sorted && i < list->n; i++)
		if (list->found[i].name)
			names.sorted[names.n++] = &list->found[i];
	if (names.n > 1)
		qsort(names.sorted, (size_t)names.n, sizeof *names.sorted, by_found_name);
	for (int i = 1; i < names.n; i++) {
		const struct rmb_found *a = names.sorted[i - 1], *b = names.sorted[i];
		if (strcmp(a->name, b->name) == 0 && a->tree != b->tree)
			rmb_mistake(r->m, RMB_ERECIPE, b->place,
			            "duplicate: a recording named '%s' stands at %s:%d:%d already", b->name, a->place.file,
			            a->place.line, a->place.column);
	}
}

static bool
taken(const struct rmb_found_list *list, const char *name)
{
	for (int i = 0; i < list->n; i++)
		if (list->found[i].name && strcmp(list->found[i].name, name) == 0)
			return true;
	return false;
}

/* Recordings without a name are called after their file; those of equal names get -2, -3, ... in their order. */
static void
name_all(struct rmb_reading *r, struct rmb_found_list *list)
{
	const char *last_stem = "";
	int k = 2;
	refuse_duplicates(r, list);
	for (int i = 0; i < list->n; i++) {
		struct rmb_found *f = &list->found[i];
		if (f->name)
			continue;
		const char *stem = f->path && f->path->kind == RMB_SCALAR && *f->path->text ? derive(r, f->path->text) : NULL,
		           *name = stem;
		if (!stem) {
			stem = name = "?";
			if (!f->lost && !f->path)
				rmb_mistake(r->m, RMB_ERECIPE, f->place,
				            "a recording needs a name, or a path to be called after");
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

/* ---- all of them */

static void
find_one(struct rmb_reading *r, struct rmb_found_list *list, const struct rmb_item *item)
{
	const struct rmb_tree *tree = item->value;
	struct rmb_found one = { .tree = tree, .base = item->base, .place = tree->place };
	if (tree->kind != RMB_MAPPING) {
		r->lost = true;
		rmb_mistake(r->m, RMB_ERECIPE, tree->place,
		            "a recording is a mapping such as {name: fx26, path: data/fx26.npz}; found %s",
		            rmb_tree_kind_name(tree));
		return;
	}
	const struct rmb_tree *name = rmb_tree_get(tree, "name"), *glob_tree = rmb_tree_get(tree, "glob");
	one.name = name ? rmb_scalar(r, name, "name expects a text") : NULL;
	one.path = rmb_tree_get(tree, "path");
	if (name)
		one.place = name->place;
	if (one.name && !name_usable(one.name)) {
		rmb_mistake(r->m, RMB_ERECIPE, name->place,
		            "'%s' cannot name a recording: UTF-8 without control characters, at most %d bytes", one.name,
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
rmb_find_recordings(struct rmb_reading *r, struct rmb_found_list *list)
{
	for (int i = 0; i < r->recordings.n; i++)
		find_one(r, list, &r->recordings.item[i]);
	name_all(r, list);
}

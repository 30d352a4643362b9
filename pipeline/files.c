/* pipeline/files.c -- a recipe and the files it includes become one list of recordings, of entries and of variables.
 *
 * An included file is a recipe without the duty to be whole. Its recordings, stages and vars come before those of the file
 * that includes it; of title, seed and report the including file's stand if it has them. What stands in two files under one
 * name is a mistake that names both places; --set and vars are the way to vary. A file included twice is read once. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pipeline/reading.h"
#include "pipeline/missing.h"

enum { MOST_TEXT = 1 << 20, MOST_FILES = 64, MOST_INCLUDED = 8 };

struct file { dev_t device; ino_t inode; bool open; };
struct files { struct file file[MOST_FILES]; int n, depth; };

static const char *const top_keys[] = { "rumble", "title", "seed", "recordings", "stages", "report", "vars", "include", NULL };

/* The text of a file, NUL-terminated, at most one byte more than the limit (which the tree refuses). NULL: told. */
static char *
read_text(struct rmb_reading *r, const char *path, struct rmb_place from, struct stat *stat, size_t *length)
{
	char why[RMB_MISSING_ROOM];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a pipe without a writer must not hang us */
	if (fd >= 0)
		fcntl(fd, F_SETFL, 0);
	char *text = fd >= 0 ? rmb_arena_alloc(r->arena, MOST_TEXT + 2, 1) : NULL;
	ssize_t n = text && fstat(fd, stat) == 0 ? 1 : -1;
	for (*length = 0; n > 0 && *length <= MOST_TEXT; *length += (size_t)(n > 0 ? n : 0))
		do
			n = read(fd, text + *length, MOST_TEXT + 1 - *length);
		while (n < 0 && errno == EINTR);
	if (fd >= 0 && !text)
		rmb_reading_nomem(r);
	else if (n < 0)
		rmb_mistake(r->m, RMB_ERECIPE, from, "cannot read %s '%s': %s", from.line ? "the included file" : "the recipe", path,
		            rmb_missing(path, errno, why));
	if (fd >= 0)
		close(fd);
	return n < 0 ? NULL : text; /* n is -1, too, if there is no file or no memory */
}

static const char *
directory_of(struct rmb_reading *r, const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return ".";
	size_t length = slash == path ? 1 : (size_t)(slash - path); /* of "/x" the slash is the directory */
	char *directory = rmb_arena_copy(r->arena, path, length + 1, 1);
	if (!directory) {
		rmb_reading_nomem(r);
		return ".";
	}
	directory[length] = '\0';
	return directory;
}

static void
check_version(struct rmb_reading *r, const struct rmb_tree *top, bool main)
{
	const struct rmb_tree *version = rmb_tree_get(top, "rumble");
	if (!version && main)
		rmb_mistake(r->m, RMB_ERECIPE, top->place,
		            "a recipe says which version of the language it is written in: add the line 'rumble: 1'");
	else if (version && (version->kind != RMB_SCALAR || version->quoted || strcmp(version->text, "1") != 0))
		rmb_mistake(r->m, RMB_ERECIPE, version->place,
		            "rumble expects the version of the recipe language, 1; found %s%s%s",
		            version->kind == RMB_SCALAR ? "'" : "",
		            version->kind == RMB_SCALAR ? version->text : rmb_tree_kind_name(version),
		            version->kind == RMB_SCALAR ? "'" : "");
}

static void
check_keys(struct rmb_reading *r, const struct rmb_tree *top)
{
	for (int i = 0; i < top->n; i++) {
		const char *const *known = top_keys;
		while (*known && strcmp(*known, top->key[i]->text) != 0)
			known++;
		if (*known)
			continue;
		const char *near = rmb_did_you_mean(r, top->key[i]->text, top_keys);
		r->lost |= *near != '\0';
		rmb_mistake(r->m, RMB_ERECIPE, top->key[i]->place, "a recipe has no key '%s'%s", top->key[i]->text, near);
	}
}

/* A section that maps names to something. */
static void
merge_mapping(struct rmb_reading *r, const struct rmb_tree *section, const char *name, const char *base, struct rmb_items *items)
{
	if (section && section->kind != RMB_MAPPING) {
		r->lost = true;
		rmb_mistake(r->m, RMB_ERECIPE, section->place, "%s expects a mapping from names; found %s", name,
		            rmb_tree_kind_name(section));
		return;
	}
	for (int i = 0; section && i < section->n; i++) {
		const struct rmb_tree *key = section->key[i];
		const struct rmb_item *other = rmb_items_find(items, key->text);
		if (other)
			rmb_mistake(r->m, RMB_ERECIPE, key->place, "duplicate: '%s' under %s stands at %s:%d:%d already",
			            key->text, name, other->key->place.file, other->key->place.line,
			            other->key->place.column);
		else if (!rmb_items_add(r, items, (struct rmb_item){ key, section->item[i], base }))
			return;
	}
}

static void
merge_recordings(struct rmb_reading *r, const struct rmb_tree *section, const char *base)
{
	bool list = section && section->kind == RMB_SEQUENCE;
	r->lost |= section && !list;
	if (section && !list)
		rmb_mistake(r->m, RMB_ERECIPE, section->place,
		            "recordings expects a list, one '- {name: ..., path: ...}' for each; found %s",
		            rmb_tree_kind_name(section));
	for (int i = 0; list && i < section->n; i++)
		if (!rmb_items_add(r, &r->recordings, (struct rmb_item){ NULL, section->item[i], base }))
			return;
}

static bool read_file(struct rmb_reading *r, struct files *files, const char *path, struct rmb_place from);

static void
include_one(struct rmb_reading *r, struct files *files, const struct rmb_tree *tree, const char *base)
{
	const char *name = rmb_scalar(r, tree, "include expects the path of a recipe, or a list of them");
	if (!name)
		return;
	bool joined = *name != '/' && strcmp(base, ".") != 0;
	const char *path = joined ? rmb_arena_printf(r->arena, "%s/%s", base, name) : name;
	if (!path)
		rmb_reading_nomem(r);
	else
		r->lost |= !read_file(r, files, path, tree->place);
}

static void
merge(struct rmb_reading *r, struct files *files, const struct rmb_tree *top, const char *base)
{
	const struct rmb_tree *include = rmb_tree_get(top, "include");
	bool list = include && include->kind == RMB_SEQUENCE;
	for (int i = 0; include && i < (list ? include->n : 1); i++)
		include_one(r, files, list ? include->item[i] : include, base);
	struct { const char *name; const struct rmb_tree **tree; } one[] = { { "title", &r->title }, { "seed", &r->seed },
	                                                                     { "report", &r->report } };
	for (size_t i = 0; i < sizeof one / sizeof *one; i++)
		if (rmb_tree_get(top, one[i].name))
			*one[i].tree = rmb_tree_get(top, one[i].name);
	merge_mapping(r, rmb_tree_get(top, "vars"), "vars", base, &r->vars);
	merge_mapping(r, rmb_tree_get(top, "stages"), "stages", base, &r->stages);
	merge_recordings(r, rmb_tree_get(top, "recordings"), base);
}

/* False: this file was read before, or must not be read here. */
static bool
enter(struct rmb_reading *r, struct files *files, const struct stat *stat, struct rmb_place from, const char *path)
{
	for (int i = 0; i < files->n; i++) {
		if (files->file[i].device != stat->st_dev || files->file[i].inode != stat->st_ino)
			continue;
		if (files->file[i].open)
			rmb_mistake(r->m, RMB_ERECIPE, from, "'%s' includes itself, directly or through others", path);
		return false;
	}
	if (files->n == MOST_FILES || files->depth == MOST_INCLUDED) {
		rmb_mistake(r->m, RMB_ERECIPE, from, "too many included files; the limits are %d files, %d deep", MOST_FILES,
		            MOST_INCLUDED);
		return false;
	}
	files->file[files->n++] = (struct file){ stat->st_dev, stat->st_ino, true };
	return true;
}

/* `from`: where it is included, or {path, 0, 0} for the recipe itself. */
static bool
read_file(struct rmb_reading *r, struct files *files, const char *path, struct rmb_place from)
{
	struct stat stat;
	size_t length;
	bool main = from.line == 0;
	char *text = read_text(r, path, from, &stat, &length);
	if (!text || !enter(r, files, &stat, from, path))
		return false;
	int number = files->n - 1;
	size_t mark = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	rmb_mistakes_source(r->m, path, text + mark, length - mark);
	if (main)
		r->recipe->text = text;
	int before = rmb_mistakes_count(r->m);
	const struct rmb_tree *top = rmb_tree_parse(r->arena, path, text, length, r->m);
	r->lost |= rmb_mistakes_count(r->m) > before;
	if (top && top->kind != RMB_MAPPING)
		rmb_mistake(r->m, RMB_ERECIPE, top->place, "a recipe is a mapping that begins with 'rumble: 1'; found %s",
		            rmb_tree_kind_name(top));
	bool usable = top && top->kind == RMB_MAPPING;
	if (main)
		r->top = top;
	if (usable) {
		check_version(r, top, main);
		check_keys(r, top);
		files->depth++;
		merge(r, files, top, directory_of(r, path));
		files->depth--;
	}
	files->file[number].open = false;
	return usable;
}

bool
rmb_reading_files(struct rmb_reading *r, const char *path)
{
	struct files files = { .n = 0 };
	r->recipe->directory = directory_of(r, path);
	return read_file(r, &files, path, (struct rmb_place){ path, 0, 0 });
}

/* pipeline/cache_list.c -- the whole cache: what is there, what is named by results, and what may go. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "pipeline/bundle.h"
#include "pipeline/cache_folder.h"
#include "pipeline/object_block.h"
#include "rumble/hash.h"

/* s. While anybody works in the cache, an object used this recently may be the next that they read. How long bad objects are
 * kept. */
enum { RECENT = 3600, BAD_AGE = 7 * 86400 };

/* ---- names in results folders */

struct name { char key[RMB_KEY_MAX]; const char *by; };
struct names { struct rmb_arena *arena; const struct rmb_cache *cache; struct name *name; size_t n; bool failed; };

static void
add_name(struct names *names, const char *key, const char *folder, const char *inner, const char *file)
{
	struct name *list = rmb_arena_room(names->arena, names->name, names->n, sizeof *list);
	const char *by = rmb_arena_printf(names->arena, "%s/%s%s%s", folder, inner, inner[0] ? "/" : "", file);
	names->failed = names->failed || !list || !by;
	if (names->failed)
		return;
	names->name = list;
	list[names->n].by = by;
	memcpy(list[names->n++].key, key, sizeof list->key);
}

bool
rmb_cache_link(int folder, const char *file, char *key)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(folder, file, target, sizeof target - 1);
	if (n < RMB_KEY_MAX + 2)
		return false;
	target[n] = '\0';
	char *last = target + n - (RMB_KEY_MAX + 2); /* KEY.h5 */
	if (strcmp(last + RMB_KEY_MAX - 1, ".h5") || (last > target && last[-1] != '/'))
		return false;
	last[RMB_KEY_MAX - 1] = '\0';
	memcpy(key, last, RMB_KEY_MAX);
	return rmb_is_key(key);
}

bool
rmb_cache_copied(int folder, const char *file, char *key)
{
	unsigned char bytes[RMB_USER_BLOCK];
	struct rmb_block block;
	struct stat stat;
	int fd = openat(folder, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool copied = fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_size > RMB_USER_BLOCK &&
	              rmb_read_at(fd, bytes, sizeof bytes, 0) == 0;
	if (copied) {
		memcpy(key, bytes + RMB_BLOCK_KEY, RMB_KEY_MAX - 1);
		key[RMB_KEY_MAX - 1] = '\0';
		copied = !rmb_block_read(bytes, key, (int64_t)stat.st_size, &block);
	}
	close(fd);
	errno = 0;
	return copied;
}

/* A view is of no use without its samples: whoever names it, or keeps a copy, names the object that holds them too. */
static void
add_samples(struct names *names, const char *path, const char *key, const char *folder, const char *inner, const char *file)
{
	static const char member[] = "/source";
	struct rmb_object *object;
	if (!path || rmb_object_open(path, key, RMB_VERIFY_HEADER, &object, NULL))
		return;
	for (int i = 0; i < object->narrays; i++) {
		char port[sizeof object->array[i].name];
		size_t n = strlen(object->array[i].name), m = sizeof member - 1;
		if (n <= m || strcmp(object->array[i].name + n - m, member))
			continue;
		snprintf(port, sizeof port, "%.*s", (int)(n - m), object->array[i].name);
		const char *source = rmb_bundle_source(object, port);
		if (rmb_is_key(source) && strcmp(source, key))
			add_name(names, source, folder, inner, file);
	}
	rmb_object_close(object);
}

/* What one name in a results folder counts on: a link or a copy. */
static void
read_name(struct names *names, int fd, const char *folder, const char *inner, const char *file)
{
	char key[RMB_KEY_MAX];
	if (rmb_cache_link(fd, file, key)) {
		add_name(names, key, folder, inner, file);
		add_samples(names, rmb_cache_path(names->arena, names->cache, key), key, folder, inner, file);
		return;
	}
	if (rmb_cache_copied(fd, file, key))
		add_samples(names, rmb_arena_printf(names->arena, "%s/%s%s%s", folder, inner, inner[0] ? "/" : "", file), key,
		            folder, inner, file);
}

/* Names in a folder and, if deep, in the folders in it. 0 or errno. */
static int
read_names(struct names *names, int at, const char *path, const char *folder, const char *inner, bool deep)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (deep ? 0 : O_NOFOLLOW));
	DIR *open = fd < 0 ? NULL : fdopendir(fd);
	if (!open) {
		int number = errno;
		if (fd >= 0)
			close(fd);
		return number;
	}
	for (const struct dirent *entry; (entry = readdir(open));) {
		if (entry->d_name[0] == '.')
			continue;
		read_name(names, fd, folder, inner, entry->d_name);
		if (deep)
			read_names(names, fd, entry->d_name, folder, entry->d_name, false);
	}
	closedir(open);
	return 0;
}

static int
compare_names(const void *a, const void *b)
{
	int keys = strcmp(((const struct name *)a)->key, ((const struct name *)b)->key);
	return keys ? keys : strcmp(((const struct name *)a)->by, ((const struct name *)b)->by);
}

/* All names but those in the folder `except` (NULL: none); a registered folder that is gone is forgotten. */
static int
find_names(const struct rmb_cache *cache, const char *except, struct names *names, struct rmb_error *error)
{
	DIR *roots = rmb_folder_open(cache, "roots");
	if (!roots && errno == ENOENT)
		return 0;
	if (!roots)
		return rmb_error_set(error, RMB_EOUTPUT, "%s/roots: cannot be read: %s", cache->root, strerror(errno));
	for (const struct dirent *entry; (entry = readdir(roots));) {
		char path[PATH_MAX];
		if (entry->d_name[0] == '.' || rmb_folder_read(dirfd(roots), entry->d_name, path, sizeof path) <= 0)
			continue;
		char *end = strrchr(path, '\n');
		if (end)
			*end = '\0';
		if (path[0] == '/' && !(except && strcmp(path, except) == 0) &&
		    read_names(names, AT_FDCWD, path, path, "", true) == ENOENT)
			unlinkat(dirfd(roots), entry->d_name, 0);
	}
	closedir(roots);
	if (names->failed)
		return rmb_error_nomem(error, "the names in results folders");
	if (names->n)
		qsort(names->name, names->n, sizeof *names->name, compare_names);
	return 0;
}

static const char *
named_by(const struct names *names, const char *key)
{
	size_t low = 0, high = names->n;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (strcmp(names->name[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < names->n && strcmp(names->name[low].key, key) == 0 ? names->name[low].by : NULL;
}

int
rmb_cache_named(struct rmb_arena *arena, const struct rmb_cache *cache, const char *except, const char ***key, int64_t *n,
                struct rmb_error *error)
{
	struct names names = { .arena = arena, .cache = cache };
	int code = find_names(cache, except, &names, error);
	*n = (int64_t)names.n;
	*key = rmb_arena_alloc(arena, names.n, sizeof **key);
	for (size_t i = 0; i < names.n && *key && code == 0; i++)
		if (!((*key)[i] = rmb_arena_strdup(arena, names.name[i].key)))
			code = rmb_error_nomem(error, "the names in results folders");
	return code || *key ? code : rmb_error_nomem(error, "the names in results folders");
}

int
rmb_cache_register(const struct rmb_cache *cache, const char *folder, struct rmb_error *error)
{
	char name[65], path[PATH_MAX], text[PATH_MAX + 1];
	rmb_sha256(folder, strlen(folder), name);
	if (snprintf(path, sizeof path, "%s/roots/%s", cache->root, name) >= (int)sizeof path ||
	    snprintf(text, sizeof text, "%s\n", folder) >= (int)sizeof text)
		return rmb_error_set(error, RMB_EOUTPUT, "%s: the path of the results is too long to be remembered", folder);
	if (access(path, F_OK) == 0)
		return 0;
	return rmb_folder_put(cache, path, text, error);
}

/* ---- the list of objects */

struct list { struct rmb_arena *arena; struct rmb_cache_entry *entry; size_t n; };

/* Name of the stage that made an object: what its description says, "" if it cannot be read. */
static void
find_stage(const char *path, const char *key, char *stage)
{
	struct rmb_object *object;
	stage[0] = '\0';
	if (rmb_object_open(path, key, RMB_VERIFY_HEADER, &object, NULL))
		return;
	const char *description = rmb_object_attribute(object, "description");
	json_t *json = description ? json_loads(description, 0, NULL) : NULL;
	const char *name = json_string_value(json_object_get(json, "stage"));
	snprintf(stage, RMB_NAME_MAX, "%s", name ? name : "?");
	json_decref(json);
	rmb_object_close(object);
}

static int
add_entry(const struct rmb_cache *cache, struct list *list, int folder, const char *file)
{
	char path[PATH_MAX], used[RMB_KEY_MAX + 8];
	struct stat stat, stamp;
	if (strlen(file) != RMB_KEY_MAX + 2 || strcmp(file + RMB_KEY_MAX - 1, ".h5") ||
	    fstatat(folder, file, &stat, AT_SYMLINK_NOFOLLOW))
		return 0;
	struct rmb_cache_entry *longer = rmb_arena_room(list->arena, list->entry, list->n, sizeof *longer);
	if (!longer)
		return ENOMEM;
	list->entry = longer;
	struct rmb_cache_entry *entry = &longer[list->n];
	*entry = (struct rmb_cache_entry){ .bytes = stat.st_size, .used = stat.st_mtime };
	snprintf(entry->key, sizeof entry->key, "%s", file);
	if (!rmb_is_key(entry->key))
		return 0;
	snprintf(used, sizeof used, "%s.used", entry->key);
	if (fstatat(folder, used, &stamp, AT_SYMLINK_NOFOLLOW) == 0 && stamp.st_mtime > stat.st_mtime)
		entry->used = stamp.st_mtime;
	if (snprintf(path, sizeof path, "%s/objects/%.2s/%s", cache->root, file, file) < (int)sizeof path)
		find_stage(path, entry->key, entry->stage);
	list->n++;
	return 0;
}

static int
list_objects(const struct rmb_cache *cache, struct list *list)
{
	DIR *objects = rmb_folder_open(cache, "objects");
	int number = objects || errno == ENOENT ? 0 : errno;
	for (const struct dirent *entry; objects && number == 0 && (entry = readdir(objects));) {
		if (strlen(entry->d_name) != 2 || entry->d_name[0] == '.')
			continue;
		int fd = openat(dirfd(objects), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		DIR *folder = fd < 0 ? NULL : fdopendir(fd);
		for (const struct dirent *file; folder && number == 0 && (file = readdir(folder));)
			number = add_entry(cache, list, fd, file->d_name);
		if (folder)
			closedir(folder);
		else if (fd >= 0)
			close(fd);
	}
	if (objects)
		closedir(objects);
	return number;
}

static int
compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct rmb_cache_entry *)a)->key, ((const struct rmb_cache_entry *)b)->key);
}

int
rmb_cache_list(struct rmb_arena *arena, const struct rmb_cache *cache, struct rmb_cache_entry **entry, int64_t *n,
               struct rmb_error *error)
{
	struct list list = { .arena = arena };
	struct names names = { .arena = arena, .cache = cache };
	int number = list_objects(cache, &list), code = 0;
	if (number == ENOMEM)
		code = rmb_error_nomem(error, "the list of objects");
	else if (number)
		code = rmb_error_set(error, RMB_EOUTPUT, "%s/objects: cannot be listed: %s", cache->root, strerror(number));
	if (code == 0)
		code = find_names(cache, NULL, &names, error);
	for (size_t i = 0; i < list.n && code == 0; i++) {
		list.entry[i].by = named_by(&names, list.entry[i].key);
		list.entry[i].named = list.entry[i].by != NULL;
	}
	if (code == 0 && list.n)
		qsort(list.entry, list.n, sizeof *list.entry, compare_keys);
	*entry = list.entry;
	*n = (int64_t)list.n;
	return code;
}

/* ---- collecting */

static int
compare_use(const void *a, const void *b)
{
	const struct rmb_cache_entry *x = a, *y = b;
	return x->used != y->used ? (x->used < y->used ? -1 : 1) : strcmp(x->key, y->key);
}

/* Whether a name is NAME.RANDOM, perhaps with .h5 or .txt, as rmb_cache_set_aside() and its like give: 16 digits behind a point. */
static bool
was_set_aside(const char *name)
{
	for (const char *point = strchr(name, '.'); point && point > name; point = strchr(point + 1, '.')) {
		const char *ending = point + 17;
		if (strspn(point + 1, "0123456789abcdef") == 16 && (!*ending || strcmp(ending, ".h5") == 0 || strcmp(ending, ".txt") == 0))
			return true;
	}
	return false;
}

/* Bad objects have been kept long enough for somebody to look at them. */
static int64_t
empty_bad(const struct rmb_cache *cache, bool dry_run)
{
	DIR *folder = rmb_folder_open(cache, "bad");
	int64_t n = 0;
	time_t now = time(NULL);
	for (const struct dirent *entry; folder && (entry = readdir(folder));) {
		struct stat stat;
		if (!was_set_aside(entry->d_name) || fstatat(dirfd(folder), entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) ||
		    now - stat.st_ctime < BAD_AGE)
			continue;
		n++;
		if (!dry_run && unlinkat(dirfd(folder), entry->d_name, 0))
			unlinkat(dirfd(folder), entry->d_name, AT_REMOVEDIR);
	}
	if (folder)
		closedir(folder);
	return n;
}

int
rmb_cache_collect(const struct rmb_cache *cache, double max_size, double max_age, bool dry_run,
                  void (*took)(void *self, const struct rmb_cache_entry *entry), void *self, struct rmb_collected *c,
                  struct rmb_error *error)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_cache_entry *entry = NULL;
	int64_t n = 0, now = (int64_t)time(NULL);
	*c = (struct rmb_collected){ 0 };
	int code = arena ? rmb_cache_list(arena, cache, &entry, &n, error) : rmb_error_nomem(error, "the list of objects");
	bool busy = rmb_lease_held(cache, NULL);
	for (int64_t i = 0; i < n && code == 0; i++)
		c->left_bytes += entry[i].bytes;
	c->left_objects = n;
	if (code == 0 && n)
		qsort(entry, (size_t)n, sizeof *entry, compare_use);
	for (int64_t i = 0; i < n && code == 0; i++) {
		bool old = !isnan(max_age) && (double)(now - entry[i].used) > max_age;
		bool over = !isnan(max_size) && (double)c->left_bytes > max_size;
		if (!old && !over)
			continue;
		if (entry[i].named || (busy && (now - entry[i].used < RECENT || rmb_lease_held(cache, entry[i].key)))) {
			c->spared_objects++;
			c->spared_bytes += entry[i].bytes;
			continue;
		}
		if (!dry_run && (code = rmb_cache_remove(cache, entry[i].key, error)))
			break;
		c->objects++;
		c->bytes += entry[i].bytes;
		c->left_objects--;
		c->left_bytes -= entry[i].bytes;
		if (took)
			took(self, &entry[i]);
	}
	if (code == 0)
		c->bad = empty_bad(cache, dry_run);
	rmb_arena_free(arena);
	return code;
}

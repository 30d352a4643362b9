/* pipeline/results.c -- names for people: results/<recording>/<node>.h5, links into the cache or copies.
 *
 * Links are symbolic: through a hard link a user could change the cached file. Ours are told from the user's own files by
 * what they are (a link to KEY.h5, or a file with the header of an object), never by their names; nothing else is replaced
 * or removed. */
#include "pipeline/results.h"
#include "pipeline/text.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>
#include "pipeline/gone.h"
#include "pipeline/inside.h"
#include "pipeline/object_block.h"
#include "pipeline/owner.h"
#include "rumble/units.h"

struct wanted { const char *folder, *file, *key; }; /* folder "": directly under results/ */

struct folder {
	const struct rmb_graph *graph;
	const struct rmb_cache *cache;
	struct rmb_arena *arena;
	const char *directory;          /* that results/ lies in */
	const char *path;               /* of results/, absolute */
	bool copy;
	struct wanted *wanted;
	int nwanted;
};

static int
cannot(const char *path, const char *what, int number, struct rmb_error *error)
{
	return rmb_error_set(error, RMB_EOUTPUT, "%s: %s: %s", path, what, strerror(number));
}

/* ---- names */

static int
compare_wanted(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;
	int folders = strcmp(x->folder, y->folder);
	return folders ? folders : strcmp(x->file, y->file);
}

/* What should stand there: every node whose object is in the cache. */
static int
find_wanted(struct folder *f, bool *cached, struct rmb_error *error)
{
	f->wanted = rmb_arena_alloc(f->arena, (size_t)f->graph->nnodes, sizeof *f->wanted);
	for (int i = 0; i < f->graph->nnodes && f->wanted; i++) {
		const struct rmb_node *node = f->graph->node[i];
		cached[i] = rmb_cache_check(f->cache, node->key, NULL, &(struct rmb_error){ 0 }) == 0;
		if (!cached[i])
			continue;
		const char *recording = node->source >= 0 ? f->graph->recipe->source[node->source].name : NULL;
		struct wanted *w = &f->wanted[f->nwanted++];
		const char *file = rmb_text_file_name(f->arena, node->name, "");
		w->folder = recording ? rmb_text_file_name(f->arena, recording, "") : "";
		w->file = file ? rmb_arena_printf(f->arena, "%s.h5", file) : NULL;
		w->key = node->key;
		if (!w->folder || !w->file)
			return rmb_error_nomem(error, "the names of results");
	}
	if (!f->wanted)
		return rmb_error_nomem(error, "the names of results");
	if (f->nwanted)
		qsort(f->wanted, (size_t)f->nwanted, sizeof *f->wanted, compare_wanted);
	return 0;
}

static const struct wanted *
is_wanted(const struct folder *f, const char *folder, const char *file)
{
	struct wanted key = { folder, file, NULL };
	return f->nwanted ? bsearch(&key, f->wanted, (size_t)f->nwanted, sizeof key, compare_wanted) : NULL;
}

/* ---- what stands there */

enum thing { NOTHING, LINK, COPY, FOREIGN };

/* What a name is; of a link or a copy, key[RMB_KEY_MAX] gets the key it stands for. */
static enum thing
look_at(int at, const char *file, char *key)
{
	if (rmb_cache_link(at, file, key))
		return LINK;
	if (rmb_cache_copied(at, file, key))
		return COPY;
	return errno == ENOENT ? NOTHING : FOREIGN;
}

/* Copies an object to a new file. 0 or errno. */
static int
copy_object(const char *from, int at, const char *to)
{
	struct stat stat;
	int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), out = -1, number = 0;
	if (in < 0 || fstat(in, &stat) || (out = openat(at, to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) < 0)
		number = errno;
	for (off_t left = number ? 0 : stat.st_size; left > 0 && number == 0;) {
		ssize_t n = sendfile(out, in, NULL, left < 1 << 30 ? (size_t)left : 1 << 30);
		if (n <= 0 && !(n < 0 && errno == EINTR))
			number = n < 0 ? errno : EIO;
		left -= n > 0 ? n : 0;
	}
	if (number == 0 && (fchmod(out, stat.st_mode & 0444) || fsync(out)))
		number = errno;
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return number;
}

static int
no_copy(const char *path, const char *object, int number, struct rmb_error *error)
{
	struct stat stat_of;
	char needs[64];
	rmb_quantity_print(stat(object, &stat_of) ? 0 : (double)stat_of.st_size, "B", needs, sizeof needs);
	return rmb_error_set(error, RMB_EOUTPUT,
	                     "%s: cannot be written: %s; the copy needs %s. Make room, choose another folder with --out, or "
	                     "link results instead of copying them",
	                     path, strerror(number), needs);
}

/* Makes one name stand for its key. */
static int
put_name(const struct folder *f, int at, const struct wanted *w, struct rmb_error *error)
{
	char key[RMB_KEY_MAX] = "";
	const char *full = rmb_arena_printf(f->arena, "%s/%s%s%s", f->path, w->folder, w->folder[0] ? "/" : "", w->file);
	const char *object = rmb_cache_path(f->arena, f->cache, w->key);
	char temporary[RMB_TEMPORARY_MAX];
	rmb_owner_temporary(w->file, temporary);
	if (!full || !object)
		return rmb_error_nomem(error, "the name of a result");
	enum thing thing = look_at(at, w->file, key);
	if (thing == FOREIGN)
		return rmb_error_set(error, RMB_EOUTPUT,
		                     "%s: something else stands where a result should; move it away or choose another folder "
		                     "with --out",
		                     full);
	if (thing == (f->copy ? COPY : LINK) && strcmp(key, w->key) == 0) {
		char target[PATH_MAX];
		ssize_t n = f->copy ? 0 : readlinkat(at, w->file, target, sizeof target);
		if (f->copy || (n == (ssize_t)strlen(object) && memcmp(target, object, (size_t)n) == 0))
			return 0;
	}
	int number = f->copy ? copy_object(object, at, temporary) : symlinkat(object, at, temporary) ? errno : 0;
	if (number == 0 && renameat(at, temporary, at, w->file))
		number = errno;
	if (number == 0)
		return 0;
	unlinkat(at, temporary, 0);
	return f->copy ? no_copy(full, object, number, error) : cannot(full, "cannot be written", number, error);
}

/* Opens results/ or a folder in it, made if it is missing, never through a symbolic link. */
static int
open_folder(const struct folder *f, const char *folder, int *fd, struct rmb_error *error)
{
	const char *last, *name = rmb_arena_printf(f->arena, "results/%s%sx", folder, folder[0] ? "/" : "");
	*fd = name ? rmb_inside_open(f->directory, name, &last, error) : rmb_error_nomem(error, "a path");
	return *fd < 0 ? *fd : 0;
}

static int
put_names(const struct folder *f, struct rmb_error *error)
{
	int code = 0, at = -1;
	for (int i = 0; i < f->nwanted && code == 0; i++) {
		if (i == 0 || strcmp(f->wanted[i].folder, f->wanted[i - 1].folder)) {
			if (at >= 0)
				close(at);
			code = open_folder(f, f->wanted[i].folder, &at, error);
		}
		if (code == 0)
			code = put_name(f, at, &f->wanted[i], error);
	}
	if (at >= 0)
		close(at);
	return code;
}

/* Removes our names that are not wanted any more, what killed runs left, and folders that are empty then. */
static void
remove_stale(const struct folder *f, int at, const char *inner)
{
	rmb_owner_sweep(at, RMB_TEMPORARY_AGE);
	int copy = dup(at);
	DIR *open = copy < 0 ? NULL : fdopendir(copy);
	char key[RMB_KEY_MAX];
	for (const struct dirent *entry; open && (entry = readdir(open));) {
		const char *name = entry->d_name;
		if (name[0] == '.')
			continue;
		int below = inner[0] ? -1 : openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0) {
			remove_stale(f, below, name);
			close(below);
			unlinkat(at, name, AT_REMOVEDIR); /* fails unless it is empty */
			continue;
		}
		enum thing thing = is_wanted(f, inner, name) ? NOTHING : look_at(at, name, key);
		if (thing == LINK || thing == COPY)
			unlinkat(at, name, 0);
	}
	if (open)
		closedir(open);
	else if (copy >= 0)
		close(copy);
}

/* ---- results/.last.json */

/* Whether a node's result stands: its object does, or it was let go and all that read it stand. */
static void
find_done(const struct rmb_graph *graph, const bool *cached, bool *done)
{
	for (int i = graph->nnodes - 1; i >= 0; i--) {
		const struct rmb_node *node = graph->node[i];
		bool read = !node->keep && node->nusers > 0;
		for (int u = 0; u < node->nusers && read; u++)
			read = done[node->user[u]->index];
		done[i] = cached[i] || read;
	}
}

/* id -> description of what stands; a node that does not stand keeps the description of when it did. Then the input files. */
static int
write_last(const struct folder *f, const bool *done, struct rmb_error *error)
{
	char own[RMB_TEMPORARY_MAX];
	rmb_owner_temporary("last", own);
	char *path = rmb_arena_printf(f->arena, "%s/.last.json", f->path),
	     *temporary = rmb_arena_printf(f->arena, "%s/%s", f->path, own);
	json_t *before = path ? json_load_file(path, 0, NULL) : NULL, *now = json_object();
	for (int i = 0; i < f->graph->nnodes && now; i++) {
		const struct rmb_node *node = f->graph->node[i];
		json_t *description =
			done[i] ? json_loads(node->description, 0, NULL) : json_incref(json_object_get(before, node->id));
		if (description)
			json_object_set_new(now, node->id, description);
	}
	char *text = now && rmb_gone_remember(now, f->graph, before) == 0
	             ? json_dumps(now, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(17)) : NULL;
	bool same = text && before && json_equal(before, now);
	json_decref(before);
	json_decref(now);
	if (!path || !temporary || !text) {
		free(text);
		return rmb_error_nomem(error, "the state of a run");
	}
	int fd = same ? -1 : open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), number = 0;
	if (!same)
		number = fd < 0 ? errno : rmb_write_at(fd, text, strlen(text), 0);
	if (fd >= 0 && close(fd) && !number)
		number = errno;
	if (!same && !number && rename(temporary, path))
		number = errno;
	if (number)
		unlink(temporary);
	free(text);
	return number ? cannot(path, "cannot be written", number, error) : 0;
}

int
rmb_results_write(const struct rmb_graph *graph, const struct rmb_cache *cache, const char *directory, bool copy,
                  struct rmb_error *error)
{
	struct folder f = { .graph = graph, .cache = cache, .directory = directory, .copy = copy, .arena = rmb_arena_new() };
	bool *cached = f.arena ? rmb_arena_alloc(f.arena, (size_t)graph->nnodes, sizeof *cached) : NULL;
	bool *done = cached ? rmb_arena_alloc(f.arena, (size_t)graph->nnodes, sizeof *done) : NULL;
	if (!done || !(f.path = rmb_arena_printf(f.arena, "%s/results", directory))) {
		rmb_arena_free(f.arena);
		return rmb_error_nomem(error, "the names of results");
	}
	int at, code = open_folder(&f, "", &at, error);
	char *path = at < 0 ? NULL : realpath(f.path, NULL);
	if (path)
		f.path = path;
	if (code == 0)
		code = rmb_cache_register(cache, f.path, error);
	if (code == 0)
		code = find_wanted(&f, cached, error);
	if (code == 0)
		code = put_names(&f, error);
	if (code == 0) {
		remove_stale(&f, at, "");
		find_done(graph, cached, done);
		code = write_last(&f, done, error);
	}
	if (at >= 0)
		close(at);
	free(path);
	rmb_arena_free(f.arena);
	return code;
}

int
rmb_results_check(const struct rmb_graph *graph, const char *directory, struct rmb_error *error)
{
	struct rmb_arena *arena = rmb_arena_new();
	int code = arena ? rmb_inside_check(directory, "results/x", error) : rmb_error_nomem(error, "the names of results");
	for (int i = 0; i < graph->recipe->nsources && code == 0; i++) {
		const char *folder = rmb_text_file_name(arena, graph->recipe->source[i].name, "");
		const char *name = folder ? rmb_arena_printf(arena, "results/%s/x", folder) : NULL;
		code = name ? rmb_inside_check(directory, name, error) : rmb_error_nomem(error, "the names of results");
	}
	rmb_arena_free(arena);
	return code;
}

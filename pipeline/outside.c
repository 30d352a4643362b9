/* pipeline/outside.c -- a user's file found, proven and mapped. */
#include "pipeline/outside.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "pipeline/inputs.h"
#include "pipeline/object_block.h"

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int
changed(const char *path, struct rmb_error *error)
{
	return rmb_error_set(error, RMB_EINPUT,
	                     "%s is not the file any more that was loaded: somebody wrote to it or put another one in its "
	                     "place; run again once nobody does",
	                     path);
}

int
rmb_outside_content(const struct rmb_cache *cache, const char *path, char *hex, struct rmb_error *error)
{
	char memo[PATH_MAX];
	snprintf(memo, sizeof memo, "%s/hashes", cache->root);
	struct rmb_inputs *inputs = rmb_inputs_open(memo);
	int code = inputs ? rmb_inputs_hash(inputs, path, hex, error) : rmb_error_nomem(error, "the hashes of input files");
	rmb_inputs_close(inputs);
	return code;
}

const char *
rmb_outside_path(struct rmb_arena *arena, const struct rmb_bundle_file *file, const char *path, const char *content)
{
	if (!content || strcmp(content, file->folder ? file->folder : file->sha256) != 0)
		return NULL;
	return file->folder ? rmb_arena_printf(arena, "%s/%s", path, file->inside) : path;
}

/* Whether the content of the file is what the SHA-256 says. */
static int
prove(const struct rmb_cache *cache, const char *path, const char *sha256, struct rmb_error *error)
{
	char found[RMB_KEY_MAX];
	int code = rmb_outside_content(cache, path, found, error);
	return code ? code : strcmp(found, sha256) ? changed(path, error) : 0;
}

static int
map_file(struct rmb_object *object, int fd, const struct rmb_bundle_file *file, const struct rmb_cache *cache,
         const char *path, struct rmb_error *error)
{
	struct stat after;
	if (fd < 0 || fstat(fd, &object->outside.stat))
		return rmb_error_set(error, RMB_EINPUT, "cannot open %s, in which samples stayed: %s; put it back, or load it again from where "
		                     "it is now", path, strerror(errno));
	if (!S_ISREG(object->outside.stat.st_mode) || object->outside.stat.st_size != file->bytes)
		return changed(path, error);
	int code = prove(cache, path, file->sha256, error);
	if (code)
		return code;
	if (stat(path, &after) || !same_file(&after, &object->outside.stat))
		return changed(path, error);
	void *map = mmap(NULL, (size_t)file->bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return rmb_error_set(error, errno == ENOMEM ? RMB_ELIMIT : RMB_EINPUT, "cannot map %s: %s", path,
		                     strerror(errno));
	object->outside.map = map;
	object->outside.length = (size_t)file->bytes;
	return 0;
}

int
rmb_outside_attach(struct rmb_object *object, const struct rmb_cache *cache, const char *path, struct rmb_error *error)
{
	struct rmb_bundle_file file;
	if (!rmb_bundle_file(object, &file) || object->outside.map)
		return 0;
	if (!path)
		return rmb_error_set(error, RMB_EINPUT,
		                     "the samples stayed in the file that was loaded (SHA-256 %.16s...), and the recipe does "
		                     "not name it",
		                     file.sha256);
	if (!(object->outside.path = rmb_arena_strdup(object->arena, path)))
		return rmb_error_nomem(error, "a path");
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int code = map_file(object, fd, &file, cache, path, error);
	if (fd >= 0)
		object->outside.file = rmb_keep_file(fd, code == 0);
	return code;
}

int
rmb_outside_attach_for(struct rmb_object *object, const struct rmb_graph *graph, const struct rmb_cache *cache,
                       struct rmb_error *error)
{
	struct rmb_bundle_file file;
	const char *path = NULL;
	if (!rmb_bundle_file(object, &file))
		return 0;
	for (int i = 0; i < graph->nnodes && !path; i++) {
		const struct rmb_node *node = graph->node[i];
		for (int p = 0; p < rmb_nparams(node->stage) && !path; p++)
			if (node->stage->params[p].kind == RMB_FILE && !node->value[p].none)
				path = rmb_outside_path(object->arena, &file, node->value[p].path, node->value[p].sha256);
	}
	return rmb_outside_attach(object, cache, path, error);
}

int
rmb_outside_stands(const struct rmb_object *object, struct rmb_error *error)
{
	struct stat now;
	if (!object->outside.map || (stat(object->outside.path, &now) == 0 && same_file(&now, &object->outside.stat)))
		return 0;
	return changed(object->outside.path, error);
}

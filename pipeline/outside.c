/* pipeline/outside.c -- users' files found, proven and mapped. */
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

bool
rmb_outside_is(const struct rmb_bundle_place *place, const char *content)
{
	return content && strcmp(content, place->folder ? place->folder : place->sha256) == 0;
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
map_file(struct rmb_outside *file, int fd, int64_t bytes, const char *sha256, const struct rmb_cache *cache,
         struct rmb_error *error)
{
	struct stat after;
	if (fd < 0 || fstat(fd, &file->stat))
		return rmb_error_set(error, RMB_EINPUT,
		                     "cannot open %s, in which samples stayed: %s; put it back, or load it again from where "
		                     "it is now",
		                     file->path, strerror(errno));
	if (!S_ISREG(file->stat.st_mode) || file->stat.st_size != bytes)
		return changed(file->path, error);
	int code = prove(cache, file->path, sha256, error);
	if (code)
		return code;
	if (stat(file->path, &after) || !same_file(&after, &file->stat))
		return changed(file->path, error);
	void *map = mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return rmb_error_set(error, errno == ENOMEM ? RMB_ELIMIT : RMB_EINPUT, "cannot map %s: %s", file->path,
		                     strerror(errno));
	file->map = map;
	file->length = (size_t)bytes;
	return 0;
}

/* Maps file i of the place as the next one of the object. */
static int
attach(struct rmb_object *object, const struct rmb_bundle_place *place, int64_t i, const struct rmb_cache *cache,
       const char *path, struct rmb_error *error)
{
	struct rmb_outside *file = &object->outside[i];
	const char *inside = place->folder ? place->inside + (size_t)i * place->inside_width : NULL;
	file->path = inside ? rmb_arena_printf(object->arena, "%s/%s", path, inside) : rmb_arena_strdup(object->arena, path);
	if (!file->path)
		return rmb_error_nomem(error, "a path");
	int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int code = map_file(file, fd, place->bytes[i], place->sha256 + i * RMB_KEY_MAX, cache, error);
	if (fd >= 0)
		file->file = rmb_keep_file(fd, code == 0);
	object->noutside += code == 0;
	return code;
}

int
rmb_outside_attach(struct rmb_object *object, const struct rmb_cache *cache, const char *path, struct rmb_error *error)
{
	struct rmb_bundle_place place;
	if (!rmb_bundle_placed(object, &place) || object->noutside)
		return 0;
	if (!path)
		return rmb_error_set(error, RMB_EINPUT,
		                     "the samples stayed in the file that was loaded (SHA-256 %.16s...), and the recipe does "
		                     "not name it",
		                     place.sha256);
	if (!(object->outside = rmb_arena_alloc(object->arena, (size_t)place.n, sizeof *object->outside)))
		return rmb_error_nomem(error, "mapped files");
	int code = 0;
	for (int64_t i = 0; i < place.n && !code; i++)
		code = attach(object, &place, i, cache, path, error);
	if (code)
		rmb_object_detach(object);
	return code;
}

int
rmb_outside_attach_for(struct rmb_object *object, const struct rmb_graph *graph, const struct rmb_cache *cache,
                       struct rmb_error *error)
{
	struct rmb_bundle_place place;
	const char *path = NULL;
	if (!rmb_bundle_placed(object, &place))
		return 0;
	for (int i = 0; i < graph->nnodes && !path; i++) {
		const struct rmb_node *node = graph->node[i];
		for (int p = 0; p < rmb_nparams(node->stage) && !path; p++)
			if (node->stage->params[p].kind == RMB_FILE && !node->value[p].none &&
			    rmb_outside_is(&place, node->value[p].sha256))
				path = node->value[p].path;
	}
	return rmb_outside_attach(object, cache, path, error);
}

int
rmb_outside_stands(const struct rmb_object *object, struct rmb_error *error)
{
	struct stat now;
	for (int64_t i = 0; i < object->noutside; i++)
		if (stat(object->outside[i].path, &now) || !same_file(&now, &object->outside[i].stat))
			return changed(object->outside[i].path, error);
	return 0;
}

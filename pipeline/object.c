/* pipeline/object.c -- opening an object: nothing in it is believed until its bytes are proven, and then only within bounds.
 *
 * Small objects are read into memory and proven there, so that what is used is what was proven. Larger ones are proven by
 * reading them piece by piece (no page stays in memory, a vanishing file is an error and not a signal) and then mapped. */
#include "pipeline/object.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "pipeline/object_block.h"
#include "rumble/hash.h"

static int
damaged(struct rmb_error *error, const char *path, const char *why)
{
	return rmb_error_set(error, RMB_EDAMAGE, "%s: %s", path, why);
}

/* ---- the file and its header */

/* In a directory where everybody may put files, only our own, root's and the directory's owner's are believed. */
static bool
trusted(const char *path, const struct stat *file)
{
	struct stat directory;
	char name[4096];
	const char *slash = strrchr(path, '/');
	int n = snprintf(name, sizeof name, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	if (n < 0 || n >= (int)sizeof name || stat(n ? name : "/", &directory))
		return false;
	return !(directory.st_mode & S_IWOTH) || file->st_uid == geteuid() || file->st_uid == 0 ||
	       file->st_uid == directory.st_uid;
}

static int
cannot_open(const char *path, int number, struct rmb_error *error)
{
	if (number == ENOENT || number == ENOTDIR)
		return rmb_error_set(error, RMB_EINPUT, "%s: there is no such object", path);
	if (number == ENOMEM || number == EMFILE || number == ENFILE)
		return rmb_error_set(error, RMB_ELIMIT, "%s: cannot be opened: %s", path, strerror(number));
	return damaged(error, path, number == ELOOP ? "it is a symbolic link, not an object" : strerror(number));
}

/* An open file whose user block is right. A pipe in its place must not block us. */
static int
open_file(const char *path, const char *key, int *fd, struct stat *stat, struct rmb_block *block, struct rmb_error *error)
{
	unsigned char bytes[RMB_USER_BLOCK];
	*fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd < 0)
		return cannot_open(path, errno, error);
	const char *why = NULL;
	if (fstat(*fd, stat))
		why = strerror(errno);
	else if (!S_ISREG(stat->st_mode))
		why = "it is not a regular file";
	else if (stat->st_size <= RMB_USER_BLOCK)
		why = "it is shorter than the header of an object";
	else if (!trusted(path, stat))
		why = "it belongs to somebody else, in a directory where anybody may write";
	else {
		int number = rmb_read_at(*fd, bytes, sizeof bytes, 0);
		why = number ? strerror(number) : rmb_block_read(bytes, key, (int64_t)stat->st_size, block);
	}
	if (!why)
		return 0;
	close(*fd);
	*fd = -1;
	return damaged(error, path, why);
}

int
rmb_object_look(const char *path, const char *key, struct stat *stat, unsigned char *checksum, struct rmb_error *error)
{
	int fd;
	struct stat mine;
	struct rmb_block block;
	int code = open_file(path, key, &fd, stat ? stat : &mine, &block, error);
	if (code)
		return code;
	if (checksum)
		memcpy(checksum, block.checksum, sizeof block.checksum);
	close(fd);
	return 0;
}

static int
verify_file(int fd, const char *path, const struct rmb_block *block, int threads, struct rmb_error *error)
{
	unsigned char sum[sizeof block->checksum];
	int number = rmb_block_checksum(fd, block->length, threads, sum);
	if (number == ENOMEM)
		return rmb_error_nomem(error, "verifying an object");
	if (number)
		return damaged(error, path, strerror(number));
	return memcmp(sum, block->checksum, sizeof sum) ? damaged(error, path, "its bytes do not match their checksum") : 0;
}

int
rmb_object_verify(const char *path, const char *key, int threads, struct rmb_error *error)
{
	int fd;
	struct stat stat;
	struct rmb_block block;
	int code = open_file(path, key, &fd, &stat, &block, error);
	if (code)
		return code;
	code = verify_file(fd, path, &block, threads, error);
	close(fd);
	return code;
}

/* ---- the index */

/* A text of the index that fits into to[size]. */
static bool
copy_text(const json_t *json, char *to, size_t size)
{
	const char *text = json_string_value(json);
	if (!text || strlen(text) >= size)
		return false;
	strcpy(to, text);
	return true;
}

static bool
read_axis(const json_t *json, struct rmb_axis *axis)
{
	const json_t *n = json_array_get(json, 2), *start = json_array_get(json, 3), *step = json_array_get(json, 4);
	if (!copy_text(json_array_get(json, 0), axis->name, sizeof axis->name) ||
	    !copy_text(json_array_get(json, 1), axis->unit, sizeof axis->unit) || !json_is_integer(n) || !json_is_number(start) ||
	    !json_is_number(step))
		return false;
	axis->n = json_integer_value(n);
	axis->start = json_number_value(start);
	axis->step = json_number_value(step);
	return axis->n >= 0;
}

static bool
read_shape(const json_t *json, struct rmb_array *array)
{
	const json_t *axes = json_object_get(json, "axes"), *width = json_object_get(json, "width");
	if (!json_is_array(axes) || json_array_size(axes) > RMB_MAX_AXES || !json_is_integer(width))
		return false;
	array->naxes = (int)json_array_size(axes);
	for (int i = 0; i < array->naxes; i++)
		if (!read_axis(json_array_get(axes, (size_t)i), &array->axis[i]))
			return false;
	array->width = (size_t)json_integer_value(width);
	bool text = array->type == RMB_TEXT;
	return (text ? array->width > 0 && array->width <= INT32_MAX : array->width == 0) && rmb_array_count(array) >= 0;
}

static bool
read_array(const struct rmb_object *object, const json_t *json, int64_t end, struct rmb_array *array)
{
	const char *type = json_string_value(json_object_get(json, "type")),
	           *help = json_string_value(json_object_get(json, "help"));
	const json_t *at = json_object_get(json, "at");
	for (int t = RMB_FLOAT32; type && t <= RMB_TEXT; t++)
		if (strcmp(type, rmb_type_name[t]) == 0)
			array->type = (enum rmb_type)t;
	if (!array->type || !help || !json_is_integer(at) ||
	    !copy_text(json_object_get(json, "name"), array->name, sizeof array->name) ||
	    !copy_text(json_object_get(json, "unit"), array->unit, sizeof array->unit) || !read_shape(json, array))
		return false;
	array->help = help[0] ? help : NULL; /* kept by the caller */
	int64_t bytes = rmb_array_count(array) * (int64_t)rmb_array_item(array), offset = json_integer_value(at);
	if (bytes == 0)
		offset = RMB_USER_BLOCK; /* nothing is read there */
	array->data = (char *)object->map + offset;
	return offset >= RMB_USER_BLOCK && offset <= end && bytes <= end - offset && offset % RMB_OBJECT_ALIGN == 0;
}

/* 0; RMB_EDAMAGE: it does not hold together; RMB_ELIMIT: no memory. */
static int
read_index(struct rmb_object *object, const json_t *index, int64_t end)
{
	const json_t *arrays = json_object_get(index, "arrays"), *attributes = json_object_get(index, "attributes");
	size_t na = json_array_size(arrays), nt = json_array_size(attributes);
	if (!json_is_array(arrays) || !json_is_array(attributes) || na > 1 << 20 || nt > 1 << 20 || nt % 2)
		return RMB_EDAMAGE;
	object->array = rmb_arena_alloc(object->arena, na, sizeof *object->array);
	object->attribute = rmb_arena_alloc(object->arena, nt, sizeof *object->attribute);
	if (!object->array || !object->attribute)
		return RMB_ELIMIT;
	for (; object->narrays < (int)na; object->narrays++) {
		struct rmb_array *array = &object->array[object->narrays];
		if (!read_array(object, json_array_get(arrays, (size_t)object->narrays), end, array))
			return RMB_EDAMAGE;
		if (array->help && !(array->help = rmb_arena_strdup(object->arena, array->help)))
			return RMB_ELIMIT;
	}
	for (size_t i = 0; i < nt; i++) {
		const char *text = json_string_value(json_array_get(attributes, i));
		if (!text)
			return RMB_EDAMAGE;
		if (!(object->attribute[i] = rmb_arena_strdup(object->arena, text)))
			return RMB_ELIMIT;
	}
	object->nattributes = (int)nt / 2;
	return 0;
}

/* ---- opening */

/* Puts the file into memory: read and proven if it is small, else proven if need be and mapped. */
static int
load_file(struct rmb_object *object, int fd, const char *path, const struct rmb_block *block, enum rmb_trust trust,
          struct rmb_error *error)
{
	unsigned char sum[sizeof block->checksum];
	bool small = block->length <= RMB_OBJECT_SMALL;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int code = small || trust == RMB_VERIFY_HEADER ? 0 : verify_file(fd, path, block, cores < 4 ? (int)cores : 4, error);
	if (code)
		return code;
	object->length = (size_t)block->length;
	object->mapped = !small;
	object->map = small ? mmap(NULL, object->length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
	                    : mmap(NULL, object->length, PROT_READ, MAP_SHARED, fd, 0);
	if (object->map == MAP_FAILED) {
		object->map = NULL;
		return errno == ENOMEM ? rmb_error_nomem(error, "mapping an object") : damaged(error, path, strerror(errno));
	}
	if (!small)
		return 0;
	int number = rmb_read_at(fd, object->map, object->length, 0);
	if (number)
		return damaged(error, path, strerror(number));
	rmb_checksum((char *)object->map + RMB_USER_BLOCK, object->length - RMB_USER_BLOCK, 1, sum);
	mprotect(object->map, object->length, PROT_READ);
	return memcmp(sum, block->checksum, sizeof sum) ? damaged(error, path, "its bytes do not match their checksum") : 0;
}

static int
parse_index(struct rmb_object *object, const char *path, const struct rmb_block *block, struct rmb_error *error)
{
	json_error_t why;
	json_t *index = json_loadb((char *)object->map + block->index, (size_t)(block->length - block->index),
	                           JSON_REJECT_DUPLICATES, &why);
	int code = index                                               ? read_index(object, index, block->index)
	           : json_error_code(&why) == json_error_out_of_memory ? RMB_ELIMIT
	                                                               : RMB_EDAMAGE;
	json_decref(index);
	return code == RMB_ELIMIT ? rmb_error_nomem(error, "an object")
	       : code             ? damaged(error, path, "its index does not hold together")
	                          : 0;
}

int
rmb_object_open(const char *path, const char *key, enum rmb_trust trust, struct rmb_object **out, struct rmb_error *error)
{
	int fd;
	struct rmb_block block;
	struct rmb_object *object = calloc(1, sizeof *object);
	if (!object || !(object->arena = rmb_arena_new())) {
		free(object);
		return rmb_error_nomem(error, "an object");
	}
	int code = open_file(path, key, &fd, &object->stat, &block, error);
	if (code == 0) {
		memcpy(object->key, block.key, sizeof object->key);
		code = load_file(object, fd, path, &block, trust, error);
		if (code == 0)
			code = parse_index(object, path, &block, error);
		object->file = rmb_keep_file(fd, object->mapped);
	}
	if (code) {
		rmb_object_close(object);
		return code;
	}
	*out = object;
	return 0;
}

const struct rmb_array *
rmb_object_array(const struct rmb_object *object, const char *name)
{
	for (int i = 0; i < object->narrays; i++)
		if (strcmp(object->array[i].name, name) == 0)
			return &object->array[i];
	return NULL;
}

const char *
rmb_object_attribute(const struct rmb_object *object, const char *name)
{
	for (int i = 0; i < object->nattributes; i++)
		if (strcmp(object->attribute[2 * i], name) == 0)
			return object->attribute[2 * i + 1];
	return NULL;
}

void
rmb_object_detach(struct rmb_object *object)
{
	for (; object->noutside > 0; object->noutside--) {
		struct rmb_outside *file = &object->outside[object->noutside - 1];
		munmap(file->map, file->length);
		if (file->file)
			close(file->file);
	}
}

void
rmb_object_close(struct rmb_object *object)
{
	if (!object)
		return;
	if (object->map)
		munmap(object->map, object->length);
	if (object->file)
		close(object->file);
	rmb_object_detach(object);
	rmb_arena_free(object->arena);
	free(object);
}

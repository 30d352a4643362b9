/* pipeline/object_write.c -- an object on its way: structure, claimed space, payload, index, checksum, name.
 *
 * A file under its final name is whole: everything happens under a temporary name that says which process writes it, and
 * the name is given by rename() after fsync(). The disk is claimed by posix_fallocate() before anything is computed, so a
 * full disk is met early; it also makes zeros of what nobody writes. What cannot fit is not even begun, for a claim that fails
 * half-way has filled the disk for everybody else. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "pipeline/object_block.h"
#include "pipeline/object_layout.h"
#include "pipeline/owner.h"
#include "pipeline/vanished.h"
#include "rumble/units.h"

struct rmb_object_writer {
	struct rmb_layout layout;
	char key[RMB_KEY_MAX];
	int fd;
	int nfilled;            /* scales whose entries are written */
	int64_t end;            /* of the HDF5 file: the index begins here */
	char *index;
	size_t index_length;
};

static int
wrong_file(const struct rmb_object_writer *w, const char *what, int number, struct rmb_error *error)
{
	return rmb_error_set(error, RMB_EOUTPUT, "%s: cannot %s: %s", w->layout.path, what, strerror(number));
}

/* ---- what the index says */

static json_t *
array_json(const struct rmb_array *array, int64_t at)
{
	json_t *axes = json_array();
	for (int i = 0; i < array->naxes; i++) {
		const struct rmb_axis *axis = &array->axis[i];
		json_array_append_new(axes, json_pack("[ssIff]", axis->name, axis->unit, (json_int_t)axis->n, axis->start,
		                                      axis->step));
	}
	return json_pack("{sssssIsssssIso}", "name", array->name, "type", rmb_type_name[array->type], "width",
	                 (json_int_t)(array->type == RMB_TEXT ? array->width : 0), "unit", array->unit, "help",
	                 array->help ? array->help : "", "at", (json_int_t)at, "axes", axes);
}

static int
make_index(struct rmb_object_writer *w, struct rmb_error *error)
{
	const struct rmb_layout *layout = &w->layout;
	json_t *arrays = json_array(), *attributes = json_array();
	int wrong = 0;
	for (int i = 0; i < layout->narrays; i++)
		wrong |= json_array_append_new(arrays, array_json(&layout->array[i], layout->at[i]));
	for (int i = 0; i < 2 * layout->nattributes; i++)
		wrong |= json_array_append_new(attributes, json_string(layout->attribute[i]));
	json_t *index = json_pack("{soso}", "arrays", arrays, "attributes", attributes);
	free(w->index);
	w->index = wrong || !index ? NULL : json_dumps(index, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(17));
	json_decref(index);
	if (!w->index)
		return rmb_error_set(error, RMB_EINTERNAL,
		                     "an object cannot be described: out of memory, or a name is not UTF-8");
	w->index_length = strlen(w->index);
	if (w->index_length > RMB_OBJECT_INDEX_MAX)
		return rmb_error_set(error, RMB_ELIMIT, "an object is described by %zu bytes of text; %d are allowed",
		                     w->index_length, RMB_OBJECT_INDEX_MAX);
	return 0;
}

/* ---- space */

static int
no_space(const struct rmb_object_writer *w, int64_t length, double room, int number, struct rmb_error *error)
{
	char need[64], left[64];
	return rmb_error_set(error, RMB_EOUTPUT,
	                     "%s: no space: the object needs %s, %s is free (%s); make room or choose another cache with "
	                     "--cache DIR",
	                     w->layout.path, rmb_quantity_print((double)length, "B", need, sizeof need),
	                     rmb_quantity_print(room, "B", left, sizeof left), strerror(number));
}

static int
claim(struct rmb_object_writer *w, struct rmb_error *error)
{
	struct stat stat;
	struct statvfs disk;
	if (fstat(w->fd, &stat))
		return wrong_file(w, "be examined", errno, error);
	w->end = stat.st_size;
	int code = make_index(w, error), number;
	if (code)
		return code;
	int64_t length = w->end + (int64_t)w->index_length;
	/* what the file has already is counted with what is free: measured before the claim, which changes it */
	double room = fstatvfs(w->fd, &disk) ? INFINITY
	                                     : (double)disk.f_bavail * (double)disk.f_frsize + 512 * (double)stat.st_blocks;
	if ((double)length > room)
		return no_space(w, length, room, ENOSPC, error);
	while ((number = posix_fallocate(w->fd, 0, (off_t)length)) == EINTR)
		;
	if (number == 0)
		return 0;
	if (number != ENOSPC && number != EDQUOT && number != EFBIG)
		return wrong_file(w, "claim its space", number, error);
	return no_space(w, length, room, number, error);
}

/* Entries of the scales that are not written yet. */
static int
fill_scales(struct rmb_object_writer *w, struct rmb_error *error)
{
	enum { STEP = 4096 };
	union { double real; int64_t integer; } entry[STEP];
	for (; w->nfilled < w->layout.nscales; w->nfilled++) {
		const struct rmb_scale *scale = &w->layout.scale[w->nfilled];
		for (int64_t first = 0, n; first < scale->axis.n; first += n) {
			n = scale->axis.n - first < STEP ? scale->axis.n - first : STEP;
			for (int64_t i = 0; i < n; i++) {
				double value = scale->axis.start + (double)(first + i) * scale->axis.step;
				if (scale->integral)
					entry[i].integer = (int64_t)value;
				else
					entry[i].real = value;
			}
			int number = rmb_write_at(w->fd, entry, (size_t)n * sizeof *entry,
			                          scale->at + first * (int64_t)sizeof *entry);
			if (number)
				return wrong_file(w, "be written", number, error);
		}
	}
	return 0;
}

/* ---- the life of a writer */

static int
check_arrays(const struct rmb_array *array, int narrays, struct rmb_error *error)
{
	for (int i = 0; i < narrays; i++) {
		const char *name = array[i].name;
		bool right = name[0] && name[0] != '/' && strncmp(name, "axes", strcspn(name, "/")) != 0 &&
		             array[i].type >= RMB_FLOAT32 && array[i].type <= RMB_TEXT && array[i].naxes >= 0 &&
		             array[i].naxes <= RMB_MAX_AXES && (array[i].type != RMB_TEXT || array[i].width > 0) &&
		             rmb_array_count(&array[i]) >= 0;
		for (int a = 0; right && a < array[i].naxes; a++)
			right = array[i].axis[a].name[0] && !strchr(array[i].axis[a].name, '/');
		if (!right)
			return rmb_error_set(error, RMB_EINTERNAL,
			                     "array '%s' cannot be stored: its name, type or shape is wrong", name);
	}
	return 0;
}

int
rmb_object_extend(struct rmb_object_writer *w, const struct rmb_array *array, int narrays, const char *const *attribute,
                  int nattributes, struct rmb_error *error)
{
	int code = check_arrays(array, narrays, error);
	if (code == 0)
		code = rmb_layout_add(&w->layout, array, narrays, attribute, nattributes, error);
	if (code)
		return code;
	if (w->fd < 0 && (w->fd = open(w->layout.path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)) < 0)
		return wrong_file(w, "be opened", errno, error);
	if ((code = claim(w, error)))
		return code;
	return fill_scales(w, error);
}

struct rmb_object_writer *
rmb_object_create(const char *directory, const char *key, const struct rmb_array *array, int narrays,
                  const char *const *attribute, int nattributes, struct rmb_error *error)
{
	char ending[RMB_ENDING_MAX];
	struct rmb_object_writer *w = calloc(1, sizeof *w);
	rmb_owner_ending(ending);
	if (w) {
		w->fd = -1;
		w->layout.arena = rmb_arena_new();
		snprintf(w->key, sizeof w->key, "%s", key);
	}
	if (w && w->layout.arena)
		w->layout.path = rmb_arena_printf(w->layout.arena, "%s/%.16s%s", directory, key, ending);
	rmb_vanished_remove(w ? w->layout.path : NULL);
	if (!w || !w->layout.path)
		rmb_error_nomem(error, "an object");
	else if (strlen(key) != RMB_KEY_MAX - 1)
		rmb_error_set(error, RMB_EINTERNAL, "'%s' is not a key", key);
	else if (rmb_object_extend(w, array, narrays, attribute, nattributes, error) == 0)
		return w;
	rmb_object_abandon(w);
	return NULL;
}

void
rmb_object_abandon(struct rmb_object_writer *w)
{
	if (!w)
		return;
	rmb_vanished_remove(NULL);
	if (w->layout.path)
		unlink(w->layout.path);
	if (w->fd >= 0)
		close(w->fd);
	free(w->index);
	rmb_arena_free(w->layout.arena);
	free(w);
}

/* Where byte `offset` of array i lies. */
static int64_t
place_of(const struct rmb_object_writer *w, int i, int64_t offset, size_t nbytes)
{
	assert(i >= 0 && i < w->layout.narrays && offset >= 0);
	int64_t bytes = rmb_array_count(&w->layout.array[i]) * (int64_t)rmb_array_item(&w->layout.array[i]);
	assert(offset <= bytes && nbytes <= (size_t)(bytes - offset));
	(void)bytes, (void)nbytes;
	return w->layout.at[i] + offset;
}

int
rmb_object_write(struct rmb_object_writer *w, int i, int64_t offset, const void *data, size_t nbytes, struct rmb_error *error)
{
	int number = nbytes ? rmb_write_at(w->fd, data, nbytes, place_of(w, i, offset, nbytes)) : 0;
	return number ? wrong_file(w, "be written", number, error) : 0;
}

int
rmb_object_reread(const struct rmb_object_writer *w, int i, int64_t offset, void *data, size_t nbytes, struct rmb_error *error)
{
	int number = nbytes ? rmb_read_at(w->fd, data, nbytes, place_of(w, i, offset, nbytes)) : 0;
	return number ? wrong_file(w, "be read back", number, error) : 0;
}

/* ---- publishing */

/* The directory of a path into directory[PATH_MAX]. */
static int
directory_of(const char *path, char *directory)
{
	const char *slash = strrchr(path, '/');
	int n = !slash ? snprintf(directory, PATH_MAX, ".")
	               : snprintf(directory, PATH_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	return n < PATH_MAX ? 0 : ENAMETOOLONG;
}

/* So that the names in it survive a crash. */
static int
sync_directory(const char *path, struct rmb_error *error)
{
	char directory[PATH_MAX];
	int number = directory_of(path, directory), fd = number ? -1 : open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!number && (fd < 0 || fsync(fd)))
		number = errno;
	if (fd >= 0)
		close(fd);
	/* Some file systems cannot sync a directory and say so. */
	if (number && number != EINVAL)
		return rmb_error_set(error, RMB_EOUTPUT, "%s: its folder cannot be synced: %s", path, strerror(number));
	return 0;
}

/* The folder is made if it is missing. */
static int
give_name(struct rmb_object_writer *w, const char *path, struct rmb_error *error)
{
	char directory[PATH_MAX];
	int number = rename(w->layout.path, path) ? errno : 0;
	if (number == ENOENT && directory_of(path, directory) == 0 && (mkdir(directory, 0777) == 0 || errno == EEXIST))
		number = rename(w->layout.path, path) ? errno : 0;
	return number ? rmb_error_set(error, RMB_EOUTPUT, "%s: the object cannot be put there: %s", path, strerror(number)) : 0;
}

static int
finish(struct rmb_object_writer *w, int threads, struct rmb_error *error)
{
	unsigned char bytes[RMB_USER_BLOCK];
	struct rmb_block block = { .index = w->end, .length = w->end + (int64_t)w->index_length };
	struct stat stat;
	memcpy(block.key, w->key, sizeof block.key);
	int number = rmb_write_at(w->fd, w->index, w->index_length, block.index);
	if (number == 0)
		number = rmb_block_checksum(w->fd, block.length, threads, block.checksum);
	rmb_block_write(&block, bytes);
	if (number == 0)
		number = rmb_write_at(w->fd, bytes, sizeof bytes, 0);
	if (number == 0 && (fstat(w->fd, &stat) || fchmod(w->fd, stat.st_mode & 0444) || fsync(w->fd)))
		number = errno;
	return number ? wrong_file(w, "be written", number, error) : 0;
}

int
rmb_object_publish(struct rmb_object_writer *w, const char *path, int threads, struct rmb_error *error)
{
	int code = finish(w, threads, error);
	if (code == 0)
		code = give_name(w, path, error);
	if (code == 0) {
		code = sync_directory(path, error);
		w->layout.path = NULL; /* it has its name: nothing to remove */
	}
	rmb_object_abandon(w);
	return code;
}

/* pipeline/object.h -- one cached node: an HDF5 file behind a 512-byte user block.
 *
 * User block: magic, format version, key, length of the file, XXH3-128 checksum of every byte behind it; the rest zero.
 * Behind it plain HDF5 (format bounds 1.8, no times, contiguous, early allocation): one dataset per array with units, axis
 * names, dimension scales and long name as attributes; `description` (the canonical JSON whose SHA-256 is the key),
 * `warnings`, and provenance (BLAS kernel, versions) as attributes of the root. Same key, build and kernel: same bytes.
 *
 * Behind the end of the HDF5 file, where HDF5 does not look, stands an index: the same arrays and attributes as compact JSON
 * with the place of every array. rumble reads the index and never parses HDF5 structure of an object: opening one costs a
 * tenth of what the library takes, and no file in a shared cache can reach the library's parser. object_block.h has bytes. */
#ifndef RMB_OBJECT_H
#define RMB_OBJECT_H
#include <stdbool.h>
#include <sys/stat.h>
#include "rumble/arena.h"
#include "rumble/array.h"
#include "rumble/error.h"

enum { RMB_USER_BLOCK = 512 };

/* ---- writing */
struct rmb_object_writer; /* opaque */

/* Creates a temporary file in `directory` that tells whose it is, lays down all arrays (their `data` is not read yet) and
 * claims the disk. Root attributes are text pairs attribute[2 * nattributes]: name, value. NULL: the error says why
 * (RMB_EOUTPUT). */
struct rmb_object_writer *rmb_object_create(const char *directory, const char *key, const struct rmb_array *array, int narrays,
                                            const char *const *attribute, int nattributes, struct rmb_error *error);
/* Lays down more arrays (their indices go on from those that stand) and root attributes, before or after writing to the
 * others: what a stage only knows at its end. Claims the disk for them too. */
int rmb_object_extend(struct rmb_object_writer *w, const struct rmb_array *array, int narrays, const char *const *attribute,
                      int nattributes, struct rmb_error *error) RMB_CHECKED;
/* Writes nbytes at byte `offset` of array i. Callable in any order; what is never written is zero. */
int rmb_object_write(struct rmb_object_writer *w, int i, int64_t offset, const void *data, size_t nbytes,
                     struct rmb_error *error) RMB_CHECKED;
/* Reads back what was written there. */
int rmb_object_reread(const struct rmb_object_writer *w, int i, int64_t offset, void *data, size_t nbytes,
                      struct rmb_error *error) RMB_CHECKED;
/* Checksum, user block, fsync, rename to `path` (its folder is made if need be), fsync of its directory; frees w. On
 * failure nothing is left behind. */
int rmb_object_publish(struct rmb_object_writer *w, const char *path, int threads, struct rmb_error *error) RMB_CHECKED;
/* Gives up: removes the temporary file, frees w. NULL is accepted. */
void rmb_object_abandon(struct rmb_object_writer *w);

/* ---- reading */
/* A user's file, mapped. */
struct rmb_outside {
	const char *path;
	int file;                     /* as rmb_object's */
	void *map;
	size_t length;
	struct stat stat;             /* when it was opened */
};
struct rmb_object {
	char key[RMB_KEY_MAX];
	int narrays;
	struct rmb_array *array;      /* data points into the mapping: read-only, 64-byte aligned */
	int nattributes;
	const char **attribute;       /* pairs, as written */
	struct stat stat;             /* of the file when it was opened */
	void *map;                    /* the mapping, and its length */
	size_t length;
	bool mapped;                  /* the mapping is of the file; a small file was read into memory of ours instead */
	int file;                     /* a descriptor of the file mapped, closed with the object; 0: it is small, or many are open */
	int64_t noutside;             /* users' files in which samples stayed, once they are mapped (outside.h); else 0 */
	struct rmb_outside *outside;
	struct rmb_arena *arena;      /* everything else the object points to */
};
/* How much to verify before anything behind the user block is believed. */
enum rmb_trust { RMB_VERIFY_ALL, RMB_VERIFY_HEADER };

/* Opens, verifies (user block always; checksum unless RMB_VERIFY_HEADER) and maps. Refuses symlinks, foreign files and other
 * keys: RMB_EDAMAGE with the reason; RMB_EINPUT if there is no such file. Objects up to 1 MiB are always verified whole. */
int rmb_object_open(const char *path, const char *key, enum rmb_trust trust, struct rmb_object **object,
                    struct rmb_error *error) RMB_CHECKED;
/* The array with that name, or NULL. */
const struct rmb_array *rmb_object_array(const struct rmb_object *object, const char *name);
/* The value of a root attribute, or NULL. */
const char *rmb_object_attribute(const struct rmb_object *object, const char *name);
void rmb_object_close(struct rmb_object *object); /* accepts NULL */
/* Lets go of the users' files behind object->outside. */
void rmb_object_detach(struct rmb_object *object);
/* Only the header: 0 if a regular file whose user block is right for `key` stands there; RMB_EINPUT if there is none. stat and
 * checksum[16] (which the header claims) may be NULL. */
int rmb_object_look(const char *path, const char *key, struct stat *stat, unsigned char *checksum,
                    struct rmb_error *error) RMB_CHECKED;
/* Verifies every byte, by up to `threads` threads, without keeping any of it in memory. */
int rmb_object_verify(const char *path, const char *key, int threads, struct rmb_error *error) RMB_CHECKED;
#endif

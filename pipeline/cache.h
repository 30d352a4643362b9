/* pipeline/cache.h -- the place where objects live.
 *
 *     objects/ab/ab12....h5    one object a node; ab12....used beside it: its times say when it was last used, its text (record.h)
 *                              what a large object looked like when it was last verified whole
 *     leases/                  who works on what (lease.c)
 *     tmp/                     objects being written; a dead writer's are swept at the next opening
 *     bad/                     objects that failed verification, with the reason beside each
 *     runs/                    which large objects a run has verified
 *     roots/                   results folders whose links `gc` respects
 *     version                  format of all this
 *     hashes, journal.jsonl, tested    what others keep here: file hashes, measured times, processors that passed the self test */
#ifndef RMB_CACHE_H
#define RMB_CACHE_H
#include "pipeline/object.h"
#include "rumble/arena.h"

struct rmb_cache { char *root; bool absent; }; /* root: absolute; absent: nothing has been made there yet */

/* Opens (and makes) the cache at `root`; NULL: $RUMBLE_CACHE, else $XDG_CACHE_HOME/rumble, else ~/.cache/rumble. Says path and
 * remedy when it cannot be written. Sweeps temporary files whose writers are dead. */
int rmb_cache_open(const char *root, struct rmb_cache *cache, struct rmb_error *error) RMB_CHECKED;
/* The same for looking: makes and sweeps nothing, and needs no right to write. Where there is no cache it is an empty one. */
int rmb_cache_look(const char *root, struct rmb_cache *cache, struct rmb_error *error) RMB_CHECKED;
void rmb_cache_close(struct rmb_cache *cache);
/* objects/ab/ab12...h5 (in the arena). */
const char *rmb_cache_path(struct rmb_arena *arena, const struct rmb_cache *cache, const char *key);
/* A directory on the same file system for temporary files. */
const char *rmb_cache_scratch(struct rmb_arena *arena, const struct rmb_cache *cache);
/* 0 if a whole object stands there: verified now, unless it is larger than 1 MiB and nobody has written to it since it was last
 * verified. RMB_EINPUT: there is none. RMB_EDAMAGE: it was bad and is set aside now. bytes may be NULL. */
int rmb_cache_check(const struct rmb_cache *cache, const char *key, int64_t *bytes, struct rmb_error *error) RMB_CHECKED;
/* The same as a yes or no, of a large one by its header alone; nothing is moved. */
bool rmb_cache_has(const struct rmb_cache *cache, const char *key, int64_t *bytes);
/* Opens an object. Verified whole if up to 1 MiB or if this run has not verified it yet (record of header, length, inode,
 * mtime, ctime kept in the cache, named by `run`; NULL: always whole). A bad one is set aside into bad/ and gives RMB_EDAMAGE. */
int rmb_cache_get(const struct rmb_cache *cache, const char *key, const char *run, struct rmb_object **object,
                  struct rmb_error *error) RMB_CHECKED;
/* Remembers an object that has just been written as verified. */
void rmb_cache_remember(const struct rmb_cache *cache, const char *key);
/* Moves a bad object into bad/ so that it is recomputed; never follows a symlink. false: it could not be moved. */
bool rmb_cache_set_aside(const struct rmb_cache *cache, const char *key, const char *why);
/* Makes the folder that an object goes into, and moves into bad/ what is in the way of either. */
int rmb_cache_make_room(const struct rmb_cache *cache, const char *key, struct rmb_error *error) RMB_CHECKED;
/* Lets an object go (keep: false). */
int rmb_cache_remove(const struct rmb_cache *cache, const char *key, struct rmb_error *error) RMB_CHECKED;
double rmb_cache_free_bytes(const struct rmb_cache *cache);

/* ---- leases: leases/KEY.lease.N made by link(); whoever takes over from a dead holder makes N + 1 */
struct rmb_lease; /* opaque; a thread beats it every 15 s */
enum rmb_claim { RMB_CLAIMED, RMB_HELD, RMB_CLAIM_FAILED };
/* owner[size] says, if RMB_HELD, who is alive and holds the lease; if RMB_CLAIMED, from whom it was taken over ("": nobody). */
enum rmb_claim rmb_lease_claim(const struct rmb_cache *cache, const char *key, struct rmb_lease **lease, char *owner, size_t size,
                               struct rmb_error *error);
/* true while it is still ours: look before publishing. */
bool rmb_lease_holds(struct rmb_lease *lease);
void rmb_lease_release(struct rmb_lease *lease); /* accepts NULL */
/* Whether somebody alive works on the key (NULL: on any key). */
bool rmb_lease_held(const struct rmb_cache *cache, const char *key);
/* Removes what dead owners left behind, once it has been silent for ten minutes. */
void rmb_lease_sweep(const struct rmb_cache *cache);

/* ---- whole-cache work, for `rumble cache` */
struct rmb_cache_entry {
	char key[RMB_KEY_MAX];
	int64_t bytes, used;       /* size; last use, s since 1970 */
	char stage[RMB_NAME_MAX];  /* "" if the object is damaged */
	bool named;                /* some results/ folder points to it, or to a view of its samples ... */
	const char *by;            /* ... this one, under this name; NULL: none */
};
/* All objects, by key. In the arena. */
int rmb_cache_list(struct rmb_arena *arena, const struct rmb_cache *cache, struct rmb_cache_entry **entry, int64_t *n,
                   struct rmb_error *error) RMB_CHECKED;
/* Names a results folder (absolute path) whose links gc is to respect until the folder is gone. */
int rmb_cache_register(const struct rmb_cache *cache, const char *folder, struct rmb_error *error) RMB_CHECKED;
/* Keys of the objects that results folders count on, all but the folder `except` (absolute; NULL: none). In the arena. */
int rmb_cache_named(struct rmb_arena *arena, const struct rmb_cache *cache, const char *except, const char ***key, int64_t *n,
                    struct rmb_error *error) RMB_CHECKED;
/* The key[RMB_KEY_MAX] of the object that a symbolic link points to, from the end of its target; false: it is no such link. */
bool rmb_cache_link(int folder, const char *file, char *key);
/* The same of a copy of an object, from its header; false: the file is none, or cannot be opened (errno is not 0 then). */
bool rmb_cache_copied(int folder, const char *file, char *key);
/* What a collection took, or would take. */
struct rmb_collected { int64_t objects, bytes, left_objects, left_bytes, spared_objects, spared_bytes, bad; };
/* Takes least recently used objects until at most max_size bytes are left (NaN: no limit), and all unused for max_age s (NaN: no
 * limit); never what a results folder names, what somebody works on, nor, while anybody works here, what was used within the
 * hour. Empties bad/ of what has lain there for a week. dry_run: only counts. took(self, entry) hears of each. */
int rmb_cache_collect(const struct rmb_cache *cache, double max_size, double max_age, bool dry_run,
                      void (*took)(void *self, const struct rmb_cache_entry *entry), void *self, struct rmb_collected *collected,
                      struct rmb_error *error) RMB_CHECKED;
/* true if key is 64 lower-case hexadecimal digits: only then may it become part of a path. */
bool rmb_is_key(const char *key);
/* Marks as used now (utimensat on a stamp beside it, never on the object). */
void rmb_cache_touch(const struct rmb_cache *cache, const char *key);
#endif

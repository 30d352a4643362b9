/* pipeline/cache_folder.h -- small files in the cache, and sweeping out what the dead left. For cache*.c, lease.c and run.c. */
#ifndef RMB_CACHE_FOLDER_H
#define RMB_CACHE_FOLDER_H
#include <dirent.h>
#include "pipeline/cache.h"

/* Puts text into a file, whole or not at all. */
int rmb_folder_put(const struct rmb_cache *cache, const char *path, const char *text, struct rmb_error *error) RMB_CHECKED;
/* A file's text, NUL-terminated, up to size - 1 bytes; -1: it cannot be read or is not a regular file. */
long rmb_folder_read(int folder, const char *name, char *text, size_t size);
/* Opens a folder of the cache; NULL: errno says why. */
DIR *rmb_folder_open(const struct rmb_cache *cache, const char *name);
/* Removes temporary files of dead writers, old records of runs, and leases of the dead. */
void rmb_folder_sweep(const struct rmb_cache *cache);
#endif

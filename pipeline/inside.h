/* pipeline/inside.h -- writing into the output directory and nowhere else. */
#ifndef RMB_INSIDE_H
#define RMB_INSIDE_H
#include <stddef.h>
#include "rumble/error.h"

/* Opens directory/parts/of/name's parent, made if need be. The name is relative and goes neither up nor through a symbolic link:
 * RMB_ERECIPE otherwise. *last becomes its last part (within name). A descriptor, or a negative code. */
int rmb_inside_open(const char *directory, const char *name, const char **last, struct rmb_error *error) RMB_CHECKED;
/* Writes data[n] to directory/name: temporary name beside it, fsync, rename, fsync of the directory. */
int rmb_inside_write(const char *directory, const char *name, const void *data, size_t n, struct rmb_error *error) RMB_CHECKED;
/* 0 if files may be written as directory/name, as far as what stands says: no part above its last is a symbolic link or no
 * directory. Makes nothing. */
int rmb_inside_check(const char *directory, const char *name, struct rmb_error *error) RMB_CHECKED;
/* Makes a directory under `directory` in the same way, which may stand already, and opens it. A descriptor, or a negative code. */
int rmb_inside_mkdir(const char *directory, const char *name, struct rmb_error *error) RMB_CHECKED;
#endif

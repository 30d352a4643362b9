/* pipeline/inputs.h -- content hashes of input files, remembered between runs.
 *
 * A hash may be reused if device, inode, size, mtime and ctime agree (a file rewritten in place with its old mtime has another
 * ctime) and the file was older than two seconds when it was hashed (a clock that ticks coarsely could miss a later write). */
#ifndef RMB_INPUTS_H
#define RMB_INPUTS_H
#include <stdbool.h>
#include "rumble/error.h"

struct rmb_inputs; /* opaque */

/* Reads the memo, if there is one; lines that make no sense are forgotten. memo NULL: remembers for this run alone.
 * NULL: no memory. */
struct rmb_inputs *rmb_inputs_open(const char *memo);
/* 64 hexadecimal digits and a NUL into hex[65]: the content of the file. RMB_EINPUT if it cannot be read. */
int rmb_inputs_hash(struct rmb_inputs *inputs, const char *path, char *hex, struct rmb_error *error) RMB_CHECKED;
/* The same of a file, or of a folder as far as `inside` says which of its files count: patterns as of glob(7), with {a,b},
 * relative to it, separated by blanks. inside NULL: a folder is an error. */
int rmb_inputs_hash_content(struct rmb_inputs *inputs, const char *path, const char *inside, char *hex,
                            struct rmb_error *error) RMB_CHECKED;
/* Bytes of that file, or of those of the folder's files that count, through symbolic links; what is not there has none. */
double rmb_inputs_bytes(const char *path, const char *inside);
/* Writes the memo if something was learnt (temporary name, rename; failing to fails nothing) and frees. NULL is accepted. */
void rmb_inputs_close(struct rmb_inputs *inputs);
#endif

/* pipeline/missing.h -- what to say of a path that cannot be read. */
#ifndef RMB_MISSING_H
#define RMB_MISSING_H

enum { RMB_MISSING_ROOM = 512 };
/* "there is no such file or folder; did you mean 'm1.npz', which is there?": what is wrong with the path, by errno `why`, and
 * what may be meant.
 * Returns text[RMB_MISSING_ROOM]. */
const char *rmb_missing(const char *path, int why, char *text);
#endif

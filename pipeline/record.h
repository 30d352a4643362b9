/* pipeline/record.h -- what is remembered of an object that was verified whole, so that the next look at it can be a short one.
 *
 * One line of text: key, inode, length, times of the last change to content and to the file, and the checksum that its header
 * claims. While all of that is as it was, nobody has written to the object. In a copy of the cache nothing of it holds, so
 * that everything is verified there once. Failing to remember costs a verification, nothing else. */
#ifndef RMB_RECORD_H
#define RMB_RECORD_H
#include <stdbool.h>
#include <sys/stat.h>

enum { RMB_RECORD_LINE = 320 };

/* The line of an object into line[RMB_RECORD_LINE]; checksum[16] from its header. */
void rmb_record_line(const char *key, const struct stat *stat, const unsigned char *checksum, char *line);
/* Whether the file has that line. */
bool rmb_record_has(const char *path, const char *line);
/* Adds it, or puts it in place of all that stands there. */
void rmb_record_add(const char *path, const char *line);
void rmb_record_put(const char *path, const char *line);
#endif

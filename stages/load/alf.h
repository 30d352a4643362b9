/* load/alf.h -- between the files that read ALF folders. */
#ifndef RMB_LOAD_ALF_H
#define RMB_LOAD_ALF_H
#include "load/sorted.h"

/* The file of an attribute ("spikes.times") with that ending (".npy"): folder `where` and `name` of its last revision; *name
 * NULL: there is none. */
int rmb_alf_find(struct rmb_arena *arena, const char *folder, const char *attribute, const char *ending, const char **where,
                 const char **name, struct rmb_error *error) RMB_CHECKED;
/* The folder itself if it holds spikes, else those below it that do; *root: the folder that the probes lie in. Returns how many.
 */
int rmb_alf_sortings(struct rmb_arena *arena, const char *folder, struct rmb_sorting *list, const char **root);
/* Fails if two of them may be of one probe, whose spikes would be counted twice. */
int rmb_alf_check(const struct rmb_load_file *file, const char *root, const struct rmb_sorting *s, int n,
                  struct rmb_error *error) RMB_CHECKED;
#endif

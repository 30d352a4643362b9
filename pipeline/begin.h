/* pipeline/begin.h -- from files nobody has described yet to a recipe: `rumble inspect` and `rumble init`. */
#ifndef RMB_BEGIN_H
#define RMB_BEGIN_H
#include "pipeline/journal.h"
#include "pipeline/look.h"

/* Looks at each path with every stage that reads files, all else by default but for set[nset], which are "NAME=VALUE" of its
 * settings. look[n] gets for each path what the stage saw that made most of it. What is wrong with `set` is told to m. 0 or the
 * code of what went wrong beside the files. */
int rmb_begin_look(struct rmb_arena *arena, const char *const *path, int n, const char *const *set, int nset,
                   enum rmb_depth depth, const struct rmb_look **look, struct rmb_mistakes *m,
                   struct rmb_error *error) RMB_CHECKED;
/* "{name: a, path: a.npz, activity: F}": its entry under `recordings`, with what was given, in a recipe at `out` (NULL: here). name
 * NULL: it has none. NULL: no memory. */
const char *rmb_begin_entry(struct rmb_arena *arena, const char *name, const char *path, const char *out,
                            const struct rmb_look *look);
/* ", area: areas": what was given and only the entry under `stages` can say; "": nothing. NULL: no memory. */
const char *rmb_begin_stage(struct rmb_arena *arena, const struct rmb_look *look);
/* What the entry lacks, as comments, each a line behind `indent`. */
const char *rmb_begin_remarks(struct rmb_arena *arena, const char *indent, const struct rmb_look *look);
/* Text as a scalar of YAML, within braces, too. */
const char *rmb_begin_scalar(struct rmb_arena *arena, const char *text);

/* The path as a recipe that lies at `out` must write it: relative to it. NULL: no memory. */
const char *rmb_begin_seen_from(struct rmb_arena *arena, const char *path, const char *out);

/* begin_recipe.c: a recipe for recordings of one kind that were seen, to lie at `out` (NULL: here): paths are relative to that. */
const char *rmb_begin_recipe(struct rmb_arena *arena, const char *const *path, const struct rmb_look *const *look, int n,
                             const char *out);
/* What running it for one recording would take: seconds on one core, the memory of its largest node, all its objects.
 * False: not known. */
bool rmb_begin_cost(struct rmb_arena *arena, const char *path, const struct rmb_look *look, struct rmb_measure *total);
#endif

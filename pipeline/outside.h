/* pipeline/outside.h -- samples that stay in the file of the user's that they came in.
 *
 * The object of such a recording has the file's SHA-256 and length, and the place at which the samples begin; readers know from
 * the recipe where the file lies. It is mapped read-only, once its content has been found to be what it was. If it is cut
 * short after that, the reader ends with a sentence (vanished.h); if it is written to, that is noticed before anything computed
 * from it is published. */
#ifndef RMB_OUTSIDE_H
#define RMB_OUTSIDE_H
#include "pipeline/bundle.h"
#include "pipeline/cache.h"
#include "pipeline/graph.h"

/* SHA-256 of a file, remembered from when keys were made, as a rule. */
int rmb_outside_content(const struct rmb_cache *cache, const char *path, char *hex, struct rmb_error *error) RMB_CHECKED;
/* Where the file lies, if what a recipe names `path`, with this content, is or holds it; NULL: no, or no memory. */
const char *rmb_outside_path(struct rmb_arena *arena, const struct rmb_bundle_file *file, const char *path,
                             const char *content);
/* Maps the file at `path` (NULL: it is not known) behind object->outside, unless that was done. RMB_EINPUT if it is not there
 * or is another one by now. */
int rmb_outside_attach(struct rmb_object *object, const struct rmb_cache *cache, const char *path,
                       struct rmb_error *error) RMB_CHECKED;
/* The same with the file that the recipe of the graph names; does nothing for an object that holds its samples. */
int rmb_outside_attach_for(struct rmb_object *object, const struct rmb_graph *graph, const struct rmb_cache *cache,
                           struct rmb_error *error) RMB_CHECKED;
/* 0 if the file mapped, if there is one, is as it was then. */
int rmb_outside_stands(const struct rmb_object *object, struct rmb_error *error) RMB_CHECKED;
#endif

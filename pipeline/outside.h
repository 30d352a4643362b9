/* pipeline/outside.h -- samples that stay in the files of the user's that they came in.
 *
 * The object of such a recording has each file's SHA-256 and length, and the place at which its rows begin; readers know from
 * the recipe where the files lie. They are mapped read-only, once the content of each has been found to be what it was. If one is
 * cut short after that, the reader ends with a sentence (vanished.h); if one is written to, that is noticed before anything
 * computed from it is published. */
#ifndef RMB_OUTSIDE_H
#define RMB_OUTSIDE_H
#include "pipeline/bundle.h"
#include "pipeline/cache.h"
#include "pipeline/graph.h"

/* SHA-256 of a file, remembered from when keys were made, as a rule. */
int rmb_outside_content(const struct rmb_cache *cache, const char *path, char *hex, struct rmb_error *error) RMB_CHECKED;
/* Whether what a recipe names, with this content (NULL: unknown), is the file, or the folder that holds the files. */
bool rmb_outside_is(const struct rmb_bundle_place *place, const char *content);
/* Maps the file at `path`, or all of them in that folder (NULL: it is not known) behind object->outside, unless that was done.
 * RMB_EINPUT if one is not there or is another one by now. Does nothing for an object that holds its samples. */
int rmb_outside_attach(struct rmb_object *object, const struct rmb_cache *cache, const char *path,
                       struct rmb_error *error) RMB_CHECKED;
/* The same with what the recipe of the graph names. */
int rmb_outside_attach_for(struct rmb_object *object, const struct rmb_graph *graph, const struct rmb_cache *cache,
                           struct rmb_error *error) RMB_CHECKED;
/* 0 if the files mapped, if there are any, are as they were then. */
int rmb_outside_stands(const struct rmb_object *object, struct rmb_error *error) RMB_CHECKED;
#endif

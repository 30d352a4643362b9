/* pipeline/found.h -- recordings as a recipe writes them, before their settings are read. */
#ifndef RMB_FOUND_H
#define RMB_FOUND_H
#include "pipeline/reading.h"

struct rmb_found {                 /* one recording-to-be */
	const struct rmb_tree *tree;   /* its mapping as written */
	const struct rmb_tree *path;   /* its path as a text, wildcards resolved; NULL: none */
	bool lost;                     /* its path is wrong or missing, and that was told */
	const char *base, *name;       /* folder of its recipe; name: never NULL in the end */
	struct rmb_place place;
};
struct rmb_found_list { int n; struct rmb_found *found; };

/* All recordings of all files, in their order; what is wrong is told. The list is in the reading's arena. */
void rmb_find_recordings(struct rmb_reading *r, struct rmb_found_list *list);
#endif

/* pipeline/look.h -- what stages see in the files that sources name, before anything is run.
 *
 * A stage looks in a process of its own, confined like every worker that meets foreign files: one that a file brings down
 * costs that file's look, and the next process goes on behind it. */
#ifndef RMB_LOOK_H
#define RMB_LOOK_H
#include "pipeline/settings.h"

struct rmb_look {
	const struct rmb_stage *stage;    /* it has look() */
	const struct rmb_value *value;    /* its settings, one per parameter; they stay until all was looked at */
	int code;                         /* afterwards: 0, or what is wrong with a file, */
	const char *sentence;             /* as a sentence; "": nothing */
	struct rmb_seen seen;             /* and what was seen */
};
struct rmb_looks {
	struct rmb_arena *arena;
	enum rmb_depth depth;
	int n;
	struct rmb_look *look;
	int next;                         /* the first that was not answered */
	bool lost;                        /* there was no memory for one */
};

/* Lives in the arena. NULL: no memory. */
struct rmb_looks *rmb_looks_new(struct rmb_arena *arena, enum rmb_depth depth);
void rmb_looks_add(struct rmb_looks *looks, const struct rmb_stage *stage, const struct rmb_value *value);
/* Looks at all. Non-zero: it could not be done, whatever the files are. */
int rmb_looks_run(struct rmb_looks *looks, struct rmb_error *error) RMB_CHECKED;
/* Where the recipe names the file that the sentence is about. */
struct rmb_place rmb_look_place(const struct rmb_look *look);

/* seen.c: as JSON (new reference), and back, into the arena of *seen; what does not fit is left out. */
json_t *rmb_seen_json(const struct rmb_seen *seen);
void rmb_seen_from_json(const json_t *json, struct rmb_seen *seen);

/* ---- in the process that looks */

/* The orders, if that is what they are (new reference); NULL: they are another worker's. */
json_t *rmb_looks_ordered(const char *text, size_t length);
/* Looks in order and sends an event for each. 0, or RMB_EINTERNAL: the orders do not hold together. */
int rmb_looks_work(const json_t *orders, struct rmb_error *error) RMB_CHECKED;
#endif

/* pipeline/drive.h -- the sets that drivers have proposed, and what came of each.
 *
 * A driver node is asked for sets when the graph is made, and again each time all its sets have ended; the graph is then made
 * anew with the longer list. The answers outlive those graphs, under the id of the node, but are not stored: a run that goes on
 * after a kill asks again from the beginning, and finds the results in the cache. */
#ifndef RMB_DRIVE_H
#define RMB_DRIVE_H
#include "pipeline/cache.h"
#include "pipeline/graph.h"
#include "pipeline/run.h"

enum { RMB_MAX_ROUNDS = 1000, RMB_MAX_SETS = 20000 }; /* of one driver: a search that goes beyond has no end */

struct rmb_set {
	struct rmb_value *value;    /* [entry->nvary] */
	const char **text;          /* [entry->nvary], as proposed */
	int n;                      /* replicates; 0 until the graph was made with it */
	double *result;             /* [n] NaN: not known yet, or failed */
	bool *ended, *failed;       /* [n] */
};

struct rmb_drive {              /* of one driver node */
	const char *id;
	const struct rmb_entry *entry;
	const struct rmb_varied *varied; /* [entry->nvary], for the stage */
	int round;                  /* answers so far */
	bool fed;                   /* it is asked with the neurons of a recording that it reads, once that is there */
	bool done;                  /* no more sets will come */
	bool fixed;                 /* all came with the first answer and none is drawn: the other nodes of its entry have the
	                             * same sets (those of this recording, if it is fed) */
	int nsets;
	struct rmb_set *set;
	int code;                   /* why it cannot go on, and the sentence; 0: nothing is wrong */
	const char *refusal;
	struct rmb_drive *next;
};

struct rmb_absent; /* absent.h */
struct rmb_drives { struct rmb_arena *arena; struct rmb_drive *first; struct rmb_absent *absent; };

/* In the arena, which must outlive the graphs made with it. NULL: no memory. */
struct rmb_drives *rmb_drives_new(struct rmb_arena *arena);
/* The drive of a driver node, by its id. A new one is asked for its first sets; one that is fed, only whether anything is wrong
 * with the recipe. NULL: no memory. */
struct rmb_drive *rmb_drive_of(struct rmb_drives *drives, const struct rmb_recipe *recipe, const struct rmb_node *node);
/* What a driver reads beside its sets; NULL: nothing. */
const struct rmb_edge *rmb_drive_feed(const struct rmb_node *node);
/* Ends a search that cannot go on: it keeps its first `nsets` sets, is done, and its node fails with the sentence. */
void rmb_drive_refuse(struct rmb_drives *drives, struct rmb_drive *drive, int nsets, int code, const char *sentence);
/* Looks at what came of the sets of all drivers, in the cache and among the lost nodes (lost[nnodes]; NULL: none is known to
 * be), and asks again those drivers of which no set is waited for any more. *changed: the graph is to be made again. */
int rmb_drives_advance(struct rmb_graph *graph, const struct rmb_cache *cache, const bool *lost, bool *changed,
                       struct rmb_error *error) RMB_CHECKED;
#endif

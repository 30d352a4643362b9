/* pipeline/absent.h -- results of recordings that failed, and that nodes over all recordings do without.
 *
 * A stage over all recordings may go on without those that failed (goes_on in struct rmb_stage). Its node is planned with
 * everything that the recipe names. Once some of that has failed, or is blocked by a failure, the graph is made anew without
 * it, and the node has another key. The list of what is absent lasts for a session, beside that of drivers; commands that run
 * nothing find it in the journal. */
#ifndef RMB_ABSENT_H
#define RMB_ABSENT_H
#include "pipeline/drive.h"
#include "pipeline/journal.h"

struct rmb_absent { const char *id; struct rmb_absent *next; };

/* Whether nodes over all recordings do without the node of that id. */
bool rmb_is_absent(const struct rmb_drives *drives, const char *id);
/* Notes what nodes over all recordings must do without: those of their inputs that are lost, unless all of them are.
 * lost[nnodes]. *changed becomes true if the graph is to be made again. 0 or RMB_ELIMIT. */
int rmb_absent_note(const struct rmb_graph *graph, const bool *lost, bool *changed) RMB_CHECKED;
/* Leaves of lost[nnodes] those nodes that cannot come out of this: a driver that goes on without the sets that failed, a node
 * over all recordings that does without some, and all that waits for these alone, will be made anew and tried. 0 or RMB_ELIMIT. */
int rmb_lost_for_good(const struct rmb_graph *graph, bool *lost) RMB_CHECKED;
/* Which nodes failed or were blocked in a run, result[nnodes]; the caller frees. NULL: no memory. */
bool *rmb_lost_after(const struct rmb_graph *graph, const struct rmb_result *result);
/* The same from the cache and the journal, for a graph that has its keys. */
bool *rmb_lost_since(const struct rmb_graph *graph, const struct rmb_cache *cache, const struct rmb_journal *journal);
#endif

/* pipeline/absent.h -- results of recordings that failed, and that nodes over all recordings do without.
 *
 * A stage over all recordings that goes on (struct rmb_stage) is planned with everything it names. Once some of that has
 * failed, or is blocked by what failed, the graph is made anew without: the node then has another key. What is known lasts
 * for a session, beside what is known of drivers, and is found out again from the journal by commands that run nothing. */
#ifndef RMB_ABSENT_H
#define RMB_ABSENT_H
#include "pipeline/drive.h"
#include "pipeline/journal.h"

struct rmb_absent { const char *id; struct rmb_absent *next; };

/* Whether the node of that id is done without. */
bool rmb_is_absent(const struct rmb_drives *drives, const char *id);
/* Of every node over all recordings: what it reads and has lost, unless that is all of it; lost[nnodes]. *changed becomes
 * true if the graph is to be made again. 0 or RMB_ELIMIT. */
int rmb_absent_note(const struct rmb_graph *graph, const bool *lost, bool *changed) RMB_CHECKED;
/* Which nodes failed or were blocked in a run, result[nnodes]; the caller frees. NULL: no memory. */
bool *rmb_lost_after(const struct rmb_graph *graph, const struct rmb_result *result);
/* The same from the cache and what failed last time; keys are made. */
bool *rmb_lost_since(const struct rmb_graph *graph, const struct rmb_cache *cache, const struct rmb_journal *journal);
#endif

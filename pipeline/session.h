/* pipeline/session.h -- what every command that works on a recipe opens first: recipe, graph, cache, keys. */
#ifndef RMB_SESSION_H
#define RMB_SESSION_H
#include "pipeline/cache.h"
#include "pipeline/command.h"
#include "pipeline/graph.h"
#include "pipeline/journal.h"
#include "pipeline/plan.h"
#include "pipeline/run.h"

/* How far to open. Each includes what stands above it; plans and runs (JOURNAL, WRITABLE) try again what failed, the others take
 * it as it stands, and with it what was computed without. */
enum rmb_session_need {
	RMB_NEED_GRAPH,   /* recipe and graph: no cache, no file of data is touched */
	RMB_NEED_KEYS,    /* the cache, for looking, and the key of every node (input files are hashed, or remembered) */
	RMB_NEED_JOURNAL, /* what earlier runs measured */
	RMB_NEED_STANDING, /* the same for a command that says where nodes stand */
	RMB_NEED_WRITABLE /* the cache is made if need be, and can be written */
};

struct rmb_session {
	struct rmb_arena *arena;
	struct rmb_mistakes *mistakes;
	struct rmb_recipe *recipe;
	struct rmb_graph *graph;       /* with the sets of its drivers as far as results in the cache tell them */
	struct rmb_drives *drives;
	struct rmb_cache cache;        /* root NULL: not opened */
	struct rmb_journal *journal;   /* NULL: none, or not asked for */
	const char *out;               /* output directory: --out, else the recipe's name; need not exist yet */
	const char *last;              /* out/results/.last.json, which the run before left; need not exist */
	json_t *gone;                  /* what that says, for input files that are no longer there; NULL: they must be, or nothing */
};

/* Opens the recipe that options->arg[0] names. 0, or the exit status with everything said (and nothing left open): mistakes
 * go to standard error, as JSON events to standard output if options->json. */
int rmb_session_open(const struct rmb_options *options, enum rmb_session_need need, struct rmb_session *session) RMB_CHECKED;
/* Accepts a session of zeros. */
void rmb_session_close(struct rmb_session *session);
/* Drivers are asked again for whose sets all results are there now: result[] of the run that just ended, by index.
 * *changed: the graph and its keys are new, and nothing made of the old ones may be used. */
int rmb_session_advance(struct rmb_session *session, const struct rmb_result *result, bool *changed,
                        struct rmb_error *error) RMB_CHECKED;
/* The plan under --only and --until, as the cache is now. NULL: the error says why. */
struct rmb_plan *rmb_session_plan_again(const struct rmb_session *session, const struct rmb_options *options,
                                        struct rmb_error *error);
/* Opens the recipe up to the journal or more, plans under --only and --until, and hands both to work(), whose exit status
 * it returns; or the exit status of what went wrong before, with everything said. Closes what it opened. */
int rmb_session_plan(const struct rmb_options *options, enum rmb_session_need need,
                     int (*work)(const struct rmb_session *session, struct rmb_plan *plan,
                                 const struct rmb_options *options)) RMB_CHECKED;
#endif

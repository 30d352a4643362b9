/* pipeline/report/content.h -- what a report says: gathered from the graph, the descriptors and the cached objects. */
#ifndef RMB_REPORT_CONTENT_H
#define RMB_REPORT_CONTENT_H
#include "pipeline/cache.h"
#include "pipeline/graph.h"
#include "pipeline/report/page.h"
#include "pipeline/run.h"

enum rmb_stand { RMB_HERE, RMB_GONE /* let go, as keep: false asks */, RMB_MISSING, RMB_BROKEN };
struct rmb_standing { enum rmb_stand stand; const char *text; }; /* text: the reason if missing or broken */

/* The reason of a node whose object is damaged. In the arena; NULL: no memory. */
const char *rmb_unusable(struct rmb_arena *arena, const char *why);
/* How each node stands: [graph->nnodes] in the arena. result may be NULL: from the cache alone. NULL: no memory. */
struct rmb_standing *rmb_standings(struct rmb_arena *arena, const struct rmb_graph *graph, const struct rmb_cache *cache,
                                   const struct rmb_result *result);
/* SHA-256 of all that a report depends on, without opening an object: hex[65]. 0 or RMB_ELIMIT. */
int rmb_content_fingerprint(const struct rmb_graph *graph, const struct rmb_standing *standing, bool gnuplot, char *hex,
                            struct rmb_error *error) RMB_CHECKED;
/* The page, without static pictures. A damaged object becomes a problem that the page names. NULL: no memory. */
struct rmb_page *rmb_content(struct rmb_arena *arena, const struct rmb_graph *graph, const struct rmb_cache *cache,
                             struct rmb_standing *standing, struct rmb_error *error);
#endif

/* pipeline/results.h -- results/<recording>/<node>.h5: names for people, links into the cache. */
#ifndef RMB_RESULTS_H
#define RMB_RESULTS_H
#include "pipeline/cache.h"
#include "pipeline/graph.h"

/* Links (or copies) every cached node of the graph under directory/results/, removes links of ours that no longer belong,
 * writes results/.last.json (id -> description; what input files were: gone.h) for the next plan, and registers the
 * folder with the cache (gc spares it). */
int rmb_results_write(const struct rmb_graph *graph, const struct rmb_cache *cache, const char *directory, bool copy,
                      struct rmb_error *error) RMB_CHECKED;
/* RMB_ERECIPE if something that stands there would lead results outside the directory: to be asked before anything is written. */
int rmb_results_check(const struct rmb_graph *graph, const char *directory, struct rmb_error *error) RMB_CHECKED;
/* Writes one output of a node (NULL: the main one) to `path`, where nothing may stand; format by name ("hdf5", "npy",
 * "csv", "nwb"; NULL: by the path's ending, else hdf5). Recordings come out as a plain matrix, whatever view they are. */
int rmb_export(const struct rmb_graph *graph, const struct rmb_cache *cache, const struct rmb_node *node, const char *output,
               const char *format, const char *path, struct rmb_error *error) RMB_CHECKED;
/* Fails if rmb_export() would before it looks at any result: there is no such format, or something stands at the path. */
int rmb_export_check(const char *format, const char *path, struct rmb_error *error) RMB_CHECKED;
/* ".npy" and the like of a format (NULL: hdf5); NULL: there is no such format, and the error says which there are. */
const char *rmb_export_ending(const char *format, struct rmb_error *error);
#endif

/* pipeline/report/gathering.h -- what the report's parts are gathered from: objects, and what the descriptors say of them. */
#ifndef RMB_REPORT_GATHERING_H
#define RMB_REPORT_GATHERING_H
#include <jansson.h>
#include "pipeline/report/content.h"

/* What gathering works on; objects are opened once and closed by whoever gathers. */
struct rmb_gathering {
	struct rmb_arena *arena;
	const struct rmb_graph *graph;
	const struct rmb_cache *cache;
	struct rmb_standing *standing;
	struct rmb_object **object;    /* [nnodes]; NULL: not open */
	int *look;                     /* [nnodes]: which of the looks a node's branch has */
	int image_limit, line_limit;   /* of what a figure may hold, so that the page stays small enough to open at once */
};
/* The object of a node, opened if need be; NULL: it is not there (its standing says so from then on). */
struct rmb_object *rmb_gather_object(struct rmb_gathering *g, const struct rmb_node *node);
/* Closes all that are open. */
void rmb_gather_close(struct rmb_gathering *g);
/* A branch of an entry: its replicates, or one node. */
struct rmb_group { int n; const struct rmb_node **node; };
/* The nodes of an entry and a recording (-1: group nodes) by branch, in the order in which these come up; those made for a
 * driver's sets apart. here: only those that have an object. NULL: no memory. */
struct rmb_group *rmb_gather_groups(struct rmb_gathering *g, int source, const struct rmb_entry *entry, bool here, int *n);
/* Mean and range of a scalar over the replicates that have it as a number. False: none has it. */
struct rmb_spread { double mean, low, high; };
bool rmb_gather_spread(struct rmb_gathering *g, const struct rmb_group *group, const char *name, struct rmb_spread *spread);
/* "1.12", or of replicates that differ "1.12 [0.99..1.31]". */
const char *rmb_spread_print(struct rmb_arena *arena, const struct rmb_spread *spread, int digits);
/* A scalar output; false: there is none of that name. */
bool rmb_gather_scalar(const struct rmb_object *object, const char *name, double *value);
/* An output that is one text; NULL: there is none of that name. */
const char *rmb_gather_text(const struct rmb_object *object, const char *name);
/* Entry i of an array of numbers. */
double rmb_gather_value(const struct rmb_array *array, int64_t i);

/* The warnings stored with an object (new reference; NULL: none). */
json_t *rmb_gather_warnings(const struct rmb_object *object);
/* a, between and b in one text; b alone if a is NULL or empty. */
const char *rmb_joined(struct rmb_arena *arena, const char *a, const char *between, const char *b);

/* drawing.c: all figures of a recording's nodes (-1: of group nodes), in recipe order. */
int rmb_drawings(struct rmb_gathering *g, int source, struct rmb_figure_data ***figure, int *n,
                 struct rmb_error *error) RMB_CHECKED;

/* tables.c. Number of scalar outputs that a stage declares, the headline aside. */
int rmb_count_scalars(const struct rmb_stage *stage);
/* Quantity, value, unit and meaning: all scalars of the nodes of a recording (-1: group nodes). */
void rmb_table_numbers(struct rmb_gathering *g, int source, struct rmb_table *table);
/* The scalars of an entry, one row a branch of a recording: a column for each, and how many warnings there are to mind. */
void rmb_table_summary(struct rmb_gathering *g, const struct rmb_entry *entry, bool explained, struct rmb_table *table);
/* What each recording or spike list of a recording's nodes consists of: shows what selecting and binning left. */
void rmb_table_data(struct rmb_gathering *g, int source, struct rmb_table *table);
/* The outputs of a node along one axis of a table; false: they are not there. */
bool rmb_table_along(struct rmb_gathering *g, const struct rmb_node *node, const char *axis, struct rmb_table *table);
/* Stage, settings and key of every node. */
void rmb_table_nodes(struct rmb_gathering *g, struct rmb_table *table);
/* With what the objects were computed: every attribute but what belongs to the node itself, and how many objects say so. */
void rmb_table_build(struct rmb_gathering *g, struct rmb_table *table);
/* Those that a node draws: none of one that was made for the set of a driver, whose figure shows what came of it. */
const struct rmb_figure *rmb_figures_of(const struct rmb_node *node);
#endif

/* pipeline/report/drawing.h -- the figures that a stage's descriptor asks for, filled from the objects of its nodes. */
#ifndef RMB_REPORT_DRAWING_H
#define RMB_REPORT_DRAWING_H
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
const struct rmb_object *rmb_gather_object(struct rmb_gathering *g, const struct rmb_node *node);
/* A scalar output; false: there is none of that name. */
bool rmb_gather_scalar(const struct rmb_object *object, const char *name, double *value);
/* Entry i of an array of numbers. */
double rmb_gather_value(const struct rmb_array *array, int64_t i);

/* All figures of a recording's nodes (-1: of group nodes), in recipe order. */
int rmb_drawings(struct rmb_gathering *g, int source, struct rmb_figure_data ***figure, int *n, struct rmb_error *error) RMB_CHECKED;
#endif

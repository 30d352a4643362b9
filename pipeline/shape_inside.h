/* pipeline/shape_inside.h -- what the files that make shapes share: axes, tables of rows, and the algebra of them. */
#ifndef RMB_SHAPE_INSIDE_H
#define RMB_SHAPE_INSIDE_H
#include "pipeline/shape.h"

struct axis {                  /* a list at a port, or a repeat (name NULL: elements are #1, #2, ...) */
	int n;
	const char **name;
	const char *entry, *port;  /* for messages */
};

/* Alternatives for what a port, or a whole row, reads. */
struct table { int64_t n, npicks; struct rmb_row *row; };

struct maker {
	struct rmb_arena *arena;
	const struct rmb_recipe *recipe;
	struct rmb_mistakes *m;
	struct rmb_shape *shape;
	int naxes;
	struct axis *axis;
	const struct rmb_entry *entry; /* the one being made */
	double nodes;                  /* so far, of all entries */
	bool stop;                     /* out of memory, or too many */
};

/* Where these return bool, false means that the reason was told and nothing more is to be made. */

/* From the arena; NULL: told. */
void *rmb_shape_grab(struct maker *k, int64_t n, size_t size);
/* Recordings for which the entry at hand has nodes; 1 if it is one over all of them. */
double rmb_shape_recordings(const struct maker *k);
/* Whether so many nodes, and things read, can be meant; `example` is a row whose axes a mistake would name. */
bool rmb_shape_within_limits(struct maker *k, double nodes, double npicks, const struct rmb_row *example);

/* A new axis of n elements; -1: no memory. name NULL: a repeat. */
int rmb_shape_new_axis(struct maker *k, int n, const char **name, const char *port);
/* The row at one more point, which lies on the newest axis. */
bool rmb_shape_at_point(struct maker *k, const struct rmb_row *row, int axis, int at, struct rmb_row *out);
bool rmb_shape_same_points(const struct rmb_row *a, const struct rmb_row *b);
/* A copy of the row at the end of a table; NULL: too many, or no memory. */
struct rmb_row *rmb_shape_append(struct maker *k, struct table *table, const struct rmb_row *row);
/* Natural join, rows of `a` slowest. */
bool rmb_shape_join(struct maker *k, const struct table *a, const struct table *b, struct table *out);
/* One row for all rows that lie at the same point: their picks in order. */
bool rmb_shape_group(struct maker *k, const struct table *rows, struct table *out);

/* The alternatives for what a use puts into its port. */
bool rmb_shape_port(struct maker *k, const struct rmb_use *use, struct table *out);
#endif

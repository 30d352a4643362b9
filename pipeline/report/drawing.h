/* pipeline/report/drawing.h -- what the kinds of figures share on their way from descriptors to plain data. */
#ifndef RMB_REPORT_DRAWING_H
#define RMB_REPORT_DRAWING_H
#include "pipeline/report/gathering.h"

struct rmb_traces { int n; struct rmb_trace *trace; }; /* grows by rmb_traces_add */

struct rmb_drawing {
	struct rmb_gathering *g;
	int source;                         /* index of the recording, -1: group nodes */
	const struct rmb_figure *figure;    /* the descriptor, */
	const char *part;                   /* of it: one text of `split`; NULL: all */
	struct rmb_figure_data *data;       /* and what becomes of it */
	int ngroups;
	const struct rmb_group *group;      /* all nodes have an object */
	struct rmb_traces guides, bands, series; /* from below to on top; data->trace in the end */
};

/* One of these makes traces or an image; neither, if there is nothing to draw (and standing says why, if there should be). */
int rmb_draw_curve(struct rmb_drawing *drawing, struct rmb_error *error) RMB_CHECKED;
int rmb_draw_family(struct rmb_drawing *drawing, struct rmb_error *error) RMB_CHECKED;
int rmb_draw_map(struct rmb_drawing *drawing, struct rmb_error *error) RMB_CHECKED;
int rmb_draw_image(struct rmb_drawing *drawing, struct rmb_error *error) RMB_CHECKED;
int rmb_draw_forest(struct rmb_drawing *drawing, struct rmb_error *error) RMB_CHECKED;
/* The texts of `split`, each once, in the order in which they come up; n 0: there are none. NULL: no memory. */
const char **rmb_forest_parts(const struct rmb_drawing *drawing, int *n);
/* The guides of the descriptor, once the axes are known. */
int rmb_draw_guides(struct rmb_drawing *drawing, struct rmb_error *error) RMB_CHECKED;

/* A new trace at the end of a list, blank. NULL: no memory. */
struct rmb_trace *rmb_traces_add(struct rmb_arena *arena, struct rmb_traces *list);
/* `text` with every {name} replaced by what it is for group i, or, i < 0, for all: once if they agree, else each with its branch.
 * Of replicates a scalar prints as its mean and its range. */
const char *rmb_drawing_fill(const struct rmb_drawing *drawing, int i, const char *text);
/* A number as a guide writes it; *end becomes the end of a range, else `value`. *scalar: it is an output. False: there is none. */
bool rmb_drawing_number(const struct rmb_drawing *drawing, int i, const char *text, double *value, double *end, bool *scalar);
/* What tells group i from the others: "shuffled"; "" if nothing does. */
const char *rmb_group_name(const struct rmb_drawing *drawing, int i);
/* "lag" as "lag (s)", if that is what is drawn. A copy: names of axes go with their object. */
const char *rmb_drawing_title(const struct rmb_drawing *drawing, const char *title, const char *unit);
/* Adds a sentence to the caption, once. */
void rmb_drawing_note(const struct rmb_drawing *drawing, const char *sentence);
/* An output of a node with so many axes, of numbers; NULL: there is none. */
const struct rmb_array *rmb_drawing_array(const struct rmb_drawing *drawing, const struct rmb_node *node, const char *output,
                                          int naxes);
/* Entries first .. first + n - 1 as doubles. NULL: no memory. */
double *rmb_drawing_values(const struct rmb_drawing *drawing, const struct rmb_array *array, int64_t first, int64_t n);
#endif

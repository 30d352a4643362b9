/* pipeline/report/figure.h -- a figure as plain data: one description, read by the page's script and by gnuplot alike.
 *
 * It is made from a stage's struct rmb_figure and from cached arrays, thinned to what a screen can show. All text in it is
 * raw: whoever writes it out escapes it. Everything lives in the arena it was made in. */
#ifndef RMB_REPORT_FIGURE_H
#define RMB_REPORT_FIGURE_H
#include <stdbool.h>
#include <stdint.h>
#include "rumble/arena.h"
#include "rumble/array.h"
#include "rumble/error.h"
#include "rumble/recording.h"
#include "rumble/stage.h"

enum { RMB_LINE_LIMIT = 2000, RMB_POINT_LIMIT = 5000, RMB_IMAGE_LIMIT = 500, RMB_LOOKS = 6, RMB_RAMP = 6 };
enum rmb_mark { RMB_POINTS, RMB_LINE, RMB_DASHES };

/* How the series of one branch look: colours that survive colour blindness and grey printing, and shapes that differ too. */
struct rmb_look {
	const char *light, *dark;        /* colour of points on white paper, on a dark screen */
	const char *deep, *bright;       /* and of lines, which lie on top of them */
	const char *symbol;              /* of points, in the page; */
	int gnuplot_symbol;              /* the same in gnuplot */
	const char *line, *dashes;       /* dash pattern of a line and of a dashed line, in the page; */
	const char *gnuplot_line, *gnuplot_dashes;
};
extern const struct rmb_look rmb_look[RMB_LOOKS];
/* Colours of an image from its lowest to its highest value, on paper and on a dark screen. */
extern const char *const rmb_ramp_light[RMB_RAMP], *const rmb_ramp_dark[RMB_RAMP];

struct rmb_trace {                 /* one series of one branch */
	const char *label;
	enum rmb_mark mark;
	int look;                  /* index into rmb_look */
	int64_t n;
	const float *x, *y;        /* [n], thinned; NaN in y: a gap */
	int64_t count;             /* values it had before thinning */
	int64_t hidden;            /* of these, values that a logarithmic axis cannot show */
	bool thinned;              /* there were more than the limit */
};

struct rmb_image {                 /* means of blocks of a matrix, as bytes */
	int64_t rows, columns;     /* both at most RMB_IMAGE_LIMIT */
	const unsigned char *value; /* [rows][columns], 0..255 standing for low..high */
	double low, high;          /* what the colours span: all but the outermost 0.5 % at each end */
	double x, dx, y, dy;       /* centre of the first pixel and the distance to the next */
	int64_t full_rows, full_columns; /* of the matrix itself */
};

struct rmb_figure_data {
	const char *file;          /* "T181-alpha-spectrum": safe as a file name */
	const char *title;
	const char *x, *y;         /* axis titles */
	bool logx, logy, equal;
	int ntraces;
	struct rmb_trace *trace;
	const struct rmb_image *image; /* or NULL */
	const char *caption;
	const char *findings;      /* what one sees, in words */
	const char *svg;           /* the static rendering; NULL: none */
	size_t svg_length;
};

/* What {name} stands for: its text, or NULL if there is nothing of that name. */
typedef const char *rmb_lookup(void *from, const char *name);
/* `text` with every {name} that `lookup` knows replaced. NULL text gives "". */
const char *rmb_figure_fill(struct rmb_arena *arena, const char *text, rmb_lookup *lookup, void *from);

/* Values y[n] over x[n] (NULL: start, start + step, ...) as the points of a trace: no more than `limit`; where x
 * ascends, no more than RMB_LINE_LIMIT, the smallest and largest of every stretch; otherwise each k-th. Not finite: a gap. Label, mark and look are the
 * caller's. RMB_ELIMIT: no memory. */
int rmb_trace_set(struct rmb_arena *arena, const double *x, double start, double step, const double *y, int64_t n, bool logx, bool logy,
                  int limit, struct rmb_trace *trace, struct rmb_error *error) RMB_CHECKED;

/* Where the rows of a matrix come from: rows row .. row + nrows - 1, columns column .. column + ncolumns - 1. */
typedef void rmb_matrix_read(const void *from, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, float *buffer);
/* Means over at most limit x limit blocks, read a few rows at a time. NULL: the error says why. Coordinates are plain indices
 * from 0. */
struct rmb_image *rmb_image_make(struct rmb_arena *arena, int64_t rows, int64_t columns, int limit, rmb_matrix_read *read, const void *from,
                                 struct rmb_error *error);
struct rmb_image *rmb_image_recording(struct rmb_arena *arena, const struct rmb_recording *recording, int limit, struct rmb_error *error);

/* Adds what the reader must know of the drawing itself to the caption (thinning, means, hidden values) and writes the
 * findings from the data. Call once, when traces and image stand. */
void rmb_figure_finish(struct rmb_arena *arena, struct rmb_figure_data *figure);
/* A number for people: whole numbers as they are, others with `digits` significant digits, zeros at the end too. */
const char *rmb_number_print(struct rmb_arena *arena, double value, int digits);
/* "points", "line", "dashes" as the descriptor has them. */
enum rmb_mark rmb_mark_named(const char *style);
#endif

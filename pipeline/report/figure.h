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

enum { RMB_LINE_LIMIT = 2000, RMB_POINT_LIMIT = 5000, RMB_IMAGE_LIMIT = 500, RMB_LOOKS = 12, RMB_GUIDE_LOOKS = 3,
       RMB_RAMP_MOST = 8 };
enum rmb_mark { RMB_POINTS, RMB_LINE, RMB_DASHES, RMB_BAND,
                RMB_BARS /* a band, place by place */, RMB_STROKES /* a line, solid in every look */ };

/* How the series of one branch look: colours that survive colour blindness and grey printing, and shapes that differ too. */
struct rmb_look {
	const char *light, *dark;        /* colour of points on white paper, on a dark screen */
	const char *deep, *bright;       /* and of lines, which lie on top of them */
	const char *symbol;              /* of points, in the page; */
	int gnuplot_symbol;              /* the same in gnuplot */
	const char *line, *dashes;       /* dash pattern of a line and of a dashed line, in the page; */
	const char *gnuplot_line, *gnuplot_dashes;
};
/* Those of branches (six colours, then the same with other shapes), then those of guides, grey. */
extern const struct rmb_look rmb_look[RMB_LOOKS + RMB_GUIDE_LOOKS];

/* Colours from a lowest to a highest value, on paper and on a dark screen. */
struct rmb_ramp { int n; const char *light[RMB_RAMP_MOST], *dark[RMB_RAMP_MOST]; };
/* Of an image; of the lines of a family; of values on both sides of zero. */
extern const struct rmb_ramp rmb_ramp_image, rmb_ramp_family, rmb_ramp_map;

struct rmb_trace {                 /* one series of one branch, the band behind it, or a guide */
	const char *label;
	enum rmb_mark mark;
	int look;                  /* of a branch, any number; of guide i RMB_LOOK_GUIDE(i) */
	int panel;
	bool quiet;                /* no entry of its own in the legend */
	int64_t n;
	const float *x, *y;        /* [n], thinned; NaN in y: a gap */
	float *low;                /* RMB_BAND, RMB_BARS: [n], from low to y; else NULL */
	const float *z;            /* points of a map: [n], what colours them; else NULL */
	bool scaled;               /* a line of a family: coloured by `value`, not by its look */
	double value;
	int64_t count;             /* values it had before thinning */
	int64_t hidden;            /* of these, values that a logarithmic axis cannot show */
	bool thinned;              /* there were more than the limit */
};
#define RMB_LOOK_GUIDE(i) (-1 - (i) % RMB_GUIDE_LOOKS)
const struct rmb_look *rmb_trace_look(const struct rmb_trace *trace);

/* What colours stand for; `ramp` NULL: nothing. */
struct rmb_scale { const char *title; double low, high; bool log; const struct rmb_ramp *ramp; };

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
	double low[2], high[2];    /* what the axes x and y show; both 0: all, which rmb_figure_finish() puts here */
	int npanels, ncolumns;     /* panels share the axes and are laid out row by row; 0: one, without a title */
	const char **panel;        /* [npanels] titles */
	int nlanes;                /* of a forest, one an estimate: lane i is at -1 - i of the y axis. 0: that axis has numbers */
	const char **lane;         /* [nlanes] names of their rows: those of a row follow each other; "": a gap */
	struct rmb_scale scale;    /* of the colours of maps and families */
	int ntraces;
	struct rmb_trace *trace;   /* what comes later lies on top */
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

/* Values y[n] over x[n] (NULL: start, start + step, ...), and low[n] for a band, on axes of that kind. */
struct rmb_points { const double *x; double start, step; const double *y, *low; int64_t n; bool logx, logy; };

/* They as the points of a trace: no more than `limit`; where x ascends, no more than RMB_LINE_LIMIT, the smallest and largest
 * of every stretch; otherwise each k-th. Not finite: a gap. Label, mark and look are the caller's. RMB_ELIMIT: no memory. */
int rmb_trace_set(struct rmb_arena *arena, const struct rmb_points *points, int limit, struct rmb_trace *trace,
                  struct rmb_error *error) RMB_CHECKED;

/* The same for a band: between the lowest low and the highest y of every stretch. A logarithmic axis has no place for a
 * low that is not positive: it becomes 0, and rmb_figure_finish() lets the band end below what is shown. */
int rmb_trace_set_band(struct rmb_arena *arena, const struct rmb_points *points, int limit, struct rmb_trace *trace,
                       struct rmb_error *error) RMB_CHECKED;

/* Where the rows of a matrix come from: rows row .. row + nrows - 1, columns column .. column + ncolumns - 1. */
typedef void rmb_matrix_read(const void *from, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, float *buffer);
/* Means over at most limit x limit blocks, read a few rows at a time. NULL: the error says why. Coordinates are plain indices
 * from 0. */
struct rmb_image *rmb_image_make(struct rmb_arena *arena, int64_t rows, int64_t columns, int limit, rmb_matrix_read *read,
                                 const void *from, struct rmb_error *error);
struct rmb_image *rmb_image_recording(struct rmb_arena *arena, const struct rmb_recording *recording, int limit,
                                      struct rmb_error *error);

/* What the axes show, if nothing was said: all values, and of a band on a logarithmic axis a decade beyond them. */
void rmb_figure_range(struct rmb_figure_data *figure);
/* Fills in low and high, adds what the reader must know of the drawing itself to the caption (thinning, means, hidden values)
 * and writes the findings from the data. Call once, when traces and image stand. */
void rmb_figure_finish(struct rmb_arena *arena, struct rmb_figure_data *figure);
/* A number for people: whole numbers as they are, others with `digits` significant digits, zeros at the end too. */
const char *rmb_number_print(struct rmb_arena *arena, double value, int digits);
/* "points", "line", "dashes" as the descriptor has them. */
enum rmb_mark rmb_mark_named(const char *style);
/* Where `value` lies on a scale: 0 (lowest) to 1. */
double rmb_scale_place(const struct rmb_scale *scale, double value);
/* The colour at that place on paper: "#d55e00". */
void rmb_ramp_colour(const struct rmb_ramp *ramp, double place, char colour[8]);
/* How panels are laid out, and the size of the static picture in pixels. */
struct rmb_grid { int panels, columns, rows, width, height, legend; }; /* legend: its rows */
void rmb_figure_grid(const struct rmb_figure_data *figure, struct rmb_grid *grid);
#endif

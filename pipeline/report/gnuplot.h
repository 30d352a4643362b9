/* pipeline/report/gnuplot.h -- figures as SVG, drawn by gnuplot: for paper, for papers, and where no script runs. */
#ifndef RMB_REPORT_GNUPLOT_H
#define RMB_REPORT_GNUPLOT_H
#include <stdio.h>
#include "pipeline/report/figure.h"

/* Draws all figures in one process and sets svg and svg_length of each (in the arena); a figure that could not be drawn keeps
 * NULL. *note becomes a sentence for the reader if gnuplot is missing or failed, else NULL. Fails only for want of memory or
 * of a place for temporary files. */
int rmb_gnuplot(struct rmb_arena *arena, struct rmb_figure_data **figure, int n, const char **note,
                struct rmb_error *error) RMB_CHECKED;
/* gnuplot_script.c: writes the script, and the numbers as files in `directory`; figure i is drawn into the file
 * rmb_gnuplot_path("figure", i, 0). 0, or -1: not all could be written. */
int rmb_gnuplot_script(FILE *to, struct rmb_arena *arena, struct rmb_figure_data **figure, int n,
                       const char *directory) RMB_CHECKED;
const char *rmb_gnuplot_path(struct rmb_arena *arena, const char *directory, const char *name, int figure, int part);
/* Whether there is a gnuplot to be run. */
bool rmb_gnuplot_found(void);
#endif

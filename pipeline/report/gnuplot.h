/* pipeline/report/gnuplot.h -- figures as SVG, drawn by gnuplot: for paper, for papers, and where no script runs. */
#ifndef RMB_REPORT_GNUPLOT_H
#define RMB_REPORT_GNUPLOT_H
#include <stdio.h>
#include "pipeline/report/figure.h"

/* Draws all figures in one process, in a temporary folder within the folder `place`, and sets svg and svg_length of each (in
 * the arena); a figure that could not be drawn keeps NULL. A sentence for the reader if gnuplot is missing or failed, or there
 * was no room, else NULL. First removes from `place` what killed processes left of this. */
const char *rmb_gnuplot(struct rmb_arena *arena, struct rmb_figure_data **figure, int n, int place) RMB_CHECKED;
/* gnuplot_script.c: writes the script, and the numbers as files in `folder`, where gnuplot is to run: what a folder is called
 * may be more than a script can say. Figure i is drawn into the file rmb_gnuplot_name("figure", i, 0). 0, or -1: not all could
 * be written. */
int rmb_gnuplot_script(FILE *to, struct rmb_arena *arena, struct rmb_figure_data **figure, int n, int folder) RMB_CHECKED;
const char *rmb_gnuplot_name(struct rmb_arena *arena, const char *what, int figure, int part);
/* A new file in the folder, to be written. NULL: errno says why. */
FILE *rmb_gnuplot_create(int folder, const char *name);
/* Whether there is a gnuplot to be run. */
bool rmb_gnuplot_found(void);
#endif

/* pipeline/report/prune.h -- figures/ keeps no picture that no figure is called any more. */
#ifndef RMB_REPORT_PRUNE_H
#define RMB_REPORT_PRUNE_H
#include "pipeline/report/figure.h"

/* Removes from directory/figures what earlier reports wrote and figure[n] does not name, and lists there what is ours now. One
 * that belongs but could not be drawn this time stays as it was; what is not ours, or was changed since, stays always. */
int rmb_figures_prune(struct rmb_arena *arena, struct rmb_figure_data **figure, int n, const char *directory,
                      struct rmb_error *error) RMB_CHECKED;
#endif

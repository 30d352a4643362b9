/* pipeline/report/figure_json.h -- a figure as the page's script reads it. */
#ifndef RMB_REPORT_FIGURE_JSON_H
#define RMB_REPORT_FIGURE_JSON_H
#include <jansson.h>
#include "pipeline/report/figure.h"

/* NULL: no memory. */
json_t *rmb_figure_json(struct rmb_arena *arena, const struct rmb_figure_data *figure);
#endif

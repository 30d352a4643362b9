/* pipeline/report/asset.h -- the files that a report carries with it, part of the program. */
#ifndef RMB_REPORT_ASSET_H
#define RMB_REPORT_ASSET_H
#include <stddef.h>

struct rmb_asset { const char *text; size_t length; };
struct rmb_asset rmb_asset_css(void);
struct rmb_asset rmb_asset_script(void);
/* Plotly and its licence; length 0 if the program was built without it. */
struct rmb_asset rmb_asset_plotly(void);
struct rmb_asset rmb_asset_plotly_licence(void);
#endif

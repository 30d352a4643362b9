/* tests/support/specimen.h -- a report page that holds one of everything, with texts of the test's choice. */
#ifndef RMB_TEST_SPECIMEN_H
#define RMB_TEST_SPECIMEN_H
#include "pipeline/report/page.h"

/* Every text of the page contains `name`. In the arena; fails the test if that has no room. */
const struct rmb_page *rmb_test_page(struct rmb_arena *arena, const char *name);
/* Its figures: a curve of two branches, an image, and panels with a family, a band, bars, a guide and a map, gaps and all. */
enum { RMB_TEST_FIGURES = 3 };
struct rmb_figure_data **rmb_test_figures(struct rmb_arena *arena, const char *name);
#endif

#include <math.h>
#include "support/check.h"
#include "support/specimen.h"

#define POINTS(...) &(struct rmb_points){ __VA_ARGS__ }

enum { RANKS = 4000, ROWS = 60, COLUMNS = 900 };

static void
read_wave(const void *from, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, float *buffer)
{
	(void)from;
	for (int64_t r = 0; r < nrows; r++)
		for (int64_t c = 0; c < ncolumns; c++)
			buffer[r * ncolumns + c] = (float)sin(0.02 * (double)(column + c) + 0.1 * (double)(row + r));
}

static struct rmb_figure_data *
curve(struct rmb_arena *arena, const char *name)
{
	static const char *const what[] = { "variance", "fit, exponent 0.93" };
	struct rmb_figure_data *f = rmb_arena_alloc(arena, 1, sizeof *f);
	double *y = rmb_arena_alloc(arena, RANKS, sizeof *y);
	*f = (struct rmb_figure_data){ .file = "specimen-curve", .title = rmb_arena_printf(arena, "%s: spectrum", name),
	                               .x = rmb_arena_printf(arena, "rank %s", name), .y = rmb_arena_printf(arena, "variance %s (1)", name),
	                               .logx = true, .logy = true, .caption = rmb_arena_printf(arena, "A curve of %s.", name), .ntraces = 4 };
	f->trace = rmb_arena_alloc(arena, 4, sizeof *f->trace);
	for (int i = 0; i < 4; i++) {
		for (int k = 0; k < RANKS; k++)
			y[k] = pow(k + 1, i < 2 ? -0.93 : -0.2) * (i % 2 ? 1 : 1 + 0.2 * sin(k));
		f->trace[i] = (struct rmb_trace){ .label = rmb_arena_printf(arena, "%s %s: %s", name, i < 2 ? "z" : "shuffled", what[i % 2]),
		                                  .mark = i % 2 ? RMB_LINE : RMB_POINTS, .look = i / 2 };
		assert_int_equal(rmb_trace_set(arena, POINTS(NULL, 1, 1, y, NULL, RANKS, true, true),
		                               i % 2 ? RMB_LINE_LIMIT : RMB_POINT_LIMIT, &f->trace[i], NULL),
		                 0);
	}
	return f;
}

static struct rmb_figure_data *
panels(struct rmb_arena *arena, const char *name)
{
	enum { N = 700, KINDS = 6 };
	struct rmb_figure_data *f = rmb_arena_alloc(arena, 1, sizeof *f);
	double *x = rmb_arena_alloc(arena, N, sizeof *x), *y = rmb_arena_alloc(arena, N, sizeof *y),
	       *low = rmb_arena_alloc(arena, N, sizeof *low);
	float *z = rmb_arena_alloc(arena, N, sizeof *z);
	*f = (struct rmb_figure_data){ .file = "specimen-panels", .title = rmb_arena_printf(arena, "%s: panels", name),
	                               .x = rmb_arena_printf(arena, "lag %s (s)", name),
	                               .y = rmb_arena_printf(arena, "value %s", name), .logx = true,
	                               .npanels = 2, .ncolumns = 2, .caption = rmb_arena_printf(arena, "Panels of %s.", name), .ntraces = KINDS,
	                               .scale = { rmb_arena_printf(arena, "rank %s", name), 1, 20, true, &rmb_ramp_family } };
	f->panel = rmb_arena_alloc(arena, 2, sizeof *f->panel);
	f->trace = rmb_arena_alloc(arena, KINDS, sizeof *f->trace);
	f->panel[0] = name, f->panel[1] = rmb_arena_printf(arena, "shuffled %s", name);
	for (int k = 0; k < N; k++) {
		x[k] = k, z[k] = (float)(1 + k % 20);
		y[k] = k % 50 ? exp(-0.01 * k) : NAN;
		low[k] = k % 70 ? y[k] - 0.1 : INFINITY;
	}
	for (int i = 0; i < KINDS; i++) {
		f->trace[i] = (struct rmb_trace){ .label = rmb_arena_printf(arena, "rank %d %s", i, name),
		                                  .mark = i == 5 ? RMB_POINTS : RMB_LINE, .panel = i % 2,
		                                  .scaled = i < 2, .value = i + 1, .look = i == 4 ? RMB_LOOK_GUIDE(0) : 0, .quiet = i == 3 };
		if (i == 2 || i == 3)
			assert_int_equal(rmb_trace_set_band(arena, POINTS(x, 0, 0, y, low, N, true, false), RMB_LINE_LIMIT, &f->trace[i], NULL), 0);
		else
			assert_int_equal(rmb_trace_set(arena, POINTS(x, 0, 0, y, NULL, N, true, false), RMB_LINE_LIMIT, &f->trace[i], NULL), 0);
	}
	f->trace[3].mark = RMB_BARS, f->trace[5].z = z;
	return f;
}

struct rmb_figure_data **
rmb_test_figures(struct rmb_arena *arena, const char *name)
{
	struct rmb_figure_data **figure = rmb_arena_alloc(arena, RMB_TEST_FIGURES, sizeof *figure),
	                       *raster = rmb_arena_alloc(arena, 1, sizeof *raster);
	figure[0] = curve(arena, name);
	figure[1] = raster;
	figure[2] = panels(arena, name);
	*raster = (struct rmb_figure_data){ .file = "specimen-raster", .title = rmb_arena_printf(arena, "%s: activity", name),
	                                    .x = rmb_arena_printf(arena, "time %s (s)", name), .y = rmb_arena_printf(arena, "neuron %s", name),
	                                    .caption = rmb_arena_printf(arena, "An image of %s.", name),
	                                    .image = rmb_image_make(arena, ROWS, COLUMNS, RMB_IMAGE_LIMIT, read_wave, NULL, NULL) };
	assert_non_null(raster->image);
	for (int i = 0; i < RMB_TEST_FIGURES; i++)
		rmb_figure_finish(arena, figure[i]);
	return figure;
}

static struct rmb_table
numbers(struct rmb_arena *arena, const char *name)
{
	struct rmb_column *column = rmb_arena_alloc(arena, 3, sizeof *column);
	const char **cell = rmb_arena_alloc(arena, 6, sizeof *cell);
	for (int i = 0; i < 3; i++)
		column[i] = (struct rmb_column){ rmb_arena_printf(arena, "%s column", name),
		                                 i ? rmb_arena_printf(arena, "help of %s", name) : NULL, i > 0 };
	for (int i = 0; i < 6; i++)
		cell[i] = i % 3 ? rmb_arena_printf(arena, "0.93 %s", name) : name;
	return (struct rmb_table){ rmb_arena_printf(arena, "Table of %s", name), 3, 2, column, cell };
}

const struct rmb_page *
rmb_test_page(struct rmb_arena *arena, const char *name)
{
	struct rmb_page *page = rmb_arena_alloc(arena, 1, sizeof *page);
	struct rmb_section *section = rmb_arena_alloc(arena, 2, sizeof *section);
	struct rmb_remark *remark = rmb_arena_alloc(arena, 1, sizeof *remark);
	struct rmb_table *table = rmb_arena_alloc(arena, 1, sizeof *table);
	const char **cite = rmb_arena_alloc(arena, 1, sizeof *cite);
	assert_true(page && section && remark && table && cite);
	*remark = (struct rmb_remark){ .who = name, .text = rmb_arena_printf(arena, "mind %s", name), .named = 12, .more = 3 };
	*table = numbers(arena, name);
	cite[0] = rmb_arena_printf(arena, "A paper on %s", name);
	for (int i = 0; i < 2; i++)
		section[i] = (struct rmb_section){ name, rmb_arena_printf(arena, "area %s", name), 1, RMB_TEST_FIGURES, remark,
		                                   rmb_test_figures(arena, name), 1, 1, remark, table,
		                                   numbers(arena, name), numbers(arena, name), false };
	*page = (struct rmb_page){ .title = rmb_arena_printf(arena, "Title of %s", name), .lead = rmb_arena_printf(arena, "Lead of %s", name),
	                           .fingerprint = "0123", .program = rmb_arena_printf(arena, "rumble %s", name), .note = name, .nproblems = 1,
	                           .problem = remark, .nsummaries = 1, .summary = table, .nsections = 2, .section = section,
	                           .recipe_name = name, .recipe = rmb_arena_printf(arena, "rumble: 1\n# %s\n", name), .build = *table,
	                           .nodes = *table, .ncites = 1, .cite = cite };
	return page;
}

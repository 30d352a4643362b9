/* tests/test_content.c -- a report's content from descriptors and objects made up on the spot: no stage of the program, no
 * recipe. */
#include <string.h>
#include "pipeline/report/content.h"
#include "rumble/hash.h"
#include "support/check.h"

enum { RANKS = 50, ROWS = 6, COLUMNS = 8, NODES = 6 };

static const struct rmb_param params[] = {
	{ "width", RMB_REAL, 0, "5 um", false, "um", 0, 0, .help = "how wide" }, { 0 } };
static const struct rmb_port out[] = {
	{ .name = "level", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "um", .help = "how high it is" },
	{ .name = "hits", .kinds = RMB_ARRAY, .axes = "", .type = RMB_INT64, .unit = "1", .help = "how many there are" },
	{ .name = "curve", .kinds = RMB_ARRAY, .axes = "rank", .type = RMB_FLOAT64, .unit = "1" },
	{ .name = "map", .kinds = RMB_ARRAY, .axes = "row column", .type = RMB_FLOAT32, .unit = "1" },
	{ 0 } };
static const struct rmb_figure figures[] = {
	{ .name = "decay", .kind = "curve", .x = "rank", .y = "size", .logx = true, .logy = true, .caption = "Level {level}, width {width}.",
	  .series = { { .y = "curve", .style = "points", .label = "measured, level {level}" }, { .y = "absent", .style = "line" } } },
	{ .name = "map", .kind = "raster", .x = "column", .y = "row", .image = "map", .caption = "A map of {hits}." }, { 0 } };
static const struct rmb_stage probe = {
	.name = "probe", .version = 3, .brief = "probes things", .cite = "A paper on probes", .params = params, .out = out, .figures = figures,
	.settings_size = sizeof(double) };

static struct rmb_entry entries[] = { { .name = "first", .stage = &probe }, { .name = "over all", .stage = &probe } };
static struct rmb_label label = { "area", "V1" };
static struct rmb_source sources[] = { { .name = "mouse", .nlabels = 1, .label = &label }, { .name = "rat" } };
static struct rmb_value value = { .real = 5, .written = "5 um" };

/* Four nodes of the first recording and the second (branches a, b), one group node, one that was let go. */
static struct rmb_node node[NODES] = {
	{ .index = 0, .entry = &entries[0], .stage = &probe, .source = 0, .branch = "a", .name = "first@a", .id = "mouse/first@a",
	  .keep = true },
	{ .index = 1, .entry = &entries[0], .stage = &probe, .source = 0, .branch = "b", .name = "first@b", .id = "mouse/first@b",
	  .keep = true },
	{ .index = 2, .entry = &entries[0], .stage = &probe, .source = 1, .branch = "a", .name = "first@a", .id = "rat/first@a", .keep = true },
	{ .index = 3, .entry = &entries[0], .stage = &probe, .source = 1, .branch = "b", .name = "first@b", .id = "rat/first@b", .keep = true },
	{ .index = 4, .entry = &entries[1], .stage = &probe, .source = -1, .name = "over all", .id = "over all", .keep = true },
	{ .index = 5, .entry = &entries[0], .stage = &probe, .source = 1, .branch = "c", .name = "first@c", .id = "rat/first@c", .keep = false },
};

struct fixture {
	char directory[64];
	struct rmb_arena *arena;
	struct rmb_cache cache;
	struct rmb_recipe recipe;
	struct rmb_graph graph;
	struct rmb_node *list[NODES];
};

static void
publish(struct fixture *f, const struct rmb_node *one)
{
	double curve[RANKS], level = 1.25 + one->index;
	float map[ROWS * COLUMNS];
	int64_t hits = 1000 + one->index;
	for (int i = 0; i < RANKS; i++)
		curve[i] = 1.0 / (i + 1);
	for (int i = 0; i < ROWS * COLUMNS; i++)
		map[i] = (float)i;
	struct rmb_array array[] = {
		{ .name = "level", .unit = "um", .type = RMB_FLOAT64, .data = &level },
		{ .name = "hits", .unit = "1", .type = RMB_INT64, .data = &hits },
		{ .name = "curve", .unit = "1", .type = RMB_FLOAT64, .naxes = 1, .axis = { rmb_axis_rank(RANKS) }, .data = curve },
		{ .name = "map", .unit = "1", .type = RMB_FLOAT32, .naxes = 2,
		  .axis = { rmb_axis_index("row", ROWS), rmb_axis_index("column", COLUMNS) }, .data = map },
	};
	const size_t bytes[] = { sizeof level, sizeof hits, sizeof curve, sizeof map };
	const char *attribute[] = { "description", "{}", "warnings", one->source == 0 ? "[\"mind the gap\"]" : "[]", "kernel", "Zen" };
	struct rmb_error error = { 0 };
	struct rmb_object_writer *w = rmb_object_create(rmb_cache_scratch(f->arena, &f->cache), one->key, array, 4, attribute, 3, &error);
	assert_non_null(w);
	for (int i = 0; i < 4; i++)
		assert_int_equal(rmb_object_write(w, i, 0, array[i].data, bytes[i], &error), 0);
	assert_int_equal(rmb_object_publish(w, rmb_cache_path(f->arena, &f->cache, one->key), 1, &error), 0);
}

static int
setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	struct rmb_error error = { 0 };
	*f = (struct fixture){ .arena = rmb_arena_new(), .recipe = { .name = "made up", .title = "Made up", .text = "rumble: 1\n",
	                                                             .report = "report.html",
	                       .nsources = 2, .source = sources, .nentries = 2, .entry = entries } };
	rmb_test_mkdir(f->directory, sizeof f->directory);
	assert_int_equal(rmb_cache_open(f->directory, &f->cache, &error), 0);
	f->graph = (struct rmb_graph){ .recipe = &f->recipe, .nnodes = NODES, .node = f->list, .arena = f->arena };
	for (int i = 0; i < NODES; i++) {
		f->list[i] = &node[i];
		node[i].value = &value;
		node[i].settings = &value.real;
		rmb_sha256(&i, sizeof i, node[i].key);
	}
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	rmb_cache_close(&f->cache);
	rmb_arena_free(f->arena);
	rmb_test_rmdir(f->directory);
	return 0;
}

static const struct rmb_page *
content(struct fixture *f, const struct rmb_result *result)
{
	struct rmb_error error = { 0 };
	struct rmb_standing *standing = rmb_standings(f->arena, &f->graph, &f->cache, result);
	const struct rmb_page *page = rmb_content(f->arena, &f->graph, &f->cache, standing, &error);
	if (!page)
		fail_msg("%s", error.text);
	return page;
}

/* The cell in the row whose second column says `row`, in the column called `column`. */
static const char *
cell(const struct rmb_table *t, const char *recording, const char *row, const char *column)
{
	for (int r = 0; r < t->nrows; r++)
		for (int c = 0; c < t->ncolumns; c++)
			if (strcmp(t->cell[r * t->ncolumns], recording) == 0 && strcmp(t->cell[r * t->ncolumns + 1], row) == 0
			    && strcmp(t->column[c].title, column) == 0)
				return t->cell[r * t->ncolumns + c];
	return "";
}

static void
test_empty_cache(void **state)
{
	const struct rmb_page *page = content(*state, NULL);
	assert_int_equal(page->nproblems, 1); /* one sentence for the five that should be there */
	assert_string_equal(page->problem[0].text, "has not been computed");
	assert_int_equal(page->problem[0].named, 5);
	assert_int_equal(page->nsections, 3);
	for (int s = 0; s < page->nsections; s++)
		assert_int_equal(page->section[s].nfigures, 0);
}

static void
test_everything_is_there(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < NODES - 1; i++)
		publish(f, &node[i]);
	const struct rmb_page *page = content(f, NULL);
	assert_int_equal(page->nproblems, 0);
	assert_int_equal(page->nsummaries, 2);
	assert_string_equal(cell(&page->summary[0], "mouse", "first@b", "level (um)"), "2.250");
	assert_string_equal(cell(&page->summary[0], "rat", "first@a", "hits"), "1002");
	assert_string_equal(cell(&page->summary[0], "mouse", "first@a", "Warnings"), "1");
	assert_string_equal(cell(&page->summary[1], "all", "over all", "hits"), "1004");
	assert_string_equal(cell(&page->section[1].numbers, "first@a", "level", "Unit"), "um");
	assert_string_equal(page->section[1].title, "mouse");
	assert_string_equal(page->section[1].about, "area: V1");
	assert_string_equal(page->section[0].title, "All recordings");
	assert_int_equal(page->section[1].nremarks, 1);
	assert_string_equal(page->section[1].remark[0].who, "first@a, first@b");
	assert_string_equal(page->section[1].remark[0].text, "mind the gap");
	assert_int_equal(page->build.nrows, 1);
	assert_string_equal(page->build.cell[2], "5");
	assert_int_equal(page->nodes.nrows, NODES);
	assert_string_equal(page->nodes.cell[2], "width: 5 um");
	assert_int_equal(page->ncites, 1);
	assert_string_equal(page->cite[0], "probe: A paper on probes");
}

static void
test_figures(void **state)
{
	const struct rmb_page *page = content(*state, NULL);
	const struct rmb_section *mouse = &page->section[1];
	assert_int_equal(mouse->nfigures, 3); /* the branches share a curve, and have an image each */
	const struct rmb_figure_data *curve = mouse->figure[0], *map = mouse->figure[1];
	assert_string_equal(curve->file, "mouse-first-decay");
	assert_int_equal(curve->ntraces, 2); /* an output that is not there adds none */
	assert_string_equal(curve->trace[0].label, "a: measured, level 1.25");
	assert_string_equal(curve->trace[1].label, "b: measured, level 2.25");
	assert_int_not_equal(curve->trace[0].look, curve->trace[1].look);
	assert_int_equal(curve->trace[0].n, RANKS);
	assert_true(curve->trace[0].x[0] == 1 && curve->trace[0].y[1] == 0.5f);
	assert_string_equal(curve->caption, "Level 1.25 (a), 2.25 (b), width 5 um.");
	assert_string_equal(map->file, "mouse-first@a-map");
	assert_int_equal(map->image->rows, ROWS);
	assert_int_equal(map->image->columns, COLUMNS);
	assert_int_equal(map->image->value[0], 0);
	assert_int_equal(map->image->value[ROWS * COLUMNS - 1], 255);
	assert_int_equal(page->section[0].nfigures, 2);
	assert_string_equal(page->section[0].figure[0]->trace[0].label, "measured, level 5.25");
	assert_int_equal(page->section[2].figure[0]->trace[1].look, curve->trace[1].look);
}

static void
test_fingerprint(void **state)
{
	struct fixture *f = *state;
	struct rmb_result result[NODES] = { [1] = { .outcome = RMB_FAILED, .text = "it broke" } };
	char whole[65], again[65], other[65];
	struct rmb_standing *standing = rmb_standings(f->arena, &f->graph, &f->cache, NULL);
	assert_int_equal(rmb_content_fingerprint(&f->graph, standing, true, whole, NULL), 0);
	assert_int_equal(rmb_content_fingerprint(&f->graph, standing, true, again, NULL), 0);
	assert_string_equal(whole, again);
	assert_int_equal(rmb_content_fingerprint(&f->graph, standing, false, other, NULL), 0);
	assert_string_not_equal(whole, other);
	standing = rmb_standings(f->arena, &f->graph, &f->cache, result);
	assert_int_equal(rmb_content_fingerprint(&f->graph, standing, true, other, NULL), 0);
	assert_string_not_equal(whole, other);
	f->recipe.text = "rumble: 1 # changed\n";
	standing = rmb_standings(f->arena, &f->graph, &f->cache, NULL);
	assert_int_equal(rmb_content_fingerprint(&f->graph, standing, true, other, NULL), 0);
	assert_string_not_equal(whole, other);
	f->recipe.text = "rumble: 1\n";
}

static void
test_failures_are_named(void **state)
{
	struct fixture *f = *state;
	struct rmb_result result[NODES] = { [1] = { .outcome = RMB_FAILED, .text = "it broke" },
	                                    [4] = { .outcome = RMB_BLOCKED, .text = "needs mouse/first@b, which failed" } };
	const struct rmb_page *page = content(f, result);
	assert_int_equal(page->nproblems, 2);
	assert_string_equal(page->problem[0].who, "mouse/first@b");
	assert_string_equal(page->problem[0].text, "it broke");
	assert_string_equal(page->problem[1].text, "needs mouse/first@b, which failed");
	assert_int_equal(page->section[1].figure[0]->ntraces, 1);
	assert_string_equal(cell(&page->summary[0], "mouse", "first@b", "hits"), "\xe2\x80\x93");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "with an empty cache all is missing", test_empty_cache, NULL, NULL, NULL },
		{ "numbers, warnings, provenance come from objects and descriptors", test_everything_is_there, NULL, NULL, NULL },
		{ "figures: branches share axes, images stand alone", test_figures, NULL, NULL, NULL },
		{ "the fingerprint tells what the page would", test_fingerprint, NULL, NULL, NULL },
		{ "what failed is named, the rest is shown", test_failures_are_named, NULL, NULL, NULL },
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

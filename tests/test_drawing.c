/* tests/test_drawing.c -- the kinds of figures, from descriptors and objects made up on the spot: what is drawn is what the
 * arrays hold. */
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include "pipeline/report/gathering.h"
#include "pipeline/report/gnuplot.h"
#include "rumble/hash.h"
#include "support/check.h"

enum { RANKS = 60, LAGS = 20, POINTS = 4000, REPLICATES = 3, ITEM = 5, FIGURES = 4 + 2 * 2, NODES = 1 + REPLICATES };

#define PORT(port, axis, of) { .name = port, .kinds = RMB_ARRAY, .axes = axis, .type = RMB_FLOAT64, .unit = of }
#define TEXTS(port) { .name = port, .kinds = RMB_ARRAY, .axes = "item", .type = RMB_TEXT, .unit = "1" }
static const struct rmb_port out[] = { PORT("level", "", "1"), PORT("curve", "rank", "1"), PORT("sd", "rank", "1"),
                                       PORT("family", "rank lag", "1"),
	PORT("flag", "rank", "1"), PORT("x", "neuron", "um"), PORT("y", "neuron", "um"), PORT("weight", "row neuron", "1"),
	PORT("estimate", "item", "1"), PORT("least", "item", "1"), PORT("most", "item", "1"), TEXTS("whose"), TEXTS("kind"),
	TEXTS("part"), { 0 } };
static const struct rmb_param params[] = { { "ranks", RMB_RANGE, 0, "5..500", .help = "which" }, { 0 } };
static const struct rmb_figure figures[] = {
	{ .name = "decay", .kind = "curve", .x = "rank", .y = "size", .logx = true, .logy = true, .caption = "Level {level}.",
	  .series = { { .y = "curve", .style = "points", .label = "level {level}", .spread = "sd" } },
	  .guide = { { .shape = "wedge", .at = "0.5", .to = "1", .label = "wedge" }, { .shape = "span", .at = "ranks" },
	             { .shape = "horizontal", .at = "level" },
	             { .shape = "power", .at = "2", .through = { 2, 3 }, .label = "law" } } },
	{ .name = "plane", .kind = "curve", .x = "rank", .y = "size", .caption = "", .xwindow = { 0, 10 },
	  .series = { { .y = "curve", .style = "line" }, { .y = "sd", .style = "guide", .label = "the same for all" } },
	  .guide = { { .shape = "circle", .at = "1" }, { .shape = "vertical", .at = "ranks" } } },
	{ .name = "fan", .kind = "family", .x = "lag", .y = "size", .logx = true, .logz = true, .caption = "",
	  .series = { { .y = "family", .style = "line", .flag = "flag" } } },
	{ .name = "map", .kind = "map", .x = "x", .y = "y", .equal = true, .caption = "",
	  .series = { { .y = "y", .x = "x", .style = "points", .z = "weight" } } },
	{ .name = "rows", .kind = "forest", .split = "part", .caption = "",
	  .series = { { .y = "whose", .x = "estimate", .low = "least", .high = "most", .z = "kind", .style = "points" },
	              { .y = "whose", .x = "most", .style = "line", .label = "a line" } },
	  .guide = { { .shape = "vertical", .at = "0", .label = "nothing" } } },
	{ 0 } };
static const struct rmb_stage probe = { .name = "probe", .version = 1, .out = out, .params = params, .figures = figures,
                                        .settings_size = sizeof(struct rmb_range) };
static struct rmb_entry entry = { .name = "probe", .stage = &probe };
static struct rmb_source source = { .name = "mouse" };
static struct rmb_value value = { .range = { 5, 500 }, .written = "5..500" };

struct fixture {
	char directory[64];
	struct rmb_arena *arena;
	struct rmb_cache cache;
	struct rmb_recipe recipe;
	struct rmb_graph graph;
	struct rmb_node node[NODES], *list[NODES];
};

static double curve_at(int node, int k) { return k == 7 ? NAN : (1 + 0.1 * node) / (k + 1); }
static double family_at(int node, int k, int l) { return node + k + 0.01 * l; }
static double weight_at(int row, int i) { return i == 11 ? NAN : (row + 1) * sin(0.1 * i); }

/* Two estimates of row a, one of them without an interval, around one of row b and one that is none; and one of part q. */
static double estimate[ITEM] = { 1, 2, 3, NAN, 7 }, least[ITEM] = { 0.5, 1.5, NAN, 1, 6 }, most[ITEM] = { 1.5, 2.5, NAN, 4, 9 };
static char whose[ITEM][8] = { "a", "b_1", "a", "c", "a" }, kind[ITEM][8] = { "one", "z", "z", "one", "z" };
static char part[ITEM][8] = { "p", "p", "p", "p", "q" };
#define ITEMS(port, of, wide, values) { .name = port, .unit = "1", .type = of, .width = wide, .naxes = 1, .axis = { rmb_axis_index("item", ITEM) }, .data = values }

static void
publish(struct fixture *f, int node, bool strip)
{
	static double level, curve[RANKS], sd[RANKS], family[RANKS * LAGS], flag[RANKS], x[POINTS], y[POINTS], weight[2 * POINTS];
	level = 10 + node;
	for (int k = 0; k < RANKS; k++) {
		curve[k] = curve_at(node, k), sd[k] = k == 1 ? 5 : 0.001, flag[k] = k == 3;
		for (int l = 0; l < LAGS; l++)
			family[k * LAGS + l] = family_at(node, k, l);
	}
	for (int i = 0; i < POINTS; i++)
		x[i] = strip ? 7 : i % 80, y[i] = i / 80, weight[i] = weight_at(0, i), weight[POINTS + i] = weight_at(1, i);
	struct rmb_axis rank = rmb_axis_rank(RANKS), lag = rmb_axis_make("lag", "s", LAGS, 0, 0.5), neuron = rmb_axis_index("neuron", POINTS);
	struct rmb_array array[] = {
		{ .name = "level", .unit = "1", .type = RMB_FLOAT64, .data = &level },
		{ .name = "curve", .unit = "1", .type = RMB_FLOAT64, .naxes = 1, .axis = { rank }, .data = curve },
		{ .name = "sd", .unit = "1", .type = RMB_FLOAT64, .naxes = 1, .axis = { rank }, .data = sd },
		{ .name = "family", .unit = "1", .type = RMB_FLOAT64, .naxes = 2, .axis = { rank, lag }, .data = family },
		{ .name = "flag", .unit = "1", .type = RMB_FLOAT64, .naxes = 1, .axis = { rank }, .data = flag },
		{ .name = "x", .unit = "um", .type = RMB_FLOAT64, .naxes = 1, .axis = { neuron }, .data = x },
		{ .name = "y", .unit = "um", .type = RMB_FLOAT64, .naxes = 1, .axis = { neuron }, .data = y },
		{ .name = "weight", .unit = "1", .type = RMB_FLOAT64, .naxes = 2, .axis = { rmb_axis_rank(2), neuron }, .data = weight },
		ITEMS("estimate", RMB_FLOAT64, 0, estimate), ITEMS("least", RMB_FLOAT64, 0, least), ITEMS("most", RMB_FLOAT64, 0, most),
		ITEMS("whose", RMB_TEXT, 8, whose), ITEMS("kind", RMB_TEXT, 8, kind), ITEMS("part", RMB_TEXT, 8, part) };
	enum { N = sizeof array / sizeof *array };
	const char *attribute[] = { "description", "{}", "warnings", "[]" };
	struct rmb_error error = { 0 };
	struct rmb_object_writer *w =
		rmb_object_create(rmb_cache_scratch(f->arena, &f->cache), f->node[node].key, array, N, attribute, 2, &error);
	assert_non_null(w);
	for (int i = 0; i < N; i++)
		assert_int_equal(rmb_object_write(w, i, 0, array[i].data, (size_t)rmb_array_count(&array[i]) * 8, &error), 0);
	assert_int_equal(rmb_object_publish(w, rmb_cache_path(f->arena, &f->cache, f->node[node].key), 1, &error), 0);
}

/* One node on branch z, three replicates on branch model. */
static void
begin(struct fixture *f, bool strip)
{
	struct rmb_error error = { 0 };
	*f = (struct fixture){ .arena = rmb_arena_new(), .recipe = { .name = "r", .title = "t", .text = "", .seed = 3,
	                                                             .nsources = 1, .source = &source, .nentries = 1,
	                                                             .entry = &entry } };
	rmb_test_mkdir(f->directory, sizeof f->directory);
	assert_int_equal(rmb_cache_open(f->directory, &f->cache, &error), 0);
	f->graph = (struct rmb_graph){ .recipe = &f->recipe, .nnodes = NODES, .node = f->list, .arena = f->arena };
	for (int i = 0; i < NODES; i++) {
		f->node[i] = (struct rmb_node){ .index = i, .entry = &entry, .stage = &probe, .branch = i ? "model" : "z",
		                                .replicate = i, .name = i ? "probe@model" : "probe@z",
		                                .id = "mouse/probe", .value = &value, .settings = &value.range, .keep = true };
		f->list[i] = &f->node[i];
		rmb_sha256(&i, sizeof i, f->node[i].key);
		publish(f, i, strip);
	}
}

static struct rmb_figure_data **
drawn(struct fixture *f)
{
	struct rmb_error error = { 0 };
	struct rmb_standing *standing = rmb_standings(f->arena, &f->graph, &f->cache, NULL);
	const struct rmb_page *page = rmb_content(f->arena, &f->graph, &f->cache, standing, &error);
	assert_non_null(page);
	assert_int_equal(page->section[0].nfigures, FIGURES);
	return page->section[0].figure;
}

static void
end(struct fixture *f)
{
	rmb_cache_close(&f->cache);
	rmb_arena_free(f->arena);
	rmb_test_rmdir(f->directory);
}

static const struct rmb_trace *
trace_of(const struct rmb_figure_data *f, const char *label, enum rmb_mark mark)
{
	for (int i = 0; i < f->ntraces; i++)
		if (strcmp(f->trace[i].label, label) == 0 && f->trace[i].mark == mark)
			return &f->trace[i];
	fail_msg("no '%s' of mark %d in %s", label, mark, f->title);
	return NULL;
}

/* The recording with its bars, the replicates as their mean from smallest to largest, guides below. */
static void
test_curves(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, false);
	const struct rmb_figure_data *decay = drawn(&f)[0];
	const struct rmb_trace *z = trace_of(decay, "z: level 10", RMB_POINTS), *bars = trace_of(decay, "z: level 10", RMB_BARS);
	const struct rmb_trace *model = trace_of(decay, "model: level 12 [11..13]", RMB_POINTS),
	                       *band = trace_of(decay, "model: level 12 [11..13]", RMB_BAND);
	assert_true(z->x[0] == 1 && z->y[0] == 1 && isnan(z->y[7]) && z->x[8] == 9 && z->y[8] == (float)curve_at(0, 8) && z->n == RANKS);
	assert_true(fabs((double)bars->low[0] - 0.999) < 1e-6 && fabs((double)bars->y[0] - 1.001) < 1e-6 && bars->quiet &&
	            bars->look == z->look);
	assert_true(bars->low[1] > 0 && (double)bars->low[1] < decay->low[1]); /* from below zero: ends below what the axis shows */
	assert_true(fabs((double)model->y[0] - 1.2) < 1e-6 && fabs((double)band->low[0] - 1.1) < 1e-6 && fabs((double)band->y[0] - 1.3) < 1e-6);
	assert_non_null(strstr(decay->caption, "Level 10 (z), 12 [11..13] (model). "));
	assert_non_null(strstr(decay->caption, "mean, in a band from the smallest to the largest"));
	const struct rmb_trace *wedge = trace_of(decay, "wedge", RMB_BAND), *law = trace_of(decay, "law", RMB_LINE),
	                       *span = trace_of(decay, "", RMB_BAND);
	assert_true(wedge < z && wedge->look < 0 && wedge->n == 2);
	for (int i = 0; i < 2; i++) {
		double x = (double)wedge->x[i], steep = 1 / x, flat = 1 / sqrt(x);
		assert_true(fabs((double)wedge->low[i] / fmin(steep, flat) - 1) < 1e-5 &&
		            fabs((double)wedge->y[i] / fmax(steep, flat) - 1) < 1e-5);
		assert_true(fabs((double)law->y[i] / (3 * pow(x / 2, -2)) - 1) < 1e-5);
	}
	assert_true(span->x[0] == 5 && (double)span->x[1] <= decay->high[0] && span->low[0] == (float)decay->low[1]);
	const struct rmb_trace *own = trace_of(decay, "z: ", RMB_DASHES), *other = trace_of(decay, "model: ", RMB_DASHES);
	assert_true(own->y[0] == 10 && own->look == z->look && other->y[1] == 12 && other->look == model->look && decay->high[1] >= 12);
	end(&f);
}

static void
test_guides_on_plain_axes(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, false);
	const struct rmb_figure_data *plane = drawn(&f)[1];
	int guides = 0, circles = 0;
	for (int i = 0; i < plane->ntraces; i++) {
		const struct rmb_trace *t = &plane->trace[i];
		guides += strcmp(t->label, "the same for all") == 0;
		if (t->look >= 0 || t->n < 100)
			continue;
		circles++;
		for (int64_t k = 0; k < t->n; k++)
			assert_true(fabs(hypot((double)t->x[k], (double)t->y[k]) - 1) < 1e-6);
	}
	assert_int_equal(guides, 1);
	assert_int_equal(circles, 1);
	assert_true(plane->low[0] == 0 && plane->high[0] == 10);
	assert_non_null(strstr(plane->caption, "Outside what the axes show: "));
	end(&f);
}

/* A panel for each branch, a line for each row but the flagged one, coloured by rank, the first on top; replicates as their
 * mean. */
static void
test_families(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, false);
	const struct rmb_figure_data *fan = drawn(&f)[2];
	assert_int_equal(fan->npanels, 2);
	assert_string_equal(fan->panel[1], "model");
	assert_string_equal(fan->x, "lag (s)");
	assert_string_equal(fan->scale.title, "rank");
	assert_true(fan->scale.low == 1 && fan->scale.high == RANKS && fan->scale.log);
	double before = INFINITY;
	int lines[2] = { 0, 0 };
	for (int i = 0; i < fan->ntraces; i++) {
		const struct rmb_trace *t = &fan->trace[i];
		int k = (int)t->value - 1, node = t->panel ? 2 : 0; /* the mean of nodes 1 to 3 is node 2 */
		before = lines[t->panel] ? before : INFINITY;
		lines[t->panel]++;
		assert_true(t->scaled && t->value < before && k != 3 && t->n == LAGS - 1); /* lag 0 has no place on a logarithmic axis */
		for (int64_t l = 0; l < t->n; l++)
			assert_true(t->x[l] == 0.5f * (float)(l + 1) && fabs((double)t->y[l] - family_at(node, k, (int)l + 1)) < 1e-5);
		before = t->value;
	}
	assert_true(before == 1 && lines[0] == lines[1] && lines[0] > 25 && lines[0] < 50);
	assert_non_null(strstr(fan->caption, "flagged"));
	end(&f);
}

static void
test_maps(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, false);
	const struct rmb_figure_data *map = drawn(&f)[3];
	assert_int_equal(map->npanels, 4); /* two rows, two branches */
	assert_string_equal(map->panel[3], "model: rank 2");
	assert_string_equal(map->x, "x (um)");
	assert_true(map->equal && map->scale.low == -map->scale.high && map->scale.high > 1.9 && map->scale.high <= 2);
	for (int i = 0; i < map->ntraces; i++) {
		const struct rmb_trace *t = &map->trace[i];
		assert_in_range(t->n, 2990, 3000);
		for (int64_t k = 0; k < t->n; k++) {
			int neuron = (int)t->x[k] + 80 * (int)t->y[k];
			assert_true(fabs((double)t->z[k] - weight_at(t->panel % 2, neuron)) < 1e-6);
			assert_true(t->x[k] == map->trace[0].x[k]); /* the same choice everywhere */
		}
	}
	assert_non_null(strstr(map->caption, "Drawn are 3000 of 4000 points, chosen at random."));
	end(&f);
}

/* Where all lie on a line, the value takes the axis that says nothing. */
static void
test_strips(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, true);
	struct rmb_figure_data **figure = drawn(&f);
	const struct rmb_figure_data *map = figure[3];
	assert_false(map->equal);
	assert_string_equal(map->x, "weight");
	for (int64_t k = 0; k < map->trace[0].n; k++)
		assert_true(map->trace[0].x[k] == map->trace[0].z[k]);
	const char *note = rmb_gnuplot(f.arena, figure, FIGURES, AT_FDCWD);
	if (note)
		fail_msg("%s", note);
	end(&f);
}

/* A figure for each branch and part; lanes of a row lie together, bars where there is an interval, the look of a branch for
 * what is called so. */
static void
test_forests(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, false);
	struct rmb_figure_data **figure = drawn(&f);
	const struct rmb_figure_data *p = figure[4], *q = figure[5];
	assert_string_equal(p->title, "probe@z: rows, p");
	assert_string_equal(p->x, "p");
	assert_string_equal(figure[6]->title, "probe: rows, p");
	assert_non_null(strstr(figure[6]->caption, "Of several replicates the first is shown."));
	static const char *const lane[] = { "a", "a", "", "b_1" };
	assert_int_equal(p->nlanes, 4);
	for (int i = 0; i < 4; i++)
		assert_string_equal(p->lane[i], lane[i]);
	const struct rmb_trace *one = trace_of(p, "one", RMB_POINTS), *z = trace_of(p, "z", RMB_POINTS), *bars = trace_of(p, "z", RMB_STROKES);
	const struct rmb_trace *line = trace_of(p, "a line", RMB_DASHES), *none = trace_of(p, "nothing", RMB_LINE);
	assert_true(one->n == 1 && one->x[0] == 1 && one->y[0] == -1);
	assert_true(z->n == 2 && z->x[0] == 3 && z->y[0] == -2 && z->x[1] == 2 && z->y[1] == -4);
	assert_true(bars->n == 3 && bars->x[0] == 1.5f && bars->x[1] == 2.5f && bars->y[0] == -4 && bars->y[1] == -4 && isnan(bars->y[2]));
	assert_true(z->look == trace_of(figure[0], "z: level 10", RMB_POINTS)->look && bars->look == z->look && bars < z && bars->quiet);
	assert_true(line->x[0] == 1.5f && line->x[1] == 1.5f && line->y[0] == -4.5f && line->y[1] == -0.5f && none->x[0] == 0);
	assert_true(p->low[0] <= 0 && p->low[0] > -1 && p->high[0] >= 3 && p->high[0] < 4 && p->low[1] == -4.5 && p->high[1] == -0.5);
	assert_string_equal(p->findings, "probe@z: rows, p, p by row: a one 1, a z 3, b_1 z 2.");
	assert_true(q->nlanes == 1 && trace_of(q, "z", RMB_POINTS)->x[0] == 7);
	end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "curves: bars, means of replicates in bands, guides", test_curves, NULL, NULL, NULL },
		{ "guides on plain axes are drawn once", test_guides_on_plain_axes, NULL, NULL, NULL },
		{ "families: a line a row, a panel a branch", test_families, NULL, NULL, NULL },
		{ "maps: the same neurons in every panel", test_maps, NULL, NULL, NULL },
		{ "forests: estimates in rows, a figure a part", test_forests, NULL, NULL, NULL },
		{ "maps of neurons on a line", test_strips, NULL, NULL, NULL },
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

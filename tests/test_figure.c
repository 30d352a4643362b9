/* tests/test_figure.c -- figures from arrays: what thinning keeps, what an image averages, what words are filled in. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "pipeline/report/figure.h"
#include "pipeline/report/svg.h"
#include "pipeline/inside.h"
#include "support/check.h"

#define POINTS(...) &(struct rmb_points){ __VA_ARGS__ }

static double *
walk(struct rmb_arena *arena, int n)
{
	double *y = rmb_arena_alloc(arena, (size_t)n, sizeof *y);
	uint64_t state = 7;
	for (int i = 0; i < n; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		y[i] = (double)(state >> 40) / 1e6 + 1;
	}
	return y;
}

static void
test_few_values_stay(void **state)
{
	(void)state;
	struct rmb_arena *arena = rmb_arena_new();
	const double y[] = { 4, NAN, -1, 2, INFINITY, 1 }, x[] = { 1, 2, 3, 4, 5, 6 };
	struct rmb_trace t = { 0 };
	assert_int_equal(rmb_trace_set(arena, POINTS(x, 0, 0, y, NULL, 6, false, false), RMB_LINE_LIMIT, &t, NULL), 0);
	assert_int_equal(t.n, 6); /* 4, gap, -1, 2, gap, 1 */
	assert_true(t.y[0] == 4 && isnan(t.y[1]) && t.y[2] == -1 && t.x[2] == 3 && isnan(t.y[4]) && t.y[5] == 1);
	assert_int_equal(rmb_trace_set(arena, POINTS(NULL, 1, 1, y, NULL, 6, true, true), RMB_LINE_LIMIT, &t, NULL), 0);
	assert_int_equal(t.hidden, 1);
	assert_int_equal(t.count, 6);
	for (int64_t i = 0; i < t.n; i++)
		assert_true(isnan(t.y[i]) || t.y[i] > 0);
	rmb_arena_free(arena);
}

/* Whatever the axis: no more points than allowed, all of them values of the data, and no extreme lost. */
static void
test_thinning_keeps_extremes(void **state)
{
	(void)state;
	enum { N = 60000 };
	struct rmb_arena *arena = rmb_arena_new();
	double *y = walk(arena, N);
	y[31234] = 1e6, y[777] = 1e-6;
	for (int log = 0; log < 2; log++) {
		struct rmb_trace t = { 0 };
		bool high = false, low = false;
		assert_int_equal(rmb_trace_set(arena, POINTS(NULL, 1, 1, y, NULL, N, log, log), RMB_LINE_LIMIT, &t, NULL), 0);
		assert_in_range(t.n, RMB_LINE_LIMIT / 4, RMB_LINE_LIMIT);
		for (int64_t i = 0; i < t.n; i++) {
			int64_t k = (int64_t)t.x[i] - 1;
			assert_true((float)y[k] == t.y[i]);
			assert_true(i == 0 || t.x[i] > t.x[i - 1]);
			high = high || k == 31234;
			low = low || k == 777;
		}
		assert_true(high && low);
		assert_true(t.x[0] <= 32 || !log);
	}
	rmb_arena_free(arena);
}

static void
test_scatter_is_thinned_evenly(void **state)
{
	(void)state;
	enum { N = 40000 };
	struct rmb_arena *arena = rmb_arena_new();
	double *y = walk(arena, N), *x = rmb_arena_alloc(arena, N, sizeof *x);
	for (int i = 0; i < N; i++)
		x[i] = y[(i * 7919) % N];
	struct rmb_trace t = { 0 };
	assert_int_equal(rmb_trace_set(arena, POINTS(x, 0, 0, y, NULL, N, false, false), RMB_POINT_LIMIT, &t, NULL), 0);
	assert_int_equal(t.n, RMB_POINT_LIMIT);
	for (int64_t i = 0; i < t.n; i++)
		assert_true(t.x[i] == (float)x[i * N / RMB_POINT_LIMIT] && t.y[i] == (float)y[i * N / RMB_POINT_LIMIT]);
	rmb_arena_free(arena);
}

static void
test_nothing_to_draw(void **state)
{
	(void)state;
	struct rmb_arena *arena = rmb_arena_new();
	const double y[] = { NAN, -INFINITY };
	struct rmb_trace t = { 0 };
	assert_int_equal(rmb_trace_set(arena, POINTS(NULL, 0, 1, y, NULL, 2, true, true), RMB_LINE_LIMIT, &t, NULL), 0);
	assert_int_equal(t.n, 0);
	assert_int_equal(rmb_trace_set(arena, POINTS(NULL, 0, 1, y, NULL, 0, false, false), RMB_LINE_LIMIT, &t, NULL), 0);
	assert_int_equal(t.n, 0);
	rmb_arena_free(arena);
}

/* A band goes from the lowest to the highest value of every stretch, breaks at gaps, and ends where a logarithmic axis does. */
static void
test_bands(void **state)
{
	(void)state;
	enum { N = 30000 };
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_trace t = { 0 };
	const double few_low[] = { 1, NAN, -1, 2, 3 }, few_high[] = { 2, 3, 2, INFINITY, 4 };
	assert_int_equal(rmb_trace_set_band(arena, POINTS(NULL, 0, 1, few_high, few_low, 5, false, true), RMB_LINE_LIMIT, &t, NULL), 0);
	assert_int_equal(t.n, 5); /* 1..2, gap, below zero..2, gap, 3..4 */
	assert_true(t.low[0] == 1 && t.y[0] == 2 && isnan(t.y[1]) && t.low[2] == 0 && t.y[2] == 2 && isnan(t.low[3]) &&
	            t.low[4] == 3 && t.x[4] == 4);
	assert_int_equal(t.hidden, 1);
	assert_int_equal(rmb_trace_set_band(arena, POINTS(NULL, 0, 1, few_high, few_low, 0, false, true), RMB_LINE_LIMIT, &t, NULL), 0);
	assert_int_equal(t.n, 0);
	double *high = walk(arena, N), *low = rmb_arena_alloc(arena, N, sizeof *low);
	high[20000] = 1e7;
	for (int i = 0; i < N; i++)
		low[i] = high[i] - 5;
	low[10] = -1e7;
	for (int log = 0; log < 2; log++) {
		float lowest = 0, highest = 0;
		assert_int_equal(rmb_trace_set_band(arena, POINTS(NULL, 1, 1, high, low, N, log, false), RMB_LINE_LIMIT, &t, NULL), 0);
		assert_in_range(t.n, 100, RMB_LINE_LIMIT / 2 + 1);
		for (int64_t i = 0; i < t.n; i++) {
			lowest = fminf(lowest, t.low[i]), highest = fmaxf(highest, t.y[i]);
			assert_true(t.low[i] < t.y[i] && (i == 0 || t.x[i] > t.x[i - 1]));
		}
		assert_true(lowest == -1e7f && highest == 1e7f);
	}
	rmb_arena_free(arena);
}

/* What the axes show: all that is drawn with a little room, the window that was asked for, and a sensible stretch around a
 * point. */
static void
test_ranges(void **state)
{
	(void)state;
	float x[] = { 1, 10, 100 }, y[] = { 5, NAN, 7 }, low[] = { 1e-9f, 4, 1 };
	struct rmb_trace trace[] = { { .mark = RMB_LINE, .n = 3, .x = x, .y = y }, { .mark = RMB_BAND, .n = 3, .x = x, .y = y, .low = low } };
	struct rmb_figure_data f = { .logx = true, .logy = true, .ntraces = 2, .trace = trace };
	rmb_figure_range(&f);
	assert_true(f.low[0] < 1 && f.low[0] > 0.5 && f.high[0] > 100 && f.high[0] < 200);
	assert_true(f.low[1] < 0.5 && f.low[1] > 0.3 && f.high[1] > 7 && f.high[1] < 9); /* of the band a decade */
	f = (struct rmb_figure_data){ .ntraces = 1, .trace = trace, .low = { -2, 0 }, .high = { 3, 0 } };
	rmb_figure_range(&f);
	assert_true(f.low[0] == -2 && f.high[0] == 3 && f.low[1] < 5 && f.high[1] > 7);
	/* A logarithmic axis with next to nothing to name becomes linear, unless it leaves something out. */
	f = (struct rmb_figure_data){ .logx = true, .logy = true, .ntraces = 1, .trace = trace };
	rmb_figure_range(&f);
	assert_true(f.logx && !f.logy && f.low[1] > 4.9 && f.high[1] < 7.1);
	trace[0].hidden = 1;
	f = (struct rmb_figure_data){ .logx = true, .logy = true, .ntraces = 1, .trace = trace };
	rmb_figure_range(&f);
	assert_true(f.logx && f.logy);
	trace[0].hidden = 0;
	for (int log = 0; log < 2; log++) {
		for (int n = 0; n < 2; n++) {
			f = (struct rmb_figure_data){ .ntraces = 1, .trace = trace, .logx = log, .logy = log };
			trace[0].n = n;
			rmb_figure_range(&f);
			assert_true(f.low[0] < f.high[0] && f.low[1] < f.high[1] && isfinite(f.low[0]) &&
			            isfinite(f.high[1]) && (!log || f.low[1] > 0));
		}
	}
}

/* Paths to a tenth of a pixel; symbols, texts and whatever else is no path of lines stays. */
static void
test_small_pictures(void **state)
{
	(void)state;
	static const char *const pair[][2] = {
		{ "</defs><path  d='M1.234,-0.04 L5.00,6.26 7.99,8  '/>", "</defs><path  d='M1.2,0L5,6.3,8,8'/>" },
		{ "</defs><path  d='M1.25,2.00 L1.29,2.00 M3.00,4.00 L3.02,4.00 '/>", "</defs><path  d='M1.2,2h0M3,4h0'/>" },
		{ "</defs><path  d='M1.00,2.00 L30.00,2.00 30.04,2.00 Z'/>", "</defs><path  d='M1,2L30,2,30,2Z'/>" },
		{ "<path d='M0.123,4'/></defs>", "<path d='M0.123,4'/></defs>" },
		{ "</defs><path d='M1.23,2 h3.45'/>", "</defs><path d='M1.23,2 h3.45'/>" },
		{ "</defs>\n\n\t<text>a  b\nc</text>\n", "</defs><text>a  b\nc</text>" }, { "</defs><path d='M1.23,", "</defs><path d='M1.23," },
		{ "<text>]]></text>]]", "<text>]]&gt;</text>]]" },
	};
	for (size_t i = 0; i < sizeof pair / sizeof *pair; i++) {
		struct rmb_arena *arena = rmb_arena_new();
		size_t length;
		const char *small = rmb_svg_small(arena, pair[i][0], strlen(pair[i][0]), &length);
		assert_int_equal(length, strlen(small));
		assert_string_equal(small, pair[i][1]);
		rmb_arena_free(arena);
	}
}

/* ---- images: against the plain sums */

struct matrix { int64_t rows, columns; int64_t most; };

static float
entry(int64_t r, int64_t c)
{
	return (float)((r * 31 + c * 17) % 101);
}

static void
read_matrix(const void *from, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, float *buffer)
{
	const struct matrix *m = from;
	assert_true(row >= 0 && column >= 0 && row + nrows <= m->rows && column + ncolumns <= m->columns && nrows * ncolumns <= m->most);
	for (int64_t r = 0; r < nrows; r++)
		for (int64_t c = 0; c < ncolumns; c++)
			buffer[r * ncolumns + c] = entry(row + r, column + c);
}

static double
block_mean(int64_t r0, int64_t r1, int64_t c0, int64_t c1)
{
	double sum = 0;
	for (int64_t r = r0; r < r1; r++)
		for (int64_t c = c0; c < c1; c++)
			sum += (double)entry(r, c);
	return sum / (double)((r1 - r0) * (c1 - c0));
}

static void
test_image_is_block_means(void **state)
{
	(void)state;
	static const int64_t size[][2] = { { 1, 1 }, { 3, 7 }, { 500, 500 }, { 501, 499 }, { 7, 70001 }, { 1203, 1501 }, { 2, 200000 } };
	for (size_t s = 0; s < sizeof size / sizeof *size; s++) {
		struct rmb_arena *arena = rmb_arena_new();
		struct matrix m = { size[s][0], size[s][1], 1 << 20 };
		struct rmb_image *image = rmb_image_make(arena, m.rows, m.columns, RMB_IMAGE_LIMIT, read_matrix, &m, NULL);
		assert_non_null(image);
		assert_int_equal(image->rows, m.rows < RMB_IMAGE_LIMIT ? m.rows : RMB_IMAGE_LIMIT);
		assert_int_equal(image->columns, m.columns < RMB_IMAGE_LIMIT ? m.columns : RMB_IMAGE_LIMIT);
		double step = (image->high - image->low) / 255;
		for (int64_t r = 0; r < image->rows; r += 1 + image->rows / 7)
			for (int64_t c = 0; c < image->columns; c += 1 + image->columns / 9) {
				double mean =
					block_mean(r * m.rows / image->rows, (r + 1) * m.rows / image->rows,
				                   c * m.columns / image->columns, (c + 1) * m.columns / image->columns);
				double shown = image->low + step * image->value[r * image->columns + c];
				assert_true(fabs(shown - fmin(fmax(mean, image->low), image->high)) <= 0.51 * step);
			}
		assert_true(fabs(image->x + image->dx * (double)(image->columns - 1) / 2 - (double)(m.columns - 1) / 2) < 1e-6);
		rmb_arena_free(arena);
	}
}

static void
test_image_of_nothing_is_an_error(void **state)
{
	(void)state;
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_error error = { 0 };
	struct matrix m = { 0, 5, 0 };
	assert_null(rmb_image_make(arena, 0, 5, RMB_IMAGE_LIMIT, read_matrix, &m, &error));
	assert_int_equal(error.code, RMB_EDATA);
	rmb_arena_free(arena);
}

/* ---- words */

static const char *
look_up(void *from, const char *name)
{
	(void)from;
	return strcmp(name, "exponent") == 0 ? "0.93" : strcmp(name, "hostile") == 0 ? "{exponent}" : NULL;
}

static void
test_names_in_braces_are_filled(void **state)
{
	(void)state;
	static const char *const pair[][2] = {
		{ "fit, exponent {exponent}", "fit, exponent 0.93" }, { "{exponent}{exponent}", "0.930.93" }, { "", "" },
		{ "{unknown} stays", "{unknown} stays" },
		{ "open {exponent", "open {exponent" }, { "{{exponent}}", "{0.93}" }, { "{}", "{}" },
		{ "{hostile}", "{exponent}" }, { "100 %s", "100 %s" },
	};
	struct rmb_arena *arena = rmb_arena_new();
	for (size_t i = 0; i < sizeof pair / sizeof *pair; i++)
		assert_string_equal(rmb_figure_fill(arena, pair[i][0], look_up, NULL), pair[i][1]);
	assert_string_equal(rmb_figure_fill(arena, NULL, look_up, NULL), "");
	rmb_arena_free(arena);
}

static void
test_numbers_are_printed_for_people(void **state)
{
	(void)state;
	static const struct { double value; const char *text; } pair[] = {
		{ 0, "0" }, { -0.0, "0" }, { 110, "110" }, { 123456, "123456" }, { 0.93249, "0.932" }, { -1.5e-7, "-1.50e-07" },
		{ 0.5, "0.500" }, { 345.6, "346" }, { 0.99999, "1.00" }, { NAN, "none" }, { INFINITY, "infinite" },
	};
	struct rmb_arena *arena = rmb_arena_new();
	for (size_t i = 0; i < sizeof pair / sizeof *pair; i++)
		assert_string_equal(rmb_number_print(arena, pair[i].value, 3), pair[i].text);
	rmb_arena_free(arena);
}

/* ---- where files go */

static void
test_files_stay_inside(void **state)
{
	(void)state;
	static const char *const wrong[] = { "../x.html", "/tmp/x.html", "a/../../x.html", "", ".", "..", "a//x.html",
	                                     "link/x.html", "a/./x.html" };
	char directory[64], path[128];
	rmb_test_mkdir(directory, sizeof directory);
	snprintf(path, sizeof path, "%s/link", directory);
	assert_int_equal(symlink("..", path), 0);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct rmb_error error = { 0 };
		assert_int_equal(rmb_inside_write(directory, wrong[i], "x", 1, &error), RMB_ERECIPE);
		assert_non_null(strstr(error.text, "outside the output directory"));
	}
	assert_int_not_equal(access("x.html", F_OK), 0);
	rmb_test_rmdir(directory);
}

/* A link with the name of the report is replaced; what it points to stays as it was. */
static void
test_a_link_is_replaced(void **state)
{
	(void)state;
	char directory[64], link[128], target[128], text[8] = "";
	struct stat stat;
	rmb_test_mkdir(directory, sizeof directory);
	snprintf(link, sizeof link, "%s/sub/report.html", directory);
	snprintf(target, sizeof target, "%s/target", directory);
	assert_int_equal(rmb_inside_write(directory, "target", "old", 3, NULL), 0);
	int sub = rmb_inside_mkdir(directory, "sub", NULL);
	assert_true(sub >= 0);
	close(sub);
	assert_int_equal(symlink("../target", link), 0);
	assert_int_equal(rmb_inside_write(directory, "sub/report.html", "new", 3, NULL), 0);
	assert_int_equal(lstat(link, &stat), 0);
	assert_true(S_ISREG(stat.st_mode));
	FILE *from = fopen(target, "r");
	assert_int_equal(fread(text, 1, sizeof text, from), 3);
	fclose(from);
	assert_string_equal(text, "old");
	rmb_test_rmdir(directory);
}

/* What a killed writer left under the shared name is no obstacle; racing writers all succeed and leave one whole file. */
static void
test_writers_race(void **state)
{
	(void)state;
	enum { WRITERS = 4, TIMES = 50, BYTES = 5000 };
	char directory[64], path[128], text[BYTES + 1];
	pid_t child[WRITERS];
	struct dirent *entry;
	int files = 0, status;
	rmb_test_mkdir(directory, sizeof directory);
	assert_int_equal(rmb_inside_write(directory, ".x.html.new", "left", 4, NULL), 0);
	for (int w = 0; w < WRITERS; w++)
		if ((child[w] = fork()) == 0) {
			memset(text, 'a' + w, BYTES);
			for (int i = 0; i < TIMES; i++)
				if (rmb_inside_write(directory, "x.html", text, BYTES, NULL))
					_exit(1);
			_exit(0);
		}
	for (int w = 0; w < WRITERS; w++) {
		assert_int_equal(waitpid(child[w], &status, 0), child[w]);
		assert_int_equal(status, 0);
	}
	snprintf(path, sizeof path, "%s/x.html", directory);
	FILE *from = fopen(path, "r");
	assert_int_equal(fread(text, 1, sizeof text, from), BYTES);
	fclose(from);
	for (int i = 1; i < BYTES; i++)
		assert_int_equal(text[i], text[0]);
	DIR *list = opendir(directory);
	while ((entry = readdir(list)))
		files += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(list);
	assert_int_equal(files, 1);
	rmb_test_rmdir(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "few values stay as they are, with gaps", test_few_values_stay, NULL, NULL, NULL },
		{ "thinning a line loses no extreme", test_thinning_keeps_extremes, NULL, NULL, NULL },
		{ "a scatter is thinned evenly", test_scatter_is_thinned_evenly, NULL, NULL, NULL },
		{ "a band holds all that it stands for", test_bands, NULL, NULL, NULL },
		{ "axes show what is drawn", test_ranges, NULL, NULL, NULL },
		{ "pictures are made smaller, not different", test_small_pictures, NULL, NULL, NULL },
		{ "nothing to draw is drawn as nothing", test_nothing_to_draw, NULL, NULL, NULL },
		{ "an image is means over blocks", test_image_is_block_means, NULL, NULL, NULL },
		{ "an image of nothing is an error", test_image_of_nothing_is_an_error, NULL, NULL, NULL },
		{ "names in braces are filled in once", test_names_in_braces_are_filled, NULL, NULL, NULL },
		{ "numbers are printed for people", test_numbers_are_printed_for_people, NULL, NULL, NULL },
		{ "no file is written outside the output directory", test_files_stay_inside, NULL, NULL, NULL },
		{ "a link with the report's name is replaced", test_a_link_is_replaced, NULL, NULL, NULL },
		{ "racing writers leave one whole file", test_writers_race, NULL, NULL, NULL },
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

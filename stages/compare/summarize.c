/* stages/compare/summarize.c -- one number over all recordings: means by area, recording against shuffle, area against area.
 *
 * Every recording counts once: replicates of a condition are averaged first. Conditions are the branches of what is read (the
 * recording, its shuffle, surrogates), groups the values of a label (areas).
 *   of a group and condition   mean, standard deviation (divisor n - 1), interval of the mean
 *   within a group             first condition - another, recording by recording
 *   between groups             means of the first condition
 * variant: default -- exact permutation tests, two-sided: all 2^n signs of the differences, all ways to deal recordings to
 * the two groups (beyond 2^18 of them as many are drawn). They assume nothing of distributions, and with few recordings no p
 * is small: 0.25 for three. paper -- paired t, one-sided (first condition larger); revised -- the same two-sided; between
 * groups Welch's t, two-sided, in both. Holm adjusts within each kind of test. Intervals: Student's t, or percentiles of
 * RESAMPLES resamples of recordings.
 * Reference: Pachitariu et al. 2025, figure 2.
 * Cost: 2^18 arrangements of the recordings a test at most. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "compare/columns.h"
#include "compare/sessions.h"
#include "numeric/statistics.h"

enum { RESAMPLES = 10000 };

struct settings { const char *by, *first, *variant, *interval; double confidence; };

#define AT(field) .at = offsetof(struct settings, field)
static const struct rmb_param params[] = {
	{ .name = "by", .kind = RMB_STRING, AT(by), .def = "area", .help = "label of the recordings that groups them" },
	{ .name = "first", .kind = RMB_STRING, AT(first), .def = "none", .none = true,
	  .help = "condition that the others are compared with; none: the one that is listed first" },
	{ .name = "variant", .kind = RMB_WORD, AT(variant), .def = "default", .words = "default|paper|revised",
	  .help = "default: exact permutations; paper: paired t-test, one-sided; revised: two-sided" },
	{ .name = "interval", .kind = RMB_WORD, AT(interval), .def = "t", .words = "t|bootstrap",
	  .help = "of means and differences: Student's t, or resamples of recordings" },
	{ .name = "confidence", .kind = RMB_REAL, AT(confidence), .def = "0.95", .min = 0.5, .max = 0.9999,
	  .help = "of intervals" }, { 0 } };

static const struct rmb_port in[] = {
	{ .name = "value", .kinds = RMB_ARRAY, .gather = RMB_RECORDINGS, .axes = "|part",
	  .help = "a number of each recording, in all branches: alpha.exponent; or of each part: areas.value" },
	{ .name = "part", .kinds = RMB_ARRAY, .gather = RMB_RECORDINGS, .optional = true, .axes = "part",
	  .help = "of a split, what the parts are: areas.part" }, { 0 } };

#define COLUMN(port, axis, kind, what) { .name = port, .kinds = RMB_ARRAY, .axes = axis, .type = kind, .unit = "1", .help = what }
static const struct rmb_port out[] = {
	COLUMN("mean_of", "group", RMB_TEXT, "group of recordings"),
	COLUMN("mean_condition", "group", RMB_TEXT, "condition: the branch that was read"),
	COLUMN("count", "group", RMB_INT64, "recordings"),
	COLUMN("mean", "group", RMB_FLOAT64, "mean over recordings"),
	COLUMN("sd", "group", RMB_FLOAT64, "standard deviation over recordings (divisor n - 1); a single one has none"),
	COLUMN("low", "group", RMB_FLOAT64, "lower end of the interval of the mean"),
	COLUMN("high", "group", RMB_FLOAT64, "upper end"),
	COLUMN("left", "test", RMB_TEXT, "what is compared: group and condition"),
	COLUMN("right", "test", RMB_TEXT, "with what"),
	COLUMN("test", "test", RMB_TEXT, "how it was tested"),
	COLUMN("recordings", "test", RMB_INT64, "recordings, or pairs, that entered"),
	COLUMN("difference", "test", RMB_FLOAT64, "left less right, mean"),
	COLUMN("difference_low", "test", RMB_FLOAT64, "lower end of its interval"),
	COLUMN("difference_high", "test", RMB_FLOAT64, "upper end"),
	COLUMN("p", "test", RMB_FLOAT64, "p of the test"),
	COLUMN("adjusted", "test", RMB_FLOAT64, "p adjusted for the tests of its kind (Holm)"),
	COLUMN("stars", "test", RMB_TEXT, "of the adjusted p, of p itself under variant paper and revised: *** below 0.001, "
	                                  "** 0.01, * 0.05"),
	COLUMN("recording", "value", RMB_TEXT, "recording"),
	COLUMN("group", "value", RMB_TEXT, "its group"),
	COLUMN("condition", "value", RMB_TEXT, "condition"),
	COLUMN("value", "value", RMB_FLOAT64, "the number, mean over replicates; missing ones are not a number"),
	COLUMN("replicates", "value", RMB_INT64, "replicates that have it"),
	COLUMN("place", "point", RMB_FLOAT64, "where a value is drawn: group, and within it the condition"),
	COLUMN("height", "point", RMB_FLOAT64, "the value; recordings parted by what is not a number"),
	COLUMN("mean_place", "mark", RMB_FLOAT64, "where a mean is drawn"),
	{ .name = "key", .kinds = RMB_ARRAY, .axes = "", .type = RMB_TEXT, .unit = "1",
	  .help = "groups and conditions, in the order drawn" }, { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "means", .kind = "forest", .x = "{value}",
	  .caption = "Means over recordings, with intervals at a confidence of {confidence}.",
	  .series = { { .y = "mean_of", .x = "mean", .low = "low", .high = "high", .z = "mean_condition", .style = "points" } } },
	{ .name = "differences", .kind = "forest", .x = "{value}: difference",
	  .caption = "What the legend names less what the row names, mean over recordings, with intervals at a confidence of "
	             "{confidence}.",
	  .series = { { .y = "right", .x = "difference", .low = "difference_low", .high = "difference_high", .z = "left",
	                .style = "points" } },
	  .guide = { { .shape = "vertical", .at = "0", .label = "no difference" } } },
	{ .name = "groups", .kind = "curve", .x = "group", .y = "value",
	  .caption = "Every recording is a line through its conditions. {key}.",
	  .series = { { .y = "height", .x = "place", .style = "line", .label = "recordings" },
	              { .y = "height", .x = "place", .style = "points", .label = "values" },
	              { .y = "mean", .x = "mean_place", .style = "points", .label = "means" } } }, { 0 } };

/* ---- what is known of the numbers ---------------------------------------------------------------------------------- */

struct work {                        /* what functions below hand around */
	struct rmb_call *call;
	const struct settings *set;
	struct sessions s;
	int64_t first;               /* the condition that others are compared with */
	double *x, *y, *both;        /* [recordings], [recordings], [2 recordings] */
	int64_t *order;              /* [2 recordings] */
	double *resamples;           /* [RESAMPLES] */
};

struct mean { const char *group, *condition; int64_t n; double mean, sd, low, high, place; };

struct test {
	const char *left, *right, *how;
	int64_t n;
	double difference, low, high, p, adjusted;
	const char *stars;
};

static bool
bootstraps(const struct work *w)
{
	return strcmp(w->set->interval, "bootstrap") == 0;
}

static void
resample(const struct work *w, const double *x, int64_t nx, const double *y, int64_t ny, double *low, double *high)
{
	rmb_bootstrap(x, nx, y, ny, w->set->confidence, RESAMPLES, rmb_node_stream(w->call, "resamples"), w->resamples, low,
	              high);
}

static void
around(const struct work *w, double middle, double error, double freedom, double *low, double *high)
{
	double half = rmb_student_quantile((1 - w->set->confidence) / 2, freedom) * error;
	*low = middle - half, *high = middle + half;
}

static double
place_of(const struct sessions *s, int64_t group, int64_t condition)
{
	return (double)(group + 1) + (s->nconditions > 1 ? 0.6 * ((double)condition / (double)(s->nconditions - 1) - 0.5) : 0);
}

static struct mean
mean_of(const struct work *w, int64_t group, int64_t condition)
{
	int64_t n = rmb_sessions_pairs(&w->s, group, condition, -1, w->x, NULL);
	struct mean m = { w->s.group[group], w->s.condition[condition], n, NAN, NAN, NAN, NAN,
	                  place_of(&w->s, group, condition) };
	if (n > 0)
		m.mean = rmb_mean(w->x, n);
	m.sd = rmb_deviation(w->x, n);
	if (n > 1 && bootstraps(w))
		resample(w, w->x, n, NULL, 0, &m.low, &m.high);
	else if (n > 1)
		around(w, m.mean, m.sd / sqrt((double)n), (double)(n - 1), &m.low, &m.high);
	return m;
}

static bool
permutes(const struct work *w)
{
	return strcmp(w->set->variant, "default") == 0;
}

/* The first condition against another, in one group. */
static void
test_within(const struct work *w, int64_t group, int64_t other, struct test *t)
{
	int64_t n = t->n = rmb_sessions_pairs(&w->s, group, w->first, other, w->x, w->y);
	bool one_sided = strcmp(w->set->variant, "paper") == 0;
	t->how = permutes(w) ? rmb_signs_are_few(n) ? "all signs of the differences" : "signs of the differences, drawn"
	                     : one_sided ? "paired t, one-sided" : "paired t, two-sided";
	for (int64_t i = 0; i < n; i++)
		w->both[i] = w->x[i] - w->y[i];
	if (n < 1)
		return;
	t->difference = rmb_mean(w->both, n);
	if (permutes(w))
		t->p = rmb_sign_test(w->both, n, RMB_TWO_SIDED, rmb_node_stream(w->call, "signs"));
	if (n < 2)
		return;
	struct rmb_ttest paired = rmb_paired_t(w->x, w->y, n, one_sided ? RMB_GREATER : RMB_TWO_SIDED);
	if (!permutes(w))
		t->p = paired.p;
	if (bootstraps(w))
		resample(w, w->both, n, NULL, 0, &t->low, &t->high);
	else
		around(w, paired.difference, paired.error, paired.freedom, &t->low, &t->high);
}

/* The first condition in two groups. */
static void
test_between(const struct work *w, int64_t group, int64_t other, struct test *t)
{
	int64_t nx = rmb_sessions_pairs(&w->s, group, w->first, -1, w->x, NULL),
	        ny = rmb_sessions_pairs(&w->s, other, w->first, -1, w->y, NULL);
	t->n = nx + ny;
	t->how = !permutes(w)                       ? "Welch's t, two-sided"
	         : rmb_choices_are_few(nx + ny, nx) ? "all ways to deal recordings"
	                                            : "recordings dealt at random";
	if (nx < 1 || ny < 1)
		return;
	memcpy(w->both, w->x, (size_t)nx * sizeof *w->x);
	memcpy(w->both + nx, w->y, (size_t)ny * sizeof *w->y);
	t->difference = rmb_mean(w->x, nx) - rmb_mean(w->y, ny);
	if (permutes(w))
		t->p = rmb_choice_test(w->both, nx + ny, nx, RMB_TWO_SIDED, rmb_node_stream(w->call, "choices"), w->order);
	if (nx < 2 || ny < 2)
		return;
	struct rmb_ttest welch = rmb_welch_t(w->x, nx, w->y, ny, RMB_TWO_SIDED);
	if (!permutes(w))
		t->p = welch.p;
	if (bootstraps(w))
		resample(w, w->x, nx, w->y, ny, &t->low, &t->high);
	else
		around(w, welch.difference, welch.error, welch.freedom, &t->low, &t->high);
}

/* "V1 z" */
static const char *
side(const struct work *w, int64_t group, int64_t condition)
{
	const char *name = w->s.nconditions > 1 ? rmb_arena_printf(rmb_call_arena(w->call), "%s %s", w->s.group[group],
	                                                           w->s.condition[condition])
	                                        : w->s.group[group];
	return name ? name : "";
}

static int
adjust(const struct work *w, struct test *test, int64_t n)
{
	double *p = rmb_scratch(w->call, (size_t)n + 1, 2 * sizeof *p), *adjusted = p + n + 1;
	if (!p)
		return RMB_ELIMIT;
	for (int64_t i = 0; i < n; i++)
		p[i] = test[i].p;
	rmb_holm(p, n, adjusted);
	for (int64_t i = 0; i < n; i++) {
		test[i].adjusted = adjusted[i];
		test[i].stars = rmb_stars(permutes(w) ? adjusted[i] : p[i]);
	}
	return 0;
}

/* Tests within groups, then between; *n of them. NULL: failed. */
static struct test *
all_tests(const struct work *w, int64_t *n)
{
	const struct sessions *s = &w->s;
	int64_t within = s->ngroups * (s->nconditions - 1), between = s->ngroups * (s->ngroups - 1) / 2, k = 0;
	struct test *test = rmb_scratch(w->call, (size_t)(within + between) + 1, sizeof *test);
	for (int64_t i = 0; test && i < within + between; i++)
		test[i].difference = test[i].low = test[i].high = test[i].p = test[i].adjusted = NAN;
	for (int64_t g = 0; test && g < s->ngroups; g++)
		for (int64_t c = 0; c < s->nconditions; c++) {
			if (c == w->first)
				continue;
			test[k].left = side(w, g, w->first);
			test[k].right = side(w, g, c);
			test_within(w, g, c, &test[k++]);
		}
	for (int64_t g = 0; test && g < s->ngroups; g++)
		for (int64_t other = g + 1; other < s->ngroups; other++) {
			test[k].left = side(w, g, w->first);
			test[k].right = side(w, other, w->first);
			test_between(w, g, other, &test[k++]);
		}
	*n = within + between;
	return test && !adjust(w, test, within) && !adjust(w, test + within, between) ? test : NULL;
}

/* ---- outputs ----------------------------------------------------------------------------------------------------- */

static int
publish_means(const struct work *w)
{
	static const struct column columns[] = {
		{ "mean_of", offsetof(struct mean, group), RMB_TEXT },
		{ "mean_condition", offsetof(struct mean, condition), RMB_TEXT },
		{ "count", offsetof(struct mean, n), RMB_INT64 }, { "mean", offsetof(struct mean, mean), RMB_FLOAT64 },
		{ "sd", offsetof(struct mean, sd), RMB_FLOAT64 }, { "low", offsetof(struct mean, low), RMB_FLOAT64 },
		{ "high", offsetof(struct mean, high), RMB_FLOAT64 }, { 0 } };
	static const struct column places[] = { { "mean_place", offsetof(struct mean, place), RMB_FLOAT64 }, { 0 } };
	int64_t n = w->s.ngroups * w->s.nconditions;
	struct mean *mean = rmb_scratch(w->call, (size_t)n, sizeof *mean);
	for (int64_t i = 0; mean && i < n; i++)
		mean[i] = mean_of(w, i / w->s.nconditions, i % w->s.nconditions);
	int rc = mean ? rmb_columns_output(w->call, "group", columns, n, mean, sizeof *mean) : RMB_ELIMIT;
	return rc ? rc : rmb_columns_output(w->call, "mark", places, n, mean, sizeof *mean);
}

static int
publish_tests(const struct work *w)
{
	static const struct column columns[] = {
		{ "left", offsetof(struct test, left), RMB_TEXT }, { "right", offsetof(struct test, right), RMB_TEXT },
		{ "test", offsetof(struct test, how), RMB_TEXT }, { "recordings", offsetof(struct test, n), RMB_INT64 },
		{ "difference", offsetof(struct test, difference), RMB_FLOAT64 },
		{ "difference_low", offsetof(struct test, low), RMB_FLOAT64 },
		{ "difference_high", offsetof(struct test, high), RMB_FLOAT64 }, { "p", offsetof(struct test, p), RMB_FLOAT64 },
		{ "adjusted", offsetof(struct test, adjusted), RMB_FLOAT64 },
		{ "stars", offsetof(struct test, stars), RMB_TEXT }, { 0 } };
	int64_t n;
	const struct test *test = all_tests(w, &n);
	return test ? rmb_columns_output(w->call, "test", columns, n, test, sizeof *test) : RMB_ELIMIT;
}

struct row { const char *recording, *group, *condition; double value; int64_t replicates; };

static int
publish_values(const struct work *w)
{
	static const struct column columns[] = {
		{ "recording", offsetof(struct row, recording), RMB_TEXT }, { "group", offsetof(struct row, group), RMB_TEXT },
		{ "condition", offsetof(struct row, condition), RMB_TEXT }, { "value", offsetof(struct row, value), RMB_FLOAT64 },
		{ "replicates", offsetof(struct row, replicates), RMB_INT64 }, { 0 } };
	const struct sessions *s = &w->s;
	int64_t n = s->nrecordings * s->nconditions;
	struct row *row = rmb_scratch(w->call, (size_t)n, sizeof *row);
	for (int64_t i = 0; row && i < n; i++)
		row[i] = (struct row){ s->recording[i / s->nconditions], s->group[s->group_of[i / s->nconditions]],
		                       s->condition[i % s->nconditions],
		                       s->value[i], s->replicates[i] };
	return row ? rmb_columns_output(w->call, "value", columns, n, row, sizeof *row) : RMB_ELIMIT;
}

/* A line a recording, with a gap after it. */
static int
publish_lines(const struct work *w)
{
	const struct sessions *s = &w->s;
	struct rmb_axis axis = rmb_axis_index("point", s->nrecordings * (s->nconditions + 1));
	struct rmb_array *place = rmb_output(w->call, "place", &axis), *height = rmb_output(w->call, "height", &axis);
	if (!place || !height)
		return RMB_ELIMIT;
	for (int64_t r = 0, at = 0; r < s->nrecordings; r++)
		for (int64_t c = 0; c <= s->nconditions; c++, at++) {
			((double *)place->data)[at] = place_of(s, s->group_of[r], c < s->nconditions ? c : s->nconditions - 1);
			((double *)height->data)[at] = c < s->nconditions ? s->value[r * s->nconditions + c] : NAN;
		}
	return 0;
}

/* "1: V1, 2: CA1; within each, from the left: z, shuffled" */
static int
publish_key(const struct work *w)
{
	struct rmb_arena *arena = rmb_call_arena(w->call);
	const char *text = "";
	for (int64_t g = 0; g < w->s.ngroups && text; g++)
		text = rmb_arena_printf(arena, "%s%s%" PRId64 ": %s", text, g ? ", " : "", g + 1, w->s.group[g]);
	for (int64_t c = 0; c < w->s.nconditions && text && w->s.nconditions > 1; c++)
		text = rmb_arena_printf(arena, "%s%s%s", text, c ? ", " : "; within each, from the left: ", w->s.condition[c]);
	return text ? rmb_output_text(w->call, "key", text) : rmb_fail(w->call, RMB_ELIMIT, "no memory for names");
}

/* ---- */

static int
find_first(struct work *w)
{
	const char *wanted = w->set->first;
	while (wanted && w->first < w->s.nconditions && strcmp(w->s.condition[w->first], wanted) != 0)
		w->first++;
	if (w->first < w->s.nconditions)
		return 0;
	return rmb_fail(w->call, RMB_EDATA,
	                "summarize: 'first' is '%s', but the values have no such branch; the first is '%s'", wanted,
	                w->s.condition[0]);
}

static void
warn_absent(const struct work *w)
{
	const char *names = "", *one;
	for (int i = 0; names && (one = rmb_absent_recording(w->call, i)); i++)
		names = rmb_arena_printf(rmb_call_arena(w->call), "%s%s%s", names, i ? ", " : "", one);
	if (names && *names)
		rmb_warn(w->call, "failed recordings are left out: %s", names);
}

static void
warn_few(const struct work *w)
{
	for (int64_t g = 0; g < w->s.ngroups && w->s.nconditions > 1 && permutes(w); g++) {
		int64_t n = rmb_sessions_pairs(&w->s, g, w->first, -1, w->x, NULL);
		if (n > 0 && n < 6)
			rmb_warn(w->call,
			         "%" PRId64
			         " recording%s of %s: whatever they are, the exact test within it gives no p below %.2g",
			         n, n == 1 ? "" : "s", w->s.group[g], pow(2, 1 - (double)n));
	}
}

static int
run(struct rmb_call *call)
{
	struct work w = { .call = call, .set = rmb_settings(call) };
	int rc = rmb_sessions_find(call, "value", w.set->by, "part", &w.s);
	if (rc || (rc = find_first(&w)))
		return rc;
	size_t n = (size_t)w.s.nrecordings;
	w.x = rmb_scratch(call, n, sizeof *w.x);
	w.y = rmb_scratch(call, n, sizeof *w.y);
	w.both = rmb_scratch(call, n, 2 * sizeof *w.both);
	w.order = rmb_scratch(call, n, 2 * sizeof *w.order);
	w.resamples = rmb_scratch(call, RESAMPLES, sizeof *w.resamples);
	if (!w.x || !w.y || !w.both || !w.order || !w.resamples)
		return RMB_ELIMIT;
	warn_absent(&w);
	warn_few(&w);
	int (*const parts[])(const struct work *) = { publish_means, publish_tests, publish_values, publish_lines, publish_key };
	for (size_t i = 0; i < sizeof parts / sizeof *parts && !rc; i++)
		if (!(rc = parts[i](&w)))
			rc = rmb_progress(call, (double)(i + 1), sizeof parts / sizeof *parts);
	return rc;
}

const struct rmb_stage rmb_stage_summarize = {
	.name = "summarize", .version = 2, .folder = "compare", .brief = "one number over all recordings, by area, with tests",
	.about = "Gathers a number from every recording: means and intervals by a label (area), the recording against its "
	         "shuffle and surrogates recording by recording, and areas against each other. Every recording counts once; "
	         "replicates are averaged. Tests are exact permutations unless told otherwise, so that nothing is assumed of "
	         "distributions, adjusted by Holm's method among those within groups and those between. Missing values are "
	         "left out with a warning. Of a `split` the groups are its parts: {value: areas.value, part: areas.part}; a "
	         "recording then counts once in every group.",
	.cite = "Pachitariu et al. 2025, bioRxiv 2025.01.10.632397, figure 2; Holm 1979, Scand. J. Statist. 6, 65",
	.caption = "Recordings by {by}, variant {variant}, intervals by {interval}.", .tables = "group test value",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.reads_labels = true, .reads_names = true, .goes_on = true, .draws = rmb_draws_always, .run = run,
};

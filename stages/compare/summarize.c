/* stages/compare/summarize.c -- one number over all recordings: means by area, recording against shuffle, area against area.
 *
 * Every recording counts once: replicates of a condition are averaged first. Conditions are the branches of what is read (the
 * recording, its shuffle, surrogates), groups the values of a label (areas).
 *   of a group and condition   mean, standard deviation (divisor n - 1), interval of the mean
 *   within a group             first condition - another, recording by recording
 *   between groups             means of the first condition; of parts of the same recordings (split) recording by recording
 * variant: default -- exact permutation tests, two-sided: all 2^n signs of the differences, all ways to deal recordings to
 * the two groups (beyond 2^18 of them as many are drawn). They assume nothing of distributions, and with few recordings no p
 * is small: 0.25 for three. paper -- paired t, one-sided (first condition larger); revised -- the same two-sided; between
 * groups Welch's t, two-sided, in both (paired t where parts of the same recordings are compared). Holm adjusts within each kind of test. Intervals: Student's t, or percentiles of
 * RMB_RESAMPLES resamples of recordings.
 * Reference: Pachitariu et al. 2025, figure 2.
 * Cost: 2^18 arrangements of the recordings a test at most. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "compare/columns.h"
#include "compare/groups.h"

struct settings { const char *by, *first, *variant, *interval; double confidence; };

#define AT(field) .at = offsetof(struct settings, field)
static const struct rmb_param params[] = {
	{ .name = "by", .kind = RMB_STRING, AT(by), .def = "area", .label = true,
	  .help = "label of the recordings that groups them" },
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

/* ---- outputs ----------------------------------------------------------------------------------------------------- */

static int
publish_means(const struct groups *groups)
{
	static const struct column columns[] = {
		{ "mean_of", offsetof(struct mean, group), RMB_TEXT },
		{ "mean_condition", offsetof(struct mean, condition), RMB_TEXT },
		{ "count", offsetof(struct mean, n), RMB_INT64 }, { "mean", offsetof(struct mean, mean), RMB_FLOAT64 },
		{ "sd", offsetof(struct mean, sd), RMB_FLOAT64 }, { "low", offsetof(struct mean, low), RMB_FLOAT64 },
		{ "high", offsetof(struct mean, high), RMB_FLOAT64 }, { 0 } };
	static const struct column places[] = { { "mean_place", offsetof(struct mean, place), RMB_FLOAT64 }, { 0 } };
	int64_t n = groups->s.ngroups * groups->s.nconditions;
	struct mean *mean = rmb_scratch(groups->call, (size_t)n, sizeof *mean);
	for (int64_t i = 0; mean && i < n; i++)
		mean[i] = rmb_groups_mean(groups, i / groups->s.nconditions, i % groups->s.nconditions);
	int rc = mean ? rmb_columns_output(groups->call, "group", columns, n, mean, sizeof *mean) : RMB_ELIMIT;
	return rc ? rc : rmb_columns_output(groups->call, "mark", places, n, mean, sizeof *mean);
}

static int
publish_tests(const struct groups *groups)
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
	const struct test *test = rmb_groups_tests(groups, &n);
	return test ? rmb_columns_output(groups->call, "test", columns, n, test, sizeof *test) : RMB_ELIMIT;
}

struct row { const char *recording, *group, *condition; double value; int64_t replicates; };

static int
publish_values(const struct groups *groups)
{
	static const struct column columns[] = {
		{ "recording", offsetof(struct row, recording), RMB_TEXT }, { "group", offsetof(struct row, group), RMB_TEXT },
		{ "condition", offsetof(struct row, condition), RMB_TEXT }, { "value", offsetof(struct row, value), RMB_FLOAT64 },
		{ "replicates", offsetof(struct row, replicates), RMB_INT64 }, { 0 } };
	const struct sessions *s = &groups->s;
	int64_t n = s->nrecordings * s->nconditions;
	struct row *row = rmb_scratch(groups->call, (size_t)n, sizeof *row);
	for (int64_t i = 0; row && i < n; i++)
		row[i] = (struct row){ s->recording[i / s->nconditions], s->group[s->group_of[i / s->nconditions]],
		                       s->condition[i % s->nconditions],
		                       s->value[i], s->replicates[i] };
	return row ? rmb_columns_output(groups->call, "value", columns, n, row, sizeof *row) : RMB_ELIMIT;
}

/* A line a recording, with a gap after it. */
static int
publish_lines(const struct groups *groups)
{
	const struct sessions *s = &groups->s;
	struct rmb_axis axis = rmb_axis_index("point", s->nrecordings * (s->nconditions + 1));
	struct rmb_array *place = rmb_output(groups->call, "place", &axis), *height = rmb_output(groups->call, "height", &axis);
	if (!place || !height)
		return RMB_ELIMIT;
	for (int64_t r = 0, at = 0; r < s->nrecordings; r++)
		for (int64_t c = 0; c <= s->nconditions; c++, at++) {
			((double *)place->data)[at] =
				rmb_groups_place(s, s->group_of[r], c < s->nconditions ? c : s->nconditions - 1);
			((double *)height->data)[at] = c < s->nconditions ? s->value[r * s->nconditions + c] : NAN;
		}
	return 0;
}

/* "1: V1, 2: CA1; within each, from the left: z, shuffled" */
static int
publish_key(const struct groups *groups)
{
	struct rmb_arena *arena = rmb_call_arena(groups->call);
	const char *text = "";
	for (int64_t g = 0; g < groups->s.ngroups && text; g++)
		text = rmb_arena_printf(arena, "%s%s%" PRId64 ": %s", text, g ? ", " : "", g + 1, groups->s.group[g]);
	for (int64_t c = 0; c < groups->s.nconditions && text && groups->s.nconditions > 1; c++)
		text = rmb_arena_printf(arena, "%s%s%s", text,
		                        c ? ", " : "; within each, from the left: ", groups->s.condition[c]);
	return text ? rmb_output_text(groups->call, "key", text) : rmb_fail(groups->call, RMB_ELIMIT, "no memory for names");
}

/* ---- the stage */

/* The condition that others are compared with. */
static int
find_first(struct groups *groups, const char *wanted)
{
	while (wanted && groups->first < groups->s.nconditions && strcmp(groups->s.condition[groups->first], wanted) != 0)
		groups->first++;
	if (groups->first < groups->s.nconditions)
		return 0;
	return rmb_fail(groups->call, RMB_EDATA,
	                "summarize: 'first' is '%s', but the values have no such branch; the first is '%s'", wanted,
	                groups->s.condition[0]);
}

static void
warn_absent(const struct groups *groups)
{
	const char *names = "", *one;
	for (int i = 0; names && (one = rmb_absent_recording(groups->call, i)); i++)
		names = rmb_arena_printf(rmb_call_arena(groups->call), "%s%s%s", names, i ? ", " : "", one);
	if (names && *names)
		rmb_warn(groups->call, "failed recordings are left out: %s", names);
}

static void
warn_few(const struct groups *groups)
{
	for (int64_t g = 0; g < groups->s.ngroups && groups->s.nconditions > 1 && rmb_groups_permute(groups); g++) {
		int64_t n = rmb_sessions_pairs(&groups->s, g, groups->first, -1, groups->x, NULL);
		if (n > 0 && n < 6)
			rmb_warn(groups->call,
			         "%" PRId64
			         " recording%s of %s: whatever they are, the exact test within it gives no p below %.2g",
			         n, n == 1 ? "" : "s", groups->s.group[g], pow(2, 1 - (double)n));
	}
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	struct groups groups = { .call = call, .variant = set->variant, .interval = set->interval,
	                         .confidence = set->confidence };
	int rc = rmb_sessions_find(call, "value", set->by, "part", &groups.s);
	if (rc || (rc = find_first(&groups, set->first)))
		return rc;
	size_t n = (size_t)groups.s.nrecordings;
	groups.x = rmb_scratch(call, n, sizeof *groups.x);
	groups.y = rmb_scratch(call, n, sizeof *groups.y);
	groups.both = rmb_scratch(call, n, 2 * sizeof *groups.both);
	groups.order = rmb_scratch(call, n, 2 * sizeof *groups.order);
	groups.resamples = rmb_scratch(call, RMB_RESAMPLES, sizeof *groups.resamples);
	if (!groups.x || !groups.y || !groups.both || !groups.order || !groups.resamples)
		return RMB_ELIMIT;
	warn_absent(&groups);
	warn_few(&groups);
	int (*const parts[])(const struct groups *) = { publish_means, publish_tests, publish_values, publish_lines, publish_key };
	for (size_t i = 0; i < sizeof parts / sizeof *parts && !rc; i++)
		if (!(rc = parts[i](&groups)))
			rc = rmb_progress(call, (double)(i + 1), sizeof parts / sizeof *parts);
	return rc;
}

const struct rmb_stage rmb_stage_summarize = {
	.name = "summarize", .version = 3, .folder = "compare", .brief = "one number over all recordings, by area, with tests",
	.about = "Gathers a number from every recording: means and intervals by a label (area), the recording against its "
	         "shuffle and surrogates recording by recording, and areas against each other. Every recording counts once; "
	         "replicates are averaged. Tests are exact permutations unless told otherwise, so that nothing is assumed of "
	         "distributions, adjusted by Holm's method among those within groups and those between. Missing values are "
	         "left out with a warning. Of a `split` the groups are its parts: {value: areas.value, part: areas.part}; a "
	         "recording then counts once in every group, and two groups are compared recording by recording if more "
	         "recordings have both than have one of them alone.",
	.cite = "Pachitariu et al. 2025, bioRxiv 2025.01.10.632397, figure 2; Holm 1979, Scand. J. Statist. 6, 65",
	.caption = "Recordings by {by}, variant {variant}, intervals by {interval}.", .tables = "group test value",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.reads_labels = true, .reads_names = true, .goes_on = true, .draws = rmb_draws_always, .run = run,
};

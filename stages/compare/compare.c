/* stages/compare/compare.c -- which family of networks a recording looks like, and how surely.
 *
 * Every statistic of the recording (an exponent, a curve) is set beside the same statistic of each family's replicates, which
 * went through the very same analyses at the recording's own size: numeric/likeness.h defines the distance in units of their
 * spread, about 1 for one more replicate, and the distance by all statistics together.
 * test: rank -- if the recording were one of the family, it and the n replicates could be exchanged. Each of the n + 1 is
 * measured against the other n; p is the share of them at least as far off as the recording. Exact whatever the
 * distributions, but never below 1/(n + 1). test: normal -- Student's t for a new value of a normal law (a number), or of the
 * logarithm of replicates' distances (a curve), together the smallest p after Holm; it concludes from few replicates what
 * their spread bears out. Holm adjusts for the statistics of a family. Families exclude each other, so that at most one true
 * one can be rejected by mistake, at the level stated, however many are compared: p of the families need no adjustment. What
 * no p could have rejected is not called compatible. Intervals: of the distance that infinitely many replicates would give,
 * from 1,000 resamples of those there are.
 * Cost: 1,000 x replicates x points operations a statistic and family. */
#include <string.h>
#include "compare/against.h"
#include "compare/columns.h"

struct settings { const char *test; double level, confidence; };

#define AT(field) .at = offsetof(struct settings, field)
static const struct rmb_param params[] = {
	{ .name = "test", .kind = RMB_WORD, AT(test), .def = "rank", .words = "rank|normal",
	  .help = "rank: exact, needs 19 replicates for a level of 0.05; normal: trusts the spread of fewer" },
	{ .name = "level", .kind = RMB_REAL, AT(level), .def = "0.05", .min = 1e-6, .max = 0.5,
	  .help = "a family is ruled out at a p up to this: the chance of ruling out the true one" },
	{ .name = "confidence", .kind = RMB_REAL, AT(confidence), .def = "0.95", .min = 0.5, .max = 0.9999,
	  .help = "of intervals" }, { 0 } };

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_ARRAY, .gather = RMB_ALL,
	  .help = "statistics of the recording: numbers and curves, as alpha@z" },
	{ .name = "families", .kinds = RMB_ARRAY, .gather = RMB_ALL,
	  .help = "the same statistics of the families, a branch each, all replicates; alpha alone means all branches but "
	          "the recording's" }, { 0 } };

#define COLUMN(port, kind, what) { .name = port, .kinds = RMB_ARRAY, .axes = "comparison", .type = kind, .unit = "1", .help = what }
#define SCALAR(port, kind, what) { .name = port, .kinds = RMB_ARRAY, .axes = "", .type = kind, .unit = "1", .help = what }
static const struct rmb_port out[] = {
	SCALAR("verdict", RMB_TEXT, "the verdict in one sentence, with its evidence"),
	SCALAR("basis", RMB_TEXT, "what it rests on: statistics, replicates and level"),
	SCALAR("decision", RMB_TEXT, "compatible (with one family alone, none being as near), none (of them), or undecided"),
	SCALAR("nearest", RMB_TEXT, "the family at the smallest distance"),
	SCALAR("nearest_distance", RMB_FLOAT64, "its distance by all statistics together"),
	SCALAR("compatible", RMB_FLOAT64, "families that could have been ruled out and were not"),
	COLUMN("family", RMB_TEXT, "the family: the branch that its replicates lie on"),
	COLUMN("statistic", RMB_TEXT, "what is compared; all: together"),
	COLUMN("replicates", RMB_INT64, "replicates that have it"),
	COLUMN("recording", RMB_FLOAT64, "the recording's value; curves have none"),
	COLUMN("mean", RMB_FLOAT64, "mean of the replicates; curves have none"),
	COLUMN("sd", RMB_FLOAT64, "their standard deviation (divisor n - 1); curves have none"),
	COLUMN("expected_low", RMB_FLOAT64, "where one more replicate would lie, by Student's t: lower end; curves have none"),
	COLUMN("expected_high", RMB_FLOAT64, "upper end"),
	COLUMN("distance", RMB_FLOAT64, "distance from the family in units of its spread; about 1 for one more replicate"),
	COLUMN("low", RMB_FLOAT64, "lower end of its interval"),
	COLUMN("high", RMB_FLOAT64, "upper end"),
	COLUMN("p", RMB_FLOAT64, "chance that a replicate of the family is as far off"),
	COLUMN("adjusted", RMB_FLOAT64, "p adjusted for the number of statistics (Holm)"),
	COLUMN("attainable", RMB_FLOAT64, "the smallest p that so many replicates allow"), { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "values", .kind = "forest", .split = "statistic",
	  .caption = "Means of each family's replicates. Bars: where one more replicate would lie, at a confidence of "
	             "{confidence}.",
	  .series = { { .y = "family", .x = "mean", .low = "expected_low", .high = "expected_high", .z = "family",
	                .style = "points" },
	              { .y = "family", .x = "recording", .style = "line", .label = "the recording" } } },
	{ .name = "distances", .kind = "forest", .x = "distance from the family, in units of its spread", .logx = true,
	  .caption = "How far the recording lies from each family, statistic by statistic and by all together, with "
	             "intervals at a confidence of {confidence}.",
	  .series = { { .y = "family", .x = "distance", .low = "low", .high = "high", .z = "statistic", .style = "points" } },
	  .guide = { { .shape = "vertical", .at = "1", .label = "one more replicate" } } }, { 0 } };

/* ---- outputs ----------------------------------------------------------------------------------------------------- */

static int
publish_table(struct rmb_call *call, const struct finding *finding, int64_t n)
{
	static const struct column columns[] = {
		{ "family", offsetof(struct finding, family), RMB_TEXT },
		{ "statistic", offsetof(struct finding, statistic), RMB_TEXT },
		{ "replicates", offsetof(struct finding, replicates), RMB_INT64 },
		{ "recording", offsetof(struct finding, value), RMB_FLOAT64 },
		{ "mean", offsetof(struct finding, mean), RMB_FLOAT64 },
		{ "sd", offsetof(struct finding, sd), RMB_FLOAT64 },
		{ "expected_low", offsetof(struct finding, expected_low), RMB_FLOAT64 },
		{ "expected_high", offsetof(struct finding, expected_high), RMB_FLOAT64 },
		{ "distance", offsetof(struct finding, distance), RMB_FLOAT64 },
		{ "low", offsetof(struct finding, low), RMB_FLOAT64 },
		{ "high", offsetof(struct finding, high), RMB_FLOAT64 },
		{ "p", offsetof(struct finding, p), RMB_FLOAT64 },
		{ "adjusted", offsetof(struct finding, adjusted), RMB_FLOAT64 },
		{ "attainable", offsetof(struct finding, attainable), RMB_FLOAT64 }, { 0 } };
	return rmb_columns_output(call, "comparison", columns, n, finding, sizeof *finding);
}

static int
publish_verdict(struct rmb_call *call, const struct verdict *v)
{
	if (!v->sentence || !v->basis)
		return rmb_fail(call, RMB_ELIMIT, "no memory for the verdict");
	int rc = rmb_output_text(call, "verdict", v->sentence);
	rc = rc ? rc : rmb_output_text(call, "basis", v->basis);
	rc = rc ? rc : rmb_output_text(call, "decision", v->decision);
	rc = rc ? rc : rmb_output_text(call, "nearest", v->nearest);
	rc = rc ? rc : rmb_output_scalar(call, "nearest_distance", v->distance);
	return rc ? rc : rmb_output_scalar(call, "compatible", (double)v->ncompatible);
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	struct members members;
	int rc = rmb_members_find(call, "compare", "families", &members);
	if (rc)
		return rc;
	int64_t rows = members.nstatistics + 1;
	struct finding *finding = rmb_scratch(call, (size_t)(rows * members.nfamilies), sizeof *finding);
	if (!finding)
		return RMB_ELIMIT;
	struct against_how against = { strcmp(set->test, "rank") == 0, set->confidence };
	for (int64_t f = 0; f < members.nfamilies; f++) {
		if ((rc = rmb_against_family(call, &against, &members, f, &finding[f * rows])) ||
		    (rc = rmb_progress(call, (double)(f + 1), (double)members.nfamilies)))
			return rc;
	}
	struct basis how = { rmb_recording_name(call), set->level, set->confidence, against.rank };
	struct verdict verdict =
		rmb_comparison_verdict(rmb_call_arena(call), finding, members.nfamilies, members.nstatistics, &how);
	rc = publish_verdict(call, &verdict);
	return rc ? rc : publish_table(call, finding, rows * members.nfamilies);
}

const struct rmb_stage rmb_stage_compare = {
	.name = "compare", .version = 8, .folder = "compare", .brief = "which family of networks a recording looks like",
	.about = "Measures how far a recording lies from the replicates of each family (surrogates, shuffles), statistic by "
	         "statistic and by all together, in units of the replicates' own spread: about 1 for one more replicate. A "
	         "statistic is a number or a curve; a curve along ranks is looked at at 50 ranks evenly spaced in their "
	         "logarithm. What is nowhere negative is compared by logarithms, in which a value below a hundredth of the "
	         "median counts as that; points of a curve beyond three spreads count by their logarithm, so that a wild one "
	         "does not decide. A family is ruled out if its replicates, each measured against the recording and all "
	         "others, are hardly ever as far off (test rank), or by Student's t (test normal, which trusts that numbers "
	         "are normal: of curves with wild points take rank). Statistics are adjusted for by Holm's method; families "
	         "exclude each other and need no adjustment. What so few replicates could not have ruled out is called "
	         "undecided, never compatible; so is a family that is left alone while one that was ruled out lies within "
	         "the interval of its distance.",
	.cite = "Holm 1979, Scand. J. Statist. 6, 65; moderated variance: Smyth 2004, Stat. Appl. Genet. Mol. Biol. 3, 3",
	.caption = "{basis}", .headline = "verdict", .summary = "verdict decision nearest nearest_distance",
	.tables = "comparison",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings), .reads_names = true,
	.draws = rmb_draws_always, .run = run,
};

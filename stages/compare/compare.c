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
 * from RESAMPLES resamples of those there are.
 * Cost: RESAMPLES x replicates x points operations a statistic and family. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "compare/columns.h"
#include "compare/members.h"
#include "compare/verdict.h"
#include "numeric/statistics.h"

enum { RESAMPLES = 1000 };

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

/* ---- one family -------------------------------------------------------------------------------------------------- */

/* What there is of one family: samples and, of each, how far replicates lie from each other. */
struct against {
	const struct members *members;
	int64_t family, nknown;
	struct sample *sample;  /* [statistics] */
	double *score;          /* [statistics][replicates]; NaN: has it not */
};

static int
take_samples(struct rmb_call *call, struct against *a, bool rank)
{
	int64_t nr = a->members->family[a->family].n, ns = a->members->nstatistics;
	a->sample = rmb_scratch(call, (size_t)ns, sizeof *a->sample);
	a->score = rmb_scratch(call, (size_t)(ns * nr), sizeof *a->score);
	double *own = rmb_scratch(call, (size_t)nr, sizeof *own);
	const double **others = rmb_scratch(call, (size_t)nr + 1, sizeof *others);
	if (!a->sample || !a->score || !own || !others)
		return RMB_ELIMIT;
	for (int64_t s = 0; s < ns; s++) {
		struct sample *sample = &a->sample[s];
		int rc = rmb_members_sample(call, a->members, s, a->family, sample);
		rc = rc ? rc : rmb_members_logs(call, sample);
		if (rc)
			return rc;
		for (int64_t r = 0; r < nr; r++)
			a->score[s * nr + r] = NAN;
		if (!sample->known || (!rank && sample->likeness.n < 3))
			continue;
		rmb_likeness_scores(&sample->likeness, rank, own, others);
		for (int64_t i = 0; i < sample->likeness.n; i++)
			a->score[s * nr + sample->place[i]] = own[i];
	}
	return 0;
}

static int
find_interval(struct rmb_call *call, const struct settings *set, const struct rmb_likeness *likeness, int64_t count,
              struct finding *f)
{
	double *distance = rmb_scratch(call, RESAMPLES, sizeof *distance);
	const double **others = rmb_scratch(call, (size_t)(count * likeness->n), sizeof *others);
	if (!distance || !others)
		return RMB_ELIMIT;
	f->replicates = likeness->n;
	f->distance = rmb_likeness_joint(likeness, count);
	rmb_likeness_interval(likeness, count, set->confidence, RESAMPLES, rmb_node_stream(call, "intervals"), distance,
	                      others, &f->low, &f->high);
	return 0;
}

/* The scores of the replicates that have the statistic, one after the other. */
static const double *
scores_of(struct rmb_call *call, const struct against *a, int64_t s)
{
	const struct sample *sample = &a->sample[s];
	double *score = rmb_scratch(call, (size_t)sample->likeness.n, sizeof *score);
	for (int64_t i = 0; score && i < sample->likeness.n; i++)
		score[i] = a->score[s * a->members->family[a->family].n + sample->place[i]];
	return score;
}

/* The recording's number beside mean and spread of the replicates, and where one more would lie: Student's t, in the units
 * that are compared. */
static int
describe_number(struct rmb_call *call, const struct settings *set, const struct sample *sample, struct finding *f)
{
	const struct rmb_likeness *l = &sample->likeness;
	double *value = rmb_scratch(call, (size_t)l->n, sizeof *value),
	       *compared = rmb_scratch(call, (size_t)l->n, sizeof *compared);
	if (!value || !compared)
		return RMB_ELIMIT;
	for (int64_t i = 0; i < l->n; i++) {
		value[i] = sample->plain.row[i][0];
		compared[i] = l->row[i][0];
	}
	double middle = rmb_mean(compared, l->n), spread = rmb_deviation(compared, l->n) * sqrt(1 + 1 / (double)l->n);
	double half = rmb_student_quantile((1 - set->confidence) / 2, (double)(l->n - 1)) * spread;
	f->value = sample->plain.x[0];
	f->mean = rmb_mean(value, l->n);
	f->sd = rmb_deviation(value, l->n);
	f->expected_low = sample->logs ? exp(middle - half) : middle - half;
	f->expected_high = sample->logs ? exp(middle + half) : middle + half;
	return 0;
}

static int
find_one(struct rmb_call *call, const struct settings *set, const struct against *a, int64_t s, bool rank, struct finding *f)
{
	const struct sample *sample = &a->sample[s];
	const struct rmb_likeness *l = &sample->likeness;
	const char *family = a->members->family[a->family].name, *name = a->members->statistic[s].name;
	if (sample->missing)
		rmb_warn(call, "%" PRId64 " of the %" PRId64 " replicates of %s have no %s and are left out of it",
		         sample->missing, a->members->family[a->family].n, family, name);
	if (!sample->known) {
		rmb_warn(call,
		         "%s is not compared with %s: the recording has no value, or fewer than two replicates have one",
		         name, family);
		return 0;
	}
	const double *score = scores_of(call, a, s);
	int rc = score ? find_interval(call, set, l, 1, f) : RMB_ELIMIT;
	if (rc)
		return rc;
	if (l->m == 1 && a->members->statistic[s].recording->naxes == 0 && (rc = describe_number(call, set, sample, f)))
		return rc;
	if (f->sd == 0 && f->value != f->mean)
		rmb_warn(call,
		         "all replicates of %s have the same %s, and the recording has another: a distance of a million "
		         "stands for it",
		         family, name);
	f->attainable = rank ? 1 / (double)(l->n + 1) : 0;
	if (rank)
		f->p = rmb_rank_p(f->distance, score, l->n);
	else if (l->m == 1 || l->n > 2)
		f->p = rmb_likeness_normal_p(l, score);
	return 0;
}

/* Statistics that some replicates lack stay out of what is said of all together, unless every one is so: the recording and all
 * replicates are then looked at alike. */
static void
part_incomplete(struct rmb_call *call, struct against *a)
{
	int64_t whole = 0;
	for (int64_t s = 0; s < a->members->nstatistics; s++)
		whole += a->sample[s].known && a->sample[s].missing == 0;
	for (int64_t s = 0; s < a->members->nstatistics && whole; s++)
		if (a->sample[s].known && a->sample[s].missing) {
			a->sample[s].known = false;
			rmb_warn(call, "%s is left out of the distance from %s by all statistics together",
			         a->members->statistic[s].name, a->members->family[a->family].name);
		}
}

/* Replicates of the family that have every statistic that is known; their indices into place[]. */
static int64_t
complete(const struct against *a, int64_t *place)
{
	int64_t nr = a->members->family[a->family].n, n = 0;
	for (int64_t r = 0; r < nr; r++) {
		bool all = true;
		for (int64_t s = 0; s < a->members->nstatistics && all; s++) {
			const struct sample *sample = &a->sample[s];
			bool has = !sample->known;
			for (int64_t i = 0; i < sample->likeness.n && !has; i++)
				has = sample->place[i] == r;
			all = has;
		}
		if (all)
			place[n++] = r;
	}
	return n;
}

/* The known statistics with the rows of the replicates in place[n] alone. */
static int64_t
together(struct rmb_call *call, const struct against *a, const int64_t *place, int64_t n, struct rmb_likeness *likeness)
{
	int64_t count = 0;
	for (int64_t s = 0; s < a->members->nstatistics; s++) {
		const struct sample *sample = &a->sample[s];
		const double **row = sample->known ? rmb_scratch(call, (size_t)n, sizeof *row) : NULL;
		if (!row)
			continue;
		for (int64_t i = 0, k = 0; i < n; i++) {
			while (sample->place[k] != place[i])
				k++;
			row[i] = sample->likeness.row[k];
		}
		likeness[count++] = (struct rmb_likeness){ n, sample->likeness.m, sample->likeness.x, row };
	}
	return count;
}

/* Rank of the recording among its replicates by all statistics together; each is measured against all others. */
static double
joint_rank(struct rmb_call *call, const struct rmb_likeness *likeness, int64_t count, double distance)
{
	int64_t n = likeness->n;
	double *square = rmb_scratch(call, (size_t)n, sizeof *square), *score = rmb_scratch(call, (size_t)n, sizeof *score);
	const double **others = rmb_scratch(call, (size_t)n + 1, sizeof *others);
	if (!square || !score || !others)
		return NAN;
	for (int64_t c = 0; c < count; c++) {
		rmb_likeness_scores(&likeness[c], true, score, others);
		for (int64_t i = 0; i < n; i++)
			square[i] += score[i] * score[i];
	}
	for (int64_t i = 0; i < n; i++)
		square[i] = sqrt(square[i] / (double)count);
	return rmb_rank_p(distance, square, n);
}

static int
find_together(struct rmb_call *call, const struct settings *set, struct against *a, bool rank, struct finding *row)
{
	part_incomplete(call, a);
	int64_t ns = a->members->nstatistics, *place = rmb_scratch(call, (size_t)a->members->family[a->family].n, sizeof *place);
	struct rmb_likeness *likeness = rmb_scratch(call, (size_t)ns, sizeof *likeness);
	struct finding *all = &row[ns];
	if (!place || !likeness)
		return RMB_ELIMIT;
	int64_t n = complete(a, place), count = together(call, a, place, n, likeness);
	if (count == 0 || n < 2) {
		rmb_warn(call, "nothing can be said of %s: fewer than two replicates have all that is compared",
		         a->members->family[a->family].name);
		return 0;
	}
	int rc = find_interval(call, set, likeness, count, all);
	all->attainable = rank ? 1 / (double)(n + 1) : 0;
	if (rank)
		all->p = joint_rank(call, likeness, count, all->distance);
	for (int64_t s = 0; s < ns && !rank; s++)
		all->p = fmin(isnan(all->p) ? 1 : all->p, isnan(row[s].adjusted) ? 1 : row[s].adjusted);
	all->adjusted = all->p;
	return rc;
}

/* row[nstatistics + 1] */
static int
find_family(struct rmb_call *call, const struct settings *set, const struct members *members, int64_t family, struct finding *row)
{
	struct against a = { .members = members, .family = family };
	int64_t ns = members->nstatistics;
	bool rank = strcmp(set->test, "rank") == 0;
	double *p = rmb_scratch(call, (size_t)ns, sizeof *p), *adjusted = rmb_scratch(call, (size_t)ns, sizeof *adjusted);
	int rc = p && adjusted ? take_samples(call, &a, rank) : RMB_ELIMIT;
	for (int64_t s = 0; s <= ns; s++)
		row[s] = (struct finding){ s < ns ? members->statistic[s].name : "all", members->family[family].name, 0, NAN, NAN,
		                           NAN, NAN, NAN, NAN,
		                           NAN, NAN, NAN, NAN, NAN };
	for (int64_t s = 0; s < ns && !rc; s++) {
		rc = find_one(call, set, &a, s, rank, &row[s]);
		p[s] = row[s].p;
	}
	if (rc)
		return rc;
	rmb_holm(p, ns, adjusted);
	for (int64_t s = 0; s < ns; s++)
		row[s].adjusted = adjusted[s];
	return find_together(call, set, &a, rank, row);
}

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
	for (int64_t f = 0; f < members.nfamilies; f++) {
		if ((rc = find_family(call, set, &members, f, &finding[f * rows])) ||
		    (rc = rmb_progress(call, (double)(f + 1), (double)members.nfamilies)))
			return rc;
	}
	struct basis how = { rmb_recording_name(call), set->level, set->confidence, strcmp(set->test, "rank") == 0 };
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

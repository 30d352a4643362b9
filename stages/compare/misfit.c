/* stages/compare/misfit.c -- how far a simulation is from a recording: one number, for a search to make small.
 *
 * Of each statistic the mean x' over replicates of the simulation is set beside the recording's x:
 *     number        d = (x' - x) / |x|
 *     curve         d^2 = mean over points of (x'(j) - x(j))^2  /  mean over points of x(j)^2
 *     along ranks   d^2 = mean of (mean over replicates of ln x'(j) - ln x(j))^2, where compare uses logarithms too
 * and misfit = sqrt(mean over statistics of d^2). `scales` divides a difference by another number than the recording's own.
 * Unlike compare's, the distance is not in units of the replicates' spread: a search would find networks whose replicates
 * scatter.
 * Cost: replicates x points. */
#include <inttypes.h>
#include <math.h>
#include "compare/columns.h"
#include "compare/members.h"

struct settings { struct rmb_reals scales; };

static const struct rmb_param params[] = {
	{ .name = "scales", .kind = RMB_REALS, .at = offsetof(struct settings, scales), .def = "none", .none = true, .min = 1e-12,
	  .max = 1e12,
	  .help = "difference that counts as 1, for each entry of `recording` in order; none: the recording's own size, of "
	          "logarithms 1" }, { 0 } };

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_ARRAY, .gather = RMB_ALL,
	  .help = "statistics of the recording: numbers and curves, as alpha@z" },
	{ .name = "simulation", .kinds = RMB_ARRAY, .gather = RMB_ALL,
	  .help = "the same statistics of one simulation, all replicates, as alpha@network" }, { 0 } };

#define COLUMN(port, kind, what) { .name = port, .kinds = RMB_ARRAY, .axes = "statistic", .type = kind, .unit = "1", .help = what }
static const struct rmb_port out[] = {
	{ .name = "misfit", .kinds = RMB_ARRAY, .axes = "", .type = RMB_FLOAT64, .unit = "1",
	  .help = "root mean square of the differences; not a number if a statistic is missing on either side" },
	COLUMN("statistic", RMB_TEXT, "what is compared"),
	COLUMN("difference", RMB_FLOAT64, "simulation less recording in units of the scale; of a curve the root mean square"),
	COLUMN("recording", RMB_FLOAT64, "the recording's value; curves have none"),
	COLUMN("mean", RMB_FLOAT64, "mean of the replicates; curves have none"),
	COLUMN("replicates", RMB_INT64, "replicates that have it"), { 0 } };

struct row { const char *name; double difference, recording, mean; int64_t replicates; };

/* scale: NaN: the recording's own. Not a number where there is nothing to compare, infinite where the scale is zero. */
static double
difference(const struct sample *sample, bool number, double scale)
{
	const struct rmb_likeness *l = &sample->likeness;
	double square = 0, own = 0;
	if (l->n < 1 || l->m < 1)
		return NAN;
	for (int64_t j = 0; j < l->m; j++) {
		double d = rmb_likeness_mean(l, j) - l->x[j];
		square += d * d / (double)l->m;
		own += l->x[j] * l->x[j] / (double)l->m;
	}
	double size = !isnan(scale) ? scale : sample->logs ? 1 : sqrt(own);
	if (!(size > 0))
		return INFINITY;
	return number ? (rmb_likeness_mean(l, 0) - l->x[0]) / size : sqrt(square) / size;
}

static int
measure(struct rmb_call *call, const struct members *members, int64_t s, double scale, struct row *row)
{
	struct sample sample;
	bool number = members->statistic[s].recording->naxes == 0;
	int rc = rmb_members_sample(call, members, s, 0, &sample);
	if (rc)
		return rc;
	const char *name = members->statistic[s].name;
	*row = (struct row){ name, difference(&sample, number, scale), NAN, NAN, sample.likeness.n };
	if (sample.missing)
		rmb_warn(call, "%" PRId64 " of the %" PRId64 " replicates of %s have no %s", sample.missing,
		         members->family[0].n, members->family[0].name, name);
	if (number && sample.likeness.n > 0 && sample.likeness.m > 0) {
		row->recording = sample.likeness.x[0];
		row->mean = rmb_likeness_mean(&sample.likeness, 0);
	}
	if (isnan(row->difference))
		rmb_warn(call, "%s has no value, in the recording or in %s: there is no misfit", name, members->family[0].name);
	if (isinf(row->difference))
		return rmb_fail(call, RMB_EDATA,
		                "misfit: %s of recording '%s' is zero, so that no difference can be relative to it; say with "
		                "`scales` what counts as 1",
		                name, rmb_recording_name(call));
	return 0;
}

static int
publish(struct rmb_call *call, const struct row *row, int64_t n)
{
	static const struct column columns[] = {
		{ "statistic", offsetof(struct row, name), RMB_TEXT },
		{ "difference", offsetof(struct row, difference), RMB_FLOAT64 },
		{ "recording", offsetof(struct row, recording), RMB_FLOAT64 },
		{ "mean", offsetof(struct row, mean), RMB_FLOAT64 },
		{ "replicates", offsetof(struct row, replicates), RMB_INT64 }, { 0 } };
	double square = 0;
	for (int64_t s = 0; s < n; s++)
		square += row[s].difference * row[s].difference / (double)n;
	int rc = rmb_columns_output(call, "statistic", columns, n, row, sizeof *row);
	return rc ? rc : rmb_output_scalar(call, "misfit", sqrt(square));
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	struct members members;
	int rc = rmb_members_find(call, "misfit", "simulation", &members);
	if (rc)
		return rc;
	if (members.nfamilies > 1)
		return rmb_fail(call, RMB_EDATA,
		                "misfit: 'simulation' names %" PRId64
		                " simulations (%s, %s, ...); name the branch of one, as alpha@%s",
		                members.nfamilies, members.family[0].name, members.family[1].name, members.family[0].name);
	if (set->scales.n >= 0 && set->scales.n != members.nstatistics)
		return rmb_fail(call, RMB_EDATA,
		                "misfit: scales has %" PRId64 " values and 'recording' %" PRId64
		                " statistics; give one for each",
		                set->scales.n, members.nstatistics);
	struct row *row = rmb_scratch(call, (size_t)members.nstatistics, sizeof *row);
	if (!row)
		return RMB_ELIMIT;
	for (int64_t s = 0; s < members.nstatistics && !rc; s++)
		rc = measure(call, &members, s, set->scales.n >= 0 ? set->scales.v[s] : NAN, &row[s]);
	return rc ? rc : publish(call, row, members.nstatistics);
}

const struct rmb_stage rmb_stage_misfit = {
	.name = "misfit", .version = 2, .folder = "compare", .brief = "how far a simulation is from a recording, in one number",
	.about = "Sets statistics of a simulation, means over its replicates, beside those of the recording: numbers by "
	         "their relative difference, curves by the root mean square difference over points relative to the curve's, "
	         "curves along ranks (spectra) by that of their logarithms at 50 ranks evenly spaced in logarithm. The "
	         "misfit is the root mean square over statistics: 0.1 means a tenth off. It is what `fit` makes small, and "
	         "no test: `compare` says how surely a family is ruled out.",
	.cite = "the points and logarithms are those of compare",
	.caption = "Misfit of the simulation: {misfit}.", .tables = "statistic",
	.params = params, .in = in, .out = out, .settings_size = sizeof(struct settings), .reads_names = true, .run = run,
};

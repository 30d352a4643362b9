/* stages/analyze/dimension.c -- how many components a recording has, in effect.
 *
 * Of a spectrum s(rank), with total S = sum of s,
 *     participation = S^2 / sum of s^2,
 *     components_P = the first rank at which the sum from rank 1 on reaches P % of S, for P = 50, 80, 95.
 * Of the raw spectrum these count noise as well: private noise of N neurons adds up to N components. Of a cross-validated one
 * (svca) they are those of the reliable variance. Its values may be negative where there is only chance; `negative: keep`
 * leaves them, so that chance cancels in the sums, `zero` drops them.
 * Cost: one pass over the ranks. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "numeric/blas.h"
#include "numeric/variance.h"
#include "rumble/stage.h"

struct settings { const char *negative; };

static const struct rmb_param params[] = {
	{ .name = "negative", .kind = RMB_WORD, .at = offsetof(struct settings, negative), .def = "keep", .words = "keep|zero",
	  .help = "negative values of a cross-validated spectrum: kept, so that chance cancels, or taken as zero" }, { 0 } };

static const struct rmb_port in[] = {
	{ .name = "spectrum", .kinds = RMB_ARRAY, .axes = "rank", .help = "a spectrum, by rank" }, { 0 } };

#define OUT(port, axis, what) { .name = port, .kinds = RMB_ARRAY, .axes = axis, .type = RMB_FLOAT64, .unit = "1", .help = what }
static const struct rmb_port out[] = {
	OUT("participation", "", "participation ratio: the number of equal components that would give it"),
	OUT("components_50", "", "components that hold half of the variance"),
	OUT("components_80", "", "components that hold 80 % of the variance"),
	OUT("components_95", "", "components that hold 95 % of the variance"),
	OUT("cumulative", "rank", "part of the variance held by all ranks up to this one"), { 0 } };

static const struct { const char *port; double part; } parts[] = {
	{ "components_50", 0.5 }, { "components_80", 0.8 }, { "components_95", 0.95 } };

static const struct rmb_figure figures[] = {
	{ .name = "cumulative", .kind = "curve", .x = "rank", .y = "part of the variance", .logx = true,
	  .caption = "Part of the variance held by all ranks up to this one; half of it by {components_50}, 80 % by "
	             "{components_80}, 95 % by {components_95} components.",
	  .series = { { .y = "cumulative", .style = "line", .label = "participation ratio {participation}" } } }, { 0 } };

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	const struct rmb_array *spectrum = rmb_input_array(call, "spectrum", 0);
	if (!spectrum || spectrum->naxes != 1 || spectrum->type != RMB_FLOAT64 || spectrum->axis[0].n < 1)
		return rmb_fail(call, RMB_EDATA,
		                "dimension: '%s' is not a spectrum: needs one axis of ranks, in double precision",
		                rmb_input_name(call, "spectrum", 0));
	int64_t n = spectrum->axis[0].n, bad = rmb_first_nonfinite(spectrum->data, n);
	if (bad >= 0)
		return rmb_fail(call, RMB_EDATA, "dimension: rank %" PRId64 " of '%s' is not a finite number", bad + 1,
		                rmb_input_name(call, "spectrum", 0));
	double *s = rmb_scratch(call, (size_t)n, sizeof *s);
	struct rmb_array *cumulative = rmb_output(call, "cumulative", spectrum->axis);
	if (!s || !cumulative)
		return RMB_ELIMIT;
	bool zero = strcmp(set->negative, "zero") == 0;
	for (int64_t k = 0; k < n; k++)
		s[k] = zero ? fmax(((const double *)spectrum->data)[k], 0) : ((const double *)spectrum->data)[k];
	double total = rmb_cumulative(s, n, cumulative->data);
	if (!(total > 0))
		return rmb_fail(call, RMB_EDATA,
		                "dimension: the values of '%s' add up to %g; a spectrum without reliable variance has no "
		                "dimension; use more neurons or frames",
		                rmb_input_name(call, "spectrum", 0), total);
	int rc = rmb_output_scalar(call, "participation", rmb_participation(s, n));
	for (size_t i = 0; !rc && i < sizeof parts / sizeof *parts; i++)
		rc = rmb_output_scalar(call, parts[i].port, (double)rmb_rank_of_part(cumulative->data, n, parts[i].part));
	return rc;
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	(void)settings;
	cost->bytes = 24 * size->neurons;
	cost->memory = 16 * size->neurons + 1e6;
	cost->disk = 8 * size->neurons + 16384;
}

const struct rmb_stage rmb_stage_dimension = {
	.name = "dimension", .version = 1, .folder = "analyze", .brief = "how many components hold the variance of a spectrum",
	.about = "Gives the participation ratio of a spectrum and the number of components that hold 50, 80 and 95 % of its "
	         "variance. Give it the spectrum of svca for the reliable variance, that of spectrum for all variance, noise "
	         "included.",
	.cite = "Pachitariu et al. 2025, bioRxiv 2025.01.10.632397; participation ratio: Gao et al. 2017, bioRxiv 214262",
	.caption = "Participation ratio {participation}; half of the variance is held by {components_50} components, 80 % by "
	           "{components_80}, 95 % by {components_95}.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.estimate = estimate, .run = run,
};

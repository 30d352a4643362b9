/* stages/analyze/reliable.c -- what part of the variance of shared components is reliable.
 *
 * Of the reliable variance scov(k) and the total variance varcov(k) of component k on frames held out (svca's `spectrum` and
 * `total`),
 *     reliable(k) = scov(k) / varcov(k),   summed = sum of scov / sum of varcov over all components,
 * and the same sums up to each rank. A part may be negative where there is only chance.
 * Reference: Stringer et al. 2019.
 * Cost: one pass over the ranks. */
#include <inttypes.h>
#include <math.h>
#include "rumble/stage.h"

struct settings { char none; };

static const struct rmb_param params[] = { { 0 } };

static const struct rmb_port in[] = {
	{ .name = "spectrum", .kinds = RMB_ARRAY, .axes = "rank", .help = "reliable variance of each component: svca.spectrum" },
	{ .name = "total", .kinds = RMB_ARRAY, .axes = "rank",
	  .help = "total variance of the same components: svca.total" }, { 0 } };

#define OUT(port, axis, what) { .name = port, .kinds = RMB_ARRAY, .axes = axis, .type = RMB_FLOAT64, .unit = "1", .help = what }
static const struct rmb_port out[] = {
	OUT("reliable", "rank", "reliable part of the variance of each component"),
	OUT("summed", "", "reliable part of the variance of all components together"),
	OUT("up_to", "rank", "reliable part of the variance of all components up to this rank"), { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "reliable", .kind = "curve", .x = "rank", .y = "reliable part of the variance", .logx = true,
	  .caption = "Reliable part of the variance on frames held out: of each component, and of all up to a rank. All "
	             "together: {summed}.",
	  .series = { { .y = "reliable", .style = "line", .label = "component" },
	              { .y = "up_to", .style = "dashes", .label = "up to this rank" } } }, { 0 } };

static int
run(struct rmb_call *call)
{
	const struct rmb_array *spectrum = rmb_input_array(call, "spectrum", 0), *total = rmb_input_array(call, "total", 0);
	if (!spectrum || !total || spectrum->naxes != 1 || total->naxes != 1 || spectrum->type != RMB_FLOAT64 ||
	    total->type != RMB_FLOAT64)
		return rmb_fail(call, RMB_EDATA,
		                "reliable: needs the spectrum and the total of an svca stage, each with one axis of ranks");
	int64_t n = spectrum->axis[0].n;
	if (total->axis[0].n != n || n < 1)
		return rmb_fail(call, RMB_EDATA,
		                "reliable: '%s' has %" PRId64 " ranks and '%s' has %" PRId64
		                "; give spectrum and total of the same svca stage",
		                rmb_input_name(call, "spectrum", 0), n, rmb_input_name(call, "total", 0), total->axis[0].n);
	struct rmb_array *reliable = rmb_output(call, "reliable", spectrum->axis),
	                 *up_to = rmb_output(call, "up_to", spectrum->axis);
	if (!reliable || !up_to)
		return RMB_ELIMIT;
	const double *scov = spectrum->data, *varcov = total->data;
	double shared = 0, all = 0;
	for (int64_t k = 0; k < n; k++) {
		if (!isfinite(scov[k]) || !isfinite(varcov[k]) || !(varcov[k] > 0))
			return rmb_fail(call, RMB_EDATA,
			                "reliable: component %" PRId64
			                " has a total variance of %g and a reliable one of %g; the total must be positive: "
			                "give svca.total",
			                k + 1, varcov[k], scov[k]);
		shared += scov[k];
		all += varcov[k];
		((double *)reliable->data)[k] = scov[k] / varcov[k];
		((double *)up_to->data)[k] = shared / all;
	}
	return rmb_output_scalar(call, "summed", shared / all);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	(void)settings;
	cost->bytes = 32 * size->neurons;
	cost->memory = 16 * size->neurons + 1e6;
	cost->disk = 16 * size->neurons + 16384;
}

const struct rmb_stage rmb_stage_reliable = {
	.name = "reliable", .version = 1, .folder = "analyze", .brief = "reliable part of the variance of shared components",
	.about = "Divides the reliable variance of shared components by their total variance, both on frames held out: "
	         "component by component, up to each rank, and all together.",
	.cite = "Stringer et al. 2019, Science 364:255",
	.caption = "Reliable part of the variance on frames held out; all components together: {summed}.",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.estimate = estimate, .run = run,
};

#include "simulate/widths.h"
#include <math.h>
#include "numeric/powerlaw.h"
#include "numeric/statistics.h"

/* Exponents of all draws in the bins of number i. */
static int
exponents(struct rmb_call *call, const struct ensemble *e, int64_t i, struct rmb_range ranks, double *exponent)
{
	struct rmb_powerlaw_options options = { .first = ranks.first, .last = ranks.last };
	struct rmb_powerlaw line;
	int rc = 0;
	for (int64_t d = 0; !rc && d < e->ndraws; d++) {
		rc = rmb_powerlaw_fit(e->wide + (d * e->widths.n + i) * e->n, e->n, &options, &line, rmb_call_error(call));
		exponent[d] = rc ? NAN : line.alpha;
	}
	return rc;
}

int
rmb_widths_publish(struct rmb_call *call, const struct ensemble *e, double bin, struct rmb_range ranks)
{
	if (e->widths.n == 0)
		return 0;
	struct rmb_axis axis = rmb_axis_index("width", e->widths.n);
	struct rmb_array *width = rmb_output(call, "width", &axis), *mean = rmb_output(call, "width_exponent", &axis),
	                 *sd = rmb_output(call, "width_exponent_sd", &axis);
	double *exponent = rmb_scratch(call, (size_t)e->ndraws, sizeof *exponent);
	int rc = width && mean && sd && exponent ? 0 : RMB_ELIMIT;
	for (int64_t i = 0; !rc && i < e->widths.n; i++) {
		rc = exponents(call, e, i, ranks, exponent);
		((double *)width->data)[i] = bin * (double)e->widths.v[i];
		((double *)mean->data)[i] = rmb_mean(exponent, e->ndraws);
		((double *)sd->data)[i] = rmb_deviation(exponent, e->ndraws);
	}
	return rc;
}

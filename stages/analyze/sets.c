#include "analyze/sets.h"
#include <inttypes.h>
#include <math.h>

/* Mean and standard deviation of each set: two passes, so that equal values have none. */
static void
summarize(struct rmb_call *call, int nsets, double *mean, double *spread, int64_t *n)
{
	int ninputs = rmb_input_count(call, "value");
	for (int i = 0; i < ninputs; i++) {
		mean[rmb_input_set(call, i)] += *(const double *)rmb_input_array(call, "value", i)->data;
		n[rmb_input_set(call, i)]++;
	}
	for (int s = 0; s < nsets; s++)
		mean[s] = n[s] ? mean[s] / (double)n[s] : NAN;
	for (int i = 0; i < ninputs; i++) {
		int s = rmb_input_set(call, i);
		double d = *(const double *)rmb_input_array(call, "value", i)->data - mean[s];
		spread[s] += d * d;
	}
	for (int s = 0; s < nsets; s++)
		spread[s] = n[s] ? sqrt(spread[s] / (double)n[s]) : NAN;
}

static void
warn(struct rmb_call *call, int nsets, const double *mean, const int64_t *n)
{
	int64_t most = 0;
	for (int s = 0; s < nsets; s++)
		most = n[s] > most ? n[s] : most;
	for (int s = 0; s < nsets; s++) {
		const char *name = rmb_varied_name(call, 0), *text = rmb_varied_text(call, s, 0);
		if (n[s] == 0)
			rmb_warn(call, "set %d (%s: %s) failed and is left out", s + 1, name, text);
		else if (n[s] < most)
			rmb_warn(call,
			         "set %d (%s: %s) is a mean over %" PRId64 " replicates instead of %" PRId64
			         ": the others failed",
			         s + 1, name, text, n[s], most);
		else if (!isfinite(mean[s]))
			rmb_warn(call, "the value of set %d (%s: %s) is not finite", s + 1, name, text);
	}
}

int
rmb_sets_gather(struct rmb_call *call, const char *stage, const char *axis_name, const double **means, const double **spreads,
                const int64_t **counts)
{
	int nsets = rmb_set_count(call), ninputs = rmb_input_count(call, "value");
	struct rmb_axis axis = rmb_axis_make(axis_name, "1", nsets, 1, 1);
	for (int i = 0; i < ninputs; i++)
		if (rmb_input_array(call, "value", i)->type != RMB_FLOAT64 ||
		    rmb_array_count(rmb_input_array(call, "value", i)) != 1)
			return rmb_fail(call, RMB_EDATA, "%s: '%s' is not a number in double precision", stage,
			                rmb_input_name(call, "value", i));
	if (ninputs == 0)
		return rmb_fail(call, RMB_EDATA, "%s: none of its %d sets has a value, for all of them failed", stage, nsets);
	struct rmb_array *value = rmb_output(call, "value", &axis), *spread = rmb_output(call, "spread", &axis),
	                 *n = rmb_output(call, "n", &axis);
	if (!value || !spread || !n)
		return RMB_ELIMIT;
	*means = value->data, *spreads = spread->data, *counts = n->data;
	summarize(call, nsets, value->data, spread->data, n->data);
	warn(call, nsets, value->data, n->data);
	return 0;
}

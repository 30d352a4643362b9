#include "simulate/edges.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "numeric/powerlaw.h"
#include "numeric/statistics.h"

struct curve { double distance[RMB_EDGES], mean[RMB_EDGES], sd[RMB_EDGES]; };

static int
make_curve(struct rmb_call *call, const struct ensemble *e, struct rmb_range ranks, struct curve *curve)
{
	int64_t last = ranks.last < e->n ? ranks.last : e->n;
	struct rmb_powerlaw_options options = { .first = ranks.first, .last = ranks.last };
	double *s = rmb_scratch(call, (size_t)last, sizeof *s),
	       *exponent = rmb_scratch(call, (size_t)e->ndraws, sizeof *exponent);
	struct rmb_powerlaw line;
	int rc = s && exponent ? 0 : RMB_ELIMIT;
	for (int i = 0; !rc && i < RMB_EDGES; i++) {
		curve->distance[i] = pow(10, -0.3 - 0.1 * i);
		for (int64_t d = 0; !rc && d < e->ndraws; d++) {
			rmb_ensemble_variance_at(e, d, 1 - curve->distance[i], last, s);
			rc = rmb_powerlaw_fit(s, last, &options, &line, rmb_call_error(call));
			exponent[d] = line.alpha;
		}
		curve->mean[i] = rmb_mean(exponent, e->ndraws);
		curve->sd[i] = rmb_deviation(exponent, e->ndraws);
	}
	return rc;
}

static int
publish_curve(struct rmb_call *call, const struct curve *curve)
{
	struct rmb_axis axis = rmb_axis_index("edge", RMB_EDGES);
	const struct { const char *port; const double *values; } columns[] = {
		{ "distance", curve->distance }, { "edge_exponent", curve->mean }, { "edge_exponent_sd", curve->sd } };
	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
		struct rmb_array *array = rmb_output(call, columns[i].port, &axis);
		if (!array)
			return RMB_ELIMIT;
		memcpy(array->data, columns[i].values, sizeof curve->mean);
	}
	return 0;
}

/* Nearer to criticality than this, exponents of networks differ by more than those of edges. */
static const double flat = 0.005;

static void
describe(const struct rmb_inversion *found, const struct curve *curve, double exponent, char *text, size_t size)
{
	const double *mean = curve->mean;
	if (isnan(found->low))
		snprintf(text, size,
		         "The measured exponent of %.3f lies %s those of symmetric networks of this size at any edge (%.3f "
		         "to %.3f).",
		         exponent, exponent > mean[RMB_EDGES - 1] ? "above" : "below", mean[0], mean[RMB_EDGES - 1]);
	else if (found->open_low)
		snprintf(text, size,
		         "The measured exponent of %.3f is that of edges from %.4g to 1: saturated, one recording cannot "
		         "tell them apart.",
		         exponent, 1 - found->high);
	else
		snprintf(text, size, "The measured exponent of %.3f is that of edges from %.4g to %.4g%s.", exponent,
		         found->open_high ? 0 : 1 - found->high, 1 - found->low,
		         found->low < flat ? ", where the curve is nearly flat" : "");
}

/* What an infinitely long recording would say; a finite one is biased, and only surrogates of its length show by how much. */
static int
read_exponent(struct rmb_call *call, const struct curve *curve, double exponent, double error)
{
	double spread[RMB_EDGES];
	struct rmb_inversion found;
	char text[256];
	for (int i = 0; i < RMB_EDGES; i++)
		spread[i] = hypot(curve->sd[i], error);
	rmb_exponent_inversion(curve->distance, curve->mean, spread, RMB_EDGES, 1.96, exponent, &found);
	describe(&found, curve, exponent, text, sizeof text);
	int rc = rmb_output_text(call, "reading", text);
	if (isnan(found.low)) {
		rmb_warn(call, "%s It is no exponent of this family without noise, of infinite length", text);
		return rc;
	}
	double nearest = !isnan(found.distance) ? found.distance : found.open_low ? found.low : found.high;
	const struct { const char *port; double value; } scalars[] = {
		{ "critical_distance", nearest }, { "critical_distance_low", found.open_low ? 0 : found.low },
		{ "critical_distance_high", found.open_high ? 1 : found.high },
		{ "saturated", found.open_low || nearest < flat } };
	for (size_t i = 0; !rc && i < sizeof scalars / sizeof *scalars; i++)
		rc = rmb_output_scalar(call, scalars[i].port, scalars[i].value);
	return rc;
}

/* A number at an optional port, NaN if there is none. */
static int
number(struct rmb_call *call, const char *port, double *value)
{
	const struct rmb_array *array = rmb_input_array(call, port, 0);
	*value = NAN;
	if (array && (array->naxes != 0 || array->type != RMB_FLOAT64))
		return rmb_fail(call, RMB_EDATA, "theory: '%s' is not a number in double precision",
		                rmb_input_name(call, port, 0));
	if (array)
		*value = *(const double *)array->data;
	return 0;
}

int
rmb_edges_publish(struct rmb_call *call, const struct ensemble *e, struct rmb_range ranks)
{
	bool given = rmb_input_count(call, "exponent") > 0;
	struct curve curve;
	double measured, error;
	int rc = number(call, "exponent", &measured);
	if (!rc)
		rc = number(call, "exponent_error", &error);
	if (!rc && given)
		rc = rmb_output_scalar(call, "measured_exponent", measured);
	if (!rc && e->symmetric) {
		rc = make_curve(call, e, ranks, &curve);
		if (!rc)
			rc = publish_curve(call, &curve);
	}
	if (rc)
		return rc;
	if (!isfinite(measured))
		return rmb_output_text(call, "reading",
		                       given ? "The measured exponent has no value." : "No exponent was measured.");
	if (!e->symmetric)
		return rmb_output_text(call, "reading", "Exponents are read off the curve of symmetric networks only.");
	if (e->ndraws < 2)
		return rmb_output_text(call, "reading",
		                       "No exponent is read off the curve of a single network, which has no spread.");
	return read_exponent(call, &curve, measured, isfinite(error) ? error : 0);
}

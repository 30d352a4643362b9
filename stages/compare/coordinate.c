#include "compare/coordinate.h"
#include <math.h>
#include "rumble/units.h"

/* Texts that read as numbers are numbers: noise is `matched`, or one. */
static double
number_of(const struct rmb_varied *v, int i)
{
	double number;
	if (v->param->kind == RMB_STRING)
		return rmb_quantity_parse(v->text[i], "1", &number, NULL) ? NAN : number;
	return v->param->kind == RMB_REAL || v->param->kind == RMB_INT ? v->number[i] : NAN;
}

int
rmb_coordinate_of(const struct rmb_varied *v, struct coordinate *c, struct rmb_error *error)
{
	if (v->n != 2)
		return rmb_error_set(error, RMB_ERECIPE, "%s has %d value%s; a search needs two bounds: [LOW, HIGH]", v->name,
		                     v->n, v->n == 1 ? "" : "s");
	*c = (struct coordinate){ RMB_LINEAR, v->param, number_of(v, 0), number_of(v, 1) };
	for (int i = 0; i < 2; i++)
		if (!isfinite(i ? c->high : c->low))
			return rmb_error_set(error, RMB_ERECIPE,
			                     "%s is bounded by %s, which is no number; only numbers can be fitted", v->name,
			                     v->text[i]);
	if (!(c->low < c->high))
		return rmb_error_set(error, RMB_ERECIPE,
		                     "%s is bounded by %s and %s; the first bound must be below the second", v->name,
		                     v->text[0], v->text[1]);
	bool part = v->param->kind == RMB_REAL && v->param->min >= 0 && v->param->max > 0 && v->param->max <= 1;
	bool from_zero = c->low > 0 && c->high >= 10 * c->low, from_one = part && c->high < 1 && 1 - c->low >= 10 * (1 - c->high);
	static const enum rmb_scale scales[2][2] = { { RMB_LINEAR, RMB_LOG_REST }, { RMB_LOG, RMB_LOGIT } };
	c->scale = scales[from_zero][from_one];
	return 0;
}

static double
same(double x)
{
	return x;
}

static double
log_rest(double x)
{
	return -log1p(-x);
}

static double
exp_rest(double t)
{
	return -expm1(-t);
}

static double
logit(double x)
{
	return log(x) - log1p(-x);
}

static double
logistic(double t)
{
	return 1 / (1 + exp(-t));
}

static const struct { double (*there)(double), (*back)(double); } bends[] = {
	[RMB_LINEAR] = { same, same },
	[RMB_LOG] = { log, exp },
	[RMB_LOG_REST] = { log_rest, exp_rest },
	[RMB_LOGIT] = { logit, logistic },
};

const char *
rmb_coordinate_text(struct rmb_arena *arena, const struct coordinate *c, double place)
{
	double low = bends[c->scale].there(c->low), high = bends[c->scale].there(c->high);
	double x = bends[c->scale].back(low + place * (high - low));
	return rmb_set_text(arena, c->param, fmin(fmax(x, c->low), c->high)); /* rounding does not lead out of the bounds */
}

/* pipeline/settings_print.c -- values, and the ranges they are allowed in, as people write them. */
#include "pipeline/settings.h"
#include <math.h>
#include "rumble/units.h"

enum { ITEMS_PRINTED = 8 };

static const char *
bound(struct rmb_arena *arena, const struct rmb_param *param, double value)
{
	char buffer[64];
	bool whole = param->kind == RMB_INT || param->kind == RMB_RANGE || param->kind == RMB_INTS;
	if (whole && value == 0x1p53)
		return "2^53"; /* beyond it, not every whole number is a double */
	if (whole && fabs(value) < 1e15)
		snprintf(buffer, sizeof buffer, "%.0f", value);
	else
		rmb_quantity_print(value, rmb_param_unit(param), buffer, sizeof buffer);
	return rmb_arena_strdup(arena, buffer);
}

const char *
rmb_param_range(struct rmb_arena *arena, const struct rmb_param *param)
{
	bool below = isfinite(param->min), above = isfinite(param->max);
	if ((param->min == 0 && param->max == 0) || (!below && !above))
		return NULL;
	const char *min = below ? bound(arena, param, param->min) : "", *max = above ? bound(arena, param, param->max) : "";
	if (!min || !max)
		return NULL;
	return below && above ? rmb_arena_printf(arena, "%s to %s", min, max)
	                      : rmb_arena_printf(arena, below ? "%s or more" : "%s or less", below ? min : max);
}

static const char *
real_print(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value)
{
	char buffer[64];
	return rmb_arena_strdup(arena, rmb_quantity_print(value->real, rmb_param_unit(param), buffer, sizeof buffer));
}

static const char *
int_print(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value)
{
	(void)param;
	return rmb_arena_printf(arena, "%lld", (long long)value->integer);
}

static const char *
flag_print(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value)
{
	(void)arena, (void)param;
	return value->flag ? "true" : "false";
}

static const char *
text_print(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value)
{
	(void)arena, (void)param;
	return value->text;
}

static const char *
span_print(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value)
{
	(void)param;
	return rmb_arena_printf(arena, "%lld..%lld", (long long)value->range.first, (long long)value->range.last);
}

static const char *
ints_print(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value)
{
	(void)param;
	const char *text = "[";
	int64_t n = value->ints.n < ITEMS_PRINTED ? value->ints.n : ITEMS_PRINTED;
	for (int64_t i = 0; text && i < n; i++)
		text = rmb_arena_printf(arena, "%s%s%lld", text, i ? ", " : "", (long long)value->ints.v[i]);
	if (text && n < value->ints.n)
		return rmb_arena_printf(arena, "%s, ...] (%lld in all)", text, (long long)value->ints.n);
	return text ? rmb_arena_printf(arena, "%s]", text) : NULL;
}

static const char *
reals_print(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value)
{
	const char *text = "[";
	int64_t n = value->reals.n < ITEMS_PRINTED ? value->reals.n : ITEMS_PRINTED;
	for (int64_t i = 0; text && i < n; i++) {
		char buffer[64];
		text = rmb_arena_printf(arena, "%s%s%s", text, i ? ", " : "",
		                        rmb_quantity_print(value->reals.v[i], rmb_param_unit(param), buffer, sizeof buffer));
	}
	if (text && n < value->reals.n)
		return rmb_arena_printf(arena, "%s, ...] (%lld in all)", text, (long long)value->reals.n);
	return text ? rmb_arena_printf(arena, "%s]", text) : NULL;
}

static const char *(*const printers[])(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value) = {
	[RMB_REAL] = real_print, [RMB_INT] = int_print, [RMB_FLAG] = flag_print, [RMB_WORD] = text_print,
	[RMB_STRING] = text_print,
	[RMB_FILE] = text_print, [RMB_RANGE] = span_print, [RMB_INTS] = ints_print, [RMB_REALS] = reals_print,
};

const char *
rmb_value_print(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value)
{
	return value->none ? "none" : printers[param->kind](arena, param, value);
}

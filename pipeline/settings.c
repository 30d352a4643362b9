/* pipeline/settings.c -- the settings struct of a stage, filled from values, and what its descriptor says of its parameters.
 *
 * How a value is read from a recipe stands in settings_read.c, its canonical JSON in settings_json.c, how it is printed in
 * settings_print.c; each has a table with a row for every kind of parameter. */
#include "pipeline/settings.h"
#include <math.h>
#include <string.h>

static void
real_store(void *field, const struct rmb_value *value)
{
	*(double *)field = value->none ? NAN : value->real;
}

static void
int_store(void *field, const struct rmb_value *value)
{
	*(int64_t *)field = value->none ? INT64_MIN : value->integer;
}

static void
flag_store(void *field, const struct rmb_value *value)
{
	*(bool *)field = value->flag;
}

static void
text_store(void *field, const struct rmb_value *value)
{
	*(const char **)field = value->none ? NULL : value->text;
}

static void
file_store(void *field, const struct rmb_value *value)
{
	*(const char **)field = value->none ? NULL : value->path;
}

static void
span_store(void *field, const struct rmb_value *value)
{
	*(struct rmb_range *)field = value->none ? (struct rmb_range){ INT64_MIN, INT64_MIN } : value->range;
}

static void
ints_store(void *field, const struct rmb_value *value)
{
	*(struct rmb_ints *)field = value->none ? (struct rmb_ints){ -1, NULL } : value->ints;
}

static void
reals_store(void *field, const struct rmb_value *value)
{
	*(struct rmb_reals *)field = value->none ? (struct rmb_reals){ -1, NULL } : value->reals;
}

static void (*const stores[])(void *field, const struct rmb_value *value) = {
	[RMB_REAL] = real_store, [RMB_INT] = int_store, [RMB_FLAG] = flag_store, [RMB_WORD] = text_store,
	[RMB_STRING] = text_store,
	[RMB_FILE] = file_store, [RMB_RANGE] = span_store, [RMB_INTS] = ints_store, [RMB_REALS] = reals_store,
};

void *
rmb_settings_make(struct rmb_arena *arena, const struct rmb_stage *stage, const struct rmb_value *values)
{
	char *settings = rmb_arena_alloc(arena, 1, stage->settings_size);
	for (int i = 0; settings && i < rmb_nparams(stage); i++)
		stores[stage->params[i].kind](settings + stage->params[i].at, &values[i]);
	return settings;
}

/* ---- numbers */

double
rmb_value_number(const struct rmb_param *param, const struct rmb_value *value)
{
	if (value->none)
		return NAN;
	return param->kind == RMB_REAL   ? value->real
	       : param->kind == RMB_INT  ? (double)value->integer
	       : param->kind == RMB_FLAG ? value->flag
	                                 : NAN;
}

const char *
rmb_set_text(struct rmb_arena *arena, const struct rmb_param *param, double number)
{
	const char *unit = rmb_param_unit(param);
	if (param->kind == RMB_FLAG)
		return number >= 0.5 ? "true" : "false";
	if (param->kind == RMB_INT)
		return rmb_arena_printf(arena, "%lld", llround(number));
	return rmb_arena_printf(arena, "%.17g%s%s", number, strcmp(unit, "1") ? " " : "", strcmp(unit, "1") ? unit : "");
}

/* ---- what a descriptor says */

const char *
rmb_param_unit(const struct rmb_param *param)
{
	return param->unit ? param->unit : "1";
}

const char **
rmb_param_words(struct rmb_arena *arena, const struct rmb_param *param)
{
	int n = 1;
	for (const char *c = param->words; *c; c++)
		n += *c == '|';
	const char **word = rmb_arena_alloc(arena, (size_t)n + 1, sizeof *word);
	char *text = rmb_arena_strdup(arena, param->words);
	for (int i = 0; word && text && i < n; i++)
		word[i] = strsep(&text, "|");
	return word && word[0] ? word : NULL;
}

int
rmb_nparams(const struct rmb_stage *stage)
{
	int n = 0;
	while (stage->params && stage->params[n].name)
		n++;
	return n;
}

int
rmb_param_index(const struct rmb_stage *stage, const char *name)
{
	for (int i = 0; stage->params && stage->params[i].name; i++)
		if (strcmp(stage->params[i].name, name) == 0)
			return i;
	return -1;
}

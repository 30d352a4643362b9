/* pipeline/report/figure_json.c -- a figure as JSON: texts as they are, numbers as Base64 of little-endian float32. */
#include <string.h>
#include "pipeline/events.h"
#include "pipeline/report/figure_json.h"
#include "pipeline/report/html.h"

static json_t *
floats(struct rmb_arena *arena, const float *value, int64_t n)
{
	const char *text = rmb_base64(arena, value, (size_t)n * sizeof *value);
	return text ? json_string(text) : NULL;
}

static bool
same(const float *a, const float *b, int64_t n)
{
	return memcmp(a, b, (size_t)n * sizeof *a) == 0;
}

/* A trace without x has the x of the one before: the lines of a family, a band and its line, the maps of the same neurons. */
static json_t *
trace_json(struct rmb_arena *arena, const struct rmb_trace *t, const struct rmb_trace *before)
{
	static const char *const mark[] = { "points", "line", "dashes", "band", "bars", "strokes" };
	const struct rmb_look *look = rmb_trace_look(t);
	bool pale = t->mark == RMB_POINTS || t->mark == RMB_STROKES || t->low, failed = false;
	json_t *json = json_pack("{s:o, s:s, s:i, s:o}", "label", rmb_json_text(t->label), "mark", mark[t->mark], "panel",
	                         t->panel, "y", floats(arena, t->y, t->n));
	if (!before || before->n != t->n || !same(before->x, t->x, t->n))
		failed = json_object_set_new(json, "x", floats(arena, t->x, t->n));
	if (t->low)
		failed = failed || json_object_set_new(json, "low", floats(arena, t->low, t->n));
	if (t->z)
		failed = failed || json_object_set_new(json, "z", floats(arena, t->z, t->n));
	else if (t->scaled)
		failed = failed || json_object_set_new(json, "value", json_real(t->value));
	else {
		json_t *style = json_pack("{s:s, s:s, s:s, s:s}", "light", pale ? look->light : look->deep, "dark",
		                          pale ? look->dark : look->bright, "symbol", look->symbol, "dash",
		                          t->mark == RMB_DASHES    ? look->dashes
		                          : t->mark == RMB_STROKES ? "solid"
		                                                   : look->line);
		failed = failed || json_object_update_missing_new(json, style);
	}
	if (t->quiet)
		failed = failed || json_object_set_new(json, "quiet", json_true());
	if (t->look < 0)
		failed = failed || json_object_set_new(json, "guide", json_true());
	if (failed)
		json_decref(json);
	return failed ? NULL : json;
}

static json_t *
texts(const char *const *text, int n)
{
	json_t *list = json_array();
	for (int i = 0; i < n; i++)
		json_array_append_new(list, rmb_json_text(text[i]));
	return list;
}

static json_t *
image_json(struct rmb_arena *arena, const struct rmb_image *i)
{
	const char *bytes = rmb_base64(arena, i->value, (size_t)(i->rows * i->columns));
	const struct rmb_ramp *ramp = &rmb_ramp_image;
	return json_pack("{s:I, s:I, s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:o, s:o}", "rows", (json_int_t)i->rows, "columns",
	                 (json_int_t)i->columns, "bytes", bytes ? bytes : "", "low", i->low, "high", i->high, "x", i->x, "dx",
	                 i->dx, "y", i->y, "dy", i->dy, "light", texts(ramp->light, ramp->n), "dark",
	                 texts(ramp->dark, ramp->n));
}

static json_t *
scale_json(const struct rmb_scale *scale)
{
	return json_pack("{s:o, s:f, s:f, s:b, s:o, s:o}", "title", rmb_json_text(scale->title), "low", scale->low, "high",
	                 scale->high, "log", scale->log, "light", texts(scale->ramp->light, scale->ramp->n), "dark",
	                 texts(scale->ramp->dark, scale->ramp->n));
}

json_t *
rmb_figure_json(struct rmb_arena *arena, const struct rmb_figure_data *f)
{
	struct rmb_grid grid;
	json_t *traces = json_array();
	bool failed = false;
	rmb_figure_grid(f, &grid);
	for (int i = 0; i < f->ntraces; i++)
		failed = json_array_append_new(traces, trace_json(arena, &f->trace[i], i ? &f->trace[i - 1] : NULL)) || failed;
	json_t *json = json_pack("{s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:i, s:i, s:o, s:[f,f], s:[f,f], s:o}", "file",
	                         rmb_json_text(f->file), "title", rmb_json_text(f->title), "x", rmb_json_text(f->x), "y",
	                         rmb_json_text(f->y), "logx", f->logx, "logy", f->logy, "equal", f->equal, "columns",
	                         grid.columns, "rows", grid.rows, "panels", texts(f->panel, f->npanels), "spanx", f->low[0],
	                         f->high[0], "spany", f->low[1], f->high[1], "traces", traces);
	if (json && f->nlanes)
		failed = json_object_set_new(json, "lanes", texts(f->lane, f->nlanes)) || failed;
	if (json && f->image)
		failed = json_object_set_new(json, "image", image_json(arena, f->image)) || failed;
	if (json && f->scale.ramp)
		failed = json_object_set_new(json, "scale", scale_json(&f->scale)) || failed;
	if (failed)
		json_decref(json);
	return failed ? NULL : json;
}

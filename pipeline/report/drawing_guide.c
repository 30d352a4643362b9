/* pipeline/report/drawing_guide.c -- what a figure is compared with: lines, stripes, circles, power laws, as traces like any
 * other. */
#include <math.h>
#include <string.h>
#include "pipeline/report/drawing.h"

enum { MOST_GUIDES = sizeof ((struct rmb_figure *)0)->guide / sizeof (struct rmb_guide), POINTS = 181 };

/* One guide at its numbers; x, low, y have room for POINTS. */
struct shape { const struct rmb_guide *guide; const struct rmb_figure_data *data; double at, to; int n; float *x, *low, *y; };

/* Point i of n from one end of an axis to the other. */
static double
along(const struct shape *s, int axis, int i)
{
	double part = (double)i / (s->n - 1), low = s->data->low[axis], high = s->data->high[axis];
	return (axis ? s->data->logy : s->data->logx) ? low * pow(high / low, part) : low + part * (high - low);
}

/* The line y = y0 (x / x0)^-exponent, at x > 0. */
static float
power(const struct shape *s, double x, double exponent)
{
	bool given = s->guide->through[0] != 0 || s->guide->through[1] != 0;
	double x0 = given ? s->guide->through[0] : 1, y0 = given ? s->guide->through[1] : 1;
	return x > 0 ? (float)(y0 * pow(x / x0, -exponent)) : NAN;
}

static void
horizontal(struct shape *s, int i)
{
	s->x[i] = (float)along(s, 0, i);
	s->y[i] = (float)s->at;
}

static void
vertical(struct shape *s, int i)
{
	s->x[i] = (float)s->at;
	s->y[i] = (float)along(s, 1, i);
}

static void
span(struct shape *s, int i)
{
	double from = fmax(fmin(s->at, s->to), s->data->low[0]), to = fmin(fmax(s->at, s->to), s->data->high[0]);
	s->x[i] = (float)(from + (to - from) * i / (s->n - 1));
	s->low[i] = (float)s->data->low[1];
	s->y[i] = (float)s->data->high[1];
}

static void
circle(struct shape *s, int i)
{
	double turn = 2 * M_PI * i / (s->n - 1);
	s->x[i] = (float)(s->at * cos(turn));
	s->y[i] = (float)(s->at * sin(turn));
}

static void
power_law(struct shape *s, int i)
{
	double x = along(s, 0, i);
	s->x[i] = (float)x;
	s->y[i] = power(s, x, s->at);
}

static void
wedge(struct shape *s, int i)
{
	double x = along(s, 0, i);
	float a = power(s, x, s->at), b = power(s, x, s->to);
	s->x[i] = (float)x;
	s->low[i] = fminf(a, b);
	s->y[i] = fmaxf(a, b);
}

/* axis: the one on which the guide must be seen, -1: neither. bent: unless both axes are logarithmic; 2: always. */
static const struct kind { const char *name; void (*point)(struct shape *, int); bool band; int axis, bent; } kinds[] = {
	{ "horizontal", horizontal, false, 1, 0 }, { "vertical", vertical, false, 0, 0 }, { "span", span, true, -1, 0 },
	{ "circle", circle, false, -1, 2 }, { "power", power_law, false, -1, 1 }, { "wedge", wedge, true, -1, 1 } };

static const struct kind *
kind_of(const struct rmb_guide *guide)
{
	size_t i = 0;
	while (strcmp(kinds[i].name, guide->shape)) /* the descriptors' tests know the names */
		i++;
	return &kinds[i];
}

static bool
numbers(const struct rmb_drawing *d, int group, const struct rmb_guide *guide, struct shape *s, bool *scalar)
{
	double end;
	bool ignored;
	if (!rmb_drawing_number(d, group, guide->at, &s->at, &s->to, scalar))
		return false;
	return !guide->to || rmb_drawing_number(d, group, guide->to, &s->to, &end, &ignored);
}

static int
add(struct rmb_drawing *d, int group, int panel, const struct rmb_guide *guide, int look, struct rmb_error *error)
{
	const struct kind *kind = kind_of(guide);
	struct shape s = { .guide = guide, .data = d->data };
	bool own;
	if (!numbers(d, group, guide, &s, &own))
		return 0;
	s.n = kind->bent > (d->data->logx && d->data->logy) ? POINTS : 2;
	struct rmb_arena *arena = d->g->arena;
	struct rmb_trace *trace = rmb_traces_add(arena, &d->guides);
	s.x = rmb_arena_alloc(arena, POINTS, sizeof *s.x);
	s.y = rmb_arena_alloc(arena, POINTS, sizeof *s.y);
	s.low = rmb_arena_alloc(arena, POINTS, sizeof *s.low);
	if (!trace || !s.x || !s.y || !s.low)
		return rmb_error_nomem(error, "a figure");
	for (int i = 0; i < s.n; i++)
		kind->point(&s, i);
	own = own && d->ngroups > 1;
	const char *label = rmb_drawing_fill(d, own ? group : -1, guide->label), *branch = rmb_group_name(d, group);
	*trace = (struct rmb_trace){ .label = own && *branch ? rmb_arena_printf(arena, "%s: %s", branch, label) : label,
	                             .mark = kind->band ? RMB_BAND : own ? RMB_DASHES : RMB_LINE, .panel = panel,
	                             .quiet = panel > 0 || !guide->label || (own && group > 0),
	                             .look = own ? d->g->look[d->group[group].node[0]->index] : RMB_LOOK_GUIDE(look), .n = s.n,
	                             .x = s.x, .y = s.y, .low = kind->band ? s.low : NULL, .count = s.n };
	return 0;
}

/* A line at a place must be seen, though no value may be near. */
static void
widen(struct rmb_drawing *d, const struct rmb_guide *guide)
{
	struct rmb_figure_data *data = d->data;
	int axis = kind_of(guide)->axis;
	const double *window = axis > 0 ? d->figure->ywindow : d->figure->xwindow;
	if (axis < 0 || window[0] < window[1])
		return;
	for (int i = 0; i < d->ngroups; i++) {
		struct shape s = { 0 };
		bool scalar, log_axis = axis ? data->logy : data->logx;
		if (!numbers(d, i, guide, &s, &scalar) || (log_axis && s.at <= 0))
			continue;
		data->low[axis] = fmin(data->low[axis], s.at);
		data->high[axis] = fmax(data->high[axis], s.at);
	}
}

int
rmb_draw_guides(struct rmb_drawing *d, struct rmb_error *error)
{
	const struct rmb_guide *guide = d->figure->guide;
	int n = 0, code = 0, before = d->guides.n, panels = d->data->npanels > 0 ? d->data->npanels : 1;
	for (; n < MOST_GUIDES && guide[n].shape; n++)
		widen(d, &guide[n]);
	for (int k = 0; k < n; k++) {
		struct shape s = { 0 };
		bool scalar = false;
		(void)!numbers(d, 0, &guide[k], &s, &scalar);
		for (int p = 0; p < panels && !code; p++)
			for (int i = 0; i < (scalar && panels == 1 ? d->ngroups : 1) && !code; i++)
				code = add(d, i, p, &guide[k], before + k, error);
	}
	return code;
}

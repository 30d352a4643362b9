/* pipeline/report/figure.c -- how figures look, what their axes show, and what is said of them. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "pipeline/report/figure.h"

/* Okabe and Ito's colours in an order whose greys differ as well; the dark ones are lighter variants of the same hues. */
#define BLUE "#0072b2", "#6cb8f0", "#00456e", "#c3e4fb"
#define VERMILION "#d55e00", "#ff9f5e", "#8f3d00", "#ffd9bd"
#define GREEN "#009e73", "#45d6a8", "#005f45", "#bff2e1"
#define PURPLE "#b0548b", "#eca0cc", "#7a2f5c", "#fbdcee"
#define OCHRE "#8a6d00", "#f0cf4e", "#5c4800", "#fcefbd"
#define GREY "#4d4d4d", "#c9c9c9", "#1a1a1a", "#f2f2f2"
#define GUIDE "#c4cad1", "#4b555f", "#7d8792", "#8b96a1"
const struct rmb_look rmb_look[RMB_LOOKS + RMB_GUIDE_LOOKS] = {
	{ BLUE, "circle", 7, "solid", "dash", "solid", "'-'" },
	{ VERMILION, "square-open", 4, "dot", "longdash", "'.'", "'_'" },
	{ GREEN, "triangle-up", 9, "dashdot", "longdashdot", "'-.'", "'_.'" },
	{ PURPLE, "diamond-open", 12, "solid", "dot", "solid", "'.'" },
	{ OCHRE, "cross", 2, "dot", "dash", "'.'", "'-'" },
	{ GREY, "triangle-down-open", 10, "dashdot", "dot", "'-.'", "'.'" },
	{ BLUE, "square", 5, "dashdot", "dot", "'-.'", "'.'" },
	{ VERMILION, "triangle-up-open", 8, "solid", "dash", "solid", "'-'" },
	{ GREEN, "diamond", 13, "dot", "longdash", "'.'", "'_'" },
	{ PURPLE, "circle-open", 6, "dashdot", "longdashdot", "'-.'", "'_.'" },
	{ OCHRE, "triangle-down", 11, "solid", "longdash", "solid", "'_'" },
	{ GREY, "x", 1, "dot", "dash", "'.'", "'-'" },
	{ GUIDE, "circle", 7, "solid", "dash", "solid", "'-'" },
	{ GUIDE, "circle", 7, "dash", "dash", "'-'", "'-'" },
	{ GUIDE, "circle", 7, "dot", "dot", "'.'", "'.'" },
};

/* One hue from pale to deep; a path through hues whose lightness changes evenly, without the ends that paper or screen swallow;
 * and vermilion and blue, which all eyes tell apart, on both sides of a pale grey. */
const struct rmb_ramp rmb_ramp_image = { 6, { "#f5f8fc", "#c9dcf0", "#8bb7de", "#4486c2", "#1b5592", "#0a2a52" },
                                         { "#121820", "#173a63", "#2566a3", "#4f97d3", "#98c5ec", "#eef6ff" } };
const struct rmb_ramp rmb_ramp_family = { 6, { "#3b0f5c", "#43417f", "#2f6f8e", "#22968a", "#57b866", "#b8b422" },
                                          { "#fde725", "#9bd93c", "#4ac16d", "#1f9e89", "#3a87a8", "#7a78c8" } };
const struct rmb_ramp rmb_ramp_map = { 5, { "#00456e", "#4f9bd0", "#d9dadb", "#ee8a4a", "#8f3d00" },
                                       { "#c3e4fb", "#4f9bd0", "#363c43", "#e8752e", "#ffd9bd" } };

const struct rmb_look *
rmb_trace_look(const struct rmb_trace *trace)
{
	return &rmb_look[trace->look < 0 ? RMB_LOOKS - 1 - trace->look : trace->look % RMB_LOOKS];
}

double
rmb_scale_place(const struct rmb_scale *scale, double value)
{
	double low = scale->log ? log(scale->low) : scale->low, high = scale->log ? log(scale->high) : scale->high;
	double place = ((scale->log ? log(value) : value) - low) / (high - low);
	return place > 0 ? fmin(place, 1) : 0; /* not a number: 0 */
}

enum rmb_mark
rmb_mark_named(const char *style)
{
	if (style && strcmp(style, "points") == 0)
		return RMB_POINTS;
	return style && strcmp(style, "dashes") == 0 ? RMB_DASHES : RMB_LINE;
}

const char *
rmb_number_print(struct rmb_arena *arena, double value, int digits)
{
	if (!isfinite(value))
		return isnan(value) ? "none" : value > 0 ? "infinite" : "minus infinite";
	if (value == rint(value) && fabs(value) < 1e9)
		return rmb_arena_printf(arena, "%.0f", value == 0 ? 0.0 : value);
	if (fabs(value) >= pow(10, digits) && fabs(value) < 1e6)
		return rmb_arena_printf(arena, "%.0f", value);
	char *text = rmb_arena_printf(arena, "%#.*g", digits, value); /* 11.00 is not 11 */
	size_t length = text ? strlen(text) : 0;
	if (length && text[length - 1] == '.')
		text[length - 1] = '\0';
	return text;
}

const char *
rmb_figure_fill(struct rmb_arena *arena, const char *text, rmb_lookup *lookup, void *from)
{
	const char *done = "";
	while (text && *text) {
		size_t plain = strcspn(text, "{"), length = text[plain] ? strcspn(text + plain + 1, "{}") : 0;
		const char *name = text + plain + 1, *value = NULL;
		if (length && name[length] == '}')
			value = lookup(from, rmb_arena_printf(arena, "%.*s", (int)length, name));
		if (value) {
			done = rmb_arena_printf(arena, "%s%.*s%s", done, (int)plain, text, value);
			text = name + length + 1;
		} else {
			plain += text[plain] != 0;
			done = rmb_arena_printf(arena, "%s%.*s", done, (int)plain, text);
			text += plain;
		}
	}
	return done;
}

static int
hex_pair(const char *text)
{
	static const char digits[] = "0123456789abcdef";
	return 16 * (int)(strchr(digits, text[0]) - digits) + (int)(strchr(digits, text[1]) - digits);
}

void
rmb_ramp_colour(const struct rmb_ramp *ramp, double place, char colour[8])
{
	int i = (int)fmin(place * (ramp->n - 1), ramp->n - 2);
	double part = place * (ramp->n - 1) - i;
	int rgb[3];
	for (int c = 0; c < 3; c++)
		rgb[c] = (int)lrint((1 - part) * hex_pair(ramp->light[i] + 1 + 2 * c) +
		                    part * hex_pair(ramp->light[i + 1] + 1 + 2 * c));
	snprintf(colour, 8, "#%02x%02x%02x", rgb[0] & 255, rgb[1] & 255, rgb[2] & 255);
}

void
rmb_figure_grid(const struct rmb_figure_data *figure, struct rmb_grid *grid)
{
	int panels = figure->npanels > 0 ? figure->npanels : 1, columns = figure->npanels > 0 ? figure->ncolumns : 1;
	*grid = (struct rmb_grid){ .panels = panels, .columns = columns, .rows = (panels + columns - 1) / columns };
	grid->width = columns == 1 ? 600 : columns == 2 ? 900 : 1200;
	grid->height = figure->nlanes ? 90 + 18 * figure->nlanes : grid->rows == 1 ? 420 : 80 + 320 * grid->rows;
	int entries = 0;
	size_t longest = 0;
	for (int i = 0; i < figure->ntraces; i++)
		if (!figure->trace[i].quiet && !figure->trace[i].scaled) {
			size_t length = strlen(figure->trace[i].label);
			entries++;
			longest = length > longest ? length : longest;
		}
	grid->legend = longest <= 24 ? (entries + 1) / 2 : entries; /* in two columns where these have room */
	if (panels == 1)
		grid->height += figure->nlanes ? 20 * grid->legend : grid->legend > 3 ? 20 * (grid->legend - 3) : 0;
}

/* ---- what the axes show ------------------------------------------------------------------------------------------ */

struct span { double low, high; };

/* On a logarithmic axis what is next to nothing in double precision may be nothing in a figure's single precision. */
static void
take(struct span *span, double value, bool log_axis)
{
	if (isfinite(value) && (!log_axis || value > 0)) {
		span->low = fmin(span->low, value);
		span->high = fmax(span->high, value);
	}
}

/* A little room at both ends, and some width around a single value. */
static void
settle(struct span span, bool log_axis, double *low, double *high)
{
	bool none = !(span.low <= span.high);
	if (log_axis) {
		double from = none ? 0 : log10(span.low), to = none ? 1 : log10(span.high),
		       room = to > from ? 0.03 * (to - from) : 0.3;
		*low = pow(10, from - room), *high = pow(10, to + room);
	} else {
		double from = none ? 0 : span.low, to = none ? 1 : span.high;
		double room = to > from ? 0.03 * (to - from) : 0.5 * fmax(fabs(from), DBL_MIN) + (from == 0);
		*low = from - room, *high = to + room;
	}
}

/* Within a factor of five there may be no more than one of 1, 2, 5, 10 to name on a logarithmic axis, and a linear one
 * looks much the same. Values that a logarithmic axis left out would be missing from it without a reason. */
static bool
too_short(const struct rmb_figure_data *figure, struct span span)
{
	bool hidden = false;
	for (int i = 0; i < figure->ntraces; i++)
		hidden = hidden || figure->trace[i].hidden > 0;
	return !hidden && span.low < span.high && span.high < 5 * span.low;
}

void
rmb_figure_range(struct rmb_figure_data *figure)
{
	struct span all[2] = { { INFINITY, -INFINITY }, { INFINITY, -INFINITY } };
	for (int i = 0; i < figure->ntraces; i++)
		for (int64_t k = 0; k < figure->trace[i].n; k++)
			if (!figure->trace[i].low) {
				take(&all[0], (double)figure->trace[i].x[k], figure->logx);
				take(&all[1], (double)figure->trace[i].y[k], figure->logy);
			}
	struct span core = all[1];
	for (int i = 0; i < figure->ntraces; i++)
		for (int64_t k = 0; k < figure->trace[i].n; k++)
			if (figure->trace[i].low && !isnan(figure->trace[i].y[k])) {
				double low = (double)figure->trace[i].low[k], high = (double)figure->trace[i].y[k];
				take(&all[1], figure->logy ? fmax(low, core.low / 10) : low, figure->logy);
				take(&all[1], figure->logy ? fmin(high, core.high * 10) : high, figure->logy);
			}
	bool *logs[2] = { &figure->logx, &figure->logy };
	for (int d = 0; d < 2; d++)
		if (!(figure->low[d] < figure->high[d])) {
			*logs[d] = *logs[d] && !too_short(figure, all[d]);
			settle(all[d], *logs[d], &figure->low[d], &figure->high[d]);
		}
}

/* A band that a logarithmic axis would break off goes on to below its end. */
static void
let_bands_end(struct rmb_figure_data *figure)
{
	for (int i = 0; i < figure->ntraces; i++)
		if (figure->trace[i].low && figure->logy)
			for (int64_t k = 0; k < figure->trace[i].n; k++) {
				float *low = &figure->trace[i].low[k];
				*low = *low > 0 || isnan(*low) ? *low : (float)(figure->low[1] / 2);
			}
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

static const char *
image_note(struct rmb_arena *arena, const struct rmb_image *image)
{
	if (image->rows == image->full_rows && image->columns == image->full_columns)
		return "Colours leave out the outermost 0.5\xc2\xa0% of values at each end.";
	return rmb_arena_printf(arena, "Shown: means over blocks, %" PRId64 " x %" PRId64 " of %" PRId64 " x %" PRId64
	                        " values; colours leave out the outermost 0.5\xc2\xa0%% of them at each end.",
	                        image->rows, image->columns, image->full_rows, image->full_columns);
}

static const char *
sentence(struct rmb_arena *arena, const char *note, const char *more)
{
	return *more ? rmb_arena_printf(arena, "%s%s%s", note, *note ? " " : "", more) : note;
}

/* "1 value", "2 values". */
static const char *
counted(struct rmb_arena *arena, int64_t n, const char *what)
{
	return rmb_arena_printf(arena, "%" PRId64 " %s%s", n, what, n == 1 ? "" : "s");
}

/* Of the lines of a family and the points of maps, which are many: once for all. */
static const char *
together_note(struct rmb_arena *arena, const struct rmb_figure_data *figure)
{
	int64_t hidden = 0;
	bool thinned = false;
	for (int i = 0; i < figure->ntraces; i++) {
		hidden += figure->trace[i].hidden;
		thinned = thinned || figure->trace[i].thinned;
	}
	const char *note = thinned ? "Lines are drawn with fewer values than they have." : "";
	return sentence(arena, note, hidden ? "Values at or below zero have no place on a logarithmic axis." : "");
}

/* Of those traces that have one: "'z: fit' 3, 'shuffled: fit' 1". */
static const char *
list_of(struct rmb_arena *arena, const struct rmb_figure_data *figure, bool (*has)(const struct rmb_trace *), bool with_total)
{
	const char *list = "";
	for (int i = 0; i < figure->ntraces; i++) {
		const struct rmb_trace *t = &figure->trace[i];
		if (has(t))
			list = rmb_arena_printf(arena, with_total ? "%s%s'%s' %" PRId64 " of %" PRId64 : "%s%s'%s' %" PRId64,
			                        list, *list ? ", " : "", t->label, with_total ? t->n : t->hidden, t->count);
	}
	return list;
}

static bool
is_thinned(const struct rmb_trace *t)
{
	return t->thinned && !t->low;
}

static bool
is_hidden(const struct rmb_trace *t)
{
	return t->hidden && !t->low;
}

static bool
ends_below(const struct rmb_trace *t)
{
	return t->hidden && t->low;
}

static const char *
traces_note(struct rmb_arena *arena, const struct rmb_figure_data *figure)
{
	static const struct { bool (*has)(const struct rmb_trace *); bool total; const char *text; } kinds[] = {
		{ is_thinned, true, "Values drawn: " },
		{ is_hidden, false, "Values at or below zero, which have no place on a logarithmic axis: " },
		{ ends_below, false, "Intervals that reach below zero, where a logarithmic axis ends: " } };
	const char *note = "";
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const char *list = list_of(arena, figure, kinds[i].has, kinds[i].total);
		note = sentence(arena, note, *list ? rmb_arena_printf(arena, "%s%s.", kinds[i].text, list) : "");
	}
	return note;
}

/* Values that lie outside what the axes show at first, guides and bands apart. */
static const char *
outside_note(struct rmb_arena *arena, const struct rmb_figure_data *figure)
{
	int64_t outside = 0, all = 0;
	for (int i = 0; i < figure->ntraces; i++) {
		const struct rmb_trace *t = &figure->trace[i];
		for (int64_t k = 0; k < t->n && !t->low && t->look >= 0; k++) {
			double x = (double)t->x[k], y = (double)t->y[k];
			all += !isnan(y);
			outside += x < figure->low[0] || x > figure->high[0] || y < figure->low[1] || y > figure->high[1];
		}
	}
	return outside ? rmb_arena_printf(arena, "Outside what the axes show: %" PRId64 " of %s.", outside,
	                                  counted(arena, all, "value"))
	               : "";
}

/* "'z: fit': 110 points, from 1 (at 11) to 0.02 (at 120)". */
static const char *
trace_words(struct rmb_arena *arena, const struct rmb_trace *t)
{
	if (!t->n)
		return rmb_arena_printf(arena, "'%s': nothing to draw", t->label);
	return rmb_arena_printf(arena, "'%s': from %s at %s to %s at %s", t->label, rmb_number_print(arena, (double)t->y[0], 3),
	                        rmb_number_print(arena, (double)t->x[0], 4), rmb_number_print(arena, (double)t->y[t->n - 1], 3),
	                        rmb_number_print(arena, (double)t->x[t->n - 1], 4));
}

static const char *
image_words(struct rmb_arena *arena, const struct rmb_image *image)
{
	return rmb_arena_printf(arena, ", as an image of %" PRId64 " rows and %" PRId64 " columns, values from %s to %s",
	                        image->full_rows, image->full_columns, rmb_number_print(arena, image->low, 3),
	                        rmb_number_print(arena, image->high, 3));
}

/* Of a family or a map: how many lines or points, what their colours mean, what the panels are. */
static const char *
scaled_words(struct rmb_arena *arena, const struct rmb_figure_data *figure)
{
	int64_t lines = 0, points = 0;
	for (int i = 0; i < figure->ntraces; i++) {
		lines += figure->trace[i].scaled;
		points += figure->trace[i].z ? figure->trace[i].n : 0;
	}
	const char *words = rmb_arena_printf(arena, ": %" PRId64 " %s coloured by %s from %s to %s", lines ? lines : points,
	                                     lines ? "lines" : "points", figure->scale.title,
	                                     rmb_number_print(arena, figure->scale.low, 3),
	                                     rmb_number_print(arena, figure->scale.high, 3));
	for (int i = 0; i < figure->npanels && figure->npanels > 1; i++)
		words = rmb_arena_printf(arena, "%s%s%s", words, i ? ", " : "; panels: ", figure->panel[i]);
	return words;
}

/* Of a forest: every estimate, lane by lane. */
static const char *
forest_words(struct rmb_arena *arena, const struct rmb_figure_data *figure)
{
	const char *words = "";
	for (int lane = 0; lane < figure->nlanes; lane++)
		for (int i = 0; i < figure->ntraces; i++) {
			const struct rmb_trace *t = &figure->trace[i];
			for (int64_t k = 0; t->mark == RMB_POINTS && k < t->n; k++)
				if (lrintf(t->y[k]) == -1 - lane)
					words = rmb_arena_printf(arena, "%s%s %s%s%s %s", words, *words ? "," : ":",
					                         figure->lane[lane], t->quiet ? "" : " ",
					                         t->quiet ? "" : t->label,
					                         rmb_number_print(arena, (double)t->x[k], 3));
		}
	return words;
}

void
rmb_figure_finish(struct rmb_arena *arena, struct rmb_figure_data *figure)
{
	const char *words = figure->nlanes ? rmb_arena_printf(arena, "%s, %s by row%s", figure->title, figure->x,
	                                                      forest_words(arena, figure))
	                                   : rmb_arena_printf(arena, "%s, %s over %s", figure->title, figure->y, figure->x),
	           *note;
	if (figure->image) {
		note = image_note(arena, figure->image);
		words = rmb_arena_printf(arena, "%s%s", words, image_words(arena, figure->image));
	} else {
		rmb_figure_range(figure);
		let_bands_end(figure);
		note = figure->scale.ramp ? together_note(arena, figure) : traces_note(arena, figure);
		note = sentence(arena, note, outside_note(arena, figure));
	}
	if (figure->scale.ramp)
		words = rmb_arena_printf(arena, "%s%s", words, scaled_words(arena, figure));
	for (int i = 0, n = 0; i < figure->ntraces && !figure->scale.ramp && !figure->nlanes; i++)
		if (!figure->trace[i].quiet)
			words = rmb_arena_printf(arena, "%s%s %s", words, n++ ? ";" : ":", trace_words(arena, &figure->trace[i]));
	figure->caption = sentence(arena, figure->caption, note);
	figure->findings = rmb_arena_printf(arena, "%s.", words);
}

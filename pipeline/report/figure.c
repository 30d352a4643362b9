/* pipeline/report/figure.c -- from arrays to what a screen can show: thinning, block means, captions.
 *
 * A line of 2,000 points keeps the smallest and largest value of each of 1,000 stretches of the axis (equal on screen, so
 * logarithmic where the axis is): every spike stays visible at a width of 1,000 pixels. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "pipeline/report/figure.h"

/* Okabe and Ito's colours in an order whose greys differ as well; the dark ones are lighter variants of the same hues. */
const struct rmb_look rmb_look[RMB_LOOKS] = {
	{ "#0072b2", "#6cb8f0", "#00456e", "#c3e4fb", "circle", 7, "solid", "dash", "solid", "'-'" },
	{ "#d55e00", "#ff9f5e", "#8f3d00", "#ffd9bd", "square-open", 4, "dot", "longdash", "'.'", "'_'" },
	{ "#009e73", "#45d6a8", "#005f45", "#bff2e1", "triangle-up", 9, "dashdot", "longdashdot", "'-.'", "'_.'" },
	{ "#b0548b", "#eca0cc", "#7a2f5c", "#fbdcee", "diamond-open", 12, "solid", "dot", "solid", "'.'" },
	{ "#8a6d00", "#f0cf4e", "#5c4800", "#fcefbd", "cross", 2, "dot", "dash", "'.'", "'-'" },
	{ "#4d4d4d", "#c9c9c9", "#1a1a1a", "#f2f2f2", "triangle-down-open", 10, "dashdot", "dot", "'-.'", "'.'" },
};
const char *const rmb_ramp_light[RMB_RAMP] = { "#f5f8fc", "#c9dcf0", "#8bb7de", "#4486c2", "#1b5592", "#0a2a52" };
const char *const rmb_ramp_dark[RMB_RAMP] = { "#121820", "#173a63", "#2566a3", "#4f97d3", "#98c5ec", "#eef6ff" };

enum { BLOCK_VALUES = 1 << 20, BLOCK_COLUMNS = 1 << 16 };

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

/* ---- traces ------------------------------------------------------------------------------------------------------ */

struct points { const double *x; double start, step; const double *y; bool logx, logy; };

static double
x_at(const struct points *p, int64_t i)
{
	return p->x ? p->x[i] : p->start + (double)i * p->step;
}

static bool
can_show(const struct points *p, int64_t i)
{
	double x = x_at(p, i);
	return isfinite(x) && isfinite(p->y[i]) && !(p->logx && x <= 0) && !(p->logy && p->y[i] <= 0);
}

/* Where a value lies along the axis as drawn. */
static double
along(const struct points *p, int64_t i)
{
	return p->logx ? log(x_at(p, i)) : x_at(p, i);
}

static void
put(const struct points *p, int64_t i, float *x, float *y, int64_t *n)
{
	x[*n] = (float)x_at(p, i);
	y[(*n)++] = (float)p->y[i];
}

static void
put_gap(float *x, float *y, int64_t *n)
{
	if (*n && !isnan(y[*n - 1])) {
		x[*n] = x[*n - 1];
		y[(*n)++] = NAN;
	}
}

/* Smallest and largest value of each of `bins` equal stretches of the axis, in their order; a gap ends its stretch. */
static int64_t
keep_extremes(const struct points *p, int64_t n, int64_t first, int64_t last, int64_t bins, float *x, float *y)
{
	double from = along(p, first), width = (along(p, last) - from) / (double)bins;
	int64_t m = 0, bin = -1, low = -1, high = -1;
	bool gap = false;
	for (int64_t i = first; i <= n; i++) {
		int64_t now = i < n && can_show(p, i) ? (int64_t)fmin((along(p, i) - from) / width, (double)(bins - 1)) : bin;
		if (i == n || now != bin) {
			if (low >= 0)
				put(p, low < high ? low : high, x, y, &m);
			if (high >= 0 && high != low)
				put(p, low < high ? high : low, x, y, &m);
			if (gap && i < n)
				put_gap(x, y, &m);
			bin = now, low = high = -1, gap = false;
		}
		if (i == n)
			break;
		if (!can_show(p, i)) {
			gap = true;
			continue;
		}
		low = low < 0 || p->y[i] < p->y[low] ? i : low;
		high = high < 0 || p->y[i] > p->y[high] ? i : high;
	}
	return m;
}

/* Every value, or each k-th of those that can be shown. */
static int64_t
keep_some(const struct points *p, int64_t n, int64_t shown, int64_t limit, float *x, float *y)
{
	int64_t m = 0, seen = 0, next = 0, taken = 0;
	for (int64_t i = 0; i < n; i++) {
		if (!can_show(p, i)) {
			if (shown <= limit)
				put_gap(x, y, &m);
			continue;
		}
		if (seen++ != next)
			continue;
		put(p, i, x, y, &m);
		next = shown <= limit ? next + 1 : ++taken * shown / limit;
	}
	while (m && isnan(y[m - 1]))
		m--;
	return m;
}

int
rmb_trace_set(struct rmb_arena *arena, const double *x, double start, double step, const double *y, int64_t n, bool logx, bool logy,
              int limit, struct rmb_trace *trace, struct rmb_error *error)
{
	struct points p = { x, start, step, y, logx, logy };
	int64_t shown = 0, hidden = 0, first = -1, last = -1;
	bool ascending = true;
	for (int64_t i = 0; i < n; i++) {
		if (!can_show(&p, i)) {
			hidden += isfinite(x_at(&p, i)) && isfinite(y[i]);
			continue;
		}
		ascending = ascending && (last < 0 || x_at(&p, i) > x_at(&p, last));
		first = first < 0 ? i : first;
		last = i;
		shown++;
	}
	if (ascending && limit > RMB_LINE_LIMIT)
		limit = RMB_LINE_LIMIT;
	size_t room = 2 * (size_t)(shown < limit ? shown : limit) + 2;
	float *kept_x = rmb_arena_alloc(arena, room, sizeof *kept_x), *kept_y = rmb_arena_alloc(arena, room, sizeof *kept_y);
	if (!kept_x || !kept_y)
		return rmb_error_nomem(error, "a figure");
	trace->count = n, trace->hidden = hidden, trace->thinned = shown > limit;
	trace->x = kept_x, trace->y = kept_y;
	trace->n = shown > limit && ascending ? keep_extremes(&p, n, first, last, limit / 2, kept_x, kept_y)
	                                      : keep_some(&p, n, shown, limit, kept_x, kept_y);
	return 0;
}

/* ---- images ------------------------------------------------------------------------------------------------------ */

static int
by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

/* What the colours span, and the values as bytes of that span. */
static int
quantise(struct rmb_arena *arena, const float *mean, struct rmb_image *image)
{
	int64_t n = image->rows * image->columns;
	float *sorted = rmb_arena_copy(arena, mean, (size_t)n, sizeof *mean);
	unsigned char *value = rmb_arena_alloc(arena, (size_t)n, 1);
	if (!sorted || !value)
		return RMB_ELIMIT;
	int64_t finite = 0;
	for (int64_t i = 0; i < n; i++)
		if (isfinite(mean[i]))
			sorted[finite++] = mean[i];
	qsort(sorted, (size_t)finite, sizeof *sorted, by_value);
	int64_t end = finite - 1, outside = finite / 200;
	image->low = finite ? sorted[outside] : 0, image->high = finite ? sorted[end - outside] : 0;
	if (finite && !(image->high > image->low))
		image->low = sorted[0], image->high = sorted[end];
	if (!(image->high > image->low))
		image->high = image->low + 1;
	for (int64_t i = 0; i < n; i++) /* fmax takes what is not NaN */
		value[i] = (unsigned char)lrint(255 * fmin(fmax((mean[i] - image->low) / (image->high - image->low), 0), 1));
	image->value = value;
	return 0;
}

/* Adds rows row .. row + nrows - 1 to sum[columns], each block column of the matrix to its column of the image. */
static void
add_rows(const struct rmb_image *image, rmb_matrix_read *read, const void *from, int64_t row, int64_t nrows, float *buffer, double *sum)
{
	int64_t full = image->full_columns;
	for (int64_t start = 0; start < full; start += BLOCK_COLUMNS) {
		int64_t nc = full - start < BLOCK_COLUMNS ? full - start : BLOCK_COLUMNS;
		read(from, row, nrows, start, nc, buffer);
		for (int64_t i = 0; i < nrows; i++)
			for (int64_t c = start * image->columns / full, j = 0; j < nc; j++) {
				while (start + j >= (c + 1) * full / image->columns)
					c++;
				sum[c] += (double)buffer[i * nc + j];
			}
	}
}

struct rmb_image *
rmb_image_make(struct rmb_arena *arena, int64_t rows, int64_t columns, int limit, rmb_matrix_read *read, const void *from, struct rmb_error *error)
{
	struct rmb_image *image = rmb_arena_alloc(arena, 1, sizeof *image);
	int64_t nr = rows < limit ? rows : limit, nc = columns < limit ? columns : limit;
	int64_t wide = columns < BLOCK_COLUMNS ? columns : BLOCK_COLUMNS, tall = wide ? BLOCK_VALUES / wide : 0;
	if (nr < 1 || nc < 1) {
		rmb_error_set(error, RMB_EDATA, "an image of %" PRId64 " x %" PRId64 " values cannot be drawn", rows, columns);
		return NULL;
	}
	float *mean = rmb_arena_alloc(arena, (size_t)(nr * nc), sizeof *mean);
	double *sum = rmb_arena_alloc(arena, (size_t)nc, sizeof *sum);
	float *buffer = malloc((size_t)BLOCK_VALUES * sizeof *buffer);
	if (!image || !mean || !sum || !buffer) {
		free(buffer);
		rmb_error_nomem(error, "an image");
		return NULL;
	}
	*image = (struct rmb_image){ .rows = nr, .columns = nc, .full_rows = rows, .full_columns = columns,
	                             .dx = (double)columns / (double)nc, .dy = (double)rows / (double)nr };
	image->x = (image->dx - 1) / 2, image->y = (image->dy - 1) / 2;
	for (int64_t r = 0; r < nr; r++) {
		int64_t first = r * rows / nr, end = (r + 1) * rows / nr;
		memset(sum, 0, (size_t)nc * sizeof *sum);
		for (int64_t row = first; row < end; row += tall)
			add_rows(image, read, from, row, end - row < tall ? end - row : tall, buffer, sum);
		for (int64_t c = 0; c < nc; c++)
			mean[r * nc + c] = (float)(sum[c] / (double)((end - first) * ((c + 1) * columns / nc - c * columns / nc)));
	}
	free(buffer);
	if (quantise(arena, mean, image)) {
		rmb_error_nomem(error, "an image");
		return NULL;
	}
	return image;
}

static void
read_recording(const void *from, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, float *buffer)
{
	const struct rmb_recording *recording = from;
	rmb_read_block(recording, row, nrows, column, ncolumns, buffer);
	if (column + ncolumns == recording->nframes)
		rmb_drop_rows(recording, row, nrows);
}

struct rmb_image *
rmb_image_recording(struct rmb_arena *arena, const struct rmb_recording *recording, int limit, struct rmb_error *error)
{
	struct rmb_image *image = rmb_image_make(arena, recording->neurons.n, recording->nframes, limit, read_recording, recording, error);
	if (image && recording->rate > 0)
		image->x = (image->x + 0.5) / recording->rate, image->dx /= recording->rate;
	return image;
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
traces_note(struct rmb_arena *arena, const struct rmb_figure_data *figure)
{
	const char *note = "";
	for (int i = 0; i < figure->ntraces; i++) {
		const struct rmb_trace *t = &figure->trace[i];
		if (t->thinned)
			note = rmb_arena_printf(arena, "%s%s'%s' is drawn with %" PRId64 " of its %" PRId64 " values.", note, *note ? " " : "",
			                        t->label, t->n, t->count);
		if (t->hidden)
			note = rmb_arena_printf(arena, "%s%s%" PRId64 " values of '%s' are not above zero and have no place on a logarithmic axis.",
			                        note, *note ? " " : "", t->hidden, t->label);
	}
	return note;
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

void
rmb_figure_finish(struct rmb_arena *arena, struct rmb_figure_data *figure)
{
	const char *note = figure->image ? image_note(arena, figure->image) : traces_note(arena, figure);
	const char *words = rmb_arena_printf(arena, "%s, %s over %s", figure->title, figure->y, figure->x);
	figure->caption = rmb_arena_printf(arena, "%s%s%s", figure->caption, *figure->caption && *note ? " " : "", note);
	if (figure->image)
		words = rmb_arena_printf(arena, "%s, as an image of %" PRId64 " rows and %" PRId64 " columns, values from %s to %s", words,
		                         figure->image->full_rows, figure->image->full_columns, rmb_number_print(arena, figure->image->low, 3),
		                         rmb_number_print(arena, figure->image->high, 3));
	for (int i = 0; i < figure->ntraces; i++)
		words = rmb_arena_printf(arena, "%s%s %s", words, i ? ";" : ":", trace_words(arena, &figure->trace[i]));
	figure->findings = rmb_arena_printf(arena, "%s.", words);
}

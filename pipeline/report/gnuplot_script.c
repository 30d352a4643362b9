/* pipeline/report/gnuplot_script.c -- figures as a script for gnuplot, and their numbers as binary files.
 *
 * What users named stands only within single quotes, where gnuplot expands nothing; backticks in double quotes would run
 * commands. */
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>
#include "pipeline/events.h"
#include "pipeline/report/gnuplot.h"

struct script { FILE *to; struct rmb_arena *arena; int folder, number, nfiles; }; /* number: of the figure */

const char *
rmb_gnuplot_name(struct rmb_arena *arena, const char *what, int figure, int part)
{
	return rmb_arena_printf(arena, "%s-%d-%d", what, figure, part);
}

FILE *
rmb_gnuplot_create(int folder, const char *name)
{
	int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *to = file < 0 ? NULL : fdopen(file, "wb");
	if (file >= 0 && !to)
		close(file);
	return to;
}

/* Text in single quotes, a quote doubled; what could end the line becomes a blank. */
static void
quoted(FILE *to, const char *text)
{
	json_t *clean = rmb_json_text(text); /* UTF-8, whatever the name was */
	fputc('\'', to);
	for (const char *c = json_string_value(clean); c && *c; c++) {
		fputc((unsigned char)*c < 0x20 ? ' ' : *c, to);
		if (*c == '\'')
			fputc('\'', to);
	}
	fputc('\'', to);
	json_decref(clean);
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

/* Writes floats into a file of their own and its name into the script. */
static int
store(struct script *s, const float *value, size_t n)
{
	const char *name = rmb_gnuplot_name(s->arena, "data", s->number, s->nfiles++);
	FILE *to = name ? rmb_gnuplot_create(s->folder, name) : NULL;
	if (!to)
		return -1;
	size_t written = n ? fwrite(value, sizeof *value, n, to) : 0;
	quoted(s->to, name);
	return fclose(to) == 0 && written == n ? 0 : -1;
}

/* Values go in as they are: for a computed column gnuplot sets up a signal handler twice a pixel. */
static int
plot_image(struct script *s, const struct rmb_image *image)
{
	size_t n = (size_t)(image->rows * image->columns);
	float *value = rmb_arena_alloc(s->arena, n, sizeof *value);
	for (size_t i = 0; value && i < n; i++)
		value[i] = (float)(image->low + (image->high - image->low) * image->value[i] / 255);
	fprintf(s->to, "set autoscale fix\nplot ");
	int code = value ? store(s, value, n) : -1;
	fprintf(s->to, " binary array=(%" PRId64 ",%" PRId64 ") format='%%float32' origin=(%.9g,%.9g) dx=%.9g dy=%.9g using 1 "
	        "with image notitle\n", image->columns, image->rows, image->x, image->y, image->dx, image->dy);
	return code;
}

/* A value of a line between two gaps: a dot, or it would be lost. */
static bool
is_alone(const struct rmb_trace *t, int64_t i)
{
	return t->mark != RMB_POINTS && !t->low && !isnan(t->y[i]) && (i == 0 || isnan(t->y[i - 1])) &&
	       (i + 1 == t->n || isnan(t->y[i + 1]));
}

static void
end_of_plot(struct script *s, const struct rmb_trace *t)
{
	fprintf(s->to, t->quiet ? " notitle" : " title ");
	if (!t->quiet) {
		quoted(s->to, t->label);
		fprintf(s->to, " noenhanced");
	}
}

/* x, y (and low, of a band) of all values, or of those that stand alone. */
static int
store_trace(struct script *s, const struct rmb_trace *t, bool alone)
{
	float *value = rmb_arena_alloc(s->arena, 3 * (size_t)t->n, sizeof *value);
	size_t n = 0;
	for (int64_t i = 0; value && i < t->n; i++) {
		if (alone && !is_alone(t, i))
			continue;
		value[n++] = t->x[i];
		if (t->low)
			value[n++] = t->low[i];
		value[n++] = t->y[i];
	}
	return value ? store(s, value, n) : -1;
}

/* n places x, y, each as a line of hardly any length, which with round ends is a dot: a tenth of the bytes of a symbol. */
static int
store_dots(struct script *s, const struct rmb_figure_data *f, const float *x, const float *y, int64_t n)
{
	float *value = rmb_arena_alloc(s->arena, 6 * (size_t)n, sizeof *value);
	double hair = 2e-4;
	for (int64_t i = 0; value && i < 3 * n; i++) {
		bool moved = i % 3 == 1;
		double at = (double)x[i / 3];
		value[2 * i] = (float)(!moved    ? at
		                       : f->logx ? at * pow(f->high[0] / f->low[0], hair)
		                                 : at + hair * (f->high[0] - f->low[0]));
		value[2 * i + 1] = i % 3 < 2 ? y[i / 3] : NAN;
	}
	return value ? store(s, value, 6 * (size_t)n) : -1;
}

/* The low and the high of every place as a line of its own. */
static int
plot_bars(struct script *s, const struct rmb_trace *t, const char *colour)
{
	float *value = rmb_arena_alloc(s->arena, 6 * (size_t)t->n, sizeof *value);
	for (int64_t i = 0; value && i < 3 * t->n; i++) {
		value[2 * i] = t->x[i / 3];
		value[2 * i + 1] = i % 3 == 0 ? t->low[i / 3] : i % 3 == 1 ? t->y[i / 3] : NAN;
	}
	int code = value ? store(s, value, 6 * (size_t)t->n) : -1;
	fprintf(s->to, " binary format='%%float32%%float32' using 1:2 with lines lw 1 lc rgb '#60%s' notitle", colour + 1);
	return code;
}

/* A dense cloud shows colours, not symbols. */
static bool
is_cloud(const struct rmb_trace *t)
{
	return t->mark == RMB_POINTS && t->n > 100;
}

static int
plot_cloud(struct script *s, const struct rmb_figure_data *f, const struct rmb_trace *t)
{
	const struct rmb_look *look = rmb_trace_look(t);
	int code = store_dots(s, f, t->x, t->y, t->n);
	fprintf(s->to,
	        " binary format='%%float32%%float32' using 1:2 with lines lw 3.5 lc rgb '#90%s' notitle, NaN with points pt "
	        "7 ps 0.6 lc rgb '#60%s'",
	        look->light + 1, look->light + 1);
	end_of_plot(s, t);
	return code;
}

/* few: points that stand for an estimate each, not for a cloud. */
static int
plot_trace(struct script *s, const struct rmb_trace *t, bool few)
{
	const struct rmb_look *look = rmb_trace_look(t);
	if (t->mark == RMB_BARS)
		return plot_bars(s, t, look->light);
	int code = store_trace(s, t, false), alone = 0;
	if (t->mark == RMB_BAND)
		fprintf(s->to,
		        " binary format='%%float32%%float32%%float32' using 1:2:3 with filledcurves fc rgb '#%s%s' fs solid "
		        "noborder",
		        t->look < 0 ? "A0" : "CC", look->light + 1);
	else if (t->mark == RMB_POINTS)
		fprintf(s->to, " binary format='%%float32%%float32' using 1:2 with points pt %d ps %g lc rgb '#%s%s'",
		        look->gnuplot_symbol, few ? 0.8 : 0.6, few ? "00" : "60", look->light + 1);
	else if (t->mark == RMB_STROKES)
		fprintf(s->to, " binary format='%%float32%%float32' using 1:2 with lines lw 2 lc rgb '#50%s'", look->light + 1);
	else
		fprintf(s->to, " binary format='%%float32%%float32' using 1:2 with lines lw %g dt %s lc rgb '%s'",
		        t->look < 0 ? 1.2 : 2, t->mark == RMB_DASHES ? look->gnuplot_dashes : look->gnuplot_line, look->deep);
	end_of_plot(s, t);
	for (int64_t i = 0; i < t->n; i++)
		alone += is_alone(t, i);
	if (!code && alone) {
		fputs(", ", s->to);
		code = store_trace(s, t, true);
		fprintf(s->to, " binary format='%%float32%%float32' using 1:2 with points pt 7 ps 0.3 lc rgb '%s' notitle",
		        look->deep);
	}
	return code;
}

/* Lines first .. end - 1 of a family, with gaps between them. */
static int
plot_family(struct script *s, const struct rmb_trace *first, const struct rmb_trace *end)
{
	size_t n = 0;
	for (const struct rmb_trace *t = first; t < end; t++)
		n += 3 * (size_t)(t->n + 1);
	float *value = rmb_arena_alloc(s->arena, n, sizeof *value);
	n = 0;
	for (const struct rmb_trace *t = first; t < end && value; t++)
		for (int64_t i = 0; i <= t->n; i++) {
			value[n++] = i < t->n ? t->x[i] : 0;
			value[n++] = i < t->n ? t->y[i] : NAN;
			value[n++] = (float)t->value;
		}
	int code = value ? store(s, value, n) : -1;
	fprintf(s->to, " binary format='%%float32%%float32%%float32' using 1:2:3 with lines lw 1.2 lc palette z notitle");
	return code;
}

/* Points of a map in LEVELS colours, those farthest from the middle on top. */
static int
plot_map(struct script *s, const struct rmb_figure_data *f, const struct rmb_trace *t)
{
	enum { LEVELS = 21 };
	int code = 0;
	float *x = rmb_arena_alloc(s->arena, (size_t)t->n, sizeof *x), *y = rmb_arena_alloc(s->arena, (size_t)t->n, sizeof *y);
	for (int step = 0, plotted = 0; step < LEVELS && x && y && !code; step++) {
		int level = LEVELS / 2 + (step % 2 ? (step + 1) / 2 : -(step / 2));
		int64_t n = 0;
		char colour[8];
		for (int64_t i = 0; i < t->n; i++) {
			if (isnan(t->y[i]) || (int)lrint(rmb_scale_place(&f->scale, (double)t->z[i]) * (LEVELS - 1)) != level)
				continue;
			x[n] = t->x[i];
			y[n++] = t->y[i];
		}
		if (!n)
			continue;
		fputs(plotted++ ? ", " : "", s->to);
		code = store_dots(s, f, x, y, n);
		rmb_ramp_colour(f->scale.ramp, (double)level / (LEVELS - 1), colour);
		fprintf(s->to, " binary format='%%float32%%float32' using 1:2 with lines lw 4 lc rgb '%s' notitle", colour);
	}
	if (!x || !y || code)
		return -1;
	fputs(", ", s->to); /* what asks for the colour box: one dot of the palette */
	code = store(s, (float[]){ t->x[0], t->y[0], t->z[0] }, 3);
	fprintf(s->to, " binary format='%%float32%%float32%%float32' using 1:2:3 with dots lc palette z notitle");
	return code;
}

/* All traces of a panel. */
static int
plot_panel(struct script *s, const struct rmb_figure_data *f, int panel)
{
	int code = 0, plotted = 0;
	for (int i = 0; i < f->ntraces && !code; i++) {
		const struct rmb_trace *t = &f->trace[i];
		int end = i + 1;
		if (!t->n || t->panel != panel)
			continue;
		fputs(plotted++ ? ", " : "plot ", s->to);
		while (t->scaled && end < f->ntraces && f->trace[end].scaled && f->trace[end].panel == panel)
			end++;
		code = t->scaled     ? plot_family(s, t, &f->trace[end])
		       : t->z        ? plot_map(s, f, t)
		       : is_cloud(t) ? plot_cloud(s, f, t)
		                     : plot_trace(s, t, f->nlanes > 0);
		i = end - 1;
	}
	fputs(plotted ? "\n" : "plot NaN notitle\n", s->to);
	return code;
}

/* ---- the script -------------------------------------------------------------------------------------------------- */

/* On a long logarithmic axis only the powers of ten are named; on a short one, where there may be none, 1, 2 and 5 of each. */
static void
axis(FILE *to, const char *name, const char *title, bool log, double low, double high)
{
	bool brief = log && low < high && high < 30 * low;
	fprintf(to, "set %slabel ", name);
	quoted(to, title);
	fprintf(to, " noenhanced\n%sset logscale %s\nset format %s '%s'\nset %stics ", log ? "" : "un", name, name,
	        log && !brief ? "10^{%L}" : "%g", name);
	const char *before = "(";
	for (double ten = brief ? pow(10, floor(log10(low))) : INFINITY; ten <= high; ten *= 10, before = ", ")
		fprintf(to, "%s%g, %g, %g", before, ten, 2 * ten, 5 * ten);
	fputs(brief ? ")\n" : "autofreq\n", to);
	if (low < high)
		fprintf(to, "set %srange [%.9g:%.9g]\n", name, low, high);
}

/* The names of a forest's rows, each at the middle of its lanes. */
static void
name_rows(FILE *to, const struct rmb_figure_data *f)
{
	fputs("set ytics noenhanced (", to);
	for (int i = 0, end; i < f->nlanes; i = end) {
		for (end = i + 1; end < f->nlanes && strcmp(f->lane[end], f->lane[i]) == 0;)
			end++;
		if (!*f->lane[i])
			continue;
		fputs(i ? ", " : "", to);
		quoted(to, f->lane[i]);
		fprintf(to, " %g", -1 - (i + end - 1) / 2.0);
	}
	fputs(")\nunset grid\nset grid xtics lc rgb '#e0e4e8' lt 1\n", to);
}

static void
palette(FILE *to, const struct rmb_ramp *ramp, double low, double high)
{
	fprintf(to, "set palette defined (");
	for (int i = 0; i < ramp->n; i++)
		fprintf(to, "%s%d '%s'", i ? ", " : "", i, ramp->light[i]);
	fprintf(to, ")\nset cbrange [%.9g:%.9g]\n", low, high);
}

/* Room for a panel each, in pixels, with the titles of the axes on the outside and one colour box for all. */
static void
panels(FILE *to, const struct rmb_figure_data *f, const struct rmb_grid *g)
{
	double w = g->width, h = g->height, right = f->scale.ramp ? 120 : 16, top = f->npanels > 1 ? 30 : 16;
	if (f->scale.ramp) {
		palette(to, f->scale.ramp, f->scale.low, f->scale.high);
		fprintf(to, "%sset logscale cb\nset cblabel ", f->scale.log ? "" : "un");
		quoted(to, f->scale.title);
		fputs(" noenhanced\n", to);
	}
	fprintf(to, "set multiplot layout %d,%d margins %g,%g,%g,%g spacing %g,%g\n", g->rows, g->columns, 84 / w,
	        1 - right / w, 76 / h, 1 - top / h, 28 / w, 56 / h);
}

/* One for all panels, drawn with the last. */
static void
colour_box(FILE *to, const struct rmb_figure_data *f, const struct rmb_grid *g, bool last)
{
	if (last && f->scale.ramp)
		fprintf(to, "set colorbox user origin %g,%g size %g,%g\n", 1 - 96.0 / g->width, 0.5 - 110.0 / g->height,
		        14.0 / g->width, 220.0 / g->height);
	else
		fprintf(to, "unset colorbox\n");
}

static int
plot_panels(struct script *s, const struct rmb_figure_data *f, const struct rmb_grid *g)
{
	int code = 0;
	panels(s->to, f, g);
	for (int p = 0; p < g->panels && !code; p++) {
		if (f->npanels > 1) {
			fprintf(s->to, "set title ");
			quoted(s->to, f->panel[p]);
			fprintf(s->to, " noenhanced offset 0,-0.6\n");
		}
		axis(s->to, "x", p + g->columns >= g->panels ? f->x : "", f->logx, f->low[0], f->high[0]);
		axis(s->to, "y", p % g->columns ? "" : f->y, f->logy, f->low[1], f->high[1]);
		if (p % g->columns)
			fprintf(s->to, "set format y ''\n");
		if (p + g->columns < g->panels)
			fprintf(s->to, "set format x ''\n");
		colour_box(s->to, f, g, p == g->panels - 1);
		code = plot_panel(s, f, p);
	}
	fprintf(s->to, "unset multiplot\n");
	return code;
}

/* Round ends, where dots are lines without length; dashes look better without. */
static const char *
line_ends(const struct rmb_figure_data *f)
{
	for (int i = 0; i < f->ntraces; i++)
		if (f->trace[i].z || is_cloud(&f->trace[i]))
			return "rounded";
	return "butt";
}

int
rmb_gnuplot_script(FILE *to, struct rmb_arena *arena, struct rmb_figure_data **figure, int n, int folder)
{
	int code = 0;
	for (int i = 0; i < n && !code; i++) {
		const struct rmb_figure_data *f = figure[i];
		struct script s = { to, arena, folder, i, 0 };
		struct rmb_grid grid;
		rmb_figure_grid(f, &grid);
		fprintf(to,
		        "reset session\nset encoding utf8\nset terminal svg size %d,%d dynamic enhanced %s font 'DejaVu "
		        "Sans,13' background '#ffffff'\n"
		        "set border 3 lc rgb '#444444'\nset tics nomirror out\nset grid lc rgb '#e0e4e8' lt 1\n"
		        "set key above left Left reverse vertical maxrows %d samplen 2.5\nset size %s\nset output ",
		        grid.width, grid.height, line_ends(f), grid.legend > 0 ? grid.legend : 1,
		        f->equal ? "ratio -1" : "noratio");
		quoted(to, rmb_gnuplot_name(arena, "figure", i, 0));
		fputc('\n', to);
		if (f->scale.ramp || f->npanels > 1)
			code = plot_panels(&s, f, &grid);
		else {
			axis(to, "x", f->x, f->logx, f->low[0], f->high[0]);
			axis(to, "y", f->y, f->logy, f->low[1], f->high[1]);
			if (f->nlanes)
				name_rows(to, f);
			if (f->image)
				palette(to, &rmb_ramp_image, f->image->low, f->image->high);
			code = f->image ? plot_image(&s, f->image) : plot_panel(&s, f, 0);
		}
		fprintf(to, "unset output\n");
	}
	return code;
}

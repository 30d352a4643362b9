/* pipeline/report/gnuplot.c -- one gnuplot for all figures of a report.
 *
 * No shell is involved. The script goes in on standard input, numbers as binary files, and what users named only within single
 * quotes, where gnuplot expands nothing; backticks in double quotes would run commands. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "pipeline/events.h"
#include "pipeline/report/gnuplot.h"

enum { PATIENCE = 60000 /* ms for all figures */ };

static const char *
path(struct rmb_arena *arena, const char *directory, const char *name, int figure, int part)
{
	return rmb_arena_printf(arena, "%s/%s-%d-%d", directory, name, figure, part);
}

/* ---- the script -------------------------------------------------------------------------------------------------- */

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

static void
axis(FILE *to, const char *name, const char *title, bool log)
{
	fprintf(to, "set %slabel ", name);
	quoted(to, title);
	fprintf(to, " noenhanced\n%sset logscale %s\nset format %s '%s'\n", log ? "" : "un", name, name, log ? "10^{%L}" : "%g");
}

static int
store(const char *name, const void *data, size_t n)
{
	FILE *to = fopen(name, "wbx");
	if (!to)
		return -1;
	size_t written = n ? fwrite(data, 1, n, to) : 0;
	return fclose(to) == 0 && written == n ? 0 : -1;
}

/* Values go in as they are: for a computed column gnuplot sets up a signal handler twice a pixel. */
static int
store_image(struct rmb_arena *arena, const struct rmb_image *image, const char *name)
{
	size_t n = (size_t)(image->rows * image->columns);
	float *value = rmb_arena_alloc(arena, n, sizeof *value);
	for (size_t i = 0; value && i < n; i++)
		value[i] = (float)(image->low + (image->high - image->low) * image->value[i] / 255);
	return value ? store(name, value, n * sizeof *value) : -1;
}

static int
plot_image(FILE *to, struct rmb_arena *arena, const struct rmb_image *image, const char *data)
{
	fprintf(to, "set palette defined (");
	for (int i = 0; i < RMB_RAMP; i++)
		fprintf(to, "%s%d '%s'", i ? ", " : "", i, rmb_ramp_light[i]);
	fprintf(to, ")\nset cbrange [%.9g:%.9g]\nset autoscale fix\nplot ", image->low, image->high);
	quoted(to, data);
	fprintf(to, " binary array=(%" PRId64 ",%" PRId64 ") format='%%float32' origin=(%.9g,%.9g) dx=%.9g dy=%.9g using 1 "
	        "with image notitle\n", image->columns, image->rows, image->x, image->y, image->dx, image->dy);
	return store_image(arena, image, data);
}

static void
plot_trace(FILE *to, const struct rmb_trace *t, const char *data)
{
	const struct rmb_look *look = &rmb_look[t->look % RMB_LOOKS];
	quoted(to, data);
	fprintf(to, " binary format='%%float32%%float32' using 1:2 with ");
	if (t->mark == RMB_POINTS)
		fprintf(to, "points pt %d ps 0.6 lc rgb '#60%s'", look->gnuplot_symbol, look->light + 1);
	else
		fprintf(to, "lines lw 2 dt %s lc rgb '%s'", t->mark == RMB_DASHES ? look->gnuplot_dashes : look->gnuplot_line, look->deep);
	fprintf(to, " title ");
	quoted(to, t->label);
	fprintf(to, " noenhanced");
}

/* A value of a line between two gaps: a dot, or it would be lost. */
static bool
is_alone(const struct rmb_trace *t, int64_t i)
{
	return t->mark != RMB_POINTS && !isnan(t->y[i]) && (i == 0 || isnan(t->y[i - 1])) && (i + 1 == t->n || isnan(t->y[i + 1]));
}

/* Pairs x, y of all values, or of those that stand alone; *n becomes their number. */
static int
store_pairs(struct rmb_arena *arena, const struct rmb_trace *t, bool alone, const char *name, int64_t *n)
{
	float *pair = rmb_arena_alloc(arena, 2 * (size_t)t->n, sizeof *pair);
	*n = 0;
	for (int64_t i = 0; pair && i < t->n; i++)
		if (!alone || is_alone(t, i)) {
			pair[2 * *n] = t->x[i];
			pair[2 * (*n)++ + 1] = t->y[i];
		}
	return pair ? store(name, pair, 2 * (size_t)*n * sizeof *pair) : -1;
}

static int
plot_traces(FILE *to, struct rmb_arena *arena, const struct rmb_figure_data *f, const char *directory, int number)
{
	int code = 0, plotted = 0;
	for (int i = 0; i < f->ntraces && !code; i++) {
		const struct rmb_trace *t = &f->trace[i];
		const char *data = path(arena, directory, "data", number, i), *dots = path(arena, directory, "dots", number, i);
		int64_t n, ndots;
		if (!t->n)
			continue;
		code = store_pairs(arena, t, false, data, &n) || store_pairs(arena, t, true, dots, &ndots);
		fputs(plotted++ ? ", " : "plot ", to);
		plot_trace(to, t, data);
		if (!code && ndots) {
			fputs(", ", to);
			quoted(to, dots);
			fprintf(to, " binary format='%%float32%%float32' using 1:2 with points pt 7 ps 0.3 lc rgb '%s' notitle", rmb_look[t->look % RMB_LOOKS].deep);
		}
	}
	fputs(plotted ? "\n" : "", to);
	return code;
}

static int
script(FILE *to, struct rmb_arena *arena, struct rmb_figure_data **figure, int n, const char *directory)
{
	int code = 0;
	for (int i = 0; i < n && !code; i++) {
		const struct rmb_figure_data *f = figure[i];
		fprintf(to, "reset session\nset encoding utf8\nset terminal svg size 600,420 dynamic enhanced font 'DejaVu Sans,13' background '#ffffff'\n"
		        "set border 3 lc rgb '#444444'\nset tics nomirror out\nset grid lc rgb '#e0e4e8' lt 1\n"
		        "set key above left Left reverse vertical maxcols 2 samplen 2.5\nset size %s\nset output ", f->equal ? "ratio -1" : "noratio");
		quoted(to, path(arena, directory, "figure", i, 0));
		fputc('\n', to);
		axis(to, "x", f->x, f->logx);
		axis(to, "y", f->y, f->logy);
		code = f->image ? plot_image(to, arena, f->image, path(arena, directory, "data", i, 0)) : plot_traces(to, arena, f, directory, i);
		fprintf(to, "unset output\n");
	}
	return code;
}

/* ---- the process ------------------------------------------------------------------------------------------------- */

bool
rmb_gnuplot_found(void)
{
	char path_name[4096];
	for (const char *path_list = getenv("PATH"); path_list && *path_list; path_list += strcspn(path_list, ":"), path_list += *path_list == ':') {
		int n = snprintf(path_name, sizeof path_name, "%.*s/gnuplot", (int)strcspn(path_list, ":"), path_list);
		if (n < (int)sizeof path_name && access(path_name, X_OK) == 0)
			return true;
	}
	return false;
}

/* Starts gnuplot on a script and waits. 0, ENOENT: there is no gnuplot, -1: it failed. */
static int
run(const char *script_path, const char *message_path)
{
	char *argv[] = { "gnuplot", "-d", NULL };
	char *env[] = { "LC_ALL=C.UTF-8", NULL };
	posix_spawn_file_actions_t files;
	pid_t pid;
	int status = -1;
	if (posix_spawn_file_actions_init(&files))
		return -1;
	posix_spawn_file_actions_addopen(&files, 0, script_path, O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, 2, message_path, O_WRONLY | O_CREAT, 0600);
	int code = posix_spawnp(&pid, argv[0], &files, NULL, argv, env);
	posix_spawn_file_actions_destroy(&files);
	if (code)
		return code == ENOENT ? ENOENT : -1;
	struct pollfd done = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	if (done.fd >= 0 && poll(&done, 1, PATIENCE) == 0)
		kill(pid, SIGKILL);
	if (done.fd >= 0)
		close(done.fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0 ? 0 : -1;
}

/* The whole file as text in the arena; NULL: there is none, or it is empty. */
static const char *
whole_file(struct rmb_arena *arena, const char *name, size_t *length)
{
	FILE *from = fopen(name, "rb");
	char *text = NULL;
	long n = 0;
	if (!from)
		return NULL;
	if (fseek(from, 0, SEEK_END) == 0 && (n = ftell(from)) > 0 && (text = rmb_arena_alloc(arena, (size_t)n + 1, 1))) {
		rewind(from);
		*length = fread(text, 1, (size_t)n, from);
	}
	fclose(from);
	return text;
}

/* A picture that gnuplot finished: one cut short would not show. */
static void
take(struct rmb_arena *arena, struct rmb_figure_data *figure, const char *name)
{
	static const char end[] = "</svg>";
	size_t length = 0;
	const char *svg = whole_file(arena, name, &length);
	if (svg && memmem(svg, length, end, sizeof end - 1))
		figure->svg = svg, figure->svg_length = length;
}

static void
remove_directory(struct rmb_arena *arena, const char *directory)
{
	DIR *list = opendir(directory);
	for (struct dirent *entry; list && (entry = readdir(list));)
		if (entry->d_name[0] != '.')
			unlink(rmb_arena_printf(arena, "%s/%s", directory, entry->d_name));
	if (list)
		closedir(list);
	rmdir(directory);
}

static const char *
missing(struct rmb_arena *arena, int code, struct rmb_figure_data **figure, int n, const char *message_path)
{
	int absent = 0;
	size_t length = 0;
	for (int i = 0; i < n; i++)
		absent += !figure[i]->svg;
	if (code == ENOENT)
		return "gnuplot is not installed, so there are no static figures (on paper, without scripts, as files in figures/). "
		       "Install gnuplot-nox and write the report again.";
	if (!absent)
		return NULL;
	const char *message = whole_file(arena, message_path, &length);
	return rmb_arena_printf(arena, "gnuplot did not draw %d of %d static figures%s%.*s", absent, n, message ? ": " : ".",
	                        message ? (int)length : 0, message ? message : "");
}

int
rmb_gnuplot(struct rmb_arena *arena, struct rmb_figure_data **figure, int n, const char **note, struct rmb_error *error)
{
	const char *base = getenv("TMPDIR");
	char *directory = rmb_arena_printf(arena, "%s/rumble.XXXXXX", base && *base == '/' ? base : "/tmp");
	*note = NULL;
	if (!n)
		return 0;
	if (!directory || !mkdtemp(directory))
		return rmb_error_set(error, RMB_EOUTPUT, "no temporary directory for figures can be made in %s (%s); set TMPDIR to one that is writable",
		                     base ? base : "/tmp", strerror(errno));
	const char *script_path = path(arena, directory, "script", 0, 0), *message_path = path(arena, directory, "message", 0, 0);
	FILE *to = fopen(script_path, "wx");
	int code = to ? script(to, arena, figure, n, directory) : -1;
	if (to && fclose(to))
		code = -1;
	if (code)
		rmb_error_set(error, RMB_EOUTPUT, "the figures' data cannot be written to %s (%s); set TMPDIR to a place with room", directory,
		              strerror(errno));
	else {
		int state = run(script_path, message_path);
		for (int i = 0; i < n; i++)
			take(arena, figure[i], path(arena, directory, "figure", i, 0));
		*note = missing(arena, state, figure, n, message_path);
	}
	remove_directory(arena, directory);
	return code ? RMB_EOUTPUT : 0;
}

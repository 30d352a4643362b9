/* pipeline/progress.c -- what a run says while it runs.
 *
 * One list of running nodes feeds three voices: a live display on a terminal (a line per running node with bar and time left,
 * a summary below, redrawn at most ten times a second), plain lines elsewhere, and JSON events. Names and sentences come from
 * recipes and files: on a terminal nothing in them may steer it. */
#include "pipeline/progress.h"
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "pipeline/events.h"
#include "pipeline/machine.h"
#include "pipeline/text.h"
#include "rumble/units.h"

enum { SHOWN = 8, BAR = 20, LINE = 1024, NAME = 256 }; /* lines of running nodes at most; characters of a bar; bytes of a line */

/* A warning that was printed, and the nodes of which the same was to be said since. */
struct told { char *text; char first[NAME], second[NAME]; int more; };

struct running { const struct rmb_node *node; double since, expected, fraction; };

struct rmb_progress {
	bool json, quiet, live;
	int torun, cached, done, failed, warned;
	FILE *screen;               /* standard error, buffered, so that a drawing arrives in one piece */
	double expected, start, drawn; /* s: of the whole run; when it began; when last drawn */
	int lines;                  /* that the live display takes on the screen now */
	int nrunning, room;
	struct running *running;
	int ntold, room_told;
	struct told *told;
};

struct rmb_progress *
rmb_progress_new(bool json, bool quiet)
{
	struct rmb_progress *p = calloc(1, sizeof *p);
	const char *terminal = getenv("TERM");
	if (!p)
		return NULL;
	p->json = json;
	p->quiet = quiet;
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	p->screen = fd < 0 ? NULL : fdopen(fd, "w");
	if (!p->screen) {
		free(p);
		return NULL;
	}
	p->live = !json && !quiet && isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb");
	p->start = rmb_machine_clock();
	return p;
}

void
rmb_progress_free(struct rmb_progress *p)
{
	if (!p)
		return;
	fclose(p->screen);
	free(p->running);
	for (int i = 0; i < p->ntold; i++)
		free(p->told[i].text);
	free(p->told);
	free(p);
}

/* ---- text */

/* Copies text into buffer[size] for a terminal, at most `columns` wide; what would steer it or is not UTF-8 becomes '?'. */
static void
plain(char *buffer, size_t size, const char *text, int columns)
{
	size_t left = strlen(text), at = 0;
	while (left > 0 && at + 8 < size) {
		uint32_t point = '?';
		size_t n = rmb_text_decode(text, left, &point);
		bool strange = n == 0 || rmb_text_steers(point);
		columns -= strange ? 1 : rmb_text_width(point);
		if (columns < 0)
			break;
		memcpy(buffer + at, strange ? "?" : text, strange ? 1 : n);
		at += strange ? 1 : n;
		text += n ? n : 1;
		left -= n ? n : 1;
	}
	buffer[at] = '\0';
}

/* "0:07", "12:30", "3:05:00" */
static void
clock_text(char *buffer, size_t size, double seconds)
{
	long s = seconds < 3.6e8 ? (long)ceil(seconds) : 0;
	if (s >= 3600)
		snprintf(buffer, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
	else
		snprintf(buffer, size, "%ld:%02ld", s / 60, s % 60);
}

static void
duration_text(char *buffer, size_t size, double seconds)
{
	if (seconds < 60)
		snprintf(buffer, size, seconds < 0.995 ? "%.2f s" : "%.1f s", seconds);
	else
		clock_text(buffer, size, seconds);
}

/* ---- the live display */

static double
left_of(const struct running *r, double now)
{
	double elapsed = now - r->since;
	if (r->fraction > 0.05)
		return elapsed * (1 - r->fraction) / r->fraction;
	return r->expected > elapsed ? r->expected - elapsed : 0;
}

/* What remains of the whole: as long for a node as it took so far, but not less than the longest one running. */
static double
left_of_all(const struct rmb_progress *p, double now)
{
	double settled = p->done + p->failed, elapsed = now - p->start, left = p->expected - elapsed;
	if (settled > 0)
		left = elapsed * (p->torun - settled) / settled;
	for (int i = 0; i < p->nrunning; i++)
		left = fmax(left, left_of(&p->running[i], now));
	return fmax(left, 0);
}

static void
erase(struct rmb_progress *p)
{
	for (; p->lines > 0; p->lines--)
		fputs("\033[A\033[2K", p->screen);
	fputs("\r", p->screen);
}

/* A stage that has not said anything yet is taken to go on as expected. */
static double
fraction_of(const struct running *r, double now)
{
	if (r->fraction > 0 || r->expected <= 0)
		return r->fraction;
	return fmin(0.95, (now - r->since) / r->expected);
}

static void
draw_running(FILE *screen, const struct running *r, double now, int width)
{
	char name[LINE], left[32], bar[BAR + 1];
	double fraction = fraction_of(r, now);
	int filled = (int)(fraction * BAR);
	memset(bar, '.', BAR);
	memset(bar, '#', (size_t)(filled < 0 ? 0 : filled > BAR ? BAR : filled));
	bar[BAR] = '\0';
	clock_text(left, sizeof left, left_of(r, now));
	bool narrow = width < 60;
	plain(name, sizeof name, r->node->id, narrow ? width - 18 : width - 20 - BAR);
	if (narrow)
		fprintf(screen, " %s %3.0f %% %s\n", name, 100 * fraction, left);
	else
		fprintf(screen, " [%s] %3.0f %%  %7s  %s\n", bar, 100 * fraction, left, name);
}

static void
draw(struct rmb_progress *p)
{
	char text[LINE], whole[LINE], left[32];
	struct winsize size;
	double now = rmb_machine_clock();
	int width = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
	int shown = size.ws_row > 3 && size.ws_row - 3 < SHOWN ? size.ws_row - 3 : SHOWN;
	erase(p);
	for (int i = 0; i < p->nrunning && i < shown; i++, p->lines++)
		draw_running(p->screen, &p->running[i], now, width);
	clock_text(left, sizeof left, left_of_all(p, now));
	int n = snprintf(whole, sizeof whole, "%d/%d done, %d running, ", p->done, p->torun, p->nrunning);
	if (p->failed)
		n += snprintf(whole + n, sizeof whole - (size_t)n, "%d failed, ", p->failed);
	snprintf(whole + n, sizeof whole - (size_t)n, "%s left", left);
	plain(text, sizeof text, whole, width - 1);
	fprintf(p->screen, "%s\n", text);
	p->lines++;
	fflush(p->screen);
	p->drawn = now;
}

/* A line that stays, above the live display. */
static void RMB_PRINTF(2, 3)
say(struct rmb_progress *p, const char *format, ...)
{
	char text[2 * LINE], clean[3 * LINE];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	plain(clean, sizeof clean, text, sizeof clean);
	if (p->live)
		erase(p);
	fprintf(p->screen, "%s\n", clean);
	fflush(p->screen);
	if (p->live)
		draw(p);
}

void
rmb_progress_tick(struct rmb_progress *p)
{
	if (p->live && rmb_machine_clock() - p->drawn >= 0.1)
		draw(p);
}

/* ---- JSON events */

static void
send(json_t *event)
{
	rmb_json_line(stdout, event);
	fflush(stdout);
}

static json_t *
event_of(const char *name, const struct rmb_node *node)
{
	return json_pack("{s:s, s:o, s:s, s:s}", "event", name, "node", rmb_json_text(node->id), "stage", node->stage->name, "key", node->key);
}

static void
send_with(json_t *event, const char *member, json_t *value)
{
	json_object_set_new(event, member, value);
	send(event);
}

/* ---- what happens */

static struct running *
find(struct rmb_progress *p, const struct rmb_node *node)
{
	for (int i = 0; i < p->nrunning; i++)
		if (p->running[i].node == node)
			return &p->running[i];
	return NULL;
}

static void
forget(struct rmb_progress *p, const struct rmb_node *node)
{
	struct running *r = find(p, node);
	if (r)
		memmove(r, r + 1, (size_t)(&p->running[--p->nrunning] - r) * sizeof *r);
}

void
rmb_progress_begin(struct rmb_progress *p, int torun, int cached, double seconds, bool least)
{
	char amount[64];
	p->torun = p->done + p->failed + torun; /* a run may begin again for what got lost meanwhile */
	p->cached = cached > p->done ? cached - p->done : 0;
	p->expected = seconds;
	p->start = rmb_machine_clock();
	if (p->json)
		send(json_pack("{s:s, s:i, s:i, s:f}", "event", "begin", "run", torun, "cached", cached, "seconds", seconds));
	else if (!p->quiet && torun > 0) {
		duration_text(amount, sizeof amount, seconds);
		say(p, "%d node%s to run, %d cached; %s %s", torun, torun == 1 ? "" : "s", cached, least ? "at least" : "about", amount);
	}
}

void
rmb_progress_again(struct rmb_progress *p, int torun)
{
	p->torun = p->done + p->failed + torun;
}

void
rmb_progress_more(struct rmb_progress *p, int torun)
{
	p->torun += torun;
}

void
rmb_progress_started(struct rmb_progress *p, const struct rmb_node *node, const struct rmb_measure *expected)
{
	if (p->nrunning == p->room) {
		struct running *grown = realloc(p->running, (size_t)(p->room + 16) * sizeof *grown);
		if (!grown)
			return; /* then it is not shown */
		p->running = grown;
		p->room += 16;
	}
	p->running[p->nrunning++] = (struct running){ node, rmb_machine_clock(), expected->seconds, 0 };
	if (p->json)
		send_with(event_of("started", node), "expected", json_real(expected->seconds));
	else if (!p->quiet && !p->live && expected->seconds >= 5) /* a quick one is told once it is done */
		say(p, "%s started", node->id);
}

void
rmb_progress_moved(struct rmb_progress *p, const struct rmb_node *node, double fraction)
{
	struct running *r = find(p, node);
	if (r)
		r->fraction = fraction;
	if (p->json)
		send_with(event_of("progress", node), "fraction", json_real(fraction));
}

/* Whether the same was said of another node; counts it then. What cannot be remembered is said again. */
static bool
was_told(struct rmb_progress *p, const struct rmb_node *node, const char *text)
{
	for (int i = 0; i < p->ntold; i++)
		if (strcmp(p->told[i].text, text) == 0) {
			if (p->told[i].more++ == 0)
				snprintf(p->told[i].second, sizeof p->told[i].second, "%s", node->id);
			return true;
		}
	if (p->ntold == p->room_told) {
		struct told *grown = realloc(p->told, (size_t)(p->room_told + 16) * sizeof *grown);
		if (!grown)
			return false;
		p->told = grown;
		p->room_told += 16;
	}
	struct told *told = &p->told[p->ntold];
	*told = (struct told){ .text = strdup(text) };
	snprintf(told->first, sizeof told->first, "%s", node->id);
	p->ntold += told->text != NULL;
	return false;
}

/* Of how many nodes more the warnings hold that were said once. */
static void
say_repeats(struct rmb_progress *p)
{
	for (int i = 0; i < p->ntold; i++) {
		const struct told *told = &p->told[i];
		if (told->more == 1)
			say(p, "%s: warning: the same as of %s", told->second, told->first);
		else if (told->more > 1)
			say(p, "%s and %d more: warning: the same as of %s", told->second, told->more - 1, told->first);
	}
}

void
rmb_progress_warned(struct rmb_progress *p, const struct rmb_node *node, const char *text)
{
	p->warned++;
	if (p->json)
		send_with(event_of("warning", node), "message", rmb_json_text(text));
	else if (!p->quiet && !was_told(p, node, text))
		say(p, "%s: warning: %s", node->id, text);
}

void
rmb_progress_done(struct rmb_progress *p, const struct rmb_node *node, const struct rmb_measure *measure)
{
	char amount[64] = "";
	forget(p, node);
	p->done++;
	if (measure)
		duration_text(amount, sizeof amount, measure->seconds);
	if (p->json && measure) {
		json_t *event = event_of("done", node);
		json_object_set_new(event, "seconds", json_real(measure->seconds));
		json_object_set_new(event, "cpu", json_real(measure->cpu));
		json_object_set_new(event, "peak_bytes", json_real(measure->peak_bytes));
		send_with(event, "object_bytes", json_real(measure->object_bytes));
	} else if (p->json) {
		send(event_of("found", node));
	} else if (!p->quiet && !p->live) {
		say(p, "[%d/%d] %s %s", p->done + p->failed, p->torun, node->id, measure ? amount : "made by another run");
	}
}

void
rmb_progress_dropped(struct rmb_progress *p, const struct rmb_node *node)
{
	forget(p, node);
}

void
rmb_progress_failed(struct rmb_progress *p, const struct rmb_node *node, int code, const char *text)
{
	forget(p, node);
	p->failed++;
	if (p->json) {
		json_t *event = event_of("failed", node);
		json_object_set_new(event, "class", json_string(rmb_code_name(code)));
		send_with(event, "message", rmb_json_text(text));
	} else {
		say(p, "%s", text);
	}
}

void
rmb_progress_note(struct rmb_progress *p, const char *format, ...)
{
	char text[2 * LINE];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (p->json)
		send(json_pack("{s:s, s:o}", "event", "note", "message", rmb_json_text(text)));
	else if (!p->quiet)
		say(p, "%s", text);
}

void
rmb_progress_end(struct rmb_progress *p, int code, const char *report)
{
	char took[64], counts[256];
	int unrun = p->torun - p->done - p->failed; /* what needs a node that failed, or was not begun */
	if (p->live) {
		erase(p);
		p->live = false; /* what follows stays */
	}
	say_repeats(p);
	duration_text(took, sizeof took, rmb_machine_clock() - p->start);
	int n = snprintf(counts, sizeof counts, "%d run, %d cached", p->done, p->cached);
	if (p->failed)
		n += snprintf(counts + n, sizeof counts - (size_t)n, ", %d failed", p->failed);
	if (unrun > 0)
		n += snprintf(counts + n, sizeof counts - (size_t)n, ", %d not run", unrun);
	if (p->warned)
		snprintf(counts + n, sizeof counts - (size_t)n, ", %d warning%s", p->warned, p->warned == 1 ? "" : "s");
	const char *how = code == 0 ? "done" : code == RMB_EINTERRUPTED || code == RMB_ETERMINATED ? "stopped" : "not all done";
	if (p->json)
		send(json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:o?}", "event", "end", "class", rmb_code_name(code), "status", rmb_exit_code(code),
			"run", p->done, "cached", p->cached, "failed", p->failed, "not_run", unrun > 0 ? unrun : 0, "report", report ? rmb_json_text(report) : NULL));
	else if (!p->quiet && report)
		say(p, "%s: %s in %s; report: %s", how, counts, took, report);
	else if (!p->quiet)
		say(p, "%s: %s in %s", how, counts, took);
}

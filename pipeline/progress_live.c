/* pipeline/progress_live.c -- the live display on a terminal: a line per running node with bar and time left, a summary
 * below, redrawn at most ten times a second, and lines that stay above it. Names and sentences come from recipes and files:
 * nothing in them may steer the terminal. */
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "pipeline/machine.h"
#include "pipeline/progress_inside.h"
#include "pipeline/text.h"

enum { SHOWN = 8, BAR = 20 }; /* lines of running nodes at most; characters of a bar */

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

void
rmb_progress_duration(char *buffer, size_t size, double seconds)
{
	if (seconds < 60)
		snprintf(buffer, size, seconds < 0.995 ? "%.2f s" : "%.1f s", seconds);
	else
		clock_text(buffer, size, seconds);
}

/* ---- the live display */

static double
left_of(const struct rmb_running *r, double now)
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

void
rmb_progress_erase(struct rmb_progress *p)
{
	for (; p->lines > 0; p->lines--)
		fputs("\033[A\033[2K", p->screen);
	fputs("\r", p->screen);
}

/* A stage that has not said anything yet is taken to go on as expected. */
static double
fraction_of(const struct rmb_running *r, double now)
{
	if (r->fraction > 0 || r->expected <= 0)
		return r->fraction;
	return fmin(0.95, (now - r->since) / r->expected);
}

static void
draw_running(FILE *screen, const struct rmb_running *r, double now, int width)
{
	char name[RMB_PROGRESS_LINE], left[32], bar[BAR + 1];
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
	char text[RMB_PROGRESS_LINE], whole[RMB_PROGRESS_LINE], left[32];
	struct winsize size;
	double now = rmb_machine_clock();
	int width = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
	int shown = size.ws_row > 3 && size.ws_row - 3 < SHOWN ? size.ws_row - 3 : SHOWN;
	rmb_progress_erase(p);
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

void
rmb_progress_say(struct rmb_progress *p, const char *format, ...)
{
	char text[2 * RMB_PROGRESS_LINE], clean[3 * RMB_PROGRESS_LINE];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	plain(clean, sizeof clean, text, sizeof clean);
	if (p->live)
		rmb_progress_erase(p);
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

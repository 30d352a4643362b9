/* pipeline/progress.c -- what a run says while it runs.
 *
 * One list of running nodes feeds three voices: a live display on a terminal (progress_live.c), plain lines elsewhere, and JSON
 * events. */
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "pipeline/events.h"
#include "pipeline/machine.h"
#include "pipeline/progress_inside.h"

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
	return json_pack("{s:s, s:o, s:s, s:s}", "event", name, "node", rmb_json_text(node->id), "stage", node->stage->name,
	                 "key", node->key);
}

static void
send_with(json_t *event, const char *member, json_t *value)
{
	json_object_set_new(event, member, value);
	send(event);
}

/* ---- what happens */

static struct rmb_running *
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
	struct rmb_running *r = find(p, node);
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
		rmb_progress_duration(amount, sizeof amount, seconds);
		rmb_progress_say(p, "%d node%s to run, %d cached; %s %s", torun, torun == 1 ? "" : "s", cached,
		                 least ? "at least" : "about", amount);
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
		struct rmb_running *grown = realloc(p->running, (size_t)(p->room + 16) * sizeof *grown);
		if (!grown)
			return; /* then it is not shown */
		p->running = grown;
		p->room += 16;
	}
	p->running[p->nrunning++] = (struct rmb_running){ node, rmb_machine_clock(), expected->seconds, 0 };
	if (p->json)
		send_with(event_of("started", node), "expected", json_real(expected->seconds));
	else if (!p->quiet && !p->live && expected->seconds >= 5) /* a quick one is told once it is done */
		rmb_progress_say(p, "%s started", node->id);
}

void
rmb_progress_moved(struct rmb_progress *p, const struct rmb_node *node, double fraction)
{
	struct rmb_running *r = find(p, node);
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
		struct rmb_told *grown = realloc(p->told, (size_t)(p->room_told + 16) * sizeof *grown);
		if (!grown)
			return false;
		p->told = grown;
		p->room_told += 16;
	}
	struct rmb_told *told = &p->told[p->ntold];
	*told = (struct rmb_told){ .text = strdup(text) };
	snprintf(told->first, sizeof told->first, "%s", node->id);
	p->ntold += told->text != NULL;
	return false;
}

/* Of how many nodes more the warnings hold that were said once. */
static void
say_repeats(struct rmb_progress *p)
{
	for (int i = 0; i < p->ntold; i++) {
		const struct rmb_told *told = &p->told[i];
		if (told->more == 1)
			rmb_progress_say(p, "%s: warning: the same as of %s", told->second, told->first);
		else if (told->more > 1)
			rmb_progress_say(p, "%s and %d more: warning: the same as of %s", told->second, told->more - 1,
			                 told->first);
	}
}

void
rmb_progress_warned(struct rmb_progress *p, const struct rmb_node *node, const char *text)
{
	p->warned++;
	if (p->json)
		send_with(event_of("warning", node), "message", rmb_json_text(text));
	else if (!p->quiet && !was_told(p, node, text))
		rmb_progress_say(p, "%s: warning: %s", node->id, text);
}

void
rmb_progress_done(struct rmb_progress *p, const struct rmb_node *node, const struct rmb_measure *measure)
{
	char amount[64] = "";
	forget(p, node);
	p->done++;
	if (measure)
		rmb_progress_duration(amount, sizeof amount, measure->seconds);
	if (p->json && measure) {
		json_t *event = event_of("done", node);
		json_object_set_new(event, "seconds", json_real(measure->seconds));
		json_object_set_new(event, "cpu", json_real(measure->cpu));
		json_object_set_new(event, "peak_bytes", json_real(measure->peak_bytes));
		send_with(event, "object_bytes", json_real(measure->object_bytes));
	} else if (p->json) {
		send(event_of("found", node));
	} else if (!p->quiet && !p->live) {
		rmb_progress_say(p, "[%d/%d] %s %s", p->done + p->failed, p->torun, node->id,
		                 measure ? amount : "made by another run");
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
		rmb_progress_say(p, "%s", text);
	}
}

void
rmb_progress_note(struct rmb_progress *p, const char *format, ...)
{
	char text[2 * RMB_PROGRESS_LINE];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (p->json)
		send(json_pack("{s:s, s:o}", "event", "note", "message", rmb_json_text(text)));
	else if (!p->quiet)
		rmb_progress_say(p, "%s", text);
}

void
rmb_progress_end(struct rmb_progress *p, int code, const char *report)
{
	char took[64], counts[256];
	int unrun = p->torun - p->done - p->failed; /* what needs a node that failed, or was not begun */
	if (p->live) {
		rmb_progress_erase(p);
		p->live = false; /* what follows stays */
	}
	say_repeats(p);
	rmb_progress_duration(took, sizeof took, rmb_machine_clock() - p->start);
	int n = snprintf(counts, sizeof counts, "%d run, %d cached", p->done, p->cached);
	if (p->failed)
		n += snprintf(counts + n, sizeof counts - (size_t)n, ", %d failed", p->failed);
	if (unrun > 0)
		n += snprintf(counts + n, sizeof counts - (size_t)n, ", %d not run", unrun);
	if (p->warned)
		snprintf(counts + n, sizeof counts - (size_t)n, ", %d warning%s", p->warned, p->warned == 1 ? "" : "s");
	const char *how = code == 0 ? "done" : code == RMB_EINTERRUPTED || code == RMB_ETERMINATED ? "stopped" : "not all done";
	if (p->json)
		send(json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:o?}", "event", "end", "class", rmb_code_name(code),
		               "status", rmb_exit_code(code), "run", p->done, "cached", p->cached, "failed", p->failed,
		               "not_run", unrun > 0 ? unrun : 0, "report", report ? rmb_json_text(report) : NULL));
	else if (!p->quiet && report)
		rmb_progress_say(p, "%s: %s in %s; report: %s", how, counts, took, report);
	else if (!p->quiet)
		rmb_progress_say(p, "%s: %s in %s", how, counts, took);
}

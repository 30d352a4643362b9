/* pipeline/look.c -- what stages see in the files that a recipe names: ordered here, done in a process like a run's workers.
 *
 * Orders: {"look": true, "parent": pid, "depth": ..., "seconds": ..., "bytes": ..., "looks": [{"stage": ...,
 * "parameters": {name: value, ...}, "files": {name: path, ...}}, ...]}, where a file stands in its parameter under a name
 * that is no hash, for its content is not read. Events: {"event": "looked", "node": index of the look, "code": ...,
 * "text": ..., "seen": {...}}. */
#include "pipeline/look.h"
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "pipeline/events.h"
#include "pipeline/process.h"
#include "pipeline/run.h"

/* Headers and lists of names are small, whatever a file may claim; samples are limited. */
enum { LOOK_SECONDS = 20, LOOK_BYTES = 1 << 30 };

/* ---- ordering */

struct rmb_looks *
rmb_looks_new(struct rmb_arena *arena, enum rmb_depth depth)
{
	struct rmb_looks *looks = rmb_arena_alloc(arena, 1, sizeof *looks);
	if (looks)
		*looks = (struct rmb_looks){ .arena = arena, .depth = depth };
	return looks;
}

void
rmb_looks_add(struct rmb_looks *looks, const struct rmb_stage *stage, const struct rmb_value *value)
{
	struct rmb_look *list = rmb_arena_room(looks->arena, looks->look, (size_t)looks->n, sizeof *list);
	looks->lost |= !list;
	if (!list)
		return;
	looks->look = list;
	looks->look[looks->n++] = (struct rmb_look){ .stage = stage, .value = value, .sentence = "",
	                                             .seen = { .arena = looks->arena, .depth = looks->depth } };
}

static json_t *
look_json(const struct rmb_look *look)
{
	json_t *parameters = json_object(), *files = json_object();
	for (int p = 0; p < rmb_nparams(look->stage); p++) {
		const struct rmb_param *param = &look->stage->params[p];
		struct rmb_value value = look->value[p];
		if (param->kind == RMB_FILE && !value.none) {
			value.sha256 = param->name;
			json_object_set_new(files, param->name, rmb_json_path(value.path));
		}
		json_object_set_new(parameters, param->name, rmb_value_json(param, &value));
	}
	return json_pack("{s:s, s:o, s:o}", "stage", look->stage->name, "parameters", parameters, "files", files);
}

/* What looks may take: beyond a moment and a GiB as much as goes with the size of the files. */
static void
allow(const struct rmb_looks *looks, double *seconds, double *bytes)
{
	*seconds = LOOK_SECONDS;
	*bytes = LOOK_BYTES;
	for (int i = looks->next; i < looks->n; i++) {
		struct rmb_cost cost = { 0 };
		const void *settings = rmb_settings_make(looks->arena, looks->look[i].stage, looks->look[i].value);
		if (settings && looks->look[i].stage->estimate)
			looks->look[i].stage->estimate(settings, &(struct rmb_size){ 0 }, &cost);
		*bytes = fmax(*bytes, LOOK_BYTES + fmax(cost.memory, cost.bytes));
		*seconds += looks->depth == RMB_WHOLE ? rmb_confined_seconds(cost.bytes) : looks->depth == RMB_SAMPLE ? 1 : 0.1;
	}
}

static char *
orders_text(const struct rmb_looks *looks)
{
	double seconds, bytes;
	json_t *list = json_array();
	for (int i = looks->next; i < looks->n; i++)
		json_array_append_new(list, look_json(&looks->look[i]));
	allow(looks, &seconds, &bytes);
	json_t *orders = json_pack("{s:b, s:i, s:i, s:f, s:f, s:o}", "look", 1, "parent", (int)getpid(), "depth",
	                           (int)looks->depth, "seconds", seconds, "bytes", bytes, "looks", list);
	char *text = orders ? json_dumps(orders, JSON_COMPACT) : NULL;
	json_decref(orders);
	return text;
}

/* ---- what came of it */

struct rmb_place
rmb_look_place(const struct rmb_look *look)
{
	struct rmb_place place = { 0 };
	size_t longest = 0;
	for (int p = 0; p < rmb_nparams(look->stage); p++) {
		const struct rmb_value *value = &look->value[p];
		if (look->stage->params[p].kind != RMB_FILE || value->none)
			continue;
		size_t length = strlen(value->path);
		if (!place.file || (length > longest && strstr(look->sentence, value->path))) {
			place = value->place;
			longest = strstr(look->sentence, value->path) ? length : 0;
		}
	}
	return place;
}

static void
answer(struct rmb_looks *looks, int code, const char *sentence)
{
	struct rmb_look *look = &looks->look[looks->next++];
	look->code = code;
	look->sentence = rmb_arena_strdup(looks->arena, sentence);
	if (!look->sentence)
		look->sentence = "there is not enough memory to say what is wrong with this file";
}

static void
on_event(void *self, const json_t *event)
{
	struct rmb_looks *looks = self;
	int code;
	const char *text;
	if (looks->next == looks->n || json_unpack((json_t *)event, "{s:i, s:s}", "code", &code, "text", &text))
		return;
	rmb_seen_from_json(json_object_get(event, "seen"), &looks->look[looks->next].seen);
	answer(looks, code ? RMB_EINPUT : 0, text);
}

/* Reads what the process says until it has ended. */
static int
hear(struct rmb_looks *looks, struct rmb_process *process)
{
	int status = 0;
	while (process->events >= 0 || process->errors >= 0) {
		struct pollfd fd[2] = { { process->events, POLLIN, 0 }, { process->errors, POLLIN, 0 } };
		if (poll(fd, 2, -1) < 0 && errno != EINTR)
			break;
		rmb_process_read(process, on_event, looks);
	}
	while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* The process ended before it was through: a signal is the fault of the file it was at, anything else is not a file's. */
static void
tell_end(struct rmb_looks *looks, int status, const char *words)
{
	char text[2 * RMB_LAST_WORDS];
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGTERM && WTERMSIG(status) != SIGINT) {
		bool limit = WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL;
		snprintf(text, sizeof text,
		         limit ? "looking at this file took more time or memory than a recording can need; it is damaged or "
		                 "not what it seems"
		               : "looking at this file brought its reader down (%s); it is damaged or not what it seems",
		         strsignal(WTERMSIG(status)));
		answer(looks, RMB_EINPUT, text);
		return;
	}
	snprintf(text, sizeof text, "this file could not be looked at%s%s", *words ? ": " : "", words);
	answer(looks, RMB_EINPUT, text);
	for (; looks->next < looks->n; looks->next++) /* the others would fare alike: told once */
		looks->look[looks->next].code = RMB_EINPUT;
}

int
rmb_looks_run(struct rmb_looks *looks, struct rmb_error *error)
{
	while (looks->next < looks->n && !looks->lost) {
		struct rmb_process process;
		char *text = orders_text(looks);
		int code = text ? rmb_process_start(&process, "look", text, error)
		                : rmb_error_nomem(error, "the orders of a worker");
		free(text);
		if (code)
			return code;
		int status = hear(looks, &process);
		if (looks->next < looks->n)
			tell_end(looks, status, process.words);
		rmb_process_close(&process);
	}
	if (looks->lost)
		return rmb_error_set(error, RMB_ELIMIT, "there is not enough memory to look at the files of this recipe");
	return 0;
}

/* ---- looking */

json_t *
rmb_looks_ordered(const char *text, size_t length)
{
	static const char begin[] = "{\"look\":true,"; /* as orders_text() writes them */
	bool ours = length >= sizeof begin && memcmp(text, begin, sizeof begin - 1) == 0;
	return ours ? json_loadb(text, length, 0, NULL) : NULL;
}

static const void *
read_settings(struct rmb_arena *arena, const struct rmb_stage *stage, const json_t *look, struct rmb_error *error)
{
	const json_t *files = json_object_get(look, "files"), *parameters = json_object_get(look, "parameters");
	int n = rmb_nparams(stage), code = 0;
	struct rmb_value *value = rmb_arena_alloc(arena, (size_t)n, sizeof *value);
	for (int p = 0; value && p < n && !code; p++)
		code = rmb_value_from_json(arena, &stage->params[p], json_object_get(parameters, stage->params[p].name),
		                           files, &value[p], error);
	void *settings = value && !code ? rmb_settings_make(arena, stage, value) : NULL;
	if (!settings && !code)
		rmb_error_nomem(error, "the settings");
	return settings;
}

/* One look, in an arena that goes before the next. */
static int
look_at(int index, const json_t *look, enum rmb_depth depth, struct rmb_error *error)
{
	struct rmb_arena *arena = rmb_arena_new();
	const char *name = json_string_value(json_object_get(look, "stage"));
	const struct rmb_stage *stage = name ? rmb_stage_find(name) : NULL;
	const void *settings = arena && stage && stage->look ? read_settings(arena, stage, look, error) : NULL;
	struct rmb_seen seen = { .arena = arena, .depth = depth };
	struct rmb_error wrong = { 0 };
	if (!settings) {
		rmb_arena_free(arena);
		return rmb_error_set(error, RMB_EINTERNAL, "the orders of a worker that looks do not hold together");
	}
	int code = stage->look(settings, &seen, &wrong);
	rmb_event_send(json_pack("{s:s, s:i, s:i, s:o, s:o}", "event", "looked", "node", index, "code", code, "text",
	                         rmb_json_text(wrong.text), "seen", rmb_seen_json(&seen)));
	rmb_arena_free(arena);
	return 0;
}

int
rmb_looks_work(const json_t *orders, struct rmb_error *error)
{
	json_int_t depth = json_integer_value(json_object_get(orders, "depth"));
	size_t i;
	json_t *look;
	int code = 0;
	json_array_foreach(json_object_get(orders, "looks"), i, look)
		if (!code)
			code = look_at((int)i, look,
			               depth >= RMB_HEADERS && depth <= RMB_WHOLE ? (enum rmb_depth)depth : RMB_HEADERS,
			               error);
	return code;
}

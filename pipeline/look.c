/* pipeline/look.c -- what stages see in the files that a recipe names: ordered here, done in a process like a run's workers.
 *
 * Orders: {"look": true, "parent": pid, "looks": [{"stage": ..., "parameters": {name: value, ...}, "files": {name: path, ...}}, ...]},
 * where a file stands in its parameter under a name that is no hash, for its content is not read. Events: {"event": "looked",
 * "node": index of the look, "code": ..., "text": ...}. */
#include "pipeline/look.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "pipeline/events.h"
#include "pipeline/process.h"

struct look { const struct rmb_stage *stage; const struct rmb_value *value; };

struct rmb_looks {
	struct rmb_arena *arena;
	struct rmb_mistakes *m;
	struct look *look;
	int n, room;
	int next;                 /* the first that was not answered */
};

/* ---- ordering */

struct rmb_looks *
rmb_looks_new(struct rmb_arena *arena, struct rmb_mistakes *m)
{
	struct rmb_looks *looks = rmb_arena_alloc(arena, 1, sizeof *looks);
	if (looks)
		*looks = (struct rmb_looks){ .arena = arena, .m = m };
	return looks;
}

static void
nomem(struct rmb_looks *looks)
{
	rmb_mistake(looks->m, RMB_ELIMIT, (struct rmb_place){ 0 }, "there is not enough memory to look at the files of this recipe");
}

void
rmb_looks_add(struct rmb_looks *looks, const struct rmb_stage *stage, const struct rmb_value *value)
{
	if (looks->n == looks->room) {
		int room = looks->room ? 2 * looks->room : 16;
		struct look *grown = rmb_arena_alloc(looks->arena, (size_t)room, sizeof *grown);
		if (!grown) {
			nomem(looks);
			return;
		}
		if (looks->n)
			memcpy(grown, looks->look, (size_t)looks->n * sizeof *grown);
		looks->look = grown;
		looks->room = room;
	}
	looks->look[looks->n++] = (struct look){ stage, value };
}

static json_t *
look_json(const struct look *look)
{
	json_t *parameters = json_object(), *files = json_object();
	for (int p = 0; p < rmb_nparams(look->stage); p++) {
		const struct rmb_param *param = &look->stage->params[p];
		struct rmb_value value = look->value[p];
		if (param->kind == RMB_FILE && !value.none) {
			value.sha256 = param->name;
			json_object_set_new(files, param->name, rmb_json_text(value.path));
		}
		json_object_set_new(parameters, param->name, rmb_value_json(param, &value));
	}
	return json_pack("{s:s, s:o, s:o}", "stage", look->stage->name, "parameters", parameters, "files", files);
}

static char *
orders_text(const struct rmb_looks *looks)
{
	json_t *list = json_array();
	for (int i = looks->next; i < looks->n; i++)
		json_array_append_new(list, look_json(&looks->look[i]));
	json_t *orders = json_pack("{s:b, s:i, s:o}", "look", 1, "parent", (int)getpid(), "looks", list);
	char *text = orders ? json_dumps(orders, JSON_COMPACT) : NULL;
	json_decref(orders);
	return text;
}

/* ---- what came of it */

/* The place of the file that a sentence names, else of the first one. */
static struct rmb_place
place_of(const struct look *look, const char *sentence)
{
	struct rmb_place place = { 0 };
	size_t longest = 0;
	for (int p = 0; p < rmb_nparams(look->stage); p++) {
		const struct rmb_value *value = &look->value[p];
		if (look->stage->params[p].kind != RMB_FILE || value->none)
			continue;
		size_t length = strlen(value->path);
		if (!place.file || (length > longest && strstr(sentence, value->path))) {
			place = value->place;
			longest = strstr(sentence, value->path) ? length : 0;
		}
	}
	return place;
}

static void
on_event(void *self, const json_t *event)
{
	struct rmb_looks *looks = self;
	int code;
	const char *text;
	if (looks->next == looks->n || json_unpack((json_t *)event, "{s:i, s:s}", "code", &code, "text", &text))
		return;
	const struct look *look = &looks->look[looks->next++];
	if (code)
		rmb_mistake(looks->m, RMB_EINPUT, place_of(look, text), "%s", text);
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
	const struct look *look = &looks->look[looks->next];
	struct rmb_place place = place_of(look, "");
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGTERM && WTERMSIG(status) != SIGINT) {
		rmb_mistake(looks->m, RMB_EINPUT, place, WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL ?
		            "looking at this file took more time or memory than a recording can need; it is damaged or not what it seems" :
		            "looking at this file brought its reader down (%s); it is damaged or not what it seems", strsignal(WTERMSIG(status)));
		looks->next++;
		return;
	}
	rmb_mistake(looks->m, RMB_EINPUT, place, "this file could not be looked at%s%s", *words ? ": " : "", words);
	looks->next = looks->n;
}

void
rmb_looks_run(struct rmb_looks *looks)
{
	while (looks->next < looks->n) {
		struct rmb_process process;
		struct rmb_error error = { 0 };
		char *text = orders_text(looks);
		int code = text ? rmb_process_start(&process, text, &error) : rmb_error_nomem(&error, "the orders of a worker");
		free(text);
		if (code) {
			rmb_mistake(looks->m, code, (struct rmb_place){ 0 }, "%s", error.text);
			return;
		}
		int status = hear(looks, &process);
		if (looks->next < looks->n)
			tell_end(looks, status, process.words);
		rmb_process_close(&process);
	}
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
		code = rmb_value_from_json(arena, &stage->params[p], json_object_get(parameters, stage->params[p].name), files, &value[p], error);
	void *settings = value && !code ? rmb_settings_make(arena, stage, value) : NULL;
	if (!settings && !code)
		rmb_error_nomem(error, "the settings");
	return settings;
}

int
rmb_looks_work(struct rmb_arena *arena, const json_t *orders, struct rmb_error *error)
{
	size_t i;
	json_t *look;
	json_array_foreach(json_object_get(orders, "looks"), i, look) {
		const char *name = json_string_value(json_object_get(look, "stage"));
		const struct rmb_stage *stage = name ? rmb_stage_find(name) : NULL;
		const void *settings = stage && stage->look ? read_settings(arena, stage, look, error) : NULL;
		struct rmb_error seen = { 0 };
		if (!settings)
			return rmb_error_set(error, RMB_EINTERNAL, "the orders of a worker that looks do not hold together");
		int code = stage->look(settings, &seen);
		rmb_event_send(json_pack("{s:s, s:i, s:i, s:o}", "event", "looked", "node", (int)i, "code", code, "text", rmb_json_text(seen.text)));
	}
	return 0;
}

/* pipeline/reason.c -- the difference of two descriptions, in words. */
#include <string.h>
#include "pipeline/reason.h"

enum { SHOWN = 3 };

struct rmb_reasons {
	struct rmb_arena *arena;
	json_t *last;       /* id -> description, NULL: none */
	const char *text;   /* of the step at hand, so far */
	int n;
};

struct rmb_reasons *
rmb_reasons_read(struct rmb_arena *arena, const char *last)
{
	struct rmb_reasons *reasons = rmb_arena_alloc(arena, 1, sizeof *reasons);
	if (reasons)
		*reasons = (struct rmb_reasons){ .arena = arena, .last = last ? json_load_file(last, 0, NULL) : NULL };
	return reasons;
}

void
rmb_reasons_close(struct rmb_reasons *reasons)
{
	if (reasons)
		json_decref(reasons->last);
}

/* The description of the node in the run before (new reference), written as an object or as its canonical text. */
static json_t *
description_before(const struct rmb_reasons *reasons, const char *id)
{
	json_t *found = json_object_get(reasons->last, id);
	return json_is_string(found) ? json_loads(json_string_value(found), 0, NULL) : json_incref(found);
}

static void
say(struct rmb_reasons *reasons, const char *format, ...) RMB_PRINTF(2, 3);

static void
say(struct rmb_reasons *reasons, const char *format, ...)
{
	char sentence[512];
	va_list args;
	if (reasons->n++ > SHOWN)
		return;
	va_start(args, format);
	vsnprintf(sentence, sizeof sentence, format, args);
	va_end(args);
	const char *more = reasons->n > SHOWN ? "..." : sentence;
	reasons->text = reasons->text ? rmb_arena_printf(reasons->arena, "%s; %s", reasons->text, more)
	                              : rmb_arena_strdup(reasons->arena, more);
}

static const char *
place_of(struct rmb_reasons *reasons, const struct rmb_node *node, const struct rmb_value *value)
{
	const struct rmb_place *place = value->place.file ? &value->place : &node->entry->place;
	bool in_file = place->line && place->file && strncmp(place->file, "--", 2) != 0; /* "--set" has no lines to count */
	const char *text = in_file ? rmb_arena_printf(reasons->arena, "%s:%d", place->file, place->line) : place->file;
	return text ? text : "";
}

static const char *
print_json(struct rmb_reasons *reasons, const struct rmb_param *param, const json_t *json)
{
	struct rmb_value value = {0};
	struct rmb_error error = {0};
	if (rmb_value_from_json(reasons->arena, param, json, NULL, &value, &error))
		return "?";
	return rmb_value_print(reasons->arena, param, &value);
}

static void
compare_parameters(struct rmb_reasons *reasons, const struct rmb_node *node, const json_t *before, const json_t *now)
{
	for (int i = 0; i < rmb_nparams(node->stage); i++) {
		const struct rmb_param *param = &node->stage->params[i];
		const struct rmb_value *value = &node->value[i];
		const json_t *old = json_object_get(before, param->name), *new = json_object_get(now, param->name);
		if (param->numeric_noise || !old || json_equal(old, new))
			continue;
		if (param->kind == RMB_FILE)
			say(reasons, "input file changed: %s (%s)", value->none ? param->name : value->text,
			    place_of(reasons, node, value));
		else
			say(reasons, "%s: %s -> %s (%s)", param->name, print_json(reasons, param, old),
			    rmb_value_print(reasons->arena, param, value), place_of(reasons, node, value));
	}
}

static void
compare_number(struct rmb_reasons *reasons, const json_t *before, const json_t *now, const char *key, const char *called)
{
	const json_t *old = json_object_get(before, key), *new = json_object_get(now, key);
	if (json_is_integer(old) && json_is_integer(new) && !json_equal(old, new))
		say(reasons, "%s %lld -> %lld", called, (long long)json_integer_value(old), (long long)json_integer_value(new));
}

/* "z" of the node's own recording, "krebs/z" of another. */
static const char *
name_beside(const struct rmb_node *node, const struct rmb_node *read)
{
	return read->source == node->source ? read->name : read->id;
}

/* The first input that will run; else the first that was another before. */
static void
compare_inputs(struct rmb_reasons *reasons, const struct rmb_plan *plan, const struct rmb_node *node, const json_t *before,
               const json_t *now)
{
	const json_t *old = json_object_get(before, "inputs"), *new = json_object_get(now, "inputs");
	if (json_equal(old, new))
		return;
	for (int i = 0; i < node->nedges; i++)
		if (plan->step[node->edge[i].from->index].todo == RMB_RUN) {
			say(reasons, "reads %s, which will run", name_beside(node, node->edge[i].from));
			return;
		}
	for (int i = 0; i < node->nedges; i++)
		if (!json_equal(json_array_get(old, (size_t)i), json_array_get(new, (size_t)i))) {
			say(reasons, "reads %s, which is not what it read before", name_beside(node, node->edge[i].from));
			return;
		}
	say(reasons, "reads %zu things, not %zu", json_array_size(new), json_array_size(old));
}

static void
compare(struct rmb_reasons *reasons, const struct rmb_plan *plan, const struct rmb_node *node, const json_t *before,
        const json_t *now)
{
	const char *stage = json_string_value(json_object_get(before, "stage"));
	if (!stage || strcmp(stage, node->stage->name) != 0) {
		say(reasons, "stage: %s -> %s (%s:%d)", stage ? stage : "?", node->stage->name,
		    node->entry->place.file ? node->entry->place.file : "", node->entry->place.line);
		return;
	}
	compare_number(reasons, before, now, "version", "stage version");
	compare_number(reasons, before, now, "numeric", "version of the numerical library");
	compare_parameters(reasons, node, json_object_get(before, "parameters"), json_object_get(now, "parameters"));
	compare_number(reasons, before, now, "seed", "seed:");
	compare_number(reasons, before, now, "replicate", "replicate:");
	const json_t *old = json_object_get(before, "labels"), *new = json_object_get(now, "labels");
	if (old && new && !json_equal(old, new))
		say(reasons, "labels changed");
	compare_inputs(reasons, plan, node, before, now);
	if (!reasons->text)
		say(reasons, "described otherwise before");
}

/* The node whose run makes a missing object necessary: one that reads it, else one that reads a view of it. */
static const struct rmb_node *
first_reader(const struct rmb_plan *plan, const struct rmb_node *node)
{
	for (int i = 0; i < node->nusers; i++)
		if (plan->step[node->user[i]->index].todo == RMB_RUN)
			return node->user[i];
	const struct rmb_node *reader = NULL;
	for (int i = 0; i < node->nusers && !reader; i++)
		if (node->user[i]->makes & RMB_RECORDING)
			reader = first_reader(plan, node->user[i]);
	return reader;
}

/* The beginning of a failure's sentence, without the place in the recipe and the node that it begins with. */
static const char *
first_words(struct rmb_reasons *reasons, const char *sentence)
{
	enum { MOST = 72 };
	const char *begin = strstr(sentence, "): ");
	begin = begin ? begin + strlen("): ") : sentence;
	size_t n = strcspn(begin, "\n");
	if (n <= MOST)
		return rmb_arena_printf(reasons->arena, "%.*s", (int)n, begin);
	for (n = MOST; n > MOST / 2 && begin[n] != ' ';)
		n--;
	while (n > 0 && ((unsigned char)begin[n] & 0xc0) == 0x80) /* never within a character */
		n--;
	return rmb_arena_printf(reasons->arena, "%.*s ...", (int)n, begin);
}

const char *
rmb_reason(struct rmb_reasons *reasons, const struct rmb_plan *plan, const struct rmb_step *step)
{
	const struct rmb_node *node = step->node, *reader = first_reader(plan, node);
	const char *failure;
	reasons->text = NULL;
	reasons->n = 0;
	json_t *before = description_before(reasons, node->id), *now = json_loads(node->description, 0, NULL);
	if (node->twin && plan->step[node->twin->index].todo == RMB_RUN)
		say(reasons, "is the same as %s, which will run", name_beside(node, node->twin));
	else if (step->damage)
		say(reasons, "its object was damaged");
	else if ((failure = rmb_journal_failure(plan->journal, node)))
		say(reasons, "failed last time: %s", first_words(reasons, failure));
	else if (!json_is_object(before))
		say(reasons, "never ran");
	else if (!json_equal(before, now))
		compare(reasons, plan, node, before, now);
	else if (!node->keep && reader)
		say(reasons, "was let go (keep: false) and %s needs it", name_beside(node, reader));
	else
		say(reasons, "its object was removed or damaged");
	json_decref(before);
	json_decref(now);
	return reasons->text ? reasons->text : "";
}

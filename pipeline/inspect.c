/* pipeline/inspect.c -- `rumble inspect`: what is in a file or folder, and how a recipe would load it. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "pipeline/begin.h"
#include "pipeline/command.h"
#include "pipeline/events.h"
#include "pipeline/table.h"
#include "rumble/units.h"

static const char *
number_text(struct rmb_arena *arena, double number, const char *unit)
{
	char buffer[64];
	if (strcmp(unit, "1") == 0 || !isfinite(number))
		return rmb_arena_printf(arena, fabs(number) < 1e15 && number == rint(number) ? "%.0f" : "%.4g", number);
	return rmb_arena_strdup(arena, rmb_quantity_print(number, unit, buffer, sizeof buffer));
}

static const char *
fact_text(struct rmb_arena *arena, const struct rmb_fact *fact)
{
	const char *low = fact->text ? NULL : number_text(arena, fact->number[0], fact->unit);
	const char *high = fact->n == 2 ? number_text(arena, fact->number[1], fact->unit) : NULL;
	return fact->text ? fact->text : low && high ? rmb_arena_printf(arena, "%s to %s", low, high) : low;
}

/* What loading it takes. */
static void
expect(struct rmb_arena *arena, const struct rmb_look *look, struct rmb_cost *cost)
{
	const void *settings = rmb_settings_make(arena, look->stage, look->value);
	*cost = (struct rmb_cost){ .out = look->seen.size };
	if (settings && look->stage->estimate)
		look->stage->estimate(settings, &look->seen.size, cost);
}

/* A row of the table, and further ones where the text is long: it is cut at blanks. */
static void
add_row(struct rmb_arena *arena, struct rmb_table *table, const char *name, const char *text)
{
	enum { WIDTH = 90 };
	while (text) {
		size_t n = strlen(text), cut = n;
		for (size_t i = 0; n > WIDTH && i < n && (i <= WIDTH || cut == n); i++)
			cut = text[i] == ' ' ? i : cut;
		rmb_table_row(table, (const char *const[]){ "", name, rmb_arena_printf(arena, "%.*s", (int)cut, text) });
		text = cut < n ? text + cut + 1 : NULL;
		name = "";
	}
}

static void
print_text(struct rmb_arena *arena, const char *path, const struct rmb_look *look)
{
	const struct rmb_seen *seen = &look->seen;
	struct rmb_table *table = rmb_table_new(arena, "lll");
	struct rmb_cost cost;
	struct rmb_measure total;
	bool sampled = rmb_seen_fact(seen, "looked at") != NULL;
	printf("%s\n", rmb_harmless(arena, path));
	for (int i = 0; i < seen->nfacts && table; i++)
		add_row(arena, table, seen->fact[i].name, fact_text(arena, &seen->fact[i]));
	if (table)
		rmb_table_print(table, stdout);
	for (int i = 0; i < seen->ncautions; i++) {
		printf("%s  - %s%s\n", i == 0 ? "\nTo know\n" : "", rmb_harmless(arena, seen->caution[i].text),
		       seen->caution[i].sampled ? " (*)" : "");
		sampled |= seen->caution[i].sampled;
	}
	if (sampled)
		printf("  (*) seen in a sample; `rumble inspect --full` reads everything\n");
	if (look->code)
		return;
	const char *entry = rmb_begin_entry(arena, NULL, path, NULL, look), *remarks = rmb_begin_remarks(arena, "      ", look),
	           *stage = rmb_begin_stage(arena, look);
	printf("\nIn a recipe\n  recordings:\n    - %s\n%s", entry ? entry : "?", remarks ? remarks : "");
	if (stage && *stage)
		printf("  stages:\n    raw: {stage: %s%s}\n", look->stage->name, stage);
	expect(arena, look, &cost);
	printf("\nLoading it takes %s of memory and %s on disk", number_text(arena, rmb_measure_rounded(cost.memory), "B"),
	       number_text(arena, rmb_measure_rounded(cost.disk), "B"));
	if (rmb_begin_cost(arena, path, look, &total))
		printf("; the recipe of `rumble init` %s of memory for its largest node,\n%s on disk, and %s%s on one core",
		       number_text(arena, rmb_measure_rounded(total.peak_bytes), "B"),
		       number_text(arena, rmb_measure_rounded(total.object_bytes), "B"),
		       total.guess ? "more than " : "about ", number_text(arena, rmb_measure_rounded(total.seconds), "s"));
	printf("\n");
}

static void
print_json(struct rmb_arena *arena, const char *path, const struct rmb_look *look)
{
	struct rmb_cost cost;
	struct rmb_measure total;
	const char *entry = look->code ? NULL : rmb_begin_entry(arena, NULL, path, NULL, look);
	json_t *event = json_pack("{s:s, s:o, s:s, s:o*}", "event", "inspected", "path", rmb_json_text(path), "class",
	                          rmb_code_name(look->code), "message", look->code ? rmb_json_text(look->sentence) : NULL);
	json_t *seen = rmb_seen_json(&look->seen);
	expect(arena, look, &cost);
	if (event && seen)
		json_object_update(event, seen);
	if (event && entry)
		json_object_update_new(event, json_pack("{s:o, s:f, s:f}", "entry", rmb_json_text(entry), "memory",
		                                        cost.memory, "disk", cost.disk));
	if (event && entry && rmb_begin_cost(arena, path, look, &total))
		json_object_set_new(event, "init",
		                    json_pack("{s:f, s:f, s:f, s:b}", "memory", total.peak_bytes, "disk", total.object_bytes,
		                              "seconds", total.seconds, "guess", total.guess));
	json_decref(seen);
	rmb_json_line(stdout, event);
}

static int
inspect(const struct rmb_options *options, struct rmb_arena *arena, struct rmb_mistakes *m, struct rmb_error *error)
{
	const struct rmb_look **look = rmb_arena_alloc(arena, (size_t)options->nargs, sizeof *look);
	int code = look ? rmb_begin_look(arena, options->arg, options->nargs, options->set, options->nset,
	                                 options->full ? RMB_WHOLE : RMB_SAMPLE, look, m, error)
	                : rmb_error_nomem(error, "a look at files");
	if (code)
		return code;
	for (int i = 0; i < options->nargs; i++) {
		if (options->json) {
			print_json(arena, options->arg[i], look[i]);
		} else {
			printf("%s", i ? "\n" : "");
			print_text(arena, options->arg[i], look[i]);
			fflush(stdout);
			if (look[i]->code)
				fprintf(stderr, "rumble: %s\n", rmb_harmless(arena, look[i]->sentence));
		}
		code = code ? code : look[i]->code;
	}
	return code;
}

int
rmb_command_inspect(const struct rmb_options *options)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_mistakes *m = arena ? rmb_mistakes_new(arena) : NULL;
	struct rmb_error error = { 0 };
	int code = m ? inspect(options, arena, m, &error) : rmb_error_nomem(&error, "a look at files");
	if (m && rmb_mistakes_count(m))
		rmb_mistakes_print(m, options->json ? stdout : stderr, options->json);
	int status = error.code ? rmb_complain(options, &error) : rmb_exit_code(code);
	rmb_arena_free(arena);
	return status;
}

/* pipeline/seen.c -- what a look saw, as JSON: between the process that looks and the one that asked, and for `rumble
 * inspect --json`. */
#include <math.h>
#include <string.h>
#include "pipeline/events.h"
#include "pipeline/look.h"

static const struct { unsigned kind; const char *name; } kinds[] = { { RMB_RECORDING, "recording" }, { RMB_SPIKES, "spikes" } };

/* JSON has no NaN. */
static json_t *
number_json(double number)
{
	return isfinite(number) ? json_real(number) : json_null();
}

static json_t *
fact_json(const struct rmb_fact *fact)
{
	if (fact->text)
		return json_pack("{s:o, s:o}", "name", rmb_json_text(fact->name), "text", rmb_json_text(fact->text));
	json_t *number = fact->n == 2 ? json_pack("[o, o]", number_json(fact->number[0]), number_json(fact->number[1]))
	                              : number_json(fact->number[0]);
	return json_pack("{s:o, s:o, s:s}", "name", rmb_json_text(fact->name), "number", number, "unit", fact->unit);
}

json_t *
rmb_seen_json(const struct rmb_seen *seen)
{
	json_t *facts = json_array(), *cautions = json_array(), *advice = json_array();
	const char *kind = NULL;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		kind = kinds[i].kind == seen->kind ? kinds[i].name : kind;
	for (int i = 0; i < seen->nfacts; i++)
		json_array_append_new(facts, fact_json(&seen->fact[i]));
	for (int i = 0; i < seen->ncautions; i++)
		json_array_append_new(cautions, json_pack("{s:o, s:b}", "text", rmb_json_text(seen->caution[i].text),
		                                          "sampled", seen->caution[i].sampled));
	for (int i = 0; i < seen->nadvice; i++) {
		const struct rmb_advice *a = &seen->advice[i];
		json_array_append_new(advice, json_pack("{s:s, s:o, s:o*}", "name", a->name, "value", rmb_json_text(a->value),
		                                        "why", a->why ? rmb_json_text(a->why) : NULL));
	}
	return json_pack("{s:s?, s:f, s:f, s:f, s:f, s:b, s:o, s:o, s:o}", "kind", kind, "neurons", seen->size.neurons, "frames",
	                 seen->size.frames, "spikes", seen->size.spikes, "seconds", seen->size.seconds, "in_place",
	                 (int)seen->size.in_place, "facts", facts, "cautions", cautions, "settings", advice);
}

static double
number_of(const json_t *json)
{
	return json_is_number(json) ? json_number_value(json) : NAN;
}

static void
fact_back(const json_t *json, struct rmb_seen *seen)
{
	const char *name = json_string_value(json_object_get(json, "name")),
	           *text = json_string_value(json_object_get(json, "text"));
	const char *unit = json_string_value(json_object_get(json, "unit"));
	const json_t *number = json_object_get(json, "number");
	if (name && text)
		rmb_see_text(seen, name, "%s", text);
	else if (name && unit && json_is_array(number))
		rmb_see_range(seen, name, number_of(json_array_get(number, 0)), number_of(json_array_get(number, 1)), unit);
	else if (name && unit)
		rmb_see_number(seen, name, number_of(number), unit);
}

void
rmb_seen_from_json(const json_t *json, struct rmb_seen *seen)
{
	const char *kind = json_string_value(json_object_get(json, "kind"));
	size_t i;
	json_t *one;
	for (size_t k = 0; kind && k < sizeof kinds / sizeof *kinds; k++)
		seen->kind = strcmp(kind, kinds[k].name) == 0 ? kinds[k].kind : seen->kind;
	seen->size = (struct rmb_size){ .neurons = fmax(0, number_of(json_object_get(json, "neurons"))),
		                        .frames = fmax(0, number_of(json_object_get(json, "frames"))),
		                        .spikes = fmax(0, number_of(json_object_get(json, "spikes"))),
		                        .seconds = fmax(0, number_of(json_object_get(json, "seconds"))),
		                        .in_place = json_is_true(json_object_get(json, "in_place")) };
	json_array_foreach(json_object_get(json, "facts"), i, one)
		fact_back(one, seen);
	json_array_foreach(json_object_get(json, "cautions"), i, one) {
		const char *text = json_string_value(json_object_get(one, "text"));
		if (text)
			rmb_see_caution(seen, json_is_true(json_object_get(one, "sampled")), "%s", text);
	}
	json_array_foreach(json_object_get(json, "settings"), i, one) {
		const char *name = json_string_value(json_object_get(one, "name")),
		           *value = json_string_value(json_object_get(one, "value"));
		if (name && value)
			rmb_see_advice(seen, name, value, json_string_value(json_object_get(one, "why")));
	}
}

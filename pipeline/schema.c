/* pipeline/schema.c -- the recipe language as a JSON schema (draft 7), made from the stage descriptors, for editors.
 *
 * It knows what can be known without the whole recipe: keys, types, units, words, required inputs. What it refuses,
 * `rumble check` refuses too; references, cycles, kinds, ranges of quantities and labels are left to that. YAML tells 5
 * from "5", and a text may be written as either, so texts may be numbers here; ${name} may stand for any scalar. */
#include <stdio.h>
#include <string.h>
#include <math.h>
#include "pipeline/graph.h"
#include "pipeline/recipe.h"
#include "rumble/units.h"

#define NUMBER "[+-]?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?"
#define WHOLE "[+-]?(0|[1-9][0-9]*)"
#define NAME "[A-Za-z][A-Za-z0-9_-]{0,62}"

static json_t *
ref(const char *name)
{
	char path[80];
	snprintf(path, sizeof path, "#/definitions/%s", name);
	return json_pack("{s:s}", "$ref", path);
}

static json_t *
pattern(const char *text)
{
	return json_pack("{s:s, s:s}", "type", "string", "pattern", text);
}

/* Either; steals both. */
static json_t *
either(json_t *a, json_t *b)
{
	return json_pack("{s:[o, o]}", "anyOf", a, b);
}

/* ---- values of settings */

static void
set_limits(json_t *schema, const struct rmb_param *param)
{
	if (param->min == 0 && param->max == 0)
		return;
	if (isfinite(param->min))
		json_object_set_new(schema, "minimum", json_real(param->min));
	if (isfinite(param->max))
		json_object_set_new(schema, "maximum", json_real(param->max));
}

/* "25 um": a number and one of the units of the kind. */
static json_t *
quantity(const struct rmb_param *param)
{
	char text[1024] = "^" NUMBER " *(";
	if (!param->unit || strcmp(param->unit, "1") == 0) {
		json_t *schema = json_pack("{s:s}", "type", "number");
		set_limits(schema, param);
		return schema;
	}
	for (int i = 0; rmb_unit_name(param->unit, i); i++) {
		size_t used = strlen(text);
		snprintf(text + used, sizeof text - used, "%s%s", i ? "|" : "", rmb_unit_name(param->unit, i));
	}
	return pattern(strcat(text, ")$"));
}

static json_t *
whole(const struct rmb_param *param)
{
	json_t *schema = json_pack("{s:s}", "type", "integer");
	set_limits(schema, param);
	return schema;
}

static json_t *
words(const struct rmb_param *param)
{
	json_t *list = json_array();
	for (const char *word = param->words; list && *word;) {
		size_t n = strcspn(word, "|");
		json_array_append_new(list, json_stringn(word, n));
		word += n + (word[n] == '|');
	}
	return json_pack("{s:o}", "enum", list);
}

static json_t *
list_of(json_t *item)
{
	return json_pack("{s:s, s:o}", "type", "array", "items", either(item, ref("variable")));
}

static json_t *
kind_schema(const struct rmb_param *param)
{
	switch (param->kind) {
	case RMB_REAL:
		return quantity(param);
	case RMB_INT:
		return whole(param);
	case RMB_FLAG:
		return json_pack("{s:s}", "type", "boolean");
	case RMB_WORD:
		return words(param);
	case RMB_RANGE:
		return pattern("^" WHOLE "\\.\\." WHOLE "$");
	case RMB_INTS:
		return list_of(whole(param));
	case RMB_REALS:
		return list_of(quantity(param));
	case RMB_STRING:
	case RMB_FILE:
		break;
	}
	return ref("text");
}

/* One value of a setting: its kind, `none` where allowed, or a variable. */
static json_t *
value_schema(const struct rmb_param *param)
{
	json_t *schema = either(kind_schema(param), ref("variable"));
	if (param->none)
		json_array_append_new(json_object_get(schema, "anyOf"), json_pack("{s:s}", "const", "none"));
	return schema;
}

static json_t *
described(json_t *schema, const char *help, const char *def)
{
	if (help)
		json_object_set_new(schema, "description", json_string(help));
	if (def)
		json_object_set_new(schema, "default", json_string(def));
	return schema;
}

/* As an entry may write it: a value, or {by: label, V1: value, else: value}. */
static json_t *
setting_schema(const struct rmb_param *param)
{
	json_t *by = json_pack("{s:s, s:[s], s:i, s:{s:o}, s:o}", "type", "object", "required", "by", "minProperties", 2,
	                       "properties", "by", ref("text"), "additionalProperties", value_schema(param));
	return described(either(value_schema(param), by), param->help, param->def);
}

/* ---- entries under stages */

/* Properties that every entry has. */
static json_t *
common_properties(const char *stage)
{
	return json_pack("{s:{s:s}, s:{s:[{s:s, s:i, s:i}, o], s:s}, s:{s:[{s:s}, o], s:s}}", "stage", "const", stage,
	                 "repeat", "anyOf", "type", "integer", "minimum", 1, "maximum", 10000, ref("variable"), "description",
	                 "number of replicates, each with draws of its own", "keep", "anyOf", "type", "boolean",
	                 ref("variable"), "description", "false: its result may go once its readers have finished");
}

/* {NODE.SETTING: [..]}; {NODE: {SETTING: [..]}}, which --set writes, says the same. */
static json_t *
vary_schema(bool fed)
{
	json_t *list = json_pack("{s:s, s:i}", "type", "array", "minItems", 1);
	if (fed)
		list = json_pack("{s:[o, {s:s}]}", "anyOf", list, "const", "all");
	json_t *nested = json_pack("{s:s, s:O}", "type", "object", "additionalProperties", list);
	return json_pack("{s:s, s:i, s:{s:o, s:o}, s:b, s:s}", "type", "object", "minProperties", 1, "patternProperties",
	                 "^" NAME "\\.[^.]+$", list, "^" NAME "$", nested, "additionalProperties", 0, "description",
	                 "settings of nodes above the one read, as NODE.SETTING, each with a list of values; the lists are "
	                 "equally long");
}

static json_t *
stage_properties(const struct rmb_stage *stage, json_t *required)
{
	json_t *properties = common_properties(stage->name);
	for (int i = 0; i < rmb_nparams(stage); i++) {
		json_object_set_new(properties, stage->params[i].name, setting_schema(&stage->params[i]));
		if (!stage->params[i].def && !stage->reads_files)
			json_array_append_new(required, json_string(stage->params[i].name));
	}
	if (stage->propose) {
		json_object_set_new(properties, "vary", vary_schema(rmb_stage_is_fed(stage)));
		json_array_append_new(required, json_string("vary"));
	}
	for (int i = 0; stage->in && stage->in[i].name; i++) {
		json_object_set_new(properties, stage->in[i].name,
		                    described(json_pack("{s:[o]}", "allOf", ref("input")), stage->in[i].help, NULL));
		if (!stage->in[i].optional)
			json_array_append_new(required, json_string(stage->in[i].name));
	}
	return properties;
}

/* An entry whose stage is this one. */
static json_t *
stage_schema(const struct rmb_stage *stage)
{
	json_t *required = json_pack("[s]", "stage");
	json_t *properties = stage_properties(stage, required);
	return json_pack("{s:{s:[s], s:{s:{s:s}}}, s:{s:s, s:o, s:o, s:b}}", "if", "required", "stage", "properties", "stage",
	                 "const", stage->name, "then", "description", stage->brief, "properties", properties, "required",
	                 required, "additionalProperties", 0);
}

static json_t *
entry_schema(void)
{
	json_t *names = json_array(), *each = json_array();
	for (const struct rmb_stage *const *s = rmb_stages; *s; s++) {
		json_array_append_new(names, json_string((*s)->name));
		json_array_append_new(each, stage_schema(*s));
	}
	return json_pack("{s:s, s:[s], s:{s:{s:[{s:o}, o]}}, s:o}", "type", "object", "required", "stage", "properties",
	                 "stage", "anyOf", "enum", names, ref("variable"), "allOf", each);
}

/* ---- recordings */

static json_t *
recording_schema(void)
{
	json_t *properties =
		json_pack("{s:o, s:o, s:o, s:o, s:{s:s, s:o}}", "name", ref("text"), "glob", ref("text"), "area", ref("text"),
	                  "tags", either(ref("text"), json_pack("{s:s, s:o}", "type", "array", "items", ref("text"))),
	                  "labels", "type", "object", "additionalProperties", ref("text"));
	for (const struct rmb_stage *const *s = rmb_stages; *s; s++)
		for (int i = 0; (*s)->reads_files && i < rmb_nparams(*s); i++) {
			const struct rmb_param *p = &(*s)->params[i];
			if (!json_object_get(properties, p->name))
				json_object_set_new(properties, p->name, described(value_schema(p), p->help, p->def));
		}
	return json_pack("{s:s, s:o, s:b, s:[{s:[s]}, {s:[s]}, {s:[s]}], s:{s:[s, s]}}", "type", "object", "properties",
	                 properties, "additionalProperties", 0, "anyOf", "required", "name", "required", "path", "required",
	                 "glob", "not", "required", "path", "glob");
}

/* ---- the whole */

static json_t *
definitions(void)
{
	json_t *reference = pattern("^" NAME "(@[^#.]+)?(#[1-9][0-9]{0,4})?(\\.[^.@#]+)?$");
	return json_pack("{s:o, s:{s:[s, s, s]}, s:o, s:o, s:o, s:o}", "variable", pattern("\\$\\{"), "text", "type",
	                 "string", "number", "boolean", "reference", either(reference, ref("variable")), "input",
	                 either(ref("reference"), json_pack("{s:s, s:o, s:i, s:b}", "type", "array", "items",
	                                                    ref("reference"), "minItems", 1, "uniqueItems", 1)),
	                 "recording", recording_schema(), "entry", entry_schema());
}

static json_t *
top_properties(void)
{
	json_t *properties = json_pack("{s:{s:i, s:s}, s:o, s:{s:[{s:s, s:i, s:I}, o]}}", "rumble", "const", 1, "description",
	                               "version of the recipe language", "title", ref("text"), "seed", "anyOf", "type",
	                               "integer", "minimum", 0, "maximum", (json_int_t)9007199254740992, ref("variable"));
	json_object_set_new(properties, "recordings", json_pack("{s:s, s:o}", "type", "array", "items", ref("recording")));
	json_object_set_new(properties, "stages",
	                    json_pack("{s:s, s:{s:s}, s:o}", "type", "object", "propertyNames", "pattern", "^" NAME "$",
	                              "additionalProperties", ref("entry")));
	json_t *output = either(pattern("^[^./][^/]*\\.html$"), ref("variable"));
	json_object_set_new(properties, "report",
	                    either(json_pack("{s:s}", "const", "none"),
	                           json_pack("{s:s, s:{s:o}, s:b}", "type", "object", "properties", "output", output,
	                                     "additionalProperties", 0)));
	json_object_set_new(properties, "vars",
	                    json_pack("{s:s, s:{s:s}, s:o}", "type", "object", "propertyNames", "pattern", "^" NAME "$",
	                              "additionalProperties", ref("text")));
	json_object_set_new(properties, "include",
	                    either(ref("text"), json_pack("{s:s, s:o}", "type", "array", "items", ref("text"))));
	return properties;
}

json_t *
rmb_schema(void)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:[s], s:[{s:[s]}, {s:[s, s], s:{s:{s:i}, s:{s:i}}}],s:o, s:b, s:o}",
	                 "$schema", "http://json-schema.org/draft-07/schema#", "title", "rumble recipe", "description",
	                 "A recipe of rumble, version 1 of the language", "type", "object", "required", "rumble", "anyOf",
	                 "required", "include", "required", "recordings", "stages", "properties", "recordings", "minItems", 1,
	                 "stages", "minProperties", 1, "properties", top_properties(), "additionalProperties", 0,
	                 "definitions", definitions());
}

/* Values of settings: text -> value -> canonical JSON -> value -> settings struct, for every kind. */
#include "support/check.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "pipeline/settings.h"
#include "support/recipes.h"

struct settings {
	double real, bare;
	int64_t whole;
	bool flag;
	const char *word, *string, *file;
	struct rmb_range range;
	struct rmb_ints ints;
	struct rmb_reals reals;
};

#define AT(field) offsetof(struct settings, field)
static const struct rmb_param params[] = {
	{ "real", RMB_REAL, AT(real), "45 ms", true, "s", 0, 10, .help = "a time" },
	{ "bare", RMB_REAL, AT(bare), "0.5", false, NULL, 0, 0, .help = "a number" },
	{ "whole", RMB_INT, AT(whole), "3", true, NULL, -5, INFINITY, .help = "a count" },
	{ "flag", RMB_FLAG, AT(flag), "true", false, NULL, 0, 0, .help = "a flag" },
	{ "word", RMB_WORD, AT(word), "mean", false, NULL, 0, 0, .words = "mean|sum|median", .help = "a word" },
	{ "string", RMB_STRING, AT(string), "none", true, NULL, 0, 0, .help = "a text" },
	{ "file", RMB_FILE, AT(file), "none", true, NULL, 0, 0, .help = "a path" },
	{ "range", RMB_RANGE, AT(range), "11..500", true, NULL, 1, 1000, .help = "ranks" },
	{ "ints", RMB_INTS, AT(ints), "none", true, NULL, 0, 100, .help = "numbers" },
	{ "reals", RMB_REALS, AT(reals), "[0 um, 1.5 mm]", true, "um", 0, 0, .help = "lengths" },
	{ 0 } };
enum { REAL, BARE, WHOLE, FLAG, WORD, STRING, PATH, RANGE, INTS, REALS, NPARAMS };
static const struct rmb_stage stage = { .name = "probe", .params = params, .settings_size = sizeof(struct settings) };

struct reading { struct rmb_arena *arena; struct rmb_mistakes *m; struct rmb_value value; int code; char *told; };

static struct reading
read_value(int param, const char *text)
{
	struct reading r = { .arena = rmb_arena_new() };
	r.m = rmb_mistakes_new(r.arena);
	const struct rmb_tree *tree = rmb_tree_parse(r.arena, "t", text, strlen(text), r.m);
	assert_non_null(tree);
	r.code = rmb_value_read(r.arena, "probe", &params[param], tree, "dir", &r.value, r.m);
	assert_int_equal(r.code, rmb_mistakes_code(r.m));
	r.told = rmb_test_said(r.m, false);
	return r;
}

static void
forget(struct reading *r)
{
	free(r->told);
	rmb_arena_free(r->arena);
}

static void
values_become_canonical_json(void **state)
{
	static const struct { int param; const char *text, *json, *printed; } row[] = {
		{ REAL, "45.45 ms", "0.045449999999999997", "45.45 ms" }, { REAL, "0.04545 s", "0.045449999999999997", "45.45 ms" },
		{ REAL, "\"2s\"", "2.0", "2 s" }, { REAL, "-0 s", "0.0", "0 s" }, { REAL, "none", "null", "none" },
		{ REAL, "'none'", "null", "none" },
		{ BARE, "-1.5e2", "-150.0", "-150" }, { WHOLE, "-5", "-5", "-5" }, { WHOLE, "none", "null", "none" },
		{ FLAG, "false", "false", "false" },
		{ WORD, "sum", "\"sum\"", "sum" }, { STRING, "no", "\"no\"", "no" }, { STRING, "none", "null", "none" },
		{ STRING, "'none'", "\"none\"", "none" },
		{ STRING, "1:30", "\"1:30\"", "1:30" }, { RANGE, "1..1", "[1,1]", "1..1" }, { INTS, "[7, 0]", "[7,0]", "[7, 0]" },
		{ INTS, "[]", "[]", "[]" },
		{ INTS, "[1,2,3,4,5,6,7,8,9,10]", "[1,2,3,4,5,6,7,8,9,10]", "[1, 2, 3, 4, 5, 6, 7, 8, ...] (10 in all)" },
		{ REALS, "[1 mm, 2 um]", "[1000.0,2.0]", "[1000 um, 2 um]" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct reading r = read_value(row[i].param, row[i].text);
		if (r.code)
			fail_msg("%s: %s", row[i].text, r.told);
		json_t *json = rmb_value_json(&params[row[i].param], &r.value);
		char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(17));
		assert_string_equal(text, row[i].json);
		assert_string_equal(rmb_value_print(r.arena, &params[row[i].param], &r.value), row[i].printed);
		json_t *back = json_loads(text, JSON_DECODE_ANY, NULL);
		struct rmb_value again;
		struct rmb_error error = { 0 };
		assert_int_equal(rmb_value_from_json(r.arena, &params[row[i].param], back, NULL, &again, &error), 0);
		json_t *same = rmb_value_json(&params[row[i].param], &again);
		assert_true(json_equal(json, same));
		json_decref(same);
		json_decref(back);
		json_decref(json);
		free(text);
		forget(&r);
	}
}

static void
each_type_has_one_spelling(void **state)
{
	static const struct { int param; const char *text, *told; } row[] = {
		{ REAL, "45", "t:1:1: probe: real expects a time, such as 45 ms; found a bare number" },
		{ REAL, "11 s", "probe: real of 11 s is out of range; allowed: 0 s to 10 s" },
		{ REAL, "45 um", "found '45 um', a length" }, { REAL, "{a: b}", "found a mapping" }, { REAL, "None", "expects a time" },
		{ BARE, "'0.5'", "probe: bare expects a number, such as 0.3; found the text '0.5'" },
		{ BARE, "none", "expects a number" }, { BARE, ".inf", "expects a number" },
		{ BARE, "0x10", "expects a number" }, { BARE, "1_000", "expects a number" }, { BARE, "~", "found nothing" },
		{ BARE, "1e999", "beyond" },
		{ WHOLE, "1e3", "expects a whole number" }, { WHOLE, "012", "expects a whole number" },
		{ WHOLE, "-6", "probe: whole of -6 is out of range; allowed: -5 or more" },
		{ WHOLE, "99999999999999999999", "at most 18 digits" },
		{ FLAG, "yes", "probe: flag expects true or false; found 'yes'" }, { FLAG, "True", "expects true" },
		{ FLAG, "'true'", "found the text 'true'" }, { FLAG, "1", "expects true" },
		{ WORD, "medain", "probe: word expects mean, sum or median; found 'medain'; did you mean 'median'?" },
		{ WORD, "[sum]", "found a list" }, { STRING, "[a]", "probe: string expects a text; found a list" },
		{ STRING, "~", "found nothing" },
		{ RANGE, "5", "probe: range expects a range of whole numbers, such as 11..500; found '5'" },
		{ RANGE, "5..4", "probe: range of 5..4 ends before it begins" },
		{ RANGE, "0..4", "out of range; allowed: 1 to 1000" }, { RANGE, "1..1001", "out of range" },
		{ RANGE, "1...2", "expects a range" }, { RANGE, "..2", "expects a range" },
		{ INTS, "5", "probe: ints expects a list of whole numbers" },
		{ INTS, "[1, x]", "t:1:5: probe: ints expects a whole number" }, { INTS, "[101]", "ints of 101 is out of range" },
		{ REALS, "[1 um, 2]", "t:1:8: probe: reals expects a length" }, { REALS, "3 um", "expects a list in brackets" },
		{ PATH, "[a]", "expects the path of a file" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct reading r = read_value(row[i].param, row[i].text);
		if (r.code != RMB_ERECIPE || !strstr(r.told, row[i].told))
			fail_msg("%s: expected '%s', was told %s", row[i].text, row[i].told, r.told);
		forget(&r);
	}
}

static void
a_list_tells_all_its_mistakes(void **state)
{
	(void)state;
	struct reading r = read_value(INTS, "[x, 3, y, 400]");
	assert_int_equal(rmb_mistakes_count(r.m), 3);
	forget(&r);
}

static void
settings_are_laid_out_as_the_table_says(void **state)
{
	(void)state;
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_value value[NPARAMS];
	assert_int_equal(rmb_nparams(&stage), NPARAMS);
	assert_int_equal(rmb_param_index(&stage, "ints"), INTS);
	assert_int_equal(rmb_param_index(&stage, "nothing"), -1);
	for (int i = 0; i < NPARAMS; i++) {
		rmb_value_default(arena, &params[i], &value[i]);
		assert_null(value[i].place.file);
		assert_string_equal(value[i].written, params[i].def);
	}
	const struct settings *set = rmb_settings_make(arena, &stage, value);
	assert_true(set->real == 0.045 && set->bare == 0.5 && set->whole == 3 && set->flag);
	assert_string_equal(set->word, "mean");
	assert_null(set->string);
	assert_null(set->file);
	assert_true(set->range.first == 11 && set->range.last == 500);
	assert_true(set->ints.n == -1 && !set->ints.v);
	assert_true(set->reals.n == 2 && set->reals.v[1] == 1500);
	for (int i = 0; i < NPARAMS; i++)
		value[i].none = params[i].none;
	set = rmb_settings_make(arena, &stage, value);
	assert_true(isnan(set->real) && set->whole == INT64_MIN && set->range.first == INT64_MIN && set->reals.n == -1);
	rmb_arena_free(arena);
}

static void
files_are_named_by_their_content(void **state)
{
	(void)state;
	struct reading r = read_value(PATH, "a/b.npz");
	struct rmb_error error = { 0 };
	struct rmb_value back;
	assert_string_equal(r.value.path, "dir/a/b.npz");
	assert_string_equal(r.value.written, "a/b.npz");
	assert_null(rmb_value_json(&params[PATH], &r.value)); /* not hashed yet */
	r.value.sha256 = "abc";
	json_t *json = rmb_value_json(&params[PATH], &r.value), *files = json_pack("{s:s}", "abc", "/elsewhere/b.npz");
	assert_string_equal(json_string_value(json), "abc");
	assert_int_equal(rmb_value_from_json(r.arena, &params[PATH], json, files, &back, &error), 0);
	assert_string_equal(back.path, "/elsewhere/b.npz");
	json_object_clear(files);
	assert_int_equal(rmb_value_from_json(r.arena, &params[PATH], json, files, &back, &error), RMB_EINTERNAL);
	json_decref(files);
	json_decref(json);
	forget(&r);
	r = read_value(PATH, "/abs.npz");
	assert_string_equal(r.value.path, "/abs.npz");
	forget(&r);
}

static void
orders_of_the_wrong_shape_are_refused(void **state)
{
	static const struct { int param; const char *json; } row[] = { { REAL, "\"x\"" }, { BARE, "null" }, { WHOLE, "1.5" },
	                                                               { FLAG, "1" }, { WORD, "3" },
		{ STRING, "[]" }, { RANGE, "[1]" }, { RANGE, "[1,2,3]" }, { RANGE, "{}" }, { INTS, "[1.5]" }, { INTS, "3" },
		{ REALS, "[\"x\"]" } };
	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct rmb_arena *arena = rmb_arena_new();
		struct rmb_error error = { 0 };
		struct rmb_value value;
		json_t *json = json_loads(row[i].json, JSON_DECODE_ANY, NULL);
		assert_int_equal(rmb_value_from_json(arena, &params[row[i].param], json, NULL, &value, &error), RMB_EINTERNAL);
		assert_non_null(strstr(error.text, params[row[i].param].name));
		json_decref(json);
		rmb_arena_free(arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_become_canonical_json),
		cmocka_unit_test(each_type_has_one_spelling),
		cmocka_unit_test(a_list_tells_all_its_mistakes),
		cmocka_unit_test(settings_are_laid_out_as_the_table_says),
		cmocka_unit_test(files_are_named_by_their_content),
		cmocka_unit_test(orders_of_the_wrong_shape_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

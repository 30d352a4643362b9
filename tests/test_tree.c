/* YAML text as a tree: places, decisions about what YAML leaves open, and limits. */
#include "support/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pipeline/tree.h"
#include "support/recipes.h"

struct reading { struct rmb_arena *arena; struct rmb_mistakes *m; struct rmb_tree *tree; char *told; };

static struct reading
read_text(const char *text, size_t length)
{
	struct reading r = { .arena = rmb_arena_new() };
	r.m = rmb_mistakes_new(r.arena);
	rmb_mistakes_source(r.m, "t.yaml", text, length);
	r.tree = rmb_tree_parse(r.arena, "t.yaml", text, length, r.m);
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
expect(const char *text, size_t length, const char *told)
{
	struct reading r = read_text(text, length);
	if (!strstr(r.told, told))
		fail_msg("expected '%s', was told:\n%s", told, r.told);
	assert_true(rmb_mistakes_count(r.m) > 0);
	forget(&r);
}

static void
refusals(void **state)
{
	static const struct { const char *text, *told; size_t length; } row[] = {
		{ "", "t.yaml:1:1: empty recipe", 0 },
		{ "# a comment\n\n", "t.yaml:1:1: empty recipe", 0 },
		{ "a:\n\tb: 1\n", "t.yaml:2:1: a tab is used for indentation", 0 },
		{ "a: 1\nb:\n  c: 1\n \td: 2\n", "t.yaml:4:2: a tab is used for indentation", 0 },
		{ "a: [1, 2", "missing ',' or ']' in a list (begun at line 1, column 4)", 0 },
		{ "a: {b: 1\nc: 2", "missing ',' or '}' in a mapping (begun at line 1, column 4)", 0 },
		{ "a: 1\nb: 2\na: 3\n", "t.yaml:3:1: duplicate key 'a': it stands at line 1 already, and again at line 3", 0 },
		{ "a: \xff\xfe\xfd", "t.yaml:1:4: the text is not UTF-8: byte 0xff", 0 },
		{ "\xff\xfe" "a\0:\0 \0", "t.yaml:1:1: the text is UTF-16", 8 },
		{ "a: x\0y", "t.yaml:1:5: a NUL character", 6 },
		{ "a: \"x\\0y\"", "t.yaml:1:4: a NUL character", 0 },
		{ "a: \x1b[31m", "t.yaml:1:4: the character U+001B is not allowed", 0 },
		{ "a: !!python/object/apply:os.system [id]",
		  "t.yaml:1:4: tag not allowed: 'tag:yaml.org,2002:python/object/apply:os.system'", 0 },
		{ "a: 1\r\nb: *x\r\n", "t.yaml:2:4: unknown alias '*x'; nothing above is marked '&x'\n     2 | b: *x\n       |    ^\n", 0 },
		{ "a: 1\rb: 2\n", "t.yaml:1:5: the character U+000D is not allowed here", 0 },
		{ "a: x\xe2\x80\xa8y\n", "t.yaml:1:5: the character U+2028 is not allowed here", 0 },
		{ "a: !!str x", "t.yaml:1:4: tag not allowed", 0 },
		{ "a: &x [*x]", "t.yaml:1:8: alias '*x' refers to itself", 0 },
		{ "a: *x", "t.yaml:1:4: unknown alias '*x'", 0 },
		{ "a: &x {b: 1}\nc:\n  <<: *x\n", "t.yaml:3:3: merge keys (<<) are not part", 0 },
		{ "a: 1\n---\nb: 2\n", "t.yaml:2:1: a second document begins here", 0 },
		{ "[a]: 1", "t.yaml:1:1: a key must be a text; found a list", 0 },
		{ "a: \"b", "a quote that was opened is never closed (begun at line 1, column 4)", 0 },
		{ "a: @b", "t.yaml:1:4: a text cannot begin with this character", 0 },
		{ "a: b: c", "t.yaml:1:5: a ': ' does not belong here", 0 },
		{ "a: {b: ${c}}", "t.yaml:1:9: between braces or brackets YAML takes this '{' for a mapping; put the text in quotes", 0 },
		{ "\xc3\xa9: [1, \xc3\xa9", "t.yaml:1:4: missing ',' or ']' in a list", 0 },
		{ "a: {b:c}", "t.yaml:1:5: a blank is missing after the ':' in 'b:c'", 0 },
		{ "0# x: [z,", "t.yaml:1:10: a value is missing here\n     1 | 0# x: [z,\n       |          ^\n", 0 },
		{ "a: 'it''s'\n b: 1\n", "t.yaml:2:", 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		expect(row[i].text, row[i].length ? row[i].length : strlen(row[i].text), row[i].told);
}

static void
a_tree_says_where_everything_stands(void **state)
{
	(void)state;
	const char *text = "\xef\xbb\xbfone: 1\ntwo: [x, \"y\",\n  {\xc3\xa9t\xc3\xa9: z}]\nthree: &t {a: no}\nfour: *t\nfive: ~\n";
	struct reading r = read_text(text, strlen(text));
	assert_non_null(r.tree);
	assert_string_equal(r.told, "");
	struct rmb_tree *two = rmb_tree_get(r.tree, "two");
	assert_int_equal(two->kind, RMB_SEQUENCE);
	assert_int_equal(two->n, 3);
	assert_false(two->item[0]->quoted);
	assert_true(two->item[1]->quoted);
	struct rmb_tree *z = rmb_tree_get(two->item[2], "\xc3\xa9t\xc3\xa9");
	assert_int_equal(z->place.line, 3);
	assert_int_equal(z->place.column, 9); /* characters, not bytes */
	assert_string_equal(rmb_tree_get(rmb_tree_get(r.tree, "four"), "a")->text, "no");
	assert_string_equal(rmb_tree_kind_name(rmb_tree_get(r.tree, "five")), "nothing");
	assert_null(rmb_tree_get(r.tree, "six"));
	forget(&r);
}

static void
lesser_mistakes_leave_the_rest_readable(void **state)
{
	(void)state;
	const char *text = "a: 1\na: 2\nb: !x 3\n<<: {c: 4}\nd: *nowhere\ne: 5\n";
	struct reading r = read_text(text, strlen(text));
	assert_non_null(r.tree);
	assert_int_equal(rmb_mistakes_count(r.m), 4);
	assert_string_equal(rmb_tree_get(r.tree, "a")->text, "1");
	assert_string_equal(rmb_tree_get(r.tree, "e")->text, "5");
	assert_int_equal(r.tree->n, 3);
	forget(&r);
}

static void
limits_hold(void **state)
{
	(void)state;
	char *text = malloc(3 << 20), *end = text;
	memset(text, '[', 100000);
	expect(text, 100000, "t.yaml:1:33: nesting is too deep; the limit is 32");
	end += sprintf(end, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 9; i++) {
		end += sprintf(end, "a%d: &a%d [", i, i);
		for (int k = 0; k < 9; k++)
			end += sprintf(end, "%s*a%d", k ? "," : "", i - 1);
		end += sprintf(end, "]\n");
	}
	expect(text, (size_t)(end - text), "aliases expand to too many values; the limit is 10000");
	end = text;
	for (int i = 0; i < 20000; i++)
		end += sprintf(end, "- x\n");
	expect(text, (size_t)(end - text), "t.yaml:10000:3: too many values; the limit is 10000");
	end = text;
	for (int i = 0; i < 1001; i++)
		end += sprintf(end, "- &a%d x\n", i);
	expect(text, (size_t)(end - text), "t.yaml:1001:3: too many anchors; the limit is 1000");
	end = text + sprintf(text, "a: &a [[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]\nb: [[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]\n");
	expect(text, (size_t)(end - text), "nesting is too deep when aliases are expanded");
	memset(text, ' ', (1 << 20) + 1);
	expect(text, (1 << 20) + 1, "longer than 1 MiB");
	memcpy(text, "PK\3\4", 4);
	expect(text, (1 << 20) + 1, "t.yaml: this is a zip file, not a recipe; to look at a recording: rumble inspect PATH");
	expect("\x89HDF\r\n\x1a\n...", 11, "t.yaml: this is an HDF5 file, not a recipe");
	end = text + sprintf(text, "a: 1\n");
	for (int i = 0; i < 1025; i++)
		*end++ = i == 7 ? '.' : 'k';
	end += sprintf(end, ": {x: 1}\n");
	expect(text, (size_t)(end - text), "t.yaml:2:1: a key may have up to 1024 characters; this one has 1025");
	expect("a: 1\nk\nb: 2\n", 12, "missing ':'");
	end = text;
	for (int i = 0; i < 4900; i++)
		end += sprintf(end, "k: x\n");
	expect(text, (size_t)(end - text), "duplicate key 'k'");
	free(text);
}

/* Lines are shown as they stand, with a caret under the character; what would steer a terminal is shown escaped. */
static void
carets_stand_under_the_character(void **state)
{
	(void)state;
	const char *text = "a: 1\n\xe6\x97\xa5\xe6\x9c\xac: *x # \xe2\x82\xac\n";
	struct reading r = read_text(text, strlen(text));
	assert_string_equal(r.told, "t.yaml:2:5: unknown alias '*x'; nothing above is marked '&x'\n"
	                            "     2 | \xe6\x97\xa5\xe6\x9c\xac: *x # \xe2\x82\xac\n"
	                            "       |       ^\n");
	forget(&r);
	expect("k: x\t*\ta\n\xc2\x9b: *x\n", strlen("k: x\t*\ta\n\xc2\x9b: *x\n"), "U+009B is not allowed");
	expect("a:\t*x\n", strlen("a:\t*x\n"), "t.yaml:1:4: unknown alias '*x'; nothing above is marked '&x'\n     1 | a: *x\n       |    ^\n");
}

static void
long_lines_are_cut_around_the_caret(void **state)
{
	(void)state;
	char text[2000] = "a: [";
	for (int i = 0; i < 250; i++)
		strcat(text, "xx, ");
	strcat(text, "*y, ");
	for (int i = 0; i < 100; i++)
		strcat(text, "xx, ");
	strcat(text, "z]\n");
	struct reading r = read_text(text, strlen(text));
	assert_non_null(strstr(r.told, "t.yaml:1:1005:"));
	char *line = strchr(r.told, '\n') + 1, *caret = strchr(line, '\n') + 1;
	assert_true(strcspn(line, "\n") < 140);
	assert_int_equal(line[strcspn(caret, "^")], '*');
	forget(&r);
}

static void
suggestions_are_near(void **state)
{
	(void)state;
	static const char *const names[] = { "spacing", "half1", "half2", "precision", "z", NULL };
	assert_string_equal(rmb_nearest("spacng", names), "spacing");
	assert_string_equal(rmb_nearest("sapcing", names), "spacing");
	assert_string_equal(rmb_nearest("Precison", names), "precision");
	assert_null(rmb_nearest("frames", names));
	assert_null(rmb_nearest("", names));
	assert_null(rmb_nearest("q", names));
}

static void
mistakes_are_sorted_said_once_and_json(void **state)
{
	(void)state;
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_mistakes *m = rmb_mistakes_new(arena);
	rmb_mistakes_source(m, "a", "x\ny\n", 4);
	rmb_mistake(m, RMB_EINPUT, (struct rmb_place){ "a", 2, 1 }, "second \x1b[1m");
	rmb_mistake(m, RMB_ERECIPE, (struct rmb_place){ "a", 1, 1 }, "first");
	rmb_mistake(m, RMB_ERECIPE, (struct rmb_place){ "a", 1, 1 }, "first");
	rmb_remark(m, (struct rmb_place){ "a", 1, 1 }, "by the way");
	char *told = rmb_test_said(m, false);
	assert_non_null(strstr(told, "a:1:1: remark: by the way\n     1 | x\n       | ^\na:2:1: second"));
	free(told);
	assert_int_equal(rmb_mistakes_count(m), 2);
	assert_int_equal(rmb_mistakes_code(m), RMB_EINPUT);
	told = rmb_test_said(m, true);
	assert_string_equal(told, "{\"event\":\"mistake\",\"class\":\"recipe\",\"file\":\"a\",\"line\":1,\"column\":1,"
	                          "\"message\":\"first\"}\n"
	                          "{\"event\":\"remark\",\"class\":\"remark\",\"file\":\"a\",\"line\":1,\"column\":1,"
	                          "\"message\":\"by the way\"}\n"
	                          "{\"event\":\"mistake\",\"class\":\"input\",\"file\":\"a\",\"line\":2,\"column\":1,\"message\":\"second "
	                          "\\\\x1b[1m\"}\n");
	free(told);
	rmb_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals),
		cmocka_unit_test(a_tree_says_where_everything_stands),
		cmocka_unit_test(lesser_mistakes_leave_the_rest_readable),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(carets_stand_under_the_character),
		cmocka_unit_test(long_lines_are_cut_around_the_caret),
		cmocka_unit_test(suggestions_are_near),
		cmocka_unit_test(mistakes_are_sorted_said_once_and_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Conditions on neurons: what holds, what does not, what is unknown, and what is no condition. */
#include <math.h>
#include <string.h>
#include "prepare/expression.h"
#include "prepare/partition.h"
#include "rumble/random.h"
#include "support/arena.h"

enum { N = 6 };
static const char area[N][8] = { "CP", "LS", "VISp", "VISp2/3", "", "a b" };
static const char label[N][5] = { "good", "mua", "", "good", "mua", "bad" }; /* of five bytes each, the last of which is NUL */
static const double quality[N] = { 0.1, 0.3, 0.5, NAN, 0.9, 1 }, x[N] = { 0, 25, 50, 75, 100, -25 }, rate[N] = { 0.5, 1, 2, 3, 4, 5 };
static const int64_t plane[N] = { 0, 1, 2, 0, 1, 2 };
static const struct rmb_neurons neurons = { .n = N, .quality = quality, .x = x, .plane = plane, .area = area[0], .area_width = sizeof area[0],
                                            .label = label[0], .label_width = sizeof label[0] };

/* One character a neuron: y, n, or ? */
static void
holds(const char *condition, const char *expected)
{
	char found[N + 1] = "";
	struct rmb_error error = { 0 };
	const struct rmb_known known = { &neurons, rate };
	must(rmb_condition_check("where", condition, &error), &error);
	for (int i = 0; i < N; i++)
		found[i] = "ny?"[rmb_condition_holds(condition, &known, i)];
	if (strcmp(found, expected) != 0)
		fail_msg("%s: %s, expected %s", condition, found, expected);
}

static void
conditions_hold_of_the_right_neurons(void **state)
{
	(void)state;
	holds("quality > 0.3", "nny?yy");
	holds("quality >= 0.3", "nyy?yy");
	holds("not quality > 0.3", "yyn?nn");
	holds("plane = 2", "nnynny");
	holds("plane == 0|2", "ynyyny");
	holds("plane != 0|2", "nynnyn");
	holds("area = CP|LS", "yynn?n");
	holds("area = VIS*", "nnyy?n");
	holds("area = VISp?/?|\"a b\"", "nnny?y");
	holds("area != VIS* and plane <= 1", "yynn?n");
	holds("area = 'VIS*'", "nnnn?n"); /* in quotes a star is one */
	holds("label = good", "yn?ynn");
	holds("label = good|mua and area != CP", "ny?y?n");
	holds("x < 0.025 mm", "ynnnny");
	holds("x<=25um and x>-25 um", "yynnnn");
	holds("rate > 2 Hz", "nnnyyy");
	holds("area=CP or quality > 0.8", "ynn?yy"); /* unknown or false is unknown; or true is true */
	holds("quality > 0.8 and area = CP", "nnnn?n"); /* and false is false: of the fourth, whose quality is unknown, the area decides */
	holds("plane = 0 and quality > 0.2 or x = 50 um", "nny?nn");
	holds("plane = 0 and (quality > 0.2 or x = 75 um)", "nnnynn");
	holds("not (plane = 0 or not x > 30 um)", "nnynyn");
	holds("id = 3", "??????");
}

static void
what_is_no_condition_is_pointed_at(void **state)
{
	(void)state;
	const struct { const char *text, *says; } wrong[] = {
		{ "", "at its end one of id, x" }, { "qualty > 0.3", "at \"qualty > 0.3\" (character 1) one of id, x" },
		{ "quality 0.3", "(character 9) one of =" },
		{ "quality >", "at its end quality wants a number" }, { "quality > much", "at \"much\" (character 11)" },
		{ "x > 25", "x wants a length, such as 25 um" },
		{ "rate > 3 um", "rate wants a frequency" }, { "quality > 0.3 um", "(character 15) and, or or the end" },
		{ "(plane = 1", "at its end a bracket is not closed" },
		{ "plane = 1)", "(character 10) and, or or the end" }, { "plane = 1 and", "at its end one of id" },
		{ "plane = 1 plane = 2", "and, or or the end" },
		{ "area > CP", "area wants = or !=" }, { "label < 1", "label wants = or !=" }, { "area = ", "at its end a text is missing" }, { "area = CP|", "at its end a text" },
		{ "area = \"CP", "a quote is opened and not closed" }, { "plane < 1|2", "(character 10)" },
		{ "and", "one of id" }, { "quality > 1e999", "quality wants" },
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct rmb_error error = { 0 };
		assert_int_equal(rmb_condition_check("where", wrong[i].text, &error), RMB_ERECIPE);
		if (!strstr(error.text, wrong[i].says) || strncmp(error.text, "where cannot be read", 20) != 0)
			fail_msg("%s: should say '%s': %s", wrong[i].text, wrong[i].says, error.text);
	}
	static char deep[20000];
	struct rmb_error error = { 0 };
	memset(deep, '(', 1000);
	assert_int_equal(rmb_condition_check("where", deep, &error), RMB_ERECIPE);
	assert_non_null(strstr(error.text, "too deep"));
	memset(deep, ' ', sizeof deep - 1);
	error = (struct rmb_error){ 0 };
	assert_int_equal(rmb_condition_check("where", deep, &error), RMB_ERECIPE);
}

static void
any_text_is_answered(void **state)
{
	(void)state;
	static const char *const bits[] = { "quality > 0.3", "area = VIS*|'a b'", "x <= 25 um", "plane = 1|2", "area", "not", "(",
	                                    ")", "and", "or", ">", "=", "!=", "0.3", "|", "um", "\"", "'", "*", "\xff", " ", "?",
	                                    "VIS", "x", "-" };
	struct rmb_stream stream = rmb_stream_named("conditions");
	const struct rmb_known known = { &neurons, rate };
	int conditions = 0;
	for (uint64_t k = 0; k < 200000; k++) {
		char text[200] = "";
		for (uint64_t j = 0; j < 1 + k % 9; j++) {
			strcat(text, bits[(size_t)(rmb_random_uniform(stream, 16 * k + j) * (sizeof bits / sizeof *bits))]);
			strcat(text, j % 2 ? "" : " ");
		}
		struct rmb_error error = { 0 };
		if (rmb_condition_check("where", text, &error) == 0) {
			conditions++;
			for (int i = 0; i < N; i++)
				(void)rmb_condition_holds(text, &known, i);
		}
		if (rmb_pattern_check("area", text, &error) == 0)
			(void)rmb_pattern_matches(text, "VISp");
	}
	assert_true(conditions > 100);
}

static void
patterns_stand_for_names(void **state)
{
	(void)state;
	const struct { const char *pattern, *text; bool matches; } cases[] = {
		{ "CP", "CP", true }, { "CP", "CPx", false }, { "CP|LS", "LS", true },
		{ "Primary visual | LS", "Primary visual", true }, { "*", "anything", true },
		{ "VIS*", "VIS", true }, { "*p*", "VISpor", true }, { "*a*b*", "xbxax", false }, { "V?Sp", "VISp", true },
		{ "'V*'|x", "V*", true }, { "'V*'", "VISp", false },
		{ "L2/3 (upper)", "L2/3 (upper)", true }, { "a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	};
	struct rmb_error error = { 0 };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		must(rmb_pattern_check("area", cases[i].pattern, &error), &error);
		if (rmb_pattern_matches(cases[i].pattern, cases[i].text) != cases[i].matches)
			fail_msg("%s and %s", cases[i].pattern, cases[i].text);
	}
	assert_int_equal(rmb_pattern_check("area", "CP||LS", &error), RMB_ERECIPE);
}

static void
fields_are_found(void **state)
{
	(void)state;
	assert_true(rmb_condition_mentions("plane = 1 or rate > 2 Hz", "rate") && !rmb_condition_mentions("area = rate", "rate"));
	assert_string_equal(rmb_condition_lacks("plane = 1 or probe = 2 and y > 2 um", &neurons), "probe");
	assert_null(rmb_condition_lacks("plane = 1 or rate > 2 Hz", &neurons));
}

static void
parts_are_counted(void **state)
{
	(void)state;
	int64_t n;
	const struct rmb_part *part = rmb_parts_find(arena, &neurons, RMB_BY_PLANE, &n);
	assert_int_equal(n, 3);
	assert_true(strcmp(part[2].name, "2") == 0 && part[2].number == 2 && part[2].n == 2);
	part = rmb_parts_find(arena, &neurons, RMB_BY_AREA, &n);
	assert_int_equal(n, 5); /* one neuron has none */
	assert_string_equal(rmb_parts_print(arena, part, n), "CP (1), LS (1), VISp (1), VISp2/3 (1), a b (1)");
	assert_non_null(rmb_parts_find(arena, &neurons, RMB_BY_PROBE, &n));
	assert_int_equal(n, 0);
	assert_string_equal(rmb_parts_print(arena, part, 0), "none");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(conditions_hold_of_the_right_neurons, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_condition_is_pointed_at, setup, teardown),
		cmocka_unit_test_setup_teardown(any_text_is_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(patterns_stand_for_names, setup, teardown),
		cmocka_unit_test_setup_teardown(fields_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(parts_are_counted, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

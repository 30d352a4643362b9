/* Quantities: the same amount in other units is the same double, and what is not a quantity is refused with a reason. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rumble/units.h"
#include "support/check.h"

static double
parse(const char *text, const char *base)
{
	struct rmb_error error = { 0 };
	double value = NAN;
	if (rmb_quantity_parse(text, base, &value, &error))
		fail_msg("'%s': %s", text, error.text);
	return value;
}

static void
same_amounts_are_the_same_double(void **state)
{
	static const struct { const char *base, *a, *b; } row[] = {
		{ "s", "0.04545 s", "45.45 ms" }, { "s", "1.5 min", "90 s" }, { "s", "0.1 h", "360 s" },
		{ "s", "45.45ms", "45.45   ms" }, { "s", "1e-3 s", "1 ms" }, { "s", "0.3 us", "300 ns" },
		{ "s", "7 us", "7 \u00b5s" }, { "s", "7 us", "7 \u03bcs" }, { "s", "0.1 min", "6 s" },
		{ "Hz", "0.022 kHz", "22 Hz" }, { "Hz", "2.2e-5 MHz", "22 Hz" },
		{ "um", "25 um", "0.025 mm" }, { "um", "25 \u00b5m", "2.5e-3 cm" }, { "um", "25 \u03bcm", "25000 nm" },
		{ "um", "0.3 m", "300000 um" }, { "um", "-0 um", "0 um" },
		{ "B", "0.5 GiB", "536870912 B" }, { "B", "1.5 TiB", "1649267441664 B" }, { "B", "0.1 KiB", "102.4 B" },
		{ "B", "8.6 GB", "8600000 kB" }, { "B", "0.3 MiB", "314572.8 B" },
		{ "1", "0.1", "1e-1" }, { "1", "+2.50", "2.5" }, { "1", "-3e2", "-300" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		double a = parse(row[i].a, row[i].base), b = parse(row[i].b, row[i].base);
		if (memcmp(&a, &b, sizeof a))
			fail_msg("%s is %a, %s is %a", row[i].a, a, row[i].b, b);
	}
	assert_true(parse("45.45 ms", "s") == 0.04545 && parse("3 h", "s") == 10800 && parse("1 GiB", "B") == 0x1p30);
}

/* d digits with the point moved by hand: "12.345 ms" against "0.012345 s". */
static void
moving_the_point_by_hand_changes_nothing(void **state)
{
	(void)state;
	srand(1);
	for (int i = 0; i < 20000; i++) {
		char milli[64], second[64];
		int digits = 1 + rand() % 9, whole = 1 + rand() % 900, places = digits;
		long fraction = 1;
		for (int d = 0; d < digits; d++)
			fraction *= 10;
		fraction = rand() % fraction;
		snprintf(milli, sizeof milli, "%d.%0*ld ms", whole, places, fraction);
		snprintf(second, sizeof second, "0.%03d%0*ld s", whole, places, fraction);
		double a = parse(milli, "s"), b = parse(second, "s");
		if (a != b)
			fail_msg("%s is %a, %s is %a (seed 1, draw %d)", milli, a, second, b, i);
	}
}

static void
what_is_no_quantity_is_refused_with_its_reason(void **state)
{
	static const struct { const char *base, *text, *says; } row[] = {
		{ "s", "45", "bare number" }, { "Hz", "22", "Hz, kHz and MHz" }, { "um", "25", "such as 25 um" },
		{ "s", "25 um", "a length" }, { "um", "22 Hz", "a frequency" }, { "B", "1.5 h", "a time" },
		{ "Hz", "1 GB", "an amount of memory" },
		{ "s", "3 m", "a length" }, { "s", "3 parsec", "unknown unit 'parsec'" }, { "Hz", "22 hz", "unknown unit 'hz'" },
		{ "B", "1 gb", "unknown unit 'gb'" }, { "1", "3 um", "without a unit" }, { "1", "three", "not a number" },
		{ "s", "", "not a number" }, { "s", "ms", "not a number" }, { "s", "nan s", "not a number" }, { "1", "inf", "not a number" },
		{ "1", "0x10", "not a number" }, { "1", "1_000", "not a number" }, { "1", "1,5", "not a number" },
		{ "1", "012", "not a number" },
		{ "1", ".5", "not a number" }, { "1", "5.", "not a number" }, { "1", "--5", "not a number" }, { "1", "1e", "unknown unit 'e'" },
		{ "1", " 5", "not a number" }, { "s", "5 s s", "not a number" }, { "s", "1 2 s", "not a number" },
		{ "s", "5\ts", "not a number" },
		{ "1", "1e400", "beyond" }, { "1", "-1e400", "beyond" }, { "1", "1e-400", "beyond" }, { "1", "1e99999999999", "beyond" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct rmb_error error = { 0 };
		double value = 42;
		if (rmb_quantity_parse(row[i].text, row[i].base, &value, &error) != RMB_ERECIPE || !strstr(error.text, row[i].says))
			fail_msg("'%s' as %s: \"%s\" should say \"%s\"", row[i].text, row[i].base, error.text, row[i].says);
	}
}

static void
a_number_of_any_length_is_read_or_refused(void **state)
{
	char text[400];
	(void)state;
	for (int n = 1; n < 300; n++) {
		struct rmb_error error = { 0 };
		double value;
		memset(text, '9', (size_t)n);
		strcpy(text + n, " TiB");
		int code = rmb_quantity_parse(text, "B", &value, &error);
		if (n <= 100) /* the most digits that are read */
			assert_true(code == 0 && fabs(value / (pow(10, n) * 0x1p40) - 1) < (n < 15 ? 1 : 1e-14));
		else
			assert_int_equal(code, RMB_ERECIPE);
	}
}

static void
whole_numbers(void **state)
{
	static const char *const wrong[] = { "", "1.5", "1e3", "007", "0x7", "five", "5 ", "9223372036854775808",
	                                     "-9223372036854775809", "-", "+" };
	long long value;
	(void)state;
	assert_true(rmb_integer_parse("500", &value, NULL) == 0 && value == 500);
	assert_true(rmb_integer_parse("-9223372036854775808", &value, NULL) == 0 && value == INT64_MIN);
	assert_true(rmb_integer_parse("9223372036854775807", &value, NULL) == 0 && value == INT64_MAX);
	assert_true(rmb_integer_parse("+0", &value, NULL) == 0 && value == 0);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (rmb_integer_parse(wrong[i], &value, NULL) != RMB_ERECIPE)
			fail_msg("'%s' was taken for a whole number", wrong[i]);
}

static void
quantities_print_with_a_prefix_that_suits(void **state)
{
	static const struct { double value; const char *base, *text; } row[] = {
		{ 0.04545, "s", "45.45 ms" }, { 2, "s", "2 s" }, { 90, "s", "90 s" }, { 9030, "s", "2.508 h" }, { 3.2e-5, "s", "32 us" },
		{ 22, "Hz", "22 Hz" }, { 30000, "Hz", "30 kHz" }, { 25, "um", "25 um" }, { 8.6e9, "B", "8.6 GB" }, { 0, "s", "0 s" },
		{ -0.5, "s", "-500 ms" }, { 0.3, "1", "0.3" }, { NAN, "s", "none" }, { 500, "1", "500" },
		{ 0.9999999, "1", "0.9999999" }, { 0.1 + 0.2, "1", "0.3" }, { 1.0 / 3, "1", "0.333333" },
	};
	char buffer[64];
	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		assert_string_equal(rmb_quantity_print(row[i].value, row[i].base, buffer, sizeof buffer), row[i].text);
	assert_string_equal(rmb_unit_example("s"), "a time, such as 45 ms");
	assert_null(rmb_unit_example("furlong"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_amounts_are_the_same_double),
		cmocka_unit_test(moving_the_point_by_hand_changes_nothing),
		cmocka_unit_test(what_is_no_quantity_is_refused_with_its_reason),
		cmocka_unit_test(a_number_of_any_length_is_read_or_refused),
		cmocka_unit_test(whole_numbers),
		cmocka_unit_test(quantities_print_with_a_prefix_that_suits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* pipeline/base/units.c -- quantities as people write them.
 *
 * A number is kept as its decimal digits and a power of ten; a unit is a whole factor and a power of ten. The factor is
 * multiplied into the digits (schoolbook, exact), the powers are added, and the result is converted once. Digits with an
 * exponent hold no decimal point, so the conversion does not depend on the locale. */
#include "rumble/units.h"
#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit { const char *name, *base; unsigned long long factor; int power; };

/* Those of one base unit stand together, smallest first; rmb_quantity_print takes the first that suits. */
static const struct unit units[] = {
	{ "ns", "s", 1, -9 }, { "us", "s", 1, -6 }, { "\u00b5s", "s", 1, -6 }, { "\u03bcs", "s", 1, -6 },
	{ "ms", "s", 1, -3 }, { "s", "s", 1, 0 }, { "min", "s", 60, 0 }, { "h", "s", 3600, 0 },
	{ "Hz", "Hz", 1, 0 }, { "kHz", "Hz", 1, 3 }, { "MHz", "Hz", 1, 6 },
	{ "nm", "um", 1, -3 }, { "um", "um", 1, 0 }, { "\u00b5m", "um", 1, 0 }, { "\u03bcm", "um", 1, 0 },
	{ "mm", "um", 1, 3 }, { "cm", "um", 1, 4 }, { "m", "um", 1, 6 },
	{ "B", "B", 1, 0 }, { "kB", "B", 1, 3 }, { "MB", "B", 1, 6 }, { "GB", "B", 1, 9 }, { "TB", "B", 1, 12 },
	{ "KiB", "B", 1ULL << 10, 0 }, { "MiB", "B", 1ULL << 20, 0 }, { "GiB", "B", 1ULL << 30, 0 },
	{ "TiB", "B", 1ULL << 40, 0 },
};
enum { NUNITS = sizeof units / sizeof units[0] };

static const struct { const char *base, *kind, *example, *list; } kinds[] = {
	{ "s", "a time", "a time, such as 45 ms", "s, ms, us, ns, min and h" },
	{ "Hz", "a frequency", "a frequency, such as 22 Hz", "Hz, kHz and MHz" },
	{ "um", "a length", "a length, such as 25 um", "um, nm, mm, cm and m" },
	{ "B", "an amount of memory", "an amount of memory, such as 1.5 GiB", "B, kB, MB, GB, TB, KiB, MiB, GiB and TiB" },
	{ "1", "a number", "a number, such as 0.3", "no unit" },
};
enum { NKINDS = sizeof kinds / sizeof kinds[0] };

enum { MAX_DIGITS = 100, MAX_POWER = 100000 };

/* digit[0..n-1] times ten to `power`; factors of units add up to 13 more digits in front. */
struct decimal {
	bool negative;
	int n, power;
	char digit[MAX_DIGITS];
};

static int
kind_of(const char *base)
{
	for (int i = 0; i < NKINDS; i++)
		if (strcmp(kinds[i].base, base) == 0)
			return i;
	return -1;
}

static const struct unit *
unit_find(const char *name)
{
	for (int i = 0; i < NUNITS; i++)
		if (strcmp(units[i].name, name) == 0)
			return &units[i];
	return NULL;
}

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Appends the digits at *at to number. False: too many. */
static bool
take_digits(const char **at, struct decimal *number)
{
	for (; digit(**at); ++*at) {
		if (number->n == MAX_DIGITS)
			return false;
		number->digit[number->n++] = **at;
	}
	return true;
}

/* Reads what is an exponent behind digits; what is not is left for the unit. */
static void
take_exponent(const char **at, struct decimal *number)
{
	const char *p = *at;
	if (*p != 'e' && *p != 'E')
		return;
	bool negative = *++p == '-';
	p += *p == '-' || *p == '+';
	if (!digit(*p))
		return;
	int power = 0;
	for (; digit(*p); p++)
		power = power < MAX_POWER ? power * 10 + (*p - '0') : power;
	number->power += negative ? -power : power;
	*at = p;
}

/* sign? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] sign? [0-9]+)?  Returns what follows, or NULL. */
static const char *
read_decimal(const char *text, struct decimal *number)
{
	const char *at = text;
	*number = (struct decimal){ .negative = *at == '-' };
	at += *at == '-' || *at == '+';
	if (!digit(*at) || (*at == '0' && digit(at[1])) || !take_digits(&at, number))
		return NULL;
	if (*at == '.') {
		int whole = number->n;
		at++;
		if (!digit(*at) || !take_digits(&at, number))
			return NULL;
		number->power = whole - number->n;
	}
	take_exponent(&at, number);
	return at;
}

/* The double nearest to number * factor * 10^power. False: beyond the range of a double. */
static bool
convert(const struct decimal *number, unsigned long long factor, int power, double *value)
{
	enum { ROOM = MAX_DIGITS + 20 };
	char text[ROOM + 32];
	char *first = text + ROOM;
	snprintf(first, 32, "e%d", number->power + power);
	unsigned long long carry = 0;
	bool zero = true;
	for (int i = number->n; i-- > 0; carry /= 10) {
		carry += (unsigned long long)(number->digit[i] - '0') * factor;
		*--first = (char)('0' + carry % 10);
		zero = zero && carry == 0;
	}
	for (; carry; carry /= 10, zero = false)
		*--first = (char)('0' + carry % 10);
	double size = strtod(first, NULL);
	*value = number->negative && !zero ? -size : size; /* one zero, whatever its sign in the text */
	return isfinite(size) && (size > 0 || zero);
}

/* What a user may have meant as a unit: letters, or bytes beyond ASCII. */
static bool
like_unit(const char *text)
{
	for (const char *c = text; *c; c++)
		if (!isalpha((unsigned char)*c) && (unsigned char)*c < 0x80)
			return false;
	return *text != '\0';
}

static int
wrong_unit(const char *text, const char *unit, int kind, struct rmb_error *error)
{
	const struct unit *other = unit_find(unit);
	if (other && strcmp(kinds[kind].base, "1") == 0)
		return rmb_error_set(error, RMB_ERECIPE, "expects %s, without a unit; found '%s', %s", kinds[kind].example, text,
		                     kinds[kind_of(other->base)].kind);
	if (other)
		return rmb_error_set(error, RMB_ERECIPE, "expects %s; found '%s', %s", kinds[kind].example, text,
		                     kinds[kind_of(other->base)].kind);
	if (like_unit(unit))
		return rmb_error_set(error, RMB_ERECIPE, "expects %s; found '%s' with the unknown unit '%s' (known here: %s)",
		                     kinds[kind].example, text, unit, kinds[kind].list);
	return rmb_error_set(error, RMB_ERECIPE, "expects %s; found '%s', which is not a number", kinds[kind].example, text);
}

int
rmb_quantity_parse(const char *text, const char *base, double *value, struct rmb_error *error)
{
	struct decimal number;
	int kind = kind_of(base);
	assert(kind >= 0);
	bool bare = strcmp(base, "1") == 0;
	const char *unit = read_decimal(text, &number);
	if (!unit)
		return rmb_error_set(error, RMB_ERECIPE, "expects %s; found '%s', which is not a number", kinds[kind].example,
		                     text);
	if (*unit == '\0' && !bare)
		return rmb_error_set(error, RMB_ERECIPE, "expects %s; found a bare number, '%s': add the unit (%s)",
		                     kinds[kind].example, text, kinds[kind].list);
	unit += strspn(unit, " ");
	const struct unit *known = bare ? NULL : unit_find(unit);
	if (bare ? *unit != '\0' : !known || strcmp(known->base, base) != 0)
		return wrong_unit(text, unit, kind, error);
	if (!convert(&number, known ? known->factor : 1, known ? known->power : 0, value))
		return rmb_error_set(error, RMB_ERECIPE, "expects %s; '%s' is beyond what a number here can hold",
		                     kinds[kind].example, text);
	return 0;
}

int
rmb_integer_parse(const char *text, long long *value, struct rmb_error *error)
{
	const char *at = text + (*text == '-' || *text == '+');
	long long n = 0;
	bool negative = *text == '-', fits = true;
	if (!digit(*at) || (*at == '0' && at[1] != '\0') || at[strspn(at, "0123456789")] != '\0')
		return rmb_error_set(error, RMB_ERECIPE, "expects a whole number, such as 5; found '%s'", text);
	for (; *at; at++)
		fits = fits && !__builtin_mul_overflow(n, 10, &n) &&
		       !__builtin_add_overflow(n, negative ? '0' - *at : *at - '0', &n);
	if (!fits)
		return rmb_error_set(error, RMB_ERECIPE, "expects a whole number of at most 18 digits; found '%s'", text);
	*value = n;
	return 0;
}

const char *
rmb_unit_example(const char *base)
{
	int kind = kind_of(base);
	return kind < 0 ? NULL : kinds[kind].example;
}

const char *
rmb_unit_name(const char *base, int i)
{
	for (int k = 0; k < NUNITS; k++)
		if (strcmp(units[k].base, base) == 0 && i-- == 0)
			return units[k].name;
	return NULL;
}

/* Six digits, or up to nine where these are the number itself: 0.9999999 is not 1. */
static void
number_print(double value, char *buffer, size_t n)
{
	int digits = 6;
	do
		snprintf(buffer, n, "%.*g", digits++, value);
	while (digits <= 9 && strtod(buffer, NULL) != value);
	if (strtod(buffer, NULL) != value)
		snprintf(buffer, n, "%.6g", value);
}

const char *
rmb_quantity_print(double value, const char *base, char *buffer, int size)
{
	/* Up to which value (in the base unit) each unit reads best. */
	static const struct { const char *base, *name; double limit, size; } printed[] = {
		{ "s", "ns", 1e-6, 1e-9 }, { "s", "us", 1e-3, 1e-6 }, { "s", "ms", 1, 1e-3 }, { "s", "s", 120, 1 },
		{ "s", "min", 7200, 60 }, { "s", "h", INFINITY, 3600 },
		{ "Hz", "Hz", 1e3, 1 }, { "Hz", "kHz", 1e6, 1e3 }, { "Hz", "MHz", INFINITY, 1e6 },
		{ "um", "nm", 0.1, 1e-3 }, { "um", "um", 1e4, 1 }, { "um", "mm", 1e6, 1e3 }, { "um", "m", INFINITY, 1e6 },
		{ "B", "B", 1e3, 1 }, { "B", "kB", 1e6, 1e3 }, { "B", "MB", 1e9, 1e6 }, { "B", "GB", 1e12, 1e9 },
		{ "B", "TB", INFINITY, 1e12 },
	};
	size_t n = (size_t)size;
	if (isnan(value))
		snprintf(buffer, n, "none");
	else if (value == 0 && strcmp(base, "1") != 0)
		snprintf(buffer, n, "0 %s", base);
	else
		number_print(value, buffer, n); /* base "1", and whatever the table does not know */
	for (size_t i = 0; value != 0 && isfinite(value) && i < sizeof printed / sizeof printed[0]; i++)
		if (strcmp(printed[i].base, base) == 0 && fabs(value) < printed[i].limit) {
			snprintf(buffer, n, "%.4g %s", value / printed[i].size, printed[i].name);
			break;
		}
	return buffer;
}

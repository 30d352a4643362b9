#include "rumble/error.h"
#include <stdio.h>
#include <string.h>

static const struct { int code, status; const char *name; } codes[] = {
	{ RMB_OK, 0, "done" },
	{ RMB_EUSAGE, 2, "usage" },
	{ RMB_ERECIPE, 2, "recipe" },
	{ RMB_EINPUT, 1, "input" },
	{ RMB_ELIMIT, 3, "limit" },
	{ RMB_EOUTPUT, 3, "output" },
	{ RMB_EDATA, 1, "data" },
	{ RMB_EDAMAGE, 1, "damage" },
	{ RMB_EACCESS, 3, "access" },
	{ RMB_EINTERNAL, 70, "internal" },
	{ RMB_EINTERRUPTED, 130, "interrupted" },
	{ RMB_ETERMINATED, 143, "terminated" },
};
enum { NCODES = sizeof codes / sizeof codes[0] };

/* Row of a code; a code that is not ours is a bug of ours. */
static int
code_row(int code)
{
	int internal = 0;
	for (int i = 0; i < NCODES; i++) {
		if (codes[i].code == code)
			return i;
		if (codes[i].code == RMB_EINTERNAL)
			internal = i;
	}
	return internal;
}

/* Ends text, which snprintf may have cut inside a character, after its last whole UTF-8 character. */
static void
end_at_character(char *text)
{
	size_t n = strlen(text), start = n;
	while (start > 0 && n - start < 4 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start == 0)
		return;
	unsigned char lead = (unsigned char)text[start - 1];
	size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
	if (need > 1 && n - (start - 1) < need)
		text[start - 1] = '\0';
}

int
rmb_error_setv(struct rmb_error *error, int code, const char *format, va_list args)
{
	if (!error || error->code)
		return code;
	int n = vsnprintf(error->text, sizeof error->text, format, args);
	if (n >= (int)sizeof error->text)
		end_at_character(error->text);
	error->code = code;
	return code;
}

int
rmb_error_set(struct rmb_error *error, int code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	rmb_error_setv(error, code, format, args);
	va_end(args);
	return code;
}

int
rmb_error_nomem(struct rmb_error *error, const char *what)
{
	return rmb_error_set(error, RMB_ELIMIT, "out of memory for %s; give the run more memory or fewer jobs", what);
}

const char *
rmb_code_name(int code)
{
	return codes[code_row(code)].name;
}

int
rmb_exit_code(int code)
{
	return codes[code_row(code)].status;
}

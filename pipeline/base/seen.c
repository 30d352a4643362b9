#include "rumble/seen.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char *
say(struct rmb_arena *arena, const char *format, va_list args)
{
	char text[4096];
	vsnprintf(text, sizeof text, format, args);
	return rmb_arena_strdup(arena, text);
}

static void
add_fact(struct rmb_seen *seen, struct rmb_fact fact)
{
	struct rmb_fact *list = rmb_arena_room(seen->arena, seen->fact, (size_t)seen->nfacts, sizeof *list);
	fact.name = rmb_arena_strdup(seen->arena, fact.name);
	fact.unit = fact.unit ? rmb_arena_strdup(seen->arena, fact.unit) : NULL;
	seen->lost |= !list || !fact.name || (!fact.text && !fact.unit);
	if (seen->lost)
		return;
	seen->fact = list;
	seen->fact[seen->nfacts++] = fact;
}

void
rmb_see_text(struct rmb_seen *seen, const char *name, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *text = say(seen->arena, format, args);
	va_end(args);
	seen->lost |= !text;
	if (text)
		add_fact(seen, (struct rmb_fact){ .name = name, .text = text });
}

void
rmb_see_number(struct rmb_seen *seen, const char *name, double number, const char *unit)
{
	add_fact(seen, (struct rmb_fact){ .name = name, .n = 1, .number = { number }, .unit = unit });
}

void
rmb_see_range(struct rmb_seen *seen, const char *name, double low, double high, const char *unit)
{
	add_fact(seen, (struct rmb_fact){ .name = name, .n = 2, .number = { low, high }, .unit = unit });
}

void
rmb_see_caution(struct rmb_seen *seen, bool sampled, const char *format, ...)
{
	struct rmb_caution *list = rmb_arena_room(seen->arena, seen->caution, (size_t)seen->ncautions, sizeof *list);
	va_list args;
	va_start(args, format);
	const char *text = say(seen->arena, format, args);
	va_end(args);
	seen->lost |= !list || !text;
	if (!list || !text)
		return;
	seen->caution = list;
	seen->caution[seen->ncautions++] = (struct rmb_caution){ text, sampled };
}

void
rmb_see_advice(struct rmb_seen *seen, const char *name, const char *value, const char *why)
{
	struct rmb_advice *list = rmb_arena_room(seen->arena, seen->advice, (size_t)seen->nadvice, sizeof *list);
	struct rmb_advice one = { rmb_arena_strdup(seen->arena, name), rmb_arena_strdup(seen->arena, value),
	                          why ? rmb_arena_strdup(seen->arena, why) : NULL };
	seen->lost |= !list || !one.name || !one.value || (why && !one.why);
	if (seen->lost)
		return;
	seen->advice = list;
	seen->advice[seen->nadvice++] = one;
}

const struct rmb_fact *
rmb_seen_fact(const struct rmb_seen *seen, const char *name)
{
	for (int i = 0; i < seen->nfacts; i++)
		if (strcmp(seen->fact[i].name, name) == 0)
			return &seen->fact[i];
	return NULL;
}

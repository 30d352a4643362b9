/* Every descriptor says what the recipe checker, the schema, the pages and the report need, and says it right. */
#include "support/check.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pipeline/recipe.h"
#include "rumble/units.h"

static const struct rmb_stage *now;

static void
wrong(const char *what, const char *name)
{
	fail_msg("stage %s: %s%s%s", now->name, what, name ? ": " : "", name ? name : "");
}

static int
count(const struct rmb_port *ports, const char *name)
{
	int n = 0;
	for (int i = 0; ports && ports[i].name; i++)
		n += strcmp(ports[i].name, name) == 0;
	return n;
}

static bool
is_line(const char *text)
{
	size_t n = text ? strlen(text) : 0;
	return n > 3 && n < 200 && !strchr(text, '\n') && (text[n - 1] != '.' || text[n - 2] == '.');
}

static bool
is_key(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
	return islower((unsigned char)*name) && !name[n] && n < RMB_NAME_MAX && strcmp(name, "stage") &&
	       strcmp(name, "repeat") && strcmp(name, "keep");
}

static void
check_param(const struct rmb_param *p)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_value value;
	if (!is_key(p->name))
		wrong("no good name for a setting", p->name);
	if (!is_line(p->help))
		wrong("help is missing, long or ends in a full stop", p->name);
	if (p->kind < RMB_REAL || p->kind > RMB_REALS)
		wrong("no kind", p->name);
	if ((p->kind == RMB_WORD) != (p->words != NULL))
		wrong("words belong to RMB_WORD", p->name);
	if (p->unit && !rmb_unit_example(p->unit))
		wrong("unknown unit", p->name);
	if (!(p->min <= p->max))
		wrong("an empty range", p->name);
	if (count(now->in, p->name))
		wrong("a setting is called like an input", p->name);
	for (const struct rmb_param *q = now->params; q < p; q++)
		if (strcmp(q->name, p->name) == 0)
			wrong("two settings of one name", p->name);
	if (p->at >= now->settings_size)
		wrong("lies outside the settings struct", p->name);
	if (p->def)
		rmb_value_default(arena, p, &value); /* asserts that it is right */
	rmb_arena_free(arena);
}

static void
check_ports(const struct rmb_port *ports, bool output)
{
	for (int i = 0; ports && ports[i].name; i++) {
		const struct rmb_port *p = &ports[i];
		if (!is_key(p->name) || count(ports, p->name) > 1)
			wrong("no good name for a port", p->name);
		if (!is_line(p->help))
			wrong("help is missing, long or ends in a full stop", p->name);
		if (!p->kinds || (!output && (p->kinds & RMB_AS_INPUT)))
			wrong("no kind", p->name);
		if (output && (p->kinds & RMB_ARRAY) && (!p->axes || !p->unit || !p->type))
			wrong("an array needs axes, unit and type", p->name);
	}
}

static bool
is_one_of(const char *word, const char *words)
{
	size_t n = strlen(word);
	for (const char *at = words; (at = strstr(at, word)); at += n)
		if ((at == words || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return true;
	return false;
}

/* Axes that the output declares: -1: there is no such output. */
static int
axes_of(const char *output)
{
	for (const struct rmb_port *p = now->out; p->name; p++)
		if (strcmp(p->name, output) == 0)
			return !p->axes || !*p->axes ? 0 : strchr(p->axes, ' ') ? 2 : 1;
	return -1;
}

static bool
is_text(const char *output)
{
	for (const struct rmb_port *p = now->out; p->name; p++)
		if (strcmp(p->name, output) == 0)
			return p->type == RMB_TEXT && axes_of(output) == 1;
	return false;
}

static void
check_series(const struct rmb_figure *f, const struct rmb_series *s)
{
	const char *const drawn[] = { s->x, s->low, s->high, s->spread, s->flag };
	bool family = strcmp(f->kind, "family") == 0, forest = strcmp(f->kind, "forest") == 0;
	if (axes_of(s->y) != 1 + family)
		wrong("a figure draws what is no output, or has other axes", s->y);
	for (size_t i = 0; i < sizeof drawn / sizeof *drawn; i++)
		if (drawn[i] && axes_of(drawn[i]) != 1)
			wrong("a figure draws what is no output, or has other axes", drawn[i]);
	if (!forest && ((s->z != NULL) != (strcmp(f->kind, "map") == 0) || (s->z && axes_of(s->z) < 1)))
		wrong("the points of a map, and of nothing else but forests, are coloured by an output", f->name);
	if (forest && (!is_text(s->y) || (s->z && !is_text(s->z)) || !s->x))
		wrong("rows and names of a forest are texts, and estimates an output", f->name);
	if (s->flag && !family)
		wrong("rows are left out of families only", f->name);
	if (!s->style || !is_one_of(s->style, "points line dashes guide"))
		wrong("no style of a series", s->y);
	if (!s->low != !s->high || (s->low && s->spread))
		wrong("a band has a lower and an upper end, or a spread", s->y);
	if (s != f->series && (family || s->z || (forest && strcmp(s->style, "line") != 0)))
		wrong("a family or a map has one series", f->name);
}

/* A number, or the name of a scalar output or a setting. */
static bool
is_number(const char *text)
{
	char *end;
	if (!text || axes_of(text) == 0 || rmb_param_index(now, text) >= 0)
		return text != NULL;
	return isfinite(strtod(text, &end)) && end != text && !*end;
}

static void
check_guide(const struct rmb_guide *guide)
{
	bool two = is_one_of(guide->shape, "span wedge");
	if (!is_one_of(guide->shape, "horizontal vertical span circle power wedge"))
		wrong("no shape of a guide", guide->shape);
	if (!is_number(guide->at) || (guide->to && (!two || !is_number(guide->to))) || (!guide->to && strcmp(guide->shape, "wedge") == 0))
		wrong("a guide stands at a number, a scalar output or a setting", guide->at);
}

/* A headline is an output of one text; an axis of a table has two columns or more. */
static void
check_headline_and_tables(void)
{
	int texts = 0;
	for (const struct rmb_port *p = now->out; p->name && now->headline; p++)
		texts += strcmp(p->name, now->headline) == 0 && p->type == RMB_TEXT && !*p->axes;
	if (now->headline && texts != 1)
		wrong("the headline is no output of one text", now->headline);
	char axis[RMB_NAME_MAX];
	int used;
	for (const char *at = now->tables; at && sscanf(at, "%63s%n", axis, &used) == 1; at += used) {
		int columns = 0;
		for (const struct rmb_port *p = now->out; p->name; p++)
			columns += p->axes && strcmp(p->axes, axis) == 0;
		if (columns < 2)
			wrong("a table needs outputs along its axis", axis);
	}
}

static void
check_figures(void)
{
	for (int i = 0; now->figures && now->figures[i].name; i++) {
		const struct rmb_figure *f = &now->figures[i];
		if (!f->kind || !f->caption || !is_one_of(f->kind, "curve family map raster forest"))
			wrong("a figure needs a kind and a caption", f->name);
		bool forest = strcmp(f->kind, "forest") == 0;
		if ((!f->x && !f->split) || !f->y != forest || (f->split && (!forest || !is_text(f->split))))
			wrong("a figure needs titles of its axes", f->name);
		if ((f->x && strchr(f->x, '(')) || (f->y && strchr(f->y, '(')) || (f->z && strchr(f->z, '(')))
			wrong("the unit in an axis title comes from what is drawn", f->name);
		if (strcmp(f->kind, "raster") == 0 && (!f->image || !count(now->out, f->image)))
			wrong("a raster needs an output as its image", f->name);
		for (int k = 0; k < 6 && f->series[k].y; k++)
			check_series(f, &f->series[k]);
		for (int k = 0; k < 4 && f->guide[k].shape; k++)
			check_guide(&f->guide[k]);
	}
}

static void
descriptors_are_whole(void **state)
{
	(void)state;
	static const char folders[] = " load prepare analyze simulate compare ";
	assert_non_null(rmb_stages[0]);
	for (const struct rmb_stage *const *s = rmb_stages; *s; s++) {
		char folder[32];
		now = *s;
		printf("%s\n", now->name);
		snprintf(folder, sizeof folder, " %s ", now->folder);
		assert_true(is_key(now->name));
		assert_ptr_equal(rmb_stage_find(now->name), now);
		assert_non_null(strstr(folders, folder));
		if (!is_line(now->brief) || !now->about || !now->cite || !now->run || now->version < 1)
			wrong("brief, about, cite, version or run is missing", NULL);
		if (!now->out || !now->out[0].name)
			wrong("makes nothing", NULL);
		if (!now->reads_files && (!now->in || !now->in[0].name) && rmb_nparams(now) == 0)
			wrong("reads nothing and has no settings", NULL);
		for (int i = 0; i < rmb_nparams(now); i++)
			check_param(&now->params[i]);
		check_ports(now->in, false);
		check_ports(now->out, true);
		check_figures();
		check_headline_and_tables();
	}
}

/* The defaults of a stage must go together, if it has only defaults. */
static void
defaults_pass_the_stage_itself(void **state)
{
	(void)state;
	for (const struct rmb_stage *const *s = rmb_stages; *s; s++) {
		struct rmb_arena *arena = rmb_arena_new();
		struct rmb_error error = { 0 };
		struct rmb_value value[64];
		bool whole = rmb_nparams(*s) <= 64;
		for (int i = 0; whole && i < rmb_nparams(*s); i++) {
			if ((*s)->params[i].def)
				rmb_value_default(arena, &(*s)->params[i], &value[i]);
			else
				whole = false;
		}
		void *settings = whole ? rmb_settings_make(arena, *s, value) : NULL;
		if (settings && (*s)->check && (*s)->check(settings, &error)) {
			bool named = false; /* a choice that the user must make ("exactly one of") is named */
			for (int i = 0; i < rmb_nparams(*s); i++)
				named = named || strstr(error.text, (*s)->params[i].name);
			if (!named || error.code != RMB_ERECIPE)
				fail_msg("stage %s refuses its defaults without naming a setting: %s", (*s)->name, error.text);
		}
		rmb_arena_free(arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(descriptors_are_whole), cmocka_unit_test(defaults_pass_the_stage_itself) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

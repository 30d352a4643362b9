/* Memory that runs out while a recipe is read: at every allocation, one after another. The recipe is then refused and says
 * so; it is never half of what was written. */
#include "support/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pipeline/recipe.h"
#include "support/recipes.h"
#include "support/scarce.h"

static const char good[] =
	"rumble: 1\ninclude: more.yaml\nvars: {v: raw, w: 3}\ntitle: \"a ${v}\"\nseed: 3\n"
	"recordings:\n  - {glob: \"*.npz\", area: V1, rate: 22 Hz, labels: {state: awake}, tags: [x, y]}\n  - {name: c, "
        "path: \"a.n*\", area: CA1}\n"
	"stages:\n  raw: {stage: load}\n  z: {stage: zscore, recording: \"${v}\"}\n"
	"  s: {stage: svca2, recording: [z, mixed@z#1], spacing: {by: area, V1: 3 um, else: 4 um}, lag: \"${w}\", repeat: "
        "2}\n"
	"  p: {stage: powerlaw, spectrum: s.spectrum, ranks: 11..500}\n"
	"  x: {stage: select, recording: z, box: [0 um, 1 um, 2 um, 3 um], neurons: [1, 2]}\nreport: {output: r.html}\n";
static const char *const set[] = { "stages.s.spacing=5 um", "vars.w=4", "recordings.c.rate=4 Hz", "stages.x.neurons=[3]" };

/* Everything of a recipe that a run would look at. */
static char *
describe(struct rmb_recipe *recipe, struct rmb_mistakes *m)
{
	char *text = NULL;
	size_t n;
	FILE *to = open_memstream(&text, &n);
	fprintf(to, "%s %lld %s\n", recipe->title, (long long)recipe->seed, recipe->report);
	for (int i = 0; i < recipe->nsources; i++) {
		const struct rmb_source *s = &recipe->source[i];
		fprintf(to, "%s %d %d %s %s:", s->name, s->nlabels, s->ntags, s->nlabels ? s->label[0].value : "", s->ntags ? s->tag[0] : "");
		for (int k = 0; k < recipe->nentries; k++)
			for (int p = 0; p < rmb_nparams(recipe->entry[k].stage); p++) {
				struct rmb_value value;
				if (rmb_recipe_value(recipe, &recipe->entry[k], p, i, &value, m) == 0) {
					const char *printed = rmb_value_print(recipe->arena, &recipe->entry[k].stage->params[p], &value);
					fprintf(to, " %s%s", printed ? printed : "-", value.path ? value.path : "");
				}
			}
		fputc('\n', to);
	}
	for (int k = 0; k < recipe->nentries; k++) {
		const struct rmb_entry *e = &recipe->entry[k];
		fprintf(to, "%s %s %d %d", e->name, e->stage->name, e->repeat, e->keep);
		for (int u = 0; u < e->nuses; u++)
			for (int i = 0; i < e->use[u].nreferences; i++)
				fprintf(to, " %s", e->use[u].reference[i].text);
		fputc('\n', to);
	}
	fclose(to);
	return text;
}

/* One reading that may fail; NULL if it was refused. */
static char *
read_it(bool told_needed)
{
	struct rmb_arena *arena = calloc(1, sizeof *arena);
	struct rmb_mistakes *m = rmb_mistakes_new(arena);
	struct rmb_recipe *recipe = m ? rmb_recipe_read("recipe.yaml", set, sizeof set / sizeof *set, m) : NULL;
	left = -1;
	if (m && !recipe && told_needed)
		assert_true(rmb_mistakes_count(m) > 0);
	char *text = recipe ? describe(recipe, m) : NULL;
	if (m)
		free(rmb_test_said(m, false));
	rmb_recipe_free(recipe);
	rmb_arena_free(arena);
	return text;
}

static void
a_recipe_is_whole_or_refused(bool only_one)
{
	int halves = 0;
	int refusals = 0;
	char *whole = read_it(true);
	assert_non_null(whole);
	for (long k = 0; k < 100000; k++) {
		left = k;
		once = only_one;
		char *text = read_it(true);
		if (text && strcmp(text, whole) != 0)
			print_error("without allocation %ld the recipe reads\n%s\nnot\n%s", k, text, whole);
		halves += text && strcmp(text, whole) != 0;
		refusals += text == NULL;
		free(text);
		if (k > 50 && refusals < k - 400)
			break; /* it has as many allocations as it needs */
	}
	printf("%d allocations refuse the recipe\n", refusals);
	assert_int_equal(halves, 0);
	assert_true(refusals > 100);
	free(whole);
}

static void
memory_that_runs_out(void **state)
{
	(void)state;
	a_recipe_is_whole_or_refused(false);
}

static void
memory_that_fails_once(void **state)
{
	(void)state;
	a_recipe_is_whole_or_refused(true);
}

static int
begin(void **state)
{
	if (rmb_test_enter(state))
		return 1;
	rmb_test_file("a.npz", "");
	rmb_test_file("b.npz", "");
	rmb_test_file("recipe.yaml", good);
	rmb_test_file("more.yaml", "stages:\n  mixed: {stage: shuffle, recording: [z, z2]}\n  z2: {stage: zscore, recording: raw}\n");
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(memory_that_runs_out), cmocka_unit_test(memory_that_fails_once) };
	return cmocka_run_group_tests(tests, begin, rmb_test_leave);
}

/* Recipes: what is understood, and every mistake told with its place, all in one go. */
#include "support/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pipeline/recipe.h"
#include "support/recipes.h"

/* A recipe that is right; the tests below change lines of it. Line numbers are those of the text. */
#define HEAD                                                                                  \
	"rumble: 1\n"                                                                         \
	"recordings:\n"                                                                       \
	"  - {name: fx26, area: V1, path: a.npz, rate: 22 Hz}\n"                              \
	"  - {name: krebs, area: CA1, labels: {state: awake}, tags: [x, y], path: b.npz}\n"   \
	"stages:\n"                                                                           \
	"  raw: {stage: load}\n"                                                              \
	"  z: {stage: zscore, recording: raw}\n"
/* stages from line 8 on */

struct reading { struct rmb_arena *arena; struct rmb_mistakes *m; struct rmb_recipe *recipe; char *told; };

static struct reading
read_recipe(const char *path, const char *const *set, int nset)
{
	struct reading r = { .arena = rmb_arena_new() };
	r.m = rmb_mistakes_new(r.arena);
	r.recipe = rmb_recipe_read(path, set, nset, r.m);
	r.told = rmb_test_said(r.m, false);
	assert_int_equal(r.recipe == NULL, rmb_mistakes_count(r.m) > 0);
	return r;
}

static struct reading
read_text(const char *text)
{
	rmb_test_file("recipe.yaml", text);
	return read_recipe("recipe.yaml", NULL, 0);
}

static void
forget(struct reading *r)
{
	rmb_recipe_free(r->recipe);
	free(r->told);
	rmb_arena_free(r->arena);
}

/* Whether the recipe is refused with this and nothing else (count 1), or with this among `count` mistakes. */
static bool
is_refused(const char *text, const char *told, int count)
{
	struct reading r = read_text(text);
	bool good = strstr(r.told, told) && rmb_mistakes_count(r.m) == count;
	if (!good)
		print_error("expected %d: '%s'\nfor:\n%s\nwas told:\n%s\n", count, told, text, r.told);
	forget(&r);
	return good;
}

static void
refused(const char *text, const char *told, int count)
{
	assert_true(is_refused(text, told, count));
}

static void
accepted(const char *text)
{
	struct reading r = read_text(text);
	if (!r.recipe || *r.told)
		fail_msg("for:\n%s\nwas told:\n%s", text, r.told);
	forget(&r);
}

/* ---- single mistakes: text, what is told; each is the only one */

struct row { const char *text, *told; };

static void
check_rows(const struct row *row, size_t n)
{
	size_t good = 0;
	for (size_t i = 0; i < n; i++)
		good += is_refused(row[i].text, row[i].told, 1);
	assert_int_equal(good, n);
}

static void
mistakes_of_settings(void **state)
{
	(void)state;
	static const struct row row[] = {
		{ HEAD "  s: {stage: svca2, recording: z, spacng: 25 um}\n",
		  "recipe.yaml:8:35: svca2 has no parameter 'spacng'; did you mean 'spacing'?\n"
		  "     8 |   s: {stage: svca2, recording: z, spacng: 25 um}\n"
		  "       |                                   ^\n" },
		{ HEAD "  s: {stage: svca2, recording: z, spacing: 25}\n",
		  "recipe.yaml:8:44: svca2: spacing expects a length, such as 25 um; found a bare number" },
		{ HEAD "  s: {stage: svca2, recording: z, spacing: 25 Hz}\n",
		  "recipe.yaml:8:44: svca2: spacing expects a length, such as 25 um; found '25 Hz'" },
		{ HEAD "  s: {stage: svca2, recording: z, spacing: -3 um}\n",
		  "recipe.yaml:8:44: svca2: spacing of -3 um is out of range; allowed: " },
		{ HEAD "  s: {stage: svca2, recording: z, spacing: [25 um]}\n",
		  "recipe.yaml:8:44: svca2: spacing expects a length, such as 25 um; found a list" },
		{ HEAD "  s: {stage: svca2, recording: z, spacing: .nan}\n", "recipe.yaml:8:44: svca2: spacing expects a length" },
		{ HEAD "  s: {stage: svca2, recording: z, lag: 1.5}\n", "recipe.yaml:8:40: svca2: lag expects a whole number" },
		{ HEAD "  s: {stage: svca2, recording: z, lag: 012}\n", "recipe.yaml:8:40: svca2: lag expects a whole number" },
		{ HEAD "  s: {stage: svca2, recording: z, lag: 1_0}\n", "recipe.yaml:8:40: svca2: lag expects a whole number" },
		{ HEAD "  s: {stage: svca2, recording: z, lag: 1:30}\n",
		  "recipe.yaml:8:40: svca2: lag expects a whole number, such as 5; found '1:30'" },
		{ HEAD "  s: {stage: svca2, recording: z, lag: \"5\"}\n",
		  "recipe.yaml:8:40: svca2: lag expects a whole number, such as 5; found the text '5'" },
		{ HEAD "  s: {stage: svca2, recording: z, lag: }\n", "svca2: lag expects a whole number, such as 5; found nothing" },
		{ HEAD "  s: {stage: svca2, recording: z, precision: duoble}\n",
		  "recipe.yaml:8:46: svca2: precision expects single or double; found 'duoble'; did you mean 'double'?" },
		{ HEAD "  s: {stage: svca2, recording: z, half1: 3}\n", "svca2: half1 expects a list of whole numbers" },
		{ HEAD "  s: {stage: svca2, recording: z, keep: no}\n", "recipe.yaml:8:41: s: keep expects true or false; found 'no'" },
		{ HEAD "  s: {stage: svca2, recording: z, keep: on}\n", "s: keep expects true or false; found 'on'" },
		{ HEAD "seed: -1\n", "recipe: seed of -1 is out of range; allowed: 0 to 2^53" },
		{ HEAD "  s: {stage: svca2, recording: z, repeat: 0}\n", "s: repeat of 0 is out of range; allowed: 1 to 10000" },
		{ HEAD "  s: {stage: svca2, recording: z, repeat: 1e12}\n", "s: repeat expects a whole number" },
		{ HEAD "  s: {stage: svca2, recording: z, spectrum: z}\n",
		  "recipe.yaml:8:35: 'spectrum' is an output of svca2, not a setting; another entry reads it as s.spectrum" },
		{ HEAD "  s: {stage: svca2, recording: z, spacing: {by: area, V1: 3 um}}\n",
		  "recipe.yaml:8:44: s: spacing has no value for recording 'krebs', whose area is 'CA1'" },
		{ HEAD "  s: {stage: svca2, recording: z, spacing: {by: state, awake: 3 um}}\n",
		  "s: spacing has no value for recording 'fx26', which has no state; add 'else'" },
		{ HEAD "  s: {stage: svca2, recording: z, spacing: {by: aera, else: 3 um}}\n",
		  "recipe.yaml:8:49: no recording has a label 'aera'; did you mean 'area'?" },
		{ HEAD "  s: {stage: svca2, recording: z, spacing: {by: area, v1: 3 um, else: 4 um}}\n",
		  "recipe.yaml:8:55: no recording has the area 'v1'; did you mean 'V1'?" },
		{ HEAD "  s: {stage: svca2, recording: z, spacing: {area: 3 um}}\n", "svca2: spacing: a mapping here begins with by" },
		{ HEAD "  s: {stage: svca2, recording: z, spacing: {by: area}}\n", "svca2: spacing names no value for any area" },
		{ HEAD "  s: {stage: svca2, recording: z, spacing: {by: area, V1: 3, else: 4 um}}\n",
		  "recipe.yaml:8:59: svca2: spacing expects a length" },
		{ HEAD "  s: {stage: svca2, recording: z}\n  p: {stage: powerlaw, spectrum: s, ranks: 500..11}\n",
		  "recipe.yaml:9:44: powerlaw: ranks of 500..11 ends before it begins" },
		{ HEAD "  s: {stage: svca2, recording: z}\n  p: {stage: powerlaw, spectrum: s, ranks: 11-500}\n",
		  "powerlaw: ranks expects a range of whole numbers, such as 11..500" },
	};
	check_rows(row, sizeof row / sizeof *row);
}

static void
mistakes_of_wiring(void **state)
{
	(void)state;
	static const struct row row[] = {
		{ HEAD "  s: {stage: svca2, recording: qqq}\n", "recipe.yaml:8:32: unknown node 'qqq'; there are: raw, z, s" },
		{ HEAD "  s: {stage: svca2, recording: raaw}\n", "recipe.yaml:8:32: unknown node 'raaw'; did you mean 'raw'?" },
		{ HEAD "  s: {stage: svca2, recording: [z, z]}\n", "recipe.yaml:8:36: 'z' stands twice in this list" },
		{ HEAD "  s: {stage: svca2, recording: []}\n", "recipe.yaml:8:32: svca2: recording is an empty list" },
		{ HEAD "  s: {stage: svca2, recording: {a: b}}\n",
		  "recipe.yaml:8:32: an input expects the name of a node, or a list of names; found a mapping" },
		{ HEAD "  s: {stage: svca2, recording: z@}\n", "recipe.yaml:8:32: 'z@' names no node" },
		{ HEAD "  s: {stage: svca2, recording: z#0}\n", "'z#0' names no node" },
		{ HEAD "  s: {stage: svca2, recording: z.}\n", "'z.' names no node" },
		{ HEAD "  s: {stage: svca2}\n", "recipe.yaml:8:3: 's' does not say what svca2 reads: add 'recording: NODE'" },
		{ HEAD "  s: {stage: svca2, recording: z}\n  p: {stage: powerlaw, spectrum: s.spektrum}\n",
		  "recipe.yaml:9:34: 's' (svca2) has no output 'spektrum'; did you mean 'spectrum'?; it makes: spectrum" },
		{ HEAD "  p: {stage: powerlaw, spectrum: z}\n",
		  "recipe.yaml:8:34: powerlaw reads an array at 'spectrum', but 'z' (zscore) makes a recording" },
		{ HEAD "  s: {stage: svca2, recording: z}\n  t: {stage: svca2, recording: s}\n",
		  "recipe.yaml:9:32: svca2 reads a recording at 'recording', but 's' (svca2) makes an array" },
		{ HEAD "  s: {stage: svca3, recording: z}\n", "recipe.yaml:8:14: there is no stage 'svca3'; did you mean 'svca'?" },
		{ HEAD "  s: {recording: z}\n", "recipe.yaml:8:3: 's' does not say its stage" },
		{ HEAD "  s: svca2\n", "recipe.yaml:8:6: 's' expects a mapping such as {stage: load}; found a text" },
		{ HEAD "  1s: {stage: svca2, recording: z}\n", "recipe.yaml:8:3: '1s' cannot name a node" },
		{ HEAD "  a.b: {stage: svca2, recording: z}\n", "'a.b' cannot name a node" },
		{ HEAD "  a: {stage: zscore, recording: b}\n  b: {stage: zscore, recording: c}\n  c: {stage: zscore, recording: [z, a]}\n",
		  "the stages go round in a cycle, where each reads the next: a -> b -> c -> a\n" },
		{ HEAD "  f: {stage: bin, recording: z, rate: 3 Hz, width: 2 s}\n", "recipe.yaml:8:39: bin: " },
		{ HEAD "  f: {stage: bin, recording: z}\n", "recipe.yaml:8:3: bin: " },
		{ HEAD "  s: {stage: svca2, recording: z}\n  p: {stage: powerlaw, spectrum: s}\n  q: {stage: powerlaw, spectrum: p.exponent}\n",
		  "recipe.yaml:10:34: powerlaw reads an array [rank] at 'spectrum', but 'p.exponent' is a single number" },
		{ HEAD "  s: {stage: svca2, recording: z}\n  q: {stage: zscore, recording: s.spectrum}\n",
		  "recipe.yaml:9:33: zscore reads a recording at 'recording', but 's.spectrum' (svca2) makes an array" },
		{ HEAD "  a: {stage: zscore, recording: a}\n",
		  "recipe.yaml:8:33: the stages go round in a cycle, where each reads the next: a -> a\n" },
	};
	check_rows(row, sizeof row / sizeof *row);
}

#define REC(text) "rumble: 1\nstages: {raw: {stage: load}}\nrecordings:\n" text

static void
mistakes_of_recordings_and_top(void **state)
{
	(void)state;
	static const struct row row[] = {
		{ REC("  - {name: a, path: a.npz}\n  - {name: a, path: b.npz}\n"),
		  "recipe.yaml:5:12: duplicate: a recording named 'a' stands at recipe.yaml:4:12 already" },
		{ REC("  - {name: \"a\\eb\", path: a.npz}\n"), "recipe.yaml:4:12: 'a\\x1bb' cannot name a recording" },
		{ REC("  - {path: a.npz, raet: 3 Hz}\n"), "recipe.yaml:4:19: a recording has no key 'raet'; did you mean 'rate'?" },
		{ REC("  - {path: a.npz, rate: 3}\n"), "recipe.yaml:4:25: load: rate expects a frequency, such as 22 Hz; found a bare number" },
		{ REC("  - {path: a.npz, rate: {by: area, else: 3 Hz}}\n"), "rate expects one value here" },
		{ REC("  - {area: V1, path: }\n"), "recipe.yaml:4:22: load: path expects the path of a file; found nothing" },
		{ REC("  - {area: V1}\n"), "recipe.yaml:4:5: a recording needs a name, or a path to be called after" },
		{ REC("  - {name: x}\n"), "recipe.yaml:4:12: recording 'x' needs 'path', which 'raw' (load) reads" },
		{ REC("  - a.npz\n"), "recipe.yaml:4:5: a recording is a mapping" },
		{ REC("  - {glob: \"none/*.npz\"}\n"), "recipe.yaml:4:12: no file in '.' fits 'none/*.npz'" },
		{ REC("  - {path: \"*.npz\"}\n"), "recipe.yaml:4:12: '*.npz' fits 2 files, among them 'a.npz' and 'b.npz'" },
		{ REC("  - {glob: \"*.npz\", name: x}\n"), "'*.npz' fits 2 files, which cannot all be named 'x'" },
		{ REC("  - {path: a.npz, labels: [x]}\n"), "recipe.yaml:4:27: labels expects a mapping" },
		{ REC("  - {path: a.npz, area: V1, labels: {area: x}}\n"), "recipe.yaml:4:38: a label cannot be called 'area' here" },
		{ REC("  - {path: a.npz, labels: {x: 1, \"na\\x6de\": y}}\n"), "a label cannot be called 'name' here" },
		{ REC("  - {path: a.npz, labels: {by: 1}}\n"), "a label cannot be called 'by' here" },
		{ REC("  - {path: a.npz, area: [V1]}\n"), "recipe.yaml:4:25: a label expects a text, such as V1; found a list" },
		{ REC("  - {path: \"x/?.npz\"}\n"), "recipe.yaml:4:12: no file in '.' fits 'x/?.npz'" },
		{ REC("  - {glob: a.npz, path: b.npz}\n"), "recipe.yaml:4:25: a recording has a path or a glob, not both" },
		{ REC("  - {path: a.npz, tags: [[x]]}\n"), "tags expects a list of texts" },
		{ REC("  - {name: x, path: [a.npz]}\n"), "load: path expects the path of a file; found a list" },
		{ HEAD "seeed: 3\n", "recipe.yaml:8:1: a recipe has no key 'seeed'; did you mean 'seed'?" },
		{ HEAD "seed: -1\n", "recipe.yaml:8:7: recipe: seed of -1 is out of range" },
		{ HEAD "seed: 9007199254740993\n", "seed of 9007199254740993 is out of range; allowed: 0 to 2^53" },
		{ HEAD "seed: 1.0\n", "recipe: seed expects a whole number" },
		{ HEAD "report: {output: ../../x.html}\n",
		  "recipe.yaml:8:18: report: output '../../x.html' would lie outside the output directory" },
		{ HEAD "report: {output: /tmp/x.html}\n", "would lie outside the output directory" },
		{ HEAD "report: {output: x.txt}\n", "expects a file name that ends in .html" },
		{ HEAD "report: {outptu: x.html}\n", "recipe.yaml:8:10: report has no key 'outptu'; did you mean 'output'?" },
		{ HEAD "report: {output: []}\n", "report: output expects a file name, such as report.html; found a list" },
		{ HEAD "vars: [a]\n", "recipe.yaml:8:7: vars expects a mapping from names; found a list" },
		{ HEAD "vars: {1a: 2}\n", "recipe.yaml:8:8: '1a' cannot name a variable" },
		{ HEAD "include: {a: b}\n", "include expects the path of a recipe, or a list of them; found a mapping" },
		{ HEAD "report: x.html\n", "report expects none or a mapping" },
		{ HEAD "vars: {a: [1]}\n", "recipe.yaml:8:11: vars: a expects one text or number; found a list" },
		{ HEAD "title: ${who}\n", "recipe.yaml:8:8: there is no variable 'who'" },
		{ HEAD "include: nothere.yaml\n", "recipe.yaml:8:10: cannot read the included file 'nothere.yaml': there is no such file" },
		{ HEAD "include: recipe.yaml\n", "recipe.yaml:8:10: 'recipe.yaml' includes itself" },
	};
	check_rows(row, sizeof row / sizeof *row);
	refused("recordings: []\nstages: {}\n", "recipe.yaml:1:1: a recipe says which version of the language it is written in", 3);
	refused("rumble: 1\nrecordings: {}\nstages: {raw: {stage: load}}\n", "recipe.yaml:2:13: recordings expects a list", 1);
	refused("rumble: 2\n", "recipe.yaml:1:9: rumble expects the version of the recipe language, 1; found '2'", 3);
	refused("- a\n", "recipe.yaml:1:1: a recipe is a mapping", 1);
	refused("", "empty recipe", 1);
	struct reading r = read_recipe("missing.yaml", NULL, 0);
	assert_string_equal(r.told, "missing.yaml: cannot read the recipe 'missing.yaml': there is no such file or folder; correct the path\n");
	forget(&r);
}

/* 200 links to a folder of 100 files, and a pattern with as many parts that fits few. */
static void
a_glob_ends_when_it_has_found_too_much(void **state)
{
	(void)state;
	char name[64];
	assert_int_equal(mkdir("many", 0700) | mkdir("many/d", 0700), 0);
	for (int i = 0; i < 100; i++)
		rmb_test_file((snprintf(name, sizeof name, "many/d/f%d.npz", i), name), "");
	for (int i = 0; i < 200; i++)
		assert_int_equal(symlink("d", (snprintf(name, sizeof name, "many/e%d", i), name)), 0);
	refused(REC("  - {glob: \"many/e*/*.npz\"}\n"),
	        "'many/e*/*.npz' fits more than 10000 files; a recipe holds at most 10000 recordings", 1);
	refused(REC("  - {glob: \"./many//*/f*\"}\n"), "fits more than 10000 files; a recipe holds at most 10000", 1);
	refused(REC("  - {path: \"many/*/f7.npz\"}\n"), "'many/*/f7.npz' fits 201 files, among them 'many/d/f7.npz' and", 1);
	accepted(REC("  - {glob: \"many/e1/f*[05].npz\"}\n  - {glob: \"many/e?/f11.npz\"}\n"));
}

static void
all_mistakes_are_told_in_one_go(void **state)
{
	(void)state;
	struct reading r = read_text(
		"rumble: 1\nsed: 1\nrecordings:\n  - {path: a.npz, rate: 5, raet: 3}\nstages:\n  raw: {stage: load, raw: 3}\n"
		"  s: {stage: svca2, recording: rw, spacing: 3, lag: x}\n  s: {}\n  t: {stage: nothing}\n"
		"  p: {stage: powerlaw, spectrum: raw}\n  a: {stage: zscore, recording: b, ddof: {by: name, c: 1}}\n"
		"  b: {stage: zscore, recording: a}\n  f: {stage: bin, recording: t}\nreport: {output: ../x}\n");
	static const char *const told[] = { ":2:1:", ":4:25:", ":4:28:", ":6:22:", ":7:32:", ":7:45:", ":7:53:", ":8:3:",
	                                    ":9:14:", ":10:34:", ":11:42:", ":12:33:", ":13:3:", ":14:18:" };
	const char *at = r.told;
	for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
		const char *next = strstr(at, told[i]);
		if (!next)
			fail_msg("expected a mistake at %s, was told:\n%s", told[i], r.told);
		at = next;
	}
	assert_int_equal(rmb_mistakes_count(r.m), 14);
	assert_int_equal(rmb_mistakes_code(r.m), RMB_ERECIPE);
	forget(&r);
}

/* ---- what is understood */

static void
a_recipe_is_understood(void **state)
{
	(void)state;
	struct reading r = read_text(
		"rumble: 1\ntitle: Two areas\nseed: 7\n"
		"recordings:\n  - {name: <script>, area: V1, path: a.npz, rate: 22 Hz, tags: fast}\n"
		"  - {glob: \"*.npz\", area: CA1, labels: {state: awake}}\n"
		"stages:\n  s: {stage: svca2, recording: [z, shuffled@z#2], spacing: {by: area, CA1: 40 um, else: 25um}, "
	        "keep: false}\n"
		"  raw: {stage: load, rate: {by: name, a: 3 Hz, b: 4 Hz, else: none}}\n  z: {stage: zscore, recording: raw}\n"
		"  shuffled: {stage: shuffle, recording: z, repeat: 3}\n"
		"report: {output: out.html}\n");
	if (!r.recipe)
		fail_msg("%s", r.told);
	const struct rmb_recipe *recipe = r.recipe;
	assert_string_equal(recipe->title, "Two areas");
	assert_string_equal(recipe->name, "recipe");
	assert_int_equal(recipe->seed, 7);
	assert_string_equal(recipe->report, "out.html");
	assert_int_equal(recipe->nsources, 3);
	assert_string_equal(recipe->source[0].name, "<script>");
	assert_string_equal(recipe->source[1].name, "a");
	assert_string_equal(recipe->source[2].name, "b");
	assert_string_equal(rmb_source_label(&recipe->source[2], "state"), "awake");
	assert_string_equal(recipe->source[0].tag[0], "fast");
	assert_int_equal(recipe->nentries, 4);
	const struct rmb_entry *s = &recipe->entry[0], *raw = &recipe->entry[1];
	assert_false(s->keep);
	assert_int_equal(recipe->entry[3].repeat, 3);
	assert_int_equal(s->nuses, 1);
	assert_true(s->use[0].list);
	assert_int_equal(s->use[0].reference[0].entry, 2);
	assert_string_equal(s->use[0].reference[1].branch, "z");
	assert_int_equal(s->use[0].reference[1].replicate, 2);
	struct rmb_value value;
	int spacing = rmb_param_index(s->stage, "spacing"), rate = rmb_param_index(raw->stage, "rate"),
	    path = rmb_param_index(raw->stage, "path");
	assert_int_equal(rmb_recipe_value(r.recipe, s, spacing, 0, &value, r.m), 0);
	assert_true(value.real == 25);
	assert_string_equal(value.written, "25um");
	assert_int_equal(rmb_recipe_value(r.recipe, s, spacing, 1, &value, r.m), 0);
	assert_true(value.real == 40);
	assert_int_equal(value.place.line, 8);
	assert_int_equal(rmb_recipe_value(r.recipe, raw, rate, 2, &value, r.m), 0);
	assert_true(value.real == 4);
	assert_int_equal(rmb_recipe_value(r.recipe, raw, rate, 0, &value, r.m), 0);
	assert_true(value.none);
	assert_int_equal(rmb_recipe_value(r.recipe, raw, path, 2, &value, r.m), 0);
	assert_string_equal(value.text, "b.npz");
	assert_int_equal(rmb_recipe_value(r.recipe, raw, rmb_param_index(raw->stage, "format"), 2, &value, r.m), 0);
	assert_null(value.place.file);
	assert_int_equal(rmb_recipe_value(r.recipe, s, spacing, -1, &value, r.m), RMB_ERECIPE);
	forget(&r);
}

static void
what_the_entry_says_stands_before_what_the_recording_says(void **state)
{
	(void)state;
	struct rmb_value value;
	struct reading r = read_text(REC("  - {path: a.npz, rate: 3 Hz}\n"));
	int rate = rmb_param_index(r.recipe->entry[0].stage, "rate");
	assert_int_equal(rmb_recipe_value(r.recipe, &r.recipe->entry[0], rate, 0, &value, r.m), 0);
	assert_true(value.real == 3);
	forget(&r);
	r = read_text("rumble: 1\nstages: {raw: {stage: load, rate: 5 Hz}}\nrecordings:\n  - {path: a.npz, rate: 3 Hz}\n");
	assert_int_equal(rmb_recipe_value(r.recipe, &r.recipe->entry[0], rate, 0, &value, r.m), 0);
	assert_true(value.real == 5);
	forget(&r);
}

static void
a_case_for_no_recording_is_only_remarked(void **state)
{
	(void)state;
	struct reading r = read_text(HEAD "  s: {stage: svca2, recording: z, spacing: {by: area, CA3: 3 um, CA1: 4 um, else: 5 um}}\n");
	assert_non_null(r.recipe);
	assert_non_null(strstr(r.told, "recipe.yaml:8:55: remark: no recording has the area 'CA3'"));
	forget(&r);
}

static void
variables_stand_for_scalars(void **state)
{
	(void)state;
	struct reading r = read_text(HEAD "  s: {stage: svca2, recording: \"${what}\", lag: \"${n}\", spacing: \"${n}5 um\"}\n"
	                                  "title: \"$${n} is ${n}\"\nvars: {what: z, n: 2}\n");
	if (!r.recipe)
		fail_msg("%s", r.told);
	assert_string_equal(r.recipe->title, "${n} is 2");
	struct rmb_value value;
	const struct rmb_entry *s = &r.recipe->entry[2];
	assert_int_equal(rmb_recipe_value(r.recipe, s, rmb_param_index(s->stage, "lag"), 0, &value, r.m), 0);
	assert_int_equal(value.integer, 2);
	assert_int_equal(rmb_recipe_value(r.recipe, s, rmb_param_index(s->stage, "spacing"), 0, &value, r.m), 0);
	assert_true(value.real == 25);
	forget(&r);
	refused(HEAD "  s: {stage: svca2, recording: z, lag: \"${m}\"}\nvars: {n: 2}\n", "recipe.yaml:8:40: there is no variable 'm'", 1);
	refused(HEAD "vars: {n: \"${n}\"}\n", "refers to another variable", 1);
	refused(HEAD "title: \"${n\"\n", "'${' without '}'", 1);
}

static void
files_are_included(void **state)
{
	(void)state;
	struct rmb_value value;
	assert_int_equal(mkdir("lib", 0700), 0);
	rmb_test_file("lib/base.yaml", "seed: 5\ntitle: base\nvars: {f: 3 Hz}\ninclude: more.yaml\nrecordings:\n  - {path: "
	                               "c.npz, rate: \"${f}\"}\n"
	                               "stages:\n  raw: {stage: load}\n");
	rmb_test_file("lib/more.yaml", "stages:\n  z: {stage: zscore, recording: raw}\n");
	rmb_test_file("lib/c.npz", "");
	struct reading r = read_text("rumble: 1\ntitle: main\ninclude: [lib/base.yaml, lib/more.yaml]\nstages:\n  s: {stage: "
	                             "svca2, recording: z}\n");
	if (!r.recipe)
		fail_msg("%s", r.told);
	assert_string_equal(r.recipe->title, "main");
	assert_int_equal(r.recipe->seed, 5);
	assert_int_equal(r.recipe->nentries, 3);
	assert_string_equal(r.recipe->entry[0].name, "z");
	assert_string_equal(r.recipe->source[0].name, "c");
	const struct rmb_entry *raw = &r.recipe->entry[1];
	assert_int_equal(rmb_recipe_value(r.recipe, raw, rmb_param_index(raw->stage, "path"), 0, &value, r.m), 0);
	assert_string_equal(value.path, "lib/c.npz");
	forget(&r);
	refused("rumble: 1\ninclude: lib/base.yaml\nstages:\n  z: {stage: zscore, recording: raw}\n",
	        "recipe.yaml:4:3: duplicate: 'z' under stages stands at lib/more.yaml:2:3 already", 1);
	rmb_test_file("lib/more.yaml", "stages:\n  z: {stage: zscore, recording: raw, dof: 1}\n");
	refused("rumble: 1\ninclude: lib/base.yaml\n", "lib/more.yaml:2:38: zscore has no parameter 'dof'; did you mean 'ddof'?", 1);
	rmb_test_file("lib/more.yaml", "include: base.yaml\nstages:\n  z: {stage: zscore, recording: raw}\n");
	refused("rumble: 1\ninclude: lib/base.yaml\n", "lib/more.yaml:1:10: 'lib/base.yaml' includes itself", 1);
}

static void
set_changes_a_recipe(void **state)
{
	(void)state;
	static const char *const set[] = { "stages.s.spacing=40um", "stages.s.recording=[z, raw]", "recordings.fx26.rate=5 Hz",
	                                   "recordings.krebs.area=V1",
		"title=other", "seed=9", "vars.n=4", "stages.s.lag=${n}", "report.output=o.html", "recordings.fx26.labels.state=asleep",
		"stages.z.ddof={by: state, asleep: 1, else: 0}" };
	struct rmb_value value;
	rmb_test_file("recipe.yaml", HEAD "  s: {stage: svca2, recording: z, spacing: 25 um}\nvars: {n: 1}\n");
	struct reading r = read_recipe("recipe.yaml", set, sizeof set / sizeof *set);
	if (!r.recipe)
		fail_msg("%s", r.told);
	const struct rmb_entry *s = &r.recipe->entry[2];
	assert_int_equal(rmb_recipe_value(r.recipe, s, rmb_param_index(s->stage, "spacing"), 0, &value, r.m), 0);
	assert_true(value.real == 40);
	assert_string_equal(value.place.file, "--set");
	assert_int_equal(value.place.column, 18);
	assert_int_equal(rmb_recipe_value(r.recipe, s, rmb_param_index(s->stage, "lag"), 0, &value, r.m), 0);
	assert_int_equal(value.integer, 4);
	assert_int_equal(s->use[0].nreferences, 2);
	assert_string_equal(r.recipe->title, "other");
	assert_int_equal(r.recipe->seed, 9);
	assert_string_equal(r.recipe->report, "o.html");
	assert_string_equal(rmb_source_label(&r.recipe->source[1], "area"), "V1");
	const struct rmb_entry *z = &r.recipe->entry[1];
	assert_int_equal(rmb_recipe_value(r.recipe, z, rmb_param_index(z->stage, "ddof"), 0, &value, r.m), 0);
	assert_int_equal(value.integer, 1);
	forget(&r);
}

static void
mistakes_in_set_point_too(void **state)
{
	(void)state;
	static const struct row row[] = {
		{ "stages.s.spacing=40", "--set:1:18: svca2: spacing expects a length, such as 25 um; found a bare number" },
		{ "stages.s.spacng=40 um", "--set:1:10: svca2 has no parameter 'spacng'; did you mean 'spacing'?\n     1 | "
		                           "stages.s.spacng=40 um\n       |          ^\n" },
		{ "stages.q.spacing=4 um", "--set:1:1: the recipe has nothing named 'q' under stages" },
		{ "vars.nn=4", "--set:1:1: the recipe has nothing named 'nn' under vars" },
		{ "recordings.fx27.rate=4 Hz", "--set:1:1: the recipe has no recording 'fx27'; did you mean 'fx26'?" },
		{ "recordings.fx26.rate=4", "--set:1:22: load: rate expects a frequency" },
		{ "recordings.fx26.name=x", "--set cannot change the name of a recording" },
		{ "stages.s", "--set:1:1: --set expects NAME=VALUE" },
		{ "stages.s=4", "--set stages.s needs the key to set" },
		{ "stages.s.a.b.c.d.e.f.g.h.i=4", "this path is too deep" },
		{ "stages.s..a=4", "--set:1:10: --set: this path is too deep or has an empty part" },
		{ "stages.s.spacing=4\num", "--set expects NAME=VALUE on one line" },
		{ "nothing.x=4", "--set knows title, seed" },
		{ "s.spacing=4 um", "found 's.spacing'; did you mean 'stages.s.spacing'?" },
		{ "seed=", "--set:1:6: recipe: seed expects a whole number" },
		{ "stages.s.spacing=[4", "--set:1:18: missing ',' or ']' in a list" },
		{ "stages.s.spacing.V1=4 um", "--set:1:18: there is no 'V1' to set: a text stands here" },
	};
	(void)state;
	rmb_test_file("recipe.yaml", HEAD "  s: {stage: svca2, recording: z, spacing: 25 um}\n");
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct reading r = read_recipe("recipe.yaml", &row[i].text, 1);
		if (!strstr(r.told, row[i].told) || rmb_mistakes_count(r.m) != 1)
			fail_msg("--set '%s': expected '%s', was told:\n%s", row[i].text, row[i].told, r.told);
		forget(&r);
	}
}

/* A folder whose name looks like a pattern, and a recording that is a folder. */
static void
folders_are_taken_as_they_stand(void **state)
{
	(void)state;
	struct rmb_value value;
	assert_int_equal(mkdir("[a]*", 0700) | mkdir("[a]*/b.dat", 0700) | mkdir("[a]*/c", 0700), 0);
	rmb_test_file("[a]*/recipe.yaml", REC("  - {glob: \"?.*\"}\n  - {path: c/}\n  - {path: \"b*\"}\n"));
	struct reading r = read_recipe("[a]*/recipe.yaml", NULL, 0);
	if (!r.recipe)
		fail_msg("%s", r.told);
	static const char *const name[] = { "b", "c", "b-2" };
	assert_int_equal(r.recipe->nsources, 3);
	for (int i = 0; i < 3; i++)
		assert_string_equal(r.recipe->source[i].name, name[i]);
	const struct rmb_entry *raw = &r.recipe->entry[0];
	assert_int_equal(rmb_recipe_value(r.recipe, raw, rmb_param_index(raw->stage, "path"), 2, &value, r.m), 0);
	assert_string_equal(value.path, "[a]*/b.dat");
	forget(&r);
}

static void
many_recordings_of_one_name_stay_apart(void **state)
{
	(void)state;
	char text[20000] = "rumble: 1\nstages: {raw: {stage: load}}\nrecordings:\n";
	for (int i = 0; i < 300; i++)
		strcat(text, "  - {path: a.npz, area: x}\n");
	struct reading r = read_text(text);
	assert_non_null(r.recipe);
	assert_int_equal(r.recipe->nsources, 300);
	assert_string_equal(r.recipe->source[299].name, "a-300");
	forget(&r);
}

static void
includes_have_limits(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i++) {
		char path[32], text[64];
		snprintf(path, sizeof path, "i%d.yaml", i);
		snprintf(text, sizeof text, "include: i%d.yaml\n", i + 1);
		rmb_test_file(path, i < 11 ? text : "title: deep\n");
	}
	refused(HEAD "include: i0.yaml\n", "i6.yaml:1:10: too many included files; the limits are 64 files, 8 deep", 1);
}

static void
names_come_from_files_and_stay_apart(void **state)
{
	(void)state;
	rmb_test_file("a#b.npz", "");
	struct reading r = read_text(REC("  - {path: a.npz}\n  - {path: ./a.npz}\n  - {name: a-2, path: b.npz}\n  - {path: "
	                                 "\"a#b.npz\"}\n  - {path: \"b.n*\"}\n"));
	if (!r.recipe)
		fail_msg("%s", r.told);
	static const char *const name[] = { "a", "a-3", "a-2", "a_b", "b" };
	for (int i = 0; i < 5; i++)
		assert_string_equal(r.recipe->source[i].name, name[i]);
	forget(&r);
	unlink("a#b.npz");
}

static void
every_form_of_a_recipe_is_accepted(void **state)
{
	(void)state;
	accepted(HEAD);
	accepted(HEAD "report: none\n");
	accepted(HEAD "  s: {stage: svca2, recording: z, spacing: \"25 um\"}\n");
	accepted(HEAD "  s: &s {stage: svca2, recording: z}\n  t: *s\n");
	accepted("{\"rumble\": 1, \"recordings\": [{\"path\": \"a.npz\"}], \"stages\": {\"raw\": {\"stage\": \"load\"}}}\n");
}

/* ---- anything at all: mistakes or a recipe, never a crash (run under the sanitizers, too) */

static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}

static void
mutated_recipes_are_read_or_refused(void **state)
{
	(void)state;
	static const char good[] =
		HEAD "  s: {stage: svca2, recording: [z, \"${v}\"], spacing: {by: area, V1: 3 um, else: 4 um}, keep: false}\n"
		     "  p: {stage: powerlaw, spectrum: s@z#1.spectrum, ranks: 11..500}\nvars: {v: raw}\nreport: {output: "
	             "r.html}\n";
	static const char *const piece[] = { "{", "}", "[", "]", ":", "&a ", "*a", "- ", "\n", "\t", "\"", "'", "${", "${v}",
	                                     "..", "@", "#", "!!x ", "<<: ", "\xff",
		"1e999", "-", "none", "by", "else", "\\0", "~", "? ", "| ", "%", ",", "  " };
	uint64_t random = 88172645463325252u;
	int refusals = 0;
	accepted(good);
	for (int i = 0; i < 3000; i++) {
		char text[4 * sizeof good];
		strcpy(text, good);
		for (uint64_t k = next_random(&random) % 3 + 1; k > 0; k--) {
			size_t n = strlen(text), at = next_random(&random) % n, cut = next_random(&random) % 6;
			const char *word = piece[next_random(&random) % (sizeof piece / sizeof *piece)];
			cut = at + cut > n ? n - at : cut;
			memmove(text + at + strlen(word), text + at + cut, n - at - cut + 1);
			memcpy(text + at, word, strlen(word));
		}
		struct reading r = read_text(text);
		refusals += r.recipe == NULL;
		forget(&r);
	}
	printf("%d of 3000 mutations were refused\n", refusals);
	assert_in_range(refusals, 1500, 2990);
}

static int
begin(void **state)
{
	if (rmb_test_enter(state))
		return 1;
	rmb_test_file("a.npz", "");
	rmb_test_file("b.npz", "");
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_of_settings),
		cmocka_unit_test(mistakes_of_wiring),
		cmocka_unit_test(mistakes_of_recordings_and_top),
		cmocka_unit_test(a_glob_ends_when_it_has_found_too_much),
		cmocka_unit_test(all_mistakes_are_told_in_one_go),
		cmocka_unit_test(a_recipe_is_understood),
		cmocka_unit_test(what_the_entry_says_stands_before_what_the_recording_says),
		cmocka_unit_test(a_case_for_no_recording_is_only_remarked),
		cmocka_unit_test(variables_stand_for_scalars),
		cmocka_unit_test(files_are_included),
		cmocka_unit_test(set_changes_a_recipe),
		cmocka_unit_test(mistakes_in_set_point_too),
		cmocka_unit_test(folders_are_taken_as_they_stand),
		cmocka_unit_test(many_recordings_of_one_name_stay_apart),
		cmocka_unit_test(includes_have_limits),
		cmocka_unit_test(names_come_from_files_and_stay_apart),
		cmocka_unit_test(every_form_of_a_recipe_is_accepted),
		cmocka_unit_test(mutated_recipes_are_read_or_refused),
	};
	return cmocka_run_group_tests(tests, begin, rmb_test_leave);
}

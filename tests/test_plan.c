/* The plan: what runs and why, what may go, what it will cost. Objects in the cache are made by hand. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pipeline/bundle.h"
#include "pipeline/command.h"
#include "pipeline/plan.h"
#include "support/recipes.h"

static char directory[64], path[128], last[128];

static const char base[] =
	"rumble: 1\n"
	"recordings: [{name: a, format: npy, path: a.npy, rate: 22 Hz}]\n"
	"stages:\n"
	"  raw: {stage: load}\n"
	"  z: {stage: zscore, recording: raw}\n"
	"  shuffled: {stage: shuffle, recording: z}\n"
	"  svca2: {stage: svca2, recording: [z, shuffled], halves: checkerboard, spacing: 25 um}\n"
	"  alpha: {stage: powerlaw, spectrum: svca2.spectrum, ranks: 11..500}\n";

struct world {
	struct rmb_test_recipe recipe;
	struct rmb_cache cache;
	struct rmb_journal *journal;
	struct rmb_plan *plan;
	struct rmb_error error;
};

static int
set_up(void **state)
{
	(void)state;
	char name[128];
	rmb_test_mkdir(directory, sizeof directory);
	snprintf(path, sizeof path, "%s/recipe.yaml", directory);
	snprintf(last, sizeof last, "%s/last.json", directory);
	snprintf(name, sizeof name, "%s/a.npy", directory);
	rmb_test_file(name, "content of a");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	rmb_test_rmdir(directory);
	return 0;
}

static void
open_world(struct world *w, const char *text)
{
	char root[128];
	memset(w, 0, sizeof *w);
	rmb_test_file(path, text);
	rmb_test_recipe_open(&w->recipe, path, NULL);
	if (!w->recipe.graph)
		fail_msg("no graph: %s", w->recipe.said);
	snprintf(root, sizeof root, "%s/cache", directory);
	assert_int_equal(rmb_cache_open(root, &w->cache, &w->error), 0);
}

static void
close_world(struct world *w)
{
	rmb_plan_free(w->plan);
	rmb_journal_free(w->journal);
	rmb_cache_close(&w->cache);
	rmb_test_recipe_close(&w->recipe);
}

static void
clear_cache(void)
{
	char root[128];
	snprintf(root, sizeof root, "%s/cache", directory);
	rmb_test_rmdir(root);
	unlink(last);
}

static struct rmb_node *
node(struct world *w, const char *id)
{
	return rmb_test_node(&w->recipe, id);
}

/* Plans, again if need be. */
static void
plan(struct world *w, const char *const *only, int nonly, const char *const *until, int nuntil)
{
	rmb_plan_free(w->plan);
	const struct rmb_asked asked = { only, nonly, until, nuntil };
	w->plan = rmb_plan_make(w->recipe.graph, &w->cache, w->journal, &asked, last, &w->error);
	if (!w->plan)
		fail_msg("no plan: %s", w->error.text);
}

static void
plan_all(struct world *w)
{
	plan(w, NULL, 0, NULL, 0);
}

/* "a/raw=run a/z=cached ..." must be the whole plan. */
static void
assert_plan(const struct world *w, const char *expected)
{
	static const char *const names[] = { [RMB_CACHED] = "cached", [RMB_LET_GO] = "go", [RMB_RUN] = "run", [RMB_LEFT_OUT] = "out" };
	char text[2048] = "";
	for (int i = 0; i < w->plan->nsteps; i++) {
		size_t n = strlen(text);
		snprintf(text + n, sizeof text - n, "%s%s=%s", n ? " " : "", w->plan->step[i].node->name, names[w->plan->step[i].todo]);
	}
	assert_string_equal(text, expected);
}

static void
assert_why(struct world *w, const char *id, const char *why)
{
	const struct rmb_step *step = &w->plan->step[node(w, id)->index];
	assert_int_equal(step->todo, RMB_RUN);
	assert_string_equal(step->why, why);
}

/* ---- objects by hand */

static void
publish(struct world *w, const char *key, const struct rmb_array *array, int n)
{
	struct rmb_arena *arena = rmb_arena_new();
	const char *object = rmb_cache_path(arena, &w->cache, key);
	char *folder = rmb_arena_strdup(arena, object);
	*strrchr(folder, '/') = 0;
	mkdir(folder, 0777);
	struct rmb_object_writer *writer = rmb_object_create(rmb_cache_scratch(arena, &w->cache), key, array, n, NULL, 0, &w->error);
	if (!writer)
		fail_msg("%s", w->error.text);
	for (int i = 0; i < n; i++)
		if (array[i].data &&
		    rmb_object_write(writer, i, 0, array[i].data,
		                     (size_t)rmb_array_count(&array[i]) * rmb_array_item(&array[i]), &w->error))
			fail_msg("%s", w->error.text);
	if (rmb_object_publish(writer, object, 1, &w->error))
		fail_msg("%s", w->error.text);
	rmb_arena_free(arena);
}

static void
finish_array(struct world *w, const char *id)
{
	double value = 1;
	struct rmb_array array = { .name = "value", .unit = "1", .type = RMB_FLOAT64, .data = &value };
	publish(w, node(w, id)->key, &array, 1);
}

/* A recording of n neurons and t frames; source: id of the node that holds the samples, NULL: this one. */
static void
finish_recording(struct world *w, const char *id, int64_t n, int64_t t, const char *source)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_array array[64];
	int narrays = 0;
	struct rmb_recording recording = rmb_test_recording(rmb_arena_alloc(arena, (size_t)(n * t), sizeof(float)), n, t);
	if (source)
		snprintf(recording.source, sizeof recording.source, "%s", node(w, source)->key);
	if (rmb_bundle_recording(arena, node(w, id)->stage->out[0].name, &recording, array, &narrays, &w->error))
		fail_msg("%s", w->error.text);
	publish(w, node(w, id)->key, array, narrays);
	rmb_arena_free(arena);
}

static void
finish_all(struct world *w)
{
	finish_recording(w, "a/raw", 6, 40, NULL);
	finish_recording(w, "a/z", 6, 40, "a/raw");
	finish_recording(w, "a/shuffled", 6, 40, "a/raw");
	finish_array(w, "a/svca2@z");
	finish_array(w, "a/svca2@shuffled");
	finish_array(w, "a/alpha@z");
	finish_array(w, "a/alpha@shuffled");
}

static void
remove_object(struct world *w, const char *id)
{
	assert_int_equal(rmb_cache_remove(&w->cache, node(w, id)->key, &w->error), 0);
}

/* The state file as a run leaves it, each description as an object or as its text. */
static void
write_last(const struct world *w, bool as_text)
{
	json_t *all = json_object();
	for (int i = 0; i < w->recipe.graph->nnodes; i++) {
		const struct rmb_node *one = w->recipe.graph->node[i];
		json_object_set_new(all, one->id, as_text ? json_string(one->description) : json_loads(one->description, 0, NULL));
	}
	assert_int_equal(json_dump_file(all, last, 0), 0);
	json_decref(all);
}

/* ---- states */

static void
everything_runs_at_first_and_nothing_afterwards(void **state)
{
	(void)state;
	struct world w;
	clear_cache();
	open_world(&w, base);
	plan_all(&w);
	assert_plan(&w, "raw=run z=run shuffled=run svca2@z=run svca2@shuffled=run alpha@z=run alpha@shuffled=run");
	assert_int_equal(w.plan->nrun, 7);
	assert_why(&w, "a/alpha@z", "never ran");
	finish_all(&w);
	plan_all(&w);
	assert_plan(&w, "raw=cached z=cached shuffled=cached svca2@z=cached svca2@shuffled=cached alpha@z=cached alpha@shuffled=cached");
	assert_int_equal(w.plan->nrun, 0);
	assert_int_equal(w.plan->ncached, 7);
	assert_true(w.plan->step[0].bytes > 6 * 40 * 4);
	assert_true(w.plan->seconds == 0 && w.plan->disk == 0);
	close_world(&w);
}

static void
only_what_is_missing_runs(void **state)
{
	(void)state;
	struct world w;
	clear_cache();
	open_world(&w, base);
	finish_all(&w);
	write_last(&w, true);
	remove_object(&w, "a/svca2@z");
	plan_all(&w);
	assert_plan(&w, "raw=cached z=cached shuffled=cached svca2@z=run svca2@shuffled=cached alpha@z=cached alpha@shuffled=cached");
	assert_why(&w, "a/svca2@z", "its object was removed or damaged");
	close_world(&w);
}

static const char let_go[] =
	"rumble: 1\n"
	"recordings: [{name: a, format: npy, path: a.npy, rate: 22 Hz}]\n"
	"stages:\n"
	"  raw: {stage: load, keep: false}\n"
	"  z: {stage: zscore, recording: raw, keep: false}\n"
	"  svca2: {stage: svca2, recording: z, halves: checkerboard}\n"
	"  s: {stage: spectrum, recording: z}\n";

static void
what_is_not_kept_runs_only_for_its_readers(void **state)
{
	(void)state;
	struct world w;
	clear_cache();
	open_world(&w, let_go);
	plan_all(&w);
	assert_plan(&w, "raw=run z=run svca2=run s=run");
	finish_array(&w, "a/svca2");
	finish_array(&w, "a/s");
	write_last(&w, false);
	plan_all(&w);
	assert_plan(&w, "raw=go z=go svca2=cached s=cached");
	remove_object(&w, "a/s");
	plan_all(&w);
	assert_plan(&w, "raw=run z=run svca2=cached s=run");
	assert_why(&w, "a/raw", "was let go (keep: false) and z needs it");
	assert_why(&w, "a/s", "its object was removed or damaged");
	close_world(&w);
}

static void
a_view_needs_the_object_that_holds_its_samples(void **state)
{
	(void)state;
	struct world w;
	clear_cache();
	open_world(&w, let_go);
	finish_recording(&w, "a/z", 6, 40, "a/raw"); /* raw itself was let go */
	finish_array(&w, "a/s");
	plan_all(&w);
	assert_plan(&w, "raw=run z=cached svca2=run s=cached");
	finish_array(&w, "a/svca2");
	plan_all(&w);
	assert_plan(&w, "raw=go z=cached svca2=cached s=cached");
	remove_object(&w, "a/s");
	finish_recording(&w, "a/z", 6, 40, "a/svca2"); /* a view of what is not there and what no earlier node makes */
	remove_object(&w, "a/svca2");
	plan_all(&w);
	assert_plan(&w, "raw=run z=run svca2=run s=run");
	close_world(&w);
}

static void
a_damaged_recording_is_made_again_if_it_will_be_read(void **state)
{
	(void)state;
	struct world w;
	clear_cache();
	open_world(&w, base);
	finish_all(&w);
	remove_object(&w, "a/svca2@z");
	const char *object = rmb_cache_path(w.recipe.arena, &w.cache, node(&w, "a/z")->key);
	assert_int_equal(chmod(object, 0600), 0);
	FILE *file = fopen(object, "r+");
	assert_non_null(file);
	fseek(file, -1, SEEK_END);
	int last_byte = getc(file);
	fseek(file, -1, SEEK_END);
	putc(last_byte ^ 1, file);
	fclose(file);
	plan_all(&w);
	assert_plan(&w, "raw=cached z=run shuffled=cached svca2@z=run svca2@shuffled=cached alpha@z=cached alpha@shuffled=cached");
	close_world(&w);
}

static void
an_object_may_go_once_all_that_may_read_it_have_ended(void **state)
{
	(void)state;
	struct world w;
	clear_cache();
	open_world(&w, let_go);
	plan_all(&w);
	bool ended[4] = { true, true, false, false };
	assert_false(rmb_plan_may_let_go(w.plan, node(&w, "a/raw"), ended)); /* z may be a view of it */
	assert_false(rmb_plan_may_let_go(w.plan, node(&w, "a/z"), ended));
	ended[2] = true;
	assert_false(rmb_plan_may_let_go(w.plan, node(&w, "a/z"), ended));
	ended[3] = true;
	assert_true(rmb_plan_may_let_go(w.plan, node(&w, "a/raw"), ended));
	assert_true(rmb_plan_may_let_go(w.plan, node(&w, "a/z"), ended));
	close_world(&w);
}

static void
a_plan_can_be_narrowed(void **state)
{
	(void)state;
	struct world w;
	clear_cache();
	open_world(&w, base);
	plan(&w, NULL, 0, (const char *const[]){ "svca2@z" }, 1);
	assert_plan(&w, "raw=run z=run shuffled=out svca2@z=run svca2@shuffled=out alpha@z=out alpha@shuffled=out");
	plan(&w, (const char *const[]){ "a/alpha@shuffled", "z" }, 2, NULL, 0);
	assert_plan(&w, "raw=run z=run shuffled=run svca2@z=out svca2@shuffled=run alpha@z=out alpha@shuffled=run");
	finish_all(&w);
	remove_object(&w, "a/svca2@z");
	remove_object(&w, "a/alpha@z");
	remove_object(&w, "a/raw");
	plan(&w, (const char *const[]){ "alpha" }, 1, NULL, 0); /* raw is needed only for its samples, behind the view z */
	assert_plan(&w, "raw=run z=cached shuffled=cached svca2@z=run svca2@shuffled=cached alpha@z=run alpha@shuffled=cached");
	plan(&w, (const char *const[]){ "shuffled" }, 1, NULL, 0);
	assert_int_equal(w.plan->nrun, 0);
	plan(&w, NULL, 0, (const char *const[]){ "shuffled" }, 1); /* up to it: with all that it depends on */
	assert_plan(&w, "raw=run z=cached shuffled=cached svca2@z=out svca2@shuffled=cached alpha@z=out alpha@shuffled=cached");
	const struct rmb_asked misspelt = { (const char *const[]){ "alpa" }, 1, NULL, 0 };
	assert_null(rmb_plan_make(w.recipe.graph, &w.cache, NULL, &misspelt, NULL, &w.error));
	assert_int_equal(w.error.code, RMB_EUSAGE);
	assert_non_null(strstr(w.error.text, "did you mean 'alpha'"));
	close_world(&w);
}

static void
twins_are_one(void **state)
{
	(void)state;
	struct world w;
	clear_cache();
	char text[1024];
	snprintf(text, sizeof text, "%s  again: {stage: zscore, recording: raw}\n", base);
	open_world(&w, text);
	plan(&w, (const char *const[]){ "again" }, 1, NULL, 0);
	assert_why(&w, "a/again", "is the same as z, which will run");
	assert_true(w.plan->step[node(&w, "a/again")->index].expected.seconds == 0); /* counted once */
	finish_all(&w);
	plan_all(&w);
	assert_int_equal(w.plan->nrun, 0);
	close_world(&w);
}

/* ---- reasons */

/* Runs `base`, then plans the changed recipe: the node must say why. */
static void
assert_reason(const char *from, const char *to, const char *id, const char *why)
{
	struct world w;
	char text[2048];
	clear_cache();
	open_world(&w, base);
	finish_all(&w);
	write_last(&w, true);
	close_world(&w);
	const char *at = strstr(base, from);
	assert_non_null(at);
	snprintf(text, sizeof text, "%.*s%s%s", (int)(at - base), base, to, at + strlen(from));
	open_world(&w, text);
	plan_all(&w);
	assert_why(&w, id, why);
	close_world(&w);
}

static void
the_reason_is_what_changed(void **state)
{
	(void)state;
	char why[256];
	snprintf(why, sizeof why, "spacing: 25 um -> 40 um (%s:7)", path);
	assert_reason("spacing: 25 um", "spacing: 40 um", "a/svca2@z", why);
	assert_reason("spacing: 25 um", "spacing: 40 um", "a/alpha@z", "reads svca2@z, which will run");
	snprintf(why, sizeof why, "ranks: 11..500 -> 11..400 (%s:8)", path);
	assert_reason("ranks: 11..500", "ranks: 11..400", "a/alpha@shuffled", why);
	assert_reason("rumble: 1\n", "rumble: 1\nseed: 7\n", "a/shuffled", "seed: 0 -> 7");
	snprintf(why, sizeof why, "ddof: 0 -> 1 (%s:5)", path);
	assert_reason("recording: raw}", "recording: raw, ddof: 1}", "a/z", why);
	assert_reason("recording: [z, shuffled]", "recording: [z, raw]", "a/svca2@raw", "never ran");
	snprintf(why, sizeof why, "stage: zscore -> bin (%s:5)", path);
	assert_reason("stage: zscore, recording: raw", "stage: bin, recording: raw, rate: 11 Hz", "a/z", why);
	assert_reason("stage: zscore, recording: raw}", "stage: zscore, recording: other}\n  other: {stage: select, recording: raw}", "a/z",
	              "reads other, which will run");
}

static void
a_default_that_comes_back_is_placed_at_its_entry(void **state)
{
	(void)state;
	struct world w;
	char text[2048], why[256];
	clear_cache();
	const char *at = strstr(base, "spacing: 25 um");
	snprintf(text, sizeof text, "%.*sspacing: 40 um%s", (int)(at - base), base, at + strlen("spacing: 25 um"));
	open_world(&w, text);
	finish_all(&w);
	write_last(&w, false);
	close_world(&w);
	snprintf(text, sizeof text, "%.*s%s", (int)(at - base - 2), base, at + strlen("spacing: 25 um"));
	open_world(&w, text);
	plan_all(&w);
	snprintf(why, sizeof why, "spacing: 40 um -> 25 um (%s:7)", path);
	assert_why(&w, "a/svca2@z", why);
	close_world(&w);
}

static void
an_input_that_is_there_but_another_is_a_reason(void **state)
{
	(void)state;
	struct world w;
	char text[2048], why[512];
	clear_cache();
	open_world(&w, base);
	finish_all(&w);
	write_last(&w, false);
	close_world(&w);
	const char *at = strstr(base, "recording: raw}");
	snprintf(text, sizeof text, "%.*srecording: raw, ddof: 1}%s", (int)(at - base), base, at + strlen("recording: raw}"));
	open_world(&w, text);
	finish_recording(&w, "a/z", 6, 40, "a/raw");
	plan_all(&w);
	assert_why(&w, "a/svca2@z", "reads z, which is not what it read before");
	close_world(&w);
	/* as many causes as can be read at once */
	at = strstr(base, "spacing: 25 um");
	snprintf(text, sizeof text, "%.*sspacing: 40 um, lag: 2, precision: double, half1: [0, 1], half2: [2, 3]%s",
	         (int)(at - base), base, at + strlen("spacing: 25 um"));
	memcpy(strstr(text, "halves: checkerboard"), "halves: given       ", strlen("halves: checkerboard"));
	open_world(&w, text);
	plan_all(&w);
	const char *said = w.plan->step[node(&w, "a/svca2@z")->index].why;
	snprintf(why, sizeof why, "halves: checkerboard -> given (%s:7); ", path);
	assert_memory_equal(said, why, strlen(why));
	assert_string_equal(said + strlen(said) - 5, "; ...");
	close_world(&w);
}

static void
content_and_versions_are_reasons(void **state)
{
	(void)state;
	struct world w;
	char name[128], why[256];
	clear_cache();
	open_world(&w, base);
	finish_all(&w);
	json_t *all = json_object();
	for (int i = 0; i < w.recipe.graph->nnodes; i++)
		json_object_set_new(all, w.recipe.graph->node[i]->id, json_loads(w.recipe.graph->node[i]->description, 0, NULL));
	json_object_set_new(json_object_get(all, "a/z"), "version", json_integer(0));
	json_object_set_new(json_object_get(all, "a/svca2@z"), "numeric", json_integer(0));
	json_dump_file(all, last, 0);
	json_decref(all);
	close_world(&w);
	snprintf(name, sizeof name, "%s/a.npy", directory);
	rmb_test_file(name, "other content");
	open_world(&w, base);
	plan_all(&w);
	snprintf(why, sizeof why, "input file changed: a.npy (%s:2)", path);
	assert_why(&w, "a/raw", why);
	snprintf(why, sizeof why, "stage version 0 -> %d; reads raw, which will run", node(&w, "a/z")->stage->version);
	assert_why(&w, "a/z", why);
	snprintf(why, sizeof why, "version of the numerical library 0 -> %d; reads z, which will run", rmb_numeric_version);
	assert_why(&w, "a/svca2@z", why);
	rmb_test_file(name, "content of a");
	close_world(&w);
}

static void
a_state_file_that_is_no_such_thing_is_no_reason_to_fail(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "{", "[]", "7", "{\"a/raw\": 7}", "{\"a/raw\": {}}", "{\"a/raw\": \"{}\"}",
	                                     "{\"a/raw\": {\"stage\": \"load\"}}" };
	struct world w;
	clear_cache();
	open_world(&w, base);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		rmb_test_file(last, texts[i]);
		plan_all(&w);
		assert_int_equal(w.plan->nrun, 7);
		assert_true(strlen(w.plan->step[0].why) > 0);
	}
	close_world(&w);
}

/* ---- cost */

static void
sizes_come_from_what_was_loaded(void **state)
{
	(void)state;
	struct world w;
	clear_cache();
	open_world(&w, base);
	plan_all(&w);
	const struct rmb_step *svca2 = &w.plan->step[node(&w, "a/svca2@z")->index];
	double guess = svca2->expected.peak_bytes, total = w.plan->memory;
	finish_recording(&w, "a/raw", 3000, 100, NULL);
	rmb_plan_learn(w.plan, &w.cache, node(&w, "a/raw"));
	assert_true(node(&w, "a/z")->size.neurons == 3000 && node(&w, "a/z")->size.frames == 100);
	double learnt = svca2->expected.peak_bytes;
	assert_true(learnt > guess + 1500. * 1500 * 4);
	assert_true(w.plan->memory >= total && w.plan->memory >= learnt);
	close_world(&w);
	open_world(&w, base); /* the next plan sees the same in the cache */
	plan_all(&w);
	assert_true(w.plan->step[node(&w, "a/svca2@z")->index].expected.peak_bytes == learnt);
	close_world(&w);
}

static void
the_longest_chain_and_all_the_work_bound_the_time(void **state)
{
	(void)state;
	struct world w;
	clear_cache();
	open_world(&w, base);
	plan_all(&w);
	double work = 0, chain = 0;
	static const char *const longest[] = { "a/raw", "a/z", "a/shuffled", "a/svca2@shuffled", "a/alpha@shuffled" };
	for (int i = 0; i < w.plan->nsteps; i++)
		work += w.plan->step[i].expected.seconds;
	for (int i = 0; i < 5; i++)
		chain += w.plan->step[node(&w, longest[i])->index].expected.seconds;
	assert_true(fabs(w.plan->work - work) <= 1e-12 * work);
	assert_true(fabs(w.plan->path - chain) <= 1e-12 * work);
	assert_true(rmb_plan_seconds(w.plan, 1) == w.plan->work);
	assert_true(rmb_plan_seconds(w.plan, 1000) == w.plan->path);
	close_world(&w);
}

static void
what_cannot_fit_is_refused(void **state)
{
	(void)state;
	struct world w;
	clear_cache();
	open_world(&w, let_go);
	finish_recording(&w, "a/raw", 3000, 100, NULL);
	plan_all(&w);
	assert_int_equal(rmb_plan_fits(w.plan, 1e12, 1e12, &w.error), 0);
	assert_int_equal(rmb_plan_fits(w.plan, 0, 0, &w.error), 0); /* not limited */
	assert_int_equal(rmb_plan_fits(w.plan, 1e12, w.plan->memory / 2, &w.error), RMB_ELIMIT);
	assert_non_null(strstr(w.error.text, "a/svca2 (stage svca2) is expected to need"));
	assert_non_null(strstr(w.error.text, "--memory"));
	w.error = (struct rmb_error){0};
	assert_int_equal(rmb_plan_fits(w.plan, w.plan->least_disk / 2, 0, &w.error), RMB_EOUTPUT);
	assert_non_null(strstr(w.error.text, "rumble cache gc"));
	assert_true(w.plan->least_disk <= w.plan->disk);
	close_world(&w);
}

/* ---- status */

/* What `rumble status --json` prints of this recipe; the caller frees. */
static char *
status_of(struct world *w)
{
	const char *words[] = { path };
	struct rmb_options options = { .nargs = 1, .arg = words, .cache = w->cache.root, .json = true, .quiet = true };
	char name[128], *text = NULL;
	size_t size = 0;
	snprintf(name, sizeof name, "%s/status", directory);
	fflush(stdout);
	int keep = dup(STDOUT_FILENO), file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(keep >= 0 && file >= 0 && dup2(file, STDOUT_FILENO) >= 0);
	int status = rmb_command_status(&options);
	fflush(stdout);
	assert_true(dup2(keep, STDOUT_FILENO) >= 0);
	close(keep);
	lseek(file, 0, SEEK_SET);
	FILE *from = fdopen(file, "r");
	assert_true(getdelim(&text, &size, 0, from) > 0);
	fclose(from);
	assert_int_equal(status, 0);
	return text;
}

static void
status_tells_who_runs_failed_and_is_cached(void **state)
{
	(void)state;
	struct world w;
	struct rmb_lease *lease = NULL;
	char owner[256];
	clear_cache();
	open_world(&w, base);
	finish_recording(&w, "a/raw", 6, 40, NULL);
	assert_int_equal(rmb_lease_claim(&w.cache, node(&w, "a/z")->key, &lease, owner, sizeof owner, &w.error), RMB_CLAIMED);
	rmb_journal_failed(&w.cache, node(&w, "a/alpha@z"), RMB_EDATA, "no power law in sight");
	char *text = status_of(&w);
	assert_non_null(strstr(text, "\"node\":\"a/raw\",\"state\":\"cached\""));
	assert_non_null(strstr(text, "\"node\":\"a/z\",\"state\":\"running\""));
	assert_non_null(strstr(text, "\"node\":\"a/shuffled\",\"state\":\"missing\""));
	assert_non_null(strstr(text, "\"node\":\"a/alpha@z\",\"state\":\"failed\""));
	assert_non_null(strstr(text, "no power law in sight"));
	free(text);
	rmb_lease_release(lease);
	text = status_of(&w);
	assert_non_null(strstr(text, "\"node\":\"a/z\",\"state\":\"missing\""));
	free(text);
	close_world(&w);
}

/* ---- journal */

static void
measures_are_expected_again(void **state)
{
	(void)state;
	struct world w;
	clear_cache();
	open_world(&w, base);
	struct rmb_measure first = { .seconds = 1, .cpu = 2, .peak_bytes = 3e6, .object_bytes = 4e6, .threads = 1 },
	                   second = { .seconds = 20, .cpu = 30, .peak_bytes = 4e7, .object_bytes = 5e6, .threads = 2 }, expected, without;
	rmb_journal_add(&w.cache, node(&w, "a/svca2@z"), &first);
	rmb_journal_add(&w.cache, node(&w, "a/svca2@z"), &second);
	w.journal = rmb_journal_read(&w.cache);
	rmb_journal_expect(w.journal, node(&w, "a/svca2@z"), &expected);
	assert_true(expected.seconds == 20 && expected.cpu == 30 && expected.peak_bytes == 4e7 && expected.object_bytes == 5e6);
	assert_int_equal(expected.threads, 2);
	/* another node of the stage is scaled, one of another stage is not */
	rmb_journal_expect(NULL, node(&w, "a/svca2@shuffled"), &without);
	rmb_journal_expect(w.journal, node(&w, "a/svca2@shuffled"), &expected);
	assert_true(fabs(expected.seconds - 20) < 1e-4 * 20 && expected.seconds > 2 * without.seconds); /* six digits are kept */
	rmb_journal_expect(NULL, node(&w, "a/alpha@z"), &without);
	rmb_journal_expect(w.journal, node(&w, "a/alpha@z"), &expected);
	assert_true(expected.seconds == without.seconds && expected.peak_bytes == without.peak_bytes &&
	            expected.object_bytes == without.object_bytes);
	close_world(&w);
}

static void
larger_recordings_take_longer_in_proportion(void **state)
{
	(void)state;
	struct world w;
	clear_cache();
	open_world(&w, base);
	struct rmb_node *z = node(&w, "a/svca2@z"), *shuffled = node(&w, "a/svca2@shuffled");
	node(&w, "a/z")->size = (struct rmb_size){ .neurons = 2000, .frames = 1e5 };
	node(&w, "a/shuffled")->size = (struct rmb_size){ .neurons = 2500, .frames = 1e5 };
	struct rmb_measure without_z, without_shuffled, expected;
	rmb_journal_expect(NULL, z, &without_z);
	rmb_journal_expect(NULL, shuffled, &without_shuffled);
	struct rmb_measure measured = { .seconds = 3 * without_z.seconds, .peak_bytes = 2 * without_z.peak_bytes,
	                                .object_bytes = without_z.object_bytes };
	rmb_journal_add(&w.cache, z, &measured);
	w.journal = rmb_journal_read(&w.cache);
	rmb_journal_expect(w.journal, shuffled, &expected);
	assert_true(fabs(expected.seconds / (3 * without_shuffled.seconds) - 1) < 1e-4);
	double process = 40e6; /* what a process takes that does nothing */
	double ratio = (measured.peak_bytes - process) / (without_z.peak_bytes - process);
	assert_true(fabs((expected.peak_bytes - process) / (ratio * (without_shuffled.peak_bytes - process)) - 1) < 1e-4);
	assert_true(expected.seconds > 1.2 * measured.seconds);
	close_world(&w);
}

static void
a_small_node_says_nothing_about_the_memory_of_a_large_one(void **state)
{
	(void)state;
	struct world w;
	clear_cache();
	open_world(&w, base);
	struct rmb_node *z = node(&w, "a/svca2@z"), *shuffled = node(&w, "a/svca2@shuffled");
	node(&w, "a/z")->size = (struct rmb_size){ .neurons = 40, .frames = 600 };
	node(&w, "a/shuffled")->size = (struct rmb_size){ .neurons = 5000, .frames = 1500 };
	struct rmb_measure without, expected, small = { .seconds = 0.01, .cpu = 0.01, .peak_bytes = 9e6, .object_bytes = 2e4, .threads = 1 };
	rmb_journal_expect(NULL, shuffled, &without);
	rmb_journal_add(&w.cache, z, &small);
	w.journal = rmb_journal_read(&w.cache);
	rmb_journal_expect(w.journal, shuffled, &expected);
	assert_true(expected.peak_bytes == without.peak_bytes && without.peak_bytes > 1e8);
	rmb_journal_free(w.journal);
	/* and no measure makes it less than the program and its output */
	struct rmb_measure nothing = { .seconds = 1, .cpu = 1, .peak_bytes = 1e6, .object_bytes = 1e3, .threads = 1 };
	node(&w, "a/z")->size = (struct rmb_size){ .neurons = 4900, .frames = 1500 };
	rmb_journal_add(&w.cache, z, &nothing);
	w.journal = rmb_journal_read(&w.cache);
	rmb_journal_expect(w.journal, shuffled, &expected);
	assert_true(expected.peak_bytes >= 40e6 + expected.object_bytes && expected.peak_bytes < without.peak_bytes);
	close_world(&w);
}

static void
damaged_lines_are_passed_over(void **state)
{
	(void)state;
	struct world w;
	char name[160];
	clear_cache();
	open_world(&w, base);
	struct rmb_measure measure = { .seconds = 7, .cpu = 7, .peak_bytes = 1e6, .object_bytes = 1e6, .threads = 1 }, expected;
	snprintf(name, sizeof name, "%s/journal.jsonl", w.cache.root);
	/* five megabytes of nonsense, of which only the end is read; half a line of a writer that died; wrong types; no number */
	FILE *file = fopen(name, "w");
	for (int i = 0; i < 5 << 10; i++)
		fprintf(file, "%01023d\n", 0);
	fprintf(file, "{\"key\":\"%s\",\"stage\":7}\n{\"key\n\n", node(&w, "a/raw")->key);
	fprintf(file,
	        "{\"key\":\"%s\",\"stage\":\"load\",\"version\":1,\"seconds\":-1,\"cpu\":1,\"peak\":1,\"object\":1,\"threads\":1,\"expected\":1,\"memory\":1,\"disk\":1}\n{\"key\":\"",
	        node(&w, "a/raw")->key);
	fclose(file);
	rmb_journal_add(&w.cache, node(&w, "a/z"), &measure);   /* its line is glued to the half line: lost */
	rmb_journal_add(&w.cache, node(&w, "a/raw"), &measure);
	w.journal = rmb_journal_read(&w.cache);
	rmb_journal_expect(w.journal, node(&w, "a/raw"), &expected);
	assert_true(expected.seconds == 7);
	rmb_journal_expect(w.journal, node(&w, "a/z"), &expected);
	assert_true(expected.seconds < 7);
	close_world(&w);
}

static void
the_last_failure_is_known_until_the_node_succeeds(void **state)
{
	(void)state;
	struct world w;
	struct rmb_measure measure = { .seconds = 7, .threads = 1 }, expected, without;
	clear_cache();
	open_world(&w, base);
	rmb_journal_failed(&w.cache, node(&w, "a/z"), RMB_EDATA, "neuron 3 is \"constant\"\n\xff");
	w.journal = rmb_journal_read(&w.cache);
	assert_string_equal(rmb_journal_failure(w.journal, node(&w, "a/z")), "neuron 3 is \"constant\"\n?");
	assert_null(rmb_journal_failure(w.journal, node(&w, "a/raw")));
	rmb_journal_expect(w.journal, node(&w, "a/z"), &expected);
	rmb_journal_expect(NULL, node(&w, "a/z"), &without);
	assert_true(expected.seconds == without.seconds); /* a failure measures nothing */
	rmb_journal_free(w.journal);
	rmb_journal_add(&w.cache, node(&w, "a/z"), &measure);
	w.journal = rmb_journal_read(&w.cache);
	assert_null(rmb_journal_failure(w.journal, node(&w, "a/z")));
	close_world(&w);
}

static void
a_journal_does_not_grow_for_ever(void **state)
{
	(void)state;
	struct world w;
	char name[160], old[160];
	struct stat s;
	clear_cache();
	open_world(&w, base);
	struct rmb_measure measure = { .seconds = 7, .threads = 1 };
	snprintf(name, sizeof name, "%s/journal.jsonl", w.cache.root);
	snprintf(old, sizeof old, "%s/journal.jsonl.old", w.cache.root);
	rmb_test_file(name, "");
	assert_int_equal(truncate(name, 9 << 20), 0);
	rmb_journal_add(&w.cache, node(&w, "a/raw"), &measure);
	assert_int_equal(stat(old, &s), 0);
	assert_int_equal(stat(name, &s), -1);
	rmb_journal_add(&w.cache, node(&w, "a/raw"), &measure);
	assert_int_equal(stat(name, &s), 0);
	assert_true(s.st_size < 1000);
	close_world(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_runs_at_first_and_nothing_afterwards),
		cmocka_unit_test(only_what_is_missing_runs),
		cmocka_unit_test(what_is_not_kept_runs_only_for_its_readers),
		cmocka_unit_test(a_view_needs_the_object_that_holds_its_samples),
		cmocka_unit_test(a_damaged_recording_is_made_again_if_it_will_be_read),
		cmocka_unit_test(an_object_may_go_once_all_that_may_read_it_have_ended),
		cmocka_unit_test(a_plan_can_be_narrowed),
		cmocka_unit_test(twins_are_one),
		cmocka_unit_test(the_reason_is_what_changed),
		cmocka_unit_test(a_default_that_comes_back_is_placed_at_its_entry),
		cmocka_unit_test(an_input_that_is_there_but_another_is_a_reason),
		cmocka_unit_test(content_and_versions_are_reasons),
		cmocka_unit_test(a_state_file_that_is_no_such_thing_is_no_reason_to_fail),
		cmocka_unit_test(sizes_come_from_what_was_loaded),
		cmocka_unit_test(the_longest_chain_and_all_the_work_bound_the_time),
		cmocka_unit_test(what_cannot_fit_is_refused),
		cmocka_unit_test(status_tells_who_runs_failed_and_is_cached),
		cmocka_unit_test(measures_are_expected_again),
		cmocka_unit_test(larger_recordings_take_longer_in_proportion),
		cmocka_unit_test(damaged_lines_are_passed_over),
		cmocka_unit_test(the_last_failure_is_known_until_the_node_succeeds),
		cmocka_unit_test(a_small_node_says_nothing_about_the_memory_of_a_large_one),
		cmocka_unit_test(a_journal_does_not_grow_for_ever),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

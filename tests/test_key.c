/* Keys: what must not change one, and what must change exactly those downstream. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pipeline/inputs.h"
#include "pipeline/key.h"
#include "rumble/hash.h"
#include "support/recipes.h"

static char directory[64], path[128];

#define RECORDINGS \
	"recordings:\n" \
	"  - {name: a, area: V1, format: npy, path: a.npy, rate: 22 Hz}\n" \
	"  - {name: b, area: CA1, format: npy, path: b.npy, rate: 22 Hz}\n"
static const char base[] =
	"rumble: 1\n" RECORDINGS
	"seed: 1\n"
	"stages:\n"
	"  raw: {stage: load}\n"
	"  frames: {stage: bin, recording: raw, width: 45.45 ms}\n"
	"  z: {stage: zscore, recording: frames}\n"
	"  shuffled: {stage: shuffle, recording: z}\n"
	"  svca2: {stage: svca2, recording: [z, shuffled], halves: checkerboard, spacing: 25 um}\n"
	"  alpha: {stage: powerlaw, spectrum: svca2.spectrum, ranks: 11..500}\n";

static int
set_up(void **state)
{
	(void)state;
	char name[128];
	rmb_test_mkdir(directory, sizeof directory);
	snprintf(path, sizeof path, "%s/recipe.yaml", directory);
	snprintf(name, sizeof name, "%s/a.npy", directory);
	rmb_test_file(name, "content of a");
	snprintf(name, sizeof name, "%s/b.npy", directory);
	rmb_test_file(name, "content of b");
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
open_text(struct rmb_test_recipe *r, const char *text)
{
	rmb_test_file(path, text);
	rmb_test_recipe_open(r, path, NULL);
	if (!r->graph)
		fail_msg("no graph: %s", r->said);
}

/* Replaces the first occurrence of a text by another; the caller frees. */
static char *
changed(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	if (!at)
		fail_msg("the recipe of this test lacks %s", from);
	char *result = malloc(strlen(text) + strlen(to) + 1);
	sprintf(result, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return result;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Keys in order, so that recipes that name or order things otherwise compare. */
static void
assert_same_keys(const struct rmb_test_recipe *a, const struct rmb_test_recipe *b)
{
	const char *x[64], *y[64];
	int n = a->graph->nnodes;
	assert_int_equal(n, b->graph->nnodes);
	for (int i = 0; i < n; i++) {
		x[i] = a->graph->node[i]->key;
		y[i] = b->graph->node[i]->key;
	}
	qsort(x, (size_t)n, sizeof *x, by_text);
	qsort(y, (size_t)n, sizeof *y, by_text);
	for (int i = 0; i < n; i++)
		assert_string_equal(x[i], y[i]);
}

/* The ids whose keys differ, in order, must be those. */
static void
assert_changed(const struct rmb_test_recipe *a, const struct rmb_test_recipe *b, const char *ids)
{
	char differ[1024] = "";
	for (int i = 0; i < a->graph->nnodes; i++) {
		const struct rmb_node *node = a->graph->node[i];
		size_t n = strlen(differ);
		if (strcmp(node->key, rmb_test_node(b, node->id)->key) != 0)
			snprintf(differ + n, sizeof differ - n, "%s%s", n ? " " : "", node->id);
	}
	assert_string_equal(differ, ids);
}

static void
compare_texts(const char *from, const char *to, const char *ids)
{
	struct rmb_test_recipe a, b;
	char *other = changed(base, from, to);
	open_text(&a, base);
	open_text(&b, other);
	if (ids)
		assert_changed(&a, &b, ids);
	else
		assert_same_keys(&a, &b);
	rmb_test_recipe_close(&a);
	rmb_test_recipe_close(&b);
	free(other);
}

/* ---- what changes no key */

static void
keys_are_hashes_of_descriptions(void **state)
{
	(void)state;
	struct rmb_test_recipe r;
	open_text(&r, base);
	assert_int_equal(r.graph->nnodes, 16);
	for (int i = 0; i < r.graph->nnodes; i++) {
		const struct rmb_node *node = r.graph->node[i];
		char hex[RMB_KEY_MAX];
		rmb_sha256(node->description, strlen(node->description), hex);
		assert_string_equal(hex, node->key);
		assert_null(node->twin);
	}
	const struct rmb_node *z = rmb_test_node(&r, "a/z"), *shuffled = rmb_test_node(&r, "a/shuffled");
	char expected[512];
	snprintf(expected, sizeof expected, "{\"format\":1,\"inputs\":[[\"recording\",\"%s\",\"recording\"]],\"numeric\":%d,"
	         "\"parameters\":{\"ddof\":0,\"eps\":0.0},\"stage\":\"zscore\",\"version\":%d}",
	         rmb_test_node(&r, "a/frames")->key, rmb_numeric_version, z->stage->version);
	assert_string_equal(z->description, expected);
	assert_non_null(strstr(shuffled->description, "\"replicate\":1,\"seed\":1"));
	rmb_test_recipe_close(&r);
}

static void
names_are_in_no_key(void **state)
{
	(void)state;
	static const char renamed[] =
		"rumble: 1\ntitle: other words\nseed: 1\n"
		"recordings:\n"
		"  - {name: mouse, area: elsewhere, format: npy, path: a.npy, rate: 22 Hz}\n"
		"  - {name: rat, format: npy, path: b.npy, rate: 22 Hz}\n"
		"stages:\n"
		"  loaded: {stage: load}\n"
		"  bins: {stage: bin, recording: loaded, width: 45.45 ms}\n"
		"  scores: {stage: zscore, recording: bins}\n"
		"  shifted: {stage: shuffle, recording: scores}\n"
		"  spectra: {stage: svca2, recording: [scores, shifted], halves: checkerboard, spacing: 25 um}\n"
		"  slope: {stage: powerlaw, spectrum: spectra.spectrum, ranks: 11..500}\n";
	struct rmb_test_recipe a, b;
	open_text(&a, base);
	open_text(&b, renamed);
	assert_same_keys(&a, &b);
	rmb_test_recipe_close(&a);
	rmb_test_recipe_close(&b);
}

static void
order_and_comments_are_in_no_key(void **state)
{
	(void)state;
	static const char shuffled_entries[] =
		"# a comment\nstages:\n"
		"  alpha: {ranks: 11..500, spectrum: svca2.spectrum, stage: powerlaw}   # another\n"
		"  svca2: {stage: svca2, spacing: 25 um, halves: checkerboard, recording: [z, shuffled]}\n"
		"  shuffled: {recording: z, stage: shuffle}\n"
		"  z: {recording: frames, stage: zscore}\n"
		"  frames: {width: 45.45 ms, stage: bin, recording: raw}\n"
		"  raw: {stage: load}\n"
		"seed: 1\n"
		"recordings:\n"
		"  - {path: b.npy, format: npy, name: b, area: CA1, rate: 22 Hz}\n"
		"  - {path: a.npy, format: npy, name: a, area: V1, rate: 22 Hz}\n"
		"rumble: 1\n";
	struct rmb_test_recipe a, b;
	open_text(&a, base);
	open_text(&b, shuffled_entries);
	assert_changed(&a, &b, "");
	assert_same_keys(&a, &b);
	rmb_test_recipe_close(&a);
	rmb_test_recipe_close(&b);
}

/* Every order of the entries gives the same set of (id, key), however long the chains through it. */
static void
any_order_of_entries_gives_the_same_nodes(void **state)
{
	(void)state;
	const char *lines[6], *end = base + sizeof base - 1;
	int order[6] = { 0, 1, 2, 3, 4, 5 };
	const char *at = strstr(base, "  raw:");
	for (int i = 0; i < 6; i++) {
		lines[i] = at;
		at = i < 5 ? strchr(at, '\n') + 1 : end;
	}
	struct rmb_test_recipe a;
	open_text(&a, base);
	struct rmb_stream stream = rmb_stream_named("any order of entries");
	for (int trial = 0; trial < 20; trial++) {
		char text[sizeof base];
		struct rmb_test_recipe b;
		int n = snprintf(text, sizeof text, "%.*s", (int)(lines[0] - base), base);
		for (int i = 5; i > 0; i--) {
			int j = (int)rmb_random_below(stream, (uint64_t)(trial * 6 + i), i + 1), keep = order[i];
			order[i] = order[j];
			order[j] = keep;
		}
		for (int i = 0; i < 6; i++)
			n += snprintf(text + n, sizeof text - (size_t)n, "%.*s\n", (int)strcspn(lines[order[i]], "\n"), lines[order[i]]);
		open_text(&b, text);
		assert_changed(&a, &b, "");
		assert_int_equal(a.graph->nnodes, b.graph->nnodes);
		rmb_test_recipe_close(&b);
	}
	rmb_test_recipe_close(&a);
}

static void
where_things_lie_is_in_no_key(void **state)
{
	(void)state;
	char elsewhere[128], command[768];
	struct rmb_test_recipe a, b;
	open_text(&a, base);
	snprintf(elsewhere, sizeof elsewhere, "%s/deeper/down", directory);
	snprintf(command, sizeof command, "mkdir -p %s && mv %s/a.npy %s/b.npy %s %s/", elsewhere, directory, directory, path, elsewhere);
	assert_int_equal(system(command), 0);
	snprintf(elsewhere, sizeof elsewhere, "%s/deeper/down/recipe.yaml", directory);
	rmb_test_recipe_open(&b, elsewhere, NULL);
	assert_non_null(b.graph);
	assert_changed(&a, &b, "");
	snprintf(command, sizeof command, "mv %s/deeper/down/* %s/", directory, directory);
	assert_int_equal(system(command), 0);
	rmb_test_recipe_close(&a);
	rmb_test_recipe_close(&b);
}

static void
one_quantity_has_one_key(void **state)
{
	(void)state;
	compare_texts("45.45 ms", "0.04545 s", "");
	compare_texts("45.45 ms", "45450 us", "");
	compare_texts("25 um", "0.025 mm", "");
	compare_texts(", ranks: 11..500", "", ""); /* the default, written or not */
	compare_texts(", spacing: 25 um", "", "");
	compare_texts("spacing: 25 um", "spacing: {by: area, V1: 25 um, else: 25 um}", "");
}

static void
labels_are_in_no_key(void **state)
{
	(void)state;
	compare_texts("area: V1", "area: V2", "");
	compare_texts("area: V1, ", "", "");
}

/* ---- what changes a key changes those behind it */

static void
a_parameter_changes_what_is_behind_it(void **state)
{
	(void)state;
	compare_texts("ranks: 11..500", "ranks: 11..400", "a/alpha@z a/alpha@shuffled b/alpha@z b/alpha@shuffled");
	compare_texts("spacing: 25 um", "spacing: 40 um",
	              "a/svca2@z a/svca2@shuffled a/alpha@z a/alpha@shuffled b/svca2@z b/svca2@shuffled b/alpha@z b/alpha@shuffled");
	compare_texts("spacing: 25 um", "spacing: {by: area, CA1: 40 um, else: 25 um}",
	              "b/svca2@z b/svca2@shuffled b/alpha@z b/alpha@shuffled");
	compare_texts("path: b.npy, rate: 22 Hz", "path: b.npy, rate: 23 Hz",
	              "b/raw b/frames b/z b/shuffled b/svca2@z b/svca2@shuffled b/alpha@z b/alpha@shuffled");
}

static void
a_seed_changes_only_what_draws_and_what_is_behind_it(void **state)
{
	(void)state;
	compare_texts("seed: 1", "seed: 2", "a/shuffled a/svca2@shuffled a/alpha@shuffled b/shuffled b/svca2@shuffled b/alpha@shuffled");
}

static void
replicates_that_draw_differ_and_others_are_twins(void **state)
{
	(void)state;
	struct rmb_test_recipe a, r;
	char *repeated = changed(base, "{stage: shuffle, recording: z}", "{stage: shuffle, recording: z, repeat: 2}");
	open_text(&a, base);
	open_text(&r, repeated);
	assert_string_equal(rmb_test_node(&a, "a/shuffled")->key, rmb_test_node(&r, "a/shuffled#1")->key);
	assert_string_not_equal(rmb_test_node(&r, "a/shuffled#1")->key, rmb_test_node(&r, "a/shuffled#2")->key);
	assert_string_equal(rmb_test_node(&a, "a/alpha@shuffled")->key, rmb_test_node(&r, "a/alpha@shuffled#1")->key);
	rmb_test_recipe_close(&r);
	free(repeated);
	repeated = changed(base, "{stage: zscore, recording: frames}",
	                   "{stage: zscore, recording: frames}\n  again: {stage: zscore, recording: frames}");
	open_text(&r, repeated);
	assert_ptr_equal(rmb_test_node(&r, "a/again")->twin, rmb_test_node(&r, "a/z"));
	assert_null(rmb_test_node(&r, "a/z")->twin);
	rmb_test_recipe_close(&r);
	rmb_test_recipe_close(&a);
	free(repeated);
}

static void
content_changes_what_is_behind_it_and_times_do_not(void **state)
{
	(void)state;
	char name[128], memo[128];
	struct rmb_test_recipe a, b, c;
	snprintf(name, sizeof name, "%s/b.npy", directory);
	snprintf(memo, sizeof memo, "%s/hashes", directory);
	rmb_test_file(path, base);
	rmb_test_recipe_open(&a, path, memo);
	rmb_test_file(name, "Content of b"); /* the same length, within the same second */
	rmb_test_recipe_open(&b, path, memo);
	assert_changed(&a, &b, "b/raw b/frames b/z b/shuffled b/svca2@z b/svca2@shuffled b/alpha@z b/alpha@shuffled");
	rmb_test_file(name, "content of b");
	rmb_test_recipe_open(&c, path, memo);
	assert_changed(&a, &c, "");
	rmb_test_recipe_close(&a);
	rmb_test_recipe_close(&b);
	rmb_test_recipe_close(&c);
}

static void
versions_change_what_is_behind_them(void **state)
{
	(void)state;
	struct rmb_test_recipe a, b;
	open_text(&a, base);
	open_text(&b, base);
	struct rmb_stage raised = *rmb_test_node(&b, "b/shuffled")->stage;
	raised.version++;
	rmb_test_node(&b, "b/shuffled")->stage = &raised;
	assert_int_equal(rmb_graph_name(b.graph, rmb_numeric_version), 0);
	assert_changed(&a, &b, "b/shuffled b/svca2@shuffled b/alpha@shuffled");
	rmb_test_recipe_close(&b);
	open_text(&b, base);
	assert_int_equal(rmb_graph_name(b.graph, rmb_numeric_version + 1), 0);
	for (int i = 0; i < a.graph->nnodes; i++)
		assert_string_not_equal(a.graph->node[i]->key, b.graph->node[i]->key);
	rmb_test_recipe_close(&b);
	rmb_test_recipe_close(&a);
}

static void
a_parameter_that_changes_no_number_is_in_no_key(void **state)
{
	(void)state;
	struct rmb_test_recipe a;
	open_text(&a, base);
	struct rmb_node *node = rmb_test_node(&a, "a/svca2@z");
	struct rmb_stage copy = *node->stage;
	struct rmb_param params[32];
	int n = rmb_nparams(&copy), spacing = rmb_param_index(&copy, "spacing");
	memcpy(params, copy.params, (size_t)(n + 1) * sizeof *params);
	params[spacing].numeric_noise = true;
	copy.params = params;
	node->stage = &copy;
	assert_null(strstr(rmb_node_describe(a.graph, node, 1), "spacing"));
	rmb_test_recipe_close(&a);
}

static void
labels_enter_the_keys_of_stages_that_read_them(void **state)
{
	(void)state;
	struct rmb_test_recipe a;
	open_text(&a, base);
	struct rmb_node *node = rmb_test_node(&a, "a/svca2@z");
	struct rmb_stage copy = *node->stage;
	copy.reads_labels = true;
	node->stage = &copy;
	assert_non_null(strstr(rmb_node_describe(a.graph, node, 1), "\"labels\":[{\"labels\":{\"area\":\"V1\"},\"tags\":[]}]"));
	rmb_test_recipe_close(&a);
}

static void
names_enter_the_keys_of_stages_that_read_them(void **state)
{
	(void)state;
	struct rmb_test_recipe a;
	open_text(&a, base);
	struct rmb_node *node = rmb_test_node(&a, "a/alpha@z");
	struct rmb_stage copy = *node->stage;
	assert_null(strstr(rmb_node_describe(a.graph, node, 1), "names"));
	copy.reads_names = true;
	node->stage = &copy;
	assert_non_null(strstr(rmb_node_describe(a.graph, node, 1), "\"names\":[[\"svca2\",\"z\",0]]"));
	node->source = -1; /* over all recordings, theirs are told too */
	assert_non_null(strstr(rmb_node_describe(a.graph, node, 1), "\"names\":[[\"svca2\",\"z\",0,\"a\"]]"));
	rmb_test_recipe_close(&a);
}

/* ---- files */

static void
missing_files_are_mistakes_with_a_place(void **state)
{
	(void)state;
	struct rmb_test_recipe r;
	char *text = changed(base, "path: a.npy", "path: missing.npy");
	rmb_test_file(path, text);
	rmb_test_recipe_open(&r, path, NULL);
	assert_null(r.graph);
	assert_int_equal(rmb_mistakes_code(r.m), RMB_EINPUT);
	assert_non_null(strstr(r.said, "missing.npy: there is no such file"));
	assert_non_null(strstr(r.said, "recipe.yaml:3:"));
	rmb_test_recipe_close(&r);
	free(text);
}

static void
write_at(const char *name, const char *text, time_t seconds)
{
	struct timespec times[2] = { { seconds, 0 }, { seconds, 0 } };
	rmb_test_file(name, text);
	assert_int_equal(utimensat(AT_FDCWD, name, times, 0), 0);
}

static void
a_file_that_was_just_written_is_not_remembered(void **state)
{
	(void)state;
	char name[128], memo[128], hex[RMB_KEY_MAX], again[RMB_KEY_MAX];
	struct rmb_error error = {0};
	snprintf(name, sizeof name, "%s/fresh.npy", directory);
	snprintf(memo, sizeof memo, "%s/memo", directory);
	write_at(name, "one", 1000000000); /* an old mtime does not help: ctime is now */
	struct rmb_inputs *inputs = rmb_inputs_open(memo);
	assert_int_equal(rmb_inputs_hash(inputs, name, hex, &error), 0);
	rmb_inputs_close(inputs);
	assert_int_equal(access(memo, F_OK), -1);
	inputs = rmb_inputs_open(memo);
	write_at(name, "two", 1000000000);
	assert_int_equal(rmb_inputs_hash(inputs, name, again, &error), 0);
	assert_string_not_equal(hex, again);
	rmb_inputs_close(inputs);
}

/* The limits of a worker go by these: a link is as large as its file, a folder as its files that count. */
static void
inputs_are_as_large_as_what_is_read_of_them(void **state)
{
	(void)state;
	char file[96], link[96], folder[96], inner[128];
	snprintf(file, sizeof file, "%s/sized.npy", directory);
	snprintf(link, sizeof link, "%s/link.npy", directory);
	snprintf(folder, sizeof folder, "%s/sized", directory);
	write_at(file, "twelve bytes", 1000000000);
	assert_int_equal(symlink("sized.npy", link), 0);
	assert_int_equal(mkdir(folder, 0777), 0);
	snprintf(inner, sizeof inner, "%s/F.npy", folder);
	write_at(inner, "123", 1000000000);
	snprintf(inner, sizeof inner, "%s/raw.bin", folder);
	write_at(inner, "of no account", 1000000000);
	assert_true(rmb_inputs_bytes(file, NULL) == 12 && rmb_inputs_bytes(link, NULL) == 12);
	assert_true(rmb_inputs_bytes(folder, "*.npy stat.npy") == 3);
	snprintf(inner, sizeof inner, "%s/none", folder);
	assert_true(rmb_inputs_bytes(inner, "*.npy") == 0);
}

/* A memo that is right about every field is believed; one wrong field, or damage, and the file is read. */
static void
the_memo_is_believed_only_if_everything_agrees(void **state)
{
	(void)state;
	char name[128], memo[128], hex[RMB_KEY_MAX], right[RMB_KEY_MAX], line[512];
	struct rmb_error error = {0};
	struct stat s;
	snprintf(name, sizeof name, "%s/a.npy", directory);
	snprintf(memo, sizeof memo, "%s/memo", directory);
	assert_int_equal(rmb_hash_file(name, right, &error), 0);
	assert_int_equal(stat(name, &s), 0);
	static const char wrong[] = "1111111111111111111111111111111111111111111111111111111111111111";
	for (int field = -1; field < 7; field++) {
		unsigned long long value[5] = { s.st_dev, s.st_ino, (unsigned long long)s.st_size,
			(unsigned long long)s.st_mtim.tv_sec * 1000000000u + (unsigned long long)s.st_mtim.tv_nsec,
			(unsigned long long)s.st_ctim.tv_sec * 1000000000u + (unsigned long long)s.st_ctim.tv_nsec };
		if (field >= 0 && field < 5)
			value[field]++;
		snprintf(line, sizeof line, "rumble hashes %d\ndamaged line\n%s %llu %llu %llu %llu %llu%s",
		         field == 5 ? 2 : 1, wrong, value[0], value[1], value[2], value[3], value[4],
		         field == 6 ? "" : "\n"); /* 6: cut short */
		rmb_test_file(memo, line);
		struct rmb_inputs *inputs = rmb_inputs_open(memo);
		assert_int_equal(rmb_inputs_hash(inputs, name, hex, &error), 0);
		assert_string_equal(hex, field < 0 ? wrong : right);
		rmb_inputs_close(inputs);
	}
}

static long
count_lines(const char *name)
{
	FILE *file = fopen(name, "r");
	long n = 0;
	assert_non_null(file);
	for (int c; (c = getc(file)) != EOF;)
		n += c == '\n';
	fclose(file);
	return n;
}

/* The licence of the project stands for a file that has lain there for a while. */
static void
an_old_file_is_remembered(void **state)
{
	(void)state;
	static const char old[] = RUMBLE_SOURCE "/LICENSE";
	char memo[128], hex[RMB_KEY_MAX], again[RMB_KEY_MAX], line[512];
	struct rmb_error error = {0};
	snprintf(memo, sizeof memo, "%s/remembered", directory);
	struct rmb_inputs *inputs = rmb_inputs_open(memo);
	assert_int_equal(rmb_inputs_hash(inputs, old, hex, &error), 0);
	rmb_inputs_close(inputs);
	FILE *file = fopen(memo, "r+");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof line, file));
	long at = ftell(file);
	assert_non_null(fgets(line, sizeof line, file));
	assert_memory_equal(line, hex, RMB_KEY_MAX - 1);
	fseek(file, at, SEEK_SET);
	fputs("2222", file); /* another hash under the same file: it shows that the memo is what is read */
	fclose(file);
	inputs = rmb_inputs_open(memo);
	assert_int_equal(rmb_inputs_hash(inputs, old, again, &error), 0);
	rmb_inputs_close(inputs);
	assert_memory_equal(again, "2222", 4);
	assert_string_equal(again + 4, hex + 4);
}

static void
a_memo_forgets_its_oldest_lines(void **state)
{
	(void)state;
	enum { MANY = 16384 };
	char memo[128], hex[RMB_KEY_MAX], line[512];
	struct rmb_error error = {0};
	snprintf(memo, sizeof memo, "%s/many", directory);
	FILE *file = fopen(memo, "w");
	fputs("rumble hashes 1\n", file);
	for (int i = 0; i < MANY; i++)
		fprintf(file, "%064x 1 %d 3 4 5\n", i, i);
	fclose(file);
	struct rmb_inputs *inputs = rmb_inputs_open(memo);
	assert_int_equal(rmb_inputs_hash(inputs, RUMBLE_SOURCE "/LICENSE", hex, &error), 0);
	rmb_inputs_close(inputs);
	assert_int_equal(count_lines(memo), 1 + MANY * 3 / 4);
	file = fopen(memo, "r");
	while (fgets(line, sizeof line, file))
		continue;
	fclose(file);
	assert_memory_equal(line, hex, RMB_KEY_MAX - 1); /* the newest is the last */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_hashes_of_descriptions),
		cmocka_unit_test(names_are_in_no_key),
		cmocka_unit_test(order_and_comments_are_in_no_key),
		cmocka_unit_test(any_order_of_entries_gives_the_same_nodes),
		cmocka_unit_test(where_things_lie_is_in_no_key),
		cmocka_unit_test(one_quantity_has_one_key),
		cmocka_unit_test(labels_are_in_no_key),
		cmocka_unit_test(a_parameter_changes_what_is_behind_it),
		cmocka_unit_test(a_seed_changes_only_what_draws_and_what_is_behind_it),
		cmocka_unit_test(replicates_that_draw_differ_and_others_are_twins),
		cmocka_unit_test(content_changes_what_is_behind_it_and_times_do_not),
		cmocka_unit_test(versions_change_what_is_behind_them),
		cmocka_unit_test(a_parameter_that_changes_no_number_is_in_no_key),
		cmocka_unit_test(labels_enter_the_keys_of_stages_that_read_them),
		cmocka_unit_test(names_enter_the_keys_of_stages_that_read_them),
		cmocka_unit_test(missing_files_are_mistakes_with_a_place),
		cmocka_unit_test(a_file_that_was_just_written_is_not_remembered),
		cmocka_unit_test(inputs_are_as_large_as_what_is_read_of_them),
		cmocka_unit_test(the_memo_is_believed_only_if_everything_agrees),
		cmocka_unit_test(an_old_file_is_remembered),
		cmocka_unit_test(a_memo_forgets_its_oldest_lines),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

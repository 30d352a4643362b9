/* pipeline/begin_recipe.c -- a whole recipe to begin with: names and paths of the recordings, and what it would cost to run it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "pipeline/begin.h"
#include "pipeline/graph.h"
#include "pipeline/journal.h"

/* ---- names */

/* The last `parts` parts of a path, the ending of a file's name taken off; NULL: it has not so many, or no memory. */
static const char *
name_of(struct rmb_arena *arena, const char *path, int parts)
{
	char *copy = rmb_arena_strdup(arena, path), *end = copy ? copy + strlen(copy) : NULL;
	while (copy && end > copy + 1 && end[-1] == '/')
		*--end = '\0';
	char *from = end, *dot;
	for (int found = 0; copy && found < parts; found += from == copy || from[-1] == '/') {
		if (from == copy)
			return NULL;
		from -= from[-1] == '/';
		while (from > copy && from[-1] != '/')
			from--;
	}
	if (copy && (dot = strrchr(from, '.')) && dot > from && !strchr(dot, '/') && dot[-1] != '/')
		*dot = '\0';
	for (char *c = from; copy && *c; c++)
		if (strchr("/@#", *c) || (unsigned char)*c < ' ')
			*c = '-';
	return copy && *from && strcmp(from, ".") != 0 && strcmp(from, "..") != 0 ? from : NULL;
}

/* As few parts of the paths as tell them apart; one that none tell apart is left to the recipe. */
static void
name_all(struct rmb_arena *arena, const char *const *path, int n, const char **name)
{
	enum { MOST_PARTS = 6 };
	for (int i = 0; i < n; i++) {
		bool alone = false;
		for (int parts = 1; parts <= MOST_PARTS && !alone; parts++) {
			name[i] = name_of(arena, path[i], parts);
			alone = name[i] != NULL;
			for (int k = 0; k < n && alone; k++) {
				const char *other = k == i ? NULL : name_of(arena, path[k], parts);
				alone = !other || strcmp(other, name[i]) != 0;
			}
			if (!name[i])
				break;
		}
		name[i] = alone ? name[i] : NULL;
	}
}

/* ---- the recipe */

/* An entry as "{stage: NAME, KEY: VALUE, ...}", on a second line from the key that would make the first too long; `given` stands
 * before the keys. */
static const char *
braces(struct rmb_arena *arena, const struct rmb_first *first, const char *given)
{
	enum { LONGEST = 112 };
	const char *text = rmb_arena_printf(arena, "{stage: %s%s", first->stage, given);
	bool broken = false;
	for (size_t i = 0; i < sizeof first->has / sizeof *first->has && first->has[i].key && text; i++) {
		const char *key = first->has[i].key, *value = first->has[i].value;
		bool here = !broken && strlen(text) + strlen(key) + strlen(value) > LONGEST;
		text = rmb_arena_printf(arena, "%s,%s%s: %s", text, here ? "\n              " : " ", key, value);
		broken |= here;
	}
	return text ? rmb_arena_printf(arena, "%s}", text) : NULL;
}

/* What stands under `stages`; the first entry, which loads, with what was given. */
static const char *
entries(struct rmb_arena *arena, const struct rmb_first *first, const char *given)
{
	const char *text = given ? "" : NULL;
	for (; text && (first->name || first->heading); first++) {
		const char *heading = !first->heading    ? ""
		                      : !*first->heading ? "\n"
		                                         : rmb_arena_printf(arena, "\n  # %s\n", first->heading);
		const char *entry = !first->name ? "" : braces(arena, first, given);
		if (!heading || !entry)
			return NULL;
		given = first->name ? "" : given;
		text = rmb_arena_printf(arena, "%s%s", text, heading);
		if (text && first->name)
			text = rmb_arena_printf(arena, "%s  %s:%*s%-*s%s%s\n", text, first->name,
			                        10 - (int)strlen(first->name), "", first->remark ? 53 : 0, entry,
			                        first->remark ? "  # " : "", first->remark ? first->remark : "");
	}
	return text;
}

const char *
rmb_begin_recipe(struct rmb_arena *arena, const char *const *path, const struct rmb_look *const *look, int n, const char *out)
{
	const char **name = rmb_arena_alloc(arena, (size_t)n, sizeof *name);
	struct rmb_size *size = rmb_arena_alloc(arena, (size_t)n, sizeof *size);
	if (!name || !size)
		return NULL;
	char *text = rmb_arena_printf(arena,
	                              "# A recipe to begin with, written by `rumble init`: complete what it says of the "
	                              "recordings, then `rumble check` and `rumble run` it.\n"
	                              "rumble: 1\n"
	                              "title: %d recording%s\n"
	                              "seed: 1\n\n"
	                              "recordings:                                 # say of each what it is of by labels, "
	                              "`NAME: VALUE`; `rumble stages load` lists all settings\n",
	                              n, n == 1 ? "" : "s");
	if (text)
		name_all(arena, path, n, name);
	for (int i = 0; i < n && text; i++) {
		const char *where = rmb_begin_seen_from(arena, path[i], out);
		const char *entry = where ? rmb_begin_entry(arena, name[i], where, out, look[i]) : NULL,
		           *remarks = rmb_begin_remarks(arena, "    ", look[i]);
		size[i] = look[i]->seen.size;
		text = entry && remarks ? rmb_arena_printf(arena, "%s  - %s\n%s", text, entry, remarks) : NULL;
	}
	const struct rmb_first *first = text ? rmb_first_entries(arena, look[0]->seen.kind, size, n) : NULL;
	const char *stages = first ? entries(arena, first, rmb_begin_stage(arena, look[0])) : NULL;
	return stages ? rmb_arena_printf(arena, "%s\nstages:\n%s\nreport: {output: report.html}\n", text, stages) : NULL;
}

/* ---- its cost */

/* The text as a file without a name, as the reader of recipes wants one. */
static int
as_file(const char *text)
{
	int fd = memfd_create("recipe", MFD_CLOEXEC);
	if (fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* From the size of the recording, node by node. */
static void
add_up(const struct rmb_graph *graph, const struct rmb_size *size, struct rmb_measure *total)
{
	for (int i = 0; i < graph->nnodes; i++) {
		struct rmb_node *node = graph->node[i];
		struct rmb_measure one;
		struct rmb_cost cost;
		if (node->nedges == 0)
			node->size = *size;
		rmb_node_estimate(node, &cost);
		rmb_journal_expect(NULL, node, &one);
		node->size = cost.out;
		total->seconds += one.seconds;
		total->peak_bytes = fmax(total->peak_bytes, one.peak_bytes);
		total->object_bytes += one.object_bytes;
		total->guess |= one.guess;
	}
}

bool
rmb_begin_cost(struct rmb_arena *arena, const char *path, const struct rmb_look *look, struct rmb_measure *total)
{
	char *whole = realpath(path, NULL);
	const char *text = whole ? rmb_begin_recipe(arena, (const char *const[]){ whole }, &look, 1, NULL) : NULL;
	int fd = text ? as_file(text) : -1;
	struct rmb_mistakes *m = rmb_mistakes_new(arena);
	const char *name = fd >= 0 ? rmb_arena_printf(arena, "/proc/self/fd/%d", fd) : NULL;
	struct rmb_recipe *recipe = name && m ? rmb_recipe_read(name, NULL, 0, m) : NULL;
	struct rmb_graph *graph = recipe ? rmb_graph_make(recipe, m) : NULL;
	*total = (struct rmb_measure){ 0 };
	if (graph)
		add_up(graph, &look->seen.size, total);
	bool done = graph != NULL;
	rmb_graph_free(graph);
	rmb_recipe_free(recipe);
	if (fd >= 0)
		close(fd);
	free(whole);
	return done;
}

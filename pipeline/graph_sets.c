/* pipeline/graph_sets.c -- the nodes of each set of a driver: copies with other settings.
 *
 * For one set, every node above the one that the driver reads is looked at once: it is copied if one of its settings is
 * varied or if something that it reads was copied, and else shared. Keys come from settings and inputs, so a copy with the
 * settings of the recipe has the object of the original. Copies are named by a further first part of their branch,
 * "alpha@widths+3,z": set 3 of `widths`. Where the nodes of a driver may differ in their sets, its own branch and replicate
 * stand between: "alpha@fit+z+3,z". */
#include "pipeline/graph_sets.h"
#include <ctype.h>
#include <math.h>
#include <string.h>
#include "pipeline/absent.h"
#include "pipeline/drive.h"
#include "pipeline/shape.h"

struct maker {
	struct rmb_graph *graph;
	struct rmb_mistakes *m;
	struct rmb_node *driver;
	struct rmb_set *set;
	const char *part;           /* "widths+3" */
	unsigned mark;
};

/* ---- one copy */

/* Which of the settings of a node the set gives; -1: no more. */
static int
next_varied(const struct maker *k, const struct rmb_node *node, int v)
{
	const struct rmb_entry *driver = k->driver->entry;
	while (v < driver->nvary && &k->graph->recipe->entry[driver->vary[v].entry] != node->entry)
		v++;
	return v < driver->nvary ? v : -1;
}

static bool
is_varied(const struct maker *k, const struct rmb_node *node)
{
	return next_varied(k, node, 0) >= 0;
}

/* Tells what is wrong with a set: at its place if the recipe gave it, else it is the search that cannot go on. */
static bool
refuse(struct maker *k, struct rmb_place place, const char *sentence)
{
	struct rmb_drive *drive = k->driver->drive;
	if (drive->round > 1 || drive->fed)
		rmb_drive_refuse(k->graph->drives, drive, (int)(k->set - drive->set), RMB_EDATA, sentence);
	else
		rmb_mistake(k->m, RMB_ERECIPE, place.file ? place : k->driver->entry->vary_place, "%s", sentence);
	return false;
}

static bool
vary(struct maker *k, struct rmb_node *copy)
{
	const struct rmb_entry *driver = k->driver->entry;
	struct rmb_arena *arena = k->graph->arena;
	struct rmb_place place = { 0 };
	struct rmb_error error = { 0 };
	copy->value = rmb_arena_copy(arena, copy->value, (size_t)rmb_nparams(copy->stage), sizeof *copy->value);
	if (!copy->value)
		return false;
	for (int v = next_varied(k, copy, 0); v >= 0; v = next_varied(k, copy, v + 1)) {
		copy->value[driver->vary[v].param] = k->set->value[v];
		place = k->set->value[v].place;
	}
	if (!(copy->settings = rmb_settings_make(arena, copy->stage, copy->value)))
		return false;
	if (copy->stage->check && copy->stage->check(copy->settings, &error))
		return refuse(k, place, rmb_arena_printf(arena, "%s: %s", copy->stage->name, error.text));
	return true;
}

static bool
name(struct maker *k, struct rmb_node *copy)
{
	struct rmb_arena *arena = k->graph->arena;
	char replicate[24] = "";
	if (copy->replicate)
		snprintf(replicate, sizeof replicate, "#%d", copy->replicate);
	copy->branch = rmb_arena_printf(arena, "%s%s%s", k->part, copy->branch ? "," : "", copy->branch ? copy->branch : "");
	copy->name = copy->branch ? rmb_arena_printf(arena, "%s@%s%s", copy->entry->name, copy->branch, replicate) : NULL;
	if (!copy->name)
		return false;
	copy->id = copy->source < 0
	           ? copy->name
	           : rmb_arena_printf(arena, "%s/%s", k->graph->recipe->source[copy->source].name, copy->name);
	if (strlen(copy->name) <= RMB_MAX_NODE_NAME)
		return copy->id != NULL;
	rmb_mistake(k->m, RMB_ERECIPE, k->driver->entry->place,
	            "the set %s gives a name of %zu bytes; %d are allowed, for it names a file", copy->name,
	            strlen(copy->name), RMB_MAX_NODE_NAME);
	return false;
}

/* A search has other results, and so other sets, for each set of a driver below it. */
static bool
is_fixed(struct maker *k, const struct rmb_node *node)
{
	if (!node->drive || (node->drive->fixed && !node->drive->fed))
		return true;
	rmb_mistake(k->m, RMB_ERECIPE, k->driver->entry->vary_place,
	            "'%s' would repeat the search '%s' for each of its sets, which cannot be done; read a node above that "
	            "search, or vary something below it",
	            k->driver->entry->name, node->entry->name);
	return false;
}

static struct rmb_node *
make(struct maker *k, const struct rmb_node *node, struct rmb_edge *edge)
{
	struct rmb_node *driver = k->driver, *copy = rmb_arena_copy(k->graph->arena, node, 1, sizeof *copy);
	struct rmb_node **made = rmb_arena_room(k->graph->arena, driver->made, (size_t)driver->nmade, sizeof *made);
	if (!copy || !made)
		return NULL;
	copy->edge = edge;
	copy->sets++;
	copy->hidden |= !driver->stage->shows_sets;
	copy->mark = 0;
	copy->made = NULL;
	copy->nmade = 0;
	if (driver->drive->fed && driver->source >= 0 && node->source < 0) {
		rmb_mistake(k->m, RMB_ERECIPE, driver->entry->place,
		            "'%s' would repeat '%s', which is over all recordings, with what is found in one of them; vary "
		            "something that each recording has by itself",
		            driver->entry->name, node->entry->name);
		return NULL;
	}
	if (!is_fixed(k, node) || (is_varied(k, node) && !vary(k, copy)) || !name(k, copy))
		return NULL;
	rmb_node_finish(copy);
	driver->made = made;
	driver->made[driver->nmade++] = copy;
	if (++k->graph->nnodes <= RMB_MAX_NODES)
		return copy;
	rmb_mistake(k->m, RMB_ERECIPE, driver->entry->place, "the sets of %s would bring the recipe to more than %d nodes",
	            driver->entry->name, RMB_MAX_NODES);
	return NULL;
}

/* What stands for a node in the set: a copy, or the node. NULL: failed. */
static struct rmb_node *
in_set(struct maker *k, struct rmb_node *node)
{
	struct rmb_edge *edge = NULL;
	if (node->mark == k->mark)
		return node->copy;
	for (int e = 0; e < node->nedges; e++) {
		struct rmb_node *from = in_set(k, node->edge[e].from);
		if (from && from != node->edge[e].from && !edge)
			edge = rmb_arena_copy(k->graph->arena, node->edge, (size_t)node->nedges, sizeof *edge);
		if (!from || (from != node->edge[e].from && !edge))
			return NULL;
		if (edge)
			edge[e].from = from;
	}
	node->copy = edge || is_varied(k, node) ? make(k, node, edge ? edge : node->edge) : node;
	node->mark = k->mark;
	return node->copy;
}

/* ---- what a driver reads */

static bool
of_sets(const struct rmb_node *node, const struct rmb_edge *edge)
{
	return node->stage->in[edge->port].gather == RMB_SETS;
}

static int
count_replicates(const struct rmb_node *driver)
{
	int n = 0;
	for (int e = 0; e < driver->nedges; e++)
		n += of_sets(driver, &driver->edge[e]);
	return n;
}

static bool
prepare_set(struct rmb_drives *drives, struct rmb_set *set, int replicates)
{
	if (set->n)
		return true;
	set->result = rmb_arena_alloc(drives->arena, (size_t)replicates, sizeof *set->result);
	set->ended = rmb_arena_alloc(drives->arena, (size_t)replicates, sizeof *set->ended);
	set->failed = rmb_arena_alloc(drives->arena, (size_t)replicates, sizeof *set->failed);
	for (int k = 0; set->result && k < replicates; k++)
		set->result[k] = NAN;
	set->n = replicates;
	return set->result && set->ended && set->failed;
}

/* The edges of one driver while its sets are made: as given, with room for all sets, and those so far. */
struct reading { struct rmb_node *driver; int nbase; const struct rmb_edge *base; };

/* Adds what set `s` gives to the driver: one edge a replicate. */
static bool
read_set(struct maker *k, const struct reading *reading, int s)
{
	struct rmb_node *driver = k->driver = reading->driver;
	int replicate = 0, before = driver->nedges;
	k->set = &driver->drive->set[s];
	for (int e = 0; e < reading->nbase; e++) {
		const struct rmb_edge *base = &reading->base[e];
		if (!of_sets(driver, base))
			continue;
		struct rmb_node *from = in_set(k, base->from);
		if (!from) {
			driver->nedges = before;
			return driver->drive->code != 0; /* the search ends here, which its node will say */
		}
		from->keep |= from != base->from; /* it is what a search goes on from */
		driver->edge[driver->nedges++] = (struct rmb_edge){ base->port, from, base->output, s, replicate };
		replicate++;
	}
	return true;
}

/* Asks the driver if it is new, and puts aside what it read. */
static bool
begin(struct rmb_graph *graph, struct rmb_node *driver, struct reading *reading, struct rmb_mistakes *m)
{
	struct rmb_drive *drive = driver->drive = rmb_drive_of(graph->drives, graph->recipe, driver);
	if (!drive)
		return false;
	if (drive->code && drive->round <= 1 && drive->nsets == 0 && (!drive->fed || drive->code == RMB_ERECIPE)) {
		rmb_mistake(m, RMB_ERECIPE, driver->entry->vary_place, "%s: %s", driver->stage->name, drive->refusal);
		return false;
	}
	int replicates = count_replicates(driver), n = 0;
	for (int s = 0; s < drive->nsets; s++)
		if (!prepare_set(graph->drives, &drive->set[s], replicates))
			return false;
	*reading = (struct reading){ driver, driver->nedges, driver->edge };
	struct rmb_edge *edge =
		rmb_arena_alloc(graph->arena, (size_t)driver->nedges + (size_t)replicates * (size_t)drive->nsets,
	                        sizeof *edge);
	for (int e = 0; edge && e < reading->nbase; e++)
		if (!of_sets(driver, &reading->base[e])) {
			reading->base[e].from->keep = true; /* which sets there are is asked of it again in every run */
			edge[n++] = reading->base[e];
		}
	driver->edge = edge;
	driver->nedges = n;
	return edge != NULL;
}

/* ---- all drivers of an entry */

enum { SHOWN_NAME = 48 };

/* A value as part of a name, as far as names of files take it: "CP-LS" of "CP|LS". */
static char *
tame(struct rmb_arena *arena, const char *text)
{
	char *name = rmb_arena_alloc(arena, SHOWN_NAME + 1, 1), *to = name;
	for (; name && *text && to < name + SHOWN_NAME; text++)
		if (isalnum((unsigned char)*text) || strchr("-_.", *text))
			*to++ = *text;
		else if (to > name && to[-1] != '-')
			*to++ = '-';
	while (to > name && to[-1] == '-')
		*--to = '\0';
	return name;
}

/* How set s is called: by its first setting, with its number where another has the same name; NULL: no memory. */
static const char *
shown_name(struct rmb_arena *arena, const struct rmb_drive *drive, int s)
{
	const char *name = tame(arena, drive->set[s].text[0]);
	for (int other = 0; name && other < drive->nsets; other++) {
		const char *taken = other == s ? "" : tame(arena, drive->set[other].text[0]);
		if (!taken)
			return NULL;
		if (!*name || (other != s && strcmp(taken, name) == 0))
			return rmb_arena_printf(arena, "%s+%d", name, s + 1);
	}
	return name;
}

/* "widths+3", or "areas+CP" where sets are shown, or for a driver that may have other sets in another branch "fit+z+3",
 * in a replicate "fit+z+r2+3". */
static const char *
part_of(struct rmb_arena *arena, const struct rmb_node *driver, int s)
{
	char replicate[24] = "";
	bool own = !driver->drive->fixed && driver->branch;
	if (driver->replicate && !driver->drive->fixed)
		snprintf(replicate, sizeof replicate, "+r%d", driver->replicate);
	const char *shown =
		driver->stage->shows_sets ? shown_name(arena, driver->drive, s) : rmb_arena_printf(arena, "%d", s + 1);
	char *part = shown ? rmb_arena_printf(arena, "%s%s%s%s+%s", driver->entry->name, own ? "+" : "",
	                                      own ? driver->branch : "", replicate, shown)
	                   : NULL;
	for (char *c = part; c && *c; c++)
		if (*c == ',')
			*c = '+';
	return part;
}

bool
rmb_graph_make_sets(struct rmb_graph *graph, struct rmb_node **driver, int n, unsigned *mark, struct rmb_mistakes *m)
{
	struct maker k = { .graph = graph, .m = m };
	struct reading *reading = rmb_arena_alloc(graph->arena, (size_t)n, sizeof *reading);
	int most = 0;
	for (int i = 0; reading && i < n; i++) {
		if (!begin(graph, driver[i], &reading[i], m))
			return false;
		most = driver[i]->drive->nsets > most ? driver[i]->drive->nsets : most;
	}
	for (int s = 0; reading && s < most; s++) {
		unsigned shared = ++*mark;
		for (int i = 0; i < n; i++) {
			k.mark = driver[i]->drive->fixed ? shared : ++*mark; /* where sets are the same, what one driver's are
			                                                        made of serves the others */
			if (s < driver[i]->drive->nsets &&
			    (!(k.part = part_of(graph->arena, driver[i], s)) || !read_set(&k, &reading[i], s)))
				return false;
		}
	}
	return reading != NULL;
}

/* What came of one thing that a driver reads, or a copy of it made for a set of another driver. */
static bool
has_failed(const struct rmb_graph *graph, const struct rmb_node *node, const struct rmb_edge *edge)
{
	return node->sets ? rmb_is_absent(graph->drives, edge->from->id) : node->drive->set[edge->set].failed[edge->replicate];
}

bool
rmb_graph_leave_out_failed(struct rmb_graph *graph, struct rmb_node *node)
{
	if (!node->drive || !node->stage->goes_on)
		return true;
	struct rmb_edge *left = rmb_arena_copy(graph->arena, node->edge, (size_t)node->nedges, sizeof *left);
	int n = 0;
	for (int e = 0; left && e < node->nedges; e++)
		if (!of_sets(node, &node->edge[e]) || !has_failed(graph, node, &node->edge[e]))
			left[n++] = node->edge[e];
	node->edge = left;
	node->nedges = n;
	return left != NULL;
}

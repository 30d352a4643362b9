/* pipeline/shape.c -- rows of entries: their inputs joined, their own repeat, their names. */
#include <stdlib.h>
#include <string.h>
#include "pipeline/shape_inside.h"

static int
by_port(const void *a, const void *b)
{
	const struct rmb_use *const *x = a, *const *y = b;
	return ((*x)->port > (*y)->port) - ((*x)->port < (*y)->port);
}

/* The entry's own repeat: a last axis. */
static bool
repeat_rows(struct maker *k, struct table *rows)
{
	int n = k->entry->repeat, axis;
	for (int64_t r = 0; r < rows->n; r++)
		rows->row[r].turn = 1;
	if (n < 2)
		return true;
	struct table once = *rows;
	if ((axis = rmb_shape_new_axis(k, n, NULL, NULL)) < 0)
		return false;
	*rows = (struct table){0};
	for (int64_t r = 0; r < once.n; r++) {
		struct rmb_row example;
		if (!rmb_shape_at_point(k, &once.row[r], axis, 0, &example) ||
		    !rmb_shape_within_limits(k, k->nodes + ((double)rows->n + n) * rmb_shape_recordings(k), 0, &example))
			return false;
		for (int i = 0; i < n; i++) {
			struct rmb_row row;
			if (!rmb_shape_at_point(k, &once.row[r], axis, i, &row))
				return false;
			row.turn = i + 1;
			if (!rmb_shape_append(k, rows, &row))
				return false;
		}
	}
	return true;
}

/* The names of a row's elements of lists, joined. */
static bool
name_branch(struct maker *k, struct rmb_row *row)
{
	row->branch = NULL;
	for (int i = 0; i < row->npoints; i++) {
		const struct axis *axis = &k->axis[row->point[i].axis];
		if (!axis->name)
			continue;
		row->branch = rmb_arena_printf(k->arena, "%s%s%s", row->branch ? row->branch : "", row->branch ? "," : "",
		                               axis->name[row->point[i].at]);
		if (!row->branch)
			return false;
	}
	return true;
}

static bool
same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* true if the rows lie at the same point of all lists. */
static bool
same_branch(const struct maker *k, const struct rmb_row *a, const struct rmb_row *b)
{
	int i = 0, j = 0;
	for (;; i++, j++) {
		while (i < a->npoints && !k->axis[a->point[i].axis].name)
			i++;
		while (j < b->npoints && !k->axis[b->point[j].axis].name)
			j++;
		if (i == a->npoints || j == b->npoints)
			return i == a->npoints && j == b->npoints;
		if (a->point[i].axis != b->point[j].axis || a->point[i].at != b->point[j].at)
			return false;
	}
}

static bool
is_repeated(const struct maker *k, const struct rmb_row *row)
{
	for (int i = 0; i < row->npoints; i++)
		if (!k->axis[row->point[i].axis].name)
			return true;
	return false;
}

/* Rows in an order in which those of one branch stand together: branches as they first occur, replicates as they come. */
static int
by_name(const void *a, const void *b)
{
	const struct rmb_row *x = *(struct rmb_row *const *)a, *y = *(struct rmb_row *const *)b;
	int order = strcmp(x->branch ? x->branch : "", y->branch ? y->branch : "");
	return order ? order : (x > y) - (x < y);
}

static bool
name_row(struct maker *k, struct rmb_row *row)
{
	char replicate[24] = "";
	if (row->replicate)
		snprintf(replicate, sizeof replicate, "#%d", row->replicate);
	row->name = rmb_arena_printf(k->arena, "%s%s%s%s", k->entry->name, row->branch ? "@" : "",
	                             row->branch ? row->branch : "", replicate);
	if (row->name && strlen(row->name) <= RMB_MAX_NODE_NAME)
		return true;
	if (row->name)
		rmb_mistake(k->m, RMB_ERECIPE, k->entry->place,
		            "the branch %.60s... gives a name of %zu bytes; %d are allowed, for it names a file", row->name,
		            strlen(row->name), RMB_MAX_NODE_NAME);
	return false;
}

/* Branch, replicate and name of every row. Replicates count within a branch. */
static bool
name_rows(struct maker *k, struct table *rows)
{
	struct rmb_row **sorted = rmb_shape_grab(k, rows->n + 1, sizeof *sorted);
	if (!sorted)
		return false;
	for (int64_t r = 0; r < rows->n; r++) {
		if (!name_branch(k, &rows->row[r]))
			return false;
		sorted[r] = &rows->row[r];
	}
	qsort(sorted, (size_t)rows->n, sizeof *sorted, by_name);
	for (int64_t r = 0; r < rows->n; r++) {
		struct rmb_row *row = sorted[r], *before = r ? sorted[r - 1] : NULL;
		bool together = before && same_text(row->branch, before->branch);
		if (together && (!same_branch(k, row, before) || !is_repeated(k, row))) {
			rmb_mistake(k->m, RMB_ERECIPE, k->entry->place,
			            "two branches of %s would both be called '%s'; rename one of the entries they come from",
			            k->entry->name, row->branch ? row->branch : k->entry->name);
			return false;
		}
		row->replicate = !is_repeated(k, row) ? 0 : together ? before->replicate + 1 : 1;
		if (!name_row(k, row))
			return false;
	}
	return true;
}

/* A group stage over recordings takes from them only at ports that gather them. */
static bool
reads_are_possible(struct maker *k, bool group)
{
	bool possible = true;
	for (int u = 0; u < k->entry->nuses; u++) {
		const struct rmb_use *use = &k->entry->use[u];
		const struct rmb_port *port = &k->entry->stage->in[use->port];
		for (int i = 0; i < use->nreferences; i++) {
			const struct rmb_reference *reference = &use->reference[i];
			if (!k->shape[reference->entry].known)
				return false;
			if (group && port->gather != RMB_RECORDINGS && !k->shape[reference->entry].group) {
				rmb_mistake(k->m, RMB_ERECIPE, reference->place,
				            "%s is one over all recordings, but %s there is one for each; its input %s takes "
				            "a node over all recordings",
				            k->entry->name, reference->text, port->name);
				possible = false;
			}
		}
	}
	return possible;
}

/* One over all recordings: a port gathers them, or all that it reads is over all of them. */
static bool
is_group(const struct maker *k, const struct rmb_entry *entry)
{
	bool all = entry->nuses > 0 && !entry->stage->reads_files;
	for (int u = 0; u < entry->nuses; u++) {
		if (entry->stage->in[entry->use[u].port].gather == RMB_RECORDINGS)
			return true;
		for (int i = 0; i < entry->use[u].nreferences; i++)
			all &= k->shape[entry->use[u].reference[i].entry].group;
	}
	return all;
}

static bool
make_shape(struct maker *k, struct rmb_shape *shape)
{
	const struct rmb_entry *entry = k->entry;
	struct rmb_row nothing = {0};
	struct table rows = {0};
	shape->group = is_group(k, entry);
	if (!reads_are_possible(k, shape->group) || !rmb_shape_append(k, &rows, &nothing))
		return false;
	const struct rmb_use **use = rmb_shape_grab(k, entry->nuses + 1, sizeof *use);
	if (!use)
		return false;
	for (int u = 0; u < entry->nuses; u++)
		use[u] = &entry->use[u];
	qsort(use, (size_t)entry->nuses, sizeof *use, by_port);
	for (int u = 0; u < entry->nuses; u++) {
		struct table port, joined;
		if (!rmb_shape_port(k, use[u], &port) || !rmb_shape_join(k, &rows, &port, &joined))
			return false;
		rows = joined;
	}
	if (!repeat_rows(k, &rows) ||
	    !rmb_shape_within_limits(k, k->nodes + (double)rows.n * rmb_shape_recordings(k), 0,
	                             rows.n ? &rows.row[0] : &nothing) ||
	    !name_rows(k, &rows))
		return false;
	shape->row = rows.row;
	shape->nrows = rows.n;
	k->nodes += (double)rows.n * rmb_shape_recordings(k);
	return true;
}

/* The first entry, as written, whose inputs all stand in the order already; -1 if none is left. */
static int
next_entry(const struct rmb_recipe *recipe, const bool *placed)
{
	for (int e = 0; e < recipe->nentries; e++) {
		bool ready = !placed[e];
		for (int u = 0; ready && u < recipe->entry[e].nuses; u++)
			for (int i = 0; ready && i < recipe->entry[e].use[u].nreferences; i++)
				ready = placed[recipe->entry[e].use[u].reference[i].entry];
		if (ready)
			return e;
	}
	return -1;
}

/* An entry and the length of the longest way down to it. */
struct rank { int entry, depth; const char *name; };

static int
by_rank(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;
	return x->depth != y->depth ? x->depth - y->depth : strcmp(x->name, y->name);
}

/* Entries by depth, then by name: the order in which axes are made and parts of branches stand, so that names of nodes do not
 * depend on the order in which the recipe lists its entries. */
static struct rank *
rank_entries(struct rmb_arena *arena, const struct rmb_recipe *recipe, const struct rmb_shapes *shapes)
{
	struct rank *rank = rmb_arena_alloc(arena, (size_t)recipe->nentries, sizeof *rank);
	int *depth = rmb_arena_alloc(arena, (size_t)recipe->nentries, sizeof *depth);
	for (int i = 0; rank && depth && i < shapes->norder; i++) {
		int e = shapes->order[i];
		const struct rmb_entry *entry = &recipe->entry[e];
		for (int u = 0; u < entry->nuses; u++)
			for (int j = 0; j < entry->use[u].nreferences; j++) {
				int above = depth[entry->use[u].reference[j].entry];
				depth[e] = above >= depth[e] ? above + 1 : depth[e];
			}
		rank[i] = (struct rank){ e, depth[e], entry->name };
	}
	if (rank && depth && shapes->norder)
		qsort(rank, (size_t)shapes->norder, sizeof *rank, by_rank);
	return depth ? rank : NULL;
}

struct rmb_shapes *
rmb_shapes_make(struct rmb_arena *arena, const struct rmb_recipe *recipe, struct rmb_mistakes *m)
{
	struct rmb_shapes *shapes = rmb_arena_alloc(arena, 1, sizeof *shapes);
	bool *placed = rmb_arena_alloc(arena, (size_t)recipe->nentries, sizeof *placed);
	if (!shapes || !placed)
		return NULL;
	shapes->order = rmb_arena_alloc(arena, (size_t)recipe->nentries, sizeof *shapes->order);
	shapes->shape = rmb_arena_alloc(arena, (size_t)recipe->nentries, sizeof *shapes->shape);
	if (!shapes->order || !shapes->shape)
		return NULL;
	for (int i = 0; i < recipe->nentries; i++) {
		int e = next_entry(recipe, placed);
		if (e < 0)
			break;
		placed[e] = true;
		shapes->order[shapes->norder++] = e;
	}
	struct maker k = { .arena = arena, .recipe = recipe, .m = m, .shape = shapes->shape };
	const struct rank *rank = rank_entries(arena, recipe, shapes);
	for (int i = 0; rank && i < shapes->norder; i++) {
		k.entry = &recipe->entry[rank[i].entry];
		shapes->shape[rank[i].entry].known =
			k.entry->stage && !k.entry->partial && !k.stop && make_shape(&k, &shapes->shape[rank[i].entry]);
	}
	return rank ? shapes : NULL;
}

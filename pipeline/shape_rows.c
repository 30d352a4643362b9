/* pipeline/shape_rows.c -- rows as a relation: joined, grouped, counted. */
#include <string.h>
#include "pipeline/shape_inside.h"

/* What the arena gave; if it was nothing, that is told. */
static void *
or_tell(struct maker *k, void *memory)
{
	if (!memory && !k->stop) {
		k->stop = true;
		rmb_mistake(k->m, RMB_ELIMIT, k->entry->place, "there is not enough memory for the nodes of this recipe");
	}
	return memory;
}

void *
rmb_shape_grab(struct maker *k, int64_t n, size_t size)
{
	return or_tell(k, rmb_arena_alloc(k->arena, (size_t)n, size));
}

/* ---- too many ------------------------------------------------------------------------------------------------------ */

/* "a list of 3 at svca2.recording times repeat: 1000 of symmetric" from the axes of a row. */
static const char *
multipliers(struct maker *k, const struct rmb_row *row)
{
	const char *text = "";
	for (int i = 0; i < row->npoints; i++) {
		const struct axis *axis = &k->axis[row->point[i].axis];
		if (axis->n < 2)
			continue;
		const char *one =
			axis->name ? rmb_arena_printf(k->arena, "a list of %d at %s.%s", axis->n, axis->entry, axis->port)
				   : rmb_arena_printf(k->arena, "repeat: %d of %s", axis->n, axis->entry);
		text = rmb_arena_printf(k->arena, "%s%s%s", text, *text ? " times " : "", one ? one : "");
		if (!text)
			return "";
	}
	return text;
}

double
rmb_shape_recordings(const struct maker *k)
{
	return k->shape[k->entry - k->recipe->entry].group ? 1 : k->recipe->nsources;
}

/* false, and a mistake, once the nodes counted are too many to be meant. */
bool
rmb_shape_within_limits(struct maker *k, double nodes, double npicks, const struct rmb_row *example)
{
	if (k->stop)
		return false;
	if (nodes <= RMB_MAX_NODES && npicks * k->recipe->nsources <= RMB_MAX_EDGES)
		return true;
	k->stop = true;
	const char *what = multipliers(k, example);
	rmb_mistake(k->m, RMB_ERECIPE, k->entry->place,
	            "%s would bring the recipe to more than %d nodes or %d inputs (%d recording%s%s%s); shorten one of them",
	            k->entry->name, RMB_MAX_NODES, RMB_MAX_EDGES, k->recipe->nsources, k->recipe->nsources == 1 ? "" : "s",
	            *what ? " times " : "", what);
	return false;
}

/* ---- rows ---------------------------------------------------------------------------------------------------------- */

struct rmb_row *
rmb_shape_append(struct maker *k, struct table *table, const struct rmb_row *row)
{
	if (!rmb_shape_within_limits(k, ((double)table->n + 1) * rmb_shape_recordings(k),
	                             (double)(table->npicks + row->npicks), row))
		return NULL;
	struct rmb_row *rows = or_tell(k, rmb_arena_room(k->arena, table->row, (size_t)table->n, sizeof *rows));
	if (!rows)
		return NULL;
	table->row = rows;
	table->npicks += row->npicks;
	table->row[table->n] = *row;
	return &table->row[table->n++];
}

static const struct rmb_point *
point_on(const struct rmb_row *row, int axis)
{
	for (int i = 0; i < row->npoints; i++)
		if (row->point[i].axis == axis)
			return &row->point[i];
	return NULL;
}

static bool
agree(const struct rmb_row *a, const struct rmb_row *b)
{
	for (int i = 0; i < a->npoints; i++) {
		const struct rmb_point *p = point_on(b, a->point[i].axis);
		if (p && p->at != a->point[i].at)
			return false;
	}
	return true;
}

/* Both rows in one; false: no memory. */
static bool
merge(struct maker *k, const struct rmb_row *a, const struct rmb_row *b, struct rmb_row *out)
{
	struct rmb_point *point = rmb_shape_grab(k, a->npoints + b->npoints + 1, sizeof *point);
	struct rmb_pick *pick = rmb_shape_grab(k, a->npicks + b->npicks + 1, sizeof *pick);
	if (!point || !pick)
		return false;
	int n = 0;
	for (int i = 0, j = 0; i < a->npoints || j < b->npoints;) {
		if (j == b->npoints || (i < a->npoints && a->point[i].axis < b->point[j].axis))
			point[n++] = a->point[i++];
		else if (i == a->npoints || b->point[j].axis < a->point[i].axis)
			point[n++] = b->point[j++];
		else
			point[n++] = a->point[i++], j++;
	}
	if (a->npicks)
		memcpy(pick, a->pick, (size_t)a->npicks * sizeof *pick);
	if (b->npicks)
		memcpy(pick + a->npicks, b->pick, (size_t)b->npicks * sizeof *pick);
	*out = (struct rmb_row){ .npoints = n, .point = point, .npicks = a->npicks + b->npicks, .pick = pick };
	return true;
}

/* Leaves in axes[] those that every row of the table knows; returns how many. */
static int
known_everywhere(const struct table *table, int *axes, int naxes)
{
	for (int64_t r = 0; r < table->n && naxes; r++) {
		int kept = 0;
		for (int i = 0; i < naxes; i++)
			if (point_on(&table->row[r], axes[i]))
				axes[kept++] = axes[i];
		naxes = kept;
	}
	return naxes;
}

static uint64_t
hash_on(const struct rmb_row *row, const int *axes, int naxes)
{
	uint64_t hash = 1469598103934665603u;
	for (int i = 0; i < naxes; i++)
		hash = (hash ^ (uint64_t)point_on(row, axes[i])->at) * 1099511628211u;
	return hash ^ hash >> 32;
}

/* Rows of b are found by the axes that all rows know, so that pairing 100,000 replicates
 * with 100,000 takes no square of it. */
bool
rmb_shape_join(struct maker *k, const struct table *a, const struct table *b, struct table *out)
{
	*out = (struct table){0};
	if (!a->n || !b->n)
		return true;
	int *axes = rmb_shape_grab(k, a->row[0].npoints + 1, sizeof *axes), naxes = a->row[0].npoints;
	int64_t *head = rmb_shape_grab(k, b->n, sizeof *head), *next = rmb_shape_grab(k, b->n, sizeof *next);
	if (!axes || !head || !next)
		return false;
	for (int i = 0; i < naxes; i++)
		axes[i] = a->row[0].point[i].axis;
	naxes = known_everywhere(b, axes, known_everywhere(a, axes, naxes));
	for (int64_t r = b->n; r-- > 0;) { /* chains hold r + 1, first row first */
		int64_t *slot = &head[hash_on(&b->row[r], axes, naxes) % (uint64_t)b->n];
		next[r] = *slot;
		*slot = r + 1;
	}
	for (int64_t i = 0; i < a->n; i++)
		for (int64_t r = head[hash_on(&a->row[i], axes, naxes) % (uint64_t)b->n]; r; r = next[r - 1]) {
			struct rmb_row both;
			if (!agree(&a->row[i], &b->row[r - 1]))
				continue;
			if (!merge(k, &a->row[i], &b->row[r - 1], &both) || !rmb_shape_append(k, out, &both))
				return false;
		}
	return true;
}

int
rmb_shape_new_axis(struct maker *k, int n, const char **name, const char *port)
{
	struct axis *axes = or_tell(k, rmb_arena_room(k->arena, k->axis, (size_t)k->naxes, sizeof *axes));
	if (!axes)
		return -1;
	k->axis = axes;
	k->axis[k->naxes] = (struct axis){ n, name, k->entry->name, port };
	return k->naxes++;
}

bool
rmb_shape_at_point(struct maker *k, const struct rmb_row *row, int axis, int at, struct rmb_row *out)
{
	struct rmb_point here = { axis, at };
	struct rmb_row point = { .npoints = 1, .point = &here };
	return merge(k, row, &point, out);
}

static uint64_t
hash_points(const struct rmb_row *row)
{
	uint64_t hash = 1469598103934665603u;
	for (int i = 0; i < row->npoints; i++)
		hash = ((hash ^ (uint64_t)row->point[i].axis) * 1099511628211u ^ (uint64_t)row->point[i].at) * 1099511628211u;
	return hash ^ hash >> 32;
}

bool
rmb_shape_same_points(const struct rmb_row *a, const struct rmb_row *b)
{
	if (a->npoints != b->npoints)
		return false;
	for (int i = 0; i < a->npoints; i++)
		if (a->point[i].axis != b->point[i].axis || a->point[i].at != b->point[i].at)
			return false;
	return true;
}

bool
rmb_shape_group(struct maker *k, const struct table *rows, struct table *out)
{
	int64_t *head = rmb_shape_grab(k, rows->n, sizeof *head), *next = rmb_shape_grab(k, rows->n, sizeof *next);
	int64_t *group = rmb_shape_grab(k, rows->n, sizeof *group), *length = rmb_shape_grab(k, rows->n, sizeof *length);
	*out = (struct table){0};
	if (!head || !next || !group || !length)
		return false;
	for (int64_t r = 0; r < rows->n; r++) { /* chains hold group + 1 */
		const struct rmb_row *row = &rows->row[r];
		int64_t *slot = &head[hash_points(row) % (uint64_t)rows->n], g = *slot;
		while (g && !rmb_shape_same_points(&out->row[g - 1], row))
			g = next[g - 1];
		if (!g) {
			if (!rmb_shape_append(k, out, row))
				return false;
			g = out->n;
			next[g - 1] = *slot;
			*slot = g;
		}
		group[r] = g - 1;
		length[g - 1] += row->npicks;
	}
	for (int64_t g = 0; g < out->n; g++) {
		if (!(out->row[g].pick = rmb_shape_grab(k, length[g], sizeof *out->row[g].pick)))
			return false;
		out->row[g].npicks = 0;
	}
	for (int64_t r = 0; r < rows->n; r++) {
		struct rmb_row *to = &out->row[group[r]];
		memcpy(to->pick + to->npicks, rows->row[r].pick, (size_t)rows->row[r].npicks * sizeof *to->pick);
		to->npicks += rows->row[r].npicks;
	}
	out->npicks = rows->npicks;
	return true;
}

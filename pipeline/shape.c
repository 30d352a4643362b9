/* pipeline/shape.c -- rows of entries: joins, branches, replicates. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "pipeline/shape.h"

struct axis {                  /* a list at a port, or a repeat (name NULL: elements are #1, #2, ...) */
	int n;
	const char **name;
	const char *entry, *port;  /* for messages */
};

/* Alternatives for what a port, or a whole row, reads. */
struct table { int64_t n, room, npicks; struct rmb_row *row; };

struct maker {
	struct rmb_arena *arena;
	const struct rmb_recipe *recipe;
	struct rmb_mistakes *m;
	struct rmb_shape *shape;
	int naxes, room;
	struct axis *axis;
	const struct rmb_entry *entry; /* the one being made */
	double nodes;                  /* so far, of all entries */
	bool stop;                     /* out of memory, or too many */
};

static void *
grab(struct maker *k, int64_t n, size_t size)
{
	void *memory = rmb_arena_alloc(k->arena, (size_t)n, size);
	if (!memory && !k->stop) {
		k->stop = true;
		rmb_mistake(k->m, RMB_ELIMIT, k->entry->place, "there is not enough memory for the nodes of this recipe");
	}
	return memory;
}

/* ---- too many ------------------------------------------------------------------------------------------------------ */

/* "3 branches of svca2.recording x 1000 repeats of symmetric" from the axes of a row. */
static const char *
multipliers(struct maker *k, const struct rmb_row *row)
{
	const char *text = "";
	for (int i = 0; i < row->npoints; i++) {
		const struct axis *axis = &k->axis[row->point[i].axis];
		if (axis->n < 2)
			continue;
		const char *one = axis->name ? rmb_arena_printf(k->arena, "a list of %d at %s.%s", axis->n, axis->entry, axis->port)
		                             : rmb_arena_printf(k->arena, "repeat: %d of %s", axis->n, axis->entry);
		text = rmb_arena_printf(k->arena, "%s%s%s", text, *text ? " times " : "", one ? one : "");
		if (!text)
			return "";
	}
	return text;
}

static double
recordings(const struct maker *k)
{
	return k->shape[k->entry - k->recipe->entry].group ? 1 : k->recipe->nsources;
}

/* false, and a mistake, once the nodes counted are too many to be meant. */
static bool
within_limits(struct maker *k, double nodes, double npicks, const struct rmb_row *example)
{
	if (k->stop)
		return false;
	if (nodes <= RMB_MAX_NODES && npicks * recordings(k) <= RMB_MAX_EDGES)
		return true;
	k->stop = true;
	const char *what = multipliers(k, example);
	rmb_mistake(k->m, RMB_ERECIPE, k->entry->place, "%s would bring the recipe to more than %d nodes (%d recordings%s%s); shorten one of them",
	            k->entry->name, RMB_MAX_NODES, k->recipe->nsources, *what ? " times " : "", what);
	return false;
}

/* ---- rows ---------------------------------------------------------------------------------------------------------- */

static struct rmb_row *
append(struct maker *k, struct table *table, const struct rmb_row *row)
{
	if (!within_limits(k, ((double)table->n + 1) * recordings(k), (double)(table->npicks + row->npicks), row))
		return NULL;
	if (table->n == table->room) {
		int64_t room = table->room ? 2 * table->room : 4;
		struct rmb_row *larger = grab(k, room, sizeof *larger);
		if (!larger)
			return NULL;
		if (table->n)
			memcpy(larger, table->row, (size_t)table->n * sizeof *larger);
		table->row = larger;
		table->room = room;
	}
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
	struct rmb_point *point = grab(k, a->npoints + b->npoints + 1, sizeof *point);
	struct rmb_pick *pick = grab(k, a->npicks + b->npicks + 1, sizeof *pick);
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

/* Natural join, rows of `a` slowest. Rows of b are found by the axes that all rows know, so that pairing 100,000 replicates
 * with 100,000 takes no square of it. */
static bool
join(struct maker *k, const struct table *a, const struct table *b, struct table *out)
{
	*out = (struct table){0};
	if (!a->n || !b->n)
		return true;
	int *axes = grab(k, a->row[0].npoints + 1, sizeof *axes), naxes = a->row[0].npoints;
	int64_t *head = grab(k, b->n, sizeof *head), *next = grab(k, b->n, sizeof *next);
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
			if (!merge(k, &a->row[i], &b->row[r - 1], &both) || !append(k, out, &both))
				return false;
		}
	return true;
}

/* A new axis of n elements; -1: no memory. name NULL: a repeat. */
static int
new_axis(struct maker *k, int n, const char **name, const char *port)
{
	if (k->naxes == k->room) {
		int room = k->room ? 2 * k->room : 16;
		struct axis *larger = grab(k, room, sizeof *larger);
		if (!larger)
			return -1;
		if (k->naxes)
			memcpy(larger, k->axis, (size_t)k->naxes * sizeof *larger);
		k->axis = larger;
		k->room = room;
	}
	k->axis[k->naxes] = (struct axis){ n, name, k->entry->name, port };
	return k->naxes++;
}

/* The row at one more point, which lies on the newest axis. */
static bool
at_point(struct maker *k, const struct rmb_row *row, int axis, int at, struct rmb_row *out)
{
	struct rmb_point here = { axis, at };
	struct rmb_row point = { .npoints = 1, .point = &here };
	return merge(k, row, &point, out);
}

/* ---- references ---------------------------------------------------------------------------------------------------- */

static int
count_parts(const char *branch)
{
	int n = branch != NULL;
	for (; branch && *branch; branch++)
		n += *branch == ',';
	return n;
}

bool
rmb_branch_matches(const char *branch, const char *wanted, bool *used)
{
	int n = count_parts(branch);
	for (int i = 0; i < n; i++) {
		size_t part = strcspn(branch, ","), want = strcspn(wanted, ",");
		bool same = *wanted && part == want && memcmp(branch, wanted, part) == 0;
		if (used)
			used[i] = same;
		if (same)
			wanted += want + (wanted[want] == ',');
		branch += part + 1;
	}
	return n > 0 && !*wanted;
}

/* "z, shuffled, symmetric" without repetitions, at most eight. */
static const char *
list_branches(struct maker *k, const struct rmb_shape *shape)
{
	const char *text = "", *before = NULL;
	int shown = 0;
	for (int64_t r = 0; r < shape->nrows; r++) {
		const char *branch = shape->row[r].branch;
		if (!branch || (before && strcmp(branch, before) == 0))
			continue;
		before = branch;
		text = rmb_arena_printf(k->arena, "%s%s%s", text, shown ? ", " : "", shown < 8 ? branch : "...");
		if (!text || ++shown > 8)
			break;
	}
	return text ? text : "";
}

static void
no_such_row(struct maker *k, const struct rmb_reference *reference, bool branch_exists)
{
	const struct rmb_shape *shape = &k->shape[reference->entry];
	const char *name = k->recipe->entry[reference->entry].name, *branches = list_branches(k, shape);
	int most = 0;
	for (int64_t r = 0; r < shape->nrows; r++)
		most = shape->row[r].replicate > most ? shape->row[r].replicate : most;
	if (!branch_exists && !*branches)
		rmb_mistake(k->m, RMB_ERECIPE, reference->place, "%s has no branches, so there is no %s@%s", name, name, reference->branch);
	else if (!branch_exists)
		rmb_mistake(k->m, RMB_ERECIPE, reference->place, "%s has no branch '%s'; it has %s", name, reference->branch, branches);
	else if (!most)
		rmb_mistake(k->m, RMB_ERECIPE, reference->place, "%s is not repeated, so there is no %s", name, reference->text);
	else
		rmb_mistake(k->m, RMB_ERECIPE, reference->place, "there is no %s: replicates of %s go up to #%d", reference->text, name, most);
}

/* true if the axis of a point is settled by the reference: a branch that it names, or any repeat if it names a replicate. */
static bool
settled(const struct maker *k, const struct rmb_row *row, const struct rmb_reference *reference, int point, const bool *used)
{
	if (!k->axis[row->point[point].axis].name)
		return reference->replicate > 0;
	int part = 0;
	for (int i = 0; i < point; i++)
		part += k->axis[row->point[i].axis].name != NULL;
	return reference->branch && used[part];
}

/* A part of a branch that is an element of two lists would mean another thing in each row. */
static bool
names_one_axis(struct maker *k, const struct rmb_reference *reference, const struct rmb_row *first, const struct rmb_row *row)
{
	if (first->npoints == row->npoints) {
		int i = 0;
		while (i < row->npoints && first->point[i].axis == row->point[i].axis)
			i++;
		if (i == row->npoints)
			return true;
	}
	rmb_mistake(k->m, RMB_ERECIPE, reference->place, "%s can mean several things, for '%s' is an element of two lists; write the whole branch: %s",
	            reference->text, reference->branch, list_branches(k, &k->shape[reference->entry]));
	return false;
}

/* The points of a row that a reference settles (dropped), and the others. */
static bool
settle(struct maker *k, const struct rmb_row *from, const struct rmb_reference *reference, const bool *used,
       struct rmb_row *dropped, struct rmb_row *kept)
{
	struct rmb_point *drop = grab(k, from->npoints + 1, sizeof *drop), *keep = grab(k, from->npoints + 1, sizeof *keep);
	*dropped = (struct rmb_row){ .point = drop };
	*kept = (struct rmb_row){ .point = keep };
	if (!drop || !keep)
		return false;
	for (int i = 0; i < from->npoints; i++) {
		bool list = k->axis[from->point[i].axis].name != NULL;
		if (!settled(k, from, reference, i, used))
			keep[kept->npoints++] = from->point[i];
		else if (list)
			drop[dropped->npoints++] = from->point[i];
	}
	return true;
}

/* The rows that a reference means, as alternatives of one pick each; axes that it settles are dropped. */
static bool
select_rows(struct maker *k, const struct rmb_use *use, const struct rmb_reference *reference, struct table *out)
{
	const struct rmb_shape *shape = &k->shape[reference->entry];
	const char *branch = reference->branch;
	bool exact = false, branch_exists = !branch;
	for (int64_t r = 0; branch && r < shape->nrows; r++)
		exact |= shape->row[r].branch && strcmp(shape->row[r].branch, branch) == 0;
	struct rmb_row first = {0}, dropped, row;
	*out = (struct table){0};
	for (int64_t r = 0; r < shape->nrows; r++) {
		const struct rmb_row *from = &shape->row[r];
		bool *used = grab(k, from->npoints + 1, sizeof *used);
		if (!used)
			return false;
		if (branch && (!rmb_branch_matches(from->branch, branch, used) || (exact && strcmp(from->branch, branch) != 0)))
			continue;
		branch_exists = true;
		if (reference->replicate && reference->replicate != from->replicate)
			continue;
		if (!settle(k, from, reference, used, &dropped, &row) || !(row.pick = grab(k, 1, sizeof *row.pick)))
			return false;
		*row.pick = (struct rmb_pick){ use, reference, (int)r };
		row.npicks = 1;
		first = out->n ? first : dropped;
		if ((branch && !names_one_axis(k, reference, &first, &dropped)) || !append(k, out, &row))
			return false;
	}
	if (out->n == 0)
		no_such_row(k, reference, branch_exists);
	return out->n > 0;
}

/* ---- ports --------------------------------------------------------------------------------------------------------- */

/* "z", or where the list names z more than once "z+shuffled", "z+2", "z+exponent": no '@', '#', '.', ',' or '/', so that it
 * can itself stand behind an '@' and in the name of a file. */
static const char *
element_name(struct maker *k, const struct rmb_use *use, int i)
{
	const struct rmb_reference *reference = &use->reference[i];
	const char *entry = k->recipe->entry[reference->entry].name;
	int same = 0;
	for (int j = 0; j < use->nreferences; j++)
		same += use->reference[j].entry == reference->entry;
	if (same == 1)
		return entry;
	char replicate[24] = "";
	if (reference->replicate)
		snprintf(replicate, sizeof replicate, "+%d", reference->replicate);
	char *name = rmb_arena_printf(k->arena, "%s%s%s%s%s%s", entry, reference->branch ? "+" : "", reference->branch ? reference->branch : "",
	                              replicate, reference->output ? "+" : "", reference->output ? reference->output : "");
	for (char *c = name; c && *c; c++)
		if (strchr("@#.,/", *c))
			*c = '+';
	return name;
}

/* Names of the elements of a list; NULL after a mistake. */
static const char **
element_names(struct maker *k, const struct rmb_use *use)
{
	const char **name = grab(k, use->nreferences, sizeof *name);
	if (!name)
		return NULL;
	for (int i = 0; i < use->nreferences; i++) {
		name[i] = element_name(k, use, i);
		for (int j = 0; name[i] && j < i; j++)
			if (strcmp(name[i], name[j]) == 0) {
				rmb_mistake(k->m, RMB_ERECIPE, use->reference[i].place, "%s and %s would both be the branch '%s' of %s; name each thing once",
				            use->reference[j].text, use->reference[i].text, name[i], k->entry->name);
				return NULL;
			}
		if (!name[i])
			return NULL;
	}
	return name;
}

/* A port that takes one thing: every row of what it reads, on a new axis if it is a list. */
static bool
port_of_one(struct maker *k, const struct rmb_use *use, struct table *out)
{
	if (!use->list)
		return select_rows(k, use, &use->reference[0], out);
	const char **name = element_names(k, use);
	int axis = name ? new_axis(k, use->nreferences, name, k->entry->stage->in[use->port].name) : -1;
	if (axis < 0)
		return false;
	*out = (struct table){0};
	for (int i = 0; i < use->nreferences; i++) {
		struct table element;
		if (!select_rows(k, use, &use->reference[i], &element))
			return false;
		for (int64_t r = 0; r < element.n; r++) {
			struct rmb_row row;
			if (!at_point(k, &element.row[r], axis, i, &row) || !append(k, out, &row))
				return false;
		}
	}
	return true;
}

static bool
gathers(const struct maker *k, enum rmb_gather gather, int axis)
{
	bool repeat = !k->axis[axis].name;
	return gather == RMB_RECORDINGS || (gather == RMB_REPLICATES) == repeat;
}

/* Splits off the points on gathered axes: key gets those, row keeps the others. */
static bool
split(struct maker *k, enum rmb_gather gather, struct rmb_row *row, struct rmb_row *key)
{
	struct rmb_point *kept = grab(k, row->npoints + 1, sizeof *kept), *gathered = grab(k, row->npoints + 1, sizeof *gathered);
	if (!kept || !gathered)
		return false;
	*key = (struct rmb_row){ .point = gathered };
	int n = 0;
	for (int i = 0; i < row->npoints; i++) {
		if (gathers(k, gather, row->point[i].axis))
			gathered[key->npoints++] = row->point[i];
		else
			kept[n++] = row->point[i];
	}
	row->npoints = n;
	row->point = kept;
	return true;
}

static uint64_t
hash_points(const struct rmb_row *row)
{
	uint64_t hash = 1469598103934665603u;
	for (int i = 0; i < row->npoints; i++)
		hash = ((hash ^ (uint64_t)row->point[i].axis) * 1099511628211u ^ (uint64_t)row->point[i].at) * 1099511628211u;
	return hash ^ hash >> 32;
}

static bool
same_points(const struct rmb_row *a, const struct rmb_row *b)
{
	if (a->npoints != b->npoints)
		return false;
	for (int i = 0; i < a->npoints; i++)
		if (a->point[i].axis != b->point[i].axis || a->point[i].at != b->point[i].at)
			return false;
	return true;
}

/* One row for all rows that lie at the same point: their picks in order. */
static bool
group_rows(struct maker *k, const struct table *rows, struct table *out)
{
	int64_t *head = grab(k, rows->n, sizeof *head), *next = grab(k, rows->n, sizeof *next);
	int64_t *group = grab(k, rows->n, sizeof *group), *length = grab(k, rows->n, sizeof *length);
	*out = (struct table){0};
	if (!head || !next || !group || !length)
		return false;
	for (int64_t r = 0; r < rows->n; r++) { /* chains hold group + 1 */
		const struct rmb_row *row = &rows->row[r];
		int64_t *slot = &head[hash_points(row) % (uint64_t)rows->n], g = *slot;
		while (g && !same_points(&out->row[g - 1], row))
			g = next[g - 1];
		if (!g) {
			if (!append(k, out, row))
				return false;
			g = out->n;
			next[g - 1] = *slot;
			*slot = g;
		}
		group[r] = g - 1;
		length[g - 1] += row->npicks;
	}
	for (int64_t g = 0; g < out->n; g++) {
		if (!(out->row[g].pick = grab(k, length[g], sizeof *out->row[g].pick)))
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

/* Joins the sub-tables of rows that have the same key: what has fewer replicates than others (a shuffle beside three
 * surrogates) so goes along with each of them. */
static bool
join_rows(struct maker *k, const struct table *rows, const struct rmb_row *key, struct table *out)
{
	bool *taken = grab(k, rows->n, sizeof *taken);
	struct rmb_row nothing = {0};
	*out = (struct table){0};
	if (!taken || !append(k, out, &nothing))
		return false;
	for (int64_t r = 0; r < rows->n; r++) {
		struct table same = {0}, joined;
		for (int64_t s = r; !taken[r] && s < rows->n; s++)
			if (!taken[s] && same_points(&key[r], &key[s])) {
				taken[s] = s != r;
				if (!append(k, &same, &rows->row[s]))
					return false;
			}
		if (same.n == 0)
			continue;
		if (!join(k, out, &same, &joined))
			return false;
		*out = joined;
	}
	return true;
}

static bool
gather_rows(struct maker *k, enum rmb_gather gather, struct table *rows, struct table *out)
{
	struct rmb_row *key = grab(k, rows->n, sizeof *key);
	bool uniform = true;
	if (!key)
		return false;
	for (int64_t r = 0; r < rows->n; r++) {
		if (!split(k, gather, &rows->row[r], &key[r]))
			return false;
		uniform &= rows->row[r].npoints == rows->row[0].npoints;
		for (int i = 0; uniform && i < rows->row[r].npoints; i++)
			uniform = rows->row[r].point[i].axis == rows->row[0].point[i].axis;
	}
	return gather != RMB_BRANCHES || uniform ? group_rows(k, rows, out) : join_rows(k, rows, key, out);
}

static bool
port_that_gathers(struct maker *k, const struct rmb_use *use, enum rmb_gather gather, struct table *out)
{
	struct rmb_row nothing = {0};
	*out = (struct table){0};
	if (!append(k, out, &nothing))
		return false;
	for (int i = 0; i < use->nreferences; i++) {
		struct table rows, gathered, joined;
		if (!select_rows(k, use, &use->reference[i], &rows) || !gather_rows(k, gather, &rows, &gathered)
		    || !join(k, out, &gathered, &joined))
			return false;
		*out = joined;
	}
	return true;
}

/* ---- entries ------------------------------------------------------------------------------------------------------- */

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
	if ((axis = new_axis(k, n, NULL, NULL)) < 0)
		return false;
	*rows = (struct table){0};
	for (int64_t r = 0; r < once.n; r++) {
		struct rmb_row example;
		if (!at_point(k, &once.row[r], axis, 0, &example) || !within_limits(k, k->nodes + ((double)rows->n + n) * recordings(k), 0, &example))
			return false;
		for (int i = 0; i < n; i++) {
			struct rmb_row row;
			if (!at_point(k, &once.row[r], axis, i, &row))
				return false;
			row.turn = i + 1;
			if (!append(k, rows, &row))
				return false;
		}
	}
	return true;
}

static const char *
branch_of(struct maker *k, const struct rmb_row *row)
{
	const char *branch = NULL;
	for (int i = 0; i < row->npoints; i++) {
		const struct axis *axis = &k->axis[row->point[i].axis];
		if (axis->name)
			branch = rmb_arena_printf(k->arena, "%s%s%s", branch ? branch : "", branch ? "," : "", axis->name[row->point[i].at]);
	}
	return branch;
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
	row->name = rmb_arena_printf(k->arena, "%s%s%s%s", k->entry->name, row->branch ? "@" : "", row->branch ? row->branch : "", replicate);
	if (row->name && strlen(row->name) <= RMB_MAX_NODE_NAME)
		return true;
	if (row->name)
		rmb_mistake(k->m, RMB_ERECIPE, k->entry->place, "the branch %.60s... gives a name of %zu bytes; %d are allowed, for it names a file",
		            row->name, strlen(row->name), RMB_MAX_NODE_NAME);
	return false;
}

/* Branch, replicate and name of every row. Replicates count within a branch. */
static bool
name_rows(struct maker *k, struct table *rows)
{
	struct rmb_row **sorted = grab(k, rows->n + 1, sizeof *sorted);
	if (!sorted)
		return false;
	for (int64_t r = 0; r < rows->n; r++) {
		rows->row[r].branch = branch_of(k, &rows->row[r]);
		sorted[r] = &rows->row[r];
	}
	qsort(sorted, (size_t)rows->n, sizeof *sorted, by_name);
	for (int64_t r = 0; r < rows->n; r++) {
		struct rmb_row *row = sorted[r], *before = r ? sorted[r - 1] : NULL;
		bool together = before && same_text(row->branch, before->branch);
		if (together && (!same_branch(k, row, before) || !is_repeated(k, row))) {
			rmb_mistake(k->m, RMB_ERECIPE, k->entry->place, "two branches of %s would both be called '%s'; rename one of the entries they come from",
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
				rmb_mistake(k->m, RMB_ERECIPE, reference->place, "%s is one over all recordings, but %s there is one for each; "
				            "its input %s takes a node over all recordings", k->entry->name, reference->text, port->name);
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
	if (!reads_are_possible(k, shape->group) || !append(k, &rows, &nothing))
		return false;
	const struct rmb_use **use = grab(k, entry->nuses + 1, sizeof *use);
	if (!use)
		return false;
	for (int u = 0; u < entry->nuses; u++)
		use[u] = &entry->use[u];
	qsort(use, (size_t)entry->nuses, sizeof *use, by_port);
	for (int u = 0; u < entry->nuses; u++) {
		enum rmb_gather gather = entry->stage->in[use[u]->port].gather;
		struct table port, joined;
		if (!(gather == RMB_ONE ? port_of_one(k, use[u], &port) : port_that_gathers(k, use[u], gather, &port))
		    || !join(k, &rows, &port, &joined))
			return false;
		rows = joined;
	}
	if (!repeat_rows(k, &rows) || !within_limits(k, k->nodes + (double)rows.n * recordings(k), 0, rows.n ? &rows.row[0] : &nothing)
	    || !name_rows(k, &rows))
		return false;
	shape->row = rows.row;
	shape->nrows = rows.n;
	k->nodes += (double)rows.n * recordings(k);
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
rank_entries(struct rmb_arena *arena, const struct rmb_recipe *recipe, const int *order)
{
	struct rank *rank = rmb_arena_alloc(arena, (size_t)recipe->nentries, sizeof *rank);
	for (int i = 0; rank && i < recipe->nentries; i++) {
		int e = order[i];
		const struct rmb_entry *entry = &recipe->entry[e];
		rank[e] = (struct rank){ e, 0, entry->name };
		for (int u = 0; u < entry->nuses; u++)
			for (int j = 0; j < entry->use[u].nreferences; j++) {
				int above = rank[entry->use[u].reference[j].entry].depth;
				rank[e].depth = above >= rank[e].depth ? above + 1 : rank[e].depth;
			}
	}
	if (rank && recipe->nentries)
		qsort(rank, (size_t)recipe->nentries, sizeof *rank, by_rank);
	return rank;
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
		assert(e >= 0); /* the recipe has no cycle */
		placed[e] = true;
		shapes->order[i] = e;
	}
	struct maker k = { .arena = arena, .recipe = recipe, .m = m, .shape = shapes->shape };
	const struct rank *rank = rank_entries(arena, recipe, shapes->order);
	for (int i = 0; rank && i < recipe->nentries; i++) {
		k.entry = &recipe->entry[rank[i].entry];
		shapes->shape[rank[i].entry].known = !k.stop && make_shape(&k, &shapes->shape[rank[i].entry]);
	}
	return rank ? shapes : NULL;
}

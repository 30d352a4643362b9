/* pipeline/shape_port.c -- what an input port reads: rows that references select, branched by a list or gathered. */
#include <string.h>
#include "pipeline/shape_inside.h"

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
		rmb_mistake(k->m, RMB_ERECIPE, reference->place, "%s has no branches, so there is no %s@%s", name, name,
		            reference->branch);
	else if (!branch_exists)
		rmb_mistake(k->m, RMB_ERECIPE, reference->place, "%s has no branch '%s'; it has %s", name, reference->branch,
		            branches);
	else if (!most)
		rmb_mistake(k->m, RMB_ERECIPE, reference->place, "%s is not repeated, so there is no %s", name, reference->text);
	else
		rmb_mistake(k->m, RMB_ERECIPE, reference->place, "there is no %s: replicates of %s go up to #%d",
		            reference->text, name, most);
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
	rmb_mistake(k->m, RMB_ERECIPE, reference->place,
	            "%s can mean several things, for '%s' is an element of two lists; write the whole branch: %s",
	            reference->text, reference->branch, list_branches(k, &k->shape[reference->entry]));
	return false;
}

/* The points of a row that a reference settles (dropped), and the others. */
static bool
settle(struct maker *k, const struct rmb_row *from, const struct rmb_reference *reference, const bool *used,
       struct rmb_row *dropped, struct rmb_row *kept)
{
	struct rmb_point *drop = rmb_shape_grab(k, from->npoints + 1, sizeof *drop),
	                 *keep = rmb_shape_grab(k, from->npoints + 1, sizeof *keep);
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
		bool *used = rmb_shape_grab(k, from->npoints + 1, sizeof *used);
		if (!used)
			return false;
		if (branch && (!rmb_branch_matches(from->branch, branch, used) || (exact && strcmp(from->branch, branch) != 0)))
			continue;
		branch_exists = true;
		if (reference->replicate && reference->replicate != from->replicate)
			continue;
		if (!settle(k, from, reference, used, &dropped, &row) || !(row.pick = rmb_shape_grab(k, 1, sizeof *row.pick)))
			return false;
		*row.pick = (struct rmb_pick){ use, reference, (int)r };
		row.npicks = 1;
		first = out->n ? first : dropped;
		if ((branch && !names_one_axis(k, reference, &first, &dropped)) || !rmb_shape_append(k, out, &row))
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
	char *name = rmb_arena_printf(k->arena, "%s%s%s%s%s%s", entry, reference->branch ? "+" : "",
	                              reference->branch ? reference->branch : "", replicate, reference->output ? "+" : "",
	                              reference->output ? reference->output : "");
	for (char *c = name; c && *c; c++)
		if (strchr("@#.,/", *c))
			*c = '+';
	return name;
}

/* Names of the elements of a list; NULL after a mistake. */
static const char **
element_names(struct maker *k, const struct rmb_use *use)
{
	const char **name = rmb_shape_grab(k, use->nreferences, sizeof *name);
	if (!name)
		return NULL;
	for (int i = 0; i < use->nreferences; i++) {
		name[i] = element_name(k, use, i);
		for (int j = 0; name[i] && j < i; j++)
			if (strcmp(name[i], name[j]) == 0) {
				rmb_mistake(k->m, RMB_ERECIPE, use->reference[i].place,
				            "%s and %s would both be the branch '%s' of %s; name each thing once",
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
	int axis = name ? rmb_shape_new_axis(k, use->nreferences, name, k->entry->stage->in[use->port].name) : -1;
	if (axis < 0)
		return false;
	*out = (struct table){0};
	for (int i = 0; i < use->nreferences; i++) {
		struct table element;
		if (!select_rows(k, use, &use->reference[i], &element))
			return false;
		for (int64_t r = 0; r < element.n; r++) {
			struct rmb_row row;
			if (!rmb_shape_at_point(k, &element.row[r], axis, i, &row) || !rmb_shape_append(k, out, &row))
				return false;
		}
	}
	return true;
}

static bool
gathers(const struct maker *k, enum rmb_gather gather, int axis)
{
	bool repeat = !k->axis[axis].name;
	return gather == RMB_RECORDINGS || gather == RMB_ALL || (gather == RMB_REPLICATES || gather == RMB_SETS) == repeat;
}

/* Splits off the points on gathered axes: key gets those, row keeps the others. */
static bool
split(struct maker *k, enum rmb_gather gather, struct rmb_row *row, struct rmb_row *key)
{
	struct rmb_point *kept = rmb_shape_grab(k, row->npoints + 1, sizeof *kept),
	                 *gathered = rmb_shape_grab(k, row->npoints + 1, sizeof *gathered);
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

/* Joins the sub-tables of rows that have the same key: what has fewer replicates than others (a shuffle beside three
 * surrogates) so goes along with each of them. */
static bool
join_rows(struct maker *k, const struct table *rows, const struct rmb_row *key, struct table *out)
{
	bool *taken = rmb_shape_grab(k, rows->n, sizeof *taken);
	struct rmb_row nothing = {0};
	*out = (struct table){0};
	if (!taken || !rmb_shape_append(k, out, &nothing))
		return false;
	for (int64_t r = 0; r < rows->n; r++) {
		struct table same = {0}, joined;
		for (int64_t s = r; !taken[r] && s < rows->n; s++)
			if (!taken[s] && rmb_shape_same_points(&key[r], &key[s])) {
				taken[s] = s != r;
				if (!rmb_shape_append(k, &same, &rows->row[s]))
					return false;
			}
		if (same.n == 0)
			continue;
		if (!rmb_shape_join(k, out, &same, &joined))
			return false;
		*out = joined;
	}
	return true;
}

static bool
gather_rows(struct maker *k, enum rmb_gather gather, struct table *rows, struct table *out)
{
	struct rmb_row *key = rmb_shape_grab(k, rows->n, sizeof *key);
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
	return gather != RMB_BRANCHES || uniform ? rmb_shape_group(k, rows, out) : join_rows(k, rows, key, out);
}

static bool
port_that_gathers(struct maker *k, const struct rmb_use *use, enum rmb_gather gather, struct table *out)
{
	struct rmb_row nothing = {0};
	*out = (struct table){0};
	if (!rmb_shape_append(k, out, &nothing))
		return false;
	for (int i = 0; i < use->nreferences; i++) {
		struct table rows, gathered, joined;
		if (!select_rows(k, use, &use->reference[i], &rows) || !gather_rows(k, gather, &rows, &gathered)
		    || !rmb_shape_join(k, out, &gathered, &joined))
			return false;
		*out = joined;
	}
	return true;
}

bool
rmb_shape_port(struct maker *k, const struct rmb_use *use, struct table *out)
{
	enum rmb_gather gather = k->entry->stage->in[use->port].gather;
	return gather == RMB_ONE ? port_of_one(k, use, out) : port_that_gathers(k, use, gather, out);
}

/* pipeline/report/tables.c -- the tables of a report: numbers, data on the way, provenance. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "pipeline/bundle.h"
#include "pipeline/report/gathering.h"

/* ---- scalar outputs ---------------------------------------------------------------------------------------------- */

static bool
is_headline(const struct rmb_stage *stage, const struct rmb_port *port)
{
	return stage->headline && strcmp(port->name, stage->headline) == 0;
}

static bool
is_scalar(const struct rmb_stage *stage, const struct rmb_port *port)
{
	return port->kinds == RMB_ARRAY && port->axes && !*port->axes && !is_headline(stage, port);
}

/* What a table says of a number that there is none of. */
static const char none[] = "\xe2\x80\x93";
/* What it says below where numbers are of replicates: their range must not be taken for an interval of confidence. */
static const char ranges[] = "of replicates: their mean, in brackets the smallest and the largest";

/* A scalar in print, be it number or text, over all replicates; NULL: it is not there. */
static const char *
print_scalar(struct rmb_gathering *g, const struct rmb_group *group, const char *name)
{
	struct rmb_spread spread;
	const char *first = NULL;
	if (rmb_gather_spread(g, group, name, &spread))
		return rmb_spread_print(g->arena, &spread, 4);
	for (int i = 0; i < group->n; i++) {
		const char *text = rmb_gather_text(rmb_gather_object(g, group->node[i]), name);
		if (first && text && strcmp(first, text))
			return "not the same in all replicates";
		first = first || !text ? first : rmb_arena_strdup(g->arena, text);
	}
	return first;
}

/* "alpha@z", or "alpha@z, 20 replicates". */
static const char *
group_name(struct rmb_gathering *g, const struct rmb_group *group)
{
	const struct rmb_node *node = group->node[0];
	if (group->n == 1)
		return node->name;
	return node->branch ? rmb_arena_printf(g->arena, "%s@%s, %d replicates", node->entry->name, node->branch, group->n)
	                    : rmb_arena_printf(g->arena, "%s, %d replicates", node->entry->name, group->n);
}

/* How many warnings a group has; NULL: it is not there. */
static const char *
count_warnings(struct rmb_gathering *g, const struct rmb_group *group)
{
	int here = 0, n = 0;
	for (int i = 0; i < group->n; i++) {
		const struct rmb_object *object = rmb_gather_object(g, group->node[i]);
		json_t *list = rmb_gather_warnings(object);
		here += object != NULL;
		n += (int)json_array_size(list);
		json_decref(list);
	}
	return here ? rmb_arena_printf(g->arena, "%d", n) : none;
}

/* Whether a scalar stands in the table over all recordings; the headline does if it is named there. */
static bool
is_summed(const struct rmb_stage *stage, const struct rmb_port *port)
{
	char name[RMB_NAME_MAX];
	int used;
	if (!stage->summary || !(is_scalar(stage, port) || is_headline(stage, port)))
		return is_scalar(stage, port);
	for (const char *at = stage->summary; sscanf(at, "%63s%n", name, &used) == 1; at += used)
		if (strcmp(name, port->name) == 0)
			return true;
	return false;
}

int
rmb_count_scalars(const struct rmb_stage *stage)
{
	int n = 0;
	for (const struct rmb_port *p = stage->out; p && p->name; p++)
		n += is_scalar(stage, p);
	return n;
}

static const char *
unit_of(const struct rmb_port *port)
{
	return port->unit && strcmp(port->unit, "1") ? port->unit : "";
}

static void
numbers_of(struct rmb_gathering *g, const struct rmb_group *group, struct rmb_table *table)
{
	const struct rmb_stage *stage = group->node[0]->stage;
	for (const struct rmb_port *p = stage->out; p->name; p++) {
		const char *text = is_scalar(stage, p) ? print_scalar(g, group, p->name) : NULL;
		if (!text)
			continue;
		const char **cell = table->cell + 5 * table->nrows++;
		cell[0] = group_name(g, group);
		cell[1] = p->name;
		cell[2] = text;
		cell[3] = unit_of(p);
		cell[4] = p->help;
	}
}

/* node, quantity, value, unit, meaning: all scalars of the nodes of a recording (-1: group nodes). */
void
rmb_table_numbers(struct rmb_gathering *g, int source, struct rmb_table *table)
{
	static const struct rmb_column column[] = { { "Result", NULL, false }, { "Quantity", NULL, false },
	                                            { "Value", NULL, true },
	                                            { "Unit", NULL, false }, { "Meaning", NULL, false } };
	int rows = 0;
	for (int i = 0; i < g->graph->nnodes; i++)
		rows += g->graph->node[i]->source == source && !g->graph->node[i]->hidden
		        ? rmb_count_scalars(g->graph->node[i]->stage)
		        : 0;
	struct rmb_column *own = rmb_arena_copy(g->arena, column, 5, sizeof *column);
	*table = (struct rmb_table){ "Numbers", 5, 0, own, rmb_arena_alloc(g->arena, 5 * (size_t)rows, sizeof *table->cell) };
	for (int e = 0; own && table->cell && rows && e < g->graph->recipe->nentries; e++) {
		const struct rmb_entry *entry = &g->graph->recipe->entry[e];
		int n = 0;
		const struct rmb_group *group =
			rmb_count_scalars(entry->stage) ? rmb_gather_groups(g, source, entry, false, &n) : NULL;
		for (int i = 0; group && i < n; i++) {
			numbers_of(g, &group[i], table);
			own[2].help = group[i].n > 1 ? ranges : own[2].help;
		}
	}
}

static struct rmb_column
column_of(struct rmb_gathering *g, const struct rmb_port *p)
{
	return (struct rmb_column){ *unit_of(p) ? rmb_arena_printf(g->arena, "%s (%s)", p->name, unit_of(p)) : p->name,
		                    p->help, p->type != RMB_TEXT };
}

static void
summary_row(struct rmb_gathering *g, const struct rmb_group *group, struct rmb_table *table)
{
	const struct rmb_node *node = group->node[0];
	const char **cell = table->cell + table->ncolumns * table->nrows++;
	int c = 2;
	cell[0] = node->source < 0 ? "all" : g->graph->recipe->source[node->source].name;
	cell[1] = group_name(g, group);
	for (const struct rmb_port *p = node->stage->out; p->name; p++) {
		if (!is_summed(node->stage, p))
			continue;
		const char *text = print_scalar(g, group, p->name);
		cell[c++] = text ? text : none;
	}
	cell[c] = count_warnings(g, group);
}

/* Let go, as `keep: false` says: there is nothing to show, and nothing amiss. */
static bool
is_gone(const struct rmb_gathering *g, const struct rmb_group *group)
{
	for (int i = 0; i < group->n; i++)
		if (g->standing[group->node[i]->index].stand != RMB_GONE)
			return false;
	return true;
}

/* The scalars of an entry, one row a branch of a recording: a column for each, and how many warnings there are to mind.
 * What the columns mean is left out if a table above says so. */
void
rmb_table_summary(struct rmb_gathering *g, const struct rmb_entry *entry, bool explained, struct rmb_table *table)
{
	int n = 3, c = 2, ngroups;
	for (const struct rmb_port *p = entry->stage->out; p->name; p++)
		n += is_summed(entry->stage, p);
	struct rmb_column *column = rmb_arena_alloc(g->arena, (size_t)n, sizeof *column);
	*table = (struct rmb_table){ rmb_arena_printf(g->arena, "%s: %s", entry->name, entry->stage->brief), n, 0, column,
	                             rmb_arena_alloc(g->arena, (size_t)(n * g->graph->nnodes), sizeof *table->cell) };
	if (!column || !table->cell)
		return;
	column[0] = (struct rmb_column){ "Recording", NULL, false };
	column[1] = (struct rmb_column){ "Result", NULL, false };
	for (const struct rmb_port *p = entry->stage->out; p->name; p++)
		if (is_summed(entry->stage, p))
			column[c++] = column_of(g, p);
	column[c] = (struct rmb_column){ "Warnings", "to mind when reading, listed with each recording", true };
	for (int i = 0; explained && i < n; i++)
		column[i].help = NULL;
	for (int s = -1; s < g->graph->recipe->nsources; s++) {
		const struct rmb_group *group = rmb_gather_groups(g, s, entry, false, &ngroups);
		for (int i = 0; group && i < ngroups; i++)
			if (!is_gone(g, &group[i])) {
				summary_row(g, &group[i], table);
				column[1].help = group[i].n > 1 ? ranges : column[1].help;
			}
	}
}

/* ---- results that are tables ------------------------------------------------------------------------------------- */

static const char *
print_entry(struct rmb_gathering *g, const struct rmb_array *a, int64_t i)
{
	if (a->type == RMB_TEXT)
		return rmb_arena_printf(g->arena, "%.*s", (int)a->width, (const char *)a->data + (size_t)i * a->width);
	double value = rmb_gather_value(a, i);
	return isnan(value) ? none : rmb_number_print(g->arena, value, 4);
}

bool
rmb_table_along(struct rmb_gathering *g, const struct rmb_node *node, const char *axis, struct rmb_table *table)
{
	enum { MOST_ROWS = 1000 };
	const struct rmb_object *object = rmb_gather_object(g, node);
	int n = 0;
	int64_t rows = 0;
	for (const struct rmb_port *p = node->stage->out; p->name; p++)
		n++;
	struct rmb_column *column = rmb_arena_alloc(g->arena, (size_t)n, sizeof *column);
	const struct rmb_array **array = rmb_arena_alloc(g->arena, (size_t)n, sizeof *array);
	n = 0;
	for (const struct rmb_port *p = node->stage->out; object && column && array && p->name; p++) {
		const struct rmb_array *a = p->axes && strcmp(p->axes, axis) == 0 ? rmb_object_array(object, p->name) : NULL;
		if (!a || (n && a->axis[0].n != rows))
			continue;
		rows = a->axis[0].n;
		array[n] = a;
		column[n++] = column_of(g, p);
	}
	int64_t shown = rows < MOST_ROWS ? rows : MOST_ROWS;
	const char *cut = shown < rows ? rmb_arena_printf(g->arena, ", the first %d of %" PRId64, MOST_ROWS, rows) : "";
	*table = (struct rmb_table){ rmb_arena_printf(g->arena, "%s: by %s%s", node->name, axis, cut), n, (int)shown, column,
	                             rmb_arena_alloc(g->arena, (size_t)(n * shown), sizeof *table->cell) };
	for (int64_t r = 0; table->cell && r < shown; r++)
		for (int c = 0; c < n; c++)
			table->cell[r * n + c] = print_entry(g, array[c], r);
	return table->cell && shown > 0;
}

/* ---- recordings and spikes --------------------------------------------------------------------------------------- */

/* Neurons, frames, rate and scaling of a recording, or neurons, spikes and observed time: one row. */
static bool
data_row(struct rmb_gathering *g, const struct rmb_node *node, const char **cell)
{
	const struct rmb_object *object = rmb_gather_object(g, node);
	const char *port = node->stage->out[0].name;
	unsigned kind = object ? rmb_bundle_kind(object, port) : 0;
	struct rmb_recording r;
	struct rmb_spikes s;
	struct rmb_error error = { 0 };
	cell[0] = node->name;
	if (kind == RMB_RECORDING && rmb_unbundle_recording(object, port, NULL, &r, &error) == 0) {
		cell[1] = rmb_arena_printf(g->arena, "%" PRId64, r.neurons.n);
		cell[2] = rmb_arena_printf(g->arena, "%" PRId64 " frames", r.nframes);
		if (r.rate > 0) {
			cell[3] = rmb_number_print(g->arena, (double)r.nframes / r.rate, 4);
			cell[4] = rmb_number_print(g->arena, r.rate, 4);
		}
		cell[5] = rmb_arena_printf(g->arena, "%s%s%s", r.scaling, *r.recipe_of_view ? ", " : "", r.recipe_of_view);
		return true;
	}
	if (kind == RMB_SPIKES && rmb_unbundle_spikes(object, port, &s, &error) == 0) {
		cell[1] = rmb_arena_printf(g->arena, "%" PRId64, s.neurons.n);
		cell[2] = rmb_arena_printf(g->arena, "%" PRId64 " spikes", s.nspikes);
		cell[3] = rmb_number_print(g->arena, rmb_spikes_observed(&s), 4);
		return true;
	}
	return false;
}

static bool
flows(const struct rmb_node *node, int source)
{
	return node->source == source && !node->hidden && (node->makes & (RMB_RECORDING | RMB_SPIKES));
}

/* What each recording or spike list on the way consists of: shows what selecting and binning left. */
void
rmb_table_data(struct rmb_gathering *g, int source, struct rmb_table *table)
{
	static const struct rmb_column column[] = { { "Result", NULL, false }, { "Neurons", NULL, true },
	                                            { "Consists of", NULL, true },
	                                            { "Duration (s)", NULL, true }, { "Rate (Hz)", NULL, true },
	                                            { "Scaling and view", NULL, false } };
	int rows = 0;
	for (int i = 0; i < g->graph->nnodes; i++)
		rows += flows(g->graph->node[i], source);
	*table = (struct rmb_table){ "Data on the way", 6, 0, column,
	                             rmb_arena_alloc(g->arena, 6 * (size_t)rows, sizeof *table->cell) };
	for (int i = 0; table->cell && i < g->graph->nnodes; i++)
		if (flows(g->graph->node[i], source))
			table->nrows += data_row(g, g->graph->node[i], table->cell + 6 * table->nrows);
}

/* ---- provenance -------------------------------------------------------------------------------------------------- */

static const char *
settings(struct rmb_gathering *g, const struct rmb_node *node)
{
	const char *text = "";
	for (int p = 0; p < rmb_nparams(node->stage); p++)
		if (!node->value[p].none)
			text = rmb_joined(g->arena, text, ", ",
			                  rmb_arena_printf(g->arena, "%s: %s", node->stage->params[p].name,
			                                   rmb_value_print(g->arena, &node->stage->params[p],
			                                                   &node->value[p])));
	if (node->stage->draws && node->stage->draws(node->settings))
		text = rmb_joined(g->arena, text, ", ",
		                  rmb_arena_printf(g->arena, "seed: %" PRId64 "%s", g->graph->recipe->seed,
		                                   node->turn > 1 ? rmb_arena_printf(g->arena, " (turn %d)", node->turn)
		                                                  : ""));
	return text;
}

void
rmb_table_nodes(struct rmb_gathering *g, struct rmb_table *table)
{
	static const struct rmb_column column[] = { { "Result", NULL, false }, { "Stage", NULL, false },
	                                            { "Settings", NULL, false }, { "Key", NULL, false } };
	*table = (struct rmb_table){ "Results", 4, 0, column, rmb_arena_alloc(g->arena, 4 * (size_t)g->graph->nnodes,
	                                                                      sizeof *table->cell) };
	for (int i = 0; table->cell && i < g->graph->nnodes; i++) {
		const struct rmb_node *node = g->graph->node[i];
		const char **cell = table->cell + 4 * table->nrows++;
		cell[0] = node->id;
		cell[1] = rmb_arena_printf(g->arena, "%s, version %d", node->stage->name, node->stage->version);
		cell[2] = settings(g, node);
		cell[3] = node->key;
	}
}

/* With what the objects were computed: every attribute but what belongs to the node itself, and how many objects say so. */
void
rmb_table_build(struct rmb_gathering *g, struct rmb_table *table)
{
	enum { MOST = 64 };
	static const struct rmb_column column[] = { { "Made with", NULL, false }, { "", NULL, false },
	                                            { "Results", NULL, true } };
	int count[MOST] = { 0 };
	*table = (struct rmb_table){ NULL, 3, 0, column, rmb_arena_alloc(g->arena, 3 * MOST, sizeof *table->cell) };
	for (int i = 0; table->cell && i < g->graph->nnodes; i++) {
		const struct rmb_object *object = rmb_gather_object(g, g->graph->node[i]);
		for (int a = 0; object && a < object->nattributes; a++) {
			const char *name = object->attribute[2 * a], *value = object->attribute[2 * a + 1];
			int r = 0;
			if (strcmp(name, "description") == 0 || strcmp(name, "warnings") == 0)
				continue;
			while (r < table->nrows && (strcmp(table->cell[3 * r], name) || strcmp(table->cell[3 * r + 1], value)))
				r++;
			if (r == MOST)
				continue;
			if (r == table->nrows) {
				const char *kept_name = rmb_arena_strdup(g->arena, name),
				           *kept_value = rmb_arena_strdup(g->arena, value);
				if (!kept_name || !kept_value)
					continue;
				table->cell[3 * r] = kept_name;
				table->cell[3 * r + 1] = kept_value;
				table->nrows++;
			}
			count[r]++;
		}
	}
	rmb_gather_close(g);
	for (int r = 0; r < table->nrows; r++)
		table->cell[3 * r + 2] = rmb_arena_printf(g->arena, "%d", count[r]);
}


/* pipeline/key.c -- canonical descriptions and keys. */
#include <stdlib.h>
#include <string.h>
#include "pipeline/drive.h"
#include "pipeline/events.h"
#include "pipeline/gone.h"
#include "pipeline/inputs.h"
#include "pipeline/key.h"
#include "rumble/hash.h"

static json_t *
parameters(const struct rmb_node *node)
{
	json_t *object = json_object();
	for (int i = 0; i < rmb_nparams(node->stage); i++) {
		const struct rmb_param *param = &node->stage->params[i];
		if (!param->numeric_noise && json_object_set_new(object, param->name, rmb_value_json(param, &node->value[i]))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *
inputs(const struct rmb_node *node)
{
	json_t *list = json_array();
	for (int i = 0; i < node->nedges; i++) {
		const struct rmb_edge *edge = &node->edge[i];
		if (json_array_append_new(list, json_pack("[sss]", node->stage->in[edge->port].name, edge->from->key,
		                                          edge->output))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* Labels and tags of one recording. */
static json_t *
labels_of(const struct rmb_source *source)
{
	json_t *object = json_object(), *tags = json_array();
	int failed = 0;
	for (int i = 0; i < source->nlabels; i++)
		failed |= json_object_set_new(object, source->label[i].name, json_string(source->label[i].value));
	for (int i = 0; i < source->ntags; i++)
		failed |= json_array_append_new(tags, json_string(source->tag[i]));
	json_t *both = json_pack("{soso}", "labels", object, "tags", tags); /* takes both, even when it fails */
	if (failed) {
		json_decref(both);
		return NULL;
	}
	return both;
}

static json_t *
labels(const struct rmb_graph *graph, const struct rmb_node *node)
{
	json_t *list = json_array();
	for (int i = 0; i < node->nedges; i++) {
		int source = node->edge[i].from->source;
		if (json_array_append_new(list, source < 0 ? json_null() : labels_of(&graph->recipe->source[source]))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* What the things it reads are called; the recording only where there are several. */
static json_t *
names(const struct rmb_graph *graph, const struct rmb_node *node)
{
	json_t *list = json_array();
	for (int i = 0; i < node->nedges; i++) {
		const struct rmb_node *from = node->edge[i].from;
		json_t *name = json_pack("[ooi]", rmb_json_text(from->entry->name), rmb_json_text(rmb_node_own_branch(from)),
		                         from->replicate);
		if (node->source < 0 && from->source >= 0)
			json_array_append_new(name, rmb_json_text(graph->recipe->source[from->source].name));
		if (json_array_append_new(list, name)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* Of a driver: what it varied (stage, setting), what that is in each set, and which set and replicate each thing at its
 * port of sets is. */
static json_t *
sets(const struct rmb_graph *graph, const struct rmb_node *node)
{
	const struct rmb_entry *entry = node->entry;
	json_t *varied = json_array(), *values = json_array(), *of = json_array();
	for (int v = 0; v < entry->nvary; v++) {
		const struct rmb_stage *stage = graph->recipe->entry[entry->vary[v].entry].stage;
		json_array_append_new(varied, json_pack("[ss]", stage->name, stage->params[entry->vary[v].param].name));
	}
	for (int s = 0; s < node->drive->nsets; s++) {
		json_t *set = json_array();
		for (int v = 0; v < entry->nvary; v++) {
			const struct rmb_param *param =
				&graph->recipe->entry[entry->vary[v].entry].stage->params[entry->vary[v].param];
			json_array_append_new(set, rmb_value_json(param, &node->drive->set[s].value[v]));
		}
		json_array_append_new(values, set);
	}
	for (int e = 0; e < node->nedges; e++)
		if (node->stage->in[node->edge[e].port].gather == RMB_SETS)
			json_array_append_new(of, json_pack("[ii]", node->edge[e].set, node->edge[e].replicate));
	return json_pack("{sososo}", "varied", varied, "values", values, "of", of);
}

static json_t *
absent(const struct rmb_node *node)
{
	json_t *list = json_array();
	for (int i = 0; i < node->nabsent; i++)
		json_array_append_new(list, rmb_json_text(node->absent[i]));
	return list;
}

const char *
rmb_node_describe(const struct rmb_graph *graph, const struct rmb_node *node, int numeric)
{
	json_t *object =
		json_pack("{sisssisisoso}", "format", RMB_DESCRIPTION_FORMAT, "stage", node->stage->name, "version",
	                  node->stage->version, "numeric", numeric, "parameters", parameters(node), "inputs", inputs(node));
	int failed = !object;
	if (object && node->stage->draws && node->stage->draws(node->settings))
		failed |= json_object_set_new(object, "seed", json_integer(graph->recipe->seed))
		          | json_object_set_new(object, "replicate", json_integer(node->turn));
	if (object && node->stage->reads_labels)
		failed |= json_object_set_new(object, "labels", labels(graph, node));
	if (object && node->stage->reads_names)
		failed |= json_object_set_new(object, "names", names(graph, node));
	if (object && node->stage->reads_names && node->nabsent)
		failed |= json_object_set_new(object, "absent", absent(node));
	if (object && node->drive)
		failed |= json_object_set_new(object, "sets", sets(graph, node));
	char *text = failed ? NULL : json_dumps(object, JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(17));
	const char *kept = text ? rmb_arena_strdup(graph->arena, text) : NULL;
	free(text);
	json_decref(object);
	return kept;
}

static int
by_key(const void *a, const void *b)
{
	const struct rmb_node *x = *(struct rmb_node *const *)a, *y = *(struct rmb_node *const *)b;
	int order = strcmp(x->key, y->key);
	return order ? order : x->index - y->index;
}

static int
find_twins(struct rmb_graph *graph)
{
	struct rmb_node **sorted = malloc(((size_t)graph->nnodes + 1) * sizeof *sorted);
	if (!sorted)
		return RMB_ELIMIT;
	memcpy(sorted, graph->node, (size_t)graph->nnodes * sizeof *sorted);
	qsort(sorted, (size_t)graph->nnodes, sizeof *sorted, by_key);
	for (int i = 0; i < graph->nnodes; i++) {
		struct rmb_node *before = i ? sorted[i - 1] : NULL;
		sorted[i]->twin =
			before && strcmp(before->key, sorted[i]->key) == 0 ? before->twin ? before->twin : before : NULL;
	}
	free(sorted);
	return 0;
}

int
rmb_graph_name(struct rmb_graph *graph, int numeric)
{
	for (int i = 0; i < graph->nnodes; i++) {
		struct rmb_node *node = graph->node[i];
		node->description = rmb_node_describe(graph, node, numeric);
		if (!node->description)
			return RMB_ELIMIT;
		rmb_sha256(node->description, strlen(node->description), node->key);
	}
	return find_twins(graph);
}

/* Hashes the files that a node's settings name. Nodes of one entry and recording share their settings: once is enough. */
static int
hash_files(struct rmb_graph *graph, struct rmb_node *node, struct rmb_inputs *memo, const json_t *gone, struct rmb_mistakes *m)
{
	int first = 0;
	for (int i = 0; i < rmb_nparams(node->stage); i++) {
		struct rmb_value *value = &node->value[i];
		struct rmb_error error = {0};
		char hex[RMB_KEY_MAX];
		if (node->stage->params[i].kind != RMB_FILE || value->none || value->sha256)
			continue;
		const char *content = rmb_gone_content(gone, value->path);
		if (content && (value->sha256 = rmb_arena_strdup(graph->arena, content))) {
			rmb_remark(m, value->place,
			           "%s is not there any more; shown is what came of it when a run last read it", value->path);
			continue;
		}
		int code = rmb_inputs_hash_content(memo, value->path, node->stage->params[i].inside, hex, &error);
		if (code)
			rmb_mistake(m, code, value->place, "%s", error.text);
		/* what cannot be read is told once, not once a node */
		value->sha256 = code ? "" : rmb_arena_strdup(graph->arena, hex);
		first = first ? first : code;
	}
	return first;
}

int
rmb_graph_keys(struct rmb_graph *graph, const char *memo, const json_t *gone, struct rmb_mistakes *m)
{
	struct rmb_inputs *inputs_memo = rmb_inputs_open(memo);
	int code = inputs_memo ? 0 : RMB_ELIMIT, before = rmb_mistakes_count(m);
	for (int i = 0; inputs_memo && i < graph->nnodes; i++) {
		int failed = hash_files(graph, graph->node[i], inputs_memo, gone, m);
		code = code ? code : failed;
	}
	rmb_inputs_close(inputs_memo);
	if (!code)
		code = rmb_graph_name(graph, rmb_numeric_version);
	if (code && rmb_mistakes_count(m) == before)
		rmb_mistake(m, code, (struct rmb_place){0}, "there is not enough memory to name the nodes of this recipe");
	return code;
}

/* pipeline/orders.c -- what a run tells a worker, written by the one and read by the other. */
#include "pipeline/orders.h"
#include <stdio.h>
#include <string.h>
#include "pipeline/events.h"
#include "pipeline/settings.h"
#include "rumble/hash.h"

/* ---- writing */

static void
add_files(json_t *files, const struct rmb_node *node)
{
	for (int p = 0; p < rmb_nparams(node->stage); p++)
		if (node->stage->params[p].kind == RMB_FILE && !node->value[p].none && node->value[p].sha256)
			json_object_set_new(files, node->value[p].sha256, rmb_json_path(node->value[p].path));
}

static json_t *
files_json(const struct rmb_node *node)
{
	json_t *files = json_object();
	add_files(files, node);
	return files;
}

/* Files of all that a node reads, however far up; `seen` has the nodes that were looked at. */
static void
add_places(json_t *places, json_t *seen, const struct rmb_node *node)
{
	for (int e = 0; e < node->nedges; e++) {
		const struct rmb_node *from = node->edge[e].from;
		char name[16];
		snprintf(name, sizeof name, "%d", from->index);
		if (json_object_get(seen, name) || json_object_set_new(seen, name, json_true()))
			continue;
		add_files(places, from);
		add_places(places, seen, from);
	}
}

static json_t *
places_json(const struct rmb_node *node)
{
	json_t *places = json_object(), *seen = json_object();
	add_places(places, seen, node);
	json_decref(seen);
	return places;
}

/* Settings that cannot change a result stand in no description. */
static json_t *
unkeyed_json(const struct rmb_node *node)
{
	json_t *unkeyed = json_object();
	for (int p = 0; p < rmb_nparams(node->stage); p++)
		if (node->stage->params[p].numeric_noise)
			json_object_set_new(unkeyed, node->stage->params[p].name,
			                    rmb_value_json(&node->stage->params[p], &node->value[p]));
	return unkeyed;
}

/* The labels of the recording that a node belongs to; none for group nodes. */
static json_t *
labels_json(const struct rmb_recipe *recipe, const struct rmb_node *node)
{
	json_t *labels = json_object();
	if (node->source < 0)
		return labels;
	const struct rmb_source *source = &recipe->source[node->source];
	for (int l = 0; l < source->nlabels; l++)
		json_object_set_new(labels, source->label[l].name, rmb_json_text(source->label[l].value));
	return labels;
}

static json_t *
origin_json(const struct rmb_recipe *recipe, const struct rmb_node *node)
{
	return json_pack("{s:o, s:o, s:o, s:i}", "recording",
	                 rmb_json_text(node->source < 0 ? "" : recipe->source[node->source].name), "entry",
	                 rmb_json_text(node->entry->name), "branch", rmb_json_text(rmb_node_own_branch(node)), "replicate",
	                 node->replicate);
}

static json_t *
inputs_json(const struct rmb_recipe *recipe, const struct rmb_node *node)
{
	json_t *inputs = json_array();
	for (int e = 0; e < node->nedges; e++) {
		const struct rmb_edge *edge = &node->edge[e];
		json_array_append_new(inputs,
		                      json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "port", node->stage->in[edge->port].name,
		                                "key", edge->from->key, "output", edge->output, "name",
		                                rmb_json_text(edge->from->id), "labels",
		                                node->stage->reads_labels ? labels_json(recipe, edge->from) : json_object(),
		                                "origin",
		                                node->stage->reads_names ? origin_json(recipe, edge->from) : json_object()));
	}
	return inputs;
}

/* What a driver's settings are called; what they are stands in the description. */
static json_t *
varied_json(const struct rmb_node *node)
{
	json_t *names = json_array();
	for (int v = 0; node->drive && v < node->entry->nvary; v++)
		json_array_append_new(names, rmb_json_text(node->entry->vary[v].name));
	return names;
}

static json_t *
node_json(const struct rmb_recipe *recipe, const struct rmb_node *node)
{
	const char *recording = node->source < 0 ? "" : recipe->source[node->source].name;
	return json_pack("{s:i, s:s, s:s, s:o, s:o, s:I, s:i, s:o, s:o, s:o, s:o, s:o}", "index", node->index, "key", node->key,
		"description", node->description, "id", rmb_json_text(node->id), "recording", rmb_json_text(recording),
		"seed", (json_int_t)recipe->seed, "turn", node->turn, "files", files_json(node), "places", places_json(node),
		"unkeyed", unkeyed_json(node), "varied", varied_json(node), "inputs", inputs_json(recipe, node));
}

char *
rmb_orders_write(const struct rmb_orders *orders, int threads, const struct rmb_recipe *recipe, struct rmb_node *const *node,
                 int n)
{
	json_t *nodes = json_array();
	for (int i = 0; i < n; i++)
		json_array_append_new(nodes, node_json(recipe, node[i]));
	json_t *root = json_pack("{s:o, s:s, s:i, s:i, s:f, s:b, s:o}", "cache", rmb_json_path(orders->cache), "run",
	                         orders->run, "parent", (int)orders->parent, "threads", threads, "memory", orders->memory,
	                         "confined", (int)orders->confined, "nodes", nodes);
	char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	return text;
}

/* ---- reading */

static int
broken(struct rmb_error *error, const char *what)
{
	return rmb_error_set(error, RMB_EINTERNAL, "the orders of a worker do not hold together: %s", what);
}

static int
read_labels(struct rmb_arena *arena, const json_t *labels, struct rmb_order_input *input, struct rmb_error *error)
{
	struct rmb_label *label = rmb_arena_alloc(arena, json_object_size(labels), sizeof *label);
	if (!label)
		return rmb_error_nomem(error, "the orders");
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)labels, name, value)
		label[input->nlabels++] = (struct rmb_label){ rmb_arena_strdup(arena, name),
		                                              rmb_arena_strdup(arena, json_string_value(value)) };
	input->label = label;
	return 0;
}

/* An empty object: the stage reads no names. */
static int
read_origin(struct rmb_arena *arena, const json_t *json, struct rmb_order_input *input, struct rmb_error *error)
{
	const char *recording = "", *entry = "", *branch = "";
	int replicate = 0;
	if (json_unpack((json_t *)json, "{s?s, s?s, s?s, s?i}", "recording", &recording, "entry", &entry, "branch", &branch,
	                "replicate", &replicate))
		return broken(error, "the origin of an input is not one");
	input->origin = (struct rmb_origin){ rmb_arena_strdup(arena, recording), rmb_arena_strdup(arena, entry),
	                                     rmb_arena_strdup(arena, branch),
	                                     input->output, replicate };
	return input->origin.branch ? 0 : rmb_error_nomem(error, "the orders");
}

static int
find_port(const struct rmb_stage *stage, const char *name)
{
	for (int i = 0; stage->in[i].name; i++)
		if (strcmp(stage->in[i].name, name) == 0)
			return i;
	return -1;
}

/* Every input of the description must stand among the given ones, which add its name and labels. */
static int
match_inputs(const json_t *described, const json_t *given)
{
	if (json_array_size(described) != json_array_size(given))
		return 0;
	for (size_t i = 0; i < json_array_size(described); i++) {
		const json_t *d = json_array_get(described, i), *g = json_array_get(given, i);
		static const char *const member[] = { "port", "key", "output" };
		for (size_t m = 0; m < 3; m++)
			if (!json_equal(json_array_get(d, m), json_object_get(g, member[m])))
				return 0;
	}
	return 1;
}

/* Which settings were varied: the stage and the setting from the description, its name from the orders. */
static int
read_varied(struct rmb_arena *arena, const json_t *described, const json_t *names, struct rmb_order_sets *sets,
            struct rmb_error *error)
{
	int n = (int)json_array_size(described);
	struct rmb_order_varied *varied = rmb_arena_alloc(arena, (size_t)n, sizeof *varied);
	if (!varied)
		return rmb_error_nomem(error, "the orders");
	for (int v = 0; v < n; v++) {
		const char *stage, *setting, *name = json_string_value(json_array_get(names, (size_t)v));
		if (!name || json_unpack(json_array_get(described, (size_t)v), "[ss]", &stage, &setting))
			return broken(error, "a varied setting lacks its name");
		const struct rmb_stage *of = rmb_stage_find(stage);
		int param = of ? rmb_param_index(of, setting) : -1;
		if (param < 0)
			return broken(error, "the description is of another version of the program");
		varied[v] = (struct rmb_order_varied){ rmb_arena_strdup(arena, name), &of->params[param] };
	}
	sets->varied = varied;
	sets->nvaried = n;
	return 0;
}

static int
read_set_values(struct rmb_arena *arena, const json_t *described, struct rmb_order_sets *sets, struct rmb_error *error)
{
	int n = (int)json_array_size(described), code = 0;
	struct rmb_value *value = rmb_arena_alloc(arena, (size_t)n * (size_t)sets->nvaried, sizeof *value);
	if (!value)
		return rmb_error_nomem(error, "the orders");
	for (int s = 0; s < n; s++)
		for (int v = 0; v < sets->nvaried && code == 0; v++)
			code = rmb_value_from_json(arena, sets->varied[v].param,
			                           json_array_get(json_array_get(described, (size_t)s), (size_t)v), NULL,
			                           &value[s * sets->nvaried + v], error);
	sets->value = value;
	sets->nsets = n;
	return code;
}

static int
read_members(struct rmb_arena *arena, const json_t *of, struct rmb_order_sets *sets, struct rmb_error *error)
{
	int n = (int)json_array_size(of);
	struct rmb_order_member *member = rmb_arena_alloc(arena, (size_t)n, sizeof *member);
	if (!member)
		return rmb_error_nomem(error, "the orders");
	for (int i = 0; i < n; i++)
		if (json_unpack(json_array_get(of, (size_t)i), "[ii]", &member[i].set, &member[i].replicate) ||
		    member[i].set < 0 || member[i].set >= sets->nsets)
			return broken(error, "an input belongs to no set");
	sets->member = member;
	sets->nmembers = n;
	return 0;
}

/* The sets of a driver, and to which of them its inputs belong. */
static int
read_sets(struct rmb_arena *arena, const json_t *described, const json_t *names, struct rmb_order_sets *sets,
          struct rmb_error *error)
{
	int code = read_varied(arena, json_object_get(described, "varied"), names, sets, error);
	code = code ? code : read_set_values(arena, json_object_get(described, "values"), sets, error);
	return code ? code : read_members(arena, json_object_get(described, "of"), sets, error);
}

static int
read_inputs(struct rmb_arena *arena, const json_t *described, const json_t *given, struct rmb_order *order,
            struct rmb_error *error)
{
	if (!match_inputs(described, given))
		return broken(error, "inputs differ from the description");
	struct rmb_order_input *input = rmb_arena_alloc(arena, json_array_size(given), sizeof *input);
	if (!input)
		return rmb_error_nomem(error, "the orders");
	for (size_t i = 0; i < json_array_size(given); i++) {
		const char *port, *key, *output, *name;
		json_t *labels, *origin;
		if (json_unpack(json_array_get(given, i), "{s:s, s:s, s:s, s:s, s:o, s:o}", "port", &port, "key", &key,
		                "output", &output, "name", &name, "labels", &labels, "origin", &origin) ||
		    (input[i].port = find_port(order->stage, port)) < 0)
			return broken(error, "an input is not of this stage");
		input[i].key = rmb_arena_strdup(arena, key);
		input[i].output = rmb_arena_strdup(arena, output);
		input[i].name = rmb_arena_strdup(arena, name);
		int code = read_labels(arena, labels, &input[i], error);
		code = code ? code : read_origin(arena, origin, &input[i], error);
		if (code)
			return code;
	}
	order->input = input;
	order->ninputs = (int)json_array_size(given);
	return 0;
}

/* The files that the settings name, for looking at them again once they were read. */
static int
list_files(struct rmb_arena *arena, const json_t *parameters, const struct rmb_value *value, struct rmb_task *task,
           struct rmb_error *error)
{
	const struct rmb_param *param = task->order.stage->params;
	int n = rmb_nparams(task->order.stage);
	struct rmb_order_file *file = rmb_arena_alloc(arena, (size_t)n, sizeof *file);
	for (int p = 0; file && p < n; p++)
		if (param[p].kind == RMB_FILE && !value[p].none)
			file[task->order.nfiles++] = (struct rmb_order_file){ value[p].path, param[p].inside,
				rmb_arena_strdup(arena, json_string_value(json_object_get(parameters, param[p].name))) };
	task->order.file = file;
	return file ? 0 : rmb_error_nomem(error, "the orders");
}

static int
read_places(struct rmb_arena *arena, const json_t *places, struct rmb_order *order, struct rmb_error *error)
{
	struct rmb_order_file *place = rmb_arena_alloc(arena, json_object_size(places), sizeof *place);
	const char *sha256;
	json_t *path;
	if (!place)
		return rmb_error_nomem(error, "the orders");
	json_object_foreach((json_t *)places, sha256, path)
		place[order->nplaces++] = (struct rmb_order_file){ rmb_json_path_value(arena, path), NULL,
		                                                   rmb_arena_strdup(arena, sha256) };
	order->place = place;
	return 0;
}

static int
read_settings(struct rmb_arena *arena, const json_t *parameters, const json_t *node, struct rmb_task *task,
              struct rmb_error *error)
{
	struct rmb_order *order = &task->order;
	const json_t *files = json_object_get(node, "files"), *unkeyed = json_object_get(node, "unkeyed");
	int n = rmb_nparams(order->stage);
	struct rmb_value *value = rmb_arena_alloc(arena, (size_t)n, sizeof *value);
	if (!value)
		return rmb_error_nomem(error, "the settings");
	for (int p = 0; p < n; p++) {
		const struct rmb_param *param = &order->stage->params[p];
		const json_t *json = json_object_get(param->numeric_noise ? unkeyed : parameters, param->name);
		int code = json ? rmb_value_from_json(arena, param, json, files, &value[p], error)
		                : broken(error, "a setting is missing");
		if (code)
			return code;
	}
	order->settings = rmb_settings_make(arena, order->stage, value);
	return order->settings ? list_files(arena, parameters, value, task, error) : rmb_error_nomem(error, "the settings");
}

/* Names of recordings; NULL: there are none. */
static int
read_absent(struct rmb_arena *arena, const json_t *names, struct rmb_order *order, struct rmb_error *error)
{
	const char **absent = rmb_arena_alloc(arena, json_array_size(names), sizeof *absent);
	if (!absent)
		return rmb_error_nomem(error, "the orders");
	for (size_t i = 0; i < json_array_size(names); i++)
		absent[order->nabsent++] = rmb_arena_strdup(arena, json_string_value(json_array_get(names, i)));
	order->absent = absent;
	return 0;
}

/* What the description says, after comparing it with the key and with the stage as this program has it. */
static int
read_description(struct rmb_arena *arena, const json_t *node, struct rmb_task *task, struct rmb_error *error)
{
	struct rmb_order *order = &task->order;
	char key[RMB_KEY_MAX];
	rmb_sha256(order->description, strlen(order->description), key);
	if (strcmp(key, order->key))
		return broken(error, "the key is not that of the description");
	json_t *root = json_loads(order->description, JSON_REJECT_DUPLICATES, NULL);
	const char *stage;
	int version, code;
	json_t *parameters, *inputs;
	if (!root || json_unpack(root, "{s:s, s:i, s:o, s:o}", "stage", &stage, "version", &version, "parameters", &parameters,
	                         "inputs", &inputs))
		code = broken(error, "the description is not one");
	else if (!(order->stage = rmb_stage_find(stage)) || order->stage->version != version)
		code = broken(error, "the description is of another version of the program");
	else if ((code = read_settings(arena, parameters, node, task, error)) == 0)
		code = read_inputs(arena, inputs, json_object_get(node, "inputs"), order, error);
	if (code == 0 && json_object_get(root, "sets"))
		code = read_sets(arena, json_object_get(root, "sets"), json_object_get(node, "varied"), &order->sets, error);
	if (code == 0)
		code = read_absent(arena, json_object_get(root, "absent"), order, error);
	json_decref(root);
	return code;
}

static int
read_node(struct rmb_arena *arena, const json_t *node, int threads, struct rmb_task *task, struct rmb_error *error)
{
	struct rmb_order *order = &task->order;
	const char *key, *description, *id, *recording;
	json_int_t seed;
	if (json_unpack((json_t *)node, "{s:i, s:s, s:s, s:s, s:s, s:I, s:i}", "index", &task->index, "key", &key, "description",
	                &description, "id", &id, "recording", &recording, "seed", &seed, "turn", &order->replicate))
		return broken(error, "a node lacks a member");
	order->key = rmb_arena_strdup(arena, key);
	order->description = rmb_arena_strdup(arena, description);
	order->id = rmb_arena_strdup(arena, id);
	order->recording = rmb_arena_strdup(arena, recording);
	order->seed = seed;
	order->threads = threads;
	int code = read_places(arena, json_object_get(node, "places"), order, error);
	return code ? code : read_description(arena, node, task, error);
}

int
rmb_orders_read(struct rmb_arena *arena, const char *text, size_t length, struct rmb_orders *orders, struct rmb_error *error)
{
	const char *run;
	int parent, threads, confined, code = 0;
	json_t *nodes, *cache, *root = json_loadb(text, length, 0, NULL);
	if (!root || json_unpack(root, "{s:o, s:s, s:i, s:i, s:F, s:b, s:o}", "cache", &cache, "run", &run, "parent", &parent,
	                         "threads", &threads, "memory", &orders->memory, "confined", &confined, "nodes", &nodes)) {
		json_decref(root);
		return broken(error, "a member is missing");
	}
	orders->cache = rmb_json_path_value(arena, cache);
	orders->run = rmb_arena_strdup(arena, run);
	orders->parent = parent;
	orders->confined = confined;
	orders->ntasks = (int)json_array_size(nodes);
	orders->task = rmb_arena_alloc(arena, json_array_size(nodes), sizeof *orders->task);
	if (!orders->task)
		code = rmb_error_nomem(error, "the orders");
	for (int i = 0; i < orders->ntasks && code == 0; i++)
		code = read_node(arena, json_array_get(nodes, (size_t)i), threads, &orders->task[i], error);
	json_decref(root);
	return code;
}

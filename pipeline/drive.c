/* pipeline/drive.c -- questions to drivers: what they vary, what is known so far, and their answers made into values. */
#include "pipeline/drive.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "pipeline/bundle.h"

struct rmb_drives *
rmb_drives_new(struct rmb_arena *arena)
{
	struct rmb_drives *drives = rmb_arena_alloc(arena, 1, sizeof *drives);
	if (drives)
		drives->arena = arena;
	return drives;
}

void
rmb_drive_refuse(struct rmb_drives *drives, struct rmb_drive *drive, int nsets, int code, const char *sentence)
{
	const char *kept = rmb_arena_strdup(drives->arena, sentence);
	drive->nsets = nsets;
	drive->done = true;
	drive->code = code;
	drive->refusal = kept ? kept : "there is no memory to go on";
}

/* ---- the question */

/* A setting for the stage: its texts, and numbers where they are some. */
static bool
describe(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_vary *vary, struct rmb_varied *to)
{
	const char **text = rmb_arena_alloc(arena, (size_t)vary->n, sizeof *text);
	double *number = rmb_arena_alloc(arena, (size_t)vary->n, sizeof *number);
	for (int i = 0; text && number && i < vary->n; i++) {
		text[i] = vary->value[i].written;
		number[i] = rmb_value_number(param, &vary->value[i]);
	}
	*to = (struct rmb_varied){ .name = vary->name, .param = param, .n = vary->n, .text = text, .number = number };
	return text && number;
}

static const struct rmb_varied *
describe_all(struct rmb_arena *arena, const struct rmb_recipe *recipe, const struct rmb_entry *entry)
{
	struct rmb_varied *varied = rmb_arena_alloc(arena, (size_t)entry->nvary, sizeof *varied);
	for (int v = 0; varied && v < entry->nvary; v++) {
		const struct rmb_vary *vary = &entry->vary[v];
		if (!describe(arena, &recipe->entry[vary->entry].stage->params[vary->param], vary, &varied[v]))
			return NULL;
	}
	return varied;
}

static struct rmb_tried *
results_so_far(struct rmb_arena *arena, const struct rmb_drive *drive)
{
	struct rmb_tried *tried = rmb_arena_alloc(arena, (size_t)drive->nsets, sizeof *tried);
	for (int s = 0; tried && s < drive->nsets; s++)
		tried[s] = (struct rmb_tried){ .text = drive->set[s].text, .n = drive->set[s].n, .value = drive->set[s].result };
	return tried;
}

/* ---- the answer */

/* The text of a set as a value of its parameter; one that the recipe gave is that value, with its place. */
static int
read_text(struct rmb_arena *arena, const struct rmb_vary *vary, const struct rmb_varied *varied, const char *stage,
          const char *text, struct rmb_value *value, struct rmb_error *error)
{
	for (int i = 0; i < vary->n; i++)
		if (text == vary->value[i].written) {
			*value = vary->value[i];
			return 0;
		}
	struct rmb_mistakes *m = rmb_mistakes_new(arena);
	struct rmb_tree scalar = { .kind = RMB_SCALAR, .text = text }, *tree = &scalar;
	if (m && *text == '[')
		tree = rmb_tree_parse(arena, "", text, strlen(text), m);
	if (!m)
		return rmb_error_nomem(error, "the sets of a search");
	if (!tree || rmb_value_read(arena, stage, varied->param, tree, "", value, m))
		return rmb_error_set(error, RMB_EDATA, "a set was proposed in which %s is %s, which it cannot be: %s",
		                     vary->name, text, rmb_mistakes_first(m));
	return 0;
}

static int
take_set(struct rmb_drives *drives, struct rmb_drive *drive, const struct rmb_recipe *recipe, const char *const *text,
         struct rmb_error *error)
{
	const struct rmb_entry *entry = drive->entry;
	struct rmb_set *sets = rmb_arena_room(drives->arena, drive->set, (size_t)drive->nsets, sizeof *sets);
	struct rmb_set set = { .value = rmb_arena_alloc(drives->arena, (size_t)entry->nvary, sizeof *set.value),
	                       .text = rmb_arena_copy(drives->arena, text, (size_t)entry->nvary, sizeof *text) };
	if (!sets || !set.value || !set.text)
		return rmb_error_nomem(error, "the sets of a search");
	drive->set = sets;
	for (int v = 0; v < entry->nvary; v++) {
		const char *stage = recipe->entry[entry->vary[v].entry].stage->name;
		int code = read_text(drives->arena, &entry->vary[v], &drive->varied[v], stage, text[v], &set.value[v], error);
		if (code)
			return code;
	}
	drive->set[drive->nsets++] = set;
	return 0;
}

static int
take_answer(struct rmb_drives *drives, struct rmb_drive *drive, const struct rmb_recipe *recipe,
            const struct rmb_search *answer, struct rmb_error *error)
{
	int code = 0, before = drive->nsets;
	drive->done = answer->done || answer->nsets == 0;
	drive->round++;
	if (answer->nsets > RMB_MAX_SETS - before || (!drive->done && drive->round == RMB_MAX_ROUNDS))
		return rmb_error_set(error, RMB_ELIMIT,
		                     "the search has found no end after %d sets in %d rounds; at most %d sets and %d rounds "
		                     "can be meant",
		                     before, drive->round, RMB_MAX_SETS, RMB_MAX_ROUNDS);
	for (int s = 0; s < answer->nsets && code == 0; s++)
		code = take_set(drives, drive, recipe, answer->set[s], error);
	drive->fixed = drive->fed ? drive->fixed : drive->round == 1 && drive->done;
	return code;
}

static int
ask(struct rmb_drives *drives, struct rmb_drive *drive, const struct rmb_recipe *recipe, const struct rmb_node *node,
    const struct rmb_neurons *neurons)
{
	char name[256];
	struct rmb_error error = { 0 };
	snprintf(name, sizeof name, "search:%" PRId64 ":%s:%d", recipe->seed, node->stage->name, node->turn);
	struct rmb_tried *tried = results_so_far(drives->arena, drive);
	if (!tried)
		return RMB_ELIMIT;
	struct rmb_search search = { .settings = node->settings, .nvaried = drive->entry->nvary, .varied = drive->varied,
	                             .neurons = neurons, .round = drive->round,
	                             .ntried = drive->nsets, .tried = tried, .stream = rmb_stream_named(name),
	                             .arena = drives->arena };
	int before = drive->nsets, code = node->stage->propose(&search, &error);
	if (code == 0 && (neurons || !drive->fed))
		code = take_answer(drives, drive, recipe, &search, &error);
	if (node->stage->draws && node->stage->draws(node->settings))
		drive->fixed = false;
	if (code)
		rmb_drive_refuse(drives, drive, before, code, error.text);
	return 0;
}

const struct rmb_edge *
rmb_drive_feed(const struct rmb_node *node)
{
	for (int e = 0; e < node->nedges; e++)
		if (node->stage->in[node->edge[e].port].gather != RMB_SETS)
			return &node->edge[e];
	return NULL;
}

struct rmb_drive *
rmb_drive_of(struct rmb_drives *drives, const struct rmb_recipe *recipe, const struct rmb_node *node)
{
	struct rmb_drive **last = &drives->first;
	for (; *last; last = &(*last)->next)
		if (strcmp((*last)->id, node->id) == 0)
			return *last;
	struct rmb_drive *drive = rmb_arena_alloc(drives->arena, 1, sizeof *drive);
	if (!drive)
		return NULL;
	*drive = (struct rmb_drive){ .id = rmb_arena_strdup(drives->arena, node->id), .entry = node->entry,
	                             .varied = describe_all(drives->arena, recipe, node->entry) };
	const struct rmb_edge *feed = rmb_drive_feed(node);
	drive->fed = feed != NULL;
	drive->fixed = feed && !feed->from->branch && !feed->from->replicate; /* all nodes of its entry are fed alike */
	if (!drive->id || !drive->varied || ask(drives, drive, recipe, node, NULL))
		return NULL;
	return *last = drive;
}

/* ---- results */

/* The number that an object holds; NaN if it holds none. */
static double
number_in(const struct rmb_object *object, const char *output)
{
	const struct rmb_array *a = rmb_object_array(object, output);
	if (!a || rmb_array_count(a) != 1)
		return NAN;
	switch (a->type) {
	case RMB_FLOAT32: return (double)*(const float *)a->data;
	case RMB_FLOAT64: return *(const double *)a->data;
	case RMB_INT64: return (double)*(const int64_t *)a->data;
	case RMB_UINT8: return *(const uint8_t *)a->data;
	case RMB_TEXT: break;
	}
	return NAN;
}

/* What came of one thing that a driver reads. *changed: a failure that its graph does not know of. */
static void
settle(const struct rmb_cache *cache, const struct rmb_node *driver, const struct rmb_edge *edge, const bool *lost, bool *changed)
{
	struct rmb_drive *drive = driver->drive;
	struct rmb_set *set = &drive->set[edge->set];
	struct rmb_object *object;
	struct rmb_error error = { 0 };
	if (set->ended[edge->replicate])
		return;
	if (lost && lost[edge->from->index]) {
		set->ended[edge->replicate] = set->failed[edge->replicate] = true;
		*changed |= driver->stage->goes_on || !drive->done;
		drive->done |= !driver->stage->goes_on;
	} else if (!drive->done && rmb_cache_get(cache, edge->from->key, NULL, &object, &error) == 0) {
		set->result[edge->replicate] = number_in(object, edge->output);
		set->ended[edge->replicate] = true;
		rmb_object_close(object);
	}
}

/* Asks a driver that waited for the recording which its sets depend on, if that is there. */
static int
feed(struct rmb_graph *graph, const struct rmb_cache *cache, const struct rmb_node *node, const bool *lost, bool *changed)
{
	const struct rmb_edge *edge = rmb_drive_feed(node);
	struct rmb_drive *drive = node->drive;
	struct rmb_recording recording;
	struct rmb_spikes spikes;
	struct rmb_object *object;
	struct rmb_error error = { 0 };
	int code = 0;
	if (lost && lost[edge->from->index])
		drive->done = *changed = true; /* the driver is lost with it */
	if (drive->done || rmb_cache_get(cache, edge->from->key, NULL, &object, &error))
		return 0;
	*changed = true;
	if (rmb_bundle_kind(object, edge->output) == RMB_SPIKES)
		code = rmb_unbundle_spikes(object, edge->output, &spikes, &error);
	else
		code = rmb_unbundle_recording(object, edge->output, NULL, &recording, &error);
	if (code)
		rmb_drive_refuse(graph->drives, drive, 0, code, error.text);
	else
		code = ask(graph->drives, drive, graph->recipe, node,
		           rmb_bundle_kind(object, edge->output) == RMB_SPIKES ? &spikes.neurons : &recording.neurons);
	rmb_object_close(object);
	return drive->code ? 0 : code;
}

static bool
all_ended(const struct rmb_drive *drive)
{
	for (int s = 0; s < drive->nsets; s++)
		for (int k = 0; k < drive->set[s].n; k++)
			if (!drive->set[s].ended[k])
				return false;
	return true;
}

int
rmb_drives_advance(struct rmb_graph *graph, const struct rmb_cache *cache, const bool *lost, bool *changed,
                   struct rmb_error *error)
{
	*changed = false;
	for (int i = 0; i < graph->nnodes; i++) {
		const struct rmb_node *node = graph->node[i];
		struct rmb_drive *drive = node->drive;
		if (!drive || node->sets || drive->code)
			continue;
		for (int e = 0; e < node->nedges; e++)
			if (node->stage->in[node->edge[e].port].gather == RMB_SETS)
				settle(cache, node, &node->edge[e], lost, changed);
		bool waits = drive->fed && drive->round == 0;
		if (!waits && (drive->done || !all_ended(drive)))
			continue;
		*changed |= !waits;
		if (waits ? feed(graph, cache, node, lost, changed) : ask(graph->drives, drive, graph->recipe, node, NULL))
			return rmb_error_nomem(error, "the sets of a search");
	}
	return 0;
}

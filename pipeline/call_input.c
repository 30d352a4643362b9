/* pipeline/call_input.c -- what a stage reads: objects opened, checked and handed out port by port. */
#include "pipeline/call_inside.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "pipeline/bundle.h"
#include "pipeline/outside.h"

/* If the samples of the object stayed in files of the user's, these are mapped. */
static int
attach(struct rmb_call *call, struct rmb_object *object)
{
	struct rmb_bundle_place place;
	const char *path = NULL;
	if (!rmb_bundle_placed(object, &place))
		return 0;
	for (int i = 0; i < call->order->nplaces && !path; i++)
		if (rmb_outside_is(&place, call->order->place[i].sha256))
			path = call->order->place[i].path;
	return rmb_outside_attach(object, call->cache, path, &call->error);
}

/* The object under `key`, opened once for all inputs of the call. */
static int
open_object(struct rmb_call *call, const char *key, const char *run, struct rmb_object **object)
{
	for (int i = 0; i < call->nobjects; i++)
		if (strcmp(call->object[i]->key, key) == 0) {
			*object = call->object[i];
			return 0;
		}
	int code = rmb_cache_get(call->cache, key, run, object, &call->error);
	if (code == 0) {
		call->object[call->nobjects++] = *object;
		return attach(call, *object);
	}
	if (code == RMB_EDAMAGE || code == RMB_EINPUT) {
		snprintf(call->lost, sizeof call->lost, "%s", key);
		call->error.code = code = RMB_EDAMAGE;
	}
	return code;
}

/* A bundle that does not hold together passed its checksum: the object is wrong, not the disk. It is set aside all the same. */
static int
lost_bundle(struct rmb_call *call, const char *key, int code)
{
	if (code == RMB_EDAMAGE) {
		snprintf(call->lost, sizeof call->lost, "%s", key);
		rmb_cache_set_aside(call->cache, key, call->error.text);
	}
	return code;
}

static int
open_recording(struct rmb_call *call, const struct rmb_object *object, const char *port, const char *run,
               struct rmb_recording **out)
{
	const char *source = rmb_bundle_source(object, port);
	bool own = !source || strcmp(source, object->key) == 0;
	struct rmb_object *samples = NULL;
	int code = own ? 0 : open_object(call, source, run, &samples);
	if (code)
		return code;
	if (!(*out = rmb_arena_alloc(call->arena, 1, sizeof **out)))
		return rmb_error_nomem(&call->error, "a recording");
	code = rmb_unbundle_recording(object, port, samples, *out, &call->error);
	if (code == 0)
		snprintf((*out)->source, sizeof (*out)->source, "%s", own ? object->key : source);
	return lost_bundle(call, object->key, code);
}

static int
open_spikes(struct rmb_call *call, const struct rmb_object *object, const char *port, struct rmb_spikes **out)
{
	if (!(*out = rmb_arena_alloc(call->arena, 1, sizeof **out)))
		return rmb_error_nomem(&call->error, "spikes");
	return lost_bundle(call, object->key, rmb_unbundle_spikes(object, port, *out, &call->error));
}

static const char *
kind_name(unsigned kind)
{
	return kind == RMB_RECORDING ? "a recording (frames)"
	       : kind == RMB_SPIKES  ? "spikes"
	       : kind == RMB_ARRAY   ? "an array"
	                             : "nothing";
}

/* What a file holds is known only once it is loaded, so a kind that does not fit may be noticed as late as here. */
static int
wrong_kind(struct rmb_call *call, const struct rmb_order_input *given, unsigned kind)
{
	const struct rmb_port *port = &call->order->stage->in[given->port];
	unsigned takes = port->kinds & RMB_RECORDING ? RMB_RECORDING : port->kinds & RMB_SPIKES ? RMB_SPIKES : RMB_ARRAY;
	bool frames = kind == RMB_SPIKES && takes == RMB_RECORDING;
	return rmb_fail(call, RMB_EDATA, "%s is %s, but input '%s' of %s takes %s%s", given->name, kind_name(kind), port->name,
	                call->order->stage->name, kind_name(takes), frames ? "; count its spikes in frames first" : "");
}

static int
open_input(struct rmb_call *call, int i, const char *run)
{
	const struct rmb_order_input *given = &call->order->input[i];
	struct call_input *input = &call->input[i];
	struct rmb_object *object;
	int code = open_object(call, given->key, run, &object);
	if (code)
		return code;
	input->kind = rmb_bundle_kind(object, given->output);
	if (!(input->kind & call->order->stage->in[given->port].kinds))
		return wrong_kind(call, given, input->kind);
	if (input->kind == RMB_RECORDING)
		return open_recording(call, object, given->output, run, &input->recording);
	if (input->kind == RMB_SPIKES)
		return open_spikes(call, object, given->output, &input->spikes);
	input->array = rmb_object_array(object, given->output);
	return 0;
}

int
rmb_call_open_inputs(struct rmb_call *call, const char *run)
{
	int code = 0;
	for (int i = 0; i < call->order->ninputs && code == 0; i++)
		code = open_input(call, i, run);
	return code;
}

int
rmb_call_inputs_stand(struct rmb_call *call)
{
	for (int i = 0; i < call->nobjects; i++) {
		const struct stat *then = &call->object[i]->stat;
		struct stat now;
		const char *path = rmb_cache_path(call->arena, call->cache, call->object[i]->key);
		if (!path)
			return rmb_error_nomem(&call->error, "a path");
		if (lstat(path, &now) == 0 && now.st_ino == then->st_ino && now.st_size == then->st_size &&
		    now.st_mtim.tv_sec == then->st_mtim.tv_sec && now.st_mtim.tv_nsec == then->st_mtim.tv_nsec) {
			int code = rmb_outside_stands(call->object[i], &call->error);
			if (code)
				return code;
			continue;
		}
		snprintf(call->lost, sizeof call->lost, "%s", call->object[i]->key);
		return rmb_fail(call, RMB_EDAMAGE, "the cached object %s changed or vanished while it was read", path);
	}
	return 0;
}

/* Index in order->input of thing i at the port, -1: there is none. */
static int
find_input(const struct rmb_call *call, const char *port, int i)
{
	const struct rmb_port *in = call->order->stage->in;
	for (int k = 0; k < call->order->ninputs; k++)
		if (strcmp(in[call->order->input[k].port].name, port) == 0 && i-- == 0)
			return k;
	return -1;
}

int
rmb_input_count(const struct rmb_call *call, const char *port)
{
	int n = 0;
	for (int k = 0; k < call->order->ninputs; k++)
		n += strcmp(call->order->stage->in[call->order->input[k].port].name, port) == 0;
	return n;
}

const char *
rmb_input_name(const struct rmb_call *call, const char *port, int i)
{
	int k = find_input(call, port, i);
	return k < 0 ? NULL : call->order->input[k].name;
}

unsigned
rmb_input_kind(const struct rmb_call *call, const char *port, int i)
{
	int k = find_input(call, port, i);
	return k < 0 ? 0 : call->input[k].kind;
}

const struct rmb_array *
rmb_input_array(const struct rmb_call *call, const char *port, int i)
{
	int k = find_input(call, port, i);
	return k < 0 ? NULL : call->input[k].array;
}

const struct rmb_recording *
rmb_input_recording(const struct rmb_call *call, const char *port, int i)
{
	int k = find_input(call, port, i);
	return k < 0 ? NULL : call->input[k].recording;
}

const struct rmb_spikes *
rmb_input_spikes(const struct rmb_call *call, const char *port, int i)
{
	int k = find_input(call, port, i);
	return k < 0 ? NULL : call->input[k].spikes;
}

const struct rmb_origin *
rmb_input_origin(const struct rmb_call *call, const char *port, int i)
{
	assert(call->order->stage->reads_names);
	int k = find_input(call, port, i);
	return k < 0 ? NULL : &call->order->input[k].origin;
}

const char *
rmb_absent_recording(const struct rmb_call *call, int i)
{
	assert(call->order->stage->reads_names);
	return i < call->order->nabsent ? call->order->absent[i] : NULL;
}

const char *
rmb_input_label(const struct rmb_call *call, const char *port, int i, const char *label)
{
	assert(call->order->stage->reads_labels);
	int k = find_input(call, port, i);
	for (int l = 0; k >= 0 && l < call->order->input[k].nlabels; l++)
		if (strcmp(call->order->input[k].label[l].name, label) == 0)
			return call->order->input[k].label[l].value;
	return NULL;
}

/* ---- sets of a driver */

int
rmb_set_count(const struct rmb_call *call)
{
	return call->order->sets.nsets;
}

int
rmb_input_set(const struct rmb_call *call, int i)
{
	assert(i >= 0 && i < call->order->sets.nmembers);
	return call->order->sets.member[i].set;
}

int
rmb_input_replicate(const struct rmb_call *call, int i)
{
	assert(i >= 0 && i < call->order->sets.nmembers);
	return call->order->sets.member[i].replicate;
}

int
rmb_varied_count(const struct rmb_call *call)
{
	return call->order->sets.nvaried;
}

const char *
rmb_varied_name(const struct rmb_call *call, int v)
{
	return call->order->sets.varied[v].name;
}

const char *
rmb_varied_unit(const struct rmb_call *call, int v)
{
	return rmb_param_unit(call->order->sets.varied[v].param);
}

const char *
rmb_varied_text(const struct rmb_call *call, int set, int v)
{
	const struct rmb_order_sets *sets = &call->order->sets;
	return sets->value[set * sets->nvaried + v].written;
}

double
rmb_varied_number(const struct rmb_call *call, int set, int v)
{
	const struct rmb_order_sets *sets = &call->order->sets;
	return rmb_value_number(sets->varied[v].param, &sets->value[set * sets->nvaried + v]);
}

/* pipeline/call_inside.h -- struct rmb_call itself, for the files that make it up: call.c (its life), call_input.c (what the
 * stage reads), call_output.c (what it makes) and call_publish.c (how that becomes an object). */
#ifndef RMB_CALL_INSIDE_H
#define RMB_CALL_INSIDE_H
#include <jansson.h>
#include <pthread.h>
#include "pipeline/bundle.h"
#include "pipeline/call.h"
#include "pipeline/object.h"

struct call_input {             /* one thing at an input port, opened */
	unsigned kind;
	const struct rmb_array *array;
	struct rmb_recording *recording;
	struct rmb_spikes *spikes;
};

struct call_output {            /* what the stage made at an output port; at most one member is set */
	struct rmb_array *array;
	struct rmb_recording *recording;
	struct rmb_spikes *spikes;
	int payload;                /* index in the writer of samples or times being written, -1: none. A view, or */
	const struct rmb_bundle_place *place; /* samples stay in these files, if it is not NULL */
	int64_t nspikes;            /* times that space was claimed for */
};

struct rmb_call {
	const struct rmb_order *order;
	const struct rmb_cache *cache;
	struct rmb_listener listener;
	struct rmb_arena *arena;
	struct rmb_error error;
	pthread_mutex_t mutex;      /* error, warnings and listener: a stage's threads may fail, warn and report */
	int nobjects;
	struct rmb_object **object; /* inputs and the objects that hold their samples, each once */
	struct call_input *input;   /* [order->ninputs] */
	struct call_output *output; /* one per output port */
	struct rmb_object_writer *writer; /* NULL until samples are written */
	int nwritten;               /* arrays laid down in it */
	int scratch;                /* the stage's file without a name; 0: it has none */
	json_t *warnings;
	size_t warned_bytes, nunsaid;
	char lost[RMB_KEY_MAX];
};

/* Opens all inputs of the order. */
int rmb_call_open_inputs(struct rmb_call *call, const char *run) RMB_CHECKED;
/* 0 if every object opened is still the file it was. */
int rmb_call_inputs_stand(struct rmb_call *call) RMB_CHECKED;
/* 0 if every output that is not optional was made and holds together. */
int rmb_call_outputs_complete(struct rmb_call *call) RMB_CHECKED;
/* Lays down everything that is not on disk yet, with provenance, and publishes. */
int rmb_call_outputs_publish(struct rmb_call *call, int64_t *bytes) RMB_CHECKED;
#endif

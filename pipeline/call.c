/* pipeline/call.c -- the life of a call, and the ways in which a stage speaks: failure, warnings, progress, random streams. */
#include "pipeline/call_inside.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "pipeline/events.h"
#include "rumble/units.h"

/* Bytes of all warnings. An HDF5 attribute holds at most 64 KiB, and nobody reads as much. */
enum { WARNINGS_MAX = 24 << 10 };

static int
count_outputs(const struct rmb_stage *stage)
{
	int n = 0;
	while (stage->out[n].name)
		n++;
	return n;
}

struct rmb_call *
rmb_call_new(const struct rmb_order *order, const struct rmb_cache *cache, const struct rmb_listener *listener)
{
	struct rmb_call *call = calloc(1, sizeof *call);
	if (!call)
		return NULL;
	pthread_mutex_init(&call->mutex, NULL);
	call->order = order;
	call->cache = cache;
	call->listener = listener ? *listener : (struct rmb_listener){ 0 };
	int nout = count_outputs(order->stage);
	if ((call->arena = rmb_arena_new()) && (call->warnings = json_array())) {
		call->object = rmb_arena_alloc(call->arena, 2 * (size_t)order->ninputs, sizeof *call->object);
		call->input = rmb_arena_alloc(call->arena, (size_t)order->ninputs, sizeof *call->input);
		call->output = rmb_arena_alloc(call->arena, (size_t)nout, sizeof *call->output);
	}
	if (call->object && call->input && call->output) {
		for (int i = 0; i < nout; i++)
			call->output[i].payload = -1;
		return call;
	}
	rmb_call_free(call);
	return NULL;
}

void
rmb_call_free(struct rmb_call *call)
{
	if (!call)
		return;
	rmb_object_abandon(call->writer);
	if (call->scratch > 0)
		close(call->scratch);
	for (int i = 0; i < call->nobjects; i++)
		rmb_object_close(call->object[i]);
	json_decref(call->warnings);
	rmb_arena_free(call->arena);
	pthread_mutex_destroy(&call->mutex);
	free(call);
}

int
rmb_call_open(struct rmb_call *call, const char *run)
{
	return rmb_call_open_inputs(call, run);
}

int
rmb_call_run(struct rmb_call *call)
{
	int code = call->order->stage->run(call);
	/* A stage that was given NULL returns RMB_ELIMIT; the sentence that says why stands already. */
	if (code && !call->error.code)
		rmb_error_set(&call->error, code, "stage %s failed with code %d and gave no reason", call->order->stage->name,
		              code);
	if (!code && call->error.code)
		code = call->error.code;
	return code ? code : rmb_call_outputs_complete(call);
}

int
rmb_call_publish(struct rmb_call *call, int64_t *bytes)
{
	int code = rmb_call_inputs_stand(call);
	return code ? code : rmb_call_outputs_publish(call, bytes);
}

const char *
rmb_call_lost(const struct rmb_call *call)
{
	return call->lost[0] ? call->lost : NULL;
}

const void *
rmb_settings(const struct rmb_call *call)
{
	return call->order->settings;
}

const char *
rmb_recording_name(const struct rmb_call *call)
{
	return call->order->recording;
}

int
rmb_threads(const struct rmb_call *call)
{
	return call->order->threads > 1 ? call->order->threads : 1;
}

double
rmb_free_disk(const struct rmb_call *call)
{
	return rmb_cache_free_bytes(call->cache);
}

int
rmb_scratch_file(struct rmb_call *call, int *file)
{
	char path[PATH_MAX];
	const char *folder = rmb_cache_scratch(call->arena, call->cache);
	if (!folder)
		return rmb_error_nomem(&call->error, "a path");
	int fd = open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (fd < 0 && snprintf(path, sizeof path, "%s/scratch.tmp.XXXXXX", folder) < (int)sizeof path &&
	    (fd = mkostemp(path, O_CLOEXEC)) >= 0) /* a file system that gives every file a name */
		unlink(path);
	if (fd < 0)
		return rmb_fail(call, RMB_EOUTPUT, "%s: no file can be made here: %s; choose another cache with --cache DIR", folder,
		                strerror(errno));
	*file = call->scratch = fd;
	return 0;
}

struct rmb_arena *
rmb_call_arena(struct rmb_call *call)
{
	return call->arena;
}

struct rmb_error *
rmb_call_error(struct rmb_call *call)
{
	return &call->error;
}

void *
rmb_scratch(struct rmb_call *call, size_t n, size_t size)
{
	void *memory = rmb_arena_alloc(call->arena, n, size);
	if (!memory) {
		char amount[64];
		rmb_fail(call, RMB_ELIMIT,
		         "no memory for %s of scratch; close other programs, lower --jobs or use a larger machine",
		         rmb_quantity_print((double)n * (double)size, "B", amount, sizeof amount));
	}
	return memory;
}

int
rmb_fail(struct rmb_call *call, int code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	pthread_mutex_lock(&call->mutex);
	rmb_error_setv(&call->error, code, format, args);
	pthread_mutex_unlock(&call->mutex);
	va_end(args);
	return code;
}

/* Appends to the list that the object will carry, up to WARNINGS_MAX bytes; what does not fit is counted. */
static void
keep_warning(struct rmb_call *call, const char *text)
{
	call->warned_bytes += strlen(text) + 4;
	if (call->warned_bytes > WARNINGS_MAX)
		call->nunsaid++;
	else
		json_array_append_new(call->warnings, rmb_json_text(text));
}

void
rmb_warn(struct rmb_call *call, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	pthread_mutex_lock(&call->mutex);
	keep_warning(call, text);
	if (call->listener.warned)
		call->listener.warned(call->listener.self, text);
	pthread_mutex_unlock(&call->mutex);
}

int
rmb_progress(struct rmb_call *call, double done, double total)
{
	if (!call->listener.progress)
		return 0;
	double fraction = total > 0 && done >= 0 ? done / total : 0;
	pthread_mutex_lock(&call->mutex);
	int code = call->listener.progress(call->listener.self, fraction < 1 ? fraction : 1);
	if (code)
		rmb_error_set(&call->error, code, "stopped before it was done");
	pthread_mutex_unlock(&call->mutex);
	return code;
}

struct rmb_stream
rmb_node_stream(const struct rmb_call *call, const char *purpose)
{
	char name[256];
	snprintf(name, sizeof name, "node:%s:%s", call->order->key, purpose);
	return rmb_stream_named(name);
}

struct rmb_stream
rmb_shared_stream(const struct rmb_call *call, const char *purpose, int64_t length)
{
	char name[256];
	snprintf(name, sizeof name, "shared:%" PRId64 ":%d:%s:%" PRId64, call->order->seed, call->order->replicate, purpose,
	         length);
	return rmb_stream_named(name);
}

/* pipeline/call_publish.c -- what a stage has made, laid down as one object once it has succeeded. */
#include "pipeline/call_inside.h"
#include <cblas.h>
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ATTRIBUTES = 16 };

int
rmb_call_outputs_complete(struct rmb_call *call)
{
	const struct rmb_stage *stage = call->order->stage;
	for (int i = 0; stage->out[i].name; i++) {
		const struct call_output *output = &call->output[i];
		if (!output->array && !output->recording && !output->spikes && !stage->out[i].optional)
			return rmb_fail(call, RMB_EINTERNAL, "stage %s did not make its output '%s'", stage->name,
			                stage->out[i].name);
		if ((output->recording && !rmb_recording_valid(output->recording, &call->error)) ||
		    (output->spikes && !rmb_spikes_valid(output->spikes, &call->error)))
			return call->error.code = RMB_EINTERNAL; /* whatever the tables say, making them was the stage's work */
	}
	return 0;
}

/* All arrays that are not laid down yet, in the order of the stage's table. */
static int
gather(struct rmb_call *call, struct rmb_array *array, int *n)
{
	const struct rmb_port *port = call->order->stage->out;
	for (int i = 0; port[i].name; i++) {
		const struct call_output *output = &call->output[i];
		int code = 0, first = *n;
		if (output->array)
			array[(*n)++] = *output->array;
		else if (output->recording)
			code = rmb_bundle_recording(call->arena, port[i].name, output->recording, array, n, &call->error);
		else if (output->spikes)
			code = rmb_bundle_spikes(call->arena, port[i].name, output->spikes, array, n, &call->error);
		if (code)
			return code;
		if (output->payload >= 0 || output->place) /* its samples are on disk */
			memmove(array + first, array + first + 1, (size_t)(--*n - first) * sizeof *array);
		if (output->place && (code = rmb_bundle_place(call->arena, port[i].name, output->place, array, n, &call->error)))
			return code;
	}
	return 0;
}

/* Root attributes: what was asked, what to know, and with what it was computed. No times, no names of machines. */
static int
attributes(struct rmb_call *call, const char **attribute, int *n)
{
	unsigned major, minor, release;
	H5get_libversion(&major, &minor, &release);
	if (call->nunsaid)
		json_array_append_new(call->warnings, json_sprintf("and %d more warnings", (int)call->nunsaid));
	char *warnings = json_dumps(call->warnings, JSON_COMPACT), *text = NULL;
	if (warnings)
		text = rmb_arena_strdup(call->arena, warnings);
	free(warnings);
	const char *pair[] = {
		"description", call->order->description, "warnings", text, "program", "rumble " RUMBLE_VERSION,
		"hdf5", rmb_arena_printf(call->arena, "%u.%u.%u", major, minor, release), "blas", openblas_get_config(),
		"blas_kernel", openblas_get_corename(), "blas_threads",
		rmb_arena_printf(call->arena, "%d", openblas_get_num_threads()),
	};
	*n = (int)(sizeof pair / sizeof *pair) / 2;
	memcpy(attribute, pair, sizeof pair);
	for (int i = 0; i < 2 * *n; i++)
		if (!attribute[i])
			return rmb_error_nomem(&call->error, "the description of an object");
	return 0;
}

/* Lays down array[n] with the attributes, behind the samples that are there, and fills them in. */
static int
write_arrays(struct rmb_call *call, const struct rmb_array *array, int n, const char *const *attribute, int nattributes)
{
	if (call->writer) {
		int code = rmb_object_extend(call->writer, array, n, attribute, nattributes, &call->error);
		if (code)
			return code;
	} else if (!(call->writer = rmb_object_create(rmb_cache_scratch(call->arena, call->cache), call->order->key, array, n,
	                                              attribute, nattributes, &call->error)))
		return call->error.code;
	for (int i = 0; i < n; i++) {
		size_t bytes = (size_t)rmb_array_count(&array[i]) * rmb_array_item(&array[i]);
		if (bytes == 0 || !array[i].data)
			continue;
		int code = rmb_object_write(call->writer, call->nwritten + i, 0, array[i].data, bytes, &call->error);
		if (code)
			return code;
	}
	return 0;
}

int
rmb_call_outputs_publish(struct rmb_call *call, int64_t *bytes)
{
	int nports = 0, n = 0, nattributes = 0, code;
	while (call->order->stage->out[nports].name)
		nports++;
	const char *attribute[ATTRIBUTES], *path = rmb_cache_path(call->arena, call->cache, call->order->key);
	struct rmb_array *array = rmb_arena_alloc(call->arena, (size_t)nports * RMB_BUNDLE_ARRAYS, sizeof *array);
	if (!array || !path)
		return rmb_error_nomem(&call->error, "the outputs");
	if ((code = gather(call, array, &n)) || (code = attributes(call, attribute, &nattributes)) ||
	    (code = write_arrays(call, array, n, attribute, nattributes)) ||
	    (code = rmb_cache_make_room(call->cache, call->order->key, &call->error)))
		return code;
	struct rmb_object_writer *writer = call->writer;
	call->writer = NULL; /* publish frees it, whatever comes of it */
	if ((code = rmb_object_publish(writer, path, rmb_threads(call), &call->error)))
		return code;
	rmb_cache_remember(call->cache, call->order->key);
	struct stat stat;
	*bytes = lstat(path, &stat) == 0 ? (int64_t)stat.st_size : 0;
	return 0;
}

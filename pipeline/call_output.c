/* pipeline/call_output.c -- what a stage makes, gathered until it has succeeded. */
#include "pipeline/call_inside.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "pipeline/outside.h"

/* The output port of that name; NULL: the stage has none of these kinds there, which is a mistake in the stage. */
static struct call_output *
find_output(struct rmb_call *call, const char *name, unsigned kinds, const struct rmb_port **port)
{
	const struct rmb_port *out = call->order->stage->out;
	for (int i = 0; out[i].name; i++)
		if (strcmp(out[i].name, name) == 0 && out[i].kinds & kinds) {
			*port = &out[i];
			return &call->output[i];
		}
	rmb_fail(call, RMB_EINTERNAL, "stage %s makes an output '%s' that its table does not have", call->order->stage->name,
	         name);
	return NULL;
}

/* Takes the next word of a list of axis names into name[size]; NULL: there is none left. */
static const char *
next_word(const char *list, char *name, size_t size)
{
	list += strspn(list, " ");
	size_t n = strcspn(list, " ");
	if (n == 0 || n >= size)
		return NULL;
	memcpy(name, list, n);
	name[n] = '\0';
	return list + n;
}

/* Gives the array the axes, after comparing their names with the table. */
static int
take_axes(struct rmb_call *call, const struct rmb_port *port, const struct rmb_axis *axes, struct rmb_array *array)
{
	char name[RMB_NAME_MAX];
	for (const char *s = port->axes; (s = next_word(s, name, sizeof name));) {
		if (array->naxes == RMB_MAX_AXES || strcmp(axes[array->naxes].name, name) || axes[array->naxes].n < 0)
			return rmb_fail(call, RMB_EINTERNAL, "stage %s: axis %d of output '%s' should be '%s'",
			                call->order->stage->name, array->naxes + 1, port->name, name);
		array->axis[array->naxes] = axes[array->naxes];
		array->naxes++;
	}
	return 0;
}

/* width: bytes of each entry of a port of texts, the NUL included; 0: the port has numbers. NULL: failed. */
static struct rmb_array *
make_output(struct rmb_call *call, const char *name, const struct rmb_axis *axes, size_t width)
{
	const struct rmb_port *port;
	struct call_output *output = find_output(call, name, RMB_ARRAY, &port);
	struct rmb_array *array = output ? rmb_arena_alloc(call->arena, 1, sizeof *array) : NULL;
	if (output && !array)
		rmb_fail(call, RMB_ELIMIT, "no memory for output '%s'", name);
	if (!array || take_axes(call, port, axes, array))
		return NULL;
	snprintf(array->name, sizeof array->name, "%s", port->name);
	snprintf(array->unit, sizeof array->unit, "%s", port->unit ? port->unit : "1");
	array->help = port->help;
	array->type = port->type;
	array->width = width;
	if ((width > 0) != (port->type == RMB_TEXT)) {
		rmb_fail(call, RMB_EINTERNAL, "output '%s' of stage %s: texts have a width, numbers have none", name,
		         call->order->stage->name);
		return NULL;
	}
	int64_t n = rmb_array_count(array);
	if (n < 0 || !(array->data = rmb_arena_alloc(call->arena, (size_t)n, rmb_array_item(array)))) {
		rmb_fail(call, RMB_ELIMIT, "no memory for output '%s'", name);
		return NULL;
	}
	output->array = array;
	return array;
}

struct rmb_array *
rmb_output(struct rmb_call *call, const char *name, const struct rmb_axis *axes)
{
	return make_output(call, name, axes, 0);
}

int
rmb_output_scalar(struct rmb_call *call, const char *port, double value)
{
	struct rmb_array *array = rmb_output(call, port, NULL);
	if (!array)
		return call->error.code;
	switch (array->type) {
	case RMB_FLOAT32: *(float *)array->data = (float)value; break;
	case RMB_FLOAT64: *(double *)array->data = value; break;
	case RMB_INT64: *(int64_t *)array->data = (int64_t)value; break;
	case RMB_UINT8: *(uint8_t *)array->data = (uint8_t)value; break;
	case RMB_TEXT: return rmb_fail(call, RMB_EINTERNAL, "output '%s' is a text, not a number", port);
	}
	return 0;
}

int
rmb_output_text(struct rmb_call *call, const char *port, const char *text)
{
	return rmb_output_text_list(call, port, NULL, 1, &text);
}

int
rmb_output_text_list(struct rmb_call *call, const char *port, const struct rmb_axis *axes, int64_t n, const char *const *text)
{
	size_t width = 1;
	for (int64_t i = 0; i < n; i++)
		width = strlen(text[i]) >= width ? strlen(text[i]) + 1 : width;
	struct rmb_array *array = make_output(call, port, axes, width);
	if (!array)
		return call->error.code;
	if (rmb_array_count(array) != n)
		return rmb_fail(call, RMB_EINTERNAL, "stage %s has %" PRId64 " texts for the %" PRId64 " entries of output '%s'",
		                call->order->stage->name, n, rmb_array_count(array), port);
	for (int64_t i = 0; i < n; i++)
		strcpy((char *)array->data + (size_t)i * width, text[i]);
	return 0;
}

/* Creates the object, or adds to it, with an array that will be written piece by piece. */
static int
claim(struct rmb_call *call, const struct rmb_array *array, struct call_output *output)
{
	int code = 0;
	if (call->writer)
		code = rmb_object_extend(call->writer, array, 1, NULL, 0, &call->error);
	else if (!(call->writer = rmb_object_create(rmb_cache_scratch(call->arena, call->cache), call->order->key, array, 1,
	                                            NULL, 0, &call->error)))
		code = call->error.code;
	output->payload = call->nwritten++;
	return code;
}

/* P/activity is the first array of a recording's bundle... */
static int
claim_samples(struct rmb_call *call, const char *port, struct call_output *output)
{
	struct rmb_array array[RMB_BUNDLE_ARRAYS];
	int n = 0, code = rmb_bundle_recording(call->arena, port, output->recording, array, &n, &call->error);
	return code ? code : claim(call, array, output);
}

/* ... and P/time of that of spikes. */
int
rmb_claim_times(struct rmb_call *call, const char *name, int64_t nspikes)
{
	struct rmb_array array[RMB_BUNDLE_ARRAYS];
	const struct rmb_port *port;
	const struct rmb_spikes spikes = { .nspikes = nspikes };
	struct call_output *output = find_output(call, name, RMB_SPIKES | RMB_AS_INPUT, &port);
	if (!output)
		return call->error.code;
	if (output->payload >= 0)
		return rmb_fail(call, RMB_EINTERNAL, "stage %s makes output '%s' twice", call->order->stage->name, name);
	int n = 0, code = rmb_bundle_spikes(call->arena, name, &spikes, array, &n, &call->error);
	output->nspikes = nspikes;
	return code ? code : claim(call, array, output);
}

/* The output, which has a copy of the recording now. */
static int
keep_recording(struct rmb_call *call, const char *name, const struct rmb_recording *out, struct call_output **output)
{
	const struct rmb_port *port;
	if (!(*output = find_output(call, name, RMB_RECORDING | RMB_AS_INPUT, &port)))
		return call->error.code;
	if ((*output)->payload >= 0 || (*output)->place)
		return rmb_fail(call, RMB_EINTERNAL, "stage %s makes output '%s' twice", call->order->stage->name, name);
	if (!((*output)->recording = rmb_arena_copy(call->arena, out, 1, sizeof *out)))
		return rmb_error_nomem(&call->error, "a recording");
	return 0;
}

int
rmb_output_recording(struct rmb_call *call, const char *name, const struct rmb_recording *out)
{
	struct call_output *output;
	int code = keep_recording(call, name, out, &output);
	return code || out->source[0] ? code : claim_samples(call, name, output);
}

/* The path of a file in a folder, "" for the folder itself; NULL: it is not in there. */
static const char *
path_inside(const char *path, const char *folder)
{
	size_t n = strlen(folder);
	if (strncmp(path, folder, n) != 0)
		return NULL;
	path += n;
	return *path == 0 || *path == '/' || (n && path[-1] == '/') ? path + strspn(path, "/") : NULL;
}

/* A file in which samples stay: a setting names it, or a folder in which it lies. */
struct stayed { const char *folder, *inside; char sha256[RMB_KEY_MAX]; };

static int
find_file(struct rmb_call *call, const char *path, struct stayed *file)
{
	for (int i = 0; i < call->order->nfiles; i++) {
		const char *content = call->order->file[i].sha256, *inside = path_inside(path, call->order->file[i].path);
		if (!inside)
			continue;
		snprintf(file->sha256, sizeof file->sha256, "%s", content);
		if (!*inside)
			return 0;
		file->folder = content;
		file->inside = inside;
		return rmb_outside_content(call->cache, path, file->sha256, &call->error);
	}
	return rmb_fail(call, RMB_EINTERNAL, "stage %s leaves samples in %s, which no setting of it names",
	                call->order->stage->name, path);
}

/* Room for what the object says of n files of which so much was found out. */
static int
make_place(struct rmb_arena *arena, const struct stayed *stayed, int n, struct rmb_bundle_place *place, struct rmb_error *error)
{
	*place = (struct rmb_bundle_place){ .n = n, .folder = stayed->folder, .inside_width = 1 };
	for (int i = 0; i < n && place->folder; i++)
		if (strlen(stayed[i].inside) >= place->inside_width)
			place->inside_width = strlen(stayed[i].inside) + 1;
	char *sha256 = rmb_arena_alloc(arena, (size_t)n, RMB_KEY_MAX);
	char *inside = rmb_arena_alloc(arena, (size_t)n, place->inside_width);
	if (!sha256 || !inside)
		return rmb_error_nomem(error, "the place of samples");
	for (int i = 0; i < n; i++) {
		memcpy(sha256 + i * RMB_KEY_MAX, stayed[i].sha256, RMB_KEY_MAX);
		if (place->folder)
			strcpy(inside + (size_t)i * place->inside_width, stayed[i].inside);
	}
	place->sha256 = sha256;
	place->inside = inside;
	return 0;
}

/* Where in the files the rows lie. */
static int
measure_place(struct rmb_arena *arena, const struct rmb_file_rows *file, struct rmb_bundle_place *place, struct rmb_error *error)
{
	int64_t n = place->n, *number = rmb_arena_alloc(arena, (size_t)n, 4 * sizeof *number), row = 0;
	if (!number)
		return rmb_error_nomem(error, "the place of samples");
	for (int64_t i = 0; i < n; row += file[i++].rows) {
		struct stat stat_of;
		if (stat(file[i].path, &stat_of))
			return rmb_error_set(error, RMB_EINPUT, "%s: %s", file[i].path, strerror(errno));
		number[i] = (int64_t)stat_of.st_size;
		number[n + i] = file[i].at;
		number[2 * n + i] = row;
		number[3 * n + i] = file[i].stride;
	}
	place->bytes = number;
	place->at = number + n;
	place->row = number + 2 * n;
	place->stride = number + 3 * n;
	return 0;
}

int
rmb_output_in_place(struct rmb_call *call, const char *name, const struct rmb_recording *out,
                    const struct rmb_file_rows *file, int n)
{
	assert(n >= 1 && n <= RMB_BUNDLE_FILES);
	struct call_output *output;
	struct rmb_bundle_place place;
	int code = keep_recording(call, name, out, &output);
	struct stayed *stayed = rmb_arena_alloc(call->arena, (size_t)n, sizeof *stayed);
	if (!code && !stayed)
		code = rmb_error_nomem(&call->error, "files");
	for (int i = 0; i < n && !code; i++)
		code = find_file(call, file[i].path, &stayed[i]);
	for (int i = 0; i < n && !code; i++)
		if (stayed[i].folder != stayed->folder)
			code = rmb_fail(call, RMB_EINTERNAL, "stage %s leaves samples in %s and %s, which are not of one folder",
			                call->order->stage->name, file->path, file[i].path);
	if (!code)
		code = make_place(call->arena, stayed, n, &place, &call->error);
	if (!code)
		code = measure_place(call->arena, file, &place, &call->error);
	if (code)
		return code;
	output->place = rmb_arena_copy(call->arena, &place, 1, sizeof place);
	return output->place ? 0 : rmb_error_nomem(&call->error, file->path);
}

/* Samples of a recording being made: to the file from `out`, or from the file into `in` if that is not NULL. */
static int
move_block(struct rmb_call *call, const char *name, int64_t row, int64_t nrows, int64_t frame, int64_t nframes,
           const float *out, float *in)
{
	const struct rmb_port *port;
	const struct call_output *output = find_output(call, name, RMB_RECORDING | RMB_AS_INPUT, &port);
	const struct rmb_recording *r = output ? output->recording : NULL;
	if (!r || output->payload < 0 || row < 0 || nrows < 0 || frame < 0 || nframes < 0 || row > r->stored_rows - nrows ||
	    frame > r->stored_frames - nframes)
		return rmb_fail(call, RMB_EINTERNAL, "stage %s %s outside of output '%s'", call->order->stage->name,
		                in ? "reads" : "writes", name);
	bool whole = nframes == r->stored_frames; /* then rows follow each other in the file as in the block */
	size_t bytes = (size_t)nframes * sizeof *out * (whole ? (size_t)nrows : 1);
	for (int64_t i = 0; i < (whole ? 1 : nrows); i++) {
		int64_t at = ((row + i) * r->stored_frames + frame) * (int64_t)sizeof *out;
		struct rmb_error error = { 0 }; /* its own, for threads may write at once */
		if (in ? rmb_object_reread(call->writer, output->payload, at, in + i * nframes, bytes, &error)
		       : rmb_object_write(call->writer, output->payload, at, out + i * nframes, bytes, &error))
			return rmb_fail(call, error.code, "%s", error.text);
	}
	return 0;
}

int
rmb_write_block(struct rmb_call *call, const char *name, int64_t row, int64_t nrows, int64_t frame, int64_t nframes,
                const float *block)
{
	return move_block(call, name, row, nrows, frame, nframes, block, NULL);
}

int
rmb_read_written(struct rmb_call *call, const char *name, int64_t row, int64_t nrows, int64_t frame, int64_t nframes,
                 float *block)
{
	return move_block(call, name, row, nrows, frame, nframes, NULL, block);
}

int
rmb_output_rows(struct rmb_call *call, const char *name, const int64_t *rows, const struct rmb_neurons *neurons)
{
	const struct rmb_port *port;
	struct call_output *output = find_output(call, name, RMB_RECORDING | RMB_AS_INPUT, &port);
	if (!output || (output->payload < 0 && !output->place))
		return rmb_fail(call, RMB_EINTERNAL, "stage %s has no samples at output '%s'", call->order->stage->name, name);
	output->recording->row = rows;
	output->recording->neurons = *neurons;
	return 0;
}

int
rmb_output_spikes(struct rmb_call *call, const char *name, const struct rmb_spikes *out)
{
	const struct rmb_port *port;
	struct call_output *output = find_output(call, name, RMB_SPIKES | RMB_AS_INPUT, &port);
	if (!output)
		return call->error.code;
	if (out->written != (output->payload >= 0) || (out->written && out->nspikes != output->nspikes))
		return rmb_fail(call, RMB_EINTERNAL, "stage %s wrote other times than those of output '%s'",
		                call->order->stage->name, name);
	if (!(output->spikes = rmb_arena_copy(call->arena, out, 1, sizeof *out)))
		return rmb_error_nomem(&call->error, "spikes");
	output->spikes->mapped = false; /* whatever it was made from: these are not to be dropped */
	return 0;
}

/* Times of spikes being made: to the file from `out`, or from the file into `in` if that is not NULL. */
static int
move_times(struct rmb_call *call, const char *name, int64_t at, int64_t n, const double *out, double *in)
{
	const struct rmb_port *port;
	const struct call_output *output = find_output(call, name, RMB_SPIKES | RMB_AS_INPUT, &port);
	if (!output || output->recording || output->payload < 0 || at < 0 || n < 0 || at > output->nspikes - n)
		return rmb_fail(call, RMB_EINTERNAL, "stage %s %s times outside of output '%s'", call->order->stage->name,
		                in ? "reads" : "writes", name);
	int64_t from = at * (int64_t)sizeof *out;
	size_t bytes = (size_t)n * sizeof *out;
	return in ? rmb_object_reread(call->writer, output->payload, from, in, bytes, &call->error)
	          : rmb_object_write(call->writer, output->payload, from, out, bytes, &call->error);
}

int
rmb_write_times(struct rmb_call *call, const char *name, int64_t at, int64_t n, const double *time)
{
	return move_times(call, name, at, n, time, NULL);
}

int
rmb_read_times(struct rmb_call *call, const char *name, int64_t at, int64_t n, double *time)
{
	return move_times(call, name, at, n, NULL, time);
}

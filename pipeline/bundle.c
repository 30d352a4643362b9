/* pipeline/bundle.c -- recordings and spikes as named arrays. Two tables say which member of which struct goes under which
 * name; packing and unpacking are loops over them, so nothing can be written that is not read back. */
#include "pipeline/bundle.h"
#include <stdio.h>
#include <string.h>

struct member {                 /* an array of 8-byte numbers; left out if the pointer is NULL */
	const char *name;
	enum rmb_type type;
	const char *unit, *axis, *help;
	size_t at;              /* offset of the pointer in its struct */
};
static const struct member annotations[] = {
	{ "id", RMB_INT64, "1", "neuron", "number of the neuron in its file", offsetof(struct rmb_neurons, id) },
	{ "x", RMB_FLOAT64, "um", "neuron", "position", offsetof(struct rmb_neurons, x) },
	{ "y", RMB_FLOAT64, "um", "neuron", "position", offsetof(struct rmb_neurons, y) },
	{ "z", RMB_FLOAT64, "um", "neuron", "position", offsetof(struct rmb_neurons, z) },
	{ "quality", RMB_FLOAT64, "1", "neuron", "what the file calls quality", offsetof(struct rmb_neurons, quality) },
	{ "plane", RMB_INT64, "1", "neuron", "imaging plane", offsetof(struct rmb_neurons, plane) },
	{ "probe", RMB_INT64, "1", "neuron", "probe", offsetof(struct rmb_neurons, probe) },
};
struct text_member { const char *name, *help; size_t at, width_at; }; /* n texts of that width */
static const struct text_member texts[] = {
	{ "area", "brain area", offsetof(struct rmb_neurons, area), offsetof(struct rmb_neurons, area_width) },
	{ "label", "what a person or a spike sorter called the unit", offsetof(struct rmb_neurons, label),
	  offsetof(struct rmb_neurons, label_width) },
};
static const struct member view[] = {
	{ "segment", RMB_INT64, "1", "segment", "first frame of each run without a gap",
	  offsetof(struct rmb_recording, segment) },
	{ "segment_time", RMB_FLOAT64, "s", "segment", "when each begins, on the recording's own clock; none: frame / rate",
	  offsetof(struct rmb_recording, segment_time) },
	{ "state", RMB_INT64, "1", "frame", "state of each frame", offsetof(struct rmb_recording, state) },
	{ "row", RMB_INT64, "1", "neuron", "stored row of each neuron", offsetof(struct rmb_recording, row) },
	{ "shift", RMB_INT64, "1", "neuron", "frame t shows selected frame t - shift, in a circle",
	  offsetof(struct rmb_recording, shift) },
	{ "offset", RMB_FLOAT64, "1", "neuron", "the value shown is (stored - offset) * scale",
	  offsetof(struct rmb_recording, offset) },
	{ "scale", RMB_FLOAT64, "1", "neuron", "the value shown is (stored - offset) * scale",
	  offsetof(struct rmb_recording, scale) },
};
enum {
	NANNOTATIONS = sizeof annotations / sizeof *annotations,
	NTEXTS = sizeof texts / sizeof *texts,
	NVIEW = sizeof view / sizeof *view
};

static const char interval_help[] = "selected stored frames: first, count";

/* ---- packing */

struct pack { struct rmb_arena *arena; const char *port; struct rmb_array *array; int *n; bool failed; };

static struct rmb_array *
add(struct pack *pack, const char *name, const char *unit, const char *help, enum rmb_type type, const void *data)
{
	struct rmb_array *array = &pack->array[(*pack->n)++];
	*array = (struct rmb_array){ .type = type, .help = help, .data = (void *)data };
	int n = snprintf(array->name, sizeof array->name, "%s/%s", pack->port, name);
	pack->failed = pack->failed || n >= (int)sizeof array->name;
	snprintf(array->unit, sizeof array->unit, "%s", unit);
	return array;
}

static void
add_axis(struct rmb_array *array, const char *name, int64_t n)
{
	array->axis[array->naxes++] = rmb_axis_index(name, n);
}

static void
add_scalar(struct pack *pack, const char *name, const char *unit, const char *help, enum rmb_type type, const void *value)
{
	void *kept = rmb_arena_copy(pack->arena, value, 1, sizeof(int64_t));
	pack->failed = pack->failed || !kept;
	add(pack, name, unit, help, type, kept);
}

static void
add_text(struct pack *pack, const char *name, const char *help, const char *text)
{
	char *kept = rmb_arena_strdup(pack->arena, text);
	pack->failed = pack->failed || !kept;
	add(pack, name, "1", help, RMB_TEXT, kept)->width = strlen(text) + 1;
}

/* How long the axes of members are. */
struct lengths { int64_t neurons, frames, segments; };

static int64_t
length_of(const struct member *member, struct lengths lengths)
{
	return strcmp(member->axis, "frame") == 0     ? lengths.frames
	       : strcmp(member->axis, "segment") == 0 ? lengths.segments
	                                              : lengths.neurons;
}

static void
add_members(struct pack *pack, const struct member *member, int n, const void *of, struct lengths lengths)
{
	for (int i = 0; i < n; i++) {
		const void *data;
		memcpy(&data, (const char *)of + member[i].at, sizeof data);
		if (!data)
			continue;
		add_axis(add(pack, member[i].name, member[i].unit, member[i].help, member[i].type, data), member[i].axis,
		         length_of(&member[i], lengths));
	}
}

static void
add_neurons(struct pack *pack, const struct rmb_neurons *neurons)
{
	add_scalar(pack, "nneurons", "1", "number of neurons", RMB_INT64, &neurons->n);
	add_members(pack, annotations, NANNOTATIONS, neurons, (struct lengths){ .neurons = neurons->n });
	for (int i = 0; i < NTEXTS; i++) {
		const void *data;
		memcpy(&data, (const char *)neurons + texts[i].at, sizeof data);
		if (!data)
			continue;
		struct rmb_array *array = add(pack, texts[i].name, "1", texts[i].help, RMB_TEXT, data);
		memcpy(&array->width, (const char *)neurons + texts[i].width_at, sizeof array->width);
		add_axis(array, "neuron", neurons->n);
	}
}

static void
add_pairs(struct pack *pack, const char *name, const char *unit, const char *help, enum rmb_type type, const char *axis,
          int64_t n, const void *data)
{
	struct rmb_array *array = add(pack, name, unit, help, type, data);
	add_axis(array, axis, n);
	add_axis(array, "bound", 2);
}

static int
packed(const struct pack *pack, struct rmb_error *error)
{
	return pack->failed ? rmb_error_nomem(error, "the tables of a recording") : 0;
}

int
rmb_bundle_recording(struct rmb_arena *arena, const char *port, const struct rmb_recording *r, struct rmb_array *array,
                     int *narrays, struct rmb_error *error)
{
	struct pack pack = { arena, port, array, narrays, false };
	if (!r->source[0]) {
		bool whole = !r->row && r->neurons.n == r->stored_rows, all = r->nintervals == 0;
		struct rmb_array *activity = add(&pack, "activity", "1", "activity as stored", RMB_FLOAT32, r->samples);
		add_axis(activity, whole ? "neuron" : "row", r->stored_rows);
		add_axis(activity, all ? "frame" : "stored_frame", r->stored_frames);
	}
	add_neurons(&pack, &r->neurons);
	add_scalar(&pack, "nframes", "1", "number of frames", RMB_INT64, &r->nframes);
	add_scalar(&pack, "rate", "Hz", "frames per second", RMB_FLOAT64, &r->rate);
	add_text(&pack, "scaling", "none, or the z-score convention used", r->scaling);
	add_text(&pack, "source", "key of the object that holds the samples; empty: this one", r->source);
	add_text(&pack, "view", "what a reader should know of the view beside its scaling", r->recipe_of_view);
	add_scalar(&pack, "stored_rows", "1", "rows of the stored samples", RMB_INT64, &r->stored_rows);
	add_scalar(&pack, "stored_frames", "1", "frames of the stored samples", RMB_INT64, &r->stored_frames);
	add_members(&pack, view, NVIEW, r, (struct lengths){ r->neurons.n, r->nframes, r->nsegments });
	if (r->nintervals)
		add_pairs(&pack, "interval", "1", interval_help, RMB_INT64, "interval", r->nintervals, r->interval);
	return packed(&pack, error);
}

/* One entry for each file. */
static void
add_list(struct pack *pack, const char *name, const char *unit, const char *help, const int64_t *value, int64_t n)
{
	add_axis(add(pack, name, unit, help, RMB_INT64, value), "file", n);
}

static void
add_texts(struct pack *pack, const char *name, const char *help, const char *text, size_t width, int64_t n)
{
	struct rmb_array *array = add(pack, name, "1", help, RMB_TEXT, text);
	array->width = width;
	add_axis(array, "file", n);
}

int
rmb_bundle_place(struct rmb_arena *arena, const char *port, const struct rmb_bundle_place *place, struct rmb_array *array,
                 int *narrays, struct rmb_error *error)
{
	struct pack pack = { arena, port, array, narrays, false };
	add_texts(&pack, "file", "SHA-256 of each file in which the samples stay: float32, row after row", place->sha256,
	          RMB_KEY_MAX, place->n);
	add_list(&pack, "file_bytes", "B", "length of that file", place->bytes, place->n);
	add_list(&pack, "file_at", "B", "where in it they begin", place->at, place->n);
	add_list(&pack, "file_row", "1", "first stored row that lies in it", place->row, place->n);
	add_list(&pack, "file_stride", "1", "samples in it from one row to the next", place->stride, place->n);
	if (place->folder) {
		add_text(&pack, "folder", "content of the folder in which these files lie", place->folder);
		add_texts(&pack, "inside", "path of each in that folder", place->inside, place->inside_width, place->n);
	}
	return packed(&pack, error);
}

int
rmb_bundle_spikes(struct rmb_arena *arena, const char *port, const struct rmb_spikes *spikes, struct rmb_array *array,
                  int *narrays, struct rmb_error *error)
{
	struct pack pack = { arena, port, array, narrays, false };
	add_axis(add(&pack, "time", "s", "spike times, neuron by neuron", RMB_FLOAT64, spikes->time), "spike", spikes->nspikes);
	add_axis(add(&pack, "first", "1", "first spike of each neuron, and the number of spikes", RMB_INT64, spikes->first),
	         "boundary", spikes->neurons.n + 1);
	add_neurons(&pack, &spikes->neurons);
	add_pairs(&pack, "observed", "s", "observed intervals: start, end", RMB_FLOAT64, "interval", spikes->nobserved,
	          spikes->observed);
	if (spikes->nstates) {
		add_pairs(&pack, "stated", "s", "intervals with a state: start, end", RMB_FLOAT64, "epoch", spikes->nstates,
		          spikes->stated);
		add_axis(add(&pack, "state", "1", "state of each of these", RMB_INT64, spikes->state), "epoch", spikes->nstates);
	}
	return packed(&pack, error);
}

/* ---- unpacking */

struct unpack {
	const struct rmb_object *object;
	const char *port;
	const char *wrong; /* the first member that is not as it should be; NULL: none so far */
};

static const struct rmb_array *
find(const struct rmb_object *object, const char *port, const char *name)
{
	char full[sizeof ((struct rmb_array *)0)->name];
	int n = snprintf(full, sizeof full, "%s/%s", port, name);
	return n < (int)sizeof full ? rmb_object_array(object, full) : NULL;
}

static void
wrong(struct unpack *u, const char *name)
{
	if (!u->wrong)
		u->wrong = name;
}

static void
take_scalar(struct unpack *u, const char *name, enum rmb_type type, void *value)
{
	const struct rmb_array *array = find(u->object, u->port, name);
	if (!array || array->type != type || array->naxes != 0)
		wrong(u, name);
	else
		memcpy(value, array->data, rmb_array_item(array));
}

static void
take_text(struct unpack *u, const char *name, char *text, size_t size)
{
	const struct rmb_array *array = find(u->object, u->port, name);
	if (!array || array->type != RMB_TEXT || array->naxes != 0 || array->width > size ||
	    ((char *)array->data)[array->width - 1])
		wrong(u, name);
	else
		memcpy(text, array->data, array->width);
}

static void
take_members(struct unpack *u, const struct member *member, int n, void *of, struct lengths lengths)
{
	for (int i = 0; i < n; i++) {
		const struct rmb_array *array = find(u->object, u->port, member[i].name);
		if (!array)
			continue;
		if (array->type != member[i].type || array->naxes != 1 ||
		    array->axis[0].n != length_of(&member[i], lengths))
			wrong(u, member[i].name);
		else
			memcpy((char *)of + member[i].at, &array->data, sizeof array->data);
	}
}

static void
take_neurons(struct unpack *u, struct rmb_neurons *neurons)
{
	take_scalar(u, "nneurons", RMB_INT64, &neurons->n);
	take_members(u, annotations, NANNOTATIONS, neurons, (struct lengths){ .neurons = neurons->n });
	for (int i = 0; i < NTEXTS; i++) {
		const struct rmb_array *array = find(u->object, u->port, texts[i].name);
		if (!array)
			continue;
		if (array->type != RMB_TEXT || array->naxes != 1 || array->axis[0].n != neurons->n)
			wrong(u, texts[i].name);
		else {
			memcpy((char *)neurons + texts[i].at, &array->data, sizeof array->data);
			memcpy((char *)neurons + texts[i].width_at, &array->width, sizeof array->width);
		}
	}
}

/* An array [n 2] of 8-byte numbers. */
static const void *
take_pairs(struct unpack *u, const char *name, enum rmb_type type, bool needed, int64_t *n)
{
	const struct rmb_array *array = find(u->object, u->port, name);
	if (!array && !needed)
		return NULL;
	if (!array || array->type != type || array->naxes != 2 || array->axis[1].n != 2) {
		wrong(u, name);
		return NULL;
	}
	*n = array->axis[0].n;
	return array->data;
}

static bool
is_activity(const struct rmb_array *array, const struct rmb_recording *r)
{
	return array->type == RMB_FLOAT32 && array->naxes == 2 && array->axis[0].n == r->stored_rows &&
	       array->axis[1].n == r->stored_frames;
}

/* Samples in the user's files, which are mapped if they are wanted. */
static void
take_outside(struct unpack *u, const struct rmb_object *samples, const struct rmb_bundle_place *place, struct rmb_recording *r)
{
	bool fit = rmb_bundle_place_holds(place, r->stored_rows, r->stored_frames);
	struct rmb_stored_part *part = NULL;
	if (fit && samples->noutside)
		part = rmb_arena_alloc(samples->arena, (size_t)place->n, sizeof *part);
	for (int64_t i = 0; i < place->n && part; i++) {
		const struct rmb_outside *file = &samples->outside[i];
		const void *first = (const char *)file->map + place->at[i];
		part[i] = (struct rmb_stored_part){ place->row[i], place->stride[i], first, file->file, place->at[i] };
	}
	if (!fit || (samples->noutside && !part))
		wrong(u, fit ? "file: no memory" : "file");
	r->part = part;
	r->nparts = part ? place->n : 0;
}

/* The samples: of this object under this port, or the only activity in the object that holds them. */
static void
take_samples(struct unpack *u, const struct rmb_object *samples, struct rmb_recording *r)
{
	const struct rmb_array *activity = NULL;
	int n = 0;
	struct rmb_bundle_place place;
	if (!r->source[0]) {
		activity = find(u->object, u->port, "activity");
		n = activity != NULL;
		snprintf(r->source, sizeof r->source, "%s", u->object->key);
	} else if (!samples)
		return;
	else if (strcmp(samples->key, r->source) == 0)
		activity = rmb_bundle_any(samples, "activity", &n);
	const struct rmb_object *holder = samples ? samples : u->object;
	if (n == 0 && strcmp(holder->key, r->source) == 0 && rmb_bundle_placed(holder, &place))
		take_outside(u, holder, &place, r);
	else if (n != 1 || !is_activity(activity, r))
		wrong(u, "activity");
	else {
		r->samples = activity->data;
		r->file = holder->file;
		r->file_at = (const char *)activity->data - (const char *)holder->map;
	}
}

static int
not_whole(const struct unpack *u, const char *why, struct rmb_error *error)
{
	return rmb_error_set(error, RMB_EDAMAGE, "object %.16s: '%s' does not hold together: %s%s", u->object->key, u->port,
	                     u->wrong ? "wrong or missing member " : "", u->wrong ? u->wrong : why);
}

int
rmb_unbundle_recording(const struct rmb_object *object, const char *port,
                       const struct rmb_object *samples, struct rmb_recording *r, struct rmb_error *error)
{
	struct unpack u = { object, port, NULL };
	struct rmb_error why = { 0 };
	memset(r, 0, sizeof *r);
	take_neurons(&u, &r->neurons);
	take_scalar(&u, "nframes", RMB_INT64, &r->nframes);
	take_scalar(&u, "rate", RMB_FLOAT64, &r->rate);
	take_text(&u, "scaling", r->scaling, sizeof r->scaling);
	take_text(&u, "source", r->source, sizeof r->source);
	take_text(&u, "view", r->recipe_of_view, sizeof r->recipe_of_view);
	take_scalar(&u, "stored_rows", RMB_INT64, &r->stored_rows);
	take_scalar(&u, "stored_frames", RMB_INT64, &r->stored_frames);
	const struct rmb_array *segment = find(object, port, "segment");
	r->nsegments = segment && segment->naxes == 1 ? segment->axis[0].n : 0;
	take_members(&u, view, NVIEW, r, (struct lengths){ r->neurons.n, r->nframes, r->nsegments });
	r->interval = take_pairs(&u, "interval", RMB_INT64, false, &r->nintervals);
	take_samples(&u, samples, r);
	if (u.wrong || !rmb_recording_valid(r, &why))
		return not_whole(&u, why.text, error);
	return 0;
}

int
rmb_unbundle_spikes(const struct rmb_object *object, const char *port, struct rmb_spikes *spikes,
                    struct rmb_error *error)
{
	struct unpack u = { object, port, NULL };
	struct rmb_error why = { 0 };
	memset(spikes, 0, sizeof *spikes);
	take_neurons(&u, &spikes->neurons);
	const struct rmb_array *time = find(object, port, "time"), *first = find(object, port, "first");
	if (!time || time->type != RMB_FLOAT64 || time->naxes != 1)
		wrong(&u, "time");
	else if (!first || first->type != RMB_INT64 || first->naxes != 1 || first->axis[0].n - 1 != spikes->neurons.n)
		wrong(&u, "first");
	else {
		spikes->time = time->data;
		spikes->mapped = object->mapped;
		spikes->nspikes = time->axis[0].n;
		spikes->first = first->data;
	}
	spikes->observed = take_pairs(&u, "observed", RMB_FLOAT64, true, &spikes->nobserved);
	spikes->stated = take_pairs(&u, "stated", RMB_FLOAT64, false, &spikes->nstates);
	const struct rmb_array *state = find(object, port, "state");
	if (spikes->nstates && (!state || state->type != RMB_INT64 || state->naxes != 1 || state->axis[0].n != spikes->nstates))
		wrong(&u, "state");
	else if (spikes->nstates)
		spikes->state = state->data;
	if (u.wrong || !rmb_spikes_valid(spikes, &why))
		return not_whole(&u, why.text, error);
	return 0;
}

/* ---- looking */

unsigned
rmb_bundle_kind(const struct rmb_object *object, const char *port)
{
	if (rmb_object_array(object, port))
		return RMB_ARRAY;
	return find(object, port, "nframes") ? RMB_RECORDING : find(object, port, "first") ? RMB_SPIKES : 0;
}

const char *
rmb_bundle_source(const struct rmb_object *object, const char *port)
{
	const struct rmb_array *source = find(object, port, "source");
	if (!source || source->type != RMB_TEXT || source->naxes != 0 || ((char *)source->data)[source->width - 1])
		return object->key; /* unbundling says what is wrong */
	return ((char *)source->data)[0] ? source->data : object->key;
}

/* pipeline/export_hdf5.c -- HDF5 files, laid out as objects of the cache are; a recording as if its view were what is stored. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "pipeline/export_inside.h"
#include "rumble/hash.h"

enum { BUNDLE_ARRAYS = 33 };

struct samples { struct rmb_object_writer *writer; const struct rmb_sheet *sheet; struct rmb_error *error; };

static int
take_samples(void *self, const void *rows, int64_t first, int64_t n)
{
	const struct samples *s = self;
	size_t row = (size_t)s->sheet->columns * rmb_array_item(&s->sheet->array);
	return rmb_object_write(s->writer, 0, first * (int64_t)row, rows, (size_t)n * row, s->error);
}

/* How many spikes each neuron has: with the times enough to read them elsewhere, and by rumble. */
static int
add_counts(struct rmb_sheet *sheet, struct rmb_array *array, struct rmb_error *error)
{
	const struct rmb_spikes *spikes = &sheet->spikes;
	int64_t *count = rmb_arena_alloc(sheet->arena, (size_t)spikes->neurons.n, sizeof *count);
	*array = (struct rmb_array){ .type = RMB_INT64, .unit = "1", .help = "number of spikes of each neuron", .naxes = 1,
	                             .data = count };
	array->axis[0] = rmb_axis_index("neuron", spikes->neurons.n);
	snprintf(array->name, sizeof array->name, "%s/counts", sheet->port);
	for (int64_t i = 0; count && i < spikes->neurons.n; i++)
		count[i] = spikes->first[i + 1] - spikes->first[i];
	return count ? 0 : rmb_error_nomem(error, "the counts of spikes");
}

/* The arrays of the file: the one there is, or a recording as if its view were what is stored. The samples come first. */
static int
list_arrays(struct rmb_sheet *sheet, struct rmb_array *array, int *n, struct rmb_error *error)
{
	if (sheet->kind == RMB_ARRAY)
		array[(*n)++] = sheet->array;
	if (sheet->kind == RMB_SPIKES) {
		int code = rmb_bundle_spikes(sheet->arena, sheet->port, &sheet->spikes, array, n, error);
		return code ? code : add_counts(sheet, &array[(*n)++], error);
	}
	if (sheet->kind != RMB_RECORDING)
		return 0;
	struct rmb_recording plain = sheet->recording;
	plain.row = plain.shift = NULL;
	plain.offset = plain.scale = NULL;
	plain.interval = NULL;
	plain.nintervals = 0;
	plain.stored_rows = plain.neurons.n;
	plain.stored_frames = plain.nframes;
	plain.samples = NULL;
	plain.file = 0;
	plain.nparts = 0;
	plain.source[0] = '\0';
	return rmb_bundle_recording(sheet->arena, sheet->port, &plain, array, n, error);
}

static int
write_arrays(struct rmb_sheet *sheet, struct rmb_object_writer *w, const struct rmb_array *array, int n, struct rmb_error *error)
{
	bool recording = sheet->kind == RMB_RECORDING;
	struct samples samples = { w, sheet, error };
	int code = recording ? rmb_sheet_rows(sheet, take_samples, &samples, error) : 0;
	for (int i = recording; i < n && code == 0; i++)
		code = rmb_object_write(w, i, 0, array[i].data,
		                        (size_t)rmb_array_count(&array[i]) * rmb_array_item(&array[i]), error);
	return code;
}

int
rmb_export_hdf5(struct rmb_sheet *sheet, const char *path, struct rmb_error *error)
{
	struct rmb_array array[BUNDLE_ARRAYS];
	char *directory = rmb_arena_strdup(sheet->arena, path), key[65];
	const char *name = rmb_arena_printf(sheet->arena, "export of %s/%s", sheet->object->key, sheet->port);
	int n = 0, code;
	if (!directory || !name)
		return rmb_error_nomem(error, "a path");
	rmb_sha256(name, strlen(name), key); /* of its own: this is no object of the cache */
	char *slash = strrchr(directory, '/');
	if (slash)
		slash[slash == directory] = '\0';
	if ((code = list_arrays(sheet, array, &n, error)))
		return code;
	struct rmb_object_writer *w = rmb_object_create(slash ? directory : ".", key, array, n, sheet->object->attribute,
	                                                sheet->object->nattributes, error);
	if (!w)
		return error ? error->code : RMB_EOUTPUT;
	code = write_arrays(sheet, w, array, n, error);
	if (code) {
		rmb_object_abandon(w);
		return code;
	}
	struct stat stat;
	code = rmb_object_publish(w, path, 1, error);
	if (code == 0 && lstat(path, &stat) == 0)
		chmod(path, (stat.st_mode & 0777) | S_IWUSR); /* it is the user's own, unlike an object */
	return code;
}

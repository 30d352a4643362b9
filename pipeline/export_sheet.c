/* pipeline/export_sheet.c -- what is exported, as rows: an array where it lies, a recording through its view, spikes as pairs.
 * Rows are read a few megabytes at a time, whatever the size of the whole. */
#include <stdlib.h>
#include <string.h>
#include "pipeline/export_inside.h"
#include "pipeline/outside.h"

enum { BLOCK = 4 << 20 };

/* ---- opening */

static int
open_recording(struct rmb_sheet *sheet, const struct rmb_graph *graph, const struct rmb_cache *cache, struct rmb_object **samples,
               struct rmb_error *error)
{
	const char *source = rmb_bundle_source(sheet->object, sheet->port);
	struct rmb_error why = { 0 };
	int code = strcmp(source, sheet->object->key) ? rmb_cache_get(cache, source, NULL, samples, &why) : 0;
	if (code)
		return rmb_error_set(error, code, "the samples that '%s' shows cannot be had: %s; run the recipe again",
		                     sheet->port, why.text);
	code = rmb_outside_attach_for(*samples ? *samples : sheet->object, graph, cache, error);
	if (code == 0)
		code = rmb_unbundle_recording(sheet->object, sheet->port, *samples, &sheet->recording, error);
	sheet->array = (struct rmb_array){ .type = RMB_FLOAT32, .unit = "1", .naxes = 2 };
	sheet->array.axis[0] = rmb_axis_index("neuron", sheet->recording.neurons.n);
	sheet->array.axis[1] = rmb_axis_index("frame", sheet->recording.nframes);
	return code;
}

static int
open_spikes(struct rmb_sheet *sheet, struct rmb_error *error)
{
	int code = rmb_unbundle_spikes(sheet->object, sheet->port, &sheet->spikes, error);
	sheet->array = (struct rmb_array){ .type = RMB_FLOAT64, .unit = "1", .naxes = 2 };
	sheet->array.axis[0] = rmb_axis_index("spike", sheet->spikes.nspikes);
	sheet->array.axis[1] = rmb_axis_index("neuron, time", 2);
	return code;
}

int
rmb_sheet_open(struct rmb_sheet *sheet, const struct rmb_graph *graph, const struct rmb_cache *cache, const struct rmb_node *node,
               struct rmb_object **samples, struct rmb_error *error)
{
	int code = 0;
	sheet->kind = rmb_bundle_kind(sheet->object, sheet->port);
	if (sheet->kind == RMB_RECORDING)
		code = open_recording(sheet, graph, cache, samples, error);
	else if (sheet->kind == RMB_SPIKES)
		code = open_spikes(sheet, error);
	else if (sheet->kind == RMB_ARRAY)
		sheet->array = *rmb_object_array(sheet->object, sheet->port);
	else
		return rmb_error_set(error, RMB_EUSAGE, "%s did not make an output '%s'", node->id, sheet->port);
	sheet->rows = sheet->array.naxes ? sheet->array.axis[0].n : 1;
	sheet->columns = 1;
	for (int a = 1; a < sheet->array.naxes; a++)
		sheet->columns *= sheet->array.axis[a].n;
	return code;
}

/* ---- reading rows */

/* The neuron of spike s. */
static int64_t
neuron_of(const struct rmb_spikes *spikes, int64_t s)
{
	int64_t low = 0, high = spikes->neurons.n;
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;
		if (spikes->first[middle] <= s)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static int64_t
rows_at_once(const struct rmb_sheet *sheet)
{
	size_t row = (size_t)sheet->columns * rmb_array_item(&sheet->array);
	return row == 0 || row >= BLOCK ? 1 : (int64_t)(BLOCK / row);
}

/* Rows first .. first + n - 1 into buffer, or where they lie already. */
static const void *
read_rows(const struct rmb_sheet *sheet, int64_t first, int64_t n, void *buffer)
{
	if (sheet->kind == RMB_ARRAY)
		return (const char *)sheet->array.data + (size_t)(first * sheet->columns) * rmb_array_item(&sheet->array);
	if (sheet->kind == RMB_RECORDING) {
		rmb_read_block(&sheet->recording, first, n, 0, sheet->columns, buffer);
		return buffer;
	}
	double *pair = buffer;
	for (int64_t i = 0; i < n; i++) {
		pair[2 * i] = (double)neuron_of(&sheet->spikes, first + i);
		pair[2 * i + 1] = sheet->spikes.time[first + i];
	}
	return buffer;
}

int
rmb_sheet_rows(const struct rmb_sheet *sheet, int (*take)(void *self, const void *rows, int64_t first, int64_t n), void *self,
               struct rmb_error *error)
{
	int64_t step = rows_at_once(sheet);
	void *buffer = malloc((size_t)step * (size_t)sheet->columns * rmb_array_item(&sheet->array) + 1);
	int code = buffer ? 0 : rmb_error_nomem(error, "a block of rows");
	for (int64_t first = 0; first < sheet->rows && code == 0; first += step) {
		int64_t n = sheet->rows - first < step ? sheet->rows - first : step;
		code = take(self, read_rows(sheet, first, n, buffer), first, n);
	}
	free(buffer);
	return code;
}

/* pipeline/report/drawing_image.c -- a recording, or an array of rows and columns, as an image. */
#include <string.h>
#include "pipeline/bundle.h"
#include "pipeline/outside.h"
#include "pipeline/report/drawing.h"

/* The object with the samples of a recording: its own, or that of another node of the graph, or none of ours. */
static const struct rmb_object *
samples_of(struct rmb_gathering *g, const struct rmb_object *object, const char *port, struct rmb_object **opened,
           struct rmb_error *error)
{
	const char *key = rmb_bundle_source(object, port);
	struct rmb_object *samples = NULL;
	for (int i = 0; i < g->graph->nnodes && !samples; i++)
		if (strcmp(g->graph->node[i]->key, key) == 0 && g->standing[i].stand == RMB_HERE)
			samples = rmb_gather_object(g, g->graph->node[i]);
	if (!samples && rmb_cache_get(g->cache, key, NULL, opened, error) == 0)
		samples = *opened;
	return samples && rmb_outside_attach_for(samples, g->graph, g->cache, error) == 0 ? samples : NULL;
}

static void
read_array(const void *from, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, float *buffer)
{
	const struct rmb_array *array = from;
	for (int64_t r = 0; r < nrows; r++)
		for (int64_t c = 0; c < ncolumns; c++)
			buffer[r * ncolumns + c] = (float)rmb_gather_value(array, (row + r) * array->axis[1].n + column + c);
}

static struct rmb_image *
image_of_array(const struct rmb_drawing *d, const struct rmb_array *array, struct rmb_error *error)
{
	const struct rmb_axis *rows = &array->axis[0], *columns = &array->axis[1];
	struct rmb_image *image = rmb_image_make(d->g->arena, rows->n, columns->n, d->g->image_limit, read_array, array, error);
	if (image) {
		d->data->x = rmb_drawing_title(d, d->data->x, columns->unit);
		d->data->y = rmb_drawing_title(d, d->data->y, rows->unit);
		image->x = columns->start + image->x * columns->step, image->dx *= columns->step;
		image->y = rows->start + image->y * rows->step, image->dy *= rows->step;
	}
	return image;
}

/* The image of an output, if it is one that can be drawn; what cannot be read is a problem of that node, not of the report. */
static struct rmb_image *
image_of(const struct rmb_drawing *d, const struct rmb_node *node, const char *port, struct rmb_error *error)
{
	struct rmb_gathering *g = d->g;
	const struct rmb_object *object = rmb_gather_object(g, node), *samples;
	const struct rmb_array *array = rmb_drawing_array(d, node, port, 2);
	struct rmb_object *opened = NULL;
	struct rmb_recording recording;
	struct rmb_image *image = NULL;
	if (array)
		return image_of_array(d, array, error);
	if (!object || rmb_bundle_kind(object, port) != RMB_RECORDING)
		return NULL;
	if ((samples = samples_of(g, object, port, &opened, error))
	    && rmb_unbundle_recording(object, port, samples, &recording, error) == 0) {
		d->data->x = rmb_drawing_title(d, d->data->x, recording.rate > 0 ? "s" : "frames");
		image = rmb_image_recording(g->arena, &recording, g->image_limit, error);
	}
	rmb_object_close(opened);
	return image;
}

int
rmb_draw_image(struct rmb_drawing *d, struct rmb_error *error)
{
	const struct rmb_node *node = d->group[0].node[0];
	struct rmb_error unreadable = { 0 };
	d->data->image = image_of(d, node, d->figure->image, &unreadable);
	if (!d->data->image && unreadable.code)
		d->g->standing[node->index] = (struct rmb_standing){ RMB_MISSING,
		                                                     rmb_arena_printf(d->g->arena, "cannot be drawn: %s",
		                                                             unreadable.text) };
	if (d->group[0].n > 1)
		rmb_drawing_note(d, "Of several replicates the first is shown.");
	return unreadable.code == RMB_ELIMIT ? rmb_error_nomem(error, "an image") : 0;
}

/* pipeline/report/image.c -- a matrix as an image: means over blocks, as bytes. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "pipeline/report/figure.h"

enum { BLOCK_VALUES = 1 << 20, BLOCK_COLUMNS = 1 << 16 };

static int
by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

/* What the colours span, and the values as bytes of that span. */
static int
quantise(struct rmb_arena *arena, const float *mean, struct rmb_image *image)
{
	int64_t n = image->rows * image->columns;
	float *sorted = rmb_arena_copy(arena, mean, (size_t)n, sizeof *mean);
	unsigned char *value = rmb_arena_alloc(arena, (size_t)n, 1);
	if (!sorted || !value)
		return RMB_ELIMIT;
	int64_t finite = 0;
	for (int64_t i = 0; i < n; i++)
		if (isfinite(mean[i]))
			sorted[finite++] = mean[i];
	qsort(sorted, (size_t)finite, sizeof *sorted, by_value);
	int64_t end = finite - 1, outside = finite / 200;
	image->low = finite ? sorted[outside] : 0;
	image->high = finite ? sorted[end - outside] : 0;
	if (finite && !(image->high > image->low)) {
		image->low = sorted[0];
		image->high = sorted[end];
	}
	if (!(image->high > image->low))
		image->high = image->low + 1;
	for (int64_t i = 0; i < n; i++) /* fmax takes what is not NaN */
		value[i] = (unsigned char)lrint(255 * fmin(fmax((mean[i] - image->low) / (image->high - image->low), 0), 1));
	image->value = value;
	return 0;
}

/* Adds rows row .. row + nrows - 1 to sum[columns], each block column of the matrix to its column of the image. */
static void
add_rows(const struct rmb_image *image, rmb_matrix_read *read, const void *from, int64_t row, int64_t nrows, float *buffer,
         double *sum)
{
	int64_t full = image->full_columns;
	for (int64_t start = 0; start < full; start += BLOCK_COLUMNS) {
		int64_t nc = full - start < BLOCK_COLUMNS ? full - start : BLOCK_COLUMNS;
		read(from, row, nrows, start, nc, buffer);
		for (int64_t i = 0; i < nrows; i++)
			for (int64_t c = start * image->columns / full, j = 0; j < nc; j++) {
				while (start + j >= (c + 1) * full / image->columns)
					c++;
				sum[c] += (double)buffer[i * nc + j];
			}
	}
}

struct rmb_image *
rmb_image_make(struct rmb_arena *arena, int64_t rows, int64_t columns, int limit, rmb_matrix_read *read, const void *from,
               struct rmb_error *error)
{
	struct rmb_image *image = rmb_arena_alloc(arena, 1, sizeof *image);
	int64_t nr = rows < limit ? rows : limit, nc = columns < limit ? columns : limit;
	int64_t wide = columns < BLOCK_COLUMNS ? columns : BLOCK_COLUMNS, tall = wide ? BLOCK_VALUES / wide : 0;
	if (nr < 1 || nc < 1) {
		rmb_error_set(error, RMB_EDATA, "an image of %" PRId64 " x %" PRId64 " values cannot be drawn", rows, columns);
		return NULL;
	}
	float *mean = rmb_arena_alloc(arena, (size_t)(nr * nc), sizeof *mean);
	double *sum = rmb_arena_alloc(arena, (size_t)nc, sizeof *sum);
	float *buffer = malloc((size_t)BLOCK_VALUES * sizeof *buffer);
	if (!image || !mean || !sum || !buffer) {
		free(buffer);
		rmb_error_nomem(error, "an image");
		return NULL;
	}
	*image = (struct rmb_image){ .rows = nr, .columns = nc, .full_rows = rows, .full_columns = columns,
	                             .dx = (double)columns / (double)nc, .dy = (double)rows / (double)nr };
	image->x = (image->dx - 1) / 2;
	image->y = (image->dy - 1) / 2;
	for (int64_t r = 0; r < nr; r++) {
		int64_t first = r * rows / nr, end = (r + 1) * rows / nr;
		memset(sum, 0, (size_t)nc * sizeof *sum);
		for (int64_t row = first; row < end; row += tall)
			add_rows(image, read, from, row, end - row < tall ? end - row : tall, buffer, sum);
		for (int64_t c = 0; c < nc; c++)
			mean[r * nc + c] =
				(float)(sum[c] / (double)((end - first) * ((c + 1) * columns / nc - c * columns / nc)));
	}
	free(buffer);
	if (quantise(arena, mean, image)) {
		rmb_error_nomem(error, "an image");
		return NULL;
	}
	return image;
}

static void
read_recording(const void *from, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, float *buffer)
{
	const struct rmb_recording *recording = from;
	rmb_read_block(recording, row, nrows, column, ncolumns, buffer);
}

struct rmb_image *
rmb_image_recording(struct rmb_arena *arena, const struct rmb_recording *recording, int limit, struct rmb_error *error)
{
	struct rmb_image *image =
		rmb_image_make(arena, recording->neurons.n, recording->nframes, limit, read_recording, recording, error);
	if (image && recording->rate > 0)
		image->x = (image->x + 0.5) / recording->rate, image->dx /= recording->rate;
	return image;
}

/* pipeline/bundle_place.c -- what an object says of the files in which samples stayed: read back and checked. */
#include <string.h>
#include "pipeline/bundle.h"

const struct rmb_array *
rmb_bundle_any(const struct rmb_object *object, const char *name, int *n)
{
	const struct rmb_array *found = NULL;
	for (int i = *n = 0; i < object->narrays; i++) {
		const char *slash = strchr(object->array[i].name, '/');
		if (slash && strcmp(slash + 1, name) == 0 && ++*n)
			found = &object->array[i];
	}
	return found;
}

/* The only ANY/name, if it is a text; NULL: it is not, or there are several. */
static const char *
sole_text(const struct rmb_object *object, const char *name)
{
	int n;
	const struct rmb_array *text = rmb_bundle_any(object, name, &n);
	bool right = n == 1 && text->type == RMB_TEXT && text->naxes == 0 && text->width > 0;
	return right && !((char *)text->data)[text->width - 1] ? text->data : NULL;
}

/* The only ANY/name, if it is a list with an entry for each of n files; NULL: it is not. */
static const struct rmb_array *
sole_list(const struct rmb_object *object, const char *name, enum rmb_type type, int64_t n)
{
	int found;
	const struct rmb_array *list = rmb_bundle_any(object, name, &found);
	return found == 1 && list->type == type && list->naxes == 1 && list->axis[0].n == n ? list : NULL;
}

static const int64_t *
sole_whole(const struct rmb_object *object, const char *name, int64_t n)
{
	const struct rmb_array *list = sole_list(object, name, RMB_INT64, n);
	return list ? list->data : NULL;
}

/* The same of texts, each of which ends. */
static const char *
sole_texts(const struct rmb_object *object, const char *name, int64_t n, size_t *width)
{
	const struct rmb_array *list = sole_list(object, name, RMB_TEXT, n);
	bool right = list && list->width > 0;
	for (int64_t i = 0; i < n && right; i++)
		right = !((const char *)list->data)[(size_t)i * list->width + list->width - 1];
	*width = right ? list->width : 0;
	return right ? list->data : NULL;
}

bool
rmb_bundle_placed(const struct rmb_object *object, struct rmb_bundle_place *place)
{
	int found;
	size_t width;
	const struct rmb_array *file = rmb_bundle_any(object, "file", &found);
	int64_t n = found == 1 && file->naxes == 1 ? file->axis[0].n : 0;
	if (n < 1 || n > RMB_BUNDLE_FILES)
		return false;
	*place = (struct rmb_bundle_place){ .n = n, .folder = sole_text(object, "folder"),
		                            .bytes = sole_whole(object, "file_bytes", n),
		                            .at = sole_whole(object, "file_at", n),
		                            .row = sole_whole(object, "file_row", n),
		                            .stride = sole_whole(object, "file_stride", n) };
	place->sha256 = sole_texts(object, "file", n, &width);
	place->inside = sole_texts(object, "inside", n, &place->inside_width);
	bool right = width == RMB_KEY_MAX && place->bytes && place->at && place->row && place->stride &&
	             !place->folder == !place->inside && (place->folder || n == 1);
	for (int64_t i = 0; i < n && right; i++)
		right = strlen(place->sha256 + i * RMB_KEY_MAX) == RMB_KEY_MAX - 1 && place->bytes[i] > 0;
	return right;
}

/* Whether the rows of file i of the place, of `rows` in all, lie in it. */
static bool
rows_fit(const struct rmb_bundle_place *place, int64_t i, int64_t rows, int64_t frames)
{
	int64_t end = i + 1 < place->n ? place->row[i + 1] : rows, bytes;
	return (i > 0 || place->row[0] == 0) && place->row[i] >= 0 && place->row[i] < end && end <= rows &&
	       place->stride[i] >= frames && place->at[i] >= 0 && place->at[i] % (int64_t)sizeof(float) == 0 &&
	       !__builtin_mul_overflow(end - place->row[i], place->stride[i], &bytes) &&
	       !__builtin_mul_overflow(bytes, (int64_t)sizeof(float), &bytes) &&
	       !__builtin_add_overflow(bytes, place->at[i], &bytes) && bytes <= place->bytes[i];
}

bool
rmb_bundle_place_holds(const struct rmb_bundle_place *place, int64_t rows, int64_t frames)
{
	bool fit = true;
	for (int64_t i = 0; i < place->n && fit; i++)
		fit = rows_fit(place, i, rows, frames);
	return fit;
}

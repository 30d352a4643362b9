#include "compare/columns.h"
#include <string.h>

static int
output_texts(struct rmb_call *call, const struct column *c, const struct rmb_axis *axis, const char *member, size_t size)
{
	const char **text = rmb_scratch(call, (size_t)axis->n, sizeof *text);
	for (int64_t i = 0; text && i < axis->n; i++)
		memcpy(&text[i], member + (size_t)i * size, sizeof *text);
	return text ? rmb_output_text_list(call, c->port, axis, axis->n, text) : RMB_ELIMIT;
}

static int
output_numbers(struct rmb_call *call, const struct column *c, const struct rmb_axis *axis, const char *member, size_t size)
{
	struct rmb_array *array = rmb_output(call, c->port, axis);
	for (int64_t i = 0; array && i < axis->n; i++)
		memcpy(rmb_array_row(array, i), member + (size_t)i * size, rmb_array_item(array));
	return array ? 0 : RMB_ELIMIT;
}

int
rmb_columns_output(struct rmb_call *call, const char *axis_name, const struct column *column, int64_t n, const void *rows,
                   size_t size)
{
	struct rmb_axis axis = rmb_axis_index(axis_name, n);
	int rc = 0;
	for (; column->port && !rc; column++)
		rc = (column->type == RMB_TEXT ? output_texts : output_numbers)(call, column, &axis,
		                                                                (const char *)rows + column->at, size);
	return rc;
}

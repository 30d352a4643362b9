#include "rumble/array.h"
#include <stdio.h>

struct rmb_axis
rmb_axis_make(const char *name, const char *unit, int64_t n, double start, double step)
{
	struct rmb_axis axis = { .n = n, .start = start, .step = step };
	snprintf(axis.name, sizeof axis.name, "%s", name);
	snprintf(axis.unit, sizeof axis.unit, "%s", unit);
	return axis;
}

struct rmb_axis
rmb_axis_index(const char *name, int64_t n)
{
	return rmb_axis_make(name, "1", n, 0, 1);
}

struct rmb_axis
rmb_axis_rank(int64_t n)
{
	return rmb_axis_make("rank", "1", n, 1, 1);
}

size_t
rmb_array_item(const struct rmb_array *array)
{
	static const size_t size[] = { [RMB_FLOAT32] = 4, [RMB_FLOAT64] = 8, [RMB_INT64] = 8, [RMB_UINT8] = 1 };
	return array->type == RMB_TEXT ? array->width : size[array->type];
}

int64_t
rmb_array_count(const struct rmb_array *array)
{
	int64_t count = 1, bytes;
	for (int i = 0; i < array->naxes; i++)
		if (array->axis[i].n < 0 || __builtin_mul_overflow(count, array->axis[i].n, &count))
			return -1;
	return __builtin_mul_overflow(count, rmb_array_item(array), &bytes) ? -1 : count;
}

void *
rmb_array_row(const struct rmb_array *array, int64_t i)
{
	size_t row = rmb_array_item(array);
	for (int a = 1; a < array->naxes; a++)
		row *= (size_t)array->axis[a].n;
	return (char *)array->data + (size_t)i * row;
}

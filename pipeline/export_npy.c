/* pipeline/export_npy.c -- npy files: the header that numpy's format document describes, then the numbers as they are. */
#include <inttypes.h>
#include "pipeline/export_inside.h"

static int
take_bytes(void *self, const void *rows, int64_t first, int64_t n)
{
	(void)first;
	struct rmb_out *out = self;
	size_t bytes = (size_t)(n * out->sheet->columns) * rmb_array_item(&out->sheet->array);
	return fwrite(rows, 1, bytes, out->file) == bytes ? 0 : RMB_EOUTPUT;
}

/* The header that numpy's format document describes: a literal, padded so that the numbers begin at a multiple of 64. */
static void
write_npy_header(const struct rmb_sheet *sheet, FILE *file)
{
	static const char *const types[] = { [RMB_FLOAT32] = "<f4", [RMB_FLOAT64] = "<f8", [RMB_INT64] = "<i8",
	                                     [RMB_UINT8] = "|u1" };
	char text[512], type[32];
	const struct rmb_array *array = &sheet->array;
	if (array->type == RMB_TEXT)
		snprintf(type, sizeof type, "|S%zu", array->width);
	else
		snprintf(type, sizeof type, "%s", types[array->type]);
	int n = snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (", type);
	for (int i = 0; i < array->naxes; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, i + 1 < array->naxes || i == 0 ? "%" PRId64 "," : "%" PRId64,
		              array->axis[i].n);
	n += snprintf(text + n, sizeof text - (size_t)n, "), }");
	int length = (10 + n + 1 + 63) / 64 * 64 - 10;
	fwrite("\x93NUMPY\1\0", 1, 8, file);
	fputc(length & 255, file);
	fputc(length >> 8, file);
	fprintf(file, "%s%*s\n", text, length - n - 1, "");
}

int
rmb_export_npy(struct rmb_sheet *sheet, const char *path, struct rmb_error *error)
{
	return rmb_export_rows(sheet, path, write_npy_header, take_bytes, error);
}

/* pipeline/export_csv.c -- csv files: two axes as a table, anything else as one line an entry with its place on every axis. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "pipeline/export_inside.h"

/* A text as one cell: quoted if it needs to be, and never a formula for the program that opens it. */
static void
write_cell(FILE *file, const char *text, size_t n)
{
	bool formula = n > 0 && strchr("=+-@\t\r", text[0]), quoted = formula;
	for (size_t i = 0; i < n; i++)
		quoted = quoted || strchr(",\"\r\n", text[i]);
	if (quoted)
		fputc('"', file);
	if (formula)
		fputc('\'', file);
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '"')
			fputc('"', file);
		fputc(text[i], file);
	}
	if (quoted)
		fputc('"', file);
}

/* As few digits as bring the number back. */
static void
write_number(FILE *file, double value, bool single)
{
	char text[40];
	for (int digits = single ? 6 : 15; digits <= (single ? 9 : 17); digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		if (single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value)
			break;
	}
	fputs(text, file);
}

static void
write_entry(FILE *file, const struct rmb_array *array, const void *at)
{
	switch (array->type) {
	case RMB_FLOAT32: write_number(file, (double)*(const float *)at, true); break;
	case RMB_FLOAT64: write_number(file, *(const double *)at, false); break;
	case RMB_INT64: fprintf(file, "%" PRId64, *(const int64_t *)at); break;
	case RMB_UINT8: fprintf(file, "%u", *(const uint8_t *)at); break;
	case RMB_TEXT: write_cell(file, at, strnlen(at, array->width)); break;
	}
}

static void
write_place(FILE *file, const struct rmb_axis *axis, int64_t i)
{
	write_number(file, axis->start + (double)i * axis->step, false);
}

static void
write_heading(FILE *file, const char *name, const char *unit)
{
	char text[RMB_NAME_MAX * 2 + RMB_UNIT_MAX + 4];
	int n = strcmp(unit, "1") ? snprintf(text, sizeof text, "%s (%s)", name, unit) : snprintf(text, sizeof text, "%s", name);
	write_cell(file, text, (size_t)n);
}

/* Two axes: the first down, the second across. Otherwise one line an entry: where on each axis, and the value. */
static bool
is_wide(const struct rmb_sheet *sheet)
{
	return sheet->array.naxes == 2 && sheet->kind != RMB_SPIKES;
}

static void
write_csv_heading(const struct rmb_sheet *sheet, FILE *file)
{
	const struct rmb_array *array = &sheet->array;
	if (sheet->kind == RMB_SPIKES) {
		fprintf(file, "neuron,time (s)\n");
		return;
	}
	for (int a = 0; a < (is_wide(sheet) ? 1 : array->naxes); a++) {
		write_heading(file, array->axis[a].name, array->axis[a].unit);
		if (!is_wide(sheet))
			fputc(',', file);
	}
	for (int64_t i = 0; is_wide(sheet) && i < sheet->columns; i++) {
		fputc(',', file);
		write_place(file, &array->axis[1], i);
	}
	if (!is_wide(sheet))
		write_heading(file, array->name, array->unit);
	fputc('\n', file);
}

/* Entry i of row `row`, with its place on every axis. */
static void
write_line(const struct rmb_sheet *sheet, FILE *file, int64_t row, int64_t i, const char *at)
{
	const struct rmb_array *array = &sheet->array;
	int64_t rest = i, place[RMB_MAX_AXES] = { row };
	for (int a = array->naxes - 1; a > 0; a--) {
		place[a] = rest % array->axis[a].n;
		rest /= array->axis[a].n;
	}
	for (int a = 0; a < array->naxes; a++) {
		write_place(file, &array->axis[a], place[a]);
		fputc(',', file);
	}
	write_entry(file, array, at);
	fputc('\n', file);
}

static int
take_lines(void *self, const void *rows, int64_t first, int64_t n)
{
	struct rmb_out *out = self;
	const struct rmb_sheet *sheet = out->sheet;
	const char *at = rows;
	bool wide = is_wide(sheet), pairs = sheet->kind == RMB_SPIKES;
	for (int64_t r = 0; r < n; r++) {
		if (wide)
			write_place(out->file, &sheet->array.axis[0], first + r);
		for (int64_t i = 0; i < sheet->columns; i++, at += rmb_array_item(&sheet->array)) {
			if (!wide && !pairs) {
				write_line(sheet, out->file, first + r, i, at);
				continue;
			}
			if (wide || i > 0)
				fputc(',', out->file);
			write_entry(out->file, &sheet->array, at);
		}
		if (wide || pairs)
			fputc('\n', out->file);
	}
	return ferror(out->file) ? RMB_EOUTPUT : 0;
}

int
rmb_export_csv(struct rmb_sheet *sheet, const char *path, struct rmb_error *error)
{
	return rmb_export_rows(sheet, path, write_csv_heading, take_lines, error);
}

/* pipeline/export.c -- one result as a file of its own: HDF5, npy or csv.
 *
 * Everything is written row by row from a `sheet`, so a recording of any size, seen through its view, needs a few megabytes.
 * The file appears under its name when it is whole, and what stands there already is never replaced. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pipeline/bundle.h"
#include "pipeline/object_block.h"
#include "pipeline/owner.h"
#include "pipeline/results.h"
#include "rumble/hash.h"

enum { BLOCK = 4 << 20, BUNDLE_ARRAYS = 33 };

/* What is exported. An array as it is; a recording as float32 [neuron frame], read through its view; spikes as float64
 * [spike 2], neuron and time. */
struct sheet {
	struct rmb_arena *arena;
	const struct rmb_object *object;
	const char *port;
	struct rmb_array array;             /* data NULL: a recording or spikes */
	struct rmb_recording recording;
	struct rmb_spikes spikes;
	unsigned kind;
	int64_t rows, columns;              /* rows of the slowest axis, entries of each */
};

struct format {
	const char *name, *ending;
	int (*write)(struct sheet *sheet, const char *path, struct rmb_error *error);
};

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
rows_at_once(const struct sheet *sheet)
{
	size_t row = (size_t)sheet->columns * rmb_array_item(&sheet->array);
	return row == 0 || row >= BLOCK ? 1 : (int64_t)(BLOCK / row);
}

/* Rows first .. first + n - 1 into buffer, or where they lie already. */
static const void *
read_rows(const struct sheet *sheet, int64_t first, int64_t n, void *buffer)
{
	if (sheet->kind == RMB_ARRAY)
		return (const char *)sheet->array.data + (size_t)(first * sheet->columns) * rmb_array_item(&sheet->array);
	if (sheet->kind == RMB_RECORDING) {
		rmb_read_block(&sheet->recording, first, n, 0, sheet->columns, buffer);
		rmb_drop_rows(&sheet->recording, first, n);
		return buffer;
	}
	double *pair = buffer;
	for (int64_t i = 0; i < n; i++) {
		pair[2 * i] = (double)neuron_of(&sheet->spikes, first + i);
		pair[2 * i + 1] = sheet->spikes.time[first + i];
	}
	return buffer;
}

/* Calls take(self, rows, first, n) for blocks of rows. 0, or what take returned. */
static int
for_rows(const struct sheet *sheet, int (*take)(void *self, const void *rows, int64_t first, int64_t n), void *self, struct rmb_error *error)
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

/* ---- files that appear when they are whole */

struct out { FILE *file; char temporary[PATH_MAX]; const struct sheet *sheet; };

static int
cannot_write(const char *path, struct rmb_error *error)
{
	return rmb_error_set(error, RMB_EOUTPUT, "%s: cannot be written: %s", path, strerror(errno));
}

static int
begin_file(struct out *out, const struct sheet *sheet, const char *path, struct rmb_error *error)
{
	out->sheet = sheet;
	int n = snprintf(out->temporary, sizeof out->temporary, "%s.tmp.%016" PRIx64, path, rmb_owner_random());
	int fd = n >= (int)sizeof out->temporary ? -1 : open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	out->file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out->file && fd >= 0)
		close(fd);
	return out->file ? 0 : cannot_write(path, error);
}

static int
end_file(struct out *out, const char *path, int code, struct rmb_error *error)
{
	bool wrong = fflush(out->file) || ferror(out->file) || fsync(fileno(out->file));
	if (code == 0 && (wrong || rename(out->temporary, path)))
		code = cannot_write(path, error);
	fclose(out->file);
	if (code)
		unlink(out->temporary);
	return code;
}

/* ---- npy */

static int
take_bytes(void *self, const void *rows, int64_t first, int64_t n)
{
	(void)first;
	struct out *out = self;
	size_t bytes = (size_t)(n * out->sheet->columns) * rmb_array_item(&out->sheet->array);
	return fwrite(rows, 1, bytes, out->file) == bytes ? 0 : RMB_EOUTPUT;
}

/* The header that numpy's format document describes: a literal, padded so that the numbers begin at a multiple of 64. */
static void
write_npy_header(const struct sheet *sheet, FILE *file)
{
	static const char *const types[] = { [RMB_FLOAT32] = "<f4", [RMB_FLOAT64] = "<f8", [RMB_INT64] = "<i8", [RMB_UINT8] = "|u1" };
	char text[512], type[32];
	const struct rmb_array *array = &sheet->array;
	if (array->type == RMB_TEXT)
		snprintf(type, sizeof type, "|S%zu", array->width);
	else
		snprintf(type, sizeof type, "%s", types[array->type]);
	int n = snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (", type);
	for (int i = 0; i < array->naxes; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, i + 1 < array->naxes || i == 0 ? "%" PRId64 "," : "%" PRId64, array->axis[i].n);
	n += snprintf(text + n, sizeof text - (size_t)n, "), }");
	int length = (10 + n + 1 + 63) / 64 * 64 - 10;
	fwrite("\x93NUMPY\1\0", 1, 8, file);
	fputc(length & 255, file);
	fputc(length >> 8, file);
	fprintf(file, "%s%*s\n", text, length - n - 1, "");
}

static int
write_npy(struct sheet *sheet, const char *path, struct rmb_error *error)
{
	struct out out;
	int code = begin_file(&out, sheet, path, error);
	if (code)
		return code;
	write_npy_header(sheet, out.file);
	code = for_rows(sheet, take_bytes, &out, error);
	return end_file(&out, path, code == RMB_EOUTPUT ? 0 : code, error);
}

/* ---- csv */

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
is_wide(const struct sheet *sheet)
{
	return sheet->array.naxes == 2 && sheet->kind != RMB_SPIKES;
}

static void
write_csv_heading(const struct sheet *sheet, FILE *file)
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
write_line(const struct sheet *sheet, FILE *file, int64_t row, int64_t i, const char *at)
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
	struct out *out = self;
	const struct sheet *sheet = out->sheet;
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

static int
write_csv(struct sheet *sheet, const char *path, struct rmb_error *error)
{
	struct out out;
	int code = begin_file(&out, sheet, path, error);
	if (code)
		return code;
	write_csv_heading(sheet, out.file);
	code = for_rows(sheet, take_lines, &out, error);
	return end_file(&out, path, code == RMB_EOUTPUT ? 0 : code, error);
}

/* ---- hdf5 */

struct samples { struct rmb_object_writer *writer; const struct sheet *sheet; struct rmb_error *error; };

static int
take_samples(void *self, const void *rows, int64_t first, int64_t n)
{
	const struct samples *s = self;
	size_t row = (size_t)s->sheet->columns * rmb_array_item(&s->sheet->array);
	return rmb_object_write(s->writer, 0, first * (int64_t)row, rows, (size_t)n * row, s->error);
}

/* The arrays of the file: the one there is, or a recording as if its view were what is stored. The samples come first. */
static int
list_arrays(struct sheet *sheet, struct rmb_array *array, int *n, struct rmb_error *error)
{
	if (sheet->kind == RMB_ARRAY)
		array[(*n)++] = sheet->array;
	if (sheet->kind == RMB_SPIKES)
		return rmb_bundle_spikes(sheet->arena, sheet->port, &sheet->spikes, array, n, error);
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
	plain.source[0] = '\0';
	return rmb_bundle_recording(sheet->arena, sheet->port, &plain, array, n, error);
}

static int
write_arrays(struct sheet *sheet, struct rmb_object_writer *w, const struct rmb_array *array, int n, struct rmb_error *error)
{
	bool recording = sheet->kind == RMB_RECORDING;
	struct samples samples = { w, sheet, error };
	int code = recording ? for_rows(sheet, take_samples, &samples, error) : 0;
	for (int i = recording; i < n && code == 0; i++)
		code = rmb_object_write(w, i, 0, array[i].data, (size_t)rmb_array_count(&array[i]) * rmb_array_item(&array[i]), error);
	return code;
}

static int
write_hdf5(struct sheet *sheet, const char *path, struct rmb_error *error)
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

static const struct format formats[] = {
	{ "hdf5", ".h5", write_hdf5 }, { "npy", ".npy", write_npy }, { "csv", ".csv", write_csv },
};
enum { NFORMATS = sizeof formats / sizeof *formats };

/* ---- finding what to export */

static bool
ends_with(const char *text, const char *ending)
{
	size_t n = strlen(text), m = strlen(ending);
	return n >= m && strcmp(text + n - m, ending) == 0;
}

static const struct format *
find_format(const char *name, const char *path, struct rmb_error *error)
{
	for (int i = 0; i < NFORMATS; i++)
		if (name ? strcmp(formats[i].name, name) == 0 : path && ends_with(path, formats[i].ending))
			return &formats[i];
	if (!name)
		return &formats[0];
	rmb_error_set(error, RMB_EUSAGE, "there is no format '%s' to export to; there are hdf5, npy and csv%s", name,
	              strcmp(name, "mat") == 0 ? " (MATLAB reads the hdf5 file with h5read)" : "");
	return NULL;
}

const char *
rmb_export_ending(const char *format, struct rmb_error *error)
{
	const struct format *found = find_format(format, NULL, error);
	return found ? found->ending : NULL;
}

static int
open_recording(struct sheet *sheet, const struct rmb_cache *cache, struct rmb_object **samples, struct rmb_error *error)
{
	const char *source = rmb_bundle_source(sheet->object, sheet->port);
	struct rmb_error why = { 0 };
	int code = strcmp(source, sheet->object->key) ? rmb_cache_get(cache, source, NULL, samples, &why) : 0;
	if (code)
		return rmb_error_set(error, code, "the samples that '%s' shows cannot be had: %s; run the recipe again", sheet->port, why.text);
	if (code == 0)
		code = rmb_unbundle_recording(sheet->arena, sheet->object, sheet->port, *samples, &sheet->recording, error);
	sheet->array = (struct rmb_array){ .type = RMB_FLOAT32, .unit = "1", .naxes = 2 };
	sheet->array.axis[0] = rmb_axis_index("neuron", sheet->recording.neurons.n);
	sheet->array.axis[1] = rmb_axis_index("frame", sheet->recording.nframes);
	return code;
}

static int
open_spikes(struct sheet *sheet, struct rmb_error *error)
{
	int code = rmb_unbundle_spikes(sheet->arena, sheet->object, sheet->port, &sheet->spikes, error);
	sheet->array = (struct rmb_array){ .type = RMB_FLOAT64, .unit = "1", .naxes = 2 };
	sheet->array.axis[0] = rmb_axis_index("spike", sheet->spikes.nspikes);
	sheet->array.axis[1] = rmb_axis_index("neuron, time", 2);
	return code;
}

static int
open_sheet(struct sheet *sheet, const struct rmb_cache *cache, const struct rmb_node *node, struct rmb_object **samples, struct rmb_error *error)
{
	int code = 0;
	sheet->kind = rmb_bundle_kind(sheet->object, sheet->port);
	if (sheet->kind == RMB_RECORDING)
		code = open_recording(sheet, cache, samples, error);
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

int
rmb_export(const struct rmb_graph *graph, const struct rmb_cache *cache, const struct rmb_node *node, const char *output,
           const char *format, const char *path, struct rmb_error *error)
{
	(void)graph;
	struct stat stat;
	struct rmb_object *object = NULL, *samples = NULL;
	const struct format *to = find_format(format, path, error);
	if (!to)
		return RMB_EUSAGE;
	if (lstat(path, &stat) == 0)
		return rmb_error_set(error, RMB_EOUTPUT, "%s exists and is not replaced; remove it or give another name with --out", path);
	struct sheet sheet = { .arena = rmb_arena_new(), .port = output ? output : node->stage->out[0].name };
	struct rmb_error why = { 0 };
	int code = sheet.arena ? rmb_cache_get(cache, node->key, NULL, &object, &why) : rmb_error_nomem(&why, "an export");
	if (code == RMB_EINPUT || code == RMB_EDAMAGE)
		rmb_error_set(error, code, "%s is not in the cache%s%s: run it first, with `rumble run RECIPE --until %s`", node->id,
		              code == RMB_EDAMAGE ? " any more, for it was damaged: " : "", code == RMB_EDAMAGE ? why.text : "", node->id);
	else if (code)
		rmb_error_set(error, code, "%s", why.text);
	sheet.object = object;
	if (code == 0)
		code = open_sheet(&sheet, cache, node, &samples, error);
	if (code == 0)
		code = to->write(&sheet, path, error);
	rmb_object_close(samples);
	rmb_object_close(object);
	rmb_arena_free(sheet.arena);
	return code;
}

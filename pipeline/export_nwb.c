/* pipeline/export_nwb.c -- results as an NWB 2 file: tables in a processing module.
 *
 * Arrays go in by their axes and units, whatever they mean: nothing here knows what a neuron is. NWB keeps what was
 * computed under /processing/MODULE. Everything that a node made goes into one module: arrays along one axis are the
 * columns of a table (DynamicTable of hdmf-common), which begins with the places on that axis; further axes are those of
 * the column's entries; single values are a table of one row. NWB wants the time at which a session began, which results
 * do not know: it is given as the beginning of 1970. Recordings and spikes are not results. */
#include <hdf5.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "pipeline/export_inside.h"
#include "pipeline/owner.h"
#include "pipeline/vanished.h"
#include "rumble/hash.h"

static const char no_axis[] = "values"; /* the table of single values */

struct nwb {
	const struct rmb_sheet *sheet;
	hid_t text;                 /* type of texts: variable length, UTF-8 */
	int64_t nobjects;           /* written so far: each has an identifier of its own */
	herr_t failed;              /* below 0: something could not be written */
};

static void
note(struct nwb *nwb, herr_t status)
{
	nwb->failed = status < 0 ? status : nwb->failed;
}

static void
put_attribute(struct nwb *nwb, hid_t at, const char *name, const char *const *texts, hsize_t n, bool list)
{
	hid_t space = list ? H5Screate_simple(1, &n, NULL) : H5Screate(H5S_SCALAR);
	hid_t attribute = H5Acreate2(at, name, nwb->text, space, H5P_DEFAULT, H5P_DEFAULT);
	note(nwb, attribute < 0 ? -1 : H5Awrite(attribute, nwb->text, texts));
	H5Aclose(attribute);
	H5Sclose(space);
}

/* Type, namespace and identifier: a UUID made of the key of what is exported and a number. */
static void
put_type(struct nwb *nwb, hid_t at, const char *namespace, const char *type)
{
	char hex[RMB_KEY_MAX], uuid[40], name[RMB_KEY_MAX + 32];
	snprintf(name, sizeof name, "%s %" PRId64, nwb->sheet->object->key, nwb->nobjects++);
	rmb_sha256(name, strlen(name), hex);
	snprintf(uuid, sizeof uuid, "%.8s-%.4s-4%.3s-a%.3s-%.12s", hex, hex + 8, hex + 12, hex + 15, hex + 18);
	put_attribute(nwb, at, "namespace", &namespace, 1, false);
	put_attribute(nwb, at, "neurodata_type", &type, 1, false);
	put_attribute(nwb, at, "object_id", &(const char *){ uuid }, 1, false);
}

static hid_t
make_group(struct nwb *nwb, hid_t at, const char *name)
{
	hid_t group = H5Gcreate2(at, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	note(nwb, group < 0 ? -1 : 0);
	return group;
}

static hid_t
put_data(struct nwb *nwb, hid_t at, const char *name, hid_t type, int naxes, const hsize_t *axis, const void *data)
{
	hid_t space = naxes ? H5Screate_simple(naxes, axis, NULL) : H5Screate(H5S_SCALAR);
	hid_t dataset = H5Dcreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	note(nwb, dataset < 0 ? -1 : H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data));
	H5Sclose(space);
	return dataset;
}

static void
put_text(struct nwb *nwb, hid_t at, const char *name, const char *text, bool list)
{
	H5Dclose(put_data(nwb, at, name, nwb->text, list, &(hsize_t){ 1 }, &text));
}

/* ---- tables */

static const char *
table_of(const struct rmb_array *array)
{
	return array->naxes ? array->axis[0].name : no_axis;
}

static bool
is_result(const struct rmb_array *array)
{
	return !strchr(array->name, '/');
}

static void
put_column(struct nwb *nwb, hid_t table, const char *name, const char *help, const char *unit, hid_t type, int naxes,
           const hsize_t *axis, const void *data)
{
	char text[512];
	bool plain = !unit[0] || strcmp(unit, "1") == 0;
	snprintf(text, sizeof text, "%s%s%s%s", help ? help : name, plain ? "" : " (", plain ? "" : unit, plain ? "" : ")");
	hid_t column = put_data(nwb, table, name, type, naxes, axis, data);
	put_type(nwb, column, "hdmf-common", "VectorData");
	put_attribute(nwb, column, "description", &(const char *){ text }, 1, false);
	H5Dclose(column);
}

static void
put_array(struct nwb *nwb, hid_t table, const struct rmb_array *array)
{
	const hid_t types[] = { [RMB_FLOAT32] = H5T_IEEE_F32LE, [RMB_FLOAT64] = H5T_IEEE_F64LE, [RMB_INT64] = H5T_STD_I64LE,
	                        [RMB_UINT8] = H5T_STD_U8LE };
	hsize_t axis[RMB_MAX_AXES] = { 1 };
	hid_t type = array->type == RMB_TEXT ? H5Tcopy(H5T_C_S1) : H5Tcopy(types[array->type]);
	if (array->type == RMB_TEXT) {
		H5Tset_size(type, array->width);
		H5Tset_cset(type, H5T_CSET_UTF8);
	}
	for (int a = 0; a < array->naxes; a++)
		axis[a] = (hsize_t)array->axis[a].n;
	put_column(nwb, table, array->name, array->help, array->unit, type, array->naxes ? array->naxes : 1, axis, array->data);
	H5Tclose(type);
}

/* The rows' numbers, and their places on the axis. */
static void
put_rows(struct nwb *nwb, hid_t table, const struct rmb_axis *axis, bool places)
{
	hsize_t n = (hsize_t)axis->n;
	int64_t *number = rmb_arena_alloc(nwb->sheet->arena, (size_t)n, sizeof *number);
	double *place = rmb_arena_alloc(nwb->sheet->arena, (size_t)n, sizeof *place);
	for (int64_t i = 0; number && place && i < axis->n; i++) {
		number[i] = i;
		place[i] = axis->start + (double)i * axis->step;
	}
	note(nwb, number && place ? 0 : -1);
	if (!number || !place)
		return;
	hid_t id = put_data(nwb, table, "id", H5T_STD_I64LE, 1, &n, number);
	put_type(nwb, id, "hdmf-common", "ElementIdentifiers");
	H5Dclose(id);
	if (places)
		put_column(nwb, table, axis->name, "place on the axis", axis->unit, H5T_IEEE_F64LE, 1, &n, place);
}

/* All arrays of the object that go along with `first`. */
static void
put_table(struct nwb *nwb, hid_t module, const struct rmb_array *first)
{
	const struct rmb_object *object = nwb->sheet->object;
	const char *name = table_of(first), *about = "what one stage of rumble made, along one axis";
	const char **column = rmb_arena_alloc(nwb->sheet->arena, (size_t)object->narrays + 1, sizeof *column);
	struct rmb_axis rows = first->naxes ? first->axis[0] : (struct rmb_axis){ .n = 1 };
	bool places = rows.name[0] && !rmb_object_array(object, rows.name); /* an array may have the name of its axis */
	hsize_t n = 0;
	hid_t table = make_group(nwb, module, name);
	note(nwb, column ? 0 : -1);
	put_type(nwb, table, "hdmf-common", "DynamicTable");
	put_attribute(nwb, table, "description", &about, 1, false);
	put_rows(nwb, table, &rows, places);
	if (column && places)
		column[n++] = name;
	for (int i = 0; column && i < object->narrays; i++) {
		const struct rmb_array *array = &object->array[i];
		if (!is_result(array) || strcmp(table_of(array), name) || (array->naxes && array->axis[0].n != rows.n))
			continue;
		put_array(nwb, table, array);
		column[n++] = array->name;
	}
	if (column)
		put_attribute(nwb, table, "colnames", column, n, true);
	H5Gclose(table);
}

/* ---- the file */

static void
put_file(struct nwb *nwb, hid_t file)
{
	static const char *const groups[] = { "acquisition", "analysis", "general", "stimulus", "stimulus/presentation",
	                                      "stimulus/templates", "processing" };
	const char *version = "2.7.0", *unknown = "1970-01-01T00:00:00+00:00",
	           *about = rmb_object_attribute(nwb->sheet->object, "description");
	char now[64];
	time_t seconds = time(NULL);
	struct tm utc;
	strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%S+00:00", gmtime_r(&seconds, &utc));
	put_type(nwb, file, "core", "NWBFile");
	put_attribute(nwb, file, "nwb_version", &version, 1, false);
	put_text(nwb, file, "identifier", nwb->sheet->object->key, false);
	put_text(nwb, file, "session_description", "results of rumble; when the session began is not known to them", false);
	put_text(nwb, file, "session_start_time", unknown, false);
	put_text(nwb, file, "timestamps_reference_time", unknown, false);
	put_text(nwb, file, "file_create_date", now, true);
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
		H5Gclose(make_group(nwb, file, groups[i]));
	hid_t module = make_group(nwb, file, "processing/rumble");
	put_type(nwb, module, "core", "ProcessingModule");
	put_attribute(nwb, module, "description", &(const char *){ about ? about : "results of rumble" }, 1, false);
	for (int i = 0; i < nwb->sheet->object->narrays; i++) {
		const struct rmb_array *array = &nwb->sheet->object->array[i];
		if (is_result(array) && H5Lexists(module, table_of(array), H5P_DEFAULT) == 0)
			put_table(nwb, module, array);
	}
	H5Gclose(module);
}

int
rmb_export_nwb(struct rmb_sheet *sheet, const char *path, struct rmb_error *error)
{
	char name[RMB_TEMPORARY_MAX];
	const char *slash = strrchr(path, '/');
	if (sheet->kind != RMB_ARRAY)
		return rmb_error_set(error, RMB_EUSAGE,
		                     "'%s' is a recording, and rumble writes results to NWB: give the name of a result, or "
		                     "another format such as hdf5",
		                     sheet->port);
	rmb_owner_temporary(slash ? slash + 1 : path, name);
	const char *temporary = rmb_arena_printf(sheet->arena, "%.*s%s", slash ? (int)(slash + 1 - path) : 0, path, name);
	if (!temporary)
		return rmb_error_nomem(error, "a path");
	struct nwb nwb = { .sheet = sheet, .text = H5Tcopy(H5T_C_S1) };
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	H5Tset_size(nwb.text, H5T_VARIABLE);
	H5Tset_cset(nwb.text, H5T_CSET_UTF8);
	rmb_vanished_remove(temporary);
	hid_t file = H5Fcreate(temporary, H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT);
	if (file >= 0)
		put_file(&nwb, file);
	note(&nwb, file < 0 ? -1 : H5Fclose(file));
	H5Tclose(nwb.text);
	bool wrong = nwb.failed < 0 || rename(temporary, path);
	if (wrong)
		unlink(temporary);
	rmb_vanished_remove(NULL);
	return wrong ? rmb_error_set(error, RMB_EOUTPUT, "%s: cannot be written", path) : 0;
}

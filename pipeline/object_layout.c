/* pipeline/object_layout.c -- lays down the HDF5 structure of an object: groups, datasets, attributes, dimension scales.
 *
 * Equal arrays must give equal bytes, so nothing carries a time, links and attributes stay in the compact form, and every
 * dataset is made from one creation list. No data pass through the library: it says where they belong (H5Dget_offset, which
 * counts the user block), and object_write.c puts them there. */
#include "pipeline/object_layout.h"
#include <errno.h>
#include <hdf5.h>
#include <hdf5_hl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "pipeline/object_block.h"

enum { LONG_COUNT = 1 << 20 };

/* How arrays lie, for whoever opens the file without knowing rumble. */
static const char note[] = "Arrays are row-major: the first axis is the slowest. MATLAB lists the axes in reverse order.";

static struct { hid_t fcpl, fapl, dcpl, gcpl, text; bool right; } lists;

static void
make_lists(void)
{
	H5dont_atexit(); /* after a failed write the library's own clean-up crashes */
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	lists.fcpl = H5Pcreate(H5P_FILE_CREATE);
	lists.fapl = H5Pcreate(H5P_FILE_ACCESS);
	lists.dcpl = H5Pcreate(H5P_DATASET_CREATE);
	lists.gcpl = H5Pcreate(H5P_GROUP_CREATE);
	lists.text = H5Tcopy(H5T_C_S1);
	lists.right = H5Pset_userblock(lists.fcpl, RMB_USER_BLOCK) >= 0 && H5Pset_obj_track_times(lists.fcpl, 0) >= 0 &&
	        H5Pset_link_phase_change(lists.fcpl, 256, 128) >= 0 && H5Pset_attr_phase_change(lists.fcpl, 64, 32) >= 0 &&
	        H5Pset_libver_bounds(lists.fapl, H5F_LIBVER_V18, H5F_LIBVER_V18) >= 0 &&
	        H5Pset_file_locking(lists.fapl, 0, 1) >= 0 && H5Pset_alignment(lists.fapl, 1, RMB_OBJECT_ALIGN) >= 0 &&
	        H5Pset_small_data_block_size(lists.fapl, 0) >= 0 && H5Pset_fclose_degree(lists.fapl, H5F_CLOSE_STRONG) >= 0 &&
	        H5Pset_layout(lists.dcpl, H5D_CONTIGUOUS) >= 0 && H5Pset_alloc_time(lists.dcpl, H5D_ALLOC_TIME_EARLY) >= 0 &&
	        H5Pset_fill_time(lists.dcpl, H5D_FILL_TIME_NEVER) >= 0 && H5Pset_obj_track_times(lists.dcpl, 0) >= 0 &&
	        H5Pset_attr_phase_change(lists.dcpl, 64, 32) >= 0 && H5Pset_obj_track_times(lists.gcpl, 0) >= 0 &&
	        H5Pset_link_phase_change(lists.gcpl, 256, 128) >= 0 && H5Tset_size(lists.text, H5T_VARIABLE) >= 0 &&
	        H5Tset_cset(lists.text, H5T_CSET_UTF8) >= 0;
}

static int
write_text(hid_t at, const char *name, hid_t space, const char *const *text)
{
	hid_t attribute = H5Acreate2(at, name, lists.text, space, H5P_DEFAULT, H5P_DEFAULT);
	herr_t wrong = attribute < 0 ? -1 : H5Awrite(attribute, lists.text, text);
	if (attribute >= 0 && H5Aclose(attribute) < 0)
		wrong = -1;
	return wrong < 0 ? -1 : 0;
}

static int
write_scalar_text(hid_t at, const char *name, const char *text)
{
	hid_t space = H5Screate(H5S_SCALAR);
	int wrong = space < 0 ? -1 : write_text(at, name, space, &text);
	H5Sclose(space);
	return wrong;
}

/* A dataset with its units; *at is where its bytes belong. Negative: failed. */
static hid_t
make_dataset(hid_t file, const char *path, hid_t type, const struct rmb_axis *axis, int naxes, const char *unit, int64_t *at)
{
	hsize_t extent[RMB_MAX_AXES];
	bool empty = false;
	for (int i = 0; i < naxes; i++) {
		extent[i] = (hsize_t)axis[i].n;
		empty = empty || axis[i].n == 0;
	}
	hid_t space = naxes ? H5Screate_simple(naxes, extent, NULL) : H5Screate(H5S_SCALAR);
	hid_t dataset = space < 0 ? -1 : H5Dcreate2(file, path, type, space, H5P_DEFAULT, lists.dcpl, H5P_DEFAULT);
	H5Sclose(space);
	if (dataset < 0 || write_scalar_text(dataset, "units", unit) < 0)
		return -1;
	haddr_t offset = empty ? HADDR_UNDEF : H5Dget_offset(dataset);
	*at = empty ? -1 : (int64_t)offset;
	return !empty && offset == HADDR_UNDEF ? -1 : dataset;
}

/* ---- dimension scales */

static bool
same_axis(const struct rmb_axis *a, const struct rmb_axis *b)
{
	return a->n == b->n && a->start == b->start && a->step == b->step && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->unit, b->unit) == 0;
}

/* Whether an axis counts 0, 1, 2, ... over so many entries that to write them down would double the object: it then has a name
 * and no scale. */
static bool
is_long_count(const struct rmb_axis *axis)
{
	return axis->n > LONG_COUNT && axis->start == 0 && axis->step == 1 && strcmp(axis->unit, "1") == 0;
}

static int
make_scale(hid_t file, struct rmb_scale *scale)
{
	struct rmb_axis entries = scale->axis;
	hid_t dataset = make_dataset(file, scale->path, scale->integral ? H5T_STD_I64LE : H5T_IEEE_F64LE, &entries, 1,
	                             scale->axis.unit, &scale->at);
	if (dataset < 0)
		return -1;
	herr_t wrong = H5DSset_scale(dataset, scale->axis.name);
	if (H5Dclose(dataset) < 0)
		wrong = -1;
	return wrong < 0 ? -1 : 0;
}

/* The scale of an axis; made if no array had that axis before. -1: failed. */
static int
find_scale(struct rmb_layout *layout, hid_t file, const struct rmb_axis *axis)
{
	int namesakes = 0;
	for (int i = 0; i < layout->nscales; i++) {
		if (same_axis(&layout->scale[i].axis, axis))
			return i;
		namesakes += strcmp(layout->scale[i].axis.name, axis->name) == 0;
	}
	struct rmb_scale *scale = &layout->scale[layout->nscales];
	double last = axis->start + axis->step * (double)axis->n;
	*scale = (struct rmb_scale){ .axis = *axis };
	scale->integral = strcmp(axis->unit, "1") == 0 && axis->start == floor(axis->start) && axis->step == floor(axis->step) &&
	                  fabs(last) < 9e15;
	if (namesakes)
		snprintf(scale->path, sizeof scale->path, "axes/%s_%d", axis->name, namesakes + 1);
	else
		snprintf(scale->path, sizeof scale->path, "axes/%s", axis->name);
	return make_scale(file, scale) < 0 ? -1 : layout->nscales++;
}

static int
attach_scales(struct rmb_layout *layout, hid_t file, hid_t dataset, const struct rmb_array *array)
{
	const char *label[RMB_MAX_AXES];
	hsize_t n = (hsize_t)array->naxes;
	int wrong = 0;
	for (int i = 0; i < array->naxes && wrong == 0; i++) {
		label[i] = array->axis[i].name;
		if (is_long_count(&array->axis[i]))
			continue;
		int scale = find_scale(layout, file, &array->axis[i]);
		hid_t of = scale < 0 ? -1 : H5Dopen2(file, layout->scale[scale].path, H5P_DEFAULT);
		wrong = of < 0 || H5DSattach_scale(dataset, of, (unsigned)i) < 0 ? -1 : 0;
		if (of >= 0 && H5Dclose(of) < 0)
			wrong = -1;
	}
	if (wrong || array->naxes == 0)
		return wrong;
	hid_t space = H5Screate_simple(1, &n, NULL);
	wrong = space < 0 ? -1 : write_text(dataset, "DIMENSION_LABELS", space, label);
	H5Sclose(space);
	return wrong;
}

/* ---- arrays */

static hid_t
array_type(const struct rmb_array *array)
{
	hid_t type = H5Tcopy(array->type == RMB_FLOAT32 ? H5T_IEEE_F32LE : array->type == RMB_FLOAT64 ? H5T_IEEE_F64LE :
	                     array->type == RMB_INT64 ? H5T_STD_I64LE : array->type == RMB_UINT8 ? H5T_STD_U8LE : H5T_C_S1);
	if (array->type == RMB_TEXT && (H5Tset_size(type, array->width) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0 ||
	                                H5Tset_strpad(type, H5T_STR_NULLPAD) < 0)) {
		H5Tclose(type);
		return -1;
	}
	return type;
}

/* The group of "port/member". */
static int
make_group(hid_t file, const char *name)
{
	char group[sizeof ((struct rmb_array *)0)->name];
	const char *slash = strchr(name, '/');
	if (!slash)
		return 0;
	snprintf(group, sizeof group, "%.*s", (int)(slash - name), name);
	htri_t there = H5Lexists(file, group, H5P_DEFAULT);
	if (there != 0)
		return there < 0 ? -1 : 0;
	hid_t made = H5Gcreate2(file, group, H5P_DEFAULT, lists.gcpl, H5P_DEFAULT);
	return made < 0 || H5Gclose(made) < 0 ? -1 : 0;
}

static int
make_array(struct rmb_layout *layout, hid_t file, const struct rmb_array *array, int64_t *at)
{
	hid_t type = make_group(file, array->name) < 0 ? -1 : array_type(array);
	hid_t dataset = type < 0 ? -1 : make_dataset(file, array->name, type, array->axis, array->naxes, array->unit, at);
	if (type >= 0)
		H5Tclose(type);
	if (dataset < 0 || (array->help && write_scalar_text(dataset, "long_name", array->help) < 0) ||
	    attach_scales(layout, file, dataset, array) < 0)
		return -1;
	return H5Dclose(dataset) < 0 ? -1 : 0;
}

static hid_t
open_file(const struct rmb_layout *layout)
{
	if (layout->narrays || layout->nattributes)
		return H5Fopen(layout->path, H5F_ACC_RDWR, lists.fapl);
	hid_t file = H5Fcreate(layout->path, H5F_ACC_EXCL, lists.fcpl, lists.fapl);
	if (file < 0 || write_scalar_text(file, "note", note) < 0 || make_group(file, "axes/") < 0)
		return -1;
	return file;
}

/* The library's own reason, from the deepest place. */
static herr_t
deepest(unsigned n, const H5E_error2_t *reason, void *to)
{
	const char **text = to;
	if (n == 0)
		*text = reason->desc;
	return 0;
}

static int
failed(const struct rmb_layout *layout, const char *what, struct rmb_error *error)
{
	int number = errno;
	const char *reason = NULL;
	H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, deepest, &reason);
	return rmb_error_set(error, RMB_EOUTPUT, "%s: HDF5 could not lay down %s: %s", layout->path, what,
	                     number ? strerror(number) : reason ? reason : "it gave no reason");
}

/* Tables with room for what is added. */
static int
grow(struct rmb_layout *layout, const struct rmb_array *array, int narrays, const char *const *attribute, int nattributes,
     struct rmb_error *error)
{
	size_t na = (size_t)(layout->narrays + narrays), nt = 2 * (size_t)(layout->nattributes + nattributes);
	size_t ns = (size_t)layout->nscales;
	for (int i = 0; i < narrays; i++)
		ns += (size_t)array[i].naxes;
	struct rmb_array *arrays = rmb_arena_alloc(layout->arena, na, sizeof *arrays);
	int64_t *at = rmb_arena_alloc(layout->arena, na, sizeof *at);
	struct rmb_scale *scale = rmb_arena_alloc(layout->arena, ns, sizeof *scale);
	const char **text = rmb_arena_alloc(layout->arena, nt, sizeof *text);
	if (!arrays || !at || !scale || !text)
		return rmb_error_nomem(error, "the description of an object");
	if (layout->narrays) {
		memcpy(arrays, layout->array, (size_t)layout->narrays * sizeof *arrays);
		memcpy(at, layout->at, (size_t)layout->narrays * sizeof *at);
	}
	if (layout->nscales)
		memcpy(scale, layout->scale, (size_t)layout->nscales * sizeof *scale);
	if (layout->nattributes)
		memcpy(text, layout->attribute, 2 * (size_t)layout->nattributes * sizeof *text);
	for (int i = 0; i < 2 * nattributes; i++)
		if (!(text[2 * layout->nattributes + i] = rmb_arena_strdup(layout->arena, attribute[i])))
			return rmb_error_nomem(error, "the description of an object");
	layout->array = arrays;
	layout->at = at;
	layout->scale = scale;
	layout->attribute = text;
	return 0;
}

/* Keeps a description of array i that needs nothing of the caller's. */
static int
keep_array(struct rmb_layout *layout, const struct rmb_array *array, struct rmb_error *error)
{
	struct rmb_array *kept = &layout->array[layout->narrays++];
	*kept = *array;
	kept->data = NULL;
	if (array->help && !(kept->help = rmb_arena_strdup(layout->arena, array->help)))
		return rmb_error_nomem(error, "the description of an object");
	return 0;
}

int
rmb_layout_add(struct rmb_layout *layout, const struct rmb_array *array, int narrays, const char *const *attribute,
               int nattributes, struct rmb_error *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_lists);
	int code = grow(layout, array, narrays, attribute, nattributes, error);
	if (code)
		return code;
	errno = 0;
	hid_t file = lists.right ? open_file(layout) : -1;
	if (file < 0)
		return failed(layout, "a file", error);
	for (int i = 0; i < narrays && code == 0; i++) {
		if (make_array(layout, file, &array[i], &layout->at[layout->narrays]) < 0)
			code = failed(layout, array[i].name, error);
		else
			code = keep_array(layout, &array[i], error);
	}
	for (int i = 0; i < nattributes && code == 0; i++) {
		if (write_scalar_text(file, attribute[2 * i], attribute[2 * i + 1]) < 0)
			code = failed(layout, attribute[2 * i], error);
		layout->nattributes++;
	}
	errno = 0;
	if (H5Fclose(file) < 0 && code == 0)
		code = failed(layout, "the end of the file", error);
	return code;
}

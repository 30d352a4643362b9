/* load/nwb_walk.c -- what an NWB file holds, found by the types its groups carry: names and places are free. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "load/nwb.h"

enum { MOST_LINKS = 20000, DEEPEST = 12, TYPE = 64, TEXT = 1024 };

/* An attribute with one entry of a class; -1: there is none. */
static hid_t
open_single(hid_t object, const char *name, hid_t *type)
{
	hid_t attribute = H5Aexists(object, name) > 0 ? H5Aopen(object, name, H5P_DEFAULT) : -1;
	hid_t space = attribute >= 0 ? H5Aget_space(attribute) : -1;
	bool single = space >= 0 && H5Sget_simple_extent_npoints(space) == 1;
	if (space >= 0)
		H5Sclose(space);
	*type = single ? H5Aget_type(attribute) : -1;
	if (*type >= 0)
		return attribute;
	if (attribute >= 0)
		H5Aclose(attribute);
	return -1;
}

void
rmb_nwb_text(hid_t object, const char *name, char *text, size_t room)
{
	char fixed[TEXT + 1] = "", *variable = NULL;
	hid_t type, attribute = open_single(object, name, &type);
	*text = '\0';
	if (attribute < 0)
		return;
	bool is_text = H5Tget_class(type) == H5T_STRING, varies = is_text && H5Tis_variable_str(type) > 0;
	if (varies && H5Aread(attribute, type, &variable) >= 0 && variable)
		strncpy(text, variable, room - 1);
	else if (is_text && !varies && H5Tget_size(type) <= TEXT && H5Aread(attribute, type, fixed) >= 0)
		strncpy(text, fixed, room - 1);
	text[room - 1] = '\0';
	if (variable)
		H5free_memory(variable);
	for (char *at = text; *at; at++)
		*at = *at < 32 || *at == 127 ? '?' : *at;
	H5Tclose(type);
	H5Aclose(attribute);
}

double
rmb_nwb_number(hid_t object, const char *name)
{
	double number = NAN;
	hid_t type, attribute = open_single(object, name, &type);
	if (attribute < 0)
		return NAN;
	H5T_class_t class = H5Tget_class(type);
	if ((class != H5T_FLOAT && class != H5T_INTEGER) || H5Aread(attribute, H5T_NATIVE_DOUBLE, &number) < 0)
		number = NAN;
	H5Tclose(type);
	H5Aclose(attribute);
	return number;
}

haddr_t
rmb_nwb_target(hid_t object, const char *name)
{
	hobj_ref_t reference = 0;
	H5O_info_t info = { .addr = HADDR_UNDEF };
	hid_t type, attribute = open_single(object, name, &type);
	if (attribute < 0)
		return HADDR_UNDEF;
	bool good = H5Tequal(type, H5T_STD_REF_OBJ) > 0 && H5Aread(attribute, H5T_STD_REF_OBJ, &reference) >= 0;
	hid_t target = good ? H5Rdereference2(object, H5P_DEFAULT, H5R_OBJECT, &reference) : -1;
	if (target >= 0 && H5Oget_info2(target, &info, H5O_INFO_BASIC) < 0)
		info.addr = HADDR_UNDEF;
	if (target >= 0)
		H5Oclose(target);
	H5Tclose(type);
	H5Aclose(attribute);
	return info.addr;
}

/* ---- walking ---- */

struct walk {
	struct rmb_load_file *file;
	struct rmb_nwb *nwb;
	const char *prefix, *around;
	int seen, depth;
	bool lost;
};

static enum rmb_nwb_kind
kind_of(const char *type)
{
	static const char *const types[] = { "RoiResponseSeries", "PlaneSegmentation", "Units" };
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(type, types[i]) == 0)
			return (enum rmb_nwb_kind)i;
	size_t n = strlen(type);
	return strncmp(type, "TimeSeries", 10) == 0 || (n > 6 && strcmp(type + n - 6, "Series") == 0) ? RMB_NWB_OTHER : RMB_NWB_KINDS;
}

static void
keep(struct walk *w, hid_t object, const char *path, const char *type)
{
	enum rmb_nwb_kind kind = kind_of(type);
	H5O_info_t info;
	if (kind == RMB_NWB_KINDS || H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0)
		return;
	struct rmb_nwb_list *list = &w->nwb->list[kind];
	struct rmb_nwb_group *room = rmb_arena_room(w->file->arena, list->group, list->n, sizeof *room);
	w->lost |= !room;
	if (!room)
		return;
	list->group = room;
	list->group[list->n++] = (struct rmb_nwb_group){ path, type, w->around, info.addr };
}

static herr_t
step(hid_t group, const char *name, const H5L_info_t *link, void *argument)
{
	struct walk *w = argument;
	if (++w->seen > MOST_LINKS || link->type != H5L_TYPE_HARD || (w->depth == 0 && strcmp(name, "specifications") == 0))
		return 0;
	hid_t object = H5Oopen(group, name, H5P_DEFAULT);
	if (object >= 0 && H5Iget_type(object) == H5I_GROUP) {
		struct walk below = *w;
		char type[TYPE];
		rmb_nwb_text(object, "neurodata_type", type, sizeof type);
		const char *path = rmb_arena_printf(w->file->arena, "%s%s", w->prefix, name);
		below.around = rmb_arena_strdup(w->file->arena, type);
		below.prefix = path ? rmb_arena_printf(w->file->arena, "%s/", path) : NULL;
		below.lost |= !below.prefix || !below.around;
		below.depth++;
		hsize_t at = 0;
		if (!below.lost && *type)
			keep(w, object, path, below.around);
		if (!below.lost && below.depth < DEEPEST)
			H5Literate(object, H5_INDEX_NAME, H5_ITER_INC, &at, step, &below);
		w->seen = below.seen;
		w->lost |= below.lost;
	}
	if (object >= 0)
		H5Oclose(object);
	return 0;
}

int
rmb_nwb_walk(struct rmb_load_file *file, struct rmb_nwb *nwb, struct rmb_error *error)
{
	struct walk walk = { .file = file, .nwb = nwb, .prefix = "", .around = "" };
	hsize_t at = 0;
	if (H5Literate(((struct rmb_hdf5 *)nwb->plain.handle)->file, H5_INDEX_NAME, H5_ITER_INC, &at, step, &walk) < 0)
		return rmb_error_set(error, RMB_EINPUT, "%s is truncated or damaged: its groups cannot be listed", file->path);
	return walk.lost ? rmb_error_nomem(error, file->path) : 0;
}

const char *
rmb_nwb_names(struct rmb_load_file *file, const struct rmb_nwb_list *list)
{
	enum { SHOWN = 6 };
	const char *text = "";
	for (size_t i = 0; i < list->n && i < SHOWN && text; i++) {
		const char *path = rmb_load_printable(file->arena, list->group[i].path, strlen(list->group[i].path));
		text = rmb_arena_printf(file->arena, "%s%s%s", text, i ? ", " : "", path ? path : "?");
	}
	if (text && list->n > SHOWN)
		text = rmb_arena_printf(file->arena, "%s and %zu more", text, list->n - SHOWN);
	return text ? text : "?";
}

int
rmb_nwb_dataset(struct rmb_load_file *file, const char *group, const char *name, bool refused, const struct rmb_member **member,
                struct rmb_error *error)
{
	struct rmb_nwb *nwb = file->handle;
	const char *path = rmb_arena_printf(file->arena, "%s/%s", group, name);
	*member = NULL;
	int code = path ? rmb_format_hdf5.find(&nwb->plain, path, member, error) : rmb_error_nomem(error, name);
	if (!code && *member && (*member)->refusal && !refused) {
		rmb_load_file_note(file, "'%s' was left out: it %s", (*member)->name, (*member)->refusal);
		*member = NULL;
	}
	return code;
}

/* load/nwb_walk.c -- what an NWB file holds, found by the types its groups carry: names and places are free. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "load/nwb.h"

enum { MOST_LINKS = 200000, DEEPEST = 12, TYPE = 64 };

struct walk {
	struct rmb_load_file *file;
	struct rmb_nwb *nwb;
	const char *prefix, *around;
	int seen, depth;
	bool lost, more, damaged; /* more: there are more links than were looked at; damaged: a group cannot be listed */
};

static enum rmb_nwb_kind
kind_of(const char *type)
{
	static const char *const types[] = { "RoiResponseSeries", "PlaneSegmentation", "Units" };
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(type, types[i]) == 0)
			return (enum rmb_nwb_kind)i;
	size_t n = strlen(type);
	return strncmp(type, "TimeSeries", 10) == 0 || (n > 6 && strcmp(type + n - 6, "Series") == 0) ? RMB_NWB_OTHER
	                                                                                              : RMB_NWB_KINDS;
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
	if (++w->seen > MOST_LINKS) {
		w->more = true;
		return 1;
	}
	if (link->type != H5L_TYPE_HARD || (w->depth == 0 && strcmp(name, "specifications") == 0))
		return 0;
	hid_t object = H5Oopen(group, name, H5P_DEFAULT);
	if (object >= 0 && H5Iget_type(object) == H5I_GROUP) {
		struct walk below = *w;
		char type[TYPE];
		rmb_hdf5_text(object, "neurodata_type", type, sizeof type);
		const char *path = rmb_arena_printf(w->file->arena, "%s%s", w->prefix, name);
		below.around = rmb_arena_strdup(w->file->arena, type);
		below.prefix = path ? rmb_arena_printf(w->file->arena, "%s/", path) : NULL;
		below.lost |= !below.prefix || !below.around;
		below.depth++;
		hsize_t at = 0;
		if (!below.lost && *type)
			keep(w, object, path, below.around);
		if (!below.lost && below.depth < DEEPEST)
			below.damaged |= H5Literate(object, H5_INDEX_NAME, H5_ITER_INC, &at, step, &below) < 0;
		w->seen = below.seen;
		w->lost |= below.lost;
		w->more |= below.more;
		w->damaged |= below.damaged;
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
	if (H5Literate(((struct rmb_hdf5 *)nwb->plain.handle)->file, H5_INDEX_NAME, H5_ITER_INC, &at, step, &walk) < 0 ||
	    walk.damaged)
		return rmb_error_set(error, RMB_EINPUT, "%s is truncated or damaged: its groups cannot be listed", file->path);
	if (walk.more)
		return rmb_error_set(error, RMB_ELIMIT,
		                     "%s has more than %d groups and datasets, more than rumble looks through: name the dataset that "
		                     "is meant by its path, as in `activity: processing/ophys/.../data`",
		                     file->path, MOST_LINKS);
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

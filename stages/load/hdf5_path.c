/* load/hdf5_path.c -- from a path to an object, link by link: soft links are followed within the file, and only so far; links out
 * of the file are refused by name. */
#include <stdlib.h>
#include <string.h>
#include "load/hdf5.h"

enum { MOST_HOPS = 16 };

static hid_t
follow_soft(struct rmb_load_file *file, hid_t group, const char *name, size_t length, int *hops, struct rmb_error *error)
{
	char *target = length < 65536 ? calloc(1, length + 1) : NULL;
	hid_t id = -1;
	if (++*hops > MOST_HOPS)
		rmb_error_set(error, RMB_EINPUT, "%s: the soft link '%s' leads through more than %d others", file->path,
		              rmb_load_printable(file->arena, name, strlen(name)), MOST_HOPS);
	else if (target && H5Lget_val(group, name, target, length, H5P_DEFAULT) >= 0)
		id = rmb_hdf5_walk(file, *target == '/' ? ((struct rmb_hdf5 *)file->handle)->file : group, target, hops, error);
	free(target);
	return id;
}

static hid_t
step(struct rmb_load_file *file, hid_t group, const char *name, int *hops, struct rmb_error *error)
{
	H5L_info_t link;
	if (H5Iget_type(group) != H5I_GROUP && H5Iget_type(group) != H5I_FILE)
		return -1;
	if (H5Lexists(group, name, H5P_DEFAULT) <= 0 || H5Lget_info(group, name, &link, H5P_DEFAULT) < 0)
		return -1;
	if (link.type == H5L_TYPE_HARD)
		return H5Oopen(group, name, H5P_DEFAULT);
	if (link.type == H5L_TYPE_SOFT)
		return follow_soft(file, group, name, link.u.val_size, hops, error);
	rmb_error_set(error, RMB_EINPUT, "%s: '%s' is %s; rumble follows no links out of a file: name the other file in `path`, "
	              "or copy what is needed into one file, in Python with `out['x'] = h5py.File('in.h5')['x'][:]`", file->path,
	              rmb_load_printable(file->arena, name, strlen(name)),
	              link.type == H5L_TYPE_EXTERNAL ? "an external link to another file" : "a link of an unknown kind");
	return -1;
}

hid_t
rmb_hdf5_walk(struct rmb_load_file *file, hid_t group, const char *path, int *hops, struct rmb_error *error)
{
	char name[1024];
	hid_t here = H5Oopen(group, *path == '/' ? "/" : ".", H5P_DEFAULT);
	while (here >= 0 && *path) {
		size_t n = strcspn(path, "/");
		if (n > 0 && !(n == 1 && *path == '.')) {
			if (n >= sizeof name) {
				H5Oclose(here);
				return -1;
			}
			memcpy(name, path, n);
			name[n] = 0;
			hid_t next = step(file, here, name, hops, error);
			H5Oclose(here);
			here = next;
		}
		path += n + (path[n] == '/');
	}
	return here;
}

/* load/hdf5_lists.c -- lists of HDF5 that lie in one dataset for each neuron and are named by a pattern, units slash star, or in
 * one group for each, units slash star slash spike_times.
 *
 * The datasets of one group whose names match (or those of one name in the groups that do) become two members, as cells of
 * MATLAB do (leaves.h): NAME, all their numbers end to end, and NAME.counts, how many each has. They come in the order of
 * their names, numbers in these by size: 2 before 10. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include "load/hdf5_joined.h"

enum { MOST_LISTS = 1 << 20 };

struct lists {
	struct rmb_load_file *file;
	const char *folder, *pattern; /* folder: "" or with a slash behind it */
	const char *rest;             /* the dataset's path in each group that matches; "": datasets match */
	const char **name;
	size_t n;
};

static herr_t
note_name(hid_t group, const char *name, const H5L_info_t *link, void *argument)
{
	struct lists *l = argument;
	(void)group;
	if (link->type != H5L_TYPE_HARD || fnmatch(l->pattern, name, FNM_PERIOD) != 0)
		return 0;
	const char **names = l->n < MOST_LISTS ? rmb_arena_room(l->file->arena, l->name, l->n, sizeof *names) : NULL;
	if (!names || !(names[l->n] = rmb_arena_strdup(l->file->arena, name)))
		return -1;
	l->name = names;
	l->n++;
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strverscmp(*(const char *const *)a, *(const char *const *)b);
}

/* The dataset of a match; -1: it is not there, or an error was recorded. */
static hid_t
open_match(const struct lists *l, hid_t group, const char *name, struct rmb_error *error)
{
	int hops = 0;
	hid_t match = H5Oopen(group, name, H5P_DEFAULT);
	if (match < 0 || !*l->rest)
		return match;
	hid_t object = H5Iget_type(match) == H5I_GROUP ? rmb_hdf5_walk(l->file, match, l->rest, &hops, error) : -1;
	H5Oclose(match);
	return object;
}

/* One of the datasets; its numbers are read when they are asked for. */
static int
add_part(const struct lists *l, hid_t group, const char *name, struct rmb_joined *joined, struct rmb_error *error)
{
	struct rmb_load_file *file = l->file;
	struct rmb_dataset d;
	struct rmb_error why = { 0 };
	hid_t object = open_match(l, group, name, &why);
	char *shown = rmb_arena_printf(file->arena, "%s%s%s%s", l->folder, name, *l->rest ? "/" : "", l->rest);
	if (shown)
		rmb_load_make_printable(shown, strlen(shown));
	int code = !shown     ? rmb_error_nomem(error, file->path)
	           : why.code ? rmb_error_set(error, why.code, "%s", why.text)
	           : object >= 0 && H5Iget_type(object) == H5I_DATASET
	                   ? rmb_hdf5_take(file, object, shown, &d, error)
	                   : rmb_error_set(error, RMB_EINPUT,
	                                   "%s: '%s' is no dataset; all that match the pattern must be lists of numbers",
	                                   file->path, shown);
	if (!code) {
		const struct rmb_member *m = &d.member;
		code = m->count > 0 && (m->refusal || m->number == RMB_BYTES)
		               ? rmb_error_set(error, RMB_EINPUT, "%s: '%s' %s", file->path, shown,
		                               m->refusal ? m->refusal : "holds text; numbers are needed")
		               : rmb_joined_add(file, joined, object, shown, m->count, error);
		rmb_hdf5_let_go(&d);
	}
	if (object >= 0)
		H5Oclose(object);
	return code;
}

/* A list that is not a dataset, as one of the file's. */
static int
add(struct rmb_load_file *file, const char *name, const double *value, struct rmb_joined *joined, int64_t n,
    struct rmb_error *error)
{
	struct rmb_hdf5 *h = file->handle;
	struct rmb_dataset *d = name && (value || joined) ? rmb_arena_alloc(file->arena, 1, sizeof *d) : NULL;
	if (!d)
		return rmb_error_nomem(error, file->path);
	*d = (struct rmb_dataset){ .member = { .name = name, .type = "float64", .number = RMB_FLOATING, .item = 8, .naxes = 1,
	                                       .axis = { n }, .packed = joined != NULL },
		                   .id = -1, .memory = -1, .value = value, .joined = joined, .next = h->first };
	h->first = d;
	return rmb_member_measure(file->arena, file->path, &d->member, error);
}

static int
join(struct rmb_load_file *file, struct rmb_joined *joined, const char *shown, struct rmb_error *error)
{
	double *count = rmb_arena_alloc(file->arena, (size_t)joined->n, sizeof *count);
	if (count)
		rmb_joined_counts(joined, count);
	int code = add(file, rmb_arena_printf(file->arena, "%s.counts", shown), count, NULL, joined->n, error);
	return code ? code : add(file, shown, NULL, joined, joined->items, error);
}

int
rmb_hdf5_lists(struct rmb_load_file *file, const char *name, const char *shown, struct rmb_error *error)
{
	const char *star = strchr(name, '*'), *from = star;
	while (from && from > name && from[-1] != '/')
		from--;
	size_t length = star ? strcspn(from, "/") : 0;
	const char *folder = star ? rmb_arena_printf(file->arena, "%.*s", (int)(from - name), name) : NULL,
		   *pattern = star ? rmb_arena_printf(file->arena, "%.*s", (int)length, from) : NULL;
	if (star && (!folder || !pattern))
		return rmb_error_nomem(error, file->path);
	struct lists lists = { .file = file, .folder = folder, .pattern = pattern,
		               .rest = star ? from + length + strspn(from + length, "/") : "" };
	struct rmb_error ignored = { 0 };
	double most = (double)file->size * RMB_DEFLATE_RATIO;
	int hops = 0, code = 0;
	hsize_t at = 0;
	hid_t group = folder ? rmb_hdf5_walk(file, ((struct rmb_hdf5 *)file->handle)->file, folder, &hops, &ignored) : -1;
	if (group >= 0 && H5Iget_type(group) == H5I_GROUP &&
	    H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &at, note_name, &lists) < 0)
		code = rmb_error_set(error, RMB_ELIMIT, "%s: `%s` matches more than rumble reads (%d), or the file is damaged",
		                     file->path, shown, MOST_LISTS);
	struct rmb_joined *joined = rmb_arena_alloc(file->arena, 1, sizeof *joined);
	if (!joined && !code)
		code = rmb_error_nomem(error, file->path);
	if (lists.n > 0)
		qsort(lists.name, lists.n, sizeof *lists.name, by_name);
	for (size_t i = 0; i < lists.n && !code; i++) {
		code = add_part(&lists, group, lists.name[i], joined, error);
		if (!code && (double)joined->items > most)
			code = rmb_error_set(error, RMB_EINPUT, "%s is damaged: `%s` names more items than a file of its size can hold",
			                     file->path, shown);
	}
	if (group >= 0)
		H5Oclose(group);
	return code || lists.n == 0 ? code : join(file, joined, shown, error);
}

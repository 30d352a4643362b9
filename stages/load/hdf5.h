/* load/hdf5.h -- between the files that read HDF5. */
#ifndef RMB_LOAD_HDF5_H
#define RMB_LOAD_HDF5_H
#include <hdf5.h>
#include "load/format.h"

enum { RMB_LONGEST_TEXT = 1024 }; /* of texts of variable length; the rest is cut */

struct rmb_joined; /* hdf5_joined.h */
struct rmb_dataset {
	struct rmb_member member;    /* first: a member is a dataset */
	hid_t id, memory;            /* dataset, and the type its items are read as */
	bool variable;               /* text of variable length */
	const double *value;         /* a list that is held here, not in the file; else NULL */
	struct rmb_joined *joined;   /* a list that lies in many datasets; else NULL */
	hsize_t chunk[RMB_MEMBER_AXES]; /* [0] = 0: not chunked */
	struct rmb_dataset *next;
};

struct rmb_hdf5 {
	hid_t file;
	struct rmb_dataset *first;   /* all that were opened */
};

/* hdf5.c: whether the recipe allows filters of plug-ins. */
bool rmb_hdf5_plugins(const struct rmb_load_file *file);
/* hdf5.c: PERHAPS of any HDF5 file. */
enum rmb_sureness rmb_hdf5_recognises(const struct rmb_load_probe *probe);
/* hdf5_path.c: opens what `path` leads to from `group`, link by link; -1: it is not there, or an error was recorded. *hops counts
 * soft links. */
hid_t rmb_hdf5_walk(struct rmb_load_file *file, hid_t group, const char *path, int *hops, struct rmb_error *error);
/* hdf5_judge.c: fills in shape, type and refusal of an open dataset. */
int rmb_hdf5_judge(struct rmb_load_file *file, struct rmb_dataset *d, struct rmb_error *error) RMB_CHECKED;
/* hdf5_attribute.c: a text of at most room - 1 bytes, printable, empty if there is none; a number, NaN if there is none. */
void rmb_hdf5_text(hid_t object, const char *name, char *text, size_t room);
double rmb_hdf5_number(hid_t object, const char *name);
/* Address of the object that an attribute refers to; HADDR_UNDEF: none. */
haddr_t rmb_hdf5_target(hid_t object, const char *name);
/* hdf5.c: opens a dataset to which there is a handle, as one of the file's that `shown` names in sentences; rmb_hdf5_let_go()
 * closes it. RMB_EINPUT: it cannot be described. */
int rmb_hdf5_take(struct rmb_load_file *file, hid_t object, const char *shown, struct rmb_dataset *d,
                  struct rmb_error *error) RMB_CHECKED;
void rmb_hdf5_let_go(struct rmb_dataset *d);
/* hdf5_lists.c: adds the two members that a pattern names, if anything matches it. */
int rmb_hdf5_lists(struct rmb_load_file *file, const char *name, const char *shown, struct rmb_error *error) RMB_CHECKED;
/* NULL: a dataset refused for its type alone, such as one of records, could be read by who knows the type; else why not. */
const char *rmb_hdf5_records(struct rmb_load_file *file, const struct rmb_dataset *d);
#endif

/* load/hdf5_joined.h -- numbers that lie in many datasets as one list, end to end. */
#ifndef RMB_LOAD_HDF5_JOINED_H
#define RMB_LOAD_HDF5_JOINED_H
#include "load/hdf5.h"

struct rmb_joined {
	int64_t n, room, items;      /* parts, and numbers in all */
	struct rmb_joined_part {
		haddr_t address;
		const char *name;    /* in sentences */
		int64_t end;         /* behind its last number in the list */
	} *part;
	int64_t open;                /* the part that is being read; -1: none */
	struct rmb_dataset dataset;  /* of it */
	unsigned char *raw;          /* room for RMB_PIECE items */
};

/* Adds an open dataset of n numbers, 0: it is not looked at again. `name` is borrowed. */
int rmb_joined_add(struct rmb_load_file *hdf5, struct rmb_joined *joined, hid_t object, const char *name, int64_t n,
                   struct rmb_error *error) RMB_CHECKED;
/* Numbers at .. at + n - 1 of the list. */
int rmb_joined_read(struct rmb_load_file *hdf5, struct rmb_joined *joined, int64_t at, int64_t n, double *out,
                    struct rmb_error *error) RMB_CHECKED;
/* How many each part has, double[joined->n]. */
void rmb_joined_counts(const struct rmb_joined *joined, double *count);
void rmb_joined_close(struct rmb_joined *joined); /* accepts NULL */
#endif

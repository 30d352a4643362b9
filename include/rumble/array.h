/* rumble/array.h -- a named array with named axes and units.
 *
 * Row-major, slowest axis first. Spectra and statistics are RMB_FLOAT64, activity is RMB_FLOAT32, indices are RMB_INT64. */
#ifndef RMB_ARRAY_H
#define RMB_ARRAY_H
#include <stddef.h>
#include <stdint.h>

enum rmb_type { RMB_FLOAT32 = 1, RMB_FLOAT64, RMB_INT64, RMB_UINT8, RMB_TEXT };

enum { RMB_MAX_AXES = 4, RMB_NAME_MAX = 64, RMB_UNIT_MAX = 32, RMB_KEY_MAX = 65 };

/* One axis: entry i lies at start + i * step, in `unit`. An axis of mere indices has start 0 (ranks: 1), step 1, unit "1". */
struct rmb_axis {
	char name[RMB_NAME_MAX];
	char unit[RMB_UNIT_MAX];
	int64_t n;
	double start, step;
};

struct rmb_array {
	char name[RMB_NAME_MAX * 2]; /* "s", or "recording/x" for a member of a bundle */
	char unit[RMB_UNIT_MAX];     /* "1" if dimensionless */
	const char *help;            /* long name for readers of the file; may be NULL */
	enum rmb_type type;
	size_t width;                /* RMB_TEXT: bytes of each entry, NUL-padded; else unused */
	int naxes;                   /* 0: a scalar */
	struct rmb_axis axis[RMB_MAX_AXES];
	void *data;                  /* borrowed or owned, as the function that gave it says */
};

struct rmb_axis rmb_axis_index(const char *name, int64_t n);                /* 0, 1, 2, ... */
struct rmb_axis rmb_axis_rank(int64_t n);                                   /* rank 1, 2, 3, ... */
struct rmb_axis rmb_axis_make(const char *name, const char *unit, int64_t n, double start, double step);
/* Bytes of one entry. */
size_t rmb_array_item(const struct rmb_array *array);
/* Product of the axis lengths; -1 if it or the bytes do not fit into int64_t. */
int64_t rmb_array_count(const struct rmb_array *array);
/* Start of row i of the slowest axis. */
void *rmb_array_row(const struct rmb_array *array, int64_t i);
#endif

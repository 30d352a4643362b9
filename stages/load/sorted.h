/* load/sorted.h -- units that a spike sorter found on one probe or several: which of them are read, and the members that they become.
 *
 * A folder format fills in a sorting for each probe; from here come st (s) and clu of each spike of the units that are read, and of each
 * unit cluster (its number; of sorting s beyond the first s * 1,000,000 more), iprobe, and as far as they are known xpos, ypos, quality and
 * areas. `units: good` (the default) reads the units labelled good, `good+mua` mua as well, `all` everything but noise; where nobody
 * labelled any, all are read. */
#ifndef RMB_LOAD_SORTED_H
#define RMB_LOAD_SORTED_H
#include "load/gathered.h"

#define RMB_SORTED_STEP 1000000
enum { RMB_SORTED_AREA = 32, RMB_MOST_SORTINGS = 100 };

struct rmb_unit {
	int64_t cluster, nspikes;
	char label;              /* 'g'ood, 'm'ua, 'n'oise, 'u'nsorted, 0: nobody said */
	bool curated;            /* by a person, not by a program */
	double depth, x, quality; /* NaN: not known */
	int64_t probe;           /* within a sorting of several; -1: the sorting is the probe */
	char area[RMB_SORTED_AREA];
};
struct rmb_sorting {
	const char *folder;
	double clock;            /* samples per second */
	int64_t nspikes, nunits;
	double *time;            /* [nspikes] s */
	int64_t *cluster;        /* [nspikes] 0 to RMB_SORTED_STEP - 1 */
	struct rmb_unit *unit;   /* [nunits] of those with spikes, ascending */
};

/* The whole numbers of a list, (n,), (n, 1) or (1, n), in folder/name; *out NULL: there is no such file. */
int rmb_sorted_list(struct rmb_load_file *file, const char *folder, const char *name, int64_t **out, int64_t *n, struct rmb_error *error) RMB_CHECKED;
/* Fails if an open list has another shape than that. */
int rmb_sorted_is_list(const struct rmb_load_file *part, const struct rmb_member *m, struct rmb_error *error) RMB_CHECKED;
/* Finds the units of s->cluster, which `name` holds. */
int rmb_sorted_units(struct rmb_load_file *file, struct rmb_sorting *s, const char *name, struct rmb_error *error) RMB_CHECKED;
/* NULL: it has no spikes. */
struct rmb_unit *rmb_sorted_unit(const struct rmb_sorting *s, double cluster);
/* Takes good, mua, noise or unsorted, unless a person has said otherwise. */
void rmb_sorted_label(struct rmb_unit *unit, const char *word, bool curated);
void rmb_sorted_area(struct rmb_unit *unit, const char *text);
/* Makes the members. */
int rmb_sorted_members(struct rmb_load_file *file, const struct rmb_sorting *s, int n, struct rmb_error *error) RMB_CHECKED;
/* For lists of sortings by the names of their folders. */
int rmb_sorted_by_name(const void *a, const void *b);
#endif

/* load/sorted.h -- units that a spike sorter found on one probe or several: which of them are read, and the members that they
 * become.
 *
 * A folder format fills in a sorting for each probe; from here come st (s) and clu of each spike of the units that are read,
 * which are not held in memory but read from their files in pieces, side by side, whenever they are asked for; and of each unit
 * cluster (its number; of sorting s beyond the first s * 1,000,000 more), iprobe, and as far as they are known xpos, ypos,
 * quality, areas and unit_labels. `units: good` (the default) reads the units labelled good, `good+mua` mua as well, `all` everything but
 * noise; where nobody labelled any, all are read. */
#ifndef RMB_LOAD_SORTED_H
#define RMB_LOAD_SORTED_H
#include "load/gathered.h"

#define RMB_SORTED_STEP 1000000
enum { RMB_MOST_SORTINGS = 100 };

struct rmb_unit {
	int64_t cluster, nspikes;
	char label;              /* 'g'ood, 'm'ua, 'n'oise, 'u'nsorted, 0: nobody said */
	bool curated;            /* by a person, not by a program */
	double depth, x, quality; /* NaN: not known */
	int64_t probe;           /* within a sorting of several; -1: the sorting is the probe */
	const char *area;        /* borrowed; NULL: not known */
};
struct rmb_sorting {
	const char *folder;
	double clock;            /* of the times, in samples per second; NaN: they are s */
	struct rmb_pieces time, cluster; /* beside each other, as long as each other; clusters 0 to RMB_SORTED_STEP - 1 */
	int64_t nspikes, nunits;
	struct rmb_unit *unit;   /* [nunits] of those with spikes, ascending */
};

/* Fails if an open list has another shape than (n,), (n, 1) or (1, n). */
int rmb_sorted_is_list(const struct rmb_load_file *part, const struct rmb_member *m, struct rmb_error *error) RMB_CHECKED;
/* Takes two open lists as times and clusters, and finds the units. */
int rmb_sorted_spikes(struct rmb_load_file *file, struct rmb_sorting *s, struct rmb_load_file *times,
                      struct rmb_load_file *clusters, struct rmb_error *error) RMB_CHECKED;
/* s of spike i, which the file has as `time`. */
int rmb_sorted_time(const struct rmb_sorting *s, int64_t i, double time, double *out, struct rmb_error *error) RMB_CHECKED;
/* NULL: it has no spikes. */
struct rmb_unit *rmb_sorted_unit(const struct rmb_sorting *s, double cluster);
/* The one of good, mua, noise and unsorted that the text is, whatever its capitals, in small letters; NULL: none. */
const char *rmb_sorted_word(const char *text);
/* Takes good, mua, noise or unsorted, unless a person has said otherwise. */
void rmb_sorted_label(struct rmb_unit *unit, const char *word, bool curated);
/* Makes the members. */
int rmb_sorted_members(struct rmb_load_file *file, const struct rmb_sorting *s, int n, struct rmb_error *error) RMB_CHECKED;
/* sorted_walk.c: a way through the spikes of sorting[n], which is borrowed, sorting after sorting, each in its own order. NULL:
 * no memory. */
struct rmb_sorted_walk *rmb_sorted_walk(struct rmb_load_file *file, const struct rmb_sorting *sorting, int n,
                                        struct rmb_error *error);
/* The spikes of that cluster of sorting[home] are met on it; ... */
void rmb_sorted_want(struct rmb_sorted_walk *walk, int home, int64_t cluster);
/* ... they are nspikes in all, and become st and clu. */
int rmb_sorted_walk_members(struct rmb_load_file *file, struct rmb_sorted_walk *walk, int64_t nspikes,
                            struct rmb_error *error) RMB_CHECKED;
/* For lists of sortings by the names of their folders. */
int rmb_sorted_by_name(const void *a, const void *b);
#endif

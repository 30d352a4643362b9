/* load/suite2p.h -- one plane of a folder that suite2p wrote. */
#ifndef RMB_LOAD_SUITE2P_H
#define RMB_LOAD_SUITE2P_H
#include "load/gathered.h"

enum { RMB_SUITE2P_SPKS, RMB_SUITE2P_F, RMB_SUITE2P_FNEU, RMB_SUITE2P_NTRACES };
extern const char *const rmb_suite2p_trace[RMB_SUITE2P_NTRACES]; /* "spks", "F", "Fneu" */

struct rmb_pickled;
struct rmb_suite2p_plane {
	const char *folder;
	int64_t number;                               /* of plane12: 12 */
	struct rmb_load_file *trace[RMB_SUITE2P_NTRACES]; /* NULL: the plane lacks the file */
	int64_t n, nframes;                           /* ROIs and frames of the first trace that is there */
	double *cell;                                 /* [n][2] of iscell.npy, or NULL */
	const struct rmb_pickled *stat;               /* n dictionaries, or NULL */
	bool *bad;                                    /* [nframes], or NULL */
};
/* Reads what there is in plane->folder; plane->n 0: suite2p found no ROIs, and nothing else was read. The first rate that a plane
 * tells becomes the file's. What it opens is closed with the file. */
int rmb_suite2p_plane(struct rmb_load_file *file, struct rmb_suite2p_plane *plane, struct rmb_error *error) RMB_CHECKED;
#endif

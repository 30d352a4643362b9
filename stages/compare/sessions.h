/* compare/sessions.h -- one number of every recording under every condition, sorted out from what a group stage reads. */
#ifndef RMB_COMPARE_SESSIONS_H
#define RMB_COMPARE_SESSIONS_H
#include "rumble/stage.h"

struct sessions {
	int64_t nrecordings, nconditions, ngroups;
	/* names, in the order in which they come up; conditions: branches of what is read */
	const char **recording, **condition, **group;
	const int64_t *group_of;                      /* [nrecordings]; a part of a recording counts as one, of its own group */
	const int64_t *session;                       /* [nrecordings]: parts of one recording have the same number here */
	const double *value;    /* [nrecordings][nconditions]: mean over replicates; NaN: missing */
	const int64_t *replicates; /* [nrecordings][nconditions]: how many have a value */
};

/* From the inputs at `port`, grouped by that label; or, where they are lists of numbers of parts (split), by the names at
 * port `parts`. Warns of what is missing. 0 or a failure. */
int rmb_sessions_find(struct rmb_call *call, const char *port, const char *label, const char *parts,
                      struct sessions *sessions) RMB_CHECKED;
/* Values of a group under a condition, and under another of the same recordings (-1: none) where both are there, into x and
 * y; how many. */
int64_t rmb_sessions_pairs(const struct sessions *sessions, int64_t group, int64_t condition, int64_t other, double *x,
                           double *y);
/* Values under a condition of those recordings that have parts in two groups, into x and y; how many. */
int64_t rmb_sessions_both(const struct sessions *sessions, int64_t group, int64_t other, int64_t condition, double *x, double *y);
#endif

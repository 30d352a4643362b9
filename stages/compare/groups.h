/* compare/groups.h -- what the numbers of recordings say of their groups: means with intervals, and tests. */
#ifndef RMB_COMPARE_GROUPS_H
#define RMB_COMPARE_GROUPS_H
#include "compare/sessions.h"

enum { RMB_RESAMPLES = 10000 };

struct groups {
	struct rmb_call *call;
	const char *variant, *interval; /* as the settings of summarize have them */
	double confidence;
	struct sessions s;
	int64_t first;           /* the condition that others are compared with */
	double *x, *y, *both;    /* scratch: [recordings], [recordings], [2 recordings], ... */
	int64_t *order;          /* ... [2 recordings] ... */
	double *resamples;       /* ... and [RMB_RESAMPLES] */
};

/* Numbers that are not known are NaN. */
struct mean {
	const char *group, *condition;
	int64_t n;
	double mean, sd, low, high; /* low, high: interval of the mean */
	double place;               /* on the axis of groups, see below */
};
struct test {
	const char *left, *right;   /* "V1 z" and "V1 shuffled", or "V1 z" and "CA1 z" */
	const char *how;            /* which test */
	int64_t n;                  /* recordings in it */
	double difference, low, high; /* left less right, and its interval */
	double p, adjusted;         /* adjusted: by Holm, among those within groups or those between */
	const char *stars;
};

/* Whether the variant tests by permutations. */
bool rmb_groups_permute(const struct groups *groups);
/* Where a condition of a group is drawn: conditions lie side by side around 1, 2, 3, ..., the numbers of the groups. */
double rmb_groups_place(const struct sessions *s, int64_t group, int64_t condition);
struct mean rmb_groups_mean(const struct groups *groups, int64_t group, int64_t condition);
/* The first condition against every other within each group, then every two groups in the first condition; *n tests, in the
 * call's scratch. NULL: failed. */
const struct test *rmb_groups_tests(const struct groups *groups, int64_t *n);
#endif

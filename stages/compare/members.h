/* compare/members.h -- what compare and misfit read, in order: statistics, families, and the replicates of each. */
#ifndef RMB_COMPARE_MEMBERS_H
#define RMB_COMPARE_MEMBERS_H
#include "numeric/likeness.h"
#include "rumble/stage.h"

enum { RMB_CURVE_POINTS = 50 }; /* of a curve along ranks, evenly spaced in their logarithm */

struct statistic {
	const char *name; /* "alpha.exponent" */
	const struct rmb_array *recording;
	const char *input; /* its name as an input: "mouse3/alpha@z.exponent" */
};
struct family {
	const char *name; /* "symmetric" */
	int64_t n;
	const int *replicate; /* [n] their numbers */
};
struct members {
	const char *stage, *port; /* which reads them, and its port of families */
	int64_t nstatistics, nfamilies;
	const struct statistic *statistic;
	const struct family *family;
	const struct rmb_array *const **array; /* [statistic * nfamilies + family][replicate]; NULL: that one is not there */
};

/* Sorts out the inputs of a stage at `recording` and at `port`; what the recording and the families have in common is left
 * out of the families. 0 or a failure. */
int rmb_members_find(struct rmb_call *call, const char *stage, const char *port, struct members *members) RMB_CHECKED;

/* One statistic and the replicates of one family that have it, at the points that all of them have. */
struct sample {
	bool known;            /* the recording has it, and two replicates or more */
	bool logs;             /* logarithms are compared */
	struct rmb_likeness likeness;
	struct rmb_likeness plain; /* what rmb_members_logs found: the values themselves */
	const int64_t *place;  /* [likeness.n]: index of each replicate in the family */
	int64_t missing;       /* replicates of the family that do not have it */
};
/* 0 or a failure. */
int rmb_members_sample(struct rmb_call *call, const struct members *members, int64_t statistic, int64_t family,
                       struct sample *sample) RMB_CHECKED;
/* Makes logarithms of what is not negative anywhere: of a positive quantity (a rate, a fraction, a number of dimensions)
 * replicates scatter by factors, and in linear units a value of zero would look near to any family that reaches a few times
 * its own mean. Values below a hundredth of the median of recording and replicates count as that, zero too. Points that do
 * not allow it go if they are a tenth or fewer; else all stay as they are. */
int rmb_members_logs(struct rmb_call *call, struct sample *sample) RMB_CHECKED;
#endif

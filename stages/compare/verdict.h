/* compare/verdict.h -- what compare found of each family, and the sentence that says so. */
#ifndef RMB_COMPARE_VERDICT_H
#define RMB_COMPARE_VERDICT_H
#include <stdint.h>
#include "rumble/arena.h"

/* One statistic against one family, or all together. Numbers that are not known are NaN. */
struct finding {
	const char *statistic, *family;
	int64_t replicates;
	double value, mean, sd;      /* of the recording; of the replicates: numbers only, not curves */
	double expected_low, expected_high; /* where one more replicate would lie */
	double distance, low, high;
	double p, adjusted;          /* adjusted for the statistics of the family */
	double attainable;           /* the smallest p that so many replicates allow */
};

enum standing {
	APART,
	COMPATIBLE,
	UNTESTED /* no p at or below the level was attainable, or nothing could be compared */
};
enum standing rmb_comparison_standing(const struct finding *all, double level);

struct verdict {
	const char *decision;        /* "compatible", "none", "undecided" */
	const char *nearest;         /* family; "": none could be compared */
	double distance;             /* of the nearest; NaN */
	int64_t ncompatible;         /* families that were tested and not rejected */
	const char *sentence;        /* the one sentence, with its evidence */
	const char *basis;           /* by what, against how many replicates, at what level */
};
struct basis {
	const char *recording;    /* its name */
	double level, confidence; /* of the decision, of intervals */
	int rank;                 /* p are those of ranks, else of Student's t */
};
/* Of finding[nfamilies][nstatistics + 1], the last of each about all statistics together. In the arena; a NULL sentence or
 * basis: no memory. */
struct verdict rmb_comparison_verdict(struct rmb_arena *arena, const struct finding *finding, int64_t nfamilies,
                                      int64_t nstatistics, const struct basis *how);
#endif

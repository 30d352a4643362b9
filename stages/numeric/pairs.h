/* numeric/pairs.h -- the correlation of every two neurons, set against their distance; and for each neuron its strong
 * partners, the few that it correlates with most.
 *
 * R = Z Z'/T is made block by block (RMB_PAIR_BLOCK neurons a side) and each pair once, for both of its neurons: half the work
 * of going row by row. A block is used up before the next is made. What is kept of a neuron is a sum and a count for each bin
 * and the strong partners so far; those of all neurons take 12 top N^2 bytes. Where that is more than RMB_PAIR_MEMORY, neurons
 * are done band after band, which costs up to twice the time and no more memory. */
#ifndef RMB_NUMERIC_PAIRS_H
#define RMB_NUMERIC_PAIRS_H
#include <stdbool.h>
#include <stdint.h>
#include "numeric/space.h"
#include "rumble/arena.h"
#include "rumble/error.h"
#include "rumble/recording.h"

/* Constants, for sums depend on the first. */
enum { RMB_PAIR_BLOCK = 4096, RMB_PAIR_MEMORY = 1 << 30, RMB_PAIR_BINS_MAX = 250 };

struct rmb_pairs {
	const struct rmb_recording *recording; /* z-scored */
	struct rmb_space space;
	double top;            /* part of all neurons that are strong partners: round(top N), halves to even */
	double nearest;        /* pairs at this distance or below are excluded, as is a neuron with itself */
	double width;          /* of a bin of distance */
	int64_t nbins;         /* at most RMB_PAIR_BINS_MAX */
	const int64_t *sample; /* pairs i N + j to be reported one by one; may be NULL */
	int64_t nsample;
	int64_t memory;        /* bytes for strong partners; 0: RMB_PAIR_MEMORY. Changes results by the rounding of sums */
	bool in_double;
	int threads;
	int (*progress)(void *argument, double part); /* may be NULL; non-zero stops */
	void *progress_argument;
};

struct rmb_pair_table {
	int64_t n, nbins;
	int64_t *strong, *other; /* [n][nbins]: partners of each neuron in each bin */
	double *mean;            /* [n][nbins]: mean correlation with them, NaN where there are none */
	int64_t nstrong;         /* strong partners of a neuron, at most: excluded ones do not stand in for others */
	int64_t admitted_strong, admitted_other; /* pairs (counted from both sides) that are not excluded, in whatever bin */
	double *sample_distance, *sample_correlation; /* [nsample]; of an excluded pair NaN and minus infinity */
};

/* How many strong partners `top` makes of n neurons. */
int64_t rmb_strong_count(double top, int64_t n);
/* Bytes that rmb_pairs_tabulate needs beyond the table itself. */
double rmb_pairs_memory(double n, double nframes, double top, bool in_double);
/* An empty table in the arena. RMB_ELIMIT: no memory. */
int rmb_pair_table_make(struct rmb_arena *arena, const struct rmb_pairs *what, struct rmb_pair_table *table,
                        struct rmb_error *error) RMB_CHECKED;
/* Fills it. Ties: the partner that comes first is the stronger. RMB_EDATA if there are fewer than 2 neurons, or as many strong
 * partners as neurons, or none. */
int rmb_pairs_tabulate(const struct rmb_pairs *what, struct rmb_pair_table *table, struct rmb_error *error) RMB_CHECKED;

struct rmb_pair_curves {
	double *odds;        /* share of the strong pairs that lie in a bin, over the same share of the others */
	double *mean, *sd;   /* over neurons, of their mean correlation in a bin; sd with divisor n */
	double *pooled;      /* mean correlation of all pairs of a bin */
	double near_far;     /* odds of the first bin over the mean of those of the last four */
};

/* pair_curves.c. Curves [nbins], allocated by the caller. Corrected: shares of admitted pairs; neurons without partners
 * in a bin are left out of its mean. Published: excluded pairs count among the others, and one such neuron makes the mean
 * NaN. Bins without pairs are NaN; odds are infinite where all pairs of a bin are strong. */
void rmb_pair_curves(const struct rmb_pair_table *table, bool published, struct rmb_pair_curves *curves);
#endif

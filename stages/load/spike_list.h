/* load/spike_list.h -- a list of spikes piece by piece: its times, whose they are, and how they come to lie neuron by neuron. */
#ifndef RMB_LOAD_SPIKE_LIST_H
#define RMB_LOAD_SPIKE_LIST_H
#include "load/parts.h"

/* Items of the block that begins at `at`, of n in all. */
static inline int64_t
rmb_spike_block(int64_t at, int64_t n)
{
	return n - at < RMB_PIECE ? n - at : RMB_PIECE;
}

/* Passes over a list: its times are judged, its units, its spikes counted, brought to their places. */
enum rmb_spike_pass { RMB_JUDGE_TIMES, RMB_JUDGE_UNITS, RMB_COUNT_SPIKES, RMB_PLACE_SPIKES, RMB_SPIKE_PASSES };
/* Says that a pass has done `at` of n spikes; to NULL: nobody asks. */
static inline int
rmb_spike_progress(const struct rmb_load_times *to, enum rmb_spike_pass pass, int64_t at, int64_t n)
{
	return to ? to->progress(to->argument, (double)pass * (double)n + (double)at, RMB_SPIKE_PASSES * (double)n) : 0;
}

/* ---- spike_times.c */

/* clock: ticks per second; NaN: they are s. low, high: the first and the last. */
struct rmb_spike_times { struct rmb_pieces pieces; double clock, low, high; };
/* Opens the list, and finds out that every time is finite and looks like seconds. block[RMB_PIECE] is room. */
int rmb_spike_times_survey(const struct rmb_found *found, const struct rmb_load_times *to, struct rmb_spike_times *times,
                           double *block, struct rmb_load_notes *notes, struct rmb_error *error) RMB_CHECKED;
/* A block of times in s. */
int rmb_spike_times_get(const struct rmb_spike_times *times, int64_t at, int64_t n, double *out,
                        struct rmb_error *error) RMB_CHECKED;

/* ---- spike_owners.c */

/* Whose each spike is. */
struct rmb_spike_owners {
	const struct rmb_found *found;
	struct rmb_pieces unit;          /* a number beside each time, ... */
	const struct rmb_unit_parts *parts; /* to which that of its part is added; NULL: nothing is */
	const struct labelled *table;    /* ... which is looked up here (NULL: it is the place) */
	const int32_t *list;
	int64_t n, base;                 /* neurons, the first of which has that number */
	const int64_t *end;              /* or else [n]: where each neuron's part of the list ends */
};

/* By a number beside each time; ids[*n] (may be NULL) says which. *n: how many neurons there are, 0: as many as the numbers show.
 * Numbers are counted from 0, or, if there is no 0 and they end with *n or the file is MATLAB's, from 1. block[RMB_PIECE] is
 * room. */
int rmb_spike_owners_by_unit(const struct rmb_found *found, const struct rmb_load_times *to, const struct rmb_unit_parts *parts,
                             int64_t nspikes, int64_t *n, const int64_t *ids, struct rmb_arena *arena, int64_t *block,
                             struct rmb_spike_owners *o, struct rmb_error *error) RMB_CHECKED;
/* By counts or ends, one per neuron. */
int rmb_spike_owners_by_parts(const struct rmb_found *found, bool ends, int64_t nspikes, struct rmb_spike_owners *o,
                              struct rmb_error *error) RMB_CHECKED;
/* Neurons of a block of spikes. */
int rmb_spike_owners_get(const struct rmb_spike_owners *o, int64_t at, int64_t n, int64_t *out,
                         struct rmb_error *error) RMB_CHECKED;

/* ---- spike_sort.c */

/* Of the spikes, those in one of interval[n][2] stay: from its start to before its end, and at its end where it is closed. */
enum rmb_spike_cause { RMB_BY_WINDOW, RMB_BY_FILE, RMB_BY_INVALID, RMB_BY_DROP, RMB_SPIKE_CAUSES };
struct rmb_spike_cut { enum rmb_spike_cause why; int64_t n; const double *interval; const bool *closed; int64_t left_out; };

/* Times on their way: sorted by neuron, each neuron's as they come. */
struct rmb_spike_sort {
	const struct rmb_spike_times *times;
	const struct rmb_spike_owners *owners;
	struct rmb_spike_cut cut[RMB_SPIKE_CAUSES]; /* one after another; how many each leaves out becomes known */
	int ncuts;
	int64_t nspikes;                 /* of the file */
	double *time;                    /* [RMB_PIECE] a block */
	int64_t *owner;
	int64_t *first, *next;           /* of neuron i: its first entry; the one its next spike gets */
	double *last;                    /* the spike before */
	bool *mixed;                     /* some come too early */
	int64_t disorder, where;         /* so many, the first at this index */
	double *all;                     /* they come to lie here, or, if it is NULL, ... */
	const struct rmb_load_times *out; /* ... are written through buffers of `room` entries, one for each neuron */
	double *buffer;
	int64_t room;
};
/* Sorts by neuron, then by time, into memory or, through `to`, straight to where they are kept. s: all down to `owner` is given.
 */
int rmb_spike_sort(struct rmb_spike_sort *s, const struct rmb_load_times *to, struct rmb_arena *arena, struct rmb_spikes *out,
                   struct rmb_error *error) RMB_CHECKED;
#endif

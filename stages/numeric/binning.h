/* numeric/binning.h -- spikes into counts, frames into wider frames (methods S1). */
#ifndef RMB_BINNING_H
#define RMB_BINNING_H
#include <stdbool.h>
#include <stdint.h>

/* ---- spikes ---- */

/* Bins side by side that begin at `start`: bins first .. first + n - 1 of the whole axis. */
struct rmb_bins {
	double start;
	int64_t first, n;
};

/* How times fall into bins. */
struct rmb_binning {
	double width;                /* s */
	bool nearest;                /* bin = round-half-to-even((t - start) / width), as published; else floor */
	int64_t nruns;               /* runs of bins, ascending, disjoint */
	const struct rmb_bins *run;
	int64_t nbins;               /* sum of run[].n */
};

/* (t - start) / width as a bin: rounded to the nearest bin, ties to even, or down. A time that differs from the edge of a bin
 * by no more than the rounding of the times themselves lies on it. */
int64_t rmb_bin_of(double t, double start, double width, bool nearest);
/* The bins that lie whole in the observed intervals [start, end] of nobserved pairs: run[nobserved] holds those intervals that
 * have at least one; *rest becomes the time left over. nearest is false. */
struct rmb_binning rmb_bins_observed(const double *observed, int64_t nobserved, double width, struct rmb_bins *run, double *rest);
/* The published bins: from the earliest spike on, the first half as wide, as many as the latest needs. One run. */
struct rmb_binning rmb_bins_published(double earliest, double latest, double width, struct rmb_bins *run);
/* Adds the spikes time[n], ascending, of one neuron to count[binning->nbins]; returns how many fell into a bin. */
int64_t rmb_bin_spikes(const struct rmb_binning *binning, const double *time, int64_t n, float *count);

/* out[binning->nbins]: the state of the epochs [start, end] of n pairs, ascending, that cover the bin whole, else RMB_NO_STATE. */
void rmb_bin_epochs(const struct rmb_binning *binning, const double *epoch, const int64_t *state, int64_t n, int64_t *out);

/* ---- frames ---- */

/* Nearest whole factor to `factor` if within 1 % of it, else 0. */
int64_t rmb_bin_factor(double factor);
/* out[n] = mean (or sum) of `factor` values of in[n * factor] each. */
void rmb_bin_frames(const double *in, int64_t n, int64_t factor, bool sum, double *out);
/* out[n]: the state of the `factor` frames of each bin if they agree, else RMB_NO_STATE. */
void rmb_bin_states(const int64_t *in, int64_t n, int64_t factor, int64_t *out);
#endif

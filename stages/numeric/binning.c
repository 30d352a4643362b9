#include "numeric/binning.h"
#include <float.h>
#include <math.h>
#include "rumble/recording.h"

#define FURTHEST 0x1p53 /* bins beyond are nobody's, but must not overflow */

int64_t
rmb_bin_of(double t, double start, double width, bool nearest)
{
	double bin = fmax(-FURTHEST, fmin((t - start) / width, FURTHEST)), edge = nearbyint(bin);
	if (nearest)
		return (int64_t)edge;
	double slack = 4 * DBL_EPSILON * (fabs(t) + fabs(start)) / width; /* times are rounded, and so is their difference */
	return (int64_t)(fabs(bin - edge) <= slack ? edge : floor(bin));
}

struct rmb_binning
rmb_bins_observed(const double *observed, int64_t nobserved, double width, struct rmb_bins *run, double *rest)
{
	struct rmb_binning binning = { .width = width, .run = run };
	*rest = 0;
	for (int64_t i = 0; i < nobserved; i++) {
		double start = observed[2 * i], end = observed[2 * i + 1];
		int64_t n = rmb_bin_of(end, start, width, false);
		if (n > 0)
			run[binning.nruns++] = (struct rmb_bins){ start, binning.nbins, n };
		binning.nbins += n;
		*rest += fmax(0, end - start - (double)n * width);
	}
	return binning;
}

struct rmb_binning
rmb_bins_published(double earliest, double latest, double width, struct rmb_bins *run)
{
	int64_t n = rmb_bin_of(latest, earliest, width, true) + 1;
	*run = (struct rmb_bins){ earliest, 0, n };
	return (struct rmb_binning){ .width = width, .nearest = true, .nruns = 1, .run = run, .nbins = n };
}

int64_t
rmb_bin_spikes(const struct rmb_binning *binning, const double *time, int64_t n, float *count)
{
	int64_t counted = 0, r = 0;
	for (int64_t s = 0; s < n; s++) {
		/* the last run that has begun; a spike just before the edge of the next may lie on it */
		while (r + 1 < binning->nruns &&
		       rmb_bin_of(time[s], binning->run[r + 1].start, binning->width, binning->nearest) >= 0)
			r++;
		const struct rmb_bins *run = &binning->run[r];
		int64_t bin = binning->nruns ? rmb_bin_of(time[s], run->start, binning->width, binning->nearest) : -1;
		if (bin < 0 || bin >= run->n)
			continue;
		count[run->first + bin]++;
		counted++;
	}
	return counted;
}

int64_t
rmb_bin_factor(double factor)
{
	double whole = nearbyint(factor);
	return whole >= 1 && whole < FURTHEST && fabs(factor - whole) <= 0.01 * factor ? (int64_t)whole : 0;
}

void
rmb_bin_states(const int64_t *in, int64_t n, int64_t factor, int64_t *out)
{
	for (int64_t b = 0; b < n; b++, in += factor) {
		out[b] = in[0];
		for (int64_t i = 1; i < factor; i++)
			if (in[i] != in[0])
				out[b] = RMB_NO_STATE;
	}
}

void
rmb_bin_epochs(const struct rmb_binning *binning, const double *epoch, const int64_t *state, int64_t n, int64_t *out)
{
	/* edges of bins and of epochs that should agree differ by rounding: an epoch that ends with it where a bin starts
	 * covers nothing of the bin */
	double slack = 1e-6 * binning->width, whole = binning->width - 2 * slack,
	       early = binning->nearest ? binning->width / 2 : 0;
	int64_t first = 0;
	for (int64_t r = 0; r < binning->nruns; r++)
		for (int64_t b = 0; b < binning->run[r].n; b++, out++) {
			double start = binning->run[r].start - early + (double)b * binning->width,
			       end = start + binning->width, covered = 0;
			while (first < n && epoch[2 * first + 1] <= start + slack)
				first++;
			for (int64_t e = first; e < n && epoch[2 * e] < end && state[e] == state[first]; e++)
				covered += fmin(epoch[2 * e + 1], end) - fmax(epoch[2 * e], start);
			*out = covered >= whole ? state[first] : RMB_NO_STATE;
		}
}

void
rmb_bin_frames(const double *in, int64_t n, int64_t factor, bool sum, double *out)
{
	for (int64_t b = 0; b < n; b++, in += factor) {
		double total = 0;
		for (int64_t i = 0; i < factor; i++)
			total += in[i];
		out[b] = sum ? total : total / (double)factor;
	}
}

#include "numeric/deconvolution.h"
#include <math.h>
#include <string.h>
#include "numeric/running.h"

/* Joins a run to the one before, which ends where it begins: c goes on decaying, and so do its share of the sums. */
static void
join(struct rmb_decaying *before, const struct rmb_decaying *run, double decay)
{
	double faded = pow(decay, (double)(run->start - before->start));
	before->sum += faded * run->sum;
	before->weight += faded * faded * run->weight;
}

static double
jump(const struct rmb_decaying *before, const struct rmb_decaying *run, double decay)
{
	return run->sum / run->weight - before->sum / before->weight * pow(decay, (double)(run->start - before->start));
}

void
rmb_deconvolve(const double *x, int64_t n, double decay, struct rmb_decaying *run, double *spikes)
{
	int64_t nruns = 0;
	for (int64_t t = 0; t < n; t++) {
		run[nruns++] = (struct rmb_decaying){ x[t], 1, t };
		for (; nruns > 1 && jump(&run[nruns - 2], &run[nruns - 1], decay) < 0; nruns--)
			join(&run[nruns - 2], &run[nruns - 1], decay);
	}
	memset(spikes, 0, (size_t)n * sizeof *spikes);
	for (int64_t r = 1; r < nruns; r++)
		spikes[run[r].start] = jump(&run[r - 1], &run[r], decay);
}

void
rmb_baseline_maximin(const double *x, int64_t n, const double *tap, int64_t half, int64_t width, double *room, double *baseline)
{
	double *smooth = room, *lowest = room + n;
	int64_t *queue = (int64_t *)baseline; /* of the minimum; that of the maximum lies where the smoothed trace was */
	rmb_running_gaussian(x, n, tap, half, room + n, smooth);
	rmb_running_extreme(smooth, n, width, false, queue, lowest);
	rmb_running_extreme(lowest, n, width, true, (int64_t *)smooth, baseline);
}

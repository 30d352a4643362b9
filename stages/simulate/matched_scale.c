/* simulate/matched_scale.c -- simulated neurons on the scale of those of the recording that they are like. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "rumble/parallel.h"
#include "simulate/matched.h"

enum { ROWS = 16 }; /* neurons that are one piece of work */

/* What the scaling `zscore ddof=D eps=0` says of every neuron: mean 0 and variance 1 with that divisor. False: it says less. */
static bool
standardised(const char *scaling, int64_t *ddof)
{
	double eps;
	return sscanf(scaling, "zscore ddof=%" SCNd64 " eps=%lf", ddof, &eps) == 2 && eps == 0;
}

/* Mean and standard deviation (divisor T) that neuron i has in the recording. */
struct target { const struct rmb_matched *matched; double *mean, *sd, *chunk; };

static int
target_rows(void *argument, int64_t piece, int thread)
{
	const struct target *target = argument;
	const struct rmb_recording *like = target->matched->like;
	int64_t first = piece * ROWS, end = first + ROWS < like->neurons.n ? first + ROWS : like->neurons.n;
	for (int64_t i = first; i < end; i++) {
		struct rmb_moments m = rmb_row_moments(like, i, target->chunk + thread * RMB_MOMENTS_CHUNK);
		if (!m.finite)
			return rmb_fail(target->matched->call, RMB_EDATA,
			                "%s: neuron %" PRId64 " of recording '%s' has samples that are not finite",
			                target->matched->stage, i, rmb_recording_name(target->matched->call));
		target->mean[i] = m.mean;
		target->sd[i] = rmb_row_constant(&m) ? 0 : sqrt(m.deviation / (double)like->nframes);
	}
	return 0;
}

static int
find_targets(const struct rmb_matched *matched, double *mean, double *sd)
{
	int64_t n = matched->like->neurons.n, ddof = 0, frames = matched->like->nframes;
	if (standardised(matched->like->scaling, &ddof)) {
		for (int64_t i = 0; i < n; i++)
			sd[i] = sqrt((double)(frames - ddof) / (double)frames);
		return 0;
	}
	int threads = rmb_threads(matched->call);
	double *chunk = rmb_scratch(matched->call, (size_t)threads * RMB_MOMENTS_CHUNK, sizeof *chunk);
	struct target target = { matched, mean, sd, chunk };
	return chunk ? rmb_parallel(threads, (n + ROWS - 1) / ROWS, target_rows, &target) : RMB_ELIMIT;
}

int
rmb_matched_scale(struct rmb_matched *matched)
{
	int64_t n = matched->like->neurons.n, flat = 0;
	if (matched->measure.kind == RMB_SPIKES_POISSON && strcmp(matched->like->scaling, "none") == 0)
		return 0;
	double *mean = rmb_scratch(matched->call, (size_t)n, sizeof *mean),
	       *sd = rmb_scratch(matched->call, (size_t)n, sizeof *sd);
	int rc = mean && sd ? find_targets(matched, mean, sd) : RMB_ELIMIT;
	double *offset = matched->offset, *scale = matched->scale;
	for (int64_t i = 0; !rc && i < n; i++) {
		const struct rmb_moments *m = &matched->moments[i];
		double own = sqrt(m->deviation / (double)matched->written[i]);
		bool constant = rmb_row_constant(m) || !(own > 0);
		if (!m->finite)
			return rmb_fail(matched->call, RMB_EDATA, "%s: the simulation of recording '%s' overflowed",
			                matched->stage, rmb_recording_name(matched->call));
		flat += constant && sd[i] > 0;
		/* (x - own mean) sd / own sd + mean */
		scale[i] = constant ? 0 : sd[i] / own;
		offset[i] = scale[i] > 0 ? m->mean - mean[i] / scale[i] : m->mean;
	}
	if (!rc && flat)
		rmb_warn(matched->call,
		         "%" PRId64 " of %" PRId64
		         " simulated neurons are constant, for hardly a spike was drawn: their rows are zero",
		         flat, n);
	return rc;
}

/* stages/prepare/zscore.c -- every neuron on the same scale.
 *
 * With mean m and standard deviation s of a neuron over all its frames, s with divisor T - ddof,
 *     z(t) = (x(t) - m) / (eps + s).
 * The paper uses ddof 0, eps 0 for recordings, ddof 1 for simulations and eps 0.001 before the dynamic mode decomposition
 * (methods S2). A neuron with a sample that is not finite, or with max - min <= 1e-9 max|x|, has no z-score and is dropped
 * with a warning (S0); with eps > 0 a constant neuron stays as a row of zeros. Two passes in double; the result is a view
 * (offset m, scale 1 / (eps + s)) and takes no room. Cost: two readings of N T samples. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include "numeric/moments.h"
#include "prepare/rows.h"
#include "rumble/parallel.h"
#include "rumble/stage.h"

struct settings { int64_t ddof; double eps; };

static const struct rmb_param params[] = {
	{ .name = "ddof", .kind = RMB_INT, .at = offsetof(struct settings, ddof), .def = "0", .min = 0, .max = 1,
	  .help = "divisor of the variance is the number of frames minus this" },
	{ .name = "eps", .kind = RMB_REAL, .at = offsetof(struct settings, eps), .def = "0", .unit = "1", .min = 0, .max = 1e6,
	  .help = "added to the standard deviation, in the units of the activity" },
	{ 0 },
};

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "activity in frames" },
	{ 0 },
};

static const struct rmb_port out[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "the same with mean 0 and variance 1 in every neuron" },
	{ 0 },
};

static const struct rmb_figure figures[] = {
	{ .name = "raster", .kind = "raster", .x = "time", .y = "neuron", .image = "recording",
	  .caption = "Activity of all neurons, z-scored (ddof {ddof}, eps {eps})." },
	{ 0 },
};

/* ---- moments of all rows, in parallel ---- */

enum { ROWS = 16 }; /* a piece of work */

struct job {
	struct rmb_call *call;
	const struct rmb_recording *recording;
	double *chunk;               /* one for each thread */
	struct rmb_moments *moments; /* one for each neuron */
};

static int
moments_piece(void *argument, int64_t piece, int thread)
{
	struct job *job = argument;
	int64_t n = job->recording->neurons.n, row = piece * ROWS, end = row + ROWS < n ? row + ROWS : n;
	for (int64_t i = row; i < end; i++)
		job->moments[i] = rmb_row_moments(job->recording, i, job->chunk + thread * RMB_MOMENTS_CHUNK);
	return rmb_progress(job->call, (double)end, (double)n);
}

/* ---- which rows have a z-score ---- */

/* Offset and scale of the neurons that stay, packed, and which these are; and those that something is wrong with. */
struct scaling {
	int64_t n, *keep;
	double *offset, *scale;
	struct rmb_fault infinite, constant, faint;
};

static void
scale_rows(const struct settings *set, const struct rmb_recording *recording, const struct rmb_moments *moments,
           struct scaling *to)
{
	for (int64_t i = 0; i < recording->neurons.n; i++) {
		double sd = sqrt(moments[i].deviation / (double)(recording->nframes - set->ddof));
		bool flat = moments[i].finite && rmb_row_constant(&moments[i]);
		if (!moments[i].finite || !isfinite(sd)) {
			rmb_blame(&to->infinite, &recording->neurons, i);
			continue;
		}
		if (flat && set->eps == 0) {
			rmb_blame(&to->constant, &recording->neurons, i);
			continue;
		}
		if (!flat && sd < set->eps)
			rmb_blame(&to->faint, &recording->neurons, i);
		to->keep[to->n] = i;
		to->offset[to->n] = moments[i].mean;
		to->scale[to->n++] = flat ? 0 : 1 / (set->eps + sd);
	}
}

static int
output_scaled(struct rmb_call *call, const struct rmb_recording *recording, const struct scaling *of)
{
	const struct settings *set = rmb_settings(call);
	struct rmb_arena *arena = rmb_call_arena(call);
	struct rmb_error *error = rmb_call_error(call);
	struct rmb_recording some = *recording, scaled;
	char name[RMB_NAME_MAX];
	int code = of->n < recording->neurons.n ? rmb_view_neurons(arena, recording, of->keep, of->n, &some, error) : 0;
	snprintf(name, sizeof name, "zscore ddof=%" PRId64 " eps=%g", set->ddof, set->eps);
	if (code == 0)
		code = rmb_view_scale(arena, &some, of->offset, of->scale, name, &scaled, error);
	return code ? code : rmb_output_recording(call, "recording", &scaled);
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	const struct rmb_recording *recording = rmb_input_recording(call, "recording", 0);
	size_t n = (size_t)recording->neurons.n;
	int threads = rmb_threads(call);
	if (recording->nframes <= set->ddof)
		return rmb_fail(call, RMB_EDATA,
		                "a standard deviation with ddof %" PRId64 " needs more than %" PRId64
		                " frame%s; '%s' has %" PRId64,
		                set->ddof, set->ddof, set->ddof == 1 ? "" : "s", rmb_recording_name(call),
		                recording->nframes);
	struct job job = { call, recording, rmb_scratch(call, (size_t)threads * RMB_MOMENTS_CHUNK, sizeof *job.chunk),
		           rmb_scratch(call, n, sizeof *job.moments) };
	struct scaling to = { .keep = rmb_scratch(call, n, sizeof *to.keep), .offset = rmb_scratch(call, n, sizeof *to.offset),
	                      .scale = rmb_scratch(call, n, sizeof *to.scale) };
	if (!job.chunk || !job.moments || !to.keep || !to.offset || !to.scale)
		return RMB_ELIMIT;
	int code = rmb_parallel(threads, (recording->neurons.n + ROWS - 1) / ROWS, moments_piece, &job);
	if (code)
		return code;
	scale_rows(set, recording, job.moments, &to);
	if (to.n == 0)
		return rmb_fail(call, RMB_EDATA,
		                "none of the %zu neurons of '%s' has a z-score: %" PRId64 " are constant, %" PRId64 " hold "
		                "samples that are not finite; look at the activity that is loaded, and at what was done to it "
		                "before",
		                n, rmb_recording_name(call), to.constant.n, to.infinite.n);
	rmb_warn_fault(call, &recording->neurons, &to.constant, "dropped because they are constant");
	rmb_warn_fault(call, &recording->neurons, &to.infinite, "dropped because they hold samples that are not finite");
	rmb_warn_fault(call, &recording->neurons, &to.faint,
	               "whose standard deviation is less than eps, which is in the units of the activity, so that their "
	               "variance comes out below a quarter");
	return output_scaled(call, recording, &to);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	(void)settings;
	cost->bytes = 4 * size->neurons * size->frames;
	cost->disk = 128 * size->neurons;
	cost->memory = 256 * size->neurons;
}

const struct rmb_stage rmb_stage_zscore = {
	.name = "zscore", .version = 1, .folder = "prepare", .run = run, .estimate = estimate,
	.brief = "subtract each neuron's mean and divide by its standard deviation",
	.about = "z = (x - mean) / (eps + sd), each neuron over all its frames, sd with divisor T - ddof, computed in double "
	         "in two passes. The paper uses ddof 0 for recordings, ddof 1 for simulations, and eps 0.001 before the "
	         "dynamic mode decomposition. eps is in the units of the activity and makes the variance of a row (sd / (sd "
	         "+ eps))^2 instead of 1. Neurons that are constant or hold samples that are not finite are dropped with a "
	         "warning; with eps above 0 a constant neuron stays as a row of zeros. The result is a view of the samples "
	         "and takes no room.",
	.cite = "Pachitariu et al. 2025, methods",
	.caption = "Activity of every neuron z-scored over the whole recording (ddof {ddof}, eps {eps}).",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
};

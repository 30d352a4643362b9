#include "simulate/sources.h"
#include <math.h>
#include "numeric/modes.h"

struct listening { struct rmb_modes modes; const float *weights; };

static int
simulate(void *self, const struct rmb_simulation *what, struct rmb_error *error)
{
	const struct listening *of = self;
	return rmb_modes_simulate(what, &of->modes, of->weights, error);
}

/* weights[k][neuron], each source of unit variance times its part. */
static void
draw_weights(const struct rmb_matched *matched, const struct rmb_sources *sources, const struct rmb_modes *modes, float *weights)
{
	int64_t n = matched->like->neurons.n;
	struct rmb_stream stream = rmb_matched_stream(matched, "weights");
	for (int64_t k = 0; k < sources->n; k++) {
		double size = pow((double)(k + 1), -sources->exponent / 2) / modes->spread[k];
		for (int64_t i = 0; i < n; i++)
			weights[k * n + i] = (float)(size * rmb_random_normal(stream, (uint64_t)(k * n + i)));
	}
}

/* Frames are the states of a mode with one step a frame: a = exp(-frame / time constant). */
static int
make(struct rmb_matched *matched, const struct rmb_sources *sources)
{
	struct rmb_call *call = matched->call;
	struct rmb_axis axis = rmb_axis_make("source", "1", sources->n, 1, 1);
	struct rmb_array *time = rmb_output(call, "time_constant", &axis);
	double *gap = rmb_scratch(call, (size_t)sources->n, sizeof *gap);
	float *weights = rmb_scratch(call, (size_t)(sources->n * matched->like->neurons.n), sizeof *weights);
	struct listening listening = { .weights = weights };
	double fastest = sources->fastest > 0 ? sources->fastest : sources->slowest;
	if (!time || !gap || !weights)
		return RMB_ELIMIT;
	for (int64_t k = 0; k < sources->n; k++) {
		double along = sources->n > 1 ? (double)k / (double)(sources->n - 1) : 0;
		double constant = sources->slowest * pow(fastest / sources->slowest, along);
		((double *)time->data)[k] = constant;
		gap[k] = -expm1(-1 / (constant * matched->like->rate));
	}
	int rc = rmb_modes_make(rmb_call_arena(call), gap, sources->n, (struct rmb_steps){ 1, 1 }, &listening.modes,
	                        rmb_call_error(call));
	if (rc)
		return rc;
	draw_weights(matched, sources, &listening.modes, weights);
	return rmb_matched_make(matched, &(struct rmb_signals){ &listening, RMB_MODES_GROUP, simulate });
}

int
rmb_sources_run(struct rmb_call *call, const char *stage)
{
	const struct source_settings *set = rmb_settings(call);
	struct rmb_matched matched;
	int rc = rmb_matched_input(call, stage, &set->measure, &matched);
	return rc ? rc : make(&matched, &set->sources);
}

int
rmb_sources_check(const void *settings, struct rmb_error *error)
{
	const struct source_settings *set = settings;
	const struct rmb_sources *sources = &set->sources;
	if (sources->fastest > sources->slowest)
		return rmb_error_set(error, RMB_ERECIPE,
		                     "fastest is a time constant of %g s and slowest one of %g s: exchange them",
		                     sources->fastest, sources->slowest);
	return rmb_measure_check(&set->measure, error);
}

void
rmb_sources_estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	enum { NORMAL = 110, MEASURE = 1000 }; /* operations that a number drawn and a sample measured take the time of */
	const struct source_settings *set = settings;
	double n = size->neurons, frames = size->frames, k = (double)set->sources.n;
	cost->flops = frames * (2 * n * k + NORMAL * k + MEASURE * n);
	cost->bytes = 4 * n * frames;
	cost->disk = 4 * n * frames + 200 * n + 65536;
	cost->blas_threads = rmb_measure_blas_threads(&set->measure, size);
	cost->memory = 4 * n * k + rmb_modes_memory(n, k) + rmb_measure_memory(&set->measure, size, RMB_MODES_GROUP);
}

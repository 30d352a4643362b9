/* stages/simulate/amplitudes.c -- every neuron of a simulation with the amplitudes of the neuron it stands for.
 *
 * Values of a neuron are replaced by those of the same neuron of the recording at `like`, rank for rank: the smallest by
 * the smallest, and so on. The distribution is then exactly the recorded one and the order in time the simulated one.
 * Equal values (counts) take their ranks at random. Cost: two sorts of T numbers a neuron. */
#include <inttypes.h>
#include <stdlib.h>
#include "rumble/parallel.h"
#include "rumble/stage.h"

static const struct rmb_param params[] = { { 0 } };

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "simulated activity" },
	{ .name = "like", .kinds = RMB_RECORDING,
	  .help = "recording whose amplitudes it gets: the one that the simulation was made like" }, { 0 } };

static const struct rmb_port out[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "the simulation with the amplitudes of the recording" }, { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "raster", .kind = "raster", .x = "time", .y = "neuron", .image = "recording",
	  .caption = "Simulated activity with the amplitudes of the neurons recorded." }, { 0 } };

struct sample { float value; uint32_t lot; int64_t frame; };

struct job {
	struct rmb_call *call;
	const struct rmb_recording *from, *like;
	struct rmb_stream stream;
	struct sample *sample; /* [thread][nframes] */
	float *row;            /* [thread][nframes] */
};

static int
by_value(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	int order = (x->value > y->value) - (x->value < y->value);
	return order ? order : (x->lot > y->lot) - (x->lot < y->lot);
}

static int
ascending(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

/* sample[] in order, row[] the recorded values in order: the row becomes the recorded values in the simulation's order. */
static int
one_neuron(void *argument, int64_t i, int thread)
{
	const struct job *job = argument;
	int64_t n = job->from->nframes;
	struct sample *sample = job->sample + thread * n;
	float *row = job->row + thread * n;
	rmb_read_block(job->from, i, 1, 0, n, row);
	for (int64_t t = 0; t < n; t++)
		sample[t] = (struct sample){ row[t], (uint32_t)rmb_random_bits(job->stream, (uint64_t)(i * n + t)), t };
	rmb_read_block(job->like, i, 1, 0, n, row);
	for (int64_t t = 0; t < n; t++)
		if (!(row[t] - row[t] == 0) || !(sample[t].value - sample[t].value == 0))
			return rmb_fail(job->call, RMB_EDATA,
			                "amplitudes: neuron %" PRId64 " has samples that are not finite", i);
	qsort(sample, (size_t)n, sizeof *sample, by_value);
	qsort(row, (size_t)n, sizeof *row, ascending);
	for (int64_t t = 0; t < n; t++)
		sample[t].value = row[t];
	for (int64_t t = 0; t < n; t++)
		row[sample[t].frame] = sample[t].value;
	int rc = rmb_progress(job->call, (double)i, (double)job->from->neurons.n);
	return rc ? rc : rmb_write_block(job->call, "recording", i, 1, 0, n, row);
}

static int
run(struct rmb_call *call)
{
	const struct rmb_recording *from = rmb_input_recording(call, "recording", 0),
	                           *like = rmb_input_recording(call, "like", 0);
	if (from->neurons.n != like->neurons.n || from->nframes != like->nframes)
		return rmb_fail(call, RMB_EDATA,
		                "amplitudes: the simulation has %" PRId64 " neurons and %" PRId64
		                " frames, the recording at `like` %" PRId64 " and %" PRId64
		                "; give the recording that the simulation was made like",
		                from->neurons.n, from->nframes, like->neurons.n, like->nframes);
	struct rmb_recording made = {
		.neurons = from->neurons, .nframes = from->nframes, .rate = from->rate, .nsegments = from->nsegments,
		.segment = from->segment,
		.segment_time = from->segment_time, .state = from->state, .stored_rows = from->neurons.n,
		.stored_frames = from->nframes };
	for (int i = 0; i < RMB_NAME_MAX; i++)
		made.scaling[i] = like->scaling[i];
	size_t most = (size_t)rmb_threads(call) * (size_t)from->nframes;
	struct job job = { call, from, like, rmb_node_stream(call, "ties"), rmb_scratch(call, most, sizeof *job.sample),
		           rmb_scratch(call, most, sizeof *job.row) };
	if (!job.sample || !job.row)
		return RMB_ELIMIT;
	int rc = rmb_output_recording(call, "recording", &made);
	return rc ? rc : rmb_parallel(rmb_threads(call), from->neurons.n, one_neuron, &job);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	(void)settings;
	cost->flops = 10000 * size->neurons * size->frames; /* a sort takes the time of so many a sample */
	cost->bytes = 12 * size->neurons * size->frames;
	cost->disk = 4 * size->neurons * size->frames + 200 * size->neurons + 65536;
	cost->memory = 20 * 16 * size->frames + 256 * size->neurons + 8e6;
}

const struct rmb_stage rmb_stage_amplitudes = {
	.name = "amplitudes", .version = 1, .folder = "simulate",
	.brief = "give simulated neurons the amplitudes of those recorded, rank for rank",
	.about = "Replaces the values of every simulated neuron by those of the same neuron in the recording, the smallest "
	         "by the smallest and so on. Each neuron then has exactly its recorded distribution, in the order of the "
	         "simulation. Correlations shrink a little where a distribution is far from normal, as those of spikes and "
	         "calcium are.",
	.cite = "Theiler et al. 1992, Physica D 58:77: amplitude adjustment",
	.caption = "Simulated neurons with the recorded amplitudes, rank for rank.",
	.params = params, .in = in, .out = out, .figures = figures, .draws = rmb_draws_always, .estimate = estimate, .run = run,
};

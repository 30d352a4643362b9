/* stages/simulate/independent.c -- every neuron as it is, none with another.
 *
 * Each neuron keeps the size of its Fourier transform, and so its mean, variance, spectrum and autocorrelation; the phases
 * are drawn, for each neuron its own. All that is left of correlations between neurons is chance (Theiler et al. 1992).
 * Segments are transformed as one, across the gaps: phases drawn in each by itself would leave every segment's mean, and
 * with it what neurons share from segment to segment. Unlike a circular shift, which `shuffle` gives, it also makes the
 * distribution of the amplitudes normal and leaves no drift in place. Cost: 2 N transforms of T. */
#include <inttypes.h>
#include <string.h>
#include "numeric/phases.h"
#include "rumble/parallel.h"
#include "rumble/stage.h"

static const struct rmb_param params[] = { { 0 } };

static const struct rmb_port in[] = {
	{ .name = "like", .kinds = RMB_RECORDING, .help = "activity in frames" }, { 0 } };

static const struct rmb_port out[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "independent neurons with the same spectra" }, { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "raster", .kind = "raster", .x = "time", .y = "neuron", .image = "recording",
	  .caption = "Activity of independent neurons with the spectra of those recorded." }, { 0 } };

struct job {
	struct rmb_call *call;
	const struct rmb_recording *like;
	const struct rmb_phases *phases;
	struct rmb_stream stream;
	int64_t n, room_size;
	double *room;
};

static int
one_neuron(void *argument, int64_t i, int thread)
{
	const struct job *job = argument;
	double *x = job->room + thread * job->room_size;
	rmb_read_block_double(job->like, i, 1, 0, job->n, x);
	for (int64_t t = 0; t < job->n; t++)
		if (!(x[t] - x[t] == 0))
			return rmb_fail(job->call, RMB_EDATA,
			                "independent: neuron %lld of recording '%s' has samples that are not finite; a "
			                "zscore stage drops it",
			                (long long)i, rmb_recording_name(job->call));
	rmb_phases_draw(job->phases, job->stream, (uint64_t)i << 36, x); /* 2^36 frequencies of a neuron */
	float *samples = (float *)(void *)x; /* sample t lies at or before x[t], which has been read */
	for (int64_t t = 0; t < job->n; t++) {
		float value = (float)x[t];
		memcpy(&samples[t], &value, sizeof value);
	}
	return rmb_write_block(job->call, "recording", i, 1, 0, job->n, samples);
}

static int
all_neurons(struct job *job)
{
	struct rmb_phases *phases = rmb_phases_new(job->n, rmb_call_error(job->call));
	job->phases = phases;
	int rc = phases ? rmb_parallel(rmb_threads(job->call), job->like->neurons.n, one_neuron, job) : RMB_ELIMIT;
	rmb_phases_free(phases);
	return rc;
}

static int
run(struct rmb_call *call)
{
	const struct rmb_recording *like = rmb_input_recording(call, "like", 0);
	struct job job = { .call = call, .like = like, .n = like->nframes, .stream = rmb_node_stream(call, "phases") };
	if (like->neurons.n < 1 || like->nframes < 2)
		return rmb_fail(call, RMB_EDATA, "independent: recording '%s' has no neurons or fewer than 2 frames",
		                rmb_recording_name(call));
	struct rmb_recording made = *like;
	made.samples = NULL;
	made.file = 0;
	made.source[0] = made.recipe_of_view[0] = '\0';
	made.stored_rows = like->neurons.n;
	made.stored_frames = like->nframes;
	made.row = made.shift = NULL;
	made.interval = NULL;
	made.nintervals = 0;
	made.offset = made.scale = NULL;
	if (like->nsegments > 1)
		rmb_warn(call, "recording '%s' has %" PRId64 " segments: phases are drawn across them, so spectra are kept as those of the "
		               "segments joined, and in a segment only nearly", rmb_recording_name(call), like->nsegments);
	job.room_size = rmb_phases_scratch(like->nframes);
	job.room = rmb_scratch(call, (size_t)(rmb_threads(call) * job.room_size), sizeof *job.room);
	int rc = job.room ? rmb_output_recording(call, "recording", &made) : RMB_ELIMIT;
	return rc ? rc : all_neurons(&job);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	(void)settings;
	cost->flops = 1000 * size->neurons * size->frames; /* a transform there and back, and a phase, take the time of so many */
	cost->bytes = 8 * size->neurons * size->frames;
	cost->disk = 4 * size->neurons * size->frames + 200 * size->neurons + 65536;
	cost->memory = 8 * 32 * size->frames + 256 * size->neurons + 8e6;
}

const struct rmb_stage rmb_stage_independent = {
	.name = "independent", .version = 2, .folder = "simulate",
	.brief = "independent neurons with the spectra of those recorded: a control",
	.about = "Draws the phases of every neuron's Fourier transform anew and leaves their sizes: each neuron keeps its "
	         "mean, variance, spectrum and autocorrelation, and correlations between neurons go. Unlike "
	         "`shuffle`, which shifts every neuron in time, it leaves no slow drift in place and makes amplitudes "
	         "normal; `amplitudes` gives them their own distribution back.",
	.cite = "Theiler et al. 1992, Physica D 58:77",
	.caption = "Control of independent neurons: the recorded spectrum of each, with random phases.",
	.params = params, .in = in, .out = out, .figures = figures, .draws = rmb_draws_always, .estimate = estimate, .run = run,
};

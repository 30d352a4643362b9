#include "simulate/matched.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "rumble/parallel.h"

enum { ROWS = 16 }; /* neurons that are one piece of work */

/* ---- before: what it is like ---- */

struct rmb_stream
rmb_matched_stream(const struct rmb_matched *matched, const char *purpose)
{
	if (strcmp(matched->set->draws, "common") == 0)
		return rmb_shared_stream(matched->call, purpose, matched->like->neurons.n);
	return rmb_node_stream(matched->call, purpose);
}

static int
cut_segments(struct rmb_matched *matched, int64_t pieces)
{
	const struct rmb_recording *like = matched->like;
	int64_t shorter = 0;
	size_t most = (size_t)(pieces < like->nframes / like->nsegments ? like->nsegments * pieces : like->nframes);
	matched->start = rmb_scratch(matched->call, most, sizeof *matched->start);
	matched->length = rmb_scratch(matched->call, most, sizeof *matched->length);
	if (!matched->start || !matched->length)
		return RMB_ELIMIT;
	for (int64_t s = 0; s < like->nsegments; s++) {
		int64_t first = like->segment[s], n = rmb_segment_length(like, s);
		shorter += n < pieces;
		for (int64_t p = 0; p < pieces; p++) {
			int64_t from = first + n * p / pieces, to = first + n * (p + 1) / pieces;
			if (from == to)
				continue;
			matched->start[matched->nruns] = from;
			matched->length[matched->nruns++] = to - from;
		}
	}
	if (shorter)
		rmb_warn(matched->call,
		         "%" PRId64 " of %" PRId64 " segments of recording '%s' have fewer frames than the %" PRId64
		         " runs asked for: there each frame is a run of its own",
		         shorter, like->nsegments, rmb_recording_name(matched->call), pieces);
	return 0;
}

/* Mean counts of a frame. Of a z-scored recording: the sample that z-scoring made zero. */
static int
find_rates(struct rmb_matched *matched, double rate, double *count)
{
	const struct rmb_recording *like = matched->like;
	double *chunk = rmb_scratch(matched->call, RMB_MOMENTS_CHUNK, sizeof *chunk);
	bool scaled = strcmp(like->scaling, "none") != 0;
	if (isnan(rate) && scaled && !like->offset)
		return rmb_fail(matched->call, RMB_EDATA,
		                "%s: recording '%s' is z-scored and does not say how active its neurons were; give mean_rate, or "
		                "use `measurement: gaussian`", matched->stage, rmb_recording_name(matched->call));
	for (int64_t i = 0; chunk && i < like->neurons.n; i++) {
		count[i] = !isnan(rate) ? rate / like->rate
		           : scaled     ? like->offset[i]
		                        : rmb_row_moments(like, i, chunk).mean;
		if (!(count[i] >= 0 && count[i] < 1e6))
			return rmb_fail(matched->call, RMB_EDATA,
			                "%s: neuron %" PRId64
			                " of recording '%s' has a mean activity of %g, which is no rate of spikes; give "
			                "mean_rate, or use `measurement: gaussian`",
			                matched->stage, i, rmb_recording_name(matched->call), count[i]);
	}
	return chunk ? 0 : RMB_ELIMIT;
}

static int
choose_measurement(struct rmb_matched *matched, const struct measure_settings *set)
{
	static const struct { const char *word; enum rmb_measure kind; } kinds[] = {
		{ "gaussian", RMB_SIGNAL }, { "poisson", RMB_SPIKES_POISSON }, { "calcium", RMB_CALCIUM } };
	struct rmb_call *call = matched->call;
	struct rmb_measurement *measure = &matched->measure;
	size_t n = (size_t)matched->like->neurons.n;
	double *room = rmb_scratch(call, 5 * n, sizeof *room), *unit = room, *rate = room + n, *gain = room + 2 * n;
	if (!room)
		return RMB_ELIMIT;
	for (int k = 0; k < 3; k++)
		if (strcmp(set->measurement, kinds[k].word) == 0)
			measure->kind = kinds[k].kind;
	rmb_measurement_smooth(measure, set->smoothing);
	measure->noise_stream = rmb_matched_stream(matched, "noise");
	measure->spike_stream = rmb_matched_stream(matched, "spikes");
	measure->photon_stream = rmb_matched_stream(matched, "photons");
	measure->decay = exp(-1 / (matched->like->rate * set->indicator));
	struct rmb_stream gains = rmb_matched_stream(matched, "gains");
	for (size_t i = 0; i < n; i++)
		gain[i] = 0.001 - set->brightness * log(1 - rmb_random_uniform(gains, i));
	measure->unit = matched->unit = unit;
	measure->middle = matched->middle = room + 4 * n;
	measure->rate = rate;
	measure->gain = gain;
	measure->drive = matched->drive = room + 3 * n;
	return measure->kind == RMB_SIGNAL ? 0 : find_rates(matched, set->mean_rate, rate);
}

int
rmb_matched_input(struct rmb_call *call, const char *stage, const struct measure_settings *set, struct rmb_matched *matched)
{
	const struct rmb_recording *like = rmb_input_recording(call, "like", 0);
	const char *name = rmb_recording_name(call);
	*matched = (struct rmb_matched){ .call = call, .stage = stage, .set = set, .like = like };
	if (like->neurons.n < 2 || like->nframes < 2)
		return rmb_fail(call, RMB_EDATA,
		                "%s: recording '%s' is too small (neurons: %" PRId64 ", frames: %" PRId64
		                "); needs 2 of each or more",
		                stage, name, like->neurons.n, like->nframes);
	if (!(like->rate > 0))
		return rmb_fail(call, RMB_EDATA,
		                "%s: the frame rate of recording '%s' is not known; give `rate` where it is loaded", stage,
		                name);
	if (like->nframes >= RMB_LOCKSTEP_TIMES)
		return rmb_fail(call, RMB_ELIMIT, "%s: recording '%s' has %" PRId64 " frames; fewer than %d can be simulated",
		                stage, name, like->nframes, RMB_LOCKSTEP_TIMES);
	if (strncmp(like->scaling, RMB_OUTDATED, strlen(RMB_OUTDATED)) == 0)
		return rmb_fail(call, RMB_EDATA,
		                "%s: recording '%s' was z-scored over more frames than it has now; put a zscore stage before "
		                "%s",
		                stage, name, stage);
	int rc = cut_segments(matched, set->runs);
	return rc ? rc : choose_measurement(matched, set);
}

/* ---- the output ---- */

/* The recording's own annotations; a run is a segment. */
static int
describe(struct rmb_matched *matched)
{
	const struct rmb_recording *like = matched->like;
	size_t n = (size_t)like->neurons.n;
	double *time = rmb_scratch(matched->call, (size_t)matched->nruns, sizeof *time);
	matched->offset = rmb_scratch(matched->call, n, sizeof *matched->offset);
	matched->scale = rmb_scratch(matched->call, n, sizeof *matched->scale);
	if (!time || !matched->offset || !matched->scale)
		return RMB_ELIMIT;
	for (int64_t r = 0; r < matched->nruns; r++)
		time[r] = rmb_frame_time(like, matched->start[r]);
	for (size_t i = 0; i < n; i++)
		matched->scale[i] = 1; /* until the end */
	struct rmb_neurons neurons = matched->out.neurons.n ? matched->out.neurons : like->neurons;
	matched->out = (struct rmb_recording){
		.neurons = neurons, .nframes = like->nframes, .rate = like->rate, .nsegments = matched->nruns,
		.segment = matched->start,
		.segment_time = like->segment_time || matched->nruns > like->nsegments ? time : NULL, .state = like->state,
		.stored_rows = like->neurons.n, .stored_frames = like->nframes, .offset = matched->offset,
		.scale = matched->scale };
	snprintf(matched->out.scaling, sizeof matched->out.scaling, "%s", like->scaling);
	return rmb_output_recording(matched->call, "recording", &matched->out);
}

/* Whether what is recorded differs from the signals. */
static bool
measured(const struct rmb_matched *matched)
{
	const struct rmb_measurement *measure = &matched->measure;
	return measure->kind != RMB_SIGNAL || measure->half > 0 || !(measure->noise <= 0);
}

static int
begin(struct rmb_matched *matched, int64_t group)
{
	struct rmb_call *call = matched->call;
	int64_t n = matched->like->neurons.n;
	matched->room_size = rmb_lockstep_columns(n, group);
	for (int64_t r = 0; r < matched->nruns && measured(matched); r++)
		if (matched->room_size < matched->length[r])
			matched->room_size = matched->length[r];
	matched->room_size += 2 * matched->measure.half;
	matched->moments = rmb_scratch(call, (size_t)n, sizeof *matched->moments);
	matched->written = rmb_scratch(call, (size_t)n, sizeof *matched->written);
	matched->room = rmb_scratch(call, (size_t)(3 * rmb_threads(call) * matched->room_size), sizeof *matched->room);
	if (!matched->moments || !matched->written || !matched->room)
		return RMB_ELIMIT;
	for (int64_t i = 0; i < n; i++)
		matched->moments[i] = RMB_MOMENTS_NONE;
	return describe(matched);
}

/* ---- blocks ---- */

/* Samples of a run of neuron i, as many as x has, become those of the recording; moments are of what is stored. samples[n]:
 * scratch. */
static int
write_samples(struct rmb_matched *matched, int64_t i, int64_t frame, int64_t n, double *x, float *samples)
{
	for (int64_t t = 0; t < n; t++) {
		samples[t] = (float)x[t];
		x[t] = (double)samples[t];
	}
	rmb_moments_add(&matched->moments[i], matched->written[i], x, n);
	matched->written[i] += n;
	return rmb_write_block(matched->call, "recording", i, 1, frame, n, samples);
}

static int
take_rows(void *argument, int64_t piece, int thread)
{
	struct rmb_matched *matched = argument;
	const struct rmb_block *block = matched->block;
	double *x = matched->room + 3 * thread * matched->room_size;
	int64_t first = piece * ROWS, end = first + ROWS < block->n ? first + ROWS : block->n;
	int rc = 0;
	for (int64_t i = first; !rc && i < end; i++)
		for (int64_t a = 0; !rc && a < block->nruns; a++) {
			const float *in = block->x + i * block->ld + a;
			for (int64_t t = 0; t < block->nframes; t++)
				x[t] = (double)in[t * block->nruns];
			rc = write_samples(matched, i, matched->start[block->run[a]] + block->frame, block->nframes, x,
			                   (float *)(x + matched->room_size));
		}
	return rc;
}

static int
take(void *argument, const struct rmb_block *block)
{
	struct rmb_matched *matched = argument;
	matched->block = block;
	return rmb_parallel(rmb_threads(matched->call), (block->n + ROWS - 1) / ROWS, take_rows, matched);
}

/* ---- measurement ---- */

/* Means and standard deviations of the signals as they were simulated, all runs together (divisor T - 1, as the published
 * z-scores). */
static void
find_units(struct rmb_matched *matched)
{
	for (int64_t i = 0; i < matched->like->neurons.n; i++) {
		const struct rmb_moments *m = &matched->moments[i];
		matched->middle[i] = m->mean;
		matched->unit[i] = m->finite && !rmb_row_constant(m) ? sqrt(m->deviation / (double)(matched->written[i] - 1)) : 0;
	}
}

/* Samples of a run of neuron i as they were simulated. */
static int
read_signal(const struct rmb_matched *matched, int64_t i, int64_t run, float *samples, double *x)
{
	int64_t length = matched->length[run];
	int rc = rmb_read_written(matched->call, "recording", i, 1, matched->start[run], length, samples);
	for (int64_t t = 0; !rc && t < length; t++)
		x[t] = (double)samples[t];
	return rc;
}

/* Spikes need the mean over all runs before the first of them can be made. */
static int
find_drive(struct rmb_matched *matched, int64_t i, float *samples, double *x, double *room)
{
	double sum = 0;
	int rc = 0;
	for (int64_t r = 0; !rc && r < matched->nruns && matched->measure.kind != RMB_SIGNAL; r++)
		if (!(rc = read_signal(matched, i, r, samples, x)))
			sum += rmb_measure_drive(&matched->measure, i, matched->start[r], matched->length[r], x, room);
	matched->drive[i] = sum / (double)matched->like->nframes;
	return rc;
}

static int
measure_rows(void *argument, int64_t piece, int thread)
{
	struct rmb_matched *matched = argument;
	double *x = matched->room + 3 * thread * matched->room_size, *room = x + matched->room_size;
	float *samples = (float *)(room + matched->room_size);
	int64_t n = matched->like->neurons.n, first = piece * ROWS, end = first + ROWS < n ? first + ROWS : n;
	int rc = 0;
	for (int64_t i = first; !rc && i < end; i++) {
		rc = find_drive(matched, i, samples, x, room);
		matched->moments[i] = RMB_MOMENTS_NONE;
		matched->written[i] = 0;
		for (int64_t r = 0; !rc && r < matched->nruns; r++) {
			int64_t start = matched->start[r], length = matched->length[r];
			if (!(rc = read_signal(matched, i, r, samples, x))) {
				rmb_measure(&matched->measure, i, start, length, x, room, x);
				rc = write_samples(matched, i, start, length, x, samples);
			}
		}
	}
	return rc;
}

/* ---- all of it ---- */

static int
progress(void *argument, double part)
{
	return rmb_progress(argument, 0.2 + 0.8 * part, 1);
}

/* Signals are on disk: what is recorded of them takes their place. */
static int
measure(struct rmb_matched *matched, struct rmb_pilot *pilot)
{
	struct rmb_call *call = matched->call;
	find_units(matched);
	int rc = pilot ? rmb_pilot_find_noise(pilot) : 0;
	if (!rc)
		rc = rmb_output_scalar(call, "added_noise", matched->measure.noise);
	if (!rc && measured(matched))
		rc = rmb_parallel(rmb_threads(call), (matched->like->neurons.n + ROWS - 1) / ROWS, measure_rows, matched);
	return rc;
}

int
rmb_matched_make(struct rmb_matched *matched, const struct rmb_signals *signals)
{
	struct rmb_call *call = matched->call;
	struct rmb_simulation what = {
		.n = matched->like->neurons.n, .nruns = matched->nruns, .length = matched->length,
		.stream = rmb_matched_stream(matched, "activity"),
		.beside = rmb_matched_stream(matched, "activity beside"), .threads = rmb_threads(call), .take = take,
		.taker = matched, .progress = progress, .progress_argument = call };
	struct rmb_pilot *pilot = NULL;
	matched->measure.noise = rmb_measure_noise(matched->set);
	int rc = isnan(matched->measure.noise) ? rmb_pilot_make(matched, &pilot) : 0;
	if (!rc)
		rc = begin(matched, signals->group);
	if (!rc)
		rc = signals->simulate(signals->self, &what, rmb_call_error(call));
	if (!rc)
		rc = measure(matched, pilot);
	return rc ? rc : rmb_matched_scale(matched);
}

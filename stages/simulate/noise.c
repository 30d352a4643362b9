/* simulate/noise.c -- how much noise makes a simulation as reliable as a recording.
 *
 * The reliable part of the variance is sum of scov over sum of varcov of SVCA. It depends on how many neurons and frames
 * there are, so both sides are measured on the same ones: a random choice of at most RMB_PILOT_NEURONS neurons, the first
 * RMB_PILOT_FRAMES frames, the same halves and test frames. It falls as noise is added; the noise that makes it equal is
 * found by the secant, held between bounds. Signals are those of the simulation, and noise numbers those that it will
 * have, so nothing but the noise's size changes from one try to the next. Every replicate is brought to the recording's
 * part as it was measured, luck included; so to first order it and the recording differ from its family in the same way,
 * and ranks among them hold. */
#include <inttypes.h>
#include <math.h>
#include "numeric/shared.h"
#include "numeric/split.h"
#include "rumble/parallel.h"
#include "simulate/matched.h"

enum { TRIES = 24, LAGS = 8 };
static const double loudest = 128; /* noise beyond which nothing is left of a signal */
static const double close_enough = 1e-3; /* of the reliable part */

struct rmb_pilot {
	struct rmb_matched *matched;
	int64_t n, nframes, nruns;
	int64_t *neuron;                 /* rows of the recording, ascending */
	int64_t *length;                 /* of the runs, which end where the pilot ends */
	float *signal, *measured;        /* [n][nframes] */
	struct rmb_halves halves;
	struct rmb_time_split split;
	double *training, *scov, *varcov;
	double *room;                    /* two parts for each thread... */
	int64_t room_size;               /* ...of so many doubles each */
	double target;                   /* reliable part of the recording */
};

/* ---- what it is measured on ---- */

static int
split_neurons(struct rmb_pilot *pilot)
{
	struct rmb_matched *matched = pilot->matched;
	struct rmb_call *call = matched->call;
	struct rmb_neurons some;
	int rc = rmb_neurons_select(rmb_call_arena(call), &matched->like->neurons, pilot->neuron, pilot->n, &some,
	                            rmb_call_error(call));
	bool places = some.x || some.y;
	if (!rc && places)
		rc = rmb_halves_checkerboard(rmb_call_arena(call), some.x, some.y, pilot->n, matched->set->spacing,
		                             &pilot->halves, rmb_call_error(call));
	if (rc || (places && pilot->halves.n1 >= 2 && pilot->halves.n2 >= 2))
		return rc;
	if (places)
		rmb_warn(call,
		         "a checkerboard of %g um leaves fewer than 2 neurons of recording '%s' in one half: noise was "
		         "matched with halves drawn at random",
		         matched->set->spacing, rmb_recording_name(call));
	rc = rmb_halves_random(rmb_call_arena(call), rmb_shared_stream(call, "halves", pilot->n), pilot->n, &pilot->halves,
	                       rmb_call_error(call));
	if (!rc && (pilot->halves.n1 < 1 || pilot->halves.n2 < 1))
		return rmb_fail(call, RMB_EDATA,
		                "%s: all %" PRId64 " neurons of recording '%s' fell in one half, and what two halves share is what "
		                "noise is matched to; give noise as a number",
		                matched->stage, pilot->n, rmb_recording_name(call));
	return rc;
}

static int
choose_neurons(struct rmb_pilot *pilot)
{
	struct rmb_call *call = pilot->matched->call;
	int64_t all = pilot->matched->like->neurons.n, taken = 0;
	int64_t *order = rmb_scratch(call, (size_t)all, sizeof *order);
	bool *chosen = rmb_scratch(call, (size_t)all, sizeof *chosen);
	pilot->n = all < RMB_PILOT_NEURONS ? all : RMB_PILOT_NEURONS;
	pilot->neuron = rmb_scratch(call, (size_t)pilot->n, sizeof *pilot->neuron);
	if (!order || !chosen || !pilot->neuron)
		return RMB_ELIMIT;
	rmb_random_permutation(rmb_shared_stream(call, "neurons that noise is matched on", all), all, order);
	for (int64_t i = 0; i < pilot->n; i++)
		chosen[order[i]] = true;
	for (int64_t i = 0; i < all; i++)
		if (chosen[i])
			pilot->neuron[taken++] = i;
	return split_neurons(pilot);
}

static int
lay_out(struct rmb_matched *matched, struct rmb_pilot *pilot)
{
	struct rmb_call *call = matched->call;
	int64_t nframes = matched->like->nframes;
	*pilot = (struct rmb_pilot){ .matched = matched, .nframes = nframes < RMB_PILOT_FRAMES ? nframes : RMB_PILOT_FRAMES };
	int rc = choose_neurons(pilot);
	if (!rc)
		rc = rmb_time_split_make(rmb_call_arena(call), pilot->nframes, 0.25, 3, &pilot->split, rmb_call_error(call));
	if (rc)
		return rc;
	size_t n = (size_t)pilot->n, frames = (size_t)pilot->nframes;
	pilot->room_size = pilot->nframes + 2 * matched->measure.half;
	pilot->room = rmb_scratch(call, 2 * (size_t)(rmb_threads(call) * pilot->room_size), sizeof *pilot->room);
	pilot->length = rmb_scratch(call, (size_t)matched->nruns, sizeof *pilot->length);
	pilot->signal = rmb_scratch(call, n * frames, sizeof *pilot->signal);
	pilot->measured = rmb_scratch(call, n * frames, sizeof *pilot->measured);
	pilot->training = rmb_scratch(call, 3 * n, sizeof *pilot->training);
	if (!pilot->room || !pilot->length || !pilot->signal || !pilot->measured || !pilot->training)
		return RMB_ELIMIT;
	pilot->scov = pilot->training + n;
	pilot->varcov = pilot->scov + n;
	for (; pilot->nruns < matched->nruns && matched->start[pilot->nruns] < pilot->nframes; pilot->nruns++) {
		int64_t left = pilot->nframes - matched->start[pilot->nruns], length = matched->length[pilot->nruns];
		pilot->length[pilot->nruns] = length < left ? length : left;
	}
	return 0;
}

/* ---- signals and measurements ---- */

static int
fetch_row(void *argument, int64_t i, int thread)
{
	const struct rmb_pilot *pilot = argument;
	(void)thread;
	return rmb_read_written(pilot->matched->call, "recording", pilot->neuron[i], 1, 0, pilot->nframes,
	                        pilot->signal + i * pilot->nframes);
}

static void
fetch_run(const struct rmb_pilot *pilot, int64_t i, int64_t run, double *x)
{
	const float *in = pilot->signal + i * pilot->nframes + pilot->matched->start[run];
	for (int64_t t = 0; t < pilot->length[run]; t++)
		x[t] = (double)in[t];
}

/* The mean that spikes are relative to, here over the pilot's frames. */
static void
set_drive(const struct rmb_pilot *pilot, int64_t i, double *x, double *room)
{
	const struct rmb_matched *matched = pilot->matched;
	double sum = 0;
	for (int64_t r = 0; r < pilot->nruns && matched->measure.kind != RMB_SIGNAL; r++) {
		fetch_run(pilot, i, r, x);
		sum += rmb_measure_drive(&matched->measure, pilot->neuron[i], matched->start[r], pilot->length[r], x, room);
	}
	matched->drive[pilot->neuron[i]] = sum / (double)pilot->nframes;
}

/* One row of the signals, measured run by run. */
static int
measure_row(void *argument, int64_t i, int thread)
{
	const struct rmb_pilot *pilot = argument;
	const struct rmb_matched *matched = pilot->matched;
	double *x = pilot->room + 2 * thread * pilot->room_size, *scratch = x + pilot->room_size;
	set_drive(pilot, i, x, scratch);
	for (int64_t r = 0; r < pilot->nruns; r++) {
		int64_t at = i * pilot->nframes + matched->start[r], n = pilot->length[r];
		fetch_run(pilot, i, r, x);
		rmb_measure(&matched->measure, pilot->neuron[i], matched->start[r], n, x, scratch, x);
		for (int64_t t = 0; t < n; t++)
			pilot->measured[at + t] = (float)x[t];
	}
	return 0;
}

static int
read_row(void *argument, int64_t i, int thread)
{
	const struct rmb_pilot *pilot = argument;
	(void)thread;
	rmb_read_block(pilot->matched->like, pilot->neuron[i], 1, 0, pilot->nframes, pilot->measured + i * pilot->nframes);
	return 0;
}

/* ---- the reliable part ---- */

/* Rows of what was measured, z-scored, and shifted in time by `lag`. No neurons: no memory. */
static struct rmb_recording
zscored(const struct rmb_pilot *pilot, const int64_t *row, int64_t n, int64_t lag)
{
	static const int64_t start[] = { 0 };
	struct rmb_recording half = { .neurons.n = n, .nframes = pilot->nframes, .nsegments = 1, .segment = start,
	                              .samples = pilot->measured,
		                      .stored_rows = pilot->n, .stored_frames = pilot->nframes, .row = row };
	double *scales = rmb_scratch(pilot->matched->call, 2 * (size_t)n, sizeof *scales), chunk[RMB_MOMENTS_CHUNK];
	int64_t *shift = rmb_scratch(pilot->matched->call, (size_t)n, sizeof *shift);
	for (int64_t i = 0; scales && shift && i < n; i++) {
		shift[i] = lag;
		struct rmb_moments m = rmb_row_moments(&half, i, chunk);
		scales[i] = m.mean;
		scales[n + i] = rmb_row_constant(&m) || !m.finite ? 0 : 1 / sqrt(m.deviation / (double)pilot->nframes);
	}
	if (!scales || !shift)
		half.neurons.n = 0;
	half.shift = shift;
	half.offset = scales;
	half.scale = scales + n;
	return half;
}

/* One half may come `lag` frames later than the other: then whatever they agree on is chance. */
static int
reliable_part(struct rmb_pilot *pilot, int64_t lag, double *part)
{
	struct rmb_call *call = pilot->matched->call;
	struct rmb_recording first = zscored(pilot, pilot->halves.half1, pilot->halves.n1, lag);
	struct rmb_recording second = zscored(pilot, pilot->halves.half2, pilot->halves.n2, 0);
	struct rmb_shared shared = { .sweep = { .first = &first, .second = &second, .threads = rmb_threads(call) },
		                     .train = pilot->split.train, .ntrain = pilot->split.ntrain, .test = pilot->split.test,
		                     .ntest = pilot->split.ntest };
	double reliable = 0, all = 0;
	int64_t neff;
	if (first.neurons.n < 1 || second.neurons.n < 1)
		return RMB_ELIMIT;
	int rc = rmb_shared_variance(&shared, pilot->training, pilot->scov, pilot->varcov, &neff, rmb_call_error(call));
	for (int64_t k = 0; !rc && k < neff; k++) {
		reliable += pilot->scov[k];
		all += pilot->varcov[k];
	}
	*part = all > 0 ? reliable / all : 0;
	return rc;
}

/* Of the simulation with so much noise. */
static int
with_noise(struct rmb_pilot *pilot, double noise, double *part)
{
	struct rmb_call *call = pilot->matched->call;
	pilot->matched->measure.noise = noise;
	int rc = rmb_parallel(rmb_threads(call), pilot->n, measure_row, pilot);
	if (!rc)
		rc = reliable_part(pilot, 0, part);
	return rc ? rc : rmb_progress(call, 0.2, 1);
}

/* ---- the search ---- */

/* Between low, where the part is still larger than `target`, and high, where it is smaller. */
static int
search(struct rmb_pilot *pilot, double target, double low, double above, double high, double below, double *reached)
{
	int rc = 0;
	for (int i = 0; !rc && i < TRIES; i++) {
		/* the secant in noise^2, by which the inverse of the part grows about evenly; kept off the ends */
		double x0 = low * low, x1 = high * high, y0 = 1 / above, y1 = 1 / fmax(below, 1e-3 * target),
		       at = (1 / target - y0) / (y1 - y0);
		double noise = sqrt(x0 + (x1 - x0) * fmin(fmax(at, 0.05), 0.95));
		rc = with_noise(pilot, noise, reached);
		if (rc || fabs(*reached - target) <= close_enough * target || high - low < 1e-4 * high)
			break;
		if (*reached > target) {
			low = noise;
			above = *reached;
		} else {
			high = noise;
			below = *reached;
		}
	}
	return rc;
}

static int
find(struct rmb_pilot *pilot, double target, double *reached)
{
	struct rmb_call *call = pilot->matched->call;
	double low = 0, above = 0, high = 0.5, below = target;
	int rc = with_noise(pilot, 0, &above);
	*reached = above;
	if (rc || above <= target) {
		if (!rc)
			rmb_warn(call,
			         "the simulation is less reliable (%.3g of its variance) than recording '%s' (%.3g) without "
			         "any noise: none was added",
			         above, rmb_recording_name(call), target);
		return rc;
	}
	do {
		high *= 2;
		if ((rc = with_noise(pilot, high, &below)))
			return rc;
		*reached = below;
		if (below > target) {
			low = high;
			above = below;
		}
	} while (below > target && high < loudest);
	if (below > target) {
		rmb_warn(call,
		         "noise alone looks as reliable (%.3g) by chance as recording '%s' (%.3g): the simulation is noise",
		         below, rmb_recording_name(call), target);
		return 0;
	}
	return search(pilot, target, low, above, high, below, reached);
}

/* The recording's own; or, if that is less, what chance typically gives: the root mean square at several lags. Not more
 * than that, for where slow modes are shared those lags agree too, and whatever raises the target makes replicates that
 * differ from a recording of their own family. */
static int
find_target(struct rmb_pilot *pilot)
{
	struct rmb_call *call = pilot->matched->call;
	double square = 0, part;
	int rc = rmb_parallel(rmb_threads(call), pilot->n, read_row, pilot);
	if (!rc)
		rc = reliable_part(pilot, 0, &pilot->target);
	for (int64_t k = 1; !rc && k <= LAGS; k++) {
		rc = reliable_part(pilot, pilot->nframes * k / (LAGS + 1), &part);
		square += part * part / LAGS;
	}
	double chance = sqrt(square);
	if (rc || pilot->target > chance)
		return rc;
	if (!(chance > 0))
		return rmb_fail(call, RMB_EDATA,
		                "%s: recording '%s' has no variance to match noise to; give noise as a number",
		                pilot->matched->stage, rmb_recording_name(call));
	rmb_warn(call,
	         "recording '%s' has no reliable variance to match noise to: %.3g of the variance, where chance typically "
	         "gives %.3g. Noise was matched to the latter",
	         rmb_recording_name(call), pilot->target, chance);
	pilot->target = chance;
	return 0;
}

int
rmb_pilot_make(struct rmb_matched *matched, struct rmb_pilot **pilot)
{
	if (!(*pilot = rmb_scratch(matched->call, 1, sizeof **pilot)))
		return RMB_ELIMIT;
	int rc = lay_out(matched, *pilot);
	return rc ? rc : find_target(*pilot);
}

int
rmb_pilot_find_noise(struct rmb_pilot *pilot)
{
	struct rmb_call *call = pilot->matched->call;
	double reached;
	int rc = rmb_parallel(rmb_threads(call), pilot->n, fetch_row, pilot);
	if (!rc)
		rc = find(pilot, pilot->target, &reached);
	if (!rc)
		rc = rmb_output_scalar(call, "reliable_part", pilot->target);
	return rc ? rc : rmb_output_scalar(call, "reached_part", reached);
}

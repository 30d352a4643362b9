/* pipeline/base/valid.c -- does a recording, or a list of spikes, hold together?
 *
 * Objects come from files, so nothing is taken for granted: every index that rmb_read_block or a stage would follow is
 * checked, and every product of sizes. One check a line of a table would hide the numbers that the sentences name. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "rumble/recording.h"

/* Says what is wrong; a check then fails with 0. */
#define WRONG(error, ...) (rmb_error_set(error, RMB_EDATA, __VA_ARGS__), 0)

/* Room for n x m samples of 8 bytes each. */
static bool
fits(int64_t n, int64_t m)
{
	int64_t bytes;
	return !__builtin_mul_overflow(n, m, &bytes) && !__builtin_mul_overflow(bytes, 8, &bytes);
}

static bool
terminated(const char *text, size_t room)
{
	return memchr(text, '\0', room) != NULL;
}

static int
neurons_valid(const struct rmb_neurons *neurons, struct rmb_error *error)
{
	if (neurons->n < 1)
		return WRONG(error, "a recording needs neurons; found %" PRId64, neurons->n);
	const struct { const char *name, *text; size_t width;
	} texts[] = { { "areas", neurons->area, neurons->area_width }, { "labels of units", neurons->label, neurons->label_width } };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].text && (texts[i].width < 1 || texts[i].width > (size_t)1 << 20 ||
		                      !fits(neurons->n, (int64_t)texts[i].width)))
			return WRONG(error, "%s of %zu bytes each for %" PRId64 " neurons are not possible", texts[i].name,
			             texts[i].width, neurons->n);
	return 1;
}

static int
times_valid(const struct rmb_recording *recording, struct rmb_error *error)
{
	if (recording->nframes < 1 || !fits(recording->neurons.n, recording->nframes))
		return WRONG(error, "a recording of %" PRId64 " neurons and %" PRId64 " frames is not possible",
		             recording->neurons.n, recording->nframes);
	if (!isnan(recording->rate) && !(recording->rate > 0 && isfinite(recording->rate)))
		return WRONG(error, "a frame rate of %g Hz is not possible", recording->rate);
	if (recording->nsegments < 1 || recording->nsegments > recording->nframes || !recording->segment ||
	    recording->segment[0] != 0)
		return WRONG(error, "the first of %" PRId64 " segments does not begin at frame 0", recording->nsegments);
	for (int64_t s = 1; s < recording->nsegments; s++)
		if (recording->segment[s] <= recording->segment[s - 1] || recording->segment[s] >= recording->nframes)
			return WRONG(error,
			             "segment %" PRId64 " begins at frame %" PRId64
			             ", which is not after the one before and below %" PRId64,
			             s, recording->segment[s], recording->nframes);
	for (int64_t s = 0; recording->segment_time && s < recording->nsegments; s++)
		if (!isfinite(recording->segment_time[s]))
			return WRONG(error, "segment %" PRId64 " begins at %g s", s, recording->segment_time[s]);
	return 1;
}

static int
texts_valid(const struct rmb_recording *recording, struct rmb_error *error)
{
	if (!terminated(recording->scaling, sizeof recording->scaling) || recording->scaling[0] == '\0')
		return WRONG(error, "the name of the scaling is missing or too long");
	if (!terminated(recording->recipe_of_view, sizeof recording->recipe_of_view))
		return WRONG(error, "the description of the view is too long");
	if (!terminated(recording->source, sizeof recording->source))
		return WRONG(error, "the key of the samples is too long");
	size_t length = strlen(recording->source);
	if (length != 0 && (length != 64 || strspn(recording->source, "0123456789abcdef") != 64))
		return WRONG(error, "the key of the samples is not 64 hexadecimal digits");
	return 1;
}

static int
rows_valid(const struct rmb_recording *recording, struct rmb_error *error)
{
	int64_t n = recording->neurons.n;
	if (recording->stored_rows < 1 || recording->stored_frames < 1 || !fits(recording->stored_rows, recording->stored_frames))
		return WRONG(error, "samples of %" PRId64 " rows and %" PRId64 " frames are not possible",
		             recording->stored_rows, recording->stored_frames);
	if (!recording->row && n > recording->stored_rows)
		return WRONG(error, "%" PRId64 " neurons cannot lie in %" PRId64 " stored rows", n, recording->stored_rows);
	for (int64_t i = 0; recording->row && i < n; i++)
		if (recording->row[i] < 0 || recording->row[i] >= recording->stored_rows)
			return WRONG(error, "neuron %" PRId64 " lies in stored row %" PRId64 " of %" PRId64, i,
			             recording->row[i], recording->stored_rows);
	for (int64_t i = 0; recording->shift && i < n; i++)
		if (recording->shift[i] < 0 || recording->shift[i] >= recording->nframes)
			return WRONG(error, "neuron %" PRId64 " is shifted by %" PRId64 " of %" PRId64 " frames", i,
			             recording->shift[i], recording->nframes);
	if (!recording->offset != !recording->scale)
		return WRONG(error, "offsets and scales do not come together");
	for (int64_t i = 0; recording->scale && i < n; i++)
		if (!isfinite(recording->offset[i]) || !isfinite(recording->scale[i]))
			return WRONG(error, "neuron %" PRId64 " is scaled by (x - %g) * %g", i, recording->offset[i],
			             recording->scale[i]);
	return 1;
}

static int
intervals_valid(const struct rmb_recording *recording, struct rmb_error *error)
{
	int64_t sum = 0;
	if (recording->nintervals < 0 || recording->nintervals > recording->nframes ||
	    (recording->nintervals > 0 && !recording->interval))
		return WRONG(error, "%" PRId64 " intervals for %" PRId64 " frames are not possible", recording->nintervals,
		             recording->nframes);
	for (int64_t i = 0; i < recording->nintervals; i++) {
		const struct rmb_interval *interval = &recording->interval[i];
		if (interval->n < 1 || interval->start < 0 || interval->n > recording->stored_frames ||
		    interval->start > recording->stored_frames - interval->n || __builtin_add_overflow(sum, interval->n, &sum))
			return WRONG(error,
			             "interval %" PRId64 " (%" PRId64 " frames from %" PRId64 ") is not inside the %" PRId64
			             " stored frames",
			             i, interval->n, interval->start, recording->stored_frames);
	}
	if (recording->nintervals == 0)
		sum = recording->stored_frames;
	if (sum != recording->nframes)
		return WRONG(error, "%" PRId64 " frames are selected, but the recording has %" PRId64, sum, recording->nframes);
	return 1;
}

int
rmb_recording_valid(const struct rmb_recording *recording, struct rmb_error *error)
{
	return neurons_valid(&recording->neurons, error) && times_valid(recording, error) && texts_valid(recording, error) &&
	       rows_valid(recording, error) && intervals_valid(recording, error);
}

/* ---- spikes ------------------------------------------------------------------------------------------------------- */

/* bound[n][2] ascends, and no two of them overlap. */
static int
intervals_ascend(const char *which, const double *bound, int64_t n, struct rmb_error *error)
{
	for (int64_t i = 0; i < n; i++) {
		double start = bound[2 * i], end = bound[2 * i + 1];
		if (!isfinite(start) || !isfinite(end) || end < start || (i > 0 && start < bound[2 * i - 1]))
			return WRONG(error, "%s interval %" PRId64 " (%g s to %g s) runs backwards or into the one before",
			             which, i, start, end);
	}
	return 1;
}

static int
observed_valid(const struct rmb_spikes *spikes, struct rmb_error *error)
{
	if (spikes->nobserved < 0 || (spikes->nobserved == 0 && spikes->nspikes > 0) ||
	    (spikes->nobserved > 0 && !spikes->observed))
		return WRONG(error, "%" PRId64 " spikes in %" PRId64 " observed intervals are not possible", spikes->nspikes,
		             spikes->nobserved);
	if (spikes->nstates < 0 || (spikes->nstates > 0 && (!spikes->stated || !spikes->state)))
		return WRONG(error, "%" PRId64 " intervals with a state are not possible", spikes->nstates);
	return intervals_ascend("observed", spikes->observed, spikes->nobserved, error) &&
	       intervals_ascend("stated", spikes->stated, spikes->nstates, error);
}

int
rmb_spikes_valid(const struct rmb_spikes *spikes, struct rmb_error *error)
{
	int64_t n = spikes->neurons.n;
	if (!neurons_valid(&spikes->neurons, error))
		return 0;
	if (spikes->nspikes < 0 || !fits(spikes->nspikes, 1) || !spikes->first ||
	    (spikes->nspikes > 0 && !spikes->time && !spikes->written))
		return WRONG(error, "a list of %" PRId64 " spikes is not possible", spikes->nspikes);
	if (spikes->first[0] != 0 || spikes->first[n] != spikes->nspikes)
		return WRONG(error, "the neurons have spikes %" PRId64 " to %" PRId64 " of %" PRId64, spikes->first[0],
		             spikes->first[n], spikes->nspikes);
	for (int64_t i = 0; i < n; i++)
		if (spikes->first[i + 1] < spikes->first[i] || spikes->first[i + 1] > spikes->nspikes)
			return WRONG(error, "the spikes of neuron %" PRId64 " end before they begin", i);
	for (int64_t i = 0; i < n && spikes->time; i++) {
		for (int64_t s = spikes->first[i]; s < spikes->first[i + 1]; s++)
			if (!isfinite(spikes->time[s]) || (s > spikes->first[i] && spikes->time[s] < spikes->time[s - 1]))
				return WRONG(error,
				             "spike %" PRId64 " of neuron %" PRId64
				             ", at %g s, is not a time or not in order",
				             s - spikes->first[i], i, spikes->time[s]);
		rmb_drop_spikes(spikes, i, 1);
	}
	return observed_valid(spikes, error);
}

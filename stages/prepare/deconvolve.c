/* stages/prepare/deconvolve.c -- spikes from fluorescence, as suite2p finds them.
 *
 * The baseline of a trace F is what is left of it when it is smoothed by a Gaussian, and then the running minimum and the
 * running maximum of that are taken (`maximin`). Of x = F - baseline the calcium c is sought that decays by exp(-1 / (tau
 * rate)) from frame to frame, jumps upwards only, and is next to x in least squares; its jumps are the spikes
 * (numeric/deconvolution.h). There is no penalty and no threshold. Windows and calcium lie inside segments: nothing is
 * carried across a gap.
 * References: Pachitariu et al. 2017, bioRxiv 061507 (suite2p); Friedrich, Zhou & Paninski 2017, PLoS Comput. Biol. 13,
 * e1005423 (OASIS). Cost: N T times the weights of the Gaussian (81 by default); some 60 bytes a frame and thread. */
#include <math.h>
#include <string.h>
#include "numeric/deconvolution.h"
#include "numeric/running.h"
#include "prepare/rows.h"

struct settings {
	double tau, window, smooth;
	const char *baseline;
};

#define AT(field) .at = offsetof(struct settings, field)
static const struct rmb_param params[] = {
	{ .name = "tau", .kind = RMB_REAL, AT(tau), .unit = "s", .min = 1e-3, .max = 1e3,
	  .help = "time constant of the indicator's decay; suite2p advises 0.7 s (GCaMP6f), 1 s (GCaMP6m), 1.25 to 1.5 s "
	          "(GCaMP6s)" },
	{ .name = "baseline", .kind = RMB_WORD, AT(baseline), .def = "maximin", .words = "maximin|none",
	  .help = "maximin: running maximum of the running minimum of the smoothed trace; none: leave the trace as it is "
	          "(behind detrend)" },
	{ .name = "window", .kind = RMB_REAL, AT(window), .def = "60 s", .unit = "s", .min = 1e-3, .max = 1e6,
	  .help = "of the running minimum and maximum" },
	{ .name = "smooth", .kind = RMB_REAL, AT(smooth), .def = "10", .min = 0.5, .max = 1000,
	  .help = "sd in frames of the Gaussian that smooths the trace before its minimum is sought" },
	{ 0 },
};

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "fluorescence, best without that of the neuropil" },
	{ 0 },
};

static const struct rmb_port out[] = {
	{ .name = "recording", .kinds = RMB_RECORDING,
	  .help = "spikes in each frame, in units of the fluorescence; never negative" },
	{ 0 },
};

static const struct rmb_figure figures[] = {
	{ .name = "raster", .kind = "raster", .x = "time", .y = "neuron", .image = "recording",
	  .caption = "Deconvolved activity of all neurons (decay {tau})." },
	{ 0 },
};

struct work {
	double decay;           /* from frame to frame */
	bool baseline;
	int64_t width, half;    /* frames of the windows, of the Gaussian on either side */
	double *tap;            /* [half + 1] */
};

/* room: a baseline and what it takes, or the runs of the calcium, which come later. */
static bool
deconvolve(const void *how, const double *x, int64_t n, void *room, double *y)
{
	const struct work *work = how;
	double *baseline = room;
	if (work->baseline) {
		rmb_baseline_maximin(x, n, work->tap, work->half, work->width, baseline + n, baseline);
		for (int64_t t = 0; t < n; t++)
			y[t] = x[t] - baseline[t];
	}
	rmb_deconvolve(work->baseline ? y : x, n, work->decay, room, y);
	return true;
}

static int
plan(struct rmb_call *call, const struct settings *set, const struct rmb_recording *recording, struct work *work)
{
	if (!rmb_frames_of(call, recording, "tau", set->tau))
		return RMB_EDATA;
	*work = (struct work){ .decay = exp(-1 / (set->tau * recording->rate)),
	                       .baseline = strcmp(set->baseline, "maximin") == 0 };
	if (work->decay <= 0)
		return rmb_fail(call, RMB_EDATA,
		                "calcium that decays in tau = %g s is gone within one frame of '%s' (%g Hz): there is "
		                "nothing to deconvolve",
		                set->tau, rmb_recording_name(call), recording->rate);
	if (!work->baseline)
		return 0;
	work->half = rmb_gaussian_half(set->smooth);
	work->tap = rmb_scratch(call, (size_t)work->half + 1, sizeof *work->tap);
	if (!work->tap)
		return RMB_ELIMIT;
	rmb_gaussian_taps(rmb_gaussian_exponent(set->smooth), work->half, work->tap);
	work->width = rmb_window_of(call, recording, set->window);
	return work->width ? 0 : RMB_EDATA;
}

/* Fluorescence is hardly ever 0, spikes mostly are; and what a suite2p folder gives unless told otherwise are spikes. */
static void
warn_of_spikes(struct rmb_call *call, const struct rmb_recording *recording, const int64_t *zeros)
{
	double share = 0;
	for (int64_t i = 0; i < recording->neurons.n; i++)
		share += (double)zeros[i] / (double)recording->nframes / (double)recording->neurons.n;
	if (share > 0.1)
		rmb_warn(call,
		         "%.0f %% of the samples of '%s' are exactly 0: it looks as if it had been deconvolved already. Load "
		         "the fluorescence, of a suite2p folder by `activity: F-0.7Fneu`",
		         100 * share, rmb_recording_name(call));
}

static int
run(struct rmb_call *call)
{
	const struct rmb_recording *recording = rmb_input_recording(call, "recording", 0);
	struct work work = { 0 };
	int code = plan(call, rmb_settings(call), recording, &work);
	size_t n = (size_t)rmb_segment_longest(recording), baseline = sizeof(double) * (3 * n + 2 * (size_t)work.half);
	struct rmb_remake remake = { deconvolve, &work,
	                             baseline > n * sizeof(struct rmb_decaying) ? baseline : n * sizeof(struct rmb_decaying),
	                             NULL,
	                             rmb_scratch(call, (size_t)recording->neurons.n, sizeof *remake.zeros) };
	if (code || !remake.zeros)
		return code ? code : RMB_ELIMIT;
	if ((code = rmb_rows_remake(call, recording, &remake)) == 0)
		warn_of_spikes(call, recording, remake.zeros);
	return code;
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	rmb_rows_estimate(size, 3 * sizeof(double), cost);
	cost->flops = 200 * size->neurons * size->frames; /* merging of spikes: one number at a time, as is the smoothing */
	if (strcmp(set->baseline, "maximin") == 0)
		cost->flops += 40 * set->smooth * size->neurons * size->frames;
}

const struct rmb_stage rmb_stage_deconvolve = {
	.name = "deconvolve", .version = 1, .folder = "prepare", .run = run, .estimate = estimate,
	.brief = "spikes from fluorescence, as suite2p finds them",
	.about = "Takes a baseline from every trace and finds the spikes that explain what is left: calcium decays with "
	         "`tau`, jumps upwards at spikes, and is as near to the trace as such calcium can be, in least squares, "
	         "without penalty or threshold (OASIS). The baseline `maximin` follows slow drifts: the trace is smoothed, "
	         "then its running minimum over `window` and the running maximum of that are taken. Of the fluorescence, "
	         "baseline settings and neuropil correction of a suite2p folder this makes the numbers of its spks.npy. Load "
	         "the fluorescence without the neuropil's, `activity: F-0.7Fneu`. Gaps are honoured: each segment has a "
	         "baseline and calcium of its own. Neurons with samples that are not finite are dropped with a warning; "
	         "constant ones become zeros, but with `baseline: none` they are calcium that spikes in every frame keep up.",
	.cite = "Pachitariu et al. 2017, bioRxiv 061507; Friedrich, Zhou & Paninski 2017, PLoS Comput. Biol. 13, e1005423",
	.caption = "Fluorescence deconvolved with a decay of {tau} (baseline {baseline}, window {window}).",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
};

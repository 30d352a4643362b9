/* stages/prepare/smooth.c -- activity smoothed in time.
 *
 *     y(t) = sum over d of w(d) x(t + d),   w(d) proportional to exp(-d^2 / 2 sd^2), of unit sum, to 4 sd on either side.
 * At the ends of a segment the segment goes on mirrored, so that a constant stays one and nothing comes from beyond a gap.
 * Neighbouring frames then share what they hold: lagged covariances at lags up to a few sd are those of the weights, and the
 * number of independent frames falls by 2 sqrt(pi) sd.
 * Cost: N T times the weights. */
#include "numeric/running.h"
#include "prepare/rows.h"

struct settings { double sd; };

static const struct rmb_param params[] = {
	{ .name = "sd", .kind = RMB_REAL, .at = offsetof(struct settings, sd), .unit = "s", .min = 1e-6, .max = 1e4,
	  .help = "standard deviation of the Gaussian" },
	{ 0 },
};

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "activity in frames" },
	{ 0 },
};

static const struct rmb_port out[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "the same, smoothed" },
	{ 0 },
};

enum { MOST = 1000 }; /* frames of sd: beyond that the weights are many, and wider frames do as well */

struct work { int64_t half; double *tap; };

static bool
blur(const void *how, const double *x, int64_t n, void *room, double *y)
{
	const struct work *work = how;
	rmb_running_gaussian(x, n, work->tap, work->half, room, y);
	return true;
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	const struct rmb_recording *recording = rmb_input_recording(call, "recording", 0);
	double sd = set->sd * recording->rate;
	if (!rmb_frames_of(call, recording, "sd", set->sd))
		return RMB_EDATA;
	struct work work = { .half = rmb_gaussian_half(sd) };
	if (sd > MOST)
		return rmb_fail(call, RMB_EDATA,
		                "sd is %g s, %.6g frames of '%s'; at most %d can be smoothed over: join frames with `bin` "
		                "first",
		                set->sd, sd, rmb_recording_name(call), MOST);
	if (work.half == 0)
		return rmb_fail(call, RMB_EDATA,
		                "sd is %g s, %.3g frames of '%s': that smooths nothing; choose a quarter of a frame (%.3g s) "
		                "or more, or leave the stage away",
		                set->sd, sd, rmb_recording_name(call), 0.25 / recording->rate);
	if (!(work.tap = rmb_scratch(call, (size_t)work.half + 1, sizeof *work.tap)))
		return RMB_ELIMIT;
	rmb_gaussian_taps(rmb_gaussian_exponent(sd), work.half, work.tap);
	struct rmb_remake remake = { blur, &work, sizeof(double) * (size_t)(rmb_segment_longest(recording) + 2 * work.half), NULL,
	                             NULL };
	return rmb_rows_remake(call, recording, &remake);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	(void)settings;
	rmb_rows_estimate(size, sizeof(double), cost);
}

const struct rmb_stage rmb_stage_smooth = {
	.name = "smooth", .version = 1, .folder = "prepare", .run = run, .estimate = estimate,
	.brief = "smooth activity in time with a Gaussian",
	.about = "Convolves every neuron with a Gaussian of unit sum, cut off at four standard deviations. At the ends of a "
	         "segment activity goes on mirrored; nothing is carried across a gap. Z-scores do not survive: smooth before "
	         "zscore. Frames next to each other then hold the same: estimates that take them for independent, such as "
	         "svca's training and test blocks or the level of chance in a spectrum, are off by as much; joining frames "
	         "with `bin` has no such effect.",
	.cite = "scipy.ndimage.gaussian_filter1d, mode reflect, is the same filter",
	.caption = "Activity smoothed in time (sd {sd}).",
	.params = params, .in = in, .out = out, .settings_size = sizeof(struct settings),
};

/* stages/prepare/detrend.c -- activity without its slow drifts: bleaching, a focus that moves, units that fade.
 *
 * The baseline b(t) of a neuron is
 *     mean        the mean of the window around each frame (what is left is high-pass filtered),
 *     percentile  a low percentile of it, below transients: the usual F0 of fluorescence,
 *     maximin     the running maximum of the running minimum of the trace smoothed by a Gaussian (suite2p's),
 *     linear      the straight line of least squares,
 * and x - b (`how: subtract`) or (x - b) / b (`how: divide`, dF/F) is what comes out. Windows lie inside segments and are cut
 * off at their ends.
 * Cost: N T log T for the percentile, N T times the weights of the Gaussian for maximin, else N T. */
#include <string.h>
#include "numeric/deconvolution.h"
#include "numeric/running.h"
#include "prepare/rows.h"

struct settings {
	const char *baseline, *how;
	double window, percentile, smooth;
};

#define AT(field) .at = offsetof(struct settings, field)
static const struct rmb_param params[] = {
	{ .name = "baseline", .kind = RMB_WORD, AT(baseline), .def = "mean", .words = "mean|percentile|maximin|linear",
	  .help = "running mean; running percentile; running maximum of the running minimum of the smoothed trace; straight "
	          "line" },
	{ .name = "window", .kind = RMB_REAL, AT(window), .def = "60 s", .unit = "s", .min = 1e-3, .max = 1e6,
	  .help = "that the baseline is taken over; unused for linear" },
	{ .name = "percentile", .kind = RMB_REAL, AT(percentile), .def = "8", .min = 0, .max = 100,
	  .help = "of the window; 50 is the median" },
	{ .name = "smooth", .kind = RMB_REAL, AT(smooth), .def = "10", .min = 0.5, .max = 1000,
	  .help = "maximin: sd in frames of the Gaussian that smooths the trace before its minimum is sought" },
	{ .name = "how", .kind = RMB_WORD, AT(how), .def = "subtract", .words = "subtract|divide",
	  .help = "subtract the baseline, or divide by it as well (dF/F), which takes a baseline above zero" },
	{ 0 },
};

static const struct rmb_port in[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "activity in frames" },
	{ 0 },
};

static const struct rmb_port out[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "the same without its baseline" },
	{ 0 },
};

/* ---- baselines: b[n] of x[n] */

struct work {
	void (*baseline)(const struct work *work, const double *x, int64_t n, void *room, double *b);
	int64_t width, half;
	double percentile, *tap;
	bool divide;
};

static void
mean(const struct work *work, const double *x, int64_t n, void *room, double *b)
{
	(void)room;
	rmb_running_mean(x, n, work->width, b);
}

static void
percentile(const struct work *work, const double *x, int64_t n, void *room, double *b)
{
	rmb_running_percentile(x, n, work->width, work->percentile, room, b);
}

static void
maximin(const struct work *work, const double *x, int64_t n, void *room, double *b)
{
	rmb_baseline_maximin(x, n, work->tap, work->half, work->width, room, b);
}

/* b = m + slope (t - (n - 1) / 2) */
static void
linear(const struct work *work, const double *x, int64_t n, void *room, double *b)
{
	double middle = (double)(n - 1) / 2, m = 0, product = 0, square = 0;
	(void)work, (void)room;
	for (int64_t t = 0; t < n; t++)
		m += x[t] - x[0];
	m = x[0] + m / (double)n;
	for (int64_t t = 0; t < n; t++) {
		product += ((double)t - middle) * (x[t] - m);
		square += ((double)t - middle) * ((double)t - middle);
	}
	for (int64_t t = 0; t < n; t++)
		b[t] = m + (n > 1 ? product / square * ((double)t - middle) : 0);
}

static const struct {
	const char *name;
	void (*baseline)(const struct work *work, const double *x, int64_t n, void *room, double *b);
	size_t room; /* doubles a frame */
} baselines[] = { { "mean", mean, 0 }, { "percentile", percentile, 3 }, { "maximin", maximin, 2 }, { "linear", linear, 0 } };

/* Index of the one that settings name. */
static int
chosen(const struct settings *set)
{
	int b = 0;
	while (strcmp(baselines[b].name, set->baseline) != 0)
		b++;
	return b;
}

static bool
take_away(const void *how, const double *x, int64_t n, void *room, double *y)
{
	const struct work *work = how;
	work->baseline(work, x, n, room, y);
	for (int64_t t = 0; t < n; t++) {
		if (work->divide && !(y[t] > 0))
			return false;
		y[t] = (x[t] - y[t]) / (work->divide ? y[t] : 1);
	}
	return true;
}

/* ---- the stage */

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	const struct rmb_recording *recording = rmb_input_recording(call, "recording", 0);
	int b = chosen(set);
	struct work work = { .baseline = baselines[b].baseline, .percentile = set->percentile,
	                     .divide = strcmp(set->how, "divide") == 0 };
	if (work.baseline != linear && (work.width = rmb_window_of(call, recording, set->window)) == 0)
		return RMB_EDATA;
	if (work.baseline == maximin) {
		work.half = rmb_gaussian_half(set->smooth);
		if (!(work.tap = rmb_scratch(call, (size_t)work.half + 1, sizeof *work.tap)))
			return RMB_ELIMIT;
		rmb_gaussian_taps(rmb_gaussian_exponent(set->smooth), work.half, work.tap);
	}
	size_t room = baselines[b].room * (size_t)rmb_segment_longest(recording) + 2 * (size_t)work.half + 1;
	struct rmb_remake remake = { take_away, &work, room * sizeof(double),
	                             "have a baseline that is not above zero, by which dF/F would divide", NULL };
	return rmb_rows_remake(call, recording, &remake);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	int b = chosen(set);
	rmb_rows_estimate(size, (double)(baselines[b].room * sizeof(double)), cost);
	if (baselines[b].baseline == maximin)
		cost->flops = 12 * set->smooth * size->neurons * size->frames;
}

const struct rmb_stage rmb_stage_detrend = {
	.name = "detrend", .version = 1, .folder = "prepare", .run = run, .estimate = estimate,
	.brief = "take away slow drifts, or make dF/F of fluorescence",
	.about = "Subtracts a baseline from every neuron: the mean of the window around each frame, which leaves fast "
	         "changes only (a high-pass); a low percentile of it, which lies below transients; suite2p's `maximin`; or a "
	         "straight line. `how: divide` divides by the baseline as well: with `baseline: percentile` that is dF/F. "
	         "Neurons whose baseline is not above zero somewhere have no dF/F and are dropped with a warning, as are "
	         "those with samples that are not finite. Windows lie inside segments and are cut off at their ends, so that "
	         "nothing is carried across a gap. Z-scores do not survive: detrend before zscore. What is slower than the "
	         "window is lost to every analysis behind: slow components, and the long end of autocorrelograms.",
	.cite = "suite2p (maximin): Pachitariu et al. 2017, bioRxiv 061507",
	.caption = "Activity without its baseline ({baseline} of {window}, {how}).",
	.params = params, .in = in, .out = out, .settings_size = sizeof(struct settings),
};

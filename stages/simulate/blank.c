/* stages/simulate/blank.c -- an empty recording of a given size, for simulations that no recording is behind.
 *
 * Simulations are made like a recording: of its neurons, frames, segments and scaling. Where there is none, this is one
 * that has these and nothing else. All neurons look at one stored row of zeros, so it takes the room of one neuron. It
 * counts as z-scored, which makes z-scores of what is simulated like it. Cost: one row. */
#include <inttypes.h>
#include "rumble/stage.h"

struct settings { int64_t neurons, frames, runs; double bin; };

static const struct rmb_param params[] = {
	{ .name = "neurons", .kind = RMB_INT, .at = offsetof(struct settings, neurons), .min = 2, .max = 1e7, .help = "neurons" },
	{ .name = "frames", .kind = RMB_INT, .at = offsetof(struct settings, frames), .min = 2, .max = 1e9,
	  .help = "frames of a run" },
	{ .name = "runs", .kind = RMB_INT, .at = offsetof(struct settings, runs), .def = "1", .min = 1, .max = 1e6,
	  .help = "runs, which are independent of each other: segments" },
	{ .name = "bin", .kind = RMB_REAL, .at = offsetof(struct settings, bin), .unit = "s", .min = 1e-6, .max = 1e6,
	  .help = "length of a frame" },
	{ 0 } };

static const struct rmb_port in[] = { { 0 } };
static const struct rmb_port out[] = {
	{ .name = "recording", .kinds = RMB_RECORDING, .help = "a recording of that size, every sample zero" }, { 0 } };

static int
write_zeros(struct rmb_call *call, int64_t frames)
{
	enum { PIECE = 65536 };
	const float *zero = rmb_scratch(call, PIECE, sizeof *zero);
	int rc = zero ? 0 : RMB_ELIMIT;
	for (int64_t t = 0; !rc && t < frames; t += PIECE)
		rc = rmb_write_block(call, "recording", 0, 1, t, frames - t < PIECE ? frames - t : PIECE, zero);
	return rc;
}

static int
run(struct rmb_call *call)
{
	const struct settings *set = rmb_settings(call);
	int64_t *id = rmb_scratch(call, (size_t)set->neurons, sizeof *id),
	        *row = rmb_scratch(call, (size_t)set->neurons, sizeof *row);
	int64_t *segment = rmb_scratch(call, (size_t)set->runs, sizeof *segment), frames = set->frames * set->runs;
	if (!id || !row || !segment)
		return RMB_ELIMIT;
	for (int64_t i = 0; i < set->neurons; i++)
		id[i] = i;
	for (int64_t r = 0; r < set->runs; r++)
		segment[r] = r * set->frames;
	struct rmb_recording blank = {
		.neurons = { .n = set->neurons, .id = id }, .nframes = frames, .rate = 1 / set->bin, .nsegments = set->runs,
		.segment = segment,
		.scaling = "zscore ddof=0 eps=0", .recipe_of_view = "blank", .stored_rows = 1, .stored_frames = frames,
		.row = row };
	int rc = rmb_output_recording(call, "recording", &blank);
	return rc ? rc : write_zeros(call, frames);
}

static int
check(const void *settings, struct rmb_error *error)
{
	const struct settings *set = settings;
	if ((double)set->frames * (double)set->runs <= 1e9)
		return 0;
	return rmb_error_set(error, RMB_ERECIPE, "%" PRId64 " runs of %" PRId64 " frames are more than 1e9 frames", set->runs,
	                     set->frames);
}

static void
estimate(const void *settings, const struct rmb_size *size, struct rmb_cost *cost)
{
	const struct settings *set = settings;
	(void)size;
	cost->out = (struct rmb_size){ .neurons = (double)set->neurons, .frames = (double)set->frames * (double)set->runs };
	cost->bytes = cost->disk = 4 * cost->out.frames + 16 * cost->out.neurons + 65536;
	cost->memory = 32 * cost->out.neurons + 16 * (double)set->runs + 1e6;
}

const struct rmb_stage rmb_stage_blank = {
	.name = "blank", .version = 1, .folder = "simulate",
	.brief = "an empty recording of a given size, to simulate without a recording",
	.about = "Simulations are made like a recording: of its neurons, frames and segments. Where there is none, `blank` "
	         "stands for it, with as many neurons and frames as asked for and every sample zero; it counts as z-scored, "
	         "so that what is simulated like it is z-scored. Only stages with an input `like` can make something of it. "
	         "The recipe still has an entry under `recordings`, with a name and no file.",
	.cite = "Pachitariu et al. 2025, bioRxiv 2025.01.10.632397: the sizes of its simulations",
	.caption = "Stands for a recording of {neurons} neurons and {runs} runs of {frames} frames.",
	.params = params, .in = in, .out = out, .settings_size = sizeof(struct settings), .check = check, .estimate = estimate,
	.run = run,
};

/* load/load.c -- a lab's file becomes a recording or a list of spikes.
 *
 * The format is recognised by the first bytes of the file, never by its name. A recording is written once, as float32, row =
 * neuron, whatever type and orientation the file has, or stays in its file, or files, if it lies there so already; spikes keep
 * their times in double. Positions are multiplied by `pixel`; where only one coordinate is given the other is 0. A neuron with
 * a sample that is not finite is dropped with a warning that counts and names (or refused: `nonfinite: fail`); constant
 * neurons stay, zscore deals with them. Cost: one pass over the file, N*T*4 bytes written unless they stay, or three over a
 * list of spikes; memory of some 100 to 200 MB for a file of any size, but where a format must be read whole (holds_lists). */
#include <fnmatch.h>
#include <fts.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include "load/parts.h"
#include "numeric/intervals.h"

/* Bytes that a byte of a pickle may become. */
#define PICKLED 40

#define AT(name) offsetof(struct rmb_load_settings, name)
static const struct rmb_param params[] = {
	{ "path", RMB_FILE, AT(path), .inside = ""
#define RMB_FORMAT(name, patterns) patterns
#include "load/formats.def"
#undef RMB_FORMAT
	  ,
	  .help = "the recording's file, or its folder if suite2p, Kilosort or phy wrote it, or one of ALF" },
	{ "format", RMB_WORD, AT(format), "auto", .words = "auto"
#define RMB_FORMAT(name, patterns) "|" #name
#include "load/formats.def"
#undef RMB_FORMAT
	  ,
	  .help = "format of the file or folder; auto goes by a file's first bytes and the files in a folder" },
	{ "rois", RMB_WORD, AT(wish.rois), "cells", .words = "cells|all",
	  .help = "which ROIs: those that an iscell beside the activity, in any format, calls cells (of Inscopix: accepted), or all" },
	{ "units", RMB_WORD, AT(wish.units), "good", .words = "good|good+mua|all",
	  .help = "which units of Kilosort, phy, ALF or NWB, by their labels; all leaves out noise" },
	{ "rate", RMB_REAL, AT(rate), "none", true, "Hz", 1e-6, 1e7, .help = "frames per second of the activity" },
	{ "activity", RMB_STRING, AT(activity), "none", true,
	  .help = "name of the activity, neurons x frames or frames x neurons; found by itself: sp, spks, activity_matrix, "
	          "activity" },
	{ "neuropil", RMB_STRING, AT(neuropil), "none", true,
	  .help = "name of the neuropil's fluorescence, of the shape of `activity`, from which neuropil_factor times this is "
	          "taken away" },
	{ "neuropil_file", RMB_FILE, AT(neuropil_file), "none", true, .help = "an .npy file with the neuropil's fluorescence" },
	{ "neuropil_factor", RMB_REAL, AT(neuropil_factor), "0.7", .min = 0, .max = 10,
	  .help = "how much of the neuropil's fluorescence is taken away" },
	{ "spikes", RMB_STRING, AT(spikes), "none", true, .help = "name of the spike times; found by itself: st, spikes" },
	{ "unit", RMB_STRING, AT(unit), "none", true,
	  .help = "name of the array with the neuron of each spike; found by itself: clu" },
	{ "counts", RMB_STRING, AT(counts), "none", true,
	  .help = "name of the number of spikes of each neuron, for times that lie neuron after neuron; found by itself: "
	          "sCount" },
	{ "ends", RMB_STRING, AT(ends), "none", true, .help = "name of the end of each neuron's part of the spike times" },
	{ "x", RMB_STRING, AT(x), "none", true, .help = "name of the x positions; found by itself: xpos" },
	{ "y", RMB_STRING, AT(y), "none", true,
	  .help = "name of the y positions, or depths along a probe; found by itself: ypos" },
	{ "positions", RMB_STRING, AT(positions), "none", true,
	  .help = "name of an array N x 2 or 2 x N with x and y, or N x 3 or 3 x N with z; found by itself: epos, xyz, "
	          "cell_coordinates" },
	{ "positions_file", RMB_FILE, AT(positions_file), "none", true, .help = "an .npy file N x 2 or 2 x N with x and y" },
	{ "quality", RMB_STRING, AT(quality), "none", true,
	  .help = "name of the quality of each neuron; found by itself: snr, quality" },
	{ "quality_file", RMB_FILE, AT(quality_file), "none", true, .help = "an .npy file with the quality of each neuron" },
	{ "area", RMB_STRING, AT(area), "none", true,
	  .help = "name of the brain area of each neuron, text or numbers; found by itself: areas" },
	{ "unit_label", RMB_STRING, AT(unit_label), "none", true,
	  .help = "name of the label of each unit, text such as good and mua; found by itself: unit_labels, and in folders and NWB "
	          "what `units` goes by" },
	{ "plane", RMB_STRING, AT(plane), "none", true,
	  .help = "name of the imaging plane of each neuron; found by itself: iplane" },
	{ "probe", RMB_STRING, AT(probe), "none", true, .help = "name of the probe of each neuron; found by itself: iprobe" },
	{ "id", RMB_STRING, AT(id), "none", true,
	  .help = "name of the number of each neuron, which unit then refers to; without it 0, 1, 2, ..." },
	{ "parts", RMB_WORD, AT(parts), "auto", .words = "auto|probes|same",
	  .help = "what the parts of a list `unit` in cells or an array of structs are: probes, whose numbers of units begin "
	          "anew, or the same neurons again; "
	          "auto: a mistake, if a number occurs in two of them" },
	{ "orientation", RMB_WORD, AT(orientation), "auto", .words = "auto|neurons-first|frames-first",
	  .help = "which axis of the activity comes first; auto goes by the lengths of the other arrays" },
	{ "clock", RMB_REAL, AT(clock), "none", true, "Hz", 1e-6, 1e12,
	  .help = "spike times are ticks of this clock; none: they are seconds" },
	{ "window", RMB_REALS, AT(window), "none", true, "s",
	  .help = "[a, b]: keep spikes from a to before b; this becomes the observed interval" },
	{ "times", RMB_STRING, AT(times), "none", true,
	  .help = "name of the time of each frame, s: gives the rate, and gaps in it end segments; found by itself: tneural" },
	{ "state", RMB_STRING, AT(state), "none", true,
	  .help = "name of the state of each frame (or of each of `epochs`): whole numbers or booleans, or others with "
	          "`threshold`" },
	{ "state_file", RMB_FILE, AT(state_file), "none", true, .help = "an .npy file with the state of each frame" },
	{ "threshold", RMB_REAL, AT(threshold), "none", true,
	  .help = "the state is 1 where the array named by `state` is above this, in the file's units, else 0" },
	{ "epochs", RMB_STRING, AT(epochs), "none", true,
	  .help = "name of an array M x 2 of starts and ends, s; without `state` they are state 1 and all else 0" },
	{ "bad_frames", RMB_STRING, AT(bad_frames), "none", true,
	  .help = "name of the frames to leave out: a boolean for each frame, or their numbers from 0; found by itself: "
	          "badframes" },
	{ "bad_frames_file", RMB_FILE, AT(bad_frames_file), "none", true,
	  .help = "an .npy file with the frames to leave out, such as bad_frames.npy" },
	{ "drop", RMB_REALS, AT(drop), "none", true, "s",
	  .help = "[a, b, c, d, ...]: leave out what is from a to before b, from c to before d, ..." },
	{ "pixel", RMB_REAL, AT(pixel), "none", true, "um", 1e-6, 1e6,
	  .help = "positions are multiplied by this; none: they are um already" },
	{ "plugins", RMB_WORD, AT(wish.plugins), "none", .words = "none|installed",
	  .help = "whether filters of HDF5 plug-ins that are installed here may be run to unpack the file (HDF5_PLUGIN_PATH, "
	          "else HDF5's own place)" },
	{ "nonfinite", RMB_WORD, AT(nonfinite), "drop", .words = "drop|fail",
	  .help = "what to do with neurons that have a sample that is not finite" },
	{ 0 }
};
static const struct rmb_port in[] = { { 0 } };
static const struct rmb_port out[] = {
	{ "recording", RMB_RECORDING | RMB_SPIKES,
	  .help = "the activity or the spikes of the file, with all that is known of its neurons" },
	{ 0 }
};

/* What only frames have. */
static bool
about_frames(const struct rmb_load_settings *set)
{
	return set->activity || set->neuropil || set->neuropil_file || set->times || set->bad_frames || set->bad_frames_file ||
	       set->state_file || (set->state && !set->epochs);
}

static unsigned
makes(const void *settings)
{
	const struct rmb_load_settings *set = settings;
	if (set->spikes || set->unit || set->counts || set->ends || !isnan(set->clock) || set->window.n > 0 ||
	    strcmp(set->format, "phy") == 0 || strcmp(set->format, "alf") == 0)
		return RMB_SPIKES;
	return about_frames(set) || strcmp(set->format, "npy") == 0 || strcmp(set->format, "suite2p") == 0
	               ? RMB_RECORDING
	               : RMB_RECORDING | RMB_SPIKES;
}

static int
check(const void *settings, struct rmb_error *error)
{
	const struct rmb_load_settings *set = settings;
	int owners = (set->unit != NULL) + (set->counts != NULL) + (set->ends != NULL);
	if (about_frames(set) && (makes(set) & RMB_SPIKES))
		return rmb_error_set(error, RMB_ERECIPE,
		                     "`%s` is given together with settings for spikes (spikes, unit, counts, ends, clock, "
		                     "window); a recording is loaded as one or the other",
		                     set->activity                         ? "activity"
		                     : set->neuropil || set->neuropil_file ? "neuropil"
		                     : set->times                          ? "times"
		                     : set->state || set->state_file       ? "state"
		                                                           : "bad_frames");
	if (owners > 1)
		return rmb_error_set(error, RMB_ERECIPE, "give one of `unit`, `counts` and `ends`, not %d", owners);
	if (set->positions && set->positions_file)
		return rmb_error_set(error, RMB_ERECIPE, "give `positions` or `positions_file`, not both");
	if ((set->positions || set->positions_file) && (set->x || set->y))
		return rmb_error_set(error, RMB_ERECIPE, "give `positions` or `x` and `y`, not both");
	if (set->quality && set->quality_file)
		return rmb_error_set(error, RMB_ERECIPE, "give `quality` or `quality_file`, not both");
	if (set->neuropil && set->neuropil_file)
		return rmb_error_set(error, RMB_ERECIPE, "give `neuropil` or `neuropil_file`, not both");
	if (set->neuropil && !set->activity)
		return rmb_error_set(
			error, RMB_ERECIPE,
			"`neuropil: %s` is taken away from fluorescence, which `activity` must name, as in `activity: F`",
			set->neuropil);
	if (set->state && set->state_file)
		return rmb_error_set(error, RMB_ERECIPE, "give `state` or `state_file`, not both");
	if (set->bad_frames && set->bad_frames_file)
		return rmb_error_set(error, RMB_ERECIPE, "give `bad_frames` or `bad_frames_file`, not both");
	if (set->epochs && set->state_file)
		return rmb_error_set(
			error, RMB_ERECIPE,
			"`state_file` has a state for each frame and does not go with `epochs`; name their states with "
			"`state`");
	if (!isnan(set->threshold) && !set->state && !set->state_file)
		return rmb_error_set(error, RMB_ERECIPE,
		                     "`threshold` is of the array that `state` or `state_file` names, and there is none");
	if (set->window.n > 0 && (set->window.n != 2 || !(set->window.v[0] < set->window.v[1])))
		return rmb_error_set(error, RMB_ERECIPE, "`window` must be [a, b] with a before b, such as [0 s, 600 s]");
	if (set->window.n == 0)
		return rmb_error_set(error, RMB_ERECIPE, "`window` is empty; write [a, b], such as [0 s, 600 s], or none");
	return rmb_intervals_check("drop", &set->drop, error);
}

/* Bytes of a file, or of the arrays in a folder; *pickles: of those that become values, each many times its bytes; *samples: of
 * the largest kind of suite2p's matrices. */
static double
bytes_of(const char *path, double *pickles, double *samples)
{
	static const char *const traces[] = { "spks.npy", "F.npy", "Fneu.npy" };
	enum { DEEPEST = 3 }; /* root/suite2p/plane0/F.npy */
	char *const roots[] = { (char *)(uintptr_t)path, NULL };
	FTS *tree = path ? fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL) : NULL;
	double sum = 0, trace[3] = { 0 };
	*pickles = 0;
	for (FTSENT *entry; tree && (entry = fts_read(tree));) {
		if (entry->fts_info == FTS_D && entry->fts_level == DEEPEST)
			fts_set(tree, entry, FTS_SKIP);
		bool array = entry->fts_info == FTS_F && (entry->fts_level == 0 || fnmatch("*.npy", entry->fts_name, 0) == 0);
		bool pickle = array && entry->fts_level > 0 &&
		              fnmatch("@(stat|ops|settings|reg_outputs).npy", entry->fts_name, FNM_EXTMATCH) == 0;
		sum += array ? (double)entry->fts_statp->st_size : 0;
		*pickles += pickle ? (double)entry->fts_statp->st_size : 0;
		for (int t = 0; t < 3 && array; t++)
			trace[t] += strcmp(entry->fts_name, traces[t]) == 0 ? (double)entry->fts_statp->st_size : 0;
	}
	if (tree)
		fts_close(tree);
	*samples = fmax(trace[0], fmax(trace[1], trace[2]));
	return sum;
}

/* Whether lists of the file's format are held in memory. */
static bool
holds_lists(const struct rmb_load_settings *set)
{
	const struct rmb_format *format = NULL;
	struct rmb_error ignored = { 0 };
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_load_probe *probe = arena && set->path ? rmb_arena_alloc(arena, 1, sizeof *probe) : NULL;
	if (probe) {
		*probe = (struct rmb_load_probe){ .arena = arena, .path = set->path, .folder = true };
		(void)!rmb_load_recognise(probe, set->format, &format, &ignored);
	}
	rmb_arena_free(arena);
	return format && format->holds_lists;
}

/* Before a file has been read only its length is known. Memory is that of blocks of a fixed size, but for lists of spikes in formats
 * that must be read as a whole. */
static void
estimate(const void *settings, const struct rmb_size *known, struct rmb_cost *cost)
{
	const struct rmb_load_settings *set = settings;
	double pickles, stored, length = bytes_of(set->path, &pickles, &stored);
	double samples = known->neurons * known->frames;
	bool list = (makes(set) == RMB_SPIKES || known->spikes > 0) && holds_lists(set);
	cost->memory = list ? fmax(7 * length, 33 * known->spikes) : fmin(7 * length, 200e6) + PICKLED * pickles;
	cost->disk = known->in_place     ? 200 * known->neurons + 8 * known->frames + 65536
	             : samples > 0       ? 4 * samples
	             : known->spikes > 0 ? 8 * known->spikes
	             : stored > 0        ? stored
	                                 : 4 * length;
	cost->bytes = length + cost->disk;
}

/* ---- a recording ---- */

static int
write_block(void *call, int64_t row, int64_t nrows, int64_t frame, int64_t nframes, const float *block)
{
	return rmb_write_block(call, "recording", row, nrows, frame, nframes, block);
}

static int
progress(void *call, double done, double total)
{
	return rmb_progress(call, done, total);
}

/* What is no cell leaves the row table; neurons with gaps leave it, too, or end the run. cell NULL: all are. */
static int
drop_rows(struct rmb_call *call, const struct rmb_load_settings *set, const struct rmb_recording *all, const bool *cell,
          const struct rmb_load_row *seen)
{
	static const char not_a_number[] = "missing (NaN)", infinite[] = "infinite in float32";
	int64_t n = all->neurons.n, wanted = 0, kept = 0, first = -1;
	struct rmb_neurons neurons;
	int64_t *rows = rmb_scratch(call, (size_t)n, sizeof *rows), *stored = rmb_scratch(call, (size_t)n, sizeof *stored);
	if (!rows || !stored)
		return RMB_ELIMIT;
	for (int64_t i = 0; i < n; i++) {
		if (cell && !cell[i])
			continue;
		wanted++;
		if (seen[i].bad < 0) {
			stored[kept] = all->row ? all->row[i] : i;
			rows[kept++] = i;
		} else if (first < 0)
			first = i;
	}
	if (kept == n)
		return 0;
	bool gaps = kept < wanted;
	if (gaps && (kept == 0 || strcmp(set->nonfinite, "fail") == 0))
		return rmb_fail(call, RMB_EDATA,
		                "%s: found samples that are not finite in %" PRId64 " of %" PRId64
		                " neurons, first in neuron %" PRId64 " at frame %" PRId64 ", which is %s%s",
		                set->path, wanted - kept, wanted, all->neurons.id[first], seen[first].bad,
		                isnan(seen[first].odd) ? not_a_number : infinite,
		                kept ? "; `nonfinite: drop` would leave these neurons out" : "; nothing is left to analyse");
	if (gaps)
		rmb_warn(call,
		         "dropped %" PRId64 " of %" PRId64 " neurons for samples that are not finite, first in neuron %" PRId64
		         " at frame %" PRId64 ", which is %s",
		         wanted - kept, wanted, all->neurons.id[first], seen[first].bad,
		         isnan(seen[first].odd) ? not_a_number : infinite);
	int code = rmb_neurons_select(rmb_call_arena(call), &all->neurons, rows, kept, &neurons, rmb_call_error(call));
	return code ? code : rmb_output_rows(call, "recording", stored, &neurons);
}

static int
load_recording(struct rmb_call *call, const struct rmb_load_settings *set, const struct rmb_layout *layout,
               struct rmb_load_notes *notes)
{
	const struct rmb_member *m = layout->activity.member;
	struct rmb_error *error = rmb_call_error(call);
	struct rmb_arena *arena = rmb_call_arena(call);
	struct rmb_load_sink sink = { .argument = call, .write = write_block, .progress = progress };
	struct rmb_recording recording = { .scaling = "none" };
	struct rmb_load_place place;
	const bool *cell;
	int64_t inexact = 0;
	bool frames_first, stays = false;
	int code = rmb_load_orientation(layout, set->orientation, &frames_first, notes, error);
	if (code)
		return code;
	int64_t n = m->axis[frames_first ? 1 : 0];
	recording.nframes = recording.stored_frames = m->axis[frames_first ? 0 : 1];
	recording.stored_rows = n;
	struct rmb_load_row *seen = rmb_scratch(call, (size_t)n, sizeof *seen);
	code = seen ? rmb_load_neurons(layout, set, n, arena, &recording.neurons, notes, error) : RMB_ELIMIT;
	if (!code)
		code = rmb_load_cells(layout, set, n, arena, &cell, notes, error);
	if (!code)
		code = rmb_load_frames(layout, set, arena, &recording, &sink.dropped, notes, error);
	if (!code && (stays = rmb_load_in_place(&layout->activity, set, frames_first, &place))) {
		recording.stored_rows = 0;
		for (int i = 0; i < place.n; i++)
			recording.stored_rows += place.part[i].rows;
		recording.row = place.row;
		code = rmb_output_in_place(call, "recording", &recording, place.part, place.n);
	} else if (!code)
		code = rmb_output_recording(call, "recording", &recording);
	if (!code)
		code = stays ? rmb_load_glance(&layout->activity, &place, &sink, seen, error)
		             : rmb_load_activity(&layout->activity, frames_first, &sink, seen, &inexact, error);
	if (!code && inexact)
		rmb_load_note(notes, "rounded %" PRId64 " of %" PRId64 " whole numbers in '%s', which are above 2^24, to float32",
		              inexact, m->count, m->name);
	if (!code)
		rmb_load_rounding(m->name, seen, n, notes);
	return code ? code : drop_rows(call, set, &recording, cell, seen);
}

/* ---- spikes ---- */

static int
claim_times(void *call, int64_t nspikes)
{
	return rmb_claim_times(call, "recording", nspikes);
}

static int
write_times(void *call, int64_t at, int64_t n, const double *time)
{
	return rmb_write_times(call, "recording", at, n, time);
}

static int
read_times(void *call, int64_t at, int64_t n, double *time)
{
	return rmb_read_times(call, "recording", at, n, time);
}

static int
load_spikes(struct rmb_call *call, const struct rmb_load_settings *set, struct rmb_layout *layout, struct rmb_load_notes *notes)
{
	struct rmb_error *error = rmb_call_error(call);
	struct rmb_arena *arena = rmb_call_arena(call);
	struct rmb_spikes spikes = { 0 };
	const struct rmb_load_times to = { call, claim_times, write_times, read_times, progress };
	int64_t n;
	if (!isnan(set->rate))
		rmb_load_note(notes, "`rate` belongs to frames and was not used: this recording is a list of spikes, which `bin` "
		                     "turns into frames");
	int code = rmb_load_numbering(layout, set, arena, &n, notes, error);
	int64_t known = n;
	if (!code)
		code = rmb_load_without_frames(layout, error);
	if (!code && known)
		code = rmb_load_neurons(layout, set, n, arena, &spikes.neurons, notes, error);
	if (!code)
		code = rmb_load_spikes(layout, set, &n, layout->id.member || layout->parts ? spikes.neurons.id : NULL, &to, arena,
		                       &spikes, notes, error);
	if (!code && !known)
		code = rmb_load_neurons(layout, set, n, arena, &spikes.neurons, notes, error);
	return code ? code : rmb_output_spikes(call, "recording", &spikes);
}

/* ---- both ---- */

static int
look(const void *settings, struct rmb_seen *seen, struct rmb_error *error)
{
	return rmb_load_look(settings, seen, error);
}

static int
run(struct rmb_call *call)
{
	struct rmb_load_settings set = *(const struct rmb_load_settings *)rmb_settings(call);
	struct rmb_error *error = rmb_call_error(call);
	struct rmb_arena *arena = rmb_call_arena(call);
	struct rmb_load_notes notes = { .arena = arena };
	struct rmb_layout layout;
	struct rmb_load_files files = { 0 };
	int scratch, code = rmb_scratch_file(call, &scratch);
	set.wish.scratch = &scratch;
	if (!code)
		code = rmb_load_open_files(arena, &set, &files, error);
	for (int i = 0; !code && i < files.main->nnotes; i++)
		rmb_load_note(&notes, "%s", files.main->note[i]);
	if (!code)
		code = rmb_load_layout(&files, &set, &layout, &notes, error);
	if (!code)
		code = layout.activity.member ? load_recording(call, &set, &layout, &notes)
		                              : load_spikes(call, &set, &layout, &notes);
	if (!code && notes.lost)
		code = rmb_error_nomem(error, "warnings");
	for (int i = 0; i < notes.n; i++)
		rmb_warn(call, "%s", notes.text[i]);
	rmb_load_close_files(&files);
	return code;
}

const struct rmb_stage rmb_stage_load = {
	.name = "load",
	.version = 13,
	.folder = "load",
	.run = run,
	.brief = "read a recording from npy, npz, HDF5, NWB and MATLAB files, tables of text, or folders of suite2p, Kilosort, "
	         "phy and ALF",
	.about = "Reads activity (a matrix of neurons and frames, in either orientation, of any numeric type) or spike times "
	         "with their neurons, "
		 "and what the file says of each neuron: position, quality, area, label of the unit, plane, probe. The format is recognised by the "
	         "content. The "
		 "arrays of published data sets are found by their names; others are named by settings. Neurons with samples "
	         "that are not "
		 "finite are dropped with a warning. Where only one coordinate is known the other is 0.",
	.cite = "arrays and names: Pachitariu et al. 2025, bioRxiv 2025.01.10.632397; Eglen et al. 2014, GigaScience 3:3",
	.caption = "Loaded from the recording's file.",
	.params = params,
	.in = in,
	.out = out,
	.settings_size = sizeof(struct rmb_load_settings),
	.reads_files = true,
	.makes = makes,
	.check = check,
	.look = look,
	.estimate = estimate,
};

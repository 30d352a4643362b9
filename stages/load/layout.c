/* load/layout.c -- which member of a file plays which role.
 *
 * A setting names a member, or the usual names of published files do: `sp` or `spks` with xpos, ypos, snr, areas, iprobe (npz of
 * the critical-initialisation paper and of Facemap, whose tneural holds frame times), `st` and `clu` (its spike lists), `spikes`
 * with sCount and epos (retina waves). Two candidates for one role are an error that names both; so is finding nothing. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "load/parts.h"

struct role {
	const char *setting;
	size_t given, found;         /* offsets of the setting (NONE: there is none) and of the role */
	const char *usual[5];
	bool text;                   /* may be text */
};
#define NONE SIZE_MAX
#define ROLE(name) #name, offsetof(struct rmb_load_settings, name), offsetof(struct rmb_layout, name)
#define FOUND(name) #name, NONE, offsetof(struct rmb_layout, name)
/* Names behind "recording/" are those of files that `rumble convert` wrote. */
static const struct role roles[] = {
	{ ROLE(activity), { "sp", "spks", "activity_matrix", "activity", "recording/activity" }, false },
	{ ROLE(spikes), { "st", "spikes", "recording/time" }, false },
	{ ROLE(unit), { "clu" }, false },
	{ ROLE(counts), { "sCount", "recording/counts" }, false },
	{ ROLE(ends), { NULL }, false },
	{ ROLE(x), { "xpos", "recording/x" }, false },
	{ ROLE(y), { "ypos", "recording/y" }, false },
	{ FOUND(z), { "recording/z" }, false },
	{ ROLE(positions), { "epos", "xyz", "cell_coordinates" }, false },
	{ FOUND(medians), { "stat.med" }, false }, /* of suite2p's Fall.mat */
	{ ROLE(quality), { "snr", "quality", "stat.snr", "recording/quality" }, false },
	{ ROLE(area), { "areas", "recording/area" }, true },
	{ ROLE(unit_label), { "unit_labels", "recording/label" }, true },
	{ ROLE(plane), { "iplane", "stat.iplane", "recording/plane" }, false },
	{ ROLE(probe), { "iprobe", "recording/probe" }, false },
	{ FOUND(cells), { "iscell" }, false },
	{ ROLE(id), { "roi", "cluster", "recording/id" }, false },
	{ FOUND(written_rate), { "recording/rate" }, false },
	{ FOUND(segment), { "recording/segment" }, false },
	{ FOUND(segment_time), { "recording/segment_time" }, false },
	{ FOUND(observed), { "recording/observed" }, false },
	{ ROLE(times), { "tneural" }, false },
	{ ROLE(state), { "recording/state" }, false },
	{ ROLE(epochs), { "recording/stated" }, false },
	{ ROLE(bad_frames), { "badframes", "ops.badframes" }, false },
};

void
rmb_load_note(struct rmb_load_notes *notes, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	char *copy = rmb_arena_strdup(notes->arena, text);
	notes->lost |= !copy;
	if (copy && notes->n < (int)(sizeof notes->text / sizeof *notes->text))
		notes->text[notes->n++] = copy;
	else if (copy && (copy = rmb_arena_printf(notes->arena, "and %d more such remarks", ++notes->unsaid + 1)))
		notes->text[notes->n - 1] = copy;
}

/* Whether a member found by its name alone can play the role at all; if it is just unreadable, that is noted. */
static bool
plausible(const struct role *role, const struct rmb_member *m, struct rmb_load_notes *notes)
{
	bool text = m->number == RMB_BYTES || m->number == RMB_UTF32;
	if (strcmp(role->setting, "activity") == 0)
		return m->naxes == 2;
	if (strcmp(role->setting, "spikes") == 0)
		return m->naxes != 2 || m->axis[0] == 1 || m->axis[1] == 1;
	if ((m->refusal && !(role->text && m->pickle)) || (text && !role->text)) {
		rmb_load_note(notes, "'%s' was left out: it %s", m->name, m->refusal ? m->refusal : "holds text");
		return false;
	}
	return true;
}

/* The name that the recipe gives for a role; NULL: it does not. */
static const char *
given_by(const struct role *role, const struct rmb_load_settings *set)
{
	return role->given == NONE ? NULL : *(const char *const *)((const char *)set + role->given);
}

static int
play(const struct role *role, struct rmb_load_file *file, const struct rmb_load_settings *set, struct rmb_found *found,
     struct rmb_load_notes *notes, struct rmb_error *error)
{
	const char *given = given_by(role, set);
	const struct rmb_member *m;
	int code = 0;
	if (given) {
		*found = (struct rmb_found){ file, NULL, true, NULL };
		code = rmb_load_find(file, role->setting, given, &found->member, error);
		if (!code && found->member->refusal && !(role->text && found->member->pickle))
			code = rmb_error_set(error, RMB_EINPUT, "%s: `%s: %s` %s", file->path, role->setting, given,
			                     found->member->refusal);
		return code;
	}
	for (size_t i = 0; i < sizeof role->usual / sizeof *role->usual && role->usual[i] && !code; i++) {
		code = file->format->find(file, role->usual[i], &m, error);
		if (code || !m || !plausible(role, m, notes))
			continue;
		if (found->member)
			return rmb_error_set(error, RMB_EINPUT,
			                     "%s holds both '%s' and '%s': say which one is meant with `%s: %s`", file->path,
			                     found->member->name, m->name, role->setting, m->name);
		*found = (struct rmb_found){ file, m, false, NULL };
	}
	return code;
}

/* The only member of a file needs no name. */
static int
sole_member(struct rmb_load_file *file, const char *setting, struct rmb_found *found, struct rmb_error *error)
{
	const struct rmb_member *m;
	int n = 0;
	int code = file->format->list(file, &m, 1, &n, error);
	if (!code && n == 1 && m->refusal && strcmp(file->format->name, "npy") == 0) /* its array has no name */
		return rmb_error_set(error, RMB_EINPUT, "%s %s", file->path, m->refusal);
	if (!code && n == 1 && m->refusal)
		return rmb_error_set(error, RMB_EINPUT, "%s: '%s' %s", file->path, m->name, m->refusal);
	if (!code && n == 1)
		*found = (struct rmb_found){ file, m, *setting != 0, NULL };
	return code;
}

static int
nothing_known(struct rmb_load_file *file, struct rmb_error *error)
{
	if (file->format == &rmb_format_suite2p)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s has no spks.npy, which is read unless `activity` says what is: `activity: F-0.7Fneu` or "
		                     "`activity: F` "
		                     "(`deconvolve` makes spikes of them); it holds %s",
		                     file->path, rmb_load_contents(file));
	return rmb_error_set(error, RMB_EINPUT,
	                     "%s: no array here has a name that rumble knows; it holds %s. Say which is the activity "
	                     "(`activity: NAME`), or which are spike times and how they belong to neurons (`spikes: NAME` with "
	                     "`unit:`, `counts:` "
	                     "or `ends:`, or of HDF5 with a dataset for each neuron `spikes: GROUP/*`)",
	                     file->path, rmb_load_contents(file));
}

/* Activity or spikes: what the settings name, else the one that is there. */
static int
choose(struct rmb_load_file *file, struct rmb_layout *l, struct rmb_error *error)
{
	const struct rmb_found none = { 0 };
	int owners = (l->unit.member != NULL) + (l->counts.member != NULL) + (l->ends.member != NULL);
	bool spikes_wanted = l->spikes.asked || (!l->activity.asked && (l->unit.asked || l->counts.asked || l->ends.asked));
	int code = 0;
	if (!spikes_wanted && !l->activity.asked && !l->activity.member && !(l->spikes.member && owners > 0))
		code = sole_member(file, "", &l->activity, error);
	if (code)
		return code;
	if (!spikes_wanted && !l->activity.asked && l->activity.member && l->spikes.member && owners > 0)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s holds activity ('%s') and spike times ('%s'): say which one is meant with `activity: "
		                     "%s` or `spikes: %s`",
		                     file->path, l->activity.member->name, l->spikes.member->name, l->activity.member->name,
		                     l->spikes.member->name);
	if (l->activity.member && !spikes_wanted) {
		l->spikes = l->unit = l->counts = l->ends = none;
		return 0;
	}
	l->activity = none;
	if (!l->spikes.member)
		return nothing_known(file, error);
	if (l->unit.asked || l->counts.asked || l->ends.asked) {
		l->unit = l->unit.asked ? l->unit : none;
		l->counts = l->counts.asked ? l->counts : none;
		l->ends = l->ends.asked ? l->ends : none;
		owners = (l->unit.member != NULL) + (l->counts.member != NULL) + (l->ends.member != NULL);
	}
	if (owners == 0) { /* of a list in cells: how long each part is */
		const char *counts = rmb_arena_printf(file->arena, "%s.counts", l->spikes.member->name);
		l->counts.file = file;
		code = counts ? file->format->find(file, counts, &l->counts.member, error) : rmb_error_nomem(error, file->path);
		owners = l->counts.member != NULL;
	}
	if (code)
		return code;
	if (owners == 1)
		return 0;
	return rmb_error_set(
		error, RMB_EINPUT,
		"%s: spike times '%s' %s: give exactly one of `unit: NAME` (neuron of each spike), `counts: NAME` "
		"(number of spikes of each neuron) and `ends: NAME` (end of each neuron in the list); the file holds %s",
		file->path, l->spikes.member->name,
		owners ? "have more than one array that assigns them to neurons"
		       : "come without an array that assigns them to neurons",
		rmb_load_contents(file));
}

static void
note_hollow(const struct rmb_layout *layout, struct rmb_load_notes *notes)
{
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
		const struct rmb_member *m =
			((const struct rmb_found *)(const void *)((const char *)layout + roles[i].found))->member;
		if (m && m->hollow)
			rmb_load_note(notes, "'%s' is not whole: %s", m->name, m->hollow);
	}
}

int
rmb_load_open_files(struct rmb_arena *arena, const struct rmb_load_settings *set, struct rmb_load_files *files,
                    struct rmb_error *error)
{
	const struct { const char *path; struct rmb_load_file **file;
	} beside[] = { { set->positions_file, &files->positions },
		       { set->quality_file, &files->quality },
		       { set->state_file, &files->state },
		       { set->bad_frames_file, &files->bad_frames } };
	*files = (struct rmb_load_files){ 0 };
	struct rmb_load_wish *wish = rmb_arena_copy(arena, &set->wish, 1, sizeof *wish);
	if (!wish)
		return rmb_error_nomem(error, set->path);
	const char **named = rmb_arena_alloc(arena, sizeof roles / sizeof *roles + 1, sizeof *named);
	if (!named)
		return rmb_error_nomem(error, set->path);
	for (size_t i = 0, n = 0; i < sizeof roles / sizeof *roles; i++)
		if ((named[n] = given_by(&roles[i], set)))
			n++;
	wish->named = named;
	wish->activity = set->activity;
	wish->spikes = set->spikes;
	wish->unit = set->unit;
	wish->orientation = set->orientation;
	wish->owners = set->unit || set->counts || set->ends;
	wish->pixel = set->pixel;
	wish->clock = set->clock;
	int code = rmb_load_open_as(arena, set->path, set->format, wish, &files->main, error);
	for (size_t i = 0; i < sizeof beside / sizeof *beside && !code; i++)
		if (beside[i].path)
			code = rmb_load_open(arena, beside[i].path, "npy", beside[i].file, error);
	return code ? code : rmb_load_open_neuropil(arena, set, wish, files, error);
}

void
rmb_load_close_files(struct rmb_load_files *files)
{
	rmb_load_close(files->neuropil);
	rmb_load_close(files->bad_frames);
	rmb_load_close(files->state);
	rmb_load_close(files->quality);
	rmb_load_close(files->positions);
	rmb_load_close(files->main);
}

/* Of what suite2p writes for MATLAB, its settings are a struct. */
static int
read_rate(struct rmb_load_file *file, struct rmb_error *error)
{
	const struct rmb_member *m;
	double *rate;
	int code = isnan(file->rate) ? file->format->find(file, "ops.fs", &m, error) : 0;
	if (code || !isnan(file->rate) || !m || m->count != 1 || m->refusal || m->number == RMB_BYTES)
		return code;
	code = rmb_load_doubles(file, m, &rate, error);
	file->rate = !code && *rate > 0 && isfinite(*rate) ? *rate : NAN;
	return code;
}

int
rmb_load_layout(const struct rmb_load_files *files, const struct rmb_load_settings *set, struct rmb_layout *layout,
                struct rmb_load_notes *notes, struct rmb_error *error)
{
	struct rmb_load_file *file = files->main;
	const struct { struct rmb_load_file *file; const char *setting; struct rmb_found *found; } beside[] = {
		{ files->positions, "positions_file", &layout->positions }, { files->quality, "quality_file", &layout->quality },
		{ files->state, "state_file", &layout->state }, { files->bad_frames, "bad_frames_file", &layout->bad_frames } };
	int code = 0;
	memset(layout, 0, sizeof *layout);
	for (size_t i = 0; i < sizeof roles / sizeof *roles && !code; i++)
		code = play(&roles[i], file, set, (struct rmb_found *)(void *)((char *)layout + roles[i].found), notes, error);
	if (!code)
		code = choose(file, layout, error);
	if (!code && layout->activity.member && set->window.n > 0)
		code = rmb_error_set(error, RMB_EINPUT,
		                     "%s: `window` is about spikes, and '%s' is activity in frames: leave frames out with `drop`, or take "
		                     "a part of them with the stage timewindows",
		                     file->path, layout->activity.member->name);
	if (!code && layout->activity.member && !isnan(set->clock))
		rmb_load_note(notes, "`clock` belongs to spike times and was not used: this recording is activity in frames");
	if (!code && layout->activity.member)
		code = read_rate(file, error);
	for (size_t i = 0; i < sizeof beside / sizeof *beside && !code; i++)
		if (beside[i].file)
			code = sole_member(beside[i].file, beside[i].setting, beside[i].found, error);
	/* A list of positions that was found beside x or y that were asked for is not meant, and the other way round. */
	bool apart = layout->x.member || layout->y.member;
	if (!code && layout->positions.member && apart) {
		if (layout->positions.asked && (layout->x.asked || layout->y.asked))
			return rmb_error_set(error, RMB_EINPUT,
			                     "%s: positions are given twice: leave out either `positions` or `x` and `y`",
			                     file->path);
		if (layout->positions.asked)
			layout->x = layout->y = (struct rmb_found){ 0 };
		else
			layout->positions = (struct rmb_found){ 0 };
	}
	if (!code) {
		file->in_pixels |= layout->medians.member && !layout->positions.member && !apart;
		rmb_written_only(layout);
		note_hollow(layout, notes);
	}
	return code ? code : rmb_load_neuropil(files, set, layout, error);
}

/* Entries of an array with one per neuron, whichever way it lies: (N,), (N, 1), (1, N), and for positions (N, 2), (3, N), ... 0:
 * it has no such shape. */
static int64_t
entries(const struct rmb_member *m, bool positions)
{
	if (m->naxes == 1)
		return positions ? 0 : m->axis[0];
	if (m->naxes != 2)
		return 0;
	for (int width = 2; positions && width <= 3; width++)
		for (int axis = 1; axis >= 0; axis--)
			if (m->axis[axis] == width)
				return m->axis[1 - axis];
	if (positions)
		return 0;
	return m->axis[0] == 1 ? m->axis[1] : m->axis[1] == 1 ? m->axis[0] : 0;
}

int
rmb_load_companions(const struct rmb_layout *layout, int64_t *n, const struct rmb_found **whose, struct rmb_error *error)
{
	const struct rmb_found *const all[] = { &layout->positions, &layout->x,     &layout->y,     &layout->quality,
		                                &layout->area,      &layout->plane, &layout->probe, &layout->id,
		                                &layout->counts,    &layout->ends,  &layout->z,
		                                &layout->unit_label };
	*n = 0;
	*whose = NULL;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		const struct rmb_member *m = all[i]->member && all[i]->member->pickle && !all[i]->asked ? NULL : all[i]->member;
		int64_t here = m ? entries(m, i == 0) : 0;
		if (m && here == 0)
			return rmb_error_set(error, RMB_EINPUT, "%s: '%s' has the shape %s; %s is needed", all[i]->file->path,
			                     m->name, rmb_member_shape(all[i]->file->arena, m),
			                     i == 0 ? "N x 2 or 2 x N (x and y of each neuron)" : "one entry per neuron");
		if (m && *n && here != *n)
			return rmb_error_set(error, RMB_EINPUT, "%s: '%s' is for %" PRId64 " neurons, but '%s' for %" PRId64,
			                     all[i]->file->path, m->name, here, (*whose)->member->name, *n);
		if (m && !*n) {
			*n = here;
			*whose = all[i];
		}
	}
	return 0;
}

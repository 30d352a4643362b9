/* load/look.c -- what is in a recording, without loading it.
 *
 * Headers say what plays which role and how large it is; that is all that `rumble check` and the plan want. Deeper looks go the
 * way of loading, part by part: annotations, frame times, and a sample of the activity. What would take long (a file of many
 * spikes, what must be worked out from all samples) is left to RMB_WHOLE, and that is said. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "load/parts.h"

/* More than this is not read, or worked through, for a sample. */
#define MOST_SPIKES ((int64_t)8 << 20)
#define MOST_EFFORT ((int64_t)128 << 20)
enum { END = 65536, SHOWN = 12 };

struct look {
	struct rmb_arena *arena;
	struct rmb_load_settings set;
	struct rmb_load_files files;
	struct rmb_layout layout;
	struct rmb_load_notes notes;
	struct rmb_seen *seen;
};

/* ---- neurons */

static void
see_numbers(struct look *l, const char *name, const double *v, int64_t n, const char *unit)
{
	double low = INFINITY, high = -INFINITY;
	int64_t missing = 0;
	for (int64_t i = 0; v && i < n; i++) {
		missing += isnan(v[i]);
		low = fmin(low, v[i]);
		high = fmax(high, v[i]);
	}
	if (v && missing < n)
		rmb_see_range(l->seen, name, low, high, unit);
	if (v && missing)
		rmb_see_caution(l->seen, false, "%s is missing for %" PRId64 " of %" PRId64 " neurons", name, missing, n);
}

struct named { const char *name; size_t width; int64_t n; };

static int
by_count(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	return (x->n < y->n) - (x->n > y->n);
}

/* Of the texts of neurons "V1 (120), CA1 (99)", the largest first. */
static void
see_texts(struct look *l, const char *title, const char *all, size_t width, int64_t count)
{
	enum { MOST = 1000 };
	struct named *part = rmb_arena_alloc(l->arena, MOST, sizeof *part);
	int n = 0;
	const char *text = "";
	for (int64_t i = 0; i < count && part && all; i++) {
		const char *name = all + (size_t)i * width;
		int k = 0;
		while (k < n && strncmp(part[k].name, name, width) != 0)
			k++;
		if (k == n && n < MOST)
			part[n++] = (struct named){ name, strnlen(name, width), 0 };
		if (k < n)
			part[k].n++;
	}
	if (part)
		qsort(part, (size_t)n, sizeof *part, by_count);
	for (int k = 0; k < n && k < SHOWN && text; k++) {
		const char *name = rmb_load_printable(l->arena, part[k].name, part[k].width);
		text = rmb_arena_printf(l->arena, "%s%s%s (%" PRId64 ")", text, k ? ", " : "", name && *name ? name : "no name",
		                        part[k].n);
	}
	if (n > 0 && text)
		rmb_see_text(l->seen, title, n > SHOWN ? "%s and %d more" : "%s", text, n - SHOWN);
}

static int
compare_numbers(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* The numbers in ascending order; NULL: none, or no memory. */
static int64_t *
sorted(struct look *l, const int64_t *v, int64_t n)
{
	int64_t *copy = v ? rmb_arena_copy(l->arena, v, (size_t)n, sizeof *v) : NULL;
	if (copy)
		qsort(copy, (size_t)n, sizeof *copy, compare_numbers);
	return copy;
}

static void
see_groups(struct look *l, const char *name, const int64_t *v, int64_t n)
{
	int64_t *number = sorted(l, v, n), distinct = 0;
	for (int64_t i = 0; number && i < n; i++)
		distinct += i == 0 || number[i] != number[i - 1];
	if (number)
		rmb_see_number(l->seen, name, (double)distinct, "1");
}

static void
see_neurons(struct look *l, const struct rmb_neurons *neurons)
{
	const struct rmb_found *quality = &l->layout.quality;
	int64_t n = neurons->n;
	if (neurons->x) {
		see_numbers(l, "x", neurons->x, n, "um");
		see_numbers(l, "y", neurons->y, n, "um");
		see_numbers(l, "z", neurons->z, n, "um");
	} else if (!l->layout.x.member && !l->layout.y.member && !l->layout.positions.member)
		rmb_see_text(l->seen, "positions", "none");
	if (quality->member && neurons->quality)
		see_numbers(l, rmb_arena_printf(l->arena, "quality (%s)", quality->member->name), neurons->quality, n, "1");
	see_texts(l, "areas", neurons->area, neurons->area_width, n);
	see_texts(l, "labels of units", neurons->label, neurons->label_width, n);
	see_groups(l, "planes", neurons->plane, n);
	see_groups(l, "probes", neurons->probe, n);
	if (l->files.main->in_pixels && isnan(l->set.pixel) && neurons->x)
		rmb_see_advice(l->seen, "pixel", "2 um", "the size of a pixel; positions are in pixels");
}

/* What must be worked out from much is left out of a sample. */
static void
spare(struct look *l)
{
	struct rmb_found *const role[] = { &l->layout.x, &l->layout.y, &l->layout.positions, &l->layout.quality,
		                           &l->layout.area, &l->layout.unit_label };
	static const char *const name[] = { "x", "y", "positions", "quality", "areas", "labels of units" };
	for (size_t i = 0; i < sizeof role / sizeof *role; i++)
		if (role[i]->member && role[i]->member->effort > MOST_EFFORT && l->seen->depth != RMB_WHOLE) {
			rmb_see_text(l->seen, name[i], "'%s', worked out while loading", role[i]->member->name);
			role[i]->member = NULL;
		}
}

static int
look_at_neurons(struct look *l, int64_t n, struct rmb_neurons *neurons, struct rmb_error *error)
{
	struct rmb_layout whole = l->layout;
	spare(l);
	int code = rmb_load_neurons(&l->layout, &l->set, n, l->arena, neurons, &l->notes, error);
	l->layout = whole;
	return code;
}

/* ---- activity */

static int
look_at_activity(struct look *l, bool frames_first, struct rmb_error *error)
{
	const struct rmb_member *m = l->layout.activity.member;
	struct rmb_recording r = { .nframes = m->axis[frames_first ? 0 : 1] };
	struct rmb_neurons neurons;
	const bool *dropped, *cell;
	int64_t n = m->axis[frames_first ? 1 : 0], nframes = r.nframes;
	r.stored_frames = nframes;
	rmb_see_text(l->seen, "activity", "%s (%s%s)", m->name, m->type, frames_first ? ", frames first" : "");
	if (l->layout.activity.less)
		rmb_see_text(l->seen, "neuropil", "%s, %g of which is taken away", l->layout.activity.less->member->name,
		             l->layout.activity.less->factor);
	rmb_see_number(l->seen, "neurons", (double)n, "1");
	rmb_see_number(l->seen, "frames", (double)nframes, "1");
	int code = rmb_load_frames(&l->layout, &l->set, l->arena, &r, &dropped, &l->notes, error);
	if (code)
		return code;
	if (isnan(r.rate))
		rmb_see_advice(l->seen, "rate", "30 Hz", "frames per second; the file does not say");
	else {
		rmb_see_number(l->seen, "rate", r.rate, "Hz");
		rmb_see_number(l->seen, "duration", (double)r.nframes / r.rate, "s");
		l->seen->size.seconds = (double)r.nframes / r.rate;
	}
	if (r.nsegments > 1)
		rmb_see_number(l->seen, "segments", (double)r.nsegments, "1");
	if (r.nframes < nframes)
		rmb_see_number(l->seen, "frames left out", (double)(nframes - r.nframes), "1");
	code = look_at_neurons(l, n, &neurons, error);
	if (!code)
		see_neurons(l, &neurons);
	if (!code)
		code = rmb_load_cells(&l->layout, &l->set, n, l->arena, &cell, &l->notes, error);
	return code ? code : rmb_load_sample(&l->layout, frames_first, dropped, l->seen, &l->notes, error);
}

/* ---- spikes */

static void
see_spikes(struct look *l, const struct rmb_spikes *s)
{
	int64_t n = s->neurons.n, silent = 0, first = -1;
	double length = 0;
	for (int64_t i = 0; i < n; i++)
		if (s->first[i] == s->first[i + 1] && silent++ == 0)
			first = s->neurons.id ? s->neurons.id[i] : i;
	for (int64_t i = 0; i < s->nobserved; i++)
		length += s->observed[2 * i + 1] - s->observed[2 * i];
	l->seen->size.neurons = (double)n;
	l->seen->size.seconds = length;
	rmb_see_number(l->seen, "neurons", (double)n, "1");
	rmb_see_number(l->seen, "spikes", (double)s->nspikes, "1");
	rmb_see_range(l->seen, "time", s->observed[0], s->observed[2 * s->nobserved - 1], "s");
	rmb_see_number(l->seen, "duration", length, "s");
	if (length > 0 && n > 0)
		rmb_see_number(l->seen, "mean rate of a neuron", (double)s->nspikes / (double)n / length, "Hz");
	if (silent)
		rmb_see_caution(l->seen, false, "%" PRId64 " of %" PRId64 " neurons have no spikes, the first is neuron %" PRId64,
		                silent, n, first);
}

/* First and last times of a long list. */
static int
see_ends(struct look *l, struct rmb_error *error)
{
	const struct rmb_found *found = &l->layout.spikes;
	const struct rmb_member *m = found->member;
	unsigned char *raw = rmb_arena_alloc(l->arena, END, m->item);
	double *time = rmb_arena_alloc(l->arena, END, sizeof *time), low = INFINITY, high = -INFINITY;
	if (!raw || !time)
		return rmb_error_nomem(error, m->name);
	rmb_see_number(l->seen, "spikes", (double)m->count, "1");
	for (int last = 0; last < 2; last++) {
		int64_t rows, columns, at = last ? m->count - END : 0;
		rmb_member_matrix(m, &rows, &columns);
		if (m->refusal || m->effort > MOST_EFFORT || (last && m->onwards) || rows != 1)
			continue;
		int code = found->file->format->read(found->file, m, 0, 1, at, END, raw, error);
		if (code)
			return code;
		rmb_member_decode(m, raw, END, time);
		for (int i = 0; i < END; i++) {
			low = fmin(low, time[i]);
			high = fmax(high, time[i]);
		}
	}
	double tick = isnan(l->set.clock) || found->file->in_seconds ? 1 : l->set.clock;
	if (low < high) {
		rmb_see_range(l->seen, "time", low / tick, high / tick, "s");
		l->seen->size.seconds = (high - low) / tick;
	}
	rmb_see_caution(l->seen, true,
	                "there are too many spikes to read them all in a moment: their times are those of the first%s %d, and "
	                "neurons without spikes were not looked for",
	                m->onwards ? "" : " and last", END);
	return 0;
}

/* Times are counted and put in their places, and nobody wants them there. */
static int
no_claim(void *argument, int64_t nspikes)
{
	(void)argument;
	(void)nspikes;
	return 0;
}

static int
no_write(void *argument, int64_t at, int64_t n, const double *time)
{
	(void)argument;
	(void)at;
	(void)n;
	(void)time;
	return 0;
}

static int
no_progress(void *argument, double done, double total)
{
	(void)argument;
	(void)done;
	(void)total;
	return 0;
}

static int
look_at_spikes(struct look *l, struct rmb_error *error)
{
	static const struct rmb_load_times nowhere = { NULL, no_claim, no_write, NULL, no_progress };
	const struct rmb_member *m = l->layout.spikes.member;
	struct rmb_spikes spikes = { 0 };
	int64_t n;
	rmb_see_text(l->seen, "spike times", "%s (%s)", rmb_member_called(m), m->type);
	int code = rmb_load_numbering(&l->layout, &l->set, l->arena, &n, &l->notes, error);
	int64_t known = n;
	if (!code && known)
		code = look_at_neurons(l, n, &spikes.neurons, error);
	if (!code && m->count > MOST_SPIKES && l->seen->depth != RMB_WHOLE) {
		if (known)
			rmb_see_number(l->seen, "neurons", (double)known, "1");
		code = see_ends(l, error);
		if (!code && known)
			see_neurons(l, &spikes.neurons);
		return code;
	}
	if (!code)
		code = rmb_load_spikes(&l->layout, &l->set, &n, l->layout.id.member || l->layout.parts ? spikes.neurons.id : NULL,
		                       &nowhere, l->arena, &spikes, &l->notes, error);
	if (!code && !known)
		code = look_at_neurons(l, n, &spikes.neurons, error);
	if (code)
		return code;
	see_spikes(l, &spikes);
	see_neurons(l, &spikes.neurons);
	return 0;
}

/* ---- all */

/* Lengths of what was found, as far as headers tell them, and the size of the recording. */
static int
compare_lengths(struct look *l, bool *frames_first, struct rmb_error *error)
{
	const struct rmb_layout *layout = &l->layout;
	const struct rmb_found *whose;
	struct rmb_load_place place;
	int64_t n;
	if (!layout->activity.member) {
		int code = rmb_load_companions(layout, &n, &whose, error);
		if (!code)
			code = rmb_load_without_frames(layout, error);
		l->seen->kind = RMB_SPIKES;
		l->seen->size = (struct rmb_size){ .neurons = (double)n, .spikes = (double)layout->spikes.member->count };
		return code ? code : rmb_load_units_fit(layout, error);
	}
	int code = rmb_load_orientation(layout, l->set.orientation, frames_first, &l->notes, error);
	if (code)
		return code;
	int64_t neurons = layout->activity.member->axis[*frames_first ? 1 : 0],
		nframes = layout->activity.member->axis[*frames_first ? 0 : 1];
	l->seen->kind = RMB_RECORDING;
	l->seen->size = (struct rmb_size){ .neurons = (double)neurons, .frames = (double)nframes,
	                                   .in_place = rmb_load_in_place(&layout->activity, &l->set, *frames_first, &place) };
	code = rmb_load_fits(layout, neurons, error);
	return code ? code : rmb_load_frames_fit(layout, nframes, error);
}

/* Roles by names; where those say nothing, by a guess. */
static int
find_roles(struct look *l, struct rmb_error *error)
{
	struct rmb_error first = { 0 };
	int code = rmb_load_layout(&l->files, &l->set, &l->layout, &l->notes, &first);
	if (!code || l->seen->depth == RMB_HEADERS)
		return code ? rmb_error_set(error, code, "%s", first.text) : 0;
	struct rmb_load_settings before = l->set;
	int guessed = rmb_load_guess(&l->files, &l->set, l->seen, error);
	if (guessed || memcmp(&before, &l->set, sizeof before) == 0)
		return guessed ? guessed : rmb_error_set(error, code, "%s", first.text);
	if (l->set.spikes && strchr(l->set.spikes, '*')) { /* formats read a pattern where they were opened with it */
		rmb_load_close_files(&l->files);
		l->files = (struct rmb_load_files){ 0 };
		guessed = rmb_load_open_files(l->arena, &l->set, &l->files, error);
	}
	l->notes.n = 0;
	return guessed ? guessed : rmb_load_layout(&l->files, &l->set, &l->layout, &l->notes, error);
}

static int
look(struct look *l, struct rmb_error *error)
{
	bool frames_first, deep = l->seen->depth != RMB_HEADERS;
	int code = rmb_load_open_files(l->arena, &l->set, &l->files, error);
	if (code)
		return code;
	if (deep) {
		rmb_see_text(l->seen, "format", "%s", l->files.main->format->title);
		rmb_see_text(l->seen, "contents", "%s", rmb_load_contents(l->files.main));
	}
	code = find_roles(l, error);
	if (!code)
		code = compare_lengths(l, &frames_first, error);
	if (!code && deep)
		code = l->layout.activity.member ? look_at_activity(l, frames_first, error) : look_at_spikes(l, error);
	for (int i = 0; i < l->files.main->nnotes && deep; i++)
		rmb_see_caution(l->seen, false, "%s", l->files.main->note[i]);
	for (int i = 0; i < l->notes.n && deep; i++)
		rmb_see_caution(l->seen, false, "%s", l->notes.text[i]);
	return code;
}

int
rmb_load_look(const struct rmb_load_settings *set, struct rmb_seen *seen, struct rmb_error *error)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct look l = { .arena = arena, .set = *set, .notes = { .arena = arena }, .seen = seen };
	if (!arena)
		return rmb_error_nomem(error, "a look at a file");
	int code = look(&l, error);
	rmb_load_close_files(&l.files);
	rmb_arena_free(arena);
	return code;
}

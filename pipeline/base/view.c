/* pipeline/base/view.c -- views of recordings, and views of views: tables say which samples are meant, and none is moved. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "rumble/recording.h"

/* ---- selections of neurons ----------------------------------------------------------------------------------------- */

/* The entries keep[nkeep] of a table with `size` bytes an entry; NULL stays NULL. Clears *ok when out of memory. */
static const void *
gather(struct rmb_arena *arena, const void *table, size_t size, const int64_t *keep, int64_t nkeep, bool *ok)
{
	if (!table || !*ok)
		return NULL;
	char *out = rmb_arena_alloc(arena, (size_t)nkeep, size);
	if (!out) {
		*ok = false;
		return NULL;
	}
	for (int64_t i = 0; i < nkeep; i++)
		memcpy(out + (size_t)i * size, (const char *)table + (size_t)keep[i] * size, size);
	return out;
}

int
rmb_neurons_select(struct rmb_arena *arena, const struct rmb_neurons *in, const int64_t *keep, int64_t nkeep,
                   struct rmb_neurons *out, struct rmb_error *error)
{
	bool ok = true;
	for (int64_t i = 0; i < nkeep; i++)
		assert(keep[i] >= 0 && keep[i] < in->n);
	*out = (struct rmb_neurons){
		.n = nkeep,
		.id = gather(arena, in->id, sizeof *in->id, keep, nkeep, &ok),
		.x = gather(arena, in->x, sizeof *in->x, keep, nkeep, &ok),
		.y = gather(arena, in->y, sizeof *in->y, keep, nkeep, &ok),
		.z = gather(arena, in->z, sizeof *in->z, keep, nkeep, &ok),
		.quality = gather(arena, in->quality, sizeof *in->quality, keep, nkeep, &ok),
		.plane = gather(arena, in->plane, sizeof *in->plane, keep, nkeep, &ok),
		.probe = gather(arena, in->probe, sizeof *in->probe, keep, nkeep, &ok),
		.area = gather(arena, in->area, in->area_width, keep, nkeep, &ok),
		.area_width = in->area_width,
		.label = gather(arena, in->label, in->label_width, keep, nkeep, &ok),
		.label_width = in->label_width,
	};
	return ok ? 0 : rmb_error_nomem(error, "a selection of neurons");
}

int
rmb_view_neurons(struct rmb_arena *arena, const struct rmb_recording *in, const int64_t *keep, int64_t nkeep,
                 struct rmb_recording *out, struct rmb_error *error)
{
	bool ok = true;
	struct rmb_recording view = *in;
	int code = rmb_neurons_select(arena, &in->neurons, keep, nkeep, &view.neurons, error);
	if (code)
		return code;
	if (in->row)
		view.row = gather(arena, in->row, sizeof *in->row, keep, nkeep, &ok);
	else
		ok = (view.row = rmb_arena_copy(arena, keep, (size_t)nkeep, sizeof *keep)) != NULL;
	view.shift = gather(arena, in->shift, sizeof *in->shift, keep, nkeep, &ok);
	view.offset = gather(arena, in->offset, sizeof *in->offset, keep, nkeep, &ok);
	view.scale = gather(arena, in->scale, sizeof *in->scale, keep, nkeep, &ok);
	*out = view;
	return ok ? 0 : rmb_error_nomem(error, "a view of selected neurons");
}

/* ---- selections of frames ------------------------------------------------------------------------------------------ */

/* Tables of a selection of frames, grown as the intervals are walked. */
struct selection {
	struct rmb_interval *interval; /* of stored frames */
	int64_t ninterval;
	int64_t *segment;
	double *time;
	int64_t nsegment;
	int64_t nframes;
};

/* Adds the stored intervals behind frames from.start .. of *in; pieces that touch become one. */
static void
add_intervals(const struct rmb_recording *in, struct rmb_interval from, struct selection *selection)
{
	const struct rmb_interval all = { 0, in->stored_frames }, *interval = in->nintervals ? in->interval : &all;
	for (; from.start >= interval->n; interval++)
		from.start -= interval->n;
	for (int64_t length; from.n > 0; from.n -= length, from.start = 0, interval++) {
		length = interval->n - from.start < from.n ? interval->n - from.start : from.n;
		struct rmb_interval piece = { interval->start + from.start, length };
		struct rmb_interval *last = selection->ninterval ? &selection->interval[selection->ninterval - 1] : NULL;
		if (last && last->start + last->n == piece.start)
			last->n += length;
		else
			selection->interval[selection->ninterval++] = piece;
	}
}

/* Frame `frame` of *in begins a segment, as frame `to` of the selection. */
static void
add_segment(const struct rmb_recording *in, int64_t frame, int64_t to, struct selection *selection)
{
	selection->time[selection->nsegment] = rmb_frame_time(in, frame);
	selection->segment[selection->nsegment++] = to;
}

/* Adds the segments inside `from`: its first frame begins one if there is a joint before it, the others as in *in. */
static void
add_segments(const struct rmb_recording *in, struct rmb_interval from, bool joint, struct selection *selection)
{
	if (joint)
		add_segment(in, from.start, selection->nframes, selection);
	for (int64_t s = 0; s < in->nsegments; s++) {
		int64_t start = in->segment[s];
		if ((start > from.start || (start == from.start && !joint)) && start < from.start + from.n)
			add_segment(in, start, selection->nframes + start - from.start, selection);
	}
	selection->nframes += from.n;
}

/* Room that the tables of a selection can need at most: each interval asked for can cut every one that stands, but those that
 * ascend cut each joint once. */
static bool
selection_room(struct rmb_arena *arena, const struct rmb_recording *in, const struct rmb_interval *interval, int64_t n,
               struct selection *selection)
{
	int64_t intervals = n + in->nintervals, segments = n + in->nsegments;
	bool ascending = true;
	for (int64_t i = 1; i < n; i++)
		ascending = ascending && interval[i].start >= interval[i - 1].start + interval[i - 1].n;
	if (!ascending && (__builtin_mul_overflow(n, in->nintervals + 1, &intervals) ||
	                   __builtin_mul_overflow(n, in->nsegments + 1, &segments)))
		return false;
	*selection = (struct selection){ .interval = rmb_arena_alloc(arena, (size_t)intervals, sizeof *selection->interval),
		                         .segment = rmb_arena_alloc(arena, (size_t)segments, sizeof *selection->segment),
		                         .time = rmb_arena_alloc(arena, (size_t)segments, sizeof *selection->time) };
	return selection->interval && selection->segment && selection->time;
}

static const int64_t *
select_states(struct rmb_arena *arena, const int64_t *state, const struct rmb_interval *interval, int64_t n, int64_t nframes)
{
	int64_t *out = rmb_arena_alloc(arena, (size_t)nframes, sizeof *out), at = 0;
	for (int64_t i = 0; out && i < n; at += interval[i].n, i++)
		memcpy(out + at, state + interval[i].start, (size_t)interval[i].n * sizeof *out);
	return out;
}

/* "zscore ..." becomes "outdated zscore ...": fewer frames have another mean and another deviation. */
static void
outdate(char scaling[RMB_NAME_MAX])
{
	char name[RMB_NAME_MAX];
	if (strcmp(scaling, "none") == 0 || strncmp(scaling, RMB_OUTDATED, strlen(RMB_OUTDATED)) == 0)
		return;
	snprintf(name, sizeof name, "%s%.*s", RMB_OUTDATED, (int)(sizeof name - sizeof RMB_OUTDATED), scaling);
	memcpy(scaling, name, sizeof name);
}

int
rmb_view_frames(struct rmb_arena *arena, const struct rmb_recording *in, const struct rmb_interval *interval, int64_t n,
                struct rmb_recording *out, struct rmb_error *error)
{
	struct selection selection;
	if (in->shift)
		return rmb_error_set(error, RMB_EDATA,
		                     "frames cannot be selected from a recording whose neurons are shifted against each "
		                     "other in time; select frames before the shuffle, or export the shuffled recording and "
		                     "load it");
	if (!selection_room(arena, in, interval, n, &selection))
		return rmb_error_nomem(error, "a view of selected frames");
	for (int64_t i = 0; i < n; i++) {
		assert(interval[i].n > 0 && interval[i].start >= 0 && interval[i].start <= in->nframes - interval[i].n);
		bool joint = i == 0 || interval[i - 1].start + interval[i - 1].n != interval[i].start;
		add_intervals(in, interval[i], &selection);
		add_segments(in, interval[i], joint, &selection);
	}
	const int64_t *state = in->state ? select_states(arena, in->state, interval, n, selection.nframes) : NULL;
	if (in->state && !state)
		return rmb_error_nomem(error, "a view of selected frames");
	*out = *in;
	out->state = state;
	out->nframes = selection.nframes;
	out->interval = selection.interval;
	out->nintervals = selection.ninterval;
	out->segment = selection.segment;
	out->nsegments = selection.nsegment;
	out->segment_time = isnan(in->rate) ? NULL : selection.time;
	if (out->nframes < in->nframes)
		outdate(out->scaling);
	return 0;
}

/* ---- shifts and scales --------------------------------------------------------------------------------------------- */

int
rmb_view_shift(struct rmb_arena *arena, const struct rmb_recording *in, const int64_t *shift,
               struct rmb_recording *out, struct rmb_error *error)
{
	int64_t *sum = rmb_arena_alloc(arena, (size_t)in->neurons.n, sizeof *sum);
	if (!sum)
		return rmb_error_nomem(error, "a shifted view");
	for (int64_t i = 0; i < in->neurons.n; i++) {
		int64_t by = shift[i] % in->nframes; /* |by| < T: the sums below cannot overflow */
		sum[i] = (by + (in->shift ? in->shift[i] : 0) + in->nframes) % in->nframes;
	}
	*out = *in;
	out->shift = sum;
	out->state = NULL;
	out->segment_time = NULL;
	snprintf(out->recipe_of_view, sizeof out->recipe_of_view, "circular shifts");
	return 0;
}

/* ((x - o1) c1 - o2) c2 = (x - (o1 + o2 / c1)) c1 c2. False: there are no such finite numbers. */
static bool
compose_scales(double *offset, double *scale, double offset2, double scale2)
{
	if (offset2 != 0)
		*offset += offset2 / *scale;
	*scale *= scale2;
	return isfinite(*offset) && isfinite(*scale);
}

int
rmb_view_scale(struct rmb_arena *arena, const struct rmb_recording *in, const double *offset, const double *scale,
               const char *scaling, struct rmb_recording *out, struct rmb_error *error)
{
	size_t n = (size_t)in->neurons.n;
	double *o = rmb_arena_copy(arena, in->scale ? in->offset : offset, n, sizeof *o);
	double *c = rmb_arena_copy(arena, in->scale ? in->scale : scale, n, sizeof *c);
	if (!o || !c)
		return rmb_error_nomem(error, "a scaled view");
	for (size_t i = 0; i < n; i++)
		if (in->scale ? !compose_scales(&o[i], &c[i], offset[i], scale[i]) : !isfinite(o[i]) || !isfinite(c[i]))
			return rmb_error_set(error, RMB_EDATA,
			                     "neuron %zu cannot be scaled by (x - %g) * %g: the numbers leave the range of a "
			                     "double",
			                     i, offset[i], scale[i]);
	*out = *in;
	out->offset = o;
	out->scale = c;
	snprintf(out->scaling, sizeof out->scaling, "%s", scaling);
	return 0;
}

/* pipeline/base/recording.c -- reading through a view, and views of views. */
#include "rumble/recording.h"
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "rumble/processor.h"

/* ---- reading ------------------------------------------------------------------------------------------------------ */

/* Rows are read a few kilobytes at a time, far apart: too short for the processor to guess what comes. Asking for the chunk after
 * the next while one is worked on makes these loops 1.5 to 2 times as fast, a little faster than memcpy. */
enum { CHUNK = 256, LINE = 64 / sizeof(float) };

/* Beyond the end of the row, too: mostly the frames that are read next, and never a fault. */
static inline void
ask_ahead(const float *samples)
{
	for (int i = 2 * CHUNK; i < 3 * CHUNK; i += LINE)
		__builtin_prefetch((const void *)((uintptr_t)samples + (uintptr_t)i * sizeof *samples));
}

RMB_EVERY_CPU static void
scale_single(const float *restrict from, int64_t n, double offset, double scale, float *restrict to)
{
	for (int64_t start = 0; start < n; start += CHUNK) {
		int64_t end = start + CHUNK < n ? start + CHUNK : n;
		ask_ahead(from + start);
		for (int64_t i = start; i < end; i++)
			to[i] = (float)(((double)from[i] - offset) * scale);
	}
}

RMB_EVERY_CPU static void
scale_double(const float *restrict from, int64_t n, double offset, double scale, double *restrict to)
{
	for (int64_t start = 0; start < n; start += CHUNK) {
		int64_t end = start + CHUNK < n ? start + CHUNK : n;
		ask_ahead(from + start);
		for (int64_t i = start; i < end; i++)
			to[i] = ((double)from[i] - offset) * scale;
	}
}

RMB_EVERY_CPU static void
widen(const float *restrict from, int64_t n, double *restrict to)
{
	for (int64_t i = 0; i < n; i++)
		to[i] = (double)from[i];
}

/* Where a piece of a row goes: one of the two buffers. */
struct target { float *single; double *wide; };

/* n stored samples of view row `row` to place `at` of the target, scaled as the view says. */
static void
put(const struct rmb_recording *recording, int64_t row, const float *from, int64_t n, struct target to, int64_t at)
{
	if (recording->scale && to.single)
		scale_single(from, n, recording->offset[row], recording->scale[row], to.single + at);
	else if (recording->scale)
		scale_double(from, n, recording->offset[row], recording->scale[row], to.wide + at);
	else if (to.single)
		memcpy(to.single + at, from, (size_t)n * sizeof *from);
	else
		widen(from, n, to.wide + at);
}

static int64_t
stored_row(const struct rmb_recording *recording, int64_t row)
{
	return recording->row ? recording->row[row] : row;
}

/* Selected frames frame .. frame + n - 1 of one row, before its shift: interval by interval. */
static void
put_selected(const struct rmb_recording *recording, int64_t row, int64_t frame, int64_t n, struct target to, int64_t at)
{
	const float *from = recording->samples + stored_row(recording, row) * recording->stored_frames;
	if (recording->nintervals == 0) {
		put(recording, row, from + frame, n, to, at);
		return;
	}
	const struct rmb_interval *interval = recording->interval;
	for (; frame >= interval->n; interval++)
		frame -= interval->n;
	for (int64_t done = 0, length; done < n; done += length, frame = 0, interval++) {
		length = interval->n - frame < n - done ? interval->n - frame : n - done;
		put(recording, row, from + interval->start + frame, length, to, at + done);
	}
}

/* View row `row`: v(t) = selected((t - shift) mod T), in at most two pieces. */
static void
put_row(const struct rmb_recording *recording, int64_t row, int64_t frame, int64_t n, struct target to, int64_t at)
{
	int64_t shift = recording->shift ? recording->shift[row] : 0;
	int64_t start = frame >= shift ? frame - shift : frame - shift + recording->nframes;
	int64_t head = recording->nframes - start < n ? recording->nframes - start : n;
	put_selected(recording, row, start, head, to, at);
	if (head < n)
		put_selected(recording, row, 0, n - head, to, at + head);
}

static void
put_block(const struct rmb_recording *recording, int64_t row, int64_t nrows, int64_t frame, int64_t nframes, struct target to)
{
	assert(row >= 0 && nrows >= 0 && row <= recording->neurons.n - nrows);
	assert(frame >= 0 && nframes >= 0 && frame <= recording->nframes - nframes);
	for (int64_t i = 0; i < nrows && nframes > 0; i++)
		put_row(recording, row + i, frame, nframes, to, i * nframes);
}

void
rmb_read_block(const struct rmb_recording *recording, int64_t row, int64_t nrows, int64_t frame, int64_t nframes, float *buffer)
{
	put_block(recording, row, nrows, frame, nframes, (struct target){ .single = buffer });
}

void
rmb_read_block_double(const struct rmb_recording *recording, int64_t row, int64_t nrows, int64_t frame, int64_t nframes, double *buffer)
{
	put_block(recording, row, nrows, frame, nframes, (struct target){ .wide = buffer });
}

/* Lets the whole pages inside n bytes at `from` go; they come back from the file when touched. */
static void
drop_bytes(const void *from, size_t n)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = ((uintptr_t)from + page - 1) / page * page, end = ((uintptr_t)from + n) / page * page;
	if (start < end)
		madvise((void *)start, end - start, MADV_DONTNEED);
}

void
rmb_drop_rows(const struct rmb_recording *recording, int64_t row, int64_t nrows)
{
	if (!recording->mapped) /* memory that is not a file's would be lost, not dropped */
		return;
	for (int64_t i = row, next; i < row + nrows; i = next) {
		for (next = i + 1; next < row + nrows; next++) /* rows that lie side by side go in one call */
			if (stored_row(recording, next) != stored_row(recording, next - 1) + 1)
				break;
		size_t length = (size_t)recording->stored_frames * sizeof *recording->samples;
		drop_bytes((const char *)recording->samples + (size_t)stored_row(recording, i) * length, (size_t)(next - i) * length);
	}
}

void
rmb_drop_spikes(const struct rmb_spikes *spikes, int64_t i, int64_t n)
{
	int64_t first = spikes->first[i];
	if (spikes->mapped)
		drop_bytes(spikes->time + first, (size_t)(spikes->first[i + n] - first) * sizeof *spikes->time);
}

/* ---- views of views ----------------------------------------------------------------------------------------------- */

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

double
rmb_frame_time(const struct rmb_recording *recording, int64_t frame)
{
	int64_t low = 0, high = recording->nsegments;
	if (!recording->segment_time)
		return (double)frame / recording->rate;
	while (high - low > 1) { /* the last segment that begins at or before the frame */
		int64_t middle = low + (high - low) / 2;
		if (recording->segment[middle] <= frame)
			low = middle;
		else
			high = middle;
	}
	return recording->segment_time[low] + (double)(frame - recording->segment[low]) / recording->rate;
}

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
	if (!ascending &&
	    (__builtin_mul_overflow(n, in->nintervals + 1, &intervals) || __builtin_mul_overflow(n, in->nsegments + 1, &segments)))
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
		return rmb_error_set(error, RMB_EDATA, "frames cannot be selected from a recording whose neurons are shifted against each "
		                     "other in time; select frames before the shuffle, or export the shuffled recording and load it");
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
			return rmb_error_set(error, RMB_EDATA, "neuron %zu cannot be scaled by (x - %g) * %g: the numbers leave the range of a double",
			                     i, offset[i], scale[i]);
	*out = *in;
	out->offset = o;
	out->scale = c;
	snprintf(out->scaling, sizeof out->scaling, "%s", scaling);
	return 0;
}

/* ---- windows of spikes -------------------------------------------------------------------------------------------- */

int64_t
rmb_intervals_intersect(const double *a, int64_t na, const double *b, int64_t nb, double *out, int64_t *of)
{
	int64_t n = 0;
	for (int64_t i = 0, k = 0; i < na && k < nb;) {
		double start = fmax(a[2 * i], b[2 * k]), end = fmin(a[2 * i + 1], b[2 * k + 1]);
		if (start < end) {
			out[2 * n] = start;
			out[2 * n + 1] = end;
			if (of)
				of[n] = i;
			n++;
		}
		if (a[2 * i + 1] < b[2 * k + 1])
			i++;
		else
			k++;
	}
	return n;
}

/* Packs the times that lie in the windows; the end of a window is inside if it is that of what was observed. Returns how many. */
static int64_t
times_inside(const double *time, int64_t nspikes, const struct rmb_spikes *in, const double *window, const int64_t *of, int64_t n, double *to)
{
	int64_t kept = 0;
	for (int64_t s = 0, w = 0; s < nspikes && w < n;) {
		bool closed = window[2 * w + 1] == in->observed[2 * of[w] + 1];
		if (time[s] > window[2 * w + 1] || (time[s] == window[2 * w + 1] && !closed)) {
			w++;
			continue;
		}
		if (time[s] >= window[2 * w])
			to[kept++] = time[s];
		s++;
	}
	return kept;
}

int
rmb_spikes_window(struct rmb_arena *arena, const struct rmb_spikes *in, const double *interval, int64_t n, struct rmb_spikes *out,
                  struct rmb_error *error)
{
	size_t most = (size_t)(in->nobserved + n), states = (size_t)(in->nstates + n);
	double *observed = rmb_arena_alloc(arena, 2 * most, sizeof *observed), *stated = rmb_arena_alloc(arena, 2 * states, sizeof *stated);
	int64_t *of = rmb_arena_alloc(arena, most, sizeof *of), *which = rmb_arena_alloc(arena, states, sizeof *which);
	int64_t *state = rmb_arena_alloc(arena, states, sizeof *state), *first = rmb_arena_alloc(arena, (size_t)in->neurons.n + 1, sizeof *first);
	double *time = rmb_arena_alloc(arena, (size_t)in->nspikes, sizeof *time);
	if (!observed || !stated || !of || !which || !state || !first || !time)
		return rmb_error_nomem(error, "a window of spikes");
	*out = *in;
	out->nobserved = rmb_intervals_intersect(in->observed, in->nobserved, interval, n, observed, of);
	out->nstates = rmb_intervals_intersect(in->stated, in->nstates, interval, n, stated, which);
	for (int64_t i = 0; i < out->nstates; i++)
		state[i] = in->state[which[i]];
	for (int64_t i = 0; i < in->neurons.n; i++)
		first[i + 1] = first[i] + times_inside(in->time + in->first[i], in->first[i + 1] - in->first[i], in, observed, of, out->nobserved,
		                                       time + first[i]);
	out->observed = observed;
	out->stated = stated;
	out->state = state;
	out->time = time;
	out->mapped = false;
	out->first = first;
	out->nspikes = first[in->neurons.n];
	return 0;
}

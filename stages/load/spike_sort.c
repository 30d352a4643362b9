/* load/spike_sort.c -- a counting sort of spikes by neuron that does not hold them.
 *
 * Every neuron's spikes are counted, so that it is known where they will lie; then the list is walked once more and each time
 * goes to its place: in memory, or in the object being made, through a buffer for each neuron. Times of a neuron that come out of
 * order are read back, sorted and written again. */
#include <math.h>
#include <stdlib.h>
#include "load/spike_list.h"

/* Entries in the buffers that times are written through, and in a single one. */
#define BUFFERED ((int64_t)8 << 20)
#define MOST_ROOM ((int64_t)16 << 10)

static int
compare_times(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Whether a time stays. *at: the interval that the time before lay in, where the next one mostly lies, too. */
static bool
is_inside(const struct rmb_spike_cut *cut, double time, int64_t *at)
{
	const double *v = cut->interval;
	int64_t low = 0, high = cut->n;
	if (cut->n > 0 && time >= v[2 * *at] && time < v[2 * *at + 1])
		return true;
	while (low < high) {
		int64_t middle = (low + high) / 2;
		if (v[2 * middle + 1] < time || (v[2 * middle + 1] == time && !cut->closed[middle]))
			low = middle + 1;
		else
			high = middle;
	}
	*at = low < cut->n ? low : *at;
	return low < cut->n && time >= v[2 * low];
}

/* Takes the owner, -1, from spikes that are left out. */
static void
leave_out(struct rmb_spike_sort *s, struct rmb_spike_cut *cut, int64_t n)
{
	int64_t at = 0;
	for (int64_t i = 0; i < n; i++)
		if (s->owner[i] >= 0 && !is_inside(cut, s->time[i], &at)) {
			s->owner[i] = -1;
			cut->left_out++;
		}
}

/* The next block of spikes; those left out have no owner, -1. Without times if nothing depends on them. */
static int
next_block(struct rmb_spike_sort *s, int64_t at, int64_t n, bool times, struct rmb_error *error)
{
	int code = times || s->ncuts > 0 ? rmb_spike_times_get(s->times, at, n, s->time, error) : 0;
	if (!code)
		code = rmb_spike_owners_get(s->owners, at, n, s->owner, error);
	for (int i = 0; i < s->ncuts && !code; i++) {
		s->cut[i].left_out = at > 0 ? s->cut[i].left_out : 0;
		leave_out(s, &s->cut[i], n);
	}
	return code;
}

/* Where each neuron's spikes will lie. */
static int
count_spikes(struct rmb_spike_sort *s, struct rmb_error *error)
{
	for (int64_t at = 0, n; at < s->nspikes; at += n) {
		int code = next_block(s, at, n = rmb_spike_block(at, s->nspikes), false, error);
		if (!code)
			code = rmb_spike_progress(s->out, RMB_COUNT_SPIKES, at + n, s->nspikes);
		if (code)
			return code;
		for (int64_t i = 0; i < n; i++)
			if (s->owner[i] >= 0)
				s->first[s->owner[i] + 1]++;
	}
	for (int64_t i = 0; i < s->owners->n; i++) {
		s->next[i] = s->first[i];
		s->first[i + 1] += s->first[i];
		s->last[i] = -INFINITY;
	}
	return 0;
}

/* Writes what a neuron's buffer holds: its entries since the last multiple of the room. */
static int
flush(struct rmb_spike_sort *s, int64_t neuron)
{
	int64_t n = (s->next[neuron] - s->first[neuron] + s->room - 1) % s->room + 1;
	return s->out->write(s->out->argument, s->next[neuron] - n, n, s->buffer + neuron * s->room);
}

static int
put(struct rmb_spike_sort *s, int64_t neuron, double time)
{
	int64_t at = s->next[neuron]++, k = at - s->first[neuron];
	if (s->all) {
		s->all[at] = time;
		return 0;
	}
	s->buffer[neuron * s->room + k % s->room] = time;
	return (k + 1) % s->room == 0 ? flush(s, neuron) : 0;
}

/* All spikes to their places. */
static int
distribute(struct rmb_spike_sort *s, struct rmb_error *error)
{
	int code = 0;
	for (int64_t at = 0, n; at < s->nspikes && !code; at += n) {
		code = next_block(s, at, n = rmb_spike_block(at, s->nspikes), true, error);
		for (int64_t i = 0; i < n && !code; i++) {
			int64_t neuron = s->owner[i];
			if (neuron < 0)
				continue;
			if (s->next[neuron] == s->first[neuron + 1])
				return rmb_error_set(error, RMB_EINPUT, "%s changed while it was read",
				                     s->owners->found->file->path);
			if (s->time[i] < s->last[neuron]) {
				s->mixed[neuron] = true;
				s->where = s->disorder++ == 0 ? at + i : s->where;
			}
			s->last[neuron] = s->time[i];
			code = put(s, neuron, s->time[i]);
		}
		if (!code)
			code = rmb_spike_progress(s->out, RMB_PLACE_SPIKES, at + n, s->nspikes);
	}
	for (int64_t i = 0; i < s->owners->n && !code && !s->all; i++)
		code = s->next[i] > s->first[i] && (s->next[i] - s->first[i]) % s->room > 0 ? flush(s, i) : 0;
	return code;
}

/* Puts the times in order of the neurons whose are not. Times that nobody can read back stay as they are. */
static int
sort_mixed(struct rmb_spike_sort *s, struct rmb_arena *arena, struct rmb_error *error)
{
	int64_t most = 0;
	int code = 0;
	if (!s->all && !s->out->read)
		return 0;
	for (int64_t i = 0; i < s->owners->n && !s->all; i++)
		most = s->mixed[i] && s->first[i + 1] - s->first[i] > most ? s->first[i + 1] - s->first[i] : most;
	double *own = rmb_arena_alloc(arena, (size_t)most, sizeof *own);
	if (!own)
		return rmb_error_nomem(error, "spike times");
	for (int64_t i = 0; i < s->owners->n && !code; i++) {
		int64_t n = s->first[i + 1] - s->first[i];
		if (!s->mixed[i])
			continue;
		double *time = s->all ? s->all + s->first[i] : own;
		code = s->all ? 0 : s->out->read(s->out->argument, s->first[i], n, time);
		if (!code)
			qsort(time, (size_t)n, sizeof *time, compare_times);
		if (!code && !s->all)
			code = s->out->write(s->out->argument, s->first[i], n, time);
	}
	return code;
}

int
rmb_spike_sort(struct rmb_spike_sort *s, const struct rmb_load_times *to, struct rmb_arena *arena, struct rmb_spikes *out,
               struct rmb_error *error)
{
	int64_t n = s->owners->n;
	s->out = to;
	s->first = rmb_arena_alloc(arena, (size_t)n + 1, sizeof *s->first);
	s->next = rmb_arena_alloc(arena, (size_t)n, sizeof *s->next);
	s->last = rmb_arena_alloc(arena, (size_t)n, sizeof *s->last);
	s->mixed = rmb_arena_alloc(arena, (size_t)n, sizeof *s->mixed);
	int code = s->first && s->next && s->last && s->mixed ? count_spikes(s, error) : rmb_error_nomem(error, "spike times");
	if (code || s->first[n] == 0)
		return code;
	s->room = BUFFERED / n > MOST_ROOM ? MOST_ROOM : BUFFERED / n > 1 ? BUFFERED / n : 1;
	if (to)
		s->buffer = rmb_arena_alloc(arena, (size_t)(n * s->room), sizeof *s->buffer);
	else
		s->all = rmb_arena_alloc(arena, (size_t)s->first[n], sizeof *s->all);
	if (!s->buffer && !s->all)
		return rmb_error_nomem(error, "spike times");
	code = to ? to->claim(to->argument, s->first[n]) : 0;
	if (!code)
		code = distribute(s, error);
	if (!code && s->disorder)
		code = sort_mixed(s, arena, error);
	out->time = s->all;
	out->written = to != NULL;
	out->first = s->first;
	out->nspikes = s->first[n];
	return code;
}

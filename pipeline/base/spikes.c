/* pipeline/base/spikes.c -- how long spikes were observed, and windows of them. */
#include <math.h>
#include "rumble/recording.h"

double
rmb_spikes_observed(const struct rmb_spikes *spikes)
{
	double seconds = 0;
	for (int64_t i = 0; i < spikes->nobserved; i++)
		seconds += spikes->observed[2 * i + 1] - spikes->observed[2 * i];
	return seconds;
}

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
times_inside(const double *time, int64_t nspikes, const struct rmb_spikes *in, const double *window, const int64_t *of,
             int64_t n, double *to)
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
	double *observed = rmb_arena_alloc(arena, 2 * most, sizeof *observed),
	       *stated = rmb_arena_alloc(arena, 2 * states, sizeof *stated);
	int64_t *of = rmb_arena_alloc(arena, most, sizeof *of), *which = rmb_arena_alloc(arena, states, sizeof *which);
	int64_t *state = rmb_arena_alloc(arena, states, sizeof *state),
	        *first = rmb_arena_alloc(arena, (size_t)in->neurons.n + 1, sizeof *first);
	double *time = rmb_arena_alloc(arena, (size_t)in->nspikes, sizeof *time);
	if (!observed || !stated || !of || !which || !state || !first || !time)
		return rmb_error_nomem(error, "a window of spikes");
	*out = *in;
	out->nobserved = rmb_intervals_intersect(in->observed, in->nobserved, interval, n, observed, of);
	out->nstates = rmb_intervals_intersect(in->stated, in->nstates, interval, n, stated, which);
	for (int64_t i = 0; i < out->nstates; i++)
		state[i] = in->state[which[i]];
	for (int64_t i = 0; i < in->neurons.n; i++)
		first[i + 1] = first[i] + times_inside(in->time + in->first[i], in->first[i + 1] - in->first[i], in, observed,
		                                       of, out->nobserved, time + first[i]);
	out->observed = observed;
	out->stated = stated;
	out->state = state;
	out->time = time;
	out->mapped = false;
	out->first = first;
	out->nspikes = first[in->neurons.n];
	return 0;
}

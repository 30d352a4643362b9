/* load/written.c -- what a file that rumble wrote says beyond what others do: rate, segments as they were, all observed
 * intervals.
 *
 * Such a file has a group `recording` as docs/formats.md describes; layout.c finds its members by their paths. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "load/parts.h"

void
rmb_written_only(struct rmb_layout *layout)
{
	const struct rmb_member *m = layout->activity.member ? layout->activity.member : layout->spikes.member;
	if (m && strncmp(m->name, "recording/", 10) == 0)
		return;
	const struct rmb_found none = { 0 };
	layout->written_rate = layout->segment = layout->segment_time = layout->observed = layout->z = none;
}

int
rmb_written_rate(const struct rmb_layout *layout, double *rate, struct rmb_error *error)
{
	const struct rmb_found *found = &layout->written_rate;
	double *v;
	if (!found->member)
		return 0;
	if (found->member->count != 1)
		return rmb_error_set(error, RMB_EINPUT, "%s: '%s' has the shape %s; one number is needed", found->file->path,
		                     found->member->name, rmb_member_shape(found->file->arena, found->member));
	int code = rmb_load_doubles(found->file, found->member, &v, error);
	if (!code && !isnan(*v) && !(*v > 0 && isfinite(*v)))
		return rmb_error_set(error, RMB_EINPUT, "%s: '%s' is %g; a rate is above 0 Hz", found->file->path,
		                     found->member->name, *v);
	*rate = code ? NAN : *v;
	return code;
}

int
rmb_written_segments(const struct rmb_layout *layout, struct rmb_recording *r, struct rmb_error *error)
{
	const struct rmb_found *begin = &layout->segment, *when = &layout->segment_time;
	int64_t *segment = NULL, n = begin->member ? begin->member->count : 0;
	double *time = NULL;
	if (!begin->member)
		return 0;
	if (n < 1 || n > r->nframes || (when->member && when->member->count != n))
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: '%s' has %" PRId64 " entries; 1 to %" PRId64
		                     " are needed, and as many in '%s' if it is there",
		                     begin->file->path, begin->member->name, n, r->nframes, "recording/segment_time");
	int code = rmb_load_integers(begin->file, begin->member, &segment, error);
	if (!code && when->member)
		code = rmb_load_doubles(when->file, when->member, &time, error);
	for (int64_t s = 0; s < n && !code; s++)
		if ((s == 0 && segment[s] != 0) || (s > 0 && segment[s] <= segment[s - 1]) || segment[s] >= r->nframes ||
		    (time && !isfinite(time[s])))
			code = rmb_error_set(error, RMB_EINPUT,
			                     "%s: segment %" PRId64 " begins at frame %" PRId64
			                     "; segments begin at frame 0, ascend, and end "
			                     "before frame %" PRId64,
			                     begin->file->path, s, segment[s], r->nframes);
	r->nsegments = n;
	r->segment = segment;
	r->segment_time = time;
	return code;
}

int
rmb_written_observed(const struct rmb_layout *layout, const double *window, struct rmb_arena *arena, struct rmb_spikes *spikes,
                     struct rmb_error *error)
{
	const struct rmb_found *found = &layout->observed;
	const struct rmb_member *m = found->member;
	double *v;
	if (!m)
		return 0;
	if (m->naxes != 2 || m->axis[1] != 2 || m->count == 0)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: '%s' has the shape %s; M x 2 is needed, start and end of each interval in s",
		                     found->file->path, m->name, rmb_member_shape(found->file->arena, m));
	int code = rmb_load_doubles(found->file, m, &v, error);
	for (int64_t i = 0; i < m->axis[0] && !code; i++)
		if (!isfinite(v[2 * i]) || !isfinite(v[2 * i + 1]) || v[2 * i + 1] < v[2 * i] ||
		    (i > 0 && v[2 * i] < v[2 * i - 1]))
			code = rmb_error_set(error, RMB_EINPUT,
			                     "%s: interval %" PRId64
			                     " of '%s' runs from %g s to %g s; intervals must run forwards, in order and "
			                     "without overlap",
			                     found->file->path, i, m->name, v[2 * i], v[2 * i + 1]);
	if (code)
		return code;
	double *inside = window ? rmb_arena_alloc(arena, (size_t)(2 * (m->axis[0] + 1)), sizeof *inside) : v;
	if (!inside)
		return rmb_error_nomem(error, "observed intervals");
	int64_t n = window ? rmb_intervals_intersect(window, 1, v, m->axis[0], inside, NULL) : m->axis[0];
	if (n > 0) {
		spikes->observed = inside;
		spikes->nobserved = n;
	}
	return 0;
}

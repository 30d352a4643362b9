/* load/spike_times.c -- spike times in s, and whether they can be that. */
#include <inttypes.h>
#include <math.h>
#include "load/spike_list.h"

/* s; sorted recordings are shorter. */
#define LONGEST 1e6

/* Whole numbers are more likely ticks of a clock than seconds: always if the file stores them as such, and if they are stored
 * as floating-point numbers (all of MATLAB's are) when none has a fraction and they go further than a test by hand would. */
static bool
look_like_ticks(const struct rmb_member *m, bool fraction, double high)
{
	bool whole_type = m->number == RMB_SIGNED || m->number == RMB_UNSIGNED;
	return !fraction && high > (whole_type ? 1 : 1000);
}

int
rmb_spike_times_get(const struct rmb_spike_times *times, int64_t at, int64_t n, double *out, struct rmb_error *error)
{
	const double *time;
	int code = rmb_pieces_get(&times->pieces, at, n, &time, error);
	for (int64_t i = 0; i < n && !code; i++)
		out[i] = isnan(times->clock) ? time[i] : time[i] / times->clock;
	return code;
}

/* Says of spikes of more than a day that their unit may be another one, unless the recipe says it is s; span: as stored. */
static void
note_length(const struct rmb_found *found, const struct rmb_spike_times *times, double span, struct rmb_load_notes *notes)
{
	double hours = (isnan(times->clock) ? span : span / times->clock) / 3600;
	if (hours > 24 && times->clock != 1)
		rmb_load_note(notes, "the spikes '%s' span %.4g hours: %s", rmb_member_called(found->member), hours,
		              found->file->in_seconds ? "are these times seconds, as this format has them?"
		              : isnan(times->clock)   ? "if these times are ms, write `clock: 1 kHz`"
		                                      : "did you mean `clock: 30 kHz`, or whatever it was?");
}

int
rmb_spike_times_survey(const struct rmb_found *found, const struct rmb_load_times *to, struct rmb_spike_times *times,
                       double *block, struct rmb_load_notes *notes, struct rmb_error *error)
{
	const struct rmb_member *m = found->member;
	const char *path = found->file->path;
	double low = INFINITY, high = -INFINITY;
	int64_t negative = 0, first = -1;
	bool fraction = false;
	int code = m->count > 0 ? rmb_pieces_open(found->file, m, &times->pieces, error) :
	           rmb_error_set(error, RMB_EDATA, "%s: '%s' holds no spikes", path, rmb_member_called(m));
	for (int64_t at = 0, n; at < m->count && !code; at += n) {
		code = rmb_spike_times_get(times, at, n = rmb_spike_block(at, m->count), block, error);
		if (!code)
			code = rmb_spike_progress(to, RMB_JUDGE_TIMES, at + n, m->count);
		for (int64_t i = 0; i < n && !code; i++) {
			double time = block[i];
			if (!isfinite(time))
				code = rmb_error_set(error, RMB_EDATA,
				                     "%s: spike time %" PRId64
				                     " of '%s' is %s; every time must be a finite number",
				                     path, at + i, rmb_member_called(m), isnan(time) ? "not a number" : "infinite");
			if (time < 0 && negative++ == 0)
				first = at + i;
			if (!fraction) /* by far most lists show one at once */
				fraction = time != rint(time);
			low = time < low ? time : low;
			high = time > high ? time : high;
		}
	}
	if (code)
		return code;
	if (isnan(times->clock) && !found->file->in_seconds && look_like_ticks(m, fraction, high))
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: the spike times '%s' are all whole numbers (%s) up to %.15g, perhaps ticks of a clock: "
		                     "say so with `clock: 30 kHz`, or `clock: 1 Hz` if they are seconds",
		                     path, rmb_member_called(m), m->type, high);
	if (isnan(times->clock) && high - low > LONGEST)
		return rmb_error_set(
			error, RMB_EINPUT,
			"%s: the spike times '%s' span %.6g s, that is %.4g days: did you mean samples at 30 kHz? Then write "
			"`clock: 30 kHz`, or whatever it was; `clock: 1 Hz` if they are seconds",
			path, rmb_member_called(m), high - low, (high - low) / 86400);
	note_length(found, times, high - low, notes);
	times->low = low;
	times->high = high;
	if (negative)
		rmb_load_note(notes, "kept %" PRId64 " negative of %" PRId64 " spike times in '%s', the first at index %" PRId64,
		              negative, m->count, rmb_member_called(m), first);
	return 0;
}

/* pipeline/base/recording.c -- reading through a view, and where its frames lie. */
#include "rumble/recording.h"
#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "rumble/processor.h"

/* ---- samples ------------------------------------------------------------------------------------------------------ */

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

/* The part in which a stored row lies. */
static struct rmb_stored_part
part_of(const struct rmb_recording *recording, int64_t row)
{
	int64_t low = 0, high = recording->nparts;
	if (high == 0)
		return (struct rmb_stored_part){ 0, recording->stored_frames, recording->samples, recording->file, recording->file_at };
	while (high - low > 1) { /* the last part that begins at or before the row */
		int64_t middle = low + (high - low) / 2;
		if (recording->part[middle].row <= row)
			low = middle;
		else
			high = middle;
	}
	return recording->part[low];
}

/* A stretch of a stored row. Copying a few kilobytes out of a file is quicker than mapping them, for which the kernel maps sixteen
 * pages around each that is touched, and leaves nothing resident. */
enum { STRETCH = 4096 };
struct stretch { int64_t start, n; float sample[STRETCH]; };

/* Stored frames start .. start + n - 1 of an interval, of `left` that are wanted in all, from this interval and the next. */
struct piece { const struct rmb_interval *interval; int64_t start, n, left; };

/* Frames from the beginning of a piece to where a stretch ends that holds as much of what follows as it can. */
static int64_t
reach(const struct piece *piece)
{
	const struct rmb_interval *next = piece->interval;
	int64_t end = piece->start + piece->n, left = piece->left - piece->n;
	if (end < next->start + next->n)
		return piece->n;
	for (; left > 0; left -= next->n) {
		next++;
		int64_t last = next->start + (next->n < left ? next->n : left);
		if (next->start < end || last > piece->start + STRETCH)
			break;
		end = last;
	}
	return end - piece->start;
}

/* The samples of a piece no longer than a stretch. A file that is cut short reads as its mapping does: with a signal. */
static const float *
fetch(const struct rmb_recording *recording, int64_t row, const struct piece *piece, struct stretch *held)
{
	const struct rmb_stored_part part = part_of(recording, stored_row(recording, row));
	int64_t at = (stored_row(recording, row) - part.row) * part.stride + piece->start;
	if (part.file <= 0)
		return part.samples + at;
	if (piece->start < held->start || piece->start + piece->n > held->start + held->n) {
		held->start = piece->start;
		held->n = reach(piece);
		ssize_t bytes = (ssize_t)(held->n * (int64_t)sizeof *held->sample);
		if (pread(part.file, held->sample, (size_t)bytes, part.file_at + at * (off_t)sizeof(float)) != bytes) {
			held->n = 0;
			return part.samples + at;
		}
	}
	return held->sample + (piece->start - held->start);
}

/* Selected frames frame .. frame + n - 1 of one row, before its shift: interval by interval. */
static void
put_selected(const struct rmb_recording *recording, int64_t row, int64_t frame, int64_t n, struct target to, int64_t at)
{
	const struct rmb_interval all = { 0, recording->stored_frames };
	struct piece piece = { .interval = recording->nintervals ? recording->interval : &all, .left = n };
	struct stretch held;
	held.start = held.n = 0;
	for (; frame >= piece.interval->n; piece.interval++)
		frame -= piece.interval->n;
	for (; piece.left > 0; piece.left -= piece.n, at += piece.n) {
		int64_t rest = piece.interval->n - frame, most = piece.left < STRETCH ? piece.left : STRETCH;
		piece.start = piece.interval->start + frame;
		piece.n = rest < most ? rest : most;
		put(recording, row, fetch(recording, row, &piece, &held), piece.n, to, at);
		frame = piece.n == rest ? 0 : frame + piece.n;
		piece.interval += piece.n == rest;
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
rmb_read_block_double(const struct rmb_recording *recording, int64_t row, int64_t nrows, int64_t frame, int64_t nframes,
                      double *buffer)
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
rmb_drop_spikes(const struct rmb_spikes *spikes, int64_t i, int64_t n)
{
	int64_t first = spikes->first[i];
	if (spikes->mapped)
		drop_bytes(spikes->time + first, (size_t)(spikes->first[i + n] - first) * sizeof *spikes->time);
}

/* ---- frames and segments ------------------------------------------------------------------------------------------ */

int64_t
rmb_segment_end(const int64_t *segment, int64_t nsegments, int64_t nframes, int64_t s)
{
	return s + 1 < nsegments ? segment[s + 1] : nframes;
}

int64_t
rmb_segment_length(const struct rmb_recording *recording, int64_t segment)
{
	return rmb_segment_end(recording->segment, recording->nsegments, recording->nframes, segment) - recording->segment[segment];
}

int64_t
rmb_segment_longest(const struct rmb_recording *recording)
{
	int64_t longest = 0;
	for (int64_t s = 0; s < recording->nsegments; s++)
		longest = rmb_segment_length(recording, s) > longest ? rmb_segment_length(recording, s) : longest;
	return longest;
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

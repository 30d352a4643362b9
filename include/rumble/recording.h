/* rumble/recording.h -- activity and everything that belongs to its two axes.
 *
 * A recording is a *view*: samples stay where they were first written, and selecting, shifting and scaling only say which
 * of them are meant. Row i, frame t of the view is
 *
 *     v(i, t) = (float) (((double) samples[row[i]][ frame((t - shift[i]) mod T) ] - offset[i]) * scale[i])
 *
 * where frame() walks through the selected intervals of the stored frames. Views of views collapse into one. Nothing but
 * rmb_read_block() looks through the view. Units: s, Hz, um. Missing numbers are NaN, missing annotations NULL.
 *
 * Everything a recording points to is borrowed: it lives as long as the call, the arena or the object it came from. */
#ifndef RMB_RECORDING_H
#define RMB_RECORDING_H
#include <stdbool.h>
#include <stdint.h>
#include "rumble/arena.h"
#include "rumble/array.h"
#include "rumble/error.h"

/* What is known of each neuron; every member has n entries or is NULL. */
struct rmb_neurons {
	int64_t n;
	const int64_t *id;      /* the number the neuron has in its file */
	const double *x, *y, *z; /* position, um; z is NULL where there are two coordinates */
	const double *quality;  /* snr, probability or whatever the file calls quality */
	const int64_t *plane, *probe;
	const char *area;       /* n texts of area_width bytes, NUL-padded */
	size_t area_width;
	const char *label;      /* what a person or a spike sorter called the unit, good or mua; texts as of area */
	size_t label_width;
};

/* Stored rows that lie in a file of their own. */
struct rmb_stored_part {
	int64_t row;             /* the first of them; the last one is before the next part's first */
	int64_t stride;          /* samples from one row to the next: stored_frames, or more, of which the first are meant */
	const float *samples;    /* their mapping */
	int file;                /* 0, or a borrowed descriptor to read them from, quicker than through their mapping, */
	int64_t file_at;         /* and the byte of that file at which they begin */
};

enum { RMB_NO_STATE = -1 };
#define RMB_OUTDATED "outdated " /* before a scaling that frames have been taken from since */
struct rmb_interval { int64_t start, n; }; /* frames start .. start + n - 1 */

struct rmb_recording {
	struct rmb_neurons neurons;
	int64_t nframes;                     /* T, of the view */
	double rate;                         /* frames per second, Hz; NaN if unknown */
	int64_t nsegments;                   /* runs of frames without a gap; at least 1 if nframes > 0 */
	const int64_t *segment;              /* first frame (of the view) of each; segment[0] = 0, ascending */
	const double *segment_time;          /* s, on the recording's own clock, at which each begins; NULL: frame / rate */
	const int64_t *state;                /* [nframes] or NULL; RMB_NO_STATE: unknown, or more than one */
	char scaling[RMB_NAME_MAX]; /* "none", or "zscore ddof=0 eps=0"; behind "outdated " if it was over other frames */
	char recipe_of_view[RMB_NAME_MAX];   /* "", or what a reader should know: "circular shifts" */

	/* the samples: data[stored_rows][stored_frames], in the object `source` ("" = the object being written) */
	const float *samples;
	int64_t stored_rows, stored_frames;
	char source[RMB_KEY_MAX];
	int file;                            /* as of a part */
	int64_t file_at;
	int64_t nparts;                      /* 0: they are as above; else samples is NULL, and they are */
	const struct rmb_stored_part *part;  /* [nparts], one after the other; part[0].row = 0, ascending */

	/* the view */
	const int64_t *row;                  /* [neurons.n] stored row of each neuron; NULL: i */
	int64_t nintervals;                  /* 0: all stored frames */
	const struct rmb_interval *interval; /* selected stored frames, in the order they follow each other */
	const int64_t *shift;                /* [neurons.n] in [0, nframes); NULL: none */
	const double *offset, *scale;        /* [neurons.n]; both NULL: as stored */
};

/* Spike times, neuron by neuron: those of neuron i are time[first[i]] .. time[first[i + 1] - 1], ascending, in s. */
struct rmb_spikes {
	struct rmb_neurons neurons;
	int64_t nspikes;
	const double *time;
	bool written;            /* time is NULL: the times go straight into the object that is being made (rmb_write_times) */
	bool mapped;             /* time lies in a read-only mapping of a file: rmb_drop_spikes may let pages go */
	const int64_t *first;    /* [neurons.n + 1] */
	int64_t nobserved;       /* observed intervals: the user's window, else the file's, else first to last spike */
	const double *observed;  /* [nobserved][2], s, ascending, disjoint */
	int64_t nstates;         /* intervals whose state is known; 0: none */
	const double *stated;    /* [nstates][2], s, ascending, disjoint */
	const int64_t *state;    /* [nstates] */
};

/* The frame behind the last of segment s, of nsegments that begin at frames segment[] of nframes. */
int64_t rmb_segment_end(const int64_t *segment, int64_t nsegments, int64_t nframes, int64_t s);
/* Frames of a segment, and of the longest one. */
int64_t rmb_segment_length(const struct rmb_recording *recording, int64_t segment);
int64_t rmb_segment_longest(const struct rmb_recording *recording);
/* When a frame begins, s on the recording's own clock. NaN if the rate is unknown. */
double rmb_frame_time(const struct rmb_recording *recording, int64_t frame);

/* How long spikes were observed in all, s. */
double rmb_spikes_observed(const struct rmb_spikes *spikes);

/* Copies rows row .. row + nrows - 1, frames frame .. frame + nframes - 1 of the view into buffer[nrows][nframes].
 * The range must lie inside. Quick when frame pieces are 1,024 or longer. Safe from many threads at once. */
void rmb_read_block(const struct rmb_recording *recording, int64_t row, int64_t nrows, int64_t frame, int64_t nframes,
                    float *buffer);
/* The same values computed and delivered in double (no rounding to float). */
void rmb_read_block_double(const struct rmb_recording *recording, int64_t row, int64_t nrows, int64_t frame, int64_t nframes,
                           double *buffer);
/* Tells the kernel that the times of neurons i .. i + n - 1 are not needed again soon, so that pages of a mapped object do not
 * stay resident. Changes no value; does nothing unless the spikes are `mapped`. */
void rmb_drop_spikes(const struct rmb_spikes *spikes, int64_t i, int64_t n);

/* Views: *out becomes a view of *in; tables that change are made in the arena. 0, or RMB_ELIMIT (no memory), or what is said.
 *
 * keep[nkeep]: rows of *in, in the order wanted; all annotations follow. */
int rmb_view_neurons(struct rmb_arena *arena, const struct rmb_recording *in, const int64_t *keep, int64_t nkeep,
                     struct rmb_recording *out, struct rmb_error *error) RMB_CHECKED;
/* interval[n]: frames of *in. Segments end at every joint. What was scaled over more frames than stay is outdated. RMB_EDATA if
 * *in is shifted: export or bin it first. */
int rmb_view_frames(struct rmb_arena *arena, const struct rmb_recording *in, const struct rmb_interval *interval, int64_t n,
                    struct rmb_recording *out, struct rmb_error *error) RMB_CHECKED;
/* Row i becomes x((t - shift[i]) mod T); adds to shifts that stand. shift[neurons.n], any sign. Segments stay where they are;
 * states and times, which rows then no longer share, go. */
int rmb_view_shift(struct rmb_arena *arena, const struct rmb_recording *in, const int64_t *shift,
                   struct rmb_recording *out, struct rmb_error *error) RMB_CHECKED;
/* Row i becomes (x - offset[i]) * scale[i]; scale[i] is finite (0 allowed: the row becomes zero). `scaling` names it. */
int rmb_view_scale(struct rmb_arena *arena, const struct rmb_recording *in, const double *offset, const double *scale,
                   const char *scaling, struct rmb_recording *out, struct rmb_error *error) RMB_CHECKED;
/* The same selection for annotations alone (spikes have no view). */
int rmb_neurons_select(struct rmb_arena *arena, const struct rmb_neurons *in, const int64_t *keep, int64_t nkeep,
                       struct rmb_neurons *out, struct rmb_error *error) RMB_CHECKED;
/* Intersections of a[na][2] with b[nb][2], both ascending: out[na + nb][2], of[na + nb] (NULL: not wanted) which of a
 * each is of. Returns how many. */
int64_t rmb_intervals_intersect(const double *a, int64_t na, const double *b, int64_t nb, double *out, int64_t *of);
/* The spikes inside interval[n][2] (s, ascending, disjoint, perhaps infinite; from each start to before its end): observed
 * intervals and states end there too. What was observed at the very end of an interval that stays whole is kept. */
int rmb_spikes_window(struct rmb_arena *arena, const struct rmb_spikes *in, const double *interval, int64_t n,
                      struct rmb_spikes *out, struct rmb_error *error) RMB_CHECKED;

/* 1 if every table agrees with every other (lengths, ranges, order, finiteness of scales); else 0 and a sentence. Objects
 * from the cache are checked with this before use. */
int rmb_recording_valid(const struct rmb_recording *recording, struct rmb_error *error);
int rmb_spikes_valid(const struct rmb_spikes *spikes, struct rmb_error *error);
#endif

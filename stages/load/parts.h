/* load/parts.h -- the load stage's own parts: which members play which role, and what is made of them. */
#ifndef RMB_LOAD_PARTS_H
#define RMB_LOAD_PARTS_H
#include "load/format.h"
#include "rumble/stage.h"

struct rmb_load_settings {
	const char *path, *format, *positions_file, *quality_file, *state_file, *bad_frames_file, *neuropil_file;
	double rate, clock, pixel, threshold;
	const char *activity, *neuropil, *spikes, *unit, *counts, *ends;
	double neuropil_factor;
	const char *x, *y, *positions, *quality, *area, *unit_label, *plane, *probe, *id;
	const char *times, *state, *epochs, *bad_frames;
	const char *orientation, *nonfinite, *parts;
	struct rmb_reals window, drop;
	struct rmb_load_wish wish;
};

/* The files that settings name; NULL: not given. */
struct rmb_load_files { struct rmb_load_file *main, *positions, *quality, *state, *bad_frames, *neuropil; };
/* layout.c: opens them; rmb_load_close_files() even after a failure. */
int rmb_load_open_files(struct rmb_arena *arena, const struct rmb_load_settings *set, struct rmb_load_files *files,
                        struct rmb_error *error) RMB_CHECKED;
void rmb_load_close_files(struct rmb_load_files *files);

/* A matrix of which `factor` times every sample is taken away from the same one of another. */
struct rmb_less { struct rmb_load_file *file; const struct rmb_member *member; double factor; };

/* A member and the file it lies in; member NULL: the role is not played. */
struct rmb_found {
	struct rmb_load_file *file;
	const struct rmb_member *member;
	bool asked;                  /* a setting names it; else it was found by its usual name */
	const struct rmb_less *less; /* of activity: what is taken away from it; NULL: nothing */
};

/* Numbers of neurons that begin anew in every part of the list `unit`: those of part p get p * RMB_PART_STEP more. */
#define RMB_PART_STEP 1000000
struct rmb_unit_parts {
	int64_t n;
	const int64_t *end;          /* [n] of the list */
	const int64_t *id;           /* [nneurons] ascending: all neurons that there are */
	int64_t nneurons;
};

struct rmb_layout {
	const struct rmb_unit_parts *parts; /* unit_parts.c; NULL: the list is one */
	struct rmb_found activity, spikes, unit, counts, ends;
	struct rmb_found x, y, positions, quality, area, unit_label, plane, probe, id;
	struct rmb_found cells, medians; /* as suite2p writes them: cell or not, and probability; y and x in pixels */
	struct rmb_found times;      /* time of each frame */
	struct rmb_found state, epochs, bad_frames;
	struct rmb_found written_rate, segment, segment_time, observed, z; /* only in files that rumble wrote: written.c */
};

/* What a part has to say to the reader of the results goes through this, so that parts can be tested without the engine. It is
 * stored with the results, so it must not depend on where the file lies or what it is called. */
struct rmb_load_notes {
	struct rmb_arena *arena;
	bool lost;                   /* there was no memory for one */
	int n, unsaid;               /* unsaid: for which there was no room */
	const char *text[64];
};
void rmb_load_note(struct rmb_load_notes *notes, const char *format, ...) RMB_PRINTF(2, 3);

/* layout.c: finds the members that settings name, else those with the usual names of published files. Decides between
 * activity and spikes: afterwards exactly one of them has a member. */
int rmb_load_layout(const struct rmb_load_files *files, const struct rmb_load_settings *set, struct rmb_layout *layout,
                    struct rmb_load_notes *notes, struct rmb_error *error) RMB_CHECKED;
/* Number of neurons that the arrays with one entry per neuron agree on; 0: there are none such. */
int rmb_load_companions(const struct rmb_layout *layout, int64_t *n, const struct rmb_found **whose,
                        struct rmb_error *error) RMB_CHECKED;
/* annotations.c: fails if an array with one entry per neuron is not for n of them. */
int rmb_load_fits(const struct rmb_layout *layout, int64_t n, struct rmb_error *error) RMB_CHECKED;
/* Everything known of n neurons. */
int rmb_load_neurons(const struct rmb_layout *layout, const struct rmb_load_settings *set, int64_t n, struct rmb_arena *arena,
                     struct rmb_neurons *neurons, struct rmb_load_notes *notes, struct rmb_error *error) RMB_CHECKED;
/* Which of n ROIs a list beside the activity calls cells, in (*cell)[n]; NULL: there is none, or all of them are wanted. */
int rmb_load_cells(const struct rmb_layout *layout, const struct rmb_load_settings *set, int64_t n, struct rmb_arena *arena,
                   const bool **cell, struct rmb_load_notes *notes, struct rmb_error *error) RMB_CHECKED;
/* The rate that times[n] of frames show: 1 / median difference, NaN with a note if they do not look like seconds. */
double rmb_load_rate(const char *name, const double *times, int64_t n, struct rmb_arena *arena, struct rmb_load_notes *notes);

/* frames.c: which of the recording->nframes frames are used, when they were taken, in which state: rate, segments and states of
 * the recording, and its intervals if frames are left out. *dropped [stored frames] says which. */
int rmb_load_frames(const struct rmb_layout *layout, const struct rmb_load_settings *set, struct rmb_arena *arena,
                    struct rmb_recording *recording, const bool **dropped, struct rmb_load_notes *notes,
                    struct rmb_error *error) RMB_CHECKED;
/* Fails if an array with one entry per frame is not for nframes of them. */
int rmb_load_frames_fit(const struct rmb_layout *layout, int64_t nframes, struct rmb_error *error) RMB_CHECKED;
/* Fails if settings speak of frames although the recording is a list of spikes. */
int rmb_load_without_frames(const struct rmb_layout *layout, struct rmb_error *error) RMB_CHECKED;
/* The epochs of the file as nstates, stated and state; those without a label are 1, and 0 between `low` and `high` otherwise. */
int rmb_load_epochs(const struct rmb_layout *layout, const struct rmb_load_settings *set, double low, double high,
                    struct rmb_arena *arena, struct rmb_spikes *out, struct rmb_error *error) RMB_CHECKED;

/* written.c: leaves out what only a file of rumble's says, if this is none; and what that is: the rate; segments of a recording
 * with nframes; observed intervals, inside window[2] if it is given. Each does nothing if the file does not say. */
void rmb_written_only(struct rmb_layout *layout);
int rmb_written_rate(const struct rmb_layout *layout, double *rate, struct rmb_error *error) RMB_CHECKED;
int rmb_written_segments(const struct rmb_layout *layout, struct rmb_recording *r, struct rmb_error *error) RMB_CHECKED;
int rmb_written_observed(const struct rmb_layout *layout, const double *window, struct rmb_arena *arena,
                         struct rmb_spikes *spikes, struct rmb_error *error) RMB_CHECKED;

/* neuropil.c: opens the file of the neuropil, which may be the main one once more (each reads onwards by itself), and attaches it
 * to the activity. */
int rmb_load_open_neuropil(struct rmb_arena *arena, const struct rmb_load_settings *set, const struct rmb_load_wish *wish,
                           struct rmb_load_files *files, struct rmb_error *error) RMB_CHECKED;
int rmb_load_neuropil(const struct rmb_load_files *files, const struct rmb_load_settings *set, struct rmb_layout *layout,
                      struct rmb_error *error) RMB_CHECKED;
/* Raw items of a tile that suits the activity. */
int rmb_less_read(const struct rmb_less *less, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, unsigned char *raw,
                  struct rmb_error *error) RMB_CHECKED;
/* activity.c: whether the stored matrix has the neurons along its first *meant* axis. */
int rmb_load_orientation(const struct rmb_layout *layout, const char *wanted, bool *frames_first, struct rmb_load_notes *notes,
                         struct rmb_error *error) RMB_CHECKED;
/* Where the samples go, block by block: row = neuron. */
struct rmb_load_sink {
	void *argument;
	int (*write)(void *argument, int64_t row, int64_t nrows, int64_t frame, int64_t nframes, const float *block);
	int (*progress)(void *argument, double done, double total);
	const bool *dropped;         /* [frames] those not looked at, for nobody will; NULL: none */
	int64_t tile;                /* items that are read at once; 0: the usual */
	int64_t tiles; /* so many tiles are read, all over the matrix (or the first, where reading goes onwards); 0: all */
};
/* What was seen of a neuron's samples as they went by. */
struct rmb_load_row {
	int64_t bad;                 /* first frame that is not finite, or -1 */
	float odd;                   /* what stands there: NaN or infinite */
	/* of samples that are float64 in the file: */
	int64_t n;
	double first, sum, squares;  /* the first one, and sums of the others' differences from it */
	double rounding;             /* the largest change by rounding to float32 */
};
/* Keeps in seen[] the first of frames frame.. that is not finite in each of rows row..; those that are dropped (NULL: none) do
 * not count. */
void rmb_load_gaps(const float *block, const bool *dropped, int64_t row, int64_t nrows, int64_t frame, int64_t nframes,
                   struct rmb_load_row *seen);
/* in_place.c: whether the samples can be used where they lie: large, float32, row = neuron, in the main file or in files of the
 * main folder. */
bool rmb_load_in_place(const struct rmb_found *activity, const struct rmb_load_settings *set, bool frames_first,
                       struct rmb_load_place *place);
/* Looks them through there; of the sink only `dropped` and `progress` count. row[neurons] becomes what was seen of each neuron.
 */
int rmb_load_glance(const struct rmb_found *activity, const struct rmb_load_place *place, const struct rmb_load_sink *sink,
                    struct rmb_load_row *row, struct rmb_error *error) RMB_CHECKED;
/* Reads the activity once, in the order of the file, in blocks whose size does not depend on it. row[neurons] becomes what was
 * seen of each neuron; *inexact counts whole numbers that float32 cannot hold. */
int rmb_load_activity(const struct rmb_found *activity, bool frames_first, const struct rmb_load_sink *sink,
                      struct rmb_load_row *row, int64_t *inexact, struct rmb_error *error) RMB_CHECKED;
/* Says which of row[n] lost more by rounding than is small against their own spread. */
void rmb_load_rounding(const char *name, const struct rmb_load_row *row, int64_t n, struct rmb_load_notes *notes);

/* unit_parts.c: how many neurons a list of spikes has as far as the arrays with one entry per neuron say, 0: there are none such;
 * and layout->parts, where the units of several probes come one after another. */
int rmb_load_numbering(struct rmb_layout *layout, const struct rmb_load_settings *set, struct rmb_arena *arena, int64_t *n,
                       struct rmb_load_notes *notes, struct rmb_error *error) RMB_CHECKED;
/* spikes.c: fails if `unit` has not one entry for each spike. */
int rmb_load_units_fit(const struct rmb_layout *layout, struct rmb_error *error) RMB_CHECKED;
/* Where times go that memory should not hold. */
struct rmb_load_times {
	void *argument;
	int (*claim)(void *argument, int64_t nspikes); /* once, before the others */
	int (*write)(void *argument, int64_t at, int64_t n, const double *time);
	int (*read)(void *argument, int64_t at, int64_t n, double *time); /* what was written there; NULL: nobody wants it */
	int (*progress)(void *argument, double done, double total);
};
/* Reads times and units or counts or ends; spikes->neurons is not touched. The times become spikes->time, or, where nothing is in
 * the way of it, go to `to` (may be NULL). *nneurons: how many the file's other arrays say, 0: as many as the spikes show.
 * ids[*nneurons] (may be NULL): what `unit` refers to. */
int rmb_load_spikes(const struct rmb_layout *layout, const struct rmb_load_settings *set, int64_t *nneurons, const int64_t *ids,
                    const struct rmb_load_times *to, struct rmb_arena *arena, struct rmb_spikes *spikes,
                    struct rmb_load_notes *notes, struct rmb_error *error) RMB_CHECKED;

/* look.c: what is in the files, as deep as seen->depth says. */
int rmb_load_look(const struct rmb_load_settings *set, struct rmb_seen *seen, struct rmb_error *error) RMB_CHECKED;
/* sample.c: looks at samples of the activity, all of them under RMB_WHOLE or where they are few, and warns of what it finds. */
int rmb_load_sample(const struct rmb_layout *layout, bool frames_first, const bool *dropped, struct rmb_seen *seen,
                    struct rmb_load_notes *notes, struct rmb_error *error) RMB_CHECKED;
/* guess.c: of a file whose names say nothing, what could play the roles that `set` leaves open: changes *set and says so. */
int rmb_load_guess(const struct rmb_load_files *files, struct rmb_load_settings *set, struct rmb_seen *seen,
                   struct rmb_error *error) RMB_CHECKED;
#endif

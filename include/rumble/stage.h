/* rumble/stage.h -- what a stage says about itself, and what it may ask of the engine.
 *
 * Each file in stages/ that holds a stage ends with one constant struct rmb_stage; its line in stages/stages.def makes it
 * known. The recipe checker, `rumble stages`, the JSON schema, the handbook, the cache key, the plan and the report's
 * figures and captions all read the descriptor, and none of them mentions a stage by name. This header is the one place
 * where the engine and the science meet. */
#ifndef RMB_STAGE_H
#define RMB_STAGE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "rumble/arena.h"
#include "rumble/array.h"
#include "rumble/error.h"
#include "rumble/random.h"
#include "rumble/recording.h"
#include "rumble/seen.h"

/* ---- settings ---------------------------------------------------------------------------------------------------- */

enum rmb_kind {
	RMB_REAL = 1, /* double            "25 um", "0.3"; with none: NaN */
	RMB_INT,      /* int64_t           "500";          with none: INT64_MIN */
	RMB_FLAG,     /* bool              "true" or "false" */
	RMB_WORD,     /* const char *      one of `words` */
	RMB_STRING,   /* const char *      any text;       with none: NULL */
	RMB_FILE,     /* const char *      a path, relative to the recipe; its *content* enters the key; none: NULL */
	RMB_RANGE,    /* struct rmb_range  "11..500", both ends included; with none: {INT64_MIN, INT64_MIN} */
	RMB_INTS,     /* struct rmb_ints   [0, 4, 7]; with none: {-1, NULL} */
	RMB_REALS     /* struct rmb_reals  [0 um, 500 um]; with none: {-1, NULL} */
};

struct rmb_range { int64_t first, last; };
struct rmb_ints { int64_t n; const int64_t *v; };
struct rmb_reals { int64_t n; const double *v; };

struct rmb_param {        /* one setting; an entry without name ends the list */
	const char *name;     /* key in the recipe */
	enum rmb_kind kind;
	size_t at;            /* offsetof() its field in the settings struct; the field's type is beside the kind above */
	const char *def;      /* default as one would write it in a recipe: "25 um", "none", "11..500"; NULL: required */
	bool none;            /* the word `none` is allowed */
	const char *unit;     /* RMB_REAL, RMB_REALS: "s", "Hz", "um", "B"; NULL or "1": a bare number */
	double min, max;      /* allowed values, ends included, of REAL, INT, RANGE ends and list entries; both 0: any */
	const char *words;    /* RMB_WORD: "mean|sum" */
	const char *help;     /* one line without a full stop */
	bool numeric_noise;   /* true: does not enter the key, for it cannot change a result (a block size, a cap) */
	const char *inside;   /* RMB_FILE: the path may be a folder; these patterns then say which files in it count: those of
	                       * glob(7) with {a,b}, relative to the folder, separated by blanks; one behind | counts where no
	                       * earlier one fits a file. NULL: only a file will do */
	bool label;           /* RMB_STRING: the name of a label; one that no recording has is a mistake in the recipe */
};

/* ---- ports ------------------------------------------------------------------------------------------------------- */

enum { RMB_RECORDING = 1, RMB_SPIKES = 2, RMB_ARRAY = 4, RMB_AS_INPUT = 8 };
enum rmb_gather {
	RMB_ONE = 0,    /* one thing; a list in the recipe makes a branch per element */
	RMB_BRANCHES,   /* the list as it is */
	RMB_REPLICATES, /* all replicates of a `repeat` (or the one) */
	RMB_RECORDINGS, /* the node of every recording, in the recipe's order: the stage is a group stage, one node over all */
	RMB_ALL,        /* all branches and all replicates of everything named */
	RMB_SETS        /* of a driver: the one thing named, once for each set that it proposed, times replicates; set by set */
};

struct rmb_port {           /* an entry without name ends the list; the first output is the main one */
	const char *name;
	unsigned kinds;         /* of RMB_RECORDING, RMB_SPIKES, RMB_ARRAY; an output may be RMB_AS_INPUT: as the first input */
	enum rmb_gather gather; /* inputs only */
	bool optional;          /* inputs: may be left out; outputs: not made under every setting */
	const char *axes;       /* RMB_ARRAY: axis names, slowest first, as "rank lag"; "": a scalar. Of an input also
	                         * alternatives, as "|part" (a scalar or [part]); NULL: any */
	enum rmb_type type;     /* RMB_ARRAY outputs */
	const char *unit;       /* RMB_ARRAY: "1", "um", ... */
	const char *help;       /* one line without a full stop */
};

/* ---- figures ----------------------------------------------------------------------------------------------------- */

/* A series: one output drawn against another, or against the values of its fastest axis. Replicates of a `repeat` become one
 * line, their mean, in a band from the smallest to the largest. */
struct rmb_series {
	const char *y;          /* output; an entry without y ends the list */
	const char *x;          /* output, or NULL: the axis */
	const char *style;      /* "points", "line", "dashes"; "guide": the same for all branches, drawn once in grey */
	const char *label;      /* as "fit, exponent {exponent}": {name} prints a scalar output, a setting, what the recipe names
	                         * at an input or, of a driver, what is varied ({vary}, {vary2}, ...) */
	const char *low, *high; /* outputs: the ends of a band behind y, or of bars if y are points; */
	const char *spread;     /* or one output: the band goes from y - spread to y + spread */
	const char *z;          /* kind "map": the output that colours the points; "forest": a text output, each of whose values
	                         * has a colour and an entry in the legend */
	const char *flag;       /* kind "family": an output; rows where it is not 0 are left out */
};
/* Something to compare with that is no output, drawn behind the series: once and in grey, or for each branch in its colour if
 * it lies at a scalar output. A number is written as such ("0.69") or is the name of a scalar output or a setting. */
struct rmb_guide {
	const char *shape;      /* "horizontal", "vertical": a line at `at`. "span": a vertical stripe from `at` to `to`, or over
	                         * the range that the setting `at` is. "circle": of radius `at` around the origin. "power":
	                         * y = x^-at through the point `through`. "wedge": what lies between x^-at and x^-to */
	const char *at, *to;
	double through[2];      /* both 0: (1, 1) */
	const char *label;      /* {name} as above */
};
/* A figure of a node. In the report the branches of a node share its axes. An entry without name ends the list. Kinds:
 *   "curve"   series, those of all branches together
 *   "family"  one series, whose y has two axes: a line for each of some fifty entries of the slow axis, coloured by its values;
 *             a panel for each branch
 *   "map"     one series: points at (x, y), coloured by z around 0; a panel for each branch, and for each row if z has two axes
 *   "raster"  a recording or an array [row column] as an image; a figure for each branch
 *   "forest"  estimates x, each a point with a bar from low to high, in rows that the text output y names, the first at the
 *             top; entries without x are left out. A series of style "line" is a vertical line at the first value of its x.
 *             A figure for each branch, and for each text of `split` if there is one */
struct rmb_figure {
	const char *name;
	const char *kind;
	const char *x, *y, *z;  /* titles of the axes and, z, of the colours; the unit of what is drawn is added in brackets.
	                         * forest: y is NULL; x may be, for the text of `split` */
	bool logx, logy, logz;
	bool equal;             /* 1:1 aspect */
	double xwindow[2], ywindow[2]; /* what is shown at first; both 0: all */
	const char *image;      /* kind raster: the output */
	const char *split;      /* kind forest: a text output on the axis of the rows; NULL: one figure for all */
	const char *caption;    /* {name} as above */
	struct rmb_series series[6]; /* those of a figure have one unit on each axis */
	struct rmb_guide guide[4];   /* an entry without shape ends the list */
};

/* ---- drivers ----------------------------------------------------------------------------------------------------- */

/* A driver stage computes nothing itself. It has one input port RMB_SETS, perhaps another for the recording whose neurons
 * its sets depend on, and where a recipe names it, `vary` says which settings of which nodes above that input it may
 * change:  vary: {frames.width: [46 ms, 92 ms]}.  Asked by propose(), it returns sets, one text per varied setting; the
 * engine makes, runs and caches the varied nodes and all between them and the input for each set, as if a recipe had said
 * so, and asks again with what came of them, until the stage says that it is done. Then its run() gathers. A search that
 * was killed asks the same questions again and finds the answers in the cache, so propose() is a pure function. */
struct rmb_varied {                /* one setting that is varied */
	const char *name;              /* "frames.width" */
	const struct rmb_param *param; /* its kind, unit and limits */
	int n;                         /* how many values, or bounds of a search, the recipe gives; the same for every setting */
	const char *const *text;       /* [n], as written */
	const double *number;          /* [n], in the base unit; NaN where it is no number (a word, a list, none) */
};
struct rmb_tried {                 /* a set that was proposed earlier, and what came of it */
	const char *const *text;       /* [nvaried] */
	int n;
	const double *value;           /* [n]: the number at the input, one per replicate; NaN where that failed */
};
struct rmb_search {
	const void *settings;
	int nvaried;
	const struct rmb_varied *varied;
	/* Of the recording or spikes at the driver's other port, if it has one. NULL at the first call, which only says whether
	 * anything is wrong with the recipe. With such a port `vary` may say `all` instead of values (n = 0). */
	const struct rmb_neurons *neurons;
	int round;                     /* calls before this one */
	int ntried;
	const struct rmb_tried *tried; /* all sets so far, in the order proposed */
	struct rmb_stream stream;      /* the same at every call; of the seed, the stage and its replicate alone */
	struct rmb_arena *arena;       /* for the answer */
	/* the answer: further sets, and whether these were the last. No sets means done. */
	int nsets;
	const char *const *const *set; /* [nsets][nvaried] texts as one would write them in a recipe */
	bool done;
};
/* A number, in the base unit of the parameter, as text for a set: 17 digits, or a whole number where it takes those.
 * NULL: no memory. */
const char *rmb_set_text(struct rmb_arena *arena, const struct rmb_param *param, double number);

/* ---- cost -------------------------------------------------------------------------------------------------------- */

struct rmb_cost {
	double flops;           /* floating-point operations of matrix products and solvers */
	double bytes;           /* bytes read and written otherwise */
	double memory;          /* peak bytes beyond the mapped inputs */
	double disk;            /* bytes of the object */
	int blas_threads;       /* threads of the BLAS itself, each of which takes a slot of the run; 0 means 1. They follow from
	                         * the size alone, because results depend on them */
	struct rmb_size out;    /* size of the recording it makes; engine presets it to the input's */
};

/* ---- one execution ----------------------------------------------------------------------------------------------- */

struct rmb_call; /* one execution; valid until run() returns, as is all that comes from it */

/* The settings struct of the stage, filled in. */
const void *rmb_settings(const struct rmb_call *call);
/* How many things are at an input port: 1 for RMB_ONE (0 if optional and left out), any number for the others. */
int rmb_input_count(const struct rmb_call *call, const char *port);
/* Name of thing i at the port as the recipe has it ("fx26/svca2@z"): for sentences and labels, never for numbers. */
const char *rmb_input_name(const struct rmb_call *call, const char *port, int i);
/* Kind of thing i at the port: RMB_RECORDING, RMB_SPIKES or RMB_ARRAY. */
unsigned rmb_input_kind(const struct rmb_call *call, const char *port, int i);
/* Borrow thing i; never written. NULL if there is none of that kind. */
const struct rmb_array *rmb_input_array(const struct rmb_call *call, const char *port, int i);
const struct rmb_recording *rmb_input_recording(const struct rmb_call *call, const char *port, int i);
const struct rmb_spikes *rmb_input_spikes(const struct rmb_call *call, const char *port, int i);
/* Labels (`area`, ...) of the recording that thing i comes from, or NULL. Only for stages that say reads_labels. */
const char *rmb_input_label(const struct rmb_call *call, const char *port, int i, const char *label);
/* Where a thing comes from, as the recipe has it; texts are "" where there is nothing. */
struct rmb_origin {
	const char *recording; /* "fx26"; "": over all recordings */
	const char *entry;     /* "alpha" */
	const char *branch;    /* "symmetric", "z,fast" */
	const char *output;    /* "exponent" */
	int replicate;         /* 1.., 0: not repeated */
};
/* Origin of thing i at the port; NULL: there is no such thing. Only for stages that say reads_names. */
const struct rmb_origin *rmb_input_origin(const struct rmb_call *call, const char *port, int i);
/* Recordings, i = 0, 1, ..., whose results at ports of all recordings failed and are left out; NULL: no more. For stages
 * that go on and read names. */
const char *rmb_absent_recording(const struct rmb_call *call, int i);
/* The recording's name in sentences ("krebs"); for group stages "". */
const char *rmb_recording_name(const struct rmb_call *call);

/* For the run() of a driver: how many sets were proposed, those included of which nothing came, ... */
int rmb_set_count(const struct rmb_call *call);
/* ... which set thing i at the RMB_SETS port belongs to (0, 1, ..., ascending), and which of its replicates it is ... */
int rmb_input_set(const struct rmb_call *call, int i);
int rmb_input_replicate(const struct rmb_call *call, int i);
/* ... how many settings were varied, each by name ("frames.width", for sentences and labels) and unit ("1": none) ... */
int rmb_varied_count(const struct rmb_call *call);
const char *rmb_varied_name(const struct rmb_call *call, int v);
const char *rmb_varied_unit(const struct rmb_call *call, int v);
/* ... and what setting v is in a set: for people, and in the base unit (NaN where it is no number). */
const char *rmb_varied_text(const struct rmb_call *call, int set, int v);
double rmb_varied_number(const struct rmb_call *call, int set, int v);

/* Make a declared array output, zeroed, owned by the engine; axes[] as many as the port names, in its order. NULL: failed. */
struct rmb_array *rmb_output(struct rmb_call *call, const char *port, const struct rmb_axis *axes);
/* A scalar output in one line. 0 or a failure. */
int rmb_output_scalar(struct rmb_call *call, const char *port, double value) RMB_CHECKED;
/* The same for a port of type RMB_TEXT: one text, or n texts, as many as the axes have entries. */
int rmb_output_text(struct rmb_call *call, const char *port, const char *text) RMB_CHECKED;
int rmb_output_text_list(struct rmb_call *call, const char *port, const struct rmb_axis *axes, int64_t n,
                         const char *const *text) RMB_CHECKED;
/* Publish a recording at an output port: a view of an input (out->source stands), or a description of samples that the
 * stage is about to write with rmb_write_block (out->samples NULL, source "", stored_rows x stored_frames claimed on disk
 * now, so that a full disk is met before computing). Tables are borrowed until run() returns. */
int rmb_output_recording(struct rmb_call *call, const char *port, const struct rmb_recording *out) RMB_CHECKED;
/* Rows of float32 in a file, one after the other from byte `at` on, a multiple of 4; `stride` samples each. */
struct rmb_file_rows { const char *path; int64_t at, rows, stride; };
/* The same for samples that stay in the file that a setting of the stage names, or in n files in a folder that it names: the
 * stored_rows rows are those of file[0], then those of file[1], ..., the first stored_frames samples of each. Readers map them
 * there. */
int rmb_output_in_place(struct rmb_call *call, const char *port, const struct rmb_recording *out,
                        const struct rmb_file_rows *file, int n) RMB_CHECKED;
/* Write samples of *stored* rows row.., frames frame.. from block[nrows][nframes]. Blocks may come in any order. */
int rmb_write_block(struct rmb_call *call, const char *port, int64_t row, int64_t nrows, int64_t frame, int64_t nframes,
                    const float *block) RMB_CHECKED;
/* Read back what was written there, to write it anew; zero where nothing was. */
int rmb_read_written(struct rmb_call *call, const char *port, int64_t row, int64_t nrows, int64_t frame, int64_t nframes,
                     float *block) RMB_CHECKED;
/* Replace the row table (view row -> stored row) and the neurons of a recording that is no view: for a loader that learns
 * which rows are usable only while it reads. rows[neurons->n]. */
int rmb_output_rows(struct rmb_call *call, const char *port, const int64_t *rows, const struct rmb_neurons *neurons) RMB_CHECKED;
int rmb_output_spikes(struct rmb_call *call, const char *port, const struct rmb_spikes *out) RMB_CHECKED;
/* For lists that memory should not hold: claims space for the times of nspikes spikes, which rmb_output_spikes later says
 * are `written`; ... */
int rmb_claim_times(struct rmb_call *call, const char *port, int64_t nspikes) RMB_CHECKED;
/* ... writes n times from spike `at` of the list on, in any order; and reads back what was written there. */
int rmb_write_times(struct rmb_call *call, const char *port, int64_t at, int64_t n, const double *time) RMB_CHECKED;
int rmb_read_times(struct rmb_call *call, const char *port, int64_t at, int64_t n, double *time) RMB_CHECKED;

/* n * size zeroed bytes, 64-byte aligned, gone when run() returns. NULL: no memory (the failure is recorded). */
void *rmb_scratch(struct rmb_call *call, size_t n, size_t size);
/* An empty file for what memory should not hold, on the disk that outputs go to; it has no name and is gone with the call.
 * *file: its descriptor, borrowed. RMB_EOUTPUT: it cannot be made. Once a call. */
int rmb_scratch_file(struct rmb_call *call, int *file) RMB_CHECKED;
/* The arena behind rmb_scratch, for functions that want one. */
struct rmb_arena *rmb_call_arena(struct rmb_call *call);
/* The error that the call will end with, for functions that want one. */
struct rmb_error *rmb_call_error(struct rmb_call *call);
/* Say why the call failed; the first sentence is kept. Returns `code`. */
int rmb_fail(struct rmb_call *call, int code, const char *format, ...) RMB_PRINTF(3, 4);
/* Say what the reader of the results must know. It is stored with them and reaches the report. */
void rmb_warn(struct rmb_call *call, const char *format, ...) RMB_PRINTF(2, 3);
/* Report progress between blocks. Non-zero: the run was cancelled, return that value at once. */
int rmb_progress(struct rmb_call *call, double done, double total) RMB_CHECKED;
/* Bytes free on the disk that outputs go to; NaN: unknown. For a sentence that names the cause before space is claimed. */
double rmb_free_disk(const struct rmb_call *call);
/* Threads the stage may use now. Must not change any result. */
int rmb_threads(const struct rmb_call *call);
/* A stream of this node alone (its key and `purpose`)... */
struct rmb_stream rmb_node_stream(const struct rmb_call *call, const char *purpose);
/* ... and one shared by all nodes with the same seed, replicate number, purpose and length. */
struct rmb_stream rmb_shared_stream(const struct rmb_call *call, const char *purpose, int64_t length);

/* ---- the descriptor ---------------------------------------------------------------------------------------------- */

struct rmb_stage {
	const char *name;     /* as written in a recipe */
	int version;          /* raise when equal inputs give other numbers, beyond rounding */
	const char *folder;   /* "load", "prepare", "analyze", "simulate", "compare": groups the list of stages */
	const char *brief;    /* one line for the list of stages */
	const char *about;    /* a paragraph for the handbook: what it computes and which estimator */
	const char *cite;     /* paper, equation, section */
	const char *caption;  /* report sentence; {setting} prints with its unit */
	const char *headline; /* output, one text, that stands at the top of the recording's part of the report; NULL: none */
	const char *summary;  /* scalar outputs in the report's table over all recordings, separated by blanks; NULL: all but
	                       * the headline */
	const char *tables;   /* axes, as "group test": outputs along each are the columns of a table in the report; NULL: none */
	const struct rmb_param *params;
	const struct rmb_port *in, *out;
	const struct rmb_figure *figures; /* NULL: none */
	size_t settings_size;
	bool reads_files;     /* a source: each recording's entry in the recipe gives its settings; its worker is confined */
	bool reads_labels;    /* labels of the recordings enter its key */
	bool reads_names;     /* names of what it reads enter its key (that of the recording only over all recordings) */
	/* Whether it draws random numbers under these settings (seed and replicate then enter the key). NULL: never. */
	bool (*draws)(const void *settings);
	/* Kinds that the main output can have under these settings. NULL: as the port says. */
	unsigned (*makes)(const void *settings);
	/* Checks what the tables cannot express, without data: RMB_ERECIPE and a sentence that names the setting. NULL: none. */
	int (*check)(const void *settings, struct rmb_error *error);
	/* Looks at the files a source names before anything is run, as deep as seen->depth says, and fills in `seen`, after a
	 * failure with what was seen before it. Called in a process of its own, with settings that check() has passed or, to
	 * find out what a file is, with a path and defaults. RMB_EINPUT and a sentence that names the file. NULL: not a source. */
	int (*look)(const void *settings, struct rmb_seen *seen, struct rmb_error *error);
	/* Cost of one node; `in` is the size of the first recording it reads. NULL: trivial. */
	void (*estimate)(const void *settings, const struct rmb_size *in, struct rmb_cost *cost);
	/* Of a driver: what to try next. 0, or the code of the error. NULL: it is none. */
	int (*propose)(struct rmb_search *search, struct rmb_error *error);
	bool shows_sets;      /* of a driver: its sets are named by what is varied (alpha@areas+CP), and branches in the report */
	bool goes_on;         /* of a driver: sets that failed are left out; of a stage over all recordings: recordings that
	                       * failed are. Otherwise it fails with them */
	/* 0, or what rmb_fail() returned. */
	int (*run)(struct rmb_call *call);
};

/* All stages, in the order of stages.def; ends with NULL. */
extern const struct rmb_stage *const rmb_stages[];
/* Version of stages/numeric/, part of every key. */
extern const int rmb_numeric_version;
/* NULL: no such stage. */
const struct rmb_stage *rmb_stage_find(const char *name);

/* ---- a recipe to begin with -------------------------------------------------------------------------------------- */

/* What stands under `stages` of it: an entry, or a heading alone. One with neither ends the list. */
struct rmb_first {
	const char *name, *stage;                   /* NULL: no entry */
	struct { const char *key, *value; } has[8]; /* inputs and settings as written in a recipe; one without key ends them */
	const char *remark;                         /* a comment behind the entry; NULL: none */
	const char *heading;                        /* a comment above it and those that follow; "": an empty line; NULL: neither */
};
/* stages/first.c: the analyses for recordings of one kind and these sizes. The first entry loads, with no settings. NULL: no
 * memory. */
const struct rmb_first *rmb_first_entries(struct rmb_arena *arena, unsigned kind, const struct rmb_size *size, int n);
#endif

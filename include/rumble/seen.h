/* rumble/seen.h -- what a stage saw when it looked at files before anything is run.
 *
 * look() of a source fills it in, as far as it was asked to look; `rumble check` and the plan want sizes, `rumble inspect` and
 * `rumble init` the rest. Texts are copied into the arena and may hold foreign names, made harmless. Whatever finds no memory
 * is left out, and `lost` says so. */
#ifndef RMB_SEEN_H
#define RMB_SEEN_H
#include <stdbool.h>
#include "rumble/arena.h"
#include "rumble/error.h"

struct rmb_size {           /* what is known or assumed of a recording before running; 0: unknown */
	double neurons, frames, spikes;
	double seconds;         /* that it lasts */
	bool in_place;          /* what a source makes of it has its samples in the file that they came in */
};

enum rmb_depth {
	RMB_HEADERS,            /* headers and lists of names: kind and size */
	RMB_SAMPLE,             /* and what is short, such as positions, and a sample of the rest; within a second */
	RMB_WHOLE               /* everything */
};

struct rmb_fact {           /* text, or n numbers: one, or the least and the largest */
	const char *name;
	const char *text;       /* NULL: numbers */
	int n;
	double number[2];
	const char *unit;       /* "um", or "1" */
};
struct rmb_caution {        /* what whoever analyses this must know */
	const char *text;
	bool sampled;           /* seen in a sample: there may be more of it */
};
struct rmb_advice {         /* a setting for the recipe */
	const char *name, *value;
	const char *why;        /* why it matters, if the file does not say it and `value` is an example; NULL: needed as it is */
};

struct rmb_seen {
	struct rmb_arena *arena;
	enum rmb_depth depth;
	unsigned kind;          /* RMB_RECORDING or RMB_SPIKES; 0: unknown */
	struct rmb_size size;
	int nfacts, ncautions, nadvice;
	struct rmb_fact *fact;
	struct rmb_caution *caution;
	struct rmb_advice *advice;
	bool lost;
};

void rmb_see_text(struct rmb_seen *seen, const char *name, const char *format, ...) RMB_PRINTF(3, 4);
void rmb_see_number(struct rmb_seen *seen, const char *name, double number, const char *unit);
void rmb_see_range(struct rmb_seen *seen, const char *name, double low, double high, const char *unit);
void rmb_see_caution(struct rmb_seen *seen, bool sampled, const char *format, ...) RMB_PRINTF(3, 4);
void rmb_see_advice(struct rmb_seen *seen, const char *name, const char *value, const char *why);
/* A fact by its name; NULL: it was not seen. */
const struct rmb_fact *rmb_seen_fact(const struct rmb_seen *seen, const char *name);
#endif

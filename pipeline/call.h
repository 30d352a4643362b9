/* pipeline/call.h -- one execution of a stage: what stands behind struct rmb_call in rumble/stage.h.
 *
 * A call opens the objects it reads, hands their arrays and bundles to the stage, gathers what the stage makes, and lays that
 * down as one object. Array outputs, views and spikes stay in the call's memory until the stage has succeeded. Only samples
 * of a recording go to disk while the stage runs: rmb_output_recording() with source "" creates the temporary object with
 * P/activity alone (so that a full disk is met before computing), rmb_write_block() writes into it, and the tables, other
 * outputs and warnings, known only at the end, are laid down behind it by rmb_object_extend(). Arrays follow each other in
 * the order of the stage's table of outputs, so equal keys give equal bytes whatever order the stage made them in.
 *
 * Use: new, open, run, publish, free; each step only if the one before gave 0. The sentence of a failure is in
 * rmb_call_error(). Only rmb_fail, rmb_warn, rmb_progress, rmb_write_block and rmb_read_written may be called from threads of the
 * stage. */
#ifndef RMB_CALL_H
#define RMB_CALL_H
#include "pipeline/cache.h"
#include "pipeline/recipe.h"
#include "rumble/stage.h"

struct rmb_order_input {        /* one thing at an input port */
	int port;                   /* index in stage->in */
	const char *key, *output;   /* the object, and which of its outputs */
	const char *name;           /* as the recipe has it: "fx26/svca2@z" */
	int nlabels;
	const struct rmb_label *label; /* of the recording it comes from; only for stages that read labels */
	struct rmb_origin origin;   /* names; only for stages that read names */
};

struct rmb_order_varied { const char *name; const struct rmb_param *param; };
struct rmb_order_member { int set, replicate; };

struct rmb_order_sets {         /* of a driver */
	int nvaried, nsets, nmembers;
	const struct rmb_order_varied *varied;
	const struct rmb_value *value; /* [nsets][nvaried] */
	const struct rmb_order_member *member; /* [nmembers]: the inputs at its port of sets, in order */
};

struct rmb_order_file { const char *path, *inside, *sha256; };

struct rmb_order {              /* what has to be known of a node to execute it; borrowed by the call */
	const struct rmb_stage *stage;
	const void *settings;
	const char *key, *description; /* the key is the SHA-256 of the description */
	const char *id;             /* "fx26/svca2@z", for people */
	const char *recording;      /* name of the recording, "" for group stages */
	int64_t seed;
	int replicate;
	int threads;
	int nabsent;
	const char *const *absent;  /* recordings that are done without */
	int ninputs;
	const struct rmb_order_input *input; /* by port */
	struct rmb_order_sets sets; /* of a driver */
	int nfiles;
	const struct rmb_order_file *file; /* that its settings name */
	int nplaces;
	const struct rmb_order_file *place; /* files of what it reads, in which samples may have stayed */
};

struct rmb_listener {           /* who hears of progress and warnings; functions may be NULL */
	void *self;
	int (*progress)(void *self, double fraction);  /* non-zero: cancelled, with that code */
	void (*warned)(void *self, const char *text);
};

/* NULL: no memory. */
struct rmb_call *rmb_call_new(const struct rmb_order *order, const struct rmb_cache *cache, const struct rmb_listener *listener);
/* Opens the inputs; `run` names the run for rmb_cache_get. An object that is gone or damaged gives RMB_EDAMAGE, and
 * rmb_call_lost() its key. */
int rmb_call_open(struct rmb_call *call, const char *run) RMB_CHECKED;
/* Runs the stage and checks that it made what its table promises. */
int rmb_call_run(struct rmb_call *call) RMB_CHECKED;
/* Looks at the inputs again and publishes the object at its place in the cache; *bytes is its size. */
int rmb_call_publish(struct rmb_call *call, int64_t *bytes) RMB_CHECKED;
/* Key of the input object that was gone, damaged or changed, or NULL. */
const char *rmb_call_lost(const struct rmb_call *call);
/* Frees everything; what was not published leaves nothing behind. NULL is accepted. */
void rmb_call_free(struct rmb_call *call);
#endif

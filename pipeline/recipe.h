/* pipeline/recipe.h -- a checked recipe: recordings, entries, references, each with its place. Nothing is expanded yet. */
#ifndef RMB_RECIPE_H
#define RMB_RECIPE_H
#include "pipeline/settings.h"

struct rmb_label { const char *name, *value; };

struct rmb_source {             /* one recording of the recipe; globs are already expanded, in sorted order */
	const char *name;           /* unique; never empty; any UTF-8 but control characters: not a file name */
	int nlabels;
	struct rmb_label *label;    /* area, and what stands under `labels` */
	int ntags;
	const char **tag;
	int ngiven;                 /* settings of source stages given in its entry; tree NULL: wrong, and told */
	struct { const char *name; const struct rmb_tree *tree; } *given;
	const char *base;           /* directory that its paths are relative to */
	bool misspelt;              /* one of its keys is, and that was told: a setting that it lacks may be meant by it */
	struct rmb_place place;
};

/* A setting as written: one value, or one per value of a label ({by: area, V1: 0.3, else: none}). */
struct rmb_choice { const char *when; struct rmb_value value; };   /* when NULL: else */
struct rmb_setting {
	int param;                  /* index in the stage's table */
	const char *by;             /* label, or NULL: choice[0] holds for all */
	int nchoices;               /* 0: wrong, and told */
	struct rmb_choice *choice;
	struct rmb_place place;
};

struct rmb_reference {          /* node[@branch][#replicate][.output] */
	int entry;                  /* index of the entry referred to */
	const char *branch;         /* NULL: whatever branches there are */
	int replicate;              /* 0: whatever there are */
	const char *output;         /* NULL: the main output */
	const char *text;           /* as written */
	bool told;                  /* it does not fit its port, and that was told */
	struct rmb_place place;
};

struct rmb_use {                /* what an entry puts into one input port */
	int port;                   /* index in stage->in */
	bool list;                  /* written as a list */
	int nreferences;
	struct rmb_reference *reference;
};

struct rmb_vary {               /* one setting that a driver may vary, and what `vary` gives for it */
	int entry, param;           /* whose, and which: index in the table of its stage */
	const char *name;           /* "frames.width" */
	int n;
	struct rmb_value *value;    /* [n], as many as for the others */
	struct rmb_place place;     /* of its name */
};

struct rmb_entry {              /* one entry under `stages` */
	const char *name;
	const struct rmb_stage *stage;
	int nsettings;
	struct rmb_setting *setting; /* only those that were written */
	int nuses;
	struct rmb_use *use;
	int nvary;                  /* of a driver */
	struct rmb_vary *vary;
	struct rmb_place vary_place; /* of what `vary` says; file NULL: nothing was written */
	int repeat;                 /* 1 if not written */
	bool keep;                  /* true if not written */
	bool partial;               /* its name or an input is wrong or missing, and that was told: it cannot be expanded */
	unsigned *seen;             /* [nsources] what its files hold, where somebody looked: RMB_RECORDING, RMB_SPIKES, 0: unknown */
	bool refused;               /* the stage refuses its settings, and that was told */
	struct rmb_place place;
};

struct rmb_pattern { const char *text; int n; const char **path; }; /* wildcards from where we are, and what they found */

struct rmb_recipe {
	const char *path, *directory, *name; /* as given; its directory; file name without .yaml */
	const char *text;           /* the main file, for the report */
	const char *title;          /* never NULL */
	int64_t seed;
	const char *report;         /* file name of the report; NULL: none wanted */
	int nsources;
	struct rmb_source *source;
	int nentries;
	struct rmb_entry *entry;    /* in the order written; references may point forwards, never in a cycle */
	int npatterns;              /* those that found something */
	struct rmb_pattern *pattern;
	struct rmb_arena *arena;
};

/* Reads and checks everything that can be checked without touching data: language, names, types, units, ranges, ports,
 * kinds, cycles. set[nset] are "--set" assignments ("stages.svca2.spacing=40um"). NULL: mistakes were told to m. The
 * recipe owns its arena: rmb_recipe_free. m must come from an arena that outlives the printing. */
struct rmb_recipe *rmb_recipe_read(const char *path, const char *const *set, int nset, struct rmb_mistakes *m);
/* The same, but what could be read is returned in spite of mistakes, so that those of other parts can be found in the same
 * pass: entries may have no stage, be partial or refused, or go round in a cycle. Wildcards that find nothing stand for what they
 * found in the run that left `gone` (gone.h; NULL: none). NULL: there is nothing to look at. */
struct rmb_recipe *rmb_recipe_read_parts(const char *path, const char *const *set, int nset, const json_t *gone,
                                         struct rmb_mistakes *m);
/* What a recipe is called: its file's name without directory and without .yaml or .yml. NULL: no memory. */
const char *rmb_recipe_name(struct rmb_arena *arena, const char *path);
void rmb_recipe_free(struct rmb_recipe *recipe); /* accepts NULL */
/* Value of a label of a recording ("area", or what stands under `labels`; "name" is its name); NULL: it has none. */
const char *rmb_source_label(const struct rmb_source *source, const char *name);
/* Whether a key of a recording's entry means something by itself (name, path, glob, area, tags, labels). A setting that is
 * called so, but for `path`, can be given under `stages` only. */
bool rmb_source_key(const char *key);
/* The value of parameter `param` of `entry` for recording `source` (index, or -1 for a group node): what the entry says
 * for the recording's label, else what the recording's own entry says (source stages), else the default. Mistakes
 * (label without a value, required setting missing) go to m. 0 or RMB_ERECIPE. */
int rmb_recipe_value(struct rmb_recipe *recipe, const struct rmb_entry *entry, int param, int source,
                     struct rmb_value *value, struct rmb_mistakes *m) RMB_CHECKED;
/* "a recording or spikes", "anything": what may come out of a port or go into one. */
const char *rmb_kind_names(unsigned kinds);
/* The JSON schema of the recipe language, made from the stage descriptors (new reference). */
json_t *rmb_schema(void);
#endif

/* pipeline/reading.h -- what the files that read a recipe share while they read: recipe.c calls them in this order. */
#ifndef RMB_READING_H
#define RMB_READING_H
#include "pipeline/recipe.h"

struct rmb_item {                /* one recording, entry or variable, from whichever file */
	const struct rmb_tree *key;  /* NULL: a recording */
	const struct rmb_tree *value;
	const char *base;            /* directory of the file it stands in */
};
struct rmb_items { int n; struct rmb_item *item; };

struct rmb_assignment {          /* one --set */
	const char *section, *name;  /* "stages", "svca2"; name NULL: title, seed, report */
	int nkeys;
	struct rmb_tree *key[8];     /* path below that */
	const struct rmb_tree *value;
	struct rmb_place place;
	bool used;
};

struct rmb_reading {
	struct rmb_arena *arena;     /* of the recipe */
	struct rmb_mistakes *m;
	struct rmb_recipe *recipe;
	const json_t *gone;          /* what an earlier run remembered; NULL: nothing */
	const struct rmb_tree *title, *seed, *report; /* NULL: not written */
	struct rmb_items recordings, stages, vars;
	int nset, nsuggested;
	struct rmb_assignment *set;
	const struct rmb_tree *top;  /* mapping of the main file */
	bool lost;                   /* some recordings or sections were not read, and that was told */
	bool failed;                 /* out of memory, and that was told */
};

/* files.c: reads the recipe and what it includes; all sections merged. False: the main file is not there or no YAML. */
bool rmb_reading_files(struct rmb_reading *r, const char *path);
/* overrides.c: --set into r->set and into everything but the recordings, ${name} replaced everywhere. */
void rmb_reading_overrides(struct rmb_reading *r, const char *const *set, int nset);
/* variables.c: ${name} replaced everywhere, in what --set says too. */
void rmb_reading_variables(struct rmb_reading *r);
/* overrides.c: `tree` with the value of an assignment put at its keys; mappings on the way are copied, `tree` stays. */
const struct rmb_tree *rmb_assigned(struct rmb_reading *r, const struct rmb_tree *tree, struct rmb_assignment *assignment);
/* recordings.c: recipe->source. */
void rmb_reading_recordings(struct rmb_reading *r);
/* entries.c: recipe->entry, with settings and references. */
void rmb_reading_entries(struct rmb_reading *r);
/* reference.c: reads "node@branch#n.output"; entries are known by name already. False: a mistake was told. */
bool rmb_reference_read(struct rmb_reading *r, const struct rmb_tree *tree, struct rmb_reference *reference);
/* vary.c: what a driver varies; the stages of all entries are known. */
void rmb_reading_vary(struct rmb_reading *r, struct rmb_entry *entry, const struct rmb_tree *tree, const char *base);
/* vary.c: whether that lies above what the driver reads; all references are known. */
void rmb_reading_vary_above(struct rmb_reading *r, struct rmb_entry *entry);
/* wiring.c: what only the whole shows: missing ports, cycles, kinds that do not fit, settings that do not go together. */
void rmb_reading_wiring(struct rmb_reading *r);

/* ---- small helpers (recipe.c) */

bool rmb_items_add(struct rmb_reading *r, struct rmb_items *items, struct rmb_item item);
/* An item by its key, or NULL. */
struct rmb_item *rmb_items_find(const struct rmb_items *items, const char *key);
/* "; did you mean 'x'?" for the name nearest to word, else "" (as after the hundredth: suggestions cost time). */
const char *rmb_did_you_mean(struct rmb_reading *r, const char *word, const char *const *names);
/* Names of nodes and variables: a letter, then letters, digits, '_' and '-', at most 63 in all. */
bool rmb_name_valid(const char *name);
/* The text of a scalar that is not empty. NULL: it is something else, and the mistake "`expects`; found a list" was told. */
const char *rmb_scalar(struct rmb_reading *r, const struct rmb_tree *tree, const char *expects);
void rmb_reading_nomem(struct rmb_reading *r);
#endif

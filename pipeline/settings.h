/* pipeline/settings.h -- the values of a stage's parameters: from recipe text, to canonical JSON, into the settings struct.
 *
 * Only its files (settings*.c) know how each enum rmb_kind is written, stored and printed. */
#ifndef RMB_SETTINGS_H
#define RMB_SETTINGS_H
#include <jansson.h>
#include "pipeline/place.h"
#include "pipeline/tree.h"
#include "rumble/stage.h"

struct rmb_value {              /* one value of the kind of its parameter, in its base unit */
	bool none;
	double real;                /* RMB_REAL */
	int64_t integer;            /* RMB_INT */
	bool flag;                  /* RMB_FLAG */
	const char *text;           /* RMB_WORD, RMB_STRING, RMB_FILE (as written) */
	const char *path;           /* RMB_FILE: resolved against the recipe that wrote it */
	const char *sha256;         /* RMB_FILE: content, once hashed; else NULL */
	struct rmb_range range;     /* RMB_RANGE */
	struct rmb_ints ints;       /* RMB_INTS */
	struct rmb_reals reals;     /* RMB_REALS */
	const char *written;        /* as the user wrote it, or the default: for plans and captions */
	struct rmb_place place;     /* where; file NULL: it is the default */
};

/* Reads a tree as a value of param; mistakes (type, unit, range, word) go to m with place and remedy. `owner` names the
 * stage in sentences. 0 or RMB_ERECIPE. RMB_FILE paths are resolved against directory `base`. */
int rmb_value_read(struct rmb_arena *arena, const char *owner, const struct rmb_param *param, const struct rmb_tree *tree,
                   const char *base, struct rmb_value *value, struct rmb_mistakes *m) RMB_CHECKED;
/* The default of a parameter that has one; asserts that the descriptor's text is right. 0, or RMB_ELIMIT: no memory. */
int rmb_value_default(struct rmb_arena *arena, const struct rmb_param *param, struct rmb_value *value);
/* Canonical JSON (new reference; NULL: no memory). RMB_FILE: its sha256. Same value, same JSON. */
json_t *rmb_value_json(const struct rmb_param *param, const struct rmb_value *value);
/* Back from the canonical JSON; RMB_EINTERNAL if it does not fit. RMB_FILE paths come from `files` (sha256 -> path). */
int rmb_value_from_json(struct rmb_arena *arena, const struct rmb_param *param, const json_t *json, const json_t *files,
                        struct rmb_value *value, struct rmb_error *error) RMB_CHECKED;
/* A settings struct of the stage from one value per parameter (in table order). NULL: no memory. */
void *rmb_settings_make(struct rmb_arena *arena, const struct rmb_stage *stage, const struct rmb_value *values);
/* "25 um", "11..500", "[0, 4, 7]": for people. */
const char *rmb_value_print(struct rmb_arena *arena, const struct rmb_param *param, const struct rmb_value *value);
/* As a number in the base unit; NaN where it is none: a word, a text, a range, a list, none. */
double rmb_value_number(const struct rmb_param *param, const struct rmb_value *value);
/* Its unit; "1": it has none. */
const char *rmb_param_unit(const struct rmb_param *param);
/* "0.1 um to 10 mm", "0 or more"; NULL: any value. */
const char *rmb_param_range(struct rmb_arena *arena, const struct rmb_param *param);
/* The words of an RMB_WORD parameter, ending with NULL. */
const char **rmb_param_words(struct rmb_arena *arena, const struct rmb_param *param);
/* Number of parameters of a stage, and the index of one by name (-1: none). */
int rmb_nparams(const struct rmb_stage *stage);
int rmb_param_index(const struct rmb_stage *stage, const char *name);
#endif
